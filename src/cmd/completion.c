/* lazaret completion bash|zsh|fish: completions written from the command tables. */
#include "cmd/command.h"
#include "report/format.h"

#include <stdio.h>

enum { COMMANDS_MAX = 100 };

static const char *const verbs[] = { "bash", "zsh", "fish", NULL };

/* First words of a command; those of help are the commands. `names` has room for them. */
static const char *const *verbs_of(const struct command *c, const char *names[COMMANDS_MAX])
{
	static const char *const none[] = { NULL };
	size_t n = 0;
	if (c->verbs)
		return c->verbs;
	if (strcmp(c->name, "help") != 0)
		return none;
	for (; commands[n] && n + 1 < COMMANDS_MAX; n++)
		names[n] = commands[n]->name;
	names[n] = NULL;
	return names;
}

/* Calls put for the command's own options and for the global ones. */
static void each_option(const struct command *c,
			void (*put)(const struct command *, const struct option *))
{
	for (const struct option *o = c->options; o && o->name; o++)
		put(c, o);
	for (const struct option *o = global_options; o->name; o++)
		put(c, o);
}

static void put_plain(const struct command *c, const struct option *o)
{
	(void)c;
	printf(" --%s%s", o->name, o->argument ? "=" : "");
}

/* The words of an option's choices; "FORMATS" are those of the list of formats. */
static void put_choices(const struct option *o)
{
	if (strcmp(o->choices, "FORMATS") != 0) {
		printf("%s", o->choices);
		return;
	}
	for (size_t i = 0, n = 0; formats[i]; i++)
		if (formats[i]->write)
			printf("%s%s", n++ ? " " : "", formats[i]->name);
}

static void bash_values(const struct option *o)
{
	for (; o && o->name; o++) {
		if (!o->choices)
			continue;
		printf("\t--%s", o->name);
		if (o->letter)
			printf("|-%c", o->letter);
		if (strcmp(o->choices, "FILE") == 0)
			puts(") compopt -o default; COMPREPLY=(); return ;;");
		else if (strcmp(o->choices, "DIR") == 0)
			puts(") COMPREPLY=($(compgen -d -- \"$cur\")); return ;;");
		else {
			printf(") COMPREPLY=($(compgen -W '");
			put_choices(o);
			puts("' -- \"$cur\")); return ;;");
		}
	}
}

