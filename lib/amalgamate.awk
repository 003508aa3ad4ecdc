# SPDX-License-Identifier: MIT
# awk -v version=V -f lib/amalgamate.awk FILE...: to stdout, FILEs with our own headers in place of their #includes, each
# once. With a first FILE other than the umbrella header, public headers are left to an #include "dtss.h".

function resolve(line, from,	name) {
	name = line
	sub(/^#[ \t]*include[ \t]*[<"]/, "", name)
	sub(/[>"].*/, "", name)
	if (line ~ /</)
		return name ~ /^dtss/ ? "include/" name : ""
	if ((getline probe < ("lib/" name)) >= 0) {
		close("lib/" name)
		return "lib/" name
	}
	sub(/[^\/]*$/, "", from)
	return from name
}

function emit(path,	line, header) {
	if (path in seen)
		return
	seen[path] = 1
	while ((getline line < path) > 0) {
		header = line ~ /^#[ \t]*include/ ? resolve(line, path) : ""
		if (header == "" && line !~ /SPDX-License-Identifier/)
			print line
		else if (header ~ /^lib/ || (header != "" && umbrella))
			emit(header)
	}
	close(path)
}

BEGIN {
	umbrella = ARGV[1] == "include/dtss.h"
	print "/* SPDX-License-Identifier: MIT */"
	print "/* libdtss " version " in one file, made from many: do not edit. */"
	if (!umbrella)
		print "#include \"dtss.h\""
	for (i = 1; i < ARGC; i++) {
		if (!umbrella)
			print "\n/* ---- " ARGV[i] " ---- */"
		emit(ARGV[i])
	}
	exit
}
