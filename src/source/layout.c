/* OCI image layout 1.0.0: oci-layout, index.json, blobs/ALGORITHM/HEX.
 *
 * An image is chosen by the annotations org.opencontainers.image.ref.name and io.containerd.image.name: the whole value,
 * the same reference in full or short form, or the part behind its last colon. Hostile layouts: an index.json that is no
 * file or has no end, digests that are none, names that fit two different images (refused: the choice is told).
 * An index.json that lists the platforms of one image, without names, is that image. What is attached to an image may be
 * there under the names of its tags, as entries without a name, or (cosign save) by kind and as manifests nobody lists. */
#include "source/layout.h"
#include "oci/fields.h"
#include "oci/media_type.h"

#include <dirent.h>
#include <fcntl.h>

enum { CHOICES_SHOWN = 12, LOOSE_BYTES_MAX = 256 * 1024 };

static int read_document(const struct layout *l, struct source *s, const char *path,
			 struct str *out, struct err *e)
{
	struct stream *in CLEANUP(cleanup_stream) = NULL;
	struct buf b CLEANUP(buf_done) = { 0 };
	uint64_t size;
	int r = l->open(l->ctx, str_of(path), &in, &size, e);
	if (r == ERR_NOT_FOUND)
		return err_set(e, ERR_INVALID, "it is no OCI image layout: there is no %s", path);
	if (r)
		return r;
	if ((r = stream_read_all(in, (size_t)s->opt->limits.manifest_bytes, &b, e)))
		return err_in(e, "%s%s", path, r == ERR_LIMIT ? " (limit manifest_bytes)" : "");
	*out = arena_str(&s->arena, str_buf(&b));
	return 0;
}

static int check_version(const struct layout *l, struct source *s, struct err *e)
{
	static const char *const names[] = { "imageLayoutVersion", NULL };
	struct json *j CLEANUP(cleanup_json) = NULL;
	struct str text;
	int r = read_document(l, s, "oci-layout", &text, e);
	if (r)
		return r;
	if (json_parse(text, &j, e) || fields_check(j, names, e))
		return err_in(e, "oci-layout");
	struct str version = json_get_str(j, "imageLayoutVersion");
	if (version.n == 0)
		return err_set(e, ERR_INVALID, "oci-layout: it has no imageLayoutVersion");
	if (!str_eq(version, S("1.0.0")))
		return err_set(e, ERR_UNSUPPORTED, "oci-layout: version '%.*s' is not supported",
			       STR(version));
	return 0;
}

int layout_load(struct source *s, struct err *e)
{
	struct layout *l = s->state;
	struct manifest m;
	int r = check_version(l, s, e);
	if (r || (r = read_document(l, s, "index.json", &l->index_bytes, e)))
		return r;
	if (manifest_parse(&s->arena, l->index_bytes, S(""), &s->opt->limits, &m, e))
		return err_in(e, "index.json");
	if (m.kind != MANIFEST_INDEX)
		return err_set(e, ERR_INVALID, "index.json: it is a manifest, not an index");
	l->self = m.image.self;
	l->self.media_type = S(MEDIA_OCI_INDEX);
	l->entries = m.index;
	return 0;
}

static bool is_name(struct str key)
{
	return str_eq(key, S("org.opencontainers.image.ref.name")) ||
	       str_eq(key, S("io.containerd.image.name"));
}

static struct str behind_colon(struct str name)
{
	ssize_t colon = str_rfind_char(name, ':');
	return colon < 0 || str_find_char(str_from(name, (size_t)colon), '/') >= 0
		       ? S("")
		       : str_from(name, (size_t)colon + 1);
}

enum fit { FIT_NONE, FIT_TAG, FIT_REFERENCE, FIT_WHOLE };

