/* SPDX-License-Identifier: MIT */
#ifndef DTSS_SIM_PROBES_H
#define DTSS_SIM_PROBES_H

#include <stdint.h>

/*
 * Rare situations that must come up, or the runs prove little: each is counted. X(enumerator, sentence)
 * Those whose enumerators follow each other as states, causes, reasons or requests do keep that order.
 */
#define SIM_PROBE_TASK_MAP(X)                                                                                          \
	X(SIM_PROBE_HELD_BLOCKED, "a blocked task was held")                                                           \
	X(SIM_PROBE_HELD_DELAYED, "a delayed task was held")                                                           \
	X(SIM_PROBE_HELD_READY, "a ready task was held")                                                               \
	X(SIM_PROBE_HELD_AFTER_LOSS, "a task was held after its attempt was lost")                                     \
	X(SIM_PROBE_RELEASED_TO_BLOCKED, "a released task still waited for others")                                    \
	X(SIM_PROBE_RELEASED_TO_DELAYED, "a released task still backed off, or waited for its time")                   \
	X(SIM_PROBE_RELEASED_TO_READY, "a released task was ready")                                                    \
	X(SIM_PROBE_CANCEL_BLOCKED, "a blocked task was cancelled")                                                    \
	X(SIM_PROBE_CANCEL_HELD, "a held task was cancelled")                                                          \
	X(SIM_PROBE_CANCEL_DELAYED, "a delayed task was cancelled")                                                    \
	X(SIM_PROBE_CANCEL_READY, "a ready task was cancelled")                                                        \
	X(SIM_PROBE_CANCEL_LEASED, "a task was cancelled before its start was confirmed")                              \
	X(SIM_PROBE_CANCEL_RUNNING, "a running task was cancelled")                                                    \
	X(SIM_PROBE_CANCEL_UNTOLD, "a task was cancelled whose assignment had not yet left")                           \
	X(SIM_PROBE_CANCEL_PARENT, "a task was cancelled that others wait for")                                        \
	X(SIM_PROBE_SKIPPED, "a task was skipped")                                                                     \
	X(SIM_PROBE_SKIPPED_HELD, "a held task was skipped")                                                           \
	X(SIM_PROBE_SKIPPED_CASCADE, "a task was skipped because its parent was")                                      \
	X(SIM_PROBE_DOOMED_AT_SUBMIT, "a task was submitted whose parent had ended badly")                             \
	X(SIM_PROBE_PARENT_DONE_AT_SUBMIT, "a task was submitted whose parents had all succeeded")                     \
	X(SIM_PROBE_FAN_IN_READY, "the last of several parents succeeded")                                             \
	X(SIM_PROBE_CHAIN_READY, "the only parent succeeded")                                                          \
	X(SIM_PROBE_CHILD_DELAYED, "a task waited for its time after its parents")                                     \
	X(SIM_PROBE_EXPIRED, "a start deadline passed before any grant")                                               \
	X(SIM_PROBE_EXPIRED_AFTER_GRANT, "a start deadline passed after an attempt that never started")                \
	X(SIM_PROBE_EXPIRED_HELD, "a start deadline passed while the task was held")                                   \
	X(SIM_PROBE_EXPIRED_BLOCKED, "a start deadline passed while the task was blocked")                             \
	X(SIM_PROBE_DEADLINE_OVER_LEADERS, "a start deadline passed under another leader than it began under")         \
	X(SIM_PROBE_NOT_BEFORE, "a task started after its not_before")                                                 \
	X(SIM_PROBE_BACKOFF_OVER_LEADERS, "a backoff ended under another leader than it began under")                  \
	X(SIM_PROBE_BACKOFF_OVER_ON_LEAD, "a backoff was over when a leader began")                                    \
	X(SIM_PROBE_SECOND_BACKOFF, "a task backed off a second time")                                                 \
	X(SIM_PROBE_BACKOFF_AT_MAX, "a backoff was as long as it can be")                                              \
	X(SIM_PROBE_FREE_BACKOFF_LONG, "ends that count nowhere were backed off for seconds")                          \
	X(SIM_PROBE_RETIRED_LATER, "a task left the engine in a later batch than it ended in")

