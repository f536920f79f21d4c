/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/alloc.h"
#include "tar/tar.h"

#include "test.h"

// proves: layer.create.base-relative layer.tar.no-duplicates safety.2
OCI_TEST (name, has_one_normal_form) {
    static const struct {
        const char *name, *form;
    } rows[] = {
        { "a", "a" },
        { "a/b", "a/b" },
        { "./a", "a" },
        { "/a", "a" },
        { "//a", "a" },
        { "/./a", "a" },
        { "././a", "a" },
        { "a/", "a" },
        { "a//", "a" },
        { "a/.", "a" },
        { "a/./b", "a/b" },
        { "a//b", "a/b" },
        { "a/b/./", "a/b" },
        { ".", "" },
        { "./", "" },
        { "/", "" },
        { "/.//./", "" },
        { "...", "..." },
        { "..a", "..a" },
        { "a..", "a.." },
        { ".a/.b", ".a/.b" },
        { " ", " " },
        { "a\nb", "a\nb" },
        { "\xff\xfe", "\xff\xfe" },
        /* Not the same name as the composed form. */
        { "a\xcc\x88", "a\xcc\x88" },
        { "\\..\\a", "\\..\\a" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t n = strlen(rows[i].name), len = 12345;
        char *out = oci_alloc(n + 1); /* so that one byte too many is noticed */
        oci_error err = OCI_ERROR_INIT;

        assert_non_null(out);
        assert_ok(&err, oci_tar_name_normalise(rows[i].name, n, out, &len, &err));
        assert_string_equal(out, rows[i].form);
        assert_int_equal(len, strlen(rows[i].form));
        oci_free(out);
    }
}

// proves: safety.2 safety.3
OCI_TEST (name, refuses_what_cannot_be_one) {
    static char long_part[300], long_name[8300];
    const struct {
        const char *name;
        size_t n;
        int code;
        const char *text;
    } rows[] = {
        { "", 0, OCI_E_INVALID, "the name is empty" },
        { "a\0b", 3, OCI_E_INVALID, "goes on after a NUL byte" },
        { "\0", 1, OCI_E_INVALID, "goes on after a NUL byte" },
        { "..", 2, OCI_E_UNSAFE, "'..'" },
        { "../a", 4, OCI_E_UNSAFE, "'..'" },
        { "/..", 3, OCI_E_UNSAFE, "'..'" },
        { "a/..", 4, OCI_E_UNSAFE, "'..'" },
        { "a/../b", 6, OCI_E_UNSAFE, "'..'" },
        { "./../a/", 7, OCI_E_UNSAFE, "'..'" },
        { long_part, 256, OCI_E_INVALID, "component of 256 bytes" },
        { long_name, 4097, OCI_E_INVALID, "more than 4095 bytes" },
    };

    memset(long_part, 'a', sizeof long_part);
    for (size_t i = 0; i < sizeof long_name; i++)
        long_name[i] = i % 2 == 0 ? 'a' : '/';
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *out = oci_alloc(rows[i].n + 1);
        size_t len = 12345;
        oci_error err = OCI_ERROR_INIT;

        assert_non_null(out);
        assert_fails(rows[i].code, &err, oci_tar_name_normalise(rows[i].name, rows[i].n, out, &len, &err));
        assert_non_null(strstr(err.msg, rows[i].text));
        assert_int_equal(len, 12345);
        oci_free(out);
    }
}

// proves: safety.3
OCI_TEST (name, may_be_as_long_as_linux_allows) {
    static char name[OCI_TAR_PATH_MAX + 100], out[OCI_TAR_PATH_MAX + 101];
    oci_error err = OCI_ERROR_INIT;
    size_t len;

    /* 255 bytes fit a component. */
    memset(name, 'a', OCI_TAR_NAME_MAX);
    assert_ok(&err, oci_tar_name_normalise(name, OCI_TAR_NAME_MAX, out, &len, &err));
    assert_int_equal(len, OCI_TAR_NAME_MAX);
    /* What falls away does not count. */
    for (size_t i = 0; i < OCI_TAR_PATH_MAX; i++)
        name[i] = i % 2 == 0 ? 'a' : '/';
    memset(name + OCI_TAR_PATH_MAX, '/', 100);
    assert_ok(&err, oci_tar_name_normalise(name, sizeof name, out, &len, &err));
    assert_int_equal(len, OCI_TAR_PATH_MAX);
    assert_int_equal(strlen(out), OCI_TAR_PATH_MAX);
}

OCI_TEST (name, resolves_what_leads_up) {
    static const struct {
        const char *name, *form;
    } rows[] = {
        { "..", "" },
        { "../..", "" },
        { "../a", "a" },
        { "a/..", "" },
        { "a/../b", "b" },
        { "a/b/../c", "a/c" },
        { "/../a", "a" },
        { "a/./../b/", "b" },
        { "a/...", "a/..." },
        { "..a", "..a" },
        { "a/b/../../..", "" },
        { "a//..//b", "b" },
        { "plain/name", "plain/name" },
    };
    oci_error err = OCI_ERROR_INIT;
    char out[64];
    size_t len;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_ok(&err, oci_tar_name_resolve(rows[i].name, strlen(rows[i].name), out, &len, &err));
        assert_string_equal(out, rows[i].form);
        assert_int_equal(len, strlen(rows[i].form));
    }
    assert_fails(OCI_E_INVALID, &err, oci_tar_name_resolve("", 0, out, &len, &err));
    assert_fails(OCI_E_INVALID, &err, oci_tar_name_resolve("a\0b", 3, out, &len, &err));
}
