/* SPDX-License-Identifier: Apache-2.0 */
#include "passwd.h"

#include <string.h>

#include "base/fail.h"
#include "base/map.h"
#include "base/num.h"
#include "base/vec.h"

/* Takes what stands before the next end off the front of *rest; false when *rest was used up. An end at the very end is
 * followed by one more, empty part. */
static bool next_part(oci_span *rest, char end, oci_span *part)
{
    const char *s = rest->data, *stop;

    if (s == NULL)
        return false;
    stop = memchr(s, end, rest->len);
    if (stop == NULL) {
        *part = *rest;
        *rest = (oci_span) { NULL, 0 };
        return true;
    }
    part->data = s;
    part->len = (size_t)(stop - s);
    rest->data = stop + 1;
    rest->len -= part->len + 1;
    return true;
}

static bool equal(oci_span a, oci_span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static bool read_id(oci_span field, uint32_t *id)
{
    uint64_t value;

    if (!oci_parse_u64(field.data, field.len, OCI_ID_MAX, &value))
        return false;
    *id = (uint32_t)value;
    return true;
}

/* name:password:uid:gid, and a comment, a home and a shell that nobody asks for here. */
static bool parse_passwd_line(oci_span line, oci_passwd_entry *out)
{
    oci_span password, uid, gid;

    return next_part(&line, ':', &out->name) && out->name.len > 0 && next_part(&line, ':', &password) &&
           next_part(&line, ':', &uid) && read_id(uid, &out->uid) && next_part(&line, ':', &gid) &&
           read_id(gid, &out->gid);
}

typedef struct group_entry {
    oci_span name, members;
    uint32_t gid;
} group_entry;

/* name:password:gid:member,member... where the members go to the end of the line. */
static bool parse_group_line(oci_span line, group_entry *out)
{
    oci_span password, gid;

    if (!next_part(&line, ':', &out->name) || out->name.len == 0 || !next_part(&line, ':', &password) ||
        !next_part(&line, ':', &gid) || !read_id(gid, &out->gid))
        return false;
    out->members = line;
    return true;
}

bool oci_passwd_find_name(oci_span passwd, oci_span name, oci_passwd_entry *out)
{
    oci_passwd_entry entry;
    oci_span line;

    while (next_part(&passwd, '\n', &line)) {
        if (parse_passwd_line(line, &entry) && equal(entry.name, name)) {
            *out = entry;
            return true;
        }
    }
    return false;
}

bool oci_passwd_find_uid(oci_span passwd, uint32_t uid, oci_passwd_entry *out)
{
    oci_passwd_entry entry;
    oci_span line;

    while (next_part(&passwd, '\n', &line)) {
        if (parse_passwd_line(line, &entry) && entry.uid == uid) {
            *out = entry;
            return true;
        }
    }
    return false;
}

bool oci_group_find_name(oci_span group, oci_span name, uint32_t *gid)
{
    group_entry entry;
    oci_span line;

    while (next_part(&group, '\n', &line)) {
        if (parse_group_line(line, &entry) && equal(entry.name, name)) {
            *gid = entry.gid;
            return true;
        }
    }
    return false;
}

static bool is_member(oci_span members, oci_span user)
{
    oci_span member;

    while (next_part(&members, ',', &member))
        if (equal(member, user))
            return true;
    return false;
}

int oci_group_memberships(oci_span group, oci_span user, uint32_t primary, oci_gids *out, oci_error *err)
{
    OCI_AUTO(oci_map) seen = oci_map_new();
    group_entry entry;
    oci_span line;

    if (seen == NULL)
        return oci_fail_nomem(err);
    while (next_part(&group, '\n', &line)) {
        int fresh;

        if (!parse_group_line(line, &entry) || entry.gid == primary || !is_member(entry.members, user))
            continue;
        fresh = oci_map_set(seen, &entry.gid, sizeof entry.gid, NULL);
        if (fresh < 0)
            return oci_fail_nomem(err);
        if (fresh == 0)
            continue;
        if (out->count >= OCI_GROUPS_MAX)
            return oci_fail(err, OCI_E_LIMIT, "/etc/group: user '%.*s' is in more than %d groups", (int)user.len,
                            (const char *)user.data, OCI_GROUPS_MAX);
        if (!OCI_VEC_PUSH(out, entry.gid))
            return oci_fail_nomem(err);
    }
    return 0;
}