#define SIM_PROBE_ATTEMPT_MAP(X)                                                                                       \
	X(SIM_PROBE_END_EXIT, "an attempt ended with an exit code")                                                    \
	X(SIM_PROBE_END_SIGNAL, "an attempt ended by a signal")                                                        \
	X(SIM_PROBE_END_TIMEOUT, "an attempt was stopped for its timeout")                                             \
	X(SIM_PROBE_END_START_FAILED, "an attempt could not be started")                                               \
	X(SIM_PROBE_END_OOM, "an attempt ran out of memory")                                                           \
	X(SIM_PROBE_END_REJECTED, "an attempt was rejected")                                                           \
	X(SIM_PROBE_END_RELEASED, "an attempt was given back by a draining worker")                                    \
	X(SIM_PROBE_END_LOST, "an attempt was lost")                                                                   \
	X(SIM_PROBE_END_CANCEL, "an attempt was stopped for a cancel")                                                 \
	X(SIM_PROBE_RULE_FAIL, "a rule failed a task")                                                                 \
	X(SIM_PROBE_RULE_IGNORE, "a rule ignored a failure")                                                           \
	X(SIM_PROBE_RULE_QUARANTINE, "a rule quarantined a task")                                                      \
	X(SIM_PROBE_LOST_BY_INCARNATION, "a new incarnation cost the old one its attempts")                            \
	X(SIM_PROBE_LOST_LEASED, "a lease ran out before its start was confirmed")                                     \
	X(SIM_PROBE_LOST_RUNNING, "the lease of a running attempt ran out")                                            \
	X(SIM_PROBE_LOST_STILL_RUNS, "an attempt was lost whose process still ran")                                    \
	X(SIM_PROBE_LOST_REPORTED, "a worker said itself that an attempt was lost")                                    \
	X(SIM_PROBE_LOST_TWICE, "a task was lost a second time")                                                       \
	X(SIM_PROBE_UNLISTED, "an attempt was taken back because its worker did not list it")                          \
	X(SIM_PROBE_NEVER_CONFIRMED, "an attempt was taken back because its start was never confirmed")                \
	X(SIM_PROBE_TIMEOUT_BACKSTOP, "the engine itself ended an attempt long after its timeout")                     \
	X(SIM_PROBE_ATTEMPTS_USED, "a task failed with its last attempt")                                              \
	X(SIM_PROBE_FAILED_AT_ONCE, "a task failed with its only attempt")                                             \
	X(SIM_PROBE_QUARANTINED, "a task was quarantined")                                                             \
	X(SIM_PROBE_SUCCESS_AFTER_LOSS, "a task succeeded after a loss")                                               \
	X(SIM_PROBE_SUCCESS_AFTER_RETRY, "a task succeeded after a failure")                                           \
	X(SIM_PROBE_FIVE_ATTEMPTS, "a task was granted for the fifth time")                                            \
	X(SIM_PROBE_END_BEFORE_START, "an end was reported before its start was")                                      \
	X(SIM_PROBE_STOPPING_ENDED, "the attempt of a cancelled task was reported ended")                              \
	X(SIM_PROBE_STOPPING_LOST, "the attempt of a cancelled task was lost")                                         \
	X(SIM_PROBE_SUCCESS_AFTER_CANCEL, "an attempt succeeded after its task was cancelled")                         \
	X(SIM_PROBE_LATE_SUCCESS, "a late success was accepted")                                                       \
	X(SIM_PROBE_LATE_SUCCESS_HELD, "a late success was accepted of a task that was held meanwhile")                \
	X(SIM_PROBE_STALE_REPORT, "a report came of an attempt that had ended")                                        \
	X(SIM_PROBE_STALE_SUCCESS, "a success was reported of an attempt that was superseded")                         \
	X(SIM_PROBE_REPORTED_TWICE, "an end was reported twice")                                                       \
	X(SIM_PROBE_REPORT_FENCED, "a worker was told that its report is stale")                                       \
	X(SIM_PROBE_STARTED_TOO_LATE, "a process was started whose attempt had ended")                                 \
	X(SIM_PROBE_TIMEOUT_PASSED, "a process was told to end for its run timeout")                                   \
	X(SIM_PROBE_TIMEOUT_IGNORED, "a process was killed that ignored the end of its run timeout")                   \
	X(SIM_PROBE_TIMEOUT_SUCCESS, "a process exited with 0 after it was told to end for its run timeout")           \
	X(SIM_PROBE_CANCEL_SUCCESS, "a process exited with 0 after it was told to end for a cancel")                   \
	X(SIM_PROBE_FENCED_SUCCESS, "a process exited with 0 after it was told to end for its lease or a drain")       \
	X(SIM_PROBE_ASSIGNED_BESIDE_RUNNING, "an assignment came while an older attempt of its task ran there")        \
	X(SIM_PROBE_ASSIGNED_BESIDE_STOPPING, "an assignment came while an older attempt of its task was stopping")

