/* SPDX-License-Identifier: Apache-2.0 */
#include "copy.h"

#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "image.h"
#include "merge.h"
#include "spec/spec.h"
#include "store/layout.h"
#include "store/store.h"

int oci_copier_new(oci_layout *to, const oci_copier_options *o, oci_copier **out, oci_error *err)
{
    OCI_AUTO(oci_copier) c = oci_calloc(1, sizeof *c);
    int r;

    if (c == NULL)
        return oci_fail_nomem(err);
    c->to = to;
    c->o = o != NULL ? *o : (oci_copier_options) { 0 };
    c->limits = oci_limits_resolve(c->o.limits);
    c->room = OCI_MAX_JOINED;
    c->arena = oci_arena_new(0);
    c->copied = oci_map_new();
    c->named = oci_map_new();
    c->merges = oci_map_new();
    c->referrers = oci_map_new();
    if (c->arena == NULL || c->copied == NULL || c->named == NULL || c->merges == NULL || c->referrers == NULL)
        return oci_fail_nomem(err);
    if (c->o.referrers && (c->o.recompress || c->o.format != OCI_FORMAT_KEEP))
        return oci_fail(err, OCI_E_USAGE, "referrers refer to a digest that the image would not keep");
    r = oci_txn_begin(to, &c->txn, err);
    if (r < 0)
        return r;
    *out = oci_steal(&c);
    return 0;
}

void oci_copier_free(oci_copier *c)
{
    if (c == NULL)
        return;
    oci_copier_free_joined(c);
    oci_txn_abort(c->txn);
    oci_map_free(c->copied);
    oci_map_free(c->named);
    oci_map_free(c->referrers);
    oci_free(c->fresh.items);
    oci_arena_free(c->arena);
    oci_free(c);
}

/* The first entry that this copier calls so takes the name from others. */
int oci_copier_set(oci_copier *c, const char *name, const oci_descriptor *d, oci_error *err)
{
    int r = name != NULL ? oci_map_set(c->named, name, strlen(name), NULL) : 1;

    if (r < 0)
        return oci_fail_nomem(err);
    return r > 0 ? oci_txn_set_ref(c->txn, name, d, err) : oci_txn_add_ref(c->txn, name, d, err);
}

int oci_copier_add(oci_copier *c, oci_layout *from, const oci_descriptor *d, const char *name, oci_error *err)
{
    oci_descriptor entry;
    oci_copied now;
    int r;

    if (c->txn == NULL)
        return oci_fail(err, OCI_E_USAGE, "these copies were committed already");
    c->from = oci_layout_store(from);
    if (c->o.joining != OCI_JOIN_REPLACE) {
        r = oci_copier_join(c, d, name, err);
    } else {
        r = oci_copy_graph(c, d, &now, err);
        if (r == 0) {
            entry = oci_copied_descriptor(d, &now);
            r = oci_copier_set(c, name, &entry, err);
        }
    }
    return r == 0 && c->o.referrers ? oci_copy_referrers(c, from, err) : r;
}

static const char *name_of(const oci_descriptor *d)
{
    return oci_annotations_get(d->annotations, OCI_ANNOTATION_REF_NAME);
}

/* One name can be given to one image, or to the entries that have been of one name. */
static int check_one_name(const oci_index *top, oci_error *err)
{
    for (size_t i = 1; i < top->n_manifests; i++) {
        const char *first = name_of(top->manifests[0]), *other = name_of(top->manifests[i]);

        if (first == NULL || other == NULL || strcmp(first, other) != 0)
            return oci_fail(err, OCI_E_USAGE, "there is more than one image to be given one name");
    }
    return 0;
}

/* All entries, or those that name means in that way. */
static int add_meant(oci_copier *c, oci_layout *from, oci_naming how, const char *name, const char *as, oci_error *err)
{
    const oci_index *top = oci_layout_index(from);
    int r = 0;

    for (size_t i = 0; r == 0 && i < top->n_manifests; i++) {
        const oci_descriptor *d = top->manifests[i];

        if (name != NULL && !oci_is_named(d, how, name))
            continue;
        if (as == NULL && name_of(d) != NULL && !oci_ref_name_is_wellformed(name_of(d)))
            return oci_fail(err, OCI_E_INVALID, "%s is called '%s', which is no name; it can be given another one",
                            d->digest_text, name_of(d));
        r = oci_copier_add(c, from, d, as != NULL ? as : name_of(d), err);
    }
    return r;
}

int oci_copier_add_entries(oci_copier *c, oci_layout *from, const char *name, const char *as, oci_error *err)
{
    const oci_resolve_options o = { .name = name, .limits = &c->limits };
    const oci_naming how = name != NULL ? oci_naming_of(oci_layout_index(from), name) : OCI_NAMED_NOT;
    oci_path *path = NULL;
    int r = name == NULL && as != NULL ? check_one_name(oci_layout_index(from), err) : 0;

    if (r == 0 && name != NULL && how == OCI_NAMED_NOT) {
        /* Tells what there is instead. */
        r = oci_resolve_entry(from, &o, &path, err);
        oci_path_free(path);
        return r;
    }
    /* What has no name of its own in the layout keeps the one it was asked for by. */
    return r == 0 ? add_meant(c, from, how, name, as == NULL && how == OCI_NAMED_CONTAINERD ? name : as, err) : r;
}

bool oci_copier_misses(const oci_copier *c)
{
    return c->missing;
}

int oci_copier_commit(oci_copier *c, oci_error *err)
{
    if (c->txn == NULL)
        return oci_fail(err, OCI_E_USAGE, "these copies were committed already");
    if (c->joined.count > 0)
        oci_txn_at_commit(c->txn, oci_copier_set_joined, c);
    return oci_txn_commit(oci_steal(&c->txn), err);
}
