/* SPDX-License-Identifier: MIT */
#include "chaos/chaos.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

volatile sig_atomic_t chaos_interrupted;

static const char usage[] =
	"usage: chaos [--seconds N] [--kills N] [--seed S] [--agents N] [--points STEP] [--net | --no-net] [--plain]\n"
	"  --seconds N    how long the nemesis goes on: 30; with 0 it does not come\n"
	"  --kills N      until the scheduler and the agents were killed N times each, if that is earlier\n"
	"  --seed S       what the nemesis draws from; the time\n"
	"  --agents N     1 to 6: 3\n"
	"  --points STEP  afterwards, a small workload is killed at every STEPth fsync of scheduler and agent\n"
	"  --net          cuts between network namespaces are demanded; --no-net: there are none\n"
	"  --plain        the last line is for programs\n";

int64_t mono_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

int64_t wall_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

void pause_ms(unsigned ms)
{
	struct timespec left = { ms / 1000, ms % 1000 * 1000000L };

	while (nanosleep(&left, &left) < 0 && !chaos_interrupted)
		;
}

uint32_t draw(uint64_t *random, uint32_t n)
{
	uint64_t x = *random += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)((x ^ x >> 31) >> 32) % n;
}

void violation(struct chaos *c, const char *format, ...)
{
	va_list args;

	c->figures.violations++;
	printf("violation: ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

void fatal(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "chaos: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(2);
}

static unsigned number_option(const char *name, const char *text, unsigned min, unsigned max)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || value < min || value > max)
		fatal("--%s %s: expected a number, %u to %u", name, text, min, max);
	return (unsigned)value;
}

static void read_options(struct options *o, int argc, char **argv)
{
	static const struct option options[] = { { "seconds", 1, NULL, 's' }, { "kills", 1, NULL, 'k' },
						 { "seed", 1, NULL, 'S' },    { "agents", 1, NULL, 'a' },
						 { "points", 1, NULL, 'p' },  { "net", 0, NULL, 'n' },
						 { "no-net", 0, NULL, 'N' },  { "plain", 0, NULL, 'P' },
						 { "help", 0, NULL, 'h' },    { NULL, 0, NULL, 0 } };
	int option, index = 0;

	*o = (struct options){ .seconds = 30, .agents = 3, .seed = (uint64_t)wall_ms() };
	while ((option = getopt_long(argc, argv, "", options, &index)) != -1) {
		if (option == 's')
			o->seconds = number_option("seconds", optarg, 0, 1000000);
		else if (option == 'k')
			o->kills = number_option("kills", optarg, 1, 1000000);
		else if (option == 'S')
			o->seed = number_option("seed", optarg, 0, UINT32_MAX);
		else if (option == 'a')
			o->agents = number_option("agents", optarg, 1, CHAOS_AGENTS_MAX);
		else if (option == 'p')
			o->points = number_option("points", optarg, 0, 1000);
		else if (option == 'n' || option == 'N')
			o->net = option == 'n' ? 1 : -1;
		else if (option == 'P')
			o->plain = 1;
		else {
			fputs(usage, option == 'h' ? stdout : stderr);
			exit(option == 'h' ? 0 : 2);
		}
	}
	if (optind != argc)
		fatal("%s: there are only options", argv[optind]);
}

static void interrupt(int signal_number)
{
	chaos_interrupted = signal_number;
}

static void print_figures(const struct chaos *c)
{
	const struct figures *f = &c->figures;

	printf("chaos: seed %llu: %u kills of the scheduler, %u of agents; %u of those at an fsync, %u at enumerated ones; %u "
	       "stops, %u cuts\n",
	       (unsigned long long)c->options.seed, f->kills_scheduler, f->kills_agent, f->fsync, f->points, f->stops,
	       f->cuts);
	printf("chaos: %u tasks, %u attempts, %u of them lost, %u late successes, %u overlaps that a stop excuses; %u calls, %u "
	       "without an answer; %u violations\n",
	       f->tasks, f->attempts, f->lost, f->late, f->excused, f->calls, f->unknowns, f->violations);
	if (c->options.plain)
		printf("chaos kills_scheduler=%u kills_agent=%u stops=%u cuts=%u fsync=%u tasks=%u violations=%u\n",
		       f->kills_scheduler, f->kills_agent, f->stops, f->cuts, f->fsync, f->tasks, f->violations);
}

static void run_nemesis(struct chaos *c)
{
	host_open(c);
	crew_open(c);
	clients_start(c);
	nemesis_run(c);
	clients_join(c);
	judge_wait(c);
	watch_join(c);
	judge_all(c, 1);
	crew_close(c);
	judge_store(c);
	host_close(c);
}

int main(int argc, char **argv)
{
	static struct chaos c; /* too big for a stack */
	const char *build = getenv("DTSS_BUILD");

	read_options(&c.options, argc, argv);
	setvbuf(stdout, NULL, _IOLBF, 0);
	snprintf(c.build, sizeof c.build, "%s", build ? build : "build");
	c.random = c.options.seed;
	pthread_mutex_init(&c.lock, NULL);
	(void)signal(SIGINT, interrupt);
	(void)signal(SIGTERM, interrupt);
	(void)signal(SIGPIPE, SIG_IGN);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		fatal("curl does not start");
	if (!net_open(&c)) {
		if (c.options.net > 0)
			fatal("network namespaces cannot be made here: that takes root, ip and tc");
		puts("chaos: without network namespaces: nothing is cut");
	}
	if (c.options.seconds > 0)
		run_nemesis(&c);
	if (c.options.points > 0 && !chaos_interrupted)
		points_run(&c);
	print_figures(&c);
	return chaos_interrupted ? 128 + chaos_interrupted : c.figures.violations > 0;
}
