/* Which files a Debian package owns: var/lib/dpkg/info/NAME[:ARCH].list (every path, a directory before what lies in it)
 * and .md5sums ("md5  path"), the .md5sums beside the single paragraphs of distroless images, and the diversions file.
 *
 * A record keeps what is needed and no more: sums with their paths, and of a list only what has no sum and is not
 * plainly a directory (configuration files, symbolic links, empty directories). After the fold the join gives them to
 * the packages, follows diversions, and puts the directories where links have them (usr-merge).
 *
 * Hostile lists may be long or hold paths out of the root: the number of owned files has a limit, and paths that are not
 * plain are left out. An owned path proves nothing by itself; see "Owned" in ARCHITECTURE.md. */
#include "analyze/analyzer.h"
#include "analyze/fold.h"
#include "analyze/lines.h"
#include "base/map.h"

enum { LINE_MAX_BYTES = 8192, MD5_HEX = 32, MD5_BYTES = 16 };
enum kind { KIND_LIST, KIND_SUMS, KIND_DIVERSIONS, KIND_UPDATE };

struct read { /* a list or sums of this layer */
	enum kind kind;
	size_t file; /* index into the record's files */
	struct str stem; /* the path without its suffix */
	struct read *next;
};
struct shared {
	struct read *reads;
	uint64_t owned;
};
struct state {
	struct analysis *an;
	enum kind kind;
	size_t file;
	struct lines lines;
	struct str previous; /* the list's last line, with its slash */
	struct str triple[2]; /* of a diversion: from, to */
	size_t n_triple, skipped;
};

static int on_line(void *ctx, struct str line, struct err *e);

static enum kind kind_of(struct str path)
{
	if (str_ends(path, S(".list")))
		return KIND_LIST;
	if (str_ends(path, S(".md5sums")))
		return KIND_SUMS;
	return str_ends(path, S("/diversions")) ? KIND_DIVERSIONS : KIND_UPDATE;
}

static struct str stem_of(struct str path)
{
	return str_upto(path, (size_t)str_rfind_char(path, '.'));
}

static int begin(struct analysis *an, const struct file *f, void **state, struct err *e)
{
	(void)e;
	enum kind kind = kind_of(f->path);
	if (kind == KIND_UPDATE) {
		if (f->size) {
			an->record->cut = true;
			record_add_note(an->arena, an->record, an->limits, f->path,
					S("a change of an interrupted dpkg; it is not applied"));
		}
		return 0;
	}
	struct state *s = ARENA_NEW(an->arena, struct state);
	*s = (struct state){ .an = an, .kind = kind };
	s->lines = (struct lines){
		.arena = an->arena, .max = LINE_MAX_BYTES, .line = on_line, .ctx = s
	};
	struct record_file *rf =
		record_add_file(an->arena, an->record, f->path, "dpkg_files", f->size);
	s->file = an->record->n_files - 1;
	if (!an->shared)
		an->shared = ARENA_NEW(an->arena, struct shared);
	if (kind != KIND_DIVERSIONS) {
		struct shared *shared = an->shared;
		struct read *r = ARENA_NEW(an->arena, struct read);
		*r = (struct read){ kind, s->file, stem_of(rf->path), shared->reads };
		shared->reads = r;
	}
	*state = s;
	return 0;
}

/* Of what normalized paths are made. */
static bool is_plain(struct str path)
{
	if (path.n == 0 || path.p[path.n - 1] == '/' || str_find_char(path, '\0') >= 0)
		return false;
	const char *p = path.p, *end = p + path.n;
	for (; p; p = memchr(p, '/', (size_t)(end - p)), p = p ? p + 1 : NULL) {
		size_t left = (size_t)(end - p);
		bool dot = p[0] == '.';
		if (left == 0 || p[0] == '/' || (dot && (left == 1 || p[1] == '/')) ||
		    (dot && p[1] == '.' && (left == 2 || p[2] == '/')))
			return false;
	}
	return true;
}

