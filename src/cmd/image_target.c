/* Opens what sign, verify, attest and their relatives work on. */
#include "cmd/image_target.h"
#include "cmd/registry_options.h"
#include "trust/verify.h"

static struct str repository_name(struct arena *a, const struct source *s)
{
	struct str host = s->ref.host;
	if (!s->ref.repository.n || strcmp(s->ops->scheme, "registry") != 0)
		return S("");
	/* As Go's registry client names Docker's hub, which cosign took over; readers know both names. */
	return arena_printf(a, "%.*s/%.*s",
			    STR(str_eq(host, S("docker.io")) ? S("index.docker.io") : host),
			    STR(s->ref.repository));
}

static int open_source(const struct source_options *o, struct str text, bool write,
		       struct source **out, struct err *e)
{
	struct source *s CLEANUP(cleanup_source) = NULL;
	if (source_open(text, o, &s, e))
		return e->code;
	/* A layout or archive that is there; source_create alone would make one that is not. */
	if (write && strcmp(s->ops->scheme, "registry") != 0) {
		source_close(STEAL(s));
		if (source_create(text, o, &s, e))
			return e->code;
	}
	if (!s->ops->resolve || source_is_dir(s))
		return err_set(e, ERR_UNSUPPORTED,
			       "a folder of files has no digest that could be signed");
	*out = STEAL(s);
	return 0;
}

static int resolve(struct image_target *t, struct arena *a, struct err *e)
{
	struct descriptor d = { 0 };
	int r = t->source->ops->resolve(t->source, &d, e);
	return r ? r : target_read(t->source, &d, a, &t->manifest, &t->descriptor, e);
}

int image_target_open(const struct args *a, const struct source_options *o, struct str text,
		      bool write, struct image_target *out, struct err *e)
{
	struct image_target t = { 0 };
	char digest[DIGEST_TEXT];
	if (open_source(o, text, write, &t.source, e) ||
	    registry_attachments(a, o, t.source, &t.other, e) || resolve(&t, a->arena, e)) {
		image_target_close(&t);
		return err_in(e, "%.*s", STR(text));
	}
	t.signatures = t.other ? t.other : t.source;
	t.name = repository_name(a->arena, t.source);
	t.by_tag = t.name.n && t.source->ref.digest.alg == DIGEST_NONE;
	digest_text(&t.descriptor.digest, digest);
	t.shown = t.name.n ? arena_printf(a->arena, "%.*s/%.*s@%s", STR(t.source->ref.host),
					  STR(t.source->ref.repository), digest)
		  : str_ends(text, str_of(digest))
			  ? arena_printf(a->arena, "%.*s", STR(text))
			  : arena_printf(a->arena, "%.*s@%s", STR(text), digest);
	*out = t;
	return 0;
}

int image_target_finish(struct image_target *t, struct err *e)
{
	return source_finish(t->signatures, e);
}

void image_target_close(struct image_target *t)
{
	source_close(t->source);
	source_close(t->other);
	*t = (struct image_target){ 0 };
}

int read_annotations(const struct args *a, const char *option, struct annotation **v, size_t *n,
		     struct err *e)
{
	struct strs given = args_list(a, option);
	struct annotation *out = arena_array(a->arena, given.n + 1, sizeof *out);
	for (size_t i = 0; i < given.n; i++) {
		struct str value = given.v[i], key = str_cut(&value, '=');
		if (!key.n || key.n == given.v[i].n)
			return err_set(e, ERR_INVALID, "%s: '%.*s' is not NAME=VALUE",
				       args_from(a, option), STR(given.v[i]));
		for (size_t k = 0; k < i; k++)
			if (str_eq(out[k].key, key))
				return err_set(e, ERR_INVALID, "%s: %.*s is there twice",
					       args_from(a, option), STR(key));
		out[i] = (struct annotation){ key, value };
	}
	*v = out;
	*n = given.n;
	return 0;
}

int read_key_chain(const struct args *a, struct str otherwise, const struct key *key,
		   struct certs *out, struct err *e)
{
	static const char *const names[] = { "certificate", "certificate-chain" };
	for (size_t i = 0; i < COUNT(names); i++) {
		struct str text = { 0 };
		if (args_file(a, names[i], (size_t)CERTS_MAX * CERT_DER_MAX, &text, e))
			return e->code;
		if (text.n && certs_parse(text, out, e))
			return err_in(e, "%s", args_from(a, names[i]));
	}
	if (out->n == 0 && otherwise.n) {
		struct str text = { 0 };
		if (args_read(a, "key", otherwise, (size_t)CERTS_MAX * CERT_DER_MAX, &text, e) ||
		    certs_parse(text, out, e))
			return err_in(e, "%.*s", STR(otherwise));
	}
	if (out->n == 0)
		return 0;
	const struct key *certified = cert_key(out->v[0]);
	if (!key || !certified || !key_eq(key, certified))
		return err_set(e, ERR_INVALID, "the certificate is not that of the key");
	return 0;
}
