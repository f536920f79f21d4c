/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loaded before the C library: read and write handle at most a few bytes at a time and are interrupted now and then, as
 * the system may do at any time. The file that SHORTIO_MARK names is made when that has happened.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))

EXPORTED ssize_t read(int fd, void *p, size_t n);
EXPORTED ssize_t write(int fd, const void *p, size_t n);

static unsigned long calls;

/* What is done of n bytes; 0: an interruption. */
static size_t part_of(size_t n)
{
    const size_t most = 1 + calls % 4000;

    return ++calls % 3 == 0 ? 0 : n < most ? n : most;
}

EXPORTED ssize_t read(int fd, void *p, size_t n)
{
    ssize_t (*next)(int, void *, size_t) = (ssize_t(*)(int, void *, size_t))dlsym(RTLD_NEXT, "read");
    size_t part = part_of(n);

    if (part > 0 || n == 0)
        return next(fd, p, part);
    errno = EINTR;
    return -1;
}

EXPORTED ssize_t write(int fd, const void *p, size_t n)
{
    ssize_t (*next)(int, const void *, size_t) = (ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
    size_t part = part_of(n);

    if (part > 0 || n == 0)
        return next(fd, p, part);
    errno = EINTR;
    return -1;
}

__attribute__((destructor)) static void tell(void)
{
    const char *mark = getenv("SHORTIO_MARK");

    if (mark != NULL && calls > 0)
        close(open(mark, O_WRONLY | O_CREAT, 0644));
}
