/* Files that TUF metadata signs (specification 1.0, sections 4.5, 5.6.7 and 5.7): which role may speak of a name,
 * and the file.
 *
 * The targets role is asked first, then whom it delegates to, in the order written and depth first; behind a
 * terminating delegation nobody else is asked. Hostile input: names that climb out of a folder, delegations in
 * circles or without end (a role is asked once, TUF_DELEGATIONS_MAX at most), patterns that take long to match. */
#include "trust/tuf_metadata.h"
#include "base/durable.h"

/* One piece of a path against one of a pattern: '*' and '?' never reach over a '/'. */
static bool piece_matches(struct str pattern, struct str s)
{
	size_t p = 0, i = 0, star = SIZE_MAX, back = 0;
	while (i < s.n) {
		if (p < pattern.n && pattern.p[p] == '*') {
			star = p++;
			back = i;
		} else if (p < pattern.n && (pattern.p[p] == '?' || pattern.p[p] == s.p[i])) {
			p++;
			i++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			i = ++back;
		} else {
			return false;
		}
	}
	while (p < pattern.n && pattern.p[p] == '*')
		p++;
	return p == pattern.n;
}

static bool path_matches(struct str pattern, struct str path)
{
	for (;;) {
		bool more_pattern = str_find_char(pattern, '/') >= 0,
		     more = str_find_char(path, '/') >= 0;
		if (!piece_matches(str_cut(&pattern, '/'), str_cut(&path, '/')) ||
		    more_pattern != more)
			return false;
		if (!more)
			return true;
	}
}

static bool role_has_path(const struct json *role, struct str name, const char *hash_hex)
{
	JSON_EACH(p, json_get(role, "paths"))
	if (json_is_string(p) && path_matches(json_str(p), name))
		return true;
	JSON_EACH(p, json_get(role, "path_hash_prefixes"))
	if (json_str(p).n && str_starts(str_of(hash_hex), json_str(p)))
		return true;
	return false;
}

struct ask {
	struct str role;
	const struct tuf_metadata *by;
	const struct json *signers;
};
struct search {
	struct tuf *t;
	struct str name;
	char hash[DIGEST_TEXT];
	struct ask stack[2 * TUF_DELEGATIONS_MAX], children[TUF_DELEGATIONS_MAX];
	size_t n, n_children;
	struct str seen[TUF_DELEGATIONS_MAX];
	size_t n_seen;
};

/* The bin that a name falls into (TAP 15): PREFIX-HEX, by the first bits of the name's hash. */
static bool bin_of(struct search *s, const struct json *succinct, struct str *out)
{
	uint64_t bits = 0, v = 0;
	if (!json_u64(json_get(succinct, "bit_length"), &bits) || bits < 1 || bits > 32 ||
	    !str_to_u64_base(str_upto(str_of(s->hash + 7), 8), 16, UINT32_MAX, &v))
		return false;
	*out = arena_printf(&s->t->arena, "%.*s-%0*llx",
			    STR(str_upto(json_get_str(succinct, "name_prefix"), TUF_NAME_MAX)),
			    (int)((bits + 3) / 4), (unsigned long long)(v >> (32 - bits)));
	return true;
}

/* The roles that this one delegates the name to, until the first terminating one; true when there was one. */
static bool collect(struct search *s, const struct tuf_metadata *m)
{
	const struct json *delegations = json_get(m->body, "delegations");
	const struct json *succinct = json_get(delegations, "succinct_roles");
	struct str bin;
	s->n_children = 0;
	if (succinct && bin_of(s, succinct, &bin)) {
		s->children[s->n_children++] = (struct ask){ bin, m, succinct };
		return true;
	}
	JSON_EACH(role, json_get(delegations, "roles"))
	{
		if (!role_has_path(role, s->name, s->hash + 7))
			continue;
		if (s->n_children < TUF_DELEGATIONS_MAX)
			s->children[s->n_children++] =
				(struct ask){ json_get_str(role, "name"), m, role };
		if (json_bool(json_get(role, "terminating"), false))
			return true;
	}
	return false;
}

static int load_role(struct tuf *t, const struct ask *a, const struct tuf_metadata **out,
		     struct err *e)
{
	struct tuf_metadata *m = NULL;
	if (a->by == t->root) {
		*out = t->targets;
		return 0;
	}
	for (size_t i = 0; i < t->n_delegated; i++)
		if (t->delegated[i].parent == a->by && str_eq(t->delegated[i].name, a->role)) {
			*out = t->delegated[i].m;
			return 0;
		}
	int r = tuf_load_targets(t, a->role, a->by, a->signers, &m, e);
	if (r)
		return r;
	*ARENA_PUSH(&t->arena, t->delegated, t->n_delegated, t->cap_delegated) =
		(struct tuf_delegated){ a->role, a->by, m };
	*out = m;
	return 0;
}

static bool seen_before(struct search *s, struct str role)
{
	for (size_t i = 0; i < s->n_seen; i++)
		if (str_eq(s->seen[i], role))
			return true;
	s->seen[s->n_seen++] = role;
	return false;
}

static const struct json *find_name(const struct tuf_metadata *m, struct str name)
{
	JSON_EACH(j, json_get(m->body, "targets"))
	if (str_eq(json_key(j), name))
		return j;
	return NULL;
}

