/* Trust policy documents, names in them, and trust stores on disk. */
#include "trust/notation_policy.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trust_files.h"

static int parse(struct str text, bool blob, struct err *e)
{
	struct notation_trust t = { 0 };
	int r = notation_policy_parse(text, blob, &t, e);
	arena_done(&t.arena);
	return r;
}

static void shared_documents(void **state)
{
	struct arena a = { 0 };
	struct err e;
	size_t n = 0;
	(void)state;
	if (!getenv("LAZARET_TEST_DATA"))
		skip();
	struct json *j = trust_json(&a, S("sign/notation/trustpolicy/expected.json"));
	JSON_EACH(c, j)
	{
		struct str file = json_get_str(c, "file");
		int r = parse(
			trust_file(&a, true,
				   arena_printf(&a, "sign/notation/trustpolicy/%.*s", STR(file)).p),
			false, &e);
		if ((r == 0) != json_bool(json_get(c, "valid"), false))
			fail_msg("%.*s: %d", STR(file), r);
		n++;
	}
	assert_int_equal(n, 12);
	json_free(j);
	arena_done(&a);
}

/* One statement of which a part is another one. */
#define WITH(statement) "{\"version\":\"1.0\",\"trustPolicies\":[" statement "]}"
#define GOOD \
	"{\"name\":\"a\",\"registryScopes\":[\"a.example:5000/b/" \
	"c\"],\"signatureVerification\":{\"level\":\"strict\"}," \
	"\"trustStores\":[\"ca:x\"],\"trustedIdentities\":[\"*\"]}"
