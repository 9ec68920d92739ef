/* What a log says of an entry: the signed entry timestamp (over the entry as canonical JSON, RFC 8785), and the inclusion
 * proof (RFC 6962) up to a signed checkpoint (C2SP tlog-checkpoint; Rekor 1 names its tree in the origin line). The root
 * hash and size that come with a proof are hostile until the checkpoint says the same. */
#include "trust/rekor.h"
#include "base/base64.h"

bool rekor_set_verify(const struct log_entry *l, const struct trusted_log *log)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	buf_add_str(&b, S("{\"body\":\""));
	base64_encode(l->body, &b);
	buf_addf(&b, "\",\"integratedTime\":%lld,\"logID\":\"", (long long)l->integrated_time);
	for (size_t i = 0; i < l->log_id.n; i++)
		buf_addf(&b, "%02x", (unsigned char)l->log_id.p[i]);
	buf_addf(&b, "\",\"logIndex\":%llu}", (unsigned long long)l->index);
	return key_verify(log->key, log->alg, str_buf(&b), l->set);
}

/* "NAME - DIGITS": NAME, or empty. */
static struct str rekor1_name(struct str origin)
{
	ssize_t at = str_rfind_char(origin, ' ');
	uint64_t tree;
	if (at < 3 || !str_to_u64(str_from(origin, (size_t)at + 1), UINT64_MAX, &tree) ||
	    !str_ends(str_upto(origin, (size_t)at), S(" -")))
		return (struct str){ 0 };
	return str_upto(origin, (size_t)at - 2);
}

static bool is_rekor2(const struct log_entry *l)
{
	return str_eq(l->version, S("0.0.2")) && str_eq(l->kind, S("hashedrekord"));
}

/* Host, with its port or without, or the whole address. */
static bool is_name_of(struct str origin, const struct trusted_log *log)
{
	struct str rest = log->name, url = log->base_url;
	struct str host = str_cut(&rest, ':');
	ssize_t at = str_find(url, S("://"));
	url = str_from(url, at < 0 ? 0 : (size_t)at + 3);
	while (str_ends(url, S("/")))
		url.n--;
	return origin.n &&
	       (str_eq(origin, log->name) || str_eq(origin, host) || str_eq(origin, url));
}

int rekor_checkpoint_verify(const struct log_entry *l, const struct trusted_log *log,
			    struct arena *a, struct checkpoint *out, struct err *e)
{
	struct note n = { 0 };
	struct note_verifier v = { .key = log->key };
	struct checkpoint c = { 0 };
	if (note_parse(l->checkpoint, a, &n, e) || checkpoint_parse(n.text, &c, e)) {
		err_in(e, "checkpoint");
		return 0;
	}
	v.name = rekor1_name(c.origin);
	v.kind = NOTE_SPKI;
	if (v.name.n == 0) {
		v.name = c.origin;
		v.kind = key_type(log->key) == KEY_ED25519 ? NOTE_ED25519 : NOTE_SPKI;
	}
	if (is_rekor2(l) && !is_name_of(c.origin, log)) {
		err_set(e, ERR_INVALID, "the checkpoint is of '%.*s', not of %.*s",
			STR(str_upto(c.origin, 100)), STR(log->name));
		return 0;
	}
	if (log->has_checkpoint_hint)
		memcpy(v.hint, log->checkpoint_hint, sizeof v.hint);
	else
		note_hint(v.name, v.kind, v.key, v.hint);
	if (!note_verify(&n, &v, NULL)) {
		err_set(e, ERR_INVALID, "the checkpoint is not signed by %.*s", STR(log->name));
		return 0;
	}
	*out = c;
	return 1;
}

int rekor_inclusion_verify(const struct log_entry *l, struct str body, const struct checkpoint *c,
			   struct err *e)
{
	struct merkle_hash leaf = merkle_leaf(body), path[MERKLE_PROOF_MAX];
	const char *why = NULL;
	for (size_t i = 0; i < l->n_hashes && i < MERKLE_PROOF_MAX; i++)
		memcpy(path[i].bytes, l->hashes[i].p, MERKLE_HASH);
	if (l->n_hashes > MERKLE_PROOF_MAX)
		why = "the inclusion proof is too long";
	else if (l->tree_size != c->size)
		why = "the inclusion proof is of another size than the checkpoint";
	else if (l->root_hash.n != MERKLE_HASH ||
		 memcmp(l->root_hash.p, c->root.bytes, MERKLE_HASH) != 0)
		why = "the inclusion proof is of another root than the checkpoint";
	else if (is_rekor2(l) && l->proof_index != l->index)
		why = "the inclusion proof is of another index than the entry";
	else if (!merkle_inclusion(l->proof_index, c->size, &leaf, path, l->n_hashes, &c->root))
		why = "the entry is not in the log";
	if (why)
		err_set(e, ERR_INVALID, "%s", why);
	return why == NULL;
}
