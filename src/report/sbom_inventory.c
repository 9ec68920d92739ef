/* The record of an SBOM into an inventory: facts become fields again. The record was decoded with bounds, but the child that
 * made it may have been taken over by its document: every index and number is checked here once more. */
#include "report/sbom.h"

#include "analyze/distro.h"

#include <stdlib.h>

struct builder {
	struct inventory *inv;
	const struct limits *limits;
	size_t layers_cap;
	bool image;
};

static bool is(struct str key, const char *name)
{
	return str_eq(key, str_of(name));
}

static bool is_true(struct str value)
{
	return str_eq(value, S("true"));
}

static void set_digest(struct digest *d, struct str text)
{
	struct err e;
	digest_parse(text, d, &e);
}

static struct layer_info *layer_at(struct builder *b, uint64_t i)
{
	struct inventory *inv = b->inv;
	if (i < inv->n_layers)
		return &inv->layers[i];
	if (i != inv->n_layers || i >= b->limits->layers)
		return NULL;
	struct layer_info *l = ARENA_PUSH(inv->arena, inv->layers, inv->n_layers, b->layers_cap);
	l->examined = true;
	return l;
}

static void set_layer(struct builder *b, struct str rest, struct str value)
{
	uint64_t i;
	if (!str_to_u64(str_cut(&rest, ':'), UINT32_MAX, &i))
		return;
	struct layer_info *l = layer_at(b, i);
	if (!l)
		return;
	if (is(rest, "digest"))
		set_digest(&l->digest, value);
	else if (is(rest, "diff-id"))
		set_digest(&l->diff_id, value);
	else if (is(rest, "size"))
		str_to_u64(value, UINT64_MAX, &l->size);
	else if (is(rest, "media-type"))
		l->media_type = value;
	else if (is(rest, "created-by"))
		l->created_by = value;
	else if (is(rest, "cut"))
		l->cut = is_true(value);
	else if (is(rest, "not-examined"))
		l->examined = !is_true(value);
}

static void set_not_examined(struct builder *b, struct str rest, struct str value)
{
	struct inventory *inv = b->inv;
	uint64_t i, layer;
	if (!str_to_u64(str_cut(&rest, ':'), UINT32_MAX, &i) || i > inv->n_not_examined)
		return;
	if (i == inv->n_not_examined)
		*ARENA_PUSH(inv->arena, inv->not_examined, inv->n_not_examined,
			    inv->not_examined_cap) = (struct not_examined){ .layer = -1 };
	struct not_examined *n = &inv->not_examined[i];
	if (is(rest, "reason"))
		n->reason = value;
	else if (is(rest, "path"))
		n->path = value;
	else if (is(rest, "layer") && str_to_u64(value, UINT32_MAX, &layer))
		n->layer = (ssize_t)layer;
	else if (is(rest, "database"))
		n->database = is_true(value);
}

static void set_image(struct builder *b, struct str rest, struct str value)
{
	struct inventory *inv = b->inv;
	if (!inv->image)
		inv->image = ARENA_NEW(inv->arena, struct image);
	if (is(rest, "digest"))
		set_digest(&inv->image->self.digest, value);
	else if (is(rest, "media-type"))
		inv->image->self.media_type = value;
	else if (is(rest, "config"))
		set_digest(&inv->image->config.digest, value);
	else if (is(rest, "created"))
		inv->image->cfg.created = value;
}

static void set_base(struct inventory *inv, struct str rest, struct str value)
{
	uint64_t n;
	if (is(rest, "name"))
		inv->base.name = value;
	else if (is(rest, "digest"))
		inv->base.digest = value;
	else if (is(rest, "evidence"))
		inv->base.evidence = value;
	else if (is(rest, "layers") && str_to_u64(value, UINT32_MAX, &n))
		inv->base.layers = (size_t)n;
}

static void set_distribution(struct distribution *d, struct str rest, struct str value)
{
	if (is(rest, "id"))
		d->id = value;
	else if (is(rest, "version-id"))
		d->version_id = value;
	else if (is(rest, "codename"))
		d->codename = value;
	else if (is(rest, "pretty-name"))
		d->pretty_name = value;
	else if (is(rest, "path"))
		d->path = value;
	else if (is(rest, "overridden"))
		d->overridden = is_true(value);
}

