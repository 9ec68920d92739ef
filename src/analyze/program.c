/* Programs that no package brought: runtimes and servers copied into an image. Which files are looked at and how their
 * version is found stands in programs.def; only files of those names are read. What is found is a package of type
 * "generic" with its CPE.
 *
 * A pattern's fixed beginning is searched in the body, then the rest is compared in place. Hostile input: bodies that are full
 * of beginnings (each costs a comparison of bounded length), versions of any length (VERSION_MAX). A program of the name in which
 * nothing fits is some other program. Not supported: programs packed by UPX, versions put together at run time. */
#include "analyze/executable.h"

enum { VERSION_MAX = 64, MATCH_MAX = 512, WINDOW = 1 << 20, TEXT_MAX = 64 << 10 };

struct row {
	const char *file, *pattern, *begins, *name, *cpe;
	bool text;
};
static const struct row rows[] = {
#define PROGRAM(...) { __VA_ARGS__, false },
#define PROGRAM_TEXT(...) { __VA_ARGS__, true },
#include "analyze/programs.def"
#undef PROGRAM
#undef PROGRAM_TEXT
};

struct search {
	const char *rest; /* of the pattern, behind what is fixed */
	struct buf fixed; /* bytes that are searched */
	size_t skip; /* of them before the version, when it begins in there */
	struct str begins;
	bool anchored;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_capture(const char *p)
{
	return p[0] == '%' && p[1] && strchr("dtvV", p[1]);
}

/* "3.11" of "libpython3.11.so.1.0" */
static struct str number_in(struct str name)
{
	size_t from = 0, end;
	while (from < name.n && !is_digit(name.p[from]))
		from++;
	for (end = from; end < name.n; end++)
		if (!is_digit(name.p[end]) &&
		    (name.p[end] != '.' || end + 1 == name.n || !is_digit(name.p[end + 1])))
			break;
	return str_upto(str_from(name, from), end - from);
}

static void search_init(struct search *s, const struct row *row, struct str file)
{
	const char *p = row->pattern;
	*s = (struct search){ .anchored = *p == '^' };
	for (p += s->anchored; *p && (*p != '%' || p[1] == '0'); p++) {
		buf_add_char(&s->fixed, *p == '%' ? '\0' : *p);
		p += *p == '%';
	}
	s->rest = p;
	s->skip = s->fixed.n;
	s->begins = strcmp(row->begins, "%n") == 0 ? number_in(file) : str_of(row->begins);
	/* A "v" may stand before what %V finds. */
	if (is_capture(p) && p[1] != 'V')
		buf_add_str(&s->fixed, s->begins);
}

static void search_done(struct search *s)
{
	buf_done(&s->fixed);
}

/* How long the version at the beginning of s is; 0: there is none. */
static size_t version_length(struct str s, char kind)
{
	unsigned numbers = 0, wanted = kind == 't' || kind == 'V' ? 3 : 2;
	size_t i = 0, end = 0;
	while (i < s.n && i < VERSION_MAX && is_digit(s.p[i])) {
		while (i < s.n && i < VERSION_MAX && is_digit(s.p[i]))
			i++;
		numbers++;
		end = i;
		if (i < s.n && s.p[i] == '.')
			i++;
	}
	if (numbers < wanted)
		return 0;
	if (kind == 'd' || kind == 't')
		return end;
	for (i = end; i < s.n && i < VERSION_MAX; i++) {
		char c = s.p[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c);
		if (!letter && (c == '\0' || !strchr("-+~._", c)))
			break;
	}
	while (i > end && strchr("-+~._", s.p[i - 1]))
		i--;
	return i;
}

static size_t commit_length(struct str s)
{
	enum { COMMIT = 40 };
	for (size_t i = 0; i < COMMIT; i++)
		if (i >= s.n || !(is_digit(s.p[i]) || (s.p[i] >= 'a' && s.p[i] <= 'f')))
			return 0;
	return COMMIT;
}

/* Does the pattern's rest fit here? s begins where the version may. */
static bool fits(const struct search *q, struct str s, struct str *version)
{
	bool found = false;
	for (const char *p = q->rest; *p; p++) {
		size_t n = 1;
		if (is_capture(p)) {
			p++;
			if (*p == 'V' && s.n && s.p[0] == 'v')
				s = str_from(s, 1);
			if ((n = version_length(s, *p)) == 0)
				return false;
			*version = str_upto(s, n);
			found = true;
		} else if (*p == '%' && p[1] == 'h') {
			p++;
			if ((n = commit_length(s)) == 0)
				return false;
		} else {
			bool nul = *p == '%' && p[1] == '0';
			if (s.n == 0 || s.p[0] != (nul ? '\0' : *p))
				return false;
			p += nul;
		}
		s = str_from(s, n);
	}
	struct str b = q->begins;
	/* "3.1" does not begin "3.11.2". */
	return found && str_starts(*version, b) &&
	       (b.n == 0 || version->n == b.n || !is_digit(b.p[b.n - 1]) ||
		!is_digit(version->p[b.n]));
}

/* The first place in the window, of those that begin before `until`. */
static bool search_window(const struct search *q, struct str window, size_t until,
			  struct str *version)
{
	const char *end = window.p + window.n, *p = window.p;
	struct str fixed = str_buf(&q->fixed);
	while ((p = memmem(p, (size_t)(end - p), fixed.p ? fixed.p : "", fixed.n)) &&
	       (size_t)(p - window.p) < until) {
		const char *from = p + q->skip;
		if (fits(q, (struct str){ from, MIN((size_t)(end - from), (size_t)MATCH_MAX) },
			 version))
			return true;
		p++;
		/* Long runs of one byte (NULs, mostly) are passed over at once. */
		while (end - p > 1 && p[0] == p[-1] && p[1] == p[0])
			p++;
	}
	return false;
}

static bool search_body(const struct search *q, const struct whole *w, struct arena *a,
			struct str *version, struct err *e)
{
	CLEANUP(buf_done) struct buf b = { 0 };
	if (w->fd < 0)
		return search_window(q, w->mem, q->anchored ? 1 : w->mem.n, version);
	for (uint64_t at = 0; at < w->size && (at == 0 || !q->anchored); at += WINDOW) {
		size_t n = (size_t)MIN(w->size - at, (uint64_t)WINDOW + MATCH_MAX);
		b.n = 0;
		buf_reserve(&b, n);
		if (whole_read(w, at, b.p, n, e))
			return false;
		if (search_window(q, (struct str){ b.p, n }, q->anchored ? 1 : WINDOW, version)) {
			*version = arena_str(a, *version);
			return true;
		}
	}
	return false;
}

static bool is_for(const struct row *row, struct str path)
{
	struct str pattern = str_of(row->file);
	bool whole = str_find_char(pattern, '/') >= 0;
	struct str name = str_from(path, (size_t)(str_rfind_char(path, '/') + 1));
	return str_glob(pattern, whole ? path : name) ||
	       (str_starts(pattern, S("**/")) && str_glob(str_from(pattern, 3), path));
}

static void add_program(struct analysis *an, const struct file *f, const struct row *row,
			struct str version)
{
	struct arena *a = an->arena;
	struct record_file *rf = record_add_file(a, an->record, f->path, "program", f->size);
	struct record_package *p = record_add_package(a, rf);
	p->type = S("generic");
	p->name = p->source_name = str_of(row->name);
	p->version = p->source_version = arena_str(a, version);
	record_package_attr(
		a, p, S("cpe"),
		arena_printf(a, "cpe:2.3:a:%s:%.*s:*:*:*:*:*:*:*", row->cpe, STR(p->version)));
}

static int program_end(struct analysis *an, void *state, const struct file *f,
		       const struct whole *whole, struct err *e)
{
	struct str name = str_from(f->path, (size_t)(str_rfind_char(f->path, '/') + 1));
	struct err why = { 0 };
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct str version;
		if (!is_for(&rows[i], f->path) || (rows[i].text && whole->size > TEXT_MAX))
			continue;
		CLEANUP(search_done) struct search q;
		search_init(&q, &rows[i], name);
		if (search_body(&q, whole, an->arena, &version, &why)) {
			add_program(an, f, &rows[i], version);
			return 0;
		}
	}
	if (why.code)
		*e = why;
	return why.code;
}

static bool program_wants(const struct file *f, struct str head)
{
	bool executable = executable_is(head);
	if (f->size == 0)
		return false;
	for (size_t i = 0; i < COUNT(rows); i++)
		if ((head.n == 0 || rows[i].text != executable) && is_for(&rows[i], f->path))
			return true;
	return false;
}

/* Asked about the names of programs only: most files are none. */
static const char *const patterns[] = { "*", NULL };

const struct analyzer analyzer_program = {
	.name = "program",
	.version = 1,
	.own_paths = true,
	.digests = true,
	.patterns = patterns,
	.want_whole = true,
	.wants = program_wants,
	.end = program_end,
};
