/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "stream/stream.h"
#include "tar/header.h"
#include "tar/pax.h"

#include "archive.h"
#include "test.h"

static char *filled(char *buf, size_t n, char c)
{
    memset(buf, c, n - 1);
    buf[n - 1] = '\0';
    return buf;
}

static void set(unsigned char *block, size_t at, const void *p, size_t n)
{
    memcpy(block + at, p, n);
    archive_resum(block);
}

/* An archive with something of everything. */
static void make_archive(oci_buf *b)
{
    OCI_AUTO_BUF oci_buf meta = OCI_BUF_INIT;
    char longer[200], big[3000];
    unsigned char *h;

    archive_record(&meta, "comment", "0123456789", 10);
    archive_record(&meta, "gid", "77", 2);
    archive_meta(b, 'g', &meta);
    archive_header(b, '5', "./dir/", 0);
    archive_file(b, "/dir//hello", "hello, world\n");
    archive_file(b, "dir/empty", "");
    h = archive_header(b, '2', "dir/link", 0);
    set(h, OCI_TAR_AT_LINK, "../../else//where/", 18);
    h = archive_header(b, '1', "dir/hard", 0);
    set(h, OCI_TAR_AT_LINK, "./dir//hello", 12);
    h = archive_header(b, '3', "dev/null", 0);
    set(h, OCI_TAR_AT_MAJOR,
        "0000001\0"
        "0000003",
        15);
    h = archive_header(b, '4', "dev/sda", 0);
    set(h, OCI_TAR_AT_MAJOR,
        "0000010\0"
        "0000000",
        15);
    archive_header(b, '6', "fifo", 0);
    archive_header(b, 'V', "../a label", 4);
    archive_data(b, "data", 4);
    assert_int_equal(oci_buf_append(&meta, filled(longer, sizeof longer, 'l'), sizeof longer, NULL), 0);
    archive_meta(b, 'L', &meta);
    archive_file(b, "short", "long name");
    archive_record(&meta, "path", "pax/name", 8);
    archive_record(&meta, "uid", "4294967294", 10);
    archive_record(&meta, "gid", "", 0);
    archive_record(&meta, "mtime", "-1.25", 5);
    archive_record(&meta, "SCHILY.xattr.user.x", "a\0b", 3);
    archive_meta(b, 'x', &meta);
    archive_file(b, "x", filled(big, sizeof big, 'b'));
    archive_record(&meta, "GNU.sparse.major", "1", 1);
    archive_record(&meta, "GNU.sparse.minor", "0", 1);
    archive_record(&meta, "GNU.sparse.realsize", "100000", 6);
    archive_record(&meta, "GNU.sparse.name", "holes", 5);
    archive_meta(b, 'x', &meta);
    archive_header(b, '0', "GNUSparseFile.0/holes", 512 + 10);
    archive_data(b, "2\n0\n6\n99996\n4\n", 14);
    archive_data(b, "middleends", 10);
    archive_file(b, "last", "x");
    archive_end(b);
    archive_data(b, "something behind the end", 24);
}

static const char listing[] = "5 5 dir (./dir/) 0644 0:77 0.000000000 0,0\n"
                              "0 0 dir/hello (/dir//hello) 0644 0:77 0.000000000 0,0 @0:hello, world\n /13\n"
                              "0 0 dir/empty (dir/empty) 0644 0:77 0.000000000 0,0 /0\n"
                              "2 2 dir/link (dir/link) 0644 0:77 0.000000000 0,0 -> ../../else//where/\n"
                              "1 1 dir/hard (dir/hard) 0644 0:77 0.000000000 0,0 -> dir/hello\n"
                              "3 3 dev/null (dev/null) 0644 0:77 0.000000000 1,3\n"
                              "4 4 dev/sda (dev/sda) 0644 0:77 0.000000000 8,0\n"
                              "6 6 fifo (fifo) 0644 0:77 0.000000000 0,0\n"
                              "7 V  (../a label) 0644 0:77 0.000000000 0,0\n";

