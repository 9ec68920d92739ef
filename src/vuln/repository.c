/* The repository feed: which repositories, with which keys, and fetching into a cache. Addresses come from the user, from
 * apt's sources or from dnf's .repo files; of the image only its distribution's codename and architectures count, and
 * they select, they never address. */
#include "vuln/repository_run.h"

#include "base/durable.h"
#include "base/stream.h"
#include "vuln/apt_sources.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

void repository_note(struct repository_run *run, const char *fmt, ...)
{
	char text[1000];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	struct strs *notes = &run->done->notes;
	if (notes->n < 200)
		*ARENA_PUSH(run->a, notes->v, notes->n, notes->cap) =
			arena_str(run->a, str_of(text));
}

static void progress(struct repository_run *run, struct str url)
{
	if (run->o->progress)
		run->o->progress(run->o->progress_ctx, arena_cstr(run->a, url));
}

static const char *cache_path(struct repository_run *run, struct str name)
{
	return arena_printf(run->a, "%.*s/%.*s", STR(run->folder), STR(name)).p;
}

int repository_load(struct repository_run *run, struct str name, size_t max, struct buf *out,
		    struct err *e)
{
	const char *path = cache_path(run, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open %s", path);
	struct stream *in CLEANUP(cleanup_stream) = stream_fd(fd, true, -1, UINT64_MAX);
	int r = stream_read_all(in, max, out, e);
	return r ? err_in(e, "%s", path) : 0;
}

/* Beside, synced, renamed: a reader sees all of it or nothing. */
static int store_stream(struct repository_run *run, struct str name, struct stream *in,
			struct err *e)
{
	const char *path = cache_path(run, name);
	char *aside = (char *)(uintptr_t)arena_printf(run->a, "%s.XXXXXX", path).p;
	int fd CLEANUP(cleanup_fd) = mkostemp(aside, O_CLOEXEC);
	ssize_t n;
	int r = 0;
	if (fd < 0)
		return err_sys(e, "create %s", aside);
	while (r == 0 && (n = stream_fill(in, e)) != 0) {
		r = n < 0 ? (int)n
			  : write_all(fd, (struct str){ (const char *)in->pos, (size_t)n }, aside,
				      e);
		in->pos = in->end;
	}
	if (r == 0 && (fsync(fd) != 0 || rename(aside, path) != 0))
		r = err_sys(e, "publish %s", path);
	if (r)
		unlink(aside);
	return r;
}

int repository_store(struct repository_run *run, struct str name, struct str bytes, struct err *e)
{
	struct stream *in CLEANUP(cleanup_stream) = stream_mem(bytes);
	return store_stream(run, name, in, e);
}

static int status_error(struct str url, int status, struct err *e)
{
	int code = status == 404 || status == 410   ? ERR_NOT_FOUND
		   : status == 401 || status == 403 ? ERR_AUTH
						    : ERR_IO;
	return err_set(e, code, "GET %.*s: status %d", STR(str_upto(url, 300)), status);
}

static int open_file(struct str url, struct arena *a, struct stream **out, struct err *e)
{
	struct str path = str_from(url, 5);
	if (str_starts(path, S("//")))
		path = str_from(path, 2);
	int fd = open(arena_cstr(a, path), O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open %.*s", STR(path));
	*out = stream_fd(fd, true, -1, UINT64_MAX);
	return 0;
}

static int send(struct repository_run *run, struct str url, struct fetch_header *headers, size_t n,
		struct fetch_response *out, struct err *e)
{
	struct fetch_request request = {
		.url = url, .headers = headers, .n_headers = n, .resume = true
	};
	progress(run, url);
	int r = fetch_send(run->fetch, &request, run->a, out, e);
	return r ? err_in(e, "GET %.*s", STR(str_upto(url, 300))) : 0;
}

int repository_open(struct repository_run *run, struct str url, struct stream **out, struct err *e)
{
	struct fetch_response response;
	if (str_starts(url, S("file:")))
		return open_file(url, run->a, out, e);
	int r = send(run, url, NULL, 0, &response, e);
	if (r)
		return r;
	if (response.status != 200) {
		stream_close(response.body);
		return status_error(url, response.status, e);
	}
	run->done->fetched++;
	*out = response.body;
	return 0;
}

/* The conditions of an earlier answer: "NAME: VALUE" lines beside the cached document. */
static size_t conditions(struct repository_run *run, const char *name, struct fetch_header *headers)
{
	struct buf saved CLEANUP(buf_done) = { 0 };
	struct err ignored;
	struct str rest, line;
	size_t n = 0;
	if (repository_load(run, arena_printf(run->a, "%s.conditions", name), 8192, &saved,
			    &ignored) ||
	    access(cache_path(run, str_of(name)), R_OK) != 0)
		return 0;
	rest = arena_str(run->a, str_buf(&saved));
	while (n < 2 && str_line(&rest, &line)) {
		struct str value = line, key = str_cut(&value, ':');
		if (str_trim(value).n)
			headers[n++] = (struct fetch_header){ key, str_trim(value) };
	}
	return n;
}

void repository_forget(struct repository_run *run, const char *name)
{
	unlink(cache_path(run, arena_printf(run->a, "%s.conditions", name)));
}

static int keep(struct repository_run *run, const char *name, struct str body,
		const struct fetch_response *response, struct err *e)
{
	struct str etag = fetch_header(response, "etag"),
		   date = fetch_header(response, "last-modified");
	struct str lines = arena_printf(run->a, "if-none-match: %.*s\nif-modified-since: %.*s\n",
					STR(etag), STR(date));
	int r = repository_store(run, str_of(name), body, e);
	return r ? r : repository_store(run, arena_printf(run->a, "%s.conditions", name), lines, e);
}

int repository_read(struct repository_run *run, struct str url, const char *name, size_t max,
		    struct buf *out, struct err *e)
{
	struct fetch_header headers[2];
	struct fetch_response response = { 0 };
	if (str_starts(url, S("file:"))) {
		struct stream *in CLEANUP(cleanup_stream) = NULL;
		int r = open_file(url, run->a, &in, e);
		return r ? r : stream_read_all(in, max, out, e);
	}
	int r = send(run, url, headers, name ? conditions(run, name, headers) : 0, &response, e);
	if (r)
		return r;
	struct stream *body CLEANUP(cleanup_stream) = response.body;
	if (response.status == 304 && name)
		return repository_load(run, str_of(name), max, out, e);
	if (response.status != 200)
		return status_error(url, response.status, e);
	size_t before = out->n;
	r = stream_read_all(body, max, out, e);
	if (r)
		return err_in(e, "GET %.*s", STR(str_upto(url, 300)));
	run->done->fetched++;
	run->done->bytes += out->n - before;
	return name ? keep(run, name, str_from(str_buf(out), before), &response, e) : 0;
}

int repository_file(struct repository_run *run, struct str url, struct str name,
		    const struct digest *digest, uint64_t size, struct stream **out, struct err *e)
{
	const char *path = cache_path(run, name);
	if (access(path, R_OK) != 0) {
		struct stream *in = NULL;
		int r = repository_open(run, url, &in, e);
		if (r)
			return r;
		struct stream *checked CLEANUP(cleanup_stream) = stream_verify(
			stream_limit(in, REPOSITORY_INDEX_BYTES, "the index"), digest, size);
		r = store_stream(run, name, checked, e);
		if (r)
			return err_in(e, "%.*s", STR(str_upto(url, 300)));
	}
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open %s", path);
	*out = stream_verify(stream_fd(fd, true, -1, UINT64_MAX), digest, size);
	return 0;
}

/* Which repositories */
struct finder {
	const struct inventory *inv;
	const struct repository_options *o;
	struct arena *a;
	struct repository_result *out;
	struct repository_run *v;
	size_t n, cap;
};

static bool codename_ok(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= '0' && s.p[i] <= '9') ||
		      s.p[i] == '-'))
			return false;
	return s.n > 0 && s.n < 64;
}

