/* Requests to signing services: JSON or DER over HTTP, small in both directions.
 *
 * A hostile service may answer without end (bounded), redirect us to where only we can reach (never followed), or repeat
 * our identity token in its error so that it ends in a log (then nothing of what it says is shown). */
#include "trust/service.h"

#include "base/json.h"
#include "base/url.h"

enum { SAID_MAX = 200, ECHO = 12 }; /* bytes shown of an answer; as many of a secret are an echo */

struct str service_url(struct arena *a, struct str base, const char *path)
{
	while (str_ends(base, S("/")))
		base.n--;
	return arena_printf(a, "%.*s/%s", STR(base), path);
}

int service_ask(struct fetch *f, const char *what, const struct fetch_request *r, size_t max,
		struct arena *a, struct service_answer *out, struct err *e)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	struct fetch_response resp = { 0 };
	struct fetch_request asked = *r;
	struct url u;
	asked.no_redirects = true;
	if (url_parse(a, r->url, &u, e))
		return err_in(e, "asking the %s", what);
	if (fetch_send(f, &asked, a, &resp, e))
		return err_in(e, "asking the %s %.*s", what, STR(url_shown(a, &u)));
	int code = stream_read_all(resp.body, max, &b, e);
	stream_close(resp.body);
	if (code)
		return err_in(e, "reading what the %s %.*s answered", what, STR(url_shown(a, &u)));
	resp.body = NULL;
	*out = (struct service_answer){ resp.status, resp, arena_str(a, str_buf(&b)) };
	return 0;
}

/* Is any run of ECHO bytes of the secret in the text? */
static bool echoes(struct str text, struct str secret)
{
	for (size_t i = 0; i + ECHO <= secret.n; i++)
		if (str_find(text, (struct str){ secret.p + i, ECHO }) >= 0)
			return true;
	return false;
}

/* Printable, short, and nothing of a secret; `out` is a C string. */
static void said(const struct fetch_request *r, struct str body, char out[SAID_MAX + 1])
{
	struct json *j CLEANUP(cleanup_json) = NULL;
	struct err ignored;
	size_t n = 0;
	struct str text = body;
	if (json_parse(body, &j, &ignored) == 0)
		text = json_get_str(j, "message");
	if (echoes(text, r->authorization) || echoes(body, r->authorization))
		text = (struct str){ 0 };
	text = str_trim(text);
	for (size_t i = 0; i < text.n && n < SAID_MAX; i++)
		out[n++] = text.p[i] >= ' ' && text.p[i] <= '~' ? text.p[i] : '?';
	out[n] = 0;
}

int service_failed(const char *what, const struct fetch_request *r, const struct service_answer *s,
		   struct err *e)
{
	struct arena a CLEANUP(arena_done) = { 0 };
	struct url u;
	struct err ignored;
	char text[SAID_MAX + 1];
	bool refused = s->status == 401 || s->status == 403;
	bool redirect = s->status >= 300 && s->status < 400;
	bool later = redirect || s->status == 429 || s->status >= 500;
	struct str at = url_parse(&a, r->url, &u, &ignored) ? S("") : url_shown(&a, &u);
	said(r, str_upto(s->body, 4096), text);
	return err_set(e,
		       refused ? ERR_AUTH
		       : later ? ERR_IO
			       : ERR_INVALID,
		       "the %s %.*s %s with status %d%s%s", what, STR(str_upto(at, 200)),
		       redirect ? "wants to redirect us" : "refused", s->status,
		       text[0] ? ": " : "", text);
}
