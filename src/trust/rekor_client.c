/* Rekor 1 (openapi.yaml: POST /api/v1/log/entries, kinds hashedrekord 0.0.1 and dsse 0.0.1) and Rekor 2 (rekor-tiles: POST
 * /api/v2/log/entries, kind hashedrekord 0.0.2, which also logs envelopes, by the digest of their PAE).
 *
 * A hostile log may answer with an entry of somebody else (every field is compared with what was asked; of Rekor 2 the whole
 * body is made again), with a proof of another tree, with numbers beyond reason, or point a conflict elsewhere (of a
 * Location only the entry's identifier is taken). Not supported: other kinds. */
#include "trust/rekor_client.h"

#include "base/base64.h"
#include "base/json.h"
#include "trust/note.h"
#include "trust/pem.h"
#include "trust/rekor_tiles.h"
#include "trust/service.h"

static const char what[] = "transparency log";

/* Texts of a request */
static struct str b64(struct arena *a, struct str bytes)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	base64_encode(bytes, &b);
	return arena_str(a, str_buf(&b));
}

static struct str hex_of(struct arena *a, const struct digest *d)
{
	char text[DIGEST_TEXT];
	struct str s = str_of(digest_text(d, text));
	str_cut(&s, ':');
	return arena_str(a, s);
}

/* Certificate or key as PEM in base64. */
static struct str verifier_pem(struct arena *a, const struct rekor_request *r)
{
	struct buf pem CLEANUP(buf_done) = { 0 };
	if (r->cert_der.n)
		pem_write(S("CERTIFICATE"), r->cert_der, &pem);
	else
		key_pem(r->key, &pem);
	return b64(a, str_buf(&pem));
}

static struct str hash_name(const struct digest *d, bool v2)
{
	switch (d->alg) {
	case DIGEST_SHA384:
		return v2 ? S("SHA2_384") : S("sha384");
	case DIGEST_SHA512:
		return v2 ? S("SHA2_512") : S("sha512");
	default:
		return v2 ? S("SHA2_256") : S("sha256");
	}
}

static void begin(struct json_out *o, const char *key)
{
	if (key)
		json_put_key(o, key);
	json_begin_object(o);
}

static void end(struct json_out *o, unsigned n)
{
	while (n--)
		json_end_object(o);
}

static void hashedrekord_body(struct json_out *o, struct arena *a, const struct rekor_request *r)
{
	json_put_member(o, "apiVersion", S("0.0.1"));
	json_put_member(o, "kind", S("hashedrekord"));
	begin(o, "spec");
	begin(o, "data");
	begin(o, "hash");
	json_put_member(o, "algorithm", hash_name(&r->digest, false));
	json_put_member(o, "value", hex_of(a, &r->digest));
	end(o, 2);
	begin(o, "signature");
	json_put_member(o, "content", b64(a, r->signature));
	begin(o, "publicKey");
	json_put_member(o, "content", verifier_pem(a, r));
	end(o, 3);
}

static void dsse_body(struct json_out *o, struct arena *a, const struct rekor_request *r)
{
	struct buf envelope CLEANUP(buf_done) = { 0 };
	dsse_write(r->dsse->payload_type, r->dsse->payload, r->signature, (struct str){ 0 },
		   &envelope);
	json_put_member(o, "apiVersion", S("0.0.1"));
	json_put_member(o, "kind", S("dsse"));
	begin(o, "spec");
	begin(o, "proposedContent");
	json_put_member(o, "envelope", str_buf(&envelope));
	json_put_key(o, "verifiers");
	json_begin_array(o);
	json_put_str(o, verifier_pem(a, r));
	json_end_array(o);
	end(o, 2);
}

/* "signature" of Rekor 2, the same in request and entry; members sorted, as RFC 8785 wants them in the entry. */
static void signature_v2(struct json_out *o, struct arena *a, const struct rekor_request *r)
{
	struct str der = r->cert_der.n ? r->cert_der : key_spki(r->key);
	begin(o, "signature");
	json_put_member(o, "content", b64(a, r->signature));
	begin(o, "verifier");
	json_put_member(o, "keyDetails", str_of(alg_details(r->alg, r->key)));
	begin(o, r->cert_der.n ? "x509Certificate" : "publicKey");
	json_put_member(o, "rawBytes", b64(a, der));
	end(o, 3);
}

static struct str digest_bytes(const struct digest *d)
{
	return (struct str){ (const char *)d->bytes, d->len };
}

static void request_v2(struct json_out *o, struct arena *a, const struct rekor_request *r)
{
	begin(o, "hashedRekordRequestV002");
	json_put_member(o, "digest", b64(a, digest_bytes(&r->digest)));
	signature_v2(o, a, r);
	end(o, 1);
}

