/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The snapshot as mtree(5) text, in the keywords that umoci's bundles use: what the tree is by name, type, owner and
 * mode comes from the tree itself, what directories will be from their records, digests and attributes from the facts.
 */
#include "applier.h"

#include <string.h>
#include <sys/sysmacros.h>

#include "base/buf.h"
#include "base/fail.h"
#include "stream/stream.h"

struct writing {
    oci_applier *a;
    oci_writer *w;      /* borrowed */
    oci_buf line, link; /* memory that is used again */
};

/* ---- one line ---- */

static const char *type_name(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFREG:
        return "file";
    case S_IFDIR:
        return "dir";
    case S_IFLNK:
        return "link";
    case S_IFCHR:
        return "char";
    case S_IFBLK:
        return "block";
    case S_IFIFO:
        return "fifo";
    default:
        return "socket";
    }
}

/* What the directory will have when all is settled. True when nothing else is to be told of it. */
static int foresee(const oci_applier *a, struct stat *st, bool *plain, oci_error *err)
{
    uint32_t ref = oci_dirs_find(a->dirs, st);
    oci_owner owner;
    const oci_dir *dir;
    int r;

    *plain = false;
    if (ref == OCI_DIRS_NONE)
        return 0;
    dir = oci_dirs_at(a->dirs, ref);
    if (dir->settle) {
        st->st_mtim.tv_sec = (time_t)dir->mtime;
        st->st_mtim.tv_nsec = dir->mtime_nsec;
    }
    if (dir->set_mode)
        st->st_mode = S_IFDIR | dir->mode;
    if (!dir->reset)
        return 0;
    r = oci_ident_owner(&a->ident, 0, 0, &owner, err);
    if (r < 0)
        return r;
    st->st_uid = owner.uid;
    st->st_gid = owner.gid;
    st->st_mode = S_IFDIR | 0755;
    *plain = true;
    return 0;
}

static int put_field(struct writing *t, const char *name, uint64_t n, unsigned base, oci_error *err)
{
    int r = oci_buf_puts(&t->line, name, err);

    return r < 0 ? r : oci_buf_put_number(&t->line, n, base, 1, err);
}

static int put_time(struct writing *t, const struct timespec *time, oci_error *err)
{
    const int64_t sec = time->tv_sec;
    int r = put_field(t, sec < 0 ? " time=-" : " time=", sec < 0 ? -(uint64_t)sec : (uint64_t)sec, 10, err);

    if (r == 0)
        r = oci_buf_putc(&t->line, '.', err);
    return r < 0 ? r : oci_buf_put_number(&t->line, (uint64_t)time->tv_nsec, 10, 9, err);
}

static int put_common(struct writing *t, const struct stat *st, oci_error *err)
{
    const unsigned mode = st->st_mode & 07777;
    int r = oci_buf_puts(&t->line, " type=", err);

    if (r == 0)
        r = oci_buf_puts(&t->line, type_name(st->st_mode), err);
    if (r == 0)
        r = put_field(t, " uid=", st->st_uid, 10, err);
    if (r == 0)
        r = put_field(t, " gid=", st->st_gid, 10, err);
    if (r == 0)
        r = put_field(t, mode != 0 ? " mode=0" : " mode=", mode, 8, err);
    return r < 0 ? r : put_time(t, &st->st_mtim, err);
}

/* What depends on the type. dirfd and name are of the entry, name "." for the root. */
static int put_special(struct writing *t, int dirfd, const char *name, const struct stat *st, oci_error *err)
{
    int r = 0;

    if (!S_ISDIR(st->st_mode)) {
        r = put_field(t, " size=", (uint64_t)st->st_size, 10, err);
        if (r == 0)
            r = put_field(t, " nlink=", st->st_nlink, 10, err);
    }
    if (r == 0 && (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode))) {
        r = put_field(t, " device=linux,", major(st->st_rdev), 10, err);
        if (r == 0)
            r = put_field(t, ",", minor(st->st_rdev), 10, err);
    }
    if (r < 0 || !S_ISLNK(st->st_mode))
        return r;
    t->link.len = 0;
    r = oci_entry_read_link(dirfd, name, &t->link, err);
    if (r == 0)
        r = oci_buf_puts(&t->line, " link=", err);
    return r < 0 ? r : oci_mtree_escape(&t->line, t->link.data, t->link.len, err);
}

static int put_facts(struct writing *t, const struct stat *st, oci_error *err)
{
    char hex[2 * OCI_DIGEST_MAX_BYTES + 1];
    oci_fact fact;
    int r = 0;

    if (!oci_facts_find(t->a->facts, st, &fact))
        return 0;
    if (S_ISREG(st->st_mode) && oci_digest_encoded(&fact.digest, hex, sizeof hex) > 0) {
        r = oci_buf_puts(&t->line, " sha256digest=", err);
        if (r == 0)
            r = oci_buf_puts(&t->line, hex, err);
    }
    return r < 0 ? r : oci_buf_puts(&t->line, fact.xattrs, err);
}

static int write_entry(void *ctx, int dirfd, const char *name, const struct stat *found, oci_error *err)
{
    struct writing *t = ctx;
    struct stat st = *found;
    bool plain = false;
    int r = S_ISDIR(st.st_mode) ? foresee(t->a, &st, &plain, err) : 0;

    t->line.len = 0;
    if (r == 0)
        r = oci_mtree_escape(&t->line, name, strlen(name), err);
    if (r == 0)
        r = put_common(t, &st, err);
    if (r == 0)
        r = put_special(t, dirfd, name, &st, err);
    if (r == 0 && !plain)
        r = put_facts(t, &st, err);
    if (r == 0)
        r = oci_buf_putc(&t->line, '\n', err);
    return r < 0 ? r : oci_writer_write(t->w, t->line.data, t->line.len, err);
}

static bool is_known(void *ctx, const struct stat *dir, const oci_dir_name *name, struct stat *st)
{
    return oci_facts_stat(((struct writing *)ctx)->a->facts, dir, name, st);
}

static int write_up(void *ctx, oci_error *err)
{
    return oci_writer_write(((struct writing *)ctx)->w, "..\n", 3, err);
}

int oci_applier_write_mtree(oci_applier *a, oci_writer *w, oci_error *err)
{
    static const char head[] = "#mtree v2.0\n";
    struct writing t = { .a = a, .w = w };
    const oci_tree_visitor visitor = { &t, write_entry, write_up, is_known };
    int r;

    if (a->facts == NULL)
        return oci_fail(err, OCI_E_USAGE, "the applier takes no snapshot");
    if (a->broken)
        return oci_fail(err, OCI_E_USAGE, "a layer has failed before");
    r = oci_writer_write(w, head, sizeof head - 1, err);
    if (r == 0)
        r = oci_tree_walk(a->root.fd, &visitor, a->events, err);
    oci_buf_free(&t.line);
    oci_buf_free(&t.link);
    return r;
}
