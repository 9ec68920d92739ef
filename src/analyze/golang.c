/* Go programs: the build information that the linker puts into every program (documented by the package
 * debug/buildinfo): a header "\xff Go buildinf:", and by it the version of the compiler and a list of modules. Since Go
 * 1.18 both stand behind the header with their lengths; before, the header points to two strings in memory. Stripping and
 * -trimpath leave it there. Where no section has the name, the writable segments are searched as Go's own tools do.
 *
 * The module list is lines of words between tabs: path, mod, dep, "=>" (takes the place of the line before), build
 * (a setting). The main module mostly has the version "(devel)", which says nothing; then a linker flag that sets a
 * version counts.
 *
 * Hostile input: see executable.c; lengths and pointers that lie (checked reads), module lists of any size (GO_TEXT_MAX),
 * many overlapping segments (no more bytes are searched than the body has, twice). Not supported: programs packed by UPX, which
 * is said; before Go 1.18 position-independent programs whose pointers are filled in at start. */
#include "analyze/executable.h"
#include "analyze/golang.h"

enum {
	HEAD = 32,
	MAGIC = 14,
	AT_POINTER_SIZE = 14,
	AT_FLAGS = 15,
	FLAG_BIG = 1,
	FLAG_INLINE = 2,
	ALIGN = 16,
	VERSION_MAX = 1024,
	SEARCH_PIECE = 1 << 20,
	FRAME = 16, /* random bytes before and behind the module list */
	UPX_SEARCH = 1024,
};
static const char magic[MAGIC + 1] = "\xff Go buildinf:";

struct info {
	struct str version, modules;
};
struct module {
	struct str path, version, sum, was; /* was: "PATH@VERSION" that it replaces */
	bool local; /* replaced by a folder, of which nothing is known */
};
struct program {
	struct str path;
	struct module main, *deps;
	bool has_main;
	size_t n_deps, deps_cap;
	struct attr *settings;
	size_t n_settings, settings_cap;
};

/* Where in memory the header lies in this part, or ERR_NOT_FOUND. */
static int search_part(const struct executable *x, const struct executable_part *p,
		       struct buf *piece, uint64_t *budget, uint64_t *out, struct err *e)
{
	uint64_t at = 0;
	while (at < p->size && p->size - at >= HEAD && *budget >= HEAD) {
		struct executable_part window = { .offset = p->offset + at };
		window.size = MIN(p->size - at, (uint64_t)SEARCH_PIECE);
		window.size = MIN(window.size, *budget);
		int r = executable_part_read(x, &window, SEARCH_PIECE, piece, e);
		if (r)
			return r;
		*budget -= window.size;
		struct str s = str_buf(piece);
		for (ssize_t k; (k = str_find(s, (struct str){ magic, MAGIC })) >= 0;
		     s = str_from(s, (size_t)k + 1)) {
			uint64_t here = p->address + at + (uint64_t)(s.p - piece->p) + (uint64_t)k;
			if (here % ALIGN == 0) {
				*out = here;
				return 0;
			}
		}
		if (window.size < SEARCH_PIECE)
			break;
		at += SEARCH_PIECE - HEAD;
	}
	return err_set(e, ERR_NOT_FOUND, "no build information");
}

static int find_info(const struct executable *x, uint64_t *out, struct err *e)
{
	CLEANUP(buf_done) struct buf piece = { 0 };
	uint64_t budget = x->whole->size * 2;
	const struct executable_part *p = executable_find(x, ".go.buildinfo");
	if (!p)
		p = executable_find(x, "__go_buildinfo");
	if (p)
		return search_part(x, p, &piece, &budget, out, e);
	for (size_t i = 0; i < x->n_parts; i++) {
		p = &x->parts[i];
		if (p->writable && p->size && search_part(x, p, &piece, &budget, out, e) == 0)
			return 0;
	}
	return err_set(e, ERR_NOT_FOUND, "no build information");
}

static int read_text(struct arena *a, const struct executable *x, uint64_t address, uint64_t n,
		     size_t max, struct str *out, struct err *e)
{
	if (n > max)
		return err_set(e, ERR_LIMIT, "a text of %llu bytes", (unsigned long long)n);
	if (n > x->whole->size)
		return err_set(e, ERR_INVALID, "a text longer than the program");
	char *p = arena_alloc(a, (size_t)n + 1);
	int r = executable_read(x, address, p, (size_t)n, e);
	if (r == 0)
		*out = (struct str){ p, (size_t)n };
	return r;
}

