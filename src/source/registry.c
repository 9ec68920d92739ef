/* Images in a registry: the pull side of the OCI distribution specification 1.1 (and Docker's registry API V2), over one
 * or more endpoints: mirrors in their order, then the registry itself.
 *
 * A hostile registry or mirror may send other bytes than were asked for (every manifest is hashed here, every blob by the
 * caller's verify stream), a digest header that lies (refused), endless manifests, tag lists or pages (limits), and links
 * to other hosts (refused). A tag is whatever the endpoint says it is: a mirror is trusted as far as the user chose it.
 * A mirror's path goes before the repository: docker.io=https://mirror.example/hub reads mirror.example/v2/hub/library/...
 * Not supported: schema 1 manifests, the catalog. Writing is in registry_write.c. */
#include "source/registry.h"
#include "source/link.h"

#include "base/json.h"
#include "oci/media_type.h"

#include <stdio.h>

enum {
	ENDPOINTS_MAX = 16,
	TAGS_MAX = 200000,
	TAG_PAGES_MAX = 400,
	TAG_PAGE = 1000,
};

/* Opening */
static struct str registry_host(struct str host)
{
	return str_eq_nocase(host, S("docker.io")) || str_eq_nocase(host, S("index.docker.io"))
		       ? S("registry-1.docker.io")
		       : host;
}

static int add_endpoint(struct source *s, struct registry *r, struct str name, struct str where,
			bool mirror, struct err *e)
{
	if (r->n == ENDPOINTS_MAX)
		return err_set(e, ERR_LIMIT, "more than %d mirrors of %.*s", ENDPOINTS_MAX - 1,
			       STR(s->ref.host));
	int code = endpoint_init(&r->endpoints[r->n], s->opt, name, where, mirror,
				 s->ref.repository, e);
	if (code == 0)
		r->n++;
	return code;
}

static int add_mirrors(struct source *s, struct registry *r, struct err *e)
{
	for (size_t i = 0; i < s->opt->mirrors.n; i++) {
		struct str url = s->opt->mirrors.v[i];
		struct str host = str_cut(&url, '=');
		if (url.n == 0)
			return err_set(e, ERR_INVALID, "mirror '%.*s' is not HOST=URL",
				       STR(str_upto(host, 100)));
		if (!str_eq_nocase(host, s->ref.host))
			continue;
		int code = add_endpoint(s, r, (struct str){ 0 }, url, true, e);
		if (code)
			return err_in(e, "mirror of %.*s", STR(host));
	}
	return 0;
}

static void registry_close(struct source *s)
{
	struct registry *r = s->state;
	if (!r)
		return;
	for (size_t i = 0; i < r->n; i++)
		endpoint_done(&r->endpoints[i]);
	buf_done(&r->put_bytes);
	s->state = NULL;
}

static int registry_open(struct source *s, struct str where, struct err *e)
{
	int code = reference_parse(&s->arena, where, &s->ref, e);
	if (code)
		return code;
	struct registry *r = ARENA_NEW(&s->arena, struct registry);
	r->endpoints = arena_array(&s->arena, ENDPOINTS_MAX, sizeof *r->endpoints);
	s->state = r;
	code = add_mirrors(s, r, e);
	if (code == 0)
		code = add_endpoint(s, r, s->ref.host, registry_host(s->ref.host), false, e);
	if (code)
		registry_close(s);
	return code;
}

/* Asks one endpoint after the other, the one that had the image first. */
typedef int ask(struct source *s, struct endpoint *p, const void *what, void *out, struct err *e);

static int ask_each(struct source *s, ask *one, const void *what, void *out, size_t *answered_by,
		    struct err *e)
{
	struct registry *r = s->state;
	struct err last = { 0 }, own = { 0 };
	for (size_t k = 0; k < r->n; k++) {
		size_t i = k == 0 ? r->first : k <= r->first ? k - 1 : k;
		if (s->writing && r->endpoints[i].mirror)
			continue; /* it may be behind what was written */
		int code = one(s, &r->endpoints[i], what, out, &last);
		if (code == 0) {
			if (answered_by)
				*answered_by = i;
			return 0;
		}
		if (!r->endpoints[i].mirror)
			own = last;
	}
	/* The registry's own word is what counts; what a mirror said is told only where it is the only trouble. */
	*e = own.code ? own : last;
	if (r->n > 1 && !s->writing)
		err_in(e, "%zu mirrors tried before", r->n - 1);
	return e->code;
}

