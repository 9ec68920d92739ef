/* Signed notes (c2sp.org/signed-note), checkpoints (c2sp.org/tlog-checkpoint), cosignatures of witnesses
 * (c2sp.org/tlog-cosignature, Ed25519) and the checkpoints of Rekor 1, which are notes whose key hints are the
 * first bytes of SHA-256 over the SubjectPublicKeyInfo.
 *
 * Hostile input: many or endless signature lines, lines that carry a known name with a wrong hint (another key's:
 * passed over) or a known hint with bytes that do not verify (a no), texts with control characters, sizes with
 * leading zeros or beyond 2^64, base64 that could be written in two ways. Not supported: ML-DSA cosignatures
 * (OpenSSL 3.0 has none). */
#include "trust/note.h"
#include "base/base64.h"

enum { HINT = 4, ED25519_KEY = 32, ED25519_SIGNATURE = 64, TIME_BYTES = 8 };
static const char dash[] = "\xe2\x80\x94 ";
static const char ed25519_spki[] = "\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00";

/* Base64 in the one way that it can be written. */
static bool decode(struct str text, struct buf *out)
{
	struct buf again CLEANUP(buf_done) = { 0 };
	size_t start = out->n;
	if (!base64_decode(text, out))
		return false;
	base64_encode(str_from(str_buf(out), start), &again);
	if (str_eq(str_buf(&again), text))
		return true;
	out->n = start;
	return false;
}

static bool has_space(struct str s)
{
	static const char *const spaces[] = { " ",
					      "\xc2\x85",
					      "\xc2\xa0",
					      "\xe1\x9a\x80",
					      "\xe2\x80\xa8",
					      "\xe2\x80\xa9",
					      "\xe2\x80\xaf",
					      "\xe2\x81\x9f",
					      "\xe3\x80\x80" };
	for (size_t i = 0; i < COUNT(spaces); i++)
		if (str_find(s, str_of(spaces[i])) >= 0)
			return true;
	for (size_t i = 0; i + 2 < s.n; i++)
		if (memcmp(s.p + i, "\xe2\x80", 2) == 0 && (unsigned char)s.p[i + 2] <= 0x8a)
			return true;
	return false;
}

/* UTF-8 without control characters but newlines. */
static bool is_text(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 && s.p[i] != '\n')
			return false;
	return str_is_utf8(s);
}

bool note_name_valid(struct str name)
{
	return name.n && is_text(name) && !has_space(name) && str_find_char(name, '+') < 0 &&
	       str_find_char(name, '\n') < 0;
}

static int parse_signature(struct str line, struct arena *a, struct note_signature *out,
			   struct err *e)
{
	struct buf bytes CLEANUP(buf_done) = { 0 };
	struct str rest = str_from(line, sizeof dash - 1);
	if (!str_starts(line, S("\xe2\x80\x94 ")))
		return err_set(e, ERR_INVALID, "a line behind the note's text is no signature");
	struct str name = str_cut(&rest, ' ');
	if (!note_name_valid(name))
		return err_set(e, ERR_INVALID, "a signature's key name is not allowed");
	if (!decode(rest, &bytes) || bytes.n <= HINT)
		return err_set(e, ERR_INVALID, "the signature of '%.*s' is no base64 of one",
			       STR(str_upto(name, 100)));
	struct str kept = arena_str(a, str_buf(&bytes));
	out->name = name;
	memcpy(out->hint, kept.p, HINT);
	out->bytes = str_from(kept, HINT);
	return 0;
}

