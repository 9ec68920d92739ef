/* Proofs: a list of checks and what they come to. Texts hold what a hostile signature says of itself (names, times), so
 * that control characters are taken out here, once. */
#include "trust/answer.h"

#include <stdarg.h>
#include <stdio.h>

const char *check_result_name(enum check_result r)
{
	static const char *const names[] = { "unknown", "yes", "no", "skipped" };
	return names[r];
}

static const struct check *first_of(const struct proof *p, enum check_result r)
{
	for (size_t i = 0; i < p->n_checks; i++)
		if (p->checks[i].result == r)
			return &p->checks[i];
	return NULL;
}

static bool signature_holds(const struct proof *p)
{
	for (size_t i = 0; i < p->n_checks; i++)
		if (p->checks[i].result == CHECK_YES && strcmp(p->checks[i].name, "signature") == 0)
			return true;
	return false;
}

static void conclude(struct proof *p)
{
	const struct check *bad = first_of(p, CHECK_NO);
	p->result = bad ? CHECK_NO : CHECK_UNKNOWN;
	if (!bad)
		bad = first_of(p, CHECK_UNKNOWN);
	p->why = bad ? bad->text : S("no signature was verified");
	if (!bad && signature_holds(p)) {
		p->result = CHECK_YES;
		p->why = (struct str){ 0 };
	}
}

void proof_check(struct proof *p, struct arena *a, const char *name, enum check_result r,
		 const char *fmt, ...)
{
	char text[1000];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	struct buf b CLEANUP(buf_done) = { 0 };
	buf_add_shown(&b, n > 0 ? str_of(text) : S(""));
	struct check *c = ARENA_PUSH(a, p->checks, p->n_checks, p->checks_cap);
	*c = (struct check){ name, r, arena_str(a, str_buf(&b)) };
	conclude(p);
}

void proof_claim(struct proof *p, struct arena *a, const char *name, struct str value)
{
	if (value.n == 0)
		return;
	struct claim *c = ARENA_PUSH(a, p->claims.v, p->claims.n, p->claims.cap);
	c->name = name;
	c->value = value;
}
