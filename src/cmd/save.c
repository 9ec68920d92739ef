/* lazaret save IMAGE --dir DIR: an image with all that is attached to it as an OCI layout that cosign reads, too. */
#include "cmd/copy.h"

#include "oci/reference.h"

static const struct option options[] = {
	{ "dir", 0, "DIR", "DIR", false, false, "folder of the layout" },
#include "cmd/registry_options.def"
	{ 0 },
};

static int run(const struct args *a)
{
	struct str dir = args_str(a, "dir"), target = a->words.n ? a->words.v[0] : S("");
	struct reference ref;
	struct err ignored;
	if (a->words.n != 1 || !dir.n)
		return usage(a, "wanted: an image and --dir");
	struct copy_job j = { .from = target, .to = arena_printf(a->arena, "oci:%.*s", STR(dir)) };
	/* As cosign does: the whole reference is the name. */
	if (!str_starts(target, S("/")) && !str_starts(target, S(".")) &&
	    reference_parse(a->arena, target, &ref, &ignored) == 0)
		j.name = reference_text(a->arena, &ref);
	return copy_run(a, &j);
}

const struct command command_save = { "save", "write an image with its signatures into a folder",
				      NULL, options, run };
