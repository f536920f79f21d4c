/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything that index.json leads to, in the order of the documents, each index once.
 */
#include <string.h>

#include "base/fail.h"
#include "base/map.h"
#include "image.h"
#include "spec/spec.h"

struct walk {
    oci_store *store;
    const oci_limits *limits;
    oci_map *visited; /* digests of the indexes that were opened */
    int (*visit)(void *ctx, const oci_walk_node *node, oci_error *err);
    void *ctx;
};

static int visit_manifest(const struct walk *w, oci_walk_node *node, oci_error *err)
{
    OCI_AUTO(oci_manifest) manifest = NULL;
    OCI_AUTO(oci_config) config = NULL;
    oci_error problem = OCI_ERROR_INIT;
    int r = oci_read_manifest(w->store, node->descriptor, w->limits, NULL, &manifest, &problem);

    node->manifest = manifest;
    if (r == 0 && oci_media_type_info(manifest->config->media_type).kind == OCI_MEDIA_CONFIG)
        r = oci_read_config(w->store, manifest->config, w->limits, NULL, &config, &problem);
    if (r == OCI_E_NOMEM)
        return oci_fail_nomem(err);
    node->config = config;
    node->problem = r < 0 ? &problem : NULL;
    return w->visit(w->ctx, node, err);
}

static int visit_descriptor(const struct walk *w, const oci_descriptor *d, size_t depth, oci_error *err);

static int visit_index(const struct walk *w, oci_walk_node *node, oci_error *err)
{
    const oci_descriptor *d = node->descriptor;
    OCI_AUTO(oci_index) index = NULL;
    oci_error problem = OCI_ERROR_INIT;
    int r = oci_map_set(w->visited, d->digest_text, strlen(d->digest_text), NULL);

    if (r < 0)
        return oci_fail_nomem(err);
    if (r == 0)
        return w->visit(w->ctx, node, err);
    r = oci_read_index(w->store, d, w->limits, &index, &problem);
    if (r == OCI_E_NOMEM)
        return oci_fail_nomem(err);
    node->problem = r < 0 ? &problem : NULL;
    node->index = index;
    r = w->visit(w->ctx, node, err);
    if (index == NULL || r != 0)
        return r;
    if (node->depth == OCI_MAX_NESTING)
        return oci_fail(err, OCI_E_LIMIT, "index %s: indexes are nested more than %d deep", d->digest_text,
                        OCI_MAX_NESTING);
    for (size_t i = 0; r == 0 && i < index->n_manifests; i++)
        r = visit_descriptor(w, index->manifests[i], node->depth + 1, err);
    return r;
}

static int visit_descriptor(const struct walk *w, const oci_descriptor *d, size_t depth, oci_error *err)
{
    oci_walk_node node = { .descriptor = d, .depth = depth };

    switch (oci_media_type_info(d->media_type).kind) {
    case OCI_MEDIA_INDEX:
        return visit_index(w, &node, err);
    case OCI_MEDIA_MANIFEST:
        return visit_manifest(w, &node, err);
    case OCI_MEDIA_OTHER:
    case OCI_MEDIA_DESCRIPTOR:
    case OCI_MEDIA_LAYOUT:
    case OCI_MEDIA_CONFIG:
    case OCI_MEDIA_EMPTY:
    case OCI_MEDIA_LAYER:
        break;
    }
    return w->visit(w->ctx, &node, err);
}

int oci_walk(oci_layout *l, const oci_limits *limits,
             int (*visit)(void *ctx, const oci_walk_node *node, oci_error *err), void *ctx, oci_error *err)
{
    OCI_AUTO(oci_map) visited = oci_map_new();
    struct walk w = { oci_layout_store(l), limits, visited, visit, ctx };
    const oci_index *top = oci_layout_index(l);
    int r = 0;

    if (visited == NULL)
        return oci_fail_nomem(err);
    for (size_t i = 0; r == 0 && i < top->n_manifests; i++)
        r = visit_descriptor(&w, top->manifests[i], 0, err);
    return r;
}
