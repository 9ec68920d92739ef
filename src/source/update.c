/* Writing that is the same for every kind of source: documents, referrers, tags that several change, copies.
 *
 * A registry that does not list referrers (no OCI-Subject in its answer, distribution specification 1.1) gets them listed
 * by the tag ALGORITHM-HEX, an index that every writer reads, extends and writes back. Two of them at once would lose
 * one entry; so a writer looks once more at once before it writes, again after it, and begins anew when its own is not
 * in any more. Hostile: an index of that name that is none (refused), and one that grows without end (manifest_bytes). */
#include "source/source.h"

#include "base/json.h"
#include "oci/media_type.h"
#include "source/registry.h"

#include <sys/random.h>
#include <time.h>

enum {
	TRIES = 12,
	SETTLE_MIN = 60, /* milliseconds before the second look */
	SETTLE_MAX = 2000,
	SETTLE_TURNS = 3, /* times what our own reading and writing took */
	BACKOFF_FIRST = 20,
	BACKOFF_MAX = 1000,
};

int source_finish(struct source *s, struct err *e)
{
	return s->ops->finish ? s->ops->finish(s, e) : 0;
}

static const struct source_ops *writable(struct source *s, struct err *e)
{
	if (s->ops->put && s->ops->tag)
		return s->ops;
	err_set(e, ERR_UNSUPPORTED, "%.*s: a %s can only be read", STR(s->target), s->ops->scheme);
	return NULL;
}

int source_find(struct source *s, struct str name, struct descriptor *out, struct err *e)
{
	struct reference ref = s->ref;
	struct str wanted = s->wanted;
	struct digest d = { 0 };
	int r = 0;
	if (!s->ops->resolve)
		return err_set(e, ERR_UNSUPPORTED, "%.*s: a %s has no names", STR(s->target),
			       s->ops->scheme);
	bool digest = str_starts(name, S("sha256:")) || str_starts(name, S("sha512:"));
	if (digest && digest_parse(name, &d, e))
		return e->code;
	if (s->ops == &source_registry && d.alg == DIGEST_NONE && !tag_valid(name))
		return err_set(e, ERR_INVALID, "'%.*s' is no tag", STR(str_upto(name, 130)));
	s->wanted = name;
	s->ref.tag = d.alg ? S("") : name;
	s->ref.digest = d;
	r = s->ops->resolve(s, out, e);
	s->wanted = wanted;
	s->ref = ref;
	return r;
}

int source_put_document(struct source *s, struct str media_type, struct str bytes,
			struct descriptor *out, struct err *e)
{
	struct descriptor d = { .media_type = media_type, .size = bytes.n };
	if (!writable(s, e))
		return e->code;
	digest_of(DIGEST_SHA256, bytes, &d.digest);
	struct stream *in CLEANUP(cleanup_stream) = stream_mem(bytes);
	int r = s->ops->put(s, &d, in, e);
	if (r == 0)
		*out = d;
	return r;
}

/* Tags. */
static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void sleep_about(int64_t ms)
{
	uint32_t chance = 0;
	if (getrandom(&chance, sizeof chance, GRND_NONBLOCK) < 0)
		chance = 0;
	ms += chance % (uint32_t)(ms + 1);
	struct timespec t = { ms / 1000, (long)(ms % 1000) * 1000000 };
	while (nanosleep(&t, &t) != 0)
		;
}

typedef int change_tag(void *ctx, struct str old, struct buf *now, struct err *e);
struct update {
	struct source *s;
	struct str tag;
	change_tag *change;
	void *ctx;
};

static int read_tag(const struct update *u, struct arena *a, struct descriptor *d,
		    struct str *bytes, struct err *e)
{
	int r = source_find(u->s, u->tag, d, e);
	*bytes = S("");
	if (r == ERR_NOT_FOUND) {
		*d = (struct descriptor){ 0 };
		return 0;
	}
	return r ? r : source_get_document(u->s, d, a, bytes, e);
}

static struct str own_media_type(struct str bytes, struct arena *a)
{
	struct json *j CLEANUP(cleanup_json) = NULL;
	struct err ignored;
	if (json_parse(bytes, &j, &ignored))
		return S("");
	struct str own = json_get_str(j, "mediaType");
	return own.n			  ? arena_str(a, own)
	       : json_get(j, "manifests") ? S(MEDIA_OCI_INDEX)
					  : S(MEDIA_OCI_MANIFEST);
}

