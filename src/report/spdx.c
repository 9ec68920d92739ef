/* SPDX 2.3 as JSON and as tag-value (ISO/IEC 5962, spdx-schema 2.3): writing. The document describes the image, the image
 * contains the distribution and the packages, packages depend on packages. What SPDX has no field for is one annotation a
 * package, a line for each fact. No files are listed. Text that comes from the image is kept out of the tags' syntax: facts that
 * do not fit are escaped (sbom.c), single-line values lose their control characters. */
#include "report/spdx.h"

#include "base/json.h"
#include "report/text.h"

/* What both spellings share */

struct str spdx_id(struct arena *a, struct str ref)
{
	struct digest d;
	digest_of(DIGEST_SHA256, ref, &d);
	uint64_t v = 0;
	for (unsigned i = 0; i < 8; i++)
		v = v << 8 | d.bytes[i];
	return arena_printf(a, "Package-%016llx", (unsigned long long)v);
}

struct str spdx_root_ref(struct sbom_out *o)
{
	return arena_printf(&o->a, "root/%s", o->uuid);
}

struct str spdx_system_ref(struct sbom_out *o)
{
	return arena_printf(&o->a, "operating-system/%s", o->uuid);
}

static void take_root(struct sbom_out *o, void (*take)(void *ctx, const struct spdx_package *p),
		      void *ctx)
{
	const struct inventory *inv = o->inv;
	struct str name = sbom_root_name(inv);
	char text[DIGEST_TEXT] = "";
	struct spdx_package p = { .ref = spdx_root_ref(o),
				  .name = name,
				  .purl = sbom_root_purl(o),
				  .purpose = inv->image ? "CONTAINER" : "APPLICATION" };
	if (inv->image && inv->image->self.digest.alg != DIGEST_NONE)
		p.version = str_of(digest_text(&inv->image->self.digest, text));
	sbom_document_facts(o, &p.facts);
	take(ctx, &p);
}

static void take_system(struct sbom_out *o, void (*take)(void *ctx, const struct spdx_package *p),
			void *ctx)
{
	const struct distribution *d = &o->inv->distribution;
	struct spdx_package p = { .ref = spdx_system_ref(o),
				  .name = d->id,
				  .version = d->version_id.n ? d->version_id : d->codename,
				  .purpose = "OPERATING-SYSTEM" };
	if (d->id.n)
		take(ctx, &p);
}

void spdx_each_package(struct sbom_out *o, void (*take)(void *ctx, const struct spdx_package *p),
		       void *ctx)
{
	take_root(o, take, ctx);
	take_system(o, take, ctx);
	for (size_t i = 0; i < o->inv->n_packages; i++) {
		const struct package *k = &o->inv->packages[i];
		struct spdx_package p = { .ref = o->refs[i],
					  .name = k->name,
					  .version = k->version,
					  .purl = k->purl,
					  .cpe = sbom_cpe(&o->a, k),
					  .supplier = sbom_supplier(k),
					  .path = package_is_os(k) ? S("") : k->path,
					  .licence = k->licence,
					  .digests = { &k->sha256, &k->sha1, &k->md5 },
					  .purpose =
						  sbom_is_program(k) ? "APPLICATION" : "LIBRARY" };
		if (package_is_os(k) && k->source_name.n)
			p.source = arena_printf(&o->a, "built package from: %.*s %.*s",
						STR(k->source_name), STR(k->source_version));
		sbom_package_facts(o, k, &p.facts);
		take(ctx, &p);
	}
}

void spdx_licence_refs(struct arena *a, struct str expression, struct strs *out)
{
	while (expression.n) {
		size_t n = 0;
		while (n < expression.n && !strchr(" ()", expression.p[n]))
			n++;
		struct str word = str_upto(expression, n);
		bool known = !str_starts(word, S("LicenseRef-"));
		for (size_t i = 0; i < out->n; i++)
			known |= str_eq(out->v[i], word);
		if (!known)
			*ARENA_PUSH(a, out->v, out->n, out->cap) = word;
		expression = str_from(expression, n + 1);
	}
}

static struct strs all_licence_refs(struct sbom_out *o)
{
	struct strs refs = { 0 };
	for (size_t i = 0; i < o->inv->n_packages; i++)
		spdx_licence_refs(&o->a, o->inv->packages[i].licence, &refs);
	return refs;
}

