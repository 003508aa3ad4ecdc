/* SPDX-License-Identifier: MIT */
#include <glob.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bench/peers/support/peer.h"

/*
 * The queue that everybody builds: a table, UPDATE of what SELECT … FOR UPDATE SKIP LOCKED found, DELETE. Each is a
 * transaction of its own. As it comes from the packages, fsync and all, but with memory for its buffers.
 */
static const char *const prepared[][2] = {
	{ "put", "INSERT INTO tasks(payload) SELECT unnest($1::text[])" },
	{ "take", "UPDATE tasks SET state = 1 WHERE id IN (SELECT id FROM tasks WHERE state = 0 ORDER BY id "
		  "LIMIT $1::int FOR UPDATE SKIP LOCKED) RETURNING id, payload" },
	{ "finish", "DELETE FROM tasks WHERE id = ANY($1::bigint[])" },
};

/* Where the packages put a program, of the newest version. */
static int postgres_path(const char *name, char *path, size_t cap)
{
	char pattern[128];
	glob_t found;
	int rc;

	snprintf(pattern, sizeof pattern, "/usr/lib/postgresql/*/bin/%s", name);
	rc = glob(pattern, 0, NULL, &found);
	if (rc == 0) {
		snprintf(path, cap, "%s", found.gl_pathv[found.gl_pathc - 1]);
		globfree(&found);
	}
	return rc == 0 ? 0 : -1;
}

/* It refuses to be root: as root it becomes the user that its package made. Who becomes another forgets that it is to end
 * with us, and is told again. */
static int postgres_start(struct peer_server *server)
{
	char initdb[256], postgres[256], data[96], port[16], command[1024];
	const char *as = geteuid() == 0 ? "setpriv --reuid=postgres --regid=postgres --clear-groups --pdeathsig INT " :
					  "";
	const struct passwd *user = getpwnam("postgres");
	const char *argv[] = { "sh", "-c", command, NULL };

	peer_server_prepare(server);
	if (postgres_path("initdb", initdb, sizeof initdb) != 0 ||
	    postgres_path("postgres", postgres, sizeof postgres) != 0 ||
	    (as[0] && (!user || chown(server->daemon.dir, user->pw_uid, user->pw_gid) != 0)))
		return -1;
	snprintf(data, sizeof data, "%s/data", server->daemon.dir);
	snprintf(port, sizeof port, "%u", server->daemon.port);
	snprintf(command, sizeof command, "cd / && %s%s -D %s -A trust -U bench -E UTF8 --locale=C -N >/dev/null 2>&1",
		 as, initdb, data);
	if (system(command) != 0)
		return -1;
	snprintf(command, sizeof command,
		 "cd / && exec %s%s -D %s -p %s -c listen_addresses=127.0.0.1 -c unix_socket_directories= "
		 "-c shared_buffers=256MB",
		 as, postgres, data, port);
	return peer_server_start(server, argv);
}

static int postgres_ok(PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);

	PQclear(result);
	return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ? 0 : -1;
}

/* It listens before it lets anybody in. */
static PGconn *postgres_connect(const struct line *line)
{
	char where[128];
	PGconn *db;

	snprintf(where, sizeof where, "host=127.0.0.1 port=%u user=bench dbname=postgres sslmode=disable",
		 line->server->daemon.port);
	for (int tries = 0; tries < 100; tries++) {
		db = PQconnectdb(where);
		if (PQstatus(db) == CONNECTION_OK)
			return db;
		PQfinish(db);
		usleep(20000);
	}
	return NULL;
}

static int postgres_open(struct line *line, unsigned batch)
{
	PGconn *db = postgres_connect(line);

	(void)batch;
	line->state = db;
	if (!db || postgres_ok(PQexec(db, "SET client_min_messages = warning; SELECT pg_advisory_xact_lock(1); "
					  "CREATE TABLE IF NOT EXISTS tasks(id bigserial PRIMARY KEY, "
					  "state int NOT NULL DEFAULT 0, payload text NOT NULL); "
					  "CREATE INDEX IF NOT EXISTS ready ON tasks(id) WHERE state = 0; "
					  "")) != 0)
		return -1;
	for (size_t i = 0; i < sizeof prepared / sizeof prepared[0]; i++)
		if (postgres_ok(PQprepare(db, prepared[i][0], prepared[i][1], 1, NULL)) != 0)
			return -1;
	return 0;
}

static PGresult *postgres_run(struct line *line, const char *statement, const char *argument)
{
	return PQexecPrepared(line->state, statement, 1, &argument, NULL, NULL, 0);
}

/* How many were taken, as the text of an array; or -1. */
static int postgres_take(struct line *line, unsigned count, char *ids)
{
	PGresult *rows;
	char number[16];
	int taken = -1;

	snprintf(number, sizeof number, "%u", count);
	rows = postgres_run(line, "take", number);
	if (PQresultStatus(rows) == PGRES_TUPLES_OK) {
		taken = PQntuples(rows);
		for (int i = 0; i < taken; i++)
			ids += sprintf(ids, "%c%s", i ? ',' : '{', PQgetvalue(rows, i, 0));
		strcpy(ids, taken ? "}" : "{}");
	}
	PQclear(rows);
	return taken;
}

static int postgres_cycle(struct line *line, unsigned count)
{
	char tasks[PEER_BATCH_MAX * (PEER_PAYLOAD + 1) + 8], ids[PEER_BATCH_MAX * 24], payload[PEER_PAYLOAD + 1];
	size_t len = 0;
	unsigned done = 0;

	for (unsigned i = 0; i < count; i++) {
		line_payload(line, payload);
		len += (size_t)sprintf(tasks + len, "%c%s", i ? ',' : '{', payload);
	}
	strcpy(tasks + len, "}");
	if (postgres_ok(postgres_run(line, "put", tasks)) != 0)
		return -1;
	while (done < count) {
		int taken = postgres_take(line, count - done, ids);

		if (taken < 0 || (taken > 0 && postgres_ok(postgres_run(line, "finish", ids)) != 0))
			return -1;
		if (taken == 0 && atomic_load(&line->server->stop))
			break; /* somebody else has it */
		done += (unsigned)taken;
		atomic_fetch_add(&line->finished, (unsigned)taken);
	}
	return 0;
}

static void postgres_close(struct line *line)
{
	PQfinish(line->state);
}

const struct peer peers_postgres[] = { { .system = "postgres",
					 .settings = "SKIP-LOCKED",
					 .durable = "yes",
					 .program = "psql",
					 .version_option = "--version",
					 .start = postgres_start,
					 .open = postgres_open,
					 .cycle = postgres_cycle,
					 .close = postgres_close,
					 .own_connection = 1 },
				       { 0 } };
