/* The machine's format: doc/report.schema.json describes it. One document: an object for one report, {"reports": [...]}
 * for several. Fields are only ever added. What is suppressed is in a list of its own, when
 * asked for. */
#include "analyze/analyzer.h"
#include "base/json.h"
#include "base/time.h"
#include "report/json.h"
#include "report/summary.h"
#include "report/item.h"

static void put_strs(struct json_out *o, const char *key, const struct strs *v)
{
	json_put_key(o, key);
	json_begin_array(o);
	for (size_t i = 0; i < v->n; i++)
		json_put_str(o, v->v[i]);
	json_end_array(o);
}

static void put_digest(struct json_out *o, const char *key, const struct digest *d)
{
	char text[DIGEST_TEXT];
	if (d->alg != DIGEST_NONE)
		json_put_member(o, key, str_of(digest_text(d, text)));
}

static void put_date(struct json_out *o, const char *key, int64_t t)
{
	char text[32];
	if (t)
		json_put_member(o, key, str_of(time_text(t, text)));
}

static bool in_base(const struct inventory *inv, size_t layer)
{
	return layer < inv->base.layers;
}

static void put_base(struct json_out *o, const struct base_image *b)
{
	if (b->evidence.n == 0)
		return;
	json_put_key(o, "base");
	json_begin_object(o);
	json_put_member_opt(o, "name", b->name);
	json_put_member_opt(o, "digest", b->digest);
	json_put_key(o, "layers");
	json_put_u64(o, b->layers);
	json_put_member(o, "evidence", b->evidence);
	json_end_object(o);
}

static void put_image(struct json_out *o, const struct inventory *inv)
{
	json_put_key(o, "image");
	if (!inv->image) {
		json_put_null(o);
		return;
	}
	const struct image *im = inv->image;
	json_begin_object(o);
	json_put_member_opt(o, "reference", inv->reference);
	put_digest(o, "digest", &im->self.digest);
	json_put_member_opt(o, "media_type", im->self.media_type);
	put_digest(o, "config", &im->config.digest);
	json_put_member(o, "os", inv->platform.os);
	json_put_member(o, "architecture", inv->platform.arch);
	json_put_member_opt(o, "variant", inv->platform.variant);
	json_put_member_opt(o, "created", im->cfg.created);
	put_base(o, &inv->base);
	json_put_key(o, "layers");
	json_begin_array(o);
	for (size_t i = 0; i < inv->n_layers; i++) {
		const struct layer_info *l = &inv->layers[i];
		json_begin_object(o);
		json_put_key(o, "index");
		json_put_u64(o, i);
		put_digest(o, "digest", &l->digest);
		put_digest(o, "diff_id", &l->diff_id);
		json_put_key(o, "size");
		json_put_u64(o, l->size);
		json_put_member_opt(o, "media_type", l->media_type);
		json_put_member_opt(o, "created_by", l->created_by);
		json_put_key(o, "examined");
		json_put_bool(o, l->examined);
		json_end_object(o);
	}
	json_end_array(o);
	json_end_object(o);
}

static void put_distribution(struct json_out *o, const struct distribution *d)
{
	json_put_key(o, "distribution");
	if (!d->id.n) {
		json_put_null(o);
		return;
	}
	json_begin_object(o);
	json_put_member(o, "id", d->id);
	json_put_member(o, "version", d->version);
	json_put_member_opt(o, "version_id", d->version_id);
	json_put_member_opt(o, "codename", d->codename);
	json_put_member_opt(o, "pretty_name", d->pretty_name);
	json_put_key(o, "eol");
	char text[32];
	if (d->eol)
		json_put_str(o, str_of(date_text(d->eol, text)));
	else
		json_put_null(o);
	json_end_object(o);
}

/* The layer that brought a package: null for a directory. */
static void put_layer(struct json_out *o, const struct inventory *inv, size_t i)
{
	json_put_key(o, "layer");
	if (i >= inv->n_layers || inv->layers[i].digest.alg == DIGEST_NONE) {
		json_put_null(o);
		return;
	}
	json_begin_object(o);
	put_digest(o, "digest", &inv->layers[i].digest);
	json_put_key(o, "index");
	json_put_u64(o, i);
	json_put_member_opt(o, "created_by", inv->layers[i].created_by);
	if (in_base(inv, i)) {
		json_put_key(o, "base");
		json_put_bool(o, true);
	}
	json_end_object(o);
}

static void put_true(struct json_out *o, const char *key, bool is)
{
	if (!is)
		return;
	json_put_key(o, key);
	json_put_bool(o, true);
}

