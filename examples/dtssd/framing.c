/* SPDX-License-Identifier: MIT */
#include "dtssd/framing.h"

#include <string.h>
#include <strings.h>

struct framing {
	unsigned hosts;
	unsigned lengths;
	unsigned encodings;
	int not_chunked; /* an encoding that is anything else */
	int no_number;   /* a length that is none */
};

static enum MHD_Result look(void *cls, enum MHD_ValueKind kind, const char *key, const char *value)
{
	struct framing *f = cls;

	(void)kind;
	if (strcasecmp(key, MHD_HTTP_HEADER_HOST) == 0) {
		f->hosts++;
	} else if (strcasecmp(key, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0) {
		f->lengths++;
		f->no_number |= !value || !value[0] || strspn(value, "0123456789") != strlen(value);
	} else if (strcasecmp(key, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0) {
		f->encodings++;
		f->not_chunked |= !value || strcasecmp(value, "chunked") != 0;
	}
	return MHD_YES;
}

const char *framing_fault(struct MHD_Connection *connection)
{
	struct framing f = { 0 };

	MHD_get_connection_values(connection, MHD_HEADER_KIND, look, &f);
	if (f.hosts > 1)
		return "expected one Host";
	if (f.lengths > 1 || f.no_number)
		return "Content-Length: expected one number";
	if (f.encodings > 1 || f.not_chunked)
		return "Transfer-Encoding: expected chunked, once";
	if (f.lengths > 0 && f.encodings > 0)
		return "expected Content-Length or Transfer-Encoding, not both";
	return NULL;
}
