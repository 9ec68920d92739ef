/* MANIFEST.MF (Java's "JAR File Specification": "Name: value", lines that begin with a space go on with the one before; the
 * main section ends at an empty line), headers of OSGi bundles ("OSGi Core", 3.2) and of Jenkins plugins, and file names
 * as Maven makes them, "artifact-version.jar". All guesses: titles are written for people, symbolic names mostly begin
 * with the group. Hostile input may hold anything; nothing here allocates more than its input. */
#include "analyze/java_name.h"

#include <stddef.h>

#define KEY(name, field) \
	{ \
		name, offsetof(struct java_manifest, field) \
	}
static const struct {
	const char *name;
	size_t offset;
} keys[] = {
	KEY("Implementation-Title", implementation_title),
	KEY("Implementation-Version", implementation_version),
	KEY("Implementation-Vendor", implementation_vendor),
	KEY("Implementation-Vendor-Id", implementation_vendor_id),
	KEY("Specification-Title", specification_title),
	KEY("Specification-Version", specification_version),
	KEY("Specification-Vendor", specification_vendor),
	KEY("Bundle-Name", bundle_name),
	KEY("Bundle-Version", bundle_version),
	KEY("Bundle-SymbolicName", bundle_symbolic_name),
	KEY("Bundle-License", bundle_license),
	KEY("Automatic-Module-Name", automatic_module_name),
	KEY("Group-Id", group_id),
	KEY("Short-Name", short_name),
	KEY("Plugin-Version", plugin_version),
	KEY("Plugin-License-Name", plugin_license_name),
	KEY("Plugin-License-Name-2", plugin_license_name_2),
	KEY("Plugin-License-Name-3", plugin_license_name_3),
};

static void take_line(struct arena *a, struct str line, struct java_manifest *out)
{
	struct str value = line, name = str_cut(&value, ':');
	for (size_t i = 0; i < COUNT(keys); i++)
		if (str_eq_nocase(name, str_of(keys[i].name)))
			*(struct str *)((char *)out + keys[i].offset) =
				arena_str(a, str_trim(value));
}

void java_manifest_parse(struct arena *a, struct str text, struct java_manifest *out)
{
	CLEANUP(buf_done) struct buf whole = { 0 };
	struct str line;
	text = str_upto(text, MANIFEST_MAX);
	while (str_line(&text, &line) && line.n) {
		if (line.p[0] == ' ') {
			buf_add_str(&whole, str_from(line, 1));
			continue;
		}
		take_line(a, str_buf(&whole), out);
		whole.n = 0;
		buf_add_str(&whole, line);
	}
	take_line(a, str_buf(&whole), out);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* From here on it could all be a version: no word is followed by another dotted number, as in "1.2-api-2.17.0". */
static bool is_version(struct str s)
{
	bool word = false;
	while (s.n) {
		struct str part = str_cut(&s, '-');
		bool number = part.n && is_digit(part.p[0]);
		if (number && word && str_find_char(part, '.') >= 0)
			return false;
		word |= !number;
	}
	return true;
}

bool java_file_name(struct str file, struct str *artifact, struct str *version)
{
	ssize_t dot = str_rfind_char(file, '.');
	struct str stem = dot > 0 ? str_upto(file, (size_t)dot) : file;
	for (size_t i = 1; i + 1 < stem.n; i++)
		if (stem.p[i] == '-' && is_digit(stem.p[i + 1]) &&
		    is_version(str_from(stem, i + 1))) {
			*artifact = str_upto(stem, i);
			*version = str_from(stem, i + 1);
			return true;
		}
	*artifact = stem;
	*version = S("");
	return false;
}

static struct str first_word(struct str s)
{
	struct str word = S("");
	return str_word(&s, &word) && str_find(word, S("${")) < 0 ? word : S("");
}

static struct str first_of(const struct str *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].n && str_find(v[i], S("${")) < 0)
			return v[i];
	return S("");
}

static struct str before_last_dot(struct str name)
{
	name = str_trim(str_cut(&name, ';'));
	ssize_t dot = str_rfind_char(name, '.');
	return dot > 0 ? str_upto(name, (size_t)dot) : S("");
}

/* A vendor that is written like a group. */
static struct str group_like(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-",
			    s.p[i]) ||
		    s.p[i] == '\0')
			return S("");
	return str_find_char(s, '.') > 0 ? s : S("");
}

