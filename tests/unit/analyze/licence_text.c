/* Licence files: the phrases and rules, Debian's copyright format, and how texts find their packages. */
#include "drive.h"

#include "analyze/licence.h"
#include "analyze/licence_match.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

extern const struct analyzer analyzer_licence_text;

static void test_phrases(void **state)
{
	static const struct {
		const char *name, *words;
	} t[] = {
#define LICENCE_PHRASE(name, words) { #name, words },
#define LICENCE_RULE(id, all, none)
#include "analyze/licence_phrases.def"
#undef LICENCE_PHRASE
#undef LICENCE_RULE
	};
	static const char *const rules[] = {
#define LICENCE_PHRASE(name, words)
#define LICENCE_RULE(id, all, none) id,
#include "analyze/licence_phrases.def"
#undef LICENCE_PHRASE
#undef LICENCE_RULE
	};
	struct arena a = { 0 };
	struct licences l;
	(void)state;
	licences_init(&l, &a);
	for (size_t i = 0; i < COUNT(t); i++) {
		size_t spaces = 0, n = strlen(t[i].words);
		for (size_t k = 0; k < n; k++) {
			char c = t[i].words[k];
			spaces += c == ' ';
			if (!(c == ' ' && k && t[i].words[k - 1] != ' ') &&
			    !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9'))
				fail_msg("%s: not normalized", t[i].name);
		}
		if (spaces < 3)
			fail_msg("%s: too short", t[i].name);
	}
	for (size_t i = 0; i < COUNT(rules); i++)
		if (!str_eq(licence_expression(&l, str_of(rules[i])), str_of(rules[i])))
			fail_msg("%s is no expression", rules[i]);
	arena_done(&a);
}

static struct str said(struct arena *a, const struct strs *v)
{
	struct buf b = { 0 };
	for (size_t i = 0; i < v->n; i++)
		buf_addf(&b, "%s%.*s", i ? "; " : "", STR(v->v[i]));
	struct str s = arena_str(a, str_buf(&b));
	buf_done(&b);
	return s;
}

#define GRANT \
	"Permission is hereby granted, free of charge, to any person obtaining a copy\nof this " \
	"software. "
#define AS_IS "THE SOFTWARE IS PROVIDED \"AS IS\", WITHOUT WARRANTY OF ANY KIND\n"
#define BSD \
	" * Redistribution and use in source and binary forms, with or without\n * modification, " \
	"are permitted" \
	" provided:\n * 1. Redistributions of source code must retain the above\n * 2. " \
	"Redistributions in binary" \
	" form must reproduce the above copyright\n"
#define GNU "GNU General Public License as published by\n# the Free Software Foundation; "

static void test_texts(void **state)
{
	static const struct {
		const char *text, *want;
	} t[] = {
		{ GRANT " ... " AS_IS, "MIT" },
		{ GRANT " The Software shall be used for Good, not Evil. " AS_IS, "JSON" },
		{ GRANT, "" },
		{ AS_IS, "" },
		{ "permission is hereby granted free of charge to any person", "" },
		{ BSD, "BSD-2-Clause" },
		{ BSD "may be used to endorse or promote products\n// derived from this software "
		      "without",
		  "BSD-3-Clause" },
		{ BSD "All advertising materials mentioning features or use of this software must "
		      "display the following",
		  "BSD-4-Clause" },
		{ "Apache License\n   Version 2.0, January 2004", "Apache-2.0" },
		{ "GNU GENERAL PUBLIC LICENSE\n Version 2, June 1991 ... " GNU
		  "either version 2 of the License, or\n (at your option) any later version.",
		  "GPL-2.0-only" },
		{ GNU "either version 2 of the License, or (at your option) any later version.",
		  "GPL-2.0-or-later" },
		{ GNU "either version 3 of the License, or (at your option) any later version.",
		  "GPL-3.0-or-later" },
		{ "see /usr/share/common-licenses/GPL-2.", "GPL-2.0-only" },
		{ "see `/usr/share/common-licenses/GPL'.", "GPL-1.0-or-later" },
		{ "see /usr/share/common-licenses/LGPL-2.1", "LGPL-2.1-only" },
		{ "under the same terms as Perl itself; /usr/share/common-licenses/GPL-1 and "
		  "/usr/share/common-licenses/"
		  "Artistic",
		  "GPL-1.0-or-later OR Artistic-1.0-Perl" },
		{ GRANT AS_IS BSD, "MIT; BSD-2-Clause" },
		{ "SPDX-License-Identifier: MIT OR Zlib\n", "MIT OR Zlib" },
		{ "all rights reserved", "" },
		{ "", "" },
	};
	struct arena a = { 0 };
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		for (int spool = 0; spool < 2; spool++) {
			struct drive d;
			drive_init(&d, &analyzer_licence_text);
			d.spool = spool;
			assert_int_equal(drive_file(&d, "app/LICENSE", str_of(t[i].text), 0), 0);
			struct record_file *f = drive_record(&d, "app/LICENSE");
			struct strs v = { 0 };
			for (size_t k = 0; f && k < f->n_marks; k++)
				*ARENA_PUSH(&a, v.v, v.n, v.cap) = f->marks[k].rule;
			struct str have = said(&a, &v);
			if (!str_eq(have, str_of(t[i].want)))
				fail_msg("case %zu: '%.*s'", i, STR(have));
			drive_done(&d);
		}
	}
	arena_done(&a);
}

