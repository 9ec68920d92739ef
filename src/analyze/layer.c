/* A layer's way into its child and back.
 *
 * Towards the child goes one stream: the job (what is asked for; number of inputs; of each its media type and aliases),
 * then each input as frames of a 4-byte length and bytes, the empty frame last. Back comes the encoded record and
 * nothing else. The limits go as parameters. What the child reads is hostile; what it writes is then hostile too, so the
 * answer is bounded and decoded by record_decode, and none of it counts unless our own verification of the input
 * succeeded. */
#include "analyze/walk.h"

#include "analyze/scan.h"
#include "base/child.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

enum { FRAME_MAX = 1 << 20, JOB_MAX = 256 << 20 };

/* Towards the child */

static void put_u32(struct buf *b, size_t v)
{
	uint32_t n = (uint32_t)v;
	buf_add(b, &n, sizeof n);
}

static void put_text(struct buf *b, struct str s)
{
	put_u32(b, s.n);
	buf_add_str(b, s);
}

static void put_job(struct buf *b, const struct analysis_options *o,
		    const struct layer_input *inputs, size_t n)
{
	struct buf job = { 0 };
	put_u32(&job, o->scanners);
	put_u32(&job, o->lockfiles);
	put_u32(&job, o->databases_only);
	put_text(&job, o->secret_rules);
	put_text(&job, o->yara_rules);
	put_u32(&job, n);
	for (size_t i = 0; i < n; i++) {
		put_text(&job, inputs[i].media_type);
		put_u32(&job, inputs[i].aliases ? inputs[i].n_aliases + 1 : 0);
		for (size_t k = 0; inputs[i].aliases && k < inputs[i].n_aliases; k++) {
			put_text(&job, inputs[i].aliases[k].source);
			put_text(&job, inputs[i].aliases[k].path);
		}
	}
	put_text(b, str_buf(&job));
	buf_done(&job);
}

/* All inputs as frames. A window of the stream below passes as it is, behind its length. */
struct framed {
	struct stream s;
	const struct layer_input *inputs;
	size_t n, at;
	bool in_window, failed_below;
	struct buf head;
	uint32_t length;
};

static ssize_t framed_fill(struct stream *s, struct err *e)
{
	struct framed *f = (struct framed *)s;
	if (f->head.n) {
		s->pos = (const unsigned char *)f->head.p;
		s->end = s->pos + f->head.n;
		f->head.n = 0;
		return s->end - s->pos;
	}
	if (f->at == f->n)
		return 0;
	struct stream *below = f->inputs[f->at].bytes;
	if (f->in_window) {
		s->pos = below->pos;
		s->end = below->pos + f->length;
		below->pos = s->end;
		f->in_window = false;
		return (ssize_t)f->length;
	}
	ssize_t n = stream_fill(below, e);
	if (n < 0)
		return n;
	f->length = (uint32_t)MIN(n, (ssize_t)FRAME_MAX);
	f->in_window = n > 0;
	f->at += n == 0;
	s->pos = (const unsigned char *)&f->length;
	s->end = s->pos + sizeof f->length;
	return sizeof f->length;
}

static void framed_close(struct stream *s)
{
	buf_done(&((struct framed *)s)->head);
}

/* At the child */

struct unframed {
	struct stream s;
	struct stream *below; /* not owned */
	uint32_t left;
};

static ssize_t unframed_fill(struct stream *s, struct err *e)
{
	struct unframed *u = (struct unframed *)s;
	if (u->left == 0) {
		int r = stream_read_exact(u->below, &u->left, sizeof u->left, e);
		if (r)
			return r;
		if (u->left == 0)
			return 0;
	}
	ssize_t n = stream_fill(u->below, e);
	if (n <= 0)
		return n < 0 ? n : err_set(e, ERR_IO, "the starter is gone");
	n = MIN(n, (ssize_t)u->left);
	s->pos = u->below->pos;
	s->end = s->pos + n;
	u->below->pos = s->end;
	u->left -= (uint32_t)n;
	return n;
}

static void unframed_close(struct stream *s)
{
	(void)s;
}

