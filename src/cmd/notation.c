/* lazaret notation: what notation keeps in its folder: trust stores, trust policy, signing keys;
 * and what an envelope says. Files are changed as notation's own commands change them, so that both can be used. */
#include "base/digest.h"
#include "base/time.h"
#include "cmd/file.h"
#include "cmd/notation_options.h"
#include "trust/notation_dir.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static const struct option options[] = {
	{ "type", 't', "TYPE", "ca signingAuthority tsa", false, false, "kind of the trust store" },
	{ "store", 's', "NAME", NULL, false, false, "name of the trust store" },
	{ "all", 'a', NULL, NULL, false, false, "delete the whole store" },
	{ "name", 0, "NAME", NULL, false, false, "name of the policy's statement" },
	{ "scope", 0, "HOST/REPOSITORY", NULL, true, false, "what the statement is for" },
	{ "trust-store", 0, "TYPE:NAME", NULL, true, false, "trust store of the statement" },
	{ "trusted-identity", 0, "IDENTITY", NULL, true, false, "who may sign" },
	{ "force", 0, NULL, NULL, false, false, "overwrite files that are there" },
	{ "key", 0, "FILE", "FILE", false, false, "private key" },
	{ "certificate-chain", 0, "FILE", "FILE", false, false, "its certificate, up to the root" },
	{ "default", 0, NULL, NULL, false, false, "make it the default key" },
	{ "format", 'f', "FORMAT", "text json", false, false, "format of lists" },
	{ "dir", 'd', "DIR", "DIR", false, false, "notation's folder" },
	{ 0 },
};
static const char *const verbs[] = { "cert", "policy", "key", "inspect", NULL };

struct job {
	const struct args *args;
	struct arena *a;
	struct str dir;
	struct strs words; /* behind the two verbs */
	bool json;
};

static int put(struct job *j, struct str path, mode_t mode, bool overwrite, struct str text,
	       struct err *e)
{
	if (file_folders(path.p, e) || file_write(path.p, mode, overwrite, text, e))
		return e->code;
	say(j->args, "wrote %.*s", STR(path));
	return 0;
}

/* The store that --type and --store name. */
static int named_store(struct job *j, enum notation_store_type *type, struct str *name,
		       struct err *e)
{
	*name = args_str(j->args, "store");
	if (!notation_store_type_parse(args_str(j->args, "type"), type))
		return err_set(e, ERR_INVALID, "--type is one of ca, signingAuthority, tsa");
	if (!notation_name_is_safe(*name))
		return err_set(e, ERR_INVALID,
			       "--store NAME is wanted, of letters, digits and _ . -");
	return 0;
}

static int cert_add(struct job *j, struct err *e)
{
	enum notation_store_type type;
	struct str name, text;
	if (named_store(j, &type, &name, e))
		return e->code;
	if (j->words.n == 0)
		return err_set(e, ERR_INVALID, "cert add wants files");
	for (size_t i = 0; i < j->words.n; i++) {
		struct str from = j->words.v[i];
		ssize_t slash = str_rfind_char(from, '/');
		struct str base = str_from(from, slash < 0 ? 0 : (size_t)slash + 1);
		struct str to =
			arena_printf(j->a, "%.*s/%.*s",
				     STR(notation_store_path(j->dir, type, name, j->a)), STR(base));
		if (notation_file_read(from, NOTATION_CERT_FILE_MAX, j->a, &text, e))
			return e->code;
		if (notation_anchor_check(text, type, j->a, e))
			return err_in(e, "%.*s", STR(from));
		if (put(j, to, 0644, args_flag(j->args, "force"), text, e))
			return e->code;
	}
	return 0;
}

static void print_anchor(struct job *j, struct json_out *o, const struct notation_store *s,
			 const struct anchor *f, const struct cert *c)
{
	char date[DATE_TEXT], time[TIME_TEXT], text[DIGEST_TEXT];
	struct str subject = cert_subject(c, j->a);
	if (!j->json) {
		printf("%-16s %-20.*s %-24.*s %s  %.*s\n", notation_store_type_name(s->type),
		       STR(s->name), STR(f->file), date_text(cert_not_after(c), date),
		       STR(subject));
		return;
	}
	json_begin_object(o);
	json_put_member(o, "type", str_of(notation_store_type_name(s->type)));
	json_put_member(o, "store", s->name);
	json_put_member(o, "file", f->file);
	json_put_member(o, "subject", subject);
	json_put_member(o, "notAfter", str_of(time_text(cert_not_after(c), time)));
	json_put_member(o, "digest", str_of(digest_text(cert_digest(c), text)));
	json_end_object(o);
}

