/* The workflow of a TUF client (specification 1.0, section 5.2 to 5.6): roots one after the other, each signed by
 * the one before and by itself; then timestamp, snapshot, targets. What holds is written to the folder before the
 * next step builds on it.
 *
 * Hostile input: a mirror that serves old metadata (versions never go back), keeps serving what it has (expiry
 * against the caller's clock), mixes files of different times (versions and hashes in what is signed above), or
 * endless ones (a size for each role). A root that gives the timestamp or snapshot role to new keys makes us forget
 * those files, so that an attacker who pushed their versions far ahead does not lock us out. Not supported:
 * mirrors.json, TAP 4 maps. */
#include "trust/tuf_metadata.h"
#include "base/durable.h"
#include "base/time.h"

#include <errno.h>
#include <sys/file.h>

void tuf_quote(struct str s, bool keep_slash, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c <= 0x20 || c >= 0x7f || strchr("\"#%<>?[\\]^`{|}", c) ||
		    (c == '/' && !keep_slash))
			buf_addf(out, "%%%02X", c);
		else
			buf_add_char(out, (char)c);
	}
}

static struct str path_of(struct tuf *t, const char *folder, struct str name, const char *suffix)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	buf_addf(&b, "%.*s/%s", STR(t->dir), folder);
	tuf_quote(name, false, &b);
	buf_add_str(&b, str_of(suffix));
	return arena_str(&t->arena, str_buf(&b));
}

static struct str role_path(struct tuf *t, struct str role)
{
	static const char *const top[] = { "root", "timestamp", "snapshot", "targets" };
	for (size_t i = 0; i < COUNT(top); i++)
		if (str_eq(role, str_of(top[i])))
			return path_of(t, "", role, ".json");
	return path_of(t, "delegated/", role, ".json");
}

static int store(struct tuf *t, struct str role, struct str bytes, struct err *e)
{
	return t->mirror ? durable_replace(role_path(t, role), bytes, e) : 0;
}

static int check_expiry(const struct tuf *t, const struct tuf_metadata *m, const char *name,
			struct err *e)
{
	char text[TIME_TEXT];
	if (m->expires > t->now)
		return 0;
	return err_set(e, ERR_INVALID, "%s metadata of version %llu has expired: %s", name,
		       (unsigned long long)m->version, time_text(m->expires, text));
}

static int load_root(struct tuf *t, struct err *e)
{
	struct buf bytes CLEANUP(buf_done) = { 0 };
	struct tuf_metadata *m CLEANUP(cleanup_tuf_metadata) = NULL;
	int r = durable_read(AT_FDCWD, role_path(t, S("root")).p, TUF_ROOT_MAX, &bytes, e);
	if (r == ERR_NOT_FOUND)
		return err_set(e, ERR_NOT_FOUND,
			       "there is no trust root in %.*s: `lazaret trust init` makes one",
			       STR(t->dir));
	if (r == 0)
		r = tuf_metadata_parse(str_buf(&bytes), "root", &m, e);
	if (r == 0)
		r = tuf_metadata_verify(m, m, tuf_root_role(m, "root"), "root", e);
	if (r)
		return r;
	t->root = STEAL(m);
	return 0;
}

static void forget(struct tuf *t, const char *role)
{
	unlink(role_path(t, str_of(role)).p);
}

/* The next root: 1, 0 when there is none, or a code. */
static int rotate(struct tuf *t, struct err *e)
{
	struct buf bytes CLEANUP(buf_done) = { 0 };
	struct tuf_metadata *m CLEANUP(cleanup_tuf_metadata) = NULL;
	unsigned long long next = t->root->version + 1;
	struct str name = arena_printf(&t->arena, "%llu.root.json", next);
	int r = t->mirror->get(t->mirror->ctx, name.p, TUF_ROOT_MAX, &bytes, e);
	if (r == ERR_NOT_FOUND)
		return 0;
	if (r || tuf_metadata_parse(str_buf(&bytes), "root", &m, e) ||
	    tuf_metadata_verify(m, t->root, tuf_root_role(t->root, "root"), "root", e) ||
	    tuf_metadata_verify(m, m, tuf_root_role(m, "root"), "root", e))
		return err_in(e, "%s", name.p);
	if (m->version != next)
		return err_set(e, ERR_INVALID, "%s has version %llu", name.p,
			       (unsigned long long)m->version);
	if (tuf_role_changed(t->root, m, "timestamp") || tuf_role_changed(t->root, m, "snapshot")) {
		forget(t, "timestamp");
		forget(t, "snapshot");
	}
	if (store(t, S("root"), str_buf(&bytes), e))
		return e->code;
	tuf_metadata_close(t->root);
	t->root = STEAL(m);
	return 1;
}

