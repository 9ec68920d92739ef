/* What signing services answer: taken when it is about what was asked, refused when anything about it was changed. The
 * answers are of the Sigstore in tests/e2e, see data/trust/keyless/make.py. */
#include "drive.h"
#include "base/base64.h"
#include "trust/fulcio.h"
#include "trust/rekor_client.h"

#include "../../data/trust/keyless/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

struct asked {
	struct rekor_request message, envelope;
	struct key *key;
	struct dsse dsse;
	struct dsse_signature sig;
	struct buf cert, message_sig, envelope_sig;
};

static void asked_open(struct asked *q)
{
	struct err e = { 0 };
	*q = (struct asked){ 0 };
	assert_int_equal(key_from_pem(S(KEY_PEM), &q->key, &e), 0);
	assert_true(base64_decode(S(CERT_B64), &q->cert));
	assert_true(base64_decode(S(MESSAGE_SIG), &q->message_sig));
	assert_true(base64_decode(S(ENVELOPE_SIG), &q->envelope_sig));
	q->message = (struct rekor_request){ .key = q->key,
					     .cert_der = str_buf(&q->cert),
					     .alg = SIGNATURE_ECDSA_SHA256,
					     .signature = str_buf(&q->message_sig) };
	digest_of(DIGEST_SHA256, S(MESSAGE), &q->message.digest);
	q->sig.sig = str_buf(&q->envelope_sig);
	q->dsse = (struct dsse){ S(PAYLOAD), S(PAYLOAD_TYPE), &q->sig, 1 };
	q->envelope = q->message;
	q->envelope.signature = q->sig.sig;
	q->envelope.dsse = &q->dsse;
}

static void asked_done(struct asked *q)
{
	key_close(q->key);
	buf_done(&q->cert);
	buf_done(&q->message_sig);
	buf_done(&q->envelope_sig);
}

static void load(const char *name, struct buf *out)
{
	char path[100];
	snprintf(path, sizeof path, "data/trust/keyless/%s.json", name);
	if (!drive_read("LAZARET_TESTS", path, out))
		fail_msg("%s", path);
}

/* text with one thing in place of another */
static void replace(struct buf *text, const char *from, const char *to)
{
	struct buf out = { 0 };
	struct str rest = str_buf(text);
	ssize_t at = str_find(rest, str_of(from));
	if (at < 0)
		fail_msg("there is no %s", from);
	buf_add_str(&out, str_upto(rest, (size_t)at));
	buf_add_str(&out, str_of(to));
	buf_add_str(&out, str_from(rest, (size_t)at + strlen(from)));
	buf_done(text);
	*text = out;
}

static const struct {
	const char *name;
	unsigned version;
	bool envelope;
} answers[] = { { "rekor1_message", 1, false },
		{ "rekor1_envelope", 1, true },
		{ "rekor2_message", 2, false } };

static void test_taken(void **state)
{
	struct asked q;
	(void)state;
	asked_open(&q);
	for (size_t i = 0; i < COUNT(answers); i++) {
		struct buf text = { 0 };
		struct arena a = { 0 };
		struct log_entry entry;
		struct err e = { 0 };
		load(answers[i].name, &text);
		if (rekor_answer(str_buf(&text), answers[i].version,
				 answers[i].envelope ? &q.envelope : &q.message, &a, &entry, &e))
			fail_msg("%s: %s", answers[i].name, e.text);
		assert_string_equal(entry.kind.p, answers[i].envelope ? "dsse" : "hashedrekord");
		assert_int_equal(entry.log_id.n, 32);
		assert_int_equal(entry.set.n != 0, answers[i].version == 1);
		assert_int_equal(entry.index - entry.proof_index,
				 answers[i].version == 1 ? 5000 : 0);
		assert_true(entry.has_proof && entry.n_hashes);
		buf_done(&text);
		arena_done(&a);
	}
	asked_done(&q);
}

