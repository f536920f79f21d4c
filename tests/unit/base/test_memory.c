/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/vec.h"
#include "test.h"

enum { LARGE_PAGE = 2 * 1024 * 1024 };

OCI_TEST (alloc, nothing_is_something) {
    OCI_AUTO_MEM void *a = oci_alloc(0), *b = oci_calloc(0, 8), *c = oci_calloc(8, 0),
                      *d = oci_realloc_array(NULL, 0, 8);

    assert_true(a != NULL && b != NULL && c != NULL && d != NULL);
    assert_ptr_not_equal(a, b);
}

OCI_TEST (alloc, products_do_not_wrap) {
    OCI_AUTO_MEM char *p = oci_alloc(1);

    errno = 0;
    assert_null(oci_realloc_array(p, SIZE_MAX / 2, 3));
    assert_int_equal(errno, ENOMEM);
    assert_null(oci_strndup("", SIZE_MAX));
    errno = 0;
    assert_null(oci_calloc(SIZE_MAX / 2, 3));
    assert_int_equal(errno, ENOMEM);
    errno = 0;
    assert_null(oci_alloc(SIZE_MAX));
    assert_int_equal(errno, ENOMEM);
    assert_null(oci_calloc(SIZE_MAX, 1));
}

OCI_TEST (alloc, what_is_large_is_like_what_is_small) {
    const size_t sizes[] = { 1, LARGE_PAGE - 1, LARGE_PAGE, LARGE_PAGE + 1, 3 * LARGE_PAGE + 5 };

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const size_t n = sizes[i];
        unsigned char *p = oci_alloc(n);

        assert_non_null(p);
        assert_true(n < LARGE_PAGE || (uintptr_t)p % LARGE_PAGE == 0);
        memset(p, 1, n);
        p = oci_realloc_array(p, 2, n);
        assert_non_null(p);
        assert_true(p[0] == 1 && p[n - 1] == 1);
        memset(p, 2, 2 * n);
        oci_free(p);
        p = oci_calloc(n, 1);
        assert_non_null(p);
        assert_true(p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
        oci_free(p);
    }
}

/* Whether the kernel is asked for large pages where p is. */
static bool has_large_pages(const void *p)
{
    FILE *file = fopen("/proc/self/smaps", "re");
    bool here = false, has = false;
    char line[4096];

    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        unsigned long begin, end;

        if (sscanf(line, "%lx-%lx ", &begin, &end) == 2)
            here = (uintptr_t)p >= begin && (uintptr_t)p < end;
        else if (here && strncmp(line, "VmFlags:", 8) == 0)
            has = strstr(line, " hg") != NULL;
    }
    fclose(file);
    return has;
}

OCI_TEST (alloc, what_is_mostly_empty_has_no_large_pages) {
    enum { N = 64 * 1024 * 1024 /* more than an allocator has at hand */ };
    char *full = oci_alloc(N), *sparse = oci_alloc_sparse(N), *usual = malloc(N);
    const bool have = has_large_pages(full), unasked = has_large_pages(usual), has = has_large_pages(sparse);

    assert_true(full != NULL && sparse != NULL);
    oci_free(full);
    oci_free(sparse);
    free(usual);
    if (!have || unasked)
        skip(); /* the kernel has none, or the allocator asks for them itself */
    assert_false(has);
}

OCI_TEST (alloc, fails_when_told) {
    OCI_AUTO_MEM char *first = NULL, *second = NULL, *third = NULL;

    oci_alloc_fail_at(2);
    first = oci_strdup("abc");
    assert_non_null(first);
    assert_false(oci_alloc_failed());
    errno = 0;
    second = oci_calloc(1, 1);
    assert_null(second);
    assert_int_equal(errno, ENOMEM);
    assert_true(oci_alloc_failed());
    third = oci_alloc(1);
    assert_non_null(third);
    oci_alloc_fail_at(0);
    assert_false(oci_alloc_failed());
    assert_string_equal(first, "abc");

    oci_alloc_fail_at(1);
    assert_null(oci_realloc_array(third, 2, 2));
    oci_alloc_fail_at(0);
}

OCI_TEST (alloc, copies_hold_what_they_are_told) {
    OCI_AUTO_MEM char *with_nul = oci_strndup("a\0b", 3);
    OCI_AUTO_MEM char *empty = oci_strndup(NULL, 0);

    assert_memory_equal(with_nul, "a\0b", 4);
    assert_string_equal(empty, "");
}

OCI_TEST (alloc, free_keeps_errno) {
    errno = EDOM;
    oci_free(oci_alloc(1 << 20));
    oci_free(NULL);
    assert_int_equal(errno, EDOM);
}

OCI_TEST (cleanup, descriptors_are_closed_and_stolen) {
    int fd = -1, stolen = -1;

    {
        OCI_AUTO_FD int a = open("/dev/null", O_RDONLY | O_CLOEXEC);
        OCI_AUTO_FD int b = open("/dev/null", O_RDONLY | O_CLOEXEC);

        assert_true(a >= 0 && b >= 0);
        fd = a;
        stolen = oci_steal_fd(&b);
        assert_int_equal(b, -1);
    }
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    assert_true(fcntl(stolen, F_GETFD) >= 0);
    close(stolen);
}

