/* Subcommands and their options, as tables: parsing, environment names, settings file, completions and the test that
 * holds the man pages against them all read the same rows.
 *
 * To add a command:
 *   1. write cmd/NAME.c with a `const struct command command_NAME`;
 *   2. add COMMAND(NAME) to commands.def;
 *   3. write doc/lazaret-NAME.1; `lazaret help NAME` prints it.
 * A '_' in NAME is '-' in the command's name and its page. */
#ifndef LAZARET_CMD_COMMAND_H
#define LAZARET_CMD_COMMAND_H

#include "base/arena.h"
#include "base/err.h"

enum {
	EXIT_YES = 0, /* the verdict is yes, or nobody asked for one */
	EXIT_NO = 1, /* it is no, or unknown and that is not allowed */
	EXIT_USAGE = 2,
	EXIT_FAILED = 3, /* we failed, or ran out of time */
};

/* An option NAME is --NAME on the command line, LAZARET_NAME (upper case, '_' for '-') in the environment and
 * `NAME:` in the settings file, in this order of precedence. */
struct option {
	const char *name;
	char letter; /* 0: none */
	const char *argument; /* what stands for its value in usage lines; NULL: a switch */
	const char *choices; /* for completion: words, or "FILE", "DIR", "FORMATS"; NULL: none */
	bool repeats; /* several values; commas split them too where `list` */
	bool list;
	const char *text; /* a few words, for completions */
};

struct args;
struct command {
	const char *name, *text;
	const char *const *verbs; /* "update", "import": first argument; NULL: none */
	const struct option *options; /* ends with a NULL name; global ones come on top */
	int (*run)(const struct args *args); /* returns an exit status */
};

struct args {
	struct arena *arena;
	const struct command *command;
	struct strs words; /* arguments that are no options */
	struct arg {
		const struct option *option;
		struct strs values;
		const char
			*from; /* "--severity", "LAZARET_SEVERITY", "lazaret.yaml:3" for messages */
	} * all;
	size_t n_all;
};

extern const struct option global_options[];
extern const struct command *const commands[];
const struct command *command_find(struct str name);

/* Values of an option of this command; all are empty when it was not given anywhere. */
struct str args_str(const struct args *a, const char *name);
struct strs args_list(const struct args *a, const char *name);
bool args_flag(const struct args *a, const char *name);
bool args_has(const struct args *a, const char *name); /* does the command know such an option? */
const char *args_from(const struct args *a, const char *name);
/* A whole number 0..max; *out stays when the option was not given. ERR_INVALID. */
int args_number(const struct args *a, const char *name, uint64_t max, uint64_t *out, struct err *e);
/* The bytes of the file that an option names, at most max; *out stays when the option was not given. */
int args_file(const struct args *a, const char *name, size_t max, struct str *out, struct err *e);
/* The same of one path, of an option that repeats. */
int args_read(const struct args *a, const char *name, struct str path, size_t max, struct str *out,
	      struct err *e);
/* Reads command line, environment and settings file. ERR_INVALID is a usage error. */
int args_parse(struct arena *a, const struct command *c, int argc, char **argv, struct args *out,
	       struct err *e);
/* Adds what the settings file says to options that were not given; see settings.c. */
int settings_apply(struct args *args, struct err *e);

/* Prints "lazaret COMMAND: TEXT" and returns the exit status of the code: usage for a wrong word, failed otherwise. */
int fail(const struct args *a, const struct err *e);
int usage(const struct args *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A line for people on standard error, unless --quiet. */
void say(const struct args *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The man page of a command as text ("" : lazaret.1); NULL when there is none. */
const char *help_text(const char *command);
/* Folder for cached layers and the advisory database: --cache-dir, XDG_CACHE_HOME, ~/.cache. */
struct str cache_dir(const struct args *a);
struct str db_dir(const struct args *a);
/* "90", "90s", "5m", "1h30m" as seconds. */
bool parse_duration(struct str s, uint64_t *seconds);

#endif
