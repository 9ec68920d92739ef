/* Exceptions for a scan. What refers to an image comes from its registry: whoever may push there may hide findings with it,
 * so it is taken only when asked for, and each suppression names the manifest it is from. Documents of a referrer that is
 * plainly VEX and cannot be read are an error; attestations of other things are passed over. */
#include "cmd/exceptions.h"

#include "base/json.h"

#include <unistd.h>

static int read_ignore_files(const struct args *a, struct exceptions *x, struct err *e)
{
	static const char *const usual[] = { ".lazaretignore.yaml", ".trivyignore",
					     ".trivyignore.yaml" };
	struct strs files = args_list(a, "ignorefile");
	int r = 0;
	for (size_t i = 0; i < files.n && r == 0; i++)
		r = ignore_add_file(&x->ignores, arena_cstr(a->arena, files.v[i]), e);
	for (size_t i = 0; !files.n && i < COUNT(usual) && r == 0; i++)
		if (access(usual[i], F_OK) == 0)
			r = ignore_add_file(&x->ignores, usual[i], e);
	return r;
}

int exceptions_read(const struct args *a, struct exceptions *x, struct err *e)
{
	struct strs vex = args_list(a, "vex");
	*x = (struct exceptions){ .ignores = { .arena = a->arena }, .vex = { .arena = a->arena } };
	int r = read_ignore_files(a, x, e);
	for (size_t i = 0; i < vex.n && r == 0; i++) {
		if (str_eq(vex.v[i], S("oci")))
			x->referrers = true;
		else
			r = vex_add_path(&x->vex, arena_cstr(a->arena, vex.v[i]), e);
	}
	return r;
}

static bool has(struct str s, struct str what)
{
	return str_find(s, what) >= 0;
}

/* VEX by its type. */
static bool is_vex(struct str type)
{
	return has(type, S("openvex")) || has(type, S("csaf")) || has(type, S("application/vex"));
}

/* Something that may hold VEX. */
static bool may_be_vex(struct str type)
{
	return is_vex(type) || has(type, S("in-toto")) || has(type, S("dsse")) ||
	       has(type, S("sigstore.bundle")) || has(type, S("cyclonedx"));
}

static int add_layer(struct exceptions *x, struct source *s, const struct descriptor *layer,
		     bool plain, struct str source, struct err *e)
{
	struct stream *in CLEANUP(cleanup_stream) = NULL;
	struct buf text CLEANUP(buf_done) = { 0 };
	struct err ignored;
	int r = source_get_verified(s, layer, &in, e);
	if (r == 0)
		r = stream_read_all(in, VEX_BYTES, &text, e);
	if (r)
		return r;
	r = vex_add(&x->vex, str_buf(&text), source, plain ? e : &ignored);
	return plain ? r : 0;
}

static int add_referrer(struct exceptions *x, struct source *s, const struct descriptor *d,
			struct arena *a, struct err *e)
{
	char digest[DIGEST_TEXT];
	struct manifest m;
	struct str bytes, source;
	int r = source_get_document(s, d, a, &bytes, e);
	if (r == 0)
		r = manifest_parse(a, bytes, d->media_type, &s->opt->limits, &m, e);
	if (r)
		return err_in(e, "referrer %s", digest_text(&d->digest, digest));
	source = arena_printf(a, "referrer %s (its signature was not checked)",
			      digest_text(&d->digest, digest));
	for (size_t i = 0; m.kind == MANIFEST_IMAGE && i < m.image.n_layers && r == 0; i++) {
		const struct descriptor *layer = &m.image.layers[i];
		bool plain = is_vex(layer->media_type) || is_vex(d->artifact_type);
		if (may_be_vex(layer->media_type) || plain)
			r = add_layer(x, s, layer, plain, source, e);
	}
	return r;
}

static int add_referrers(struct exceptions *x, struct source *s, const struct image *image,
			 struct arena *a, struct err *e)
{
	struct descriptors found;
	int r = source_referrers(s, &image->self.digest, &found, e);
	for (size_t i = 0; i < found.n && r == 0; i++)
		if (may_be_vex(found.v[i].artifact_type))
			r = add_referrer(x, s, &found.v[i], a, e);
	return r ? err_in(e, "look for VEX at the image") : 0;
}

int exceptions_apply(struct exceptions *x, struct source *source, struct report *r, int64_t now,
		     struct arena *a, struct err *e)
{
	struct vex files = x->vex;
	int code = 0;
	ignore_apply(&x->ignores, r, now, a, &r->warnings);
	if (x->referrers && source && r->inventory->image)
		code = add_referrers(x, source, r->inventory->image, a, e);
	if (code == 0 && x->vex.n_documents)
		vex_apply(&x->vex, r->inventory, r->findings, r->n_findings, a, &r->warnings);
	x->vex.n_documents = files.n_documents;
	x->vex.n_statements = files.n_statements;
	x->vex.targets = files.targets;
	return code;
}
