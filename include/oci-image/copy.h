/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_IMAGE_COPY_H
#define OCI_IMAGE_COPY_H
/*
 * Images from one layout to another, with everything below them, in one transaction. What is not changed on the way is
 * copied byte for byte, so that it keeps its digest; what is changed takes its parents along.
 *
 *     oci_copier_new -> { oci_resolve_entry -> oci_copier_add }... -> oci_copier_commit
 */
#include <oci-image/common.h>
#include <oci-image/descriptor.h>
#include <oci-image/error.h>
#include <oci-image/layout.h>
#include <oci-image/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct oci_copier oci_copier;

/* Whose media types documents and layers have; the rest of what they say is the same. */
typedef enum oci_format { OCI_FORMAT_KEEP, OCI_FORMAT_OCI, OCI_FORMAT_DOCKER } oci_format;

/* What a name becomes of which something was copied: that, or an index in which it stands beside what was there, in
 * place of the same platform; or such an index that begins anew. */
typedef enum oci_joining { OCI_JOIN_REPLACE, OCI_JOIN_MERGE, OCI_JOIN_ANEW } oci_joining;

typedef struct oci_copier_options {
    const oci_limits *limits; /* or NULL; everything here is borrowed as long as the copier lives */
    const oci_events *events; /* or NULL */
    bool referrers;           /* and the entries of index.json whose subject is copied */
    bool allow_missing;       /* warn of what is not in the source, and go on */
    bool no_sharing;          /* copy bytes also where two files could have them in common */
    bool recompress;          /* layers of images become layers of that kind: */
    oci_compression compression;
    const oci_compress_options *compress; /* or NULL; without a level layers of that kind already are kept */
    oci_format format;
    oci_joining joining;
    const oci_annotations *annotations; /* of the indexes that are made by joining, or NULL */
} oci_copier_options;

/* to is borrowed as long as the copier lives. Gives. */
OCI_API int oci_copier_new(oci_layout *to, const oci_copier_options *o, oci_copier **out, oci_error *err);
/* Copies what d means in from: an entry of index.json or anything below one. It is called name in the destination
 * (NULL: it has no name), where entries of that name give way, those of the same copier excepted. OCI_E_INVALID when
 * something is missing or damaged, OCI_E_UNSUPPORTED when it cannot have the form that was asked for. What is joined
 * needs a name: OCI_E_USAGE; of an index the manifests in it are joined, and platforms are told by configurations. */
OCI_API int oci_copier_add(oci_copier *c, oci_layout *from, const oci_descriptor *d, const char *name, oci_error *err);
/* The same for every entry of from that is called name, and with name NULL for every entry there is. They keep their
 * names, unless as (or NULL) is another one for all of them. OCI_E_NOT_FOUND; OCI_E_USAGE when as would be the name of
 * what has different ones. */
OCI_API int oci_copier_add_entries(oci_copier *c, oci_layout *from, const char *name, const char *as, oci_error *err);
/* Takes the manifests for p (or NULL), or of digest (or NULL), out of the index that the destination calls name.
 * OCI_E_NOT_FOUND when it has none; OCI_E_USAGE when it would be empty after the commit, or nothing is to be joined.
 * The commit fails with OCI_E_CONFLICT when somebody else has changed what the name means. */
OCI_API int oci_copier_remove(oci_copier *c, const char *name, const oci_platform *p, const char *digest,
                              oci_error *err);
/* Whether it failed for something that the option allow_missing would have made a warning of. */
OCI_API bool oci_copier_misses(const oci_copier *c);
/* Names what was copied. */
OCI_API int oci_copier_commit(oci_copier *c, oci_error *err);
OCI_API void oci_copier_free(oci_copier *c);

#ifdef __cplusplus
}
#endif
#endif