static uint32_t get_u32(struct str *s, bool *bad)
{
	uint32_t v = 0;
	if (s->n < sizeof v)
		*bad = true;
	else
		memcpy(&v, s->p, sizeof v);
	*s = str_from(*s, sizeof v);
	return v;
}

static struct str get_text(struct str *s, bool *bad)
{
	uint32_t n = get_u32(s, bad);
	if (n > s->n)
		*bad = true;
	struct str t = str_upto(*s, n);
	*s = str_from(*s, n);
	return t;
}

static bool get_input(struct arena *a, struct str *job, struct layer_input *in)
{
	bool bad = false;
	in->media_type = get_text(job, &bad);
	uint32_t n = get_u32(job, &bad);
	if (bad || n > job->n)
		return false;
	if (n == 0)
		return true;
	struct layer_alias *v = arena_array(a, n, sizeof *v);
	for (uint32_t i = 0; i + 1 < n; i++) {
		v[i].source = get_text(job, &bad);
		v[i].path = get_text(job, &bad);
	}
	in->aliases = v;
	in->n_aliases = n - 1;
	return !bad;
}

static bool get_job(struct stream *in, struct arena *a, struct str *job)
{
	uint32_t n;
	struct err e;
	if (stream_read_exact(in, &n, sizeof n, &e) || n > JOB_MAX)
		return false;
	char *p = arena_alloc(a, n);
	*job = (struct str){ p, n };
	return stream_read_exact(in, p, n, &e) == 0;
}

static bool get_options(struct str *job, struct analysis_options *o)
{
	bool bad = false;
	o->scanners = get_u32(job, &bad);
	o->lockfiles = get_u32(job, &bad);
	o->databases_only = get_u32(job, &bad);
	o->secret_rules = get_text(job, &bad);
	o->yara_rules = get_text(job, &bad);
	return !bad;
}

static bool walk_inputs(struct walk *w, struct stream *in, struct arena *a, struct str job)
{
	static const struct stream_ops ops = { unframed_fill, unframed_close };
	bool bad = false;
	struct err e;
	for (uint32_t n = get_u32(&job, &bad); n && !bad; n--) {
		struct layer_input input = { 0 };
		struct unframed u = { .s = { .ops = &ops }, .below = in };
		if (!get_input(a, &job, &input) || walk_layer(w, &u.s, &input, &e))
			return false;
		/* What a cut walk left unread must not be taken for the next input. */
		if (n > 1 && stream_drain(&u.s, &e))
			return false;
	}
	return !bad;
}

static bool write_all(int fd, struct str s)
{
	while (s.n) {
		ssize_t n = write(fd, s.p, s.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		s = str_from(s, (size_t)n);
	}
	return true;
}

static void encode(struct arena *a, const struct limits *l, const struct layer_record *r,
		   struct buf *bytes)
{
	record_encode(r, bytes);
	if (bytes->n <= l->record_bytes)
		return;
	struct layer_record none = { .cut = true, .entries = r->entries, .bytes = r->bytes };
	bytes->n = 0;
	record_add_note(
		a, &none, l, (struct str){ 0 },
		arena_printf(
			a,
			"the layer was not examined: its record is larger than record_bytes, %llu",
			(unsigned long long)l->record_bytes));
	record_encode(&none, bytes);
}

int layer_child(int in, int out, int spool, struct str params)
{
	struct arena a = { 0 };
	struct buf bytes = { 0 };
	struct limits l;
	struct layer_record record;
	struct str job;
	struct err e;
	if (params.n != sizeof l)
		return 1;
	memcpy(&l, params.p, sizeof l);
	struct analysis_options o;
	struct stream *s = stream_fd(in, false, -1, UINT64_MAX);
	struct walk *w = NULL;
	int r = 2;
	if (get_job(s, &a, &job) && get_options(&job, &o))
		w = walk_open(analyzers_chosen(&a, &o), &o, &l, &a, spool);
	if (w && walk_inputs(w, s, &a, job) && walk_end(w, &record, &e) == 0) {
		walk_close(STEAL(w));
		encode(&a, &l, &record, &bytes);
		r = write_all(out, str_buf(&bytes)) ? 0 : 3;
	}
	walk_close(w);
	stream_close(s);
	buf_done(&bytes);
	arena_done(&a);
	return r;
}

/* Back from the child */

struct taking {
	struct buf bytes;
	uint64_t max;
};

static int take(void *ctx, struct str piece, struct err *e)
{
	struct taking *t = ctx;
	if (piece.n > t->max - t->bytes.n)
		return err_set(e, ERR_LIMIT, "its record is larger than record_bytes, %llu",
			       (unsigned long long)t->max);
	buf_add_str(&t->bytes, piece);
	return 0;
}

static void not_examined(struct arena *a, const struct limits *l, struct layer_record *out,
			 const struct err *e)
{
	*out = (struct layer_record){ .cut = true };
	record_add_note(a, out, l, (struct str){ 0 },
			arena_printf(a, "layer not examined: %s", e->text));
}

static bool is_past(int64_t deadline)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return deadline && (int64_t)t.tv_sec * 1000000000 + t.tv_nsec >= deadline;
}

