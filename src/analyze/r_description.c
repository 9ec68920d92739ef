/* Installed packages of R: LIBRARY/NAME/DESCRIPTION (Writing R Extensions, 1.1.1). Libraries are folders called "library" or
 * "site-library", the user's own (NAME-library/VERSION), and those of renv. A DESCRIPTION without "Built" is of a source
 * package, which installing has not touched: not listed.
 *
 * Hostile input: any bytes; without a package and a version the file is unreadable. */
#include "analyze/dcf.h"
#include "analyze/listing.h"

static void read_needs(struct listing *l, struct record_package *p, struct str list)
{
	struct str name;
	while (dcf_name(&list, &name))
		if (!str_eq(name, S("R")))
			listing_need(l, p, name, S(""));
}

static int end(struct analysis *an, void *state, const struct file *f, const struct whole *whole,
	       struct err *e)
{
	static const char *const needs[] = { "Depends", "Imports", "LinkingTo" };
	struct str fields[COUNT(needs)] = { 0 }, name = { 0 }, version = { 0 }, licence = { 0 };
	struct str key, value, built = { 0 }, priority = { 0 };
	struct listing l;
	struct dcf d = { 0 };
	(void)state;
	listing_begin(&l, an, f, "r_description", "cran");
	int r = listing_text(&l, whole, &d.rest, e);
	if (r < 0)
		return r;
	dcf_paragraph(&d);
	while (dcf_field(&d, &key, &value)) {
		struct str *to = str_eq(key, S("Package"))    ? &name
				 : str_eq(key, S("Version"))  ? &version
				 : str_eq(key, S("License"))  ? &licence
				 : str_eq(key, S("Built"))    ? &built
				 : str_eq(key, S("Priority")) ? &priority
							      : NULL;
		for (size_t i = 0; i < COUNT(needs); i++)
			if (str_eq(key, str_of(needs[i])))
				to = &fields[i];
		if (to)
			*to = value;
	}
	if (!name.n || !version.n)
		return err_set(e, ERR_INVALID, "DESCRIPTION: it states no %s",
			       name.n ? "version" : "package");
	if (!built.n && !str_eq(priority, S("base"))) /* R's own "translations" have none */
		return 0;
	struct record_package *p = listing_add(&l, name, version);
	listing_licence(&l, p, licence);
	for (size_t i = 0; i < COUNT(needs); i++)
		read_needs(&l, p, fields[i]);
	return l.file->n_packages ? 0 : err_set(e, ERR_INVALID, "DESCRIPTION: no plain name");
}

static const char *const patterns[] = { "**/library/*/DESCRIPTION",
					"**/site-library/*/DESCRIPTION",
					"**/*-library/*/*/DESCRIPTION",
					"**/renv/library/*/*/*/DESCRIPTION",
					"**/renv/library/*/*/*/*/DESCRIPTION",
					NULL };

const struct analyzer analyzer_r_description = {
	.name = "r_description",
	.version = 1,
	.digests = true,
	.patterns = patterns,
	.want_whole = true,
	.end = end,
};
