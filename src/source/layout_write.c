/* Writing an OCI image layout in a folder (image-layout.md). A blob is written aside, synced and renamed, so that it is
 * there whole or not at all. index.json is read, changed and renamed into place under a lock on the folder (flock), so
 * that two writers lose nothing; fields that we do not know stay.
 *
 * Names are org.opencontainers.image.ref.name; manifests with a subject are entries without a name, by which oras and
 * notation find them, too. Entries carry cosign's "kind" (image, imageIndex, sigs, atts), so that `cosign load` reads
 * what we write. A hostile layout may have links in the place of folders (openat2 follows none out of it). Not
 * supported: collecting blobs that nothing names any more. */
#include "source/layout.h"

#include "base/durable.h"
#include "base/json.h"
#include "oci/media_type.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>

#define REF_NAME "org.opencontainers.image.ref.name"
#define KIND_PREFIX "dev.cosignproject.cosign/"

enum { ASIDE_TEXT = 40, NAME_MAX_BYTES = 512 };

static const char *const blob_folders[] = { "blobs/sha256", "blobs/sha512" };

/* Files. */
static int sync_folder(int dir, const char *path, struct err *e)
{
	int fd CLEANUP(cleanup_fd) = layout_open_beneath(dir, path, O_RDONLY | O_DIRECTORY);
	return fd < 0 || fsync(fd) ? err_sys(e, "sync %s", path) : 0;
}

/* A new file in the folder under a name nobody else has. */
static int create_aside(int dir, char *name, struct err *e)
{
	uint64_t chance = 0;
	if (getrandom(&chance, sizeof chance, 0) != sizeof chance)
		return err_sys(e, "get random bytes");
	snprintf(name, ASIDE_TEXT, ".lazaret-%016llx", (unsigned long long)chance);
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	return fd < 0 ? err_sys(e, "create a file in the layout") : fd;
}

/* Syncs what was written aside and renames it to `to` in the folder `parent` ("." or a folder of blobs). */
static int publish(int dir, int fd, const char *aside, const char *parent, const char *to,
		   struct err *e)
{
	int into CLEANUP(cleanup_fd) = layout_open_beneath(dir, parent, O_RDONLY | O_DIRECTORY);
	if (into < 0)
		return err_sys(e, "open %s", parent);
	if (fsync(fd))
		return err_sys(e, "sync %s", to);
	if (renameat(dir, aside, into, to))
		return err_sys(e, "name %s", to);
	return fsync(into) ? err_sys(e, "sync %s", parent) : 0;
}

static int write_document(int dir, const char *name, struct str bytes, struct err *e)
{
	char aside[ASIDE_TEXT];
	int fd CLEANUP(cleanup_fd) = create_aside(dir, aside, e);
	if (fd < 0)
		return e->code;
	int r = write_all(fd, bytes, name, e);
	if (r == 0)
		r = publish(dir, fd, aside, ".", name, e);
	if (r)
		unlinkat(dir, aside, 0);
	return r ? err_in(e, "%s", name) : 0;
}

static bool is_there(int dir, const char *path)
{
	struct stat st;
	return fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static int check_empty(int dir, struct err *e)
{
	bool empty = true;
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d)
		return err_sys(e, "read the folder");
	for (struct dirent *f; (f = readdir(d));)
		empty = empty && (!strcmp(f->d_name, ".") || !strcmp(f->d_name, ".."));
	closedir(d);
	return empty ? 0
		     : err_set(e, ERR_INVALID,
			       "it is no OCI image layout (no oci-layout in it), and not empty");
}

static int make_folder(int dir, const char *path, struct err *e)
{
	if (mkdirat(dir, path, 0777))
		return errno == EEXIST ? 0 : err_sys(e, "make %s", path);
	return sync_folder(dir, strcmp(path, "blobs") == 0 ? "." : "blobs", e);
}

