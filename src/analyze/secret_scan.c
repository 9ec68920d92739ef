/* From hits of the engine to finds. A hit says that a rule's keyword ends at some byte; the rule's pattern is then asked
 * about the bytes around it, at most SECRET_BEFORE before and SECRET_AFTER behind. Where those have not come yet the hit
 * waits. What was seen of the stream is forgotten but for that much, so a line of gigabytes is as good as any.
 *
 * The expressions of custom rules need not hold any word, so each is asked about the whole body, block by block: where
 * blocks begin does not depend on the pieces.
 *
 * A hostile body may hold keywords without end, or expressions' worst cases: each hit costs bounded steps, a hit inside what
 * a match has covered costs nothing, and finds of one body are limited. What a find says never holds the secret: only a
 * word and a sign or two before it. */
#include "analyze/secret_scan.h"

#include "analyze/match.h"
#include "analyze/secret_engine.h"
#include "base/regexp.h"
#include "base/map.h"

#include <math.h>
#include <stdlib.h>

enum {
	CONTEXT = 8, /* bytes before a window, for what looks behind */
	KEEP = CONTEXT + SECRET_BEFORE + SECRET_AFTER,
	BLOCK = 64 * 1024,
	BEHIND = 256, /* bytes before a block */
	WAITING_MAX = 1 << 20,
	BODY_FINDS_STEPS = 4096,
	HEAD = 8, /* of what secret_rules_prepare makes: length of the configuration */
};

struct rule_state {
	uint64_t body; /* the rest is of this body */
	uint64_t done; /* hits up to here are answered */
	bool word, path_asked, path_fits;
	const struct regexp *pattern;
};

struct waiting {
	uint64_t end;
	size_t rule;
};

/* A block of the body with BEHIND bytes before it (but for the first) and SECRET_AFTER behind. */
struct sweep {
	struct buf bytes;
	uint64_t base; /* of the bytes in the body */
	uint64_t lines; /* line ends before base */
	size_t from; /* where the block begins in the bytes */
	bool here; /* some custom rule is for this path */
	bool now; /* what is looked at lies in it */
};

struct secret_scan {
	struct arena *arena;
	struct secret_rules rules;
	struct secret_engine *engine;
	struct rule_state *state;
	struct matcher by_path; /* rules that are for some files alone */
	struct map patterns; /* text -> struct regexp */
	struct regexp **opened;
	size_t n_opened, opened_cap;
	struct sweep sweep;
	/* The body at hand */
	struct str path;
	uint64_t size, number;
	bool place_known, fed;
	enum secret_place place;
	const char *cut;
	struct secret_find *finds;
	size_t n_finds, finds_cap;
	size_t *named, n_named, named_cap; /* rules that name its path */
	struct buf body; /* its beginning, for those */
	/* The stream */
	struct str piece;
	uint64_t base; /* of the piece */
	uint64_t lines; /* line ends before base */
	uint64_t cursor, cursor_lines; /* a place in the piece, and line ends before it */
	struct buf tail; /* what was just before base */
	struct buf seam; /* the tail and the piece's beginning; empty: not made */
	struct waiting *waiting;
	size_t n_waiting, waiting_cap;
};

/* Patterns, made when they are first asked */

static const struct regexp *pattern_of(struct secret_scan *s, struct str text)
{
	struct regexp *p = NULL;
	struct err e;
	void **slot = map_at(&s->patterns, text);
	if (*slot)
		return *slot;
	/* All were tried by whoever prepared the rules. */
	if (regexp_open(text, &p, &e)) {
		s->cut = "a rule's expression cannot be used";
		return NULL;
	}
	*ARENA_PUSH(s->arena, s->opened, s->n_opened, s->opened_cap) = p;
	*slot = p;
	return p;
}

static bool text_matches(struct secret_scan *s, struct str regex, struct str subject)
{
	const struct regexp *p = regex.n ? pattern_of(s, regex) : NULL;
	return p && regexp_in(p, subject);
}

/* Lines */

typedef signed char lanes __attribute__((vector_size(16)));

