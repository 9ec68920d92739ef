/* lazaret load --dir DIR IMAGE: what save (or cosign save, or any OCI layout) wrote, into a registry. */
#include "cmd/copy.h"

static const struct option options[] = {
	{ "dir", 0, "DIR", "DIR", false, false, "folder of the layout" },
#include "cmd/registry_options.def"
	{ 0 },
};

static int run(const struct args *a)
{
	struct str dir = args_str(a, "dir");
	if (a->words.n != 1 || !dir.n)
		return usage(a, "wanted: --dir and an image");
	struct copy_job j = { .from = arena_printf(a->arena, "oci:%.*s", STR(dir)),
			      .to = a->words.v[0],
			      .force = true,
			      .attachments_there = true };
	return copy_run(a, &j);
}

const struct command command_load = { "load", "push what save wrote into a registry", NULL, options,
				      run };
