/* Projects that ask for packages and lock none: package.json, Cargo.toml, Gemfile, build.gradle and others, where no lockfile
 * stands beside them or in a folder above. What such a project would install is not in its files, and that is said, so that
 * a folder without findings is not taken for one without trouble. In folders only, as lockfiles are.
 *
 * The manifest is not parsed: it asks for something when a word of the table is in its beginning. Hostile input: any bytes,
 * of which so many are looked at; so many such files are told of. Not seen: what scripts install. */
#include "analyze/fold.h"
#include "analyze/inventory.h"
#include "analyze/lock.h"

enum { LOOKED_AT = 1 << 20, TOLD_MAX = 1000, WORDS = 4, LOCKS = 8 };

/* clang-format off */
static const struct project {
	const char *name;
	const char *words[WORDS];       /* one of them says that it asks for packages */
	const char *locks[LOCKS];       /* what tells which; with '/' at the end: anything found in that folder */
} projects[] = {
#define WORDS_OF(...) { __VA_ARGS__ }
#define MANIFEST(name_, words_, ...) { name_, WORDS_OF words_, { __VA_ARGS__ } },
#include "analyze/unlocked.def"
#undef MANIFEST
};
/* clang-format on */

static const char *const patterns[] = {
#define MANIFEST(name, words, ...) name,
#include "analyze/unlocked.def"
#undef MANIFEST
	NULL
};

static const struct project *project_of(struct str path)
{
	struct str name = str_from(path, (size_t)(str_rfind_char(path, '/') + 1));
	for (size_t i = 0; i < COUNT(projects); i++)
		if (str_glob(str_of(projects[i].name), name))
			return &projects[i];
	return NULL;
}

static int end(struct analysis *an, void *state, const struct file *f, const struct whole *whole,
	       struct err *e)
{
	const struct project *m = project_of(f->path);
	size_t n = (size_t)MIN(whole->size, (uint64_t)LOOKED_AT);
	struct buf copy CLEANUP(buf_done) = { 0 };
	struct str text = str_upto(whole->mem, n);
	(void)state;
	if (whole->fd >= 0) {
		buf_reserve(&copy, n);
		if (whole_read(whole, 0, copy.p, n, e))
			return e->code;
		text = (struct str){ copy.p, n };
	}
	for (size_t i = 0; m && i < WORDS && m->words[i]; i++)
		if (str_find(text, str_of(m->words[i])) >= 0) {
			record_add_file(an->arena, an->record, f->path, "unlocked", f->size);
			break;
		}
	return 0;
}

/* The first file at or below `path`. */
static bool any_below(const struct fold *f, struct str path)
{
	size_t lo = 0, hi = f->n_files;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (str_cmp(f->files[mid].path, path) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < f->n_files && str_starts(f->files[lo].path, path);
}

/* Workspaces are locked by their root. */
static bool is_locked(const struct fold *f, const struct project *m, struct str path)
{
	struct str folder = path;
	do {
		folder = path_parent(folder);
		for (size_t i = 0; i < LOCKS && m->locks[i]; i++) {
			struct str lock = path_join(f->arena, folder, str_of(m->locks[i]));
			if (str_ends(lock, S("/")) ? any_below(f, lock)
						   : fold_find(f, lock, NULL) != NULL)
				return true;
		}
	} while (folder.n);
	return false;
}

static int join(const struct fold *f, struct inventory *inv, struct err *e)
{
	size_t n = 0;
	(void)e;
	for (size_t i = 0; i < f->n_files; i++) {
		const struct folded_file *file = &f->files[i];
		const struct project *m = project_of(file->path);
		if (!m || !str_eq(file->file->analyzer, S("unlocked")) ||
		    is_locked(f, m, file->path))
			continue;
		if (n++ < TOLD_MAX)
			inventory_note(inv, (ssize_t)file->layer, file->path,
				       "it asks for packages, and no lockfile tells which");
	}
	if (n > TOLD_MAX)
		inventory_note(inv, -1, (struct str){ 0 },
			       "%zu more files ask for packages without a lockfile", n - TOLD_MAX);
	return 0;
}

const struct analyzer analyzer_unlocked = {
	.name = "unlocked",
	.version = 1,
	.lockfile = true,
	.own_paths = true,
	.patterns = patterns,
	.want_whole = true,
	.wants = lock_wants,
	.end = end,
	.join = join,
};
