/* Vectorscan (the portable Hyperscan), in streaming mode, given literal words and nothing else. Its automata lose matches
 * where they skip ahead by a pair of characters: version 5.4.9 misses the digits in "e0ced1fecb32c1b0dea-" "1321fb" with
 * `[a-f]{3}-[0-9]{4,20}`, as the pair is parted by the pieces, and with `[ac]{1,3}[cd]+` matches inside one piece too. So
 * expressions are for PCRE2. The matchers of literals are held against a search of every word by itself in tests and fuzzer.
 * A hostile body can make them hit often, never remember more than the stream's fixed state. Compiled sets come from us or
 * from our own cache; the library checks their sum and version.
 *
 * The library is opened by name: it is C++ and would cost every start of the program otherwise. */
#include "analyze/secret_engine.h"

#include "base/library.h"

#include <hs/hs.h>
#include <stdio.h>

struct api {
	__typeof__(hs_version) *version;
	__typeof__(hs_valid_platform) *valid_platform;
	__typeof__(hs_populate_platform) *populate_platform;
	__typeof__(hs_compile_lit_multi) *compile_lit_multi;
	__typeof__(hs_free_compile_error) *free_compile_error;
	__typeof__(hs_serialize_database) *serialize_database;
	__typeof__(hs_deserialize_database) *deserialize_database;
	__typeof__(hs_free_database) *free_database;
	__typeof__(hs_alloc_scratch) *alloc_scratch;
	__typeof__(hs_free_scratch) *free_scratch;
	__typeof__(hs_open_stream) *open_stream;
	__typeof__(hs_close_stream) *close_stream;
	__typeof__(hs_scan_stream) *scan_stream;
	__typeof__(hs_reset_stream) *reset_stream;
};

struct secret_engine {
	struct api api;
	hs_database_t *db;
	hs_scratch_t *scratch;
	hs_stream_t *stream;
	size_t n_rules;
};

/* The number of rules, then the library's bytes. */
enum { HEAD = 8 };
static const char library_name[] = "libhs.so.5";
static int open_api(struct api *a, struct err *e)
{
	const struct library_symbol names[] = {
		{ "hs_version", &a->version },
		{ "hs_valid_platform", &a->valid_platform },
		{ "hs_populate_platform", &a->populate_platform },
		{ "hs_compile_lit_multi", &a->compile_lit_multi },
		{ "hs_free_compile_error", &a->free_compile_error },
		{ "hs_serialize_database", &a->serialize_database },
		{ "hs_deserialize_database", &a->deserialize_database },
		{ "hs_free_database", &a->free_database },
		{ "hs_alloc_scratch", &a->alloc_scratch },
		{ "hs_free_scratch", &a->free_scratch },
		{ "hs_open_stream", &a->open_stream },
		{ "hs_close_stream", &a->close_stream },
		{ "hs_scan_stream", &a->scan_stream },
		{ "hs_reset_stream", &a->reset_stream },
	};
	if (library_load(library_name, names, COUNT(names), e))
		return err_in(e, "secrets cannot be searched for");
	if (a->valid_platform() != HS_SUCCESS)
		return err_set(e, ERR_UNSUPPORTED,
			       "secrets cannot be searched for: the library does not run on this "
			       "processor");
	return 0;
}

int secret_engine_load(struct err *e)
{
	struct api a = { 0 };
	int r = open_api(&a, e);
	return r;
}

int secret_engine_id(struct buf *out, struct err *e)
{
	struct api a = { 0 };
	hs_platform_info_t p = { 0 };
	int r = open_api(&a, e);
	if (r == 0 && a.populate_platform(&p) != HS_SUCCESS)
		r = err_set(e, ERR_UNSUPPORTED, "%s does not know this processor", library_name);
	if (r == 0)
		buf_addf(out, "%s tune %u features %llx", a.version(), p.tune,
			 (unsigned long long)p.cpu_features);
	return r;
}

struct literals {
	const char **text;
	size_t *lengths, cap;
	unsigned *flags, *ids;
	unsigned n;
};

static void add_literal(struct literals *x, struct str text, size_t id, unsigned flags)
{
	if (text.n == 0 || x->n >= x->cap)
		return;
	x->text[x->n] = text.p;
	x->lengths[x->n] = text.n;
	x->flags[x->n] = flags;
	x->ids[x->n++] = (unsigned)id;
}

static void add_keyword(struct literals *x, struct str keyword, size_t id)
{
	while (keyword.n) {
		struct str word = str_cut(&keyword, '|');
		bool any_case = str_starts(word, S("i:"));
		add_literal(x, str_from(word, any_case ? 2 : 0), id,
			    any_case ? HS_FLAG_CASELESS : 0);
	}
}

static size_t count_literals(const struct secret_rules *r)
{
	size_t n = 1;
	for (size_t i = 0; i < r->n; i++) {
		n += 1 + r->v[i].words.n;
		for (size_t k = 0; k < r->v[i].keyword.n; k++)
			n += r->v[i].keyword.p[k] == '|';
	}
	return n;
}

