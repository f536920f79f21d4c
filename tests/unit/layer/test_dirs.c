/* SPDX-License-Identifier: Apache-2.0 */
/* The records of directories, and the memory of what a layer has made. */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "layer/dirs.h"
#include "layer/made.h"

static struct stat number(ino_t ino)
{
    struct stat st = { .st_dev = 7, .st_ino = ino, .st_mode = S_IFDIR | 0751 };

    st.st_mtim.tv_sec = (time_t)ino * 10;
    return st;
}

static uint32_t add(oci_dirs *d, uint32_t parent, const char *name, ino_t ino)
{
    struct stat st = number(ino);
    oci_error err = OCI_ERROR_INIT;
    uint32_t ref = OCI_DIRS_NONE;

    assert_ok(&err, oci_dirs_add(d, parent, name, &st, &ref, &err));
    assert_int_equal(oci_dirs_find(d, &st), ref);
    return ref;
}

static bool known(oci_dirs *d, ino_t ino)
{
    struct stat st = number(ino);

    return oci_dirs_find(d, &st) != OCI_DIRS_NONE;
}

static oci_dirs *new_dirs(void)
{
    struct stat root = number(1);
    oci_error err = OCI_ERROR_INIT;
    oci_dirs *d = NULL;

    assert_ok(&err, oci_dirs_new(&root, &d, &err));
    return d;
}

OCI_TEST (dirs, keeps_what_was_there) {
    oci_dirs *d = new_dirs();
    uint32_t a = add(d, OCI_DIRS_ROOT, "a", 2), b = add(d, a, "b", 3);

    assert_int_equal(oci_dirs_at(d, b)->parent, a);
    assert_int_equal(oci_dirs_at(d, a)->parent, OCI_DIRS_ROOT);
    assert_string_equal(oci_dirs_at(d, b)->name, "b");
    assert_int_equal(oci_dirs_at(d, b)->mtime, 30);
    assert_int_equal(oci_dirs_at(d, b)->mode, 0751);
    assert_null(oci_dirs_at(d, OCI_DIRS_ROOT)->name);
    oci_dirs_free(d);
}

OCI_TEST (dirs, a_number_used_again_is_another_directory) {
    oci_dirs *d = new_dirs();
    uint32_t a = add(d, OCI_DIRS_ROOT, "a", 2), c;

    add(d, a, "b", 3);
    oci_dirs_at(d, a)->made = 4;
    c = add(d, OCI_DIRS_ROOT, "c", 2);
    assert_string_equal(oci_dirs_at(d, c)->name, "c");
    assert_int_equal(oci_dirs_at(d, c)->made, 0);
    assert_int_equal(oci_dirs_at(d, c)->first, OCI_DIRS_NONE);
    assert_false(known(d, 3));
    assert_int_equal(oci_dirs_count(d), 2);
    oci_dirs_free(d);
}

OCI_TEST (dirs, the_root_cannot_be_recorded_twice) {
    oci_dirs *d = new_dirs();
    struct stat st = number(1);
    oci_error err = OCI_ERROR_INIT;
    uint32_t ref;

    assert_fails(OCI_E_UNSAFE, &err, oci_dirs_add(d, OCI_DIRS_ROOT, "a", &st, &ref, &err));
    oci_dirs_free(d);
}

OCI_TEST (dirs, dropping_takes_the_whole_tree_and_nothing_else) {
    oci_dirs *d = new_dirs();
    uint32_t a = add(d, OCI_DIRS_ROOT, "a", 2), b = add(d, OCI_DIRS_ROOT, "b", 3), c = add(d, OCI_DIRS_ROOT, "c", 4),
             top = b;

    for (ino_t i = 10; i < 1000; i++)
        b = add(d, b, "below", i); /* a chain */
    for (ino_t i = 1000; i < 1100; i++)
        add(d, c, "beside", i);
    oci_dirs_drop(d, top);
    assert_true(known(d, 2) && known(d, 4) && known(d, 1099));
    for (ino_t i = 10; i < 1000; i++)
        assert_false(known(d, i));
    assert_false(known(d, 3));
    assert_int_equal(oci_dirs_count(d), 103);
    /* The room is used again. */
    for (ino_t i = 10; i < 1000; i++)
        assert_true(add(d, a, "again", i) < 1100);
    oci_dirs_free(d);
}

