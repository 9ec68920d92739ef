/* Debian and Ubuntu: InRelease (signed; conditional), Packages by the digests in it, and of each source package where the
 * image is behind, one newer .deb for its changelog. Indexes and packages are parsed in children.
 *
 * Every digest checked hangs from the signature; Valid-Until bounds replay; suite and codename must be the ones asked for, so
 * that a mirror cannot serve another suite's signed Release. Changelogs once read lie in the cache, and the segment is
 * made from all of them, so images of one release share what was learnt. */
#include "vuln/repository_deb.h"

#include "base/map.h"
#include "base/stream.h"
#include "vuln/deb_archive.h"
#include "vuln/deb_packages.h"
#include "vuln/deb_release.h"

#include <dirent.h>

enum { RELEASE_BYTES = 16 << 20, CHANGELOG_LINES = 8 << 20, DAY = 86400 };

static int child_packages(int in, int out, int spool, struct str params);
static int child_changelog(int in, int out, int spool, struct str params);

/* Child: Packages */
static int put_package(void *ctx, const struct deb_package *p, struct err *e)
{
	char number[24], digest[DIGEST_TEXT];
	struct str size;
	(void)e;
	line_number(number, p->size, &size);
	LINE((struct line_out *)ctx, S("P"), p->package, p->version, p->arch, p->source,
	     p->source_version, p->filename, size, str_of(digest_text(&p->sha256, digest) + 7));
	return 0;
}

static int child_packages(int in, int out, int spool, struct str params)
{
	static const struct inflate_limits limits = { PACKAGES_INFLATED_MAX, 0, 27 };
	struct line_out o = { .fd = out };
	uint64_t skipped = 0;
	struct err e = { 0 };
	(void)spool;
	(void)params;
	struct stream *text CLEANUP(cleanup_stream) = stream_inflate_any(in, &limits);
	int r = deb_packages_read(text, put_package, &o, &skipped, &e);
	return line_end(&o, r, skipped, &e);
}

/* Child: the changelog of one package. params: "PACKAGE SOURCE". */
static void put_changelog(struct line_out *o, const struct changelog *c)
{
	char number[24];
	struct str date;
	for (size_t i = 0; i < c->n; i++) {
		const struct changelog_entry *x = &c->entries[i];
		line_number(number, x->date > 0 ? (uint64_t)x->date : 0, &date);
		LINE(o, S("E"), x->version, x->distributions, date);
		for (size_t k = 0; k < x->n_ids; k++)
			LINE(o, S("I"), x->ids[k].id, x->ids[k].alias);
	}
}

static int child_changelog(int in, int out, int spool, struct str params)
{
	struct line_out o = { .fd = out };
	struct stream *deb CLEANUP(cleanup_stream) = stream_fd(in, false, -1, UINT64_MAX);
	struct buf text CLEANUP(buf_done) = { 0 };
	struct arena a CLEANUP(arena_done) = { 0 };
	struct str source = params, package = str_cut(&source, ' ');
	enum deb_changelog_found found = DEB_CHANGELOG_NONE;
	struct changelog c = { 0 };
	struct err e;
	(void)spool;
	int r = deb_archive_changelog(deb, package, CHANGELOG_BYTES_MAX, &text, &found, &e);
	if (r == 0 && found == DEB_CHANGELOG_READ) {
		deb_changelog_parse(&a, str_buf(&text), source, &c);
		LINE(&o, S("C"));
		put_changelog(&o, &c);
	}
	return line_end(&o, r, c.cut, &e);
}

