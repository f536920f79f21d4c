/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A layout: oci-layout, index.json and a store of blobs, in a directory or an archive.
 */
#include "layout.h"

#include <fcntl.h>
#include <string.h>

#include "aci.h"
#include "archive.h"
#include "base/alloc.h"
#include "base/buf.h"
#include "base/event.h"
#include "base/fail.h"
#include "os/os.h"
#include "spec/spec.h"
#include "store.h"
#include "stream/stream.h"

const char oci_new_layout_file[] = "{\"imageLayoutVersion\":\"1.0.0\"}";
const char oci_new_index[] = "{\"schemaVersion\":2,\"mediaType\":\"" OCI_MEDIA_TYPE_INDEX "\",\"manifests\":[]}";

bool oci_entry_has(const oci_descriptor *d, const char *key, const char *value)
{
    const oci_pair *p = oci_annotations_find(d->annotations, key, strlen(key));
    const size_t len = strlen(value);

    return p != NULL && p->value_len == len && memcmp(p->value, value, len) == 0;
}

/* Wherever inside the layout a link of that name leads. */
int oci_layout_read_file(oci_layout *l, const char *name, oci_buf *out, oci_error *err)
{
    oci_root root = OCI_ROOT_INIT(l->fd);
    OCI_AUTO(oci_reader) reader = NULL;
    OCI_AUTO_FD int fd = -1;
    struct stat st;
    int r;

    if (l->store->ops->read_file != NULL)
        return l->store->ops->read_file(l->store, name, l->limits.max_document, out, err);
    r = oci_root_open_file(&root, name, &fd, &st, err);
    if (r < 0)
        return oci_wrap(err, r, "%s", name);
    r = oci_reader_from_fd(oci_steal_fd(&fd), &reader, err);
    if (r < 0)
        return r;
    return oci_wrap(err, oci_reader_read_all(reader, (size_t)l->limits.max_document, out, err), "%s", name);
}

int oci_layout_read_index(oci_layout *l, oci_index **out, oci_error *err)
{
    OCI_AUTO_BUF oci_buf bytes = OCI_BUF_INIT;
    int r = oci_layout_read_file(l, "index.json", &bytes, err);

    if (r == OCI_E_NOT_FOUND)
        return oci_fail(err, OCI_E_INVALID, "this is no image layout: it has no index.json");
    if (r < 0)
        return r;
    return oci_wrap(err, oci_index_parse(bytes.data, bytes.len, &l->limits, out, err), "index.json");
}

void oci_layout_set_index(oci_layout *l, oci_index *index)
{
    oci_index_free(l->index);
    l->index = index;
    l->index_changes++;
}

static int check_layout_file(oci_layout *l, oci_error *err)
{
    OCI_AUTO_BUF oci_buf bytes = OCI_BUF_INIT;
    OCI_AUTO(oci_layout_file) file = NULL;
    int r = oci_layout_read_file(l, "oci-layout", &bytes, err);
    struct stat st;

    if (r == OCI_E_NOT_FOUND && l->fd >= 0 && oci_entry_stat(l->fd, "oci-layout", &st, NULL) > 0)
        return oci_fail(err, OCI_E_INVALID, "oci-layout is a link that leads nowhere");
    /* Who writes needs it, to lock. Who reads gets on with index.json: those who copy images by hand forget the file.
     */
    if (r == OCI_E_NOT_FOUND && !l->read_only)
        return oci_fail(err, OCI_E_INVALID, "this is no image layout: it has no oci-layout");
    if (r == OCI_E_NOT_FOUND) {
        l->lacks_file = true;
        return 0;
    }
    if (r < 0)
        return r;
    return oci_wrap(err, oci_layout_file_parse(bytes.data, bytes.len, &l->limits, &file, err), "oci-layout");
}

static oci_layout *layout_new(const oci_layout_options *o)
{
    oci_layout *l = oci_calloc(1, sizeof *l);

    if (l == NULL)
        return NULL;
    l->fd = l->stage_lock = -1;
    l->limits = oci_limits_resolve(o != NULL ? o->limits : NULL);
    l->events = o != NULL ? o->events : NULL;
    l->read_only = o != NULL && o->read_only;
    l->shares_blobs = o != NULL && o->blobs != NULL;
    l->sync = o == NULL || o->fsync != OCI_FSYNC_NONE;
    return l;
}

/* A layout around an open directory, which it takes; nothing in it has been looked at. */
static int layout_of_dir(int fd, const oci_layout_options *o, oci_layout **out, oci_error *err)
{
    OCI_AUTO_FD int dir = fd;
    OCI_AUTO(oci_layout) l = layout_new(o);
    int shared = -1, r = 0;

    if (l == NULL)
        return oci_fail_nomem(err);
    l->fd = oci_steal_fd(&dir);
    if (o != NULL && o->blobs != NULL)
        r = oci_wrap(err, oci_open_host_dir(AT_FDCWD, o->blobs, &shared, err), "directory of blobs '%s'", o->blobs);
    if (r == 0)
        r = oci_store_new_dir(l->fd, shared, o != NULL ? o->fsync : OCI_FSYNC_DEFAULT, l->read_only, &l->store, err);
    if (r < 0)
        return r;
    *out = oci_steal(&l);
    return 0;
}

