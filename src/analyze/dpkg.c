/* dpkg's database of installed packages: var/lib/dpkg/status, and the single paragraphs of distroless images in
 * var/lib/dpkg/status.d. Paragraphs of "Field: value" lines as in deb822(5), read as they stream by.
 *
 * A package counts when the third word of its Status says that files of it may be there (all but config-files and
 * not-installed), and when there is no Status (distroless). Without a version of its own, the source has the package's,
 * less the "+bN" of a rebuild.
 *
 * Hostile input may hold endless lines and paragraphs (both bounded; what is too long makes its own paragraph unreadable,
 * which is a note) and names with bytes that no package has (a note as well). A field given twice: the first counts. A
 * journal of changes in var/lib/dpkg/updates is not applied; dpkg_files.c says so when there is one. */
#include "analyze/analyzer.h"
#include "analyze/lines.h"

enum {
	LINE_MAX_BYTES = 1 << 20,
	PARAGRAPH_MAX_BYTES = 4 << 20, /* of the fields we keep */
	NAME_MAX_BYTES = 512,
};

enum field {
	F_PACKAGE,
	F_STATUS,
	F_VERSION,
	F_ARCHITECTURE,
	F_SOURCE,
	F_PRE_DEPENDS,
	F_DEPENDS,
	F_PROVIDES,
	F_MAINTAINER,
	F_MULTI_ARCH,
	F_CONFFILES,
	F_COUNT,
	F_OTHER = F_COUNT,
};
static const char *const field_names[F_COUNT] = {
	"Package", "Status",   "Version",    "Architecture", "Source",	  "Pre-Depends",
	"Depends", "Provides", "Maintainer", "Multi-Arch",   "Conffiles",
};

struct value {
	char *p;
	size_t n, cap;
};
struct state {
	struct analysis *an;
	struct str path;
	size_t file; /* index into the record's files, which may move */
	struct lines lines;
	struct value values[F_COUNT]; /* their memory serves one paragraph after the other */
	bool given[F_COUNT];
	enum field current;
	bool any; /* the paragraph has a line */
	const char *broken; /* why it is unreadable */
	size_t kept, line;
};
struct shared {
	uint64_t packages;
};

static int on_line(void *ctx, struct str line, struct err *e);

static int begin(struct analysis *an, const struct file *f, void **state, struct err *e)
{
	(void)e;
	/* Sums of a distroless package lie beside it; they are dpkg_files.c's. */
	if (str_ends(f->path, S(".md5sums")))
		return 0;
	struct state *s = ARENA_NEW(an->arena, struct state);
	if (!an->shared)
		an->shared = ARENA_NEW(an->arena, struct shared);
	s->an = an;
	s->path = arena_str(an->arena, f->path);
	s->current = F_OTHER;
	s->lines = (struct lines){
		.arena = an->arena, .max = LINE_MAX_BYTES, .line = on_line, .ctx = s
	};
	record_add_file(an->arena, an->record, f->path, "dpkg", f->size);
	s->file = an->record->n_files - 1;
	*state = s;
	return 0;
}

static struct str value(const struct state *s, enum field f)
{
	return s->given[f] ? (struct str){ s->values[f].p, s->values[f].n } : (struct str){ 0 };
}

static void append(struct state *s, enum field f, struct str text)
{
	struct value *v = &s->values[f];
	s->kept += text.n;
	if (s->kept > PARAGRAPH_MAX_BYTES) {
		s->broken = "it is too long";
		return;
	}
	if (text.n > v->cap - v->n) {
		size_t cap = MAX(v->cap * 2, v->n + text.n + 64);
		char *p = arena_alloc(s->an->arena, cap);
		if (v->n)
			memcpy(p, v->p, v->n);
		v->p = p;
		v->cap = cap;
	}
	if (text.n)
		memcpy(v->p + v->n, text.p, text.n);
	v->n += text.n;
}

/* Non-empty, no white space, no control bytes. */
static bool is_word(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7F)
			return false;
	return s.n > 0 && s.n <= NAME_MAX_BYTES;
}

/* Splits at commas; the pieces lie in one copy. */
static void split(struct arena *a, struct str list, struct strs *out)
{
	list = arena_str(a, list);
	while (list.n) {
		struct str piece = str_trim(str_cut(&list, ','));
		if (piece.n)
			*ARENA_PUSH(a, out->v, out->n, out->cap) = piece;
	}
}

/* "foo (1.2)" */
static void set_source(struct arena *a, struct record_package *p, struct str source)
{
	struct str version = source, name = str_trim(str_cut(&version, '('));
	version = str_trim(str_cut(&version, ')'));
	p->source_name = is_word(name) ? arena_str(a, name) : p->name;
	if (is_word(version)) {
		p->source_version = arena_str(a, version);
		return;
	}
	/* A rebuild's "+bN" is not part of its source's version. */
	size_t n = p->version.n;
	while (n && p->version.p[n - 1] >= '0' && p->version.p[n - 1] <= '9')
		n--;
	bool rebuilt = n < p->version.n && str_ends(str_upto(p->version, n), S("+b"));
	p->source_version = rebuilt ? str_upto(p->version, n - 2) : p->version;
}

/* Lines "/path md5 [flag]"; an obsolete one belongs to an older version. */
static void add_conffiles(struct arena *a, struct record_package *p, struct str lines)
{
	struct str line, path, sum, flag;
	while (str_line(&lines, &line))
		if (str_word(&line, &path) && str_word(&line, &sum) && !str_word(&line, &flag) &&
		    path.n > 1 && path.p[0] == '/' && str_find(path, S("/../")) < 0 &&
		    str_find(path, S("//")) < 0 && str_find(path, S("/./")) < 0)
			record_add_owned(a, p, path, DIGEST_MD5, sum);
}

