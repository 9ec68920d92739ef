/* Building a generation: one pass over the segments writes the record bodies in order and sorts everything else outside
 * memory; then each table is appended in the order of its keys. LMDB pages are written once, front to back, in short
 * transactions without sync (nobody reads the file before it has its name), so memory holds some megabytes whatever the
 * size. Records come from segments and are decoded with bounds; a record that does not decode fails the build with the
 * segment's name. */
#include "vuln/advisory_store.h"

#include "base/map.h"
#include "vuln/sorter.h"

#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <sys/stat.h>

enum {
	TXN_BYTES = 8 << 20,
	SORT_AFFECTED = 48 << 20,
	SORT_ID = 24 << 20,
	SORT_SMALL = 8 << 20,
};

const char *const store_tables[TABLES] = { "meta", "body", "affected", "id",
					   "kev",  "epss", "feeds",    "ns" };

struct build {
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi tables[TABLES];
	size_t in_txn;
	struct sorter *affected, *ids, *kev, *epss;
	uint32_t bodies;
	struct arena arena, record; /* whole build; one record */
	struct map namespaces; /* -> struct namespace_count */
	struct buf key, value;
};
struct namespace_count {
	struct str ns;
	uint64_t records;
	uint32_t last; /* body that was counted last, + 1 */
};

static int db_error(int code, const char *what, struct err *e)
{
	int kind = code == MDB_MAP_FULL ? ERR_LIMIT : ERR_IO;
	return err_set(e, kind, "%s: %s", what, mdb_strerror(code));
}

static int put(struct build *b, enum table t, struct str key, struct str value, struct err *e)
{
	MDB_val k = { key.n, (void *)(uintptr_t)key.p },
		v = { value.n, (void *)(uintptr_t)value.p };
	int r = mdb_put(b->txn, b->tables[t], &k, &v,
			t == TABLE_META || t == TABLE_FEEDS ? 0 : MDB_APPEND);
	if (r)
		return db_error(r, "write to the database", e);
	b->in_txn += key.n + value.n;
	if (b->in_txn < TXN_BYTES)
		return 0;
	b->in_txn = 0;
	r = mdb_txn_commit(b->txn);
	b->txn = NULL;
	if (r == 0)
		r = mdb_txn_begin(b->env, NULL, 0, &b->txn);
	return r ? db_error(r, "write to the database", e) : 0;
}

static int open_database(struct build *b, const char *path, size_t map_size, struct err *e)
{
	int r = mdb_env_create(&b->env);
	if (r == 0)
		r = mdb_env_set_maxdbs(b->env, TABLES);
	if (r == 0)
		r = mdb_env_set_mapsize(b->env, map_size);
	if (r == 0)
		r = mdb_env_open(b->env, path,
				 MDB_NOSUBDIR | MDB_NOLOCK | MDB_NOSYNC | MDB_NORDAHEAD |
					 MDB_NOMEMINIT,
				 0644);
	if (r == 0)
		r = mdb_txn_begin(b->env, NULL, 0, &b->txn);
	for (size_t i = 0; i < TABLES && r == 0; i++)
		r = mdb_dbi_open(b->txn, store_tables[i],
				 MDB_CREATE | (i == TABLE_BODY ? MDB_INTEGERKEY : 0u),
				 &b->tables[i]);
	return r ? db_error(r, "create the database", e) : 0;
}

static void count_namespace(struct build *b, struct str ns, uint32_t number)
{
	struct namespace_count *c = map_get(&b->namespaces, ns);
	if (!c) {
		c = ARENA_NEW(&b->arena, struct namespace_count);
		c->ns = arena_str(&b->arena, ns);
		*map_at(&b->namespaces, c->ns) = c;
	}
	if (c->last != number + 1) {
		c->last = number + 1;
		c->records++;
	}
}

static int add_affected(struct build *b, const struct affected *f, uint32_t number, struct err *e)
{
	b->key.n = b->value.n = 0;
	buf_add_str(&b->key, f->ns);
	buf_add_char(&b->key, '\0');
	buf_add_str(&b->key, f->package);
	code_put_number(&b->value, number);
	int r = affected_encode(f, &b->value, e);
	if (r)
		return r;
	count_namespace(b, f->ns, number);
	return sorter_add(b->affected, str_buf(&b->key), str_buf(&b->value), e);
}

static int add_id(struct build *b, struct str id, uint32_t number, struct err *e)
{
	if (id.n == 0 || id.n > STORE_KEY_MAX)
		return 0;
	b->value.n = 0;
	code_put_number(&b->value, number);
	return sorter_add(b->ids, id, str_buf(&b->value), e);
}

