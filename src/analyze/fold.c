/* The fold: what the running container would see of the files that analyzers have read. fold_tree.c lays the layers over
 * each other; here the result is read off, and what has no body yet is found: hard links into the same or a lower layer,
 * symbolic links to files that no pattern knows, folders that are links to such folders.
 *
 * Hostile layers make links that run in circles or out of the root, and hide a database behind them; every path that an
 * analyzer wants ends up among the files, the missing ones or the notes. */
#include "analyze/fold_tree.h"

static int compare_files(const void *a, const void *b)
{
	const struct folded_file *x = a, *y = b;
	int r = str_cmp(x->path, y->path);
	return r ? r : str_cmp(x->file->analyzer, y->file->analyzer);
}

static void sort_files(struct fold *f)
{
	if (f->n_files)
		qsort(f->files, f->n_files, sizeof *f->files, compare_files);
}

static void push_file(struct fold *f, const struct folded_file *ff)
{
	*ARENA_PUSH(f->arena, f->files, f->n_files, f->files_cap) = *ff;
}

static void push_missing(struct fold *f, struct str path, struct str source, size_t layer,
			 size_t at)
{
	size_t n = sizeof layer + path.n + 1 + source.n;
	struct buf key = { arena_alloc(f->arena, n), 0, n };
	buf_add(&key, &layer, sizeof layer);
	buf_add_str(&key, path);
	buf_add_char(&key, '\0');
	buf_add_str(&key, source);
	void **known = map_at(&f->tree->missing, str_buf(&key));
	if (*known)
		return;
	*known = f;
	*ARENA_PUSH(f->arena, f->missing, f->n_missing, f->missing_cap) =
		(struct fold_missing){ .path = path, .source = source, .layer = layer, .at = at };
}

/* Bodies of hard links */
struct body {
	size_t layer;
	struct str raw;
};

static const struct record_link *hard_link_at(const struct fold *f, size_t layer, struct str raw)
{
	return tree_spend(f, 1) ? map_get(&tree_index(f, layer)->links, raw) : NULL;
}

/* From a path in a layer to the one that has the bytes: hard links name a path of the same layer or of one below. */
static bool chase_body(const struct fold *f, struct body *b)
{
	bool is_dir;
	for (uint64_t i = 0; i <= f->limits->link_depth; i++) {
		const struct record_link *l = hard_link_at(f, b->layer, b->raw);
		if (!l)
			return tree_spend(f, 0);
		if (tree_has_path(f->records[b->layer], l->target, &is_dir)) {
			b->raw = l->target;
			if (is_dir)
				return false;
			continue;
		}
		struct str at = S("");
		if (!tree_resolve(f, l->target, false, &at) ||
		    !tree_locate(f, at, b->layer + 1, &b->layer, &b->raw, &is_dir) || is_dir)
			return false;
	}
	return false;
}

/* What analyzers have read already at the body's own path, under the path that the container sees. */
static bool reuse_files(struct fold *f, const struct fold_node *n, const struct body *b)
{
	const struct layer_record *r = f->records[b->layer];
	const struct layer_index *x = tree_index(f, b->layer);
	bool any = false;
	for (const struct analyzer *const *an = f->tree->analyzers; *an; an++)
		if (analyzer_wants(*an, n->path) && !analyzer_wants(*an, b->raw))
			return false;
	for (size_t i = (size_t)(uintptr_t)map_get(&x->files, b->raw); i; i = x->next[i - 1]) {
		const struct record_file *file = &r->files[i - 1];
		push_file(f, &(struct folded_file){ file, n->path, n->layer, b->layer, NULL });
		any = true;
	}
	return any;
}

static void read_bodiless(struct fold *f, const struct fold_node *n)
{
	struct body b = { n->layer, n->target };
	if (!tree_wants(f, n->path))
		return;
	if (n->hard)
		b.raw = n->path;
	if (n->hard && !hard_link_at(f, n->layer, b.raw)) {
		/* The link's own path goes through a symbolic one: start from its target. */
		bool is_dir;
		b.raw = n->target;
		if (!tree_has_path(f->records[b.layer], b.raw, &is_dir) &&
		    !tree_locate(f, b.raw, n->layer, &b.layer, &b.raw, &is_dir)) {
			fold_note(f, (ssize_t)n->layer, n->path,
				  "the target of a hard link is not there");
			return;
		}
	}
	if (!chase_body(f, &b)) {
		fold_note(f, (ssize_t)n->layer, n->path, "the target of a hard link is not there");
		return;
	}
	if (!n->hard || !reuse_files(f, n, &b))
		push_missing(f, n->path, b.raw, b.layer, n->layer);
}

static bool has_analyzer(const struct fold_node *n, const char *analyzer)
{
	for (const struct fold_seen *s = n->files; s; s = s->next)
		if (str_eq(s->f.file->analyzer, str_of(analyzer)))
			return true;
	return false;
}

