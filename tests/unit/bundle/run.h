/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_TESTS_UNIT_BUNDLE_RUN_H
#define OCI_TESTS_UNIT_BUNDLE_RUN_H
/*
 * Converting hand-made image configurations and looking into what comes out.
 */
#include <oci-image/bundle.h>

#include "json/json.h"
#include "test.h"

#define LIST(...)                                                                                                      \
    {                                                                                                                  \
        (const char *const[]) { __VA_ARGS__ }, sizeof((const char *const[]) { __VA_ARGS__ }) / sizeof(const char *)    \
    }

/* A temporary root file system. */
typedef struct run_rootfs {
    char path[64];
    int fd;
} run_rootfs;

void oci_run_rootfs_make(run_rootfs *rootfs);
/* Writes a file of etc/; NULL leaves it out. */
void oci_run_rootfs_write(const run_rootfs *rootfs, const char *name, const char *text);
void oci_run_rootfs_remove(run_rootfs *rootfs);

/* One conversion: what came out and what was said. */
typedef struct conversion {
    int result;
    oci_error err;
    oci_value *root;  /* NULL when it failed */
    oci_buf warnings; /* one a line */
} conversion;

/* Converts with events of its own. */
void oci_run_convert(conversion *run, const oci_config *c, int rootfd, const oci_bundle_options *o);
void oci_run_free(conversion *run);
/* The value at a JSON pointer (without escapes) in compact JSON, "absent" when it is not there. Borrowed until the next
 * call. */
const char *oci_run_at(const conversion *run, const char *pointer);

/* A row of a table: a conversion and one thing that is expected of it. */
typedef struct run_row {
    const char *id;
    oci_config config; /* os, architecture and Cmd are filled in when they are missing */
    oci_bundle_options options;
    const char *passwd, *group; /* the files of the image, or NULL */
    const char *pointer;        /* what to look at; NULL when the conversion is to fail */
    const char *expect;         /* compact JSON, "absent", or a part of the error text */
    int result;                 /* the error code */
    const char *warning;        /* a part of what is warned about; NULL when there is to be none */
} run_row;

void oci_run_rows(const run_row *rows, size_t n);
#define RUN_ROWS(rows) oci_run_rows(rows, sizeof(rows) / sizeof *(rows))

#endif
