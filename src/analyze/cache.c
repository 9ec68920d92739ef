/* One file a record: 8 bytes "LZRTREC2", 8 bytes length of the record, 8 bytes checksum of it and of its key, the
 * record. The checksum tells a torn, damaged or exchanged file, not a forged one: the folder belongs to us alone
 * (checked), and what is read from it goes through the same bounded decoder as a record from a child.
 *
 * The folder may be raced for by other processes of ours: a file that vanishes is a miss, a folder that vanishes is made
 * again. Every step is relative to an open folder and follows no symbolic link. Not synced to disk: after a crash the
 * checksum finds what did not get there. */
#include "analyze/cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>

enum {
	CACHE_HEADER = 24,
	CACHE_TOUCH_SECONDS = 3600,
	CACHE_STALE_SECONDS = 3600, /* after this a file that was never renamed is litter */
	CACHE_FILES_MAX = 1000 * 1000, /* looked at in one eviction */
};
static const char cache_magic[8] = { 'L', 'Z', 'R', 'T', 'R', 'E', 'C', '2' };

struct cache {
	int fd; /* DIR/layers */
	uint64_t max;
	bool added;
};

static int open_folder(int at, const char *name, bool make)
{
	if (make && mkdirat(at, name, 0700) != 0 && errno != EEXIST)
		return -1;
	return openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* ELOOP or ENOTDIR where there is something: a link or a file stands in the way. */
static int not_a_folder(const char *path, struct err *e)
{
	struct stat st;
	int saved = errno;
	if ((saved == ELOOP || saved == ENOTDIR) && lstat(path, &st) == 0 && !S_ISDIR(st.st_mode))
		return err_set(e, ERR_INVALID,
			       "cache folder %s: not a folder of its own (a link or a file)", path);
	errno = saved;
	return err_sys(e, "cache folder %s", path);
}

static int check_owner(int fd, const char *path, struct err *e)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return err_sys(e, "cache folder %s", path);
	if (st.st_uid != geteuid() || (st.st_mode & 022))
		return err_set(e, ERR_INVALID, "cache folder %s: others own it or may write to it",
			       path);
	return 0;
}

static void make_parents(char *path)
{
	for (char *p = path + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		mkdir(path, 0700);
		*p = '/';
	}
}

static int open_layers(struct str dir, bool make, int *out, struct err *e)
{
	struct buf path = { 0 }, layers = { 0 };
	int r = 0;
	buf_add_str(&path, dir);
	buf_cstr(&path);
	buf_addf(&layers, "%s/layers", path.p);
	if (make)
		make_parents(path.p);
	CLEANUP(cleanup_fd) int top = open_folder(AT_FDCWD, path.p, make);
	CLEANUP(cleanup_fd) int fd = -1;
	if (top < 0)
		r = not_a_folder(path.p, e);
	else if (!(r = check_owner(top, path.p, e)) && (fd = open_folder(top, "layers", make)) < 0)
		r = not_a_folder(layers.p, e);
	else if (!r)
		r = check_owner(fd, layers.p, e);
	if (!r)
		*out = STEAL_FD(fd);
	buf_done(&path);
	buf_done(&layers);
	return r;
}

int cache_open(struct str dir, uint64_t max, struct cache **out, struct err *e)
{
	int fd, r = open_layers(dir, true, &fd, e);
	if (r < 0)
		return r;
	struct cache *c = calloc(1, sizeof *c);
	if (!c)
		abort();
	c->fd = fd;
	c->max = max;
	*out = c;
	return 0;
}

/* "ab" and the rest of the key's hex. */
struct cache_name {
	char folder[3], file[DIGEST_TEXT];
};

static void name_of(const struct digest *key, struct cache_name *n)
{
	char text[DIGEST_TEXT];
	const char *hex = strchr(digest_text(key, text), ':') + 1;
	memcpy(n->folder, hex, 2);
	n->folder[2] = '\0';
	snprintf(n->file, sizeof n->file, "%s", hex + 2);
}

static bool read_all(int fd, void *p, size_t n)
{
	while (n) {
		ssize_t got = read(fd, p, n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		p = (char *)p + got;
		n -= (size_t)got;
	}
	return true;
}

static void touch(int fd, const struct stat *st)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	if (now.tv_sec - st->st_mtime > CACHE_TOUCH_SECONDS || st->st_mtime > now.tv_sec)
		futimens(fd, NULL);
}

static uint64_t checksum(const struct digest *key, struct str bytes)
{
	return str_hash(bytes) ^ str_hash((struct str){ (const char *)key->bytes, key->len });
}

static bool read_record(int fd, const struct digest *key, struct arena *a, uint64_t max_bytes,
			struct str *out)
{
	struct stat st;
	unsigned char head[CACHE_HEADER];
	uint64_t length, sum;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size < CACHE_HEADER ||
	    (uint64_t)st.st_size - CACHE_HEADER > max_bytes || !read_all(fd, head, sizeof head))
		return false;
	memcpy(&length, head + 8, 8);
	memcpy(&sum, head + 16, 8);
	if (memcmp(head, cache_magic, 8) != 0 || length != (uint64_t)st.st_size - CACHE_HEADER)
		return false;
	char *p = arena_alloc(a, length + 1);
	struct str bytes = { p, length };
	if (!read_all(fd, p, length) || checksum(key, bytes) != sum)
		return false;
	touch(fd, &st);
	*out = bytes;
	return true;
}

