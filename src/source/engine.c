/* `docker:NAME` and `podman:NAME`: an image out of a container engine, through its socket. The engine's API (Docker's
 * "GET /images/NAME/get" and podman's libpod form of it) gives a docker archive; it is put into a temporary file and read as
 * any other (docker_archive.c tells what it may try).
 *
 * Sockets: DOCKER_HOST, else /var/run/docker.sock; CONTAINER_HOST, else podman/podman.sock below XDG_RUNTIME_DIR, else
 * below /run. An engine is as trusted as its socket, yet its answer is bounded (archive_bytes, 64 KiB of an error's
 * text) and its text is shown without control characters. Engines behind TCP or ssh are not supported. */
#include "source/archive.h"
#include "base/fetch.h"
#include "base/json.h"

#include <stdlib.h>
#include <unistd.h>

enum {
	ANSWER_MAX = 64 * 1024,
	STALL_SECONDS = 600,
	HTTP_OK = 200,
	HTTP_BAD = 400,
	HTTP_MISSING = 404
};

struct engine {
	const char *scheme, *variable; /* the environment variable that names the socket */
	const char *sockets[3]; /* tried in order; the first that is there. "$": XDG_RUNTIME_DIR */
	const char
		*paths[2]; /* around the name, tried in order while the answer is "no such image" */
	const char *suffixes[2];
};

static const struct engine docker = {
	"docker", "DOCKER_HOST", { "/var/run/docker.sock" }, { "/images/" }, { "/get" },
};
static const struct engine podman = {
	"podman",
	"CONTAINER_HOST",
	{ "$/podman/podman.sock", "/run/podman/podman.sock" },
	{ "/v4.0.0/libpod/images/", "/images/" },
	{ "/get?format=docker-archive", "/get" },
};

static int socket_of_variable(const struct engine *g, const char *value, struct str *out,
			      struct err *e)
{
	if (!str_starts(str_of(value), S("unix://")))
		return err_set(e, ERR_UNSUPPORTED, "%s is '%s': only unix:// sockets are supported",
			       g->variable, value);
	*out = str_of(value + sizeof "unix://" - 1);
	return 0;
}

static int find_socket(const struct engine *g, struct arena *a, struct str *out, struct err *e)
{
	const char *value = getenv(g->variable), *run = getenv("XDG_RUNTIME_DIR");
	if (value && *value)
		return socket_of_variable(g, value, out, e);
	for (size_t i = 0; i < COUNT(g->sockets) && g->sockets[i]; i++) {
		const char *path = g->sockets[i];
		if (path[0] == '$' && !(run && *run))
			continue;
		struct str s =
			path[0] == '$' ? arena_printf(a, "%s%s", run, path + 1) : str_of(path);
		if (access(s.p, F_OK) == 0) {
			*out = s;
			return 0;
		}
	}
	return err_set(
		e, ERR_NOT_FOUND,
		"%s: no engine's socket is there; is the service running? (%s names another)",
		g->scheme, g->variable);
}

/* Everything but unreserved characters and '/' is escaped, so that a name stays one. */
static struct str escaped(struct arena *a, struct str name)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			     (c >= '0' && c <= '9') || (c && strchr("-._~/:@", c));
		if (plain)
			buf_add_char(&b, c);
		else
			buf_addf(&b, "%%%02X", (unsigned char)c);
	}
	return arena_str(a, str_buf(&b));
}

/* The engine's own words, from {"message": ...}. */
static struct str reason(struct arena *a, struct stream *body)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	struct json *j CLEANUP(cleanup_json) = NULL;
	struct err e;
	if (stream_read_all(body, ANSWER_MAX, &b, &e) || json_parse(str_buf(&b), &j, &e))
		return S("");
	struct str text = arena_str(a, str_upto(json_get_str(j, "message"), 200));
	for (size_t i = 0; i < text.n; i++)
		if ((unsigned char)text.p[i] < ' ' || text.p[i] == 0x7f)
			((char *)(uintptr_t)text.p)[i] = ' ';
	return text;
}