static const struct {
	const char *from, *to;
	bool good;
} changes[] = {
	{ "\"a\"", "\"b\"", true },
	{ "\"a\"", "\"\"", false },
	{ "\"a\"", "1", false },
	{ "\"name\"", "\"nam\"", false },
	{ "\"version\":\"1.0\"", "\"version\":\"1.1\"", false },
	{ "\"version\":\"1.0\"", "\"version\":1", false },
	{ "\"version\":\"1.0\",", "", false },
	{ "\"version\":\"1.0\"", "\"version\":\"1.0\",\"version\":\"1.0\"", false },
	{ "\"version\":\"1.0\"", "\"version\":\"1.0\",\"more\":1", false },
	{ "\"level\":\"strict\"",
	  "\"level\":\"permissive\",\"override\":{\"expiry\":\"enforce\",\"revocation\":\"skip\"}",
	  true },
	{ "\"level\":\"strict\"",
	  "\"level\":\"strict\",\"override\":{\"authenticity\":\"log\",\"authenticTimestamp\":"
	  "\"log\"}",
	  true },
	{ "\"level\":\"strict\"", "\"level\":\"strict\",\"override\":{}", true },
	{ "\"level\":\"strict\"", "\"level\":\"strict\",\"override\":{\"integrity\":\"log\"}",
	  false },
	{ "\"level\":\"strict\"", "\"level\":\"strict\",\"override\":{\"expiry\":\"skip\"}",
	  false },
	{ "\"level\":\"strict\"", "\"level\":\"strict\",\"override\":{\"authenticity\":\"skip\"}",
	  false },
	{ "\"level\":\"strict\"", "\"level\":\"strict\",\"override\":{\"expiry\":\"no\"}", false },
	{ "\"level\":\"strict\"", "\"level\":\"strict\",\"override\":{\"other\":\"log\"}", false },
	{ "\"level\":\"strict\"",
	  "\"level\":\"strict\",\"override\":{\"expiry\":\"log\",\"expiry\":\"enforce\"}", false },
	{ "\"level\":\"strict\"", "\"level\":\"strict\",\"overide\":{\"expiry\":\"log\"}", false },
	{ "\"level\":\"strict\"", "\"level\":\"strict\",\"override\":[]", false },
	{ "\"level\":\"strict\"", "\"level\":\"Strict\"", false },
	{ "\"level\":\"strict\"", "", false },
	{ "\"level\":\"strict\"", "\"level\":\"strict\",\"verifyTimestamp\":\"always\"", true },
	{ "\"level\":\"strict\"", "\"level\":\"strict\",\"verifyTimestamp\":\"afterCertExpiry\"",
	  true },
	{ "\"level\":\"strict\"", "\"level\":\"strict\",\"verifyTimestamp\":\"never\"", false },
	{ "\"level\":\"strict\"", "\"level\":\"skip\"", false },
	{ "\"level\":\"strict\"},\"trustStores\":[\"ca:x\"],\"trustedIdentities\":[\"*\"]",
	  "\"level\":\"skip\"}", true },
	{ "\"level\":\"strict\"},\"trustStores\":[\"ca:x\"],\"trustedIdentities\":[\"*\"]",
	  "\"level\":\"skip\",\"override\":{\"expiry\":\"log\"}}", false },
	{ "\"ca:x\"", "\"ca:x\",\"tsa:x\",\"signingAuthority:y_1.-\"", true },
	{ "\"ca:x\"", "", false },
	{ "\"ca:x\"", "\"ca\"", false },
	{ "\"ca:x\"", "\"ca:\"", false },
	{ "\"ca:x\"", "\"ca:..\"", false },
	{ "\"ca:x\"", "\"ca:../x\"", false },
	{ "\"ca:x\"", "\"ca:a b\"", false },
	{ "\"ca:x\"", "\"CA:x\"", false },
	{ "\"ca:x\"", "\"ca:x\",\"ca:x\"", false },
	{ "[\"*\"]", "[]", false },
	{ "[\"*\"]", "[\"*\",\"x509.subject: C=CH, ST=Bern, O=x\"]", false },
	{ "[\"*\"]", "[\"x509.subject: C=CH, ST=Bern, O=x\"]", true },
	{ "[\"*\"]", "[\"x509.subject: C=CH, S=Bern, O=x\",\"x509.subject: C=CH, S=Bern, O=y\"]",
	  true },
	{ "[\"*\"]",
	  "[\"x509.subject: C=CH, ST=Bern, O=x\",\"x509.subject: CN=z, C=CH, S=Bern, O=x\"]",
	  false },
	{ "[\"*\"]", "[\"x509.subject: C=CH, ST=Bern\"]", false },
	{ "[\"*\"]", "[\"x509.subject: C=CH, O=x\"]", false },
	{ "[\"*\"]", "[\"x509.subject: ST=Bern, O=x\"]", false },
	{ "[\"*\"]", "[\"x509.subject:\"]", false },
	{ "[\"*\"]", "[\"x509.subject\"]", false },
	{ "[\"*\"]", "[\":C=CH\"]", false },
	{ "[\"*\"]", "[1]", false },
	{ "a.example:5000/b/c", "*", true },
	{ "a.example:5000/b/c", "local/x_y-z.1", true },
	{ "a.example:5000/b/c", "a.example/*", false },
	{ "a.example:5000/b/c", "a.example", false },
	{ "a.example:5000/b/c", "a.example/", false },
	{ "a.example:5000/b/c", "/b", false },
	{ "a.example:5000/b/c", "a.example/B", false },
	{ "a.example:5000/b/c", "a.example/b:tag", false },
	{ "a.example:5000/b/c", "a.example/b@sha256", false },
	{ "a.example:5000/b/c", "https://a.example/b", false },
	{ "a.example:5000/b/c", "a.example//b", false },
	{ "a.example:5000/b/c", "a.example/b\",\"a.example/b", false },
	{ "\"registryScopes\":[\"a.example:5000/b/c\"]", "\"registryScopes\":[]", false },
	{ "\"registryScopes\":[\"a.example:5000/b/c\"],", "", false },
	{ "\"registryScopes\":[", "\"registryScopes\":[\"*\",", false },
	{ "]}]}", "]}," GOOD "]}", false },
	{ "]}]}", "],\"globalPolicy\":true}]}", false },
};