// proves: whiteout.lower-only
OCI_TEST (dirs, hiding_keeps_what_the_layer_uses) {
    oci_dirs *d = new_dirs();
    uint32_t top = add(d, OCI_DIRS_ROOT, "top", 2), lower = add(d, top, "lower", 3), on_the_way = add(d, top, "way", 4);
    uint32_t used = add(d, on_the_way, "used", 5), made = add(d, top, "made", 6), below = add(d, lower, "below", 7);

    (void)below;
    oci_dirs_at(d, top)->made = 1;
    oci_dirs_at(d, used)->used = 2;
    oci_dirs_at(d, made)->made = 2;
    oci_dirs_hide(d, top, 2, true);
    assert_false(known(d, 3) || known(d, 7));
    assert_true(oci_dirs_at(d, on_the_way)->reset);
    assert_true(oci_dirs_at(d, used)->reset);
    assert_int_equal(oci_dirs_at(d, used)->mtime, 0);
    assert_false(oci_dirs_at(d, made)->reset);
    assert_false(oci_dirs_at(d, top)->reset);

    oci_dirs_hide(d, top, 2, false);
    assert_true(oci_dirs_at(d, top)->reset);
    oci_dirs_hide(d, top, 3, false);
    assert_int_equal(oci_dirs_count(d), 1);
    oci_dirs_hide(d, OCI_DIRS_ROOT, 3, false);
    assert_false(oci_dirs_at(d, OCI_DIRS_ROOT)->reset);
    oci_dirs_free(d);
}

OCI_TEST (dirs, lack_of_memory_leaves_them_whole) {
    struct stat root = number(1);
    oci_error err = OCI_ERROR_INIT;
    bool failed = true;

    for (unsigned long n = 1; failed; n++) {
        OCI_AUTO(oci_dirs) d = NULL;
        int r;

        oci_alloc_fail_at(n);
        r = oci_dirs_new(&root, &d, &err);
        for (ino_t i = 2; r == 0 && i < 60; i++) {
            struct stat st = number(i);
            char name[16];
            uint32_t ref;

            snprintf(name, sizeof name, "d%u", (unsigned)i);
            r = oci_dirs_add(d, OCI_DIRS_ROOT, name, &st, &ref, &err);
            if (r < 0)
                assert_false(known(d, i));
        }
        failed = oci_alloc_failed() != 0;
        oci_alloc_fail_at(0);
        assert_int_equal(r, failed ? OCI_E_NOMEM : 0);
        if (d != NULL && failed)
            add(d, OCI_DIRS_ROOT, "after", 1000);
    }
}

// proves: whiteout.lower-only whiteout.same-layer-later
OCI_TEST (made, is_known_by_directory_and_name) {
    oci_table made;
    struct stat one = number(1), two = number(2);
    oci_made_kind before = OCI_MADE_BY_ENTRY;
    oci_error err = OCI_ERROR_INIT;
    char long_name[300];

    oci_table_init(&made);
    assert_int_equal(oci_made_get(&made, &one, "a"), OCI_MADE_NOT);
    assert_ok(&err, oci_made_set(&made, &one, "a", OCI_MADE_PARENT, &before, &err));
    assert_int_equal(before, OCI_MADE_NOT);
    assert_int_equal(oci_made_get(&made, &one, "a"), OCI_MADE_PARENT);
    assert_int_equal(oci_made_get(&made, &two, "a"), OCI_MADE_NOT);
    assert_int_equal(oci_made_get(&made, &one, "ab"), OCI_MADE_NOT);
    assert_int_equal(oci_made_get(&made, &one, ""), OCI_MADE_NOT);
    assert_ok(&err, oci_made_set(&made, &one, "a", OCI_MADE_BY_ENTRY, &before, &err));
    assert_int_equal(before, OCI_MADE_PARENT);
    oci_made_forget(&made, &two, "a");
    assert_int_equal(oci_made_get(&made, &one, "a"), OCI_MADE_BY_ENTRY);
    oci_made_forget(&made, &one, "a");
    assert_int_equal(oci_made_get(&made, &one, "a"), OCI_MADE_NOT);

    memset(long_name, 'x', sizeof long_name);
    long_name[299] = '\0';
    assert_fails(OCI_E_INVALID, &err, oci_made_set(&made, &one, long_name, OCI_MADE_PARENT, NULL, &err));
    assert_int_equal(oci_made_get(&made, &one, long_name), OCI_MADE_NOT);
    oci_made_forget(&made, &one, long_name);
    oci_table_free(&made);
}
