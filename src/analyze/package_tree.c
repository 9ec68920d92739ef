/* The tree of installed JavaScript packages: a package's package.json names what it needs, and node takes the nearest
 * node_modules/NAME upwards from the package's own folder, links followed (pnpm's are nothing but links); Debian's node
 * looks into usr/share/nodejs at last. What the applications around ask for is direct. Development and options are not
 * marked: what is installed is there.
 *
 * Hostile input: a million packages that need what is nowhere: CLIMB_MAX folders are tried for each, LINKS_MAX of them with
 * links. */
#include "analyze/inventory.h"
#include "analyze/npm.h"

enum { CLIMB_MAX = 64, LINKS_MAX = 3 };

struct tree {
	struct lock l;
	const struct fold *f;
	struct buf path;
	struct str *names; /* "NAME@VERSION" of the entries */
};

/* The package whose folder this is. */
static struct lock_entry *at(struct tree *t, struct str dir, struct str name, bool links)
{
	t->path.n = 0;
	buf_addf(&t->path, "%.*s%snode_modules/%.*s", STR(dir), dir.n ? "/" : "", STR(name));
	struct lock_entry *x = lock_find(&t->l, str_buf(&t->path));
	return x || !links ? x : lock_find(&t->l, fold_resolve(t->f, str_buf(&t->path)));
}

static struct lock_entry *resolve(struct lock *l, const struct lock_entry *from,
				  const struct lock_need *need)
{
	struct tree *t = (struct tree *)l;
	struct str dir = from->key;
	for (unsigned i = 0; i < CLIMB_MAX; i++) {
		struct lock_entry *x = at(t, dir, need->what, t->f->tree && i < LINKS_MAX);
		if (x)
			return x;
		if (!dir.n)
			break;
		dir = path_parent(dir);
		if (str_eq(dir, S("node_modules")) || str_ends(dir, S("/node_modules")))
			dir = path_parent(dir);
	}
	if (!str_starts(from->key, S("usr/share/nodejs/")))
		return NULL;
	t->path.n = 0;
	buf_addf(&t->path, "usr/share/nodejs/%.*s", STR(need->what));
	return lock_find(l, str_buf(&t->path));
}

static struct lock_entry *add(struct tree *t, struct str path)
{
	struct lock_entry *x = NULL;
	struct err e;
	if (lock_add(&t->l, S(""), S(""), &x, &e) == 0)
		lock_key(&t->l, path_parent(path), x);
	return x;
}

/* What an application asks for stands in the facts of its file. */
static void add_project(struct tree *t, struct lock_entry *x, const struct record_file *file)
{
	x->root = true;
	for (size_t i = 0; i < file->n_attrs; i++) {
		struct str what = file->attrs[i].value;
		if (str_starts(file->attrs[i].key, S("needs")))
			lock_need(&t->l, x, str_cut(&what, ' '), S(""), LOCK_NEEDED);
	}
}

static void add_packages(struct tree *t, const struct inventory *inv)
{
	for (size_t i = 0; i < inv->n_packages; i++) {
		const struct package *p = &inv->packages[i];
		if (!str_eq(p->analyzer, S("package_json")))
			continue;
		struct lock_entry *x = add(t, p->path);
		t->names[t->l.n - 1] =
			arena_printf(inv->arena, "%.*s@%.*s", STR(p->name), STR(p->version));
		for (size_t k = 0; k < p->depends.n; k++)
			lock_need(&t->l, x, p->depends.v[k], S(""), LOCK_NEEDED);
	}
}

static void add_projects(struct tree *t)
{
	for (size_t i = 0; i < t->f->n_files; i++) {
		const struct folded_file *ff = &t->f->files[i];
		if (!str_eq(ff->file->analyzer, S("package_json")) || !ff->file->n_attrs)
			continue;
		struct lock_entry *x = lock_find(&t->l, path_parent(ff->path));
		if (!x)
			x = add(t, ff->path);
		add_project(t, x, ff->file);
	}
}

static void take_back(struct tree *t, struct inventory *inv)
{
	struct map places;
	size_t n = 0;
	map_init(&places, t->l.arena);
	for (size_t i = 0; i < t->l.n; i++)
		*map_at(&places, (struct str){ (const char *)&t->l.v[i], sizeof t->l.v[i] }) =
			&t->names[i];
	for (size_t i = 0; i < inv->n_packages; i++) {
		struct package *p = &inv->packages[i];
		if (!str_eq(p->analyzer, S("package_json")))
			continue;
		const struct lock_entry *x = t->l.v[n++];
		if (p->relation == RELATION_UNKNOWN && x->reached[LOCK_NEEDED])
			p->relation = x->direct ? RELATION_DIRECT : RELATION_INDIRECT;
		struct strs needs = { 0 };
		const struct lock_need *need = x->needs;
		for (size_t k = 0; k < p->depends.n; k++, need = need->next) {
			const struct str *name =
				need->to ? map_get(&places, (struct str){ (const char *)&need->to,
									  sizeof need->to })
					 : &need->what;
			*ARENA_PUSH(inv->arena, needs.v, needs.n, needs.cap) =
				name->n ? *name : p->depends.v[k];
		}
		p->depends = needs;
		lock_tell(inv, p);
	}
}

void package_tree_join(const struct fold *f, struct inventory *inv)
{
	struct arena scratch = { 0 };
	struct tree t = { .f = f };
	t.l = (struct lock){ .arena = &scratch, .marks = true, .resolve = resolve };
	map_init(&t.l.keys, &scratch);
	t.names = arena_array(&scratch, inv->n_packages + f->n_files + 1, sizeof *t.names);
	add_packages(&t, inv);
	if (t.l.n) {
		add_projects(&t);
		lock_mark(&t.l);
		take_back(&t, inv);
	}
	buf_done(&t.path);
	arena_done(&scratch);
}
