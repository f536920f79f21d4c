/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_TESTS_JSON_SAMPLE_H
#define OCI_TESTS_JSON_SAMPLE_H
/* A type with a field of every kind, for the tests of the tables. */
#include <oci-image/descriptor.h>

#include "json/codec.h"

typedef struct part {
    const char *name; /* required */
    int64_t weight;
    const void *unknown;
} part;

typedef struct tag {
    const char *text;
    size_t len;
    bool from_object;
} tag;

typedef struct sample {
    const char *title; /* required */
    bool flag;
    uint64_t size;
    int64_t offset;
    oci_strings words;
    oci_strings keys;
    const oci_annotations *map;
    const part *main;
    struct {
        const char *user;
        oci_strings env;
        const void *unknown;
    } inside;
    const part *const *parts;
    size_t n_parts;
    const tag *tags;
    size_t n_tags;
    oci_span data;
    bool has_data;
    uint64_t checked; /* calls of the check of the type */
    const void *unknown;
} sample;

extern const oci_type part_type, tag_type, sample_type;

/* A decoded sample; the test fails when there is none. */
sample *decode_sample(const char *s);

#endif