/* The texts that every Debian system has. */
static void test_common(void **state)
{
	static const char *const t[][2] = {
		{ "Apache-2.0", "Apache-2.0" },	 { "Artistic", "Artistic-1.0-Perl" },
		{ "BSD", "BSD-3-Clause" },	 { "CC0-1.0", "CC0-1.0" },
		{ "GFDL-1.2", "GFDL-1.2-only" }, { "GFDL-1.3", "GFDL-1.3-only" },
		{ "GPL-1", "GPL-1.0-only" },	 { "GPL-2", "GPL-2.0-only" },
		{ "GPL-3", "GPL-3.0-only" },	 { "LGPL-2", "LGPL-2.0-only" },
		{ "LGPL-2.1", "LGPL-2.1-only" }, { "LGPL-3", "LGPL-3.0-only" },
		{ "MPL-1.1", "MPL-1.1" },	 { "MPL-2.0", "MPL-2.0" },
	};
	struct arena a = { 0 };
	(void)state;
	if (access("/usr/share/common-licenses/GPL-3", R_OK))
		skip();
	setenv("COMMON_LICENCES", "/usr/share/common-licenses", 1);
	struct licence_matcher *m = licence_matcher_open(&a);
	for (size_t i = 0; i < COUNT(t); i++) {
		struct buf text = { 0 };
		struct strs v = { 0 };
		assert_true(drive_read("COMMON_LICENCES", t[i][0], &text));
		licence_match(m, str_buf(&text), &a, &v);
		struct str have = said(&a, &v);
		if (!str_eq(have, str_of(t[i][1])))
			fail_msg("%s: '%.*s'", t[i][0], STR(have));
		buf_done(&text);
	}
	arena_done(&a);
}

#define DEP5 "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n"
static void test_debian(void **state)
{
	static const struct {
		const char *text, *want; /* NULL: not in this format */
	} t[] = {
		{ DEP5 "Upstream-Name: x\n\nFiles: *\nCopyright: y\nLicense: GPL-1+ or "
		       "Artistic\n\nFiles: debian/*\n"
		       "License: Expat\n text\n .\n License: no\n\nLicense: GPL-1+\n text\n",
		  "GPL-1+ or Artistic; Expat" },
		{ DEP5 "License: MIT\n\nFiles-Excluded: x\n", "MIT" },
		{ DEP5 "\nFiles: a\nLicense: Expat\n\nFiles: b\r\nlicense: Expat\r\n", "Expat" },
		{ "# comment\n" DEP5 "\nFiles: *\nLicense: X\n", "X" },
		{ DEP5, NULL },
		{ "This package was debianized by\nLicense: GPL\n", NULL },
		{ "", NULL },
	};
	struct arena a = { 0 };
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct strs v = { 0 };
		bool is = licence_debian(str_of(t[i].text), &a, &v);
		struct str have = said(&a, &v);
		if (is != (t[i].want != NULL) || (is && !str_eq(have, str_of(t[i].want))))
			fail_msg("case %zu: '%.*s'", i, STR(have));
	}
	arena_done(&a);
}

