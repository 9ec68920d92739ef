/* What the HTTP client decides: redirects, retries, resuming. The wire is fetch_transfer.c.
 *
 * A hostile server may try to learn credentials by redirects (they are for one origin only), to lead us to plain http
 * (refused) or to other schemes (refused by base/url.c and again by libcurl), to keep us waiting by Retry-After (60
 * seconds at most), or to swap the content between two parts of a download (If-Range, and the caller's digest).
 * Not supported: bodies of unknown length, cookies, authentication to servers other than by the caller's header. */
#include "base/fetch_transfer.h"

#include <stdio.h>
#include <sys/random.h>
#include <time.h>

enum {
	DISCARD_MAX =
		64 * 1024, /* bytes of an unwanted body that are read to keep the connection */
	RETRY_AFTER_MAX = 60, /* seconds */
	BACKOFF_FIRST = 300,
	BACKOFF_MAX = 20000, /* milliseconds */
	PROGRESS = 1 << 20, /* bytes after which all tries are given back */
	REDIRECTS = 5,
};

static void sleep_ms(unsigned ms)
{
	struct timespec t = { ms / 1000, (long)(ms % 1000) * 1000000 };
	while (nanosleep(&t, &t) != 0)
		;
}

/* Headers */
static void parse_head(const struct transfer *t, struct arena *a, struct fetch_response *out)
{
	struct str rest = str_buf(&t->head), line;
	size_t cap = 0;
	out->headers = NULL;
	out->n_headers = 0;
	while (str_line(&rest, &line)) {
		ssize_t colon = str_find_char(line, ':');
		if (colon <= 0 || line.p[0] == ' ' || line.p[0] == '\t')
			continue;
		struct fetch_header *h = ARENA_PUSH(a, out->headers, out->n_headers, cap);
		char *name = arena_cstr(a, str_upto(line, (size_t)colon));
		for (char *p = name; *p; p++)
			if (*p >= 'A' && *p <= 'Z')
				*p = (char)(*p + ('a' - 'A'));
		h->name = (struct str){ name, strlen(name) };
		h->value = arena_str(a, str_trim(str_from(line, (size_t)colon + 1)));
	}
}

struct str fetch_header(const struct fetch_response *r, const char *lower_case_name)
{
	for (size_t i = 0; i < r->n_headers; i++)
		if (str_eq(r->headers[i].name, str_of(lower_case_name)))
			return r->headers[i].value;
	return (struct str){ 0 };
}

static bool is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* A small body is read to its end, so that the connection can be used again. */
static void discard(struct transfer *t)
{
	struct err ignored;
	size_t seen = 0;
	while (!(t->done && t->body.n == 0) && seen < DISCARD_MAX &&
	       transfer_pump(t, true, &ignored) == 0) {
		seen += t->body.n;
		t->body.n = 0;
	}
	t->body.n = 0;
	transfer_stop(t);
}

static bool may_redirect(const struct transfer *t)
{
	return !t->r.no_redirects && !t->r.body.p && !t->r.upload &&
	       (strcmp(t->r.method, "GET") == 0 || strcmp(t->r.method, "HEAD") == 0);
}

static int redirect(struct transfer *t, struct arena *a, struct str location, struct err *e)
{
	struct url next;
	int r = url_resolve(a, &t->at, location, &next, e);
	if (r)
		return err_in(e, "%.*s redirects", STR(url_shown(a, &t->at)));
	if (t->at.https && !next.https && !t->f->o.plain_http)
		return err_set(e, ERR_INVALID, "%.*s redirects from https to plain http: refused",
			       STR(url_shown(a, &t->at)));
	discard(t);
	t->at = next;
	return 0;
}

/* The request with its redirects, up to the head of the last response. */
static int follow(struct transfer *t, struct arena *a, struct fetch_response *out, struct err *e)
{
	unsigned max = t->r.max_redirects ? t->r.max_redirects : REDIRECTS;
	t->at = t->origin;
	for (unsigned hops = 0;; hops++) {
		int r = transfer_start(t, a, e);
		if (r || (r = transfer_pump(t, false, e)))
			return r;
		parse_head(t, a, out);
		out->status = t->status;
		struct str location = fetch_header(out, "location");
		if (!is_redirect(t->status) || location.n == 0 || !may_redirect(t))
			break;
		if (hops == max)
			return err_set(e, ERR_IO, "%.*s: more than %u redirects",
				       STR(url_shown(a, &t->origin)), max);
		if ((r = redirect(t, a, location, e)))
			return r;
	}
	out->url = url_text(a, &t->at);
	return 0;
}

