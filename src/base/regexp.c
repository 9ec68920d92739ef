/* PCRE2, interpreted: no code is made at run time, so it works in the sandbox. A hostile subject may try to make an
 * expression backtrack without end: steps, depth and heap are limited, and who calls says that it was given up. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "base/regexp.h"

#include <pcre2.h>
#include <stdio.h>

enum { STEPS_MAX = 200000, HEAP_MAX_KIB = 4096, NAME_MAX_BYTES = 32 };

struct regexp {
	pcre2_code *code;
	pcre2_match_data *data;
	pcre2_match_context *context;
};

void regexp_close(struct regexp *p)
{
	if (!p)
		return;
	pcre2_match_context_free(p->context);
	pcre2_match_data_free(p->data);
	pcre2_code_free(p->code);
	free(p);
}

int regexp_open(struct str text, struct regexp **out, struct err *e)
{
	int code;
	PCRE2_SIZE at;
	unsigned char why[160];
	pcre2_code *c = pcre2_compile((PCRE2_SPTR)(text.n ? text.p : ""), text.n,
				      PCRE2_USE_OFFSET_LIMIT | PCRE2_NEVER_UTF | PCRE2_NEVER_UCP |
					      PCRE2_NEVER_BACKSLASH_C,
				      &code, &at, NULL);
	if (!c) {
		pcre2_get_error_message(code, why, sizeof why);
		return err_set(e, ERR_INVALID, "regular expression '%.*s', at byte %zu: %s",
			       STR(str_upto(text, 100)), (size_t)at, (char *)why);
	}
	struct regexp *p = calloc(1, sizeof *p);
	if (!p)
		abort();
	p->code = c;
	p->data = pcre2_match_data_create_from_pattern(c, NULL);
	p->context = pcre2_match_context_create(NULL);
	if (!p->data || !p->context)
		abort();
	pcre2_set_match_limit(p->context, STEPS_MAX);
	pcre2_set_depth_limit(p->context, STEPS_MAX);
	pcre2_set_heap_limit(p->context, HEAP_MAX_KIB);
	*out = p;
	return 0;
}

static int number_of(const struct regexp *p, struct str name)
{
	char text[NAME_MAX_BYTES + 1];
	if (name.n > NAME_MAX_BYTES)
		return -1;
	snprintf(text, sizeof text, "%.*s", STR(name));
	return pcre2_substring_number_from_name(p->code, (PCRE2_SPTR)text);
}

bool regexp_has_group(const struct regexp *p, struct str name)
{
	return number_of(p, name) > 0;
}

int regexp_find(const struct regexp *p, struct str subject, size_t from, size_t last,
		struct str name, struct regexp_span *all, struct regexp_span *group)
{
	pcre2_set_offset_limit(p->context, last);
	int n = pcre2_match(p->code, (PCRE2_SPTR)(subject.n ? subject.p : ""), subject.n, from, 0,
			    p->data, p->context);
	if (n == PCRE2_ERROR_NOMATCH)
		return 0;
	if (n < 0)
		return ERR_LIMIT;
	const PCRE2_SIZE *v = pcre2_get_ovector_pointer(p->data);
	int which = 0;
	if (name.n)
		which = MAX(number_of(p, name), 0);
	for (int i = 1; !name.n && !which && i < n; i++)
		which = v[2 * i] != PCRE2_UNSET ? i : 0;
	if (which >= n || v[2 * which] == PCRE2_UNSET)
		which = 0;
	/* \K can put the beginning behind the end. */
	if (v[0] > v[1] || v[2 * which] > v[2 * which + 1])
		return 0;
	*all = (struct regexp_span){ v[0], v[1] };
	*group = (struct regexp_span){ v[2 * which], v[2 * which + 1] };
	return 1;
}

bool regexp_in(const struct regexp *p, struct str subject)
{
	struct regexp_span a, g;
	return regexp_find(p, subject, 0, subject.n, (struct str){ 0 }, &a, &g) > 0;
}

int regexp_whole(const struct regexp *p, struct str subject)
{
	pcre2_set_offset_limit(p->context, PCRE2_UNSET);
	int n = pcre2_match(p->code, (PCRE2_SPTR)(subject.n ? subject.p : ""), subject.n, 0,
			    PCRE2_ANCHORED | PCRE2_ENDANCHORED, p->data, p->context);
	if (n == PCRE2_ERROR_NOMATCH)
		return 0;
	const PCRE2_SIZE *v = pcre2_get_ovector_pointer(p->data);
	/* \K moves the beginning; what it reports is then not the whole. */
	return n < 0 ? ERR_LIMIT : v[0] == 0 && v[1] == subject.n;
}
