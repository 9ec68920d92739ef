/* Authentication of the distribution specification's clients: ping, challenge, Basic or Bearer with a token service
 * (Docker's token authentication: GET with Basic, or POST as OAuth 2 for an identity token). A hostile registry may send
 * us to any realm with any scope: the scope is ours, the realm is judged by the rule in registry_auth.h. A token is used
 * until shortly before it expires and dropped when the registry refuses it. Not supported: Digest, Negotiate. */
#include "source/registry_auth.h"

#include "base/base64.h"
#include "base/json.h"
#include "source/certs.h"

#include <stdio.h>
#include <time.h>

enum {
	TOKEN_SECONDS = 60, /* life of a token that does not say */
	TOKEN_SECONDS_MAX = 24 * 3600,
	PROBE_SECONDS = 10, /* for TLS, where plain http may be spoken instead */
	TOKEN_MARGIN = 10, /* seconds before its end when it is not used any more */
	ERROR_BODY_MAX = 16 * 1024,
	ERROR_TEXT_MAX = 160,
};

static int64_t now_seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

/* Where a realm may be */
static size_t count_labels(struct str host)
{
	size_t n = 1;
	for (size_t i = 0; i < host.n; i++)
		n += host.p[i] == '.';
	return n;
}

static bool is_address(struct str host)
{
	char last = host.n ? host.p[host.n - 1] : '.';
	return last == ']' || (last >= '0' && last <= '9');
}

/* A domain under which strangers are neighbours: too short, a country's second level, or a hosting service's. */
static bool is_shared_domain(struct str domain)
{
	static const struct str second[] = { S("ac"),  S("co"),	 S("com"), S("edu"),
					     S("go"),  S("gob"), S("gov"), S("ne"),
					     S("net"), S("nom"), S("or"),  S("org") };
	static const struct str hosting[] = { S("amazonaws.com"),
					      S("appspot.com"),
					      S("azurecr.io"),
					      S("azurewebsites.net"),
					      S("cloudapp.net"),
					      S("cloudapp.azure.com"),
					      S("cloudfront.net"),
					      S("duckdns.org"),
					      S("fly.dev"),
					      S("github.io"),
					      S("gitlab.io"),
					      S("herokuapp.com"),
					      S("netlify.app"),
					      S("ngrok.app"),
					      S("ngrok.io"),
					      S("ngrok-free.app"),
					      S("nip.io"),
					      S("onrender.com"),
					      S("pages.dev"),
					      S("pkg.dev"),
					      S("run.app"),
					      S("sslip.io"),
					      S("trycloudflare.com"),
					      S("vercel.app"),
					      S("workers.dev"),
					      S("xip.io") };
	if (count_labels(domain) < 2)
		return true;
	for (size_t i = 0; i < COUNT(hosting); i++)
		if (str_ends(domain, hosting[i]) &&
		    (domain.n == hosting[i].n || domain.p[domain.n - hosting[i].n - 1] == '.'))
			return true;
	struct str top = domain, label = str_cut(&top, '.');
	if (count_labels(domain) > 2 || top.n != 2)
		return false;
	for (size_t i = 0; i < COUNT(second); i++)
		if (str_eq(label, second[i]))
			return true;
	return false;
}

static bool is_below(struct str host, struct str domain)
{
	return host.n > domain.n + 1 && str_ends(host, domain) &&
	       host.p[host.n - domain.n - 1] == '.';
}

bool realm_host_allowed(struct str registry, struct str realm)
{
	struct str parent = registry;
	if (str_eq(registry, realm))
		return true;
	if (is_address(registry) || is_address(realm))
		return false;
	if (is_below(realm, registry) && !is_shared_domain(registry))
		return true;
	(void)str_cut(&parent, '.');
	return !is_shared_domain(parent) && (str_eq(realm, parent) || is_below(realm, parent));
}