/* Trying again */
/* Milliseconds that the server asks for; -1 when it asks for more than we wait. */
static int64_t retry_after(const struct fetch_response *out)
{
	struct str value = fetch_header(out, "retry-after");
	uint64_t seconds;
	char text[64];
	if (value.n == 0 || value.n >= sizeof text)
		return 0;
	if (!str_to_u64(value, UINT32_MAX, &seconds)) {
		snprintf(text, sizeof text, "%.*s", STR(value));
		int64_t when = transfer_date(text), now = time(NULL);
		seconds = when > now ? (uint64_t)(when - now) : 0;
	}
	return seconds > RETRY_AFTER_MAX ? -1 : (int64_t)seconds * 1000;
}

/* Uses up one try: waits at least `least` milliseconds, or the backoff with half of it by chance. */
static void wait_for_retry(struct transfer *t, int64_t least)
{
	uint32_t chance = 0;
	if (getrandom(&chance, sizeof chance, GRND_NONBLOCK) < 0)
		chance = 0;
	unsigned wait = t->backoff / 2 + chance % (t->backoff / 2 + 1);
	t->tries_left--;
	t->backoff = MIN(t->backoff * 2, (unsigned)BACKOFF_MAX);
	sleep_ms((unsigned)MAX((int64_t)wait, least));
}

static bool retryable_status(int status)
{
	return status == 429 || (status >= 500 && status != 501 && status != 505);
}

static int send_with_retries(struct transfer *t, struct arena *a, struct fetch_response *out,
			     struct err *e)
{
	for (;;) {
		int r = follow(t, a, out, e);
		if (r) {
			bool again =
				t->tries_left && !t->upload_begun && transfer_worth_another_try(t);
			transfer_stop(t);
			if (!again)
				return r;
			wait_for_retry(t, 0);
			continue;
		}
		int64_t asked = retry_after(out);
		if (!retryable_status(out->status) || !t->tries_left || asked < 0 ||
		    t->upload_begun)
			return 0;
		discard(t);
		wait_for_retry(t, asked);
	}
}

/* The body */
static uint64_t content_length(const struct fetch_response *out)
{
	uint64_t n;
	return str_to_u64(fetch_header(out, "content-length"), INT64_MAX, &n) ? n : UINT64_MAX;
}

/* "bytes FROM-TO/TOTAL" must continue where we are. */
static bool range_continues(const struct transfer *t, struct str range)
{
	uint64_t from, total;
	struct str unit = str_cut(&range, ' '), span = str_cut(&range, '/');
	if (!str_eq_nocase(unit, S("bytes")) || !str_to_u64(str_cut(&span, '-'), INT64_MAX, &from))
		return false;
	if (from != t->delivered)
		return false;
	return t->total == UINT64_MAX ||
	       (str_to_u64(range, INT64_MAX, &total) && total == t->total);
}

static struct str validator_of(const struct fetch_response *out)
{
	struct str etag = fetch_header(out, "etag");
	return etag.n && etag.p[0] == '"' ? etag : fetch_header(out, "last-modified");
}

static int refresh_authorization(struct transfer *t, struct err *e)
{
	struct buf value = { 0 };
	if (!t->r.authorize)
		return 0;
	int r = t->r.authorize(t->r.authorize_ctx, &value, e);
	if (r == 0) {
		if (t->r.authorization.n)
			explicit_bzero((void *)(uintptr_t)t->r.authorization.p,
				       t->r.authorization.n);
		t->r.authorization = arena_str(&t->arena, str_buf(&value));
	}
	wipe_buf(&value);
	return r;
}

/* The answer begins at 0 again, and some of it came with its head. */
static void drop_what_we_have(struct transfer *t)
{
	size_t drop = (size_t)MIN((uint64_t)t->body.n, t->delivered);
	if (drop)
		memmove(t->body.p, t->body.p + drop, t->body.n - drop);
	t->body.n -= drop;
	t->skip = t->delivered - drop;
}

static int resume_with(struct transfer *t, const struct fetch_response *out, struct err *e)
{
	struct str validator = validator_of(out);
	bool other = validator.n && t->validator.n && !str_eq(validator, t->validator);
	if (out->status == 206 && !other && range_continues(t, fetch_header(out, "content-range")))
		return 0;
	bool same = t->validator.n ? str_eq(validator, t->validator) : t->r.immutable;
	if (out->status == 200 && same && content_length(out) == t->total) {
		drop_what_we_have(t);
		return 0;
	}
	if (out->status == 200 || out->status == 206 || out->status == 412 || out->status == 416)
		return err_set(e, ERR_IO, "it changed while it was being downloaded");
	return err_set(e, out->status == 401 || out->status == 403 ? ERR_AUTH : ERR_IO,
		       "the rest was refused with status %d", out->status);
}

