/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

/* bench-job SOCKET: tells when it was started, as 8 bytes of nanoseconds, to a datagram socket. */
int main(int argc, char **argv)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct timespec now;
	uint64_t ns;
	int fd;

	if (argc != 2 || clock_gettime(CLOCK_MONOTONIC, &now) != 0 || strlen(argv[1]) >= sizeof at.sun_path)
		return 2;
	ns = (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
	strcpy(at.sun_path, argv[1]);
	fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	return fd < 0 || sendto(fd, &ns, sizeof ns, 0, (struct sockaddr *)&at, sizeof at) != (ssize_t)sizeof ns;
}
