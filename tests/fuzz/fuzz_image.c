/* A whole image: a docker archive whose members are layers (*.tar), a configuration (*.json) and a manifest (manifest, of OCI).
 * Layers are walked without a sandbox, folded and joined; the inventory is judged by the checks and written in every
 * format. */
#include "analyze/layer.h"
#include "analyze/scan.h"
#include "iac/image.h"
#include "oci/tar.h"
#include "policy/verdict.h"
#include "report/format.h"

enum { LAYERS_MAX = 6, BODY_MAX = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct parts {
	struct str layers[LAYERS_MAX];
	size_t n;
	struct str config, manifest;
};

static void split(struct arena *a, struct str text, struct parts *p)
{
	struct stream *s = stream_mem(text);
	struct tar_entry te;
	struct tar t;
	struct err e;
	tar_open(&t, s);
	while (tar_next(&t, &te, &e) == 1) {
		struct str name = arena_str(a, te.name), piece;
		struct buf body = { 0 };
		while (body.n < BODY_MAX && tar_body(&t, &piece, &e) > 0)
			buf_add_str(&body, piece);
		struct str kept = arena_str(a, str_buf(&body));
		buf_done(&body);
		if (str_eq(name, S("manifest")))
			p->manifest = kept;
		else if (str_ends(name, S(".json")))
			p->config = kept;
		else if (p->n < LAYERS_MAX)
			p->layers[p->n++] = kept;
	}
	tar_close(&t);
	stream_close(s);
}

static void write_all(const struct report *r)
{
	for (size_t i = 0; formats[i]; i++) {
		struct format_options o = { 0 };
		struct buf b = { 0 };
		struct err e;
		if (formats[i]->write)
			formats[i]->write(r, 1, &o, &b, &e);
		buf_done(&b);
	}
}

static const struct layer_record *walk(struct arena *a, const struct scan_options *o,
				       struct str layer)
{
	struct layer_record *r = ARENA_NEW(a, struct layer_record);
	struct stream *s = stream_mem(layer);
	struct layer_input in = { 0 };
	struct err e;
	if (layer_walk(s, &o->analysis, &in, &o->limits, a, r, &e))
		__builtin_trap();
	stream_close(s);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = { 0 };
	struct parts p = { 0 };
	struct scan_options o = { .analysis = { .scanners = SCAN_ALL & ~SCAN_SECRETS } };
	struct image image = { 0 };
	struct manifest m;
	struct inventory inv;
	struct err e;
	limits_default(&o.limits);
	o.limits.layer_bytes = 8 << 20;
	o.limits.memory_file = 1 << 20;
	split(&a, (struct str){ (const char *)data, size }, &p);
	manifest_parse(&a, p.manifest, S(""), &o.limits, &m, &e);
	image_config_parse(&a, p.config, &image.cfg, &e);
	const struct layer_record **records = arena_array(&a, LAYERS_MAX, sizeof *records);
	image.layers = arena_array(&a, LAYERS_MAX, sizeof *image.layers);
	image.n_layers = p.n;
	for (size_t i = 0; i < p.n; i++) {
		records[i] = walk(&a, &o, p.layers[i]);
		digest_of(DIGEST_SHA256, p.layers[i], &image.layers[i].digest);
	}
	if (scan_records(records, &image, &o, &a, &inv, &e) == 0) {
		struct report r = { .inventory = &inv };
		const struct image_check_options checks = { .now = 1700000000 };
		image_check(&inv, &checks, &a, &r.checks, &r.n_checks);
		verdict_decide(&r, &(struct verdict_options){ .now = 1700000000 }, &a);
		write_all(&r);
	}
	arena_done(&a);
	return 0;
}
