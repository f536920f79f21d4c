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
    assert_int_equal(oci_library_load(&l, &err), OCI_E_IO);
    assert_string_equal(err.msg, "the thing that is installed has no there is no function of this name");
}

struct user {
    oci_library *library;
    size_t length;
};

static void *use(void *arg)
{
    struct user *u = arg;

    if (oci_library_load(u->library, NULL) == 0)
        u->length = table.strlen("sixteen") + table.strnlen("seventeen", 9);
    return NULL;
}

OCI_TEST (library, is_loaded_once_for_many_threads) {
    oci_library l = of_file("libc.so.6");
    struct user users[4];
    pthread_t threads[4];

    for (size_t i = 0; i < 4; i++) {
        users[i] = (struct user) { &l, 0 };
        assert_int_equal(pthread_create(&threads[i], NULL, use, &users[i]), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(users[i].length, 16);
    }
}
