/* SPDX-License-Identifier: Apache-2.0 */
/* A layer from a tree. Each entry is described by what one descriptor of it says, so that it is of one piece. */
#include <errno.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/event.h"
#include "base/fail.h"
#include "base/map.h"
#include "base/vec.h"
#include "os/os.h"
#include "pack.h"
#include "plan.h"
#include "tar/tar.h"
#include "writing.h"

enum { CHUNK = 256 * 1024 };

struct packing {
    struct oci_writing w;
    oci_buf path; /* of the entry, or of the directory between two */
    struct {
        size_t *items; /* the lengths of the paths of the directories above */
        size_t count, cap;
    } above;
    oci_map *links; /* device and inode -> the first name */
    oci_xattrs xattrs;
    struct {
        oci_tar_xattr *items;
        size_t count, cap;
    } tar_xattrs;
    oci_buf target;
    char *chunk;
};

static int changed(oci_error *err)
{
    return oci_fail(err, OCI_E_CONFLICT, "it was changed while it was read");
}

/* ---- names ---- */

static int push_name(struct packing *p, const char *name, size_t *before, oci_error *err)
{
    int r = 0;

    *before = p->path.len;
    if (strcmp(name, ".") == 0)
        return oci_buf_puts(&p->path, "", err);
    if (p->path.len > 0)
        r = oci_buf_putc(&p->path, '/', err);
    if (r == 0)
        r = oci_buf_puts(&p->path, name, err);
    if (r == 0 && p->path.len > OCI_TAR_PATH_MAX)
        r = oci_fail(err, OCI_E_INVALID, "the path has more than %d bytes", OCI_TAR_PATH_MAX);
    return r;
}

static void pop_name(struct packing *p, size_t before)
{
    p->path.len = before;
    p->path.data[before] = '\0';
}

struct inode {
    dev_t dev;
    ino_t ino;
};

/* The first name of something that has several, or NULL when this is it. */
static int find_link(struct packing *p, const struct stat *st, const char **out, oci_error *err)
{
    struct inode key;
    void *first = NULL;
    char *copy;

    *out = NULL;
    if (st->st_nlink < 2)
        return 0;
    memset(&key, 0, sizeof key);
    key.dev = st->st_dev;
    key.ino = st->st_ino;
    if (oci_map_get(p->links, &key, sizeof key, &first)) {
        *out = first;
        return 0;
    }
    copy = oci_strdup(p->path.data);
    if (copy == NULL || oci_map_set(p->links, &key, sizeof key, copy) < 0) {
        oci_free(copy);
        return oci_fail_nomem(err);
    }
    return 0;
}

/* ---- attributes ---- */

/* What belongs to this machine or to another tree than this one. */
static bool travels(const char *name)
{
    static const char *const stay[] = { "security.selinux", "security.ima", "security.evm", "security.apparmor" };

    for (size_t i = 0; i < sizeof stay / sizeof *stay; i++)
        if (strcmp(name, stay[i]) == 0)
            return false;
    return oci_xattr_travels(name);
}

static int set_xattrs(struct packing *p, int fd, oci_tar_entry *e, oci_error *err)
{
    int r = oci_fd_xattrs(fd, &p->xattrs, err);

    p->tar_xattrs.count = 0;
    for (size_t i = 0; r == 0 && i < p->xattrs.count; i++) {
        const oci_tar_xattr x = { p->xattrs.items[i].name, p->xattrs.items[i].value };

        if (travels(x.name) && !OCI_VEC_PUSH(&p->tar_xattrs, x))
            r = oci_fail_nomem(err);
    }
    e->xattrs = p->tar_xattrs.items;
    e->n_xattrs = p->tar_xattrs.count;
    return r;
}

static oci_tar_type type_of(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFREG:
        return OCI_TAR_FILE;
    case S_IFDIR:
        return OCI_TAR_DIR;
    case S_IFLNK:
        return OCI_TAR_SYMLINK;
    case S_IFCHR:
        return OCI_TAR_CHAR;
    case S_IFBLK:
        return OCI_TAR_BLOCK;
    case S_IFIFO:
        return OCI_TAR_FIFO;
    default:
        return OCI_TAR_UNKNOWN;
    }
}

