/* SPDX-License-Identifier: MIT */
#include <dtss.h>
#include <stdio.h>
#include <unistd.h>

int main(void)
{
	struct dtss_node_config cfg = { sizeof cfg };
	struct dtss_task_spec spec = { sizeof spec, "greet", .key = "greet-1", .payload = "world", .payload_len = 6 };
	struct dtss_node *node;
	struct dtss_work work;
	dtss_task_id id;

	cfg.store = NULL; /* in memory; durable: dtss_sqlite_open(&cfg.store, "hello.db", NULL, 0); */
	if (dtss_node_open(&node, &cfg, dtss_now()) < 0 || dtss_node_submit(node, dtss_now(), &spec, &id) < 0)
		return 1;
	for (int i = 0; i < 300; i++, usleep(10000)) {
		dtss_node_step(node, dtss_now());
		if (dtss_node_take(node, dtss_now(), &work) != 1)
			continue;
		printf("task %d says: hello, %s\n", (int)work.task.v, (const char *)work.spec->payload);
		dtss_node_finish(node, dtss_now(), work.fence, NULL);
		break;
	}
	dtss_node_close(node);
	return 0;
}