/* Build tools other than Maven write "group#artifact;version" or "group:artifact" there. */
static bool split_title(struct str title, struct str *group, struct str *artifact)
{
	ssize_t at = str_find_char(title, '#');
	if (at < 0)
		at = str_find_char(title, ':');
	if (at <= 0 || group_like(str_upto(title, (size_t)at)).n == 0)
		return false;
	struct str rest = str_from(title, (size_t)at + 1);
	*group = str_upto(title, (size_t)at);
	*artifact = str_cut(&rest, ';');
	return artifact->n > 0 && str_find_char(*artifact, ' ') < 0;
}

void java_guess(const struct java_manifest *m, struct str file, struct str *group,
		struct str *artifact, struct str *version)
{
	const struct str groups[] = { m->implementation_vendor_id,
				      m->group_id,
				      before_last_dot(m->bundle_symbolic_name),
				      before_last_dot(m->automatic_module_name),
				      group_like(m->implementation_vendor),
				      group_like(m->specification_vendor) };
	const struct str titles[] = { m->short_name, m->implementation_title,
				      m->specification_title, m->bundle_name };
	const struct str versions[] = { first_word(m->implementation_version),
					first_word(m->plugin_version),
					first_word(m->specification_version),
					first_word(m->bundle_version) };
	struct str stem, in_name;
	bool named = java_file_name(file, &stem, &in_name);
	struct str title = first_of(titles, COUNT(titles)), by, what;
	*group = first_of(groups, COUNT(groups));
	*artifact = named || title.n == 0 ? stem : title;
	*version = named ? in_name : first_of(versions, COUNT(versions));
	if (split_title(title, &by, &what)) {
		*group = by;
		*artifact = what;
	}
}

/* A few addresses that bundles name instead of a licence. */
static struct str known_address(struct str s)
{
	static const struct {
		const char *part, *id;
	} known[] = {
		{ "apache.org/licenses/LICENSE-2.0", "Apache-2.0" },
		{ "opensource.org/licenses/apache-2.0", "Apache-2.0" },
		{ "opensource.org/licenses/mit", "MIT" },
		{ "opensource.org/licenses/MIT", "MIT" },
		{ "opensource.org/licenses/BSD-3-Clause", "BSD-3-Clause" },
		{ "opensource.org/licenses/BSD-2-Clause", "BSD-2-Clause" },
		{ "eclipse.org/legal/epl-v10", "EPL-1.0" },
		{ "eclipse.org/legal/epl-2.0", "EPL-2.0" },
		{ "eclipse.org/org/documents/epl-v10", "EPL-1.0" },
		{ "eclipse.org/org/documents/edl-v10", "BSD-3-Clause" },
		{ "gnu.org/licenses/old-licenses/lgpl-2.1", "LGPL-2.1-only" },
		{ "gnu.org/licenses/lgpl-2.1", "LGPL-2.1-only" },
		{ "mozilla.org/MPL/2.0", "MPL-2.0" },
		{ "mozilla.org/en-US/MPL/2.0", "MPL-2.0" },
		{ "creativecommons.org/publicdomain/zero/1.0", "CC0-1.0" },
	};
	for (size_t i = 0; i < COUNT(known); i++)
		if (str_find(s, str_of(known[i].part)) >= 0)
			return str_of(known[i].id);
	return s;
}

/* The next clause of an OSGi header: up to a comma outside quotes, without its parameters. */
static struct str next_clause(struct str *s)
{
	bool quoted = false;
	size_t i = 0, end = 0;
	for (; i < s->n && (quoted || s->p[i] != ','); i++) {
		quoted ^= s->p[i] == '"';
		if (!quoted && s->p[i] == ';' && !end)
			end = i;
	}
	struct str clause = str_trim(str_upto(*s, end ? end : i));
	*s = str_from(*s, i + 1);
	if (clause.n >= 2 && clause.p[0] == '"' && clause.p[clause.n - 1] == '"')
		clause = str_upto(str_from(clause, 1), clause.n - 2);
	return clause;
}

void java_manifest_licences(struct arena *a, const struct java_manifest *m, struct strs *out)
{
	const struct str names[] = { m->plugin_license_name, m->plugin_license_name_2,
				     m->plugin_license_name_3 };
	struct str rest = m->bundle_license;
	for (size_t i = 0; i < COUNT(names); i++)
		if (names[i].n)
			*ARENA_PUSH(a, out->v, out->n, out->cap) = names[i];
	while (rest.n) {
		struct str clause = next_clause(&rest);
		if (clause.n && clause.p[0] != '<')
			*ARENA_PUSH(a, out->v, out->n, out->cap) = known_address(clause);
	}
}
