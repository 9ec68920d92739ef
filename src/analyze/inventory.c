/* The inventory: notes, packages with the layer that brought them, package URLs. Names and versions come
 * from packages and may hold any byte: a purl escapes what it must. */
#include "analyze/fold.h"
#include "analyze/purl.h"
#include "base/map.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { NOTE_MAX = 1000, DOUBLES_NEAR = 16 };

void inventory_note(struct inventory *inv, ssize_t layer, struct str path, const char *fmt, ...)
{
	char text[NOTE_MAX];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	size_t length = n < 0 ? 0 : MIN((size_t)n, sizeof text - 1);
	*ARENA_PUSH(inv->arena, inv->not_examined, inv->n_not_examined, inv->not_examined_cap) =
		(struct not_examined){
			.path = arena_str(inv->arena, path),
			.reason = arena_str(inv->arena, (struct str){ text, length }),
			.layer = layer,
		};
}

static int compare_packages(const void *a, const void *b)
{
	const struct package *x = a, *y = b;
	const struct str *left[] = {
		&x->type, &x->name, &x->version, &x->arch, &x->path, &x->inside
	};
	const struct str *right[] = { &y->type, &y->name, &y->version,
				      &y->arch, &y->path, &y->inside };
	for (size_t i = 0; i < COUNT(left); i++) {
		int r = str_cmp(*left[i], *right[i]);
		if (r)
			return r;
	}
	return str_cmp(x->analyzer, y->analyzer);
}

void inventory_sort_packages(struct inventory *inv)
{
	if (inv->n_packages)
		qsort(inv->packages, inv->n_packages, sizeof *inv->packages, compare_packages);
}

static int compare_modes(const void *a, const void *b)
{
	const struct file_mode *x = a, *y = b;
	return str_cmp(x->path, y->path);
}

/* Where a package is: its file and the place in it; for Python the folder of its metadata folder. */
static struct str place_of(const struct package *p)
{
	struct str place = path_parent(p->path), name = str_from(p->path, place.n);
	if (str_eq(p->type, S("pypi")) &&
	    (str_eq(name, S("/METADATA")) || str_eq(name, S("/PKG-INFO"))))
		return path_parent(place);
	return str_ends(p->path, S(".egg-info")) ? place : p->path;
}

static bool same_package(const struct package *x, const struct package *y)
{
	return str_eq(x->type, y->type) && str_eq(x->name, y->name) &&
	       str_eq(x->version, y->version) && str_eq(x->arch, y->arch) &&
	       str_eq(x->inside, y->inside) && str_eq(place_of(x), place_of(y));
}

void inventory_merge_doubles(struct inventory *inv)
{
	size_t n = 0, same = 0; /* same: where the row of equal names and versions begins */
	for (size_t i = 0; i < inv->n_packages; i++) {
		struct package *p = &inv->packages[i], *twin = NULL;
		const struct package *first = n ? &inv->packages[same] : NULL;
		if (first && !(str_eq(first->type, p->type) && str_eq(first->name, p->name) &&
			       str_eq(first->version, p->version)))
			same = n;
		/* Sorted by path, so that doubles stand close; distant ones are left apart. */
		for (size_t k = n; !twin && k-- > same && n - k <= DOUBLES_NEAR;)
			if (same_package(&inv->packages[k], p))
				twin = &inv->packages[k];
		if (!twin || package_is_os(p)) {
			inv->packages[n++] = *p;
			continue;
		}
		twin->dev &= p->dev;
		twin->optional &= p->optional;
		if (twin->relation == RELATION_UNKNOWN || p->relation == RELATION_DIRECT)
			twin->relation = p->relation;
		if (!twin->licences.n)
			twin->licences = p->licences;
		if (!twin->depends.n)
			twin->depends = p->depends;
	}
	inv->n_packages = n;
}

bool package_is_os(const struct package *p)
{
	static const char *const types[] = { "deb", "rpm", "apk", "alpm", "opkg" };
	for (size_t i = 0; i < COUNT(types); i++)
		if (str_eq(p->type, str_of(types[i])))
			return true;
	return false;
}

/* Indexes of packages after they moved: to[old], SIZE_MAX: gone. */
static size_t *renumber_needs(struct inventory *inv, const struct package *p, const size_t *to,
			      size_t *n)
{
	size_t *needs = arena_array(inv->arena, p->n_needs, sizeof *needs);
	*n = 0;
	for (size_t k = 0; k < p->n_needs; k++) {
		size_t at = to[p->needs[k]], i = *n;
		if (at == SIZE_MAX)
			continue;
		for (; i > 0 && needs[i - 1] > at; i--)
			needs[i] = needs[i - 1];
		needs[i] = at;
		++*n;
	}
	return needs;
}

static void renumber(struct inventory *inv, const size_t *to)
{
	for (size_t i = 0; i < inv->n_packages; i++) {
		struct package *p = &inv->packages[i];
		size_t kept;
		p->needs = renumber_needs(inv, p, to, &kept);
		p->n_needs = kept;
		if (p->owner >= 0)
			p->owner = to[p->owner] == SIZE_MAX ? -1 : (ssize_t)to[p->owner];
	}
	for (size_t i = 0; i < inv->n_licence_texts; i++) {
		ssize_t *owner = &inv->licence_texts[i].package;
		if (*owner >= 0)
			*owner = to[*owner] == SIZE_MAX ? -1 : (ssize_t)to[*owner];
	}
}

