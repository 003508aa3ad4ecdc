/* SPDX-License-Identifier: MIT */
#include "dtss-sim/tool.h"

/* dtss-sim replay alone: so it needs nothing but a C library, and can be built for any machine. */
int main(int argc, char **argv)
{
	return argc > 1 ? replay_main(argc - 1, argv + 1) : TOOL_USAGE;
}