int layout_make(int dir, struct err *e)
{
	int r = 0;
	bool fresh = !is_there(dir, "oci-layout");
	if (fresh && (r = check_empty(dir, e)))
		return r;
	if ((r = make_folder(dir, "blobs", e)) || (r = make_folder(dir, blob_folders[0], e)))
		return r;
	if (!is_there(dir, "index.json"))
		r = write_document(dir, "index.json",
				   S("{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_OCI_INDEX
				     "\",\"manifests\":[]}"),
				   e);
	/* Last, for it makes the folder a layout. */
	if (r == 0 && fresh)
		r = write_document(dir, "oci-layout", S("{\"imageLayoutVersion\":\"1.0.0\"}"), e);
	return r;
}

/* index.json. What shall become of it, under the lock. */
struct edit {
	const struct digest *drop; /* entries of this digest go */
	struct str drop_name; /* the entry of this name goes */
	bool keep_nameless; /* but stays without the name, where it is the last of its digest */
	const struct descriptor *add; /* NULL: nothing */
	struct str name, artifact_type; /* of the new entry; empty: none */
	const struct annotation *annotations;
	size_t n_annotations;
	bool image; /* the new entry is one, or an index of them */
};

static struct str json_entry_name(const struct json *entry)
{
	return json_get_str(json_get(entry, "annotations"), REF_NAME);
}

static bool has_digest(const struct json *entry, const struct digest *d)
{
	char text[DIGEST_TEXT];
	return str_eq(json_get_str(entry, "digest"), str_of(digest_text(d, text)));
}

/* Without its name. */
static void put_nameless(struct json_out *o, const struct json *entry)
{
	json_begin_object(o);
	JSON_EACH(field, entry)
	{
		json_put_key(o, json_key(field).p);
		if (!str_eq(json_key(field), S("annotations"))) {
			json_put_value(o, field);
			continue;
		}
		json_begin_object(o);
		JSON_EACH(one, field)
		if (!str_eq(json_key(one), S(REF_NAME)) && !str_eq(json_key(one), S("kind"))) {
			json_put_key(o, json_key(one).p);
			json_put_value(o, one);
		}
		json_end_object(o);
	}
	json_end_object(o);
}

static void keep_entry(const struct edit *x, const struct json *entry, struct json_out *o)
{
	struct str name = json_entry_name(entry);
	bool same = x->add && has_digest(entry, &x->add->digest);
	if (x->drop && has_digest(entry, x->drop))
		return;
	if (x->drop_name.n && str_eq(name, x->drop_name)) {
		if (x->keep_nameless && !layout_name_is_attachment(name))
			put_nameless(o, entry);
		return;
	}
	/* The new entry says the same and more. */
	if (same && str_eq(name, S("")) && x->name.n && !json_get(entry, "artifactType"))
		return;
	json_put_value(o, entry);
}

static const char *kind_of(const struct edit *x)
{
	if (str_ends(x->name, S(".sig")) && layout_name_is_attachment(x->name))
		return KIND_PREFIX "sigs";
	if (str_ends(x->name, S(".att")) && layout_name_is_attachment(x->name))
		return KIND_PREFIX "atts";
	if (!x->image || layout_name_is_attachment(x->name))
		return NULL;
	return media_type_is_index(x->add->media_type) ? KIND_PREFIX "imageIndex"
						       : KIND_PREFIX "image";
}

static void put_annotations(const struct edit *x, struct json_out *o)
{
	const char *kind = kind_of(x);
	if (!kind && !x->name.n && !x->n_annotations)
		return;
	json_put_key(o, "annotations");
	json_begin_object(o);
	for (size_t i = 0; i < x->n_annotations; i++) {
		struct buf key CLEANUP(buf_done) = { 0 };
		buf_add_str(&key, x->annotations[i].key);
		if (!str_eq(x->annotations[i].key, S(REF_NAME)) &&
		    !str_eq(x->annotations[i].key, S("kind")))
			json_put_member(o, buf_cstr(&key), x->annotations[i].value);
	}
	if (kind)
		json_put_member(o, "kind", str_of(kind));
	json_put_member_opt(o, REF_NAME, x->name);
	json_end_object(o);
}

