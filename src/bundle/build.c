/* SPDX-License-Identifier: Apache-2.0 */
#include "build.h"

#include "base/fail.h"

/* Puts an empty value that was just made into object and lends it. */
static int set_empty(oci_value *object, const char *name, oci_value *empty, oci_value **out, oci_error *err)
{
    int r = oci_value_set(object, name, empty, err);

    if (r == 0)
        *out = empty;
    return r;
}

static int existing(oci_value *object, const char *name, oci_value_type type, oci_value **out, oci_error *err)
{
    oci_value *found = oci_value_get_rw(object, name);

    if (found != NULL && oci_value_type_of(found) != type)
        return oci_fail(err, OCI_E_USAGE, "the template's '%s' is %s, not %s", name,
                        oci_value_type_name(oci_value_type_of(found)), oci_value_type_name(type));
    *out = found;
    return 0;
}

int oci_build_object(oci_value *object, const char *name, oci_value **out, oci_error *err)
{
    oci_value *found = NULL;
    int r = existing(object, name, OCI_VALUE_OBJECT, &found, err);

    if (r < 0)
        return r;
    if (found == NULL)
        return set_empty(object, name, oci_value_new_object(), out, err);
    *out = found;
    return 0;
}

int oci_build_array(oci_value *object, const char *name, oci_value **out, oci_error *err)
{
    oci_value *found = NULL;
    int r = existing(object, name, OCI_VALUE_ARRAY, &found, err);

    if (r < 0)
        return r;
    if (found == NULL)
        return set_empty(object, name, oci_value_new_array(), out, err);
    *out = found;
    return 0;
}

int oci_build_push_object(oci_value *array, oci_value **out, oci_error *err)
{
    oci_value *object = oci_value_new_object();
    int r = oci_value_push(array, object, err);

    if (r == 0)
        *out = object;
    return r;
}

int oci_build_set_string(oci_value *object, const char *name, const char *value, oci_error *err)
{
    return oci_value_set(object, name, oci_value_new_string(value), err);
}

int oci_build_set_uint(oci_value *object, const char *name, uint64_t value, oci_error *err)
{
    return oci_value_set(object, name, oci_value_new_uint(value), err);
}

int oci_build_set_bool(oci_value *object, const char *name, bool value, oci_error *err)
{
    return oci_value_set(object, name, oci_value_new_bool(value), err);
}

int oci_build_push_strings(oci_value *array, oci_strings values, oci_error *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < values.count; i++)
        r = oci_value_push(array, oci_value_new_string(values.items[i]), err);
    return r;
}

int oci_build_set_strings(oci_value *object, const char *name, oci_strings values, oci_error *err)
{
    oci_value *array = NULL;
    int r = set_empty(object, name, oci_value_new_array(), &array, err);

    return r < 0 ? r : oci_build_push_strings(array, values, err);
}
