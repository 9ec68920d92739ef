/* Exceptions from files. They are the user's own, and small; bounded all the same. A rule without id, purl and path would
 * hide everything and is refused. */
#include "policy/ignore.h"

#include "analyze/purl.h"
#include "base/stream.h"
#include "base/time.h"
#include "base/yaml.h"

#include <fcntl.h>

enum { DAY = 86400 };

static int new_rule(struct ignores *v, struct str name, unsigned line, struct ignore_rule **out,
		    struct err *e)
{
	if (v->n >= IGNORE_RULES)
		return err_set(e, ERR_LIMIT, "%.*s: more than %d exceptions", STR(name),
			       IGNORE_RULES);
	*out = ARENA_PUSH(v->arena, v->rules, v->n, v->cap);
	(*out)->kinds = IGNORE_ALL;
	(*out)->source = arena_printf(v->arena, "%.*s:%u", STR(name), line);
	return 0;
}

static int bad(struct err *e, const struct ignore_rule *r, const char *why)
{
	return err_set(e, ERR_INVALID, "%.*s: %s", STR(r->source), why);
}

static void add(struct ignores *v, struct strs *list, struct str s)
{
	*ARENA_PUSH(v->arena, list->v, list->n, list->cap) = arena_str(v->arena, s);
}

/* .trivyignore */
static int read_line(struct ignores *v, struct str name, unsigned number, struct str line,
		     struct err *e)
{
	struct str word, id = { 0 }, ends = { 0 };
	struct ignore_rule *r;
	line = str_cut(&line, '#');
	if (!str_word(&line, &id))
		return 0;
	if (new_rule(v, name, number, &r, e))
		return e->code;
	r->id = arena_str(v->arena, id);
	while (str_word(&line, &word)) {
		if (!str_starts(word, S("exp:")))
			return bad(e, r, "wanted: ID [exp:YYYY-MM-DD]");
		ends = str_from(word, 4);
	}
	if (ends.n && !time_parse_date(ends, &r->ends))
		return bad(e, r, "the date behind exp: is not YYYY-MM-DD");
	return 0;
}

static int read_lines(struct ignores *v, struct str text, struct str name, struct err *e)
{
	struct str line;
	int r = 0;
	for (unsigned n = 1; r == 0 && str_line(&text, &line); n++)
		r = read_line(v, name, n, line, e);
	return r;
}

/* A string or a list of them. */
static int read_strs(struct ignores *v, const struct ignore_rule *r, const struct yaml *y,
		     struct strs *out, struct err *e)
{
	if (y->kind == YAML_SCALAR) {
		add(v, out, y->value);
		return 0;
	}
	for (const struct yaml *x = y->first; x; x = x->next) {
		if (y->kind != YAML_LIST || x->kind != YAML_SCALAR)
			return bad(e, r, "a list of texts is wanted");
		add(v, out, x->value);
	}
	return 0;
}

static int read_date(struct ignore_rule *r, struct str s, bool whole_day, struct err *e)
{
	if (!time_parse_date(str_upto(s, 10), &r->ends) || (s.n > 10 && !time_parse(s, &r->ends)))
		return bad(e, r, "the date is not YYYY-MM-DD");
	if (whole_day && s.n == 10)
		r->ends += DAY;
	return 0;
}

static int read_key(struct ignores *v, struct ignore_rule *r, const struct yaml *y, bool trivy,
		    struct err *e)
{
	struct str k = y->key;
	if (str_eq(k, trivy ? S("purls") : S("purl")))
		return read_strs(v, r, y, &r->purls, e);
	if (str_eq(k, trivy ? S("paths") : S("path")))
		return read_strs(v, r, y, &r->paths, e);
	if (y->kind != YAML_SCALAR)
		return bad(e, r, "a text is wanted");
	if (str_eq(k, S("id")))
		r->id = arena_str(v->arena, y->value);
	else if (str_eq(k, trivy ? S("statement") : S("reason")))
		r->reason = arena_str(v->arena, y->value);
	else if (str_eq(k, trivy ? S("expired_at") : S("until")))
		return read_date(r, y->value, !trivy, e);
	else
		return err_set(e, ERR_INVALID, "%.*s: '%.*s' is not known", STR(r->source), STR(k));
	return 0;
}

