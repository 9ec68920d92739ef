/* See dcf.h. Hostile input: lines that are no fields (told), fields given twice (each is handed on). */
#include "analyze/dcf.h"

static bool is_blank(struct str line)
{
	return str_trim(line).n == 0;
}

static bool continues(struct str rest)
{
	return rest.n && (rest.p[0] == ' ' || rest.p[0] == '\t');
}

bool dcf_paragraph(struct dcf *d)
{
	struct str line, before = d->rest;
	d->broken = false;
	while (str_line(&d->rest, &line)) {
		if (!is_blank(line)) {
			d->rest = before;
			return true;
		}
		before = d->rest;
	}
	return false;
}

bool dcf_field(struct dcf *d, struct str *key, struct str *value)
{
	struct str line, start, before;
	while (str_line(&d->rest, &line) && !is_blank(line)) {
		start = line;
		*key = str_cut(&line, ':');
		if (key->n == start.n || continues(start)) {
			d->broken = true;
			continue;
		}
		const char *end = line.p + line.n;
		before = d->rest;
		while (continues(d->rest) && str_line(&d->rest, &start) && !is_blank(start)) {
			end = start.p + start.n;
			before = d->rest;
		}
		d->rest = before;
		*value = str_trim((struct str){ line.p, (size_t)(end - line.p) });
		return true;
	}
	return false;
}

bool dcf_name(struct str *list, struct str *name)
{
	while (list->n) {
		struct str one = str_cut(list, ',');
		if (str_word(&one, name)) {
			*name = str_cut(name, '(');
			return true;
		}
	}
	return false;
}
