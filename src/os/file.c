/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files. */
#include "os.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/buf.h"
#include "base/fail.h"
#include "sys.h"

enum { CHUNK = 64 * 1024 };

int oci_write_all(int fd, const void *p, size_t n, oci_error *err)
{
    const char *at = p;

    while (n > 0) {
        ssize_t done = write(fd, at, n);

        if (done < 0 && errno != EINTR)
            return oci_fail_errno(err, "write %zu bytes", n);
        if (done > 0) {
            at += done;
            n -= (size_t)done;
        }
    }
    return 0;
}

int oci_fsync(int fd, oci_error *err)
{
    int r;

    do
        r = fsync(fd);
    while (r < 0 && errno == EINTR);
    return r < 0 ? oci_fail_errno(err, "write to the disk") : 0;
}

int oci_open_goal(int dirfd, const char *path, int *above, char **name, oci_error *err)
{
    OCI_AUTO_MEM char *parent = NULL, *last = NULL;
    size_t end = strlen(path), start;

    while (end > 0 && path[end - 1] == '/')
        end--;
    start = end;
    while (start > 0 && path[start - 1] != '/')
        start--;
    last = oci_strndup(path + start, end - start);
    parent = start > 0 ? oci_strndup(path, start) : oci_strdup(".");
    if (last == NULL || parent == NULL)
        return oci_fail_nomem(err);
    if (oci_check_component(last, NULL) < 0)
        return oci_fail(err, OCI_E_USAGE, "'%s' does not end in the name of what is to be made", path);
    /* The path is the user's own, so that links in it are followed. */
    *above = openat(dirfd, parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*above < 0 && errno == ENOENT)
        return oci_fail(err, OCI_E_NOT_FOUND, "the directory '%s' is not there", parent);
    if (*above < 0 && errno == ENOTDIR)
        return oci_fail(err, OCI_E_USAGE, "'%s' is not a directory", parent);
    if (*above < 0)
        return oci_fail_errno(err, "open the directory '%s'", parent);
    *name = oci_steal(&last);
    return 0;
}

static int check_regular(int fd, const char *name, struct stat *st, oci_error *err)
{
    if (fstat(fd, st) < 0)
        return oci_fail_errno(err, "look at '%s'", name);
    if (!S_ISREG(st->st_mode))
        return oci_fail(err, OCI_E_INVALID, "'%s' is not a regular file", name);
    return 0;
}

int oci_entry_open_file(int dirfd, const char *name, int *fd, struct stat *st, oci_error *err)
{
    /* Looked at before it is opened, since opening a device may do things; and after, in case it changed. */
    const int flags[] = { O_PATH, O_RDONLY | O_NONBLOCK | O_NOCTTY };
    OCI_AUTO_FD int file = -1;
    int r = oci_check_component(name, err);

    if (r < 0)
        return r;
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        oci_closep_(&file);
        file = openat(dirfd, name, flags[i] | O_NOFOLLOW | O_CLOEXEC);
        if (file < 0)
            return errno == ENOENT ? oci_fail(err, OCI_E_NOT_FOUND, "'%s' is not there", name)
                                   : oci_fail_errno(err, "open '%s'", name);
        r = check_regular(file, name, st, err);
        if (r < 0)
            return r;
    }
    *fd = oci_steal_fd(&file);
    return 0;
}

static int read_to_end(int fd, const char *name, uint64_t limit, const struct stat *st, oci_buf *out, oci_error *err)
{
    /* One byte more than there should be makes the end visible without a second buffer. */
    size_t want = st->st_size > 0 && st->st_size < INT32_MAX ? (size_t)st->st_size + 1 : CHUNK;

    for (;; want = CHUNK) {
        ssize_t n;
        int r = oci_buf_reserve(out, want, err);

        if (r < 0)
            return r;
        n = read(fd, out->data + out->len, want);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return oci_fail_errno(err, "read '%s'", name);
        if (n == 0)
            return 0;
        out->len += (size_t)n;
        if (out->len > limit)
            return oci_fail(err, OCI_E_LIMIT, "'%s' has more than %llu bytes", name, (unsigned long long)limit);
    }
}

int oci_read_file_at(int dirfd, const char *name, uint64_t limit, oci_buf *out, oci_error *err)
{
    OCI_AUTO_FD int fd = -1;
    OCI_AUTO_BUF oci_buf content = OCI_BUF_INIT;
    struct stat st;
    int r = oci_entry_open_file(dirfd, name, &fd, &st, err);

    if (r < 0)
        return r;
    if ((uint64_t)st.st_size > limit)
        return oci_fail(err, OCI_E_LIMIT, "'%s' has %llu bytes, more than %llu", name, (unsigned long long)st.st_size,
                        (unsigned long long)limit);
    r = read_to_end(fd, name, limit, &st, &content, err);
    return r < 0 ? r : oci_buf_append(out, content.data, content.len, err);
}