/* Release */
static int get_release(struct repository_run *run, struct str *plain, struct err *e)
{
	struct buf text CLEANUP(buf_done) = { 0 }, signature CLEANUP(buf_done) = { 0 };
	struct str base = arena_printf(run->a, "%.*s/dists/%.*s", STR(run->uri), STR(run->suite));
	int r = repository_read(run, arena_printf(run->a, "%.*s/InRelease", STR(base)), "InRelease",
				RELEASE_BYTES, &text, e);
	if (r == 0)
		r = gpgv_verify(run->a, &run->keys, str_buf(&text), (struct str){ 0 }, plain, e);
	if (r)
		repository_forget(run, "InRelease");
	if (r != ERR_NOT_FOUND || text.n)
		return r ? err_in(e, "InRelease of %.*s", STR(run->done->origin)) : 0;
	r = repository_read(run, arena_printf(run->a, "%.*s/Release", STR(base)), "Release",
			    RELEASE_BYTES, &text, e);
	if (r == 0)
		r = repository_read(run, arena_printf(run->a, "%.*s/Release.gpg", STR(base)), NULL,
				    RELEASE_BYTES, &signature, e);
	if (r == 0 && signature.n == 0)
		r = err_set(e, ERR_INVALID, "Release.gpg is empty");
	if (r == 0)
		r = gpgv_verify(run->a, &run->keys, arena_str(run->a, str_buf(&text)),
				str_buf(&signature), plain, e);
	if (r)
		repository_forget(run, "Release");
	return r ? err_in(e, "Release of %.*s", STR(run->done->origin)) : 0;
}

int deb_release_check(const struct deb_release *r, struct str suite, int64_t now, struct err *e)
{
	/* "buster/updates" calls itself "buster/updates" or, in the Suite, "oldstable". */
	if (!str_eq(r->suite, suite) && !str_eq(r->codename, suite))
		return err_set(e, ERR_INVALID,
			       "its Release is of suite '%.*s' (codename '%.*s'), not of '%.*s'",
			       STR(str_upto(r->suite, 100)), STR(str_upto(r->codename, 100)),
			       STR(suite));
	if (r->valid_until && now > r->valid_until)
		return err_set(e, ERR_INVALID,
			       "its Release expired %lld days ago (Valid-Until): the mirror is "
			       "stale, or somebody replays an "
			       "old state",
			       (long long)((now - r->valid_until) / DAY));
	if (r->date > now + DAY)
		return err_set(e, ERR_INVALID,
			       "its Release is from the future: is this machine's clock right?");
	return 0;
}

/* Candidates */
struct candidate {
	struct str package, filename;
	uint64_t size;
	struct digest sha256;
};
struct source {
	struct str name, installed; /* the oldest version the image has */
	struct str version; /* the newest in the suite; empty: none newer */
	struct candidate *debs; /* of that version */
	size_t n_debs, debs_cap;
};
struct plan {
	struct repository_run *run;
	const struct version_scheme *deb;
	struct map by_name; /* struct source */
	struct source **all;
	size_t n, cap;
	struct strs archs;
};

static bool has(const struct strs *s, struct str word)
{
	for (size_t i = 0; i < s->n; i++)
		if (str_eq(s->v[i], word))
			return true;
	return false;
}

static void plan_init(struct plan *p, struct repository_run *run)
{
	const struct inventory *inv = run->inv;
	struct arena *a = run->a;
	*p = (struct plan){ .run = run, .deb = version_scheme_find(S("deb")) };
	map_init(&p->by_name, a);
	for (size_t i = 0; i < inv->n_packages; i++) {
		const struct package *x = &inv->packages[i];
		if (!str_eq(x->type, S("deb")) || x->source_name.n == 0)
			continue;
		struct source **slot = (struct source **)map_at(&p->by_name, x->source_name);
		if (!*slot) {
			*slot = ARENA_NEW(a, struct source);
			**slot = (struct source){ .name = x->source_name,
						  .installed = x->source_version };
			*ARENA_PUSH(a, p->all, p->n, p->cap) = *slot;
		} else if (p->deb->compare(x->source_version, (*slot)->installed) < 0) {
			(*slot)->installed = x->source_version;
		}
		if (x->arch.n && p->archs.n < 20 && !has(&p->archs, x->arch))
			*ARENA_PUSH(a, p->archs.v, p->archs.n, p->archs.cap) = x->arch;
	}
	if (!has(&p->archs, S("all")))
		*ARENA_PUSH(a, p->archs.v, p->archs.n, p->archs.cap) = S("all");
}

