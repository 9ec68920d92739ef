/* Licences by category. What says nothing of its licence is no finding: the list of packages shows it. */
#include "policy/licences.h"

#include "analyze/licence.h"

#include <stdlib.h>

static enum severity severity_of(enum licence_category c)
{
	switch (c) {
	case LICENCE_FORBIDDEN:
		return SEVERITY_CRITICAL;
	case LICENCE_RESTRICTED:
		return SEVERITY_HIGH;
	case LICENCE_RECIPROCAL:
		return SEVERITY_MEDIUM;
	case LICENCE_NOTICE:
	case LICENCE_PERMISSIVE:
	case LICENCE_UNENCUMBERED:
		return SEVERITY_LOW;
	case LICENCE_UNKNOWN:
		break;
	}
	return SEVERITY_UNKNOWN;
}

static void add(struct report *r, struct arena *a, struct licences *l, size_t *cap,
		struct licence_finding f)
{
	enum licence_category c = licence_category_of(l, f.expression);
	f.severity = severity_of(c);
	f.category = str_of(licence_category_name(c));
	if (f.expression.n && f.severity != SEVERITY_LOW)
		*ARENA_PUSH(a, r->licences, r->n_licences, *cap) = f;
}

/* qsort is not stable: the place in the inventory decides among equals. */
static int worst_first(const void *a, const void *b)
{
	const struct licence_finding *x = a, *y = b;
	if (x->severity != y->severity)
		return x->severity > y->severity ? -1 : 1;
	int r = str_cmp(x->expression, y->expression);
	if (r)
		return r;
	if (!x->package != !y->package)
		return x->package ? -1 : 1;
	if (x->package != y->package)
		return x->package < y->package ? -1 : 1;
	return str_cmp(x->path, y->path);
}

void licences_judge(struct report *r, struct arena *a)
{
	const struct inventory *inv = r->inventory;
	struct licences l;
	size_t cap = 0;
	licences_init(&l, a);
	r->licences = NULL;
	r->n_licences = 0;
	for (size_t i = 0; i < inv->n_packages; i++) {
		const struct package *p = &inv->packages[i];
		add(r, a, &l, &cap,
		    (struct licence_finding){ .package = p,
					      .path = p->path,
					      .expression = p->licence,
					      .layer = p->layer });
	}
	for (size_t i = 0; i < inv->n_licence_texts; i++) {
		const struct licence_text *t = &inv->licence_texts[i];
		if (t->package < 0)
			add(r, a, &l, &cap,
			    (struct licence_finding){ .path = t->path,
						      .expression = t->expression,
						      .layer = t->layer });
	}
	if (r->n_licences)
		qsort(r->licences, r->n_licences, sizeof *r->licences, worst_first);
}