static void set_document(struct builder *b, struct str key, struct str value)
{
	struct inventory *inv = b->inv;
	struct str rest = key, group = str_cut(&rest, ':');
	if (is(group, "layer") && rest.n)
		set_layer(b, rest, value);
	else if (is(group, "not-examined"))
		set_not_examined(b, rest, value);
	else if (is(group, "image"))
		set_image(b, rest, value);
	else if (is(group, "base"))
		set_base(inv, rest, value);
	else if (is(key, "os"))
		inv->platform.os = value;
	else if (is(group, "os"))
		set_distribution(&inv->distribution, rest, value);
	else if (is(key, "architecture"))
		inv->platform.arch = value;
	else if (is(key, "variant"))
		inv->platform.variant = value;
	else if (is(key, "reference"))
		inv->reference = value;
	else if (is(key, "target"))
		inv->target = value;
}

/* A name and a version as other tools write them. */
static void guess_distribution(struct inventory *inv, struct str name, struct str version)
{
	struct distribution d = { 0 };
	struct err e;
	struct str release = version;
	release = str_cut(&release, ' ');
	char *id = arena_cstr(inv->arena, name);
	for (size_t i = 0; i < name.n; i++)
		id[i] = id[i] == '.' || id[i] == ' '   ? '-'
			: id[i] >= 'A' && id[i] <= 'Z' ? (char)(id[i] | 0x20)
						       : id[i];
	struct str both = arena_printf(inv->arena, "%s:%.*s", id, STR(release));
	if (distro_parse(inv->arena, both, &d, &e)) {
		d = (struct distribution){ .id = { id, name.n }, .version_id = release };
		distro_complete(inv->arena, &d);
	}
	inv->distribution = d;
}

static void finish_distribution(struct inventory *inv, const struct record_file *f)
{
	struct str name = record_attr(f->attrs, f->n_attrs, S("os:name"));
	if (inv->distribution.id.n)
		distro_complete(inv->arena, &inv->distribution);
	else if (name.n)
		guess_distribution(inv, name, record_attr(f->attrs, f->n_attrs, S("os:version")));
}

/* Packages */

static size_t find_layer(struct builder *b, struct str digest, struct str diff_id)
{
	struct inventory *inv = b->inv;
	struct digest d = { 0 }, id = { 0 };
	set_digest(&d, digest);
	set_digest(&id, diff_id);
	for (size_t i = 0; i < inv->n_layers; i++)
		if ((id.alg && digest_eq(&inv->layers[i].diff_id, &id)) ||
		    (d.alg && digest_eq(&inv->layers[i].digest, &d)))
			return i;
	if (!d.alg && !id.alg)
		return 0;
	struct layer_info *l = layer_at(b, inv->n_layers);
	if (!l)
		return 0;
	l->digest = d;
	l->diff_id = id;
	return inv->n_layers - 1;
}

static enum relation relation_of(struct str word)
{
	return is(word, "root")	      ? RELATION_ROOT
	       : is(word, "direct")   ? RELATION_DIRECT
	       : is(word, "indirect") ? RELATION_INDIRECT
				      : RELATION_UNKNOWN;
}

static void set_hash(struct digest *d, enum digest_alg alg, struct str hex)
{
	if (hex.n)
		digest_from_hex(alg, hex, d);
}

static void set_fields(struct builder *b, struct package *p, const struct record_package *r)
{
#define GET(key) record_attr(r->attrs, r->n_attrs, S(key))
	uint64_t layer;
	p->purl = GET("purl");
	p->path = GET("path");
	p->inside = GET("inside");
	p->analyzer = GET("analyzer");
	if (!p->analyzer.n)
		p->analyzer = S("sbom");
	p->licence = GET("licence-expression");
	p->relation = relation_of(GET("relation"));
	p->dev = is_true(GET("dev"));
	p->optional = is_true(GET("optional"));
	p->is_owned = is_true(GET("owned"));
	str_to_u64(GET("files"), INT64_MAX, &p->files_told);
	set_hash(&p->sha256, DIGEST_SHA256, GET("sha256"));
	set_hash(&p->sha1, DIGEST_SHA1, GET("sha1"));
	set_hash(&p->md5, DIGEST_MD5, GET("md5"));
	if (str_to_u64(GET("layer"), UINT32_MAX, &layer) && layer < b->inv->n_layers)
		p->layer = (size_t)layer;
	else
		p->layer = find_layer(b, GET("layer-digest"), GET("layer-diff-id"));
#undef GET
}

