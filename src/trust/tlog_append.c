/* Writing a log of our own: making it, appending, recovering from what a crash left.
 *
 * The order of an append: full and partial tiles and bundles are written and synced under names that the published
 * checkpoint does not refer to; then the signed checkpoint, as "checkpoint.next", synced with its folder; then it
 * is renamed to "checkpoint", and the folder synced again. From the second step on the new checkpoint will be
 * published, by us or by the next writer; before, nobody has seen it. Small batches sync each file, large ones the
 * file system once.
 *
 * A partial tile stays until the full one has been published, then its folder ("N.p") goes. Not supported: pruning. */
#include "trust/tlog_tiles.h"
#include "base/durable.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

enum { SYNC_EACH_MAX = 1024 }; /* entries; beyond, one syncfs is cheaper */
static const char checkpoint_name[] = "checkpoint", next_name[] = "checkpoint.next";

/* The second half of publishing: the signed checkpoint is durable under its other name. */
static int rename_next(int dir, struct err *e)
{
	if (renameat(dir, next_name, dir, checkpoint_name))
		return err_sys(e, "renaming %s", next_name);
	return durable_sync_dir(dir, ".", e);
}

int tlog_publish(int dir, struct str note, struct err *e)
{
	if (durable_write(dir, next_name, note, true, e)) {
		unlinkat(dir, next_name, 0);
		return e->code;
	}
	return rename_next(dir, e);
}

int tlog_recover(struct tlog *t, const struct note_verifier *who, struct err *e)
{
	struct buf note CLEANUP(buf_done) = { 0 };
	struct checkpoint c = { 0 };
	struct err bad = { 0 };
	int r = durable_read(t->dir, next_name, NOTE_MAX, &note, e);
	if (r == ERR_NOT_FOUND)
		return 0;
	if (r == ERR_IO)
		return r;
	if (r == 0 && tlog_check_note(str_buf(&note), who, &c, &bad) == 0 && c.size > t->point.size)
		return rename_next(t->dir, e) ? e->code : tlog_refresh(t, who, e);
	if (unlinkat(t->dir, next_name, 0))
		return err_sys(e, "removing %s", next_name);
	return 0;
}

/* The last bundle, and do its entries hash to the last tile? */
static int load_bundle(struct tlog *t, struct err *e)
{
	unsigned width = t->edge->n[0], n = 0;
	struct buf bundle CLEANUP(buf_done) = { 0 };
	struct str entry = { 0 };
	t->bundle.n = 0;
	if (width == 0)
		return 0;
	if (tlog_read_bundle(t->dir, t->edge->index[0], width, &bundle, e))
		return e->code;
	for (struct str rest = str_buf(&bundle); n < width; n++) {
		int r = tlog_bundle_next(&rest, &entry, e);
		if (r < 0)
			return r;
		struct merkle_hash leaf = merkle_leaf(entry);
		if (r == 0 || !merkle_eq(&leaf, &t->edge->v[0][n]))
			return err_set(e, ERR_INVALID, "entry %llu is not what was logged",
				       (unsigned long long)(t->edge->index[0] * TLOG_TILE + n));
		tlog_bundle_add(&t->bundle, entry);
	}
	return 0;
}

/* Full tiles that an append which failed left where the checkpoint has partial ones or none: nobody shall take them for
 * what replaced those. */
static int remove_unpublished(const struct tlog *t, struct err *e)
{
	for (unsigned level = 0; level <= TLOG_ENTRIES; level++) {
		struct buf path CLEANUP(buf_done) = { 0 };
		unsigned hashes = level == TLOG_ENTRIES ? 0 : level;
		tlog_tile_path(level, t->edge->index[hashes], TLOG_TILE, &path);
		if (unlinkat(t->dir, buf_cstr(&path), 0) && errno != ENOENT && errno != ENOTDIR)
			return err_sys(e, "removing %s", path.p);
	}
	return 0;
}

int tlog_load_edge(struct tlog *t, struct err *e)
{
	struct tlog_edge *edge = t->edge;
	for (unsigned level = 0; level < TLOG_LEVELS; level++) {
		edge->index[level] = t->point.size >> 8 * level >> 8;
		edge->n[level] = tlog_width(t->point.size, level);
		if (edge->n[level] && tlog_read_tile(t->dir, level, edge->index[level],
						     edge->n[level], edge->v[level], e))
			return e->code;
	}
	struct merkle_hash root = tlog_edge_root(edge);
	if (!merkle_eq(&root, &t->point.root))
		return err_set(e, ERR_INVALID,
			       "the last tiles are not those of the checkpoint's root");
	if (load_bundle(t, e) || remove_unpublished(t, e))
		return e->code;
	t->stale = false;
	return 0;
}

