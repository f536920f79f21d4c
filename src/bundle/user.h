/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_BUNDLE_USER_H
#define OCI_BUNDLE_USER_H
/*
 * Config.User of an image as numbers (image-spec config.md "User", conversion.md "Config.User").
 *
 *     user user:group user:gid uid uid:group uid:gid
 *
 * A part made of digits alone is a number, whatever the image's files say; it is copied as it is. Any other part is a
 * name and is looked up in /etc/passwd or /etc/group inside the root file system, never on the host.
 */
#include <oci-image/bundle.h>
#include <oci-image/common.h>
#include <oci-image/error.h>

#include "bundle/passwd.h"

typedef struct oci_user_part {
    oci_span name; /* borrowed; len 0 when the part is a number */
    uint32_t id;   /* when it is one */
} oci_user_part;

typedef struct oci_user_text {
    oci_user_part user, group;
    bool has_group;
} oci_user_text;

/* Cuts Config.User into its parts. OCI_E_INVALID for what is none of the six forms and for numbers above OCI_ID_MAX. */
int oci_user_parse(const char *text, oci_user_text *out, oci_error *err);

typedef struct oci_user {
    uint32_t uid, gid;
    oci_gids additional; /* supplementary groups: only a name without a group has some */
} oci_user;

/* The ids of text; NULL and "" are 0:0. files is NULL when there is no root file system: names are then
 * OCI_E_NOT_FOUND. They are read only when a part asks for them. OCI_E_INVALID when a name is not there or a file is
 * not a regular one, OCI_E_LIMIT when a file is above 1 MiB. Gives: oci_user_clear. */
int oci_user_resolve(const char *text, const oci_bundle_files *files, oci_user *out, oci_error *err);
void oci_user_clear(oci_user *user);

#endif