static int run(struct launcher *launcher, struct framed *f, const struct limits *l,
	       struct taking *t, struct err *e)
{
	struct child_limits c = { l->layer_memory, l->layer_seconds, l->spool_bytes, "layer_memory",
				  "layer_seconds" };
	struct child_answer answer = { take, t };
	struct str params = { (const char *)l, sizeof *l };
	return child_run(launcher, layer_child, params, &c, &f->s, &answer, f->inputs[0].deadline,
			 e);
}

int layer_analyze(struct launcher *launcher, const struct analysis_options *options,
		  const struct layer_input *inputs, size_t n, const struct limits *l,
		  struct arena *a, struct layer_record *out, struct buf *raw, struct err *e)
{
	static const struct stream_ops ops = { framed_fill, framed_close };
	struct framed f = { .s = { .ops = &ops }, .inputs = inputs, .n = n };
	struct taking t = { .max = l->record_bytes };
	struct err why = { 0 };
	if (n == 0)
		return err_set(e, ERR_INVALID, "no layer to analyze");
	put_job(&f.head, options, inputs, n);
	int r = run(launcher, &f, l, &t, &why);
	bool ours = f.s.failed || r == ERR_UNSUPPORTED || (r && is_past(inputs[0].deadline));
	framed_close(&f.s);
	if (r && ours) {
		*e = why;
		buf_done(&t.bytes);
		return r;
	}
	/* The record's strings point into its bytes: those live as long as the arena. */
	struct str bytes = arena_str(a, str_buf(&t.bytes));
	buf_done(&t.bytes);
	if (r == 0)
		r = record_decode(a, bytes, l, out, &why);
	if (r)
		not_examined(a, l, out, &why);
	else if (raw)
		buf_add_str(raw, bytes);
	return 0;
}

int layer_walk(struct stream *layer, const struct analysis_options *options,
	       const struct layer_input *in, const struct limits *l, struct arena *a,
	       struct layer_record *out, struct err *e)
{
	CLEANUP(cleanup_walk)
	struct walk *w = walk_open(analyzers_chosen(a, options), options, l, a, -1);
	int r = walk_layer(w, layer, in, e);
	return r ? r : walk_end(w, out, e);
}

void layer_analyzers_id(const struct analysis_options *options, struct buf *out)
{
	struct arena a = { 0 };
	const struct str rules[] = { options->secret_rules, options->yara_rules };
	char text[DIGEST_TEXT];
	struct digest d;
	buf_addf(out, "record %d scanners %u\n", RECORD_FORMAT, options->scanners);
	for (const struct analyzer *const *z = analyzers_chosen(&a, options); *z; z++)
		buf_addf(out, "%s %u\n", (*z)->name, (*z)->version);
	for (size_t i = 0; i < COUNT(rules); i++) {
		digest_of(DIGEST_SHA256, rules[i], &d);
		buf_addf(out, "rules %s\n", digest_text(&d, text));
	}
	arena_done(&a);
}
