/* The writer of the advisory database: the lock, the list of segments, and the swap of generations. A generation is
 * built aside, synced, named by its digest and only then named by `current`, so that a writer killed at any moment
 * leaves the old one in use. The generation before the newest stays, since readers may be about to open it. */
#include "vuln/advisory_store.h"

#include "base/time.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

enum { CURRENT_MAX = 1024 };

/* mkdir -p: folders that are missing get mode 0755. */
static int make_folders(char *path, struct err *e)
{
	for (char *p = path + 1;; p++) {
		char c = *p;
		if (c != '/' && c != '\0')
			continue;
		*p = '\0';
		bool made = mkdir(path, 0755) == 0;
		if (!made && errno != EEXIST)
			return err_sys(e, "make the folder %s", path);
		if (made && chmod(path, 0755))
			return err_sys(e, "set the mode of %s", path);
		*p = c;
		if (c == '\0')
			return 0;
	}
}

static int open_folders(struct advisory_writer *w, struct err *e)
{
	w->dir_fd = open(w->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (w->dir_fd < 0)
		return err_sys(e, "open the database folder %s", w->dir);
	bool made = mkdirat(w->dir_fd, "segments", 0755) == 0;
	if (!made && errno != EEXIST)
		return err_sys(e, "make the folder %s/segments", w->dir);
	w->segments_fd =
		openat(w->dir_fd, "segments", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (w->segments_fd < 0 || (made && fchmod(w->segments_fd, 0755)))
		return err_sys(e, "open the folder %s/segments", w->dir);
	return 0;
}

static int take_lock(struct advisory_writer *w, struct err *e)
{
	w->lock_fd = openat(w->dir_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (w->lock_fd < 0)
		return err_sys(e, "open the lock of %s", w->dir);
	while (flock(w->lock_fd, LOCK_EX))
		if (errno != EINTR)
			return err_sys(e, "lock %s", w->dir);
	return 0;
}

static void remove_ending(int folder, struct str ending)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d)
		return;
	for (struct dirent *x; (x = readdir(d));)
		if (str_ends(str_of(x->d_name), ending))
			unlinkat(folder, x->d_name, 0);
	closedir(d);
}

int advisory_writer_open(struct str dir, struct advisory_writer **out, struct err *e)
{
	enum { SPACE = 300 }; /* for names below it */
	if (dir.n == 0 || dir.n + SPACE > STORE_PATH || memchr(dir.p, 0, dir.n))
		return err_set(e, ERR_LIMIT, "'%.*s' is no name for a database folder", STR(dir));
	struct advisory_writer *w = calloc(1, sizeof *w);
	if (!w)
		abort();
	w->dir_fd = w->segments_fd = w->lock_fd = -1;
	memcpy(w->dir, dir.p, dir.n);
	int r = make_folders(w->dir, e);
	if (r == 0)
		r = open_folders(w, e);
	if (r == 0)
		r = take_lock(w, e);
	if (r) {
		advisory_writer_close(w);
		return r;
	}
	remove_ending(w->dir_fd, S(".tmp"));
	remove_ending(w->segments_fd, S(".tmp"));
	*out = w;
	return 0;
}

void advisory_writer_close(struct advisory_writer *w)
{
	if (!w)
		return;
	cleanup_fd(&w->lock_fd);
	cleanup_fd(&w->segments_fd);
	cleanup_fd(&w->dir_fd);
	free(w);
}

int advisory_writer_remove(struct advisory_writer *w, struct str name, struct err *e)
{
	char file[SEGMENT_NAME_MAX * 3 + 8];
	if (!segment_file(name, file))
		return err_set(e, ERR_NOT_FOUND, "'%.*s' is no name of a document", STR(name));
	if (unlinkat(w->segments_fd, file, 0))
		return err_sys(e, "remove the segment of %.*s", STR(name));
	w->changed = true;
	return 0;
}

static struct feed_info info_copy(struct arena *a, const struct feed_info *i)
{
	struct feed_info c = *i;
	c.feed = arena_str(a, i->feed);
	c.name = arena_str(a, i->name);
	c.origin = arena_str(a, i->origin);
	c.etag = arena_str(a, i->etag);
	c.last_modified = arena_str(a, i->last_modified);
	return c;
}

int advisory_writer_feeds(struct advisory_writer *w, struct arena *a, struct feed_info **out,
			  size_t *n, struct err *e)
{
	struct buf bytes CLEANUP(buf_done) = { 0 };
	struct feed_info *v = NULL;
	struct strs files = { 0 };
	size_t count = 0, cap = 0;
	int r = segments_list(w, a, &files, e);
	if (r)
		return r;
	for (size_t i = 0; i < files.n; i++) {
		struct feed_info info = { 0 };
		struct err why;
		int fd CLEANUP(cleanup_fd) =
			openat(w->segments_fd, files.v[i].p, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		if (fd < 0)
			return err_sys(e, "open the segment %s", files.v[i].p);
		/* A damaged or older one is as good as none: its document is fetched again. */
		if (segment_info(fd, &bytes, &info, &why) == ERR_INVALID) {
			unlinkat(w->segments_fd, files.v[i].p, 0);
			w->changed = true;
			continue;
		}
		*ARENA_PUSH(a, v, count, cap) = info_copy(a, &info);
	}
	*out = v;
	*n = count;
	return 0;
}

int advisory_writer_touch(struct advisory_writer *w, struct str name, int64_t fetched,
			  struct err *e)
{
	enum { BEFORE_END = 16 }; /* see the tail in advisory_segment.c */
	char file[SEGMENT_NAME_MAX * 3 + 8];
	struct buf bytes CLEANUP(buf_done) = { 0 };
	struct feed_info info;
	if (!segment_file(name, file))
		return err_set(e, ERR_NOT_FOUND, "'%.*s' is no name of a document", STR(name));
	int fd CLEANUP(cleanup_fd) = openat(w->segments_fd, file, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return err_sys(e, "open the segment of %.*s", STR(name));
	int r = segment_info(fd, &bytes, &info, e);
	if (r)
		return r;
	off_t end = lseek(fd, 0, SEEK_END);
	if (pwrite(fd, &fetched, sizeof fetched, end - BEFORE_END) != sizeof fetched)
		return err_sys(e, "write to the segment of %.*s", STR(name));
	w->changed = true;
	return 0;
}

static int digest_file(const char *path, struct digest *out, uint64_t *size, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open %s", path);
	struct stream *in CLEANUP(cleanup_stream) = stream_fd(fd, true, 0, UINT64_MAX);
	struct hasher *h = hasher_open(DIGEST_SHA256);
	uint64_t n = 0;
	ssize_t got;
	while ((got = stream_fill(in, e)) > 0) {
		hasher_add(h, in->pos, (size_t)got);
		n += (uint64_t)got;
		in->pos = in->end;
	}
	if (got == 0) {
		hasher_end(h, out);
		*size = n;
	}
	hasher_close(h);
	return (int)got;
}

/* Writes `current` aside, synced, and renames it. */
static int current_write(struct advisory_writer *w, const struct current *c, struct err *e)
{
	char text[CURRENT_MAX], digest[DIGEST_TEXT];
	int n = snprintf(text, sizeof text, "format %d\nfile %s\nsize %llu\ndigest %s\n",
			 ADVISORY_FORMAT, c->file, (unsigned long long)c->size,
			 digest_text(&c->digest, digest));
	int fd CLEANUP(cleanup_fd) =
		openat(w->dir_fd, "current.tmp", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || fchmod(fd, 0644) || write(fd, text, (size_t)n) != n || fsync(fd))
		return err_sys(e, "write %s/current", w->dir);
	if (renameat(w->dir_fd, "current.tmp", w->dir_fd, "current") || fsync(w->dir_fd))
		return err_sys(e, "publish %s/current", w->dir);
	return 0;
}

static void remove_old(struct advisory_writer *w, const char *now, const char *before)
{
	int fd = openat(w->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d)
		return;
	for (struct dirent *x; (x = readdir(d));) {
		struct str name = str_of(x->d_name);
		if (str_starts(name, S("advisories-")) && str_ends(name, S(".mdb")) &&
		    !str_eq(name, str_of(now)) && !str_eq(name, str_of(before)))
			unlinkat(w->dir_fd, x->d_name, 0);
	}
	closedir(d);
}

static int publish(struct advisory_writer *w, const char *aside, struct err *e)
{
	struct current now = { 0 }, before = { 0 };
	char path[STORE_PATH], digest[DIGEST_TEXT];
	struct err ignored;
	int r = digest_file(aside, &now.digest, &now.size, e);
	if (r)
		return r;
	current_read(str_of(w->dir), &before, &ignored);
	snprintf(now.file, sizeof now.file, "advisories-%.16s.mdb",
		 digest_text(&now.digest, digest) + 7);
	snprintf(path, sizeof path, "%.3900s/%s", w->dir, now.file);
	if (rename(aside, path))
		return err_sys(e, "publish %s", path);
	r = current_write(w, &now, e);
	if (r == 0)
		remove_old(w, now.file, before.file);
	return r;
}

int advisory_writer_commit(struct advisory_writer *w, struct err *e)
{
	char aside[STORE_PATH], bad[256] = "";
	struct current now;
	if (!w->changed && current_read(str_of(w->dir), &now, e) == 0)
		return 0;
	snprintf(aside, sizeof aside, "%.3900s/generation.tmp", w->dir);
	unlink(aside);
	int r = generation_build(w, aside, time_now(), bad, e);
	if (r == 0)
		r = publish(w, aside, e);
	if (r == 0) {
		w->changed = false;
		return 0;
	}
	unlink(aside);
	/* So that the next update reads the document again. */
	if (r == ERR_INVALID && bad[0] && unlinkat(w->segments_fd, bad, 0) == 0)
		err_in(e, "the segment %s was damaged and is removed; update again", bad);
	return err_in(e, "make the advisory database in %s", w->dir);
}