int note_parse(struct str bytes, struct arena *a, struct note *out, struct err *e)
{
	struct note n = { 0 };
	size_t cap = 0, split = 0;
	if (bytes.n > NOTE_MAX)
		return err_set(e, ERR_LIMIT, "the note is larger than %d bytes", NOTE_MAX);
	if (!is_text(bytes))
		return err_set(e, ERR_INVALID, "the note is no text");
	for (size_t i = bytes.n; i > 1 && !split; i--)
		if (bytes.p[i - 1] == '\n' && bytes.p[i - 2] == '\n')
			split = i - 1;
	if (split == 0 || !str_ends(bytes, S("\n")))
		return err_set(e, ERR_INVALID, "the note has no signature");
	n.text = str_upto(bytes, split);
	for (struct str line, rest = str_from(bytes, split + 1); rest.n;) {
		line = str_cut(&rest, '\n');
		if (n.n == NOTE_SIGNATURES_MAX)
			return err_set(e, ERR_LIMIT, "the note has more than %d signatures",
				       NOTE_SIGNATURES_MAX);
		if (parse_signature(line, a, ARENA_PUSH(a, n.v, n.n, cap), e))
			return e->code;
	}
	if (n.n == 0)
		return err_set(e, ERR_INVALID, "the note has no signature");
	*out = n;
	return 0;
}

static bool decimal(struct str s, uint64_t *out)
{
	return s.n && s.p[0] >= '0' && s.p[0] <= '9' && (s.p[0] != '0' || s.n == 1) &&
	       str_to_u64(s, UINT64_MAX, out);
}

bool merkle_hash_parse(struct str text, struct merkle_hash *out)
{
	struct buf bytes CLEANUP(buf_done) = { 0 };
	if (!decode(text, &bytes) || bytes.n != MERKLE_HASH)
		return false;
	memcpy(out->bytes, bytes.p, MERKLE_HASH);
	return true;
}

int checkpoint_parse(struct str text, struct checkpoint *out, struct err *e)
{
	struct checkpoint c = { 0 };
	struct str rest = text;
	if (!str_ends(text, S("\n")) || !is_text(text))
		return err_set(e, ERR_INVALID,
			       "the checkpoint is no text that ends with a newline");
	c.origin = str_cut(&rest, '\n');
	if (c.origin.n == 0)
		return err_set(e, ERR_INVALID, "the checkpoint has no origin");
	if (!decimal(str_cut(&rest, '\n'), &c.size))
		return err_set(e, ERR_INVALID, "the checkpoint's size is no number");
	if (!merkle_hash_parse(str_cut(&rest, '\n'), &c.root))
		return err_set(e, ERR_INVALID, "the checkpoint's root is no hash");
	c.extensions = rest;
	while (rest.n)
		if (str_cut(&rest, '\n').n == 0)
			return err_set(e, ERR_INVALID, "the checkpoint has an empty line");
	*out = c;
	return 0;
}

void checkpoint_text(const struct checkpoint *c, struct buf *out)
{
	buf_add_str(out, c->origin);
	buf_addf(out, "\n%llu\n", (unsigned long long)c->size);
	base64_encode((struct str){ (const char *)c->root.bytes, MERKLE_HASH }, out);
	buf_add_char(out, '\n');
	buf_add_str(out, c->extensions);
}

/* The last bytes of an Ed25519 SubjectPublicKeyInfo; empty for another key. */
static struct str raw_key(const struct key *k)
{
	struct str spki = key_spki(k);
	if (key_type(k) != KEY_ED25519 || spki.n < ED25519_KEY)
		return (struct str){ 0 };
	return str_from(spki, spki.n - ED25519_KEY);
}

static unsigned char type_byte(enum note_kind kind)
{
	static const unsigned char types[] = {
		[NOTE_ED25519] = 1,
		[NOTE_SPKI] = 2,
		[NOTE_COSIGNATURE] = 4,
	};
	return types[kind];
}

void note_hint(struct str name, enum note_kind kind, const struct key *k, unsigned char hint[4])
{
	struct digest d = *key_id(k);
	if (kind != NOTE_SPKI) {
		struct buf b CLEANUP(buf_done) = { 0 };
		buf_add_str(&b, name);
		buf_add_char(&b, '\n');
		buf_add_char(&b, (char)type_byte(kind));
		buf_add_str(&b, raw_key(k));
		digest_of(DIGEST_SHA256, str_buf(&b), &d);
	}
	memcpy(hint, d.bytes, HINT);
}

