/* Analyzers against tables: DIR/expected.json says for each file of DIR what must come out of it.
 *
 *	{ "path/of/Cargo.lock": [ { "name": ..., "version": ..., ... } ] }       exactly these packages, in any order
 *	{ "path/of/Cargo.lock": { "packages": [...], "notes": [ "part of the text" ], "unreadable": "part of the text" } }
 *	{ "path/of/Cargo.lock": "part of the text" }                             unreadable, whatever was found before
 *
 * Of a package, "type", "arch", "relationship", "licenses", "depends", "source" and "owned" are compared where they are
 * given; "dev" and "optional" where one package of the list has them (absent then: false). */
#ifndef LAZARET_TESTS_CASES_H
#define LAZARET_TESTS_CASES_H

#include "drive.h"

#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

struct cases {
	const struct analyzer *analyzer;
	const char *variable, *dir; /* the environment variable's folder, the folder below it */
	/* Published samples lie under other names: path = prefix + its name in expected.json. NULL: that name. */
	const char *prefix;
	const char *only; /* a pattern of names; NULL: all */
};

static inline struct str cases_attr(const struct record_package *p, const char *key)
{
	return record_attr(p->attrs, p->n_attrs, str_of(key));
}

static inline bool cases_same_list(const struct json *want, const struct strs *have)
{
	size_t i = 0;
	JSON_EACH(x, want)
	{
		if (i == have->n || !str_eq(json_str(x), have->v[i]))
			return false;
		i++;
	}
	return i == have->n;
}

static inline bool cases_same_owned(const struct json *want, const struct record_package *p)
{
	size_t i = 0;
	JSON_EACH(x, want)
	{
		if (i == p->n_owned || !str_eq(json_str(x), p->owned[i].path))
			return false;
		i++;
	}
	return i == p->n_owned;
}

static inline bool cases_say(const struct json *list, const char *key)
{
	JSON_EACH(x, list)
	if (json_get(x, key))
		return true;
	return false;
}

/* What differs, or NULL. */
static inline const char *cases_differs(const struct json *list, const struct json *x,
					const struct record_package *p)
{
	struct str arch = json_get_str(x, "arch"), type = json_get_str(x, "type");
	struct str relation = json_get_str(x, "relationship"), source = json_get_str(x, "source");
	bool dev = json_bool(json_get(x, "dev"), false);
	bool optional = json_bool(json_get(x, "optional"), false);
	if (type.n && !str_eq(type, p->type))
		return "type";
	if (arch.n && !str_eq(arch, p->arch))
		return "arch";
	if (source.n && !str_eq(source, p->source_name))
		return "source";
	if (json_get(x, "relationship") && !str_eq(relation, cases_attr(p, "relation")))
		return "relationship";
	if (cases_say(list, "dev") && dev != str_eq(cases_attr(p, "dev"), S("true")))
		return "dev";
	if (cases_say(list, "optional") && optional != str_eq(cases_attr(p, "optional"), S("true")))
		return "optional";
	if (json_get(x, "licenses") && !cases_same_list(json_get(x, "licenses"), &p->licences))
		return "licenses";
	if (json_get(x, "depends") && !cases_same_list(json_get(x, "depends"), &p->depends))
		return "depends";
	return json_get(x, "owned") && !cases_same_owned(json_get(x, "owned"), p) ? "owned" : NULL;
}

static inline void cases_packages(const char *path, const struct json *want,
				  const struct record_file *f)
{
	if (json_count(want) != (f ? f->n_packages : 0))
		for (size_t i = 0; f && i < f->n_packages; i++)
			print_message("%s: %.*s %.*s\n", path, STR(f->packages[i].name),
				      STR(f->packages[i].version));
	if (json_count(want) != (f ? f->n_packages : 0))
		fail_msg("%s: %zu packages, %zu expected", path, f ? f->n_packages : 0,
			 json_count(want));
	JSON_EACH(x, want)
	{
		const struct record_package *p = NULL;
		for (size_t i = 0; i < f->n_packages && !p; i++)
			if (str_eq(f->packages[i].name, json_get_str(x, "name")) &&
			    str_eq(f->packages[i].version, json_get_str(x, "version")))
				p = &f->packages[i];
		const char *what = p ? cases_differs(want, x, p) : "all";
		for (size_t i = 0; p && what && i < p->depends.n; i++)
			print_message("%s: needs %.*s\n", path, STR(p->depends.v[i]));
		if (what)
			fail_msg("%s: %.*s %.*s: %s differs", path, STR(json_get_str(x, "name")),
				 STR(json_get_str(x, "version")), what);
	}
}

