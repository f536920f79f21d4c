/* SPDX-License-Identifier: Apache-2.0 */
#include "help.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

OCI_TEST (reader, gives_memory_in_one_span_and_stays_at_its_end) {
    OCI_AUTO(oci_reader) r = NULL;
    oci_error err = OCI_ERROR_INIT;
    static const char text[] = "hello";
    oci_span span;

    assert_ok(&err, oci_reader_from_memory(text, 5, &r, &err));
    assert_ok(&err, oci_reader_next(r, &span, &err));
    assert_ptr_equal(span.data, text);
    assert_int_equal(span.len, 5);
    for (int i = 0; i < 3; i++) {
        assert_ok(&err, oci_reader_next(r, &span, &err));
        assert_int_equal(span.len, 0);
    }
    assert_int_equal(oci_reader_count(r), 5);
}

OCI_TEST (reader, ends_at_once_without_bytes) {
    OCI_AUTO(oci_reader) r = NULL;
    oci_error err = OCI_ERROR_INIT;
    oci_span span = { "x", 1 };

    assert_ok(&err, oci_reader_from_memory(NULL, 0, &r, &err));
    assert_ok(&err, oci_reader_next(r, &span, &err));
    assert_int_equal(span.len, 0);
}

OCI_TEST (reader, reads_a_descriptor_from_its_position) {
    OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
    oci_error err = OCI_ERROR_INIT;
    size_t n = 3 * OCI_STREAM_CHUNK + 17;
    char *data = malloc(n), path[] = "/tmp/oci-unit-stream-XXXXXX";
    oci_reader *r = NULL;
    int fd = mkstemp(path);

    assert_non_null(data);
    assert_true(fd >= 0);
    unlink(path);
    oci_test_fill(data, n, 1);
    assert_int_equal(write(fd, data, n), n);
    assert_int_equal(lseek(fd, 5, SEEK_SET), 5);
    assert_ok(&err, oci_reader_from_fd(fd, &r, &err));
    assert_ok(&err, oci_test_read(r, &out, &err));
    assert_buf_equal(&out, data + 5, n - 5);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    free(data);
}

OCI_TEST (reader, takes_short_reads_of_a_pipe) {
    OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
    oci_error err = OCI_ERROR_INIT;
    oci_reader *r = NULL;
    oci_span span;
    int fds[2];

    assert_int_equal(pipe(fds), 0);
    assert_ok(&err, oci_reader_from_fd(fds[0], &r, &err));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(write(fds[1], "abc", 3), 3);
        assert_ok(&err, oci_reader_next(r, &span, &err));
        assert_int_equal(span.len, 3);
    }
    close(fds[1]);
    assert_ok(&err, oci_test_read(r, &out, &err));
    assert_int_equal(out.len, 0);
}

OCI_TEST (reader, tells_a_failed_read_with_its_errno) {
    OCI_AUTO(oci_reader) r = NULL;
    oci_error err = OCI_ERROR_INIT;
    oci_span span;

    assert_ok(&err, oci_reader_from_fd(open("/", O_RDONLY | O_DIRECTORY), &r, &err));
    for (int i = 0; i < 2; i++) {
        assert_fails(OCI_E_IO, &err, oci_reader_next(r, &span, &err));
        assert_int_equal(err.sys_errno, EISDIR);
    }
}

OCI_TEST (reader, fails_the_same_way_for_ever) {
    OCI_AUTO(oci_reader) r = NULL;
    oci_error err = OCI_ERROR_INIT;
    atomic_int calls = 0;
    oci_span span;

    r = oci_test_reader(&(struct oci_test_source) { .data = "ab", .len = 2, .fail = OCI_E_PERM, .calls = &calls });
    assert_ok(&err, oci_reader_next(r, &span, &err));
    for (int i = 0; i < 3; i++) {
        assert_fails(OCI_E_PERM, &err, oci_reader_next(r, &span, &err));
        assert_string_equal(err.msg, "planned failure");
    }
    assert_int_equal(oci_reader_next(r, &span, NULL), OCI_E_PERM);
    assert_int_equal(calls, 2);
    assert_int_equal(oci_reader_count(r), 2);
}

static int mute_next(void *ctx, oci_span *out, oci_error *err)
{
    (void)ctx;
    (void)out;
    (void)err;
    return OCI_E_IO;
}

