/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_IMAGE_SRC_VALIDATION_H
#define OCI_IMAGE_SRC_VALIDATION_H
/*
 * Inside of validation. A walk goes down from index.json like the one that unpacks; each document is a node on the
 * stack of the walk, and what is wrong is told to a node. Rules live by what they are about:
 *
 *     validate_document.c    the text of a document, and its field table
 *     validate_descriptor.c  descriptors, digests, platforms
 *     validate_annotations.c annotations
 *     validate_manifest.c    index and manifest
 *     validate_config.c      configuration
 *
 * and the walk itself:
 *
 *     validate.c             a layout: oci-layout, index.json
 *     validate_walk.c        from there down, and what two documents say of each other
 *     validate_parts.c       from documents down that have a fault themselves
 *     validate_tree.c        the directory
 *     validate_blob.c        content: digests and layers, in threads
 *     validate_layer.c       the entries of a layer
 *     validate_merged.c      layers on each other
 *     validate_image.c       what was asked for
 */
#include <stdatomic.h>

#include <oci-image/validate.h>

#include "base/arena.h"
#include "base/map.h"
#include "json/codec.h"
#include "layer/view.h"
#include "report.h"
#include "spec/spec.h"

/* A document that is being looked at. */
typedef struct oci_node {
    oci_report *report;
    const struct oci_node *up; /* the document that led here, or NULL */
    oci_finding place;         /* layout, file, digest and path of all its findings */
    size_t order, first;       /* see oci_report_add and oci_report_locate */
    const char *text;          /* borrowed */
    size_t len;
    bool is_index_json;
    bool is_attestation;
    bool is_docker;   /* one of Docker's documents: what is in it need not be told to be Docker's */
    oci_map *refused; /* pointers of what the parser has refused: one fault is one finding */
    int failed;       /* OCI_E_NOMEM, when a finding could not be kept */
} oci_node;

/* Tells something about the value at the pointer, NULL for a document as a whole. Failures are kept in the node. */
void oci_tell(oci_node *n, const char *rule, oci_told told, const char *pointer, const char *fmt, ...) OCI_PRINTF(5, 6);

/* Where in a document something stands: a pointer that grows and shrinks. Names are fixed or escaped already. */
enum { OCI_POINTER_MAX = 512 };
typedef struct oci_pointer {
    char text[OCI_POINTER_MAX];
    size_t len;
} oci_pointer;
/* Adds "/name" and, unless index is OCI_NO_INDEX, "/index"; returns the length before, for oci_pointer_cut. */
size_t oci_pointer_add(oci_pointer *p, const char *name, size_t index);
void oci_pointer_cut(oci_pointer *p, size_t len);
/* Appends "PREFIX/KEY", the key escaped. */
int oci_pointer_of_key(oci_buf *out, const char *prefix, const char *key);

/* ---- validate_document.c ---- */

/* Checks text and fields; *out is the decoded document, NULL when it cannot be shown. Told problems are no failure. */
int oci_node_decode(oci_node *n, oci_document_kind kind, const oci_limits *limits, void **out);
/* Fills in the places of what was told, and forgets what the parser has refused. */
int oci_node_finish(oci_node *n);
const oci_type *oci_type_of_document(oci_document_kind kind);
void oci_tell_no_media_type(oci_node *n, const char *rule);

/* ---- rules ---- */

