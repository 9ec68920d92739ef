/* Java archives: jar, war, ear and their kin are zip archives ("JAR File Specification"). What Maven built has
 * pom.properties (group, artifact, version) and pom.xml below META-INF/maven; a shaded archive has those of everything that
 * was put into it, and all of them count. Archives inside archives are read in memory. Where no Maven files name the archive
 * itself, its manifest and its name are asked (java_name.c), and the attribute "evidence" says so; a nested archive's
 * SHA-1 is an attribute, by which a database can name it for sure. pom.properties lying in the open (an unpacked archive)
 * are read too.
 *
 * Hostile input: bombs (zip_bytes over a layer, and no member beyond NESTED_MAX), archives that hold themselves or are
 * nested a hundred deep (zip_depth), a million members (zip_members), anything in the files that are read. What could not be
 * read inside is a note with its place, the rest still counts. Not supported: encrypted and split archives, jmod, .class
 * files outside archives, programs of native images. */
#include "analyze/java_name.h"
#include "analyze/listing.h"
#include "analyze/pom.h"
#include "base/zip.h"

enum {
	PROPERTIES_MAX = 64 << 10, /* bytes of a pom.properties */
	NESTED_MAX = 64 << 20, /* bytes of an archive inside another */
	OPEN_MAX = 128 << 20, /* of all that are open inside one another */
	TEXTS_MAX = 16 << 20, /* of all Maven files and manifests in one, nested ones too */
	SCRATCH_MAX = 64 << 20, /* of memory for names and what the texts say */
};

struct shared {
	uint64_t bytes; /* inflated so far */
};
struct java {
	struct analysis *an;
	struct listing list;
	struct shared *shared;
	struct arena scratch; /* what is gone with the outermost archive */
	uint64_t open; /* bytes of archives held in memory */
	uint64_t texts; /* bytes of Maven files and manifests */
	bool full; /* the limits are used up, and it has been said */
};
/* The Maven files of one folder. */
struct maven {
	struct str folder;
	struct pom_id id; /* by pom.properties */
	struct pom *pom;
};
struct archive {
	struct java *j;
	struct str file, inside; /* its name; where in the outermost one, empty for that itself */
	struct str sha1; /* hex */
	unsigned depth;
	struct java_manifest manifest;
	struct maven *maven;
	size_t n_maven, maven_cap;
	struct map folders; /* place in maven, + 1 */
};

static const char *const endings[] = { ".jar", ".war", ".ear", ".par",	".sar", ".hpi",
				       ".jpi", ".kar", ".nar", ".lpkg", ".rar" };

static bool is_archive(struct str name)
{
	ssize_t dot = str_rfind_char(name, '.');
	for (size_t i = 0; dot > 0 && i < COUNT(endings); i++)
		if (str_eq_nocase(str_from(name, (size_t)dot), str_of(endings[i])))
			return true;
	return false;
}

static struct str base_name(struct str path)
{
	return str_from(path, (size_t)(str_rfind_char(path, '/') + 1));
}

static void note(struct archive *z, struct str member, const char *why)
{
	listing_note(&z->j->list, "%.*s%s%.*s: %s", STR(z->inside), z->inside.n ? "!" : "",
		     STR(member), why);
}

static struct maven *maven_at(struct archive *z, struct str member)
{
	struct arena *a = &z->j->scratch;
	ssize_t slash = str_rfind_char(member, '/');
	struct str folder = arena_str(a, str_upto(member, slash < 0 ? 0 : (size_t)slash));
	void **slot = map_at(&z->folders, folder);
	if (!*slot) {
		ARENA_PUSH(a, z->maven, z->n_maven, z->maven_cap)->folder = folder;
		*slot = (void *)(uintptr_t)z->n_maven;
	}
	return &z->maven[(uintptr_t)*slot - 1];
}

