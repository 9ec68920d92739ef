/* lazaret trust import-dct: what Docker Content Trust signed of a repository. */
#include "base/json.h"
#include "base/time.h"
#include "cmd/trust_job.h"
#include "trust/dct.h"

#include <stdio.h>

static void put_roles(const struct trust_job *j, const struct dct *d, struct json_out *o)
{
	char text[TIME_TEXT];
	json_put_key(o, "roles");
	json_begin_array(o);
	for (size_t i = 0; i < d->n_roles; i++) {
		const struct dct_role *r = &d->roles[i];
		json_begin_object(o);
		json_put_member(o, "name", r->name);
		json_put_key(o, "verified");
		json_put_bool(o, r->problem.n == 0);
		json_put_member_opt(o, "problem", r->problem);
		if (r->problem.n == 0) {
			json_put_key(o, "version");
			json_put_u64(o, r->version);
			json_put_member(o, "expires", str_of(time_text(r->expires, text)));
			json_put_key(o, "expired");
			json_put_bool(o, r->expires <= j->now);
		}
		json_end_object(o);
	}
	json_end_array(o);
}

static void show_json(const struct trust_job *j, const struct dct *d)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	char digest[DIGEST_TEXT];
	struct json_out o;
	json_out_init(&o, &b, 2);
	json_begin_object(&o);
	json_put_key(&o, "rootKeys");
	json_begin_array(&o);
	for (size_t i = 0; i < d->root_keys.n; i++)
		json_put_str(&o, d->root_keys.v[i]);
	json_end_array(&o);
	json_put_key(&o, "snapshotChecked");
	json_put_bool(&o, d->has_snapshot);
	put_roles(j, d, &o);
	json_put_key(&o, "tags");
	json_begin_array(&o);
	for (size_t i = 0; i < d->n_tags; i++) {
		json_begin_object(&o);
		json_put_member(&o, "tag", d->tags[i].name);
		json_put_member(&o, "digest", str_of(digest_text(&d->tags[i].digest, digest)));
		json_put_key(&o, "size");
		json_put_u64(&o, d->tags[i].size);
		json_put_member(&o, "role", d->tags[i].role);
		json_end_object(&o);
	}
	json_end_array(&o);
	json_end_object(&o);
	printf("%s\n", buf_cstr(&b));
}

/* Names are whatever somebody signed: control characters do not reach a terminal. */
static struct str plain(struct arena *a, struct str s)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	buf_add_shown(&b, str_upto(s, 200));
	return arena_str(a, str_buf(&b));
}

static void show_text(const struct trust_job *j, const struct dct *d)
{
	struct arena *a = j->a->arena;
	char text[DIGEST_TEXT], date[TIME_TEXT];
	for (size_t i = 0; i < d->root_keys.n; i++)
		printf("root key  sha256:%.*s\n", STR(d->root_keys.v[i]));
	for (size_t i = 0; i < d->n_roles; i++) {
		const struct dct_role *r = &d->roles[i];
		if (r->problem.n)
			printf("role      %.*s: left out: %.*s\n", STR(plain(a, r->name)),
			       STR(plain(a, r->problem)));
		else
			printf("role      %.*s version %llu, until %s%s\n", STR(plain(a, r->name)),
			       (unsigned long long)r->version, time_text(r->expires, date),
			       r->expires <= j->now ? " (expired)" : "");
	}
	for (size_t i = 0; i < d->n_tags; i++)
		printf("tag       %.*s %s %.*s\n", STR(plain(a, d->tags[i].name)),
		       digest_text(&d->tags[i].digest, text), STR(plain(a, d->tags[i].role)));
}

int trust_import_dct(struct trust_job *j)
{
	struct dct d = { 0 };
	struct err e = { 0 };
	if (trust_open_source(j, j->a->words.v[1], false, &e))
		return fail(j->a, &e);
	if (dct_read(&j->source.mirror, j->a->arena, &d, &e))
		return trust_verdict(j->a, &e);
	if (!d.has_snapshot)
		say(j->a,
		    "there is no snapshot: whether all roles are of one time was not checked");
	if (str_eq(args_str(j->a, "format"), S("json")))
		show_json(j, &d);
	else
		show_text(j, &d);
	bool left_out = false;
	for (size_t i = 0; i < d.n_roles; i++)
		left_out = left_out || d.roles[i].problem.n;
	return fflush(stdout) ? EXIT_FAILED : left_out ? EXIT_NO : EXIT_YES;
}
