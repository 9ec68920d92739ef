/* YAML 1.1 documents as a small tree, by libyaml. One document; no aliases or anchors, no tags, string keys, no key
 * twice; bounded in bytes, depth and nodes. Every scalar is a string; its reader decides what it means. */
#ifndef LAZARET_BASE_YAML_H
#define LAZARET_BASE_YAML_H

#include "base/arena.h"
#include "base/err.h"

enum { YAML_BYTES_MAX = 4 << 20, YAML_DEPTH_MAX = 32, YAML_NODES_MAX = 200000 };
enum { YAML_LARGE_BYTES_MAX = 64 << 20, YAML_LARGE_NODES_MAX = 4000000 };

enum yaml_kind { YAML_SCALAR, YAML_MAP, YAML_LIST };
struct yaml {
	enum yaml_kind kind;
	unsigned line;                  /* from 1 */
	bool quoted;                    /* a quoted scalar is never null, true or a number */
	struct str key;                 /* of a map's child */
	struct str value;               /* of a scalar */
	struct yaml *first, *next;      /* children; siblings */
};

/* ERR_INVALID names the line. An empty document is an empty map. */
int yaml_parse(struct arena *a, struct str text, struct yaml **out, struct err *e);
/* The same within the YAML_LARGE limits, for what machines write: lockfiles. */
int yaml_parse_large(struct arena *a, struct str text, struct yaml **out, struct err *e);
/* NULL when there is none or map is no map (NULL too). */
const struct yaml *yaml_get(const struct yaml *map, struct str key);

#endif
