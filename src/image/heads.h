/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_IMAGE_SRC_HEADS_H
#define OCI_IMAGE_SRC_HEADS_H
/*
 * What the uppermost layers of an image begin with, read and decompressed before the lowest is used, and kept in memory
 * until it is their turn: nothing is read twice.
 */
#include "layers.h"
#include "stream/stream.h"

/* How many layers, and how far. */
enum { OCI_HEADS_MAX = 12, OCI_HEAD_BYTES = 2 << 20 };

typedef struct oci_head {
    oci_reader *reader;     /* begins with what was shown; NULL: it cannot be read, or was taken */
    const oci_digest *left; /* what is still to be verified; or NULL */
    oci_span bytes;
    bool whole; /* there is nothing more of it */
} oci_head;

typedef struct oci_heads {
    size_t first, count; /* the layers from first on, never the lowest; may be none */
    oci_head items[OCI_HEADS_MAX];
} oci_heads;

/* How each of the layers is read that are read at the same time. */
typedef struct oci_pace {
    oci_ahead ahead; /* threads 0: in the thread that uses it */
    bool shared;     /* whoever uses it helps, see oci_image_decode_layer; otherwise it is left to its thread */
} oci_pace;

/* Opens a layer in the way that its user wants it: left as in oci_head. Gives. */
int oci_open_layer_for(const oci_layers_use *u, const oci_pace *p, oci_image *i, size_t n, oci_reader **out,
                       const oci_digest **left, oci_error *err);

/* Which layers will be looked at. */
oci_heads oci_heads_of(const oci_image *i, const oci_layers_use *u);
/* Reads them, in as many threads as layers are read in, and shows them. What cannot be read is not shown: it fails
 * again in its turn. */
int oci_heads_read(oci_heads *h, oci_image *i, const oci_layers_use *u, const oci_pace *p, oci_error *err);
/* Gives the head of the layer, whose reader is the caller's then; false when there is none. */
bool oci_heads_take(oci_heads *h, size_t layer, oci_head *out);
void oci_heads_free(oci_heads *h);

#endif
