/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_STORE_ARCHIVE_H
#define OCI_STORE_ARCHIVE_H
/*
 * A tar archive as a place to look things up: its members are found in one pass over the headers, and their content is
 * read where it stands. Only names are kept in memory, and headers where they are wanted.
 *
 * Nothing is ever unpacked, so a name can lead nowhere; but an archive that tools understand in different ways (the
 * same name twice, a file with something below it, names with ".." or from the root) is refused as a whole.
 */
#include <oci-image/common.h>
#include <oci-image/error.h>
#include <oci-image/stream.h>

#include "base/cleanup.h"
#include "tar/tar.h"

typedef struct oci_member {
    const char *name; /* normal form, see oci_tar_entry */
    const char *link; /* of symbolic and hard links, otherwise NULL */
    oci_tar_type type;
    uint32_t order; /* which one it is in the archive, from 0 */
    uint64_t offset, size;
    const oci_tar_entry *facts; /* its header as it was read; NULL unless that was asked for */
} oci_member;

/* Whether the member is in the directory, however deep. */
bool oci_member_is_below(const oci_member *m, const char *dir);

typedef struct oci_archive oci_archive;

typedef struct oci_archive_options {
    const char *tmpdir;       /* where content is put that cannot be read in place, without a name; NULL: /var/tmp */
    uint64_t max_size;        /* bytes that may be put there */
    uint32_t max_ratio;       /* of an archive that is compressed; 0: the default */
    const oci_events *events; /* or NULL */
    const char *facts_of;     /* or NULL: the directory at and below which members keep their headers */
} oci_archive_options;

/* A regular file that is a plain tar is read in place, from its current position. Everything else (pipes, archives
 * compressed with gzip, zstd, bzip2, xz or lz4) is read to its end now, and the content of its files is kept in a file
 * without a name. OCI_E_INVALID for what is no tar or has no end; OCI_E_UNSAFE and OCI_E_LIMIT as of tar.h, and for
 * more members than any image has. Takes fd. Gives. */
int oci_archive_open(int fd, const oci_archive_options *o, oci_archive **out, oci_error *err);
void oci_archive_free(oci_archive *a);
OCI_DEFINE_AUTO(oci_archive);

/* Members in the order of their names as paths: what is in a directory follows it. */
size_t oci_archive_count(const oci_archive *a);
const oci_member *oci_archive_member(const oci_archive *a, size_t i); /* borrowed */
/* The place of the first member at or below the directory; oci_archive_count when there is none. */
size_t oci_archive_below(const oci_archive *a, const char *dir);
/* The member of that name, whatever it is, or NULL; borrowed. */
const oci_member *oci_archive_get(const oci_archive *a, const char *name);
/* The regular file of that name, links to members of the archive followed; borrowed. OCI_E_NOT_FOUND; OCI_E_INVALID
 * when it is no file or a link to nothing; OCI_E_UNSAFE when a link leads out of the archive or to itself. */
int oci_archive_find(const oci_archive *a, const char *name, const oci_member **out, oci_error *err);
/* The content of such a file. The archive is borrowed as long as the reader lives; several threads may read. Gives. */
int oci_archive_read(const oci_archive *a, const oci_member *m, oci_reader **out, oci_error *err);
/* All of it in memory; OCI_E_LIMIT above limit bytes. */
int oci_archive_read_file(const oci_archive *a, const char *name, uint64_t limit, oci_buf *out, oci_error *err);

#endif
