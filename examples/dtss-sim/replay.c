/* SPDX-License-Identifier: MIT */
#include "dtss-sim/tool.h"

#include <inttypes.h>
#include <string.h>
#include "common/options.h"

static const char *set_plain(void *ctx, const char *name, const char *value)
{
	(void)name;
	(void)value;
	*(int *)ctx = 1;
	return NULL;
}

static void replay_tell(struct dtss_replay *replay, int plain)
{
	struct dtss_replay_info info = { .size = sizeof info };
	struct dtss_sched *s = dtss_replay_sched(replay);
	uint64_t digest = s ? dtss_sched_digest_all(s) : 0;

	dtss_replay_info(replay, &info);
	if (!plain) {
		printf("recorded by libdtss %s\n", info.version);
		printf("%" PRIu64 " segments, %" PRIu64 " calls, %" PRIu64 " events; %" PRIu64
		       " digests were the same as when it was recorded\n",
		       info.segments, info.verbs, info.events, info.marks);
		printf("the last event is %" PRIu64 ", the digest %016" PRIx64 "\n", info.seq, digest);
		return;
	}
	printf("replay verbs=%" PRIu64 " events=%" PRIu64 " seq=%" PRIu64 " digest=%016" PRIx64 "\n", info.verbs,
	       info.events, info.seq, digest);
}

static int replay_path(const char *path, int plain)
{
	char message[512] = "";
	struct dtss_replay *replay;
	int rc = dtss_replay_create(&replay, NULL);

	if (rc == 0) {
		rc = dtss_replay_path(replay, path, DTSS_NEVER, message, sizeof message);
		if (rc == 0)
			replay_tell(replay, plain);
		dtss_replay_destroy(replay);
	}
	if (rc == 0)
		return TOOL_OK;
	fprintf(stderr, "dtss-sim: %s\n", message[0] ? message : dtss_strerror(rc));
	return rc == DTSS_E_BUG ? TOOL_VIOLATION : TOOL_FAILED;
}

int replay_main(int argc, char **argv)
{
	static const struct option_def defs[] = { { "plain", NULL, "one line, for programs" } };
	int plain = 0, at;
	const struct options o = {
		.program = "dtss-sim replay",
		.operands = "PATH",
		.summary = "Carries out a trace again, a file or a directory of them, and prints the digest.",
		.defs = defs,
		.count = 1,
		.set = set_plain,
		.ctx = &plain,
	};

	at = options_parse(&o, argc, argv);
	if (at < 0)
		return options_status(at);
	if (at + 1 != argc)
		return options_refuse("dtss-sim replay",
				      at == argc ? "expected a file or a directory" : "expected one file or directory");
	return replay_path(argv[at], plain);
}