static enum signature_alg algorithm(enum note_kind kind, const struct key *k)
{
	if (key_type(k) == KEY_ED25519)
		return SIGNATURE_ED25519;
	if (kind != NOTE_SPKI)
		return SIGNATURE_NONE;
	return key_type(k) == KEY_RSA ? SIGNATURE_RSA_SHA256 : SIGNATURE_ECDSA_SHA256;
}

static void cosigned(struct str text, uint64_t time, struct buf *out)
{
	buf_addf(out, "cosignature/v1\ntime %llu\n", (unsigned long long)time);
	buf_add_str(out, text);
}

static bool verify_cosignature(struct str text, const struct note_verifier *v, struct str bytes,
			       int64_t *time)
{
	struct buf message CLEANUP(buf_done) = { 0 };
	uint64_t t = 0;
	if (bytes.n != TIME_BYTES + ED25519_SIGNATURE)
		return false;
	for (size_t i = 0; i < TIME_BYTES; i++)
		t = t << 8 | (unsigned char)bytes.p[i];
	if (t > INT64_MAX)
		return false;
	cosigned(text, t, &message);
	if (!key_verify(v->key, SIGNATURE_ED25519, str_buf(&message), str_from(bytes, TIME_BYTES)))
		return false;
	*time = (int64_t)t;
	return true;
}

bool note_verify(const struct note *n, const struct note_verifier *v, int64_t *time)
{
	enum signature_alg alg = algorithm(v->kind, v->key);
	int64_t latest = 0;
	bool found = false;
	for (size_t i = 0; i < n->n; i++) {
		const struct note_signature *s = &n->v[i];
		int64_t t = 0;
		if (!str_eq(s->name, v->name) || memcmp(s->hint, v->hint, HINT) != 0)
			continue;
		if (alg == SIGNATURE_NONE)
			return false;
		if (v->kind == NOTE_COSIGNATURE ? !verify_cosignature(n->text, v, s->bytes, &t)
						: !key_verify(v->key, alg, n->text, s->bytes))
			return false;
		latest = MAX(latest, t);
		found = true;
	}
	if (found && time)
		*time = latest;
	return found;
}

/* The key behind the type byte of a "vkey". */
static int parse_vkey(struct str bytes, enum note_kind *kind, struct key **out, struct err *e)
{
	struct buf spki CLEANUP(buf_done) = { 0 };
	unsigned char type = (unsigned char)bytes.p[0];
	struct str key = str_from(bytes, 1);
	if (type == type_byte(NOTE_SPKI)) {
		*kind = NOTE_SPKI;
		return key_from_spki(key, out, e);
	}
	if (type != type_byte(NOTE_ED25519) && type != type_byte(NOTE_COSIGNATURE))
		return err_set(e, ERR_UNSUPPORTED, "keys of type %u are not supported", type);
	if (key.n != ED25519_KEY)
		return err_set(e, ERR_INVALID, "the key is not %d bytes long", ED25519_KEY);
	*kind = type == type_byte(NOTE_ED25519) ? NOTE_ED25519 : NOTE_COSIGNATURE;
	buf_add(&spki, ed25519_spki, sizeof ed25519_spki - 1);
	buf_add_str(&spki, key);
	return key_from_spki(str_buf(&spki), out, e);
}