/* A layout around an open archive, which it takes. */
static int layout_of_archive(oci_archive *taken, const oci_layout_options *o, oci_layout **out, oci_error *err)
{
    const oci_transport wanted = o != NULL ? o->transport : OCI_TRANSPORT_ANY;
    OCI_AUTO(oci_archive) archive = taken;
    OCI_AUTO(oci_layout) l = layout_new(o);
    bool is_layout = oci_archive_get(archive, "index.json") != NULL;
    bool is_docker =
        oci_archive_get(archive, "manifest.json") != NULL || oci_archive_get(archive, "repositories") != NULL;
    int r;

    if (l == NULL)
        return oci_fail_nomem(err);
    if (wanted == OCI_TRANSPORT_OCI_ARCHIVE && is_docker && !is_layout)
        r = oci_fail(err, OCI_E_INVALID, "this is a docker-archive, not an oci-archive");
    else if (wanted == OCI_TRANSPORT_OCI_ARCHIVE || (wanted == OCI_TRANSPORT_ANY && is_layout))
        r = oci_store_new_archive(oci_steal(&archive), &l->store, err);
    else if (is_docker)
        r = oci_store_new_docker(oci_steal(&archive), &l->limits, l->events, &l->store, &l->is_lower_case, err);
    else if (wanted == OCI_TRANSPORT_ANY && oci_aci_is_one(archive))
        r = oci_store_new_aci(oci_steal(&archive), &l->limits, l->events, &l->store, err);
    else if (wanted == OCI_TRANSPORT_DOCKER_ARCHIVE)
        r = oci_fail(err, OCI_E_INVALID, "%s",
                     is_layout ? "this is an oci-archive, not a docker-archive"
                               : "it has no manifest.json, so it is no docker-archive");
    else
        r = oci_fail(err, OCI_E_INVALID,
                     "it has neither index.json nor manifest.json nor manifest, so it is no archive of images");
    if (r == 0)
        *out = oci_steal(&l);
    return r;
}

static int open_archive(int fd, const oci_layout_options *o, oci_layout **out, oci_error *err)
{
    const oci_limits limits = oci_limits_resolve(o != NULL ? o->limits : NULL);
    const oci_archive_options how = { .tmpdir = o != NULL ? o->tmpdir : NULL,
                                      .max_size = limits.max_size,
                                      .max_ratio = limits.max_ratio,
                                      .events = o != NULL ? o->events : NULL,
                                      .facts_of = oci_aci_rootfs };
    OCI_AUTO_FD int owned = fd;
    oci_archive *archive = NULL;
    int r;

    if (o != NULL && o->blobs != NULL)
        return oci_fail(err, OCI_E_USAGE, "an archive shares no blobs with others");
    if (o == NULL || !o->read_only)
        return oci_fail(err, OCI_E_PERM, "this is not a directory, and archives are read only");
    r = oci_archive_open(oci_steal_fd(&owned), &how, &archive, err);
    return r < 0 ? r : layout_of_archive(archive, o, out, err);
}

/* Whatever it is that path names. */
int oci_layout_open_unread(int dirfd, const char *path, const oci_layout_options *o, oci_layout **out, oci_error *err)
{
    const oci_transport wanted = o != NULL ? o->transport : OCI_TRANSPORT_ANY;
    OCI_AUTO_FD int fd = -1;
    struct stat st;
    int r = oci_open_host_file(dirfd, path, o != NULL ? o->events : NULL, &fd, &st, err);

    if (r < 0)
        return r;
    if (S_ISDIR(st.st_mode) && (wanted == OCI_TRANSPORT_ANY || wanted == OCI_TRANSPORT_OCI))
        r = layout_of_dir(oci_steal_fd(&fd), o, out, err);
    else if (wanted == OCI_TRANSPORT_OCI)
        r = oci_fail(err, OCI_E_INVALID, "this is not a directory");
    else
        r = open_archive(oci_steal_fd(&fd), o, out, err);
    return oci_wrap(err, r, "'%s'", path[0] != '\0' ? path : "-");
}

/* Reads what makes a directory or archive a layout. */
static int read_layout(oci_layout *l, oci_error *err)
{
    int r = check_layout_file(l, err);

    return r < 0 ? r : oci_layout_read_index(l, &l->index, err);
}

int oci_layout_open_fd(int fd, const oci_layout_options *o, oci_layout **out, oci_error *err)
{
    OCI_AUTO(oci_layout) l = NULL;
    int r = layout_of_dir(fd, o, &l, err);

    if (r == 0)
        r = read_layout(l, err);
    if (r == 0)
        *out = oci_steal(&l);
    return r;
}

