/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layers, then what is told about them, then config.json (its users are looked up in the root file system just built),
 * then the name.
 */
#include <oci-image/unpack.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/event.h"
#include "base/fail.h"
#include "image.h"
#include "json/json.h"
#include "layer/applier.h"
#include "layers.h"
#include "os/os.h"
#include "record.h"
#include "seed.h"
#include "stream/stream.h"

static int drain(void *ctx, oci_reader *tar, oci_error *err)
{
    (void)ctx;
    return oci_reader_drain(tar, err);
}

static int apply(void *ctx, oci_reader *tar, oci_error *err)
{
    return oci_applier_apply(ctx, tar, NULL, err);
}

static int go_through_layers(oci_image *i, const oci_unpack_options *o,
                             int (*use)(void *ctx, oci_reader *tar, oci_error *err), void *ctx, oci_error *err)
{
    const oci_layers_use u = {
        .events = o->events,
        .jobs = o->jobs,
        .hashes = use == apply && o->apply.snapshot,
        .use = use,
        .ctx = ctx,
    };

    return oci_image_use_layers(i, &u, err);
}

/* ---- the members of a bundle besides rootfs ---- */

static int write_member(int dirfd, const char *name, const oci_buf *text, oci_error *err)
{
    OCI_AUTO(oci_tmpfile) file = NULL;
    int r = oci_tmpfile_new(dirfd, &file, err);

    if (r == 0)
        r = oci_write_all(oci_tmpfile_fd(file), text->data, text->len, err);
    if (r == 0)
        r = oci_tmpfile_publish(oci_steal(&file), name, oci_apply_umask(0666), false, false, err);
    return oci_wrap(err, r, "write %s", name);
}

static int write_record(const oci_image *i, int bundle, const oci_unpack_options *o, oci_error *err)
{
    OCI_AUTO_BUF oci_buf json = OCI_BUF_INIT;
    int r = oci_record_print(i, o, &json, err);

    return r < 0 ? r : write_member(bundle, OCI_RECORD_FILE, &json, err);
}

/* Collects what would be many small writes. */
struct block {
    int fd; /* borrowed */
    size_t used;
    char bytes[64 * 1024];
};

static int block_finish(void *ctx, oci_error *err)
{
    struct block *b = ctx;
    int r = oci_write_all(b->fd, b->bytes, b->used, err);

    b->used = 0;
    return r;
}

static int block_write(void *ctx, const void *p, size_t n, oci_error *err)
{
    struct block *b = ctx;
    int r = 0;

    if (n > sizeof b->bytes - b->used)
        r = block_finish(b, err);
    if (r == 0 && n > sizeof b->bytes)
        return oci_write_all(b->fd, p, n, err);
    if (r == 0) {
        memcpy(b->bytes + b->used, p, n);
        b->used += n;
    }
    return r;
}

static int write_mtree(oci_applier *applier, int bundle, oci_error *err)
{
    static const oci_writer_callbacks block_ops = { block_write, block_finish, oci_free };
    OCI_AUTO(oci_tmpfile) file = NULL;
    OCI_AUTO(oci_writer) w = NULL;
    struct block *block = oci_calloc(1, sizeof *block);
    int r;

    if (block == NULL)
        return oci_fail_nomem(err);
    r = oci_writer_to_callbacks(&block_ops, block, &w, err);
    if (r == 0)
        r = oci_tmpfile_new(bundle, &file, err);
    if (r < 0)
        return r;
    block->fd = oci_tmpfile_fd(file);
    r = oci_applier_write_mtree(applier, w, err);
    if (r == 0)
        r = oci_writer_finish(w, err);
    if (r == 0)
        r = oci_tmpfile_publish(oci_steal(&file), "bundle.mtree", oci_apply_umask(0666), false, false, err);
    return oci_wrap(err, r, "write bundle.mtree");
}

static int write_config(const oci_image *i, int bundle, int rootfs, const oci_unpack_options *o, oci_error *err)
{
    OCI_AUTO_BUF oci_buf json = OCI_BUF_INIT;
    int r = oci_bundle_config(i->config, rootfs, &o->bundle, &json, err);

    return r < 0 ? r : write_member(bundle, "config.json", &json, err);
}

static int prepare_root(int fd, const oci_unpack_options *o, oci_error *err)
{
    oci_ident ident;
    int r = oci_ident_init(&ident, &o->apply, err);

    return r < 0 ? r : oci_default_dir(fd, &ident, err);
}

/* What is copied counts towards the ceiling like the files themselves. */
static int make_volumes(const oci_image *i, const oci_applier *a, int bundle, int rootfs, const oci_unpack_options *o,
                        oci_error *err)
{
    const oci_seed_options seed = { .events = o->events, .budget = a->limits.max_size - a->bytes, .ident = &a->ident };

    if (o->bundle.volumes != OCI_VOLUMES_BIND)
        return 0;
    return oci_seed_volumes(i->config, rootfs, bundle, &seed, err);
}

static int fill_bundle(oci_image *i, int bundle, const oci_unpack_options *o, oci_error *err)
{
    OCI_AUTO(oci_applier) applier = NULL;
    OCI_AUTO_FD int rootfs = -1;
    int r = oci_entry_mkdir(bundle, "rootfs", &rootfs, err);

    if (r == 0)
        r = prepare_root(rootfs, o, err);
    if (r == 0)
        r = oci_applier_new(rootfs, &o->apply, &applier, err);
    if (r == 0)
        r = go_through_layers(i, o, apply, applier, err);
    /* Before the modes of directories can bar the way. */
    if (r == 0 && o->apply.snapshot)
        r = write_mtree(applier, bundle, err);
    if (r == 0)
        r = oci_applier_finish(applier, err);
    if (r == 0)
        r = make_volumes(i, applier, bundle, rootfs, o, err);
    if (r == 0)
        r = write_record(i, bundle, o, err);
    if (r == 0)
        r = write_config(i, bundle, rootfs, o, err);
    return r;
}

