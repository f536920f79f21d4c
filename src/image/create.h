/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_IMAGE_SRC_CREATE_H
#define OCI_IMAGE_SRC_CREATE_H
/*
 * The inside of a creation:
 *
 *   create.c     beginning and end; what it stands on
 *   add_layer.c  from tars and trees to blobs
 *   documents.c  configuration and manifest
 */
#include <oci-image/create.h>

#include "base/arena.h"
#include "base/cleanup.h"

struct oci_new_layer {
    oci_descriptor descriptor;
    oci_diff_id diff_id;
};

struct oci_create {
    oci_layout *layout;
    oci_create_options o;
    oci_limits limits;
    oci_digest_alg algorithm;
    oci_arena *arena; /* texts of the documents in the making */
    oci_txn *txn;     /* pins what was put until it has a name */
    const char *created;
    bool fix_helps;
    bool told;         /* the comment, without a layer */
    oci_config config; /* without rootfs and history */
    oci_platform platform;
    struct {
        struct oci_new_layer *items;
        size_t count, cap;
    } layers; /* those of from come first */
    struct {
        oci_history *items;
        size_t count, cap;
    } history;
};

OCI_DEFINE_AUTO(oci_create);

/* The text of a digest, in the arena; NULL when there is no memory. */
const char *oci_create_digest_text(oci_create *c, const oci_digest *d);

/* Sets c->created, c->config and c->platform from the options. OCI_E_USAGE for a configuration that cannot be. */
int oci_create_choose_config(oci_create *c, oci_error *err);
/* Stores the documents and describes the manifest. */
int oci_create_put_documents(oci_create *c, oci_descriptor *manifest, oci_error *err);

/* Begins with the layers and the history of c->o.from. */
int oci_create_take_base(oci_create *c, oci_error *err);

#endif
