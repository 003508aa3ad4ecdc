/* SPDX-License-Identifier: MIT */
#include "dtss/cli.h"

#include <stdio.h>
#include <dtss.h>

/* "new -> blocked held": how a task may begin; and so on. */
static void print_edges(uint32_t from)
{
	printf("%s ->", dtss_task_state_name(from));
	for (uint32_t to = DTSS_TASK_BLOCKED; to < DTSS_TASK_STATES; to++)
		if (dtss_task_edge(from, to))
			printf(" %s", dtss_task_state_name(to));
	putchar('\n');
}

static void print_dot(uint32_t from)
{
	if (dtss_task_state_terminal(from))
		printf("\t%s [shape=doublecircle];\n", dtss_task_state_name(from));
	for (uint32_t to = DTSS_TASK_BLOCKED; to < DTSS_TASK_STATES; to++)
		if (dtss_task_edge(from, to))
			printf("\t%s -> %s;\n", dtss_task_state_name(from), dtss_task_state_name(to));
}

int command_states(struct cli *cli)
{
	if (cli->dot)
		printf("digraph task {\n\tnew [shape=point];\n");
	for (uint32_t from = DTSS_TASK_NEW; from < DTSS_TASK_STATES; from++) {
		if (cli->dot)
			print_dot(from);
		else if (!dtss_task_state_terminal(from))
			print_edges(from);
	}
	if (cli->dot)
		printf("}\n");
	return CLI_OK;
}
