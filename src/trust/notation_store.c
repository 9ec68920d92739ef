/* Trust stores of the Notary Project on disk: x509/TYPE/NAME/FILE, and the policies beside them. Somebody who may write one
 * file there must not be able to point elsewhere: symbolic links are refused at every step below the folder that was named,
 * and names cannot leave it. A store is read whole or not at all: a file in it that is no certificate, or one that is no CA
 * and does not sign itself, spoils it. Folders inside of a store are passed over. */
#include "trust/notation_dir.h"
#include "base/stream.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

static int read_fd(int fd, size_t max, struct arena *a, struct str *out, struct err *e)
{
	struct stream *s CLEANUP(cleanup_stream) = stream_fd(fd, false, -1, UINT64_MAX);
	struct buf b = { 0 };
	int r = stream_read_all(s, max, &b, e);
	if (r == 0)
		*out = arena_str(a, str_buf(&b));
	buf_done(&b);
	return r;
}

/* 1: read; 0: a folder. */
static int read_at(int dir, const char *name, size_t max, struct arena *a, struct str *out,
		   struct err *e)
{
	int fd CLEANUP(cleanup_fd) =
		openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	if (fd < 0 && errno == ELOOP)
		return err_set(e, ERR_INVALID, "it is a symbolic link, which is not allowed");
	if (fd < 0 || fstat(fd, &st))
		return err_sys(e, "opening it");
	if (S_ISDIR(st.st_mode))
		return 0;
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_INVALID, "it is no regular file");
	return read_fd(fd, max, a, out, e) ? e->code : 1;
}

int notation_file_read(struct str path, size_t max, struct arena *a, struct str *out, struct err *e)
{
	int r = read_at(AT_FDCWD, arena_cstr(a, path), max, a, out, e);
	if (r == 0)
		err_set(e, ERR_INVALID, "it is a folder");
	return r == 1 ? 0 : err_in(e, "%.*s", STR(path));
}

static int check_anchor(const struct cert *c, enum notation_store_type type, struct arena *a,
			struct err *e)
{
	bool critical = false, ca = false;
	int path_len = -1;
	bool is_ca = cert_basic_constraints(c, &critical, &ca, &path_len) && ca,
	     self = cert_self_signed(c);
	if (type == STORE_TSA ? is_ca && self : is_ca || self)
		return 0;
	return err_set(e, ERR_INVALID, "'%.*s' is %s", STR(str_upto(cert_subject(c, a), 200)),
		       type == STORE_TSA ? "no root CA" : "neither a CA nor self-signed");
}

static int read_anchors(struct str text, enum notation_store_type type, struct arena *a,
			struct certs *out, struct err *e)
{
	if (certs_parse(text, out, e))
		return e->code;
	for (size_t i = 0; i < out->n; i++)
		if (check_anchor(out->v[i], type, a, e))
			return e->code;
	return 0;
}

int notation_anchor_check(struct str text, enum notation_store_type type, struct arena *a,
			  struct err *e)
{
	struct certs found CLEANUP(certs_done) = { 0 };
	return read_anchors(text, type, a, &found, e);
}

static int add_file(int dir, const char *name, struct notation_store *s, struct arena *a,
		    struct err *e)
{
	struct str text = { 0 };
	struct certs found CLEANUP(certs_done) = { 0 };
	int r = read_at(dir, name, NOTATION_CERT_FILE_MAX, a, &text, e);
	if (r == 0)
		return 0;
	if (r < 0 || read_anchors(text, s->type, a, &found, e))
		return err_in(e, "%s", name);
	struct anchor *v = ARENA_PUSH(a, s->v, s->n, s->cap);
	v->file = arena_str(a, str_of(name));
	v->certs = found;
	found = (struct certs){ 0 };
	return 0;
}

static void close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
}

