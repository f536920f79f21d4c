/* SPDX-License-Identifier: Apache-2.0 */
/* Images that become parts of an index of several platforms. */
#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "base/vec.h"
#include "copy.h"
#include "image.h"
#include "merge.h"
#include "spec/spec.h"
#include "store/layout.h"

struct oci_joined {
    char *name;
    oci_merge *merge;
};

void oci_copier_free_joined(oci_copier *c)
{
    for (size_t i = 0; i < c->joined.count; i++) {
        oci_merge_free(c->joined.items[i].merge);
        oci_free(c->joined.items[i].name);
    }
    oci_free(c->joined.items);
    oci_map_free(c->merges);
    oci_entries_free(c->entries);
}

/* Other transactions of the destination give it another index, and the entries are borrowed from the one before. */
static int refresh_entries(oci_copier *c, oci_error *err)
{
    if (c->entries != NULL && c->entries_of == c->to->index_changes)
        return 0;
    oci_entries_free(c->entries);
    c->entries = NULL;
    c->entries_of = c->to->index_changes;
    return oci_entries_new(c->to->index, &c->entries, err);
}

/* The index in the making that is to be called name. */
static int find_joined(oci_copier *c, const char *name, oci_merge **out, oci_error *err)
{
    OCI_AUTO_MEM char *copy = NULL;
    OCI_AUTO(oci_merge) merge = NULL;
    void *known = NULL;
    int r;

    if (oci_map_get(c->merges, name, strlen(name), &known)) {
        *out = known;
        return 0;
    }
    copy = oci_strdup(name);
    if (copy == NULL)
        return oci_fail_nomem(err);
    r = refresh_entries(c, err);
    if (r == 0)
        r = oci_merge_new(c->to, c->o.joining == OCI_JOIN_ANEW ? NULL : c->entries, copy, &c->limits, &c->room, &merge,
                          err);
    if (r < 0)
        return r;
    if (!OCI_VEC_PUSH(&c->joined, (struct oci_joined) { copy, merge }))
        return oci_fail_nomem(err);
    copy = NULL;
    *out = oci_steal(&merge);
    return oci_map_set(c->merges, name, strlen(name), *out) < 0 ? oci_fail_nomem(err) : 0;
}

/* A manifest; its platform is told by what it was before it was copied. */
static int join_manifest(oci_copier *c, oci_merge *m, const oci_descriptor *d, oci_error *err)
{
    OCI_AUTO(oci_config) config = NULL;
    oci_descriptor told = *d, entry;
    oci_platform platform;
    oci_copied now;
    int r = oci_copy_graph(c, d, &now, err);

    if (r == 0)
        r = oci_tell_platform(c->from, &c->limits, &told, &platform, &config, err);
    /* Of what the copy may lack nobody can tell. */
    if (r == OCI_E_NOT_FOUND)
        r = 0;
    if (r < 0)
        return r;
    entry = oci_copied_descriptor(&told, &now);
    return oci_merge_add(m, &entry, err);
}

int oci_copier_join(oci_copier *c, const oci_descriptor *d, const char *name, oci_error *err)
{
    OCI_AUTO(oci_index) index = NULL;
    oci_merge *m = NULL;
    int r;

    if (name == NULL)
        return oci_fail(err, OCI_E_USAGE, "what has no name cannot be merged with anything");
    r = find_joined(c, name, &m, err);
    if (r < 0)
        return r;
    if (oci_media_type_info(d->media_type).kind != OCI_MEDIA_INDEX)
        return join_manifest(c, m, d, err);
    r = oci_read_index(c->from, d, &c->limits, &index, err);
    for (size_t i = 0; r == 0 && i < index->n_manifests; i++)
        r = join_manifest(c, m, index->manifests[i], err);
    return r;
}

int oci_copier_remove(oci_copier *c, const char *name, const oci_platform *p, const char *digest, oci_error *err)
{
    oci_merge *m = NULL;
    int r;

    if (c->txn == NULL || c->o.joining != OCI_JOIN_MERGE)
        return oci_fail(err, OCI_E_USAGE, "this copier does not merge");
    r = find_joined(c, name, &m, err);
    return r == 0 ? oci_merge_remove(m, p, digest, err) : r;
}

int oci_copier_set_joined(void *copier, oci_txn *t, const oci_entries *entries, oci_error *err)
{
    const oci_copier *c = copier;
    int r = 0;

    for (size_t i = 0; r == 0 && i < c->joined.count; i++)
        r = oci_merge_set(c->joined.items[i].merge, t, entries, c->o.annotations, err);
    return r;
}
