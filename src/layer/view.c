/* SPDX-License-Identifier: Apache-2.0 */
#include "view.h"

#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/event.h"
#include "base/fail.h"
#include "late.h"
#include "nametree.h"
#include "plan.h"

struct oci_view {
    oci_limits limits;
    const oci_events *events;
    oci_nametree tree;
    uint64_t entries; /* of all layers */
    uint64_t number;  /* of the next one of this layer */
    oci_late_links late;
};

/* ---- whiteouts ---- */

static bool is_absent(int r)
{
    return r == OCI_E_NOT_FOUND || r == OCI_E_INVALID;
}

/* What becomes of a name below which all has been judged. */
static void judge(oci_view *v, uint32_t i)
{
    oci_name *name = oci_name_at(&v->tree, i);

    if (name->layer != v->tree.layer &&
        (!oci_node_is_dir(&v->tree, name->node) || oci_node_at(&v->tree, name->node)->first == OCI_NUMBER_NONE))
        oci_name_drop(&v->tree, i);
    else if (oci_node_is_dir(&v->tree, name->node))
        oci_node_at(&v->tree, name->node)->hid = v->tree.layer;
}

/* Goes down to the first name that has not been judged: nothing older is left below a directory that was hidden before.
 */
static uint32_t first_to_judge(const oci_view *v, uint32_t name)
{
    for (;;) {
        uint32_t node = oci_name_at(&v->tree, name)->node;

        if (!oci_node_is_dir(&v->tree, node) || oci_node_at(&v->tree, node)->first == OCI_NUMBER_NONE ||
            oci_node_at(&v->tree, node)->hid == v->tree.layer)
            return name;
        name = oci_node_at(&v->tree, node)->first;
    }
}

/* Hides what lower layers have at the name and below it. */
static void hide_name(oci_view *v, uint32_t top)
{
    uint32_t at = first_to_judge(v, top);

    for (;;) {
        oci_name name = *oci_name_at(&v->tree, at);

        judge(v, at);
        if (at == top)
            return;
        at = name.next != OCI_NUMBER_NONE ? first_to_judge(v, name.next) : oci_node_at(&v->tree, name.dir)->name;
    }
}

static void hide_below(oci_view *v, uint32_t dir)
{
    if (oci_node_at(&v->tree, dir)->hid == v->tree.layer)
        return;
    for (uint32_t at = oci_node_at(&v->tree, dir)->first, next; at != OCI_NUMBER_NONE; at = next) {
        next = oci_name_at(&v->tree, at)->next;
        hide_name(v, at);
    }
    oci_node_at(&v->tree, dir)->hid = v->tree.layer;
}

static int whiteout(oci_view *v, const oci_plan *plan, oci_error *err)
{
    oci_error why = OCI_ERROR_INIT;
    uint32_t dir, name;
    int r = oci_nametree_find_dir(&v->tree, plan->dir.data, plan->dir.len, false, &dir, &why);

    if (is_absent(r))
        return 0;
    if (r < 0)
        return oci_fail(err, r, "%s", why.msg);
    if (plan->action == OCI_ACTION_OPAQUE) {
        hide_below(v, dir);
        return 0;
    }
    name = oci_name_find(&v->tree, dir, plan->base, strlen(plan->base));
    if (name != OCI_NUMBER_NONE)
        hide_name(v, name);
    return 0;
}

/* ---- entries ---- */

/* A directory over a directory stays; whatever else is there gives way. */
static int put_entry(oci_view *v, const oci_tar_entry *e, uint64_t number, oci_error *err)
{
    uint32_t dir, there, node;
    const char *base;
    int r = oci_nametree_find_parent(&v->tree, e->name, true, &dir, &base, err);

    if (r < 0)
        return r;
    there = oci_name_find(&v->tree, dir, base, strlen(base));
    if (there != OCI_NUMBER_NONE && e->type == OCI_TAR_DIR &&
        oci_node_is_dir(&v->tree, oci_name_at(&v->tree, there)->node)) {
        oci_name_at(&v->tree, there)->layer = v->tree.layer;
        return 0;
    }
    if (there != OCI_NUMBER_NONE)
        oci_name_remove(&v->tree, there);
    r = oci_node_add(&v->tree, e->type, e->type == OCI_TAR_SYMLINK ? e->link : NULL, &node, err);
    if (r < 0)
        return r;
    oci_node_at(&v->tree, node)->file = (oci_view_file) { v->tree.layer - 1, number, e->size };
    r = oci_name_put(&v->tree, dir, base, strlen(base), node, err);
    if (r < 0)
        oci_node_drop(&v->tree, node);
    return r;
}