/* The entry that Rekor 2 must have made of it. */
static void entry_v2(const struct rekor_request *r, struct buf *out)
{
	struct arena a CLEANUP(arena_done) = { 0 };
	struct json_out o;
	json_out_init(&o, out, 0);
	begin(&o, NULL);
	json_put_member(&o, "apiVersion", S("0.0.2"));
	json_put_member(&o, "kind", S("hashedrekord"));
	begin(&o, "spec");
	begin(&o, "hashedRekordV002");
	begin(&o, "data");
	json_put_member(&o, "algorithm", hash_name(&r->digest, true));
	json_put_member(&o, "digest", b64(&a, digest_bytes(&r->digest)));
	end(&o, 1);
	signature_v2(&o, &a, r);
	end(&o, 3);
}

void rekor_body(unsigned version, const struct rekor_request *r, struct buf *out)
{
	struct arena a CLEANUP(arena_done) = { 0 };
	struct json_out o;
	json_out_init(&o, out, 0);
	begin(&o, NULL);
	if (version == 2)
		request_v2(&o, &a, r);
	else if (r->dsse)
		dsse_body(&o, &a, r);
	else
		hashedrekord_body(&o, &a, r);
	end(&o, 1);
}

/* Answers */
static int wrong(struct err *e, const char *how)
{
	return err_set(e, ERR_INVALID, "the transparency log's answer %s", how);
}

static bool number(const struct json *j, uint64_t *out)
{
	return json_u64(j, out) && *out <= INT64_MAX;
}

static bool bytes_of(const struct json *j, struct arena *a, struct str *out)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	if (!json_str(j).n || !base64_decode(json_str(j), &b))
		return false;
	*out = arena_str(a, str_buf(&b));
	return true;
}

static bool hash_of(const struct json *j, struct arena *a, struct str *out)
{
	struct digest d;
	if (!digest_from_hex(DIGEST_SHA256, json_str(j), &d))
		return false;
	*out = arena_str(a, digest_bytes(&d));
	return true;
}

static bool is_text(const struct json *j, struct str want)
{
	return json_is_string(j) && str_eq(json_str(j), want);
}

/* PEM in base64: certificate or key of the request? */
static bool is_verifier(const struct json *j, const struct rekor_request *r)
{
	struct arena a CLEANUP(arena_done) = { 0 };
	struct buf der CLEANUP(buf_done) = { 0 };
	struct str pem, label;
	struct err ignored;
	if (!bytes_of(j, &a, &pem) || pem_next(&pem, &label, &der, &ignored) != 1)
		return false;
	if (r->cert_der.n)
		return str_eq(label, S("CERTIFICATE")) && str_eq(str_buf(&der), r->cert_der);
	return str_eq(label, S("PUBLIC KEY")) && str_eq(str_buf(&der), key_spki(r->key));
}

static bool is_hash(const struct json *j, struct arena *a, const struct digest *d)
{
	return is_text(json_get(j, "algorithm"), hash_name(d, false)) &&
	       is_text(json_get(j, "value"), hex_of(a, d));
}

static bool is_our_hashedrekord(const struct json *spec, struct arena *a,
				const struct rekor_request *r)
{
	const struct json *sig = json_get(spec, "signature");
	return is_hash(json_get(json_get(spec, "data"), "hash"), a, &r->digest) &&
	       is_text(json_get(sig, "content"), b64(a, r->signature)) &&
	       is_verifier(json_get(json_get(sig, "publicKey"), "content"), r);
}

static bool is_our_dsse(const struct json *spec, struct arena *a, const struct rekor_request *r)
{
	const struct json *sigs = json_get(spec, "signatures"), *sig = json_first(sigs);
	struct digest payload;
	digest_of(DIGEST_SHA256, r->dsse->payload, &payload);
	return json_count(sigs) == 1 && is_hash(json_get(spec, "payloadHash"), a, &payload) &&
	       is_text(json_get(sig, "signature"), b64(a, r->signature)) &&
	       is_verifier(json_get(sig, "verifier"), r);
}

/* Is the entry about our signature? Sets its kind. */
static int check_body(unsigned version, const struct rekor_request *r, struct arena *a,
		      struct log_entry *entry, struct err *e)
{
	struct buf want CLEANUP(buf_done) = { 0 };
	struct json *j CLEANUP(cleanup_json) = NULL;
	bool ours;
	entry->kind = version == 1 && r->dsse ? S("dsse") : S("hashedrekord");
	entry->version = version == 2 ? S("0.0.2") : S("0.0.1");
	if (version == 2) {
		entry_v2(r, &want);
		return str_eq(entry->body, str_buf(&want)) ? 0
							   : wrong(e, "is about another signature");
	}
	if (json_parse(entry->body, &j, e))
		return err_in(e, "the transparency log's entry");
	const struct json *spec = json_get(j, "spec");
	ours = is_text(json_get(j, "kind"), entry->kind) &&
	       is_text(json_get(j, "apiVersion"), entry->version) &&
	       (r->dsse ? is_our_dsse(spec, a, r) : is_our_hashedrekord(spec, a, r));
	return ours ? 0 : wrong(e, "is about another signature");
}