static void keep(struct inventory *inv, bool (*stays)(const struct package *p))
{
	size_t n = 0, *to = arena_array(inv->arena, inv->n_packages, sizeof *to);
	for (size_t i = 0; i < inv->n_packages; i++) {
		bool here = stays(&inv->packages[i]);
		to[i] = here ? n : SIZE_MAX;
		if (here)
			inv->packages[n++] = inv->packages[i];
	}
	inv->n_packages = n;
	renumber(inv, to);
}

static bool is_library(const struct package *p)
{
	return !package_is_os(p);
}

static bool is_neither(const struct package *p)
{
	(void)p;
	return false;
}

void inventory_keep(struct inventory *inv, bool os, bool library)
{
	if (!os || !library)
		keep(inv, os ? package_is_os : library ? is_library : is_neither);
}

static bool has_no_other_package(const struct package *p)
{
	return !p->is_owned || !str_eq(p->type, S("generic"));
}

void inventory_drop_packaged_programs(struct inventory *inv)
{
	keep(inv, has_no_other_package);
}

struct numbered {
	struct package package;
	size_t was;
};

static int compare_numbered(const void *a, const void *b)
{
	const struct numbered *x = a, *y = b;
	int r = compare_packages(&x->package, &y->package);
	return r ? r : (x->was > y->was) - (x->was < y->was);
}

void inventory_sort_again(struct inventory *inv)
{
	struct arena scratch = { 0 };
	size_t n = inv->n_packages, *to = arena_array(&scratch, n, sizeof *to);
	struct numbered *v = arena_array(&scratch, n, sizeof *v);
	for (size_t i = 0; i < n; i++)
		v[i] = (struct numbered){ inv->packages[i], i };
	if (n)
		qsort(v, n, sizeof *v, compare_numbered);
	for (size_t i = 0; i < n; i++) {
		inv->packages[i] = v[i].package;
		to[v[i].was] = i;
	}
	renumber(inv, to);
	arena_done(&scratch);
}

/* Since when is it there */
static struct str package_key(struct arena *a, const struct record_package *p)
{
	size_t n = p->name.n + p->version.n + p->arch.n + 2;
	struct buf b = { arena_alloc(a, n), 0, n };
	buf_add_str(&b, p->name);
	buf_add_char(&b, '\0');
	buf_add_str(&b, p->version);
	buf_add_char(&b, '\0');
	buf_add_str(&b, p->arch);
	return str_buf(&b);
}

/* Walks the older versions of one database; `first` are its packages in the inventory, in the order of the file. */
static void attribute(struct package *first, const struct folded_file *ff, const struct fold *f)
{
	struct arena a = { 0 };
	size_t n = ff->file->n_packages, left = n;
	struct str *keys = arena_array(&a, n, sizeof *keys);
	bool *over = arena_array(&a, n, sizeof *over);
	for (size_t i = 0; i < n; i++)
		keys[i] = package_key(&a, &ff->file->packages[i]);
	while (left && (ff = fold_older(f, ff)) && ff->file->unreadable.n == 0) {
		struct map have;
		map_init(&have, &a);
		for (size_t i = 0; i < ff->file->n_packages; i++)
			*map_at(&have, package_key(&a, &ff->file->packages[i])) = &have;
		for (size_t i = 0; i < n; i++) {
			if (over[i])
				continue;
			if (map_get(&have, keys[i])) {
				first[i].layer = ff->layer;
			} else {
				over[i] = true;
				left--;
			}
		}
	}
	arena_done(&a);
}

static bool is_set(const struct record_package *p, struct str key)
{
	return str_eq(record_attr(p->attrs, p->n_attrs, key), S("true"));
}

static enum relation relation_of(const struct record_package *p)
{
	struct str word = record_attr(p->attrs, p->n_attrs, S("relation"));
	if (str_eq(word, S("root")))
		return RELATION_ROOT;
	if (str_eq(word, S("direct")))
		return RELATION_DIRECT;
	return str_eq(word, S("indirect")) ? RELATION_INDIRECT : RELATION_UNKNOWN;
}

static void add_file(struct inventory *inv, const struct fold *f, const struct folded_file *ff)
{
	size_t start = inv->n_packages;
	for (size_t i = 0; i < ff->file->n_packages; i++) {
		const struct record_package *p = &ff->file->packages[i];
		*ARENA_PUSH(inv->arena, inv->packages, inv->n_packages,
			    inv->packages_cap) = (struct package){
			.type = p->type,
			.name = p->name,
			.version = p->version,
			.arch = p->arch,
			.source_name = p->source_name.n ? p->source_name : p->name,
			.source_version = p->source_version.n ? p->source_version : p->version,
			.licences = p->licences,
			.depends = p->depends,
			.provides = p->provides,
			.path = ff->path,
			.analyzer = ff->file->analyzer,
			.layer = ff->layer,
			.attrs = p->attrs,
			.n_attrs = p->n_attrs,
			.owned = p->owned,
			.n_owned = p->n_owned,
			.sha256 = ff->file->sha256,
			.sha1 = ff->file->sha1,
			.md5 = ff->file->md5,
			.inside = record_attr(p->attrs, p->n_attrs, S("inside")),
			.relation = relation_of(p),
			.dev = is_set(p, S("dev")),
			.optional = is_set(p, S("optional")),
			.owner = -1,
		};
	}
	if (ff->file->n_packages && fold_older(f, ff))
		attribute(inv->packages + start, ff, f);
}

