/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_STORE_DOCKER_H
#define OCI_STORE_DOCKER_H
/* Inside of the store of a docker-archive: what the store and the making of its documents share. */
#include "archive.h"
#include "base/arena.h"
#include "base/map.h"
#include "json/json.h"
#include "spec/spec.h"
#include "store.h"

typedef struct oci_docker_store {
    oci_store base;
    oci_archive *archive;
    oci_store *documents; /* the manifests that were made */
    oci_map *members;     /* the members that are blobs, by the texts of their digests */
    oci_buf index;        /* index.json */
    bool lower_case;      /* members of manifest.json have small letters */
} oci_docker_store;

/* While the archive is opened. All that it makes lives in the arena. */
struct oci_docker_making {
    oci_docker_store *store;
    const oci_limits *limits;
    const oci_events *events;
    oci_arena *arena;
    oci_map *configs; /* struct oci_docker_config, by the name of its member */
    oci_map *layers;  /* struct layer, the same */
    size_t n_layers;
    uint64_t index_size; /* the least that the entries would have as text */
    struct {
        const oci_descriptor **items;
        size_t count, cap;
    } entries;
};

/* What is needed of a configuration. */
struct oci_docker_config {
    oci_descriptor descriptor;
    oci_platform *platform; /* or NULL: it does not say */
    const char **diff_ids;
    size_t n_diff_ids;
};

/* Of all images together; Docker makes images of at most 127. */
enum { OCI_DOCKER_MAX_LAYERS = 1 << 16 };

/* The member of that name; that it is missing is the archive's fault. */
int oci_docker_find(struct oci_docker_making *m, const char *name, const oci_member **out, oci_error *err);
/* Makes text the configuration that the member of that (normal) name is for manifest.json. */
int oci_docker_put_config(struct oci_docker_making *m, const char *name, const oci_buf *text, oci_error *err);

/* docker_old.c: what manifest.json would be in an archive of before Docker 1.10, which has the file of that name
 * instead. Gives. */
extern const char oci_docker_old_file[];
int oci_docker_make_list(struct oci_docker_making *m, oci_value **out, oci_error *err);

/* Reads manifest.json and fills in the rest. */
int oci_docker_make_images(oci_docker_store *s, const oci_limits *limits, const oci_events *events, oci_error *err);

#endif
