/* Notes and checkpoints: published vectors, notes that must be refused, and the checkpoints of real Sigstore
 * bundles. */
#include "trust/note.h"
#include "base/base64.h"
#include "base/json.h"
#include "base/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <fcntl.h>

#define DASH "\xe2\x80\x94 "
/* The example of golang.org/x/mod/sumdb/note, which signed-note grew from. */
#define EXAMPLE_TEXT \
	"If you think cryptography is the answer to your problem,\n" \
	"then you don't know what your problem is.\n"
#define EXAMPLE_LINE \
	DASH "PeterNeumann " \
	     "x08go/ZJkuBS9UG/" \
	     "SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
#define EXAMPLE_KEY "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
#define OTHER_KEY "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
#define REKOR_KEY \
	"rekor.sigstore.dev+c0d23d6a+" \
	"AjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNhtmPtrWm3U1eQXBogSMdGvXwBcK5AW5i0hrZLOC96l+" \
	"smGNM7nwZ4QvFK/4sueRoVj//QP22Ni4Qt9DPfkWLc="
#define ROOT "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="

static struct note_verifier verifier(const char *vkey, struct arena *a, struct key **key)
{
	struct note_verifier v = { 0 };
	struct err e = { 0 };
	if (note_verifier_parse(str_of(vkey), a, &v, key, &e))
		fail_msg("%s: %s", vkey, e.text);
	return v;
}

static bool verifies(struct str text, const struct note_verifier *v, int64_t *time)
{
	struct arena a CLEANUP(arena_done) = { 0 };
	struct note n = { 0 };
	struct err e = { 0 };
	return note_parse(text, &a, &n, &e) == 0 && note_verify(&n, v, time);
}

static void test_example(void **state)
{
	struct arena a CLEANUP(arena_done) = { 0 };
	struct key *key CLEANUP(cleanup_key) = NULL, *other CLEANUP(cleanup_key) = NULL;
	struct note_verifier v = verifier(EXAMPLE_KEY, &a, &key),
			     o = verifier(OTHER_KEY, &a, &other);
	struct buf vkey CLEANUP(buf_done) = { 0 };
	(void)state;
	assert_true(verifies(S(EXAMPLE_TEXT "\n" EXAMPLE_LINE), &v, NULL));
	assert_false(verifies(S(EXAMPLE_TEXT "\n" EXAMPLE_LINE), &o, NULL));
	assert_false(verifies(S("X" EXAMPLE_TEXT "\n" EXAMPLE_LINE), &v, NULL));
	/* A line that nobody knows may stand before it, one of the same name and hint must hold as well. */
	assert_true(verifies(S(EXAMPLE_TEXT "\n" DASH "PeterNeumann AAAAAAAA\n" EXAMPLE_LINE), &v,
			     NULL));
	assert_false(verifies(S(EXAMPLE_TEXT "\n" EXAMPLE_LINE DASH "PeterNeumann x08gowAA\n"), &v,
			      NULL));
	note_vkey(v.name, v.kind, v.key, &vkey);
	assert_string_equal(buf_cstr(&vkey), EXAMPLE_KEY);
}

static void test_keys(void **state)
{
	static const char *const bad[] = {
		"",
		"PeterNeumann",
		"PeterNeumann+c74f20a3",
		"PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
		"PeterNeumanm+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
		"Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
		"PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
		"PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
		"PeterNeumann+0c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
	};
	struct arena a CLEANUP(arena_done) = { 0 };
	struct key *rekor CLEANUP(cleanup_key) = NULL;
	struct note_verifier v = verifier(REKOR_KEY, &a, &rekor);
	(void)state;
	assert_int_equal(v.kind, NOTE_SPKI);
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct key *key = NULL;
		struct err e = { 0 };
		if (note_verifier_parse(str_of(bad[i]), &a, &v, &key, &e) == 0)
			fail_msg("%s", bad[i]);
	}
}