/* Calls `take` with the ids of both ends. */
static void each_relation(struct sbom_out *o,
			  void (*take)(void *ctx, struct str from, const char *kind, struct str to),
			  void *ctx)
{
	const struct inventory *inv = o->inv;
	struct str root = spdx_id(&o->a, spdx_root_ref(o)),
		   *ids = arena_array(&o->a, inv->n_packages, sizeof *ids);
	take(ctx, S("DOCUMENT"), "DESCRIBES", root);
	if (inv->distribution.id.n)
		take(ctx, root, "CONTAINS", spdx_id(&o->a, spdx_system_ref(o)));
	for (size_t i = 0; i < inv->n_packages; i++) {
		ids[i] = spdx_id(&o->a, o->refs[i]);
		take(ctx, root, "CONTAINS", ids[i]);
	}
	for (size_t i = 0; i < inv->n_packages; i++)
		for (size_t k = 0; k < inv->packages[i].n_needs; k++)
			take(ctx, ids[i], "DEPENDS_ON", ids[inv->packages[i].needs[k]]);
}

static const char *const algorithms[] = { "SHA256", "SHA1", "MD5" };

static struct str hex_of(const struct digest *d, char *text)
{
	struct str s = str_of(digest_text(d, text));
	str_cut(&s, ':');
	return s;
}

static struct str namespace_of(struct sbom_out *o)
{
	return arena_printf(&o->a, "urn:uuid:%s", o->uuid);
}

/* JSON */

struct json_writer {
	struct sbom_out *o;
	struct json_out *j;
};

static void put_id(struct json_writer *w, const char *key, struct str id)
{
	json_put_member(w->j, key, arena_printf(&w->o->a, "SPDXRef-%.*s", STR(id)));
}

static void put_reference(struct json_out *j, const char *category, const char *type,
			  struct str locator)
{
	if (!locator.n)
		return;
	json_begin_object(j);
	json_put_member(j, "referenceCategory", str_of(category));
	json_put_member(j, "referenceType", str_of(type));
	json_put_member(j, "referenceLocator", locator);
	json_end_object(j);
}

static void put_references(struct json_out *j, const struct spdx_package *p)
{
	if (!p->purl.n && !p->cpe.n)
		return;
	json_put_key(j, "externalRefs");
	json_begin_array(j);
	put_reference(j, "SECURITY", "cpe23Type", p->cpe);
	put_reference(j, "PACKAGE-MANAGER", "purl", p->purl);
	json_end_array(j);
}

static void put_checksums(struct json_out *j, const struct spdx_package *p)
{
	char text[DIGEST_TEXT];
	bool any = false;
	for (size_t i = 0; i < COUNT(algorithms); i++) {
		if (!p->digests[i] || p->digests[i]->alg == DIGEST_NONE)
			continue;
		if (!any) {
			json_put_key(j, "checksums");
			json_begin_array(j);
		}
		any = true;
		json_begin_object(j);
		json_put_member(j, "algorithm", str_of(algorithms[i]));
		json_put_member(j, "checksumValue", hex_of(p->digests[i], text));
		json_end_object(j);
	}
	if (any)
		json_end_array(j);
}

static struct str tool(struct sbom_out *o)
{
	return arena_printf(&o->a, "Tool: lazaret-%s", sbom_version());
}

static void put_annotations(struct json_writer *w, const struct spdx_package *p)
{
	if (!p->facts.n)
		return;
	json_put_key(w->j, "annotations");
	json_begin_array(w->j);
	json_begin_object(w->j);
	json_put_member(w->j, "annotationDate", str_of(w->o->created));
	json_put_member(w->j, "annotationType", S("OTHER"));
	json_put_member(w->j, "annotator", tool(w->o));
	json_put_member(w->j, "comment", sbom_facts_text(&w->o->a, &p->facts));
	json_end_object(w->j);
	json_end_array(w->j);
}