/* Identities: 2 x rule; one more for its words. */
static void collect(struct arena *a, const struct secret_rules *r, struct literals *x)
{
	x->cap = count_literals(r);
	x->text = arena_array(a, x->cap, sizeof *x->text);
	x->lengths = arena_array(a, x->cap, sizeof *x->lengths);
	x->flags = arena_array(a, x->cap, sizeof *x->flags);
	x->ids = arena_array(a, x->cap, sizeof *x->ids);
	for (size_t i = 0; i < r->n; i++) {
		const struct secret_rule *rule = &r->v[i];
		add_keyword(x, rule->keyword, 2 * i);
		for (size_t k = 0; k < rule->words.n; k++)
			add_literal(x, rule->words.v[k], 2 * i + 1, HS_FLAG_CASELESS);
	}
	/* A set of none is not allowed; this one is never looked at. */
	if (x->n == 0)
		add_literal(x, S("\0lazaret"), 2 * r->n, 0);
}

static int serialize(const struct api *api, const struct secret_rules *r, hs_database_t *db,
		     struct buf *out, struct err *e)
{
	char *bytes = NULL;
	size_t n = 0;
	uint64_t rules = r->n;
	if (api->serialize_database(db, &bytes, &n) != HS_SUCCESS)
		return err_set(e, ERR_UNSUPPORTED, "%s cannot write its rules", library_name);
	buf_add(out, &rules, sizeof rules);
	buf_add(out, bytes, n);
	free(bytes);
	return 0;
}

int secret_engine_compile(const struct secret_rules *r, struct buf *out, struct err *e)
{
	struct api api = { 0 };
	struct arena a = { 0 };
	struct literals x = { 0 };
	hs_database_t *db = NULL;
	hs_compile_error_t *why = NULL;
	int code = open_api(&api, e);
	if (code == 0) {
		collect(&a, r, &x);
		if (api.compile_lit_multi(x.text, x.flags, x.ids, x.lengths, x.n, HS_MODE_STREAM,
					  NULL, &db, &why) != HS_SUCCESS) {
			size_t rule = why->expression >= 0 && (unsigned)why->expression < x.n
					      ? x.ids[why->expression] / 2
					      : r->n;
			code = err_set(e, ERR_INVALID, "rule %.*s: %s",
				       STR(rule < r->n ? r->v[rule].id : S("(all)")), why->message);
			api.free_compile_error(why);
		}
	}
	if (code == 0)
		code = serialize(&api, r, db, out, e);
	if (db)
		api.free_database(db);
	arena_done(&a);
	return code;
}

int secret_engine_open(struct str compiled, struct secret_engine **out, struct err *e)
{
	struct secret_engine *s = calloc(1, sizeof *s);
	uint64_t rules;
	if (!s)
		abort();
	int r = open_api(&s->api, e);
	if (r == 0 && compiled.n < HEAD)
		r = err_set(e, ERR_INVALID, "the compiled rules are cut");
	if (r == 0) {
		memcpy(&rules, compiled.p, sizeof rules);
		s->n_rules = (size_t)rules;
		if (s->api.deserialize_database(compiled.p + HEAD, compiled.n - HEAD, &s->db) !=
			    HS_SUCCESS ||
		    s->api.alloc_scratch(s->db, &s->scratch) != HS_SUCCESS ||
		    s->api.open_stream(s->db, 0, &s->stream) != HS_SUCCESS)
			r = err_set(e, ERR_INVALID,
				    "the compiled rules are not of this version of %s",
				    library_name);
	}
	if (r)
		secret_engine_close(s);
	else
		*out = s;
	return r;
}

void secret_engine_close(struct secret_engine *s)
{
	if (!s)
		return;
	if (s->stream)
		s->api.close_stream(s->stream, NULL, NULL, NULL);
	if (s->scratch)
		s->api.free_scratch(s->scratch);
	if (s->db)
		s->api.free_database(s->db);
	free(s);
}

struct run {
	const struct secret_engine *engine;
	const struct secret_engine_sink *sink;
};

static int matched(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
		   void *ctx)
{
	const struct run *run = ctx;
	(void)from;
	(void)flags;
	if (id / 2 < run->engine->n_rules)
		run->sink->hit(run->sink->ctx, id / 2, id & 1, to);
	return 0;
}

int secret_engine_scan(struct secret_engine *s, struct str piece,
		       const struct secret_engine_sink *sink, struct err *e)
{
	enum { STEP = 1 << 30 };
	struct run run = { s, sink };
	while (piece.n) {
		unsigned n = (unsigned)MIN(piece.n, (size_t)STEP);
		if (s->api.scan_stream(s->stream, piece.p, n, 0, s->scratch, matched, &run) !=
		    HS_SUCCESS)
			return err_set(e, ERR_UNSUPPORTED, "%s failed", library_name);
		piece = str_from(piece, n);
	}
	return 0;
}

int secret_engine_end(struct secret_engine *s, struct err *e)
{
	/* Literals do not hit at an end. */
	if (s->api.reset_stream(s->stream, 0, s->scratch, NULL, NULL) != HS_SUCCESS)
		return err_set(e, ERR_UNSUPPORTED, "%s failed", library_name);
	return 0;
}
