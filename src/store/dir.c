/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The blobs of a layout directory: blobs/ALGORITHM/ENCODED (image-layout.md, "Blobs"). A blob may be a symbolic link,
 * but only to a regular file inside the layout's own tree, which is what real layouts do.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/fail.h"
#include "os/os.h"
#include "store.h"
#include "stream/stream.h"

struct dir_store {
    oci_store base;
    int fd;     /* of the layout */
    int shared; /* a directory of blobs that several layouts share, or -1 */
    bool sync, read_only;
    bool durable[UINT8_MAX + 1]; /* by algorithm: its directory will not be lost */
};

struct dir_ingest {
    oci_ingest base;
    struct dir_store *store;
    int dirfd; /* of blobs/ALGORITHM */
    oci_tmpfile *file;
};

static const char blobs_prefix[] = "blobs/";

static int open_regular(struct dir_store *s, const oci_digest *d, int *fd, uint64_t *size, oci_error *err)
{
    oci_root root = OCI_ROOT_INIT(s->fd), shared = OCI_ROOT_INIT(s->shared);
    char path[OCI_BLOB_PATH_MAX], text[OCI_DIGEST_MAX_TEXT];
    struct stat st;
    int r;

    oci_blob_path(d, path);
    oci_digest_format(d, text, sizeof text);
    r = oci_root_open_file(&root, path, fd, &st, err);
    if (r == OCI_E_NOT_FOUND && s->shared >= 0)
        r = oci_root_open_file(&shared, path + strlen(blobs_prefix), fd, &st, err);
    if (r == OCI_E_NOT_FOUND)
        return oci_fail(err, r, "blob %s is not in the layout", text);
    if (r < 0)
        return oci_wrap(err, r, "blob %s", text);
    *size = (uint64_t)st.st_size;
    return 0;
}

static int dir_open(oci_store *base, const oci_digest *d, oci_reader **out, uint64_t *size, oci_error *err)
{
    OCI_AUTO_FD int fd = -1;
    int r = open_regular((struct dir_store *)base, d, &fd, size, err);

    return r < 0 ? r : oci_reader_from_fd(oci_steal_fd(&fd), out, err);
}

static int dir_stat(oci_store *base, const oci_digest *d, uint64_t *size, oci_error *err)
{
    OCI_AUTO_FD int fd = -1;

    return open_regular((struct dir_store *)base, d, &fd, size, err);
}

/* Opens name below dirfd, making it when it is not there; its name is made durable when sync says so, whoever made it:
 * they may not have come so far. */
static int open_or_make(int dirfd, const char *name, bool sync, int *fd, oci_error *err)
{
    OCI_AUTO_FD int dir = -1;
    int r = oci_entry_open_dir(dirfd, name, &dir, err);

    if (r == OCI_E_NOT_FOUND) {
        r = oci_entry_mkdir(dirfd, name, &dir, NULL);
        if (r == 0 && fchmod(dir, oci_apply_umask(0777)) < 0)
            return oci_fail_errno(err, "set the mode of directory '%s'", name);
        /* Somebody else may make it at the same time: then theirs is as good. */
        if (r < 0)
            r = oci_entry_open_dir(dirfd, name, &dir, err);
    }
    if (r == 0 && sync)
        r = oci_fsync(dirfd, err);
    if (r < 0)
        return r;
    *fd = oci_steal_fd(&dir);
    return 0;
}

/* The directory of an algorithm's blobs, where new ones go. */
static int open_algorithm(struct dir_store *s, oci_digest_alg alg, int *fd, oci_error *err)
{
    const bool sync = s->sync && !s->durable[alg];
    OCI_AUTO_FD int blobs = -1;
    int r = s->shared >= 0 ? oci_open_host_dir(s->shared, ".", &blobs, err)
                           : open_or_make(s->fd, "blobs", sync, &blobs, err);

    if (r == 0)
        r = open_or_make(blobs, oci_digest_alg_name(alg), sync, fd, err);
    if (r == 0)
        s->durable[alg] = true;
    return r;
}

static int dir_ingest_write(oci_ingest *base, const void *p, size_t n, oci_error *err)
{
    struct dir_ingest *i = (struct dir_ingest *)base;

    return oci_write_all(oci_tmpfile_fd(i->file), p, n, err);
}