#define SIM_PROBE_WORKER_MAP(X)                                                                                        \
	X(SIM_PROBE_ASSIGNED, "a task was given out")                                                                  \
	X(SIM_PROBE_ASSIGNED_AGAIN, "an assignment was repeated")                                                      \
	X(SIM_PROBE_STOP_CANCEL, "a worker was told to stop for a cancel")                                             \
	X(SIM_PROBE_STOP_TIMEOUT, "a worker was told to stop for a timeout")                                           \
	X(SIM_PROBE_STOP_SUPERSEDED, "a worker was told to stop what is not its own any more")                         \
	X(SIM_PROBE_STOP_UNHEARD, "a worker ran on what it had been told to stop")                                     \
	X(SIM_PROBE_ANSWERED_STALE, "a worker was told that a newer incarnation is registered")                        \
	X(SIM_PROBE_ANSWERED_EPOCH, "a worker had seen a newer epoch than the scheduler that it asked")                \
	X(SIM_PROBE_HEARTBEAT_TAKEN, "a heartbeat was new")                                                            \
	X(SIM_PROBE_HEARTBEAT_OLD, "a heartbeat was old, or came twice")                                               \
	X(SIM_PROBE_HEARTBEAT_STALE, "a heartbeat came of an incarnation that is gone")                                \
	X(SIM_PROBE_FOREIGN_WORK, "a worker had work that is not in the books")                                        \
	X(SIM_PROBE_AGENT_STOPPING, "an agent said that it is shutting down")                                          \
	X(SIM_PROBE_OFFLINE, "an idle worker went offline")                                                            \
	X(SIM_PROBE_OFFLINE_WITH_WORK, "a worker went offline with work")                                              \
	X(SIM_PROBE_WORKER_BACK, "an offline worker came back")                                                        \
	X(SIM_PROBE_WORKER_FORGOTTEN, "a worker was forgotten")                                                        \
	X(SIM_PROBE_WORKER_SHRANK, "a worker came to have fewer slots")                                                \
	X(SIM_PROBE_NEW_INCARNATION, "a worker came as a new incarnation")                                             \
	X(SIM_PROBE_NEW_INCARNATION_BUSY, "a worker with leases came as a new incarnation")                            \
	X(SIM_PROBE_DRAINED, "a worker was drained")                                                                   \
	X(SIM_PROBE_DRAINED_BUSY, "a worker was drained while it had work")                                            \
	X(SIM_PROBE_CORDONED, "a worker was cordoned")                                                                 \
	X(SIM_PROBE_UNCORDONED, "a worker was let go again")                                                           \
	X(SIM_PROBE_DRAINED_NEW_INCARNATION, "a drained worker came as a new incarnation")                             \
	X(SIM_PROBE_WORKER_FULL, "a worker became full")                                                               \
	X(SIM_PROBE_WORKER_RESOURCE_USED_UP, "the last of a resource was taken")                                       \
	X(SIM_PROBE_PLACED_AMONG_SEVERAL, "several workers fitted")                                                    \
	X(SIM_PROBE_PLACED_TIE, "several workers fitted equally well")                                                 \
	X(SIM_PROBE_PASSED_ONE_THAT_FITS_NOWHERE, "a task was granted past a better one that fits nowhere")            \
	X(SIM_PROBE_GRANT_SAME_WORKER, "a task was given to the worker that it had before")                            \
	X(SIM_PROBE_GRANT_OTHER_WORKER, "a task was given to another worker than before")                              \
	X(SIM_PROBE_GRANT_BESIDE_STOPPING, "a worker got work while it still stopped some")                            \
	X(SIM_PROBE_GRANT_ROUND_ROBIN, "work was given in turn")                                                       \
	X(SIM_PROBE_GRANT_PACK, "work was given to the fullest")                                                       \
	X(SIM_PROBE_READY_AT_REST, "a task had to wait for a worker")                                                  \
	X(SIM_PROBE_ALL_DONE, "a scheduler had nothing to do")

