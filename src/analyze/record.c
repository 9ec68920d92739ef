/* A layer's record, and its encoding.
 *
 *	"lzrec" format(1 byte) flags(1 byte: 1 = cut) entries bytes
 *	files links whiteouts modes notes        each: a count, then the elements
 *	path hashes                      a count, then 8 bytes little endian each, ascending
 *	0xE5                             and nothing behind it
 *
 * Numbers are LEB128, strings are a length and bytes. The decoder trusts nothing: a child that a layer took over may
 * have written it. It bounds every count by the bytes that are left, by its limit, and all arrays together by
 * record_bytes; refuses paths that are not normalized, unsorted hashes, and anything behind the end. Texts other than
 * paths may hold any bytes. */
#include "analyze/record.h"

#include "base/cleanup.h"

#include <endian.h>
#include <stdio.h>

enum { MAGIC = 5, FLAG_CUT = 1, IS_DIR = 0x80, END = 0xE5 };
static const char magic[MAGIC + 1] = "lzrec";

/* Making one */

struct record_file *record_add_file(struct arena *a, struct layer_record *r, struct str path,
				    const char *analyzer, uint64_t size)
{
	struct record_file *f = ARENA_PUSH(a, r->files, r->n_files, r->files_cap);
	f->path = arena_str(a, path);
	f->analyzer = str_of(analyzer);
	f->size = size;
	return f;
}

struct record_package *record_add_package(struct arena *a, struct record_file *f)
{
	/* Most files tell of one: room for more would be most of a layer's memory. */
	if (f->packages_cap == 0) {
		f->packages = ARENA_NEW(a, struct record_package);
		f->packages_cap = 1;
	}
	return ARENA_PUSH(a, f->packages, f->n_packages, f->packages_cap);
}

void record_add_owned(struct arena *a, struct record_package *p, struct str path,
		      enum digest_alg alg, struct str hex)
{
	struct digest d;
	struct owned_file *o = ARENA_PUSH(a, p->owned, p->n_owned, p->owned_cap);
	while (str_starts(path, S("/")) || str_starts(path, S("./")))
		path = str_from(path, path.p[0] == '/' ? 1 : 2);
	while (path.n && path.p[path.n - 1] == '/') {
		o->is_dir = true;
		path.n--;
	}
	o->path = arena_str(a, path);
	if (alg != DIGEST_NONE && digest_from_hex(alg, hex, &d)) {
		o->sum = memcpy(arena_alloc(a, d.len), d.bytes, d.len);
		o->alg = d.alg;
	}
}

void record_add_attr(struct arena *a, struct record_file *f, struct str key, struct str value)
{
	*ARENA_PUSH(a, f->attrs, f->n_attrs, f->attrs_cap) =
		(struct attr){ arena_str(a, key), arena_str(a, value) };
}

void record_package_attr(struct arena *a, struct record_package *p, struct str key,
			 struct str value)
{
	*ARENA_PUSH(a, p->attrs, p->n_attrs, p->attrs_cap) =
		(struct attr){ arena_str(a, key), arena_str(a, value) };
}

void record_add_mark(struct arena *a, struct record_file *f, const char *kind, struct str rule,
		     struct str text, uint64_t line, uint64_t end_line)
{
	*ARENA_PUSH(a, f->marks, f->n_marks, f->marks_cap) =
		(struct record_mark){ str_of(kind), arena_str(a, rule), arena_str(a, text), line,
				      end_line };
}

/* The last line counts those that found no room: rewritten in place, so that a million of them cost nothing. */
static void count_left_out(struct arena *a, struct record_note *last)
{
	enum { ROOM = 64 };
	uint64_t n = 0;
	struct str rest = last->reason;
	bool ours = last->path.n == 0 &&
		    str_starts(rest, S("more lines than layer_notes left out: ")) &&
		    str_to_u64(str_from(rest, S("more lines than layer_notes left out: ").n),
			       UINT64_MAX - 1, &n);
	char *text = ours ? (char *)(uintptr_t)last->reason.p : arena_alloc(a, ROOM);
	/* What stood in the last place is the first left out. */
	int len = snprintf(text, ROOM, "more lines than layer_notes left out: %llu",
			   (unsigned long long)(ours ? n + 1 : 2));
	*last = (struct record_note){ .reason = { text, (size_t)len } };
}