/* The analyzer wants this path, and it may be a link or lie behind one. */
static void follow_wanted(struct fold *f, const struct analyzer *an, struct str path)
{
	struct str at = S("");
	struct body b;
	bool is_dir;
	if (!tree_resolve(f, path, true, &at)) {
		fold_note(f, -1, path, "too many symbolic links (limit link_depth or path_bytes)");
		return;
	}
	if (str_eq(at, path) || at.n == 0)
		return;
	const struct fold_node *n = tree_find(f, at), *own = tree_find(f, path);
	if (n &&
	    (has_analyzer(n, an->name) || (n->kind == NODE_BODILESS && analyzer_wants(an, at))))
		return;
	if (!tree_locate(f, at, f->n_layers, &b.layer, &b.raw, &is_dir) || is_dir)
		return;
	size_t layer = own ? MAX(own->layer, b.layer) : b.layer;
	if (chase_body(f, &b))
		push_missing(f, path, b.raw, b.layer, layer);
	else
		fold_note(f, (ssize_t)b.layer, path, "the target of a hard link is not there");
}

static bool has_pattern_in(const struct analyzer *an, struct str folder, struct str rest)
{
	for (const char *const *p = an->patterns; *p; p++) {
		struct str s = str_of(*p);
		if (s.n == folder.n + rest.n && str_starts(s, folder) && str_ends(s, rest))
			return true;
	}
	return false;
}

/* A pattern with wildcards in a folder that is elsewhere: its names are not known, so the whole folder is read again. */
static void follow_folder(struct fold *f, const struct analyzer *an, const char *pattern,
			  struct str folder)
{
	struct str at = S("");
	bool is_dir;
	if (!tree_resolve(f, folder, true, &at)) {
		fold_note(f, -1, folder,
			  "too many symbolic links (limit link_depth or path_bytes)");
		return;
	}
	struct str below = arena_printf(f->arena, "%.*s/", STR(at));
	if (str_eq(at, folder) || at.n == 0 ||
	    has_pattern_in(an, at, str_from(str_of(pattern), folder.n)))
		return;
	for (size_t i = 0; i < f->n_layers; i++)
		if (f->records[i] && ((tree_has_path(f->records[i], at, &is_dir) && is_dir) ||
				      tree_has_path(f->records[i], below, &is_dir)))
			push_missing(f, arena_printf(f->arena, "%.*s/", STR(folder)), below, i, i);
}

static void follow_patterns(struct fold *f, const struct analyzer *an)
{
	struct str path;
	for (const char *const *p = an->patterns; *p; p++) {
		if (pattern_literal(*p, &path))
			follow_wanted(f, an, path);
		else if (pattern_folder(*p, &path))
			follow_folder(f, an, *p, path);
	}
}

static void follow_link(struct fold *f, const struct fold_node *n)
{
	if (!tree_wants(f, n->path))
		return;
	for (const struct analyzer *const *an = f->tree->analyzers; *an; an++)
		if (analyzer_wants(*an, n->path))
			follow_wanted(f, *an, n->path);
}

/* Companions */
static bool is_companion(const struct analyzer *an, struct str path)
{
	for (const char *const *c = an->companions; *c; c += 2)
		if (str_ends(path, str_of(c[1])))
			return true;
	return false;
}

static void pair_file(struct fold *f, const struct analyzer *an, const struct folded_file *ff)
{
	for (const char *const *c = an->companions; *c; c += 2) {
		struct str first = str_of(c[0]), at = S(""), raw;
		size_t layer;
		bool is_dir;
		if (!str_ends(ff->path, first) || is_companion(an, ff->path))
			continue;
		struct str path = arena_printf(f->arena, "%.*s%s", (int)(ff->path.n - first.n),
					       ff->path.p, c[1]);
		if (!tree_resolve(f, path, true, &at) ||
		    !tree_locate(f, at, f->n_layers, &layer, &raw, &is_dir) || is_dir ||
		    layer == ff->body)
			continue;
		*ARENA_PUSH(f->arena, f->pairs, f->n_pairs, f->pairs_cap) = (struct fold_pair){
			.path = { ff->path, path },
			.source = { ff->file->path, raw },
			.layer = { ff->body, layer },
		};
	}
}

static void find_pairs(struct fold *f)
{
	for (const struct analyzer *const *an = f->tree->analyzers; *an; an++)
		for (size_t i = 0; (*an)->companions && i < f->n_files; i++)
			if (str_eq(f->files[i].file->analyzer, str_of((*an)->name)))
				pair_file(f, *an, &f->files[i]);
}

