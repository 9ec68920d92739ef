/* A directory as a tar stream, read back by our own small eyes. */
#include "source/source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { STREAM_MAX = 8 << 20, LONG_NAME = 200 };

extern const struct source_ops source_dir;

struct tree {
	char path[64];
	struct source_options opt;
	struct source source;
	struct buf notes; /* "PATH: REASON\n" */
	struct buf seen; /* "TYPE PATH SIZE[>TARGET]\n" */
	const char *change; /* a file that grows (or shrinks) when it is asked about */
	off_t change_to;
};

static int setup(void **state)
{
	struct tree *t = calloc(1, sizeof *t);
	struct err e;
	snprintf(t->path, sizeof t->path, "/tmp/lazaret-dir-XXXXXX");
	if (!mkdtemp(t->path) || chdir(t->path) != 0)
		return -1;
	limits_default(&t->opt.limits);
	t->source.opt = &t->opt;
	if (source_dir.open(&t->source, str_of(t->path), &e) < 0)
		return -1;
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct tree *t = *state;
	char command[100];
	snprintf(command, sizeof command, "%s", t->path);
	pid_t child = fork();
	if (child == 0)
		execlp("rm", "rm", "-rf", command, (char *)NULL);
	waitpid(child, NULL, 0);
	arena_done(&t->source.arena);
	buf_done(&t->notes);
	buf_done(&t->seen);
	free(t);
	return 0;
}

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static bool wants(void *ctx, struct str path)
{
	struct tree *t = ctx;
	return str_ends(path, S(".db")) || (t->change && str_eq(path, str_of(t->change)));
}

static void note(void *ctx, struct str path, const char *reason)
{
	struct tree *t = ctx;
	buf_addf(&t->notes, "%.*s: %s\n", STR(path), reason);
}

static uint64_t octal(const char *p, size_t n)
{
	uint64_t v = 0;
	assert_true(str_to_u64_base((struct str){ p, n - 1 }, 8, UINT64_MAX, &v));
	return v;
}

static void check_sum(const char *h)
{
	unsigned sum = 0;
	for (int i = 0; i < 512; i++)
		sum += i >= 148 && i < 156 ? ' ' : (unsigned char)h[i];
	assert_int_equal(octal(h + 148, 7), sum);
}

/* The value of a key in a pax header's records. */
static struct str pax_value(struct str records, struct str key)
{
	while (records.n) {
		uint64_t n;
		struct str rest = records, length = str_cut(&rest, ' ');
		assert_true(str_to_u64(length, records.n, &n));
		struct str record = str_upto(records, n);
		assert_true(record.p[record.n - 1] == '\n');
		record = str_from(str_upto(record, record.n - 1), length.n + 1);
		records = str_from(records, n);
		if (str_eq(str_cut(&record, '='), key))
			return record;
	}
	return S("");
}

static void list(struct tree *t, struct str tar)
{
	struct str pax = S("");
	while (tar.n >= 512 && tar.p[0]) {
		const char *h = tar.p;
		check_sum(h);
		uint64_t size = octal(h + 124, 12);
		struct str body = str_upto(str_from(tar, 512), size);
		assert_int_equal(body.n, size);
		tar = str_from(tar, 512 + ((size + 511) & ~(uint64_t)511));
		if (h[156] == 'x') {
			pax = body;
			continue;
		}
		struct str name = pax_value(pax, S("path")), link = pax_value(pax, S("linkpath"));
		name = name.n ? name : str_of(h);
		link = link.n ? link : (struct str){ h + 157, strnlen(h + 157, 100) };
		pax = S("");
		buf_addf(&t->seen, "%c %.*s %llu%s%.*s\n", h[156], STR(name),
			 (unsigned long long)size, link.n ? ">" : "", STR(link));
	}
	assert_int_equal(tar.n, 1024);
}

