/* lazaret clean IMAGE: removes what is attached to an image, and what is attached to that. The image itself is never
 * removed, whatever a tag of cosign's claims to be. */
#include "cmd/registry_options.h"
#include "trust/image_tree.h"

#include <stdio.h>
#include <unistd.h>

static const struct option options[] = {
	{ "type", 0, "KIND", "signature attestation sbom referrer all", false, false,
	  "signature, attestation, sbom, referrer or all" },
	{ "force", 'f', NULL, NULL, false, false, "do not ask" },
	{ "recursive", 'r', NULL, NULL, false, false, "of every manifest of an index, too" },
#include "cmd/registry_options.def"
	{ 0 },
};

static const struct kind {
	struct str name;
	unsigned kinds; /* 1u << enum attached_kind */
	bool referrers; /* only those, of any kind */
} kinds[] = {
	{ S("all"), ~0u, false },
	{ S("signature"), 1u << ATTACHED_SIGNATURE, false },
	{ S("attestation"), 1u << ATTACHED_ATTESTATION, false },
	{ S("sbom"), 1u << ATTACHED_SBOM, false },
	{ S("referrer"), ~0u, true },
};
static const char *const words[] = { "signature", "attestation", "sbom", "other" };

struct clean {
	const struct args *args;
	struct opened_image image;
	const struct kind *kind;
	struct tree_node tree;
	/* What goes: attached to attached first. */
	struct victim {
		const struct tree_node *node;
		const struct digest *subject;
	} * v;
	size_t n, cap;
};

static bool is_image(const struct tree_node *node, const struct digest *d)
{
	if (digest_eq(&node->d.digest, d))
		return true;
	for (size_t i = 0; i < node->n_children; i++)
		if (is_image(&node->children[i], d))
			return true;
	return false;
}

static int choose(struct clean *c, const struct tree_node *of, bool all, struct err *e)
{
	char text[DIGEST_TEXT];
	for (size_t i = 0; i < of->n_attachments; i++) {
		const struct tree_node *one = &of->attachments[i];
		const struct attached *t = &one->attached;
		if (!all && (!(c->kind->kinds & 1u << t->kind) || (c->kind->referrers && t->tag.n)))
			continue;
		if (is_image(&c->tree, &t->manifest.digest))
			return err_set(e, ERR_INVALID,
				       "%.*s names the image itself, %s: nothing was removed",
				       STR(t->tag.n ? t->tag : S("a referrer")),
				       digest_text(&t->manifest.digest, text));
		if (choose(c, one, true, e))
			return e->code;
		*ARENA_PUSH(c->args->arena, c->v, c->n, c->cap) =
			(struct victim){ one, &of->d.digest };
	}
	for (size_t i = 0; args_flag(c->args, "recursive") && i < of->n_children; i++)
		if (choose(c, &of->children[i], false, e))
			return e->code;
	return 0;
}

static void print_victims(const struct clean *c, FILE *to)
{
	char text[DIGEST_TEXT];
	for (size_t i = 0; i < c->n; i++) {
		const struct attached *t = &c->v[i].node->attached;
		fprintf(to, "%-11s %s%s%.*s\n", words[t->kind],
			digest_text(&t->manifest.digest, text), t->tag.n ? " " : "", STR(t->tag));
	}
}

static bool is_agreed(const struct clean *c)
{
	char line[16] = "";
	print_victims(c, stderr);
	fputs("Remove these? [y/N] ", stderr);
	return fgets(line, sizeof line, stdin) && (line[0] == 'y' || line[0] == 'Y');
}

/* A tag goes alone where the registry can do that, else the manifest that it names. */
static int remove_tag(struct source *s, const struct attached *t, struct err *e)
{
	int r = s->ops->remove(s, &t->manifest.digest, t->tag, e);
	if (r != ERR_UNSUPPORTED && r != ERR_NOT_FOUND)
		return r;
	r = s->ops->remove(s, &t->manifest.digest, S(""), e);
	return r == ERR_NOT_FOUND ? 0 : r;
}

static int remove_one(const struct clean *c, const struct victim *v, struct err *e)
{
	struct source *s = c->image.attachments;
	const struct attached *t = &v->node->attached;
	char text[DIGEST_TEXT];
	int r = t->tag.n ? remove_tag(s, t, e)
			 : source_remove_referrer(s, v->subject, &t->manifest.digest, e);
	if (r == ERR_UNSUPPORTED)
		return err_in(e, "%s: it does not let manifests be removed",
			      digest_text(&t->manifest.digest, text));
	return r;
}

static int remove_all(const struct clean *c, struct err *e)
{
	for (size_t i = 0; i < c->n; i++) {
		if (remove_one(c, &c->v[i], e))
			return err_in(e, "%zu of %zu are removed", i, c->n);
	}
	print_victims(c, stdout);
	say(c->args, "%zu removed", c->n);
	return source_finish(c->image.attachments, e);
}

static bool can_ask(const struct args *a)
{
	return args_flag(a, "force") || (isatty(STDIN_FILENO) && isatty(STDERR_FILENO));
}

static int open_image(struct clean *c, bool *wrong, struct err *e)
{
	struct tree_options o = { 0 };
	int r = opened_image_open(c->args, c->args->words.v[0], S(""), &c->image, wrong, e);
	if (r)
		return r;
	o.attachments = c->image.other;
	if ((r = image_tree(c->image.s, &o, c->args->arena, &c->tree, e)))
		return r;
	if (!c->image.attachments->ops->remove)
		return err_set(e, ERR_UNSUPPORTED, "%.*s: nothing can be removed from a %s",
			       STR(c->image.attachments->target),
			       c->image.attachments->ops->scheme);
	return choose(c, &c->tree, false, e);
}

static int run(const struct args *a)
{
	struct clean c = { .args = a };
	struct err e = { 0 };
	bool wrong = false;
	struct str type = args_str(a, "type");
	size_t k = 0;
	int status = EXIT_YES;
	while (k < COUNT(kinds) && type.n && !str_eq(kinds[k].name, type))
		k++;
	if (a->words.n != 1)
		return usage(a, "wanted: one image");
	if (k == COUNT(kinds))
		return usage(a, "--type: there is no kind '%.*s'", STR(type));
	if (!can_ask(a))
		return usage(a, "nobody can be asked here: --force removes without asking");
	c.kind = &kinds[k];
	int r = open_image(&c, &wrong, &e);
	if (r == 0 && c.n == 0)
		say(a, "nothing is attached that is of this kind");
	else if (r == 0 && !args_flag(a, "force") && !is_agreed(&c))
		status = EXIT_NO;
	else if (r == 0)
		r = remove_all(&c, &e);
	opened_image_close(&c.image);
	return r == 0 ? status : wrong ? usage(a, "%s", e.text) : fail(a, &e);
}

const struct command command_clean = { "clean", "remove what is attached to an image", NULL,
				       options, run };
