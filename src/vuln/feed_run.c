/* Both ends of the pipe between a feed's parser and its caller. A frame is a type byte, a length in four bytes (low end
 * first) and that many bytes: a record in the encoding of advisory_code.c, a skipped record's name and reason, the
 * parser's error, or the end. Without the end frame the answer is not whole, whatever came before.
 *
 * The child reads compressed documents and zip archives itself (a zip archive through its spool file, since its directory is
 * at its end). A document of an archive that cannot be read is skipped and said, unless none can. */
#include "vuln/feed_run.h"

#include "base/zip.h"
#include "vuln/advisory_code.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>

enum frame { FRAME_END = 1, FRAME_ADVISORY, FRAME_KEV, FRAME_EPSS, FRAME_SKIPPED, FRAME_FAILED };
enum { HEAD = 5, OUT = 128 * 1024, WHAT_MAX = 200, ZSTD_WINDOW_LOG = 27, RATIO = 2000 };

/* The child's side. */
struct outlet {
	int (*put)(void *ctx, struct str bytes, struct err *e);
	void *ctx;
	struct buf out, record;
	int failed; /* the way out is closed: nothing more can be said */
	uint64_t records, skipped;
	char first_why[WHAT_MAX];
};

static int outlet_flush(struct outlet *o, struct err *e)
{
	int r = o->failed;
	if (r == 0 && o->out.n)
		r = o->failed = o->put(o->ctx, str_buf(&o->out), e);
	o->out.n = 0;
	return r;
}

static int outlet_frame(struct outlet *o, enum frame type, struct str bytes, struct err *e)
{
	char head[HEAD] = { (char)type };
	for (unsigned i = 0; i < 4; i++)
		head[1 + i] = (char)(bytes.n >> (8 * i));
	buf_add(&o->out, head, sizeof head);
	buf_add_str(&o->out, bytes);
	return o->out.n >= OUT ? outlet_flush(o, e) : o->failed;
}

static void sink_skipped(void *ctx, struct str what, const char *why)
{
	struct outlet *o = ctx;
	struct err e;
	o->record.n = 0;
	code_put_str(&o->record, str_upto(what, WHAT_MAX));
	code_put_str(&o->record, str_upto(str_of(why), WHAT_MAX));
	if (o->skipped++ == 0)
		snprintf(o->first_why, sizeof o->first_why, "%s", why);
	outlet_frame(o, FRAME_SKIPPED, str_buf(&o->record), &e);
}

static int sink_advisory(void *ctx, const struct advisory *adv, struct err *e)
{
	struct outlet *o = ctx;
	struct err why;
	o->record.n = 0;
	if (advisory_encode(adv, &o->record, &why) || o->record.n > ADVISORY_BYTES) {
		sink_skipped(o, adv->id, "it is too large, or its version scheme has no number");
		return o->failed;
	}
	o->records++;
	return outlet_frame(o, FRAME_ADVISORY, str_buf(&o->record), e);
}

static int sink_kev(void *ctx, const struct kev *k, struct err *e)
{
	struct outlet *o = ctx;
	o->record.n = 0;
	o->records++;
	kev_encode(k, &o->record);
	return outlet_frame(o, FRAME_KEV, str_buf(&o->record), e);
}

static int sink_epss(void *ctx, const struct epss *p, struct err *e)
{
	struct outlet *o = ctx;
	o->record.n = 0;
	o->records++;
	epss_encode(p, &o->record);
	return outlet_frame(o, FRAME_EPSS, str_buf(&o->record), e);
}

struct job {
	const struct feed *feed;
	enum feed_shape shape;
	struct str detail;
};

/* One document of several: a failure skips it alone. */
static int parse_member(const struct job *job, struct str name, struct str bytes,
			const struct feed_sink *sink, struct err *e)
{
	struct outlet *o = sink->ctx;
	struct stream *in CLEANUP(cleanup_stream) = stream_mem(bytes);
	struct err why;
	int r = job->feed->parse(in, job->detail, sink, &why);
	if (o->failed) {
		*e = why;
		return o->failed;
	}
	if (r)
		sink_skipped(o, name, why.text);
	return o->failed;
}

static int some_read(const struct outlet *o, struct err *e)
{
	if (o->records == 0 && o->skipped)
		return err_set(e, ERR_INVALID, "none of its %llu documents can be read: %s",
			       (unsigned long long)o->skipped, o->first_why);
	return 0;
}

