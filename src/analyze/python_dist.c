/* Installed Python packages: NAME.dist-info with METADATA (packaging.python.org, "recording installed projects"), NAME.egg-info
 * as a folder with PKG-INFO or as a file, NAME.egg/EGG-INFO; beside METADATA, RECORD lists the package's files with their
 * digests and direct_url.json (PEP 610) says that it came from a repository or stands in its source folder. The join
 * brings these to their package.
 *
 * Hostile input: any text. RECORD's lines name files anywhere; what leaves the root is dropped, what is no line of one is
 * passed over. Not read: .egg-link and .pth files. */
#include "analyze/python.h"

#include "analyze/inventory.h"
#include "analyze/walk.h"
#include "base/base64.h"

enum kind { KIND_NONE, KIND_METADATA, KIND_RECORD, KIND_DIRECT };

static bool ends_nocase(struct str s, struct str end)
{
	return s.n >= end.n && str_eq_nocase(str_from(s, s.n - end.n), end);
}

static enum kind kind_of(struct str path)
{
	struct str dir = path_parent(path), name = str_from(path, dir.n + (dir.n ? 1 : 0));
	if (ends_nocase(dir, S("dist-info")))
		return str_eq(name, S("METADATA"))	    ? KIND_METADATA
		       : str_eq(name, S("RECORD"))	    ? KIND_RECORD
		       : str_eq(name, S("direct_url.json")) ? KIND_DIRECT
							    : KIND_NONE;
	if (str_eq(name, S("PKG-INFO")))
		return ends_nocase(dir, S("egg-info")) ? KIND_METADATA : KIND_NONE;
	return ends_nocase(name, S(".egg-info")) ? KIND_METADATA : KIND_NONE;
}

static bool wants(const struct file *f, struct str head)
{
	(void)head;
	return kind_of(f->path) != KIND_NONE;
}

/* "sha256=URL-SAFE-BASE64" */
static void add_sum(struct arena *a, struct owned_file *o, struct str hash)
{
	struct str text = arena_str(a, str_from(hash, 7));
	CLEANUP(buf_done) struct buf raw = { 0 };
	if (!str_starts(hash, S("sha256=")) || text.n > 44)
		return;
	for (size_t i = 0; i < text.n; i++) {
		char *c = (char *)text.p + i;
		*c = *c == '-' ? '+' : *c == '_' ? '/' : *c;
	}
	if (!base64_decode(text, &raw) || raw.n != 32)
		return;
	o->sum = (const unsigned char *)arena_str(a, str_buf(&raw)).p;
	o->alg = DIGEST_SHA256;
}

/* Lines "PATH,HASH,SIZE"; a path with a comma is quoted. Paths start at the folder that dist-info stands in. */
static void read_record(struct listing *l, struct str text)
{
	struct arena *a = l->an->arena;
	struct record_file *file = l->file;
	struct str base = path_parent(path_parent(file->path)), line;
	CLEANUP(buf_done) struct buf room = { 0 };
	while (str_line(&text, &line) && file->n_owned < l->an->limits->owned_files) {
		struct str rest = line, name, full;
		if (line.n && line.p[0] == '"') {
			rest = str_from(line, 1);
			name = str_cut(&rest, '"');
			str_cut(&rest, ',');
		} else {
			name = str_cut(&rest, ',');
		}
		if (!name.n || name.n == line.n || name.n > l->an->limits->path_bytes)
			continue;
		if (name.p[0] != '/')
			name = path_join(a, base, name);
		if (walk_normalize(name, &room, &full) != 1 || !full.n)
			continue;
		struct owned_file *o = ARENA_PUSH(a, file->owned, file->n_owned, file->owned_cap);
		o->path = arena_str(a, full);
		add_sum(a, o, str_cut(&rest, ','));
	}
}

/* Where it came from; what could be a login in the address is left out. */
static int read_direct(struct listing *l, struct str text, struct err *e)
{
	struct arena *a = l->an->arena;
	struct json *root CLEANUP(cleanup_json) = NULL;
	int r = json_parse(text, &root, e);
	if (r)
		return r;
	const struct json *vcs = json_get(root, "vcs_info");
	struct str url = json_get_str(root, "url");
	ssize_t scheme = str_find(url, S("://")), at = str_rfind_char(url, '@');
	if (scheme >= 0 && at > scheme &&
	    str_find_char(str_from(str_upto(url, (size_t)at), (size_t)scheme + 3), '/') < 0)
		url = arena_printf(a, "%.*s%.*s", STR(str_upto(url, (size_t)scheme + 3)),
				   STR(str_from(url, (size_t)at + 1)));
	struct {
		const char *key;
		struct str value;
	} facts[] = {
		{ "url", url },
		{ "vcs", json_get_str(vcs, "vcs") },
		{ "commit", json_get_str(vcs, "commit_id") },
		{ "editable", json_bool(json_get(json_get(root, "dir_info"), "editable"), false)
				      ? S("true")
				      : S("") },
	};
	for (size_t i = 0; i < COUNT(facts); i++)
		if (facts[i].value.n)
			record_add_attr(a, l->file, str_of(facts[i].key),
					arena_str(a, facts[i].value));
	return 0;
}

static int end(struct analysis *an, void *state, const struct file *f, const struct whole *whole,
	       struct err *e)
{
	enum kind kind = kind_of(f->path);
	struct listing l;
	struct str text;
	(void)state;
	if (kind == KIND_NONE)
		return 0;
	listing_begin(&l, an, f, "python_dist", "pypi");
	int r = listing_text(&l, whole, &text, e);
	if (r == 0 && kind == KIND_METADATA)
		r = python_metadata(&l, text, e);
	else if (r == 0 && kind == KIND_DIRECT)
		r = read_direct(&l, text, e);
	else if (r == 0)
		read_record(&l, text);
	return r == 0 ? listing_end(&l, e) : r;
}

static const struct record_file *beside(const struct fold *f, struct str path, const char *name)
{
	struct arena scratch = { 0 };
	const struct folded_file *ff =
		fold_find(f, path_join(&scratch, path_parent(path), str_of(name)), "python_dist");
	arena_done(&scratch);
	return ff ? ff->file : NULL;
}

static int join(const struct fold *f, struct inventory *inv, struct err *e)
{
	(void)e;
	for (size_t i = 0; i < inv->n_packages; i++) {
		struct package *p = &inv->packages[i];
		if (!str_eq(p->analyzer, S("python_dist")) || !str_ends(p->path, S("/METADATA")))
			continue;
		const struct record_file *record = beside(f, p->path, "RECORD");
		const struct record_file *direct = beside(f, p->path, "direct_url.json");
		if (record) {
			p->owned = record->owned;
			p->n_owned = record->n_owned;
		}
		if (direct && direct->n_attrs) {
			struct attr *v =
				arena_array(inv->arena, p->n_attrs + direct->n_attrs, sizeof *v);
			for (size_t k = 0; k < p->n_attrs; k++)
				v[k] = p->attrs[k];
			memcpy(v + p->n_attrs, direct->attrs, direct->n_attrs * sizeof *v);
			p->attrs = v;
			p->n_attrs += direct->n_attrs;
		}
	}
	return 0;
}

static const char *const patterns[] = { "METADATA", "PKG-INFO",	       "*.egg-info",
					"RECORD",   "direct_url.json", NULL };

const struct analyzer analyzer_python_dist = {
	.name = "python_dist",
	.version = 1,
	.patterns = patterns,
	.digests = true,
	.want_whole = true,
	.wants = wants,
	.end = end,
	.join = join,
};
