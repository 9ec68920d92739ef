/* A log of our own, against a tree made by RFC 6962's definition: every size, every proof, every fault found. */
#include "base/durable.h"
#include "trust/tlog_tiles.h"
#include "trust/tlog_witness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { SIZES = 600, BIG = 70000 };

static struct merkle_hash leaves[SIZES];
static struct key *key;
static char dir[64];
static char log_dir[80];
static struct note_verifier who;

static struct merkle_hash root_of(size_t from, size_t n)
{
	if (n == 1)
		return leaves[from];
	size_t k = 1;
	while (k * 2 < n)
		k *= 2;
	struct merkle_hash l = root_of(from, k), r = root_of(from + k, n - k);
	return merkle_node(&l, &r);
}

static struct str entry_text(uint64_t i, char text[32])
{
	int n = snprintf(text, 32, "entry %llu", (unsigned long long)i);
	return (struct str){ text, i == 7 ? 0 : (size_t)n }; /* an empty one is an entry too */
}

static int remove_one(const char *name, const struct stat *st, int kind, struct FTW *at)
{
	(void)st, (void)kind, (void)at;
	return remove(name);
}

static void remove_log(void)
{
	nftw(log_dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int set_up(void **state)
{
	struct err e = { 0 };
	char text[32];
	(void)state;
	/* In memory where there is such a place: hundreds of appends, each synced. */
	snprintf(dir, sizeof dir, "%s/lazaret-tlog-XXXXXX",
		 access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	if (!mkdtemp(dir) || key_generate(KEY_ED25519, 0, &key, &e))
		return -1;
	snprintf(log_dir, sizeof log_dir, "%s/log", dir);
	who = (struct note_verifier){ S("example.com/log"), NOTE_ED25519, key, { 0 } };
	note_hint(who.name, who.kind, who.key, who.hint);
	for (size_t i = 0; i < SIZES; i++)
		leaves[i] = merkle_leaf(entry_text(i, text));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	key_close(key);
	return nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

#define OK(call) \
	do { \
		if (call) \
			fail_msg("%s: %s", #call, e.text); \
	} while (0)

static void append(struct tlog *t, uint64_t from, size_t n)
{
	struct str *v = calloc(n, sizeof *v);
	char(*texts)[32] = calloc(n, sizeof *texts);
	struct err e = { 0 };
	uint64_t first = 0;
	for (size_t i = 0; i < n; i++)
		v[i] = entry_text(from + i, texts[i]);
	OK(tlog_append(t, v, n, &first, &e));
	assert_int_equal(first, from);
	free(v);
	free(texts);
}

static struct tlog *make_log(size_t n)
{
	struct tlog *t = NULL;
	struct err e = { 0 };
	remove_log();
	OK(tlog_create(str_of(log_dir), who.name, key, &e));
	OK(tlog_open_writer(str_of(log_dir), key, 0, &t, &e));
	if (n)
		append(t, 0, n);
	return t;
}

static void check_proofs(struct tlog *t, size_t n, size_t step)
{
	struct err e = { 0 };
	struct merkle_proof p = { .n = 0 };
	struct merkle_hash root = tlog_root(t);
	for (size_t i = 0; i < n; i += step) {
		OK(tlog_prove_inclusion(t, i, &p, &e));
		assert_true(merkle_inclusion(i, n, &leaves[i], p.v, p.n, &root));
		struct merkle_hash old = root_of(0, i + 1);
		OK(tlog_prove_consistency(t, i + 1, &p, &e));
		assert_true(merkle_consistency(i + 1, n, &old, &root, p.v, p.n));
	}
	assert_int_equal(tlog_prove_inclusion(t, n, &p, &e), ERR_NOT_FOUND);
	assert_int_equal(tlog_prove_consistency(t, n + 1, &p, &e), ERR_NOT_FOUND);
	assert_int_equal(tlog_prove_consistency(t, 0, &p, &e), ERR_NOT_FOUND);
}

/* One entry at a time; a reader follows. All proofs at a few sizes, some at every size. */
static void test_every_size(void **state)
{
	struct tlog *t CLEANUP(cleanup_tlog) = make_log(0), *reader CLEANUP(cleanup_tlog) = NULL;
	struct err e = { 0 };
	char text[32];
	(void)state;
	OK(tlog_open(str_of(log_dir), &who, &reader, &e));
	for (size_t n = 1; n <= SIZES; n++) {
		struct buf got CLEANUP(buf_done) = { 0 };
		append(t, n - 1, 1);
		OK(tlog_refresh(reader, &who, &e));
		struct merkle_hash root = root_of(0, n), is = tlog_root(reader);
		assert_int_equal(tlog_size(reader), n);
		assert_true(merkle_eq(&root, &is));
		check_proofs(reader, n, n < 20 || n % 256 < 2 || n == SIZES ? 1 : 1 + n / 5);
		OK(tlog_read_entry(reader, n / 2, &got, &e));
		assert_true(str_eq(str_buf(&got), entry_text(n / 2, text)));
	}
}

/* Batches of every shape make the same tree. */
static void test_batches(void **state)
{
	static const size_t batches[] = { 1, 255, 1, 256, 2, 0, 85 };
	struct tlog *t CLEANUP(cleanup_tlog) = make_log(0);
	struct arena a CLEANUP(arena_done) = { 0 };
	struct strs findings = { 0 };
	struct err e = { 0 };
	uint64_t at = 0, index = 0;
	(void)state;
	for (size_t i = 0; i < COUNT(batches); at += batches[i++])
		append(t, at, batches[i]);
	assert_int_equal(at, SIZES);
	check_proofs(t, SIZES, 1);
	assert_int_equal(tlog_verify(t, &a, &findings, &e), 1);
	OK(tlog_find(t, &leaves[517], 0, &index, &e));
	assert_int_equal(index, 517);
	assert_int_equal(tlog_find(t, &leaves[517], 518, &index, &e), ERR_NOT_FOUND);
}

/* Three levels, by one syncfs; opened again and continued. */
static void test_three_levels(void **state)
{
	struct arena a CLEANUP(arena_done) = { 0 };
	struct strs findings = { 0 };
	struct merkle_proof p = { .n = 0 };
	struct tlog *t = make_log(BIG);
	struct err e = { 0 };
	struct buf path CLEANUP(buf_done) = { 0 };
	char text[32];
	(void)state;
	tlog_close(t);
	OK(tlog_open_writer(str_of(log_dir), key, 0, &t, &e));
	append(t, BIG, 1);
	assert_int_equal(tlog_verify(t, &a, &findings, &e), 1);
	struct merkle_hash root = tlog_root(t);
	for (uint64_t i = 0; i <= BIG; i += 613) {
		struct merkle_hash leaf = merkle_leaf(entry_text(i, text));
		OK(tlog_prove_inclusion(t, i, &p, &e));
		assert_true(merkle_inclusion(i, BIG + 1, &leaf, p.v, p.n, &root));
		OK(tlog_prove_consistency(t, i + 1, &p, &e));
	}
	/* What the specification's example says of a tree of 70,000. */
	static const char *const there[] = { "tile/0/272",     "tile/0/273.p/112",
					     "tile/1/000",     "tile/1/001.p/17",
					     "tile/2/000.p/1", "tile/entries/273.p/112" };
	for (size_t i = 0; i < COUNT(there); i++) {
		path.n = 0;
		buf_addf(&path, "%s/%s", log_dir, there[i]);
		if (access(buf_cstr(&path), F_OK))
			fail_msg("%s is not there", there[i]);
	}
	tlog_close(t);
}

static void test_paths(void **state)
{
	static const struct {
		unsigned level;
		uint64_t index;
		unsigned width;
		const char *is;
	} t[] = {
		{ 0, 0, 256, "tile/0/000" },
		{ 0, 999, 1, "tile/0/999.p/1" },
		{ 7, 1234067, 256, "tile/7/x001/x234/067" },
		{ TLOG_ENTRIES, 1000, 255, "tile/entries/x001/000.p/255" },
		{ 1, UINT64_MAX, 256, "tile/1/x018/x446/x744/x073/x709/x551/615" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct buf b CLEANUP(buf_done) = { 0 };
		tlog_tile_path(t[i].level, t[i].index, t[i].width, &b);
		assert_string_equal(buf_cstr(&b), t[i].is);
	}
}

static void test_limits(void **state)
{
	struct tlog *t CLEANUP(cleanup_tlog) = make_log(3);
	struct buf big CLEANUP(buf_done) = { 0 }, got CLEANUP(buf_done) = { 0 };
	struct err e = { 0 };
	uint64_t first = 42;
	(void)state;
	buf_reserve(&big, TLOG_ENTRY_MAX + 1);
	memset(big.p, 'x', TLOG_ENTRY_MAX + 1);
	struct str v[] = { S("small"), { big.p, TLOG_ENTRY_MAX + 1 } };
	assert_int_equal(tlog_append(t, v, 2, &first, &e), ERR_LIMIT);
	assert_int_equal(tlog_size(t), 3);
	v[1].n--;
	OK(tlog_append(t, v, 2, &first, &e));
	assert_int_equal(first, 3);
	OK(tlog_read_entry(t, 4, &got, &e));
	assert_true(str_eq(str_buf(&got), v[1]));
}

static void test_lock(void **state)
{
	struct tlog *t CLEANUP(cleanup_tlog) = make_log(1), *second = NULL;
	struct key *other CLEANUP(cleanup_key) = NULL;
	struct note_verifier stranger = who;
	struct err e = { 0 };
	(void)state;
	assert_int_equal(tlog_open_writer(str_of(log_dir), key, 0, &second, &e), ERR_CONFLICT);
	assert_int_equal(tlog_create(str_of(log_dir), who.name, key, &e), ERR_CONFLICT);
	tlog_close(STEAL(t));
	OK(key_generate(KEY_ED25519, 0, &other, &e));
	assert_int_equal(tlog_open_writer(str_of(log_dir), other, 0, &second, &e), ERR_INVALID);
	stranger.key = other;
	note_hint(stranger.name, stranger.kind, stranger.key, stranger.hint);
	assert_int_equal(tlog_open(str_of(log_dir), &stranger, &second, &e), ERR_INVALID);
	stranger = who;
	stranger.name = S("example.com/other");
	assert_int_equal(tlog_open(str_of(log_dir), &stranger, &second, &e), ERR_INVALID);
	assert_int_equal(tlog_open(str_of(dir), &who, &second, &e), ERR_NOT_FOUND);
	assert_null(second);
}

static void put_file(const char *name, struct str bytes)
{
	char path[200];
	snprintf(path, sizeof path, "%s/%s", log_dir, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_int_equal(write(fd, bytes.p, bytes.n), bytes.n);
	close(fd);
}

static void get_file(const char *name, struct buf *out)
{
	char path[200];
	struct err e = { 0 };
	snprintf(path, sizeof path, "%s/%s", log_dir, name);
	out->n = 0;
	OK(durable_read(AT_FDCWD, path, 1 << 20, out, &e));
}

/* What a verification says first; empty: nothing. */
static const char *finding(struct arena *a)
{
	struct tlog *t CLEANUP(cleanup_tlog) = NULL;
	struct strs findings = { 0 };
	struct err e = { 0 };
	if (tlog_open(str_of(log_dir), &who, &t, &e))
		return arena_cstr(a, str_of(e.text));
	int r = tlog_verify(t, a, &findings, &e);
	assert_int_equal(r, findings.n == 0);
	return findings.n ? arena_cstr(a, findings.v[0]) : "";
}

/* Every byte of every file of a log of 300 changed, and every file cut at some places and removed, is found. */
static void spoil(const char *name, size_t step)
{
	struct buf was CLEANUP(buf_done) = { 0 };
	struct arena a CLEANUP(arena_done) = { 0 };
	char path[200];
	get_file(name, &was);
	for (size_t i = 0; i < was.n; i += step) {
		was.p[i] ^= 1;
		put_file(name, str_buf(&was));
		if (!*finding(&a))
			fail_msg("%s: byte %zu", name, i);
		was.p[i] ^= 1;
		put_file(name, str_upto(str_buf(&was), i));
		if (!*finding(&a))
			fail_msg("%s: cut at %zu", name, i);
		arena_reset(&a);
	}
	snprintf(path, sizeof path, "%s/%s", log_dir, name);
	unlink(path);
	if (!*finding(&a))
		fail_msg("%s: removed", name);
	put_file(name, str_buf(&was));
	assert_string_equal(finding(&a), "");
}

static void test_every_fault(void **state)
{
	(void)state;
	tlog_close(make_log(300));
	spoil("checkpoint", 1);
	spoil("tile/0/000", 173);
	spoil("tile/0/001.p/44", 31);
	spoil("tile/1/000.p/1", 1);
	spoil("tile/entries/000", 59);
	spoil("tile/entries/001.p/44", 7);
}

/* Faults are named. */
static void test_names(void **state)
{
	struct buf was CLEANUP(buf_done) = { 0 }, is CLEANUP(buf_done) = { 0 };
	struct arena a CLEANUP(arena_done) = { 0 };
	struct str entry = { 0 };
	struct err e = { 0 };
	(void)state;
	tlog_close(make_log(300));
	get_file("tile/entries/000", &was);
	unsigned i = 0;
	for (struct str rest = str_buf(&was); tlog_bundle_next(&rest, &entry, &e) > 0; i++)
		if (i != 100)
			tlog_bundle_add(&is, entry);
	put_file("tile/entries/000", str_buf(&is));
	assert_string_equal(finding(&a), "entry 100 was removed");
	is.n = i = 0;
	for (struct str rest = str_buf(&was); tlog_bundle_next(&rest, &entry, &e) > 0; i++)
		tlog_bundle_add(&is, i == 100 ? S("forged") : entry);
	put_file("tile/entries/000", str_buf(&is));
	assert_string_equal(finding(&a), "entry 100 is not what was logged");
	struct tlog *t CLEANUP(cleanup_tlog) = NULL;
	OK(tlog_open(str_of(log_dir), &who, &t, &e));
	is.n = 0;
	assert_int_equal(tlog_read_entry(t, 100, &is, &e), ERR_INVALID);
	assert_non_null(strstr(e.text, "entry 100 is not what was logged"));
	OK(tlog_read_entry(t, 99, &is, &e));
	/* With its hash in the tile too, the tile does not fit the one above. */
	struct buf tile CLEANUP(buf_done) = { 0 };
	get_file("tile/0/000", &tile);
	struct merkle_hash forged = merkle_leaf(S("forged"));
	memcpy(tile.p + 100 * MERKLE_HASH, forged.bytes, MERKLE_HASH);
	put_file("tile/0/000", str_buf(&tile));
	assert_string_equal(finding(&a), "hash 0 of tile/1/000.p/1 is not that of the tile below");
	struct merkle_proof p = { .n = 0 };
	struct tlog *again CLEANUP(cleanup_tlog) = NULL;
	OK(tlog_open(str_of(log_dir), &who, &again, &e));
	assert_int_equal(tlog_prove_inclusion(again, 100, &p, &e), ERR_INVALID);
}

/* A reader beside a writer: tiles are replaced under it, and what it says stays true. */
static void test_reader_beside_writer(void **state)
{
	struct tlog *t = make_log(1), *reader CLEANUP(cleanup_tlog) = NULL;
	struct merkle_proof p = { .n = 0 };
	struct err e = { 0 };
	int status = 0;
	uint64_t seen = 0;
	(void)state;
	pid_t writer = fork();
	if (writer == 0) {
		for (uint64_t i = 1; i < SIZES; i++)
			append(t, i, 1);
		_exit(0);
	}
	OK(tlog_open(str_of(log_dir), &who, &reader, &e));
	while (waitpid(writer, &status, WNOHANG) == 0) {
		struct arena a CLEANUP(arena_done) = { 0 };
		struct strs findings = { 0 };
		OK(tlog_refresh(reader, &who, &e));
		seen = tlog_size(reader);
		OK(tlog_prove_consistency(reader, seen / 2 + 1, &p, &e));
		OK(tlog_prove_inclusion(reader, seen - 1, &p, &e));
		if (tlog_verify(reader, &a, &findings, &e) != 1)
			fail_msg("size %llu: %s", (unsigned long long)seen, e.text);
	}
	assert_int_equal(status, 0);
	assert_true(seen > 1);
	tlog_close(t);
}

/* What a crash leaves: files beyond the checkpoint, a checkpoint that was not published, or half of one. */
static void test_recovery(void **state)
{
	struct buf was CLEANUP(buf_done) = { 0 }, next CLEANUP(buf_done) = { 0 };
	struct arena a CLEANUP(arena_done) = { 0 };
	struct err e = { 0 };
	struct tlog *t = make_log(255);
	char path[200];
	(void)state;
	get_file("checkpoint", &was);
	append(t, 255, 10);
	tlog_close(t);
	get_file("checkpoint", &next);
	/* Not published: everything of the last append but the renaming happened. */
	put_file("checkpoint", str_buf(&was));
	put_file("checkpoint.next", str_buf(&next));
	OK(tlog_open_writer(str_of(log_dir), key, 0, &t, &e));
	assert_int_equal(tlog_size(t), 265);
	tlog_close(t);
	assert_string_equal(finding(&a), "");
	/* Half of one: what was written beyond the checkpoint is written over. */
	put_file("checkpoint", str_buf(&was));
	put_file("checkpoint.next", str_upto(str_buf(&next), next.n / 2));
	put_file("tile/entries/000", S("garbage"));
	t = make_log(0);
	tlog_close(t);
	t = make_log(255);
	tlog_close(t);
	put_file("tile/entries/000", S("garbage"));
	put_file("tile/0/000", S("garbage"));
	put_file("checkpoint.next", S("garbage"));
	OK(tlog_open_writer(str_of(log_dir), key, 0, &t, &e));
	assert_int_equal(tlog_size(t), 255);
	snprintf(path, sizeof path, "%s/tile/entries/000", log_dir);
	assert_int_equal(access(path, F_OK),
			 -1); /* nobody takes it for the partial one's successor */
	append(t, 255, 3);
	tlog_close(t);
	assert_string_equal(finding(&a), "");
}

static void test_signature_is_added(void **state)
{
	struct tlog *t CLEANUP(cleanup_tlog) = make_log(5);
	struct witness w = { .name = S("witness.example/w1"), .now = 1700000000 };
	struct key *k CLEANUP(cleanup_key) = NULL;
	struct buf state_path CLEANUP(buf_done) = { 0 }, note CLEANUP(buf_done) = { 0 };
	struct merkle_proof p = { .n = 0 };
	struct err e = { 0 };
	uint64_t size = 0;
	(void)state;
	OK(key_generate(KEY_ED25519, 0, &k, &e));
	buf_addf(&state_path, "%s/witness", dir);
	w.state = str_buf(&state_path);
	w.key = k;
	assert_int_equal(witness_cosign(&w, tlog_checkpoint(t), &who, &p, &note, &e), 1);
	/* Another witness saw the checkpoint at the same time; both lines are kept, each once. */
	struct buf second CLEANUP(buf_done) = { 0 };
	struct witness other = w;
	other.name = S("witness.example/w2");
	assert_int_equal(witness_cosign(&other, tlog_checkpoint(t), &who, &p, &second, &e), 1);
	OK(tlog_add_signatures(t, str_buf(&note), &e));
	OK(tlog_add_signatures(t, str_buf(&second), &e));
	OK(tlog_add_signatures(t, str_buf(&note), &e));
	struct arena a CLEANUP(arena_done) = { 0 };
	struct note merged = { 0 };
	OK(note_parse(tlog_checkpoint(t), &a, &merged, &e));
	assert_int_equal(merged.n, 3);
	/* A proof of it convinces who asks for this witness. */
	struct note_verifier seen = { w.name, NOTE_COSIGNATURE, k, { 0 } };
	struct tlog_proof proof = { .index = 3 }, parsed = { 0 };
	struct buf text CLEANUP(buf_done) = { 0 };
	note_hint(seen.name, seen.kind, k, seen.hint);
	OK(tlog_prove_inclusion(t, 3, &proof.hashes, &e));
	proof.note = tlog_checkpoint(t);
	tlog_proof_write(&proof, &text);
	OK(tlog_proof_parse(str_buf(&text), &parsed, &e));
	assert_int_equal(tlog_proof_verify(&parsed, S("entry 3"), &who, &seen, 1, &e), 1);
	assert_int_equal(tlog_proof_verify(&parsed, S("entry 4"), &who, &seen, 1, &e), 0);
	seen.name = S("another");
	assert_int_equal(tlog_proof_verify(&parsed, S("entry 3"), &who, &seen, 1, &e), 0);
	append(t, 5, 1);
	assert_int_equal(tlog_add_signatures(t, str_buf(&note), &e), ERR_CONFLICT);
	OK(witness_size(&w, who.name, &size, &e));
	assert_int_equal(size, 5);
}

/* Another log with the same key and name: what a witness is for. */
static void test_witness_refuses(void **state)
{
	struct tlog *t = make_log(300), *liar = NULL;
	struct witness w = { .name = S("witness"), .key = key, .now = 1 };
	struct buf path CLEANUP(buf_done) = { 0 }, out CLEANUP(buf_done) = { 0 },
			old CLEANUP(buf_done) = { 0 };
	struct merkle_proof p = { .n = 0 };
	struct err e = { 0 };
	uint64_t first = 0;
	(void)state;
	buf_addf(&path, "%s/memory", dir);
	w.state = str_buf(&path);
	buf_add_str(&old, tlog_checkpoint(t));
	assert_int_equal(witness_cosign(&w, tlog_checkpoint(t), &who, &p, &out, &e), 1);
	append(t, 300, 50);
	assert_int_equal(witness_cosign(&w, tlog_checkpoint(t), &who, &p, &out, &e),
			 0); /* no proof */
	OK(tlog_prove_consistency(t, 299, &p, &e));
	assert_int_equal(witness_cosign(&w, tlog_checkpoint(t), &who, &p, &out, &e), 0);
	OK(tlog_prove_consistency(t, 300, &p, &e));
	assert_int_equal(witness_cosign(&w, tlog_checkpoint(t), &who, &p, &out, &e), 1);
	assert_int_equal(witness_cosign(&w, tlog_checkpoint(t), &who, &p, &out, &e),
			 1); /* the same again */
	assert_int_equal(witness_cosign(&w, str_buf(&old), &who, &p, &out, &e), 0);
	assert_non_null(strstr(e.text, "went back"));
	tlog_close(t);
	liar = make_log(349);
	struct str v[] = { S("another history"), S("and more") };
	OK(tlog_append(liar, v, 1, &first, &e));
	assert_int_equal(witness_cosign(&w, tlog_checkpoint(liar), &who, &p, &out, &e), 0);
	assert_non_null(strstr(e.text, "split view"));
	OK(tlog_append(liar, v + 1, 1, &first, &e));
	OK(tlog_prove_consistency(liar, 350, &p, &e));
	assert_int_equal(witness_cosign(&w, tlog_checkpoint(liar), &who, &p, &out, &e), 0);
	tlog_close(liar);
	/* A memory that is not one. */
	put_file("../memory", S("350 x y\n"));
	assert_true(witness_cosign(&w, str_buf(&old), &who, &p, &out, &e) < 0);
}

static void test_proof_text(void **state)
{
	static const char *const bad[] = {
		"",
		"c2sp.org/tlog-proof@v2\nindex 0\n\nnote\n",
		"c2sp.org/tlog-proof@v1\n\nnote\n",
		"c2sp.org/tlog-proof@v1\nindex\n\nnote\n",
		"c2sp.org/tlog-proof@v1\nindex 01\n\nnote\n",
		"c2sp.org/tlog-proof@v1\nindex 18446744073709551616\n\nnote\n",
		"c2sp.org/tlog-proof@v1\nindex 0\nhash\n\nnote\n",
		"c2sp.org/tlog-proof@v1\nindex 0\n\n",
		"c2sp.org/tlog-proof@v1\nindex 0\n",
	};
	struct tlog_proof p = { 0 };
	struct buf b CLEANUP(buf_done) = { 0 };
	struct err e = { 0 };
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		if (tlog_proof_parse(str_of(bad[i]), &p, &e) != ERR_INVALID)
			fail_msg("%s", bad[i]);
	OK(tlog_proof_parse(S("c2sp.org/tlog-proof@v1\nextra YQ==\nindex 7\n\nnote\n"), &p, &e));
	assert_true(p.index == 7 && str_eq(p.note, S("note\n")));
	buf_add_str(&b, S("c2sp.org/tlog-proof@v1\nindex 0\n"));
	for (size_t i = 0; i <= MERKLE_PROOF_MAX; i++)
		buf_add_str(&b, S("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"));
	assert_int_equal(tlog_proof_parse(str_buf(&b), &p, &e), ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_every_size),
		cmocka_unit_test(test_batches),
		cmocka_unit_test(test_three_levels),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_lock),
		cmocka_unit_test(test_every_fault),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_reader_beside_writer),
		cmocka_unit_test(test_recovery),
		cmocka_unit_test(test_signature_is_added),
		cmocka_unit_test(test_witness_refuses),
		cmocka_unit_test(test_proof_text),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
