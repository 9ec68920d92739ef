/* YARA rules (libyara 4.2) over every file's body, in the child: compiled once a child from the text that came with the job.
 * Includes are off, as are the modules that read files or reports of their own (magic, cuckoo); the sandbox would refuse
 * both anyway. Bodies are given whole: from memory, or mapped from the spool.
 *
 * A hostile body may make a rule slow or match everywhere: a scan ends after SCAN_SECONDS, marks of one file are limited, and
 * both are notes. Descriptions come from the rules, which are the user's. */
#include "analyze/yara.h"

#include "analyze/analyzer.h"
#include "analyze/marks.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include "base/library.h"

#include <yara.h>

enum { SCAN_SECONDS = 30, MARKS_MAX = 100, TEXT_MAX = 300 };
static const char library_name[] = "libyara.so.9";

struct api {
	__typeof__(yr_initialize) *initialize;
	__typeof__(yr_finalize) *finalize;
	__typeof__(yr_compiler_create) *compiler_create;
	__typeof__(yr_compiler_destroy) *compiler_destroy;
	__typeof__(yr_compiler_set_callback) *compiler_set_callback;
	__typeof__(yr_compiler_set_include_callback) *compiler_set_include_callback;
	__typeof__(yr_compiler_add_string) *compiler_add_string;
	__typeof__(yr_compiler_get_rules) *compiler_get_rules;
	__typeof__(yr_rules_destroy) *rules_destroy;
	__typeof__(yr_scanner_create) *scanner_create;
	__typeof__(yr_scanner_destroy) *scanner_destroy;
	__typeof__(yr_scanner_set_callback) *scanner_set_callback;
	__typeof__(yr_scanner_set_flags) *scanner_set_flags;
	__typeof__(yr_scanner_set_timeout) *scanner_set_timeout;
	__typeof__(yr_scanner_scan_mem) *scanner_scan_mem;
};

struct yara {
	struct api api;
	bool initialized;
	YR_RULES *rules;
	YR_SCANNER *scanner;
	/* The scan at hand */
	struct analysis *an;
	const struct file *file;
	struct record_file *record;
	bool cut;
};

static int open_api(struct api *a, struct err *e)
{
	const struct library_symbol names[] = {
		{ "yr_initialize", &a->initialize },
		{ "yr_finalize", &a->finalize },
		{ "yr_compiler_create", &a->compiler_create },
		{ "yr_compiler_destroy", &a->compiler_destroy },
		{ "yr_compiler_set_callback", &a->compiler_set_callback },
		{ "yr_compiler_set_include_callback", &a->compiler_set_include_callback },
		{ "yr_compiler_add_string", &a->compiler_add_string },
		{ "yr_compiler_get_rules", &a->compiler_get_rules },
		{ "yr_rules_destroy", &a->rules_destroy },
		{ "yr_scanner_create", &a->scanner_create },
		{ "yr_scanner_destroy", &a->scanner_destroy },
		{ "yr_scanner_set_callback", &a->scanner_set_callback },
		{ "yr_scanner_set_flags", &a->scanner_set_flags },
		{ "yr_scanner_set_timeout", &a->scanner_set_timeout },
		{ "yr_scanner_scan_mem", &a->scanner_scan_mem },
	};
	if (library_load(library_name, names, COUNT(names), e))
		return err_in(e, "YARA rules cannot be used");
	return 0;
}

int yara_load(struct err *e)
{
	struct api a = { 0 };
	return open_api(&a, e);
}

static void yara_close(struct yara *y)
{
	if (y->scanner)
		y->api.scanner_destroy(y->scanner);
	if (y->rules)
		y->api.rules_destroy(y->rules);
	if (y->initialized)
		y->api.finalize();
	free(y);
}

static void cleanup_yara(struct yara **y)
{
	if (*y)
		yara_close(*y);
}

/* Keeps the first complaint. */
static void complain(int level, const char *file, int line, const YR_RULE *rule,
		     const char *message, void *ctx)
{
	struct err *e = ctx;
	(void)file;
	(void)rule;
	if (level == YARA_ERROR_LEVEL_ERROR && !e->code)
		err_set(e, ERR_INVALID, "YARA rules, line %d: %s", line, message);
}