enum presence { ABSENT, DAMAGED, PRESENT };

/* Whether the blob is there and is what its name says. Damage is repaired by putting the right content in its place. A
 * blob that is used again is as young as a new one, for whoever sweeps by age, and as durable. */
static int look_for(struct dir_store *s, const oci_digest *d, uint64_t size, enum presence *out, oci_error *err)
{
    /* The time of its change alone becomes now: that of its content has not. */
    static const struct timespec used[] = { { .tv_nsec = UTIME_NOW }, { .tv_nsec = UTIME_OMIT } };
    OCI_AUTO_FD int fd = -1;
    uint64_t found = 0;
    oci_digest digest;
    int r = open_regular(s, d, &fd, &found, NULL);

    *out = r == OCI_E_NOT_FOUND ? ABSENT : DAMAGED;
    if (r < 0 || found != size)
        return 0;
    r = oci_digest_of_fd(d->alg, fd, &digest, NULL, err);
    if (r < 0)
        return r;
    if (!oci_digest_equal(d, &digest))
        return 0;
    *out = PRESENT;
    futimens(fd, used); /* may be refused: the owner may be somebody else */
    return s->sync ? oci_fsync(fd, err) : 0;
}

static int dir_ingest_publish(oci_ingest *base, const oci_digest *d, oci_error *err)
{
    struct dir_ingest *i = (struct dir_ingest *)base;
    char name[OCI_DIGEST_MAX_TEXT];
    enum presence presence = ABSENT;
    int r = look_for(i->store, d, base->size, &presence, err);

    if (r < 0)
        return r;
    if (presence == PRESENT)
        return i->store->sync ? oci_fsync(i->dirfd, err) : 0;
    oci_digest_encoded(d, name, sizeof name);
    r = oci_tmpfile_publish(oci_steal(&i->file), name, oci_apply_umask(0444), presence == DAMAGED, i->store->sync, err);
    return oci_wrap(err, r, "store blob %s", name);
}

static int dir_has(oci_store *base, const oci_digest *d, uint64_t size, oci_error *err)
{
    struct dir_store *s = (struct dir_store *)base;
    enum presence presence = ABSENT;
    OCI_AUTO_FD int dirfd = -1;
    int r = look_for(s, d, size, &presence, err);

    if (r < 0 || presence != PRESENT)
        return r;
    if (s->sync) {
        r = open_algorithm(s, d->alg, &dirfd, err);
        if (r == 0)
            r = oci_fsync(dirfd, err);
    }
    return r < 0 ? r : 1;
}

static void dir_ingest_free(oci_ingest *base)
{
    struct dir_ingest *i = (struct dir_ingest *)base;

    oci_tmpfile_free(i->file);
    close(i->dirfd);
}

static int dir_begin(oci_store *base, oci_digest_alg alg, oci_ingest **out, oci_error *err)
{
    static const oci_ingest_ops ops = { dir_ingest_write, dir_ingest_publish, dir_ingest_free };
    struct dir_store *s = (struct dir_store *)base;
    OCI_AUTO_FD int dirfd = -1;
    OCI_AUTO(oci_tmpfile) file = NULL;
    struct dir_ingest *i;
    int r;

    if (s->read_only)
        return oci_fail(err, OCI_E_PERM, "the layout was opened for reading only");
    r = open_algorithm(s, alg, &dirfd, err);
    if (r < 0)
        return r;
    r = oci_tmpfile_new(dirfd, &file, err);
    if (r < 0)
        return r;
    i = oci_calloc(1, sizeof *i);
    if (i == NULL)
        return oci_fail_nomem(err);
    i->base.ops = &ops;
    i->store = s;
    i->dirfd = oci_steal_fd(&dirfd);
    i->file = oci_steal(&file);
    *out = &i->base;
    return 0;
}

/* Whether r says that there is no such blob, and not that nobody knows. */
static bool is_no_blob(int r)
{
    return r == OCI_E_NOT_FOUND || r == OCI_E_INVALID || r == OCI_E_UNSAFE;
}

