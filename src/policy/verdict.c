/* Filters and verdict. A filter hides a finding from reports and from the verdict, and says so in finding.suppressed;
 * what is not known counts against the image unless the user allows it. */
#include "policy/verdict.h"

static struct str filtered_by(const struct finding *f, const struct verdict_options *o)
{
	if (o->severities && !(o->severities & 1u << f->severity))
		return S("severity");
	if (o->ignore_statuses & 1u << f->status)
		return S("status");
	if (o->ignore_unfixed && f->status != STATUS_FIXED && f->status != STATUS_UNKNOWN)
		return S("unfixed");
	return (struct str){ 0 };
}

static void add_reason(struct report *r, struct arena *a, struct str reason)
{
	struct strs *v = &r->verdict.reasons;
	*ARENA_PUSH(a, v->v, v->n, v->cap) = reason;
}

static bool is_eol(const struct distribution *d, int64_t now)
{
	return d->eol && d->eol < now;
}

void verdict_decide(struct report *r, const struct verdict_options *o, struct arena *a)
{
	size_t shown = 0, denying = 0, unknown = 0;
	for (size_t i = 0; i < r->n_findings; i++) {
		struct finding *f = &r->findings[i];
		if (!f->suppressed.by.n)
			f->suppressed.by = filtered_by(f, o);
		if (f->suppressed.by.n)
			continue;
		shown++;
		/* A finding whose version does not parse, or without severity, may be of any: it denies. */
		if (o->fail && (f->severity >= o->fail_on || f->severity == SEVERITY_UNKNOWN))
			denying++;
		unknown += f->status == STATUS_UNKNOWN;
	}
	r->verdict = (struct verdict){ 0 };
	const struct distribution *d = &r->inventory->distribution;
	if (denying)
		add_reason(r, a,
			   arena_printf(a, "%zu finding%s of severity %s or above", denying,
					denying == 1 ? "" : "s", severity_name(o->fail_on)));
	if (o->exit_on_eol && is_eol(d, o->now))
		add_reason(r, a,
			   arena_printf(a, "%.*s %.*s has reached its end of life", STR(d->id),
					STR(d->version)));
	if (r->verdict.reasons.n) {
		r->verdict.kind = VERDICT_DENIED;
		return;
	}
	if (!o->allow_unknown) {
		for (size_t i = 0; i < r->unknown.n; i++)
			add_reason(r, a, r->unknown.v[i]);
		if (unknown)
			add_reason(r, a,
				   arena_printf(a, "%zu version%s could not be compared", unknown,
						unknown == 1 ? "" : "s"));
	}
	size_t unseen = r->inventory->n_not_examined;
	if (o->strict && unseen)
		add_reason(r, a,
			   arena_printf(a, "%zu thing%s not examined", unseen,
					unseen == 1 ? " was" : "s were"));
	if (r->verdict.reasons.n)
		r->verdict.kind = VERDICT_UNKNOWN;
	else
		r->verdict.kind = shown ? VERDICT_FINDINGS : VERDICT_CLEAN;
}
