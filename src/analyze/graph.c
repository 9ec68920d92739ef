/* The dependency graph. Distribution packages name what they need as their tools do ("libc6 (>= 2.34) | libc6.1",
 * "so:libz.so.1", "glibc>=2.38", "font(:lang=de)") and may say that they provide what others ask for; those of
 * languages name packages, with the version where their file decided it ("NAME@VERSION"), and are looked for in the
 * same file first, then as installed nearest to who asks, as Node walks up its folders. Those of rpm may ask for
 * files ("/usr/bin/python3"), which some package owns, and for one name or another ("(python3-foo or python3-bar)"):
 * what is wanted only if something else is there is an edge where it is.
 *
 * Names come from images: many packages of one name, or many dependencies, may make this slow; both are bounded.
 * Circles are nothing special, since only edges are found here. */
#include "analyze/graph.h"

#include "analyze/purl.h"
#include "base/map.h"

#include <stdlib.h>

struct named { /* packages of one name, in the inventory's order */
	size_t *v;
	size_t n, cap;
};
struct graph {
	struct inventory *inv;
	struct arena scratch;
	struct map names, provides;
	struct map files; /* that rpm packages ask for, by merged path */
	struct buf key; /* the latest that was asked for */
	size_t edges, work;
	bool cut;
	struct {
		size_t *v;
		size_t n, cap;
	} needs; /* of the package at hand */
};

/* Type and name, spelt as purls are. */
static struct str key_of(struct arena *a, const struct package *p, struct str name)
{
	struct purl u = { .type = p->type };
	if (package_is_os(p))
		return arena_printf(a, "%.*s/%.*s", STR(p->type), STR(name));
	purl_set_package_name(a, &u, name);
	return purl_text(a, &u);
}

static void add_name(struct graph *g, struct map *m, struct str key, size_t i)
{
	void **place = map_at(m, key);
	if (!*place)
		*place = ARENA_NEW(&g->scratch, struct named);
	struct named *n = *place;
	if (n->n == 0 || n->v[n->n - 1] != i)
		*ARENA_PUSH(&g->scratch, n->v, n->n, n->cap) = i;
}

/* The name in "libc6:any (>= 2.34)", "so:libz.so.1", "musl>=1.2", "cmd:sh=1.1". */
static struct str os_name(struct str type, struct str dependency)
{
	/* rpm keeps versions apart, and its names hold anything. */
	if (str_eq(type, S("rpm")))
		return dependency;
	const char *ends = str_eq(type, S("deb")) || str_eq(type, S("opkg")) ? " (:" : "<>=~ ";
	size_t n = 0;
	while (n < dependency.n && !(dependency.p[n] && strchr(ends, dependency.p[n])))
		n++;
	return str_upto(dependency, n);
}

/* A path as it is once /usr is merged, so that /bin/sh is found in /usr/bin. */
static struct str merged(struct str path)
{
	while (str_starts(path, S("/")))
		path = str_from(path, 1);
	return str_starts(path, S("usr/")) ? str_from(path, S("usr/").n) : path;
}

/* Who owns the files that are asked for; no map of all files is made. */
static void collect_files(struct graph *g)
{
	const struct inventory *inv = g->inv;
	for (size_t i = 0; i < inv->n_packages; i++) {
		const struct package *p = &inv->packages[i];
		for (size_t k = 0; str_eq(p->type, S("rpm")) && k < p->depends.n; k++) {
			if (!str_starts(p->depends.v[k], S("/")))
				continue;
			void **place = map_at(&g->files, merged(p->depends.v[k]));
			if (!*place)
				*place = ARENA_NEW(&g->scratch, struct named);
		}
	}
	for (size_t i = 0; g->files.n && i < inv->n_packages; i++) {
		const struct package *p = &inv->packages[i];
		for (size_t k = 0; str_eq(p->type, S("rpm")) && k < p->n_owned; k++) {
			struct named *n = map_get(&g->files, merged(p->owned[k].path));
			if (n && (n->n == 0 || n->v[n->n - 1] != i))
				*ARENA_PUSH(&g->scratch, n->v, n->n, n->cap) = i;
		}
	}
}

static void collect_names(struct graph *g)
{
	const struct inventory *inv = g->inv;
	for (size_t i = 0; i < inv->n_packages; i++) {
		const struct package *p = &inv->packages[i];
		add_name(g, &g->names, key_of(&g->scratch, p, p->name), i);
		for (size_t k = 0; k < p->provides.n; k++) {
			struct str name = package_is_os(p) ? os_name(p->type, p->provides.v[k])
							   : p->provides.v[k];
			add_name(g, &g->provides, key_of(&g->scratch, p, name), i);
		}
	}
}

/* Folders that both paths have in common. */
static size_t common_folders(struct str a, struct str b)
{
	size_t n = 0;
	while (a.n && b.n) {
		struct str x = str_cut(&a, '/'), y = str_cut(&b, '/');
		if (!str_eq(x, y) || !a.n || !b.n)
			break;
		n++;
	}
	return n;
}

static size_t depth_of(struct str path)
{
	size_t n = 0;
	for (size_t i = 0; i < path.n; i++)
		n += path.p[i] == '/';
	return n;
}