static void put_entry(const struct edit *x, struct json_out *o)
{
	char text[DIGEST_TEXT];
	json_begin_object(o);
	json_put_member(o, "mediaType", x->add->media_type);
	json_put_member(o, "digest", str_of(digest_text(&x->add->digest, text)));
	json_put_key(o, "size");
	json_put_u64(o, x->add->size);
	json_put_member_opt(o, "artifactType", x->artifact_type);
	put_annotations(x, o);
	json_end_object(o);
}

static bool is_entered(const struct edit *x, const struct json *manifests)
{
	JSON_EACH(entry, manifests)
	if (has_digest(entry, &x->add->digest) && str_eq(json_entry_name(entry), x->name))
		return true;
	return false;
}

static int edit_index(struct source *s, const struct edit *x, struct err *e)
{
	const struct layout *l = s->state;
	struct json *j CLEANUP(cleanup_json) = NULL;
	struct buf text CLEANUP(buf_done) = { 0 };
	struct json_out o;
	int r = json_parse(l->index_bytes, &j, e);
	if (r)
		return r;
	if (x->add && !x->drop && is_entered(x, json_get(j, "manifests")))
		return 0;
	json_out_init(&o, &text, 0);
	json_begin_object(&o);
	JSON_EACH(field, j)
	{
		json_put_key(&o, json_key(field).p);
		if (!str_eq(json_key(field), S("manifests"))) {
			json_put_value(&o, field);
			continue;
		}
		json_begin_array(&o);
		JSON_EACH(entry, field)
		keep_entry(x, entry, &o);
		if (x->add)
			put_entry(x, &o);
		json_end_array(&o);
	}
	json_end_object(&o);
	if (text.n > s->opt->limits.manifest_bytes)
		return err_set(e, ERR_LIMIT, "index.json would be larger than manifest_bytes, %llu",
			       (unsigned long long)s->opt->limits.manifest_bytes);
	return write_document(l->dir, "index.json", str_buf(&text), e);
}

/* What `name` points at now must be what somebody expects; *now: that. */
static int check_expected(struct source *s, struct str name, const struct digest *expected,
			  struct digest *now, struct err *e)
{
	struct str wanted = s->wanted;
	struct descriptor d = { 0 };
	char is[DIGEST_TEXT];
	s->wanted = name;
	int r = layout_resolve(s, &d, e);
	s->wanted = wanted;
	if (r && r != ERR_NOT_FOUND)
		return r;
	*now = r ? (struct digest){ 0 } : d.digest;
	if (expected && !digest_eq(now, expected))
		return err_set(e, ERR_CONFLICT, "%.*s points at %s now: somebody else was faster",
			       STR(name), now->alg ? digest_text(now, is) : "nothing");
	return 0;
}

/* With the lock held and index.json as it is now. */
static int change_index(struct source *s, struct edit *x, const struct digest *expected,
			struct err *e)
{
	struct layout *l = s->state;
	struct digest now = { 0 };
	while (flock(l->dir, LOCK_EX))
		if (errno != EINTR)
			return err_sys(e, "lock the layout");
	int r = layout_load(s, e);
	if (r == 0 && x->add && x->name.n)
		r = check_expected(s, x->name, expected, &now, e);
	/* cosign gives what is attached no name, only a kind. */
	if (r == 0 && now.alg && layout_name_is_attachment(x->name) &&
	    !digest_eq(&now, &x->add->digest))
		x->drop = &now;
	if (r == 0)
		r = edit_index(s, x, e);
	if (r == 0)
		r = layout_load(s, e);
	flock(l->dir, LOCK_UN);
	return r ? err_in(e, "index.json") : 0;
}

