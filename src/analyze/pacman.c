/* Pacman's database, var/lib/pacman/local/NAME-VERSION/: `desc` says what the package is, sections of "%KEY%" and one
 * value a line up to an empty line (alpm's be_local.c); `mtree` is a gzipped list of its files in mtree(5), with digests:
 *
 *	/set type=file uid=0 gid=0 mode=644
 *	./usr/bin/ls time=1.0 mode=755 size=5 md5digest=... sha256digest=...
 *
 * Names there have other bytes as "\ooo". A join gives the list to the package beside it.
 *
 * Hostile input: sections given twice (the first counts), lists that inflate without end (MTREE_MAX, owned_files), paths
 * out of the root (left out, a note). ".PKGINFO" and its like at the top are of the package itself. */
#include "analyze/fold.h"
#include "analyze/inventory.h"
#include "analyze/lines.h"
#include "analyze/listing.h"

enum { MTREE_MAX = 256 << 20, MTREE_RATIO = 200, LINE_MAX_BYTES = 16 << 10 };
static const char name_of_this[] = "pacman";

struct shared {
	uint64_t owned;
};

/* desc */

struct desc {
	struct str name, version, base, arch, packager;
	struct strs licences, depends, provides;
};

static void put(struct arena *a, struct desc *d, struct str key, struct str value)
{
	const struct {
		const char *key;
		struct str *to;
	} single[] = {
		{ "NAME", &d->name }, { "VERSION", &d->version },   { "BASE", &d->base },
		{ "ARCH", &d->arch }, { "PACKAGER", &d->packager },
	};
	const struct {
		const char *key;
		struct strs *to;
	} lists[] = {
		{ "LICENSE", &d->licences },
		{ "DEPENDS", &d->depends },
		{ "PROVIDES", &d->provides },
	};
	for (size_t i = 0; i < COUNT(single); i++)
		if (str_eq(key, str_of(single[i].key)) && !single[i].to->n)
			*single[i].to = arena_str(a, value);
	for (size_t i = 0; i < COUNT(lists); i++)
		if (str_eq(key, str_of(lists[i].key)))
			*ARENA_PUSH(a, lists[i].to->v, lists[i].to->n, lists[i].to->cap) =
				arena_str(a, value);
}

static int read_desc(struct listing *l, struct str text, struct err *e)
{
	struct arena *a = l->an->arena;
	struct desc d = { 0 };
	struct str line, key = { 0 };
	while (str_line(&text, &line)) {
		bool head = line.n > 2 && line.p[0] == '%' && line.p[line.n - 1] == '%';
		if (line.n == 0)
			key = (struct str){ 0 };
		else if (!key.n && head)
			key = str_from(str_upto(line, line.n - 1), 1);
		else if (!key.n)
			return err_set(e, ERR_INVALID, "pacman: a value without a key");
		else
			put(a, &d, key, line);
	}
	if (!d.name.n || !d.version.n)
		return err_set(e, ERR_INVALID, "pacman: it states no %s",
			       d.name.n ? "version" : "name");
	struct record_package *p = listing_add(l, d.name, d.version);
	if (p == &l->scrap)
		return err_set(e, ERR_INVALID, "pacman: no plain name or version");
	p->arch = d.arch;
	if (d.base.n)
		p->source_name = d.base;
	p->licences = d.licences;
	p->depends = d.depends;
	p->provides = d.provides;
	listing_set(l, p, "maintainer", d.packager);
	return 0;
}

/* mtree */

struct mtree {
	struct analysis *an;
	struct record_file *file;
	size_t skipped;
	bool set_dir; /* "/set type=dir" */
};

static bool unescape(struct arena *a, struct str s, struct str *out)
{
	char *p = arena_alloc(a, s.n);
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++) {
		uint64_t octal;
		p[n] = s.p[i];
		if (s.p[i] == '\\') {
			if (!str_to_u64_base(str_upto(str_from(s, i + 1), 3), 8, 255, &octal))
				return false;
			p[n] = (char)octal;
			i += 3;
		}
		n++;
	}
	*out = (struct str){ p, n };
	return true;
}

static bool is_plain(struct str path)
{
	if (!path.n || str_find_char(path, '\0') >= 0)
		return false;
	while (path.n) {
		struct str part = str_cut(&path, '/');
		if (!part.n || str_eq(part, S(".")) || str_eq(part, S("..")))
			return false;
	}
	return true;
}

