/* Merkle trees (RFC 6962 section 2.1) and the two checks of proofs (RFC 9162 sections 2.1.3.2 and 2.1.4.2).
 *
 * Hostile input: proofs longer or shorter than the path, indexes and sizes near 2^64, roots of other trees, sizes
 * that go backwards. A proof must be used up exactly. A tree of size 0 has nothing to prove: both checks say no. */
#include "trust/merkle.h"

enum { ON_STACK = 1024 };

static struct merkle_hash hash_of(struct str bytes)
{
	struct digest d;
	struct merkle_hash h;
	digest_of(DIGEST_SHA256, bytes, &d);
	memcpy(h.bytes, d.bytes, MERKLE_HASH);
	return h;
}

struct merkle_hash merkle_leaf(struct str entry)
{
	char bytes[1 + ON_STACK] = { 0 };
	struct merkle_hash h;
	struct digest d;
	if (entry.n <= ON_STACK) {
		if (entry.n)
			memcpy(bytes + 1, entry.p, entry.n);
		return hash_of((struct str){ bytes, 1 + entry.n });
	}
	struct hasher *s = hasher_open(DIGEST_SHA256);
	hasher_add(s, bytes, 1);
	hasher_add(s, entry.p, entry.n);
	hasher_end(s, &d);
	hasher_close(s);
	memcpy(h.bytes, d.bytes, MERKLE_HASH);
	return h;
}

struct merkle_hash merkle_node(const struct merkle_hash *l, const struct merkle_hash *r)
{
	char bytes[1 + 2 * MERKLE_HASH] = { 1 };
	memcpy(bytes + 1, l->bytes, MERKLE_HASH);
	memcpy(bytes + 1 + MERKLE_HASH, r->bytes, MERKLE_HASH);
	return hash_of((struct str){ bytes, sizeof bytes });
}

bool merkle_eq(const struct merkle_hash *a, const struct merkle_hash *b)
{
	return memcmp(a->bytes, b->bytes, MERKLE_HASH) == 0;
}

bool merkle_inclusion(uint64_t index, uint64_t size, const struct merkle_hash *leaf,
		      const struct merkle_hash *proof, size_t n, const struct merkle_hash *root)
{
	if (index >= size || n > MERKLE_PROOF_MAX)
		return false;
	struct merkle_hash r = *leaf;
	uint64_t at = index, last = size - 1;
	for (size_t i = 0; i < n; i++) {
		if (last == 0)
			return false;
		if (at & 1 || at == last) {
			r = merkle_node(&proof[i], &r);
			for (; !(at & 1) && at; at >>= 1)
				last >>= 1;
		} else {
			r = merkle_node(&r, &proof[i]);
		}
		at >>= 1;
		last >>= 1;
	}
	return last == 0 && merkle_eq(&r, root);
}

bool merkle_consistency(uint64_t old_size, uint64_t new_size, const struct merkle_hash *old_root,
			const struct merkle_hash *new_root, const struct merkle_hash *proof,
			size_t n)
{
	if (old_size == 0 || old_size > new_size || n > MERKLE_PROOF_MAX)
		return false;
	if (old_size == new_size)
		return n == 0 && merkle_eq(old_root, new_root);
	uint64_t at = old_size - 1, last = new_size - 1;
	bool whole = (old_size & at) == 0; /* the old tree is one node of the new one */
	size_t i = 0;
	if (n == 0)
		return false;
	for (; at & 1; at >>= 1)
		last >>= 1;
	struct merkle_hash was = whole ? *old_root : proof[i++], is = was;
	for (; i < n; i++) {
		if (last == 0)
			return false;
		if (at & 1 || at == last) {
			was = merkle_node(&proof[i], &was);
			is = merkle_node(&proof[i], &is);
			for (; !(at & 1) && at; at >>= 1)
				last >>= 1;
		} else {
			is = merkle_node(&is, &proof[i]);
		}
		at >>= 1;
		last >>= 1;
	}
	return last == 0 && merkle_eq(&was, old_root) && merkle_eq(&is, new_root);
}
