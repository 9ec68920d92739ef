/* Identity tokens: three parts of base64url (RFC 7515), of which the second is JSON claims (RFC 7519). Only the claims that
 * say whom a certificate will name are read, and nothing is verified: who signs with somebody else's token does not get
 * a certificate.
 *
 * A hostile token may be huge or no token at all; a hostile environment may name a service of tokens elsewhere (https or
 * loopback only, no redirect, the request token goes to that host alone). Not supported: interactive logins. */
#include "trust/oidc.h"

#include "base/base64.h"
#include "base/json.h"
#include "trust/service.h"

static bool is_true(const struct json *j)
{
	return json_bool(j, false) || str_eq(json_str(j), S("true"));
}

static int read_claims(const struct json *j, struct arena *a, struct identity_token *out,
		       struct err *e)
{
	struct str email = json_get_str(j, "email"), subject = json_get_str(j, "sub");
	uint64_t expires = 0;
	if (!json_is_object(j))
		return err_set(e, ERR_INVALID, "the identity token's claims are no object");
	if (email.n && !is_true(json_get(j, "email_verified")))
		return err_set(e, ERR_INVALID,
			       "the identity token's e-mail address is not verified by its issuer");
	if (!email.n && !subject.n)
		return err_set(e, ERR_INVALID,
			       "the identity token has neither subject nor address");
	json_u64(json_get(j, "exp"), &expires);
	*out = (struct identity_token){ .issuer = arena_str(a, json_get_str(j, "iss")),
					.subject = arena_str(a, email.n ? email : subject),
					.expires = (int64_t)expires };
	return 0;
}

int identity_token_read(struct str token, struct arena *a, struct identity_token *out,
			struct err *e)
{
	struct buf claims CLEANUP(buf_done) = { 0 };
	struct json *j CLEANUP(cleanup_json) = NULL;
	struct str rest = token;
	struct err ignored; /* may quote the token */
	if (token.n > IDENTITY_TOKEN_MAX)
		return err_set(e, ERR_LIMIT, "the identity token is larger than %d bytes",
			       IDENTITY_TOKEN_MAX);
	for (size_t i = 0; i < token.n; i++)
		if (token.p[i] <= ' ' || token.p[i] > '~')
			return err_set(e, ERR_INVALID, "this is no identity token");
	struct str head = str_cut(&rest, '.'), payload = str_cut(&rest, '.');
	if (!head.n || !payload.n || !rest.n || str_find_char(rest, '.') >= 0)
		return err_set(e, ERR_INVALID, "this is no identity token");
	if (!base64url_decode(payload, &claims) || json_parse(str_buf(&claims), &j, &ignored))
		return err_set(e, ERR_INVALID, "the identity token's claims cannot be read");
	int r = read_claims(j, a, out, e);
	if (claims.p)
		explicit_bzero(claims.p, claims.n);
	return r;
}

static void add_escaped(struct buf *b, struct str s)
{
	static const char hex[] = "0123456789ABCDEF";
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		    c == '-' || c == '.' || c == '_') {
			buf_add_char(b, (char)c);
			continue;
		}
		buf_add_char(b, '%');
		buf_add_char(b, hex[c >> 4]);
		buf_add_char(b, hex[c & 15]);
	}
}

/* {"value": TOKEN} */
static int github_answer(const struct service_answer *answer, struct buf *out, struct err *e)
{
	struct json *j CLEANUP(cleanup_json) = NULL;
	struct err ignored; /* may quote the token */
	if (json_parse(answer->body, &j, &ignored) || !json_get_str(j, "value").n)
		return err_set(e, ERR_INVALID, "the token service's answer holds no token");
	buf_add_str(out, json_get_str(j, "value"));
	return 0;
}

static int ask_github(const struct ambient_tokens *t, struct str audience, struct fetch *f,
		      struct buf *out, struct err *e)
{
	struct arena a CLEANUP(arena_done) = { 0 };
	struct buf url CLEANUP(buf_done) = { 0 }, bearer CLEANUP(buf_done) = { 0 };
	struct service_answer answer;
	buf_add_str(&url, t->github_url);
	buf_add_str(&url,
		    str_find_char(t->github_url, '?') >= 0 ? S("&audience=") : S("?audience="));
	add_escaped(&url, audience);
	buf_add_str(&bearer, S("Bearer "));
	buf_add_str(&bearer, t->github_token);
	struct fetch_request r = { .url = str_buf(&url), .authorization = str_buf(&bearer) };
	int code = service_ask(f, "token service", &r, 2 * IDENTITY_TOKEN_MAX, &a, &answer, e);
	explicit_bzero(bearer.p, bearer.n);
	if (code)
		return code;
	code = answer.status == 200 ? github_answer(&answer, out, e)
				    : service_failed("token service", &r, &answer, e);
	if (answer.body.n)
		explicit_bzero((void *)(uintptr_t)answer.body.p, answer.body.n);
	return code;
}

int identity_token_ambient(const struct ambient_tokens *t, struct str audience, struct fetch *f,
			   struct buf *out, struct err *e)
{
	if (t->token.n) {
		buf_add_str(out, str_trim(t->token));
		return 0;
	}
	if (t->github_url.n && t->github_token.n)
		return ask_github(t, audience, f, out, e);
	return err_set(e, ERR_NOT_FOUND, "there is no identity token");
}