/* Manifests */
static int check_digest_header(const struct fetch_response *response, struct str bytes,
			       struct err *e)
{
	struct digest said, have;
	struct err ignored;
	struct str text = fetch_header(response, "docker-content-digest");
	char a[DIGEST_TEXT], b[DIGEST_TEXT];
	if (text.n == 0 || digest_parse(text, &said, &ignored))
		return 0;
	digest_of(said.alg, bytes, &have);
	if (!digest_eq(&said, &have))
		return err_set(e, ERR_INVALID,
			       "the registry calls the manifest %s, its bytes have %s",
			       digest_text(&said, a), digest_text(&have, b));
	return 0;
}

static int read_manifest(struct source *s, struct fetch_response *response, struct buf *bytes,
			 struct err *e)
{
	uint64_t max = s->opt->limits.manifest_bytes;
	int code = stream_read_all(response->body, (size_t)max, bytes, e);
	if (code == ERR_LIMIT)
		return err_set(e, ERR_LIMIT,
			       "manifest: larger than %llu bytes (limit manifest_bytes)",
			       (unsigned long long)max);
	return code ? err_in(e, "manifest") : check_digest_header(response, str_buf(bytes), e);
}

struct str registry_media_type(const struct fetch_response *response)
{
	struct str value = fetch_header(response, "content-type");
	struct str type = str_trim(str_cut(&value, ';'));
	return str_is_utf8(type) && type.n < 256 ? type : (struct str){ 0 };
}

struct manifest_answer {
	struct buf bytes;
	struct str media_type; /* in the source's arena */
};

static int get_manifest(struct source *s, struct endpoint *p, const void *what, void *out,
			struct err *e)
{
	const struct str *wanted = what; /* a tag or a digest */
	struct manifest_answer *answer = out;
	struct fetch_response response;
	struct arena a = { 0 };
	struct str path =
		arena_printf(&a, "/v2/%.*s/manifests/%.*s", STR(p->repository), STR(*wanted));
	struct str what_text =
		arena_printf(&a, "manifest %.*s of %.*s", STR(*wanted), STR(p->repository));
	struct endpoint_request r = { .path = path,
				      .accept = str_of(manifest_accept),
				      .what = what_text.p };
	answer->bytes.n = 0;
	int code = endpoint_get(p, &r, &a, &response, e);
	if (code == 0) {
		code = read_manifest(s, &response, &answer->bytes, e);
		stream_close(response.body);
		if (code)
			err_in(e, "%s", r.what);
		else
			answer->media_type = arena_str(&s->arena, registry_media_type(&response));
	}
	arena_done(&a);
	return code;
}

static int registry_resolve(struct source *s, struct descriptor *out, struct err *e)
{
	struct registry *r = s->state;
	struct manifest_answer answer = { 0 };
	char text[DIGEST_TEXT], other[DIGEST_TEXT];
	bool by_digest = s->ref.digest.alg != DIGEST_NONE;
	struct str wanted = by_digest ? str_of(digest_text(&s->ref.digest, text)) : s->ref.tag;
	int code = ask_each(s, get_manifest, &wanted, &answer, &r->first, e);
	if (code == 0) {
		struct descriptor d = { .media_type = answer.media_type, .size = answer.bytes.n };
		digest_of(by_digest ? s->ref.digest.alg : DIGEST_SHA256, str_buf(&answer.bytes),
			  &d.digest);
		if (by_digest && !digest_eq(&d.digest, &s->ref.digest)) {
			code = err_set(e, ERR_INVALID, "manifest %.*s: the bytes have digest %s",
				       STR(wanted), digest_text(&d.digest, other));
		} else {
			r->bytes = arena_str(&s->arena, str_buf(&answer.bytes));
			r->found = d;
			*out = d;
		}
	}
	buf_done(&answer.bytes);
	return code;
}

