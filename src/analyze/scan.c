/* image -> inventory. Each distinct layer is looked up in the cache or read by a child, several at once, the largest
 * first; the records are folded; what links point at is read a second time; analyzers join what they found.
 *
 * A layer's bytes reach the child through a verifying stream, and its record counts only when that had no complaint.
 * What one layer's child says concerns this layer alone; a layer that cannot be looked at is a line, never a gap. */
#include "analyze/scan.h"

#include "analyze/analyzer.h"
#include "analyze/base_image.h"
#include "analyze/cache.h"
#include "analyze/distro.h"
#include "analyze/fold.h"
#include "analyze/graph.h"
#include "analyze/layer.h"
#include "analyze/licence.h"
#include "analyze/match.h"
#include "analyze/secret.h"
#include "analyze/owned.h"
#include "base/map.h"
#include "base/pool.h"

#include <stdlib.h>
#include <time.h>

struct scan {
	struct source *source;
	struct image *image; /* NULL: a directory */
	const struct scan_options *o;
	struct analysis_options analysis;
	const struct analyzer *const *analyzers; /* those that run */
	struct matcher matcher; /* of them */
	struct arena *arena;
	struct inventory *inv;
	struct cache *cache; /* NULL: none */
	const struct layer_record **records;
};

/* A stream that looks at the clock and tells how far it is */
struct watch {
	struct stream s;
	struct stream *below;
	const struct scan *scan;
	const bool *stop;
	size_t layer;
	uint64_t done, total;
};

static bool is_late(const struct scan_options *o)
{
	struct timespec now;
	if (!o->deadline)
		return false;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec > o->deadline;
}

static void tell(const struct scan *s, size_t layer, const char *what, uint64_t done,
		 uint64_t total)
{
	if (s->o->progress)
		s->o->progress(s->o->progress_ctx, layer, s->inv->n_layers, what, done, total);
}

static ssize_t watch_fill(struct stream *s, struct err *e)
{
	struct watch *w = (struct watch *)s;
	if (is_late(w->scan->o))
		return err_set(e, ERR_IO, "timeout");
	if (w->stop && pool_stopped(w->stop))
		return err_set(e, ERR_IO, "given up: another layer failed");
	ssize_t n = stream_fill(w->below, e);
	if (n <= 0)
		return n;
	s->pos = w->below->pos;
	s->end = w->below->end;
	w->below->pos = w->below->end;
	w->done += (uint64_t)n;
	tell(w->scan, w->layer, "reading", w->done, w->total);
	return n;
}

static void watch_close(struct stream *s)
{
	struct watch *w = (struct watch *)s;
	stream_close(w->below);
	free(w);
}

static struct stream *watch(const struct scan *s, struct stream *below, const bool *stop,
			    size_t layer)
{
	static const struct stream_ops ops = { watch_fill, watch_close };
	struct watch *w = calloc(1, sizeof *w);
	if (!w)
		abort();
	w->s.ops = &ops;
	w->below = below;
	w->scan = s;
	w->stop = stop;
	w->layer = layer;
	w->total = s->inv->layers[layer].size;
	return &w->s;
}

static void count_hit(void *ctx, size_t analyzer)
{
	(void)analyzer;
	*(bool *)ctx = true;
}

static bool wanted(const struct scan *s, struct str path)
{
	bool hit = false;
	matcher_find(&s->matcher, path, count_hit, &hit);
	return hit;
}

/* A path that the packages of the distribution may be read from. */
static bool database_wanted(const struct scan *s, struct str path)
{
	for (const struct analyzer *const *an = s->analyzers; *an; an++)
		if ((*an)->database && analyzer_wants(*an, path))
			return true;
	return false;
}

/* Directories */
struct dir_reading {
	struct scan *scan;
	const struct layer_alias *aliases; /* besides what patterns want */
	size_t n_aliases;
	bool again; /* notes were taken already */
};

