/* Which packages of languages are a distribution's own. Paths of databases go through links (/lib is usr/lib), so each
 * owned file's folder is resolved once and then looked up among the folders that matter: those that hold a file some
 * other package was read from.
 *
 * A hostile image may claim in its dpkg database to own what pip installed: the digest must agree too, and then the
 * file is what the database says it is; without digests only the layer that brought the package may have written it. It
 * may of course forge a database with right digests; who can write the package database can hide more than that, and
 * the report names the owner. */
#include "analyze/owned.h"

#include "base/map.h"

enum { FOLDERS_MAX = 1000000 }; /* folders resolved: more are left unproved */

struct read_from { /* a file that packages other than the distribution's were read from */
	struct str path;
	size_t layer; /* that wrote it last */
	const struct package *sums; /* one of them: all have the file's digests */
	ssize_t owner;
};

struct proof {
	const struct fold *f;
	struct inventory *inv;
	struct map files; /* path -> struct read_from */
	struct map wanted; /* folders of those */
	struct map folders; /* as databases write them -> resolved, as struct str */
	struct str last_folder, last_resolved;
};

static void take_files(struct proof *p)
{
	struct inventory *inv = p->inv;
	for (size_t i = 0; i < inv->n_packages; i++) {
		const struct package *k = &inv->packages[i];
		if (package_is_os(k))
			continue;
		void **slot = map_at(&p->files, k->path);
		if (*slot)
			continue;
		const struct folded_file *ff =
			fold_find(p->f, k->path, arena_cstr(inv->arena, k->analyzer));
		struct read_from *r = *slot = ARENA_NEW(inv->arena, struct read_from);
		*r = (struct read_from){ k->path, ff ? ff->layer : k->layer, k, -1 };
		*map_at(&p->wanted, path_parent(k->path)) = r;
	}
}

/* The folder as the container sees it; databases list files of one folder in a row. */
static struct str resolve_folder(struct proof *p, struct str folder)
{
	if (p->last_folder.p && str_eq(folder, p->last_folder))
		return p->last_resolved;
	struct str *known = map_get(&p->folders, folder);
	if (!known) {
		known = ARENA_NEW(p->inv->arena, struct str);
		if (p->folders.n < FOLDERS_MAX) {
			*known = fold_resolve(p->f, folder);
			*map_at(&p->folders, folder) = known;
		}
	}
	p->last_folder = folder;
	p->last_resolved = *known;
	return *known;
}

static bool is_proved(const struct owned_file *o, const struct package *owner,
		      const struct read_from *r)
{
	const struct digest *sums[] = { &r->sums->sha256, &r->sums->sha1, &r->sums->md5 };
	for (size_t i = 0; o->sum && i < COUNT(sums); i++)
		if (sums[i]->alg == o->alg)
			return memcmp(sums[i]->bytes, o->sum, sums[i]->len) == 0;
	return !o->sum && r->layer == owner->layer;
}

static void try_owner(struct proof *p, size_t index)
{
	const struct package *owner = &p->inv->packages[index];
	struct arena *a = p->inv->arena;
	for (size_t i = 0; i < owner->n_owned; i++) {
		const struct owned_file *o = &owner->owned[i];
		if (o->is_dir)
			continue;
		struct str folder = resolve_folder(p, path_parent(o->path));
		if (!map_get(&p->wanted, folder))
			continue;
		struct str name = str_from(o->path, (size_t)(str_rfind_char(o->path, '/') + 1));
		struct read_from *r = map_get(&p->files, path_join(a, folder, name));
		if (r && r->owner < 0 && is_proved(o, owner, r))
			r->owner = (ssize_t)index;
	}
}

void owned_prove(const struct fold *f, struct inventory *inv)
{
	struct proof p = { .f = f, .inv = inv };
	map_init(&p.files, inv->arena);
	map_init(&p.wanted, inv->arena);
	map_init(&p.folders, inv->arena);
	take_files(&p);
	for (size_t i = 0; p.files.n && i < inv->n_packages; i++)
		if (package_is_os(&inv->packages[i]))
			try_owner(&p, i);
	for (size_t i = 0; i < inv->n_packages; i++) {
		struct package *k = &inv->packages[i];
		const struct read_from *r = package_is_os(k) ? NULL : map_get(&p.files, k->path);
		k->owner = r ? r->owner : -1;
		k->is_owned = k->owner >= 0;
	}
}
