/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_TESTS_UNIT_OS_FIXTURE_H
#define OCI_TESTS_UNIT_OS_FIXTURE_H
/* A scratch directory per test, and ways to look at the world as somebody poorer. */
#include <stdbool.h>
#include <sys/stat.h>

#include "test.h"

#include "os/os.h"

/* An empty directory for one test: its descriptor. */
int scratch_new(void);
/* Removes it with the system's own rm, closes fd. */
void scratch_free(int fd);

/* Makes things below dirfd by path, with the parents that are missing; any failure fails the test. */
void make_dir(int dirfd, const char *path);
void make_file(int dirfd, const char *path, const char *content);
void make_link(int dirfd, const char *path, const char *target);
bool exists(int dirfd, const char *path); /* not followed */
bool same_inode(int fd, int dirfd, const char *path);
/* The number of entries of dirfd; -1 when it cannot be read. */
int count_entries(int dirfd);
/* The open descriptors of this process. */
int count_fds(void);

/* Runs f(ctx) in a child process and asserts that it returned 0, or CANNOT: then the result is false. f says on stderr
 * what is wrong and returns another number; it must not use assertions, which belong to the parent. */
enum { CANNOT = 77 };
bool in_child(int (*f)(void *ctx), void *ctx);
/* For children: becomes an ordinary user when it is root. Whether it could. */
bool become_nobody(void);
/* For children: from now on the system call fails with the number, without being made. */
bool forbid_syscall(long number, int with_errno);
/* The same, when all the bits of mask are set in the low half of its argument arg (from 0). */
bool forbid_flags(long number, unsigned arg, uint32_t mask, int with_errno);
/* For children: /proc becomes an empty directory. Whether it could. */
bool hide_proc(void);
#define CHECK(cond)                                                                                                    \
    do {                                                                                                               \
        if (!(cond)) {                                                                                                 \
            print_error("%s:%d: not so: %s (errno %d)\n", __FILE__, __LINE__, #cond, errno);                           \
            return 1;                                                                                                  \
        }                                                                                                              \
    } while (0)

#endif
