/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_IMAGE_DESCRIPTOR_H
#define OCI_IMAGE_DESCRIPTOR_H
/*
 * Descriptors, platforms and annotations: the parts that all documents share (image-spec descriptor.md, image-index.md,
 * annotations.md).
 *
 * Documents are plain structs to read. They are made by the library alone, live in one piece with the document they
 * came from and are freed with it; strings in them are never NULL unless the comment says "or NULL", and hold no NUL
 * byte (a document with one in a field of these structs is refused; values of annotations and labels carry their
 * length).
 */
#include <oci-image/common.h>
#include <oci-image/digest.h>
#include <oci-image/error.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct oci_strings {
    const char *const *items;
    size_t count;
} oci_strings;

/* One member of a map of strings; value may hold NUL bytes. */
typedef struct oci_pair {
    const char *key;
    const char *value;
    size_t key_len, value_len;
} oci_pair;

/* A map of strings in the order of the document; keys are unique. */
typedef struct oci_annotations {
    const oci_pair *items;
    size_t count;
} oci_annotations;

/* The value of a key, or NULL. a may be NULL. */
OCI_API const char *oci_annotations_get(const oci_annotations *a, const char *key);

#define OCI_ANNOTATION_REF_NAME        "org.opencontainers.image.ref.name"
#define OCI_ANNOTATION_CONTAINERD_NAME "io.containerd.image.name"

typedef struct oci_platform {
    const char *architecture;
    const char *os;
    const char *os_version; /* or NULL */
    const char *variant;    /* or NULL */
    oci_strings os_features;
    oci_strings features;
    const void *unknown; /* as in oci_descriptor */
} oci_platform;

typedef struct oci_descriptor {
    const char *media_type;
    const char *digest_text; /* as written, also when its algorithm is unknown here */
    oci_digest digest;       /* alg OCI_DIGEST_NONE when the algorithm is unknown here */
    uint64_t size;           /* bytes, at most INT64_MAX */
    oci_strings urls;
    const oci_annotations *annotations; /* or NULL */
    const oci_platform *platform;       /* or NULL */
    const char *artifact_type;          /* or NULL */
    bool has_data;
    oci_span data;       /* embedded content, decoded; its digest and size were checked when the algorithm is known */
    const void *unknown; /* members this version does not know, for print; NULL in a descriptor made by hand */
} oci_descriptor;

/* Reads "os/architecture[/variant]" with the usual aliases (x86_64, aarch64, armhf...) into buf-backed strings.
 * The result lives until oci_platform_free. */
OCI_API int oci_platform_parse(const char *text, oci_platform **out, oci_error *err);
/* The platform this program runs on, linux/ARCH[/VARIANT]; static. */
OCI_API const oci_platform *oci_platform_host(void);
OCI_API void oci_platform_free(oci_platform *p);
/* Whether something built for have runs on want: os and architecture equal, have's variant not above want's, and all of
 * have's os.features in want's. A platform that is absent (NULL) matches nothing. */
OCI_API bool oci_platform_matches(const oci_platform *have, const oci_platform *want);
/* "os/architecture[/variant]" and a NUL into out; returns the length, cut to cap - 1. */
OCI_API size_t oci_platform_format(const oci_platform *p, char *out, size_t cap);

#ifdef __cplusplus
}
#endif
#endif
