/* VEX documents: which format, what is wrapped around them, files and folders. What a hostile document may try: many
 * statements and targets (VEX_STATEMENTS), wrappings within wrappings (each is taken off once), trees without end (their
 * readers). A document that breaks its format is refused whole: what it had said before the break is taken back. */
#include "vuln/vex_read.h"

#include "base/base64.h"
#include "base/cleanup.h"
#include "base/stream.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

struct str vex_copy(struct vex *v, struct str s)
{
	return s.n ? arena_str(v->arena, s) : S("");
}

int vex_new_statement(struct vex *v, size_t document, struct vex_statement **out, struct err *e)
{
	if (v->n_statements >= VEX_STATEMENTS)
		return err_set(e, ERR_LIMIT, "more than %d VEX statements", VEX_STATEMENTS);
	*out = ARENA_PUSH(v->arena, v->statements, v->n_statements, v->statements_cap);
	(*out)->document = document;
	return 0;
}

int vex_new_target(struct vex *v, struct vex_statement *s, struct str product, struct str component,
		   struct err *e)
{
	if (v->targets >= VEX_STATEMENTS)
		return err_set(e, ERR_LIMIT, "more than %d products in VEX statements",
			       VEX_STATEMENTS);
	v->targets++;
	*ARENA_PUSH(v->arena, s->targets, s->n_targets, s->targets_cap) =
		(struct vex_target){ .product = product, .component = component };
	return 0;
}

/* The format's reader, by what only that format has. */
static int read_format(struct vex *v, size_t document, const struct json *j, struct err *e)
{
	struct vex_document *d = &v->documents[document];
	if (str_starts(json_get_str(j, "@context"), S("https://openvex.dev/ns"))) {
		d->format = "OpenVEX";
		return vex_read_openvex(v, document, j, e);
	}
	if (str_starts(json_get_str(json_get(j, "document"), "category"), S("csaf_"))) {
		d->format = "CSAF";
		return vex_read_csaf(v, document, j, e);
	}
	if (str_eq(json_get_str(j, "bomFormat"), S("CycloneDX"))) {
		d->format = "CycloneDX";
		return vex_read_cyclonedx(v, document, j, e);
	}
	return err_set(e, ERR_INVALID, "neither OpenVEX, CSAF nor CycloneDX");
}

static void take_subjects(struct vex *v, size_t document, const struct json *statement)
{
	struct strs *s = &v->documents[document].subjects;
	JSON_EACH(x, json_get(statement, "subject"))
	{
		struct str hex = json_get_str(json_get(x, "digest"), "sha256");
		if (hex.n)
			*ARENA_PUSH(v->arena, s->v, s->n, s->cap) =
				arena_printf(v->arena, "sha256:%.*s", STR(hex));
	}
}

/* An in-toto statement around the document, or the document. */
static int read_statement(struct vex *v, size_t document, const struct json *j, struct err *e)
{
	if (!str_starts(json_get_str(j, "_type"), S("https://in-toto.io/Statement/")))
		return read_format(v, document, j, e);
	take_subjects(v, document, j);
	if (!v->documents[document].subjects.n)
		return err_set(e, ERR_INVALID, "an in-toto statement without a SHA-256 subject");
	return read_format(v, document, json_get(j, "predicate"), e);
}

static int read_json(struct vex *v, size_t document, const struct json *j, struct err *e)
{
	/* A Sigstore bundle holds the envelope. */
	const struct json *envelope = json_get(j, "dsseEnvelope");
	struct str payload = json_get_str(envelope ? envelope : j, "payload");
	struct json *inner CLEANUP(cleanup_json) = NULL;
	struct buf bytes CLEANUP(buf_done) = { 0 };
	if (!payload.n)
		return read_statement(v, document, j, e);
	if (!base64_decode(payload, &bytes))
		return err_set(e, ERR_INVALID, "the payload of a DSSE envelope is no base64");
	if (json_parse(str_buf(&bytes), &inner, e))
		return err_in(e, "the payload of a DSSE envelope");
	return read_statement(v, document, inner, e);
}

int vex_add(struct vex *v, struct str text, struct str source, struct err *e)
{
	struct json *j CLEANUP(cleanup_json) = NULL;
	size_t document = v->n_documents, statements = v->n_statements;
	uint64_t targets = v->targets;
	int r = json_parse(text, &j, e);
	if (r == 0) {
		ARENA_PUSH(v->arena, v->documents, v->n_documents, v->documents_cap)->source =
			vex_copy(v, source);
		r = read_json(v, document, j, e);
	}
	if (r == 0)
		return 0;
	v->n_documents = document;
	v->n_statements = statements;
	v->targets = targets;
	return err_in(e, "VEX document %.*s", STR(source));
}

static int add_file(struct vex *v, int dir, const char *name, struct str source, struct err *e)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	struct buf text CLEANUP(buf_done) = { 0 };
	if (fd < 0)
		return err_sys(e, "open the VEX document %.*s", STR(source));
	struct stream *s CLEANUP(cleanup_stream) = stream_fd(fd, true, -1, UINT64_MAX);
	int r = stream_read_all(s, VEX_BYTES, &text, e);
	return r ? err_in(e, "VEX document %.*s", STR(source))
		 : vex_add(v, str_buf(&text), source, e);
}

static int by_name(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static int add_folder(struct vex *v, const char *path, struct err *e)
{
	struct strs names = { 0 };
	DIR *d = opendir(path);
	if (!d)
		return err_sys(e, "open the folder of VEX documents %s", path);
	int r = 0;
	for (struct dirent *x; r == 0 && (x = readdir(d));) {
		if (!str_ends(str_of(x->d_name), S(".json")))
			continue;
		if (names.n >= VEX_FILES)
			r = err_set(e, ERR_LIMIT, "more than %d VEX documents in %s", VEX_FILES,
				    path);
		else
			*ARENA_PUSH(v->arena, names.v, names.n, names.cap) =
				arena_str(v->arena, str_of(x->d_name));
	}
	if (r == 0 && !names.n)
		r = err_set(e, ERR_NOT_FOUND, "no *.json in the folder of VEX documents %s", path);
	if (names.n)
		qsort(names.v, names.n, sizeof *names.v, by_name);
	for (size_t i = 0; i < names.n && r == 0; i++)
		r = add_file(v, dirfd(d), names.v[i].p,
			     arena_printf(v->arena, "%s/%.*s", path, STR(names.v[i])), e);
	closedir(d);
	return r;
}

int vex_add_path(struct vex *v, const char *path, struct err *e)
{
	struct stat st;
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return add_folder(v, path, e);
	return add_file(v, AT_FDCWD, path, str_of(path), e);
}
