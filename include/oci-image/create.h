/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_IMAGE_CREATE_H
#define OCI_IMAGE_CREATE_H
/*
 * From tar streams to an image in a layout. A tar keeps its bytes: the diff_id is the digest of the tar given. Each is
 * read once, checked to be a valid layer while it passes, compressed and stored.
 */
#include <oci-image/common.h>
#include <oci-image/document.h>
#include <oci-image/error.h>
#include <oci-image/layout.h>
#include <oci-image/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct oci_create oci_create;

typedef struct oci_create_options {
    const oci_limits *limits;             /* or NULL; everything here is borrowed as long as the creation lives */
    const oci_events *events;             /* or NULL */
    oci_digest_alg algorithm;             /* OCI_DIGEST_NONE: sha256 */
    oci_compression compression;          /* of the layers */
    const oci_compress_options *compress; /* or NULL */
    const oci_platform *platform;         /* NULL: the host's */
    const int64_t *epoch;                 /* SOURCE_DATE_EPOCH in seconds for "created"; NULL: now */
    /* The rest of the image configuration: its created, architecture, os, rootfs and history are not looked at. May be
     * NULL. */
    const oci_config *config;
    const oci_annotations *annotations; /* of the manifest, or NULL */
} oci_create_options;

#define OCI_CREATE_OPTIONS_INIT                                                                                        \
    {                                                                                                                  \
        .compression = OCI_COMPRESSION_GZIP                                                                            \
    }

/* l is borrowed as long as the creation lives. Gives. */
OCI_API int oci_create_new(oci_layout *l, const oci_create_options *o, oci_create **out, oci_error *err);
/* Adds a layer: tar (borrowed) is a tar stream, plain, gzip or zstd, told by its first bytes. created_by for its
 * history may be NULL. OCI_E_INVALID when it is no tar archive or no valid layer. */
OCI_API int oci_create_add_layer(oci_create *c, oci_reader *tar, const char *created_by, oci_error *err);
/* Writes configuration, manifest and the entry called name (NULL: an entry without name) of index.json. out (may be
 * NULL) is given the manifest's digest. */
OCI_API int oci_create_commit(oci_create *c, const char *name, oci_digest *out, oci_error *err);
OCI_API void oci_create_free(oci_create *c);

#ifdef __cplusplus
}
#endif
#endif
