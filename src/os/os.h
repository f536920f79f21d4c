/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_OS_OS_H
#define OCI_OS_OS_H
/*
 * The kernel, and the only code that passes paths to it. Part one: a root, a directory below which everything happens.
 *
 * Paths inside a root are resolved as if it were "/": absolute links and ".." stop there. Parents may be reached
 * through symbolic links inside the root; the last component is never followed unless the function says so. Resolution
 * uses openat2(RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS) where that is enough and a walk with O_NOFOLLOW, component by
 * component, where links are met, whose cost the kernel does not bound, or where it has no such call (ENOSYS, or EPERM
 * from a filter).
 *
 * "dirfd, base" pairs are how an entry is named to the second half: an open directory and one component.
 */
#include <sys/stat.h>
#include <time.h>

#include <oci-image/common.h>
#include <oci-image/error.h>

#include "base/cleanup.h"

/* ---- a root ---- */

typedef struct oci_root {
    int fd;                    /* borrowed; O_PATH is not enough */
    bool walk;                 /* use the portable walk alone; set by the first openat2 that is refused, or by a test */
    uint64_t linked, followed; /* paths through symbolic links, and bytes of the links that they went through */
} oci_root;

#define OCI_ROOT_INIT(fd_)                                                                                             \
    {                                                                                                                  \
        .fd = (fd_), .walk = false                                                                                     \
    }

/* Opens path inside the root, following links inside it to the end, with O_CLOEXEC | O_NONBLOCK | O_NOCTTY and flags.
 * OCI_E_NOT_FOUND when it is not there; OCI_E_INVALID when something on the way is not a directory; OCI_E_UNSAFE when a
 * magic link, more than 40 links or more than 8192 components are met; OCI_E_LIMIT when all paths so far went through
 * more bytes of links than those of an honest image do. flags must not create; "" is the root. */
int oci_root_open(oci_root *root, const char *path, int flags, int *fd, oci_error *err);
/* Opens path as a regular file for reading: never blocks, OCI_E_INVALID when it is none. st may be NULL. */
int oci_root_open_file(oci_root *root, const char *path, int *fd, struct stat *st, oci_error *err);
/* Opens the directory above the last component of path (normal form, not "") with O_PATH, which is enough for all that
 * follows here, and points *base to that component. Missing directories on the way are made when make is not NULL: mode
 * 0755 whatever the umask, then handed to it (may chown). A symbolic link on the way that leads nowhere is a promise of
 * directories inside the root, which are made too. OCI_E_INVALID when something on the way is not a directory. */
typedef struct oci_make_parents {
    void *ctx;
    /* A directory was just made in dirfd (O_PATH): its name, and its own descriptor, open for reading. May be NULL. */
    int (*made)(void *ctx, int dirfd, const char *base, int fd, oci_error *err);
    /* A directory is about to be made in dirfd (O_PATH). May be NULL. */
    int (*before)(void *ctx, int dirfd, oci_error *err);
} oci_make_parents;
int oci_root_open_parent(oci_root *root, const char *path, const oci_make_parents *make, int *dirfd, const char **base,
                         oci_error *err);

/* Opens a directory by a path of the user's own, links followed; OCI_E_NOT_FOUND, OCI_E_INVALID when it is none. */
int oci_open_host_dir(int dirfd, const char *path, int *fd, oci_error *err);
/* Opens whatever such a path names for reading, and waits for the other end of a pipe, unless events (or NULL) say
 * that nobody wants it any more: OCI_E_CANCELLED; "" is what dirfd is itself. */
int oci_open_host_file(int dirfd, const char *path, const oci_events *events, int *fd, struct stat *st, oci_error *err);
/* A file for reading and writing in the directory of such a path that is gone when it is closed. */
int oci_nameless_file(const char *dir, int *fd, oci_error *err);

/* ---- entries by (dirfd, base) ---- */

/* Like fstatat without following. 1 when it is there, 0 when not. */
int oci_entry_stat(int dirfd, const char *base, struct stat *st, oci_error *err);
/* Whether two looks have met the same thing. */
static inline bool oci_is_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}
/* Removes whatever base is, a tree without following links, across no mount points (an error), iteratively and whatever
 * the modes inside are. A few descriptors are enough for any depth. Absent is success. */
