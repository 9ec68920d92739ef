/* Names, and the encoding of advisories: there and back, and every cut or damaged copy refused or harmless. */
#include "vuln/advisory_code.h"
#include "vuln/version.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void test_severity(void **state)
{
	static const struct {
		const char *word;
		enum severity is;
	} t[] = {
		{ "CRITICAL", SEVERITY_CRITICAL },	  { "high", SEVERITY_HIGH },
		{ "Moderate", SEVERITY_MEDIUM },	  { "important", SEVERITY_HIGH },
		{ "unimportant", SEVERITY_NEGLIGIBLE },	  { "Negligible", SEVERITY_NEGLIGIBLE },
		{ "not yet assigned", SEVERITY_UNKNOWN }, { "LOW", SEVERITY_LOW },
	};
	enum severity s;
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		assert_true(severity_parse(str_of(t[i].word), &s));
		assert_int_equal(s, t[i].is);
	}
	assert_false(severity_parse(S("severe"), &s));
	assert_false(severity_parse(S(""), &s));
	assert_string_equal(severity_name(SEVERITY_MEDIUM), "MEDIUM");
	assert_string_equal(severity_name((enum severity)99), "UNKNOWN");
}

static void test_status(void **state)
{
	enum status s;
	(void)state;
	for (int i = STATUS_UNKNOWN; i <= STATUS_END_OF_LIFE; i++) {
		assert_true(status_parse(str_of(status_name((enum status)i)), &s));
		assert_int_equal(s, i);
	}
	assert_false(status_parse(S("wontfix"), &s));
}

static struct advisory sample(void)
{
	static struct str aliases[] = { { "CVE-2024-1", 10 }, { "GHSA-x", 6 } };
	static struct str related[] = { { "CVE-2024-2", 10 } };
	static struct str refs[] = { { "https://example.com/1", 21 } };
	static struct cvss cvss[] = { { { "CVSS:3.1/AV:N", 13 }, { "osv", 3 }, 5 } };
	static struct range ranges[] = {
		{ { "0", 1 }, { "1.2-3", 5 }, { "", 0 }, { "", 0 } },
		{ { "2", 1 }, { "", 0 }, { "2.9", 3 }, { "3", 1 } },
	};
	static struct str versions[] = { { "1.0", 3 }, { "", 0 } };
	static struct affected affected[] = {
		{ .ns = { "debian:12", 9 },
		  .package = { "openssl", 7 },
		  .scheme = "deb",
		  .ranges = ranges,
		  .n_ranges = 2,
		  .status = STATUS_WILL_NOT_FIX,
		  .severity = SEVERITY_LOW,
		  .severity_text = { "low**", 5 } },
		{ .ns = { "rhel:9", 6 },
		  .package = { "nodejs", 6 },
		  .scheme = "rpm",
		  .by_binary = true,
		  .not_affected = true,
		  .arch = { "x86_64", 6 },
		  .module = { "nodejs:18", 9 },
		  .versions = { versions, 2, 2 },
		  .status = STATUS_AFFECTED },
	};
	return (struct advisory){
		.id = S("X-1"),
		.feed = S("osv"),
		.aliases = { aliases, 2, 2 },
		.related = { related, 1, 1 },
		.summary = S("a summary"),
		.published = -1,
		.modified = 1700000000,
		.withdrawn = INT64_MIN,
		.cvss = cvss,
		.n_cvss = 1,
		.severity = SEVERITY_HIGH,
		.references = { refs, 1, 1 },
		.affected = affected,
		.n_affected = 2,
	};
}

static void test_round_trip(void **state)
{
	struct advisory in = sample(), out;
	struct buf first = { 0 }, second = { 0 };
	struct arena a = { 0 };
	struct err e;
	(void)state;
	assert_int_equal(advisory_encode(&in, &first, &e), 0);
	assert_int_equal(advisory_decode(&a, str_buf(&first), &out, &e), 0);
	assert_int_equal(advisory_encode(&out, &second, &e), 0);
	assert_true(str_eq(str_buf(&first), str_buf(&second)));
	assert_int_equal(out.withdrawn, INT64_MIN);
	assert_int_equal(out.published, -1);
	assert_int_equal(out.n_affected, 2);
	assert_string_equal(out.affected[0].scheme, "deb");
	assert_int_equal(out.affected[0].ranges[0].introduced.n, 0); /* "0" is the beginning */
	assert_true(str_eq(out.affected[0].ranges[1].limit, S("3")));
	assert_true(str_eq(out.affected[0].severity_text, S("low**")));
	assert_true(out.affected[1].by_binary && out.affected[1].not_affected);
	assert_true(str_eq(out.affected[1].module, S("nodejs:18")));
	assert_int_equal(out.affected[1].versions.n, 2);
	assert_true(out.cvss[0].score < 0);
	buf_done(&first);
	buf_done(&second);
	arena_done(&a);
}