static uint64_t count_lines(const char *p, size_t n)
{
	/* Sixteen bytes at a time; a lane of `sum` counts to 127. */
	enum { BATCH = 127 * sizeof(lanes) };
	uint64_t total = 0;
	while (n >= sizeof(lanes)) {
		lanes sum = { 0 };
		size_t batch = MIN(n & ~(sizeof(lanes) - 1), (size_t)BATCH);
		for (size_t i = 0; i < batch; i += sizeof(lanes)) {
			lanes v;
			memcpy(&v, p + i, sizeof v);
			sum -= v == '\n';
		}
		for (size_t k = 0; k < sizeof(lanes); k++)
			total += (uint64_t)sum[k];
		p += batch;
		n -= batch;
	}
	for (size_t i = 0; i < n; i++)
		total += p[i] == '\n';
	return total;
}

static uint64_t line_of(struct secret_scan *s, uint64_t at)
{
	const struct sweep *w = &s->sweep;
	if (w->now)
		return w->lines + count_lines(w->bytes.p, (size_t)(at - w->base)) + 1;
	if (at < s->base) {
		size_t back = (size_t)MIN(s->base - at, (uint64_t)s->tail.n);
		return s->lines - count_lines(s->tail.p + s->tail.n - back, back) + 1;
	}
	const char *p = s->piece.p;
	if (at >= s->cursor)
		s->cursor_lines += count_lines(p + (s->cursor - s->base), (size_t)(at - s->cursor));
	else
		s->cursor_lines -= count_lines(p + (at - s->base), (size_t)(s->cursor - at));
	s->cursor = at;
	return s->cursor_lines + 1;
}

/* What a find is judged by */

/* Tenths of a bit a byte. */
static unsigned entropy_of(struct str s)
{
	unsigned count[256] = { 0 };
	double sum = 0;
	for (size_t i = 0; i < s.n; i++)
		count[(unsigned char)s.p[i]]++;
	for (size_t i = 0; i < COUNT(count); i++)
		if (count[i]) {
			double p = (double)count[i] / (double)s.n;
			sum -= p * log2(p);
		}
	return (unsigned)(sum * 10);
}

static bool path_counts(struct secret_scan *s, const struct secret_rule *r, struct rule_state *st)
{
	if (!s->place_known) {
		s->place = secret_place_of(&s->rules, s->path);
		s->place_known = true;
	}
	if (s->place == SECRET_NOT_HERE || (r->generic && s->place == SECRET_NOT_GENERIC))
		return false;
	if (r->path.n && !st->path_asked) {
		st->path_fits = text_matches(s, r->path, s->path);
		st->path_asked = true;
	}
	return !r->path.n || st->path_fits;
}

static bool allowed(struct secret_scan *s, const struct secret_allow *v, size_t n, struct str match)
{
	for (size_t i = 0; i < n; i++)
		if (text_matches(s, v[i].regex, match) || text_matches(s, v[i].path, s->path))
			return true;
	return false;
}

/* Inside something that one of the expressions matches. */
static bool excluded(struct secret_scan *s, const struct strs *v, struct str window,
		     const struct regexp_span *secret)
{
	for (size_t i = 0; i < v->n; i++) {
		const struct regexp *p = pattern_of(s, v->v[i]);
		struct regexp_span all, group;
		size_t from = 0;
		while (p &&
		       regexp_find(p, window, from, secret->at, S(""), &all, &group) > 0 &&
		       all.at <= secret->at) {
			if (all.end >= secret->end)
				return true;
			from = MAX(all.end, all.at + 1);
			if (from > window.n)
				break;
		}
	}
	return false;
}

/* At most a few signs and the word before them, without digits: nothing that could be a secret of its own. */
static struct str context_of(struct secret_scan *s, struct str before)
{
	enum { SIGNS = 6, WORD = 32 };
	size_t at = before.n;
	while (at && before.n - at < SIGNS && strchr(" \t\"'`:=>,(@/", before.p[at - 1]) &&
	       before.p[at - 1])
		at--;
	size_t word = at;
	while (at && word - at < WORD &&
	       ((before.p[at - 1] | 32) >= 'a' && (before.p[at - 1] | 32) <= 'z'))
		at--;
	/* A part of something longer is not a name. */
	if (at && word - at == WORD)
		at = word;
	return arena_printf(s->arena, "%.*s*****", STR(str_from(before, at)));
}

