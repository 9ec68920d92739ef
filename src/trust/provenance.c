/* SLSA provenance: https://slsa.dev/spec/v1.0/provenance and v0.2, verified as its "Verifying artifacts" says.
 *
 * The statement is signed by the builder, but what is in it may come from whoever asked for the build: a builder.id that
 * is not the signer's, the repository of a fork, parameters that turn the build into another one. So the builder must be
 * the identity in the certificate (or be vouched for by whoever trusts the key), the source must be said once and be the
 * one that is wanted, and an external parameter that nobody expects is a no. */
#include "trust/provenance.h"

#include "trust/dsse.h"

/* What the predicate says. */
struct said {
	struct str builder, source, ref;
	const struct json *external, *inputs;
	const char *inputs_path;
};

static struct str until_at(struct str s, struct str *behind)
{
	ssize_t at = str_rfind_char(s, '@');
	*behind = at < 0 ? S("") : str_from(s, (size_t)at + 1);
	return at < 0 ? s : str_upto(s, (size_t)at);
}

/* Without what is only a way to write it. */
static struct str bare_source(struct str s)
{
	static const char *const prefixes[] = { "git+", "https://" };
	for (size_t i = 0; i < COUNT(prefixes); i++)
		if (str_starts(s, str_of(prefixes[i])))
			s = str_from(s, strlen(prefixes[i]));
	if (str_ends(s, S("/")))
		s = str_upto(s, s.n - 1);
	return str_ends(s, S(".git")) ? str_upto(s, s.n - 4) : s;
}

static void take_uri(struct said *s, struct str uri)
{
	s->source = bare_source(until_at(uri, &s->ref));
}

static void read_1(const struct json *predicate, struct said *s)
{
	const struct json *build = json_get(predicate, "buildDefinition");
	const struct json *workflow = json_get(json_get(build, "externalParameters"), "workflow");
	const struct json *source = json_get(json_get(build, "externalParameters"), "source");
	s->builder = json_get_str(json_get(json_get(predicate, "runDetails"), "builder"), "id");
	s->external = json_get(build, "externalParameters");
	s->inputs = json_get(s->external, "inputs");
	s->inputs_path = "inputs";
	if (json_is_object(workflow)) {
		s->source = bare_source(json_get_str(workflow, "repository"));
		s->ref = json_get_str(workflow, "ref");
	} else if (source) {
		take_uri(s,
			 json_is_string(source) ? json_str(source) : json_get_str(source, "uri"));
	} else {
		take_uri(s,
			 json_get_str(json_first(json_get(build, "resolvedDependencies")), "uri"));
	}
}

static void read_02(const struct json *predicate, struct said *s)
{
	const struct json *invocation = json_get(predicate, "invocation");
	struct str uri = json_get_str(json_get(invocation, "configSource"), "uri");
	bool listed = false;
	s->builder = json_get_str(json_get(predicate, "builder"), "id");
	s->external = json_get(invocation, "parameters");
	s->inputs = json_get(json_get(json_get(invocation, "environment"), "github_event_payload"),
			     "inputs");
	s->inputs_path = "";
	JSON_EACH(material, json_get(predicate, "materials"))
	listed |= str_eq(json_get_str(material, "uri"), uri);
	if (listed)
		take_uri(s, uri);
}

/* The builder. */
static struct str claim(const struct proof *p, const char *name)
{
	for (size_t i = 0; i < p->claims.n; i++)
		if (str_eq(str_of(p->claims.v[i].name), str_of(name)))
			return p->claims.v[i].value;
	return S("");
}

/* Of two names one may leave its version out. */
static bool same_builder(struct str wanted, struct str id)
{
	struct str version, bare = until_at(id, &version);
	return wanted.n &&
	       (str_eq(wanted, id) || (str_find_char(wanted, '@') < 0 && str_eq(wanted, bare)));
}

