/* One suite for every source that holds images: the same tiny image as a layout, as archives of each kind and compression,
 * and out of engines' sockets, must come out with the same configuration, layers and bytes. Then choices, platforms, and
 * what must be refused, with its code. Folders (dir) and registries have tests of their own. */
#include "source/source.h"
#include "base/json.h"
#include "make_image.h"

#include <dirent.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

struct world {
	struct arena a;
	struct source_options opt;
	struct str dir;
	unsigned serial; /* of folders made */
	struct str layers[2];
};

static struct str in(struct world *w, const char *name)
{
	return arena_printf(&w->a, "%.*s/%s", STR(w->dir), name);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	const char *tmp = getenv("TMPDIR");
	limits_default(&w->opt.limits);
	struct str pattern = arena_printf(&w->a, "%s/lazaret-sources-XXXXXX", tmp ? tmp : "/tmp");
	w->dir = str_of(mkdtemp((char *)(uintptr_t)pattern.p));
	w->layers[0] = made_layer(&w->a, "etc/os-release", "ID=test\n");
	w->layers[1] = made_layer(&w->a, "second", "2");
	*state = w;
	return w->dir.n ? 0 : -1;
}

static int teardown(void **state)
{
	struct world *w = *state;
	char *const argv[] = { (char *)"rm", (char *)"-rf", (char *)(uintptr_t)w->dir.p, NULL };
	pid_t pid = fork();
	if (pid == 0) {
		execvp("rm", argv);
		_exit(127);
	}
	int status = 0;
	waitpid(pid, &status, 0);
	arena_done(&w->a);
	free(w);
	return status;
}

/* The image of every form. */
static void check_layer(struct source *s, const struct descriptor *d, struct str bytes)
{
	struct stream *in_ = NULL;
	struct buf b = { 0 };
	struct err e = { 0 };
	assert_int_equal(d->size, bytes.n);
	assert_int_equal(source_get_verified(s, d, &in_, &e), 0);
	assert_int_equal(stream_read_all(in_, 1 << 20, &b, &e), 0);
	assert_true(str_eq(str_buf(&b), bytes));
	stream_close(in_);
	buf_done(&b);
}

static void check_image(struct world *w, const char *target)
{
	struct arena a = { 0 };
	struct source *s = NULL;
	struct image *images = NULL;
	struct err e = { 0 };
	size_t n = 0;
	char text[DIGEST_TEXT];
	if (source_open(str_of(target), &w->opt, &s, &e) ||
	    source_images(s, NULL, &a, &images, &n, &e))
		fail_msg("%s: %s", target, e.text);
	struct str config = made_config(&a, "amd64", w->layers, 2);
	assert_int_equal(n, 1);
	assert_true(
		str_eq(str_of(digest_text(&images->config.digest, text)), made_digest(&a, config)));
	assert_true(str_eq(images->cfg.raw, config));
	assert_true(str_eq(str_of(digest_text(&images->self.digest, text)),
			   made_digest(&a, images->manifest)));
	assert_int_equal(images->n_layers, 2);
	for (size_t i = 0; i < 2; i++) {
		check_layer(s, &images->layers[i], w->layers[i]);
		assert_true(digest_eq(&images->layers[i].digest, &images->cfg.diff_ids[i]));
	}
	source_close(s);
	arena_done(&a);
}

static struct made layout(struct world *w, const char *name)
{
	struct made m = { .a = &w->a };
	struct str more =
		name ? arena_printf(
			       &w->a,
			       ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"%s\"}",
			       name)
		     : S("");
	made_layout(&m, made_oci_image(&m, "amd64", w->layers, 2, more.n ? more.p : ""));
	return m;
}

static void test_layout(void **state)
{
	struct world *w = *state;
	struct made m = layout(w, "app:1.0");
	made_write_dir(&m, in(w, "layout"));
	check_image(w, in(w, "layout").p);
	check_image(w, arena_printf(&w->a, "oci:%s", in(w, "layout").p).p);
	check_image(w, arena_printf(&w->a, "oci:%s:1.0", in(w, "layout").p).p);
	check_image(w, arena_printf(&w->a, "oci:%s:app:1.0", in(w, "layout").p).p);
	check_image(w,
		    arena_printf(&w->a, "oci:%s:docker.io/library/app:1.0", in(w, "layout").p).p);
}

