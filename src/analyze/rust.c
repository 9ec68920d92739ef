/* Rust programs built with cargo-auditable: a section ".dep-v0" in ELF, PE and Mach-O holds zlib-packed JSON, a list of
 * crates with name, version, source, kind ("runtime" when absent, or "build") and the numbers of the crates each depends
 * on; one is the root ("cargo-auditable", its file PARSING.md). Crates of kind build are not in the program; they are
 * marked dev.
 *
 * Hostile input: see executable.c; a bomb (AUDIT_MAX; the format's own advice is 8 MiB), numbers that name no crate. Programs
 * without the section say nothing and are none of ours. A broken executable is reported once, by golang.c. */
#include "analyze/executable.h"
#include "base/json.h"
#include "base/zip.h"

enum { PACKED_MAX = 1 << 20, AUDIT_MAX = 4 << 20, CRATES_MAX = 100000, DEPENDS_MAX = 1000000 };

struct audit {
	struct arena *a;
	const struct json **crates;
	size_t n, depends;
};

static int add_depends(struct audit *u, struct record_package *p, const struct json *crate,
		       struct err *e)
{
	JSON_EACH(x, json_get(crate, "dependencies"))
	{
		uint64_t i;
		if (!json_u64(x, &i) || i >= u->n)
			return err_set(e, ERR_INVALID,
				       "crate %.*s depends on a crate that is not listed",
				       STR(p->name));
		if (++u->depends > DEPENDS_MAX)
			return err_set(e, ERR_LIMIT, "more than %d dependencies", DEPENDS_MAX);
		*ARENA_PUSH(u->a, p->depends.v, p->depends.n, p->depends.cap) =
			arena_printf(u->a, "%.*s@%.*s", STR(json_get_str(u->crates[i], "name")),
				     STR(json_get_str(u->crates[i], "version")));
	}
	return 0;
}

static int add_crate(struct audit *u, struct record_file *f, const struct json *crate,
		     struct err *e)
{
	struct str name = json_get_str(crate, "name"), version = json_get_str(crate, "version");
	if (name.n == 0 || version.n == 0)
		return err_set(e, ERR_INVALID, "a crate without name or version");
	struct record_package *p = record_add_package(u->a, f);
	p->type = S("cargo");
	p->name = p->source_name = arena_str(u->a, name);
	p->version = p->source_version = arena_str(u->a, version);
	if (json_get_str(crate, "source").n)
		record_package_attr(u->a, p, S("source"),
				    arena_str(u->a, json_get_str(crate, "source")));
	if (str_eq(json_get_str(crate, "kind"), S("build")))
		record_package_attr(u->a, p, S("dev"), S("true"));
	if (json_bool(json_get(crate, "root"), false))
		record_package_attr(u->a, p, S("relation"), S("root"));
	return add_depends(u, p, crate, e);
}

static int read_audit(struct arena *a, struct record_file *f, struct str text, struct err *e)
{
	CLEANUP(cleanup_json) struct json *j = NULL;
	struct audit u = { .a = a };
	int r = json_parse(text, &j, e);
	if (r)
		return r;
	const struct json *list = json_get(j, "packages");
	size_t count = json_count(list), i = 0;
	if (!json_is_array(list))
		return err_set(e, ERR_INVALID, "it has no packages");
	if (count > CRATES_MAX)
		return err_set(e, ERR_LIMIT, "more than %d crates", CRATES_MAX);
	u.crates = arena_array(a, count, sizeof(struct json *));
	JSON_EACH(x, list)
	u.crates[u.n++] = x;
	while (r == 0 && i < u.n)
		r = add_crate(&u, f, u.crates[i++], e);
	return r;
}

static int rust_end(struct analysis *an, void *state, const struct file *f,
		    const struct whole *whole, struct err *e)
{
	CLEANUP(arena_done) struct arena scratch = { 0 };
	CLEANUP(buf_done) struct buf packed = { 0 }, text = { 0 };
	struct err ignored;
	(void)state;
	for (unsigned slice = 0; slice < EXECUTABLE_SLICES_MAX; slice++) {
		struct executable x = { 0 };
		if (executable_open(&scratch, whole, slice, &x, &ignored))
			return 0;
		const struct executable_part *p = executable_find(&x, ".dep-v0");
		if (!p)
			continue;
		struct record_file *rf =
			record_add_file(an->arena, an->record, f->path, "rust", f->size);
		int r = executable_part_read(&x, p, PACKED_MAX, &packed, e);
		if (r == 0)
			r = zlib_inflate(str_buf(&packed), AUDIT_MAX, &text, e);
		if (r == 0)
			r = read_audit(an->arena, rf, str_buf(&text), e);
		return r ? err_in(e, "list of crates") : 0;
	}
	return 0;
}

static bool rust_wants(const struct file *f, struct str head)
{
	return head.n == 0 ? f->size > 0 : executable_is(head);
}

static const char *const patterns[] = { "*", NULL };

const struct analyzer analyzer_rust = {
	.name = "rust",
	.version = 2,
	.digests = true,
	.own_paths = true,
	.patterns = patterns,
	.want_whole = true,
	.wants = rust_wants,
	.end = rust_end,
};
