/* Names of verdicts. */
#include "report/report.h"

const char *verdict_name(enum verdict_kind v)
{
	static const char *const names[] = { "clean", "findings", "denied", "unknown" };
	return names[v];
}
