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

/* ---- layers ---- */

struct layers {
    oci_applier *applier;
    oci_shadow *shadow; /* NULL: everything is written */
    oci_apply_stats sum;
};

static int apply(void *ctx, oci_reader *tar, oci_error *err)
{
    struct layers *l = ctx;
    oci_apply_stats stats = { 0 };
    int r = oci_applier_apply(l->applier, tar, &stats, err);

    l->sum.entries += stats.entries;
    l->sum.bytes += stats.bytes;
    l->sum.removed += stats.removed;
    l->sum.shadowed += stats.shadowed;
    return r;
}

static int foresee(void *ctx, size_t n, oci_span head, oci_error *err)
{
    return oci_shadow_learn(((struct layers *)ctx)->shadow, (uint32_t)n + 1, head, err);
}

static int drain_layers(oci_image *i, const oci_unpack_options *o, oci_error *err)
{
    const oci_layers_use u = { .events = o->events, .jobs = o->jobs, .use = drain };

    return oci_image_use_layers(i, &u, err);
}

static int apply_layers(oci_image *i, const oci_unpack_options *o, struct layers *l, oci_error *err)
{
    const oci_layers_use u = {
        .events = o->events,
        .jobs = o->jobs,
        .hashes = o->apply.snapshot,
        .use = apply,
        .foresee = l->shadow != NULL ? foresee : NULL,
        .ctx = l,
    };

    if (l->shadow != NULL)
        oci_applier_foresee(l->applier, l->shadow);
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

/* All of a bundle that comes from the root file system. */
static int finish_bundle(oci_image *i, int bundle, int rootfs, oci_applier *applier, const oci_unpack_options *o,
                         oci_error *err)
{
    int r = 0;

    /* Before the modes of directories can bar the way. */
    if (o->apply.snapshot)
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

static int fill_rootfs(oci_image *i, int rootfs, const oci_unpack_options *o, struct layers *l, oci_error *err)
{
    int r = prepare_root(rootfs, o, err);

    if (r == 0)
        r = oci_applier_new(rootfs, &o->apply, &l->applier, err);
    if (r == 0 && !o->no_shadow_filter)
        r = oci_shadow_new(&l->shadow, err);
    return r < 0 ? r : apply_layers(i, o, l, err);
}

static int fill(oci_image *i, int dir, const oci_unpack_options *o, struct layers *l, oci_error *err)
{
    OCI_AUTO_FD int rootfs = -1;
    int r;

    if (o->rootfs_only) {
        r = fill_rootfs(i, dir, o, l, err);
        return r < 0 ? r : oci_applier_finish(l->applier, err);
    }
    r = oci_entry_mkdir(dir, "rootfs", &rootfs, err);
    if (r == 0)
        r = fill_rootfs(i, rootfs, o, l, err);
    return r < 0 ? r : finish_bundle(i, dir, rootfs, l->applier, o, err);
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

/* Everything once. again: a file was left out that is needed. */
static int unpack(oci_image *i, int dirfd, const char *bundle, const oci_unpack_options *o, bool *again, oci_error *err)
{
    OCI_AUTO(oci_tmpdir) dir = NULL;
    struct layers l = { 0 };
    mode_t mode = 0;
    int r = oci_tmpdir_new(dirfd, bundle, &dir, err);

    if (r == 0 && i->manifest->n_layers == 0)
        oci_warn(o->events, "the image has no layers, its root file system is empty");
    if (r == 0 && o->verify_first)
        r = drain_layers(i, o, err);
    if (r == 0)
        r = fill(i, oci_tmpdir_fd(dir), o, &l, err);
    *again = l.applier != NULL && l.applier->stand_in.missing;
    oci_applier_free(l.applier);
    oci_shadow_free(l.shadow);
    if (r == 0)
        r = mode_of_result(oci_tmpdir_fd(dir), o, &mode, err);
    if (r == 0)
        r = oci_tmpdir_publish(oci_steal(&dir), mode, false, err);
    if (r == 0 && o->stats != NULL)
        *o->stats = l.sum;
    return r;
}

int oci_unpack(oci_image *i, int dirfd, const char *bundle, const oci_unpack_options *options, oci_error *err)
{
    oci_unpack_options full = complete(options);
    bool again = false;
    int r = unpack(i, dirfd, bundle, &full, &again, err);

    if (r == 0 || !again)
        return r;
    /* Names have meant something else than they seemed to. That is rare, so nothing is spared now. */
    full.no_shadow_filter = true;
    full.verify_first = false;
    return unpack(i, dirfd, bundle, &full, &again, err);
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