/* Every answer is refused as soon as something else was asked. */
static void test_not_ours(void **state)
{
	static const char *const what[] = { "digest",	"signature", "certificate",
					    "bare key", "payload",   "kind" };
	struct asked q;
	(void)state;
	asked_open(&q);
	for (size_t i = 0; i < COUNT(answers); i++)
		for (size_t k = 0; k < COUNT(what); k++) {
			struct buf text = { 0 };
			struct arena a = { 0 };
			struct log_entry entry;
			struct err e = { 0 };
			struct rekor_request r = answers[i].envelope ? q.envelope : q.message;
			struct dsse other = q.dsse;
			other.payload = S("{\"a\":2}");
			if (k == 0)
				digest_of(DIGEST_SHA256, S("another"), &r.digest);
			else if (k == 1)
				r.signature = r.dsse ? q.message.signature : q.envelope.signature;
			else if (k == 2)
				r.cert_der = str_upto(r.cert_der, r.cert_der.n - 1);
			else if (k == 3)
				r.cert_der = (struct str){ 0 };
			else if (k == 4)
				r.dsse = r.dsse ? &other : &q.dsse;
			else
				r.dsse = r.dsse ? NULL : &q.dsse;
			/* of an envelope its payload is logged, of an entry of Rekor 2 the PAE's digest alone */
			if ((k == 0 && answers[i].envelope) || (k > 3 && answers[i].version == 2))
				continue;
			load(answers[i].name, &text);
			if (rekor_answer(str_buf(&text), answers[i].version, &r, &a, &entry, &e) !=
			    ERR_INVALID)
				fail_msg("%s, other %s: taken", answers[i].name, what[k]);
			if (!strstr(e.text, "about another signature"))
				fail_msg("%s, other %s: %s", answers[i].name, what[k], e.text);
			buf_done(&text);
			arena_done(&a);
		}
	asked_done(&q);
}

static void test_changed(void **state)
{
	static const struct {
		size_t answer;
		const char *from, *to, *why;
	} t[] = {
		{ 0, "\"logIndex\":3,", "\"logIndex\":2,", "does not prove" },
		{ 0, "\"logIndex\":3,", "\"logIndex\":-1,", "inclusion proof" },
		{ 0, "\"logIndex\":3,", "\"logIndex\":1e99,", "inclusion proof" },
		{ 0, "\"treeSize\":4", "\"treeSize\":3", "another tree" },
		{ 0, "\"rootHash\":\"", "\"rootHash\":\"00", "inclusion proof" },
		{ 0, "\"hashes\":[", "\"hashes\":[7,", "inclusion proof" },
		{ 0, "\"hashes\":[\"", "\"hashes\":[\"00", "inclusion proof" },
		{ 0, "\"checkpoint\":", "\"x\":", "checkpoint" },
		{ 0, "\\n4\\n", "\\n5\\n", "another tree" },
		{ 0, "\"inclusionProof\":", "\"x\":", "inclusion proof" },
		{ 0, "\"signedEntryTimestamp\":\"", "\"x\":\"", "lacks" },
		{ 0, "\"logID\":\"", "\"logID\":\"0", "lacks" },
		{ 0, "\"body\":\"", "\"body\":\"#", "lacks" },
		{ 0, "\"body\":\"ey", "\"body\":\"ex", "entry" },
		{ 0, "\"integratedTime\":", "\"integratedTime\":-", "lacks" },
		{ 0, "{\"", "{\"a\":{},\"", "not one entry" },
		{ 0, "{", "[", "" },
		{ 2, "\"logIndex\":\"5\"", "\"logIndex\":\"4\"", "" },
		{ 2, "\"treeSize\":\"6\"", "\"treeSize\":\"5\"", "" },
		{ 2, "\"rootHash\":\"", "\"rootHash\":\"AAAA", "" },
		{ 2, "\"envelope\":", "\"x\":", "" },
		{ 2, "\"canonicalizedBody\":\"ey", "\"canonicalizedBody\":\"ex",
		  "another signature" },
		{ 2, "\"hashes\":[\"", "\"hashes\":[\"AAAA", "" },
	};
	struct asked q;
	(void)state;
	asked_open(&q);
	for (size_t i = 0; i < COUNT(t); i++) {
		struct buf text = { 0 };
		struct arena a = { 0 };
		struct log_entry entry;
		struct err e = { 0 };
		load(answers[t[i].answer].name, &text);
		replace(&text, t[i].from, t[i].to);
		int r = rekor_answer(str_buf(&text), answers[t[i].answer].version, &q.message, &a,
				     &entry, &e);
		if (r != ERR_INVALID || !strstr(e.text, t[i].why))
			fail_msg("%s: %d %s", t[i].to, r, e.text);
		buf_done(&text);
		arena_done(&a);
	}
	asked_done(&q);
}

