/* What tells of installed Perl distributions: any bytes. */
#include "fuzz_analyzer.h"

FUZZ_ANALYZER(cpan, "usr/lib/perl5/perllocal.pod", "usr/lib/perl5/.meta/A-1/install.json",
	      "usr/lib/perl5/auto/A/B/.packlist")