/* Plain http is for loopback talking to loopback, or where the user allowed it. */
static bool plain_allowed(const struct endpoint *p, const struct url *to)
{
	if (to->https || p->opt->insecure)
		return true;
	return !p->base.https && host_is_loopback(p->base.host) && host_is_loopback(to->host);
}

/* Opening */
static int parse_where(struct endpoint *p, struct str where, struct str repository, struct err *e)
{
	struct str text = where;
	bool given = str_find(where, S("://")) >= 0;
	if (!given)
		text = arena_printf(&p->arena, "https://%.*s", STR(where));
	int r = url_parse(&p->arena, text, &p->base, e);
	if (r)
		return r;
	struct str path = str_from(p->base.path, 1);
	while (path.n && path.p[path.n - 1] == '/')
		path.n--;
	if (str_find_char(path, '?') >= 0)
		return err_set(e, ERR_INVALID, "'%.*s': a query does not belong there",
			       STR(p->name));
	p->repository = path.n ? arena_printf(&p->arena, "%.*s/%.*s", STR(path), STR(repository))
			       : arena_str(&p->arena, repository);
	if (p->name.n == 0)
		p->name = str_from(url_text(&p->arena, &(struct url){ p->base.https, p->base.host,
								      p->base.port, S("") }),
				   p->base.https ? 8 : 7);
	p->base.path = S("/");
	if (!plain_allowed(p, &p->base))
		return err_set(e, ERR_INVALID,
			       "%.*s: plain http is refused to a host that is not loopback",
			       STR(where));
	p->try_http = !given && (p->opt->insecure || host_is_loopback(p->base.host));
	return 0;
}

static int open_fetch(struct endpoint *p, unsigned retries, struct fetch **out, struct err *e)
{
	struct certs certs;
	struct arena a = { 0 };
	int r = certs_find(&a, p->name, &certs, e);
	if (r == 0) {
		struct fetch_options o = { .ca_files = certs.ca,
					   .client_cert = certs.cert,
					   .client_key = certs.key,
					   .insecure_tls = p->opt->insecure,
					   .plain_http = p->opt->insecure,
					   .retries = retries,
					   .connect_seconds = retries ? 0 : PROBE_SECONDS };
		r = fetch_open(&o, out, e);
	}
	arena_done(&a);
	return r;
}

int endpoint_init(struct endpoint *p, const struct source_options *opt, struct str name,
		  struct str where, bool mirror, struct str repository, struct err *e)
{
	*p = (struct endpoint){ .opt = opt, .mirror = mirror, .actions = "pull" };
	pthread_mutex_init(&p->lock, NULL);
	p->name = arena_str(&p->arena, name);
	int r = parse_where(p, where, repository, e);
	if (r == 0)
		r = open_fetch(p, opt->retries, &p->fetch, e);
	if (r)
		endpoint_done(p);
	return r;
}

void endpoint_done(struct endpoint *p)
{
	fetch_close(p->fetch);
	credentials_done(&p->credentials);
	credentials_wipe_buf(&p->value);
	pthread_mutex_destroy(&p->lock);
	arena_done(&p->arena);
	*p = (struct endpoint){ 0 };
}

/* Credentials */
static int look_up(struct endpoint *p, struct err *e)
{
	const struct source_options *o = p->opt;
	if (p->looked_up)
		return 0;
	if (o->username.n && !p->mirror) {
		buf_add_str(&p->credentials.username, o->username);
		buf_add_str(&p->credentials.password, o->password);
		buf_add_str(&p->credentials.origin, S("the command line"));
		p->credentials.found = true;
	} else {
		int r = credentials_find(p->name, p->repository, o->config_dir, &p->credentials, e);
		if (r)
			return r;
	}
	p->looked_up = true;
	return 0;
}

