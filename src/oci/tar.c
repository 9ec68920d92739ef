/* tar: POSIX.1-1988 ustar, POSIX.1-2001 pax, GNU (long names, base-256 numbers, sparse files), star, v7.
 *
 * A hostile archive may lie about sizes (the stream ends early: ERR_INVALID), ask for huge names or pax headers
 * (TAR_META_MAX), hide entries behind a lone zero block (refused), give contradicting names by several headers (the GNU
 * one wins over pax, pax over ustar, as in Go), or put bodies behind links and directories (no body there, as in Go).
 * Not supported: multi-volume archives and incremental dumps (given as TAR_OTHER), and the contents of sparse files,
 * whose stored bytes are accounted for but not put back together. */
#include "oci/tar.h"

enum format { FORMAT_V7, FORMAT_USTAR, FORMAT_STAR, FORMAT_GNU };

/* Byte ranges of the header. */
struct field {
	unsigned short at, n;
};
static const struct field F_NAME = { 0, 100 }, F_MODE = { 100, 8 }, F_UID = { 108, 8 },
			  F_GID = { 116, 8 }, F_SIZE = { 124, 12 }, F_MTIME = { 136, 12 },
			  F_SUM = { 148, 8 }, F_LINK = { 157, 100 }, F_PREFIX = { 345, 155 },
			  F_STAR_PREFIX = { 345, 131 }, F_REAL_SIZE = { 483, 12 };
enum { AT_FLAG = 156, AT_MAGIC = 257, AT_EXTENDED = 482, AT_MORE = 504, AT_STAR_TRAILER = 508 };

/* What pax headers said about the next entry. */
struct pax {
	struct buf path, link, sparse_name;
	bool has_size, has_mtime, has_uid, has_gid, sparse;
	uint64_t size, real_size, uid, gid;
	int64_t mtime;
};

struct next { /* an entry in the making */
	struct pax pax;
	bool gnu_name, gnu_link;
	const unsigned char *h;
};

static void next_done(struct next *n)
{
	buf_done(&n->pax.path);
	buf_done(&n->pax.link);
	buf_done(&n->pax.sparse_name);
}

void tar_open(struct tar *t, struct stream *below)
{
	memset(t, 0, sizeof *t);
	t->below = below;
}

void tar_close(struct tar *t)
{
	buf_done(&t->name);
	buf_done(&t->link);
}

/* The next 512 bytes, in place where the window has them all. Returns 1, 0 at the end, or a code. */
static int read_block(struct tar *t, const unsigned char **out, struct err *e)
{
	struct stream *s = t->below;
	if ((size_t)(s->end - s->pos) >= TAR_BLOCK) {
		*out = s->pos;
		s->pos += TAR_BLOCK;
		t->at += TAR_BLOCK;
		return 1;
	}
	ssize_t got = stream_read(s, t->block, TAR_BLOCK, e);
	if (got <= 0)
		return (int)got;
	t->at += (uint64_t)got;
	if (got < TAR_BLOCK)
		return err_set(e, ERR_INVALID, "the archive ends inside a header, at byte %llu",
			       (unsigned long long)t->at);
	*out = t->block;
	return 1;
}

static bool all_zero(const unsigned char *h)
{
	uint64_t any = 0, w;
	for (size_t i = 0; i < TAR_BLOCK; i += 8) {
		memcpy(&w, h + i, 8);
		any |= w;
	}
	return any == 0;
}

static int bad_header(const struct tar *t, const char *what, struct err *e)
{
	return err_set(e, ERR_INVALID, "the header at byte %llu: %s",
		       (unsigned long long)(t->at - TAR_BLOCK), what);
}

static struct str text(const unsigned char *h, struct field f)
{
	const char *p = (const char *)h + f.at;
	return (struct str){ p, strnlen(p, f.n) };
}

/* Octal between spaces and NULs (empty: 0), or base-256 when the first bit is set. False for what is negative or no
 * number. */
static bool number(const unsigned char *h, struct field f, uint64_t *out)
{
	const unsigned char *p = h + f.at;
	uint64_t v = 0;
	size_t i = 0;
	if (p[0] & 0x80) {
		if (p[0] & 0x40)
			return false;
		v = p[0] & 0x3F;
		for (i = 1; i < f.n; i++) {
			if (v >> 56)
				return false;
			v = v << 8 | p[i];
		}
		*out = v;
		return true;
	}
	while (i < f.n && (p[i] == ' ' || p[i] == '\0'))
		i++;
	for (; i < f.n && p[i] >= '0' && p[i] <= '7'; i++) {
		if (v >> 61)
			return false;
		v = v << 3 | (uint64_t)(p[i] - '0');
	}
	for (; i < f.n; i++)
		if (p[i] != ' ' && p[i] != '\0')
			return false;
	*out = v;
	return true;
}

