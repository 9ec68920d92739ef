/* Verification of images.
 *
 * Whoever may push to the repository chooses what is attached: nothing, other images' signatures, attestations that are no
 * signatures, thousands of layers, layers larger than memory, one signature a hundred times. So: what is signed is
 * compared with the digest that was resolved, an attestation never counts as a signature, signers are counted and not
 * signatures, counts and bytes are bounded, and what was passed over for a bound is said. What cannot be read is a no or
 * an unknown of that one signature; it takes nothing from the others. */
#include "trust/verify.h"

#include "oci/media_type.h"
#include "trust/cosign.h"

struct walk {
	struct source *images, *signatures;
	const struct verify_options *o;
	struct arena *a;
	size_t manifests;
	uint64_t bytes; /* of all that was read: it is kept */
};

/* One manifest's signatures. */
struct look {
	struct walk *w;
	struct wanted wanted;
	struct verified *out;
	size_t judged, others, over;
	struct str other_type;
};

static void note(struct look *l, struct str text)
{
	*ARENA_PUSH(l->w->a, l->out->notes.v, l->out->notes.n, l->out->notes.cap) = text;
}

/* One signature. */
static void check_annotations(const struct look *l, struct proof *p)
{
	const struct verify_options *o = l->w->o;
	for (size_t i = 0; i < o->n_annotations; i++) {
		const struct annotation *want = &o->annotations[i];
		size_t k = 0;
		while (k < p->annotations.n && !(str_eq(p->annotations.v[k].key, want->key) &&
						 str_eq(p->annotations.v[k].value, want->value)))
			k++;
		proof_check(p, l->w->a, "annotations", k < p->annotations.n ? CHECK_YES : CHECK_NO,
			    k < p->annotations.n ? "%.*s=%.*s is signed"
						 : "%.*s=%.*s is not signed",
			    STR(want->key), STR(want->value));
	}
}

static int take_bytes(struct walk *w, uint64_t n, struct err *e)
{
	if (n > VERIFY_BYTES_MAX - w->bytes)
		return err_set(e, ERR_LIMIT,
			       "manifests and signatures have more than %llu bytes together",
			       VERIFY_BYTES_MAX);
	w->bytes += n;
	return 0;
}

static int read_blob(struct look *l, const struct descriptor *d, uint64_t max, struct buf *out,
		     struct err *e)
{
	struct stream *in CLEANUP(cleanup_stream) = NULL;
	if (d->size > max)
		return err_set(e, ERR_LIMIT, "it has %llu bytes, more than %llu",
			       (unsigned long long)d->size, (unsigned long long)max);
	if (take_bytes(l->w, d->size, e))
		return e->code;
	if (source_get_verified(l->w->signatures, d, &in, e))
		return e->code;
	return stream_read_all(in, max, out, e);
}

/* A network or a disk that failed leaves it open; everything else is what the other side put there. */
static enum check_result result_of(int code)
{
	return code == ERR_IO || code == ERR_AUTH ? CHECK_UNKNOWN : CHECK_NO;
}

static void push(struct look *l, const struct proof *p)
{
	*ARENA_PUSH(l->w->a, l->out->proofs, l->out->n_proofs, l->out->proofs_cap) = *p;
}

/* 1, or 0 and why not. */
static int shape_is_right(struct look *l, const struct scheme *s, const struct image *m,
			  struct err *e)
{
	return s->check_manifest ? s->check_manifest(m->manifest, l->wanted.target, l->w->a, e) : 1;
}

