/* Command lines: GNU style (--name=value, --name value, -n value, -nvalue, -abc for switches, "--" ends options), then the
 * environment, then the settings file. */
#include "base/stream.h"
#include "cmd/command.h"
#include "cmd/foreign_options.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>

static struct arg *find_arg(const struct args *a, struct str name)
{
	for (size_t i = 0; i < a->n_all; i++)
		if (str_eq(str_of(a->all[i].option->name), name))
			return &a->all[i];
	return NULL;
}

static struct arg *find_letter(const struct args *a, char letter)
{
	for (size_t i = 0; i < a->n_all; i++)
		if (a->all[i].option->letter == letter)
			return &a->all[i];
	return NULL;
}

static size_t count_options(const struct option *o)
{
	size_t n = 0;
	while (o && o[n].name)
		n++;
	return n;
}

static void list_options(struct args *a)
{
	size_t n_own = count_options(a->command->options), n_global = count_options(global_options);
	a->all = arena_array(a->arena, n_own + n_global, sizeof *a->all);
	for (size_t i = 0; i < n_own; i++)
		a->all[a->n_all++].option = &a->command->options[i];
	for (size_t i = 0; i < n_global; i++)
		a->all[a->n_all++].option = &global_options[i];
}

static void add_value(struct args *a, struct arg *arg, struct str value)
{
	if (!arg->option->repeats)
		arg->values.n = 0;
	if (!arg->option->list) {
		*ARENA_PUSH(a->arena, arg->values.v, arg->values.n, arg->values.cap) = value;
		return;
	}
	while (value.n) {
		struct str one = str_trim(str_cut(&value, ','));
		if (one.n)
			*ARENA_PUSH(a->arena, arg->values.v, arg->values.n, arg->values.cap) = one;
	}
}

/* An option that cosign or notation has and this command does not; signing and verifying know those. *arg is ours when
 * it is only named otherwise; else what there is of it is taken. */
static int other_option(struct args *a, struct str name, const struct str *given, int argc, int *i,
			char **argv, struct arg **arg, struct err *e)
{
	bool ours = (args_has(a, "trusted-root") || args_has(a, "allow-insecure-registry")) &&
		    !args_has(a, "severity");
	const struct foreign_option *f = ours ? foreign_option_find(name) : NULL;
	if (f && f->same)
		*arg = find_arg(a, str_of(f->same));
	if (*arg)
		return 0;
	if (!f || f->same)
		return err_set(e, ERR_INVALID, "there is no option --%.*s", STR(name));
	if (given)
		return foreign_option_check(f, *given, e);
	bool next = f->value && *i + 1 < argc;
	return foreign_option_check(f, next ? str_of(argv[++*i]) : S("true"), e);
}

static int long_option(struct args *a, struct str word, int argc, char **argv, int *i,
		       struct err *e)
{
	bool has_value = str_find_char(word, '=') >= 0;
	struct str value = word;
	struct str name = str_cut(&value, '=');
	struct arg *arg = find_arg(a, name);
	if (!arg) {
		int r = other_option(a, name, has_value ? &value : NULL, argc, i, argv, &arg, e);
		if (r || !arg)
			return r;
	}
	arg->from = arena_printf(a->arena, "--%.*s", STR(name)).p;
	if (!arg->option->argument) {
		if (has_value && !str_eq(value, S("true")) && !str_eq(value, S("false")))
			return err_set(e, ERR_INVALID, "--%s takes no value", arg->option->name);
		add_value(a, arg, has_value ? value : S("true"));
		return 0;
	}
	if (!has_value) {
		if (*i + 1 >= argc)
			return err_set(e, ERR_INVALID, "--%s wants a value (%s)", arg->option->name,
				       arg->option->argument);
		value = str_of(argv[++*i]);
	}
	add_value(a, arg, value);
	return 0;
}

static int short_options(struct args *a, const char *word, int argc, char **argv, int *i,
			 struct err *e)
{
	for (const char *p = word; *p; p++) {
		struct arg *arg = find_letter(a, *p);
		if (!arg && *p == 't' && args_has(a, "allow-insecure-registry"))
			arg = find_arg(a, S("timeout")); /* cosign's letter */
		if (!arg)
			return err_set(e, ERR_INVALID, "there is no option -%c", *p);
		arg->from = arena_printf(a->arena, "-%c", *p).p;
		if (!arg->option->argument) {
			add_value(a, arg, S("true"));
			continue;
		}
		if (p[1]) {
			add_value(a, arg, str_of(p[1] == '=' ? p + 2 : p + 1));
			return 0;
		}
		if (*i + 1 >= argc)
			return err_set(e, ERR_INVALID, "-%c wants a value (%s)", *p,
				       arg->option->argument);
		add_value(a, arg, str_of(argv[++*i]));
		return 0;
	}
	return 0;
}

