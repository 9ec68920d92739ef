/* Was a certificate taken back? Asked in this order, until there is an answer: lists in a folder of the user (air gaps), OCSP,
 * lists over the network with their deltas. A hostile network withholds answers or sends old ones: then nothing was found
 * out, which closes the gate as a no does. What is cached is judged like what was fetched, and a cache that cannot be
 * written changes nothing. Lists come by plain http only, as they are signed and an https server's own certificate could
 * need the very list. */
#include "trust/revocation.h"
#include "trust/pem.h"
#include "trust/revocation_parse.h"

#include "base/durable.h"
#include "base/fetch.h"
#include "base/map.h"
#include "base/time.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { OCSP_SECONDS = 2, CRL_SECONDS = 5, FILES_MAX = 1000, FILES_BYTES_MAX = 256 << 20 };

struct revocation {
	struct revocation_options o;
	struct arena arena;
	struct fetch *ocsp, *crl; /* NULL until needed */
	struct crl_list {
		struct crl *v;
		size_t n, cap;
	} files;
	size_t files_bytes;
	struct map fetched; /* url -> struct str of a list */
	struct map known; /* certificate and issuer -> struct revoked_state */
};

void revocation_close(struct revocation *r)
{
	if (!r)
		return;
	fetch_close(r->ocsp);
	fetch_close(r->crl);
	arena_done(&r->arena);
	free(r);
}

static int read_file(const char *path, struct buf *out, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return err_sys(e, "open %s", path);
	struct stream *in CLEANUP(cleanup_stream) = stream_fd(fd, true, -1, UINT64_MAX);
	int r = stream_read_all(in, CRL_MAX, out, e);
	return r < 0 ? err_in(e, "read %s", path) : 0;
}

static int add_list(struct revocation *r, struct str der, struct err *e)
{
	if (r->files.n == FILES_MAX || der.n > FILES_BYTES_MAX - r->files_bytes)
		return err_set(e, ERR_LIMIT, "more than %d CRLs, or more than %d MiB", FILES_MAX,
			       FILES_BYTES_MAX >> 20);
	r->files_bytes += der.n;
	struct crl l;
	int rc = crl_parse(arena_str(&r->arena, der), &l, e);
	if (rc == 0)
		*ARENA_PUSH(&r->arena, r->files.v, r->files.n, r->files.cap) = l;
	return rc;
}

static int add_file(struct revocation *r, const char *path, struct err *e)
{
	struct buf text CLEANUP(buf_done) = { 0 }, der CLEANUP(buf_done) = { 0 };
	struct str rest, label;
	size_t before = r->files.n;
	int rc = read_file(path, &text, e);
	if (rc < 0)
		return rc;
	rest = str_buf(&text);
	if (rest.n > 0 && rest.p[0] == 0x30) {
		rc = add_list(r, rest, e);
	} else {
		while ((rc = pem_next(&rest, &label, &der, e)) > 0)
			if (str_eq(label, S("X509 CRL")) &&
			    (rc = add_list(r, str_buf(&der), e)) < 0)
				break;
		if (rc == 0 && r->files.n == before)
			rc = err_set(e, ERR_INVALID, "there is no CRL in it");
	}
	return rc < 0 ? err_in(e, "%s", path) : 0;
}

static int read_folder(struct revocation *r, struct err *e)
{
	const char *path = arena_cstr(&r->arena, r->o.crl_dir);
	DIR *d = opendir(path);
	struct dirent *x;
	int rc = 0;
	if (!d)
		return err_sys(e, "open the folder of CRLs %s", path);
	while (rc == 0 && (x = readdir(d)))
		if (str_ends(str_of(x->d_name), S(".crl")))
			rc = add_file(r, arena_printf(&r->arena, "%s/%s", path, x->d_name).p, e);
	closedir(d);
	return rc;
}

static void cleanup_revocation(struct revocation **r)
{
	revocation_close(*r);
}

int revocation_open(const struct revocation_options *o, struct revocation **out, struct err *e)
{
	struct revocation *r CLEANUP(cleanup_revocation) = calloc(1, sizeof *r);
	if (!r)
		abort();
	r->o = *o;
	r->o.crl_dir = arena_str(&r->arena, o->crl_dir);
	r->o.cache_dir = arena_str(&r->arena, o->cache_dir);
	map_init(&r->fetched, &r->arena);
	map_init(&r->known, &r->arena);
	int rc = o->crl_dir.n > 0 ? read_folder(r, e) : 0;
	if (rc == 0)
		*out = STEAL(r);
	return rc;
}

