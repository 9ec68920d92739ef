/* History lines of image configurations (OCI image specification 1.1, config.md, "history"): free text by specification,
 * in fact one of a few forms.
 *
 *	legacy builder, podman   /bin/sh -c #(nop)  CMD ["x"]        |1 A=b /bin/sh -c apt-get update
 *	BuildKit                 CMD ["x"]     RUN |1 A=b /bin/sh -c apt-get update # buildkit
 *	kaniko                   RUN apt-get update
 *
 * A line of another form (Bazel, Jib, ko) has no keyword and is not judged. A hostile line may be megabytes of separators
 * or open quotes: every line is walked once, and words are borrowed from it. Here documents and command substitutions are
 * read as the text they are. */
#include "iac/image_history.h"

static const char *const keywords[] = { "ADD",	       "ARG",	  "CMD",	"COPY",
					"ENTRYPOINT",  "ENV",	  "EXPOSE",	"FROM",
					"HEALTHCHECK", "LABEL",	  "MAINTAINER", "ONBUILD",
					"RUN",	       "SHELL",	  "STOPSIGNAL", "USER",
					"VOLUME",      "WORKDIR", NULL };

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f';
}

static bool one_of(struct str s, const char *const *list)
{
	for (; *list; list++)
		if (str_eq(s, str_of(*list)))
			return true;
	return false;
}

/* The keyword at the beginning, in our own spelling; empty when there is none. */
static struct str take_keyword(struct str *s)
{
	struct str rest = *s, word = { 0 };
	if (!str_word(&rest, &word))
		return word;
	for (size_t i = 0; keywords[i]; i++) {
		if (str_eq_nocase(word, str_of(keywords[i]))) {
			*s = str_trim(rest);
			return str_of(keywords[i]);
		}
	}
	return S("");
}

/* "|2 A=b C=d e" in front of a command: names with values, which may hold spaces. The shell that follows begins with
 * '/', so that a value ends before the next NAME= or before " /". */
static void take_build_args(struct arena *a, struct str *s, struct strs *out)
{
	struct str rest = str_from(*s, 1), word;
	uint64_t count;
	if (s->n == 0 || s->p[0] != '|' || !str_word(&rest, &word) ||
	    !str_to_u64(word, 10000, &count))
		return;
	for (; count; count--) {
		struct str next = rest;
		if (!str_word(&next, &word) || str_find_char(word, '=') <= 0)
			break;
		*ARENA_PUSH(a, out->v, out->n, out->cap) = word;
		rest = next;
	}
	/* What is left of values with spaces. */
	ssize_t shell = str_find(rest, S("/bin/"));
	*s = str_trim(shell > 0 ? str_from(rest, (size_t)shell) : rest);
}

/* "/bin/bash -o pipefail -c COMMAND": the shell and its options, up to -c (or an exec form's end). */
static struct str take_shell(struct str *s)
{
	static const char *const dash_c[] = { "-c",   "-ec", "-xc", "-exc", "-euxc",	"-lc",
					      "-euc", "-eo", "/c",  "/C",   "-Command", NULL };
	struct str rest = *s, word = { 0 };
	if (!str_word(&rest, &word))
		return S("");
	struct str name = str_from(word, (size_t)(str_rfind_char(word, '/') + 1));
	static const char *const shells[] = { "sh",	 "bash",       "ash",	  "dash",
					      "zsh",	 "ksh",	       "busybox", "cmd",
					      "cmd.exe", "powershell", "pwsh",	  NULL };
	if (!one_of(name, shells))
		return S("");
	for (unsigned i = 0; i < 8 && str_word(&rest, &word); i++) {
		if (!one_of(word, dash_c) || str_eq(word, S("-eo")))
			continue;
		struct str shell = { s->p, (size_t)(word.p + word.n - s->p) };
		*s = str_trim(rest);
		return shell;
	}
	return S("");
}

static void read_run(struct arena *a, struct history_step *step)
{
	take_build_args(a, &step->args, &step->build_args);
	step->shell = take_shell(&step->args);
	shell_commands(a, step->args, step);
}

static void read_line(struct arena *a, struct str line, struct history_step *step)
{
	static const struct str buildkit = { "# buildkit", 10 };
	line = str_trim(line);
	if (str_ends(line, buildkit))
		line = str_trim(str_upto(line, line.n - buildkit.n));
	ssize_t nop = str_find(line, S("#(nop)"));
	if (nop >= 0 && nop < 200) {
		line = str_trim(str_from(line, (size_t)nop + 6));
		step->keyword = take_keyword(&line);
		step->args = line;
		return;
	}
	step->keyword = take_keyword(&line);
	step->args = line;
	if (step->keyword.n == 0) {
		/* The legacy builder's RUN says no RUN. */
		struct history_step run = { .args = line };
		read_run(a, &run);
		if (run.shell.n) {
			run.keyword = S("RUN");
			run.layer = step->layer;
			*step = run;
		}
	} else if (str_eq(step->keyword, S("RUN"))) {
		read_run(a, step);
	}
}