static void test_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"text\n",
		"text\n\n",
		"\n" EXAMPLE_LINE,
		"text" EXAMPLE_LINE,
		"text\n\n" DASH "name AAAAAAAA", /* no newline at the end */
		"text\n\n" DASH "name  AAAAAAAA\n",
		"text\n\n" DASH " AAAAAAAA\n",
		"text\n\n" DASH "na+me AAAAAAAA\n",
		"text\n\n" DASH "na\xe2\x80\x83me AAAAAAAA\n", /* an em space */
		"text\n\n" DASH "na\xc2\xa0me AAAAAAAA\n",
		"text\n\n" DASH "name AAAAAA==\n", /* a hint and nothing behind it */
		"text\n\n" DASH "name AAAAAAB=\n", /* bits beyond the last byte */
		"text\n\n" DASH "name AAAAAAA\n", /* no padding */
		"text\n\n" DASH "name !AAAAAAA\n",
		"text\n\n- name AAAAAAAA\n",
		"text\n\n" DASH "name AAAAAAAA\nmore\n",
		"te\txt\n\n" DASH "name AAAAAAAA\n",
		"te\rxt\n\n" DASH "name AAAAAAAA\n",
		"te\xffxt\n\n" DASH "name AAAAAAAA\n",
	};
	struct arena a CLEANUP(arena_done) = { 0 };
	struct note n = { 0 };
	struct err e = { 0 };
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		if (note_parse(str_of(bad[i]), &a, &n, &e) != ERR_INVALID)
			fail_msg("%zu: %s", i, bad[i]);
	assert_int_equal(note_parse(S("a\n\nb\n\n" DASH "name AAAAAAAA\n"), &a, &n, &e), 0);
	assert_true(str_eq(n.text, S("a\n\nb\n")) && n.n == 1);
}

static void test_limits(void **state)
{
	struct arena a CLEANUP(arena_done) = { 0 };
	struct buf b CLEANUP(buf_done) = { 0 };
	struct note n = { 0 };
	struct err e = { 0 };
	(void)state;
	buf_add_str(&b, S("text\n\n"));
	for (size_t i = 0; i < NOTE_SIGNATURES_MAX; i++)
		buf_add_str(&b, S(DASH "name AAAAAAAA\n"));
	assert_int_equal(note_parse(str_buf(&b), &a, &n, &e), 0);
	assert_int_equal(n.n, NOTE_SIGNATURES_MAX);
	buf_add_str(&b, S(DASH "name AAAAAAAA\n"));
	assert_int_equal(note_parse(str_buf(&b), &a, &n, &e), ERR_LIMIT);
	while (b.n <= NOTE_MAX)
		buf_add_str(&b, S("more and more and more text that has no end in sight\n"));
	assert_int_equal(note_parse(str_buf(&b), &a, &n, &e), ERR_LIMIT);
}

static void test_checkpoint(void **state)
{
	static const struct {
		const char *text;
		int is;
	} t[] = {
		{ "example.com/log\n20852163\n" ROOT "\n", 0 },
		{ "rekor.sigstore.dev - 1193050959916656506\n0\n" ROOT "\nTimestamp: 1\n", 0 },
		{ "o\n18446744073709551615\n" ROOT "\n", 0 },
		{ "o\n18446744073709551616\n" ROOT "\n", ERR_INVALID },
		{ "o\n01\n" ROOT "\n", ERR_INVALID },
		{ "o\n+1\n" ROOT "\n", ERR_INVALID },
		{ "o\n-1\n" ROOT "\n", ERR_INVALID },
		{ "o\n\n" ROOT "\n", ERR_INVALID },
		{ "o\n1 \n" ROOT "\n", ERR_INVALID },
		{ "\n1\n" ROOT "\n", ERR_INVALID },
		{ "o\n1\n" ROOT, ERR_INVALID },
		{ "o\n1\n" ROOT "\n\n", ERR_INVALID },
		{ "o\n1\n" ROOT "\na\n\nb\n", ERR_INVALID },
		{ "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxqw==\n", ERR_INVALID },
		{ "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n", ERR_INVALID },
		{ "o\n1\n", ERR_INVALID },
		{ "o\n", ERR_INVALID },
		{ "", ERR_INVALID },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct buf b CLEANUP(buf_done) = { 0 };
		struct checkpoint c = { 0 };
		struct err e = { 0 };
		if (checkpoint_parse(str_of(t[i].text), &c, &e) != t[i].is)
			fail_msg("%s: %s", t[i].text, e.text);
		if (t[i].is)
			continue;
		checkpoint_text(&c, &b);
		assert_string_equal(buf_cstr(&b), t[i].text);
	}
}