static bool checksum_fits(const unsigned char *h)
{
	uint64_t want;
	unsigned sum = 0, high = 0;
	if (!number(h, F_SUM, &want))
		return false;
	for (size_t i = 0; i < TAR_BLOCK; i++) {
		sum += h[i];
		high += h[i] >> 7;
	}
	for (size_t i = F_SUM.at; i < (size_t)F_SUM.at + F_SUM.n; i++) {
		sum -= h[i];
		high -= h[i] >> 7;
	}
	sum += 8 * ' ';
	/* Some old writers summed signed bytes. */
	return want == sum || (sum >= 256 * high && want == sum - 256 * high);
}

static enum format format_of(const unsigned char *h)
{
	if (memcmp(h + AT_MAGIC, "ustar\0", 6) == 0)
		return memcmp(h + AT_STAR_TRAILER, "tar\0", 4) == 0 ? FORMAT_STAR : FORMAT_USTAR;
	return memcmp(h + AT_MAGIC, "ustar  \0", 8) == 0 ? FORMAT_GNU : FORMAT_V7;
}

/* A header block whose checksum fits: 1; 0 at the end of the archive. */
static int read_header(struct tar *t, const unsigned char **h, struct err *e)
{
	int r = read_block(t, h, e);
	if (r <= 0)
		return r;
	if ((*h)[0] == 0 && all_zero(*h)) {
		r = read_block(t, h, e);
		if (r <= 0)
			return r;
		return all_zero(*h) ? 0 : bad_header(t, "stands behind a lone zero block", e);
	}
	return checksum_fits(*h) ? 1 : bad_header(t, "its checksum differs", e);
}

/* The body of a header about the next one, and its padding. */
static int read_meta(struct tar *t, const unsigned char *h, struct buf *out, struct err *e)
{
	uint64_t size;
	if (!number(h, F_SIZE, &size))
		return bad_header(t, "its size is no number", e);
	if (size > TAR_META_MAX)
		return err_set(
			e, ERR_LIMIT,
			"the header at byte %llu has a name or pax records of more than %d bytes",
			(unsigned long long)(t->at - TAR_BLOCK), TAR_META_MAX);
	size_t n = (size_t)size, padded = (n + TAR_BLOCK - 1) & ~(size_t)(TAR_BLOCK - 1);
	out->n = 0;
	buf_reserve(out, padded + 1);
	int r = stream_read_exact(t->below, out->p, padded, e);
	if (r)
		return r == ERR_INVALID ? err_in(e, "a name or pax header") : r;
	t->at += padded;
	out->n = n;
	return 0;
}

static int read_long(struct tar *t, const unsigned char *h, struct buf *out, bool *have,
		     struct err *e)
{
	int r = read_meta(t, h, out, e);
	if (r)
		return r;
	out->n = strnlen(out->p, out->n);
	*have = out->n > 0;
	return 0;
}

static int pax_number(struct str key, struct str value, uint64_t *out, struct err *e)
{
	if (!str_to_u64(value, INT64_MAX, out))
		return err_set(e, ERR_INVALID, "pax record %.*s: '%.*s' is no number", STR(key),
			       STR(str_upto(value, 40)));
	return 0;
}

static int pax_time(struct str value, int64_t *out)
{
	uint64_t v;
	bool negative = str_starts(value, S("-"));
	if (negative)
		value = str_from(value, 1);
	if (!str_to_u64(str_cut(&value, '.'), INT64_MAX, &v))
		return 0;
	*out = negative ? -(int64_t)v : (int64_t)v;
	return 1;
}

static int pax_text(struct str key, struct str value, struct buf *out, struct err *e)
{
	if (str_find_char(value, '\0') >= 0)
		return err_set(e, ERR_INVALID, "pax record %.*s holds a NUL", STR(key));
	out->n = 0;
	buf_add_str(out, value);
	return 0;
}

/* One record. An empty value leaves what the header itself says. */
static int pax_record(struct pax *p, struct str key, struct str value, struct err *e)
{
	int r = 0;
	if (value.n == 0)
		return 0;
	if (str_eq(key, S("path")))
		return pax_text(key, value, &p->path, e);
	if (str_eq(key, S("linkpath")))
		return pax_text(key, value, &p->link, e);
	if (str_eq(key, S("size"))) {
		r = pax_number(key, value, &p->size, e);
		p->has_size = r == 0;
	} else if (str_eq(key, S("uid"))) {
		r = pax_number(key, value, &p->uid, e);
		p->has_uid = r == 0;
	} else if (str_eq(key, S("gid"))) {
		r = pax_number(key, value, &p->gid, e);
		p->has_gid = r == 0;
	} else if (str_eq(key, S("mtime"))) {
		p->has_mtime = pax_time(value, &p->mtime);
	} else if (str_starts(key, S("GNU.sparse."))) {
		p->sparse = true;
		struct str what = str_from(key, sizeof "GNU.sparse." - 1);
		if (str_eq(what, S("name")))
			r = pax_text(key, value, &p->sparse_name, e);
		else if (str_eq(what, S("size")) || str_eq(what, S("realsize")))
			r = pax_number(key, value, &p->real_size, e);
	}
	return r;
}

