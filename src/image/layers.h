/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_IMAGE_SRC_LAYERS_H
#define OCI_IMAGE_SRC_LAYERS_H
/* Going through the layers of an image. */
#include <oci-image/image.h>

typedef struct oci_layers_use {
    const oci_events *events;
    unsigned jobs; /* threads that read and decode layers; 0: one for each processor; 1: none */
    bool hashes;   /* what it reads (oci_reader_hash_too), so that the digest of the layer is for it to compute too */
    /* Is given the tar stream of a layer and reads it to the end. */
    int (*use)(void *ctx, oci_reader *tar, oci_error *err);
    /* Is shown before, from the top down, what the uppermost layers begin with (n from 0, never the lowest),
     * decompressed and not yet verified. Not with jobs 1. May be NULL. */
    int (*foresee)(void *ctx, size_t n, oci_span head, oci_error *err);
    void *ctx;
} oci_layers_use;

/* Calls use for each layer, in their order; tells progress, asks whether to go on, and puts the layer's number before
 * the text of an error. The first error is the result. */
int oci_image_use_layers(oci_image *i, const oci_layers_use *u, oci_error *err);
/* The same for layer n alone. */
int oci_image_use_layer(oci_image *i, size_t n, const oci_layers_use *u, oci_error *err);

#endif