/* Does the proof lead from the entry to the root of the checkpoint? */
static int check_inclusion(const struct log_entry *entry, unsigned version, struct arena *a,
			   struct err *e)
{
	struct note note;
	struct checkpoint c;
	struct merkle_hash proof[MERKLE_PROOF_MAX], leaf = merkle_leaf(entry->body);
	if (!entry->has_proof || !entry->checkpoint.n || entry->n_hashes > MERKLE_PROOF_MAX ||
	    entry->root_hash.n != MERKLE_HASH)
		return wrong(e, "has no inclusion proof with a checkpoint");
	if (version == 2 && entry->proof_index != entry->index)
		return wrong(e, "has the proof of another entry");
	if (note_parse(entry->checkpoint, a, &note, e) || checkpoint_parse(note.text, &c, e))
		return err_in(e, "the transparency log's checkpoint");
	for (size_t i = 0; i < entry->n_hashes; i++) {
		if (entry->hashes[i].n != MERKLE_HASH)
			return wrong(e, "has an inclusion proof that cannot be read");
		memcpy(proof[i].bytes, entry->hashes[i].p, MERKLE_HASH);
	}
	if (c.size != entry->tree_size ||
	    memcmp(c.root.bytes, entry->root_hash.p, MERKLE_HASH) != 0)
		return wrong(e, "has a checkpoint of another tree than its proof's");
	if (!merkle_inclusion(entry->proof_index, c.size, &leaf, proof, entry->n_hashes, &c.root))
		return wrong(e, "does not prove that the entry is in the log");
	return 0;
}

static int read_hashes(const struct json *list, struct arena *a, struct log_entry *out,
		       struct err *e)
{
	if (json_count(list) > MERKLE_PROOF_MAX)
		return wrong(e, "has an inclusion proof that is too long");
	out->hashes = arena_array(a, json_count(list), sizeof *out->hashes);
	JSON_EACH(h, list)
	{
		if (!hash_of(h, a, &out->hashes[out->n_hashes++]))
			return wrong(e, "has an inclusion proof that cannot be read");
	}
	return 0;
}

static int read_proof(const struct json *p, struct arena *a, struct log_entry *out, struct err *e)
{
	struct str checkpoint = json_get_str(p, "checkpoint");
	if (!number(json_get(p, "logIndex"), &out->proof_index) ||
	    !number(json_get(p, "treeSize"), &out->tree_size) ||
	    !hash_of(json_get(p, "rootHash"), a, &out->root_hash))
		return wrong(e, "has no inclusion proof that can be read");
	out->has_proof = true;
	out->checkpoint = arena_str(a, checkpoint);
	return read_hashes(json_get(p, "hashes"), a, out, e);
}

static int read_v1(struct str text, struct arena *a, struct log_entry *out, struct err *e)
{
	struct json *j CLEANUP(cleanup_json) = NULL;
	if (json_parse(text, &j, e))
		return err_in(e, "the transparency log's answer");
	const struct json *entry = json_first(j), *v = json_get(entry, "verification");
	uint64_t time;
	if (!json_is_object(j) || json_count(j) != 1 || !json_is_object(entry))
		return wrong(e, "is not one entry");
	if (!number(json_get(entry, "logIndex"), &out->index) ||
	    !number(json_get(entry, "integratedTime"), &time) ||
	    !bytes_of(json_get(entry, "body"), a, &out->body) ||
	    !hash_of(json_get(entry, "logID"), a, &out->log_id) ||
	    !bytes_of(json_get(v, "signedEntryTimestamp"), a, &out->set))
		return wrong(e, "lacks a field of an entry");
	out->integrated_time = (int64_t)time;
	return read_proof(json_get(v, "inclusionProof"), a, out, e);
}

int rekor_answer(struct str text, unsigned version, const struct rekor_request *r, struct arena *a,
		 struct log_entry *out, struct err *e)
{
	struct log_entry entry = { 0 };
	if (version == 2 && log_entry_parse(text, a, &entry, e))
		return err_in(e, "the transparency log's answer");
	if ((version != 2 && read_v1(text, a, &entry, e)) || check_body(version, r, a, &entry, e) ||
	    check_inclusion(&entry, version, a, e))
		return e->code;
	*out = entry;
	return 0;
}

