/* Targets as the user types them, and from a source to images: resolve, follow indexes, read manifest and configuration.
 *
 * Everything read here is bounded (manifest_bytes) and verified against the digest that led to it. Hostile images may
 * nest indexes without end or repeat them (index_depth, index_manifests over the whole walk, each digest once), name
 * sizes that are not theirs, or be no images at all: artifacts and schema 1 are ERR_UNSUPPORTED in clear words. */
#include "source/source.h"
#include "oci/media_type.h"
#include "source/archive.h"

#include <errno.h>
#include <sys/stat.h>

#define SOURCE(name) extern const struct source_ops source_##name;
#include "source/sources.def"
#undef SOURCE
static const struct source_ops *const table[] = {
#define SOURCE(name) &source_##name,
#include "source/sources.def"
#undef SOURCE
};

/* Targets. */
static const struct source_ops *by_scheme(struct str scheme)
{
	for (size_t i = 0; i < COUNT(table); i++)
		if (str_eq(scheme, str_of(table[i]->scheme)))
			return table[i];
	return NULL;
}

static int open_as(struct source *s, struct str scheme, struct str where, struct err *e)
{
	s->ops = by_scheme(scheme);
	if (!s->ops)
		return err_set(e, ERR_UNSUPPORTED,
			       "'%.*s': this build reads nothing of the kind '%.*s'", STR(where),
			       STR(scheme));
	if (s->create && !s->ops->put)
		return err_set(e, ERR_UNSUPPORTED, "%.*s: a %s can only be read", STR(s->target),
			       s->ops->scheme);
	return s->ops->open(s, where, e);
}

/* A tar file with an image in it: which kind, by its members. docker save writes both in one; its own names count. */
static int open_archive(struct source *s, struct str path, struct err *e)
{
	struct archive *a CLEANUP(cleanup_archive) = NULL;
	int r = archive_open(path, &s->opt->limits, &a, e);
	if (r)
		return r;
	s->path = arena_str(&s->arena, path);
	bool oci = archive_has(a, S("oci-layout"));
	bool docker =
		archive_has(a, S("manifest.json")) || (!oci && archive_has(a, S("repositories")));
	if (!docker && !oci)
		return err_set(e, ERR_INVALID,
			       "%.*s: it is a tar file, but neither manifest.json (docker archive) "
			       "nor oci-layout (OCI "
			       "archive) is in it",
			       STR(path));
	s->ops = docker ? &source_docker_archive : &source_oci_archive;
	return docker ? docker_archive_use(s, STEAL(a), e) : oci_archive_use(s, STEAL(a), e);
}

static bool is_layout(struct source *s, struct str dir)
{
	struct stat st;
	return stat(arena_printf(&s->arena, "%.*s/oci-layout", STR(dir)).p, &st) == 0;
}

static bool looks_like_path(struct str t)
{
	return str_starts(t, S("/")) || str_starts(t, S("./")) || str_starts(t, S("../")) ||
	       str_eq(t, S(".")) || str_eq(t, S(".."));
}

static int probe(struct source *s, struct str target, struct err *e)
{
	struct stat st;
	if (stat(arena_cstr(&s->arena, target), &st) == 0) {
		if (s->create)
			return open_as(s, S_ISDIR(st.st_mode) ? S("oci") : S("oci-archive"), target,
				       e);
		if (!S_ISDIR(st.st_mode))
			return open_archive(s, target, e);
		return open_as(s, is_layout(s, target) ? S("oci") : S("dir"), target, e);
	}
	if (looks_like_path(target) && s->create)
		return open_as(s, str_ends(target, S(".tar")) ? S("oci-archive") : S("oci"), target,
			       e);
	if (looks_like_path(target))
		return err_sys(e, "open %.*s", STR(target));
	return open_as(s, S("registry"), target, e);
}

static int open_target(struct source *s, struct str target, struct err *e)
{
	ssize_t colon = str_find_char(target, ':');
	if (target.n == 0)
		return err_set(e, ERR_INVALID, "the target is empty");
	if (str_find_char(target, '\0') >= 0)
		return err_set(e, ERR_INVALID, "the target holds a NUL");
	if (str_starts(target, S("docker://")))
		return open_as(s, S("registry"), str_from(target, sizeof "docker://" - 1), e);
	if (colon > 0 && by_scheme(str_upto(target, (size_t)colon)))
		return open_as(s, str_upto(target, (size_t)colon),
			       str_from(target, (size_t)colon + 1), e);
	return probe(s, target, e);
}

