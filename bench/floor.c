/* The floor a scan is measured against: inflates gzip files with ISA-L and hashes the compressed bytes, nothing else.
 * floor FILE... : one after the other, in one thread. */
#include <fcntl.h>
#include <isa-l/igzip_lib.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { CHUNK = 256 * 1024 };

static unsigned long long run(const char *path)
{
	static unsigned char in[CHUNK], out[CHUNK];
	static struct inflate_state z;
	unsigned long long total = 0;
	int fd = open(path, O_RDONLY);
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	if (fd < 0 || !md || EVP_DigestInit_ex(md, EVP_sha256(), NULL) != 1) {
		perror(path);
		exit(1);
	}
	isal_inflate_init(&z);
	z.crc_flag = ISAL_GZIP;
	for (ssize_t n; (n = read(fd, in, sizeof in)) > 0;) {
		EVP_DigestUpdate(md, in, (size_t)n);
		z.next_in = in;
		z.avail_in = (unsigned)n;
		do {
			z.next_out = out;
			z.avail_out = sizeof out;
			if (isal_inflate(&z) != ISAL_DECOMP_OK) {
				fprintf(stderr, "%s: broken\n", path);
				exit(1);
			}
			total += sizeof out - z.avail_out;
		} while (z.avail_out == 0 || (z.avail_in && z.block_state != ISAL_BLOCK_FINISH));
	}
	unsigned char digest[EVP_MAX_MD_SIZE];
	EVP_DigestFinal_ex(md, digest, NULL);
	EVP_MD_CTX_free(md);
	close(fd);
	return total;
}

int main(int argc, char **argv)
{
	unsigned long long total = 0;
	for (int i = 1; i < argc; i++)
		total += run(argv[i]);
	printf("%llu\n", total);
	return 0;
}
