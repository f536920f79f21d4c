/* SPDX-License-Identifier: Apache-2.0 */
#include "user.h"

#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fail.h"
#include "base/num.h"

enum { MAX_FILE = 1 << 20 };

static bool all_digits(const char *s, size_t n)
{
    return n > 0 && strspn(s, "0123456789") >= n;
}

static int parse_part(const char *what, const char *s, size_t n, oci_user_part *out, oci_error *err)
{
    uint64_t id;

    if (n == 0)
        return oci_fail(err, OCI_E_INVALID, "the %s is empty", what);
    /* A negative number is not taken for a name: who wrote it meant an id. */
    if (!all_digits(s, n) && !(s[0] == '-' && all_digits(s + 1, n - 1))) {
        *out = (oci_user_part) { .name = { s, n } };
        return 0;
    }
    if (!oci_parse_u64(s, n, OCI_ID_MAX, &id))
        return oci_fail(err, OCI_E_INVALID, "the %s is outside of 0 to %" PRIu32, what, OCI_ID_MAX);
    *out = (oci_user_part) { .id = (uint32_t)id };
    return 0;
}

static int parse_parts(const char *text, oci_user_text *out, oci_error *err)
{
    const char *colon = strchr(text, ':');
    int r = parse_part("user", text, colon != NULL ? (size_t)(colon - text) : strlen(text), &out->user, err);

    out->has_group = colon != NULL;
    if (r < 0 || colon == NULL)
        return r;
    if (strchr(colon + 1, ':') != NULL)
        return oci_fail(err, OCI_E_INVALID, "more than a user and a group");
    return parse_part("group", colon + 1, strlen(colon + 1), &out->group, err);
}

int oci_user_parse(const char *text, oci_user_text *out, oci_error *err)
{
    oci_user_text result = { 0 };
    int r = parse_parts(text, &result, err);

    if (r < 0)
        return oci_wrap(err, r, "config.User '%.100s'", text);
    *out = result;
    return 0;
}

/* Appends a file of the image. One that is not there is as good as an empty one: it knows nobody. */
static int read_file(const oci_bundle_files *files, const char *path, oci_buf *out, oci_error *err)
{
    int r = files->read(files->ctx, path, MAX_FILE, out, err);

    return r == OCI_E_NOT_FOUND ? 0 : r;
}

static oci_span span_of(const oci_buf *buf)
{
    return (oci_span) { buf->data, buf->len };
}

static int unknown(const char *what, const oci_user_part *part, oci_error *err)
{
    return oci_fail(err, OCI_E_INVALID, "the image has no %s '%.*s'", what,
                    part->name.len < 100 ? (int)part->name.len : 100, (const char *)part->name.data);
}

static int no_root(const char *what, oci_error *err)
{
    return oci_fail(err, OCI_E_NOT_FOUND, "the %s is a name and there is no root file system to look it up in", what);
}

/* Fills uid, and the gid that belongs to the user. A number that passwd does not have is in group 0. */
static int resolve_user(const oci_user_text *text, const oci_bundle_files *files, oci_user *out, oci_error *err)
{
    OCI_AUTO_BUF oci_buf passwd = OCI_BUF_INIT;
    bool named = text->user.name.len > 0;
    oci_passwd_entry entry;
    int r;

    out->uid = text->user.id;
    out->gid = 0;
    if (!named && (text->has_group || files == NULL))
        return 0;
    if (files == NULL)
        return no_root("user", err);
    r = read_file(files, "etc/passwd", &passwd, err);
    if (r < 0)
        return r;
    if (named ? oci_passwd_find_name(span_of(&passwd), text->user.name, &entry)
              : oci_passwd_find_uid(span_of(&passwd), text->user.id, &entry)) {
        out->uid = entry.uid;
        out->gid = entry.gid;
        return 0;
    }
    return named ? unknown("user", &text->user, err) : 0;
}

static int resolve_groups(const oci_user_text *text, const oci_bundle_files *files, oci_user *out, oci_error *err)
{
    OCI_AUTO_BUF oci_buf group = OCI_BUF_INIT;
    int r;

    if (text->has_group && text->group.name.len == 0) {
        out->gid = text->group.id;
        return 0;
    }
    /* conversion.md leaves additionalGids alone for a number. */
    if (!text->has_group && text->user.name.len == 0)
        return 0;
    if (files == NULL)
        return no_root("group", err);
    r = read_file(files, "etc/group", &group, err);
    if (r < 0)
        return r;
    if (!text->has_group)
        return oci_group_memberships(span_of(&group), text->user.name, out->gid, &out->additional, err);
    return oci_group_find_name(span_of(&group), text->group.name, &out->gid) ? 0 : unknown("group", &text->group, err);
}

int oci_user_resolve(const char *text, const oci_bundle_files *files, oci_user *out, oci_error *err)
{
    oci_user result = { 0 };
    oci_user_text parts;
    int r;

    if (text == NULL || text[0] == '\0') {
        *out = result;
        return 0;
    }
    r = oci_user_parse(text, &parts, err);
    if (r < 0)
        return r;
    r = resolve_user(&parts, files, &result, err);
    if (r == 0)
        r = resolve_groups(&parts, files, &result, err);
    if (r < 0) {
        oci_user_clear(&result);
        return oci_wrap(err, r, "config.User '%.100s'", text);
    }
    *out = result;
    return 0;
}

void oci_user_clear(oci_user *user)
{
    oci_free(user->additional.items);
    *user = (oci_user) { 0 };
}
