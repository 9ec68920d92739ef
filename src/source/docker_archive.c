/* `docker-archive:FILE[:NAME|:TAG|:@INDEX]`: what `docker save` and `podman save` write. manifest.json lists images, each
 * with a configuration and its layers as member names: ID/layer.tar (symbolic links for layers that are there before),
 * HEX.tar, HEX.tar.gz, or blobs/sha256/HEX in archives that are an OCI layout as well.
 *
 * The archive has no manifest of the image; one is made here (Docker schema 2), so that the rest of the program sees an
 * image like any other. Its digests: the configuration's from its bytes, which must agree with its name where that is a
 * digest; of a member blobs/sha256/HEX the name; of any other uncompressed layer its diff_id in the configuration, since
 * that is the digest of the same bytes; of any other compressed layer that of the stored bytes, computed first. Whatever
 * reads a layer verifies it against that.
 *
 * Hostile archives: names and links that climb out, a manifest.json without end or with two meanings, layers that are not
 * what the configuration says, more layers than diff_ids. Archives without manifest.json (docker before 1.10) are not
 * supported. */
#include "source/archive.h"
#include "base/map.h"
#include "oci/fields.h"
#include "oci/media_type.h"

enum { HEX_SHA256 = 64, CHOICES_SHOWN = 12, HEAD = 6 };

struct saved_image {
	struct str config; /* member names */
	struct strs layers, tags;
	bool made;
	struct descriptor manifest;
};

struct blob {
	struct str member; /* in the archive, or */
	struct str bytes; /* in memory */
};

struct docker_state {
	struct archive *archive;
	struct saved_image *images;
	size_t n, cap;
	struct map blobs; /* by digest text */
};

static int parse_strings(struct arena *a, const struct json *j, const char *what, uint64_t max,
			 const char *limit, struct strs *out, struct err *e)
{
	if (json_count(j) > max)
		return err_set(e, ERR_LIMIT, "%zu %s are more than the limit %s, %llu",
			       json_count(j), what, limit, (unsigned long long)max);
	JSON_EACH(child, j)
	{
		if (!json_is_string(child) || json_str(child).n == 0)
			return err_set(e, ERR_INVALID, "one of the %s is no name", what);
		*ARENA_PUSH(a, out->v, out->n, out->cap) = arena_str(a, json_str(child));
	}
	return 0;
}

static int parse_image(struct source *s, const struct json *j, struct saved_image *out,
		       struct err *e)
{
	static const char *const names[] = { "Config", "RepoTags", "Layers", NULL };
	const struct limits *l = &s->opt->limits;
	int r = fields_check(j, names, e);
	if (r)
		return r;
	out->config = arena_str(&s->arena, json_get_str(j, "Config"));
	if (out->config.n == 0)
		return err_set(e, ERR_INVALID, "it names no configuration");
	if (!json_is_array(json_get(j, "Layers")))
		return err_set(e, ERR_INVALID, "it has no list of layers");
	if ((r = parse_strings(&s->arena, json_get(j, "Layers"), "layers", l->layers, "layers",
			       &out->layers, e)))
		return r;
	return parse_strings(&s->arena, json_get(j, "RepoTags"), "names", l->index_manifests,
			     "index_manifests", &out->tags, e);
}

static int parse_manifest(struct source *s, struct str text, struct docker_state *d, struct err *e)
{
	struct json *j CLEANUP(cleanup_json) = NULL;
	int r = json_parse(text, &j, e);
	if (r)
		return r;
	if (!json_is_array(j) || json_count(j) == 0)
		return err_set(e, ERR_INVALID, "it lists no image");
	if (json_count(j) > s->opt->limits.index_manifests)
		return err_set(e, ERR_LIMIT, "%zu images are more than index_manifests, %llu",
			       json_count(j), (unsigned long long)s->opt->limits.index_manifests);
	JSON_EACH(child, j)
	{
		struct saved_image *i = ARENA_PUSH(&s->arena, d->images, d->n, d->cap);
		if ((r = parse_image(s, child, i, e)))
			return err_in(e, "image %zu", d->n - 1);
	}
	return 0;
}