static void check_compressed(struct world *w, const char *name, struct str tar, const char *scheme)
{
	struct str forms[] = { tar, made_gzip(&w->a, tar), made_zstd(&w->a, tar) };
	for (size_t i = 0; i < COUNT(forms); i++) {
		struct str path = in(w, arena_printf(&w->a, "%s-%zu:x.tar", name, i).p);
		write_file(path.p, forms[i]);
		check_image(w, path.p);
		check_image(w, arena_printf(&w->a, "%s:%s", scheme, path.p).p);
		check_image(w, arena_printf(&w->a, "%s:%s:app:1.0", scheme, path.p).p);
		check_image(w, arena_printf(&w->a, "%s:%s:1.0", scheme, path.p).p);
	}
}

static void test_oci_archive(void **state)
{
	struct world *w = *state;
	struct made m = layout(w, "app:1.0");
	check_compressed(w, "oci", made_tar(&m), "oci-archive");
}

static struct made docker(struct world *w)
{
	struct made m = { .a = &w->a };
	made_docker(&m, "amd64", w->layers, 2, "[\"app:1.0\"]");
	return m;
}

static void test_docker_archive(void **state)
{
	struct world *w = *state;
	struct made m = docker(w);
	check_compressed(w, "docker", made_tar(&m), "docker-archive");
	struct str path = in(w, "docker-0:x.tar");
	check_image(w, arena_printf(&w->a, "docker-archive:%s:@0", path.p).p);
	check_image(w,
		    arena_printf(&w->a, "docker-archive:%s@%.*s", path.p,
				 STR(made_digest(&w->a, made_config(&w->a, "amd64", w->layers, 2))))
			    .p);
}

/* docker save of version 25 and later: an OCI layout and manifest.json in one. */
static void test_hybrid(void **state)
{
	struct world *w = *state;
	struct made m = layout(w, "1.0");
	struct str path = in(w, "hybrid.tar"), blob[3];
	blob[0] = made_digest(&w->a, made_config(&w->a, "amd64", w->layers, 2));
	for (size_t i = 0; i < 2; i++)
		blob[i + 1] = made_digest(&w->a, w->layers[i]);
	made_add(&m, S("manifest.json"),
		 arena_printf(&w->a,
			      "[{\"Config\":\"blobs/sha256/"
			      "%s\",\"RepoTags\":[\"app:1.0\"],\"Layers\":[\"blobs/sha256/%s\","
			      "\"blobs/sha256/%s\"]}]",
			      blob[0].p + 7, blob[1].p + 7, blob[2].p + 7));
	write_file(path.p, made_tar(&m));
	check_image(w, path.p);
	check_image(w, arena_printf(&w->a, "docker-archive:%s:app:1.0", path.p).p);
	check_image(w, arena_printf(&w->a, "oci-archive:%s:1.0", path.p).p);
}

/* Layers that are there before are links in old archives. */
static void test_links(void **state)
{
	struct world *w = *state;
	struct made m = docker(w);
	struct buf b = { 0 };
	for (size_t i = 0; i < m.n; i++) {
		const char *name = arena_cstr(&w->a, m.v[i].name);
		if (strcmp(name, "0/layer.tar") == 0) {
			tar_file(&b, "./base/real.tar", m.v[i].body);
			tar_header(&b, '2', "0/layer.tar", "../x/hard.tar", 0);
			tar_header(&b, '1', "x/hard.tar", "base/real.tar", 0);
		} else {
			tar_file(&b, name, m.v[i].body);
		}
	}
	tar_finish(&b);
	write_file(in(w, "links.tar").p, str_buf(&b));
	buf_done(&b);
	check_image(w, in(w, "links.tar").p);
}