// proves: layer.types.regular layer.types.directory layer.types.symlink layer.types.block-device
// proves: layer.types.char-device layer.types.fifo layer.attr.symlink layer.attr.hardlink layer.hardlink.typeflag
// proves: layer.attr.uid layer.attr.gid layer.attr.mtime layer.attr.xattrs
OCI_TEST (reader, reads_the_same_however_the_bytes_come) {
    static const size_t steps[] = { 1, 7, 511, 512, 513, 1000, 1 << 20 };
    OCI_AUTO_BUF oci_buf archive = OCI_BUF_INIT, first = OCI_BUF_INIT;

    make_archive(&archive);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        OCI_AUTO(oci_reader) source = archive_source(&archive, steps[i], 0, 0);
        OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;

        assert_int_equal(archive_list(source, &out), 0);
        assert_int_equal(oci_reader_count(source), archive.len);
        assert_memory_equal(out.data, listing, sizeof listing - 1);
        assert_true(archive_has(&out, "0 0 pax/name (pax/name) 0644 4294967294:0 -2.750000000 0,0 user.x=a"));
        assert_non_null(memmem(out.data, out.len, " user.x=a\0b @0:bbb", 18));
        assert_true(archive_has(&out, "holes (holes) 0644 0:77 0.000000000 0,0 @0:middle @99996:ends /100000\n"));
        assert_true(archive_has(&out, "last (last) 0644 0:77 0.000000000 0,0 @0:x /1\nend\n"));
        if (i == 0)
            assert_int_equal(oci_buf_append(&first, out.data, out.len, NULL), 0);
        assert_int_equal(out.len, first.len);
        assert_memory_equal(out.data, first.data, out.len);
    }
}

// proves: layer.attr.mode layer.attr.uname-ignored layer.attr.gname-ignored
OCI_TEST (reader, takes_numbers_not_names) {
    OCI_AUTO_BUF oci_buf archive = OCI_BUF_INIT, out = OCI_BUF_INIT;
    OCI_AUTO(oci_reader) source = NULL;
    unsigned char *h = archive_header(&archive, '0', "a", 0);

    set(h, OCI_TAR_AT_MODE, "0107755", 7);
    set(h, 265, "nobody", 6);
    set(h, 297, "nogroup", 7);
    archive_end(&archive);
    source = archive_source(&archive, 4096, 0, 0);
    assert_int_equal(archive_list(source, &out), 0);
    assert_string_equal(out.data, "0 0 a (a) 7755 0:0 0.000000000 0,0 /0\nend\n");
}

OCI_TEST (reader, lends_the_bytes_of_the_source) {
    OCI_AUTO_BUF oci_buf archive = OCI_BUF_INIT;
    OCI_AUTO(oci_reader) source = NULL;
    OCI_AUTO(oci_tar_reader) t = NULL;
    oci_error err = OCI_ERROR_INIT;
    const oci_tar_entry *e;
    uint64_t offset;
    oci_span span;

    archive_file(&archive, "a", "contents");
    archive_end(&archive);
    assert_ok(&err, oci_reader_from_memory(archive.data, archive.len, &source, &err));
    assert_ok(&err, oci_tar_reader_new(source, NULL, &t, &err));
    assert_int_equal(oci_tar_reader_next(t, &e, &err), 1);
    assert_ok(&err, oci_tar_reader_data(t, &span, &offset, &err));
    assert_ptr_equal(span.data, archive.data + OCI_TAR_BLOCK_SIZE);
    assert_int_equal(span.len, 8);
    assert_int_equal(offset, 0);
    /* The end of the data stays the end. */
    for (int i = 0; i < 2; i++) {
        assert_ok(&err, oci_tar_reader_data(t, &span, &offset, &err));
        assert_int_equal(span.len, 0);
    }
    for (int i = 0; i < 2; i++)
        assert_int_equal(oci_tar_reader_next(t, &e, &err), 0);
}