static void judge(struct look *l, const struct scheme *s, const struct attached *at,
		  const struct image *m, const struct descriptor *layer)
{
	struct buf blob CLEANUP(buf_done) = { 0 };
	struct proof p = { .format = str_of(s->format), .found = at->manifest.digest };
	struct err e = { 0 };
	if (l->judged == VERIFY_SIGNATURES_MAX) {
		l->over++;
		return;
	}
	l->judged++;
	int shape = shape_is_right(l, s, m, &e);
	int r = shape > 0 ? read_blob(l, layer, s->blob_max, &blob, &e)
		: shape	  ? shape
			  : ERR_INVALID;
	if (r == 0) {
		/* What the format keeps of the blob must outlive it. */
		struct str bytes = arena_str(l->w->a, str_buf(&blob));
		r = s->judge(bytes, layer, &l->wanted, &l->w->o->policy, l->w->a, &p, &e);
	}
	if (r == JUDGED_OTHER) {
		l->others++;
		l->other_type = p.predicate_type;
		return;
	}
	p.format = str_of(s->format);
	p.found = at->manifest.digest;
	if (r < 0)
		proof_check(&p, l->w->a, "read", result_of(r), "%s", e.text);
	if (p.result == CHECK_YES)
		check_annotations(l, &p);
	if (l->w->o->check && p.result == CHECK_YES)
		l->w->o->check(l->w->o->ctx, l->w->a, &p);
	push(l, &p);
}

/* Everything attached. */
static bool asked_for(const struct verify_options *o, const struct scheme *s)
{
	if (!s->believes(&o->policy))
		return false;
	for (size_t i = 0; i < o->n_formats; i++)
		if (o->formats[i] == s)
			return true;
	return o->n_formats == 0;
}

/* What manifests say of themselves is not signed; it serves to pass over what would be none of what is wanted. */
static bool is_wanted_type(const struct look *l, struct str type)
{
	return str_eq(type, l->wanted.predicate_type.n ? l->wanted.predicate_type
						       : S(PREDICATE_COSIGN_SIGN));
}

static bool says_other(const struct look *l, const struct attached *at)
{
	if (at->kind == ATTACHED_SBOM || at->kind == ATTACHED_OTHER)
		return true;
	return str_eq(str_of(at->format), S("sigstore-bundle")) && at->predicate_type.n &&
	       !is_wanted_type(l, at->predicate_type);
}

/* A layer of cosign's older attestations. */
static bool layer_says_other(const struct look *l, const struct descriptor *layer)
{
	for (size_t i = 0; i < layer->n_annotations; i++)
		if (str_eq(layer->annotations[i].key, S("predicateType")))
			return !is_wanted_type(l, layer->annotations[i].value);
	return false;
}

static void look_at_layer(struct look *l, const struct attached *at, const struct image *m,
			  const struct descriptor *layer)
{
	unsigned want = l->wanted.predicate_type.n ? FINDS_ATTESTATION : FINDS_SIGNATURE;
	for (size_t i = 0; schemes[i]; i++) {
		unsigned kind = schemes[i]->finds(layer);
		if (kind == FINDS_NOTHING)
			continue;
		if (!(kind & want) || layer_says_other(l, layer))
			l->others++;
		else if (asked_for(l->w->o, schemes[i]))
			judge(l, schemes[i], at, m, layer);
		else
			note(l, arena_printf(l->w->a,
					     "a signature of the format %s was not looked at: "
					     "nothing was said of "
					     "whom to believe in that format",
					     schemes[i]->name));
		return;
	}
}

static void look_at(struct look *l, const struct attached *at)
{
	struct limits limits = l->w->signatures->opt->limits;
	struct manifest m;
	struct str bytes;
	struct err e = { 0 };
	limits.layers = ATTACHED_LAYERS_MAX;
	if (says_other(l, at)) {
		l->others += at->kind != ATTACHED_OTHER;
		if (at->predicate_type.n)
			l->other_type = at->predicate_type;
		return;
	}
	int r = source_get_document(l->w->signatures, &at->manifest, l->w->a, &bytes, &e);
	if (r == 0)
		r = take_bytes(l->w, bytes.n, &e);
	if (r == 0)
		r = manifest_parse(l->w->a, bytes, at->manifest.media_type, &limits, &m, &e);
	if (r) {
		struct proof p = { .format = str_of(at->format), .found = at->manifest.digest };
		proof_check(&p, l->w->a, "read", result_of(r), "%s", e.text);
		push(l, &p);
		return;
	}
	for (size_t i = 0; m.kind == MANIFEST_IMAGE && i < m.image.n_layers; i++)
		look_at_layer(l, at, &m.image, &m.image.layers[i]);
}

