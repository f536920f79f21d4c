/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_STORE_ACI_H
#define OCI_STORE_ACI_H
/*
 * Inside of the store of an ACI, the image of appc and rkt: a tar of manifest and rootfs/. What is in rootfs becomes
 * one layer that is written anew whenever it is read, the manifest a configuration and annotations.
 */
#include "archive.h"
#include "json/json.h"
#include "store.h"

/* The directory that is the layer, and the file that tells of it. */
extern const char oci_aci_rootfs[], oci_aci_manifest[];

/* Whether it can be meant to be one. */
bool oci_aci_is_one(const oci_archive *a);

/* ---- aci_layer.c ---- */

/* The members that the layer is made of, in the order of the archive, so that hard links follow what they lead to. */
typedef struct oci_aci_layer {
    const oci_archive *archive; /* borrowed */
    const oci_member **members;
    size_t count;
    const oci_events *events;
} oci_aci_layer;

/* Chooses them: what is in rootfs, or only what the list of paths there (NULL or empty: all) names and the directories
 * above it. OCI_E_INVALID for what makes no layer, OCI_E_UNSAFE for hard links out of it. */
int oci_aci_layer_choose(oci_aci_layer *l, const oci_value *paths, oci_error *err);
/* The layer as a tar: always the same bytes. l is borrowed as long as the reader lives; several threads may read. */
int oci_aci_layer_read(const oci_aci_layer *l, oci_reader **out, oci_error *err);
void oci_aci_layer_free(oci_aci_layer *l);

/* ---- aci_config.c ---- */

/* What the manifest becomes. */
typedef struct oci_aci_image {
    oci_value *config;      /* the document but for rootfs */
    oci_value *annotations; /* of the manifest: an object of strings */
    oci_buf name;           /* empty when there is none that a reference may have */
    bool has_platform;
} oci_aci_image;

/* Refuses what is no manifest of an image, and one that needs other images. */
int oci_aci_check(const oci_value *manifest, oci_error *err);
/* a is for users who are called by a file. What OCI has no place for is left out with a warning. Gives, also on
 * failure. */
int oci_aci_convert(const oci_value *manifest, const oci_archive *a, const oci_events *events, oci_aci_image *out,
                    oci_error *err);
void oci_aci_image_free(oci_aci_image *image);

#endif
