/* Reading SBOMs: both ends of the pipe. The child has the whole document in memory (sbom_bytes), takes it out of a DSSE envelope
 * and an in-toto statement where it is in such, asks every format whether it is its own, and answers with one record. The
 * answer may be made by a hostile document: it is bounded and decoded like a layer's.
 *
 * A document may claim to be anything, nest statements (one level is taken), repeat keys, point to what is not there, or
 * depend in circles; none of this is followed further than counted here and in sbom_items.c. Signatures are not checked here. */
#include "report/sbom_read.h"

#include "analyze/distro.h"
#include "base/base64.h"
#include "base/child.h"
#include "base/json.h"
#include "base/stream.h"
#include "report/sbom.h"

#include <errno.h>
#include <unistd.h>

/* JSON, part by part */

struct parts_reader {
	struct sbom *s;
	const struct sbom_part *parts, *now;
	unsigned base; /* depth of the object whose members are wanted, less one */
};

static int on_member(void *ctx, unsigned depth, struct str key, size_t index, struct err *e)
{
	struct parts_reader *r = ctx;
	(void)index;
	(void)e;
	if (r->now && depth == r->base + 2)
		return 1;
	if (depth != r->base + 1)
		return 2;
	r->now = NULL;
	for (const struct sbom_part *p = r->parts; p->key; p++) {
		if (!str_eq(key, str_of(p->key)))
			continue;
		r->now = p->each ? p : NULL;
		return p->each ? 0 : 1;
	}
	/* An in-toto statement; cosign once put the document into its Data. */
	if ((r->base == 0 && str_eq(key, S("predicate"))) ||
	    (r->base == 1 && str_eq(key, S("Data")))) {
		r->base++;
		return 0;
	}
	return 2;
}

static int on_value(void *ctx, unsigned depth, struct str key, size_t index,
		    const struct json *tree, struct err *e)
{
	struct parts_reader *r = ctx;
	(void)index;
	if (r->now && depth == r->base + 2)
		return r->now->take(r->s, tree, e);
	for (const struct sbom_part *p = r->parts; p->key; p++)
		if (str_eq(key, str_of(p->key)))
			return p->take(r->s, tree, e);
	return 0;
}

/* Back out of the predicate, so that what stands behind it is the statement's again. */
static int on_end(void *ctx, unsigned depth, struct err *e)
{
	struct parts_reader *r = ctx;
	(void)e;
	r->now = NULL;
	if (r->base && depth == r->base + 1)
		r->base--;
	return 0;
}

int sbom_read_json(struct sbom *s, struct str text, const struct sbom_part *parts, struct err *e)
{
	static const struct json_handlers handlers = { on_member, on_value, on_end };
	struct parts_reader r = { .s = s, .parts = parts };
	struct stream *in CLEANUP(cleanup_stream) = stream_mem(text);
	return json_read(in, &handlers, &r, e);
}

/* What is it? */

struct looking {
	struct arena *a;
	struct sbom_head head;
	unsigned base;
	bool payload, payload_type;
};

static int look_member(void *ctx, unsigned depth, struct str key, size_t index, struct err *e)
{
	struct looking *l = ctx;
	(void)index;
	(void)e;
	if (depth != l->base + 1)
		return 2;
	l->payload |= depth == 1 && str_eq(key, S("payload"));
	l->payload_type |= depth == 1 && str_eq(key, S("payloadType"));
	l->head.artifacts |= str_eq(key, S("artifacts"));
	l->head.schema |= str_eq(key, S("schema"));
	if ((l->base == 0 && str_eq(key, S("predicate"))) ||
	    (l->base == 1 && str_eq(key, S("Data")))) {
		l->base++;
		return 0;
	}
	bool wanted = str_eq(key, S("bomFormat")) || str_eq(key, S("spdxVersion")) ||
		      str_eq(key, S("@context"));
	return wanted ? 1 : 2;
}

static int look_value(void *ctx, unsigned depth, struct str key, size_t index,
		      const struct json *tree, struct err *e)
{
	struct looking *l = ctx;
	(void)depth;
	(void)index;
	(void)e;
	struct str text = arena_str(l->a, json_str(json_is_array(tree) ? json_first(tree) : tree));
	if (str_eq(key, S("bomFormat")))
		l->head.bom_format = text;
	else if (str_eq(key, S("spdxVersion")))
		l->head.spdx_version = text;
	else
		l->head.context = text;
	return 0;
}

