/* What templates may name: the types of things in a report, the fields of each, and how a field's value is had. The
 * language itself is in template.c; doc/lazaret-template.5 describes both. */
#ifndef LAZARET_REPORT_TEMPLATE_H
#define LAZARET_REPORT_TEMPLATE_H

#include "report/format.h"
#include "report/item.h"

enum template_type { /* what a scope is in */
		     TEMPLATE_RUN,
		     TEMPLATE_REPORT,
		     TEMPLATE_ITEM,
		     TEMPLATE_PACKAGE,
		     TEMPLATE_LAYER,
		     TEMPLATE_NOTE,
		     TEMPLATE_WORD, /* a string of a list, "this" */
		     TEMPLATE_TYPES
};
enum template_kind { TEMPLATE_TEXT, TEMPLATE_NUMBER, TEMPLATE_FLAG, TEMPLATE_LIST };

struct template_view { /* a report with its items, all and by kind */
	const struct report *report;
	struct items items, of_kind[ITEM_KINDS];
};
struct template_run {
	struct arena *arena;
	struct template_view *views;
	size_t n;
};
struct template_scope {
	enum template_type type;
	const void *
		thing; /* of the type: template_run, template_view, item, package, layer_info, not_examined, str */
	const struct template_view *view; /* NULL outside of a report */
	const struct template_run *run;
	size_t index, count; /* place in the list it is from */
};
struct template_value {
	struct str text; /* of a text, or of a number or flag as it is printed; one clean line */
	bool truth; /* what {{#if}} makes of it */
	const char *base; /* list: first element */
	size_t n, stride;
};
struct template_field {
	const char *name;
	enum template_kind kind;
	enum template_type type; /* of a list's elements */
	void (*get)(const struct template_scope *s, struct template_value *out);
};

/* NULL when things of this type have no such field. */
const struct template_field *template_field(enum template_type type, struct str name);
const char *template_type_name(enum template_type type);
void template_views(struct arena *a, const struct report *reports, size_t n, bool suppressed,
		    struct template_run *out);

#endif