/* What a language's package has besides: how it is needed, what it needs, whose it is, what was read. */
static void put_language(struct json_out *o, const struct inventory *inv, const struct package *p)
{
	static const char *const relations[] = { "", "root", "direct", "indirect" };
	json_put_member_opt(o, "license", p->licence);
	json_put_member_opt(o, "inside", p->inside);
	json_put_member_opt(o, "relation", str_of(relations[p->relation]));
	put_true(o, "dev", p->dev);
	put_true(o, "optional", p->optional);
	if (p->n_needs) {
		json_put_key(o, "needs");
		json_begin_array(o);
		for (size_t i = 0; i < p->n_needs; i++)
			if (p->needs[i] < inv->n_packages && inv->packages[p->needs[i]].purl.n)
				json_put_str(o, inv->packages[p->needs[i]].purl);
		json_end_array(o);
	}
	put_true(o, "owned", p->is_owned);
	if (p->owner >= 0 && (size_t)p->owner < inv->n_packages)
		json_put_member_opt(o, "owner", inv->packages[p->owner].purl);
	put_digest(o, "sha256", &p->sha256);
	put_digest(o, "sha1", &p->sha1);
	json_put_member_opt(o, "analyzer", p->analyzer);
}

static void put_package(struct json_out *o, const struct inventory *inv, const struct package *p)
{
	json_begin_object(o);
	json_put_member(o, "name", p->name);
	json_put_member(o, "version", p->version);
	json_put_member(o, "type", p->type);
	json_put_member(o, "purl", p->purl);
	json_put_key(o, "source");
	json_begin_object(o);
	json_put_member(o, "name", p->source_name);
	json_put_member(o, "version", p->source_version);
	json_end_object(o);
	json_put_member_opt(o, "arch", p->arch);
	put_strs(o, "licenses", &p->licences);
	json_put_member(o, "path", p->path);
	put_layer(o, inv, p->layer);
	json_put_key(o, "files");
	json_put_u64(o, package_files(p));
	put_language(o, inv, p);
	if (p->n_attrs) {
		json_put_key(o, "properties");
		json_begin_object(o);
		for (size_t i = 0; i < p->n_attrs; i++) {
			json_put_key(o, arena_cstr(inv->arena, p->attrs[i].key));
			json_put_str(o, p->attrs[i].value);
		}
		json_end_object(o);
	}
	json_end_object(o);
}

static void put_cvss(struct json_out *o, const struct finding *f)
{
	json_put_key(o, "cvss");
	json_begin_array(o);
	for (size_t i = 0; i < f->n_cvss; i++) {
		json_begin_object(o);
		json_put_member(o, "vector", f->cvss[i].vector);
		json_put_key(o, "score");
		if (f->cvss[i].score < 0)
			json_put_null(o);
		else
			json_put_double(o, f->cvss[i].score, 1);
		json_put_member_opt(o, "source", f->cvss[i].source);
		json_end_object(o);
	}
	json_end_array(o);
}

static void put_exploited(struct json_out *o, const struct finding *f)
{
	json_put_key(o, "epss");
	if (f->epss < 0) {
		json_put_null(o);
	} else {
		json_begin_object(o);
		json_put_key(o, "score");
		json_put_double(o, f->epss, 5);
		json_put_key(o, "percentile");
		json_put_double(o, f->epss_percentile, 5);
		json_end_object(o);
	}
	json_put_key(o, "kev");
	if (!f->kev) {
		json_put_null(o);
		return;
	}
	json_begin_object(o);
	json_put_member_opt(o, "added", f->kev_added);
	json_put_member_opt(o, "due", f->kev_due);
	json_put_key(o, "ransomware");
	json_put_bool(o, f->kev_ransomware);
	json_end_object(o);
}

/* Which record decided, and what of it holds. */
static void put_evidence(struct json_out *o, const struct evidence *e)
{
	if (!e->advisory.n)
		return;
	json_put_key(o, "evidence");
	json_begin_object(o);
	json_put_member(o, "advisory", e->advisory);
	json_put_member_opt(o, "namespace", e->ns);
	json_put_member_opt(o, "name", e->name);
	json_put_member_opt(o, "scheme", str_of(e->scheme));
	json_put_member_opt(o, "version", e->version);
	put_true(o, "enumerated", e->enumerated);
	json_put_member_opt(o, "introduced", e->range.introduced);
	json_put_member_opt(o, "fixed", e->range.fixed);
	json_put_member_opt(o, "last_affected", e->range.last_affected);
	json_put_member_opt(o, "limit", e->range.limit);
	json_end_object(o);
}