/* java.util.Properties, as far as Maven writes it: "key=value" or "key: value", '#' and '!' begin comments. */
static void read_properties(struct arena *a, struct str text, struct pom_id *id)
{
	struct str line;
	while (str_line(&text, &line)) {
		line = str_trim(line);
		size_t at = 0;
		while (at < line.n && line.p[at] != '=' && line.p[at] != ':')
			at++;
		struct str key = str_trim(str_upto(line, at));
		struct str value = arena_str(a, str_trim(str_from(line, at + 1)));
		if (str_eq(key, S("groupId")))
			id->group = value;
		else if (str_eq(key, S("artifactId")))
			id->artifact = value;
		else if (str_eq(key, S("version")))
			id->version = value;
	}
}

static void read_pom(struct archive *z, struct str member, struct str text)
{
	struct arena *a = &z->j->scratch;
	struct pom *p = ARENA_NEW(a, struct pom);
	struct err e;
	if (pom_parse(a, text, p, &e))
		note(z, member, e.text);
	else
		maven_at(z, member)->pom = p;
}

static bool same_artifact(struct str artifact, struct str file)
{
	struct str stem, version;
	java_file_name(file, &stem, &version);
	return str_eq(artifact, stem);
}

static struct record_package *add(struct archive *z, struct pom_id id, const char *evidence)
{
	struct arena *a = &z->j->scratch;
	struct listing *l = &z->j->list;
	struct str name = id.group.n ? arena_printf(a, "%.*s:%.*s", STR(id.group), STR(id.artifact))
				     : id.artifact;
	struct record_package *p = listing_add(l, name, id.version);
	listing_set(l, p, "inside", z->inside);
	listing_set(l, p, "evidence", str_of(evidence));
	return p;
}

/* What the Maven files of a folder say; false when they name nothing. */
static bool maven_identity(struct arena *a, const struct maven *m, struct pom_id *out)
{
	struct pom_id by_pom = m->pom ? pom_identity(a, m->pom) : (struct pom_id){ 0 };
	*out = m->id;
	if (out->group.n == 0)
		out->group = by_pom.group;
	if (out->artifact.n == 0)
		out->artifact = by_pom.artifact;
	if (out->version.n == 0)
		out->version = by_pom.version;
	return out->group.n && out->artifact.n;
}

static void add_licences(struct archive *z, struct record_package *p)
{
	struct strs from_manifest = { 0 };
	java_manifest_licences(&z->j->scratch, &z->manifest, &from_manifest);
	for (size_t i = 0; i < from_manifest.n; i++)
		listing_licence(&z->j->list, p, from_manifest.v[i]);
}

/* The archive itself: its SHA-1, and the licences of its manifest where its pom had none. */
static void mark_self(struct archive *z, struct record_package *p)
{
	listing_set(&z->j->list, p, "sha1", z->sha1);
	if (p->licences.n == 0)
		add_licences(z, p);
}

static bool add_maven(struct archive *z, size_t *named)
{
	struct arena *a = &z->j->scratch;
	struct pom **poms = arena_array(a, z->n_maven, sizeof(struct pom *));
	bool self = false;
	size_t n = 0;
	for (size_t i = 0; i < z->n_maven; i++)
		if (z->maven[i].pom)
			poms[n++] = z->maven[i].pom;
	pom_link(a, poms, n);
	for (size_t i = 0; i < z->n_maven; i++) {
		const struct maven *m = &z->maven[i];
		struct pom_id id;
		if (!maven_identity(a, m, &id))
			continue;
		struct record_package *p =
			add(z, id, m->id.artifact.n ? "pom.properties" : "pom.xml");
		for (size_t k = 0; m->pom && k < m->pom->licences.n; k++)
			listing_licence(&z->j->list, p, m->pom->licences.v[k]);
		bool is_self = same_artifact(id.artifact, z->file);
		if (is_self)
			mark_self(z, p);
		self |= is_self;
		++*named;
	}
	return self;
}

/* For a database that knows archives by their SHA-1. */
static void add_nameless(struct archive *z)
{
	struct listing *l = &z->j->list;
	struct str value = arena_printf(&z->j->scratch, "%.*s%s%.*s", STR(z->sha1),
					z->sha1.n ? " " : "-", STR(z->inside));
	record_add_attr(l->an->arena, l->file, S("archive"), value);
}

