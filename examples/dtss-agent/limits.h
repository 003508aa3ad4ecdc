/* SPDX-License-Identifier: MIT */
#ifndef AGENT_LIMITS_H
#define AGENT_LIMITS_H

/* Every bound of the agent, with its reason; those of the three programs together are in common/limits.h. */

#define CGROUP_PATH_MAX 512   /* the deepest of containers stay far below */
#define JOURNAL_LINE_MAX 1024 /* such a path, and some numbers */
#define JOURNAL_GONE_MAX 1000 /* attempts that have ended, before the journal is written anew */
#define JOURNAL_ROOM 262144   /* their lines, with paths of usual length; beyond it the file grows line by line */
#define JOURNAL_LOCK_MS 3000  /* so long may the guard of a killed agent need to clear up */
#define JOURNAL_KILL_MS 5000  /* then only a process that hangs in the kernel is left */

#define SPAWN_PATHS_MAX 64 /* directories of --path */
#define SPAWN_STACK 8192   /* until exec: ten small frames, the largest without optimisation below 200 bytes */
#define TREE_DEPTH_MAX 256 /* of directories that a task left: each takes a descriptor while it is removed */

#define ENVIRON_MAX 524288      /* of a process that may be an attempt's: a specification's, twice over */
#define KILL_AGAIN_MS 10        /* between two looks at what must die */
#define STREAM_READ_MAX 262144  /* read from one pipe before the others have their turn */
#define STREAM_CHUNK_MAX 262144 /* bytes of output in one request */
#define STREAM_GIVE_UP_MS 90000 /* a scheduler that is back within a minute has lost no output */
#define RETRY_MS_MIN 100
#define RETRY_MS_MAX 2000

#define POLLS_MAX 8 /* under way at once, as many as the engine sends unanswered; each overtakes the others */
#define POST_RESPONSE_MAX 16777216 /* a poll may bring assignments for every slot */
#define POST_CONNECT_MS 5000
#define POST_TIMEOUT_MS 20000 /* a hanging connection is given up well before a lease ends */

#define GRACE_MS_MAX 86400000
#define STOP_REPORT_MS 15000 /* after the grace: to tell the scheduler, then the agent ends without */
#define STOP_NOW_MS 2000     /* likewise after a second signal */

#endif