/* Blobs. */
static int read_only(struct source *s, struct err *e)
{
	return err_set(
		e, ERR_UNSUPPORTED,
		"%.*s: an archive that is there is not changed; copy it to a folder (oci:DIR)",
		STR(s->path));
}

static int write_stream(int fd, const struct descriptor *d, struct stream *in, struct err *e)
{
	struct digest have;
	char text[DIGEST_TEXT];
	uint64_t size = 0;
	ssize_t n = 0;
	int r = 0;
	struct hasher *h = hasher_open(d->digest.alg);
	while (r == 0 && (n = stream_fill(in, e)) > 0) {
		hasher_add(h, in->pos, (size_t)n);
		r = write_all(fd, (struct str){ (const char *)in->pos, (size_t)n }, "a blob", e);
		size += (uint64_t)n;
		in->pos = in->end;
	}
	hasher_end(h, &have);
	hasher_close(h);
	if (r || n < 0)
		return r ? r : (int)n;
	if (!digest_eq(&have, &d->digest) || (d->size != UINT64_MAX && size != d->size))
		return err_set(e, ERR_INVALID, "the bytes are not those of %s",
			       digest_text(&d->digest, text));
	return 0;
}

static bool blob_is_there(int dir, const char *path, const struct descriptor *d)
{
	struct stat st;
	int fd CLEANUP(cleanup_fd) = layout_open_beneath(dir, path, O_RDONLY);
	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	       (d->size == UINT64_MAX || (uint64_t)st.st_size == d->size);
}

static int put_blob(int dir, const struct descriptor *d, struct stream *in, struct err *e)
{
	char path[LAYOUT_PATH], aside[ASIDE_TEXT];
	const char *folder = blob_folders[d->digest.alg == DIGEST_SHA512];
	layout_blob_path(&d->digest, path);
	if (blob_is_there(dir, path, d))
		return 0;
	if (make_folder(dir, folder, e))
		return e->code;
	int fd CLEANUP(cleanup_fd) = create_aside(dir, aside, e);
	if (fd < 0)
		return e->code;
	int r = write_stream(fd, d, in, e);
	if (r == 0)
		r = publish(dir, fd, aside, folder, path + strlen(folder) + 1, e);
	if (r)
		unlinkat(dir, aside, 0);
	return r;
}

/* A manifest is checked, and entered when it refers to another. */
static int put_manifest(struct source *s, const struct descriptor *d, struct stream *in,
			struct err *e)
{
	const struct layout *l = s->state;
	struct limits limits = s->opt->limits;
	struct buf bytes CLEANUP(buf_done) = { 0 };
	struct arena a = { 0 };
	struct manifest m;
	limits.layers = MAX(limits.layers, (uint64_t)SOURCE_WRITE_LAYERS);
	int r = stream_read_all(in, (size_t)limits.manifest_bytes, &bytes, e);
	if (r == 0)
		r = manifest_parse(&a, str_buf(&bytes), d->media_type, &limits, &m, e);
	if (r == 0) {
		struct stream *again CLEANUP(cleanup_stream) = stream_mem(str_buf(&bytes));
		r = put_blob(l->dir, d, again, e);
	}
	if (r == 0 && m.subject.digest.alg) {
		struct str type = m.image.self.artifact_type;
		struct edit x = {
			.add = d,
			.artifact_type = type.n ? type : m.image.config.media_type,
			.annotations = m.image.annotations,
			.n_annotations = m.image.n_annotations,
		};
		r = change_index(s, &x, NULL, e);
		s->lists_referrers = true;
	}
	arena_done(&a);
	return r;
}

int layout_put(struct source *s, const struct descriptor *d, struct stream *in, struct err *e)
{
	struct layout *l = s->state;
	if (l->dir < 0)
		return read_only(s, e);
	if (d->digest.alg != DIGEST_SHA256 && d->digest.alg != DIGEST_SHA512)
		return err_set(e, ERR_INVALID, "a blob without a digest cannot be put");
	bool document = media_type_is_index(d->media_type) || media_type_is_manifest(d->media_type);
	s->writing = true;
	return document ? put_manifest(s, d, in, e) : put_blob(l->dir, d, in, e);
}