/* ---- hard links ---- */

/* 1 and the name that the link leads to, 0 when it is not there. */
static int find_target(oci_view *v, const char *path, uint32_t *name, oci_error *err)
{
    oci_error why = OCI_ERROR_INIT;
    const char *base;
    uint32_t dir;
    int r;

    if (path == NULL || path[0] == '\0')
        return oci_fail(err, OCI_E_INVALID, "a hard link to the root cannot be");
    r = oci_nametree_find_parent(&v->tree, path, false, &dir, &base, &why);
    if (is_absent(r))
        return 0;
    if (r < 0)
        return oci_fail(err, r, "%s", why.msg);
    *name = oci_name_find(&v->tree, dir, base, strlen(base));
    if (*name == OCI_NUMBER_NONE)
        return 0;
    if (oci_node_is_dir(&v->tree, oci_name_at(&v->tree, *name)->node))
        return oci_fail(err, OCI_E_INVALID, "the hard link leads to '%s', which is a directory", path);
    return 1;
}

static int fail_missing(const char *target, oci_error *err)
{
    return oci_fail(err, OCI_E_INVALID, "the hard link leads to '%s', which is not there", target);
}

/* Whether what is at the name goes when the name above is removed. */
static bool is_below(const oci_view *v, uint32_t name, uint32_t above)
{
    for (uint32_t at = name; at != OCI_NUMBER_NONE; at = oci_node_at(&v->tree, oci_name_at(&v->tree, at)->dir)->name)
        if (at == above)
            return true;
    return false;
}

/* Puts a link to the name target, found at path, into its place. The way that path took may go with what is there: it
 * has done its work. */
static int put_link(oci_view *v, uint32_t dir, const char *base, uint32_t target, const char *path, oci_error *err)
{
    uint32_t there = oci_name_find(&v->tree, dir, base, strlen(base));
    uint32_t node = oci_name_at(&v->tree, target)->node;

    if (there != OCI_NUMBER_NONE && there == target)
        return oci_fail(err, OCI_E_INVALID, "the hard link leads to itself");
    if (there != OCI_NUMBER_NONE && oci_node_is_dir(&v->tree, oci_name_at(&v->tree, there)->node) &&
        is_below(v, target, there))
        return fail_missing(path, err);
    if (there != OCI_NUMBER_NONE)
        oci_name_remove(&v->tree, there);
    return oci_name_put(&v->tree, dir, base, strlen(base), node, err);
}

static int put_hardlink(oci_view *v, const oci_tar_entry *e, oci_error *err)
{
    uint32_t dir, target, there;
    const char *base;
    int r = find_target(v, e->link, &target, err), found = r;

    if (r >= 0)
        r = oci_nametree_find_parent(&v->tree, e->name, true, &dir, &base, err);
    if (r < 0)
        return r;
    if (found > 0)
        return put_link(v, dir, base, target, e->link, err);
    there = oci_name_find(&v->tree, dir, base, strlen(base));
    if (there != OCI_NUMBER_NONE)
        oci_name_remove(&v->tree, there);
    return oci_late_add(&v->late, e->name, e->link, err);
}

static int link_late(void *ctx, const oci_late_link *late, oci_error *err)
{
    oci_view *v = ctx;
    uint32_t dir, target, there;
    const char *base;
    int r = oci_nametree_find_parent(&v->tree, late->name, true, &dir, &base, err);

    if (r < 0)
        return r;
    there = oci_name_find(&v->tree, dir, base, strlen(base));
    if (there != OCI_NUMBER_NONE && oci_name_at(&v->tree, there)->layer == v->tree.layer)
        return 0; /* a later entry has taken the name */
    r = find_target(v, late->target, &target, err);
    if (r == 0)
        return fail_missing(late->target, err);
    return r < 0 ? r : put_link(v, dir, base, target, late->target, err);
}

/* ---- the loop ---- */

static int apply_entry(oci_view *v, const oci_tar_entry *e, uint64_t number, oci_error *err)
{
    oci_plan plan;
    int r = oci_plan_entry(e, &plan, err);

    if (r < 0)
        return r;
    switch (plan.action) {
    case OCI_ACTION_SKIP:
    case OCI_ACTION_ROOT:
        return 0;
    case OCI_ACTION_WHITEOUT:
    case OCI_ACTION_OPAQUE:
        return whiteout(v, &plan, err);
    case OCI_ACTION_PUT:
        return e->type == OCI_TAR_HARDLINK ? put_hardlink(v, e, err) : put_entry(v, e, number, err);
    }
    return oci_fail(err, OCI_E_INTERNAL, "no such action: %d", (int)plan.action);
}

