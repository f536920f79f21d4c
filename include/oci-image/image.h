/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_IMAGE_IMAGE_H
#define OCI_IMAGE_IMAGE_H
/*
 * From a name to a checked image: index.json -> descriptor -> (nested indexes) -> manifest -> configuration -> layers.
 *
 * An oci_image exists only after its manifest and configuration were read, verified, parsed and checked against each
 * other; whoever has one need not ask again.
 */
#include <oci-image/common.h>
#include <oci-image/document.h>
#include <oci-image/error.h>
#include <oci-image/layout.h>
#include <oci-image/store.h>
#include <oci-image/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What to look for. name and digest as in a reference, each may be NULL. A name is that of image-spec's annotation;
 * when no entry has it, that of containerd's; when none has that, one that means the same to Docker. */
typedef struct oci_resolve_options {
    const char *name;
    const char *digest;
    const oci_platform *platform; /* NULL: the host's, and the only runnable image of another platform with a warning */
    const oci_limits *limits;
    const oci_events *events;
} oci_resolve_options;

/* The way from index.json down: one descriptor per step, the last is the one looked for. */
typedef struct oci_path {
    const oci_descriptor *const *steps;
    size_t n_steps;
} oci_path;

/* Finds the manifest that the options mean. Candidates in document order, the first match wins. OCI_E_NOT_FOUND,
 * OCI_E_AMBIGUOUS: the text lists the candidates. Gives. */
OCI_API int oci_resolve(oci_layout *l, const oci_resolve_options *o, oci_path **out, oci_error *err);
/* Finds what name and digest mean themselves, whatever it is and without choosing a platform: an entry of index.json,
 * or with a digest what has it at or below the entries of that name. OCI_E_AMBIGUOUS when entries that differ fit. */
OCI_API int oci_resolve_entry(oci_layout *l, const oci_resolve_options *o, oci_path **out, oci_error *err);
OCI_API void oci_path_free(oci_path *p);
/* Calls each with the image of every platform that name and digest mean (o's platform plays no part), in document
 * order; of those for one platform the first counts, and artifacts and attestations do not. What each is given is
 * borrowed during the call; a result that is not 0 ends it and is returned. OCI_E_NOT_FOUND; OCI_E_AMBIGUOUS when
 * images of several names fit; OCI_E_INVALID when one is not there; OCI_E_LIMIT for more than 64 platforms. */
OCI_API int oci_resolve_each(oci_layout *l, const oci_resolve_options *o,
                             int (*each)(void *ctx, const oci_platform *platform, const oci_descriptor *manifest,
                                         oci_error *err),
                             void *ctx, oci_error *err);
/* Calls each with the name and the manifest (borrowed during the call) of every name that entries of index.json have by
 * image-spec's annotation, in the order of their first entries: what oci_resolve would find for it. name and digest of
 * o play no part; a result that is not 0 ends it and is returned. The errors of oci_resolve, for the first name that
 * leads to none. */
OCI_API int oci_resolve_names(oci_layout *l, const oci_resolve_options *o,
                              int (*each)(void *ctx, const char *name, const oci_descriptor *manifest, oci_error *err),
                              void *ctx, oci_error *err);
/* The last step, borrowed. */
OCI_API const oci_descriptor *oci_path_target(const oci_path *p);

typedef struct oci_image oci_image;

/* Reads manifest and configuration of a manifest descriptor. Refused: media types that contradict each other, a
 * configuration that is none, another number of layers than of diff_ids, a layer type that is none. s is borrowed as
 * long as the image lives, descriptor and limits during the call. Gives. */
OCI_API int oci_image_open(oci_store *s, const oci_descriptor *manifest, const oci_limits *limits, oci_image **out,
                           oci_error *err);
OCI_API void oci_image_free(oci_image *i);
OCI_API const oci_manifest *oci_image_manifest(const oci_image *i); /* borrowed */
OCI_API const oci_config *oci_image_config(const oci_image *i);     /* borrowed */
OCI_API oci_span oci_image_manifest_bytes(const oci_image *i);      /* borrowed */
OCI_API oci_span oci_image_config_bytes(const oci_image *i);        /* borrowed */
/* The ChainID of the first n layers (config.md, "Layer ChainID"), n from 1 to the number of layers; sha256 as
 * everywhere in the field. OCI_E_USAGE for another n. */
OCI_API int oci_image_chain_id(const oci_image *i, size_t n, oci_digest *out, oci_error *err);
/* Layer n as an uncompressed tar stream: blob verified, decompressed, diff_id demanded. Gives. */
OCI_API int oci_image_open_layer(oci_image *i, size_t n, oci_reader **out, oci_error *err);

/* ---- everything at once ---- */

/* A descriptor that index.json leads to. All pointers are borrowed during the call. */
typedef struct oci_walk_node {
    const oci_descriptor *descriptor;
    size_t depth;                 /* 0: an entry of index.json */
    const oci_index *index;       /* the document of an index, or NULL */
    const oci_manifest *manifest; /* the document of a manifest, or NULL */
    const oci_config *config;     /* the configuration of an image's manifest, or NULL */
    const oci_error *problem;     /* why a document that should be there is not, or NULL */
} oci_walk_node;

/* Calls visit for every entry of index.json and, after each index, for what is in it; an index that is met again is not
 * opened again. visit returns 0 to go on, anything else ends the walk and is returned. Layers are not opened. */
OCI_API int oci_walk(oci_layout *l, const oci_limits *limits,
                     int (*visit)(void *ctx, const oci_walk_node *node, oci_error *err), void *ctx, oci_error *err);

#ifdef __cplusplus
}
#endif
#endif
