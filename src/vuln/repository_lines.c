/* Lines of tab-separated fields, as the children of the repository feed answer and as changelogs lie in the cache. White
 * space and control bytes inside a field become spaces. The reader is bounded in line length, fields and bytes. */
#include "vuln/repository_run.h"

#include "base/stream.h"
#include "base/time.h"

#include <errno.h>
#include <stdio.h>

enum { CHILD_MEMORY = 1 << 30, CHILD_SECONDS = 300, FLUSH = 64 << 10 };

static void flush(struct line_out *o)
{
	struct str rest = str_buf(&o->b);
	while (o->fd >= 0 && rest.n && !o->failed) {
		ssize_t n = write(o->fd, rest.p, rest.n);
		if (n > 0)
			rest = str_from(rest, (size_t)n);
		else if (n == 0 || errno != EINTR)
			o->failed = true;
	}
	if (o->fd >= 0)
		o->b.n = 0;
}

void line_put(struct line_out *o, size_t n, const struct str *fields)
{
	for (size_t i = 0; i < n; i++) {
		struct str f = str_upto(fields[i], LINE_MAX_BYTES / LINE_FIELDS - 2);
		if (i)
			buf_add_char(&o->b, '\t');
		for (size_t k = 0; k < f.n; k++)
			buf_add_char(&o->b, (unsigned char)f.p[k] < ' ' ? ' ' : f.p[k]);
	}
	buf_add_char(&o->b, '\n');
	if (o->b.n > FLUSH)
		flush(o);
}

void line_number(char text[24], uint64_t v, struct str *out)
{
	snprintf(text, 24, "%llu", (unsigned long long)v);
	*out = str_of(text);
}

int line_end(struct line_out *o, int r, uint64_t number, const struct err *e)
{
	char text[24];
	struct str n;
	line_number(text, r < 0 ? (uint64_t)-r : number, &n);
	if (r < 0)
		LINE(o, S("F"), n, str_of(e->text));
	else
		LINE(o, S("Z"), n);
	flush(o);
	bool failed = o->failed;
	buf_done(&o->b);
	return failed ? 1 : 0;
}

static int child_failed(const struct str *f, size_t n, struct err *e)
{
	uint64_t code;
	if (n != 3 || !str_to_u64(f[1], -ERR_UNSUPPORTED, &code) || code == 0)
		return err_set(e, ERR_INVALID, "the child's answer is broken");
	return err_set(e, -(int)code, "%.*s", STR(str_upto(f[2], 400)));
}

static int one_line(struct line_in *in, struct str line, struct err *e)
{
	struct str f[LINE_FIELDS];
	size_t n = 0;
	while (n < LINE_FIELDS) {
		ssize_t tab = str_find_char(line, '\t');
		f[n++] = tab < 0 ? line : str_upto(line, (size_t)tab);
		if (tab < 0)
			break;
		line = str_from(line, (size_t)tab + 1);
	}
	if (in->ended)
		return err_set(e, ERR_INVALID, "the child's answer goes on behind its end");
	if (str_eq(f[0], S("F")))
		return child_failed(f, n, e);
	if (!str_eq(f[0], S("Z")))
		return in->line(in->ctx, f, n, e);
	if (n != 2 || !str_to_u64(f[1], UINT64_MAX, &in->number))
		return err_set(e, ERR_INVALID, "the child's answer is broken");
	in->ended = true;
	return 0;
}

int line_take(void *ctx, struct str piece, struct err *e)
{
	struct line_in *in = ctx;
	in->seen += piece.n;
	if (in->seen > in->max)
		return err_set(e, ERR_LIMIT, "more than %llu bytes of answer",
			       (unsigned long long)in->max);
	while (piece.n) {
		ssize_t nl = str_find_char(piece, '\n');
		struct str part = nl < 0 ? piece : str_upto(piece, (size_t)nl);
		if (in->partial.n + part.n > LINE_MAX_BYTES)
			return err_set(e, ERR_LIMIT, "a line of the answer is too long");
		buf_add_str(&in->partial, part);
		if (nl < 0)
			return 0;
		int r = one_line(in, str_buf(&in->partial), e);
		if (r < 0)
			return r;
		in->partial.n = 0;
		piece = str_from(piece, (size_t)nl + 1);
	}
	return 0;
}

int line_done(struct line_in *in, struct err *e)
{
	buf_done(&in->partial);
	return in->ended ? 0 : err_set(e, ERR_INVALID, "the child's answer is not whole");
}

int repository_child(struct repository_run *run, child_main *main, struct str params,
		     struct stream *in, struct line_in *lines, struct err *e)
{
	struct child_limits limits = { CHILD_MEMORY, CHILD_SECONDS, 0 };
	struct child_answer answer = { line_take, lines };
	struct err ignored;
	int64_t deadline = time_monotonic() + 1800 * 1000000000LL;
	int r = child_run(run->o->launcher, main, params, &limits, in, &answer, deadline, e);
	int whole = line_done(lines, r ? &ignored : e);
	return r ? r : whole;
}
