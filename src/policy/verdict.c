/* Filters and verdict. A filter hides a finding from reports and from the verdict, and says so in finding.suppressed;
 * what is not known counts against the image unless the user allows it. */
#include "policy/verdict.h"

/* What only vulnerabilities are filtered by. */
static struct str filtered_by(const struct finding *f, const struct verdict_options *o)
{
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

struct tally {
	size_t shown, denying, unrated, unknown;
};

/* One of any kind: filtered, or counted. */
static void weigh(struct tally *t, const struct verdict_options *o, enum severity severity,
		  struct str *by)
{
	if (!by->n && o->severities && !(o->severities & 1u << severity))
		*by = S("severity");
	if (by->n)
		return;
	t->shown++;
	/* A finding whose version does not parse, or without severity, may be of any: it denies. */
	t->denying += o->fail && severity >= o->fail_on;
	t->unrated += o->fail && severity < o->fail_on && severity == SEVERITY_UNKNOWN;
}

static enum severity severity_of(struct str word)
{
	enum severity s = SEVERITY_UNKNOWN;
	return severity_parse(word, &s) ? s : SEVERITY_UNKNOWN;
}

static void weigh_all(struct report *r, const struct verdict_options *o, struct tally *t)
{
	for (size_t i = 0; i < r->n_findings; i++) {
		struct finding *f = &r->findings[i];
		if (!f->suppressed.by.n)
			f->suppressed.by = filtered_by(f, o);
		weigh(t, o, f->severity, &f->suppressed.by);
		t->unknown += !f->suppressed.by.n && f->status == STATUS_UNKNOWN;
	}
	for (size_t i = 0; i < r->n_secrets; i++)
		weigh(t, o, severity_of(r->secrets[i].secret->severity),
		      &r->secrets[i].suppressed.by);
	for (size_t i = 0; i < r->n_checks; i++)
		weigh(t, o, severity_of(str_of(r->checks[i].check->severity)),
		      &r->checks[i].suppressed.by);
	for (size_t i = 0; i < r->n_licences; i++)
		weigh(t, o, r->licences[i].severity, &r->licences[i].suppressed.by);
	/* There is no lesser malware. */
	for (size_t i = 0; i < r->n_malware; i++)
		weigh(t, o, SEVERITY_CRITICAL, &r->malware[i].suppressed.by);
}

void verdict_decide(struct report *r, const struct verdict_options *o, struct arena *a)
{
	struct tally t = { 0 };
	weigh_all(r, o, &t);
	r->verdict = (struct verdict){ 0 };
	const struct distribution *d = &r->inventory->distribution;
	if (t.denying)
		add_reason(r, a,
			   arena_printf(a, "%zu finding%s%s%s%s", t.denying,
					t.denying == 1 ? "" : "s",
					o->fail_on ? " of severity " : "",
					o->fail_on ? severity_name(o->fail_on) : "",
					o->fail_on && o->fail_on < SEVERITY_CRITICAL ? " or above"
										     : ""));
	if (t.unrated)
		add_reason(r, a,
			   arena_printf(a, "%zu finding%s of unknown severity", t.unrated,
					t.unrated == 1 ? "" : "s"));
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
		if (t.unknown)
			add_reason(r, a,
				   arena_printf(a, "%zu version%s could not be compared", t.unknown,
						t.unknown == 1 ? "" : "s"));
	}
	size_t unseen = r->inventory->n_not_examined;
	if (o->strict && unseen)
		add_reason(r, a,
			   arena_printf(a, "%zu thing%s not examined", unseen,
					unseen == 1 ? " was" : "s were"));
	if (r->verdict.reasons.n)
		r->verdict.kind = VERDICT_UNKNOWN;
	else
		r->verdict.kind = t.shown ? VERDICT_FINDINGS : VERDICT_CLEAN;
}
