/* Licence files: LICENSE, COPYING, NOTICE and their like, Debian's usr/share/doc/PACKAGE/copyright. What they say becomes
 * marks of kind "licence": a rule is an expression of a known text, or what a field of a copyright file says, as it is.
 * After the fold the texts find their packages: by Debian's folder (links to another package's folder are followed), by
 * the folder of a package's metadata, by what a package says it owns.
 *
 * A hostile layer may hold a million such files: each is bounded in size, and so is what is kept of it. */
#include "analyze/licence.h"

#include "analyze/analyzer.h"
#include "analyze/fold.h"
#include "analyze/licence_match.h"

enum { MARKS_MAX = 100 };

static bool wants(const struct file *f, struct str head)
{
	/* What begins like a licence's name and is a program, a page or a picture. */
	static const char *const others[] = { ".js",  ".ts",  ".py",   ".pyc",	 ".c",	  ".h",
					      ".go",  ".rb",  ".java", ".class", ".json", ".html",
					      ".svg", ".png", ".so",   ".yml",	 ".yaml", ".xml",
					      ".css", ".gz",  ".rs",   ".tsx",	 ".mjs",  ".cjs",
					      ".map", ".php", ".sh",   ".spdx" };
	(void)head;
	if (f->size == 0 || str_starts(f->path, S("usr/share/common-licenses/")))
		return false;
	for (size_t i = 0; i < COUNT(others); i++)
		if (str_ends(f->path, str_of(others[i])))
			return false;
	return true;
}

/* "SPDX-License-Identifier: MIT" */
static void take_tag(struct str text, struct arena *a, struct strs *out)
{
	ssize_t at = str_find(text, S("SPDX-License-Identifier:"));
	struct str line;
	if (at < 0)
		return;
	text = str_from(text, (size_t)at + 24);
	if (str_line(&text, &line) && str_trim(line).n && line.n < 200)
		*ARENA_PUSH(a, out->v, out->n, out->cap) = arena_str(a, str_trim(line));
}

static int read_body(const struct whole *w, struct buf *room, struct str *out, struct err *e)
{
	if (w->size > LICENCE_TEXT_MAX)
		return err_set(e, ERR_LIMIT, "larger than %d bytes", LICENCE_TEXT_MAX);
	if (w->fd < 0) {
		*out = w->mem;
		return 0;
	}
	buf_reserve(room, (size_t)w->size);
	room->n = (size_t)w->size;
	*out = str_buf(room);
	return whole_read(w, 0, room->p, room->n, e);
}

static int end(struct analysis *an, void *state, const struct file *f, const struct whole *whole,
	       struct err *e)
{
	struct buf room CLEANUP(buf_done) = { 0 };
	struct strs found = { 0 };
	struct str text;
	(void)state;
	if (read_body(whole, &room, &text, e))
		return e->code;
	if (!an->shared)
		an->shared = licence_matcher_open(an->arena);
	bool debian = str_ends(f->path, S("/copyright"));
	if (!debian || !licence_debian(text, an->arena, &found)) {
		take_tag(text, an->arena, &found);
		licence_match(an->shared, text, an->arena, &found);
	}
	if (found.n == 0)
		return 0;
	struct record_file *rf =
		record_add_file(an->arena, an->record, f->path, "licence_text", f->size);
	for (size_t i = 0; i < MIN(found.n, (size_t)MARKS_MAX); i++)
		record_add_mark(an->arena, rf, "licence", found.v[i], S(""), 0, 0);
	return 0;
}

static const char *const patterns[] = { "LICENSE*",
					"LICENCE*",
					"COPYING*",
					"NOTICE*",
					"UNLICENSE*",
					"License*",
					"Copying*",
					"license",
					"licence",
					"copying",
					"license.txt",
					"license.md",
					"licence.txt",
					"licence.md",
					"usr/share/doc/*/copyright",
					"usr/share/licenses/*/*",
					NULL };

const struct analyzer analyzer_licence_text = {
	.name = "licence_text",
	.version = 1,
	.scanners = SCAN_LICENCES,
	.own_paths = true,
	.want_whole = true,
	.patterns = patterns,
	.wants = wants,
	.end = end,
};

/* After the fold */
struct collecting {
	const struct fold *fold;
	struct inventory *inv;
	struct licences names;
	struct map texts; /* path -> its place in inv->licence_texts + 1 */
	struct strs *says; /* of each text */
};