/* Names that are no blob of the algorithm are passed over: other tools keep their own files there. */
static int each_name(struct dir_store *s, const char *algorithm, const oci_names *names, oci_each_blob *each, void *ctx,
                     oci_error *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < names->count; i++) {
        OCI_AUTO_BUF oci_buf text = OCI_BUF_INIT;
        oci_digest d;
        uint64_t size;

        r = oci_buf_printf(&text, err, "%s:%s", algorithm, names->items[i].text);
        if (r < 0 || oci_digest_parse(text.data, text.len, &d, NULL) < 0)
            continue;
        r = dir_stat(&s->base, &d, &size, err);
        r = r == 0 ? each(ctx, &d, size, err) : is_no_blob(r) ? 0 : r;
    }
    return r;
}

/* The names in a directory by its path inside root; none when it is not there. */
static int list_inside(int fd, const char *path, oci_names *out, oci_error *err)
{
    oci_root root = OCI_ROOT_INIT(fd);
    OCI_AUTO_FD int dir = -1;
    int r = oci_root_open(&root, path, O_RDONLY | O_DIRECTORY, &dir, err);

    return r == 0 ? oci_dir_names(dir, true, out, err) : is_no_blob(r) ? 0 : r;
}

/* The blobs below the directory path of fd. */
static int each_below(struct dir_store *s, int fd, const char *path, oci_each_blob *each, void *ctx, oci_error *err)
{
    oci_names algorithms = { 0 };
    int r = list_inside(fd, path, &algorithms, err);

    for (size_t i = 0; r == 0 && i < algorithms.count; i++) {
        const char *algorithm = algorithms.items[i].text;
        OCI_AUTO_BUF oci_buf below = OCI_BUF_INIT;
        oci_names names = { 0 };

        if (oci_digest_alg_find(algorithm, strlen(algorithm)) == OCI_DIGEST_NONE)
            continue;
        r = oci_buf_printf(&below, err, "%s%s%s", path, path[0] != '\0' ? "/" : "", algorithm);
        if (r == 0)
            r = list_inside(fd, below.data, &names, err);
        if (r == 0)
            r = each_name(s, algorithm, &names, each, ctx, err);
        oci_names_free(&names);
    }
    oci_names_free(&algorithms);
    return r;
}

static int dir_each(oci_store *base, oci_each_blob *each, void *ctx, oci_error *err)
{
    struct dir_store *s = (struct dir_store *)base;
    int r = each_below(s, s->fd, "blobs", each, ctx, err);

    return r == 0 && s->shared >= 0 ? each_below(s, s->shared, "", each, ctx, err) : r;
}

static int dir_delete_blob(oci_store *base, const oci_digest *d, oci_error *err)
{
    struct dir_store *s = (struct dir_store *)base;
    char path[OCI_BLOB_PATH_MAX];
    oci_root root = OCI_ROOT_INIT(s->fd);
    OCI_AUTO_FD int dirfd = -1;
    const char *name;
    int r;

    if (s->read_only)
        return oci_fail(err, OCI_E_PERM, "the layout was opened for reading only");
    oci_blob_path(d, path);
    r = oci_root_open_parent(&root, path, NULL, &dirfd, &name, err);
    if (r == OCI_E_NOT_FOUND)
        return 0;
    if (r < 0)
        return r;
    return oci_entry_remove(dirfd, name, err);
}

static void dir_free(oci_store *base)
{
    struct dir_store *s = (struct dir_store *)base;

    oci_closep_(&s->shared);
}

int oci_store_find_file(oci_store *base, const oci_digest *d, struct stat *entry, struct stat *file, oci_error *err)
{
    struct dir_store *s = (struct dir_store *)base;
    oci_root root = OCI_ROOT_INIT(s->fd);
    OCI_AUTO_FD int dirfd = -1, fd = -1;
    char path[OCI_BLOB_PATH_MAX];
    const char *name;
    int r;

    oci_blob_path(d, path);
    r = oci_root_open_parent(&root, path, NULL, &dirfd, &name, err);
    if (r == 0)
        r = oci_entry_stat(dirfd, name, entry, err);
    if (r == 0)
        return oci_fail(err, OCI_E_NOT_FOUND, "'%s' is not there", path);
    return r < 0 ? r : oci_root_open_file(&root, path, &fd, file, err);
}