static void check_builder(const struct provenance_wanted *w, const struct said *s, struct arena *a,
			  struct proof *p)
{
	struct str signer = p->identity;
	struct str id = str_upto(s->builder, 300);
	if (!s->builder.n)
		proof_check(p, a, "builder", CHECK_NO, "the provenance names no builder");
	else if (w->builder_id.n && !same_builder(w->builder_id, s->builder))
		proof_check(p, a, "builder", CHECK_NO, "it was built by '%.*s'", STR(id));
	else if (!signer.n && !w->builder_id.n)
		proof_check(p, a, "builder", CHECK_NO,
			    "a key says nothing about a builder: name the one that signs with it "
			    "(--builder-id)");
	else if (signer.n && !str_eq(signer, s->builder) && !same_builder(s->builder, signer))
		proof_check(p, a, "builder", CHECK_NO,
			    "the builder '%.*s' is not who signed, '%.*s'", STR(id),
			    STR(str_upto(signer, 300)));
	else
		proof_check(p, a, "builder", CHECK_YES, "%.*s", STR(id));
}

/* The source. */
static bool is_ref(struct str ref, const char *kind, struct str name)
{
	return str_starts(ref, S("refs/")) && str_starts(str_from(ref, 5), str_of(kind)) &&
	       str_eq(str_from(ref, 5 + strlen(kind)), name);
}

static void check_source(const struct provenance_wanted *w, const struct said *s, struct arena *a,
			 struct proof *p)
{
	struct str certified = claim(p, "source-repository-uri"),
		   ref = claim(p, "source-repository-ref");
	struct str source = str_upto(s->source, 300), shown = str_upto(s->ref, 300);
	if (w->source_uri.n && !str_eq(bare_source(w->source_uri), s->source))
		proof_check(p, a, "source", CHECK_NO, "it was built from '%.*s'", STR(source));
	else if (certified.n && !str_eq(bare_source(certified), s->source))
		proof_check(p, a, "source", CHECK_NO, "it says '%.*s', its certificate '%.*s'",
			    STR(source), STR(str_upto(certified, 300)));
	else if (ref.n && s->ref.n && !str_eq(ref, s->ref))
		proof_check(p, a, "source", CHECK_NO, "it says '%.*s', its certificate '%.*s'",
			    STR(shown), STR(str_upto(ref, 300)));
	else if (w->source_tag.n && !is_ref(s->ref, "tags/", w->source_tag))
		proof_check(p, a, "source", CHECK_NO,
			    "it was built from '%.*s', not from the tag %.*s", STR(shown),
			    STR(w->source_tag));
	else if (w->source_branch.n && !is_ref(s->ref, "heads/", w->source_branch))
		proof_check(p, a, "source", CHECK_NO,
			    "it was built from '%.*s', not from the branch %.*s", STR(shown),
			    STR(w->source_branch));
	else
		proof_check(p, a, "source", CHECK_YES, "%.*s %.*s", STR(source), STR(shown));
}

/* Parameters: every leaf must be expected. */
struct leaves {
	const struct provenance_wanted *w;
	struct arena *a;
	size_t n;
	struct str unexpected;
};

static struct str leaf_text(const struct json *j, struct arena *a)
{
	uint64_t v;
	if (json_is_string(j))
		return json_str(j);
	if (json_u64(j, &v))
		return arena_printf(a, "%llu", (unsigned long long)v);
	return json_bool(j, false) ? S("true") : !json_bool(j, true) ? S("false") : S("");
}

static bool is_null(const struct json *j)
{
	return !json_is_string(j) && json_bool(j, true) != json_bool(j, false) &&
	       json_double(j, 1) != json_double(j, 2);
}

static const struct annotation *find(const struct annotation *v, size_t n, struct str key)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(v[i].key, key))
			return &v[i];
	return NULL;
}

/* Those that "source" judged, or that name the same thing. */
static bool is_source(struct str path)
{
	static const char *const names[] = { "workflow.repository", "workflow.ref", "workflow.path",
					     "source", "source.uri" };
	for (size_t i = 0; i < COUNT(names); i++)
		if (str_eq(path, str_of(names[i])))
			return true;
	return str_starts(path, S("source.digest."));
}