static void test_bodies(void **state)
{
	struct asked q;
	struct buf b = { 0 };
	(void)state;
	asked_open(&q);
	rekor_body(1, &q.message, &b);
	assert_true(str_starts(str_buf(&b), S("{\"apiVersion\":\"0.0.1\",\"kind\":\"hashedrekord\","
					      "\"spec\":{\"data\":{\"hash\":{\"algorithm\":"
					      "\"sha256\",\"value\":\"")));
	b.n = 0;
	rekor_body(1, &q.envelope, &b);
	assert_true(
		str_starts(str_buf(&b), S("{\"apiVersion\":\"0.0.1\",\"kind\":\"dsse\",\"spec\":"
					  "{\"proposedContent\":{\"envelope\":\"{\\\"")));
	b.n = 0;
	rekor_body(2, &q.message, &b);
	assert_true(str_starts(str_buf(&b), S("{\"hashedRekordRequestV002\":{\"digest\":\"")));
	assert_true(str_find(str_buf(&b), S("\"keyDetails\":\"PKIX_ECDSA_P256_SHA_256\","
					    "\"x509Certificate\":{\"rawBytes\":\"")) > 0);
	b.n = 0;
	q.message.cert_der = (struct str){ 0 };
	rekor_body(2, &q.message, &b);
	assert_true(str_find(str_buf(&b), S("\"publicKey\":{\"rawBytes\":\"")) > 0);
	buf_done(&b);
	asked_done(&q);
}

static void test_fulcio(void **state)
{
	static const struct {
		const char *from, *to;
		int code;
	} t[] = {
		{ "signedCertificateEmbeddedSct", "signedCertificateDetachedSct", ERR_UNSUPPORTED },
		{ "certificates\":[", "certificates\":[],\"x\":[", ERR_INVALID },
		{ "certificates\":[", "certificates\":[7,", ERR_INVALID },
		{ "certificates\":[", "certificates\":[\"\",", ERR_INVALID },
		{ "certificates\":[\"-----BEGIN CERT", "certificates\":[\"-----BEGIN XERT",
		  ERR_INVALID },
		{ "-----END CERTIFICATE-----\\n\",\"-", "-----END CERTIFICATE-----\\n-",
		  ERR_INVALID },
		{ "{", "", ERR_INVALID },
	};
	struct buf text = { 0 };
	struct certs certs = { 0 };
	struct err e = { 0 };
	(void)state;
	load("fulcio", &text);
	assert_int_equal(fulcio_answer(str_buf(&text), &certs, &e), 0);
	assert_int_equal(certs.n, 3);
	certs_done(&certs);
	for (size_t i = 0; i < COUNT(t); i++) {
		text.n = 0;
		load("fulcio", &text);
		replace(&text, t[i].from, t[i].to);
		int r = fulcio_answer(str_buf(&text), &certs, &e);
		if (r != t[i].code)
			fail_msg("%s: %d %s", t[i].to, r, e.text);
	}
	buf_done(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_taken),	cmocka_unit_test(test_not_ours),
		cmocka_unit_test(test_changed), cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_fulcio),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
