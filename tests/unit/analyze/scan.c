/* image -> inventory with a source in memory and real children: layers that are there twice, foreign, encrypted, broken;
 * limits, deadline, cache. What analyzers find is their tests' business. */
#include "analyze/scan.h"
#include "base/child.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { LAYERS = 6 };
#define LAYER_TYPE S("application/vnd.oci.image.layer.v1.tar")

static struct launcher *launcher;

struct fake {
	struct str body[LAYERS];
	struct digest digest[LAYERS];
	unsigned gets;
};

static int fake_get(struct source *s, const struct descriptor *d, struct stream **out,
		    struct err *e)
{
	struct fake *f = s->state;
	__atomic_fetch_add(&f->gets, 1, __ATOMIC_RELAXED);
	for (size_t i = 0; i < LAYERS; i++)
		if (digest_eq(&f->digest[i], &d->digest)) {
			*out = stream_mem(f->body[i]);
			return 0;
		}
	return err_set(e, ERR_NOT_FOUND, "no such blob");
}

static const struct source_ops fake_ops = { .scheme = "fake", .get = fake_get };

struct scene {
	struct arena arena;
	struct fake fake;
	struct source_options opt;
	struct source source;
	struct image image;
	struct scan_options scan;
	struct inventory inv;
	char cache[64];
};

/* A tar of one empty file with this name. */
static struct str small_tar(struct arena *a, const char *name)
{
	char *p = arena_zalloc(a, 3 * 512);
	unsigned sum = 0;
	snprintf(p, 100, "%s", name);
	memcpy(p + 100,
	       "0000644\0"
	       "0000000\0"
	       "0000000\0"
	       "00000000000\0"
	       "00000000000\0"
	       "        "
	       "0",
	       57);
	memcpy(p + 257,
	       "ustar\0"
	       "00",
	       8);
	for (int i = 0; i < 512; i++)
		sum += (unsigned char)p[i];
	snprintf(p + 148, 8, "%06o", sum);
	return (struct str){ p, 3 * 512 };
}

static int setup(void **state)
{
	struct scene *s = calloc(1, sizeof *s);
	s->image.layers = arena_array(&s->arena, LAYERS, sizeof *s->image.layers);
	for (size_t i = 0; i < LAYERS; i++) {
		char name[20];
		snprintf(name, sizeof name, "file%zu", i);
		s->fake.body[i] = small_tar(&s->arena, name);
		digest_of(DIGEST_SHA256, s->fake.body[i], &s->fake.digest[i]);
		s->image.layers[i] = (struct descriptor){ .media_type = LAYER_TYPE,
							  .digest = s->fake.digest[i],
							  .size = s->fake.body[i].n };
	}
	digest_of(DIGEST_SHA256, S("manifest"), &s->image.self.digest);
	s->image.n_layers = 3;
	limits_default(&s->opt.limits);
	s->source = (struct source){
		.ops = &fake_ops, .opt = &s->opt, .state = &s->fake, .target = S("fake:x")
	};
	s->scan.limits = s->opt.limits;
	s->scan.launcher = launcher;
	s->scan.jobs = 2;
	s->scan.cache_max = 1 << 20;
	snprintf(s->cache, sizeof s->cache, "/tmp/lazaret-scan-XXXXXX");
	if (!mkdtemp(s->cache))
		return -1;
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct scene *s = *state;
	pid_t child = fork();
	if (child == 0)
		execlp("rm", "rm", "-rf", s->cache, (char *)NULL);
	waitpid(child, NULL, 0);
	arena_done(&s->arena);
	free(s);
	return 0;
}

static int scan(struct scene *s, struct err *e)
{
	s->fake.gets = 0;
	return scan_image(&s->source, &s->image, &s->scan, &s->arena, &s->inv, e);
}

static void must_scan(struct scene *s)
{
	struct err e;
	if (scan(s, &e) < 0)
		fail_msg("%s", e.text);
}

static void test_plain(void **state)
{
	struct scene *s = *state;
	must_scan(s);
	assert_int_equal(s->inv.n_layers, 3);
	assert_int_equal(s->fake.gets, 3);
	assert_int_equal(s->inv.n_not_examined, 0);
	for (size_t i = 0; i < 3; i++) {
		assert_true(s->inv.layers[i].examined && !s->inv.layers[i].cached);
		assert_true(digest_eq(&s->inv.layers[i].digest, &s->fake.digest[i]));
	}
}

