/* SPDX-License-Identifier: MIT */
#include "common/rfc3339.h"

#include <string.h>
#include <time.h>

#define NS_PER_S 1000000000

static char *put_digits(char *to, uint32_t value, int count)
{
	for (int i = count - 1; i >= 0; i--, value /= 10)
		to[i] = (char)('0' + value % 10);
	return to + count;
}

/* Years that begin in March, in eras of 400 of them: the leap day is the last of its year, and no month is special. What the
 * C library does takes a lock and looks for a time zone, for each of thousands of tasks in an answer. */
static char *put_date(char *to, int64_t days)
{
	uint32_t since, era_day, era_year, year_day, month;
	int64_t era;

	days += 719468; /* from the first of March of the year 0 */
	era = (days >= 0 ? days : days - 146096) / 146097;
	era_day = (uint32_t)(days - era * 146097);
	era_year = (era_day - era_day / 1460 + era_day / 36524 - era_day / 146096) / 365;
	year_day = era_day - (365 * era_year + era_year / 4 - era_year / 100);
	month = (5 * year_day + 2) / 153;
	since = (uint32_t)(era * 400) + era_year + (month >= 10);
	to = put_digits(to, since, 4);
	*to++ = '-';
	to = put_digits(to, month < 10 ? month + 3 : month - 9, 2);
	*to++ = '-';
	return put_digits(to, year_day - (153 * month + 2) / 5 + 1, 2);
}

void rfc3339_format(char buf[RFC3339_LEN], int64_t wall_ns, int decimals)
{
	int64_t ns = wall_ns % NS_PER_S, s = wall_ns / NS_PER_S, days;
	uint32_t second;
	char *to;

	if (ns < 0) {
		ns += NS_PER_S;
		s--;
	}
	days = (s >= 0 ? s : s - 86399) / 86400;
	second = (uint32_t)(s - days * 86400);
	to = put_date(buf, days);
	*to++ = 'T';
	to = put_digits(to, second / 3600, 2);
	*to++ = ':';
	to = put_digits(to, second / 60 % 60, 2);
	*to++ = ':';
	to = put_digits(to, second % 60, 2);
	if (decimals)
		*to++ = '.';
	if (decimals == 3)
		to = put_digits(to, (uint32_t)(ns / 1000000), 3);
	else if (decimals == 9)
		to = put_digits(to, (uint32_t)ns, 9);
	*to++ = 'Z';
	*to = '\0';
}

/* Exactly n digits, at most max. Advances *at; -1 when it is anything else. */
static int digits(const char **at, int n, int max)
{
	int value = 0;

	for (int i = 0; i < n; i++, ++*at) {
		if (**at < '0' || **at > '9')
			return -1;
		value = value * 10 + (**at - '0');
	}
	return value <= max ? value : -1;
}

static int literal(const char **at, const char *any_of)
{
	if (**at == '\0' || !strchr(any_of, **at))
		return -1;
	++*at;
	return 0;
}

static int fraction(const char **at, int64_t *ret_ns)
{
	int64_t unit = NS_PER_S / 10, ns = 0;
	int count = 0;

	for (; **at >= '0' && **at <= '9'; ++*at, unit /= 10, count++)
		ns += (**at - '0') * unit;
	*ret_ns = ns;
	return count > 0 && count <= 9 ? 0 : -1;
}

/* Seconds east of UTC. */
static int zone(const char **at, int *ret_s)
{
	int sign = **at == '-' ? -1 : 1, hours, minutes;

	*ret_s = 0;
	if (literal(at, "Zz") == 0)
		return 0;
	if (literal(at, "+-") != 0 || (hours = digits(at, 2, 23)) < 0 || literal(at, ":") != 0 ||
	    (minutes = digits(at, 2, 59)) < 0)
		return -1;
	*ret_s = sign * (hours * 3600 + minutes * 60);
	return 0;
}

int rfc3339_parse(const char *text, int64_t *ret_wall_ns)
{
	struct tm tm = { 0 }, check;
	int64_t ns = 0;
	int east;
	time_t s;

	if ((tm.tm_year = digits(&text, 4, 9999)) < 1970 || tm.tm_year > 2200 || literal(&text, "-") != 0 ||
	    (tm.tm_mon = digits(&text, 2, 12)) < 1 || literal(&text, "-") != 0 ||
	    (tm.tm_mday = digits(&text, 2, 31)) < 1 || literal(&text, "Tt ") != 0 ||
	    (tm.tm_hour = digits(&text, 2, 23)) < 0 || literal(&text, ":") != 0 ||
	    (tm.tm_min = digits(&text, 2, 59)) < 0 || literal(&text, ":") != 0 ||
	    (tm.tm_sec = digits(&text, 2, 60)) < 0)
		return -1;
	if (*text == '.' && (text++, fraction(&text, &ns) != 0))
		return -1;
	if (zone(&text, &east) != 0 || *text != '\0')
		return -1;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	check = tm;
	check.tm_sec = 0; /* a leap second may belong to the next day */
	s = timegm(&check) + tm.tm_sec - east;
	if (check.tm_mday != tm.tm_mday || s < 0)
		return -1; /* the 31st of a month that has none; or 1969, east of here */
	*ret_wall_ns = (int64_t)s * NS_PER_S + ns;
	return 0;
}