static enum fit name_fits(struct source *s, struct str name, struct str wanted)
{
	struct reference a, b;
	struct err e;
	if (str_eq(name, wanted))
		return FIT_WHOLE;
	/* Reference rules would turn the tag "1.0" into a repository; only names with a tag on them are compared so. */
	if (behind_colon(name).n && reference_parse(&s->arena, name, &a, &e) == 0 &&
	    reference_parse(&s->arena, wanted, &b, &e) == 0 && str_eq(a.host, b.host) &&
	    str_eq(a.repository, b.repository) && str_eq(a.tag, b.tag))
		return FIT_REFERENCE;
	return str_eq(behind_colon(name), wanted) ? FIT_TAG : FIT_NONE;
}

static enum fit entry_fits(struct source *s, const struct descriptor *d, struct str wanted)
{
	enum fit best = FIT_NONE;
	for (size_t i = 0; i < d->n_annotations; i++)
		if (is_name(d->annotations[i].key))
			best = MAX(best, name_fits(s, d->annotations[i].value, wanted));
	return best;
}

struct str layout_entry_name(const struct descriptor *d)
{
	for (size_t i = 0; i < d->n_annotations; i++)
		if (is_name(d->annotations[i].key) && d->annotations[i].value.n)
			return d->annotations[i].value;
	return S("");
}

bool layout_name_is_attachment(struct str name)
{
	static const struct str suffixes[] = { S(""), S(".sig"), S(".att"), S(".sbom") };
	struct digest d;
	struct err ignored;
	ssize_t dash = str_find_char(name, '-');
	for (size_t i = 0; dash > 0 && i < COUNT(suffixes); i++) {
		char text[DIGEST_TEXT];
		if (!str_ends(name, suffixes[i]) || name.n - suffixes[i].n >= sizeof text)
			continue;
		struct str bare = str_upto(name, name.n - suffixes[i].n);
		memcpy(text, bare.p, bare.n);
		text[dash] = ':';
		if (digest_parse((struct str){ text, bare.n }, &d, &ignored) == 0)
			return true;
	}
	return false;
}

/* What cosign calls an entry: "sigs", "atts"; empty for an image. */
static struct str attachment_kind(const struct descriptor *d)
{
	struct str prefix = S("dev.cosignproject.cosign/");
	for (size_t i = 0; i < d->n_annotations; i++) {
		struct str v = d->annotations[i].value;
		if (str_eq(d->annotations[i].key, S("kind")) && str_starts(v, prefix) &&
		    !str_starts(str_from(v, prefix.n), S("image")))
			return str_from(v, prefix.n);
	}
	return S("");
}

/* An image or an index of images, not something that refers to one. */
static bool is_candidate(const struct descriptor *d)
{
	struct str t = media_type_bare(d->media_type);
	return (t.n == 0 || media_type_is_index(t) || media_type_is_manifest(t) ||
		media_type_is_schema1(t)) &&
	       (d->artifact_type.n == 0 || layout_entry_name(d).n) &&
	       !layout_name_is_attachment(layout_entry_name(d)) && attachment_kind(d).n == 0;
}

static int tell_choice(const struct layout *l, struct str wanted, const char *why, struct err *e)
{
	struct buf list CLEANUP(buf_done) = { 0 };
	size_t shown = 0;
	for (size_t i = 0; i < l->entries.n; i++) {
		const struct descriptor *d = &l->entries.v[i];
		char text[DIGEST_TEXT];
		if (!is_candidate(d))
			continue;
		if (shown++ < CHOICES_SHOWN)
			buf_addf(&list, "%s%.*s%s%s", list.n ? ", " : "",
				 STR(str_upto(layout_entry_name(d), 100)),
				 layout_entry_name(d).n ? "" : "@",
				 layout_entry_name(d).n ? "" : digest_text(&d->digest, text));
	}
	if (shown > CHOICES_SHOWN)
		buf_addf(&list, " and %zu more", shown - CHOICES_SHOWN);
	return err_set(e, ERR_NOT_FOUND, "%s%s%.*s%s; there is: %.*s", why, wanted.n ? " '" : "",
		       STR(wanted), wanted.n ? "'" : "", STR(str_buf(&list)));
}