void record_add_note(struct arena *a, struct layer_record *r, const struct limits *l,
		     struct str path, struct str reason)
{
	if (r->n_notes && r->n_notes >= l->layer_notes) {
		count_left_out(a, &r->notes[r->n_notes - 1]);
		return;
	}
	*ARENA_PUSH(a, r->notes, r->n_notes, r->notes_cap) =
		(struct record_note){ arena_str(a, path), arena_str(a, reason) };
}

struct str record_attr(const struct attr *attrs, size_t n, struct str key)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(attrs[i].key, key))
			return attrs[i].value;
	return (struct str){ 0 };
}

bool record_has_path(const struct layer_record *r, struct str path, bool *is_dir)
{
	uint64_t want = str_hash(path) & ~1ULL;
	if (want == 0)
		want = 2; /* as path_set.c keeps it */
	size_t lo = 0, hi = r->n_path_hashes;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (r->path_hashes[mid] < want)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == r->n_path_hashes || (r->path_hashes[lo] & ~1ULL) != want)
		return false;
	if (is_dir)
		*is_dir = r->path_hashes[lo] & 1;
	return true;
}

/* Encoding */

static void put_number(struct buf *b, uint64_t v)
{
	char bytes[10];
	size_t n = 0;
	for (; v >= 0x80; v >>= 7)
		bytes[n++] = (char)(v | 0x80);
	bytes[n++] = (char)v;
	buf_add(b, bytes, n);
}

static void put_str(struct buf *b, struct str s)
{
	put_number(b, s.n);
	buf_add_str(b, s);
}

static void put_strs(struct buf *b, const struct strs *s)
{
	put_number(b, s->n);
	for (size_t i = 0; i < s->n; i++)
		put_str(b, s->v[i]);
}

static void put_attrs(struct buf *b, const struct attr *v, size_t n)
{
	put_number(b, n);
	for (size_t i = 0; i < n; i++) {
		put_str(b, v[i].key);
		put_str(b, v[i].value);
	}
}

static const unsigned char sum_bytes[] = {
	[DIGEST_NONE] = 0, [DIGEST_SHA256] = 32, [DIGEST_SHA512] = 64,
	[DIGEST_MD5] = 16, [DIGEST_SHA1] = 20,
};

static void put_owned(struct buf *b, const struct owned_file *v, size_t n)
{
	put_number(b, n);
	for (size_t i = 0; i < n; i++) {
		unsigned alg = v[i].sum && v[i].alg < COUNT(sum_bytes) ? v[i].alg : DIGEST_NONE;
		put_str(b, v[i].path);
		buf_add_char(b, (char)(alg | (v[i].is_dir ? (unsigned)IS_DIR : 0)));
		buf_add(b, v[i].sum, sum_bytes[alg]);
	}
}

static void put_package(struct buf *b, const struct record_package *p)
{
	put_str(b, p->type);
	put_str(b, p->name);
	put_str(b, p->version);
	put_str(b, p->arch);
	put_str(b, p->source_name);
	put_str(b, p->source_version);
	put_strs(b, &p->licences);
	put_strs(b, &p->depends);
	put_strs(b, &p->provides);
	put_attrs(b, p->attrs, p->n_attrs);
	put_owned(b, p->owned, p->n_owned);
}

static void put_digest(struct buf *b, const struct digest *d, unsigned alg)
{
	if (d->alg != alg)
		alg = DIGEST_NONE;
	buf_add_char(b, (char)alg);
	buf_add(b, d->bytes, sum_bytes[alg]);
}

static void put_marks(struct buf *b, const struct record_file *f)
{
	put_number(b, f->n_marks);
	for (size_t i = 0; i < f->n_marks; i++) {
		const struct record_mark *m = &f->marks[i];
		put_str(b, m->kind);
		put_str(b, m->rule);
		put_str(b, m->text);
		put_number(b, m->line);
		put_number(b, m->end_line);
	}
}

static void put_file(struct buf *b, const struct record_file *f)
{
	put_str(b, f->path);
	put_str(b, f->analyzer);
	put_number(b, f->size);
	put_digest(b, &f->sha256, DIGEST_SHA256);
	put_digest(b, &f->sha1, DIGEST_SHA1);
	put_digest(b, &f->md5, DIGEST_MD5);
	put_number(b, f->n_packages);
	for (size_t i = 0; i < f->n_packages; i++)
		put_package(b, &f->packages[i]);
	put_attrs(b, f->attrs, f->n_attrs);
	put_owned(b, f->owned, f->n_owned);
	put_marks(b, f);
	put_str(b, f->unreadable);
}

