/* deb(5): an ar archive of debian-binary, control.tar and data.tar (plain, gzip, xz or zstd, told by magic bytes).
 * Wanted is usr/share/doc/PACKAGE/changelog.Debian.gz, or changelog.gz of a native package; where both are there the
 * first wins, for the other is upstream's. Some packages link their doc folder to another package's: told apart, so that
 * the caller may try the next.
 *
 * A hostile package may lie about sizes (a member ends where the archive does), hold bombs (bytes, window, entries) or
 * names that leave the root (only exact names count). Not supported: bzip2 and lzma, which Debian gave up long ago. */
#include "vuln/deb_archive.h"

#include "base/arena.h"
#include "oci/tar.h"

enum {
	AR_HEADER = 60,
	WINDOW_LOG = 27, /* zstd: Ubuntu's packages ask for 8 MiB, "--long" for 128 */
};

/* A part of a stream that stays the caller's. */
struct section {
	struct stream s;
	struct stream *below;
	uint64_t left;
};

static ssize_t section_fill(struct stream *s, struct err *e)
{
	struct section *c = (struct section *)s;
	if (c->left == 0)
		return 0;
	ssize_t n = stream_fill(c->below, e);
	if (n < 0)
		return n;
	if (n == 0)
		return err_set(e, ERR_INVALID, "the package ends inside a member");
	size_t take = (size_t)MIN((uint64_t)n, c->left);
	s->pos = c->below->pos;
	s->end = s->pos + take;
	c->below->pos += take;
	c->left -= take;
	return (ssize_t)take;
}

/* The body of a tar's current entry. */
struct body {
	struct stream s;
	struct tar *tar;
};

static ssize_t body_fill(struct stream *s, struct err *e)
{
	struct str piece;
	ssize_t n = tar_body(((struct body *)s)->tar, &piece, e);
	if (n > 0) {
		s->pos = (const unsigned char *)piece.p;
		s->end = s->pos + piece.n;
	}
	return n;
}

static void close_free(struct stream *s)
{
	free(s);
}

static void *stream_new(size_t size, const struct stream_ops *ops)
{
	struct stream *s = calloc(1, size);
	if (!s)
		abort();
	s->ops = ops;
	return s;
}

static struct stream *section_open(struct stream *below, uint64_t size)
{
	static const struct stream_ops ops = { section_fill, close_free };
	struct section *c = stream_new(sizeof *c, &ops);
	c->below = below;
	c->left = size;
	return &c->s;
}

static struct stream *body_open(struct tar *tar)
{
	static const struct stream_ops ops = { body_fill, close_free };
	struct body *b = stream_new(sizeof *b, &ops);
	b->tar = tar;
	return &b->s;
}

static struct stream *inflated(struct stream *below)
{
	static const struct inflate_limits limits = { DEB_INFLATED_MAX, 0, WINDOW_LOG };
	struct err sticks;
	ssize_t n = stream_fill(below, &sticks);
	struct str head = { (const char *)below->pos, n > 0 ? (size_t)n : 0 };
	return stream_inflate(below, compression_of(head), &limits, NULL);
}

struct wanted {
	struct str folder, debian, plain; /* paths without "./" */
	size_t max;
	struct buf *text;
	enum deb_changelog_found found;
	bool has_debian;
};

static struct str normal_path(struct str path)
{
	while (str_starts(path, S("./")) || str_starts(path, S("/")))
		path = str_from(path, path.p[0] == '/' ? 1 : 2);
	while (str_ends(path, S("/")))
		path.n--;
	return path;
}

static int read_changelog(struct wanted *w, struct tar *tar, struct err *e)
{
	struct stream *text CLEANUP(cleanup_stream) = inflated(body_open(tar));
	w->text->n = 0;
	while (w->text->n < w->max) {
		ssize_t n = stream_fill(text, e);
		if (n < 0)
			return err_in(e, "its changelog");
		if (n == 0)
			break;
		size_t take = MIN((size_t)n, w->max - w->text->n);
		buf_add(w->text, text->pos, take);
		text->pos += take;
	}
	w->found = DEB_CHANGELOG_READ;
	return 0;
}

