/* How Go's tools write versions: of the compiler, which the advisories of the standard library count in Semantic Versions,
 * and in linker flags ("-X PACKAGE.VARIABLE=VALUE", see `go doc cmd/link`), by which builds of (devel) modules say what
 * they are. Flags are text from the program: any bytes, any quoting. */
#include "analyze/golang.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Digits with dots between them; how many numbers, 0 when there are none. */
static unsigned dotted(struct str s, size_t *end)
{
	unsigned numbers = 0;
	size_t i = 0;
	for (;;) {
		size_t from = i;
		while (i < s.n && is_digit(s.p[i]))
			i++;
		if (i == from)
			break;
		numbers++;
		*end = i;
		if (i == s.n || s.p[i] != '.')
			break;
		i++;
	}
	return numbers;
}

struct str golang_stdlib_version(struct arena *a, struct str text)
{
	struct str word;
	while (str_word(&text, &word)) {
		size_t end = 0;
		struct str v = str_from(word, 2);
		unsigned numbers = str_starts(word, S("go")) ? dotted(v, &end) : 0;
		if (numbers == 0)
			continue;
		struct str rest = str_from(v, end);
		size_t letters = 0, digits;
		while (letters < rest.n && rest.p[letters] >= 'a' && rest.p[letters] <= 'z')
			letters++;
		struct str number = str_from(rest, letters);
		if (letters && number.n && dotted(number, &digits) == 1)
			return arena_printf(a, "v%.*s%s-%.*s.%.*s", (int)end, v.p,
					    numbers == 2 ? ".0" : "", (int)letters, rest.p,
					    (int)digits, number.p);
		return arena_printf(a, "v%.*s", STR(v));
	}
	return S("");
}

/* The next word of a command line, quotes taken away. False at the end. */
static bool next_word(struct str *s, struct buf *word)
{
	*s = str_trim(*s);
	word->n = 0;
	if (s->n == 0)
		return false;
	char quote = 0;
	size_t i = 0;
	for (; i < s->n; i++) {
		char c = s->p[i];
		if (quote ? c == quote : c == '\'' || c == '"')
			quote = quote ? 0 : c;
		else if (!quote && (c == ' ' || c == '\t'))
			break;
		else
			buf_add_char(word, c);
	}
	*s = str_from(*s, i);
	return true;
}

/* A Go string literal's inside. */
static struct str unquote(struct arena *a, struct str s)
{
	if (s.n < 2 || s.p[0] != '"' || s.p[s.n - 1] != '"')
		return s;
	char *p = arena_alloc(a, s.n);
	size_t n = 0;
	for (size_t i = 1; i + 1 < s.n; i++) {
		if (s.p[i] == '\\' && i + 2 < s.n)
			i++;
		p[n++] = s.p[i];
	}
	return (struct str){ p, n };
}

static bool names_version(struct str variable)
{
	static const char *const names[] = { "version",	       "ver",	     "buildversion",
					     "appversion",     "gitversion", "versionstring",
					     "releaseversion", "tag",	     "buildtag",
					     "gittag" };
	for (size_t i = 0; i < COUNT(names); i++)
		if (str_eq_nocase(variable, str_of(names[i])))
			return true;
	return false;
}

static bool is_version(struct str v)
{
	size_t end = 0;
	if (str_starts(v, S("v")))
		v = str_from(v, 1);
	unsigned numbers = dotted(v, &end);
	if (numbers < 2 || numbers > 4)
		return false;
	for (size_t i = end; i < v.n; i++)
		if (!strchr("-+.0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
			    v.p[i]) ||
		    v.p[i] == '\0')
			return false;
	return end == v.n || v.p[end] == '-' || v.p[end] == '+';
}

/* 3: the main package's, 2: the main module's, 0: somebody else's. */
static unsigned rank(struct str package, struct str main)
{
	if (str_eq(package, S("main")))
		return 3;
	return main.n && str_starts(package, main) &&
			       (package.n == main.n || package.p[main.n] == '/')
		       ? 2
		       : 0;
}

struct best {
	struct str version;
	unsigned rank;
	bool torn; /* two of this rank disagree */
};

static void consider(struct arena *a, struct str assignment, struct str main, struct best *b)
{
	struct str value = assignment, name = str_cut(&value, '=');
	ssize_t dot = str_rfind_char(name, '.');
	unsigned r = dot < 0 ? 0 : rank(str_upto(name, (size_t)dot), main);
	if (r == 0 || r < b->rank || !names_version(str_from(name, (size_t)dot + 1)) ||
	    !is_version(value))
		return;
	struct str v = arena_printf(a, "%s%.*s", value.p[0] == 'v' ? "" : "v", STR(value));
	b->torn = r == b->rank && (b->torn || !str_eq(v, b->version));
	b->version = v;
	b->rank = r;
}

struct str golang_ldflags_version(struct arena *a, struct str flags, struct str main)
{
	CLEANUP(buf_done) struct buf word = { 0 };
	struct best b = { 0 };
	bool after_x = false;
	flags = unquote(a, flags);
	while (next_word(&flags, &word)) {
		struct str w = str_buf(&word);
		if (after_x)
			consider(a, w, main, &b);
		else if (str_starts(w, S("-X=")))
			consider(a, str_from(w, 3), main, &b);
		else if (str_starts(w, S("--X=")))
			consider(a, str_from(w, 4), main, &b);
		after_x = !after_x && (str_eq(w, S("-X")) || str_eq(w, S("--X")));
	}
	return b.torn ? S("") : b.version;
}