/* Compressed layers have the digest of the bytes that are stored. */
static void test_gzip_layer(void **state)
{
	struct world *w = *state;
	struct arena a = { 0 };
	struct made m = docker(w);
	struct source *s = NULL;
	struct image *image = NULL;
	struct err e = { 0 };
	size_t n;
	char text[DIGEST_TEXT];
	for (size_t i = 0; i < m.n; i++)
		if (str_eq(m.v[i].name, S("1/layer.tar")))
			m.v[i].body = made_gzip(&w->a, m.v[i].body);
	write_file(in(w, "gzip-layer.tar").p, made_tar(&m));
	assert_int_equal(source_open(in(w, "gzip-layer.tar"), &w->opt, &s, &e), 0);
	assert_int_equal(source_images(s, NULL, &a, &image, &n, &e), 0);
	struct str stored = made_gzip(&w->a, w->layers[1]);
	assert_true(str_eq(str_of(digest_text(&image->layers[1].digest, text)),
			   made_digest(&a, stored)));
	assert_true(str_ends(image->layers[1].media_type, S(".gzip")));
	check_layer(s, &image->layers[1], stored);
	source_close(s);
	arena_done(&a);
}

/* Engines: a server on a socket that says so often "no such image", then gives the archive. */
struct engine {
	int fd, refusals;
	struct str archive;
	struct buf seen;
};

static void *serve(void *p)
{
	struct engine *g = p;
	for (;;) {
		char request[1000] = "";
		int c = accept(g->fd, NULL, NULL);
		if (c < 0)
			return NULL;
		if (read(c, request, sizeof request - 1) > 0)
			buf_addf(&g->seen, "%.*s\n", (int)strcspn(request, "\r"), request);
		bool refuse = g->refusals-- > 0;
		struct str body = refuse ? S("{\"message\":\"no such\\nimage\"}") : g->archive;
		dprintf(c, "HTTP/1.1 %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
			refuse ? "404 Not Found" : "200 OK", body.n);
		for (size_t done = 0; done < body.n;) {
			ssize_t n = send(c, body.p + done, body.n - done, MSG_NOSIGNAL);
			if (n <= 0)
				break;
			done += (size_t)n;
		}
		close(c);
	}
}

static void with_engine(struct world *w, const char *target, const char *variable, int refusals,
			int expected, const char *request)
{
	struct made m = docker(w);
	struct engine g = { .refusals = refusals, .archive = made_tar(&m) };
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct str path = in(w, "socket");
	struct source *s = NULL;
	struct err e = { 0 };
	pthread_t thread;
	g.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(path.n < sizeof at.sun_path);
	memcpy(at.sun_path, path.p, path.n);
	unlink(path.p);
	assert_int_equal(bind(g.fd, (struct sockaddr *)&at, sizeof at) | listen(g.fd, 5), 0);
	pthread_create(&thread, NULL, serve, &g);
	setenv(variable, arena_printf(&w->a, "unix://%s", path.p).p, 1);
	if (expected == 0)
		check_image(w, target);
	else
		assert_int_equal(source_open(str_of(target), &w->opt, &s, &e), expected);
	unsetenv(variable);
	shutdown(g.fd, SHUT_RDWR);
	pthread_join(thread, NULL);
	close(g.fd);
	assert_null(strchr(e.text, '\n'));
	if (!strstr(buf_cstr(&g.seen), request))
		fail_msg("asked for: %s", buf_cstr(&g.seen));
	buf_done(&g.seen);
}

static void test_engines(void **state)
{
	struct world *w = *state;
	with_engine(w, "docker:app:1.0", "DOCKER_HOST", 0, 0, "GET /images/app:1.0/get ");
	with_engine(w, "docker:h.example/a/b", "DOCKER_HOST", 0, 0,
		    "GET /images/h.example/a/b:latest/get ");
	with_engine(w, "podman:app:1.0", "CONTAINER_HOST", 0, 0,
		    "/libpod/images/app:1.0/get?format=docker-archive ");
	with_engine(w, "podman:app", "CONTAINER_HOST", 1, 0, "GET /images/app:latest/get ");
	with_engine(w, "docker:app", "DOCKER_HOST", 9, ERR_NOT_FOUND,
		    "GET /images/app:latest/get ");
	with_engine(w, "podman:app", "CONTAINER_HOST", 9, ERR_NOT_FOUND,
		    "GET /images/app:latest/get ");
}