/* Blobs */
static bool is_document(const struct descriptor *d)
{
	return media_type_is_index(d->media_type) || media_type_is_manifest(d->media_type);
}

static int get_by_digest(struct source *s, struct endpoint *p, const void *what, void *out,
			 struct err *e)
{
	const struct descriptor *d = what;
	struct stream **stream = out;
	struct fetch_response response;
	struct arena a = { 0 };
	char text[DIGEST_TEXT];
	(void)s;
	bool document = is_document(d);
	digest_text(&d->digest, text);
	struct str path = arena_printf(&a, "/v2/%.*s/%s/%s", STR(p->repository),
				       document ? "manifests" : "blobs", text);
	struct str what_text = arena_printf(&a, "%s %s of %.*s", document ? "manifest" : "blob",
					    text, STR(p->repository));
	struct endpoint_request r = { .path = path,
				      .accept = document ? str_of(manifest_accept)
							 : (struct str){ 0 },
				      .resume = true,
				      .what = what_text.p };
	int code = endpoint_get(p, &r, &a, &response, e);
	if (code == 0)
		*stream = response.body;
	arena_done(&a);
	return code;
}

static int registry_get(struct source *s, const struct descriptor *d, struct stream **out,
			struct err *e)
{
	struct registry *r = s->state;
	if (r->bytes.p && digest_eq(&d->digest, &r->found.digest)) {
		*out = stream_mem(r->bytes);
		return 0;
	}
	return ask_each(s, get_by_digest, d, out, NULL, e);
}

/* Tags */
static int add_tags(struct source *s, struct str page, struct strs *tags, struct err *e)
{
	CLEANUP(cleanup_json) struct json *tree = NULL;
	int code = json_parse(page, &tree, e);
	if (code)
		return err_in(e, "list of tags");
	JSON_EACH(tag, json_get(tree, "tags"))
	{
		if (!tag_valid(json_str(tag)))
			continue;
		if (tags->n == TAGS_MAX)
			return err_set(e, ERR_LIMIT, "list of tags: more than %d", TAGS_MAX);
		*ARENA_PUSH(&s->arena, tags->v, tags->n, tags->cap) =
			arena_str(&s->arena, json_str(tag));
	}
	return 0;
}

static int get_page(struct source *s, struct endpoint *p, struct arena *a, struct str path,
		    struct strs *tags, struct str *next, struct err *e)
{
	struct fetch_response response;
	struct buf page = { 0 };
	struct str what = arena_printf(a, "repository %.*s", STR(p->repository));
	struct endpoint_request r = { .path = path, .what = what.p };
	int code = endpoint_get(p, &r, a, &response, e);
	if (code)
		return code;
	code = stream_read_all(response.body, JSON_TREE_MAX, &page, e);
	stream_close(response.body);
	if (code)
		err_in(e, "list of tags");
	else
		code = add_tags(s, str_buf(&page), tags, e);
	buf_done(&page);
	*next = link_next(fetch_header(&response, "link"));
	if (code == 0 && next->n) {
		struct url at, target;
		if ((code = url_parse(a, response.url, &at, e)) ||
		    (code = url_resolve(a, &at, *next, &target, e)))
			return code;
		*next = url_text(a, &target);
	}
	return code;
}

static int list_tags(struct source *s, struct endpoint *p, const void *what, void *out,
		     struct err *e)
{
	struct strs tags = { 0 };
	struct arena a = { 0 };
	struct str next = arena_printf(&a, "/v2/%.*s/tags/list?n=%d", STR(p->repository), TAG_PAGE);
	int code = 0;
	(void)what;
	for (size_t pages = 0; next.n && !code; pages++) {
		if (pages == TAG_PAGES_MAX)
			code = err_set(e, ERR_LIMIT, "list of tags: more than %d pages",
				       TAG_PAGES_MAX);
		else
			code = get_page(s, p, &a, next, &tags, &next, e);
	}
	if (code == 0)
		*(struct strs *)out = tags;
	arena_done(&a);
	return code;
}

