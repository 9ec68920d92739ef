/* The settings file: --config FILE, else LAZARET_CONFIG, else the first of ./lazaret.yaml,
 * $XDG_CONFIG_HOME/lazaret/lazaret.yaml (~/.config), /etc/lazaret/lazaret.yaml. Its keys are the names of options; those
 * of one command may stand under the command's name. An unknown key is an error with its line. */
#include "base/yaml.h"
#include "base/stream.h"
#include "cmd/command.h"

#include <fcntl.h>
#include <stdlib.h>

static int read_file(const char *path, struct buf *out, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open settings file %s", path);
	struct stream *s = stream_fd(fd, true, -1, UINT64_MAX);
	int r = stream_read_all(s, YAML_BYTES_MAX, out, e);
	stream_close(s);
	return r ? err_in(e, "%s", path) : 0;
}

static struct arg *find_arg(const struct args *a, struct str name)
{
	for (size_t i = 0; i < a->n_all; i++)
		if (str_eq(str_of(a->all[i].option->name), name))
			return &a->all[i];
	return NULL;
}

/* An option of some other command: known, not ours. */
static bool known_elsewhere(struct str name)
{
	for (size_t i = 0; commands[i]; i++)
		for (const struct option *o = commands[i]->options; o && o->name; o++)
			if (str_eq(str_of(o->name), name))
				return true;
	return false;
}

static void set_value(struct args *a, struct arg *arg, struct str value)
{
	*ARENA_PUSH(a->arena, arg->values.v, arg->values.n, arg->values.cap) = value;
}

static int set_option(struct args *a, struct arg *arg, const struct yaml *y, const char *path,
		      struct err *e)
{
	arg->from = arena_printf(a->arena, "%s:%u", path, y->line).p;
	if (y->kind == YAML_SCALAR) {
		struct str rest = y->value;
		while (arg->option->list && str_find_char(rest, ',') >= 0)
			set_value(a, arg, str_trim(str_cut(&rest, ',')));
		set_value(a, arg, str_trim(rest));
		return 0;
	}
	if (!arg->option->repeats)
		return err_set(e, ERR_INVALID, "%s:%u: '%s' takes one value", path, y->line,
			       arg->option->name);
	for (const struct yaml *c = y->first; c; c = c->next) {
		if (c->kind != YAML_SCALAR)
			return err_set(e, ERR_INVALID, "%s:%u: '%s' takes plain values", path,
				       c->line, arg->option->name);
		/* A map under a repeating option ("limit: {layers: 100}") reads as NAME=VALUE. */
		set_value(a, arg,
			  y->kind == YAML_MAP
				  ? arena_printf(a->arena, "%.*s=%.*s", STR(c->key), STR(c->value))
				  : c->value);
	}
	return 0;
}

static int apply_map(struct args *a, const struct yaml *map, bool own, const char *path,
		     struct err *e)
{
	for (const struct yaml *y = map->first; y; y = y->next) {
		struct arg *arg = find_arg(a, y->key);
		const struct command *section = own ? NULL : command_find(y->key);
		if (section && y->kind == YAML_MAP) {
			int r = section == a->command ? apply_map(a, y, true, path, e) : 0;
			if (r)
				return r;
			continue;
		}
		if (!arg && (own || !known_elsewhere(y->key)))
			return err_set(e, ERR_INVALID, "%s:%u: there is no setting '%.*s'", path,
				       y->line, STR(y->key));
		if (!arg || arg->from)
			continue;
		int r = set_option(a, arg, y, path, e);
		if (r)
			return r;
	}
	return 0;
}

/* The file to read, or NULL. A named one must be there. */
static const char *settings_path(struct args *a)
{
	struct str named = args_str(a, "config");
	if (named.n)
		return arena_cstr(a->arena, named);
	const char *home = getenv("HOME"), *xdg = getenv("XDG_CONFIG_HOME");
	const char *places[3] = { "lazaret.yaml", NULL, "/etc/lazaret/lazaret.yaml" };
	if (xdg && xdg[0] == '/')
		places[1] = arena_printf(a->arena, "%s/lazaret/lazaret.yaml", xdg).p;
	else if (home)
		places[1] = arena_printf(a->arena, "%s/.config/lazaret/lazaret.yaml", home).p;
	for (size_t i = 0; i < COUNT(places); i++)
		if (places[i] && access(places[i], F_OK) == 0)
			return places[i];
	return NULL;
}

int settings_apply(struct args *a, struct err *e)
{
	const char *path = settings_path(a);
	struct yaml *root = NULL;
	struct buf text = { 0 };
	if (!path)
		return 0;
	int r = read_file(path, &text, e);
	if (r == 0 && (r = yaml_parse(a->arena, str_buf(&text), &root, e)))
		err_in(e, "%s", path);
	buf_done(&text);
	if (r)
		return r;
	if (root->kind != YAML_MAP)
		return err_set(e, ERR_INVALID, "%s: settings are written as 'name: value' lines",
			       path);
	return apply_map(a, root, false, path, e);
}