static void put_hashes(struct buf *b, const struct layer_record *r)
{
	put_number(b, r->n_path_hashes);
	buf_reserve(b, r->n_path_hashes * 8 + 1);
	for (size_t i = 0; i < r->n_path_hashes; i++) {
		uint64_t le = htole64(r->path_hashes[i]);
		buf_add(b, &le, sizeof le);
	}
}

void record_encode(const struct layer_record *r, struct buf *out)
{
	buf_add(out, magic, MAGIC);
	buf_add_char(out, RECORD_FORMAT);
	buf_add_char(out, r->cut ? FLAG_CUT : 0);
	put_number(out, r->entries);
	put_number(out, r->bytes);
	put_number(out, r->n_files);
	for (size_t i = 0; i < r->n_files; i++)
		put_file(out, &r->files[i]);
	put_number(out, r->n_links);
	for (size_t i = 0; i < r->n_links; i++) {
		put_str(out, r->links[i].path);
		put_str(out, r->links[i].target);
		buf_add_char(out, r->links[i].hard);
	}
	put_number(out, r->n_whiteouts);
	for (size_t i = 0; i < r->n_whiteouts; i++) {
		put_str(out, r->whiteouts[i].path);
		buf_add_char(out, r->whiteouts[i].opaque);
	}
	put_number(out, r->n_modes);
	for (size_t i = 0; i < r->n_modes; i++) {
		put_str(out, r->modes[i].path);
		put_number(out, r->modes[i].mode);
		put_number(out, r->modes[i].uid);
		put_number(out, r->modes[i].gid);
		buf_add_char(out, r->modes[i].is_dir);
	}
	put_number(out, r->n_notes);
	for (size_t i = 0; i < r->n_notes; i++) {
		put_str(out, r->notes[i].path);
		put_str(out, r->notes[i].reason);
	}
	put_hashes(out, r);
	buf_add_char(out, (char)END);
}

/* Decoding. The first failure sticks in `bad`; getters then give nothing. */

struct decoder {
	struct str rest;
	struct arena *a;
	const struct limits *l;
	uint64_t room; /* bytes that arrays may still take */
	uint64_t packages;
	const char *bad;
	bool too_large;
};

static void refuse(struct decoder *d, const char *why)
{
	if (!d->bad)
		d->bad = why;
	d->rest.n = 0;
}

static unsigned get_byte(struct decoder *d)
{
	if (d->rest.n == 0) {
		refuse(d, "it ends early");
		return 0;
	}
	unsigned char c = (unsigned char)d->rest.p[0];
	d->rest = str_from(d->rest, 1);
	return c;
}

static bool get_bool(struct decoder *d)
{
	unsigned c = get_byte(d);
	if (c > 1)
		refuse(d, "a flag is neither 0 nor 1");
	return c == 1;
}

static uint64_t get_number(struct decoder *d)
{
	uint64_t v = 0;
	for (unsigned shift = 0; shift < 64; shift += 7) {
		unsigned c = get_byte(d);
		if (shift == 63 && c > 1)
			break;
		v |= (uint64_t)(c & 0x7F) << shift;
		if (c < 0x80)
			return v;
	}
	refuse(d, "a number is too large");
	return 0;
}

static struct str get_bytes(struct decoder *d, uint64_t n)
{
	if (n > d->rest.n) {
		refuse(d, "it ends early");
		return (struct str){ 0 };
	}
	struct str s = str_upto(d->rest, (size_t)n);
	d->rest = str_from(d->rest, (size_t)n);
	return s;
}

static struct str get_str(struct decoder *d)
{
	return get_bytes(d, get_number(d));
}

/* A path below the root, with every component a name. */
static bool normalized(struct str path)
{
	if (path.n == 0 || str_find_char(path, '\0') >= 0 || path.p[path.n - 1] == '/')
		return false;
	while (path.n) {
		struct str part = str_cut(&path, '/');
		if (part.n == 0 || str_eq(part, S(".")) || str_eq(part, S("..")))
			return false;
	}
	return true;
}

static struct str get_path(struct decoder *d)
{
	struct str s = get_str(d);
	if (!d->bad && (s.n > d->l->path_bytes || !normalized(s)))
		refuse(d, "a path is not normalized");
	return s;
}

/* The count and the zeroed array for elements of at least `least` encoded bytes each. */
static void *get_array(struct decoder *d, size_t least, size_t size, uint64_t max, size_t *n,
		       size_t *cap)
{
	uint64_t count = get_number(d);
	if (d->bad || count == 0)
		return NULL;
	if (count > d->rest.n / least) {
		refuse(d, "a count is larger than what follows");
		return NULL;
	}
	if (count > max || count > d->room / size) {
		d->too_large = true;
		refuse(d, "it holds more than the limits allow");
		return NULL;
	}
	d->room -= count * size;
	*n = (size_t)count;
	if (cap)
		*cap = (size_t)count;
	return arena_array(d->a, (size_t)count, size);
}

