/* SPDX-License-Identifier: Apache-2.0 */
#include "json.h"

#include "base/fail.h"

/* The object that a patch of a member applies to; one that is there as something else counts as empty. */
static int object_at(oci_value *target, const char *name, oci_value **out, oci_error *err)
{
    oci_value *member = oci_value_get_rw(target, name);
    int r;

    if (oci_value_type_of(member) != OCI_VALUE_OBJECT) {
        member = oci_value_new_object();
        r = oci_value_set(target, name, member, err);
        if (r < 0)
            return r;
    }
    *out = member;
    return 0;
}

int oci_value_merge_patch(oci_value *target, const oci_value *patch, oci_error *err)
{
    oci_value_cursor c = { NULL };
    const oci_value *value;
    const char *name;

    if (oci_value_type_of(target) != OCI_VALUE_OBJECT || oci_value_type_of(patch) != OCI_VALUE_OBJECT)
        return oci_fail(err, OCI_E_INVALID, "a merge patch and its target have to be objects");
    while (oci_value_next(patch, &c, &name, &value)) {
        oci_value_type type = oci_value_type_of(value);
        oci_value *member;
        int r = 0;

        if (type == OCI_VALUE_NULL) {
            oci_value_remove(target, name);
        } else if (type == OCI_VALUE_OBJECT) {
            r = object_at(target, name, &member, err);
            if (r == 0)
                r = oci_value_merge_patch(member, value, err);
        } else {
            r = oci_value_set(target, name, oci_value_copy(value), err);
        }
        if (r < 0)
            return r;
    }
    return 0;
}