static int look_end(void *ctx, unsigned depth, struct err *e)
{
	struct looking *l = ctx;
	(void)e;
	if (l->base && depth == l->base + 1)
		l->base--;
	return 0;
}

static bool is_tag_value(struct str text)
{
	struct str line;
	while (str_line(&text, &line)) {
		line = str_trim(line);
		if (line.n && line.p[0] != '#')
			return str_starts(line, S("SPDXVersion:"));
	}
	return false;
}

static int look(struct arena *a, struct str text, struct looking *out, struct err *e)
{
	static const struct json_handlers handlers = { look_member, look_value, look_end };
	struct looking l = { .a = a };
	l.head.tag_value = is_tag_value(text);
	if (!l.head.tag_value) {
		struct stream *in CLEANUP(cleanup_stream) = stream_mem(text);
		int r = json_read(in, &handlers, &l, e);
		if (r)
			return r;
	}
	*out = l;
	return 0;
}

/* The payload of a DSSE envelope: larger than a tree may be, so that its text is looked for. Base64 has no escapes but
 * "\/". */
static int open_envelope(struct arena *a, struct str text, struct str *out, struct err *e)
{
	struct buf b CLEANUP(buf_done) = { 0 }, bytes CLEANUP(buf_done) = { 0 };
	struct str rest = text;
	ssize_t at;
	while ((at = str_find(rest, S("\"payload\""))) >= 0) {
		rest = str_trim(str_from(rest, (size_t)at + S("\"payload\"").n));
		if (!str_starts(rest, S(":")))
			continue;
		rest = str_trim(str_from(rest, 1));
		if (!str_starts(rest, S("\"")))
			continue;
		rest = str_from(rest, 1);
		struct str payload = str_cut(&rest, '"');
		for (size_t i = 0; i < payload.n; i++)
			if (payload.p[i] != '\\')
				buf_add_char(&b, payload.p[i]);
		if (!base64_decode(str_buf(&b), &bytes))
			return err_set(e, ERR_INVALID, "the envelope's payload is no base64");
		*out = arena_str(a, str_buf(&bytes));
		return 0;
	}
	return err_set(e, ERR_INVALID, "the envelope has no payload");
}

static int parse(struct sbom *s, struct str text, struct err *e)
{
	struct looking l;
	if (str_starts(text, S("\xef\xbb\xbf")))
		text = str_from(text, 3);
	int r = look(s->a, text, &l, e);
	if (r == 0 && l.payload && l.payload_type) {
		r = open_envelope(s->a, text, &text, e);
		if (r == 0)
			r = look(s->a, text, &l, e);
	}
	for (size_t i = 0; r == 0 && formats[i]; i++)
		if (formats[i]->probe && formats[i]->probe(&l.head))
			return formats[i]->read(s, text, e);
	return r ? r
		 : err_set(e, ERR_INVALID,
			   "it is no SBOM of a format that we know (CycloneDX, SPDX, Syft)");
}

void sbom_parse(struct arena *a, struct str text, const struct limits *l, struct layer_record *out)
{
	struct sbom s = { .a = a, .limits = l };
	struct err e = { 0 };
	int r = parse(&s, text, &e);
	if (r == 0)
		r = sbom_record(&s, out, &e);
	if (r == 0)
		return;
	*out = (struct layer_record){ 0 };
	struct record_file *f = record_add_file(a, out, S("sbom"), "sbom", text.n);
	f->unreadable = arena_str(a, str_of(e.text));
	record_add_attr(a, f, S("code"), arena_printf(a, "%d", -r));
}

/* The child */

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

static int sbom_child(int in, int out, int spool, struct str params)
{
	struct arena a = { 0 };
	struct buf text = { 0 }, answer = { 0 };
	struct layer_record record = { 0 };
	struct limits l;
	struct err e;
	(void)spool;
	if (params.n != sizeof l)
		return 1;
	memcpy(&l, params.p, sizeof l);
	struct stream *s = stream_fd(in, false, -1, UINT64_MAX);
	int r = stream_read_all(s, l.sbom_bytes, &text, &e);
	if (r == 0) {
		sbom_parse(&a, str_buf(&text), &l, &record);
		record_encode(&record, &answer);
		r = write_all(out, str_buf(&answer)) ? 0 : 1;
	}
	stream_close(s);
	buf_done(&text);
	buf_done(&answer);
	arena_done(&a);
	return r ? 2 : 0;
}

