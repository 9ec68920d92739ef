/* Keys in a token: SoftHSM with a key of each kind, made by its own tools in a folder of the test. Signatures are verified
 * with the public half. Skipped where SoftHSM is not installed. */
#include "trust/key_token.h"
#include "trust/token_uri.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define MODULE "/usr/lib/softhsm/libsofthsm2.so"
extern char **environ;

#ifdef LAZARET_SANITIZED
/* SoftHSM leaves an Ed25519 key's parameters behind; the stack reaches it only when it is unwound slowly. */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);
__attribute__((visibility("default"))) const char *__asan_default_options(void);

const char *__lsan_default_suppressions(void)
{
	return "leak:libsofthsm2.so\n";
}

const char *__asan_default_options(void)
{
	return "fast_unwind_on_malloc=0";
}
#endif

static bool run(const char *const *argv)
{
	pid_t pid;
	int status = 0;
	posix_spawn_file_actions_t quiet;
	posix_spawn_file_actions_init(&quiet);
	posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", 1, 0);
	posix_spawn_file_actions_addopen(&quiet, 2, "/dev/null", 1, 0);
	bool ok = posix_spawnp(&pid, argv[0], &quiet, NULL, (char *const *)argv, environ) == 0 &&
		  waitpid(pid, &status, 0) == pid && status == 0;
	posix_spawn_file_actions_destroy(&quiet);
	return ok;
}

static const struct {
	const char *kind, *id;
	enum signature_alg algs[5], refused;
} kinds[] = {
	{ "EC:prime256v1",
	  "01",
	  { SIGNATURE_ECDSA_SHA256, SIGNATURE_ECDSA_SHA512 },
	  SIGNATURE_ED25519 },
	{ "EC:secp384r1",
	  "02",
	  { SIGNATURE_ECDSA_SHA384, SIGNATURE_ECDSA_SHA256 },
	  SIGNATURE_RSA_SHA256 },
	{ "EC:secp521r1", "03", { SIGNATURE_ECDSA_SHA512 }, SIGNATURE_PSS_SHA256 },
	{ "rsa:2048",
	  "04",
	  { SIGNATURE_RSA_SHA256, SIGNATURE_RSA_SHA512, SIGNATURE_PSS_SHA256,
	    SIGNATURE_PSS_SHA384 },
	  SIGNATURE_ECDSA_SHA256 },
	{ "EC:edwards25519", "05", { SIGNATURE_ED25519 }, SIGNATURE_ED25519PH },
};

static int make_token(void **state)
{
	static char folder[] = "/tmp/lazaret-token-XXXXXX";
	char path[128];
	(void)state;
	unsetenv("COSIGN_PKCS11_PIN");
	unsetenv("LAZARET_PKCS11_PIN");
	if (access(MODULE, R_OK) != 0)
		return 0;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof path, "%s/conf", folder);
	setenv("SOFTHSM2_CONF", path, 1);
	FILE *f = fopen(path, "w");
	if (!f)
		return -1;
	fprintf(f,
		"directories.tokendir = %s/tokens\nobjectstore.backend = file\nlog.level = ERROR\n",
		folder);
	fclose(f);
	snprintf(path, sizeof path, "%s/tokens", folder);
	mkdir(path, 0700);
	static const char *const init[] = {
		"softhsm2-util", "--init-token", "--free", "--label", "unit test",
		"--so-pin",	 "4321",	 "--pin",  "1234",    NULL
	};
	if (!run(init))
		return -1;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		const char *const make[] = { "pkcs11-tool",  "--module",   MODULE,
					     "--login",	     "--pin",	   "1234",
					     "--keypairgen", "--key-type", kinds[i].kind,
					     "--label",	     "key",	   "--id",
					     kinds[i].id,    NULL };
		if (!run(make))
			return -1;
	}
	*state = folder;
	return 0;
}

static int drop_token(void **state)
{
	const char *const drop[] = { "rm", "-r", *state, NULL };
	return !*state || run(drop) ? 0 : -1;
}

static void open_key(const char *id, const char *query, bool is_private, struct key **out)
{
	char uri[256];
	struct err e = { 0 };
	snprintf(uri, sizeof uri,
		 "pkcs11:token=unit%%20test;object=key;id=%%%s?module-path=" MODULE "%s", id,
		 query);
	if (is_private ? key_load_private(str_of(uri), NULL, out, &e)
		       : key_load_public(str_of(uri), NULL, true, out, &e))
		fail_msg("%s: %s", uri, e.text);
}

