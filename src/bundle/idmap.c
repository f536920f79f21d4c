/* SPDX-License-Identifier: Apache-2.0 */
#include "idmap.h"

#include <unistd.h>

#include "base/fail.h"
#include "os/ident.h"

static void set_maps(oci_id_maps *out, const oci_id_map *maps, size_t n, uint32_t own)
{
    if (n > 0) {
        out->items = maps;
        out->count = n;
        return;
    }
    out->own = (oci_id_map) { .container = 0, .host = own, .size = 1 };
    out->items = &out->own;
    out->count = 1;
}

int oci_userns_init(oci_userns *out, const oci_bundle_options *o, oci_error *err)
{
    int r = oci_id_maps_check("user", o->uid_maps, o->n_uid_maps, err);

    if (r == 0)
        r = oci_id_maps_check("group", o->gid_maps, o->n_gid_maps, err);
    if (r < 0)
        return r;
    *out = (oci_userns) { .wanted = o->rootless || o->n_uid_maps > 0 || o->n_gid_maps > 0 };
    out->inside = o->inside;
    if (!out->wanted)
        return 0;
    if (!o->rootless && (o->n_uid_maps == 0 || o->n_gid_maps == 0))
        return oci_fail(err, OCI_E_USAGE, "maps of users and maps of groups are needed together");
    out->no_setgroups = o->n_gid_maps == 0;
    set_maps(&out->uids, o->uid_maps, o->n_uid_maps, geteuid());
    set_maps(&out->gids, o->gid_maps, o->n_gid_maps, getegid());
    return 0;
}

static bool has(const oci_userns *u, const oci_id_maps *maps, uint32_t id)
{
    for (size_t i = 0; i < maps->count; i++)
        if (id >= maps->items[i].container && id - maps->items[i].container < maps->items[i].size)
            return true;
    return !u->wanted;
}

bool oci_userns_has_uid(const oci_userns *u, uint32_t uid)
{
    return has(u, &u->uids, uid);
}

bool oci_userns_has_gid(const oci_userns *u, uint32_t gid)
{
    return has(u, &u->gids, gid);
}
