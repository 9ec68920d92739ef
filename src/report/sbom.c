/* What the writers of SBOM formats share: references, facts, identity. Everything in an inventory came from an image and may
 * hold any byte; what cannot stand in text is escaped here. A document's identity is a digest of the document itself, written
 * once without it, so that the same image gives the same bytes and different ones never share a name. */
#include "report/sbom.h"

#include "analyze/purl.h"
#include "base/map.h"
#include "base/time.h"

/* References */

static struct str place_of(struct arena *a, const struct package *p)
{
	if (!p->inside.n)
		return p->path;
	return arena_printf(a, "%.*s!%.*s", STR(p->path), STR(p->inside));
}

static struct str unique_ref(struct arena *a, struct map *seen, const struct package *p)
{
	struct str ref = p->purl.n ? p->purl : p->name;
	struct str place = place_of(a, p);
	if (!str_is_utf8(place))
		place = S("");
	for (unsigned n = 1; map_get(seen, ref); n++)
		ref = n == 1 ? arena_printf(a, "%.*s|%.*s", STR(p->purl), STR(place))
			     : arena_printf(a, "%.*s|%.*s|%u", STR(p->purl), STR(place), n);
	*map_at(seen, ref) = seen;
	return ref;
}

static void make_refs(struct sbom_out *o)
{
	struct map seen;
	map_init(&seen, &o->a);
	o->refs = arena_array(&o->a, o->inv->n_packages, sizeof *o->refs);
	for (size_t i = 0; i < o->inv->n_packages; i++)
		o->refs[i] = unique_ref(&o->a, &seen, &o->inv->packages[i]);
}

/* Facts */

static bool fits_text(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
			return false;
	return str_is_utf8(s) && str_find(s, S("</text>")) < 0;
}

static struct str escaped(struct arena *a, struct str s)
{
	struct buf b = { 0 };
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c < 0x20 || c >= 0x7f || c == '%' || c == '<')
			buf_addf(&b, "%%%02X", c);
		else
			buf_add_char(&b, (char)c);
	}
	struct str out = arena_str(a, str_buf(&b));
	buf_done(&b);
	return out;
}

void sbom_add_fact(struct arena *a, struct sbom_facts *f, struct str key, struct str value)
{
	*ARENA_PUSH(a, f->v, f->n, f->cap) = (struct attr){ key, value };
}

/* Leaves out what is empty. */
static void put(struct sbom_out *o, struct sbom_facts *f, const char *key, struct str value)
{
	if (!value.n)
		return;
	bool plain = fits_text(value);
	sbom_add_fact(&o->a, f, plain ? str_of(key) : arena_printf(&o->a, "%s*", key),
		      plain ? value : escaped(&o->a, value));
}

static void put_number(struct sbom_out *o, struct sbom_facts *f, const char *key, uint64_t v)
{
	put(o, f, key, arena_printf(&o->a, "%llu", (unsigned long long)v));
}

static void put_flag(struct sbom_out *o, struct sbom_facts *f, const char *key, bool v)
{
	if (v)
		put(o, f, key, S("true"));
}

static void put_digest(struct sbom_out *o, struct sbom_facts *f, const char *key,
		       const struct digest *d)
{
	char text[DIGEST_TEXT];
	if (d->alg != DIGEST_NONE)
		put(o, f, key, arena_str(&o->a, str_of(digest_text(d, text))));
}

static void put_all(struct sbom_out *o, struct sbom_facts *f, const char *key, const struct strs *v)
{
	for (size_t i = 0; i < v->n; i++)
		put(o, f, key, v->v[i]);
}

static const char *relation_word(enum relation r)
{
	switch (r) {
	case RELATION_ROOT:
		return "root";
	case RELATION_DIRECT:
		return "direct";
	case RELATION_INDIRECT:
		return "indirect";
	default:
		return "";
	}
}

/* What the format's own fields would not give back: a purl changes names, and text cannot hold every byte. */
static void put_names(struct sbom_out *o, const struct package *p, struct sbom_facts *f)
{
	struct purl u;
	struct err e;
	bool same = purl_parse(&o->a, p->purl, &u, &e) == 0 && str_eq(u.type, p->type) &&
		    str_eq(purl_package_name(&o->a, &u), p->name) && fits_text(p->name);
	if (!same) {
		put(o, f, "name", p->name);
		put(o, f, "type", p->type);
	}
	if (!fits_text(p->version))
		put(o, f, "version", p->version);
	if (!str_eq(p->source_name, p->name))
		put(o, f, "source", p->source_name);
	if (!str_eq(p->source_version, p->version))
		put(o, f, "source-version", p->source_version);
	put(o, f, "arch", p->arch);
}