static int read_entry(struct mtree *m, struct str line, struct err *e)
{
	struct arena *a = m->an->arena;
	struct shared *shared = m->an->shared;
	struct str word, path, hex = { 0 };
	enum digest_alg alg = DIGEST_NONE;
	bool is_dir = m->set_dir, link = false;
	struct str rest = str_from(line, 2), name = { 0 };
	if (!str_word(&rest, &name))
		return 0;
	while (str_word(&rest, &word)) {
		struct str value = word, key = str_cut(&value, '=');
		if (str_eq(key, S("type"))) {
			is_dir = str_eq(value, S("dir"));
			link = str_eq(value, S("link"));
		} else if (str_eq(key, S("sha256digest"))) {
			hex = value;
			alg = DIGEST_SHA256;
		} else if (str_eq(key, S("md5digest")) && alg == DIGEST_NONE) {
			hex = value;
			alg = DIGEST_MD5;
		}
	}
	bool own = name.p[0] == '.' && str_find_char(name, '/') < 0; /* .PKGINFO, .INSTALL */
	if (own || is_dir || link)
		return 0;
	if (!unescape(a, name, &path) || !is_plain(path) || path.n > m->an->limits->path_bytes) {
		m->skipped++;
		return 0;
	}
	if (++shared->owned > m->an->limits->owned_files)
		return err_set(e, ERR_LIMIT, "packages own more files than owned_files, %llu",
			       (unsigned long long)m->an->limits->owned_files);
	struct record_package fake = { 0 };
	record_add_owned(a, &fake, path, alg, hex);
	*ARENA_PUSH(a, m->file->owned, m->file->n_owned, m->file->owned_cap) = fake.owned[0];
	return 0;
}

static int on_line(void *ctx, struct str line, struct err *e)
{
	struct mtree *m = ctx;
	if (str_starts(line, S("/set ")))
		m->set_dir = str_find(line, S("type=dir")) >= 0;
	return str_starts(line, S("./")) ? read_entry(m, line, e) : 0;
}

static int read_mtree(struct mtree *m, struct str packed, struct err *e)
{
	const struct inflate_limits limits = { .max_out = MTREE_MAX, .max_ratio = MTREE_RATIO };
	struct lines lines = {
		.arena = m->an->arena, .max = LINE_MAX_BYTES, .line = on_line, .ctx = m
	};
	struct stream *in CLEANUP(cleanup_stream) =
		stream_inflate(stream_mem(packed), compression_of(packed), &limits, NULL);
	ssize_t n;
	int r = 0;
	while (r == 0 && (n = stream_fill(in, e)) > 0) {
		r = lines_feed(&lines, (struct str){ (const char *)in->pos, (size_t)n }, e);
		in->pos = in->end;
	}
	if (r == 0 && n < 0)
		r = (int)n;
	return r == 0 ? lines_end(&lines, e) : r;
}

static int end(struct analysis *an, void *state, const struct file *f, const struct whole *whole,
	       struct err *e)
{
	struct listing l;
	struct str text;
	(void)state;
	if (!an->shared)
		an->shared = ARENA_NEW(an->arena, struct shared);
	listing_begin(&l, an, f, name_of_this, "alpm");
	int r = listing_text(&l, whole, &text, e);
	if (r == 0 && str_ends(f->path, S("/desc")))
		return read_desc(&l, text, e);
	struct mtree m = { .an = an, .file = l.file };
	if (r == 0)
		r = read_mtree(&m, text, e);
	if (m.skipped)
		listing_note(&l, "%zu files have impossible names", m.skipped);
	return r < 0 ? err_in(e, "pacman's file list") : 0;
}

/* After the fold */

static int join(const struct fold *fold, struct inventory *inv, struct err *e)
{
	(void)e;
	for (size_t i = 0; i < inv->n_packages; i++) {
		struct package *p = &inv->packages[i];
		if (!str_eq(p->analyzer, S("pacman")))
			continue;
		struct str folder = str_upto(p->path, (size_t)(str_rfind_char(p->path, '/') + 1));
		const struct folded_file *list = fold_find(
			fold, arena_printf(inv->arena, "%.*smtree", STR(folder)), name_of_this);
		if (list && list->file->unreadable.n == 0) {
			p->owned = list->file->owned;
			p->n_owned = list->file->n_owned;
		}
	}
	return 0;
}

static const char *const patterns[] = { "var/lib/pacman/local/*/desc",
					"var/lib/pacman/local/*/mtree", NULL };

const struct analyzer analyzer_pacman = {
	.name = "pacman",
	.version = 1,
	.database = true,
	.patterns = patterns,
	.want_whole = true,
	.end = end,
	.join = join,
};
