/* Trust policy documents of the Notary Project (version 1.0; for images and for blobs). A mistake here would be a signature
 * accepted that was not meant to be, so a document is taken whole or not at all: keys that are not known or there twice,
 * scopes or names that repeat, identities that overlap, wildcards beside other values are refused. */
#include "trust/notation_policy.h"

static const struct {
	const char *name;
	enum notation_action actions[STEPS];
} levels[] = {
	{ "strict",
	  { ACTION_ENFORCE, ACTION_ENFORCE, ACTION_ENFORCE, ACTION_ENFORCE, ACTION_ENFORCE } },
	{ "permissive", { ACTION_ENFORCE, ACTION_ENFORCE, ACTION_LOG, ACTION_LOG, ACTION_LOG } },
	{ "audit", { ACTION_ENFORCE, ACTION_LOG, ACTION_LOG, ACTION_LOG, ACTION_LOG } },
	{ "skip", { ACTION_SKIP, ACTION_SKIP, ACTION_SKIP, ACTION_SKIP, ACTION_SKIP } },
};
static const char *const step_names[STEPS] = { "integrity", "authenticity", "authenticTimestamp",
					       "expiry", "revocation" };
static const char *const action_names[] = { "enforce", "log", "skip" };
static const char *const type_names[STORE_TYPES] = { "ca", "signingAuthority", "tsa" };

const char *notation_store_type_name(enum notation_store_type t)
{
	return type_names[t];
}

/* The index of a name, or -1. */
static int index_of(struct str name, const char *const *names, int n)
{
	for (int i = 0; i < n; i++)
		if (str_eq(name, str_of(names[i])))
			return i;
	return -1;
}

bool notation_store_type_parse(struct str name, enum notation_store_type *out)
{
	int i = index_of(name, type_names, STORE_TYPES);
	if (i >= 0)
		*out = (enum notation_store_type)i;
	return i >= 0;
}

bool notation_name_is_safe(struct str name)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i], low = (char)(c | 0x20);
		if (!((low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
		      c == '.' || c == '-'))
			return false;
	}
	return name.n && name.n < 256 && !str_eq(name, S(".")) && !str_eq(name, S(".."));
}

static int known_keys(const struct json *j, const char *const *names, int n, struct err *e)
{
	if (!json_is_object(j))
		return err_set(e, ERR_INVALID, "an object is wanted");
	JSON_EACH(child, j)
	if (index_of(json_key(child), names, n) < 0)
		return err_set(e, ERR_INVALID, "'%.*s' is not known",
			       STR(str_upto(json_key(child), 100)));
	return 0;
}

/* A list of different, non-empty texts; one that is not there is empty. */
static int get_list(const struct json *object, const char *key, struct arena *a, struct strs *out,
		    struct err *e)
{
	const struct json *j = json_get(object, key);
	if (!j)
		return 0;
	if (!json_is_array(j) || json_count(j) > NOTATION_LIST_MAX)
		return err_set(e, ERR_INVALID, "%s is no list, or has more than %d values", key,
			       NOTATION_LIST_MAX);
	JSON_EACH(child, j)
	{
		struct str s = json_str(child);
		if (s.n == 0)
			return err_set(e, ERR_INVALID, "%s has what is no text", key);
		for (size_t i = 0; i < out->n; i++)
			if (str_eq(out->v[i], s))
				return err_set(e, ERR_INVALID, "%s has '%.*s' twice", key,
					       STR(str_upto(s, 200)));
		*ARENA_PUSH(a, out->v, out->n, out->cap) = arena_str(a, s);
	}
	return 0;
}

static int get_override(const struct json *j, struct notation_statement *out, struct err *e)
{
	if (!json_is_object(j))
		return err_set(e, ERR_INVALID, "override is no object");
	if (json_count(j) && str_eq(out->level, S("skip")))
		return err_set(e, ERR_INVALID, "the level skip cannot be overridden");
	JSON_EACH(child, j)
	{
		struct str name = str_upto(json_key(child), 100);
		int step = index_of(json_key(child), step_names, STEPS);
		int action = index_of(json_str(child), action_names, COUNT(action_names));
		if (step < 0 || step == STEP_INTEGRITY)
			return err_set(e, ERR_INVALID, "'%.*s' cannot be overridden", STR(name));
		if (action < 0 || (action == ACTION_SKIP && step != STEP_REVOCATION))
			return err_set(e, ERR_INVALID, "%.*s cannot be overridden by '%.*s'",
				       STR(name), STR(str_upto(json_str(child), 100)));
		out->actions[step] = (enum notation_action)action;
	}
	return 0;
}

