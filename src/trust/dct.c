/* Notary v1's metadata: root.json, snapshot.json, targets.json, targets/ROLE.json. It is TUF of an early version:
 * types with a capital ("Root"), keys, hashes and signatures in base64, ECDSA signatures as two numbers side by
 * side, keys also as certificates. Signatures are over the canonical JSON of the `signed` member.
 *
 * Hostile input: a server that serves anything. A path prefix that a delegation may not speak of leaves tags out;
 * roles are asked once, DCT_ROLES_MAX at most. The timestamp is not looked at: nothing here is asked to be fresh. */
#include "trust/dct.h"
#include "trust/canonical_json.h"
#include "trust/tuf_metadata.h"
#include "base/base64.h"
#include "base/time.h"

enum { SIGNERS_MAX = 256 }; /* key ids of a role and signatures of a file that are looked at */

struct reader {
	const struct tuf_mirror *m;
	struct arena *a;
	struct dct *out;
	struct json *trees[DCT_ROLES_MAX + 2]; /* what strings and roles below borrow from */
	size_t n_trees;
	const struct json *snapshot; /* its `meta`; NULL: none */
};

static int load(struct reader *r, struct str role, const char *type, struct buf *bytes,
		const struct json **out, struct err *e)
{
	struct buf name CLEANUP(buf_done) = { 0 };
	tuf_quote(role, true, &name);
	buf_add_str(&name, S(".json"));
	if (r->m->get(r->m->ctx, buf_cstr(&name), DCT_FILE_MAX, bytes, e))
		return e->code;
	struct json *tree = NULL;
	if (json_parse(str_buf(bytes), &tree, e))
		return err_in(e, "%s", name.p);
	r->trees[r->n_trees++] = tree;
	if (!str_eq_nocase(json_get_str(json_get(tree, "signed"), "_type"), str_of(type)))
		return err_set(e, ERR_INVALID, "%s is not of type %s", name.p, type);
	*out = tree;
	return 0;
}

static int read_key(const struct json *j, struct key **out, struct err *e)
{
	struct str type = json_get_str(j, "keytype"),
		   text = json_get_str(json_get(j, "keyval"), "public");
	struct buf bytes CLEANUP(buf_done) = { 0 }, spki CLEANUP(buf_done) = { 0 };
	if (!base64_decode(text, &bytes))
		return err_set(e, ERR_INVALID, "a key is no base64");
	if (str_ends(type, S("-x509")))
		return key_from_pem(str_buf(&bytes), out, e);
	if (str_eq(type, S("ed25519")) && bytes.n == 32)
		buf_add(&spki, "\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00", 12);
	buf_add_str(&spki, str_buf(&bytes));
	return key_from_spki(str_buf(&spki), out, e);
}

static bool signature_holds(const struct key *k, const struct json *signature, struct str message)
{
	struct buf bytes CLEANUP(buf_done) = { 0 }, der CLEANUP(buf_done) = { 0 };
	struct str method = json_get_str(signature, "method");
	if (!base64_decode(json_get_str(signature, "sig"), &bytes))
		return false;
	if (str_eq(method, S("ecdsa")))
		return key_type(k) == KEY_ECDSA &&
		       ecdsa_from_raw(str_buf(&bytes), key_bits(k), &der) &&
		       key_verify(k, SIGNATURE_ECDSA_SHA256, message, str_buf(&der));
	if (str_eq(method, S("rsapss")))
		return key_verify(k, SIGNATURE_PSS_SHA256, message, str_buf(&bytes));
	if (str_eq(method, S("rsapkcs1v15")))
		return key_verify(k, SIGNATURE_RSA_SHA256, message, str_buf(&bytes));
	return str_eq(method, S("eddsa")) &&
	       key_verify(k, SIGNATURE_ED25519, message, str_buf(&bytes));
}

