/* lazaret help [COMMAND]: the man pages, made into text and built in when the program is built. */
#include "cmd/command.h"
#include "help_pages.h"

#include <stdio.h>

const char *help_text(const char *command)
{
	for (size_t i = 0; help_pages[i].name; i++)
		if (strcmp(help_pages[i].name, command) == 0)
			return help_pages[i].text;
	return NULL;
}

static int run(const struct args *a)
{
	if (a->words.n > 1)
		return usage(a, "one command at a time");
	const char *name = a->words.n ? arena_cstr(a->arena, a->words.v[0]) : "";
	const char *text = help_text(name);
	if (!text)
		return usage(a, "there is no command '%s'", name);
	fputs(text, stdout);
	return EXIT_YES;
}

const struct command command_help = { "help", "print the manual of a command", NULL, NULL, run };
