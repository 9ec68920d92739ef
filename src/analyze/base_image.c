/* The base image: what is known of it (a table of layers), what builders say of it (annotations of the OCI image
 * specification 1.1, annotations.md; the comment buildah leaves in the history), what the history lets one guess. All of it
 * can be written by whoever made the image, so that it sorts findings and never hides one.
 *
 * Not told: bases of bases, and a base of which a builder squashed the layers. */
#include "analyze/base_image.h"

#include "base/json.h"
#include "base/map.h"

enum { NAME_MAX_BYTES = 500, LINES_MAX = 1000000 };

int base_layers_parse(struct arena *a, struct str text, struct base_layers *out, struct err *e)
{
	struct base_layers v = { 0 };
	struct str line, id, name;
	for (size_t n = 1; str_line(&text, &line); n++) {
		if (!str_word(&line, &id) || id.p[0] == '#')
			continue;
		struct base_layer *l = ARENA_PUSH(a, v.v, v.n, v.cap);
		if (v.n > LINES_MAX)
			return err_set(e, ERR_LIMIT, "line %zu: more than %d layers", n, LINES_MAX);
		if (digest_parse(id, &l->diff_id, e))
			return err_in(e, "line %zu", n);
		if (!str_word(&line, &name) || str_trim(line).n || name.n > NAME_MAX_BYTES)
			return err_set(e, ERR_INVALID, "line %zu: wanted: DIFF_ID NAME", n);
		l->name = name;
	}
	*out = v;
	return 0;
}

/* How far the image's layers follow the layers of each name. */
struct following {
	struct str name;
	size_t fit, all;
	struct following *next;
};

static bool find_known(struct inventory *inv, const struct base_layers *known)
{
	struct arena a = { 0 };
	struct map names;
	struct following *list = NULL, *best = NULL;
	map_init(&names, &a);
	for (size_t i = 0; i < known->n; i++) {
		void **slot = map_at(&names, known->v[i].name);
		struct following *f = *slot;
		if (!f) {
			*slot = f = ARENA_NEW(&a, struct following);
			f->name = known->v[i].name;
			f->next = list;
			list = f;
		}
		if (f->fit == f->all && f->fit < inv->n_layers &&
		    digest_eq(&inv->layers[f->fit].diff_id, &known->v[i].diff_id))
			f->fit++;
		f->all++;
	}
	/* Later names come first in the list: of equal ones the first of the file wins. */
	for (struct following *f = list; f; f = f->next)
		if (f->fit == f->all && (!best || f->fit >= best->fit))
			best = f;
	if (best)
		inv->base = (struct base_image){ .name = arena_str(inv->arena, best->name),
						 .layers = best->fit,
						 .evidence = S("known layers") };
	arena_done(&a);
	return best != NULL;
}

static struct str annotation(const struct image *image, struct str key)
{
	for (size_t i = 0; i < image->n_annotations; i++)
		if (str_eq(image->annotations[i].key, key))
			return image->annotations[i].value;
	return S("");
}

static struct str printable(struct arena *a, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7F)
			return S("");
	return s.n <= NAME_MAX_BYTES ? arena_str(a, s) : S("");
}

/* What the builder says; how many layers it does not say. */
static void read_annotations(struct inventory *inv)
{
	struct json *root CLEANUP(cleanup_json) = NULL;
	const struct json *labels = NULL;
	struct err ignored;
	if (json_parse(inv->image->cfg.raw, &root, &ignored) == 0)
		labels = json_get(json_get(root, "config"), "Labels");
	struct str name = annotation(inv->image, S("org.opencontainers.image.base.name"));
	struct str digest = annotation(inv->image, S("org.opencontainers.image.base.digest"));
	if (name.n == 0 && digest.n == 0) {
		name = json_get_str(labels, "org.opencontainers.image.base.name");
		digest = json_get_str(labels, "org.opencontainers.image.base.digest");
	}
	inv->base.name = printable(inv->arena, name);
	inv->base.digest = printable(inv->arena, digest);
	if (inv->base.name.n || inv->base.digest.n)
		inv->base.evidence = S("annotation");
}

/* buildah: the first step of its own has the comment "FROM NAME". The last one counts: bases may have theirs. */
static bool read_comments(struct inventory *inv)
{
	const struct image_config *c = &inv->image->cfg;
	bool found = false;
	for (size_t i = 0, layers = 0; i < c->n_history; i++) {
		struct str rest = c->history[i].comment, word, name;
		if (str_word(&rest, &word) && str_eq(word, S("FROM")) && str_word(&rest, &name) &&
		    layers) {
			struct str kept = printable(inv->arena, name);
			inv->base.layers = MIN(layers, inv->n_layers);
			if (inv->base.evidence.n == 0) {
				inv->base.name = kept;
				inv->base.evidence = S("history");
			}
			found = true;
		}
		layers += !c->history[i].empty_layer;
	}
	return found;
}

static bool ends_a_build(struct str line)
{
	static const struct str words[] = { { "CMD", 3 }, { "ENTRYPOINT", 10 } };
	ssize_t nop = str_find(line, S("#(nop)"));
	struct str rest = nop >= 0 ? str_from(line, (size_t)nop + 6) : line, word;
	if (!str_word(&rest, &word))
		return false;
	for (size_t i = 0; i < COUNT(words); i++)
		if (str_eq(word, words[i]))
			return true;
	return false;
}

/* Dockerfiles end with CMD or ENTRYPOINT: one that layers follow is the base's. */
static size_t guess(const struct image_config *c)
{
	size_t last = c->n_history, layers = 0;
	while (last > 0 && c->history[last - 1].empty_layer)
		last--;
	while (last > 0 &&
	       !(c->history[last - 1].empty_layer && ends_a_build(c->history[last - 1].created_by)))
		last--;
	for (size_t i = 0; i < last; i++)
		layers += !c->history[i].empty_layer;
	return layers;
}

void base_image_find(struct inventory *inv, const struct base_layers *known)
{
	if (!inv->image)
		return;
	if (known && find_known(inv, known))
		return;
	read_annotations(inv);
	if (read_comments(inv))
		return;
	size_t layers = MIN(guess(&inv->image->cfg), inv->n_layers);
	if (layers == 0 || layers == inv->n_layers)
		return;
	inv->base.layers = layers;
	if (inv->base.evidence.n == 0)
		inv->base.evidence = S("history");
}
