/* Fetching feeds: conditional requests by ETag and Last-Modified of what is in the database, documents one after the
 * other. A publisher may answer anything: statuses other than 200 and 304 fail the document, bodies are limited, hashed and
 * parsed in a child. 404 for a document that we never had is no failure (releases that are not out yet). */
#include "vuln/update.h"

/* Where a document's records go. */
struct intake {
	struct segment *segment;
	struct update_result *result;
	struct arena *a;
	int failed; /* the segment cannot be written */
};

static void intake_skipped(void *ctx, struct str what, const char *why)
{
	struct intake *in = ctx;
	struct update_result *r = in->result;
	r->skipped++;
	if (r->notes.n < UPDATE_NOTES)
		*ARENA_PUSH(in->a, r->notes.v, r->notes.n, r->notes.cap) =
			arena_printf(in->a, "%.*s: %s", STR(what), why);
}

/* A record that breaks a limit is skipped; anything else ends the document. */
static int took(struct intake *in, struct str id, int r, struct err *e)
{
	if (r == ERR_LIMIT || r == ERR_UNSUPPORTED) {
		intake_skipped(in, id, e->text);
		return 0;
	}
	if (r == 0)
		in->result->records++;
	in->failed = r;
	return r;
}

static int intake_advisory(void *ctx, const struct advisory *adv, struct err *e)
{
	struct intake *in = ctx;
	struct advisory named = *adv;
	named.feed = in->result->feed; /* whatever the child says */
	return took(in, adv->id, segment_add(in->segment, &named, e), e);
}

static int intake_kev(void *ctx, const struct kev *k, struct err *e)
{
	struct intake *in = ctx;
	return took(in, k->id, segment_add_kev(in->segment, k, e), e);
}

static int intake_epss(void *ctx, const struct epss *p, struct err *e)
{
	struct intake *in = ctx;
	return took(in, p->id, segment_add_epss(in->segment, p, e), e);
}

int update_document(struct advisory_writer *w, const struct update_options *o,
		    const struct feed *feed, enum feed_shape shape, struct str detail,
		    const struct feed_info *info, struct stream *in, struct arena *a,
		    struct update_result *result, struct err *e)
{
	struct intake intake = { .result = result, .a = a };
	const struct feed_sink sink = { intake_advisory, intake_kev, intake_epss, intake_skipped,
					&intake };
	int r = segment_begin(w, info, &intake.segment, e);
	if (r == 0)
		r = feed_run(o->launcher, feed, shape, detail, in, &sink, e);
	if (r == 0)
		r = segment_end(intake.segment, result->skipped, e);
	else
		segment_abort(intake.segment);
	if (r) {
		result->code = r;
		result->records = 0;
		result->error = arena_str(a, str_of(e->text));
	}
	return r;
}

static bool wanted(const struct update_options *o, struct str feed, struct str name)
{
	for (size_t i = 0; i < o->feeds.n; i++)
		if (str_eq(o->feeds.v[i], feed) || str_eq(o->feeds.v[i], name))
			return true;
	return o->feeds.n == 0;
}

static struct str mirror_of(const struct update_options *o, struct str feed)
{
	for (size_t i = 0; i < o->mirrors.n; i++) {
		struct str url = o->mirrors.v[i];
		struct str name = str_cut(&url, '=');
		if (!str_eq(name, feed))
			continue;
		while (str_ends(url, S("/")))
			url.n--;
		return url;
	}
	return S("");
}

struct fetching {
	const struct update_options *o;
	struct advisory_writer *w;
	struct arena *a;
	struct update_results *out;
	const struct feed_info *had; /* what the database has */
	size_t n_had;
	size_t index, count;
	struct strs dead; /* hosts that gave no answer at all: not asked again in this run */
};

static const struct feed_info *had_of(const struct fetching *f, struct str name)
{
	for (size_t i = 0; i < f->n_had; i++)
		if (str_eq(f->had[i].name, name))
			return &f->had[i];
	return NULL;
}

/* If-None-Match and If-Modified-Since, when the document came from this address before. */
static size_t conditions(const struct feed_info *had, struct str url, struct fetch_header h[2])
{
	size_t n = 0;
	if (!had || !str_eq(had->origin, url))
		return 0;
	if (had->etag.n)
		h[n++] = (struct fetch_header){ S("If-None-Match"), had->etag };
	if (had->last_modified.n)
		h[n++] = (struct fetch_header){ S("If-Modified-Since"), had->last_modified };
	return n;
}

/* The body into the segment, hashed on its way. */
static int take_body(struct fetching *f, const struct feed *feed, const struct feed_source *s,
		     const struct fetch_response *resp, struct update_result *result, struct err *e)
{
	struct feed_info info = { .feed = str_of(feed->name),
				  .name = s->name,
				  .origin = s->url,
				  .etag = fetch_header(resp, "etag"),
				  .last_modified = fetch_header(resp, "last-modified"),
				  .fetched = f->o->now };
	struct stream *in = stream_limit(resp->body, FEED_DOCUMENT_BYTES, "the document");
	int r = update_document(f->w, f->o, feed, feed->zip ? FEED_ZIP : FEED_PLAIN, s->detail,
				&info, in, f->a, result, e);
	stream_close(in);
	return r;
}