static int copy_to(struct stream *in, int fd, struct err *e)
{
	ssize_t n;
	while ((n = stream_fill(in, e)) > 0) {
		ssize_t w = write(fd, in->pos, (size_t)n);
		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return err_sys(e, "write to the spool file");
		in->pos += w;
	}
	return (int)n;
}

static int parse_zip(const struct job *job, struct stream *in, int spool,
		     const struct feed_sink *sink, struct err *e)
{
	static const struct zip_limits limits = { FEED_MEMBERS, FEED_MEMBER_BYTES, FEED_ZIP_BYTES };
	struct outlet *o = sink->ctx;
	struct zip *z CLEANUP(cleanup_zip) = NULL;
	struct buf b CLEANUP(buf_done) = { 0 };
	struct zip_member m;
	int r = copy_to(in, spool, e);
	if (r == 0)
		r = zip_open(spool, &limits, &z, e);
	while (r == 0 && (r = zip_next(z, &m, e)) == 1) {
		struct err why;
		r = 0;
		if (m.folder || !str_ends(m.name, S(".json")))
			continue;
		int bad = zip_read(z, &m, &b, &why);
		if (bad)
			sink_skipped(o, m.name, why.text);
		r = bad ? o->failed : parse_member(job, m.name, str_buf(&b), sink, e);
	}
	return r ? r : some_read(o, e);
}

static int parse_files(const struct job *job, struct stream *in, const struct feed_sink *sink,
		       struct err *e)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	uint32_t head[2];
	ssize_t n;
	while ((n = stream_fill(in, e)) > 0) {
		int r = stream_read_exact(in, head, sizeof head, e);
		if (r == 0 && (head[0] > FEED_MEMBER_BYTES || head[1] > FEED_MEMBER_BYTES))
			r = err_set(e, ERR_LIMIT, "a document is larger than %d bytes",
				    FEED_MEMBER_BYTES);
		if (r)
			return r;
		size_t all = (size_t)head[0] + head[1];
		b.n = 0;
		buf_reserve(&b, all + 1);
		r = stream_read_exact(in, b.p, all, e);
		b.n = all;
		if (r == 0)
			r = parse_member(job, str_upto(str_buf(&b), head[0]),
					 str_from(str_buf(&b), head[0]), sink, e);
		if (r)
			return r;
	}
	return n < 0 ? (int)n : some_read(sink->ctx, e);
}

/* Looks at the first bytes without consuming them; `in` has a window afterwards. */
static enum compression look(struct stream *in, struct err *e)
{
	ssize_t n = stream_fill(in, e);
	return n > 0 ? compression_of((struct str){ (const char *)in->pos, (size_t)n })
		     : COMPRESSION_NONE;
}

static int parse_plain(const struct job *job, struct stream *in, const struct feed_sink *sink,
		       struct err *e)
{
	static const struct inflate_limits limits = { FEED_DOCUMENT_BYTES, RATIO, ZSTD_WINDOW_LOG };
	enum compression c = look(in, e);
	struct stream *document CLEANUP(cleanup_stream) = stream_inflate(in, c, &limits, NULL);
	return job->feed->parse(document, job->detail, sink, e);
}

/* Takes over `in`. */
static int run_job(const struct job *job, struct stream *in, int spool, struct outlet *o)
{
	const struct feed_sink sink = { sink_advisory, sink_kev, sink_epss, sink_skipped, o };
	struct buf text CLEANUP(buf_done) = { 0 };
	struct err e = { 0 };
	int r;
	if (job->shape == FEED_PLAIN) {
		r = parse_plain(job, in, &sink, &e);
	} else {
		r = job->shape == FEED_ZIP ? parse_zip(job, in, spool, &sink, &e)
					   : parse_files(job, in, &sink, &e);
		stream_close(in);
	}
	if (r) {
		code_put_number(&text, (uint64_t)-r);
		code_put_str(&text, str_of(e.text));
	}
	outlet_frame(o, r ? FRAME_FAILED : FRAME_END, str_buf(&text), &e);
	r = outlet_flush(o, &e);
	buf_done(&o->out);
	buf_done(&o->record);
	return r;
}

