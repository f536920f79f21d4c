/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_TAR_HEADER_H
#define OCI_TAR_HEADER_H
/* One header block: its checksum, its numbers, its dialect. */
#include "tar.h"

enum { OCI_TAR_BLOCK_SIZE = 512 };

/* Where the fields of a header are. */
enum {
    OCI_TAR_AT_NAME = 0,
    OCI_TAR_AT_MODE = 100,
    OCI_TAR_AT_UID = 108,
    OCI_TAR_AT_GID = 116,
    OCI_TAR_AT_SIZE = 124,
    OCI_TAR_AT_MTIME = 136,
    OCI_TAR_AT_SUM = 148,
    OCI_TAR_AT_TYPE = 156,
    OCI_TAR_AT_LINK = 157,
    OCI_TAR_AT_MAGIC = 257,
    OCI_TAR_AT_MAJOR = 329,
    OCI_TAR_AT_MINOR = 337,
    OCI_TAR_AT_PREFIX = 345,
    /* GNU, in the place of the prefix */
    OCI_TAR_AT_ATIME = 345,
    OCI_TAR_AT_CTIME = 357,
    OCI_TAR_AT_SPARSE = 386,
    OCI_TAR_AT_EXTENDED = 482,
    OCI_TAR_AT_REALSIZE = 483
};
enum {
    OCI_TAR_NAME_FIELD = 100,
    OCI_TAR_PREFIX_FIELD = 155,
    OCI_TAR_ID_FIELD = 8,
    OCI_TAR_SIZE_FIELD = 12,
    OCI_TAR_SUM_FIELD = 8
};

typedef enum oci_tar_dialect {
    OCI_TAR_V7,    /* nothing behind the link name */
    OCI_TAR_USTAR, /* also pax and star: POSIX magic, prefix */
    OCI_TAR_GNU    /* GNU magic, no prefix */
} oci_tar_dialect;

/* The texts are borrowed from the block. */
typedef struct oci_tar_header {
    const unsigned char *block;
    oci_tar_dialect dialect;
    char typeflag;
    oci_span name, prefix, link;
    int64_t mode, uid, gid, size, mtime;
    int64_t dev_major, dev_minor; /* of devices, otherwise 0 */
} oci_tar_header;

/* Octal digits, perhaps after blanks or NULs, up to the end of the field or a NUL or blanks; or base-256, whose first
 * byte is 0x80 (positive) or 0xff (negative). Nothing at all is 0. */
bool oci_tar_number(const unsigned char *field, size_t n, int64_t *out);

bool oci_tar_block_is_zero(const unsigned char *block);
/* Whether the checksum is that of the block, as the sum of unsigned bytes or, with old programs, of signed ones. */
bool oci_tar_sum_is_right(const unsigned char *block);
/* The sum of the block's bytes with blanks in the place of the checksum. */
uint32_t oci_tar_sum(const unsigned char *block);

/* Takes a block apart whose checksum is right. Numbers are read, their ranges are not judged. */
int oci_tar_header_parse(const unsigned char *block, oci_tar_header *out, oci_error *err);

#endif