int oci_entry_remove(int dirfd, const char *base, oci_error *err);
/* Whether the entry called name of the directory dir is to be kept. */
typedef bool oci_keep(void *ctx, const struct stat *dir, const char *name);
/* Walks the tree below fd (a directory, borrowed, O_PATH will do) and removes what keep does not want to keep, all of
 * it when keep is NULL. Directories that are kept are cleared alike; one with something kept below it stays. Entries
 * removed (each tree once) are counted in *removed, which may be NULL. */
int oci_dir_clear(int fd, oci_keep *keep, void *ctx, uint64_t *removed, oci_error *err);
/* base itself under the same rule. */
int oci_entry_remove_unless(int dirfd, const char *base, oci_keep *keep, void *ctx, uint64_t *removed, oci_error *err);

/* Creation; base must not be there (O_EXCL). */
int oci_entry_create_file(int dirfd, const char *base, mode_t mode /* less the umask */, int *fd /* O_WRONLY */,
                          oci_error *err);
int oci_entry_mkdir(int dirfd, const char *base, int *fd, oci_error *err); /* mode 0700, opened O_RDONLY */
int oci_entry_symlink(int dirfd, const char *base, const char *target, oci_error *err);
int oci_entry_mknod(int dirfd, const char *base, mode_t type, uint32_t major, uint32_t minor, oci_error *err);
/* A symbolic link is linked itself. */
int oci_entry_link(int fromfd, const char *from, int dirfd, const char *base, oci_error *err);
/* Gives the very file that fd is of, whatever its name leads to by now, the name base as well: 1; 0 where that cannot
 * be done: another file system, too many names, one that is taken, /proc is not there. */
int oci_entry_link_fd(int fd, int dirfd, const char *base, oci_error *err);
/* Appends the target of a symbolic link; OCI_E_INVALID when it is none. */
int oci_entry_read_link(int dirfd, const char *base, oci_buf *out, oci_error *err);
/* Opens a regular file for reading, not followed; never blocks. OCI_E_NOT_FOUND, OCI_E_INVALID when it is none. */
int oci_entry_open_file(int dirfd, const char *base, int *fd, struct stat *st, oci_error *err);
/* Opens whatever it is with O_PATH, not followed. */
int oci_entry_open_path(int dirfd, const char *base, int *fd, struct stat *st, oci_error *err);
/* Opens a directory that is there, not followed. */
int oci_entry_open_dir(int dirfd, const char *base, int *fd, oci_error *err);
/* Opens the directory above the directory fd; the caller has to see to it that this is not above the root. */
int oci_dir_open_up(int fd, int *up, oci_error *err);

/* ---- reading a directory ---- */

/* The names in a directory without "." and "..", sorted by bytes when asked. fd is borrowed; O_PATH will do. */
typedef struct oci_dir_name {
    const char *text;
    uint64_t ino;       /* as the directory has it, which some file systems say otherwise elsewhere */
    unsigned char type; /* DT_..., where the file system says it */
} oci_dir_name;
typedef struct oci_names {
    oci_dir_name *items;
    size_t count;
    char *texts;
} oci_names;
int oci_dir_names(int fd, bool sorted, oci_names *out, oci_error *err);
void oci_names_free(oci_names *names);

/* ---- copying a tree ---- */

typedef struct oci_copy_options {
    const oci_events *events; /* or NULL */
    uint64_t *budget;         /* bytes of files that may still be copied; what was is taken off. OCI_E_LIMIT */
    /* Whether the directory st (below the one that is copied) is copied without what it holds. May be NULL. */
    bool (*leave_empty)(void *ctx, const struct stat *st);
    void *ctx;
} oci_copy_options;
/* Copies what the directory from holds, and its attributes, into the directory to, which is empty. Both are borrowed
 * and open for reading. Owners, modes, times, extended attributes and hard links within the tree are kept; owners and
 * attributes that cannot be set here are left out. Nothing is followed, any depth will do. Only the caller may work in
 * both trees meanwhile: OCI_E_CONFLICT. What its owner may not read is opened to it for the time, and stays so after a
 * failure. */