static int compile(struct yara *y, struct str text, struct err *e)
{
	YR_COMPILER *c = NULL;
	struct err why = { 0 };
	struct buf b = { 0 };
	if (y->api.compiler_create(&c) != ERROR_SUCCESS)
		return err_set(e, ERR_UNSUPPORTED, "%s cannot make a compiler", library_name);
	y->api.compiler_set_callback(c, complain, &why);
	y->api.compiler_set_include_callback(c, NULL, NULL, NULL);
	buf_add_str(&b, text);
	int bad = y->api.compiler_add_string(c, buf_cstr(&b), NULL);
	if (!bad && y->api.compiler_get_rules(c, &y->rules) != ERROR_SUCCESS)
		bad = 1;
	y->api.compiler_destroy(c);
	buf_done(&b);
	if (!bad)
		return 0;
	if (!why.code)
		err_set(&why, ERR_INVALID, "YARA rules cannot be compiled");
	*e = why;
	return why.code;
}

static int yara_open(struct str text, struct yara **out, struct err *e)
{
	CLEANUP(cleanup_yara) struct yara *y = calloc(1, sizeof *y);
	if (!y)
		abort();
	if (memchr(text.n ? text.p : "", 0, text.n))
		return err_set(e, ERR_INVALID, "YARA rules hold a NUL byte");
	int r = open_api(&y->api, e);
	if (r)
		return r;
	if (y->api.initialize() != ERROR_SUCCESS)
		return err_set(e, ERR_UNSUPPORTED, "%s does not start", library_name);
	y->initialized = true;
	r = compile(y, text, e);
	if (r)
		return r;
	if (y->api.scanner_create(y->rules, &y->scanner) != ERROR_SUCCESS)
		return err_set(e, ERR_UNSUPPORTED, "%s cannot make a scanner", library_name);
	*out = STEAL(y);
	return 0;
}

/* Modules are known when a scan begins: one over nothing tells. */
static int refuse_modules(YR_SCAN_CONTEXT *context, int message, void *data, void *ctx)
{
	struct err *e = ctx;
	(void)context;
	if (message != CALLBACK_MSG_IMPORT_MODULE)
		return CALLBACK_CONTINUE;
	const YR_MODULE_IMPORT *m = data;
	if (strcmp(m->module_name, "magic") != 0 && strcmp(m->module_name, "cuckoo") != 0)
		return CALLBACK_CONTINUE;
	err_set(e, ERR_INVALID, "YARA rules: the module %.40s reads other files and is off",
		m->module_name);
	return CALLBACK_ERROR;
}

int yara_check(struct str rules, struct err *e)
{
	CLEANUP(cleanup_yara) struct yara *y = NULL;
	struct err why = { 0 };
	int r = yara_open(rules, &y, e);
	if (r)
		return r;
	y->api.scanner_set_flags(y->scanner, SCAN_FLAGS_NO_TRYCATCH);
	y->api.scanner_set_callback(y->scanner, refuse_modules, &why);
	(void)y->api.scanner_scan_mem(y->scanner, (const uint8_t *)"", 0);
	if (why.code)
		*e = why;
	return why.code;
}

/* The analyzer */

static struct str description_of(const YR_RULE *rule)
{
	const YR_META *meta;
	yr_rule_metas_foreach(rule, meta)
	{
		if (meta->type == META_TYPE_STRING && !strcmp(meta->identifier, "description"))
			return str_upto(str_of(meta->string), TEXT_MAX);
	}
	return (struct str){ 0 };
}

static int matched(YR_SCAN_CONTEXT *context, int message, void *data, void *ctx)
{
	struct yara *y = ctx;
	(void)context;
	if (message != CALLBACK_MSG_RULE_MATCHING)
		return CALLBACK_CONTINUE;
	const YR_RULE *rule = data;
	if (!y->record)
		y->record = record_add_file(y->an->arena, y->an->record, y->file->path, "yara",
					    y->file->size);
	if (y->record->n_marks >= MARKS_MAX) {
		y->cut = true;
		return CALLBACK_ABORT;
	}
	record_add_mark(y->an->arena, y->record, "malware",
			str_upto(str_of(rule->identifier), TEXT_MAX), description_of(rule), 0, 0);
	return CALLBACK_CONTINUE;
}

