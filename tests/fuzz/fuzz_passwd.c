/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Config.User, /etc/passwd and /etc/group of an image, one after the other with a byte 0xff between them.
 */
#include <string.h>

#include "base/alloc.h"
#include "bundle/user.h"
#include "fuzz.h"

static oci_span cut(oci_span *rest)
{
    const uint8_t *stop = rest->len > 0 ? memchr(rest->data, 0xff, rest->len) : NULL;
    oci_span part = *rest;

    if (stop == NULL) {
        *rest = (oci_span) { NULL, 0 };
        return part;
    }
    part.len = (size_t)(stop - (const uint8_t *)rest->data);
    rest->data = stop + 1;
    rest->len -= part.len + 1;
    return part;
}

static void check_groups(oci_span group, const oci_passwd_entry *entry)
{
    oci_gids gids = { 0 };
    int r = oci_group_memberships(group, entry->name, entry->gid, &gids, NULL);

    FUZZ_CHECK(r == 0 || r == OCI_E_LIMIT || r == OCI_E_NOMEM);
    for (size_t i = 0; i < gids.count; i++) {
        FUZZ_CHECK(gids.items[i] <= OCI_ID_MAX && gids.items[i] != entry->gid);
        for (size_t k = 0; k < i && k < 64; k++)
            FUZZ_CHECK(gids.items[i] != gids.items[k]);
    }
    oci_free(gids.items);
}

static void check_user(const oci_user_text *text, oci_span passwd, oci_span group)
{
    oci_passwd_entry entry;
    uint32_t gid;

    FUZZ_CHECK(text->user.id <= OCI_ID_MAX && text->group.id <= OCI_ID_MAX);
    if (text->has_group && text->group.name.len > 0 && oci_group_find_name(group, text->group.name, &gid))
        FUZZ_CHECK(gid <= OCI_ID_MAX);
    if (text->user.name.len == 0) {
        if (oci_passwd_find_uid(passwd, text->user.id, &entry))
            FUZZ_CHECK(entry.uid == text->user.id && entry.gid <= OCI_ID_MAX && entry.name.len > 0);
        return;
    }
    if (!oci_passwd_find_name(passwd, text->user.name, &entry))
        return;
    FUZZ_CHECK(entry.uid <= OCI_ID_MAX && entry.gid <= OCI_ID_MAX && entry.name.len == text->user.name.len);
    FUZZ_CHECK(memcmp(entry.name.data, text->user.name.data, entry.name.len) == 0);
    check_groups(group, &entry);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    oci_span rest = { data, size };
    oci_span user = cut(&rest), passwd = cut(&rest);
    char *text = oci_strndup(user.data != NULL ? user.data : "", user.len);
    oci_user_text parts;

    if (text != NULL && text[0] != '\0' && oci_user_parse(text, &parts, NULL) == 0)
        check_user(&parts, passwd, rest);
    oci_free(text);
    return 0;
}
