/* lazaret cert generate-test, generate-chain, show: certificates for notation's signatures. Files lie where notation keeps
 * them: localkeys/NAME.key and .crt, truststore/x509/ca/NAME/NAME.crt. */
#include "base/json.h"
#include "base/stream.h"
#include "base/time.h"
#include "cmd/command.h"
#include "cmd/file.h"
#include "cmd/notation_options.h"
#include "trust/key_file.h"
#include "trust/pem.h"
#include "trust/x509_make.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

enum { DAY = 86400, DAYS = 30, DAYS_MAX = 36500, BITS = 2048, CERT_FILE_MAX = 1 << 20 };

static const struct option options[] = {
	{ "bits", 'b', "N", "2048 3072 4096", false, false, "make RSA keys of this size" },
	{ "type", 0, "TYPE", "rsa ecdsa-p256 ecdsa-p384 ecdsa-p521", false, false,
	  "kind of the keys" },
	{ "days", 0, "N", NULL, false, false, "valid for so many days" },
	{ "trust", 0, NULL, NULL, false, false, "put the root into the trust store" },
	{ "dir", 'd', "DIR", "DIR", false, false, "notation's folder" },
	{ "force", 0, NULL, NULL, false, false, "overwrite files that are there" },
	{ "format", 'f', "FORMAT", "text json", false, false, "format of show" },
	{ 0 },
};
static const char *const verbs[] = { "generate-test", "generate-chain", "show", NULL };

struct job {
	const struct args *args;
	struct str name, dir;
	enum key_type type;
	unsigned bits;
	int64_t now, until;
};

/* A file's name and a common name at once. */
static bool name_ok(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!isalnum((unsigned char)s.p[i]) && str_find_char(S("_.-"), s.p[i]) < 0)
			return false;
	return s.n > 0 && s.n <= COMMON_NAME_MAX && s.p[0] != '.';
}

static bool kind_parse(const struct args *a, struct job *j)
{
	static const struct {
		const char *name;
		enum key_type type;
		unsigned bits;
	} kinds[] = {
		{ "rsa", KEY_RSA, BITS },
		{ "ecdsa-p256", KEY_ECDSA, 256 },
		{ "ecdsa-p384", KEY_ECDSA, 384 },
		{ "ecdsa-p521", KEY_ECDSA, 521 },
	};
	struct str type = args_str(a, "type"), bits = args_str(a, "bits");
	uint64_t n = BITS;
	if (!type.n)
		type = S("rsa");
	if (bits.n && (!str_to_u64(bits, 4096, &n) || (n != 2048 && n != 3072 && n != 4096)))
		return false;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		if (!str_eq(type, str_of(kinds[i].name)))
			continue;
		j->type = kinds[i].type;
		j->bits = j->type == KEY_RSA ? (unsigned)n : kinds[i].bits;
		return j->type == KEY_RSA || !bits.n;
	}
	return false;
}

static int put(struct job *j, const char *what, const char *path, mode_t mode, struct str bytes,
	       struct err *e)
{
	int r = file_folders(path, e);
	if (r == 0)
		r = file_write(path, mode, args_flag(j->args, "force"), bytes, e);
	if (r == 0)
		say(j->args, "%s: %s", what, path);
	return r;
}

static int make(struct job *j, const char *suffix, const struct key *k, const struct cert *issuer,
		const struct key *issuer_key, int path_len, struct cert **out, struct err *e)
{
	struct str cn = arena_printf(j->args->arena, "%.*s%s", STR(j->name), suffix);
	struct name_part subject[] = {
		{ S("C"), S("US") },
		{ S("ST"), S("WA") },
		{ S("L"), S("Seattle") },
		{ S("O"), S("Notary") },
		{ S("CN"), str_upto(cn, COMMON_NAME_MAX) },
	};
	struct cert_plan plan = { .subject = subject,
				  .n_subject = COUNT(subject),
				  .key = k,
				  .issuer = issuer,
				  .issuer_key = issuer_key,
				  .ca = path_len >= 0,
				  .path_len = path_len,
				  .not_before = j->now,
				  .not_after = j->until };
	return cert_make(&plan, out, e);
}