static int take_package(void *ctx, const struct str *f, size_t n, struct err *e)
{
	struct plan *p = ctx;
	struct candidate c = { 0 };
	if (n != 9 || !str_eq(f[0], S("P")) || !deb_path_is_safe(f[6]) ||
	    !str_to_u64(f[7], 1ULL << 50, &c.size) ||
	    !digest_from_hex(DIGEST_SHA256, f[8], &c.sha256))
		return err_set(e, ERR_INVALID, "the child's answer is broken");
	struct source *s = map_get(&p->by_name, f[4]);
	if (!s || !p->deb->valid(f[5]) || p->deb->compare(f[5], s->installed) <= 0)
		return 0;
	int order = s->version.n ? p->deb->compare(f[5], s->version) : 1;
	if (order < 0)
		return 0;
	struct arena *a = p->run->a;
	if (order > 0) {
		s->version = arena_str(a, f[5]);
		s->n_debs = 0;
	}
	if (s->n_debs >= 1000)
		return 0;
	c.package = arena_str(a, f[1]);
	c.filename = arena_str(a, f[6]);
	*ARENA_PUSH(a, s->debs, s->n_debs, s->debs_cap) = c;
	return 0;
}

static const struct release_file *find_index(struct repository_run *run,
					     const struct deb_release *release,
					     struct str component, struct str arch)
{
	static const char *const suffixes[] = { ".xz", ".gz", ".zst", "" };
	for (size_t i = 0; i < COUNT(suffixes); i++) {
		const struct release_file *f = deb_release_find(
			release, arena_printf(run->a, "%.*s/binary-%.*s/Packages%s", STR(component),
					      STR(arch), suffixes[i]));
		if (f)
			return f;
	}
	return NULL;
}

/* As apt does: by its digest, and where a mirror does not have that, by its name. */
static int open_index(struct repository_run *run, const struct deb_release *release,
		      const struct release_file *f, struct stream **out, struct err *e)
{
	char text[DIGEST_TEXT];
	const char *hex = digest_text(&f->sha256, text) + 7;
	ssize_t slash = str_rfind_char(f->path, '/');
	struct str folder = str_upto(f->path, slash < 0 ? 0 : (size_t)slash);
	struct str base = arena_printf(run->a, "%.*s/dists/%.*s", STR(run->uri), STR(run->suite));
	struct str name = arena_printf(run->a, "index-%s", hex);
	int r = ERR_NOT_FOUND;
	if (release->by_hash)
		r = repository_file(run,
				    arena_printf(run->a, "%.*s/%.*s/by-hash/SHA256/%s", STR(base),
						 STR(folder), hex),
				    name, &f->sha256, f->size, out, e);
	if (r == ERR_NOT_FOUND)
		r = repository_file(run, arena_printf(run->a, "%.*s/%.*s", STR(base), STR(f->path)),
				    name, &f->sha256, f->size, out, e);
	return r;
}

static int read_index(struct plan *p, const struct deb_release *release,
		      const struct release_file *f, struct err *e)
{
	struct repository_run *run = p->run;
	struct stream *in CLEANUP(cleanup_stream) = NULL;
	struct line_in lines = { .line = take_package, .ctx = p, .max = PACKAGES_INFLATED_MAX };
	int r = open_index(run, release, f, &in, e);
	if (r == 0)
		r = repository_child(run, child_packages, (struct str){ 0 }, in, &lines, e);
	if (r)
		return err_in(e, "%.*s of %.*s", STR(f->path), STR(run->done->origin));
	if (lines.number)
		repository_note(run, "%.*s: %llu stanzas are broken and were passed over",
				STR(f->path), (unsigned long long)lines.number);
	return 0;
}

