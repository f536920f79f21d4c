/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_IMAGE_EDIT_H
#define OCI_IMAGE_EDIT_H
/*
 * Changing an image configuration, and the annotations of its manifest, by fields with names and values that are text:
 * what command lines and scripts have.
 *
 *     user workdir stop-signal author created os architecture variant   one text each
 *     entrypoint cmd                                                     lists of words
 *     env                                                                a list of NAME=VALUE, each NAME once
 *     volume expose                                                      sets of texts
 *     label annotation                                                   maps, NAME=VALUE
 *
 * A value of a list or set that begins with "[" is a JSON array and becomes the whole of it.
 */
#include <oci-image/common.h>
#include <oci-image/document.h>
#include <oci-image/error.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct oci_editor oci_editor;

/* Begins with a copy of base and annotations, which may be NULL and are borrowed as long as the editor lives. Gives. */
OCI_API int oci_editor_new(const oci_config *base, const oci_annotations *annotations, oci_editor **out,
                           oci_error *err);
/* Sets a text; adds to a list, a set or a map, where an item of that name gives way. The first word that is set of
 * entrypoint or cmd begins the list anew. OCI_E_USAGE for a field or a value that cannot be. */
OCI_API int oci_editor_set(oci_editor *e, const char *field, const char *value, oci_error *err);
/* Takes the item called name out of env, a set or a map; absent is success. OCI_E_USAGE for other fields. */
OCI_API int oci_editor_unset(oci_editor *e, const char *field, const char *name, oci_error *err);
/* Makes a field absent. OCI_E_USAGE for a field that is not one. */
OCI_API int oci_editor_clear(oci_editor *e, const char *field, oci_error *err);
/* The name of field i, NULL behind the last. */
OCI_API const char *oci_editor_field(size_t i);
/* What it has become; borrowed, until the next change. */
OCI_API const oci_config *oci_editor_config(oci_editor *e);
OCI_API const oci_annotations *oci_editor_annotations(oci_editor *e); /* or NULL */
OCI_API void oci_editor_free(oci_editor *e);

#ifdef __cplusplus
}
#endif
#endif
