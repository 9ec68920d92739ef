/* .NET assemblies by themselves: a PE file with a CLI header (ECMA-335 II.25) whose version resource (VS_VERSIONINFO, in
 * .rsrc) says what it is: InternalName without ".dll" is mostly the package's name, ProductVersion up to a '+' its
 * version; where that is none, FileVersion. A guess, so it counts only where no deps.json lies in the same folder, which
 * knows better: the join sees to that. Satellite assemblies (*.resources.dll) are part of another one.
 *
 * Hostile input: sizes that do not fit (each is checked against what encloses it), nesting (NODE_DEPTH), a large .rsrc
 * (RESOURCES_MAX). A broken executable is reported by golang.c, once; a version resource that breaks off is told here. */
#include "analyze/executable.h"
#include "analyze/fold.h"
#include "analyze/inventory.h"
#include "analyze/listing.h"

enum {
	RESOURCES_MAX = 16 << 20,
	NODE_DEPTH = 4,
	KEY_BYTES = 130,
	PE_OPTIONAL = 24,
	CLI_DIRECTORY = 14
};

struct version_info {
	struct arena *a;
	struct str internal_name, original_name, product_version, file_version;
};

static unsigned u16(struct str s, size_t at)
{
	return at + 2 <= s.n ? (unsigned)((unsigned char)s.p[at] | (unsigned char)s.p[at + 1] << 8)
			     : 0;
}

/* UTF-16 up to a NUL, as ASCII: '?' for anything else. *bytes: with the NUL. */
static struct str text(struct arena *a, struct str s, size_t *bytes)
{
	char *p = arena_alloc(a, s.n / 2 + 1);
	size_t n = 0;
	while (2 * n + 2 <= s.n && u16(s, 2 * n)) {
		unsigned c = u16(s, 2 * n);
		p[n++] = c >= ' ' && c < 0x7F ? (char)c : '?';
	}
	*bytes = 2 * n + 2;
	return (struct str){ p, n };
}

static void keep(struct version_info *v, struct str key, struct str value)
{
	const struct {
		const char *key;
		struct str *to;
	} known[] = {
		{ "InternalName", &v->internal_name },
		{ "OriginalFilename", &v->original_name },
		{ "ProductVersion", &v->product_version },
		{ "FileVersion", &v->file_version },
	};
	for (size_t i = 0; i < COUNT(known); i++)
		if (str_eq(key, str_of(known[i].key)) && !known[i].to->n)
			*known[i].to = str_trim(value);
}

static size_t aligned(size_t at)
{
	return (at + 3) & ~(size_t)3;
}

/* {length, value length, type (1: text), key, value, children}, each part at a multiple of four. */
static int node(struct version_info *v, struct str s, unsigned depth, struct err *e)
{
	size_t key_bytes, at, value;
	if (depth > NODE_DEPTH)
		return err_set(e, ERR_INVALID, "version resource: nested too deeply");
	bool is_text = u16(s, 4) == 1;
	struct str key = text(v->a, str_upto(str_from(s, 6), KEY_BYTES), &key_bytes);
	at = aligned(6 + key_bytes);
	value = (size_t)u16(s, 2) * (is_text ? 2 : 1);
	if (at > s.n || value > s.n - at) /* compilers that count the text's bytes, not its units */
		value = s.n > at ? s.n - at : 0;
	if (is_text && value) {
		keep(v, key, text(v->a, str_upto(str_from(s, at), value), &key_bytes));
		return 0;
	}
	for (at = aligned(at + value); at + 6 <= s.n;) {
		size_t length = u16(s, at);
		if (length == 0) /* padding */
			return 0;
		if (length < 6 || length > s.n - at)
			return err_set(e, ERR_INVALID, "version resource: it breaks off");
		int r = node(v, str_upto(str_from(s, at), length), depth + 1, e);
		if (r < 0)
			return r;
		at = aligned(at + length);
	}
	return 0;
}

static bool has_cli_header(const struct whole *w)
{
	unsigned char b[8];
	struct err e;
	if (whole_read(w, 60, b, 4, &e) < 0)
		return false;
	uint64_t at =
		(uint64_t)b[0] | (uint64_t)b[1] << 8 | (uint64_t)b[2] << 16 | (uint64_t)b[3] << 24;
	at += PE_OPTIONAL;
	if (whole_read(w, at, b, 2, &e) < 0)
		return false;
	at += (b[1] == 2 ? 112u : 96u) + CLI_DIRECTORY * 8;
	return whole_read(w, at, b, 8, &e) == 0 && memcmp(b, "\0\0\0\0\0\0\0\0", 8) != 0;
}

