/* What lies in a Nix store: nix/store/HASH-NAME-VERSION/..., HASH 32 characters of Nix's base 32. Only paths are looked at,
 * by the rule of Nix's own parseDrvName: the version begins behind the first '-' that no letter follows. Outputs
 * ("-dev", "-man") are the same package. A path without a version (a wrapper, a script, an environment) is none.
 *
 * Each store path is told once a layer, at the first file that is seen of it, of at most DEPTH folders down. Hostile
 * input: a million store paths (limits.packages). Not read: the store's own database, what is a single file. */
#include "analyze/listing.h"

enum { HASH = 32, STORE = 10 /* "nix/store/" */ };

static bool is_hash(struct str s)
{
	for (size_t i = 0; i < HASH && i < s.n; i++)
		if (!strchr("0123456789abcdfghijklmnpqrsvwxyz", s.p[i]) || !s.p[i])
			return false;
	return s.n > HASH + 1 && s.p[HASH] == '-';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool split(struct str s, struct str *name, struct str *version)
{
	static const char *const outputs[] = { "-bin",	  "-dev",    "-doc",  "-lib",
					       "-man",	  "-info",   "-data", "-debug",
					       "-static", "-devdoc", "-dist" };
	for (size_t i = 0; i + 1 < s.n; i++) {
		if (i == 0 || s.p[i] != '-' || is_letter(s.p[i + 1]))
			continue;
		*name = str_upto(s, i);
		*version = str_from(s, i + 1);
		for (size_t k = 0; k < COUNT(outputs); k++)
			if (str_ends(*version, str_of(outputs[k])))
				*version = str_upto(*version, version->n - strlen(outputs[k]));
		return version->n && version->p[0] >= '0' && version->p[0] <= '9';
	}
	return false;
}

static int begin(struct analysis *an, const struct file *f, void **state, struct err *e)
{
	struct str rest = str_from(f->path, STORE), dir = str_cut(&rest, '/'), name, version;
	struct listing l;
	struct map *seen = an->shared;
	(void)state;
	(void)e;
	if (!seen) {
		seen = an->shared = ARENA_NEW(an->arena, struct map);
		map_init(seen, an->arena);
	}
	if (!is_hash(dir) || map_get(seen, dir) || !split(str_from(dir, HASH + 1), &name, &version))
		return 0;
	*map_at(seen, arena_str(an->arena, dir)) = seen;
	listing_begin(&l, an, f, "nix", "nix");
	listing_set(&l, listing_add(&l, name, version), "store", str_upto(dir, HASH));
	return 0;
}

static int feed(struct analysis *an, void *state, struct str chunk, struct err *e)
{
	(void)an;
	(void)state;
	(void)chunk;
	(void)e;
	return 0;
}

static int end(struct analysis *an, void *state, const struct file *f, const struct whole *whole,
	       struct err *e)
{
	(void)an;
	(void)state;
	(void)f;
	(void)whole;
	(void)e;
	return 0;
}

static const char *const patterns[] = { "nix/store/*/*",	 "nix/store/*/*/*",
					"nix/store/*/*/*/*",	 "nix/store/*/*/*/*/*",
					"nix/store/*/*/*/*/*/*", NULL };

const struct analyzer analyzer_nix = {
	.name = "nix",
	.version = 1,
	.own_paths = true,
	.patterns = patterns,
	.begin = begin,
	.feed = feed,
	.end = end,
};