static int open_source(struct str target, const struct source_options *opt, bool create,
		       struct source **out, struct err *e)
{
	struct source *s CLEANUP(cleanup_source) = calloc(1, sizeof *s);
	if (!s)
		abort();
	arena_init(&s->arena);
	s->opt = opt;
	s->create = create;
	s->target = arena_str(&s->arena, target);
	int r = open_target(s, s->target, e);
	if (r)
		return r;
	*out = STEAL(s);
	return 0;
}

int source_open(struct str target, const struct source_options *opt, struct source **out,
		struct err *e)
{
	return open_source(target, opt, false, out, e);
}

int source_create(struct str target, const struct source_options *opt, struct source **out,
		  struct err *e)
{
	return open_source(target, opt, true, out, e);
}

void source_close(struct source *s)
{
	if (!s)
		return;
	if (s->ops && s->state && s->ops->close)
		s->ops->close(s);
	arena_done(&s->arena);
	free(s);
}

void cleanup_source(struct source **s)
{
	source_close(*s);
}

bool source_is_dir(const struct source *s)
{
	return strcmp(s->ops->scheme, "dir") == 0;
}

/* Blobs. */
int source_get_verified(struct source *s, const struct descriptor *d, struct stream **out,
			struct err *e)
{
	struct stream *in = NULL;
	uint64_t max = s->opt->limits.blob_bytes;
	if (d->digest.alg != DIGEST_SHA256 && d->digest.alg != DIGEST_SHA512)
		return err_set(e, ERR_INVALID, "a blob without a digest cannot be verified");
	if (d->size != UINT64_MAX && d->size > max)
		return err_set(e, ERR_LIMIT,
			       "a blob of %llu bytes is above the limit blob_bytes, %llu",
			       (unsigned long long)d->size, (unsigned long long)max);
	int r = s->ops->get(s, d, &in, e);
	if (r)
		return r;
	*out = stream_verify(stream_limit(in, max, "the blob"), &d->digest, d->size);
	return 0;
}

int source_get_document(struct source *s, const struct descriptor *d, struct arena *a,
			struct str *out, struct err *e)
{
	struct stream *in CLEANUP(cleanup_stream) = NULL;
	struct buf b CLEANUP(buf_done) = { 0 };
	uint64_t max = s->opt->limits.manifest_bytes;
	char text[DIGEST_TEXT];
	if (d->size != UINT64_MAX && d->size > max)
		return err_set(
			e, ERR_LIMIT,
			"%s: a document of %llu bytes is above the limit manifest_bytes, %llu",
			digest_text(&d->digest, text), (unsigned long long)d->size,
			(unsigned long long)max);
	if (source_get_verified(s, d, &in, e) || stream_read_all(in, (size_t)max, &b, e))
		return err_in(e, "%s", digest_text(&d->digest, text));
	*out = arena_str(a, str_buf(&b));
	return 0;
}

/* Images. */
struct leaf { /* a manifest of the tree of indexes */
	struct descriptor d;
	int score;
	bool from_index, read, done;
	struct image image;
};

struct walk {
	struct source *s;
	const struct platform *want;
	struct arena *a;
	struct leaf *v;
	size_t n, cap;
	uint64_t entries; /* looked at so far, over all indexes */
	struct digest *seen;
	size_t n_seen, cap_seen;
	struct buf others; /* platforms passed over, for the error */
};

static bool is_attestation(const struct descriptor *d)
{
	for (size_t i = 0; i < d->n_annotations; i++)
		if (str_eq(d->annotations[i].key, S("vnd.docker.reference.type")))
			return true;
	return str_eq(d->platform.os, S("unknown")) && str_eq(d->platform.arch, S("unknown"));
}

static bool was_seen(struct walk *w, const struct digest *d)
{
	for (size_t i = 0; i < w->n_seen; i++)
		if (digest_eq(&w->seen[i], d))
			return true;
	*ARENA_PUSH(w->a, w->seen, w->n_seen, w->cap_seen) = *d;
	return false;
}