static oci_tar_entry describe(const struct packing *p, const struct stat *st)
{
    oci_tar_entry e = { .name = p->path.data, .name_len = p->path.len, .type = type_of(st->st_mode) };

    e.mode = e.type == OCI_TAR_SYMLINK ? 0777 : st->st_mode & 07777;
    e.uid = st->st_uid;
    e.gid = st->st_gid;
    e.mtime = st->st_mtim.tv_sec;
    e.mtime_nsec = (uint32_t)st->st_mtim.tv_nsec;
    if (e.type == OCI_TAR_FILE)
        e.size = (uint64_t)st->st_size;
    if (e.type == OCI_TAR_CHAR || e.type == OCI_TAR_BLOCK) {
        e.dev_major = major(st->st_rdev);
        e.dev_minor = minor(st->st_rdev);
    }
    return e;
}

/* ---- contents ---- */

/* 0 at the end of the file. */
static int read_some(int fd, char *out, size_t n, size_t *got, oci_error *err)
{
    ssize_t r;

    do
        r = read(fd, out, n);
    while (r < 0 && errno == EINTR);
    if (r < 0)
        return oci_fail_errno(err, "read");
    *got = (size_t)r;
    return 0;
}

static int copy_content(struct packing *p, int fd, uint64_t size, oci_error *err)
{
    size_t got = 1;
    int r = 0;

    for (uint64_t left = size; r == 0 && left > 0; left -= got) {
        r = oci_check_cancelled(p->w.o->events, err);
        if (r == 0)
            r = read_some(fd, p->chunk, left < CHUNK ? (size_t)left : CHUNK, &got, err);
        if (r == 0 && got == 0)
            r = changed(err);
        if (r == 0)
            r = oci_tar_writer_data(p->w.tar, p->chunk, got, err);
    }
    /* Not a byte more than was said either. */
    if (r == 0)
        r = read_some(fd, p->chunk, 1, &got, err);
    return r == 0 && got > 0 ? changed(err) : r;
}

static int write_file(struct packing *p, int dirfd, const char *name, const struct stat *found, oci_error *err)
{
    OCI_AUTO_FD int fd = -1;
    struct stat st, after;
    oci_tar_entry e;
    int r = oci_entry_open_file(dirfd, name, &fd, &st, err);

    if (r == OCI_E_NOT_FOUND || r == OCI_E_INVALID || (r == 0 && !oci_is_same_file(&st, found)))
        return changed(err);
    if (r < 0)
        return r;
    e = describe(p, &st);
    r = set_xattrs(p, fd, &e, err);
    if (r == 0)
        r = oci_writing_entry(&p->w, &e, err);
    if (r == 0)
        r = copy_content(p, fd, e.size, err);
    if (r < 0)
        return r;
    if (fstat(fd, &after) < 0)
        return oci_fail_errno(err, "look at it again");
    if (after.st_size != st.st_size || after.st_mtim.tv_sec != st.st_mtim.tv_sec ||
        after.st_mtim.tv_nsec != st.st_mtim.tv_nsec)
        return changed(err);
    return 0;
}

static int write_link(struct packing *p, const struct stat *st, const char *first, oci_error *err)
{
    oci_tar_entry e = describe(p, st);

    e.type = OCI_TAR_HARDLINK;
    e.link = first;
    e.size = 0;
    return oci_writing_entry(&p->w, &e, err);
}

static int write_symlink_or_node(struct packing *p, int dirfd, const char *name, const struct stat *found,
                                 oci_error *err)
{
    OCI_AUTO_FD int fd = -1;
    struct stat st;
    oci_tar_entry e;
    int r = oci_entry_open_path(dirfd, name, &fd, &st, err);

    if (r == OCI_E_NOT_FOUND || (r == 0 && !oci_is_same_file(&st, found)))
        return changed(err);
    if (r < 0)
        return r;
    e = describe(p, &st);
    p->target.len = 0;
    if (e.type == OCI_TAR_SYMLINK) {
        r = oci_entry_read_link(dirfd, name, &p->target, err);
        e.link = p->target.data;
    }
    if (r == 0)
        r = set_xattrs(p, fd, &e, err);
    return r == 0 ? oci_writing_entry(&p->w, &e, err) : r;
}