/* How many of the role's keys signed; each key once. Their hashes go to `ids`, which may be NULL. */
static size_t count_signers(struct reader *r, const struct json *tree, const struct json *keys,
			    const struct json *role, struct str message, struct strs *ids)
{
	struct strs seen = { 0 };
	size_t asked = 0;
	JSON_EACH(id, json_get(role, "keyids"))
	{
		struct key *k CLEANUP(cleanup_key) = NULL;
		const struct json *found = NULL;
		struct err none = { 0 };
		bool holds = false, again = false;
		size_t signatures = 0;
		if (++asked > SIGNERS_MAX)
			break;
		JSON_EACH(j, keys)
		if (str_eq(json_key(j), json_str(id)))
			found = j;
		if (!found || read_key(found, &k, &none))
			continue;
		JSON_EACH(s, json_get(tree, "signatures"))
		holds = holds || (++signatures <= SIGNERS_MAX &&
				  str_eq(json_get_str(s, "keyid"), json_str(id)) &&
				  signature_holds(k, s, message));
		char text[DIGEST_TEXT];
		struct str hex = arena_str(r->a, str_from(str_of(digest_text(key_id(k), text)), 7));
		for (size_t i = 0; i < seen.n; i++)
			again = again || str_eq(seen.v[i], hex);
		if (holds && !again)
			*ARENA_PUSH(r->a, seen.v, seen.n, seen.cap) = hex;
	}
	if (ids)
		*ids = seen;
	return seen.n;
}

static int verify(struct reader *r, const struct json *tree, const struct json *keys,
		  const struct json *role, struct str name, struct strs *ids, struct err *e)
{
	struct buf message CLEANUP(buf_done) = { 0 };
	uint64_t threshold = 0;
	if (!json_u64(json_get(role, "threshold"), &threshold) || threshold == 0)
		return err_set(e, ERR_INVALID, "nobody may sign %.*s", STR(name));
	if (canonical_json(json_get(tree, "signed"), &message, e))
		return err_in(e, "%.*s", STR(name));
	size_t n = count_signers(r, tree, keys, role, str_buf(&message), ids);
	return n >= threshold ? 0
			      : err_set(e, ERR_INVALID,
					"%.*s is signed by %zu of the keys that may, not by %llu",
					STR(name), n, (unsigned long long)threshold);
}

/* The snapshot's SHA-256 of a role's file, where there is a snapshot. */
static int check_snapshot(const struct reader *r, struct str role, struct str bytes, struct err *e)
{
	struct buf wanted CLEANUP(buf_done) = { 0 };
	struct digest is;
	if (!r->snapshot)
		return 0;
	digest_of(DIGEST_SHA256, bytes, &is);
	JSON_EACH(j, r->snapshot)
	if (str_eq(json_key(j), role) &&
	    base64_decode(json_get_str(json_get(j, "hashes"), "sha256"), &wanted))
		break;
	if (!wanted.p || wanted.n != is.len || memcmp(wanted.p, is.bytes, is.len) != 0)
		return err_set(e, ERR_INVALID, "%.*s is not the file that the snapshot names",
			       STR(role));
	return 0;
}

static bool may_name(const struct json *role, struct str tag)
{
	if (!role)
		return true;
	JSON_EACH(p, json_get(role, "paths"))
	if (json_is_string(p) && str_starts(tag, json_str(p)))
		return true;
	return false;
}

static void add_tags(struct reader *r, const struct json *body, const struct json *delegation,
		     struct str role)
{
	JSON_EACH(j, json_get(body, "targets"))
	{
		struct buf hash CLEANUP(buf_done) = { 0 };
		struct dct_tag t = { .name = arena_str(r->a, json_key(j)), .role = role };
		if (!may_name(delegation, t.name) || !json_u64(json_get(j, "length"), &t.size) ||
		    !base64_decode(json_get_str(json_get(j, "hashes"), "sha256"), &hash) ||
		    hash.n != 32)
			continue;
		t.digest = (struct digest){ .alg = DIGEST_SHA256, .len = 32 };
		memcpy(t.digest.bytes, hash.p, hash.n);
		*ARENA_PUSH(r->a, r->out->tags, r->out->n_tags, r->out->cap_tags) = t;
	}
}

static struct dct_role *add_role(struct reader *r, struct str name)
{
	struct dct_role *role = ARENA_PUSH(r->a, r->out->roles, r->out->n_roles, r->out->cap_roles);
	role->name = arena_str(r->a, name);
	return role;
}

static bool known_role(const struct reader *r, struct str name)
{
	for (size_t i = 0; i < r->out->n_roles; i++)
		if (str_eq(r->out->roles[i].name, name))
			return true;
	return false;
}

