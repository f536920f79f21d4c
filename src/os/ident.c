/* SPDX-License-Identifier: Apache-2.0 */
#include "ident.h"

#include <unistd.h>

#include "base/fail.h"

/* 4294967295 is nobody: system calls read it as "leave it as it is". */
static const uint32_t no_id = UINT32_MAX;

/* Whether [a, a + n) and [b, b + m) meet. */
static bool ranges_meet(uint32_t a, uint32_t n, uint32_t b, uint32_t m)
{
    return a < (uint64_t)b + m && b < (uint64_t)a + n;
}

int oci_id_maps_check(const char *what, const oci_id_map *maps, size_t n, oci_error *err)
{
    for (size_t i = 0; i < n; i++) {
        const oci_id_map *m = &maps[i];

        if (m->size == 0 || (uint64_t)m->container + m->size > no_id || (uint64_t)m->host + m->size > no_id)
            return oci_fail(err, OCI_E_USAGE, "the %s map %u:%u:%u is empty or goes beyond the last id", what,
                            m->container, m->host, m->size);
        for (size_t k = 0; k < i; k++)
            if (ranges_meet(m->container, m->size, maps[k].container, maps[k].size) ||
                ranges_meet(m->host, m->size, maps[k].host, maps[k].size))
                return oci_fail(err, OCI_E_USAGE, "the %s maps %u:%u:%u and %u:%u:%u overlap", what, maps[k].container,
                                maps[k].host, maps[k].size, m->container, m->host, m->size);
    }
    return 0;
}

oci_owner_policy oci_owner_policy_settle(oci_owner_policy policy)
{
    if (policy != OCI_OWNER_AUTO)
        return policy;
    return geteuid() == 0 ? OCI_OWNER_KEEP : OCI_OWNER_SQUASH;
}

int oci_ident_init(oci_ident *out, const oci_apply_options *o, oci_error *err)
{
    int r = oci_id_maps_check("uid", o->uid_maps, o->n_uid_maps, err);

    if (r == 0)
        r = oci_id_maps_check("gid", o->gid_maps, o->n_gid_maps, err);
    if (r < 0)
        return r;
    *out = (oci_ident) {
        .policy = oci_owner_policy_settle(o->owner),
        .uid_maps = o->uid_maps,
        .gid_maps = o->gid_maps,
        .n_uid_maps = o->n_uid_maps,
        .n_gid_maps = o->n_gid_maps,
        .uid = geteuid(),
        .gid = getegid(),
    };
    return 0;
}

static bool map_id(const oci_id_map *maps, size_t n, uint32_t *id)
{
    if (n == 0)
        return true;
    for (size_t i = 0; i < n; i++) {
        if (*id >= maps[i].container && *id - maps[i].container < maps[i].size) {
            *id = maps[i].host + (*id - maps[i].container);
            return true;
        }
    }
    return false;
}

/* For the policies that keep ids where they can. */
static int mapped_owner(const oci_ident *ident, uint32_t uid, uint32_t gid, oci_owner *out, oci_error *err)
{
    oci_owner owner = { .chown = true, .uid = uid, .gid = gid };
    bool has_uid = map_id(ident->uid_maps, ident->n_uid_maps, &owner.uid);
    bool has_gid = map_id(ident->gid_maps, ident->n_gid_maps, &owner.gid);

    if (ident->policy == OCI_OWNER_KEEP && !has_uid)
        return oci_fail(err, OCI_E_INVALID, "the uid %u is outside of the uid maps", uid);
    if (ident->policy == OCI_OWNER_KEEP && !has_gid)
        return oci_fail(err, OCI_E_INVALID, "the gid %u is outside of the gid maps", gid);
    if (!has_uid)
        owner.uid = ident->uid;
    if (!has_gid)
        owner.gid = ident->gid;
    owner.other = !has_uid || !has_gid;
    *out = owner;
    return 0;
}

int oci_ident_owner(const oci_ident *ident, uint32_t uid, uint32_t gid, oci_owner *out, oci_error *err)
{
    if (uid == no_id || gid == no_id)
        return oci_fail(err, OCI_E_INVALID, "the owner %u:%u is nobody", uid, gid);
    switch (ident->policy) {
    case OCI_OWNER_KEEP:
    case OCI_OWNER_MAP:
        return mapped_owner(ident, uid, gid, out, err);
    case OCI_OWNER_SQUASH:
        /* The caller is the container's root, and for everybody else it only stands in. */
        *out = (oci_owner) { .uid = ident->uid, .gid = ident->gid, .other = uid != 0 || gid != 0 };
        return 0;
    case OCI_OWNER_RECORD:
        *out = (oci_owner) { .uid = ident->uid, .gid = ident->gid };
        return 0;
    case OCI_OWNER_AUTO:
        break;
    }
    return oci_fail(err, OCI_E_INTERNAL, "the owner policy %d was not settled", (int)ident->policy);
}

static size_t put_field(unsigned char *out, unsigned number, uint32_t value)
{
    size_t n = 0;

    if (value == 0)
        return 0; /* the default is not written */
    out[n++] = (unsigned char)(number << 3);
    for (; value >= 0x80; value >>= 7)
        out[n++] = (unsigned char)(value | 0x80);
    out[n++] = (unsigned char)value;
    return n;
}

size_t oci_ident_record(uint32_t uid, uint32_t gid, unsigned char out[OCI_IDENT_RECORD_MAX])
{
    size_t n = put_field(out, 1, uid);

    return n + put_field(out + n, 2, gid);
}