int oci_store_link_blob(oci_store *from, oci_store *to, const oci_digest *d, oci_error *err)
{
    struct dir_store *source = (struct dir_store *)from, *goal = (struct dir_store *)to;
    oci_root root = OCI_ROOT_INIT(source->fd);
    OCI_AUTO_FD int fromfd = -1, tofd = -1;
    char path[OCI_BLOB_PATH_MAX];
    const char *name;
    struct stat st;
    int r;

    oci_blob_path(d, path);
    r = oci_root_open_parent(&root, path, NULL, &fromfd, &name, err);
    if (r == 0)
        r = open_algorithm(goal, d->alg, &tofd, err);
    if (r == 0)
        r = oci_entry_stat(tofd, name, &st, err);
    if (r < 0)
        return r;
    r = r > 0 ? 0 : oci_entry_link(fromfd, name, tofd, name, err);
    return r == 0 && goal->sync ? oci_fsync(tofd, err) : r;
}

/* Whether the content of fd is what it should be: 1, 0. */
static int is_content(int fd, const oci_digest *d, oci_error *err)
{
    oci_digest digest;
    int r = oci_digest_of_fd(d->alg, fd, &digest, NULL, err);

    return r < 0 ? r : oci_digest_equal(d, &digest);
}

/* By blocks that two files have in common, where the file system can. */
static int share_blocks(struct dir_store *s, int fd, int dirfd, const char *name, const oci_digest *d, oci_error *err)
{
    OCI_AUTO(oci_tmpfile) file = NULL;
    int r = oci_tmpfile_new(dirfd, &file, err);

    if (r == 0)
        r = oci_tmpfile_clone(file, fd, err);
    /* What is hashed is ours alone. */
    if (r == 1)
        r = is_content(oci_tmpfile_fd(file), d, err);
    if (r <= 0)
        return r;
    r = oci_tmpfile_publish(oci_steal(&file), name, oci_apply_umask(0444), true, s->sync, err);
    return r < 0 ? r : 1;
}

/* By a second name for the file, unless somebody else could write to it later. */
static int share_file(struct dir_store *s, int fd, int dirfd, const char *name, const oci_digest *d, oci_error *err)
{
    struct stat file, dir;
    int r;

    if (fstat(fd, &file) < 0 || fstat(dirfd, &dir) < 0)
        return oci_fail_errno(err, "look at blob %s", name);
    if (file.st_dev != dir.st_dev || file.st_uid != geteuid() || (file.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return 0;
    r = is_content(fd, d, err);
    if (r == 1 && s->sync)
        r = oci_fsync(fd, err) < 0 ? OCI_E_IO : 1;
    if (r == 1)
        r = oci_entry_link_fd(fd, dirfd, name, err);
    if (r == 1 && s->sync)
        r = oci_fsync(dirfd, err) < 0 ? OCI_E_IO : 1;
    return r;
}

static int dir_share(oci_store *base, oci_store *from, const oci_digest *d, uint64_t size, oci_error *err)
{
    struct dir_store *s = (struct dir_store *)base;
    char name[OCI_DIGEST_MAX_TEXT];
    OCI_AUTO_FD int fd = -1, dirfd = -1;
    uint64_t found = 0;
    int r;

    if (from->ops != base->ops || s->read_only || open_regular((struct dir_store *)from, d, &fd, &found, NULL) < 0 ||
        found != size)
        return 0;
    oci_digest_encoded(d, name, sizeof name);
    r = open_algorithm(s, d->alg, &dirfd, err);
    if (r == 0)
        r = share_blocks(s, fd, dirfd, name, d, err);
    if (r == 0)
        r = share_file(s, fd, dirfd, name, d, err);
    return oci_wrap(err, r, "blob %s", name);
}

int oci_store_new_dir(int fd, int shared, oci_fsync_policy fsync, bool read_only, oci_store **out, oci_error *err)
{
    static const oci_store_ops ops = { .open = dir_open,
                                       .stat = dir_stat,
                                       .each = dir_each,
                                       .begin = dir_begin,
                                       .delete_blob = dir_delete_blob,
                                       .free = dir_free,
                                       .has = dir_has,
                                       .share = dir_share };
    OCI_AUTO_FD int blobs = shared;
    struct dir_store *s = oci_calloc(1, sizeof *s);

    if (s == NULL)
        return oci_fail_nomem(err);
    s->base.ops = &ops;
    s->fd = fd;
    s->shared = oci_steal_fd(&blobs);
    s->sync = fsync != OCI_FSYNC_NONE;
    s->read_only = read_only;
    *out = &s->base;
    return 0;
}
