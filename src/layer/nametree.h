/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_LAYER_NAMETREE_H
#define OCI_LAYER_NAMETREE_H
/*
 * Names in memory: what a file system looks like from the outside, without contents and attributes. Names and what they
 * lead to (nodes) are known by numbers, which may be used again for others later.
 */
#include "tar/tar.h"
#include "view.h"

enum { OCI_NODE_ROOT = 0 };
#define OCI_NUMBER_NONE UINT32_MAX

/* What names lead to. */
typedef struct oci_node {
    oci_tar_type type;
    char *link;     /* of symbolic links */
    uint32_t links; /* names that lead here */
    uint32_t first; /* of a directory: the first of its names */
    uint32_t name;  /* of a directory: the name it has; none for the root */
    uint32_t hid;   /* the last layer whose whiteouts left nothing older below it, 0 for none */
    oci_view_file file;
} oci_node;

/* A name in a directory. */
typedef struct oci_name {
    char *text; /* NULL: this number is not in use */
    uint32_t dir, node;
    uint32_t layer;      /* that put it there, from 1 */
    uint32_t prev, next; /* in the directory */
    uint32_t chain;      /* the next one of its bucket */
} oci_name;

typedef struct oci_nametree {
    struct {
        oci_node *items;
        size_t count, cap;
    } nodes;
    struct {
        oci_name *items;
        size_t count, cap;
    } names;
    uint32_t free_name, free_node; /* lists of unused ones, linked by next and first */
    uint32_t *buckets;             /* the first name of each, by the hash of directory and text */
    size_t n_buckets, n_names;     /* a power of two; names in use */
    uint64_t seed[2];
    size_t text;                /* bytes of all names and targets of links */
    uint32_t layer;             /* of what is put there now, from 1 */
    uint64_t lookups, followed; /* paths, and bytes of the links that they went through */
    uint64_t made;              /* directories that were missing on the way */
} oci_nametree;

int oci_nametree_init(oci_nametree *t, oci_error *err);
/* Also for one that is all zero. */
void oci_nametree_clear(oci_nametree *t);

static inline oci_node *oci_node_at(const oci_nametree *t, uint32_t i)
{
    return &t->nodes.items[i];
}

static inline oci_name *oci_name_at(const oci_nametree *t, uint32_t i)
{
    return &t->names.items[i];
}

static inline bool oci_node_is_dir(const oci_nametree *t, uint32_t node)
{
    return oci_node_at(t, node)->type == OCI_TAR_DIR;
}

/* A node without a name; one that never gets a name has to be dropped. link is copied. OCI_E_LIMIT as of oci_name_put.
 */
int oci_node_add(oci_nametree *t, oci_tar_type type, const char *link, uint32_t *out, oci_error *err);
void oci_node_drop(oci_nametree *t, uint32_t i);

/* The name of n bytes in dir, or none. */
uint32_t oci_name_find(const oci_nametree *t, uint32_t dir, const char *text, size_t n);
/* There must be no such name. OCI_E_LIMIT for more names than a machine should be asked to hold. */
int oci_name_put(oci_nametree *t, uint32_t dir, const char *text, size_t n, uint32_t node, oci_error *err);
/* Takes away one name that has nothing below it, and its node when it was the last. */
void oci_name_drop(oci_nametree *t, uint32_t i);
/* Takes away a name with all that is below it. */
void oci_name_remove(oci_nametree *t, uint32_t name);
/* Sets out to the path of the name. */
int oci_name_path(const oci_nametree *t, uint32_t name, oci_buf *out, oci_error *err);

/* Following paths as inside a root (os.h): OCI_E_NOT_FOUND, OCI_E_INVALID when something on the way is no directory,
 * OCI_E_UNSAFE for more than 40 links or 8192 components of one path, OCI_E_LIMIT when all paths together go through
 * links out of proportion. find_dir takes n bytes of path, and makes missing directories when asked to;
 * find_parent finds the directory above the last component; find_end whatever the path leads to in the end. */
int oci_nametree_find_dir(oci_nametree *t, const char *path, size_t n, bool make, uint32_t *node, oci_error *err);
int oci_nametree_find_parent(oci_nametree *t, const char *path, bool make, uint32_t *dir, const char **base,
                             oci_error *err);
int oci_nametree_find_end(oci_nametree *t, const char *path, uint32_t *node, oci_error *err);

#endif
