/* Drives timestamps and revocation for the tests, where real servers answer.
 *
 * trust-driver revocation CHAIN.pem NOW CRL_DIR CACHE_DIR online|offline SIGNING_TIME    answer and text, one line
 * trust-driver ts-request FILE NONCE_OUT          a request to standard output
 * trust-driver ts-token FILE NONCE RESPONSE       the bare token to standard output
 * trust-driver ts-verify FILE TOKEN ANCHORS.pem   answer and time or text
 * CRL_DIR and CACHE_DIR: "-" for none; SIGNING_TIME: 0, or that of a signing authority. */
#include "base/stream.h"
#include "trust/revocation.h"
#include "trust/timestamp.h"

#include <fcntl.h>
#include <stdio.h>

static struct str read_file(struct arena *a, const char *path)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	struct err e;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		exit(3);
	struct stream *in CLEANUP(cleanup_stream) = stream_fd(fd, true, -1, UINT64_MAX);
	if (stream_read_all(in, 64 << 20, &b, &e) < 0)
		exit(3);
	return arena_str(a, str_buf(&b));
}

static struct str given(const char *s)
{
	return strcmp(s, "-") == 0 ? (struct str){ 0 } : str_of(s);
}

static int say(int r, const char *text)
{
	printf("%d %s\n", r, text);
	return 0;
}

static int revocation(struct arena *a, char **v)
{
	struct certs certs CLEANUP(certs_done) = { 0 };
	struct chain chain = { 0 };
	struct revocation *r = NULL;
	struct err e = { 0 };
	struct revocation_options o = { .now = strtoll(v[1], NULL, 10),
					.crl_dir = given(v[2]),
					.cache_dir = given(v[3]),
					.offline = strcmp(v[4], "offline") == 0 };
	int64_t signing_time = strtoll(v[5], NULL, 10);
	int rc = certs_parse(read_file(a, v[0]), &certs, &e);
	for (size_t i = 0; i < certs.n; i++)
		chain.v[chain.n++] = certs.v[i];
	if (rc == 0)
		rc = revocation_open(&o, &r, &e);
	if (rc == 0)
		rc = revocation_check(r, &chain, signing_time, signing_time != 0, &e);
	revocation_close(r);
	return say(rc, rc == 1 ? "" : e.text);
}

static int timestamps(struct arena *a, const char *verb, char **v)
{
	struct buf out CLEANUP(buf_done) = { 0 }, nonce CLEANUP(buf_done) = { 0 };
	struct err e = { 0 };
	struct digest d;
	struct str message = read_file(a, v[0]);
	int r;
	digest_of(DIGEST_SHA384, message, &d);
	if (strcmp(verb, "ts-request") == 0) {
		FILE *f = fopen(v[1], "wb");
		r = timestamp_request(&d, true, &out, &nonce, &e);
		if (!f || fwrite(nonce.p, 1, nonce.n, f) != nonce.n || fclose(f) != 0)
			return 3;
	} else if (strcmp(verb, "ts-token") == 0) {
		r = timestamp_token(read_file(a, v[2]), &d, read_file(a, v[1]), &out, &e);
	} else {
		struct certs anchors CLEANUP(certs_done) = { 0 };
		struct timestamp t = { 0 };
		r = certs_parse(read_file(a, v[2]), &anchors, &e);
		if (r == 0)
			r = timestamp_verify(read_file(a, v[1]), message, NULL, &anchors, NULL, a,
					     &t, &e);
		say(r, r == 1 ? arena_printf(a, "%lld", (long long)t.time).p : e.text);
		timestamp_done(&t);
		return 0;
	}
	if (r < 0)
		fprintf(stderr, "%s\n", e.text);
	else
		fwrite(out.p, 1, out.n, stdout);
	return r < 0;
}

int main(int argc, char **argv)
{
	struct arena a CLEANUP(arena_done) = { 0 };
	if (argc == 8 && strcmp(argv[1], "revocation") == 0)
		return revocation(&a, argv + 2);
	if (argc >= 4 && strncmp(argv[1], "ts-", 3) == 0)
		return timestamps(&a, argv[1], argv + 2);
	return 2;
}
