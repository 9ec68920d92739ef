/* Rules for secrets: the built-in ones of secrets.def, changed and added to by a configuration file. */
#ifndef LAZARET_ANALYZE_SECRET_RULES_H
#define LAZARET_ANALYZE_SECRET_RULES_H

#include "base/arena.h"
#include "base/err.h"

enum {
	SECRET_BEFORE = 96, /* bytes that a match may begin before the end of its keyword */
	SECRET_AFTER = 4096, /* bytes that it may end behind it */
	SECRET_BODY = 64 * 1024, /* of a file that a rule names by path */
	SECRET_CONFIG_MAX = 1 << 20, /* bytes of a configuration file */
	SECRET_RULES_MAX = 2000,
};

/* A find is none where the secret matches `regex`, or where the path matches `path`; empty ones match nothing. */
struct secret_allow {
	struct str id, regex, path;
};

struct secret_rule {
	struct str id, title, category, severity;
	struct str
		keyword; /* words parted by '|', see secrets.def; empty: a custom rule, or `paths` is there */
	struct str pattern, allow;
	struct str group; /* name of the group that is the secret; empty: the first one */
	struct str path; /* expression that the path must match; empty: any */
	struct strs paths; /* globs */
	struct strs words; /* one of them must be somewhere in the body, in any case of letters */
	struct secret_allow *allows;
	size_t n_allows, allows_cap;
	struct strs exclude;
	unsigned entropy;
	unsigned follow; /* bytes of a value that follow the keyword, or what it is set to */
	bool generic, custom;
	bool assigned; /* the keyword is in a name that is set to the secret */
};

struct secret_rules {
	struct secret_rule *v;
	size_t n, cap;
	struct secret_allow *allows; /* of all rules */
	size_t n_allows, allows_cap;
	struct strs exclude; /* expressions: a find inside what they match is none */
	struct strs places_off; /* ids of PLACE that do not count */
};

/* The built-in rules with what a configuration says (empty: nothing), which has the keys of trivy-secret.yaml: rules,
 * allow-rules, disable-rules, disable-allow-rules, enable-builtin-rules, exclude-block. ERR_INVALID names the line, ERR_LIMIT
 * for too many rules. Everything lies in `a`; built-in texts are static. */
int secret_rules_read(struct arena *a, struct str config, struct secret_rules *out, struct err *e);
/* A built-in rule of that id, or NULL; for titles and severities of records. */
const struct secret_rule *secret_rules_find(const struct secret_rules *r, struct str id);

/* What the path says: nothing of it counts; generic rules do not. */
enum secret_place { SECRET_ANYWHERE, SECRET_NOT_GENERIC, SECRET_NOT_HERE };
enum secret_place secret_place_of(const struct secret_rules *r, struct str path);

#endif
