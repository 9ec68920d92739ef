/* Licence texts known by phrases that only they hold. A text is walked once as words (letters and digits, lower case, all
 * else parts them, so that line ends, comment signs and quotes make no difference); four words in a row are hashed and
 * looked up among the phrases' first four. Rules then say which phrases together are which licence.
 *
 * Debian's machine-readable copyright format 1.0: paragraphs of "Field: value" with continuation lines that begin with a
 * space. Hostile texts may be long (cut at a limit, the caller says so) or hold a phrase a million times (it is noted
 * once). A text in which a licence was changed by hand may be taken for the original. */
#include "analyze/licence_match.h"

enum { FIRST = 4, BUCKETS = 256, FIELD_MAX = 200, FIELDS_MAX = 200 };

enum phrase {
#define LICENCE_PHRASE(name, words) name,
#define LICENCE_RULE(id, all, none)
#include "analyze/licence_phrases.def"
#undef LICENCE_PHRASE
#undef LICENCE_RULE
	PHRASES
};
static const char *const phrases[] = {
#define LICENCE_PHRASE(name, words) words,
#define LICENCE_RULE(id, all, none)
#include "analyze/licence_phrases.def"
#undef LICENCE_PHRASE
#undef LICENCE_RULE
};
static const struct rule {
	const char *id;
	const short *all, *none; /* phrases, between two -1 */
} rules[] = {
#define ALL(...) \
	(const short[]) \
	{ \
		-1, ##__VA_ARGS__, -1 \
	}
#define NONE(...) \
	(const short[]) \
	{ \
		-1, ##__VA_ARGS__, -1 \
	}
#define LICENCE_PHRASE(name, words)
#define LICENCE_RULE(id, all, none) { id, all, none },
#include "analyze/licence_phrases.def"
#undef LICENCE_PHRASE
#undef LICENCE_RULE
#undef ALL
#undef NONE
};

struct licence_matcher {
	uint64_t hash[PHRASES]; /* of the first words */
	short next[PHRASES], first[BUCKETS]; /* chains; -1: the end */
};

static int word_char(unsigned char c)
{
	if (c >= 'A' && c <= 'Z')
		return c | 0x20;
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : 0;
}

static uint64_t hash_word(uint64_t h, unsigned char c)
{
	return (h ^ c) * 0x100000001B3ULL;
}

/* The last four words as one number. */
static uint64_t hash_window(const uint64_t last[FIRST], size_t n)
{
	uint64_t h = 0;
	for (size_t i = 0; i < FIRST; i++)
		h = (h + last[(n + i) % FIRST]) * 0x9E3779B97F4A7C15ULL;
	return h ^ h >> 29;
}

struct words { /* normalized text, and where its last four words begin */
	struct buf text;
	uint64_t last[FIRST];
	size_t start[FIRST], n;
};

/* The next word of s from *at on; false at the end. */
static bool next_word(struct words *w, struct str s, size_t *at)
{
	size_t i = *at;
	uint64_t h = 0xCBF29CE484222325ULL;
	while (i < s.n && !word_char((unsigned char)s.p[i]))
		i++;
	if (i == s.n)
		return false;
	if (w->n)
		buf_add_char(&w->text, ' ');
	w->start[w->n % FIRST] = w->text.n;
	for (int c; i < s.n && (c = word_char((unsigned char)s.p[i])) != 0; i++) {
		h = hash_word(h, (unsigned char)c);
		buf_add_char(&w->text, (char)c);
	}
	w->last[w->n++ % FIRST] = h;
	*at = i;
	return true;
}

struct licence_matcher *licence_matcher_open(struct arena *a)
{
	struct licence_matcher *m = ARENA_NEW(a, struct licence_matcher);
	for (size_t i = 0; i < BUCKETS; i++)
		m->first[i] = -1;
	for (size_t i = 0; i < PHRASES; i++) {
		struct words w = { 0 };
		struct str s = str_of(phrases[i]);
		size_t at = 0;
		while (w.n < FIRST && next_word(&w, s, &at))
			;
		m->hash[i] = hash_window(w.last, w.n);
		short *slot = &m->first[m->hash[i] % BUCKETS];
		m->next[i] = *slot;
		*slot = (short)i;
		buf_done(&w.text);
	}
	return m;
}

