/* --timeout: an alarm that ends the process, whatever it is doing. Nothing half-written stays: files
 * are renamed into place, spools have no name, children die with their launcher. */
#include "cmd/alarm.h"

#include <signal.h>
#include <unistd.h>

/* Async-signal-safe: the time given has passed, whatever is going on. */
static void out_of_time(int sig)
{
	static const char text[] = "lazaret: gave up, the time given by --timeout has passed\n";
	(void)sig;
	if (write(STDERR_FILENO, text, sizeof text - 1) < 0)
		_exit(EXIT_FAILED);
	_exit(EXIT_FAILED);
}

int alarm_start(const struct args *a, struct err *e)
{
	struct str s = args_str(a, "timeout");
	uint64_t seconds = 0;
	if (!s.n)
		return 0;
	if (!parse_duration(s, &seconds) || seconds == 0 || seconds > 1000000)
		return err_set(e, ERR_INVALID, "%s: '%.*s' is no duration (like 90s, 5m, 1h30m)",
			       args_from(a, "timeout"), STR(s));
	struct sigaction sa = { .sa_handler = out_of_time };
	sigaction(SIGALRM, &sa, NULL);
	alarm((unsigned)seconds);
	return 0;
}
