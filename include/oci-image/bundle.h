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

/* The files of an image that is not unpacked, for looking up the names of users and groups. */
typedef struct oci_bundle_files {
    void *ctx;
    /* Appends the regular file path ("etc/passwd"; links on the way mean places inside the image) to out.
     * OCI_E_NOT_FOUND; OCI_E_INVALID when it is no regular file; OCI_E_LIMIT when it is larger than limit bytes. */
    int (*read)(void *ctx, const char *path, uint64_t limit, oci_buf *out, oci_error *err);
} oci_bundle_files;

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
    bool no_shell; /* an image that names no command is OCI_E_INVALID; otherwise it gets "sh" and a warning */
    bool rootless;
    bool keep_groups; /* rootless: with the supplementary groups that are mapped, which crun can set and runc cannot */
    bool inside; /* the caller is in such a user namespace: the owners that it sees are those that the container sees */
    const oci_id_map *uid_maps, *gid_maps; /* for the user namespace; empty and rootless: the caller's ids are 0 */
    size_t n_uid_maps, n_gid_maps;
    const char *template_json; /* a JSON object laid under what the image says (RFC 7396), or NULL */
    size_t template_len;
    const oci_bundle_files *files; /* where names are looked up without a root file system, or NULL */
} oci_bundle_options;

/* Appends config.json to json. rootfd is the root file system in which user and group names are looked up, -1 for none
 * (they are then looked up in the files of the options; without those names are OCI_E_NOT_FOUND). o may be NULL.
 * OCI_E_INVALID when the image's user cannot be resolved, its environment is none or there is nothing to run;
 * OCI_E_UNSUPPORTED for an image of another system than Linux; OCI_E_USAGE for options or a template that make no
 * sense. */
OCI_API int oci_bundle_config(const oci_config *c, int rootfd, const oci_bundle_options *o, oci_buf *json,
                              oci_error *err);

/* ---- ids of an ordinary user ---- */

/* A container's ids as newuidmap(1) and newgidmap(1) let the caller map them: 0 is the caller, and from 1 on the ranges
 * follow that the system has set aside for it in /etc/subuid and /etc/subgid. */
typedef struct oci_rootless_maps {
    oci_id_map *uid_maps, *gid_maps;
    size_t n_uid_maps, n_gid_maps; /* 0 when nothing is set aside of one kind or both */
} oci_rootless_maps;

/* user is the name of the caller in these files besides its number, or NULL; the system's users are not looked up.
 * Damaged lines are passed over. Gives: oci_rootless_maps_free. */
OCI_API int oci_rootless_maps_new(const char *user, oci_rootless_maps **out, oci_error *err);
OCI_API void oci_rootless_maps_free(oci_rootless_maps *m);

#ifdef __cplusplus
}
#endif
#endif