static int fill_rootfs(oci_image *i, int rootfs, const oci_unpack_options *o, oci_error *err)
{
    OCI_AUTO(oci_applier) applier = NULL;
    int r = prepare_root(rootfs, o, err);

    if (r == 0)
        r = oci_applier_new(rootfs, &o->apply, &applier, err);
    if (r == 0)
        r = go_through_layers(i, o, apply, applier, err);
    return r < 0 ? r : oci_applier_finish(applier, err);
}

/* A bundle is its owner's alone, since set-id programs of the image lie below it; a bare root file system has the mode
 * that the image gives to "/". */
static int mode_of_result(int fd, const oci_unpack_options *o, mode_t *out, oci_error *err)
{
    struct stat st;

    *out = 0700;
    if (!o->rootfs_only)
        return 0;
    if (fstat(fd, &st) < 0)
        return oci_fail_errno(err, "look at the root directory");
    *out = st.st_mode & 07777;
    return 0;
}

/* Whoever is not root unpacks for a container without root. What is said for the whole holds for its parts, unless they
 * have something of their own. */
static oci_unpack_options complete(const oci_unpack_options *o)
{
    oci_unpack_options full = *o;

    full.rootless = o->rootless || geteuid() != 0;
    full.apply.rootless = full.bundle.rootless = full.rootless;
    full.apply.owner = oci_owner_policy_settle(o->apply.owner);
    full.apply.snapshot = !o->no_mtree && !o->rootfs_only;
    if (full.apply.limits == NULL)
        full.apply.limits = o->limits;
    if (full.apply.events == NULL)
        full.apply.events = o->events;
    if (full.bundle.events == NULL)
        full.bundle.events = o->events;
    return full;
}

int oci_unpack(oci_image *i, int dirfd, const char *bundle, const oci_unpack_options *options, oci_error *err)
{
    const oci_unpack_options full = complete(options), *o = &full;
    OCI_AUTO(oci_tmpdir) dir = NULL;
    mode_t mode = 0;
    int r = oci_tmpdir_new(dirfd, bundle, &dir, err);

    if (r < 0)
        return r;
    if (i->manifest->n_layers == 0)
        oci_warn(o->events, "the image has no layers, its root file system is empty");
    if (o->verify_first)
        r = go_through_layers(i, o, drain, NULL, err);
    if (r == 0)
        r = o->rootfs_only ? fill_rootfs(i, oci_tmpdir_fd(dir), o, err) : fill_bundle(i, oci_tmpdir_fd(dir), o, err);
    if (r == 0)
        r = mode_of_result(oci_tmpdir_fd(dir), o, &mode, err);
    if (r < 0)
        return r;
    return oci_tmpdir_publish(oci_steal(&dir), mode, false, err);
}

/* ---- all platforms ---- */

struct platforms {
    oci_layout *layout;
    const oci_unpack_options *o;
    int dir;
};

/* Platforms are words of whoever made the image: one is the name of a directory only if it looks like a word. */
static int name_of_platform(const oci_platform *p, oci_buf *out, oci_error *err)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._";
    const char *const parts[] = { p->os, p->architecture, p->variant != NULL ? p->variant : "" };

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        size_t n = strlen(parts[i]);
        int r;

        if (n == 0 && i == 2)
            continue;
        if (n == 0 || n > 64 || parts[i][0] == '.' || strspn(parts[i], allowed) != n)
            return oci_fail(err, OCI_E_INVALID, "'%s' in a platform cannot be part of the name of a directory",
                            parts[i]);
        r = oci_buf_printf(out, err, "%s%s", i > 0 ? "-" : "", parts[i]);
        if (r < 0)
            return r;
    }
    return 0;
}

static int unpack_platform(void *ctx, const oci_platform *platform, const oci_descriptor *manifest, oci_error *err)
{
    const struct platforms *p = ctx;
    OCI_AUTO_BUF oci_buf name = OCI_BUF_INIT;
    oci_image *image = NULL;
    int r = name_of_platform(platform, &name, err);

    if (r < 0)
        return r;
    r = oci_image_open(oci_layout_store(p->layout), manifest, p->o->limits, &image, err);
    if (r == 0)
        r = oci_unpack(image, p->dir, name.data, p->o, err);
    oci_image_free(image);
    return oci_wrap(err, r, "%s", name.data);
}

int oci_unpack_platforms(oci_layout *l, const oci_resolve_options *which, int dirfd, const char *bundle,
                         const oci_unpack_options *o, oci_error *err)
{
    OCI_AUTO(oci_tmpdir) dir = NULL;
    struct platforms p = { .layout = l, .o = o };
    int r = oci_tmpdir_new(dirfd, bundle, &dir, err);

    if (r < 0)
        return r;
    p.dir = oci_tmpdir_fd(dir);
    r = oci_resolve_each(l, which, unpack_platform, &p, err);
    return r < 0 ? r : oci_tmpdir_publish(oci_steal(&dir), 0700, false, err);
}
