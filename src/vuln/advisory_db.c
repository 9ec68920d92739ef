/* Reading the advisory database: a generation is mapped read-only, without locks, and looked up in place; every value
 * is decoded with bounds. The file's size is compared with what `current` says and with the tree's last page, so that a
 * cut file is refused and not walked into. */
#include "vuln/advisory_store.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <sys/stat.h>

enum { CURRENT_MAX = 1024, IDS_MAX = 10000 };

struct advisory_db {
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi tables[TABLES];
	char generation[DIGEST_TEXT];
};

/* The rest of the next line when it begins with the word; empty otherwise. */
static struct str field(struct str *text, struct str word)
{
	struct str line;
	if (!str_line(text, &line) || !str_starts(line, word))
		return S("");
	return str_from(line, word.n);
}

static int current_parse(struct str text, struct current *out, struct err *e)
{
	struct current c = { 0 };
	uint64_t format = 0;
	if (!str_to_u64(field(&text, S("format ")), UINT32_MAX, &format))
		return err_set(e, ERR_INVALID, "no format");
	if (format != ADVISORY_FORMAT)
		return err_set(e, ERR_UNSUPPORTED,
			       "format %llu, this program reads %d; run 'lazaret db update'",
			       (unsigned long long)format, ADVISORY_FORMAT);
	struct str file = field(&text, S("file "));
	if (!str_starts(file, S("advisories-")) || file.n >= sizeof c.file ||
	    memchr(file.p, '/', file.n))
		return err_set(e, ERR_INVALID, "no file name");
	memcpy(c.file, file.p, file.n);
	if (!str_to_u64(field(&text, S("size ")), INT64_MAX, &c.size))
		return err_set(e, ERR_INVALID, "no size");
	int r = digest_parse(field(&text, S("digest ")), &c.digest, e);
	if (r == 0)
		*out = c;
	return r;
}

int current_read(struct str dir, struct current *out, struct err *e)
{
	char path[STORE_PATH], text[CURRENT_MAX];
	snprintf(path, sizeof path, "%.*s/current", STR(dir));
	int fd CLEANUP(cleanup_fd) = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return err_set(e, ERR_NOT_FOUND,
			       "there is no advisory database in %.*s: run 'lazaret db update'",
			       STR(dir));
	if (fd < 0)
		return err_sys(e, "open %s", path);
	ssize_t n = read(fd, text, sizeof text);
	if (n < 0)
		return err_sys(e, "read %s", path);
	int r = current_parse((struct str){ text, (size_t)n }, out, e);
	return r ? err_in(e, "%s", path) : 0;
}

static int db_error(int code, const char *path, struct err *e)
{
	int kind = code == ENOENT ? ERR_NOT_FOUND : code < 0 ? ERR_INVALID : ERR_IO;
	return err_set(e, kind, "open %s: %s", path, mdb_strerror(code));
}

/* A cut file must not be walked into: reading behind its end would kill us. */
static int check_size(struct advisory_db *db, const char *path, const struct current *c,
		      struct err *e)
{
	MDB_envinfo info;
	MDB_stat stat;
	int r = mdb_env_info(db->env, &info);
	if (r == 0)
		r = mdb_env_stat(db->env, &stat);
	if (r)
		return db_error(r, path, e);
	if (stat.ms_psize == 0 || info.me_last_pgno >= c->size / stat.ms_psize)
		return err_set(e, ERR_INVALID, "%s is cut short", path);
	return 0;
}

static int open_tables(struct advisory_db *db, const char *path, struct err *e)
{
	int r = mdb_txn_begin(db->env, NULL, MDB_RDONLY, &db->txn);
	for (size_t i = 0; i < TABLES && r == 0; i++)
		r = mdb_dbi_open(db->txn, store_tables[i], i == TABLE_BODY ? MDB_INTEGERKEY : 0u,
				 &db->tables[i]);
	return r ? db_error(r == MDB_NOTFOUND ? MDB_INVALID : r, path, e) : 0;
}

