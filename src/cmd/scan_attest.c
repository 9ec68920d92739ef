/* The subject is the manifest that was scanned, never what its tag names by now. Filters of the command line do not thin out
 * what is signed: what they hide is in the report's list of what is suppressed. */
#include "cmd/scan_attest.h"

#include "cmd/image_target.h"
#include "report/format.h"
#include "trust/attest.h"

static const struct {
	const char *format, *predicate;
} said[] = { { "cyclonedx", "cyclonedx" }, { "cosign-vuln", "vuln" } };

int scan_attest_open(const struct args *a, struct scan_attest *out, struct err *e)
{
	*out = (struct scan_attest){ .wanted = args_flag(a, "attest") };
	if (out->wanted)
		return signing_open(a, &out->signing, e);
	if (args_str(a, "key").n || args_str(a, "identity-token").n)
		return err_set(e, ERR_INVALID, "a scan is signed where --attest asks for it");
	return 0;
}

void scan_attest_close(struct scan_attest *t)
{
	signing_close(&t->signing);
}

static int attest_one(struct scan_attest *t, const struct scan_job *j, const struct report *r,
		      size_t what, const struct descriptor *subject, struct image_target *target,
		      struct err *e)
{
	struct arena *a = j->args->arena;
	struct buf text CLEANUP(buf_done) = { 0 };
	struct format_options o = { .show_suppressed = true };
	struct attestation about = { .subject = subject,
				     .name = target->name,
				     .signer = t->signing.signer,
				     .key = t->signing.key,
				     .now = j->verdict.now };
	struct made made;
	char digest[DIGEST_TEXT];
	if (format_find(str_of(said[what].format))->write(r, 1, &o, &text, e) ||
	    predicate_make(str_of(said[what].predicate), str_buf(&text), about.now, a,
			   &about.predicate_type, &about.predicate, e) ||
	    attest_image(target->signatures, &about, a, &made, e))
		return e->code;
	say(j->args, "%.*s: attested %s", STR(r->inventory->reference),
	    digest_text(&made.manifest.digest, digest));
	return 0;
}

static int attest_report(struct scan_attest *t, const struct scan_job *j, const struct report *r,
			 struct err *e)
{
	const struct inventory *inv = r->inventory;
	struct image_target target;
	if (!inv->image)
		return err_set(
			e, ERR_UNSUPPORTED,
			"%.*s: an attestation is attached to an image in a registry, a layout "
			"or an archive",
			STR(inv->target));
	struct descriptor subject = { .media_type = inv->image->self.media_type,
				      .digest = inv->image->self.digest,
				      .size = inv->image->manifest.n };
	if (image_target_open(j->args, &j->source, inv->target, true, &target, e))
		return e->code;
	int code = 0;
	for (size_t i = 0; code == 0 && i < COUNT(said); i++)
		code = attest_one(t, j, r, i, &subject, &target, e);
	if (code == 0)
		code = image_target_finish(&target, e);
	image_target_close(&target);
	return code ? err_in(e, "attest %.*s", STR(inv->target)) : 0;
}

int scan_attest_reports(struct scan_attest *t, const struct scan_job *j, struct err *e)
{
	for (size_t i = 0; t->wanted && i < j->n_reports; i++)
		if (attest_report(t, j, &j->reports[i], e))
			return e->code;
	return 0;
}
