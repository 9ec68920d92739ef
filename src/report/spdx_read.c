/* SPDX 2.2 and 2.3, as JSON and as tag-value: reading. A package that is an operating system (by its purpose, or as Trivy
 * calls it) is the distribution; one without a package URL that Trivy calls an application is the file that its packages
 * were found in. Files count as places of packages. Tag-value: a tag at the beginning of a line, its value behind ": ",
 * over lines between <text> and </text>; unknown tags are passed over. */
#include "base/json.h"
#include "report/spdx.h"

bool spdx_probe(const struct sbom_head *h)
{
	return str_starts(h->spdx_version, S("SPDX-2."));
}

bool spdx_tag_value_probe(const struct sbom_head *h)
{
	return h->tag_value;
}

static int check_version(struct str v, struct err *e)
{
	if (str_eq(v, S("SPDX-2.2")) || str_eq(v, S("SPDX-2.3")))
		return 0;
	return err_set(e, ERR_UNSUPPORTED, "%.*s is not among those read, SPDX-2.2 and SPDX-2.3",
		       STR(str_upto(v, 20)));
}

/* Shared by both spellings */

static bool is_said(struct str v)
{
	return v.n && !str_eq(v, S("NOASSERTION")) && !str_eq(v, S("NONE"));
}

static void set_purpose(struct sbom_item *it, struct str purpose)
{
	if (str_eq(purpose, S("OPERATING-SYSTEM")) || str_eq(purpose, S("OPERATING_SYSTEM")))
		it->kind = SBOM_SYSTEM;
	else if (str_eq(purpose, S("CONTAINER")) && !it->purl.n)
		it->kind = SBOM_ROOT;
}

static void set_reference(struct sbom *s, struct sbom_item *it, struct str type, struct str locator)
{
	if (str_eq(type, S("purl")) && !it->purl.n)
		it->purl = sbom_keep(s, locator);
	if (str_eq(type, S("cpe23Type")) && !it->cpe.n)
		it->cpe = sbom_keep(s, locator);
}

/* "built package from: NAME VERSION"; of Trivy's applications the file. */
static void set_source(struct sbom *s, struct sbom_item *it, struct str text)
{
	struct str mark = S("built package from: ");
	ssize_t at = str_find(text, mark);
	if (at < 0) {
		if (it->kind == SBOM_FILE && str_find_char(text, '/') >= 0)
			it->name = sbom_keep(s, text);
		return;
	}
	struct str version = str_trim(str_from(text, (size_t)at + mark.n));
	struct str name = str_cut(&version, ' ');
	if (name.n && !sbom_fact(&it->facts, "source").n)
		sbom_property(s, it, S("lazaret:source"), name);
	if (version.n && !sbom_fact(&it->facts, "source-version").n)
		sbom_property(s, it, S("lazaret:source-version"), version);
}

/* What the identifier tells where nothing else does. */
static void set_kind(struct sbom_item *it)
{
	static const struct {
		const char *begins;
		enum sbom_kind kind;
	} known[] = {
		{ "SPDXRef-OperatingSystem", SBOM_SYSTEM }, { "SPDXRef-Application-", SBOM_FILE },
		{ "SPDXRef-ContainerImage", SBOM_ROOT },    { "SPDXRef-Filesystem", SBOM_ROOT },
		{ "SPDXRef-Repository", SBOM_ROOT },	    { "SPDXRef-DocumentRoot", SBOM_ROOT },
	};
	for (size_t i = 0; it->kind == SBOM_PACKAGE && !it->purl.n && i < COUNT(known); i++)
		if (str_starts(it->id, str_of(known[i].begins)))
			it->kind = known[i].kind;
}

static int add_relation(struct sbom *s, struct str from, struct str kind, struct str to,
			struct err *e)
{
	static const struct {
		const char *name;
		enum sbom_relation_kind kind;
		bool reverse;
	} known[] = {
		{ "DEPENDS_ON", SBOM_NEEDS, false },
		{ "CONTAINS", SBOM_CONTAINS, false },
		{ "DESCRIBES", SBOM_DESCRIBES, false },
		{ "DEPENDENCY_OF", SBOM_NEEDS, true },
		{ "DEV_DEPENDENCY_OF", SBOM_NEEDS, true },
		{ "RUNTIME_DEPENDENCY_OF", SBOM_NEEDS, true },
		{ "OPTIONAL_DEPENDENCY_OF", SBOM_NEEDS, true },
		{ "CONTAINED_BY", SBOM_CONTAINS, true },
		{ "DESCRIBED_BY", SBOM_DESCRIBES, true },
	};
	for (size_t i = 0; i < COUNT(known); i++)
		if (str_eq(kind, str_of(known[i].name)))
			return sbom_add_relation(s, known[i].kind, known[i].reverse ? to : from,
						 known[i].reverse ? from : to, e);
	return 0;
}