static void set_basic(const struct credentials *c, struct buf *value)
{
	struct buf pair = { 0 };
	buf_reserve(&pair, c->username.n + c->password.n + 1);
	buf_add(&pair, c->username.p, c->username.n);
	buf_add_char(&pair, ':');
	buf_add(&pair, c->password.p, c->password.n);
	buf_reserve(value, pair.n / 3 * 4 + 16);
	buf_add_str(value, S("Basic "));
	base64_encode(str_buf(&pair), value);
	credentials_wipe_buf(&pair);
}

/* Forms and queries: all but the unreserved characters are escaped. */
static void add_escaped(struct buf *b, const char *name, struct str value)
{
	static const char hex[] = "0123456789ABCDEF";
	buf_addf(b, "%s=", name);
	for (size_t i = 0; i < value.n; i++) {
		unsigned char c = (unsigned char)value.p[i];
		if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c && strchr("-._~", c))) {
			buf_add_char(b, (char)c);
		} else {
			buf_add_char(b, '%');
			buf_add_char(b, hex[c >> 4]);
			buf_add_char(b, hex[c & 15]);
		}
	}
}

static void add_question(const struct endpoint *p, struct buf *b)
{
	struct arena a = { 0 };
	if (p->service.n) {
		add_escaped(b, "service", p->service);
		buf_add_char(b, '&');
	}
	struct str scope = arena_printf(&a, "repository:%.*s:%s", STR(p->repository), p->actions);
	bool post = p->credentials.identity_token.n != 0; /* OAuth 2: one parameter, by spaces */
	if (p->also.n && post)
		scope = arena_printf(&a, "%.*s repository:%.*s:pull", STR(scope), STR(p->also));
	add_escaped(b, "scope", scope);
	if (p->also.n && !post) {
		buf_add_char(b, '&');
		add_escaped(b, "scope", arena_printf(&a, "repository:%.*s:pull", STR(p->also)));
	}
	arena_done(&a);
}

static int token_refused(const struct endpoint *p, int status, struct err *e)
{
	struct str realm = p->realm.host;
	bool sent = p->credentials.found;
	if (status == 429)
		return err_set(e, ERR_IO, "token service %.*s: too many requests (rate limit)",
			       STR(realm));
	if (status != 401 && status != 403 && status != 400)
		return err_set(e, ERR_IO, "token service %.*s answers with status %d", STR(realm),
			       status);
	if (sent)
		return err_set(e, ERR_AUTH,
			       "token service %.*s refuses the credentials from %.*s (status %d)",
			       STR(realm), STR(str_buf(&p->credentials.origin)), status);
	return err_set(e, ERR_AUTH,
		       "token service %.*s gives no anonymous token for %.*s (status %d): log in "
		       "by `docker login` or "
		       "`podman login`, or use --username and --password-stdin",
		       STR(realm), STR(p->repository), status);
}

static int take_token(struct endpoint *p, struct str body, struct err *e)
{
	CLEANUP(cleanup_json) struct json *tree = NULL;
	uint64_t seconds = TOKEN_SECONDS;
	if (json_parse(body, &tree, e) || !json_is_object(tree))
		return err_set(e, ERR_INVALID, "token service %.*s: the answer is no JSON object",
			       STR(p->realm.host));
	struct str token = json_get_str(tree, "token"), access = json_get_str(tree, "access_token");
	struct str chosen = token.n ? token : access;
	if (chosen.n == 0)
		return err_set(e, ERR_INVALID, "token service %.*s: the answer has no token",
			       STR(p->realm.host));
	if (!json_u64(json_get(tree, "expires_in"), &seconds) || seconds == 0)
		seconds = TOKEN_SECONDS;
	seconds = MIN(seconds, (uint64_t)TOKEN_SECONDS_MAX);
	seconds -= MIN(seconds / 4, (uint64_t)TOKEN_MARGIN);
	p->expires = now_seconds() + (int64_t)seconds;
	buf_reserve(&p->value, chosen.n + 8);
	buf_add_str(&p->value, S("Bearer "));
	buf_add_str(&p->value, chosen);
	credentials_wipe_str(token);
	credentials_wipe_str(access);
	credentials_wipe_str(json_get_str(tree, "refresh_token"));
	return 0;
}

