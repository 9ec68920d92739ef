/* The tree of the fold. Layers are put on it lowest first: entries of a layer that take the place of what was there,
 * whiteouts (OCI image specification, layer.md), links, files.
 *
 * A record names analyzed files and links by path but everything else only by hash, so the tree is asked "which of your
 * nodes does this layer have too?" rather than built from all paths. Hostile records may hold link cycles, chains,
 * millions of links to one place (all work is counted: FOLD_STEPS_MAX) and paths whose hashes collide: where a hash alone
 * takes analyzed files away, there is a note, so that packages cannot be hidden silently.
 *
 * Not seen: a directory or special file that a layer puts at a path that itself goes through a symbolic link. */
#include "analyze/fold_tree.h"

static struct str hash_key(const uint64_t *hash)
{
	return (struct str){ (const char *)hash, sizeof *hash };
}

struct str path_parent(struct str path)
{
	ssize_t at = str_rfind_char(path, '/');
	return str_upto(path, at < 0 ? 0 : (size_t)at);
}

struct str path_join(struct arena *a, struct str dir, struct str name)
{
	if (dir.n == 0)
		return name;
	if (name.n == 0)
		return dir;
	char *p = arena_alloc(a, dir.n + 1 + name.n);
	memcpy(p, dir.p, dir.n);
	p[dir.n] = '/';
	memcpy(p + dir.n + 1, name.p, name.n);
	return (struct str){ p, dir.n + 1 + name.n };
}

void fold_note(struct fold *f, ssize_t layer, struct str path, const char *reason)
{
	if (f->n_notes > FOLD_NOTES_MAX)
		return;
	for (size_t i = 0; i < f->n_notes; i++)
		if (str_eq(f->notes[i].path, path) && strcmp(f->notes[i].reason, reason) == 0)
			return;
	bool last = f->n_notes == FOLD_NOTES_MAX;
	*ARENA_PUSH(f->arena, f->notes, f->n_notes, f->notes_cap) = (struct fold_note){
		.path = last ? S("") : path,
		.reason = last ? "more paths that could not be followed" : reason,
		.layer = last ? -1 : layer,
	};
}

bool tree_spend(const struct fold *f, uint64_t steps)
{
	struct fold_tree *t = f->tree;
	t->steps += MIN(steps, (uint64_t)FOLD_STEPS_MAX);
	return t->steps <= FOLD_STEPS_MAX;
}

/* Patterns */
static bool is_wild(char c)
{
	return c == '*' || c == '?' || c == '[' || c == '\\';
}

static size_t literal_length(struct str pattern)
{
	size_t n = 0;
	while (n < pattern.n && !is_wild(pattern.p[n]))
		n++;
	return n;
}

bool pattern_literal(const char *pattern, struct str *path)
{
	struct str p = str_of(pattern);
	if (str_find_char(p, '/') < 0 || literal_length(p) < p.n)
		return false;
	*path = p;
	return true;
}

bool pattern_folder(const char *pattern, struct str *folder)
{
	struct str p = str_of(pattern);
	size_t n = literal_length(p);
	if (n == p.n)
		return false;
	*folder = path_parent(str_upto(p, n));
	return folder->n > 0;
}

static void count_hit(void *ctx, size_t analyzer)
{
	(void)analyzer;
	*(bool *)ctx = true;
}

bool tree_wants(const struct fold *f, struct str path)
{
	bool wanted = false;
	matcher_find(&f->tree->matcher, path, count_hit, &wanted);
	return wanted;
}

/* Nodes */
static struct fold_node *find_hashed(const struct fold_tree *t, struct str path, uint64_t hash)
{
	struct fold_node *n = map_get(&t->by_hash, hash_key(&hash));
	while (n && !str_eq(n->path, path))
		n = n->twin;
	return n;
}

static uint64_t path_hash(struct str path)
{
	return str_hash(path) & ~(uint64_t)1;
}

struct fold_node *tree_find(const struct fold *f, struct str path)
{
	return find_hashed(f->tree, path, path_hash(path));
}

static struct fold_node *new_node(struct fold *f, struct str path)
{
	struct fold_tree *t = f->tree;
	struct fold_node *n = ARENA_NEW(f->arena, struct fold_node);
	n->path = path;
	n->hash = path_hash(path);
	n->gone = SIZE_MAX;
	void **slot = map_at(&t->by_hash, hash_key(&n->hash));
	n->twin = *slot;
	*slot = n;
	*ARENA_PUSH(f->arena, t->nodes, t->n_nodes, t->nodes_cap) = n;
	return n;
}

