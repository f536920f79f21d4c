/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layers as something to be read through, with progress and the way out. They are used in their order, and read,
 * verified and decompressed ahead of that, each in a thread of its own or, where there are more processors than layers,
 * in several.
 */
#include "layers.h"

#include <stdio.h>

#include "base/event.h"
#include "base/fail.h"
#include "heads.h"
#include "image.h"
#include "os/pool.h"
#include "stream/stream.h"

/* Bytes that may wait to be used, of all layers together, of one, and of one that no other waits behind; more has
 * bought nothing. */
enum { AHEAD = 64 << 20, AHEAD_OF_ONE = 4 << 20, ALONE = 2 << 20, MAX_JOBS = 64 };

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

/* A layer that is open before its turn, or the reason why it is not. */
struct ahead {
    oci_reader *reader;
    const oci_digest *left; /* what is still to be verified; or NULL */
    oci_error why;
};

static int use_reader(const struct ahead *a, oci_reader *layer, size_t n, const oci_layers_use *u, oci_error *err)
{
    static const oci_reader_callbacks meter_ops = { meter_next, NULL };
    struct meter meter = { .source = layer, .events = u->events };
    OCI_AUTO(oci_reader) last = NULL;
    int r;

    snprintf(meter.what, sizeof meter.what, "layer %zu", n + 1);
    r = oci_reader_from_callbacks(&meter_ops, &meter, &last, err);
    if (r == 0 && a->left != NULL)
        r = oci_reader_verify(oci_steal(&last), a->left, OCI_SIZE_UNKNOWN, &last, err);
    return r < 0 ? r : u->use(u->ctx, last, err);
}

/* Failures wait for the layer's turn, so that of several the first one is told, whatever the threads do. */
static void open_ahead(oci_image *i, size_t n, const oci_layers_use *u, const oci_pace *p, oci_heads *heads,
                       struct ahead *a)
{
    oci_head head = { 0 };
    int r = 0;

    *a = (struct ahead) { .why = OCI_ERROR_INIT };
    if (!oci_heads_take(heads, n, &head))
        r = oci_open_layer_for(u, p, i, n, &head.reader, &head.left, &a->why);
    a->reader = head.reader;
    a->left = head.left;
    if (r == 0 && p->ahead.threads > 0 && !p->shared && !head.whole)
        r = oci_reader_async(oci_steal(&a->reader), p->ahead.window, &a->reader, &a->why);
    a->why.code = r;
}

static int use_next(struct ahead *a, size_t n, const oci_layers_use *u, oci_error *err)
{
    OCI_AUTO(oci_reader) layer = oci_steal(&a->reader);

    if (a->why.code < 0)
        return oci_fail_as(err, &a->why);
    return use_reader(a, layer, n, u, err);
}

static unsigned jobs_of(const oci_layers_use *u)
{
    const unsigned jobs = u->jobs != 0 ? u->jobs : oci_pool_processors();

    return jobs < MAX_JOBS ? jobs : MAX_JOBS;
}

/* Whoever uses the layers, making files, keeps a processor busy, and several layers the others, unless there are many.
 * With one layer there is always somebody who waits and could help. heads are a part of what waits. */
static oci_pace plan(const oci_layers_use *u, size_t layers, size_t heads)
{
    const unsigned threads = (jobs_of(u) - 1) / (unsigned)layers, least = u->jobs == 1 ? 0 : 1;
    const bool shared = threads > (layers == 1 ? 0 : 1);
    const size_t all = (AHEAD - heads * OCI_HEAD_BYTES) / layers, memory = all - (shared ? OCI_STREAM_BACKLOG : 0);
    const size_t most = layers == 1 ? ALONE : AHEAD_OF_ONE;

    return (oci_pace) {
        .ahead = {
            .threads = threads > least ? threads : least,
            .memory = memory,
            .window = memory < most ? memory : most,
        },
        .shared = shared,
    };
}

int oci_image_use_layer(oci_image *i, size_t n, const oci_layers_use *u, oci_error *err)
{
    const oci_pace p = plan(u, 1, 0);
    struct ahead a = { 0 };
    oci_heads none = { .first = SIZE_MAX };

    open_ahead(i, n, u, &p, &none, &a);
    return oci_wrap(err, use_next(&a, n, u, err), "layer %zu (%s)", n + 1, i->manifest->layers[n]->digest_text);
}

int oci_image_use_layers(oci_image *i, const oci_layers_use *u, oci_error *err)
{
    const size_t n_layers = i->manifest->n_layers, window = jobs_of(u) < n_layers ? jobs_of(u) : n_layers;
    oci_heads heads = oci_heads_of(i, u);
    const oci_pace p = plan(u, window > 0 ? window : 1, heads.count);
    struct ahead ahead[MAX_JOBS] = { 0 };
    size_t opened = 0;
    int r;

    /* The lowest layers are read meanwhile. */
    for (; opened < heads.first && opened < window; opened++)
        open_ahead(i, opened, u, &p, &heads, &ahead[opened]);
    r = oci_heads_read(&heads, i, u, &p, err);
    for (size_t n = 0; r == 0 && n < n_layers; n++) {
        for (; opened < n_layers && opened < n + window; opened++)
            open_ahead(i, opened, u, &p, &heads, &ahead[opened % window]);
        r = oci_wrap(err, use_next(&ahead[n % window], n, u, err), "layer %zu (%s)", n + 1,
                     i->manifest->layers[n]->digest_text);
    }
    for (size_t n = 0; n < window; n++)
        oci_reader_free(ahead[n].reader);
    oci_heads_free(&heads);
    return r;
}
