/* Merkle proofs: a tree made by the recursive definition of RFC 6962, and transparency-dev's vectors. */
#include "trust/merkle.h"
#include "base/base64.h"
#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <fcntl.h>
#include <ftw.h>

enum { SIZE = 130, FILE_BYTES = 1 << 16, VECTORS = 196 };

static struct merkle_hash leaves[SIZE];

static size_t split_of(size_t n)
{
	size_t k = 1;
	while (k * 2 < n)
		k *= 2;
	return k;
}

static struct merkle_hash root_of(size_t from, size_t n)
{
	if (n == 1)
		return leaves[from];
	size_t k = split_of(n);
	struct merkle_hash l = root_of(from, k), r = root_of(from + k, n - k);
	return merkle_node(&l, &r);
}

/* PATH(m, D[n]) and SUBPROOF(m, D[n], b) of RFC 6962, sections 2.1.1 and 2.1.2. */
static size_t path(size_t m, size_t from, size_t n, struct merkle_hash *out)
{
	if (n == 1)
		return 0;
	size_t k = split_of(n), depth;
	if (m < k) {
		depth = path(m, from, k, out);
		out[depth] = root_of(from + k, n - k);
	} else {
		depth = path(m - k, from + k, n - k, out);
		out[depth] = root_of(from, k);
	}
	return depth + 1;
}

static size_t subproof(size_t m, size_t from, size_t n, bool whole, struct merkle_hash *out)
{
	if (m == n) {
		if (!whole)
			out[0] = root_of(from, n);
		return whole ? 0 : 1;
	}
	size_t k = split_of(n), depth;
	if (m <= k) {
		depth = subproof(m, from, k, whole, out);
		out[depth] = root_of(from + k, n - k);
	} else {
		depth = subproof(m - k, from + k, n - k, false, out);
		out[depth] = root_of(from, k);
	}
	return depth + 1;
}

static int make_leaves(void **state)
{
	(void)state;
	for (size_t i = 0; i < SIZE; i++)
		leaves[i] = merkle_leaf((struct str){ (const char *)&i, sizeof i });
	return 0;
}

static void test_inclusion(void **state)
{
	struct merkle_hash proof[MERKLE_PROOF_MAX + 1] = { 0 };
	(void)state;
	for (size_t n = 1; n <= SIZE; n++) {
		struct merkle_hash root = root_of(0, n);
		for (size_t i = 0; i < n; i++) {
			size_t depth = path(i, 0, n, proof);
			assert_true(merkle_inclusion(i, n, &leaves[i], proof, depth, &root));
			assert_false(merkle_inclusion(i, n, &leaves[i], proof, depth + 1, &root));
			assert_false(merkle_inclusion(i, n, &leaves[(i + 1) % SIZE], proof, depth,
						      &root));
			assert_false(merkle_inclusion(n, n, &leaves[i], proof, depth, &root));
			if (!depth)
				continue;
			assert_false(merkle_inclusion(i, n, &leaves[i], proof, depth - 1, &root));
			proof[i % depth].bytes[i % MERKLE_HASH] ^= 1;
			assert_false(merkle_inclusion(i, n, &leaves[i], proof, depth, &root));
		}
	}
}

static void test_consistency(void **state)
{
	struct merkle_hash proof[MERKLE_PROOF_MAX + 1] = { 0 };
	(void)state;
	for (size_t n = 1; n <= SIZE; n++)
		for (size_t m = 1; m <= n; m++) {
			struct merkle_hash now = root_of(0, n), was = root_of(0, m);
			size_t k = subproof(m, 0, n, true, proof);
			assert_true(merkle_consistency(m, n, &was, &now, proof, k));
			assert_false(merkle_consistency(m, n, &was, &now, proof, k + 1));
			assert_false(merkle_consistency(m, n, &leaves[1], &now, proof, k));
			assert_false(merkle_consistency(m, n, &was, &leaves[1], proof, k));
			if (m < n)
				assert_false(merkle_consistency(n, m, &now, &was, proof, k));
			if (!k)
				continue;
			assert_false(merkle_consistency(m, n, &was, &now, proof, k - 1));
			proof[n % k].bytes[m % MERKLE_HASH] ^= 1;
			assert_false(merkle_consistency(m, n, &was, &now, proof, k));
		}
}