static void changed_documents(void **state)
{
	const struct str good = S(WITH(GOOD));
	struct arena a = { 0 };
	struct err e;
	(void)state;
	assert_int_equal(parse(good, false, &e), 0);
	for (size_t i = 0; i < COUNT(changes); i++) {
		ssize_t at = str_find(good, str_of(changes[i].from));
		assert_true(at >= 0);
		struct str rest = str_from(good, (size_t)at + strlen(changes[i].from));
		struct str text = arena_printf(&a, "%.*s%s%.*s", STR(str_upto(good, (size_t)at)),
					       changes[i].to, STR(rest));
		int r = parse(text, false, &e);
		if ((r == 0) != changes[i].good)
			fail_msg("%s -> %s: %s", changes[i].from, changes[i].to,
				 r ? e.text : "taken");
	}
	assert_int_equal(parse(S(WITH("")), false, &e), ERR_INVALID);
	assert_int_equal(parse(S("[]"), false, &e), ERR_INVALID);
	arena_done(&a);
}

static void blob_documents(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} table[] = {
		{ WITH("{\"name\":\"a\",\"signatureVerification\":{\"level\":\"strict\"},"
		       "\"trustStores\":[\"ca:x\"],"
		       "\"trustedIdentities\":[\"*\"],\"globalPolicy\":true}"),
		  true },
		{ WITH(GOOD), false },
		{ WITH("{\"name\":\"a\",\"signatureVerification\":{\"level\":\"skip\"},"
		       "\"globalPolicy\":true}"),
		  false },
		{ WITH("{\"name\":\"a\",\"signatureVerification\":{\"level\":\"audit\"},"
		       "\"trustStores\":[\"ca:x\"],"
		       "\"trustedIdentities\":[\"*\"],\"globalPolicy\":true},{\"name\":\"b\","
		       "\"signatureVerification\":{\"level\":\"audit\"},"
		       "\"trustStores\":[\"ca:x\"],\"trustedIdentities\":[\"*\"],\"globalPolicy\":"
		       "true}"),
		  false },
	};
	struct err e;
	(void)state;
	for (size_t i = 0; i < COUNT(table); i++)
		if ((parse(str_of(table[i].text), true, &e) == 0) != table[i].good)
			fail_msg("line %zu: %s", i, e.text);
}

static void scopes(void **state)
{
	struct notation_trust t = { 0 };
	struct err e;
	(void)state;
	assert_int_equal(notation_policy_parse(S(WITH("{\"name\":\"any\",\"registryScopes\":[\"*\"]"
						      ",\"signatureVerification\":{\"level\":"
						      "\"skip\"}}," GOOD)),
					       false, &t, &e),
			 0);
	assert_true(str_eq(notation_policy_find(&t, S("a.example:5000/b/c"))->name, S("a")));
	assert_true(str_eq(notation_policy_find(&t, S("a.example:5000/b"))->name, S("any")));
	assert_true(str_eq(notation_policy_find(&t, S(""))->name, S("any")));
	arena_done(&t.arena);
}