static void add_find(struct secret_scan *s, const struct secret_rule *r, struct str window,
		     uint64_t low, const struct regexp_span *all, const struct regexp_span *secret)
{
	if (s->n_finds >= SECRET_FINDS_MAX) {
		s->cut = "more secrets than are listed of one file";
		return;
	}
	struct str before = { window.p + all->at, secret->at - all->at };
	uint64_t line = line_of(s, low + all->at);
	size_t last = MAX(secret->end, all->at + 1) - 1;
	uint64_t end_line = line + count_lines(window.p + all->at, last - all->at);
	*ARENA_PUSH(s->arena, s->finds, s->n_finds, s->finds_cap) =
		(struct secret_find){ r,    low + secret->at, low + secret->end,
				      line, end_line,	      context_of(s, before) };
}

static void judge(struct secret_scan *s, const struct secret_rule *r, struct str window,
		  uint64_t low, const struct regexp_span *all, const struct regexp_span *secret)
{
	struct str value = { window.p + secret->at, secret->end - secret->at };
	struct str match = { window.p + all->at, all->end - all->at };
	if (value.n == 0 || (r->entropy && entropy_of(value) < r->entropy) ||
	    text_matches(s, r->allow, value) || allowed(s, r->allows, r->n_allows, match) ||
	    allowed(s, s->rules.allows, s->rules.n_allows, match) ||
	    excluded(s, &r->exclude, window, secret) ||
	    excluded(s, &s->rules.exclude, window, secret))
		return;
	add_find(s, r, window, low, all, secret);
}

static struct rule_state *state_of(struct secret_scan *s, size_t rule)
{
	struct rule_state *st = &s->state[rule];
	if (st->body != s->number) {
		const struct regexp *p = st->pattern;
		*st = (struct rule_state){ .body = s->number, .pattern = p };
	}
	return st;
}

/* Hits */

/* [low, high) of the stream: from the piece, or across its beginning. */
static struct str window_of(struct secret_scan *s, uint64_t low, uint64_t high)
{
	if (low >= s->base)
		return (struct str){ s->piece.p + (low - s->base), (size_t)(high - low) };
	if (!s->seam.n) {
		buf_add_str(&s->seam, str_buf(&s->tail));
		buf_add_str(&s->seam, str_upto(s->piece, KEEP));
	}
	uint64_t start = s->base - s->tail.n;
	return (struct str){ s->seam.p + (low - start), (size_t)(high - low) };
}

enum { NAME = 1, QUOTE = 2, BLANK = 4, SIGN = 8, VALUE = 16 };

static unsigned class_of(unsigned char c)
{
	static const unsigned char classes[256] = {
		['0' ... '9'] = NAME | VALUE,
		['A' ... 'Z'] = NAME | VALUE,
		['a' ... 'z'] = NAME | VALUE,
		['_'] = NAME | VALUE,
		['.'] = NAME | VALUE,
		['-'] = NAME | VALUE,
		['+'] = VALUE,
		['/'] = VALUE,
		['"'] = QUOTE,
		['\''] = QUOTE,
		['`'] = QUOTE,
		[']'] = QUOTE,
		[' '] = BLANK,
		['\t'] = BLANK,
		[':'] = SIGN | VALUE,
		['='] = SIGN,
		[','] = SIGN,
		['>'] = SIGN,
	};
	return classes[c];
}

static size_t run_of(struct str *s, unsigned class, size_t max)
{
	size_t n = 0;
	while (n < max && n < s->n && (class_of((unsigned char)s->p[n]) & class))
		n++;
	*s = str_from(*s, n);
	return n;
}

/* Whether what stands behind a word can be what the rule's pattern asks for; this answers sooner. */
static bool follows(const struct secret_rule *r, struct str s)
{
	enum { LONGEST = 80 };
	if (!r->assigned)
		return run_of(&s, VALUE, r->follow) == r->follow;
	run_of(&s, NAME, LONGEST);
	run_of(&s, QUOTE, 2);
	run_of(&s, BLANK, 8);
	size_t signs = run_of(&s, SIGN, 3);
	run_of(&s, BLANK, 8);
	run_of(&s, QUOTE, 2);
	return signs && run_of(&s, VALUE, r->follow) == r->follow;
}