/* How well does `q` do for a dependency of `p`? 0: not at all. */
static size_t fitness(const struct package *p, const struct package *q, struct str version)
{
	bool same_file = str_eq(p->path, q->path) && str_eq(p->inside, q->inside);
	if (version.n && !str_eq(version, q->version))
		return 0;
	if (package_is_os(p))
		return 2U + (same_file ? 2U : 0U) + str_eq(p->arch, q->arch);
	if (same_file)
		return SIZE_MAX;
	size_t common = MIN(common_folders(p->path, q->path), (size_t)1000),
	       deeper = MIN(depth_of(q->path) - common, (size_t)1000);
	return 1 + common * 2000 + (1000 - deeper);
}

static bool need_best(struct graph *g, const struct named *found, size_t who, struct str version)
{
	const struct package *all = g->inv->packages, *p = &all[who];
	size_t best = 0, at = 0;
	for (size_t i = 0; found && i < MIN(found->n, (size_t)GRAPH_LOOKED_MAX); i++) {
		size_t fit = found->v[i] == who ? 0 : fitness(p, &all[found->v[i]], version);
		g->work++;
		if (fit > best) {
			best = fit;
			at = found->v[i];
		}
	}
	if (best)
		*ARENA_PUSH(&g->scratch, g->needs.v, g->needs.n, g->needs.cap) = at;
	return best > 0;
}

/* Of a package of the distribution: by name, by what is provided, by file. */
static bool need_name(struct graph *g, size_t who, struct str name)
{
	struct str type = g->inv->packages[who].type;
	if (!name.n)
		return false;
	g->key.n = 0;
	buf_add_str(&g->key, type);
	buf_add_char(&g->key, '/');
	buf_add_str(&g->key, name);
	return need_best(g, map_get(&g->names, str_buf(&g->key)), who, S("")) ||
	       need_best(g, map_get(&g->provides, str_buf(&g->key)), who, S("")) ||
	       (str_eq(type, S("rpm")) && str_starts(name, S("/")) &&
		need_best(g, map_get(&g->files, merged(name)), who, S("")));
}

/* "(A >= 1 or (B and C))", "(A if B)": the first that is there. Names have parentheses of their own, always in pairs. */
static void need_rich(struct graph *g, size_t who, struct str rich)
{
	while (rich.n) {
		struct str word = str_cut(&rich, ' ');
		if (str_eq(word, S("if")) || str_eq(word, S("unless")))
			return;
		while (str_starts(word, S("(")))
			word = str_from(word, 1);
		while (str_ends(word, S("))")) ||
		       (str_ends(word, S(")")) && str_find_char(word, '(') < 0))
			word = str_upto(word, word.n - 1);
		if (need_name(g, who, word))
			return;
	}
}

static void need_os(struct graph *g, size_t who, struct str dependency)
{
	struct str type = g->inv->packages[who].type;
	if (str_eq(type, S("rpm")) && str_starts(dependency, S("("))) {
		need_rich(g, who, dependency);
		return;
	}
	/* "!conflicting" of apk. */
	if (str_starts(dependency, S("!")))
		return;
	while (dependency.n) {
		struct str name = os_name(type, str_trim(str_cut(&dependency, '|')));
		if (need_name(g, who, name))
			return;
	}
}

static void need_library(struct graph *g, size_t who, struct str dependency)
{
	const struct package *p = &g->inv->packages[who];
	ssize_t at = str_rfind_char(dependency, '@');
	struct str key;
	if (at > 0) {
		key = key_of(&g->scratch, p, str_upto(dependency, (size_t)at));
		if (need_best(g, map_get(&g->names, key), who,
			      str_from(dependency, (size_t)at + 1)))
			return;
	}
	key = key_of(&g->scratch, p, dependency);
	if (!need_best(g, map_get(&g->names, key), who, S("")))
		need_best(g, map_get(&g->provides, key), who, S(""));
}

static int compare_sizes(const void *x, const void *y)
{
	const size_t *a = x, *b = y;
	return *a < *b ? -1 : *a > *b;
}

static void set_needs(struct graph *g, struct package *p)
{
	size_t kept = 0, *v = g->needs.v;
	if (g->needs.n)
		qsort(v, g->needs.n, sizeof *v, compare_sizes);
	for (size_t i = 0; i < g->needs.n; i++)
		if (kept == 0 || v[kept - 1] != v[i])
			v[kept++] = v[i];
	size_t *copy = arena_array(g->inv->arena, kept, sizeof *copy);
	if (kept)
		memcpy(copy, v, kept * sizeof *copy);
	p->needs = copy;
	p->n_needs = kept;
	g->edges += kept;
}

void graph_fill(struct inventory *inv)
{
	struct graph g = { .inv = inv };
	map_init(&g.names, &g.scratch);
	map_init(&g.provides, &g.scratch);
	map_init(&g.files, &g.scratch);
	collect_names(&g);
	collect_files(&g);
	for (size_t i = 0; i < inv->n_packages; i++) {
		struct package *p = &inv->packages[i];
		g.needs.n = 0;
		for (size_t k = 0; k < p->depends.n; k++) {
			if (g.edges + g.needs.n >= GRAPH_EDGES_MAX || g.work >= GRAPH_WORK_MAX) {
				g.cut = true;
				break;
			}
			if (package_is_os(p))
				need_os(&g, i, p->depends.v[k]);
			else
				need_library(&g, i, p->depends.v[k]);
		}
		set_needs(&g, p);
	}
	if (g.cut)
		inventory_note(inv, -1, (struct str){ 0 },
			       "the dependency graph is not whole: it has more than %d edges or "
			       "took more than %d looks",
			       GRAPH_EDGES_MAX, GRAPH_WORK_MAX);
	buf_done(&g.key);
	arena_done(&g.scratch);
}
