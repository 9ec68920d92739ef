/* A directory as a root file system: written as a tar stream (POSIX.1-2001 pax), so that it goes the way of any layer.
 *
 * The tree may be hostile and may change while it is read. Folders are opened one at a time, each from the root's
 * descriptor by openat2 without following any link; a name that became a link or another kind of file in the meantime is
 * a note. Devices, fifos and sockets are never opened. A file's size in the stream is what it was when opened: what is
 * missing then is filled with zeros, what is more is cut, both with a note. Folders that wait to be read are kept as
 * paths, so that depth costs no descriptors; paths are bounded by limits.path_bytes, entries by limits.layer_entries.
 *
 * Another file system is told by the device of a folder (files on an overlay have devices of their own). File systems
 * that hold nothing stored (proc, sysfs and the like) are passed over without a note, also when others are entered. */
#include "source/source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

enum {
	TAR_BLOCK = 512,
	TAR_NAME_MAX = 99, /* bytes of a name in the plain header */
	TAR_ID_MAX = 07777777,
	DIR_CHUNK = 256 * 1024, /* bytes made at once */
};
static const uint64_t tar_size_max = 077777777777;

struct waiting { /* a folder still to be read */
	struct waiting *next;
	size_t n;
	char path[];
};

struct dir_reader {
	struct stream s;
	const struct source_options *opt;
	struct dir_filter filter;
	int root;
	dev_t device;
	struct waiting *waiting; /* last in, first out */
	uint64_t entries;
	bool ended;
	/* The folder at hand. */
	DIR *dir;
	struct buf path; /* its path, then each entry's */
	size_t path_base;
	/* The file at hand. */
	int body; /* -1: none */
	uint64_t left; /* bytes of it to come */
	uint64_t padding;
	struct stat body_stat;
	struct buf out;
};

static void note(struct dir_reader *r, struct str path, const char *reason)
{
	if (r->filter.note)
		r->filter.note(r->filter.ctx, path, reason);
}

static void note_errno(struct dir_reader *r, struct str path, const char *what)
{
	char text[200];
	snprintf(text, sizeof text, "%s: %s", what, strerror(errno));
	note(r, path, text);
}

/* Tar headers */
struct tar_header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100];
	char magic[6], version[2], user[32], group[32], major[8], minor[8], prefix[155], unused[12];
};
_Static_assert(sizeof(struct tar_header) == TAR_BLOCK, "a tar header is one block");

static void put_octal(char *field, size_t n, uint64_t v)
{
	for (size_t i = n - 1; i-- > 0; v >>= 3)
		field[i] = (char)('0' + (v & 7));
	field[n - 1] = '\0';
}

static void put_header(struct buf *out, struct tar_header *h, struct str name, struct str link)
{
	unsigned sum = 0;
	memcpy(h->name, name.p, MIN(name.n, (size_t)TAR_NAME_MAX));
	if (link.n)
		memcpy(h->link, link.p, MIN(link.n, (size_t)TAR_NAME_MAX));
	memcpy(h->magic, "ustar", 6);
	memcpy(h->version, "00", 2);
	memset(h->checksum, ' ', sizeof h->checksum);
	for (size_t i = 0; i < sizeof *h; i++)
		sum += ((const unsigned char *)h)[i];
	put_octal(h->checksum, 7, sum);
	buf_add(out, h, sizeof *h);
}

static void pad_block(struct buf *out, uint64_t size)
{
	static const char zero[TAR_BLOCK];
	buf_add(out, zero, (size_t)(-size & (TAR_BLOCK - 1)));
}

/* "LENGTH KEY=VALUE\n", where LENGTH counts its own digits too. */
static void put_record(struct buf *b, const char *key, struct str value)
{
	size_t rest = 1 + strlen(key) + 1 + value.n + 1, n = rest, digits;
	do {
		digits = n;
		n = rest + (size_t)snprintf(NULL, 0, "%zu", n);
	} while (n != digits);
	buf_addf(b, "%zu %s=", n, key);
	buf_add_str(b, value);
	buf_add_char(b, '\n');
}

static void put_number(struct buf *b, const char *key, uint64_t v)
{
	char text[24];
	int n = snprintf(text, sizeof text, "%llu", (unsigned long long)v);
	put_record(b, key, (struct str){ text, (size_t)n });
}

