/* Advisories as bytes: numbers in base 128 (low end first, signed ones folded as zigzag), strings behind their length,
 * arrays behind their count. Our own format, no specification but this file; ADVISORY_FORMAT is its version.
 *
 * What hostile bytes may try: counts far beyond what is there (a count is bounded by a named limit and by the bytes that
 * are left, since every element takes one at least), lengths behind the end, numbers that overflow, enumerators that do
 * not exist, bytes behind the record. All of it is ERR_INVALID or ERR_LIMIT. */
#include "vuln/advisory_code.h"

/* Position is the number on disk: append only. */
static const char *const schemes[] = {
	NULL,	    "deb",   "rpm",   "apk",	"semver",  "pep440", "maven",	"gem",
	"composer", "nuget", "go",    "npm",	"hex",	   "pub",    "cran",	"hackage",
	"conan",    "swift", "julia", "pacman", "generic", "golang", "bitnami",
};

enum { BY_BINARY = 1, NOT_AFFECTED = 2, HAS_PLACE = 4, HAS_VERSIONS = 8, HAS_SEVERITY = 16 };
enum { INTRODUCED = 1, FIXED = 2, LAST_AFFECTED = 4, LIMIT = 8 };

struct code code_of(struct str bytes)
{
	return (struct code){ bytes.p, bytes.n ? bytes.p + bytes.n : bytes.p, false };
}

void code_put_number(struct buf *b, uint64_t v)
{
	char bytes[10];
	size_t n = 0;
	do {
		bytes[n++] = (char)((v & 0x7f) | (v > 0x7f ? 0x80 : 0));
		v >>= 7;
	} while (v);
	buf_add(b, bytes, n);
}

static void put_signed(struct buf *b, int64_t v)
{
	code_put_number(b, ((uint64_t)v << 1) ^ (v < 0 ? UINT64_MAX : 0));
}

void code_put_str(struct buf *b, struct str s)
{
	code_put_number(b, s.n);
	buf_add_str(b, s);
}

static void put_strs(struct buf *b, const struct strs *v, size_t max)
{
	size_t n = MIN(v->n, max);
	code_put_number(b, n);
	for (size_t i = 0; i < n; i++)
		code_put_str(b, v->v[i]);
}

uint64_t code_number(struct code *c, uint64_t max)
{
	uint64_t v = 0;
	for (unsigned shift = 0; !c->bad && c->p < c->end; shift += 7) {
		uint64_t seven = (unsigned char)*c->p & 0x7f;
		if (shift > 63 || (shift == 63 && seven > 1))
			break;
		v |= seven << shift;
		if (!((unsigned char)*c->p++ & 0x80)) {
			if (v > max)
				break;
			return v;
		}
	}
	c->bad = true;
	return 0;
}

static int64_t get_signed(struct code *c)
{
	uint64_t v = code_number(c, UINT64_MAX);
	return (int64_t)((v >> 1) ^ (v & 1 ? UINT64_MAX : 0));
}

struct str code_str(struct code *c)
{
	uint64_t n = code_number(c, ADVISORY_BYTES);
	if (c->bad || n > (uint64_t)(c->end - c->p)) {
		c->bad = true;
		return S("");
	}
	struct str s = { c->p, (size_t)n };
	c->p += n;
	return s;
}

/* A count of elements that take `least` bytes each at least. */
static size_t get_count(struct code *c, size_t max, size_t least)
{
	uint64_t n = code_number(c, max);
	if (!c->bad && n * least > (uint64_t)(c->end - c->p))
		c->bad = true;
	return c->bad ? 0 : (size_t)n;
}

static void get_strs(struct code *c, struct arena *a, size_t max, struct strs *out)
{
	size_t n = get_count(c, max, 1);
	*out = (struct strs){ 0 };
	if (n == 0)
		return;
	out->v = arena_array(a, n, sizeof *out->v);
	out->n = out->cap = n;
	for (size_t i = 0; i < n; i++)
		out->v[i] = code_str(c);
}