/* One request within `seconds`; retried by nobody. */
static int ask_server(struct fetch **f, unsigned seconds, struct fetch_request *request, size_t max,
		      struct buf *out, struct err *e)
{
	struct arena a CLEANUP(arena_done) = { 0 };
	struct fetch_options o = { .plain_http = true,
				   .connect_seconds = seconds,
				   .stall_seconds = seconds,
				   .total_seconds = seconds };
	struct fetch_response response = { 0 };
	int r = *f ? 0 : fetch_open(&o, f, e);
	if (r == 0)
		r = fetch_send(*f, request, &a, &response, e);
	if (r < 0)
		return r;
	struct stream *body CLEANUP(cleanup_stream) = response.body;
	if (response.status != 200)
		return err_set(e, ERR_IO, "the server answers %d", response.status);
	return stream_read_all(body, max, out, e);
}

static const char *cache_path(struct revocation *r, struct str url)
{
	char text[DIGEST_TEXT];
	struct digest d;
	digest_of(DIGEST_SHA256, url, &d);
	return arena_printf(&r->arena, "%.*s/%s.crl", STR(r->o.cache_dir),
			    digest_text(&d, text) + 7)
		.p;
}

/* Whatever goes wrong: the list is there, only the next time it has to be fetched again. */
static void cache_write(struct revocation *r, struct str url, struct str der)
{
	struct err ignored;
	const char *path = cache_path(r, url);
	char *aside = (char *)(uintptr_t)arena_printf(&r->arena, "%s.XXXXXX", path).p;
	mkdir(arena_cstr(&r->arena, r->o.cache_dir), 0700);
	int fd CLEANUP(cleanup_fd) = mkostemp(aside, O_CLOEXEC);
	if (fd < 0)
		return;
	if (write_all(fd, der, path, &ignored) || rename(aside, path) != 0)
		unlink(aside);
}

struct question {
	struct revocation *r;
	const struct cert *c, *issuer;
	struct arena *a;
	bool asked; /* somebody was to be asked */
};

/* A list that is good for the certificate of the question. */
static int accept_list(const struct question *q, struct str der, struct crl *out, struct err *e)
{
	int r = crl_parse(der, out, e);
	return r < 0 ? r : crl_check(out, q->c, q->issuer, q->r->o.now, e);
}

static int fetch_list(const struct question *q, struct str url, struct crl *out, struct err *e)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	struct fetch_request request = { .url = url };
	struct err why;
	struct str *had = map_get(&q->r->fetched, url);
	if (had)
		return accept_list(q, *had, out, e);
	if (q->r->o.cache_dir.n > 0 && read_file(cache_path(q->r, url), &b, &why) == 0) {
		if (accept_list(q, arena_str(&q->r->arena, str_buf(&b)), out, &why) == 0)
			return 0;
		b.n = 0;
	}
	if (q->r->o.offline)
		return err_set(e, ERR_IO, "CRL %.*s: not fetched offline", STR(str_upto(url, 150)));
	int r = ask_server(&q->r->crl, CRL_SECONDS, &request, CRL_MAX, &b, e);
	if (r < 0)
		return err_in(e, "CRL %.*s", STR(str_upto(url, 150)));
	struct str *der = ARENA_NEW(&q->r->arena, struct str);
	*der = arena_str(&q->r->arena, str_buf(&b));
	*map_at(&q->r->fetched, arena_str(&q->r->arena, url)) = der;
	r = accept_list(q, *der, out, e);
	if (r < 0)
		return err_in(e, "CRL %.*s", STR(str_upto(url, 150)));
	if (q->r->o.cache_dir.n > 0)
		cache_write(q->r, url, *der);
	return 0;
}

/* The newest delta of the folder that adds to the base. */
static const struct crl *file_delta(const struct question *q, const struct crl *base)
{
	const struct crl *best = NULL;
	struct err why;
	for (size_t i = 0; i < q->r->files.n; i++) {
		const struct crl *l = &q->r->files.v[i];
		if (crl_extends(l, base) && crl_check(l, q->c, q->issuer, q->r->o.now, &why) == 0 &&
		    (!best || l->this_update > best->this_update))
			best = l;
	}
	return best;
}

