/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of a file, and descriptors that keep their reader or writer waiting. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "help.h"

#include "base/buf.h"

/* A file of "0123456789", which is gone when it is closed. */
static FILE *digits(void)
{
    FILE *f = tmpfile();

    assert_non_null(f);
    assert_true(fputs("0123456789", f) >= 0);
    assert_int_equal(fflush(f), 0);
    return f;
}

OCI_TEST (range, is_a_part_of_a_file) {
    static const struct {
        uint64_t offset, size;
        const char *content; /* NULL: the file ends before */
    } rows[] = {
        { 0, 10, "0123456789" }, { 3, 4, "3456" }, { 9, 1, "9" },   { 10, 0, "" },   { 4, 0, "" },
        { 100, 0, "" },          { 9, 2, NULL },   { 10, 1, NULL }, { 0, 11, NULL },
    };
    FILE *f = digits();

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        OCI_AUTO(oci_reader) r = NULL;
        OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
        oci_error err = OCI_ERROR_INIT;

        assert_ok(&err, oci_reader_from_range(fileno(f), rows[i].offset, rows[i].size, &r, &err));
        if (rows[i].content == NULL) {
            assert_fails(OCI_E_INVALID, &err, oci_reader_read_all(r, 0, &out, &err));
            continue;
        }
        assert_ok(&err, oci_reader_read_all(r, 0, &out, &err));
        assert_int_equal(out.len, strlen(rows[i].content));
        assert_memory_equal(out.len > 0 ? out.data : "", rows[i].content, out.len);
    }
    fclose(f);
}

OCI_TEST (range, skips_what_nobody_reads) {
    OCI_AUTO(oci_reader) r = NULL;
    OCI_AUTO(oci_reader) other = NULL;
    OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
    oci_error err = OCI_ERROR_INIT;
    FILE *f = digits();

    assert_ok(&err, oci_reader_from_range(fileno(f), 1, 8, &r, &err));
    assert_int_equal(oci_reader_skip(r, 3), 3);
    assert_int_equal(oci_reader_count(r), 3);
    assert_ok(&err, oci_reader_read_all(r, 0, &out, &err));
    assert_string_equal(out.data, "45678");
    assert_int_equal(oci_reader_skip(r, 1), 0);
    /* Only what no stage has to see. */
    assert_ok(&err, oci_reader_from_memory("abc", 3, &other, &err));
    assert_int_equal(oci_reader_skip(other, 1), 0);
    fclose(f);
}

OCI_TEST (range, of_nothing_needs_no_file) {
    OCI_AUTO(oci_reader) r = NULL;
    oci_error err = OCI_ERROR_INIT;

    assert_ok(&err, oci_reader_from_range(-1, 0, 0, &r, &err));
    assert_ok(&err, oci_reader_drain(r, &err));
    assert_fails(OCI_E_INVALID, &err, oci_reader_from_range(-1, UINT64_MAX, 1, &r, &err));
    assert_fails(OCI_E_INVALID, &err, oci_reader_from_range(-1, 1, INT64_MAX, &r, &err));
}

static bool cancel_third(void *ctx)
{
    return ++*(int *)ctx == 3;
}

OCI_TEST (pipe, can_be_given_up) {
    int ends[2], asked = 0;
    const oci_events events = { .ctx = &asked, .cancelled = cancel_third };
    OCI_AUTO(oci_reader) r = NULL;
    oci_error err = OCI_ERROR_INIT;
    oci_span span;

    assert_int_equal(pipe(ends), 0);
    assert_ok(&err, oci_reader_from_pipe(ends[0], &events, &r, &err));
    assert_int_equal(write(ends[1], "abc", 3), 3);
    assert_ok(&err, oci_reader_next(r, &span, &err));
    assert_int_equal(span.len, 3);
    /* Nothing comes any more. */
    assert_fails(OCI_E_CANCELLED, &err, oci_reader_next(r, &span, &err));
    close(ends[1]);
}

OCI_TEST (pipe, ends_when_its_writers_do) {
    OCI_AUTO(oci_reader) r = NULL;
    OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
    oci_error err = OCI_ERROR_INIT;
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "abc", 3), 3);
    close(ends[1]);
    assert_ok(&err, oci_reader_from_pipe(ends[0], NULL, &r, &err));
    assert_ok(&err, oci_reader_read_all(r, 0, &out, &err));
    assert_string_equal(out.data, "abc");
}

OCI_TEST (pipe, that_is_full_can_be_given_up) {
    int ends[2], asked = 0;
    const oci_events events = { .ctx = &asked, .cancelled = cancel_third };
    OCI_AUTO(oci_writer) w = NULL;
    oci_error err = OCI_ERROR_INIT;
    const char p[3 * 4096] = { 0 };

    assert_int_equal(pipe(ends), 0);
    assert_true(fcntl(ends[1], F_SETPIPE_SZ, 4096) >= 4096);
    assert_ok(&err, oci_writer_to_pipe(ends[1], &events, &w, &err));
    /* Nobody reads. */
    assert_fails(OCI_E_CANCELLED, &err, oci_writer_write(w, p, sizeof p, &err));
    assert_int_equal(asked, 3);
    close(ends[0]);
}

OCI_TEST (pipe, takes_all_and_tells_that_its_reader_has_gone) {
    int ends[2];
    OCI_AUTO(oci_writer) w = NULL;
    oci_error err = OCI_ERROR_INIT;
    char back[8] = { 0 };

    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(pipe(ends), 0);
    assert_ok(&err, oci_writer_to_pipe(ends[1], NULL, &w, &err));
    assert_ok(&err, oci_writer_write(w, "abc", 3, &err));
    assert_ok(&err, oci_writer_write(w, "def", 3, &err));
    assert_int_equal(read(ends[0], back, sizeof back), 6);
    assert_string_equal(back, "abcdef");
    close(ends[0]);
    assert_fails(OCI_E_IO, &err, oci_writer_write(w, "x", 1, &err));
    assert_int_equal(err.sys_errno, EPIPE);
}
