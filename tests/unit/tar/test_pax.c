/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "tar/pax.h"

#include "archive.h"
#include "test.h"

// proves: layer.attr.mtime safety.8
OCI_TEST (pax, rounds_times_down) {
    static const struct {
        const char *text;
        int64_t sec;
        uint32_t nsec;
    } rows[] = {
        { "0", 0, 0 },
        { "1", 1, 0 },
        { "1.", 1, 0 },
        { "1.5", 1, 500000000 },
        { "1.000000001", 1, 1 },
        { "1.9999999999", 1, 999999999 },
        { "1.0000000009", 1, 0 },
        { "-1", -1, 0 },
        { "-1.0", -1, 0 },
        { "-1.5", -2, 500000000 },
        { "-0.5", -1, 500000000 },
        { "-0.0", 0, 0 },
        { "-0.000000001", -1, 999999999 },
        { "-0.0000000001", -1, 999999999 },
        { "-1.9999999999", -2, 0 },
        { "-1.0000000010", -2, 999999999 },
        { "007", 7, 0 },
        { "9223372036854775807.999999999", INT64_MAX, 999999999 },
        { "-9223372036854775808", INT64_MIN, 0 },
        { "-9223372036854775807.5", INT64_MIN, 500000000 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t sec = 12345;
        uint32_t nsec = 12345;

        assert_true(oci_tar_pax_time(rows[i].text, strlen(rows[i].text), &sec, &nsec));
        assert_true(sec == rows[i].sec);
        assert_int_equal(nsec, rows[i].nsec);
    }
}

OCI_TEST (pax, refuses_what_is_no_time) {
    static const char *const rows[] = { "",
                                        "-",
                                        ".5",
                                        "-.5",
                                        "+1",
                                        "1e5",
                                        "1.5.5",
                                        "1.-5",
                                        " 1",
                                        "1 ",
                                        "0x1",
                                        "nan",
                                        "1,5",
                                        "--1",
                                        "1.5x",
                                        "9223372036854775808",
                                        "-9223372036854775809",
                                        "-9223372036854775808.1" };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t sec = 12345;
        uint32_t nsec = 12345;

        assert_false(oci_tar_pax_time(rows[i], strlen(rows[i]), &sec, &nsec));
        assert_true(sec == 12345 && nsec == 12345);
    }
}

/* Reads one record after the other; the text stays as long as the program runs. */
static int read_records(oci_tar_pax *pax, const oci_buf *records, bool global, oci_error *err)
{
    static char copy[1 << 16];

    assert_true(records->len <= sizeof copy);
    memcpy(copy, records->data, records->len);
    return oci_tar_pax_read(pax, copy, records->len, global, err);
}

// proves: layer.windows.fileattr layer.windows.rawsd layer.windows.creationtime layer.windows.mountpoint
OCI_TEST (pax, ignores_keys_it_does_not_know) {
    static const char *const keys[] = { "MSWINDOWS.fileattr",
                                        "MSWINDOWS.rawsd",
                                        "MSWINDOWS.mountpoint",
                                        "LIBARCHIVE.creationtime",
                                        "SCHILY.dev",
                                        "SCHILY.ino",
                                        "comment",
                                        "hdrcharset",
                                        "uname",
                                        "gname",
                                        "atime",
                                        "ctime",
                                        "VENDOR.anything",
                                        "pat",
                                        "pathx",
                                        "Path",
                                        "UID" };
    OCI_AUTO_BUF oci_buf records = OCI_BUF_INIT;
    oci_error err = OCI_ERROR_INIT;
    oci_tar_pax pax = { 0 };

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        archive_record(&records, keys[i], "a\0\n=1", 5);
    assert_ok(&err, read_records(&pax, &records, false, &err));
    assert_null(pax.path.data);
    assert_false(pax.uid.seen || pax.has_mtime || pax.sparse.seen || pax.has_acl);
    assert_int_equal(pax.xattrs.count, 0);
    oci_tar_pax_free(&pax);
}