/* One time: 1 when what is there is as it shall be, 0 when something was written. */
static int try_update(const struct update *u, struct descriptor *out, struct err *e)
{
	struct arena a = { 0 };
	struct buf now CLEANUP(buf_done) = { 0 };
	struct descriptor old = { 0 }, d = { 0 };
	struct str bytes = { 0 };
	bool same = false;
	int r = read_tag(u, &a, &old, &bytes, e);
	if (r == 0)
		r = u->change(u->ctx, bytes, &now, e);
	if (r == 0)
		same = old.digest.alg && str_eq(bytes, str_buf(&now));
	if (r == 0 && !same) {
		struct str type = own_media_type(str_buf(&now), &a);
		r = source_put_document(u->s, type, str_buf(&now), &d, e);
		if (r == 0)
			r = u->s->ops->tag(u->s, u->tag, &d, &old.digest, e);
	}
	if (r == 0) {
		*out = same ? old : d;
		out->media_type = arena_str(&u->s->arena, out->media_type);
	}
	arena_done(&a);
	return r ? r : same;
}

int source_update_tag(struct source *s, struct str tag, change_tag *change, void *ctx,
		      struct descriptor *out, struct err *e)
{
	struct update u = { s, tag, change, ctx };
	int64_t backoff = BACKOFF_FIRST;
	bool wrote = false;
	if (!writable(s, e))
		return e->code;
	s->writing = true;
	for (unsigned tries = 0; tries < TRIES; tries++) {
		int64_t began = now_ms();
		int r = try_update(&u, out, e);
		if (r == ERR_CONFLICT) {
			sleep_about(backoff);
			backoff = MIN(backoff * 2, (int64_t)BACKOFF_MAX);
			continue;
		}
		if (r < 0)
			return r;
		if (r == 1 || s->exact_tags)
			return 0;
		wrote = true;
		sleep_about(MAX((int64_t)SETTLE_MIN,
				MIN((now_ms() - began) * SETTLE_TURNS, (int64_t)SETTLE_MAX)));
	}
	return err_set(e, ERR_CONFLICT, "%.*s: others change the tag %.*s all the time%s",
		       STR(s->target), STR(tag), wrote ? "; what was written may be lost" : "");
}

/* Referrers. */
struct listing {
	const struct descriptor *d;
	struct str artifact_type;
	const struct annotation *annotations;
	size_t n_annotations;
	bool remove;
};

static void put_descriptor(struct json_out *o, const struct listing *l)
{
	char text[DIGEST_TEXT];
	json_begin_object(o);
	json_put_member(o, "mediaType", l->d->media_type);
	json_put_member(o, "digest", str_of(digest_text(&l->d->digest, text)));
	json_put_key(o, "size");
	json_put_u64(o, l->d->size);
	json_put_member_opt(o, "artifactType", l->artifact_type);
	if (l->n_annotations) {
		json_put_key(o, "annotations");
		json_begin_object(o);
		for (size_t i = 0; i < l->n_annotations; i++) {
			struct buf key CLEANUP(buf_done) = { 0 };
			buf_add_str(&key, l->annotations[i].key);
			json_put_member(o, buf_cstr(&key), l->annotations[i].value);
		}
		json_end_object(o);
	}
	json_end_object(o);
}

/* The index with the entry, or without it. Whatever else is in it stays. */
static int change_listing(void *ctx, struct str old, struct buf *now, struct err *e)
{
	const struct listing *l = ctx;
	struct json *j CLEANUP(cleanup_json) = NULL;
	struct json_out o;
	char text[DIGEST_TEXT];
	bool there = false;
	digest_text(&l->d->digest, text);
	if (old.n && json_parse(old, &j, e))
		return err_in(e, "the list of referrers");
	if (old.n && !json_is_array(json_get(j, "manifests")))
		return err_set(e, ERR_INVALID, "the list of referrers is no index");
	JSON_EACH(m, json_get(j, "manifests"))
	there = there || str_eq(json_get_str(m, "digest"), str_of(text));
	if (there != l->remove) {
		buf_add_str(now, old);
		return 0;
	}
	json_out_init(&o, now, 0);
	json_begin_object(&o);
	json_put_key(&o, "schemaVersion");
	json_put_u64(&o, 2);
	json_put_member(&o, "mediaType", S(MEDIA_OCI_INDEX));
	json_put_key(&o, "manifests");
	json_begin_array(&o);
	JSON_EACH(m, json_get(j, "manifests"))
	if (!l->remove || !str_eq(json_get_str(m, "digest"), str_of(text)))
		json_put_value(&o, m);
	if (!l->remove)
		put_descriptor(&o, l);
	json_end_array(&o);
	JSON_EACH(m, j)
	if (!str_eq(json_key(m), S("schemaVersion")) && !str_eq(json_key(m), S("mediaType")) &&
	    !str_eq(json_key(m), S("manifests"))) {
		json_put_key(&o, json_key(m).p);
		json_put_value(&o, m);
	}
	json_end_object(&o);
	if (now->n > JSON_TREE_MAX)
		return err_set(e, ERR_LIMIT, "the list of referrers is larger than %d bytes",
			       JSON_TREE_MAX);
	return 0;
}