static int open_generation(struct advisory_db *db, const char *path, const struct current *c,
			   struct err *e)
{
	struct stat st;
	if (stat(path, &st))
		return err_sys(e, "open %s", path);
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != c->size)
		return err_set(e, ERR_INVALID, "%s has %lld bytes, not %llu", path,
			       (long long)st.st_size, (unsigned long long)c->size);
	int r = mdb_env_create(&db->env);
	if (r == 0)
		r = mdb_env_set_maxdbs(db->env, TABLES);
	if (r == 0)
		r = mdb_env_set_mapsize(db->env, c->size);
	if (r == 0)
		r = mdb_env_open(db->env, path,
				 MDB_RDONLY | MDB_NOLOCK | MDB_NOSUBDIR | MDB_NOTLS | MDB_NORDAHEAD,
				 0);
	if (r)
		return db_error(r, path, e);
	r = check_size(db, path, c, e);
	return r ? r : open_tables(db, path, e);
}

int advisory_db_open(struct str dir, struct advisory_db **out, struct err *e)
{
	char path[STORE_PATH];
	struct current c;
	int r = current_read(dir, &c, e);
	if (r)
		return r;
	struct advisory_db *db = calloc(1, sizeof *db);
	if (!db)
		abort();
	digest_text(&c.digest, db->generation);
	snprintf(path, sizeof path, "%.*s/%s", STR(str_upto(dir, 3900)), c.file);
	r = open_generation(db, path, &c, e);
	if (r) {
		advisory_db_close(db);
		return r;
	}
	*out = db;
	return 0;
}

void advisory_db_close(struct advisory_db *db)
{
	if (!db)
		return;
	if (db->txn)
		mdb_txn_abort(db->txn);
	if (db->env)
		mdb_env_close(db->env);
	free(db);
}

struct str advisory_db_generation(const struct advisory_db *db)
{
	return str_of(db->generation);
}

/* 1 when it is there, 0 when it is not, or a code. */
static int look_up(struct advisory_db *db, enum table t, struct str key, struct str *out,
		   struct err *e)
{
	MDB_val k = { key.n, (void *)(uintptr_t)key.p }, v;
	if (key.n == 0 || key.n > STORE_KEY_MAX)
		return 0;
	int r = mdb_get(db->txn, db->tables[t], &k, &v);
	if (r == MDB_NOTFOUND)
		return 0;
	if (r)
		return err_set(e, ERR_INVALID, "read the advisory database: %s", mdb_strerror(r));
	*out = (struct str){ v.mv_data, v.mv_size };
	return 1;
}

static int get_body(struct advisory_db *db, uint64_t number, struct arena *a, struct advisory *out,
		    struct err *e)
{
	struct str bytes;
	uint32_t key = (uint32_t)number;
	int r = look_up(db, TABLE_BODY, (struct str){ (const char *)&key, sizeof key }, &bytes, e);
	if (r == 0)
		return err_set(e, ERR_INVALID, "the advisory database lacks record %llu",
			       (unsigned long long)number);
	return r < 0 ? r : advisory_decode_body(a, bytes, out, e);
}

static int get_entry(struct advisory_db *db, struct str entry, struct arena *a,
		     struct advisory *out, struct err *e)
{
	struct code c = code_of(entry);
	uint64_t number = code_number(&c, UINT32_MAX);
	struct affected *f = ARENA_NEW(a, struct affected);
	if (c.bad)
		return err_set(e, ERR_INVALID, "an entry is damaged");
	int r = affected_decode(a, (struct str){ c.p, (size_t)(c.end - c.p) }, f, e);
	if (r == 0)
		r = get_body(db, number, a, out, e);
	if (r == 0) {
		out->affected = f;
		out->n_affected = out->affected_cap = 1;
	}
	return r;
}