static void test_signs(void **state)
{
	if (!*state)
		skip();
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct key CLEANUP(cleanup_key) *k = NULL, CLEANUP(cleanup_key) *pub = NULL;
		struct buf CLEANUP(buf_done) out = { 0 };
		struct err e = { 0 };
		open_key(kinds[i].id, "&pin-value=1234", true, &k);
		open_key(kinds[i].id, "", false, &pub);
		assert_true(key_is_private(k) && !key_is_private(pub) && key_eq(k, pub));
		for (size_t a = 0; kinds[i].algs[a]; a++) {
			out.n = 0;
			if (key_sign(k, kinds[i].algs[a], S("message"), &out, &e) < 0)
				fail_msg("%s: %s", alg_name(kinds[i].algs[a]), e.text);
			assert_true(key_verify(pub, kinds[i].algs[a], S("message"), str_buf(&out)));
		}
		out.n = 0;
		assert_int_equal(key_sign(k, kinds[i].refused, S("message"), &out, &e),
				 ERR_UNSUPPORTED);
		assert_int_equal(key_pkcs8(k, &out, &e), ERR_UNSUPPORTED);
		assert_int_equal(out.n, 0);
	}
}

static int ask_pin(void *ctx, struct str token, struct buf *out, struct err *e)
{
	(void)e;
	assert_true(str_eq(token, S("unit test")));
	buf_add_str(out, str_of(ctx));
	return 0;
}

static int ask(void *ctx, struct buf *out, struct err *e)
{
	(void)ctx, (void)out;
	fail_msg("a key's password is no PIN");
	return err_set(e, ERR_AUTH, "asked");
}

static void test_pins(void **state)
{
	struct str uri = S("pkcs11:token=unit%20test;object=key;id=%01?module-path=" MODULE);
	struct password good = { ask, (void *)"1234", ask_pin },
			wrong = { ask, (void *)"9876", ask_pin };
	struct password none = { .ask = ask };
	struct key CLEANUP(cleanup_key) *prompted = NULL,
					CLEANUP(cleanup_key) *from_variable = NULL;
	struct key *k = NULL;
	struct err e = { 0 };
	if (!*state)
		skip();
	assert_int_equal(key_load_private(uri, &none, &k, &e), ERR_AUTH);
	assert_int_equal(key_load_private(uri, &wrong, &k, &e), ERR_AUTH);
	assert_null(strstr(e.text, "9876"));
	assert_null(k);
	assert_int_equal(key_load_private(uri, &good, &prompted, &e), 0);
	key_close(STEAL(prompted));
	setenv("COSIGN_PKCS11_PIN", "1234", 1);
	assert_int_equal(key_load_private(uri, &none, &from_variable, &e), 0);
	unsetenv("COSIGN_PKCS11_PIN");
}

static void *sign_many(void *arg)
{
	const struct key *k = arg;
	for (int i = 0; i < 50; i++) {
		struct buf CLEANUP(buf_done) out = { 0 };
		struct err e = { 0 };
		if (key_sign(k, SIGNATURE_ECDSA_SHA256, S("message"), &out, &e) < 0)
			return arg;
	}
	return NULL;
}

static void test_threads(void **state)
{
	struct key CLEANUP(cleanup_key) *k = NULL;
	pthread_t threads[4];
	if (!*state)
		skip();
	open_key("01", "&pin-value=1234", true, &k);
	for (size_t i = 0; i < COUNT(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, sign_many, k), 0);
	for (size_t i = 0; i < COUNT(threads); i++) {
		void *failed = NULL;
		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
}

static void test_uris(void **state)
{
	static const struct {
		const char *uri;
		int code;
	} table[] = {
		{ "pkcs11:", 0 },
		{ "pkcs11:token=a;x-mine=b?x-other=c", 0 },
		{ "pkcs11:id=%00%ff;object=%c3%bc?pin-source=file:/x", 0 },
		{ "pkcs12:token=a", ERR_INVALID },
		{ "pkcs11:token", ERR_INVALID },
		{ "pkcs11:token=", ERR_INVALID },
		{ "pkcs11:token=a;token=b", ERR_INVALID },
		{ "pkcs11:token=%0", ERR_INVALID },
		{ "pkcs11:token=%zz", ERR_INVALID },
		{ "pkcs11:token=a%00b", ERR_INVALID },
		{ "pkcs11:module-path=/x", ERR_UNSUPPORTED },
		{ "pkcs11:token=a?token=b", ERR_UNSUPPORTED },
		{ "pkcs11:type=secret-key", ERR_UNSUPPORTED },
		{ "pkcs11:?module-name=softhsm2", ERR_UNSUPPORTED },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct arena CLEANUP(arena_done) a = { 0 };
		struct token_uri u = { 0 };
		struct err e = { 0 };
		int r = token_uri_parse(str_of(table[i].uri), &a, &u, &e);
		if (r != table[i].code)
			fail_msg("%s: %d %s", table[i].uri, r, e.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signs),
		cmocka_unit_test(test_pins),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_uris),
	};
	return cmocka_run_group_tests(tests, make_token, drop_token);
}
