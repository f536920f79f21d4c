/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What reading an image costs when nothing is done with it: each layer of each image once, verified, decompressed,
 * hashed and parsed as tar. usage: pipeline LAYOUT
 */
#include <stdio.h>

#include <fcntl.h>
#include <oci-image/oci-image.h>

#include "stream/stream.h"
#include "tar/tar.h"

static int read_layer(oci_image *image, size_t n, oci_error *err)
{
    OCI_AUTO(oci_reader) layer = NULL;
    OCI_AUTO(oci_tar_reader) tar = NULL;
    const oci_tar_entry *e;
    int r = oci_image_open_layer(image, n, &layer, err);

    if (r == 0)
        r = oci_tar_reader_new(layer, NULL, &tar, err);
    while (r >= 0 && (r = oci_tar_reader_next(tar, &e, err)) > 0)
        ;
    return r;
}

static int read_image(void *ctx, const oci_walk_node *node, oci_error *err)
{
    oci_image *image = NULL;
    int r;

    if (node->manifest == NULL || node->config == NULL)
        return 0;
    r = oci_image_open(ctx, node->descriptor, NULL, &image, err);
    for (size_t i = 0; r == 0 && i < node->manifest->n_layers; i++)
        r = read_layer(image, i, err);
    oci_image_free(image);
    return r;
}

int main(int argc, char **argv)
{
    oci_error err = OCI_ERROR_INIT;
    oci_layout *layout = NULL;
    int r = argc == 2 ? oci_layout_open(AT_FDCWD, argv[1], NULL, &layout, &err) : OCI_E_USAGE;

    if (r == 0)
        r = oci_walk(layout, NULL, read_image, oci_layout_store(layout), &err);
    if (r < 0)
        fprintf(stderr, "pipeline: %s\n", argc == 2 ? err.msg : "usage: pipeline LAYOUT");
    oci_layout_free(layout);
    return r < 0;
}