static int by_digest(struct source *s, struct str wanted, struct descriptor *out, struct err *e)
{
	struct layout *l = s->state;
	struct stream *in CLEANUP(cleanup_stream) = NULL;
	struct descriptor d = { .size = UINT64_MAX };
	int r = digest_parse(wanted, &d.digest, e);
	if (r)
		return r;
	for (size_t i = 0; i < l->entries.n; i++)
		if (digest_eq(&l->entries.v[i].digest, &d.digest)) {
			*out = l->entries.v[i];
			return 0;
		}
	r = layout_get(s, &d, &in, e);
	if (r == 0)
		*out = d;
	return r;
}

/* cosign's layouts hold one image; its signatures and attestations have no name, only a kind. */
static bool by_kind(struct layout *l, struct str wanted, struct descriptor *out)
{
	const struct descriptor *image = NULL, *found = NULL;
	struct str kind = str_ends(wanted, S(".sig"))	? S("sigs")
			  : str_ends(wanted, S(".att")) ? S("atts")
							: S("");
	char text[DIGEST_TEXT];
	for (size_t i = 0; i < l->entries.n; i++) {
		const struct descriptor *d = &l->entries.v[i];
		if (kind.n && str_eq(attachment_kind(d), kind) &&
		    !layout_name_is_attachment(layout_entry_name(d)))
			found = d;
		if (is_candidate(d) && image && !digest_eq(&image->digest, &d->digest))
			return false;
		if (is_candidate(d))
			image = d;
	}
	if (!found || !image)
		return false;
	digest_text(&image->digest, text);
	*strchr(text, ':') = '-';
	if (!str_eq(str_upto(wanted, wanted.n - 4), str_of(text)))
		return false;
	*out = *found;
	return true;
}

static int by_name(struct layout *l, struct source *s, struct descriptor *out, struct err *e)
{
	enum fit best = FIT_NONE;
	const struct descriptor *found = NULL;
	bool several = false;
	for (size_t i = 0; i < l->entries.n; i++) {
		enum fit fit = entry_fits(s, &l->entries.v[i], s->wanted);
		if (fit == FIT_NONE || fit < best)
			continue;
		several = fit == best &&
			  (several || !digest_eq(&found->digest, &l->entries.v[i].digest));
		best = fit;
		found = &l->entries.v[i];
	}
	if (best == FIT_NONE && by_kind(l, s->wanted, out))
		return 0;
	if (best == FIT_NONE)
		return tell_choice(l, s->wanted, "no image is named", e);
	if (several)
		return tell_choice(l, s->wanted, "several images are named", e);
	*out = *found;
	return 0;
}

static int the_only_one(struct layout *l, struct descriptor *out, struct err *e)
{
	const struct descriptor *found = NULL;
	size_t n = 0;
	bool platforms = true;
	for (size_t i = 0; i < l->entries.n; i++) {
		const struct descriptor *d = &l->entries.v[i];
		if (!is_candidate(d) || (found && digest_eq(&found->digest, &d->digest)))
			continue;
		found = d;
		n++;
		platforms = platforms && layout_entry_name(d).n == 0 && d->platform.arch.n;
	}
	if (n == 0)
		return err_set(e, ERR_NOT_FOUND, "index.json lists no image%s",
			       l->entries.n ? ", only artifacts of other kinds" : "");
	if (n > 1 && !platforms)
		return tell_choice(l, S(""), "several images are there and none was named", e);
	*out = n > 1 ? l->self : *found;
	return 0;
}

int layout_resolve(struct source *s, struct descriptor *out, struct err *e)
{
	struct layout *l = s->state;
	if (s->wanted.n == 0)
		return the_only_one(l, out, e);
	if (str_starts(s->wanted, S("sha256:")) || str_starts(s->wanted, S("sha512:")))
		return by_digest(s, s->wanted, out, e);
	return by_name(l, s, out, e);
}

