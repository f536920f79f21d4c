/* SPDX-License-Identifier: Apache-2.0 */
/* A layer as something to be read through, with progress and the way out. */
#include <stdio.h>

#include "base/event.h"
#include "base/fail.h"
#include "image.h"
#include "stream/stream.h"

/* Shows the way through a layer as its bytes pass. */
struct meter {
    oci_reader *source;
    const oci_events *events;
    char what[32];
    uint64_t done;
};

static int meter_next(void *ctx, oci_span *out, oci_error *err)
{
    struct meter *m = ctx;
    int r = oci_check_cancelled(m->events, err);

    if (r == 0)
        r = oci_reader_next(m->source, out, err);
    if (r < 0)
        return r;
    m->done += out->len;
    oci_progress(m->events, m->what, m->done, 0);
    return 0;
}

static int wrap_layer(const oci_image *i, size_t n, int r, oci_error *err)
{
    return oci_wrap(err, r, "layer %zu (%s)", n + 1, i->manifest->layers[n]->digest_text);
}

int oci_image_use_layer(oci_image *i, size_t n, const oci_events *events,
                        int (*use)(void *ctx, oci_reader *tar, oci_error *err), void *ctx, oci_error *err)
{
    static const oci_reader_callbacks meter_ops = { meter_next, NULL };
    OCI_AUTO(oci_reader) layer = NULL;
    OCI_AUTO(oci_reader) metered = NULL;
    struct meter meter = { .events = events };
    int r = oci_image_open_layer(i, n, &layer, err);

    if (r == 0) {
        meter.source = layer;
        snprintf(meter.what, sizeof meter.what, "layer %zu", n + 1);
        r = oci_reader_from_callbacks(&meter_ops, &meter, &metered, err);
    }
    if (r == 0)
        r = use(ctx, metered, err);
    return wrap_layer(i, n, r, err);
}