int note_verifier_parse(struct str vkey, struct arena *a, struct note_verifier *out,
			struct key **owned, struct err *e)
{
	struct str rest = vkey;
	struct str name = str_cut(&rest, '+'), hash = str_cut(&rest, '+');
	struct buf bytes CLEANUP(buf_done) = { 0 };
	struct note_verifier v = { 0 };
	struct key *key CLEANUP(cleanup_key) = NULL;
	uint64_t hint = 0;
	if (!note_name_valid(name) || hash.n != (size_t)2 * HINT ||
	    !str_to_u64_base(hash, 16, UINT32_MAX, &hint) || !decode(rest, &bytes) || bytes.n < 2)
		return err_set(e, ERR_INVALID, "'%.*s' is no key of the form NAME+HASH+BASE64",
			       STR(str_upto(vkey, 200)));
	if (parse_vkey(str_buf(&bytes), &v.kind, &key, e))
		return err_in(e, "key of '%.*s'", STR(str_upto(name, 100)));
	note_hint(name, v.kind, key, v.hint);
	for (size_t i = 0; i < HINT; i++)
		if (v.hint[i] != (hint >> (24 - 8 * i) & 255))
			return err_set(e, ERR_INVALID, "the hash of '%.*s' is not its key's",
				       STR(str_upto(vkey, 200)));
	v.name = arena_str(a, name);
	v.key = key;
	*owned = STEAL(key);
	*out = v;
	return 0;
}

void note_vkey(struct str name, enum note_kind kind, const struct key *k, struct buf *out)
{
	unsigned char hint[HINT];
	struct buf bytes CLEANUP(buf_done) = { 0 };
	note_hint(name, kind, k, hint);
	buf_add_char(&bytes, (char)type_byte(kind));
	buf_add_str(&bytes, kind == NOTE_SPKI ? key_spki(k) : raw_key(k));
	buf_add_str(out, name);
	buf_addf(out, "+%02x%02x%02x%02x+", hint[0], hint[1], hint[2], hint[3]);
	base64_encode(str_buf(&bytes), out);
}

static int make_signature(struct str text, enum note_kind kind, const struct key *k, int64_t time,
			  struct buf *out, struct err *e)
{
	struct buf message CLEANUP(buf_done) = { 0 };
	enum signature_alg alg = algorithm(kind, k);
	if (alg == SIGNATURE_NONE)
		return err_set(e, ERR_UNSUPPORTED,
			       "a note of this kind is signed with Ed25519, not with %s",
			       key_name(k));
	if (kind != NOTE_COSIGNATURE)
		return key_sign(k, alg, text, out, e);
	if (time < 0)
		return err_set(e, ERR_INVALID, "a cosignature has no time before 1970");
	for (int shift = 56; shift >= 0; shift -= 8)
		buf_add_char(out, (char)((uint64_t)time >> shift & 255));
	cosigned(text, (uint64_t)time, &message);
	return key_sign(k, alg, str_buf(&message), out, e);
}

int note_sign(struct buf *note, struct str name, enum note_kind kind, const struct key *k,
	      int64_t time, struct err *e)
{
	struct arena a CLEANUP(arena_done) = { 0 };
	struct buf bytes CLEANUP(buf_done) = { 0 };
	struct note n = { 0 };
	struct err none = { 0 };
	unsigned char hint[HINT];
	if (!note_name_valid(name))
		return err_set(e, ERR_INVALID, "'%.*s' cannot be a key's name",
			       STR(str_upto(name, 100)));
	bool whole = note_parse(str_buf(note), &a, &n, &none) == 0;
	struct str text = whole ? n.text : str_buf(note);
	if (!str_ends(text, S("\n")) || !is_text(text) || note->n > NOTE_MAX)
		return err_set(e, ERR_INVALID, "what is to be signed is no text of a note");
	note_hint(name, kind, k, hint);
	buf_add(&bytes, hint, HINT);
	if (make_signature(text, kind, k, time, &bytes, e))
		return err_in(e, "signing a note as '%.*s'", STR(str_upto(name, 100)));
	if (!whole)
		buf_add_char(note, '\n');
	buf_add_str(note, str_of(dash));
	buf_add_str(note, name);
	buf_add_char(note, ' ');
	base64_encode(str_buf(&bytes), note);
	buf_add_char(note, '\n');
	return 0;
}
