/* YARA rules and a body, parted by NUL: rules that hold are used on it, in memory and from a spool, with the same marks. */
#include "drive.h"

#include "analyze/yara.h"

#include <stdlib.h>

extern const struct analyzer analyzer_yara;
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str body = { (const char *)data, size };
	struct err e;
	size_t n[2] = { 0 };
	struct str rules = str_cut(&body, '\0');
	/* Compiling megabytes is not what is looked at. */
	if (rules.n > 4096 || yara_check(rules, &e))
		return 0;
	for (int spool = 0; spool < 2; spool++) {
		struct drive d;
		const struct analysis_options o = { .scanners = SCAN_MALWARE, .yara_rules = rules };
		drive_init(&d, &analyzer_yara);
		d.an.options = &o;
		d.spool = spool && body.n;
		(void)drive_file(&d, "x", body, 0);
		struct record_file *f = drive_record(&d, "x");
		n[spool] = f ? f->n_marks : 0;
		drive_finish(&d);
		drive_done(&d);
	}
	if (n[0] != n[1])
		abort();
	return 0;
}
