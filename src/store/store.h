/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_STORE_STORE_H
#define OCI_STORE_STORE_H
/*
 * Inside of the stores: what a backend looks like. The face (store.c) verifies, chooses between embedded data and blob
 * and hashes what comes in; a backend only finds bytes and puts them away.
 */
#include <oci-image/layout.h>
#include <oci-image/store.h>

#include "archive.h"
#include "base/cleanup.h"
#include "os/os.h"

OCI_DEFINE_AUTO(oci_store);
OCI_DEFINE_AUTO_WITH(oci_ingest, oci_ingest_abort);
OCI_DEFINE_AUTO(oci_layout);
OCI_DEFINE_AUTO_WITH(oci_txn, oci_txn_abort);

typedef int oci_each_blob(void *ctx, const oci_digest *d, uint64_t size, oci_error *err);
typedef enum oci_tree_type { OCI_TREE_FILE, OCI_TREE_LINK, OCI_TREE_DIR, OCI_TREE_OTHER } oci_tree_type;
typedef int oci_each_name(void *ctx, const char *path, oci_tree_type type, oci_error *err);

typedef struct oci_store_ops {
    /* The unverified bytes of a blob and how many there are. OCI_E_NOT_FOUND. */
    int (*open)(oci_store *s, const oci_digest *d, oci_reader **out, uint64_t *size, oci_error *err);
    int (*stat)(oci_store *s, const oci_digest *d, uint64_t *size, oci_error *err);
    int (*each)(oci_store *s, oci_each_blob *each, void *ctx, oci_error *err);
    /* NULL in a store that cannot be written. */
    int (*begin)(oci_store *s, oci_digest_alg alg, oci_ingest **out, oci_error *err);
    int (*delete_blob)(oci_store *s, const oci_digest *d, oci_error *err);
    /* What oci_layout_read_file and oci_layout_each_name do, for layouts that are no directory; NULL in other stores.
     */
    int (*read_file)(oci_store *s, const char *name, uint64_t limit, oci_buf *out, oci_error *err);
    int (*each_name)(oci_store *s, oci_each_name *each, void *ctx, oci_error *err);
    /* Where a blob stands, borrowed, or NULL when that is its way in a layout; NULL when that is so of all blobs. */
    const char *(*place)(oci_store *s, const oci_digest *d);
    void (*free)(oci_store *s);
    /* The rest may be NULL, and then it is as if they answered 0, or begin were called. */
    int (*has)(oci_store *s, const oci_digest *d, uint64_t size, oci_error *err);
    int (*share)(oci_store *s, oci_store *from, const oci_digest *d, uint64_t size, oci_error *err);
    int (*begin_known)(oci_store *s, const oci_descriptor *d, oci_ingest **out, oci_error *err);
} oci_store_ops;

/* First member of every backend. */
struct oci_store {
    const oci_store_ops *ops;
};

typedef struct oci_ingest_ops {
    int (*write)(oci_ingest *i, const void *p, size_t n, oci_error *err);
    /* The content is whole and is called d: makes it visible, unless it is there already. */
    int (*publish)(oci_ingest *i, const oci_digest *d, oci_error *err);
    /* Frees what the backend has besides the memory of i itself; unpublished content goes. */
    void (*free)(oci_ingest *i);
} oci_ingest_ops;

/* First member of every backend's ingest; the backend's begin sets ops, the face the rest. */
struct oci_ingest {
    const oci_ingest_ops *ops;
    struct oci_digester *digester;
    struct oci_waiting *waiting; /* or NULL: nothing waits to be hashed */
    uint64_t size;
    bool failed;
};

/* Writes to i, which is borrowed as long as the writer lives; finishing it commits nothing. */
int oci_writer_to_ingest(oci_ingest *i, oci_writer **out, oci_error *err);
/* Lets i, to which nothing was written, leave its hashing to oci_ingest_update_beside where it can, if there is a gain
 * in that. */