/* Depth first, in order: children go on the stack last first. */
static int search_roles(struct search *s, const struct json **out, struct err *e)
{
	s->stack[s->n++] =
		(struct ask){ S("targets"), s->t->root, tuf_root_role(s->t->root, "targets") };
	while (s->n) {
		struct ask a = s->stack[--s->n];
		const struct tuf_metadata *m = NULL;
		if (s->n_seen == TUF_DELEGATIONS_MAX)
			return err_set(e, ERR_LIMIT, "more than %d roles are delegated to",
				       TUF_DELEGATIONS_MAX);
		if (seen_before(s, a.role))
			continue;
		int r = load_role(s->t, &a, &m, e);
		if (r)
			return r;
		*out = find_name(m, s->name);
		if (*out)
			return 0;
		if (collect(s, m))
			s->n = 0;
		if (s->n + s->n_children > COUNT(s->stack))
			return err_set(e, ERR_LIMIT, "more than %d roles are delegated to",
				       TUF_DELEGATIONS_MAX);
		while (s->n_children)
			s->stack[s->n++] = s->children[--s->n_children];
	}
	return err_set(e, ERR_NOT_FOUND, "nothing is signed of the name '%.*s'", STR(s->name));
}

static int check_name(struct str name, struct err *e)
{
	bool bad = name.n == 0 || name.n > TUF_NAME_MAX || !str_is_utf8(name) ||
		   str_find_char(name, '\\') >= 0;
	for (size_t i = 0; i < name.n && !bad; i++)
		bad = (unsigned char)name.p[i] < 0x20;
	struct str rest = name;
	for (bool more = true; more && !bad;) {
		more = str_find_char(rest, '/') >= 0;
		struct str piece = str_cut(&rest, '/');
		bad = piece.n == 0 || str_eq(piece, S(".")) || str_eq(piece, S(".."));
	}
	return bad ? err_set(e, ERR_INVALID, "'%.*s' cannot be the name of a target",
			     STR(str_upto(name, 100)))
		   : 0;
}

static struct str cached_path(struct tuf *t, struct str name)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	buf_addf(&b, "%.*s/targets/", STR(t->dir));
	tuf_quote(name, false, &b);
	return arena_str(&t->arena, str_buf(&b));
}

/* "targets/FOLDER/HASH.NAME" where snapshots are consistent. */
static int remote_name(const struct tuf *t, struct str name, const struct json *entry,
		       struct buf *out, struct err *e)
{
	ssize_t slash = str_rfind_char(name, '/');
	struct str folder = slash < 0 ? S("") : str_upto(name, (size_t)slash + 1),
		   base = str_from(name, folder.n);
	const struct json *hashes = json_get(entry, "hashes");
	struct str hash = json_get_str(hashes, json_get(hashes, "sha256") ? "sha256" : "sha512");
	struct digest d;
	buf_add_str(out, S("targets/"));
	tuf_quote(folder, true, out);
	if (tuf_consistent(t)) {
		if (!digest_from_hex(DIGEST_SHA256, hash, &d) &&
		    !digest_from_hex(DIGEST_SHA512, hash, &d))
			return err_set(e, ERR_INVALID, "no hash that we know is signed of '%.*s'",
				       STR(name));
		buf_addf(out, "%.*s.", STR(hash));
	}
	tuf_quote(base, false, out);
	return 0;
}

static int fetch_target(struct tuf *t, struct str name, const struct json *entry, struct buf *out,
			struct err *e)
{
	struct buf remote CLEANUP(buf_done) = { 0 }, bytes CLEANUP(buf_done) = { 0 };
	uint64_t length = 0;
	if (!json_u64(json_get(entry, "length"), &length) || length > TUF_TARGET_MAX)
		return err_set(e, ERR_LIMIT, "'%.*s' is larger than %d bytes", STR(name),
			       TUF_TARGET_MAX);
	if (remote_name(t, name, entry, &remote, e))
		return e->code;
	if (t->mirror->get(t->mirror->ctx, buf_cstr(&remote), (size_t)length, &bytes, e))
		return e->code == ERR_NOT_FOUND
			       ? err_set(e, ERR_IO, "the mirror has no %s", remote.p)
			       : e->code;
	if (tuf_check_file(str_buf(&bytes), entry, true, e))
		return err_in(e, "%s", remote.p);
	if (durable_replace(cached_path(t, name), str_buf(&bytes), e))
		return e->code;
	buf_add_str(out, str_buf(&bytes));
	return 0;
}

int tuf_target(struct tuf *t, struct str name, struct buf *out, struct err *e)
{
	struct search s = { .t = t, .name = name };
	struct buf bytes CLEANUP(buf_done) = { 0 };
	const struct json *entry = NULL;
	struct err none = { 0 };
	struct digest d;
	digest_of(DIGEST_SHA256, name, &d);
	digest_text(&d, s.hash);
	if (check_name(name, e) || search_roles(&s, &entry, e))
		return e->code;
	if (durable_read(AT_FDCWD, cached_path(t, name).p, TUF_TARGET_MAX, &bytes, &none) == 0 &&
	    tuf_check_file(str_buf(&bytes), entry, true, &none) == 0) {
		buf_add_str(out, str_buf(&bytes));
		return 0;
	}
	if (!t->mirror)
		return err_set(e, ERR_NOT_FOUND,
			       "%.*s has no valid '%.*s', and there is no mirror to ask",
			       STR(t->dir), STR(name));
	return fetch_target(t, name, entry, out, e);
}

void tuf_names(const struct tuf *t, struct arena *a, struct strs *out)
{
	JSON_EACH(j, json_get(t->targets->body, "targets"))
	*ARENA_PUSH(a, out->v, out->n, out->cap) = json_key(j);
}

int trust_cached_root(struct str dir, struct str name, struct arena *a, struct str *path,
		      struct err *e)
{
	struct tuf *t CLEANUP(cleanup_tuf) = NULL;
	struct buf bytes CLEANUP(buf_done) = { 0 };
	if (tuf_open_cached(dir, &t, e) || tuf_target(t, name, &bytes, e))
		return e->code;
	*path = arena_str(a, cached_path(t, name));
	return 0;
}
