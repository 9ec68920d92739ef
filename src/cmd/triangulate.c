/* lazaret triangulate IMAGE: the tag where cosign keeps what is attached to an image. */
#include "cmd/registry_options.h"
#include "trust/attached.h"

#include <stdio.h>

static const struct option options[] = {
	{ "type", 0, "KIND", "signature attestation sbom digest", false, false,
	  "signature, attestation, sbom or digest" },
#include "cmd/registry_options.def"
	{ 0 },
};

static const struct kind {
	struct str name;
	const char *suffix; /* NULL: the image itself */
} kinds[] = {
	{ S("signature"), ".sig" },
	{ S("attestation"), ".att" },
	{ S("sbom"), ".sbom" },
	{ S("digest"), NULL },
};

static int run(const struct args *a)
{
	struct opened_image image = { 0 };
	struct err e = { 0 };
	char text[DIGEST_TEXT];
	bool wrong = false;
	struct str type = args_str(a, "type");
	size_t k = 0;
	while (k < COUNT(kinds) && type.n && !str_eq(kinds[k].name, type))
		k++;
	if (a->words.n != 1)
		return usage(a, "wanted: one image");
	if (k == COUNT(kinds))
		return usage(a, "--type: there is no kind '%.*s'", STR(type));
	int r = opened_image_open(a, a->words.v[0], S(""), &image, &wrong, &e);
	if (r == 0 && image.s->ref.repository.n == 0)
		r = err_set(&e, ERR_UNSUPPORTED, "%.*s is not in a registry", STR(a->words.v[0]));
	if (r == 0) {
		const struct reference *at =
			kinds[k].suffix ? &image.attachments->ref : &image.s->ref;
		printf("%.*s/%.*s", STR(at->host), STR(at->repository));
		if (kinds[k].suffix)
			printf(":%.*s\n",
			       STR(attached_tag(a->arena, &image.self.digest, kinds[k].suffix)));
		else
			printf("@%s\n", digest_text(&image.self.digest, text));
	}
	opened_image_close(&image);
	return r == 0 ? EXIT_YES : wrong ? usage(a, "%s", e.text) : fail(a, &e);
}

const struct command command_triangulate = { "triangulate", "print where cosign keeps signatures",
					     NULL, options, run };