static bool dir_wants(void *ctx, struct str path)
{
	const struct dir_reading *d = ctx;
	for (size_t i = 0; i < d->n_aliases; i++) {
		struct str source = d->aliases[i].source;
		if (str_ends(source, S("/")) ? str_starts(path, source) : str_eq(path, source))
			return true;
	}
	return !d->again && wanted(d->scan, path);
}

static void dir_note(void *ctx, struct str path, const char *reason)
{
	const struct dir_reading *d = ctx;
	d->scan->inv->layers[0].cut |= path.n == 0 || database_wanted(d->scan, path);
	if (d->scan->inv->n_not_examined < d->scan->o->limits.layer_notes)
		inventory_note(d->scan->inv, -1, path, "%s", reason);
	else if (d->scan->inv->n_not_examined == d->scan->o->limits.layer_notes)
		inventory_note(d->scan->inv, -1, S(""), "more entries that could not be read");
}

/* One reading: a layer, a directory, or two layers for companions */
struct reading {
	size_t layer[2];
	const struct layer_alias *aliases[2];
	size_t n_aliases[2], n;
	const bool *stop;
	/* The result, in an arena of its own. */
	struct arena arena;
	struct layer_record record;
	bool cached;
};

static void reading_key(const struct scan *s, const struct reading *r, struct digest *key)
{
	struct buf b = { 0 };
	buf_addf(&b, "record %d analyzers ", RECORD_FORMAT);
	layer_analyzers_id(&s->analysis, &b);
	buf_addf(&b, " limits ");
	buf_add(&b, &s->o->limits, sizeof s->o->limits);
	for (size_t i = 0; i < r->n; i++) {
		const struct digest *d = &s->inv->layers[r->layer[i]].digest;
		buf_addf(&b, " layer %u ", (unsigned)d->alg);
		buf_add(&b, d->bytes, sizeof d->bytes);
		for (size_t j = 0; j < r->n_aliases[i]; j++) {
			const struct layer_alias *alias = &r->aliases[i][j];
			buf_addf(&b, " alias %zu %zu ", alias->source.n, alias->path.n);
			buf_add_str(&b, alias->source);
			buf_add_str(&b, alias->path);
		}
	}
	digest_of(DIGEST_SHA256, str_buf(&b), key);
	buf_done(&b);
}

static bool read_cached(const struct scan *s, struct reading *r)
{
	struct digest key;
	struct str bytes;
	struct err ignored;
	if (!s->cache || !s->image)
		return false;
	reading_key(s, r, &key);
	if (!cache_get(s->cache, &key, &r->arena, s->o->limits.record_bytes, &bytes) ||
	    record_decode(&r->arena, bytes, &s->o->limits, &r->record, &ignored) < 0)
		return false;
	r->cached = true;
	return true;
}

static int open_bytes(const struct scan *s, const struct reading *r, size_t i,
		      struct dir_reading *dir, struct stream **out, struct err *e)
{
	struct stream *below;
	const struct dir_filter filter = { dir_wants, dir_note, dir };
	int code =
		s->image ? source_get_verified(s->source, &s->image->layers[r->layer[i]], &below, e)
			 : dir_stream(s->source, &filter, &below, e);
	if (code == 0)
		*out = watch(s, below, r->stop, r->layer[i]);
	return code;
}

static int read_fresh(struct scan *s, struct reading *r, struct err *e)
{
	struct layer_input in[2] = { 0 };
	CLEANUP(cleanup_stream) struct stream *first = NULL;
	CLEANUP(cleanup_stream) struct stream *second = NULL;
	struct stream **streams[2] = { &first, &second };
	struct dir_reading dir = { s, r->aliases[0], r->n_aliases[0], r->n_aliases[0] > 0 };
	struct buf raw = { 0 };
	struct digest key;
	int code = 0;
	for (size_t i = 0; i < r->n && i < COUNT(in) && code == 0; i++) {
		code = open_bytes(s, r, i, &dir, streams[i], e);
		in[i] = (struct layer_input){ .bytes = *streams[i],
					      .media_type = s->inv->layers[r->layer[i]].media_type,
					      .aliases = r->aliases[i],
					      .n_aliases = r->n_aliases[i],
					      .deadline = s->o->deadline };
	}
	if (code == 0)
		code = layer_analyze(s->o->launcher, &s->analysis, in, r->n, &s->o->limits,
				     &r->arena, &r->record, s->cache && s->image ? &raw : NULL, e);
	if (code == 0 && is_late(s->o))
		code = err_set(e, ERR_IO, "timeout");
	if (code == 0 && raw.n) {
		reading_key(s, r, &key);
		cache_put(s->cache, &key, str_buf(&raw));
	}
	buf_done(&raw);
	return code;
}

