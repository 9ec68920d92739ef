/* The names in a certificate: distinguished names (RFC 4514 as text, or part by part) and alternative names (RFC 5280,
 * section 4.2.1.6) with Fulcio's OtherName. A value with a NUL inside or of broken encoding could be read differently by
 * two programs, so such a value is no value. */
#include "trust/openssl.h"
#include "trust/x509_cert.h"
#include "trust/der.h"

/* NULL for what is no name. */
static X509_NAME *parse_name(struct str der)
{
	const unsigned char *p = (const unsigned char *)der.p;
	return d2i_X509_NAME(NULL, &p, (long)der.n);
}

static struct str name_text(struct str der, struct arena *a)
{
	X509_NAME *name = parse_name(der);
	BIO *out = BIO_new(BIO_s_mem());
	char *p = NULL;
	struct str s = { 0 };
	if (out &&
	    X509_NAME_print_ex(out, name, 0,
			       XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) >= 0) {
		long n = BIO_get_mem_data(out, &p);
		if (n > 0)
			s = arena_str(a, (struct str){ p, (size_t)n });
	}
	BIO_free(out);
	X509_NAME_free(name);
	ERR_clear_error();
	return s;
}

struct str cert_subject(const struct cert *c, struct arena *a)
{
	return name_text(c->fields.subject, a);
}

struct str cert_issuer(const struct cert *c, struct arena *a)
{
	return name_text(c->fields.issuer, a);
}

struct str cert_shown(const struct cert *c, struct arena *a)
{
	struct str s = cert_subject(c, a);
	if (s.n > 0)
		return str_upto(s, 150);
	struct buf hex CLEANUP(buf_done) = { 0 };
	struct str serial = c->fields.serial, number = { 0 };
	der_take(&serial, DER_INTEGER, &number);
	for (size_t i = 0; i < number.n && i < 32; i++)
		buf_addf(&hex, "%02X", (unsigned char)number.p[i]);
	return arena_printf(a, "serial number %.*s", STR(str_buf(&hex)));
}

/* False for what is no text. OpenSSL takes an IA5String for Latin-1, others for UTF-8: only ASCII is the same to all. */
static bool text_of(const ASN1_STRING *s, struct arena *a, struct str *out)
{
	unsigned char *utf8 = NULL;
	for (int i = 0; s->type == V_ASN1_IA5STRING && i < s->length; i++)
		if (s->data[i] >= 0x80)
			return false;
	int n = ASN1_STRING_to_UTF8(&utf8, s);
	struct str text = { (const char *)utf8, n > 0 ? (size_t)n : 0 };
	bool ok = n >= 0 && str_is_utf8(text);
	if (ok)
		*out = arena_str(a, text);
	OPENSSL_free(utf8);
	ERR_clear_error();
	return ok;
}

static struct str type_of(const ASN1_OBJECT *o, struct arena *a)
{
	static const struct {
		int nid;
		const char *name; /* as other programs spell it, not OpenSSL's */
	} names[] = { { NID_commonName, "CN" },	       { NID_countryName, "C" },
		      { NID_localityName, "L" },       { NID_stateOrProvinceName, "ST" },
		      { NID_organizationName, "O" },   { NID_organizationalUnitName, "OU" },
		      { NID_streetAddress, "STREET" }, { NID_domainComponent, "DC" },
		      { NID_userId, "UID" },	       { NID_serialNumber, "SERIALNUMBER" },
		      { NID_postalCode, "POSTALCODE" } };
	int nid = OBJ_obj2nid(o);
	char oid[128];
	for (size_t i = 0; i < COUNT(names); i++)
		if (nid == names[i].nid)
			return str_of(names[i].name);
	return OBJ_obj2txt(oid, sizeof oid, o, 1) > 0 ? arena_str(a, str_of(oid)) : S("");
}

static bool read_parts(const X509_NAME *name, struct arena *a, struct name_part **v, size_t *n)
{
	int count = X509_NAME_entry_count(name), last = -1;
	struct name_part *parts = arena_array(a, (size_t)count + 1, sizeof *parts);
	for (int i = 0; i < count; i++) {
		const X509_NAME_ENTRY *x = X509_NAME_get_entry(name, i);
		if (X509_NAME_ENTRY_set(x) == last)
			return false;
		last = X509_NAME_ENTRY_set(x);
		parts[i].type = type_of(X509_NAME_ENTRY_get_object(x), a);
		if (!text_of(X509_NAME_ENTRY_get_data(x), a, &parts[i].value))
			return false;
	}
	*v = parts;
	*n = (size_t)count;
	return true;
}

