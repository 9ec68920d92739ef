/* lazaret copy SOURCE DESTINATION: an image with all that belongs to it, from any kind of source into any that is written
 * (registry, layout, OCI archive). */
#include "cmd/copy.h"

#include "cmd/alarm.h"
#include "cmd/progress.h"
#include "cmd/registry_options.h"
#include "trust/image_tree.h"

#include <stdio.h>

static const struct option options[] = {
	{ "only", 0, "LIST", "sig att sbom", true, true, "only these attachments, not the image" },
	{ "platform", 0, "OS/ARCH", "linux/amd64 linux/arm64 all", false, false,
	  "only this one of an index" },
	{ "recursive", 'r', NULL, NULL, false, false, "every manifest of an index (it is so)" },
	{ "force", 'f', NULL, NULL, false, false, "move tags that are there already" },
#include "cmd/registry_options.def"
	{ 0 },
};

static const char *const kinds[] = { "signature", "attestation", "sbom", "other" };

struct job {
	const struct args *args;
	const struct copy_job *j;
	struct source_options options;
	struct source *from, *to, *other, *there;
	struct platform platform;
	struct progress progress;
	size_t carried;
};

static void on_carried(void *ctx, const struct tree_node *node)
{
	struct job *j = ctx;
	char text[DIGEST_TEXT];
	const char *what = node->is_attached ? kinds[node->attached.kind]
			   : node->index     ? "index"
					     : "image";
	progress_clear(&j->progress);
	digest_text(&node->d.digest, text);
	if (node->is_attached && node->attached.tag.n)
		printf("%-11s %s %.*s\n", what, text, STR(node->attached.tag));
	else
		printf("%-11s %s\n", what, text);
	j->carried++;
}

static void on_step(void *ctx, const char *what)
{
	progress_text(&((struct job *)ctx)->progress, what);
}

static int read_only(const struct copy_job *c, struct carry_options *o, struct err *e)
{
	static const struct {
		const char *word;
		unsigned kinds;
	} words[] = { { "sig", 1u << ATTACHED_SIGNATURE },
		      { "att", 1u << ATTACHED_ATTESTATION },
		      { "sbom", 1u << ATTACHED_SBOM } };
	o->image = c->only.n == 0;
	o->kinds = o->image ? ~0u : 0;
	for (size_t i = 0; i < c->only.n; i++) {
		size_t k = 0;
		while (k < COUNT(words) && !str_eq(str_of(words[k].word), c->only.v[i]))
			k++;
		if (k == COUNT(words))
			return err_set(e, ERR_INVALID, "--only: '%.*s' is none of sig, att, sbom",
				       STR(c->only.v[i]));
		o->kinds |= words[k].kinds;
	}
	return 0;
}

/* The name at the destination; a digest names itself. */
static struct str name_there(const struct job *j)
{
	const struct source *to = j->to, *from = j->from;
	bool registry = to->ref.repository.n != 0;
	struct str own = registry ? to->ref.tag : to->wanted;
	if (j->j->name.n)
		return j->j->name;
	if (own.n || registry)
		return own;
	return from->ref.tag.n ? from->ref.tag : from->wanted;
}

/* What the name points at before: nothing, the same, or (--force) another. */
static int check_name(const struct job *j, struct str name, const struct digest *d,
		      struct digest *before, struct err *e)
{
	struct descriptor there = { 0 };
	char text[DIGEST_TEXT];
	*before = (struct digest){ 0 };
	if (!name.n)
		return 0;
	int r = source_find(j->to, name, &there, e);
	if (r)
		return r == ERR_NOT_FOUND ? 0 : r;
	*before = there.digest;
	if (digest_eq(&there.digest, d) || j->j->force)
		return 0;
	return err_set(e, ERR_CONFLICT, "%.*s is there already, as %s; --force moves it",
		       STR(j->to->target), digest_text(&there.digest, text));
}