void image_history_read(struct arena *a, const struct image_config *c, struct image_history *out)
{
	struct history_step *steps = arena_array(a, c->n_history, sizeof *steps);
	ssize_t layer = 0;
	for (size_t i = 0; i < c->n_history; i++) {
		steps[i] = (struct history_step){ .layer = -1 };
		if (!c->history[i].empty_layer)
			steps[i].layer = layer++;
		read_line(a, c->history[i].created_by, &steps[i]);
	}
	out->steps = steps;
	out->n = c->n_history;
}

/* The shell's words */
static bool is_assignment(struct str w)
{
	ssize_t eq = str_find_char(w, '=');
	if (eq <= 0)
		return false;
	for (size_t i = 0; i < (size_t)eq; i++)
		if (!((w.p[i] >= 'A' && w.p[i] <= 'Z') || (w.p[i] >= 'a' && w.p[i] <= 'z') ||
		      (w.p[i] >= '0' && w.p[i] <= '9') || w.p[i] == '_'))
			return false;
	return true;
}

static void add_word(struct arena *a, struct shell_command *c, struct str w)
{
	static const char *const skipped[] = { "if",	  "then",  "else", "elif",	"do",
					       "while",	  "until", "{",	   "(",		"!",
					       "exec",	  "env",   "time", "eatmydata", "command",
					       "builtin", NULL };
	if (c->words.n == 0 && (one_of(w, skipped) || is_assignment(w)))
		return;
	/* Quotes around the whole of it. */
	if (w.n >= 2 && (w.p[0] == '"' || w.p[0] == '\'') && w.p[w.n - 1] == w.p[0])
		w = (struct str){ w.p + 1, w.n - 2 };
	*ARENA_PUSH(a, c->words.v, c->words.n, c->words.cap) = w;
}

/* The end of the word that begins here. */
static size_t word_end(struct str s, size_t i)
{
	char quote = 0;
	for (; i < s.n; i++) {
		char c = s.p[i];
		if (c == '\\' && quote != '\'') {
			i++;
		} else if (quote) {
			quote = c == quote ? 0 : quote;
		} else if (c == '"' || c == '\'') {
			quote = c;
		} else if (is_space(c) || c == ';' || c == '&' || c == '|' || c == ')') {
			break;
		}
	}
	return MIN(i, s.n);
}

static void add_command(struct arena *a, struct history_step *out, struct shell_command *c,
			bool piped)
{
	if (c->words.n) {
		c->piped = piped;
		*ARENA_PUSH(a, out->commands, out->n_commands, out->commands_cap) = *c;
	}
	*c = (struct shell_command){ 0 };
}

void shell_commands(struct arena *a, struct str s, struct history_step *out)
{
	struct shell_command c = { 0 };
	for (size_t i = 0; i < s.n;) {
		char x = s.p[i];
		if (x == '\\' && i + 1 < s.n && (s.p[i + 1] == '\n' || s.p[i + 1] == '\r')) {
			i += 2;
		} else if (x == '\n' || x == ';' || x == '&' || x == '|' || x == ')') {
			bool piped = x == '|' && (i + 1 >= s.n || s.p[i + 1] != '|');
			/* "2>&1" and "&>file" part nothing. */
			if (x == '&' && i > 0 && s.p[i - 1] == '>') {
				i++;
				continue;
			}
			add_command(a, out, &c, piped);
			i += x == '|' && !piped ? 2 : 1;
		} else if (is_space(x) || x == '(') {
			i++;
		} else if (x == '#' && c.words.n == 0) {
			ssize_t end = str_find_char(str_from(s, i), '\n');
			i = end < 0 ? s.n : i + (size_t)end;
		} else {
			size_t end = word_end(s, i);
			add_word(a, &c, (struct str){ s.p + i, end - i });
			i = MAX(end, i + 1);
		}
	}
	add_command(a, out, &c, false);
}

bool shell_has(const struct shell_command *c, const char *word)
{
	for (size_t i = 1; i < c->words.n; i++)
		if (str_eq(c->words.v[i], str_of(word)))
			return true;
	return false;
}

struct str shell_verb(const struct shell_command *c)
{
	for (size_t i = 1; i < c->words.n; i++)
		if (c->words.v[i].n && c->words.v[i].p[0] != '-')
			return c->words.v[i];
	return S("");
}
