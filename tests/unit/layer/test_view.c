/* SPDX-License-Identifier: Apache-2.0 */
/* The merged view: what lies where. That it has the names that a tree would have is tested with the model. */
#include "layer/view.h"

#include <string.h>

#include "base/alloc.h"
#include "fixture.h"
#include "stream/stream.h"

static int apply(oci_view *v, struct layer layer, oci_error *err)
{
    OCI_AUTO_BUF oci_buf tar = OCI_BUF_INIT;
    OCI_AUTO(oci_reader) r = NULL;

    write_layer(&tar, &layer);
    assert_ok(err, oci_reader_from_memory(tar.data, tar.len, &r, err));
    return oci_view_apply(v, r, err);
}
#define APPLY(v, ...) apply(v, (struct layer)LAYER(__VA_ARGS__), &err)

static oci_view *new_view(const oci_limits *limits)
{
    oci_error err = OCI_ERROR_INIT;
    oci_view *v;

    assert_ok(&err, oci_view_new(limits, NULL, &v, &err));
    return v;
}

static void expect_file(oci_view *v, const char *path, uint32_t layer, uint64_t entry, uint64_t size)
{
    oci_error err = OCI_ERROR_INIT;
    oci_view_file file;

    assert_ok(&err, oci_view_find(v, path, &file, &err));
    assert_int_equal(file.layer, layer);
    assert_int_equal(file.entry, entry);
    assert_int_equal(file.size, size);
}

static void expect_none(oci_view *v, const char *path, int code)
{
    oci_error err = OCI_ERROR_INIT;
    oci_view_file file;

    assert_fails(code, &err, oci_view_find(v, path, &file, &err));
}

static void expect_there(oci_view *v, const char *path, bool want)
{
    oci_error err = OCI_ERROR_INIT;
    bool got;

    assert_ok(&err, oci_view_has(v, path, &got, &err));
    if (got != want)
        print_error("'%s'\n", path);
    assert_int_equal(got, want);
}

// proves: layer.apply.other-remove-recreate whiteout.lower-only safety.2
OCI_TEST (view, tells_which_entry_a_path_is) {
    OCI_AUTO(oci_view) v = new_view(NULL);
    oci_error err = OCI_ERROR_INIT;

    assert_ok(&err, APPLY(v, A_DIR("etc"), A_FILE("etc/passwd", "123"), A_FILE("etc/group", "1"), A_FILE("gone", "")));
    assert_ok(&err, APPLY(v, A_WHITEOUT(".wh.gone"), A_FILE("etc/group", "12345"), A_HARDLINK("etc/hard", "etc/passwd"),
                          A_SYMLINK("etc/link", "../usr/lib/x"), A_SYMLINK("usr/lib/x", "/etc/hard"),
                          A_SYMLINK("usr/dir", "/etc/"), A_NODE('6', "pipe")));
    expect_file(v, "etc/passwd", 0, 1, 3);
    expect_file(v, "etc/hard", 0, 1, 3);
    expect_file(v, "etc/link", 0, 1, 3);
    expect_file(v, "/usr/dir/../etc/./group", 1, 1, 5);
    expect_none(v, "gone", OCI_E_NOT_FOUND);
    expect_none(v, "etc", OCI_E_INVALID);
    expect_none(v, "pipe", OCI_E_INVALID);
    expect_none(v, "etc/passwd/", OCI_E_INVALID);
    expect_none(v, "etc/passwd/x", OCI_E_INVALID);
    expect_none(v, "no/such", OCI_E_NOT_FOUND);
    expect_there(v, "etc", true);
    expect_there(v, "/", true);
    expect_there(v, "usr/dir/passwd", true);
    expect_there(v, "etc/passwd/x", false);
    expect_there(v, "gone", false);
}

// proves: safety.2
OCI_TEST (view, ends_in_circles) {
    OCI_AUTO(oci_view) v = new_view(NULL);
    oci_error err = OCI_ERROR_INIT;
    bool got;

    assert_ok(&err, APPLY(v, A_SYMLINK("a", "b"), A_SYMLINK("b", "a"), A_SYMLINK("up", "../../..")));
    expect_none(v, "a", OCI_E_UNSAFE);
    assert_fails(OCI_E_UNSAFE, &err, oci_view_has(v, "a/x", &got, &err));
    expect_there(v, "a", true);
    expect_none(v, "up", OCI_E_INVALID);
    assert_fails(OCI_E_UNSAFE, &err, APPLY(v, A_FILE("a/x", "")));
}

/* "d/../" again and again: 819 times two components. */
static const char *winding(void)
{
    static char text[4096];

    for (size_t i = 0; i + 5 < sizeof text; i += 5)
        memcpy(text + i, "d/../", 5);
    return text;
}