static int send_for_token(struct endpoint *p, const struct fetch_request *r, struct err *e)
{
	struct arena a = { 0 };
	struct fetch_response out;
	struct buf body = { 0 };
	int code = fetch_send(p->fetch, r, &a, &out, e);
	if (code == 0) {
		buf_reserve(&body,
			    TOKEN_BYTES_MAX); /* in one place, so that wiping reaches all of it */
		code = stream_read_all(out.body, TOKEN_BYTES_MAX, &body, e);
		stream_close(out.body);
		if (out.status != 200)
			code = token_refused(p, out.status, e);
		else if (code == 0)
			code = take_token(p, str_buf(&body), e);
		else
			err_in(e, "token service %.*s", STR(p->realm.host));
	} else {
		err_in(e, "token service %.*s", STR(p->realm.host));
	}
	credentials_wipe_buf(&body);
	arena_done(&a);
	return code;
}

/* OAuth 2 with the identity token as refresh token: Docker's form of it. */
static int token_by_post(struct endpoint *p, struct str url, struct err *e)
{
	struct fetch_header form = { S("Content-Type"), S("application/x-www-form-urlencoded") };
	struct buf body = { 0 };
	buf_reserve(&body, 4096 + 3 * p->credentials.identity_token.n);
	buf_add_str(&body, S("grant_type=refresh_token&client_id=lazaret&"));
	add_question(p, &body);
	buf_add_char(&body, '&');
	add_escaped(&body, "refresh_token", str_buf(&p->credentials.identity_token));
	struct fetch_request r = {
		.url = url, .headers = &form, .n_headers = 1, .body = str_buf(&body)
	};
	int code = send_for_token(p, &r, e);
	credentials_wipe_buf(&body);
	return code;
}

static int token_by_get(struct endpoint *p, struct str url, struct err *e)
{
	struct buf full = { 0 }, basic = { 0 };
	bool password = p->credentials.found && p->credentials.username.n;
	buf_add_str(&full, url);
	buf_add_char(&full, str_find_char(url, '?') >= 0 ? '&' : '?');
	add_question(p, &full);
	if (password) {
		buf_add_char(&full, '&');
		add_escaped(&full, "account", str_buf(&p->credentials.username));
		set_basic(&p->credentials, &basic);
	}
	struct fetch_request r = { .url = str_buf(&full), .authorization = str_buf(&basic) };
	int code = send_for_token(p, &r, e);
	credentials_wipe_buf(&basic);
	buf_done(&full);
	return code;
}

static int get_token(struct endpoint *p, struct err *e)
{
	struct arena a = { 0 };
	struct str url = url_text(&a, &p->realm);
	int r = p->credentials.identity_token.n ? token_by_post(p, url, e)
						: token_by_get(p, url, e);
	arena_done(&a);
	return r;
}

/* Challenges */
static int check_realm(const struct endpoint *p, const struct url *realm, struct err *e)
{
	if (!plain_allowed(p, realm))
		return err_set(e, ERR_AUTH,
			       "registry %.*s names a token service without TLS (%.*s): refused",
			       STR(p->name), STR(realm->host));
	if (p->credentials.found && !realm_host_allowed(p->base.host, realm->host))
		return err_set(e, ERR_AUTH,
			       "registry %.*s asks to send the credentials from %.*s to %.*s, "
			       "which is not of its domain: "
			       "refused",
			       STR(p->name), STR(str_buf(&p->credentials.origin)),
			       STR(realm->host));
	return 0;
}

