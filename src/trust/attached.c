/* What is attached to a manifest: referrers (distribution specification 1.1), and cosign's tags (its specification of
 * signatures, SIGNATURE_SPEC.md). What is what is told by artifact types, media types and annotations, all of them claims.
 *
 * A hostile registry may list thousands of referrers (ATTACHED_MAX), manifests of thousands of layers
 * (ATTACHED_LAYERS_MAX), manifests that refer to another image (left out, noted) or types that lie in the list (the
 * manifest's own count). A referrer that is listed but not there, or cannot be read as a manifest, is noted; one that
 * cannot be had is a failure. */
#include "trust/attached.h"

#include <stdlib.h>

#define BUNDLE_TYPE "application/vnd.dev.sigstore.bundle"
#define SIGN_PREDICATE "https://sigstore.dev/cosign/sign/v1"

struct str attached_tag(struct arena *a, const struct digest *subject, const char *suffix)
{
	char text[DIGEST_TEXT];
	digest_text(subject, text);
	char *colon = strchr(text, ':');
	if (colon)
		*colon = '-';
	return arena_printf(a, "%s%s", text, suffix);
}

static struct str annotation(const struct annotation *v, size_t n, const char *key)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(v[i].key, str_of(key)))
			return v[i].value;
	return S("");
}

static const struct type {
	const char *prefix; /* of the artifact type */
	enum attached_kind kind;
	const char *format;
} types[] = {
	{ BUNDLE_TYPE, ATTACHED_SIGNATURE, "sigstore-bundle" },
	{ "application/vnd.dev.cosign.artifact.sig.v1+json", ATTACHED_SIGNATURE, "cosign" },
	{ "application/vnd.cncf.notary.signature", ATTACHED_SIGNATURE, "notation" },
	{ "application/vnd.in-toto+json", ATTACHED_ATTESTATION, "cosign" },
	{ "application/vnd.dsse.envelope", ATTACHED_ATTESTATION, "cosign" },
	{ "application/vnd.dev.cosign.artifact.sbom.v1+json", ATTACHED_SBOM, "cosign" },
	{ "application/spdx+json", ATTACHED_SBOM, "" },
	{ "text/spdx", ATTACHED_SBOM, "" },
	{ "application/vnd.cyclonedx", ATTACHED_SBOM, "" },
	{ "application/vnd.syft+json", ATTACHED_SBOM, "" },
};

static const struct tag_type {
	const char *suffix;
	enum attached_kind kind;
} tag_types[] = {
	{ ".sig", ATTACHED_SIGNATURE },
	{ ".att", ATTACHED_ATTESTATION },
	{ ".sbom", ATTACHED_SBOM },
};

/* The predicate type that a bundle's manifest, or the first layer of cosign's, claims. */
static struct str claimed_predicate(const struct manifest *m)
{
	const struct image *i = &m->image;
	struct str said =
		annotation(i->annotations, i->n_annotations, "dev.sigstore.bundle.predicateType");
	for (size_t k = 0; k < i->n_layers && !said.n; k++)
		said = annotation(i->layers[k].annotations, i->layers[k].n_annotations,
				  "predicateType");
	return said;
}

static void tell_kind(const struct manifest *m, struct attached *out)
{
	const struct image *i = &m->image;
	struct str type = i->self.artifact_type.n ? i->self.artifact_type : i->config.media_type;
	out->kind = ATTACHED_OTHER;
	out->format = "";
	for (size_t k = 0; k < COUNT(types); k++) {
		if (!str_starts(type, str_of(types[k].prefix)))
			continue;
		out->kind = types[k].kind;
		out->format = types[k].format;
		break;
	}
	struct str content =
		annotation(i->annotations, i->n_annotations, "dev.sigstore.bundle.content");
	out->predicate_type = claimed_predicate(m);
	if (str_eq(str_of(out->format), S("sigstore-bundle")) &&
	    (out->predicate_type.n ? !str_eq(out->predicate_type, S(SIGN_PREDICATE))
				   : str_eq(content, S("dsse-envelope"))))
		out->kind = ATTACHED_ATTESTATION;
	out->manifest.artifact_type = type;
}

struct listing {
	struct source *s;
	const struct digest *subject;
	struct arena *a;
	struct attached *v;
	size_t n, cap;
	struct strs *notes;
};

static void note(struct listing *l, const struct digest *d, const char *what)
{
	char text[DIGEST_TEXT];
	if (l->notes && l->notes->n < ATTACHED_MAX)
		*ARENA_PUSH(l->a, l->notes->v, l->notes->n, l->notes->cap) =
			arena_printf(l->a, "%s: %s", digest_text(d, text), what);
}

static int read_manifest(struct listing *l, const struct descriptor *d, struct arena *tmp,
			 struct manifest *m, struct str *bytes, struct err *e)
{
	struct limits limits = l->s->opt->limits;
	limits.layers = ATTACHED_LAYERS_MAX;
	int r = source_get_document(l->s, d, tmp, bytes, e);
	return r ? r : manifest_parse(tmp, *bytes, d->media_type, &limits, m, e);
}