/* "LENGTH KEY=VALUE\n", LENGTH counting itself. */
static int pax_cut(struct str *rest, struct str *key, struct str *value, struct err *e)
{
	uint64_t n;
	size_t digits = str_upto(*rest, 20).n;
	ssize_t space = str_find_char(str_upto(*rest, digits), ' ');
	if (space <= 0 || !str_to_u64(str_upto(*rest, (size_t)space), rest->n, &n) ||
	    n < (uint64_t)space + 4)
		return err_set(e, ERR_INVALID, "a pax record has no length");
	struct str line = str_from(str_upto(*rest, (size_t)n), (size_t)space + 1);
	if (line.p[line.n - 1] != '\n')
		return err_set(e, ERR_INVALID, "a pax record does not end with a line feed");
	line.n--;
	*value = line;
	*key = str_cut(value, '=');
	if (key->n == 0 || key->n == line.n)
		return err_set(e, ERR_INVALID, "a pax record has no key");
	*rest = str_from(*rest, (size_t)n);
	return 0;
}

static int pax_parse(struct str all, struct pax *p, struct err *e)
{
	struct str key, value;
	while (all.n) {
		int r = pax_cut(&all, &key, &value, e);
		if (r == 0)
			r = pax_record(p, key, value, e);
		if (r)
			return r;
	}
	return 0;
}

static int read_pax(struct tar *t, const unsigned char *h, struct pax *p, struct err *e)
{
	struct buf records = { 0 };
	int r = read_meta(t, h, &records, e);
	if (r == 0)
		r = pax_parse(str_buf(&records), p, e);
	buf_done(&records);
	return r;
}

/* A global header: looked at only to say that it would have changed something. */
static int read_global(struct tar *t, const unsigned char *h, struct err *e)
{
	struct next n = { 0 };
	int r = read_pax(t, h, &n.pax, e);
	if (r == 0 && (n.pax.path.n || n.pax.link.n || n.pax.has_size || n.pax.sparse))
		t->global_ignored = true;
	next_done(&n);
	return r;
}

static enum tar_type type_of(char flag, struct str name)
{
	switch (flag) {
	case '\0':
		return str_ends(name, S("/")) ? TAR_DIR : TAR_FILE;
	case '0':
	case '7':
	case 'S':
		return TAR_FILE;
	case '1':
		return TAR_HARDLINK;
	case '2':
		return TAR_SYMLINK;
	case '3':
		return TAR_CHAR_DEVICE;
	case '4':
		return TAR_BLOCK_DEVICE;
	case '5':
		return TAR_DIR;
	case '6':
		return TAR_FIFO;
	}
	return TAR_OTHER;
}

/* The block is only valid until the next read, so every text that the entry keeps is copied. */
static void take_names(struct tar *t, struct next *n, struct tar_entry *out)
{
	enum format format = format_of(n->h);
	if (n->pax.sparse && n->pax.sparse_name.n && !n->gnu_name) {
		t->name.n = 0;
		buf_add_str(&t->name, str_buf(&n->pax.sparse_name));
	} else if (!n->gnu_name && n->pax.path.n) {
		t->name.n = 0;
		buf_add_str(&t->name, str_buf(&n->pax.path));
	} else if (!n->gnu_name) {
		struct str prefix = { 0 };
		if (format == FORMAT_USTAR || format == FORMAT_STAR)
			prefix = text(n->h, format == FORMAT_STAR ? F_STAR_PREFIX : F_PREFIX);
		t->name.n = 0;
		buf_add_str(&t->name, prefix);
		if (prefix.n)
			buf_add_char(&t->name, '/');
		buf_add_str(&t->name, text(n->h, F_NAME));
	}
	if (!n->gnu_link) {
		t->link.n = 0;
		buf_add_str(&t->link, n->pax.link.n ? str_buf(&n->pax.link) : text(n->h, F_LINK));
	}
	out->name = str_buf(&t->name);
	out->link = str_buf(&t->link);
}

/* Old GNU sparse: the map goes on in blocks of its own, which the size does not count. */
static int pass_sparse_map(struct tar *t, const unsigned char *h, struct err *e)
{
	bool more = h[AT_EXTENDED] != 0;
	while (more) {
		int r = read_block(t, &h, e);
		if (r == 0)
			r = err_set(e, ERR_INVALID, "the archive ends inside a sparse map");
		if (r < 0)
			return r;
		more = h[AT_MORE] != 0;
	}
	return 0;
}

