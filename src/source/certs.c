/* certs.d folders. They belong to the user or the administrator and are trusted; only a host name that would lead out of
 * them is refused. Several client certificates: the first by name. What the files hold is read by the TLS library. */
#include "source/certs.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>

static int compare_names(const void *x, const void *y)
{
	return str_cmp(*(const struct str *)x, *(const struct str *)y);
}

static int read_names(struct arena *a, struct str path, struct strs *names, struct err *e)
{
	DIR *d = opendir(path.p);
	if (!d && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (!d)
		return err_sys(e, "certificates in %.*s", STR(path));
	int r = 0;
	for (struct dirent *x; !r && (x = readdir(d));) {
		struct str name = str_of(x->d_name);
		if (!str_ends(name, S(".crt")) && !str_ends(name, S(".cert")) &&
		    !str_ends(name, S(".key")))
			continue;
		if (names->n == CERT_FILES_MAX)
			r = err_set(e, ERR_LIMIT, "%.*s: more than %d certificates and keys",
				    STR(path), CERT_FILES_MAX);
		else
			*ARENA_PUSH(a, names->v, names->n, names->cap) = arena_str(a, name);
	}
	closedir(d);
	if (!r && names->n)
		qsort(names->v, names->n, sizeof *names->v, compare_names);
	return r;
}

static bool has_name(const struct strs *names, struct str name)
{
	for (size_t i = 0; i < names->n; i++)
		if (str_eq(names->v[i], name))
			return true;
	return false;
}

static int client_pair(struct arena *a, struct str path, const struct strs *names, struct str name,
		       struct certs *out, struct err *e)
{
	bool is_key = str_ends(name, S(".key"));
	struct str stem = str_upto(name, name.n - (is_key ? 4 : 5));
	struct str other = arena_printf(a, "%.*s%s", STR(stem), is_key ? ".cert" : ".key");
	if (!has_name(names, other))
		return err_set(e, ERR_INVALID,
			       "%.*s/%.*s is there without %.*s (a CA certificate is named *.crt)",
			       STR(path), STR(name), STR(other));
	if (!is_key && out->cert.n == 0) {
		out->cert = arena_printf(a, "%.*s/%.*s", STR(path), STR(name));
		out->key = arena_printf(a, "%.*s/%.*s", STR(path), STR(other));
	}
	return 0;
}

int certs_read_folder(struct arena *a, struct str path, struct certs *out, struct err *e)
{
	struct strs names = { 0 };
	struct certs c = *out;
	path = arena_str(a, path);
	int r = read_names(a, path, &names, e);
	for (size_t i = 0; i < names.n && !r; i++) {
		if (str_ends(names.v[i], S(".crt")))
			*ARENA_PUSH(a, c.ca.v, c.ca.n, c.ca.cap) =
				arena_printf(a, "%.*s/%.*s", STR(path), STR(names.v[i]));
		else
			r = client_pair(a, path, &names, names.v[i], &c, e);
	}
	if (!r)
		*out = c;
	return r;
}

int certs_find(struct arena *a, struct str host, struct certs *out, struct err *e)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	struct certs c = { 0 };
	struct strs bases = { 0 };
	if (host.n == 0 || host.p[0] == '.' || str_find_char(host, '/') >= 0)
		return err_set(e, ERR_INVALID, "'%.*s' is no host name", STR(str_upto(host, 100)));
	if (config && *config)
		*ARENA_PUSH(a, bases.v, bases.n, bases.cap) =
			arena_printf(a, "%s/containers", config);
	else if (home && *home)
		*ARENA_PUSH(a, bases.v, bases.n, bases.cap) =
			arena_printf(a, "%s/.config/containers", home);
	*ARENA_PUSH(a, bases.v, bases.n, bases.cap) = S("/etc/containers");
	*ARENA_PUSH(a, bases.v, bases.n, bases.cap) = S("/etc/docker");
	for (size_t i = 0; i < bases.n; i++) {
		struct str path = arena_printf(a, "%.*s/certs.d/%.*s", STR(bases.v[i]), STR(host));
		int r = certs_read_folder(a, path, &c, e);
		if (r)
			return r;
	}
	*out = c;
	return 0;
}
