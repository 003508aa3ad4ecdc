# SPDX-License-Identifier: MIT
# examples/embed/hello.c through ctypes. A struct may be shorter than C's, as long as its size says so: the rest is zero.
import ctypes as c, time

def struct(**fields): return type("struct", (c.Structure,), {"_fields_": list(fields.items())})
Time = struct(mono_ns=c.c_uint64, wall_ns=c.c_int64)
Spec = struct(size=c.c_size_t, name=c.c_char_p, queue=c.c_char_p, key=c.c_char_p, payload=c.c_char_p, len=c.c_size_t)
Work = struct(task=c.c_uint64, fence=c.c_uint64, attempt=c.c_uint32, stop=c.c_uint32, spec=c.POINTER(Spec))

lib, node, task, work = c.CDLL("libdtss.so.0"), c.c_void_p(), c.c_uint64(), Work()
lib.dtss_now.restype = Time
spec = Spec(c.sizeof(Spec), b"greet", None, b"greet-1", b"world", 6)
assert lib.dtss_node_open(c.byref(node), None, lib.dtss_now()) == 0
assert lib.dtss_node_submit(node, lib.dtss_now(), c.byref(spec), c.byref(task)) == 0
while lib.dtss_node_take(node, lib.dtss_now(), c.byref(work)) != 1:
    lib.dtss_node_step(node, lib.dtss_now()), time.sleep(0.01)
print("hello,", work.spec.contents.payload.decode())
assert lib.dtss_node_finish(node, lib.dtss_now(), c.c_uint64(work.fence), None) == 0
lib.dtss_node_close(node)
