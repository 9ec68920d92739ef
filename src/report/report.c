/* Names of verdicts, and how documents name an image and themselves. */
#include "report/report.h"

#include "analyze/purl.h"

const char *verdict_name(enum verdict_kind v)
{
	static const char *const names[] = { "clean", "findings", "denied", "unknown" };
	return names[v];
}

struct str report_image_purl(struct arena *a, const struct inventory *inv)
{
	struct purl p = { .type = S("oci") };
	char text[DIGEST_TEXT];
	if (!inv->image)
		return (struct str){ 0 };
	/* Without tag and digest. An archive or a layout has no repository; its file has a name all the same. */
	struct str name = inv->reference.n ? inv->reference : inv->target;
	struct str repository = str_cut(&name, '@');
	ssize_t slash = str_rfind_char(repository, '/'), colon = str_rfind_char(repository, ':');
	if (colon > slash && slash >= 0)
		repository = str_upto(repository, (size_t)colon);
	p.name = str_from(repository, (size_t)(slash + 1));
	p.name = str_from(p.name, (size_t)(str_rfind_char(p.name, ':') + 1));
	if (!p.name.n)
		p.name = S("image");
	if (inv->image->self.digest.alg != DIGEST_NONE)
		p.version = str_of(digest_text(&inv->image->self.digest, text));
	purl_set_qualifier(&p, "arch", inv->platform.arch);
	if (inv->reference.n && slash >= 0)
		purl_set_qualifier(&p, "repository_url", repository);
	return purl_text(a, &p);
}

struct str report_uuid(struct arena *a, struct str seed)
{
	struct digest d;
	struct buf b CLEANUP(buf_done) = { 0 };
	digest_of(DIGEST_SHA256, seed, &d);
	d.bytes[6] = (unsigned char)((d.bytes[6] & 0x0F) | 0x80);
	d.bytes[8] = (unsigned char)((d.bytes[8] & 0x3F) | 0x80);
	for (size_t i = 0; i < 16; i++)
		buf_addf(&b, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
			 d.bytes[i]);
	return arena_str(a, str_buf(&b));
}