int oci_dir_copy(int from, int to, const oci_copy_options *o, oci_error *err);
/* The same for one entry that is no directory; to, name must not be there. */
int oci_entry_copy(int from, const char *base, int to, const char *name, const oci_copy_options *o, oci_error *err);

/* ---- reading a tree ---- */

/* What is shown on the way. An entry is called name in the directory dirfd; the root is "." in itself. entry comes
 * before what is in a directory, which is left out when it returns 1; leave when all in the last one was shown. */
typedef struct oci_tree_visitor {
    void *ctx;
    int (*entry)(void *ctx, int dirfd, const char *name, const struct stat *st, oci_error *err);
    int (*leave)(void *ctx, oci_error *err); /* may be NULL */
    /* Whether what name in the directory dir leads to is known without looking; *st is then that, and is no directory.
     * May be NULL. */
    bool (*known)(void *ctx, const struct stat *dir, const oci_dir_name *name, struct stat *st);
} oci_tree_visitor;
/* Shows the tree below the directory fd (borrowed), the names of each directory sorted by bytes, without following
 * links. One descriptor is enough for any depth; OCI_E_CONFLICT when directories are moved meanwhile. */
int oci_tree_walk(int fd, const oci_tree_visitor *visitor, const oci_events *events, oci_error *err);

/* ---- whole files ---- */

/* Writes all of p; EINTR and short writes are nobody's business. */
int oci_write_all(int fd, const void *p, size_t n, oci_error *err);
/* Appends a regular file in dirfd (not followed, never blocks) to out; OCI_E_LIMIT above limit bytes, OCI_E_NOT_FOUND,
 * OCI_E_INVALID when it is not regular. */
int oci_read_file_at(int dirfd, const char *name, uint64_t limit, oci_buf *out, oci_error *err);

/* ---- publishing: nothing half-made has a final name ---- */

/* Opens the directory above what path, the user's own, names (relative to dirfd, which may be AT_FDCWD) and gives the
 * last component. OCI_E_NOT_FOUND when that directory is missing, OCI_E_USAGE for a path that ends in no name. */
int oci_open_goal(int dirfd, const char *path, int *above, char **name, oci_error *err);

/* What the names of things in the making hold: PREFIX and eight hexadecimal digits for files, "." NAME PREFIX and the
 * digits for directories. A crash can leave them behind. */
#define OCI_TMP_PREFIX ".oci-image-"

/* A file in the making in a directory; anonymous (O_TMPFILE) where the file system can, a dot-name otherwise. */
typedef struct oci_tmpfile oci_tmpfile;
int oci_tmpfile_new(int dirfd /* borrowed as long as it lives */, oci_tmpfile **out, oci_error *err);
int oci_tmpfile_fd(const oci_tmpfile *t); /* borrowed */
/* Gives it its name with that mode (umask applied by the caller's choice of mode) in the same directory; takes t.
 * replace false: an existing name stays and is success. sync: the file before its name, the directory after. */
int oci_tmpfile_publish(oci_tmpfile *t, const char *name, mode_t mode, bool replace, bool sync, oci_error *err);
/* Makes it share the blocks of the regular file fd, all of them: 1; 0 where the file system has no such thing. */
int oci_tmpfile_clone(oci_tmpfile *t, int fd, oci_error *err);
void oci_tmpfile_free(oci_tmpfile *t); /* leaves nothing */
OCI_DEFINE_AUTO(oci_tmpfile);

/* A directory in the making beside its goal, mode 0700. */
typedef struct oci_tmpdir oci_tmpdir;
/* path (relative to dirfd, borrowed during the call, or AT_FDCWD) is the user's: links on the way are followed. What it
 * names must not exist or be an empty directory: OCI_E_EXISTS. OCI_E_NOT_FOUND when the directory above is missing,
 * OCI_E_USAGE for a path that ends in no name (".", "..", "/"). Nothing is inherited from the neighbourhood. */
