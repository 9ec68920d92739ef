/* What a child loses before it sees its first byte: resource limits (setrlimit), its identity (an unprivileged uid, or
 * all capabilities where a user namespace has no other uid), new privileges, the file system (landlock(7), in the
 * version that the running kernel has), and every system call but those on open descriptors, memory and time
 * (seccomp(2)). A refused call returns EPERM. */
#include "base/child.h"

#include "base/cleanup.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

enum { NOBODY = 65534, CPU_GRACE = 2 };

static int limit(int what, const char *name, uint64_t soft, uint64_t hard, struct err *e)
{
	struct rlimit old, r = { soft, hard };
	if (getrlimit((__rlimit_resource_t)what, &old) == 0 && old.rlim_max != RLIM_INFINITY) {
		r.rlim_cur = MIN(r.rlim_cur, old.rlim_max);
		r.rlim_max = MIN(r.rlim_max, old.rlim_max);
	}
	return setrlimit((__rlimit_resource_t)what, &r) < 0 ? err_sys(e, "limit %s", name) : 0;
}

static int limit_resources(const struct child_limits *l, struct err *e)
{
	int r = limit(RLIMIT_CORE, "core dumps", 0, 0, e);
	if (r == 0)
		r = limit(RLIMIT_FSIZE, "file size", l->spool_bytes, l->spool_bytes, e);
	if (r == 0)
		r = limit(RLIMIT_CPU, "processor time", l->cpu_seconds, l->cpu_seconds + CPU_GRACE,
			  e);
	if (r == 0)
		r = limit(RLIMIT_NPROC, "processes", 0, 0, e);
#ifndef LAZARET_SANITIZED
	if (r == 0)
		r = limit(RLIMIT_NOFILE, "open files", 0, 0, e);
	if (r == 0)
		r = limit(RLIMIT_AS, "memory", l->memory, l->memory, e);
#endif
	return r;
}

static int drop_capabilities(struct err *e)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { 0 };
	if (syscall(SYS_capset, &h, none) < 0)
		return err_sys(e, "drop capabilities");
	return 0;
}

static int drop_identity(struct err *e)
{
	if (geteuid() != 0)
		return drop_capabilities(e);
	/* Root of a user namespace may have neither groups to give up nor another uid to become. */
	if (setgroups(0, NULL) < 0 && errno != EPERM)
		return err_sys(e, "drop groups");
	if ((setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0) &&
	    errno != EINVAL)
		return err_sys(e, "become uid %d", NOBODY);
	return drop_capabilities(e);
}

/* landlock: handle every right the kernel knows and grant none. Older headers lack the newer rights. */
static int drop_files(struct err *e)
{
	struct {
		uint64_t fs, net, scoped;
	} rules = { 0 };
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, 1);
	if (abi < 1)
		return 0;
	/* 13 rights in version 1, one more each in 2 (refer), 3 (truncate) and 5 (ioctl); network in 4, scopes in 6. */
	unsigned rights = abi >= 5 ? 16 : abi >= 3 ? 15 : abi >= 2 ? 14 : 13;
	rules.fs = (1u << rights) - 1;
	rules.net = abi >= 4 ? 3 : 0;
	rules.scoped = abi >= 6 ? 3 : 0;
	size_t size = abi >= 6 ? 24 : abi >= 4 ? 16 : 8;
	CLEANUP(cleanup_fd) int fd = (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0);
	if (fd < 0)
		return err_sys(e, "make a landlock ruleset");
	if (syscall(SYS_landlock_restrict_self, fd, 0) < 0)
		return err_sys(e, "enter landlock");
	return 0;
}

static const int allowed[] = {
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(pread64),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	SCMP_SYS(pwrite64),
	SCMP_SYS(lseek),
	SCMP_SYS(fstat),
	SCMP_SYS(ftruncate),
	SCMP_SYS(close),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(brk),
	SCMP_SYS(madvise),
	SCMP_SYS(futex),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(sched_yield),
	SCMP_SYS(getrandom),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(getpid),
	SCMP_SYS(getppid),
	SCMP_SYS(gettid),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
#ifdef LAZARET_SANITIZED
	SCMP_SYS(mmap),
	SCMP_SYS(mprotect),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(getrlimit),
	SCMP_SYS(sched_getaffinity),
#endif
};

static int add_rules(scmp_filter_ctx c)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < COUNT(allowed); i++)
		r = seccomp_rule_add(c, SCMP_ACT_ALLOW, allowed[i], 0);
	/* Memory never becomes code; signals (abort) only to itself. */
	if (r == 0)
		r = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
				     SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
#ifndef LAZARET_SANITIZED
	if (r == 0)
		r = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
				     SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (r == 0)
		r = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
				     SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
#endif
	return r;
}

static int drop_calls(struct err *e)
{
	scmp_filter_ctx c = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	if (!c)
		return err_set(e, ERR_UNSUPPORTED, "make a seccomp filter");
	int r = add_rules(c);
	if (r == 0)
		r = seccomp_load(c);
	seccomp_release(c);
	if (r == 0)
		return 0;
	errno = -r;
	return err_sys(e, "load a seccomp filter");
}

int child_confine(const struct child_limits *limits, struct err *e)
{
	int r = drop_identity(e);
	/* After the change of uid, which clears it. */
	if (r == 0 && (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0 ||
		       prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0))
		r = err_sys(e, "give up privileges");
	if (r == 0)
		r = drop_files(e);
	if (r == 0)
		r = limit_resources(limits, e);
	if (r == 0)
		r = drop_calls(e);
	return r;
}
