/* sources.list(5), both styles: "deb [option=value ...] URI SUITE COMPONENT..." and deb822 stanzas (Types, URIs, Suites,
 * Components, Architectures, Signed-By, Enabled). The files are this machine's own, so they decide where we fetch from
 * and whom we trust; still each is bounded and a broken entry is passed over with a note. Options that would weaken the
 * check (trusted=yes, allow-insecure) have no effect here. Not supported: flat archives (a suite that ends in '/'),
 * cdrom, copy, ssh, mirror and tor URIs, and += or -= of options. */
#include "vuln/apt_sources.h"

#include "base/stream.h"
#include "vuln/deb822.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

struct entry { /* before it is multiplied by URIs and suites */
	struct strs types, uris, suites, components, architectures, signed_by;
	struct str key;
	bool disabled;
};

static void note(struct arena *a, struct apt_sources *out, struct str file, const char *why,
		 struct str what)
{
	*ARENA_PUSH(a, out->notes.v, out->notes.n, out->notes.cap) =
		arena_printf(a, "%.*s: %s '%.*s'", STR(file), why, STR(str_upto(what, 200)));
}

static int add_words(struct arena *a, struct str text, char separator, struct strs *out,
		     struct err *e)
{
	struct str line, word;
	while (deb822_line(&text, &line)) {
		while (separator == ' ' ? str_word(&line, &word) : line.n > 0) {
			if (separator != ' ')
				word = str_cut(&line, separator);
			if (out->n >= APT_WORDS_MAX)
				return err_set(e, ERR_LIMIT, "more than %d words in one field",
					       APT_WORDS_MAX);
			if (word.n)
				*ARENA_PUSH(a, out->v, out->n, out->cap) = arena_str(a, word);
		}
	}
	return 0;
}

static bool has_word(const struct strs *s, struct str word)
{
	for (size_t i = 0; i < s->n; i++)
		if (str_eq(s->v[i], word))
			return true;
	return false;
}

static bool is_fingerprint(struct str s)
{
	if (s.n != 40 && s.n != 64)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!s.p[i] || !strchr("0123456789abcdefABCDEF", s.p[i]))
			return false;
	return true;
}

static struct str upper(struct arena *a, struct str s)
{
	struct str u = arena_str(a, s);
	char *p = (char *)(uintptr_t)u.p;
	for (size_t i = 0; i < u.n; i++)
		if (p[i] >= 'a' && p[i] <= 'z')
			p[i] = (char)(p[i] - 'a' + 'A');
	return u;
}

/* False when Signed-By holds something that is neither a path nor a fingerprint. */
static bool set_signed_by(struct arena *a, const struct strs *words, struct apt_source *s)
{
	for (size_t i = 0; i < words->n; i++) {
		struct str w = words->v[i];
		if (w.p[0] == '/') {
			*ARENA_PUSH(a, s->keyrings.v, s->keyrings.n, s->keyrings.cap) = w;
			continue;
		}
		if (str_ends(w, S("!")))
			w.n--;
		if (!is_fingerprint(w))
			return false;
		*ARENA_PUSH(a, s->fingerprints.v, s->fingerprints.n, s->fingerprints.cap) =
			upper(a, w);
	}
	return true;
}

static bool fetchable(struct str uri)
{
	return str_starts(uri, S("http://")) || str_starts(uri, S("https://")) ||
	       str_starts(uri, S("file:/"));
}

static int add_source(struct arena *a, const struct entry *x, struct str uri, struct str suite,
		      struct str file, struct apt_sources *out, struct err *e)
{
	struct apt_source s = { .uri = uri,
				.suite = suite,
				.components = x->components,
				.architectures = x->architectures,
				.key = x->key,
				.file = file };
	if (!fetchable(uri)) {
		note(a, out, file, "passed over, no http, https or file address:", uri);
		return 0;
	}
	if (str_ends(suite, S("/"))) {
		note(a, out, file, "passed over, a flat archive:", uri);
		return 0;
	}
	if (!set_signed_by(a, &x->signed_by, &s)) {
		note(a, out, file, "passed over, its Signed-By is not understood:", uri);
		return 0;
	}
	if (out->n >= APT_SOURCES_MAX)
		return err_set(e, ERR_LIMIT, "more than %d package sources", APT_SOURCES_MAX);
	while (s.uri.n && s.uri.p[s.uri.n - 1] == '/')
		s.uri.n--;
	*ARENA_PUSH(a, out->v, out->n, out->cap) = s;
	return 0;
}

