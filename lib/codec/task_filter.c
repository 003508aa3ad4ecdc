/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <dtss/store.h>

static int filter_string(const char *wanted, const char *s)
{
	return wanted == NULL || strcmp(wanted, s) == 0;
}

static int filter_label(const struct dtss_task_filter *filter, const struct dtss_task_spec *spec)
{
	size_t i;

	if (filter->label_name == NULL)
		return 1;
	for (i = 0; i < spec->label_count; i++) {
		if (strcmp(spec->labels[i].name, filter->label_name) == 0)
			return filter_string(filter->label_value, spec->labels[i].value);
	}
	return 0;
}

int dtss_task_filter_match(const struct dtss_task_filter *filter, const struct dtss_task_view *view)
{
	const struct dtss_task_spec *spec = view->spec;

	if (filter->states != 0 && (filter->states >> view->state & 1) == 0)
		return 0;
	return filter_string(filter->queue, spec->queue != NULL ? spec->queue : "default") &&
	       filter_string(filter->name, spec->name != NULL ? spec->name : "") && filter_label(filter, spec);
}