static int refused(struct source *s, const struct fetch_response *r, bool missing, struct err *e)
{
	struct str why = reason(&s->arena, r->body);
	missing = missing || r->status == HTTP_MISSING;
	int code = missing ? ERR_NOT_FOUND : r->status == HTTP_BAD ? ERR_INVALID : ERR_IO;
	return err_set(e, code, "%s: cannot get the image '%.*s': %s%.*s (status %d)",
		       s->ops->scheme, STR(s->wanted),
		       missing && !why.n ? "there is no such image" : "", STR(why), r->status);
}

static bool try_next(const struct engine *g, size_t i, int status)
{
	return (status == HTTP_MISSING || status == HTTP_BAD) && i + 1 < COUNT(g->paths) &&
	       g->paths[i + 1];
}

static int ask(struct source *s, const struct engine *g, struct fetch *f, struct archive **out,
	       struct err *e)
{
	struct str name = escaped(&s->arena, s->wanted);
	bool missing = false;
	for (size_t i = 0;; i++) {
		struct stream *body CLEANUP(cleanup_stream) = NULL;
		struct fetch_response answer;
		struct fetch_request request = {
			.url = arena_printf(&s->arena, "http://localhost%s%.*s%s", g->paths[i],
					    STR(name), g->suffixes[i]),
		};
		int r = fetch_send(f, &request, &s->arena, &answer, e);
		if (r)
			return err_in(e, "%s: image '%.*s'", g->scheme, STR(s->wanted));
		body = answer.body;
		if (answer.status == HTTP_OK)
			return archive_spool(STEAL(body), &s->opt->limits, out, e);
		if (!try_next(g, i, answer.status))
			return refused(s, &answer, missing, e);
		missing = missing || answer.status == HTTP_MISSING;
	}
}

/* A name without a tag would bring every tag of the repository. */
static int take_name(struct source *s, struct str where, struct err *e)
{
	ssize_t slash = str_rfind_char(where, '/');
	struct str last = str_from(where, (size_t)(slash + 1));
	struct digest id;
	struct err ignored;
	if (where.n == 0)
		return err_set(e, ERR_INVALID, "%s: an image's name is missing", s->ops->scheme);
	bool is_id = digest_parse(where, &id, &ignored) == 0 ||
		     digest_from_hex(DIGEST_SHA256, where, &id);
	if (!is_id && reference_parse(&s->arena, where, &s->ref, e))
		return err_in(e, "%s", s->ops->scheme);
	bool named = is_id || str_find_char(last, ':') >= 0 || str_find_char(where, '@') >= 0;
	s->wanted = arena_printf(&s->arena, "%.*s%s", STR(where), named ? "" : ":latest");
	return 0;
}

static int engine_open(struct source *s, const struct engine *g, struct str where, struct err *e)
{
	struct fetch_options o = { .stall_seconds = STALL_SECONDS };
	struct fetch *f = NULL;
	struct archive *a = NULL;
	int r = take_name(s, where, e);
	if (r || (r = find_socket(g, &s->arena, &o.unix_socket, e)) || (r = fetch_open(&o, &f, e)))
		return r;
	r = ask(s, g, f, &a, e);
	fetch_close(f);
	if (r)
		return r;
	s->path = s->target;
	s->wanted = S("");
	return docker_archive_use(s, a, e);
}

static int docker_open(struct source *s, struct str where, struct err *e)
{
	return engine_open(s, &docker, where, e);
}

static int podman_open(struct source *s, struct str where, struct err *e)
{
	return engine_open(s, &podman, where, e);
}

/* From here on it is a docker archive. */
static int engine_resolve(struct source *s, struct descriptor *out, struct err *e)
{
	return source_docker_archive.resolve(s, out, e);
}

static int engine_get(struct source *s, const struct descriptor *d, struct stream **out,
		      struct err *e)
{
	return source_docker_archive.get(s, d, out, e);
}

static int engine_list(struct source *s, struct strs *tags, struct err *e)
{
	return source_docker_archive.list(s, tags, e);
}

static void engine_close(struct source *s)
{
	source_docker_archive.close(s);
}

const struct source_ops source_docker = {
	.scheme = "docker",
	.open = docker_open,
	.resolve = engine_resolve,
	.get = engine_get,
	.list = engine_list,
	.close = engine_close,
};
const struct source_ops source_podman = {
	.scheme = "podman",
	.open = podman_open,
	.resolve = engine_resolve,
	.get = engine_get,
	.list = engine_list,
	.close = engine_close,
};