OCI_TEST (reader, gives_a_text_to_callbacks_that_forgot_it) {
    OCI_AUTO(oci_reader) r = NULL;
    oci_error err = OCI_ERROR_INIT;

    assert_ok(&err, oci_reader_from_callbacks(&(oci_reader_callbacks) { mute_next, NULL }, NULL, &r, &err));
    assert_fails(OCI_E_IO, &err, oci_reader_drain(r, &err));
}

OCI_TEST (reader, reads_all_within_a_limit_and_leaves_the_buffer_alone_beyond) {
    oci_error err = OCI_ERROR_INIT;

    for (size_t step = 1; step <= 10; step++) {
        OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
        OCI_AUTO(oci_reader) fits = oci_test_chunks("0123456789", 10, step);
        OCI_AUTO(oci_reader) long_by_one = oci_test_chunks("0123456789", 10, step);
        OCI_AUTO(oci_reader)
        failing = oci_test_reader(
            &(struct oci_test_source) { .data = "0123456789", .len = 10, .step = step, .fail = OCI_E_IO });

        assert_ok(&err, oci_reader_read_all(fits, 10, &out, &err));
        assert_string_equal(out.data, "0123456789");
        assert_fails(OCI_E_LIMIT, &err, oci_reader_read_all(long_by_one, 9, &out, &err));
        assert_fails(OCI_E_IO, &err, oci_reader_read_all(failing, 0, &out, &err));
        assert_buf_equal(&out, "0123456789", 10);
        assert_int_equal(out.data[10], '\0');
    }
}

OCI_TEST (reader, respects_the_limit_of_the_buffer) {
    OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
    OCI_AUTO(oci_reader) r = oci_test_chunks("0123456789", 10, 4);
    oci_error err = OCI_ERROR_INIT;

    out.limit = 9;
    assert_fails(OCI_E_LIMIT, &err, oci_reader_read_all(r, 0, &out, &err));
    assert_int_equal(out.len, 0);
}

OCI_TEST (reader, limits_what_passes) {
    oci_error err = OCI_ERROR_INIT;

    for (size_t step = 1; step <= 10; step++) {
        OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
        OCI_AUTO(oci_reader) r = NULL;

        assert_ok(&err, oci_reader_limit(oci_test_chunks("0123456789", 10, step), 10, "the test", &r, &err));
        assert_ok(&err, oci_reader_read_all(r, 0, &out, &err));
        assert_buf_equal(&out, "0123456789", 10);
        oci_reader_free(oci_steal(&r));

        assert_ok(&err, oci_reader_limit(oci_test_chunks("0123456789", 10, step), 9, "the test", &r, &err));
        assert_fails(OCI_E_LIMIT, &err, oci_reader_drain(r, &err));
        assert_string_equal(err.msg, "the test is larger than 9 bytes");
        assert_true(oci_reader_count(r) <= 9);
    }
}

OCI_TEST (reader, lets_nothing_through_a_limit_of_zero) {
    OCI_AUTO(oci_reader) empty = NULL;
    OCI_AUTO(oci_reader) one = NULL;
    oci_error err = OCI_ERROR_INIT;

    assert_ok(&err, oci_reader_limit(oci_test_chunks("", 0, 1), 0, "nothing", &empty, &err));
    assert_ok(&err, oci_reader_drain(empty, &err));
    assert_ok(&err, oci_reader_limit(oci_test_chunks("x", 1, 1), 0, "nothing", &one, &err));
    assert_fails(OCI_E_LIMIT, &err, oci_reader_drain(one, &err));
}

OCI_TEST (reader, pumps_without_finishing) {
    struct oci_test_sink sink = { 0 };
    OCI_AUTO(oci_writer) w = oci_test_writer(&sink);
    OCI_AUTO(oci_reader) r = oci_test_chunks("0123456789", 10, 3);
    oci_error err = OCI_ERROR_INIT;

    assert_ok(&err, oci_reader_pump(r, w, &err));
    assert_int_equal(sink.got, 10);
    assert_int_equal(sink.finished, 0);
    assert_int_equal(oci_writer_count(w), 10);
}

