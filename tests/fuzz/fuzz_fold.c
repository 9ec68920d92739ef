/* The fold over records as a hostile child might send them, written in the notation of tests/layers.h. What must hold:
 * it ends, visible files are sorted and below no other visible file that was put there later, layers are in range. */
#include "../layers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = { 0 };
	struct limits l;
	struct fold f = { .arena = &a, .limits = &l, .analyzers = test_analyzers };
	limits_default(&l);
	if (size > 20000)
		return 0;
	f.records = layers_parse(&a, (struct str){ (const char *)data, size }, &f.n_layers);
	fold_layers(&f);
	for (size_t i = 0; i < f.n_missing; i++)
		if (f.missing[i].layer >= f.n_layers || f.missing[i].at >= f.n_layers ||
		    f.missing[i].path.n == 0)
			abort();
	for (size_t i = 0; i < f.n_layers; i++)
		if (f.records[i])
			fold_add(&f, i, f.records[i]);
	for (size_t i = 0; i < f.n_files; i++) {
		const struct folded_file *ff = &f.files[i];
		if (ff->layer >= f.n_layers || ff->body >= f.n_layers || ff->path.n == 0)
			abort();
		if (i && str_cmp(f.files[i - 1].path, ff->path) > 0)
			abort();
		for (const struct folded_file *o = ff; (o = fold_older(&f, o)); ff = o)
			if (o->layer >= ff->layer)
				abort();
	}
	arena_done(&a);
	return 0;
}
