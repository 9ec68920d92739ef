/* Gemfile.lock and gems.locked as Bundler writes them: sections that begin in the first column, in them "specs:" with one
 * gem a line at four spaces, "NAME (VERSION)" or "NAME (VERSION-PLATFORM)", and what each needs at six. GEM, GIT, PATH and
 * "PLUGIN SOURCE" hold gems; DEPENDENCIES says which of them the Gemfile asks for. The gem at "remote: ." is the project.
 *
 * Hostile input: any lines; a file without such a section, or with the marks of an unfinished merge (which Bundler
 * refuses too), is unreadable. Not recorded: checksums, platforms, the version of Bundler. */
#include "analyze/lock.h"

/* Of what one gem needs, for other platforms again: more than any gem has. */
enum { NEEDS_COMPARED = 1000 };

struct state {
	struct listing *l;
	enum { SECTION_OTHER, SECTION_GEMS, SECTION_DEPENDENCIES } section;
	bool specs, here, any;
	struct map asked;
	struct str spec_name, spec_version;
};

static bool is_gem_section(struct str line)
{
	static const char *const names[] = { "GEM", "GIT", "PATH", "PLUGIN SOURCE" };
	for (size_t i = 0; i < COUNT(names); i++)
		if (str_eq(line, str_of(names[i])))
			return true;
	return false;
}

static bool is_merge_mark(struct str line)
{
	return str_starts(line, S("<<<<<<<")) || str_starts(line, S("=======")) ||
	       str_starts(line, S(">>>>>>>")) || str_starts(line, S("|||||||"));
}

/* "NAME (VERSION-PLATFORM)": no gem version has a '-'. */
static void read_spec(struct state *s, struct str line)
{
	struct str rest = line, name = str_trim(str_cut(&rest, '('));
	struct str version = str_cut(&rest, ')');
	s->spec_name = name;
	s->spec_version = str_cut(&version, '-');
	struct record_package *p = listing_add(s->l, s->spec_name, s->spec_version);
	if (p == &s->l->scrap)
		s->spec_name = (struct str){ 0 };
	if (s->here)
		listing_set(s->l, p, "relation", S("root"));
}

static void read_need(struct state *s, struct str line)
{
	/* Added before: the same one again, also when another platform's came first. */
	if (!s->spec_name.n)
		return;
	struct record_package *p = listing_add(s->l, s->spec_name, s->spec_version);
	struct str name = str_trim(str_cut(&line, '('));
	for (size_t i = 0; i < MIN(p->depends.n, (size_t)NEEDS_COMPARED); i++)
		if (str_eq(p->depends.v[i], name))
			return;
	listing_need(s->l, p, name, S(""));
}

static int read_line(struct state *s, struct str line, struct err *e)
{
	size_t indent = 0;
	if (is_merge_mark(line))
		return err_set(e, ERR_INVALID, "Gemfile.lock: a merge was left unfinished");
	while (indent < line.n && line.p[indent] == ' ')
		indent++;
	struct str word = str_trim(line);
	if (word.n == 0)
		return 0;
	if (indent == 0) {
		s->specs = s->here = false;
		s->section = is_gem_section(word)	       ? SECTION_GEMS
			     : str_eq(word, S("DEPENDENCIES")) ? SECTION_DEPENDENCIES
							       : SECTION_OTHER;
		s->any |= s->section != SECTION_OTHER;
	} else if (s->section == SECTION_DEPENDENCIES) {
		struct str name = str_trim(str_cut(&word, '('));
		if (str_ends(name, S("!")))
			name.n--;
		*map_at(&s->asked, arena_str(s->l->an->arena, name)) = s;
	} else if (s->section == SECTION_GEMS && indent == 2) {
		s->specs = str_eq(word, S("specs:"));
		s->here |= str_eq(word, S("remote: ."));
		s->spec_name = (struct str){ 0 };
	} else if (s->section == SECTION_GEMS && s->specs && indent == 4) {
		read_spec(s, word);
	} else if (s->section == SECTION_GEMS && s->specs && indent == 6) {
		read_need(s, word);
	}
	return 0;
}

static int end(struct analysis *an, void *state, const struct file *f, const struct whole *whole,
	       struct err *e)
{
	struct listing l;
	struct state s = { .l = &l };
	struct str text, line;
	(void)state;
	listing_begin(&l, an, f, "gemfile_lock", "gem");
	map_init(&s.asked, an->arena);
	int r = listing_text(&l, whole, &text, e);
	while (r == 0 && str_line(&text, &line))
		r = read_line(&s, line, e);
	if (r < 0)
		return r;
	if (!s.any)
		return err_set(e, ERR_INVALID, "Gemfile.lock: it has no section of gems");
	for (size_t i = 0; i < l.file->n_packages; i++)
		if (map_get(&s.asked, l.file->packages[i].name))
			listing_set(&l, &l.file->packages[i], "relation", S("direct"));
	listing_relate(&l);
	return listing_end(&l, e);
}

static const char *const patterns[] = { "Gemfile.lock", "gems.locked", NULL };

const struct analyzer analyzer_gemfile_lock = {
	.name = "gemfile_lock",
	.version = 1,
	.lockfile = true,
	.patterns = patterns,
	.want_whole = true,
	.wants = lock_wants,
	.end = end,
};
