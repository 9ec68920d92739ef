/* Image configurations (OCI image specification 1.1, config.md, with Docker's Healthcheck) against the table of checks.
 *
 * Hostile input may hold any text as user, port or variable: texts are quoted short in messages and values of variables
 * never. Not judged: what no image can show (whether its packages are needed, whether its source is trusted: CIS 4.2 and
 * the half of 4.3 and 4.11 that no file or step tells). */
#include "iac/image.h"

#include "base/time.h"
#include "iac/image_parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { OLD_DAYS = 365, PORT_MAX = 65535, MESSAGE_MAX = 1000 };
/* Before Docker's first release: the date of a reproducible build, not an age. */
#define FIRST_IMAGE INT64_C(1364000000)

#define IMAGE_CHECK(name, id_, severity_, title_, why_, fix_, ...) \
	[IMAGE_##name] = { .id = id_, \
			   .severity = severity_, \
			   .title = title_, \
			   .why = why_, \
			   .fix = fix_, \
			   .others = (const char *const[]){ __VA_ARGS__, NULL } },
static const struct config_check checks[] = {
#include "iac/image_checks.def"
};
#undef IMAGE_CHECK

void image_fail(struct image_judge *j, enum image_check check, ssize_t layer, struct str path,
		const char *fmt, ...)
{
	char text[MESSAGE_MAX];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	size_t length = n < 0 ? 0 : MIN((size_t)n, sizeof text - 1);
	*ARENA_PUSH(j->a, j->v, j->n, j->cap) = (struct config_finding){
		.check = &checks[check],
		.message = arena_str(j->a, (struct str){ text, length }),
		.path = path,
		.layer = layer,
	};
}

/* Names of secrets */
static bool one_of(struct str s, const char *const *list)
{
	for (; *list; list++)
		if (str_eq_nocase(s, str_of(*list)))
			return true;
	return false;
}

bool image_secret_name(struct str name)
{
	static const char *const words[] = { "PASSWORD",    "PASSWD",  "PASSPHRASE", "PASS",
					     "SECRET",	    "SECRETS", "TOKEN",	     "CREDENTIAL",
					     "CREDENTIALS", "APIKEY",  NULL };
	static const char *const keys[] = { "API",     "ACCESS", "PRIVATE", "SECRET",
					    "ACCOUNT", "AUTH",	 "LICENSE", "ENCRYPTION",
					    "SIGNING", "MASTER", NULL };
	/* What follows the word makes it something else: where it is, what it is called, how long. */
	static const char *const ends[] = {
		"FILE",	   "PATH",	"DIR",	   "URL",      "URI",	     "NAME",	 "TYPE",
		"LENGTH",  "TTL",	"VERSION", "SHA256",   "SHA512",     "HEADER",	 "ENDPOINT",
		"ISSUER",  "ALGORITHM", "MODE",	   "EXPIRY",   "EXPIRATION", "PREFIX",	 "POLICY",
		"ENABLED", "REQUIRED",	"STORE",   "PROVIDER", "LIFETIME",   "CHECKSUM", NULL
	};
	struct str before = { 0 }, word = { 0 };
	bool found = false;
	if (str_eq_nocase(name, S("KEY")) || str_eq_nocase(name, S("GPG_KEY")))
		return false;
	while (name.n) {
		size_t end = 0;
		while (end < name.n && !strchr("_-.", name.p[end]))
			end++;
		before = word;
		word = str_upto(name, end);
		name = str_from(name, end + 1);
		found |= one_of(word, words) ||
			 (str_eq_nocase(word, S("KEY")) && one_of(before, keys));
		/* MYSQL_ROOTPASSWORD */
		found |= word.n > 8 && str_eq_nocase(str_from(word, word.n - 8), S("PASSWORD"));
	}
	return found && !one_of(word, ends);
}

