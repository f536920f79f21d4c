/* SPDX-License-Identifier: Apache-2.0 */
/* The snapshot: what layers made, as mtree(5) text. */
#include "fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/text.h"
#include "stream/stream.h"

#define SHA256_OF_NOTHING "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define SHA256_OF_HI      "8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4"

static char *write_mtree(oci_applier *a)
{
    OCI_AUTO(oci_writer) w = NULL;
    OCI_AUTO_BUF oci_buf text = OCI_BUF_INIT;
    oci_error err = OCI_ERROR_INIT;

    assert_ok(&err, oci_writer_to_buf(&text, &w, &err));
    assert_ok(&err, oci_applier_write_mtree(a, w, &err));
    return strdup(text.data);
}

static void apply_layer(oci_applier *a, const struct layer *layer)
{
    OCI_AUTO_BUF oci_buf tar = OCI_BUF_INIT;
    OCI_AUTO(oci_reader) r = NULL;
    oci_error err = OCI_ERROR_INIT;

    write_layer(&tar, layer);
    assert_ok(&err, oci_reader_from_memory(tar.data, tar.len, &r, &err));
    assert_ok(&err, oci_applier_apply(a, r, NULL, &err));
}

/* The text before finishing, which must be that after finishing and what another applier over the same layers says. */
static char *mtree_of(struct world *w, const struct layer *layers, size_t count)
{
    const oci_apply_options options = { .snapshot = true, .rootless = !is_privileged() };
    OCI_AUTO(oci_applier) a = NULL;
    oci_error err = OCI_ERROR_INIT;
    char *before, *after;

    world_reset(w);
    assert_ok(&err, oci_applier_new(w->root, &options, &a, &err));
    for (size_t i = 0; i < count; i++)
        apply_layer(a, &layers[i]);
    before = write_mtree(a);
    assert_ok(&err, oci_applier_finish(a, &err));
    after = write_mtree(a);
    assert_string_equal(before, after);
    free(after);
    return before;
}

static void check(const struct layer *layers, size_t count, const char *want)
{
    struct world w;

    world_new(&w);
    assert_tree(mtree_of(&w, layers, count), want);
    world_free(&w);
}

OCI_TEST (mtree, tells_what_the_tree_is) {
    const struct layer layers[] = {
        LAYER(A_DIR("./", .mtime = 1), A_DIR("d", .mode = 01777, .mtime_text = "5.25"),
              A_FILE("d/hi", "hi", .mode = 04755, .mtime = 7), A_HARDLINK("d/again", "d/hi"),
              A_SYMLINK("d/l", "we ird", .mtime = 3), A_NODE('6', "pipe", .mode = 0600),
              A_FILE("we ird#\303\251*?[\\=", ""), A_FILE("gone", "x"), A_DIR("x"), A_FILE("x/y", "old")),
        LAYER(A_WHITEOUT(".wh.gone"), A_FILE("x/y", "hi"), A_DIR("z", .mode = 0555)),
    };
    char want[2048];
    unsigned uid = geteuid(), gid = getegid();

    format(want, sizeof want,
           "#mtree v2.0\n"
           ". type=dir uid=%1$u gid=%2$u mode=0755 time=1.000000000\n"
           "d type=dir uid=%1$u gid=%2$u mode=01777 time=5.250000000\n"
           "again type=file uid=%1$u gid=%2$u mode=04755 time=7.000000000 size=2 nlink=2 sha256digest=" SHA256_OF_HI
           "\n"
           "hi type=file uid=%1$u gid=%2$u mode=04755 time=7.000000000 size=2 nlink=2 sha256digest=" SHA256_OF_HI "\n"
           "l type=link uid=%1$u gid=%2$u mode=0777 time=3.000000000 size=6 nlink=1 link=we\\040ird\n"
           "..\n"
           "pipe type=fifo uid=%1$u gid=%2$u mode=0600 time=0.000000000 size=0 nlink=1\n"
           "we\\040ird\\043\\303\\251\\052\\077\\133\\134= type=file uid=%1$u gid=%2$u mode=0644 time=0.000000000 "
           "size=0 nlink=1 "
           "sha256digest=" SHA256_OF_NOTHING "\n"
           "x type=dir uid=%1$u gid=%2$u mode=0755 time=0.000000000\n"
           "y type=file uid=%1$u gid=%2$u mode=0644 time=0.000000000 size=2 nlink=1 sha256digest=" SHA256_OF_HI "\n"
           "..\n"
           "z type=dir uid=%1$u gid=%2$u mode=0555 time=0.000000000\n"
           "..\n"
           "..\n",
           uid, gid);
    check(layers, 2, want);
}