static int update_root(struct tuf *t, struct err *e)
{
	if (load_root(t, e))
		return e->code;
	for (int i = 0, r = 1; t->mirror && r; i++) {
		if (i == TUF_ROTATIONS_MAX)
			return err_set(e, ERR_LIMIT, "more than %d new roots at once",
				       TUF_ROTATIONS_MAX);
		r = rotate(t, e);
		if (r < 0)
			return r;
	}
	return check_expiry(t, t->root, "root", e);
}

/* What the folder has of a role, if the present keys signed it; NULL else. */
static struct tuf_metadata *load_stored(struct tuf *t, struct str role, const char *type,
					size_t max, const struct tuf_metadata *by,
					const struct json *signers)
{
	struct buf bytes CLEANUP(buf_done) = { 0 };
	struct tuf_metadata *m CLEANUP(cleanup_tuf_metadata) = NULL;
	struct err none = { 0 };
	if (durable_read(AT_FDCWD, role_path(t, role).p, max, &bytes, &none) ||
	    tuf_metadata_parse(str_buf(&bytes), type, &m, &none) ||
	    tuf_metadata_verify(m, by, signers, type, &none))
		return NULL;
	return STEAL(m);
}

static int not_stored(const struct tuf *t, const char *role, struct err *e)
{
	return err_set(e, ERR_NOT_FOUND,
		       "%.*s has no valid %s metadata, and there is no mirror to ask", STR(t->dir),
		       role);
}

/* A newer timestamp must not go back, nor point to an older snapshot. */
static int follows(const struct tuf_metadata *was, const struct tuf_metadata *is, struct err *e)
{
	const struct json *entry;
	uint64_t old = 0, new = 0;
	if (is->version < was->version)
		return err_set(e, ERR_INVALID,
			       "timestamp metadata went back from version %llu to %llu",
			       (unsigned long long)was->version, (unsigned long long)is->version);
	if (tuf_meta_entry(was, S("snapshot"), &entry, &old, e) ||
	    tuf_meta_entry(is, S("snapshot"), &entry, &new, e))
		return e->code;
	if (new < old)
		return err_set(e, ERR_INVALID,
			       "the timestamp's snapshot went back from version %llu to %llu",
			       (unsigned long long)old, (unsigned long long)new);
	return 0;
}

static int update_timestamp(struct tuf *t, struct err *e)
{
	struct buf bytes CLEANUP(buf_done) = { 0 };
	struct tuf_metadata *m CLEANUP(cleanup_tuf_metadata) = NULL;
	const struct json *signers = tuf_root_role(t->root, "timestamp");
	t->timestamp =
		load_stored(t, S("timestamp"), "timestamp", TUF_TIMESTAMP_MAX, t->root, signers);
	if (!t->mirror)
		return t->timestamp ? check_expiry(t, t->timestamp, "timestamp", e)
				    : not_stored(t, "timestamp", e);
	if (t->mirror->get(t->mirror->ctx, "timestamp.json", TUF_TIMESTAMP_MAX, &bytes, e) ||
	    tuf_metadata_parse(str_buf(&bytes), "timestamp", &m, e) ||
	    tuf_metadata_verify(m, t->root, signers, "timestamp", e) ||
	    (t->timestamp && follows(t->timestamp, m, e)))
		return e->code;
	if (t->timestamp && m->version == t->timestamp->version)
		return check_expiry(t, t->timestamp, "timestamp", e);
	if (check_expiry(t, m, "timestamp", e) || store(t, S("timestamp"), str_buf(&bytes), e))
		return e->code;
	tuf_metadata_close(t->timestamp);
	t->timestamp = STEAL(m);
	return 0;
}

bool tuf_consistent(const struct tuf *t)
{
	return json_bool(json_get(t->root->body, "consistent_snapshot"), false);
}