/* Prints those that were asked for; how many could not be read. */
static size_t print_stores(struct job *j, const struct notation_stores *s, struct json_out *o)
{
	struct str type = args_str(j->args, "type"), name = args_str(j->args, "store");
	size_t broken = 0;
	for (size_t i = 0; i < s->n; i++) {
		const struct notation_store *v = &s->v[i];
		if ((type.n && !str_eq(type, str_of(notation_store_type_name(v->type)))) ||
		    (name.n && !str_eq(name, v->name)))
			continue;
		if (v->code) {
			fprintf(stderr, "lazaret notation: %.*s\n", STR(v->why));
			broken++;
		}
		for (size_t f = 0; f < v->n; f++)
			for (size_t k = 0; k < v->v[f].certs.n; k++)
				print_anchor(j, o, v, &v->v[f], v->v[f].certs.v[k]);
	}
	return broken;
}

static int cert_list(struct job *j, struct err *e)
{
	struct notation_stores s;
	struct buf b = { 0 };
	struct json_out o;
	if (notation_stores_list(j->dir, j->a, &s, e))
		return e->code;
	json_out_init(&o, &b, 2);
	json_begin_array(&o);
	size_t broken = print_stores(j, &s, &o);
	json_end_array(&o);
	if (j->json)
		puts(buf_cstr(&b));
	buf_done(&b);
	notation_stores_done(&s);
	return broken ? err_set(e, ERR_INVALID, "%zu trust stores cannot be read", broken) : 0;
}

static int cert_delete(struct job *j, struct err *e)
{
	enum notation_store_type type;
	struct str name;
	if (named_store(j, &type, &name, e))
		return e->code;
	struct str dir = notation_store_path(j->dir, type, name, j->a);
	struct strs files = j->words;
	struct notation_store s = { .type = type, .name = name };
	if (args_flag(j->args, "all")) {
		notation_store_read(arena_printf(j->a, "%.*s/truststore", STR(j->dir)), &s, j->a);
		for (size_t i = 0; i < s.n; i++)
			*ARENA_PUSH(j->a, files.v, files.n, files.cap) = s.v[i].file;
		notation_store_done(&s);
		if (s.code)
			return err_set(e, s.code, "%.*s", STR(s.why));
	}
	if (files.n == 0)
		return err_set(e, ERR_INVALID, "cert delete wants names of files, or --all");
	for (size_t i = 0; i < files.n; i++) {
		struct str path = arena_printf(j->a, "%.*s/%.*s", STR(dir), STR(files.v[i]));
		if (str_find_char(files.v[i], '/') >= 0)
			return err_set(e, ERR_INVALID, "'%.*s' is no file of the store",
				       STR(files.v[i]));
		if (unlink(path.p))
			return err_sys(e, "removing %.*s", STR(path));
		say(j->args, "removed %.*s", STR(path));
	}
	if (args_flag(j->args, "all") && rmdir(dir.p) && errno != ENOTEMPTY)
		return err_sys(e, "removing %.*s", STR(dir));
	return 0;
}

static int policy_show(struct job *j, struct err *e)
{
	static const char *const names[] = { "trustpolicy.oci.json", "trustpolicy.json" };
	struct str text;
	struct notation_trust t = { 0 };
	int r = ERR_NOT_FOUND;
	for (size_t i = 0; r == ERR_NOT_FOUND && i < COUNT(names); i++)
		r = notation_file_read(arena_printf(j->a, "%.*s/%s", STR(j->dir), names[i]),
				       NOTATION_POLICY_MAX, j->a, &text, e);
	if (r)
		return r;
	fwrite(text.p, 1, text.n, stdout);
	r = notation_policy_parse(text, false, &t, e);
	arena_done(&t.arena);
	return r;
}

static int put_policy(struct job *j, struct str text, struct err *e)
{
	struct notation_trust t = { 0 };
	int r = notation_policy_parse(text, false, &t, e);
	arena_done(&t.arena);
	if (r)
		return r;
	return put(j, arena_printf(j->a, "%.*s/trustpolicy.oci.json", STR(j->dir)), 0600,
		   args_flag(j->args, "force"), text, e);
}

static int policy_import(struct job *j, struct err *e)
{
	struct str text;
	if (j->words.n != 1)
		return err_set(e, ERR_INVALID, "policy import wants one file");
	if (notation_file_read(j->words.v[0], NOTATION_POLICY_MAX, j->a, &text, e))
		return e->code;
	return put_policy(j, text, e);
}

static void put_list(struct json_out *o, const char *key, struct strs v, struct str otherwise)
{
	json_put_key(o, key);
	json_begin_array(o);
	for (size_t i = 0; i < v.n; i++)
		json_put_str(o, v.v[i]);
	if (v.n == 0 && otherwise.n)
		json_put_str(o, otherwise);
	json_end_array(o);
}

