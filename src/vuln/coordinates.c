/* Coordinates by SHA-1. What Maven wrote into an archive is believed before the table; guesses from manifests and file names
 * are not. An archive that nothing names is a fact of its file (analyze/java.c): "archive" = SHA1 and the place inside,
 * where SHA1 is "-" for the file itself, whose digest the walk took. */
#include "vuln/coordinates.h"

struct str coordinates_key(struct arena *a, const struct digest *sha1)
{
	char text[DIGEST_TEXT];
	return arena_str(a, str_from(str_of(digest_text(sha1, text)), S("sha1:").n));
}

/* "group:artifact" and the version; false when the table does not have it. */
static int find(struct inventory *inv, struct advisory_db *db, struct str key, struct str *name,
		struct str *version, struct err *e)
{
	struct advisory *hits = NULL;
	size_t n = 0;
	struct arena scratch = { 0 };
	int r = advisory_db_find(db, S(COORDINATES_NAMESPACE), key, &scratch, &hits, &n, e);
	if (r >= 0 && n) {
		struct str id = hits[0].id;
		*name = arena_str(inv->arena, str_cut(&id, '@'));
		*version = arena_str(inv->arena, id);
	}
	arena_done(&scratch);
	return r < 0 ? r : n > 0;
}

static struct str key_of(struct inventory *inv, const struct package *p)
{
	struct str sha1 = record_attr(p->attrs, p->n_attrs, S("sha1"));
	if (!sha1.n && !p->inside.n && p->sha1.alg == DIGEST_SHA1)
		sha1 = coordinates_key(inv->arena, &p->sha1);
	return sha1;
}

static void name_package(struct inventory *inv, struct package *p, struct str name,
			 struct str version)
{
	p->name = p->source_name = name;
	p->version = p->source_version = version;
	p->purl = package_purl(inv->arena, p, &inv->distribution);
}

static int resolve_guessed(struct inventory *inv, struct advisory_db *db, size_t *changed,
			   struct err *e)
{
	for (size_t i = 0; i < inv->n_packages; i++) {
		struct package *p = &inv->packages[i];
		struct str evidence = record_attr(p->attrs, p->n_attrs, S("evidence")), name,
			   version;
		if (!str_eq(p->type, S("maven")) ||
		    !(str_eq(evidence, S("manifest")) || str_eq(evidence, S("name"))))
			continue;
		struct str key = key_of(inv, p);
		int r = key.n ? find(inv, db, key, &name, &version, e) : 0;
		if (r < 0)
			return r;
		if (r == 0)
			continue;
		name_package(inv, p, name, version);
		++*changed;
	}
	return 0;
}

static int resolve_fact(struct inventory *inv, struct advisory_db *db, const struct fact_file *f,
			struct str value, size_t *changed, struct err *e)
{
	struct str name, version, key = str_cut(&value, ' ');
	if (str_eq(key, S("-")))
		key = f->sha1.alg == DIGEST_SHA1 ? coordinates_key(inv->arena, &f->sha1) : S("");
	int r = key.n ? find(inv, db, key, &name, &version, e) : 0;
	if (r <= 0)
		return r;
	struct package *p =
		ARENA_PUSH(inv->arena, inv->packages, inv->n_packages, inv->packages_cap);
	*p = (struct package){ .type = S("maven"),
			       .path = f->path,
			       .inside = value,
			       .analyzer = f->analyzer,
			       .layer = f->layer,
			       .sha1 = f->sha1,
			       .owner = -1 };
	name_package(inv, p, name, version);
	++*changed;
	return 0;
}

int coordinates_resolve(struct inventory *inv, struct advisory_db *db, struct err *e)
{
	size_t changed = 0;
	if (!advisory_db_namespace_records(db, S(COORDINATES_NAMESPACE)))
		return 0;
	int r = resolve_guessed(inv, db, &changed, e);
	for (size_t i = 0; i < inv->n_facts && r == 0; i++) {
		const struct fact_file *f = &inv->facts[i];
		for (size_t k = 0; k < f->n_attrs && r == 0; k++)
			if (str_eq(f->attrs[k].key, S("archive")) && str_eq(f->analyzer, S("java")))
				r = resolve_fact(inv, db, f, f->attrs[k].value, &changed, e);
	}
	if (changed)
		inventory_sort_again(inv);
	return r;
}
