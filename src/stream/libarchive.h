/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_STREAM_LIBARCHIVE_H
#define OCI_STREAM_LIBARCHIVE_H
/*
 * libarchive, loaded when it is needed: it brings a dozen libraries along, which would more than double the time that
 * every program takes to start.
 */
#include <archive.h>

#include <oci-image/error.h>

/* What is called of it. */
#define OCI_LIBARCHIVE_FUNCTIONS(F)                                                                                    \
    F(archive_read_new)                                                                                                \
    F(archive_read_support_format_raw)                                                                                 \
    F(archive_read_support_format_empty)                                                                               \
    F(archive_read_support_filter_bzip2)                                                                               \
    F(archive_read_support_filter_xz)                                                                                  \
    F(archive_read_support_filter_lz4)                                                                                 \
    F(archive_read_open)                                                                                               \
    F(archive_read_next_header)                                                                                        \
    F(archive_read_data)                                                                                               \
    F(archive_read_free)                                                                                               \
    F(archive_filter_count)                                                                                            \
    F(archive_filter_bytes)                                                                                            \
    F(archive_error_string)                                                                                            \
    F(archive_errno)                                                                                                   \
    F(archive_set_error)

typedef struct oci_libarchive {
#define OCI_LIBARCHIVE_MEMBER(name) __typeof__(name) *name;
    OCI_LIBARCHIVE_FUNCTIONS(OCI_LIBARCHIVE_MEMBER)
#undef OCI_LIBARCHIVE_MEMBER
} oci_libarchive;

/* Lends it, the same each time. OCI_E_IO when it cannot be loaded. */
int oci_libarchive_load(const oci_libarchive **out, oci_error *err);

#endif
