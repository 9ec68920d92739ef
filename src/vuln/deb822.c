/* deb822(5). A hostile file may hold stanzas without end (bounded), fields without a colon, continuation lines before any
 * field and duplicate fields (the first counts). Not supported: nothing that Debian's archives use. */
#include "vuln/deb822.h"

static bool is_blank(struct str line)
{
	return str_trim(line).n == 0;
}

/* Appends the stream's next line with its "\n"; returns its length, 0 at the end, or a code. */
static ssize_t take_line(struct deb822 *d, struct err *e)
{
	size_t max = d->max ? d->max : DEB822_STANZA_MAX, start = d->text.n;
	for (;;) {
		ssize_t n = stream_fill(d->in, e);
		if (n < 0)
			return n;
		if (n == 0)
			return (ssize_t)(d->text.n - start);
		const unsigned char *nl = memchr(d->in->pos, '\n', (size_t)n);
		size_t take = nl ? (size_t)(nl - d->in->pos) + 1 : (size_t)n;
		if (take > max - MIN(max, d->text.n))
			return err_set(e, ERR_LIMIT, "a stanza is larger than %zu bytes", max);
		buf_add(&d->text, d->in->pos, take);
		d->in->pos += take;
		if (nl)
			return (ssize_t)(d->text.n - start);
	}
}

int deb822_next(struct deb822 *d, struct str *stanza, struct err *e)
{
	d->text.n = 0;
	for (;;) {
		size_t before = d->text.n;
		ssize_t n = take_line(d, e);
		if (n < 0)
			return (int)n;
		if (n == 0)
			break;
		if (!is_blank((struct str){ d->text.p + before, (size_t)n }))
			continue;
		d->text.n = before;
		if (before)
			break;
	}
	if (d->text.n == 0)
		return 0;
	*stanza = str_buf(&d->text);
	return 1;
}

void deb822_done(struct deb822 *d)
{
	buf_done(&d->text);
}

static bool continues(struct str rest)
{
	return rest.n && (rest.p[0] == ' ' || rest.p[0] == '\t' || rest.p[0] == '#');
}

bool deb822_field(struct str *stanza, struct str *name, struct str *value)
{
	struct str line;
	while (str_line(stanza, &line)) {
		ssize_t colon = str_find_char(line, ':');
		if (colon <= 0 || continues(line))
			continue;
		*name = str_upto(line, (size_t)colon);
		struct str v = str_from(line, (size_t)colon + 1);
		while (continues(*stanza) && str_line(stanza, &line))
			v.n = (size_t)(line.p + line.n - v.p);
		*value = str_trim(v);
		return true;
	}
	return false;
}

struct str deb822_get(struct str stanza, struct str name)
{
	struct str key, value;
	while (deb822_field(&stanza, &key, &value))
		if (str_eq_nocase(key, name))
			return value;
	return (struct str){ 0 };
}

bool deb822_line(struct str *value, struct str *line)
{
	while (str_line(value, line)) {
		if (line->n && line->p[0] == '#')
			continue;
		*line = str_trim(*line);
		return true;
	}
	return false;
}