/* Indexes of states gone by. */
static void drop_old(struct repository_run *run, const struct strs *used)
{
	DIR *d = opendir(arena_cstr(run->a, run->folder));
	if (!d)
		return;
	for (struct dirent *x; (x = readdir(d));)
		if (str_starts(str_of(x->d_name), S("index-")) && !has(used, str_of(x->d_name)))
			unlinkat(dirfd(d), x->d_name, 0);
	closedir(d);
}

static int read_component(struct plan *p, const struct deb_release *release, struct str component,
			  struct strs *used, bool *any, struct err *e)
{
	struct arena *a = p->run->a;
	for (size_t i = 0; i < p->archs.n; i++) {
		const struct release_file *f =
			find_index(p->run, release, component, p->archs.v[i]);
		char text[DIGEST_TEXT];
		bool all = str_eq(p->archs.v[i], S("all"));
		if (!f || (all && (release->no_all || !has(&release->architectures, S("all")))))
			continue;
		*any |= !all;
		struct str name = arena_printf(a, "index-%s", digest_text(&f->sha256, text) + 7);
		if (has(used, name))
			continue;
		*ARENA_PUSH(a, used->v, used->n, used->cap) = name;
		int r = read_index(p, release, f, e);
		if (r)
			return r;
	}
	return 0;
}

static int read_indexes(struct plan *p, const struct deb_release *release, struct err *e)
{
	struct repository_run *run = p->run;
	const struct strs *components = run->components.n ? &run->components : &release->components;
	struct strs used = { 0 };
	bool any = false;
	for (size_t i = 0; i < components->n && i < 50; i++) {
		struct str c = components->v[i]; /* "updates/main" lies in main/ */
		if (!run->components.n && str_rfind_char(c, '/') >= 0)
			c = str_from(c, (size_t)str_rfind_char(c, '/') + 1);
		int r = read_component(p, release, c, &used, &any, e);
		if (r)
			return r;
	}
	if (!any)
		return err_set(e, ERR_NOT_FOUND,
			       "%.*s has no packages for the image's architecture",
			       STR(run->done->origin));
	drop_old(run, &used);
	return 0;
}

/* Changelogs */
static int by_size(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	return (x->size > y->size) - (x->size < y->size);
}

struct keeper {
	struct buf lines;
	bool found;
};

static int keep_line(void *ctx, const struct str *f, size_t n, struct err *e)
{
	struct keeper *k = ctx;
	struct line_out o = { .fd = -1, .b = k->lines };
	(void)e;
	if (str_eq(f[0], S("C")))
		k->found = true;
	else
		line_put(&o, n, f);
	k->lines = o.b;
	return 0;
}

/* 1: read and cached, 0: this package has none, or a code. */
static int try_deb(struct repository_run *run, const struct source *s, const struct candidate *c,
		   struct err *e)
{
	struct stream *in = NULL;
	struct keeper k = { 0 };
	struct line_in lines = { .line = keep_line, .ctx = &k, .max = CHANGELOG_LINES };
	struct str url = arena_printf(run->a, "%.*s/%.*s", STR(run->uri), STR(c->filename));
	struct str params = arena_printf(run->a, "%.*s %.*s", STR(c->package), STR(s->name));
	int r = repository_open(run, url, &in, e);
	if (r)
		return r;
	struct stream *checked CLEANUP(cleanup_stream) = stream_verify(in, &c->sha256, c->size);
	r = repository_child(run, child_changelog, params, checked, &lines, e);
	run->done->bytes += c->size;
	if (r == 0 && k.found) {
		buf_addf(&k.lines, "Z\t%llu\n", (unsigned long long)lines.number);
		r = repository_store(
			run,
			arena_printf(run->a, "changelog-%.*s_%.*s", STR(s->name), STR(s->version)),
			str_buf(&k.lines), e);
		r = r ? r : 1;
	}
	buf_done(&k.lines);
	return r < 0 ? err_in(e, "%.*s", STR(c->filename)) : r;
}

static bool is_cached(struct repository_run *run, const struct source *s)
{
	struct str path = arena_printf(run->a, "%.*s/changelog-%.*s_%.*s", STR(run->folder),
				       STR(s->name), STR(s->version));
	return access(path.p, R_OK) == 0;
}