/* Of the mirror, held against what is signed above it. */
static int fetch_role(struct tuf *t, struct str role, const char *type, size_t max,
		      const struct json *entry, uint64_t version, struct tuf_metadata **out,
		      struct err *e)
{
	struct buf bytes CLEANUP(buf_done) = { 0 }, name CLEANUP(buf_done) = { 0 };
	struct tuf_metadata *m CLEANUP(cleanup_tuf_metadata) = NULL;
	uint64_t length = 0;
	if (tuf_consistent(t))
		buf_addf(&name, "%llu.", (unsigned long long)version);
	tuf_quote(role, false, &name);
	buf_add_str(&name, S(".json"));
	if (json_u64(json_get(entry, "length"), &length) && length < max)
		max = (size_t)length;
	int r = t->mirror->get(t->mirror->ctx, buf_cstr(&name), max, &bytes, e);
	if (r)
		return r == ERR_NOT_FOUND ? err_set(e, ERR_IO, "the mirror has no %s", name.p) : r;
	if (tuf_check_file(str_buf(&bytes), entry, false, e) ||
	    tuf_metadata_parse(str_buf(&bytes), type, &m, e))
		return err_in(e, "%s", name.p);
	if (m->version != version)
		return err_set(e, ERR_INVALID, "%s has version %llu, not %llu", name.p,
			       (unsigned long long)m->version, (unsigned long long)version);
	*out = STEAL(m);
	return 0;
}

static bool is_the_one(const struct tuf_metadata *m, const struct json *entry, uint64_t version)
{
	struct err none = { 0 };
	return m && m->version == version &&
	       tuf_check_file(str_buf(&m->bytes), entry, false, &none) == 0;
}

/* No targets metadata that the old snapshot had may be missing or older in the new one. */
static int nothing_went_back(const struct tuf_metadata *was, const struct tuf_metadata *is,
			     struct err *e)
{
	JSON_EACH(j, json_get(was->body, "meta"))
	{
		uint64_t old = 0, new = 0;
		struct str name = json_key(j);
		const struct json *now = NULL;
		JSON_EACH(other, json_get(is->body, "meta"))
		if (str_eq(json_key(other), name))
			now = now ? now : other;
		if (!json_u64(json_get(j, "version"), &old))
			continue;
		if (!now || !json_u64(json_get(now, "version"), &new) || new < old)
			return err_set(e, ERR_INVALID,
				       "the snapshot's %.*s went back from version %llu to %llu",
				       STR(str_upto(name, 100)), (unsigned long long)old,
				       (unsigned long long)new);
	}
	return 0;
}

static int update_snapshot(struct tuf *t, struct err *e)
{
	const struct json *signers = tuf_root_role(t->root, "snapshot"), *entry = NULL;
	struct tuf_metadata *stored CLEANUP(cleanup_tuf_metadata) = NULL,
				    *m CLEANUP(cleanup_tuf_metadata) = NULL;
	uint64_t version = 0;
	if (tuf_meta_entry(t->timestamp, S("snapshot"), &entry, &version, e))
		return err_in(e, "timestamp metadata");
	stored = load_stored(t, S("snapshot"), "snapshot", TUF_SNAPSHOT_MAX, t->root, signers);
	if (is_the_one(stored, entry, version))
		m = STEAL(stored);
	else if (!t->mirror)
		return not_stored(t, "snapshot", e);
	else if (fetch_role(t, S("snapshot"), "snapshot", TUF_SNAPSHOT_MAX, entry, version, &m, e))
		return err_in(e, "snapshot metadata");
	if (tuf_metadata_verify(m, t->root, signers, "snapshot", e) ||
	    (stored && nothing_went_back(stored, m, e)))
		return e->code;
	if (check_expiry(t, m, "snapshot", e) || store(t, S("snapshot"), str_buf(&m->bytes), e))
		return e->code;
	t->snapshot = STEAL(m);
	return 0;
}

int tuf_load_targets(struct tuf *t, struct str role, const struct tuf_metadata *by,
		     const struct json *signers, struct tuf_metadata **out, struct err *e)
{
	struct tuf_metadata *m CLEANUP(cleanup_tuf_metadata) = NULL;
	const struct json *entry = NULL;
	char name[TUF_NAME_MAX + 1];
	uint64_t version = 0;
	if (role.n == 0 || role.n > TUF_NAME_MAX)
		return err_set(e, ERR_LIMIT, "a role's name is empty or has more than %d bytes",
			       TUF_NAME_MAX);
	memcpy(name, role.p, role.n);
	name[role.n] = '\0';
	if (tuf_meta_entry(t->snapshot, role, &entry, &version, e))
		return err_in(e, "snapshot metadata");
	m = load_stored(t, role, "targets", TUF_TARGETS_MAX, by, signers);
	if (!is_the_one(m, entry, version)) {
		tuf_metadata_close(STEAL(m));
		if (!t->mirror)
			return not_stored(t, name, e);
		if (fetch_role(t, role, "targets", TUF_TARGETS_MAX, entry, version, &m, e) ||
		    tuf_metadata_verify(m, by, signers, name, e))
			return e->code;
	}
	if (check_expiry(t, m, name, e) || store(t, role, str_buf(&m->bytes), e))
		return e->code;
	*out = STEAL(m);
	return 0;
}