// proves: layer.attr.xattrs
OCI_TEST (pax, takes_attributes_from_both_sources) {
    static const struct {
        const char *key, *value;
        size_t n;
    } in[] = {
        { "LIBARCHIVE.xattr.user.a", "bG93", 4 },
        { "SCHILY.xattr.user.a", "high", 4 },
        { "SCHILY.xattr.user.b", "high", 4 },
        { "LIBARCHIVE.xattr.user.b", "bG93", 4 },
        { "SCHILY.xattr.security.capability", "\1\0\0\2\n=", 6 },
        { "LIBARCHIVE.xattr.user.%c3%A4%zz%", "AP8", 3 },
        { "SCHILY.xattr.user.empty", "", 0 },
        { "SCHILY.xattr.user.twice", "1", 1 },
        { "SCHILY.xattr.user.twice", "2", 1 },
    };
    static const struct {
        const char *name, *value;
        size_t n;
    } out[] = {
        { "user.a", "high", 4 },
        { "user.b", "high", 4 },
        { "security.capability", "\1\0\0\2\n=", 6 },
        { "user.\xc3\xa4%zz%", "\0\xff", 2 },
        { "user.empty", "", 0 },
        { "user.twice", "2", 1 },
    };
    OCI_AUTO_BUF oci_buf records = OCI_BUF_INIT;
    oci_error err = OCI_ERROR_INIT;
    oci_tar_pax pax = { 0 };

    for (size_t i = 0; i < sizeof in / sizeof *in; i++)
        archive_record(&records, in[i].key, in[i].value, in[i].n);
    assert_ok(&err, read_records(&pax, &records, false, &err));
    assert_int_equal(pax.xattrs.count, sizeof out / sizeof *out);
    for (size_t i = 0; i < pax.xattrs.count; i++) {
        assert_string_equal(pax.xattrs.items[i].name, out[i].name);
        assert_int_equal(pax.xattrs.items[i].value.len, out[i].n);
        assert_memory_equal(pax.xattrs.items[i].value.data, out[i].value, out[i].n);
    }
    oci_tar_pax_free(&pax);
}

OCI_TEST (pax, bounds_the_number_of_attributes) {
    OCI_AUTO_BUF oci_buf records = OCI_BUF_INIT;
    oci_error err = OCI_ERROR_INIT;
    oci_tar_pax pax = { 0 };

    for (int i = 0; i <= OCI_TAR_XATTRS_MAX; i++) {
        char key[64];

        snprintf(key, sizeof key, "SCHILY.xattr.user.%d", i);
        archive_record(&records, key, "", 0);
    }
    assert_fails(OCI_E_LIMIT, &err, read_records(&pax, &records, false, &err));
    oci_tar_pax_free(&pax);
}

OCI_TEST (pax, inherits_from_global_headers) {
    OCI_AUTO_BUF oci_buf records = OCI_BUF_INIT;
    oci_error err = OCI_ERROR_INIT;
    oci_tar_pax global = { 0 }, pax = { 0 };

    archive_record(&records, "uid", "7", 1);
    archive_record(&records, "mtime", "5.5", 3);
    archive_record(&records, "SCHILY.xattr.user.a", "1", 1);
    archive_record(&records, "SCHILY.xattr.user.b", "1", 1);
    assert_ok(&err, read_records(&global, &records, true, &err));
    assert_ok(&err, oci_tar_pax_reset(&pax, &global, &err));
    assert_true(pax.uid.given && pax.uid.value == 7 && !pax.gid.given);
    assert_true(pax.has_mtime && pax.mtime == 5 && pax.mtime_nsec == 500000000);
    assert_int_equal(pax.xattrs.count, 2);

    /* What is nearer wins, even as a LIBARCHIVE attribute; an empty value takes back. */
    {
        char own[] = "7 uid=\n32 LIBARCHIVE.xattr.user.a=Mg==\n";

        assert_ok(&err, oci_tar_pax_read(&pax, own, sizeof own - 1, false, &err));
    }
    assert_true(pax.uid.seen && !pax.uid.given);
    assert_memory_equal(pax.xattrs.items[0].value.data, "2", 1);
    assert_memory_equal(pax.xattrs.items[1].value.data, "1", 1);

    /* The next entry knows nothing of it. */
    assert_ok(&err, oci_tar_pax_reset(&pax, &global, &err));
    assert_true(pax.uid.given && pax.uid.value == 7);
    assert_memory_equal(pax.xattrs.items[0].value.data, "1", 1);
    oci_tar_pax_free(&pax);
    oci_tar_pax_free(&global);
}

// proves: safety.10
OCI_TEST (pax, refuses_global_records_about_one_entry) {
    static const char *const keys[] = { "path",
                                        "linkpath",
                                        "size",
                                        "GNU.sparse.name",
                                        "GNU.sparse.size",
                                        "GNU.sparse.map",
                                        "GNU.sparse.major",
                                        "GNU.sparse.offset",
                                        "SCHILY.realsize" };

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        OCI_AUTO_BUF oci_buf records = OCI_BUF_INIT;
        oci_error err = OCI_ERROR_INIT;
        oci_tar_pax pax = { 0 };

        archive_record(&records, keys[i], "1", 1);
        assert_fails(OCI_E_INVALID, &err, read_records(&pax, &records, true, &err));
        assert_non_null(strstr(err.msg, keys[i]));
        assert_ok(&err, oci_tar_pax_reset(&pax, NULL, &err));
        assert_ok(&err, strcmp(keys[i], "GNU.sparse.offset") == 0 ? 0 : read_records(&pax, &records, false, &err));
        oci_tar_pax_free(&pax);
    }
}