/* A length as encoding/binary writes it, and the text behind it; moves *address behind both. */
static int read_inline(struct arena *a, const struct executable *x, uint64_t *address, size_t max,
		       struct str *out, struct err *e)
{
	uint64_t n = 0;
	for (unsigned shift = 0;; shift += 7) {
		unsigned char c;
		int r = executable_read(x, *address, &c, 1, e);
		if (r)
			return r;
		if (shift >= 63)
			return err_set(e, ERR_INVALID, "a length without end");
		n |= (uint64_t)(c & 0x7f) << shift;
		++*address;
		if (!(c & 0x80))
			break;
	}
	int r = read_text(a, x, *address, n, max, out, e);
	*address += r ? 0 : n;
	return r;
}

/* The header's pointer i to a string: address and length. */
static int read_pointed(struct arena *a, const struct executable *x, const unsigned char *head,
			unsigned i, size_t max, struct str *out, struct err *e)
{
	unsigned size = head[AT_POINTER_SIZE];
	unsigned char s[16];
	struct executable order = { .big = head[AT_FLAGS] & FLAG_BIG };
	if (size != 4 && size != 8)
		return err_set(e, ERR_INVALID, "pointers of %u bytes", size);
	uint64_t at = executable_number(&order, head + 16 + i * size, size);
	int r = executable_read(x, at, s, 2 * size, e);
	if (r)
		return r;
	return read_text(a, x, executable_number(&order, s, size),
			 executable_number(&order, s + size, size), max, out, e);
}

static int read_info(struct arena *a, const struct executable *x, struct info *out, struct err *e)
{
	unsigned char head[HEAD];
	uint64_t at;
	int r = find_info(x, &at, e);
	if (r)
		return r;
	if ((r = executable_read(x, at, head, sizeof head, e)))
		return r;
	if (head[AT_FLAGS] & FLAG_INLINE) {
		at += HEAD;
		r = read_inline(a, x, &at, VERSION_MAX, &out->version, e);
		if (r == 0)
			r = read_inline(a, x, &at, GO_TEXT_MAX, &out->modules, e);
	} else {
		r = read_pointed(a, x, head, 0, VERSION_MAX, &out->version, e);
		if (r == 0)
			r = read_pointed(a, x, head, 1, GO_TEXT_MAX, &out->modules, e);
	}
	if (r)
		return err_in(e, "Go build information");
	struct str m = out->modules;
	bool framed = m.n > 2 * FRAME && m.p[m.n - FRAME - 1] == '\n';
	out->modules = framed ? str_upto(str_from(m, FRAME), m.n - 2 * FRAME) : S("");
	return 0;
}

static struct module read_module(struct str line)
{
	struct module m = { .path = str_cut(&line, '\t') };
	m.version = str_cut(&line, '\t');
	m.sum = str_cut(&line, '\t');
	if (str_eq(m.version, S("(devel)")))
		m.version = S("");
	return m;
}

/* The replacement is what is in the program. A folder says nothing about what was in it. */
static void replace(struct arena *a, struct module *m, struct str line)
{
	struct module by = read_module(line);
	by.was = arena_printf(a, "%.*s@%.*s", STR(m->path), STR(m->version));
	by.local = by.version.n == 0;
	if (by.local) {
		by.was = by.path;
		by.path = m->path;
	}
	*m = by;
}

static void read_modules(struct arena *a, struct str text, struct program *p)
{
	struct module *last = NULL;
	struct str line;
	while (str_line(&text, &line)) {
		struct str word = str_cut(&line, '\t');
		if (str_eq(word, S("path"))) {
			p->path = line;
		} else if (str_eq(word, S("mod"))) {
			p->main = read_module(line);
			p->has_main = p->main.path.n > 0;
			last = &p->main;
		} else if (str_eq(word, S("dep"))) {
			last = ARENA_PUSH(a, p->deps, p->n_deps, p->deps_cap);
			*last = read_module(line);
		} else if (str_eq(word, S("=>")) && last) {
			replace(a, last, line);
			last = NULL;
		} else if (str_eq(word, S("build"))) {
			struct str key = str_cut(&line, '=');
			*ARENA_PUSH(a, p->settings, p->n_settings, p->settings_cap) =
				(struct attr){ key, line };
		}
	}
}

