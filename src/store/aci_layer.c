/* SPDX-License-Identifier: Apache-2.0 */
/* The layer of an ACI: its members below rootfs, with the names that they have there. */
#include <stdlib.h>
#include <string.h>

#include "aci.h"
#include "base/alloc.h"
#include "base/event.h"
#include "base/fail.h"
#include "base/map.h"
#include "stream/stream.h"

/* "rootfs/usr" is "usr" in the layer, and "rootfs" is its root, "". */
static const char *name_in_layer(const char *name)
{
    size_t n = strlen(oci_aci_rootfs);

    return name[n] == '/' ? name + n + 1 : name + n;
}

/* ---- what is in it ---- */

/* While the members are chosen: wanted tells of each member of the archive whether it is in the layer. */
struct choice {
    const oci_archive *a;
    bool *wanted;
    oci_map *paths; /* NULL: all */
};

static int read_paths(struct choice *c, const oci_value *paths, oci_error *err)
{
    char normal[OCI_TAR_PATH_MAX + 1];

    if (paths == NULL || oci_value_count(paths) == 0)
        return 0;
    c->paths = oci_map_new();
    if (c->paths == NULL)
        return oci_fail_nomem(err);
    for (size_t i = 0; i < oci_value_count(paths); i++) {
        const char *path = oci_value_text(oci_value_item(paths, i));
        size_t len = 0;
        int r;

        if (path == NULL || path[0] != '/' || strlen(path) > OCI_TAR_PATH_MAX)
            return oci_fail(err, OCI_E_INVALID, "/pathWhitelist/%zu: expected an absolute path", i);
        r = oci_tar_name_normalise(path, strlen(path), normal, &len, err);
        if (r < 0)
            return oci_wrap(err, r, "/pathWhitelist/%zu", i);
        if (oci_map_set(c->paths, normal, len, NULL) < 0)
            return oci_fail_nomem(err);
    }
    return 0;
}

/* What is in a directory follows it, so that from the end on it is known of each whether something in it is wanted. */
static size_t mark_wanted(struct choice *c)
{
    const oci_member *last = NULL;
    size_t count = 0;

    for (size_t i = oci_archive_count(c->a); i-- > 0;) {
        const oci_member *m = oci_archive_member(c->a, i);
        const char *name;

        if (m->facts == NULL)
            continue;
        name = name_in_layer(m->name);
        if (c->paths != NULL && name[0] != '\0' && !oci_map_get(c->paths, name, strlen(name), NULL) &&
            !(last != NULL && oci_member_is_below(last, m->name)))
            continue;
        c->wanted[i] = true;
        last = m;
        count++;
    }
    return count;
}

/* A hard link needs a file that is in the layer before it. */
static int check_link(const struct choice *c, const oci_member *m, oci_error *err)
{
    const oci_member *target = oci_archive_get(c->a, m->link);

    if (target != NULL && target->facts == NULL)
        return oci_fail(err, OCI_E_UNSAFE, "'%s' is a hard link out of rootfs, to '%s'", m->name, m->link);
    if (target == NULL || target->type == OCI_TAR_DIR || target->order >= m->order ||
        !c->wanted[target - oci_archive_member(c->a, 0)])
        return oci_fail(err, OCI_E_INVALID, "'%s' is a hard link to '%s', which is no file before it", m->name,
                        m->link);
    return 0;
}

static int check_member(const struct choice *c, const oci_member *m, oci_error *err)
{
    if (m->facts == NULL && strcmp(m->name, oci_aci_manifest) != 0)
        return oci_fail(err, OCI_E_INVALID, "'%s' is neither the manifest nor in rootfs", m->name);
    if (strcmp(m->name, oci_aci_rootfs) == 0 && m->type != OCI_TAR_DIR)
        return oci_fail(err, OCI_E_INVALID, "rootfs is not a directory");
    if (m->type == OCI_TAR_UNKNOWN)
        return oci_fail(err, OCI_E_INVALID, "'%s' is of an unknown type", m->name);
    if (m->facts != NULL && strstr(m->name, "/.wh.") != NULL)
        return oci_fail(err, OCI_E_INVALID, "'%s' has a name that layers reserve for whiteouts", m->name);
    return m->facts != NULL && m->type == OCI_TAR_HARDLINK ? check_link(c, m, err) : 0;
}

static int compare_order(const void *a, const void *b)
{
    const oci_member *x = *(const oci_member *const *)a, *y = *(const oci_member *const *)b;

    return (x->order > y->order) - (x->order < y->order);
}

