/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_BUNDLE_PASSWD_H
#define OCI_BUNDLE_PASSWD_H
/*
 * Looking things up in the text of /etc/passwd and /etc/group of an image.
 *
 * Both files are an enemy's. A line counts only when it is whole: enough fields, a name, and ids that are decimal
 * numbers up to OCI_ID_MAX. Every other line is passed over, so that no damage ever turns into id 0. Of several lines
 * that fit the first is taken, as the C libraries do. Everything goes by length: a NUL byte is a byte like others and
 * ends nothing.
 */
#include <oci-image/common.h>
#include <oci-image/error.h>

/* 2^32 - 1 is "no change" to chown and setuid, and so no id. */
#define OCI_ID_MAX UINT32_C(4294967294)
/* No process can be in more groups than this (NGROUPS_MAX of Linux). */
#define OCI_GROUPS_MAX 65536

typedef struct oci_passwd_entry {
    oci_span name; /* borrowed from the text */
    uint32_t uid, gid;
} oci_passwd_entry;

/* Both return whether there is such a user. */
bool oci_passwd_find_name(oci_span passwd, oci_span name, oci_passwd_entry *out);
bool oci_passwd_find_uid(oci_span passwd, uint32_t uid, oci_passwd_entry *out);

/* Returns whether there is such a group. */
bool oci_group_find_name(oci_span group, oci_span name, uint32_t *gid);

typedef struct oci_gids {
    uint32_t *items;
    size_t count, cap;
} oci_gids;

/* Appends the groups that list the user as a member, in the order of the file, each once and without primary. The
 * caller frees out->items with oci_free, also after a failure. OCI_E_LIMIT above OCI_GROUPS_MAX. */
int oci_group_memberships(oci_span group, oci_span user, uint32_t primary, oci_gids *out, oci_error *err);

#endif
