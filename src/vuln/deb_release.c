/* Release files. The text comes from a signed document, yet every number is bounded and every path is checked before it
 * becomes part of an address: no "..", no absolute path, no control bytes. Only SHA256 counts; MD5Sum and SHA1 are
 * passed over, so an archive that has nothing better is refused. */
#include "vuln/deb_release.h"

#include "vuln/deb822.h"
#include "vuln/deb_packages.h"

#include <time.h>

static bool month_number(struct str s, int *out)
{
	static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";
	for (int i = 0; i < 12; i++)
		if (str_eq_nocase(s, (struct str){ names + 3 * i, 3 })) {
			*out = i;
			return true;
		}
	return false;
}

static bool clock_time(struct str s, struct tm *tm)
{
	uint64_t h, m, sec = 0;
	struct str hour = str_cut(&s, ':'), minute = str_cut(&s, ':');
	if (!str_to_u64(hour, 23, &h) || !str_to_u64(minute, 59, &m) ||
	    (s.n && !str_to_u64(s, 60, &sec)))
		return false;
	tm->tm_hour = (int)h;
	tm->tm_min = (int)m;
	tm->tm_sec = (int)sec;
	return true;
}

/* Seconds east of Greenwich. */
static bool zone_offset(struct str s, int64_t *out)
{
	uint64_t v;
	if (s.n == 0 || str_eq(s, S("UTC")) || str_eq(s, S("GMT")) || str_eq(s, S("Z"))) {
		*out = 0;
		return true;
	}
	if (s.n != 5 || (s.p[0] != '+' && s.p[0] != '-') || !str_to_u64(str_from(s, 1), 2359, &v))
		return false;
	int64_t east = (int64_t)(v / 100 * 3600 + v % 100 * 60);
	*out = s.p[0] == '-' ? -east : east;
	return true;
}

bool deb_date(struct str s, int64_t *out)
{
	struct str word[5] = { 0 };
	struct tm tm = { 0 };
	uint64_t day, year;
	int64_t east;
	ssize_t comma = str_find_char(s, ',');
	if (comma >= 0)
		s = str_from(s, (size_t)comma + 1);
	for (size_t i = 0; i < COUNT(word) && str_word(&s, &word[i]); i++)
		;
	if (!str_to_u64(word[0], 31, &day) || day == 0 || !month_number(word[1], &tm.tm_mon) ||
	    !str_to_u64(word[2], 9999, &year) || year < 1970 || !clock_time(word[3], &tm) ||
	    !zone_offset(word[4], &east))
		return false;
	tm.tm_mday = (int)day;
	tm.tm_year = (int)year - 1900;
	*out = (int64_t)timegm(&tm) - east;
	return true;
}

static int add_file(struct arena *a, struct str line, struct deb_release *out, struct err *e)
{
	struct release_file f = { 0 };
	struct str hex, size;
	if (!str_word(&line, &hex))
		return 0;
	if (!str_word(&line, &size) || !str_word(&line, &f.path) ||
	    !digest_from_hex(DIGEST_SHA256, hex, &f.sha256) ||
	    !str_to_u64(size, 1ULL << 50, &f.size))
		return err_set(e, ERR_INVALID, "a line of SHA256 is broken: '%.*s'",
			       STR(str_upto(hex, 100)));
	if (!deb_path_is_safe(f.path))
		return err_set(e, ERR_INVALID, "a path is refused: '%.*s'",
			       STR(str_upto(f.path, 200)));
	if (out->n_files >= RELEASE_FILES_MAX)
		return err_set(e, ERR_LIMIT, "lists more than %d files", RELEASE_FILES_MAX);
	*ARENA_PUSH(a, out->files, out->n_files, out->files_cap) = f;
	return 0;
}

static int by_path(const void *a, const void *b)
{
	return str_cmp(((const struct release_file *)a)->path,
		       ((const struct release_file *)b)->path);
}

static int add_files(struct arena *a, struct str value, struct deb_release *out, struct err *e)
{
	struct str line;
	while (deb822_line(&value, &line)) {
		int r = add_file(a, line, out, e);
		if (r)
			return r;
	}
	if (out->n_files)
		qsort(out->files, out->n_files, sizeof *out->files, by_path);
	return 0;
}

static void add_words(struct arena *a, struct str value, struct strs *out)
{
	struct str word;
	while (out->n < 1000 && str_word(&value, &word))
		*ARENA_PUSH(a, out->v, out->n, out->cap) = word;
}

static int date_field(struct str name, struct str value, int64_t *out, struct err *e)
{
	if (!deb_date(value, out))
		return err_set(e, ERR_INVALID, "%.*s '%.*s' is no date", STR(name),
			       STR(str_upto(value, 100)));
	return 0;
}

static int one_field(struct arena *a, struct str name, struct str value, struct deb_release *r,
		     struct err *e)
{
	if (str_eq_nocase(name, S("Origin")))
		r->origin = value;
	else if (str_eq_nocase(name, S("Suite")))
		r->suite = value;
	else if (str_eq_nocase(name, S("Codename")))
		r->codename = value;
	else if (str_eq_nocase(name, S("Date")))
		return date_field(name, value, &r->date, e);
	else if (str_eq_nocase(name, S("Valid-Until")))
		return date_field(name, value, &r->valid_until, e);
	else if (str_eq_nocase(name, S("Acquire-By-Hash")))
		r->by_hash = str_eq_nocase(value, S("yes"));
	else if (str_eq_nocase(name, S("No-Support-for-Architecture-all")))
		r->no_all = str_eq_nocase(value, S("Packages"));
	else if (str_eq_nocase(name, S("Architectures")))
		add_words(a, value, &r->architectures);
	else if (str_eq_nocase(name, S("Components")))
		add_words(a, value, &r->components);
	else if (str_eq_nocase(name, S("SHA256")))
		return add_files(a, value, r, e);
	return 0;
}

int deb_release_parse(struct arena *a, struct str text, struct deb_release *out, struct err *e)
{
	struct deb_release r = { 0 };
	struct str name, value;
	while (deb822_field(&text, &name, &value)) {
		int code = one_field(a, name, value, &r, e);
		if (code)
			return code;
	}
	if (r.n_files == 0)
		return err_set(e, ERR_INVALID, "lists no file with a SHA256 digest");
	*out = r;
	return 0;
}

const struct release_file *deb_release_find(const struct deb_release *r, struct str path)
{
	struct release_file key = { .path = path };
	return r->n_files ? bsearch(&key, r->files, r->n_files, sizeof key, by_path) : NULL;
}
