/* Importing files: folders are walked (bounded, links to folders are not followed), files are told by their first bytes and
 * path. Documents of one folder that are one OSV record each go through one child together. The same file as before (by
 * digest) is not parsed again. Files that are no document are counted and said. Only the first bytes of a compressed file are
 * inflated here, to look at; everything is parsed in the child. */
#include "vuln/update.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { HEAD = 4096, PATH_BYTES = 4096, NAME_KEEP = 50 };

struct file {
	struct str path, folder, detail;
	const struct feed *feed;
	enum feed_shape shape;
	uint64_t size;
};

struct import {
	const struct update_options *o;
	struct advisory_writer *w;
	struct arena *a;
	struct update_results *out;
	struct feed_info *had;
	size_t n_had;
	struct file *files; /* documents found */
	size_t n_files, files_cap;
	uint64_t seen;
};

/* The first bytes of a file, inflated when it is compressed. */
static size_t read_head(int fd, char head[HEAD])
{
	static const struct inflate_limits limits = { .max_out = 1 << 20, .window_log = 27 };
	struct stream *raw = stream_fd(fd, false, 0, UINT64_MAX);
	struct err e;
	ssize_t n = stream_fill(raw, &e);
	enum compression c =
		n > 0 ? compression_of((struct str){ (const char *)raw->pos, (size_t)n })
		      : COMPRESSION_NONE;
	struct stream *in CLEANUP(cleanup_stream) = stream_inflate(raw, c, &limits, NULL);
	size_t have = 0;
	while (have < HEAD && (n = stream_fill(in, &e)) > 0) {
		size_t take = MIN((size_t)n, HEAD - have);
		memcpy(head + have, in->pos, take);
		in->pos += take;
		have += take;
	}
	return have;
}

static void add_unknown(struct import *m, struct str path)
{
	struct strs *v = &m->out->unknown;
	if (m->out->n_unknown++ < UPDATE_NOTES)
		*ARENA_PUSH(m->a, v->v, v->n, v->cap) = arena_str(m->a, path);
}

static void probe_file(struct import *m, struct str path, int fd, const struct stat *st)
{
	char head[HEAD];
	struct str h = { head, read_head(fd, head) };
	for (size_t i = 0; feeds[i]; i++) {
		struct str detail = { 0 };
		if (!feeds[i]->probe || !feeds[i]->probe(m->a, path, h, &detail))
			continue;
		struct file *f = ARENA_PUSH(m->a, m->files, m->n_files, m->files_cap);
		ssize_t slash = str_rfind_char(path, '/');
		f->path = arena_str(m->a, path);
		f->folder = str_upto(f->path, slash < 0 ? 0 : (size_t)slash);
		f->feed = feeds[i];
		f->detail = detail;
		f->size = (uint64_t)st->st_size;
		f->shape = !f->feed->zip		? FEED_PLAIN
			   : str_starts(h, S("PK\3\4")) ? FEED_ZIP
							: FEED_FILES;
		return;
	}
	add_unknown(m, path);
}

static int walk(struct import *m, const char *path, unsigned depth, struct err *e);

static int compare_strs(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* In the order of names, so that the same files give the same database. */
static int walk_folder(struct import *m, const char *path, int fd, unsigned depth, struct err *e)
{
	struct strs names = { 0 };
	int again = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	DIR *d = again < 0 ? NULL : fdopendir(again);
	if (!d)
		return err_sys(e, "read the folder %s", path);
	for (struct dirent *x; (x = readdir(d)) && names.n <= IMPORT_FILES;)
		if (x->d_name[0] != '.')
			*ARENA_PUSH(m->a, names.v, names.n, names.cap) =
				arena_str(m->a, str_of(x->d_name));
	closedir(d);
	if (names.n)
		qsort(names.v, names.n, sizeof *names.v, compare_strs);
	for (size_t i = 0; i < names.n; i++) {
		char below[PATH_BYTES];
		int n = snprintf(below, sizeof below, "%s/%s", path, names.v[i].p);
		if (n < 0 || (size_t)n >= sizeof below)
			return err_set(e, ERR_LIMIT, "a path below %s is longer than %d bytes",
				       path, PATH_BYTES);
		int r = walk(m, below, depth + 1, e);
		if (r)
			return r;
	}
	return 0;
}

static int walk(struct import *m, const char *path, unsigned depth, struct err *e)
{
	struct stat st;
	/* Never a folder through a link below the top; and no waiting for a pipe. */
	int fd CLEANUP(cleanup_fd) = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st)) {
		if (depth == 0)
			return err_sys(e, "open %s", path);
		add_unknown(m, str_of(path));
		return 0;
	}
	if (S_ISDIR(st.st_mode)) {
		struct stat link;
		if (depth > IMPORT_DEPTH)
			return err_set(e, ERR_LIMIT, "%s lies deeper than %d folders", path,
				       IMPORT_DEPTH);
		return depth && lstat(path, &link) == 0 && S_ISLNK(link.st_mode)
			       ? 0
			       : walk_folder(m, path, fd, depth, e);
	}
	if (++m->seen > IMPORT_FILES)
		return err_set(e, ERR_LIMIT, "more than %d files to import", IMPORT_FILES);
	if (S_ISREG(st.st_mode))
		probe_file(m, str_of(path), fd, &st);
	return 0;
}

