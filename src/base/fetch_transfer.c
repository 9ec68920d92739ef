/* One HTTP exchange by libcurl: an easy handle in a multi handle of its own, driven by whoever waits; the pair goes back
 * to a pool afterwards, which keeps connections alive. What may be sent where is decided by the caller and checked once
 * more here. A hostile server may send endless headers (limits), stall (a clock on the silence), or send more than its
 * reader takes (the transfer is paused). Not supported: HTTP/0.9, cookies, compression of any kind. */
#include "base/fetch_transfer.h"

#include "base/fetch_curl.h"

#include <fcntl.h>
#include <stdio.h>
#include <time.h>

enum {
	BODY_BUFFER = 512 * 1024, /* bytes waiting for the reader before the transfer is paused */
	CA_BYTES_MAX = 8 << 20,
	CONNECT_SECONDS = 30,
	STALL_SECONDS = 60,
	POLL_MS = 1000,
};

_Static_assert(sizeof((struct transfer *)0)->detail >= CURL_ERROR_SIZE,
	       "room for an error of libcurl");

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void wipe_buf(struct buf *b)
{
	if (b->p)
		explicit_bzero(b->p, b->cap);
	buf_done(b);
}

/* Opening */
static int add_file(struct buf *b, struct str path, struct err *e)
{
	char name[4096];
	if (path.n >= sizeof name)
		return err_set(e, ERR_INVALID, "certificate file: the path is too long");
	snprintf(name, sizeof name, "%.*s", STR(path));
	CLEANUP(cleanup_fd) int fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "certificate file %s", name);
	CLEANUP(cleanup_stream) struct stream *s = stream_fd(fd, false, -1, UINT64_MAX);
	if (stream_read_all(s, CA_BYTES_MAX, b, e))
		return err_in(e, "certificate file %s", name);
	buf_add_char(b, '\n');
	return 0;
}

/* libcurl takes one bundle only, so ours is the system's with the caller's behind it. */
static int read_certificates(struct fetch *f, struct err *e)
{
	const char *chosen = getenv("SSL_CERT_FILE");
	const char *system =
		chosen && *chosen ? chosen : libcurl.curl_version_info(CURLVERSION_NOW)->cainfo;
	struct err ignored;
	if (f->o.ca_files.n == 0 && !(chosen && *chosen))
		return 0;
	if (system)
		(void)add_file(&f->ca, str_of(system), &ignored);
	for (size_t i = 0; i < f->o.ca_files.n; i++) {
		int r = add_file(&f->ca, f->o.ca_files.v[i], e);
		if (r)
			return r;
	}
	return 0;
}

static void copy_options(struct fetch *f, const struct fetch_options *o)
{
	f->o = *o;
	f->o.ca_files = (struct strs){ 0 };
	for (size_t i = 0; i < o->ca_files.n; i++)
		*ARENA_PUSH(&f->arena, f->o.ca_files.v, f->o.ca_files.n, f->o.ca_files.cap) =
			arena_str(&f->arena, o->ca_files.v[i]);
	f->o.client_cert = arena_str(&f->arena, o->client_cert);
	f->o.client_key = arena_str(&f->arena, o->client_key);
	f->o.unix_socket = arena_str(&f->arena, o->unix_socket);
	if (!f->o.connect_seconds)
		f->o.connect_seconds = CONNECT_SECONDS;
	if (!f->o.stall_seconds)
		f->o.stall_seconds = STALL_SECONDS;
}

int fetch_open(const struct fetch_options *o, struct fetch **out, struct err *e)
{
	if (fetch_curl_load(e))
		return e->code;
	if (libcurl.curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(e, ERR_IO, "the HTTP library does not start");
	struct fetch *f = calloc(1, sizeof *f);
	if (!f)
		abort();
	pthread_mutex_init(&f->lock, NULL);
	copy_options(f, o);
	int r = read_certificates(f, e);
	if (r) {
		fetch_close(f);
		return r;
	}
	*out = f;
	return 0;
}

void fetch_close(struct fetch *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->n_idle; i++) {
		libcurl.curl_easy_cleanup(f->idle[i].easy);
		libcurl.curl_multi_cleanup(f->idle[i].multi);
	}
	pthread_mutex_destroy(&f->lock);
	buf_done(&f->ca);
	arena_done(&f->arena);
	free(f);
	libcurl.curl_global_cleanup();
}

static struct fetch_handles handles_take(struct fetch *f)
{
	struct fetch_handles h = { 0 };
	pthread_mutex_lock(&f->lock);
	if (f->n_idle)
		h = f->idle[--f->n_idle];
	pthread_mutex_unlock(&f->lock);
	if (!h.multi) {
		h.multi = libcurl.curl_multi_init();
		h.easy = libcurl.curl_easy_init();
		if (!h.multi || !h.easy)
			abort();
		libcurl.curl_multi_setopt(h.multi, CURLMOPT_MAXCONNECTS, 4L);
	}
	return h;
}

