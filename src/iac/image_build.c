/* The build history against the table of checks: what each instruction and each shell command of it did. The history is
 * what the builder wrote down, or what somebody wrote into it: it can hide a step, so that a check that passes here proves
 * nothing; the checks of files do. */
#include "iac/image_parts.h"

enum { QUOTE_MAX = 160 };

struct build {
	struct image_judge *j;
	const struct history_step *step;
	size_t index; /* of the step, from 0 */
};

static bool one_of(struct str s, const char *const *list)
{
	for (; *list; list++)
		if (str_eq(s, str_of(*list)))
			return true;
	return false;
}

static void fail(const struct build *b, enum image_check check, struct str what)
{
	image_fail(b->j, check, b->step->layer, S(""), "step %zu: %.*s%s", b->index + 1,
		   STR(str_upto(what, QUOTE_MAX)), what.n > QUOTE_MAX ? " ..." : "");
	b->j->v[b->j->n - 1].line = b->index + 1;
}

/* The command as one text again. */
static void fail_command(const struct build *b, enum image_check check,
			 const struct shell_command *c)
{
	struct buf text CLEANUP(buf_done) = { 0 };
	for (size_t i = 0; i < c->words.n && text.n <= QUOTE_MAX; i++) {
		if (i)
			buf_add_char(&text, ' ');
		buf_add_str(&text, str_upto(c->words.v[i], QUOTE_MAX + 1));
	}
	fail(b, check, str_buf(&text));
}

/* A program by its name, wherever it lies. */
static bool runs(const struct shell_command *c, const char *name)
{
	struct str program = c->words.v[0];
	return str_eq(str_from(program, (size_t)(str_rfind_char(program, '/') + 1)), str_of(name));
}

static bool runs_verb(const struct shell_command *c, const char *name, const char *verb)
{
	return runs(c, name) && str_eq(shell_verb(c), str_of(verb));
}

static bool runs_apt(const struct shell_command *c, const char *verb)
{
	return runs_verb(c, "apt-get", verb) || runs_verb(c, "apt", verb) ||
	       runs_verb(c, "aptitude", verb);
}

static const struct shell_command *find(const struct history_step *s, const char *name,
					const char *verb)
{
	for (size_t i = 0; i < s->n_commands; i++)
		if (verb ? runs_verb(&s->commands[i], name, verb) : runs(&s->commands[i], name))
			return &s->commands[i];
	return NULL;
}

/* apt and apk */
static bool removes(const struct history_step *s, struct str folder)
{
	for (size_t i = 0; i < s->n_commands; i++) {
		const struct shell_command *c = &s->commands[i];
		if (!runs(c, "rm") && !runs(c, "find"))
			continue;
		for (size_t k = 1; k < c->words.n; k++)
			if (str_find(c->words.v[k], folder) >= 0)
				return true;
	}
	return false;
}

/* A file system mounted for this step alone (RUN --mount) is not told by the history. */
static void check_apt(const struct build *b)
{
	const struct history_step *s = b->step;
	const struct shell_command *update = NULL, *others = NULL;
	bool cleaned = removes(s, S("/var/lib/apt"));
	for (size_t i = 0; i < s->n_commands; i++) {
		const struct shell_command *c = &s->commands[i];
		if (runs_apt(c, "update")) {
			update = c;
			continue;
		}
		if (!runs(c, "apt-get") && !runs(c, "apt") && !runs(c, "aptitude"))
			continue;
		if (!runs_apt(c, "clean") && !runs_apt(c, "autoclean"))
			others = c;
		if (runs_apt(c, "dist-upgrade") || runs_apt(c, "full-upgrade"))
			fail_command(b, IMAGE_DIST_UPGRADE, c);
		else if (runs_apt(c, "upgrade"))
			fail_command(b, IMAGE_UPGRADE, c);
		if (!runs_apt(c, "install"))
			continue;
		if (!shell_has(c, "--no-install-recommends") &&
		    str_find(s->args, S("APT::Install-Recommends")) < 0)
			fail_command(b, IMAGE_RECOMMENDS, c);
		if (!shell_has(c, "-y") && !shell_has(c, "--yes") && !shell_has(c, "-qy") &&
		    !shell_has(c, "-yq") && !shell_has(c, "-yqq") && !shell_has(c, "-qqy") &&
		    !shell_has(c, "--assume-yes") && !shell_has(c, "-qq") &&
		    str_find(s->args, S("APT::Get::Assume-Yes")) < 0)
			fail_command(b, IMAGE_ASSUME_YES, c);
	}
	if (update && !others)
		fail_command(b, IMAGE_UPDATE_ALONE, update);
	if ((update || (others && runs_apt(others, "install"))) && !cleaned)
		fail_command(b, IMAGE_APT_LISTS, update ? update : others);
}

