/* TUF metadata (specification 1.0, sections 4 and 5): roles, keys, thresholds, descriptions of files. Signatures
 * are over the canonical JSON of the `signed` member.
 *
 * Hostile input: thresholds of 0, one key under several key ids or one signature several times (counted once), keys
 * of kinds nobody knows (they count for nothing), roles missing, versions that are no numbers, files described
 * without any hash that we know. Key ids are opaque: Sigstore's are no hashes of anything. Fields that we do not
 * know are part of what is signed and else passed over; signatures may be empty. */
#include "trust/tuf_metadata.h"
#include "trust/canonical_json.h"
#include "base/time.h"

static const char *const top_level[] = { "root", "timestamp", "snapshot", "targets" };

static bool from_hex(struct str hex, struct buf *out)
{
	if (hex.n % 2)
		return false;
	for (size_t i = 0; i < hex.n; i += 2) {
		uint64_t v = 0;
		if (!str_to_u64_base(str_upto(str_from(hex, i), 2), 16, 255, &v))
			return false;
		buf_add_char(out, (char)v);
	}
	return true;
}

/* Keys that are no PEM: the point of P-256, or Ed25519's 32 bytes, in hex; what stands before them in a
 * SubjectPublicKeyInfo. */
static const struct {
	size_t bytes;
	struct str prefix;
} raw_keys[] = {
	{ 65,
	  { "\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03"
	    "\x01\x07\x03\x42\x00",
	    26 } },
	{ 32, { "\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00", 12 } },
};

static int read_key(struct str text, struct key **out, struct err *e)
{
	struct buf raw CLEANUP(buf_done) = { 0 }, spki CLEANUP(buf_done) = { 0 };
	if (str_find(text, S("-----BEGIN")) >= 0)
		return key_from_pem(text, out, e);
	if (from_hex(text, &raw))
		for (size_t i = 0; i < COUNT(raw_keys); i++) {
			if (raw.n != raw_keys[i].bytes)
				continue;
			buf_add_str(&spki, raw_keys[i].prefix);
			buf_add_str(&spki, str_buf(&raw));
			return key_from_spki(str_buf(&spki), out, e);
		}
	return err_set(e, ERR_UNSUPPORTED, "a key in a form that is not known");
}

static enum signature_alg algorithm_of(struct str scheme, const struct key *k)
{
	static const struct {
		const char *scheme;
		enum key_type type;
		unsigned bits; /* 0: any */
		enum signature_alg alg;
	} v[] = {
		{ "ecdsa-sha2-nistp256", KEY_ECDSA, 256, SIGNATURE_ECDSA_SHA256 },
		{ "ecdsa-sha2-nistp384", KEY_ECDSA, 384, SIGNATURE_ECDSA_SHA384 },
		{ "ecdsa-sha2-nistp521", KEY_ECDSA, 521, SIGNATURE_ECDSA_SHA512 },
		{ "ed25519", KEY_ED25519, 0, SIGNATURE_ED25519 },
		{ "rsassa-pss-sha256", KEY_RSA, 0, SIGNATURE_PSS_SHA256 },
	};
	for (size_t i = 0; i < COUNT(v); i++)
		if (str_eq(scheme, str_of(v[i].scheme)) && key_type(k) == v[i].type &&
		    (!v[i].bits || key_bits(k) == v[i].bits))
			return v[i].alg;
	return SIGNATURE_NONE;
}

static int read_keys(const struct json *object, struct tuf_keys *out, struct err *e)
{
	JSON_EACH(j, object)
	{
		struct key *key CLEANUP(cleanup_key) = NULL;
		struct err unknown = { 0 };
		if (out->n == TUF_KEYS_MAX)
			return err_set(e, ERR_LIMIT, "more than %d keys", TUF_KEYS_MAX);
		if (read_key(json_get_str(json_get(j, "keyval"), "public"), &key, &unknown))
			continue;
		enum signature_alg alg = algorithm_of(json_get_str(j, "scheme"), key);
		if (alg != SIGNATURE_NONE)
			out->v[out->n++] = (struct tuf_key){ json_key(j), STEAL(key), alg };
	}
	return 0;
}

