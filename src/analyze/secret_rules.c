/* The table of secrets.def as values, and the configuration file: YAML with the keys of Trivy's trivy-secret.yaml.
 *
 * The file is the user's own; still it is bounded in bytes and rules, a key that is not known is an error (a misspelt
 * exception would else be none), and expressions are tried when the engine is made. Keys that only describe
 * ("description") are read over. Of exclude-block its `regexes` count. */
#include "analyze/secret_rules.h"

#include "base/yaml.h"

#define ROW(i, t, c, s, k, p, en, al, pa) \
	{ \
		.id = { i, sizeof i - 1 }, \
		.title = { t, sizeof t - 1 }, \
		.category = { c, sizeof c - 1 }, \
		.severity = { s, sizeof s - 1 }, \
		.keyword = { k, sizeof k - 1 }, \
		.pattern = { p, sizeof p - 1 }, \
		.allow = { al, sizeof al - 1 }, \
		.path = { pa, sizeof pa - 1 }, \
		.entropy = en, \
\
	},
static const struct secret_rule builtin[] = {
#define SECRET(i, t, c, s, k, p, en, al, pa) ROW(i, t, c, s, k, p, en, al, pa)
#define NAMED(i, t, c, s, k, w, v, en, al) \
	ROW(i, t, c, s, k "{=14}", "(?i:" w ")" SET "(" v ")" TO, en, al, "")
#include "analyze/secrets.def"
};

enum scope { ALL, TESTS, PROGRAMS };
enum kind { PREFIX, INSIDE };
static const struct place {
	const char *id;
	enum scope scope;
	enum kind kind;
	struct str text;
} places[] = {
#define PLACE(id, scope, kind, text) { id, scope, kind, { text, sizeof text - 1 } },
#include "analyze/secrets.def"
};

static const struct alias {
	const char *id, *rules;
} aliases[] = {
#define ALIAS(id, rules) { id, rules },
#include "analyze/secrets.def"
};

static bool has(const struct strs *v, struct str s)
{
	for (size_t i = 0; i < v->n; i++)
		if (str_eq(v->v[i], s))
			return true;
	return false;
}

static bool in_place(const struct secret_rules *r, struct str path, enum scope scope)
{
	for (size_t i = 0; i < COUNT(places); i++) {
		const struct place *p = &places[i];
		if (p->scope == scope && !has(&r->places_off, str_of(p->id)) &&
		    (p->kind == PREFIX ? str_starts(path, p->text) : str_find(path, p->text) >= 0))
			return true;
	}
	return false;
}

enum secret_place secret_place_of(const struct secret_rules *r, struct str path)
{
	if (in_place(r, path, ALL))
		return SECRET_NOT_HERE;
	if (!in_place(r, path, PROGRAMS))
		return SECRET_ANYWHERE;
	return in_place(r, path, TESTS) ? SECRET_NOT_HERE : SECRET_NOT_GENERIC;
}

const struct secret_rule *secret_rules_find(const struct secret_rules *r, struct str id)
{
	for (size_t i = 0; i < r->n; i++)
		if (str_eq(r->v[i].id, id))
			return &r->v[i];
	return NULL;
}

/* "WORDS{N}" or "WORDS{=N}". */
static void read_follow(struct secret_rule *r)
{
	enum { MOST = 255 };
	uint64_t n = 0;
	struct str words, rest = r->keyword;
	if (!rest.n || rest.p[rest.n - 1] != '}')
		return;
	words = str_cut(&rest, '{');
	rest.n--;
	r->assigned = str_starts(rest, S("="));
	if (str_to_u64(str_from(rest, r->assigned), MOST, &n))
		r->keyword = words;
	r->follow = (unsigned)n;
}

static void add_builtin(struct arena *a, const struct secret_rule *b, struct secret_rules *out)
{
	struct secret_rule *r = ARENA_PUSH(a, out->v, out->n, out->cap);
	struct str globs = b->path, glob;
	*r = *b;
	r->path = (struct str){ 0 };
	read_follow(r);
	r->generic = str_eq(r->category, S("generic"));
	while (str_word(&globs, &glob))
		*ARENA_PUSH(a, r->paths.v, r->paths.n, r->paths.cap) = glob;
}

/* The configuration */

static int check_keys(const struct yaml *map, const char *const *names, struct err *e)
{
	for (const struct yaml *y = map->first; y; y = y->next) {
		size_t i = 0;
		while (names[i] && !str_eq(y->key, str_of(names[i])))
			i++;
		if (!names[i])
			return err_set(e, ERR_INVALID, "line %u: '%.*s' is not known", y->line,
				       STR(y->key));
	}
	return 0;
}