/* at is the pointer of the value. */
void oci_check_descriptor_rules(oci_node *n, oci_pointer *at, const oci_descriptor *d);
/* That the descriptor of what may be an image has a platform. */
void oci_check_has_platform(oci_node *n, const oci_pointer *at, const oci_descriptor *d, const char *rule);
void oci_check_media_type_rules(oci_node *n, oci_pointer *at, const char *media_type);
void oci_check_digest_rules(oci_node *n, oci_pointer *at, const char *text, const oci_digest *digest);
void oci_check_annotation_rules(oci_node *n, oci_pointer *at, const oci_annotations *a);
/* Labels may be called what one likes, but for what is reserved. */
void oci_check_label_rules(oci_node *n, const oci_annotations *labels);
void oci_check_layout_file_rules(oci_node *n, const oci_layout_file *f);
void oci_check_index_rules(oci_node *n, const oci_index *index);
void oci_check_manifest_rules(oci_node *n, const oci_manifest *manifest);
void oci_check_config_rules(oci_node *n, const oci_config *config);
/* Values of architecture, os, variant and os.features, for platforms and configurations, and the rules they break. */
typedef struct oci_platform_rules {
    const char *architecture, *os, *variant, *features;
} oci_platform_rules;
void oci_check_platform_values(oci_node *n, oci_pointer *at, const oci_platform *p, const oci_platform_rules *rules);
/* Tells that a member is younger than the version that was asked for. */
void oci_tell_later(oci_node *n, oci_spec_version since, const char *pointer, const char *what);

/* ---- the walk ---- */

/* What a document says that is compared with the descriptors that lead to it. */
typedef struct oci_summary {
    const char *own_type;         /* or NULL */
    const char *artifact_type;    /* of a manifest: artifactType or else the type of its config; NULL for an index */
    const oci_platform *platform; /* of an image, or NULL */
} oci_summary;

/* What is needed of a configuration after it was read. */
typedef struct oci_config_facts {
    oci_platform platform;
    const oci_digest *diff_ids; /* alg OCI_DIGEST_NONE when the algorithm is unknown */
    size_t n_diff_ids;
    const bool *has_label; /* for each label that is required */
} oci_config_facts;

/* A layer as an image has it. */
typedef struct oci_layer_use {
    struct oci_layer_use *next;
    const char *path;
    size_t number;      /* from 1 */
    bool is_base;       /* in one of the images there is no layer below */
    oci_digest diff_id; /* alg OCI_DIGEST_NONE: none is demanded */
} oci_layer_use;

/* What a layer holds. */
typedef struct oci_layer_facts {
    uint64_t entries, bytes;
    uint64_t implied; /* directories on the way to entries that have none before, as far as they are known */
    bool is_cut;      /* a limit was passed, and there is more */
    bool is_refused;  /* something in it cannot be unpacked, and was told */
    bool is_plain;    /* where nothing is below, it can be applied: nothing goes through links or replaces anything */
    bool is_kept;     /* kept has all entries, see validate_merged.c */
    bool no_room;     /* it has not, because other layers have too many */
    oci_buf kept;
} oci_layer_facts;

/* Content, by its digest. */
typedef struct oci_content {
    oci_digest digest;
    const char *digest_text, *file, *path; /* the path is that of where it was met first */
    oci_span embedded;                     /* the data of a descriptor, when there is no blob; copied */
    size_t order;
    uint64_t size;
    bool is_there, is_told; /* is_told: it was looked for, and that it is not there was said */
    bool is_damaged;        /* it does not have its digest */
    bool is_verified;       /* it was read, or is a job */
    unsigned seen;          /* bits: as which oci_media_kind it was looked at */
    oci_summary summary;
    const oci_config_facts *config;
    oci_layer_use *uses[OCI_COMPRESSION_ZSTD + 1]; /* as a layer of that compression */
    oci_layer_facts layer;
} oci_content;

/* What a store is asked for it by. */
static inline oci_descriptor oci_content_descriptor(const oci_content *c)
{
    return (oci_descriptor) {
        .digest_text = c->digest_text,
        .digest = c->digest,
        .size = c->size,
        .has_data = c->embedded.data != NULL,
        .data = c->embedded,
    };
}

/* An image, for what is asked of images. */
typedef struct oci_checked_image {
    const oci_content *manifest;
    const oci_config_facts *config;
    const oci_content *const *layers; /* in order; an item is NULL when it cannot be looked at */
    size_t n_layers;
} oci_checked_image;