/* FEED/DETAIL, or the file's name where the feed has nothing better; never longer than a name may be. */
static struct str document_name(struct import *m, const struct file *f)
{
	struct str feed = str_of(f->feed->name), detail = f->detail;
	if (detail.n == 0 && !f->feed->zip)
		return feed;
	if (detail.n == 0)
		detail = str_from(f->path, (size_t)(str_rfind_char(f->path, '/') + 1));
	if (detail.n <= NAME_KEEP)
		return arena_printf(m->a, "%.*s/%.*s", STR(feed), STR(detail));
	return arena_printf(m->a, "%.*s/%.*s-%08x", STR(feed), STR(str_upto(detail, NAME_KEEP)),
			    (unsigned)str_hash(detail));
}

static int digest_fd(int fd, struct digest *out, struct err *e)
{
	struct stream *in CLEANUP(cleanup_stream) = stream_fd(fd, false, 0, UINT64_MAX);
	struct hasher *h = hasher_open(DIGEST_SHA256);
	ssize_t n;
	while ((n = stream_fill(in, e)) > 0) {
		hasher_add(h, in->pos, (size_t)n);
		in->pos = in->end;
	}
	if (n == 0)
		hasher_end(h, out);
	hasher_close(h);
	return (int)n;
}

static const struct feed_info *same_as_before(const struct import *m, struct str name,
					      const struct digest *d)
{
	for (size_t i = 0; i < m->n_had; i++)
		if (str_eq(m->had[i].name, name) && m->had[i].digest.alg &&
		    digest_eq(&m->had[i].digest, d))
			return &m->had[i];
	return NULL;
}

static struct update_result *begin_result(struct import *m, const struct file *f, size_t index)
{
	struct update_result *r = ARENA_PUSH(m->a, m->out->v, m->out->n, m->out->cap);
	r->feed = str_of(f->feed->name);
	r->name = document_name(m, f);
	r->origin = f->path;
	if (m->o->progress)
		m->o->progress(m->o->ctx, r->name, index, m->n_files);
	return r;
}