/* Two updates of one folder wait for each other, so that neither writes over what is newer. */
static int take_lock(struct tuf *t, struct err *e)
{
	struct str path = arena_printf(&t->arena, "%.*s/.lock", STR(t->dir));
	t->lock = open(path.p, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (t->lock < 0 && errno == ENOENT)
		return 0; /* no folder: load_root says what to do */
	if (t->lock < 0)
		return err_sys(e, "opening %s", path.p);
	while (flock(t->lock, LOCK_EX))
		if (errno != EINTR)
			return err_sys(e, "locking %s", path.p);
	return 0;
}

static struct tuf *tuf_new(struct str dir)
{
	struct tuf *t = calloc(1, sizeof *t);
	if (!t)
		abort();
	t->lock = -1;
	t->dir = arena_str(&t->arena, dir);
	return t;
}

int tuf_update(struct str dir, const struct tuf_mirror *m, int64_t now, struct tuf **out,
	       struct err *e)
{
	struct tuf *t CLEANUP(cleanup_tuf) = tuf_new(dir);
	t->mirror = m;
	t->now = now;
	if ((m && take_lock(t, e)) || update_root(t, e) || update_timestamp(t, e) ||
	    update_snapshot(t, e) ||
	    tuf_load_targets(t, S("targets"), t->root, tuf_root_role(t->root, "targets"),
			     &t->targets, e))
		return err_in(e, "trust root in %.*s", STR(dir));
	*out = STEAL(t);
	return 0;
}

int tuf_open_cached(struct str dir, struct tuf **out, struct err *e)
{
	return tuf_update(dir, NULL, INT64_MIN, out, e);
}

void tuf_close(struct tuf *t)
{
	if (!t)
		return;
	tuf_metadata_close(t->root);
	tuf_metadata_close(t->timestamp);
	tuf_metadata_close(t->snapshot);
	tuf_metadata_close(t->targets);
	for (size_t i = 0; i < t->n_delegated; i++)
		tuf_metadata_close(t->delegated[i].m);
	cleanup_fd(&t->lock);
	arena_done(&t->arena);
	free(t);
}

void cleanup_tuf(struct tuf **t)
{
	tuf_close(*t);
}

int tuf_init(struct str dir, struct str root, struct str mirror, struct err *e)
{
	struct tuf *t CLEANUP(cleanup_tuf) = tuf_new(dir);
	struct tuf_metadata *m CLEANUP(cleanup_tuf_metadata) = NULL;
	struct tuf_mirror none = { 0 };
	t->mirror = &none;
	if (root.n > TUF_ROOT_MAX)
		return err_set(e, ERR_LIMIT, "the root has more than %d bytes", TUF_ROOT_MAX);
	if (tuf_metadata_parse(root, "root", &m, e) ||
	    tuf_metadata_verify(m, m, tuf_root_role(m, "root"), "root", e))
		return e->code;
	forget(t, "timestamp");
	forget(t, "snapshot");
	forget(t, "targets");
	if (durable_replace(path_of(t, "", S("mirror"), ""), mirror, e) ||
	    store(t, S("root"), root, e))
		return e->code;
	return 0;
}

int tuf_mirror(struct str dir, struct buf *out, struct err *e)
{
	struct tuf *t CLEANUP(cleanup_tuf) = tuf_new(dir);
	int r = durable_read(AT_FDCWD, path_of(t, "", S("mirror"), "").p, 4096, out, e);
	if (r == ERR_NOT_FOUND)
		return err_set(e, ERR_NOT_FOUND,
			       "there is no trust root in %.*s: `lazaret trust init` makes one",
			       STR(dir));
	return r;
}

size_t tuf_roles(const struct tuf *t, struct tuf_role out[4])
{
	const struct tuf_metadata *const v[] = { t->root, t->timestamp, t->snapshot, t->targets };
	static const char *const names[] = { "root", "timestamp", "snapshot", "targets" };
	for (size_t i = 0; i < COUNT(v); i++) {
		const struct json *role = tuf_root_role(t->root, names[i]);
		uint64_t threshold = 0;
		json_u64(json_get(role, "threshold"), &threshold);
		out[i] = (struct tuf_role){ names[i], v[i]->version, v[i]->expires,
					    (unsigned)MIN(threshold, (uint64_t)TUF_KEYS_MAX),
					    json_count(json_get(role, "keyids")) };
	}
	return COUNT(v);
}