static int put_fd(void *ctx, struct str bytes, struct err *e)
{
	int fd = *(int *)ctx;
	while (bytes.n) {
		ssize_t w = write(fd, bytes.p, bytes.n);
		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return err_sys(e, "write the answer");
		bytes = str_from(bytes, (size_t)w);
	}
	return 0;
}

/* params: number of the feed, shape, detail. */
static bool read_params(struct str params, struct job *job)
{
	struct code c = code_of(params);
	size_t index = (size_t)code_number(&c, UINT16_MAX);
	job->shape = (enum feed_shape)code_number(&c, FEED_FILES);
	job->detail = code_str(&c);
	for (size_t i = 0; !c.bad && feeds[i]; i++)
		if (i == index)
			job->feed = feeds[i];
	return job->feed != NULL;
}

static int feed_child(int in, int out, int spool, struct str params)
{
	struct job job = { 0 };
	struct outlet o = { .put = put_fd, .ctx = &out };
	if (!read_params(params, &job))
		return 2;
	return run_job(&job, stream_fd(in, false, -1, UINT64_MAX), spool, &o) ? 1 : 0;
}

/* The caller's side. */
struct feed_answer {
	const struct feed_sink *sink;
	struct buf pending; /* a frame that is not whole yet */
	struct arena arena;
	bool ended;
	int failed;
	struct err why;
};

struct feed_answer *feed_answer_open(const struct feed_sink *sink)
{
	struct feed_answer *a = calloc(1, sizeof *a);
	if (!a)
		abort();
	a->sink = sink;
	return a;
}

void feed_answer_close(struct feed_answer *a)
{
	buf_done(&a->pending);
	arena_done(&a->arena);
	free(a);
}

/* For people's terminals: what a hostile document made a parser say. */
static void printable(char *p)
{
	for (; *p; p++)
		if ((unsigned char)*p < 0x20 || (unsigned char)*p == 0x7f)
			*p = '?';
}

static int take_skipped(struct feed_answer *a, struct str bytes, struct err *e)
{
	struct code c = code_of(bytes);
	struct str what = code_str(&c), why = code_str(&c);
	if (c.bad || what.n > WHAT_MAX || why.n > WHAT_MAX)
		return err_set(e, ERR_INVALID, "the parser's answer is damaged");
	char *text = arena_cstr(&a->arena, why), *name = arena_cstr(&a->arena, what);
	printable(text);
	printable(name);
	if (a->sink->skipped)
		a->sink->skipped(a->sink->ctx, str_of(name), text);
	return 0;
}

static int take_failure(struct feed_answer *a, struct str bytes, struct err *e)
{
	struct code c = code_of(bytes);
	int code = -(int)code_number(&c, (uint64_t)-ERR_UNSUPPORTED);
	struct str text = code_str(&c);
	if (c.bad || code == 0 || text.n >= sizeof a->why.text)
		return err_set(e, ERR_INVALID, "the parser's answer is damaged");
	a->failed = err_set(&a->why, code, "%.*s", STR(text));
	printable(a->why.text);
	a->ended = true;
	return 0;
}

static int take_frame(struct feed_answer *a, enum frame type, struct str bytes, struct err *e)
{
	struct advisory adv;
	struct kev k;
	struct epss p;
	int r;
	if (a->ended)
		return err_set(e, ERR_INVALID, "the parser's answer goes on behind its end");
	arena_done(&a->arena);
	switch (type) {
	case FRAME_ADVISORY:
		r = advisory_decode(&a->arena, bytes, &adv, e);
		return r ? r : a->sink->advisory(a->sink->ctx, &adv, e);
	case FRAME_KEV:
		r = kev_decode(bytes, &k, e);
		return r ? r : a->sink->kev(a->sink->ctx, &k, e);
	case FRAME_EPSS:
		r = epss_decode(bytes, &p, e);
		return r ? r : a->sink->epss(a->sink->ctx, &p, e);
	case FRAME_SKIPPED:
		return take_skipped(a, bytes, e);
	case FRAME_FAILED:
		return take_failure(a, bytes, e);
	case FRAME_END:
		a->ended = true;
		return 0;
	}
	return err_set(e, ERR_INVALID, "the parser's answer has an unknown frame");
}

