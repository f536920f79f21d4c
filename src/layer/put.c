/* SPDX-License-Identifier: Apache-2.0 */
/* Making what an entry describes. Whatever it is, the name is looked at, cleared and made exclusively. */
#include "applier.h"

#include <errno.h>
#include <fcntl.h>

#include "base/event.h"
#include "base/fail.h"

/* ---- files ---- */

/* Counts n more bytes towards the ceiling. */
static int charge(oci_applier *a, uint64_t n, oci_error *err)
{
    if (n > a->limits.max_size - a->bytes)
        return oci_fail(err, OCI_E_LIMIT, "the files of the image are larger than the limit of %llu bytes",
                        (unsigned long long)a->limits.max_size);
    a->bytes += n;
    a->stats.bytes += n;
    return 0;
}

static int write_at(int fd, const oci_span *piece, uint64_t offset, uint64_t *position, oci_error *err)
{
    int r;

    if (offset != *position && lseek(fd, (off_t)offset, SEEK_SET) < 0)
        return oci_fail_errno(err, "seek");
    r = oci_write_all(fd, piece->data, piece->len, err);
    if (r == 0)
        *position = offset + piece->len;
    return r;
}

/* Writes the pieces of a file where they belong; what lies between them stays a hole. With fd -1 nothing is written,
 * and all the same counted and checked. */
static int write_content(oci_applier *a, const oci_tar_entry *e, oci_tar_reader *t, int fd, oci_error *err)
{
    const bool free_holes = e->sparse && a->facts == NULL;
    uint64_t position = 0, offset;
    oci_span piece;
    int r;

    /* Data is counted before it is there, so that a hopeless file is not begun. A hole costs nothing, unless its zeros
     * have to be hashed. */
    if (e->size > a->limits.max_size || e->size > INT64_MAX)
        return charge(a, UINT64_MAX, err);
    if (!free_holes && (r = charge(a, e->size, err)) < 0)
        return r;
    for (;;) {
        r = oci_check_cancelled(a->events, err);
        if (r == 0)
            r = oci_tar_reader_data(t, &piece, &offset, err);
        if (r < 0 || piece.len == 0)
            break;
        if (offset > e->size || piece.len > e->size - offset)
            return oci_fail(err, OCI_E_INVALID, "the content is longer than the %llu bytes of the header",
                            (unsigned long long)e->size);
        if (free_holes && (r = charge(a, piece.len, err)) < 0)
            return r;
        if (fd < 0)
            continue;
        oci_facts_content(a->facts, a->source, piece, offset);
        r = write_at(fd, &piece, offset, &position, err);
        if (r < 0)
            return r;
    }
    if (r == 0 && fd >= 0 && position != e->size && ftruncate(fd, (off_t)e->size) < 0)
        return oci_fail_errno(err, "make the file %llu bytes long", (unsigned long long)e->size);
    return r < 0 ? r : 0;
}

/* What makes an entry at its place, if the name is free: OCI_E_EXISTS. */
typedef int make_entry(const oci_place *p, const oci_tar_entry *e, int *fd, oci_error *err);

/* Makes it, whatever was there. Most names are free, so that is found out by trying. */
static int make_anew(oci_applier *a, oci_place *p, const oci_tar_entry *e, make_entry *make, int *fd, oci_error *err)
{
    int r = make(p, e, fd, err);

    if (r != OCI_E_EXISTS)
        return r;
    r = oci_place_clear(a, p, err);
    return r < 0 ? r : make(p, e, fd, err);
}

static int make_file(const oci_place *p, const oci_tar_entry *e, int *fd, oci_error *err)
{
    return oci_entry_create_file(p->dirfd, p->base, oci_meta_new_mode(e), fd, err);
}

/* A file of which nothing will be left: 1 when there is a stand-in, 0 when there can be none. */
static int pass_over(oci_applier *a, oci_place *p, const oci_tar_entry *e, oci_tar_reader *t, oci_error *err)
{
    oci_owner owner;
    int r = oci_stand_in_put(a, p, err);

    if (r <= 0)
        return r;
    r = write_content(a, e, t, -1, err);
    /* Whom it would have belonged to can be an error. */
    if (r == 0)
        r = oci_ident_owner(&a->ident, e->uid, e->gid, &owner, err);
    if (r < 0)
        return r;
    a->stats.shadowed++;
    return 1;
}

