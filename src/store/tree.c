/* SPDX-License-Identifier: Apache-2.0 */
/* What lies in the directory of a layout, whether it belongs there or not. */
#include "layout.h"

#include <string.h>

#include "base/buf.h"
#include "base/fail.h"
#include "os/os.h"

/* Below blobs are the algorithms, below these the blobs. */
enum { DEEPEST = 2 };

struct tree {
    oci_each_name *each;
    void *ctx;
    oci_buf path;
};

static int walk(struct tree *t, int dirfd, unsigned depth, oci_error *err);

static int visit(struct tree *t, int dirfd, const char *name, unsigned depth, oci_error *err)
{
    OCI_AUTO_FD int fd = -1;
    oci_tree_type type = OCI_TREE_OTHER;
    struct stat st;
    int r = oci_entry_stat(dirfd, name, &st, err);

    /* What has just been taken away was not there. */
    if (r <= 0)
        return r;
    if (S_ISDIR(st.st_mode))
        type = OCI_TREE_DIR;
    else if (S_ISLNK(st.st_mode))
        type = OCI_TREE_LINK;
    else if (S_ISREG(st.st_mode))
        type = OCI_TREE_FILE;
    r = t->each(t->ctx, t->path.data, type, err);
    if (r != 0 || type != OCI_TREE_DIR || depth >= DEEPEST || (depth == 0 && strcmp(name, "blobs") != 0))
        return r;
    r = oci_entry_open_dir(dirfd, name, &fd, err);
    return r < 0 ? oci_wrap(err, r, "%s", t->path.data) : walk(t, fd, depth + 1, err);
}

static int walk(struct tree *t, int dirfd, unsigned depth, oci_error *err)
{
    size_t len = t->path.len;
    oci_names names = { 0 };
    int r = oci_dir_names(dirfd, true, &names, err);

    for (size_t i = 0; r == 0 && i < names.count; i++) {
        r = oci_buf_printf(&t->path, err, "%s%s", len > 0 ? "/" : "", names.items[i].text);
        if (r == 0)
            r = visit(t, dirfd, names.items[i].text, depth, err);
        t->path.len = len;
    }
    oci_names_free(&names);
    return r;
}

int oci_layout_each_name(oci_layout *l, oci_each_name *each, void *ctx, oci_error *err)
{
    struct tree t = { .each = each, .ctx = ctx };
    int r;

    if (l->store->ops->each_name != NULL)
        return l->store->ops->each_name(l->store, each, ctx, err);
    r = walk(&t, l->fd, 0, err);
    oci_buf_free(&t.path);
    return r;
}
