/* The difference of two reports: sorted views of both sides, merged. */
#include "report/diff.h"

#include "base/map.h"

#include <stdlib.h>

const char *diff_kind_name(enum diff_kind k)
{
	static const char *const names[] = { "added", "fixed", "removed" };
	return names[k];
}

/* Packages: both inventories are sorted by type, name, version. */
struct versions { /* of one package in one image */
	const struct package *first;
	size_t n;
};

static bool same_name(const struct package *x, const struct package *y)
{
	return str_eq(x->type, y->type) && str_eq(x->name, y->name);
}

static struct versions take(const struct inventory *inv, size_t *at)
{
	struct versions v = { .first = *at < inv->n_packages ? &inv->packages[*at] : NULL };
	while (*at < inv->n_packages && same_name(&inv->packages[*at], v.first)) {
		v.n++;
		++*at;
	}
	return v;
}

static bool has_version(const struct versions *v, struct str version)
{
	for (size_t i = 0; i < v->n; i++)
		if (str_eq(v->first[i].version, version))
			return true;
	return false;
}

/* Versions that `a` has and `b` has not, each once. */
static struct strs only(const struct versions *a, const struct versions *b, struct arena *mem)
{
	struct strs out = { 0 };
	for (size_t i = 0; i < a->n; i++) {
		struct str v = a->first[i].version;
		if (has_version(b, v) || (i && str_eq(a->first[i - 1].version, v)))
			continue;
		*ARENA_PUSH(mem, out.v, out.n, out.cap) = v;
	}
	return out;
}

/* NULL: it is not there. */
static void push_package(struct diff *d, struct arena *a, const struct package *p,
			 const struct str *old, const struct str *new)
{
	*ARENA_PUSH(a, d->packages, d->n_packages, d->packages_cap) =
		(struct diff_package){ .type = p->type,
				       .name = p->name,
				       .was = old != NULL,
				       .is = new != NULL,
				       .old = old ? *old : S(""),
				       .new = new ? *new : S("") };
}

static void compare_versions(struct diff *d, struct arena *a, const struct versions *old,
			     const struct versions *new)
{
	struct strs gone = only(old, new, a), come = only(new, old, a);
	const struct package *p = old->n ? old->first : new->first;
	if (gone.n == 1 && come.n == 1) {
		push_package(d, a, p, &gone.v[0], &come.v[0]);
		return;
	}
	for (size_t i = 0; i < gone.n; i++)
		push_package(d, a, p, &gone.v[i], NULL);
	for (size_t i = 0; i < come.n; i++)
		push_package(d, a, p, NULL, &come.v[i]);
}

static int compare_names(const struct package *x, const struct package *y)
{
	int r = str_cmp(x->type, y->type);
	return r ? r : str_cmp(x->name, y->name);
}

static void diff_packages(struct diff *d, struct arena *a)
{
	const struct inventory *x = d->old->inventory, *y = d->new->inventory;
	size_t i = 0, k = 0;
	while (i < x->n_packages || k < y->n_packages) {
		struct versions old = { 0 }, new = { 0 };
		int r = i == x->n_packages   ? 1
			: k == y->n_packages ? -1
					     : compare_names(&x->packages[i], &y->packages[k]);
		if (r <= 0)
			old = take(x, &i);
		if (r >= 0)
			new = take(y, &k);
		compare_versions(d, a, &old, &new);
	}
}

/* Findings */
static struct str finding_key(struct arena *a, const struct finding *f)
{
	const struct package *p = f->package;
	return arena_printf(a, "%.*s %.*s %.*s", STR(f->id), STR(p->type), STR(p->name));
}

static void index_findings(struct map *m, const struct report *r, struct arena *a)
{
	map_init(m, a);
	for (size_t i = 0; i < r->n_findings; i++)
		if (!r->findings[i].suppressed.by.n)
			*map_at(m, finding_key(a, &r->findings[i])) = &r->findings[i];
}

/* The version that the package of an old finding has in the new image; empty: it is gone. */
static struct str version_now(const struct inventory *inv, const struct package *p)
{
	size_t lo = 0, hi = inv->n_packages;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (compare_names(&inv->packages[mid], p) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < inv->n_packages && same_name(&inv->packages[lo], p) ? inv->packages[lo].version
									: S("");
}

static int compare_findings(const void *a, const void *b)
{
	const struct diff_finding *x = a, *y = b;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->finding->severity != y->finding->severity)
		return x->finding->severity > y->finding->severity ? -1 : 1;
	int r = compare_names(x->finding->package, y->finding->package);
	return r ? r : str_cmp(x->finding->id, y->finding->id);
}