#define SIM_PROBE_CLIENT_MAP(X)                                                                                        \
	X(SIM_PROBE_DONE_GET, "a task was shown")                                                                      \
	X(SIM_PROBE_DONE_CANCEL, "a cancel was acknowledged")                                                          \
	X(SIM_PROBE_DONE_HOLD, "a hold was acknowledged")                                                              \
	X(SIM_PROBE_DONE_RELEASE, "a release was acknowledged")                                                        \
	X(SIM_PROBE_DONE_RETRY, "a retry was acknowledged")                                                            \
	X(SIM_PROBE_DONE_EXPLAIN, "a task was explained")                                                              \
	X(SIM_PROBE_RETRY_SUCCEEDED, "a task was retried that had succeeded")                                          \
	X(SIM_PROBE_RETRY_FAILED, "a task was retried that had failed")                                                \
	X(SIM_PROBE_RETRY_CANCELLED, "a task was retried that was cancelled")                                          \
	X(SIM_PROBE_RETRY_SKIPPED, "a task was retried that was skipped")                                              \
	X(SIM_PROBE_RETRY_EXPIRED, "a task was retried that had expired")                                              \
	X(SIM_PROBE_RETRY_QUARANTINED, "a task was retried that was quarantined")                                      \
	X(SIM_PROBE_RETRY_HISTORY, "a task was retried that had left the engine")                                      \
	X(SIM_PROBE_CANCEL_TOO_LATE, "a cancel came after the end")                                                    \
	X(SIM_PROBE_HOLD_REFUSED, "a hold was refused")                                                                \
	X(SIM_PROBE_RELEASE_REFUSED, "a release was refused")                                                          \
	X(SIM_PROBE_RETRY_REFUSED, "a retry was refused")                                                              \
	X(SIM_PROBE_KEY_KNOWN_LIVE, "a key was repeated while its task lived")                                         \
	X(SIM_PROBE_KEY_KNOWN_ENDED, "a key was repeated after its task had ended")                                    \
	X(SIM_PROBE_KEY_KNOWN_HISTORY, "a key was repeated after its task had left the engine")                        \
	X(SIM_PROBE_KEY_EXPIRED, "a key was forgotten for its age")                                                    \
	X(SIM_PROBE_KEY_PUSHED_OUT, "a key was forgotten for there were too many")                                     \
	X(SIM_PROBE_KEY_USED_AGAIN, "a key that was forgotten was used again")                                         \
	X(SIM_PROBE_CONFLICT, "a key was used for another specification")                                              \
	X(SIM_PROBE_INVALID_REFUSED, "a specification was refused")                                                    \
	X(SIM_PROBE_UNKNOWN_PARENT, "a task was refused for a parent that nobody knows")                               \
	X(SIM_PROBE_QUEUE_FULL, "a queue was full")                                                                    \
	X(SIM_PROBE_GROUP, "several tasks were submitted at once")                                                     \
	X(SIM_PROBE_GROUP_KNOWN, "several tasks were submitted at once, and some were known")                          \
	X(SIM_PROBE_CALL_UNKNOWN, "a client got no answer")                                                            \
	X(SIM_PROBE_CLIENT_LOST_JOB, "a client gave up a submit without a key")                                        \
	X(SIM_PROBE_ORPHAN_TASK, "a task was done that its client gave up")                                            \
	X(SIM_PROBE_ANSWER_NOT_LEADER, "a client asked a scheduler that does not lead")                                \
	X(SIM_PROBE_ANSWER_UNKNOWN, "a client was told that the outcome is unknown")                                   \
	X(SIM_PROBE_ANSWER_NOSPC, "a client was told that the disk is full")                                           \
	X(SIM_PROBE_ANSWER_IO, "a client was told that the disk has failed")                                           \
	X(SIM_PROBE_LOG_APPENDED, "log bytes were stored")                                                             \
	X(SIM_PROBE_LOG_FENCED, "log bytes of a stale attempt were refused")                                           \
	X(SIM_PROBE_LOG_OTHER, "log bytes were refused for another reason")                                            \
	X(SIM_PROBE_LOG_READ, "a log was read")                                                                        \
	X(SIM_PROBE_LIST_PAGE, "a page was not the last")                                                              \
	X(SIM_PROBE_LIST_LAST_PAGE, "a page was the last")                                                             \
	X(SIM_PROBE_LIST_COMPLETE, "a list was read to its end")                                                       \
	X(SIM_PROBE_LIST_UNDER_INSERTS, "tasks were submitted while a list was read")                                  \
	X(SIM_PROBE_PLACED, "a placement was given")                                                                   \
	X(SIM_PROBE_PLACE_NOBODY, "there was nobody for a placement")                                                  \
	X(SIM_PROBE_STATS_AT_REST, "the counts were compared")                                                         \
	X(SIM_PROBE_WORKERS_AT_REST, "the workers were compared")                                                      \
	X(SIM_PROBE_WHY_FINISHED, "explained: it has ended")                                                           \
	X(SIM_PROBE_WHY_RUNNING, "explained: it runs")                                                                 \
	X(SIM_PROBE_WHY_LEASED, "explained: it was given out")                                                         \
	X(SIM_PROBE_WHY_HELD, "explained: it is held")                                                                 \
	X(SIM_PROBE_WHY_DEPENDENCY, "explained: it waits for others")                                                  \
	X(SIM_PROBE_WHY_DELAYED, "explained: it waits for a time")                                                     \
	X(SIM_PROBE_WHY_NO_WORKERS, "explained: there are no workers")                                                 \
	X(SIM_PROBE_WHY_NO_TAG, "explained: no worker has the tag")                                                    \
	X(SIM_PROBE_WHY_NO_TAG_SET, "explained: no worker has all the tags")                                           \
	X(SIM_PROBE_WHY_NOT_ONLINE, "explained: those that would fit take no work")                                    \
	X(SIM_PROBE_WHY_RESOURCE, "explained: no worker has that much of a resource")                                  \
	X(SIM_PROBE_WHY_BUSY, "explained: those that would fit are full")                                              \
	X(SIM_PROBE_WHY_DISPATCHING, "explained: it is about to go out")

