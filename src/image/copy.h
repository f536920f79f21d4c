/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_IMAGE_SRC_COPY_H
#define OCI_IMAGE_SRC_COPY_H
/*
 * The inside of copying:
 *
 *   copy.c            beginning and end; what is named in the destination
 *   copy_join.c       indexes of several platforms
 *   copy_graph.c      indexes and manifests, what is below them, and what they become
 *   copy_layer.c      layers in another compression
 *   copy_blob.c       bytes
 *   copy_referrers.c  what has a copied manifest as its subject
 */
#include <oci-image/copy.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/map.h"
#include "store/entries.h"

/* What a descriptor has become: media type, digest and size. In the arena of the copier. */
typedef struct oci_copied {
    const char *media_type, *digest_text;
    oci_digest digest;
    uint64_t size;
} oci_copied;

struct oci_copier {
    oci_layout *to;
    oci_copier_options o;
    oci_limits limits;
    oci_txn *txn;     /* pins what was put until it has a name */
    oci_arena *arena; /* texts of what is made anew */
    oci_store *from;  /* of what is copied now */
    oci_map *copied;  /* to oci_copied, see oci_copier_find */
    oci_map *named;   /* names that were set */
    bool missing;     /* something was not there */
    struct {
        struct oci_joined *items;
        size_t count, cap;
    } joined;             /* indexes that are made by joining */
    size_t room;          /* for their members, see OCI_MAX_JOINED */
    oci_map *merges;      /* the same by their names, to oci_merge */
    oci_entries *entries; /* what the destination has, or NULL until that is asked */
    uint64_t entries_of;  /* index_changes of the destination then */
    struct {
        const char **items;
        size_t count, cap;
    } fresh;                        /* documents whose referrers have not been looked for */
    const oci_layout *referrers_of; /* the layout that the next two are about, or NULL */
    oci_map *referrers;             /* digests to the numbers of the first entries, from 1, that have it as subject */
    size_t *next_referrer;          /* of the same subject, 0: none; in the arena */
};

OCI_DEFINE_AUTO(oci_copier);

/* Sees to it that the store to has the blob of from, whole: what is there is read and verified, what is not is shared
 * (if share is set and that is possible) or written. OCI_E_NOT_FOUND when from does not have it. */
int oci_copy_blob(oci_store *from, oci_store *to, const oci_descriptor *d, bool share, const oci_events *events,
                  oci_error *err);

/* Stores a document, of which the store is told what it is. */
int oci_put_document(oci_store *to, oci_digest_alg alg, const char *type, const oci_buf *json, oci_digest *digest,
                     oci_error *err);

/* Copies what d means in c->from, with all below it. */
int oci_copy_graph(oci_copier *c, const oci_descriptor *d, oci_copied *out, oci_error *err);
/* The same for a blob that is no document. */
int oci_copy_leaf(oci_copier *c, const oci_descriptor *d, oci_copied *out, oci_error *err);
/* A layer whose content is diff_id as one of that media type, in another compression or level. */
int oci_copy_layer(oci_copier *c, const oci_descriptor *d, const oci_diff_id *diff_id, const char *type,
                   oci_copied *out, oci_error *err);
/* Copies what d means in c->from and joins it to what name is. */
int oci_copier_join(oci_copier *c, const oci_descriptor *d, const char *name, oci_error *err);
/* An oci_txn_last that gives all that was joined its names. */
int oci_copier_set_joined(void *copier, oci_txn *t, const oci_entries *entries, oci_error *err);
void oci_copier_free_joined(oci_copier *c);

/* Copies the entries of from that refer to what was copied, and those that refer to them. */
int oci_copy_referrers(oci_copier *c, oci_layout *from, oci_error *err);

/* What was copied is remembered by its digest (manifests and indexes), or by what makes it another blob. remember
 * copies the texts of what. */
bool oci_copier_find(const oci_copier *c, const char *key, oci_copied *out);
int oci_copier_remember(oci_copier *c, const char *key, oci_copied *what, oci_error *err);
/* The same for a document, whose referrers will be looked for. */
int oci_copier_remember_document(oci_copier *c, const char *digest, oci_copied *what, oci_error *err);
/* What becomes of r when it is OCI_E_NOT_FOUND and was about d: 0 when the copy may lack it. */
int oci_copier_tolerate(oci_copier *c, int r, const oci_descriptor *d, oci_error *err);
/* Gives d its place in index.json. */
int oci_copier_set(oci_copier *c, const char *name, const oci_descriptor *d, oci_error *err);
/* d as it is now; borrows from both. */
oci_descriptor oci_copied_descriptor(const oci_descriptor *d, const oci_copied *now);

#endif
