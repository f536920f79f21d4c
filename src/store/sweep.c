/* SPDX-License-Identifier: Apache-2.0 */
/* What garbage collection needs of a layout besides its blobs. */
#include <fcntl.h>

#include "base/fail.h"
#include "layout.h"
#include "store.h"

int oci_layout_sync_index(oci_layout *l, oci_error *err)
{
    oci_root root = OCI_ROOT_INIT(l->fd);
    OCI_AUTO_FD int fd = -1;
    int r;

    if (!l->sync)
        return 0;
    r = oci_root_open_file(&root, "index.json", &fd, NULL, err);
    if (r == 0)
        r = oci_fsync(fd, err);
    return oci_wrap(err, r == 0 ? oci_fsync(l->fd, err) : r, "index.json");
}

/* The directories of all algorithms, known here or not: who has left a temporary file there may know more. */
static int sweep_blobs(oci_layout *l, int64_t before, bool dry_run, oci_swept *sum, oci_error *err)
{
    oci_root root = OCI_ROOT_INIT(l->fd);
    OCI_AUTO_FD int blobs = -1;
    oci_names names = { 0 };
    int r = oci_root_open(&root, "blobs", O_RDONLY | O_DIRECTORY, &blobs, err);

    if (r == OCI_E_NOT_FOUND)
        return 0;
    if (r == 0)
        r = oci_dir_names(blobs, true, &names, err);
    for (size_t i = 0; r == 0 && i < names.count; i++) {
        OCI_AUTO_FD int fd = -1;

        if (oci_entry_open_dir(blobs, names.items[i].text, &fd, NULL) == 0)
            r = oci_sweep_tmp_files(fd, before, dry_run, sum, err);
    }
    oci_names_free(&names);
    return r;
}

int oci_layout_sweep_tmp(oci_layout *l, int64_t before, bool dry_run, oci_swept *sum, oci_error *err)
{
    int r = sweep_blobs(l, before, dry_run, sum, err);

    if (r == 0)
        r = oci_sweep_tmp_files(l->fd, before, dry_run, sum, err);
    return r == 0 ? oci_sweep_tmp_dirs(l->fd, before, dry_run, sum, err) : r;
}
