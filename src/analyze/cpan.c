/* Perl distributions that CPAN's clients have installed. Three kinds of file tell of them:
 *
 *	perllocal.pod          an entry for each "make install", the newest last: "=head2 DATE: C<Module> L<A::B|A::B>", then
 *	                       "C<VERSION: 1.23>" (ExtUtils::Install)
 *	.meta/DIST/install.json  of cpanminus: name, version, dist
 *	auto/A/B/.packlist     its files, without a version: where none of the others tells it, a note of the join
 *
 * A module A::B stands for its distribution A-B. Hostile input: any lines, any paths. Modules that a distribution's
 * package installs have none of these. */
#include "analyze/fold.h"
#include "analyze/inventory.h"
#include "analyze/listing.h"

static const char name_of_this[] = "cpan";

/* "A::B" or "A/B" as the distribution's "A-B" */
static struct str distribution(struct arena *a, struct str module)
{
	char *p = arena_cstr(a, module);
	size_t n = 0;
	for (size_t i = 0; i < module.n; i++) {
		bool colons = module.p[i] == ':' && i + 1 < module.n && module.p[i + 1] == ':';
		p[n++] = colons || module.p[i] == '/' ? '-' : module.p[i];
		i += colons;
	}
	return (struct str){ p, n };
}

/* What stands between the two, behind the first. */
static struct str between(struct str s, struct str open, char close)
{
	ssize_t at = str_find(s, open);
	struct str rest = at < 0 ? (struct str){ 0 } : str_from(s, (size_t)at + open.n);
	return str_cut(&rest, close);
}

struct installed { /* in perllocal.pod */
	struct str name, version;
};

static int read_perllocal(struct listing *l, struct str text, struct err *e)
{
	struct arena *a = l->an->arena;
	struct installed *v = NULL, *now = NULL;
	size_t n = 0, cap = 0;
	struct map place;
	struct str line;
	map_init(&place, a);
	while (str_line(&text, &line)) {
		struct str module = between(line, S("L<"), '|');
		if (str_starts(line, S("=head2")) && str_find(line, S("C<Module>")) > 0 &&
		    module.n) {
			struct str name = distribution(a, module);
			void **at = map_at(&place, name);
			if (!*at) {
				ARENA_PUSH(a, v, n, cap)->name = name;
				*at = (void *)(uintptr_t)n;
			}
			now = &v[(uintptr_t)*at - 1];
		} else if (now && str_find(line, S("C<VERSION: ")) >= 0) {
			now->version = between(line, S("C<VERSION: "), '>');
		}
	}
	for (size_t i = 0; i < n; i++)
		listing_add(l, v[i].name, v[i].version);
	return n ? listing_end(l, e)
		 : err_set(e, ERR_INVALID, "perllocal.pod: it tells of no module");
}

static int read_install(struct listing *l, struct str text, struct err *e)
{
	struct json *doc CLEANUP(cleanup_json) = NULL;
	int r = json_parse(text, &doc, e);
	if (r < 0)
		return err_in(e, "install.json");
	struct str dist = json_get_str(doc, "dist"), version = json_get_str(doc, "version");
	struct str name = distribution(l->an->arena, json_get_str(doc, "name"));
	/* "A-B-1.23" is more exact than the module it was asked for by. */
	if (version.n && dist.n > version.n + 1 && str_ends(dist, version))
		name = str_upto(dist, dist.n - version.n - 1);
	if (!name.n)
		return err_set(e, ERR_INVALID, "install.json: it names no distribution");
	listing_add(l, name, version);
	return 0;
}

static void read_packlist(struct listing *l)
{
	struct str path = l->file->path;
	ssize_t at = str_find(path, S("/auto/"));
	size_t tail = S("/.packlist").n;
	if (at < 0 || path.n <= (size_t)at + S("/auto/").n + tail)
		return;
	struct str module = str_from(str_upto(path, path.n - tail), (size_t)at + S("/auto/").n);
	record_add_attr(l->an->arena, l->file, S("distribution"),
			distribution(l->an->arena, module));
}

static int end(struct analysis *an, void *state, const struct file *f, const struct whole *whole,
	       struct err *e)
{
	struct listing l;
	struct str text;
	(void)state;
	listing_begin(&l, an, f, name_of_this, "cpan");
	if (str_ends(f->path, S("/.packlist"))) {
		read_packlist(&l);
		return 0;
	}
	int r = listing_text(&l, whole, &text, e);
	if (r < 0)
		return r;
	return str_ends(f->path, S(".json")) ? read_install(&l, text, e)
					     : read_perllocal(&l, text, e);
}

/* Lists of files whose distribution nothing gives a version. */
static int join(const struct fold *fold, struct inventory *inv, struct err *e)
{
	struct arena scratch = { 0 };
	struct map known;
	(void)e;
	map_init(&known, &scratch);
	for (size_t i = 0; i < inv->n_packages; i++)
		if (str_eq(inv->packages[i].type, S("cpan")))
			*map_at(&known, inv->packages[i].name) = &known;
	for (size_t i = 0; i < fold->n_files; i++) {
		const struct folded_file *ff = &fold->files[i];
		struct str name =
			record_attr(ff->file->attrs, ff->file->n_attrs, S("distribution"));
		if (!name.n || !str_eq(ff->file->analyzer, S("cpan")) || map_get(&known, name))
			continue;
		*map_at(&known, name) = &known;
		inventory_note(inv, (ssize_t)ff->layer, ff->path,
			       "%.*s is installed, but no file says which version", STR(name));
	}
	arena_done(&scratch);
	return 0;
}

static const char *const patterns[] = { "perllocal.pod", "**/.meta/*/install.json", ".packlist",
					NULL };

const struct analyzer analyzer_cpan = {
	.name = "cpan",
	.digests = true,
	.version = 1,
	.patterns = patterns,
	.want_whole = true,
	.end = end,
	.join = join,
};