static void handles_give(struct fetch *f, struct fetch_handles h)
{
	pthread_mutex_lock(&f->lock);
	bool kept = f->n_idle < FETCH_POOL_MAX;
	if (kept)
		f->idle[f->n_idle++] = h;
	pthread_mutex_unlock(&f->lock);
	if (!kept) {
		libcurl.curl_easy_cleanup(h.easy);
		libcurl.curl_multi_cleanup(h.multi);
	}
}

/* What libcurl calls */
static size_t on_header(char *p, size_t size, size_t n, void *ctx)
{
	struct transfer *t = ctx;
	struct str line = { p, size * n };
	t->noise++;
	if (t->head_done) /* a trailer */
		return line.n;
	if (str_starts(line, S("HTTP/"))) {
		t->head.n = 0; /* a final response behind an interim one */
		t->n_lines = 0;
		return line.n;
	}
	if (str_trim(line).n == 0) {
		long status = 0;
		libcurl.curl_easy_getinfo(t->h.easy, CURLINFO_RESPONSE_CODE, &status);
		t->status = (int)status;
		t->head_done = status >= 200;
		return line.n;
	}
	if (++t->n_lines > FETCH_HEADERS_MAX || line.n > FETCH_HEADER_BYTES - t->head.n) {
		t->too_many = true;
		return 0;
	}
	buf_add_str(&t->head, line);
	if (line.p[line.n - 1] != '\n')
		buf_add_char(&t->head, '\n');
	return line.n;
}

static size_t on_body(char *p, size_t size, size_t n, void *ctx)
{
	struct transfer *t = ctx;
	struct str piece = { p, size * n };
	t->noise++;
	if (t->body.n && t->body.n + piece.n > BODY_BUFFER) {
		t->paused = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	uint64_t drop = MIN(t->skip, (uint64_t)piece.n);
	t->skip -= drop;
	buf_add_str(&t->body, str_from(piece, (size_t)drop));
	return piece.n;
}

/* The request's own body. The last piece goes out only when its stream has come to its end: a stream that verifies has
 * the last word there. */
static int read_upload(struct transfer *t, char *p, size_t n, size_t *got, struct err *e)
{
	uint64_t left = t->r.upload_size - t->uploaded;
	ssize_t r = left ? stream_read(t->r.upload, p, (size_t)MIN((uint64_t)n, left), e) : 0;
	if (r < 0)
		return (int)r;
	if (r == 0 && left)
		return err_set(e, ERR_INVALID, "what is sent ends %llu bytes early",
			       (unsigned long long)left);
	t->uploaded += (uint64_t)r;
	ssize_t more = t->uploaded == t->r.upload_size ? stream_fill(t->r.upload, e) : 0;
	if (more < 0)
		return (int)more;
	if (more > 0)
		return err_set(e, ERR_INVALID, "what is sent is longer than %llu bytes",
			       (unsigned long long)t->r.upload_size);
	*got = (size_t)r;
	return 0;
}

static size_t on_upload(char *p, size_t size, size_t n, void *ctx)
{
	struct transfer *t = ctx;
	size_t got = 0;
	t->noise++;
	t->upload_begun = true;
	return read_upload(t, p, size * n, &got, &t->upload_failed) ? CURL_READFUNC_ABORT : got;
}

/* One request */
static bool keeps_on_redirect(struct str name)
{
	static const struct str kept[] = { S("accept"), S("range"), S("if-range"),
					   S("if-none-match"), S("if-modified-since") };
	for (size_t i = 0; i < COUNT(kept); i++)
		if (str_eq_nocase(name, kept[i]))
			return true;
	return false;
}

static bool header_valid(struct str name, struct str value)
{
	for (size_t i = 0; i < name.n; i++)
		if ((unsigned char)name.p[i] <= ' ' || name.p[i] == ':')
			return false;
	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] == '\r' || value.p[i] == '\n' || value.p[i] == '\0')
			return false;
	return name.n > 0;
}

static int send_header(struct transfer *t, struct str name, struct str value, struct err *e)
{
	struct buf line = { 0 };
	if (!header_valid(name, value))
		return err_set(e, ERR_INVALID, "header '%.*s' has bytes that are not allowed",
			       STR(str_upto(name, 50)));
	buf_reserve(&line, name.n + value.n + 3);
	buf_add_str(&line, name);
	buf_add_str(&line, value.n ? S(": ") : S(":"));
	buf_add_str(&line, value);
	struct curl_slist *grown = libcurl.curl_slist_append(t->sent, buf_cstr(&line));
	wipe_buf(&line);
	if (!grown)
		abort();
	t->sent = grown;
	return 0;
}

