/* The record cache: hits, torn files, links, eviction, several processes at once. */
#include "analyze/cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

enum { TEXT = 400, MAX_RECORD = 1 << 20 };

struct folder {
	char path[TEXT];
};

static int setup(void **state)
{
	struct folder *f = calloc(1, sizeof *f);
	snprintf(f->path, sizeof f->path, "/tmp/lazaret-cache-XXXXXX");
	if (!f || !mkdtemp(f->path))
		return -1;
	*state = f;
	return 0;
}

static void remove_all(const char *path)
{
	DIR *d = opendir(path);
	for (struct dirent *x; d && (x = readdir(d));) {
		char inside[TEXT * 2];
		struct stat st;
		if (strcmp(x->d_name, ".") == 0 || strcmp(x->d_name, "..") == 0)
			continue;
		snprintf(inside, sizeof inside, "%s/%s", path, x->d_name);
		if (lstat(inside, &st) == 0 && S_ISDIR(st.st_mode))
			remove_all(inside);
		else
			unlink(inside);
	}
	if (d)
		closedir(d);
	rmdir(path);
}

static int teardown(void **state)
{
	struct folder *f = *state;
	remove_all(f->path);
	free(f);
	return 0;
}

static struct digest key_of(unsigned i)
{
	struct digest d;
	digest_of(DIGEST_SHA256, (struct str){ (const char *)&i, sizeof i }, &d);
	return d;
}

static void file_of(const char *dir, unsigned i, char *path, size_t n)
{
	char text[DIGEST_TEXT];
	struct digest d = key_of(i);
	digest_text(&d, text);
	snprintf(path, n, "%s/layers/%.2s/%s", dir, text + 7, text + 9);
}

static struct cache *open_cache(const char *dir, uint64_t max)
{
	struct cache *c = NULL;
	struct err e;
	if (cache_open(str_of(dir), max, &c, &e) < 0)
		fail_msg("%s", e.text);
	return c;
}

static bool has(struct cache *c, unsigned i, struct str want)
{
	struct arena a = { 0 };
	struct str got;
	struct digest key = key_of(i);
	bool hit = cache_get(c, &key, &a, MAX_RECORD, &got);
	if (hit)
		assert_true(str_eq(got, want));
	arena_done(&a);
	return hit;
}

static void put(struct cache *c, unsigned i, struct str bytes)
{
	struct digest key = key_of(i);
	cache_put(c, &key, bytes);
}

static void test_hit(void **state)
{
	struct folder *f = *state;
	char dir[TEXT + 20];
	struct stat st;
	snprintf(dir, sizeof dir, "%s/deep/er", f->path);
	struct cache *c = open_cache(dir, 1 << 20);
	assert_false(has(c, 1, S("")));
	put(c, 1, S("one"));
	put(c, 2, S(""));
	assert_true(has(c, 1, S("one")));
	assert_true(has(c, 2, S("")));
	assert_false(has(c, 3, S("")));
	put(c, 1, S("another"));
	assert_true(has(c, 1, S("another")));
	cache_close(c);
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
}

static void test_torn(void **state)
{
	struct folder *f = *state;
	char path[TEXT * 2];
	struct cache *c = open_cache(f->path, 1 << 20);
	/* Cut, one bit changed, longer, empty, of another kind. */
	for (unsigned i = 0; i < 6; i++) {
		put(c, i, S("a record of some length"));
		file_of(f->path, i, path, sizeof path);
		int fd = open(path, O_RDWR);
		assert_true(fd >= 0);
		assert_true(has(c, i, S("a record of some length")));
		if (i == 0)
			assert_int_equal(ftruncate(fd, 30), 0);
		if (i == 1)
			assert_int_equal(pwrite(fd, "A", 1, 24), 1);
		if (i == 2)
			assert_int_equal(pwrite(fd, "x", 1, 100), 1);
		if (i == 3)
			assert_int_equal(ftruncate(fd, 0), 0);
		if (i == 4)
			assert_int_equal(pwrite(fd, "X", 1, 0), 1);
		if (i == 5) {
			unlink(path);
			assert_int_equal(mkfifo(path, 0600), 0);
		}
		close(fd);
		assert_false(has(c, i, S("")));
		unlink(path);
		put(c, i, S("again"));
		assert_true(has(c, i, S("again")));
	}
	cache_close(c);
}

/* A whole record under another's name. */
static void test_exchanged(void **state)
{
	struct folder *f = *state;
	char from[TEXT * 2], to[TEXT * 2];
	struct cache *c = open_cache(f->path, 1 << 20);
	put(c, 1, S("one"));
	put(c, 2, S("two"));
	file_of(f->path, 1, from, sizeof from);
	file_of(f->path, 2, to, sizeof to);
	assert_int_equal(rename(from, to), 0);
	assert_false(has(c, 2, S("")));
	cache_close(c);
}

