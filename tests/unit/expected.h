/* Packages of a record against the expected.json of the shared data: { "FILE": [ { name, version, relationship, path,
 * licenses } ] }. Include after cmocka.h. */
#ifndef LAZARET_TESTS_EXPECTED_H
#define LAZARET_TESTS_EXPECTED_H

#include "base/json.h"
#include "drive.h"

#include <stdio.h>

static inline struct str expected_attr(const struct record_package *p, const char *key)
{
	return record_attr(p->attrs, p->n_attrs, str_of(key));
}

static inline struct record_package *expected_find(const struct record_file *f, const char *name,
						   const char *version)
{
	for (size_t i = 0; f && i < f->n_packages; i++)
		if (str_eq(f->packages[i].name, str_of(name)) &&
		    (!version || str_eq(f->packages[i].version, str_of(version))))
			return &f->packages[i];
	return NULL;
}

static inline void expected_str(const char *where, struct str got, struct str want)
{
	if (!str_eq(got, want))
		fail_msg("%s: '%.*s', not '%.*s'", where, STR(got), STR(want));
}

/* The list of one file. */
static inline void expected_list(const char *where, const struct record_file *f,
				 const struct json *list)
{
	if (!f || f->unreadable.n)
		fail_msg("%s: %.*s", where, STR(f ? f->unreadable : S("no record")));
	if (f->n_packages != json_count(list))
		for (size_t i = 0; i < f->n_packages; i++)
			print_message("%s: %.*s %.*s\n", where, STR(f->packages[i].name),
				      STR(f->packages[i].version));
	assert_int_equal(f->n_packages, json_count(list));
	JSON_EACH(x, list)
	{
		const struct record_package *p =
			expected_find(f, json_get_str(x, "name").p, json_get_str(x, "version").p);
		if (!p) {
			fail_msg("%s: no %s %s", where, json_get_str(x, "name").p,
				 json_get_str(x, "version").p);
			return;
		}
		expected_str(where, expected_attr(p, "relation"), json_get_str(x, "relationship"));
		expected_str(where, expected_attr(p, "dev"),
			     json_bool(json_get(x, "dev"), false) ? S("true") : S(""));
	}
}

#endif
