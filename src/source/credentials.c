/* Credentials in Docker's config.json and containers' auth.json: {"auths": {KEY: {"auth": base64(user:password),
 * "identitytoken", "registrytoken"}}, "credHelpers": {KEY: NAME}, "credsStore": NAME}. The files are the user's own, yet
 * may be broken or come from a shared folder: sizes are bounded, a helper's name can only name a program in PATH. Not
 * supported: ~/.dockercfg, the plain "username" and "password" members are read where "auth" is missing. */
#include "source/credentials.h"

#include "base/base64.h"
#include "base/json.h"
#include "base/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

void credentials_wipe_str(struct str s)
{
	if (s.n)
		explicit_bzero((void *)(uintptr_t)s.p, s.n);
}

void credentials_wipe_buf(struct buf *b)
{
	if (b->p)
		explicit_bzero(b->p, b->cap);
	buf_done(b);
}

void credentials_done(struct credentials *c)
{
	credentials_wipe_buf(&c->username);
	credentials_wipe_buf(&c->password);
	credentials_wipe_buf(&c->identity_token);
	credentials_wipe_buf(&c->registry_token);
	buf_done(&c->origin);
	*c = (struct credentials){ 0 };
}

/* Keys */
static bool is_docker_hub(struct str host)
{
	return str_eq_nocase(host, S("docker.io")) || str_eq_nocase(host, S("index.docker.io")) ||
	       str_eq_nocase(host, S("registry-1.docker.io"));
}

static bool same_host(struct str x, struct str y)
{
	return str_eq_nocase(x, y) || (is_docker_hub(x) && is_docker_hub(y));
}

/* How many bytes of host/repository the key covers; 0: it is not about them. */
static size_t key_covers(struct str key, struct str host, struct str repository)
{
	bool url = str_starts(key, S("https://")) || str_starts(key, S("http://"));
	struct str path = url ? str_from(key, (size_t)str_find(key, S("://")) + 3) : key;
	struct str key_host = str_cut(&path, '/');
	while (path.n && path.p[path.n - 1] == '/')
		path.n--;
	if (!same_host(key_host, host))
		return 0;
	if (url || path.n == 0 || str_eq(path, S("v1")) || str_eq(path, S("v2")))
		return host.n;
	if (!str_starts(repository, path) || (repository.n > path.n && repository.p[path.n] != '/'))
		return 0;
	return host.n + 1 + path.n;
}

/* The member of an object whose key fits best and whose value is `usable`. */
static const struct json *best_member(const struct json *object, struct str host,
				      struct str repository, bool (*usable)(const struct json *))
{
	const struct json *best = NULL;
	size_t covered = 0;
	JSON_EACH(child, object)
	{
		size_t n = usable(child) ? key_covers(json_key(child), host, repository) : 0;
		bool exact = n && n == covered && str_eq(json_key(child), host);
		if (n > covered || exact) {
			best = child;
			covered = n;
		}
	}
	return best;
}

static bool entry_usable(const struct json *j)
{
	static const char *const members[] = { "auth", "identitytoken", "registrytoken",
					       "password" };
	for (size_t i = 0; i < COUNT(members); i++)
		if (json_get_str(j, members[i]).n)
			return true;
	return false;
}

static bool helper_usable(const struct json *j)
{
	return json_str(j).n > 0;
}

/* Entries */
static int take_basic(struct str auth, struct credentials *c, struct err *e)
{
	struct buf plain = { 0 };
	bool fine = auth.n <= CREDENTIALS_SECRET_MAX && base64_decode(auth, &plain);
	struct str password = str_buf(&plain);
	struct str username = fine ? str_cut(&password, ':') : (struct str){ 0 };
	fine = fine && username.n < plain.n;
	if (fine) {
		while (password.n && password.p[password.n - 1] == '\0')
			password.n--;
		buf_add_str(&c->username, username);
		buf_add_str(&c->password, password);
	}
	credentials_wipe_buf(&plain);
	return fine ? 0 : err_set(e, ERR_INVALID, "\"auth\" is not the base64 of user:password");
}

static int take_entry(const struct json *entry, struct credentials *c, struct err *e)
{
	struct str auth = json_get_str(entry, "auth");
	if (auth.n) {
		int r = take_basic(auth, c, e);
		if (r)
			return r;
	} else {
		buf_add_str(&c->username, json_get_str(entry, "username"));
		buf_add_str(&c->password, json_get_str(entry, "password"));
	}
	buf_add_str(&c->identity_token, json_get_str(entry, "identitytoken"));
	buf_add_str(&c->registry_token, json_get_str(entry, "registrytoken"));
	c->found = true;
	return 0;
}

