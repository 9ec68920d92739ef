/* What is in a range of npm, on a side of it, or in two: over the plain comparators that npm_range.c makes, by the rules of
 * node-semver 7. Nothing here reads text but the version that is asked about. */
#include "vuln/npm_range.h"

#include "vuln/version_semver.h"

int npm_version_compare(const struct npm_version *a, const struct npm_version *b)
{
	for (unsigned i = 0; i < 3; i++)
		if (a->n[i] != b->n[i])
			return a->n[i] < b->n[i] ? -1 : 1;
	if (a->pre.n == 0 || b->pre.n == 0)
		return (a->pre.n == 0) - (b->pre.n == 0);
	return semver_compare_identifiers(a->pre, b->pre, 0);
}

bool npm_set_is_none(const struct npm_set *set)
{
	return set->n == 1 && set->v[0].op == NPM_LT &&
	       npm_version_compare(&set->v[0].version, &(struct npm_version){ .pre = S("0") }) == 0;
}

static bool holds(const struct npm_comparator *c, const struct npm_version *v)
{
	int r = npm_version_compare(v, &c->version);
	switch (c->op) {
	case NPM_EQ:
		return r == 0;
	case NPM_LT:
		return r < 0;
	case NPM_LE:
		return r <= 0;
	case NPM_GT:
		return r > 0;
	case NPM_GE:
		return r >= 0;
	default:
		return true;
	}
}

/* A prerelease is in a set only where a comparator is about a prerelease of the same three numbers. */
static bool names_prerelease(const struct npm_comparator *c, const struct npm_version *v)
{
	return c->version.pre.n && memcmp(c->version.n, v->n, sizeof v->n) == 0;
}

static bool set_has(const struct npm_comparator *c, size_t n, const struct npm_version *v,
		    unsigned flags)
{
	bool named = v->pre.n == 0 || flags & NPM_PRERELEASE;
	for (size_t i = 0; i < n; i++) {
		if (!holds(&c[i], v))
			return false;
		named = named || names_prerelease(&c[i], v);
	}
	return named;
}

static bool range_has(const struct npm_range *r, const struct npm_version *v)
{
	for (size_t i = 0; i < r->n; i++)
		if (set_has(r->v[i].v, r->v[i].n, v, r->flags))
			return true;
	return false;
}

bool npm_range_has(const struct npm_range *r, struct str version)
{
	struct npm_version v;
	return npm_version_parse(version, r->flags, &v) && range_has(r, &v);
}

/* Whether the version is outside on that side of a set: 1 above, -1 below. */
static bool beyond(const struct npm_set *set, const struct npm_version *v, int side)
{
	enum npm_operator open = side > 0 ? NPM_GT : NPM_LT, closed = side > 0 ? NPM_GE : NPM_LE;
	const struct npm_comparator *far = &set->v[0], *near = far;
	for (size_t i = 1; i < set->n; i++) {
		if (side * npm_version_compare(&set->v[i].version, &far->version) > 0)
			far = &set->v[i];
		else if (side * npm_version_compare(&set->v[i].version, &near->version) < 0)
			near = &set->v[i];
	}
	/* Any is as >=0.0.0 here. */
	enum npm_operator far_op = far->op == NPM_ANY ? NPM_GE : far->op,
			  near_op = near->op == NPM_ANY ? NPM_GE : near->op;
	if (far_op == open || far_op == closed)
		return false;
	int r = side * npm_version_compare(v, &near->version);
	if (near_op == NPM_EQ || near_op == open)
		return r > 0;
	return near_op != closed || r >= 0;
}

bool npm_range_beyond(const struct npm_range *r, struct str version, int side)
{
	struct npm_version v;
	if (!npm_version_parse(version, r->flags, &v) || range_has(r, &v))
		return false;
	for (size_t i = 0; i < r->n; i++)
		if (!beyond(&r->v[i], &v, side))
			return false;
	return true;
}

static bool is_upper(enum npm_operator op)
{
	return op == NPM_LT || op == NPM_LE;
}

static bool comparators_meet(const struct npm_comparator *a, const struct npm_comparator *b,
			     unsigned flags)
{
	if (a->op == NPM_ANY || b->op == NPM_ANY)
		return true;
	if (a->op == NPM_EQ)
		return set_has(b, 1, &a->version, flags);
	if (b->op == NPM_EQ)
		return set_has(a, 1, &b->version, flags);
	if (is_upper(a->op) == is_upper(b->op))
		return true;
	const struct npm_comparator *lower = is_upper(a->op) ? b : a, *upper = lower == a ? b : a;
	int r = npm_version_compare(&lower->version, &upper->version);
	return r < 0 || (r == 0 && lower->op == NPM_GE && upper->op == NPM_LE);
}

static bool all_meet(const struct npm_set *a, const struct npm_set *b, unsigned flags)
{
	for (size_t i = 0; i < a->n; i++)
		for (size_t k = 0; k < b->n; k++)
			if (!comparators_meet(&a->v[i], &b->v[k], flags))
				return false;
	return true;
}

bool npm_range_meets(const struct npm_range *a, const struct npm_range *b)
{
	for (size_t i = 0; i < a->n; i++) {
		const struct npm_set *x = &a->v[i];
		if (npm_set_is_none(x) || !all_meet(x, x, a->flags))
			continue;
		for (size_t k = 0; k < b->n; k++) {
			const struct npm_set *y = &b->v[k];
			if (!npm_set_is_none(y) && all_meet(y, y, b->flags) &&
			    all_meet(x, y, a->flags))
				return true;
		}
	}
	return false;
}