int advisory_db_find(struct advisory_db *db, struct str ns, struct str package, struct arena *a,
		     struct advisory **out, size_t *n, struct err *e)
{
	char key[STORE_KEY_MAX];
	struct advisory *v = NULL;
	size_t count = 0, cap = 0;
	struct str value = { 0 };
	*n = 0;
	if (ns.n == 0 || package.n == 0 || ns.n + 1 + package.n > sizeof key)
		return 0;
	memcpy(key, ns.p, ns.n);
	key[ns.n] = '\0';
	memcpy(key + ns.n + 1, package.p, package.n);
	int r = look_up(db, TABLE_AFFECTED, (struct str){ key, ns.n + 1 + package.n }, &value, e);
	if (r <= 0)
		return r;
	struct code c = code_of(value);
	struct str kept_ns = arena_str(a, ns), kept_package = arena_str(a, package);
	while (c.p < c.end) {
		struct str entry = code_str(&c);
		struct advisory adv = { 0 };
		r = c.bad ? err_set(e, ERR_INVALID, "an entry is damaged")
			  : get_entry(db, entry, a, &adv, e);
		if (r)
			return err_in(e, "advisories of %.*s in %.*s", STR(package), STR(ns));
		adv.affected->ns = kept_ns;
		adv.affected->package = kept_package;
		*ARENA_PUSH(a, v, count, cap) = adv;
	}
	*out = v;
	*n = count;
	return 0;
}

int advisory_db_get(struct advisory_db *db, struct str id, struct arena *a, struct advisory **out,
		    size_t *n, struct err *e)
{
	struct advisory *v = NULL;
	size_t count = 0, cap = 0;
	struct str value = { 0 };
	*n = 0;
	int r = look_up(db, TABLE_ID, id, &value, e);
	if (r <= 0)
		return r;
	struct code c = code_of(value);
	while (c.p < c.end && count < IDS_MAX) {
		uint64_t number = code_number(&c, UINT32_MAX);
		struct advisory adv = { 0 };
		r = c.bad ? err_set(e, ERR_INVALID, "an entry is damaged")
			  : get_body(db, number, a, &adv, e);
		if (r)
			return err_in(e, "records of %.*s", STR(id));
		*ARENA_PUSH(a, v, count, cap) = adv;
	}
	*out = v;
	*n = count;
	return 0;
}

bool advisory_db_kev(struct advisory_db *db, struct str cve, struct kev *out)
{
	struct str value;
	struct err e;
	return look_up(db, TABLE_KEV, cve, &value, &e) == 1 && kev_decode(value, out, &e) == 0;
}

bool advisory_db_epss(struct advisory_db *db, struct str cve, struct epss *out)
{
	struct str value;
	struct err e;
	return look_up(db, TABLE_EPSS, cve, &value, &e) == 1 && epss_decode(value, out, &e) == 0;
}

uint64_t advisory_db_namespace_records(struct advisory_db *db, struct str ns)
{
	struct str value;
	struct err e;
	if (look_up(db, TABLE_NS, ns, &value, &e) != 1)
		return 0;
	struct code c = code_of(value);
	return code_number(&c, UINT64_MAX);
}

static int feed_of(struct str value, struct feed_info *out, struct err *e)
{
	struct code c = code_of(value);
	uint64_t fetched = code_number(&c, INT64_MAX);
	if (c.bad)
		return err_set(e, ERR_INVALID, "a feed's description is damaged");
	int r = feed_info_decode((struct str){ c.p, (size_t)(c.end - c.p) }, out, e);
	if (r == 0)
		out->fetched = (int64_t)fetched;
	return r;
}

static void cleanup_cursor(MDB_cursor **c)
{
	if (*c)
		mdb_cursor_close(*c);
}

int advisory_db_feeds(struct advisory_db *db, struct arena *a, struct feed_info **out, size_t *n,
		      struct err *e)
{
	MDB_cursor *cursor CLEANUP(cleanup_cursor) = NULL;
	struct feed_info *v = NULL;
	size_t count = 0, cap = 0;
	MDB_val key, value;
	int r = mdb_cursor_open(db->txn, db->tables[TABLE_FEEDS], &cursor);
	while (r == 0 && count < SEGMENTS_MAX &&
	       (r = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
		struct feed_info info;
		int t = feed_of((struct str){ value.mv_data, value.mv_size }, &info, e);
		if (t)
			return t;
		*ARENA_PUSH(a, v, count, cap) = info;
	}
	if (r && r != MDB_NOTFOUND)
		return err_set(e, ERR_INVALID, "read the advisory database: %s", mdb_strerror(r));
	*out = v;
	*n = count;
	return 0;
}