static int send_headers(struct transfer *t, bool own, struct err *e)
{
	int r = 0;
	for (size_t i = 0; i < t->r.n_headers && !r; i++)
		if (own || keeps_on_redirect(t->r.headers[i].name))
			r = send_header(t, t->r.headers[i].name, t->r.headers[i].value, e);
	if (!r && own && t->r.authorization.n)
		r = send_header(t, S("Authorization"), t->r.authorization, e);
	if (!r && t->resumed_at) {
		struct str range =
			arena_printf(&t->arena, "bytes=%llu-", (unsigned long long)t->resumed_at);
		r = send_header(t, S("Range"), range, e);
		if (!r && t->validator.n)
			r = send_header(t, S("If-Range"), t->validator, e);
	}
	if (!r)
		r = send_header(t, S("Accept-Encoding"), S("identity"), e);
	return r ? r : send_header(t, S("Expect"), S(""), e);
}

static void set_tls(struct transfer *t, bool own)
{
	const struct fetch *f = t->f;
	CURL *c = t->h.easy;
	libcurl.curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	libcurl.curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, f->o.insecure_tls ? 0L : 1L);
	libcurl.curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, f->o.insecure_tls ? 0L : 2L);
	if (f->ca.n) {
		struct curl_blob blob = { f->ca.p, f->ca.n, CURL_BLOB_NOCOPY };
		libcurl.curl_easy_setopt(c, CURLOPT_CAINFO_BLOB, &blob);
	}
	if (own && !t->r.stranger && f->o.client_cert.n) {
		libcurl.curl_easy_setopt(c, CURLOPT_SSLCERT, f->o.client_cert.p);
		libcurl.curl_easy_setopt(c, CURLOPT_SSLKEY,
					 f->o.client_key.n ? f->o.client_key.p
							   : f->o.client_cert.p);
	}
}

/* libcurl reads the lower-case variables (and HTTPS_PROXY); HTTP_PROXY is not trusted where a web server may have set
 * it from a request. Loopback never goes through a proxy. */
static void set_proxy(struct transfer *t)
{
	const char *upper = getenv("HTTP_PROXY"), *lower = getenv("http_proxy");
	if (host_is_loopback(t->at.host))
		libcurl.curl_easy_setopt(t->h.easy, CURLOPT_PROXY, "");
	else if (!t->at.https && upper && *upper && !(lower && *lower) && !getenv("REQUEST_METHOD"))
		libcurl.curl_easy_setopt(t->h.easy, CURLOPT_PROXY, upper);
}

static void set_method(struct transfer *t)
{
	CURL *c = t->h.easy;
	const char *method = t->r.method;
	if (t->r.upload) {
		libcurl.curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
		libcurl.curl_easy_setopt(c, CURLOPT_READFUNCTION, on_upload);
		libcurl.curl_easy_setopt(c, CURLOPT_READDATA, t);
		libcurl.curl_easy_setopt(c, CURLOPT_INFILESIZE_LARGE, (curl_off_t)t->r.upload_size);
	} else if (t->r.body.p) {
		libcurl.curl_easy_setopt(c, CURLOPT_POST, 1L);
		libcurl.curl_easy_setopt(c, CURLOPT_POSTFIELDS, t->r.body.p);
		libcurl.curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->r.body.n);
	} else if (strcmp(method, "HEAD") == 0) {
		libcurl.curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
	}
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		libcurl.curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, method);
}

static void set_transfer(struct transfer *t)
{
	CURL *c = t->h.easy;
	libcurl.curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	libcurl.curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	libcurl.curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	libcurl.curl_easy_setopt(c, CURLOPT_NOPROGRESS, 1L);
	libcurl.curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L);
	libcurl.curl_easy_setopt(c, CURLOPT_USERAGENT, "lazaret/" LAZARET_VERSION);
	libcurl.curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)t->f->o.connect_seconds);
	libcurl.curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)t->f->o.total_seconds);
	libcurl.curl_easy_setopt(c, CURLOPT_BUFFERSIZE, 128L * 1024);
	libcurl.curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	libcurl.curl_easy_setopt(c, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	libcurl.curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t->detail);
	libcurl.curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	libcurl.curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
	libcurl.curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	libcurl.curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
	if (t->f->o.unix_socket.n)
		libcurl.curl_easy_setopt(c, CURLOPT_UNIX_SOCKET_PATH, t->f->o.unix_socket.p);
}

void transfer_stop(struct transfer *t)
{
	if (t->h.multi) {
		libcurl.curl_multi_remove_handle(t->h.multi, t->h.easy);
		libcurl.curl_easy_reset(t->h.easy);
		handles_give(t->f, t->h);
		t->h = (struct fetch_handles){ 0 };
	}
	for (struct curl_slist *l = t->sent; l; l = l->next)
		explicit_bzero(l->data, strlen(l->data));
	libcurl.curl_slist_free_all(t->sent);
	t->sent = NULL;
}

