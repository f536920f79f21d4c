/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_LAYER_APPLIER_H
#define OCI_LAYER_APPLIER_H
/*
 * The inside of an applier, shared by the files that carry out plans:
 *
 *   apply.c   the loop over the entries; whiteouts
 *   place.c   finding the directory an entry goes to, and recording it
 *   put.c     making files, directories, links and nodes
 *   stand_in.c  files that need not be written
 *   links.c   hard links
 *   late.c    those whose target comes later
 *   meta.c    owners, modes, attributes, times
 *   settle.c  what directories get in the end
 *   facts.c   what a snapshot has to remember
 *   mtree.c   the snapshot as text
 */
#include <sys/stat.h>

#include <oci-image/layer.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "dirs.h"
#include "facts.h"
#include "late.h"
#include "made.h"
#include "os/ident.h"
#include "os/os.h"
#include "shadow.h"
#include "tar/tar.h"

/* What was left out or tolerated, told once at the end. */
typedef struct oci_left_out {
    uint64_t xattrs; /* the file system or the system would not take them */
    uint64_t owners; /* it belongs to the caller */
    uint64_t modes;  /* the file system has others */
    uint64_t times;
    uint64_t links;      /* became copies */
    uint64_t devices;    /* became empty files */
    uint64_t unknown;    /* entries of unknown types */
    uint64_t duplicates; /* names with more than one entry in a layer */
    uint64_t full;       /* whiteouts with content */
} oci_left_out;

/* The directory that the last entry went to. The next one often goes there too; until something is taken away, the same
 * path means the same directory. */
typedef struct oci_parent {
    oci_buf path;
    bool valid;
    int fd; /* for looking up and making names only (O_PATH); -1: none yet */
    struct stat st;
    uint32_t ref;    /* its record */
    uint32_t hidden; /* the last layer that hides what is in it, as far as can be foreseen */
} oci_parent;

/* The empty file that files which need not be written are names of. */
typedef struct oci_stand_in {
    const oci_shadow *shadow; /* which those are; borrowed. NULL: none */
    int fd;                   /* -1: there is none yet */
    struct stat st;
    bool off;     /* there can be no more names of it */
    bool missing; /* one of its names is needed: what was made is of no use */
} oci_stand_in;

struct oci_applier {
    oci_root root;
    oci_limits limits;
    const oci_events *events;
    oci_apply_options options; /* its limits and events are not used */
    oci_ident ident;
    mode_t umask; /* the bits that it leaves */
    oci_dirs *dirs;
    oci_table made; /* by this layer: made.h */
    uint32_t layer; /* its number, from 1 */
    oci_parent parent;
    oci_late_links late;
    oci_stand_in stand_in;
    oci_reader *source;      /* of the layer at hand */
    oci_facts *facts;        /* NULL without the option snapshot */
    uint64_t entries, bytes; /* of all layers, as they count for the limits */
    oci_apply_stats stats;   /* of this layer */
    oci_left_out left_out;
    bool broken, finished; /* nothing more can be applied */
};

OCI_DEFINE_AUTO(oci_applier);

/* Where an entry goes. */
typedef struct oci_place {
    int dirfd;        /* borrowed until the next place is looked for */
    const char *path; /* borrowed */
    const char *base; /* its last component */
    struct stat dir;  /* of dirfd, as it was found */
    uint32_t ref;     /* the record of dirfd */
    uint32_t hidden;  /* as in oci_parent */
    bool looked;      /* at the name; before that nothing is known of it: */
    bool there;       /* there is something with that name: */
    struct stat st;
    bool again; /* in a directory that the layer has made: it has had an entry for this place before */
} oci_place;

/* ---- apply.c ---- */

/* Counts an entry, or a directory that is made for one. */
int oci_apply_count(oci_applier *a, oci_error *err);

/* ---- place.c ---- */