void oci_view_begin_layer(oci_view *v)
{
    v->tree.layer++;
    v->number = 0;
}

bool oci_view_is_full(const oci_view *v)
{
    return v->entries + v->tree.made > v->limits.max_entries;
}

static int check_full(const oci_view *v, oci_error *err)
{
    if (!oci_view_is_full(v))
        return 0;
    return oci_fail(err, OCI_E_LIMIT, "the layers have more than the limit of %llu entries",
                    (unsigned long long)v->limits.max_entries);
}

int oci_view_entry(oci_view *v, const oci_tar_entry *e, oci_error *err)
{
    int r;

    v->entries++;
    r = check_full(v, err);
    if (r == 0)
        r = apply_entry(v, e, v->number++, err);
    /* It may have had directories made. */
    return r < 0 ? r : check_full(v, err);
}

int oci_view_end_layer(oci_view *v, oci_error *err)
{
    int r = oci_late_make(&v->late, link_late, v, err);

    return r < 0 ? r : check_full(v, err);
}

int oci_view_apply(oci_view *v, oci_reader *layer, oci_error *err)
{
    OCI_AUTO(oci_tar_reader) t = NULL;
    const oci_tar_entry *e;
    int r = oci_tar_reader_new(layer, v->events, &t, err);

    if (r < 0)
        return r;
    oci_view_begin_layer(v);
    while ((r = oci_tar_reader_next(t, &e, err)) > 0) {
        r = oci_check_cancelled(v->events, err);
        if (r == 0)
            r = oci_wrap(err, oci_view_entry(v, e, err), "'%s'", e->stored_name);
        if (r < 0)
            return r;
    }
    return r < 0 ? r : oci_view_end_layer(v, err);
}

int oci_view_has(oci_view *v, const char *path, bool *out, oci_error *err)
{
    oci_error why = OCI_ERROR_INIT;
    const char *base;
    uint32_t dir;
    int r;

    path += strspn(path, "/");
    r = oci_nametree_find_parent(&v->tree, path, false, &dir, &base, &why);
    *out = r == 0 && (*base == '\0' || oci_name_find(&v->tree, dir, base, strlen(base)) != OCI_NUMBER_NONE);
    return r == 0 || is_absent(r) ? 0 : oci_fail(err, r, "%s", why.msg);
}

int oci_view_find(oci_view *v, const char *path, oci_view_file *out, oci_error *err)
{
    uint32_t node;
    int r = oci_wrap(err, oci_nametree_find_end(&v->tree, path, &node, err), "'%s'", path);

    if (r < 0)
        return r;
    if (oci_node_at(&v->tree, node)->type != OCI_TAR_FILE)
        return oci_fail(err, OCI_E_INVALID, "'%s' is not a regular file", path);
    *out = oci_node_at(&v->tree, node)->file;
    return 0;
}

/* ---- all of it ---- */

int oci_view_each(oci_view *v,
                  int (*each)(void *ctx, const char *path, oci_tar_type type, const char *link, uint32_t file,
                              oci_error *err),
                  void *ctx, oci_error *err)
{
    OCI_AUTO_BUF oci_buf path = OCI_BUF_INIT;
    int r = 0;

    for (size_t i = 0; r == 0 && i < v->tree.names.count; i++) {
        const oci_name *name = oci_name_at(&v->tree, (uint32_t)i);
        const oci_node *node = oci_node_at(&v->tree, name->node);

        if (name->text == NULL)
            continue;
        r = oci_name_path(&v->tree, (uint32_t)i, &path, err);
        if (r == 0)
            r = each(ctx, path.data, node->type, node->link, name->node, err);
    }
    return r;
}

/* ---- beginning and end ---- */

int oci_view_new(const oci_limits *limits, const oci_events *events, oci_view **out, oci_error *err)
{
    OCI_AUTO(oci_view) v = oci_calloc(1, sizeof *v);
    int r;

    if (v == NULL)
        return oci_fail_nomem(err);
    v->limits = oci_limits_resolve(limits);
    v->events = events;
    r = oci_nametree_init(&v->tree, err);
    if (r == 0)
        r = oci_late_init(&v->late, err);
    if (r < 0)
        return r;
    *out = oci_steal(&v);
    return 0;
}

void oci_view_free(oci_view *v)
{
    if (v == NULL)
        return;
    oci_nametree_clear(&v->tree);
    oci_late_clear(&v->late);
    oci_free(v);
}