int layout_tag(struct source *s, struct str name, const struct descriptor *d,
	       const struct digest *expected, struct err *e)
{
	struct layout *l = s->state;
	struct edit x = { .add = d, .name = name, .drop_name = name, .image = true };
	char path[LAYOUT_PATH], text[DIGEST_TEXT];
	if (l->dir < 0)
		return read_only(s, e);
	if (name.n > NAME_MAX_BYTES || !str_is_utf8(name))
		return err_set(e, ERR_INVALID, "'%.*s' is no name", STR(str_upto(name, 100)));
	if (!blob_is_there(l->dir, layout_blob_path(&d->digest, path), d))
		return err_set(e, ERR_NOT_FOUND, "there is no manifest %s to be named %.*s",
			       digest_text(&d->digest, text), STR(name));
	return change_index(s, &x, expected, e);
}

int layout_remove(struct source *s, const struct digest *d, struct str name, struct err *e)
{
	struct layout *l = s->state;
	struct edit x = { .drop = name.n ? NULL : d, .drop_name = name, .keep_nameless = true };
	char path[LAYOUT_PATH];
	if (l->dir < 0)
		return read_only(s, e);
	int r = change_index(s, &x, NULL, e);
	if (r || name.n)
		return r;
	layout_blob_path(d, path);
	const char *folder = blob_folders[d->alg == DIGEST_SHA512];
	int in CLEANUP(cleanup_fd) = layout_open_beneath(l->dir, folder, O_RDONLY | O_DIRECTORY);
	if (in < 0 || unlinkat(in, path + strlen(folder) + 1, 0))
		return err_sys(e, "remove %s", path);
	l->n_loose = 0;
	l->looked_for_loose = false;
	return sync_folder(l->dir, folder, e);
}

/* As a tar file. */
static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names of blobs in a folder, sorted; in `a`. */
static int list_blobs(int dir, const char *folder, struct arena *a, struct strs *out, struct err *e)
{
	char **v = NULL;
	size_t n = 0, cap = 0;
	struct digest d;
	int fd = layout_open_beneath(dir, folder, O_RDONLY | O_DIRECTORY);
	DIR *h = fd < 0 ? NULL : fdopendir(fd);
	*out = (struct strs){ 0 };
	if (!h)
		return errno == ENOENT ? 0 : err_sys(e, "open %s", folder);
	for (struct dirent *f; (f = readdir(h));)
		if (digest_from_hex(DIGEST_SHA256, str_of(f->d_name), &d) ||
		    digest_from_hex(DIGEST_SHA512, str_of(f->d_name), &d))
			*ARENA_PUSH(a, v, n, cap) =
				arena_cstr(a, arena_printf(a, "%s/%s", folder, f->d_name));
	closedir(h);
	if (n)
		qsort(v, n, sizeof *v, by_name);
	for (size_t i = 0; i < n; i++)
		*ARENA_PUSH(a, out->v, out->n, out->cap) = str_of(v[i]);
	return 0;
}

static void put(unsigned char *at, struct str text)
{
	memcpy(at, text.p, text.n);
}

