/* Options of the scanners that look into every file. */
#include "cmd/content.h"

#include "analyze/secret_engine.h"
#include "analyze/secret_scan.h"
#include "analyze/yara.h"

static const struct arg *find_arg(const struct args *a, const char *name)
{
	for (size_t i = 0; i < a->n_all; i++)
		if (!strcmp(a->all[i].option->name, name))
			return &a->all[i];
	return NULL;
}

static bool asked(const struct args *a, const char *scanner)
{
	const struct arg *list = find_arg(a, "scanners");
	for (size_t i = 0; list && i < list->values.n; i++)
		if (str_eq(list->values.v[i], str_of(scanner)))
			return true;
	/* By default. */
	return list && list->values.n == 0;
}

void content_load(const struct args *a)
{
	struct err ignored;
	if (asked(a, "secret"))
		(void)secret_engine_load(&ignored);
	const struct arg *yara = find_arg(a, "yara");
	if (yara && yara->values.n)
		(void)yara_load(&ignored);
}

static int read_secrets(const struct args *a, struct scan_options *scan, struct err *e)
{
	struct str config = { 0 };
	if (args_file(a, "secret-config", SECRET_CONFIG_MAX, &config, e))
		return e->code;
	int r = secret_rules_prepare(a->arena, config, scan->cache_dir, scan->cache_max,
				     &scan->analysis.secret_rules, e);
	if (r == ERR_UNSUPPORTED)
		return err_set(e, r, "%.300s; --scanners without secret does without", e->text);
	return r && config.n ? err_in(e, "%s", args_from(a, "secret-config")) : r;
}

static int read_yara(const struct args *a, struct analysis_options *o, struct err *e)
{
	if (args_file(a, "yara", YARA_RULES_MAX, &o->yara_rules, e))
		return e->code;
	if (!args_str(a, "yara").n)
		return o->scanners & SCAN_MALWARE
			       ? err_set(e, ERR_INVALID,
					 "--scanners malware wants rules: --yara FILE")
			       : 0;
	o->scanners |= SCAN_MALWARE;
	return yara_check(o->yara_rules, e) ? err_in(e, "%s", args_from(a, "yara")) : 0;
}

int content_read(const struct args *a, struct scan_options *scan, struct err *e)
{
	if (read_yara(a, &scan->analysis, e))
		return e->code;
	return scan->analysis.scanners & SCAN_SECRETS ? read_secrets(a, scan, e) : 0;
}

void content_judge(struct arena *a, struct report *r)
{
	const struct inventory *inv = r->inventory;
	r->secrets = arena_array(a, inv->n_secrets, sizeof *r->secrets);
	for (size_t i = 0; i < inv->n_secrets; i++)
		r->secrets[r->n_secrets++].secret = &inv->secrets[i];
	r->malware = arena_array(a, inv->n_malware, sizeof *r->malware);
	for (size_t i = 0; i < inv->n_malware; i++)
		r->malware[r->n_malware++].malware = &inv->malware[i];
}
