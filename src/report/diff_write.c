/* A difference for people and for machines. */
#include "base/json.h"
#include "report/diff.h"
#include "report/text.h"

static void put_safe(struct buf *out, struct str s)
{
	text_put_clean(out, s);
}

static void put_heading(struct buf *out, const char *what, size_t n)
{
	buf_addf(out, "\n%s (%zu)\n", what, n);
}

static void text_findings(const struct diff *d, enum diff_kind kind, const char *heading,
			  struct buf *out)
{
	size_t n = 0;
	for (size_t i = 0; i < d->n_findings; i++)
		n += d->findings[i].kind == kind;
	if (!n)
		return;
	put_heading(out, heading, n);
	for (size_t i = 0; i < d->n_findings; i++) {
		const struct diff_finding *x = &d->findings[i];
		const struct finding *f = x->finding;
		if (x->kind != kind)
			continue;
		buf_addf(out, "  %-10s ", severity_name(f->severity));
		put_safe(out, f->id);
		buf_addf(out, "  ");
		put_safe(out, f->package->name);
		buf_addf(out, " ");
		put_safe(out, f->package->version);
		if (x->now.n) {
			buf_addf(out, " -> ");
			put_safe(out, x->now);
		} else if (kind == DIFF_ADDED && f->fixed.n) {
			buf_addf(out, " (fixed in ");
			put_safe(out, f->fixed);
			buf_addf(out, ")");
		}
		buf_addf(out, "\n");
	}
}

static void put_version(struct buf *out, struct str version)
{
	buf_add_char(out, ' ');
	put_safe(out, version.n ? version : S("(no version)"));
}

static void text_packages(const struct diff *d, struct buf *out)
{
	if (!d->n_packages)
		return;
	put_heading(out, "Packages", d->n_packages);
	for (size_t i = 0; i < d->n_packages; i++) {
		const struct diff_package *p = &d->packages[i];
		bool moved = p->was && p->is;
		buf_addf(out, "  %c ", moved ? '~' : p->is ? '+' : '-');
		put_safe(out, p->type);
		buf_addf(out, " ");
		put_safe(out, p->name);
		if (p->was)
			put_version(out, p->old);
		if (moved)
			buf_addf(out, " ->");
		if (p->is)
			put_version(out, p->new);
		buf_addf(out, "\n");
	}
}

static void text_others(const struct diff *d, struct buf *out)
{
	if (!d->n_others)
		return;
	put_heading(out, "Secrets, checks, licences, malware", d->n_others);
	for (size_t i = 0; i < d->n_others; i++) {
		const struct diff_other *o = &d->others[i];
		buf_addf(out, "  %c %-10s %s ", o->kind == DIFF_ADDED ? '+' : '-',
			 severity_name(o->severity), o->what);
		put_safe(out, o->id);
		buf_addf(out, " ");
		put_safe(out, o->path);
		if (o->text.n) {
			buf_addf(out, ": ");
			put_safe(out, o->text);
		}
		buf_addf(out, "\n");
	}
}

/* What may hide a difference. */
static void text_gaps(const struct report *r, struct buf *out)
{
	size_t unseen = r->inventory->n_not_examined;
	if (!r->unknown.n && !unseen)
		return;
	buf_addf(out, "\nNot known of ");
	put_safe(out, r->inventory->target);
	buf_addf(out, "\n");
	for (size_t i = 0; i < r->unknown.n; i++) {
		buf_addf(out, "  ");
		put_safe(out, r->unknown.v[i]);
		buf_addf(out, "\n");
	}
	if (unseen)
		buf_addf(out, "  %zu thing%s not examined ('lazaret scan' lists them)\n", unseen,
			 unseen == 1 ? " was" : "s were");
}

void diff_write_text(const struct diff *d, struct buf *out)
{
	put_safe(out, d->old->inventory->target);
	buf_addf(out, " -> ");
	put_safe(out, d->new->inventory->target);
	buf_addf(out, "\n");
	text_findings(d, DIFF_ADDED, "New vulnerabilities", out);
	text_findings(d, DIFF_FIXED, "Fixed vulnerabilities", out);
	text_findings(d, DIFF_REMOVED, "Vulnerabilities gone with their package", out);
	text_others(d, out);
	text_packages(d, out);
	if (!d->n_findings && !d->n_others && !d->n_packages)
		buf_addf(out, "\nno difference\n");
	text_gaps(d->old, out);
	text_gaps(d->new, out);
}

static void json_findings(const struct diff *d, struct json_out *o)
{
	json_put_key(o, "findings");
	json_begin_array(o);
	for (size_t i = 0; i < d->n_findings; i++) {
		const struct diff_finding *x = &d->findings[i];
		const struct finding *f = x->finding;
		json_begin_object(o);
		json_put_member(o, "change", str_of(diff_kind_name(x->kind)));
		json_put_member(o, "id", f->id);
		json_put_member(o, "severity", str_of(severity_name(f->severity)));
		json_put_member(o, "package", f->package->name);
		json_put_member(o, "type", f->package->type);
		json_put_member(o, "purl", f->package->purl);
		json_put_member(o, "installed", f->package->version);
		json_put_member_opt(o, "fixed", f->fixed);
		json_put_member_opt(o, "now", x->now);
		json_end_object(o);
	}
	json_end_array(o);
}

static void json_side(struct json_out *o, const char *key, const struct report *r)
{
	json_put_key(o, key);
	json_begin_object(o);
	json_put_member(o, "target", r->inventory->target);
	json_put_member_opt(o, "reference", r->inventory->reference);
	json_put_member(o, "verdict", str_of(verdict_name(r->verdict.kind)));
	json_put_key(o, "unknown");
	json_begin_array(o);
	for (size_t i = 0; i < r->unknown.n; i++)
		json_put_str(o, r->unknown.v[i]);
	json_end_array(o);
	json_put_key(o, "not_examined");
	json_put_u64(o, r->inventory->n_not_examined);
	json_end_object(o);
}

void diff_write_json(const struct diff *d, struct buf *out)
{
	struct json_out o;
	json_out_init(&o, out, 2);
	json_begin_object(&o);
	json_side(&o, "old", d->old);
	json_side(&o, "new", d->new);
	json_findings(d, &o);
	json_put_key(&o, "others");
	json_begin_array(&o);
	for (size_t i = 0; i < d->n_others; i++) {
		const struct diff_other *x = &d->others[i];
		json_begin_object(&o);
		json_put_member(&o, "change", str_of(diff_kind_name(x->kind)));
		json_put_member(&o, "kind", str_of(x->what));
		json_put_member(&o, "id", x->id);
		json_put_member(&o, "severity", str_of(severity_name(x->severity)));
		json_put_member_opt(&o, "path", x->path);
		json_put_member_opt(&o, "text", x->text);
		json_end_object(&o);
	}
	json_end_array(&o);
	json_put_key(&o, "packages");
	json_begin_array(&o);
	for (size_t i = 0; i < d->n_packages; i++) {
		const struct diff_package *p = &d->packages[i];
		json_begin_object(&o);
		json_put_member(&o, "type", p->type);
		json_put_member(&o, "name", p->name);
		if (p->was)
			json_put_member(&o, "old", p->old);
		if (p->is)
			json_put_member(&o, "new", p->new);
		json_end_object(&o);
	}
	json_end_array(&o);
	json_end_object(&o);
	buf_add_char(out, '\n');
}
