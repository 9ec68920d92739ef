/* Dates and times as advisories, registries and reports write them: RFC 3339 with any offset, and plain dates. Seconds
 * since 1970 without leap seconds; years 0001 to 9999. */
#ifndef LAZARET_BASE_TIME_H
#define LAZARET_BASE_TIME_H

#include "base/str.h"

/* "2024-05-01T12:30:00Z", "2024-05-01t12:30:00.123+02:00", also with a space between, or without an offset (taken for
 * UTC); "2024-05-01" is its midnight. Fractions are cut off; second 60 counts as 59. False for anything else. */
bool time_parse(struct str s, int64_t *out);
/* "2024-05-01" alone. */
bool time_parse_date(struct str s, int64_t *out);

enum { TIME_TEXT = 21, DATE_TEXT = 11 }; /* with NUL */
/* "2024-05-01T12:30:00Z" / "2024-05-01" into text; returns text. Clamped to the years 1 and 9999. */
const char *time_text(int64_t t, char text[TIME_TEXT]);
const char *date_text(int64_t t, char text[DATE_TEXT]);

int64_t time_now(void); /* Unix seconds */
int64_t time_monotonic(void); /* nanoseconds, CLOCK_MONOTONIC */

#endif