/* Choices and platforms. */
static int open_code(struct world *w, const char *target, const char *platform, size_t *n,
		     struct err *e)
{
	struct arena a = { 0 };
	struct source *s CLEANUP(cleanup_source) = NULL;
	struct image *images = NULL;
	struct platform want;
	int r = source_open(str_of(target), &w->opt, &s, e);
	if (r == 0 && platform)
		assert_int_equal(platform_parse(&a, str_of(platform), &want, e), 0);
	if (r == 0)
		r = source_images(s, platform ? &want : NULL, &a, &images, n, e);
	if (r == 0 && platform)
		assert_true(platform_match(&images->cfg.platform, &want) > 0);
	for (size_t i = 0; r == 0 && i < *n; i++)
		for (size_t k = 0; r == 0 && k < images[i].n_layers; k++) {
			struct stream *x CLEANUP(cleanup_stream) = NULL;
			r = source_get_verified(s, &images[i].layers[k], &x, e);
			if (r == 0)
				r = stream_drain(x, e);
		}
	arena_done(&a);
	return r;
}

static void expect(struct world *w, const char *target, const char *platform, int code,
		   const char *text)
{
	struct err e = { 0 };
	size_t n = 0;
	int r = open_code(w, target, platform, &n, &e);
	if (r != code || (text && !strstr(e.text, text)))
		fail_msg("%s: %d in place of %d: %s", target, r, code, e.text);
}

static const char *chosen(struct world *w, size_t archive, const char *name)
{
	if (archive)
		return arena_printf(&w->a, "oci-archive:%s/two.tar%s", w->dir.p, name).p;
	return arena_printf(&w->a, "oci:%s/two%s", w->dir.p, name).p;
}

static void test_choice(void **state)
{
	struct world *w = *state;
	struct made m = { .a = &w->a };
	struct str one =
		made_oci_image(&m, "amd64", w->layers, 2,
			       ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"one\"}");
	struct str two = made_oci_image(
		&m, "arm64", w->layers, 1,
		",\"annotations\":{\"io.containerd.image.name\":\"h.example/app:two\"}");
	made_layout(&m, arena_printf(&w->a, "%.*s,%.*s", STR(one), STR(two)));
	made_write_dir(&m, in(w, "two"));
	write_file(in(w, "two.tar").p, made_tar(&m));
	for (size_t i = 0; i < 2; i++) {
		expect(w, chosen(w, i, ""), NULL, ERR_NOT_FOUND, "one, h.example/app:two");
		expect(w, chosen(w, i, ":three"), NULL, ERR_NOT_FOUND, "one, h.example/app:two");
		expect(w, chosen(w, i, ":one"), "linux/amd64", 0, NULL);
		expect(w, chosen(w, i, ":two"), "linux/arm64", 0, NULL);
		expect(w, chosen(w, i, ":h.example/app:two"), "linux/arm64", 0, NULL);
		struct str d = made_digest(&w->a, m.v[3].body);
		assert_true(str_find(one, d) > 0);
		expect(w, chosen(w, i, arena_printf(&w->a, "@%s", d.p).p), "linux/amd64", 0, NULL);
		expect(w, chosen(w, i, "@sha256:00"), NULL, ERR_INVALID, NULL);
	}
}

static struct str index_of(struct made *m, struct str list, const char *more)
{
	return made_blob(
		m, "application/vnd.oci.image.index.v1+json",
		arena_printf(m->a, "{\"schemaVersion\":2,\"manifests\":[%.*s]}", STR(list)), more);
}

#define PLATFORM(os, arch) ",\"platform\":{\"os\":\"" os "\",\"architecture\":\"" arch "\"}"

static void test_platforms(void **state)
{
	struct world *w = *state;
	struct made m = { .a = &w->a };
	struct err e = { 0 };
	size_t n = 0;
	struct str amd = made_oci_image(&m, "amd64", w->layers, 2, PLATFORM("linux", "amd64"));
	struct str arm = made_oci_image(&m, "arm64", w->layers, 2, PLATFORM("linux", "arm64"));
	struct str silent = made_oci_image(&m, "s390x", w->layers, 2, "");
	struct str attested = made_blob(&m, "application/vnd.oci.image.manifest.v1+json",
					S("none of this is read"), PLATFORM("unknown", "unknown"));
	struct str nested =
		index_of(&m, arena_printf(&w->a, "%.*s,%.*s", STR(arm), STR(silent)), "");
	made_layout(&m, index_of(&m,
				 arena_printf(&w->a, "%.*s,%.*s,%.*s,%.*s", STR(amd), STR(attested),
					      STR(nested), STR(amd)),
				 ""));
	made_write_dir(&m, in(w, "index"));
	struct str target = in(w, "index");
	assert_int_equal(open_code(w, target.p, NULL, &n, &e), 0);
	assert_int_equal(n, 3);
	expect(w, target.p, "linux/amd64", 0, NULL);
	expect(w, target.p, "linux/arm64", 0, NULL);
	expect(w, target.p, "linux/s390x", 0, NULL);
	expect(w, target.p, "linux/386", ERR_NOT_FOUND, "linux/amd64, linux/arm64, linux/s390x");
	w->opt.limits.index_manifests = 5;
	expect(w, target.p, NULL, ERR_LIMIT, "index_manifests, 5");
	limits_default(&w->opt.limits);
}