static void wipe_entries(const struct json *auths)
{
	static const char *const members[] = { "auth", "identitytoken", "registrytoken",
					       "password" };
	JSON_EACH(entry, auths)
	for (size_t i = 0; i < COUNT(members); i++)
		credentials_wipe_str(json_get_str(entry, members[i]));
}

static int from_tree(const struct json *config, struct str host, struct str repository,
		     struct credentials *c, struct err *e)
{
	struct str server = is_docker_hub(host) ? S("https://index.docker.io/v1/") : host;
	const struct json *helper =
		best_member(json_get(config, "credHelpers"), host, repository, helper_usable);
	if (helper)
		return credentials_from_helper(json_str(helper), server, c, e);
	struct str store = json_get_str(config, "credsStore");
	if (store.n) {
		int r = credentials_from_helper(store, server, c, e);
		if (r || c->found)
			return r;
	}
	const struct json *entry =
		best_member(json_get(config, "auths"), host, repository, entry_usable);
	return entry ? take_entry(entry, c, e) : 0;
}

int credentials_from_config(struct str text, struct str host, struct str repository,
			    const char *origin, struct credentials *out, struct err *e)
{
	CLEANUP(cleanup_json) struct json *config = NULL;
	struct credentials c = { 0 };
	if (text.n > CREDENTIALS_FILE_MAX)
		return err_set(e, ERR_LIMIT, "credentials in %s: larger than %d bytes", origin,
			       CREDENTIALS_FILE_MAX);
	int r = json_parse(text, &config, e);
	if (!r && !json_is_object(config))
		r = err_set(e, ERR_INVALID, "not a JSON object");
	if (!r)
		r = from_tree(config, host, repository, &c, e);
	wipe_entries(json_get(config, "auths"));
	if (r) {
		credentials_done(&c);
		return err_in(e, "credentials in %s", origin);
	}
	if (c.found)
		buf_add_str(&c.origin, str_of(origin));
	*out = c;
	return 0;
}

/* Files */
static int from_file(struct str path, struct str host, struct str repository,
		     struct credentials *out, struct err *e)
{
	struct buf text = { 0 };
	CLEANUP(cleanup_fd) int fd = open(path.p, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (fd < 0)
		return err_sys(e, "credentials in %.*s", STR(path));
	CLEANUP(cleanup_stream) struct stream *s = stream_fd(fd, false, -1, UINT64_MAX);
	buf_reserve(&text,
		    CREDENTIALS_FILE_MAX); /* in one place, so that wiping reaches all of it */
	int r = stream_read_all(s, CREDENTIALS_FILE_MAX, &text, e);
	if (r)
		err_in(e, "credentials in %.*s", STR(path));
	else if (str_trim(str_buf(&text)).n)
		r = credentials_from_config(str_buf(&text), host, repository, path.p, out, e);
	credentials_wipe_buf(&text);
	return r;
}

static void add_path(struct arena *a, struct strs *paths, const char *folder, const char *below)
{
	if (folder && *folder)
		*ARENA_PUSH(a, paths->v, paths->n, paths->cap) =
			arena_printf(a, "%s%s", folder, below);
}

static void list_files(struct arena *a, struct str config_dir, struct strs *paths)
{
	const char *chosen = getenv("REGISTRY_AUTH_FILE"), *runtime = getenv("XDG_RUNTIME_DIR");
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME"),
		   *docker = getenv("DOCKER_CONFIG");
	if (chosen && *chosen) {
		add_path(a, paths, chosen, "");
	} else {
		struct str run = arena_printf(a, "/run/containers/%u", (unsigned)getuid());
		if (runtime && *runtime)
			add_path(a, paths, runtime, "/containers/auth.json");
		else
			add_path(a, paths, run.p, "/auth.json");
		if (config && *config)
			add_path(a, paths, config, "/containers/auth.json");
		else
			add_path(a, paths, home, "/.config/containers/auth.json");
	}
	if (config_dir.n)
		add_path(a, paths, arena_cstr(a, config_dir), "/config.json");
	else if (docker && *docker)
		add_path(a, paths, docker, "/config.json");
	else
		add_path(a, paths, home, "/.docker/config.json");
}

int credentials_find(struct str host, struct str repository, struct str config_dir,
		     struct credentials *out, struct err *e)
{
	const char *inline_config = getenv("DOCKER_AUTH_CONFIG");
	struct arena a = { 0 };
	struct strs paths = { 0 };
	int r = 0;
	if (inline_config && *inline_config)
		r = credentials_from_config(str_of(inline_config), host, repository,
					    "DOCKER_AUTH_CONFIG", out, e);
	list_files(&a, config_dir, &paths);
	for (size_t i = 0; i < paths.n && !r && !out->found; i++)
		r = from_file(paths.v[i], host, repository, out, e);
	arena_done(&a);
	return r;
}