static struct str host_of(struct str url)
{
	ssize_t at = str_find(url, S("://"));
	struct str rest = at < 0 ? url : str_from(url, (size_t)at + 3);
	return str_cut(&rest, '/');
}

static bool is_dead(const struct fetching *f, struct str host)
{
	for (size_t i = 0; i < f->dead.n; i++)
		if (str_eq(f->dead.v[i], host))
			return true;
	return false;
}

static int fetch_document(struct fetching *f, const struct feed *feed, const struct feed_source *s,
			  struct update_result *result, struct err *e)
{
	const struct feed_info *had = had_of(f, s->name);
	struct fetch_header headers[2];
	struct fetch_request request = { .url = s->url, .headers = headers, .resume = true };
	struct fetch_response response;
	request.n_headers = conditions(had, s->url, headers);
	struct str host = host_of(s->url);
	if (is_dead(f, host))
		return err_set(e, ERR_IO, "%.*s did not answer before", STR(host));
	int r = fetch_send(f->o->fetch, &request, f->a, &response, e);
	if (r == ERR_IO)
		*ARENA_PUSH(f->a, f->dead.v, f->dead.n, f->dead.cap) = host;
	if (r)
		return r;
	if (response.status == 200)
		return take_body(f, feed, s, &response, result, e);
	stream_close(response.body);
	if (response.status == 304 && had) {
		result->unchanged = true;
		result->records = had->records;
		result->skipped = had->skipped;
		return advisory_writer_touch(f->w, s->name, f->o->now, e);
	}
	if ((response.status == 404 || response.status == 403) && !had) {
		result->absent = true;
		return 0;
	}
	return err_set(e, response.status == 401 || response.status == 403 ? ERR_AUTH : ERR_IO,
		       "the publisher answers with status %d", response.status);
}

static void fetch_one(struct fetching *f, const struct feed *feed, const struct feed_source *s)
{
	struct update_result *result = ARENA_PUSH(f->a, f->out->v, f->out->n, f->out->cap);
	struct err e = { 0 };
	result->feed = str_of(feed->name);
	result->name = s->name;
	result->origin = s->url;
	if (f->o->progress)
		f->o->progress(f->o->ctx, s->name, f->index, f->count);
	f->index++;
	int r = fetch_document(f, feed, s, result, &e);
	if (r) {
		err_in(&e, "%.*s", STR(s->url));
		result->code = r;
		result->error = arena_str(f->a, str_of(e.text));
	}
}

static size_t each_source(struct fetching *f, void (*visit)(struct fetching *, const struct feed *,
							    const struct feed_source *))
{
	size_t count = 0;
	for (size_t i = 0; feeds[i]; i++) {
		struct feed_source *v = NULL;
		size_t n = 0;
		if (feeds[i]->sources)
			feeds[i]->sources(f->a, mirror_of(f->o, str_of(feeds[i]->name)), &v, &n);
		for (size_t k = 0; k < n; k++) {
			if (!wanted(f->o, str_of(feeds[i]->name), v[k].name))
				continue;
			count++;
			if (visit)
				visit(f, feeds[i], &v[k]);
		}
	}
	return count;
}

/* A feed of which every document is absent is one that moved. */
static void judge_absent(struct fetching *f)
{
	for (size_t i = 0; feeds[i]; i++) {
		struct str feed = str_of(feeds[i]->name);
		struct update_result *first = NULL;
		bool any = false;
		for (size_t k = 0; k < f->out->n; k++) {
			struct update_result *x = &f->out->v[k];
			if (!str_eq(x->feed, feed))
				continue;
			any |= !x->absent;
			first = first ? first : x;
		}
		if (first && !any) {
			first->absent = false;
			first->code = ERR_NOT_FOUND;
			first->error =
				arena_printf(f->a, "%.*s: the publisher has no such document",
					     STR(first->origin));
		}
	}
}

static int verdict(const struct update_results *out, struct err *e)
{
	const struct update_result *failed = NULL;
	for (size_t i = 0; i < out->n; i++) {
		if (out->v[i].code == 0 && !out->v[i].absent)
			return 0;
		if (out->v[i].code && !failed)
			failed = &out->v[i];
	}
	return failed ? err_set(e, failed->code, "no document could be read; the first: %.*s",
				STR(failed->error))
		      : 0;
}

int update_fetch(const struct update_options *o, struct arena *a, struct update_results *out,
		 struct err *e)
{
	struct fetching f = { .o = o, .a = a, .out = out };
	struct feed_info *had = NULL;
	f.count = each_source(&f, NULL);
	if (f.count == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no feed named '%.*s'",
			       STR(o->feeds.n ? o->feeds.v[0] : S("")));
	int r = advisory_writer_open(o->dir, &f.w, e);
	if (r)
		return r;
	r = advisory_writer_feeds(f.w, a, &had, &f.n_had, e);
	if (r == 0) {
		f.had = had;
		each_source(&f, fetch_one);
		judge_absent(&f);
		r = advisory_writer_commit(f.w, e);
	}
	advisory_writer_close(f.w);
	return r ? r : verdict(out, e);
}
