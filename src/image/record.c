/* SPDX-License-Identifier: Apache-2.0 */
#include "record.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/fail.h"
#include "base/utf8.h"
#include "image.h"
#include "json/json.h"

/* Goes up when a reader of version 1 would misread what is written. */
enum { RECORD_VERSION = 1 };

static const char *owner_name(oci_owner_policy policy)
{
    switch (policy) {
    case OCI_OWNER_KEEP:
        return "keep";
    case OCI_OWNER_MAP:
        return "map";
    case OCI_OWNER_RECORD:
        return "record";
    case OCI_OWNER_SQUASH:
    case OCI_OWNER_AUTO:
        break;
    }
    return "squash";
}

/* Takes value, which may be NULL for want of memory. */
static int set(oci_value *object, const char *name, oci_value *value, oci_error *err)
{
    return oci_value_set(object, name, value, err);
}

static int set_descriptor(oci_value *record, const oci_image *i, oci_error *err)
{
    oci_value *d = oci_value_new_object();
    int r = set(record, "manifest", d, err);

    if (r == 0)
        r = set(d, "mediaType", oci_value_new_string(i->media_type), err);
    if (r == 0)
        r = set(d, "digest", oci_value_new_string(i->digest_text), err);
    return r < 0 ? r : set(d, "size", oci_value_new_uint(i->manifest_bytes.len), err);
}

static int push_map(oci_value *array, const oci_id_map *m, oci_error *err)
{
    oci_value *entry = oci_value_new_object();
    int r = oci_value_push(array, entry, err);

    if (r == 0)
        r = set(entry, "containerID", oci_value_new_uint(m->container), err);
    if (r == 0)
        r = set(entry, "hostID", oci_value_new_uint(m->host), err);
    return r < 0 ? r : set(entry, "size", oci_value_new_uint(m->size), err);
}

static int set_maps(oci_value *record, const char *name, const oci_id_map *maps, size_t n, oci_error *err)
{
    oci_value *array;
    int r;

    if (n == 0)
        return 0;
    array = oci_value_new_array();
    r = set(record, name, array, err);
    for (size_t i = 0; r == 0 && i < n; i++)
        r = push_map(array, &maps[i], err);
    return r;
}

/* How the tree differs from what root on a capable file system would have got. The maps are those of the files, or
 * without them those of the container that they were made for. */
static int set_options(oci_value *record, const oci_unpack_options *o, oci_error *err)
{
    const oci_apply_options *a = &o->apply;
    const bool own = a->n_uid_maps > 0 || a->n_gid_maps > 0;
    int r = set(record, "rootless", oci_value_new_bool(o->rootless), err);

    if (r == 0)
        r = set(record, "owner", oci_value_new_string(owner_name(a->owner)), err);
    if (r == 0)
        r = own ? set_maps(record, "uidMappings", a->uid_maps, a->n_uid_maps, err)
                : set_maps(record, "uidMappings", o->bundle.uid_maps, o->bundle.n_uid_maps, err);
    if (r == 0)
        r = own ? set_maps(record, "gidMappings", a->gid_maps, a->n_gid_maps, err)
                : set_maps(record, "gidMappings", o->bundle.gid_maps, o->bundle.n_gid_maps, err);
    if (r == 0)
        r = set(record, "xattrs", oci_value_new_bool(!a->no_xattrs), err);
    return r < 0 ? r : set(record, "keepDirlinks", oci_value_new_bool(a->keep_dirlinks), err);
}

int oci_record_print(const oci_image *i, const oci_unpack_options *o, oci_buf *out, oci_error *err)
{
    OCI_AUTO(oci_value) record = oci_value_new_object();
    int r;

    if (record == NULL)
        return oci_fail_nomem(err);
    r = set(record, "version", oci_value_new_uint(RECORD_VERSION), err);
    if (r == 0 && o->image_name != NULL && oci_utf8_is_valid(o->image_name, strlen(o->image_name)))
        r = set(record, "image", oci_value_new_string(o->image_name), err);
    if (r == 0)
        r = set_descriptor(record, i, err);
    if (r == 0)
        r = set(record, "layers", oci_value_new_uint(i->manifest->n_layers), err);
    if (r == 0)
        r = set_options(record, o, err);
    return r < 0 ? r : oci_value_print(record, OCI_PRINT_PRETTY, out, err);
}