static int use_bearer(struct endpoint *p, const struct challenge *c, struct err *e)
{
	struct str text = challenge_get(c, S("realm"));
	struct url realm;
	int r = url_parse(&p->arena, text, &realm, e);
	if (r)
		return err_in(e, "registry %.*s: realm of its token service", STR(p->name));
	if ((r = check_realm(p, &realm, e)))
		return r;
	p->bearer = true;
	p->realm = realm;
	p->service = arena_str(&p->arena, challenge_get(c, S("service")));
	if (p->credentials.registry_token.n == 0)
		return get_token(p, e);
	p->expires = 0;
	buf_reserve(&p->value, p->credentials.registry_token.n + 8);
	buf_add_str(&p->value, S("Bearer "));
	buf_add_str(&p->value, str_buf(&p->credentials.registry_token));
	return 0;
}

static int use_basic(struct endpoint *p, struct err *e)
{
	if (!p->credentials.found || p->credentials.username.n == 0)
		return err_set(e, ERR_AUTH,
			       "registry %.*s wants a user name and a password, and none are "
			       "known: log in by `docker "
			       "login` or `podman login`, or use --username and --password-stdin",
			       STR(p->name));
	if (!plain_allowed(p, &p->base))
		return err_set(e, ERR_AUTH, "registry %.*s wants a password without TLS: refused",
			       STR(p->name));
	p->bearer = false;
	p->expires = 0;
	set_basic(&p->credentials, &p->value);
	return 0;
}

/* Answers what the registry sent with its 401. */
static int answer(struct endpoint *p, const struct fetch_response *response, struct arena *a,
		  struct err *e)
{
	struct challenges all = { 0 };
	struct err ignored;
	for (size_t i = 0; i < response->n_headers; i++)
		if (str_eq(response->headers[i].name, S("www-authenticate")))
			(void)challenges_parse(a, response->headers[i].value, &all, &ignored);
	const struct challenge *bearer = challenges_find(&all, S("bearer"));
	const struct challenge *basic = challenges_find(&all, S("basic"));
	credentials_wipe_buf(&p->value);
	int r = look_up(p, e);
	if (r)
		return r;
	if (bearer)
		return use_bearer(p, bearer, e);
	if (basic)
		return use_basic(p, e);
	return err_set(e, ERR_AUTH,
		       "registry %.*s answers 401 with no challenge that is understood",
		       STR(p->name));
}

/* Requests */
static int ping_with(struct endpoint *p, struct fetch *f, struct arena *a,
		     struct fetch_response *out, struct err *e)
{
	struct url at = p->base;
	at.path = S("/v2/");
	struct fetch_request r = { .url = url_text(a, &at) };
	int code = fetch_send(f, &r, a, out, e);
	if (code == 0)
		stream_close(out->body);
	return code;
}

static bool is_registry(const struct fetch_response *r)
{
	return r->status == 200 || r->status == 401;
}

/* TLS first; plain http only where it is allowed and somebody who speaks it is there. */
static int ping(struct endpoint *p, struct arena *a, struct fetch_response *out, struct err *e)
{
	struct err plain;
	struct fetch *once;
	if (!p->try_http)
		return ping_with(p, p->fetch, a, out, e);
	int r = open_fetch(p, 0, &once, e);
	if (r)
		return r;
	r = ping_with(p, once, a, out, e);
	fetch_close(once);
	if (r == 0)
		return 0;
	uint16_t port = p->base.port;
	p->base.https = false;
	if (port == 443)
		p->base.port = 80;
	if (ping_with(p, p->fetch, a, out, &plain) == 0 && is_registry(out))
		return 0;
	p->base.https = true;
	p->base.port = port;
	return r;
}

/* With the lock held. */
static int make_ready(struct endpoint *p, struct err *e)
{
	struct arena a = { 0 };
	struct fetch_response out;
	if (p->ready)
		return 0;
	int r = ping(p, &a, &out, e);
	if (r) {
		err_in(e, "registry %.*s", STR(p->name));
	} else if (out.status == 401) {
		r = answer(p, &out, &a, e);
		/* Some let strangers read all the same; those that do not say so once more. */
		if (r == ERR_AUTH && p->looked_up && !p->credentials.found)
			r = 0;
	}
	p->ready = r == 0;
	arena_done(&a);
	return r;
}

