/* SPDX-License-Identifier: MIT */
#ifndef COMMON_TEXT_H
#define COMMON_TEXT_H

#include <stddef.h>
#include <stdint.h>

/*
 * JSON written as it goes: no tree is built for what is only to be sent.
 *
 *	text_open(&t, '{');
 *	text_key(&t, "id");                     commas come by themselves: before whatever
 *	text_number(&t, 17);                    does not follow { [ or :
 *	text_close(&t, '}');                    {"id":17}
 *
 * When there is no memory, bytes is NULL from then on, so that no half of it ever leaves.
 */
struct text {
	char *bytes; /* not ended by a NUL */
	size_t len;
	size_t cap;
	size_t begin; /* of the value that is being written */
	int failed;
};

void text_fini(struct text *text);
/* A new value begins, which has nothing to do with what is there. Gives where. */
size_t text_begin(struct text *text);
/* Bytes as they are. */
void text_add(struct text *text, const char *bytes, size_t len);
/* JSON that was written before. */
void text_json(struct text *text, const char *json, size_t len);
void text_open(struct text *text, char bracket);
void text_close(struct text *text, char bracket);
void text_key(struct text *text, const char *name); /* one of ours: nothing in it needs an escape */
/* A string; bytes that are no UTF-8 become U+FFFD, because JSON cannot hold them. NULL spoils the text. */
void text_string(struct text *text, const char *string);
void text_number(struct text *text, uint64_t number);
void text_integer(struct text *text, int64_t number);
void text_truth(struct text *text, int truth);

/* Members. */
void text_put_string(struct text *text, const char *name, const char *string);
void text_put_number(struct text *text, const char *name, uint64_t number);
void text_put_integer(struct text *text, const char *name, int64_t number);

#endif