int oci_layout_open(int dirfd, const char *path, const oci_layout_options *o, oci_layout **out, oci_error *err)
{
    OCI_AUTO(oci_layout) l = NULL;
    int r = oci_layout_open_unread(dirfd, path, o, &l, err);

    if (r < 0)
        return r;
    r = read_layout(l, err);
    if (r < 0)
        return oci_wrap(err, r, "%s '%s'", l->fd >= 0 ? "layout" : "archive", path[0] != '\0' ? path : "-");
    if (l->lacks_file)
        oci_warn(l->events, "the file oci-layout is missing");
    if (l->is_lower_case)
        oci_warn(l->events, "manifest.json: its members are written with small letters");
    *out = oci_steal(&l);
    return 0;
}

int oci_layout_lock(oci_layout *l, bool exclusive, int *fd, oci_error *err)
{
    OCI_AUTO_FD int lock = -1;
    int r;

    if (l->fd < 0)
        return oci_fail(err, OCI_E_PERM, "archives are read only");
    r = oci_open_host_dir(l->fd, ".", &lock, err);
    if (r == 0)
        r = oci_lock(lock, exclusive, l->events, err);
    if (r < 0)
        return r;
    /* What was held before goes last, so that nothing is unlocked in between. */
    oci_closep_(fd);
    *fd = oci_steal_fd(&lock);
    return 0;
}

int oci_layout_replace_file(oci_layout *l, int dirfd, const char *name, const void *p, size_t n, oci_error *err)
{
    OCI_AUTO(oci_tmpfile) file = NULL;
    int r = oci_tmpfile_new(dirfd, &file, err);

    if (r == 0)
        r = oci_write_all(oci_tmpfile_fd(file), p, n, err);
    if (r == 0)
        r = oci_tmpfile_publish(oci_steal(&file), name, oci_apply_umask(0666), true, l->sync, err);
    return oci_wrap(err, r, "write %s", name);
}

/* Puts the files of an empty layout into dirfd. */
static int fill(oci_layout *l, int dirfd, oci_error *err)
{
    OCI_AUTO_FD int blobs = -1, algorithm = -1;
    int r = oci_entry_mkdir(dirfd, "blobs", &blobs, err);

    if (r == 0)
        r = oci_entry_mkdir(blobs, "sha256", &algorithm, err);
    if (r < 0)
        return r;
    if (fchmod(blobs, oci_apply_umask(0777)) < 0 || fchmod(algorithm, oci_apply_umask(0777)) < 0)
        return oci_fail_errno(err, "set the mode of the blob directory");
    if (l->sync)
        r = oci_fsync(blobs, err);
    if (r == 0)
        r = oci_layout_replace_file(l, dirfd, "oci-layout", oci_new_layout_file, strlen(oci_new_layout_file), err);
    if (r == 0)
        r = oci_layout_replace_file(l, dirfd, "index.json", oci_new_index, strlen(oci_new_index), err);
    return r;
}

int oci_layout_stage(int dirfd, const char *path, const oci_layout_options *o, oci_layout **out, oci_error *err)
{
    OCI_AUTO(oci_tmpdir) dir = NULL;
    OCI_AUTO(oci_layout) l = NULL;
    int fd = -1, r = 0;

    if (o != NULL && o->read_only)
        return oci_fail(err, OCI_E_PERM, "a layout for reading only cannot be made");
    r = oci_tmpdir_new(dirfd, path, &dir, err);
    if (r < 0)
        return r;
    fd = fcntl(oci_tmpdir_fd(dir), F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
        return oci_fail_errno(err, "layout '%s'", path);
    r = layout_of_dir(fd, o, &l, err);
    if (r == 0)
        r = oci_layout_lock(l, false, &l->stage_lock, err);
    if (r == 0)
        r = fill(l, l->fd, err);
    if (r == 0)
        r = oci_layout_read_index(l, &l->index, err);
    if (r < 0)
        return oci_wrap(err, r, "layout '%s'", path);
    l->stage = oci_steal(&dir);
    *out = oci_steal(&l);
    return 0;
}

void oci_layout_end_stage(oci_layout *l)
{
    oci_tmpdir_free(oci_steal(&l->stage));
    oci_closep_(&l->stage_lock);
    l->stage_lock = -1;
}

int oci_layout_publish(oci_layout *l, oci_error *err)
{
    int r = oci_tmpdir_place(l->stage, oci_apply_umask(0777), l->sync, err);

    if (r == 0)
        oci_layout_end_stage(l);
    return r;
}

int oci_layout_init(int dirfd, const char *path, const oci_layout_options *o, oci_layout **out, oci_error *err)
{
    OCI_AUTO(oci_layout) l = NULL;
    int r = oci_layout_stage(dirfd, path, o, &l, err);

    if (r < 0)
        return r;
    r = oci_layout_publish(l, err);
    if (r < 0)
        return oci_wrap(err, r, "layout '%s'", path);
    *out = oci_steal(&l);
    return 0;
}

void oci_layout_free(oci_layout *l)
{
    if (l == NULL)
        return;
    oci_store_free(l->store);
    oci_index_free(l->index);
    oci_layout_end_stage(l);
    oci_closep_(&l->fd);
    oci_free(l);
}

oci_store *oci_layout_store(oci_layout *l)
{
    return l->store;
}

const oci_index *oci_layout_index(oci_layout *l)
{
    return l->index;
}