/* The first reading of every layer */
struct first_readings {
	struct scan *scan;
	struct reading *readings;
	size_t *order; /* of those not in the cache, by size */
	size_t n;
};

static int first_reading(void *ctx, size_t i, const bool *stop, struct err *e)
{
	struct first_readings *f = ctx;
	struct reading *r = &f->readings[f->order[i]];
	char digest[DIGEST_TEXT];
	r->stop = stop;
	int code = read_fresh(f->scan, r, e);
	if (code < 0 && f->scan->image)
		return err_in(e, "layer %zu (%s)", r->layer[0],
			      digest_text(&f->scan->inv->layers[r->layer[0]].digest, digest));
	tell(f->scan, r->layer[0], "done", f->scan->inv->layers[r->layer[0]].size,
	     f->scan->inv->layers[r->layer[0]].size);
	return code;
}

static bool may_read(struct scan *s, size_t i)
{
	const char *why = NULL;
	if (!s->image)
		return true;
	const struct descriptor *d = &s->image->layers[i];
	if (media_type_is_unknown_layer(d->media_type, &why))
		inventory_note(s->inv, (ssize_t)i, S(""), "the layer is %s (%.*s)", why,
			       STR(d->media_type));
	else if (d->foreign)
		inventory_note(s->inv, (ssize_t)i, S(""),
			       "the layer is foreign: it is not kept with the image");
	else
		return true;
	return false;
}

/* Fills `order` with layers to read; a layer that is there twice is read once: same[i] is where its record is. */
static void plan(struct first_readings *f, size_t *same)
{
	struct scan *s = f->scan;
	struct map seen;
	map_init(&seen, s->arena);
	for (size_t i = 0; i < s->inv->n_layers; i++) {
		const struct digest *d = &s->inv->layers[i].digest;
		same[i] = i;
		if (!may_read(s, i)) {
			same[i] = SIZE_MAX;
			continue;
		}
		void **slot = map_at(&seen, (struct str){ (const char *)d, sizeof *d });
		if (*slot) {
			same[i] = (size_t)*slot - 1;
			continue;
		}
		*slot = (void *)(i + 1);
		f->readings[i] = (struct reading){ .layer = { i }, .n = 1 };
		if (read_cached(s, &f->readings[i]))
			tell(s, i, "cached", s->inv->layers[i].size, s->inv->layers[i].size);
		else
			f->order[f->n++] = i;
	}
}

/* Few layers, so simple insertion. Equal sizes stay in order. */
static void largest_first(struct first_readings *f)
{
	const struct layer_info *l = f->scan->inv->layers;
	for (size_t i = 1; i < f->n; i++) {
		size_t x = f->order[i], j = i;
		for (; j > 0 && l[f->order[j - 1]].size < l[x].size; j--)
			f->order[j] = f->order[j - 1];
		f->order[j] = x;
	}
}

static int read_layers(struct scan *s, struct err *e)
{
	size_t n = s->inv->n_layers;
	struct first_readings f = { s, arena_array(s->arena, n, sizeof *f.readings),
				    arena_array(s->arena, n, sizeof *f.order), 0 };
	size_t *same = arena_array(s->arena, n, sizeof *same);
	plan(&f, same);
	largest_first(&f);
	unsigned jobs = s->o->jobs ? s->o->jobs : pool_processors();
	int code = f.n ? pool_run(jobs, f.n, first_reading, &f, e) : 0;
	for (size_t i = 0; i < n; i++) {
		if (code == 0 && same[i] != SIZE_MAX) {
			s->records[i] = &f.readings[same[i]].record;
			s->inv->layers[i].examined = true;
			s->inv->layers[i].cut |= s->records[i]->cut;
			s->inv->layers[i].cached = f.readings[same[i]].cached;
		}
	}
	for (size_t i = 0; i < n; i++)
		arena_merge(s->arena, &f.readings[i].arena);
	return code;
}

