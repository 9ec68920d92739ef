/* CycloneDX JSON 1.6 and 1.5 (ECMA-424; schemas bom-1.6 and bom-1.5): writing. The image is metadata.component, the distribution
 * a component of type operating-system that depends on the packages nobody else asked for; findings, where the report has
 * some, are vulnerabilities. An inventory with gaps says so as a composition that is incomplete, and tells each gap as a
 * property of the image. */
#include "base/json.h"
#include "base/time.h"
#include "report/cyclonedx.h"
#include "report/sbom.h"

static void put_property(struct json_out *j, struct str key, struct str value)
{
	struct buf name = { 0 };
	buf_addf(&name, "lazaret:%.*s", STR(key));
	json_begin_object(j);
	json_put_member(j, "name", str_buf(&name));
	json_put_member(j, "value", value);
	json_end_object(j);
	buf_done(&name);
}

static void put_facts(struct json_out *j, const struct sbom_facts *f)
{
	if (f->n == 0)
		return;
	json_put_key(j, "properties");
	json_begin_array(j);
	for (size_t i = 0; i < f->n; i++)
		put_property(j, f->v[i].key, f->v[i].value);
	json_end_array(j);
}

static void put_hash(struct json_out *j, const char *alg, const struct digest *d)
{
	char text[DIGEST_TEXT];
	if (d->alg == DIGEST_NONE)
		return;
	struct str hex = str_of(digest_text(d, text));
	str_cut(&hex, ':');
	json_begin_object(j);
	json_put_member(j, "alg", str_of(alg));
	json_put_member(j, "content", hex);
	json_end_object(j);
}

static void put_hashes(struct json_out *j, const struct package *p)
{
	if (p->sha256.alg == DIGEST_NONE && p->sha1.alg == DIGEST_NONE && p->md5.alg == DIGEST_NONE)
		return;
	json_put_key(j, "hashes");
	json_begin_array(j);
	put_hash(j, "SHA-256", &p->sha256);
	put_hash(j, "SHA-1", &p->sha1);
	put_hash(j, "MD5", &p->md5);
	json_end_array(j);
}

static void put_licences(struct json_out *j, const struct package *p)
{
	if (!p->licence.n && !p->licences.n)
		return;
	json_put_key(j, "licenses");
	json_begin_array(j);
	if (p->licence.n) {
		json_begin_object(j);
		json_put_member(j, "expression", p->licence);
		json_end_object(j);
	}
	for (size_t i = 0; !p->licence.n && i < p->licences.n; i++) {
		json_begin_object(j);
		json_put_key(j, "license");
		json_begin_object(j);
		json_put_member(j, "name", p->licences.v[i]);
		json_end_object(j);
		json_end_object(j);
	}
	json_end_array(j);
}

static void put_evidence(struct json_out *j, const struct package *p)
{
	if (!p->path.n)
		return;
	json_put_key(j, "evidence");
	json_begin_object(j);
	json_put_key(j, "occurrences");
	json_begin_array(j);
	json_begin_object(j);
	json_put_member(j, "location", p->path);
	json_end_object(j);
	json_end_array(j);
	json_end_object(j);
}

/* npm's scope and Maven's group have a place of their own. */
static void put_name(struct json_out *j, const struct package *p)
{
	ssize_t at = str_eq(p->type, S("maven")) ? str_find_char(p->name, ':')
		     : str_eq(p->type, S("npm")) && str_starts(p->name, S("@"))
			     ? str_find_char(p->name, '/')
			     : -1;
	if (at > 0)
		json_put_member(j, "group", str_upto(p->name, (size_t)at));
	json_put_member(j, "name", str_from(p->name, (size_t)(at + 1)));
}

static void put_package(struct sbom_out *o, struct json_out *j, size_t i)
{
	const struct package *p = &o->inv->packages[i];
	struct sbom_facts f = { 0 };
	struct str supplier = sbom_supplier(p);
	json_begin_object(j);
	json_put_member(j, "bom-ref", o->refs[i]);
	json_put_member(j, "type", sbom_is_program(p) ? S("application") : S("library"));
	if (supplier.n) {
		json_put_key(j, "supplier");
		json_begin_object(j);
		json_put_member(j, "name", supplier);
		json_end_object(j);
	}
	put_name(j, p);
	json_put_member_opt(j, "version", p->version);
	if (p->dev || p->optional)
		json_put_member(j, "scope", S("optional"));
	put_hashes(j, p);
	put_licences(j, p);
	json_put_member_opt(j, "cpe", sbom_cpe(&o->a, p));
	json_put_member_opt(j, "purl", p->purl);
	put_evidence(j, p);
	sbom_package_facts(o, p, &f);
	put_facts(j, &f);
	json_end_object(j);
}

/* The digest makes it unlike any package's. */
static struct str system_ref(struct sbom_out *o)
{
	return arena_printf(&o->a, "operating-system/%s", o->uuid);
}

static struct str root_ref(struct sbom_out *o)
{
	struct str purl = sbom_root_purl(o);
	return purl.n ? purl : arena_printf(&o->a, "root/%s", o->uuid);
}

static void put_system(struct sbom_out *o, struct json_out *j)
{
	const struct distribution *d = &o->inv->distribution;
	if (!d->id.n)
		return;
	json_begin_object(j);
	json_put_member(j, "bom-ref", system_ref(o));
	json_put_member(j, "type", S("operating-system"));
	json_put_member(j, "name", d->id);
	json_put_member_opt(j, "version", d->version_id.n ? d->version_id : d->codename);
	json_put_member_opt(j, "description", d->pretty_name);
	json_end_object(j);
}