static int add_advisory(struct build *b, struct str bytes, struct err *e)
{
	struct advisory adv;
	uint32_t number = b->bodies++;
	arena_done(&b->record);
	int r = advisory_decode(&b->record, bytes, &adv, e);
	if (r)
		return r;
	b->value.n = 0;
	advisory_encode_body(&adv, &b->value);
	r = put(b, TABLE_BODY, (struct str){ (const char *)&number, sizeof number },
		str_buf(&b->value), e);
	for (size_t i = 0; i < adv.n_affected && r == 0; i++)
		r = add_affected(b, &adv.affected[i], number, e);
	if (r == 0)
		r = add_id(b, adv.id, number, e);
	for (size_t i = 0; i < adv.aliases.n && r == 0; i++)
		if (!str_eq(adv.aliases.v[i], adv.id))
			r = add_id(b, adv.aliases.v[i], number, e);
	return r;
}

static int add_record(void *ctx, enum segment_type type, struct str bytes, struct err *e)
{
	struct build *b = ctx;
	struct kev k;
	struct epss p;
	int r;
	switch (type) {
	case SEGMENT_ADVISORY:
		return add_advisory(b, bytes, e);
	case SEGMENT_KEV:
		r = kev_decode(bytes, &k, e);
		return r ? r : sorter_add(b->kev, k.id, bytes, e);
	case SEGMENT_EPSS:
		r = epss_decode(bytes, &p, e);
		return r ? r : sorter_add(b->epss, p.id, bytes, e);
	case SEGMENT_END:
		break;
	}
	return err_set(e, ERR_INVALID, "a record of the segment has an unknown type");
}

static int add_feed(struct build *b, int fd, struct err *e)
{
	struct buf bytes CLEANUP(buf_done) = { 0 };
	struct feed_info info;
	int r = segment_info(fd, &bytes, &info, e);
	if (r)
		return r;
	b->value.n = 0;
	code_put_number(&b->value, (uint64_t)MAX(info.fetched, (int64_t)0));
	feed_info_encode(&info, &b->value);
	return put(b, TABLE_FEEDS, info.name, str_buf(&b->value), e);
}

static int add_segments(struct build *b, const struct advisory_writer *w, const struct strs *files,
			char bad[256], struct err *e)
{
	for (size_t i = 0; i < files->n; i++) {
		int fd CLEANUP(cleanup_fd) =
			openat(w->segments_fd, files->v[i].p, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		if (fd < 0)
			return err_sys(e, "open the segment %s", files->v[i].p);
		int r = segment_each(fd, add_record, b, e);
		if (r == 0)
			r = add_feed(b, fd, e);
		if (r) {
			snprintf(bad, 256, "%s", files->v[i].p);
			return err_in(e, "segment %s", files->v[i].p);
		}
	}
	return 0;
}

/* Values of equal keys, each behind its length when `sized`, become one value. */
static int append_groups(struct build *b, struct sorter *s, enum table t, bool sized, struct err *e)
{
	struct str key, value;
	int r;
	b->key.n = b->value.n = 0;
	while ((r = sorter_next(s, &key, &value, e)) == 1) {
		if (b->value.n && !str_eq(key, str_buf(&b->key))) {
			r = put(b, t, str_buf(&b->key), str_buf(&b->value), e);
			if (r)
				return r;
			b->value.n = 0;
		}
		b->key.n = 0;
		buf_add_str(&b->key, key);
		if (sized)
			code_put_number(&b->value, value.n);
		buf_add_str(&b->value, value);
		if (b->value.n > GROUP_BYTES_MAX)
			return err_set(e, ERR_LIMIT, "more than %d bytes about one package or id",
				       GROUP_BYTES_MAX);
	}
	return r == 0 && b->value.n ? put(b, t, str_buf(&b->key), str_buf(&b->value), e) : r;
}

/* Of equal keys the last counts. */
static int append_single(struct build *b, struct sorter *s, enum table t, struct err *e)
{
	struct str key, value;
	int r;
	b->key.n = b->value.n = 0;
	while ((r = sorter_next(s, &key, &value, e)) == 1) {
		if (b->value.n && !str_eq(key, str_buf(&b->key))) {
			r = put(b, t, str_buf(&b->key), str_buf(&b->value), e);
			if (r)
				return r;
		}
		b->key.n = b->value.n = 0;
		buf_add_str(&b->key, key);
		buf_add_str(&b->value, value);
	}
	return r == 0 && b->value.n ? put(b, t, str_buf(&b->key), str_buf(&b->value), e) : r;
}

static int compare_counts(const void *x, const void *y)
{
	const struct namespace_count *const *a = x, *const *b = y;
	return str_cmp((*a)->ns, (*b)->ns);
}

static int append_namespaces(struct build *b, struct err *e)
{
	const struct namespace_count **v = arena_array(&b->arena, b->namespaces.n + 1, sizeof *v);
	size_t n = 0;
	for (size_t i = 0; i < b->namespaces.cap; i++)
		if (b->namespaces.slots[i].used)
			v[n++] = b->namespaces.slots[i].value;
	qsort(v, n, sizeof *v, compare_counts);
	int r = 0;
	for (size_t i = 0; i < n && r == 0; i++) {
		b->value.n = 0;
		code_put_number(&b->value, v[i]->records);
		r = put(b, TABLE_NS, v[i]->ns, str_buf(&b->value), e);
	}
	return r;
}

static int put_meta(struct build *b, const char *name, uint64_t number, struct err *e)
{
	b->value.n = 0;
	code_put_number(&b->value, number);
	return put(b, TABLE_META, str_of(name), str_buf(&b->value), e);
}

/* The last pages may be free ones that were never written: the file gets its full length, which readers check. */
static int set_length(struct build *b, const char *path, struct err *e)
{
	MDB_envinfo info;
	MDB_stat stat;
	struct stat st;
	int r = mdb_env_info(b->env, &info);
	if (r == 0)
		r = mdb_env_stat(b->env, &stat);
	if (r == 0)
		r = mdb_env_sync(b->env, 1);
	if (r)
		return db_error(r, "sync the database", e);
	mdb_env_close(b->env);
	b->env = NULL;
	off_t want = (off_t)((info.me_last_pgno + 1) * stat.ms_psize);
	int fd CLEANUP(cleanup_fd) = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) || (st.st_size < want && ftruncate(fd, want)) ||
	    fchmod(fd, 0644) || fsync(fd))
		return err_sys(e, "sync %s", path);
	return 0;
}