static void names(void **state)
{
	static const struct {
		const char *text;
		size_t n;
		const char *type, *value; /* of the last part */
	} table[] = {
		{ "C=CH", 1, "C", "CH" },
		{ " C = CH , st=Bern,O=a b ", 3, "O", "a b" },
		{ "S=Bern", 1, "ST", "Bern" },
		{ "O=a\\, b\\+c\\\\\\=\\\"", 1, "O", "a, b+c\\=\"" },
		{ "O=\\c3\\BC", 1, "O", "\xc3\xbc" },
		{ "O=\\ a\\ ", 1, "O", " a " },
		{ "O=a=b", 1, "O", "a=b" },
		{ "2.5.4.5=x", 1, "2.5.4.5", "x" },
		{ "", 0, NULL, NULL },
		{ "C", 0, NULL, NULL },
		{ "=CH", 0, NULL, NULL },
		{ "C=", 0, NULL, NULL },
		{ "C= ", 0, NULL, NULL },
		{ "C=CH,", 0, NULL, NULL },
		{ "C=CH,,O=x", 0, NULL, NULL },
		{ ",C=CH", 0, NULL, NULL },
		{ "C=CH,C=CH", 0, NULL, NULL },
		{ "S=a,ST=b", 0, NULL, NULL },
		{ "C=CH+O=x", 0, NULL, NULL },
		{ "O=#0401", 0, NULL, NULL },
		{ "O=a\\", 0, NULL, NULL },
		{ "O=a\\x", 0, NULL, NULL },
		{ "O=a\\f", 0, NULL, NULL },
		{ "O=\\ff", 0, NULL, NULL },
		{ "O=\\00", 0, NULL, NULL },
		{ "O=a;C=b", 0, NULL, NULL },
		{ "O=\"a\"", 0, NULL, NULL },
		{ "O=<a>", 0, NULL, NULL },
		{ "O U=a", 0, NULL, NULL },
	};
	struct arena a = { 0 };
	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct notation_identity v = { 0 };
		struct err e;
		int r = notation_name_parse(str_of(table[i].text), &a, &v, &e);
		if ((r == 0) != (table[i].n > 0) || v.n != table[i].n)
			fail_msg("'%s': %d, %zu parts", table[i].text, r, v.n);
		if (v.n) {
			assert_true(str_eq(v.v[v.n - 1].type, str_of(table[i].type)));
			assert_true(str_eq(v.v[v.n - 1].value, str_of(table[i].value)));
		}
	}
	arena_done(&a);
}

static void subsets(void **state)
{
	struct arena a = { 0 };
	struct notation_identity small, large, other, nobody = { 0 };
	struct err e;
	(void)state;
	assert_int_equal(notation_name_parse(S("O=x,C=CH"), &a, &small, &e), 0);
	assert_int_equal(notation_name_parse(S("C=CH,O=x,CN=y"), &a, &large, &e), 0);
	assert_int_equal(notation_name_parse(S("C=CH,O=X,CN=y"), &a, &other, &e), 0);
	assert_true(notation_name_subset(&small, &large));
	assert_true(notation_name_subset(&small, &small));
	assert_false(notation_name_subset(&large, &small));
	assert_false(notation_name_subset(&small, &other));
	assert_false(notation_name_subset(&nobody, &large));
	arena_done(&a);
}

static struct str write_file(struct arena *a, const char *dir, const char *name, struct str text)
{
	struct str path = arena_printf(a, "%s/%s", dir, name);
	FILE *f = fopen(path.p, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(text.p, 1, text.n, f), text.n);
	fclose(f);
	return path;
}

static int read_store(struct arena *a, const char *dir, enum notation_store_type type,
		      struct str name, size_t *n)
{
	struct notation_store s = { .type = type, .name = name };
	notation_store_read(str_of(dir), &s, a);
	*n = s.n;
	notation_store_done(&s);
	return s.code;
}

