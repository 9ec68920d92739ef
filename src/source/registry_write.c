/* Writing to a registry: the push side of the OCI distribution specification 1.1. Only the registry itself is written to,
 * never a mirror, and from the first write on only it is read.
 *
 * Blobs: HEAD, then POST (with a mount where another repository of the registry may have it), then one PUT. Manifests by
 * digest, tags by putting the same bytes again. A hostile registry may send an upload to another place: there it gets
 * no credentials, and plain http only where it would be allowed to the registry itself. A digest header that is not
 * that of what was sent is refused.
 *
 * Tags have no compare and swap in the specification. Where somebody expects an old value it is looked up at once before
 * the write, which also carries If-Match or If-None-Match for registries that obey them; what can happen in between
 * is told at source_update_tag. Not supported: uploads in chunks, schema 1. */
#include "source/registry.h"

#include "oci/media_type.h"

#include <time.h>

enum { REFUSALS_MAX = 3 }; /* of a manifest, before it is believed that it is refused */

static bool is_done(int status)
{
	return status >= 200 && status < 300;
}

static struct endpoint *begin(struct source *s, const char *actions)
{
	struct registry *r = s->state;
	struct endpoint *p = &r->endpoints[r->n - 1];
	s->writing = true;
	endpoint_wants(p, actions, r->mount_from);
	return p;
}

void registry_mount(struct source *to, const struct source *from)
{
	struct registry *r = to->state;
	if (str_eq(to->ref.host, from->ref.host) &&
	    !str_eq(to->ref.repository, from->ref.repository))
		r->mount_from = arena_str(&to->arena, from->ref.repository);
}

/* Does a HEAD find it? *out: the head of the answer. ERR_NOT_FOUND. */
static int look(struct endpoint *p, struct arena *a, struct str path, struct str accept,
		const char *what, struct fetch_response *out, struct err *e)
{
	struct endpoint_request r = {
		.method = "HEAD", .path = path, .accept = accept, .what = what
	};
	int code = endpoint_send(p, &r, a, out, e);
	if (code)
		return code;
	if (out->status != 200)
		return endpoint_refused(p, &r, out, a, e);
	stream_close(out->body);
	return 0;
}

/* Blobs. */
/* Where to send it: empty when the registry had it already, somewhere else. */
static int begin_upload(struct source *s, struct endpoint *p, struct arena *a, const char *digest,
			const char *what, struct str *where, struct err *e)
{
	struct registry *r = s->state;
	struct fetch_response out;
	struct url at, target;
	struct str query =
		r->mount_from.n ? arena_printf(a, "?mount=%s&from=%.*s", digest, STR(r->mount_from))
				: S("");
	struct endpoint_request q = { .method = "POST",
				      .path = arena_printf(a, "/v2/%.*s/blobs/uploads/%.*s",
							   STR(p->repository), STR(query)),
				      .content_type = S("application/octet-stream"),
				      .body = S(""),
				      .what = what };
	int code = endpoint_send(p, &q, a, &out, e);
	if (code)
		return code;
	struct str location = fetch_header(&out, "location");
	if (out.status == 201 && r->mount_from.n) {
		stream_close(out.body);
		*where = S("");
		return 0;
	}
	if (out.status != 202)
		return endpoint_refused(p, &q, &out, a, e);
	stream_close(out.body);
	if (!location.n)
		return err_set(e, ERR_INVALID, "registry %.*s takes %s but does not say where",
			       STR(p->name), what);
	if ((code = url_parse(a, out.url, &at, e)) ||
	    (code = url_resolve(a, &at, location, &target, e)))
		return err_in(e, "registry %.*s: Location of an upload", STR(p->name));
	*where = url_text(a, &target);
	return 0;
}

static int check_digest(const struct endpoint *p, const struct fetch_response *out,
			const struct digest *d, struct err *e)
{
	struct digest said;
	struct err ignored;
	char a[DIGEST_TEXT], b[DIGEST_TEXT];
	struct str text = fetch_header(out, "docker-content-digest");
	if (text.n == 0 || digest_parse(text, &said, &ignored) || said.alg != d->alg ||
	    digest_eq(&said, d))
		return 0;
	return err_set(e, ERR_INVALID, "registry %.*s was sent %s and calls it %s", STR(p->name),
		       digest_text(d, a), digest_text(&said, b));
}

/* Sends and wants a 2xx. A registry on files answers a manifest with 400 while another writer is just linking a blob that
 * the manifest names; a moment later it takes the same bytes, whose digest is ours. */