bool cache_get(struct cache *c, const struct digest *key, struct arena *a, uint64_t max_bytes,
	       struct str *out)
{
	struct cache_name n;
	name_of(key, &n);
	CLEANUP(cleanup_fd) int folder = open_folder(c->fd, n.folder, false);
	if (folder < 0)
		return false;
	CLEANUP(cleanup_fd)
	int fd = openat(folder, n.file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	return fd >= 0 && read_record(fd, key, a, max_bytes, out);
}

static bool write_all(int fd, const void *p, size_t n)
{
	while (n) {
		ssize_t did = write(fd, p, n);
		if (did < 0 && errno == EINTR)
			continue;
		if (did <= 0)
			return false;
		p = (const char *)p + did;
		n -= (size_t)did;
	}
	return true;
}

static bool write_record(int fd, const struct digest *key, struct str bytes)
{
	unsigned char head[CACHE_HEADER];
	uint64_t length = bytes.n, sum = checksum(key, bytes);
	memcpy(head, cache_magic, 8);
	memcpy(head + 8, &length, 8);
	memcpy(head + 16, &sum, 8);
	return write_all(fd, head, sizeof head) && write_all(fd, bytes.p, bytes.n);
}

void cache_put(struct cache *c, const struct digest *key, struct str bytes)
{
	struct cache_name n;
	char aside[64];
	uint64_t unique;
	name_of(key, &n);
	CLEANUP(cleanup_fd) int folder = open_folder(c->fd, n.folder, true);
	if (folder < 0 || getrandom(&unique, sizeof unique, 0) != sizeof unique)
		return;
	snprintf(aside, sizeof aside, ".new-%016llx", (unsigned long long)unique);
	CLEANUP(cleanup_fd)
	int fd = openat(folder, aside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	if (!write_record(fd, key, bytes) || renameat(folder, aside, folder, n.file) != 0)
		unlinkat(folder, aside, 0);
	else
		__atomic_store_n(&c->added, true, __ATOMIC_RELAXED);
}

/* Eviction */
struct cached_file {
	char folder[3];
	char *name;
	uint64_t size;
	struct timespec used;
};
struct listing {
	struct arena arena;
	struct cached_file *v;
	size_t n, cap;
	uint64_t total;
};

static void list_folder(int layers, const char *folder, struct listing *l)
{
	int fd = open_folder(layers, folder, false);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d) {
		if (fd >= 0)
			close(fd);
		return;
	}
	for (struct dirent *x; l->n < CACHE_FILES_MAX && (x = readdir(d));) {
		struct stat st;
		if (fstatat(fd, x->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 || S_ISDIR(st.st_mode))
			continue;
		struct cached_file *f = ARENA_PUSH(&l->arena, l->v, l->n, l->cap);
		memcpy(f->folder, folder, sizeof f->folder);
		f->name = arena_cstr(&l->arena, str_of(x->d_name));
		f->size = (uint64_t)st.st_size;
		f->used = st.st_mtim;
		l->total += f->size;
	}
	closedir(d);
}

static void list_all(int layers, struct listing *l)
{
	for (unsigned i = 0; i < 256; i++) {
		char folder[3];
		snprintf(folder, sizeof folder, "%02x", i);
		list_folder(layers, folder, l);
	}
}

static bool remove_file(int layers, const struct cached_file *f)
{
	CLEANUP(cleanup_fd) int folder = open_folder(layers, f->folder, false);
	return folder >= 0 && unlinkat(folder, f->name, 0) == 0;
}

static int older_first(const void *a, const void *b)
{
	const struct cached_file *x = a, *y = b;
	if (x->used.tv_sec != y->used.tv_sec)
		return x->used.tv_sec < y->used.tv_sec ? -1 : 1;
	if (x->used.tv_nsec != y->used.tv_nsec)
		return x->used.tv_nsec < y->used.tv_nsec ? -1 : 1;
	return strcmp(x->name, y->name);
}

static bool is_unfinished(const struct cached_file *f)
{
	return f->name[0] == '.';
}

static void evict(int layers, uint64_t max)
{
	struct listing l = { 0 };
	time_t now = time(NULL);
	list_all(layers, &l);
	if (l.n)
		qsort(l.v, l.n, sizeof *l.v, older_first);
	/* Down to nine tenths, so that not every scan has to do this. */
	uint64_t goal = l.total > max ? max - max / 10 : l.total;
	for (size_t i = 0; i < l.n; i++) {
		bool litter =
			is_unfinished(&l.v[i]) && now - l.v[i].used.tv_sec > CACHE_STALE_SECONDS;
		bool old = !is_unfinished(&l.v[i]) && l.total > goal;
		if ((litter || old) && remove_file(layers, &l.v[i]))
			l.total -= l.v[i].size;
	}
	arena_done(&l.arena);
}

void cache_close(struct cache *c)
{
	if (!c)
		return;
	if (c->added)
		evict(c->fd, c->max);
	close(c->fd);
	free(c);
}

int cache_clear(struct str dir, uint64_t *bytes, struct err *e)
{
	CLEANUP(cleanup_fd) int fd = -1;
	struct listing l = { 0 };
	uint64_t freed = 0;
	int r = open_layers(dir, false, &fd, e);
	if (r < 0 && r != ERR_NOT_FOUND)
		return r;
	if (r == 0) {
		list_all(fd, &l);
		for (size_t i = 0; i < l.n; i++)
			if (remove_file(fd, &l.v[i]))
				freed += l.v[i].size;
		arena_done(&l.arena);
	}
	*bytes = freed;
	return 0;
}
