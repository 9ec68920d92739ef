/* How fast secrets are searched for, without sandbox, tar reading and inflation in the measured time.
 *	bench-secrets FILE...      the files of these layers
 *	bench-secrets --dense      a text of 40 MB in which every line has a keyword and most look like an assignment
 * Prints bytes, seconds and finds. */
#include "analyze/analyzer.h"
#include "analyze/secret_scan.h"
#include "oci/tar.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

extern const struct analyzer analyzer_secret;

struct bench {
	struct arena arena;
	struct limits limits;
	struct analysis_options options;
	struct layer_record record;
	struct analysis an;
	unsigned long long bytes;
	double seconds;
};

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void check(int r, const struct err *e)
{
	if (r >= 0)
		return;
	fprintf(stderr, "%s\n", e->text);
	exit(1);
}

static void body(struct bench *b, struct tar *t, const struct tar_entry *te)
{
	struct file f = { .path = te->name, .size = te->size };
	struct str piece;
	struct err e;
	void *state;
	ssize_t n;
	double start = now();
	check(analyzer_secret.begin(&b->an, &f, &state, &e), &e);
	b->seconds += now() - start;
	while ((n = tar_body(t, &piece, &e)) > 0) {
		start = now();
		check(analyzer_secret.feed(&b->an, state, piece, &e), &e);
		b->seconds += now() - start;
		b->bytes += piece.n;
	}
	check((int)n, &e);
	start = now();
	check(analyzer_secret.end(&b->an, state, &f, NULL, &e), &e);
	b->seconds += now() - start;
}

static void layer(struct bench *b, const char *path)
{
	const struct inflate_limits limits = { .max_out = UINT64_MAX, .window_log = 27 };
	struct tar t;
	struct tar_entry te;
	struct err e;
	int r, fd = open(path, O_RDONLY);
	if (fd < 0) {
		perror(path);
		exit(1);
	}
	struct stream *s = stream_inflate_any(fd, &limits);
	tar_open(&t, s);
	while ((r = tar_next(&t, &te, &e)) > 0)
		if (te.type == TAR_FILE)
			body(b, &t, &te);
	check(r, &e);
	tar_close(&t);
	stream_close(s);
	close(fd);
}

static unsigned draw(uint64_t *x, size_t n)
{
	*x = *x * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)((*x >> 33) % n);
}

static void dense_text(struct buf *out)
{
	enum { SIZE = 40000000 };
	static const char *const heads[] = { "", "    ", "export ", "# ", "\"", "self." };
	static const char *const words[] = {
		"password",
		"db_passwd",
		"api_key",
		"apiKey",
		"secret",
		"client_secret",
		"token",
		"access",
		"auth_token",
		"AWS_SECRET_ACCESS_KEY",
		"private_key",
		"ghp_",
		"sk_live_",
		"xoxb-",
		"AKIA",
		"eyJ",
		"github_pat_",
		"twitter",
		"heroku",
		"datadog",
		"slack",
		"SG.",
		"Authorization: Bearer",
		"glpat-",
		"npm_",
		"-----BEGIN RSA PRIVATE KEY",
		"postgres://user",
		"https://a:b",
	};
	static const char *const signs[] = { " = ", ": ", "=", " => ", " ", ", ", "(\"" };
	static const char *const values[] = {
		"hunter2",
		"os.environ[\"X\"]",
		"${VALUE}",
		"<your token>",
		"None",
		"getToken()",
		"changeme",
		"\"example\"",
		"self.value",
		"abc123",
		"%s",
		"xxxxxxxxxxxx",
		"request.get(x)",
		"true",
		"aGVsbG8gd29ybGQ=",
		"0123456789abcdef0123456789",
		"correct-horse-1",
		"\"q8Zr5Tt1Lw0p\"",
	};
	uint64_t x = 1;
	while (out->n < SIZE)
		buf_addf(out, "%s%s%s%s\n", heads[draw(&x, COUNT(heads))],
			 words[draw(&x, COUNT(words))], signs[draw(&x, COUNT(signs))],
			 values[draw(&x, COUNT(values))]);
}

/* In files of a megabyte, so that the limit of finds of one file does not stop the work. */
static void dense(struct bench *b)
{
	enum { FILE_SIZE = 1 << 20 };
	struct buf text = { 0 };
	struct err e;
	dense_text(&text);
	double start = now();
	for (struct str rest = str_buf(&text); rest.n; rest = str_from(rest, FILE_SIZE)) {
		struct str piece = str_upto(rest, FILE_SIZE);
		struct file f = { .path = S("srv/app/settings"), .size = piece.n };
		void *state;
		check(analyzer_secret.begin(&b->an, &f, &state, &e), &e);
		check(analyzer_secret.feed(&b->an, state, piece, &e), &e);
		check(analyzer_secret.end(&b->an, state, &f, NULL, &e), &e);
	}
	b->seconds = now() - start;
	b->bytes = text.n;
	buf_done(&text);
}

int main(int argc, char **argv)
{
	struct bench b = { 0 };
	struct err e;
	size_t finds = 0;
	limits_default(&b.limits);
	check(secret_rules_prepare(&b.arena, S(""), S(""), 0, &b.options.secret_rules, &e), &e);
	b.an = (struct analysis){
		.arena = &b.arena, .record = &b.record, .limits = &b.limits, .options = &b.options
	};
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--dense"))
			dense(&b);
		else
			layer(&b, argv[i]);
	for (size_t i = 0; i < b.record.n_files; i++)
		finds += b.record.files[i].n_marks;
	printf("%llu %.6f %zu\n", b.bytes, b.seconds, finds);
	analyzer_secret.finish(&b.an, &e);
	arena_done(&b.arena);
	return 0;
}