static void test_sign(void **state)
{
	static const struct {
		enum key_type type;
		unsigned bits;
		enum note_kind kind;
		int is;
	} t[] = {
		{ KEY_ED25519, 0, NOTE_ED25519, 0 },
		{ KEY_ED25519, 0, NOTE_COSIGNATURE, 0 },
		{ KEY_ED25519, 0, NOTE_SPKI, 0 },
		{ KEY_ECDSA, 256, NOTE_SPKI, 0 },
		{ KEY_ECDSA, 384, NOTE_SPKI, 0 },
		{ KEY_ECDSA, 256, NOTE_ED25519, ERR_UNSUPPORTED },
		{ KEY_ECDSA, 256, NOTE_COSIGNATURE, ERR_UNSUPPORTED },
	};
	struct buf b CLEANUP(buf_done) = { 0 };
	(void)state;
	buf_add_str(&b, S("example.com/log\n1\n" ROOT "\n"));
	for (size_t i = 0; i < COUNT(t); i++) {
		struct key *key CLEANUP(cleanup_key) = NULL;
		struct note_verifier v = { .name = S("example.com/log"), .kind = t[i].kind };
		struct err e = { 0 };
		int64_t time = 0;
		assert_int_equal(key_generate(t[i].type, t[i].bits, &key, &e), 0);
		v.key = key;
		note_hint(v.name, v.kind, key, v.hint);
		assert_int_equal(note_sign(&b, v.name, v.kind, key, 1679315147, &e), t[i].is);
		assert_int_equal(verifies(str_buf(&b), &v, &time), t[i].is == 0);
		assert_int_equal(time, t[i].kind == NOTE_COSIGNATURE && !t[i].is ? 1679315147 : 0);
		v.hint[3] ^= 1;
		assert_false(verifies(str_buf(&b), &v, NULL));
	}
	struct err e = { 0 };
	struct key *key CLEANUP(cleanup_key) = NULL;
	struct buf bad CLEANUP(buf_done) = { 0 };
	assert_int_equal(key_generate(KEY_ED25519, 0, &key, &e), 0);
	buf_add_str(&bad, S("no newline"));
	assert_int_equal(note_sign(&bad, S("name"), NOTE_ED25519, key, 0, &e), ERR_INVALID);
	buf_add_str(&bad, S("\n"));
	assert_int_equal(note_sign(&bad, S("a name"), NOTE_ED25519, key, 0, &e), ERR_INVALID);
	assert_int_equal(note_sign(&bad, S("name"), NOTE_ED25519, key, 0, &e), 0);
}

