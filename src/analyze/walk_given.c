/* What each path of a layer gave to the record. Within one layer the last entry of a name wins, and a file in the place
 * of a folder takes away what was in it; so what earlier entries gave must be found again and dropped. Dropped things
 * stay in their arrays with an empty path until walk_end. A hostile layer may choose names with one hash, or replace
 * folders without end: both stop the walk. */
#include "analyze/walk_parts.h"

enum { CHAIN_MAX = 4096, REPLACED_MAX = 1000 };

static struct str *path_of(struct walk *w, const struct given_item *item)
{
	if (item->kind == GIVEN_LINK)
		return &w->out.links[item->index].path;
	return &w->records[item->kind - GIVEN_FILE].files[item->index].path;
}

static uint32_t *head(struct given *g, uint64_t hash)
{
	return &g->heads[(hash * 0x9E3779B97F4A7C15u >> 20) & (g->n_heads - 1)];
}

static void grow_heads(struct walk *w)
{
	struct given *g = &w->given;
	g->n_heads = g->n_heads ? g->n_heads * 4 : 256;
	g->heads = arena_array(w->a, g->n_heads, sizeof *g->heads);
	for (size_t i = 0; i < g->n; i++) {
		uint32_t *h = head(g, g->items[i].hash);
		g->items[i].next = *h;
		*h = (uint32_t)(i + 1);
	}
}

void given_add(struct walk *w, struct str path, size_t kind, size_t index)
{
	struct given *g = &w->given;
	if (g->n >= UINT32_MAX - 1) {
		w->stop = true;
		return;
	}
	if (g->n >= g->n_heads)
		grow_heads(w);
	struct given_item *item = ARENA_PUSH(w->a, g->items, g->n, g->cap);
	item->hash = str_hash(path);
	item->kind = (uint32_t)kind;
	item->index = (uint32_t)index;
	uint32_t *h = head(g, item->hash);
	item->next = *h;
	*h = (uint32_t)g->n;
	/* A folder that is known has its own folders known too. */
	for (ssize_t slash; (slash = str_rfind_char(path, '/')) > 0;) {
		path = str_upto(path, (size_t)slash);
		if (path_set_put(&g->folders, str_hash(path), true) != PATH_NEW)
			break;
	}
}

void given_drop(struct walk *w, struct str path)
{
	struct given *g = &w->given;
	if (g->n == 0)
		return;
	uint64_t hash = str_hash(path);
	unsigned steps = 0;
	uint32_t *at = head(g, hash);
	while (*at) {
		struct given_item *item = &g->items[*at - 1];
		if (++steps > CHAIN_MAX && !w->stop) {
			w->stop = true;
			walk_cut(w, path,
				 "the rest of the layer was not examined: names made to collide");
		}
		struct str *have = path_of(w, item);
		if (item->hash == hash && str_eq(*have, path))
			*have = (struct str){ 0 };
		if (have->n == 0)
			*at = item->next;
		else
			at = &item->next;
	}
}

static bool lies_below(struct str path, struct str folder)
{
	return path.n > folder.n && path.p[folder.n] == '/' && str_starts(path, folder);
}

void given_drop_below(struct walk *w, struct str path)
{
	struct given *g = &w->given;
	if (g->n == 0 || !path_set_has(&g->folders, str_hash(path)))
		return;
	walk_note(w, path, "takes the place of a folder of the same layer");
	if (++g->replaced > REPLACED_MAX) {
		w->stop = true;
		walk_cut(w, path,
			 "the rest of the layer was not examined: more than %d folders replaced",
			 REPLACED_MAX);
		return;
	}
	for (size_t i = 0; i < g->n; i++) {
		struct str *have = path_of(w, &g->items[i]);
		if (lies_below(*have, path))
			*have = (struct str){ 0 };
	}
}
