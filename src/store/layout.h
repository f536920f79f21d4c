/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_STORE_LAYOUT_H
#define OCI_STORE_LAYOUT_H
/* Inside of a layout: what its parts (layout.c, txn.c) share. */
#include <oci-image/layout.h>
#include <oci-image/mediatype.h>

#include "entries.h"
#include "os/os.h"
#include "store.h"

struct oci_layout {
    int fd; /* the directory; of an archive that is written, where its temporary files are; -1: an archive is read */
    oci_store *store;
    oci_index *index;
    uint64_t index_changes; /* how often another index took its place: what borrows from one tells by this it is gone */
    oci_limits limits;
    const oci_events *events;
    bool sync, read_only, shares_blobs;
    bool lacks_file;    /* oci-layout is not there */
    bool is_lower_case; /* see oci_store_new_docker */
    bool archive;       /* it is written as one; see archive_writer.c */
    oci_tmpdir *stage;  /* where the layout is built until it gets its name, or NULL */
    int stage_lock;     /* of that: it is not taken for something left behind; or -1 */
};

/* The files of an empty layout. */
extern const char oci_new_layout_file[], oci_new_index[];

/* Whether the annotation key of d is value. Annotations may hold NUL bytes, so that a comparison as C strings could be
 * deceived. */
bool oci_entry_has(const oci_descriptor *d, const char *key, const char *value);
/* Opens the directory without looking at oci-layout and index.json: for who looks at them himself. There is no
 * oci_layout_index. Gives. */
int oci_layout_open_unread(int dirfd, const char *path, const oci_layout_options *o, oci_layout **out, oci_error *err);
/* A file of the layout itself, by its name; not above the limit of documents. OCI_E_NOT_FOUND; OCI_E_INVALID when it is
 * no regular file. */
int oci_layout_read_file(oci_layout *l, const char *name, oci_buf *out, oci_error *err);
/* Calls each for what is in the layout, in blobs and in the directories there; path is relative to the layout, in the
 * order of bytes, a directory before what is in it. What is deeper is not looked at. A result that is not 0 ends it. */
int oci_layout_each_name(oci_layout *l, oci_each_name *each, void *ctx, oci_error *err);
/* Holds the layout's directory locked until *fd is closed: shared by whoever puts blobs that have no name yet,
 * exclusive to remove blobs. */
int oci_layout_lock(oci_layout *l, bool exclusive, int *fd, oci_error *err);
/* A layout around an open directory, which it takes; it is looked at like one that is opened. Gives. */
int oci_layout_open_fd(int fd, const oci_layout_options *o, oci_layout **out, oci_error *err);
/* index.json as it is now. Gives. */
int oci_layout_read_index(oci_layout *l, oci_index **out, oci_error *err);
/* Index (taken) is what the layout has now; what was borrowed from the one before is gone. */
void oci_layout_set_index(oci_layout *l, oci_index *index);
/* Makes index.json as it is durable, so that what it does not name may go. */
int oci_layout_sync_index(oci_layout *l, oci_error *err);
/* Removes (dry_run: counts) temporary files and directories that were last changed at before or earlier. The layout is
 * locked exclusively. */
int oci_layout_sweep_tmp(oci_layout *l, int64_t before, bool dry_run, oci_swept *sum, oci_error *err);
/* What a commit does with index.json as it is then (entries) and stays until its end: more may be put into the store
 * and asked of t. It is called again when a staged layout becomes a part of another one, whose entries it then gets. */
typedef int oci_txn_last(void *ctx, oci_txn *t, const oci_entries *entries, oci_error *err);
/* Has last called by the commit of t; ctx is borrowed until then. Such a transaction is one with edits. */
void oci_txn_at_commit(oci_txn *t, oci_txn_last *last, void *ctx);
/* The end of a layout that is written as an archive: index is its index.json, whatever it had before. */
int oci_layout_end_archive(oci_layout *l, const oci_index *index, oci_error *err);
/* Gives a staged layout its name; OCI_E_EXISTS, and it is still staged, when something came there meanwhile. */
int oci_layout_publish(oci_layout *l, oci_error *err);
/* Forgets where it was staged, and removes that if it has no name. */
void oci_layout_end_stage(oci_layout *l);
/* Writes the file name in dirfd whole or not at all; what was there gives way. */
int oci_layout_replace_file(oci_layout *l, int dirfd, const char *name, const void *p, size_t n, oci_error *err);

#endif