/* Second readings */
static int read_again(struct scan *s, struct reading *r, struct err *e)
{
	int code = read_cached(s, r) ? 0 : read_fresh(s, r, e);
	for (size_t i = 0; code == 0 && i < r->record.n_notes; i++)
		inventory_note(s->inv, (ssize_t)r->layer[0], r->record.notes[i].path, "%.*s",
			       STR(r->record.notes[i].reason));
	if (code == 0)
		s->inv->layers[r->layer[0]].cut |= r->record.cut;
	arena_merge(s->arena, &r->arena);
	return code;
}

static int read_missing(struct scan *s, struct fold *f, size_t layer, struct err *e)
{
	struct layer_alias *aliases = arena_array(s->arena, f->n_missing, sizeof *aliases);
	struct layer_record *record;
	size_t n = 0;
	for (size_t i = 0; i < f->n_missing; i++)
		if (f->missing[i].layer == layer)
			aliases[n++] =
				(struct layer_alias){ f->missing[i].source, f->missing[i].path };
	if (n == 0)
		return 0;
	struct reading r = {
		.layer = { layer }, .aliases = { aliases }, .n_aliases = { n }, .n = 1
	};
	int code = read_again(s, &r, e);
	if (code < 0)
		return err_in(e, "layer %zu, second reading", layer);
	record = arena_alloc(s->arena, sizeof *record);
	*record = r.record;
	fold_add(f, layer, record);
	return 0;
}

static int read_pair(struct scan *s, struct fold *f, struct fold_pair *p, struct err *e)
{
	struct layer_alias aliases[2] = { { p->source[0], p->path[0] },
					  { p->source[1], p->path[1] } };
	struct reading r = { .layer = { p->layer[0], p->layer[1] },
			     .aliases = { &aliases[0], &aliases[1] },
			     .n_aliases = { 1, 1 },
			     .n = 2 };
	int code = read_again(s, &r, e);
	if (code < 0)
		return err_in(e, "layers %zu and %zu, second reading", p->layer[0], p->layer[1]);
	struct layer_record *record = arena_alloc(s->arena, sizeof *record);
	*record = r.record;
	fold_add_pair(f, p, record);
	if (!p->found)
		inventory_note(s->inv, (ssize_t)p->layer[1], p->path[0],
			       "could not be read together with %.*s of layer %zu", STR(p->path[1]),
			       p->layer[1]);
	return 0;
}

static int read_links(struct scan *s, struct fold *f, struct err *e)
{
	for (size_t i = 0; i < f->n_layers && f->n_missing; i++) {
		int code = read_missing(s, f, i, e);
		if (code < 0)
			return code;
	}
	for (size_t i = 0; i < f->n_pairs; i++) {
		int code = read_pair(s, f, &f->pairs[i], e);
		if (code < 0)
			return code;
	}
	for (size_t i = 0; i < f->n_missing; i++)
		if (!f->missing[i].found)
			inventory_note(s->inv, (ssize_t)f->missing[i].layer, f->missing[i].path,
				       "its body is %.*s in layer %zu and could not be read",
				       STR(f->missing[i].source), f->missing[i].layer);
	return 0;
}