static void add_keyring(struct finder *f, struct gpgv_keys *keys, struct str path)
{
	if (access(arena_cstr(f->a, path), R_OK) == 0 && keys->keyrings.n < GPGV_KEYRINGS_MAX)
		*ARENA_PUSH(f->a, keys->keyrings.v, keys->keyrings.n, keys->keyrings.cap) = path;
}

/* The distribution's archive keyring, then whatever apt trusts for every archive. */
static void default_keys(struct finder *f, struct gpgv_keys *keys)
{
	struct str parts = arena_printf(f->a, "%.*s/trusted.gpg.d", STR(f->o->apt_dir));
	DIR *d = opendir(parts.p);
	add_keyring(f, keys,
		    arena_printf(f->a, "%.*s/%.*s-archive-keyring.gpg", STR(f->o->keyring_dir),
				 STR(f->inv->distribution.id)));
	add_keyring(f, keys, arena_printf(f->a, "%.*s/trusted.gpg", STR(f->o->apt_dir)));
	for (struct dirent *x; d && (x = readdir(d));)
		if (str_ends(str_of(x->d_name), S(".gpg")) ||
		    str_ends(str_of(x->d_name), S(".asc")))
			add_keyring(f, keys, arena_printf(f->a, "%s/%s", parts.p, x->d_name));
	if (d)
		closedir(d);
}