/* An index.json that lists platforms itself. */
static void test_bare_platforms(void **state)
{
	struct world *w = *state;
	struct made m = { .a = &w->a };
	struct str amd = made_oci_image(&m, "amd64", w->layers, 2, PLATFORM("linux", "amd64"));
	struct str arm = made_oci_image(&m, "arm64", w->layers, 2, PLATFORM("linux", "arm64"));
	made_layout(&m, arena_printf(&w->a, "%.*s,%.*s", STR(amd), STR(arm)));
	made_write_dir(&m, in(w, "bare"));
	expect(w, in(w, "bare").p, "linux/arm64", 0, NULL);
	expect(w, in(w, "bare").p, "linux/386", ERR_NOT_FOUND, "linux/arm64");
}

static void test_depth(void **state)
{
	struct world *w = *state;
	w->opt.limits.index_depth = 3;
	for (int depth = 1; depth <= 6; depth++) {
		struct made m = { .a = &w->a };
		struct str d = made_oci_image(&m, "amd64", w->layers, 2, "");
		struct str name = in(w, arena_printf(&w->a, "depth%d", depth).p);
		for (int i = 0; i < depth; i++)
			d = index_of(&m, d, "");
		made_layout(&m, d);
		made_write_dir(&m, name);
		/* Manifests are read when they are chosen, so they do not count as a level. */
		expect(w, name.p, "linux/amd64", depth <= 4 ? 0 : ERR_LIMIT, NULL);
	}
	limits_default(&w->opt.limits);
}

/* What must be refused. */
static void expect_layout(struct world *w, struct made *m, int code, const char *text)
{
	struct str name = in(w, arena_printf(&w->a, "bad%u", w->serial++).p);
	made_write_dir(m, name);
	write_file(in(w, "bad.tar").p, made_tar(m));
	expect(w, arena_printf(&w->a, "oci:%s", name.p).p, NULL, code, text);
	expect(w, arena_printf(&w->a, "oci-archive:%s", in(w, "bad.tar").p).p, NULL, code, text);
}

static void replace(struct made *m, const char *name, struct str body)
{
	for (size_t i = 0; i < m->n; i++)
		if (str_eq(m->v[i].name, str_of(name)) || (strcmp(name, "LAYER") == 0 && i == 1) ||
		    (strcmp(name, "CONFIG") == 0 && i == 0))
			m->v[i].body = body;
}

static void test_layout_rejects(void **state)
{
	static const struct {
		const char *name, *body;
		int code;
		const char *text;
	} t[] = {
		{ "oci-layout", "{\"imageLayoutVersion\":\"2.0.0\"}", ERR_UNSUPPORTED, "2.0.0" },
		{ "oci-layout", "{}", ERR_INVALID, "imageLayoutVersion" },
		{ "oci-layout", "x", ERR_INVALID, "oci-layout" },
		{ "index.json", "foobar", ERR_INVALID, "index.json" },
		{ "index.json", "{\"schemaVersion\":2,\"manifests\":[]}", ERR_NOT_FOUND,
		  "no image" },
		{ "LAYER", "short", ERR_INVALID, "its descriptor says" },
		{ "CONFIG", "{}", ERR_INVALID, "its descriptor says" },
	};
	struct world *w = *state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct made m = layout(w, NULL);
		replace(&m, t[i].name, str_of(t[i].body));
		expect_layout(w, &m, t[i].code, t[i].text);
	}
	struct made m = layout(w, NULL);
	char *flipped = arena_cstr(&w->a, w->layers[0]);
	flipped[600] ^= 1;
	replace(&m, "LAYER", (struct str){ flipped, w->layers[0].n });
	expect_layout(w, &m, ERR_INVALID, "digest differs");
	m = layout(w, NULL);
	m.v[1].name = S("blobs/sha256/gone");
	expect_layout(w, &m, ERR_NOT_FOUND, NULL);
	m = (struct made){ .a = &w->a };
	struct str config = made_blob(&m, "application/vnd.cncf.helm.config.v1+json", S("{}"), "");
	made_layout(&m, made_blob(&m, "application/vnd.oci.image.manifest.v1+json",
				  arena_printf(&w->a,
					       "{\"schemaVersion\":2,\"config\":%s,\"layers\":[]}",
					       config.p),
				  ""));
	expect_layout(w, &m, ERR_UNSUPPORTED, "helm");
	m = (struct made){ .a = &w->a };
	config = made_blob(&m, "application/vnd.oci.image.config.v1+json",
			   made_config(&w->a, "amd64", w->layers, 2), "");
	made_layout(&m, made_blob(&m, "application/vnd.oci.image.manifest.v1+json",
				  arena_printf(&w->a,
					       "{\"schemaVersion\":2,\"config\":%s,\"layers\":[]}",
					       config.p),
				  ""));
	expect_layout(w, &m, ERR_INVALID, "lists 0 layers, the configuration 2");
}

