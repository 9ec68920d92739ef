/* One body, past all analyzers that want it: streaming ones take each piece as it comes; whole ones get it in one piece
 * of memory (straight from the window when it is all there) or in the spool. An analyzer that fails makes its own file
 * unreadable and nothing else. A hostile layer may say sizes that do not come (memory grows only with what came),
 * files larger than file_bytes, or more than the spool holds: each is said, and the file is unreadable. */
#include "analyze/walk_parts.h"

#include <errno.h>
#include <unistd.h>

struct adding {
	struct walk *w;
	const struct tar_entry *te;
	struct str path;
};

static void add_reader(void *ctx, size_t analyzer)
{
	struct adding *ad = ctx;
	struct walk *w = ad->w;
	struct reader *r = ARENA_PUSH(w->a, w->readers, w->n_readers, w->readers_cap);
	const struct tar_entry *te = ad->te;
	r->analyzer = analyzer;
	r->file = (struct file){ ad->path, te->size, te->mode, te->uid, te->gid, te->mtime };
	r->before = w->records[analyzer].n_files;
}

void readers_add(struct walk *w, const struct tar_entry *te, struct str path)
{
	struct adding ad = { w, te, path };
	size_t before = w->n_readers;
	matcher_find(&w->matcher, path, add_reader, &ad);
	if (w->n_readers == before)
		return;
	/* The name lies in a buffer that the next entry overwrites. */
	struct str kept = arena_str(w->a, path);
	for (size_t i = before; i < w->n_readers; i++)
		w->readers[i].file.path = kept;
}

static void fail(struct reader *r, const struct err *e)
{
	r->failed = true;
	r->why = *e;
}

static void fail_whole(struct walk *w, const struct err *e)
{
	for (size_t i = 0; i < w->n_readers; i++)
		if (w->list[w->readers[i].analyzer]->want_whole)
			fail(&w->readers[i], e);
}

static bool any_whole(const struct walk *w)
{
	for (size_t i = 0; i < w->n_readers; i++)
		if (w->list[w->readers[i].analyzer]->want_whole && !w->readers[i].failed)
			return true;
	return false;
}

static void begin_all(struct walk *w)
{
	for (size_t i = 0; i < w->n_readers; i++) {
		struct reader *r = &w->readers[i];
		const struct analyzer *z = w->list[r->analyzer];
		struct err e;
		if (!z->want_whole && z->begin &&
		    z->begin(&w->an[r->analyzer], &r->file, &r->state, &e))
			fail(r, &e);
	}
}

static void feed_all(struct walk *w, struct str piece)
{
	for (size_t i = 0; i < w->n_readers; i++) {
		struct reader *r = &w->readers[i];
		const struct analyzer *z = w->list[r->analyzer];
		struct err e;
		if (!z->want_whole && !r->failed && z->feed &&
		    z->feed(&w->an[r->analyzer], r->state, piece, &e))
			fail(r, &e);
	}
}

/* whole NULL: only the streaming ones. */
static void end_all(struct walk *w, const struct whole *whole)
{
	for (size_t i = 0; i < w->n_readers; i++) {
		struct reader *r = &w->readers[i];
		const struct analyzer *z = w->list[r->analyzer];
		struct err e;
		if (r->failed || !z->end || (z->want_whole && !whole))
			continue;
		if (z->end(&w->an[r->analyzer], r->state, &r->file, z->want_whole ? whole : NULL,
			   &e))
			fail(r, &e);
	}
}

static void mark_unreadable(struct walk *w, const struct reader *r)
{
	struct layer_record *rec = &w->records[r->analyzer];
	const char *name = w->list[r->analyzer]->name;
	struct record_file *f = NULL;
	for (size_t i = r->before; i < rec->n_files && !f; i++)
		if (str_eq(rec->files[i].path, r->file.path))
			f = &rec->files[i];
	if (!f)
		f = record_add_file(w->a, rec, r->file.path, name, r->file.size);
	f->unreadable = arena_str(w->a, str_of(r->why.text));
}

static void count_packages(struct walk *w, struct record_file *f)
{
	uint64_t room = w->l->packages - w->packages;
	if (f->n_packages > room) {
		f->n_packages = (size_t)room;
		if (!w->packages_cut)
			walk_cut(w, f->path,
				 "more than packages, %llu, in one layer: the rest is left out",
				 (unsigned long long)w->l->packages);
		w->packages_cut = true;
	}
	w->packages += f->n_packages;
}