/* From the fold to the inventory */
static void take_notes(struct scan *s, const struct fold *f)
{
	for (size_t i = 0; i < f->n_layers; i++)
		for (size_t j = 0; f->records[i] && j < f->records[i]->n_notes; j++)
			inventory_note(s->inv, (ssize_t)i, f->records[i]->notes[j].path, "%.*s",
				       STR(f->records[i]->notes[j].reason));
	/* All of the fold's are about paths that an analyzer wants. */
	for (size_t i = 0; i < f->n_notes; i++) {
		const struct fold_note *n = &f->notes[i];
		inventory_note(s->inv, n->layer, n->path, "%s", n->reason);
		s->inv->not_examined[s->inv->n_not_examined - 1].database =
			n->path.n > 0 && database_wanted(s, n->path);
		if (n->path.n == 0 && s->inv->n_layers)
			s->inv->layers[s->inv->n_layers - 1].cut = true;
	}
	for (size_t i = 0; i < f->n_files; i++) {
		const struct folded_file *ff = &f->files[i];
		if (ff->file->unreadable.n) {
			inventory_note(s->inv, (ssize_t)ff->layer, ff->path, "%.*s: %.*s",
				       STR(ff->file->analyzer), STR(ff->file->unreadable));
			const struct analyzer *an = analyzer_find(ff->file->analyzer);
			s->inv->not_examined[s->inv->n_not_examined - 1].database =
				an && (an->database || an->lockfile);
		}
	}
}

static int join(struct scan *s, const struct fold *f, struct err *e)
{
	for (const struct analyzer *const *an = s->analyzers; *an; an++) {
		int code = (*an)->join ? (*an)->join(f, s->inv, e) : 0;
		if (code < 0)
			return err_in(e, "%s", (*an)->name);
	}
	return 0;
}

static int fill_inventory(struct scan *s, const struct fold *f, const struct distribution *told,
			  struct err *e)
{
	struct inventory *inv = s->inv;
	inventory_add_packages(inv, f);
	int code = join(s, f, e);
	if (code == 0 && (s->analysis.scanners & SCAN_SECRETS))
		code = secrets_collect(f, s->analysis.secret_rules, inv, e);
	if (code < 0)
		return code;
	if (told->overridden)
		inv->distribution = *told;
	distro_complete(s->arena, &inv->distribution);
	inventory_sort_packages(inv);
	inventory_merge_doubles(inv);
	owned_prove(f, inv);
	inventory_drop_packaged_programs(inv);
	licence_collect(f, inv);
	for (size_t i = 0; i < inv->n_packages; i++)
		if (inv->packages[i].purl.n == 0)
			inv->packages[i].purl =
				package_purl(s->arena, &inv->packages[i], &inv->distribution);
	graph_fill(inv);
	return 0;
}

static int compare_notes(const void *a, const void *b)
{
	const struct not_examined *x = a, *y = b;
	if (x->layer != y->layer)
		return x->layer < y->layer ? -1 : 1;
	int r = str_cmp(x->path, y->path);
	return r ? r : str_cmp(x->reason, y->reason);
}

static void sort_notes(struct inventory *inv)
{
	size_t n = 0;
	if (inv->n_not_examined)
		qsort(inv->not_examined, inv->n_not_examined, sizeof *inv->not_examined,
		      compare_notes);
	for (size_t i = 0; i < inv->n_not_examined; i++)
		if (n == 0 || compare_notes(&inv->not_examined[n - 1], &inv->not_examined[i]) != 0)
			inv->not_examined[n++] = inv->not_examined[i];
	inv->n_not_examined = n;
}

static void describe_layers(struct scan *s)
{
	struct inventory *inv = s->inv;
	const struct image *image = s->image;
	inv->n_layers = image ? image->n_layers : 1;
	inv->layers = arena_array(s->arena, inv->n_layers, sizeof *inv->layers);
	s->records = arena_array(s->arena, inv->n_layers, sizeof *s->records);
	for (size_t i = 0; image && i < inv->n_layers; i++) {
		inv->layers[i] = (struct layer_info){
			.digest = image->layers[i].digest,
			.size = image->layers[i].size,
			.media_type = image->layers[i].media_type,
			.created_by = image_layer_created_by(&image->cfg, i),
		};
		if (i < image->cfg.n_diff_ids)
			inv->layers[i].diff_id = image->cfg.diff_ids[i];
	}
}

static struct str reference_of(const struct scan *s)
{
	char text[DIGEST_TEXT];
	if (!s->image)
		return S("");
	digest_text(&s->image->self.digest, text);
	if (s->source->ref.repository.n == 0)
		return arena_printf(s->arena, "%s", text);
	return arena_printf(s->arena, "%.*s%s%.*s@%s", STR(s->source->ref.host),
			    s->source->ref.host.n ? "/" : "", STR(s->source->ref.repository), text);
}

