/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_TAR_PAX_H
#define OCI_TAR_PAX_H
/*
 * The records of pax headers (POSIX.1-2001, pax, "pax Extended Header"): "LENGTH KEY=VALUE\n", LENGTH counting the
 * whole record. Values hold any byte.
 *
 * A record that comes twice in a header: the last one wins, as POSIX has it, but path, linkpath and size must be equal,
 * as nobody needs two of them and readers differ. An empty value takes back what an earlier record or a global header
 * said, except for extended attributes, which may be empty.
 *
 * Global headers set times, owners, device numbers and extended attributes, as with POSIX and GNU tar. A path, link
 * path, size or sparse map for all entries to come makes no sense and is read differently by everybody: it is refused.
 */
#include "sparse.h"
#include "xattr.h"

enum {
    OCI_TAR_PAX_MAX = 1 << 20,        /* bytes of one pax header or long name */
    OCI_TAR_PAX_GLOBAL_MAX = 1 << 16, /* of all global headers together: they are read again with each new one */
    OCI_TAR_MAX_HEADERS = 1 << 16     /* of all of these before one entry; four have a meaning */
};

/* A record that is a number (seen), and its value unless that was empty (given). */
typedef struct oci_tar_pax_number {
    bool seen, given;
    uint64_t value;
} oci_tar_pax_number;

typedef struct oci_tar_pax {
    /* data NULL: no such record; len 0: an empty one */
    oci_span path, link;
    oci_tar_pax_number size, uid, gid, dev_major, dev_minor;
    bool has_mtime;
    int64_t mtime;
    uint32_t mtime_nsec;
    oci_tar_pax_number star_size; /* SCHILY.realsize */
    bool has_acl;                 /* SCHILY.acl..., which is not read */
    struct {
        bool seen; /* any record of GNU.sparse */
        oci_span name, map;
        oci_tar_pax_number major, minor, size, blocks;
        oci_tar_pax_number offset; /* waits for its numbytes */
    } sparse;
    oci_tar_sparse pieces; /* of form 0.0 */
    oci_tar_xattrs xattrs;
} oci_tar_pax;

/* Makes pax what global headers said, or nothing (global NULL); keeps memory. */
int oci_tar_pax_reset(oci_tar_pax *pax, const oci_tar_pax *global, oci_error *err);
void oci_tar_pax_free(oci_tar_pax *pax);
/* Adds the n bytes of a header, which are changed and borrowed as long as pax is used. */
int oci_tar_pax_read(oci_tar_pax *pax, char *records, size_t n, bool global, oci_error *err);
/* "[-]SECONDS[.FRACTION]", rounded down to nanoseconds. */
bool oci_tar_pax_time(const char *s, size_t n, int64_t *sec, uint32_t *nsec);

#endif