static void test_no_layers(void **state)
{
	struct scene *s = *state;
	s->image.n_layers = 0;
	must_scan(s);
	assert_int_equal(s->inv.n_layers, 0);
}

static void test_twice(void **state)
{
	struct scene *s = *state;
	s->image.layers[2] = s->image.layers[0];
	must_scan(s);
	assert_int_equal(s->fake.gets, 2);
	assert_true(s->inv.layers[2].examined);
}

static void test_not_fetched(void **state)
{
	struct scene *s = *state;
	s->image.n_layers = 4;
	s->image.layers[1].foreign = true;
	s->image.layers[2].media_type = S("application/vnd.oci.image.layer.v1.tar+gzip+encrypted");
	s->image.layers[3].media_type = S("application/vnd.example.thing");
	must_scan(s);
	assert_int_equal(s->fake.gets, 1);
	assert_int_equal(s->inv.n_not_examined, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(s->inv.not_examined[i].layer, i + 1);
	assert_false(s->inv.layers[1].examined);
}

static void test_broken(void **state)
{
	struct scene *s = *state;
	struct err e;
	char *p = arena_alloc(&s->arena, s->fake.body[1].n);
	memcpy(p, s->fake.body[1].p, s->fake.body[1].n);
	p[1400] ^= 1;
	s->fake.body[1].p = p;
	s->scan.cache_dir = str_of(s->cache);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(scan(s, &e), ERR_INVALID);
		assert_non_null(strstr(e.text, "layer 1 (sha256:"));
	}
	s->fake.body[1] = str_upto(s->fake.body[1], 600);
	assert_int_equal(scan(s, &e), ERR_INVALID);
	s->image.layers[1].digest.bytes[0] ^= 1;
	assert_int_equal(scan(s, &e), ERR_NOT_FOUND);
}

static void test_limits(void **state)
{
	struct scene *s = *state;
	struct err e;
	s->scan.limits.layers = 2;
	assert_int_equal(scan(s, &e), ERR_LIMIT);
	s->scan.limits.layers = 3;
	must_scan(s);
}

static void test_deadline(void **state)
{
	struct scene *s = *state;
	struct err e;
	s->scan.deadline = 1;
	assert_int_equal(scan(s, &e), ERR_IO);
	assert_non_null(strstr(e.text, "timeout"));
}

static void test_cache(void **state)
{
	struct scene *s = *state;
	uint64_t bytes = 0;
	struct err e;
	s->scan.cache_dir = str_of(s->cache);
	must_scan(s);
	assert_int_equal(s->fake.gets, 3);
	must_scan(s);
	assert_int_equal(s->fake.gets, 0);
	assert_true(s->inv.layers[0].examined && s->inv.layers[0].cached);
	/* Other limits: another record. */
	s->scan.limits.layer_entries++;
	must_scan(s);
	assert_int_equal(s->fake.gets, 3);
	assert_int_equal(scan_cache_clear(str_of(s->cache), &bytes, &e), 0);
	assert_true(bytes > 0);
	must_scan(s);
	assert_int_equal(s->fake.gets, 3);
	/* A cache that somebody else may write to is refused, one that cannot be made is done without. */
	assert_int_equal(chmod(s->cache, 0777), 0);
	assert_int_equal(scan(s, &e), ERR_INVALID);
	s->scan.cache_dir = S("/proc/none/cache");
	must_scan(s);
}

static void test_distro(void **state)
{
	struct scene *s = *state;
	struct err e;
	s->scan.distro = S("debian:12");
	must_scan(s);
	assert_true(s->inv.distribution.overridden);
	assert_true(str_eq(s->inv.distribution.id, S("debian")));
	s->scan.distro = S(":");
	assert_true(scan(s, &e) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_plain, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_layers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_twice, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_fetched, setup, teardown),
		cmocka_unit_test_setup_teardown(test_broken, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_deadline, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cache, setup, teardown),
		cmocka_unit_test_setup_teardown(test_distro, setup, teardown),
	};
	struct err e;
	if (launcher_open(&launcher, &e) < 0) {
		fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	int failed = cmocka_run_group_tests_name("analyze/scan", tests, NULL, NULL);
	launcher_close(launcher);
	return failed;
}