static int policy_init(struct job *j, struct err *e)
{
	struct buf b = { 0 };
	struct json_out o;
	json_out_init(&o, &b, 4);
	json_begin_object(&o);
	json_put_member(&o, "version", S("1.0"));
	json_put_key(&o, "trustPolicies");
	json_begin_array(&o);
	json_begin_object(&o);
	json_put_member(&o, "name", args_str(j->args, "name"));
	put_list(&o, "registryScopes", args_list(j->args, "scope"), S("*"));
	json_put_key(&o, "signatureVerification");
	json_begin_object(&o);
	json_put_member(&o, "level", S("strict"));
	json_end_object(&o);
	put_list(&o, "trustStores", args_list(j->args, "trust-store"), S(""));
	put_list(&o, "trustedIdentities", args_list(j->args, "trusted-identity"), S(""));
	json_end_object(&o);
	json_end_array(&o);
	json_end_object(&o);
	buf_add_char(&b, '\n');
	int r = put_policy(j, str_buf(&b), e);
	buf_done(&b);
	return r;
}

static int key_list(struct job *j, struct err *e)
{
	struct notation_keys keys;
	struct buf b = { 0 };
	if (notation_keys_read(j->dir, j->a, &keys, e))
		return e->code;
	if (j->json)
		notation_keys_write(&keys, &b);
	for (size_t i = 0; !j->json && i < keys.n; i++)
		buf_addf(&b, "%c %-20.*s %.*s  %.*s\n", keys.v[i].is_default ? '*' : ' ',
			 STR(keys.v[i].name),
			 STR(keys.v[i].key_path.n ? keys.v[i].key_path : S("(a plugin's)")),
			 STR(keys.v[i].cert_path));
	fputs(buf_cstr(&b), stdout);
	buf_done(&b);
	return 0;
}

static int absolute(struct job *j, const char *option, struct str *out, struct err *e)
{
	struct str given = args_str(j->args, option);
	if (given.n == 0)
		return err_set(e, ERR_INVALID, "key add wants --key and --certificate-chain");
	char *path = realpath(arena_cstr(j->a, given), NULL);
	if (!path)
		return err_sys(e, "finding %.*s", STR(given));
	*out = arena_str(j->a, str_of(path));
	free(path);
	return 0;
}

static int key_add(struct job *j, struct err *e)
{
	struct notation_keys keys;
	struct notation_key k = { .is_default = args_flag(j->args, "default") };
	struct buf b = { 0 };
	if (j->words.n != 1)
		return err_set(e, ERR_INVALID, "key add wants a name");
	k.name = j->words.v[0];
	if (absolute(j, "key", &k.key_path, e) ||
	    absolute(j, "certificate-chain", &k.cert_path, e) ||
	    notation_keys_read(j->dir, j->a, &keys, e))
		return e->code;
	for (size_t i = 0; i < keys.n; i++) {
		if (str_eq(keys.v[i].name, k.name))
			return err_set(e, ERR_CONFLICT, "there is a key '%.*s' already",
				       STR(k.name));
		if (keys.v[i].key_path.n == 0)
			return err_set(e, ERR_UNSUPPORTED,
				       "there are keys of plugins, which only notation can keep");
		keys.v[i].is_default &= !k.is_default;
	}
	*ARENA_PUSH(j->a, keys.v, keys.n, keys.cap) = k;
	notation_keys_write(&keys, &b);
	int r = put(j, arena_printf(j->a, "%.*s/signingkeys.json", STR(j->dir)), 0600, true,
		    str_buf(&b), e);
	buf_done(&b);
	return r;
}

static void put_time(struct json_out *o, const char *key, int64_t t)
{
	char text[TIME_TEXT];
	if (t)
		json_put_member(o, key, str_of(time_text(t, text)));
}

static void put_chain(struct json_out *o, const struct certs *chain, struct arena *a)
{
	char text[DIGEST_TEXT];
	json_put_key(o, "certificates");
	json_begin_array(o);
	for (size_t i = 0; i < chain->n; i++) {
		const struct cert *c = chain->v[i];
		json_begin_object(o);
		json_put_member(
			o, "SHA256Fingerprint",
			str_from(str_of(digest_text(cert_digest(c), text)), strlen("sha256:")));
		json_put_member(o, "issuedTo", cert_subject(c, a));
		json_put_member(o, "issuedBy", cert_issuer(c, a));
		put_time(o, "expiry", cert_not_after(c));
		json_end_object(o);
	}
	json_end_array(o);
}