void fold_layers(struct fold *f)
{
	tree_init(f);
	for (size_t i = 0; i < f->n_layers; i++)
		if (f->records[i])
			tree_apply(f, i);
	/* Nodes are in the order in which they came up, which depends on the records alone. */
	for (size_t i = 0; i < f->tree->n_nodes; i++) {
		const struct fold_node *n = f->tree->nodes[i];
		for (const struct fold_seen *s = n->kind == NODE_FILES ? n->files : NULL; s;
		     s = s->next)
			push_file(f, &s->f);
		if (n->kind == NODE_BODILESS)
			read_bodiless(f, n);
		else if (n->kind == NODE_LINK)
			follow_link(f, n);
	}
	for (const struct analyzer *const *an = f->tree->analyzers; *an; an++)
		follow_patterns(f, *an);
	sort_files(f);
	find_pairs(f);
	if (!tree_spend(f, 0))
		fold_note(f, -1, S(""),
			  "too many links between the layers: files behind them are not all known");
}

/* Second readings */
struct wanted_again { /* the missing entries of one layer */
	struct map paths; /* -> struct fold_missing, the first of its path */
	struct fold_missing **folders;
	size_t n_folders, folders_cap;
};

static void index_missing(struct fold *f, size_t layer, struct wanted_again *w)
{
	map_init(&w->paths, f->arena);
	for (size_t i = 0; i < f->n_missing; i++) {
		struct fold_missing *m = &f->missing[i];
		if (m->layer != layer)
			continue;
		if (str_ends(m->path, S("/"))) {
			m->found = true;
			*ARENA_PUSH(f->arena, w->folders, w->n_folders, w->folders_cap) = m;
			continue;
		}
		void **first = map_at(&w->paths, m->path);
		if (!*first)
			*first = m;
	}
}

/* A whole folder was read: what upper layers have hidden or replaced does not count. */
static struct fold_missing *missing_at(const struct fold *f, const struct wanted_again *w,
				       struct str path, size_t layer)
{
	struct fold_missing *m = map_get(&w->paths, path);
	struct str at = S("");
	size_t have;
	for (size_t i = 0; !m && i < w->n_folders; i++)
		if (str_starts(path, w->folders[i]->path) && tree_resolve(f, path, true, &at) &&
		    fold_path_layer(f, at, &have) && have == layer)
			m = w->folders[i];
	return m;
}

static const struct folded_file *prior_of(const struct fold *f, struct str path,
					  struct str analyzer)
{
	const struct fold_node *n = tree_find(f, path);
	for (const struct fold_seen *s = n && n->kind == NODE_BODILESS ? n->prior : NULL; s;
	     s = s->next)
		if (str_eq(s->f.file->analyzer, analyzer))
			return &s->f;
	return NULL;
}

static struct folded_file *find_file(const struct fold *f, struct str path, struct str analyzer)
{
	size_t lo = 0, hi = f->n_files;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int r = str_cmp(f->files[mid].path, path);
		if (r == 0 && analyzer.n)
			r = str_cmp(f->files[mid].file->analyzer, analyzer);
		if (r == 0)
			return &f->files[mid];
		if (r < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

void fold_add(struct fold *f, size_t layer, const struct layer_record *again)
{
	struct wanted_again w = { 0 };
	size_t known = f->n_files;
	index_missing(f, layer, &w);
	for (size_t j = 0; j < again->n_files; j++) {
		const struct record_file *file = &again->files[j];
		struct fold_missing *m = missing_at(f, &w, file->path, layer);
		if (!m)
			continue;
		const struct folded_file *older = prior_of(f, file->path, file->analyzer);
		push_file(f, &(struct folded_file){ file, file->path, m->at, layer, older });
		m->found = true;
	}
	if (f->n_files > known)
		sort_files(f);
}

void fold_add_pair(struct fold *f, struct fold_pair *pair, const struct layer_record *again)
{
	for (size_t j = 0; j < again->n_files; j++) {
		const struct record_file *file = &again->files[j];
		struct folded_file *ff = find_file(f, file->path, file->analyzer);
		if (!ff || !str_eq(file->path, pair->path[0]))
			continue;
		struct folded_file *older = ARENA_NEW(f->arena, struct folded_file);
		*older = *ff;
		size_t layer = MAX(pair->layer[0], pair->layer[1]);
		*ff = (struct folded_file){ file, ff->path, layer, pair->layer[0],
					    older->layer < layer ? older : older->older };
		pair->found = true;
	}
}

/* Questions */
const struct folded_file *fold_find(const struct fold *f, struct str path, const char *analyzer)
{
	return find_file(f, path, analyzer ? str_of(analyzer) : S(""));
}

struct str fold_resolve(const struct fold *f, struct str path)
{
	struct str at = S("");
	tree_resolve(f, path, true, &at);
	return at;
}

bool fold_path_layer(const struct fold *f, struct str path, size_t *layer)
{
	struct str raw;
	bool is_dir;
	return tree_locate(f, path, f->n_layers, layer, &raw, &is_dir);
}

const struct folded_file *fold_older(const struct fold *f, const struct folded_file *file)
{
	(void)f;
	return file->older;
}
