/* Notation's folder: signing keys and the list of stores. */
#include "trust/notation_dir.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <unistd.h>

#include "trust_files.h"

static int read_keys(struct arena *a, const char *dir, const char *text, struct notation_keys *out,
		     struct err *e)
{
	struct str path = arena_printf(a, "%s/signingkeys.json", dir);
	FILE *f = fopen(path.p, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	return notation_keys_read(str_of(dir), a, out, e);
}

static void keys(void **state)
{
	static const char *const bad[] = {
		"[]",
		"{\"keys\":[{}]}",
		"{\"keys\":[{\"name\":\"a\"}]}",
		"{\"keys\":[{\"name\":\"a\",\"keyPath\":\"k\"}]}",
		("{\"keys\":[{\"name\":\"a\",\"keyPath\":\"k\",\"certPath\":\"c\"},{\"name\":\"a\","
		 "\"keyPath\":\"k\",\"certPath\":\"c\"}]}"),
		"{\"keys\":[{\"name\":\"a\",\"name\":\"b\",\"keyPath\":\"k\",\"certPath\":\"c\"}]}",
	};
	char dir[] = "/tmp/lazaret-notation-XXXXXX";
	struct arena a = { 0 };
	struct notation_keys v = { 0 };
	struct notation_key k;
	struct err e;
	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(notation_keys_read(str_of(dir), &a, &v, &e), 0);
	assert_int_equal(v.n, 0);
	assert_int_equal(notation_signing_key(str_of(dir), S(""), &a, &k, &e), ERR_NOT_FOUND);
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(read_keys(&a, dir, bad[i], &v, &e), ERR_INVALID);
	assert_int_equal(read_keys(&a, dir,
				   "{\"default\":\"b\",\"keys\":[{\"name\":\"a\",\"pluginName\":"
				   "\"p\",\"id\":\"1\"},"
				   "{\"name\":\"b\",\"keyPath\":\"/k\",\"certPath\":\"/c\"}]}",
				   &v, &e),
			 0);
	assert_int_equal(v.n, 2);
	assert_int_equal(notation_signing_key(str_of(dir), S(""), &a, &k, &e), 0);
	assert_true(str_eq(k.name, S("b")) && str_eq(k.key_path, S("/k")) &&
		    str_eq(k.cert_path, S("/c")));
	assert_int_equal(notation_signing_key(str_of(dir), S("a"), &a, &k, &e), ERR_UNSUPPORTED);
	assert_int_equal(notation_signing_key(str_of(dir), S("c"), &a, &k, &e), ERR_NOT_FOUND);
	struct buf b = { 0 };
	struct notation_keys again = { 0 }, one = { v.v + 1, 1, 0 };
	notation_keys_write(&one, &b);
	assert_int_equal(read_keys(&a, dir, buf_cstr(&b), &again, &e), 0);
	assert_true(again.n == 1 && again.v[0].is_default && str_eq(again.v[0].cert_path, S("/c")));
	buf_done(&b);
	unlink(arena_printf(&a, "%s/signingkeys.json", dir).p);
	assert_int_equal(rmdir(dir), 0);
	arena_done(&a);
}

static void stores(void **state)
{
	struct arena a = { 0 };
	struct notation_stores s;
	struct err e;
	(void)state;
	struct str dir = arena_printf(&a, "%s/data/trust/notation", getenv("LAZARET_TESTS"));
	assert_int_equal(notation_stores_list(dir, &a, &s, &e), 0);
	static const char *const names[] = { "ca:root", "ca:self", "signingAuthority:root",
					     "tsa:stamps" };
	assert_int_equal(s.n, COUNT(names));
	for (size_t i = 0; i < s.n; i++) {
		struct str name = arena_printf(&a, "%s:%.*s", notation_store_type_name(s.v[i].type),
					       STR(s.v[i].name));
		assert_string_equal(name.p, names[i]);
		assert_true(s.v[i].code == 0 && s.v[i].n == 1);
	}
	notation_stores_done(&s);
	assert_int_equal(
		notation_anchor_check(
			trust_file(&a, false,
				   "data/trust/notation/truststore/x509/tsa/stamps/stamps.pem"),
			STORE_TSA, &a, &e),
		0);
	assert_int_equal(notation_anchor_check(
				 trust_file(&a, false,
					    "data/trust/notation/truststore/x509/ca/self/self.pem"),
				 STORE_CA, &a, &e),
			 0);
	assert_int_equal(notation_anchor_check(
				 trust_file(&a, false,
					    "data/trust/notation/truststore/x509/ca/self/self.pem"),
				 STORE_TSA, &a, &e),
			 ERR_INVALID);
	assert_int_equal(
		notation_anchor_check(trust_file(&a, false, "data/trust/notation/ES256.crt"),
				      STORE_CA, &a, &e),
		ERR_INVALID);
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(keys), cmocka_unit_test(stores) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