static int finish(const struct code *c, const char *what, struct err *e)
{
	if (c->bad)
		return err_set(e, ERR_INVALID, "%s is damaged", what);
	if (c->p != c->end)
		return err_set(e, ERR_INVALID, "%s has bytes behind its end", what);
	return 0;
}

static void put_body(const struct advisory *adv, struct buf *b)
{
	size_t n_cvss = MIN(adv->n_cvss, (size_t)ADVISORY_CVSS);
	code_put_str(b, adv->id);
	code_put_str(b, adv->feed);
	put_strs(b, &adv->aliases, ADVISORY_STRINGS);
	put_strs(b, &adv->related, ADVISORY_STRINGS);
	code_put_str(b, str_upto(adv->summary, ADVISORY_SUMMARY));
	put_signed(b, adv->published);
	put_signed(b, adv->modified);
	put_signed(b, adv->withdrawn);
	code_put_number(b, adv->severity);
	code_put_number(b, n_cvss);
	for (size_t i = 0; i < n_cvss; i++) {
		code_put_str(b, adv->cvss[i].vector);
		code_put_str(b, adv->cvss[i].source);
	}
	put_strs(b, &adv->references, ADVISORY_REFERENCES);
}

static void get_body(struct code *c, struct arena *a, struct advisory *out)
{
	out->id = code_str(c);
	out->feed = code_str(c);
	get_strs(c, a, ADVISORY_STRINGS, &out->aliases);
	get_strs(c, a, ADVISORY_STRINGS, &out->related);
	out->summary = code_str(c);
	out->published = get_signed(c);
	out->modified = get_signed(c);
	out->withdrawn = get_signed(c);
	out->severity = (enum severity)code_number(c, SEVERITY_CRITICAL);
	out->n_cvss = out->cvss_cap = get_count(c, ADVISORY_CVSS, 2);
	if (out->n_cvss)
		out->cvss = arena_array(a, out->n_cvss, sizeof *out->cvss);
	for (size_t i = 0; i < out->n_cvss; i++) {
		out->cvss[i].vector = code_str(c);
		out->cvss[i].source = code_str(c);
		out->cvss[i].score = -1;
	}
	get_strs(c, a, ADVISORY_REFERENCES, &out->references);
	if (out->summary.n > ADVISORY_SUMMARY || out->id.n == 0)
		c->bad = true;
}

void advisory_encode_body(const struct advisory *adv, struct buf *out)
{
	put_body(adv, out);
}

int advisory_decode_body(struct arena *a, struct str bytes, struct advisory *out, struct err *e)
{
	struct code c = code_of(bytes);
	struct advisory adv = { 0 };
	get_body(&c, a, &adv);
	int r = finish(&c, "an advisory", e);
	if (r == 0)
		*out = adv;
	return r;
}

static int scheme_number(const char *name, size_t *out, struct err *e)
{
	*out = 0;
	for (size_t i = 1; name && i < COUNT(schemes); i++) {
		if (str_eq(str_of(name), str_of(schemes[i]))) {
			*out = i;
			return 0;
		}
	}
	return name ? err_set(e, ERR_UNSUPPORTED, "the version scheme %s has no number", name) : 0;
}

static void put_range(struct buf *b, const struct range *r)
{
	bool from = r->introduced.n && !str_eq(r->introduced, S("0"));
	code_put_number(b, (from ? INTRODUCED : 0u) | (r->fixed.n ? FIXED : 0u) |
				   (r->last_affected.n ? LAST_AFFECTED : 0u) |
				   (r->limit.n ? LIMIT : 0u));
	if (from)
		code_put_str(b, r->introduced);
	if (r->fixed.n)
		code_put_str(b, r->fixed);
	if (r->last_affected.n)
		code_put_str(b, r->last_affected);
	if (r->limit.n)
		code_put_str(b, r->limit);
}

