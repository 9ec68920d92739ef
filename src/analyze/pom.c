/* pom.xml (Maven's "POM Reference", model 4.0.0), as far as it says what a project is and needs. Read by the path of
 * elements, so that <dependencies> of plugins and profiles are not taken for the project's. Values may hold ${name}: a
 * property of the pom or of a parent, or project.groupId, .artifactId, .version (also below project.parent).
 *
 * As an analyzer: pom.xml of a project. Parents are looked for among the other poms of the tree, and so is what they
 * manage; what can only be had from a repository stays unknown, and a dependency whose version is not known is a note.
 * Scope test is marked dev, optional is optional.
 *
 * Hostile input: base/xml.c refuses document types; properties that refer to each other in circles or double each other
 * (POM_VALUE_MAX and a depth), parents in circles (POM_PARENTS_MAX), long lists (POM_ITEMS_MAX). Not supported: profiles,
 * version ranges, exclusions, imported scopes from outside the tree. */
#include "analyze/pom.h"

#include "analyze/listing.h"
#include "base/xml.h"

#include <stddef.h>

enum {
	PATH_ROOM = 256,
	EXPAND_DEPTH = 8,
	EXPAND_STEPS = 200,
	POMS_TEXT_MAX = 24 << 20, /* bytes of all of one layer */
};

struct reading {
	struct arena *a;
	struct pom *p;
	char path[PATH_ROOM]; /* "project/parent/groupId" */
	size_t ends[XML_DEPTH_MAX + 1]; /* of the path, by depth; SIZE_MAX: it does not fit */
};

#define FIELD(path, type, field) \
	{ \
		path, offsetof(type, field) \
	}
struct field {
	const char *path;
	size_t offset;
};
static const struct field project_fields[] = {
	FIELD("project/groupId", struct pom, id.group),
	FIELD("project/artifactId", struct pom, id.artifact),
	FIELD("project/version", struct pom, id.version),
	FIELD("project/parent/groupId", struct pom, parent.group),
	FIELD("project/parent/artifactId", struct pom, parent.artifact),
	FIELD("project/parent/version", struct pom, parent.version),
};
static const struct field dependency_fields[] = {
	FIELD("groupId", struct pom_dependency, id.group),
	FIELD("artifactId", struct pom_dependency, id.artifact),
	FIELD("version", struct pom_dependency, id.version),
	FIELD("scope", struct pom_dependency, scope),
	FIELD("type", struct pom_dependency, type),
	FIELD("optional", struct pom_dependency, optional),
};
static const struct str depends_path = { "project/dependencies/dependency", 31 };
static const struct str managed_path = { "project/dependencyManagement/dependencies/dependency",
					 52 };
static const struct str properties_path = { "project/properties/", 19 };

static struct str path_of(const struct reading *r, unsigned depth)
{
	return r->ends[depth] == SIZE_MAX ? S("") : (struct str){ r->path, r->ends[depth] };
}

static int on_start(void *ctx, unsigned depth, struct str name, const char **attributes,
		    struct err *e)
{
	struct reading *r = ctx;
	struct pom *p = r->p;
	size_t before = depth == 1 ? 0 : r->ends[depth - 1], slash = depth > 1;
	(void)attributes;
	if (depth == 1 && !str_eq(name, S("project")))
		return err_set(e, ERR_INVALID, "no pom.xml: its root is <%.*s>", STR(name));
	r->ends[depth] = SIZE_MAX;
	if (before == SIZE_MAX || name.n + slash > PATH_ROOM - before)
		return 0;
	if (slash)
		r->path[before] = '/';
	memcpy(r->path + before + slash, name.p, name.n);
	r->ends[depth] = before + slash + name.n;
	struct str path = path_of(r, depth);
	bool depends = str_eq(path, depends_path), managed = str_eq(path, managed_path);
	if ((depends || managed) && ++p->items > POM_ITEMS_MAX)
		return err_set(e, ERR_LIMIT, "more than %d dependencies and properties",
			       POM_ITEMS_MAX);
	if (depends)
		(void)ARENA_PUSH(r->a, p->depends, p->n_depends, p->depends_cap);
	if (managed)
		(void)ARENA_PUSH(r->a, p->managed, p->n_managed, p->managed_cap);
	return 0;
}