/* JSON */

static int take_version(struct sbom *s, const struct json *value, struct err *e)
{
	(void)s;
	return check_version(json_str(value), e);
}

static int take_files(struct sbom *s, const struct json *p, const struct sbom_item *it,
		      struct err *e)
{
	int r = 0;
	JSON_EACH(id, json_get(p, "hasFiles"))
	{
		if (r == 0)
			r = sbom_add_relation(s, SBOM_CONTAINS, it->id, json_str(id), e);
	}
	return r;
}

static void take_texts(struct sbom *s, const struct json *p, struct sbom_item *it)
{
	JSON_EACH(a, json_get(p, "annotations"))
	{
		sbom_annotation(s, it, json_get_str(a, "comment"));
	}
	JSON_EACH(t, json_get(p, "attributionTexts"))
	{
		sbom_annotation(s, it, json_str(t));
	}
	/* Some put files right inside. */
	struct str file = json_get_str(json_first(json_get(p, "files")), "fileName");
	if (!sbom_fact(&it->facts, "path").n && file.n)
		sbom_property(s, it, S("lazaret:path"), file);
}

static int take_package(struct sbom *s, const struct json *p, struct err *e)
{
	struct sbom_item *it;
	int r = sbom_add_item(s, SBOM_PACKAGE, &it, e);
	if (r)
		return r;
	it->id = sbom_keep(s, json_get_str(p, "SPDXID"));
	it->name = sbom_keep(s, json_get_str(p, "name"));
	it->version = sbom_keep(s, json_get_str(p, "versionInfo"));
	JSON_EACH(ref, json_get(p, "externalRefs"))
	{
		set_reference(s, it, json_get_str(ref, "referenceType"),
			      json_get_str(ref, "referenceLocator"));
	}
	struct str declared = json_get_str(p, "licenseDeclared"),
		   concluded = json_get_str(p, "licenseConcluded");
	if (is_said(declared) || is_said(concluded))
		it->licence = sbom_keep(s, is_said(declared) ? declared : concluded);
	JSON_EACH(c, json_get(p, "checksums"))
	{
		sbom_hash(it, json_get_str(c, "algorithm"), json_get_str(c, "checksumValue"));
	}
	set_purpose(it, json_get_str(p, "primaryPackagePurpose"));
	set_kind(it);
	take_texts(s, p, it);
	set_source(s, it, json_get_str(p, "sourceInfo"));
	return take_files(s, p, it, e);
}

static int take_file(struct sbom *s, const struct json *f, struct err *e)
{
	struct sbom_item *it;
	int r = sbom_add_item(s, SBOM_FILE, &it, e);
	if (r)
		return r;
	it->id = sbom_keep(s, json_get_str(f, "SPDXID"));
	it->name = sbom_keep(s, json_get_str(f, "fileName"));
	return 0;
}

static int take_relation(struct sbom *s, const struct json *r, struct err *e)
{
	return add_relation(s, json_get_str(r, "spdxElementId"),
			    json_get_str(r, "relationshipType"),
			    json_get_str(r, "relatedSpdxElement"), e);
}

static int take_described(struct sbom *s, const struct json *id, struct err *e)
{
	return sbom_add_relation(s, SBOM_DESCRIBES, S("SPDXRef-DOCUMENT"), json_str(id), e);
}

int spdx_read(struct sbom *s, struct str text, struct err *e)
{
	static const struct sbom_part parts[] = {
		{ "spdxVersion", false, take_version },
		{ "packages", true, take_package },
		{ "files", true, take_file },
		{ "relationships", true, take_relation },
		{ "documentDescribes", true, take_described },
		{ 0 },
	};
	return sbom_read_json(s, text, parts, e);
}

/* Tag-value */

struct tags {
	struct sbom *s;
	struct sbom_item *now; /* the package or file that tags belong to; NULL: the document */
	struct str annotation, subject;
};