const char *layout_blob_path(const struct digest *d, char *path)
{
	digest_text(d, stpcpy(path, "blobs/"));
	char *colon = strchr(path, ':');
	if (colon)
		*colon = '/';
	return path;
}

int layout_get(struct source *s, const struct descriptor *d, struct stream **out, struct err *e)
{
	const struct layout *l = s->state;
	char text[DIGEST_TEXT], path[LAYOUT_PATH];
	uint64_t size;
	if (digest_eq(&d->digest, &l->self.digest)) {
		*out = stream_mem(l->index_bytes);
		return 0;
	}
	int r = l->open(l->ctx, str_of(layout_blob_path(&d->digest, path)), out, &size, e);
	return r ? err_in(e, "blob %s", digest_text(&d->digest, text)) : 0;
}

int layout_list(struct source *s, struct strs *tags, struct err *e)
{
	const struct layout *l = s->state;
	(void)e;
	for (size_t i = 0; i < l->entries.n; i++)
		if (layout_entry_name(&l->entries.v[i]).n)
			*ARENA_PUSH(&s->arena, tags->v, tags->n, tags->cap) =
				layout_entry_name(&l->entries.v[i]);
	return 0;
}

/* The subject's digest and the artifact type of a manifest; false when it refers to something else, or is none. */
static bool refers(struct source *s, struct str bytes, const struct digest *subject,
		   struct descriptor *d)
{
	struct json *j CLEANUP(cleanup_json) = NULL;
	struct digest digest;
	struct err e;
	if (json_parse(bytes, &j, &e) ||
	    digest_parse(json_get_str(json_get(j, "subject"), "digest"), &digest, &e) ||
	    !digest_eq(&digest, subject))
		return false;
	struct str type = json_get_str(j, "artifactType");
	if (!type.n)
		type = json_get_str(json_get(j, "config"), "mediaType");
	d->artifact_type = arena_str(&s->arena, type);
	return true;
}

static int read_entry(struct source *s, const struct descriptor *d, struct str *out, struct err *e)
{
	struct stream *in CLEANUP(cleanup_stream) = NULL;
	struct buf b CLEANUP(buf_done) = { 0 };
	struct digest have;
	int r = layout_get(s, d, &in, e);
	if (r == 0)
		r = stream_read_all(in, (size_t)s->opt->limits.manifest_bytes, &b, e);
	if (r)
		return r;
	digest_of(d->digest.alg, str_buf(&b), &have);
	if (!digest_eq(&have, &d->digest))
		return err_set(e, ERR_INVALID, "a manifest's bytes have another digest");
	*out = arena_str(&s->arena, str_buf(&b));
	return 0;
}

static void push_referrer(struct source *s, struct descriptors *out, const struct descriptor *d)
{
	for (size_t i = 0; i < out->n; i++)
		if (digest_eq(&out->v[i].digest, &d->digest))
			return;
	*ARENA_PUSH(&s->arena, out->v, out->n, out->cap) = *d;
}

/* Is it of cosign's making? Nobody else leaves manifests that no index names. */
static bool is_cosigns(const struct layout *l)
{
	for (size_t i = 0; i < l->entries.n; i++)
		for (size_t k = 0; k < l->entries.v[i].n_annotations; k++)
			if (str_eq(l->entries.v[i].annotations[k].key, S("kind")) &&
			    str_starts(l->entries.v[i].annotations[k].value,
				       S("dev.cosignproject.cosign/")))
				return true;
	return false;
}

