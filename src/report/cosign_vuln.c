/* The predicate of a vulnerability attestation as cosign defines it (https://cosign.sigstore.dev/attestation/vuln/v1): who
 * looked, with which knowledge, when, and the report itself as the json format writes it. One image a document: a
 * predicate speaks of one subject. */
#include "base/time.h"
#include "report/format.h"
#include "report/json.h"

static void put_invocation(struct json_out *o)
{
	json_put_key(o, "invocation");
	json_begin_object(o);
	json_put_key(o, "parameters");
	json_put_null(o);
	json_put_member(o, "uri", S(""));
	json_put_member(o, "event_id", S(""));
	json_put_member(o, "builder.id", S(""));
	json_end_object(o);
}

static void put_scanner(struct json_out *o, const struct report *r,
			const struct format_options *opt)
{
	json_put_key(o, "scanner");
	json_begin_object(o);
	json_put_member(o, "uri", S("pkg:generic/lazaret@" LAZARET_VERSION));
	json_put_member(o, "version", S(LAZARET_VERSION));
	json_put_key(o, "db");
	json_begin_object(o);
	json_put_member(o, "uri", S(""));
	json_put_member(o, "version", r->database);
	json_end_object(o);
	json_put_key(o, "result");
	report_put_json(o, r, opt);
	json_end_object(o);
}

static int write_cosign_vuln(const struct report *reports, size_t n,
			     const struct format_options *opt, struct buf *out, struct err *e)
{
	struct json_out o;
	char time[TIME_TEXT];
	if (n != 1)
		return err_set(e, ERR_INVALID,
			       "cosign-vuln is about one image, and there are %zu reports", n);
	time_text(reports->created, time);
	json_out_init(&o, out, 2);
	json_begin_object(&o);
	put_invocation(&o);
	put_scanner(&o, reports, opt);
	json_put_key(&o, "metadata");
	json_begin_object(&o);
	json_put_member(&o, "scanStartedOn", str_of(time));
	json_put_member(&o, "scanFinishedOn", str_of(time));
	json_end_object(&o);
	json_end_object(&o);
	buf_add_char(out, '\n');
	return 0;
}

const struct format format_cosign_vuln = { "cosign-vuln", write_cosign_vuln };