static int one_entry(struct wanted *w, struct tar *tar, const struct tar_entry *x, struct err *e)
{
	struct str path = normal_path(x->name);
	bool debian = str_eq(path, w->debian);
	if (str_eq(path, w->folder) && x->type == TAR_SYMLINK)
		w->found = DEB_CHANGELOG_LINK;
	if (!debian && (w->has_debian || !str_eq(path, w->plain)))
		return 0;
	if (x->type != TAR_FILE || x->sparse) {
		if (w->found == DEB_CHANGELOG_NONE)
			w->found = DEB_CHANGELOG_LINK;
		return 0;
	}
	w->has_debian = debian;
	return read_changelog(w, tar, e);
}

static int walk(struct wanted *w, struct stream *data, struct err *e)
{
	struct tar tar;
	struct tar_entry x;
	int r;
	tar_open(&tar, data);
	for (size_t i = 0; (r = tar_next(&tar, &x, e)) > 0; i++) {
		r = i < DEB_ENTRIES_MAX
			    ? one_entry(w, &tar, &x, e)
			    : err_set(e, ERR_LIMIT, "more than %d files", DEB_ENTRIES_MAX);
		if (r || w->has_debian)
			break;
	}
	tar_close(&tar);
	return r < 0 ? r : 0;
}

static int read_data(struct wanted *w, struct stream *in, uint64_t size, struct err *e)
{
	struct stream *data CLEANUP(cleanup_stream) = inflated(section_open(in, size));
	return walk(w, data, e);
}

/* 1: a member follows, 0: the archive ends, or a code. */
static int next_member(struct stream *in, char *name, uint64_t *size, struct err *e)
{
	char h[AR_HEADER];
	ssize_t n = stream_read(in, h, sizeof h, e);
	if (n <= 0)
		return (int)n;
	struct str number = str_trim((struct str){ h + 48, 10 });
	if (n < AR_HEADER || h[58] != '`' || h[59] != '\n' || !str_to_u64(number, 1ULL << 40, size))
		return err_set(e, ERR_INVALID, "a header of the package's outer archive is broken");
	memcpy(name, h, 16);
	return 1;
}

static int find_data(struct wanted *w, struct stream *in, struct err *e)
{
	char name[16];
	uint64_t size;
	for (int i = 0; i < DEB_MEMBERS_MAX; i++) {
		int r = next_member(in, name, &size, e);
		if (r <= 0)
			return r ? r : err_set(e, ERR_INVALID, "the package has no data.tar");
		if (i == 0 && !str_starts((struct str){ name, 16 }, S("debian-binary")))
			return err_set(e, ERR_INVALID,
				       "the package does not begin with debian-binary");
		if (str_starts((struct str){ name, 16 }, S("data.tar")))
			return read_data(w, in, size, e);
		int64_t skipped = stream_skip(in, size + (size & 1), e);
		if (skipped < 0)
			return (int)skipped;
	}
	return err_set(e, ERR_LIMIT, "the package has more than %d members", DEB_MEMBERS_MAX);
}

int deb_archive_changelog(struct stream *in, struct str package, size_t max, struct buf *text,
			  enum deb_changelog_found *found, struct err *e)
{
	char magic[8];
	struct arena a CLEANUP(arena_done) = { 0 };
	struct buf changelog CLEANUP(buf_done) = { 0 };
	struct wanted w = { .max = max, .text = &changelog };
	w.folder = arena_printf(&a, "usr/share/doc/%.*s", STR(package));
	w.debian = arena_printf(&a, "%.*s/changelog.Debian.gz", STR(w.folder));
	w.plain = arena_printf(&a, "%.*s/changelog.gz", STR(w.folder));
	int r = stream_read_exact(in, magic, sizeof magic, e);
	if (r)
		return r;
	if (memcmp(magic, "!<arch>\n", sizeof magic) != 0)
		return err_set(e, ERR_INVALID,
			       "no Debian package: the outer archive's magic is missing");
	r = find_data(&w, in, e);
	if (r)
		return r;
	if (w.found == DEB_CHANGELOG_READ)
		buf_add_str(text, str_buf(&changelog));
	*found = w.found;
	return 0;
}
