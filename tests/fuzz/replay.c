/* Replays a corpus through a fuzz target: every file below the folders and files named. Used where the build has no
 * libFuzzer, so that each input that once mattered is a test for ever. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned replayed;

static void replay_file(const char *path, off_t size)
{
	FILE *f = fopen(path, "rb");
	uint8_t *p = malloc(size > 0 ? (size_t)size : 1);
	if (!f || !p || fread(p, 1, (size_t)size, f) != (size_t)size) {
		fprintf(stderr, "cannot read %s\n", path);
		exit(1);
	}
	fclose(f);
	fprintf(stderr, "%s\n", path);
	LLVMFuzzerTestOneInput(p, (size_t)size);
	free(p);
	replayed++;
}

static void replay(const char *path)
{
	struct stat st;
	if (stat(path, &st) != 0) {
		fprintf(stderr, "cannot stat %s\n", path);
		exit(1);
	}
	if (!S_ISDIR(st.st_mode)) {
		replay_file(path, st.st_size);
		return;
	}
	DIR *d = opendir(path);
	if (!d)
		exit(1);
	for (struct dirent *x; (x = readdir(d));) {
		char inside[4096];
		if (x->d_name[0] == '.')
			continue;
		snprintf(inside, sizeof inside, "%s/%s", path, x->d_name);
		replay(inside);
	}
	closedir(d);
}

int main(int argc, char **argv)
{
	LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	printf("%u inputs replayed\n", replayed);
	return replayed ? 0 : 1;
}