static int take_numbers(struct tar *t, const struct next *n, struct tar_entry *out, struct err *e)
{
	uint64_t mode, uid, gid, mtime;
	if (!number(n->h, F_SIZE, &out->size))
		return bad_header(t, "its size is no number", e);
	/* Owners and times matter to nobody's parsing: what is no number is 0. */
	out->mode = number(n->h, F_MODE, &mode) ? (unsigned)(mode & 07777) : 0;
	out->uid = number(n->h, F_UID, &uid) ? (unsigned)uid : 0;
	out->gid = number(n->h, F_GID, &gid) ? (unsigned)gid : 0;
	out->mtime = number(n->h, F_MTIME, &mtime) && mtime <= INT64_MAX ? (int64_t)mtime : 0;
	if (n->pax.has_size)
		out->size = n->pax.size;
	if (n->pax.has_uid)
		out->uid = (unsigned)n->pax.uid;
	if (n->pax.has_gid)
		out->gid = (unsigned)n->pax.gid;
	if (n->pax.has_mtime)
		out->mtime = n->pax.mtime;
	if (out->size > INT64_MAX)
		return bad_header(t, "its size is too large for any archive", e);
	return 0;
}

static int finish_entry(struct tar *t, struct next *n, struct tar_entry *out, struct err *e)
{
	uint64_t real = n->pax.real_size;
	*out = (struct tar_entry){ .flag = (char)n->h[AT_FLAG] };
	take_names(t, n, out);
	int r = take_numbers(t, n, out, e);
	if (r)
		return r;
	out->type = type_of(out->flag, out->name);
	if (out->type != TAR_FILE && out->type != TAR_OTHER)
		out->size = 0;
	out->sparse = out->type == TAR_FILE && n->pax.sparse;
	if (out->flag == 'S') {
		out->sparse = true;
		if (!number(n->h, F_REAL_SIZE, &real))
			return bad_header(t, "its real size is no number", e);
		if ((r = pass_sparse_map(t, n->h, e)))
			return r;
	}
	out->real_size = out->sparse ? real : out->size;
	out->offset = t->at;
	t->left = out->size;
	t->padding = (TAR_BLOCK - out->size % TAR_BLOCK) % TAR_BLOCK;
	return 1;
}

static int skip_body(struct tar *t, struct err *e)
{
	uint64_t n = t->left + t->padding;
	int64_t got = stream_skip(t->below, n, e);
	if (got < 0)
		return (int)got;
	t->at += (uint64_t)got;
	/* Some writers leave out the last padding. */
	if ((uint64_t)got < t->left)
		return err_set(e, ERR_INVALID, "the archive ends inside a file, at byte %llu",
			       (unsigned long long)t->at);
	t->left = t->padding = 0;
	return 0;
}

static int next_header(struct tar *t, struct next *n, struct tar_entry *out, struct err *e)
{
	for (;;) {
		int r = read_header(t, &n->h, e);
		if (r <= 0) {
			t->ended = r == 0;
			return r;
		}
		switch (n->h[AT_FLAG]) {
		case 'L':
			r = read_long(t, n->h, &t->name, &n->gnu_name, e);
			break;
		case 'K':
			r = read_long(t, n->h, &t->link, &n->gnu_link, e);
			break;
		case 'x':
			/* A second one replaces the first. */
			next_done(n);
			n->pax = (struct pax){ 0 };
			r = read_pax(t, n->h, &n->pax, e);
			break;
		case 'g':
			r = read_global(t, n->h, e);
			break;
		default:
			return finish_entry(t, n, out, e);
		}
		if (r < 0)
			return r;
	}
}

int tar_next(struct tar *t, struct tar_entry *out, struct err *e)
{
	if (t->ended)
		return 0;
	if (t->left + t->padding) {
		int r = skip_body(t, e);
		if (r)
			return r;
	}
	struct next n = { 0 };
	struct tar_entry entry;
	int r = next_header(t, &n, &entry, e);
	next_done(&n);
	if (r == 1)
		*out = entry;
	return r;
}

ssize_t tar_body(struct tar *t, struct str *piece, struct err *e)
{
	if (t->left == 0)
		return 0;
	ssize_t got = stream_fill(t->below, e);
	if (got < 0)
		return got;
	if (got == 0)
		return err_set(e, ERR_INVALID, "the archive ends inside a file, at byte %llu",
			       (unsigned long long)t->at);
	size_t take = (size_t)MIN((uint64_t)got, t->left);
	*piece = (struct str){ (const char *)t->below->pos, take };
	t->below->pos += take;
	t->at += take;
	t->left -= take;
	return (ssize_t)take;
}