static int collect(oci_aci_layer *l, struct choice *c, oci_error *err)
{
    size_t count = mark_wanted(c);

    if (count == 0)
        return oci_fail(err, OCI_E_INVALID, "there is no rootfs in it");
    l->members = oci_calloc(count, sizeof(const oci_member *));
    if (l->members == NULL)
        return oci_fail_nomem(err);
    for (size_t i = 0; i < oci_archive_count(c->a); i++) {
        const oci_member *m = oci_archive_member(c->a, i);
        int r = c->wanted[i] || m->facts == NULL ? check_member(c, m, err) : 0;

        if (r < 0)
            return r;
        if (c->wanted[i])
            l->members[l->count++] = m;
    }
    qsort(l->members, l->count, sizeof(const oci_member *), compare_order);
    return 0;
}

int oci_aci_layer_choose(oci_aci_layer *l, const oci_value *paths, oci_error *err)
{
    struct choice c = { .a = l->archive };
    int r = read_paths(&c, paths, err);

    if (r == 0)
        c.wanted = oci_calloc(oci_archive_count(c.a), sizeof *c.wanted);
    if (r == 0)
        r = c.wanted != NULL ? collect(l, &c, err) : oci_fail_nomem(err);
    oci_map_free(c.paths);
    oci_free(c.wanted);
    return r;
}

void oci_aci_layer_free(oci_aci_layer *l)
{
    oci_free(l->members);
    *l = (oci_aci_layer) { 0 };
}

/* ---- as a tar ---- */

struct layer_reader {
    oci_reader r;
    const oci_aci_layer *layer;
    oci_buf piece; /* what the writer below has written since the last call */
    oci_writer *writer;
    oci_tar_writer *tar;
    size_t next;      /* the member that comes next */
    oci_reader *data; /* of the member before, or NULL */
    bool ended;
};

static int write_entry(struct layer_reader *l, oci_error *err)
{
    const oci_member *m = l->layer->members[l->next++];
    oci_tar_entry e = *m->facts;
    int r;

    e.name = name_in_layer(m->name);
    e.name_len = strlen(e.name);
    if (e.type == OCI_TAR_HARDLINK)
        e.link = name_in_layer(m->link);
    r = oci_tar_writer_entry(l->tar, &e, err);
    if (r == 0 && e.type == OCI_TAR_FILE && e.size > 0)
        r = oci_archive_read(l->layer->archive, m, &l->data, err);
    return oci_wrap(err, r, "'%s'", m->name);
}

static int write_data(struct layer_reader *l, oci_error *err)
{
    oci_span span;
    int r = oci_reader_next(l->data, &span, err);

    if (r == 0 && span.len > 0)
        return oci_tar_writer_data(l->tar, span.data, span.len, err);
    oci_reader_free(oci_steal(&l->data));
    return r;
}

static int layer_next(oci_reader *r, oci_span *out, oci_error *err)
{
    struct layer_reader *l = (struct layer_reader *)r;
    int result = oci_check_cancelled(l->layer->events, err);

    l->piece.len = 0;
    while (result == 0 && l->piece.len == 0 && !l->ended) {
        if (l->data != NULL) {
            result = write_data(l, err);
        } else if (l->next < l->layer->count) {
            result = write_entry(l, err);
        } else {
            result = oci_tar_writer_finish(l->tar, err);
            l->ended = true;
        }
    }
    *out = (oci_span) { l->piece.data, l->piece.len };
    return result;
}

static void layer_free(oci_reader *r)
{
    struct layer_reader *l = (struct layer_reader *)r;

    oci_reader_free(l->data);
    oci_tar_writer_free(l->tar);
    oci_writer_free(l->writer);
    oci_buf_free(&l->piece);
}

int oci_aci_layer_read(const oci_aci_layer *layer, oci_reader **out, oci_error *err)
{
    static const oci_reader_ops ops = { layer_next, layer_free, NULL };
    struct layer_reader *l = oci_calloc(1, sizeof *l);
    OCI_AUTO(oci_reader) guard = l != NULL ? &l->r : NULL;
    int r;

    if (l == NULL)
        return oci_fail_nomem(err);
    l->r.ops = &ops;
    l->layer = layer;
    r = oci_writer_to_buf(&l->piece, &l->writer, err);
    if (r == 0)
        r = oci_tar_writer_new(l->writer, &l->tar, err);
    if (r == 0)
        *out = oci_steal(&guard);
    return r;
}