static void set_keys(struct finder *f, struct repository_run *run, const struct apt_source *s)
{
	struct gpgv_keys *keys = &run->keys;
	if (f->o->keyring.n) {
		*ARENA_PUSH(f->a, keys->keyrings.v, keys->keyrings.n, keys->keyrings.cap) =
			f->o->keyring;
		return;
	}
	keys->key = s->key;
	keys->keyrings = s->keyrings;
	keys->fingerprints = s->fingerprints;
	if (keys->key.n == 0 && keys->keyrings.n == 0)
		default_keys(f, keys);
}

static int add_deb(struct finder *f, const struct apt_source *s, struct err *e)
{
	for (size_t i = 0; i < f->n; i++)
		if (str_eq(f->v[i].uri, s->uri) && str_eq(f->v[i].suite, s->suite))
			return 0;
	if (f->n >= REPOSITORY_MAX)
		return err_set(e, ERR_LIMIT, "more than %d repositories", REPOSITORY_MAX);
	struct repository_run *run = ARENA_PUSH(f->a, f->v, f->n, f->cap);
	run->uri = s->uri;
	run->suite = s->suite;
	run->components = s->components;
	set_keys(f, run, s);
	return 0;
}

static bool is_security_suite(struct str suite, struct str codename)
{
	struct str rest = str_from(suite, codename.n);
	return str_starts(suite, codename) &&
	       (str_eq(rest, S("-security")) || str_eq(rest, S("/updates")));
}

static bool has_arch(const struct finder *f, const struct apt_source *s)
{
	for (size_t i = 0; i < f->inv->n_packages; i++)
		for (size_t k = 0; k < s->architectures.n; k++)
			if (str_eq(f->inv->packages[i].arch, s->architectures.v[k]))
				return true;
	return s->architectures.n == 0;
}

static int from_apt(struct finder *f, struct str codename, struct err *e)
{
	struct apt_sources sources = { 0 };
	int r = apt_sources_read(f->a, f->o->apt_dir, &sources, e);
	for (size_t i = 0; r == 0 && i < sources.n; i++)
		if (is_security_suite(sources.v[i].suite, codename) && has_arch(f, &sources.v[i]))
			r = add_deb(f, &sources.v[i], e);
	if (r == 0)
		f->out->notes = sources.notes;
	if (r == 0 && f->n == 0)
		return err_set(e, ERR_NOT_FOUND,
			       "no package source of this machine (%.*s) has the suite "
			       "%.*s-security; name an archive by "
			       "--repository",
			       STR(f->o->apt_dir), STR(codename));
	return r;
}

/* "URI", "URI SUITE [COMPONENT...]" or "deb [options] URI SUITE COMPONENT...". */
static int from_user_deb(struct finder *f, struct str given, struct str codename, struct err *e)
{
	struct apt_sources s = { 0 };
	struct str line = given, rest = given, word;
	if (!str_starts(given, S("deb "))) {
		str_word(&rest, &word);
		line = str_trim(rest).n ? arena_printf(f->a, "deb %.*s", STR(given))
					: arena_printf(f->a, "deb %.*s %.*s-security", STR(given),
						       STR(codename));
	}
	int r = apt_sources_list(f->a, line, S("--repository"), &s, e);
	if (r == 0 && s.n != 1)
		return err_set(e, ERR_INVALID,
			       "--repository '%.*s' is no archive address (http, https or file)",
			       STR(str_upto(given, 200)));
	return r ? r : add_deb(f, &s.v[0], e);
}