/* The value to send now, in *out. */
static int current_value(struct endpoint *p, struct buf *out, struct err *e)
{
	pthread_mutex_lock(&p->lock);
	int r = make_ready(p, e);
	if (r == 0 && p->value.n && p->expires && now_seconds() >= p->expires) {
		credentials_wipe_buf(&p->value);
		r = get_token(p, e);
	}
	if (r == 0) {
		buf_reserve(out, p->value.n + 1);
		buf_add(out, p->value.p, p->value.n);
	}
	pthread_mutex_unlock(&p->lock);
	return r;
}

static int authorize(void *ctx, struct buf *value, struct err *e)
{
	return current_value(ctx, value, e);
}

/* A 401 for `used`: unless somebody was quicker, asks for another. */
static int renew(struct endpoint *p, struct str used, const struct fetch_response *response,
		 struct arena *a, struct err *e)
{
	pthread_mutex_lock(&p->lock);
	int r = 0;
	if (str_eq(used, str_buf(&p->value)))
		r = answer(p, response, a, e);
	pthread_mutex_unlock(&p->lock);
	return r;
}

static size_t add_headers(const struct endpoint_request *r, struct fetch_header *h)
{
	const struct fetch_header all[] = { { S("Accept"), r->accept },
					    { S("Content-Type"), r->content_type },
					    { S("If-Match"), r->if_match },
					    { S("If-None-Match"), r->if_none_match } };
	size_t n = 0;
	for (size_t i = 0; i < COUNT(all); i++)
		if (all[i].value.n)
			h[n++] = all[i];
	return n;
}

static int find_target(struct endpoint *p, const struct endpoint_request *r, struct arena *a,
		       struct url *at, struct err *e)
{
	struct url base = p->base;
	int code = url_resolve(a, &base, r->path, at, e);
	if (code || url_same_origin(at, &p->base))
		return code;
	if (!r->elsewhere || !plain_allowed(p, at))
		return err_set(e, ERR_INVALID, "registry %.*s leads to another host: refused",
			       STR(p->name));
	return 0;
}

static int send_once(struct endpoint *p, const struct endpoint_request *r, struct arena *a,
		     struct buf *used, struct fetch_response *out, struct err *e)
{
	struct fetch_header headers[4];
	struct url at;
	int code = current_value(p, used, e);
	if (code || (code = find_target(p, r, a, &at, e)))
		return code;
	bool own = url_same_origin(&at, &p->base);
	struct fetch_request request = { .method = r->method,
					 .url = url_text(a, &at),
					 .headers = headers,
					 .n_headers = add_headers(r, headers),
					 .authorization = own ? str_buf(used) : (struct str){ 0 },
					 .body = r->body,
					 .upload = r->upload,
					 .upload_size = r->upload_size,
					 .stranger = !own,
					 .resume = r->resume,
					 .immutable = r->resume,
					 .authorize = authorize,
					 .authorize_ctx = p };
	return fetch_send(p->fetch, &request, a, out, e);
}

/* What the registry says about it, as far as it can be shown. */
static struct str error_text(struct fetch_response *response, struct arena *a)
{
	struct buf body = { 0 };
	struct err ignored;
	CLEANUP(cleanup_json) struct json *tree = NULL;
	struct str text = { 0 };
	if (stream_read_all(response->body, ERROR_BODY_MAX, &body, &ignored) == 0 &&
	    json_parse(str_buf(&body), &tree, &ignored) == 0) {
		const struct json *first = json_first(json_get(tree, "errors"));
		text = arena_printf(a, " (%.*s: %.*s",
				    STR(str_upto(json_get_str(first, "code"), 40)),
				    STR(str_upto(json_get_str(first, "message"), ERROR_TEXT_MAX)));
		char *p = arena_cstr(a, text);
		for (size_t i = 0; i < text.n; i++)
			if ((unsigned char)p[i] < ' ' || (unsigned char)p[i] >= 0x7f)
				p[i] = '?';
		text = first ? arena_printf(a, "%s)", p) : (struct str){ 0 };
	}
	buf_done(&body);
	return text;
}