static int add_owned(struct state *s, struct str path, const unsigned char *sum, struct err *e)
{
	struct shared *shared = s->an->shared;
	struct record_file *f = &s->an->record->files[s->file];
	if (path.n > s->an->limits->path_bytes || !is_plain(path)) {
		s->skipped++;
		return 0;
	}
	if (++shared->owned > s->an->limits->owned_files)
		return err_set(e, ERR_LIMIT, "packages own more files than owned_files, %llu",
			       (unsigned long long)s->an->limits->owned_files);
	*ARENA_PUSH(s->an->arena, f->owned, f->n_owned, f->owned_cap) = (struct owned_file){
		.path = path, .sum = sum, .alg = sum ? DIGEST_MD5 : DIGEST_NONE
	};
	return 0;
}

static int list_line(struct state *s, struct str line, struct err *e)
{
	struct record_file *f = &s->an->record->files[s->file];
	if (line.n == 0 || line.p[0] != '/' || str_eq(line, S("/.")))
		return 0;
	/* The first thing in a directory comes right behind it. */
	if (f->n_owned && s->previous.n && line.n > s->previous.n && line.p[s->previous.n] == '/' &&
	    str_starts(line, s->previous)) {
		f->n_owned--;
		((struct shared *)s->an->shared)->owned--;
	}
	size_t before = f->n_owned;
	int r = add_owned(s, str_from(line, 1), NULL, e);
	s->previous = f->n_owned > before ? line : S("");
	return r;
}

