/* SPDX-License-Identifier: MIT */
#include "codec/parts.h"

void parts_put_strings(struct wire_out *out, const char *const *strings, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		wire_put_string(out, strings[i]);
}

void parts_get_strings(struct wire_in *in, const char **strings, size_t count, size_t max)
{
	size_t i;

	for (i = 0; i < count; i++)
		strings[i] = wire_get_string(in, max);
}

void parts_put_resources(struct wire_out *out, const struct dtss_resource *resources, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		wire_put64(out, resources[i].amount);
		wire_put_string(out, resources[i].name);
	}
}

void parts_get_resources(struct wire_in *in, struct dtss_resource *resources, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		resources[i].amount = wire_get64(in);
		resources[i].name = wire_get_string(in, DTSS_NAME_LEN_MAX);
	}
}

void parts_put_outcome(struct wire_out *out, const struct dtss_outcome *outcome)
{
	wire_put8(out, outcome->cause);
	wire_put32(out, (uint32_t)outcome->exit_code);
	wire_put32(out, outcome->signal);
	wire_put32(out, (uint32_t)outcome->err);
	wire_put_string(out, outcome->detail);
}

void parts_get_outcome(struct wire_in *in, struct dtss_outcome *outcome)
{
	outcome->cause = wire_in_range(in, wire_get8(in), DTSS_CAUSE_NONE, DTSS_CAUSE_RULE);
	outcome->exit_code = (int32_t)wire_get32(in);
	outcome->signal = wire_get32(in);
	outcome->err = (int32_t)wire_get32(in);
	outcome->detail = wire_get_optional(in, DTSS_DETAIL_LEN_MAX);
}
