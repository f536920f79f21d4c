/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copying trees, with owners, modes, times, attributes and hard links. Two descriptors are held, of a directory and of
 * its copy; the way back is ".." and is believed only when it leads to where the walk came from.
 */
#include "os.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/event.h"
#include "base/fail.h"
#include "base/map.h"
#include "base/vec.h"
#include "sys.h"

enum { CHUNK = 1 << 20, MOST = 1 << 26 /* in one call */, XATTR_LIST_MAX_ = 64 * 1024, XATTR_VALUE_MAX = 64 * 1024 };
enum { LINK_PATHS_MAX = 64 * 1024 * 1024 };

/* A directory on the way down. */
struct level {
    struct stat from, to;
    oci_names names;
    size_t next; /* of the names */
    bool opened; /* from had to be opened to its owner */
};

struct copying {
    const oci_copy_options *o;
    int from_top, to_top; /* borrowed */
    int from, to;         /* of the last level; owned unless they are the top */
    uint64_t bytes;
    struct {
        struct level *items;
        size_t count, cap;
    } levels;
    oci_buf path;      /* of the last level below the top, for names of files with several */
    oci_map *links;    /* device and inode of such a file to the path of its first copy */
    size_t link_paths; /* bytes of those paths; symbolic links on the way let them be of any length */
    char *chunk;       /* memory that is used again */
    oci_error *err;
};

static struct level *last_level(struct copying *c)
{
    return &c->levels.items[c->levels.count - 1];
}

static void leave(struct copying *c)
{
    if (c->from != c->from_top)
        oci_closep_(&c->from);
    if (c->to != c->to_top)
        oci_closep_(&c->to);
    c->from = c->from_top;
    c->to = c->to_top;
}

/* ---- attributes ---- */

static int copy_xattr(struct copying *c, int from, int to, const char *name)
{
    ssize_t n = fgetxattr(from, name, c->chunk, XATTR_VALUE_MAX);
    int r;

    if (n < 0)
        return errno == ENODATA || errno == ENOTSUP || errno == EPERM || errno == EACCES
                   ? 0
                   : oci_fail_errno(c->err, "read the extended attribute '%s'", name);
    /* What cannot be set here could not be set beside it either. */
    r = oci_fd_set_xattr(to, name, c->chunk, (size_t)n, c->err);
    return r < 0 ? r : 0;
}

static int copy_xattrs(struct copying *c, int from, int to)
{
    OCI_AUTO_MEM char *names = NULL;
    ssize_t n = flistxattr(from, NULL, 0);
    int r = 0;

    if (n <= 0)
        return n == 0 || errno == ENOTSUP ? 0 : oci_fail_errno(c->err, "list the extended attributes");
    names = oci_alloc(XATTR_LIST_MAX_);
    if (names == NULL)
        return oci_fail_nomem(c->err);
    n = flistxattr(from, names, XATTR_LIST_MAX_);
    if (n < 0)
        return oci_fail_errno(c->err, "list the extended attributes");
    for (const char *name = names; r == 0 && name < names + n; name += strlen(name) + 1)
        r = copy_xattr(c, from, to, name);
    return r;
}

/* Owner, mode, attributes and times of an open file or directory, in the order in which one does not undo another. */
static int copy_attributes(struct copying *c, int from, int to, const struct stat *st)
{
    const struct timespec times[2] = { st->st_mtim, st->st_mtim };
    mode_t mode = st->st_mode & 07777;
    struct stat made;
    int r;

    if (fstat(to, &made) < 0)
        return oci_fail_errno(c->err, "look at a copy");
    if ((made.st_uid != st->st_uid || made.st_gid != st->st_gid) && fchown(to, st->st_uid, st->st_gid) < 0) {
        if (!oci_means_unsupported(errno))
            return oci_fail_errno(c->err, "give a copy to %u:%u", st->st_uid, st->st_gid);
        /* A set-id program would run as somebody else. */
        mode &= ~(mode_t)(S_ISUID | S_ISGID);
    }
    r = copy_xattrs(c, from, to);
    if (r == 0 && fchmod(to, mode) < 0 && !oci_means_unsupported(errno))
        r = oci_fail_errno(c->err, "set the mode %04o of a copy", (unsigned)mode);
    if (r == 0 && futimens(to, times) < 0 && !oci_means_unsupported(errno))
        r = oci_fail_errno(c->err, "set the time of a copy");
    return r;
}

/* ---- opening what the mode keeps its owner from ---- */

