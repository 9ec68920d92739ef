/* Image archives: a tar file whose members are found by name. The walker of oci/tar.c reads the headers once; bodies are
 * read later by pread, so that several layers can be read at the same time.
 *
 * A hostile archive may have millions of entries or huge names (limits), names and links that climb out of it (refused),
 * links in circles (bounded), bodies longer than the file (refused), the same document twice (refused by
 * archive_document; of other duplicates the last counts, and its digest decides), or inflate without end (limits).
 * Sparse members are not supported. */
#include "source/archive.h"
#include "base/durable.h"
#include "base/map.h"
#include "oci/tar.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

enum { NAMES_MAX = 64 << 20, HEAD = 6 };

struct member {
	enum tar_type type;
	bool sparse, twice;
	uint64_t offset, size;
	struct str link;
};

struct archive {
	int fd;
	uint64_t size;
	const struct limits *limits;
	struct arena arena;
	struct map members; /* by normalized name */
	size_t n_entries, name_bytes;
};

/* Appends the components of `path` to the path in b; ".." takes one away. False when it climbs out. */
static bool join(struct buf *b, struct str path)
{
	while (path.n) {
		struct str c = str_cut(&path, '/');
		if (c.n == 0 || str_eq(c, S(".")))
			continue;
		if (str_eq(c, S(".."))) {
			ssize_t slash = str_rfind_char(str_buf(b), '/');
			if (b->n == 0)
				return false;
			b->n = slash < 0 ? 0 : (size_t)slash;
			continue;
		}
		if (b->n)
			buf_add_char(b, '/');
		buf_add_str(b, c);
	}
	return true;
}

static bool climbs(struct str name)
{
	while (name.n)
		if (str_eq(str_cut(&name, '/'), S("..")))
			return true;
	return false;
}

static int check_entry(struct archive *a, const struct tar_entry *x, struct err *e)
{
	const struct limits *l = a->limits;
	if (++a->n_entries > l->archive_entries)
		return err_set(e, ERR_LIMIT, "more entries than archive_entries, %llu",
			       (unsigned long long)l->archive_entries);
	if (x->name.n > l->path_bytes || x->link.n > l->path_bytes)
		return err_set(e, ERR_LIMIT, "entry %zu has a name longer than path_bytes, %llu",
			       a->n_entries, (unsigned long long)l->path_bytes);
	a->name_bytes += x->name.n + x->link.n;
	if (a->name_bytes > NAMES_MAX)
		return err_set(e, ERR_LIMIT, "names of more than %d bytes", NAMES_MAX);
	if (climbs(x->name))
		return err_set(e, ERR_INVALID, "entry '%.*s' climbs out of the archive",
			       STR(x->name));
	if (x->offset > a->size || x->size > a->size - x->offset)
		return err_set(e, ERR_INVALID, "it breaks off inside '%.*s'", STR(x->name));
	return 0;
}

static int add_entry(struct archive *a, const struct tar_entry *x, struct err *e)
{
	struct buf name CLEANUP(buf_done) = { 0 };
	int r = check_entry(a, x, e);
	if (r || x->type == TAR_DIR)
		return r;
	join(&name, x->name);
	struct member *m = map_get(&a->members, str_buf(&name));
	bool twice = m != NULL;
	if (!m) {
		m = ARENA_NEW(&a->arena, struct member);
		*map_at(&a->members, arena_str(&a->arena, str_buf(&name))) = m;
	}
	*m = (struct member){ x->type,	 x->sparse, twice,
			      x->offset, x->size,   arena_str(&a->arena, x->link) };
	return 0;
}

static int read_index(struct archive *a, struct err *e)
{
	struct stream *in CLEANUP(cleanup_stream) = stream_fd(a->fd, false, 0, a->size);
	struct tar t;
	struct tar_entry x;
	int r;
	tar_open(&t, in);
	while ((r = tar_next(&t, &x, e)) > 0)
		if ((r = add_entry(a, &x, e)))
			break;
	tar_close(&t);
	if (r && a->n_entries == 0 && r != ERR_IO)
		return err_set(e, ERR_INVALID, "it is no tar archive");
	if (r)
		return err_in(e, "archive");
	if (a->n_entries == 0)
		return err_set(e, ERR_INVALID, "it is no tar archive: nothing is in it");
	return 0;
}

