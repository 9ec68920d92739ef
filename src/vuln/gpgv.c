/* Runs gpgv (GnuPG; RFC 4880 signatures) in a folder of its own, with exactly the keyrings asked for. The verdict is read
 * from its status lines, never from its exit status alone: a Release signed by two keys of which we have one is good, and
 * gpgv exits with an error for it. What counts as signed is what gpgv wrote to its output file, so text around or
 * between signed parts never gets in.
 *
 * A hostile document may be large (bounded), hang the program (a time limit), hold several messages (refused), or be
 * signed by expired or revoked keys or with MD5, SHA-1 or RIPEMD-160 (none of these count). */
#include "vuln/gpgv.h"

#include "base/base64.h"
#include "base/stream.h"
#include "base/time.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>

bool gpgv_dearmor(struct str text, struct buf *out)
{
	enum { OUTSIDE, HEADERS, BODY } where = OUTSIDE;
	struct buf body CLEANUP(buf_done) = { 0 };
	bool any = false;
	struct str line;
	while (str_line(&text, &line)) {
		line = str_trim(line);
		if (str_eq(line, S("-----BEGIN PGP PUBLIC KEY BLOCK-----"))) {
			where = HEADERS;
			body.n = 0;
		} else if (str_starts(line, S("-----END PGP"))) {
			if (where == BODY && !base64_decode(str_buf(&body), out))
				return false;
			any |= where == BODY;
			where = OUTSIDE;
		} else if (where != OUTSIDE && str_find_char(line, ':') < 0 &&
			   !str_starts(line, S("="))) {
			where = BODY;
			buf_add_str(&body, line);
		}
	}
	return any && where == OUTSIDE;
}

static bool known_fingerprint(struct str line, const struct strs *wanted)
{
	struct str word;
	if (wanted->n == 0)
		return true;
	while (str_word(&line, &word))
		for (size_t i = 0; i < wanted->n; i++)
			if (str_eq(word, wanted->v[i]))
				return true;
	return false;
}

/* VALIDSIG fingerprint date timestamp expires version reserved pubkey-alg hash-alg class [primary] */
static bool sound_digest(struct str line)
{
	struct str word = { 0 };
	uint64_t alg;
	for (int i = 0; i < 8; i++)
		if (!str_word(&line, &word))
			return false;
	return str_to_u64(word, 255, &alg) && alg > 3;
}

int gpgv_judge(struct str status, const struct strs *fingerprints, bool clear_signed, struct err *e)
{
	static const char *const fatal[] = { "BADSIG", "NODATA", "UNEXPECTED" };
	static const char *const weak[] = { "NO_PUBKEY", "EXPSIG", "EXPKEYSIG", "REVKEYSIG",
					    "ERRSIG" };
	struct str line, word, why = S("no signature");
	unsigned good = 0, plaintexts = 0;
	bool current = false;
	while (str_line(&status, &line)) {
		struct str rest = line;
		if (!str_word(&rest, &word) || !str_eq(word, S("[GNUPG:]")) ||
		    !str_word(&rest, &word))
			continue;
		for (size_t i = 0; i < COUNT(fatal); i++)
			if (str_eq(word, str_of(fatal[i])))
				return err_set(e, ERR_INVALID, "gpgv says: %.*s",
					       STR(str_upto(line, 200)));
		for (size_t i = 0; i < COUNT(weak); i++)
			if (str_eq(word, str_of(weak[i]))) {
				why = str_from(line, 9);
				current = false;
			}
		if (str_eq(word, S("PLAINTEXT")))
			plaintexts++;
		else if (str_eq(word, S("GOODSIG")))
			current = true;
		else if (str_eq(word, S("VALIDSIG")) && current) {
			if (sound_digest(rest) && known_fingerprint(rest, fingerprints))
				good++;
			else
				why = S("a key or digest that does not count");
			current = false;
		}
	}
	if (plaintexts > 1 || (clear_signed && plaintexts != 1))
		return err_set(e, ERR_INVALID, "holds %u signed messages instead of one",
			       plaintexts);
	if (good == 0)
		return err_set(e, ERR_INVALID,
			       "no good signature by a key that is trusted for it (%.*s)",
			       STR(str_upto(why, 200)));
	return 0;
}

static void remove_folder(char *path)
{
	DIR *d = path[0] ? opendir(path) : NULL;
	if (!d)
		return;
	for (struct dirent *x; (x = readdir(d));)
		unlinkat(dirfd(d), x->d_name, 0);
	closedir(d);
	rmdir(path);
}

