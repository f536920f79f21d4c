/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_IMAGE_BUNDLE_H
#define OCI_IMAGE_BUNDLE_H
/*
 * The runtime configuration config.json of a bundle, made from an image configuration (image-spec conversion.md,
 * runtime-spec 1.2.0).
 */
#include <oci-image/common.h>
#include <oci-image/document.h>
#include <oci-image/error.h>
#include <oci-image/layer.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum oci_caps { OCI_CAPS_DEFAULT, OCI_CAPS_DOCKER, OCI_CAPS_NONE, OCI_CAPS_LIST } oci_caps;
typedef enum oci_volumes { OCI_VOLUMES_BIND, OCI_VOLUMES_TMPFS, OCI_VOLUMES_NONE } oci_volumes;

typedef struct oci_bundle_options {
    const oci_events *events; /* or NULL; all pointers are borrowed during the call */
    const char *rootfs;       /* root.path; NULL: "rootfs" */
    const char *hostname;     /* or NULL: none is set */
    const char *runtime_spec; /* ociVersion; NULL: OCI_RUNTIME_SPEC_VERSION. Nothing else depends on it: all that is
                                 written is in every version since 1.0, but for the names of annotations */
    bool no_terminal;
    bool readonly;
    oci_caps caps;
    const char *const *cap_list; /* for OCI_CAPS_LIST, "CAP_..." */
    size_t n_cap_list;
    oci_volumes volumes;
    const char *const *args; /* instead of Entrypoint and Cmd, or NULL */
    size_t n_args;
    bool rootless;
    const oci_id_map *uid_maps, *gid_maps; /* for the user namespace; empty and rootless: the caller's ids are 0 */
    size_t n_uid_maps, n_gid_maps;
    const char *template_json; /* a JSON object laid under what the image says (RFC 7396), or NULL */
    size_t template_len;
} oci_bundle_options;

/* Appends config.json to json. rootfd is the root file system in which user and group names are looked up, -1 for none
 * (names are then OCI_E_NOT_FOUND). o may be NULL. OCI_E_INVALID when the image's user cannot be resolved, its
 * environment is none or there is nothing to run; OCI_E_UNSUPPORTED for an image of another system than Linux;
 * OCI_E_USAGE for options or a template that make no sense. */
OCI_API int oci_bundle_config(const oci_config *c, int rootfd, const oci_bundle_options *o, oci_buf *json,
                              oci_error *err);

#ifdef __cplusplus
}
#endif
#endif