/* Links, pipes and folders in the place of files. */
static void test_layout_files(void **state)
{
	struct world *w = *state;
	struct made m = layout(w, NULL);
	struct str layer = arena_printf(&w->a, "%s/files/%.*s", w->dir.p, STR(m.v[1].name));
	made_write_dir(&m, in(w, "files"));
	expect(w, in(w, "files").p, NULL, 0, NULL);
	write_file(in(w, "outside").p, w->layers[0]);
	unlink(layer.p);
	assert_int_equal(symlink(in(w, "outside").p, layer.p), 0);
	expect(w, in(w, "files").p, NULL, ERR_INVALID, "leads out of the layout");
	unlink(layer.p);
	assert_int_equal(symlink("../../../outside", layer.p), 0);
	expect(w, in(w, "files").p, NULL, ERR_INVALID, "leads out of the layout");
	unlink(layer.p);
	write_file(in(w, "files/inside").p, w->layers[0]);
	assert_int_equal(symlink("../../inside", layer.p), 0);
	expect(w, in(w, "files").p, NULL, 0, NULL);
	unlink(layer.p);
	assert_int_equal(mkfifo(layer.p, 0600), 0);
	expect(w, in(w, "files").p, NULL, ERR_INVALID, "no regular file");
	unlink(in(w, "files/index.json").p);
	mkdir(in(w, "files/index.json").p, 0700);
	expect(w, in(w, "files").p, NULL, ERR_INVALID, "no regular file");
}

static void expect_archive(struct world *w, struct str bytes, int code, const char *text)
{
	write_file(in(w, "bad.tar").p, bytes);
	expect(w, arena_printf(&w->a, "docker-archive:%s", in(w, "bad.tar").p).p, NULL, code, text);
}

static void test_docker_rejects(void **state)
{
	static const struct {
		const char *name, *body;
		int code;
		const char *text;
	} t[] = {
		{ "manifest.json", "[]", ERR_INVALID, "lists no image" },
		{ "manifest.json", "{}", ERR_INVALID, "lists no image" },
		{ "manifest.json", "[{}]", ERR_INVALID, "configuration" },
		{ "manifest.json", "[{\"Config\":\"x\"}]", ERR_INVALID, "layers" },
		{ "manifest.json", "[{\"Config\":\"x\",\"Layers\":[1]}]", ERR_INVALID, "no name" },
		{ "manifest.json", "[{\"Config\":\"x\",\"Layers\":[]}]", ERR_INVALID,
		  "the archive has no 'x'" },
		{ "manifest.json", "[{\"Config\":\"../x\",\"Layers\":[]}]", ERR_INVALID,
		  "climbs out" },
		{ "manifest.json", "[{\"Config\":\"x\",\"Layers\":[],\"layers\":[]}]", ERR_INVALID,
		  "spelled" },
		{ "manifest.json",
		  "[{\"Config\":\"x\",\"Layers\":[]},{\"Config\":\"y\",\"Layers\":[],\"RepoTags\":["
		  "\"b:1\"]}]",
		  ERR_NOT_FOUND, "there is: x, b:1" },
		{ "CONFIG", "{}", ERR_INVALID, "its digest differs" },
	};
	struct world *w = *state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct made m = docker(w);
		replace(&m, t[i].name, str_of(t[i].body));
		expect_archive(w, made_tar(&m), t[i].code, t[i].text);
	}
	struct made m = docker(w);
	m.v[1].name = S("gone");
	expect_archive(w, made_tar(&m), ERR_INVALID, "the archive has no '0/layer.tar'");
	m = docker(w);
	m.v[1].body = w->layers[1];
	expect_archive(w, made_tar(&m), ERR_INVALID, "digest differs");
	m = docker(w);
	made_add(&m, S("./manifest.json"), S("[]"));
	expect_archive(w, made_tar(&m), ERR_INVALID, "there twice");
	m = docker(w);
	made_add(&m, S("x/../../y"), S(""));
	expect_archive(w, made_tar(&m), ERR_INVALID, "climbs out");
	m = (struct made){ .a = &w->a };
	made_add(&m, S("repositories"), S("{}"));
	expect_archive(w, made_tar(&m), ERR_UNSUPPORTED, "1.10");
}