/* From its first two numbers, "V\0S\0_\0...", on. */
static int find_info(struct version_info *v, struct str rsrc, struct err *e)
{
	static const char mark[] = "V\0S\0_\0V\0E\0R\0S\0I\0O\0N\0_\0I\0N\0F\0O\0\0";
	ssize_t at = str_find(rsrc, (struct str){ mark, sizeof mark });
	if (at < 6)
		return 0;
	struct str s = str_from(rsrc, (size_t)at - 6);
	if (u16(s, 0) > s.n)
		return err_set(e, ERR_INVALID, "version resource: it breaks off");
	return node(v, str_upto(s, u16(s, 0)), 0, e);
}

static struct str without_suffix(struct str s)
{
	static const char *const suffixes[] = { ".dll", ".exe" };
	for (size_t i = 0; i < COUNT(suffixes); i++)
		if (s.n > 4 && str_eq_nocase(str_from(s, s.n - 4), str_of(suffixes[i])))
			return str_upto(s, s.n - 4);
	return s;
}

/* "0.0.0.0" is what a compiler writes when nobody said. */
static bool is_version(struct str s)
{
	size_t n = 0;
	while (n < s.n && (s.p[n] == '0' || s.p[n] == '.'))
		n++;
	return n < s.n && s.p[0] >= '0' && s.p[0] <= '9' && str_find_char(s, '.') > 0 &&
	       str_find_char(s, ' ') < 0;
}

static void add(struct analysis *an, const struct file *f, const struct version_info *v)
{
	struct listing l;
	struct str name = v->internal_name.n ? v->internal_name : v->original_name;
	struct str version = v->product_version;
	version = str_cut(&version, '+');
	if (!is_version(version))
		version = v->file_version;
	name = without_suffix(name);
	if (!name.n || str_find_char(name, '?') >= 0 || !is_version(version))
		return;
	listing_begin(&l, an, f, "nuget_pe", "nuget");
	listing_set(&l, listing_add(&l, name, version), "evidence", S("version resource"));
}

static int end(struct analysis *an, void *state, const struct file *f, const struct whole *whole,
	       struct err *e)
{
	CLEANUP(buf_done) struct buf rsrc = { 0 };
	struct version_info v = { .a = an->arena };
	struct executable x = { 0 };
	struct err ignored;
	(void)state;
	if (!has_cli_header(whole) || executable_open(an->arena, whole, 0, &x, &ignored) < 0)
		return 0;
	const struct executable_part *p = executable_find(&x, ".rsrc");
	if (!p)
		return 0;
	int r = executable_part_read(&x, p, RESOURCES_MAX, &rsrc, e);
	if (r == 0)
		r = find_info(&v, str_buf(&rsrc), e);
	if (r == 0)
		add(an, f, &v);
	return r;
}

static bool wants(const struct file *f, struct str head)
{
	return !str_ends(f->path, S(".resources.dll")) &&
	       (head.n == 0 || str_starts(head, S("MZ")));
}

/* After the fold: a folder with a deps.json is described by that. */
static int join(const struct fold *fold, struct inventory *inv, struct err *e)
{
	struct arena scratch = { 0 };
	struct map folders;
	size_t kept = 0;
	(void)e;
	map_init(&folders, &scratch);
	for (size_t i = 0; i < fold->n_files; i++) {
		const struct folded_file *ff = &fold->files[i];
		if (str_eq(ff->file->analyzer, S("nuget_deps")) && !ff->file->unreadable.n)
			*map_at(&folders, path_parent(ff->path)) = &folders;
	}
	for (size_t i = 0; i < inv->n_packages; i++) {
		const struct package *p = &inv->packages[i];
		if (!str_eq(p->analyzer, S("nuget_pe")) || !map_get(&folders, path_parent(p->path)))
			inv->packages[kept++] = *p;
	}
	inv->n_packages = kept;
	arena_done(&scratch);
	return 0;
}

static const char *const patterns[] = { "*.dll", "*.exe", "*.DLL", "*.EXE", NULL };

const struct analyzer analyzer_nuget_pe = {
	.name = "nuget_pe",
	.version = 1,
	.digests = true,
	.patterns = patterns,
	.want_whole = true,
	.wants = wants,
	.end = end,
	.join = join,
};
