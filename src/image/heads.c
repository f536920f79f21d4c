/* SPDX-License-Identifier: Apache-2.0 */
#include "heads.h"

#include "base/event.h"
#include "image.h"
#include "os/pool.h"
#include "stream/stream.h"

int oci_open_layer_for(const oci_layers_use *u, const oci_pace *p, oci_image *i, size_t n, oci_reader **out,
                       const oci_digest **left, oci_error *err)
{
    return oci_image_decode_layer(i, n, p->shared ? &p->ahead : NULL, out, u->hashes ? left : NULL, err);
}

oci_heads oci_heads_of(const oci_image *i, const oci_layers_use *u)
{
    const size_t layers = i->manifest->n_layers;
    oci_heads h = { .first = layers };

    if (u->foresee != NULL && u->jobs != 1 && layers > 1) {
        h.count = layers - 1 < OCI_HEADS_MAX ? layers - 1 : OCI_HEADS_MAX;
        h.first = layers - h.count;
    }
    return h;
}

static int read_head(void *ctx, size_t n)
{
    oci_head *head = &((oci_heads *)ctx)->items[n];
    oci_reader *layer = oci_steal(&head->reader);

    if (layer != NULL)
        oci_reader_peek(layer, OCI_HEAD_BYTES, &head->bytes, &head->whole, &head->reader, NULL);
    return 0;
}

int oci_heads_read(oci_heads *h, oci_image *i, const oci_layers_use *u, const oci_pace *p, oci_error *err)
{
    const oci_pool_work work = { .ctx = h, .run = read_head };
    int r = h->count > 0 ? oci_check_cancelled(u->events, err) : 0;

    if (r < 0 || h->count == 0)
        return r;
    for (size_t n = 0; n < h->count; n++)
        oci_open_layer_for(u, p, i, h->first + n, &h->items[n].reader, &h->items[n].left, NULL);
    r = oci_pool_run(u->jobs, h->count, &work);
    for (size_t n = h->count; r == 0 && n > 0; n--)
        if (h->items[n - 1].reader != NULL)
            r = u->foresee(u->ctx, h->first + n - 1, h->items[n - 1].bytes, err);
    return r;
}

bool oci_heads_take(oci_heads *h, size_t layer, oci_head *out)
{
    oci_head *head = layer >= h->first ? &h->items[layer - h->first] : NULL;

    if (head == NULL || head->reader == NULL)
        return false;
    *out = *head;
    head->reader = NULL;
    return true;
}

void oci_heads_free(oci_heads *h)
{
    for (size_t n = 0; n < h->count; n++)
        oci_reader_free(oci_steal(&h->items[n].reader));
}
