/* See lock.h. Hostile lockfiles may need everything from everywhere, in circles: marking visits each entry once a kind and
 * each need once, so time and memory grow with the file. Names and versions are bounded, for each package repeats those
 * of all it needs. */
#include "analyze/lock.h"

#include "analyze/inventory.h"

static const struct str kind_keys[] = { S("needs"), S("needs-optional"), S("needs-dev") };

/* "name-1.2" */
static bool has_version(struct str folder)
{
	for (size_t i = 0; i + 1 < folder.n; i++)
		if (folder.p[i] == '-' && folder.p[i + 1] >= '0' && folder.p[i + 1] <= '9')
			return true;
	return false;
}

bool lock_wants(const struct file *f, struct str head)
{
	static const struct str installed[] = { S("node_modules"), S("site-packages"),
						S("dist-packages") };
	struct str rest = f->path, parent = { 0 };
	(void)head;
	while (rest.n) {
		struct str folder = str_cut(&rest, '/');
		bool gem = rest.n && str_eq(parent, S("gems")) && has_version(folder);
		bool crate = rest.n && str_eq(parent, S("registry")) && str_eq(folder, S("src"));
		if (gem || crate)
			return false;
		parent = folder;
		for (size_t i = 0; i < COUNT(installed); i++)
			if (str_eq(folder, installed[i]))
				return false;
	}
	return true;
}

void lock_init(struct lock *l, struct analysis *an, const struct file *f, const char *analyzer,
	       const char *type)
{
	*l = (struct lock){ .arena = an->arena };
	listing_begin(&l->list, an, f, analyzer, type);
	map_init(&l->keys, l->arena);
}

static bool is_word(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7F)
			return false;
	return s.n <= LISTING_NAME_MAX;
}

static struct lock_entry *new_entry(struct lock *l, struct str name, struct str version)
{
	struct lock_entry *x = ARENA_NEW(l->arena, struct lock_entry);
	x->name = name;
	x->version = version;
	x->tail = &x->needs;
	*ARENA_PUSH(l->arena, l->v, l->n, l->cap) = x;
	return x;
}

int lock_add(struct lock *l, struct str name, struct str version, struct lock_entry **out,
	     struct err *e)
{
	if (!is_word(name) || !is_word(version))
		return err_set(e, ERR_INVALID, "'%.*s' is no package name or has no version",
			       (int)MIN(name.n, (size_t)60), name.p);
	*out = new_entry(l, name, version);
	return 0;
}

void lock_key(struct lock *l, struct str key, struct lock_entry *entry)
{
	void **at = map_at(&l->keys, key);
	if (!*at)
		*at = entry;
	if (!entry->key.n)
		entry->key = key;
}

struct lock_entry *lock_find(const struct lock *l, struct str key)
{
	return map_get(&l->keys, key);
}

void lock_need(struct lock *l, struct lock_entry *from, struct str what, struct str range,
	       enum lock_kind kind)
{
	struct lock_need *n = ARENA_NEW(l->arena, struct lock_need);
	*n = (struct lock_need){ .what = what, .range = range, .kind = kind };
	*from->tail = n;
	from->tail = &n->next;
}

void lock_attr(struct lock *l, struct lock_entry *entry, struct str key, struct str value)
{
	*ARENA_PUSH(l->arena, entry->attrs, entry->n_attrs, entry->attrs_cap) =
		(struct attr){ key, value };
}

static void resolve(struct lock *l)
{
	for (size_t i = 0; i < l->n; i++)
		for (struct lock_need *n = l->v[i]->needs; n; n = n->next) {
			n->to = l->resolve ? l->resolve(l, l->v[i], n) : lock_find(l, n->what);
			if (n->to && l->v[i]->root)
				n->to->direct = true;
		}
}

/* What the roots reach by needs up to this kind. Below the roots, development is no matter of the project's. */
static void reach(struct lock *l, enum lock_kind kind)
{
	struct lock_entry *queue = NULL, **tail = &queue;
	for (size_t i = 0; i < l->n; i++) {
		if (!l->v[i]->root)
			continue;
		l->v[i]->reached[kind] = true;
		l->v[i]->queued = NULL;
		*tail = l->v[i];
		tail = &l->v[i]->queued;
	}
	for (; queue; queue = queue->queued)
		for (const struct lock_need *n = queue->needs; n; n = n->next) {
			if (!n->to || n->to->reached[kind] || n->kind > kind ||
			    (n->kind == LOCK_DEV && !queue->root))
				continue;
			n->to->reached[kind] = true;
			n->to->queued = NULL;
			*tail = n->to;
			tail = &n->to->queued;
		}
}