static void put_json_package(void *ctx, const struct spdx_package *p)
{
	struct json_writer *w = ctx;
	struct json_out *j = w->j;
	json_begin_object(j);
	json_put_member(j, "name", p->name);
	put_id(w, "SPDXID", spdx_id(&w->o->a, p->ref));
	json_put_member_opt(j, "versionInfo", p->version);
	json_put_member_opt(j, "packageFileName", p->path);
	json_put_member(j, "supplier",
			p->supplier.n
				? arena_printf(&w->o->a, "Organization: %.*s", STR(p->supplier))
				: S("NOASSERTION"));
	json_put_member(j, "downloadLocation", S("NOASSERTION"));
	json_put_key(j, "filesAnalyzed");
	json_put_bool(j, false);
	put_checksums(j, p);
	json_put_member_opt(j, "sourceInfo", p->source);
	json_put_member(j, "licenseConcluded", S("NOASSERTION"));
	json_put_member(j, "licenseDeclared", p->licence.n ? p->licence : S("NOASSERTION"));
	json_put_member(j, "copyrightText", S("NOASSERTION"));
	put_references(j, p);
	/* The schema and the tags spell this one differently. */
	json_put_member(j, "primaryPackagePurpose",
			strcmp(p->purpose, "OPERATING-SYSTEM") ? str_of(p->purpose)
							       : S("OPERATING_SYSTEM"));
	put_annotations(w, p);
	json_end_object(j);
}

static void put_json_relation(void *ctx, struct str from, const char *kind, struct str to)
{
	struct json_writer *w = ctx;
	json_begin_object(w->j);
	put_id(w, "spdxElementId", from);
	json_put_member(w->j, "relationshipType", str_of(kind));
	put_id(w, "relatedSpdxElement", to);
	json_end_object(w->j);
}

static void put_extracted(struct json_writer *w)
{
	struct strs refs = all_licence_refs(w->o);
	if (!refs.n)
		return;
	json_put_key(w->j, "hasExtractedLicensingInfos");
	json_begin_array(w->j);
	for (size_t i = 0; i < refs.n; i++) {
		json_begin_object(w->j);
		json_put_member(w->j, "licenseId", refs.v[i]);
		json_put_member(w->j, "name", str_from(refs.v[i], S("LicenseRef-").n));
		json_put_member(w->j, "extractedText",
				S("Named by the package; its text was not extracted."));
		json_end_object(w->j);
	}
	json_end_array(w->j);
}

static void put_creation(struct json_writer *w)
{
	struct json_out *j = w->j;
	json_put_key(j, "creationInfo");
	json_begin_object(j);
	json_put_member(j, "created", str_of(w->o->created));
	json_put_key(j, "creators");
	json_begin_array(j);
	json_put_str(j, tool(w->o));
	json_end_array(j);
	json_end_object(j);
}

static void put_json(struct sbom_out *o, struct buf *out)
{
	struct json_out j;
	struct json_writer w = { o, &j };
	struct str name = sbom_root_name(o->inv);
	json_out_init(&j, out, 2);
	json_begin_object(&j);
	json_put_member(&j, "spdxVersion", S("SPDX-2.3"));
	json_put_member(&j, "dataLicense", S("CC0-1.0"));
	json_put_member(&j, "SPDXID", S("SPDXRef-DOCUMENT"));
	json_put_member(&j, "name", name);
	json_put_member(&j, "documentNamespace", namespace_of(o));
	put_creation(&w);
	json_put_key(&j, "packages");
	json_begin_array(&j);
	spdx_each_package(o, put_json_package, &w);
	json_end_array(&j);
	put_extracted(&w);
	json_put_key(&j, "relationships");
	json_begin_array(&j);
	each_relation(o, put_json_relation, &w);
	json_end_array(&j);
	json_end_object(&j);
	buf_add_char(out, '\n');
}

/* Tag-value */

struct tag_writer {
	struct sbom_out *o;
	struct buf *out;
};

static void tag(struct tag_writer *w, const char *name, struct str value)
{
	if (!value.n)
		return;
	buf_addf(w->out, "%s: ", name);
	text_put_clean(w->out, value);
	buf_add_char(w->out, '\n');
}

