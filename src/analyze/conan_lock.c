/* conan.lock (JSON). Conan 1: graph_lock.nodes, a graph of {"ref": "NAME/VERSION@USER/CHANNEL#REVISION", "requires": [node
 * numbers], "build_requires"}, of which "0" is the project. Conan 2: lists of references,
 * "requires", and "build_requires" and "python_requires", which run only while building.
 *
 * Hostile input: JSON of any size, read node by node. A range in place of a version is a note. */
#include "analyze/lock.h"

struct state {
	struct listing l;
	struct map refs; /* node number -> struct node */
	struct node **nodes;
	size_t n_nodes, nodes_cap;
};
struct node {
	struct str ref;
	struct strs requires, builds; /* node numbers */
	bool building; /* needed by nothing but builds */
	bool first;
};

/* Cuts "NAME/VERSION[@USER/CHANNEL][#REVISION[%TIME]][:PACKAGE]". */
static struct record_package *add(struct state *s, struct str ref)
{
	struct str head = str_cut(&ref, '#'), revision = str_cut(&ref, ':'), user = head;
	struct str package = str_cut(&user, '@'), version = package;
	struct str name = str_cut(&version, '/'), channel = user;
	user = str_cut(&channel, '/');
	revision = str_cut(&revision, '%');
	if (str_starts(version, S("["))) {
		listing_note(&s->l, "%.*s: not pinned to a version: %.*s", STR(name), STR(version));
		return &s->l.scrap;
	}
	struct record_package *p = listing_add(&s->l, name, version);
	if (!str_eq(user, S("_"))) {
		listing_set(&s->l, p, "user", user);
		listing_set(&s->l, p, "channel", channel);
	}
	listing_set(&s->l, p, "rrev", revision);
	return p;
}

static int on_require(void *ctx, struct str key, const struct json *item, struct err *e)
{
	(void)key;
	(void)e;
	add(ctx, json_str(item));
	return 0;
}

static int on_build(void *ctx, struct str key, const struct json *item, struct err *e)
{
	struct state *s = ctx;
	(void)key;
	(void)e;
	size_t before = s->l.file->n_packages;
	struct record_package *p = add(s, json_str(item));
	if (s->l.file->n_packages > before) /* else it is required at run time too */
		listing_set(&s->l, p, "dev", S("true"));
	return 0;
}

static void read_numbers(struct arena *a, const struct json *list, struct strs *out)
{
	JSON_EACH(x, list)
	*ARENA_PUSH(a, out->v, out->n, out->cap) = arena_str(a, json_str(x));
}

static int on_node(void *ctx, struct str key, const struct json *item, struct err *e)
{
	struct state *s = ctx;
	struct arena *a = s->l.an->arena;
	struct node *n = ARENA_NEW(a, struct node);
	(void)e;
	n->ref = arena_str(a, json_get_str(item, "ref"));
	/* "conanfile.txt" and "conanfile.py (name/1.0)" are the project. */
	if (str_find_char(n->ref, ' ') >= 0 || str_find_char(n->ref, '/') < 0)
		n->ref = (struct str){ 0 };
	read_numbers(a, json_get(item, "requires"), &n->requires);
	read_numbers(a, json_get(item, "build_requires"), &n->builds);
	n->first = str_eq(key, S("0"));
	n->building = str_eq(json_get_str(item, "context"), S("build"));
	*map_at(&s->refs, arena_str(a, key)) = n;
	*ARENA_PUSH(a, s->nodes, s->n_nodes, s->nodes_cap) = n;
	return 0;
}

static void mark_direct(struct state *s, const struct node *project)
{
	for (size_t k = 0; k < project->requires.n; k++) {
		const struct node *n = map_get(&s->refs, project->requires.v[k]);
		if (n && n->ref.n)
			listing_set(&s->l, add(s, n->ref), "relation", S("direct"));
	}
}

static void list_graph(struct state *s)
{
	bool project = false;
	for (size_t i = 0; i < s->n_nodes; i++)
		for (size_t k = 0; k < s->nodes[i]->builds.n; k++) {
			struct node *n = map_get(&s->refs, s->nodes[i]->builds.v[k]);
			if (n)
				n->building = true;
		}
	for (size_t i = 0; i < s->n_nodes; i++)
		for (size_t k = 0; k < s->nodes[i]->requires.n; k++) {
			struct node *n = map_get(&s->refs, s->nodes[i]->requires.v[k]);
			if (n && !s->nodes[i]->building)
				n->building = false;
		}
	for (size_t i = 0; i < s->n_nodes; i++) {
		struct node *n = s->nodes[i];
		if (!n->ref.n)
			continue;
		struct record_package *p = add(s, n->ref);
		if (n->building)
			listing_set(&s->l, p, "dev", S("true"));
		if (n->first)
			listing_set(&s->l, p, "relation", S("root"));
		for (size_t k = 0; k < n->requires.n; k++) {
			const struct node *need = map_get(&s->refs, n->requires.v[k]);
			struct str version = need ? need->ref : S(""),
				   name = str_cut(&version, '/');
			version = str_cut(&version, '#');
			listing_need(&s->l, p, name, str_cut(&version, '@'));
		}
	}
	for (size_t i = 0; i < s->n_nodes; i++) {
		project |= s->nodes[i]->first;
		if (!s->nodes[i]->ref.n)
			mark_direct(s, s->nodes[i]);
	}
	if (project)
		listing_relate(&s->l);
}

static int end(struct analysis *an, void *state, const struct file *f, const struct whole *whole,
	       struct err *e)
{
	static const struct listing_rule rules[] = {
		{ "graph_lock/nodes", on_node }, { "requires", on_require },
		{ "build_requires", on_build },	 { "python_requires", on_build },
		{ "config_requires", on_build }, { 0 },
	};
	struct state s = { 0 };
	unsigned found = 0;
	(void)state;
	listing_begin(&s.l, an, f, "conan_lock", "conan");
	map_init(&s.refs, an->arena);
	int r = listing_json(whole, rules, &s, &found, e);
	if (r < 0)
		return err_in(e, "conan.lock");
	if (!found)
		return err_set(e, ERR_INVALID, "conan.lock: it has neither nodes nor requires");
	if (s.n_nodes)
		list_graph(&s);
	return listing_end(&s.l, e);
}

static const char *const patterns[] = { "conan.lock", NULL };

const struct analyzer analyzer_conan_lock = {
	.name = "conan_lock",
	.version = 1,
	.lockfile = true,
	.patterns = patterns,
	.want_whole = true,
	.wants = lock_wants,
	.end = end,
};