static void pass_over(struct walk *w, const struct platform *p)
{
	struct str text = platform_text(w->a, p);
	if (str_find(str_buf(&w->others), text) >= 0 || w->others.n > 300)
		return;
	buf_addf(&w->others, "%s%.*s", w->others.n ? ", " : "", STR(text));
}

static struct leaf *add_leaf(struct walk *w, const struct descriptor *d, int score)
{
	struct leaf *leaf = ARENA_PUSH(w->a, w->v, w->n, w->cap);
	leaf->d = *d;
	leaf->score = score;
	return leaf;
}

static int read_manifest(struct walk *w, const struct descriptor *d, struct manifest *out,
			 struct err *e)
{
	struct str bytes;
	char text[DIGEST_TEXT];
	int r = source_get_document(w->s, d, w->a, &bytes, e);
	if (r)
		return r;
	if (manifest_parse(w->a, bytes, d->media_type, &w->s->opt->limits, out, e))
		return err_in(e, "%s", digest_text(&d->digest, text));
	return 0;
}

static void leaf_take(struct leaf *leaf, const struct manifest *m)
{
	struct str media_type = m->image.self.media_type;
	leaf->image = m->image;
	leaf->image.self = leaf->d;
	leaf->image.self.size = m->image.self.size;
	leaf->image.self.artifact_type = m->image.self.artifact_type;
	if (media_type.n)
		leaf->image.self.media_type = media_type;
	else if (leaf->d.media_type.n == 0)
		leaf->image.self.media_type = S(MEDIA_OCI_MANIFEST);
	leaf->read = true;
}

static int walk_document(struct walk *w, const struct descriptor *d, uint64_t depth, int score,
			 struct err *e);

static int walk_entry(struct walk *w, const struct descriptor *d, uint64_t depth, int score,
		      struct err *e)
{
	const struct limits *l = &w->s->opt->limits;
	bool nested = media_type_is_index(d->media_type) || d->media_type.n == 0;
	if (++w->entries > l->index_manifests)
		return err_set(e, ERR_LIMIT,
			       "more manifests in nested indexes than index_manifests, %llu",
			       (unsigned long long)l->index_manifests);
	if (is_attestation(d) || (!nested && !media_type_is_manifest(d->media_type)) ||
	    was_seen(w, &d->digest))
		return 0;
	if (w->want && (d->platform.os.n || d->platform.arch.n))
		score = platform_match(&d->platform, w->want);
	if (score == 0)
		pass_over(w, &d->platform);
	else if (nested)
		return walk_document(w, d, depth + 1, score, e);
	else
		add_leaf(w, d, score)->from_index = true;
	return 0;
}

static int walk_document(struct walk *w, const struct descriptor *d, uint64_t depth, int score,
			 struct err *e)
{
	struct manifest m;
	if (depth > w->s->opt->limits.index_depth)
		return err_set(e, ERR_LIMIT, "indexes are nested deeper than index_depth, %llu",
			       (unsigned long long)w->s->opt->limits.index_depth);
	int r = read_manifest(w, d, &m, e);
	if (r)
		return r;
	if (m.kind == MANIFEST_IMAGE) {
		struct leaf *leaf = add_leaf(w, d, score);
		leaf->from_index = depth > 0;
		leaf_take(leaf, &m);
		return 0;
	}
	for (size_t i = 0; i < m.index.n; i++)
		if ((r = walk_entry(w, &m.index.v[i], depth, score, e)))
			return r;
	return 0;
}

static int check_image(const struct image *i, struct err *e)
{
	if (!media_type_is_config(i->config.media_type) &&
	    !media_type_says_nothing(i->config.media_type))
		return err_set(e, ERR_UNSUPPORTED,
			       "it is an artifact of type '%.*s', not a container image",
			       STR(i->self.artifact_type.n ? i->self.artifact_type
							   : i->config.media_type));
	return 0;
}

static int read_config(struct walk *w, struct image *i, struct err *e)
{
	struct str bytes;
	int r = check_image(i, e);
	if (r || (r = source_get_document(w->s, &i->config, w->a, &bytes, e)))
		return r;
	if ((r = image_config_parse(w->a, bytes, &i->cfg, e)))
		return r;
	if (i->cfg.n_diff_ids != i->n_layers)
		return err_set(e, ERR_INVALID,
			       "the manifest lists %zu layers, the configuration %zu", i->n_layers,
			       i->cfg.n_diff_ids);
	return 0;
}