static void look(struct secret_scan *s, size_t rule, uint64_t end, uint64_t high)
{
	const struct secret_rule *r = &s->rules.v[rule];
	struct rule_state *st = state_of(s, rule);
	uint64_t first = end > SECRET_BEFORE ? end - SECRET_BEFORE : 0;
	uint64_t low = first > CONTEXT ? first - CONTEXT : 0;
	if (end <= st->done || !path_counts(s, r, st))
		return;
	struct str window = window_of(s, low, high);
	if (!follows(r, str_from(window, (size_t)(end - low))))
		return;
	if (!st->pattern)
		st->pattern = pattern_of(s, r->pattern);
	size_t from = (size_t)(MAX(first, st->done) - low), last = (size_t)(end - low) - 1;
	/* No pattern goes over a line's end before its keyword. */
	const char *line = from > last ? NULL : memrchr(window.p + from, '\n', last - from + 1);
	if (line)
		from = (size_t)(line - window.p) + 1;
	struct regexp_span all, secret;
	while (st->pattern && from <= last) {
		int n = regexp_find(st->pattern, window, from, last, r->group, &all,
					    &secret);
		if (n < 0)
			s->cut = "looking at a keyword's surroundings took too long";
		if (n <= 0)
			return;
		if (low + all.end >= end) {
			st->done = low + all.end;
			judge(s, r, window, low, &all, &secret);
			return;
		}
		from = MAX(all.end, all.at + 1);
	}
}

static void wait_for(struct secret_scan *s, size_t rule, uint64_t end)
{
	if (s->n_waiting >= WAITING_MAX) {
		s->cut = "too many keywords at one place";
		return;
	}
	*ARENA_PUSH(s->arena, s->waiting, s->n_waiting, s->waiting_cap) =
		(struct waiting){ end, rule };
}

static void hit(void *ctx, size_t rule, bool word, uint64_t end)
{
	struct secret_scan *s = ctx;
	if (rule >= s->rules.n)
		return;
	struct rule_state *st = state_of(s, rule);
	if (word)
		st->word = true;
	else if (end <= st->done)
		return;
	else if (end + SECRET_AFTER <= s->base + s->piece.n)
		look(s, rule, end, end + SECRET_AFTER);
	else
		wait_for(s, rule, end);
}

/* Those whose bytes have come; `all`: no more will come. */
static void look_at_waiting(struct secret_scan *s, bool all)
{
	size_t kept = 0;
	uint64_t have = s->base + s->piece.n;
	for (size_t i = 0; i < s->n_waiting; i++) {
		struct waiting w = s->waiting[i];
		if (all || w.end + SECRET_AFTER <= have)
			look(s, w.rule, w.end, MIN(w.end + SECRET_AFTER, have));
		else
			s->waiting[kept++] = w;
	}
	s->n_waiting = kept;
}

/* Bodies */

void secret_scan_begin(struct secret_scan *s, struct str path, uint64_t size)
{
	s->path = path;
	s->size = size;
	s->number++;
	s->place_known = s->fed = false;
	s->cut = NULL;
	s->finds = NULL;
	s->n_finds = s->finds_cap = s->n_named = s->n_waiting = 0;
	s->body.n = s->tail.n = s->seam.n = s->sweep.bytes.n = 0;
	s->sweep = (struct sweep){ .bytes = s->sweep.bytes };
	s->base = s->lines = s->cursor = s->cursor_lines = 0;
	s->piece = (struct str){ 0 };
}

static void named(void *ctx, size_t rule)
{
	struct secret_scan *s = ctx;
	*ARENA_PUSH(s->arena, s->named, s->n_named, s->named_cap) = rule;
}

/* Custom rules */

static bool any_custom(struct secret_scan *s)
{
	for (size_t i = 0; i < s->rules.n; i++)
		if (s->rules.v[i].custom && path_counts(s, &s->rules.v[i], state_of(s, i)))
			return true;
	return false;
}

/* Matches that begin in the block. */
static void sweep_rule(struct secret_scan *s, size_t rule, size_t last)
{
	const struct secret_rule *r = &s->rules.v[rule];
	struct rule_state *st = state_of(s, rule);
	struct str bytes = str_buf(&s->sweep.bytes);
	uint64_t base = s->sweep.base;
	size_t from = s->sweep.from;
	struct regexp_span all, secret;
	if (!st->pattern)
		st->pattern = pattern_of(s, r->pattern);
	if (st->done > base + from)
		from = (size_t)(st->done - base);
	while (st->pattern && from <= last && !(s->cut && s->n_finds >= SECRET_FINDS_MAX)) {
		int n = regexp_find(st->pattern, bytes, from, last, r->group, &all,
					    &secret);
		if (n < 0)
			s->cut = "a custom rule took too long";
		if (n <= 0)
			return;
		from = MAX(all.end, all.at + 1);
		st->done = base + from;
		judge(s, r, bytes, base, &all, &secret);
	}
}