static int load(struct source *s, struct docker_state *d, struct err *e)
{
	struct str text;
	if (!archive_has(d->archive, S("manifest.json")))
		return archive_has(d->archive, S("repositories"))
			       ? err_set(e, ERR_UNSUPPORTED,
					 "it was saved by a docker before 1.10 (no manifest.json); "
					 "save it again")
			       : err_set(e, ERR_INVALID,
					 "it is no docker archive: there is no manifest.json");
	int r = archive_document(d->archive, S("manifest.json"), &s->arena, &text, e);
	if (r || (r = parse_manifest(s, text, d, e)))
		return err_in(e, "manifest.json");
	return 0;
}

int docker_archive_use(struct source *s, struct archive *a, struct err *e)
{
	struct docker_state *d = ARENA_NEW(&s->arena, struct docker_state);
	d->archive = a;
	map_init(&d->blobs, &s->arena);
	s->state = d;
	int r = load(s, d, e);
	return r ? err_in(e, "%.*s", STR(s->path)) : 0;
}

static int docker_archive_open(struct source *s, struct str where, struct err *e)
{
	struct archive *a = NULL;
	int r = path_and_name(s, where, e);
	if (r || (r = archive_open(s->path, &s->opt->limits, &a, e)))
		return r;
	return docker_archive_use(s, a, e);
}

/* Choosing one. */
static struct str tag_of(struct str name)
{
	ssize_t colon = str_rfind_char(name, ':');
	return colon < 0 ? S("") : str_from(name, (size_t)colon + 1);
}

enum fit { FIT_NONE, FIT_TAG, FIT_WHOLE };

static enum fit tag_fits(struct source *s, struct str tag, struct str wanted)
{
	struct reference a, b;
	struct err e;
	if (str_eq(tag, wanted))
		return FIT_WHOLE;
	if (reference_parse(&s->arena, tag, &a, &e) == 0 &&
	    reference_parse(&s->arena, wanted, &b, &e) == 0 && str_eq(a.host, b.host) &&
	    str_eq(a.repository, b.repository) && str_eq(a.tag, b.tag))
		return FIT_WHOLE;
	return str_eq(tag_of(tag), wanted) ? FIT_TAG : FIT_NONE;
}

/* The digest that a member's name gives: blobs/sha256/HEX, sha256:HEX, HEX.json, HEX. */
static bool digest_of_name(struct str name, struct digest *out)
{
	if (str_starts(name, S("blobs/sha256/")))
		name = str_from(name, sizeof "blobs/sha256/" - 1);
	else if (str_starts(name, S("sha256:")))
		name = str_from(name, sizeof "sha256:" - 1);
	else if (str_ends(name, S(".json")))
		name.n -= sizeof ".json" - 1;
	return name.n == HEX_SHA256 && digest_from_hex(DIGEST_SHA256, name, out);
}

static enum fit image_fits(struct source *s, const struct saved_image *i, struct str wanted)
{
	struct digest want, have;
	enum fit best = FIT_NONE;
	if (str_starts(wanted, S("sha256:")))
		return digest_of_name(wanted, &want) && digest_of_name(i->config, &have) &&
				       digest_eq(&want, &have)
			       ? FIT_WHOLE
			       : FIT_NONE;
	for (size_t k = 0; k < i->tags.n; k++)
		best = MAX(best, tag_fits(s, i->tags.v[k], wanted));
	return best;
}

static int tell_choice(const struct docker_state *d, struct str wanted, const char *why,
		       struct err *e)
{
	struct buf list CLEANUP(buf_done) = { 0 };
	for (size_t i = 0; i < d->n && i < CHOICES_SHOWN; i++) {
		const struct saved_image *m = &d->images[i];
		buf_addf(&list, "%s%.*s", i ? ", " : "",
			 STR(str_upto(m->tags.n ? m->tags.v[0] : m->config, 100)));
	}
	if (d->n > CHOICES_SHOWN)
		buf_addf(&list, " and %zu more", d->n - CHOICES_SHOWN);
	return err_set(e, ERR_NOT_FOUND, "%s%s%.*s%s; there is: %.*s", why, wanted.n ? " '" : "",
		       STR(wanted), wanted.n ? "'" : "", STR(str_buf(&list)));
}