static int scan(struct yara *y, struct str body, struct err *e)
{
	int r = y->api.scanner_scan_mem(y->scanner, (const uint8_t *)(body.n ? body.p : ""),
					body.n);
	if (r == ERROR_SCAN_TIMEOUT)
		return err_set(e, ERR_LIMIT, "YARA rules took more than %d seconds", SCAN_SECONDS);
	if (r != ERROR_SUCCESS)
		return err_set(e, ERR_LIMIT, "YARA rules gave up with error %d", r);
	if (y->cut)
		return err_set(e, ERR_LIMIT, "more than %d YARA rules match", MARKS_MAX);
	return 0;
}

static int scan_spooled(struct yara *y, const struct whole *w, struct err *e)
{
	uint64_t before = w->offset % (uint64_t)sysconf(_SC_PAGESIZE);
	size_t n = (size_t)(before + w->size);
	char *p = mmap(NULL, n, PROT_READ, MAP_PRIVATE, w->fd, (off_t)(w->offset - before));
	if (p == MAP_FAILED)
		return err_sys(e, "map %llu bytes of the spool", (unsigned long long)w->size);
	int r = scan(y, (struct str){ p + before, (size_t)w->size }, e);
	munmap(p, n);
	return r;
}

static bool wants(const struct file *f, struct str head)
{
	(void)head;
	return f->size > 0;
}

static int end(struct analysis *an, void *state, const struct file *f, const struct whole *whole,
	       struct err *e)
{
	struct yara *y = an->shared;
	(void)state;
	if (!an->options || !an->options->yara_rules.n)
		return 0;
	if (!y) {
		int r = yara_open(an->options->yara_rules, &y, e);
		if (r)
			return r;
		an->shared = y;
		y->api.scanner_set_timeout(y->scanner, SCAN_SECONDS);
		y->api.scanner_set_flags(y->scanner, SCAN_FLAGS_NO_TRYCATCH | SCAN_FLAGS_FAST_MODE |
							     SCAN_FLAGS_REPORT_RULES_MATCHING);
		y->api.scanner_set_callback(y->scanner, matched, y);
	}
	y->an = an;
	y->file = f;
	y->record = NULL;
	y->cut = false;
	return whole->fd < 0 ? scan(y, whole->mem, e) : scan_spooled(y, whole, e);
}

static int finish(struct analysis *an, struct err *e)
{
	struct yara *y = an->shared;
	(void)e;
	if (y)
		yara_close(y);
	an->shared = NULL;
	return 0;
}

static void add_malware(void *ctx, const struct mark_place *m)
{
	struct inventory *inv = ctx;
	*ARENA_PUSH(inv->arena, inv->malware, inv->n_malware, inv->malware_cap) =
		(struct malware){ m->mark->rule, m->mark->text, m->path, m->layer, m->deleted };
}

static int compare(const void *a, const void *b)
{
	const struct malware *x = a, *y = b;
	int r = str_cmp(x->path, y->path);
	if (r == 0)
		r = str_cmp(x->rule, y->rule);
	return r ? r : (x->layer > y->layer) - (x->layer < y->layer);
}

static int join(const struct fold *f, struct inventory *inv, struct err *e)
{
	(void)e;
	marks_each(f, "malware", add_malware, inv);
	if (inv->n_malware)
		qsort(inv->malware, inv->n_malware, sizeof *inv->malware, compare);
	return 0;
}

static const char *const patterns[] = { "*", NULL };

const struct analyzer analyzer_yara = {
	.name = "yara",
	.version = 1,
	.scanners = SCAN_MALWARE,
	.own_paths = true,
	.want_whole = true,
	.patterns = patterns,
	.wants = wants,
	.end = end,
	.finish = finish,
	.join = join,
};
