/* Signed certificate timestamps inside certificates (RFC 6962, sections 3.2 and 3.3). What the log signed is the certificate
 * before its timestamps were in it: the TBSCertificate with the list's extension cut out and the lengths around it written
 * anew, everything else byte for byte. Hostile lists claim lengths that they do not have; timestamps of versions other than
 * 1 are passed over, as the specification says. */
#include "trust/x509.h"
#include "trust/der.h"

#define SCT_LIST "1.3.6.1.4.1.11129.2.4.2"
enum { TBS_EXTENSIONS = 0xa3, TLS_SHA256 = 4, TLS_RSA = 1, TLS_ECDSA = 3, ENTRY_PRECERT = 1 };

/* A big-endian number of n bytes off the front. */
static bool take_number(struct str *in, unsigned n, uint64_t *out)
{
	if (in->n < n)
		return false;
	*out = 0;
	for (unsigned i = 0; i < n; i++)
		*out = *out << 8 | (unsigned char)in->p[i];
	*in = str_from(*in, n);
	return true;
}

static bool take_bytes(struct str *in, size_t n, struct str *out)
{
	if (in->n < n)
		return false;
	*out = str_upto(*in, n);
	*in = str_from(*in, n);
	return true;
}

static bool take_vector(struct str *in, struct str *out)
{
	struct str rest = *in;
	uint64_t n;
	if (!take_number(&rest, 2, &n) || !take_bytes(&rest, (size_t)n, out))
		return false;
	*in = rest;
	return true;
}

static bool parse_sct(struct str in, struct sct *out)
{
	struct str log;
	uint64_t time, hash, alg;
	if (!take_bytes(&in, 32, &log) || !take_number(&in, 8, &time) || time > INT64_MAX ||
	    !take_vector(&in, &out->extensions) || !take_number(&in, 1, &hash) ||
	    !take_number(&in, 1, &alg) || !take_vector(&in, &out->signature) || in.n != 0)
		return false;
	out->log = (struct digest){ .alg = DIGEST_SHA256, .len = 32 };
	memcpy(out->log.bytes, log.p, 32);
	out->time = (int64_t)time;
	out->hash_alg = (unsigned char)hash;
	out->signature_alg = (unsigned char)alg;
	return true;
}

int cert_scts(const struct cert *c, struct sct v[SCTS_MAX], struct err *e)
{
	bool critical;
	struct str value, octets, list, one;
	uint64_t version;
	int n = 0;
	if (!cert_extension(c, SCT_LIST, &critical, &value))
		return 0;
	if (!der_take(&value, DER_OCTETS, &octets) || value.n != 0 ||
	    !take_vector(&octets, &list) || octets.n != 0)
		return err_set(e, ERR_INVALID, "the certificate's list of SCTs is broken");
	while (list.n > 0) {
		if (!take_vector(&list, &one) || !take_number(&one, 1, &version))
			return err_set(e, ERR_INVALID, "the certificate's list of SCTs is broken");
		if (version != 0)
			continue;
		if (n == SCTS_MAX)
			return err_set(e, ERR_LIMIT, "more than %d SCTs in a certificate",
				       SCTS_MAX);
		if (!parse_sct(one, &v[n++]))
			return err_set(e, ERR_INVALID, "an SCT of the certificate is broken");
	}
	return n;
}

/* The extensions without the list. */
static bool cut_list(struct str extensions, struct buf *out)
{
	static const char oid[] = {
		0x2b, 0x06, 0x01, 0x04, 0x01, (char)0xd6, 0x79, 0x02, 0x04, 0x02
	};
	struct str all, inside, type;
	struct der one;
	if (!der_take(&extensions, DER_SEQUENCE, &all) || extensions.n != 0)
		return false;
	while (all.n > 0) {
		if (!der_next(&all, &one))
			return false;
		inside = one.content;
		if (!der_take(&inside, DER_OID, &type))
			return false;
		if (!str_eq(type, (struct str){ oid, sizeof oid }))
			buf_add_str(out, one.whole);
	}
	return true;
}

/* The TBSCertificate that the log saw. */
static bool precert_tbs(const struct cert *c, struct buf *out)
{
	struct str der = cert_der(c), inside, tbs;
	struct buf extensions CLEANUP(buf_done) = { 0 };
	struct der field;
	if (!der_take(&der, DER_SEQUENCE, &inside) || !der_take(&inside, DER_SEQUENCE, &tbs))
		return false;
	while (tbs.n > 0) {
		if (!der_next(&tbs, &field))
			return false;
		if (field.tag != TBS_EXTENSIONS) {
			buf_add_str(out, field.whole);
			continue;
		}
		if (!cut_list(field.content, &extensions))
			return false;
		der_wrap(&extensions, DER_SEQUENCE);
		der_wrap(&extensions, TBS_EXTENSIONS);
	}
	if (extensions.n > 4) /* an empty list of extensions is left out: a3 02 30 00 */
		buf_add_str(out, str_buf(&extensions));
	der_wrap(out, DER_SEQUENCE);
	return true;
}

static void add_number(struct buf *b, uint64_t v, unsigned bytes)
{
	while (bytes-- > 0)
		buf_add_char(b, (char)(v >> 8 * bytes & 0xff));
}

bool sct_verify(const struct sct *s, const struct cert *c, const struct cert *issuer,
		const struct key *log)
{
	struct buf tbs CLEANUP(buf_done) = { 0 }, message CLEANUP(buf_done) = { 0 };
	struct digest issuer_key;
	struct cert_fields f;
	enum signature_alg alg = s->signature_alg == TLS_ECDSA ? SIGNATURE_ECDSA_SHA256
				 : s->signature_alg == TLS_RSA ? SIGNATURE_RSA_SHA256
							       : SIGNATURE_NONE;
	if (s->hash_alg != TLS_SHA256 || alg == SIGNATURE_NONE ||
	    !digest_eq(&s->log, key_id(log)) || !precert_tbs(c, &tbs))
		return false;
	cert_fields(issuer, &f);
	digest_of(DIGEST_SHA256, f.spki, &issuer_key);
	add_number(&message, 0, 2); /* version 1, certificate_timestamp */
	add_number(&message, (uint64_t)s->time, 8);
	add_number(&message, ENTRY_PRECERT, 2);
	buf_add(&message, issuer_key.bytes, issuer_key.len);
	add_number(&message, tbs.n, 3);
	buf_add_str(&message, str_buf(&tbs));
	add_number(&message, s->extensions.n, 2);
	buf_add_str(&message, s->extensions);
	return key_verify(log, alg, str_buf(&message), s->signature);
}