/* Another reader before this one has the same analyzer: its range of files covers ours. */
static bool covered(const struct walk *w, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (w->readers[j].analyzer == w->readers[i].analyzer)
			return true;
	return false;
}

/* What they gave is filed under its path, in case a later entry takes it back. */
static void settle(struct walk *w)
{
	for (size_t i = 0; i < w->n_readers; i++)
		if (w->readers[i].failed)
			mark_unreadable(w, &w->readers[i]);
	for (size_t i = 0; i < w->n_readers; i++) {
		size_t analyzer = w->readers[i].analyzer;
		struct layer_record *rec = &w->records[analyzer];
		if (covered(w, i))
			continue;
		for (size_t k = w->readers[i].before; k < rec->n_files; k++) {
			count_packages(w, &rec->files[k]);
			given_add(w, rec->files[k].path, GIVEN_FILE + analyzer, k);
		}
	}
	w->n_readers = 0;
}

static int spool_write(struct walk *w, struct str piece, uint64_t at, struct err *e)
{
	while (piece.n) {
		ssize_t n = pwrite(w->spool, piece.p, piece.n, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_sys(e, "write the spool");
		piece = str_from(piece, (size_t)n);
		at += (uint64_t)n;
	}
	return 0;
}

/* Why this body cannot be given whole, or 0. */
static int check_spool(struct walk *w, const struct tar_entry *te, struct err *e)
{
	if (w->spool < 0)
		return err_set(e, ERR_LIMIT,
			       "larger than memory_file, %llu bytes, and there is no spool",
			       (unsigned long long)w->l->memory_file);
	if (te->size > w->l->spool_bytes - w->spool_used)
		return err_set(e, ERR_LIMIT, "no room left of spool_bytes, %llu bytes",
			       (unsigned long long)w->l->spool_bytes);
	return 0;
}

enum keep { KEEP_NOT, KEEP_MEMORY, KEEP_SPOOL };

static int pass_body(struct walk *w, struct tar *t, const struct tar_entry *te, enum keep keep,
		     struct str *mem, bool *broken, struct err *e)
{
	struct str piece;
	uint64_t done = 0;
	ssize_t n;
	w->body.n = 0;
	while ((n = tar_body(t, &piece, e)) > 0) {
		feed_all(w, piece);
		if (keep == KEEP_MEMORY && piece.n == te->size) {
			*mem = piece;
			return 0;
		}
		if (keep == KEEP_MEMORY)
			buf_add_str(&w->body, piece);
		int r = keep == KEEP_SPOOL ? spool_write(w, piece, w->spool_used + done, e) : 0;
		if (r)
			return r;
		done += piece.n;
	}
	*broken = n < 0;
	*mem = str_buf(&w->body);
	return (int)n;
}

static void refuse_all(struct walk *w, const struct err *e)
{
	for (size_t i = 0; i < w->n_readers; i++)
		fail(&w->readers[i], e);
	settle(w);
}

int readers_run(struct walk *w, struct tar *t, const struct tar_entry *te, bool *broken,
		struct err *e)
{
	enum keep keep = KEEP_NOT;
	struct whole whole = { .fd = -1, .size = te->size };
	struct str path = w->readers[0].file.path;
	struct err why;
	if (te->sparse) {
		err_set(&why, ERR_UNSUPPORTED, "a sparse file");
		walk_note(w, path, "%s", why.text);
		refuse_all(w, &why);
		return 0;
	}
	if (te->size > w->l->file_bytes) {
		err_set(&why, ERR_LIMIT, "larger than file_bytes, %llu bytes",
			(unsigned long long)w->l->file_bytes);
		walk_cut(w, path, "%s", why.text);
		refuse_all(w, &why);
		return 0;
	}
	if (any_whole(w) && te->size <= w->l->memory_file) {
		keep = KEEP_MEMORY;
	} else if (any_whole(w) && check_spool(w, te, &why)) {
		walk_cut(w, path, "%s", why.text);
		fail_whole(w, &why);
	} else if (any_whole(w)) {
		keep = KEEP_SPOOL;
		whole.fd = w->spool;
		whole.offset = w->spool_used;
	}
	begin_all(w);
	int r = pass_body(w, t, te, keep, &whole.mem, broken, e);
	if (r && !*broken)
		return r;
	if (keep == KEEP_SPOOL)
		w->spool_used += te->size;
	end_all(w, r == 0 && keep != KEEP_NOT ? &whole : NULL);
	if (r)
		refuse_all(w, e);
	else
		settle(w);
	return r;
}
