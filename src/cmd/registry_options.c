/* The options of registry_options.def, read once for all commands. */
#include "cmd/registry_options.h"

#include "cmd/alarm.h"

#include <stdlib.h>
#include <unistd.h>

enum { PASSWORD_MAX = 64 * 1024 };

static int read_limits(const struct args *a, struct limits *l, struct err *e)
{
	struct strs v = args_list(a, "limit");
	limits_default(l);
	for (size_t i = 0; i < v.n; i++)
		if (limits_set(l, v.v[i], e))
			return err_in(e, "%s", args_from(a, "limit"));
	return 0;
}

/* The password from standard input, up to the first line end. */
static int read_password(const struct args *a, struct str *out, struct err *e)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	struct stream *in CLEANUP(cleanup_stream) = stream_fd(STDIN_FILENO, false, -1, UINT64_MAX);
	struct str line = { 0 };
	if (stream_read_all(in, PASSWORD_MAX, &b, e))
		return err_in(e, "read the password from standard input");
	struct str rest = str_buf(&b);
	str_line(&rest, &line);
	*out = arena_str(a->arena, line);
	return 0;
}

int registry_options_read(const struct args *a, struct source_options *o, struct err *e)
{
	uint64_t retries = 3;
	if (args_number(a, "retries", 100, &retries, e) || read_limits(a, &o->limits, e))
		return e->code;
	o->retries = (unsigned)retries;
	o->username = args_str(a, "username");
	o->insecure = args_flag(a, "insecure-registry") || args_flag(a, "allow-http-registry") ||
		      args_flag(a, "allow-insecure-registry");
	o->mirrors = args_list(a, "registry-mirror");
	if (args_flag(a, "password-stdin"))
		return read_password(a, &o->password, e);
	if (o->username.n)
		return err_set(e, ERR_INVALID, "--username wants --password-stdin");
	return 0;
}

int registry_attachments(const struct args *a, const struct source_options *o,
			 const struct source *s, struct source **other, struct err *e)
{
	const char *named = getenv("COSIGN_REPOSITORY");
	if (!named || !*named || strcmp(s->ops->scheme, "registry") != 0)
		return 0;
	struct str target = arena_printf(a->arena, "registry:%s", named);
	return source_open(target, o, other, e) ? err_in(e, "COSIGN_REPOSITORY") : 0;
}

static int resolve(const struct args *a, struct str platform, struct opened_image *o, struct err *e)
{
	struct platform want;
	struct image *images = NULL;
	size_t n = 0;
	if (!o->s->ops->resolve)
		return err_set(e, ERR_UNSUPPORTED, "%.*s: a %s holds no images", STR(o->s->target),
			       o->s->ops->scheme);
	if (!platform.n)
		return o->s->ops->resolve(o->s, &o->self, e) ? err_in(e, "%.*s", STR(o->s->target))
							     : 0;
	if (platform_parse(a->arena, platform, &want, e))
		return err_in(e, "--platform");
	int r = source_images(o->s, &want, a->arena, &images, &n, e);
	if (r == 0)
		o->self = images[0].self;
	return r;
}

int opened_image_open(const struct args *a, struct str target, struct str platform,
		      struct opened_image *out, bool *usage, struct err *e)
{
	*out = (struct opened_image){ 0 };
	int r = registry_options_read(a, &out->options, e);
	if (r == 0)
		r = alarm_start(a, e);
	*usage = r == ERR_INVALID;
	if (r || (r = source_open(target, &out->options, &out->s, e)) ||
	    (r = registry_attachments(a, &out->options, out->s, &out->other, e)))
		return r;
	out->attachments = out->other ? out->other : out->s;
	return resolve(a, platform, out, e);
}

void opened_image_close(struct opened_image *o)
{
	source_close(o->other);
	source_close(o->s);
	*o = (struct opened_image){ 0 };
}
