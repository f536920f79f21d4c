/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_TESTS_UNIT_STORE_TARS_H
#define OCI_TESTS_UNIT_STORE_TARS_H
/* Archives written by hand. Failures are failed assertions. */
#include <stddef.h>

#include "base/buf.h"
#include "tar/tar.h"

struct tar {
    oci_buf *bytes;
    oci_writer *writer;
    oci_tar_writer *tar;
};

struct tar tar_begin(void);
void tar_bytes(struct tar *t, const char *name, const void *p, size_t n);
void tar_file(struct tar *t, const char *name, const char *text);
void tar_printf(struct tar *t, const char *name, const char *format, ...) OCI_PRINTF(3, 4);
/* At blobs/sha256/ENCODED. */
void tar_blob(struct tar *t, const void *p, size_t n);
void tar_entry(struct tar *t, oci_tar_type type, const char *name, const char *link);
/* Writes the archive to a file below dir, and frees all that there was. */
void tar_end(struct tar *t, int dir, const char *name);

#endif