static void test_damage(void **state)
{
	struct advisory in = sample(), out;
	struct buf good = { 0 };
	struct err e;
	(void)state;
	assert_int_equal(advisory_encode(&in, &good, &e), 0);
	for (size_t i = 0; i < good.n; i++) {
		struct arena a = { 0 };
		/* Exactly sized, so that ASan sees a read behind the end. */
		char *cut = malloc(i ? i : 1);
		memcpy(cut, good.p, i);
		assert_int_equal(advisory_decode(&a, (struct str){ cut, i }, &out, &e),
				 ERR_INVALID);
		free(cut);
		arena_done(&a);
	}
	for (size_t i = 0; i < good.n * 8; i++) {
		struct arena a = { 0 };
		good.p[i / 8] = (char)(good.p[i / 8] ^ (1 << i % 8));
		(void)advisory_decode(&a, str_buf(&good), &out, &e);
		good.p[i / 8] = (char)(good.p[i / 8] ^ (1 << i % 8));
		arena_done(&a);
	}
	buf_add_char(&good, 0);
	struct arena a = { 0 };
	assert_int_equal(advisory_decode(&a, str_buf(&good), &out, &e), ERR_INVALID);
	arena_done(&a);
	buf_done(&good);
}

static void test_schemes(void **state)
{
	struct advisory in = sample();
	struct buf b = { 0 };
	struct err e;
	(void)state;
	in.affected[0].scheme = "runes";
	assert_int_equal(advisory_encode(&in, &b, &e), ERR_UNSUPPORTED);
	for (size_t i = 0; version_schemes[i]; i++) {
		struct arena a = { 0 };
		struct advisory out;
		b.n = 0;
		in.affected[0].scheme = version_schemes[i]->name;
		if (advisory_encode(&in, &b, &e))
			fail_msg("%s", e.text);
		assert_int_equal(advisory_decode(&a, str_buf(&b), &out, &e), 0);
		assert_string_equal(out.affected[0].scheme, version_schemes[i]->name);
		arena_done(&a);
	}
	in.affected[0].scheme = "deb";
	buf_done(&b);
}

static void test_small_ones(void **state)
{
	struct kev k = { S("CVE-1"), S("2024-05-01"), S(""), true }, k2;
	struct epss p = { S("CVE-1"), 0.97531f, 1.0f }, p2;
	struct feed_info i = { .feed = S("osv"),
			       .name = S("osv/Go"),
			       .newest = 5,
			       .records = 7,
			       .skipped = 1,
			       .repository = true };
	struct feed_info i2;
	struct buf b = { 0 };
	struct err e;
	(void)state;
	kev_encode(&k, &b);
	assert_int_equal(kev_decode(str_buf(&b), &k2, &e), 0);
	assert_true(str_eq(k2.added, k.added) && k2.ransomware);
	b.n = 0;
	epss_encode(&p, &b);
	assert_int_equal(epss_decode(str_buf(&b), &p2, &e), 0);
	assert_true(p2.score > 0.9753f && p2.score < 0.97532f && p2.percentile >= 1.0f);
	b.n--;
	assert_int_equal(epss_decode(str_buf(&b), &p2, &e), ERR_INVALID);
	b.n = 0;
	digest_of(DIGEST_SHA256, S("x"), &i.digest);
	feed_info_encode(&i, &b);
	assert_int_equal(feed_info_decode(str_buf(&b), &i2, &e), 0);
	assert_true(digest_eq(&i.digest, &i2.digest) && i2.records == 7 && i2.repository &&
		    i2.newest == 5);
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_severity),   cmocka_unit_test(test_status),
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_damage),
		cmocka_unit_test(test_schemes),	   cmocka_unit_test(test_small_ones),
	};
	return cmocka_run_group_tests_name("vuln/advisory", tests, NULL, NULL);
}