/* Opens an entry that was looked at. *opened says that its owner had no right to read it, and has it now. */
static int open_readable(struct copying *c, const char *name, int flags, const struct stat *st, int *out, bool *opened)
{
    enum { READ = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC };
    const mode_t needed = S_ISDIR(st->st_mode) ? 0500 : 0400;
    OCI_AUTO_FD int fd = -1;
    struct stat found;
    int r;

    *opened = geteuid() != 0 && (st->st_mode & needed) != needed;
    r = *opened ? oci_entry_chmod(c->from, name, (st->st_mode & 07777) | needed, c->err) : 0;
    if (r < 0)
        return r;
    fd = openat(c->from, name, READ | flags);
    if (fd < 0 || fstat(fd, &found) < 0)
        return oci_fail_entry(c->err, "open", name);
    if (!oci_is_same_file(&found, st))
        return oci_fail(c->err, OCI_E_CONFLICT, "'%s' was replaced while it was copied", name);
    *out = oci_steal_fd(&fd);
    return 0;
}

static int close_again(struct copying *c, int fd, const struct stat *st)
{
    return fchmod(fd, st->st_mode & 07777) < 0 ? oci_fail_errno(c->err, "set a mode as it was") : 0;
}

/* ---- one entry ---- */

static int charge(struct copying *c, uint64_t n)
{
    if (n > *c->o->budget - c->bytes)
        return oci_fail(c->err, OCI_E_LIMIT, "the copies are larger than the limit of %llu bytes leaves room for",
                        (unsigned long long)*c->o->budget);
    c->bytes += n;
    return 0;
}

/* Shares the blocks where the file system can, or lets the kernel copy. 1 done, 0 not possible here. */
static int copy_in_kernel(struct copying *c, int from, int to, uint64_t left)
{
    const uint64_t all = left;

    while (left > 0) {
        ssize_t n = copy_file_range(from, NULL, to, NULL, left < MOST ? (size_t)left : MOST, 0);
        int r;

        if (n == 0)
            return 1;
        if (n < 0 && errno == EINTR)
            n = 0; /* perhaps because nobody wants it any more */
        if (n < 0 && left == all && (errno == EXDEV || oci_means_unsupported(errno)))
            return 0;
        if (n < 0)
            return oci_fail_errno(c->err, "copy");
        left -= (uint64_t)n;
        r = charge(c, (uint64_t)n);
        if (r == 0)
            r = oci_check_cancelled(c->o->events, c->err);
        if (r < 0)
            return r;
    }
    return 1;
}

