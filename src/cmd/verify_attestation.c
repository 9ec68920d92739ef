/* lazaret verify-attestation: is what is said about these images, of one type, signed by whom we believe? Prints it. */
#include "cmd/verify_job.h"

static const struct option options[] = {
#include "cmd/verify_image.def"
	{ "type", 0, "TYPE",
	  "custom slsaprovenance slsaprovenance1 spdx spdxjson cyclonedx vuln openvex link", false,
	  false, "kind of predicate, by name or URI" },
	{ 0 },
};

static int run(const struct args *a)
{
	struct verify_job j;
	struct str type = args_str(a, "type"),
		   uri = predicate_type_uri(type.n ? type : S("custom"));
	if (a->words.n == 0)
		return usage(a, "wanted: verify-attestation IMAGE... --type TYPE --key KEY");
	if (!uri.n)
		return usage(a, "--type: '%.*s' is neither a predicate type by name nor a URI",
			     STR(type));
	int status = verify_job_open(&j, a, false);
	if (status != EXIT_YES)
		return status;
	j.options.predicate_type = uri;
	j.payloads = true;
	for (size_t i = 0; i < a->words.n; i++)
		verify_job_target(&j, a->words.v[i]);
	status = verify_job_print(&j);
	verify_job_close(&j);
	return status;
}

const struct command command_verify_attestation = { "verify-attestation",
						    "verify what is said about images", NULL,
						    options, run };