static struct json *read_json(const char *dir, struct str name)
{
	struct buf path CLEANUP(buf_done) = { 0 }, text CLEANUP(buf_done) = { 0 };
	struct stream *s CLEANUP(cleanup_stream) = NULL;
	struct json *j = NULL;
	struct err e = { 0 };
	buf_addf(&path, "%s/%.*s", dir, STR(name));
	int fd = open(buf_cstr(&path), O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	s = stream_fd(fd, true, -1, UINT64_MAX);
	assert_true(stream_read_all(s, 1 << 20, &text, &e) >= 0);
	assert_int_equal(json_parse(str_buf(&text), &j, &e), 0);
	return j;
}

static bool signed_as(const struct note *n, struct str name)
{
	for (size_t i = 0; i < n->n; i++)
		if (str_eq(n->v[i].name, name))
			return true;
	return false;
}

/* The log of a trusted root whose name is in one of the signature lines. */
static bool verifier_from(const struct json *root, const struct note *n, struct buf *spki,
			  struct key **key, struct note_verifier *out)
{
	struct err e = { 0 };
	JSON_EACH(log, json_get(root, "tlogs"))
	{
		struct str host = str_from(json_get_str(log, "baseUrl"), 8);
		const struct json *public = json_get(log, "publicKey");
		if (!signed_as(n, host))
			continue;
		spki->n = 0;
		assert_true(base64_decode(json_get_str(public, "rawBytes"), spki));
		assert_int_equal(key_from_spki(str_buf(spki), key, &e), 0);
		bool tiles = key_type(*key) == KEY_ED25519;
		*out = (struct note_verifier){
			host, tiles ? NOTE_ED25519 : NOTE_SPKI, *key, { 0 }
		};
		note_hint(out->name, out->kind, out->key, out->hint);
		return true;
	}
	return false;
}

static uint64_t number(const struct json *object, const char *key)
{
	uint64_t v = 0;
	str_to_u64(json_get_str(object, key), UINT64_MAX, &v);
	return v;
}

static bool entry_holds(const struct json *root, const struct json *entry,
			struct str checkpoint_note)
{
	struct arena a CLEANUP(arena_done) = { 0 };
	struct key *key CLEANUP(cleanup_key) = NULL;
	struct buf spki CLEANUP(buf_done) = { 0 }, body CLEANUP(buf_done) = { 0 };
	struct note_verifier v = { 0 };
	struct note n = { 0 };
	struct checkpoint c = { 0 };
	struct err e = { 0 };
	struct merkle_hash proof[MERKLE_PROOF_MAX];
	size_t depth = 0;
	const struct json *p = json_get(entry, "inclusionProof");
	if (note_parse(checkpoint_note, &a, &n, &e) || checkpoint_parse(n.text, &c, &e) ||
	    !verifier_from(root, &n, &spki, &key, &v) || !note_verify(&n, &v, NULL))
		return false;
	assert_true(base64_decode(json_get_str(entry, "canonicalizedBody"), &body));
	JSON_EACH(h, json_get(p, "hashes"))
	if (!merkle_hash_parse(json_str(h), &proof[depth++]))
		return false;
	struct merkle_hash leaf = merkle_leaf(str_buf(&body));
	return merkle_inclusion(number(p, "logIndex"), c.size, &leaf, proof, depth, &c.root);
}

static void test_bundles(void **state)
{
	const char *data = getenv("LAZARET_TEST_DATA");
	struct buf dir CLEANUP(buf_done) = { 0 };
	size_t held = 0, refused = 0;
	(void)state;
	if (!data)
		skip();
	buf_addf(&dir, "%s/sign/sigstore", data);
	struct json *cases CLEANUP(cleanup_json) = read_json(buf_cstr(&dir), S("cases.json"));
	JSON_EACH(c, cases)
	{
		struct json *bundle CLEANUP(cleanup_json) =
			read_json(dir.p, json_get_str(c, "bundle"));
		struct json *root CLEANUP(cleanup_json) =
			read_json(dir.p, json_get_str(c, "trusted_root"));
		bool pass = str_eq(json_get_str(c, "expect"), S("pass"));
		JSON_EACH(entry, json_get(json_get(bundle, "verificationMaterial"), "tlogEntries"))
		{
			const struct json *p = json_get(entry, "inclusionProof");
			struct str note = json_get_str(json_get(p, "checkpoint"), "envelope");
			bool holds = note.n && entry_holds(root, entry, note);
			held += holds;
			refused += note.n && !holds;
			if (pass && note.n && !holds)
				fail_msg("%.*s: checkpoint", STR(json_get_str(c, "case")));
		}
	}
	print_message("%zu checkpoints hold, %zu do not\n", held, refused);
	assert_true(held >= 10 && refused >= 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_example),	   cmocka_unit_test(test_keys),
		cmocka_unit_test(test_refused),	   cmocka_unit_test(test_limits),
		cmocka_unit_test(test_checkpoint), cmocka_unit_test(test_sign),
		cmocka_unit_test(test_bundles),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