static void get_range(struct code *c, struct range *r)
{
	uint64_t has = code_number(c, 15);
	if (has & INTRODUCED)
		r->introduced = code_str(c);
	if (has & FIXED)
		r->fixed = code_str(c);
	if (has & LAST_AFFECTED)
		r->last_affected = code_str(c);
	if (has & LIMIT)
		r->limit = code_str(c);
}

int affected_encode(const struct affected *f, struct buf *b, struct err *e)
{
	size_t scheme, n_ranges = MIN(f->n_ranges, (size_t)ADVISORY_VERSIONS);
	bool place = f->arch.n || f->module.n, severity = f->severity || f->severity_text.n;
	int r = scheme_number(f->scheme, &scheme, e);
	if (r)
		return r;
	code_put_number(b, (f->by_binary ? BY_BINARY : 0u) | (f->not_affected ? NOT_AFFECTED : 0u) |
				   (place ? HAS_PLACE : 0u) | (f->versions.n ? HAS_VERSIONS : 0u) |
				   (severity ? HAS_SEVERITY : 0u));
	code_put_number(b, scheme);
	code_put_number(b, f->status);
	if (place) {
		code_put_str(b, f->arch);
		code_put_str(b, f->module);
	}
	if (severity) {
		code_put_number(b, f->severity);
		code_put_str(b, f->severity_text);
	}
	code_put_number(b, n_ranges);
	for (size_t i = 0; i < n_ranges; i++)
		put_range(b, &f->ranges[i]);
	if (f->versions.n)
		put_strs(b, &f->versions, ADVISORY_VERSIONS);
	return 0;
}

static void get_affected(struct code *c, struct arena *a, struct affected *f)
{
	uint64_t has = code_number(c, 31);
	f->by_binary = has & BY_BINARY;
	f->not_affected = has & NOT_AFFECTED;
	f->scheme = schemes[code_number(c, COUNT(schemes) - 1)];
	f->status = (enum status)code_number(c, STATUS_END_OF_LIFE);
	if (has & HAS_PLACE) {
		f->arch = code_str(c);
		f->module = code_str(c);
	}
	if (has & HAS_SEVERITY) {
		f->severity = (enum severity)code_number(c, SEVERITY_CRITICAL);
		f->severity_text = code_str(c);
	}
	f->n_ranges = f->ranges_cap = get_count(c, ADVISORY_VERSIONS, 1);
	if (f->n_ranges)
		f->ranges = arena_array(a, f->n_ranges, sizeof *f->ranges);
	for (size_t i = 0; i < f->n_ranges; i++)
		get_range(c, &f->ranges[i]);
	if (has & HAS_VERSIONS)
		get_strs(c, a, ADVISORY_VERSIONS, &f->versions);
}

int affected_decode(struct arena *a, struct str bytes, struct affected *out, struct err *e)
{
	struct code c = code_of(bytes);
	struct affected f = { 0 };
	get_affected(&c, a, &f);
	int r = finish(&c, "an affected package", e);
	if (r == 0)
		*out = f;
	return r;
}

int advisory_encode(const struct advisory *adv, struct buf *out, struct err *e)
{
	if (adv->n_affected > ADVISORY_AFFECTED)
		return err_set(e, ERR_LIMIT, "%.*s affects more than %d packages", STR(adv->id),
			       ADVISORY_AFFECTED);
	put_body(adv, out);
	code_put_number(out, adv->n_affected);
	for (size_t i = 0; i < adv->n_affected; i++) {
		code_put_str(out, adv->affected[i].ns);
		code_put_str(out, adv->affected[i].package);
		int r = affected_encode(&adv->affected[i], out, e);
		if (r)
			return r;
	}
	return 0;
}