static void say_what_was_left(struct look *l)
{
	bool attests = l->wanted.predicate_type.n > 0;
	if (l->others)
		note(l, arena_printf(l->w->a, "%zu attached documents are %s%s%.*s%s", l->others,
				     attests ? "no attestations of this type"
					     : "no signatures: attestations or SBOMs",
				     l->other_type.n ? " (" : "", STR(str_upto(l->other_type, 200)),
				     l->other_type.n ? ", for example)" : ""));
	if (l->over)
		note(l,
		     arena_printf(l->w->a, "%zu signatures beyond the first %d were not looked at",
				  l->over, VERIFY_SIGNATURES_MAX));
}

static void conclude(struct look *l)
{
	struct verified *v = l->out;
	const char *what = l->wanted.predicate_type.n ? "attestation of this type" : "signature";
	size_t unknown = 0, first = v->n_proofs, require = MAX(l->w->o->require, (size_t)1);
	v->signers = verify_count_signers(v->proofs, v->n_proofs);
	for (size_t i = 0; i < v->n_proofs; i++) {
		unknown += v->proofs[i].result == CHECK_UNKNOWN;
		if (v->proofs[i].result != CHECK_YES && first == v->n_proofs)
			first = i;
	}
	v->result = v->signers >= require	      ? CHECK_YES
		    : v->signers + unknown >= require ? CHECK_UNKNOWN
						      : CHECK_NO;
	if (v->result == CHECK_YES)
		return;
	if (v->n_proofs == 0)
		v->why = arena_printf(l->w->a, "no %s is attached", what);
	else if (v->signers)
		v->why = arena_printf(l->w->a, "%zu distinct signers, %zu are required", v->signers,
				      require);
	else
		v->why = arena_printf(l->w->a, "no %s of %zu holds: %.*s", what, v->n_proofs,
				      STR(v->proofs[first].why));
}

static int verify_own(struct walk *w, const struct manifest *m, struct verified *out, struct err *e)
{
	struct look l = { .w = w, .out = out };
	struct attached *v = NULL;
	size_t n = 0;
	l.wanted = (struct wanted){ &out->target, m->image.manifest, w->o->predicate_type };
	if (attached_list(w->signatures, &out->target.digest, w->a, &v, &n, &out->notes, e))
		return err_in(e, "list what is attached");
	for (size_t i = 0; i < n; i++)
		look_at(&l, &v[i]);
	say_what_was_left(&l);
	conclude(&l);
	return 0;
}

/* Trees. */
int target_read(struct source *source, const struct descriptor *d, struct arena *a,
		struct manifest *m, struct descriptor *target, struct err *e)
{
	struct str bytes;
	char text[DIGEST_TEXT];
	struct manifest read;
	if (source_get_document(source, d, a, &bytes, e) ||
	    manifest_parse(a, bytes, d->media_type, &source->opt->limits, &read, e))
		return err_in(e, "%s", digest_text(&d->digest, text));
	*m = read;
	*target = (struct descriptor){ .media_type = read.image.self.media_type,
				       .digest = d->digest,
				       .size = bytes.n };
	/* A manifest may leave it out; then the registry's word stands, which no signature but Notation's speaks of. */
	if (!target->media_type.n)
		target->media_type =
			read.kind == MANIFEST_INDEX ? S(MEDIA_OCI_INDEX) : S(MEDIA_OCI_MANIFEST);
	return 0;
}

static int read_target(struct walk *w, const struct descriptor *d, struct manifest *m,
		       struct descriptor *target, struct err *e)
{
	if (++w->manifests > VERIFY_MANIFESTS_MAX)
		return err_set(e, ERR_LIMIT, "more than %d manifests", VERIFY_MANIFESTS_MAX);
	int r = target_read(w->images, d, w->a, m, target, e);
	return r ? r : take_bytes(w, target->size, e);
}

static void trust_through(struct verified *child, const struct verified *index)
{
	if (child->result == CHECK_YES || index->result != CHECK_YES)
		return;
	child->through = index->target.digest;
	child->result = CHECK_YES;
	child->why = S("");
}

static int verify_tree(struct walk *w, const struct descriptor *d, const struct digest *through,
		       unsigned depth, struct verified *out, struct err *e);

