/* Credentials: configuration files, which entry fits, helpers; certs.d folders; base64. */
#include "source/credentials.h"

#include "base/base64.h"
#include "source/certs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <sys/stat.h>

static char home[] = "/tmp/lazaret-credentials-XXXXXX";

static void write_file(const char *name, const char *text, mode_t mode)
{
	char path[300];
	snprintf(path, sizeof path, "%s/%s", home, name);
	for (char *p = path + sizeof home; (p = strchr(p, '/')); *p++ = '/') {
		*p = '\0';
		(void)mkdir(path, 0700);
	}
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	chmod(path, mode);
}

/* "user:password", or "identity=..." or "registry=...", or "-" when nothing was found. */
static struct str show(struct arena *a, const struct credentials *c)
{
	if (!c->found)
		return S("-");
	if (c->identity_token.n)
		return arena_printf(a, "identity=%.*s", STR(str_buf(&c->identity_token)));
	if (c->registry_token.n)
		return arena_printf(a, "registry=%.*s", STR(str_buf(&c->registry_token)));
	return arena_printf(a, "%.*s:%.*s", STR(str_buf(&c->username)), STR(str_buf(&c->password)));
}

/* dTpw is u:p, dTpx is u:q, dTpy is u:r */
static void test_configs(void **state)
{
	static const struct {
		const char *config, *host, *repository, *want; /* NULL: refused */
	} t[] = {
		{ "{}", "h", "r", "-" },
		{ "{\"auths\":{\"h\":{\"auth\":\"dTpw\"}}}", "h", "r", "u:p" },
		{ "{\"auths\":{\"h\":{\"auth\":\"dTpw\"}}}", "h:5000", "r", "-" },
		{ "{\"auths\":{\"h:5000\":{\"auth\":\"dTpw\"}}}", "h:5000", "r", "u:p" },
		{ "{\"auths\":{\"https://h\":{\"auth\":\"dTpw\"}}}", "h", "r", "u:p" },
		{ "{\"auths\":{\"http://h/v1/\":{\"auth\":\"dTpw\"}}}", "h", "r", "u:p" },
		{ "{\"auths\":{\"h/v2/\":{\"auth\":\"dTpw\"}}}", "h", "r", "u:p" },
		{ "{\"auths\":{\"https://index.docker.io/v1/\":{\"auth\":\"dTpw\"}}}", "docker.io",
		  "library/a", "u:p" },
		{ "{\"auths\":{\"docker.io\":{\"auth\":\"dTpw\"}}}", "docker.io", "library/a",
		  "u:p" },
		{ "{\"auths\":{\"docker.io.evil\":{\"auth\":\"dTpw\"}}}", "docker.io", "library/a",
		  "-" },
		{ "{\"auths\":{\"h\":{\"auth\":\"dTpw\"},\"h/a\":{\"auth\":\"dTpx\"},\"h/a/"
		  "b\":{\"auth\":\"dTpy\"}}}",
		  "h", "a/b", "u:r" },
		{ "{\"auths\":{\"h\":{\"auth\":\"dTpw\"},\"h/a\":{\"auth\":\"dTpx\"},\"h/a/"
		  "b\":{\"auth\":\"dTpy\"}}}",
		  "h", "a/c", "u:q" },
		{ "{\"auths\":{\"h\":{\"auth\":\"dTpw\"},\"h/a\":{\"auth\":\"dTpx\"}}}", "h", "ab",
		  "u:p" },
		{ "{\"auths\":{\"h/a/b\":{\"auth\":\"dTpw\"}}}", "h", "a", "-" },
		{ "{\"auths\":{\"https://h/v1/\":{\"auth\":\"dTpw\"},\"h\":{\"auth\":\"dTpx\"}}}",
		  "h", "r", "u:q" },
		{ "{\"auths\":{\"h\":{\"auth\":\"dTpx\"},\"https://h/v1/\":{\"auth\":\"dTpw\"}}}",
		  "h", "r", "u:q" },
		{ "{\"auths\":{\"h/a\":{},\"h\":{\"auth\":\"dTpw\"}}}", "h", "a", "u:p" },
		{ "{\"auths\":{\"h\":{}}}", "h", "a", "-" },
		{ "{\"auths\":{\"h\":{\"auth\":\"dTpw\",\"identitytoken\":\"i\"}}}", "h", "a",
		  "identity=i" },
		{ "{\"auths\":{\"h\":{\"registrytoken\":\"t\"}}}", "h", "a", "registry=t" },
		{ "{\"auths\":{\"h\":{\"username\":\"a\",\"password\":\"b\"}}}", "h", "a", "a:b" },
		{ "{\"auths\":{\"h\":{\"auth\":\"dTpwOjo=\"}}}", "h", "a", "u:p::" },
		{ "{\"auths\":{\"h\":{\"auth\":\"dTpwAAA=\"}}}", "h", "a", "u:p" },
		{ "{\"auths\":{\"h\":{\"auth\":\"dXA=\"}}}", "h", "a", NULL },
		{ "{\"auths\":{\"h\":{\"auth\":\"not base64\"}}}", "h", "a", NULL },
		{ "{\"auths\":[]}", "h", "a", "-" },
		{ "[]", "h", "a", NULL },
		{ "{", "h", "a", NULL },
		{ "{\"credHelpers\":{\"h\":\"../evil\"}}", "h", "a", NULL },
		{ "{\"credHelpers\":{\"h\":\"no-such-helper-here\"}}", "h", "a", NULL },
		{ "{\"credHelpers\":{\"other\":\"no-such-helper-here\"}}", "h", "a", "-" },
		{ "{\"credsStore\":\"lazaret-good\"}", "h", "a", "h|user:s3cret" },
		{ "{\"credsStore\":\"lazaret-good\"}", "docker.io", "library/a",
		  "https://index.docker.io/v1/|user:s3cret" },
		{ "{\"credHelpers\":{\"h\":\"lazaret-token\"},\"auths\":{\"h\":{\"auth\":\"dTpw\"}}"
		  "}",
		  "h", "a", "identity=tok" },
		{ "{\"credsStore\":\"lazaret-none\",\"auths\":{\"h\":{\"auth\":\"dTpw\"}}}", "h",
		  "a", "u:p" },
		{ "{\"credHelpers\":{\"h\":\"lazaret-none\"},\"auths\":{\"h\":{\"auth\":\"dTpw\"}}"
		  "}",
		  "h", "a", "-" },
		{ "{\"credsStore\":\"lazaret-fails\",\"auths\":{\"h\":{\"auth\":\"dTpw\"}}}", "h",
		  "a", NULL },
		{ "{\"credsStore\":\"lazaret-garbage\"}", "h", "a", NULL },
		{ "{\"credsStore\":\"lazaret-huge\"}", "h", "a", NULL },
		{ "{\"credsStore\":\"lazaret-deaf\"}", "h", "a", "x:y" },
	};
	struct arena a = { 0 };
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct credentials c = { 0 };
		struct err e = { 0 };
		int r = credentials_from_config(str_of(t[i].config), str_of(t[i].host),
						str_of(t[i].repository), "test", &c, &e);
		if (t[i].want ? r != 0 : r == 0)
			fail_msg("%s: %d %s", t[i].config, r, e.text);
		if (t[i].want && !str_eq(show(&a, &c), str_of(t[i].want)))
			fail_msg("%s: %s", t[i].config, show(&a, &c).p);
		assert_null(strstr(e.text, "s3cret"));
		credentials_done(&c);
	}
	arena_done(&a);
}