OCI_TEST (reader, pumps_until_either_side_fails) {
    struct oci_test_sink sink = { .room = 5, .code = OCI_E_IO };
    OCI_AUTO(oci_writer) w = oci_test_writer(&sink);
    OCI_AUTO(oci_reader) r = oci_test_chunks("0123456789", 10, 3);
    OCI_AUTO(oci_reader)
    failing = oci_test_reader(&(struct oci_test_source) { .data = "ab", .len = 2, .fail = OCI_E_DIGEST });
    OCI_AUTO(oci_writer) null = NULL;
    oci_error err = OCI_ERROR_INIT;

    assert_fails(OCI_E_IO, &err, oci_reader_pump(r, w, &err));
    assert_int_equal(sink.got, 3);
    assert_ok(&err, oci_writer_to_null(&null, &err));
    assert_fails(OCI_E_DIGEST, &err, oci_reader_pump(failing, null, &err));
}

/* Reads to the end by both operations in turn, in pieces of all sizes, and frees r. */
static int read_both_ways(oci_reader *r, oci_buf *out, oci_error *err)
{
    oci_span span = { NULL, 1 };
    char room[3000];
    int result = 0;

    for (size_t i = 1; result == 0 && span.len > 0; i++) {
        span = (oci_span) { room, 0 };
        result = i % 3 == 0 ? oci_reader_next(r, &span, err)
                            : oci_reader_fill(r, room, i * 37 % sizeof room + 1, &span.len, err);
        if (result == 0)
            assert_ok(err, oci_buf_append(out, span.data, span.len, err));
    }
    oci_reader_free(r);
    return result;
}

OCI_TEST (reader, fills_what_it_is_given) {
    enum { N = 300000 };
    oci_error err = OCI_ERROR_INIT;
    OCI_AUTO_BUF oci_buf packed = OCI_BUF_INIT;
    OCI_AUTO(oci_reader) lender = NULL;
    oci_digest digest, wrong = { .alg = OCI_DIGEST_SHA256, .len = 32 };
    char *data = malloc(N);

    assert_non_null(data);
    oci_test_fill(data, N, 3);
    oci_test_compress(OCI_COMPRESSION_GZIP, 0, data, N, &packed);
    assert_ok(&err, oci_digest_of(OCI_DIGEST_SHA256, data, N, &digest, &err));
    for (int i = 0; i < 4; i++) {
        OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
        oci_reader *r = oci_test_chunks(i < 2 ? data : packed.data, i < 2 ? (size_t)N : packed.len, 7000);

        lender = r;
        if (i % 2 == 1)
            assert_ok(&err, oci_reader_borrow(lender, NULL, &r, &err));
        if (i >= 2)
            assert_ok(&err, oci_reader_decompress(r, OCI_COMPRESSION_GZIP, 0, &r, &err));
        assert_ok(&err, oci_reader_verify(r, &digest, N, &r, &err));
        assert_ok(&err, read_both_ways(r, &out, &err));
        assert_buf_equal(&out, data, N);
        oci_reader_free(i % 2 == 1 ? lender : NULL);
        lender = NULL;
    }
    for (int i = 0; i < 2; i++) {
        OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
        oci_reader *r = NULL;

        assert_ok(&err, oci_reader_verify(oci_test_chunks(data, N, 7000), i == 0 ? &wrong : &digest, i == 0 ? N : N - 1,
                                          &r, &err));
        assert_fails(i == 0 ? OCI_E_DIGEST : OCI_E_SIZE, &err, read_both_ways(r, &out, &err));
    }
    free(data);
}

OCI_TEST (reader, lends_until_it_is_cancelled) {
    OCI_AUTO(oci_reader) lender = oci_test_chunks("abcd", 4, 1);
    OCI_AUTO(oci_reader) r = NULL;
    oci_error err = OCI_ERROR_INIT;
    atomic_bool cancelled = false;
    oci_span span;

    assert_ok(&err, oci_reader_borrow(lender, &cancelled, &r, &err));
    assert_ok(&err, oci_reader_next(r, &span, &err));
    atomic_store(&cancelled, true);
    assert_fails(OCI_E_CANCELLED, &err, oci_reader_next(r, &span, &err));
    oci_reader_free(oci_steal(&r));
    assert_ok(&err, oci_reader_drain(lender, &err));
    assert_int_equal(oci_reader_count(lender), 4);
}

OCI_TEST (reader, frees_nothing_gladly_and_keeps_errno) {
    OCI_AUTO(oci_reader) r = NULL;
    oci_error err = OCI_ERROR_INIT;

    oci_reader_free(NULL);
    assert_ok(&err, oci_reader_from_fd(-1, &r, &err));
    errno = ERANGE;
    oci_reader_free(oci_steal(&r));
    assert_int_equal(errno, ERANGE);
}
