/* SPDX-License-Identifier: Apache-2.0 */
/* What a new image takes over from the one it stands on. */
#include <string.h>

#include "base/fail.h"
#include "base/vec.h"
#include "copy.h"
#include "create.h"
#include "image.h"
#include "store/store.h"
#include "stream/stream.h"

/* Puts the blob into the layout unless it is there. */
static int copy_blob(oci_create *c, const oci_descriptor *d, oci_error *err)
{
    oci_store *to = oci_layout_store(c->layout);
    uint64_t size;
    int r = oci_store_stat_blob(to, &d->digest, &size, err);

    if (r == 0 && size == d->size)
        return 0;
    if (r < 0 && r != OCI_E_NOT_FOUND)
        return r;
    r = oci_copy_blob(c->o.from->store, to, d, true, c->o.events, err);
    /* A blob that the image promises and does not have is damage. */
    return r == OCI_E_NOT_FOUND ? oci_fail(err, OCI_E_INVALID, "it is not there") : r;
}

/* Docker's layers are the same bytes under another name. */
static const char *media_type_of(const oci_descriptor *d)
{
    const oci_media_info info = oci_media_type_info(d->media_type);

    return info.docker && !info.nondistributable ? oci_media_type_of_layer(info.compression) : d->media_type;
}

static int take_layers(oci_create *c, oci_error *err)
{
    const oci_manifest *manifest = oci_image_manifest(c->o.from);
    const oci_config *config = oci_image_config(c->o.from);

    for (size_t i = 0; i < manifest->n_layers; i++) {
        struct oci_new_layer l = { *manifest->layers[i], config->diff_ids[i] };
        int r = copy_blob(c, &l.descriptor, err);

        if (r < 0)
            return oci_wrap(err, r, "layer %zu (%s)", i + 1, l.descriptor.digest_text);
        l.descriptor.media_type = media_type_of(&l.descriptor);
        if (!OCI_VEC_PUSH(&c->layers, l))
            return oci_fail_nomem(err);
    }
    return 0;
}

/* Where the old image told less than it had, what it did not tell is left open, so that ours is for our layers. */
static int take_history(oci_create *c, oci_error *err)
{
    const oci_config *config = oci_image_config(c->o.from);
    size_t told = 0;

    for (size_t i = 0; i < config->n_history; i++) {
        told += !config->history[i].empty_layer;
        if (!OCI_VEC_PUSH(&c->history, config->history[i]))
            return oci_fail_nomem(err);
    }
    for (; told < config->n_diff_ids && !c->o.no_history; told++)
        if (!OCI_VEC_PUSH(&c->history, (oci_history) { .comment = "not told by the image below" }))
            return oci_fail_nomem(err);
    return 0;
}

int oci_create_take_base(oci_create *c, oci_error *err)
{
    int r = take_layers(c, err);

    return r < 0 ? r : take_history(c, err);
}