OCI_TEST (reader, skips_what_was_not_read) {
    OCI_AUTO_BUF oci_buf archive = OCI_BUF_INIT;
    OCI_AUTO(oci_reader) source = NULL;
    OCI_AUTO(oci_tar_reader) t = NULL;
    oci_error err = OCI_ERROR_INIT;
    const oci_tar_entry *e;
    int entries = 0;

    make_archive(&archive);
    source = archive_source(&archive, 100, 0, 0);
    assert_ok(&err, oci_tar_reader_new(source, NULL, &t, &err));
    while (oci_tar_reader_next(t, &e, &err) == 1) {
        uint64_t offset;
        oci_span span;

        /* Of every second entry the first piece only. */
        if (entries++ % 2 == 0)
            assert_ok(&err, oci_tar_reader_data(t, &span, &offset, &err));
    }
    assert_int_equal(err.code, 0);
    assert_int_equal(entries, 13);
    assert_int_equal(oci_reader_count(source), archive.len);
}

OCI_TEST (reader, notices_every_cut) {
    OCI_AUTO_BUF oci_buf archive = OCI_BUF_INIT;
    size_t clean = 0;

    make_archive(&archive);
    archive.len -= 512; /* what is behind the end */
    for (size_t n = 0; n < archive.len; n += n % 512 == 0 || n % 512 == 511 ? 1 : 73) {
        oci_buf cut = { archive.data, n, 0, 0 };
        OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
        OCI_AUTO(oci_reader) source = archive_source(&cut, 4096, 0, 0);
        int r = archive_list(source, &out);

        assert_true(r == 0 || r == OCI_E_INVALID);
        /* Whole it may only seem to be where an entry ends, and then it is said that the end is missing. */
        if (r == 0 && n > 0)
            assert_true(archive_has(&out, "warning: the tar archive has "));
        if (r < 0)
            assert_false(archive_has(&out, "warning: the tar archive has "));
        if (r == 0 && n % 512 == 0)
            clean++;
        if (n == 512 * 9 + 3)
            assert_true(archive_has(&out, "error: '/dir//hello': the archive ends 10 bytes too early"));
    }
    assert_true(clean >= 13);
}

// proves: descriptor.size.zero-allowed
OCI_TEST (reader, takes_nothing_for_an_empty_archive) {
    OCI_AUTO_BUF oci_buf archive = OCI_BUF_INIT, out = OCI_BUF_INIT;
    OCI_AUTO(oci_reader) source = archive_source(&archive, 1, 0, 0);

    assert_int_equal(archive_list(source, &out), 0);
    assert_string_equal(out.data, "end\n");
}

// proves: layer.tar.format layer.media.tar
OCI_TEST (reader, refuses_what_is_no_tar) {
    static const char *const first[] = { "PK\3\4 a zip file", "070701 a cpio archive", "\x1f\x8b\x08 gzip", "!<arch>\n",
                                         "x" };

    for (size_t i = 0; i < sizeof first / sizeof *first; i++)
        for (size_t n = strlen(first[i]); n < 2000; n += 700) {
            OCI_AUTO_BUF oci_buf archive = OCI_BUF_INIT, out = OCI_BUF_INIT;
            OCI_AUTO(oci_reader) source = NULL;

            assert_int_equal(oci_buf_puts(&archive, first[i], NULL), 0);
            while (archive.len < n)
                assert_int_equal(oci_buf_putc(&archive, 'x', NULL), 0);
            source = archive_source(&archive, 4096, 0, 0);
            assert_int_equal(archive_list(source, &out), OCI_E_INVALID);
            assert_string_equal(out.data, "error: the data is not a tar archive\n");
        }
}

OCI_TEST (reader, takes_no_few_zeros_for_an_end) {
    OCI_AUTO_BUF oci_buf archive = OCI_BUF_INIT, out = OCI_BUF_INIT;
    OCI_AUTO(oci_reader) source = NULL;

    archive_end(&archive);
    archive.len = 511;
    source = archive_source(&archive, 4096, 0, 0);
    assert_int_equal(archive_list(source, &out), OCI_E_INVALID);
    assert_string_equal(out.data, "error: the data is not a tar archive\n");
}