static struct str listing_tag(const struct digest *subject, char *text)
{
	digest_text(subject, text);
	*strchr(text, ':') = '-';
	return str_of(text);
}

/* Some list them without saying so. */
static bool is_listed(struct source *s, const struct digest *subject, const struct digest *d)
{
	struct descriptors all;
	struct err ignored;
	if (source_referrers(s, subject, &all, &ignored))
		return false;
	for (size_t i = 0; i < all.n; i++)
		if (digest_eq(&all.v[i].digest, d))
			return true;
	return false;
}

int source_put_referrer(struct source *s, struct str manifest, struct descriptor *out,
			struct err *e)
{
	struct arena a = { 0 };
	struct limits l = s->opt->limits;
	struct manifest m;
	struct descriptor d = { 0 }, index;
	char tag[DIGEST_TEXT];
	l.layers = MAX(l.layers, (uint64_t)SOURCE_WRITE_LAYERS);
	struct str type = own_media_type(manifest, &a);
	int r = manifest_parse(&a, manifest, type, &l, &m, e);
	if (r == 0 && m.subject.digest.alg == DIGEST_NONE)
		r = err_set(e, ERR_INVALID, "a manifest without a subject refers to nothing");
	if (r == 0)
		r = source_put_document(s, type, manifest, &d, e);
	if (r == 0 && !s->lists_referrers && !is_listed(s, &m.subject.digest, &d.digest)) {
		struct listing entry = { .d = &d,
					 .artifact_type = m.image.self.artifact_type.n
								  ? m.image.self.artifact_type
								  : m.image.config.media_type,
					 .annotations = m.image.annotations,
					 .n_annotations = m.image.n_annotations };
		r = source_update_tag(s, listing_tag(&m.subject.digest, tag), change_listing,
				      &entry, &index, e);
	}
	if (r == 0) {
		*out = d;
		out->media_type = arena_str(&s->arena, type);
		out->artifact_type = arena_str(&s->arena, m.image.self.artifact_type);
	}
	arena_done(&a);
	return r;
}

int source_remove_referrer(struct source *s, const struct digest *subject, const struct digest *d,
			   struct err *e)
{
	struct descriptor gone = { .digest = *d }, index;
	struct listing entry = { .d = &gone, .remove = true };
	char text[DIGEST_TEXT];
	if (!s->ops->remove)
		return err_set(e, ERR_UNSUPPORTED, "%.*s: nothing can be removed from a %s",
			       STR(s->target), s->ops->scheme);
	int r = s->ops->remove(s, d, S(""), e);
	if (r && r != ERR_NOT_FOUND)
		return r;
	struct str tag = listing_tag(subject, text);
	if (source_find(s, tag, &index, e))
		return e->code == ERR_NOT_FOUND ? 0 : e->code;
	return source_update_tag(s, tag, change_listing, &entry, &index, e);
}

/* Copies. The source is asked only when somebody reads. */
struct late {
	struct stream s;
	struct source *from;
	const struct descriptor *d;
	struct stream *below;
};

static ssize_t late_fill(struct stream *s, struct err *e)
{
	struct late *l = (struct late *)s;
	if (!l->below && source_get_verified(l->from, l->d, &l->below, e))
		return e->code;
	ssize_t n = stream_fill(l->below, e);
	if (n > 0) {
		s->pos = l->below->pos;
		s->end = l->below->end;
		l->below->pos = l->below->end;
	}
	return n;
}

static void late_close(struct stream *s)
{
	stream_close(((struct late *)s)->below);
}

int source_copy(struct source *from, struct source *to, const struct descriptor *d, struct err *e)
{
	static const struct stream_ops ops = { late_fill, late_close, NULL };
	struct late in = { .s = { .ops = &ops }, .from = from, .d = d };
	char text[DIGEST_TEXT];
	if (!writable(to, e))
		return e->code;
	if (from->ops == &source_registry && to->ops == &source_registry)
		registry_mount(to, from);
	int r = to->ops->put(to, d, &in.s, e);
	late_close(&in.s);
	return r ? err_in(e, "copy %s", digest_text(&d->digest, text)) : 0;
}