/* Asking */
/* The identifier at a Location's end: a leaf hash, before it perhaps the shard's 8 bytes. */
static bool entry_uuid(struct str location, struct str *out)
{
	struct str uuid = str_from(location, (size_t)(str_rfind_char(location, '/') + 1));
	if (uuid.n != 64 && uuid.n != 80)
		return false;
	for (size_t i = 0; i < uuid.n; i++)
		if (!(uuid.p[i] >= '0' && uuid.p[i] <= '9') &&
		    !(uuid.p[i] >= 'a' && uuid.p[i] <= 'f'))
			return false;
	*out = uuid;
	return true;
}

static int has_it(struct str url, struct err *e)
{
	return err_set(e, ERR_INVALID,
		       "the transparency log %.*s has this entry already and does not say which it "
		       "is",
		       STR(str_upto(url, 200)));
}

static int existing_v1(struct fetch *f, struct str url, const struct rekor_request *r,
		       struct service_answer *answer, struct arena *a, struct log_entry *out,
		       struct err *e)
{
	struct str uuid;
	if (!entry_uuid(fetch_header(&answer->head, "location"), &uuid))
		return has_it(url, e);
	struct fetch_request ask = {
		.url = service_url(a, url, arena_printf(a, "api/v1/log/entries/%.*s", STR(uuid)).p)
	};
	if (service_ask(f, what, &ask, REKOR_ANSWER_MAX, a, answer, e))
		return e->code;
	return answer->status == 200 ? rekor_answer(answer->body, 1, r, a, out, e)
				     : service_failed(what, &ask, answer, e);
}

/* The log with this origin and key hint, as the roots know it. */
static bool known_log(const struct rekor_request *r, const struct note *note, struct str origin,
		      struct str *id)
{
	for (size_t i = 0; i < r->n_roots; i++)
		for (size_t k = 0; k < r->roots[i]->n_tlogs; k++) {
			const struct trusted_log *log = &r->roots[i]->tlogs[k];
			for (size_t s = 0; s < note->n && log->id.n == MERKLE_HASH; s++)
				if (str_eq(note->v[s].name, origin) && str_eq(log->name, origin) &&
				    memcmp(note->v[s].hint, log->id.p, 4) == 0) {
					*id = log->id;
					return true;
				}
		}
	return false;
}

static int existing_v2(struct fetch *f, struct str url, const struct rekor_request *r,
		       const struct service_answer *answer, struct arena *a, struct log_entry *out,
		       struct err *e)
{
	struct buf body CLEANUP(buf_done) = { 0 };
	struct log_entry entry = { .kind = S("hashedrekord"), .version = S("0.0.2") };
	struct note note;
	struct checkpoint c;
	struct str index = fetch_header(&answer->head, "x-log-index");
	if (!index.n)
		index = fetch_header(&answer->head, "grpc-metadata-x-log-index");
	if (!str_to_u64(index, INT64_MAX, &entry.index))
		return has_it(url, e);
	entry_v2(r, &body);
	entry.body = arena_str(a, str_buf(&body));
	if (rekor_tiles_prove(f, url, a, &entry, e) || note_parse(entry.checkpoint, a, &note, e) ||
	    checkpoint_parse(note.text, &c, e))
		return e->code;
	if (!known_log(r, &note, c.origin, &entry.log_id))
		return err_set(e, ERR_INVALID,
			       "the transparency log %.*s has this entry already; it can be used "
			       "with a --trusted-root that has the log",
			       STR(str_upto(url, 200)));
	if (check_inclusion(&entry, 2, a, e))
		return e->code;
	*out = entry;
	return 0;
}

int rekor_log(struct fetch *f, struct str url, unsigned version, const struct rekor_request *r,
	      struct arena *a, struct log_entry *out, struct err *e)
{
	static const struct fetch_header headers[] = { { S("Content-Type"), S("application/json") },
						       { S("Accept"), S("application/json") } };
	struct buf body CLEANUP(buf_done) = { 0 };
	struct service_answer answer;
	rekor_body(version, r, &body);
	struct fetch_request ask = {
		.url = service_url(a, url,
				   version == 2 ? "api/v2/log/entries" : "api/v1/log/entries"),
		.headers = headers,
		.n_headers = COUNT(headers),
		.body = str_buf(&body),
	};
	if (service_ask(f, what, &ask, REKOR_ANSWER_MAX, a, &answer, e))
		return e->code;
	if (answer.status == 409)
		return version == 2 ? existing_v2(f, url, r, &answer, a, out, e)
				    : existing_v1(f, url, r, &answer, a, out, e);
	if (answer.status != 200 && answer.status != 201)
		return service_failed(what, &ask, &answer, e);
	if (rekor_answer(answer.body, version, r, a, out, e))
		return err_in(e, "%.*s", STR(str_upto(url, 200)));
	return 0;
}