OCI_TEST (arena, memory_is_aligned_zero_and_apart) {
    oci_arena *a = oci_arena_new(0);
    unsigned char *before = NULL;

    assert_non_null(a);
    for (size_t n = 0; n < 3000; n += 7) {
        unsigned char *p = oci_arena_alloc(a, n);

        assert_non_null(p);
        assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(p[i], 0);
        memset(p, 0xff, n);
        assert_true(before == NULL || n < 14 || before[0] == 0xff);
        before = p;
    }
    memset(oci_arena_alloc(a, 1000000), 1, 1000000);
    oci_arena_free(a);
    oci_arena_free(NULL);
}

OCI_TEST (arena, copies_and_arrays) {
    oci_arena *a = oci_arena_new(0);

    assert_string_equal(oci_arena_strndup(a, "abcdef", 3), "abc");
    assert_string_equal(oci_arena_strndup(a, NULL, 0), "");
    assert_non_null(oci_arena_array(a, 10, 8));
    assert_null(oci_arena_array(a, SIZE_MAX / 4, 8));
    assert_null(oci_arena_strndup(a, "", SIZE_MAX));
    assert_null(oci_arena_alloc(a, SIZE_MAX));
    oci_arena_free(a);
}

OCI_TEST (arena, the_limit_holds_and_hurts_nobody) {
    oci_arena *a = oci_arena_new(1024);

    assert_null(oci_arena_alloc(a, 1025));
    assert_non_null(oci_arena_alloc(a, 512));
    assert_null(oci_arena_alloc(a, 513));
    assert_non_null(oci_arena_alloc(a, 512));
    assert_null(oci_arena_alloc(a, 1));
    oci_arena_free(a);
}

OCI_TEST (arena, every_allocation_may_fail) {
    oci_arena *a;

    oci_alloc_fail_at(1);
    assert_null(oci_arena_new(0));
    oci_alloc_fail_at(2);
    a = oci_arena_new(0);
    assert_non_null(a);
    assert_null(oci_arena_alloc(a, 8));
    oci_alloc_fail_at(0);
    assert_non_null(oci_arena_alloc(a, 8));
    oci_arena_free(a);
}

OCI_TEST (buf, grows_and_ends_with_a_nul) {
    oci_error err = OCI_ERROR_INIT;
    OCI_AUTO_BUF oci_buf b = OCI_BUF_INIT;

    assert_ok(&err, oci_buf_append(&b, NULL, 0, &err));
    assert_string_equal(b.data, "");
    for (int i = 0; i < 1000; i++) {
        assert_ok(&err, oci_buf_puts(&b, "ab", &err));
        assert_ok(&err, oci_buf_putc(&b, 'c', &err));
        assert_ok(&err, oci_buf_printf(&b, &err, "%03d", i));
    }
    assert_int_equal(b.len, 6000);
    assert_int_equal(strlen(b.data), 6000);
    assert_string_equal(b.data + 5994, "abc999");
    assert_ok(&err, oci_buf_append(&b, "\0x", 2, &err));
    assert_int_equal(b.len, 6002);
    oci_buf_free(&b);
    assert_null(b.data);
    assert_int_equal(b.len, 0);
}

OCI_TEST (buf, long_formats_fit) {
    oci_error err = OCI_ERROR_INIT;
    OCI_AUTO_BUF oci_buf b = OCI_BUF_INIT;

    assert_ok(&err, oci_buf_printf(&b, &err, "%5000s|", "x"));
    assert_int_equal(b.len, 5001);
    assert_string_equal(b.data + 4999, "x|");
}

OCI_TEST (buf, the_limit_leaves_the_contents) {
    oci_error err = OCI_ERROR_INIT;
    OCI_AUTO_BUF oci_buf b = { .limit = 4 };

    assert_ok(&err, oci_buf_puts(&b, "abc", &err));
    assert_fails(OCI_E_LIMIT, &err, oci_buf_puts(&b, "de", &err));
    assert_fails(OCI_E_LIMIT, &err, oci_buf_printf(&b, &err, "%d", 10));
    assert_string_equal(b.data, "abc");
    assert_ok(&err, oci_buf_puts(&b, "d", &err));
    assert_fails(OCI_E_LIMIT, &err, oci_buf_putc(&b, 'e', &err));
    assert_string_equal(b.data, "abcd");
    oci_buf_free(&b);
    assert_int_equal(b.limit, 4);
}

OCI_TEST (buf, no_memory_leaves_the_contents) {
    oci_error err = OCI_ERROR_INIT;
    OCI_AUTO_BUF oci_buf b = OCI_BUF_INIT;

    assert_fails(OCI_E_NOMEM, &err, oci_buf_reserve(&b, SIZE_MAX, &err));
    oci_alloc_fail_at(1);
    assert_fails(OCI_E_NOMEM, &err, oci_buf_puts(&b, "abc", &err));
    oci_alloc_fail_at(0);
    assert_null(b.data);
    assert_ok(&err, oci_buf_puts(&b, "abc", &err));
    oci_alloc_fail_at(1);
    assert_fails(OCI_E_NOMEM, &err, oci_buf_reserve(&b, 1000, &err));
    oci_alloc_fail_at(0);
    assert_string_equal(b.data, "abc");
}

OCI_TEST (vec, keeps_order_and_survives_failure) {
    struct {
        int *items;
        size_t count, cap;
    } v = { 0 };

    for (int i = 0; i < 1000; i++)
        assert_true(OCI_VEC_PUSH(&v, i));
    while (v.count < v.cap)
        assert_true(OCI_VEC_PUSH(&v, 7));
    oci_alloc_fail_at(1);
    assert_false(OCI_VEC_PUSH(&v, 8));
    oci_alloc_fail_at(0);
    assert_int_equal(v.count, v.cap);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(v.items[i], i);
    oci_free(v.items);
}