static void sweep_block(struct secret_scan *s, bool at_end)
{
	struct sweep *w = &s->sweep;
	size_t last = at_end ? w->bytes.n : w->from + BLOCK - 1;
	w->now = true;
	for (size_t i = 0; i < s->rules.n; i++)
		if (s->rules.v[i].custom && path_counts(s, &s->rules.v[i], state_of(s, i)))
			sweep_rule(s, i, last);
	w->now = false;
}

static void sweep_feed(struct secret_scan *s, struct str piece)
{
	struct sweep *w = &s->sweep;
	while (piece.n) {
		size_t full = w->from + BLOCK + SECRET_AFTER;
		size_t n = MIN(piece.n, full - w->bytes.n);
		buf_add_str(&w->bytes, str_upto(piece, n));
		piece = str_from(piece, n);
		if (w->bytes.n < full)
			break;
		sweep_block(s, false);
		size_t gone = w->from + BLOCK - BEHIND;
		w->lines += count_lines(w->bytes.p, gone);
		w->base += gone;
		w->bytes.n -= gone;
		memmove(w->bytes.p, w->bytes.p + gone, w->bytes.n);
		w->from = BEHIND;
	}
}

static void keep_tail(struct secret_scan *s, struct str piece)
{
	if (piece.n >= KEEP) {
		s->tail.n = 0;
		piece = str_from(piece, piece.n - KEEP);
	} else if (s->tail.n + piece.n > 4 * (size_t)KEEP) {
		memmove(s->tail.p, s->tail.p + s->tail.n - KEEP, KEEP);
		s->tail.n = KEEP;
	}
	buf_add_str(&s->tail, piece);
}

int secret_scan_feed(struct secret_scan *s, struct str piece, struct err *e)
{
	const struct secret_engine_sink sink = { hit, s };
	if (piece.n == 0)
		return 0;
	if (!s->fed) {
		s->fed = true;
		matcher_find(&s->by_path, s->path, named, s);
		s->sweep.here = any_custom(s);
	}
	if (s->n_named && s->body.n < SECRET_BODY)
		buf_add_str(&s->body, str_upto(piece, SECRET_BODY - s->body.n));
	if (s->sweep.here)
		sweep_feed(s, piece);
	s->piece = piece;
	s->seam.n = 0;
	s->cursor = s->base;
	s->cursor_lines = s->lines;
	if (s->n_waiting)
		look_at_waiting(s, false);
	int r = secret_engine_scan(s->engine, piece, &sink, e);
	uint64_t end = s->base + piece.n;
	/* A body's end is not asked for any more, unless something waits or can still come. */
	if (s->n_waiting || end != s->size) {
		s->lines = line_of(s, end) - 1;
		keep_tail(s, piece);
	}
	s->seam.n = 0;
	s->base = end;
	s->piece = (struct str){ 0 };
	return r;
}

/* Rules for this path alone, over the body's beginning. */
static void look_at_body(struct secret_scan *s)
{
	s->piece = str_buf(&s->body);
	s->base = s->lines = s->cursor = s->cursor_lines = 0;
	for (size_t i = 0; i < s->n_named; i++) {
		const struct secret_rule *r = &s->rules.v[s->named[i]];
		const struct regexp *p = pattern_of(s, r->pattern);
		struct regexp_span all, secret;
		size_t from = 0;
		if (!path_counts(s, r, state_of(s, s->named[i])))
			continue;
		for (unsigned k = 0; p && from <= s->piece.n && k < BODY_FINDS_STEPS; k++) {
			int n = regexp_find(p, s->piece, from, s->piece.n, r->group, &all,
						    &secret);
			if (n < 0)
				s->cut = "looking at a file that a rule names took too long";
			if (n <= 0)
				break;
			judge(s, r, s->piece, 0, &all, &secret);
			from = MAX(all.end, all.at + 1);
		}
	}
}

