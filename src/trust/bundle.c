/* Sigstore bundles (protobuf-specs, sigstore_bundle.proto), versions 0.1 to 0.3, as protojson. Everything in one is from
 * whoever signed or stored it: unknown fields, two kinds of content or of key material, more entries than any signer makes,
 * an entry twice, a root among the certificates, a version whose rules we do not know are refused before anything is
 * verified. Zero values are left out by writers, so that an absent logIndex is entry 0. */
#include "trust/bundle.h"
#include "trust/protojson.h"

struct version {
	const char *media_type, *version;
};
static const struct version versions[] = {
	{ "application/vnd.dev.sigstore.bundle+json;version=0.1", "0.1" },
	{ "application/vnd.dev.sigstore.bundle+json;version=0.2", "0.2" },
	{ "application/vnd.dev.sigstore.bundle+json;version=0.3", "0.3" },
	{ "application/vnd.dev.sigstore.bundle.v0.3+json", "0.3" },
};

static int wrapped_bytes(const struct json *j, const char *name, struct arena *a, struct str *out,
			 struct err *e)
{
	const char *const names[] = { name, NULL };
	const struct json *v[PROTO_FIELDS_MAX] = { 0 };
	if (j && proto_fields(j, name, false, names, v, e))
		return e->code;
	return proto_bytes(v[0], name, a, out, e);
}

static int wrapped_text(const struct json *j, const char *name, struct arena *a, struct str *out,
			struct err *e)
{
	const char *const names[] = { name, NULL };
	const struct json *v[PROTO_FIELDS_MAX] = { 0 };
	if (j && proto_fields(j, name, false, names, v, e))
		return e->code;
	return proto_text(v[0], name, a, out, e);
}

static int parse_proof(const struct json *j, struct log_entry *l, struct arena *a, struct err *e)
{
	static const char *const names[] = { "logIndex", "rootHash",   "treeSize",
					     "hashes",	 "checkpoint", NULL };
	const struct json *v[PROTO_FIELDS_MAX];
	size_t n;
	if (!j)
		return 0;
	if (proto_fields(j, "inclusionProof", false, names, v, e) ||
	    proto_u63(v[0], "logIndex", &l->proof_index, e) ||
	    proto_bytes(v[1], "rootHash", a, &l->root_hash, e) ||
	    proto_u63(v[2], "treeSize", &l->tree_size, e) ||
	    proto_count(v[3], "hashes", MERKLE_PROOF_MAX, &n, e) ||
	    wrapped_text(v[4], "envelope", a, &l->checkpoint, e))
		return e->code;
	l->hashes = arena_array(a, n, sizeof *l->hashes);
	JSON_EACH(child, v[3])
	{
		struct str *h = &l->hashes[l->n_hashes++];
		if (proto_bytes(child, "a hash", a, h, e))
			return e->code;
		if (h->n != MERKLE_HASH)
			return err_set(e, ERR_INVALID,
				       "a hash of the inclusion proof has not 32 bytes");
	}
	l->has_proof = true;
	return 0;
}

static int parse_entry(const struct json *j, struct log_entry *l, struct arena *a, struct err *e)
{
	static const char *const names[] = { "logIndex",	  "logId",
					     "kindVersion",	  "integratedTime",
					     "inclusionPromise",  "inclusionProof",
					     "canonicalizedBody", NULL };
	static const char *const kind_names[] = { "kind", "version", NULL };
	const struct json *v[PROTO_FIELDS_MAX], *kind[PROTO_FIELDS_MAX];
	uint64_t time;
	if (proto_fields(j, "the entry", false, names, v, e) ||
	    proto_u63(v[0], "logIndex", &l->index, e) ||
	    wrapped_bytes(v[1], "keyId", a, &l->log_id, e) ||
	    proto_fields(v[2], "kindVersion", false, kind_names, kind, e) ||
	    proto_text(kind[0], "kind", a, &l->kind, e) ||
	    proto_text(kind[1], "version", a, &l->version, e) ||
	    proto_u63(v[3], "integratedTime", &time, e) ||
	    wrapped_bytes(v[4], "signedEntryTimestamp", a, &l->set, e) ||
	    parse_proof(v[5], l, a, e) || proto_bytes(v[6], "canonicalizedBody", a, &l->body, e))
		return e->code;
	l->integrated_time = (int64_t)time;
	if (l->log_id.n != MERKLE_HASH)
		return err_set(e, ERR_INVALID, "the log's id has not 32 bytes");
	return 0;
}

int log_entry_parse(struct str text, struct arena *a, struct log_entry *out, struct err *e)
{
	struct json *j CLEANUP(cleanup_json) = NULL;
	struct log_entry l = { 0 };
	if (json_parse(text, &j, e) || parse_entry(j, &l, a, e))
		return err_in(e, "log entry");
	*out = l;
	return 0;
}