/* "targets/NAME", with pieces that are names and nothing else. */
static bool role_name_ok(struct str name)
{
	if (!str_starts(name, S("targets/")) || name.n > TUF_NAME_MAX)
		return false;
	for (struct str rest = name; rest.n;) {
		struct str piece = str_cut(&rest, '/');
		if (piece.n == 0 || piece.p[0] == '.')
			return false;
	}
	return !str_ends(name, S("/"));
}

static int read_role(struct reader *r, struct str name, const struct json *keys,
		     const struct json *role, const struct json *delegation,
		     const struct json **body, struct err *e)
{
	struct buf bytes CLEANUP(buf_done) = { 0 };
	const struct json *tree = NULL;
	struct dct_role info = { 0 };
	if (load(r, name, "targets", &bytes, &tree, e) ||
	    verify(r, tree, keys, role, name, NULL, e) ||
	    check_snapshot(r, name, str_buf(&bytes), e))
		return e->code;
	*body = json_get(tree, "signed");
	json_u64(json_get(*body, "version"), &info.version);
	time_parse(json_get_str(*body, "expires"), &info.expires);
	struct dct_role *kept = add_role(r, name);
	info.name = kept->name;
	*kept = info;
	add_tags(r, *body, delegation, info.name);
	return 0;
}

/* Breadth first: `queue` holds the bodies whose delegations are to be read. A role that does not hold is said, the
 * others go on. */
static int read_delegations(struct reader *r, const struct json *first, struct err *e)
{
	const struct json *queue[DCT_ROLES_MAX + 1] = { first };
	for (size_t at = 0, n = 1; at < n; at++) {
		const struct json *delegations = json_get(queue[at], "delegations");
		JSON_EACH(role, json_get(delegations, "roles"))
		{
			struct str name = json_get_str(role, "name");
			struct err why = { 0 };
			if (!role_name_ok(name) || known_role(r, name))
				continue;
			if (n == DCT_ROLES_MAX || r->n_trees >= DCT_ROLES_MAX)
				return err_set(e, ERR_LIMIT, "more than %d roles", DCT_ROLES_MAX);
			if (read_role(r, name, json_get(delegations, "keys"), role, role, &queue[n],
				      &why))
				add_role(r, name)->problem = arena_str(r->a, str_of(why.text));
			else
				n++;
		}
	}
	return 0;
}

static int read_snapshot(struct reader *r, const struct json *keys, const struct json *roles,
			 struct str root, struct err *e)
{
	struct buf bytes CLEANUP(buf_done) = { 0 };
	const struct json *tree = NULL;
	int code = load(r, S("snapshot"), "snapshot", &bytes, &tree, e);
	if (code == ERR_NOT_FOUND)
		return 0;
	if (code || verify(r, tree, keys, json_get(roles, "snapshot"), S("snapshot"), NULL, e))
		return e->code;
	r->snapshot = json_get(json_get(tree, "signed"), "meta");
	r->out->has_snapshot = true;
	return check_snapshot(r, S("root"), root, e);
}

static int read_all(struct reader *r, struct err *e)
{
	struct buf bytes CLEANUP(buf_done) = { 0 };
	const struct json *root = NULL, *targets = NULL;
	if (load(r, S("root"), "root", &bytes, &root, e))
		return e->code;
	const struct json *body = json_get(root, "signed"), *keys = json_get(body, "keys"),
			  *roles = json_get(body, "roles");
	if (verify(r, root, keys, json_get(roles, "root"), S("root"), &r->out->root_keys, e) ||
	    read_snapshot(r, keys, roles, str_buf(&bytes), e) ||
	    read_role(r, S("targets"), keys, json_get(roles, "targets"), NULL, &targets, e))
		return e->code;
	return read_delegations(r, targets, e);
}

int dct_read(const struct tuf_mirror *m, struct arena *a, struct dct *out, struct err *e)
{
	struct dct d = { 0 };
	struct reader r = { .m = m, .a = a, .out = &d };
	int code = read_all(&r, e);
	for (size_t i = 0; i < r.n_trees; i++)
		json_free(r.trees[i]);
	if (code == 0)
		*out = d;
	return code;
}