#define SIM_PROBE_STORE_MAP(X)                                                                                         \
	X(SIM_PROBE_LEAD_GIVEN, "a scheduler was given the lead")                                                      \
	X(SIM_PROBE_LEAD_RESIGNED, "a lead was resigned")                                                              \
	X(SIM_PROBE_LEAD_OF_DEAD_OVER, "a lead was given when the term of a dead leader was over")                     \
	X(SIM_PROBE_LEAD_OVER_COMMIT, "lead was given while a commit of another was in flight")                        \
	X(SIM_PROBE_SAME_EPOCH_AGAIN, "a leader recovered in its own epoch")                                           \
	X(SIM_PROBE_SAME_LEADER_AGAIN, "a leader came again with a new epoch")                                         \
	X(SIM_PROBE_OTHER_LEADER, "another scheduler took over")                                                       \
	X(SIM_PROBE_MANY_LEADERS, "leaders began more than three times")                                               \
	X(SIM_PROBE_LEAD_WITH_WORK, "a leader began while attempts were live")                                         \
	X(SIM_PROBE_LEAD_WITH_STOPPING, "a leader began while an attempt was being stopped")                           \
	X(SIM_PROBE_LEAD_WITH_BACKOFF, "a leader began while a task backed off")                                       \
	X(SIM_PROBE_LEAD_WITH_BLOCKED, "a leader began while a task was blocked")                                      \
	X(SIM_PROBE_LEAD_WITH_UNTOLD, "a leader began while a parent had ended and its children were not told")        \
	X(SIM_PROBE_COMMIT_UNKNOWN, "a commit was stored, and reported as unknown")                                    \
	X(SIM_PROBE_DEPOSED_REFUSED, "a write of a deposed leader was refused")                                        \
	X(SIM_PROBE_BATCH_OF_DEAD, "a batch was stored after its scheduler died")                                      \
	X(SIM_PROBE_BATCH_OF_PAUSED, "a batch was stored while its scheduler was paused")                              \
	X(SIM_PROBE_BIG_BATCH, "a batch had more than 32 events")                                                      \
	X(SIM_PROBE_WALL_JUMPED, "the wall clock of a leader jumped")                                                  \
	X(SIM_PROBE_POWER_BACK, "the power came back")                                                                 \
	X(SIM_PROBE_POWER_LIMBO, "the power was cut while a write was not synced")                                     \
	X(SIM_PROBE_POWER_TORN, "a write was torn")                                                                    \
	X(SIM_PROBE_POWER_KEPT, "a write survived that was not synced")                                                \
	X(SIM_PROBE_OPENED_AGAIN, "a scheduler was opened on what others had stored")                                  \
	X(SIM_PROBE_LONG_RUN, "a run had more than a thousand durable changes")

#define SIM_PROBE_MAP(X)                                                                                               \
	SIM_PROBE_TASK_MAP(X)                                                                                          \
	SIM_PROBE_ATTEMPT_MAP(X)                                                                                       \
	SIM_PROBE_WORKER_MAP(X)                                                                                        \
	SIM_PROBE_CLIENT_MAP(X)                                                                                        \
	SIM_PROBE_STORE_MAP(X)

enum sim_probe {
#define SIM_PROBE_ENUM(name, text) name,
	SIM_PROBE_MAP(SIM_PROBE_ENUM)
#undef SIM_PROBE_ENUM
		SIM_PROBES
};

#define SOMETIMES(s, probe) ((void)(s)->probes[probe]++)

const char *sim_probe_text(uint32_t probe); /* NULL: there is no such one */

#endif
