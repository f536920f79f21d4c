/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_OS_SYS_H
#define OCI_OS_SYS_H
/*
 * What the files of this module share: system calls the C library lacks, the check every name passes, and the texts of
 * what can go wrong with an entry. Not for other modules.
 */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include <oci-image/error.h>

/* The system calls return -1 and set errno, ENOSYS where the kernel has no such call. */
int oci_sys_openat2(int dirfd, const char *path, int flags, uint64_t resolve);
int oci_sys_renameat2(int dirfd, const char *from, const char *to, unsigned flags);
int oci_sys_setxattrat(int dirfd, const char *base, const char *name, const void *value, size_t n);
/* fchmod for a descriptor opened with O_PATH, never of a symbolic link. */
int oci_sys_chmod_path_fd(int fd, mode_t mode);

enum { OCI_PROC_FD_TEXT = 32 };
/* "/proc/self/fd/N": the one path this module makes, of a number. */
void oci_proc_fd_path(int fd, char out[OCI_PROC_FD_TEXT]);

/* Which directory this is, and on which mount; mount is 0 where the kernel does not tell. */
typedef struct oci_dir_id {
    dev_t dev;
    ino_t ino;
    uint64_t mount;
} oci_dir_id;

int oci_dir_id_of(int fd, oci_dir_id *id); /* 0, or -1 and errno */
bool oci_dir_id_same(const oci_dir_id *a, const oci_dir_id *b);
/* Whether a directory and one below it are on the same mount. */
bool oci_dir_id_same_mount(const oci_dir_id *a, const oci_dir_id *b);

/* A stream over the directory fd (borrowed; O_PATH will do) that does not share its position. NULL and errno. */
DIR *oci_dir_stream(int fd);
/* The next name that is neither "." nor "..": 1, 0 at the end, -1 and errno. */
int oci_dir_stream_next(DIR *stream, const struct dirent **entry);

/* OCI_E_UNSAFE unless name is one component: not empty, "." or "..", and without a slash. */
int oci_check_component(const char *name, oci_error *err);
/* "VERB 'BASE': ..." from errno, with the code that fits. */
int oci_fail_entry(oci_error *err, const char *verb, const char *base);

enum { OCI_RANDOM_TEXT = 9 };
/* Eight hexadecimal digits and a NUL that nobody has chosen yet, with luck; O_EXCL decides. */
void oci_random_text(char out[OCI_RANDOM_TEXT]);

/* fsync of a directory that may be open with O_PATH only. */
int oci_fsync_dir(int fd, oci_error *err);

#endif