static inline void cases_notes(const char *path, const struct json *want,
			       const struct layer_record *r)
{
	for (size_t i = 0; json_count(want) != r->n_notes && i < r->n_notes; i++)
		print_message("%s: %.*s\n", path, STR(r->notes[i].reason));
	if (json_count(want) != r->n_notes)
		fail_msg("%s: %zu notes, %zu expected", path, r->n_notes, json_count(want));
	size_t i = 0;
	JSON_EACH(x, want)
	{
		if (str_find(r->notes[i++].reason, json_str(x)) < 0)
			fail_msg("%s: note %zu is not: %.*s", path, i, STR(json_str(x)));
	}
}

static inline void cases_unreadable(const char *path, struct str want, const struct record_file *f)
{
	struct str have = f ? f->unreadable : S("");
	if ((want.n == 0) != (have.n == 0) || str_find(have, want) < 0)
		fail_msg("%s: unreadable is '%.*s', expected '%.*s'", path, STR(have), STR(want));
}

static inline void cases_one(const struct cases *c, const char *path, const struct json *want,
			     struct str body, bool spool)
{
	struct drive d;
	struct buf raw = { 0 };
	struct layer_record back = { 0 };
	struct err e;
	drive_init(&d, c->analyzer);
	d.spool = spool;
	if (!drive_wants(c->analyzer, path))
		fail_msg("%s: no pattern takes it", path);
	drive_file(&d, path, body, spool ? 7 : 0);
	drive_finish(&d);
	const struct record_file *f = drive_record(&d, path);
	if (json_is_string(want)) {
		cases_unreadable(path, json_str(want), f);
	} else if (json_is_array(want)) {
		cases_unreadable(path, S(""), f);
		cases_packages(path, want, f);
	} else {
		cases_unreadable(path, json_get_str(want, "unreadable"), f);
		cases_packages(path, json_get(want, "packages"), f);
		cases_notes(path, json_get(want, "notes"), &d.record);
	}
	record_encode(&d.record, &raw);
	if (record_decode(&d.arena, str_buf(&raw), &d.limits, &back, &e) < 0)
		fail_msg("%s: %s", path, e.text);
	buf_done(&raw);
	drive_done(&d);
}

/* False when the variable is not set. */
static inline bool cases_run(const struct cases *c)
{
	struct buf text = { 0 };
	struct json *tree CLEANUP(cleanup_json) = NULL;
	struct err e;
	char name[512], path[512];
	size_t n = 0;
	snprintf(name, sizeof name, "%s/expected.json", c->dir);
	if (!drive_read(c->variable, name, &text))
		return false;
	if (json_parse(str_buf(&text), &tree, &e))
		fail_msg("%s: %s", name, e.text);
	buf_done(&text);
	JSON_EACH(want, tree)
	{
		struct buf body = { 0 };
		struct str key = json_key(want);
		if (c->only && !str_glob(str_of(c->only), key))
			continue;
		snprintf(name, sizeof name, "%s/%.*s", c->dir, STR(key));
		snprintf(path, sizeof path, "%s%.*s", c->prefix ? c->prefix : "", STR(key));
		if (c->prefix && c->prefix[strlen(c->prefix) - 1] != '/')
			snprintf(path, sizeof path, "%s", c->prefix);
		drive_read(c->variable, name, &body);
		cases_one(c, path, want, str_buf(&body), false);
		cases_one(c, path, want, str_buf(&body), true);
		buf_done(&body);
		n++;
	}
	if (n == 0)
		fail_msg("%s: expected.json names no file", c->dir);
	return true;
}

/* Runs DATA/NAME and REJECT/NAME of the tests themselves. */
static inline void cases_own(const struct analyzer *z, const char *name)
{
	static const char *const folders[] = { "data", "reject" };
	char dir[200];
	for (size_t i = 0; i < COUNT(folders); i++) {
		snprintf(dir, sizeof dir, "%s/%s", folders[i], name);
		struct cases c = { .analyzer = z, .variable = "LAZARET_TESTS", .dir = dir };
		assert_true(cases_run(&c));
	}
}

#endif