static int write_dir(struct packing *p, int dirfd, const char *name, const struct stat *found, oci_error *err)
{
    OCI_AUTO_FD int fd = -1;
    struct stat st = *found;
    bool root = strcmp(name, ".") == 0;
    oci_tar_entry e;
    int r = root ? 0 : oci_entry_open_path(dirfd, name, &fd, &st, err);

    if (r == OCI_E_NOT_FOUND || (r == 0 && !oci_is_same_file(&st, found)))
        return changed(err);
    if (r < 0)
        return r;
    e = describe(p, &st);
    r = set_xattrs(p, root ? dirfd : fd, &e, err);
    return r == 0 ? oci_writing_entry(&p->w, &e, err) : r;
}

/* ---- the walk ---- */

static int write_entry(struct packing *p, int dirfd, const char *name, const struct stat *st, oci_error *err)
{
    const char *first;
    int r;

    switch (type_of(st->st_mode)) {
    case OCI_TAR_DIR:
        return write_dir(p, dirfd, name, st, err);
    case OCI_TAR_UNKNOWN:
        return oci_writing_leave_out(&p->w, OCI_LEFT_SOCKET, p->path.data, err);
    case OCI_TAR_FILE:
    case OCI_TAR_SYMLINK:
    case OCI_TAR_CHAR:
    case OCI_TAR_BLOCK:
    case OCI_TAR_FIFO:
    case OCI_TAR_HARDLINK:
        break;
    }
    r = find_link(p, st, &first, err);
    if (r < 0)
        return r;
    if (first != NULL)
        return write_link(p, st, first, err);
    return S_ISREG(st->st_mode) ? write_file(p, dirfd, name, st, err) : write_symlink_or_node(p, dirfd, name, st, err);
}

/* A failure leaves the path as it is, for the message. */
static int visit(void *ctx, int dirfd, const char *name, const struct stat *st, oci_error *err)
{
    struct packing *p = ctx;
    size_t before;
    int r = push_name(p, name, &before, err);

    if (r < 0)
        return r;
    if (oci_whiteout_of(name, strlen(name)) != OCI_WHITEOUT_NONE) {
        if (!p->w.o->mend && p->w.o->mendable != NULL)
            *p->w.o->mendable = true;
        if (!p->w.o->mend)
            return oci_fail(err, OCI_E_INVALID, "the name is reserved for whiteouts");
        r = oci_writing_leave_out(&p->w, OCI_LEFT_RESERVED, p->path.data, err);
        pop_name(p, before);
        return r < 0 ? r : 1;
    }
    r = write_entry(p, dirfd, name, st, err);
    if (r < 0)
        return r;
    if (!S_ISDIR(st->st_mode))
        pop_name(p, before);
    else if (!OCI_VEC_PUSH(&p->above, before))
        return oci_fail_nomem(err);
    return 0;
}

static int leave(void *ctx, oci_error *err)
{
    struct packing *p = ctx;

    (void)err;
    pop_name(p, p->above.items[--p->above.count]);
    return 0;
}

static void release(struct packing *p)
{
    const void *key;
    void *first;
    size_t n;

    for (size_t at = 0; p->links != NULL && oci_map_next(p->links, &at, &key, &n, &first);)
        oci_free(first);
    oci_map_free(p->links);
    oci_writing_free(&p->w);
    oci_buf_free(&p->path);
    oci_buf_free(&p->target);
    oci_xattrs_free(&p->xattrs);
    oci_free(p->tar_xattrs.items);
    oci_free(p->above.items);
    oci_free(p->chunk);
}

/* Of a long path the end, so that there is room for what is wrong with it. */
static void wrap_path(const struct packing *p, int r, oci_error *err)
{
    enum { SHOWN = 300 };
    size_t skip = p->path.len > SHOWN ? p->path.len - SHOWN : 0;

    oci_wrap(err, r, "'%s%s'", skip > 0 ? "..." : "", p->path.data + skip);
}

int oci_pack_tree(int fd, const oci_pack_options *o, oci_writer *dst, oci_error *err)
{
    struct packing p = { .links = oci_map_new(), .chunk = oci_alloc(CHUNK) };
    const oci_tree_visitor visitor = { .ctx = &p, .entry = visit, .leave = leave };
    int r = p.links != NULL && p.chunk != NULL ? oci_writing_new(&p.w, o, dst, err) : oci_fail_nomem(err);

    if (r == 0) {
        r = oci_tree_walk(fd, &visitor, o->events, err);
        if (r < 0 && p.path.len > 0)
            wrap_path(&p, r, err);
    }
    if (r == 0)
        r = oci_writing_finish(&p.w, err);
    release(&p);
    return r;
}