static void set_attrs(struct arena *a, struct package *p, const struct record_package *r)
{
	struct attr *v = arena_array(a, r->n_attrs, sizeof *v);
	size_t n = 0;
	for (size_t i = 0; i < r->n_attrs; i++)
		if (str_starts(r->attrs[i].key, S("attr:")))
			v[n++] = (struct attr){ str_from(r->attrs[i].key, S("attr:").n),
						r->attrs[i].value };
	p->attrs = v;
	p->n_attrs = n;
}

static void add_packages(struct builder *b, const struct record_file *f, size_t *slots)
{
	struct inventory *inv = b->inv;
	for (size_t i = 0; i < f->n_packages; i++) {
		const struct record_package *r = &f->packages[i];
		struct package p = { .type = r->type,
				     .name = r->name,
				     .version = r->version,
				     .arch = r->arch,
				     .source_name = r->source_name.n ? r->source_name : r->name,
				     .source_version =
					     r->source_version.n ? r->source_version : r->version,
				     .licences = r->licences,
				     .depends = r->depends,
				     .provides = r->provides,
				     .owner = -1,
				     /* Which one it was, until all are sorted. */
				     .needs = &slots[i] };
		set_fields(b, &p, r);
		set_attrs(inv->arena, &p, r);
		*ARENA_PUSH(inv->arena, inv->packages, inv->n_packages, inv->packages_cap) = p;
	}
}

static int compare_sizes(const void *x, const void *y)
{
	const size_t *a = x, *b = y;
	return *a < *b ? -1 : *a > *b;
}

/* Indexes of the record into those of the sorted inventory. */
static void set_relations(struct inventory *inv, const struct record_file *f, const size_t *slots)
{
	size_t *now = arena_array(inv->arena, f->n_packages, sizeof *now);
	size_t *was = arena_array(inv->arena, f->n_packages, sizeof *was);
	for (size_t i = 0; i < inv->n_packages; i++) {
		was[i] = (size_t)(inv->packages[i].needs - slots);
		now[was[i]] = i;
	}
	for (size_t i = 0; i < inv->n_packages; i++) {
		const struct record_package *r = &f->packages[was[i]];
		struct package *p = &inv->packages[i];
		size_t n = 0, kept = 0, *needs = arena_array(inv->arena, r->n_attrs, sizeof *needs);
		uint64_t to;
		for (size_t k = 0; k < r->n_attrs; k++) {
			if (!str_to_u64(r->attrs[k].value, f->n_packages - 1, &to))
				continue;
			if (is(r->attrs[k].key, "needs"))
				needs[n++] = now[to];
			else if (is(r->attrs[k].key, "owner-index"))
				p->owner = (ssize_t)now[to];
		}
		if (n)
			qsort(needs, n, sizeof *needs, compare_sizes);
		for (size_t k = 0; k < n; k++)
			if (kept == 0 || needs[kept - 1] != needs[k])
				needs[kept++] = needs[k];
		p->needs = needs;
		p->n_needs = kept;
	}
}

int sbom_inventory(const struct layer_record *r, const struct limits *l, struct inventory *inv,
		   struct err *e)
{
	struct builder b = { .inv = inv, .limits = l };
	const struct record_file *f = &r->files[0];
	(void)e;
	for (size_t i = 0; i < f->n_attrs; i++)
		set_document(&b, f->attrs[i].key, f->attrs[i].value);
	finish_distribution(inv, f);
	size_t *slots = arena_array(inv->arena, f->n_packages, sizeof *slots);
	add_packages(&b, f, slots);
	for (size_t i = 0; i < inv->n_not_examined; i++)
		if (inv->not_examined[i].layer >= (ssize_t)inv->n_layers)
			inv->not_examined[i].layer = -1;
	for (size_t i = 0; i < r->n_notes; i++)
		inventory_note(inv, -1, r->notes[i].path, "%.*s", STR(r->notes[i].reason));
	inventory_sort_packages(inv);
	set_relations(inv, f, slots);
	if (inv->image)
		inv->image->cfg.platform = inv->platform;
	for (size_t i = 0; i < inv->n_packages; i++)
		if (!inv->packages[i].purl.n)
			inv->packages[i].purl =
				package_purl(inv->arena, &inv->packages[i], &inv->distribution);
	return 0;
}