static void check_apk(const struct build *b)
{
	const struct history_step *s = b->step;
	const struct shell_command *update = find(s, "apk", "update"), *add = find(s, "apk", "add");
	const struct shell_command *upgrade = find(s, "apk", "upgrade");
	if (update && !add && !upgrade)
		fail_command(b, IMAGE_UPDATE_ALONE, update);
	if (upgrade)
		fail_command(b, IMAGE_UPGRADE, upgrade);
	for (size_t i = 0; i < s->n_commands; i++) {
		const struct shell_command *c = &s->commands[i];
		if (runs_verb(c, "apk", "add") && !shell_has(c, "--no-cache") &&
		    !removes(s, S("/var/cache/apk"))) {
			fail_command(b, IMAGE_APK_CACHE, c);
			return;
		}
	}
}

/* yum, dnf, microdnf, tdnf, zypper */
static void check_rpm(const struct build *b)
{
	static const char *const managers[] = { "yum", "dnf", "microdnf", "tdnf", "zypper" };
	static const char *const installs[] = { "install",	  "in",		  "reinstall",
						"groupinstall",	  "localinstall", "si",
						"source-install", "patch" };
	static const char *const updates[] = { "update", "upgrade", "up", "dist-upgrade", "dup" };
	for (size_t m = 0; m < COUNT(managers); m++) {
		const char *name = managers[m];
		const struct shell_command *install = NULL;
		bool cleaned = find(b->step, name, "clean") || find(b->step, name, "cc") ||
			       removes(b->step, S("/var/cache"));
		for (size_t i = 0; i < COUNT(installs) && !install; i++)
			install = find(b->step, name, installs[i]);
		for (size_t i = 0; i < COUNT(updates); i++) {
			const struct shell_command *c = find(b->step, name, updates[i]);
			if (c && !strncmp(updates[i], "d", 1))
				fail_command(b, IMAGE_DIST_UPGRADE, c);
			else if (c && c->words.n <= 3)
				fail_command(b, IMAGE_UPGRADE, c);
			install = install ? install : c;
		}
		if (install && !cleaned)
			fail_command(b, IMAGE_RPM_CACHE, install);
		const struct shell_command *alone = find(b->step, name, "makecache");
		alone = alone ? alone : find(b->step, name, "refresh");
		if (alone && !install)
			fail_command(b, IMAGE_UPDATE_ALONE, alone);
	}
}

/* What is not checked */
static bool is_unverified(const struct shell_command *c)
{
	static const struct {
		const char *program;
		const char *options[5];
	} t[] = {
		{ "apt-get",
		  { "--allow-unauthenticated", "--force-yes", "--allow-insecure-repositories" } },
		{ "apt",
		  { "--allow-unauthenticated", "--force-yes", "--allow-insecure-repositories" } },
		{ "apk", { "--allow-untrusted" } },
		{ "yum", { "--nogpgcheck", "--nogpg" } },
		{ "dnf", { "--nogpgcheck", "--no-gpgchecks" } },
		{ "microdnf", { "--nogpgcheck" } },
		{ "zypper", { "--no-gpg-checks", "--gpg-auto-import-keys" } },
		{ "rpm", { "--nosignature", "--nodigest" } },
		{ "pip", { "--trusted-host" } },
		{ "pip3", { "--trusted-host" } },
		{ "curl", { "-k", "--insecure", "-kL", "-Lk", "-fkL" } },
		{ "wget", { "--no-check-certificate" } },
		{ "gem", { "--trust-policy=NoSecurity" } },
	};
	for (size_t i = 0; i < COUNT(t); i++) {
		if (!runs(c, t[i].program))
			continue;
		for (size_t k = 0; k < COUNT(t[i].options) && t[i].options[k]; k++)
			for (size_t w = 1; w < c->words.n; w++)
				if (str_starts(c->words.v[w], str_of(t[i].options[k])) &&
				    (strlen(t[i].options[k]) > 4 ||
				     str_eq(c->words.v[w], str_of(t[i].options[k]))))
					return true;
	}
	return false;
}

static bool logs_in(const struct shell_command *c)
{
	return (runs(c, "aws") && shell_has(c, "configure") && shell_has(c, "set")) ||
	       (runs(c, "gcloud") && shell_has(c, "activate-service-account")) ||
	       runs_verb(c, "az", "login") || runs_verb(c, "docker", "login") ||
	       runs_verb(c, "npm", "login") || runs_verb(c, "gh", "auth");
}

static void check_pipes(const struct build *b)
{
	static const char *const shells[] = { "sh",	 "bash", "zsh",	 "ash", "python",
					      "python3", "perl", "node", NULL };
	const struct history_step *s = b->step;
	bool safe = str_find(s->shell, S("pipefail")) >= 0 || str_find(s->args, S("pipefail")) >= 0;
	bool piped = false;
	for (size_t i = 0; i + 1 < s->n_commands; i++) {
		const struct shell_command *c = &s->commands[i], *next = c + 1;
		if (!c->piped)
			continue;
		piped = true;
		struct str to = next->words.v[0];
		to = str_from(to, (size_t)(str_rfind_char(to, '/') + 1));
		if ((runs(c, "curl") || runs(c, "wget")) && one_of(to, shells))
			fail_command(b, IMAGE_PIPE_SHELL, c);
	}
	if (piped && !safe && str_find(s->shell, S("owershell")) < 0)
		fail(b, IMAGE_PIPEFAIL, s->args);
}