static int read_list(struct ignores *v, const struct yaml *list, struct str name, bool trivy,
		     unsigned kinds, struct err *e)
{
	for (const struct yaml *y = list->first; y; y = y->next) {
		struct ignore_rule *r;
		if (new_rule(v, name, y->line, &r, e))
			return e->code;
		r->kinds = kinds;
		if (list->kind != YAML_LIST || y->kind != YAML_MAP)
			return bad(e, r, "a list of maps is wanted");
		for (const struct yaml *k = y->first; k; k = k->next)
			if (read_key(v, r, k, trivy, e))
				return e->code;
		if (!r->id.n && !r->purls.n && !r->paths.n)
			return bad(e, r, "an exception without id, purl and path hides everything");
	}
	return 0;
}

static int not_ours(struct err *e, struct str name, unsigned line)
{
	return err_set(e, ERR_INVALID,
		       "%.*s:%u: wanted: a list of exceptions, or lists under vulnerabilities, "
		       "misconfigurations, secrets, licenses",
		       STR(name), line);
}

static int read_yaml(struct ignores *v, struct str text, struct str name, struct err *e)
{
	static const struct {
		const char *key;
		unsigned kinds;
	} t[] = {
		{ "vulnerabilities", IGNORE_VULNERABILITIES },
		{ "misconfigurations", IGNORE_CHECKS },
		{ "secrets", IGNORE_SECRETS },
		{ "licenses", IGNORE_LICENCES },
	};
	struct yaml *y;
	if (yaml_parse(v->arena, text, &y, e))
		return err_in(e, "%.*s", STR(name));
	if (y->kind == YAML_LIST)
		return read_list(v, y, name, false, IGNORE_ALL, e);
	int r = y->kind == YAML_MAP ? 0 : not_ours(e, name, y->line);
	for (const struct yaml *k = y->first; k && r == 0; k = k->next) {
		size_t i = 0;
		while (i < COUNT(t) && !str_eq(k->key, str_of(t[i].key)))
			i++;
		r = i == COUNT(t) ? not_ours(e, name, k->line)
				  : read_list(v, k, name, true, t[i].kinds, e);
	}
	return r;
}

int ignore_add(struct ignores *v, struct str text, struct str name, struct err *e)
{
	size_t n = v->n;
	bool yaml = str_ends(name, S(".yaml")) || str_ends(name, S(".yml"));
	int r = yaml ? read_yaml(v, text, name, e) : read_lines(v, text, name, e);
	if (r)
		v->n = n;
	return r;
}

int ignore_add_file(struct ignores *v, const char *path, struct err *e)
{
	struct buf text CLEANUP(buf_done) = { 0 };
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open the ignore file %s", path);
	struct stream *s CLEANUP(cleanup_stream) = stream_fd(fd, true, -1, UINT64_MAX);
	int r = stream_read_all(s, IGNORE_BYTES, &text, e);
	if (r)
		return err_in(e, "ignore file %s", path);
	return ignore_add(v, str_buf(&text), str_of(path), e);
}

/* Applying */
struct subject { /* what a rule is held against */
	unsigned kind;
	struct str ids[3]; /* any of them; empty ones are none */
	const struct strs *more_ids; /* may be NULL */
	const char *const *others; /* NULL-terminated, may be NULL */
	struct str purl, path;
};

static bool id_is(const struct ignore_rule *r, const struct subject *s)
{
	if (!r->id.n)
		return true;
	for (size_t i = 0; i < COUNT(s->ids); i++)
		if (s->ids[i].n && str_eq_nocase(s->ids[i], r->id))
			return true;
	for (size_t i = 0; s->more_ids && i < s->more_ids->n; i++)
		if (str_eq_nocase(s->more_ids->v[i], r->id))
			return true;
	for (const char *const *o = s->others; o && *o; o++)
		if (str_eq_nocase(str_of(*o), r->id))
			return true;
	return false;
}

static bool covers(const struct ignore_rule *r, const struct subject *s)
{
	bool purl = r->purls.n == 0, path = r->paths.n == 0;
	if (!(r->kinds & s->kind) || !id_is(r, s))
		return false;
	for (size_t i = 0; i < r->purls.n && !purl; i++)
		purl = s->purl.n && purl_text_matches(r->purls.v[i], s->purl);
	for (size_t i = 0; i < r->paths.n && !path; i++) {
		struct str glob = r->paths.v[i];
		while (str_starts(glob, S("/")))
			glob = str_from(glob, 1);
		path = s->path.n && str_glob(glob, s->path);
	}
	return purl && path;
}

