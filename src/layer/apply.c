/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Applying layers (image-spec layer.md): plan.c says what an entry asks for, this file and its neighbours do it.
 *
 * What makes a layer more than an archive: its whiteouts hide what lower layers left, wherever in the archive they
 * stand, and never what the layer itself makes. So everything made is remembered until the layer ends (made.h).
 */
#include "applier.h"

#include <fcntl.h>

#include "base/buf.h"
#include "base/event.h"
#include "base/fail.h"
#include "plan.h"

/* ---- whiteouts ---- */

/* For oci_entry_remove_unless and oci_dir_clear. */
static bool is_made(void *ctx, const struct stat *dir, const char *name)
{
    return oci_place_is_made(ctx, dir, name);
}

/* Whiteouts of what is not there have nothing to hide, also when what should hold it is not there or holds nothing. */
static bool is_absent(int r)
{
    return r == OCI_E_NOT_FOUND || r == OCI_E_INVALID;
}

/* Whether this layer has hidden the directory before. To go through what is left of it again for each of many whiteouts
 * would take forever. */
static bool is_hidden(oci_applier *a, uint32_t ref)
{
    return ref != OCI_DIRS_NONE && oci_dirs_at(a->dirs, ref)->hid == a->layer;
}

static int hide_entry(oci_applier *a, int dirfd, oci_span dir, const char *name, oci_error *err)
{
    struct stat above, st;
    uint64_t removed = 0;
    uint32_t ref;
    int r = oci_entry_stat(dirfd, name, &st, err);

    if (r <= 0)
        return r;
    /* What is below it may have been hidden without it. */
    ref = S_ISDIR(st.st_mode) ? oci_dirs_find(a->dirs, &st) : OCI_DIRS_NONE;
    if (is_hidden(a, ref) && oci_dirs_at(a->dirs, ref)->made == a->layer)
        return 0;
    if (fstat(dirfd, &above) < 0)
        return oci_fail_errno(err, "look at the directory above '%s'", name);
    oci_place_forget(a);
    r = oci_place_touch(a, dirfd, dir, &above, &ref, err);
    if (r == 0)
        r = oci_entry_remove_unless(dirfd, name, is_made, a, &removed, err);
    if (r < 0)
        return r;
    a->stats.removed += removed;
    ref = S_ISDIR(st.st_mode) ? oci_dirs_find(a->dirs, &st) : OCI_DIRS_NONE;
    if (ref != OCI_DIRS_NONE)
        oci_dirs_hide(a->dirs, ref, a->layer, false);
    return 0;
}

static int hide_name(oci_applier *a, oci_span dir, const char *base, oci_error *err)
{
    OCI_AUTO_BUF oci_buf path = OCI_BUF_INIT;
    OCI_AUTO_FD int dirfd = -1;
    const char *name;
    int r = oci_buf_append(&path, dir.data, dir.len, err);

    if (r == 0 && dir.len > 0)
        r = oci_buf_putc(&path, '/', err);
    if (r == 0)
        r = oci_buf_puts(&path, base, err);
    if (r < 0)
        return r;
    r = oci_root_open_parent(&a->root, path.data, NULL, &dirfd, &name, err);
    if (r < 0)
        return is_absent(r) ? 0 : r;
    return hide_entry(a, dirfd, dir, name, err);
}

static int hide_below(oci_applier *a, oci_span dir, oci_error *err)
{
    OCI_AUTO_MEM char *path = oci_strndup(dir.data, dir.len);
    OCI_AUTO_FD int fd = -1;
    uint64_t removed = 0;
    struct stat st;
    uint32_t ref;
    int r;

    if (path == NULL)
        return oci_fail_nomem(err);
    r = oci_root_open(&a->root, path, O_RDONLY | O_DIRECTORY, &fd, err);
    if (r < 0)
        return is_absent(r) ? 0 : r;
    if (fstat(fd, &st) < 0)
        return oci_fail_errno(err, "look at the directory '%s'", path);
    if (is_hidden(a, oci_dirs_find(a->dirs, &st)))
        return 0;
    oci_place_forget(a);
    r = oci_place_touch(a, fd, dir, &st, &ref, err);
    if (r == 0)
        r = oci_dir_clear(fd, is_made, a, &removed, err);
    if (r < 0)
        return r;
    a->stats.removed += removed;
    oci_dirs_hide(a->dirs, ref, a->layer, true);
    return 0;
}

/* ---- the loop ---- */

static int apply_entry(oci_applier *a, const oci_tar_entry *e, oci_tar_reader *t, oci_error *err)
{
    oci_plan plan;
    int r = oci_plan_entry(e, &plan, err);

    if (r < 0)
        return r;
    switch (plan.action) {
    case OCI_ACTION_SKIP:
        if (e->type == OCI_TAR_UNKNOWN)
            a->left_out.unknown++;
        return 0;
    case OCI_ACTION_ROOT:
        return oci_apply_root(a, e, err);
    case OCI_ACTION_WHITEOUT:
        a->left_out.full += e->size > 0 ? 1 : 0;
        return hide_name(a, plan.dir, plan.base, err);
    case OCI_ACTION_OPAQUE:
        a->left_out.full += e->size > 0 ? 1 : 0;
        return hide_below(a, plan.dir, err);
    case OCI_ACTION_PUT:
        return oci_apply_put(a, e, t, err);
    }
    return oci_fail(err, OCI_E_INTERNAL, "no such action: %d", (int)plan.action);
}