static int add_entry(struct arena *a, const struct entry *x, struct str file,
		     struct apt_sources *out, struct err *e)
{
	if (x->disabled || !has_word(&x->types, S("deb")))
		return 0;
	for (size_t i = 0; i < x->uris.n; i++)
		for (size_t j = 0; j < x->suites.n; j++) {
			int r = add_source(a, x, x->uris.v[i], x->suites.v[j], file, out, e);
			if (r)
				return r;
		}
	return 0;
}

/* "[name=value name=value]" at the head of *line; false when it does not end. */
static bool cut_options(struct str *line, struct str *options)
{
	*options = (struct str){ 0 };
	*line = str_trim(*line);
	if (!str_starts(*line, S("[")))
		return true;
	ssize_t end = str_find_char(*line, ']');
	if (end < 0)
		return false;
	*options = (struct str){ line->p + 1, (size_t)end - 1 };
	*line = str_from(*line, (size_t)end + 1);
	return true;
}

static int read_options(struct arena *a, struct str options, struct entry *x, struct err *e)
{
	struct str word;
	while (str_word(&options, &word)) {
		struct str value = word, name = str_cut(&value, '=');
		struct strs *to = str_eq(name, S("arch"))	 ? &x->architectures
				  : str_eq(name, S("signed-by")) ? &x->signed_by
								 : NULL;
		int r = to ? add_words(a, value, ',', to, e) : 0;
		if (r)
			return r;
	}
	return 0;
}

static int list_line(struct arena *a, struct str line, struct str file, struct apt_sources *out,
		     struct err *e)
{
	struct entry x = { 0 };
	struct str rest = line, type, uri, suite, options;
	if (!str_word(&rest, &type))
		return 0;
	*ARENA_PUSH(a, x.types.v, x.types.n, x.types.cap) = type;
	if (!cut_options(&rest, &options) || !str_word(&rest, &uri) || !str_word(&rest, &suite)) {
		note(a, out, file, "passed over, a line that is not understood:", line);
		return 0;
	}
	*ARENA_PUSH(a, x.uris.v, x.uris.n, x.uris.cap) = arena_str(a, uri);
	*ARENA_PUSH(a, x.suites.v, x.suites.n, x.suites.cap) = arena_str(a, suite);
	int r = read_options(a, options, &x, e);
	if (r == 0)
		r = add_words(a, rest, ' ', &x.components, e);
	return r ? r : add_entry(a, &x, file, out, e);
}

int apt_sources_list(struct arena *a, struct str text, struct str file, struct apt_sources *out,
		     struct err *e)
{
	struct str line;
	file = arena_str(a, file);
	while (str_line(&text, &line)) {
		ssize_t comment = str_find_char(line, '#');
		if (comment >= 0)
			line.n = (size_t)comment;
		int r = list_line(a, line, file, out, e);
		if (r)
			return err_in(e, "%.*s", STR(file));
	}
	return 0;
}

/* A key in place: its lines as they are, " ." for an empty one. */
static struct str embedded_key(struct arena *a, struct str value)
{
	struct buf b = { 0 };
	struct str line;
	while (deb822_line(&value, &line)) {
		buf_add_str(&b, str_eq(line, S(".")) ? S("") : line);
		buf_add_char(&b, '\n');
	}
	struct str key = arena_str(a, str_buf(&b));
	buf_done(&b);
	return key;
}

static bool says_no(struct str v)
{
	return str_eq_nocase(v, S("no")) || str_eq_nocase(v, S("false")) || str_eq(v, S("0")) ||
	       str_eq_nocase(v, S("off")) || str_eq_nocase(v, S("without")) ||
	       str_eq_nocase(v, S("disable"));
}

