/* lazaret tree IMAGE: the manifests of an image and all that is attached to them. Nothing is verified but digests. */
#include "base/json.h"
#include "cmd/registry_options.h"
#include "trust/image_tree.h"

#include <stdio.h>

static const struct option options[] = {
	{ "format", 'f', "FORMAT", "text json", false, false, "text or json" },
	{ "platform", 0, "OS/ARCH", "linux/amd64 linux/arm64", false, false,
	  "only this one of an index" },
#include "cmd/registry_options.def"
	{ 0 },
};

static const char *const kinds[] = { "signature", "attestation", "sbom", "other" };

/* What it is, in a few words, without bytes that a terminal would obey. */
static void print_clean(struct str s)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	buf_add_shown(&b, str_upto(s, 300));
	fputs(buf_cstr(&b), stdout);
}

static void print_what(const struct tree_node *node, struct arena *a)
{
	const struct attached *t = &node->attached;
	if (!node->is_attached) {
		bool told = node->d.platform.os.n || node->d.platform.arch.n;
		fputs(node->index ? "index" : "image", stdout);
		if (told) {
			putchar(' ');
			print_clean(platform_text(a, &node->d.platform));
		}
		return;
	}
	printf("%s", kinds[t->kind]);
	if (*t->format)
		printf(" %s", t->format);
	if (t->predicate_type.n || t->kind == ATTACHED_OTHER) {
		putchar(' ');
		print_clean(t->predicate_type.n ? t->predicate_type : t->manifest.artifact_type);
	}
	if (t->tag.n)
		printf(" by tag %.*s", STR(t->tag));
}

static void print_node(const struct tree_node *node, struct buf *lead, const char *mine,
		       const char *theirs, struct arena *a)
{
	char text[DIGEST_TEXT];
	size_t n = lead->n, total = node->n_attachments + node->n_children;
	printf("%s%s", buf_cstr(lead), mine);
	print_what(node, a);
	printf("  %s\n", digest_text(&node->d.digest, text));
	buf_add_str(lead, str_of(theirs));
	for (size_t i = 0; i < total; i++) {
		const struct tree_node *sub = i < node->n_attachments
						      ? &node->attachments[i]
						      : &node->children[i - node->n_attachments];
		bool last = i + 1 == total;
		print_node(sub, lead, last ? "└── " : "├── ", last ? "    " : "│   ", a);
	}
	lead->n = n;
}

static void put_node(struct json_out *o, const struct tree_node *node, struct arena *a)
{
	char text[DIGEST_TEXT];
	json_begin_object(o);
	json_put_member(o, "digest", str_of(digest_text(&node->d.digest, text)));
	json_put_member_opt(o, "mediaType", node->d.media_type);
	if (node->is_attached) {
		json_put_member(o, "kind", str_of(kinds[node->attached.kind]));
		json_put_member_opt(o, "format", str_of(node->attached.format));
		json_put_member_opt(o, "artifactType", node->attached.manifest.artifact_type);
		json_put_member_opt(o, "predicateType", node->attached.predicate_type);
		json_put_member_opt(o, "tag", node->attached.tag);
	} else if (node->d.platform.os.n) {
		json_put_member(o, "platform", platform_text(a, &node->d.platform));
	}
	json_put_key(o, "attached");
	json_begin_array(o);
	for (size_t i = 0; i < node->n_attachments; i++)
		put_node(o, &node->attachments[i], a);
	json_end_array(o);
	if (node->index) {
		json_put_key(o, "manifests");
		json_begin_array(o);
		for (size_t i = 0; i < node->n_children; i++)
			put_node(o, &node->children[i], a);
		json_end_array(o);
	}
	json_end_object(o);
}

static void say_notes(const struct args *a, const struct tree_node *node)
{
	for (size_t i = 0; i < node->notes.n; i++)
		say(a, "lazaret tree: left out: %.*s", STR(node->notes.v[i]));
	for (size_t i = 0; i < node->n_attachments; i++)
		say_notes(a, &node->attachments[i]);
	for (size_t i = 0; i < node->n_children; i++)
		say_notes(a, &node->children[i]);
}

static void print(const struct args *a, const struct tree_node *tree, bool json)
{
	struct buf b CLEANUP(buf_done) = { 0 };
	struct json_out o;
	if (json) {
		json_out_init(&o, &b, 2);
		put_node(&o, tree, a->arena);
		puts(buf_cstr(&b));
	} else {
		print_node(tree, &b, "", "", a->arena);
	}
	say_notes(a, tree);
}

static int run(const struct args *a)
{
	struct opened_image image CLEANUP(opened_image_close);
	struct tree_node tree;
	struct platform want;
	struct err e = { 0 };
	bool wrong = false;
	struct str format = args_str(a, "format"), platform = args_str(a, "platform");
	bool json = str_eq(format, S("json"));
	image = (struct opened_image){ 0 };
	if (a->words.n != 1)
		return usage(a, "wanted: one image");
	if (format.n && !json && !str_eq(format, S("text")))
		return usage(a, "--format: there is no format '%.*s'", STR(format));
	if (platform.n && platform_parse(a->arena, platform, &want, &e))
		return usage(a, "--platform: %s", e.text);
	int r = opened_image_open(a, a->words.v[0], S(""), &image, &wrong, &e);
	if (wrong)
		return usage(a, "%s", e.text);
	struct tree_options o = { image.other, platform.n ? &want : NULL };
	if (r || image_tree(image.s, &o, a->arena, &tree, &e))
		return fail(a, &e);
	print(a, &tree, json);
	return EXIT_YES;
}

const struct command command_tree = { "tree", "show all that is attached to an image", NULL,
				      options, run };