static void test_archive_rejects(void **state)
{
	struct world *w = *state;
	struct made m = docker(w);
	struct str tar = made_tar(&m), gzip = made_gzip(&w->a, tar);
	struct buf b = { 0 };
	expect_archive(w, S(""), ERR_INVALID, "no tar");
	expect_archive(w, S("hello"), ERR_INVALID, "no tar");
	expect_archive(w, str_upto(tar, 512 + 100), ERR_INVALID, "breaks off");
	expect_archive(w, str_upto(tar, 1024 + 100), ERR_INVALID, NULL);
	expect_archive(w, str_upto(tar, 1024), ERR_INVALID, "no manifest.json");
	expect_archive(w, str_upto(gzip, gzip.n / 2), ERR_INVALID, "ends early");
	expect_archive(w, str_upto(made_zstd(&w->a, tar), 100), ERR_INVALID, NULL);
	tar_header(&b, '2', "manifest.json", "b", 0);
	tar_header(&b, '2', "b", "manifest.json", 0);
	expect_archive(w, str_buf(&b), ERR_INVALID, "links");
	b.n = 0;
	tar_header(&b, '2', "manifest.json", "/etc/passwd", 0);
	expect_archive(w, str_buf(&b), ERR_INVALID, "out of the archive");
	b.n = 0;
	tar_header(&b, '2', "manifest.json", "../manifest.json", 0);
	expect_archive(w, str_buf(&b), ERR_INVALID, "out of the archive");
	b.n = 0;
	tar_header(&b, '6', "manifest.json", "", 0);
	expect_archive(w, str_buf(&b), ERR_INVALID, "no regular file");
	b.n = 0;
	tar_header(&b, '0', "manifest.json", "", 077777777777);
	expect_archive(w, str_buf(&b), ERR_INVALID, "breaks off");
	buf_done(&b);
	expect(w, in(w, "nosuch").p, NULL, ERR_NOT_FOUND, "nosuch");
	expect(w, "docker-archive:/nosuch/file:x", NULL, ERR_NOT_FOUND, "nosuch");
	expect(w, "docker-archive:", NULL, ERR_INVALID, "missing");
	expect(w, "", NULL, ERR_INVALID, "empty");
}

static void test_archive_limits(void **state)
{
	struct world *w = *state;
	struct made m = docker(w);
	struct str tar = made_tar(&m);
	w->opt.limits.archive_entries = 3;
	expect_archive(w, tar, ERR_LIMIT, "archive_entries, 3");
	w->opt.limits.archive_entries = 4;
	expect_archive(w, tar, 0, NULL);
	w->opt.limits.archive_bytes = 2000;
	expect_archive(w, made_gzip(&w->a, tar), ERR_LIMIT, "2000");
	expect_archive(w, tar, 0, NULL);
	w->opt.limits.manifest_bytes = 50;
	expect_archive(w, tar, ERR_LIMIT, "manifest.json");
	limits_default(&w->opt.limits);
	w->opt.limits.layers = 1;
	expect_archive(w, tar, ERR_LIMIT, "layers");
	limits_default(&w->opt.limits);
	w->opt.limits.path_bytes = 10;
	expect_archive(w, tar, ERR_LIMIT, "path_bytes, 10");
	limits_default(&w->opt.limits);
	w->opt.limits.blob_bytes = 100;
	expect_archive(w, tar, ERR_LIMIT, "blob_bytes, 100");
	limits_default(&w->opt.limits);
}