static int get_text(const struct yaml *map, const char *key, struct str *out, struct err *e)
{
	const struct yaml *y = yaml_get(map, str_of(key));
	if (y && y->kind != YAML_SCALAR)
		return err_set(e, ERR_INVALID, "line %u: '%s' is no text", y->line, key);
	if (y)
		*out = y->value;
	return 0;
}

static int get_texts(struct arena *a, const struct yaml *map, const char *key, struct strs *out,
		     struct err *e)
{
	const struct yaml *list = yaml_get(map, str_of(key));
	for (const struct yaml *y = list ? list->first : NULL; y; y = y->next) {
		if (y->kind != YAML_SCALAR)
			return err_set(e, ERR_INVALID, "line %u: '%s' is no list of texts", y->line,
				       key);
		*ARENA_PUSH(a, out->v, out->n, out->cap) = y->value;
	}
	return list && list->kind != YAML_LIST && list->value.n
		       ? err_set(e, ERR_INVALID, "line %u: '%s' is no list", list->line, key)
		       : 0;
}

static int get_allow(const struct yaml *y, struct secret_allow *out, struct err *e)
{
	static const char *const names[] = { "id", "description", "regex", "path", NULL };
	if (y->kind != YAML_MAP)
		return err_set(e, ERR_INVALID, "line %u: an exception is no map", y->line);
	if (check_keys(y, names, e) || get_text(y, "id", &out->id, e) ||
	    get_text(y, "regex", &out->regex, e) || get_text(y, "path", &out->path, e))
		return e->code;
	return out->regex.n || out->path.n
		       ? 0
		       : err_set(e, ERR_INVALID,
				 "line %u: an exception with neither regex nor path", y->line);
}

static int get_exclude(struct arena *a, const struct yaml *map, struct strs *out, struct err *e)
{
	static const char *const names[] = { "description", "regexes", NULL };
	const struct yaml *y = yaml_get(map, S("exclude-block"));
	if (!y)
		return 0;
	if (y->kind != YAML_MAP)
		return err_set(e, ERR_INVALID, "line %u: exclude-block is no map", y->line);
	return check_keys(y, names, e) ? e->code : get_texts(a, y, "regexes", out, e);
}

static bool is_severity(struct str s)
{
	static const char *const names[] = { "CRITICAL", "HIGH", "MEDIUM", "LOW", "UNKNOWN" };
	for (size_t i = 0; i < COUNT(names); i++)
		if (str_eq(s, str_of(names[i])))
			return true;
	return false;
}

static int get_rule(struct arena *a, const struct yaml *y, struct secret_rule *r, struct err *e)
{
	static const char *const names[] = { "id",	 "category",	"title",
					     "severity", "regex",	"keywords",
					     "path",	 "allow-rules", "exclude-block",
					     "entropy",	 "description", "secret-group-name",
					     NULL };
	struct str entropy = { 0 };
	uint64_t tenths = 0;
	*r = (struct secret_rule){ .custom = true,
				   .severity = S("UNKNOWN"),
				   .category = S("custom") };
	if (y->kind != YAML_MAP)
		return err_set(e, ERR_INVALID, "line %u: a rule is no map", y->line);
	int code;
	if ((code = check_keys(y, names, e)) || (code = get_text(y, "id", &r->id, e)) ||
	    (code = get_text(y, "category", &r->category, e)) ||
	    (code = get_text(y, "title", &r->title, e)) ||
	    (code = get_text(y, "severity", &r->severity, e)) ||
	    (code = get_text(y, "regex", &r->pattern, e)) ||
	    (code = get_text(y, "path", &r->path, e)) ||
	    (code = get_text(y, "secret-group-name", &r->group, e)) ||
	    (code = get_text(y, "entropy", &entropy, e)) ||
	    (code = get_texts(a, y, "keywords", &r->words, e)) ||
	    (code = get_exclude(a, y, &r->exclude, e)))
		return code;
	if (r->id.n == 0 || r->pattern.n == 0)
		return err_set(e, ERR_INVALID, "line %u: a rule wants id and regex", y->line);
	if (entropy.n && !str_to_u64(entropy, 80, &tenths))
		return err_set(e, ERR_INVALID, "line %u: entropy is tenths of a bit, 0 to 80",
			       y->line);
	if (!is_severity(r->severity))
		return err_set(e, ERR_INVALID, "line %u: there is no severity '%.*s'", y->line,
			       STR(r->severity));
	r->entropy = (unsigned)tenths;
	if (r->title.n == 0)
		r->title = r->id;
	const struct yaml *list = yaml_get(y, S("allow-rules"));
	for (const struct yaml *z = list ? list->first : NULL; z; z = z->next)
		if (get_allow(z, ARENA_PUSH(a, r->allows, r->n_allows, r->allows_cap), e))
			return e->code;
	return 0;
}