static struct str find(struct arena *a, const char *host)
{
	struct credentials c = { 0 };
	struct err e;
	if (credentials_find(str_of(host), S("a/b"), (struct str){ 0 }, &c, &e))
		return arena_printf(a, "error %s", e.text);
	struct str s = show(a, &c);
	credentials_done(&c);
	return s;
}

/* Which file wins. */
static void test_files(void **state)
{
	struct arena a = { 0 };
	char path[300];
	(void)state;
	write_file("run/containers/auth.json", "{\"auths\":{\"one\":{\"auth\":\"dTpw\"}}}", 0600);
	write_file(".docker/config.json",
		   "{\"auths\":{\"one\":{\"auth\":\"dTpx\"},\"two\":{\"auth\":\"dTpx\"}}}", 0600);
	write_file(".config/containers/auth.json", "{\"auths\":{\"two\":{\"auth\":\"dTpy\"}}}",
		   0600);
	write_file("other/config.json", "{\"auths\":{\"three\":{\"auth\":\"dTpw\"}}}", 0600);
	write_file("broken.json", "{\"auths\": s3cret", 0600);
	assert_true(str_eq(find(&a, "one"), S("u:p")));
	assert_true(str_eq(find(&a, "two"), S("u:r")));
	assert_true(str_eq(find(&a, "three"), S("-")));
	snprintf(path, sizeof path, "%s/other", home);
	setenv("DOCKER_CONFIG", path, 1);
	assert_true(str_eq(find(&a, "three"), S("u:p")));
	setenv("DOCKER_AUTH_CONFIG", "{\"auths\":{\"one\":{\"auth\":\"dTpy\"}}}", 1);
	assert_true(str_eq(find(&a, "one"), S("u:r")));
	unsetenv("DOCKER_AUTH_CONFIG");
	snprintf(path, sizeof path, "%s/broken.json", home);
	setenv("REGISTRY_AUTH_FILE", path, 1);
	assert_true(str_starts(find(&a, "three"), S("error")));
	assert_true(str_find(find(&a, "three"), S("s3cret")) < 0);
	unsetenv("REGISTRY_AUTH_FILE");
	unsetenv("DOCKER_CONFIG");
	arena_done(&a);
}

