/* lazaret attest: says something about an image (an SBOM, a scan, provenance) and signs it. */
#include "trust/attest.h"
#include "base/time.h"
#include "cmd/alarm.h"
#include "cmd/image_target.h"
#include "cmd/registry_options.h"
#include "cmd/signing_options.h"

#include <stdio.h>

static const struct option options[] = {
#include "cmd/signing_options.def"
#include "cmd/registry_options.def"
	{ "predicate", 0, "FILE", "FILE", false, false, "what is said" },
	{ "type", 0, "TYPE",
	  "custom slsaprovenance slsaprovenance1 spdx spdxjson cyclonedx vuln openvex link", false,
	  false, "kind of predicate, by name or URI" },
	{ "also-tag", 0, NULL, NULL, false, false, "also cosign's older form, behind a tag" },
	{ "certificate", 0, "FILE", "FILE", false, false, "certificate of the key" },
	{ "certificate-chain", 0, "FILE", "FILE", false, false, "its issuers, root last" },
	{ "yes", 'y', NULL, NULL, false, false, "accepted; nothing is asked" },
	{ 0 },
};

struct attest {
	const struct args *args;
	struct source_options source;
	struct signing signing;
	struct certs chain;
	struct attestation attestation;
};

static int read_words(struct attest *t, struct err *e)
{
	struct str type = args_str(t->args, "type"), file = { 0 };
	t->attestation.now = signing_created();
	t->attestation.also_tag = args_flag(t->args, "also-tag");
	if (t->args->words.n == 0 || !args_str(t->args, "predicate").n)
		return err_set(e, ERR_INVALID,
			       "wanted: attest IMAGE... --predicate FILE --type TYPE --key KEY");
	if (registry_options_read(t->args, &t->source, e) ||
	    args_file(t->args, "predicate", PREDICATE_MAX, &file, e))
		return e->code;
	return predicate_make(type.n ? type : S("custom"), file, t->attestation.now, t->args->arena,
			      &t->attestation.predicate_type, &t->attestation.predicate, e);
}

static int attest_target(struct attest *t, struct str text, struct err *e)
{
	struct image_target target;
	struct made made;
	char digest[DIGEST_TEXT], where[DIGEST_TEXT];
	if (image_target_open(t->args, &t->source, text, true, &target, e))
		return e->code;
	digest_text(&target.descriptor.digest, digest);
	if (target.by_tag)
		say(t->args,
		    "warning: %.*s names a tag; what is said is said of what it names now, %s",
		    STR(text), digest);
	t->attestation.subject = &target.descriptor;
	t->attestation.name = target.name;
	int r = attest_image(target.signatures, &t->attestation, t->args->arena, &made, e);
	if (r == 0)
		r = image_target_finish(&target, e);
	if (r == 0) {
		say(t->args, "%s: %s (%.*s, referrer %s)", digest,
		    made.was_there ? "was there already" : "attested",
		    STR(t->attestation.predicate_type), digest_text(&made.manifest.digest, where));
		puts(target.shown.p);
	} else {
		err_in(e, "%.*s", STR(text));
	}
	image_target_close(&target);
	t->attestation.subject = NULL;
	return r;
}

static int run(const struct args *a)
{
	struct attest t = { .args = a };
	struct err e = { 0 };
	int status = EXIT_YES;
	if (alarm_start(a, &e))
		return usage(a, "%s", e.text);
	int r = read_words(&t, &e);
	if (r == 0)
		r = signing_open(a, &t.signing, &e);
	if (r == 0)
		r = read_key_chain(a, S(""), t.signing.key, &t.chain, &e);
	if (r)
		status = r == ERR_INVALID ? usage(a, "%s", e.text) : fail(a, &e);
	t.attestation.signer = t.signing.signer;
	t.attestation.key = t.signing.key;
	t.attestation.chain = &t.chain;
	for (size_t i = 0; r == 0 && i < a->words.n; i++) {
		r = attest_target(&t, a->words.v[i], &e);
		if (r)
			status = fail(a, &e);
	}
	certs_done(&t.chain);
	signing_close(&t.signing);
	return status;
}

const struct command command_attest = { "attest", "sign what is said about an image", NULL, options,
					run };
