/* The fields that a template may name. Texts that come from an image or a feed are one clean line (text.h). */
#include "base/time.h"
#include "report/template.h"
#include "report/text.h"

static void text(const struct template_scope *s, struct template_value *v, struct str t)
{
	v->text = text_clean(s->run->arena, t, ITEM_TEXT_MAX);
	v->truth = v->text.n != 0;
}

static void number(const struct template_scope *s, struct template_value *v, uint64_t n)
{
	v->text = arena_printf(s->run->arena, "%llu", (unsigned long long)n);
	v->truth = n != 0;
}

static void flag(struct template_value *v, bool b)
{
	v->text = b ? S("true") : S("false");
	v->truth = b;
}

static void list(struct template_value *v, const void *base, size_t n, size_t stride)
{
	v->base = base;
	v->n = n;
	v->stride = stride;
	v->truth = n != 0;
}

static void date(const struct template_scope *s, struct template_value *v, int64_t t)
{
	char buf[TIME_TEXT];
	text(s, v, t ? arena_str(s->run->arena, str_of(time_text(t, buf))) : (struct str){ 0 });
}

static void digest(const struct template_scope *s, struct template_value *v, const struct digest *d)
{
	char buf[DIGEST_TEXT];
	text(s, v,
	     d->alg == DIGEST_NONE ? (struct str){ 0 }
				   : arena_str(s->run->arena, str_of(digest_text(d, buf))));
}

static const struct item *item_of(const struct template_scope *s)
{
	return s->thing;
}

static const struct package *package_of(const struct template_scope *s)
{
	return s->thing;
}

static const struct inventory *inventory_of(const struct template_scope *s)
{
	return s->view->report->inventory;
}

#define GET(name) static void get_##name(const struct template_scope *s, struct template_value *v)
#define TEXT_FIELD(name, expression) \
	GET(name) \
	{ \
		text(s, v, (expression)); \
	}
#define NUMBER_FIELD(name, expression) \
	GET(name) \
	{ \
		number(s, v, (expression)); \
	}
#define FLAG_FIELD(name, expression) \
	GET(name) \
	{ \
		(void)s; \
		flag(v, (expression)); \
	}
#define LIST_FIELD(name, array, n) \
	GET(name) \
	{ \
		list(v, (array), (n), sizeof *(array)); \
	}

/* The run. */
LIST_FIELD(reports, s->run->views, s->run->n)
TEXT_FIELD(tool_version, S(LAZARET_VERSION))

/* A report. */
static size_t of_severity(const struct template_scope *s, enum severity severity)
{
	size_t n = 0;
	for (size_t i = 0; i < s->view->items.n; i++)
		n += s->view->items.v[i].severity == severity;
	return n;
}

TEXT_FIELD(target, inventory_of(s)->target)
TEXT_FIELD(reference, inventory_of(s)->reference)
TEXT_FIELD(platform, platform_text(s->run->arena, &inventory_of(s)->platform))
TEXT_FIELD(distribution, inventory_of(s)->distribution.id)
TEXT_FIELD(distribution_version, inventory_of(s)->distribution.version)
TEXT_FIELD(distribution_name, inventory_of(s)->distribution.pretty_name)
TEXT_FIELD(verdict, str_of(verdict_name(s->view->report->verdict.kind)))
TEXT_FIELD(database, s->view->report->database)
TEXT_FIELD(base_name, inventory_of(s)->base.name)
TEXT_FIELD(purl_of_image, report_image_purl(s->run->arena, inventory_of(s)))
LIST_FIELD(reasons, s->view->report->verdict.reasons.v, s->view->report->verdict.reasons.n)
LIST_FIELD(warnings, s->view->report->warnings.v, s->view->report->warnings.n)
LIST_FIELD(findings, s->view->items.v, s->view->items.n)
LIST_FIELD(vulnerabilities, s->view->of_kind[ITEM_VULNERABILITY].v,
	   s->view->of_kind[ITEM_VULNERABILITY].n)
