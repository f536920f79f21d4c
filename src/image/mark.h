/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_IMAGE_SRC_MARK_H
#define OCI_IMAGE_SRC_MARK_H
/* Which blobs of a layout something refers to. */
#include "base/cleanup.h"
#include "base/map.h"
#include "store/layout.h"
#include "store/store.h"

typedef struct oci_mark_options {
    const oci_limits *limits;
    const oci_events *events;
    int64_t before;      /* what was changed later is young */
    bool ignore_damaged; /* warn of documents that cannot be read and go on */
} oci_mark_options;

typedef struct oci_marked_blob {
    oci_digest digest;
    uint64_t size;
    int64_t changed;
    uint64_t dev, ino; /* of the file */
    bool linked;       /* its entry is a symbolic link */
    bool marked;       /* something refers to it */
    uint8_t opened;    /* how it was read: an enum of mark.c */
    size_t next;       /* the next referrer of the same subject, from 1; 0: none */
} oci_marked_blob;

typedef struct oci_marking {
    oci_layout *layout; /* borrowed */
    oci_mark_options o;
    oci_limits limits;
    struct {
        oci_marked_blob *items;
        size_t count, cap;
    } blobs;
    oci_map *by_text;   /* digests to numbers of blobs, from 1 */
    oci_map *referrers; /* digests of subjects to the first referrer, from 1; only once all are known */
    struct {
        struct oci_mark_task *items;
        size_t count, cap;
    } tasks; /* documents that are still to be read */
} oci_marking;

/* Lists the blobs that the layout holds itself; none is marked. The layout is locked as long as the marking lives. */
int oci_marking_new(oci_layout *l, const oci_mark_options *o, oci_marking **out, oci_error *err);
void oci_marking_free(oci_marking *m);
OCI_DEFINE_AUTO(oci_marking);

/* Marks what index.json leads to. */
int oci_marking_follow(oci_marking *m, oci_error *err);
/* After that: marks the referrers of what is marked, what documents that are young refer to, and files that marked
 * links lead to. */
int oci_marking_follow_unnamed(oci_marking *m, oci_error *err);
/* The blob of that digest, or NULL. */
oci_marked_blob *oci_marking_find(const oci_marking *m, const char *digest, size_t n);

#endif