static void test_certs(void **state)
{
	struct arena a = { 0 };
	struct certs c;
	struct err e;
	(void)state;
	write_file(".config/containers/certs.d/h:5000/ca.crt", "x", 0600);
	write_file(".config/containers/certs.d/h:5000/b.cert", "x", 0600);
	write_file(".config/containers/certs.d/h:5000/b.key", "x", 0600);
	write_file(".config/containers/certs.d/h:5000/c.cert", "x", 0600);
	write_file(".config/containers/certs.d/h:5000/c.key", "x", 0600);
	write_file(".config/containers/certs.d/h:5000/readme", "x", 0600);
	write_file(".config/containers/certs.d/nokey/b.cert", "x", 0600);
	write_file(".config/containers/certs.d/nocert/b.key", "x", 0600);
	assert_int_equal(certs_find(&a, S("h:5000"), &c, &e), 0);
	assert_int_equal(c.ca.n, 1);
	assert_true(str_ends(c.ca.v[0], S("/h:5000/ca.crt")));
	assert_true(str_ends(c.cert, S("/b.cert")) && str_ends(c.key, S("/b.key")));
	assert_int_equal(certs_find(&a, S("h"), &c, &e), 0);
	assert_true(c.ca.n == 0 && c.cert.n == 0);
	assert_int_equal(certs_find(&a, S("nokey"), &c, &e), ERR_INVALID);
	assert_int_equal(certs_find(&a, S("nocert"), &c, &e), ERR_INVALID);
	assert_int_equal(certs_find(&a, S(".."), &c, &e), ERR_INVALID);
	assert_int_equal(certs_find(&a, S("a/b"), &c, &e), ERR_INVALID);
	arena_done(&a);
}

static void test_base64(void **state)
{
	static const struct {
		const char *plain, *text;
	} t[] = { { "", "" },
		  { "f", "Zg==" },
		  { "fo", "Zm8=" },
		  { "foo", "Zm9v" },
		  { "foob", "Zm9vYg==" },
		  { "fooba", "Zm9vYmE=" },
		  { "foobar", "Zm9vYmFy" } };
	static const char *const bad[] = { "Z",	   "Zg=",  "Zg==Zg==", "Zg=g",
					   "Z g=", "====", "Zm9v\n",   "Zm9vY" };
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct buf b = { 0 };
		base64_encode(str_of(t[i].plain), &b);
		assert_true(str_eq(str_buf(&b), str_of(t[i].text)));
		b.n = 0;
		assert_true(base64_decode(str_of(t[i].text), &b));
		assert_true(str_eq(str_buf(&b), str_of(t[i].plain)));
		buf_done(&b);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct buf b = { 0 };
		if (base64_decode(str_of(bad[i]), &b))
			fail_msg("%s", bad[i]);
		buf_done(&b);
	}
}

static int start(void **state)
{
	char path[4096];
	(void)state;
	if (!mkdtemp(home))
		return -1;
	write_file("bin/docker-credential-lazaret-good",
		   "#!/bin/sh\n[ \"$1\" = get ] || exit 9\nread -r server\n"
		   "printf '{\"ServerURL\":\"%s\",\"Username\":\"%s|user\",\"Secret\":\"s3cret\"}' "
		   "\"$server\" \"$server\"\n",
		   0700);
	write_file("bin/docker-credential-lazaret-token",
		   "#!/bin/sh\necho '{\"Username\":\"<token>\",\"Secret\":\"tok\"}'\n", 0700);
	write_file("bin/docker-credential-lazaret-none",
		   "#!/bin/sh\necho credentials not found in native keychain\nexit 1\n", 0700);
	write_file("bin/docker-credential-lazaret-fails", "#!/bin/sh\necho s3cret\nexit 2\n", 0700);
	write_file("bin/docker-credential-lazaret-garbage", "#!/bin/sh\necho s3cret\n", 0700);
	write_file("bin/docker-credential-lazaret-huge",
		   "#!/bin/sh\nexec head -c 1000000 /dev/zero\n", 0700);
	write_file("bin/docker-credential-lazaret-deaf",
		   "#!/bin/sh\nexec <&-\necho '{\"Username\":\"x\",\"Secret\":\"y\"}'\n", 0700);
	snprintf(path, sizeof path, "%s/bin:%s", home, getenv("PATH"));
	setenv("PATH", path, 1);
	setenv("HOME", home, 1);
	snprintf(path, sizeof path, "%s/run", home);
	setenv("XDG_RUNTIME_DIR", path, 1);
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("DOCKER_CONFIG");
	unsetenv("DOCKER_AUTH_CONFIG");
	unsetenv("REGISTRY_AUTH_FILE");
	return 0;
}

static int stop(void **state)
{
	char command[100];
	(void)state;
	snprintf(command, sizeof command, "%s", home);
	char *argv[] = { (char[]){ "rm" }, (char[]){ "-rf" }, command, NULL };
	if (fork() == 0)
		execvp("rm", argv);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_configs),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_certs),
		cmocka_unit_test(test_base64),
	};
	return cmocka_run_group_tests_name("source/credentials", tests, start, stop);
}