/* Key and chain among the local keys; the root in the trust store, when it is asked for. */
static int put_all(struct job *j, const struct key *k, const struct cert *const *chain, size_t n,
		   struct err *e)
{
	struct arena *a = j->args->arena;
	struct buf CLEANUP(secret_done) der = { 0 }, CLEANUP(secret_done) private = { 0 };
	struct buf CLEANUP(buf_done) certs = { 0 }, CLEANUP(buf_done) root = { 0 };
	int r = key_pkcs8(k, &der, e);
	if (r < 0)
		return r;
	pem_write(S("PRIVATE KEY"), str_buf(&der), &private);
	for (size_t i = 0; i < n; i++)
		cert_pem(chain[i], &certs);
	cert_pem(chain[n - 1], &root);
	struct str at = arena_printf(a, "%.*s/localkeys/%.*s", STR(j->dir), STR(j->name));
	struct str store = arena_printf(a, "%.*s/truststore/x509/ca/%.*s/%.*s.crt", STR(j->dir),
					STR(j->name), STR(j->name));
	r = put(j, "private key", arena_printf(a, "%.*s.key", STR(at)).p, 0600, str_buf(&private),
		e);
	if (r == 0)
		r = put(j, n > 1 ? "certificate chain" : "certificate",
			arena_printf(a, "%.*s.crt", STR(at)).p, 0644, str_buf(&certs), e);
	if (r == 0 && args_flag(j->args, "trust"))
		r = put(j, "trusted root", store.p, 0644, str_buf(&root), e);
	return r;
}

static int generate_test(struct job *j, struct err *e)
{
	struct key CLEANUP(cleanup_key) *k = NULL;
	struct cert CLEANUP(cleanup_cert) *c = NULL;
	int r = key_generate(j->type, j->bits, &k, e);
	if (r == 0)
		r = make(j, "", k, NULL, NULL, -1, &c, e);
	return r < 0 ? r : put_all(j, k, (const struct cert *[]){ c }, 1, e);
}

/* The keys of root and intermediate are not kept: nothing else is ever signed with them. */
static int generate_chain(struct job *j, struct err *e)
{
	struct key CLEANUP(cleanup_key) *root_key = NULL, CLEANUP(cleanup_key) *middle_key = NULL;
	struct key CLEANUP(cleanup_key) *k = NULL;
	struct cert CLEANUP(cleanup_cert) *root = NULL, CLEANUP(cleanup_cert) *middle = NULL;
	struct cert CLEANUP(cleanup_cert) *leaf = NULL;
	if (key_generate(j->type, j->bits, &root_key, e) < 0 ||
	    key_generate(j->type, j->bits, &middle_key, e) < 0 ||
	    key_generate(j->type, j->bits, &k, e) < 0 ||
	    make(j, " root", root_key, NULL, NULL, 1, &root, e) < 0 ||
	    make(j, " intermediate", middle_key, root, root_key, 0, &middle, e) < 0 ||
	    make(j, "", k, middle, middle_key, -1, &leaf, e) < 0)
		return e->code;
	return put_all(j, k, (const struct cert *[]){ leaf, middle, root }, 3, e);
}

static int run_generate(const struct args *a, bool chain)
{
	struct job j = { .args = a, .name = a->words.v[1], .now = time_now() };
	struct err e = { 0 };
	uint64_t days = DAYS;
	struct str text = args_str(a, "days");
	if (!name_ok(j.name))
		return usage(a, "a name has letters, digits, '_', '.', '-', and at most %d of them",
			     COMMON_NAME_MAX);
	if (text.n && (!str_to_u64(text, DAYS_MAX, &days) || days == 0))
		return usage(a, "--days: 1 to %d", DAYS_MAX);
	if (!kind_parse(a, &j))
		return usage(a, "keys are rsa (--bits 2048, 3072 or 4096) or ecdsa-p256, "
				"ecdsa-p384, ecdsa-p521");
	if (notation_folder(a, args_str(a, "dir"), &j.dir, &e))
		return usage(a, "%s", e.text);
	j.until = j.now + (int64_t)days * DAY;
	return (chain ? generate_chain(&j, &e) : generate_test(&j, &e)) < 0 ? fail(a, &e)
									    : EXIT_YES;
}

static const char *san_text(enum san_kind kind)
{
	static const char *const names[] = {
		[SAN_URI] = "URI", [SAN_EMAIL] = "email",
		[SAN_DNS] = "DNS", [SAN_OTHER_NAME] = "other name",
		[SAN_IP] = "IP",
	};
	return names[kind];
}

struct facts {
	const struct cert *c;
	struct str subject, issuer;
	char from[TIME_TEXT], until[TIME_TEXT];
	struct san *sans;
	size_t n_sans;
	struct strs usages; /* extended */
	bool ca;
};

static void facts_read(const struct cert *c, struct arena *a, struct facts *f)
{
	bool critical;
	int path_len;
	*f = (struct facts){ .c = c, .subject = cert_subject(c, a), .issuer = cert_issuer(c, a) };
	time_text(cert_not_before(c), f->from);
	time_text(cert_not_after(c), f->until);
	cert_sans(c, a, &f->sans, &f->n_sans);
	cert_ext_key_usage(c, a, &critical, &f->usages);
	if (!cert_basic_constraints(c, &critical, &f->ca, &path_len))
		f->ca = false;
}