/* Takes the descriptor. */
static int use_fd(int fd, const struct limits *l, struct archive **out, struct err *e)
{
	struct archive *a CLEANUP(cleanup_archive) = calloc(1, sizeof *a);
	struct stat st;
	if (!a)
		abort();
	a->fd = fd;
	a->limits = l;
	arena_init(&a->arena);
	map_init(&a->members, &a->arena);
	if (fstat(fd, &st))
		return err_sys(e, "fstat");
	a->size = (uint64_t)st.st_size;
	int r = read_index(a, e);
	if (r)
		return r;
	*out = STEAL(a);
	return 0;
}

static int temporary_file(struct err *e)
{
	const char *dir = secure_getenv("TMPDIR");
	char name[4096];
	if (!dir || !*dir)
		dir = "/var/tmp";
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0)
		return fd;
	int n = snprintf(name, sizeof name, "%s/lazaret-XXXXXX", dir);
	if (n < 0 || (size_t)n >= sizeof name)
		return err_set(e, ERR_INVALID, "TMPDIR is longer than %zu bytes", sizeof name);
	fd = mkostemp(name, O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "temporary file in %s", dir);
	unlink(name);
	return fd;
}

static unsigned window_log(uint64_t bytes)
{
	unsigned log = 10;
	while (log < 31 && 2ULL << log <= bytes)
		log++;
	return log;
}

/* Inflates when need be. Takes and returns the stream. */
static struct stream *inflated(struct stream *in, const struct limits *l, enum compression c,
			       struct inflate_info *info)
{
	struct inflate_limits il = { l->archive_bytes,
				     (unsigned)MIN(l->layer_ratio, (uint64_t)UINT32_MAX),
				     window_log(l->zstd_window) };
	return stream_inflate(in, c, &il, info);
}

static const char *limit_hit(const struct inflate_info *info, const struct limits *l,
			     enum compression c)
{
	if (c == COMPRESSION_NONE || info->out > l->archive_bytes)
		return "archive_bytes";
	return info->out ? "layer_ratio" : "zstd_window";
}

int archive_spool(struct stream *source, const struct limits *l, struct archive **out,
		  struct err *e)
{
	struct inflate_info info = { 0 };
	struct stream *in CLEANUP(cleanup_stream) = source;
	ssize_t n = stream_fill(in, e);
	if (n < 0)
		return (int)n;
	enum compression c = compression_of((struct str){ (const char *)in->pos, (size_t)n });
	in = inflated(in, l, c, &info);
	int fd CLEANUP(cleanup_fd) = temporary_file(e);
	if (fd < 0)
		return e->code;
	while ((n = stream_fill(in, e)) > 0) {
		int r = write_all(fd, (struct str){ (const char *)in->pos, (size_t)n },
				  "the temporary file", e);
		if (r)
			return r;
		in->pos = in->end;
	}
	if (n == ERR_LIMIT)
		return err_in(e, "limit %s", limit_hit(&info, l, c));
	if (n < 0)
		return (int)n;
	return use_fd(STEAL_FD(fd), l, out, e);
}

static int open_fd(int fd, const struct limits *l, struct archive **out, struct err *e)
{
	int own CLEANUP(cleanup_fd) = fd;
	char head[HEAD] = "";
	struct stat st;
	if (fstat(own, &st))
		return err_sys(e, "fstat");
	if (S_ISDIR(st.st_mode))
		return err_set(e, ERR_INVALID, "it is a folder, not an archive");
	if (!S_ISREG(st.st_mode))
		return archive_spool(stream_fd(STEAL_FD(own), true, -1, UINT64_MAX), l, out, e);
	ssize_t n = pread(own, head, sizeof head, 0);
	if (n < 0)
		return err_sys(e, "read");
	if (compression_of((struct str){ head, (size_t)n }) == COMPRESSION_NONE)
		return use_fd(STEAL_FD(own), l, out, e);
	return archive_spool(stream_fd(STEAL_FD(own), true, 0, UINT64_MAX), l, out, e);
}

