/* lazaret sign: signs images, in one format or several, and attaches the signatures to them. */
#include "base/time.h"
#include "cmd/alarm.h"
#include "cmd/image_target.h"
#include "cmd/notation_options.h"
#include "cmd/registry_options.h"
#include "cmd/signing_options.h"
#include "trust/scheme.h"
#include "trust/tsa_client.h"
#include "trust/verify.h"

#include <stdio.h>
#include <stdlib.h>

enum { SIGN_FORMATS_MAX = 8 };

static const struct option options[] = {
#include "cmd/signing_options.def"
#include "cmd/registry_options.def"
	{ "format", 0, "FORMAT", "bundle cosign notation-jws notation-cose", true, true,
	  "kind of signature" },
	{ "also-tag", 0, NULL, NULL, false, false,
	  "also the tag-based form that podman and CRI-O check" },
	{ "annotations", 'a', "NAME=VALUE", NULL, true, false, "put into the signature" },
	{ "recursive", 'r', NULL, NULL, false, false, "sign what an index lists, too" },
	{ "expiry", 0, "DURATION", NULL, false, false,
	  "the signature ends after this long (notation)" },
	{ "sign-container-identity", 0, "NAME", NULL, false, false,
	  "name of the image in simple signing" },
	{ "certificate", 0, "FILE", "FILE", false, false, "certificate of the key" },
	{ "certificate-chain", 0, "FILE", "FILE", false, false, "its issuers, root last" },
	{ "yes", 'y', NULL, NULL, false, false, "accepted; nothing is asked" },
	{ 0 },
};

struct sign {
	const struct args *args;
	struct source_options source;
	struct signing signing;
	struct str chain_file; /* of a key by its name in notation's folder */
	struct certs chain;
	struct making making; /* what is the same for all images */
	const struct scheme *formats[SIGN_FORMATS_MAX];
	size_t n_formats, signed_now;
	struct image_target target;
};

static void add_format(struct sign *s, const struct scheme *format)
{
	for (size_t i = 0; i < s->n_formats; i++)
		if (s->formats[i] == format)
			return;
	s->formats[s->n_formats++] = format;
}

static int read_formats(struct sign *s, struct err *e)
{
	struct strs names = args_list(s->args, "format");
	for (size_t i = 0; i < names.n; i++) {
		const struct scheme *format = scheme_find(names.v[i]);
		if (!format)
			return err_set(e, ERR_INVALID, "%s: there is no format '%.*s'",
				       args_from(s->args, "format"), STR(names.v[i]));
		if (s->n_formats < SIGN_FORMATS_MAX)
			add_format(s, format);
	}
	if (names.n == 0)
		add_format(s, schemes[0]);
	if (args_flag(s->args, "also-tag"))
		add_format(s, scheme_find(S("cosign")));
	return 0;
}

static bool makes_notation(const struct sign *s)
{
	for (size_t i = 0; i < s->n_formats; i++)
		if (str_starts(str_of(s->formats[i]->name), S("notation")))
			return true;
	return false;
}

static int read_expiry(struct sign *s, struct err *e)
{
	struct str given = args_str(s->args, "expiry");
	uint64_t seconds = 0;
	if (!given.n)
		return 0;
	if (!parse_duration(given, &seconds) || seconds == 0 || seconds > 100ull * 366 * 86400)
		return err_set(e, ERR_INVALID, "%s: '%.*s' is no duration (like 90d, 12h)",
			       args_from(s->args, "expiry"), STR(given));
	if (!makes_notation(s))
		return err_set(
			e, ERR_INVALID,
			"--expiry: only notation's signatures have one (--format notation-jws)");
	s->making.expiry = s->making.now + (int64_t)seconds;
	return 0;
}

/* What can be wrong with the words alone. */
static int read_words(struct sign *s, struct err *e)
{
	struct annotation *annotations;
	const char *docker = getenv("COSIGN_DOCKER_MEDIA_TYPES");
	s->making.now = time_now();
	s->making.created = signing_created();
	s->making.docker_types = docker && strcmp(docker, "1") == 0;
	if (s->args->words.n == 0)
		return err_set(e, ERR_INVALID, "wanted: sign IMAGE... --key KEY");
	if (read_formats(s, e) || read_expiry(s, e) ||
	    registry_options_read(s->args, &s->source, e) ||
	    read_annotations(s->args, "annotations", &annotations, &s->making.n_annotations, e))
		return e->code;
	s->making.annotations = annotations;
	return 0;
}

static int read_chain(struct sign *s, struct err *e)
{
	int r = read_key_chain(s->args, s->chain_file, s->signing.key, &s->chain, e);
	if (r == 0 && s->chain.n == 0 && makes_notation(s))
		return err_set(e, ERR_INVALID,
			       "a notation signature wants --certificate-chain FILE: the key's "
			       "certificate and its "
			       "issuers");
	return r;
}