static void add_packages(struct archive *z)
{
	size_t named = 0;
	struct pom_id id;
	struct str stem, version;
	if (add_maven(z, &named))
		return;
	java_guess(&z->manifest, z->file, &id.group, &id.artifact, &id.version);
	/* A title of several words, alone, is for people and no artifact's name. */
	if (!id.group.n && str_find_char(id.artifact, ' ') >= 0) {
		java_file_name(z->file, &stem, &version);
		id.artifact = stem;
	}
	/* Next to Maven's files a guess has to be a good one: most archives are only named otherwise. */
	if (named && (id.group.n == 0 || !java_file_name(z->file, &stem, &version)))
		return;
	if (id.version.n == 0 || id.artifact.n == 0) {
		add_nameless(z);
		return;
	}
	mark_self(z, add(z, id, id.group.n ? "manifest" : "name"));
}

static int read_archive(struct archive *z, struct zip *zip);

static struct zip_limits limits_of(const struct java *j)
{
	const struct limits *l = j->an->limits;
	uint64_t left = l->zip_bytes - MIN(l->zip_bytes, j->shared->bytes);
	return (struct zip_limits){ l->zip_members, NESTED_MAX, left };
}

static struct str hex_sha1(struct arena *a, struct str body)
{
	struct digest d;
	char text[DIGEST_TEXT];
	digest_of(DIGEST_SHA1, body, &d);
	return arena_str(a, str_from(str_of(digest_text(&d, text)), 5));
}

static void read_nested(struct archive *outer, struct str member, struct str body)
{
	struct java *j = outer->j;
	struct arena *a = &j->scratch;
	struct zip_limits limits = limits_of(j);
	struct archive z = { .j = j, .depth = outer->depth + 1, .sha1 = hex_sha1(a, body) };
	CLEANUP(cleanup_zip) struct zip *zip = NULL;
	struct err e;
	z.inside = arena_printf(a, "%.*s%s%.*s", STR(outer->inside), outer->inside.n ? "!" : "",
				STR(member));
	z.file = base_name(str_from(z.inside, z.inside.n - member.n));
	if (zip_open_mem(body, &limits, &zip, &e) || read_archive(&z, zip)) {
		note(outer, member, zip ? "its directory is damaged" : e.text);
		return;
	}
}

enum kind { OTHER, MANIFEST, PROPERTIES, POM, NESTED };

static enum kind kind_of(struct str name)
{
	struct str base = base_name(name);
	if (str_eq_nocase(name, S("META-INF/MANIFEST.MF")))
		return MANIFEST;
	if (str_eq(base, S("pom.properties")))
		return PROPERTIES;
	if (str_eq(base, S("pom.xml")) && str_starts(name, S("META-INF/maven/")))
		return POM;
	return is_archive(name) ? NESTED : OTHER;
}

static const char *refused(const struct archive *z, const struct zip_member *m, enum kind kind)
{
	static const uint64_t most[] = { 0, MANIFEST_MAX, PROPERTIES_MAX, POM_TEXT_MAX,
					 NESTED_MAX };
	const struct limits *l = z->j->an->limits;
	if (m->size > most[kind])
		return "is too large";
	if (kind != NESTED && z->j->texts + m->size > TEXTS_MAX)
		return "one of too many Maven files and manifests";
	if (kind == NESTED && z->depth >= l->zip_depth)
		return "lies deeper than zip_depth";
	if (kind == NESTED && z->j->open + m->size > OPEN_MAX)
		return "is too large, with the archives around it";
	return NULL;
}

/* Says once that the layer's share is used up. */
static void say_full(struct archive *z, struct str member, const char *why)
{
	if (!z->j->full)
		note(z, member, why);
	z->j->full = true;
}

static bool too_many(const struct java *j)
{
	return j->scratch.total > SCRATCH_MAX || analysis_full(j->an);
}