OCI_TEST (reader, says_where_a_checksum_is_wrong) {
    OCI_AUTO_BUF oci_buf archive = OCI_BUF_INIT, out = OCI_BUF_INIT;
    OCI_AUTO(oci_reader) source = NULL;

    archive_file(&archive, "a", "x");
    archive_header(&archive, '0', "b", 0)[0] = 'c';
    source = archive_source(&archive, 4096, 0, 0);
    assert_int_equal(archive_list(source, &out), OCI_E_INVALID);
    assert_true(archive_has(&out, "error: the checksum of the header at byte 1024 is"));
}

// proves: diffid.uncompressed
OCI_TEST (reader, reads_the_source_to_its_own_end) {
    OCI_AUTO_BUF oci_buf archive = OCI_BUF_INIT;

    make_archive(&archive);
    /* Wherever the source fails, behind the end of the archive as well, that is the answer. */
    for (size_t at = 0; at <= archive.len; at += at < archive.len && at + 100 > archive.len ? archive.len - at : 100) {
        OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
        OCI_AUTO(oci_reader) source = archive_source(&archive, 64, OCI_E_DIGEST, at);

        assert_int_equal(archive_list(source, &out), OCI_E_DIGEST);
        assert_true(archive_has(&out, "the source fails"));
        if (at == archive.len)
            break;
    }
}

OCI_TEST (reader, fails_the_same_way_for_ever) {
    OCI_AUTO_BUF oci_buf archive = OCI_BUF_INIT;
    OCI_AUTO(oci_reader) source = NULL;
    OCI_AUTO(oci_tar_reader) t = NULL;
    oci_error err = OCI_ERROR_INIT, again = OCI_ERROR_INIT;
    const oci_tar_entry *e = NULL;
    uint64_t offset;
    oci_span span;

    archive_file(&archive, "a/../b", "x");
    archive_end(&archive);
    source = archive_source(&archive, 4096, 0, 0);
    assert_ok(&err, oci_tar_reader_new(source, NULL, &t, &err));
    assert_fails(OCI_E_UNSAFE, &err, oci_tar_reader_next(t, &e, &err));
    assert_null(e);
    assert_fails(OCI_E_UNSAFE, &again, oci_tar_reader_next(t, &e, &again));
    assert_string_equal(again.msg, err.msg);
    assert_fails(OCI_E_UNSAFE, &again, oci_tar_reader_data(t, &span, &offset, &again));
    assert_int_equal(oci_tar_reader_next(t, &e, NULL), OCI_E_UNSAFE);
}

// proves: safety.10
OCI_TEST (reader, bounds_headers) {
    static const struct {
        char type;
        size_t limit;
    } rows[] = { { 'x', OCI_TAR_PAX_MAX },
                 { 'X', OCI_TAR_PAX_MAX },
                 { 'g', OCI_TAR_PAX_GLOBAL_MAX },
                 { 'L', OCI_TAR_PAX_MAX },
                 { 'K', OCI_TAR_PAX_MAX } };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        OCI_AUTO_BUF oci_buf archive = OCI_BUF_INIT, out = OCI_BUF_INIT, again = OCI_BUF_INIT;
        OCI_AUTO(oci_reader) source = NULL;
        OCI_AUTO(oci_reader) second = NULL;

        archive_header(&archive, rows[i].type, "meta", rows[i].limit + 1);
        source = archive_source(&archive, 4096, 0, 0);
        assert_int_equal(archive_list(source, &out), OCI_E_LIMIT);
        /* One byte less is only cut short. */
        archive.len = 0;
        archive_header(&archive, rows[i].type, "meta", rows[i].limit);
        second = archive_source(&archive, 4096, 0, 0);
        assert_int_equal(archive_list(second, &again), OCI_E_INVALID);
        assert_true(archive_has(&again, "the archive ends inside"));
    }
}