static int verify_children(struct walk *w, const struct manifest *m, unsigned depth,
			   struct verified *out, struct err *e)
{
	const struct digest *through = out->result == CHECK_YES ? &out->target.digest : NULL;
	if (depth >= w->images->opt->limits.index_depth)
		return err_set(e, ERR_LIMIT,
			       "indexes are nested deeper than the limit index_depth, %u", depth);
	out->children = arena_array(w->a, m->index.n + 1, sizeof *out->children);
	for (size_t i = 0; i < m->index.n; i++) {
		struct verified child = { 0 };
		int r = verify_tree(w, &m->index.v[i], through, depth + 1, &child, e);
		if (r)
			return r;
		child.target.platform = m->index.v[i].platform;
		out->children[out->n_children++] = child;
	}
	return 0;
}

/* `through`: an index that is trusted and lists it. */
static int verify_tree(struct walk *w, const struct descriptor *d, const struct digest *through,
		       unsigned depth, struct verified *out, struct err *e)
{
	struct manifest m;
	if (read_target(w, d, &m, &out->target, e) || verify_own(w, &m, out, e))
		return e->code;
	if (through && out->result != CHECK_YES)
		trust_through(out,
			      &(struct verified){ .result = CHECK_YES, .target.digest = *through });
	return m.kind == MANIFEST_INDEX ? verify_children(w, &m, depth, out, e) : 0;
}

static int choose(struct walk *w, const struct manifest *m, struct descriptor *out, struct err *e)
{
	int best = 0;
	for (size_t i = 0; i < m->index.n; i++) {
		int score = platform_match(&m->index.v[i].platform, w->o->platform);
		if (score > best) {
			best = score;
			*out = m->index.v[i];
		}
	}
	return best ? 0
		    : err_set(e, ERR_NOT_FOUND, "the index has no image for %.*s",
			      STR(platform_text(w->a, w->o->platform)));
}

/* The image of one platform: by its own signatures, else through the index, whose signature is then wanted. */
static int verify_platform(struct walk *w, const struct manifest *m, struct verified *out,
			   struct err *e)
{
	struct descriptor d = { 0 };
	struct manifest image;
	struct verified *child = ARENA_NEW(w->a, struct verified);
	if (choose(w, m, &d, e) || read_target(w, &d, &image, &child->target, e))
		return e->code;
	if (image.kind == MANIFEST_INDEX)
		return err_set(e, ERR_UNSUPPORTED,
			       "the index lists another index for %.*s: verify that by its digest",
			       STR(platform_text(w->a, w->o->platform)));
	child->target.platform = d.platform;
	if (verify_own(w, &image, child, e) || verify_own(w, m, out, e))
		return e->code;
	trust_through(child, out);
	out->children = child;
	out->n_children = 1;
	return 0;
}

int verify_image(struct source *images, struct source *signatures, const struct descriptor *target,
		 const struct verify_options *o, struct arena *a, struct verified *out,
		 struct err *e)
{
	struct walk w = { .images = images, .signatures = signatures, .o = o, .a = a };
	struct verified v = { 0 };
	struct manifest m;
	if (read_target(&w, target, &m, &v.target, e))
		return e->code;
	int r = m.kind == MANIFEST_INDEX && o->platform ? verify_platform(&w, &m, &v, e)
							: verify_own(&w, &m, &v, e);
	if (r == 0 && m.kind == MANIFEST_INDEX && !o->platform && o->recursive)
		r = verify_children(&w, &m, 0, &v, e);
	if (r == 0)
		*out = v;
	return r;
}

enum check_result verified_result(const struct verified *v)
{
	enum check_result worst = CHECK_YES;
	if (v->result == CHECK_YES || v->n_children == 0)
		return v->result;
	/* An index without a signature of its own stands when everything that it lists stands for itself. */
	for (size_t i = 0; i < v->n_children; i++) {
		enum check_result r = verified_result(&v->children[i]);
		if (r == CHECK_NO || worst == CHECK_NO)
			worst = CHECK_NO;
		else if (r == CHECK_UNKNOWN)
			worst = CHECK_UNKNOWN;
	}
	return worst;
}
