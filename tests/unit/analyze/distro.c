/* Distributions: completion, --distro, ecosystems, codenames. */
#include "analyze/distro.h"

#include "base/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void test_complete(void **state)
{
	static const struct {
		const char *id, *version_id, *codename, *pretty, *version, *ns, *scheme, *eol;
	} t[] = {
		{ "debian", "12", "", "", "12", "debian:12", "deb", "2028-06-30" },
		{ "debian", "13.5", "", "", "13", "debian:13", "deb", "2030-06-30" },
		{ "debian", "", "forky", "Debian GNU/Linux forky/sid", "14", "debian:14", "deb",
		  "" },
		{ "debian", "", "", "Debian GNU/Linux bookworm/sid", "sid", "debian:sid", "deb",
		  "" },
		{ "ubuntu", "22.04", "jammy", "", "22.04", "ubuntu:22.04", "deb", "2027-06-01" },
		{ "ubuntu", "25.10", "", "", "25.10", "ubuntu:25.10", "deb", "2026-07-09" },
		{ "alpine", "3.19.1", "", "", "3.19", "alpine:3.19", "apk", "2025-11-01" },
		{ "alpine", "3.99.0", "", "", "3.99", "alpine:3.99", "apk", "" },
		{ "alpine", "3.21.0_alpha20240923", "", "Alpine Linux edge", "edge", "alpine:edge",
		  "apk", "" },
		{ "alpine", "", "", "Alpine Linux v3.15", "", "", "apk", "" },
		{ "wolfi", "20220914", "", "", "", "wolfi", "apk", "" },
		{ "rhel", "9.4", "", "", "9", "rhel:9", "rpm", "2032-05-31" },
		{ "centos", "8", "", "", "8", "rhel:8", "rpm", "2021-12-31" },
		{ "centos-stream", "8", "", "", "8", "centos-stream:8", "rpm", "2024-05-31" },
		{ "ol", "8.10", "", "", "8", "oracle:8", "rpm", "2029-07-31" },
		{ "amzn", "2018.03", "", "", "1", "amazon:1", "rpm", "2023-12-31" },
		{ "amzn", "2", "", "", "2", "amazon:2", "rpm", "2026-06-30" },
		{ "amzn", "2023", "", "", "2023", "amazon:2023", "rpm", "2029-06-30" },
		{ "sles", "15.5", "", "", "15.5", "sles:15.5", "rpm", "2024-12-31" },
		{ "sled", "15.5", "", "", "15.5", "sles:15.5", "rpm", "2024-12-31" },
		{ "sl-micro", "6.0", "", "", "6.0", "sle-micro:6.0", "rpm", "2028-06-30" },
		{ "opensuse-leap", "15.2.1", "", "", "15.2", "opensuse-leap:15.2", "rpm",
		  "2022-01-04" },
		{ "opensuse", "42.3", "", "", "42.3", "opensuse-leap:42.3", "rpm", "2019-06-30" },
		{ "opensuse-tumbleweed", "20220412", "", "", "", "opensuse-tumbleweed", "rpm", "" },
		{ "mariner", "2.0.20240101", "", "", "2", "mariner:2", "rpm", "2025-07-31" },
		{ "azurelinux", "3.0", "", "", "3", "azurelinux:3", "rpm", "" },
		{ "photon", "4.0", "", "", "4", "photon:4", "rpm", "2027-10-11" },
		{ "unknown", "4", "", "", "", "", NULL, "" },
	};
	struct arena a = { 0 };
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct distribution d = { .id = str_of(t[i].id),
					  .version_id = str_of(t[i].version_id),
					  .codename = str_of(t[i].codename),
					  .pretty_name = str_of(t[i].pretty) };
		int64_t eol = 0;
		time_parse_date(str_of(t[i].eol), &eol);
		distro_complete(&a, &d);
		if (!str_eq(d.version, str_of(t[i].version)) ||
		    !str_eq(d.advisory_namespace, str_of(t[i].ns)) || d.eol != eol ||
		    (d.scheme ? !t[i].scheme || strcmp(d.scheme, t[i].scheme)
			      : t[i].scheme != NULL))
			fail_msg("%s %s: release '%.*s', namespace '%.*s', scheme %s, eol %lld",
				 t[i].id, t[i].version_id, STR(d.version),
				 STR(d.advisory_namespace), d.scheme ? d.scheme : "-",
				 (long long)d.eol);
	}
	arena_done(&a);
}

