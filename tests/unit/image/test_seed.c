/* SPDX-License-Identifier: Apache-2.0 */
/* Directories for volumes. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/seed.h"
#include "images.h"

struct setup {
    int bundle, rootfs;
    oci_ident ident;
    oci_buf warnings;
    oci_events events;
};

static void setup_new(struct setup *s)
{
    oci_error err = OCI_ERROR_INIT;

    *s = (struct setup) { .bundle = scratch_new() };
    s->events = warnings_to(&s->warnings);
    make_dir(s->bundle, "rootfs");
    s->rootfs = openat(s->bundle, "rootfs", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(s->rootfs >= 0);
    assert_ok(&err, oci_ident_init(&s->ident, &(oci_apply_options) { 0 }, &err));
}

static void setup_free(struct setup *s)
{
    oci_buf_free(&s->warnings);
    close(s->rootfs);
    scratch_free(s->bundle);
}

static int seed(struct setup *s, const char *const *volumes, size_t n, uint64_t budget, oci_error *err)
{
    const oci_config c = { .volumes = { volumes, n } };
    const oci_seed_options o = { .events = &s->events, .budget = budget, .ident = &s->ident };

    return oci_seed_volumes(&c, s->rootfs, s->bundle, &o, err);
}
#define SEED(s, ...)                                                                                                   \
    seed(s, (const char *const[]) { __VA_ARGS__ }, sizeof((const char *const[]) { __VA_ARGS__ }) / sizeof(char *),     \
         UINT64_MAX, &err)

static mode_t mode_of(int dir, const char *path)
{
    struct stat st;

    assert_int_equal(fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW), 0);
    return st.st_mode & 07777;
}

// proves: conversion.volumes.seed conversion.volumes.mounts
OCI_TEST (seed, copies_what_the_image_has) {
    oci_error err = OCI_ERROR_INIT;
    struct setup s;

    setup_new(&s);
    make_dir(s.rootfs, "data");
    file_write(s.rootfs, "data/file", "x", 1);
    assert_int_equal(fchmodat(s.rootfs, "data", 01770, 0), 0);
    assert_ok(&err, SEED(&s, "/data", "/none", "/data/../etc/."));
    assert_true(exists(s.bundle, "volumes/0/file"));
    assert_int_equal(mode_of(s.bundle, "volumes/0"), 01770);
    /* Sorted: /data, /etc, /none. */
    assert_int_equal(mode_of(s.bundle, "volumes/1"), 0755);
    assert_int_equal(mode_of(s.bundle, "volumes/2"), 0755);
    assert_false(exists(s.bundle, "volumes/3"));
    assert_false(exists(s.rootfs, "none"));
    assert_int_equal(s.warnings.len, 0);
    setup_free(&s);
}

OCI_TEST (seed, makes_nothing_without_volumes) {
    oci_error err = OCI_ERROR_INIT;
    struct setup s;

    setup_new(&s);
    assert_ok(&err, seed(&s, NULL, 0, UINT64_MAX, &err));
    assert_ok(&err, SEED(&s, "relative", "/", "/proc/x"));
    assert_false(exists(s.bundle, "volumes"));
    setup_free(&s);
}

/* An image cannot have the same bytes copied again and again. */
OCI_TEST (seed, copies_nothing_twice) {
    oci_error err = OCI_ERROR_INIT;
    struct setup s;

    setup_new(&s);
    make_dir(s.rootfs, "a/b/c");
    file_write(s.rootfs, "a/b/c/file", "x", 1);
    assert_int_equal(symlinkat("/a/b", s.rootfs, "other"), 0);
    assert_ok(&err, SEED(&s, "/a", "/a/b", "/a/b/c", "/other"));
    assert_true(exists(s.bundle, "volumes/0/b"));
    assert_false(exists(s.bundle, "volumes/0/b/c"));
    assert_false(exists(s.bundle, "volumes/1/c"));
    /* The last is mounted over /a/b and what was mounted in it. */
    assert_false(exists(s.bundle, "volumes/2/file"));
    assert_true(exists(s.bundle, "volumes/3/c/file"));
    assert_non_null(strstr(s.warnings.data, "volume '/a/b' stays empty"));
    assert_non_null(strstr(s.warnings.data, "volume '/a/b/c' stays empty"));
    setup_free(&s);
}

/* Through a link an inner volume comes before the one around it, which then covers it. */
// proves: conversion.volumes.seed
OCI_TEST (seed, fills_what_is_seen) {
    oci_error err = OCI_ERROR_INIT;
    struct setup s;

    setup_new(&s);
    make_dir(s.rootfs, "x/y/z");
    file_write(s.rootfs, "x/y/file", "y", 1);
    file_write(s.rootfs, "x/y/z/file", "z", 1);
    assert_int_equal(symlinkat("/x/y", s.rootfs, "app"), 0);
    assert_ok(&err, SEED(&s, "/app", "/x", "/x/y/z"));
    assert_false(exists(s.bundle, "volumes/0/file"));
    assert_true(exists(s.bundle, "volumes/1/y/file"));
    assert_true(exists(s.bundle, "volumes/1/y/z"));
    assert_false(exists(s.bundle, "volumes/1/y/z/file"));
    assert_true(exists(s.bundle, "volumes/2/file"));
    assert_non_null(strstr(s.warnings.data, "volume '/app' stays empty"));
    setup_free(&s);
}

// proves: safety.2
OCI_TEST (seed, stays_inside_the_root) {
    oci_error err = OCI_ERROR_INIT;
    struct setup s;

    setup_new(&s);
    assert_int_equal(symlinkat("/../../../../etc", s.rootfs, "out"), 0);
    assert_int_equal(symlinkat("loop", s.rootfs, "loop"), 0);
    file_write(s.rootfs, "file", "x", 1);
    assert_int_equal(mkfifoat(s.rootfs, "pipe", 0600), 0);
    assert_ok(&err, SEED(&s, "/out", "/loop", "/file", "/pipe", "/file/below"));
    for (char name[] = "volumes/0"; name[8] < '5'; name[8]++) {
        OCI_AUTO_FD int fd = openat(s.bundle, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        assert_true(fd >= 0);
        assert_int_equal(count_entries(fd), 0);
    }
    setup_free(&s);
}

OCI_TEST (seed, ends_at_the_limit) {
    oci_error err = OCI_ERROR_INIT;
    struct setup s;

    setup_new(&s);
    make_dir(s.rootfs, "a");
    make_dir(s.rootfs, "b");
    file_write(s.rootfs, "a/file", "xx", 2);
    file_write(s.rootfs, "b/file", "xx", 2);
    assert_fails(OCI_E_LIMIT, &err, seed(&s, (const char *const[]) { "/a", "/b" }, 2, 3, &err));
    assert_says(&err, "volume '/a'");
    setup_free(&s);
}
