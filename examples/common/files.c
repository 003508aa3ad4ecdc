/* SPDX-License-Identifier: MIT */
#include "common/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "common/log.h"

int files_standard(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd < 3);
	return fd < 0 ? -1 : close(fd);
}

static int make_parents(char *path)
{
	for (char *slash = strchr(path + 1, '/');; slash = strchr(slash + 1, '/')) {
		if (slash)
			*slash = '\0';
		if (mkdir(path, 0700) != 0 && errno != EEXIST)
			return -1;
		if (!slash)
			return 0;
		*slash = '/';
	}
}

int statedir_open(char path[PATH_LEN_MAX], struct problem *p)
{
	const char *xdg = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

	if (xdg && xdg[0] == '/')
		snprintf(path, PATH_LEN_MAX, "%s/dtss", xdg);
	else if (geteuid() == 0)
		snprintf(path, PATH_LEN_MAX, "/var/lib/dtss");
	else if (home && home[0] == '/')
		snprintf(path, PATH_LEN_MAX, "%s/.local/state/dtss", home);
	else
		return problem_set(p, DTSS_E_INVALID, "neither XDG_STATE_HOME nor HOME is set: set one of them");
	if (make_parents(path) != 0)
		return problem_set(p, DTSS_E_IO, "the state directory %s cannot be made: %s", path, strerror(errno));
	return 0;
}

int file_read(const char *path, size_t max, char **ret_text, size_t *ret_len, struct problem *p)
{
	FILE *file = fopen(path, "re");
	char *text = file ? malloc(max + 2) : NULL;
	size_t len = text ? fread(text, 1, max + 1, file) : 0;
	int rc = 0;

	if (!text || ferror(file))
		rc = problem_set(p, DTSS_E_IO, "%s cannot be read: %s", path, strerror(errno));
	else if (len > max)
		rc = problem_set(p, DTSS_E_TOO_BIG, "%s is longer than %zu bytes", path, max);
	if (file)
		fclose(file);
	if (rc != 0) {
		free(text);
		return rc;
	}
	text[len] = '\0';
	*ret_text = text;
	*ret_len = len;
	return 0;
}

int token_set(struct token *token, const char *text, struct problem *p)
{
	size_t len = strlen(text);

	if (len < TOKEN_LEN_MIN || len > TOKEN_LEN_MAX)
		return problem_set(p, DTSS_E_INVALID, "a token has %d to %d characters, this one has %zu",
				   TOKEN_LEN_MIN, TOKEN_LEN_MAX, len);
	for (size_t i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return problem_set(p, DTSS_E_INVALID, "a token has printable ASCII characters only, no spaces");
	memset(token, 0, sizeof *token);
	memcpy(token->text, text, len);
	return 0;
}

int token_read(struct token *token, const char *path, struct problem *p)
{
	char *text = NULL;
	struct stat st;
	size_t len;
	int rc = file_read(path, CONFIG_BYTES_MAX, &text, &len, p);

	if (rc != 0)
		return rc;
	text[strcspn(text, "\r\n")] = '\0';
	rc = token_set(token, text, p);
	explicit_bzero(text, len);
	free(text);
	if (rc != 0 || stat(path, &st) != 0)
		return rc;
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return problem_set(p, DTSS_E_INVALID, "others may write the token file %s: chmod 600 it", path);
	if (st.st_mode & (S_IRGRP | S_IROTH))
		log_line(LOG_WARNING, "others may read the token file %s: chmod 600 it", path);
	return 0;
}

int token_equals(const struct token *token, const char *text)
{
	char padded[sizeof token->text] = { 0 };
	size_t len = strlen(text);
	unsigned differ = len > TOKEN_LEN_MAX;

	memcpy(padded, text, len <= TOKEN_LEN_MAX ? len : TOKEN_LEN_MAX);
	for (size_t i = 0; i < sizeof padded; i++)
		differ |= (unsigned char)padded[i] ^ (unsigned char)token->text[i];
	return differ == 0;
}
