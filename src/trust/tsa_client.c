/* RFC 3161 over HTTP: application/timestamp-query in, application/timestamp-reply out. Nonce, imprint and status of the
 * answer are checked here; a reply to somebody else's question is none. */
#include "trust/tsa_client.h"

#include "trust/service.h"

int tsa_timestamp(struct fetch *f, struct str url, struct str message, struct arena *a,
		  struct str *out, struct err *e)
{
	static const char what[] = "timestamp authority";
	static const struct fetch_header headers[] = {
		{ S("Content-Type"), S("application/timestamp-query") },
		{ S("Accept"), S("application/timestamp-reply") }
	};
	struct buf body CLEANUP(buf_done) = { 0 }, nonce CLEANUP(buf_done) = { 0 };
	struct buf token CLEANUP(buf_done) = { 0 };
	struct service_answer answer;
	struct digest d;
	digest_of(DIGEST_SHA256, message, &d);
	if (timestamp_request(&d, true, &body, &nonce, e))
		return e->code;
	struct fetch_request ask = {
		.url = url, .headers = headers, .n_headers = COUNT(headers), .body = str_buf(&body)
	};
	if (service_ask(f, what, &ask, TIMESTAMP_MAX, a, &answer, e))
		return e->code;
	if (answer.status != 200 && answer.status != 201)
		return service_failed(what, &ask, &answer, e);
	if (timestamp_token(answer.body, &d, str_buf(&nonce), &token, e))
		return err_in(e, "the timestamp authority %.*s", STR(str_upto(url, 200)));
	*out = answer.body;
	return 0;
}
