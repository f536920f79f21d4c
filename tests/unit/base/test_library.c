/* SPDX-License-Identifier: Apache-2.0 */
#include "base/library.h"

#include <string.h>

#include "test.h"

static const char *const names[] = { "strlen", "strnlen" };

static struct {
    __typeof__(strlen) *strlen;
    __typeof__(strnlen) *strnlen;
} table;

static oci_library of_file(const char *file)
{
    return (
        oci_library) { "thing", file, names, &table, sizeof names / sizeof *names, PTHREAD_MUTEX_INITIALIZER, false };
}

/* The system, and not what was read, is at fault; and it may be mended. */
OCI_TEST (library, can_be_loaded_when_it_could_not_before) {
    oci_library l = of_file("libnothing-of-this-name.so.1");
    oci_error err = OCI_ERROR_INIT;

    for (int i = 0; i < 2; i++) {
        assert_int_equal(oci_library_load(&l, &err), OCI_E_IO);
        assert_non_null(strstr(err.msg, "thing cannot be loaded: libnothing-of-this-name.so.1"));
    }
    l.file = "libc.so.6";
    for (int i = 0; i < 2; i++) {
        assert_ok(&err, oci_library_load(&l, &err));
        assert_int_equal(table.strlen("four") + table.strnlen("fourteen", 2), 6);
        l.file = "is not looked for again";
    }
}

OCI_TEST (library, has_what_is_called) {
    static const char *const others[] = { "strlen", "there is no function of this name" };
    oci_library l = of_file("libc.so.6");
    oci_error err = OCI_ERROR_INIT;

    l.functions = others;
    assert_int_equal(oci_library_load(&l, &err), OCI_E_UNSUPPORTED);
    assert_string_equal(err.msg, "the thing that is installed has no there is no function of this name");
}
