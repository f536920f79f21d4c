/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_IMAGE_REFERENCE_H
#define OCI_IMAGE_REFERENCE_H
/*
 * What a user types to name an image: [TRANSPORT:]PATH[:NAME][@DIGEST]. See docs/cli-contract.md.
 */
#include <oci-image/common.h>
#include <oci-image/digest.h>
#include <oci-image/error.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum oci_transport {
    OCI_TRANSPORT_ANY, /* found by looking at the path */
    OCI_TRANSPORT_OCI,
    OCI_TRANSPORT_OCI_ARCHIVE,
    OCI_TRANSPORT_DOCKER_ARCHIVE
} oci_transport;

typedef struct oci_reference {
    oci_transport transport;
    char *path;   /* as typed */
    char *name;   /* or NULL */
    char *digest; /* or NULL; grammar checked, algorithm perhaps unknown */
} oci_reference;

/* Splits text. exists (may be NULL) says whether a path is there: if the whole of text (after a transport) exists it is
 * the path, whatever colons it holds. OCI_E_USAGE when there is no path or a part is empty or malformed. */
OCI_API int oci_reference_parse(const char *text, bool (*exists)(void *ctx, const char *path), void *ctx,
                                oci_reference **out, oci_error *err);
OCI_API void oci_reference_free(oci_reference *r);

/* What Docker makes of a name: "app" is "docker.io/library/app:latest". OCI_E_USAGE when it can be none, as with
 * capitals, with a digest, or for 64 hexadecimal digits, which are an id there. out is filled anew. */
OCI_API int oci_docker_reference(const char *name, oci_buf *out, oci_error *err);

/* Whether name fits the grammar of org.opencontainers.image.ref.name (annotations.md). */
OCI_API bool oci_ref_name_is_wellformed(const char *name);

#ifdef __cplusplus
}
#endif
#endif