static int write_out(struct endpoint *p, const struct endpoint_request *q, struct arena *a,
		     const struct digest *d, struct fetch_response *out, struct err *e)
{
	const struct timespec moment = { .tv_nsec = 150 * 1000 * 1000 };
	int code = endpoint_send(p, q, a, out, e);
	for (int i = 0; code == 0 && out->status == 400 && !q->upload && i < REFUSALS_MAX; i++) {
		stream_close(out->body);
		nanosleep(&moment, NULL);
		code = endpoint_send(p, q, a, out, e);
	}
	if (code)
		return code;
	if (!is_done(out->status))
		return endpoint_refused(p, q, out, a, e);
	stream_close(out->body);
	return check_digest(p, out, d, e);
}

static int put_blob(struct source *s, struct endpoint *p, struct arena *a,
		    const struct descriptor *d, struct stream *in, struct err *e)
{
	char digest[DIGEST_TEXT];
	struct fetch_response out;
	struct str where = { 0 };
	digest_text(&d->digest, digest);
	struct str what = arena_printf(a, "blob %s of %.*s", digest, STR(p->repository));
	struct str path = arena_printf(a, "/v2/%.*s/blobs/%s", STR(p->repository), digest);
	int code = look(p, a, path, S(""), what.p, &out, e);
	if (code != ERR_NOT_FOUND)
		return code;
	what = arena_printf(a, "an upload to %.*s", STR(p->repository));
	if ((code = begin_upload(s, p, a, digest, what.p, &where, e)) || !where.n)
		return code;
	char mark = str_find_char(where, '?') < 0 ? '?' : '&';
	struct endpoint_request q = {
		.method = "PUT",
		.path = arena_printf(a, "%.*s%cdigest=%s", STR(where), mark, digest),
		.content_type = S("application/octet-stream"),
		.upload = in,
		.upload_size = d->size,
		.elsewhere = true,
		.what = what.p,
	};
	return write_out(p, &q, a, &d->digest, &out, e);
}

/* Manifests. */
static int read_bytes(const struct source *s, const struct descriptor *d, struct stream *in,
		      struct buf *b, struct err *e)
{
	struct digest have;
	char text[DIGEST_TEXT];
	int code = stream_read_all(in, (size_t)s->opt->limits.manifest_bytes, b, e);
	if (code)
		return code;
	digest_of(d->digest.alg, str_buf(b), &have);
	if (!digest_eq(&have, &d->digest) || (d->size != UINT64_MAX && d->size != b->n))
		return err_set(e, ERR_INVALID, "a manifest's bytes are not those of %s",
			       digest_text(&d->digest, text));
	return 0;
}

static int put_manifest(struct source *s, struct endpoint *p, struct arena *a,
			const struct descriptor *d, struct stream *in, struct err *e)
{
	struct registry *r = s->state;
	struct limits l = s->opt->limits;
	struct buf bytes CLEANUP(buf_done) = { 0 };
	struct fetch_response out = { 0 };
	struct manifest m;
	char digest[DIGEST_TEXT], said[DIGEST_TEXT];
	l.layers = MAX(l.layers, (uint64_t)SOURCE_WRITE_LAYERS);
	int code = read_bytes(s, d, in, &bytes, e);
	if (code || (code = manifest_parse(a, str_buf(&bytes), d->media_type, &l, &m, e)))
		return code;
	digest_text(&d->digest, digest);
	struct str what = arena_printf(a, "manifest %s of %.*s", digest, STR(p->repository));
	struct str path = arena_printf(a, "/v2/%.*s/manifests/%s", STR(p->repository), digest);
	bool refers = m.subject.digest.alg != DIGEST_NONE;
	code = refers ? ERR_NOT_FOUND : look(p, a, path, str_of(manifest_accept), what.p, &out, e);
	if (code == ERR_NOT_FOUND) {
		struct endpoint_request q = { .method = "PUT",
					      .path = path,
					      .content_type = d->media_type,
					      .body = str_buf(&bytes),
					      .what = what.p };
		code = write_out(p, &q, a, &d->digest, &out, e);
	}
	if (code)
		return code;
	s->lists_referrers = refers && str_eq(fetch_header(&out, "oci-subject"),
					      str_of(digest_text(&m.subject.digest, said)));
	r->put = d->digest;
	r->put_type = arena_str(&s->arena, d->media_type);
	buf_done(&r->put_bytes);
	r->put_bytes = bytes;
	bytes = (struct buf){ 0 };
	return 0;
}

int registry_put(struct source *s, const struct descriptor *d, struct stream *in, struct err *e)
{
	struct endpoint *p = begin(s, "pull,push");
	struct arena a = { 0 };
	bool document = media_type_is_index(d->media_type) || media_type_is_manifest(d->media_type);
	int code = document ? put_manifest(s, p, &a, d, in, e) : put_blob(s, p, &a, d, in, e);
	arena_done(&a);
	return code;
}