LIST_FIELD(secrets, s->view->of_kind[ITEM_SECRET].v, s->view->of_kind[ITEM_SECRET].n)
LIST_FIELD(checks, s->view->of_kind[ITEM_CHECK].v, s->view->of_kind[ITEM_CHECK].n)
LIST_FIELD(licenses, s->view->of_kind[ITEM_LICENCE].v, s->view->of_kind[ITEM_LICENCE].n)
LIST_FIELD(malware, s->view->of_kind[ITEM_MALWARE].v, s->view->of_kind[ITEM_MALWARE].n)
LIST_FIELD(packages, inventory_of(s)->packages, inventory_of(s)->n_packages)
LIST_FIELD(layers, inventory_of(s)->layers, inventory_of(s)->n_layers)
LIST_FIELD(not_examined, inventory_of(s)->not_examined, inventory_of(s)->n_not_examined)
NUMBER_FIELD(critical, of_severity(s, SEVERITY_CRITICAL))
NUMBER_FIELD(high, of_severity(s, SEVERITY_HIGH))
NUMBER_FIELD(medium, of_severity(s, SEVERITY_MEDIUM))
NUMBER_FIELD(low, of_severity(s, SEVERITY_LOW))
NUMBER_FIELD(negligible, of_severity(s, SEVERITY_NEGLIGIBLE))
NUMBER_FIELD(severity_unknown, of_severity(s, SEVERITY_UNKNOWN))
NUMBER_FIELD(total, s->view->items.n)
GET(created)
{
	date(s, v, s->view->report->created);
}
GET(image_digest)
{
	const struct image *image = inventory_of(s)->image;
	digest(s, v, image ? &image->self.digest : &(struct digest){ 0 });
}

/* A find. */
TEXT_FIELD(kind, str_of(item_kind_name(item_of(s)->kind)))
TEXT_FIELD(id, item_of(s)->id)
TEXT_FIELD(title, item_of(s)->title)
TEXT_FIELD(message, item_of(s)->message)
TEXT_FIELD(why, item_of(s)->why)
TEXT_FIELD(fix, item_of(s)->fix)
TEXT_FIELD(url, item_of(s)->url)
TEXT_FIELD(severity, str_of(severity_name(item_of(s)->severity)))
TEXT_FIELD(score, arena_printf(s->run->arena, "%.1f", item_of(s)->score))
TEXT_FIELD(package_name, item_of(s)->name)
TEXT_FIELD(package_version, item_of(s)->version)
TEXT_FIELD(package_type, item_of(s)->type)
TEXT_FIELD(package_purl, item_of(s)->purl)
TEXT_FIELD(fixed, item_of(s)->fixed)
TEXT_FIELD(status, item_of(s)->finding ? str_of(status_name(item_of(s)->finding->status)) : S(""))
TEXT_FIELD(path, item_of(s)->path)
TEXT_FIELD(layer, item_layer_text(s->run->arena, item_of(s)))
TEXT_FIELD(fingerprint, item_of(s)->fingerprint)
TEXT_FIELD(suppressed_by, item_of(s)->suppressed.by)
TEXT_FIELD(suppressed_reason, item_of(s)->suppressed.reason)
TEXT_FIELD(feed, item_of(s)->finding ? item_of(s)->finding->feed : S(""))
TEXT_FIELD(epss, item_of(s)->finding &&item_of(s)->finding->epss >= 0
			 ? arena_printf(s->run->arena, "%.5f", item_of(s)->finding->epss)
			 : S(""))
NUMBER_FIELD(line, item_of(s)->line)
FLAG_FIELD(kev, item_of(s)->finding &&item_of(s)->finding->kev)
FLAG_FIELD(in_base, item_in_base(item_of(s)))
GET(published)
{
	date(s, v, item_of(s)->finding ? item_of(s)->finding->published : 0);
}
GET(references)
{
	const struct strs *r = item_of(s)->finding ? &item_of(s)->finding->references : NULL;
	list(v, r ? r->v : NULL, r ? r->n : 0, sizeof(struct str));
}
GET(aliases)
{
	const struct strs *r = item_of(s)->finding ? &item_of(s)->finding->aliases : NULL;
	list(v, r ? r->v : NULL, r ? r->n : 0, sizeof(struct str));
}

/* A package. */
TEXT_FIELD(p_name, package_of(s)->name)
TEXT_FIELD(p_version, package_of(s)->version)
TEXT_FIELD(p_type, package_of(s)->type)
TEXT_FIELD(p_purl, package_of(s)->purl)
TEXT_FIELD(p_arch, package_of(s)->arch)
TEXT_FIELD(p_path, package_of(s)->path)
TEXT_FIELD(p_inside, package_of(s)->inside)
TEXT_FIELD(p_source_name, package_of(s)->source_name)
TEXT_FIELD(p_source_version, package_of(s)->source_version)
TEXT_FIELD(p_license, package_of(s)->licence)
LIST_FIELD(p_licenses, package_of(s)->licences.v, package_of(s)->licences.n)
FLAG_FIELD(p_dev, package_of(s)->dev)
FLAG_FIELD(p_optional, package_of(s)->optional)
FLAG_FIELD(p_owned, package_of(s)->is_owned)
GET(p_relation)
{
	static const char *const names[] = { "", "root", "direct", "indirect" };
	text(s, v, str_of(names[package_of(s)->relation]));
}

