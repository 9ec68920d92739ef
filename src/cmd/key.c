/* lazaret key generate, import, public: key pairs in cosign's file format, and the public half of any key. */
#include "cmd/file.h"
#include "cmd/password.h"
#include "trust/pem.h"

#include <errno.h>
#include <stdio.h>

#define TYPES "ecdsa-p256 ecdsa-p384 ecdsa-p521 ed25519 rsa-2048 rsa-3072 rsa-4096"

static const struct option options[] = {
	{ "key", 'k', "KEY", "FILE", false, false,
	  "key to import, or to print the public half of" },
	{ "type", 't', "TYPE", TYPES, false, false, "kind of key to generate" },
	{ "output-key-prefix", 0, "NAME", NULL, false, false, "write NAME.key and NAME.pub" },
	{ "outfile", 'o', "FILE", "FILE", false, false, "write the public key to a file" },
	{ "password-file", 0, "FILE", "FILE", false, false, "file with the password" },
	{ "force", 0, NULL, NULL, false, false, "overwrite files that are there" },
	{ "offline", 0, NULL, NULL, false, false, "never touch the network" },
	{ 0 },
};
static const char *const verbs[] = { "generate", "import", "public", NULL };

static const struct {
	const char *name;
	enum key_type type;
	unsigned bits;
} types[] = {
	{ "ecdsa-p256", KEY_ECDSA, 256 }, { "ecdsa-p384", KEY_ECDSA, 384 },
	{ "ecdsa-p521", KEY_ECDSA, 521 }, { "ed25519", KEY_ED25519, 0 },
	{ "rsa-2048", KEY_RSA, 2048 },	  { "rsa-3072", KEY_RSA, 3072 },
	{ "rsa-4096", KEY_RSA, 4096 },
};

struct pair {
	const char *private, *public;
	bool force;
};

/* Looked at first, so that nobody types a password for nothing; writing looks again. */
static int pair_init(const struct args *a, struct pair *p, struct err *e)
{
	struct str prefix = args_str(a, "output-key-prefix");
	if (!prefix.n)
		prefix = S("lazaret");
	p->private = arena_printf(a->arena, "%.*s.key", STR(prefix)).p;
	p->public = arena_printf(a->arena, "%.*s.pub", STR(prefix)).p;
	p->force = args_flag(a, "force");
	for (int i = 0; i < 2 && !p->force; i++)
		if (access(i ? p->public : p->private, F_OK) == 0)
			return err_set(
				e, ERR_CONFLICT,
				"%s is there already (another --output-key-prefix, or --force)",
				i ? p->public : p->private);
	return 0;
}

static int pair_write(const struct args *a, const struct pair *p, const struct key *k,
		      struct err *e)
{
	struct buf CLEANUP(secret_done) password = { 0 };
	struct buf CLEANUP(buf_done) private = { 0 }, CLEANUP(buf_done) public = { 0 };
	int r = password_new(a, &password, e);
	if (r == 0)
		r = key_private_text(k, str_buf(&password), &private, e);
	if (r < 0)
		return r;
	key_pem(k, &public);
	r = file_write(p->private, 0600, p->force, str_buf(&private), e);
	if (r == 0)
		r = file_write(p->public, 0644, p->force, str_buf(&public), e);
	if (r == 0)
		say(a, "%s: private key in %s, public key in %s", key_name(k), p->private,
		    p->public);
	return r;
}

static int run_generate(const struct args *a)
{
	struct key CLEANUP(cleanup_key) *k = NULL;
	struct err e = { 0 };
	struct pair p;
	struct str type = args_str(a, "type");
	size_t i = 0;
	while (type.n && i < COUNT(types) && !str_eq(type, str_of(types[i].name)))
		i++;
	if (i == COUNT(types))
		return usage(a, "there is no type '%.*s'; one of %s", STR(type), TYPES);
	if (pair_init(a, &p, &e) < 0 || key_generate(types[i].type, types[i].bits, &k, &e) < 0 ||
	    pair_write(a, &p, k, &e) < 0)
		return fail(a, &e);
	return EXIT_YES;
}

static int run_import(const struct args *a)
{
	struct key CLEANUP(cleanup_key) *k = NULL;
	struct password password = password_of(a);
	struct err e = { 0 };
	struct pair p;
	if (!args_str(a, "key").n)
		return usage(a, "import wants --key FILE");
	if (pair_init(a, &p, &e) < 0 ||
	    key_load_private(args_str(a, "key"), &password, &k, &e) < 0 ||
	    pair_write(a, &p, k, &e) < 0)
		return fail(a, &e);
	return EXIT_YES;
}

static int run_public(const struct args *a)
{
	struct key CLEANUP(cleanup_key) *k = NULL;
	struct buf CLEANUP(buf_done) pem = { 0 };
	struct password password = password_of(a);
	struct err e = { 0 };
	struct str file = args_str(a, "outfile");
	if (!args_str(a, "key").n)
		return usage(a, "public wants --key KEY");
	if (key_load_public(args_str(a, "key"), &password, args_flag(a, "offline"), &k, &e) < 0)
		return fail(a, &e);
	key_pem(k, &pem);
	if (!file.n)
		fwrite(pem.p, 1, pem.n, stdout);
	else if (file_write(arena_cstr(a->arena, file), 0644, args_flag(a, "force"), str_buf(&pem),
			    &e) < 0)
		return fail(a, &e);
	return EXIT_YES;
}

static int run(const struct args *a)
{
	struct str verb = a->words.n == 1 ? a->words.v[0] : S("");
	if (str_eq(verb, S("generate")))
		return run_generate(a);
	if (str_eq(verb, S("import")))
		return run_import(a);
	if (str_eq(verb, S("public")))
		return run_public(a);
	return usage(a, "wanted: key generate, key import --key FILE or key public --key KEY");
}

const struct command command_key = { "key", "make key pairs, import keys, print public keys", verbs,
				     options, run };