/* Finds the place of path (not ""), making the directories on the way, and records the directory. */
int oci_place_find(oci_applier *a, const char *path, oci_place *out, oci_error *err);
/* Whether the directory above path is the one that the last entry went to; base is set to the name there. */
bool oci_place_is_at_hand(const oci_applier *a, const char *path, const char **base);
/* Looks at what is there, unless that was done before. */
int oci_place_look(oci_place *p, oci_error *err);
/* Names were taken away: what a path has led to says nothing any more. */
void oci_place_forget(oci_applier *a);
/* Something in the directory fd is about to change: its record says so, and what time it had. path is how it was
 * reached, a hint (may be empty). */
int oci_place_touch(oci_applier *a, int fd, oci_span path, const struct stat *st, uint32_t *ref, oci_error *err);
/* Removes what is at the place, a whole tree when it is one. */
int oci_place_clear(oci_applier *a, oci_place *p, oci_error *err);
/* There is something at the place, which an entry replaces or gives new attributes: ref is its record when it is a
 * directory that has one, else OCI_DIRS_NONE. */
void oci_place_meet(oci_applier *a, oci_place *p, uint32_t ref);
/* The layer has made what is at the place now. */
int oci_place_made(oci_applier *a, const oci_place *p, oci_error *err);
/* Whether it has. */
bool oci_place_is_made(const oci_applier *a, const struct stat *dir, const char *name);

/* ---- put.c, links.c ---- */

int oci_apply_put(oci_applier *a, const oci_tar_entry *e, oci_tar_reader *t, oci_error *err);
/* The attributes of the root. */
int oci_apply_root(oci_applier *a, const oci_tar_entry *e, oci_error *err);
int oci_apply_link(oci_applier *a, const oci_tar_entry *e, oci_error *err);
/* At the end of the layer: the links that were left for later. */
int oci_apply_late_links(oci_applier *a, oci_error *err);

/* ---- stand_in.c ---- */

/* From now on files that shadow (borrowed as long as the applier lives) knows to be replaced or hidden by later layers
 * are not written. Where that turns out to have been wrong, an OCI_E_CONFLICT is returned and a->stand_in.missing set:
 * everything has to be done again without. */
void oci_applier_foresee(oci_applier *a, const oci_shadow *shadow);
/* Whether nothing will be left of the file e at the place. */
bool oci_stand_in_will_do(const oci_applier *a, const oci_place *p, const oci_tar_entry *e);
/* Puts one at the place, whatever was there: 1, 0 when there can be none. */
int oci_stand_in_put(oci_applier *a, oci_place *p, oci_error *err);
/* A hard link to what is st is about to be made at the place, as a copy or not. */
int oci_stand_in_check_link(oci_applier *a, const oci_place *p, const struct stat *st, bool copy, oci_error *err);
/* All layers were applied: none may be left. */
int oci_stand_in_finish(oci_applier *a, oci_error *err);

/* ---- meta.c ---- */

/* The mode that a file is made with. */
mode_t oci_meta_new_mode(const oci_tar_entry *e);
/* All attributes of a file that was made with that mode; inherits: in a directory that may have a default access
 * control list. *st is what it is in the end. */
int oci_meta_file(oci_applier *a, int fd, bool inherits, const oci_tar_entry *e, struct stat *st, oci_error *err);
/* Those of a directory but for the time; what it had before is replaced, unless it is new and clean. A mode that its
 * owner could not work with is left for the end: dir, its record, says so. st is what it has, and has afterwards. */
int oci_meta_dir(oci_applier *a, int fd, oci_dir *dir, bool clean, const oci_tar_entry *e, struct stat *st,
                 oci_error *err);
/* Those of a directory that has no entry. */
int oci_meta_default_dir(oci_applier *a, int fd, oci_error *err);
int oci_meta_time(oci_applier *a, int fd, int64_t sec, uint32_t nsec, oci_error *err);
/* Those of a new symbolic link, device or pipe; *st is what it is in the end. */
int oci_meta_node(oci_applier *a, int dirfd, const char *base, const oci_tar_entry *e, struct stat *st, oci_error *err);

/* ---- settle.c ---- */

/* Gives all directories their times, and their modes where those had to wait. */
int oci_settle_dirs(oci_applier *a, oci_error *err);

#endif