static int build_all(struct build *b, const struct advisory_writer *w, const struct strs *files,
		     int64_t now, char bad[256], struct err *e)
{
	int r = add_segments(b, w, files, bad, e);
	if (r == 0)
		r = append_groups(b, b->affected, TABLE_AFFECTED, true, e);
	if (r == 0)
		r = append_groups(b, b->ids, TABLE_ID, false, e);
	if (r == 0)
		r = append_single(b, b->kev, TABLE_KEV, e);
	if (r == 0)
		r = append_single(b, b->epss, TABLE_EPSS, e);
	if (r == 0)
		r = append_namespaces(b, e);
	if (r == 0)
		r = put_meta(b, "format", ADVISORY_FORMAT, e);
	if (r == 0)
		r = put_meta(b, "created", (uint64_t)MAX(now, (int64_t)0), e);
	if (r)
		return r;
	r = mdb_txn_commit(b->txn);
	b->txn = NULL;
	return r ? db_error(r, "write to the database", e) : 0;
}

/* Address space only: eight times the records and their indexes. */
static int map_size(const struct advisory_writer *w, const struct strs *files, size_t *out,
		    struct err *e)
{
	size_t sum = (size_t)1 << 28;
	for (size_t i = 0; i < files->n; i++) {
		struct stat st;
		if (fstatat(w->segments_fd, files->v[i].p, &st, AT_SYMLINK_NOFOLLOW))
			return err_sys(e, "stat the segment %s", files->v[i].p);
		sum += (size_t)st.st_size * 8;
	}
	*out = (sum + 0xfffff) & ~(size_t)0xfffff;
	return 0;
}

static int open_sorters(struct build *b, struct str dir, struct err *e)
{
	int r = sorter_open(dir, SORT_AFFECTED, &b->affected, e);
	if (r == 0)
		r = sorter_open(dir, SORT_ID, &b->ids, e);
	if (r == 0)
		r = sorter_open(dir, SORT_SMALL, &b->kev, e);
	if (r == 0)
		r = sorter_open(dir, SORT_SMALL, &b->epss, e);
	return r;
}

static void build_done(struct build *b)
{
	if (b->txn)
		mdb_txn_abort(b->txn);
	if (b->env)
		mdb_env_close(b->env);
	sorter_close(b->affected);
	sorter_close(b->ids);
	sorter_close(b->kev);
	sorter_close(b->epss);
	buf_done(&b->key);
	buf_done(&b->value);
	arena_done(&b->record);
	arena_done(&b->arena);
}

int generation_build(const struct advisory_writer *w, const char *path, int64_t now, char bad[256],
		     struct err *e)
{
	struct build b CLEANUP(build_done) = { 0 };
	struct strs files = { 0 };
	size_t size = 0;
	map_init(&b.namespaces, &b.arena);
	int r = segments_list(w, &b.arena, &files, e);
	if (r == 0)
		r = map_size(w, &files, &size, e);
	if (r == 0)
		r = open_sorters(&b, str_of(w->dir), e);
	if (r == 0)
		r = open_database(&b, path, size, e);
	if (r == 0)
		r = build_all(&b, w, &files, now, bad, e);
	return r ? r : set_length(&b, path, e);
}
