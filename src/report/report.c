/* Names of verdicts, and how documents name an image and themselves. */
#include "report/report.h"

#include "report/text.h"

const char *verdict_name(enum verdict_kind v)
{
	static const char *const names[] = { "clean", "findings", "denied", "unknown" };
	return names[v];
}

/* A value of a qualifier or a name: '/' is no separator in it. */
static void put_part(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
			     (c >= 'A' && c <= 'Z') || (c && strchr(".-_~:", c));
		buf_addf(b, plain ? "%c" : "%%%02X", c);
	}
}

struct str report_image_purl(struct arena *a, const struct inventory *inv)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	char text[DIGEST_TEXT];
	if (!inv->image)
		return (struct str){ 0 };
	/* Without tag and digest; an archive or a layout has no repository, its path has a name all the same. */
	struct str name = inv->reference.n ? inv->reference : inv->target;
	struct str repository = str_cut(&name, '@');
	ssize_t slash = str_rfind_char(repository, '/'), colon = str_rfind_char(repository, ':');
	if (colon > slash && slash >= 0)
		repository = str_upto(repository, (size_t)colon);
	struct str last = str_from(repository, (size_t)(slash + 1));
	last = str_from(last, (size_t)(str_rfind_char(last, ':') + 1));
	buf_add_str(&b, S("pkg:oci/"));
	if (!last.n)
		last = S("image");
	for (size_t i = 0; i < last.n; i++) {
		char c = last.p[i];
		put_part(&b,
			 (struct str){ (char[]){ (char)(c >= 'A' && c <= 'Z' ? c + 32 : c) }, 1 });
	}
	if (inv->image->self.digest.alg != DIGEST_NONE) {
		buf_add_char(&b, '@');
		put_part(&b, str_of(digest_text(&inv->image->self.digest, text)));
	}
	const char *mark = "?";
	if (inv->platform.arch.n) {
		buf_addf(&b, "%sarch=", mark);
		put_part(&b, inv->platform.arch);
		mark = "&";
	}
	if (inv->reference.n && slash >= 0) {
		buf_addf(&b, "%srepository_url=", mark);
		put_part(&b, repository);
	}
	return arena_str(a, str_buf(&b));
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
