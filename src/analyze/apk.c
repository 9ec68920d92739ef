/* Alpine's database of installed packages, lib/apk/db/installed (usr/lib/apk/db/installed since apk 3): paragraphs of lines
 * "X:value", see apk-package(5) and apk-installed(5). F: begins a directory, R: a file in it, Z: is that file's checksum:
 * "Q1" and SHA-1 or "Q2" and SHA-256 in base64, or 32 hex digits of MD5 from old databases.
 *
 * Hostile input may hold endless lines (bounded), a million files (a limit), paths out of the root (left out), or
 * nonsense, which makes its own paragraph unreadable: a note, and the others still count. */
#include "analyze/analyzer.h"
#include "analyze/lines.h"

enum { LINE_MAX_BYTES = 1 << 20, NAME_MAX_BYTES = 512 };

struct state {
	struct analysis *an;
	struct str path;
	size_t file; /* index into the record's files, which may move */
	struct lines lines;
	struct record_package p; /* of the paragraph that is being read */
	struct str dir;
	bool any, in_files;
	const char *broken;
	size_t line, skipped;
};
struct shared {
	uint64_t packages, owned;
};

static int on_line(void *ctx, struct str line, struct err *e);

static int begin(struct analysis *an, const struct file *f, void **state, struct err *e)
{
	struct state *s = ARENA_NEW(an->arena, struct state);
	(void)e;
	if (!an->shared)
		an->shared = ARENA_NEW(an->arena, struct shared);
	s->an = an;
	s->path = arena_str(an->arena, f->path);
	s->lines = (struct lines){
		.arena = an->arena, .max = LINE_MAX_BYTES, .line = on_line, .ctx = s
	};
	record_add_file(an->arena, an->record, f->path, "apk", f->size);
	s->file = an->record->n_files - 1;
	*state = s;
	return 0;
}

static bool is_word(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7F)
			return false;
	return s.n > 0 && s.n <= NAME_MAX_BYTES;
}

static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Exactly n bytes, with padding. */
static bool base64(struct str text, unsigned char *out, size_t n)
{
	unsigned acc = 0, bits = 0;
	size_t got = 0;
	while (text.n && text.p[text.n - 1] == '=')
		text.n--;
	for (size_t i = 0; i < text.n; i++) {
		int v = base64_value(text.p[i]);
		if (v < 0)
			return false;
		acc = (acc << 6 | (unsigned)v) & 0xFFFF;
		bits += 6;
		if (bits < 8)
			continue;
		bits -= 8;
		if (got == n)
			return false;
		out[got++] = (unsigned char)(acc >> bits);
	}
	return got == n;
}

static void set_sum(struct state *s, struct str text)
{
	struct owned_file *o = s->p.n_owned ? &s->p.owned[s->p.n_owned - 1] : NULL;
	struct digest d = { 0 };
	if (!o || o->sum || o->is_dir)
		return;
	if (str_starts(text, S("Q1")) && base64(str_from(text, 2), d.bytes, 20)) {
		d.alg = DIGEST_SHA1;
		d.len = 20;
	} else if (str_starts(text, S("Q2")) && base64(str_from(text, 2), d.bytes, 32)) {
		d.alg = DIGEST_SHA256;
		d.len = 32;
	} else if (!digest_from_hex(DIGEST_MD5, text, &d)) {
		return;
	}
	o->sum = memcpy(arena_alloc(s->an->arena, d.len), d.bytes, d.len);
	o->alg = d.alg;
}

/* Normalized: no empty parts, no "." and "..". */
static bool is_plain(struct str path)
{
	if (path.n == 0 || str_find_char(path, '\0') >= 0)
		return false;
	while (path.n) {
		struct str part = str_cut(&path, '/');
		if (part.n == 0 || str_eq(part, S(".")) || str_eq(part, S("..")))
			return false;
	}
	return true;
}

static int add_file(struct state *s, struct str name, struct err *e)
{
	struct shared *shared = s->an->shared;
	const struct limits *l = s->an->limits;
	s->in_files = false;
	if (!is_plain(name) || str_find_char(name, '/') >= 0 ||
	    s->dir.n + 1 + name.n > l->path_bytes) {
		s->skipped++;
		return 0;
	}
	if (++shared->owned > l->owned_files)
		return err_set(e, ERR_LIMIT, "packages own more files than owned_files, %llu",
			       (unsigned long long)l->owned_files);
	size_t before = s->dir.n ? s->dir.n + 1 : 0;
	char *p = arena_alloc(s->an->arena, before + name.n);
	if (before) {
		memcpy(p, s->dir.p, s->dir.n);
		p[before - 1] = '/';
	}
	memcpy(p + before, name.p, name.n);
	ARENA_PUSH(s->an->arena, s->p.owned, s->p.n_owned, s->p.owned_cap)->path =
		(struct str){ p, before + name.n };
	s->in_files = true;
	return 0;
}

