/* Notation's folder: signingkeys.json and the list of trust stores. The keys file is somebody's own, yet another program
 * writes it too, so it is read with the same strictness as the rest: bounded, names once. Keys of plugins are listed and
 * cannot be used; a file that has one is not written anew, since what we do not know of it would be lost. */
#include "trust/notation_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

static int read_key(const struct json *j, struct str standard, struct arena *a,
		    struct notation_keys *out, struct err *e)
{
	struct notation_key k = { arena_str(a, json_get_str(j, "name")),
				  arena_str(a, json_get_str(j, "keyPath")),
				  arena_str(a, json_get_str(j, "certPath")), false };
	if (k.name.n == 0)
		return err_set(e, ERR_INVALID, "a key has no name");
	if (out->n == NOTATION_KEYS_MAX)
		return err_set(e, ERR_LIMIT, "more than %d keys", NOTATION_KEYS_MAX);
	for (size_t i = 0; i < out->n; i++)
		if (str_eq(out->v[i].name, k.name))
			return err_set(e, ERR_INVALID, "the key '%.*s' is there twice",
				       STR(str_upto(k.name, 100)));
	if (!json_get(j, "pluginName") && (k.key_path.n == 0 || k.cert_path.n == 0))
		return err_set(e, ERR_INVALID, "the key '%.*s' has no keyPath or certPath",
			       STR(str_upto(k.name, 100)));
	k.is_default = str_eq(k.name, standard);
	*ARENA_PUSH(a, out->v, out->n, out->cap) = k;
	return 0;
}

int notation_keys_read(struct str dir, struct arena *a, struct notation_keys *out, struct err *e)
{
	struct json *j CLEANUP(cleanup_json) = NULL;
	struct notation_keys keys = { 0 };
	struct str text, path = arena_printf(a, "%.*s/signingkeys.json", STR(dir));
	int r = notation_file_read(path, NOTATION_POLICY_MAX, a, &text, e);
	if (r == 0)
		r = notation_json(text, &j, e);
	if (r && r != ERR_NOT_FOUND)
		return err_in(e, "%.*s", STR(path));
	JSON_EACH(child, json_get(j, "keys"))
	{
		if (read_key(child, json_get_str(j, "default"), a, &keys, e))
			return err_in(e, "%.*s", STR(path));
	}
	*out = keys;
	return 0;
}

void notation_keys_write(const struct notation_keys *keys, struct buf *out)
{
	struct json_out o;
	json_out_init(&o, out, 4);
	json_begin_object(&o);
	for (size_t i = 0; i < keys->n; i++)
		if (keys->v[i].is_default)
			json_put_member(&o, "default", keys->v[i].name);
	json_put_key(&o, "keys");
	json_begin_array(&o);
	for (size_t i = 0; i < keys->n; i++) {
		json_begin_object(&o);
		json_put_member(&o, "name", keys->v[i].name);
		json_put_member(&o, "keyPath", keys->v[i].key_path);
		json_put_member(&o, "certPath", keys->v[i].cert_path);
		json_end_object(&o);
	}
	json_end_array(&o);
	json_end_object(&o);
	buf_add_char(out, '\n');
}

int notation_signing_key(struct str dir, struct str name, struct arena *a, struct notation_key *out,
			 struct err *e)
{
	struct notation_keys keys;
	if (notation_keys_read(dir, a, &keys, e))
		return e->code;
	for (size_t i = 0; i < keys.n; i++) {
		if (name.n ? !str_eq(keys.v[i].name, name) : !keys.v[i].is_default)
			continue;
		if (keys.v[i].key_path.n == 0)
			return err_set(e, ERR_UNSUPPORTED, "the signing key '%.*s' is a plugin's",
				       STR(keys.v[i].name));
		*out = keys.v[i];
		return 0;
	}
	return err_set(e, ERR_NOT_FOUND, "there is no signing key '%.*s' in %.*s/signingkeys.json",
		       STR(name), STR(dir));
}

struct str notation_store_path(struct str dir, enum notation_store_type type, struct str name,
			       struct arena *a)
{
	return arena_printf(a, "%.*s/truststore/x509/%s/%.*s", STR(dir),
			    notation_store_type_name(type), STR(name));
}

static int compare_stores(const void *a, const void *b)
{
	return str_cmp(((const struct notation_store *)a)->name,
		       ((const struct notation_store *)b)->name);
}

static int list_type(struct str dir, enum notation_store_type type, struct arena *a,
		     struct notation_stores *out, struct err *e)
{
	struct str path = notation_store_path(dir, type, S(""), a),
		   root = arena_printf(a, "%.*s/truststore", STR(dir));
	DIR *d = opendir(path.p);
	size_t first = out->n;
	if (!d)
		return errno == ENOENT ? 0 : err_sys(e, "reading %.*s", STR(path));
	for (struct dirent *f; (f = readdir(d)) && out->n < NOTATION_LIST_MAX;) {
		struct notation_store s = { .type = type, .name = arena_str(a, str_of(f->d_name)) };
		if (!notation_name_is_safe(s.name))
			continue;
		notation_store_read(root, &s, a);
		*ARENA_PUSH(a, out->v, out->n, out->cap) = s;
	}
	closedir(d);
	if (out->n > first)
		qsort(out->v + first, out->n - first, sizeof *out->v, compare_stores);
	return 0;
}

int notation_stores_list(struct str dir, struct arena *a, struct notation_stores *out,
			 struct err *e)
{
	struct notation_stores s = { 0 };
	for (int type = 0; type < STORE_TYPES; type++)
		if (list_type(dir, (enum notation_store_type)type, a, &s, e)) {
			notation_stores_done(&s);
			return e->code;
		}
	*out = s;
	return 0;
}

void notation_stores_done(struct notation_stores *s)
{
	for (size_t i = 0; i < s->n; i++)
		notation_store_done(&s->v[i]);
}
