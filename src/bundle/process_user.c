/* SPDX-License-Identifier: Apache-2.0 */
#include "parts.h"

#include <inttypes.h>

#include "base/event.h"
#include "build.h"
#include "user.h"

static int set_additional(oci_value *object, const oci_user *user, const oci_bundle_options *o, const oci_userns *u,
                          oci_error *err)
{
    oci_value *gids;
    size_t dropped = 0;
    int r = 0;

    oci_value_remove(object, "additionalGids");
    for (size_t i = 0; r == 0 && i < user->additional.count; i++) {
        uint32_t gid = user->additional.items[i];

        if (u->no_setgroups || (o->rootless && !o->keep_groups) || !oci_userns_has_gid(u, gid)) {
            dropped++;
            continue;
        }
        r = oci_build_array(object, "additionalGids", &gids, err);
        if (r == 0)
            r = oci_value_push(gids, oci_value_new_uint(gid), err);
    }
    if (r == 0 && dropped > 0)
        oci_warn(o->events, "%zu of the user's %zu supplementary groups are left out: %s", dropped,
                 user->additional.count,
                 u->no_setgroups || !o->rootless || o->keep_groups ? "they are not mapped"
                                                                   : "not every runtime can set them without root");
    return r;
}

static int set_from_image(oci_value *object, const oci_config *c, const oci_bundle_files *files,
                          const oci_bundle_options *o, const oci_userns *u, oci_error *err)
{
    oci_user user;
    int r = oci_user_resolve(c->user, files, &user, err);

    if (r < 0)
        return r;
    r = oci_build_set_uint(object, "uid", user.uid, err);
    if (r == 0)
        r = oci_build_set_uint(object, "gid", user.gid, err);
    if (r == 0)
        r = set_additional(object, &user, o, u, err);
    oci_user_clear(&user);
    return r;
}

/* runtime-spec wants both ids, 0 as well. */
static int set_missing(oci_value *object, const char *name, oci_error *err)
{
    return oci_value_get_rw(object, name) != NULL ? 0 : oci_build_set_uint(object, name, 0, err);
}

static void warn_unmapped(const oci_value *object, const oci_events *events, const oci_userns *u)
{
    const oci_value *uid = NULL, *gid = NULL;
    uint64_t id;

    if (!u->wanted)
        return;
    oci_value_get(object, "uid", &uid);
    oci_value_get(object, "gid", &gid);
    if (oci_value_uint64(uid, &id) && (id > UINT32_MAX || !oci_userns_has_uid(u, (uint32_t)id)))
        oci_warn(events, "the container's user %" PRIu64 " is not mapped: it will not start", id);
    if (oci_value_uint64(gid, &id) && (id > UINT32_MAX || !oci_userns_has_gid(u, (uint32_t)id)))
        oci_warn(events, "the container's group %" PRIu64 " is not mapped: it will not start", id);
}

int oci_bundle_user(oci_value *root, const oci_config *c, const oci_bundle_files *files, const oci_bundle_options *o,
                    const oci_userns *u, oci_error *err)
{
    oci_value *process, *user;
    int r = oci_build_object(root, "process", &process, err);

    if (r == 0)
        r = oci_build_object(process, "user", &user, err);
    /* Without a User the template's stays, or root. */
    if (r == 0 && c->user != NULL && c->user[0] != '\0')
        r = set_from_image(user, c, files, o, u, err);
    if (r == 0)
        r = set_missing(user, "uid", err);
    if (r == 0)
        r = set_missing(user, "gid", err);
    if (r == 0)
        warn_unmapped(user, o->events, u);
    return r;
}