int archive_open(struct str path, const struct limits *l, struct archive **out, struct err *e)
{
	struct buf name CLEANUP(buf_done) = { 0 };
	buf_add_str(&name, path);
	int fd = open(buf_cstr(&name), O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return err_sys(e, "open %.*s", STR(path));
	int r = open_fd(fd, l, out, e);
	return r ? err_in(e, "%.*s", STR(path)) : 0;
}

void archive_close(struct archive *a)
{
	if (!a)
		return;
	close(a->fd);
	arena_done(&a->arena);
	free(a);
}

void cleanup_archive(struct archive **a)
{
	archive_close(*a);
}

bool archive_has(const struct archive *a, struct str name)
{
	return map_get(&a->members, name) != NULL;
}

bool archive_is_twice(const struct archive *a, struct str name)
{
	const struct member *m = map_get(&a->members, name);
	return m && m->twice;
}

/* Follows one link: `name` becomes where it leads. */
static int follow(struct buf *name, const struct member *m, struct err *e)
{
	ssize_t slash = str_rfind_char(str_buf(name), '/');
	bool ok = true;
	if (m->type == TAR_SYMLINK) {
		ok = !str_starts(m->link, S("/"));
		name->n = slash < 0 ? 0 : (size_t)slash;
	} else {
		name->n = 0;
	}
	if (!ok || !join(name, m->link))
		return err_set(e, ERR_INVALID, "a link to '%.*s' leads out of the archive",
			       STR(m->link));
	return 0;
}

static int find(const struct archive *a, struct str wanted, const struct member **out,
		struct err *e)
{
	struct buf name CLEANUP(buf_done) = { 0 };
	if (!join(&name, wanted))
		return err_set(e, ERR_INVALID, "'%.*s' climbs out of the archive", STR(wanted));
	for (uint64_t depth = 0; depth <= a->limits->link_depth; depth++) {
		const struct member *m = map_get(&a->members, str_buf(&name));
		if (!m)
			return err_set(e, ERR_NOT_FOUND, "the archive has no '%.*s'",
				       STR(str_buf(&name)));
		if (m->type == TAR_FILE) {
			*out = m;
			return 0;
		}
		if (m->type != TAR_SYMLINK && m->type != TAR_HARDLINK)
			return err_set(e, ERR_INVALID, "'%.*s' in the archive is no regular file",
				       STR(wanted));
		int r = follow(&name, m, e);
		if (r)
			return r;
	}
	return err_set(e, ERR_INVALID,
		       "'%.*s' in the archive is a link through more links than link_depth, %llu",
		       STR(wanted), (unsigned long long)a->limits->link_depth);
}

int archive_get(const struct archive *a, struct str name, struct stream **out, uint64_t *size,
		struct err *e)
{
	const struct member *m = NULL;
	int r = find(a, name, &m, e);
	if (r)
		return r;
	if (m->sparse)
		return err_set(e, ERR_UNSUPPORTED, "'%.*s' in the archive is a sparse member",
			       STR(name));
	*size = m->size;
	*out = stream_fd(a->fd, false, (off_t)m->offset, m->size);
	return 0;
}

int archive_document(const struct archive *a, struct str name, struct arena *arena, struct str *out,
		     struct err *e)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	struct stream *in CLEANUP(cleanup_stream) = NULL;
	uint64_t size;
	if (archive_is_twice(a, name))
		return err_set(e, ERR_INVALID,
			       "'%.*s' is there twice, and readers differ in which one they take",
			       STR(name));
	int r = archive_get(a, name, &in, &size, e);
	if (r || (r = stream_read_all(in, (size_t)a->limits->manifest_bytes, &b, e)))
		return r == ERR_LIMIT ? err_in(e, "'%.*s' in the archive (limit manifest_bytes)",
					       STR(name))
				      : r;
	*out = arena_str(arena, str_buf(&b));
	return 0;
}

static bool exists(struct str path)
{
	struct buf name CLEANUP(buf_done) = { 0 };
	buf_add_str(&name, path);
	return access(buf_cstr(&name), F_OK) == 0;
}

int path_and_name(struct source *s, struct str where, struct err *e)
{
	size_t n = where.n;
	if (where.n == 0)
		return err_set(e, ERR_INVALID, "%s: a path is missing", s->ops->scheme);
	if (str_find_char(where, '\0') >= 0)
		return err_set(e, ERR_INVALID, "%s: a NUL in the path", s->ops->scheme);
	while (n && !exists(str_upto(where, n)))
		do {
			n--;
		} while (n && where.p[n] != ':' && where.p[n] != '@');
	if (n == 0)
		return err_set(e, ERR_NOT_FOUND, "%s: there is no file '%.*s'", s->ops->scheme,
			       STR(where));
	s->path = arena_str(&s->arena, str_upto(where, n));
	s->wanted = arena_str(&s->arena, str_from(where, n + 1));
	return 0;
}