static void stores(void **state)
{
	char dir[] = "/tmp/lazaret-store-XXXXXX";
	struct arena a = { 0 };
	size_t n = 0;
	(void)state;
	assert_non_null(mkdtemp(dir));
	const char *x509 = arena_printf(&a, "%s/x509", dir).p,
		   *ca = arena_printf(&a, "%s/ca", x509).p;
	const char *one = arena_printf(&a, "%s/one", ca).p,
		   *sub = arena_printf(&a, "%s/sub", one).p;
	struct str root =
		trust_file(&a, false, "data/trust/notation/truststore/x509/ca/root/root.pem");
	struct str leaf = str_upto(trust_file(&a, false, "data/trust/notation/ES256.crt"), 600);
	leaf = str_upto(leaf, (size_t)str_find(leaf, S("-----END CERTIFICATE-----")) + 26);
	assert_true(mkdir(x509, 0700) == 0 && mkdir(ca, 0700) == 0 && mkdir(one, 0700) == 0 &&
		    mkdir(sub, 0700) == 0);
	assert_int_equal(read_store(&a, dir, STORE_CA, S("one"), &n), ERR_NOT_FOUND);
	assert_int_equal(read_store(&a, dir, STORE_CA, S("two"), &n), ERR_NOT_FOUND);
	struct str good = write_file(&a, one, "a.pem", root);
	assert_int_equal(read_store(&a, dir, STORE_CA, S("one"), &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(read_store(&a, dir, STORE_TSA, S("one"), &n), ERR_NOT_FOUND);
	/* What is no certificate, no CA, or a link spoils a store. */
	struct str bad = write_file(&a, one, "b.pem", S("nothing"));
	assert_int_equal(read_store(&a, dir, STORE_CA, S("one"), &n), ERR_INVALID);
	assert_int_equal(n, 0);
	unlink(bad.p);
	bad = write_file(&a, one, "b.pem", leaf);
	assert_int_equal(read_store(&a, dir, STORE_CA, S("one"), &n), ERR_INVALID);
	unlink(bad.p);
	assert_int_equal(symlink("a.pem", bad.p), 0);
	assert_int_equal(read_store(&a, dir, STORE_CA, S("one"), &n), ERR_INVALID);
	unlink(bad.p);
	const char *link = arena_printf(&a, "%s/link", ca).p;
	assert_int_equal(symlink("one", link), 0);
	assert_int_equal(read_store(&a, dir, STORE_CA, S("link"), &n), ERR_INVALID);
	unlink(link);
	assert_int_equal(rename(ca, arena_printf(&a, "%s/tsa", x509).p), 0);
	assert_int_equal(symlink("tsa", ca), 0);
	assert_int_equal(read_store(&a, dir, STORE_CA, S("one"), &n), ERR_INVALID);
	assert_int_equal(read_store(&a, dir, STORE_TSA, S("one"), &n), 0);
	unlink(ca);
	assert_int_equal(rename(arena_printf(&a, "%s/tsa", x509).p, ca), 0);
	unlink(good.p);
	assert_true(rmdir(sub) == 0 && rmdir(one) == 0 && rmdir(ca) == 0 && rmdir(x509) == 0);
	/* The policy's own file may be no link either; the newer name goes before the older one. */
	struct notation_trust *t;
	struct err e;
	assert_int_equal(notation_trust_open(str_of(dir), &t, &e), ERR_NOT_FOUND);
	struct str old = write_file(&a, dir, "trustpolicy.json", S(WITH(GOOD)));
	assert_int_equal(notation_trust_open(str_of(dir), &t, &e), 0);
	assert_int_equal(t->stores[0].code, ERR_NOT_FOUND);
	notation_trust_close(t);
	struct str newer = arena_printf(&a, "%s/trustpolicy.oci.json", dir);
	assert_int_equal(symlink("trustpolicy.json", newer.p), 0);
	assert_int_equal(notation_trust_open(str_of(dir), &t, &e), ERR_INVALID);
	unlink(newer.p);
	newer = write_file(&a, dir, "trustpolicy.oci.json", S("{}"));
	assert_int_equal(notation_trust_open(str_of(dir), &t, &e), ERR_INVALID);
	unlink(newer.p);
	unlink(old.p);
	assert_int_equal(rmdir(dir), 0);
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shared_documents),
		cmocka_unit_test(changed_documents),
		cmocka_unit_test(blob_documents),
		cmocka_unit_test(scopes),
		cmocka_unit_test(names),
		cmocka_unit_test(subsets),
		cmocka_unit_test(stores),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