/* t is NULL for a file without content. */
static int put_file(oci_applier *a, oci_place *p, const oci_tar_entry *e, oci_tar_reader *t, oci_error *err)
{
    OCI_AUTO_FD int fd = -1;
    struct stat st;
    int r = oci_stand_in_will_do(a, p, e) ? pass_over(a, p, e, t, err) : 0;

    if (r != 0)
        return r < 0 ? r : 0;
    r = make_anew(a, p, e, make_file, &fd, err);
    if (r == 0 && t != NULL)
        r = write_content(a, e, t, fd, err);
    if (r == 0)
        r = oci_meta_file(a, fd, oci_dirs_at(a->dirs, p->ref)->inherited, e, &st, err);
    if (r == 0)
        r = oci_facts_file(a->facts, &st, p->base, e->type == OCI_TAR_FILE ? e->size : 0, err);
    if (r < 0)
        return r;
    /* Network file systems report failed writes here at the latest. */
    if (close(oci_steal_fd(&fd)) < 0 && errno != EINTR)
        return oci_fail_errno(err, "close");
    return 0;
}

/* ---- directories ---- */

/* Gives the open directory fd its attributes and records it. st is what it has; clean: it is new. */
static int dress_dir(oci_applier *a, int fd, const char *name, uint32_t ref, bool clean, const oci_tar_entry *e,
                     struct stat *st, oci_error *err)
{
    oci_dir *dir = oci_dirs_at(a->dirs, ref);
    int r;

    dir->mtime = e->mtime;
    dir->mtime_nsec = e->mtime_nsec;
    dir->settle = true;
    dir->reset = false;
    dir->made = a->layer;
    r = oci_meta_dir(a, fd, dir, clean, e, st, err);
    return r < 0 ? r : oci_facts_other(a->facts, st, name, err);
}

/* With keep_dirlinks: opens the directory that the symbolic link at the place leads to. 1, 0 when it leads to none. */
static int open_linked_dir(oci_applier *a, oci_place *p, const oci_tar_entry *e, int *fd, oci_error *err)
{
    oci_error ignored = OCI_ERROR_INIT;
    int r = a->options.keep_dirlinks ? oci_place_look(p, err) : 0;

    if (r < 0 || !a->options.keep_dirlinks || !p->there || !S_ISLNK(p->st.st_mode))
        return r;
    r = oci_root_open(&a->root, e->name, O_RDONLY | O_DIRECTORY, fd, &ignored);
    if (r == OCI_E_NOT_FOUND || r == OCI_E_INVALID || r == OCI_E_UNSAFE)
        return 0;
    if (r < 0 && err != NULL)
        *err = ignored;
    return r < 0 ? r : 1;
}

/* Opens the directory at the place, which is made unless it is there: *made. */
static int open_or_make_dir(oci_applier *a, oci_place *p, int *fd, bool *made, oci_error *err)
{
    int r = oci_entry_mkdir(p->dirfd, p->base, fd, err);

    *made = r == 0;
    if (r != OCI_E_EXISTS)
        return r;
    r = oci_place_look(p, err);
    if (r == 0 && p->there && S_ISDIR(p->st.st_mode))
        return oci_entry_open_dir(p->dirfd, p->base, fd, err);
    if (r == 0)
        r = oci_place_clear(a, p, err);
    if (r == 0)
        r = oci_entry_mkdir(p->dirfd, p->base, fd, err);
    *made = r == 0;
    return r;
}

