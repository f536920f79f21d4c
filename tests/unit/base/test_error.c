/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/event.h"
#include "base/fail.h"
#include "test.h"

OCI_TEST (error, codes_have_names) {
    assert_string_equal(oci_error_name(OCI_E_NOMEM), "OCI_E_NOMEM");
    assert_string_equal(oci_error_name(OCI_E_USAGE), "OCI_E_USAGE");
    assert_string_equal(oci_error_name(OCI_E_DIGEST), "OCI_E_DIGEST");
    assert_string_equal(oci_error_name(OCI_E_INTERNAL), "OCI_E_INTERNAL");
    assert_string_equal(oci_error_name(OCI_E_INTERNAL - 1), "OCI_E_UNKNOWN");
    assert_string_equal(oci_error_name(1), "OCI_E_UNKNOWN");
    assert_string_equal(oci_error_name(INT32_MIN), "OCI_E_UNKNOWN");
    assert_int_equal(sizeof(oci_error), 1024);
}

OCI_TEST (error, fail_sets_code_and_text) {
    oci_error err = { .sys_errno = 99 };

    assert_int_equal(oci_fail(&err, OCI_E_INVALID, "%s is %d", "x", 7), OCI_E_INVALID);
    assert_int_equal(err.code, OCI_E_INVALID);
    assert_int_equal(err.sys_errno, 0);
    assert_string_equal(err.msg, "x is 7");
    assert_int_equal(oci_fail(NULL, OCI_E_SIZE, "%s", "nobody listens"), OCI_E_SIZE);
    assert_int_equal(oci_fail_nomem(&err), OCI_E_NOMEM);
    assert_string_equal(err.msg, "out of memory");
}

OCI_TEST (error, errno_chooses_the_code) {
    static const struct {
        int sys, code;
    } cases[] = {
        { EPERM, OCI_E_PERM },   { EACCES, OCI_E_PERM }, { EROFS, OCI_E_PERM },
        { ENOMEM, OCI_E_NOMEM }, { ENOENT, OCI_E_IO },   { EIO, OCI_E_IO },
    };
    oci_error err = OCI_ERROR_INIT;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        errno = cases[i].sys;
        assert_int_equal(oci_fail_errno(&err, "open '%s'", "f"), cases[i].code);
        assert_int_equal(errno, cases[i].sys);
        assert_int_equal(err.sys_errno, cases[i].sys);
        errno = cases[i].sys;
        assert_int_equal(oci_fail_errno(NULL, "open '%s'", "f"), cases[i].code);
    }
    errno = ENOENT;
    oci_fail_errno(&err, "open '%s'", "f");
    assert_string_equal(err.msg, "open 'f': No such file or directory");
}

/* However long a name is, and however often it is wrapped. */
OCI_TEST (error, wrap_keeps_the_reason) {
    oci_error err = OCI_ERROR_INIT;
    char name[4096];

    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    oci_fail(&err, OCI_E_LIMIT, "the reason");
    oci_wrap(&err, err.code, "'%s'", name);
    oci_wrap(&err, err.code, "layer %d", 1);
    assert_memory_equal(err.msg, "layer 1: 'xxx", 13);
    assert_non_null(strstr(err.msg, "xxx...: the reason"));
}

OCI_TEST (error, wrap_puts_context_before) {
    oci_error err = OCI_ERROR_INIT;

    errno = EIO;
    oci_fail_errno(&err, "read");
    assert_int_equal(oci_wrap(&err, OCI_E_IO, "layer %d", 2), OCI_E_IO);
    assert_int_equal(oci_wrap(&err, OCI_E_IO, "unpack '%s'", "x\n"), OCI_E_IO);
    assert_string_equal(err.msg, "unpack 'x\\x0a': layer 2: read: Input/output error");
    assert_int_equal(err.code, OCI_E_IO);
    assert_int_equal(err.sys_errno, EIO);
    assert_int_equal(oci_wrap(&err, 0, "nothing happened"), 0);
    assert_int_equal(oci_wrap(&err, 1, "nothing happened"), 1);
    assert_int_equal(oci_wrap(NULL, OCI_E_IO, "nobody listens"), OCI_E_IO);
    assert_string_equal(err.msg, "unpack 'x\\x0a': layer 2: read: Input/output error");
}