static void set_field(struct reading *r, const struct field *fields, size_t n, void *object,
		      struct str path, struct str text)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(path, str_of(fields[i].path)))
			*(struct str *)((char *)object + fields[i].offset) = arena_str(r->a, text);
}

static bool below(struct str path, struct str folder, struct str *rest)
{
	if (!str_starts(path, folder) || path.n <= folder.n || path.p[folder.n] != '/')
		return false;
	*rest = str_from(path, folder.n + 1);
	return true;
}

static int on_end(void *ctx, unsigned depth, struct str name, struct str text, struct err *e)
{
	struct reading *r = ctx;
	struct pom *p = r->p;
	struct str path = path_of(r, depth), rest;
	(void)name;
	text = str_trim(text);
	if (path.n == 0 || text.n == 0)
		return 0;
	set_field(r, project_fields, COUNT(project_fields), p, path, text);
	if (p->n_depends && below(path, depends_path, &rest))
		set_field(r, dependency_fields, COUNT(dependency_fields),
			  &p->depends[p->n_depends - 1], rest, text);
	if (p->n_managed && below(path, managed_path, &rest))
		set_field(r, dependency_fields, COUNT(dependency_fields),
			  &p->managed[p->n_managed - 1], rest, text);
	bool property = str_starts(path, properties_path) && depth == 3;
	bool licence = str_eq(path, S("project/licenses/license/name"));
	if ((property || licence) && ++p->items > POM_ITEMS_MAX)
		return err_set(e, ERR_LIMIT, "more than %d dependencies and properties",
			       POM_ITEMS_MAX);
	if (property) {
		struct str *value = ARENA_NEW(r->a, struct str);
		*value = arena_str(r->a, text);
		*map_at(&p->properties, arena_str(r->a, str_from(path, properties_path.n))) = value;
	}
	if (licence)
		*ARENA_PUSH(r->a, p->licences.v, p->licences.n, p->licences.cap) =
			arena_str(r->a, text);
	return 0;
}

int pom_parse(struct arena *a, struct str text, struct pom *out, struct err *e)
{
	static const struct xml_handlers handlers = { on_start, on_end };
	struct pom p = { .path = out->path };
	struct reading r = { .a = a, .p = &p };
	if (text.n > POM_TEXT_MAX)
		return err_set(e, ERR_LIMIT, "larger than %d bytes", POM_TEXT_MAX);
	map_init(&p.properties, a);
	map_init(&p.managed_names, a);
	CLEANUP(cleanup_stream) struct stream *s = stream_mem(text);
	int code = xml_read(s, &handlers, &r, e);
	if (code == 0)
		*out = p;
	return code;
}

static struct str pom_key(struct arena *a, const struct pom_id *id)
{
	return arena_printf(a, "%.*s:%.*s", STR(id->group), STR(id->artifact));
}

/* By names alone: in one tree there is one version of each. */
void pom_link(struct arena *a, struct pom *const *poms, size_t n)
{
	struct map by_name;
	map_init(&by_name, a);
	for (size_t i = 0; i < n; i++) {
		struct pom_id id = pom_identity(a, poms[i]);
		*map_at(&by_name, pom_key(a, &id)) = poms[i];
	}
	for (size_t i = 0; i < n; i++) {
		const struct pom *above = poms[i]->parent.artifact.n
						  ? map_get(&by_name, pom_key(a, &poms[i]->parent))
						  : NULL;
		poms[i]->above = above == poms[i] ? NULL : above;
	}
	for (size_t i = 0; i < n; i++)
		for (size_t k = poms[i]->n_managed; k-- > 0;) {
			struct pom_dependency *m = &poms[i]->managed[k];
			struct pom_id id = { pom_value(a, poms[i], m->id.group),
					     pom_value(a, poms[i], m->id.artifact), S("") };
			*map_at(&poms[i]->managed_names, pom_key(a, &id)) = m;
		}
}

