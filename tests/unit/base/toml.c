/* TOML: what a text means, written back in one line; what is refused; limits. */
#include "base/toml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* {key=value,...} [value,...] "string"; others by a letter and their text */
static void dump(const struct toml *t, struct buf *b)
{
	static const char letters[] = "snbd";
	bool list = t->kind == TOML_ARRAY;
	if (!list && t->kind != TOML_TABLE) {
		buf_addf(b, "%c'%.*s'", letters[t->kind], STR(t->value));
		return;
	}
	buf_add_char(b, list ? '[' : '{');
	TOML_EACH(c, t)
	{
		if (c != t->first)
			buf_add_char(b, ',');
		if (!list)
			buf_addf(b, "%.*s=", STR(c->key));
		dump(c, b);
	}
	buf_add_char(b, list ? ']' : '}');
}

static const struct {
	const char *text, *want; /* NULL: refused */
} cases[] = {
	{ "", "{}" },
	{ "# only a comment", "{}" },
	{ "\xEF\xBB\xBF"
	  "a=1",
	  "{a=n'1'}" },
	{ "a = 'x' # y\r\nb=\"\\u00e9\\n\\U0001F600\"\r\n",
	  "{a=s'x',b=s'\xC3\xA9\n\xF0\x9F\x98\x80'}" },
	{ "a = 'C:\\n'", "{a=s'C:\\n'}" },
	{ "a = \"\"\"\nx \\\n   y\"\"\"\"\"", "{a=s'x y\"\"'}" },
	{ "a = '''\n'x'\n'''", "{a=s''x'\n'}" },
	{ "a = ''''x'''''", "{a=s''x'''}" },
	{ "a = ''", "{a=s''}" },
	{ "\"\" = 1\n'a b' = 2", "{=n'1',a b=n'2'}" },
	{ "a.b . c = 1\na.d = 2", "{a={b={c=n'1'},d=n'2'}}" },
	{ "3.1 = 4", "{3={1=n'4'}}" },
	{ "a = [1, [2,], # c\n 'x'\n]", "{a=[n'1',[n'2'],s'x']}" },
	{ "a = {b = 1, c.d = true}", "{a={b=n'1',c={d=b'true'}}}" },
	{ "a = {\n b = 1, # c\n}", "{a={b=n'1'}}" },
	{ "a = {}\nb = []", "{a={},b=[]}" },
	{ "[a]\nb=1\n[c.d]\n[c]\ne=2", "{a={b=n'1'},c={d={},e=n'2'}}" },
	{ "[[p]]\nn=1\n[p.x]\ny=1\n[[p]]\n[[p.q]]\n[[p.q]]",
	  "{p=[{n=n'1',x={y=n'1'}},{q=[{},{}]}]}" },
	{ "[fruit]\napple.color=1\n[fruit.apple.taste]\nx=1",
	  "{fruit={apple={color=n'1',taste={x=n'1'}}}}" },
	{ "[ a . \"b.c\" ]", "{a={b.c={}}}" },
	{ "a=+1_000\nb=0xDEAD_beef\nc=-0.5e-1_0\nd=inf\ne=-nan\nf=0o7\ng=0b1\nh=1E6",
	  "{a=n'+1_000',b=n'0xDEAD_beef',c=n'-0.5e-1_0',d=n'inf',e=n'-nan',f=n'0o7',g=n'0b1',h=n"
	  "'1E6'}" },
	{ "a=1979-05-27T07:32:00.5-07:00\nb=1979-05-27 "
	  "07:32:00Z\nc=1979-05-27\nd=07:32:00\ne=1979-05-27 # x",
	  "{a=d'1979-05-27T07:32:00.5-07:00',b=d'1979-05-27 07:32:00Z',c=d'1979-05-27',d=d'07:32:"
	  "00',e=d'1979-05-27'}" },
	{ "a", NULL },
	{ "a =", NULL },
	{ "= 1", NULL },
	{ "a = 1 b = 2", NULL },
	{ "a = 1\na = 2", NULL },
	{ "a = 1\n'a' = 2", NULL },
	{ "a.b = 1\na = 2", NULL },
	{ "a = 1\na.b = 2", NULL },
	{ "a = {b=1}\na.c = 2", NULL },
	{ "a = {b=1}\n[a.c]", NULL },
	{ "a = {b=1,b=2}", NULL },
	{ "a = {b=1 c=2}", NULL },
	{ "[a]\n[a]", NULL },
	{ "[a]\nb=1\n[a.b]", NULL },
	{ "[fruit]\napple.color=1\n[fruit.apple]", NULL },
	{ "[a.b.c]\nz=9\n[a]\nb.c.t=1", NULL },
	{ "[[a]]\n[a]", NULL },
	{ "[a]\n[[a]]", NULL },
	{ "a = [1]\n[[a]]", NULL },
	{ "[a", NULL },
	{ "[a]]", NULL },
	{ "[[a]", NULL },
	{ "[]", NULL },
	{ "[a.]", NULL },
	{ "a..b = 1", NULL },
	{ "a = \"x", NULL },
	{ "a = \"x\ny\"", NULL },
	{ "a = \"\"\"x", NULL },
	{ "a = '\x01'", NULL },
	{ "# \x01", NULL },
	{ "a = \"\\q\"", NULL },
	{ "a = \"\\uD800\"", NULL },
	{ "a = \"\\u12\"", NULL },
	{ "a = \"\\U00110000\"", NULL },
	{ "a = \"\xFF\"", NULL },
	{ "\"\"\"a\"\"\" = 1", NULL },
	{ "a = 01", NULL },
	{ "a = 1__0", NULL },
	{ "a = _1", NULL },
	{ "a = 1_", NULL },
	{ "a = 1.", NULL },
	{ "a = .5", NULL },
	{ "a = 1.e5", NULL },
	{ "a = 1e", NULL },
	{ "a = 0x", NULL },
	{ "a = +0x1", NULL },
	{ "a = 0b2", NULL },
	{ "a = truer", NULL },
	{ "a = 1979-5-27", NULL },
	{ "a = 1979-05-27T", NULL },
	{ "a = [1 2]", NULL },
	{ "a = [1", NULL },
	{ "a = [,]", NULL },
	{ "a = {,}", NULL },
	{ "a = 1\r", NULL },
	{ "\xC3\xA9 = 1", NULL },
};

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct arena a = { 0 };
		CLEANUP(buf_done) struct buf b = { 0 };
		struct err e = { 0 };
		const struct toml *t = NULL;
		int r = toml_parse(&a, str_of(cases[i].text), &t, &e);
		if (cases[i].want ? r != 0 : r != ERR_INVALID)
			fail_msg("%s: %d %s", cases[i].text, r, e.text);
		if (t)
			dump(t, &b);
		if (cases[i].want && !str_eq(str_buf(&b), str_of(cases[i].want)))
			fail_msg("%s: %s", cases[i].text, buf_cstr(&b));
		arena_done(&a);
	}
}

