/* Is this image signed by whom we believe? Finds everything attached to a manifest, has each signature judged by its
 * format, counts signers. From the digest on: no tag is looked at again. */
#ifndef LAZARET_TRUST_VERIFY_H
#define LAZARET_TRUST_VERIFY_H

#include "trust/scheme.h"

enum {
	VERIFY_SIGNATURES_MAX = 100,            /* of one manifest that are judged */
	VERIFY_MANIFESTS_MAX = 1000,            /* of one tree */
};
#define VERIFY_BYTES_MAX (512ull << 20)         /* read of one tree, manifests and signatures */

struct verify_options {
	struct trust_policy policy;
	const struct scheme *const *formats;    /* NULL: all */
	size_t n_formats;
	const struct annotation *annotations;   /* each must be signed */
	size_t n_annotations;
	struct str predicate_type;              /* of attestations; empty: signatures */
	size_t require;                         /* distinct signers; at least 1 */
	const struct platform *platform;        /* of an index: this one; NULL: the index itself */
	bool recursive;                         /* all that an index lists, too */
	/* NULL, or what else must hold of a signature that is good so far: adds its checks to the proof. */
	void (*check)(void *ctx, struct arena *a, struct proof *p);
	void *ctx;
};

struct verified {
	struct descriptor target;
	enum check_result result;               /* CHECK_YES, CHECK_NO, CHECK_UNKNOWN */
	struct str why;                         /* of a no or an unknown */
	struct digest through;                  /* the signed index that lists it; alg DIGEST_NONE: by its own signatures */
	struct proof *proofs;                   /* of its own signatures, good and bad */
	size_t n_proofs, proofs_cap;
	size_t signers;                         /* distinct ones among the good */
	struct strs notes;                      /* what was not looked at, what was no signature */
	struct verified *children;              /* with recursive; the one with platform */
	size_t n_children;
};
/* A manifest or index, and its descriptor as signatures speak of it: its own media type, digest and size. */
int target_read(struct source *s, const struct descriptor *d, struct arena *a, struct manifest *m,
		struct descriptor *target, struct err *e);
/* `images` has the manifest, `signatures` what is attached (often the same). A code when nothing could be found out: the
 * manifest or the list of what is attached could not be had. */
int verify_image(struct source *images, struct source *signatures, const struct descriptor *target,
		 const struct verify_options *o, struct arena *a, struct verified *out, struct err *e);
/* The result of all: what was asked for was verified, itself or through an index. With `platform` the child's. */
enum check_result verified_result(const struct verified *v);

/* Signers of the good proofs: two are the same when key or identity are. */
size_t verify_count_signers(const struct proof *v, size_t n);

#endif