static void read_environment(struct args *a)
{
	for (size_t i = 0; i < a->n_all; i++) {
		struct arg *arg = &a->all[i];
		char *name = arena_cstr(a->arena,
					arena_printf(a->arena, "LAZARET_%s", arg->option->name));
		for (char *p = name; *p; p++)
			*p = *p == '-' ? '_' : (char)toupper((unsigned char)*p);
		const char *value = getenv(name);
		if (!value || arg->from)
			continue;
		arg->from = name;
		add_value(a, arg, str_of(value));
	}
}

static int check_values(const struct args *a, struct err *e)
{
	for (size_t i = 0; i < a->n_all; i++) {
		const struct arg *arg = &a->all[i];
		if (arg->option->argument || !arg->values.n)
			continue;
		struct str v = arg->values.v[0];
		if (!str_eq(v, S("true")) && !str_eq(v, S("false")) && !str_eq(v, S("1")) &&
		    !str_eq(v, S("0")))
			return err_set(e, ERR_INVALID, "%s: '%.*s' is neither true nor false",
				       arg->from, STR(v));
	}
	return 0;
}

int args_parse(struct arena *arena, const struct command *c, int argc, char **argv,
	       struct args *out, struct err *e)
{
	*out = (struct args){ .arena = arena, .command = c };
	list_options(out);
	bool options_end = false;
	for (int i = 0; i < argc; i++) {
		struct str word = str_of(argv[i]);
		int r = 0;
		if (options_end || word.n < 2 || word.p[0] != '-')
			*ARENA_PUSH(arena, out->words.v, out->words.n, out->words.cap) = word;
		else if (str_eq(word, S("--")))
			options_end = true;
		else if (word.p[1] == '-')
			r = long_option(out, str_from(word, 2), argc, argv, &i, e);
		else
			r = short_options(out, argv[i] + 1, argc, argv, &i, e);
		if (r)
			return r;
	}
	read_environment(out);
	int r = settings_apply(out, e);
	return r ? r : check_values(out, e);
}

bool args_has(const struct args *a, const char *name)
{
	return find_arg(a, str_of(name)) != NULL;
}

struct strs args_list(const struct args *a, const char *name)
{
	const struct arg *arg = find_arg(a, str_of(name));
	if (!arg)
		abort();
	return arg->values;
}

struct str args_str(const struct args *a, const char *name)
{
	struct strs v = args_list(a, name);
	return v.n ? v.v[v.n - 1] : (struct str){ 0 };
}

bool args_flag(const struct args *a, const char *name)
{
	struct str v = args_str(a, name);
	return str_eq(v, S("true")) || str_eq(v, S("1"));
}

const char *args_from(const struct args *a, const char *name)
{
	const struct arg *arg = find_arg(a, str_of(name));
	return arg && arg->from ? arg->from : name;
}

int args_number(const struct args *a, const char *name, uint64_t max, uint64_t *out, struct err *e)
{
	struct str s = args_str(a, name);
	if (s.n && !str_to_u64(s, max, out))
		return err_set(e, ERR_INVALID, "%s: '%.*s' is no number from 0 to %llu",
			       args_from(a, name), STR(s), (unsigned long long)max);
	return 0;
}

int args_read(const struct args *a, const char *name, struct str path, size_t max, struct str *out,
	      struct err *e)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	int fd = open(arena_cstr(a->arena, path), O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "%s: open %.*s", args_from(a, name), STR(path));
	struct stream *in CLEANUP(cleanup_stream) = stream_fd(fd, true, -1, UINT64_MAX);
	if (stream_read_all(in, max, &b, e))
		return err_in(e, "%s: read %.*s", args_from(a, name), STR(path));
	*out = arena_str(a->arena, str_buf(&b));
	return 0;
}

int args_file(const struct args *a, const char *name, size_t max, struct str *out, struct err *e)
{
	struct str path = args_str(a, name);
	return path.n ? args_read(a, name, path, max, out, e) : 0;
}