int oci_tmpdir_new(int dirfd, const char *path, oci_tmpdir **out, oci_error *err);
int oci_tmpdir_fd(const oci_tmpdir *t); /* borrowed */
/* Renames it to its goal with that mode; an empty directory that was there from the start gives way. sync: the
 * directory itself and the one above, not what it holds. Takes t. OCI_E_EXISTS when something came meanwhile. */
int oci_tmpdir_publish(oci_tmpdir *t, mode_t mode, bool sync, oci_error *err);
/* The same without taking t: after a failure the directory is still where it was made. */
int oci_tmpdir_place(oci_tmpdir *t, mode_t mode, bool sync, oci_error *err);
/* Opens the directory that stands at the goal now. */
int oci_tmpdir_open_goal(const oci_tmpdir *t, int *fd, oci_error *err);
void oci_tmpdir_free(oci_tmpdir *t); /* removes it with all it holds */
OCI_DEFINE_AUTO(oci_tmpdir);

int oci_fsync(int fd, oci_error *err);

/* ---- what was never published ---- */

typedef struct oci_swept {
    uint64_t count, bytes;
} oci_swept;
/* When the entry, its content or its mode was changed last, in seconds. */
int64_t oci_last_change(const struct stat *st);
/* Removes (dry_run: counts) the files in dirfd that have a temporary name and were last changed at before or earlier.
 * The caller sees to it that nobody is making one. */
int oci_sweep_tmp_files(int dirfd, int64_t before, bool dry_run, oci_swept *sum, oci_error *err);
/* The same for directories in the making beside the directory fd that were to become it, unless somebody has locked
 * them (oci_lock). */
int oci_sweep_tmp_dirs(int fd, int64_t before, bool dry_run, oci_swept *sum, oci_error *err);

/* ---- locks ---- */

/* flock on fd, waiting, which is shown as progress; EINTR asks the events. Released when fd is closed. */
int oci_lock(int fd, bool exclusive, const oci_events *events, oci_error *err);

/* ---- metadata by descriptor ---- */

/* Whether an errno of a call about owners, modes, times, links or nodes says that there is no such thing here (FAT,
 * many network file systems), or none for this user: EPERM, ENOTSUP, ENOSYS, EINVAL, EOVERFLOW. */
bool oci_means_unsupported(int number);

/* 1 set, 0 the file system or the system does not support or allow it here (ENOTSUP, EPERM, EACCES, EINVAL for foreign
 * namespaces), negative for others. The owner's missing write permission does not stop it. */
int oci_fd_set_xattr(int fd, const char *name, const void *value, size_t n, oci_error *err);
/* The same for an entry that cannot be opened (symlink, device): setxattrat, or through /proc/self/fd. */
int oci_entry_set_xattr(int dirfd, const char *base, const char *name, const void *value, size_t n, oci_error *err);
/* The extended attributes of what fd is of, sorted by name; O_PATH will do where /proc is there. Replaces what out had.
 */
typedef struct oci_xattr {
    const char *name;
    oci_span value;
} oci_xattr;
typedef struct oci_xattrs {
    oci_xattr *items;
    size_t count, cap;
    oci_buf memory; /* what the items point into */
} oci_xattrs;
int oci_fd_xattrs(int fd, oci_xattrs *out, oci_error *err);
void oci_xattrs_free(oci_xattrs *x);
/* Removes every attribute that is not in the kept names. */
int oci_fd_clear_xattrs(int fd, const char *const *kept, size_t n_kept, oci_error *err);
/* Not followed; OCI_E_INVALID for 4294967295, which means nobody. */
int oci_entry_chown(int dirfd, const char *base, uint32_t uid, uint32_t gid, oci_error *err);
/* Not of symbolic links, which have no mode: OCI_E_UNSUPPORTED. */
int oci_entry_chmod(int dirfd, const char *base, mode_t mode, oci_error *err);
/* Not followed; the access time becomes the same. */
int oci_entry_set_mtime(int dirfd, const char *base, int64_t sec, uint32_t nsec, oci_error *err);

/* The mode for a new file or directory under the process's umask, read anew each time and without changing it. */
mode_t oci_apply_umask(mode_t mode);

#endif
