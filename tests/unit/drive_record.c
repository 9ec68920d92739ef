/* Stands in for the adders of analyze/record.c where that is not linked: weak, so the real ones win. */
#include "analyze/record.h"

#define STAND_IN __attribute__((weak))

STAND_IN struct record_file *record_add_file(struct arena *a, struct layer_record *r,
					     struct str path, const char *analyzer, uint64_t size)
{
	struct record_file *f = ARENA_PUSH(a, r->files, r->n_files, r->files_cap);
	f->path = arena_str(a, path);
	f->analyzer = str_of(analyzer);
	f->size = size;
	return f;
}

STAND_IN struct record_package *record_add_package(struct arena *a, struct record_file *f)
{
	return ARENA_PUSH(a, f->packages, f->n_packages, f->packages_cap);
}

STAND_IN void record_add_attr(struct arena *a, struct record_file *f, struct str key,
			      struct str value)
{
	*ARENA_PUSH(a, f->attrs, f->n_attrs, f->attrs_cap) =
		(struct attr){ arena_str(a, key), arena_str(a, value) };
}

STAND_IN void record_package_attr(struct arena *a, struct record_package *p, struct str key,
				  struct str value)
{
	*ARENA_PUSH(a, p->attrs, p->n_attrs, p->attrs_cap) =
		(struct attr){ arena_str(a, key), arena_str(a, value) };
}

STAND_IN void record_add_owned(struct arena *a, struct record_package *p, struct str path,
			       enum digest_alg alg, struct str hex)
{
	struct owned_file *o = ARENA_PUSH(a, p->owned, p->n_owned, p->owned_cap);
	struct digest d;
	o->path = arena_str(a, path);
	if (digest_from_hex(alg, hex, &d)) {
		o->sum = memcpy(arena_alloc(a, d.len), d.bytes, d.len);
		o->alg = d.alg;
	}
}

STAND_IN void record_add_note(struct arena *a, struct layer_record *r, const struct limits *l,
			      struct str path, struct str reason)
{
	if (r->n_notes < l->layer_notes)
		*ARENA_PUSH(a, r->notes, r->n_notes, r->notes_cap) =
			(struct record_note){ arena_str(a, path), arena_str(a, reason) };
}

STAND_IN struct str record_attr(const struct attr *attrs, size_t n, struct str key)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(attrs[i].key, key))
			return attrs[i].value;
	return (struct str){ 0 };
}