OCI_TEST (error, text_is_one_printable_line) {
    oci_error err = OCI_ERROR_INIT;

    oci_fail(&err, OCI_E_INVALID, "'%s'", "\x1b[2J\n\xff\xc3\xa9");
    assert_string_equal(err.msg, "'\\x1b[2J\\x0a\\xff\xc3\xa9'");
}

OCI_TEST (error, long_text_is_cut_and_says_so) {
    char name[5000];
    oci_error err = OCI_ERROR_INIT;

    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    oci_fail(&err, OCI_E_INVALID, "'%s'", name);
    assert_int_equal(strlen(err.msg), sizeof err.msg - 1);
    assert_string_equal(err.msg + sizeof err.msg - 5, "n...");
    /* The outermost context stays, the end goes. */
    oci_wrap(&err, err.code, "layer %d", 2);
    assert_memory_equal(err.msg, "layer 2: 'nnn", 13);
    assert_string_equal(err.msg + sizeof err.msg - 5, "n...");
    errno = EIO;
    oci_fail_errno(&err, "'%s'", name);
    assert_int_equal(strlen(err.msg), sizeof err.msg - 1);
    /* A character is not cut in two. */
    for (size_t i = 0; i + 2 < sizeof name; i += 2)
        memcpy(name + i, "\xc3\xa9", 2);
    for (int shift = 0; shift < 2; shift++) {
        oci_fail(&err, OCI_E_INVALID, "%s%s", shift != 0 ? "x" : "", name);
        assert_null(strstr(err.msg, "\\x"));
        assert_string_equal(err.msg + strlen(err.msg) - 5, "\xc3\xa9...");
    }
}

struct heard {
    char text[2100];
    uint64_t done, total;
    bool stop;
};

static void hear_warning(void *ctx, const char *text)
{
    struct heard *h = ctx;

    snprintf(h->text, sizeof h->text, "%s", text);
}

static void hear_progress(void *ctx, const char *what, uint64_t done, uint64_t total)
{
    struct heard *h = ctx;

    hear_warning(ctx, what);
    h->done = done;
    h->total = total;
}

static bool hear_cancelled(void *ctx)
{
    return ((struct heard *)ctx)->stop;
}

OCI_TEST (event, callers_hear_what_they_want_to) {
    static const oci_events deaf = { 0 };
    struct heard h = { 0 };
    oci_events events = { &h, hear_warning, hear_progress, hear_cancelled };
    oci_error err = OCI_ERROR_INIT;
    char name[5000];

    oci_warn(NULL, "nobody");
    oci_warn(&deaf, "nobody");
    oci_progress(NULL, "nobody", 1, 2);
    oci_progress(&deaf, "nobody", 1, 2);
    assert_int_equal(oci_check_cancelled(NULL, &err), 0);
    assert_int_equal(oci_check_cancelled(&deaf, &err), 0);

    oci_warn(&events, "'%s' left out", "a\nb");
    assert_string_equal(h.text, "'a\\x0ab' left out");
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    oci_warn(&events, "%s", name);
    assert_string_equal(h.text + strlen(h.text) - 4, "n...");
    oci_progress(&events, "layer 1", 5, 10);
    assert_string_equal(h.text, "layer 1");
    assert_int_equal(h.done, 5);
    assert_int_equal(h.total, 10);
    assert_int_equal(oci_check_cancelled(&events, &err), 0);
    h.stop = true;
    assert_fails(OCI_E_CANCELLED, &err, oci_check_cancelled(&events, &err));
}

OCI_TEST (limits, zeros_become_defaults) {
    oci_limits all = oci_limits_resolve(NULL), some = oci_limits_resolve(&(oci_limits) { .max_ratio = 3 });

    assert_true(all.max_size == UINT64_C(1) << 40);
    assert_int_equal(all.max_entries, 10000000);
    assert_int_equal(all.max_ratio, 2048);
    assert_int_equal(all.max_depth, 64);
    assert_int_equal(all.max_document, 4 << 20);
    assert_int_equal(some.max_ratio, 3);
    assert_int_equal(some.max_depth, 64);
}
