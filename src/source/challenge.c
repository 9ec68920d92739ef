/* WWW-Authenticate, RFC 9110 section 11: a list of challenges, each a scheme with a token68 or a list of parameters, all
 * separated by the same commas. A word is a scheme unless '=' follows it. Hostile input may try many challenges or
 * parameters (limits), unbalanced quotes (refused) and a parameter twice (the first counts). */
#include "source/challenge.h"

struct scan {
	struct str rest;
	struct arena *a;
};

static bool is_token_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_token68_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c && strchr("-._~+/", c));
}

static void skip_space(struct scan *s)
{
	while (s->rest.n && (s->rest.p[0] == ' ' || s->rest.p[0] == '\t'))
		s->rest = str_from(s->rest, 1);
}

static bool skip_char(struct scan *s, char c)
{
	if (s->rest.n == 0 || s->rest.p[0] != c)
		return false;
	s->rest = str_from(s->rest, 1);
	return true;
}

static void skip_commas(struct scan *s)
{
	do {
		skip_space(s);
	} while (skip_char(s, ','));
}

static struct str take(struct scan *s, bool (*belongs)(char))
{
	size_t n = 0;
	while (n < s->rest.n && belongs(s->rest.p[n]))
		n++;
	struct str word = str_upto(s->rest, n);
	s->rest = str_from(s->rest, n);
	return word;
}

static struct str lower_copy(struct arena *a, struct str s)
{
	char *p = arena_cstr(a, s);
	for (size_t i = 0; i < s.n; i++)
		if (p[i] >= 'A' && p[i] <= 'Z')
			p[i] = (char)(p[i] + ('a' - 'A'));
	return (struct str){ p, s.n };
}

static int quoted_string(struct scan *s, struct str *out, struct err *e)
{
	char *p = arena_alloc(s->a, s->rest.n + 1);
	size_t n = 0, i = 1;
	while (i < s->rest.n && s->rest.p[i] != '"') {
		if (s->rest.p[i] == '\\' && ++i == s->rest.n)
			break;
		p[n++] = s->rest.p[i++];
	}
	if (i >= s->rest.n)
		return err_set(e, ERR_INVALID, "WWW-Authenticate: a quote does not end");
	p[n] = '\0';
	s->rest = str_from(s->rest, i + 1);
	*out = (struct str){ p, n };
	return 0;
}

static int param_value(struct scan *s, struct str *out, struct err *e)
{
	skip_space(s);
	if (s->rest.n && s->rest.p[0] == '"')
		return quoted_string(s, out, e);
	struct str word = take(s, is_token_char);
	if (word.n == 0)
		return err_set(e, ERR_INVALID, "WWW-Authenticate: a parameter without value");
	*out = arena_str(s->a, word);
	return 0;
}

/* Behind NAME, at '='. */
static int param(struct scan *s, struct challenge *c, struct str name, struct err *e)
{
	struct challenge_param p = { .name = lower_copy(s->a, name) };
	skip_char(s, '=');
	int r = param_value(s, &p.value, e);
	if (r)
		return r;
	if (c->n_params == CHALLENGE_PARAMS_MAX)
		return err_set(e, ERR_LIMIT, "WWW-Authenticate: more than %d parameters",
			       CHALLENGE_PARAMS_MAX);
	*ARENA_PUSH(s->a, c->params, c->n_params, c->cap_params) = p;
	return 0;
}

/* True when a token68 stands here: its characters, '=' signs, then the end or a comma. */
static bool token68(struct scan *s, struct str *out)
{
	struct scan probe = *s;
	size_t n = take(&probe, is_token68_char).n;
	if (n == 0)
		return false;
	while (skip_char(&probe, '='))
		n++;
	*out = str_upto(s->rest, n);
	skip_space(&probe);
	if (probe.rest.n && probe.rest.p[0] != ',')
		return false;
	*s = probe;
	return true;
}

static int scheme(struct scan *s, struct challenges *out, struct str word, struct err *e)
{
	struct challenge c = { .scheme = lower_copy(s->a, word) };
	struct str value;
	if (out->n == CHALLENGES_MAX)
		return err_set(e, ERR_LIMIT, "WWW-Authenticate: more than %d challenges",
			       CHALLENGES_MAX);
	/* "Basic realm" alone would be a token68; a word without '=' before a comma is rather the next scheme. */
	if (token68(s, &value))
		c.token68 = arena_str(s->a, value);
	*ARENA_PUSH(s->a, out->v, out->n, out->cap) = c;
	return 0;
}

int challenges_parse(struct arena *a, struct str field, struct challenges *out, struct err *e)
{
	struct scan s = { field, a };
	size_t before = out->n;
	for (skip_commas(&s); s.rest.n; skip_commas(&s)) {
		struct str word = take(&s, is_token_char);
		bool space = s.rest.n && (s.rest.p[0] == ' ' || s.rest.p[0] == '\t');
		int r;
		skip_space(&s);
		if (word.n == 0)
			return err_set(e, ERR_INVALID,
				       "WWW-Authenticate: neither a scheme nor a parameter");
		if (s.rest.n && s.rest.p[0] == '=')
			r = out->n > before
				    ? param(&s, &out->v[out->n - 1], word, e)
				    : err_set(e, ERR_INVALID,
					      "WWW-Authenticate: a parameter before any scheme");
		else if (space || s.rest.n == 0 || s.rest.p[0] == ',')
			r = scheme(&s, out, word, e);
		else
			r = err_set(e, ERR_INVALID,
				    "WWW-Authenticate: bad character behind a word");
		if (r)
			return r;
	}
	return 0;
}

const struct challenge *challenges_find(const struct challenges *c, struct str name)
{
	for (size_t i = 0; i < c->n; i++)
		if (str_eq(c->v[i].scheme, name))
			return &c->v[i];
	return NULL;
}

struct str challenge_get(const struct challenge *c, struct str name)
{
	for (size_t i = 0; i < c->n_params; i++)
		if (str_eq(c->params[i].name, name))
			return c->params[i].value;
	return (struct str){ 0 };
}
