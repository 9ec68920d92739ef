/* What is attached to an image: the input is manifests, one behind the other with a NUL between, all listed as referrers of
 * one image and behind cosign's tags; the first is also the list of referrers that entries are added to and removed from. */
#include "source/source.h"
#include "trust/cosign_tag.h"
#include "trust/image_tree.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

enum { DOCUMENTS_MAX = 16 };
static const char image[] =
	"{\"schemaVersion\":2,\"mediaType\":\"application/"
	"vnd.oci.image.manifest.v1+json\",\"config\":"
	"{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"size\":2,\"digest\":"
	"\"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a\"},\"layers\":[]"
	"}";

struct world {
	struct str v[DOCUMENTS_MAX + 1]; /* the image is the last */
	struct descriptor d[DOCUMENTS_MAX + 1];
	size_t n;
};

static int resolve(struct source *s, struct descriptor *out, struct err *e)
{
	const struct world *w = s->state;
	size_t k = str_ends(s->wanted, S(".sig"))   ? 1
		   : str_ends(s->wanted, S(".att")) ? 2
		   : s->wanted.n		    ? 0
						    : w->n;
	if (k > w->n)
		return err_set(e, ERR_NOT_FOUND, "nothing");
	*out = w->d[k];
	return 0;
}

static int get(struct source *s, const struct descriptor *d, struct stream **out, struct err *e)
{
	const struct world *w = s->state;
	for (size_t i = 0; i <= w->n; i++)
		if (digest_eq(&w->d[i].digest, &d->digest)) {
			*out = stream_mem(w->v[i]);
			return 0;
		}
	return err_set(e, ERR_NOT_FOUND, "nothing");
}

static int referrers(struct source *s, const struct digest *subject, struct descriptors *out,
		     struct err *e)
{
	const struct world *w = s->state;
	(void)e;
	for (size_t i = 0; i < w->n && digest_eq(subject, &w->d[w->n].digest); i++)
		*ARENA_PUSH(&s->arena, out->v, out->n, out->cap) = w->d[i];
	return 0;
}

static int put(struct source *s, const struct descriptor *d, struct stream *in, struct err *e)
{
	(void)s, (void)d, (void)in, (void)e;
	return 0;
}

static int tag(struct source *s, struct str name, const struct descriptor *d,
	       const struct digest *expected, struct err *e)
{
	(void)s, (void)name, (void)d, (void)expected, (void)e;
	return 0;
}

static int take(struct source *s, const struct digest *d, struct str name, struct err *e)
{
	(void)s, (void)d, (void)name, (void)e;
	return 0;
}

static void split(struct world *w, struct str input)
{
	while (input.n && w->n < DOCUMENTS_MAX)
		w->v[w->n++] = str_cut(&input, '\0');
	w->v[w->n] = str_of(image);
	for (size_t i = 0; i <= w->n; i++) {
		digest_of(DIGEST_SHA256, w->v[i], &w->d[i].digest);
		w->d[i].size = w->v[i].n;
	}
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static const struct source_ops ops = { .scheme = "fuzz",
					       .resolve = resolve,
					       .get = get,
					       .referrers = referrers,
					       .put = put,
					       .tag = tag,
					       .remove = take };
	struct source_options opt = { 0 };
	struct world w = { 0 };
	struct source s = {
		.ops = &ops, .opt = &opt, .state = &w, .exact_tags = true, .lists_referrers = false
	};
	struct arena a = { 0 };
	struct tree_node tree;
	struct descriptor d, layer = { .media_type = S("text/plain"), .size = 1 };
	struct err e;
	limits_default(&opt.limits);
	split(&w, (struct str){ (const char *)data, size });
	layer.digest = w.d[w.n].digest;
	if (image_tree(&s, &(struct tree_options){ 0 }, &a, &tree, &e) == 0 &&
	    tree.n_attachments > w.n + 3)
		abort();
	struct cosign_addition x = { .into = &s, .tag = S("x.sig"), .layer = &layer };
	(void)cosign_tag_add(&x, &a, &d, &e);
	(void)source_remove_referrer(&s, &w.d[w.n].digest, &layer.digest, &e);
	for (size_t i = 0; i < w.n; i++)
		(void)source_put_referrer(&s, w.v[i], &d, &e);
	arena_done(&a);
	arena_done(&s.arena);
	return 0;
}
