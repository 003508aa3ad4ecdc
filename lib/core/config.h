/* SPDX-License-Identifier: MIT */
#ifndef DTSS_CORE_CONFIG_H
#define DTSS_CORE_CONFIG_H

#include <dtss/sched.h>

/* What holds where the configuration says nothing. */
uint64_t config_lease_ms(const struct dtss_config *c);
uint64_t config_heartbeat_ms(const struct dtss_config *c);
void config_defaults(struct dtss_config *c);
/* Of one with its defaults: 1 when every value is in range, and they go together. */
int config_valid(const struct dtss_config *c);

#endif