// proves: safety.2
OCI_TEST (view, goes_through_so_many_components) {
    const char *const target = winding();
    OCI_AUTO(oci_view) v = new_view(NULL);
    oci_error err = OCI_ERROR_INIT;
    bool got;

    assert_ok(&err, APPLY(v, A_DIR("d"), A_FILE("f", "1"), A_SYMLINK("w", target), A_SYMLINK("root", "/"),
                          A_SYMLINK("slashes", "d///"), A_SYMLINK("d/f", "../f")));
    expect_there(v, "w/w/w/w/f", true);
    expect_there(v, "w/slashes//../f", true);
    expect_there(v, "root/root/d/./f", true);
    expect_file(v, "root/w/d/f", 0, 1, 1);
    expect_none(v, "root/w/d/f/", OCI_E_INVALID);
    expect_none(v, "slashes", OCI_E_INVALID);
    assert_fails(OCI_E_UNSAFE, &err, oci_view_has(v, "w/w/w/w/w/w/f", &got, &err));
    assert_non_null(strstr(err.msg, "a path of more than 8192 components"));
}

/* An image of few bytes shall not cost minutes. */
OCI_TEST (view, bounds_the_links_of_all_paths) {
    const char *const target = winding();
    OCI_AUTO(oci_view) v = new_view(NULL);
    oci_error err = OCI_ERROR_INIT;
    bool got;
    int r = 0, n = 0;

    assert_ok(&err, APPLY(v, A_DIR("d"), A_FILE("f", "1"), A_SYMLINK("w", target), A_SYMLINK("l", "d")));
    /* What honest images ask for. */
    for (int i = 0; i < 100000; i++)
        expect_there(v, "l/l", false);
    for (; r == 0 && n < 100000; n++)
        r = oci_view_has(v, "w/w/w/w/f", &got, &err);
    assert_int_equal(r, OCI_E_LIMIT);
    assert_non_null(strstr(err.msg, "symbolic links of more than"));
    assert_in_range(n, 1000, 10000);
}

// proves: layer.hardlink.outside-may-fail safety.6 safety.7
OCI_TEST (view, refuses_what_cannot_be_unpacked) {
    static const struct item bad[] = {
        A_HARDLINK("l", "none"), A_HARDLINK("l", "l"),  A_HARDLINK("l", "d"), A_WHITEOUT(".wh."),
        A_FILE("f/x", ""),       A_FILE(".wh.x/y", ""), A_FILE("../x", ""),
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        OCI_AUTO(oci_view) v = new_view(NULL);
        oci_error err = OCI_ERROR_INIT;

        assert_ok(&err, APPLY(v, A_DIR("d"), A_FILE("f", "")));
        assert_true(apply(v, (struct layer) { &bad[i], 1 }, &err) < 0);
        assert_true(err.msg[0] != '\0');
    }
}

OCI_TEST (view, keeps_to_its_limits) {
    const oci_limits limits = { .max_entries = 2 };
    OCI_AUTO(oci_view) v = new_view(&limits);
    oci_error err = OCI_ERROR_INIT;

    assert_ok(&err, APPLY(v, A_DIR("d"), A_FILE("f", "")));
    assert_fails(OCI_E_LIMIT, &err, APPLY(v, A_DIR("d")));
}

OCI_TEST (view, counts_directories_on_the_way) {
    const oci_limits limits = { .max_entries = 4 };
    oci_error err = OCI_ERROR_INIT;

    for (int more = 0; more < 2; more++) {
        OCI_AUTO(oci_view) v = new_view(&limits);

        assert_ok(&err, APPLY(v, A_FILE("a/b/c", "")));
        assert_false(oci_view_is_full(v));
        if (more) {
            assert_fails(OCI_E_LIMIT, &err, APPLY(v, A_FILE("a/b/d/e", "")));
            assert_true(oci_view_is_full(v));
        } else
            assert_ok(&err, APPLY(v, A_FILE("a/b/d", "")));
    }
}

OCI_TEST (view, without_memory_fails) {
    int failed = 1;

    for (unsigned long n = 1; failed; n++) {
        const struct layer layer = LAYER(A_DIR("d"), A_FILE("d/f", "1"), A_SYMLINK("l", "d/f"),
                                         A_HARDLINK("h", "later"), A_FILE("later", "2"), A_WHITEOUT("d/.wh.x"));
        OCI_AUTO(oci_view) v = NULL;
        OCI_AUTO_BUF oci_buf tar = OCI_BUF_INIT;
        OCI_AUTO(oci_reader) reader = NULL;
        oci_view_file file;
        int r;

        write_layer(&tar, &layer);
        assert_int_equal(oci_reader_from_memory(tar.data, tar.len, &reader, NULL), 0);
        oci_alloc_fail_at(n);
        r = oci_view_new(NULL, NULL, &v, NULL);
        if (r == 0)
            r = oci_view_apply(v, reader, NULL);
        if (r == 0)
            r = oci_view_find(v, "l", &file, NULL);
        failed = oci_alloc_failed();
        oci_alloc_fail_at(0);
        assert_int_equal(r, failed ? OCI_E_NOMEM : 0);
    }
}
