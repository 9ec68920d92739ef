/* lazaret: the command line. Finds the command, reads its options, runs it. */
#include "cmd/command.h"

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define COMMAND(name) extern const struct command command_##name;
#include "cmd/commands.def"
#undef COMMAND

const struct command *const commands[] = {
#define COMMAND(name) &command_##name,
#include "cmd/commands.def"
#undef COMMAND
	NULL,
};

const struct option global_options[] = {
	{ "config", 'c', "FILE", "FILE", false, false, "settings file" },
	{ "cache-dir", 0, "DIR", "DIR", false, false, "folder for layer records and the database" },
	{ "db-dir", 0, "DIR", "DIR", false, false, "folder of the advisory database" },
	{ "quiet", 'q', NULL, NULL, false, false, "only results and errors" },
	{ "help", 'h', NULL, NULL, false, false, "print the manual of the command" },
	{ 0 },
};

const struct command *command_find(struct str name)
{
	for (size_t i = 0; commands[i]; i++)
		if (str_eq(str_of(commands[i]->name), name))
			return commands[i];
	return NULL;
}

/* Texts hold what registries and signatures say of themselves. */
__attribute__((format(printf, 1, 0))) static void shown(const char *fmt, va_list ap)
{
	struct arena arena CLEANUP(arena_done) = { 0 };
	struct buf b CLEANUP(buf_done) = { 0 };
	buf_add_shown(&b, arena_vprintf(&arena, fmt, ap));
	fprintf(stderr, "%s\n", buf_cstr(&b));
}

int fail(const struct args *a, const struct err *e)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	buf_add_shown(&b, str_of(e->text));
	fprintf(stderr, "lazaret %s: %s\n", a->command->name, buf_cstr(&b));
	return EXIT_FAILED;
}

int usage(const struct args *a, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	fprintf(stderr, "lazaret %s: ", a->command->name);
	shown(fmt, ap);
	fprintf(stderr, "Try 'lazaret help %s'.\n", a->command->name);
	va_end(ap);
	return EXIT_USAGE;
}

void say(const struct args *a, const char *fmt, ...)
{
	if (args_flag(a, "quiet"))
		return;
	va_list ap;
	va_start(ap, fmt);
	shown(fmt, ap);
	va_end(ap);
}

struct str cache_dir(const struct args *a)
{
	struct str named = args_str(a, "cache-dir");
	const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	if (named.n)
		return named;
	if (xdg && xdg[0] == '/')
		return arena_printf(a->arena, "%s/lazaret", xdg);
	if (home && home[0] == '/')
		return arena_printf(a->arena, "%s/.cache/lazaret", home);
	return S("/var/cache/lazaret");
}

struct str db_dir(const struct args *a)
{
	struct str named = args_str(a, "db-dir");
	return named.n ? named : arena_printf(a->arena, "%.*s/db", STR(cache_dir(a)));
}

bool parse_duration(struct str s, uint64_t *seconds)
{
	uint64_t total = 0;
	if (s.n == 0)
		return false;
	while (s.n) {
		size_t digits = 0;
		uint64_t v, unit = 1;
		while (digits < s.n && s.p[digits] >= '0' && s.p[digits] <= '9')
			digits++;
		if (!str_to_u64(str_upto(s, digits), 1000000, &v))
			return false;
		s = str_from(s, digits);
		if (s.n) {
			if (!strchr("smhd", s.p[0]))
				return false;
			unit = s.p[0] == 'd'   ? 86400
			       : s.p[0] == 'h' ? 3600
			       : s.p[0] == 'm' ? 60
					       : 1;
			s = str_from(s, 1);
		}
		total += v * unit;
	}
	*seconds = total;
	return true;
}

static int run(const struct command *c, int argc, char **argv)
{
	struct arena arena = { 0 };
	struct args args;
	struct err e = { 0 };
	int status;
	if (args_parse(&arena, c, argc, argv, &args, &e)) {
		fprintf(stderr, "lazaret %s: %s\nTry 'lazaret help %s'.\n", c->name, e.text,
			c->name);
		status = EXIT_USAGE;
	} else if (args_flag(&args, "help")) {
		fputs(help_text(c->name), stdout);
		status = EXIT_YES;
	} else {
		status = c->run(&args);
	}
	arena_done(&arena);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr, "lazaret %s: cannot write to standard output\n", c->name);
		status = EXIT_FAILED;
	}
	return status;
}

/* A standard stream that the starter closed would be the number of the next file we open, and the report would be written
 * into that. What stands in its place fails as a closed one does. */
static bool keep_standard_streams(void)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			return false;
	return true;
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	if (!keep_standard_streams())
		return EXIT_FAILED;
	if (argc < 2) {
		fputs(help_text(""), stderr);
		return EXIT_USAGE;
	}
	struct str name = str_of(argv[1]);
	if (str_eq(name, S("--version")) || str_eq(name, S("-v")))
		name = S("version");
	if (str_eq(name, S("--help")) || str_eq(name, S("-h")))
		name = S("help");
	const struct command *c = command_find(name);
	if (!c) {
		fprintf(stderr, "lazaret: there is no command '%s'\nTry 'lazaret help'.\n",
			argv[1]);
		return EXIT_USAGE;
	}
	return run(c, argc - 2, argv + 2);
}