static void read_tree(struct tree *t)
{
	const struct dir_filter filter = { wants, note, t };
	struct stream *s;
	struct err e;
	struct buf tar = { 0 };
	t->notes.n = t->seen.n = 0;
	assert_int_equal(dir_stream(&t->source, &filter, &s, &e), 0);
	while (true) {
		ssize_t n = stream_fill(s, &e);
		assert_true(n >= 0 && tar.n < STREAM_MAX);
		if (n == 0)
			break;
		buf_add(&tar, s->pos, (size_t)n);
		s->pos = s->end;
		if (t->change)
			assert_int_equal(truncate(t->change, t->change_to), 0);
	}
	stream_close(s);
	list(t, str_buf(&tar));
	buf_done(&tar);
	buf_cstr(&t->seen);
	buf_cstr(&t->notes);
}

#define HAS(t, line) assert_non_null(strstr((t)->seen.p, line "\n"))

static void test_kinds(void **state)
{
	struct tree *t = *state;
	mkdir("d", 0755);
	mkdir("d/e", 0755);
	put("d/e/a.db", "hello");
	put("d/other", "hello");
	assert_int_equal(symlink("../x", "d/link"), 0);
	assert_int_equal(mkfifo("fifo.db", 0644), 0);
	read_tree(t);
	HAS(t, "5 d/ 0");
	HAS(t, "5 d/e/ 0");
	HAS(t, "0 d/e/a.db 5");
	HAS(t, "0 d/other 0");
	HAS(t, "2 d/link 0>../x");
	HAS(t, "6 fifo.db 0");
	assert_string_equal(t->notes.p, "");
}

static void test_names(void **state)
{
	struct tree *t = *state;
	char name[LONG_NAME + 1], line[LONG_NAME * 3];
	memset(name, 'n', LONG_NAME);
	name[LONG_NAME] = '\0';
	put(name, "");
	put("new\nline=\xff.db", "abc");
	assert_int_equal(symlink(name, "l"), 0);
	read_tree(t);
	snprintf(line, sizeof line, "0 %s 0\n", name);
	assert_non_null(strstr(t->seen.p, line));
	snprintf(line, sizeof line, "2 l 0>%s\n", name);
	assert_non_null(strstr(t->seen.p, line));
	HAS(t, "0 new\nline=\xff.db 3");
}

/* Nothing outside of the root is read, whatever links say. */
static void test_attack(void **state)
{
	struct tree *t = *state;
	char outside[100], root[100];
	mkdir("root", 0755);
	put("secret.db", "secret");
	mkdir("out", 0755);
	put("out/b.db", "secret");
	assert_int_equal(symlink("../secret.db", "root/a.db"), 0);
	assert_int_equal(symlink("../out", "root/dir"), 0);
	snprintf(outside, sizeof outside, "%s/out", t->path);
	assert_int_equal(symlink(outside, "root/abs"), 0);
	assert_int_equal(symlink("/proc/self/root", "root/magic"), 0);
	snprintf(root, sizeof root, "%s/root", t->path);
	t->source.path = str_of(root);
	read_tree(t);
	HAS(t, "2 a.db 0>../secret.db");
	HAS(t, "2 dir 0>../out");
	HAS(t, "2 magic 0>/proc/self/root");
	assert_null(strstr(t->seen.p, "b.db"));
}

static void test_skip(void **state)
{
	struct tree *t = *state;
	struct str files[] = { S("/d/a.db") }, dirs[] = { S("**/cache/") };
	mkdir("d", 0755);
	mkdir("d/cache", 0755);
	put("d/cache/x.db", "x");
	put("d/a.db", "a");
	put("d/b.db", "b");
	t->opt.skip_files = (struct strs){ files, 1, 1 };
	t->opt.skip_dirs = (struct strs){ dirs, 1, 1 };
	read_tree(t);
	assert_null(strstr(t->seen.p, "a.db"));
	assert_null(strstr(t->seen.p, "cache"));
	HAS(t, "0 d/b.db 1");
}

static void test_limits(void **state)
{
	struct tree *t = *state;
	put("big.db", "0123456789");
	put("small.db", "012345678");
	t->opt.limits.file_bytes = 9;
	read_tree(t);
	assert_string_equal(t->notes.p, "big.db: larger than the limit file_bytes\n");
	HAS(t, "0 small.db 9");
	t->opt.limits.file_bytes = 100;
	t->opt.limits.path_bytes = 7;
	read_tree(t);
	assert_string_equal(t->notes.p, "small.db: the path is longer than the limit path_bytes\n");
	t->opt.limits.path_bytes = 4096;
	t->opt.limits.layer_entries = 1;
	read_tree(t);
	assert_string_equal(t->notes.p, ": more entries than the limit layer_entries\n");
}