static void read_member(struct archive *z, struct zip *zip, const struct zip_member *m,
			enum kind kind)
{
	CLEANUP(buf_done) struct buf b = { 0 };
	struct java *j = z->j;
	struct err e;
	const char *why = refused(z, m, kind);
	if (!why && m->size > limits_of(j).total_bytes) {
		say_full(z, m->name, "more than zip_bytes were inflated: the rest is left out");
		return;
	}
	if (too_many(j)) {
		say_full(z, m->name, "too much is named in one archive: the rest is left out");
		return;
	}
	if (!why && zip_read(zip, m, &b, &e))
		why = e.text;
	if (why) {
		note(z, m->name, why);
		return;
	}
	j->shared->bytes += b.n;
	j->texts += kind == NESTED ? 0 : b.n;
	struct str body = str_buf(&b);
	if (kind == MANIFEST) {
		java_manifest_parse(&j->scratch, body, &z->manifest);
	} else if (kind == PROPERTIES) {
		read_properties(&j->scratch, body, &maven_at(z, m->name)->id);
	} else if (kind == POM) {
		read_pom(z, m->name, body);
	} else {
		j->open += b.n;
		read_nested(z, m->name, body);
		j->open -= b.n;
	}
}

/* Fails only where the directory does. */
static int read_archive(struct archive *z, struct zip *zip)
{
	struct zip_member m;
	struct err e;
	int r;
	map_init(&z->folders, &z->j->scratch);
	while ((r = zip_next(zip, &m, &e)) == 1) {
		enum kind kind = m.folder ? OTHER : kind_of(m.name);
		if (kind != OTHER && !z->j->full)
			read_member(z, zip, &m, kind);
	}
	add_packages(z);
	return r;
}

static int read_open(struct java *j, const struct whole *whole, struct err *e)
{
	struct pom_id id = { 0 };
	struct str text;
	if (whole->size > PROPERTIES_MAX)
		return err_set(e, ERR_LIMIT, "larger than %d bytes", PROPERTIES_MAX);
	int r = listing_text(&j->list, whole, &text, e);
	if (r)
		return r;
	read_properties(&j->scratch, text, &id);
	struct archive z = { .j = j };
	if (id.group.n && id.artifact.n)
		(void)add(&z, id, "pom.properties");
	return 0;
}

static int open_whole(const struct java *j, const struct whole *w, struct zip **out, struct err *e)
{
	struct zip_limits limits = limits_of(j);
	int r = w->fd < 0 ? zip_open_mem(w->mem, &limits, out, e)
			  : zip_open_at(w->fd, w->offset, w->size, &limits, out, e);
	return r == ERR_LIMIT ? err_in(e, "limit zip_members") : r;
}

static int java_end(struct analysis *an, void *state, const struct file *f,
		    const struct whole *whole, struct err *e)
{
	CLEANUP(cleanup_zip) struct zip *zip = NULL;
	struct java j = { .an = an };
	struct archive z = { .j = &j, .file = base_name(f->path) };
	(void)state;
	if (!an->shared)
		an->shared = ARENA_NEW(an->arena, struct shared);
	j.shared = an->shared;
	listing_begin(&j.list, an, f, "java", "maven");
	int r;
	if (str_ends(f->path, S("pom.properties")))
		r = read_open(&j, whole, e);
	else if ((r = open_whole(&j, whole, &zip, e)) == 0 && (r = read_archive(&z, zip)) < 0)
		r = err_set(e, r, "the zip archive's directory is damaged");
	arena_done(&j.scratch);
	return r ? r : listing_end(&j.list, e);
}

/* An empty file is a placeholder; other resources are packed by RAR. */
static bool java_wants(const struct file *f, struct str head)
{
	return f->size > 0 && !str_starts(head, S("Rar!"));
}

static const char *const patterns[] = { "*.jar", "*.war",  "*.ear",
					"*.par", "*.sar",  "*.hpi",
					"*.jpi", "*.kar",  "*.nar",
					"*.rar", "*.lpkg", "**/META-INF/maven/*/*/pom.properties",
					NULL };

const struct analyzer analyzer_java = {
	.name = "java",
	.version = 1,
	.own_paths = true,
	.digests = true,
	.patterns = patterns,
	.want_whole = true,
	.wants = java_wants,
	.end = java_end,
};