/* Referrers */
static int add_referrers(struct source *s, struct str bytes, struct descriptors *out, struct err *e)
{
	struct manifest m;
	int code = manifest_parse(&s->arena, bytes, S(MEDIA_OCI_INDEX), &s->opt->limits, &m, e);
	if (code)
		return err_in(e, "list of referrers");
	for (size_t i = 0; i < m.index.n; i++)
		*ARENA_PUSH(&s->arena, out->v, out->n, out->cap) = m.index.v[i];
	return 0;
}

/* The tag that stands for the list in registries that have none. */
static int referrers_tag(struct source *s, struct endpoint *p, char *digest,
			 struct descriptors *out, struct err *e)
{
	struct manifest_answer answer = { 0 };
	*strchr(digest, ':') = '-';
	struct str tag = str_of(digest);
	int code = get_manifest(s, p, &tag, &answer, e);
	if (code == 0)
		code = add_referrers(s, str_buf(&answer.bytes), out, e);
	buf_done(&answer.bytes);
	return code == ERR_NOT_FOUND ? 0 : code;
}

static bool is_index(const struct fetch_response *response)
{
	struct str type = registry_media_type(response);
	return media_type_is_index(type) || type.n == 0 || str_eq(type, S("application/json"));
}

static int referrers_page(struct source *s, struct endpoint *p, struct arena *a, struct str *next,
			  struct descriptors *out, struct err *e)
{
	struct fetch_response response;
	struct buf page CLEANUP(buf_done) = { 0 };
	struct str what = arena_printf(a, "referrers in %.*s", STR(p->repository));
	struct endpoint_request r = { .path = *next, .accept = S(MEDIA_OCI_INDEX), .what = what.p };
	int code = endpoint_send(p, &r, a, &response, e);
	if (code)
		return code;
	if (response.status != 200 || !is_index(&response)) {
		/* Registries without the list say so in these ways (go-containerregistry counts them so, too). */
		bool none = response.status == 200 || response.status == 400 ||
			    response.status == 405 || response.status == 406;
		code = endpoint_refused(p, &r, &response, a, e);
		return none ? ERR_NOT_FOUND : code;
	}
	code = stream_read_all(response.body, (size_t)s->opt->limits.manifest_bytes, &page, e);
	stream_close(response.body);
	if (code)
		return err_in(e, "list of referrers");
	code = add_referrers(s, str_buf(&page), out, e);
	*next = link_next(fetch_header(&response, "link"));
	if (code == 0 && next->n) {
		struct url at, target;
		if ((code = url_parse(a, response.url, &at, e)) ||
		    (code = url_resolve(a, &at, *next, &target, e)))
			return code;
		*next = url_text(a, &target);
	}
	return code;
}

static int list_referrers(struct source *s, struct endpoint *p, const void *what, void *out,
			  struct err *e)
{
	struct descriptors found = { 0 };
	struct arena a = { 0 };
	char digest[DIGEST_TEXT];
	digest_text(what, digest);
	struct str next = arena_printf(&a, "/v2/%.*s/referrers/%s", STR(p->repository), digest);
	int code = 0;
	for (size_t pages = 0; next.n && !code; pages++) {
		if (pages == TAG_PAGES_MAX)
			code = err_set(e, ERR_LIMIT, "list of referrers: more than %d pages",
				       TAG_PAGES_MAX);
		else
			code = referrers_page(s, p, &a, &next, &found, e);
	}
	if (code == ERR_NOT_FOUND)
		code = referrers_tag(s, p, digest, &found, e);
	if (code == 0)
		*(struct descriptors *)out = found;
	arena_done(&a);
	return code;
}

static int registry_referrers(struct source *s, const struct digest *subject,
			      struct descriptors *out, struct err *e)
{
	return ask_each(s, list_referrers, subject, out, NULL, e);
}

static int registry_list(struct source *s, struct strs *tags, struct err *e)
{
	return ask_each(s, list_tags, NULL, tags, NULL, e);
}

const struct source_ops source_registry = {
	.scheme = "registry",
	.open = registry_open,
	.resolve = registry_resolve,
	.get = registry_get,
	.list = registry_list,
	.referrers = registry_referrers,
	.put = registry_put,
	.tag = registry_tag,
	.remove = registry_remove,
	.close = registry_close,
};