static int judge(struct endpoint *p, const struct endpoint_request *r, struct fetch_response *out,
		 struct arena *a, struct err *e)
{
	struct str said = error_text(out, a);
	pthread_mutex_lock(&p->lock);
	bool known = p->credentials.found;
	struct str origin = arena_str(a, str_buf(&p->credentials.origin));
	pthread_mutex_unlock(&p->lock);
	switch (out->status) {
	case 401:
	case 403:
		if (known)
			return err_set(
				e, ERR_AUTH,
				"registry %.*s refuses %s with the credentials from %.*s%.*s",
				STR(p->name), r->what, STR(origin), STR(said));
		return err_set(e, ERR_AUTH,
			       "registry %.*s refuses %s to the anonymous%.*s: it may not exist, "
			       "or log in by `docker "
			       "login` or `podman login`, or use --username and --password-stdin",
			       STR(p->name), r->what, STR(said));
	case 404:
		return err_set(e, ERR_NOT_FOUND, "registry %.*s has no %s%.*s", STR(p->name),
			       r->what, STR(said));
	case 429:
		return err_set(
			e, ERR_IO,
			"registry %.*s: %s: too many requests, the rate limit is reached%.*s",
			STR(p->name), r->what, STR(said));
	case 405:
	case 409:
	case 412:
		return err_set(e, out->status == 405 ? ERR_UNSUPPORTED : ERR_CONFLICT,
			       "registry %.*s refuses %s with status %d%.*s", STR(p->name), r->what,
			       out->status, STR(said));
	default:
		return err_set(e, ERR_IO, "registry %.*s answers with status %d for %s%.*s",
			       STR(p->name), out->status, r->what, STR(said));
	}
}

int endpoint_refused(struct endpoint *p, const struct endpoint_request *r,
		     struct fetch_response *out, struct arena *a, struct err *e)
{
	int code = judge(p, r, out, a, e);
	stream_close(out->body);
	return code;
}

int endpoint_send(struct endpoint *p, const struct endpoint_request *r, struct arena *a,
		  struct fetch_response *out, struct err *e)
{
	struct buf used = { 0 };
	struct fetch_response response;
	int code = send_once(p, r, a, &used, &response, e);
	if (code == 0 && response.status == 401 && !r->upload) {
		stream_close(response.body);
		code = renew(p, str_buf(&used), &response, a, e);
		credentials_wipe_buf(&used);
		if (code == 0)
			code = send_once(p, r, a, &used, &response, e);
	}
	credentials_wipe_buf(&used);
	if (code)
		return code;
	if (response.status == 401)
		return endpoint_refused(p, r, &response, a, e);
	*out = response;
	return 0;
}

int endpoint_get(struct endpoint *p, const struct endpoint_request *r, struct arena *a,
		 struct fetch_response *out, struct err *e)
{
	struct fetch_response response = { 0 };
	int code = endpoint_send(p, r, a, &response, e);
	if (code)
		return code;
	if (response.status != 200)
		return endpoint_refused(p, r, &response, a, e);
	*out = response;
	return 0;
}

void endpoint_wants(struct endpoint *p, const char *actions, struct str also)
{
	pthread_mutex_lock(&p->lock);
	if (strcmp(p->actions, actions) != 0 || !str_eq(p->also, also)) {
		p->actions = actions;
		p->also = arena_str(&p->arena, also);
		p->expires = p->bearer && !p->credentials.registry_token.n ? 1 : p->expires;
	}
	pthread_mutex_unlock(&p->lock);
}