static int check_role(const struct json *role, const char *name, struct err *e)
{
	uint64_t threshold = 0;
	if (!json_is_object(role) || !json_is_array(json_get(role, "keyids")) ||
	    !json_u64(json_get(role, "threshold"), &threshold) || threshold < 1)
		return err_set(e, ERR_INVALID,
			       "role '%s' has no keys, or no threshold of 1 or more", name);
	return 0;
}

static int read_roles(struct tuf_metadata *m, const char *type, struct err *e)
{
	const struct json *delegations = json_get(m->body, "delegations");
	if (strcmp(type, "root") == 0) {
		for (size_t i = 0; i < COUNT(top_level); i++)
			if (check_role(tuf_root_role(m, top_level[i]), top_level[i], e))
				return e->code;
		return read_keys(json_get(m->body, "keys"), &m->keys, e);
	}
	if (strcmp(type, "targets") != 0)
		return json_is_object(json_get(m->body, "meta"))
			       ? 0
			       : err_set(e, ERR_INVALID, "it has no 'meta'");
	JSON_EACH(role, json_get(delegations, "roles"))
	if (check_role(role, "a delegated one", e))
		return e->code;
	return read_keys(json_get(delegations, "keys"), &m->keys, e);
}

static int read_body(struct tuf_metadata *m, const char *type, struct err *e)
{
	struct str spec = json_get_str(m->body, "spec_version");
	if (!json_is_object(m->body) || !json_is_array(json_get(m->tree, "signatures")))
		return err_set(e, ERR_INVALID, "it is no signed metadata");
	if (!str_eq(json_get_str(m->body, "_type"), str_of(type)))
		return err_set(e, ERR_INVALID, "it is of type '%.*s'",
			       STR(str_upto(json_get_str(m->body, "_type"), 50)));
	if (!str_starts(spec, S("1.")) && !str_eq(spec, S("1")))
		return err_set(e, ERR_UNSUPPORTED, "it is of specification version '%.*s'",
			       STR(str_upto(spec, 50)));
	if (!json_u64(json_get(m->body, "version"), &m->version) || m->version == 0)
		return err_set(e, ERR_INVALID, "it has no version");
	if (!time_parse(json_get_str(m->body, "expires"), &m->expires))
		return err_set(e, ERR_INVALID, "it does not say when it expires");
	return read_roles(m, type, e);
}

int tuf_metadata_parse(struct str bytes, const char *type, struct tuf_metadata **out, struct err *e)
{
	struct tuf_metadata *m CLEANUP(cleanup_tuf_metadata) = calloc(1, sizeof *m);
	if (!m)
		abort();
	if (json_parse(bytes, &m->tree, e))
		return err_in(e, "%s metadata", type);
	m->body = json_get(m->tree, "signed");
	if (read_body(m, type, e))
		return err_in(e, "%s metadata", type);
	buf_add_str(&m->bytes, bytes);
	*out = STEAL(m);
	return 0;
}

void tuf_metadata_close(struct tuf_metadata *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->keys.n; i++)
		key_close(m->keys.v[i].key);
	json_free(m->tree);
	buf_done(&m->bytes);
	free(m);
}

void cleanup_tuf_metadata(struct tuf_metadata **m)
{
	tuf_metadata_close(*m);
}

const struct json *tuf_root_role(const struct tuf_metadata *root, const char *name)
{
	return json_get(json_get(root->body, "roles"), name);
}

static bool lists(const struct json *role, struct str id)
{
	JSON_EACH(j, json_get(role, "keyids"))
	if (str_eq(json_str(j), id))
		return true;
	return false;
}

/* The key of that id, if the role has it. */
static const struct tuf_key *key_of(const struct tuf_metadata *by, const struct json *role,
				    struct str id)
{
	for (size_t i = 0; i < by->keys.n; i++)
		if (str_eq(by->keys.v[i].id, id))
			return lists(role, id) ? &by->keys.v[i] : NULL;
	return NULL;
}

static bool signature_holds(const struct tuf_key *k, struct str message, struct str hex)
{
	struct buf sig CLEANUP(buf_done) = { 0 };
	return hex.n && hex.n <= (size_t)2 * SIGNATURE_MAX && from_hex(hex, &sig) &&
	       key_verify(k->key, k->alg, message, str_buf(&sig));
}

