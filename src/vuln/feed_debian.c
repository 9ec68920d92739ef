/* Debian's security tracker: {source: {CVE: {description, scope, releases: {codename: {status, fixed_version, urgency,
 * nodsa, nodsa_reason}}}}}, some 70 MB in one object; read CVE by CVE. fixed_version "0" says that the release is not
 * affected. Releases that are not known here are left out and said once. A hostile document may be of any shape: wrong types
 * read as absent. */
#include "vuln/feed.h"

#include "analyze/distro.h"
#include "base/json.h"
#include "base/map.h"

enum { TEXT_MAX = 512, RELEASES_MAX = 64, CODENAMES_MAX = 1000 };

struct debian {
	const struct feed_sink *sink;
	struct arena arena, record; /* the document; one CVE */
	struct map codenames; /* -> struct str, empty for one that is not known */
	struct buf source;
};

static struct str namespace_of(struct debian *d, struct str codename)
{
	const struct str *known = map_get(&d->codenames, codename);
	if (known)
		return *known;
	if (d->codenames.n >= CODENAMES_MAX)
		return S("");
	struct str *ns = ARENA_NEW(&d->arena, struct str);
	struct str name = arena_str(&d->arena, codename);
	*ns = distro_of_codename(&d->arena, S("debian"), name);
	*map_at(&d->codenames, name) = ns;
	if (ns->n == 0)
		d->sink->skipped(d->sink->ctx, name, "a release of Debian that is not known");
	return *ns;
}

/* "low", "low**" (the asterisks said that it was guessed), "unimportant", "end-of-life", "not yet assigned" */
static void read_urgency(struct debian *d, struct str urgency, struct affected *f)
{
	if (urgency.n == 0 || urgency.n > TEXT_MAX || str_eq(urgency, S("not yet assigned")))
		return;
	struct str word = urgency;
	while (word.n && word.p[word.n - 1] == '*')
		word.n--;
	severity_parse(word, &f->severity);
	f->severity_text = arena_str(&d->record, urgency);
	if (str_eq(word, S("end-of-life")))
		f->status = STATUS_END_OF_LIFE;
}

static enum status open_status(const struct json *release)
{
	struct str reason = json_get_str(release, "nodsa_reason");
	if (str_eq(json_get_str(release, "status"), S("undetermined")))
		return STATUS_UNDER_INVESTIGATION;
	if (str_eq(reason, S("ignored")))
		return STATUS_WILL_NOT_FIX;
	return str_eq(reason, S("postponed")) ? STATUS_FIX_DEFERRED : STATUS_AFFECTED;
}

static void read_release(struct debian *d, struct advisory *adv, const struct json *release)
{
	struct str codename = json_key(release), fixed = json_get_str(release, "fixed_version");
	struct str ns = codename.n && codename.n <= TEXT_MAX ? namespace_of(d, codename) : S("");
	if (ns.n == 0 || adv->n_affected >= RELEASES_MAX)
		return;
	struct affected *f =
		ARENA_PUSH(&d->record, adv->affected, adv->n_affected, adv->affected_cap);
	f->ns = ns;
	f->package = arena_str(&d->record, str_buf(&d->source));
	f->scheme = "deb";
	f->status = open_status(release);
	read_urgency(d, json_get_str(release, "urgency"), f);
	if (str_eq(fixed, S("0"))) {
		f->not_affected = true;
		f->status = STATUS_NOT_AFFECTED;
		return;
	}
	struct range *r = ARENA_PUSH(&d->record, f->ranges, f->n_ranges, f->ranges_cap);
	if (str_eq(json_get_str(release, "status"), S("resolved")) && fixed.n <= TEXT_MAX)
		r->fixed = arena_str(&d->record, fixed);
}

static struct str cut_text(struct str s, size_t max)
{
	if (s.n <= max)
		return s;
	while (max && ((unsigned char)s.p[max] & 0xC0) == 0x80)
		max--;
	return str_upto(s, max);
}

static int on_value(void *ctx, unsigned depth, struct str key, size_t index,
		    const struct json *tree, struct err *e)
{
	struct debian *d = ctx;
	struct advisory adv = { 0 };
	int r = 0;
	(void)depth;
	(void)index;
	if (key.n == 0 || key.n > TEXT_MAX || !json_is_object(json_get(tree, "releases"))) {
		d->sink->skipped(d->sink->ctx, key, "an entry without releases");
		return 0;
	}
	adv.id = arena_str(&d->record, key);
	adv.summary = arena_str(&d->record, cut_text(str_trim(json_get_str(tree, "description")),
						     ADVISORY_SUMMARY));
	JSON_EACH(release, json_get(tree, "releases"))
	read_release(d, &adv, release);
	if (adv.n_affected)
		r = d->sink->advisory(d->sink->ctx, &adv, e);
	arena_done(&d->record);
	return r;
}

static int on_member(void *ctx, unsigned depth, struct str key, size_t index, struct err *e)
{
	struct debian *d = ctx;
	(void)index;
	if (depth > 1)
		return 1;
	if (key.n == 0)
		return err_set(
			e, ERR_INVALID,
			"no security tracker: its outermost value is no object of source packages");
	d->source.n = 0;
	if (key.n > TEXT_MAX) {
		d->sink->skipped(d->sink->ctx, S("a source package"), "its name is too long");
		return 2;
	}
	buf_add_str(&d->source, key);
	return 0;
}

static int debian_parse(struct stream *in, struct str detail, const struct feed_sink *sink,
			struct err *e)
{
	static const struct json_handlers handlers = { on_member, on_value, NULL };
	struct debian d = { .sink = sink };
	(void)detail;
	map_init(&d.codenames, &d.arena);
	int r = json_read(in, &handlers, &d, e);
	buf_done(&d.source);
	arena_done(&d.record);
	arena_done(&d.arena);
	return r;
}

static bool debian_probe(struct arena *a, struct str path, struct str head, struct str *detail)
{
	(void)a;
	(void)path;
	if (!str_starts(str_trim(head), S("{")) || str_find(head, S("\"releases\"")) < 0 ||
	    (str_find(head, S("\"CVE-")) < 0 && str_find(head, S("\"TEMP-")) < 0))
		return false;
	*detail = S("tracker");
	return true;
}

static void debian_sources(struct arena *a, struct str base_url, struct feed_source **v, size_t *n)
{
	struct str base = base_url.n ? base_url : S("https://security-tracker.debian.org");
	struct feed_source *s = ARENA_NEW(a, struct feed_source);
	s->name = S("debian/tracker");
	s->url = arena_printf(a, "%.*s/tracker/data/json", STR(base));
	s->detail = S("tracker");
	*v = s;
	*n = 1;
}

const struct feed feed_debian = {
	.name = "debian",
	.probe = debian_probe,
	.sources = debian_sources,
	.parse = debian_parse,
};