static int import_file(struct import *m, const struct file *f, struct update_result *result,
		       struct err *e)
{
	struct feed_info info = {
		.feed = result->feed, .name = result->name, .origin = f->path, .fetched = m->o->now
	};
	int fd CLEANUP(cleanup_fd) = open(f->path.p, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open %s", f->path.p);
	int r = digest_fd(fd, &info.digest, e);
	if (r)
		return r;
	const struct feed_info *same = same_as_before(m, result->name, &info.digest);
	if (same) {
		result->unchanged = true;
		result->records = same->records;
		result->skipped = same->skipped;
		return advisory_writer_touch(m->w, result->name, m->o->now, e);
	}
	struct stream *in CLEANUP(cleanup_stream) = stream_limit(
		stream_fd(fd, false, 0, UINT64_MAX), FEED_DOCUMENT_BYTES, "the document");
	return update_document(m->w, m->o, f->feed, f->shape, f->detail, &info, in, m->a, result,
			       e);
}

/* Single records, one after the other, each behind the lengths of its name and itself. */
struct files_stream {
	struct stream s;
	const struct file *v;
	size_t n, at;
	struct buf b;
};

static int load_file(const struct file *f, struct buf *b, struct err *e)
{
	struct str name = str_from(f->path, (size_t)(str_rfind_char(f->path, '/') + 1));
	int fd = open(f->path.p, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open %s", f->path.p);
	struct stream *in CLEANUP(cleanup_stream) = stream_fd(fd, true, 0, UINT64_MAX);
	uint32_t head[2] = { (uint32_t)name.n, 0 };
	b->n = 0;
	buf_add(b, head, sizeof head);
	buf_add_str(b, name);
	int r = stream_read_all(in, FEED_MEMBER_BYTES, b, e);
	if (r)
		return err_in(e, "%s", f->path.p);
	head[1] = (uint32_t)(b->n - sizeof head - name.n);
	memcpy(b->p, head, sizeof head);
	return 0;
}

static ssize_t files_fill(struct stream *s, struct err *e)
{
	struct files_stream *f = (struct files_stream *)s;
	if (f->at == f->n)
		return 0;
	int r = load_file(&f->v[f->at++], &f->b, e);
	if (r)
		return r;
	s->pos = (const unsigned char *)f->b.p;
	s->end = s->pos + f->b.n;
	return (ssize_t)f->b.n;
}

static void files_close(struct stream *s)
{
	struct files_stream *f = (struct files_stream *)s;
	buf_done(&f->b);
	free(f);
}

static int import_files(struct import *m, const struct file *v, size_t n,
			struct update_result *result, struct err *e)
{
	static const struct stream_ops ops = { files_fill, files_close };
	struct feed_info info = { .feed = result->feed,
				  .name = result->name,
				  .origin = v->folder,
				  .fetched = m->o->now };
	struct files_stream *f = calloc(1, sizeof *f);
	if (!f)
		abort();
	f->s.ops = &ops;
	f->v = v;
	f->n = n;
	struct stream *in CLEANUP(cleanup_stream) = &f->s;
	return update_document(m->w, m->o, v->feed, FEED_FILES, v->detail, &info, in, m->a, result,
			       e);
}

static int compare_files(const void *x, const void *y)
{
	const struct file *a = x, *b = y;
	int c = str_cmp(a->folder, b->folder);
	if (c == 0)
		c = (int)(a->shape == FEED_FILES) - (int)(b->shape == FEED_FILES);
	return c ? c : str_cmp(a->path, b->path);
}

static void import_all(struct import *m)
{
	if (m->n_files)
		qsort(m->files, m->n_files, sizeof *m->files, compare_files);
	for (size_t i = 0; i < m->n_files;) {
		const struct file *f = &m->files[i];
		struct update_result *result = begin_result(m, f, i);
		struct err e = { 0 };
		size_t n = 1;
		int r;
		while (f->shape == FEED_FILES && i + n < m->n_files &&
		       m->files[i + n].shape == FEED_FILES &&
		       str_eq(m->files[i + n].folder, f->folder))
			n++;
		r = f->shape == FEED_FILES ? import_files(m, f, n, result, &e)
					   : import_file(m, f, result, &e);
		if (r) {
			err_in(&e, "%s", f->path.p);
			result->code = r;
			result->error = arena_str(m->a, str_of(e.text));
		}
		i += n;
	}
}

static int verdict(const struct import *m, struct err *e)
{
	const struct update_results *out = m->out;
	for (size_t i = 0; i < out->n; i++)
		if (out->v[i].code == 0)
			return 0;
	if (out->n)
		return err_set(e, out->v[0].code, "no document could be read; the first: %.*s",
			       STR(out->v[0].error));
	return err_set(e, ERR_NOT_FOUND, "none of %llu files is a document of a feed",
		       (unsigned long long)m->seen);
}

static int walk_all(struct import *m, const struct strs *paths, struct err *e)
{
	for (size_t i = 0; i < paths->n; i++) {
		char path[PATH_BYTES];
		struct str p = paths->v[i];
		while (p.n > 1 && str_ends(p, S("/")))
			p.n--;
		if (p.n == 0 || p.n >= sizeof path)
			return err_set(e, ERR_LIMIT, "'%.*s' is no path", STR(p));
		snprintf(path, sizeof path, "%.*s", STR(p));
		/* The folders above a file can name its ecosystem or release. */
		char *whole CLEANUP(cleanup_free) = realpath(path, NULL);
		if (!whole)
			return err_sys(e, "open %s", path);
		int r = walk(m, whole, 0, e);
		if (r)
			return r;
	}
	return 0;
}

int update_import(const struct update_options *o, const struct strs *paths, struct arena *a,
		  struct update_results *out, struct err *e)
{
	struct import m = { .o = o, .a = a, .out = out };
	int r = walk_all(&m, paths, e);
	if (r)
		return r;
	if (m.n_files == 0)
		return verdict(&m, e);
	r = advisory_writer_open(o->dir, &m.w, e);
	if (r)
		return r;
	r = advisory_writer_feeds(m.w, a, &m.had, &m.n_had, e);
	if (r == 0) {
		import_all(&m);
		r = advisory_writer_commit(m.w, e);
	}
	advisory_writer_close(m.w);
	return r ? r : verdict(&m, e);
}