int tuf_metadata_verify(const struct tuf_metadata *m, const struct tuf_metadata *by,
			const struct json *role, const char *name, struct err *e)
{
	struct buf message CLEANUP(buf_done) = { 0 };
	const struct key *seen[TUF_KEYS_MAX];
	uint64_t threshold = 0;
	size_t n = 0, signatures = 0;
	if (check_role(role, name, e) || canonical_json(m->body, &message, e))
		return err_in(e, "%s metadata", name);
	json_u64(json_get(role, "threshold"), &threshold);
	JSON_EACH(s, json_get(m->tree, "signatures"))
	{
		const struct tuf_key *k = key_of(by, role, json_get_str(s, "keyid"));
		bool again = false;
		if (++signatures > TUF_SIGNATURES_MAX)
			return err_set(e, ERR_LIMIT, "%s metadata: more than %d signatures", name,
				       TUF_SIGNATURES_MAX);
		for (size_t i = 0; k && i < n; i++)
			again = again || key_eq(seen[i], k->key);
		if (k && !again && n < TUF_KEYS_MAX &&
		    signature_holds(k, str_buf(&message), json_get_str(s, "sig")))
			seen[n++] = k->key;
		if (n >= threshold)
			return 0;
	}
	return err_set(e, ERR_INVALID,
		       "%s metadata: signed by %zu of the keys that may, not by %llu", name, n,
		       (unsigned long long)threshold);
}

static bool has_keys_of(const struct tuf_metadata *a, const struct tuf_metadata *b,
			const char *name)
{
	const struct json *of_a = tuf_root_role(a, name), *of_b = tuf_root_role(b, name);
	for (size_t i = 0; i < a->keys.n; i++) {
		bool found = !lists(of_a, a->keys.v[i].id);
		for (size_t k = 0; k < b->keys.n && !found; k++)
			found = lists(of_b, b->keys.v[k].id) &&
				key_eq(a->keys.v[i].key, b->keys.v[k].key);
		if (!found)
			return false;
	}
	return true;
}

bool tuf_role_changed(const struct tuf_metadata *a, const struct tuf_metadata *b, const char *name)
{
	return !has_keys_of(a, b, name) || !has_keys_of(b, a, name);
}

static int check_hashes(struct str bytes, const struct json *hashes, bool must, struct err *e)
{
	static const struct {
		const char *name;
		enum digest_alg alg;
	} v[] = { { "sha256", DIGEST_SHA256 },
		  { "sha384", DIGEST_SHA384 },
		  { "sha512", DIGEST_SHA512 } };
	size_t checked = 0;
	for (size_t i = 0; i < COUNT(v); i++) {
		const struct json *hash = json_get(hashes, v[i].name);
		struct digest wanted, is;
		if (!hash)
			continue;
		digest_of(v[i].alg, bytes, &is);
		if (!digest_from_hex(v[i].alg, json_str(hash), &wanted) || !digest_eq(&wanted, &is))
			return err_set(e, ERR_INVALID, "its %s is not the signed one", v[i].name);
		checked++;
	}
	if (checked == 0 && (must || hashes))
		return err_set(e, ERR_INVALID, "no hash that we know is signed of it");
	return 0;
}

int tuf_check_file(struct str bytes, const struct json *entry, bool must, struct err *e)
{
	const struct json *length = json_get(entry, "length");
	uint64_t n = 0;
	if (length || must) {
		if (!json_u64(length, &n))
			return err_set(e, ERR_INVALID, "its signed length is no number");
		if (n != bytes.n)
			return err_set(e, ERR_INVALID, "it has %zu bytes, not %llu", bytes.n,
				       (unsigned long long)n);
	}
	return check_hashes(bytes, json_get(entry, "hashes"), must, e);
}

int tuf_meta_entry(const struct tuf_metadata *m, struct str role, const struct json **entry,
		   uint64_t *version, struct err *e)
{
	struct buf name CLEANUP(buf_done) = { 0 };
	uint64_t v = 0;
	buf_addf(&name, "%.*s.json", STR(role));
	const struct json *j = json_get(json_get(m->body, "meta"), buf_cstr(&name));
	if (!j || !json_u64(json_get(j, "version"), &v) || v == 0)
		return err_set(e, ERR_INVALID, "nothing is signed of the version of %s",
			       buf_cstr(&name));
	*entry = j;
	*version = v;
	return 0;
}