/* What a bundle of this version must bring with each entry. */
static int check_entry(const struct sigstore_bundle *b, const struct log_entry *l, struct err *e)
{
	bool promise = str_eq(b->version, S("0.1"));
	if (promise && l->set.n == 0)
		return err_set(e, ERR_INVALID, "version 0.1 wants an inclusion promise");
	if (!promise && !l->has_proof)
		return err_set(e, ERR_INVALID, "version %.*s wants an inclusion proof",
			       STR(b->version));
	if (!promise && l->checkpoint.n == 0)
		return err_set(e, ERR_INVALID, "the inclusion proof has no checkpoint");
	for (const struct log_entry *o = b->entries; o != l; o++)
		if (o->index == l->index && str_eq(o->log_id, l->log_id))
			return err_set(e, ERR_INVALID, "the entry is there twice");
	return 0;
}

static int parse_entries(const struct json *list, struct sigstore_bundle *b, struct err *e)
{
	size_t n;
	if (proto_count(list, "tlogEntries", LOG_ENTRIES_MAX, &n, e))
		return e->code;
	b->entries = arena_array(&b->arena, n, sizeof *b->entries);
	JSON_EACH(child, list)
	{
		struct log_entry *l = &b->entries[b->n_entries];
		*l = (struct log_entry){ 0 };
		if (parse_entry(child, l, &b->arena, e) || check_entry(b, l, e))
			return err_in(e, "log entry %zu", b->n_entries);
		b->n_entries++;
	}
	return 0;
}

static int parse_timestamps(const struct json *j, struct sigstore_bundle *b, struct err *e)
{
	static const char *const names[] = { "rfc3161Timestamps", NULL };
	const struct json *v[PROTO_FIELDS_MAX] = { 0 };
	size_t n;
	if (j && proto_fields(j, "timestampVerificationData", false, names, v, e))
		return e->code;
	if (proto_count(v[0], "rfc3161Timestamps", TIMESTAMPS_MAX, &n, e))
		return e->code;
	b->timestamps = arena_array(&b->arena, n, sizeof *b->timestamps);
	JSON_EACH(child, v[0])
	{
		struct str *t = &b->timestamps[b->n_timestamps++];
		if (wrapped_bytes(child, "signedTimestamp", &b->arena, t, e))
			return e->code;
		if (t->n == 0)
			return err_set(e, ERR_INVALID, "a timestamp is empty");
		for (const struct str *o = b->timestamps; o != t; o++)
			if (str_eq(*o, *t))
				return err_set(e, ERR_INVALID, "a timestamp is there twice");
	}
	return 0;
}

static int parse_chain(const struct json *j, struct sigstore_bundle *b, struct err *e)
{
	static const char *const names[] = { "certificates", NULL };
	const struct json *v[PROTO_FIELDS_MAX];
	size_t n;
	if (str_eq(b->version, S("0.3")))
		return err_set(e, ERR_INVALID, "version 0.3 has no certificate chain");
	if (proto_fields(j, "x509CertificateChain", false, names, v, e) ||
	    proto_count(v[0], "certificates", CERTS_MAX, &n, e))
		return e->code;
	if (n == 0)
		return err_set(e, ERR_INVALID, "the certificate chain is empty");
	JSON_EACH(child, v[0])
	if (proto_cert(child, false, &b->arena, &b->certs, e))
		return e->code;
	for (size_t i = 1; i < b->certs.n; i++)
		if (cert_self_signed(b->certs.v[i]))
			return err_set(e, ERR_INVALID,
				       "there is a root among the certificates: roots are not "
				       "taken from bundles");
	return 0;
}

static int parse_material(const struct json *j, struct sigstore_bundle *b, struct err *e)
{
	static const char *const names[] = {
		"publicKey",   "x509CertificateChain",	    "certificate",
		"tlogEntries", "timestampVerificationData", NULL
	};
	const struct json *v[PROTO_FIELDS_MAX];
	if (proto_fields(j, "verificationMaterial", false, names, v, e))
		return e->code;
	if (!v[0] + !v[1] + !v[2] != 2)
		return err_set(e, ERR_INVALID, "it wants one of a key's hint and a certificate");
	if (v[0] && wrapped_text(v[0], "hint", &b->arena, &b->key_hint, e))
		return e->code;
	if (v[1] && parse_chain(v[1], b, e))
		return e->code;
	if (v[2] && proto_cert(v[2], false, &b->arena, &b->certs, e))
		return e->code;
	int r = parse_entries(v[3], b, e);
	return r ? r : parse_timestamps(v[4], b, e);
}