int transfer_start(struct transfer *t, struct arena *a, struct err *e)
{
	const struct fetch_options *o = &t->f->o;
	bool own = url_same_origin(&t->origin, &t->at);
	if (!t->at.https && !o->plain_http && !o->unix_socket.n && !host_is_loopback(t->at.host))
		return err_set(e, ERR_INVALID,
			       "%.*s: plain http is refused to a host that is not loopback",
			       STR(url_shown(a, &t->at)));
	t->status = 0;
	t->head.n = t->body.n = t->n_lines = 0;
	t->head_done = t->done = t->paused = t->too_many = false;
	t->skip = 0;
	t->result = CURLE_OK;
	t->detail[0] = '\0';
	t->s.pos = t->s.end = NULL;
	t->h = handles_take(t->f);
	int r = send_headers(t, own, e);
	if (r) {
		transfer_stop(t);
		return r;
	}
	set_transfer(t);
	set_tls(t, own);
	set_proxy(t);
	set_method(t);
	libcurl.curl_easy_setopt(t->h.easy, CURLOPT_URL, url_text(a, &t->at).p);
	libcurl.curl_easy_setopt(t->h.easy, CURLOPT_HTTPHEADER, t->sent);
	if (libcurl.curl_multi_add_handle(t->h.multi, t->h.easy) != CURLM_OK)
		abort();
	return 0;
}

/* Driving it */
static void take_result(struct transfer *t)
{
	int left;
	for (CURLMsg *m; (m = libcurl.curl_multi_info_read(t->h.multi, &left));)
		if (m->msg == CURLMSG_DONE) {
			t->done = true;
			t->result = (int)m->data.result;
		}
}

static int transfer_error(struct transfer *t, struct err *e)
{
	struct arena a = { 0 };
	struct str url = url_shown(&a, &t->at);
	const char *why =
		t->detail[0] ? t->detail : libcurl.curl_easy_strerror((CURLcode)t->result);
	int r;
	if (t->upload_failed.code) {
		*e = t->upload_failed;
		r = e->code;
	} else if (t->too_many)
		r = err_set(e, ERR_LIMIT,
			    "%s %.*s: the response has more than %d headers or %d bytes of them",
			    t->r.method, STR(url), FETCH_HEADERS_MAX, FETCH_HEADER_BYTES);
	else if (t->head_done && t->total != UINT64_MAX)
		r = err_set(e, ERR_IO, "%s %.*s: broke off after %llu of %llu bytes: %s",
			    t->r.method, STR(url), (unsigned long long)t->delivered + t->body.n,
			    (unsigned long long)t->total, why);
	else
		r = err_set(e, ERR_IO, "%s %.*s: %s", t->r.method, STR(url), why);
	arena_done(&a);
	return r;
}

static bool wanted_is_there(const struct transfer *t, bool want_body)
{
	return t->done || (want_body ? t->body.n > 0 : t->head_done);
}

/* Until the head is complete, or until there are bytes for the reader, or the end. */
int transfer_pump(struct transfer *t, bool want_body, struct err *e)
{
	int64_t alive = now_ms();
	while (!wanted_is_there(t, want_body)) {
		uint64_t noise = t->noise;
		int running, ready;
		if (t->paused && want_body) {
			t->paused = false;
			libcurl.curl_easy_pause(t->h.easy, CURLPAUSE_CONT);
		}
		libcurl.curl_multi_perform(t->h.multi, &running);
		take_result(t);
		if (t->noise != noise)
			alive = now_ms();
		if (wanted_is_there(t, want_body))
			break;
		if (now_ms() - alive >= (int64_t)t->f->o.stall_seconds * 1000) {
			t->result = CURLE_OPERATION_TIMEDOUT;
			snprintf(t->detail, sizeof t->detail, "nothing came for %u seconds",
				 t->f->o.stall_seconds);
			return transfer_error(t, e);
		}
		libcurl.curl_multi_poll(t->h.multi, NULL, 0, POLL_MS, &ready);
	}
	if (t->done && t->result != CURLE_OK && !(want_body ? t->body.n > 0 : t->head_done))
		return transfer_error(t, e);
	if (t->done && !t->head_done)
		return err_set(e, ERR_IO, "%.*s answers without a status", STR(t->at.host));
	return 0;
}

bool transfer_worth_another_try(const struct transfer *t)
{
	switch (t->result) {
	case CURLE_COULDNT_CONNECT:
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_GOT_NOTHING:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_PARTIAL_FILE:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
		return !t->too_many;
	default:
		return false;
	}
}

int64_t transfer_date(const char *text)
{
	return libcurl.curl_getdate(text, NULL);
}