int oci_ingest_hash_later(oci_ingest *i, oci_error *err);
/* Gives the bytes to d, and hashes what waits in i together with them. */
void oci_ingest_update_beside(oci_ingest *i, oci_digester *d, oci_span bytes);

/* Blobs in no order, for backends that have to show them in one. */
typedef struct oci_listed_blob {
    oci_digest digest;
    uint64_t size;
} oci_listed_blob;
typedef struct oci_blob_list {
    oci_listed_blob *items;
    size_t count, cap;
} oci_blob_list;
/* An oci_each_blob that adds to the list. */
int oci_blob_list_add(void *list, const oci_digest *d, uint64_t size, oci_error *err);
/* Calls each in the order that oci_store_each promises; the list is empty afterwards. */
int oci_blob_list_each(oci_blob_list *list, oci_each_blob *each, void *ctx, oci_error *err);

enum { OCI_BLOB_PATH_MAX = sizeof "blobs/" + OCI_DIGEST_MAX_TEXT };

/* "blobs/ALGORITHM/ENCODED", the way of a blob inside a layout (image-layout.md, "Blobs"). */
void oci_blob_path(const oci_digest *d, char out[OCI_BLOB_PATH_MAX]);
/* Where a blob of this store stands, for people: that, written to space, or the name of a member of an archive. */
const char *oci_store_place(oci_store *s, const oci_digest *d, char space[OCI_BLOB_PATH_MAX]);

/* The blobs of a layout directory. fd (borrowed as long as the store lives) is the open layout. shared (taken, or -1)
 * is a directory of ALGORITHM/ENCODED: blobs that the layout lacks are looked for there, and new ones go there. */
int oci_store_new_dir(int fd, int shared, oci_fsync_policy fsync, bool read_only, oci_store **out, oci_error *err);
/* The blobs of a layout in a tar archive, which it takes, and the layout's own files. */
int oci_store_new_archive(oci_archive *a, oci_store **out, oci_error *err);
/* The same of an archive of Docker's (which it takes), whose documents are made now. *lower_case tells that the members
 * of its manifest.json are not written as Docker writes them. */
int oci_store_new_docker(oci_archive *a, const oci_limits *limits, const oci_events *events, oci_store **out,
                         bool *lower_case, oci_error *err);
/* The same of an image of appc (ACI), whose documents and layer are made of what is in it; see aci.h. */
int oci_store_new_aci(oci_archive *a, const oci_limits *limits, const oci_events *events, oci_store **out,
                      oci_error *err);
/* What read_file and each_name are where the documents are made: there is oci-layout, and index as index.json. */
int oci_made_read_file(const oci_buf *index, const char *name, oci_buf *out, oci_error *err);
int oci_made_each_name(oci_store *s, oci_each_name *each, void *ctx, oci_error *err);
/* Blobs in memory. */
int oci_store_new_memory(oci_store **out, oci_error *err);
/* Where a blob of the layout's own directory stands: its entry, which may be a link, and the file. OCI_E_NOT_FOUND. */
int oci_store_find_file(oci_store *s, const oci_digest *d, struct stat *entry, struct stat *file, oci_error *err);
/* Whether a store that is written has the blob, whole: 1, 0. It is as durable and as young as a new one then. */
int oci_store_has(oci_store *s, const oci_descriptor *d, oci_error *err);
/* Gives s a blob of another store without copying its bytes, which are read and hashed nevertheless: 1; 0 when that is
 * not possible, also because the blob is not what it should be. */
int oci_store_share(oci_store *s, oci_store *from, const oci_descriptor *d, oci_error *err);
/* Like oci_store_begin for content that is to be d, and must not be committed as anything else: a store that is a
 * stream need not wait for its end. */
int oci_store_begin_known(oci_store *s, const oci_descriptor *d, oci_ingest **out, oci_error *err);
/* Gives a blob of the layout directory from a second name in that of to, on the same file system. */
int oci_store_link_blob(oci_store *from, oci_store *to, const oci_digest *d, oci_error *err);

#endif