OCI_TEST (mtree, has_devices_owners_and_attributes) {
    const struct layer layers[] = {
        LAYER(A_DIR("d", .uid = 7, .gid = 8, .mode = 0700, .xattrs = "trusted.a=b"),
              A_FILE("d/f", "hi", .xattrs = "trusted.b b=\1\2\3"), A_NODE('3', "c", .major = 1, .minor = 300),
              A_SYMLINK("l", "d", .uid = 9, .xattrs = "trusted.l=z")),
        LAYER(A_FILE("d/g", ""), A_WHITEOUT(".wh.d")),
    };

    if (!is_privileged())
        skip();
    check(layers, 1,
          "#mtree v2.0\n"
          ". type=dir uid=0 gid=0 mode=0755 time=0.000000000\n"
          "c type=char uid=0 gid=0 mode=0644 time=0.000000000 size=0 nlink=1 device=linux,1,300\n"
          "d type=dir uid=7 gid=8 mode=0700 time=0.000000000 xattr.trusted.a=Yg==\n"
          "f type=file uid=0 gid=0 mode=0644 time=0.000000000 size=2 nlink=1 sha256digest=" SHA256_OF_HI
          " xattr.trusted.b\\040b=AQID\n"
          "..\n"
          "l type=link uid=9 gid=0 mode=0777 time=0.000000000 size=1 nlink=1 link=d xattr.trusted.l=eg==\n"
          "..\n");
    /* What stays only for what it holds is told as it will be. */
    check(layers, 2,
          "#mtree v2.0\n"
          ". type=dir uid=0 gid=0 mode=0755 time=0.000000000\n"
          "c type=char uid=0 gid=0 mode=0644 time=0.000000000 size=0 nlink=1 device=linux,1,300\n"
          "d type=dir uid=0 gid=0 mode=0755 time=0.000000000\n"
          "g type=file uid=0 gid=0 mode=0644 time=0.000000000 size=0 nlink=1 sha256digest=" SHA256_OF_NOTHING "\n"
          "..\n"
          "l type=link uid=9 gid=0 mode=0777 time=0.000000000 size=1 nlink=1 link=d xattr.trusted.l=eg==\n"
          "..\n");
}

/* The digest of a file is that of what can be read, holes included, and never that of a file that was there before. */
OCI_TEST (mtree, digests_are_those_of_the_files) {
    const struct item sparse =
        A_FILE("x", "headtail",
               .pax = "GNU.sparse.major=0;GNU.sparse.minor=1;GNU.sparse.name=s;GNU.sparse.size=100000;"
                      "GNU.sparse.numblocks=2;GNU.sparse.map=0,4,70000,4");
    oci_error err = OCI_ERROR_INIT;
    char hex[2 * OCI_DIGEST_MAX_BYTES + 1], want[200], *text;
    struct world w;

    world_new(&w);
    for (int i = 0; i < 20; i++) {
        char content[16];
        const struct item churn[] = { A_FILE("a", content), A_FILE("b", "x"), A_FILE("a", "final"), A_DIR("b"),
                                      sparse };
        const struct layer layer = { churn, 5 };
        oci_digest digest;
        uint64_t size;
        int fd;

        format(content, sizeof content, "%d", i);
        text = mtree_of(&w, &layer, 1);
        for (int file = 0; file < 2; file++) {
            const char *name = file == 0 ? "a" : "s";

            fd = openat(w.root, name, O_RDONLY | O_CLOEXEC);
            assert_ok(&err, oci_digest_of_fd(OCI_DIGEST_SHA256, fd, &digest, &size, &err));
            close(fd);
            assert_true(oci_digest_encoded(&digest, hex, sizeof hex) > 0);
            format(want, sizeof want, "size=%d nlink=1 sha256digest=%s\n", file == 0 ? 5 : 100000, hex);
            assert_non_null(strstr(text, want));
        }
        assert_null(strstr(strstr(text, "\nb "), "sha256digest=2d711642"));
        free(text);
    }
    world_free(&w);
}