static int nibble(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The sum replaces its own text: the line is ours. */
static int sums_line(struct state *s, struct str line, struct err *e)
{
	unsigned char *p = (unsigned char *)(uintptr_t)line.p;
	if (line.n < MD5_HEX + 2 || p[MD5_HEX] != ' ') {
		s->skipped += line.n > 0;
		return 0;
	}
	for (size_t i = 0; i < MD5_BYTES; i++) {
		int hi = nibble(p[2 * i]), lo = nibble(p[2 * i + 1]);
		if (hi < 0 || lo < 0) {
			s->skipped++;
			return 0;
		}
		p[i] = (unsigned char)(hi << 4 | lo);
	}
	struct str path = str_from(line, MD5_HEX + 1);
	if (path.p[0] == ' ' || path.p[0] == '*')
		path = str_from(path, 1);
	if (str_starts(path, S("./")))
		path = str_from(path, 2);
	else if (str_starts(path, S("/")))
		path = str_from(path, 1);
	return add_owned(s, path, p, e);
}

/* Three lines each: from, to, package (":" for the administrator). Kept as from -> "package to". */
static int diversions_line(struct state *s, struct str line, struct err *e)
{
	struct shared *shared = s->an->shared;
	if (s->n_triple < 2) {
		s->triple[s->n_triple++] = str_starts(line, S("/")) ? str_from(line, 1) : S("");
		return 0;
	}
	s->n_triple = 0;
	if (!is_plain(s->triple[0]) || !is_plain(s->triple[1]) || str_find_char(line, ' ') >= 0) {
		s->skipped++;
		return 0;
	}
	if (++shared->owned > s->an->limits->owned_files)
		return err_set(e, ERR_LIMIT, "too many diversions");
	record_add_attr(s->an->arena, &s->an->record->files[s->file], s->triple[0],
			arena_printf(s->an->arena, "%.*s %.*s", STR(line), STR(s->triple[1])));
	return 0;
}

static int on_line(void *ctx, struct str line, struct err *e)
{
	struct state *s = ctx;
	/* What is not joined lies in feed's copy of the chunk. */
	if (s->lines.joined)
		line = arena_str(s->an->arena, line);
	if (s->lines.cut) {
		s->skipped++;
		s->previous = S("");
		s->n_triple = s->kind == KIND_DIVERSIONS ? (s->n_triple + 1) % 3 : 0;
		return 0;
	}
	switch (s->kind) {
	case KIND_LIST:
		return list_line(s, line, e);
	case KIND_SUMS:
		return sums_line(s, line, e);
	default:
		return diversions_line(s, line, e);
	}
}

static int feed(struct analysis *an, void *state, struct str chunk, struct err *e)
{
	struct state *s = state;
	return s ? lines_feed(&s->lines, arena_str(an->arena, chunk), e) : 0;
}

static int end(struct analysis *an, void *state, const struct file *f, const struct whole *whole,
	       struct err *e)
{
	struct state *s = state;
	(void)whole;
	int r = s ? lines_end(&s->lines, e) : 0;
	if (r == 0 && s && s->skipped)
		record_add_note(
			an->arena, an->record, an->limits, f->path,
			arena_printf(an->arena, "%zu lines name no file of a package", s->skipped));
	return r;
}

/* Drops from a list what its sums name. */
static void drop_summed(struct record_file *list, const struct record_file *sums)
{
	struct arena scratch = { 0 };
	struct map have;
	size_t kept = 0;
	map_init(&have, &scratch);
	for (size_t i = 0; i < sums->n_owned; i++)
		*map_at(&have, sums->owned[i].path) = &have;
	for (size_t i = 0; i < list->n_owned; i++)
		if (!map_get(&have, list->owned[i].path))
			list->owned[kept++] = list->owned[i];
	list->n_owned = kept;
	arena_done(&scratch);
}

static int finish(struct analysis *an, struct err *e)
{
	struct shared *shared = an->shared;
	struct map by_stem;
	(void)e;
	if (!shared)
		return 0;
	map_init(&by_stem, an->arena);
	for (struct read *r = shared->reads; r; r = r->next)
		if (r->kind == KIND_SUMS)
			*map_at(&by_stem, r->stem) = r;
	for (struct read *r = shared->reads; r; r = r->next) {
		struct read *sums = r->kind == KIND_LIST ? map_get(&by_stem, r->stem) : NULL;
		if (sums)
			drop_summed(&an->record->files[r->file], &an->record->files[sums->file]);
	}
	return 0;
}

/* The join */

struct owner { /* a package and what says which files it owns */
	struct package *package;
	const struct record_file *list, *sums;
	struct owner *next; /* of the same name */
};
struct diversion {
	struct str to, by;
};
struct joined {
	const struct fold *fold;
	struct inventory *inv;
	struct map owners; /* database path, NUL, name -> owners of all architectures */
	struct map diversions;
	struct str dir, resolved; /* the last directory and where it really is */
};

static struct str owner_key(struct arena *a, struct str database, struct str name)
{
	size_t n = database.n + 1 + name.n;
	struct buf b = { arena_alloc(a, n), 0, n };
	buf_add_str(&b, database);
	buf_add_char(&b, '\0');
	buf_add_str(&b, name);
	return str_buf(&b);
}

static void collect_owners(struct joined *j, struct arena *a)
{
	for (size_t i = 0; i < j->inv->n_packages; i++) {
		struct package *p = &j->inv->packages[i];
		if (!str_eq(p->analyzer, S("dpkg")))
			continue;
		struct owner *o = ARENA_NEW(a, struct owner);
		bool single = str_find(p->path, S("/status.d/")) >= 0;
		void **at = map_at(&j->owners, owner_key(a, p->path, single ? S("") : p->name));
		*o = (struct owner){ .package = p, .next = *at };
		*at = o;
	}
}

static void collect_diversions(struct joined *j, const struct record_file *f)
{
	for (size_t i = 0; i < f->n_attrs; i++) {
		struct str to = f->attrs[i].value, by = str_cut(&to, ' ');
		struct diversion *d = ARENA_NEW(j->diversions.arena, struct diversion);
		*d = (struct diversion){ to, by };
		*map_at(&j->diversions, f->attrs[i].key) = d;
	}
}

/* "D/info/NAME[:ARCH].list" belongs to a package of D/status, "D/status.d/X.md5sums" to those of D/status.d/X. */
static void attach(struct joined *j, struct arena *a, const struct folded_file *ff)
{
	struct str stem = stem_of(ff->path), name = { 0 }, arch = { 0 }, database = stem;
	ssize_t slash = str_rfind_char(stem, '/');
	if (slash >= 0 && str_ends(str_upto(stem, (size_t)slash), S("/info"))) {
		arch = str_from(stem, (size_t)slash + 1);
		name = str_cut(&arch, ':');
		database = arena_printf(a, "%.*s/status",
					STR(str_upto(stem, (size_t)slash - S("/info").n)));
	}
	for (struct owner *o = map_get(&j->owners, owner_key(a, database, name)); o; o = o->next) {
		if (arch.n && !str_eq(arch, o->package->arch))
			continue;
		if (kind_of(ff->path) == KIND_LIST)
			o->list = ff->file;
		else
			o->sums = ff->file;
	}
}

/* Where the container has the file that the package calls so. */
static struct str place(struct joined *j, struct str path, struct str package)
{
	struct diversion *d = j->diversions.n ? map_get(&j->diversions, path) : NULL;
	if (d && !str_eq(d->by, package))
		path = d->to;
	ssize_t slash = str_rfind_char(path, '/');
	if (slash <= 0 || !j->fold->tree)
		return path;
	struct str dir = str_upto(path, (size_t)slash);
	if (!str_eq(dir, j->dir)) {
		struct str real = fold_resolve(j->fold, dir);
		j->dir = dir;
		j->resolved = real.n ? real : dir;
	}
	if (str_eq(j->resolved, dir))
		return path;
	struct arena *a = j->inv->arena;
	size_t n = j->resolved.n + path.n - dir.n;
	char *p = arena_alloc(a, n);
	memcpy(p, j->resolved.p, j->resolved.n);
	memcpy(p + j->resolved.n, path.p + dir.n, path.n - dir.n);
	return (struct str){ p, n };
}

static void give(struct joined *j, struct owner *o)
{
	struct package *p = o->package;
	size_t n_sums = o->sums ? o->sums->n_owned : 0, n_list = o->list ? o->list->n_owned : 0,
	       n = 0;
	struct owned_file *v = arena_array(j->inv->arena, p->n_owned + n_sums + n_list, sizeof *v);
	for (size_t i = 0; i < p->n_owned; i++)
		v[n++] = p->owned[i];
	for (size_t i = 0; i < n_sums; i++)
		v[n++] = o->sums->owned[i];
	struct arena scratch = { 0 };
	struct map have;
	map_init(&have, &scratch);
	/* Configuration files are in the list too; sums of another layer may be. */
	for (size_t i = 0; n_list && i < n; i++)
		*map_at(&have, v[i].path) = &have;
	for (size_t i = 0; i < n_list; i++)
		if (!map_get(&have, o->list->owned[i].path))
			v[n++] = o->list->owned[i];
	arena_done(&scratch);
	for (size_t i = 0; i < n; i++)
		v[i].path = place(j, v[i].path, p->name);
	p->owned = v;
	p->n_owned = n;
}

static int join(const struct fold *f, struct inventory *inv, struct err *e)
{
	struct arena scratch = { 0 };
	struct joined j = { .fold = f, .inv = inv };
	(void)e;
	map_init(&j.owners, &scratch);
	map_init(&j.diversions, &scratch);
	collect_owners(&j, &scratch);
	for (size_t i = 0; j.owners.n && i < f->n_files; i++) {
		if (!str_eq(f->files[i].file->analyzer, S("dpkg_files")))
			continue;
		if (kind_of(f->files[i].path) == KIND_DIVERSIONS)
			collect_diversions(&j, f->files[i].file);
		else
			attach(&j, &scratch, &f->files[i]);
	}
	for (size_t i = 0; i < j.owners.cap; i++)
		for (struct owner *o = j.owners.slots[i].value; o; o = o->next)
			give(&j, o);
	arena_done(&scratch);
	return 0;
}

static const char *const patterns[] = {
	"var/lib/dpkg/info/*.list",	   "var/lib/dpkg/info/*.md5sums",
	"var/lib/dpkg/status.d/*.md5sums", "var/lib/dpkg/diversions",
	"var/lib/dpkg/updates/[0-9]*",	   NULL,
};

const struct analyzer analyzer_dpkg_files = {
	.name = "dpkg_files",
	.version = 1,
	.database = true,
	.patterns = patterns,
	.begin = begin,
	.feed = feed,
	.end = end,
	.finish = finish,
	.join = join,
};
