/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <dtss/error.h>
#include <dtss/policy.h>
#include <dtss/task.h>
#include <dtss/version.h>
#include <dtss/worker.h>

/* Every name that numbers have, each from the one list in its header. */
#define NAMES_CASE(name, value, text)                                                                                  \
	case value:                                                                                                    \
		return text;
#define NAMES_SYMBOL(name, value, text)                                                                                \
	case value:                                                                                                    \
		return #name;
#define NAMES_PARSE(enumerator, value, text)                                                                           \
	if (strcmp(name, text) == 0)                                                                                   \
		return value;

const char *dtss_version(void)
{
	return DTSS_VERSION;
}

const char *dtss_errname(int error)
{
	switch (error) {
		DTSS_ERROR_MAP(NAMES_SYMBOL)
	}
	return "DTSS_E_?";
}

const char *dtss_strerror(int error)
{
	switch (error) {
		DTSS_ERROR_MAP(NAMES_CASE)
	}
	return "unknown error";
}

const char *dtss_cause_name(uint32_t cause)
{
	switch (cause) {
		DTSS_CAUSE_MAP(NAMES_CASE)
	}
	return "?";
}

int dtss_cause_parse(const char *name)
{
	DTSS_CAUSE_MAP(NAMES_PARSE)
	return -1;
}

const char *dtss_task_state_name(uint32_t state)
{
	switch (state) {
		DTSS_TASK_STATE_MAP(NAMES_CASE)
	}
	return "?";
}

int dtss_task_state_parse(const char *name)
{
	DTSS_TASK_STATE_MAP(NAMES_PARSE)
	return -1;
}

int dtss_task_state_terminal(uint32_t state)
{
	return state >= DTSS_TASK_SUCCEEDED && state < DTSS_TASK_STATES;
}

const char *dtss_worker_status_name(uint32_t status)
{
	switch (status) {
		DTSS_WORKER_STATUS_MAP(NAMES_CASE)
	}
	return "?";
}