void sbom_package_facts(struct sbom_out *o, const struct package *p, struct sbom_facts *f)
{
	put_names(o, p, f);
	put(o, f, "analyzer", p->analyzer);
	put(o, f, "path", p->path);
	put(o, f, "inside", p->inside);
	if (package_files(p))
		put_number(o, f, "files", package_files(p));
	put_number(o, f, "layer", p->layer);
	if (p->layer < o->inv->n_layers) {
		put_digest(o, f, "layer-digest", &o->inv->layers[p->layer].digest);
		put_digest(o, f, "layer-diff-id", &o->inv->layers[p->layer].diff_id);
	}
	put(o, f, "relation", str_of(relation_word(p->relation)));
	put_flag(o, f, "dev", p->dev);
	put_flag(o, f, "optional", p->optional);
	put_flag(o, f, "owned", p->is_owned);
	if (p->owner >= 0)
		put(o, f, "owner", o->inv->packages[p->owner].purl);
	put_all(o, f, "licence", &p->licences);
	put_all(o, f, "depends", &p->depends);
	put_all(o, f, "provides", &p->provides);
	for (size_t i = 0; i < p->n_attrs; i++)
		if (fits_text(p->attrs[i].key) && str_find_char(p->attrs[i].key, '=') < 0)
			put(o, f, arena_printf(&o->a, "attr:%.*s", STR(p->attrs[i].key)).p,
			    p->attrs[i].value);
}

static void put_layer(struct sbom_out *o, size_t i, struct sbom_facts *f)
{
	const struct layer_info *l = &o->inv->layers[i];
#define KEY(name) arena_printf(&o->a, "layer:%zu:" name, i).p
	put_digest(o, f, KEY("digest"), &l->digest);
	put_digest(o, f, KEY("diff-id"), &l->diff_id);
	put_number(o, f, KEY("size"), l->size);
	put(o, f, KEY("media-type"), l->media_type);
	put(o, f, KEY("created-by"), l->created_by);
	put_flag(o, f, KEY("cut"), l->cut);
	put_flag(o, f, KEY("not-examined"), !l->examined);
#undef KEY
}

static void put_not_examined(struct sbom_out *o, size_t i, struct sbom_facts *f)
{
	const struct not_examined *n = &o->inv->not_examined[i];
#define KEY(name) arena_printf(&o->a, "not-examined:%zu:" name, i).p
	put(o, f, KEY("reason"), n->reason);
	put(o, f, KEY("path"), n->path);
	if (n->layer >= 0)
		put_number(o, f, KEY("layer"), (uint64_t)n->layer);
	put_flag(o, f, KEY("database"), n->database);
#undef KEY
}

static void put_image(struct sbom_out *o, struct sbom_facts *f)
{
	const struct image *im = o->inv->image;
	const struct platform *pl = &o->inv->platform;
	put(o, f, "os", pl->os);
	put(o, f, "architecture", pl->arch);
	put(o, f, "variant", pl->variant);
	if (!im)
		return;
	put_digest(o, f, "image:digest", &im->self.digest);
	put(o, f, "image:media-type", im->self.media_type);
	put_digest(o, f, "image:config", &im->config.digest);
	put(o, f, "image:created", im->cfg.created);
}

static void put_distribution(struct sbom_out *o, struct sbom_facts *f)
{
	const struct distribution *d = &o->inv->distribution;
	put(o, f, "os:id", d->id);
	put(o, f, "os:version-id", d->version_id);
	put(o, f, "os:codename", d->codename);
	put(o, f, "os:pretty-name", d->pretty_name);
	put(o, f, "os:path", d->path);
	put_flag(o, f, "os:overridden", d->overridden);
}

void sbom_document_facts(struct sbom_out *o, struct sbom_facts *f)
{
	const struct inventory *inv = o->inv;
	put(o, f, "target", sbom_root_name(inv));
	put(o, f, "reference", inv->reference);
	put_image(o, f);
	put_distribution(o, f);
	put(o, f, "base:name", inv->base.name);
	put(o, f, "base:digest", inv->base.digest);
	put(o, f, "base:evidence", inv->base.evidence);
	if (inv->base.layers)
		put_number(o, f, "base:layers", inv->base.layers);
	for (size_t i = 0; i < inv->n_layers; i++)
		put_layer(o, i, f);
	for (size_t i = 0; i < inv->n_not_examined; i++)
		put_not_examined(o, i, f);
}

struct str sbom_facts_text(struct arena *a, const struct sbom_facts *f)
{
	struct buf b = { 0 };
	for (size_t i = 0; i < f->n; i++) {
		buf_addf(&b, "%slazaret:%.*s=", i ? "\n" : "", STR(f->v[i].key));
		buf_add_str(&b, f->v[i].value);
	}
	struct str text = arena_str(a, str_buf(&b));
	buf_done(&b);
	return text;
}

/* Names */

/* Where a file or folder lies on the machine of the one who scanned it is nobody's business. */
struct str sbom_root_name(const struct inventory *inv)
{
	struct str name = inv->target;
	ssize_t at = str_rfind_char(inv->reference, '@');
	if (at > 0)
		return str_upto(inv->reference, (size_t)at);
	while (name.n > 1 && name.p[name.n - 1] == '/')
		name.n--;
	name = str_from(name, (size_t)(str_rfind_char(name, '/') + 1));
	return name.n ? name : S("unnamed");
}