static void put_pax(struct dir_reader *r, const struct stat *st, uint64_t size, struct str name,
		    struct str link)
{
	struct buf b = { 0 };
	struct tar_header h = { .type = 'x' };
	if (name.n > TAR_NAME_MAX)
		put_record(&b, "path", name);
	if (link.n > TAR_NAME_MAX)
		put_record(&b, "linkpath", link);
	if (size > tar_size_max)
		put_number(&b, "size", size);
	if (st->st_uid > TAR_ID_MAX)
		put_number(&b, "uid", st->st_uid);
	if (st->st_gid > TAR_ID_MAX)
		put_number(&b, "gid", st->st_gid);
	if (b.n) {
		put_octal(h.mode, sizeof h.mode, 0600);
		put_octal(h.size, sizeof h.size, b.n);
		put_header(&r->out, &h, S("pax"), S(""));
		buf_add_str(&r->out, str_buf(&b));
		pad_block(&r->out, b.n);
	}
	buf_done(&b);
}

static void put_entry(struct dir_reader *r, char type, const struct stat *st, uint64_t size,
		      struct str link)
{
	struct tar_header h = { .type = type };
	if (type == '5')
		buf_add_char(&r->path, '/');
	struct str name = str_buf(&r->path);
	put_pax(r, st, size, name, link);
	put_octal(h.mode, sizeof h.mode, st->st_mode & 07777);
	put_octal(h.uid, sizeof h.uid, MIN(st->st_uid, (uid_t)TAR_ID_MAX));
	put_octal(h.gid, sizeof h.gid, MIN(st->st_gid, (gid_t)TAR_ID_MAX));
	put_octal(h.size, sizeof h.size, MIN(size, tar_size_max));
	put_octal(h.mtime, sizeof h.mtime,
		  st->st_mtime > 0 ? MIN((uint64_t)st->st_mtime, tar_size_max) : 0);
	if (type == '3' || type == '4') {
		put_octal(h.major, sizeof h.major, major(st->st_rdev) & TAR_ID_MAX);
		put_octal(h.minor, sizeof h.minor, minor(st->st_rdev) & TAR_ID_MAX);
	}
	put_header(&r->out, &h, name, link);
	if (type == '5')
		r->path.n--;
}

/* Entries */
static bool is_skipped(const struct strs *patterns, struct str path)
{
	for (size_t i = 0; i < patterns->n; i++) {
		struct str p = patterns->v[i];
		while (p.n && p.p[0] == '/')
			p = str_from(p, 1);
		while (p.n && p.p[p.n - 1] == '/')
			p.n--;
		if (str_glob(p, path))
			return true;
	}
	return false;
}

static bool holds_nothing(long magic)
{
	static const long magics[] = { PROC_SUPER_MAGIC,
				       SYSFS_MAGIC,
				       CGROUP_SUPER_MAGIC,
				       CGROUP2_SUPER_MAGIC,
				       DEVPTS_SUPER_MAGIC,
				       DEBUGFS_MAGIC,
				       TRACEFS_MAGIC,
				       SECURITYFS_MAGIC,
				       BPF_FS_MAGIC,
				       EFIVARFS_MAGIC,
				       SELINUX_MAGIC,
				       BINFMTFS_MAGIC,
				       0x19800202 /* mqueue */,
				       0x62656570 /* configfs */,
				       0x65735543 /* fusectl */ };
	for (size_t i = 0; i < COUNT(magics); i++)
		if (magics[i] == magic)
			return true;
	return false;
}

static int open_folder(int root, const char *path)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS,
	};
	return (int)syscall(SYS_openat2, root, path, &how, sizeof how);
}

static bool may_enter(struct dir_reader *r, const struct stat *st, struct str path)
{
	struct statfs fs;
	if (st->st_dev == r->device)
		return true;
	CLEANUP(cleanup_fd) int fd = open_folder(r->root, buf_cstr(&r->path));
	if (fd < 0) {
		note_errno(r, path, "cannot be opened");
		return false;
	}
	if (fstatfs(fd, &fs) == 0 && holds_nothing((long)fs.f_type))
		return false;
	if (!r->opt->cross_file_systems)
		note(r, path, "another file system is mounted here");
	return r->opt->cross_file_systems;
}