struct pom_id pom_identity(struct arena *a, const struct pom *p)
{
	struct pom_id id = p->id;
	if (id.group.n == 0)
		id.group = p->parent.group;
	if (id.version.n == 0)
		id.version = p->parent.version;
	return (struct pom_id){ pom_value(a, p, id.group), pom_value(a, p, id.artifact),
				pom_value(a, p, id.version) };
}

/* What ${name} stands for, itself perhaps with more of the kind. */
static bool find_property(const struct pom *p, struct str name, struct str *out)
{
	const struct {
		const char *name;
		struct str value;
	} known[] = {
		{ "project.groupId", p->id.group.n ? p->id.group : p->parent.group },
		{ "project.artifactId", p->id.artifact },
		{ "project.version", p->id.version.n ? p->id.version : p->parent.version },
		{ "project.parent.groupId", p->parent.group },
		{ "project.parent.artifactId", p->parent.artifact },
		{ "project.parent.version", p->parent.version },
	};
	if (str_starts(name, S("pom.")))
		name = str_from(name, 4);
	for (size_t i = 0; i < COUNT(known); i++) {
		struct str full = str_of(known[i].name);
		/* "version" and "pom.version" are old words for it. */
		if (known[i].value.n && (str_eq(name, full) || str_eq(name, str_from(full, 8)))) {
			*out = known[i].value;
			return true;
		}
	}
	for (unsigned up = 0; p && up < POM_PARENTS_MAX; p = p->above, up++) {
		const struct str *value = map_get(&p->properties, name);
		if (value) {
			*out = *value;
			return true;
		}
	}
	return false;
}

static bool expand(const struct pom *p, struct str text, unsigned depth, unsigned *steps,
		   struct buf *b)
{
	if (depth > EXPAND_DEPTH)
		return false;
	while (text.n) {
		ssize_t at = str_find(text, S("${"));
		buf_add_str(b, at < 0 ? text : str_upto(text, (size_t)at));
		if (b->n > POM_VALUE_MAX || ++*steps > EXPAND_STEPS)
			return false;
		if (at < 0)
			break;
		text = str_from(text, (size_t)at + 2);
		if (str_find_char(text, '}') < 0)
			return false;
		struct str value, name = str_cut(&text, '}');
		if (!find_property(p, name, &value) || !expand(p, value, depth + 1, steps, b))
			return false;
	}
	return true;
}

struct str pom_value(struct arena *a, const struct pom *p, struct str text)
{
	CLEANUP(buf_done) struct buf b = { 0 };
	unsigned steps = 0;
	if (text.n > POM_VALUE_MAX || !expand(p, text, 0, &steps, &b))
		return S("");
	return arena_str(a, str_trim(str_buf(&b)));
}

/* What the pom or a parent manages for this name. */
static const struct pom_dependency *find_managed(struct arena *a, const struct pom *p,
						 const struct pom_id *id)
{
	struct str key = pom_key(a, id);
	const struct pom_dependency *m = NULL;
	for (unsigned up = 0; p && !m && up < POM_PARENTS_MAX; p = p->above, up++)
		m = map_get(&p->managed_names, key);
	return m;
}

struct pom_id pom_resolve(struct arena *a, const struct pom *p, const struct pom_dependency *d,
			  struct str *scope)
{
	struct pom_id id = { pom_value(a, p, d->id.group), pom_value(a, p, d->id.artifact),
			     pom_value(a, p, d->id.version) };
	struct str in = d->scope;
	if (d->id.version.n == 0 || in.n == 0) {
		const struct pom_dependency *m = find_managed(a, p, &id);
		if (m && d->id.version.n == 0)
			id.version = pom_value(a, p, m->id.version);
		if (m && in.n == 0)
			in = m->scope;
	}
	/* A range is not a version. */
	if (id.version.n && strchr("[(", id.version.p[0]))
		id.version = S("");
	if (scope)
		*scope = pom_value(a, p, in);
	return id;
}