bool cert_subject_parts(const struct cert *c, struct arena *a, struct name_part **v, size_t *n)
{
	X509_NAME *name = parse_name(c->fields.subject);
	bool ok = name && read_parts(name, a, v, n);
	X509_NAME_free(name);
	ERR_clear_error();
	return ok;
}

static bool other_name(const OTHERNAME *o, struct arena *a, struct str *out)
{
	char oid[64];
	return OBJ_obj2txt(oid, sizeof oid, o->type_id, 1) > 0 &&
	       strcmp(oid, "1.3.6.1.4.1.57264.1.7") == 0 && o->value->type == V_ASN1_UTF8STRING &&
	       text_of(o->value->value.utf8string, a, out);
}

static bool san_of(const GENERAL_NAME *g, struct arena *a, struct san *out)
{
	const ASN1_OCTET_STRING *ip = g->d.iPAddress;
	switch (g->type) {
	case GEN_URI:
		out->kind = SAN_URI;
		return text_of(g->d.uniformResourceIdentifier, a, &out->value);
	case GEN_EMAIL:
		out->kind = SAN_EMAIL;
		return text_of(g->d.rfc822Name, a, &out->value);
	case GEN_DNS:
		out->kind = SAN_DNS;
		return text_of(g->d.dNSName, a, &out->value);
	case GEN_OTHERNAME:
		out->kind = SAN_OTHER_NAME;
		return other_name(g->d.otherName, a, &out->value);
	case GEN_IPADD:
		out->kind = SAN_IP;
		out->value =
			arena_str(a, (struct str){ (const char *)ip->data, (size_t)ip->length });
		return true;
	default:
		return false;
	}
}

void cert_sans(const struct cert *c, struct arena *a, struct san **v, size_t *n)
{
	struct str value = { 0 };
	bool critical;
	cert_extension(c, "2.5.29.17", &critical, &value);
	const unsigned char *p = (const unsigned char *)value.p;
	GENERAL_NAMES *names = value.n ? d2i_GENERAL_NAMES(NULL, &p, (long)value.n) : NULL;
	int count = names ? sk_GENERAL_NAME_num(names) : 0;
	struct san *found = arena_array(a, CERT_SANS_MAX, sizeof *found);
	size_t k = 0;
	for (int i = 0; i < count && k < CERT_SANS_MAX; i++)
		k += san_of(sk_GENERAL_NAME_value(names, i), a, &found[k]);
	GENERAL_NAMES_free(names);
	ERR_clear_error();
	*v = found;
	*n = k;
}

X509 *cert_x509(const struct cert *c)
{
	const unsigned char *p = (const unsigned char *)c->der.p;
	X509 *x = d2i_X509(NULL, &p, (long)c->der.n);
	ERR_clear_error();
	return x;
}

int cert_from_x509(X509 *x, struct cert **out, struct err *e)
{
	unsigned char *der = NULL;
	int n = i2d_X509(x, &der);
	int r = cert_parse((struct str){ (const char *)der, n > 0 ? (size_t)n : 0 }, out, e);
	OPENSSL_free(der);
	return r;
}

/* OpenSSL's rules of names, on its own view of the certificate; one that it finds broken has no names to allow. */
bool cert_names_allowed(const struct cert *c, const struct cert *ca)
{
	const unsigned char *p = (const unsigned char *)ca->constraints.p;
	NAME_CONSTRAINTS *constraints = (NAME_CONSTRAINTS *)ASN1_item_d2i(
		NULL, &p, (long)ca->constraints.n, ASN1_ITEM_rptr(NAME_CONSTRAINTS));
	X509 *x = cert_x509(c);
	/* Asking for the flags is what makes OpenSSL read the alternative names. */
	bool ok = constraints && x &&
		  p == (const unsigned char *)ca->constraints.p + ca->constraints.n &&
		  !(X509_get_extension_flags(x) & EXFLAG_INVALID) &&
		  NAME_CONSTRAINTS_check(x, constraints) == X509_V_OK;
	NAME_CONSTRAINTS_free(constraints);
	X509_free(x);
	ERR_clear_error();
	return ok;
}
