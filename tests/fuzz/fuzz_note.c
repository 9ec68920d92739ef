/* Notes, checkpoints, proofs as text and verifier keys. What is accepted must say the same thing when it is written
 * again. */
#include "trust/tlog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_note(struct str text, struct arena *a)
{
	struct note n = { 0 };
	struct checkpoint c = { 0 };
	struct buf again CLEANUP(buf_done) = { 0 };
	struct err e;
	if (note_parse(text, a, &n, &e))
		return;
	if (n.n == 0 || n.n > NOTE_SIGNATURES_MAX || !str_starts(text, n.text))
		abort();
	if (checkpoint_parse(n.text, &c, &e))
		return;
	checkpoint_text(&c, &again);
	if (!str_eq(str_buf(&again), n.text))
		abort();
}

static void check_proof(struct str text)
{
	struct tlog_proof p = { 0 }, q = { 0 };
	struct buf again CLEANUP(buf_done) = { 0 };
	struct err e;
	if (tlog_proof_parse(text, &p, &e))
		return;
	tlog_proof_write(&p, &again);
	if (tlog_proof_parse(str_buf(&again), &q, &e) || p.index != q.index ||
	    p.hashes.n != q.hashes.n || !str_eq(p.note, q.note))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	struct arena a = { 0 };
	struct note_verifier v = { 0 };
	struct key *key CLEANUP(cleanup_key) = NULL;
	struct buf vkey CLEANUP(buf_done) = { 0 };
	struct err e;
	check_note(text, &a);
	check_proof(text);
	if (note_verifier_parse(text, &a, &v, &key, &e) == 0) {
		note_vkey(v.name, v.kind, v.key, &vkey);
		if (v.kind != NOTE_SPKI && !str_eq_nocase(str_buf(&vkey), text))
			abort();
	}
	arena_done(&a);
	return 0;
}