struct str sbom_root_purl(struct sbom_out *o)
{
	const struct image *im = o->inv->image;
	struct str repository = sbom_root_name(o->inv);
	ssize_t slash = str_rfind_char(repository, '/');
	char text[DIGEST_TEXT];
	if (!im || im->self.digest.alg == DIGEST_NONE || slash <= 0 ||
	    str_find_char(o->inv->reference, '@') < 0)
		return (struct str){ 0 };
	struct purl p = { .type = S("oci"),
			  .name = str_from(repository, (size_t)slash + 1),
			  .version = str_of(digest_text(&im->self.digest, text)) };
	purl_set_qualifier(&p, "arch", o->inv->platform.arch);
	purl_set_qualifier(&p, "repository_url", repository);
	return p.name.n ? purl_text(&o->a, &p) : (struct str){ 0 };
}

/* A formatted string of CPE 2.3: everything but letters, digits and "_-." is quoted; "-" alone would mean "none". */
static void put_cpe(struct buf *b, struct str s)
{
	buf_add_char(b, ':');
	if (!s.n)
		buf_add_char(b, '*');
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (c >= 'A' && c <= 'Z')
			c = (char)(c | 0x20);
		bool plain =
			(c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c && strchr("_-.", c));
		if ((unsigned char)c <= ' ' || (unsigned char)c >= 0x7f) {
			buf_add_char(b, '_');
			continue;
		}
		if (!plain || (s.n == 1 && c == '-'))
			buf_add_char(b, '\\');
		buf_add_char(b, c);
	}
}

/* The vendor is anybody's guess; the usual one is who publishes under that name: a scope, a group's last part, an account. */
static struct str guess_vendor(struct str type, struct str ns, struct str name)
{
	while (str_starts(ns, S("@")))
		ns = str_from(ns, 1);
	ssize_t at = str_rfind_char(ns, str_eq(type, S("maven")) ? '.' : '/');
	ns = str_from(ns, (size_t)(at + 1));
	return ns.n ? ns : name;
}

struct str sbom_cpe(struct arena *a, const struct package *p)
{
	struct str known = record_attr(p->attrs, p->n_attrs, S("cpe"));
	struct purl u = { .type = p->type };
	struct buf b = { 0 };
	if (known.n || !p->name.n)
		return known;
	struct str name = package_is_os(p) && p->source_name.n ? p->source_name : p->name;
	purl_set_package_name(a, &u, name);
	buf_addf(&b, "cpe:2.3:a");
	put_cpe(&b, guess_vendor(p->type, u.ns, u.name));
	put_cpe(&b, u.name);
	put_cpe(&b, p->version);
	buf_addf(&b, ":*:*:*:*:*:*:*");
	struct str cpe = arena_str(a, str_buf(&b));
	buf_done(&b);
	return cpe;
}

struct str sbom_supplier(const struct package *p)
{
	struct str s = record_attr(p->attrs, p->n_attrs, S("vendor"));
	return s.n ? s : record_attr(p->attrs, p->n_attrs, S("maintainer"));
}

bool sbom_is_program(const struct package *p)
{
	return str_eq(p->type, S("generic")) || str_eq(p->type, S("bitnami"));
}

const char *sbom_version(void)
{
	return LAZARET_VERSION;
}

/* Identity */

/* A UUID of version 8: bits of our own choice. */
static void uuid_of(struct str text, char out[UUID_TEXT])
{
	static const char digits[] = "0123456789abcdef";
	struct digest d;
	size_t n = 0;
	digest_of(DIGEST_SHA256, text, &d);
	d.bytes[6] = (unsigned char)((d.bytes[6] & 0x0f) | 0x80);
	d.bytes[8] = (unsigned char)((d.bytes[8] & 0x3f) | 0x80);
	for (unsigned i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			out[n++] = '-';
		out[n++] = digits[d.bytes[i] >> 4];
		out[n++] = digits[d.bytes[i] & 15];
	}
	out[n] = '\0';
}

int sbom_write(const struct report *reports, size_t n, const struct format_options *options,
	       void (*put_document)(struct sbom_out *o, struct buf *out), struct buf *out,
	       struct err *e)
{
	struct sbom_out o = { .report = reports,
			      .show_suppressed = options && options->show_suppressed };
	struct buf draft = { 0 };
	if (n != 1)
		return err_set(
			e, ERR_UNSUPPORTED,
			"an SBOM describes one image, and there are %zu: name one platform "
			"with --platform OS/ARCH, and write one SBOM for each target (lazaret "
			"sbom TARGET -o FILE)",
			n);
	o.inv = reports->inventory;
	uuid_of(S(""), o.uuid);
	time_text(reports->created, o.created);
	make_refs(&o);
	put_document(&o, &draft);
	uuid_of(str_buf(&draft), o.uuid);
	buf_done(&draft);
	put_document(&o, out);
	arena_done(&o.a);
	return 0;
}
