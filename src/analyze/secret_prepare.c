/* Rules made ready: 8 bytes length of the configuration, it, the engine's compiled set. Compiling takes a while, so the
 * set is kept in the cache under a key of all that it depends on; it is only rules, so whoever could change it there could
 * change the records beside it too (cache.c checks the folder's owner). */
#include "analyze/secret_scan.h"

#include "analyze/cache.h"
#include "analyze/secret_engine.h"
#include "base/regexp.h"

enum { COMPILED_MAX = 64 << 20 };

static int try_pattern(struct str text, struct str group, struct err *e)
{
	struct regexp *p = NULL;
	if (text.n == 0)
		return 0;
	if (regexp_open(text, &p, e))
		return e->code;
	bool missing = group.n && !regexp_has_group(p, group);
	regexp_close(p);
	return missing ? err_set(e, ERR_INVALID, "its expression has no group '%.*s'", STR(group))
		       : 0;
}

static int try_allows(const struct secret_allow *v, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++)
		if (try_pattern(v[i].regex, S(""), e) || try_pattern(v[i].path, S(""), e))
			return err_in(e, "exception %.*s", STR(v[i].id));
	return 0;
}

static int try_all(const struct strs *v, struct err *e)
{
	for (size_t i = 0; i < v->n; i++)
		if (try_pattern(v->v[i], S(""), e))
			return err_in(e, "exclude-block");
	return 0;
}

/* A rule that matches nothing at all would match everywhere. */
static int try_empty(struct str text, struct err *e)
{
	struct regexp *p = NULL;
	if (regexp_open(text, &p, e))
		return e->code;
	bool empty = regexp_in(p, S(""));
	regexp_close(p);
	return empty ? err_set(e, ERR_INVALID, "its expression matches where nothing is") : 0;
}

/* Built-in ones hold by the tests. */
static int try_custom(const struct secret_rules *r, struct err *e)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct secret_rule *x = &r->v[i];
		if (x->custom && (try_pattern(x->pattern, x->group, e) ||
				  try_empty(x->pattern, e) || try_pattern(x->path, S(""), e) ||
				  try_allows(x->allows, x->n_allows, e) || try_all(&x->exclude, e)))
			return err_in(e, "rule %.*s", STR(x->id));
	}
	return try_allows(r->allows, r->n_allows, e) ? e->code : try_all(&r->exclude, e);
}

static void put(struct buf *b, struct str s)
{
	uint64_t n = s.n;
	buf_add(b, &n, sizeof n);
	buf_add_str(b, s);
}

static int make_key(const struct secret_rules *r, struct digest *key, struct err *e)
{
	struct buf b = { 0 };
	buf_add_str(&b, S("compiled words for secrets, "));
	int code = secret_engine_id(&b, e);
	for (size_t i = 0; i < r->n; i++) {
		put(&b, r->v[i].keyword);
		for (size_t k = 0; k < r->v[i].words.n; k++)
			put(&b, r->v[i].words.v[k]);
		buf_add_char(&b, '.');
	}
	digest_of(DIGEST_SHA256, str_buf(&b), key);
	buf_done(&b);
	return code;
}

static int compile(const struct secret_rules *r, struct cache *c, struct arena *a, struct buf *out,
		   struct err *e)
{
	struct digest key;
	struct str kept;
	size_t before = out->n;
	int code = make_key(r, &key, e);
	if (code)
		return code;
	if (c && cache_get(c, &key, a, COMPILED_MAX, &kept)) {
		buf_add_str(out, kept);
		return 0;
	}
	code = secret_engine_compile(r, out, e);
	if (code == 0 && c)
		cache_put(c, &key, str_from(str_buf(out), before));
	return code;
}

int secret_rules_prepare(struct arena *a, struct str config, struct str cache_dir,
			 uint64_t cache_max, struct str *out, struct err *e)
{
	struct secret_rules r;
	struct cache *c = NULL;
	struct buf b = { 0 };
	struct err ignored;
	if (secret_rules_read(a, config, &r, e) || try_custom(&r, e))
		return e->code;
	if (cache_dir.n)
		(void)cache_open(cache_dir, cache_max, &c, &ignored);
	put(&b, config);
	int code = compile(&r, c, a, &b, e);
	if (code == 0)
		*out = arena_str(a, str_buf(&b));
	buf_done(&b);
	cache_close(c);
	return code;
}