/* Length of the first frame with its head; 0 when the head is not whole; ERR_LIMIT. */
static int64_t frame_size(struct str s, struct err *e)
{
	if (s.n < HEAD)
		return 0;
	uint32_t n = 0;
	for (unsigned i = 4; i > 0; i--)
		n = n << 8 | (unsigned char)s.p[i];
	if (n > ADVISORY_BYTES)
		return err_set(e, ERR_LIMIT, "the parser's answer has a record of %u bytes", n);
	return (int64_t)HEAD + n;
}

/* Takes the whole frames off *s. */
static int take_frames(struct feed_answer *a, struct str *s, struct err *e)
{
	for (;;) {
		int64_t n = frame_size(*s, e);
		if (n < 0)
			return (int)n;
		if (n == 0 || (uint64_t)n > s->n)
			return 0;
		int r = take_frame(a, (enum frame)s->p[0],
				   str_upto(str_from(*s, HEAD), (size_t)n - HEAD), e);
		if (r)
			return r;
		*s = str_from(*s, (size_t)n);
	}
}

int feed_answer_take(void *answer, struct str piece, struct err *e)
{
	struct feed_answer *a = answer;
	if (a->pending.n == 0) {
		int r = take_frames(a, &piece, e);
		if (r == 0)
			buf_add_str(&a->pending, piece);
		return r;
	}
	buf_add_str(&a->pending, piece);
	struct str rest = str_buf(&a->pending);
	int r = take_frames(a, &rest, e);
	if (r)
		return r;
	if (rest.n && rest.n < a->pending.n)
		memmove(a->pending.p, rest.p, rest.n);
	a->pending.n = rest.n;
	return 0;
}

int feed_answer_end(struct feed_answer *a, struct err *e)
{
	if (a->failed) {
		*e = a->why;
		return a->failed;
	}
	if (!a->ended || a->pending.n)
		return err_set(e, ERR_INVALID, "the parser's answer ends early");
	return 0;
}

/* The job's own stream over the caller's, which stays open. */
struct borrowed {
	struct stream s;
	struct stream *below;
};

static ssize_t borrowed_fill(struct stream *s, struct err *e)
{
	struct borrowed *b = (struct borrowed *)s;
	ssize_t n = stream_fill(b->below, e);
	if (n > 0) {
		s->pos = b->below->pos;
		s->end = b->below->end;
		b->below->pos = b->below->end;
	}
	return n;
}

static void borrowed_close(struct stream *s)
{
	free(s);
}

static int run_here(const struct job *job, struct stream *in, struct feed_answer *answer,
		    struct err *e)
{
	static const struct stream_ops ops = { borrowed_fill, borrowed_close };
	int spool CLEANUP(cleanup_fd) = memfd_create("spool", MFD_CLOEXEC);
	struct outlet o = { .put = feed_answer_take, .ctx = answer };
	struct borrowed *b = calloc(1, sizeof *b);
	if (!b || spool < 0)
		abort();
	b->s.ops = &ops;
	b->below = in;
	int r = run_job(job, &b->s, spool, &o);
	return r ? err_set(e, r, "a record was refused") : stream_drain(in, e);
}

static size_t index_of(const struct feed *feed)
{
	size_t i = 0;
	while (feeds[i] && feeds[i] != feed)
		i++;
	return i;
}

int feed_run(struct launcher *launcher, const struct feed *feed, enum feed_shape shape,
	     struct str detail, struct stream *in, const struct feed_sink *sink, struct err *e)
{
	static const struct child_limits limits = { FEED_MEMORY, FEED_SECONDS,
						    FEED_DOCUMENT_BYTES };
	const struct job job = { feed, shape, detail };
	struct feed_answer *a = feed_answer_open(sink);
	struct buf params CLEANUP(buf_done) = { 0 };
	int r;
	code_put_number(&params, index_of(feed));
	code_put_number(&params, shape);
	code_put_str(&params, detail);
	if (launcher) {
		const struct child_answer answer = { feed_answer_take, a };
		r = child_run(launcher, feed_child, str_buf(&params), &limits, in, &answer, 0, e);
	} else {
		r = run_here(&job, in, a, e);
	}
	/* What the parser says is nearer to the cause than how its process ended, but not than what `in` says. */
	if (r == 0 || (r == ERR_IO && a->failed))
		r = feed_answer_end(a, e);
	feed_answer_close(a);
	return r;
}