/* A phrase whose first words are here is compared when as many bytes have come: at the end, so that each is tried once. */
struct candidate {
	size_t at;
	short phrase;
};

static void find_phrases(const struct licence_matcher *m, struct str text, bool found[PHRASES])
{
	enum { CANDIDATES_MAX = 20000 };
	struct words w = { 0 };
	struct arena a = { 0 };
	struct candidate *list = NULL;
	size_t n = 0, cap = 0, at = 0;
	while (next_word(&w, text, &at)) {
		if (w.n < FIRST)
			continue;
		uint64_t h = hash_window(w.last, w.n);
		for (short p = m->first[h % BUCKETS]; p >= 0; p = m->next[p])
			if (m->hash[p] == h && n < CANDIDATES_MAX)
				*ARENA_PUSH(&a, list, n, cap) =
					(struct candidate){ w.start[w.n % FIRST], p };
	}
	for (size_t i = 0; i < n; i++) {
		struct str phrase = str_of(phrases[list[i].phrase]);
		struct str here = str_from(str_buf(&w.text), list[i].at);
		found[list[i].phrase] |=
			str_starts(here, phrase) && (here.n == phrase.n || here.p[phrase.n] == ' ');
	}
	arena_done(&a);
	buf_done(&w.text);
}

static void add_once(struct arena *a, struct strs *out, struct str s)
{
	for (size_t i = 0; i < out->n; i++)
		if (str_eq(out->v[i], s))
			return;
	*ARENA_PUSH(a, out->v, out->n, out->cap) = s;
}

void licence_match(const struct licence_matcher *m, struct str text, struct arena *a,
		   struct strs *out)
{
	bool found[PHRASES] = { false };
	find_phrases(m, str_upto(text, LICENCE_TEXT_MAX), found);
	for (size_t i = 0; i < COUNT(rules); i++) {
		bool holds = true;
		for (const short *p = rules[i].all + 1; holds && *p >= 0; p++)
			holds = found[*p];
		for (const short *p = rules[i].none + 1; holds && *p >= 0; p++)
			holds = !found[*p];
		if (holds)
			add_once(a, out, str_of(rules[i].id));
	}
}

/* Debian */
struct paragraph {
	struct str licence;
	bool files, any;
};

static void end_paragraph(struct paragraph *p, struct arena *a, struct strs *files,
			  struct strs *others)
{
	if (p->licence.n && p->licence.n <= FIELD_MAX && files->n + others->n < FIELDS_MAX)
		add_once(a, p->files ? files : others, arena_str(a, p->licence));
	*p = (struct paragraph){ 0 };
}

bool licence_debian(struct str text, struct arena *a, struct strs *out)
{
	struct paragraph p = { 0 };
	struct strs files = { 0 }, others = { 0 };
	struct str line;
	bool format = false;
	for (size_t n = 0; str_line(&text, &line); n++) {
		if (str_trim(line).n == 0) {
			end_paragraph(&p, a, &files, &others);
			continue;
		}
		if (line.p[0] == ' ' || line.p[0] == '\t' || line.p[0] == '#')
			continue;
		struct str value = line, field = str_cut(&value, ':');
		value = str_trim(value);
		/* The first field, perhaps behind a comment. */
		format |= str_eq_nocase(field, S("Format")) ||
			  str_eq_nocase(field, S("Format-Specification"));
		if (!format)
			return false;
		if (str_eq_nocase(field, S("License")))
			p.licence = value;
		p.files |= str_eq_nocase(field, S("Files"));
	}
	end_paragraph(&p, a, &files, &others);
	*out = files.n ? files : others;
	return out->n > 0;
}