/* The analyzer */
struct shared {
	struct pom **v;
	size_t n, cap;
	uint64_t bytes; /* of their texts */
};

static int pom_end(struct analysis *an, void *state, const struct file *f,
		   const struct whole *whole, struct err *e)
{
	struct listing l;
	struct str text;
	(void)state;
	if (!an->shared)
		an->shared = ARENA_NEW(an->arena, struct shared);
	struct shared *sh = an->shared;
	listing_begin(&l, an, f, "pom", "maven");
	if (whole->size > POMS_TEXT_MAX - MIN(sh->bytes, (uint64_t)POMS_TEXT_MAX))
		return err_set(e, ERR_LIMIT, "more than %d bytes of poms", POMS_TEXT_MAX);
	sh->bytes += whole->size;
	int r = listing_text(&l, whole, &text, e);
	struct pom *p = ARENA_NEW(an->arena, struct pom);
	if (r == 0)
		r = pom_parse(an->arena, text, p, e);
	if (r)
		return r;
	p->path = arena_str(an->arena, f->path);
	*ARENA_PUSH(an->arena, sh->v, sh->n, sh->cap) = p;
	return 0;
}

static void list_pom(struct listing *l, const struct pom *p)
{
	struct arena *a = l->an->arena;
	struct pom_id id = pom_identity(a, p);
	struct record_package *root = NULL;
	size_t place = 0;
	if (id.group.n && id.artifact.n && id.version.n) {
		root = listing_add(l, pom_key(a, &id), id.version);
		listing_set(l, root, "relation", S("root"));
		for (size_t i = 0; i < p->licences.n; i++)
			listing_licence(l, root, p->licences.v[i]);
		place = l->file->n_packages;
	}
	for (size_t i = 0; i < p->n_depends; i++) {
		struct str scope;
		const struct pom_dependency *d = &p->depends[i];
		struct pom_id needs = pom_resolve(a, p, d, &scope);
		if (needs.group.n == 0 || needs.artifact.n == 0) {
			listing_note(l, "dependency %.*s:%.*s is not known", STR(d->id.group),
				     STR(d->id.artifact));
			continue;
		}
		struct str name = pom_key(a, &needs);
		struct record_package *q = listing_add(l, name, needs.version);
		listing_set(l, q, "relation", S("direct"));
		listing_set(l, q, "dev", str_eq(scope, S("test")) ? S("true") : S(""));
		listing_set(l, q, "optional", str_eq(d->optional, S("true")) ? S("true") : S(""));
		if (place && needs.version.n) /* the array may have moved */
			listing_need(l, &l->file->packages[place - 1], name, needs.version);
	}
}

static struct record_file *find_file(const struct analysis *an, struct str path)
{
	for (size_t i = an->record->n_files; i-- > 0;)
		if (str_eq(an->record->files[i].path, path))
			return &an->record->files[i];
	return NULL;
}

static int pom_finish(struct analysis *an, struct err *e)
{
	const struct shared *sh = an->shared;
	(void)e;
	if (!sh)
		return 0;
	pom_link(an->arena, sh->v, sh->n);
	for (size_t i = 0; i < sh->n; i++) {
		struct record_file *file = find_file(an, sh->v[i]->path);
		if (!file || file->n_packages)
			continue;
		struct listing l = { .an = an, .file = file, .type = S("maven") };
		map_init(&l.seen, an->arena);
		list_pom(&l, sh->v[i]);
	}
	return 0;
}

static const char *const patterns[] = { "pom.xml", "*.pom", NULL };

const struct analyzer analyzer_pom = {
	.name = "pom",
	.version = 1,
	.lockfile = true,
	.patterns = patterns,
	.want_whole = true,
	.end = pom_end,
	.finish = pom_finish,
};
