/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_LAYER_DIRS_H
#define OCI_LAYER_DIRS_H
/*
 * The directories an applier has worked in: which directory they lie in, and what their attributes shall be in the end.
 *
 * A directory is known by device and inode, never by a path: a path may lead through a symbolic link that a later entry
 * replaces. Together the records are a part of the real tree, from the root down, so that in the end each is found
 * again by going down from its parent. No system calls.
 */
#include <sys/stat.h>

#include <oci-image/common.h>
#include <oci-image/error.h>

#include "base/cleanup.h"

enum { OCI_DIRS_ROOT = 0 };
#define OCI_DIRS_NONE UINT32_MAX

typedef struct oci_dir {
    dev_t dev;
    ino_t ino;
    char *name; /* in its parent; NULL for the root */
    /* What it shall have in the end. */
    int64_t mtime;
    uint32_t mtime_nsec;
    mode_t mode;
    bool settle;    /* something in it was changed: the time has to be set */
    bool set_mode;  /* it has a mode to work with, not its own */
    bool inherited; /* what is made in it may get attributes from it; of those found, not made, nothing else is known */
    bool reset;     /* what it has belongs to a layer that is hidden: it shall be as if made for what is in it */
    bool implied;   /* it was made for what is in it and has had no entry */
    /* Numbers of layers, from 1. */
    uint32_t born; /* the one that made it, 0 for none: while it is applied, all there is in the directory is its own */
    uint32_t made; /* the last one that gave it its attributes, 0 for none */
    uint32_t used; /* the last one that put something into it, 0 for none */
    uint32_t hid;  /* the last one whose whiteouts left nothing older below it, 0 for none */
    /* The tree; OCI_DIRS_NONE ends a list. */
    uint32_t parent, first, prev, next;
} oci_dir;

typedef struct oci_dirs oci_dirs;

/* root is recorded as OCI_DIRS_ROOT. */
int oci_dirs_new(const struct stat *root, oci_dirs **out, oci_error *err);
void oci_dirs_free(oci_dirs *d);
OCI_DEFINE_AUTO(oci_dirs);

/* The record of a directory, or OCI_DIRS_NONE. */
uint32_t oci_dirs_find(const oci_dirs *d, const struct stat *st);
/* Valid until the next oci_dirs_add. */
oci_dir *oci_dirs_at(oci_dirs *d, uint32_t ref);
size_t oci_dirs_count(const oci_dirs *d);
/* Records the directory name in parent with the time and mode it has. A record under the same number is of a directory
 * that is gone; it and all below it are forgotten. */
int oci_dirs_add(oci_dirs *d, uint32_t parent, const char *name, const struct stat *st, uint32_t *out, oci_error *err);
/* The directory is gone with all below it. Not for the root. */
void oci_dirs_drop(oci_dirs *d, uint32_t ref);
/* Everything of layers before this one was removed below ref, and ref itself unless only_below. Records of directories
 * that are gone are forgotten; those that stay only because of what the layer has put into them lose their attributes.
 */
void oci_dirs_hide(oci_dirs *d, uint32_t ref, uint32_t layer, bool only_below);

#endif