/* The key by notation's name for it, where one of its signatures is made. */
static int open_key(struct sign *s, struct err *e)
{
	struct str key = args_str(s->args, "key");
	if (makes_notation(s) && notation_key_find(s->args, &key, &s->chain_file, e))
		return e->code;
	int r = signing_open_key(s->args, key, &s->signing, e);
	return r ? r : read_chain(s, e);
}

/* Signing. */
static void tell(const struct sign *s, const struct scheme *f, const struct descriptor *d,
		 const struct made *m)
{
	char target[DIGEST_TEXT], where[DIGEST_TEXT];
	digest_text(&d->digest, target);
	digest_text(&m->manifest.digest, where);
	if (m->was_there)
		say(s->args, "%s: a signature by this key is there already (%s, %s)", target,
		    f->name, where);
	else if (m->tag.n)
		say(s->args, "%s: signed (%s, tag %.*s)", target, f->name, STR(m->tag));
	else
		say(s->args, "%s: signed (%s, referrer %s)", target, f->name, where);
}

static int sign_manifest(struct sign *s, const struct descriptor *d, struct err *e)
{
	struct making m = s->making;
	char text[DIGEST_TEXT];
	m.into = s->target.signatures;
	m.target = d;
	m.name = args_str(s->args, "sign-container-identity");
	if (!m.name.n)
		m.name = s->target.name;
	for (size_t i = 0; i < s->n_formats; i++) {
		struct made made;
		if (s->formats[i]->make(&m, s->args->arena, &made, e))
			return err_in(e, "sign %s (%s)", digest_text(&d->digest, text),
				      s->formats[i]->name);
		tell(s, s->formats[i], d, &made);
	}
	return 0;
}

/* What an index lists comes before the index: who sees it signed finds all signed. */
static int sign_tree(struct sign *s, const struct manifest *m, const struct descriptor *d,
		     unsigned depth, struct err *e)
{
	if (depth > s->source.limits.index_depth)
		return err_set(e, ERR_LIMIT,
			       "indexes are nested deeper than the limit index_depth");
	for (size_t i = 0; args_flag(s->args, "recursive") && i < m->index.n; i++) {
		struct manifest child;
		struct descriptor target;
		if (++s->signed_now > VERIFY_MANIFESTS_MAX)
			return err_set(e, ERR_LIMIT, "more than %d manifests",
				       VERIFY_MANIFESTS_MAX);
		if (target_read(s->target.source, &m->index.v[i], s->args->arena, &child, &target,
				e) ||
		    sign_tree(s, &child, &target, depth + 1, e))
			return e->code;
	}
	return sign_manifest(s, d, e);
}

static int sign_image(struct sign *s, struct str text, struct err *e)
{
	char digest[DIGEST_TEXT];
	if (image_target_open(s->args, &s->source, text, true, &s->target, e))
		return e->code;
	digest_text(&s->target.descriptor.digest, digest);
	if (s->target.by_tag)
		say(s->args,
		    "warning: %.*s names a tag, which may name another image later; signed is what "
		    "it names now, %s",
		    STR(text), digest);
	s->signed_now = 0;
	int r = sign_tree(s, &s->target.manifest, &s->target.descriptor, 0, e);
	if (r == 0)
		r = image_target_finish(&s->target, e);
	if (r == 0)
		puts(s->target.shown.p);
	else
		err_in(e, "%.*s", STR(text));
	image_target_close(&s->target);
	return r;
}

/* Of notation's signatures, which have room for one; by the first authority that answers. */
static int stamp(void *ctx, const struct digest *d, struct buf *token, struct err *e)
{
	const struct sign *s = ctx;
	struct strs urls = args_list(s->args, "timestamp-server-url");
	int r = ERR_INVALID;
	for (size_t i = 0; r && i < urls.n; i++)
		r = tsa_token(s->signing.fetch, urls.v[i], d, s->args->arena, token, e);
	return r;
}

static int run(const struct args *a)
{
	struct sign s = { .args = a };
	struct err e = { 0 };
	int status = EXIT_YES;
	if (alarm_start(a, &e) || read_words(&s, &e))
		return usage(a, "%s", e.text);
	int r = open_key(&s, &e);
	if (r)
		status = r == ERR_INVALID ? usage(a, "%s", e.text) : fail(a, &e);
	s.making.signer = s.signing.signer;
	s.making.key = s.signing.key;
	s.making.chain = &s.chain;
	if (args_str(a, "timestamp-server-url").n && s.signing.fetch) {
		s.making.stamp = stamp;
		s.making.stamp_ctx = &s;
	}
	for (size_t i = 0; r == 0 && i < a->words.n; i++) {
		r = sign_image(&s, a->words.v[i], &e);
		if (r)
			status = fail(a, &e);
	}
	certs_done(&s.chain);
	signing_close(&s.signing);
	return status;
}

const struct command command_sign = { "sign", "sign images", NULL, options, run };