static void add_loose(struct source *s, const struct digest *digest, struct str bytes)
{
	struct layout *l = s->state;
	struct json *j CLEANUP(cleanup_json) = NULL;
	struct digest subject;
	struct err ignored;
	if (json_parse(bytes, &j, &ignored) ||
	    digest_parse(json_get_str(json_get(j, "subject"), "digest"), &subject, &ignored))
		return;
	struct str type = json_get_str(j, "mediaType"), artifact = json_get_str(j, "artifactType");
	if (!artifact.n)
		artifact = json_get_str(json_get(j, "config"), "mediaType");
	struct loose *one = ARENA_PUSH(&s->arena, l->loose, l->n_loose, l->loose_cap);
	one->subject = subject;
	one->d = (struct descriptor){
		.digest = *digest,
		.size = bytes.n,
		.media_type = type.n ? arena_str(&s->arena, type) : S(MEDIA_OCI_MANIFEST),
		.artifact_type = arena_str(&s->arena, artifact),
	};
}

/* One file of blobs/sha256: a manifest when it is small, begins like one and has a subject. */
static int look_at_blob(struct source *s, struct str hex, struct err *e)
{
	struct layout *l = s->state;
	struct stream *in CLEANUP(cleanup_stream) = NULL;
	struct buf b CLEANUP(buf_done) = { 0 };
	struct digest d, have;
	char path[LAYOUT_PATH];
	uint64_t size;
	if (!digest_from_hex(DIGEST_SHA256, hex, &d))
		return 0;
	int r = l->open(l->ctx, str_of(layout_blob_path(&d, path)), &in, &size, e);
	if (r || size > LOOSE_BYTES_MAX)
		return r;
	ssize_t n = stream_fill(in, e);
	if (n <= 0 || in->pos[0] != '{')
		return (int)n < 0 ? (int)n : 0;
	if ((r = stream_read_all(in, LOOSE_BYTES_MAX, &b, e)))
		return r;
	digest_of(DIGEST_SHA256, str_buf(&b), &have);
	if (digest_eq(&have, &d))
		add_loose(s, &d, str_buf(&b));
	return 0;
}

static int look_for_loose(struct source *s, struct err *e)
{
	struct layout *l = s->state;
	uint64_t seen = 0;
	int r = 0;
	if (l->looked_for_loose || l->dir < 0 || !is_cosigns(l))
		return 0;
	int fd = layout_open_beneath(l->dir, "blobs/sha256", O_RDONLY | O_DIRECTORY);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d)
		return err_sys(e, "open blobs/sha256");
	for (struct dirent *f; r == 0 && (f = readdir(d));) {
		if (++seen > s->opt->limits.archive_entries)
			r = err_set(e, ERR_LIMIT, "more blobs than archive_entries, %llu",
				    (unsigned long long)s->opt->limits.archive_entries);
		else
			r = look_at_blob(s, str_of(f->d_name), e);
	}
	closedir(d);
	l->looked_for_loose = r == 0;
	return r;
}

int layout_referrers(struct source *s, const struct digest *subject, struct descriptors *out,
		     struct err *e)
{
	struct layout *l = s->state;
	char tag[DIGEST_TEXT];
	digest_text(subject, tag);
	*strchr(tag, ':') = '-';
	for (size_t i = 0; i < l->entries.n; i++) {
		struct descriptor d = l->entries.v[i];
		struct str bytes;
		struct manifest m;
		bool index = media_type_is_index(d.media_type);
		if (index && !str_eq(layout_entry_name(&d), str_of(tag)))
			continue;
		if (digest_eq(&d.digest, subject))
			continue;
		int r = read_entry(s, &d, &bytes, e);
		if (r)
			return err_in(e, "referrers");
		if (!index && refers(s, bytes, subject, &d))
			push_referrer(s, out, &d);
		if (!index)
			continue;
		r = manifest_parse(&s->arena, bytes, d.media_type, &s->opt->limits, &m, e);
		if (r)
			return err_in(e, "index %s", tag);
		for (size_t k = 0; k < m.index.n; k++)
			push_referrer(s, out, &m.index.v[k]);
	}
	if (look_for_loose(s, e))
		return err_in(e, "referrers");
	for (size_t i = 0; i < l->n_loose; i++)
		if (digest_eq(&l->loose[i].subject, subject))
			push_referrer(s, out, &l->loose[i].d);
	return 0;
}
