/* SPDX-License-Identifier: MIT */
#ifndef AGENT_SPAWN_RAW_H
#define AGENT_SPAWN_RAW_H

#include <errno.h>
#include <linux/sched.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * System calls without the C library. A process that shares its parent's memory shares errno too, while the parent runs on;
 * and it needs a stack of its own, onto which no C function can return.
 *
 * A sanitizer takes what such a process does for the parent's doing: then, and on other machines, there is none, and
 * everything goes through the C library.
 */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define RAW_SANITIZED 1
#elif defined(__has_feature)
#define RAW_SANITIZED                                                                                                  \
	(__has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer))
#else
#define RAW_SANITIZED 0
#endif

#if defined(__x86_64__) && defined(__LP64__) && !RAW_SANITIZED

/* The answer, or a negative errno. */
static inline long raw_call(long number, long a, long b, long c, long d, long e)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;

	__asm__ volatile("syscall" : "+a"(number) : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8) : "rcx", "r11", "memory");
	return number;
}

/*
 * In the child, run(arg) on the stack that args names, and no return. In the parent its pid, or a negative errno. The
 * registers are named, for one that a compiler chose may be the frame pointer, which ends the child's chain of frames.
 */
static inline long raw_clone(struct clone_args *args, void (*run)(void *), void *arg)
{
	long rc = SYS_clone3;
	register void (*r8)(void *) __asm__("r8") = run;
	register void *r9 __asm__("r9") = arg;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "mov %%r9, %%rdi\n\t"
			 "call *%%r8\n\t"
			 "ud2\n"
			 "1:"
			 : "+a"(rc)
			 : "D"(args), "S"(sizeof *args), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory", "cc");
	return rc;
}

#elif defined(__aarch64__) && defined(__LP64__) && !RAW_SANITIZED

static inline long raw_call(long number, long a, long b, long c, long d, long e)
{
	register long nr __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(nr), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
	return x0;
}

static inline long raw_clone(struct clone_args *args, void (*run)(void *), void *arg)
{
	register long nr __asm__("x8") = SYS_clone3;
	register long x0 __asm__("x0") = (long)args;
	register long x1 __asm__("x1") = sizeof *args;
	register void (*x2)(void *) __asm__("x2") = run;
	register void *x3 __asm__("x3") = arg;

	__asm__ volatile("svc 0\n\t"
			 "cbnz x0, 1f\n\t"
			 "mov x29, xzr\n\t"
			 "mov x0, x3\n\t"
			 "blr x2\n\t"
			 "brk 1\n"
			 "1:"
			 : "+r"(x0)
			 : "r"(nr), "r"(x1), "r"(x2), "r"(x3)
			 : "memory", "cc");
	return x0;
}

#else

static inline long raw_call(long number, long a, long b, long c, long d, long e)
{
	long rc = syscall(number, a, b, c, d, e);

	return rc < 0 ? -errno : rc;
}

static inline long raw_clone(struct clone_args *args, void (*run)(void *), void *arg)
{
	(void)args;
	(void)run;
	(void)arg;
	return -ENOSYS;
}

#endif
#endif