static int resume(struct transfer *t, struct err *e)
{
	struct arena a = { 0 };
	struct fetch_response out = { 0 };
	char why[sizeof e->text];
	memcpy(why, e->text, sizeof why);
	transfer_stop(t);
	if (t->delivered - t->resumed_at >= PROGRESS) {
		t->tries_left = t->f->o.retries;
		t->backoff = BACKOFF_FIRST;
	}
	wait_for_retry(t, 0);
	t->resumed_at = t->delivered;
	int r = refresh_authorization(t, e);
	if (r == 0)
		r = send_with_retries(t, &a, &out, e);
	if (r == 0) {
		r = resume_with(t, &out, e);
		if (r)
			err_in(e, "%s; resuming", why);
	}
	arena_done(&a);
	return r;
}

static bool may_resume(const struct transfer *t)
{
	bool progress = t->delivered - t->resumed_at >= PROGRESS;
	return t->r.resume && (t->status == 200 || t->status == 206) &&
	       (t->tries_left || (progress && t->f->o.retries)) && transfer_worth_another_try(t) &&
	       (t->validator.n || t->r.immutable);
}

static ssize_t body_fill(struct stream *s, struct err *e)
{
	struct transfer *t = (struct transfer *)s;
	if (s->end) { /* else: what came with the head is still to be given */
		t->body.n = 0;
		s->pos = s->end = NULL;
	}
	for (;;) {
		if (!t->h.multi)
			return 0;
		int r = transfer_pump(t, true, e);
		if (r && may_resume(t)) {
			if ((r = resume(t, e)))
				return r;
			continue;
		}
		if (r)
			return r;
		if (t->body.n == 0 && t->skip)
			return err_set(e, ERR_IO,
				       "%.*s: the second answer is shorter than the first",
				       STR(t->at.host));
		if (t->body.n == 0) {
			transfer_stop(t);
			return 0;
		}
		t->delivered += t->body.n;
		s->pos = (const unsigned char *)t->body.p;
		s->end = s->pos + t->body.n;
		return (ssize_t)t->body.n;
	}
}

static void body_close(struct stream *s)
{
	struct transfer *t = (struct transfer *)s;
	transfer_stop(t);
	if (t->r.authorization.n)
		explicit_bzero((void *)(uintptr_t)t->r.authorization.p, t->r.authorization.n);
	if (t->r.body.n)
		explicit_bzero((void *)(uintptr_t)t->r.body.p, t->r.body.n);
	buf_done(&t->head);
	wipe_buf(&t->body);
	arena_done(&t->arena);
	free(t);
}

/* Copies what a resumed request needs again. */
static int transfer_open(struct fetch *f, const struct fetch_request *r, struct transfer **out,
			 struct err *e)
{
	static const struct stream_ops ops = { body_fill, body_close };
	struct transfer *t = calloc(1, sizeof *t);
	if (!t)
		abort();
	t->s.ops = &ops;
	t->f = f;
	t->r = *r;
	t->r.method = r->method	  ? arena_cstr(&t->arena, str_of(r->method))
		      : r->upload ? "PUT"
		      : r->body.p ? "POST"
				  : "GET";
	t->r.authorization =
		r->authorization.n ? arena_str(&t->arena, r->authorization) : (struct str){ 0 };
	t->r.body = r->body.p ? arena_str(&t->arena, r->body) : (struct str){ 0 };
	struct fetch_header *h = arena_array(&t->arena, r->n_headers, sizeof *h);
	for (size_t i = 0; i < r->n_headers; i++) {
		h[i].name = arena_str(&t->arena, r->headers[i].name);
		h[i].value = arena_str(&t->arena, r->headers[i].value);
	}
	t->r.headers = h;
	t->total = UINT64_MAX;
	t->tries_left = f->o.retries;
	t->backoff = BACKOFF_FIRST;
	int code = url_parse(&t->arena, r->url, &t->origin, e);
	if (code) {
		body_close(&t->s);
		return code;
	}
	*out = t;
	return 0;
}

int fetch_send(struct fetch *f, const struct fetch_request *r, struct arena *a,
	       struct fetch_response *out, struct err *e)
{
	struct transfer *t;
	struct fetch_response response = { 0 };
	int code = transfer_open(f, r, &t, e);
	if (code)
		return code;
	code = send_with_retries(t, a, &response, e);
	if (code) {
		body_close(&t->s);
		return code;
	}
	if (strcmp(t->r.method, "HEAD") != 0)
		t->total = content_length(&response);
	t->validator = arena_str(&t->arena, validator_of(&response));
	response.body = &t->s;
	*out = response;
	return 0;
}