static void fetch_changelog(struct repository_run *run, struct source *s)
{
	struct err e;
	err_set(&e, ERR_LIMIT, "its packages are too large");
	if (s->n_debs)
		qsort(s->debs, s->n_debs, sizeof *s->debs, by_size);
	for (size_t i = 0; i < s->n_debs && i < REPOSITORY_TRIES; i++) {
		if (s->debs[i].size > REPOSITORY_DEB_BYTES ||
		    run->done->bytes + s->debs[i].size > REPOSITORY_TOTAL_BYTES)
			break;
		int r = try_deb(run, s, &s->debs[i], &e);
		if (r > 0)
			return;
		if (r == 0)
			err_set(&e, ERR_NOT_FOUND,
				"none of its packages that were tried holds a changelog");
	}
	repository_note(run, "%.*s %.*s: no changelog was read: %s", STR(s->name), STR(s->version),
			e.text);
}

static void fetch_changelogs(struct plan *p)
{
	struct repository_run *run = p->run;
	size_t fetched = 0, left = 0;
	for (size_t i = 0; i < p->n; i++) {
		struct source *s = p->all[i];
		if (s->version.n == 0)
			continue;
		run->done->behind++;
		if (is_cached(run, s))
			continue;
		if (fetched++ < REPOSITORY_SOURCES_MAX)
			fetch_changelog(run, s);
		else
			left++;
	}
	if (left)
		repository_note(run,
				"%zu source packages beyond the limit of %d were not looked at",
				left, REPOSITORY_SOURCES_MAX);
}

/* The segment: every cached changelog, and pending updates of this image without one. */
struct loader {
	struct arena *a;
	struct changelog c;
};

static int load_line(void *ctx, const struct str *f, size_t n, struct err *e)
{
	struct loader *l = ctx;
	struct changelog *c = &l->c;
	uint64_t date;
	if (n == 4 && str_eq(f[0], S("E")) && str_to_u64(f[3], 1ULL << 40, &date) &&
	    c->n < CHANGELOG_ENTRIES_MAX) {
		struct changelog_entry *x = ARENA_PUSH(l->a, c->entries, c->n, c->cap);
		x->version = arena_str(l->a, f[1]);
		x->distributions = arena_str(l->a, f[2]);
		x->date = (int64_t)date;
		return 0;
	}
	if (n == 3 && str_eq(f[0], S("I")) && c->n && c->n_ids < CHANGELOG_IDS_MAX && f[1].n < 64 &&
	    f[2].n < 64) {
		struct changelog_entry *x = &c->entries[c->n - 1];
		struct changelog_id *id = ARENA_PUSH(l->a, x->ids, x->n_ids, x->ids_cap);
		id->id = arena_str(l->a, f[1]);
		id->alias = arena_str(l->a, f[2]);
		c->n_ids++;
		return 0;
	}
	return err_set(e, ERR_INVALID, "the cached changelog is broken");
}

static int load_changelog(struct repository_run *run, struct str name, struct changelog *out,
			  struct err *e)
{
	struct buf text CLEANUP(buf_done) = { 0 };
	struct loader l = { .a = run->a };
	struct line_in lines = { .line = load_line, .ctx = &l, .max = CHANGELOG_LINES };
	struct err ignored;
	int r = repository_load(run, name, CHANGELOG_LINES, &text, e);
	if (r)
		return r;
	r = line_take(&lines, str_buf(&text), e);
	int whole = line_done(&lines, r ? &ignored : e);
	r = r ? r : whole;
	if (r == 0)
		*out = l.c;
	return r;
}

