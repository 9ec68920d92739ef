/* See drive.h. */
#include "drive.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { SPOOL_OFFSET = 4096 };

void drive_init(struct drive *d, const struct analyzer *analyzer)
{
	*d = (struct drive){ .analyzer = analyzer };
	limits_default(&d->limits);
	d->an = (struct analysis){ .arena = &d->arena, .record = &d->record, .limits = &d->limits };
}

void drive_done(struct drive *d)
{
	arena_done(&d->arena);
}

bool drive_wants(const struct analyzer *analyzer, const char *path)
{
	const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	for (const char *const *p = analyzer->patterns; *p; p++)
		if (str_glob(str_of(*p), str_of(strchr(*p, '/') ? path : base)))
			return true;
	return false;
}

static int give_chunks(struct drive *d, const struct file *f, struct str body, size_t chunk,
		       struct err *e)
{
	const struct analyzer *a = d->analyzer;
	void *state = NULL;
	int r = a->begin ? a->begin(&d->an, f, &state, e) : 0;
	while (r == 0 && body.n) {
		size_t n = chunk ? MIN(chunk, body.n) : body.n;
		char *piece = malloc(n);
		if (!piece)
			abort();
		memcpy(piece, body.p, n);
		r = a->feed(&d->an, state, (struct str){ piece, n }, e);
		memset(piece, 0xA5, n);
		free(piece);
		body = str_from(body, n);
	}
	return r == 0 ? a->end(&d->an, state, f, NULL, e) : r;
}

static int give_whole(struct drive *d, const struct file *f, struct str body, struct err *e)
{
	struct whole w = { .fd = -1, .size = body.n };
	CLEANUP(cleanup_fd) int fd = -1;
	char *copy = malloc(body.n + 1);
	if (!copy)
		abort();
	if (body.n)
		memcpy(copy, body.p, body.n);
	if (d->spool) {
		fd = memfd_create("spool", 0);
		if (fd < 0 || pwrite(fd, copy, body.n, SPOOL_OFFSET) != (ssize_t)body.n)
			abort();
		w.fd = fd;
		w.offset = SPOOL_OFFSET;
	} else {
		w.mem = (struct str){ copy, body.n };
	}
	int r = d->analyzer->end(&d->an, NULL, f, &w, e);
	/* A file in the spool stays readable until the layer's end. */
	if (d->spool)
		(void)STEAL_FD(fd);
	memset(copy, 0xA5, body.n);
	free(copy);
	return r;
}

int drive_file(struct drive *d, const char *path, struct str body, size_t chunk)
{
	struct err e = { 0 };
	struct file f = { .path = arena_str(&d->arena, str_of(path)),
			  .size = body.n,
			  .mode = 0644 };
	int r = d->analyzer->want_whole ? give_whole(d, &f, body, &e)
					: give_chunks(d, &f, body, chunk, &e);
	if (r < 0) {
		struct record_file *rf = drive_record(d, path);
		if (!rf)
			rf = record_add_file(&d->arena, &d->record, f.path, d->analyzer->name,
					     f.size);
		rf->unreadable = arena_str(&d->arena, str_of(e.text));
	}
	return r;
}

int drive_finish(struct drive *d)
{
	struct err e = { 0 };
	return d->analyzer->finish ? d->analyzer->finish(&d->an, &e) : 0;
}

struct record_file *drive_record(struct drive *d, const char *path)
{
	for (size_t i = 0; i < d->record.n_files; i++)
		if (str_eq(d->record.files[i].path, str_of(path)))
			return &d->record.files[i];
	return NULL;
}

static int by_path(const void *a, const void *b)
{
	return str_cmp(((const struct folded_file *)a)->path,
		       ((const struct folded_file *)b)->path);
}

void drive_fold(struct drive *d, struct fold *out)
{
	const struct layer_record **records = arena_array(&d->arena, 1, sizeof *records);
	records[0] = &d->record;
	*out = (struct fold){
		.arena = &d->arena, .records = records, .n_layers = 1, .limits = &d->limits
	};
	for (size_t i = 0; i < d->record.n_files; i++)
		*ARENA_PUSH(&d->arena, out->files, out->n_files, out->files_cap) =
			(struct folded_file){ .file = &d->record.files[i],
					      .path = d->record.files[i].path };
	if (out->n_files)
		qsort(out->files, out->n_files, sizeof *out->files, by_path);
}

void drive_inventory(struct drive *d, const struct fold *fold, struct inventory *out)
{
	*out = (struct inventory){ .arena = &d->arena, .n_layers = 1 };
	out->layers = arena_array(&d->arena, 1, sizeof *out->layers);
	for (size_t i = 0; i < fold->n_files; i++) {
		const struct record_file *f = fold->files[i].file;
		for (size_t k = 0; k < f->n_packages; k++) {
			const struct record_package *p = &f->packages[k];
			*ARENA_PUSH(&d->arena, out->packages, out->n_packages, out->packages_cap) =
				(struct package){
					.type = p->type,
					.name = p->name,
					.version = p->version,
					.arch = p->arch,
					.source_name = p->source_name,
					.source_version = p->source_version,
					.licences = p->licences,
					.depends = p->depends,
					.provides = p->provides,
					.path = fold->files[i].path,
					.analyzer = f->analyzer,
					.attrs = p->attrs,
					.n_attrs = p->n_attrs,
					.owned = p->owned,
					.n_owned = p->n_owned,
				};
		}
	}
}

bool drive_read(const char *variable, const char *name, struct buf *out)
{
	const char *dir = getenv(variable);
	char path[4096];
	struct err e;
	if (!dir || !*dir)
		return false;
	snprintf(path, sizeof path, "%s/%s", dir, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		fprintf(stderr, "cannot open %s\n", path);
		exit(1);
	}
	CLEANUP(cleanup_stream) struct stream *s = stream_fd(fd, true, -1, UINT64_MAX);
	if (stream_read_all(s, 1 << 30, out, &e) < 0) {
		fprintf(stderr, "cannot read %s: %s\n", path, e.text);
		exit(1);
	}
	return true;
}