/* Whether the Status says that files may be there; what is unusual becomes attributes. */
static bool read_status(struct str status, struct str *want, struct str *flag, struct str *state)
{
	*want = *flag = *state = (struct str){ 0 };
	if (status.n == 0)
		return true;
	if (!str_word(&status, want) || !str_word(&status, flag) || !str_word(&status, state))
		return true;
	return !str_eq(*state, S("config-files")) && !str_eq(*state, S("not-installed"));
}

static void add_package(struct state *s)
{
	struct arena *a = s->an->arena;
	struct str want, flag, state;
	if (!read_status(value(s, F_STATUS), &want, &flag, &state))
		return;
	struct record_package *p = record_add_package(a, &s->an->record->files[s->file]);
	p->type = S("deb");
	p->name = arena_str(a, value(s, F_PACKAGE));
	p->version = arena_str(a, value(s, F_VERSION));
	p->arch = arena_str(a, value(s, F_ARCHITECTURE));
	set_source(a, p, value(s, F_SOURCE));
	split(a, value(s, F_PRE_DEPENDS), &p->depends);
	split(a, value(s, F_DEPENDS), &p->depends);
	split(a, value(s, F_PROVIDES), &p->provides);
	if (value(s, F_MAINTAINER).n)
		record_package_attr(a, p, S("maintainer"), value(s, F_MAINTAINER));
	if (str_eq(value(s, F_MULTI_ARCH), S("same")))
		record_package_attr(a, p, S("multi-arch"), S("same"));
	if (state.n && !str_eq(state, S("installed")))
		record_package_attr(a, p, S("status"), state);
	if (str_eq(want, S("hold")))
		record_package_attr(a, p, S("hold"), S("true"));
	if (flag.n && !str_eq(flag, S("ok")))
		record_package_attr(a, p, S("flag"), flag);
	add_conffiles(a, p, value(s, F_CONFFILES));
}

static const char *why_broken(const struct state *s)
{
	struct str want, flag, state;
	if (s->broken)
		return s->broken;
	if (!is_word(value(s, F_PACKAGE)))
		return "it names no package";
	if (!read_status(value(s, F_STATUS), &want, &flag, &state))
		return NULL;
	if (!is_word(value(s, F_VERSION)))
		return "it has no version";
	return value(s, F_ARCHITECTURE).n && !is_word(value(s, F_ARCHITECTURE))
		       ? "its architecture is none"
		       : NULL;
}

static int flush(struct state *s, struct err *e)
{
	const struct limits *l = s->an->limits;
	struct shared *shared = s->an->shared;
	const char *why = s->any ? why_broken(s) : NULL;
	int r = 0;
	if (why) {
		struct str name = value(s, F_PACKAGE);
		if (!is_word(name))
			name = S("");
		s->an->record->cut = true;
		record_add_note(s->an->arena, s->an->record, l, s->path,
				arena_printf(s->an->arena,
					     "paragraph before line %zu%s%.*s cannot be read: %s",
					     s->line, name.n ? ", " : "", STR(name), why));
	} else if (s->any && ++shared->packages > l->packages) {
		r = err_set(e, ERR_LIMIT, "more than %llu packages",
			    (unsigned long long)l->packages);
	} else if (s->any) {
		add_package(s);
	}
	for (size_t i = 0; i < F_COUNT; i++) {
		s->given[i] = false;
		s->values[i].n = 0;
	}
	s->current = F_OTHER;
	s->any = false;
	s->broken = NULL;
	s->kept = 0;
	return r;
}

static enum field field_of(struct str name)
{
	for (size_t i = 0; i < F_COUNT; i++)
		if (str_eq_nocase(name, str_of(field_names[i])))
			return (enum field)i;
	return F_OTHER;
}

static int on_line(void *ctx, struct str line, struct err *e)
{
	struct state *s = ctx;
	s->line++;
	if (line.n == 0)
		return flush(s, e);
	s->any = true;
	if (line.p[0] == ' ' || line.p[0] == '\t') {
		if (str_trim(line).n == 0)
			return 0;
		if (s->current != F_OTHER) {
			if (s->lines.cut)
				s->broken = "a line is too long";
			append(s, s->current, S("\n"));
			append(s, s->current, str_trim(line));
		}
		return 0;
	}
	struct str rest = line, name = str_cut(&rest, ':');
	if (name.n == line.n) {
		s->broken = "a line has no colon";
		return 0;
	}
	enum field f = field_of(str_trim(name));
	s->current = f != F_OTHER && s->given[f] ? F_OTHER : f;
	if (s->current == F_OTHER)
		return 0;
	if (s->lines.cut)
		s->broken = "a line is too long";
	s->given[f] = true;
	append(s, f, str_trim(rest));
	return 0;
}

static int feed(struct analysis *an, void *state, struct str chunk, struct err *e)
{
	(void)an;
	return state ? lines_feed(&((struct state *)state)->lines, chunk, e) : 0;
}

static int end(struct analysis *an, void *state, const struct file *f, const struct whole *whole,
	       struct err *e)
{
	struct state *s = state;
	(void)an;
	(void)f;
	(void)whole;
	if (!s)
		return 0;
	int r = lines_end(&s->lines, e);
	if (r < 0)
		return r;
	s->line++;
	return flush(s, e);
}

static const char *const patterns[] = { "var/lib/dpkg/status", "var/lib/dpkg/status.d/*", NULL };

const struct analyzer analyzer_dpkg = {
	.name = "dpkg",
	.version = 1,
	.database = true,
	.patterns = patterns,
	.begin = begin,
	.feed = feed,
	.end = end,
};
