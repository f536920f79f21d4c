/* SPDX-License-Identifier: Apache-2.0 */
#include "help.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

OCI_TEST (writer, appends_to_a_buffer) {
    OCI_AUTO_BUF oci_buf buf = OCI_BUF_INIT;
    OCI_AUTO(oci_writer) w = NULL;
    oci_error err = OCI_ERROR_INIT;

    assert_ok(&err, oci_writer_to_buf(&buf, &w, &err));
    assert_ok(&err, oci_writer_write(w, "ab", 2, &err));
    assert_ok(&err, oci_writer_write(w, NULL, 0, &err));
    assert_ok(&err, oci_writer_write(w, "c", 1, &err));
    assert_ok(&err, oci_writer_finish(w, &err));
    assert_string_equal(buf.data, "abc");
    assert_int_equal(oci_writer_count(w), 3);
}

OCI_TEST (writer, passes_on_the_limit_of_a_buffer) {
    OCI_AUTO_BUF oci_buf buf = OCI_BUF_INIT;
    OCI_AUTO(oci_writer) w = NULL;
    oci_error err = OCI_ERROR_INIT;

    buf.limit = 3;
    assert_ok(&err, oci_writer_to_buf(&buf, &w, &err));
    assert_fails(OCI_E_LIMIT, &err, oci_writer_write(w, "abcd", 4, &err));
}

OCI_TEST (writer, writes_a_file_and_closes_it) {
    OCI_AUTO(oci_writer) w = NULL;
    OCI_AUTO(oci_reader) r = NULL;
    OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
    oci_error err = OCI_ERROR_INIT;
    char path[] = "/tmp/oci-unit-stream-XXXXXX";
    int fd = mkstemp(path), again = open(path, O_RDONLY);

    assert_true(fd >= 0 && again >= 0);
    unlink(path);
    assert_ok(&err, oci_writer_to_fd(fd, &w, &err));
    assert_ok(&err, oci_writer_write(w, "some ", 5, &err));
    assert_ok(&err, oci_writer_write(w, "bytes", 5, &err));
    assert_ok(&err, oci_writer_finish(w, &err));
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    assert_ok(&err, oci_reader_from_fd(again, &r, &err));
    assert_ok(&err, oci_reader_read_all(r, 0, &out, &err));
    assert_string_equal(out.data, "some bytes");
}

OCI_TEST (writer, closes_an_unfinished_file) {
    oci_writer *w = NULL;
    oci_error err = OCI_ERROR_INIT;
    int fds[2];

    assert_int_equal(pipe(fds), 0);
    assert_ok(&err, oci_writer_to_fd(fds[1], &w, &err));
    oci_writer_free(w);
    assert_int_equal(fcntl(fds[1], F_GETFD), -1);
    close(fds[0]);
}

OCI_TEST (writer, says_that_the_disk_is_full) {
    OCI_AUTO(oci_writer) w = NULL;
    oci_error err = OCI_ERROR_INIT;
    int fd = open("/dev/full", O_WRONLY);

    if (fd < 0)
        skip();
    assert_ok(&err, oci_writer_to_fd(fd, &w, &err));
    assert_fails(OCI_E_IO, &err, oci_writer_write(w, "x", 1, &err));
    assert_int_equal(err.sys_errno, ENOSPC);
    assert_text(&err, "No space left on device");
    assert_fails(OCI_E_IO, &err, oci_writer_finish(w, &err));
}

OCI_TEST (writer, fails_the_same_way_for_ever) {
    struct oci_test_sink sink = { .room = 1, .code = OCI_E_PERM };
    OCI_AUTO(oci_writer) w = oci_test_writer(&sink);
    oci_error err = OCI_ERROR_INIT;

    assert_fails(OCI_E_PERM, &err, oci_writer_write(w, "ab", 2, &err));
    sink.code = 0;
    assert_fails(OCI_E_PERM, &err, oci_writer_write(w, "a", 1, &err));
    assert_fails(OCI_E_PERM, &err, oci_writer_finish(w, &err));
    assert_string_equal(err.msg, "planned failure");
    assert_int_equal(sink.finished, 0);
    assert_int_equal(oci_writer_count(w), 0);
}