/* The node of a resolved path, made with its parents when new. */
static struct fold_node *get_node(struct fold *f, struct str path)
{
	struct fold_node *made = NULL, *n = NULL, *below = NULL;
	for (;; path = path_parent(path)) {
		struct fold_node *have = tree_find(f, path);
		n = have ? have : new_node(f, path);
		if (below) {
			below->parent = n;
			below->sibling = n->child;
			n->child = below;
		}
		if (!made)
			made = n;
		if (have)
			return made;
		below = n;
	}
}

static void set_kind(struct fold_node *n, enum node_kind kind)
{
	bool was = n->kind != NODE_NOTHING, is = kind != NODE_NOTHING;
	n->kind = kind;
	if (was == is)
		return;
	for (struct fold_node *up = n; up; up = up->parent)
		up->live = is ? up->live + 1 : up->live - 1;
}

static void hide(struct fold_node *n, size_t layer)
{
	if (n->kind == NODE_NOTHING)
		return;
	if (n->kind == NODE_FILES && n->layer != layer) {
		n->prior = n->files;
	} else if (n->gone != layer) {
		/* A link or a body never read: a package's presence cannot be followed through it. */
		n->prior = NULL;
	}
	n->files = NULL;
	n->gone = layer;
	set_kind(n, NODE_NOTHING);
}

/* Everything below the top that a lower layer brought. */
static void hide_below(struct fold_node *top, size_t layer)
{
	struct fold_node *n = top;
	for (;;) {
		if (n != top)
			hide(n, layer);
		if (n->child && n->live) {
			n = n->child;
			continue;
		}
		while (n != top && !n->sibling)
			n = n->parent;
		if (n == top)
			return;
		n = n->sibling;
	}
}

/* The layer makes this node its own: what lower layers had there becomes `prior`. */
static void take_over(struct fold_node *n, size_t layer, enum node_kind kind)
{
	if (n->kind != NODE_NOTHING && n->layer != layer)
		hide(n, layer);
	if (n->gone != layer)
		n->prior = NULL;
	n->gone = layer;
	if (n->kind != kind)
		n->files = NULL;
	n->layer = layer;
	set_kind(n, kind);
}

/* Resolving */
struct walk {
	const struct fold *f;
	struct str at; /* resolved so far */
	struct str rest;
	uint64_t links;
};

static bool follow(struct walk *w, const struct fold_node *link)
{
	struct str target = link->target;
	if (++w->links > w->f->limits->link_depth)
		return false;
	if (target.n && target.p[0] == '/')
		w->at = S("");
	else
		w->at = path_parent(link->path);
	if (w->rest.n + target.n + 1 > w->f->limits->path_bytes)
		return false;
	w->rest = path_join(w->f->arena, target, w->rest);
	return true;
}

static void step(struct walk *w, struct str name)
{
	if (str_eq(name, S("..")))
		w->at = path_parent(w->at);
	else if (name.n && !str_eq(name, S(".")))
		w->at = path_join(w->f->arena, w->at, name);
}

/* Most paths go through no link at all: then the answer is the path itself, and nothing is copied. */
static bool is_plain(const struct fold *f, struct str path, bool last)
{
	for (struct str p = last ? path : path_parent(path); p.n; p = path_parent(p)) {
		const struct fold_node *n = tree_find(f, p);
		if (!tree_spend(f, 1) || (n && n->kind == NODE_LINK))
			return false;
	}
	return true;
}

/* No ".", "..", or empty components: it can be taken as it is. */
static bool is_clean(struct str path)
{
	return path.n && path.p[0] != '.' && path.p[0] != '/' && path.p[path.n - 1] != '/' &&
	       str_find(path, S("/.")) < 0 && str_find(path, S("//")) < 0;
}

bool tree_resolve(const struct fold *f, struct str path, bool last, struct str *out)
{
	struct walk w = { .f = f, .rest = path };
	if (is_plain(f, path, last)) {
		*out = path;
		return true;
	}
	while (w.rest.n) {
		if (!tree_spend(f, 1) || w.at.n > f->limits->path_bytes)
			return false;
		struct str name = str_cut(&w.rest, '/');
		step(&w, name);
		if (w.rest.n == 0 && !last)
			break;
		struct fold_node *n = tree_find(f, w.at);
		if (!n && is_clean(w.rest)) {
			/* Nothing below a path that is not in the tree is a link. */
			w.at = path_join(f->arena, w.at, w.rest);
			break;
		}
		if (n && n->kind == NODE_LINK && !follow(&w, n))
			return false;
	}
	*out = w.at;
	return true;
}

