/* How an image was built: its configuration's history lines as Dockerfile instructions, and RUN lines as shell commands.
 * Everything lies in the given arena or in the configuration's own memory. */
#ifndef LAZARET_IAC_IMAGE_HISTORY_H
#define LAZARET_IAC_IMAGE_HISTORY_H

#include "oci/oci.h"

struct shell_command { /* a simple command of a shell line */
	struct strs words; /* without quotes around a whole word; words[0] is the program */
	bool piped; /* its output goes to the next command */
};

struct history_step {
	struct str keyword; /* "RUN", "ADD", "ENV", ... in upper case; empty: not one we can read */
	struct str args; /* what follows, without builders' decoration; of RUN the shell line */
	struct strs build_args; /* NAME=VALUE that RUN was given */
	struct str shell; /* of RUN: the shell it ran in, "/bin/sh -c"; empty: none said */
	struct shell_command *commands; /* of RUN */
	size_t n_commands, commands_cap;
	ssize_t layer; /* the layer it made; -1: none */
};

struct image_history {
	struct history_step *steps; /* one a history line, in order */
	size_t n;
};

void image_history_read(struct arena *a, const struct image_config *c, struct image_history *out);
/* Simple commands of a shell line: parted at ; & | && || and line ends outside quotes; leading assignments, reserved words
 * ("if", "then", "{", "!") and wrappers ("exec", "env", "eatmydata") are left out. Never fails: what it cannot make sense
 * of is words. */
void shell_commands(struct arena *a, struct str line, struct history_step *out);
/* The word is there, at any place behind the program. */
bool shell_has(const struct shell_command *c, const char *word);
/* The first word behind the program that is no option; empty when there is none. */
struct str shell_verb(const struct shell_command *c);

#endif