/* A layer, a note, a word. */
NUMBER_FIELD(l_size, ((const struct layer_info *)s->thing)->size)
TEXT_FIELD(l_created_by, ((const struct layer_info *)s->thing)->created_by)
FLAG_FIELD(l_examined, ((const struct layer_info *)s->thing)->examined)
GET(l_digest)
{
	digest(s, v, &((const struct layer_info *)s->thing)->digest);
}
GET(l_diff_id)
{
	digest(s, v, &((const struct layer_info *)s->thing)->diff_id);
}
TEXT_FIELD(n_path, ((const struct not_examined *)s->thing)->path)
TEXT_FIELD(n_reason, ((const struct not_examined *)s->thing)->reason)
TEXT_FIELD(this, *(const struct str *)s->thing)

#define TEXT_ROW(name) \
	{ \
#name, TEMPLATE_TEXT, TEMPLATE_WORD, get_##name \
	}
#define NUMBER_ROW(name) \
	{ \
#name, TEMPLATE_NUMBER, TEMPLATE_WORD, get_##name \
	}
#define FLAG_ROW(name) \
	{ \
#name, TEMPLATE_FLAG, TEMPLATE_WORD, get_##name \
	}
#define LIST_ROW(name, type) \
	{ \
#name, TEMPLATE_LIST, type, get_##name \
	}