static int choose(struct source *s, struct docker_state *d, struct saved_image **out, struct err *e)
{
	enum fit best = FIT_NONE;
	struct saved_image *found = NULL;
	bool several = false;
	uint64_t index;
	if (s->wanted.n == 0) {
		if (d->n > 1)
			return tell_choice(d, S(""), "several images are there and none was named",
					   e);
		*out = &d->images[0];
		return 0;
	}
	if (s->wanted.p[0] == '@' && str_to_u64(str_from(s->wanted, 1), d->n - 1, &index)) {
		*out = &d->images[index];
		return 0;
	}
	for (size_t i = 0; i < d->n; i++) {
		enum fit fit = image_fits(s, &d->images[i], s->wanted);
		if (fit == FIT_NONE || fit < best)
			continue;
		several = fit == best;
		best = fit;
		found = &d->images[i];
	}
	if (!found || several)
		return tell_choice(d, s->wanted,
				   found ? "several images are named" : "no image is named", e);
	*out = found;
	return 0;
}

/* Making its manifest. */
static void remember(struct source *s, const struct digest *digest, struct blob b)
{
	struct docker_state *d = s->state;
	char text[DIGEST_TEXT];
	struct blob *copy = ARENA_NEW(&s->arena, struct blob);
	*copy = b;
	*map_at(&d->blobs, arena_str(&s->arena, str_of(digest_text(digest, text)))) = copy;
}

static int hash_member(const struct archive *a, struct str name, struct digest *out, struct err *e)
{
	struct stream *in CLEANUP(cleanup_stream) = NULL;
	uint64_t size;
	int r = archive_get(a, name, &in, &size, e);
	return r ? r : stream_digest(in, DIGEST_SHA256, out, e);
}

static int peek(const struct archive *a, struct str name, enum compression *c, uint64_t *size,
		struct err *e)
{
	struct stream *in CLEANUP(cleanup_stream) = NULL;
	char head[HEAD];
	int r = archive_get(a, name, &in, size, e);
	if (r)
		return r;
	ssize_t n = stream_read(in, head, sizeof head, e);
	if (n < 0)
		return (int)n;
	*c = compression_of((struct str){ head, (size_t)n });
	return 0;
}

static int layer_descriptor(struct source *s, struct str name, const struct digest *diff_id,
			    struct descriptor *out, struct err *e)
{
	struct docker_state *d = s->state;
	struct descriptor x = { .media_type = S(MEDIA_DOCKER_LAYER) };
	enum compression c = COMPRESSION_NONE;
	int r = peek(d->archive, name, &c, &x.size, e);
	if (r)
		return r == ERR_NOT_FOUND
			       ? err_set(e, ERR_INVALID, "the archive has no '%.*s'", STR(name))
			       : r;
	if (x.size > s->opt->limits.blob_bytes)
		return err_set(e, ERR_LIMIT, "'%.*s' is larger than blob_bytes, %llu", STR(name),
			       (unsigned long long)s->opt->limits.blob_bytes);
	if (c == COMPRESSION_GZIP)
		x.media_type = S(MEDIA_DOCKER_LAYER ".gzip");
	else if (c == COMPRESSION_ZSTD)
		x.media_type = S(MEDIA_DOCKER_LAYER ".zstd");
	if (c == COMPRESSION_NONE)
		x.digest = *diff_id;
	if (str_starts(name, S("blobs/"))) {
		if (!digest_of_name(name, &x.digest))
			return err_set(e, ERR_INVALID, "'%.*s' is no blob's name", STR(name));
		if (c == COMPRESSION_NONE && !digest_eq(&x.digest, diff_id))
			return err_set(e, ERR_INVALID,
				       "'%.*s' is not the layer its configuration names",
				       STR(name));
	} else if (c != COMPRESSION_NONE && (r = hash_member(d->archive, name, &x.digest, e))) {
		return r;
	}
	remember(s, &x.digest, (struct blob){ .member = name });
	*out = x;
	return 0;
}

static void put_descriptor(struct json_out *o, struct str media_type, const struct descriptor *d)
{
	char text[DIGEST_TEXT];
	json_begin_object(o);
	json_put_member(o, "mediaType", media_type);
	json_put_key(o, "size");
	json_put_u64(o, d->size);
	json_put_member(o, "digest", str_of(digest_text(&d->digest, text)));
	json_end_object(o);
}