struct record_package *golang_add(struct arena *a, struct record_file *f, struct str name,
				  struct str version, const char *relation)
{
	struct record_package *p = record_add_package(a, f);
	p->type = S("golang");
	p->name = p->source_name = name;
	p->version = p->source_version = version;
	if (relation)
		record_package_attr(a, p, S("relation"), str_of(relation));
	return p;
}

static void add_module(struct arena *a, struct record_file *f, const struct module *m)
{
	struct record_package *p = golang_add(a, f, m->path, m->version, NULL);
	if (m->sum.n)
		record_package_attr(a, p, S("sum"), m->sum);
	if (m->was.n)
		record_package_attr(a, p, m->local ? S("replaced-by") : S("replaces"), m->was);
}

static void add_main(struct arena *a, struct record_file *f, const struct program *p,
		     struct str stdlib)
{
	/* Not -ldflags and the like: they may hold secrets and machines' paths. */
	static const char *const keep[] = { "CGO_ENABLED", "GOARCH",	   "GOOS",
					    "GOFIPS140",   "GOEXPERIMENT", "-tags",
					    "-buildmode",  "-compiler",	   "-trimpath",
					    "-race",	   "vcs",	   "vcs.revision",
					    "vcs.time",	   "vcs.modified" };
	struct str version = p->main.version;
	if (version.n == 0)
		version = golang_ldflags_version(
			a, record_attr(p->settings, p->n_settings, S("-ldflags")), p->main.path);
	struct record_package *m = golang_add(a, f, p->main.path, version, "root");
	if (p->path.n)
		record_package_attr(a, m, S("main"), p->path);
	for (size_t i = 0; i < COUNT(keep); i++) {
		struct str v = record_attr(p->settings, p->n_settings, str_of(keep[i]));
		if (v.n)
			record_package_attr(a, m, str_of(keep[i]), v);
	}
	if (stdlib.n)
		*ARENA_PUSH(a, m->depends.v, m->depends.n, m->depends.cap) =
			arena_printf(a, "stdlib@%.*s", STR(stdlib));
}

static void add_program(struct analysis *an, const struct file *f, const struct info *info)
{
	struct arena *a = an->arena;
	struct program p = { 0 };
	struct record_file *rf = record_add_file(a, an->record, f->path, "golang", f->size);
	struct str stdlib = golang_stdlib_version(a, info->version);
	read_modules(a, info->modules, &p);
	if (p.has_main)
		add_main(a, rf, &p, stdlib);
	struct record_package *lib = golang_add(a, rf, S("stdlib"), stdlib, "direct");
	if (info->version.n)
		record_package_attr(a, lib, S("go"), info->version);
	for (size_t i = 0; i < p.n_deps; i++)
		if (p.deps[i].path.n)
			add_module(a, rf, &p.deps[i]);
}

static bool is_packed(const struct whole *w)
{
	char head[UPX_SEARCH];
	struct err e;
	size_t n = (size_t)MIN(w->size, (uint64_t)sizeof head);
	return whole_read(w, 0, head, n, &e) == 0 &&
	       str_find((struct str){ head, n }, S("UPX!")) >= 0;
}

static int golang_end(struct analysis *an, void *state, const struct file *f,
		      const struct whole *whole, struct err *e)
{
	CLEANUP(arena_done) struct arena scratch = { 0 };
	(void)state;
	for (unsigned slice = 0; slice < EXECUTABLE_SLICES_MAX; slice++) {
		struct executable x = { 0 };
		struct info info = { 0 };
		int r = executable_open(&scratch, whole, slice, &x, e);
		if (r == ERR_UNSUPPORTED || r == ERR_NOT_FOUND)
			break;
		if (r)
			return r;
		r = read_info(an->arena, &x, &info, e);
		if (r == 0) {
			add_program(an, f, &info);
			return 0;
		}
		if (r != ERR_NOT_FOUND)
			return r;
		if (x.damaged.code) {
			*e = x.damaged;
			return e->code;
		}
	}
	return is_packed(whole) ? err_set(e, ERR_UNSUPPORTED, "packed by UPX: not looked into") : 0;
}

static bool golang_wants(const struct file *f, struct str head)
{
	return head.n == 0 ? f->size > 0 : executable_is(head);
}

static const char *const patterns[] = { "*", NULL };

const struct analyzer analyzer_golang = {
	.name = "golang",
	.version = 2,
	.digests = true,
	.own_paths = true,
	.patterns = patterns,
	.want_whole = true,
	.wants = golang_wants,
	.end = golang_end,
};