static int set_name(struct job *j, struct str name, const struct digest *before,
		    const struct descriptor *d, struct err *e)
{
	bool registry = j->to->ref.repository.n != 0;
	if (digest_eq(before, &d->digest) || (registry && !name.n))
		return 0;
	return j->to->ops->tag(j->to, name, d, name.n ? before : NULL, e);
}

static void say_notes(const struct job *j, const struct tree_node *node)
{
	for (size_t i = 0; i < node->notes.n; i++)
		say(j->args, "lazaret %s: left behind: %.*s", j->args->command->name,
		    STR(node->notes.v[i]));
	for (size_t i = 0; i < node->n_attachments; i++)
		say_notes(j, &node->attachments[i]);
	for (size_t i = 0; i < node->n_children; i++)
		say_notes(j, &node->children[i]);
}

static int check_digest(const struct job *j, const struct digest *d, struct err *e)
{
	char wanted[DIGEST_TEXT], have[DIGEST_TEXT];
	const struct digest *w = &j->to->ref.digest;
	if (w->alg == DIGEST_NONE || digest_eq(w, d))
		return 0;
	return err_set(e, ERR_INVALID, "the destination names %s, the image is %s",
		       digest_text(w, wanted), digest_text(d, have));
}

static int carry(struct job *j, const struct carry_options *o, struct err *e)
{
	struct tree_node tree;
	struct digest before;
	struct tree_options t = { j->other, j->platform.os.n ? &j->platform : NULL };
	int r = image_tree(j->from, &t, j->args->arena, &tree, e);
	if (r)
		return r;
	struct str name = o->image ? name_there(j) : S("");
	if ((r = check_digest(j, &tree.d.digest, e)) ||
	    (r = check_name(j, name, &tree.d.digest, &before, e)) ||
	    (r = image_carry(j->from, j->to, &tree, o, e)))
		return r;
	if (o->image && (r = set_name(j, name, &before, &tree.d, e)))
		return r;
	progress_clear(&j->progress);
	say_notes(j, &tree);
	return source_finish(j->to, e);
}

static int open_both(struct job *j, struct err *e)
{
	int r = source_open(j->j->from, &j->options, &j->from, e);
	if (r == 0)
		r = registry_attachments(j->args, &j->options, j->from, &j->other, e);
	r = r ? r : source_create(j->j->to, &j->options, &j->to, e);
	if (r == 0 && j->j->attachments_there)
		r = registry_attachments(j->args, &j->options, j->to, &j->there, e);
	return r;
}

int copy_run(const struct args *a, const struct copy_job *c)
{
	struct job j = { .args = a, .j = c };
	struct carry_options o = {
		.force = c->force, .carried = on_carried, .step = on_step, .ctx = &j
	};
	struct err e = { 0 };
	bool all = !c->platform.n || str_eq(c->platform, S("all"));
	if (registry_options_read(a, &j.options, &e) || alarm_start(a, &e) ||
	    read_only(c, &o, &e) ||
	    (!all && platform_parse(a->arena, c->platform, &j.platform, &e)))
		return e.code == ERR_INVALID ? usage(a, "%s", e.text) : fail(a, &e);
	progress_start(&j.progress, a);
	int r = open_both(&j, &e);
	o.attachments = j.other;
	o.attachments_to = j.there;
	if (r == 0)
		r = carry(&j, &o, &e);
	progress_stop(&j.progress);
	source_close(j.other);
	source_close(j.there);
	source_close(j.to);
	source_close(j.from);
	if (r)
		return fail(a, &e);
	say(a, "%zu manifests are at %.*s", j.carried, STR(c->to));
	return EXIT_YES;
}

static int run(const struct args *a)
{
	if (a->words.n != 2)
		return usage(a, "wanted: a source and a destination");
	struct copy_job j = { .from = a->words.v[0],
			      .to = a->words.v[1],
			      .platform = args_str(a, "platform"),
			      .only = args_list(a, "only"),
			      .force = args_flag(a, "force") };
	return copy_run(a, &j);
}

const struct command command_copy = { "copy", "copy an image with all that is attached to it", NULL,
				      options, run };
