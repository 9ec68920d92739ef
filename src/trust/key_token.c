/* Keys in PKCS#11 tokens (OASIS PKCS#11 2.40; EdDSA of 3.0), through the C interface of a module that the user names. The
 * module is the user's choice and runs in our process: it is trusted, what its tokens hold is not. A token may offer several
 * keys of one name (refused: say which), a public point off its curve (refused where keys are read), or a signature by another
 * key than the public one says (checked after each signature).
 *
 * A module is initialized once and stays so until the program ends, because other keys may use it. Ed25519ph is not supported:
 * a token wants the message for it. */
#include "trust/key_token.h"

#include "base/library.h"
#include "base/stream.h"
#include "trust/der.h"
#include "trust/pem.h"
#include "trust/token_uri.h"

#include <fcntl.h>
#include <p11-kit/pkcs11.h>
#include <pthread.h>

enum { TOKENS_MAX = 64, ATTRIBUTE_MAX = 16 * 1024, ID_MAX = 256 };

struct token {
	CK_FUNCTION_LIST *f;
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE key;
	struct buf pin; /* kept for keys that want it before every signature */
	bool always;
	unsigned bits;
	pthread_mutex_t lock; /* one operation at a time in a session */
};

static void token_close(void *ctx)
{
	struct token *t = ctx;
	if (t->session)
		t->f->C_CloseSession(t->session);
	secret_done(&t->pin);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

static void cleanup_token(struct token **t)
{
	if (*t)
		token_close(*t);
}

/* What a module's code means to us. */
static int ck_err(struct err *e, CK_RV rv, const char *what)
{
	static const struct {
		CK_RV rv;
		int code;
		const char *text;
	} known[] = {
		{ CKR_PIN_INCORRECT, ERR_AUTH, "the PIN is wrong" },
		{ CKR_PIN_LEN_RANGE, ERR_AUTH, "the PIN is too short or too long" },
		{ CKR_PIN_LOCKED, ERR_AUTH, "the PIN is locked after too many wrong ones" },
		{ CKR_PIN_EXPIRED, ERR_AUTH, "the PIN has expired" },
		{ CKR_USER_PIN_NOT_INITIALIZED, ERR_AUTH, "the token has no user PIN yet" },
		{ CKR_USER_NOT_LOGGED_IN, ERR_AUTH, "the token wants a PIN" },
		{ CKR_MECHANISM_INVALID, ERR_UNSUPPORTED, "the token cannot do it" },
		{ CKR_MECHANISM_PARAM_INVALID, ERR_UNSUPPORTED, "the token cannot do it" },
		{ CKR_KEY_FUNCTION_NOT_PERMITTED, ERR_UNSUPPORTED,
		  "the key may not be used for it" },
		{ CKR_KEY_TYPE_INCONSISTENT, ERR_UNSUPPORTED, "the key is of another kind" },
		{ CKR_TOKEN_NOT_PRESENT, ERR_IO, "the token was taken away" },
		{ CKR_DEVICE_REMOVED, ERR_IO, "the token was taken away" },
	};
	for (size_t i = 0; i < COUNT(known); i++)
		if (known[i].rv == rv)
			return err_set(e, known[i].code, "%s: %s", what, known[i].text);
	return err_set(e, ERR_IO, "%s: the PKCS#11 module answers 0x%lx", what, (unsigned long)rv);
}

static int module_load(const struct token_uri *u, struct token *t, struct arena *a, struct err *e)
{
	CK_RV (*get_list)(CK_FUNCTION_LIST **) = NULL;
	const struct library_symbol symbols[] = { { "C_GetFunctionList", &get_list } };
	struct str path = u->module_path;
	if (!path.n)
		path = str_of(getenv("LAZARET_PKCS11_MODULE_PATH"));
	if (!path.n)
		path = str_of(getenv("COSIGN_PKCS11_MODULE_PATH"));
	if (!path.n)
		return err_set(e, ERR_INVALID,
			       "no PKCS#11 module is named: add ?module-path=FILE or set "
			       "COSIGN_PKCS11_MODULE_PATH");
	int r = library_load(arena_cstr(a, path), symbols, COUNT(symbols), e);
	if (r < 0)
		return err_in(e, "load the PKCS#11 module");
	CK_RV rv = get_list(&t->f);
	if (rv != CKR_OK || !t->f)
		return ck_err(e, rv, "ask the PKCS#11 module for its functions");
	CK_C_INITIALIZE_ARGS args = { .flags = CKF_OS_LOCKING_OK };
	rv = t->f->C_Initialize(&args);
	if (rv != CKR_OK && rv != CKR_CRYPTOKI_ALREADY_INITIALIZED)
		return ck_err(e, rv, "initialize the PKCS#11 module");
	return 0;
}

/* Fields are padded with spaces. */
static bool field_is(struct str wanted, const unsigned char *p, size_t n)
{
	while (n && p[n - 1] == ' ')
		n--;
	return !wanted.p || str_eq(wanted, (struct str){ (const char *)p, n });
}

static bool token_fits(const struct token_uri *u, CK_SLOT_ID slot, const CK_TOKEN_INFO *info)
{
	uint64_t wanted = 0;
	if (u->slot_id.p && (!str_to_u64(u->slot_id, UINT64_MAX, &wanted) || wanted != slot))
		return false;
	return (info->flags & CKF_TOKEN_INITIALIZED) &&
	       field_is(u->token, info->label, sizeof info->label) &&
	       field_is(u->manufacturer, info->manufacturerID, sizeof info->manufacturerID) &&
	       field_is(u->model, info->model, sizeof info->model) &&
	       field_is(u->serial, info->serialNumber, sizeof info->serialNumber);
}

static int token_find(const struct token_uri *u, struct token *t, CK_TOKEN_INFO *out, struct err *e)
{
	CK_SLOT_ID slots[TOKENS_MAX], found = 0;
	CK_ULONG n = TOKENS_MAX;
	unsigned fits = 0;
	CK_RV rv = t->f->C_GetSlotList(CK_TRUE, slots, &n);
	if (rv != CKR_OK)
		return ck_err(e, rv, "list the PKCS#11 tokens");
	for (CK_ULONG i = 0; i < n; i++) {
		CK_TOKEN_INFO info = { 0 };
		if (t->f->C_GetTokenInfo(slots[i], &info) != CKR_OK ||
		    !token_fits(u, slots[i], &info))
			continue;
		found = slots[i];
		*out = info;
		fits++;
	}
	if (fits == 0)
		return err_set(e, ERR_NOT_FOUND,
			       "no PKCS#11 token fits the URI, of %lu that are there",
			       (unsigned long)n);
	if (fits > 1)
		return err_set(
			e, ERR_CONFLICT,
			"%u PKCS#11 tokens fit the URI: say which by token, serial or slot-id",
			fits);
	rv = t->f->C_OpenSession(found, CKF_SERIAL_SESSION, NULL, NULL, &t->session);
	return rv == CKR_OK ? 0 : ck_err(e, rv, "open the PKCS#11 token");
}

static int pin_from_source(struct str source, struct arena *a, struct buf *out, struct err *e)
{
	if (str_starts(source, S("file:")))
		source = str_from(source, str_starts(source, S("file://")) ? 7 : 5);
	int fd = open(arena_cstr(a, source), O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open the PIN file %.*s", STR(str_upto(source, 200)));
	struct stream *in CLEANUP(cleanup_stream) = stream_fd(fd, true, -1, UINT64_MAX);
	if (stream_read_all(in, PASSWORD_MAX, out, e) < 0)
		return err_in(e, "read the PIN file");
	while (out->n && (out->p[out->n - 1] == '\n' || out->p[out->n - 1] == '\r'))
		out->n--;
	return 0;
}

/* 1 when the PIN is known without asking. */
static int pin_given(const struct token_uri *u, struct arena *a, struct buf *out, struct err *e)
{
	const char *value = getenv("LAZARET_PKCS11_PIN");
	if (!value)
		value = getenv("COSIGN_PKCS11_PIN");
	buf_reserve(out, PASSWORD_MAX + 1);
	if (u->pin_value.p) {
		buf_add_str(out, u->pin_value);
	} else if (u->pin_source.p) {
		int r = pin_from_source(u->pin_source, a, out, e);
		return r < 0 ? r : 1;
	} else if (value && strlen(value) <= PASSWORD_MAX) {
		buf_add_str(out, str_of(value));
	} else {
		return 0;
	}
	return 1;
}

static int login(const struct token_uri *u, const struct password *p, const CK_TOKEN_INFO *info,
		 bool needed, struct token *t, struct arena *a, struct err *e)
{
	struct str label = { (const char *)info->label, sizeof info->label };
	if (!(info->flags & CKF_LOGIN_REQUIRED))
		return 0;
	int r = pin_given(u, a, &t->pin, e);
	if (r < 0 || (r == 0 && !needed))
		return r;
	if (r == 0 && !(info->flags & CKF_PROTECTED_AUTHENTICATION_PATH)) {
		if (!p || !p->ask_pin)
			return err_set(e, ERR_AUTH,
				       "the token '%.*s' wants a PIN: set COSIGN_PKCS11_PIN",
				       STR(str_trim(label)));
		r = p->ask_pin(p->ctx, str_trim(label), &t->pin, e);
		if (r < 0)
			return r;
	}
	/* Without bytes: the token has its own keys to type on. */
	CK_RV rv = t->f->C_Login(t->session, CKU_USER, t->pin.n ? (unsigned char *)t->pin.p : NULL,
				 t->pin.n);
	if (rv != CKR_OK && rv != CKR_USER_ALREADY_LOGGED_IN)
		return ck_err(e, rv, "log in to the PKCS#11 token");
	return 0;
}

/* The one object of a class that the URI (or an id that was found before) names: 1, or 0 for none. */
static int object_find(struct token *t, CK_OBJECT_CLASS class, struct str label, struct str id,
		       CK_OBJECT_HANDLE *out, struct err *e)
{
	CK_OBJECT_HANDLE found[2];
	CK_ULONG n = 0, n_want = 1;
	CK_ATTRIBUTE want[3] = { { CKA_CLASS, &class, sizeof class } };
	if (label.p)
		want[n_want++] = (CK_ATTRIBUTE){ CKA_LABEL, (void *)label.p, label.n };
	if (id.p)
		want[n_want++] = (CK_ATTRIBUTE){ CKA_ID, (void *)id.p, id.n };
	CK_RV rv = t->f->C_FindObjectsInit(t->session, want, n_want);
	if (rv == CKR_OK) {
		rv = t->f->C_FindObjects(t->session, found, 2, &n);
		t->f->C_FindObjectsFinal(t->session);
	}
	if (rv != CKR_OK)
		return ck_err(e, rv, "look for the key in the PKCS#11 token");
	if (n > 1)
		return err_set(e, ERR_CONFLICT,
			       "several objects of the PKCS#11 token fit the URI: say which by "
			       "object and id");
	if (n == 1)
		*out = found[0];
	return n == 1;
}

static int attribute_get(struct token *t, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
			 size_t max, struct buf *out, struct err *e)
{
	CK_ATTRIBUTE a = { type, NULL, 0 };
	CK_RV rv = t->f->C_GetAttributeValue(t->session, object, &a, 1);
	if (rv != CKR_OK || a.ulValueLen == CK_UNAVAILABLE_INFORMATION)
		return ck_err(e, rv, "read the key in the PKCS#11 token");
	if (a.ulValueLen > max)
		return err_set(e, ERR_LIMIT, "an attribute of %lu bytes in the PKCS#11 token",
			       (unsigned long)a.ulValueLen);
	out->n = 0;
	buf_reserve(out, a.ulValueLen + 1);
	a.pValue = out->p;
	rv = t->f->C_GetAttributeValue(t->session, object, &a, 1);
	if (rv != CKR_OK || a.ulValueLen > max)
		return ck_err(e, rv, "read the key in the PKCS#11 token");
	out->n = a.ulValueLen;
	return 0;
}

/* Both are contents: of the algorithm's SEQUENCE, of the BIT STRING. */
static int spki_read(struct str algorithm, struct str bits, struct key **out, struct err *e)
{
	struct buf CLEANUP(buf_done) spki = { 0 };
	der_header(&spki, DER_SEQUENCE, algorithm.n);
	buf_add_str(&spki, algorithm);
	der_header(&spki, DER_BITS, bits.n + 1);
	buf_add_char(&spki, 0);
	buf_add_str(&spki, bits);
	der_wrap(&spki, DER_SEQUENCE);
	return key_from_spki(str_buf(&spki), out, e);
}

static int rsa_read(struct token *t, CK_OBJECT_HANDLE object, struct key **out, struct err *e)
{
	struct buf CLEANUP(buf_done) n = { 0 }, CLEANUP(buf_done) exponent = { 0 };
	struct buf CLEANUP(buf_done) numbers = { 0 };
	int r = attribute_get(t, object, CKA_MODULUS, KEY_RSA_BITS_MAX / 8 + 1, &n, e);
	if (r == 0)
		r = attribute_get(t, object, CKA_PUBLIC_EXPONENT, 64, &exponent, e);
	if (r < 0)
		return r;
	der_unsigned(&numbers, str_buf(&n));
	der_unsigned(&numbers, str_buf(&exponent));
	der_wrap(&numbers, DER_SEQUENCE);
	return spki_read(S("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00"),
			 str_buf(&numbers), out, e);
}

/* The point is an OCTET STRING by the specification; some tokens give it bare. */
static int point_read(struct token *t, CK_OBJECT_HANDLE object, bool edwards, struct key **out,
		      struct err *e)
{
	struct buf CLEANUP(buf_done) params = { 0 }, CLEANUP(buf_done) point = { 0 };
	struct buf CLEANUP(buf_done) algorithm = { 0 };
	int r = attribute_get(t, object, CKA_EC_PARAMS, ID_MAX, &params, e);
	if (r == 0)
		r = attribute_get(t, object, CKA_EC_POINT, ID_MAX, &point, e);
	if (r < 0)
		return r;
	struct str bare = str_buf(&point);
	if (bare.n > 2 && bare.p[0] == 0x04 && (size_t)(unsigned char)bare.p[1] == bare.n - 2)
		bare = str_from(bare, 2);
	else if (bare.n > 3 && str_starts(bare, S("\x04\x81")) &&
		 (size_t)(unsigned char)bare.p[2] == bare.n - 3)
		bare = str_from(bare, 3);
	if (edwards)
		return spki_read(S("\x06\x03\x2b\x65\x70"), bare, out, e);
	buf_add_str(&algorithm, S("\x06\x07\x2a\x86\x48\xce\x3d\x02\x01"));
	buf_add_str(&algorithm, str_buf(&params));
	return spki_read(str_buf(&algorithm), bare, out, e);
}

static int public_read(struct token *t, CK_OBJECT_HANDLE object, struct key **out, struct err *e)
{
	CK_KEY_TYPE type = 0;
	CK_ATTRIBUTE a = { CKA_KEY_TYPE, &type, sizeof type };
	CK_RV rv = t->f->C_GetAttributeValue(t->session, object, &a, 1);
	if (rv != CKR_OK)
		return ck_err(e, rv, "read the key in the PKCS#11 token");
	if (type == CKK_RSA)
		return rsa_read(t, object, out, e);
	if (type == CKK_EC || type == CKK_EC_EDWARDS)
		return point_read(t, object, type == CKK_EC_EDWARDS, out, e);
	return err_set(e, ERR_UNSUPPORTED, "the PKCS#11 token's key is no EC, Ed25519 or RSA key");
}

static int certificate_read(struct token *t, CK_OBJECT_HANDLE object, struct key **out,
			    struct err *e)
{
	struct buf CLEANUP(buf_done) der = { 0 }, CLEANUP(buf_done) pem = { 0 };
	int r = attribute_get(t, object, CKA_VALUE, ATTRIBUTE_MAX, &der, e);
	if (r < 0)
		return r;
	pem_write(S("CERTIFICATE"), str_buf(&der), &pem);
	return key_from_pem(str_buf(&pem), out, e);
}

static int public_find(struct token *t, const struct token_uri *u, struct str id, struct key **out,
		       struct err *e)
{
	CK_OBJECT_HANDLE object = 0;
	/* With the private key's id the label may differ, as a certificate's often does. */
	struct str label = id.p && !u->id.p ? (struct str){ 0 } : u->object;
	int r = str_eq(u->type, S("cert")) ? 0
					   : object_find(t, CKO_PUBLIC_KEY, label, id, &object, e);
	if (r)
		return r < 0 ? r : public_read(t, object, out, e);
	r = object_find(t, CKO_CERTIFICATE, label, id, &object, e);
	if (r)
		return r < 0 ? r : certificate_read(t, object, out, e);
	return err_set(e, ERR_NOT_FOUND,
		       "the PKCS#11 token has no public key and no certificate that fits the URI");
}

static int private_find(struct token *t, const struct token_uri *u, struct buf *id, struct err *e)
{
	CK_BBOOL always = CK_FALSE;
	CK_ATTRIBUTE a = { CKA_ALWAYS_AUTHENTICATE, &always, sizeof always };
	struct err ignored;
	if (u->type.p && !str_eq(u->type, S("private")))
		return err_set(e, ERR_INVALID, "a PKCS#11 URI of type %.*s names no private key",
			       STR(u->type));
	int r = object_find(t, CKO_PRIVATE_KEY, u->object, u->id, &t->key, e);
	if (r < 0)
		return r;
	if (r == 0)
		return err_set(e, ERR_NOT_FOUND,
			       "the PKCS#11 token has no private key that fits the URI");
	if (attribute_get(t, t->key, CKA_ID, ID_MAX, id, &ignored) < 0)
		id->n = 0;
	t->always =
		t->f->C_GetAttributeValue(t->session, t->key, &a, 1) == CKR_OK && always == CK_TRUE;
	if (!t->always)
		secret_done(&t->pin);
	return 0;
}

/* DigestInfo up to the digest (RFC 8017, section 9.2, note 1). */
static const struct pkcs1 {
	enum digest_alg digest;
	CK_MECHANISM_TYPE hash;
	CK_ULONG mgf;
	struct str prefix;
} pkcs1[] = {
	{ DIGEST_SHA256, CKM_SHA256, CKG_MGF1_SHA256,
	  S("\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20") },
	{ DIGEST_SHA384, CKM_SHA384, CKG_MGF1_SHA384,
	  S("\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30") },
	{ DIGEST_SHA512, CKM_SHA512, CKG_MGF1_SHA512,
	  S("\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40") },
};

static int sign_locked(struct token *t, CK_MECHANISM *m, struct str input, unsigned char *sig,
		       CK_ULONG *n, struct err *e)
{
	CK_RV rv = t->f->C_SignInit(t->session, m, t->key);
	if (rv == CKR_OK && t->always)
		rv = t->f->C_Login(t->session, CKU_CONTEXT_SPECIFIC,
				   t->pin.n ? (unsigned char *)t->pin.p : NULL, t->pin.n);
	if (rv == CKR_OK)
		rv = t->f->C_Sign(t->session, (unsigned char *)(input.n ? input.p : ""), input.n,
				  sig, n);
	return rv == CKR_OK ? 0 : ck_err(e, rv, "sign with the PKCS#11 token");
}

static int token_sign(void *ctx, enum signature_alg alg, struct str input, struct buf *out,
		      struct err *e)
{
	struct token *t = ctx;
	struct buf CLEANUP(buf_done) info = { 0 };
	unsigned char sig[SIGNATURE_MAX];
	CK_ULONG n = sizeof sig;
	CK_RSA_PKCS_PSS_PARAMS pss = { 0 };
	CK_MECHANISM m = { CKM_EDDSA, NULL, 0 };
	if (alg == SIGNATURE_ED25519PH)
		return err_set(e, ERR_UNSUPPORTED, "a PKCS#11 token does not sign Ed25519ph");
	if (alg <= SIGNATURE_ECDSA_SHA512) {
		/* The leftmost bits are what counts; not every token cuts them itself. */
		m.mechanism = CKM_ECDSA;
		input = str_upto(input, (t->bits + 7) / 8);
	}
	for (size_t i = 0; alg >= SIGNATURE_RSA_SHA256 && i < COUNT(pkcs1); i++) {
		if (pkcs1[i].digest != alg_digest(alg))
			continue;
		if (alg >= SIGNATURE_PSS_SHA256) {
			pss = (CK_RSA_PKCS_PSS_PARAMS){ pkcs1[i].hash, pkcs1[i].mgf, input.n };
			m = (CK_MECHANISM){ CKM_RSA_PKCS_PSS, &pss, sizeof pss };
		} else {
			m.mechanism = CKM_RSA_PKCS;
			buf_add_str(&info, pkcs1[i].prefix);
			buf_add_str(&info, input);
			input = str_buf(&info);
		}
	}
	pthread_mutex_lock(&t->lock);
	int r = sign_locked(t, &m, input, sig, &n, e);
	pthread_mutex_unlock(&t->lock);
	if (r < 0)
		return r;
	struct str s = { (const char *)sig, n };
	if (m.mechanism != CKM_ECDSA)
		buf_add_str(out, s);
	else if (!ecdsa_from_raw(s, t->bits, out))
		return err_set(e, ERR_IO, "sign with the PKCS#11 token: a signature of %zu bytes",
			       s.n);
	return 0;
}

int key_token_open(struct str text, const struct password *p, bool is_private, struct key **out,
		   struct err *e)
{
	struct arena CLEANUP(arena_done) a = { 0 };
	struct buf CLEANUP(buf_done) id = { 0 };
	struct token CLEANUP(cleanup_token) *t = calloc(1, sizeof *t);
	struct token_uri u = { 0 };
	CK_TOKEN_INFO info = { 0 };
	struct key *k = NULL;
	if (!t)
		abort();
	pthread_mutex_init(&t->lock, NULL);
	int r = token_uri_parse(text, &a, &u, e);
	if (r == 0)
		r = module_load(&u, t, &a, e);
	if (r == 0)
		r = token_find(&u, t, &info, e);
	if (r == 0)
		r = login(&u, p, &info, is_private, t, &a, e);
	if (u.pin_value.p)
		explicit_bzero((char *)u.pin_value.p, u.pin_value.n);
	if (r == 0 && is_private)
		r = private_find(t, &u, &id, e);
	if (r == 0)
		r = public_find(t, &u, id.n ? str_buf(&id) : u.id, &k, e);
	if (r < 0)
		return r;
	if (is_private) {
		t->bits = key_bits(k);
		key_set_signer(k, &(struct key_signer){ token_sign, token_close, STEAL(t) });
	}
	*out = k;
	return 0;
}