static void test_too_large(void **state)
{
	struct folder *f = *state;
	struct cache *c = open_cache(f->path, 1 << 20);
	struct arena a = { 0 };
	struct str got;
	struct digest key = key_of(1);
	put(c, 1, S("0123456789"));
	assert_false(cache_get(c, &key, &a, 9, &got));
	assert_true(cache_get(c, &key, &a, 10, &got));
	arena_done(&a);
	cache_close(c);
}

static void test_links(void **state)
{
	struct folder *f = *state;
	char path[TEXT * 2], target[TEXT * 2];
	struct cache *c = open_cache(f->path, 1 << 20);
	struct err e;
	put(c, 1, S("mine"));
	/* A record that is a link is a miss. */
	file_of(f->path, 1, path, sizeof path);
	snprintf(target, sizeof target, "%s/target", f->path);
	assert_int_equal(rename(path, target), 0);
	assert_int_equal(symlink(target, path), 0);
	assert_false(has(c, 1, S("")));
	cache_close(c);
	/* A cache that is a link is refused. */
	snprintf(path, sizeof path, "%s/link", f->path);
	assert_int_equal(symlink(f->path, path), 0);
	c = NULL;
	assert_int_equal(cache_open(str_of(path), 1, &c, &e), ERR_INVALID);
	assert_null(c);
	/* So is one that others may write to. */
	snprintf(path, sizeof path, "%s/open", f->path);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(chmod(path, 0777), 0);
	assert_int_equal(cache_open(str_of(path), 1, &c, &e), ERR_INVALID);
}

static void test_evict(void **state)
{
	struct folder *f = *state;
	char path[TEXT * 2], thousand[1000] = { 0 };
	struct str bytes = { thousand, sizeof thousand };
	struct cache *c = open_cache(f->path, 1 << 20);
	for (unsigned i = 0; i < 10; i++) {
		put(c, i, bytes);
		file_of(f->path, i, path, sizeof path);
		struct timespec t[2] = { { .tv_nsec = UTIME_OMIT },
					 { .tv_sec = time(NULL) - 100000 + (time_t)i } };
		assert_int_equal(utimensat(AT_FDCWD, path, t, 0), 0);
	}
	assert_true(has(c, 0, bytes)); /* a use: now the youngest */
	cache_close(c);
	c = open_cache(f->path, 5500);
	put(c, 10, bytes);
	cache_close(c);
	c = open_cache(f->path, 5500);
	unsigned left = 0;
	for (unsigned i = 0; i < 11; i++) {
		bool hit = has(c, i, bytes);
		left += hit;
		assert_int_equal(hit, i == 0 || i >= 8);
	}
	assert_int_equal(left, 4);
	cache_close(c);
}

static void test_clear(void **state)
{
	struct folder *f = *state;
	struct err e;
	uint64_t bytes = 7;
	char none[TEXT + 20];
	struct cache *c = open_cache(f->path, 1 << 20);
	put(c, 1, S("0123456789"));
	cache_close(c);
	assert_int_equal(cache_clear(str_of(f->path), &bytes, &e), 0);
	assert_int_equal(bytes, 34);
	c = open_cache(f->path, 1 << 20);
	assert_false(has(c, 1, S("")));
	cache_close(c);
	snprintf(none, sizeof none, "%s/none", f->path);
	assert_int_equal(cache_clear(str_of(none), &bytes, &e), 0);
	assert_int_equal(bytes, 0);
}

/* Writers, readers and evictors at once: a hit is always the whole right record. */
static void work(const char *dir, unsigned seed)
{
	char text[3000];
	for (unsigned round = 0; round < 60; round++) {
		struct cache *c = open_cache(dir, 40000);
		for (unsigned i = 0; i < 16; i++) {
			memset(text, (int)('a' + i), sizeof text);
			struct str bytes = { text, 1000 + i * 100 };
			if (!has(c, i, bytes) && (i + seed) % 3 != 0)
				put(c, i, bytes);
		}
		cache_close(c);
	}
}

static void test_concurrent(void **state)
{
	struct folder *f = *state;
	pid_t child[4];
	for (unsigned i = 0; i < COUNT(child); i++) {
		child[i] = fork();
		if (child[i] == 0) {
			work(f->path, i);
			_exit(0);
		}
	}
	for (unsigned i = 0; i < COUNT(child); i++) {
		int status;
		assert_true(waitpid(child[i], &status, 0) == child[i]);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_hit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_torn, setup, teardown),
		cmocka_unit_test_setup_teardown(test_exchanged, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_large, setup, teardown),
		cmocka_unit_test_setup_teardown(test_links, setup, teardown),
		cmocka_unit_test_setup_teardown(test_evict, setup, teardown),
		cmocka_unit_test_setup_teardown(test_clear, setup, teardown),
		cmocka_unit_test_setup_teardown(test_concurrent, setup, teardown),
	};
	return cmocka_run_group_tests_name("analyze/cache", tests, NULL, NULL);
}
