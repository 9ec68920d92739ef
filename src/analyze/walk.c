/* The walk of a layer: an OCI image layer (image specification, "Image Layer Filesystem Changeset") is a tar archive,
 * plain or compressed, whose whiteouts (".wh.NAME", ".wh..wh..opq") hide what lower layers have.
 *
 * What a hostile layer may try: names that leave the root (refused, noted), names and links without end (limits),
 * bombs (layer_bytes, layer_ratio), the same name again and again or a file over a folder (the last wins, see
 * walk_given.c), bodies of gigabytes (skipped in place, or file_bytes), broken or cut archives (a note; what came before
 * stays). Nothing of it is an error; errors are trouble of our own.
 * Not examined: bzip2, sparse files, entries of types that no runtime unpacks; each is noted. */
#include "analyze/walk_parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* The stream below with its first bytes looked at; does not own it. */
struct peeked {
	struct stream s;
	struct stream *below;
	unsigned char head[8];
	size_t n;
};

static ssize_t peeked_fill(struct stream *s, struct err *e)
{
	struct peeked *p = (struct peeked *)s;
	if (p->n) {
		s->pos = p->head;
		s->end = p->head + p->n;
		p->n = 0;
		return s->end - s->pos;
	}
	ssize_t n = stream_fill(p->below, e);
	if (n > 0) {
		s->pos = p->below->pos;
		s->end = p->below->end;
		p->below->pos = p->below->end;
	}
	return n;
}

static void peeked_close(struct stream *s)
{
	free(s);
}

static struct peeked *peek(struct stream *below, struct err *e)
{
	static const struct stream_ops ops = { peeked_fill, peeked_close };
	struct peeked *p = calloc(1, sizeof *p);
	if (!p)
		abort();
	p->s.ops = &ops;
	p->below = below;
	ssize_t n = stream_read(below, p->head, sizeof p->head, e);
	p->n = n > 0 ? (size_t)n : 0;
	return p;
}

struct walk *walk_open(const struct analyzer *const *list, const struct analysis_options *o,
		       const struct limits *l, struct arena *a, int spool)
{
	struct walk *w = calloc(1, sizeof *w);
	if (!w)
		abort();
	*w = (struct walk){ .list = list, .options = o, .l = l, .a = a, .spool = spool };
	while (list[w->n_list])
		w->n_list++;
	matcher_init(&w->matcher, a, list);
	w->an = arena_array(a, w->n_list, sizeof *w->an);
	w->records = arena_array(a, w->n_list, sizeof *w->records);
	for (size_t i = 0; i < w->n_list; i++)
		w->an[i] = (struct analysis){
			.arena = a, .record = &w->records[i], .limits = l, .options = o
		};
	return w;
}

void walk_close(struct walk *w)
{
	if (!w)
		return;
	path_set_done(&w->paths);
	path_set_done(&w->given.folders);
	buf_done(&w->name);
	buf_done(&w->target);
	buf_done(&w->body);
	free(w);
}

void cleanup_walk(struct walk **w)
{
	walk_close(*w);
}

static void note(struct walk *w, struct str path, const char *fmt, va_list ap)
{
	char text[600];
	vsnprintf(text, sizeof text, fmt, ap);
	record_add_note(w->a, &w->out, w->l, str_upto(path, w->l->path_bytes), str_of(text));
}

void walk_note(struct walk *w, struct str path, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	note(w, path, fmt, ap);
	va_end(ap);
}

void walk_cut(struct walk *w, struct str path, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	note(w, path, fmt, ap);
	va_end(ap);
	w->out.cut = true;
}

static bool is_clean(struct str s)
{
	size_t start = 0;
	for (size_t i = 0; i <= s.n; i++) {
		if (i < s.n && s.p[i] != '/')
			continue;
		size_t n = i - start;
		if (n == 0 || (s.p[start] == '.' && (n == 1 || (n == 2 && s.p[start + 1] == '.'))))
			return false;
		start = i + 1;
	}
	return true;
}

int walk_normalize(struct str name, struct buf *room, struct str *out)
{
	while (str_starts(name, S("./")) || str_starts(name, S("/")))
		name = str_from(name, name.p[0] == '/' ? 1 : 2);
	if (name.n && name.p[name.n - 1] == '/')
		name.n--;
	if (is_clean(name)) {
		*out = name;
		return 1;
	}
	room->n = 0;
	while (name.n) {
		struct str part = str_cut(&name, '/');
		if (part.n == 0 || str_eq(part, S(".")))
			continue;
		if (str_eq(part, S(".."))) {
			if (room->n == 0)
				return 0;
			ssize_t slash = str_rfind_char(str_buf(room), '/');
			room->n = slash < 0 ? 0 : (size_t)slash;
			continue;
		}
		if (room->n)
			buf_add_char(room, '/');
		buf_add_str(room, part);
	}
	*out = str_buf(room);
	return 1;
}

