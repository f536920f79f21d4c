/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walking through a tree. The walk holds the names that are left of each directory on the way, and one descriptor; the
 * way up is "..", believed when it is the directory the walk came from.
 */
#include "os.h"

#include "base/event.h"
#include "base/fail.h"
#include "base/vec.h"

struct level {
    struct stat st;
    oci_names names;
    size_t next; /* of the names */
};

struct walk {
    const oci_tree_visitor *visitor;
    int top; /* borrowed */
    int fd;  /* of the last level; owned unless it is top */
    struct {
        struct level *items;
        size_t count, cap;
    } levels;
};

static int replaced(oci_error *err)
{
    return oci_fail(err, OCI_E_CONFLICT, "a directory was replaced");
}

static void leave(struct walk *w)
{
    if (w->fd != w->top)
        oci_closep_(&w->fd);
    w->fd = w->top;
}

/* Goes into the directory fd (taken unless it is the top), which was found as st. */
static int enter(struct walk *w, int fd, const struct stat *st, oci_error *err)
{
    struct level level = { .next = 0 };
    int r;

    leave(w);
    w->fd = fd;
    if (fstat(fd, &level.st) < 0)
        return oci_fail_errno(err, "look at a directory");
    if (!oci_is_same_file(&level.st, st))
        return replaced(err);
    r = oci_dir_names(fd, true, &level.names, err);
    if (r < 0)
        return r;
    if (!OCI_VEC_PUSH(&w->levels, level)) {
        oci_names_free(&level.names);
        return oci_fail_nomem(err);
    }
    return 0;
}

static int go_up(struct walk *w, oci_error *err)
{
    OCI_AUTO_FD int up = -1;
    struct stat st;
    int r;

    oci_names_free(&w->levels.items[--w->levels.count].names);
    r = w->visitor->leave != NULL ? w->visitor->leave(w->visitor->ctx, err) : 0;
    if (r < 0 || w->levels.count == 0)
        return r;
    r = oci_dir_open_up(w->fd, &up, err);
    if (r < 0)
        return r;
    if (fstat(up, &st) < 0)
        return oci_fail_errno(err, "look at a directory");
    if (!oci_is_same_file(&st, &w->levels.items[w->levels.count - 1].st))
        return oci_fail(err, OCI_E_CONFLICT, "a directory was moved");
    leave(w);
    if (w->levels.count > 1)
        w->fd = oci_steal_fd(&up);
    return 0;
}

static int visit(struct walk *w, const struct level *level, const oci_dir_name *found, oci_error *err)
{
    const char *name = found->text;
    struct stat st;
    int fd, r;

    if (w->visitor->known != NULL && w->visitor->known(w->visitor->ctx, &level->st, found, &st))
        r = 1;
    else
        r = oci_entry_stat(w->fd, name, &st, err);
    if (r == 0)
        return oci_fail(err, OCI_E_CONFLICT, "'%s' is gone", name);
    if (r > 0)
        r = w->visitor->entry(w->visitor->ctx, w->fd, name, &st, err);
    if (r != 0 || !S_ISDIR(st.st_mode))
        return r < 0 ? r : 0;
    r = oci_entry_open_dir(w->fd, name, &fd, err);
    if (r == OCI_E_NOT_FOUND || r == OCI_E_INVALID)
        return replaced(err);
    return r < 0 ? r : enter(w, fd, &st, err);
}

static int walk(struct walk *w, const oci_events *events, oci_error *err)
{
    struct stat st;
    int r;

    if (fstat(w->top, &st) < 0)
        return oci_fail_errno(err, "look at the root");
    r = w->visitor->entry(w->visitor->ctx, w->top, ".", &st, err);
    if (r == 0)
        r = enter(w, w->top, &st, err);
    while (r == 0 && w->levels.count > 0) {
        struct level *level = &w->levels.items[w->levels.count - 1];

        r = oci_check_cancelled(events, err);
        if (r == 0)
            r = level->next < level->names.count ? visit(w, level, &level->names.items[level->next++], err)
                                                 : go_up(w, err);
    }
    return r < 0 ? r : 0;
}

int oci_tree_walk(int fd, const oci_tree_visitor *visitor, const oci_events *events, oci_error *err)
{
    struct walk w = { .visitor = visitor, .top = fd, .fd = fd };
    int r = walk(&w, events, err);

    leave(&w);
    while (w.levels.count > 0)
        oci_names_free(&w.levels.items[--w.levels.count].names);
    oci_free(w.levels.items);
    return r;
}
