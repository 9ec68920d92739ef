/* Merkle trees of RFC 6962: SHA-256, leaves prefixed with 0, nodes with 1; proofs are checked as RFC 9162 sections
 * 2.1.3.2 and 2.1.4.2 say. */
#ifndef LAZARET_TRUST_MERKLE_H
#define LAZARET_TRUST_MERKLE_H

#include "base/digest.h"

enum { MERKLE_HASH = 32, MERKLE_PROOF_MAX = 64 };
struct merkle_hash {
	unsigned char bytes[MERKLE_HASH];
};
struct merkle_hash merkle_leaf(struct str entry);
struct merkle_hash merkle_node(const struct merkle_hash *l, const struct merkle_hash *r);
bool merkle_eq(const struct merkle_hash *a, const struct merkle_hash *b);
bool merkle_inclusion(uint64_t index, uint64_t size, const struct merkle_hash *leaf,
		      const struct merkle_hash *proof, size_t n, const struct merkle_hash *root);
/* An old size of 0 is a no: everything continues an empty tree, and whoever asks knows that. */
bool merkle_consistency(uint64_t old_size, uint64_t new_size, const struct merkle_hash *old_root,
			const struct merkle_hash *new_root, const struct merkle_hash *proof,
			size_t n);

#endif
