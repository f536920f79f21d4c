/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_STORE_DOCKER_H
#define OCI_STORE_DOCKER_H
/* Inside of the store of a docker-archive: what the store and the making of its documents share. */
#include "archive.h"
#include "base/map.h"
#include "store.h"

typedef struct oci_docker_store {
    oci_store base;
    oci_archive *archive;
    oci_store *documents; /* the manifests that were made */
    oci_map *members;     /* the members that are blobs, by the texts of their digests */
    oci_buf index;        /* index.json */
    bool lower_case;      /* members of manifest.json have small letters */
} oci_docker_store;

/* Reads manifest.json and fills in the rest. */
int oci_docker_make_images(oci_docker_store *s, const oci_limits *limits, const oci_events *events, oci_error *err);

#endif