int advisory_decode(struct arena *a, struct str bytes, struct advisory *out, struct err *e)
{
	enum { LEAST = 6 }; /* bytes of an affected package */
	struct code c = code_of(bytes);
	struct advisory adv = { 0 };
	get_body(&c, a, &adv);
	adv.n_affected = adv.affected_cap = get_count(&c, ADVISORY_AFFECTED, LEAST);
	if (adv.n_affected)
		adv.affected = arena_array(a, adv.n_affected, sizeof *adv.affected);
	for (size_t i = 0; i < adv.n_affected && !c.bad; i++) {
		struct affected *f = &adv.affected[i];
		f->ns = code_str(&c);
		f->package = code_str(&c);
		get_affected(&c, a, f);
	}
	int r = finish(&c, "an advisory", e);
	if (r == 0)
		*out = adv;
	return r;
}

void kev_encode(const struct kev *k, struct buf *out)
{
	code_put_str(out, k->id);
	code_put_str(out, k->added);
	code_put_str(out, k->due);
	code_put_number(out, k->ransomware);
}

int kev_decode(struct str bytes, struct kev *out, struct err *e)
{
	struct code c = code_of(bytes);
	struct kev k = { 0 };
	k.id = code_str(&c);
	k.added = code_str(&c);
	k.due = code_str(&c);
	k.ransomware = code_number(&c, 1);
	int r = finish(&c, "a KEV entry", e);
	if (r == 0)
		*out = k;
	return r;
}

/* Probabilities have five decimals as published. */
enum { EPSS_SCALE = 1000000 };

static uint64_t to_parts(float f)
{
	double v = (double)f;
	return v > 0 ? v < 1 ? (uint64_t)(v * EPSS_SCALE + 0.5) : EPSS_SCALE : 0;
}

void epss_encode(const struct epss *p, struct buf *out)
{
	code_put_str(out, p->id);
	code_put_number(out, to_parts(p->score));
	code_put_number(out, to_parts(p->percentile));
}

int epss_decode(struct str bytes, struct epss *out, struct err *e)
{
	struct code c = code_of(bytes);
	struct epss p = { 0 };
	p.id = code_str(&c);
	p.score = (float)((double)code_number(&c, EPSS_SCALE) / EPSS_SCALE);
	p.percentile = (float)((double)code_number(&c, EPSS_SCALE) / EPSS_SCALE);
	int r = finish(&c, "an EPSS entry", e);
	if (r == 0)
		*out = p;
	return r;
}

void feed_info_encode(const struct feed_info *i, struct buf *out)
{
	code_put_str(out, i->feed);
	code_put_str(out, i->name);
	code_put_str(out, i->origin);
	code_put_str(out, i->etag);
	code_put_str(out, i->last_modified);
	put_signed(out, i->newest);
	code_put_number(out, i->records);
	code_put_number(out, i->skipped);
	code_put_number(out, i->digest.alg);
	code_put_str(out, (struct str){ (const char *)i->digest.bytes, i->digest.len });
	code_put_number(out, i->repository);
}

int feed_info_decode(struct str bytes, struct feed_info *out, struct err *e)
{
	struct code c = code_of(bytes);
	struct feed_info i = { 0 };
	i.feed = code_str(&c);
	i.name = code_str(&c);
	i.origin = code_str(&c);
	i.etag = code_str(&c);
	i.last_modified = code_str(&c);
	i.newest = get_signed(&c);
	i.records = code_number(&c, UINT64_MAX);
	i.skipped = code_number(&c, UINT64_MAX);
	i.digest.alg = (unsigned char)code_number(&c, DIGEST_SHA1);
	struct str sum = code_str(&c);
	i.repository = code_number(&c, 1);
	if (sum.n > sizeof i.digest.bytes)
		c.bad = true;
	int r = finish(&c, "a feed's description", e);
	if (r)
		return r;
	i.digest.len = (unsigned char)sum.n;
	if (sum.n)
		memcpy(i.digest.bytes, sum.p, sum.n);
	*out = i;
	return 0;
}