static int write_file(const char *path, struct str bytes, struct err *e)
{
	int fd CLEANUP(cleanup_fd) = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(e, "create %s", path);
	while (bytes.n) {
		ssize_t n = write(fd, bytes.p, bytes.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_sys(e, "write %s", path);
		bytes = str_from(bytes, (size_t)n);
	}
	return 0;
}

static int read_file(const char *path, size_t max, struct buf *out, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open %s", path);
	struct stream *in CLEANUP(cleanup_stream) = stream_fd(fd, true, -1, UINT64_MAX);
	int r = stream_read_all(in, max, out, e);
	return r ? err_in(e, "%s", path) : 0;
}

struct job {
	struct arena *a;
	const char *folder;
	const char *argv[2 * GPGV_KEYRINGS_MAX + 20];
	size_t n, keyrings;
};

static void arg(struct job *j, const char *s)
{
	j->argv[j->n++] = s;
	j->argv[j->n] = NULL;
}

static const char *inside(struct job *j, const char *name)
{
	return arena_printf(j->a, "%s/%s", j->folder, name).p;
}

/* gpgv wants binary keyrings, so each becomes one in the job's folder. */
static int add_keyring(struct job *j, struct str bytes, struct str name, struct err *e)
{
	struct buf binary CLEANUP(buf_done) = { 0 };
	if (j->keyrings >= GPGV_KEYRINGS_MAX)
		return err_set(e, ERR_LIMIT, "more than %d keyrings", GPGV_KEYRINGS_MAX);
	if (str_find(bytes, S("-----BEGIN PGP")) >= 0) {
		if (!gpgv_dearmor(bytes, &binary))
			return err_set(e, ERR_INVALID, "%.*s holds no armored public key",
				       STR(name));
		bytes = str_buf(&binary);
	}
	const char *path = inside(j, arena_printf(j->a, "key%zu.gpg", j->keyrings++).p);
	arg(j, "--keyring");
	arg(j, path);
	return write_file(path, bytes, e);
}

static int add_keyrings(struct job *j, const struct gpgv_keys *keys, struct err *e)
{
	for (size_t i = 0; i < keys->keyrings.n; i++) {
		struct buf bytes CLEANUP(buf_done) = { 0 };
		int r = read_file(arena_cstr(j->a, keys->keyrings.v[i]), GPGV_KEYRING_BYTES, &bytes,
				  e);
		if (r == 0)
			r = add_keyring(j, str_buf(&bytes), keys->keyrings.v[i], e);
		if (r)
			return err_in(e, "keyring");
	}
	if (keys->key.n)
		return add_keyring(j, keys->key, S("Signed-By"), e);
	return j->keyrings ? 0
			   : err_set(e, ERR_NOT_FOUND,
				     "no keyring to check signatures with; name one by --keyring");
}

static int read_status(int fd, struct buf *out, struct err *e)
{
	int64_t deadline = time_monotonic() + GPGV_SECONDS * 1000000000LL;
	char piece[4096];
	for (;;) {
		struct pollfd p = { fd, POLLIN, 0 };
		int64_t left = (deadline - time_monotonic()) / 1000000;
		if (left <= 0)
			return err_set(e, ERR_IO, "gpgv took more than %d seconds", GPGV_SECONDS);
		if (poll(&p, 1, (int)left) <= 0)
			continue;
		ssize_t n = read(fd, piece, sizeof piece);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "read from gpgv");
		if (n == 0)
			return 0;
		if (out->n + (size_t)n > GPGV_STATUS_BYTES)
			return err_set(e, ERR_LIMIT, "gpgv says too much");
		buf_add(out, piece, (size_t)n);
	}
}

static int start(const char *const *argv, int out, pid_t *pid, struct err *e)
{
	char *environment[] = { (char[]){ "LC_ALL=C" }, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out, 1);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	int r = posix_spawnp(pid, "gpgv", &actions, NULL, (char *const *)(uintptr_t)argv,
			     environment);
	posix_spawn_file_actions_destroy(&actions);
	errno = r;
	return r ? err_sys(e, "start gpgv (package gpgv)") : 0;
}

static int run(const char *const *argv, struct buf *status, struct err *e)
{
	int fds[2];
	pid_t pid;
	if (pipe2(fds, O_CLOEXEC) != 0)
		return err_sys(e, "make a pipe");
	int in CLEANUP(cleanup_fd) = fds[0];
	int r = start(argv, fds[1], &pid, e);
	close(fds[1]);
	if (r)
		return r;
	r = read_status(in, status, e);
	if (r)
		kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return r;
}

static int verify_in(struct job *j, const struct gpgv_keys *keys, struct str document,
		     struct str detached, struct str *plain, struct err *e)
{
	struct buf status CLEANUP(buf_done) = { 0 }, text CLEANUP(buf_done) = { 0 };
	arg(j, "gpgv");
	arg(j, "--homedir");
	arg(j, j->folder);
	arg(j, "--status-fd");
	arg(j, "1");
	int r = add_keyrings(j, keys, e);
	if (r == 0)
		r = write_file(inside(j, "document"), document, e);
	if (r == 0 && detached.n) {
		r = write_file(inside(j, "signature"), detached, e);
		arg(j, inside(j, "signature"));
	} else {
		arg(j, "--output");
		arg(j, inside(j, "plain"));
	}
	arg(j, inside(j, "document"));
	if (r == 0)
		r = run(j->argv, &status, e);
	if (r == 0)
		r = gpgv_judge(str_buf(&status), &keys->fingerprints, detached.n == 0, e);
	if (r == 0 && detached.n == 0)
		r = read_file(inside(j, "plain"), GPGV_DOCUMENT_BYTES, &text, e);
	if (r == 0)
		*plain = detached.n ? document : arena_str(j->a, str_buf(&text));
	return r;
}

int gpgv_verify(struct arena *a, const struct gpgv_keys *keys, struct str document,
		struct str detached, struct str *plain, struct err *e)
{
	const char *parent = getenv("TMPDIR");
	struct str template = arena_printf(a, "%s/lazaret-gpgv-XXXXXX",
					   parent && parent[0] == '/' ? parent : "/tmp");
	char *folder = (char *)(uintptr_t) template.p;
	struct job j = { .a = a, .folder = folder };
	if (document.n > GPGV_DOCUMENT_BYTES || detached.n > GPGV_DOCUMENT_BYTES)
		return err_set(e, ERR_LIMIT, "signed document larger than %d bytes",
			       GPGV_DOCUMENT_BYTES);
	if (!mkdtemp(folder))
		return err_sys(e, "make a folder %s", folder);
	int r = verify_in(&j, keys, document, detached, plain, e);
	remove_folder(folder);
	return r;
}