static void test_lookups(void **state)
{
	struct arena a = { 0 };
	struct err e;
	const struct toml *t = NULL;
	(void)state;
	assert_int_equal(toml_parse(&a, S("\n\na = {b = 'c'}\nd = true\nn = 1\n"), &t, &e), 0);
	assert_true(str_eq(toml_get_str(toml_get(t, S("a")), S("b")), S("c")));
	assert_int_equal(toml_get(t, S("a"))->line, 3);
	assert_true(toml_is_true(toml_get(t, S("d"))) && !toml_is_true(NULL));
	assert_int_equal(toml_get_str(t, S("n")).n, 0);
	assert_null(toml_get(toml_get(toml_get(t, S("x")), S("y")), S("z")));
	assert_null(toml_get(toml_get(t, S("n")), S("x")));
	arena_done(&a);
}

static int parse_repeated(const char *start, const char *unit, size_t n, struct err *e)
{
	struct arena a = { 0 };
	CLEANUP(buf_done) struct buf b = { 0 };
	const struct toml *t;
	buf_add_str(&b, str_of(start));
	for (size_t i = 0; i < n; i++)
		buf_add_str(&b, str_of(unit));
	int r = toml_parse(&a, str_buf(&b), &t, e);
	arena_done(&a);
	return r;
}

static void test_limits(void **state)
{
	struct err e;
	(void)state;
	assert_int_equal(parse_repeated("a=", "[", 100000, &e), ERR_LIMIT);
	assert_int_equal(parse_repeated("a=", "{a=", 100000, &e), ERR_LIMIT);
	assert_int_equal(parse_repeated("a", ".a", 100000, &e), ERR_LIMIT);
	assert_int_equal(parse_repeated("[a", ".a", 100000, &e), ERR_LIMIT);
	assert_int_equal(parse_repeated("a=[", "1,", TOML_NODES_MAX, &e), ERR_LIMIT);
	assert_int_equal(parse_repeated("", "\n", TOML_BYTES_MAX + 1, &e), ERR_LIMIT);
	/* Many keys of one table take no longer than as many values. */
	CLEANUP(buf_done) struct buf b = { 0 };
	for (unsigned i = 0; i < 200000; i++)
		buf_addf(&b, "k%u=1\n", i);
	assert_int_equal(parse_repeated(buf_cstr(&b), "", 0, &e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_lookups),
		cmocka_unit_test(test_limits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