/* 0 and *out, or why a delta that has to be there is not. *found: there is one. */
static int find_delta(const struct question *q, const struct crl *base, struct crl *out,
		      bool *found, struct err *e)
{
	struct strs urls = { 0 };
	struct str value = base->freshest;
	bool partial = false, critical;
	const struct crl *file = file_delta(q, base);
	*found = true;
	if (file) {
		*out = *file;
		return 0;
	}
	if (value.n == 0 && !cert_extension(q->c, "2.5.29.46", &critical, &value)) {
		*found = false;
		return 0;
	}
	crl_urls(value, q->a, &urls, &partial);
	err_set(e, ERR_UNSUPPORTED, "the delta CRL is not at an http address");
	for (size_t i = 0; i < urls.n; i++) {
		if (fetch_list(q, urls.v[i], out, e) < 0)
			continue;
		if (crl_extends(out, base))
			return 0;
		err_set(e, ERR_INVALID, "delta CRL %.*s: it does not belong to the CRL",
			STR(str_upto(urls.v[i], 150)));
	}
	return e->code;
}

/* What a list and its delta say; the delta has the last word. Revoked in the list alone is an answer also without it. */
static int ask_list(const struct question *q, const struct crl *base, struct revoked_state *out,
		    struct err *e)
{
	struct crl delta;
	struct revoked_state s = { 0 };
	bool found;
	if (base->delta)
		return err_set(e, ERR_INVALID, "a delta CRL where a whole one belongs");
	int r = crl_find(base, q->c, &s, e);
	if (r < 0)
		return r;
	r = find_delta(q, base, &delta, &found, e);
	if (r == 0 && found)
		r = crl_find(&delta, q->c, &s, e);
	if (r < 0 && !s.revoked)
		return r;
	*out = s;
	return 0;
}

/* The newest list of the folder that speaks of the certificate: 0 and *out, or a code. *asked: there was one. */
static int ask_files(struct question *q, struct revoked_state *out, struct err *e)
{
	const struct crl *best = NULL;
	for (size_t i = 0; i < q->r->files.n; i++) {
		const struct crl *l = &q->r->files.v[i];
		struct err why;
		if (l->delta)
			continue;
		int r = crl_check(l, q->c, q->issuer, q->r->o.now, &why);
		if (r != ERR_NOT_FOUND)
			q->asked = true;
		if (r == 0 && (!best || l->this_update > best->this_update))
			best = l;
		else if (r < 0 && r != ERR_NOT_FOUND)
			*e = why;
	}
	return best ? ask_list(q, best, out, e) : e->code;
}

static int ask_points(struct question *q, struct revoked_state *out, struct err *e)
{
	struct strs urls = { 0 };
	struct str value;
	bool critical, partial = false;
	if (!cert_extension(q->c, "2.5.29.31", &critical, &value))
		return e->code;
	q->asked = true;
	crl_urls(value, q->a, &urls, &partial);
	if (urls.n == 0)
		return err_set(e, ERR_UNSUPPORTED, "its CRLs are %s",
			       partial ? "indirect or of some reasons only"
				       : "not at http addresses");
	for (size_t i = 0; i < urls.n; i++) {
		struct crl l;
		if (fetch_list(q, urls.v[i], &l, e) == 0 && ask_list(q, &l, out, e) == 0)
			return 0;
	}
	return e->code;
}

/* A responder may be revoked as well, unless its issuer says that nobody need ask. */
static int check_responder(struct question *q, const struct cert *responder, struct err *e)
{
	struct question about = { .r = q->r, .c = responder, .issuer = q->issuer, .a = q->a };
	struct revoked_state s = { 0 };
	struct str value;
	bool critical;
	if (!responder || cert_extension(responder, "1.3.6.1.5.5.7.48.1.5", &critical, &value))
		return 0;
	e->code = ERR_NOT_FOUND;
	int r = ask_files(&about, &s, e);
	if (r < 0)
		r = ask_points(&about, &s, e);
	if (r < 0 && about.asked)
		return err_in(e, "the OCSP responder's own certificate");
	return s.revoked
		       ? err_set(e, ERR_INVALID, "the OCSP responder's own certificate is revoked")
		       : 0;
}