static void set_dir(struct state *s, struct str dir)
{
	s->in_files = false;
	while (dir.n && dir.p[dir.n - 1] == '/')
		dir.n--;
	/* What lies in a directory of an impossible name cannot be placed either. */
	s->dir = dir.n == 0 || is_plain(dir) ? arena_str(s->an->arena, dir) : S("..");
}

static void split(struct arena *a, struct str list, struct strs *out)
{
	struct str word;
	list = arena_str(a, list);
	while (str_word(&list, &word))
		*ARENA_PUSH(a, out->v, out->n, out->cap) = word;
}

static void set_once(struct arena *a, struct str *field, struct str v)
{
	if (field->n == 0)
		*field = arena_str(a, v);
}

static int read_field(struct state *s, char key, struct str v, struct err *e)
{
	struct arena *a = s->an->arena;
	switch (key) {
	case 'P':
		set_once(a, &s->p.name, v);
		return 0;
	case 'V':
		set_once(a, &s->p.version, v);
		return 0;
	case 'A':
		set_once(a, &s->p.arch, v);
		return 0;
	case 'o':
		set_once(a, &s->p.source_name, v);
		return 0;
	case 'L':
		if (v.n && s->p.licences.n == 0)
			*ARENA_PUSH(a, s->p.licences.v, s->p.licences.n, s->p.licences.cap) =
				arena_str(a, v);
		return 0;
	case 'D':
		split(a, v, &s->p.depends);
		return 0;
	case 'p':
		split(a, v, &s->p.provides);
		return 0;
	case 'm':
		record_package_attr(a, &s->p, S("maintainer"), v);
		return 0;
	case 'C':
		record_package_attr(a, &s->p, S("checksum"), v);
		return 0;
	case 'F':
		set_dir(s, v);
		return 0;
	case 'R':
		return str_eq(s->dir, S("..")) ? (s->skipped++, 0) : add_file(s, v, e);
	case 'Z':
		if (s->in_files)
			set_sum(s, v);
		return 0;
	default:
		return 0;
	}
}

static const char *why_broken(const struct state *s)
{
	if (s->broken)
		return s->broken;
	if (!is_word(s->p.name))
		return "it names no package";
	if (!is_word(s->p.version))
		return "it has no version";
	return s->p.arch.n && !is_word(s->p.arch) ? "its architecture is none" : NULL;
}

static int flush(struct state *s, struct err *e)
{
	struct arena *a = s->an->arena;
	struct shared *shared = s->an->shared;
	const struct limits *l = s->an->limits;
	const char *why = s->any ? why_broken(s) : NULL;
	int r = 0;
	if (why) {
		struct str name = is_word(s->p.name) ? s->p.name : S("");
		s->an->record->cut = true;
		record_add_note(a, s->an->record, l, s->path,
				arena_printf(a,
					     "paragraph before line %zu%s%.*s cannot be read: %s",
					     s->line, name.n ? ", " : "", STR(name), why));
	} else if (s->any && ++shared->packages > l->packages) {
		r = err_set(e, ERR_LIMIT, "more than %llu packages",
			    (unsigned long long)l->packages);
	} else if (s->any) {
		struct record_package *p = record_add_package(a, &s->an->record->files[s->file]);
		*p = s->p;
		p->type = S("apk");
		if (!is_word(p->source_name))
			p->source_name = p->name;
		p->source_version = p->version;
	}
	if (s->skipped)
		record_add_note(a, s->an->record, l, s->path,
				arena_printf(a, "%zu files before line %zu have impossible names",
					     s->skipped, s->line));
	s->p = (struct record_package){ 0 };
	s->dir = S("");
	s->any = s->in_files = false;
	s->broken = NULL;
	s->skipped = 0;
	return r;
}

static int on_line(void *ctx, struct str line, struct err *e)
{
	struct state *s = ctx;
	s->line++;
	if (line.n == 0)
		return flush(s, e);
	s->any = true;
	if (s->lines.cut) {
		s->broken = "a line is too long";
		return 0;
	}
	if (line.n < 2 || line.p[1] != ':') {
		s->broken = "a line is no field";
		return 0;
	}
	return read_field(s, line.p[0], str_from(line, 2), e);
}

static int feed(struct analysis *an, void *state, struct str chunk, struct err *e)
{
	(void)an;
	return lines_feed(&((struct state *)state)->lines, chunk, e);
}

static int end(struct analysis *an, void *state, const struct file *f, const struct whole *whole,
	       struct err *e)
{
	struct state *s = state;
	(void)an;
	(void)f;
	(void)whole;
	int r = lines_end(&s->lines, e);
	if (r < 0)
		return r;
	s->line++;
	return flush(s, e);
}

static const char *const patterns[] = { "lib/apk/db/installed", "usr/lib/apk/db/installed", NULL };

const struct analyzer analyzer_apk = {
	.name = "apk",
	.version = 1,
	.database = true,
	.patterns = patterns,
	.begin = begin,
	.feed = feed,
	.end = end,
};