static int get_level(const struct json *j, struct arena *a, struct notation_statement *out,
		     struct err *e)
{
	static const char *const keys[] = { "level", "override", "verifyTimestamp" };
	const struct json *stamp = json_get(j, "verifyTimestamp"),
			  *override = json_get(j, "override");
	struct str name = json_get_str(j, "level");
	if (known_keys(j, keys, COUNT(keys), e))
		return err_in(e, "signatureVerification");
	for (size_t i = 0; i < COUNT(levels); i++)
		if (str_eq(name, str_of(levels[i].name))) {
			out->level = arena_str(a, name);
			memcpy(out->actions, levels[i].actions, sizeof out->actions);
		}
	if (out->level.n == 0)
		return err_set(e, ERR_INVALID, "signatureVerification: there is no level '%.*s'",
			       STR(str_upto(name, 100)));
	out->stamp_after_expiry = str_eq(json_str(stamp), S("afterCertExpiry"));
	if (stamp && !out->stamp_after_expiry && !str_eq(json_str(stamp), S("always")) &&
	    !(json_is_string(stamp) && json_str(stamp).n == 0))
		return err_set(e, ERR_INVALID,
			       "verifyTimestamp is neither always nor afterCertExpiry");
	return override && get_override(override, out, e) ? err_in(e, "signatureVerification") : 0;
}

static int add_identity(struct str text, struct arena *a, struct notation_statement *out,
			struct err *e)
{
	struct str value = text, kind = str_cut(&value, ':');
	struct notation_identity *v = &out->identities[out->n_identities];
	if (kind.n == 0 || str_trim(value).n == 0)
		return err_set(e, ERR_INVALID, "is no 'x509.subject: NAME'");
	if (!str_eq(kind, S("x509.subject"))) {
		out->n_identities++;
		return 0; /* a plugin's: it never matches */
	}
	if (notation_name_parse(value, a, v, e))
		return e->code;
	static const char *const wanted[] = { "C", "ST", "O" };
	for (size_t i = 0; i < COUNT(wanted); i++) {
		size_t k = 0;
		while (k < v->n && !str_eq(v->v[k].type, str_of(wanted[i])))
			k++;
		if (k == v->n)
			return err_set(e, ERR_INVALID, "has no %s", wanted[i]);
	}
	for (size_t i = 0; i < out->n_identities; i++)
		if (notation_name_subset(v, &out->identities[i]) ||
		    notation_name_subset(&out->identities[i], v))
			return err_set(e, ERR_INVALID, "overlaps with another one");
	out->n_identities++;
	return 0;
}

static int get_identities(const struct strs *list, struct arena *a, struct notation_statement *out,
			  struct err *e)
{
	if (list->n > NOTATION_IDENTITIES_MAX)
		return err_set(e, ERR_LIMIT, "more than %d trusted identities",
			       NOTATION_IDENTITIES_MAX);
	out->identities = arena_zalloc(a, (list->n + 1) * sizeof *out->identities);
	for (size_t i = 0; i < list->n; i++) {
		if (str_eq(list->v[i], S("*")) && list->n > 1)
			return err_set(e, ERR_INVALID, "the identity '*' is beside others");
		if (str_eq(list->v[i], S("*")))
			out->anybody = true;
		else if (add_identity(list->v[i], a, out, e))
			return err_in(e, "identity '%.*s'", STR(str_upto(list->v[i], 200)));
	}
	return 0;
}

static int get_stores(const struct strs *list, struct notation_trust *t,
		      struct notation_statement *out, struct err *e)
{
	out->stores = arena_array(&t->arena, list->n, sizeof *out->stores);
	for (size_t i = 0; i < list->n; i++) {
		struct str name = list->v[i], type = str_cut(&name, ':');
		struct notation_store s = { .name = name };
		size_t k = 0;
		if (!notation_store_type_parse(type, &s.type) || !notation_name_is_safe(name))
			return err_set(e, ERR_INVALID,
				       "trust store '%.*s' is not TYPE:NAME, of ca, "
				       "signingAuthority or tsa",
				       STR(str_upto(list->v[i], 200)));
		while (k < t->n_stores &&
		       !(t->stores[k].type == s.type && str_eq(t->stores[k].name, name)))
			k++;
		if (k == t->n_stores)
			*ARENA_PUSH(&t->arena, t->stores, t->n_stores, t->cap_stores) = s;
		out->stores[out->n_stores++] = k;
	}
	return 0;
}

/* HOST[:PORT]/REPOSITORY, lower case but for the host. */
static bool is_scope(struct str s)
{
	struct str repository = s, host = str_cut(&repository, '/');
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i], low = (char)(c | 0x20);
		bool word = (c >= '0' && c <= '9') ||
			    (low >= 'a' && low <= 'z' && (c == low || i < host.n));
		bool mark = c && strchr(i < host.n ? ".-:" : "._-/", c);
		if (i != host.n && !word && !(mark && i != host.n + 1 && i + 1 < s.n))
			return false;
	}
	return host.n && repository.n && str_find(s, S("//")) < 0;
}