/* Deeper than descriptors would reach. */
static void test_deep(void **state)
{
	struct tree *t = *state;
	struct buf path = { 0 };
	for (int i = 0; i < 1500; i++) {
		assert_int_equal(mkdir("d", 0755), 0);
		assert_int_equal(chdir("d"), 0);
		buf_addf(&path, "%sd", i ? "/" : "");
	}
	put("x.db", "x");
	assert_int_equal(chdir("/"), 0);
	read_tree(t);
	buf_addf(&path, "/x.db 1\n");
	assert_non_null(strstr(t->seen.p, buf_cstr(&path)));
	assert_string_equal(t->notes.p, "");
	buf_done(&path);
}

static void test_changing(void **state)
{
	struct tree *t = *state;
	int fd = open("grow.db", O_WRONLY | O_CREAT, 0644);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(truncate("grow.db", 1 << 20), 0);
	t->change = "grow.db";
	t->change_to = 2 << 20;
	read_tree(t);
	HAS(t, "0 grow.db 1048576");
	assert_string_equal(t->notes.p, "grow.db: changed while it was read\n");
	t->change_to = 1 << 20;
	assert_int_equal(truncate("grow.db", 2 << 20), 0);
	t->change_to = 600000;
	read_tree(t);
	HAS(t, "0 grow.db 2097152");
	assert_string_equal(t->notes.p, "grow.db: changed while it was read\n");
}

static void as_nobody(struct tree *t)
{
	if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
		_exit(77);
	read_tree(t);
	bool file = strstr(t->notes.p, "a.db: cannot be opened: Permission denied\n");
	bool folder = strstr(t->notes.p, "d: the folder cannot be opened: Permission denied\n");
	_exit(file && folder ? 0 : 1);
}

static void test_unreadable(void **state)
{
	struct tree *t = *state;
	int status;
	put("a.db", "a");
	mkdir("d", 0700);
	assert_int_equal(chmod("a.db", 0) | chmod("d", 0) | chmod(".", 0755), 0);
	pid_t child = fork();
	if (child == 0)
		as_nobody(t);
	assert_true(waitpid(child, &status, 0) == child && WIFEXITED(status));
	chmod("d", 0700);
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_mount(void **state)
{
	struct tree *t = *state;
	mkdir("m", 0755);
	mkdir("p", 0755);
	if (mount("none", "m", "tmpfs", 0, NULL) != 0)
		skip();
	bool proc = mount("none", "p", "proc", 0, NULL) == 0;
	put("m/a.db", "a");
	read_tree(t);
	bool outside = strstr(t->seen.p, "a.db");
	bool noted = strcmp(t->notes.p, "m: another file system is mounted here\n") == 0;
	t->opt.cross_file_systems = true;
	read_tree(t);
	bool inside = strstr(t->seen.p, "0 m/a.db 1\n"), quiet = t->notes.p[0] == '\0';
	umount2("m", MNT_DETACH);
	if (proc)
		umount2("p", MNT_DETACH);
	assert_false(outside);
	assert_true(noted && inside && quiet);
}

static void test_no_folder(void **state)
{
	struct tree *t = *state;
	struct err e;
	put("file", "");
	struct str path = arena_printf(&t->source.arena, "%s/file", t->path);
	assert_int_equal(source_dir.open(&t->source, path, &e), ERR_INVALID);
	path = arena_printf(&t->source.arena, "%s/none", t->path);
	assert_int_equal(source_dir.open(&t->source, path, &e), ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_kinds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_names, setup, teardown),
		cmocka_unit_test_setup_teardown(test_attack, setup, teardown),
		cmocka_unit_test_setup_teardown(test_skip, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_deep, setup, teardown),
		cmocka_unit_test_setup_teardown(test_changing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unreadable, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mount, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_folder, setup, teardown),
	};
	return cmocka_run_group_tests_name("source/dir", tests, NULL, NULL);
}