static void test_edges(void **state)
{
	static const struct merkle_hash zero[MERKLE_PROOF_MAX + 1];
	(void)state;
	assert_false(merkle_inclusion(0, 0, zero, zero, 0, zero));
	assert_false(merkle_consistency(0, 0, zero, zero, zero, 0));
	assert_false(merkle_consistency(0, 1, zero, zero, zero, 0));
	assert_false(merkle_inclusion(UINT64_MAX - 1, UINT64_MAX, zero, zero, 64, zero));
	assert_false(merkle_inclusion(UINT64_MAX - 1, UINT64_MAX, zero, zero, 65, zero));
	assert_false(merkle_consistency(1, UINT64_MAX, zero, zero, zero, 65));
	/* RFC 6962: an entry longer than the stack's buffer hashes as a short one does. */
	char entry[3000] = { 0 }, prefixed[3001] = { 0 };
	struct digest d;
	digest_of(DIGEST_SHA256, (struct str){ prefixed, sizeof prefixed }, &d);
	assert_memory_equal(merkle_leaf((struct str){ entry, sizeof entry }).bytes, d.bytes,
			    MERKLE_HASH);
	digest_of(DIGEST_SHA256, (struct str){ prefixed, 1 }, &d);
	assert_memory_equal(merkle_leaf((struct str){ 0 }).bytes, d.bytes, MERKLE_HASH);
}

/* The vectors' made-up hashes of a few bytes are filled up with zeros; of none or too many there is no hash. */
static bool hash_from(struct str text, struct merkle_hash *out)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	*out = (struct merkle_hash){ 0 };
	if (!base64_decode(text, &b) || b.n > MERKLE_HASH || b.n == 0)
		return false;
	memcpy(out->bytes, b.p, b.n);
	return true;
}

static uint64_t number(const struct json *j, const char *key)
{
	uint64_t v = UINT64_MAX; /* what json_u64 does not take is near the end of the range */
	json_u64(json_get(j, key), &v);
	return v;
}

static bool judge(const struct json *j)
{
	struct merkle_hash proof[MERKLE_PROOF_MAX], a, b;
	const struct json *list = json_get(j, "proof");
	size_t n = 0;
	bool inclusion = json_get(j, "treeSize") != NULL;
	if (!hash_from(json_get_str(j, inclusion ? "leafHash" : "root1"), &a) ||
	    !hash_from(json_get_str(j, inclusion ? "root" : "root2"), &b))
		return false;
	JSON_EACH(h, list)
	if (n == MERKLE_PROOF_MAX || !hash_from(json_str(h), &proof[n++]))
		return false;
	if (inclusion)
		return merkle_inclusion(number(j, "leafIdx"), number(j, "treeSize"), &a, proof, n,
					&b);
	return merkle_consistency(number(j, "size1"), number(j, "size2"), &a, &b, proof, n);
}

static size_t judged, accepted;

static int on_file(const char *name, const struct stat *st, int kind, struct FTW *at)
{
	static char text[FILE_BYTES];
	struct json *j CLEANUP(cleanup_json) = NULL;
	struct err e = { 0 };
	(void)at;
	if (kind != FTW_F || !str_ends(str_of(name), S(".json")))
		return 0;
	assert_true(st->st_size < FILE_BYTES);
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, text, sizeof text);
	close(fd);
	assert_int_equal(n, st->st_size);
	assert_int_equal(json_parse((struct str){ text, (size_t)n }, &j, &e), 0);
	bool yes = judge(j);
	if (yes == json_bool(json_get(j, "wantErr"), false))
		fail_msg("%s: %s", name, yes ? "accepted" : "refused");
	judged++;
	accepted += yes;
	return 0;
}

static void test_vectors(void **state)
{
	const char *data = getenv("LAZARET_TEST_DATA");
	struct buf dir CLEANUP(buf_done) = { 0 };
	(void)state;
	if (!data)
		skip();
	buf_addf(&dir, "%s/sign/merkle", data);
	assert_int_equal(nftw(buf_cstr(&dir), on_file, 16, FTW_PHYS), 0);
	assert_int_equal(judged, VECTORS);
	assert_true(accepted > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inclusion),
		cmocka_unit_test(test_consistency),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_vectors),
	};
	return cmocka_run_group_tests(tests, make_leaves, NULL);
}