/* Files of tests/reject/archive: the code is in the name. */
static void test_reject_files(void **state)
{
	struct world *w = *state;
	struct str dir = arena_printf(&w->a, "%s/reject/archive", getenv("LAZARET_TESTS"));
	DIR *d = opendir(dir.p);
	unsigned seen = 0;
	assert_non_null(d);
	for (struct dirent *x; (x = readdir(d));) {
		if (x->d_name[0] == '.')
			continue;
		int code = strncmp(x->d_name, "invalid", 7) == 0 ? ERR_INVALID : ERR_UNSUPPORTED;
		expect(w, arena_printf(&w->a, "%s/%s", dir.p, x->d_name).p, NULL, code, NULL);
		seen++;
	}
	closedir(d);
	assert_true(seen >= 12);
}

/* Real samples. */
static void test_real_layouts(void **state)
{
	struct world *w = *state;
	const char *data = getenv("LAZARET_TEST_DATA");
	struct json *j = NULL;
	struct buf b = { 0 };
	struct err e = { 0 };
	if (!data || !*data)
		skip();
	struct str dir = arena_printf(&w->a, "%s/images/trivy-oci-layout", data);
	struct stream *x =
		stream_fd(open(arena_printf(&w->a, "%s/expected.json", dir.p).p, O_RDONLY), true,
			  -1, UINT64_MAX);
	assert_int_equal(stream_read_all(x, 1 << 20, &b, &e), 0);
	stream_close(x);
	assert_int_equal(json_parse(str_buf(&b), &j, &e), 0);
	assert_true(json_count(j) > 0);
	JSON_EACH(c, j)
	{
		struct str tag = json_get_str(c, "tag");
		struct str target =
			arena_printf(&w->a, "oci:%s/%.*s%s%.*s", dir.p,
				     STR(json_get_str(c, "layout")), tag.n ? ":" : "", STR(tag));
		size_t n = 0;
		bool ok = open_code(w, target.p, NULL, &n, &e) == 0;
		if (ok != json_bool(json_get(c, "valid"), !ok))
			fail_msg("%s: %s", target.p, e.text);
	}
	json_free(j);
	buf_done(&b);
}

static void test_real_archives(void **state)
{
	static const struct {
		const char *name;
		int code;
	} t[] = {
		{ "alpine-310.tar.gz", 0 },
		{ "go-containerregistry/overwritten_file.tar", 0 },
		{ "go-containerregistry/whiteout_dir.tar", 0 },
		{ "go-containerregistry/whiteout_image.tar", 0 },
		{ "osv-scalibr/basic.tar", 0 },
		{ "osv-scalibr/symlink-attack.tar", 0 },
		{ "osv-scalibr/escape.tar", ERR_INVALID },
	};
	struct world *w = *state;
	const char *data = getenv("LAZARET_TEST_DATA");
	if (!data || !*data)
		skip();
	for (size_t i = 0; i < COUNT(t); i++)
		expect(w, arena_printf(&w->a, "%s/images/%s", data, t[i].name).p, NULL, t[i].code,
		       NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layout),		cmocka_unit_test(test_oci_archive),
		cmocka_unit_test(test_docker_archive),	cmocka_unit_test(test_hybrid),
		cmocka_unit_test(test_links),		cmocka_unit_test(test_gzip_layer),
		cmocka_unit_test(test_engines),		cmocka_unit_test(test_choice),
		cmocka_unit_test(test_platforms),	cmocka_unit_test(test_bare_platforms),
		cmocka_unit_test(test_depth),		cmocka_unit_test(test_layout_rejects),
		cmocka_unit_test(test_layout_files),	cmocka_unit_test(test_docker_rejects),
		cmocka_unit_test(test_archive_rejects), cmocka_unit_test(test_archive_limits),
		cmocka_unit_test(test_reject_files),	cmocka_unit_test(test_real_layouts),
		cmocka_unit_test(test_real_archives),
	};
	return cmocka_run_group_tests_name("backend/sources", tests, setup, teardown);
}
