/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include "sim/probes.h"

const char *sim_probe_text(uint32_t probe)
{
	static const char *const texts[] = {
#define SIM_PROBE_TEXT(name, text) text,
		SIM_PROBE_MAP(SIM_PROBE_TEXT)
#undef SIM_PROBE_TEXT
	};

	return probe < SIM_PROBES ? texts[probe] : NULL;
}