/* ustar; sizes of 8 GiB and more in base 256, as GNU tar writes and everybody reads them. */
static int write_header(int fd, const char *name, uint64_t size, bool folder, struct err *e)
{
	unsigned char h[512] = { 0 };
	unsigned sum = 0;
	if (strlen(name) >= 100)
		return err_set(e, ERR_LIMIT, "%s: the name is too long for a tar file", name);
	put(h, str_of(name));
	put(h + 100, folder ? S("0000755") : S("0000644"));
	put(h + 108, S("0000000"));
	put(h + 116, S("0000000"));
	if (size < 1ULL << 33) {
		char text[13];
		snprintf(text, sizeof text, "%011llo", (unsigned long long)size);
		put(h + 124, str_of(text));
	} else {
		h[124] = 0x80;
		for (unsigned i = 0; i < 8; i++)
			h[135 - i] = (unsigned char)(size >> 8 * i);
	}
	put(h + 136, S("00000000000"));
	h[156] = folder ? '5' : '0';
	put(h + 257, S("ustar\0"
		       "00"));
	memset(h + 148, ' ', 8);
	for (size_t i = 0; i < sizeof h; i++)
		sum += h[i];
	char text[8];
	snprintf(text, sizeof text, "%06o", sum & 0777777);
	put(h + 148, (struct str){ text, 7 });
	return write_all(fd, (struct str){ (const char *)h, sizeof h }, name, e);
}

static int write_member(int dir, int fd, const char *name, struct err *e)
{
	static const char zeros[512];
	struct stat st;
	uint64_t left;
	int in CLEANUP(cleanup_fd) = layout_open_beneath(dir, name, O_RDONLY);
	if (in < 0 || fstat(in, &st))
		return err_sys(e, "open %s", name);
	struct stream *s CLEANUP(cleanup_stream) = stream_fd(in, false, -1, UINT64_MAX);
	int r = write_header(fd, name, (uint64_t)st.st_size, false, e);
	ssize_t n = 0;
	for (left = (uint64_t)st.st_size; r == 0 && (n = stream_fill(s, e)) > 0;) {
		if ((uint64_t)n > left)
			return err_set(e, ERR_CONFLICT, "%s grows while it is read", name);
		r = write_all(fd, (struct str){ (const char *)s->pos, (size_t)n }, name, e);
		left -= (uint64_t)n;
		s->pos = s->end;
	}
	if (r || n < 0)
		return r ? r : (int)n;
	if (left)
		return err_set(e, ERR_CONFLICT, "%s shrinks while it is read", name);
	return write_all(fd, (struct str){ zeros, (512 - (size_t)st.st_size % 512) % 512 }, name,
			 e);
}

static int write_blobs(int dir, int fd, const char *folder, struct err *e)
{
	struct arena a = { 0 };
	struct strs names;
	int r = list_blobs(dir, folder, &a, &names, e);
	if (r == 0 && names.n)
		r = write_header(fd, arena_printf(&a, "%s/", folder).p, 0, true, e);
	for (size_t i = 0; i < names.n && r == 0; i++)
		r = write_member(dir, fd, names.v[i].p, e);
	arena_done(&a);
	return r;
}

int layout_write_tar(int dir, int fd, struct err *e)
{
	static const char end[1024];
	int r = write_header(fd, "blobs/", 0, true, e);
	for (size_t i = 0; i < COUNT(blob_folders) && r == 0; i++)
		r = write_blobs(dir, fd, blob_folders[i], e);
	if (r || (r = write_member(dir, fd, "index.json", e)) ||
	    (r = write_member(dir, fd, "oci-layout", e)) ||
	    (r = write_all(fd, (struct str){ end, sizeof end }, "the archive", e)))
		return r;
	return fsync(fd) ? err_sys(e, "sync the archive") : 0;
}

void layout_delete(int dir, const char *path)
{
	struct arena a = { 0 };
	struct err ignored;
	for (size_t i = 0; dir >= 0 && i < COUNT(blob_folders); i++) {
		struct strs names;
		if (list_blobs(dir, blob_folders[i], &a, &names, &ignored) == 0)
			for (size_t k = 0; k < names.n; k++)
				unlinkat(dir, names.v[k].p, 0);
		unlinkat(dir, blob_folders[i], AT_REMOVEDIR);
	}
	if (dir >= 0) {
		unlinkat(dir, "blobs", AT_REMOVEDIR);
		unlinkat(dir, "index.json", 0);
		unlinkat(dir, "oci-layout", 0);
	}
	rmdir(path);
	arena_done(&a);
}