static void tag_facts(struct tag_writer *w, struct str id, const struct sbom_facts *f)
{
	if (!f->n)
		return;
	buf_add_char(w->out, '\n');
	tag(w, "Annotator", tool(w->o));
	tag(w, "AnnotationDate", str_of(w->o->created));
	tag(w, "AnnotationType", S("OTHER"));
	tag(w, "SPDXREF", arena_printf(&w->o->a, "SPDXRef-%.*s", STR(id)));
	buf_addf(w->out, "AnnotationComment: <text>");
	buf_add_str(w->out, sbom_facts_text(&w->o->a, f));
	buf_addf(w->out, "</text>\n");
}

static void tag_package(void *ctx, const struct spdx_package *p)
{
	struct tag_writer *w = ctx;
	struct arena *a = &w->o->a;
	struct str id = spdx_id(a, p->ref);
	char text[DIGEST_TEXT];
	buf_add_char(w->out, '\n');
	tag(w, "PackageName", p->name);
	tag(w, "SPDXID", arena_printf(a, "SPDXRef-%.*s", STR(id)));
	tag(w, "PackageVersion", p->version);
	tag(w, "PackageFileName", p->path);
	tag(w, "PackageSupplier",
	    p->supplier.n ? arena_printf(a, "Organization: %.*s", STR(p->supplier))
			  : S("NOASSERTION"));
	tag(w, "PackageDownloadLocation", S("NOASSERTION"));
	tag(w, "PrimaryPackagePurpose", str_of(p->purpose));
	tag(w, "FilesAnalyzed", S("false"));
	for (size_t i = 0; i < COUNT(algorithms); i++)
		if (p->digests[i] && p->digests[i]->alg != DIGEST_NONE)
			tag(w, "PackageChecksum",
			    arena_printf(a, "%s: %.*s", algorithms[i],
					 STR(hex_of(p->digests[i], text))));
	tag(w, "PackageSourceInfo", p->source);
	tag(w, "PackageLicenseConcluded", S("NOASSERTION"));
	tag(w, "PackageLicenseDeclared", p->licence.n ? p->licence : S("NOASSERTION"));
	tag(w, "PackageCopyrightText", S("NOASSERTION"));
	if (p->cpe.n)
		tag(w, "ExternalRef", arena_printf(a, "SECURITY cpe23Type %.*s", STR(p->cpe)));
	if (p->purl.n)
		tag(w, "ExternalRef", arena_printf(a, "PACKAGE-MANAGER purl %.*s", STR(p->purl)));
	tag_facts(w, id, &p->facts);
}

static void tag_relation(void *ctx, struct str from, const char *kind, struct str to)
{
	struct tag_writer *w = ctx;
	buf_addf(w->out, "Relationship: SPDXRef-%.*s %s SPDXRef-%.*s\n", STR(from), kind, STR(to));
}

static void put_tags(struct sbom_out *o, struct buf *out)
{
	struct tag_writer w = { o, out };
	struct str name = sbom_root_name(o->inv);
	struct strs refs = all_licence_refs(o);
	tag(&w, "SPDXVersion", S("SPDX-2.3"));
	tag(&w, "DataLicense", S("CC0-1.0"));
	tag(&w, "SPDXID", S("SPDXRef-DOCUMENT"));
	tag(&w, "DocumentName", name);
	tag(&w, "DocumentNamespace", namespace_of(o));
	tag(&w, "Creator", tool(o));
	tag(&w, "Created", str_of(o->created));
	spdx_each_package(o, tag_package, &w);
	for (size_t i = 0; i < refs.n; i++) {
		buf_add_char(out, '\n');
		tag(&w, "LicenseID", refs.v[i]);
		tag(&w, "LicenseName", str_from(refs.v[i], S("LicenseRef-").n));
		tag(&w, "ExtractedText", S("Named by the package; its text was not extracted."));
	}
	buf_add_char(out, '\n');
	each_relation(o, tag_relation, &w);
}

static int write_json(const struct report *reports, size_t n, const struct format_options *o,
		      struct buf *out, struct err *e)
{
	return sbom_write(reports, n, o, put_json, out, e);
}

static int write_tags(const struct report *reports, size_t n, const struct format_options *o,
		      struct buf *out, struct err *e)
{
	return sbom_write(reports, n, o, put_tags, out, e);
}

const struct format format_spdx_json = { "spdx-json", write_json, spdx_probe, spdx_read };
const struct format format_spdx = { "spdx", write_tags, spdx_tag_value_probe, spdx_tag_value_read };
