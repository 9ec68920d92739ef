/* etc/passwd, etc/shadow, etc/group and etc/gshadow (passwd(5), shadow(5), group(5)): lines of fields parted by ':'. What
 * is told of them is what is wrong: accounts whose password field is empty, numbers and names that are there twice.
 * Nothing else of a line leaves the child, no password hash above all.
 *
 * Hostile files may be long, have no fields or a million duplicates: lines, entries and what is told are bounded, and the
 * file is then unreadable with that reason, its findings so far kept. Not read: NIS entries ("+name"), LDAP. */
#include "analyze/analyzer.h"
#include "analyze/lines.h"
#include "base/map.h"

enum { LINE_MAX_BYTES = 64 * 1024, ENTRIES_MAX = 100000, TOLD_MAX = 200, NAME_MAX_BYTES = 64 };

struct state {
	struct analysis *an;
	size_t file; /* index into the record's files, which may move */
	struct lines lines;
	struct map names, numbers; /* numbers: to the first name */
	bool numbered, group;
	size_t entries, told;
};

static int on_line(void *ctx, struct str line, struct err *e);

static int begin(struct analysis *an, const struct file *f, void **state, struct err *e)
{
	struct state *s = ARENA_NEW(an->arena, struct state);
	(void)e;
	s->an = an;
	s->lines = (struct lines){
		.arena = an->arena, .max = LINE_MAX_BYTES, .line = on_line, .ctx = s
	};
	s->numbered = !str_ends(f->path, S("shadow"));
	s->group = str_starts(f->path, S("etc/g"));
	map_init(&s->names, an->arena);
	map_init(&s->numbers, an->arena);
	record_add_file(an->arena, an->record, f->path, "accounts", f->size);
	s->file = an->record->n_files - 1;
	*state = s;
	return 0;
}

static void tell(struct state *s, const char *key, struct str value)
{
	if (s->told++ < TOLD_MAX)
		record_add_attr(s->an->arena, &s->an->record->files[s->file], str_of(key), value);
}

static void take_number(struct state *s, struct str number, struct str name)
{
	struct arena *a = s->an->arena;
	uint64_t n;
	if (!str_to_u64(number, UINT32_MAX, &n))
		return;
	struct str key = arena_printf(a, "%llu", (unsigned long long)n);
	void **slot = map_at(&s->numbers, key);
	if (*slot) {
		struct str before = *(struct str *)*slot;
		tell(s, "duplicate-id",
		     arena_printf(a, "%.*s (%.*s, %.*s)", STR(key), STR(before), STR(name)));
		return;
	}
	struct str *first = ARENA_NEW(a, struct str);
	*first = name;
	*slot = first;
}

static int on_line(void *ctx, struct str line, struct err *e)
{
	struct state *s = ctx;
	if (str_trim(line).n == 0 || line.p[0] == '#' || line.p[0] == '+' || line.p[0] == '-')
		return 0;
	if (++s->entries > ENTRIES_MAX)
		return err_set(e, ERR_LIMIT, "more than %d entries", ENTRIES_MAX);
	if (s->lines.cut || str_find_char(line, ':') < 0)
		return 0;
	struct str name = str_cut(&line, ':'), password = str_cut(&line, ':');
	name = arena_str(s->an->arena, str_upto(name, NAME_MAX_BYTES));
	if (name.n == 0)
		return 0;
	void **slot = map_at(&s->names, name);
	if (*slot)
		tell(s, "duplicate-name", name);
	*slot = s;
	/* A group without a password is one that nobody joins by a password. */
	if (password.n == 0 && !s->group)
		tell(s, "empty-password", name);
	if (s->numbered)
		take_number(s, str_cut(&line, ':'), name);
	return 0;
}

static int feed(struct analysis *an, void *state, struct str chunk, struct err *e)
{
	(void)an;
	return lines_feed(&((struct state *)state)->lines, chunk, e);
}

static int end(struct analysis *an, void *state, const struct file *f, const struct whole *whole,
	       struct err *e)
{
	struct state *s = state;
	(void)an;
	(void)f;
	(void)whole;
	return lines_end(&s->lines, e);
}

static const char *const patterns[] = { "etc/passwd", "etc/shadow", "etc/group", "etc/gshadow",
					NULL };

const struct analyzer analyzer_accounts = {
	.name = "accounts",
	.version = 1,
	.scanners = SCAN_CONFIG,
	.patterns = patterns,
	.begin = begin,
	.feed = feed,
	.end = end,
};