/* What comes from a certificate may hold anything; the terminal gets none of it. */
static void print_safe(const char *what, struct str value)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	buf_add_shown(&b, value);
	printf("  %-12s %s\n", what, buf_cstr(&b));
}

static void print_text(const struct facts *f)
{
	char digest[DIGEST_TEXT];
	const struct key *k = cert_key(f->c);
	print_safe("subject", f->subject);
	print_safe("issuer", f->issuer);
	printf("  %-12s %s to %s\n", "valid", f->from, f->until);
	printf("  %-12s %s%s\n", "key", k ? key_name(k) : "of an unknown kind",
	       f->ca ? ", of a CA" : "");
	for (size_t i = 0; i < f->n_sans; i++)
		print_safe(san_text(f->sans[i].kind), f->sans[i].value);
	for (size_t i = 0; i < f->usages.n; i++)
		print_safe("usage", f->usages.v[i]);
	printf("  %-12s %s\n\n", "thumbprint", digest_text(cert_digest(f->c), digest));
}

static void put_json(struct json_out *o, const struct facts *f)
{
	char digest[DIGEST_TEXT];
	const struct key *k = cert_key(f->c);
	json_begin_object(o);
	json_put_member(o, "subject", f->subject);
	json_put_member(o, "issuer", f->issuer);
	json_put_member(o, "notBefore", str_of(f->from));
	json_put_member(o, "notAfter", str_of(f->until));
	json_put_member(o, "key", str_of(k ? key_name(k) : ""));
	json_put_key(o, "ca");
	json_put_bool(o, f->ca);
	json_put_key(o, "names");
	json_begin_array(o);
	for (size_t i = 0; i < f->n_sans; i++) {
		json_begin_object(o);
		json_put_member(o, "kind", str_of(san_text(f->sans[i].kind)));
		json_put_member(o, "value", f->sans[i].value);
		json_end_object(o);
	}
	json_end_array(o);
	json_put_key(o, "extendedKeyUsage");
	json_begin_array(o);
	for (size_t i = 0; i < f->usages.n; i++)
		json_put_str(o, f->usages.v[i]);
	json_end_array(o);
	json_put_member(o, "thumbprint", str_of(digest_text(cert_digest(f->c), digest)));
	json_end_object(o);
}

static int read_certs(struct str path, const struct args *a, struct certs *out, struct err *e)
{
	struct buf CLEANUP(buf_done) text = { 0 };
	int fd = open(arena_cstr(a->arena, path), O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open %.*s", STR(path));
	struct stream *in CLEANUP(cleanup_stream) = stream_fd(fd, true, -1, UINT64_MAX);
	if (stream_read_all(in, CERT_FILE_MAX, &text, e) < 0 ||
	    certs_parse(str_buf(&text), out, e) < 0)
		return err_in(e, "read %.*s", STR(path));
	return 0;
}

static int run_show(const struct args *a)
{
	struct buf CLEANUP(buf_done) text = { 0 };
	struct json_out o;
	struct err e = { 0 };
	struct str format = args_str(a, "format");
	bool json = str_eq(format, S("json"));
	if (format.n && !json && !str_eq(format, S("text")))
		return usage(a, "--format: there is no format '%.*s'", STR(format));
	json_out_init(&o, &text, 2);
	json_begin_array(&o);
	for (size_t i = 1; i < a->words.n; i++) {
		struct certs CLEANUP(certs_done) certs = { 0 };
		if (read_certs(a->words.v[i], a, &certs, &e) < 0)
			return fail(a, &e);
		for (size_t k = 0; k < certs.n; k++) {
			struct facts f;
			facts_read(certs.v[k], a->arena, &f);
			if (json)
				put_json(&o, &f);
			else
				print_text(&f);
		}
	}
	json_end_array(&o);
	if (json)
		puts(buf_cstr(&text));
	return EXIT_YES;
}

static int run(const struct args *a)
{
	struct str verb = a->words.n > 1 ? a->words.v[0] : S("");
	if (str_eq(verb, S("generate-test")) && a->words.n == 2)
		return run_generate(a, false);
	if (str_eq(verb, S("generate-chain")) && a->words.n == 2)
		return run_generate(a, true);
	if (str_eq(verb, S("show")))
		return run_show(a);
	return usage(
		a,
		"wanted: cert generate-test NAME, cert generate-chain NAME or cert show FILE...");
}

const struct command command_cert = { "cert",
				      "make test certificates for notation, show certificates",
				      verbs, options, run };