static int add(struct listing *l, const struct attached *one, struct err *e)
{
	char text[DIGEST_TEXT];
	if (l->n == ATTACHED_MAX)
		return err_set(e, ERR_LIMIT, "more than %d things are attached to %s", ATTACHED_MAX,
			       digest_text(l->subject, text));
	struct attached *to = ARENA_PUSH(l->a, l->v, l->n, l->cap);
	*to = *one;
	to->tag = arena_str(l->a, one->tag);
	to->predicate_type = arena_str(l->a, one->predicate_type);
	to->manifest.media_type = arena_str(l->a, one->manifest.media_type);
	to->manifest.artifact_type = arena_str(l->a, one->manifest.artifact_type);
	return 0;
}

static bool is_listed(const struct listing *l, const struct digest *d)
{
	for (size_t i = 0; i < l->n; i++)
		if (digest_eq(&l->v[i].manifest.digest, d))
			return true;
	return false;
}

static int read_referrer(struct listing *l, const struct descriptor *d, struct arena *tmp,
			 struct err *e)
{
	struct attached one = { .manifest = *d };
	struct manifest m;
	struct str bytes = { 0 };
	int r = read_manifest(l, d, tmp, &m, &bytes, e);
	if (r && r != ERR_NOT_FOUND && !bytes.p)
		return err_in(e, "referrer");
	if (r) {
		note(l, &d->digest, e->text);
		return 0;
	}
	if (!digest_eq(&m.subject.digest, l->subject)) {
		note(l, &d->digest, "it is listed as a referrer, but refers to something else");
		return 0;
	}
	one.manifest.media_type = m.image.self.media_type;
	one.manifest.size = bytes.n;
	tell_kind(&m, &one);
	return add(l, &one, e);
}

/* What is read is large, what is kept of it small. */
static int add_referrer(struct listing *l, const struct descriptor *d, struct err *e)
{
	struct arena tmp = { 0 };
	int r = is_listed(l, &d->digest) ? 0 : read_referrer(l, d, &tmp, e);
	arena_done(&tmp);
	return r;
}

static int add_referrers(struct listing *l, struct err *e)
{
	struct descriptors all;
	char text[DIGEST_TEXT];
	int r = source_referrers(l->s, l->subject, &all, e);
	if (r)
		return err_in(e, "referrers of %s", digest_text(l->subject, text));
	if (all.n > ATTACHED_MAX)
		return err_set(e, ERR_LIMIT, "%zu referrers of %s are more than %d", all.n,
			       digest_text(l->subject, text), ATTACHED_MAX);
	for (size_t i = 0; i < all.n && r == 0; i++)
		r = add_referrer(l, &all.v[i], e);
	return r;
}

/* Whoever may push may let such a tag name any image: what is attached is removed and carried along, images are not. */
static bool has_image_layers(const struct manifest *m)
{
	for (size_t i = 0; i < m->image.n_layers; i++) {
		struct str type = m->image.layers[i].media_type;
		if (str_starts(type, S("application/vnd.oci.image.layer.")) ||
		    str_starts(type, S("application/vnd.docker.image.rootfs.")))
			return true;
	}
	return false;
}

static int read_tag(struct listing *l, const struct tag_type *t, struct arena *tmp, struct err *e)
{
	struct attached one = { .kind = t->kind, .format = "cosign" };
	struct manifest m;
	struct str bytes = { 0 };
	one.tag = attached_tag(tmp, l->subject, t->suffix);
	int r = source_find(l->s, one.tag, &one.manifest, e);
	if (r == ERR_NOT_FOUND)
		return 0;
	if (r == 0)
		r = read_manifest(l, &one.manifest, tmp, &m, &bytes, e);
	if (r)
		return err_in(e, "%.*s", STR(one.tag));
	if (m.kind != MANIFEST_IMAGE || has_image_layers(&m)) {
		note(l, &one.manifest.digest,
		     "it is an image or index where cosign's tag promises what is attached");
		return 0;
	}
	one.manifest.size = bytes.n;
	one.manifest.media_type =
		m.image.self.media_type.n ? m.image.self.media_type : one.manifest.media_type;
	one.predicate_type = claimed_predicate(&m);
	return add(l, &one, e);
}

static int add_tag(struct listing *l, const struct tag_type *t, struct err *e)
{
	struct arena tmp = { 0 };
	int r = read_tag(l, t, &tmp, e);
	arena_done(&tmp);
	return r;
}

int attached_list(struct source *s, const struct digest *subject, struct arena *a,
		  struct attached **v, size_t *n, struct strs *notes, struct err *e)
{
	struct listing l = { .s = s, .subject = subject, .a = a, .notes = notes };
	int r = 0;
	/* Without referrers, the kind holds images alone. */
	if (s->ops->referrers) {
		r = add_referrers(&l, e);
		for (size_t i = 0; i < COUNT(tag_types) && r == 0; i++)
			r = add_tag(&l, &tag_types[i], e);
	}
	if (r)
		return r;
	*v = l.v;
	*n = l.n;
	return 0;
}