/* HashAlgorithm: names of the proto, or their numbers. */
static int parse_digest(const struct json *j, struct sigstore_bundle *b, struct err *e)
{
	static const char *const names[] = { "algorithm", "digest", NULL };
	static const struct {
		const char *name;
		enum digest_alg alg;
		unsigned char len;
	} algs[] = {
		{ "SHA2_256", DIGEST_SHA256, 32 },
		{ "SHA2_384", DIGEST_SHA384, 48 },
		{ "SHA2_512", DIGEST_SHA512, 64 },
	};
	const struct json *v[PROTO_FIELDS_MAX];
	struct str bytes;
	if (!j)
		return 0;
	if (proto_fields(j, "messageDigest", false, names, v, e) ||
	    proto_bytes(v[1], "digest", &b->arena, &bytes, e))
		return e->code;
	for (size_t i = 0; i < COUNT(algs); i++) {
		if (!str_eq(json_str(v[0]), str_of(algs[i].name)) || bytes.n != algs[i].len)
			continue;
		b->message_digest.alg = (unsigned char)algs[i].alg;
		b->message_digest.len = algs[i].len;
		memcpy(b->message_digest.bytes, bytes.p, bytes.n);
		return 0;
	}
	return err_set(e, ERR_INVALID, "messageDigest is no digest of SHA-256, 384 or 512");
}

static int parse_message(const struct json *j, struct sigstore_bundle *b, struct err *e)
{
	static const char *const names[] = { "messageDigest", "signature", NULL };
	const struct json *v[PROTO_FIELDS_MAX];
	if (proto_fields(j, "messageSignature", false, names, v, e) || parse_digest(v[0], b, e) ||
	    proto_bytes(v[1], "signature", &b->arena, &b->signature, e))
		return e->code;
	return 0;
}

static int parse_envelope(const struct json *j, struct sigstore_bundle *b, struct err *e)
{
	static const char *const names[] = { "payload", "payloadType", "signatures", NULL };
	static const char *const sig_names[] = { "sig", "keyid", NULL };
	const struct json *v[PROTO_FIELDS_MAX], *sig[PROTO_FIELDS_MAX];
	if (proto_fields(j, "dsseEnvelope", false, names, v, e))
		return e->code;
	if (!json_is_array(v[2]) || json_count(v[2]) != 1)
		return err_set(e, ERR_INVALID,
			       "the envelope of a bundle has exactly one signature");
	if (proto_fields(json_first(v[2]), "the envelope's signature", false, sig_names, sig, e) ||
	    dsse_parse(j, &b->arena, &b->dsse, e))
		return e->code;
	b->is_dsse = true;
	b->signature = b->dsse.v[0].sig;
	return 0;
}

static int parse_bundle(const struct json *j, struct sigstore_bundle *b, struct err *e)
{
	static const char *const names[] = { "mediaType", "verificationMaterial",
					     "messageSignature", "dsseEnvelope", NULL };
	const struct json *v[PROTO_FIELDS_MAX];
	if (proto_fields(j, "the bundle", false, names, v, e))
		return e->code;
	for (size_t i = 0; i < COUNT(versions); i++)
		if (str_eq(json_str(v[0]), str_of(versions[i].media_type)))
			b->version = str_of(versions[i].version);
	if (b->version.n == 0)
		return err_set(e, ERR_INVALID, "media type '%.*s' is none of a bundle 0.1 to 0.3",
			       STR(str_upto(json_str(v[0]), 100)));
	if (!v[2] == !v[3])
		return err_set(e, ERR_INVALID, "it wants one of messageSignature and dsseEnvelope");
	int r = v[2] ? parse_message(v[2], b, e) : parse_envelope(v[3], b, e);
	if (r)
		return r;
	if (b->signature.n == 0 || b->signature.n > SIGNATURE_MAX)
		return err_set(e, ERR_INVALID, "its signature has %zu bytes", b->signature.n);
	return parse_material(v[1], b, e);
}

struct sigstore_bundle *sigstore_bundle_new(void)
{
	struct sigstore_bundle *b = calloc(1, sizeof *b);
	if (!b)
		abort();
	return b;
}

int sigstore_bundle_parse(struct str text, struct sigstore_bundle **out, struct err *e)
{
	struct json *j CLEANUP(cleanup_json) = NULL;
	struct sigstore_bundle *b CLEANUP(cleanup_sigstore_bundle) = sigstore_bundle_new();
	if (json_parse_upto(text, BUNDLE_MAX, &j, e))
		return err_in(e, "Sigstore bundle");
	int r = json_get(j, "base64Signature") ? bundle_parse_blob(j, b, e) : parse_bundle(j, b, e);
	if (r)
		return err_in(e, "Sigstore bundle");
	*out = STEAL(b);
	return 0;
}

void sigstore_bundle_close(struct sigstore_bundle *b)
{
	if (!b)
		return;
	certs_done(&b->certs);
	arena_done(&b->arena);
	free(b);
}

void cleanup_sigstore_bundle(struct sigstore_bundle **b)
{
	sigstore_bundle_close(*b);
}