static int stanza_field(struct arena *a, struct str name, struct str value, struct entry *x,
			struct err *e)
{
	const struct {
		struct str name;
		struct strs *to;
	} lists[] = {
		{ S("Types"), &x->types },
		{ S("URIs"), &x->uris },
		{ S("Suites"), &x->suites },
		{ S("Components"), &x->components },
		{ S("Architectures"), &x->architectures },
	};
	for (size_t i = 0; i < COUNT(lists); i++)
		if (str_eq_nocase(name, lists[i].name))
			return add_words(a, value, ' ', lists[i].to, e);
	if (str_eq_nocase(name, S("Enabled"))) {
		x->disabled = says_no(value);
	} else if (str_eq_nocase(name, S("Signed-By"))) {
		if (str_find(value, S("-----BEGIN PGP PUBLIC KEY BLOCK-----")) >= 0)
			x->key = embedded_key(a, value);
		else
			return add_words(a, value, ' ', &x->signed_by, e);
	}
	return 0;
}

/* Signed-By may separate its words by commas too. */
static int split_commas(struct arena *a, struct strs *words, struct err *e)
{
	struct strs split = { 0 };
	for (size_t i = 0; i < words->n; i++) {
		int r = add_words(a, words->v[i], ',', &split, e);
		if (r)
			return r;
	}
	*words = split;
	return 0;
}

static int one_stanza(struct arena *a, struct str stanza, struct str file, struct apt_sources *out,
		      struct err *e)
{
	struct entry x = { 0 };
	struct str name, value, whole = stanza;
	while (deb822_field(&stanza, &name, &value)) {
		int r = stanza_field(a, name, value, &x, e);
		if (r)
			return r;
	}
	int r = split_commas(a, &x.signed_by, e);
	if (r)
		return r;
	if (x.types.n && (x.uris.n == 0 || x.suites.n == 0))
		note(a, out, file, "passed over, a stanza without URIs or Suites:", whole);
	return add_entry(a, &x, file, out, e);
}

int apt_sources_deb822(struct arena *a, struct str text, struct str file, struct apt_sources *out,
		       struct err *e)
{
	struct stream *in CLEANUP(cleanup_stream) = stream_mem(text);
	struct deb822 d CLEANUP(deb822_done) = { .in = in, .max = APT_FILE_MAX };
	struct str stanza;
	int r;
	file = arena_str(a, file);
	while ((r = deb822_next(&d, &stanza, e)) > 0) {
		r = one_stanza(a, stanza, file, out, e);
		if (r)
			break;
	}
	return r ? err_in(e, "%.*s", STR(file)) : 0;
}

static int read_file(struct arena *a, const char *path, struct apt_sources *out, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(e, "open %s", path);
	struct stream *in CLEANUP(cleanup_stream) = stream_fd(fd, true, -1, UINT64_MAX);
	struct buf text CLEANUP(buf_done) = { 0 };
	int r = stream_read_all(in, APT_FILE_MAX, &text, e);
	if (r)
		return err_in(e, "%s", path);
	struct str name = str_of(path);
	return str_ends(name, S(".sources")) ? apt_sources_deb822(a, str_buf(&text), name, out, e)
					     : apt_sources_list(a, str_buf(&text), name, out, e);
}

/* What apt reads: letters, digits, '_', '-' and '.', one of the two suffixes. */
static int wanted(const struct dirent *d)
{
	struct str name = str_of(d->d_name);
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			  (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
		if (!ok)
			return 0;
	}
	return str_ends(name, S(".list")) || str_ends(name, S(".sources"));
}

static int read_folder(struct arena *a, const char *path, struct apt_sources *out, struct err *e)
{
	struct dirent **names = NULL;
	int n = scandir(path, &names, wanted, alphasort), r = 0;
	if (n < 0)
		return errno == ENOENT ? 0 : err_sys(e, "read folder %s", path);
	if (n > APT_FILES_MAX)
		r = err_set(e, ERR_LIMIT, "%s has more than %d files", path, APT_FILES_MAX);
	for (int i = 0; i < n; i++) {
		if (r == 0)
			r = read_file(a, arena_printf(a, "%s/%s", path, names[i]->d_name).p, out,
				      e);
		free(names[i]);
	}
	free(names);
	return r;
}

int apt_sources_read(struct arena *a, struct str dir, struct apt_sources *out, struct err *e)
{
	struct apt_sources found = { 0 };
	int r = read_file(a, arena_printf(a, "%.*s/sources.list", STR(dir)).p, &found, e);
	if (r == 0)
		r = read_folder(a, arena_printf(a, "%.*s/sources.list.d", STR(dir)).p, &found, e);
	if (r == 0)
		*out = found;
	return r;
}