static struct sbom_item *item_called(const struct sbom *s, struct str id)
{
	for (size_t i = s->n_items; i > 0; i--)
		if (str_eq(s->items[i - 1]->id, id))
			return s->items[i - 1];
	return NULL;
}

static void package_tag(struct tags *t, struct sbom_item *it, struct str tag, struct str value)
{
	struct str rest = value;
	if (str_eq(tag, S("SPDXID"))) {
		it->id = sbom_keep(t->s, value);
	} else if (str_eq(tag, S("PackageVersion"))) {
		it->version = sbom_keep(t->s, value);
	} else if (str_eq(tag, S("PackageLicenseDeclared")) ||
		   (str_eq(tag, S("PackageLicenseConcluded")) && !it->licence.n)) {
		if (is_said(value))
			it->licence = sbom_keep(t->s, value);
	} else if (str_eq(tag, S("PackageChecksum"))) {
		struct str alg = str_cut(&rest, ':');
		sbom_hash(it, alg, str_trim(rest));
	} else if (str_eq(tag, S("PrimaryPackagePurpose"))) {
		set_purpose(it, value);
	} else if (str_eq(tag, S("PackageAttributionText"))) {
		sbom_annotation(t->s, it, value);
	} else if (str_eq(tag, S("PackageSourceInfo"))) {
		set_kind(it);
		set_source(t->s, it, value);
	} else if (str_eq(tag, S("ExternalRef"))) {
		str_cut(&rest, ' ');
		struct str type = str_cut(&rest, ' ');
		set_reference(t->s, it, type, str_trim(rest));
	}
}

static int take_tag(struct tags *t, struct str tag, struct str value, struct err *e)
{
	struct str rest = value;
	if (str_eq(tag, S("SPDXVersion")))
		return check_version(value, e);
	if (str_eq(tag, S("PackageName")) || str_eq(tag, S("FileName"))) {
		int r = sbom_add_item(t->s, str_eq(tag, S("FileName")) ? SBOM_FILE : SBOM_PACKAGE,
				      &t->now, e);
		if (r == 0)
			t->now->name = sbom_keep(t->s, value);
		return r;
	}
	if (str_eq(tag, S("Relationship"))) {
		struct str from = str_cut(&rest, ' '), kind = str_cut(&rest, ' ');
		return add_relation(t->s, from, kind, str_trim(rest), e);
	}
	if (str_eq(tag, S("SPDXREF"))) {
		t->subject = value;
	} else if (str_eq(tag, S("AnnotationComment"))) {
		struct sbom_item *it = t->now && str_eq(t->now->id, t->subject)
					       ? t->now
					       : item_called(t->s, t->subject);
		if (it)
			sbom_annotation(t->s, it, value);
	} else if (str_eq(tag, S("LicenseID")) || str_eq(tag, S("SnippetSPDXID"))) {
		t->now = NULL;
	} else if (t->now) {
		package_tag(t, t->now, tag, value);
	}
	return 0;
}

/* The value over lines; *text stands behind it afterwards. */
static int long_value(struct str *text, struct str first, struct str *out, struct err *e)
{
	struct str all = { first.p, (size_t)(text->p + text->n - first.p) };
	ssize_t end = str_find(all, S("</text>"));
	if (end < 0)
		return err_set(e, ERR_INVALID, "<text> without </text>");
	*out = str_upto(all, (size_t)end);
	*text = str_from(all, (size_t)end + S("</text>").n);
	return 0;
}

int spdx_tag_value_read(struct sbom *s, struct str text, struct err *e)
{
	struct tags t = { .s = s };
	struct str line;
	if (str_find_char(text, '\0') >= 0)
		return err_set(e, ERR_INVALID, "a NUL character in the text");
	while (str_line(&text, &line)) {
		struct str value = line, tag = str_cut(&value, ':');
		if (line.n == 0 || line.p[0] == '#' || tag.n == line.n)
			continue;
		value = str_trim(value);
		int r = 0;
		if (str_starts(value, S("<text>")))
			r = long_value(&text, str_from(value, S("<text>").n), &value, e);
		if (r == 0)
			r = take_tag(&t, str_trim(tag), value, e);
		if (r)
			return r;
	}
	for (size_t i = 0; i < s->n_items; i++)
		set_kind(s->items[i]);
	return 0;
}
