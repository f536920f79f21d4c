/* SPDX-License-Identifier: Apache-2.0 */
/* A file that gets its name when it is whole. */
#include <oci-image/export.h>

#include <fcntl.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "os/os.h"
#include "stream/stream.h"

struct path_writer {
    oci_writer w;
    int above;  /* the directory */
    char *name; /* in it */
    oci_tmpfile *file;
    bool sync;
};

static int path_write(oci_writer *w, const void *p, size_t n, oci_error *err)
{
    return oci_write_all(oci_tmpfile_fd(((struct path_writer *)w)->file), p, n, err);
}

static int path_finish(oci_writer *w, oci_error *err)
{
    struct path_writer *p = (struct path_writer *)w;

    return oci_tmpfile_publish(oci_steal(&p->file), p->name, oci_apply_umask(0666), true, p->sync, err);
}

static void path_free(oci_writer *w)
{
    struct path_writer *p = (struct path_writer *)w;

    oci_tmpfile_free(p->file);
    oci_closep_(&p->above);
    oci_free(p->name);
}

int oci_writer_to_path(int dirfd, const char *path, oci_fsync_policy fsync, oci_writer **out, oci_error *err)
{
    static const oci_writer_ops ops = { path_write, path_finish, path_free };
    struct path_writer *p = oci_calloc(1, sizeof *p);
    OCI_AUTO(oci_writer) guard = p != NULL ? &p->w : NULL;
    struct stat st;
    int r;

    if (p == NULL)
        return oci_fail_nomem(err);
    p->w.ops = &ops;
    p->above = -1;
    p->sync = fsync != OCI_FSYNC_NONE;
    r = oci_open_goal(dirfd, path, &p->above, &p->name, err);
    if (r == 0)
        r = oci_entry_stat(p->above, p->name, &st, err);
    if (r > 0 && !S_ISREG(st.st_mode))
        return oci_fail(err, OCI_E_EXISTS, "'%s' is there and no regular file", path);
    if (r >= 0)
        r = oci_tmpfile_new(p->above, &p->file, err);
    if (r < 0)
        return r;
    *out = oci_steal(&guard);
    return 0;
}