static void test_large(void **state)
{
	struct drive d;
	struct buf b = { 0 };
	(void)state;
	while (b.n <= LICENCE_TEXT_MAX)
		buf_add_str(&b, S("gnu general public license as published by the "));
	drive_init(&d, &analyzer_licence_text);
	assert_int_equal(drive_file(&d, "LICENSE", str_buf(&b), 0), ERR_LIMIT);
	assert_int_equal(drive_file(&d, "COPYING", str_upto(str_buf(&b), LICENCE_TEXT_MAX), 0), 0);
	drive_done(&d);
	buf_done(&b);
	assert_true(analyzer_licence_text.wants(
		&(struct file){ .path = S("a/LICENSE-MIT"), .size = 1 }, S("")));
	assert_false(analyzer_licence_text.wants(
		&(struct file){ .path = S("a/LICENSE.js"), .size = 1 }, S("")));
	assert_false(analyzer_licence_text.wants(&(struct file){ .path = S("a/LICENSE") }, S("")));
}

/* Each text to its package, what records say stays. */
static void test_packages(void **state)
{
	static const struct {
		const char *type, *name, *path, *licence, *want;
	} t[] = {
		{ "deb", "foo", "var/lib/dpkg/status", NULL, "MIT" },
		{ "deb", "bar", "var/lib/dpkg/status", NULL, "" },
		{ "npm", "x", "app/node_modules/x/package.json", NULL, "ISC" },
		{ "npm", "y", "app/node_modules/y/package.json", "Zlib", "Zlib" },
		{ "pypi", "z", "lib/z-1.dist-info/METADATA", NULL, "Apache-2.0" },
		{ "gem", "g", "var/gems/specifications/g-1.gemspec", NULL, "MIT" },
		{ "maven", "j", "lib/j.jar", NULL, "" },
		{ "rpm", "r", "var/lib/rpm/rpmdb.sqlite", NULL, "WTFPL" },
	};
	static const char *const files[][2] = {
		{ "usr/share/doc/foo/copyright", DEP5 "\nFiles: *\nLicense: Expat\n" },
		{ "app/node_modules/x/LICENSE", "SPDX-License-Identifier: ISC\n" },
		{ "app/node_modules/y/LICENSE", "SPDX-License-Identifier: GPL-2.0\n" },
		{ "lib/z-1.dist-info/licenses/LICENSE", "SPDX-License-Identifier: Apache-2.0\n" },
		{ "var/gems/gems/g-1/LICENSE", GRANT AS_IS },
		{ "lib/LICENSE", "SPDX-License-Identifier: AGPL-3.0\n" },
		{ "usr/share/licenses/r/COPYING", "Do what the fuck you want to public license" },
	};
	struct drive d;
	struct fold f;
	struct inventory inv;
	struct owned_file owned = { .path = S("usr/share/licenses/r/COPYING") };
	(void)state;
	drive_init(&d, &analyzer_licence_text);
	for (size_t i = 0; i < COUNT(files); i++)
		assert_int_equal(drive_file(&d, files[i][0], str_of(files[i][1]), 0), 0);
	drive_fold(&d, &f);
	f.n_files = f.files_cap = 0;
	f.files = NULL;
	fold_layers(&f);
	drive_inventory(&d, &f, &inv);
	for (size_t i = 0; i < COUNT(t); i++) {
		struct package *p =
			ARENA_PUSH(&d.arena, inv.packages, inv.n_packages, inv.packages_cap);
		*p = (struct package){ .type = str_of(t[i].type),
				       .name = str_of(t[i].name),
				       .path = str_of(t[i].path) };
		if (t[i].licence)
			*ARENA_PUSH(&d.arena, p->licences.v, p->licences.n, p->licences.cap) =
				str_of(t[i].licence);
		if (!strcmp(t[i].name, "r")) {
			p->owned = &owned;
			p->n_owned = 1;
		}
	}
	licence_collect(&f, &inv);
	for (size_t i = 0; i < COUNT(t); i++)
		if (!str_eq(inv.packages[i].licence, str_of(t[i].want)))
			fail_msg("%s: '%.*s'", t[i].name, STR(inv.packages[i].licence));
	assert_int_equal(inv.n_licence_texts, COUNT(files));
	size_t alone = 0;
	for (size_t i = 0; i < inv.n_licence_texts; i++)
		alone += inv.licence_texts[i].package < 0;
	assert_int_equal(alone, 1);
	drive_done(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_phrases), cmocka_unit_test(test_texts),
		cmocka_unit_test(test_common),	cmocka_unit_test(test_debian),
		cmocka_unit_test(test_large),	cmocka_unit_test(test_packages),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