static bool mark(struct lock *l)
{
	bool roots = false;
	for (size_t i = 0; i < l->n; i++)
		roots = roots || l->v[i]->root;
	if (!l->marks || !roots)
		return roots;
	for (int kind = LOCK_NEEDED; kind <= LOCK_DEV; kind++)
		reach(l, (enum lock_kind)kind);
	for (size_t i = 0; i < l->n; i++) {
		struct lock_entry *x = l->v[i];
		x->dev |= x->reached[LOCK_DEV] && !x->reached[LOCK_OPTIONAL];
		x->optional |= x->reached[LOCK_OPTIONAL] && !x->reached[LOCK_NEEDED];
	}
	return roots;
}

void lock_mark(struct lock *l)
{
	resolve(l);
	mark(l);
}

static struct str full_name(struct arena *a, const struct lock_entry *x)
{
	return x->version.n ? arena_printf(a, "%.*s@%.*s", STR(x->name), STR(x->version)) : x->name;
}

static void add_depends(struct lock *l, struct map *have, const struct lock_entry *x,
			struct record_package *p)
{
	for (const struct lock_need *n = x->needs; n; n = n->next) {
		if (n->kind == LOCK_DEV || (n->to && (n->to->hidden || str_eq(n->to->key, x->key))))
			continue;
		struct str what = n->what, s = n->to ? n->to->key : str_cut(&what, ' ');
		if (!is_word(s) || *map_at(have, s) == p)
			continue;
		*map_at(have, s) = p;
		*ARENA_PUSH(l->arena, p->depends.v, p->depends.n, p->depends.cap) = s;
		if (n->kind == LOCK_OPTIONAL && x->specs.n)
			record_package_attr(l->arena, p, kind_keys[LOCK_OPTIONAL], s);
	}
}

static void add_package(struct lock *l, struct map *have, const struct lock_entry *x, bool roots)
{
	struct arena *a = l->arena;
	struct record_package *p = record_add_package(a, l->list.file);
	struct lock_entry all = *x;
	p->type = l->list.type;
	p->name = x->name;
	p->version = x->version;
	p->licences = x->licences;
	for (const struct lock_entry *y = x; y; y = y->same) {
		add_depends(l, have, y, p);
		all.root |= y->root;
		all.direct |= y->direct;
		all.dev &= y->dev;
		all.optional &= y->optional;
		for (size_t i = 0; i < y->specs.n; i++)
			record_package_attr(a, p, S("spec"), y->specs.v[i]);
	}
	if (roots)
		record_package_attr(a, p, S("relation"),
				    all.root	 ? S("root")
				    : all.direct ? S("direct")
						 : S("indirect"));
	if (all.dev)
		record_package_attr(a, p, S("dev"), S("true"));
	if (all.optional)
		record_package_attr(a, p, S("optional"), S("true"));
	for (size_t i = 0; i < x->n_attrs; i++)
		record_package_attr(a, p, x->attrs[i].key, x->attrs[i].value);
}

void lock_finish(struct lock *l)
{
	struct map names, have;
	resolve(l);
	bool roots = mark(l);
	map_init(&names, l->arena);
	map_init(&have, l->arena);
	/* From here on an entry's key is "NAME@VERSION", and entries that share it hang on the first. */
	for (size_t i = 0; i < l->n; i++) {
		struct lock_entry *x = l->v[i], *first;
		if (x->hidden)
			continue;
		x->key = full_name(l->arena, x);
		void **at = map_at(&names, x->key);
		first = *at;
		if (!first) {
			*at = x;
			continue;
		}
		x->key = first->key;
		x->same = first->same;
		first->same = x;
	}
	for (size_t i = 0; i < l->n; i++) {
		struct lock_entry *x = l->v[i];
		if (!x->hidden && map_get(&names, x->key) == x)
			add_package(l, &have, x, roots);
	}
}

/* The manifest */

void lock_manifest(struct arena *a, struct record_file *f, struct str what, struct str range,
		   enum lock_kind kind)
{
	if (!what.n || !is_word(what) || !is_word(range))
		return;
	record_add_attr(a, f, kind_keys[kind],
			range.n ? arena_printf(a, "%.*s %.*s", STR(what), STR(range)) : what);
}

/* The package of this spec: with the range, else by the bare name. */
static struct lock_entry *by_spec(struct lock *l, const struct lock_entry *from,
				  const struct lock_need *need)
{
	struct str rest = need->what;
	struct lock_entry *x = lock_find(l, need->what);
	return x || !from->root ? x : lock_find(l, str_cut(&rest, ' '));
}

