/* updateinfo.xml as createrepo_c writes and dnf reads it: <updates><update type="security"><id/>... <references>
 * <reference type="cve" id="..."/> <pkglist><collection><module name stream/><package name epoch version release arch/>.
 * A hostile document may hold endless updates, packages and references (bounded) and lies in every field: they are
 * data, no path among them. repomd.xml names files: only paths within the repository count. Not supported: packages
 * that an update names without a release. */
#include "vuln/updateinfo.h"

#include "base/time.h"
#include "base/xml.h"
#include "vuln/deb_packages.h"

struct reader {
	struct arena a; /* of the current update */
	struct update u;
	struct str module; /* of the current collection */
	bool in_update, in_package, security;
	uint64_t n, skipped;
	int (*each)(void *ctx, const struct update *u, struct err *e);
	void *ctx;
};

bool updateinfo_date(struct str s, int64_t *out)
{
	uint64_t seconds;
	s = str_trim(s);
	if (str_find_char(s, '-') >= 0 || !str_to_u64(s, 1ULL << 40, &seconds))
		return time_parse(s, out);
	*out = (int64_t)seconds;
	return true;
}

static void begin_update(struct reader *r, const char **attributes)
{
	arena_done(&r->a);
	r->u = (struct update){ 0 };
	r->module = (struct str){ 0 };
	r->in_update = true;
	r->u.type = arena_str(&r->a, xml_attribute(attributes, "type"));
	r->security = str_eq_nocase(r->u.type, S("security"));
}

static bool looks_like_cve(struct str s)
{
	return str_starts(s, S("CVE-")) && s.n >= 13 && s.n < 40 && str_find_char(s, ' ') < 0;
}

static void add_once(struct arena *a, struct strs *to, struct str s)
{
	for (size_t i = 0; i < to->n; i++)
		if (str_eq(to->v[i], s))
			return;
	if (to->n < UPDATEINFO_REFERENCES_MAX)
		*ARENA_PUSH(a, to->v, to->n, to->cap) = arena_str(a, s);
}

static void add_reference(struct reader *r, const char **attributes)
{
	struct str id = xml_attribute(attributes, "id"), title = xml_attribute(attributes, "title");
	struct str href = xml_attribute(attributes, "href");
	if (str_eq_nocase(xml_attribute(attributes, "type"), S("cve"))) {
		if (looks_like_cve(id))
			add_once(&r->a, &r->u.cves, id);
		else if (looks_like_cve(title))
			add_once(&r->a, &r->u.cves, title);
	}
	if (str_starts(href, S("http")))
		add_once(&r->a, &r->u.references, href);
}

static void set_module(struct reader *r, const char **attributes)
{
	struct str name = xml_attribute(attributes, "name"),
		   stream = xml_attribute(attributes, "stream");
	if (name.n)
		r->module = arena_printf(&r->a, "%.*s:%.*s", STR(name), STR(stream));
}

static int add_package(struct reader *r, const char **attributes, struct err *e)
{
	struct update *u = &r->u;
	struct str name = xml_attribute(attributes, "name"),
		   arch = xml_attribute(attributes, "arch");
	struct str version = xml_attribute(attributes, "version"),
		   release = xml_attribute(attributes, "release");
	struct str epoch = xml_attribute(attributes, "epoch");
	if (str_eq(arch, S("src")) || str_eq(arch, S("nosrc")))
		return 0;
	if (name.n == 0 || version.n == 0 || release.n == 0) {
		r->skipped++;
		return 0;
	}
	if (u->n_packages >= UPDATEINFO_PACKAGES_MAX)
		return err_set(e, ERR_LIMIT, "%.*s names more than %d packages", STR(u->id),
			       UPDATEINFO_PACKAGES_MAX);
	struct update_package *p = ARENA_PUSH(&r->a, u->packages, u->n_packages, u->packages_cap);
	bool no_epoch = epoch.n == 0 || str_eq(epoch, S("0"));
	p->name = arena_str(&r->a, name);
	p->version = no_epoch ? arena_printf(&r->a, "%.*s-%.*s", STR(version), STR(release))
			      : arena_printf(&r->a, "%.*s:%.*s-%.*s", STR(epoch), STR(version),
					     STR(release));
	p->arch = str_eq(arch, S("noarch")) ? (struct str){ 0 } : arena_str(&r->a, arch);
	p->module = r->module;
	return 0;
}