/* Tags. What the name points at now: alg DIGEST_NONE for nothing. */
static int look_at_tag(struct endpoint *p, struct arena *a, struct str path, const char *what,
		       struct digest *now, struct str *etag, struct err *e)
{
	struct fetch_response out;
	struct digest d = { 0 };
	int code = look(p, a, path, str_of(manifest_accept), what, &out, e);
	if (code && code != ERR_NOT_FOUND)
		return code;
	*etag = code ? S("") : fetch_header(&out, "etag");
	if (code == 0 && digest_parse(fetch_header(&out, "docker-content-digest"), &d, e)) {
		struct buf bytes CLEANUP(buf_done) = { 0 };
		struct endpoint_request q = { .path = path,
					      .accept = str_of(manifest_accept),
					      .what = what };
		if ((code = endpoint_get(p, &q, a, &out, e)))
			return code;
		code = stream_read_all(out.body, (size_t)p->opt->limits.manifest_bytes, &bytes, e);
		stream_close(out.body);
		if (code)
			return err_in(e, "%s", what);
		digest_of(DIGEST_SHA256, str_buf(&bytes), &d);
	}
	*now = d;
	return 0;
}

static int check_expected(struct endpoint *p, struct arena *a, struct endpoint_request *q,
			  const struct digest *expected, struct err *e)
{
	struct digest now;
	struct str etag;
	char is[DIGEST_TEXT];
	int code = look_at_tag(p, a, q->path, q->what, &now, &etag, e);
	if (code)
		return code;
	if (!digest_eq(&now, expected))
		return err_set(e, ERR_CONFLICT, "%s points at %s now: somebody else was faster",
			       q->what, now.alg ? digest_text(&now, is) : "nothing");
	if (now.alg == DIGEST_NONE)
		q->if_none_match = S("*");
	else if (etag.n && etag.p[0] == '"')
		q->if_match = etag;
	return 0;
}

/* The bytes of a manifest that is there, and its media type. */
static int manifest_bytes(struct source *s, const struct descriptor *d, struct arena *a,
			  struct str *bytes, struct str *media_type, struct err *e)
{
	const struct registry *r = s->state;
	struct descriptor want = *d;
	*media_type = d->media_type.n ? d->media_type : r->put_type;
	if (digest_eq(&r->put, &d->digest)) {
		*bytes = str_buf(&r->put_bytes);
		return 0;
	}
	if (!media_type->n)
		*media_type = want.media_type = S(MEDIA_OCI_MANIFEST);
	return source_get_document(s, &want, a, bytes, e);
}

int registry_tag(struct source *s, struct str name, const struct descriptor *d,
		 const struct digest *expected, struct err *e)
{
	struct endpoint *p = begin(s, "pull,push");
	struct fetch_response out;
	struct arena a = { 0 };
	struct endpoint_request q = { .method = "PUT" };
	int code = tag_valid(name)
			   ? 0
			   : err_set(e, ERR_INVALID, "'%.*s' is no tag", STR(str_upto(name, 130)));
	q.path = arena_printf(&a, "/v2/%.*s/manifests/%.*s", STR(p->repository), STR(name));
	q.what = arena_printf(&a, "tag %.*s of %.*s", STR(name), STR(p->repository)).p;
	if (!code)
		code = manifest_bytes(s, d, &a, &q.body, &q.content_type, e);
	if (!code && expected)
		code = check_expected(p, &a, &q, expected, e);
	if (!code)
		code = write_out(p, &q, &a, &d->digest, &out, e);
	arena_done(&a);
	return code;
}

int registry_remove(struct source *s, const struct digest *d, struct str name, struct err *e)
{
	struct endpoint *p = begin(s, "pull,push,delete");
	struct fetch_response out;
	struct arena a = { 0 };
	char text[DIGEST_TEXT];
	struct str which = name.n ? name : str_of(digest_text(d, text));
	struct str what = arena_printf(&a, "deleting %.*s of %.*s", STR(which), STR(p->repository));
	struct endpoint_request q = { .method = "DELETE",
				      .path = arena_printf(&a, "/v2/%.*s/manifests/%.*s",
							   STR(p->repository), STR(which)),
				      .what = what.p };
	int code = endpoint_send(p, &q, &a, &out, e);
	if (code == 0 && is_done(out.status))
		stream_close(out.body);
	else if (code == 0) {
		bool never = out.status == 400 || out.status == 405 || out.status == 501;
		code = endpoint_refused(p, &q, &out, &a, e);
		if (never)
			code = e->code = ERR_UNSUPPORTED;
	}
	arena_done(&a);
	return code;
}