static void get_strs(struct decoder *d, struct strs *out)
{
	out->v = get_array(d, 1, sizeof *out->v, UINT64_MAX, &out->n, &out->cap);
	for (size_t i = 0; !d->bad && i < out->n; i++)
		out->v[i] = get_str(d);
}

static struct attr *get_attrs(struct decoder *d, size_t *n, size_t *cap)
{
	struct attr *v = get_array(d, 2, sizeof *v, UINT64_MAX, n, cap);
	for (size_t i = 0; v && !d->bad && i < *n; i++) {
		v[i].key = get_str(d);
		v[i].value = get_str(d);
	}
	return v;
}

static struct owned_file *get_owned(struct decoder *d, size_t *n, size_t *cap)
{
	struct owned_file *v = get_array(d, 2, sizeof *v, UINT64_MAX, n, cap);
	for (size_t i = 0; v && !d->bad && i < *n; i++) {
		v[i].path = get_str(d);
		unsigned alg = get_byte(d);
		v[i].is_dir = alg & IS_DIR;
		alg &= ~(unsigned)IS_DIR;
		if (alg >= COUNT(sum_bytes)) {
			refuse(d, "a digest's algorithm is unknown");
			break;
		}
		v[i].alg = (unsigned char)alg;
		struct str sum = get_bytes(d, sum_bytes[alg]);
		v[i].sum = alg != DIGEST_NONE ? (const unsigned char *)sum.p : NULL;
	}
	return v;
}

static void get_package(struct decoder *d, struct record_package *p)
{
	p->type = get_str(d);
	p->name = get_str(d);
	p->version = get_str(d);
	p->arch = get_str(d);
	p->source_name = get_str(d);
	p->source_version = get_str(d);
	get_strs(d, &p->licences);
	get_strs(d, &p->depends);
	get_strs(d, &p->provides);
	p->attrs = get_attrs(d, &p->n_attrs, &p->attrs_cap);
	p->owned = get_owned(d, &p->n_owned, &p->owned_cap);
}

static void get_digest(struct decoder *d, struct digest *out, unsigned want)
{
	unsigned alg = get_byte(d);
	if (alg != DIGEST_NONE && alg != want)
		refuse(d, "a file's digest is of another algorithm");
	if (d->bad || alg == DIGEST_NONE)
		return;
	struct str sum = get_bytes(d, sum_bytes[alg]);
	*out = (struct digest){ .alg = (unsigned char)alg, .len = sum_bytes[alg] };
	if (sum.n)
		memcpy(out->bytes, sum.p, sum.n);
}

static void get_marks(struct decoder *d, struct record_file *f)
{
	f->marks = get_array(d, 5, sizeof *f->marks, UINT64_MAX, &f->n_marks, &f->marks_cap);
	for (size_t i = 0; !d->bad && i < f->n_marks; i++) {
		struct record_mark *m = &f->marks[i];
		m->kind = get_str(d);
		m->rule = get_str(d);
		m->text = get_str(d);
		m->line = get_number(d);
		m->end_line = get_number(d);
	}
}

static void get_file(struct decoder *d, struct record_file *f)
{
	f->path = get_path(d);
	f->analyzer = get_str(d);
	f->size = get_number(d);
	get_digest(d, &f->sha256, DIGEST_SHA256);
	get_digest(d, &f->sha1, DIGEST_SHA1);
	get_digest(d, &f->md5, DIGEST_MD5);
	f->packages = get_array(d, 11, sizeof *f->packages, d->l->packages - d->packages,
				&f->n_packages, &f->packages_cap);
	d->packages += f->n_packages;
	for (size_t i = 0; !d->bad && i < f->n_packages; i++)
		get_package(d, &f->packages[i]);
	f->attrs = get_attrs(d, &f->n_attrs, &f->attrs_cap);
	f->owned = get_owned(d, &f->n_owned, &f->owned_cap);
	get_marks(d, f);
	f->unreadable = get_str(d);
}

