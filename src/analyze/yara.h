/* YARA rules over whole files. The library is loaded when it is first asked for; see secret_engine.h for why. */
#ifndef LAZARET_ANALYZE_YARA_H
#define LAZARET_ANALYZE_YARA_H

#include "base/err.h"
#include "base/str.h"

enum { YARA_RULES_MAX = 16 << 20 /* bytes of a rules file */ };

/* ERR_UNSUPPORTED with the reason; call it before children are forked. */
int yara_load(struct err *e);
/* Compiles the rules and forgets them: ERR_INVALID names the line. */
int yara_check(struct str rules, struct err *e);

#endif
