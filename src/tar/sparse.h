/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_TAR_SPARSE_H
#define OCI_TAR_SPARSE_H
/*
 * Maps of sparse files: which pieces of the file the archive holds. GNU tar has had four ways to write one: in the
 * header and extension blocks (type S), as pairs of pax records (0.0), as one pax record (0.1), in front of the data
 * (1.0).
 *
 * Pieces are in order, do not overlap and lie inside the file; that is checked once, by oci_tar_sparse_check.
 */
#include "input.h"

enum { OCI_TAR_SPARSE_MAX = 1 << 20 /* pieces of one file */ };

typedef struct oci_tar_piece {
    uint64_t offset, len; /* len is not 0 */
} oci_tar_piece;

typedef struct oci_tar_sparse {
    oci_tar_piece *items;
    size_t count, cap;
    uint64_t listed; /* pieces so far, empty ones included */
    uint64_t end;    /* of the last piece */
    uint64_t stored; /* bytes of all pieces together */
} oci_tar_sparse;

/* Forgets the pieces, keeps the memory. */
void oci_tar_sparse_clear(oci_tar_sparse *s);
void oci_tar_sparse_free(oci_tar_sparse *s);
/* Adds a piece behind the last one. */
int oci_tar_sparse_add(oci_tar_sparse *s, uint64_t offset, uint64_t len, oci_error *err);
/* Whether the map fits a file of size bytes of which the archive holds stored. */
int oci_tar_sparse_check(const oci_tar_sparse *s, uint64_t size, uint64_t stored, oci_error *err);

/* Form "S": from a header of GNU's and the extension blocks that follow it. Gives the size of the file. */
int oci_tar_sparse_read_gnu(oci_tar_sparse *s, const oci_tar_header *h, oci_tar_input *in, uint64_t *size,
                            oci_error *err);
/* Form 0.1: "offset,length,offset,length...". */
int oci_tar_sparse_parse(oci_tar_sparse *s, oci_span map, oci_error *err);
/* Form 1.0: lines of digits in the first blocks of the data. *stored is what the archive has for the entry, and is less
 * by those blocks afterwards. */
int oci_tar_sparse_read_map(oci_tar_sparse *s, oci_tar_input *in, uint64_t *stored, oci_error *err);

#endif