static void check_commands(const struct build *b)
{
	const struct history_step *s = b->step;
	const struct shell_command *wget = find(s, "wget", NULL), *curl = find(s, "curl", NULL);
	for (size_t i = 0; i < s->n_commands; i++) {
		const struct shell_command *c = &s->commands[i];
		if (runs(c, "sudo"))
			fail_command(b, IMAGE_SUDO, c);
		if (is_unverified(c))
			fail_command(b, IMAGE_UNVERIFIED, c);
		if (logs_in(c))
			fail(b, IMAGE_LOGIN_COMMAND, c->words.v[0]);
	}
	if (wget && curl)
		fail_command(b, IMAGE_WGET_AND_CURL, curl);
	if (s->n_commands == 1 && runs(&s->commands[0], "cd"))
		fail_command(b, IMAGE_CD, &s->commands[0]);
}

/* Variables */
static void check_variable(const struct build *b, struct str name, struct str value)
{
	if (!image_secret_name(name) || !image_secret_value(value))
		return;
	void **told = map_at(&b->j->variables, name);
	if (*told)
		return;
	*told = b->j;
	image_fail(b->j, IMAGE_HISTORY_SECRET, b->step->layer, S(""), "step %zu: %.*s %.*s",
		   b->index + 1, STR(b->step->keyword), STR(str_upto(name, 100)));
	b->j->v[b->j->n - 1].line = b->index + 1;
}

/* "A=b C="d e"", or the old "A b": values that hold spaces without quotes come in pieces, and only names count. */
static void check_variables(const struct build *b)
{
	struct str rest = b->step->args, word;
	bool first = true;
	while (str_word(&rest, &word)) {
		struct str value = word, name = str_cut(&value, '=');
		if (name.n < word.n)
			check_variable(b, name, value);
		else if (first)
			check_variable(b, word, str_trim(rest));
		first = false;
	}
	for (size_t i = 0; i < b->step->build_args.n; i++) {
		struct str value = b->step->build_args.v[i], name = str_cut(&value, '=');
		check_variable(b, name, value);
	}
}

/* ADD and COPY */
static bool is_archive(struct str name)
{
	static const char *const ends[] = { ".tar",    ".tgz",	   ".tbz2",   ".txz",
					    ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst" };
	for (size_t i = 0; i < COUNT(ends); i++)
		if (str_ends(name, str_of(ends[i])))
			return true;
	return false;
}

static void check_add(const struct build *b)
{
	struct str rest = b->step->args, word;
	bool url = false, archive = false, checked = false;
	while (str_word(&rest, &word)) {
		url |= str_starts(word, S("http://")) || str_starts(word, S("https://")) ||
		       str_starts(word, S("git@"));
		checked |= str_starts(word, S("--checksum="));
		archive |= is_archive(word);
	}
	if (url && !checked)
		fail(b, IMAGE_ADD_URL, b->step->args);
	/* The first layer of a base image is the archive of a root file system; some builders say only at the end of a
	 * stage that it made one. */
	else if (!url && !archive && b->step->layer != 0 && b->index != 0)
		fail(b, IMAGE_ADD, b->step->args);
}

static void check_workdir(const struct build *b)
{
	struct str path = b->step->args;
	if (path.n && !strchr("/$\"", path.p[0]) && str_find_char(path, ':') < 0 &&
	    str_find_char(path, '\\') < 0)
		fail(b, IMAGE_WORKDIR_RELATIVE, path);
}

static void check_run(const struct build *b)
{
	check_apt(b);
	check_apk(b);
	check_rpm(b);
	check_pipes(b);
	check_commands(b);
	check_variables(b);
}

/* Instructions of which only the last counts. Those of the base come before the first own layer, and a step of our own
 * there cannot be told from them. */
static void check_several(struct image_judge *j)
{
	static const char *const once[] = { "CMD", "ENTRYPOINT", "HEALTHCHECK" };
	bool seen[COUNT(once)] = { false }, own = false;
	for (size_t i = 0; i < j->history.n && j->inv->base.layers; i++) {
		const struct history_step *s = &j->history.steps[i];
		const struct build b = { j, s, i };
		own |= s->layer >= 0 && (size_t)s->layer >= j->inv->base.layers;
		for (size_t k = 0; k < COUNT(once) && own; k++) {
			if (!str_eq(s->keyword, str_of(once[k])))
				continue;
			if (seen[k])
				fail(&b, IMAGE_SEVERAL, str_of(once[k]));
			seen[k] = true;
		}
	}
}

void image_check_build(struct image_judge *j)
{
	for (size_t i = 0; i < j->history.n; i++) {
		const struct build b = { j, &j->history.steps[i], i };
		struct str key = b.step->keyword;
		if (str_eq(key, S("RUN")))
			check_run(&b);
		else if (str_eq(key, S("ADD")))
			check_add(&b);
		else if (str_eq(key, S("ENV")) || str_eq(key, S("ARG")))
			check_variables(&b);
		else if (str_eq(key, S("WORKDIR")))
			check_workdir(&b);
		else if (str_eq(key, S("MAINTAINER")))
			fail(&b, IMAGE_MAINTAINER, b.step->args);
	}
	check_several(j);
}