static int check_scopes(const struct strs *scopes, struct err *e)
{
	if (scopes->n == 0)
		return err_set(e, ERR_INVALID, "there are no registryScopes");
	for (size_t i = 0; i < scopes->n; i++) {
		bool any = str_eq(scopes->v[i], S("*"));
		if (any && scopes->n > 1)
			return err_set(e, ERR_INVALID, "the scope '*' is beside others");
		if (!any && !is_scope(scopes->v[i]))
			return err_set(e, ERR_INVALID, "the scope '%.*s' is no HOST/REPOSITORY",
				       STR(str_upto(scopes->v[i], 200)));
	}
	return 0;
}

static int get_statement(const struct json *j, bool blob, struct notation_trust *t,
			 struct notation_statement *out, struct err *e)
{
	static const char *const keys[] = { "name", "signatureVerification", "trustStores",
					    "trustedIdentities", "registryScopes" };
	static const char *const blob_keys[] = { "name", "signatureVerification", "trustStores",
						 "trustedIdentities", "globalPolicy" };
	struct arena *a = &t->arena;
	struct strs stores = { 0 }, identities = { 0 };
	out->name = arena_str(a, json_get_str(j, "name"));
	out->global = json_bool(json_get(j, "globalPolicy"), false);
	if (out->name.n == 0)
		return err_set(e, ERR_INVALID, "it has no name");
	if (known_keys(j, blob ? blob_keys : keys, COUNT(keys), e) ||
	    get_level(json_get(j, "signatureVerification"), a, out, e) ||
	    get_list(j, "trustStores", a, &stores, e) ||
	    get_list(j, "trustedIdentities", a, &identities, e) ||
	    get_list(j, "registryScopes", a, &out->scopes, e) ||
	    (!blob && check_scopes(&out->scopes, e)))
		return e->code;
	bool skip = str_eq(out->level, S("skip"));
	if (skip && out->global)
		return err_set(e, ERR_INVALID, "the global policy cannot be of the level skip");
	if (skip && (stores.n || identities.n))
		return err_set(e, ERR_INVALID,
			       "the level skip goes with no trust stores or identities");
	if (!skip && (!stores.n || !identities.n))
		return err_set(e, ERR_INVALID, "trustStores and trustedIdentities are wanted");
	return get_stores(&stores, t, out, e) || get_identities(&identities, a, out, e) ? e->code
											: 0;
}

/* Names, scopes and the global policy are there once in the document. */
static int check_unique(const struct notation_statement *v, size_t n, struct err *e)
{
	const struct notation_statement *last = &v[n - 1];
	for (size_t i = 0; i + 1 < n; i++) {
		if (str_eq(v[i].name, last->name))
			return err_set(e, ERR_INVALID, "the name is there twice");
		if (v[i].global && last->global)
			return err_set(e, ERR_INVALID, "there is a global policy before");
		for (size_t k = 0; k < v[i].scopes.n; k++)
			for (size_t m = 0; m < last->scopes.n; m++)
				if (str_eq(v[i].scopes.v[k], last->scopes.v[m]))
					return err_set(e, ERR_INVALID,
						       "the scope '%.*s' is of '%.*s' too",
						       STR(str_upto(last->scopes.v[m], 200)),
						       STR(str_upto(v[i].name, 100)));
	}
	return 0;
}

int notation_policy_parse(struct str text, bool blob, struct notation_trust *t, struct err *e)
{
	static const char *const keys[] = { "version", "trustPolicies" };
	struct json *j CLEANUP(cleanup_json) = NULL;
	if (text.n > NOTATION_POLICY_MAX)
		return err_set(e, ERR_LIMIT, "trust policy of %zu bytes is larger than %d", text.n,
			       NOTATION_POLICY_MAX);
	if (notation_json(text, &j, e) || known_keys(j, keys, COUNT(keys), e))
		return err_in(e, "trust policy");
	const struct json *list = json_get(j, "trustPolicies");
	if (!str_eq(json_get_str(j, "version"), S("1.0")))
		return err_set(e, ERR_INVALID, "trust policy: its version is not 1.0");
	if (!json_is_array(list) || json_count(list) == 0 ||
	    json_count(list) > NOTATION_STATEMENTS_MAX)
		return err_set(e, ERR_INVALID,
			       "trust policy: it has no statements, or more than %d",
			       NOTATION_STATEMENTS_MAX);
	t->v = arena_zalloc(&t->arena, json_count(list) * sizeof *t->v);
	JSON_EACH(child, list)
	{
		struct notation_statement *s = &t->v[t->n++];
		if (get_statement(child, blob, t, s, e) || check_unique(t->v, t->n, e))
			return err_in(e, "trust policy: statement %zu '%.*s'", t->n,
				      STR(str_upto(s->name, 100)));
	}
	return 0;
}

const struct notation_statement *notation_policy_find(const struct notation_trust *t,
						      struct str scope)
{
	const struct notation_statement *any = NULL;
	for (size_t i = 0; i < t->n; i++)
		for (size_t k = 0; k < t->v[i].scopes.n; k++) {
			if (str_eq(t->v[i].scopes.v[k], scope))
				return &t->v[i];
			if (str_eq(t->v[i].scopes.v[k], S("*")))
				any = &t->v[i];
		}
	return any;
}
