/* Installed Ruby gems: specifications/NAME-VERSION.gemspec below any gem folder, and specifications/default/ for what
 * came with Ruby itself. The files are Ruby programs; what RubyGems writes at installation is one assignment a line
 * (Gem::Specification#to_ruby), with a "# stub: NAME VERSION PLATFORM PATHS" line that RubyGems itself reads instead of
 * running the rest. Nothing is run here: assignments of literals are read, the stub fills what they leave out.
 *
 * Hostile input: any bytes. A specification from which neither gives a name and a version is unreadable. Not read: gems
 * checked out by Bundler (bundler/gems/), whose gemspec is the project's own program. */
#include "analyze/listing.h"

struct spec {
	struct listing *l;
	struct str name, version, stub_name, stub_version;
	struct strs licences, needs;
};

/* A literal at the beginning of *s: "x", 'x', %q<x>, with what follows it left in *s. */
static bool take_literal(struct str *s, struct str *out)
{
	char close;
	size_t skip = 1;
	if (s->n < 2)
		return false;
	if (s->p[0] == '"' || s->p[0] == '\'') {
		close = s->p[0];
	} else if (str_starts(*s, S("%q<")) || str_starts(*s, S("%q("))) {
		close = s->p[2] == '<' ? '>' : ')';
		skip = 3;
	} else {
		return false;
	}
	struct str rest = str_from(*s, skip);
	ssize_t end = str_find_char(rest, close);
	if (end < 0)
		return false;
	*out = str_upto(rest, (size_t)end);
	*s = str_from(rest, (size_t)end + 1);
	return true;
}

static struct str first_literal(struct str s)
{
	struct str out = { 0 };
	if (str_starts(s, S("Gem::Version.new(")))
		s = str_from(s, S("Gem::Version.new(").n);
	take_literal(&s, &out);
	return out;
}

/* "A".freeze, or a list of such in brackets */
static void read_licences(struct spec *sp, struct str s)
{
	struct arena *a = sp->l->an->arena;
	bool list = str_starts(s, S("["));
	for (struct str one; s.n; s = str_from(s, 1)) {
		if (list && s.p[0] == ']')
			return;
		if (!take_literal(&s, &one))
			continue;
		*ARENA_PUSH(a, sp->licences.v, sp->licences.n, sp->licences.cap) = one;
		if (!list || s.n == 0)
			return;
	}
}

static void read_need(struct spec *sp, struct str s)
{
	struct arena *a = sp->l->an->arena;
	struct str name;
	if (str_starts(s, S("(")))
		s = str_from(s, 1);
	s = str_trim(s);
	if (take_literal(&s, &name))
		*ARENA_PUSH(a, sp->needs.v, sp->needs.n, sp->needs.cap) = name;
}

/* "# stub: NAME VERSION PLATFORM PATHS" */
static bool read_stub(struct spec *sp, struct str line)
{
	if (!str_starts(line, S("# stub: ")))
		return false;
	line = str_from(line, S("# stub: ").n);
	if (!sp->stub_name.n && str_word(&line, &sp->stub_name))
		str_word(&line, &sp->stub_version);
	return true;
}

static void read_line(struct spec *sp, struct str line)
{
	line = str_trim(line);
	if (line.n == 0 || read_stub(sp, line) || line.p[0] == '#')
		return;
	/* "VAR.field = VALUE" or "VAR.add_dependency(...)" */
	struct str rest = line, var = str_cut(&rest, '.');
	size_t n = 0;
	while (n < rest.n && (rest.p[n] == '_' || (rest.p[n] >= 'a' && rest.p[n] <= 'z')))
		n++;
	struct str field = str_upto(rest, n);
	rest = str_trim(str_from(rest, n));
	if (str_find_char(var, ' ') >= 0)
		return;
	if (str_eq(field, S("add_runtime_dependency")) || str_eq(field, S("add_dependency"))) {
		read_need(sp, rest);
		return;
	}
	if (!str_starts(rest, S("=")) || str_starts(rest, S("==")))
		return;
	rest = str_trim(str_from(rest, 1));
	if (str_eq(field, S("name")) && !sp->name.n)
		sp->name = first_literal(rest);
	else if (str_eq(field, S("version")) && !sp->version.n)
		sp->version = first_literal(rest);
	else if (str_eq(field, S("license")) || str_eq(field, S("licenses")))
		read_licences(sp, rest);
}

static int end(struct analysis *an, void *state, const struct file *f, const struct whole *whole,
	       struct err *e)
{
	struct listing l;
	struct spec sp = { .l = &l };
	struct str text, line;
	(void)state;
	listing_begin(&l, an, f, "gemspec", "gem");
	int r = listing_text(&l, whole, &text, e);
	if (r < 0)
		return r;
	while (str_line(&text, &line))
		read_line(&sp, line);
	struct str name = sp.name.n ? sp.name : sp.stub_name;
	struct str version = sp.version.n ? sp.version : sp.stub_version;
	if (!name.n || !version.n)
		return err_set(e, ERR_INVALID, "gem specification: it states no %s",
			       name.n ? "version" : "name");
	struct record_package *p = listing_add(&l, name, version);
	for (size_t i = 0; i < sp.licences.n; i++)
		listing_licence(&l, p, sp.licences.v[i]);
	for (size_t i = 0; i < sp.needs.n; i++)
		listing_need(&l, p, sp.needs.v[i], S(""));
	return l.file->n_packages ? 0 : err_set(e, ERR_INVALID, "gem specification: no plain name");
}

static const char *const patterns[] = { "**/specifications/*.gemspec",
					"**/specifications/default/*.gemspec", NULL };

const struct analyzer analyzer_gemspec = {
	.name = "gemspec",
	.version = 1,
	.digests = true,
	.patterns = patterns,
	.want_whole = true,
	.end = end,
};