static void test_parse(void **state)
{
	static const struct {
		const char *text, *id, *ns;
	} t[] = {
		{ "debian:12", "debian", "debian:12" },
		{ "debian/bookworm", "debian", "debian:12" },
		{ "alpine-3.19", "alpine", "alpine:3.19" },
		{ "alpine:v3.19", "alpine", "alpine:3.19" },
		{ "alpine:edge", "alpine", "alpine:edge" },
		{ "opensuse-leap-15.5", "opensuse-leap", "opensuse-leap:15.5" },
		{ "opensuse-tumbleweed", "opensuse-tumbleweed", "opensuse-tumbleweed" },
		{ "redhat:9.4", "rhel", "rhel:9" },
		{ "amazon:2023", "amzn", "amazon:2023" },
		{ "wolfi", "wolfi", "wolfi" },
	};
	static const char *const bad[] = {
		"",	    ":",
		"debian",   "debian:",
		"nosuch:1", "debian:nosuch",
		"12",	    "debian:999999999999999999999999999999999999"
	};
	struct arena a = { 0 };
	struct err e;
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct distribution d = { 0 };
		if (distro_parse(&a, str_of(t[i].text), &d, &e) < 0)
			fail_msg("%s: %s", t[i].text, e.text);
		if (!str_eq(d.id, str_of(t[i].id)) ||
		    !str_eq(d.advisory_namespace, str_of(t[i].ns)))
			fail_msg("%s: %.*s", t[i].text, STR(d.advisory_namespace));
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct distribution d = { 0 };
		assert_int_equal(distro_parse(&a, str_of(bad[i]), &d, &e), ERR_INVALID);
		assert_int_equal(d.id.n, 0);
	}
	arena_done(&a);
}

static void test_ecosystems(void **state)
{
	static const char *const t[][3] = {
		{ "Debian:12", "debian:12", "deb" },
		{ "Debian", "", NULL },
		{ "Alpine:v3.19", "alpine:3.19", "apk" },
		{ "Alpine:edge", "alpine:edge", "apk" },
		{ "Ubuntu:22.04:LTS", "ubuntu:22.04", "deb" },
		{ "Ubuntu:23.10", "ubuntu:23.10", "deb" },
		{ "Ubuntu:Pro:18.04:LTS", "ubuntu-pro:18.04", "deb" },
		{ "Ubuntu:Pro:FIPS:20.04:LTS", "", NULL },
		{ "Rocky Linux:9", "rocky:9", "rpm" },
		{ "AlmaLinux:8", "almalinux:8", "rpm" },
		{ "Red Hat:enterprise_linux:9::baseos", "rhel:9", "rpm" },
		{ "Red Hat:rhel_eus:9.2::appstream", "rhel-eus:9.2", "rpm" },
		{ "Red Hat:openshift:4.12::el8", "", NULL },
		{ "SUSE:Linux Enterprise Server 15 SP5", "sles:15.5", "rpm" },
		{ "SUSE:Linux Enterprise Module for Basesystem 15 SP5", "sles:15.5", "rpm" },
		{ "SUSE:Linux Enterprise Server 15 SP3-LTSS", "", NULL },
		{ "SUSE:Linux Enterprise Micro 5.3", "sle-micro:5.3", "rpm" },
		{ "openSUSE:Leap 15.5", "opensuse-leap:15.5", "rpm" },
		{ "openSUSE:Tumbleweed", "opensuse-tumbleweed", "rpm" },
		{ "Photon OS:4.0", "photon:4", "rpm" },
		{ "Azure Linux:3", "azurelinux:3", "rpm" },
		{ "Azure Linux:2", "mariner:2", "rpm" },
		{ "Wolfi", "wolfi", "apk" },
		{ "Chainguard", "chainguard", "apk" },
		{ "npm", "", NULL },
		{ "", "", NULL },
	};
	struct arena a = { 0 };
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct str ns = distro_of_ecosystem(&a, str_of(t[i][0]));
		const char *scheme = distro_scheme(ns);
		if (!str_eq(ns, str_of(t[i][1])) ||
		    (scheme ? !t[i][2] || strcmp(scheme, t[i][2]) : t[i][2] != NULL))
			fail_msg("%s: '%.*s' %s", t[i][0], STR(ns), scheme ? scheme : "-");
	}
	assert_true(str_eq(distro_of_codename(&a, S("debian"), S("bookworm")), S("debian:12")));
	assert_true(str_eq(distro_of_codename(&a, S("debian"), S("sid")), S("debian:sid")));
	assert_true(str_eq(distro_of_codename(&a, S("ubuntu"), S("noble")), S("ubuntu:24.04")));
	assert_int_equal(distro_of_codename(&a, S("debian"), S("nosuch")).n, 0);
	assert_int_equal(distro_of_codename(&a, S("debian"), S("")).n, 0);
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_complete),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_ecosystems),
	};
	return cmocka_run_group_tests_name("analyze/distro", tests, NULL, NULL);
}