static void put_target(struct json_out *o, const struct descriptor *d)
{
	char text[DIGEST_TEXT];
	json_put_key(o, "signedArtifact");
	json_begin_object(o);
	json_put_member(o, "mediaType", d->media_type);
	json_put_member(o, "digest", str_of(digest_text(&d->digest, text)));
	json_put_key(o, "size");
	json_put_u64(o, d->size);
	json_end_object(o);
	json_put_key(o, "userDefinedAttributes");
	json_begin_object(o);
	for (size_t i = 0; i < d->n_annotations; i++)
		json_put_member(o, d->annotations[i].key.p, d->annotations[i].value);
	json_end_object(o);
}

static void print_envelope(const struct notation_envelope *v, bool cose, const struct certs *chain,
			   const struct descriptor *d, struct arena *a)
{
	struct buf b = { 0 };
	struct json_out o;
	bool authority = v->scheme == NOTATION_AUTHORITY;
	json_out_init(&o, &b, 2);
	json_begin_object(&o);
	json_put_member(&o, "mediaType", cose ? S(NOTATION_COSE) : S(NOTATION_JWS));
	json_put_member(&o, "signatureAlgorithm", str_of(alg_name(v->alg)));
	json_put_key(&o, "signedAttributes");
	json_begin_object(&o);
	json_put_member(&o, "contentType", v->content_type);
	json_put_member(&o, "signingScheme",
			authority ? S("notary.x509.signingAuthority") : S("notary.x509"));
	put_time(&o, authority ? "authenticSigningTime" : "signingTime", v->time);
	put_time(&o, "expiry", v->expiry);
	json_end_object(&o);
	json_put_key(&o, "unsignedAttributes");
	json_begin_object(&o);
	json_put_member_opt(&o, "signingAgent", v->agent);
	json_put_key(&o, "timestampSignature");
	json_put_bool(&o, v->timestamp.n > 0);
	json_end_object(&o);
	put_chain(&o, chain, a);
	put_target(&o, d);
	json_end_object(&o);
	puts(buf_cstr(&b));
	buf_done(&b);
}

static int inspect(struct job *j, struct err *e)
{
	struct certs chain CLEANUP(certs_done) = { 0 };
	struct notation_envelope v;
	struct descriptor d;
	struct str text, file = j->args->words.v[1];
	if (notation_file_read(file, NOTATION_BLOB_MAX, j->a, &text, e))
		return e->code;
	bool cose = text.n && (unsigned char)text.p[0] >= 0x80;
	if (notation_envelope_read(text, cose ? S(NOTATION_COSE) : S(NOTATION_JWS), j->a, &v, e) ||
	    notation_chain_parse(&v.chain, &chain, e) ||
	    notation_payload_read(v.payload, j->a, &d, e))
		return err_in(e, "%.*s", STR(file));
	print_envelope(&v, cose, &chain, &d, j->a);
	return 0;
}

static const struct {
	const char *noun, *verb;
	bool takes_words;
	int (*run)(struct job *j, struct err *e);
} actions[] = {
	{ "cert", "add", true, cert_add },	  { "cert", "list", false, cert_list },
	{ "cert", "ls", false, cert_list },	  { "cert", "delete", true, cert_delete },
	{ "policy", "show", false, policy_show }, { "policy", "import", true, policy_import },
	{ "policy", "init", false, policy_init }, { "key", "list", false, key_list },
	{ "key", "ls", false, key_list },	  { "key", "add", true, key_add },
};

static int run(const struct args *a)
{
	struct job j = { .args = a, .a = a->arena };
	struct err e = { 0 };
	struct str format = args_str(a, "format"), noun = a->words.n ? a->words.v[0] : S("");
	struct str verb = a->words.n > 1 ? a->words.v[1] : S("");
	j.json = str_eq(format, S("json"));
	if (format.n && !j.json && !str_eq(format, S("text")))
		return usage(a, "--format: there is no format '%.*s'", STR(format));
	if (notation_folder(a, args_str(a, "dir"), &j.dir, &e))
		return usage(a, "%s", e.text);
	if (str_eq(noun, S("inspect")) && a->words.n == 2)
		return inspect(&j, &e) ? fail(a, &e) : EXIT_YES;
	for (size_t i = 0; i < COUNT(actions); i++) {
		if (!str_eq(noun, str_of(actions[i].noun)) ||
		    !str_eq(verb, str_of(actions[i].verb)))
			continue;
		j.words = (struct strs){ a->words.v + 2, a->words.n - 2, 0 };
		if (j.words.n && !actions[i].takes_words)
			break;
		return actions[i].run(&j, &e) ? fail(a, &e) : EXIT_YES;
	}
	return usage(a, "wanted: notation cert add|list|delete, policy show|import|init, key "
			"list|add, or inspect FILE");
}

const struct command command_notation = { "notation",
					  "trust stores, trust policy and signing keys of notation",
					  verbs, options, run };
