/* The rpm database, wherever a distribution keeps it: var/lib/rpm or usr/lib/sysimage/rpm; Packages (Berkeley DB hash),
 * Packages.db (ndb), rpmdb.sqlite with rpmdb.sqlite-wal beside it. The formats are in rpm_bdb.c, rpm_ndb.c, rpm_sqlite.c
 * and rpm_header.c; here is which file is read as what, and when.
 *
 * A SQLite database is kept until the layer has ended, for its log may come later in the tar; a log without its database
 * (the layers differ) is recorded as a file, so that the fold can bring the two together.
 *
 * The list of packages equals `rpm -qa`, keys (gpg-pubkey) included; those carry the attribute "pseudo". Hostile input:
 * see the readers; all of them work within the budgets of the sink: header bytes no more than the database has, joined
 * paths and dependencies a small multiple. A database that is there and cannot be read is an error, an empty file too: never zero
 * packages. Not supported: rollback journals (rpm writes ahead), sqlite databases in UTF-16, encrypted Berkeley DB. */
#include "analyze/rpm.h"

#define DIRS(name) "var/lib/rpm/" name, "usr/lib/sysimage/rpm/" name

static const char *const patterns[] = {
	DIRS("Packages"), DIRS("Packages.db"), DIRS("rpmdb.sqlite"), DIRS("rpmdb.sqlite-wal"), NULL,
};
static const char *const companions[] = { "", "-wal", NULL };

/* A database or a log of this layer, waiting for the other. */
struct waiting {
	struct str path;
	struct whole whole;
	bool log;
};
struct shared {
	struct waiting *v;
	size_t n, cap;
};

static struct record_file *find_file(struct analysis *an, struct str path)
{
	for (size_t i = an->record->n_files; i-- > 0;) {
		struct record_file *f = &an->record->files[i];
		if (str_eq(f->path, path) && str_eq(f->analyzer, S("rpm")))
			return f;
	}
	return NULL;
}

static struct shared *shared_of(struct analysis *an)
{
	if (!an->shared)
		an->shared = ARENA_NEW(an->arena, struct shared);
	return an->shared;
}

/* The last of two entries with one path counts, as in a tar. */
static struct waiting *waiting_at(struct analysis *an, struct str path)
{
	struct shared *sh = shared_of(an);
	for (size_t i = 0; i < sh->n; i++)
		if (str_eq(sh->v[i].path, path))
			return &sh->v[i];
	struct waiting *w = ARENA_PUSH(an->arena, sh->v, sh->n, sh->cap);
	w->path = arena_str(an->arena, path);
	return w;
}

static void keep(struct analysis *an, const struct file *f, const struct whole *whole)
{
	struct waiting *w = waiting_at(an, f->path);
	w->whole = *whole;
	w->log = str_ends(f->path, S("-wal"));
	if (whole->fd < 0)
		w->whole.mem = arena_str(an->arena, whole->mem);
}

static int rpm_end(struct analysis *an, void *state, const struct file *f,
		   const struct whole *whole, struct err *e)
{
	(void)state;
	struct record_file *file = record_add_file(an->arena, an->record, f->path, "rpm", f->size);
	if (str_ends(f->path, S("rpmdb.sqlite")) || str_ends(f->path, S("-wal"))) {
		keep(an, f, whole);
		return 0;
	}
	struct rpm_sink sink;
	rpm_sink_init(&sink, an->arena, file, an->limits, whole->size);
	int r = str_ends(f->path, S("Packages.db")) ? rpm_ndb_read(whole, &sink, e)
						    : rpm_bdb_read(whole, &sink, e);
	return rpm_sink_result(&sink, r, e);
}

static const struct whole *log_of(const struct shared *sh, struct str db)
{
	for (size_t i = 0; i < sh->n; i++) {
		const struct waiting *w = &sh->v[i];
		if (w->log && str_starts(w->path, db) && str_eq(str_from(w->path, db.n), S("-wal")))
			return &w->whole;
	}
	return NULL;
}

static int rpm_finish(struct analysis *an, struct err *e)
{
	(void)e;
	const struct shared *sh = shared_of(an);
	for (size_t i = 0; i < sh->n; i++) {
		const struct waiting *w = &sh->v[i];
		struct record_file *file = w->log ? NULL : find_file(an, w->path);
		if (!file)
			continue;
		const struct whole *log = log_of(sh, w->path);
		struct rpm_sink sink;
		struct err why;
		rpm_sink_init(&sink, an->arena, file, an->limits,
			      w->whole.size + (log ? log->size : 0));
		int r = rpm_sqlite_read(&w->whole, log, &sink, &why);
		if (rpm_sink_result(&sink, r, &why) != 0)
			file->unreadable = arena_str(an->arena, str_of(why.text));
	}
	return 0;
}

const struct analyzer analyzer_rpm = {
	.name = "rpm",
	.version = 2,
	.database = true,
	.patterns = patterns,
	.want_whole = true,
	.end = rpm_end,
	.finish = rpm_finish,
	.companions = companions,
};
