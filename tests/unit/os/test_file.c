/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"

// proves: safety.11
OCI_TEST (file, reads_regular_files_only) {
    static const char *const bad[] = { "fifo", "dir", "link" };
    int dir = scratch_new(), before = count_fds();
    OCI_AUTO_BUF oci_buf buf = OCI_BUF_INIT;
    oci_error err;

    make_file(dir, "f", "hello");
    make_file(dir, "empty", "");
    make_link(dir, "link", "f");
    make_dir(dir, "dir");
    assert_int_equal(mkfifoat(dir, "fifo", 0600), 0);
    assert_ok(&err, oci_read_file_at(dir, "f", 5, &buf, &err));
    assert_string_equal(buf.data, "hello");
    assert_ok(&err, oci_read_file_at(dir, "f", 100, &buf, &err));
    assert_string_equal(buf.data, "hellohello");
    assert_ok(&err, oci_read_file_at(dir, "empty", 0, &buf, &err));
    assert_fails(OCI_E_LIMIT, &err, oci_read_file_at(dir, "f", 4, &buf, &err));
    assert_fails(OCI_E_NOT_FOUND, &err, oci_read_file_at(dir, "none", 4, &buf, &err));
    assert_fails(OCI_E_UNSAFE, &err, oci_read_file_at(dir, "dir/../f", 9, &buf, &err));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_fails(OCI_E_INVALID, &err, oci_read_file_at(dir, bad[i], 9, &buf, &err));
    buf.limit = 12;
    assert_fails(OCI_E_LIMIT, &err, oci_read_file_at(dir, "f", 9, &buf, &err));
    buf.limit = 15;
    assert_ok(&err, oci_read_file_at(dir, "f", 9, &buf, &err));
    assert_string_equal(buf.data, "hellohellohello");
    assert_int_equal(count_fds(), before);
    scratch_free(dir);
}

// proves: safety.11
OCI_TEST (file, limit_holds_for_files_without_a_size) {
    int proc = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    OCI_AUTO_BUF oci_buf buf = OCI_BUF_INIT;
    oci_error err;

    if (proc < 0)
        skip();
    assert_ok(&err, oci_read_file_at(proc, "status", 1 << 20, &buf, &err));
    assert_true(buf.len > 100);
    buf.len = 0;
    assert_fails(OCI_E_LIMIT, &err, oci_read_file_at(proc, "status", 100, &buf, &err));
    assert_int_equal(buf.len, 0);
    close(proc);
}

static void *read_slowly(void *ctx)
{
    int fd = *(int *)ctx;
    size_t total = 0;
    char part[1000];
    ssize_t n;

    while ((n = read(fd, part, sizeof part)) > 0)
        total += (size_t)n;
    return (void *)total;
}

OCI_TEST (file, writes_all_into_a_pipe) {
    enum { SIZE = 300 * 1000 };
    char *bytes = calloc(1, SIZE);
    pthread_t thread;
    void *total;
    int ends[2];
    oci_error err;

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(pthread_create(&thread, NULL, read_slowly, &ends[0]), 0);
    assert_ok(&err, oci_write_all(ends[1], bytes, SIZE, &err));
    assert_ok(&err, oci_write_all(ends[1], NULL, 0, &err));
    close(ends[1]);
    assert_int_equal(pthread_join(thread, &total), 0);
    assert_int_equal((size_t)total, SIZE);
    close(ends[0]);
    free(bytes);
}

OCI_TEST (file, write_failures_are_told) {
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    oci_error err;

    if (full < 0)
        skip();
    assert_fails(OCI_E_IO, &err, oci_write_all(full, "x", 1, &err));
    assert_int_equal(err.sys_errno, ENOSPC);
    close(full);
    assert_fails(OCI_E_IO, &err, oci_fsync(-1, &err));
}

OCI_TEST (dir, names_are_complete_and_sorted) {
    static const char *const expected[] = { "-", ".hidden", "B", "a", "b", "\xc3\xa4" };
    int dir = scratch_new(), o_path;
    oci_names names;
    oci_error err;

    for (size_t i = 6; i-- > 0;)
        make_file(dir, expected[i], "");
    o_path = openat(dir, ".", O_PATH | O_CLOEXEC);
    for (int i = 0; i < 2; i++) {
        assert_ok(&err, oci_dir_names(i == 0 ? dir : o_path, true, &names, &err));
        assert_int_equal(names.count, 6);
        for (size_t k = 0; k < 6; k++)
            assert_string_equal(names.items[k].text, expected[k]);
        oci_names_free(&names);
        assert_int_equal(names.count, 0);
    }
    assert_ok(&err, oci_dir_names(dir, false, &names, &err));
    assert_int_equal(names.count, 6);
    oci_names_free(&names);
    assert_fails(OCI_E_IO, &err, oci_dir_names(-1, true, &names, &err));
    for (unsigned long n = 1; n <= 2; n++) {
        oci_alloc_fail_at(n);
        assert_fails(OCI_E_NOMEM, &err, oci_dir_names(dir, true, &names, &err));
    }
    oci_alloc_fail_at(0);
    close(o_path);
    scratch_free(dir);
}

OCI_TEST (dir, an_empty_directory_has_no_names) {
    int dir = scratch_new();
    oci_names names;
    oci_error err;

    assert_ok(&err, oci_dir_names(dir, true, &names, &err));
    assert_int_equal(names.count, 0);
    oci_names_free(&names);
    scratch_free(dir);
}
