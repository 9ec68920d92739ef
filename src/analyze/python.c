/* Core metadata of Python packages (packaging.python.org, "core metadata specifications") and dependency specifiers (PEP
 * 508).
 *
 * Metadata are lines "Field: value" up to an empty one, continued by lines that begin with blanks. A licence is what
 * License-Expression says, else License when that is no whole text, else the classifiers. What is needed only for an extra
 * is no dependency.
 *
 * Hostile input: any lines; those that are no fields are passed over, as readers of e-mail do. */
#include "analyze/python.h"

#include "analyze/purl.h"

enum { LICENCE_MAX = 120 }; /* bytes: a longer one is a text, no name */

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '.';
}

bool python_requirement(struct str text, struct requirement *out)
{
	struct requirement r = { 0 };
	size_t n = 0;
	text = str_trim(text);
	while (n < text.n && is_name(text.p[n]))
		n++;
	r.name = str_upto(text, n);
	text = str_trim(str_from(text, n));
	if (text.n && text.p[0] == '[') {
		text = str_from(text, 1);
		r.extras = str_trim(str_cut(&text, ']'));
		text = str_trim(text);
	}
	if (text.n && text.p[0] == '@') {
		/* A URL may hold a ';': the marker has a blank before. */
		ssize_t at = str_find(text, S(" ;"));
		r.url = str_trim(str_from(at < 0 ? text : str_upto(text, (size_t)at), 1));
		r.marker = at < 0 ? S("") : str_trim(str_from(text, (size_t)at + 2));
	} else {
		r.range = str_trim(str_cut(&text, ';'));
		r.marker = str_trim(text);
	}
	if (r.range.n > 1 && r.range.p[0] == '(' && str_ends(r.range, S(")")))
		r.range = str_trim(str_from(str_upto(r.range, r.range.n - 1), 1));
	if (n == 0)
		return false;
	*out = r;
	return true;
}

struct str python_pinned(struct str range)
{
	if (!str_starts(range, S("==")))
		return S("");
	range = str_trim(str_from(range, str_starts(range, S("===")) ? 3 : 2));
	bool other = str_find_char(range, ',') >= 0 || str_find_char(range, '*') >= 0 ||
		     str_find_char(range, ' ') >= 0;
	return other ? S("") : range;
}

/* What is kept of the fields. */
struct fields {
	struct str name, version, licence, expression;
	struct strs classifiers, needs;
	bool text; /* License goes on over several lines */
};

/* "License :: OSI Approved :: MIT License" */
static void add_classifier(struct arena *a, struct fields *f, struct str value)
{
	if (!str_starts(value, S("License ::")))
		return;
	struct str last = value;
	for (ssize_t at; (at = str_find(last, S("::"))) >= 0;)
		last = str_trim(str_from(last, (size_t)at + 2));
	if (last.n && !str_eq(last, S("OSI Approved")))
		*ARENA_PUSH(a, f->classifiers.v, f->classifiers.n, f->classifiers.cap) = last;
}

static void add_field(struct arena *a, struct fields *f, struct str name, struct str value)
{
	struct str *first = str_eq_nocase(name, S("Name"))		   ? &f->name
			    : str_eq_nocase(name, S("Version"))		   ? &f->version
			    : str_eq_nocase(name, S("License"))		   ? &f->licence
			    : str_eq_nocase(name, S("License-Expression")) ? &f->expression
									   : NULL;
	if (first && !first->n)
		*first = value;
	else if (str_eq_nocase(name, S("Classifier")))
		add_classifier(a, f, value);
	else if (str_eq_nocase(name, S("Requires-Dist")))
		*ARENA_PUSH(a, f->needs.v, f->needs.n, f->needs.cap) = value;
}

static void read_fields(struct arena *a, struct str text, struct fields *f)
{
	struct str line, name = { 0 };
	while (str_line(&text, &line) && line.n) {
		if (line.p[0] == ' ' || line.p[0] == '\t') {
			if (str_eq_nocase(name, S("License")) && str_trim(line).n)
				f->text = true;
			continue;
		}
		struct str value = line;
		name = str_cut(&value, ':');
		if (name.n < line.n)
			add_field(a, f, name, str_trim(value));
	}
}

static void add_licences(struct listing *l, struct record_package *p, const struct fields *f)
{
	bool named = f->licence.n && f->licence.n <= LICENCE_MAX && !f->text &&
		     !str_eq_nocase(f->licence, S("UNKNOWN"));
	if (f->expression.n)
		listing_licence(l, p, f->expression);
	else if (named)
		listing_licence(l, p, f->licence);
	else
		for (size_t i = 0; i < f->classifiers.n; i++)
			listing_licence(l, p, f->classifiers.v[i]);
}

static bool only_extra(struct str marker)
{
	ssize_t at = str_find(marker, S("extra"));
	return at >= 0 && str_starts(str_trim(str_from(marker, (size_t)at + 5)), S("=="));
}

int python_metadata(struct listing *l, struct str text, struct err *e)
{
	struct fields f = { 0 };
	read_fields(l->an->arena, text, &f);
	if (!f.name.n || !f.version.n)
		return err_set(e, ERR_INVALID, "metadata without a %s",
			       f.name.n ? "version" : "name");
	struct record_package *p = listing_add(l, f.name, f.version);
	add_licences(l, p, &f);
	for (size_t i = 0; i < f.needs.n; i++) {
		struct requirement r;
		if (python_requirement(f.needs.v[i], &r) && !only_extra(r.marker))
			listing_need(l, p, r.name, S(""));
	}
	return 0;
}