static struct str last_component(struct str path)
{
	return str_from(path, (size_t)(str_rfind_char(path, '/') + 1));
}

static void whiteout(struct walk *w, struct str path, struct str name)
{
	struct str folder = str_upto(path, path.n - name.n);
	struct str hidden = str_from(name, 4);
	if (folder.n)
		folder.n--;
	bool opaque = str_eq(hidden, S(".wh..opq"));
	if (!opaque && str_starts(hidden, S(".wh."))) {
		walk_note(w, path, "an entry of the aufs file system, passed over");
		return;
	}
	if (hidden.n == 0 || str_eq(hidden, S(".")) || str_eq(hidden, S(".."))) {
		walk_note(w, path, "a whiteout of nothing that can be named");
		return;
	}
	struct record_whiteout *o =
		ARENA_PUSH(w->a, w->out.whiteouts, w->out.n_whiteouts, w->out.whiteouts_cap);
	o->opaque = opaque;
	if (opaque)
		o->path = arena_str(w->a, folder);
	else if (folder.n)
		o->path = arena_printf(w->a, "%.*s/%.*s", STR(folder), STR(hidden));
	else
		o->path = arena_str(w->a, hidden);
}

static void add_link(struct walk *w, const struct tar_entry *te, struct str path)
{
	struct str target = te->link;
	bool hard = te->type == TAR_HARDLINK;
	if (target.n > w->l->path_bytes) {
		walk_cut(w, path, "its link target is longer than path_bytes, %llu",
			 (unsigned long long)w->l->path_bytes);
		return;
	}
	if (hard && (!walk_normalize(target, &w->target, &target) || target.n == 0)) {
		walk_note(w, path, "a hard link that leaves the root");
		return;
	}
	if (w->out.n_links >= w->l->links) {
		if (!w->links_cut)
			walk_cut(w, path,
				 "more than links, %llu, in one layer: the rest is left out",
				 (unsigned long long)w->l->links);
		w->links_cut = true;
		return;
	}
	struct record_link *k = ARENA_PUSH(w->a, w->out.links, w->out.n_links, w->out.links_cap);
	k->path = arena_str(w->a, path);
	k->target = arena_str(w->a, target);
	k->hard = hard;
	given_add(w, k->path, GIVEN_LINK, w->out.n_links - 1);
}

/* Readers for every alias that this path is a source of. */
static void add_aliases(struct walk *w, const struct tar_entry *te, struct str path)
{
	const struct layer_alias *v = w->in->aliases;
	for (size_t i = (size_t)(uintptr_t)map_get(&w->aliases, path); i; i = w->alias_next[i - 1])
		readers_add(w, te, v[i - 1].path);
	for (size_t i = 0; i < w->in->n_aliases; i++) {
		if (!str_ends(v[i].source, S("/")) || !str_ends(v[i].path, S("/")) ||
		    !str_starts(path, v[i].source))
			continue;
		struct str rest = str_from(path, v[i].source.n);
		readers_add(w, te, arena_printf(w->a, "%.*s%.*s", STR(v[i].path), STR(rest)));
	}
	for (size_t i = 0; i < w->n_readers; i++)
		given_drop(w, w->readers[i].file.path);
}

/* Folders that have no entry of their own are kept as "FOLDER/". */
static void note_parents(struct walk *w, struct str path)
{
	for (ssize_t slash; (slash = str_rfind_char(path, '/')) > 0;) {
		path = str_upto(path, (size_t)slash);
		uint64_t hash = str_hash(path);
		if (hash == w->parent || path_set_has(&w->paths, hash) ||
		    w->paths.n >= w->l->layer_entries)
			return;
		w->parent = hash;
		if (path_set_put(&w->paths, str_hash((struct str){ path.p, path.n + 1 }), true) !=
		    PATH_NEW)
			return;
	}
}

/* Entries that run as somebody else, or that anybody may write. */
static void note_mode(struct walk *w, const struct tar_entry *te, struct str path)
{
	enum { SETUID = 04000, SETGID = 02000, STICKY = 01000, ANYBODY = 0002 };
	bool is_dir = te->type == TAR_DIR;
	bool other = !is_dir && (te->mode & (SETUID | SETGID));
	bool open = (te->mode & ANYBODY) && !(is_dir && (te->mode & STICKY));
	if (!(w->options->scanners & SCAN_CONFIG) || (!is_dir && te->type != TAR_FILE) ||
	    (!other && !open))
		return;
	if (w->out.n_modes >= w->l->modes) {
		if (!w->modes_cut)
			walk_cut(w, path,
				 "more than modes, %llu, in one layer: the rest is left out",
				 (unsigned long long)w->l->modes);
		w->modes_cut = true;
		return;
	}
	*ARENA_PUSH(w->a, w->out.modes, w->out.n_modes, w->out.modes_cap) =
		(struct record_mode){ arena_str(w->a, path), te->mode & 07777, te->uid, te->gid,
				      is_dir };
}