static int open_cache(struct scan *s, struct err *e)
{
	if (s->o->cache_dir.n == 0 || !s->image)
		return 0;
	int code = cache_open(s->o->cache_dir, s->o->cache_max, &s->cache, e);
	/* A home that cannot be written to is no reason not to scan; a folder that others control is. */
	return code == ERR_INVALID ? code : 0;
}

static int scan_layers(struct scan *s, const struct distribution *told, struct err *e)
{
	int code = open_cache(s, e);
	if (code == 0)
		code = read_layers(s, e);
	if (code < 0)
		return code;
	struct fold f = { .arena = s->arena,
			  .records = s->records,
			  .n_layers = s->inv->n_layers,
			  .limits = &s->o->limits,
			  .analyzers = s->analyzers };
	fold_layers(&f);
	code = read_links(s, &f, e);
	if (code < 0)
		return code;
	take_notes(s, &f);
	code = fill_inventory(s, &f, told, e);
	if (code == 0 && is_late(s->o))
		code = err_set(e, ERR_IO, "timeout");
	return code;
}

int scan_image(struct source *source, struct image *image, const struct scan_options *o,
	       struct arena *a, struct inventory *out, struct err *e)
{
	struct inventory inv = { .arena = a,
				 .target = arena_str(a, source->target),
				 .image = image };
	struct scan s = { .source = source,
			  .image = image,
			  .o = o,
			  .analysis = o->analysis,
			  .arena = a,
			  .inv = &inv };
	s.analysis.lockfiles |= !image;
	s.analyzers = analyzers_chosen(a, &s.analysis);
	matcher_init(&s.matcher, a, s.analyzers);
	struct distribution told = { 0 };
	if (o->distro.n) {
		int code = distro_parse(a, o->distro, &told, e);
		if (code < 0)
			return code;
		told.overridden = true;
	}
	if (image && image->n_layers > o->limits.layers)
		return err_set(e, ERR_LIMIT,
			       "image has %zu layers, more than the limit layers, %llu",
			       image->n_layers, (unsigned long long)o->limits.layers);
	describe_layers(&s);
	base_image_find(&inv, o->base_layers);
	inv.scanners = o->analysis.scanners ? o->analysis.scanners : SCAN_PACKAGES;
	inv.reference = reference_of(&s);
	if (image)
		inv.platform = image->cfg.platform;
	else
		platform_host(&inv.platform);
	int code = scan_layers(&s, &told, e);
	cache_close(s.cache);
	if (code < 0)
		return code;
	sort_notes(&inv);
	*out = inv;
	return 0;
}

int scan_records(const struct layer_record **records, struct image *image,
		 const struct scan_options *o, struct arena *a, struct inventory *out,
		 struct err *e)
{
	struct inventory inv = { .arena = a, .target = S("records"), .image = image };
	struct scan s = {
		.image = image, .o = o, .analysis = o->analysis, .arena = a, .inv = &inv
	};
	const struct distribution told = { 0 };
	s.analyzers = analyzers_chosen(a, &s.analysis);
	matcher_init(&s.matcher, a, s.analyzers);
	describe_layers(&s);
	base_image_find(&inv, o->base_layers);
	inv.scanners = o->analysis.scanners;
	inv.platform = image->cfg.platform;
	s.records = records;
	struct fold f = { .arena = a,
			  .records = records,
			  .n_layers = inv.n_layers,
			  .limits = &o->limits,
			  .analyzers = s.analyzers };
	fold_layers(&f);
	take_notes(&s, &f);
	int code = fill_inventory(&s, &f, &told, e);
	if (code < 0)
		return code;
	sort_notes(&inv);
	*out = inv;
	return 0;
}

int scan_cache_clear(struct str cache_dir, uint64_t *bytes, struct err *e)
{
	return cache_clear(cache_dir, bytes, e);
}