static int on_start(void *ctx, unsigned depth, struct str name, const char **attributes,
		    struct err *e)
{
	struct reader *r = ctx;
	if (depth == 2 && str_eq(name, S("update"))) {
		if (r->n++ >= UPDATEINFO_UPDATES_MAX)
			return err_set(e, ERR_LIMIT, "more than %d updates",
				       UPDATEINFO_UPDATES_MAX);
		begin_update(r, attributes);
		return 0;
	}
	if (!r->in_update || !r->security)
		return 0;
	if (str_eq(name, S("issued")))
		updateinfo_date(xml_attribute(attributes, "date"), &r->u.issued);
	else if (str_eq(name, S("updated")))
		updateinfo_date(xml_attribute(attributes, "date"), &r->u.updated);
	else if (str_eq(name, S("reference")))
		add_reference(r, attributes);
	else if (str_eq(name, S("collection")))
		r->module = (struct str){ 0 };
	else if (str_eq(name, S("module")))
		set_module(r, attributes);
	else if (str_eq(name, S("package")))
		return add_package(r, attributes, e);
	return 0;
}

static int end_update(struct reader *r, struct err *e)
{
	r->in_update = false;
	if (!r->security)
		return 0;
	if (r->u.id.n == 0) {
		r->skipped++;
		return 0;
	}
	return r->each(r->ctx, &r->u, e);
}

static int on_end(void *ctx, unsigned depth, struct str name, struct str text, struct err *e)
{
	struct reader *r = ctx;
	if (!r->in_update)
		return 0;
	if (depth == 2)
		return end_update(r, e);
	if (depth != 3 || !r->security)
		return 0;
	struct str *to = str_eq(name, S("id"))		  ? &r->u.id
			 : str_eq(name, S("severity"))	  ? &r->u.severity
			 : str_eq(name, S("title"))	  ? &r->u.title
			 : str_eq(name, S("description")) ? &r->u.summary
							  : NULL;
	if (to)
		*to = arena_str(&r->a, str_trim(text));
	return 0;
}

int updateinfo_read(struct stream *in,
		    int (*each)(void *ctx, const struct update *u, struct err *e), void *ctx,
		    uint64_t *skipped, struct err *e)
{
	static const struct xml_handlers handlers = { on_start, on_end };
	struct reader r = { .each = each, .ctx = ctx };
	int code = xml_read(in, &handlers, &r, e);
	arena_done(&r.a);
	if (code == 0)
		*skipped = r.skipped;
	return code;
}

struct repomd {
	struct arena *a;
	struct str type;
	bool here, seen, bad_path, odd_digest;
	struct repomd_file file;
	struct str algorithm;
};

static int repomd_start(void *ctx, unsigned depth, struct str name, const char **attributes,
			struct err *e)
{
	struct repomd *m = ctx;
	(void)e;
	if (depth == 2)
		m->here = !m->seen && str_eq(name, S("data")) &&
			  str_eq(xml_attribute(attributes, "type"), m->type);
	if (!m->here)
		return 0;
	if (str_eq(name, S("location"))) {
		struct str href = xml_attribute(attributes, "href");
		m->bad_path = !deb_path_is_safe(href);
		m->file.href = arena_str(m->a, href);
	} else if (depth == 3 && str_eq(name, S("checksum"))) {
		m->algorithm = arena_str(m->a, xml_attribute(attributes, "type"));
	}
	return 0;
}

static int repomd_end(void *ctx, unsigned depth, struct str name, struct str text, struct err *e)
{
	struct repomd *m = ctx;
	uint64_t v;
	(void)e;
	if (!m->here)
		return 0;
	text = str_trim(text);
	if (depth == 2) {
		m->here = false;
		m->seen = true;
	} else if (depth == 3 && str_eq(name, S("checksum"))) {
		enum digest_alg alg = str_eq(m->algorithm, S("sha256"))	  ? DIGEST_SHA256
				      : str_eq(m->algorithm, S("sha512")) ? DIGEST_SHA512
									  : DIGEST_NONE;
		m->odd_digest = alg == DIGEST_NONE || !digest_from_hex(alg, text, &m->file.digest);
	} else if (depth == 3 && str_eq(name, S("size")) && str_to_u64(text, 1ULL << 50, &v)) {
		m->file.size = v;
	} else if (depth == 3 && str_eq(name, S("timestamp"))) {
		updateinfo_date(text, &m->file.timestamp);
	}
	return 0;
}

int repomd_find(struct arena *a, struct str text, struct str type, struct repomd_file *out,
		struct err *e)
{
	static const struct xml_handlers handlers = { repomd_start, repomd_end };
	struct repomd m = { .a = a, .type = type, .file.size = UINT64_MAX };
	struct stream *in CLEANUP(cleanup_stream) = stream_mem(text);
	int r = xml_read(in, &handlers, &m, e);
	if (r)
		return r;
	if (!m.seen)
		return err_set(e, ERR_NOT_FOUND, "the repository has no %.*s", STR(type));
	if (m.bad_path || m.file.href.n == 0)
		return err_set(e, ERR_INVALID, "the location of %.*s is refused", STR(type));
	if (m.odd_digest || m.file.digest.alg == DIGEST_NONE)
		return err_set(e, ERR_UNSUPPORTED, "%.*s has no sha256 or sha512 checksum",
			       STR(type));
	*out = m.file;
	return 0;
}
