/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_OS_WALK_H
#define OCI_OS_WALK_H
/*
 * The portable walk: openat2(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS) with nothing but openat, component by component.
 * It passes through 8192 components at most, links included, which no path of an honest image has; more is a loop. All
 * the walks in one root have a budget of bytes of links besides: an image of one long link and many paths through it
 * would cost more than it weighs.
 */
#include <errno.h>

#include "os.h"

/* Makes missing directories on the way. */
typedef struct oci_walk_maker {
    const oci_make_parents *make;
    oci_error *err; /* for the functions of make */
    int refused;    /* what one of them returned when the walk ends with -ECANCELED */
} oci_walk_maker;

/* The errno of a walk whose budget is used up; no call that it makes has this one. */
enum { OCI_WALK_TOO_FAR = E2BIG };

/* Opens path (not "") inside the root with all of flags. A descriptor, or a negative errno: EAGAIN when directories
 * were moved meanwhile. With a maker (else NULL) directories that are missing are made, also those that a
 * symbolic link names; inside the root like all others. */
int oci_walk_open(oci_root *root, const char *path, int flags, oci_walk_maker *maker);

#endif
