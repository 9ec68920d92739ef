/* Packages: a stanza for each binary package. Hostile input may hold endless stanzas and fields (bounded) and file names
 * that leave the archive (the stanza is refused). "Source: NAME (VERSION)" where the source has another version. */
#include "vuln/deb_packages.h"

#include "vuln/deb822.h"

bool deb_path_is_safe(struct str path)
{
	if (path.n == 0 || path.n > 1000 || path.p[0] == '/')
		return false;
	for (size_t i = 0; i < path.n; i++)
		if ((unsigned char)path.p[i] <= ' ' || path.p[i] == 0x7f ||
		    strchr("%?#\\", path.p[i]))
			return false;
	while (path.n) {
		struct str part = str_cut(&path, '/');
		if (str_eq(part, S("..")) || str_eq(part, S(".")))
			return false;
	}
	return true;
}

/* Names and versions become parts of file names and lines: no white space, no '/'. */
static bool plain_word(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7f || s.p[i] == '/')
			return false;
	return s.n > 0 && s.n < 256 && s.p[0] != '.';
}

static void read_source(struct str value, struct deb_package *p)
{
	struct str rest = value, name;
	p->source = p->package;
	p->source_version = p->version;
	if (!str_word(&rest, &name))
		return;
	p->source = name;
	rest = str_trim(rest);
	if (str_starts(rest, S("(")) && str_ends(rest, S(")")) && rest.n > 2)
		p->source_version = str_trim((struct str){ rest.p + 1, rest.n - 2 });
}

static bool read_stanza(struct str stanza, struct deb_package *p)
{
	struct str name, value, source = { 0 };
	bool sized = false, hashed = false;
	*p = (struct deb_package){ 0 };
	while (deb822_field(&stanza, &name, &value)) {
		if (str_eq(name, S("Package")))
			p->package = value;
		else if (str_eq(name, S("Version")))
			p->version = value;
		else if (str_eq(name, S("Architecture")))
			p->arch = value;
		else if (str_eq(name, S("Source")))
			source = value;
		else if (str_eq(name, S("Filename")))
			p->filename = value;
		else if (str_eq(name, S("Size")))
			sized = str_to_u64(value, 1ULL << 50, &p->size);
		else if (str_eq(name, S("SHA256")))
			hashed = digest_from_hex(DIGEST_SHA256, value, &p->sha256);
	}
	read_source(source, p);
	if (str_starts(p->filename, S("./")))
		p->filename = str_from(p->filename, 2);
	return sized && hashed && plain_word(p->package) && plain_word(p->version) &&
	       plain_word(p->arch) && plain_word(p->source) && plain_word(p->source_version) &&
	       deb_path_is_safe(p->filename);
}

int deb_packages_read(struct stream *in,
		      int (*each)(void *ctx, const struct deb_package *p, struct err *e), void *ctx,
		      uint64_t *skipped, struct err *e)
{
	struct deb822 d CLEANUP(deb822_done) = { .in = in, .max = PACKAGES_STANZA_MAX };
	struct str stanza;
	uint64_t bad = 0, n = 0;
	int r;
	while ((r = deb822_next(&d, &stanza, e)) > 0) {
		struct deb_package p;
		if (n++ >= PACKAGES_MAX)
			return err_set(e, ERR_LIMIT, "more than %d packages", PACKAGES_MAX);
		if (!read_stanza(stanza, &p))
			bad++;
		else if ((r = each(ctx, &p, e)) < 0)
			break;
	}
	if (r == 0)
		*skipped = bad;
	return r;
}