/* Takes the descriptor over. */
static int read_dir(int fd, struct notation_store *s, struct arena *a, struct err *e)
{
	DIR *d CLEANUP(close_dir) = fdopendir(fd);
	if (!d) {
		close(fd);
		return err_sys(e, "reading the folder");
	}
	for (struct dirent *f; (errno = 0, f = readdir(d));) {
		if (f->d_name[0] == '.' && (f->d_name[1] == '\0' || strcmp(f->d_name, "..") == 0))
			continue;
		if (s->n == NOTATION_STORE_FILES_MAX)
			return err_set(e, ERR_LIMIT, "more than %d files",
				       NOTATION_STORE_FILES_MAX);
		if (add_file(dirfd(d), f->d_name, s, a, e))
			return e->code;
	}
	if (errno)
		return err_sys(e, "reading the folder");
	return s->n ? 0 : err_set(e, ERR_NOT_FOUND, "there is no certificate in it");
}

static int open_store(struct str dir, const struct notation_store *s, struct arena *a,
		      struct err *e)
{
	const char *const steps[] = { "x509", notation_store_type_name(s->type),
				      arena_cstr(a, s->name) };
	int fd CLEANUP(cleanup_fd) =
		open(arena_cstr(a, dir), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	for (size_t i = 0; fd >= 0 && i < COUNT(steps); i++) {
		int next = openat(fd, steps[i], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		int why = errno;
		close(fd);
		fd = next;
		errno = why;
	}
	if (fd < 0 && (errno == ELOOP || errno == ENOTDIR))
		return err_set(e, ERR_INVALID,
			       "it or a folder above it is a symbolic link or no folder");
	return fd < 0 ? err_sys(e, "opening it") : STEAL_FD(fd);
}

void notation_store_read(struct str dir, struct notation_store *s, struct arena *a)
{
	struct err e = { 0 };
	int fd = open_store(dir, s, a, &e);
	int r = fd < 0 ? fd : read_dir(fd, s, a, &e);
	if (r < 0) {
		notation_store_done(s);
		s->code = e.code;
		s->why = arena_printf(a, "trust store %s:%.*s: %s",
				      notation_store_type_name(s->type), STR(s->name), e.text);
	}
}

void notation_store_done(struct notation_store *s)
{
	for (size_t i = 0; i < s->n; i++)
		certs_done(&s->v[i].certs);
	s->n = 0;
}

static void read_stores(struct notation_trust *t, struct str dir)
{
	for (size_t i = 0; i < t->n_stores; i++)
		notation_store_read(dir, &t->stores[i], &t->arena);
}

int notation_trust_parse(struct str policy, struct str dir, struct notation_trust **out,
			 struct err *e)
{
	struct notation_trust *t = calloc(1, sizeof *t);
	if (!t)
		abort();
	if (notation_policy_parse(policy, false, t, e)) {
		notation_trust_close(t);
		return e->code;
	}
	read_stores(t, arena_printf(&t->arena, "%.*s/truststore", STR(dir)));
	*out = t;
	return 0;
}

int notation_trust_open(struct str dir, struct notation_trust **out, struct err *e)
{
	static const char *const names[] = { "trustpolicy.oci.json", "trustpolicy.json" };
	struct arena a = { 0 };
	struct str text = { 0 };
	int r = ERR_NOT_FOUND;
	for (size_t i = 0; r == ERR_NOT_FOUND && i < COUNT(names); i++)
		r = notation_file_read(arena_printf(&a, "%.*s/%s", STR(dir), names[i]),
				       NOTATION_POLICY_MAX, &a, &text, e);
	if (r == 0)
		r = notation_trust_parse(text, dir, out, e);
	if (r == ERR_NOT_FOUND)
		err_set(e, ERR_NOT_FOUND,
			"there is no trust policy (trustpolicy.oci.json or trustpolicy.json) in "
			"%.*s",
			STR(dir));
	arena_done(&a);
	return r;
}

void notation_trust_close(struct notation_trust *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n_stores; i++)
		notation_store_done(&t->stores[i]);
	arena_done(&t->arena);
	free(t);
}
