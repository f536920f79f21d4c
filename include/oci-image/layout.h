/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_IMAGE_LAYOUT_H
#define OCI_IMAGE_LAYOUT_H
/*
 * An image layout: a store with names (image-spec image-layout.md).
 *
 *     oci_layout_open -> oci_layout_store, oci_layout_index
 *     oci_txn_begin -> store writes -> oci_txn_set_ref... -> oci_txn_commit
 *
 * A transaction holds the layout's lock; index.json is read again under it, changed and replaced whole by rename, after
 * everything it names is durable. Members of index.json that this library does not know are kept.
 */
#include <oci-image/common.h>
#include <oci-image/descriptor.h>
#include <oci-image/document.h>
#include <oci-image/error.h>
#include <oci-image/reference.h>
#include <oci-image/store.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct oci_layout oci_layout;
typedef struct oci_txn oci_txn;

typedef enum oci_fsync_policy { OCI_FSYNC_DEFAULT, OCI_FSYNC_NONE } oci_fsync_policy;

typedef struct oci_layout_options {
    const oci_limits *limits; /* or NULL; borrowed during the call */
    const oci_events *events; /* or NULL; borrowed as long as the layout lives */
    oci_fsync_policy fsync;   /* default: blobs, then their directory, then index.json, then its directory */
    bool read_only;           /* nothing may be written; a transaction answers OCI_E_PERM */
    const char *blobs;        /* or NULL: a directory of ALGORITHM/ENCODED that several layouts share; borrowed */
    oci_transport transport;  /* what path has to be; default: found by looking */
    const char *tmpdir;       /* or NULL (/var/tmp): for archives that cannot be read in place; borrowed */
} oci_layout_options;

/* Opens the layout path (relative to dirfd, which may be AT_FDCWD and is borrowed; "" is what dirfd is itself). It is a
 * directory, or with read_only a tar archive: of a layout (oci-archive), or as "docker save" writes it
 * (docker-archive), which looks like a layout of OCI's documents with its repository tags as names. What is both is the
 * former. An image of appc (ACI) looks like a layout of one image.
 *
 * An archive in a regular file is read in place. One that comes through a pipe or is compressed (gzip, zstd, bzip2, xz,
 * lz4) is read now and kept without a name in tmpdir, at most max_size bytes of it.
 *
 * OCI_E_NOT_FOUND when it is not there; OCI_E_INVALID when it is no layout; OCI_E_UNSUPPORTED when its version is
 * unknown, or for an ACI that depends on others; OCI_E_PERM for an archive without read_only. Gives. */
OCI_API int oci_layout_open(int dirfd, const char *path, const oci_layout_options *o, oci_layout **out, oci_error *err);
/* Makes an empty layout. path must not exist, be an empty directory, or OCI_E_EXISTS. What was begun is undone on
 * failure. */
OCI_API int oci_layout_init(int dirfd, const char *path, const oci_layout_options *o, oci_layout **out, oci_error *err);
/* The same, but the layout is built beside path and gets its name with the first transaction that is committed; freed
 * before that, it leaves nothing. When others have made a layout there meanwhile, that transaction puts into
 * theirs what this one holds. */
OCI_API int oci_layout_stage(int dirfd, const char *path, const oci_layout_options *o, oci_layout **out,
                             oci_error *err);
OCI_API void oci_layout_free(oci_layout *l);

OCI_API oci_store *oci_layout_store(oci_layout *l);       /* borrowed */
OCI_API const oci_index *oci_layout_index(oci_layout *l); /* borrowed, as of open or the last begin or commit */

/* Waits for the layout's lock and reads index.json again: what it leads to will not be removed before the transaction
 * ends. OCI_E_PERM for a layout opened read_only. Gives. */
OCI_API int oci_txn_begin(oci_layout *l, oci_txn **out, oci_error *err);
/* Makes name mean d (copied): the entries of that name are replaced; an entry with equal digest and platform keeps its
 * place. name NULL adds an entry without a name, once per digest. OCI_E_USAGE when name is no ref name. */
OCI_API int oci_txn_set_ref(oci_txn *t, const char *name, const oci_descriptor *d, oci_error *err);
/* The same beside the entries of that name that have other digests: an index of several platforms as a flat list. */
OCI_API int oci_txn_add_ref(oci_txn *t, const char *name, const oci_descriptor *d, oci_error *err);
/* Removes every entry of that name; OCI_E_NOT_FOUND when there is none. */
OCI_API int oci_txn_delete_ref(oci_txn *t, const char *name, oci_error *err);
/* The same for the entries of that name (NULL: those without a name) that have the digest, in its text form. */
OCI_API int oci_txn_delete_entry(oci_txn *t, const char *name, const char *digest, oci_error *err);
/* Commit shall fail with OCI_E_CONFLICT unless name means old (NULL: nothing) at that time. */
OCI_API int oci_txn_expect(oci_txn *t, const char *name, const oci_digest *old, oci_error *err);
/* Takes t. */
OCI_API int oci_txn_commit(oci_txn *t, oci_error *err);
/* Takes t, which may be NULL. */
OCI_API void oci_txn_abort(oci_txn *t);

#ifdef __cplusplus
}
#endif
#endif
