/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_TESTS_UNIT_SPEC_CORPUS_H
#define OCI_TESTS_UNIT_SPEC_CORPUS_H
/* Documents from files, and the problems that decoding finds in them. */
#include "spec/spec.h"

/* A kind of document: its folder in testdata/spec and its table. */
struct kind {
    const char *name;
    const oci_type *type;
};
extern const struct kind kinds[];
extern const size_t n_kinds;

/* Default limits, no report. */
extern const oci_decode_options plain;

/* All problems of a document in one decoding, remarks left out; the text fields hold the first. */
struct problems {
    size_t count;
    int code;
    char rule[128], pointer[256], text[512];
};
int decode_reporting(const oci_type *type, const char *json, size_t n, struct problems *out);

/* The whole of a file into buf; fails the test when it cannot be read. */
void read_file(const char *path, oci_buf *buf);

/* Calls each for every file below folder whose name ends with suffix, in no order; returns how many there were. */
size_t each_file(const char *folder, const char *suffix, void (*each)(void *ctx, const char *path), void *ctx);

#endif