static int ask_responder(struct question *q, struct str url, struct revoked_state *out,
			 struct err *e)
{
	struct buf request CLEANUP(buf_done) = { 0 }, answer CLEANUP(buf_done) = { 0 };
	struct cert *responder CLEANUP(cleanup_cert) = NULL;
	static const struct fetch_header type = { S("Content-Type"),
						  S("application/ocsp-request") };
	ocsp_request(q->c, q->issuer, &request);
	struct fetch_request f = { .method = "POST",
				   .url = url,
				   .headers = &type,
				   .n_headers = 1,
				   .body = str_buf(&request) };
	struct revoked_state s;
	int r = ask_server(&q->r->ocsp, OCSP_SECONDS, &f, OCSP_MAX, &answer, e);
	if (r == 0)
		r = ocsp_read(str_buf(&answer), q->c, q->issuer, q->r->o.now, &s, &responder, e);
	if (r == 0)
		r = check_responder(q, responder, e);
	if (r < 0)
		return err_in(e, "OCSP %.*s", STR(str_upto(url, 150)));
	*out = s;
	return 0;
}

static int ask_ocsp(struct question *q, struct revoked_state *out, struct err *e)
{
	struct strs urls;
	ocsp_urls(q->c, q->a, &urls);
	q->asked |= urls.n > 0;
	if (urls.n > 0 && q->r->o.offline)
		return err_set(e, ERR_IO, "OCSP is not asked offline");
	for (size_t i = 0; i < urls.n; i++)
		if (ask_responder(q, urls.v[i], out, e) == 0)
			return 0;
	return e->code;
}

/* 0 and *out: not revoked too when nobody is named who could tell. */
static int ask(struct revocation *r, const struct cert *c, const struct cert *issuer,
	       struct revoked_state *out, struct err *e)
{
	static int (*const ways[])(struct question *, struct revoked_state *,
				   struct err *) = { ask_files, ask_ocsp, ask_points };
	char both[64];
	memcpy(both, cert_digest(c)->bytes, 32);
	memcpy(both + 32, cert_digest(issuer)->bytes, 32);
	struct str pair = { both, sizeof both };
	struct revoked_state *known = map_get(&r->known, pair);
	struct arena a CLEANUP(arena_done) = { 0 };
	struct question q = { .r = r, .c = c, .issuer = issuer, .a = &a };
	struct revoked_state s = { 0 };
	int rc = ERR_NOT_FOUND;
	if (known) {
		*out = *known;
		return 0;
	}
	err_set(e, ERR_NOT_FOUND, "nobody to ask");
	for (size_t i = 0; rc < 0 && i < COUNT(ways); i++)
		rc = ways[i](&q, &s, e);
	if (rc < 0 && q.asked)
		return rc;
	known = ARENA_NEW(&r->arena, struct revoked_state);
	*known = s;
	*map_at(&r->known, arena_str(&r->arena, pair)) = known;
	*out = s;
	return 0;
}

static int say_revoked(const struct cert *c, const struct revoked_state *s, struct err *e)
{
	struct arena a CLEANUP(arena_done) = { 0 };
	char since[TIME_TEXT];
	return err_set(e, 0, "certificate '%.*s' was revoked at %s",
		       STR(str_upto(cert_subject(c, &a), 200)), time_text(s->since, since));
}

int revocation_check(struct revocation *r, const struct chain *c, int64_t signing_time,
		     bool by_authority, struct err *e)
{
	struct arena a CLEANUP(arena_done) = { 0 };
	struct err unknown = { 0 };
	for (size_t i = 0; i + 1 < c->n; i++) {
		struct revoked_state s = { 0 };
		struct err why = { 0 };
		if (ask(r, c->v[i], c->v[i + 1], &s, &why) < 0) {
			if (unknown.code == 0) {
				unknown = why;
				err_in(&unknown,
				       "whether certificate '%.*s' is revoked could not be found "
				       "out",
				       STR(str_upto(cert_subject(c->v[i], &a), 150)));
			}
			continue;
		}
		bool later = by_authority && signing_time != 0 && s.invalid > signing_time;
		if (s.revoked && !later)
			return say_revoked(c->v[i], &s, e);
	}
	if (unknown.code < 0) {
		*e = unknown;
		return e->code;
	}
	return 1;
}
