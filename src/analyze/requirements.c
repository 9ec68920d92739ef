/* requirements.txt of pip (pip.pypa.io, "requirements file format"): a requirement a line, continued by a '\' at its end;
 * options begin with '-'. What is pinned (one == or ===) is a package. The others cannot be known without an index: one
 * note counts them, and each included file, editable folder or address is named, for it is not read.
 *
 * Hostile input: lines of any length. A marker is kept as an attribute; it is not evaluated. */
#include "analyze/python.h"

enum { NAMES_MAX = 5 }; /* named in the note */

struct reader {
	struct listing l;
	struct buf line; /* put together from continued ones */
	struct buf names;
	size_t open; /* requirements that are not pinned */
};

/* A comment begins at the line's start or behind a blank. */
static struct str without_comment(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '#' && (i == 0 || s.p[i - 1] == ' ' || s.p[i - 1] == '\t'))
			return str_upto(s, i);
	return s;
}

static void read_option(struct reader *rd, struct str line)
{
	static const struct {
		struct str option;
		const char *what;
	} notes[] = {
		{ S("-r"), "the file it includes is read only under a known name" },
		{ S("--requirement"), "the file it includes is read only under a known name" },
		{ S("-e"), "what it installs from a folder or repository is not listed" },
		{ S("--editable"), "what it installs from a folder or repository is not listed" },
	};
	for (size_t i = 0; i < COUNT(notes); i++)
		if (str_starts(line, notes[i].option))
			listing_note(&rd->l, "%.*s: %s", (int)MIN(line.n, (size_t)100), line.p,
				     notes[i].what);
}

static void read_line(struct reader *rd, struct str line)
{
	struct requirement r;
	line = str_trim(without_comment(line));
	if (!line.n)
		return;
	if (line.p[0] == '-') {
		read_option(rd, line);
		return;
	}
	/* Options of one requirement. */
	ssize_t options = str_find(line, S(" --"));
	if (options >= 0)
		line = str_upto(line, (size_t)options);
	if (!python_requirement(line, &r) || str_find(r.range, S("/")) >= 0) {
		listing_note(&rd->l,
			     "what is installed from elsewhere than an index is not listed: %.*s",
			     (int)MIN(line.n, (size_t)100), line.p);
		return;
	}
	struct str version = python_pinned(r.range);
	if (!version.n) {
		if (rd->open++ < NAMES_MAX)
			buf_addf(&rd->names, "%s%.*s", rd->open > 1 ? ", " : "",
				 (int)MIN(r.name.n, (size_t)100), r.name.p);
		return;
	}
	struct record_package *p = listing_add(&rd->l, r.name, version);
	listing_set(&rd->l, p, "marker", r.marker);
}

static void read_lines(struct reader *rd, struct str text)
{
	struct str line;
	while (str_line(&text, &line)) {
		bool more = str_ends(line, S("\\"));
		if (more)
			line.n--;
		if (!more && !rd->line.n) {
			read_line(rd, line);
			continue;
		}
		buf_add_str(&rd->line, line);
		if (more)
			continue;
		read_line(rd, str_buf(&rd->line));
		rd->line.n = 0;
	}
	read_line(rd, str_buf(&rd->line));
}

static int end(struct analysis *an, void *state, const struct file *f, const struct whole *whole,
	       struct err *e)
{
	struct reader rd = { 0 };
	struct str text;
	(void)state;
	listing_begin(&rd.l, an, f, "requirements", "pypi");
	int r = listing_text(&rd.l, whole, &text, e);
	if (r == 0 && memchr(text.n ? text.p : "", '\0', text.n))
		r = err_set(e, ERR_INVALID, "requirements: no text");
	if (r == 0)
		read_lines(&rd, text);
	if (r == 0 && rd.open)
		listing_note(&rd.l, "%zu requirements are not pinned to a version (%s%s)", rd.open,
			     buf_cstr(&rd.names), rd.open > NAMES_MAX ? ", ..." : "");
	buf_done(&rd.line);
	buf_done(&rd.names);
	return r == 0 ? listing_end(&rd.l, e) : r;
}

static const char *const patterns[] = { "requirements*.txt", "*requirements.txt",
					"**/requirements/*.txt", NULL };

const struct analyzer analyzer_requirements = {
	.name = "requirements",
	.version = 1,
	.lockfile = true,
	.patterns = patterns,
	.want_whole = true,
	.wants = lock_wants,
	.end = end,
};