static int of_ordinary_user(void *ctx)
{
    const struct layer layers[] = { LAYER(A_DIR("a", .mode = MODE(0)), A_DIR("a/b", .mode = 0100),
                                          A_FILE("a/b/f", "hi", .mode = MODE(0))) };
    const oci_apply_options options = { .snapshot = true, .rootless = true };
    OCI_AUTO(oci_applier) a = NULL;
    oci_error err = OCI_ERROR_INIT;
    struct world w;
    char *text;
    int r;

    (void)ctx;
    world_new(&w);
    if (oci_applier_new(w.root, &options, &a, &err) < 0)
        return 1;
    apply_layer(a, &layers[0]);
    text = write_mtree(a);
    r = strstr(text, "a type=dir") != NULL && strstr(text, " mode=0 ") != NULL && strstr(text, " mode=0100 ") != NULL &&
                strstr(text, SHA256_OF_HI) != NULL
            ? 0
            : 1;
    free(text);
    if (oci_applier_finish(a, &err) < 0)
        return 1;
    world_free(&w);
    return r;
}

OCI_TEST (mtree, an_ordinary_user_can_write_it_before_finishing) {
    if (!as_ordinary_user(of_ordinary_user, NULL))
        skip();
}

OCI_TEST (mtree, needs_its_option) {
    OCI_AUTO(oci_applier) a = NULL;
    OCI_AUTO(oci_writer) out = NULL;
    oci_error err = OCI_ERROR_INIT;
    struct world w;

    world_new(&w);
    assert_ok(&err, oci_applier_new(w.root, NULL, &a, &err));
    assert_ok(&err, oci_writer_to_null(&out, &err));
    assert_fails(OCI_E_USAGE, &err, oci_applier_write_mtree(a, out, &err));
    world_free(&w);
}

static int refuse(void *ctx, const void *p, size_t n, oci_error *err)
{
    size_t *left = ctx;

    (void)p;
    if (n > *left)
        return oci_fail(err, OCI_E_IO, "full");
    *left -= n;
    return 0;
}

/* Every failure of the writer and every lack of memory comes back, and leaves no descriptor open. */
OCI_TEST (mtree, failures_come_back) {
    const struct layer layer = LAYER(A_FILE("a/b/c", "x", .xattrs = "user.a=b"), A_SYMLINK("a/l", "x"), A_DIR("d"));
    const oci_writer_callbacks callbacks = { .write = refuse };
    const oci_apply_options options = { .snapshot = true };
    OCI_AUTO(oci_applier) a = NULL;
    OCI_AUTO(oci_writer) out = NULL;
    oci_error err = OCI_ERROR_INIT;
    bool failed = true;
    struct world w;
    char *text;

    world_new(&w);
    assert_ok(&err, oci_applier_new(w.root, &options, &a, &err));
    apply_layer(a, &layer);
    text = write_mtree(a);
    for (size_t room = 0; room < strlen(text); room += 40) {
        OCI_AUTO(oci_writer) small = NULL;
        size_t left = room;

        assert_ok(&err, oci_writer_to_callbacks(&callbacks, &left, &small, &err));
        assert_fails(OCI_E_IO, &err, oci_applier_write_mtree(a, small, &err));
    }
    assert_ok(&err, oci_writer_to_null(&out, &err));
    for (unsigned long n = 1; failed; n++) {
        int r;

        oci_alloc_fail_at(n);
        r = oci_applier_write_mtree(a, out, &err);
        failed = oci_alloc_failed() != 0;
        oci_alloc_fail_at(0);
        assert_int_equal(r, failed ? OCI_E_NOMEM : 0);
    }
    free(text);
    world_free(&w);
}