static const struct template_field run_fields[] = {
	LIST_ROW(reports, TEMPLATE_REPORT),
	TEXT_ROW(tool_version),
	{ 0 },
};
static const struct template_field report_fields[] = {
	TEXT_ROW(target),
	TEXT_ROW(reference),
	TEXT_ROW(platform),
	TEXT_ROW(distribution),
	TEXT_ROW(distribution_version),
	TEXT_ROW(distribution_name),
	TEXT_ROW(verdict),
	TEXT_ROW(database),
	TEXT_ROW(created),
	TEXT_ROW(image_digest),
	{ "image_purl", TEMPLATE_TEXT, TEMPLATE_WORD, get_purl_of_image },
	TEXT_ROW(base_name),
	LIST_ROW(reasons, TEMPLATE_WORD),
	LIST_ROW(warnings, TEMPLATE_WORD),
	LIST_ROW(findings, TEMPLATE_ITEM),
	LIST_ROW(vulnerabilities, TEMPLATE_ITEM),
	LIST_ROW(secrets, TEMPLATE_ITEM),
	LIST_ROW(checks, TEMPLATE_ITEM),
	LIST_ROW(licenses, TEMPLATE_ITEM),
	LIST_ROW(malware, TEMPLATE_ITEM),
	LIST_ROW(packages, TEMPLATE_PACKAGE),
	LIST_ROW(layers, TEMPLATE_LAYER),
	LIST_ROW(not_examined, TEMPLATE_NOTE),
	NUMBER_ROW(critical),
	NUMBER_ROW(high),
	NUMBER_ROW(medium),
	NUMBER_ROW(low),
	NUMBER_ROW(negligible),
	NUMBER_ROW(severity_unknown),
	NUMBER_ROW(total),
	{ 0 },
};
static const struct template_field item_fields[] = {
	TEXT_ROW(kind),
	TEXT_ROW(id),
	TEXT_ROW(title),
	TEXT_ROW(message),
	TEXT_ROW(why),
	TEXT_ROW(fix),
	TEXT_ROW(url),
	TEXT_ROW(severity),
	TEXT_ROW(score),
	TEXT_ROW(package_name),
	TEXT_ROW(package_version),
	TEXT_ROW(package_type),
	TEXT_ROW(package_purl),
	TEXT_ROW(fixed),
	TEXT_ROW(status),
	TEXT_ROW(path),
	NUMBER_ROW(line),
	TEXT_ROW(layer),
	FLAG_ROW(in_base),
	FLAG_ROW(kev),
	TEXT_ROW(epss),
	TEXT_ROW(feed),
	TEXT_ROW(published),
	LIST_ROW(references, TEMPLATE_WORD),
	LIST_ROW(aliases, TEMPLATE_WORD),
	TEXT_ROW(fingerprint),
	TEXT_ROW(suppressed_by),
	TEXT_ROW(suppressed_reason),
	{ 0 },
};
static const struct template_field package_fields[] = {
	{ "name", TEMPLATE_TEXT, TEMPLATE_WORD, get_p_name },
	{ "version", TEMPLATE_TEXT, TEMPLATE_WORD, get_p_version },
	{ "type", TEMPLATE_TEXT, TEMPLATE_WORD, get_p_type },
	{ "purl", TEMPLATE_TEXT, TEMPLATE_WORD, get_p_purl },
	{ "arch", TEMPLATE_TEXT, TEMPLATE_WORD, get_p_arch },
	{ "path", TEMPLATE_TEXT, TEMPLATE_WORD, get_p_path },
	{ "inside", TEMPLATE_TEXT, TEMPLATE_WORD, get_p_inside },
	{ "source_name", TEMPLATE_TEXT, TEMPLATE_WORD, get_p_source_name },
	{ "source_version", TEMPLATE_TEXT, TEMPLATE_WORD, get_p_source_version },
	{ "license", TEMPLATE_TEXT, TEMPLATE_WORD, get_p_license },
	{ "licenses", TEMPLATE_LIST, TEMPLATE_WORD, get_p_licenses },
	{ "relation", TEMPLATE_TEXT, TEMPLATE_WORD, get_p_relation },
	{ "dev", TEMPLATE_FLAG, TEMPLATE_WORD, get_p_dev },
	{ "optional", TEMPLATE_FLAG, TEMPLATE_WORD, get_p_optional },
	{ "owned", TEMPLATE_FLAG, TEMPLATE_WORD, get_p_owned },
	{ 0 },
};
static const struct template_field layer_fields[] = {
	{ "digest", TEMPLATE_TEXT, TEMPLATE_WORD, get_l_digest },
	{ "diff_id", TEMPLATE_TEXT, TEMPLATE_WORD, get_l_diff_id },
	{ "size", TEMPLATE_NUMBER, TEMPLATE_WORD, get_l_size },
	{ "created_by", TEMPLATE_TEXT, TEMPLATE_WORD, get_l_created_by },
	{ "examined", TEMPLATE_FLAG, TEMPLATE_WORD, get_l_examined },
	{ 0 },
};
static const struct template_field note_fields[] = {
	{ "path", TEMPLATE_TEXT, TEMPLATE_WORD, get_n_path },
	{ "reason", TEMPLATE_TEXT, TEMPLATE_WORD, get_n_reason },
	{ 0 },
};
static const struct template_field word_fields[] = {
	TEXT_ROW(this),
	{ 0 },
};

static const struct {
	const char *name;
	const struct template_field *fields;
} types[TEMPLATE_TYPES] = {
	[TEMPLATE_RUN] = { "the run", run_fields },
	[TEMPLATE_REPORT] = { "a report", report_fields },
	[TEMPLATE_ITEM] = { "a finding", item_fields },
	[TEMPLATE_PACKAGE] = { "a package", package_fields },
	[TEMPLATE_LAYER] = { "a layer", layer_fields },
	[TEMPLATE_NOTE] = { "a note", note_fields },
	[TEMPLATE_WORD] = { "a word", word_fields },
};

const struct template_field *template_field(enum template_type type, struct str name)
{
	for (const struct template_field *f = types[type].fields; f->name; f++)
		if (str_eq(str_of(f->name), name))
			return f;
	return NULL;
}

const char *template_type_name(enum template_type type)
{
	return types[type].name;
}

void template_views(struct arena *a, const struct report *reports, size_t n, bool suppressed,
		    struct template_run *out)
{
	*out = (struct template_run){ .arena = a, .n = n };
	out->views = arena_array(a, n, sizeof *out->views);
	for (size_t i = 0; i < n; i++) {
		struct template_view *v = &out->views[i];
		*v = (struct template_view){ .report = &reports[i] };
		items_collect(a, &reports[i], 1, suppressed, &v->items);
		for (size_t k = 0; k < v->items.n; k++) {
			struct items *of = &v->of_kind[v->items.v[k].kind];
			*ARENA_PUSH(a, of->v, of->n, of->cap) = v->items.v[k];
		}
	}
}
