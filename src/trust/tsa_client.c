/* RFC 3161 over HTTP: application/timestamp-query in, application/timestamp-reply out. Nonce, imprint and status of the
 * answer are checked here; a reply to somebody else's question is none. */
#include "trust/tsa_client.h"

#include "trust/service.h"

/* The whole response; its bare token goes into `token`. */
static int ask(struct fetch *f, struct str url, const struct digest *d, struct arena *a,
	       struct str *response, struct buf *token, struct err *e)
{
	static const char what[] = "timestamp authority";
	static const struct fetch_header headers[] = {
		{ S("Content-Type"), S("application/timestamp-query") },
		{ S("Accept"), S("application/timestamp-reply") }
	};
	struct buf body CLEANUP(buf_done) = { 0 }, nonce CLEANUP(buf_done) = { 0 };
	struct service_answer answer;
	if (timestamp_request(d, true, &body, &nonce, e))
		return e->code;
	struct fetch_request q = {
		.url = url, .headers = headers, .n_headers = COUNT(headers), .body = str_buf(&body)
	};
	if (service_ask(f, what, &q, TIMESTAMP_MAX, a, &answer, e))
		return e->code;
	if (answer.status != 200 && answer.status != 201)
		return service_failed(what, &q, &answer, e);
	if (timestamp_token(answer.body, d, str_buf(&nonce), token, e))
		return err_in(e, "the timestamp authority %.*s", STR(str_upto(url, 200)));
	*response = answer.body;
	return 0;
}

int tsa_timestamp(struct fetch *f, struct str url, struct str message, struct arena *a,
		  struct str *out, struct err *e)
{
	struct buf token CLEANUP(buf_done) = { 0 };
	struct digest d;
	digest_of(DIGEST_SHA256, message, &d);
	return ask(f, url, &d, a, out, &token, e);
}

int tsa_token(struct fetch *f, struct str url, const struct digest *d, struct arena *a,
	      struct buf *token, struct err *e)
{
	struct str response;
	return ask(f, url, d, a, &response, token, e);
}