static void bash(void)
{
	puts("# bash completion for lazaret\n_lazaret() {\n\tlocal cur prev words cword\n"
	     "\tcur=${COMP_WORDS[COMP_CWORD]}; prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	     "\t[ \"$cur\" = = ] && cur=\n"
	     "\t[ \"$prev\" = = ] && prev=${COMP_WORDS[COMP_CWORD-2]}");
	printf("\tif [ \"$COMP_CWORD\" = 1 ]; then COMPREPLY=($(compgen -W '");
	for (size_t i = 0; commands[i]; i++)
		printf("%s ", commands[i]->name);
	puts("' -- \"$cur\")); return; fi\n\tcase $prev in");
	for (size_t i = 0; commands[i]; i++)
		bash_values(commands[i]->options);
	bash_values(global_options);
	puts("\tesac\n\tcase ${COMP_WORDS[1]} in");
	for (size_t i = 0; commands[i]; i++) {
		printf("\t%s) COMPREPLY=($(compgen -o default -W '", commands[i]->name);
		const char *names[COMMANDS_MAX];
		for (const char *const *v = verbs_of(commands[i], names); *v; v++)
			printf(" %s", *v);
		each_option(commands[i], put_plain);
		puts("' -- \"$cur\")) ;;");
	}
	puts("\tesac\n\tcase ${COMPREPLY[0]} in *=) compopt -o nospace ;; esac\n}\ncomplete -F "
	     "_lazaret lazaret");
}

/* Text inside single quotes: what stands for a quote, and what each character of `marked` is put behind. */
static void put_text(const char *text, const char *quote, const char *marked)
{
	for (; *text; text++)
		if (*text == '\'')
			fputs(quote, stdout);
		else
			printf("%s%c", strchr(marked, *text) ? "\\" : "", *text);
}

static void zsh_text(const char *text)
{
	put_text(text, "'\\''", "[]:\\");
}

static void fish_text(const char *text)
{
	put_text(text, "\\'", "\\");
}

static void zsh_option(const struct command *c, const struct option *o)
{
	(void)c;
	printf("\t\t\t'%s--%s%s[", o->repeats ? "*" : "", o->name, o->argument ? "=" : "");
	zsh_text(o->text);
	putchar(']');
	if (o->argument) {
		if (!o->choices)
			printf(":%s:", o->argument);
		else if (strcmp(o->choices, "FILE") == 0)
			printf(":file:_files");
		else if (strcmp(o->choices, "DIR") == 0)
			printf(":folder:_files -/");
		else {
			printf(":%s:(", o->name);
			put_choices(o);
			printf(")");
		}
	}
	puts("' \\");
}

static void zsh(void)
{
	puts("#compdef lazaret\n_lazaret() {\n\tlocal -a commands\n\tcommands=(");
	for (size_t i = 0; commands[i]; i++) {
		printf("\t\t'%s:", commands[i]->name);
		zsh_text(commands[i]->text);
		puts("'");
	}
	puts("\t)\n\tif (( CURRENT == 2 )); then _describe command commands; return; fi\n\tcase "
	     "$words[2] in");
	for (size_t i = 0; commands[i]; i++) {
		printf("\t%s) _arguments -s : \\\n", commands[i]->name);
		each_option(commands[i], zsh_option);
		printf("\t\t\t'2:argument:");
		const char *names[COMMANDS_MAX];
		const char *const *v = verbs_of(commands[i], names);
		if (*v) {
			printf("(");
			for (; *v; v++)
				printf("%s ", *v);
			printf(")'");
		} else {
			printf("_files'");
		}
		puts(" '*:argument:_files' ;;");
	}
	puts("\tesac\n}\ncompdef _lazaret lazaret");
}

static void fish_option(const struct command *c, const struct option *o)
{
	printf("complete -c lazaret -n '__fish_seen_subcommand_from %s' -l %s", c->name, o->name);
	if (o->letter)
		printf(" -s %c", o->letter);
	if (o->choices && strcmp(o->choices, "FILE") == 0)
		printf(" -r -F");
	else if (o->choices && strcmp(o->choices, "DIR") == 0)
		printf(" -x -a '(__fish_complete_directories)'");
	else if (o->choices) {
		printf(" -x -a '");
		put_choices(o);
		printf("'");
	} else if (o->argument)
		printf(" -x");
	fputs(" -d '", stdout);
	fish_text(o->text);
	puts("'");
}

static void fish(void)
{
	puts("# fish completion for lazaret");
	for (size_t i = 0; commands[i]; i++) {
		const struct command *c = commands[i];
		printf("complete -c lazaret -n __fish_use_subcommand -a %s -d '", c->name);
		fish_text(c->text);
		puts("'");
		const char *names[COMMANDS_MAX];
		for (const char *const *v = verbs_of(c, names); *v; v++)
			printf("complete -c lazaret -n '__fish_seen_subcommand_from %s' -a %s\n",
			       c->name, *v);
		each_option(c, fish_option);
	}
}

static int run(const struct args *a)
{
	struct str shell = a->words.n == 1 ? a->words.v[0] : S("");
	if (str_eq(shell, S("bash")))
		bash();
	else if (str_eq(shell, S("zsh")))
		zsh();
	else if (str_eq(shell, S("fish")))
		fish();
	else
		return usage(a, "wanted: completion bash, zsh or fish");
	return EXIT_YES;
}

const struct command command_completion = { "completion", "print completions for a shell", verbs,
					    NULL, run };