static void push_finding(struct diff *d, struct arena *a, struct map *told, enum diff_kind kind,
			 const struct finding *f, struct str now)
{
	void **known = map_at(told, finding_key(a, f));
	if (*known)
		return;
	*known = d;
	*ARENA_PUSH(a, d->findings, d->n_findings, d->findings_cap) =
		(struct diff_finding){ kind, f, now };
}

static void diff_findings(struct diff *d, struct arena *a)
{
	struct map old, new, told;
	index_findings(&old, d->old, a);
	index_findings(&new, d->new, a);
	map_init(&told, a);
	for (size_t i = 0; i < d->new->n_findings; i++) {
		const struct finding *f = &d->new->findings[i];
		if (!f->suppressed.by.n && !map_get(&old, finding_key(a, f)))
			push_finding(d, a, &told, DIFF_ADDED, f, S(""));
	}
	for (size_t i = 0; i < d->old->n_findings; i++) {
		const struct finding *f = &d->old->findings[i];
		if (f->suppressed.by.n || map_get(&new, finding_key(a, f)))
			continue;
		struct str now = version_now(d->new->inventory, f->package);
		push_finding(d, a, &told, now.n ? DIFF_FIXED : DIFF_REMOVED, f, now);
	}
	if (d->n_findings)
		qsort(d->findings, d->n_findings, sizeof *d->findings, compare_findings);
}

/* Everything else, as (what, id, path, text). */
static struct diff_other *push_other(struct diff_other **v, size_t *n, size_t *cap, struct arena *a,
				     const char *what, struct str id, struct str path,
				     struct str text)
{
	struct diff_other *o = ARENA_PUSH(a, *v, *n, *cap);
	*o = (struct diff_other){ .what = what, .id = id, .path = path, .text = text };
	return o;
}

static struct diff_other *others_of(const struct report *r, struct arena *a, size_t *n)
{
	struct diff_other *v = NULL, *o;
	size_t cap = 0;
	*n = 0;
	for (size_t i = 0; i < r->n_secrets; i++) {
		const struct secret *s = r->secrets[i].secret;
		if (r->secrets[i].suppressed.by.n)
			continue;
		o = push_other(&v, n, &cap, a, "secret", s->rule, s->path, s->title);
		severity_parse(s->severity, &o->severity);
	}
	for (size_t i = 0; i < r->n_checks; i++) {
		const struct config_finding *c = &r->checks[i];
		if (c->suppressed.by.n)
			continue;
		o = push_other(&v, n, &cap, a, "check", str_of(c->check->id), c->path, c->message);
		severity_parse(str_of(c->check->severity), &o->severity);
	}
	for (size_t i = 0; i < r->n_licences; i++) {
		const struct licence_finding *l = &r->licences[i];
		if (l->suppressed.by.n)
			continue;
		o = push_other(&v, n, &cap, a, "license", l->expression, l->path,
			       l->package ? l->package->name : S(""));
		o->severity = l->severity;
	}
	for (size_t i = 0; i < r->n_malware; i++) {
		const struct malware *m = r->malware[i].malware;
		if (r->malware[i].suppressed.by.n)
			continue;
		o = push_other(&v, n, &cap, a, "malware", m->rule, m->path, m->description);
		o->severity = SEVERITY_CRITICAL;
	}
	return v;
}

static struct str other_key(struct arena *a, const struct diff_other *o)
{
	return arena_printf(a, "%s %.*s %.*s %.*s", o->what, STR(o->id), STR(o->path),
			    STR(o->text));
}

static void push_missing(struct diff *d, struct arena *a, enum diff_kind kind,
			 const struct diff_other *v, size_t n, const struct diff_other *in,
			 size_t n_in)
{
	struct map have;
	map_init(&have, a);
	for (size_t i = 0; i < n_in; i++)
		*map_at(&have, other_key(a, &in[i])) = d;
	for (size_t i = 0; i < n; i++) {
		if (map_get(&have, other_key(a, &v[i])))
			continue;
		struct diff_other *o = ARENA_PUSH(a, d->others, d->n_others, d->others_cap);
		*o = v[i];
		o->kind = kind;
	}
}

static void diff_others(struct diff *d, struct arena *a)
{
	size_t n_old, n_new;
	const struct diff_other *old = others_of(d->old, a, &n_old),
				*new = others_of(d->new, a, &n_new);
	push_missing(d, a, DIFF_ADDED, new, n_new, old, n_old);
	push_missing(d, a, DIFF_REMOVED, old, n_old, new, n_new);
}

void diff_reports(const struct report *old, const struct report *new, struct arena *a,
		  struct diff *out)
{
	*out = (struct diff){ .old = old, .new = new };
	diff_packages(out, a);
	diff_findings(out, a);
	diff_others(out, a);
}
