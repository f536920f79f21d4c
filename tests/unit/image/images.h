/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_TESTS_UNIT_IMAGE_IMAGES_H
#define OCI_TESTS_UNIT_IMAGE_IMAGES_H
/* Whole images written by hand. Failures are failed assertions. */
#include <oci-image/oci-image.h>

#include "../store/layouts.h"
#include "../tar/archive.h"
#include "image/image.h"
#include "spec/spec.h"

#define EMPTY_TYPE  "application/vnd.oci.empty.v1+json"
#define LINUX(arch) ",\"platform\":{\"os\":\"linux\",\"architecture\":\"" arch "\"}"

struct image {
    struct blob layer, config, manifest;
};

/* An image of one layer that holds the file "mark" with that text. members: more of the manifest's descriptor. */
struct image image_put(int dir, const char *os, const char *architecture, const char *mark, const char *members);
/* The same for the machine that the test runs on. */
struct image image_put_host(int dir, const char *mark, const char *members);
/* For the same, with these n layers; and an index with nothing else. */
void image_put_blobs(int dir, const struct blob *layers, const char *const *diff_ids, int n);
/* The same with these n tars as its layers. */
void image_put_tars(int dir, const oci_buf *tars, struct blob *layers, int n);
/* The same with n layers that each hold the file "mark" with the layer's number, from 0. */
void image_put_layers(int dir, struct blob *layers, int n);
/* An index with these entries. */
struct blob index_put(int dir, const char *members, const char *format, ...) OCI_PRINTF(3, 4);

/* Collects warnings, a line each. */
oci_events warnings_to(oci_buf *out);

#endif