OCI_TEST (writer, takes_nothing_once_finished) {
    struct oci_test_sink sink = { 0 };
    OCI_AUTO(oci_writer) w = oci_test_writer(&sink);
    oci_error err = OCI_ERROR_INIT;

    assert_ok(&err, oci_writer_finish(w, &err));
    assert_fails(OCI_E_USAGE, &err, oci_writer_write(w, "a", 1, &err));
    assert_fails(OCI_E_USAGE, &err, oci_writer_finish(w, &err));
    assert_int_equal(sink.finished, 1);
    assert_int_equal(sink.got, 0);
}

OCI_TEST (writer, tells_a_failed_finish) {
    struct oci_test_sink sink = { .finish_code = OCI_E_IO };
    OCI_AUTO(oci_writer) w = oci_test_writer(&sink);
    oci_error err = OCI_ERROR_INIT;

    assert_fails(OCI_E_IO, &err, oci_writer_finish(w, &err));
    assert_fails(OCI_E_IO, &err, oci_writer_finish(w, &err));
    assert_fails(OCI_E_IO, &err, oci_writer_write(w, "a", 1, &err));
}

static int mute_write(void *ctx, const void *p, size_t n, oci_error *err)
{
    (void)ctx;
    (void)p;
    (void)n;
    (void)err;
    return OCI_E_IO;
}

OCI_TEST (writer, gives_a_text_to_callbacks_that_forgot_it) {
    OCI_AUTO(oci_writer) w = NULL;
    OCI_AUTO(oci_writer) bare = NULL;
    oci_error err = OCI_ERROR_INIT;
    const oci_writer_callbacks cb = { mute_write, NULL, NULL };

    assert_ok(&err, oci_writer_to_callbacks(&cb, NULL, &w, &err));
    assert_fails(OCI_E_IO, &err, oci_writer_write(w, "a", 1, &err));
    assert_ok(&err, oci_writer_to_callbacks(&cb, NULL, &bare, &err));
    assert_ok(&err, oci_writer_finish(bare, &err));
}

OCI_TEST (writer, finishes_and_frees_the_whole_chain) {
    struct oci_test_sink sink = { 0 };
    oci_writer *w = oci_test_writer(&sink);
    oci_error err = OCI_ERROR_INIT;

    assert_ok(&err, oci_writer_compress(w, OCI_COMPRESSION_ZSTD, NULL, &w, &err));
    assert_ok(&err, oci_writer_compress(w, OCI_COMPRESSION_GZIP, NULL, &w, &err));
    assert_ok(&err, oci_writer_write(w, "abc", 3, &err));
    assert_ok(&err, oci_writer_finish(w, &err));
    assert_int_equal(sink.finished, 1);
    assert_true(sink.got > 0);
    oci_writer_free(w);
    assert_int_equal(sink.freed, 1);
}

OCI_TEST (writer, leaves_nothing_whole_without_finish) {
    static const oci_compression kinds[] = { OCI_COMPRESSION_GZIP, OCI_COMPRESSION_ZSTD };
    char *data = calloc(1, 1 << 20);

    for (size_t i = 0; i < 2; i++) {
        OCI_AUTO_BUF oci_buf buf = OCI_BUF_INIT;
        OCI_AUTO(oci_writer) w = NULL;
        oci_error err = OCI_ERROR_INIT;

        oci_test_fill(data, 1 << 20, 3);
        assert_ok(&err, oci_writer_to_buf(&buf, &w, &err));
        assert_ok(&err, oci_writer_compress(oci_steal(&w), kinds[i], NULL, &w, &err));
        assert_ok(&err, oci_writer_write(w, data, 1 << 20, &err));
        oci_writer_free(oci_steal(&w));
        assert_fails(OCI_E_INVALID, &err, oci_test_decompress(kinds[i], buf.data, buf.len, 0, NULL, &err));
    }
    free(data);
}