static void collect_texts(struct collecting *c)
{
	struct inventory *inv = c->inv;
	size_t cap = 0, n = 0;
	for (size_t i = 0; i < c->fold->n_files; i++) {
		const struct folded_file *ff = &c->fold->files[i];
		const struct record_file *f = ff->file;
		struct strs says = { 0 };
		if (!str_eq(f->analyzer, S("licence_text")))
			continue;
		for (size_t k = 0; k < MIN(f->n_marks, (size_t)MARKS_MAX); k++)
			*ARENA_PUSH(inv->arena, says.v, says.n, says.cap) = f->marks[k].rule;
		struct str expression = licence_all(&c->names, &says);
		if (expression.n == 0)
			continue;
		*ARENA_PUSH(inv->arena, c->says, n, cap) = says;
		*ARENA_PUSH(inv->arena, inv->licence_texts, inv->n_licence_texts,
			    inv->licence_texts_cap) =
			(struct licence_text){ ff->path, expression, -1, ff->layer };
		*map_at(&c->texts, ff->path) = (void *)inv->n_licence_texts;
	}
}

/* What the text says becomes the package's, where its record says nothing. */
static void give(struct collecting *c, size_t package, void *slot)
{
	struct package *p = &c->inv->packages[package];
	size_t text = (size_t)slot - 1;
	struct licence_text *t = &c->inv->licence_texts[text];
	if (t->package < 0)
		t->package = (ssize_t)package;
	if (p->licences.n)
		return;
	p->licences = c->says[text];
	p->licence = t->expression;
}

static void give_debian(struct collecting *c, size_t i)
{
	struct arena *a = c->inv->arena;
	struct str path =
		arena_printf(a, "usr/share/doc/%.*s/copyright", STR(c->inv->packages[i].name));
	void *slot = map_get(&c->texts, path);
	if (!slot)
		slot = map_get(&c->texts, fold_resolve(c->fold, path));
	if (slot)
		give(c, i, slot);
}

static struct str folder_of(struct str path)
{
	ssize_t slash = str_rfind_char(path, '/');
	return str_upto(path, (size_t)MAX(slash, (ssize_t)0));
}

/* The folder that is a package's own; empty when it has none. */
static struct str own_folder(struct arena *a, const struct package *p)
{
	static const char *const metadata[] = { "package.json", "METADATA", "PKG-INFO" };
	struct str name = str_from(p->path, (size_t)(str_rfind_char(p->path, '/') + 1));
	for (size_t i = 0; i < COUNT(metadata); i++)
		if (str_eq(name, str_of(metadata[i])))
			return folder_of(p->path);
	ssize_t at = str_find(p->path, S("specifications/"));
	if (!str_ends(name, S(".gemspec")) || at < 0)
		return S("");
	return arena_printf(a, "%.*sgems/%.*s", STR(str_upto(p->path, (size_t)at)),
			    STR(str_upto(name, name.n - 8)));
}

static void give_folders(struct collecting *c)
{
	struct map folders;
	map_init(&folders, c->inv->arena);
	for (size_t i = 0; i < c->inv->n_packages; i++) {
		struct str folder = own_folder(c->inv->arena, &c->inv->packages[i]);
		void **slot = folder.n ? map_at(&folders, folder) : NULL;
		if (slot && !*slot)
			*slot = (void *)(i + 1);
	}
	for (size_t i = 0; i < c->inv->n_licence_texts; i++) {
		struct str folder = folder_of(c->inv->licence_texts[i].path);
		void *package = map_get(&folders, folder);
		if (!package &&
		    (str_ends(folder, S("/licenses")) || str_ends(folder, S("/LICENSES"))))
			package = map_get(&folders, folder_of(folder));
		if (package)
			give(c, (size_t)package - 1, (void *)(i + 1));
	}
}

static void give_owned(struct collecting *c)
{
	for (size_t i = 0; i < c->inv->n_packages; i++) {
		const struct package *p = &c->inv->packages[i];
		for (size_t k = 0; k < p->n_owned; k++) {
			void *slot = map_get(&c->texts, p->owned[k].path);
			if (slot)
				give(c, i, slot);
		}
	}
}

void licence_collect(const struct fold *f, struct inventory *inv)
{
	struct collecting c = { .fold = f, .inv = inv };
	licences_init(&c.names, inv->arena);
	map_init(&c.texts, inv->arena);
	collect_texts(&c);
	for (size_t i = 0; i < inv->n_packages; i++) {
		struct package *p = &inv->packages[i];
		if (inv->n_licence_texts && str_eq(p->type, S("deb")))
			give_debian(&c, i);
	}
	if (inv->n_licence_texts) {
		give_folders(&c);
		give_owned(&c);
	}
	for (size_t i = 0; i < inv->n_packages; i++) {
		struct package *p = &inv->packages[i];
		if (p->licence.n == 0 && p->licences.n)
			p->licence = licence_of_package(&c.names, p->type, &p->licences);
	}
}