static void put_finding(struct json_out *o, const struct inventory *inv, const struct finding *f)
{
	const struct package *p = f->package;
	json_begin_object(o);
	json_put_member(o, "id", f->id);
	put_strs(o, "aliases", &f->aliases);
	json_put_key(o, "package");
	json_begin_object(o);
	json_put_member(o, "name", p->name);
	json_put_member(o, "purl", p->purl);
	json_end_object(o);
	json_put_member(o, "installed", p->version);
	json_put_key(o, "fixed");
	if (f->fixed.n)
		json_put_str(o, f->fixed);
	else
		json_put_null(o);
	json_put_member(o, "status", str_of(status_name(f->status)));
	json_put_member(o, "severity", str_of(severity_name(f->severity)));
	json_put_member(o, "severity_source", f->severity_source);
	json_put_member(o, "feed", f->feed);
	put_cvss(o, f);
	put_exploited(o, f);
	json_put_member_opt(o, "summary", f->summary);
	put_date(o, "published", f->published);
	put_date(o, "modified", f->modified);
	put_strs(o, "references", &f->references);
	put_layer(o, inv, p->layer);
	json_put_member(o, "path", p->path);
	put_evidence(o, &f->evidence);
	json_end_object(o);
}

static void put_texts(struct json_out *o, const char *key, const char *const *v)
{
	json_put_key(o, key);
	json_begin_array(o);
	for (; *v; v++)
		json_put_str(o, str_of(*v));
	json_end_array(o);
}

/* Licences of categories worth looking at; absent when nobody asked. */
static void put_licences(struct json_out *o, const struct report *r)
{
	if (!(r->inventory->scanners & SCAN_LICENCES))
		return;
	json_put_key(o, "licences");
	json_begin_array(o);
	for (size_t i = 0; i < r->n_licences; i++) {
		const struct licence_finding *f = &r->licences[i];
		if (f->suppressed.by.n)
			continue;
		json_begin_object(o);
		json_put_member(o, "license", f->expression);
		json_put_member(o, "category", f->category);
		json_put_member(o, "severity", str_of(severity_name(f->severity)));
		if (f->package) {
			json_put_key(o, "package");
			json_begin_object(o);
			json_put_member(o, "name", f->package->name);
			json_put_member(o, "version", f->package->version);
			json_put_member(o, "purl", f->package->purl);
			json_end_object(o);
		}
		json_put_member(o, "path", f->path);
		put_layer(o, r->inventory, f->layer);
		json_end_object(o);
	}
	json_end_array(o);
}

/* What failed of the checks of its configuration; absent when nobody asked. */
static void put_configuration(struct json_out *o, const struct report *r)
{
	if (!(r->inventory->scanners & SCAN_CONFIG))
		return;
	json_put_key(o, "configuration");
	json_begin_array(o);
	for (size_t i = 0; i < r->n_checks; i++) {
		const struct config_finding *c = &r->checks[i];
		if (c->suppressed.by.n)
			continue;
		json_begin_object(o);
		json_put_member(o, "id", str_of(c->check->id));
		put_texts(o, "aliases", c->check->others);
		json_put_member(o, "severity", str_of(c->check->severity));
		json_put_member(o, "title", str_of(c->check->title));
		json_put_member(o, "message", c->message);
		json_put_member(o, "why", str_of(c->check->why));
		json_put_member(o, "fix", str_of(c->check->fix));
		json_put_member_opt(o, "url", str_of(c->check->url));
		json_put_member(o, "path", c->path);
		if (c->line) {
			json_put_key(o, c->path.n ? "line" : "step");
			json_put_u64(o, c->line);
		}
		put_layer(o, r->inventory, c->layer < 0 ? SIZE_MAX : (size_t)c->layer);
		json_end_object(o);
	}
	json_end_array(o);
}

/* Absent when nobody asked. */
static void put_secrets(struct json_out *o, const struct report *r)
{
	if (!(r->inventory->scanners & SCAN_SECRETS))
		return;
	json_put_key(o, "secrets");
	json_begin_array(o);
	for (size_t i = 0; i < r->n_secrets; i++) {
		const struct secret *s = r->secrets[i].secret;
		if (r->secrets[i].suppressed.by.n)
			continue;
		json_begin_object(o);
		json_put_member(o, "rule", s->rule);
		json_put_member(o, "title", s->title);
		json_put_member(o, "category", s->category);
		json_put_member(o, "severity", s->severity);
		json_put_member(o, "where", s->where);
		json_put_member(o, "path", s->path);
		json_put_member(o, "match", s->match);
		if (s->line) {
			json_put_key(o, "line");
			json_put_u64(o, s->line);
			json_put_key(o, "end_line");
			json_put_u64(o, s->end_line);
		}
		json_put_key(o, "deleted");
		json_put_bool(o, s->deleted);
		put_layer(o, r->inventory, s->layer < 0 ? SIZE_MAX : (size_t)s->layer);
		json_end_object(o);
	}
	json_end_array(o);
}