/* Applying a layer */
/* Hashes are spread evenly, so a guess lands close; steps that double find the way from there, whatever a hostile record
 * holds. */
static const uint64_t *find_hash(const uint64_t *v, size_t n, uint64_t hash)
{
	size_t lo = 0, hi = n, step = 8;
	size_t at = (size_t)(((__uint128_t)hash * n) >> 64);
	while (at < hi && (v[at] & ~(uint64_t)1) < hash) {
		lo = at + 1;
		at += step;
		step *= 2;
	}
	if (lo == 0) {
		if (at < hi && (v[at] & ~(uint64_t)1) == hash)
			return &v[at];
		while (at > 0 && (v[at] & ~(uint64_t)1) > hash) {
			hi = at;
			at -= MIN(at, step);
			step *= 2;
		}
		lo = at;
	} else {
		hi = MIN(at, hi);
	}
	hi = MIN(hi + 1, n);
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		uint64_t have = v[mid] & ~(uint64_t)1;
		if (have == hash)
			return &v[mid];
		if (have < hash)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

static bool has_hash(const struct layer_record *r, uint64_t hash, bool *is_dir)
{
	const uint64_t *h = find_hash(r->path_hashes, r->n_path_hashes, hash);
	if (h)
		*is_dir = *h & 1;
	return h;
}

bool tree_has_path(const struct layer_record *r, struct str path, bool *is_dir)
{
	return has_hash(r, path_hash(path), is_dir);
}

typedef void met_node(struct fold *f, struct fold_node *n, size_t layer);

/* Calls for every node of the tree that the layer has as a directory (or as something else). */
static void for_nodes_met(struct fold *f, size_t layer, bool dirs, met_node *met)
{
	const struct layer_record *r = f->records[layer];
	struct fold_tree *t = f->tree;
	bool is_dir;
	if (r->n_path_hashes < t->n_nodes) {
		for (size_t i = 0; i < r->n_path_hashes; i++) {
			uint64_t h = r->path_hashes[i] & ~(uint64_t)1;
			if ((r->path_hashes[i] & 1) != dirs)
				continue;
			for (struct fold_node *n = map_get(&t->by_hash, hash_key(&h)); n;
			     n = n->twin)
				met(f, n, layer);
		}
		return;
	}
	for (size_t i = 1; i < t->n_nodes; i++)
		if (t->nodes[i]->live && has_hash(r, t->nodes[i]->hash, &is_dir) && is_dir == dirs)
			met(f, t->nodes[i], layer);
}

static void met_dir(struct fold *f, struct fold_node *n, size_t layer)
{
	if (n->kind == NODE_FILES)
		fold_note(f, (ssize_t)layer, n->path, "a directory took the place of the file");
	hide(n, layer);
}

static bool is_file(const struct fold_node *n)
{
	return n->kind == NODE_FILES || n->kind == NODE_BODILESS;
}

static bool has_files_below(const struct fold_node *top)
{
	for (const struct fold_node *n = top->child; n; n = n->sibling)
		if (n->live && (is_file(n) || has_files_below(n)))
			return true;
	return false;
}

static void met_other(struct fold *f, struct fold_node *n, size_t layer)
{
	if (n->live > (n->kind != NODE_NOTHING) && n->parent) {
		if (has_files_below(n))
			*ARENA_PUSH(f->arena, f->tree->covered, f->tree->n_covered,
				    f->tree->covered_cap) = n;
		hide_below(n, layer);
	}
	if (!is_file(n)) {
		hide(n, layer);
		return;
	}
	take_over(n, layer, NODE_BODILESS);
	n->target = n->path;
	n->hard = false;
}

/* Where a layer's own path lies; a note and false when that cannot be told. */
static bool place(struct fold *f, size_t layer, struct str path, bool last, struct str *out)
{
	if (tree_resolve(f, path, last, out))
		return out->n || last;
	fold_note(f, (ssize_t)layer, path,
		  "too many symbolic links (limit link_depth or path_bytes)");
	return false;
}

static void apply_whiteouts(struct fold *f, size_t layer)
{
	const struct layer_record *r = f->records[layer];
	struct map *hidden = &f->tree->hidden[layer];
	for (size_t i = 0; i < r->n_whiteouts; i++) {
		const struct record_whiteout *w = &r->whiteouts[i];
		struct str at = S("");
		if (!place(f, layer, w->path, w->opaque, &at))
			continue;
		void **slot = map_at(hidden, at);
		*slot = (void *)((uintptr_t)*slot |
				 (w->opaque ? HIDES_BELOW : HIDES_PATH | HIDES_BELOW));
		struct fold_node *n = tree_find(f, at);
		if (!n || !n->live)
			continue;
		hide_below(n, layer);
		if (!w->opaque)
			hide(n, layer);
	}
}

static struct fold_node *apply_link(struct fold *f, size_t layer, const struct record_link *l)
{
	bool is_dir;
	struct str at = S("");
	if (tree_has_path(f->records[layer], l->path, &is_dir) && is_dir)
		return NULL;
	if (l->path.n == 0 || !place(f, layer, l->path, false, &at))
		return NULL;
	if (l->hard && !tree_wants(f, l->path) && !tree_wants(f, at))
		return NULL;
	struct fold_node *n = get_node(f, at);
	hide_below(n, layer);
	take_over(n, layer, l->hard ? NODE_BODILESS : NODE_LINK);
	n->target = l->target;
	n->hard = l->hard;
	return n;
}

static void index_link(struct fold *f, struct fold_node *n, size_t layer)
{
	struct str at = S("");
	if (n->kind != NODE_LINK || n->layer != layer || !tree_resolve(f, n->path, true, &at))
		return;
	void **slot = map_at(&f->tree->by_target, at);
	struct fold_link *l = ARENA_NEW(f->arena, struct fold_link);
	*l = (struct fold_link){ n, *slot };
	*slot = l;
}

static void apply_links(struct fold *f, size_t layer)
{
	const struct layer_record *r = f->records[layer];
	struct fold_node **made = arena_array(f->arena, r->n_links, sizeof *made);
	size_t n = 0;
	for (size_t i = 0; i < r->n_links; i++)
		if ((made[n] = apply_link(f, layer, &r->links[i])))
			n++;
	/* Only now: a link may lead through one that comes later in the layer. */
	for (size_t i = 0; i < n; i++)
		index_link(f, made[i], layer);
}

static const struct folded_file *same_analyzer(const struct fold_seen *s, struct str analyzer)
{
	while (s && !str_eq(s->f.file->analyzer, analyzer))
		s = s->next;
	return s ? &s->f : NULL;
}

static void apply_file(struct fold *f, size_t layer, const struct record_file *file)
{
	struct str at = S("");
	bool is_dir;
	if (tree_has_path(f->records[layer], file->path, &is_dir) && is_dir)
		return;
	if (file->path.n == 0 || !place(f, layer, file->path, false, &at))
		return;
	struct fold_node *n = get_node(f, at);
	hide_below(n, layer);
	take_over(n, layer, NODE_FILES);
	struct folded_file ff = { file, at, layer, layer, same_analyzer(n->prior, file->analyzer) };
	for (struct fold_seen *s = n->files; s; s = s->next)
		if (str_eq(s->f.file->analyzer, file->analyzer)) {
			s->f = ff;
			return;
		}
	struct fold_seen *s = ARENA_NEW(f->arena, struct fold_seen);
	*s = (struct fold_seen){ ff, n->files };
	n->files = s;
}

/* The next way to write `path` in a layer: through a link of it or a lower one that leads to a folder above. *up walks
 * the folders, *l the links to one of them; start with *up = path and *l = NULL. */
static bool next_raw(const struct fold *f, size_t layer, struct str path, struct str *up,
		     struct fold_link **l, struct str *raw)
{
	for (;;) {
		while (*l) {
			struct fold_link *here = *l;
			*l = here->next;
			if (!tree_spend(f, 1))
				return false;
			if (here->node->kind != NODE_LINK || here->node->layer > layer)
				continue;
			struct str rest = str_from(path, up->n ? up->n + 1 : 0);
			*raw = path_join(f->arena, here->node->path, rest);
			return true;
		}
		if (up->n == 0)
			return false;
		*up = path_parent(*up);
		*l = map_get(&f->tree->by_target, *up);
	}
}

/* A layer may have put a wanted file there through a link, under a name that no pattern knows: only its hash tells. */
static void apply_behind_links(struct fold *f, size_t layer, struct str wanted)
{
	const struct layer_record *r = f->records[layer];
	struct str at = S(""), raw, up;
	struct fold_link *l = NULL;
	bool is_dir;
	if (!tree_resolve(f, wanted, true, &at) || at.n == 0)
		return;
	up = at;
	while (next_raw(f, layer, at, &up, &l, &raw)) {
		if (!tree_has_path(r, raw, &is_dir) || is_dir)
			continue;
		struct fold_node *n = get_node(f, at);
		if (n->kind != NODE_NOTHING && n->layer == layer)
			continue;
		take_over(n, layer, NODE_BODILESS);
		n->target = raw;
		n->hard = false;
	}
}

/* A link or a file of the record stands where the directory was, or it is only a hash that says so. */
static void note_covered(struct fold *f, const struct fold_node *n, size_t layer)
{
	if (n->kind == NODE_NOTHING || n->layer != layer)
		fold_note(f, (ssize_t)layer, n->path,
			  "something else took the place of the directory");
}

void tree_apply(struct fold *f, size_t layer)
{
	const struct layer_record *r = f->records[layer];
	struct fold_tree *t = f->tree;
	map_init(&t->hidden[layer], f->arena);
	for_nodes_met(f, layer, true, met_dir);
	apply_whiteouts(f, layer);
	for_nodes_met(f, layer, false, met_other);
	if (r->n_links)
		apply_links(f, layer);
	for (size_t i = 0; i < r->n_files; i++)
		apply_file(f, layer, &r->files[i]);
	for (size_t i = 0; i < t->n_covered; i++)
		note_covered(f, t->covered[i], layer);
	t->n_covered = 0;
	if (t->by_target.n == 0)
		return;
	for (const struct analyzer *const *an = t->analyzers; *an; an++)
		for (const char *const *p = (*an)->patterns; *p; p++) {
			struct str path;
			if (pattern_literal(*p, &path))
				apply_behind_links(f, layer, path);
		}
}

/* Does this layer cut the path off from what is below? */
static bool layer_hides(const struct fold *f, size_t layer, struct str path)
{
	const struct layer_record *r = f->records[layer];
	const struct map *hidden = &f->tree->hidden[layer];
	bool is_dir;
	if (hidden->n && (uintptr_t)map_get(hidden, path) & HIDES_PATH)
		return true;
	for (struct str up = path; up.n;) {
		up = path_parent(up);
		if (hidden->n && (uintptr_t)map_get(hidden, up) & HIDES_BELOW)
			return true;
		if (up.n && tree_has_path(r, up, &is_dir) && !is_dir)
			return true;
	}
	return false;
}

static bool layer_has(const struct fold *f, size_t layer, struct str path, struct str *raw,
		      bool *is_dir)
{
	const struct layer_record *r = f->records[layer];
	struct str up = path;
	struct fold_link *l = NULL;
	*raw = path;
	if (tree_has_path(r, path, is_dir))
		return true;
	while (f->tree->by_target.n && next_raw(f, layer, path, &up, &l, raw))
		if (tree_has_path(r, *raw, is_dir))
			return true;
	return false;
}

bool tree_locate(const struct fold *f, struct str path, size_t below, size_t *layer,
		 struct str *raw, bool *is_dir)
{
	for (size_t i = below; i-- > 0;) {
		if (!f->records[i])
			continue;
		if (!tree_spend(f, 1))
			return false;
		if (layer_has(f, i, path, raw, is_dir)) {
			*layer = i;
			return true;
		}
		if (layer_hides(f, i, path))
			return false;
	}
	return false;
}

const struct layer_index *tree_index(const struct fold *f, size_t layer)
{
	struct layer_index *x = &f->tree->indexes[layer];
	const struct layer_record *r = f->records[layer];
	if (x->made)
		return x;
	x->made = true;
	map_init(&x->links, f->arena);
	map_init(&x->files, f->arena);
	x->next = arena_array(f->arena, r->n_files, sizeof *x->next);
	for (size_t i = 0; i < r->n_links; i++)
		if (r->links[i].hard)
			*map_at(&x->links, r->links[i].path) = &r->links[i];
	for (size_t i = 0; i < r->n_files; i++) {
		void **last = map_at(&x->files, r->files[i].path);
		x->next[i] = (size_t)(uintptr_t)*last;
		*last = (void *)(uintptr_t)(i + 1);
	}
	return x;
}

void tree_init(struct fold *f)
{
	struct fold_tree *t = f->tree = ARENA_NEW(f->arena, struct fold_tree);
	const struct analyzer *const *all = f->analyzers ? f->analyzers : analyzers;
	size_t n = 0, kept = 0;
	while (all[n])
		n++;
	const struct analyzer **list = arena_array(f->arena, n + 1, sizeof *list);
	for (size_t i = 0; i < n; i++)
		if (!all[i]->own_paths)
			list[kept++] = all[i];
	t->analyzers = list;
	matcher_init(&t->matcher, f->arena, list);
	map_init(&t->by_hash, f->arena);
	map_init(&t->by_target, f->arena);
	map_init(&t->missing, f->arena);
	t->indexes = arena_array(f->arena, f->n_layers + 1, sizeof *t->indexes);
	t->hidden = arena_array(f->arena, f->n_layers + 1, sizeof *t->hidden);
	new_node(f, S(""));
}