/* A later entry of the same name replaces the earlier; only folders go together. */
static void replace(struct walk *w, struct str path, bool is_dir)
{
	enum path_was was = path_set_put(&w->paths, str_hash(path), is_dir);
	if (was == PATH_OTHER)
		given_drop(w, path);
	if (!is_dir)
		given_drop_below(w, path);
}

static int regular(struct walk *w, struct tar *t, const struct tar_entry *te, struct str path,
		   bool *broken, struct err *e)
{
	w->n_readers = 0;
	if (w->in->aliases)
		add_aliases(w, te, path);
	else
		readers_add(w, te, path);
	return w->n_readers ? readers_run(w, t, te, broken, e) : 0;
}

/* The entry's path below the root; false when there is nothing more to do for it. */
static bool entry_path(struct walk *w, const struct tar_entry *te, struct str *path)
{
	if (te->type == TAR_OTHER) {
		walk_note(w, te->name, "an entry of type '%c'",
			  te->flag > ' ' && te->flag < 127 ? te->flag : '?');
		return false;
	}
	if (te->name.n > w->l->path_bytes) {
		walk_cut(w, te->name, "a name longer than path_bytes, %llu",
			 (unsigned long long)w->l->path_bytes);
		return false;
	}
	if (!walk_normalize(te->name, &w->name, path)) {
		walk_note(w, te->name, "a name that leaves the root");
		return false;
	}
	if (path->n == 0 && te->type != TAR_DIR)
		walk_note(w, te->name, "an entry without a name");
	return path->n > 0;
}

static int entry(struct walk *w, struct tar *t, const struct tar_entry *te, bool *broken,
		 struct err *e)
{
	struct str path;
	if (!entry_path(w, te, &path))
		return 0;
	struct str name = last_component(path);
	if (str_starts(name, S(".wh."))) {
		if (!w->in->aliases)
			whiteout(w, path, name);
		return 0;
	}
	if (w->in->aliases)
		return te->type == TAR_FILE ? regular(w, t, te, path, broken, e) : 0;
	replace(w, path, te->type == TAR_DIR);
	note_parents(w, path);
	note_mode(w, te, path);
	if (te->type == TAR_FILE)
		return regular(w, t, te, path, broken, e);
	if (te->type == TAR_SYMLINK || te->type == TAR_HARDLINK)
		add_link(w, te, path);
	return 0;
}

static void index_aliases(struct walk *w)
{
	map_init(&w->aliases, w->a);
	w->alias_next = arena_array(w->a, w->in->n_aliases, sizeof *w->alias_next);
	for (size_t i = 0; i < w->in->n_aliases; i++) {
		void **first = map_at(&w->aliases, w->in->aliases[i].source);
		w->alias_next[i] = (size_t)(uintptr_t)*first;
		*first = (void *)(uintptr_t)(i + 1);
	}
}

/* Behind the two zero blocks: padding, or something that no runtime reads. */
static int look_behind(struct walk *w, struct stream *s, struct err *e)
{
	uint64_t n = 0;
	bool zero = true;
	ssize_t got;
	while ((got = stream_fill(s, e)) > 0) {
		for (const unsigned char *p = s->pos; zero && p < s->end; p++)
			zero = *p == 0;
		n += (uint64_t)got;
		s->pos = s->end;
	}
	if (!zero)
		walk_note(w, (struct str){ 0 }, "%llu bytes behind the end of the archive",
			  (unsigned long long)n);
	return (int)got;
}

static int walk_entries(struct walk *w, struct tar *t, bool *broken, struct err *e)
{
	struct tar_entry te;
	*broken = true;
	for (;;) {
		int r = tar_next(t, &te, e);
		if (r <= 0)
			return r < 0 ? r : look_behind(w, t->below, e);
		if (++w->out.entries > w->l->layer_entries) {
			w->out.entries--;
			return err_set(e, ERR_LIMIT, "more than layer_entries, %llu, in one layer",
				       (unsigned long long)w->l->layer_entries);
		}
		*broken = false;
		r = entry(w, t, &te, broken, e);
		if (r || w->stop)
			return r;
		*broken = true;
	}
}

