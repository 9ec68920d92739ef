/* Zip archives: the end record is searched from the back, then (for zip64) its locator, then the central directory is
 * walked; a member's local header must agree with its directory entry, since readers that trust one or the other would
 * else see different archives. Hostile archives may lie about every number, overlap members (bounded by total_bytes), or
 * name anything (names are never opened). Bytes before the archive (a starting script) are passed over: offsets then count
 * from its own begin or the file's. Not supported: encryption, split archives, methods other than stored and deflate. */
#include "base/zip.h"

#include "base/stream.h"

#include <errno.h>
#include <unistd.h>

enum {
	END = 22,
	END_SEARCH = 65535 + END,
	LOCATOR = 20,
	END64 = 56,
	ENTRY = 46,
	LOCAL = 30,
	WINDOW = 1 << 20,
	ENCRYPTED = 1,
	STORED = 0,
	DEFLATED = 8,
};

/* Reads at any offset through a window, since members mostly follow one another. */
struct window {
	struct str mem; /* when fd < 0 */
	int fd;
	uint64_t offset, size; /* of the archive in it */
	char *bytes;
	uint64_t at;
	size_t n;
};
struct zip {
	struct window directory, body;
	struct zip_limits limits;
	uint64_t at, end, left, total; /* of the directory; entries left; bytes inflated so far */
	uint64_t shift; /* bytes before the archive, which its offsets do not count */
	struct buf name, packed;
	struct deflate *deflate;
};

static uint64_t number(const char *p, unsigned bytes)
{
	uint64_t v = 0;
	for (unsigned i = bytes; i-- > 0;)
		v = v << 8 | (unsigned char)p[i];
	return v;
}