static int sign_checkpoint(const struct key *key, struct str origin, uint64_t size,
			   struct merkle_hash root, struct buf *out, struct err *e)
{
	struct checkpoint c = { .origin = origin, .size = size, .root = root };
	checkpoint_text(&c, out);
	return note_sign(out, origin, NOTE_ED25519, key, 0, e);
}

int tlog_create(struct str dir, struct str origin, const struct key *key, struct err *e)
{
	struct buf path CLEANUP(buf_done) = { 0 }, note CLEANUP(buf_done) = { 0 };
	struct tlog_edge *edge CLEANUP(cleanup_free) = calloc(1, sizeof *edge);
	if (!edge)
		abort();
	buf_add_str(&path, dir);
	if (sign_checkpoint(key, origin, 0, tlog_edge_root(edge), &note, e))
		return e->code;
	if (mkdir(buf_cstr(&path), 0755) && errno != EEXIST)
		return err_sys(e, "making log %.*s", STR(dir));
	int fd CLEANUP(cleanup_fd) = open(path.p, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "opening log %.*s", STR(dir));
	if (faccessat(fd, checkpoint_name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT ||
	    faccessat(fd, "tile", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return err_set(e, ERR_CONFLICT, "%.*s holds a log", STR(dir));
	return tlog_publish(fd, str_buf(&note), e);
}

struct batch {
	bool sync;
	uint64_t first_tile
		[TLOG_LEVELS]; /* the partial ones before the batch: their files go when they are full */
	bool changed[TLOG_LEVELS];
};

static int write_tile(struct tlog *t, const struct batch *b, unsigned level, struct err *e)
{
	struct buf path CLEANUP(buf_done) = { 0 };
	const struct tlog_edge *edge = t->edge;
	struct str hashes = { (const char *)edge->v[level], (size_t)edge->n[level] * MERKLE_HASH };
	tlog_tile_path(level, edge->index[level], edge->n[level], &path);
	if (durable_write(t->dir, buf_cstr(&path), hashes, b->sync, e))
		return e->code;
	if (level)
		return 0;
	path.n = 0;
	tlog_tile_path(TLOG_ENTRIES, edge->index[0], edge->n[0], &path);
	return durable_write(t->dir, buf_cstr(&path), str_buf(&t->bundle), b->sync, e);
}

static int add_entry(struct tlog *t, struct batch *b, struct str entry, struct err *e)
{
	struct tlog_edge *edge = t->edge;
	struct merkle_hash h = merkle_leaf(entry);
	tlog_bundle_add(&t->bundle, entry);
	for (unsigned level = 0; level < TLOG_LEVELS; level++) {
		edge->v[level][edge->n[level]++] = h;
		b->changed[level] = true;
		if (edge->n[level] < TLOG_TILE)
			break;
		if (write_tile(t, b, level, e))
			return e->code;
		if (level == 0)
			t->bundle.n = 0;
		h = tlog_edge_carry(edge, level);
	}
	return 0;
}

static int write_batch(struct tlog *t, struct batch *b, const struct str *v, size_t n,
		       struct err *e)
{
	for (size_t i = 0; i < n; i++)
		if (add_entry(t, b, v[i], e))
			return e->code;
	for (unsigned level = 0; level < TLOG_LEVELS; level++)
		if (b->changed[level] && t->edge->n[level] && write_tile(t, b, level, e))
			return e->code;
	if (t->edge->index[0] != b->first_tile[0] && remove_unpublished(t, e))
		return e->code;
	if (!b->sync && syncfs(t->dir))
		return err_sys(e, "syncing the file system");
	return 0;
}

/* The folder of partial tiles that the full one replaced. What cannot be removed does no harm. */
static void remove_partials(const struct tlog *t, unsigned level, uint64_t index)
{
	struct buf path CLEANUP(buf_done) = { 0 };
	tlog_tile_path(level, index, TLOG_TILE, &path);
	buf_add_str(&path, S(".p"));
	int fd = openat(t->dir, buf_cstr(&path), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d) {
		cleanup_fd(&fd);
		return;
	}
	for (const struct dirent *f; (f = readdir(d)) != NULL;)
		if (f->d_name[0] != '.')
			unlinkat(fd, f->d_name, 0);
	closedir(d);
	unlinkat(t->dir, path.p, AT_REMOVEDIR);
}

static void tidy(const struct tlog *t, const struct batch *b)
{
	for (unsigned level = 0; level < TLOG_LEVELS; level++) {
		if (t->edge->index[level] == b->first_tile[level])
			break;
		remove_partials(t, level, b->first_tile[level]);
		if (level == 0)
			remove_partials(t, TLOG_ENTRIES, b->first_tile[0]);
	}
}

static void take_note(struct tlog *t, struct buf *note, struct checkpoint c)
{
	buf_done(&t->note);
	t->note = *note;
	*note = (struct buf){ 0 };
	t->point = c;
}

static int commit(struct tlog *t, struct batch *b, const struct str *v, size_t n, struct err *e)
{
	struct buf note CLEANUP(buf_done) = { 0 };
	struct checkpoint c = { 0 };
	memcpy(b->first_tile, t->edge->index, sizeof b->first_tile);
	if (write_batch(t, b, v, n, e) ||
	    sign_checkpoint(t->key, t->point.origin, t->point.size + n, tlog_edge_root(t->edge),
			    &note, e) ||
	    tlog_check_note(str_buf(&note), NULL, &c, e) || tlog_publish(t->dir, str_buf(&note), e))
		return e->code;
	take_note(t, &note, c);
	tidy(t, b);
	return 0;
}

/* After a failure nobody knows how far it came; the disk does. */
static int reload(struct tlog *t, struct err *e)
{
	struct note_verifier who = { .kind = NOTE_ED25519, .key = t->key };
	struct buf origin CLEANUP(buf_done) = { 0 };
	buf_add_str(&origin, t->point.origin);
	who.name = str_buf(&origin);
	note_hint(who.name, who.kind, t->key, who.hint);
	return tlog_refresh(t, &who, e) || tlog_recover(t, &who, e) || tlog_load_edge(t, e)
		       ? e->code
		       : 0;
}

int tlog_append(struct tlog *t, const struct str *v, size_t n, uint64_t *first, struct err *e)
{
	struct batch b = { .sync = n <= SYNC_EACH_MAX };
	if (!t->key)
		return err_set(e, ERR_INVALID, "log %s was opened to be read", t->path);
	for (size_t i = 0; i < n; i++)
		if (v[i].n > TLOG_ENTRY_MAX)
			return err_set(e, ERR_LIMIT, "an entry of %zu bytes is larger than %d",
				       v[i].n, TLOG_ENTRY_MAX);
	if (t->stale && reload(t, e))
		return err_in(e, "log %s", t->path);
	uint64_t size = t->point.size;
	if (n > INT64_MAX - size)
		return err_set(e, ERR_LIMIT, "log %s is full", t->path);
	if (n && commit(t, &b, v, n, e)) {
		t->stale = true;
		return err_in(e, "appending to log %s", t->path);
	}
	*first = size;
	return 0;
}

/* The checkpoint with the lines of `note` that it does not have yet. */
static void merge_signatures(const struct tlog *t, struct str lines, struct buf *out)
{
	buf_add_str(out, str_buf(&t->note));
	while (lines.n) {
		struct buf line CLEANUP(buf_done) = { 0 };
		struct str next = str_cut(&lines, '\n');
		buf_add_char(&line, '\n');
		buf_add_str(&line, next);
		buf_add_char(&line, '\n');
		if (str_find(str_buf(out), str_buf(&line)) < 0)
			buf_add_str(out, str_from(str_buf(&line), 1));
	}
}

int tlog_add_signatures(struct tlog *t, struct str note, struct err *e)
{
	struct arena a CLEANUP(arena_done) = { 0 };
	struct buf merged CLEANUP(buf_done) = { 0 };
	struct checkpoint c = { 0 };
	struct note was = { 0 }, is = { 0 };
	if (!t->key)
		return err_set(e, ERR_INVALID, "log %s was opened to be read", t->path);
	if (t->stale && reload(t, e))
		return err_in(e, "log %s", t->path);
	if (note_parse(str_buf(&t->note), &a, &was, e) || note_parse(note, &a, &is, e))
		return e->code;
	if (!str_eq(was.text, is.text))
		return err_set(e, ERR_CONFLICT, "log %s has another checkpoint by now", t->path);
	merge_signatures(t, str_from(note, is.text.n + 1), &merged);
	if (tlog_check_note(str_buf(&merged), NULL, &c, e) ||
	    tlog_publish(t->dir, str_buf(&merged), e))
		return err_in(e, "log %s", t->path);
	take_note(t, &merged, c);
	return 0;
}
