/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_IMAGE_MEDIATYPE_H
#define OCI_IMAGE_MEDIATYPE_H
/*
 * The media types of image-spec media-types.md, and Docker's, which mean the same (its compatibility matrix). Inside
 * the library a type is told by what it is, never by comparing text.
 */
#include <oci-image/common.h>
#include <oci-image/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

#define OCI_MEDIA_TYPE_DESCRIPTOR "application/vnd.oci.descriptor.v1+json"
#define OCI_MEDIA_TYPE_LAYOUT     "application/vnd.oci.layout.header.v1+json"
#define OCI_MEDIA_TYPE_INDEX      "application/vnd.oci.image.index.v1+json"
#define OCI_MEDIA_TYPE_MANIFEST   "application/vnd.oci.image.manifest.v1+json"
#define OCI_MEDIA_TYPE_CONFIG     "application/vnd.oci.image.config.v1+json"
#define OCI_MEDIA_TYPE_EMPTY      "application/vnd.oci.empty.v1+json"
#define OCI_MEDIA_TYPE_LAYER      "application/vnd.oci.image.layer.v1.tar"
#define OCI_MEDIA_TYPE_LAYER_GZIP OCI_MEDIA_TYPE_LAYER "+gzip"
#define OCI_MEDIA_TYPE_LAYER_ZSTD OCI_MEDIA_TYPE_LAYER "+zstd"

typedef enum oci_media_kind {
    OCI_MEDIA_OTHER, /* everything else, also what is no media type at all */
    OCI_MEDIA_DESCRIPTOR,
    OCI_MEDIA_LAYOUT,
    OCI_MEDIA_INDEX,
    OCI_MEDIA_MANIFEST,
    OCI_MEDIA_CONFIG,
    OCI_MEDIA_EMPTY,
    OCI_MEDIA_LAYER
} oci_media_kind;

typedef struct oci_media_info {
    oci_media_kind kind;
    oci_compression compression; /* of a layer */
    bool docker;                 /* one of Docker's names */
    bool nondistributable;       /* a nondistributable (Docker: foreign) layer */
} oci_media_info;

/* What type is; the text may be NULL (OCI_MEDIA_OTHER). Compared without regard to case (RFC 6838 section 4.2). */
OCI_API oci_media_info oci_media_type_info(const char *type);
/* Whether type fits the grammar of RFC 6838 section 4.2: type/subtype, no parameters. */
OCI_API bool oci_media_type_is_wellformed(const char *type);
/* The media type of what is like that. NULL when it has none: OCI_MEDIA_OTHER, Docker's of what only OCI has, and zstd
 * layers of Docker, which are met but which nobody means to write. */
OCI_API const char *oci_media_type_of(const oci_media_info *info);
/* The media type of a layer in that compression. */
OCI_API const char *oci_media_type_of_layer(oci_compression compression);

#ifdef __cplusplus
}
#endif
#endif