static int find_deb(struct finder *f, struct err *e)
{
	struct str codename = f->inv->distribution.codename;
	if (!codename_ok(codename))
		return err_set(e, ERR_UNSUPPORTED,
			       "the image does not say its release's codename; say it by --distro");
	if (f->o->repositories.n == 0)
		return from_apt(f, codename, e);
	for (size_t i = 0; i < f->o->repositories.n; i++) {
		int r = from_user_deb(f, f->o->repositories.v[i], codename, e);
		if (r)
			return r;
	}
	return 0;
}

static int find_rpm(struct finder *f, struct err *e)
{
	if (f->o->repositories.n == 0)
		return err_set(e, ERR_NOT_FOUND,
			       "name the repository of an rpm distribution by --repository");
	for (size_t i = 0; i < f->o->repositories.n && i < REPOSITORY_MAX; i++) {
		struct str uri = str_trim(f->o->repositories.v[i]);
		if (!str_starts(uri, S("http://")) && !str_starts(uri, S("https://")) &&
		    !str_starts(uri, S("file:/")))
			return err_set(e, ERR_INVALID,
				       "--repository '%.*s' is no http, https or file address",
				       STR(str_upto(uri, 200)));
		while (str_ends(uri, S("/")))
			uri.n--;
		struct repository_run *run = ARENA_PUSH(f->a, f->v, f->n, f->cap);
		run->uri = uri;
		if (f->o->keyring.n)
			*ARENA_PUSH(f->a, run->keys.keyrings.v, run->keys.keyrings.n,
				    run->keys.keyrings.cap) = f->o->keyring;
	}
	return 0;
}

/* A folder of the cache for each (namespace, address, suite). */
static int make_folder(struct repository_run *run, struct str ns, struct err *e)
{
	struct digest d;
	char text[DIGEST_TEXT];
	digest_of(DIGEST_SHA256, arena_printf(run->a, "%.*s %.*s", STR(ns), STR(run->done->origin)),
		  &d);
	run->folder = arena_printf(run->a, "%.*s/%.16s", STR(run->o->cache_dir),
				   digest_text(&d, text) + 7);
	char *path = arena_cstr(run->a, run->folder);
	for (char *p = path + 1;; p++) {
		if (*p && *p != '/')
			continue;
		char c = *p;
		*p = '\0';
		if (mkdir(path, 0755) != 0 && errno != EEXIST)
			return err_sys(e, "make folder %s", path);
		*p = c;
		if (!c)
			return 0;
	}
}

static int run_one(struct repository_run *run, bool deb, struct err *e)
{
	struct fetch_options options = { .plain_http = true, .retries = 3 };
	int r = make_folder(run, run->inv->distribution.advisory_namespace, e);
	if (r == 0)
		r = fetch_open(&options, &run->fetch, e);
	if (r)
		return r;
	r = deb ? repository_deb(run, e) : repository_rpm(run, e);
	fetch_close(run->fetch);
	return r;
}

int repository_update(const struct inventory *inv, const struct repository_options *o,
		      struct arena *a, struct repository_result *out, struct err *e)
{
	struct repository_result result = { 0 };
	struct finder f = { .inv = inv, .o = o, .a = a, .out = &result };
	struct str scheme = str_of(inv->distribution.scheme),
		   ns = inv->distribution.advisory_namespace;
	bool deb = str_eq(scheme, S("deb"));
	if (ns.n == 0 || (!deb && !str_eq(scheme, S("rpm"))))
		return err_set(e, ERR_UNSUPPORTED,
			       "%s has no package repository that can be read for advisories",
			       inv->distribution.id.n ? arena_cstr(a, inv->distribution.id)
						      : "an unknown distribution");
	int r = deb ? find_deb(&f, e) : find_rpm(&f, e);
	if (r)
		return r;
	for (size_t i = 0; i < f.n; i++) {
		struct repository_run *run = &f.v[i];
		struct repository_done *d = ARENA_PUSH(a, result.v, result.n, result.cap);
		struct err why;
		run->inv = inv;
		run->o = o;
		run->a = a;
		run->done = d;
		d->origin = deb ? arena_printf(a, "%.*s %.*s", STR(run->uri), STR(run->suite))
				: run->uri;
		d->name = arena_printf(a, "repository/%.*s/%.*s", STR(ns), STR(d->origin));
		d->failed = run_one(run, deb, &why);
		if (d->failed)
			d->why = arena_str(a, str_of(why.text));
	}
	*out = result;
	return 0;
}