bool image_secret_value(struct str v)
{
	static const char *const switches[] = { "true", "false", "yes",	   "no",
						"on",	"off",	 "none",   "null",
						"0",	"1",	 "random", "changeme-at-start",
						NULL };
	if (v.n >= 2 && (v.p[0] == '"' || v.p[0] == '\'') && v.p[v.n - 1] == v.p[0])
		v = (struct str){ v.p + 1, v.n - 2 };
	return v.n && v.p[0] != '/' && v.p[0] != '$' && !str_starts(v, S("./")) &&
	       !one_of(v, switches);
}

bool image_is_latest(struct str name)
{
	if (name.n == 0 || str_find_char(name, '@') >= 0)
		return false;
	struct str last = str_from(name, (size_t)(str_rfind_char(name, '/') + 1));
	ssize_t colon = str_rfind_char(last, ':');
	return colon < 0 ? !str_eq(last, S("scratch"))
			 : str_eq(str_from(last, (size_t)colon + 1), S("latest"));
}

/* The configuration */
static bool is_root(struct str user)
{
	struct str name = str_cut(&user, ':');
	uint64_t uid;
	return name.n == 0 || str_eq(name, S("root")) ||
	       (str_to_u64(name, UINT64_MAX, &uid) && uid == 0);
}

static void check_user(struct image_judge *j)
{
	struct str user = j->inv->image->cfg.user;
	if (str_eq(j->inv->platform.os, S("windows")))
		return;
	if (user.n == 0)
		image_fail(j, IMAGE_ROOT, -1, S(""), "no USER is set, so it is root");
	else if (is_root(user))
		image_fail(j, IMAGE_ROOT, -1, S(""), "USER is %.*s", STR(str_upto(user, 64)));
}

static void check_environment(struct image_judge *j)
{
	JSON_EACH(child, json_get(j->config, "Env"))
	{
		struct str value = json_str(child), name = str_cut(&value, '=');
		if (name.n == 0 || !image_secret_name(name) || !image_secret_value(value))
			continue;
		void **told = map_at(&j->variables, arena_str(j->a, name));
		if (*told)
			continue;
		*told = j;
		image_fail(j, IMAGE_ENV_SECRET, -1, S(""), "the variable %.*s is set",
			   STR(str_upto(name, 100)));
	}
}

static void check_health(struct image_judge *j)
{
	const struct json *health = json_get(j->config, "Healthcheck");
	const struct json *test = json_get(health, "Test");
	if (!json_is_object(health))
		image_fail(j, IMAGE_HEALTHCHECK, -1, S(""), "none is set");
	else if (str_eq(json_str(json_first(test)), S("NONE")))
		image_fail(j, IMAGE_HEALTHCHECK, -1, S(""), "it is switched off (NONE)");
}

static void check_ports(struct image_judge *j)
{
	JSON_EACH(child, json_get(j->config, "ExposedPorts"))
	{
		struct str rest = json_key(child), port = str_cut(&rest, '/');
		struct str low = str_cut(&port, '-');
		uint64_t from, to;
		if (!str_to_u64(low, UINT64_MAX, &from) ||
		    !str_to_u64(port.n ? port : low, UINT64_MAX, &to) || from < 1 ||
		    to > PORT_MAX || from > to)
			image_fail(j, IMAGE_PORT_RANGE, -1, S(""), "EXPOSE %.*s",
				   STR(str_upto(json_key(child), 64)));
		else if (from <= 22 && to >= 22 && !str_eq(rest, S("udp")))
			image_fail(j, IMAGE_PORT_22, -1, S(""), "EXPOSE %.*s",
				   STR(str_upto(json_key(child), 64)));
	}
}

static void check_volumes(struct image_judge *j)
{
	static const char *const system[] = { "/dev", "/proc", "/sys", NULL };
	JSON_EACH(child, json_get(j->config, "Volumes"))
	{
		struct str path = json_key(child);
		while (path.n > 1 && path.p[path.n - 1] == '/')
			path.n--;
		if (one_of(path, system) || str_eq(path, S("/")))
			image_fail(j, IMAGE_VOLUME, -1, S(""), "VOLUME %.*s", STR(path));
	}
}