int oci_apply_count(oci_applier *a, oci_error *err)
{
    if (a->entries == a->limits.max_entries)
        return oci_fail(err, OCI_E_LIMIT, "the layers have more than the limit of %llu entries",
                        (unsigned long long)a->limits.max_entries);
    a->entries++;
    return 0;
}

static int apply_entries(oci_applier *a, oci_tar_reader *t, oci_error *err)
{
    const oci_tar_entry *e;
    int r;

    while ((r = oci_tar_reader_next(t, &e, err)) > 0) {
        r = oci_apply_count(a, err);
        if (r < 0)
            return r;
        a->stats.entries++;
        r = oci_check_cancelled(a->events, err);
        if (r == 0)
            r = oci_wrap(err, apply_entry(a, e, t, err), "'%s'", e->stored_name);
        if (r < 0)
            return r;
    }
    return r < 0 ? r : oci_apply_late_links(a, err);
}

static int check_usable(const oci_applier *a, oci_error *err)
{
    if (a->finished)
        return oci_fail(err, OCI_E_USAGE, "the applier is finished");
    if (a->broken)
        return oci_fail(err, OCI_E_USAGE, "a layer has failed before");
    return 0;
}

int oci_applier_apply(oci_applier *a, oci_reader *layer, oci_apply_stats *stats, oci_error *err)
{
    OCI_AUTO(oci_tar_reader) t = NULL;
    int r = check_usable(a, err);

    if (r < 0)
        return r;
    a->layer++;
    a->source = layer;
    a->stats = (oci_apply_stats) { 0 };
    r = oci_tar_reader_new(layer, a->events, &t, err);
    if (r == 0)
        r = apply_entries(a, t, err);
    a->source = NULL;
    oci_table_clear(&a->made);
    oci_late_forget(&a->late);
    a->broken = r < 0;
    if (r == 0 && stats != NULL)
        *stats = a->stats;
    return r;
}

/* ---- beginning and end ---- */

int oci_applier_new(int rootfd, const oci_apply_options *o, oci_applier **out, oci_error *err)
{
    OCI_AUTO(oci_applier) a = oci_calloc(1, sizeof *a);
    struct stat st;
    int r;

    if (a == NULL)
        return oci_fail_nomem(err);
    a->root = (oci_root)OCI_ROOT_INIT(rootfd);
    a->parent.fd = a->stand_in.fd = -1;
    a->umask = oci_apply_umask(0777);
    if (o != NULL)
        a->options = *o;
    a->limits = oci_limits_resolve(a->options.limits);
    a->events = a->options.events;
    if (fstat(rootfd, &st) < 0)
        return oci_fail_errno(err, "look at the root");
    if (!S_ISDIR(st.st_mode))
        return oci_fail(err, OCI_E_USAGE, "the root is not a directory");
    r = oci_dirs_new(&st, &a->dirs, err);
    if (r < 0)
        return r;
    oci_table_init(&a->made);
    r = oci_late_init(&a->late, err);
    if (r < 0)
        return r;
    r = oci_ident_init(&a->ident, &a->options, err);
    if (r < 0)
        return r;
    if (a->options.snapshot && (r = oci_facts_new(&a->facts, err)) < 0)
        return r;
    *out = oci_steal(&a);
    return 0;
}

static void tell(const oci_applier *a, uint64_t n, const char *what)
{
    if (n > 0)
        oci_warn(a->events, "%s: %llu", what, (unsigned long long)n);
}

int oci_applier_finish(oci_applier *a, oci_error *err)
{
    const oci_left_out *out = &a->left_out;
    int r = check_usable(a, err);

    if (r == 0)
        r = oci_stand_in_finish(a, err);
    if (r == 0)
        r = oci_settle_dirs(a, err);
    a->broken = r < 0;
    if (r < 0)
        return r;
    a->finished = true;
    tell(a, out->xattrs, "extended attributes left out, which cannot be set here");
    tell(a, out->owners, "owners left out, which cannot be set here");
    tell(a, out->modes, "modes left out, which cannot be set here");
    tell(a, out->times, "times left out, which cannot be set here");
    tell(a, out->links, "hard links made as copies, for lack of such links here");
    tell(a, out->devices, "devices made as empty files, for lack of privileges");
    tell(a, out->unknown, "entries of unknown types left out");
    tell(a, out->duplicates, "names with more than one entry in a layer, of which the last counts");
    tell(a, out->full, "whiteouts with content, which means nothing");
    return 0;
}

void oci_applier_free(oci_applier *a)
{
    if (a == NULL)
        return;
    oci_late_clear(&a->late);
    oci_closep_(&a->stand_in.fd);
    oci_closep_(&a->parent.fd);
    oci_buf_free(&a->parent.path);
    oci_table_free(&a->made);
    oci_facts_free(a->facts);
    oci_dirs_free(a->dirs);
    oci_free(a);
}