static int read_leaf(struct walk *w, struct leaf *leaf, struct err *e)
{
	struct manifest m;
	char text[DIGEST_TEXT];
	int r;
	if (!leaf->read) {
		if ((r = read_manifest(w, &leaf->d, &m, e)))
			return r;
		if (m.kind != MANIFEST_IMAGE)
			return err_set(e, ERR_INVALID,
				       "%s is an index where a manifest was promised",
				       digest_text(&leaf->d.digest, text));
		leaf_take(leaf, &m);
	}
	leaf->done = true;
	r = read_config(w, &leaf->image, e);
	return r ? err_in(e, "image %s", digest_text(&leaf->d.digest, text)) : 0;
}

static struct leaf *best_leaf(struct walk *w)
{
	struct leaf *best = NULL;
	for (size_t i = 0; i < w->n; i++)
		if (!w->v[i].done && (!best || w->v[i].score > best->score))
			best = &w->v[i];
	return best;
}

/* An entry that does not tell its platform is judged by its configuration; an image that is alone is taken as it is. */
static bool leaf_fits(struct walk *w, const struct leaf *leaf)
{
	bool told = leaf->d.platform.os.n || leaf->d.platform.arch.n;
	if (!leaf->from_index || told || platform_match(&leaf->image.cfg.platform, w->want))
		return true;
	pass_over(w, &leaf->image.cfg.platform);
	return false;
}

static int pick_one(struct walk *w, struct image **images, size_t *n, struct err *e)
{
	for (struct leaf *leaf; (leaf = best_leaf(w));) {
		int r = read_leaf(w, leaf, e);
		if (r)
			return r;
		if (!leaf_fits(w, leaf))
			continue;
		*images = ARENA_NEW(w->a, struct image);
		**images = leaf->image;
		*n = 1;
		return 0;
	}
	return err_set(e, ERR_NOT_FOUND, "%.*s: no image for the platform %.*s; there is: %.*s",
		       STR(w->s->target), STR(platform_text(w->a, w->want)),
		       w->others.n ? (int)w->others.n : 7, w->others.n ? w->others.p : "nothing");
}

static int take_all(struct walk *w, struct image **images, size_t *n, struct err *e)
{
	struct image *list = arena_array(w->a, w->n, sizeof *list);
	if (w->n == 0)
		return err_set(e, ERR_NOT_FOUND, "%.*s: the index lists no image",
			       STR(w->s->target));
	for (size_t i = 0; i < w->n; i++) {
		int r = read_leaf(w, &w->v[i], e);
		if (r)
			return r;
		list[i] = w->v[i].image;
	}
	*images = list;
	*n = w->n;
	return 0;
}

int source_images(struct source *s, const struct platform *want, struct arena *a,
		  struct image **images, size_t *n, struct err *e)
{
	struct walk w = { .s = s, .want = want, .a = a };
	struct descriptor d = { 0 };
	if (!s->ops->resolve)
		return err_set(e, ERR_UNSUPPORTED, "%.*s: a %s holds no images", STR(s->target),
			       s->ops->scheme);
	int r = s->ops->resolve(s, &d, e);
	if (r == 0)
		r = walk_document(&w, &d, 0, 1, e);
	if (r)
		err_in(e, "%.*s", STR(s->target));
	else
		r = want ? pick_one(&w, images, n, e) : take_all(&w, images, n, e);
	buf_done(&w.others);
	return r;
}

int source_referrers(struct source *s, const struct digest *subject, struct descriptors *out,
		     struct err *e)
{
	*out = (struct descriptors){ 0 };
	return s->ops->referrers ? s->ops->referrers(s, subject, out, e) : 0;
}

int source_tags(struct source *s, struct strs *out, struct err *e)
{
	*out = (struct strs){ 0 };
	if (!s->ops->list)
		return err_set(e, ERR_UNSUPPORTED, "%s: has no tags", s->ops->scheme);
	return s->ops->list(s, out, e);
}
