/* Entry point. */
#include "base/err.h"

#include <stdio.h>

int main(void)
{
	puts("lazaret " LAZARET_VERSION);
	return 0;
}
