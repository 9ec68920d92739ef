/* GitLab's code quality report: an array of issues as Code Climate's engines write them, of which GitLab reads
 * description, check_name, fingerprint, severity and location. Every kind of find is one. */
#include "base/json.h"
#include "report/format.h"
#include "report/item.h"
#include "report/text.h"

static const char *severity_word(enum severity s)
{
	static const char *const words[] = {
		[SEVERITY_UNKNOWN] = "info",  [SEVERITY_NEGLIGIBLE] = "info",
		[SEVERITY_LOW] = "minor",     [SEVERITY_MEDIUM] = "major",
		[SEVERITY_HIGH] = "critical", [SEVERITY_CRITICAL] = "blocker",
	};
	return words[s];
}

static void put_issue(struct json_out *o, struct arena *a, const struct item *i)
{
	struct str text = i->kind == ITEM_VULNERABILITY
				  ? arena_printf(a, "%.*s: %.*s", STR(i->message), STR(i->title))
				  : i->message;
	json_begin_object(o);
	json_put_member(o, "type", S("issue"));
	json_put_member(o, "description", text_clean(a, text, ITEM_TEXT_MAX));
	json_put_member(o, "check_name", i->id);
	json_put_key(o, "categories");
	json_begin_array(o);
	json_put_str(o, S("Security"));
	json_end_array(o);
	json_put_member(o, "fingerprint", i->fingerprint);
	json_put_member(o, "severity", str_of(severity_word(i->severity)));
	json_put_key(o, "location");
	json_begin_object(o);
	json_put_member(o, "path",
			i->path.n ? i->path
				  : text_clean(a, i->report->inventory->target, ITEM_PATH_MAX));
	json_put_key(o, "lines");
	json_begin_object(o);
	json_put_key(o, "begin");
	json_put_u64(o, MAX(i->line, (uint64_t)1));
	json_end_object(o);
	json_end_object(o);
	json_end_object(o);
}

static int write_codequality(const struct report *reports, size_t n,
			     const struct format_options *opt, struct buf *out, struct err *e)
{
	struct json_out o;
	struct arena a CLEANUP(arena_done) = { 0 };
	struct items items;
	(void)opt;
	(void)e;
	items_collect(&a, reports, n, false, &items);
	json_out_init(&o, out, 2);
	json_begin_array(&o);
	for (size_t i = 0; i < items.n; i++)
		put_issue(&o, &a, &items.v[i]);
	json_end_array(&o);
	buf_add_char(out, '\n');
	return 0;
}

const struct format format_gitlab_codequality = { "gitlab-codequality", write_codequality };
