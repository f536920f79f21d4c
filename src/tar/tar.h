/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_TAR_TAR_H
#define OCI_TAR_TAR_H
/*
 * Tar archives: bytes in, checked entries out, and the other way round. v7, ustar, pax (POSIX.1-2001), GNU (long names,
 * base-256 numbers, old and new sparse forms), star. Names are bytes; no locale plays a part.
 *
 *     oci_tar_reader_new -> { oci_tar_reader_next -> oci_tar_reader_data... } -> 0: the source is at its end
 */
#include <oci-image/common.h>
#include <oci-image/error.h>
#include <oci-image/stream.h>

#include "base/cleanup.h"

enum { OCI_TAR_NAME_MAX = 255, OCI_TAR_PATH_MAX = 4095 };

typedef enum oci_tar_type {
    OCI_TAR_FILE,
    OCI_TAR_HARDLINK,
    OCI_TAR_SYMLINK,
    OCI_TAR_CHAR,
    OCI_TAR_BLOCK,
    OCI_TAR_DIR,
    OCI_TAR_FIFO,
    OCI_TAR_UNKNOWN /* a type this library does not know: its data is skipped by who meets it, with a warning */
} oci_tar_type;

typedef struct oci_tar_xattr {
    const char *name; /* without SCHILY.xattr. or LIBARCHIVE.xattr. */
    oci_span value;
} oci_tar_xattr;

/* An entry. Everything it points to is borrowed until the next call of oci_tar_reader_next. */
typedef struct oci_tar_entry {
    /* normal form (oci_tar_name_normalise): relative, "" is the root itself; of OCI_TAR_UNKNOWN also "" for none */
    const char *name;
    size_t name_len;
    const char *stored_name; /* as it stood in the archive, NUL-terminated */
    oci_tar_type type;
    char typeflag;     /* the byte of the header */
    uint32_t mode;     /* permission bits with set-id and sticky, 07777 */
    uint32_t uid, gid; /* at most 2^32 - 2 */
    int64_t mtime;     /* seconds since 1970, may be negative */
    uint32_t mtime_nsec;
    uint64_t size;    /* of the file as it will be read, holes included; 0 for everything but files */
    const char *link; /* symlink: the target's bytes as they are; hardlink: normal form; otherwise NULL */
    uint32_t dev_major, dev_minor;
    const oci_tar_xattr *xattrs; /* names unique; SCHILY wins over LIBARCHIVE */
    size_t n_xattrs;
    bool sparse;
} oci_tar_entry;

/* ---- names ---- */

/* Writes the normal form of the n bytes at name to out (n + 1 bytes suffice): leading "/" and "./", "." components,
 * double and trailing slashes are gone; "" is the root. OCI_E_INVALID for an empty name, a NUL byte, a component above
 * OCI_TAR_NAME_MAX or a path above OCI_TAR_PATH_MAX bytes; OCI_E_UNSAFE for a ".." component. */
int oci_tar_name_normalise(const char *name, size_t n, char *out, size_t *out_len, oci_error *err);

/* The same, but ".." leads to the component before, and from the root nowhere. */
int oci_tar_name_resolve(const char *name, size_t n, char *out, size_t *out_len, oci_error *err);

/* ---- reading ---- */

typedef struct oci_tar_reader oci_tar_reader;

/* source is borrowed as long as the reader lives. events may be NULL. */
int oci_tar_reader_new(oci_reader *source, const oci_events *events, oci_tar_reader **out, oci_error *err);
/* From now on names and targets of hard links are resolved (oci_tar_name_resolve), not refused, when they have "..". */
void oci_tar_reader_resolve(oci_tar_reader *t);
/* From now on at most max bytes of the source may follow on the end of the archive, or OCI_E_LIMIT: a pipe may have no
 * end. What can be passed over without being read does not count. */
void oci_tar_reader_limit_rest(oci_tar_reader *t, uint64_t max);
/* 1: one more entry; 0: the end of the archive, and the source has been read to its own end; OCI_E_INVALID for anything
 * that is no tar, truncated, or in which two headers disagree, OCI_E_UNSAFE for a name with "..", OCI_E_LIMIT for
 * headers that are too large or too many for one entry. Data of the entry before that was not read is skipped. After a
 * failure every call fails alike. */
int oci_tar_reader_next(oci_tar_reader *t, const oci_tar_entry **out, oci_error *err);
/* The next piece of the entry's data and where in the file it belongs (holes are left out); len 0 is the end. The span
 * is borrowed until the next call. */
int oci_tar_reader_data(oci_tar_reader *t, oci_span *out, uint64_t *offset, oci_error *err);
/* How many bytes of the source have been used: right after oci_tar_reader_next, where the entry's data begins. */
uint64_t oci_tar_reader_position(const oci_tar_reader *t);
/* After the end: whether the archive said that it ends here, with a block of zeros. */
bool oci_tar_reader_has_end(const oci_tar_reader *t);
/* Whether these bytes, the first OCI_TAR_HEAD of a file or all there are, can be the beginning of an archive. */
enum { OCI_TAR_HEAD = 512 };
bool oci_tar_begins(oci_span head);
void oci_tar_reader_free(oci_tar_reader *t);
OCI_DEFINE_AUTO(oci_tar_reader);

/* ---- writing ---- */

typedef struct oci_tar_writer oci_tar_writer;

/* Writes ustar headers, pax ones only for what ustar cannot say. dst is borrowed as long as the writer lives. */
int oci_tar_writer_new(oci_writer *dst, oci_tar_writer **out, oci_error *err);
/* name, type, mode, ids, times, size, link, device and xattrs of e count; directories get a trailing slash. */
int oci_tar_writer_entry(oci_tar_writer *t, const oci_tar_entry *e, oci_error *err);
/* Exactly e->size bytes must follow a file. */
int oci_tar_writer_data(oci_tar_writer *t, const void *p, size_t n, oci_error *err);
/* Writes the two end blocks; dst is not finished. */
int oci_tar_writer_finish(oci_tar_writer *t, oci_error *err);
void oci_tar_writer_free(oci_tar_writer *t);
OCI_DEFINE_AUTO(oci_tar_writer);

#endif