OCI_TEST (reader, bounds_global_headers_together) {
    OCI_AUTO_BUF oci_buf archive = OCI_BUF_INIT, out = OCI_BUF_INIT, meta = OCI_BUF_INIT;
    OCI_AUTO(oci_reader) source = NULL;
    char text[1000];

    for (int i = 0; i < 70; i++) {
        archive_record(&meta, "comment", filled(text, sizeof text, 'c'), sizeof text);
        archive_meta(&archive, 'g', &meta);
    }
    source = archive_source(&archive, 4096, 0, 0);
    assert_int_equal(archive_list(source, &out), OCI_E_LIMIT);
    assert_true(archive_has(&out, "a global pax header"));
}

/* An archive of them would have no end. */
OCI_TEST (reader, bounds_the_number_of_headers) {
    static const char types[] = { 'g', 'K' };

    for (size_t i = 0; i < sizeof types; i++)
        for (size_t more = 0; more < 2; more++) {
            OCI_AUTO_BUF oci_buf archive = OCI_BUF_INIT, out = OCI_BUF_INIT;
            OCI_AUTO(oci_reader) source = NULL;

            for (size_t k = 0; k < OCI_TAR_MAX_HEADERS - 1 + more; k++)
                archive_header(&archive, types[i], "meta", 0);
            archive_file(&archive, "a", "x");
            archive_end(&archive);
            source = archive_source(&archive, 4096, 0, 0);
            assert_int_equal(archive_list(source, &out), more > 0 ? OCI_E_LIMIT : 0);
        }
}

OCI_TEST (reader, bounds_what_follows_on_the_end) {
    static const struct {
        size_t rest;
        int code;
    } rows[] = { { 0, 0 }, { 1, 0 }, { 3000, 0 }, { 3001, OCI_E_LIMIT }, { 1 << 20, OCI_E_LIMIT } };
    static char zeros[1 << 20];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t chunk = 700; chunk <= 1 << 16; chunk *= 90) {
            OCI_AUTO_BUF oci_buf archive = OCI_BUF_INIT;
            OCI_AUTO(oci_reader) source = NULL;
            OCI_AUTO(oci_tar_reader) t = NULL;
            oci_error err = OCI_ERROR_INIT;
            const oci_tar_entry *e;
            int r;

            archive_file(&archive, "a", "x");
            archive_end(&archive);
            assert_ok(&err, oci_buf_append(&archive, zeros, rows[i].rest, &err));
            source = archive_source(&archive, chunk, 0, 0);
            assert_ok(&err, oci_tar_reader_new(source, NULL, &t, &err));
            oci_tar_reader_limit_rest(t, 3000);
            assert_int_equal(oci_tar_reader_next(t, &e, &err), 1);
            r = oci_tar_reader_next(t, &e, &err);
            assert_int_equal(r, rows[i].code);
        }
}

OCI_TEST (reader, survives_the_failure_of_any_allocation) {
    OCI_AUTO_BUF oci_buf archive = OCI_BUF_INIT;

    make_archive(&archive);
    for (unsigned long n = 1;; n++) {
        OCI_AUTO(oci_reader) source = NULL;
        OCI_AUTO(oci_tar_reader) t = NULL;
        oci_error err = OCI_ERROR_INIT;
        const oci_tar_entry *e;
        int r;

        assert_ok(&err, oci_reader_from_memory(archive.data, archive.len, &source, &err));
        oci_alloc_fail_at(n);
        r = oci_tar_reader_new(source, NULL, &t, &err);
        if (r == 0) {
            do
                r = oci_tar_reader_next(t, &e, &err);
            while (r == 1);
        }
        oci_alloc_fail_at(0);
        if (r == 0) {
            assert_true(n > 10);
            break;
        }
        assert_int_equal(r, OCI_E_NOMEM);
        assert_string_equal(err.msg + strlen(err.msg) - strlen("out of memory"), "out of memory");
    }
}