/* The caller's side */

struct taking {
	struct buf bytes;
	uint64_t max;
};

static int take(void *ctx, struct str piece, struct err *e)
{
	struct taking *t = ctx;
	if (piece.n > t->max - t->bytes.n)
		return err_set(e, ERR_LIMIT, "what it holds is larger than record_bytes, %llu",
			       (unsigned long long)t->max);
	buf_add_str(&t->bytes, piece);
	return 0;
}

static int parse_here(struct stream *in, const struct limits *l, struct arena *a, struct buf *out,
		      struct err *e)
{
	struct buf text CLEANUP(buf_done) = { 0 };
	struct layer_record record = { 0 };
	int r = stream_read_all(in, l->sbom_bytes, &text, e);
	if (r)
		return r;
	sbom_parse(a, str_buf(&text), l, &record);
	record_encode(&record, out);
	return 0;
}

static int parse_apart(int fd, const struct scan_options *o, struct arena *a, struct str *out,
		       struct err *e)
{
	const struct limits *l = &o->limits;
	struct taking t = { .max = l->record_bytes };
	const struct child_limits c = { l->layer_memory + 2 * l->sbom_bytes, l->layer_seconds, 0,
					"layer_memory", "layer_seconds" };
	const struct child_answer answer = { take, &t };
	struct stream *in CLEANUP(cleanup_stream) =
		stream_limit(stream_fd(fd, false, -1, UINT64_MAX), l->sbom_bytes, "sbom_bytes");
	int r = o->launcher ? child_run(o->launcher, sbom_child,
					(struct str){ (const char *)l, sizeof *l }, &c, in, &answer,
					o->deadline, e)
			    : parse_here(in, l, a, &t.bytes, e);
	if (r == 0)
		*out = arena_str(a, str_buf(&t.bytes));
	buf_done(&t.bytes);
	return r;
}

static int failure(const struct record_file *f, struct err *e)
{
	uint64_t code;
	if (!str_to_u64(record_attr(f->attrs, f->n_attrs, S("code")), -ERR_UNSUPPORTED, &code) ||
	    code == 0)
		code = -ERR_INVALID;
	return err_set(e, -(int)code, "%.*s", STR(f->unreadable));
}

static void say_what_is_not_there(struct inventory *inv, unsigned asked)
{
	if (asked & (SCAN_SECRETS | SCAN_CONFIG | SCAN_MALWARE))
		inventory_note(inv, -1, (struct str){ 0 },
			       "an SBOM tells nothing of secrets, configuration and malware: scan "
			       "the image for them");
	inv->scanners = asked ? asked : SCAN_PACKAGES;
}

int sbom_read(int fd, struct str name, const struct scan_options *o, struct arena *a,
	      struct inventory *out, struct err *e)
{
	struct inventory inv = { .arena = a };
	struct layer_record record = { 0 };
	struct distribution told = { 0 };
	struct str bytes = { 0 };
	int r = o->distro.n ? distro_parse(a, o->distro, &told, e) : 0;
	if (r == 0)
		r = parse_apart(fd, o, a, &bytes, e);
	if (r == 0)
		r = record_decode(a, bytes, &o->limits, &record, e);
	if (r == 0 && (record.n_files != 1 || record.files[0].unreadable.n))
		r = record.n_files ? failure(&record.files[0], e)
				   : err_set(e, ERR_INVALID, "the parser's answer is damaged");
	if (r == 0)
		r = sbom_inventory(&record, &o->limits, &inv, e);
	if (r)
		return err_in(e, "read %.*s", STR(name));
	if (o->distro.n) {
		inv.distribution = told;
		inv.distribution.overridden = true;
		for (size_t i = 0; i < inv.n_packages; i++)
			if (package_is_os(&inv.packages[i]))
				inv.packages[i].purl = package_purl(a, &inv.packages[i], &told);
	}
	if (!inv.target.n)
		inv.target = arena_str(a, name);
	say_what_is_not_there(&inv, o->analysis.scanners);
	*out = inv;
	return 0;
}

bool sbom_looks_like(struct str head)
{
	if (str_starts(head, S("\xef\xbb\xbf")))
		head = str_from(head, 3);
	head = str_trim(head);
	return str_starts(head, S("{")) || is_tag_value(head);
}