static int by_place(const void *a, const void *b)
{
	const struct secret_find *x = a, *y = b;
	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return x->rule < y->rule ? -1 : x->rule > y->rule;
}

/* Of two that overlap the one of a generic rule goes; of two that begin together the one whose rule stands later. */
static bool gives_way(const struct secret_find *x, const struct secret_find *to)
{
	if (x->end <= to->at || to->end <= x->at)
		return false;
	if (x->rule->generic != to->rule->generic)
		return x->rule->generic;
	return x->at == to->at && x->rule > to->rule;
}

static void drop(struct secret_scan *s)
{
	struct secret_find *v = s->finds;
	bool gone[SECRET_FINDS_MAX] = { 0 };
	size_t n = 0;
	for (size_t i = 0; i < s->n_finds; i++) {
		if (v[i].rule->words.n && !state_of(s, (size_t)(v[i].rule - s->rules.v))->word)
			gone[i] = true;
	}
	for (size_t i = 0; i < s->n_finds; i++)
		for (size_t k = 0; k < s->n_finds && !gone[i]; k++)
			gone[i] = !gone[k] && k != i && gives_way(&v[i], &v[k]);
	for (size_t i = 0; i < s->n_finds; i++)
		if (!gone[i])
			v[n++] = v[i];
	s->n_finds = n;
}

int secret_scan_end(struct secret_scan *s, struct secret_find **out, size_t *n, const char **cut,
		    struct err *e)
{
	int r = s->fed ? secret_engine_end(s->engine, e) : 0;
	if (r)
		return r;
	if (s->n_waiting)
		look_at_waiting(s, true);
	s->n_waiting = 0;
	if (s->sweep.here)
		sweep_block(s, true);
	if (s->n_named)
		look_at_body(s);
	if (s->n_finds) {
		qsort(s->finds, s->n_finds, sizeof *s->finds, by_place);
		drop(s);
	}
	*out = s->finds;
	*n = s->n_finds;
	*cut = s->cut;
	return 0;
}

/* Opening */

static void file_by_path(struct secret_scan *s)
{
	const struct analyzer **list = arena_array(s->arena, s->rules.n + 1, sizeof *list);
	for (size_t i = 0; i < s->rules.n; i++) {
		const struct secret_rule *r = &s->rules.v[i];
		struct analyzer *z = ARENA_NEW(s->arena, struct analyzer);
		const char **patterns = arena_array(s->arena, r->paths.n + 1, sizeof *patterns);
		for (size_t k = 0; k < r->paths.n; k++)
			patterns[k] = arena_cstr(s->arena, r->paths.v[k]);
		z->patterns = patterns;
		list[i] = z;
	}
	matcher_init(&s->by_path, s->arena, list);
}

int secret_scan_open(struct arena *a, struct str prepared, struct secret_scan **out, struct err *e)
{
	uint64_t n;
	struct secret_rules rules;
	struct secret_engine *engine;
	if (prepared.n < HEAD)
		return err_set(e, ERR_INVALID, "there are no rules for secrets");
	memcpy(&n, prepared.p, HEAD);
	prepared = str_from(prepared, HEAD);
	if (n > prepared.n)
		return err_set(e, ERR_INVALID, "the rules for secrets are cut");
	if (secret_rules_read(a, str_upto(prepared, (size_t)n), &rules, e) ||
	    secret_engine_open(str_from(prepared, (size_t)n), &engine, e))
		return e->code;
	struct secret_scan *s = calloc(1, sizeof *s);
	if (!s)
		abort();
	s->arena = a;
	s->rules = rules;
	s->engine = engine;
	s->state = arena_array(a, rules.n + 1, sizeof *s->state);
	map_init(&s->patterns, a);
	file_by_path(s);
	*out = s;
	return 0;
}

void secret_scan_close(struct secret_scan *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n_opened; i++)
		regexp_close(s->opened[i]);
	secret_engine_close(s->engine);
	buf_done(&s->body);
	buf_done(&s->tail);
	buf_done(&s->seam);
	buf_done(&s->sweep.bytes);
	free(s);
}

const struct secret_rules *secret_scan_rules(const struct secret_scan *s)
{
	return &s->rules;
}
