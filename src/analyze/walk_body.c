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

/* There may be no memory left for a record of it. */
static bool leave_out(struct walk *w, size_t analyzer, struct str path)
{
	if (w->list[analyzer]->database || !analysis_full(&w->an[analyzer]))
		return false;
	if (!w->memory_cut)
		walk_cut(w, path,
			 "what was found fills a quarter of layer_memory, %llu bytes: only the "
			 "distribution's databases are read from here on",
			 (unsigned long long)w->l->layer_memory);
	return w->memory_cut = true;
}

static void add_reader(void *ctx, size_t analyzer)
{
	struct adding *ad = ctx;
	struct walk *w = ad->w;
	if ((w->in->aliases && w->list[analyzer]->own_paths) || leave_out(w, analyzer, ad->path))
		return;
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

/* Drops readers whose analyzer does not want such a body. */
static void ask(struct walk *w, struct str head)
{
	size_t kept = 0;
	for (size_t i = 0; i < w->n_readers; i++) {
		const struct analyzer *z = w->list[w->readers[i].analyzer];
		if (!z->wants || z->wants(&w->readers[i].file, head))
			w->readers[kept++] = w->readers[i];
	}
	w->n_readers = kept;
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

enum { DIGESTS = 3 };
enum keep { KEEP_NOT, KEEP_MEMORY, KEEP_SPOOL };

/* One body on its way: what was read of it, where it goes. */
struct passing {
	struct tar *t;
	const struct tar_entry *te;
	struct str piece; /* the first one */
	ssize_t n; /* its length, 0: none, or a code */
	enum keep keep;
	struct whole whole;
};

static bool has_something(const struct layer_record *rec, size_t from)
{
	for (size_t k = from; k < rec->n_files; k++)
		if (rec->files[k].n_packages || rec->files[k].n_attrs)
			return true;
	return false;
}

static int take_digests(const struct whole *whole, struct digest *d, struct err *e)
{
	enum { PIECE = 64 << 10 };
	static const unsigned char algs[DIGESTS] = { DIGEST_SHA256, DIGEST_SHA1, DIGEST_MD5 };
	struct hasher *h[DIGESTS];
	char piece[PIECE];
	int r = 0;
	for (size_t i = 0; i < DIGESTS; i++)
		h[i] = hasher_open(algs[i]);
	for (uint64_t at = 0; r == 0 && at < whole->size; at += PIECE) {
		size_t n = (size_t)MIN(whole->size - at, (uint64_t)PIECE);
		r = whole_read(whole, at, piece, n, e);
		for (size_t i = 0; r == 0 && i < DIGESTS; i++)
			hasher_add(h[i], piece, n);
	}
	for (size_t i = 0; i < DIGESTS; i++) {
		hasher_end(h[i], &d[i]);
		hasher_close(h[i]);
	}
	return r;
}

/* Of a body in which packages were found, to every file that it gave. Of all others nobody asks: most programs hold no
 * build information, and hashing them all would cost more than looking at them. */
static int add_digests(struct walk *w, const struct whole *whole, struct err *e)
{
	struct digest d[DIGESTS] = { 0 };
	for (size_t i = 0; i < w->n_readers; i++) {
		const struct reader *r = &w->readers[i];
		struct layer_record *rec = &w->records[r->analyzer];
		if (!w->list[r->analyzer]->digests || !has_something(rec, r->before))
			continue;
		if (d[0].alg == DIGEST_NONE && take_digests(whole, d, e))
			return e->code;
		for (size_t k = r->before; k < rec->n_files; k++) {
			rec->files[k].sha256 = d[0];
			rec->files[k].sha1 = d[1];
			rec->files[k].md5 = d[2];
		}
	}
	return 0;
}

static int pass_piece(struct walk *w, struct passing *p, struct str piece, uint64_t at,
		      struct err *e)
{
	feed_all(w, piece);
	if (p->keep == KEEP_MEMORY && piece.n == p->te->size)
		p->whole.mem = piece;
	else if (p->keep == KEEP_MEMORY)
		buf_add_str(&w->body, piece);
	else if (p->keep == KEEP_SPOOL)
		return spool_write(w, piece, w->spool_used + at, e);
	return 0;
}

static int pass_body(struct walk *w, struct passing *p, bool *broken, struct err *e)
{
	uint64_t done = 0;
	w->body.n = 0;
	for (ssize_t n = p->n;; n = tar_body(p->t, &p->piece, e)) {
		if (n <= 0) {
			*broken = n < 0;
			if (!p->whole.mem.n)
				p->whole.mem = str_buf(&w->body);
			return (int)n;
		}
		int r = pass_piece(w, p, p->piece, done, e);
		if (r)
			return r;
		done += p->piece.n;
		if (done == p->te->size && p->whole.mem.n)
			return 0;
	}
}

static void refuse_all(struct walk *w, const struct err *e)
{
	for (size_t i = 0; i < w->n_readers; i++)
		fail(&w->readers[i], e);
	settle(w);
}

/* A body too large for those that want it whole, or for all but those that take any. The record is cut where the
 * packages of the distribution are at stake; elsewhere the unreadable file says enough. */
static void refuse_large(struct walk *w, bool whole_only, const struct err *why)
{
	bool cut = false;
	for (size_t i = 0; i < w->n_readers; i++) {
		const struct analyzer *z = w->list[w->readers[i].analyzer];
		if (z->want_whole || (!whole_only && !z->own_paths)) {
			fail(&w->readers[i], why);
			cut |= z->database;
		}
	}
	if (cut)
		walk_cut(w, w->readers[0].file.path, "%s", why->text);
}

static void choose_keep(struct walk *w, struct passing *p)
{
	struct err why;
	if (p->te->size > w->l->file_bytes) {
		err_set(&why, ERR_LIMIT, "larger than file_bytes, %llu bytes",
			(unsigned long long)w->l->file_bytes);
		refuse_large(w, false, &why);
	} else if (!any_whole(w)) {
		return;
	} else if (p->te->size <= w->l->memory_file) {
		p->keep = KEEP_MEMORY;
	} else if (check_spool(w, p->te, &why)) {
		refuse_large(w, true, &why);
	} else {
		p->keep = KEEP_SPOOL;
		p->whole.fd = w->spool;
		p->whole.offset = w->spool_used;
	}
}

/* Analyzers that finish later still read what lies in the spool. */
static bool spool_stays(const struct walk *w)
{
	for (size_t i = 0; i < w->n_readers; i++) {
		const struct analyzer *z = w->list[w->readers[i].analyzer];
		if (z->want_whole && z->finish)
			return true;
	}
	return false;
}

int readers_run(struct walk *w, struct tar *t, const struct tar_entry *te, bool *broken,
		struct err *e)
{
	enum { HEAD = 64 };
	struct passing p = { .t = t, .te = te, .whole = { .fd = -1, .size = te->size } };
	struct err why;
	p.n = tar_body(t, &p.piece, e);
	bool at_hand = p.n >= (ssize_t)MIN(te->size, (uint64_t)HEAD);
	ask(w, at_hand ? p.piece : S(""));
	if (w->n_readers == 0) {
		*broken = p.n < 0;
		return p.n < 0 ? (int)p.n : 0;
	}
	if (te->sparse) {
		err_set(&why, ERR_UNSUPPORTED, "a sparse file");
		walk_note(w, w->readers[0].file.path, "%s", why.text);
		refuse_all(w, &why);
		return 0;
	}
	choose_keep(w, &p);
	begin_all(w);
	int r = pass_body(w, &p, broken, e);
	bool have = r == 0 && p.keep != KEEP_NOT;
	if (r == 0 || *broken)
		end_all(w, have ? &p.whole : NULL);
	if (have)
		r = add_digests(w, &p.whole, e);
	if (r && !*broken)
		return r;
	if (p.keep == KEEP_SPOOL && spool_stays(w))
		w->spool_used += te->size;
	if (r)
		refuse_all(w, e);
	else
		settle(w);
	return r;
}
