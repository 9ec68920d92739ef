/* Dates and times by hand, in UTC alone: no locale, no time zone database, no 2038. Input is hostile only in being
 * wrong: every field is ranged, nothing overflows. Not supported: week dates, ordinal dates, years beyond 9999. */
#include "base/time.h"

#include <stdio.h>
#include <time.h>

enum { DAY = 86400 };

/* Days from 1970-01-01 to a date of the proleptic Gregorian calendar: years begin in March, so that the leap day is
 * the last of its year. */
static int64_t days_of(int64_t year, unsigned month, unsigned day)
{
	int64_t y = month > 2 ? year : year - 1;
	unsigned from_march = month > 2 ? month - 3 : month + 9;
	int64_t before = y * 365 + y / 4 - y / 100 + y / 400;
	return before + (153 * (int64_t)from_march + 2) / 5 + day - 1 - 719468;
}

static unsigned month_days(unsigned year, unsigned month)
{
	static const unsigned char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	return month == 2 && leap ? 29 : days[month - 1];
}

/* The next n digits of *s as a number. */
static bool digits(struct str *s, size_t n, unsigned *out)
{
	unsigned v = 0;
	if (s->n < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (s->p[i] < '0' || s->p[i] > '9')
			return false;
		v = v * 10 + (unsigned)(s->p[i] - '0');
	}
	*s = str_from(*s, n);
	*out = v;
	return true;
}

static bool byte(struct str *s, char c)
{
	if (s->n == 0 || s->p[0] != c)
		return false;
	*s = str_from(*s, 1);
	return true;
}

static bool cut_date(struct str *s, int64_t *out)
{
	unsigned y, m, d;
	if (!digits(s, 4, &y) || !byte(s, '-') || !digits(s, 2, &m) || !byte(s, '-') ||
	    !digits(s, 2, &d))
		return false;
	if (y == 0 || m == 0 || m > 12 || d == 0 || d > month_days(y, m))
		return false;
	*out = days_of(y, m, d) * DAY;
	return true;
}

static bool cut_clock(struct str *s, int64_t *out)
{
	unsigned h, m, sec;
	if (!digits(s, 2, &h) || !byte(s, ':') || !digits(s, 2, &m) || !byte(s, ':') ||
	    !digits(s, 2, &sec))
		return false;
	if (h > 23 || m > 59 || sec > 60)
		return false;
	if (byte(s, '.')) {
		unsigned ignored;
		if (!digits(s, 1, &ignored))
			return false;
		while (digits(s, 1, &ignored))
			;
	}
	*out = (int64_t)h * 3600 + m * 60 + MIN(sec, 59u);
	return true;
}

/* Seconds east of UTC. */
static bool cut_offset(struct str *s, int64_t *out)
{
	*out = 0;
	if (s->n == 0 || byte(s, 'Z') || byte(s, 'z'))
		return true;
	bool west = s->p[0] == '-';
	unsigned h, m;
	if (!(west ? byte(s, '-') : byte(s, '+')) || !digits(s, 2, &h) || !byte(s, ':') ||
	    !digits(s, 2, &m))
		return false;
	if (h > 23 || m > 59)
		return false;
	*out = ((int64_t)h * 3600 + m * 60) * (west ? -1 : 1);
	return true;
}

bool time_parse(struct str s, int64_t *out)
{
	int64_t date, clock, offset;
	if (!cut_date(&s, &date))
		return false;
	if (s.n == 0) {
		*out = date;
		return true;
	}
	if (!byte(&s, 'T') && !byte(&s, 't') && !byte(&s, ' '))
		return false;
	if (!cut_clock(&s, &clock) || !cut_offset(&s, &offset) || s.n)
		return false;
	*out = date + clock - offset;
	return true;
}

bool time_parse_date(struct str s, int64_t *out)
{
	int64_t date;
	if (!cut_date(&s, &date) || s.n)
		return false;
	*out = date;
	return true;
}

struct civil {
	unsigned year, month, day;
};

static struct civil civil_of(int64_t days)
{
	int64_t z = days + 719468; /* from 0000-03-01; never negative after the clamp */
	int64_t era = z / 146097, in_era = z % 146097;
	int64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	int64_t in_year = in_era - (365 * year + year / 4 - year / 100);
	int64_t m = (5 * in_year + 2) / 153;
	unsigned month = (unsigned)(m < 10 ? m + 3 : m - 9);
	int64_t y = year + era * 400 + (month <= 2);
	return (struct civil){ (unsigned)y, month, (unsigned)(in_year - (153 * m + 2) / 5 + 1) };
}

static int64_t clamp(int64_t t)
{
	int64_t first = days_of(1, 1, 1) * DAY, last = days_of(10000, 1, 1) * DAY - 1;
	return t < first ? first : t > last ? last : t;
}

static int64_t floor_days(int64_t t)
{
	return t >= 0 ? t / DAY : -((-t + DAY - 1) / DAY);
}

const char *date_text(int64_t t, char text[DATE_TEXT])
{
	struct civil c = civil_of(floor_days(clamp(t)));
	snprintf(text, DATE_TEXT, "%04u-%02u-%02u", c.year % 10000, c.month % 100, c.day % 100);
	return text;
}

const char *time_text(int64_t t, char text[TIME_TEXT])
{
	char date[DATE_TEXT];
	t = clamp(t);
	unsigned in_day = (unsigned)(t - floor_days(t) * DAY);
	snprintf(text, TIME_TEXT, "%sT%02u:%02u:%02uZ", date_text(t, date), in_day / 3600 % 100,
		 in_day / 60 % 60, in_day % 60);
	return text;
}

int64_t time_now(void)
{
	return (int64_t)time(NULL);
}

int64_t time_monotonic(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}
