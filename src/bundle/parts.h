/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_BUNDLE_PARTS_H
#define OCI_BUNDLE_PARTS_H
/*
 * The steps that make config.json, each over the one before:
 *
 *     defaults   what this library chooses
 *     template   what the caller's template says, as a merge patch
 *     image      what the image configuration says (conversion.md)
 *     options    what the caller asked for by name
 *
 * root is the whole tree. A step returns OCI_E_USAGE when the template left something of a type it cannot work with.
 */
#include <oci-image/bundle.h>
#include <oci-image/common.h>
#include <oci-image/document.h>
#include <oci-image/error.h>

#include "bundle/idmap.h"
#include "json/json.h"
#include "os/os.h"

/* Fills an empty root in the order in which runtimes write the members. */
int oci_bundle_defaults(oci_value *root, const oci_bundle_options *o, const oci_userns *u, oci_error *err);
int oci_bundle_default_mounts(oci_value *root, const oci_bundle_options *o, const oci_userns *u, oci_error *err);

/* Sets process.capabilities. OCI_E_USAGE for a name that is no capability. */
int oci_bundle_capabilities(oci_value *process, const oci_bundle_options *o, oci_error *err);

bool oci_capability_is_known(const char *name);

/* Sets process.env: the image's entries, the template's that have other names, and a PATH when there is none. */
int oci_bundle_env(oci_value *process, const oci_config *c, oci_error *err);
int oci_bundle_process(oci_value *root, const oci_config *c, const oci_bundle_options *o, oci_error *err);
/* files is NULL when there are none. */
int oci_bundle_user(oci_value *root, const oci_config *c, const oci_bundle_files *files, const oci_bundle_options *o,
                    const oci_userns *u, oci_error *err);
int oci_bundle_annotations(oci_value *root, const oci_config *c, const oci_events *events, oci_error *err);
/* rootfs is NULL when there is none. */
int oci_bundle_volumes(oci_value *root, const oci_config *c, oci_root *rootfs, const oci_bundle_options *o,
                       const oci_userns *u, oci_error *err);

/* Whether the whole keeps what runtime-spec says of each value: OCI_E_USAGE with the place of the first that does not.
 * Only what a template has put there can be wrong. */
int oci_bundle_check(const oci_value *root, oci_error *err);

#endif