/* "changelog-SOURCE_VERSION"; the versions of a source that are not its newest are removed. */
static void newest_cached(struct plan *p, struct map *newest)
{
	struct repository_run *run = p->run;
	DIR *d = opendir(arena_cstr(run->a, run->folder));
	if (!d)
		return;
	for (struct dirent *x; (x = readdir(d)) && newest->n < 20000;) {
		struct str version = str_of(x->d_name);
		if (!str_starts(version, S("changelog-")) || str_find_char(version, '_') < 0)
			continue;
		version = arena_str(run->a, str_from(version, 10));
		struct str source = str_cut(&version, '_');
		struct str **slot = (struct str **)map_at(newest, source);
		if (*slot && p->deb->compare(version, **slot) <= 0) {
			unlinkat(dirfd(d), x->d_name, 0);
			continue;
		}
		if (*slot)
			unlinkat(dirfd(d),
				 arena_printf(run->a, "changelog-%.*s_%.*s", STR(source),
					      STR(**slot))
					 .p,
				 0);
		*slot = ARENA_NEW(run->a, struct str);
		**slot = version;
	}
	closedir(d);
}

static int add_changelogs(struct plan *p, struct deb_advisories *d, struct map *newest,
			  struct err *e)
{
	struct repository_run *run = p->run;
	newest_cached(p, newest);
	for (size_t i = 0; i < newest->cap; i++) {
		struct changelog c;
		struct err why;
		if (!newest->slots[i].used || !newest->slots[i].value)
			continue;
		struct str source = newest->slots[i].key,
			   version = *(struct str *)newest->slots[i].value;
		struct str name =
			arena_printf(run->a, "changelog-%.*s_%.*s", STR(source), STR(version));
		if (load_changelog(run, name, &c, &why)) {
			repository_note(run, "%s; it is read anew next time", why.text);
			unlink(arena_printf(run->a, "%.*s/%.*s", STR(run->folder), STR(name)).p);
			newest->slots[i].value = NULL;
			continue;
		}
		int r = deb_advisories_add(d, source, version, &c, e);
		if (r)
			return r;
	}
	return 0;
}

static void add_pending(struct plan *p, struct deb_advisories *d, const struct map *newest)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct source *s = p->all[i];
		if (s->version.n == 0)
			continue;
		const struct str *cached = map_get(newest, s->name);
		if (!cached || !str_eq(*cached, s->version))
			deb_advisories_pending(d, s->name, s->version, 0);
		if (deb_advisories_is_pending(d, s->name, s->version))
			p->run->done->pending++;
	}
}

static int write_segment(struct repository_run *run, const struct deb_advisories *d,
			 const struct deb_release *release, struct str signed_text, struct err *e)
{
	struct feed_info info = { .feed = S("repository"),
				  .name = run->done->name,
				  .origin = run->done->origin,
				  .fetched = run->o->now,
				  .newest = release->date,
				  .repository = true };
	struct segment *segment;
	digest_of(DIGEST_SHA256, signed_text, &info.digest);
	int r = segment_begin(run->o->writer, &info, &segment, e);
	if (r)
		return r;
	for (size_t i = 0; r == 0 && i < d->n; i++)
		r = segment_add(segment, d->v[i], e);
	if (r == 0) {
		run->done->advisories = d->n;
		return segment_end(segment, run->done->notes.n, e);
	}
	segment_abort(segment);
	return r;
}

int repository_deb(struct repository_run *run, struct err *e)
{
	struct str text;
	struct deb_release release;
	struct plan plan;
	struct map newest;
	int r = get_release(run, &text, e);
	if (r)
		return r;
	r = deb_release_parse(run->a, text, &release, e);
	if (r == 0)
		r = deb_release_check(&release, run->suite, run->o->now, e);
	if (r)
		return err_in(e, "%.*s", STR(run->done->origin));
	plan_init(&plan, run);
	map_init(&newest, run->a);
	r = read_indexes(&plan, &release, e);
	if (r)
		return r;
	fetch_changelogs(&plan);
	struct deb_advisories d;
	deb_advisories_init(&d, run->a, run->inv->distribution.advisory_namespace);
	r = add_changelogs(&plan, &d, &newest, e);
	if (r)
		return r;
	add_pending(&plan, &d, &newest);
	return write_segment(run, &d, &release, text, e);
}