static int put_dir(oci_applier *a, oci_place *p, const oci_tar_entry *e, oci_error *err)
{
    OCI_AUTO_FD int fd = -1;
    bool made = false, clean;
    struct stat st;
    uint32_t ref = OCI_DIRS_NONE;
    int linked = open_linked_dir(a, p, e, &fd, err), r = linked;

    if (r == 0)
        r = open_or_make_dir(a, p, &fd, &made, err);
    if (r < 0)
        return r;
    if (fstat(fd, &st) < 0)
        return oci_fail_errno(err, "look at the directory");
    r = 0;
    clean = made && !oci_dirs_at(a->dirs, p->ref)->inherited;
    if (!made) {
        ref = linked == 0 ? oci_dirs_find(a->dirs, &st) : OCI_DIRS_NONE;
        oci_place_meet(a, p, ref);
    }
    if (linked > 0)
        r = oci_place_touch(a, fd, (oci_span) { 0 }, &st, &ref, err);
    else if (ref == OCI_DIRS_NONE)
        r = oci_dirs_add(a->dirs, p->ref, p->base, &st, &ref, err);
    if (r < 0)
        return r;
    if (made)
        oci_dirs_at(a->dirs, ref)->born = a->layer;
    /* What a link leads to has a name of its own, which may have no entry yet. */
    if (linked == 0)
        oci_dirs_at(a->dirs, ref)->implied = false;
    return dress_dir(a, fd, p->base, ref, clean, e, &st, err);
}

int oci_apply_root(oci_applier *a, const oci_tar_entry *e, oci_error *err)
{
    struct stat st;

    if (fstat(a->root.fd, &st) < 0)
        return oci_fail_errno(err, "look at the root");
    return dress_dir(a, a->root.fd, ".", OCI_DIRS_ROOT, false, e, &st, err);
}

/* ---- links and nodes ---- */

static int make_symlink(const oci_place *p, const oci_tar_entry *e, int *fd, oci_error *err)
{
    (void)fd;
    return oci_entry_symlink(p->dirfd, p->base, e->link != NULL ? e->link : "", err);
}

static mode_t node_type(const oci_tar_entry *e)
{
    return e->type == OCI_TAR_FIFO ? S_IFIFO : e->type == OCI_TAR_CHAR ? S_IFCHR : S_IFBLK;
}

static int make_node(const oci_place *p, const oci_tar_entry *e, int *fd, oci_error *err)
{
    const bool device = e->type != OCI_TAR_FIFO;

    (void)fd;
    return oci_entry_mknod(p->dirfd, p->base, node_type(e), device ? e->dev_major : 0, device ? e->dev_minor : 0, err);
}

static int put_named(oci_applier *a, oci_place *p, const oci_tar_entry *e, make_entry *make, oci_error *err)
{
    struct stat st;
    int r = make_anew(a, p, e, make, NULL, err);

    if (r == 0)
        r = oci_meta_node(a, p->dirfd, p->base, e, &st, err);
    return r < 0 ? r : oci_facts_other(a->facts, &st, p->base, err);
}

static int put_node(oci_applier *a, oci_place *p, const oci_tar_entry *e, oci_error *err)
{
    const bool tried = e->type == OCI_TAR_FIFO || !a->options.rootless;
    oci_error why = OCI_ERROR_INIT;
    int r = tried ? put_named(a, p, e, make_node, &why) : 0;

    if (!tried || (r < 0 && oci_means_unsupported(why.sys_errno))) {
        a->left_out.devices++;
        return put_file(a, p, e, NULL, err);
    }
    if (r < 0 && err != NULL)
        *err = why;
    return r;
}

static int put(oci_applier *a, oci_place *p, const oci_tar_entry *e, oci_tar_reader *t, oci_error *err)
{
    switch (e->type) {
    case OCI_TAR_FILE:
        return put_file(a, p, e, t, err);
    case OCI_TAR_DIR:
        return put_dir(a, p, e, err);
    case OCI_TAR_SYMLINK:
        return put_named(a, p, e, make_symlink, err);
    case OCI_TAR_CHAR:
    case OCI_TAR_BLOCK:
    case OCI_TAR_FIFO:
        return put_node(a, p, e, err);
    case OCI_TAR_HARDLINK:
    case OCI_TAR_UNKNOWN:
        break;
    }
    return oci_fail(err, OCI_E_INTERNAL, "an entry of type %d cannot be made", (int)e->type);
}

int oci_apply_put(oci_applier *a, const oci_tar_entry *e, oci_tar_reader *t, oci_error *err)
{
    oci_place place;
    int r;

    if (e->type == OCI_TAR_HARDLINK)
        return oci_apply_link(a, e, err);
    r = oci_place_find(a, e->name, &place, err);
    if (r == 0)
        r = put(a, &place, e, t, err);
    return r < 0 ? r : oci_place_made(a, &place, err);
}