/* A subject that was met. */
typedef struct oci_later {
    oci_content *content;
    const char *media_type, *path;
} oci_later;

typedef struct oci_validation {
    oci_report *report;
    const oci_validate_options *o;
    oci_limits limits;
    oci_layout *layout;
    oci_store *store;
    const char *name; /* of the layout, as the caller called it */
    const char *wanted_name, *wanted_digest;
    bool found;        /* what was wanted is there */
    unsigned within;   /* not 0: below what was wanted */
    oci_arena *arena;  /* lives as long as the walk, like all that is in it */
    oci_map *contents; /* by digest_text */
    oci_map *uses;     /* oci_layer_use, by content, compression and diff_id */
    size_t order;
    size_t first;         /* of the findings of this walk */
    uint64_t merges_left; /* entries that may still be put on each other */
    uint64_t unmerged;    /* images for which none were left */
    unsigned depth;
    oci_buf path;
    struct {
        oci_content **items;
        size_t count, cap;
    } jobs; /* content that is read after the documents */
    struct {
        oci_checked_image *items;
        size_t count, cap;
    } images;
    struct {
        oci_later *items;
        size_t count, cap;
    } later;
} oci_validation;

/* ---- validate_walk.c ---- */

/* Follows the descriptor called member (and index) of the document. */
int oci_follow(oci_validation *v, oci_node *from, const char *member, size_t index, const oci_descriptor *d,
               bool is_weak, oci_error *err);
/* Follows everything in an index. */
int oci_follow_index(oci_validation *v, oci_node *n, const oci_index *index, oci_error *err);
/* validate_parts.c: follows what can be understood of a manifest or index that was refused as a whole. */
int oci_follow_parts(oci_validation *v, oci_node *n, oci_error *err);
/* Looks at the subjects, which are no part of what led to them. */
int oci_follow_later(oci_validation *v, oci_error *err);

/* A node below index.json for the document. */
oci_node oci_node_of(const oci_validation *v, const oci_content *c, const oci_buf *text);
/* The content of a digest, made when it is not known yet. NULL: no memory. */
oci_content *oci_content_of(oci_validation *v, const oci_digest *digest, const char *digest_text);
/* Makes it a job to read the content, once. */
int oci_content_verify(oci_validation *v, oci_content *c);

/* ---- the rest ---- */

/* validate_layer.c: what is wrong with the entries of a layer, told to a node. is_base: no layer lies below. The result
 * is that of reading the archive; what it fails with was not told. The entries are kept unless room is NULL. */
int oci_check_layer(oci_node *n, oci_reader *tar, const oci_limits *limits, bool is_base, atomic_size_t *room,
                    oci_layer_facts *out, oci_error *err);
void oci_layer_facts_free(oci_layer_facts *f);

/* The name of the entry that was kept last, with a NUL. */
typedef struct oci_kept_name {
    char bytes[OCI_TAR_PATH_MAX + 1];
    size_t len;
} oci_kept_name;

/* validate_merged.c: keeps an entry while *room, which layers share in their threads, has bytes left for it; afterwards
 * nothing is kept of the layer. last: empty before the first one. OCI_E_NOMEM. */
int oci_layer_keep(oci_layer_facts *f, atomic_size_t *room, oci_kept_name *last, const oci_tar_entry *e);
/* Puts the layers of an image on each other and tells what is in the way. *out is set when all is well and all was
 * kept; gives. */
int oci_merge_layers(oci_validation *v, oci_node *n, const oci_checked_image *image, oci_view **out, oci_error *err);
/* validate_tree.c: what lies in the directory. */
int oci_validate_tree(oci_validation *v, oci_error *err);
/* validate_blob.c: does the jobs. */
int oci_validate_blobs(oci_validation *v, oci_error *err);
/* validate_image.c: what is required of images, and what consumers take. */
int oci_validate_images(oci_validation *v, oci_error *err);

#endif