static void put_manifest(struct buf *b, const struct descriptor *config,
			 const struct descriptors *layers)
{
	struct json_out o;
	json_out_init(&o, b, 0);
	json_begin_object(&o);
	json_put_key(&o, "schemaVersion");
	json_put_u64(&o, 2);
	json_put_member(&o, "mediaType", S(MEDIA_DOCKER_MANIFEST));
	json_put_key(&o, "config");
	put_descriptor(&o, S(MEDIA_DOCKER_CONFIG), config);
	json_put_key(&o, "layers");
	json_begin_array(&o);
	for (size_t i = 0; i < layers->n; i++)
		put_descriptor(&o, layers->v[i].media_type, &layers->v[i]);
	json_end_array(&o);
	json_end_object(&o);
}

static int read_config(struct source *s, const struct saved_image *m, struct descriptor *out,
		       struct image_config *cfg, struct err *e)
{
	struct docker_state *d = s->state;
	struct digest named;
	struct str bytes;
	int r = archive_document(d->archive, m->config, &s->arena, &bytes, e);
	if (r == ERR_NOT_FOUND) {
		e->code = ERR_INVALID; /* the archive itself names it */
		return err_in(e, "configuration");
	}
	if (r || (r = image_config_parse(&s->arena, bytes, cfg, e)))
		return r;
	digest_of(DIGEST_SHA256, bytes, &out->digest);
	out->size = bytes.n;
	if (digest_of_name(m->config, &named) && !digest_eq(&named, &out->digest))
		return err_set(
			e, ERR_INVALID,
			"the configuration '%.*s' is not what its name says: its digest differs",
			STR(m->config));
	if (cfg->n_diff_ids != m->layers.n)
		return err_set(e, ERR_INVALID,
			       "manifest.json lists %zu layers, the configuration %zu", m->layers.n,
			       cfg->n_diff_ids);
	remember(s, &out->digest, (struct blob){ .bytes = bytes });
	return 0;
}

static int make_manifest(struct source *s, struct saved_image *m, struct err *e)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	struct descriptor config = { 0 };
	struct descriptors layers = { 0 };
	struct image_config cfg;
	int r = read_config(s, m, &config, &cfg, e);
	if (r)
		return r;
	layers.v = arena_array(&s->arena, m->layers.n, sizeof *layers.v);
	for (size_t i = 0; i < m->layers.n; i++) {
		if ((r = layer_descriptor(s, m->layers.v[i], &cfg.diff_ids[i], &layers.v[i], e)))
			return err_in(e, "layer %zu", i);
		layers.n++;
	}
	put_manifest(&b, &config, &layers);
	struct str bytes = arena_str(&s->arena, str_buf(&b));
	m->manifest =
		(struct descriptor){ .media_type = S(MEDIA_DOCKER_MANIFEST), .size = bytes.n };
	digest_of(DIGEST_SHA256, bytes, &m->manifest.digest);
	remember(s, &m->manifest.digest, (struct blob){ .bytes = bytes });
	m->made = true;
	return 0;
}

static int docker_archive_resolve(struct source *s, struct descriptor *out, struct err *e)
{
	struct saved_image *m = NULL;
	int r = choose(s, s->state, &m, e);
	if (r || (!m->made && (r = make_manifest(s, m, e))))
		return r;
	*out = m->manifest;
	return 0;
}

static int docker_archive_get(struct source *s, const struct descriptor *d, struct stream **out,
			      struct err *e)
{
	const struct docker_state *state = s->state;
	char text[DIGEST_TEXT];
	uint64_t size;
	const struct blob *b = map_get(&state->blobs, str_of(digest_text(&d->digest, text)));
	if (!b)
		return err_set(e, ERR_NOT_FOUND, "the archive has no blob %s", text);
	if (b->member.n)
		return archive_get(state->archive, b->member, out, &size, e);
	*out = stream_mem(b->bytes);
	return 0;
}

static int docker_archive_list(struct source *s, struct strs *tags, struct err *e)
{
	const struct docker_state *d = s->state;
	(void)e;
	for (size_t i = 0; i < d->n; i++)
		for (size_t k = 0; k < d->images[i].tags.n; k++)
			*ARENA_PUSH(&s->arena, tags->v, tags->n, tags->cap) =
				d->images[i].tags.v[k];
	return 0;
}

static void docker_archive_close(struct source *s)
{
	struct docker_state *d = s->state;
	archive_close(d->archive);
	s->state = NULL;
}

const struct source_ops source_docker_archive = {
	.scheme = "docker-archive",
	.open = docker_archive_open,
	.resolve = docker_archive_resolve,
	.get = docker_archive_get,
	.list = docker_archive_list,
	.close = docker_archive_close,
};