static int copy_piece(struct copying *c, int from, int to, uint64_t left)
{
    int r = copy_in_kernel(c, from, to, left);

    if (r != 0)
        return r < 0 ? r : 0;
    while (left > 0) {
        ssize_t n = read(from, c->chunk, left < CHUNK ? (size_t)left : CHUNK);

        if (n == 0)
            return 0;
        if (n < 0 && errno != EINTR)
            return oci_fail_errno(c->err, "read");
        if (n < 0)
            n = 0;
        left -= (uint64_t)n;
        r = charge(c, (uint64_t)n);
        if (r == 0)
            r = oci_check_cancelled(c->o->events, c->err);
        if (r == 0)
            r = oci_write_all(to, c->chunk, (size_t)n, c->err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* Finds the next piece from *start on that is no hole; false when there is none. Where a file system does not tell, all
 * is one. */
static bool find_piece(int fd, off_t size, off_t *start, off_t *end)
{
    off_t at = lseek(fd, *start, SEEK_DATA);

    if (at < 0 && errno == ENXIO)
        return false;
    *end = at >= 0 ? lseek(fd, at, SEEK_HOLE) : size;
    if (at >= 0)
        *start = at;
    if (*end < 0)
        *end = size;
    return *end > *start;
}

/* Holes stay holes: they cost an image nothing, and would fill the disk here. */
static int copy_content(struct copying *c, int from, int to, off_t size)
{
    off_t end;
    int r = 0;

    for (off_t at = 0; r == 0 && at < size && find_piece(from, size, &at, &end); at = end) {
        if (lseek(from, at, SEEK_SET) < 0 || lseek(to, at, SEEK_SET) < 0)
            return oci_fail_errno(c->err, "seek");
        r = copy_piece(c, from, to, (uint64_t)(end - at));
    }
    if (r == 0 && ftruncate(to, size) < 0)
        r = oci_fail_errno(c->err, "make the copy %lld bytes long", (long long)size);
    return r;
}

static int copy_file(struct copying *c, const char *name, const char *as, const struct stat *st)
{
    OCI_AUTO_FD int from = -1;
    OCI_AUTO_FD int to = -1;
    bool opened;
    int r = open_readable(c, name, 0, st, &from, &opened);

    if (r == 0 && opened)
        r = close_again(c, from, st);
    if (r == 0)
        r = oci_entry_create_file(c->to, as, 0600, &to, c->err);
    if (r == 0)
        r = copy_content(c, from, to, st->st_size);
    return r < 0 ? r : copy_attributes(c, from, to, st);
}

/* Of what cannot be opened. */
static int copy_time(struct copying *c, const char *as, const struct stat *st)
{
    const struct timespec times[2] = { st->st_mtim, st->st_mtim };

    if (utimensat(c->to, as, times, AT_SYMLINK_NOFOLLOW) == 0 || oci_means_unsupported(errno))
        return 0;
    return oci_fail_entry(c->err, "set the time of", as);
}

static int copy_symlink(struct copying *c, const char *name, const char *as, const struct stat *st)
{
    OCI_AUTO_BUF oci_buf target = OCI_BUF_INIT;
    int r = oci_entry_read_link(c->from, name, &target, c->err);

    if (r == 0)
        r = oci_entry_symlink(c->to, as, target.data, c->err);
    if (r == 0 && fchownat(c->to, as, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 && !oci_means_unsupported(errno))
        r = oci_fail_entry(c->err, "give away", as);
    return r < 0 ? r : copy_time(c, as, st);
}

static int copy_node(struct copying *c, const char *as, const struct stat *st)
{
    int r = oci_entry_mknod(c->to, as, st->st_mode & S_IFMT, major(st->st_rdev), minor(st->st_rdev), c->err);

    if (r == 0 && fchownat(c->to, as, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 && !oci_means_unsupported(errno))
        r = oci_fail_entry(c->err, "give away", as);
    if (r == 0)
        r = oci_entry_chmod(c->to, as, st->st_mode & 07777, c->err);
    return r < 0 ? r : copy_time(c, as, st);
}

/* ---- hard links ---- */

struct key {
    uint64_t dev, ino;
};

/* Links name to the copy of another name of the same file. 1, or 0 when this is the first. */
static int link_again(struct copying *c, const char *name, const struct stat *st)
{
    struct key key = { st->st_dev, st->st_ino };
    oci_root top = OCI_ROOT_INIT(c->to_top);
    OCI_AUTO_FD int dirfd = -1;
    const char *base;
    void *first;
    int r;

    if (!oci_map_get(c->links, &key, sizeof key, &first))
        return 0;
    r = oci_root_open_parent(&top, first, NULL, &dirfd, &base, c->err);
    if (r == 0)
        r = oci_entry_link(dirfd, base, c->to, name, c->err);
    return r < 0 ? r : 1;
}

static int remember_link(struct copying *c, const char *name, const struct stat *st)
{
    struct key key = { st->st_dev, st->st_ino };
    OCI_AUTO_BUF oci_buf path = OCI_BUF_INIT;
    int r = oci_buf_append(&path, c->path.data, c->path.len, c->err);

    if (r == 0)
        r = oci_buf_puts(&path, name, c->err);
    if (r < 0)
        return r;
    if (path.len >= LINK_PATHS_MAX - c->link_paths)
        return oci_fail(c->err, OCI_E_LIMIT, "the paths of files with several names are larger than %d bytes",
                        LINK_PATHS_MAX);
    c->link_paths += path.len + 1;
    if (oci_map_set(c->links, &key, sizeof key, path.data) < 0)
        return oci_fail_nomem(c->err);
    path = (oci_buf)OCI_BUF_INIT;
    return 0;
}

/* ---- the walk ---- */

/* Goes into the directories from and to, which are taken unless they are the top. */
static int enter(struct copying *c, int from, int to, const struct stat *st, bool opened)
{
    struct level level = { .from = *st, .opened = opened };
    int r;

    leave(c);
    c->from = from;
    c->to = to;
    if (fstat(to, &level.to) < 0)
        return oci_fail_errno(c->err, "look at a copy");
    if (c->levels.count > 0 && c->o->leave_empty != NULL && c->o->leave_empty(c->o->ctx, st))
        r = 0;
    else
        r = oci_dir_names(from, true, &level.names, c->err);
    if (r < 0)
        return r;
    if (!OCI_VEC_PUSH(&c->levels, level)) {
        oci_names_free(&level.names);
        return oci_fail_nomem(c->err);
    }
    return 0;
}

static int enter_dir(struct copying *c, const char *name, const struct stat *st)
{
    OCI_AUTO_FD int from = -1;
    OCI_AUTO_FD int to = -1;
    bool opened;
    int r = open_readable(c, name, O_DIRECTORY, st, &from, &opened);

    if (r == 0)
        r = oci_entry_mkdir(c->to, name, &to, c->err);
    if (r == 0)
        r = oci_buf_printf(&c->path, c->err, "%s/", name);
    return r < 0 ? r : enter(c, oci_steal_fd(&from), oci_steal_fd(&to), st, opened);
}

static int open_above(struct copying *c, int fd, const struct stat *expected, int *out)
{
    OCI_AUTO_FD int up = -1;
    struct stat st;
    int r = oci_dir_open_up(fd, &up, c->err);

    if (r == 0 && fstat(up, &st) < 0)
        r = oci_fail_errno(c->err, "look at a directory");
    if (r == 0 && !oci_is_same_file(&st, expected))
        r = oci_fail(c->err, OCI_E_CONFLICT, "a directory was moved while it was copied");
    if (r == 0)
        *out = oci_steal_fd(&up);
    return r;
}

static void cut_path(oci_buf *path)
{
    if (path->len > 0)
        path->len--;
    while (path->len > 0 && path->data[path->len - 1] != '/')
        path->len--;
}

/* The directory is whole: it gets its attributes, and the walk goes up. */
static int go_up(struct copying *c)
{
    OCI_AUTO_FD int from = -1;
    OCI_AUTO_FD int to = -1;
    struct level done = *last_level(c);
    const struct level *above;
    int r = 0;

    c->levels.count--;
    oci_names_free(&done.names);
    cut_path(&c->path);
    above = c->levels.count > 0 ? last_level(c) : NULL;
    /* Before the mode can bar the way. */
    if (above != NULL)
        r = open_above(c, c->from, &above->from, &from);
    if (r == 0 && above != NULL)
        r = open_above(c, c->to, &above->to, &to);
    if (r == 0)
        r = copy_attributes(c, c->from, c->to, &done.from);
    if (r == 0 && done.opened)
        r = close_again(c, c->from, &done.from);
    if (r < 0)
        return r;
    leave(c);
    if (c->levels.count > 1) {
        c->from = oci_steal_fd(&from);
        c->to = oci_steal_fd(&to);
    }
    return 0;
}

/* What is no directory. */
static int copy_other(struct copying *c, const char *name, const char *as, const struct stat *st)
{
    if (S_ISREG(st->st_mode))
        return copy_file(c, name, as, st);
    return S_ISLNK(st->st_mode) ? copy_symlink(c, name, as, st) : copy_node(c, as, st);
}

static int copy_entry(struct copying *c, const char *name)
{
    struct stat st;
    int r = oci_entry_stat(c->from, name, &st, c->err);

    if (r <= 0)
        return r < 0 ? r : oci_fail(c->err, OCI_E_CONFLICT, "'%s' is gone", name);
    if (S_ISDIR(st.st_mode))
        return enter_dir(c, name, &st);
    if (st.st_nlink > 1 && (r = link_again(c, name, &st)) != 0)
        return r < 0 ? r : 0;
    r = copy_other(c, name, name, &st);
    return r == 0 && st.st_nlink > 1 ? remember_link(c, name, &st) : r;
}

static int walk(struct copying *c)
{
    struct stat st;
    int r = 0;

    if (fstat(c->from, &st) < 0)
        return oci_fail_errno(c->err, "look at a directory");
    r = enter(c, c->from, c->to, &st, false);
    while (r == 0 && c->levels.count > 0) {
        struct level *level = last_level(c);

        r = oci_check_cancelled(c->o->events, c->err);
        if (r == 0 && level->next < level->names.count) {
            const char *name = level->names.items[level->next++].text;

            r = oci_wrap(c->err, copy_entry(c, name), "'%s%s'", c->path.len > 0 ? c->path.data : "", name);
        } else if (r == 0) {
            r = go_up(c);
        }
    }
    return r;
}

/* Frees what was gathered, and takes what was copied off the budget. */
static void finish(struct copying *c)
{
    void *path;

    *c->o->budget -= c->bytes;
    leave(c);
    while (c->levels.count > 0)
        oci_names_free(&c->levels.items[--c->levels.count].names);
    for (size_t at = 0; c->links != NULL && oci_map_next(c->links, &at, NULL, NULL, &path);)
        oci_free(path);
    oci_map_free(c->links);
    oci_free(c->levels.items);
    oci_free(c->chunk);
    oci_buf_free(&c->path);
}

static int begin(struct copying *c)
{
    c->links = oci_map_new();
    c->chunk = oci_alloc(CHUNK);
    return c->links != NULL && c->chunk != NULL ? 0 : oci_fail_nomem(c->err);
}

int oci_dir_copy(int from, int to, const oci_copy_options *o, oci_error *err)
{
    struct copying c = { .o = o, .from_top = from, .to_top = to, .from = from, .to = to, .err = err };
    int r = begin(&c);

    if (r == 0)
        r = walk(&c);
    finish(&c);
    return r;
}

int oci_entry_copy(int from, const char *base, int to, const char *name, const oci_copy_options *o, oci_error *err)
{
    struct copying c = { .o = o, .from_top = from, .to_top = to, .from = from, .to = to, .err = err };
    struct stat st;
    int r = oci_entry_stat(from, base, &st, err);

    if (r <= 0)
        return r < 0 ? r : oci_fail(err, OCI_E_NOT_FOUND, "'%s' is not there", base);
    r = begin(&c);
    if (r == 0)
        r = copy_other(&c, base, name, &st);
    finish(&c);
    return r;
}
