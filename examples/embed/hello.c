/* SPDX-License-Identifier: MIT */
#include <dtss.h>
#include <stdio.h>
#include <unistd.h>

int main(void)
{
	struct dtss_node_config cfg = { .size = sizeof cfg };
	struct dtss_task_spec spec = { .size = sizeof spec, .name = "greet", .key = "greet-1" };
	struct dtss_node *node;
	struct dtss_work work;
	dtss_task_id id;
	int known, tries;

	cfg.store = NULL; /* in memory. Durable: if (dtss_sqlite_open(&cfg.store, "hello.db", NULL, 0) < 0) return 1; */
	spec.payload = "world";
	spec.payload_len = sizeof "world";
	if (dtss_node_open(&node, &cfg, dtss_now()) < 0 || (known = dtss_node_submit(node, dtss_now(), &spec, &id)) < 0)
		return 1;
	printf("task %llu is %s\n", (unsigned long long)id.v, known ? "known" : "accepted");
	for (tries = 300; tries > 0 && dtss_node_take(node, dtss_now(), &work) != 1; tries--) {
		dtss_node_step(node, dtss_now());
		usleep(10000); /* what a crash interrupted comes again after a second */
	}
	if (tries > 0) {
		printf("hello, %s\n", (const char *)work.spec->payload);
		dtss_node_finish(node, dtss_now(), work.fence, NULL);
	}
	dtss_node_close(node);
	return 0;
}