/* Of every kind, when asked for: what is hidden, by whom and why. */
static void put_suppressed(struct json_out *o, const struct report *r)
{
	struct arena a CLEANUP(arena_done) = { 0 };
	struct items items;
	items_collect(&a, r, 1, true, &items);
	json_put_key(o, "suppressed");
	json_begin_array(o);
	for (size_t i = 0; i < items.n; i++) {
		const struct item *x = &items.v[i];
		if (!x->suppressed.by.n)
			continue;
		json_begin_object(o);
		json_put_member(o, "kind", str_of(item_kind_name(x->kind)));
		json_put_member(o, "id", x->id);
		json_put_member(o, "severity", str_of(severity_name(x->severity)));
		json_put_member_opt(o, "purl", x->purl);
		json_put_member_opt(o, "path", x->path);
		json_put_member(o, "message", x->message);
		json_put_member(o, "by", x->suppressed.by);
		json_put_member_opt(o, "reason", x->suppressed.reason);
		json_put_member_opt(o, "source", x->suppressed.source);
		json_put_member_opt(o, "status", x->suppressed.status);
		json_end_object(o);
	}
	json_end_array(o);
}

static void put_malware(struct json_out *o, const struct report *r)
{
	if (!(r->inventory->scanners & SCAN_MALWARE))
		return;
	json_put_key(o, "malware");
	json_begin_array(o);
	for (size_t i = 0; i < r->n_malware; i++) {
		const struct malware *m = r->malware[i].malware;
		if (r->malware[i].suppressed.by.n)
			continue;
		json_begin_object(o);
		json_put_member(o, "rule", m->rule);
		json_put_member_opt(o, "description", m->description);
		json_put_member(o, "path", m->path);
		json_put_key(o, "deleted");
		json_put_bool(o, m->deleted);
		put_layer(o, r->inventory, m->layer);
		json_end_object(o);
	}
	json_end_array(o);
}

static void put_not_examined(struct json_out *o, const struct inventory *inv)
{
	json_put_key(o, "not_examined");
	json_begin_array(o);
	for (size_t i = 0; i < inv->n_not_examined; i++) {
		const struct not_examined *n = &inv->not_examined[i];
		json_begin_object(o);
		json_put_member(o, "path", n->path);
		put_layer(o, inv, n->layer < 0 ? SIZE_MAX : (size_t)n->layer);
		json_put_member(o, "reason", n->reason);
		json_end_object(o);
	}
	json_end_array(o);
}

void report_put_json(struct json_out *o, const struct report *r, const struct format_options *opt)
{
	const struct inventory *inv = r->inventory;
	json_begin_object(o);
	json_put_member(o, "target", inv->target);
	put_date(o, "created", r->created);
	json_put_member_opt(o, "database", r->database);
	put_image(o, inv);
	put_distribution(o, &inv->distribution);
	json_put_key(o, "packages");
	json_begin_array(o);
	for (size_t i = 0; i < inv->n_packages; i++)
		put_package(o, inv, &inv->packages[i]);
	json_end_array(o);
	json_put_key(o, "findings");
	json_begin_array(o);
	for (size_t i = 0; i < r->n_findings; i++)
		if (!r->findings[i].suppressed.by.n)
			put_finding(o, inv, &r->findings[i]);
	json_end_array(o);
	put_secrets(o, r);
	put_malware(o, r);
	put_configuration(o, r);
	put_licences(o, r);
	if (opt->show_suppressed)
		put_suppressed(o, r);
	put_not_examined(o, inv);
	put_strs(o, "warnings", &r->warnings);
	json_put_member(o, "verdict", str_of(verdict_name(r->verdict.kind)));
	put_strs(o, "reasons", &r->verdict.reasons);
	json_end_object(o);
}

static void put_failed(struct json_out *o, const struct format_options *opt)
{
	json_put_key(o, "failed");
	json_begin_array(o);
	for (size_t i = 0; i < opt->n_failed; i++) {
		json_begin_object(o);
		json_put_member(o, "target", opt->failed[i].target);
		json_put_member(o, "error", opt->failed[i].error);
		json_end_object(o);
	}
	json_end_array(o);
}

static int write_json(const struct report *reports, size_t n, const struct format_options *opt,
		      struct buf *out, struct err *e)
{
	struct json_out o;
	(void)e;
	json_out_init(&o, out, 2);
	if (!summary_wanted(n, opt) && n == 1) {
		report_put_json(&o, &reports[0], opt);
	} else {
		json_begin_object(&o);
		json_put_key(&o, "reports");
		json_begin_array(&o);
		for (size_t i = 0; i < n; i++)
			report_put_json(&o, &reports[i], opt);
		json_end_array(&o);
		put_failed(&o, opt);
		json_end_object(&o);
	}
	buf_add_char(out, '\n');
	return 0;
}

const struct format format_json = { "json", write_json };
