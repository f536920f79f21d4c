/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_LAYER_GATHER_H
#define OCI_LAYER_GATHER_H
/*
 * The entries of an archive before they are written in another order. Attributes and names are in memory, contents and
 * extended attributes in a temporary file.
 */
#include <string.h>

#include "base/arena.h"
#include "os/os.h"
#include "pack.h"
#include "tar/tar.h"
#include "writing.h"

enum { OCI_GATHER_NEVER = -1 };

/* An entry, in the order of the archive; its number is its place in the array. */
typedef struct oci_gathered {
    const char *name; /* like link in the arena */
    const char *link; /* or NULL */
    uint32_t name_len;
    oci_tar_type type;
    uint32_t mode, uid, gid, mtime_nsec, dev_major, dev_minor;
    int64_t mtime;
    uint64_t size, data; /* data: where in the file */
    uint64_t xattrs;     /* where in the file */
    uint32_t n_xattrs;
    int64_t cleared;   /* when a name above last took away what was below it, or OCI_GATHER_NEVER */
    bool in_the_way;   /* of the last of a name: it, or a name above, was something else than a directory */
    bool live;         /* part of what the archive comes to */
    uint64_t position; /* where it is written when the order is kept */
    /* Of a hard link: what it is a link to, or NULL when that is in no archive but below. */
    struct oci_gathered *target;
    const char *written; /* under which name the content is in the new archive, or NULL */
} oci_gathered;

typedef struct oci_gather {
    const oci_pack_options *o;
    oci_tmpfile *file;
    uint64_t end; /* of the file */
    oci_arena *arena;
    struct {
        oci_gathered *items;
        size_t count, cap;
    } entries;
    /* All entries by name and then by number; "/" comes before every other byte, so that what is below a name follows
     * it. */
    oci_gathered **sorted;
    oci_buf scratch; /* memory that is used again */
} oci_gather;

/* ---- gather.c ---- */

int oci_gather_add(oci_gather *g, oci_tar_reader *reader, const oci_tar_entry *e, oci_error *err);

static inline int64_t oci_gather_number(const oci_gather *g, const oci_gathered *item)
{
    return item - g->entries.items;
}

/* Whether what is called name is below the n bytes at dir. */
static inline bool oci_gather_is_below(const char *name, const char *dir, size_t n)
{
    return n == 0 || (strncmp(name, dir, n) == 0 && name[n] == '/');
}

/* ---- settle_names.c ---- */

/* The order of names. */
int oci_gather_compare(const char *a, const char *b);

/* Says which entries are live, as if the archive had been unpacked, and what hard links lead to. OCI_E_INVALID where
 * that cannot be told from the archive alone. */
int oci_gather_settle(oci_gather *g, oci_writing *w, oci_error *err);

/* ---- settle_links.c ---- */

int oci_gather_settle_links(oci_gather *g, oci_error *err);

#endif