static void add_folder(struct dir_reader *r, const struct stat *st)
{
	struct str path = str_buf(&r->path);
	if (is_skipped(&r->opt->skip_dirs, path))
		return;
	put_entry(r, '5', st, 0, S(""));
	if (!may_enter(r, st, path))
		return;
	struct waiting *w = malloc(sizeof *w + path.n + 1);
	if (!w)
		abort();
	*w = (struct waiting){ .next = r->waiting, .n = path.n };
	memcpy(w->path, path.p, path.n);
	w->path[path.n] = '\0';
	r->waiting = w;
}

static void add_link(struct dir_reader *r, const char *name, const struct stat *st)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(dirfd(r->dir), name, target, sizeof target);
	if (n < 0 || n == sizeof target) {
		errno = n < 0 ? errno : ENAMETOOLONG;
		note_errno(r, str_buf(&r->path), "the link cannot be read");
		return;
	}
	put_entry(r, '2', st, 0, (struct str){ target, (size_t)n });
}

static void add_file(struct dir_reader *r, const char *name, const struct stat *st)
{
	struct str path = str_buf(&r->path);
	struct stat now;
	if (is_skipped(&r->opt->skip_files, path))
		return;
	if (!r->filter.wants || !r->filter.wants(r->filter.ctx, path)) {
		put_entry(r, '0', st, 0, S(""));
		return;
	}
	CLEANUP(cleanup_fd)
	int fd = openat(dirfd(r->dir), name,
			O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0) {
		note_errno(r, path, "cannot be opened");
	} else if (fstat(fd, &now) != 0 || !S_ISREG(now.st_mode)) {
		note(r, path, "became something else while it was opened");
	} else if ((uint64_t)now.st_size > r->opt->limits.file_bytes) {
		note(r, path, "larger than the limit file_bytes");
	} else {
		put_entry(r, '0', &now, (uint64_t)now.st_size, S(""));
		r->body_stat = now;
		r->left = (uint64_t)now.st_size;
		r->padding = -r->left & (TAR_BLOCK - 1);
		r->body = STEAL_FD(fd);
	}
}

static void add_entry(struct dir_reader *r, const char *name)
{
	struct stat st;
	r->path.n = r->path_base;
	if (r->path.n)
		buf_add_char(&r->path, '/');
	buf_add_str(&r->path, str_of(name));
	buf_cstr(&r->path);
	if (r->path.n > r->opt->limits.path_bytes) {
		note(r, str_buf(&r->path), "the path is longer than the limit path_bytes");
		return;
	}
	if (fstatat(dirfd(r->dir), name, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) != 0) {
		note_errno(r, str_buf(&r->path), "cannot be looked at");
		return;
	}
	if (S_ISDIR(st.st_mode))
		add_folder(r, &st);
	else if (S_ISREG(st.st_mode))
		add_file(r, name, &st);
	else if (S_ISLNK(st.st_mode))
		add_link(r, name, &st);
	else if (!S_ISSOCK(st.st_mode))
		put_entry(r,
			  S_ISFIFO(st.st_mode)	? '6'
			  : S_ISCHR(st.st_mode) ? '3'
						: '4',
			  &st, 0, S(""));
}

static bool next_folder(struct dir_reader *r)
{
	while (!r->dir && r->waiting) {
		struct waiting *w = r->waiting;
		r->waiting = w->next;
		r->path.n = 0;
		buf_add(&r->path, w->path, w->n);
		r->path_base = w->n;
		int fd = open_folder(r->root, w->n ? w->path : ".");
		r->dir = fd < 0 ? NULL : fdopendir(fd);
		if (!r->dir) {
			note_errno(r, str_buf(&r->path), "the folder cannot be opened");
			if (fd >= 0)
				close(fd);
		}
		free(w);
	}
	return r->dir;
}

/* One entry of the folder at hand, or its end. */
static void next_entry(struct dir_reader *r)
{
	errno = 0;
	struct dirent *x = readdir(r->dir);
	if (x && strcmp(x->d_name, ".") != 0 && strcmp(x->d_name, "..") != 0) {
		if (++r->entries > r->opt->limits.layer_entries) {
			note(r, S(""), "more entries than the limit layer_entries");
			x = NULL;
			r->ended = true;
		} else {
			add_entry(r, x->d_name);
		}
	}
	if (x)
		return;
	r->path.n = r->path_base;
	if (errno && !r->ended)
		note_errno(r, str_buf(&r->path), "the folder cannot be read to its end");
	closedir(r->dir);
	r->dir = NULL;
}