static void add_manifest(struct lock *l, const struct record_file *manifest)
{
	struct lock_entry *root = new_entry(l, S(""), S(""));
	root->root = root->hidden = true;
	for (size_t i = 0; i < manifest->n_attrs; i++)
		for (size_t k = 0; k < COUNT(kind_keys); k++)
			if (str_eq(manifest->attrs[i].key, kind_keys[k]))
				lock_need(l, root, manifest->attrs[i].value, S(""),
					  (enum lock_kind)k);
}

/* A package of the inventory as the entry that it was. */
static void add_again(struct lock *l, struct lock_entry *x, const struct package *p)
{
	struct map optional;
	map_init(&optional, l->arena);
	for (size_t i = 0; i < p->n_attrs; i++)
		if (str_eq(p->attrs[i].key, S("spec")))
			lock_key(l, p->attrs[i].value, x);
		else if (str_eq(p->attrs[i].key, kind_keys[LOCK_OPTIONAL]))
			*map_at(&optional, p->attrs[i].value) = x;
	for (size_t i = 0; i < p->depends.n; i++)
		lock_need(l, x, p->depends.v[i], S(""),
			  map_get(&optional, p->depends.v[i]) ? LOCK_OPTIONAL : LOCK_NEEDED);
}

static void join_one(struct inventory *inv, const size_t *which, size_t n,
		     const struct record_file *manifest, bool marks)
{
	struct arena scratch = { 0 };
	struct lock l = { .arena = &scratch, .resolve = by_spec, .marks = marks };
	map_init(&l.keys, &scratch);
	for (size_t i = 0; i < n; i++) {
		const struct package *p = &inv->packages[which[i]];
		struct lock_entry *x = new_entry(&l, p->name, p->version);
		lock_key(&l, full_name(&scratch, x), x);
		add_again(&l, x, p);
	}
	add_manifest(&l, manifest);
	lock_mark(&l);
	for (size_t i = 0; i < n; i++) {
		struct package *p = &inv->packages[which[i]];
		const struct lock_entry *x = l.v[i];
		p->relation = x->direct ? RELATION_DIRECT : RELATION_INDIRECT;
		p->dev |= x->dev;
		p->optional |= x->optional;
	}
	arena_done(&scratch);
}

struct group {
	size_t *v, n, cap;
	struct str path;
	struct group *next;
};

void lock_tell(struct inventory *inv, struct package *p)
{
	static const char *const relations[] = { "", "root", "direct", "indirect" };
	static const struct str ours[] = { S("spec"), S("needs-optional"), S("relation"), S("dev"),
					   S("optional") };
	struct attr *v = arena_array(inv->arena, p->n_attrs + 3, sizeof *v);
	size_t n = 0;
	for (size_t i = 0; i < p->n_attrs; i++) {
		bool skip = false;
		for (size_t k = 0; k < COUNT(ours); k++)
			skip = skip || str_eq(p->attrs[i].key, ours[k]);
		if (!skip)
			v[n++] = p->attrs[i];
	}
	if (p->relation != RELATION_UNKNOWN)
		v[n++] = (struct attr){ S("relation"), str_of(relations[p->relation]) };
	if (p->dev)
		v[n++] = (struct attr){ S("dev"), S("true") };
	if (p->optional)
		v[n++] = (struct attr){ S("optional"), S("true") };
	p->attrs = v;
	p->n_attrs = n;
}

void lock_join(const struct fold *f, struct inventory *inv, const char *lock_analyzer,
	       const char *manifest_analyzer, const char *manifest, bool marks)
{
	struct arena a = { 0 };
	struct map by_path;
	struct group *groups = NULL;
	map_init(&by_path, &a);
	for (size_t i = 0; i < inv->n_packages; i++) {
		const struct package *p = &inv->packages[i];
		if (!str_eq(p->analyzer, str_of(lock_analyzer)) || p->relation != RELATION_UNKNOWN)
			continue;
		void **at = map_at(&by_path, p->path);
		struct group *g = *at;
		if (!g) {
			*at = g = ARENA_NEW(&a, struct group);
			*g = (struct group){ .path = p->path, .next = groups };
			groups = g;
		}
		*ARENA_PUSH(&a, g->v, g->n, g->cap) = i;
	}
	for (struct group *g = groups; g; g = g->next) {
		ssize_t slash = str_rfind_char(g->path, '/');
		struct str beside = arena_printf(
			&a, "%.*s%s", STR(str_upto(g->path, (size_t)(slash + 1))), manifest);
		const struct folded_file *m = fold_find(f, beside, manifest_analyzer);
		if (m && m->file->n_attrs)
			join_one(inv, g->v, g->n, m->file, marks);
	}
	for (size_t i = 0; i < inv->n_packages; i++)
		if (str_eq(inv->packages[i].analyzer, str_of(lock_analyzer)))
			lock_tell(inv, &inv->packages[i]);
	arena_done(&a);
}