static void check_working_folder(struct image_judge *j)
{
	static const char *const system[] = { "/proc",	     "/boot", "/dev", "/initrd",
					      "/lost+found", "/sys",  NULL };
	struct str path = json_get_str(j->config, "WorkingDir");
	if (path.n == 0 || str_eq(j->inv->platform.os, S("windows")))
		return;
	if (path.p[0] != '/') {
		image_fail(j, IMAGE_WORKDIR_RELATIVE, -1, S(""), "WORKDIR %.*s",
			   STR(str_upto(path, 200)));
		return;
	}
	struct str rest = str_from(path, 1), first = str_cut(&rest, '/');
	if (one_of((struct str){ path.p, first.n + 1 }, system))
		image_fail(j, IMAGE_WORKDIR_SYSTEM, -1, S(""), "WORKDIR %.*s",
			   STR(str_upto(path, 200)));
}

static void check_age(struct image_judge *j)
{
	int64_t created;
	if (!time_parse(j->inv->image->cfg.created, &created) || created < FIRST_IMAGE ||
	    j->o->now - created < OLD_DAYS * INT64_C(86400))
		return;
	image_fail(j, IMAGE_AGE, -1, S(""), "it was made %lld days ago",
		   (long long)((j->o->now - created) / 86400));
}

/* How it was asked for. Archives and layouts are files that somebody chose. */
static void check_name(struct image_judge *j)
{
	struct str name = j->inv->target;
	if (str_find_char(j->inv->reference, '/') < 0 || str_find_char(name, '@') >= 0)
		return;
	if (image_is_latest(name))
		image_fail(j, IMAGE_LATEST, -1, S(""), "%.*s", STR(str_upto(name, 300)));
	if (!j->o->content_trust)
		image_fail(j, IMAGE_CONTENT_TRUST, -1, S(""), "%.*s names no digest",
			   STR(str_upto(name, 300)));
}

static void check_base(struct image_judge *j)
{
	const struct base_image *base = &j->inv->base;
	if (base->digest.n == 0 && image_is_latest(base->name))
		image_fail(j, IMAGE_LATEST_BASE, -1, S(""), "FROM %.*s",
			   STR(str_upto(base->name, 300)));
}

static int by_check(const void *a, const void *b)
{
	const struct config_finding *x = a, *y = b;
	if (x->check != y->check)
		return x->check < y->check ? -1 : 1;
	if (x->layer != y->layer)
		return x->layer < y->layer ? -1 : 1;
	int r = str_cmp(x->path, y->path);
	return r ? r : x->line < y->line ? -1 : x->line > y->line;
}

static void check_image(struct image_judge *j)
{
	struct json *root CLEANUP(cleanup_json) = NULL;
	struct err ignored;
	/* It was parsed before; a second failure would find no configuration, which fails the first check. */
	if (json_parse(j->inv->image->cfg.raw, &root, &ignored) == 0)
		j->config = json_get(root, "config");
	image_history_read(j->a, &j->inv->image->cfg, &j->history);
	check_user(j);
	check_environment(j);
	check_health(j);
	check_ports(j);
	check_volumes(j);
	check_working_folder(j);
	check_age(j);
	check_name(j);
	check_base(j);
	image_check_build(j);
	j->config = NULL;
}

void image_check(const struct inventory *inv, const struct image_check_options *o, struct arena *a,
		 struct config_finding **out, size_t *n)
{
	struct image_judge j = { .inv = inv, .o = o, .a = a };
	map_init(&j.variables, a);
	if (inv->image)
		check_image(&j);
	image_check_files(&j);
	if (j.n)
		qsort(j.v, j.n, sizeof *j.v, by_check);
	*out = j.v;
	*n = j.n;
}