static void end_body(struct dir_reader *r)
{
	static const char zero[TAR_BLOCK];
	struct stat now;
	struct str path = str_buf(&r->path);
	if (fstat(r->body, &now) != 0 || now.st_size != r->body_stat.st_size ||
	    now.st_mtim.tv_sec != r->body_stat.st_mtim.tv_sec ||
	    now.st_mtim.tv_nsec != r->body_stat.st_mtim.tv_nsec)
		note(r, path, "changed while it was read");
	buf_add(&r->out, zero, (size_t)r->padding);
	close(STEAL_FD(r->body));
}

/* A piece of the file at hand; what the file does not have any more is zeros. */
static void next_piece(struct dir_reader *r)
{
	size_t want = (size_t)MIN(r->left, (uint64_t)DIR_CHUNK);
	ssize_t n = 0;
	buf_reserve(&r->out, want);
	if (want) {
		do {
			n = read(r->body, r->out.p + r->out.n, want);
		} while (n < 0 && errno == EINTR);
	}
	if (n < 0)
		note_errno(r, str_buf(&r->path), "cannot be read");
	if (want && n <= 0) {
		n = (ssize_t)want;
		memset(r->out.p + r->out.n, 0, want);
	}
	r->out.n += (size_t)n;
	r->left -= (uint64_t)n;
	if (r->left == 0)
		end_body(r);
}

static ssize_t dir_fill(struct stream *s, struct err *e)
{
	static const char end[2 * TAR_BLOCK];
	struct dir_reader *r = (struct dir_reader *)s;
	(void)e;
	r->out.n = 0;
	while (r->out.n < DIR_CHUNK) {
		if (r->body >= 0) {
			next_piece(r);
		} else if (!r->ended && next_folder(r)) {
			next_entry(r);
		} else if (r->root >= 0) {
			buf_add(&r->out, end, sizeof end);
			close(STEAL_FD(r->root));
			r->ended = true;
			break;
		} else {
			break;
		}
	}
	s->pos = (const unsigned char *)r->out.p;
	s->end = s->pos + r->out.n;
	return (ssize_t)r->out.n;
}

static void dir_stream_close(struct stream *s)
{
	struct dir_reader *r = (struct dir_reader *)s;
	while (r->waiting) {
		struct waiting *w = r->waiting;
		r->waiting = w->next;
		free(w);
	}
	if (r->dir)
		closedir(r->dir);
	cleanup_fd(&r->body);
	cleanup_fd(&r->root);
	buf_done(&r->path);
	buf_done(&r->out);
	free(r);
}

static int open_root(struct str path, struct stat *st, struct err *e)
{
	struct buf b = { 0 };
	buf_add_str(&b, path);
	CLEANUP(cleanup_fd) int fd = open(buf_cstr(&b), O_PATH | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(cleanup_fd) int probe = -1;
	buf_done(&b);
	if (fd < 0 && errno == ENOTDIR)
		return err_set(e, ERR_INVALID, "directory %.*s: not a directory", STR(path));
	if (fd < 0 || fstat(fd, st) != 0 || (probe = open_folder(fd, ".")) < 0)
		return err_sys(e, "directory %.*s", STR(path));
	return STEAL_FD(fd);
}

int dir_stream(struct source *s, const struct dir_filter *filter, struct stream **out,
	       struct err *e)
{
	static const struct stream_ops ops = { dir_fill, dir_stream_close };
	struct stat st;
	int root = open_root(s->path, &st, e);
	if (root < 0)
		return root;
	struct dir_reader *r = calloc(1, sizeof *r);
	struct waiting *top = calloc(1, sizeof *top + 1);
	if (!r || !top)
		abort();
	r->s.ops = &ops;
	r->opt = s->opt;
	r->filter = *filter;
	r->root = root;
	r->device = st.st_dev;
	r->waiting = top;
	r->body = -1;
	*out = &r->s;
	return 0;
}

static int dir_open(struct source *s, struct str where, struct err *e)
{
	struct stat st;
	int fd = open_root(where, &st, e);
	if (fd < 0)
		return fd;
	close(fd);
	s->path = arena_str(&s->arena, where);
	return 0;
}

const struct source_ops source_dir = {
	.scheme = "dir",
	.open = dir_open,
};
