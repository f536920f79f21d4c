/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_IMAGE_CREATE_H
#define OCI_IMAGE_CREATE_H
/*
 * From tar streams and directories to an image in a layout, alone or on top of another image. A tar keeps its bytes,
 * unless it shall be written anew: the diff_id is the digest of the tar given. Each is read once, checked to be a valid
 * layer while it passes, compressed and stored.
 */
#include <oci-image/common.h>
#include <oci-image/document.h>
#include <oci-image/error.h>
#include <oci-image/image.h>
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
    const int64_t *epoch;                 /* SOURCE_DATE_EPOCH in seconds for "created"; NULL: now */
    /* The image to stand on: its layers and their history come first, blobs that the layout does not have are copied;
     * or NULL. It lives as long as the creation. */
    oci_image *from;
    /* The image configuration. Its rootfs and history are not looked at. What it does not say of created, os and
     * architecture is now, and the platform of from or else the host's. NULL: that of from, or an empty one. */
    const oci_config *config;
    const oci_platform *platform;       /* instead of what the configuration says, or NULL */
    const oci_annotations *annotations; /* of the manifest, or NULL */
    bool merge;                         /* the name becomes an index with this image for its platform, see copy.h */
    bool no_history;                    /* new layers get none */
    const char *comment;                /* in the history of new layers, or of none; or NULL */

    /* What makes tars be written anew. The first two hold for directories too. */
    bool set_owner; /* everything belongs to uid and gid */
    uint32_t uid, gid;
    bool clamp_mtime; /* times after epoch, which must be there, become it; in directories always when it is */
    bool sort;        /* entries in the order of their names */
    bool fix;         /* absolute names, "..", doubles, names of whiteouts are mended or left out with a warning */
} oci_create_options;

#define OCI_CREATE_OPTIONS_INIT                                                                                        \
    {                                                                                                                  \
        .compression = OCI_COMPRESSION_GZIP                                                                            \
    }

/* l is borrowed as long as the creation lives. Gives. */
OCI_API int oci_create_new(oci_layout *l, const oci_create_options *o, oci_create **out, oci_error *err);
/* Adds a layer: tar (borrowed) is a tar stream, as it is or in gzip, zstd, bzip2, xz or lz4, told by its first bytes.
 * created_by for its history may be NULL. OCI_E_INVALID when it is no tar archive or no valid layer. */
OCI_API int oci_create_add_layer(oci_create *c, oci_reader *tar, const char *created_by, oci_error *err);
/* The same with what is in the directory fd (borrowed): names sorted, owners as numbers, times of the files, hard links
 * and extended attributes kept, sockets left out with a warning. OCI_E_CONFLICT when it changes meanwhile. */
OCI_API int oci_create_add_dir(oci_create *c, int fd, const char *created_by, oci_error *err);
/* Whether a layer was refused that the option fix would have made valid. */
OCI_API bool oci_create_fix_helps(const oci_create *c);
/* Writes configuration, manifest and the entry called name (NULL: an entry without name) of index.json. out (may be
 * NULL) is given the manifest's digest. */
OCI_API int oci_create_commit(oci_create *c, const char *name, oci_digest *out, oci_error *err);
OCI_API void oci_create_free(oci_create *c);

#ifdef __cplusplus
}
#endif
#endif
