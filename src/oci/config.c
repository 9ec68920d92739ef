/* Image configurations: OCI image specification 1.1 (config.md), of which Docker's are a superset.
 *
 * A hostile one may repeat keys, so that two decoders see different diff_ids, list more of them than any image has
 * layers, or give history lines that do not fit the layers; the first two are refused, the last is only text for people:
 * a layer without a line has an empty one. */
#include "oci/fields.h"
#include "oci/oci.h"

enum { DIFF_IDS_MAX = 10000, HISTORY_MAX = 20000 };

static int parse_diff_ids(struct arena *a, const struct json *rootfs, struct image_config *c,
			  struct err *e)
{
	static const char *const names[] = { "type", "diff_ids", NULL };
	const struct json *list = json_get(rootfs, "diff_ids");
	int r = fields_check(rootfs, names, e);
	if (r)
		return r;
	if (json_get(rootfs, "type") && !str_eq(json_get_str(rootfs, "type"), S("layers")))
		return err_set(e, ERR_UNSUPPORTED,
			       "its root file system is of type '%.*s', not of layers",
			       STR(json_get_str(rootfs, "type")));
	if (json_count(list) > DIFF_IDS_MAX)
		return err_set(e, ERR_LIMIT, "it has more than %d layers", DIFF_IDS_MAX);
	c->diff_ids = arena_array(a, json_count(list), sizeof *c->diff_ids);
	JSON_EACH(child, list)
	{
		if ((r = digest_parse(json_str(child), &c->diff_ids[c->n_diff_ids], e)))
			return err_in(e, "diff_id %zu", c->n_diff_ids);
		c->n_diff_ids++;
	}
	return 0;
}

static int parse_history(struct arena *a, const struct json *list, struct image_config *c,
			 struct err *e)
{
	if (json_count(list) > HISTORY_MAX)
		return err_set(e, ERR_LIMIT, "it has more than %d history lines", HISTORY_MAX);
	c->history = arena_array(a, json_count(list), sizeof *c->history);
	JSON_EACH(child, list)
	c->history[c->n_history++] = (struct history){
		.created = arena_str(a, json_get_str(child, "created")),
		.created_by = arena_str(a, json_get_str(child, "created_by")),
		.comment = arena_str(a, json_get_str(child, "comment")),
		.empty_layer = json_bool(json_get(child, "empty_layer"), false),
	};
	return 0;
}

static int parse_json(struct arena *a, const struct json *j, struct image_config *c, struct err *e)
{
	static const char *const names[] = { "architecture", "os",     "variant", "os.version",
					     "created",	     "author", "config",  "rootfs",
					     "history",	     NULL };
	int r;
	if (!json_is_object(j))
		return err_set(e, ERR_INVALID, "it is no JSON object");
	if ((r = fields_check(j, names, e)))
		return r;
	c->platform = (struct platform){
		.os = arena_str(a, json_get_str(j, "os")),
		.arch = arena_str(a, json_get_str(j, "architecture")),
		.variant = arena_str(a, json_get_str(j, "variant")),
		.os_version = arena_str(a, json_get_str(j, "os.version")),
	};
	c->created = arena_str(a, json_get_str(j, "created"));
	c->author = arena_str(a, json_get_str(j, "author"));
	c->user = arena_str(a, json_get_str(json_get(j, "config"), "User"));
	if ((r = parse_diff_ids(a, json_get(j, "rootfs"), c, e)))
		return r;
	return parse_history(a, json_get(j, "history"), c, e);
}

int image_config_parse(struct arena *a, struct str bytes, struct image_config *out, struct err *e)
{
	struct json *j CLEANUP(cleanup_json) = NULL;
	struct image_config c = { 0 };
	if (json_parse(bytes, &j, e) || parse_json(a, j, &c, e))
		return err_in(e, "image configuration");
	c.raw = arena_str(a, bytes);
	*out = c;
	return 0;
}

struct str image_layer_created_by(const struct image_config *c, size_t i)
{
	for (size_t h = 0, layer = 0; h < c->n_history; h++)
		if (!c->history[h].empty_layer && layer++ == i)
			return c->history[h].created_by;
	return S("");
}