static bool is_allowed(const struct leaves *l, struct str path)
{
	for (size_t i = 0; i < l->w->allowed.n; i++) {
		struct str name = l->w->allowed.v[i];
		if (str_eq(name, S("*")) || str_eq(name, path) ||
		    (str_starts(path, name) && path.n > name.n && path.p[name.n] == '.'))
			return true;
	}
	if (find(l->w->parameters, l->w->n_parameters, path))
		return true;
	return str_starts(path, S("inputs.")) &&
	       find(l->w->inputs, l->w->n_inputs, str_from(path, 7));
}

static void walk(struct leaves *l, const struct json *j, struct str path)
{
	size_t i = 0;
	if (l->unexpected.n)
		return;
	if (!json_is_object(j) && !json_is_array(j)) {
		if (is_null(j))
			return;
		l->n++;
		if (l->n > PROVENANCE_LEAVES_MAX || path.n > PROVENANCE_PATH_MAX ||
		    (!is_source(path) && !is_allowed(l, path)))
			l->unexpected = path.n ? str_upto(path, PROVENANCE_PATH_MAX) : S("all");
		return;
	}
	JSON_EACH(child, j)
	{
		struct str key = json_is_object(j) ? json_key(child) : arena_printf(l->a, "%zu", i);
		walk(l, child,
		     path.n ? arena_printf(l->a, "%.*s.%.*s", STR(path),
					   STR(str_upto(key, PROVENANCE_PATH_MAX)))
			    : key);
		i++;
	}
}

/* The value at a dotted path; keys with dots in them are found too. */
static const struct json *at_path(const struct json *j, struct str path)
{
	JSON_EACH(child, j)
	{
		struct str key = json_key(child);
		if (!json_is_object(j) || !str_starts(path, key))
			continue;
		if (path.n == key.n)
			return child;
		if (path.p[key.n] != '.')
			continue;
		const struct json *found = at_path(child, str_from(path, key.n + 1));
		if (found)
			return found;
	}
	return NULL;
}

static bool values_hold(const struct json *j, const struct annotation *v, size_t n, struct arena *a,
			struct proof *p)
{
	for (size_t i = 0; i < n; i++) {
		struct str got = leaf_text(at_path(j, v[i].key), a);
		if (str_eq(got, v[i].value))
			continue;
		proof_check(p, a, "parameters", CHECK_NO, "%.*s is '%.*s', not '%.*s'",
			    STR(v[i].key), STR(str_upto(got, 300)), STR(v[i].value));
		return false;
	}
	return true;
}

static void check_parameters(const struct provenance_wanted *w, const struct said *s,
			     struct arena *a, struct proof *p)
{
	struct leaves l = { .w = w, .a = a };
	if (!values_hold(s->external, w->parameters, w->n_parameters, a, p) ||
	    !values_hold(s->inputs, w->inputs, w->n_inputs, a, p))
		return;
	if (s->external)
		walk(&l, s->external, S(""));
	if (l.unexpected.n == 0 && s->inputs && !*s->inputs_path)
		walk(&l, s->inputs, S("inputs"));
	if (l.unexpected.n)
		proof_check(p, a, "parameters", CHECK_NO, "the parameter %.*s was not expected",
			    STR(l.unexpected));
	else
		proof_check(p, a, "parameters", CHECK_YES, "all %zu are expected", l.n);
}

void provenance_check(const struct provenance_wanted *w, struct arena *a, struct proof *p)
{
	struct statement st;
	struct said s = { 0 };
	struct err e = { 0 };
	if (statement_parse(p->payload, a, &st, &e)) {
		proof_check(p, a, "predicate-type", CHECK_NO, "%s", e.text);
		return;
	}
	if (str_eq(st.predicate_type, S(PREDICATE_SLSA_1)))
		read_1(st.predicate, &s);
	else if (str_eq(st.predicate_type, S(PREDICATE_SLSA_02)))
		read_02(st.predicate, &s);
	else
		proof_check(p, a, "predicate-type", CHECK_NO,
			    "'%.*s' is no provenance that is known",
			    STR(str_upto(st.predicate_type, 200)));
	check_builder(w, &s, a, p);
	check_source(w, &s, a, p);
	check_parameters(w, &s, a, p);
	statement_done(&st);
}
