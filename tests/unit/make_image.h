/* Makes tiny images in memory for tests: the files of an OCI layout or of a docker archive, put into a folder or a tar. */
#ifndef LAZARET_TESTS_MAKE_IMAGE_H
#define LAZARET_TESTS_MAKE_IMAGE_H

#include "base/arena.h"
#include "base/digest.h"
#include "make_tar.h"

#include <fcntl.h>
#include <isa-l/igzip_lib.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

struct made_file {
	struct str name, body;
};
struct made { /* files of a layout or archive, in order */
	struct arena *a;
	struct made_file *v;
	size_t n, cap;
};

static inline void made_add(struct made *m, struct str name, struct str body)
{
	*ARENA_PUSH(m->a, m->v, m->n, m->cap) =
		(struct made_file){ arena_str(m->a, name), arena_str(m->a, body) };
}

static inline struct str made_digest(struct arena *a, struct str bytes)
{
	struct digest d;
	char text[DIGEST_TEXT];
	digest_of(DIGEST_SHA256, bytes, &d);
	return arena_str(a, str_of(digest_text(&d, text)));
}

/* Adds blobs/sha256/HEX; returns a descriptor as JSON. `more` goes behind the size: ",\"x\":1". */
static inline struct str made_blob(struct made *m, const char *type, struct str bytes,
				   const char *more)
{
	struct str d = made_digest(m->a, bytes);
	made_add(m, arena_printf(m->a, "blobs/sha256/%.*s", STR(str_from(d, 7))), bytes);
	return arena_printf(m->a, "{\"mediaType\":\"%s\",\"digest\":\"%.*s\",\"size\":%zu%s}", type,
			    STR(d), bytes.n, more);
}

static inline struct str made_layer(struct arena *a, const char *path, const char *body)
{
	struct buf b = { 0 };
	tar_file(&b, path, str_of(body));
	tar_finish(&b);
	struct str s = arena_str(a, str_buf(&b));
	buf_done(&b);
	return s;
}

static inline struct str made_config(struct arena *a, const char *arch, const struct str *layers,
				     size_t n)
{
	struct buf b = { 0 };
	buf_addf(&b,
		 "{\"os\":\"linux\",\"architecture\":\"%s\",\"rootfs\":{\"type\":\"layers\",\"diff_"
		 "ids\":[",
		 arch);
	for (size_t i = 0; i < n; i++)
		buf_addf(&b, "%s\"%.*s\"", i ? "," : "", STR(made_digest(a, layers[i])));
	buf_addf(&b, "]},\"history\":[{\"created_by\":\"ADD one\"},{\"created_by\":\"ADD two\"}]}");
	struct str s = arena_str(a, str_buf(&b));
	buf_done(&b);
	return s;
}

/* Config, layers and manifest as blobs; returns the manifest's descriptor. */
static inline struct str made_oci_image(struct made *m, const char *arch, const struct str *layers,
					size_t n, const char *more)
{
	struct buf b = { 0 };
	struct str config = made_blob(m, "application/vnd.oci.image.config.v1+json",
				      made_config(m->a, arch, layers, n), "");
	buf_addf(&b, "{\"schemaVersion\":2,\"config\":%.*s,\"layers\":[", STR(config));
	for (size_t i = 0; i < n; i++) {
		struct str layer =
			made_blob(m, "application/vnd.oci.image.layer.v1.tar", layers[i], "");
		buf_addf(&b, "%s%.*s", i ? "," : "", STR(layer));
	}
	buf_addf(&b, "]}");
	struct str d =
		made_blob(m, "application/vnd.oci.image.manifest.v1+json", str_buf(&b), more);
	buf_done(&b);
	return d;
}

static inline void made_layout(struct made *m, struct str manifests)
{
	made_add(m, S("oci-layout"), S("{\"imageLayoutVersion\":\"1.0.0\"}"));
	made_add(m, S("index.json"),
		 arena_printf(m->a, "{\"schemaVersion\":2,\"manifests\":[%.*s]}", STR(manifests)));
}

/* As docker save wrote it before version 25: N/layer.tar, HEX.json. */
static inline void made_docker(struct made *m, const char *arch, const struct str *layers, size_t n,
			       const char *tags)
{
	struct buf b = { 0 };
	struct str config = made_config(m->a, arch, layers, n);
	struct str name =
		arena_printf(m->a, "%.*s.json", STR(str_from(made_digest(m->a, config), 7)));
	made_add(m, name, config);
	buf_addf(&b, "[{\"Config\":\"%.*s\",\"RepoTags\":%s,\"Layers\":[", STR(name), tags);
	for (size_t i = 0; i < n; i++) {
		struct str layer = arena_printf(m->a, "%zu/layer.tar", i);
		made_add(m, layer, layers[i]);
		buf_addf(&b, "%s\"%.*s\"", i ? "," : "", STR(layer));
	}
	buf_addf(&b, "]}]");
	made_add(m, S("manifest.json"), str_buf(&b));
	buf_done(&b);
}

static inline struct str made_tar(const struct made *m)
{
	struct buf b = { 0 };
	for (size_t i = 0; i < m->n; i++)
		tar_file(&b, arena_cstr(m->a, m->v[i].name), m->v[i].body);
	tar_finish(&b);
	struct str s = arena_str(m->a, str_buf(&b));
	buf_done(&b);
	return s;
}

static inline void write_file(const char *path, struct str bytes)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, bytes.p, bytes.n) != (ssize_t)bytes.n)
		abort();
	close(fd);
}

static inline void made_write_dir(const struct made *m, struct str dir)
{
	mkdir(arena_cstr(m->a, dir), 0700);
	mkdir(arena_printf(m->a, "%.*s/blobs", STR(dir)).p, 0700);
	mkdir(arena_printf(m->a, "%.*s/blobs/sha256", STR(dir)).p, 0700);
	for (size_t i = 0; i < m->n; i++)
		write_file(arena_printf(m->a, "%.*s/%.*s", STR(dir), STR(m->v[i].name)).p,
			   m->v[i].body);
}

static inline struct str made_gzip(struct arena *a, struct str bytes)
{
	struct isal_zstream z;
	char *out = arena_alloc(a, bytes.n + 1000);
	isal_deflate_stateless_init(&z);
	z.gzip_flag = IGZIP_GZIP;
	z.end_of_stream = 1;
	z.next_in = (unsigned char *)(uintptr_t)bytes.p;
	z.avail_in = (uint32_t)bytes.n;
	z.next_out = (unsigned char *)out;
	z.avail_out = (uint32_t)bytes.n + 1000;
	if (isal_deflate_stateless(&z) != COMP_OK)
		abort();
	return (struct str){ out, z.total_out };
}

static inline struct str made_zstd(struct arena *a, struct str bytes)
{
	size_t cap = ZSTD_compressBound(bytes.n);
	char *out = arena_alloc(a, cap);
	size_t n = ZSTD_compress(out, cap, bytes.p, bytes.n, 1);
	if (ZSTD_isError(n))
		abort();
	return (struct str){ out, n };
}

#endif
