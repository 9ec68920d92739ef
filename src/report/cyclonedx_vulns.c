/* Findings as CycloneDX vulnerabilities: one for each finding, in the report's order. What the specification has no field for
 * (how the publisher sees it, EPSS, KEV) is a property. Suppressed findings are there where they are asked for, with the
 * analysis that suppressed them. */
#include "base/json.h"
#include "base/time.h"
#include "report/cyclonedx.h"

static const char *severity_word(enum severity s)
{
	switch (s) {
	case SEVERITY_CRITICAL:
		return "critical";
	case SEVERITY_HIGH:
		return "high";
	case SEVERITY_MEDIUM:
		return "medium";
	case SEVERITY_LOW:
		return "low";
	case SEVERITY_NEGLIGIBLE:
		return "info";
	default:
		return "unknown";
	}
}

static const char *method_of(int version)
{
	switch (version) {
	case 20:
		return "CVSSv2";
	case 30:
		return "CVSSv3";
	case 31:
		return "CVSSv31";
	case 40:
		return "CVSSv4";
	default:
		return "other";
	}
}

static void put_source(struct json_out *j, struct str name)
{
	if (!name.n)
		return;
	json_put_key(j, "source");
	json_begin_object(j);
	json_put_member(j, "name", name);
	json_end_object(j);
}

static void put_cvss(struct json_out *j, const struct cvss *c)
{
	double score;
	int version = 0;
	if (!cvss_score(c->vector, &score, &version))
		return;
	json_begin_object(j);
	put_source(j, c->source);
	json_put_key(j, "score");
	json_put_double(j, score, 1);
	json_put_member(j, "severity", str_of(severity_word(cvss_severity(score, version))));
	json_put_member(j, "method", str_of(method_of(version)));
	json_put_member(j, "vector", c->vector);
	json_end_object(j);
}

/* The severity that counts is the first. */
static void put_ratings(struct json_out *j, const struct finding *f)
{
	json_put_key(j, "ratings");
	json_begin_array(j);
	json_begin_object(j);
	put_source(j, f->severity_source);
	json_put_member(j, "severity", str_of(severity_word(f->severity)));
	json_end_object(j);
	for (size_t i = 0; i < f->n_cvss; i++)
		put_cvss(j, &f->cvss[i]);
	json_end_array(j);
}

static void put_references(struct json_out *j, const struct finding *f)
{
	if (f->aliases.n) {
		json_put_key(j, "references");
		json_begin_array(j);
		for (size_t i = 0; i < f->aliases.n; i++) {
			json_begin_object(j);
			json_put_member(j, "id", f->aliases.v[i]);
			put_source(j, f->feed.n ? f->feed : S("unknown"));
			json_end_object(j);
		}
		json_end_array(j);
	}
	if (!f->references.n)
		return;
	json_put_key(j, "advisories");
	json_begin_array(j);
	for (size_t i = 0; i < f->references.n; i++) {
		json_begin_object(j);
		json_put_member(j, "url", f->references.v[i]);
		json_end_object(j);
	}
	json_end_array(j);
}

static void put_date(struct json_out *j, const char *key, int64_t t)
{
	char text[TIME_TEXT];
	if (t)
		json_put_member(j, key, str_of(time_text(t, text)));
}

/* The words of the specification for what the publisher or a statement says. */
static const char *state_of(const struct finding *f)
{
	struct str vex = f->suppressed.status;
	if (str_eq(vex, S("not_affected")))
		return "not_affected";
	if (str_eq(vex, S("fixed")))
		return "resolved";
	if (str_eq(vex, S("under_investigation")) || f->status == STATUS_UNDER_INVESTIGATION)
		return "in_triage";
	return NULL;
}

static void put_analysis(struct json_out *j, const struct finding *f)
{
	const char *state = state_of(f);
	bool will_not = f->status == STATUS_WILL_NOT_FIX;
	struct buf detail = { 0 };
	if (f->suppressed.by.n)
		buf_addf(&detail, "suppressed by %.*s", STR(f->suppressed.by));
	if (f->suppressed.reason.n)
		buf_addf(&detail, ": %.*s", STR(f->suppressed.reason));
	if (state || will_not || detail.n) {
		json_put_key(j, "analysis");
		json_begin_object(j);
		if (state)
			json_put_member(j, "state", str_of(state));
		if (will_not) {
			json_put_key(j, "response");
			json_begin_array(j);
			json_put_str(j, S("will_not_fix"));
			json_end_array(j);
		}
		json_put_member_opt(j, "detail", str_buf(&detail));
		json_end_object(j);
	}
	buf_done(&detail);
}

static void put_affects(struct sbom_out *o, struct json_out *j, const struct finding *f)
{
	const struct package *p = f->package;
	json_put_key(j, "affects");
	json_begin_array(j);
	json_begin_object(j);
	json_put_member(j, "ref", o->refs[p - o->inv->packages]);
	if (p->version.n) {
		json_put_key(j, "versions");
		json_begin_array(j);
		json_begin_object(j);
		json_put_member(j, "version", p->version);
		json_put_member(j, "status",
				f->status == STATUS_UNKNOWN ? S("unknown") : S("affected"));
		json_end_object(j);
		json_end_array(j);
	}
	json_end_object(j);
	json_end_array(j);
}

static void put_property(struct json_out *j, const char *name, struct str value)
{
	if (!value.n)
		return;
	json_begin_object(j);
	json_put_member(j, "name", str_of(name));
	json_put_member(j, "value", value);
	json_end_object(j);
}

static void put_properties(struct sbom_out *o, struct json_out *j, const struct finding *f)
{
	json_put_key(j, "properties");
	json_begin_array(j);
	put_property(j, "lazaret:status", str_of(status_name(f->status)));
	put_property(j, "lazaret:fixed", f->fixed);
	if (f->epss >= 0) {
		put_property(j, "lazaret:epss", arena_printf(&o->a, "%.5f", f->epss));
		put_property(j, "lazaret:epss-percentile",
			     arena_printf(&o->a, "%.5f", f->epss_percentile));
	}
	if (f->kev)
		put_property(j, "lazaret:kev", f->kev_added.n ? f->kev_added : S("true"));
	json_end_array(j);
}

static void put_one(struct sbom_out *o, struct json_out *j, size_t i)
{
	const struct finding *f = &o->report->findings[i];
	json_begin_object(j);
	json_put_member(j, "bom-ref", arena_printf(&o->a, "vulnerability/%s/%zu", o->uuid, i));
	json_put_member(j, "id", f->id);
	put_source(j, f->feed);
	put_ratings(j, f);
	put_references(j, f);
	json_put_member_opt(j, "description", f->summary);
	if (f->fixed.n)
		json_put_member(j, "recommendation",
				arena_printf(&o->a, "Upgrade %.*s to version %.*s",
					     STR(f->package->source_name), STR(f->fixed)));
	put_date(j, "published", f->published);
	put_date(j, "updated", f->modified);
	put_analysis(j, f);
	put_affects(o, j, f);
	put_properties(o, j, f);
	json_end_object(j);
}

void cyclonedx_put_vulnerabilities(struct sbom_out *o, struct json_out *j)
{
	json_put_key(j, "vulnerabilities");
	json_begin_array(j);
	for (size_t i = 0; i < o->report->n_findings; i++)
		if (o->show_suppressed || !o->report->findings[i].suppressed.by.n)
			put_one(o, j, i);
	json_end_array(j);
}