/* Our ids of a rule that is named as we or Trivy name it; false: it is neither. */
static bool resolve(struct arena *a, const struct secret_rules *r, struct str name,
		    struct strs *out)
{
	size_t i = 0;
	struct str word;
	if (secret_rules_find(r, name)) {
		*ARENA_PUSH(a, out->v, out->n, out->cap) = name;
		return true;
	}
	while (i < COUNT(aliases) && !str_eq(name, str_of(aliases[i].id)))
		i++;
	struct str rules = i < COUNT(aliases) ? str_of(aliases[i].rules) : S("");
	while (str_word(&rules, &word)) {
		if (!secret_rules_find(r, word))
			return false;
		*ARENA_PUSH(a, out->v, out->n, out->cap) = word;
	}
	return i < COUNT(aliases);
}

static int get_ids(struct arena *a, const struct yaml *top, const char *key,
		   const struct secret_rules *r, struct strs *out, struct err *e)
{
	struct strs names = { 0 };
	if (get_texts(a, top, key, &names, e))
		return e->code;
	for (size_t i = 0; i < names.n; i++)
		if (!resolve(a, r, names.v[i], out))
			return err_set(e, ERR_INVALID, "there is no rule '%.*s'", STR(names.v[i]));
	return 0;
}

/* enable-builtin-rules keeps these alone, disable-rules drops some. */
static int choose(struct arena *a, const struct yaml *top, struct secret_rules *out, struct err *e)
{
	struct strs only = { 0 }, off = { 0 };
	size_t n = 0;
	if (get_ids(a, top, "enable-builtin-rules", out, &only, e) ||
	    get_ids(a, top, "disable-rules", out, &off, e) ||
	    get_texts(a, top, "disable-allow-rules", &out->places_off, e))
		return e->code;
	const struct yaml *list = yaml_get(top, S("enable-builtin-rules"));
	/* All would stay where those that should stay alone are not there. */
	if (list && list->first && !only.n)
		return err_set(e, ERR_INVALID,
			       "line %u: enable-builtin-rules names no rule that is there",
			       list->line);
	for (size_t i = 0; i < out->n; i++)
		if ((!only.n || has(&only, out->v[i].id)) && !has(&off, out->v[i].id))
			out->v[n++] = out->v[i];
	out->n = n;
	return 0;
}

static int add_custom(struct arena *a, const struct yaml *top, struct secret_rules *out,
		      struct err *e)
{
	const struct yaml *list = yaml_get(top, S("rules"));
	for (const struct yaml *y = list ? list->first : NULL; y; y = y->next) {
		struct secret_rule r;
		int code = get_rule(a, y, &r, e);
		if (code)
			return code;
		if (secret_rules_find(out, r.id))
			return err_set(e, ERR_INVALID, "line %u: there is a rule '%.*s' already",
				       y->line, STR(r.id));
		if (out->n >= SECRET_RULES_MAX)
			return err_set(e, ERR_LIMIT, "line %u: more than %d rules", y->line,
				       SECRET_RULES_MAX);
		*ARENA_PUSH(a, out->v, out->n, out->cap) = r;
	}
	list = yaml_get(top, S("allow-rules"));
	for (const struct yaml *y = list ? list->first : NULL; y; y = y->next)
		if (get_allow(y, ARENA_PUSH(a, out->allows, out->n_allows, out->allows_cap), e))
			return e->code;
	return get_exclude(a, top, &out->exclude, e);
}

int secret_rules_read(struct arena *a, struct str config, struct secret_rules *out, struct err *e)
{
	static const char *const names[] = { "rules",
					     "allow-rules",
					     "disable-rules",
					     "disable-allow-rules",
					     "exclude-block",
					     "enable-builtin-rules",
					     NULL };
	struct secret_rules r = { 0 };
	struct yaml *top = NULL;
	for (size_t i = 0; i < COUNT(builtin); i++)
		add_builtin(a, &builtin[i], &r);
	if (config.n > SECRET_CONFIG_MAX)
		return err_set(e, ERR_LIMIT, "it is larger than %d bytes", SECRET_CONFIG_MAX);
	if (config.n) {
		if (yaml_parse(a, config, &top, e))
			return e->code;
		if (top->kind != YAML_MAP)
			return err_set(e, ERR_INVALID, "it is no map");
		if (check_keys(top, names, e) || choose(a, top, &r, e) || add_custom(a, top, &r, e))
			return e->code;
	}
	*out = r;
	return 0;
}