struct applying {
	const struct ignores *v;
	int64_t now;
	struct arena *a;
	struct strs *warnings;
	bool *told; /* expired rules */
};

static void tell_expired(struct applying *ap, size_t rule, const struct subject *s)
{
	const struct ignore_rule *r = &ap->v->rules[rule];
	char date[DATE_TEXT];
	if (ap->told[rule])
		return;
	ap->told[rule] = true;
	*ARENA_PUSH(ap->a, ap->warnings->v, ap->warnings->n, ap->warnings->cap) = arena_printf(
		ap->a, "the exception for %.*s in %.*s has expired, on %s",
		STR(r->id.n ? r->id : s->ids[0]), STR(r->source), date_text(r->ends, date));
}

/* The first rule that covers and still counts; NULL: none. */
static const struct ignore_rule *rule_for(struct applying *ap, const struct subject *s)
{
	for (size_t i = 0; i < ap->v->n; i++) {
		const struct ignore_rule *r = &ap->v->rules[i];
		if (!covers(r, s))
			continue;
		if (!r->ends || ap->now < r->ends)
			return r;
		tell_expired(ap, i, s);
	}
	return NULL;
}

static void suppress(struct applying *ap, struct suppression *out, const struct subject *s)
{
	const struct ignore_rule *r = out->by.n ? NULL : rule_for(ap, s);
	if (r)
		*out = (struct suppression){ .by = S("ignore"),
					     .reason = r->reason,
					     .source = r->source };
}

static void apply_findings(struct applying *ap, struct report *r)
{
	for (size_t i = 0; i < r->n_findings; i++) {
		struct finding *f = &r->findings[i];
		const struct subject s = { .kind = IGNORE_VULNERABILITIES,
					   .ids = { f->id },
					   .more_ids = &f->aliases,
					   .purl = f->package->purl,
					   .path = f->package->path };
		suppress(ap, &f->suppressed, &s);
	}
}

static void apply_checks(struct applying *ap, struct report *r)
{
	for (size_t i = 0; i < r->n_checks; i++) {
		struct config_finding *c = &r->checks[i];
		const struct subject s = { .kind = IGNORE_CHECKS,
					   .ids = { str_of(c->check->id) },
					   .others = c->check->others,
					   .path = c->path };
		const struct ignore_rule *rule = c->suppressed.by.n ? NULL : rule_for(ap, &s);
		if (!rule)
			continue;
		c->suppressed.by = S("ignore");
		c->suppressed.reason = rule->reason;
		c->suppressed.source = rule->source;
	}
}

static void apply_others(struct applying *ap, struct report *r)
{
	for (size_t i = 0; i < r->n_secrets; i++) {
		const struct secret *x = r->secrets[i].secret;
		const struct subject s = { .kind = IGNORE_SECRETS,
					   .ids = { x->rule },
					   .path = x->path };
		suppress(ap, &r->secrets[i].suppressed, &s);
	}
	for (size_t i = 0; i < r->n_licences; i++) {
		struct licence_finding *x = &r->licences[i];
		const struct subject s = { .kind = IGNORE_LICENCES,
					   .ids = { x->expression, x->category },
					   .purl = x->package ? x->package->purl : S(""),
					   .path = x->path };
		suppress(ap, &x->suppressed, &s);
	}
	for (size_t i = 0; i < r->n_malware; i++) {
		const struct malware *x = r->malware[i].malware;
		const struct subject s = { .kind = IGNORE_MALWARE,
					   .ids = { x->rule },
					   .path = x->path };
		suppress(ap, &r->malware[i].suppressed, &s);
	}
}

void ignore_apply(const struct ignores *v, struct report *r, int64_t now, struct arena *a,
		  struct strs *warnings)
{
	struct applying ap = { v, now, a, warnings, arena_array(a, v->n, sizeof(bool)) };
	if (v->n == 0)
		return;
	apply_findings(&ap, r);
	apply_checks(&ap, r);
	apply_others(&ap, r);
}
