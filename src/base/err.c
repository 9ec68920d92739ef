/* Error values: formatting into a fixed text, cut with an ellipsis when too long. */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#undef err_set
#undef err_sys
#undef err_in

static void mark_cut(struct err *e, size_t wanted)
{
	if (wanted >= sizeof e->text)
		memcpy(e->text + sizeof e->text - 4, "...", 4);
}

int err_set(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(e->text, sizeof e->text, fmt, ap);
	va_end(ap);
	e->code = code;
	mark_cut(e, n < 0 ? 0 : (size_t)n);
	return code;
}

int err_sys(struct err *e, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(e->text, sizeof e->text, fmt, ap);
	va_end(ap);
	size_t at = n < 0 ? 0 : (size_t)n;
	if (at < sizeof e->text) {
		int m = snprintf(e->text + at, sizeof e->text - at, ": %s", strerror(saved));
		at += m < 0 ? 0 : (size_t)m;
	}
	mark_cut(e, at);
	e->code = saved == ENOENT || saved == ENOTDIR ? ERR_NOT_FOUND : ERR_IO;
	return e->code;
}

int err_in(struct err *e, const char *fmt, ...)
{
	char old[sizeof e->text];
	memcpy(old, e->text, sizeof old);
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(e->text, sizeof e->text, fmt, ap);
	va_end(ap);
	size_t at = n < 0 ? 0 : (size_t)n;
	if (at < sizeof e->text) {
		int m = snprintf(e->text + at, sizeof e->text - at, ": %s", old);
		at += m < 0 ? 0 : (size_t)m;
	}
	mark_cut(e, at);
	return e->code;
}