/* Of each path the topmost layer's, where that one is of unusual mode. */
static void add_modes(struct inventory *inv, const struct fold *f)
{
	for (size_t i = 0; i < f->n_layers; i++) {
		const struct layer_record *r = f->records[i];
		for (size_t j = 0; r && j < r->n_modes; j++) {
			const struct record_mode *m = &r->modes[j];
			size_t top;
			if (!fold_path_layer(f, m->path, &top) || top != i)
				continue;
			*ARENA_PUSH(inv->arena, inv->modes, inv->n_modes, inv->modes_cap) =
				(struct file_mode){
					m->path, m->mode, m->uid, m->gid, m->is_dir, i
				};
		}
	}
	if (inv->n_modes)
		qsort(inv->modes, inv->n_modes, sizeof *inv->modes, compare_modes);
}

void inventory_add_packages(struct inventory *inv, const struct fold *f)
{
	/* Counted first: what a growing array leaves behind stays in the arena. */
	size_t n = 0;
	for (size_t i = 0; i < f->n_files; i++)
		n += f->files[i].file->n_packages;
	if (n && inv->packages_cap == 0) {
		inv->packages = arena_array(inv->arena, n, sizeof *inv->packages);
		inv->packages_cap = n;
	}
	for (size_t i = 0; i < f->n_files; i++) {
		const struct folded_file *ff = &f->files[i];
		add_file(inv, f, ff);
		if (ff->file->n_attrs)
			*ARENA_PUSH(inv->arena, inv->facts, inv->n_facts, inv->facts_cap) =
				(struct fact_file){
					.path = ff->path,
					.analyzer = ff->file->analyzer,
					.size = ff->file->size,
					.layer = ff->layer,
					.sha1 = ff->file->sha1,
					.attrs = ff->file->attrs,
					.n_attrs = ff->file->n_attrs,
				};
	}
	add_modes(inv, f);
	inventory_sort_packages(inv);
}

/* Package URLs */

static struct str distro_qualifier(struct arena *a, const struct distribution *d)
{
	struct str release = d->version_id.n ? d->version_id
			     : d->version.n  ? d->version
					     : d->codename;
	if (d->id.n == 0 || release.n == 0)
		return d->id;
	return arena_printf(a, "%.*s-%.*s", STR(d->id), STR(release));
}

static struct str upstream_qualifier(struct arena *a, const struct package *p)
{
	bool other_version = p->source_version.n && !str_eq(p->source_version, p->version);
	if (p->source_name.n == 0 || (str_eq(p->source_name, p->name) && !other_version))
		return (struct str){ 0 };
	if (!other_version)
		return p->source_name;
	return arena_printf(a, "%.*s@%.*s", STR(p->source_name), STR(p->source_version));
}

/* The qualifiers that the types of languages define, from the attributes of the same name. */
static void set_qualifiers(struct purl *u, const struct package *p)
{
	static const struct {
		const char *type, *key;
	} known[] = {
		{ "maven", "classifier" }, { "conda", "build" },     { "conda", "channel" },
		{ "conda", "subdir" },	   { "conan", "user" },	     { "conan", "channel" },
		{ "conan", "rrev" },	   { "conan", "prev" },	     { "julia", "uuid" },
		{ "npm", "vcs_url" },	   { "generic", "vcs_url" },
	};
	for (size_t i = 0; i < COUNT(known); i++)
		if (str_eq(p->type, str_of(known[i].type)))
			purl_set_qualifier(u, known[i].key,
					   record_attr(p->attrs, p->n_attrs, str_of(known[i].key)));
	if (str_eq(p->type, S("bitnami")))
		purl_set_qualifier(u, "arch", p->arch);
}

struct str package_purl(struct arena *a, const struct package *p, const struct distribution *d)
{
	struct purl u = { .type = p->type, .name = p->name, .version = p->version };
	if (p->name.n == 0)
		return (struct str){ 0 };
	if (!package_is_os(p)) {
		purl_set_package_name(a, &u, p->name);
		set_qualifiers(&u, p);
		return purl_text(a, &u);
	}
	u.ns = d->id;
	purl_set_qualifier(&u, "arch", p->arch);
	purl_set_qualifier(&u, "distro", distro_qualifier(a, d));
	if (str_eq(p->type, S("rpm")) && str_find_char(u.version, ':') > 0)
		purl_set_qualifier(&u, "epoch", str_cut(&u.version, ':'));
	purl_set_qualifier(&u, "upstream", upstream_qualifier(a, p));
	return purl_text(a, &u);
}