static enum compression promised(struct str media_type, bool *any)
{
	*any = true;
	if (str_ends(media_type, S("gzip")) || str_ends(media_type, S(".gz")))
		return COMPRESSION_GZIP;
	if (str_ends(media_type, S("zstd")))
		return COMPRESSION_ZSTD;
	*any = str_ends(media_type, S(".tar"));
	return COMPRESSION_NONE;
}

static void compare_media_type(struct walk *w, enum compression is)
{
	bool any;
	enum compression should = promised(w->in->media_type, &any);
	if (any && should != is)
		walk_note(w, (struct str){ 0 },
			  "the media type %.*s promises compression %s, the bytes have %s",
			  STR(str_upto(w->in->media_type, 200)), compression_name(should),
			  compression_name(is));
}

static const char *limit_name(const struct inflate_info *i, const struct inflate_limits *l,
			      enum compression c)
{
	if (c == COMPRESSION_NONE || i->out > l->max_out)
		return " (limit layer_bytes)";
	if (i->out > 1 << 20 && l->max_ratio && i->out / l->max_ratio > i->in)
		return " (limit layer_ratio)";
	return c == COMPRESSION_ZSTD && i->out == 0 ? " (limit zstd_window)" : "";
}

static unsigned log2_of(uint64_t v)
{
	return v ? 63 - (unsigned)__builtin_clzll(v) : 0;
}

static int walk_archive(struct walk *w, struct peeked *p, struct err *e)
{
	struct inflate_limits limits = { .max_out = w->l->layer_bytes,
					 .max_ratio = (unsigned)MIN(w->l->layer_ratio,
								    (uint64_t)UINT32_MAX),
					 .window_log = log2_of(w->l->zstd_window) };
	struct inflate_info info = { 0 };
	struct tar t;
	bool broken;
	enum compression c = compression_of((struct str){ (const char *)p->head, p->n });
	compare_media_type(w, c);
	CLEANUP(cleanup_stream) struct stream *s = stream_inflate(&p->s, c, &limits, &info);
	tar_open(&t, s);
	int r = walk_entries(w, &t, &broken, e);
	w->out.bytes += c == COMPRESSION_NONE ? t.at : info.out;
	if (t.global_ignored)
		walk_note(w, (struct str){ 0 },
			  "a global pax header with names or sizes, which runtimes do not apply");
	tar_close(&t);
	if (r == 0 && info.trailing)
		walk_note(w, (struct str){ 0 }, "%llu bytes behind the end of the %s data",
			  (unsigned long long)info.trailing, compression_name(c));
	if (r == 0 || !broken)
		return r;
	const char *which =
		r == ERR_LIMIT && s->failed == ERR_LIMIT ? limit_name(&info, &limits, c) : "";
	walk_cut(w, (struct str){ 0 }, "the %s was not examined: %s%s",
		 w->out.entries ? "rest of the layer" : "layer", e->text, which);
	return 0;
}

int walk_layer(struct walk *w, struct stream *layer, const struct layer_input *in, struct err *e)
{
	if (w->stop)
		return 0;
	w->in = in;
	if (in->aliases)
		index_aliases(w);
	struct peeked *p = peek(layer, e);
	return walk_archive(w, p, e);
}

static void merge(struct walk *w, const struct layer_record *r)
{
	struct layer_record *out = &w->out;
	for (size_t i = 0; i < r->n_files; i++)
		if (r->files[i].path.n)
			*ARENA_PUSH(w->a, out->files, out->n_files, out->files_cap) = r->files[i];
	for (size_t i = 0; i < r->n_notes; i++)
		record_add_note(w->a, out, w->l, r->notes[i].path, r->notes[i].reason);
	out->cut |= r->cut;
}

int walk_end(struct walk *w, struct layer_record *out, struct err *e)
{
	size_t kept = 0;
	for (size_t i = 0; i < w->n_list; i++) {
		if (w->list[i]->finish && w->list[i]->finish(&w->an[i], e))
			walk_note(w, (struct str){ 0 }, "%s: %s", w->list[i]->name, e->text);
		merge(w, &w->records[i]);
	}
	for (size_t i = 0; i < w->out.n_links; i++)
		if (w->out.links[i].path.n)
			w->out.links[kept++] = w->out.links[i];
	w->out.n_links = kept;
	/* Copied into the arena: the set's own memory goes with the walk. */
	uint64_t *hashes = path_set_take(&w->paths, &w->out.n_path_hashes);
	if (w->out.n_path_hashes) {
		w->out.path_hashes = arena_alloc(w->a, w->out.n_path_hashes * sizeof *hashes);
		memcpy(w->out.path_hashes, hashes, w->out.n_path_hashes * sizeof *hashes);
	}
	free(hashes);
	*out = w->out;
	return 0;
}