static void put_root(struct sbom_out *o, struct json_out *j)
{
	const struct inventory *inv = o->inv;
	struct sbom_facts f = { 0 };
	struct str name = sbom_root_name(inv);
	char text[DIGEST_TEXT];
	json_put_key(j, "component");
	json_begin_object(j);
	json_put_member(j, "bom-ref", root_ref(o));
	json_put_member(j, "type", inv->image ? S("container") : S("application"));
	json_put_member(j, "name", name);
	if (inv->image && inv->image->self.digest.alg != DIGEST_NONE)
		json_put_member(j, "version", str_of(digest_text(&inv->image->self.digest, text)));
	json_put_member_opt(j, "purl", sbom_root_purl(o));
	sbom_document_facts(o, &f);
	put_facts(j, &f);
	json_end_object(j);
}

void cyclonedx_put_metadata(struct json_out *j, int64_t created)
{
	char text[TIME_TEXT];
	json_put_member(j, "timestamp", str_of(time_text(created, text)));
	json_put_key(j, "tools");
	json_begin_object(j);
	json_put_key(j, "components");
	json_begin_array(j);
	json_begin_object(j);
	json_put_member(j, "type", S("application"));
	json_put_member(j, "name", S("lazaret"));
	json_put_member(j, "version", str_of(sbom_version()));
	json_end_object(j);
	json_end_array(j);
	json_end_object(j);
}

/* Dependencies */

static void begin_dependency(struct json_out *j, struct str ref)
{
	json_begin_object(j);
	json_put_member(j, "ref", ref);
	json_put_key(j, "dependsOn");
	json_begin_array(j);
}

static void end_dependency(struct json_out *j)
{
	json_end_array(j);
	json_end_object(j);
}

static void put_dependencies(struct sbom_out *o, struct json_out *j)
{
	const struct inventory *inv = o->inv;
	bool *needed = arena_zalloc(&o->a, inv->n_packages + 1);
	bool system = inv->distribution.id.n != 0;
	for (size_t i = 0; i < inv->n_packages; i++)
		for (size_t k = 0; k < inv->packages[i].n_needs; k++)
			needed[inv->packages[i].needs[k]] |= inv->packages[i].needs[k] != i;
	json_put_key(j, "dependencies");
	json_begin_array(j);
	begin_dependency(j, root_ref(o));
	if (system)
		json_put_str(j, system_ref(o));
	for (size_t i = 0; i < inv->n_packages; i++)
		if (!needed[i] && !(system && package_is_os(&inv->packages[i])))
			json_put_str(j, o->refs[i]);
	end_dependency(j);
	if (system) {
		begin_dependency(j, system_ref(o));
		for (size_t i = 0; i < inv->n_packages; i++)
			if (!needed[i] && package_is_os(&inv->packages[i]))
				json_put_str(j, o->refs[i]);
		end_dependency(j);
	}
	for (size_t i = 0; i < inv->n_packages; i++) {
		begin_dependency(j, o->refs[i]);
		for (size_t k = 0; k < inv->packages[i].n_needs; k++)
			json_put_str(j, o->refs[inv->packages[i].needs[k]]);
		end_dependency(j);
	}
	json_end_array(j);
}

static void put_compositions(struct sbom_out *o, struct json_out *j)
{
	if (!o->inv->n_not_examined)
		return;
	json_put_key(j, "compositions");
	json_begin_array(j);
	json_begin_object(j);
	json_put_member(j, "aggregate", S("incomplete"));
	json_put_key(j, "assemblies");
	json_begin_array(j);
	json_put_str(j, root_ref(o));
	json_end_array(j);
	json_end_object(j);
	json_end_array(j);
}

static void put_document(struct sbom_out *o, struct buf *out, const char *version)
{
	struct json_out j;
	struct buf text = { 0 };
	json_out_init(&j, out, 2);
	json_begin_object(&j);
	buf_addf(&text, "http://cyclonedx.org/schema/bom-%s.schema.json", version);
	json_put_member(&j, "$schema", str_buf(&text));
	json_put_member(&j, "bomFormat", S("CycloneDX"));
	json_put_member(&j, "specVersion", str_of(version));
	text.n = 0;
	buf_addf(&text, "urn:uuid:%s", o->uuid);
	json_put_member(&j, "serialNumber", str_buf(&text));
	buf_done(&text);
	json_put_key(&j, "version");
	json_put_u64(&j, 1);
	json_put_key(&j, "metadata");
	json_begin_object(&j);
	cyclonedx_put_metadata(&j, o->report->created);
	put_root(o, &j);
	json_end_object(&j);
	json_put_key(&j, "components");
	json_begin_array(&j);
	put_system(o, &j);
	for (size_t i = 0; i < o->inv->n_packages; i++)
		put_package(o, &j, i);
	json_end_array(&j);
	put_dependencies(o, &j);
	put_compositions(o, &j);
	if (o->report->n_findings)
		cyclonedx_put_vulnerabilities(o, &j);
	json_end_object(&j);
	buf_add_char(out, '\n');
}

static void put_1_6(struct sbom_out *o, struct buf *out)
{
	put_document(o, out, "1.6");
}

static void put_1_5(struct sbom_out *o, struct buf *out)
{
	put_document(o, out, "1.5");
}

static int write_1_6(const struct report *reports, size_t n, const struct format_options *o,
		     struct buf *out, struct err *e)
{
	return sbom_write(reports, n, o, put_1_6, out, e);
}

static int write_1_5(const struct report *reports, size_t n, const struct format_options *o,
		     struct buf *out, struct err *e)
{
	return sbom_write(reports, n, o, put_1_5, out, e);
}

const struct format format_cyclonedx = { "cyclonedx", write_1_6, cyclonedx_probe, cyclonedx_read };
const struct format format_cyclonedx_1_5 = { "cyclonedx-1.5", write_1_5, NULL, NULL };