static void get_links(struct decoder *d, struct layer_record *r)
{
	r->links = get_array(d, 3, sizeof *r->links, d->l->links, &r->n_links, &r->links_cap);
	for (size_t i = 0; !d->bad && i < r->n_links; i++) {
		struct record_link *k = &r->links[i];
		k->path = get_path(d);
		k->target = get_str(d);
		k->hard = get_bool(d);
		if (d->bad)
			return;
		if (k->target.n > d->l->path_bytes || str_find_char(k->target, '\0') >= 0 ||
		    (k->hard && !normalized(k->target)))
			refuse(d, "a link's target is no path");
	}
}

static void get_whiteouts(struct decoder *d, struct layer_record *r)
{
	r->whiteouts = get_array(d, 2, sizeof *r->whiteouts, d->l->layer_entries, &r->n_whiteouts,
				 &r->whiteouts_cap);
	for (size_t i = 0; !d->bad && i < r->n_whiteouts; i++) {
		struct str path = get_str(d);
		bool opaque = get_bool(d);
		/* An opaque root has the empty path. */
		if (!d->bad &&
		    (path.n > d->l->path_bytes || (!normalized(path) && !(opaque && path.n == 0))))
			refuse(d, "a whiteout's path is not normalized");
		r->whiteouts[i] = (struct record_whiteout){ path, opaque };
	}
}

static void get_modes(struct decoder *d, struct layer_record *r)
{
	r->modes = get_array(d, 5, sizeof *r->modes, d->l->modes, &r->n_modes, &r->modes_cap);
	for (size_t i = 0; !d->bad && i < r->n_modes; i++) {
		struct record_mode *m = &r->modes[i];
		m->path = get_path(d);
		m->mode = (unsigned)get_number(d) & 07777;
		m->uid = (unsigned)get_number(d);
		m->gid = (unsigned)get_number(d);
		m->is_dir = get_bool(d);
	}
}

static void get_notes(struct decoder *d, struct layer_record *r)
{
	r->notes = get_array(d, 2, sizeof *r->notes, d->l->layer_notes, &r->n_notes, &r->notes_cap);
	for (size_t i = 0; !d->bad && i < r->n_notes; i++) {
		r->notes[i].path = get_str(d);
		r->notes[i].reason = get_str(d);
	}
}

static void get_hashes(struct decoder *d, struct layer_record *r)
{
	r->path_hashes = get_array(d, 8, 8, 2 * d->l->layer_entries, &r->n_path_hashes, NULL);
	struct str bytes = get_bytes(d, r->n_path_hashes * 8);
	if (d->bad || r->n_path_hashes == 0)
		return;
	memcpy(r->path_hashes, bytes.p, bytes.n);
	for (size_t i = 0; i < r->n_path_hashes; i++)
		r->path_hashes[i] = le64toh(r->path_hashes[i]);
	for (size_t i = 1; i < r->n_path_hashes; i++)
		if (r->path_hashes[i - 1] >> 1 >= r->path_hashes[i] >> 1) {
			refuse(d, "its path hashes are not in order");
			return;
		}
}

static void get_record(struct decoder *d, struct layer_record *r)
{
	if (!str_eq(get_bytes(d, MAGIC), (struct str){ magic, MAGIC }) ||
	    get_byte(d) != RECORD_FORMAT)
		refuse(d, "it is of another format");
	unsigned flags = get_byte(d);
	if (flags & ~(unsigned)FLAG_CUT)
		refuse(d, "it has flags that mean nothing");
	r->cut = flags & FLAG_CUT;
	r->entries = get_number(d);
	r->bytes = get_number(d);
	r->files = get_array(d, 14, sizeof *r->files, UINT64_MAX, &r->n_files, &r->files_cap);
	for (size_t i = 0; !d->bad && i < r->n_files; i++)
		get_file(d, &r->files[i]);
	get_links(d, r);
	get_whiteouts(d, r);
	get_modes(d, r);
	get_notes(d, r);
	get_hashes(d, r);
	if (get_byte(d) != END || d->rest.n)
		refuse(d, "it does not end where it should");
}

int record_decode(struct arena *a, struct str bytes, const struct limits *l,
		  struct layer_record *out, struct err *e)
{
	struct decoder d = { .rest = bytes, .a = a, .l = l, .room = l->record_bytes };
	struct layer_record r = { 0 };
	if (bytes.n > l->record_bytes)
		return err_set(e, ERR_LIMIT,
			       "the record of a layer is larger than record_bytes, %llu bytes",
			       (unsigned long long)l->record_bytes);
	get_record(&d, &r);
	if (d.bad)
		return err_set(e, d.too_large ? ERR_LIMIT : ERR_INVALID,
			       "the record of a layer is refused: %s", d.bad);
	*out = r;
	return 0;
}
