/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_BUNDLE_BUILD_H
#define OCI_BUNDLE_BUILD_H
/*
 * Building the tree of config.json. The tree may hold members of a caller's template, so that nothing can be taken for
 * granted about the type of what is already there.
 */
#include <oci-image/common.h>
#include <oci-image/descriptor.h>
#include <oci-image/error.h>

#include "json/json.h"

/* A constant array of strings as a list. */
#define OCI_STRINGS_OF(array) ((oci_strings) { array, sizeof(array) / sizeof *(array) })

/* The member of object as an object or array to fill, made when it is absent or null. OCI_E_USAGE when it has another
 * type: only a template can have put that there. *out is borrowed from the tree. */
int oci_build_object(oci_value *object, const char *name, oci_value **out, oci_error *err);
int oci_build_array(oci_value *object, const char *name, oci_value **out, oci_error *err);
/* A new object at the end of array, borrowed from the tree. */
int oci_build_push_object(oci_value *array, oci_value **out, oci_error *err);

/* Set a member. */
int oci_build_set_string(oci_value *object, const char *name, const char *value, oci_error *err);
int oci_build_set_uint(oci_value *object, const char *name, uint64_t value, oci_error *err);
int oci_build_set_bool(oci_value *object, const char *name, bool value, oci_error *err);
int oci_build_set_strings(oci_value *object, const char *name, oci_strings values, oci_error *err);
/* Appends strings to an array. */
int oci_build_push_strings(oci_value *array, oci_strings values, oci_error *err);

#endif