static int read_at(const struct window *w, char *p, size_t n, uint64_t at, struct err *e)
{
	at += w->offset;
	while (n) {
		ssize_t got = pread(w->fd, p, n, (off_t)at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_sys(e, "read the zip archive");
		if (got == 0)
			return err_set(e, ERR_INVALID, "the zip archive ends early");
		p += got;
		at += (uint64_t)got;
		n -= (size_t)got;
	}
	return 0;
}

/* n bytes at `at`, in *p until the next call; n at most WINDOW. */
static int window_get(struct window *w, uint64_t at, size_t n, const char **p, struct err *e)
{
	if (n > WINDOW || at > w->size || n > w->size - at)
		return err_set(e, ERR_INVALID, "the zip archive points behind its end");
	if (w->fd < 0) {
		*p = w->mem.p + at;
		return 0;
	}
	if (at < w->at || at + n > w->at + w->n) {
		size_t fill = (size_t)MIN((uint64_t)WINDOW, w->size - at);
		if (!w->bytes && !(w->bytes = malloc(WINDOW)))
			abort();
		w->n = 0;
		int r = read_at(w, w->bytes, fill, at, e);
		if (r)
			return r;
		w->at = at;
		w->n = fill;
	}
	*p = w->bytes + (at - w->at);
	return 0;
}

/* Offset of the end record, or a code. */
static int64_t find_end(struct window *w, struct err *e)
{
	size_t n = (size_t)MIN(w->size, (uint64_t)END_SEARCH);
	const char *p;
	int r = window_get(w, w->size - n, n, &p, e);
	if (r)
		return r;
	for (size_t i = n >= END ? n - END + 1 : 0; i-- > 0;)
		if (memcmp(p + i, "PK\5\6", 4) == 0 && i + END + number(p + i + 20, 2) == n)
			return (int64_t)(w->size - n + i);
	return err_set(e, ERR_INVALID, "no zip archive: it has no end record");
}

static bool begins(struct zip *z, uint64_t at, const char *with)
{
	struct err e;
	const char *p;
	return window_get(&z->directory, at, 4, &p, &e) == 0 && memcmp(p, with, 4) == 0;
}

/* The 64 bit end record, where a locator says that there is one; *end is then its offset. */
static int read_end64(struct zip *z, uint64_t *end, struct err *e)
{
	const char *p;
	uint64_t locator = *end - LOCATOR;
	int r = window_get(&z->directory, locator, LOCATOR, &p, e);
	if (r || memcmp(p, "PK\6\7", 4) != 0)
		return r;
	uint64_t at = number(p + 8, 8);
	if (!begins(z, at, "PK\6\6") && locator >= END64)
		at = locator - END64;
	if (!begins(z, at, "PK\6\6"))
		return err_set(e, ERR_INVALID,
			       "the zip archive's 64 bit end record is not where it should be");
	if ((r = window_get(&z->directory, at, END64, &p, e)))
		return r;
	z->left = number(p + 32, 8);
	z->end = number(p + 40, 8);
	z->at = number(p + 48, 8);
	*end = at;
	return 0;
}

static int read_end(struct zip *z, struct err *e)
{
	const char *p;
	int64_t found = find_end(&z->directory, e);
	if (found < 0)
		return (int)found;
	uint64_t end = (uint64_t)found;
	int r = window_get(&z->directory, end, END, &p, e);
	if (r)
		return r;
	z->left = number(p + 10, 2);
	z->end = number(p + 12, 4); /* its size, until it is checked below */
	z->at = number(p + 16, 4);
	if (end >= LOCATOR && (r = read_end64(z, &end, e)))
		return r;
	if (z->at > end || z->end > end - z->at)
		return err_set(e, ERR_INVALID, "the zip archive's directory is not inside it");
	if (z->left > z->limits.members)
		return err_set(e, ERR_LIMIT, "the zip archive has %llu members, more than %llu",
			       (unsigned long long)z->left, (unsigned long long)z->limits.members);
	if (z->left && !begins(z, z->at, "PK\1\2") && begins(z, end - z->end, "PK\1\2")) {
		z->shift = end - z->end - z->at;
		z->at += z->shift;
	}
	z->end += z->at;
	return 0;
}

static int open_window(const struct window *w, const struct zip_limits *limits, struct zip **out,
		       struct err *e)
{
	struct zip *z = calloc(1, sizeof *z);
	if (!z)
		abort();
	z->directory = z->body = *w;
	z->limits = *limits;
	z->deflate = deflate_open();
	int r = read_end(z, e);
	if (r) {
		zip_close(z);
		return r;
	}
	*out = z;
	return 0;
}

int zip_open(int fd, const struct zip_limits *limits, struct zip **out, struct err *e)
{
	off_t size = lseek(fd, 0, SEEK_END); /* a sandboxed child may not stat */
	if (size < 0)
		return err_sys(e, "find the zip archive's size");
	return zip_open_at(fd, 0, (uint64_t)size, limits, out, e);
}

int zip_open_at(int fd, uint64_t offset, uint64_t size, const struct zip_limits *limits,
		struct zip **out, struct err *e)
{
	struct window w = { .fd = fd, .offset = offset, .size = size };
	return open_window(&w, limits, out, e);
}

int zip_open_mem(struct str bytes, const struct zip_limits *limits, struct zip **out, struct err *e)
{
	struct window w = { .fd = -1, .mem = bytes, .size = bytes.n };
	return open_window(&w, limits, out, e);
}

void zip_close(struct zip *z)
{
	if (!z)
		return;
	free(z->directory.bytes);
	free(z->body.bytes);
	buf_done(&z->name);
	buf_done(&z->packed);
	deflate_close(z->deflate);
	free(z);
}

void cleanup_zip(struct zip **z)
{
	zip_close(*z);
}

/* The 64 bit numbers stand in the extra field of type 1, only those whose short field is all ones, in this order. */
static bool take_extra64(struct str extra, struct zip_member *m)
{
	uint64_t *const wants[] = { &m->size, &m->packed, &m->header };
	while (extra.n >= 4) {
		size_t type = (size_t)number(extra.p, 2), n = (size_t)number(extra.p + 2, 2);
		struct str value = str_upto(str_from(extra, 4), n);
		extra = str_from(extra, 4 + n);
		if (type != 1)
			continue;
		for (size_t i = 0; i < COUNT(wants); i++) {
			if (*wants[i] != UINT32_MAX)
				continue;
			if (value.n < 8)
				return false;
			*wants[i] = number(value.p, 8);
			value = str_from(value, 8);
		}
		return true;
	}
	return m->size != UINT32_MAX && m->packed != UINT32_MAX && m->header != UINT32_MAX;
}

int zip_next(struct zip *z, struct zip_member *out, struct err *e)
{
	const char *p;
	if (z->left == 0)
		return 0;
	int r = z->end - z->at < ENTRY
			? err_set(e, ERR_INVALID, "the zip archive's directory ends early")
			: window_get(&z->directory, z->at, ENTRY, &p, e);
	if (r == 0 && memcmp(p, "PK\1\2", 4) != 0)
		r = err_set(e, ERR_INVALID, "the zip archive's directory is damaged");
	if (r)
		return r;
	size_t name = (size_t)number(p + 28, 2), extra = (size_t)number(p + 30, 2),
	       comment = (size_t)number(p + 32, 2);
	size_t whole = ENTRY + name + extra + comment;
	if (whole > z->end - z->at)
		return err_set(e, ERR_INVALID, "the zip archive's directory ends early");
	r = window_get(&z->directory, z->at, ENTRY + name + extra, &p, e);
	if (r)
		return r;
	struct zip_member m = { .flags = (uint16_t)number(p + 8, 2),
				.method = (uint16_t)number(p + 10, 2),
				.crc = (uint32_t)number(p + 16, 4),
				.packed = number(p + 20, 4),
				.size = number(p + 24, 4),
				.header = number(p + 42, 4) };
	if (!take_extra64((struct str){ p + ENTRY + name, extra }, &m))
		return err_set(e, ERR_INVALID, "a zip member lacks its 64 bit sizes");
	if (__builtin_add_overflow(m.header, z->shift, &m.header))
		return err_set(e, ERR_INVALID, "the zip archive points behind its end");
	z->name.n = 0;
	buf_add(&z->name, p + ENTRY, name);
	m.name = str_buf(&z->name);
	m.folder = str_ends(m.name, S("/"));
	z->at += whole;
	z->left--;
	*out = m;
	return 1;
}

/* Offset of the member's bytes, or a code. */
static int64_t check_local(struct zip *z, const struct zip_member *m, struct err *e)
{
	enum { SIZES_FOLLOW = 8 };
	const char *p;
	int r = window_get(&z->body, m->header, LOCAL, &p, e);
	if (r)
		return r;
	size_t name = (size_t)number(p + 26, 2), extra = (size_t)number(p + 28, 2);
	bool agrees =
		memcmp(p, "PK\3\4", 4) == 0 && number(p + 8, 2) == m->method && name == m->name.n;
	if (agrees && !(number(p + 6, 2) & SIZES_FOLLOW))
		agrees = number(p + 14, 4) == m->crc &&
			 (number(p + 18, 4) == m->packed || number(p + 18, 4) == UINT32_MAX);
	if (agrees && (r = window_get(&z->body, m->header + LOCAL, name, &p, e)))
		return r;
	if (!agrees || memcmp(p, m->name.p, name) != 0)
		return err_set(e, ERR_INVALID, "zip member %.*s differs from its directory entry",
			       STR(m->name));
	return (int64_t)(m->header + LOCAL + name + extra);
}

/* The packed bytes: in the window when they fit, else in z->packed. */
static int get_packed(struct zip *z, uint64_t at, size_t n, struct str *out, struct err *e)
{
	const char *p = NULL;
	int r = 0;
	if (n <= WINDOW) {
		r = window_get(&z->body, at, n, &p, e);
	} else if (z->body.fd < 0 && at <= z->body.size && n <= z->body.size - at) {
		p = z->body.mem.p + at;
	} else if (at > z->body.size || n > z->body.size - at) {
		r = err_set(e, ERR_INVALID, "the zip archive points behind its end");
	} else {
		z->packed.n = 0;
		buf_reserve(&z->packed, n);
		r = read_at(&z->body, z->packed.p, n, at, e);
		p = z->packed.p;
	}
	if (r == 0)
		*out = (struct str){ p, n };
	return r;
}

static int check_member(const struct zip *z, const struct zip_member *m, struct err *e)
{
	enum { DEFLATE_RATIO = 1040, SLACK = 64 };
	if (m->flags & ENCRYPTED || (m->method != STORED && m->method != DEFLATED))
		return err_set(e, ERR_UNSUPPORTED,
			       "zip member %.*s is encrypted or packed with method %u",
			       STR(m->name), m->method);
	if (m->size > z->limits.member_bytes || m->packed > z->limits.member_bytes)
		return err_set(e, ERR_LIMIT, "zip member %.*s is larger than %llu bytes",
			       STR(m->name), (unsigned long long)z->limits.member_bytes);
	if (m->size > z->limits.total_bytes - z->total)
		return err_set(e, ERR_LIMIT, "the zip archive inflates to more than %llu bytes",
			       (unsigned long long)z->limits.total_bytes);
	/* So that a lie about the size costs the archive as many bytes as it costs us. */
	if (m->size > m->packed * DEFLATE_RATIO + SLACK ||
	    (m->method == STORED && m->size != m->packed))
		return err_set(e, ERR_INVALID, "zip member %.*s cannot have %llu bytes",
			       STR(m->name), (unsigned long long)m->size);
	return 0;
}

int zip_read(struct zip *z, const struct zip_member *m, struct buf *b, struct err *e)
{
	struct str packed;
	int64_t at;
	int r = check_member(z, m, e);
	if (r == 0 && (at = check_local(z, m, e)) < 0)
		r = (int)at;
	if (r == 0)
		r = get_packed(z, (uint64_t)at, (size_t)m->packed, &packed, e);
	if (r)
		return r;
	b->n = 0;
	buf_reserve(b, (size_t)m->size + 1);
	if (m->method == DEFLATED && !deflate_inflate(z->deflate, packed, b->p, (size_t)m->size))
		return err_set(e, ERR_INVALID, "zip member %.*s does not inflate to its size",
			       STR(m->name));
	if (m->method == STORED && m->size)
		memcpy(b->p, packed.p, packed.n);
	b->n = (size_t)m->size;
	z->total += m->size;
	if (deflate_crc(b->p, b->n) != m->crc)
		return err_set(e, ERR_INVALID, "zip member %.*s has another checksum",
			       STR(m->name));
	return 0;
}
