/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A layout that is an oci-archive in the making: oci-layout first, then blobs as they come, index.json last. A blob
 * whose size is known goes straight out; another one waits in memory, or in a file when it is large, until it is whole.
 */
#include "archive_writer.h"

#include <fcntl.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/fail.h"
#include "base/map.h"
#include "layout.h"
#include "spec/spec.h"
#include "store.h"

/* What waits in memory. */
enum { SPOOL_MEMORY = 256 * 1024 };

struct archive_store {
    oci_store base;
    oci_writer *out; /* owned */
    oci_tar_writer *tar;
    oci_arena *arena;                  /* sizes */
    oci_map *written;                  /* digests to sizes */
    bool has_directory[UINT8_MAX + 1]; /* by algorithm */
    int fd;                            /* of temporary files; borrowed from the layout */
    int64_t mtime;
    uint64_t max_document;
    bool busy;    /* a member is not whole yet */
    bool spoiled; /* and never will be */
    bool ended;
    oci_docker_notes *notes; /* or NULL */
};

struct archive_ingest {
    oci_ingest base;
    struct archive_store *store;
    const oci_descriptor *known; /* what is written straight out; borrowed; or NULL */
    oci_buf bytes;               /* in memory: what waits, or a document that has to be noted */
    oci_tmpfile *file;           /* where it waits otherwise */
};

int oci_export_entry(oci_tar_writer *tar, oci_tar_type type, const char *name, uint64_t size, int64_t mtime,
                     oci_error *err)
{
    const oci_tar_entry e = { .name = name,
                              .name_len = strlen(name),
                              .type = type,
                              .mode = type == OCI_TAR_DIR ? 0755 : 0644,
                              .mtime = mtime,
                              .size = size };

    return oci_tar_writer_entry(tar, &e, err);
}

int oci_export_file(oci_tar_writer *tar, const char *name, const void *p, size_t n, int64_t mtime, oci_error *err)
{
    int r = oci_export_entry(tar, OCI_TAR_FILE, name, n, mtime, err);

    return r < 0 ? r : oci_tar_writer_data(tar, p, n, err);
}

/* ---- what was written ---- */

static bool find_written(const struct archive_store *s, const oci_digest *d, uint64_t *size)
{
    char text[OCI_DIGEST_MAX_TEXT];
    size_t n = oci_digest_format(d, text, sizeof text);
    void *found = NULL;

    if (!oci_map_get(s->written, text, n, &found))
        return false;
    *size = *(uint64_t *)found;
    return true;
}

static int note_written(struct archive_store *s, const oci_digest *d, uint64_t size, oci_error *err)
{
    char text[OCI_DIGEST_MAX_TEXT];
    size_t n = oci_digest_format(d, text, sizeof text);
    uint64_t *kept = oci_arena_alloc(s->arena, sizeof *kept);

    if (kept == NULL || oci_map_set(s->written, text, n, kept) < 0)
        return oci_fail_nomem(err);
    *kept = size;
    return 0;
}

static int archive_has(oci_store *base, const oci_digest *d, uint64_t size, oci_error *err)
{
    uint64_t written = 0;

    (void)err;
    return find_written((struct archive_store *)base, d, &written) && written == size;
}

static int archive_stat(oci_store *base, const oci_digest *d, uint64_t *size, oci_error *err)
{
    if (find_written((struct archive_store *)base, d, size))
        return 0;
    return oci_fail(err, OCI_E_NOT_FOUND, "the blob is not in the archive");
}

static int archive_open(oci_store *base, const oci_digest *d, oci_reader **out, uint64_t *size, oci_error *err)
{
    (void)base, (void)d, (void)out, (void)size;
    return oci_fail(err, OCI_E_UNSUPPORTED, "an archive that is being written cannot be read");
}

static int archive_each(oci_store *base, oci_each_blob *each, void *ctx, oci_error *err)
{
    (void)each, (void)ctx;
    return archive_open(base, NULL, NULL, NULL, err);
}

/* ---- members ---- */

static int check_usable(const struct archive_store *s, oci_error *err)
{
    if (s->spoiled || s->ended)
        return oci_fail(err, OCI_E_IO, "the archive %s",
                        s->ended ? "is finished" : "was spoiled by an earlier failure");
    return s->busy ? oci_fail(err, OCI_E_USAGE, "two blobs at a time cannot be written to an archive") : 0;
}

/* The header of a blob. From here on a failure spoils the archive. */
static int begin_member(struct archive_store *s, const oci_digest *d, uint64_t size, oci_error *err)
{
    char path[OCI_BLOB_PATH_MAX];
    int r = check_usable(s, err);

    if (r < 0)
        return r;
    s->busy = s->spoiled = true;
    oci_blob_path(d, path);
    if (!s->has_directory[d->alg]) {
        char *slash = strrchr(path, '/');

        *slash = '\0';
        r = oci_export_entry(s->tar, OCI_TAR_DIR, path, 0, s->mtime, err);
        *slash = '/';
        s->has_directory[d->alg] = true;
    }
    return r == 0 ? oci_export_entry(s->tar, OCI_TAR_FILE, path, size, s->mtime, err) : r;
}

static int end_member(struct archive_store *s, const oci_digest *d, uint64_t size, oci_error *err)
{
    s->busy = s->spoiled = false;
    return note_written(s, d, size, err);
}

/* ---- blobs that come ---- */

static int spool(struct archive_ingest *i, const void *p, size_t n, oci_error *err)
{
    int r = 0;

    if (i->file == NULL && i->bytes.len + n <= SPOOL_MEMORY)
        return oci_buf_append(&i->bytes, p, n, err);
    if (i->file == NULL) {
        r = oci_tmpfile_new(i->store->fd, &i->file, err);
        if (r == 0)
            r = oci_write_all(oci_tmpfile_fd(i->file), i->bytes.data, i->bytes.len, err);
        oci_buf_free(&i->bytes);
    }
    return r == 0 ? oci_wrap(err, oci_write_all(oci_tmpfile_fd(i->file), p, n, err), "temporary file") : r;
}

static int archive_ingest_write(oci_ingest *base, const void *p, size_t n, oci_error *err)
{
    struct archive_ingest *i = (struct archive_ingest *)base;
    int r;

    if (i->known == NULL)
        return spool(i, p, n, err);
    r = oci_tar_writer_data(i->store->tar, p, n, err);
    return r == 0 && i->bytes.limit > 0 ? oci_buf_append(&i->bytes, p, n, err) : r;
}

static int write_file(struct archive_store *s, oci_tmpfile *file, oci_error *err)
{
    OCI_AUTO(oci_reader) content = NULL;
    oci_span span;
    int fd = fcntl(oci_tmpfile_fd(file), F_DUPFD_CLOEXEC, 0), r;

    if (fd < 0 || lseek(fd, 0, SEEK_SET) < 0)
        r = oci_fail_errno(err, "read a temporary file");
    else
        r = 0;
    if (r < 0) {
        oci_closep_(&fd);
        return r;
    }
    r = oci_reader_from_fd(fd, &content, err);
    do {
        if (r == 0)
            r = oci_reader_next(content, &span, err);
        if (r == 0 && span.len > 0)
            r = oci_tar_writer_data(s->tar, span.data, span.len, err);
    } while (r == 0 && span.len > 0);
    return r;
}

static int write_spooled(struct archive_ingest *i, const oci_digest *d, oci_error *err)
{
    struct archive_store *s = i->store;
    uint64_t written = 0;
    int r;

    if (find_written(s, d, &written))
        return 0;
    r = begin_member(s, d, i->base.size, err);
    if (r == 0)
        r = i->file != NULL ? write_file(s, i->file, err)
                            : oci_tar_writer_data(s->tar, i->bytes.data, i->bytes.len, err);
    return r == 0 ? end_member(s, d, i->base.size, err) : r;
}

static int archive_ingest_publish(oci_ingest *base, const oci_digest *d, oci_error *err)
{
    struct archive_ingest *i = (struct archive_ingest *)base;
    struct archive_store *s = i->store;
    int r = 0;

    if (i->known == NULL)
        return write_spooled(i, d, err);
    if (base->size != i->known->size || !oci_digest_equal(d, &i->known->digest))
        return oci_fail(err, OCI_E_DIGEST, "the content is not what %s promises", i->known->digest_text);
    if (i->bytes.limit > 0)
        r = oci_docker_notes_take(s->notes, i->known, &i->bytes, err);
    return r == 0 ? end_member(s, d, base->size, err) : r;
}

static void archive_ingest_free(oci_ingest *base)
{
    struct archive_ingest *i = (struct archive_ingest *)base;

    oci_tmpfile_free(i->file);
    oci_buf_free(&i->bytes);
}

static struct archive_ingest *new_ingest(struct archive_store *s)
{
    static const oci_ingest_ops ops = { archive_ingest_write, archive_ingest_publish, archive_ingest_free };
    struct archive_ingest *i = oci_calloc(1, sizeof *i);

    if (i == NULL)
        return NULL;
    i->base.ops = &ops;
    i->store = s;
    return i;
}

static int archive_begin(oci_store *base, oci_digest_alg alg, oci_ingest **out, oci_error *err)
{
    struct archive_store *s = (struct archive_store *)base;
    struct archive_ingest *i;
    int r = check_usable(s, err);

    (void)alg;
    if (r < 0)
        return r;
    i = new_ingest(s);
    if (i == NULL)
        return oci_fail_nomem(err);
    *out = &i->base;
    return 0;
}

static int archive_begin_known(oci_store *base, const oci_descriptor *d, oci_ingest **out, oci_error *err)
{
    struct archive_store *s = (struct archive_store *)base;
    const oci_media_kind kind = oci_media_type_info(d->media_type).kind;
    struct archive_ingest *i = new_ingest(s);
    int r;

    if (i == NULL)
        return oci_fail_nomem(err);
    i->known = d;
    if (s->notes != NULL && (kind == OCI_MEDIA_MANIFEST || kind == OCI_MEDIA_INDEX))
        i->bytes.limit = (size_t)s->max_document;
    r = begin_member(s, &d->digest, d->size, err);
    if (r < 0) {
        oci_free(i);
        return r;
    }
    *out = &i->base;
    return 0;
}

static void archive_free(oci_store *base)
{
    struct archive_store *s = (struct archive_store *)base;

    oci_tar_writer_free(s->tar);
    oci_writer_free(s->out);
    oci_map_free(s->written);
    oci_arena_free(s->arena);
    oci_docker_notes_free(s->notes);
}

/* ---- beginning and end ---- */

/* Takes out. */
static int new_store(oci_writer *out, const oci_export_options *o, int fd, oci_store **store, oci_error *err)
{
    static const oci_store_ops ops = { .open = archive_open,
                                       .stat = archive_stat,
                                       .each = archive_each,
                                       .begin = archive_begin,
                                       .free = archive_free,
                                       .has = archive_has,
                                       .begin_known = archive_begin_known };
    struct archive_store *s = oci_calloc(1, sizeof *s);
    OCI_AUTO(oci_store) guard = s != NULL ? &s->base : NULL;
    int r = 0;

    if (s == NULL) {
        oci_writer_free(out);
        return oci_fail_nomem(err);
    }
    s->base.ops = &ops;
    s->out = out;
    s->fd = fd;
    s->mtime = o->mtime;
    s->max_document = oci_limits_resolve(o->limits).max_document;
    s->arena = oci_arena_new(0);
    s->written = oci_map_new();
    if (s->arena == NULL || s->written == NULL)
        return oci_fail_nomem(err);
    if (o->docker_load)
        r = oci_docker_notes_new(o->limits, &s->notes, err);
    if (r == 0)
        r = oci_tar_writer_new(out, &s->tar, err);
    if (r == 0)
        r = oci_export_file(s->tar, "oci-layout", oci_new_layout_file, strlen(oci_new_layout_file), s->mtime, err);
    if (r == 0)
        r = oci_export_entry(s->tar, OCI_TAR_DIR, "blobs", 0, s->mtime, err);
    if (r == 0)
        *store = oci_steal(&guard);
    return r;
}

int oci_layout_to_archive(oci_writer *out, const oci_export_options *o, oci_layout **layout, oci_error *err)
{
    OCI_AUTO(oci_writer) owned = out;
    OCI_AUTO(oci_layout) l = oci_calloc(1, sizeof *l);
    int r;

    if (l == NULL)
        return oci_fail_nomem(err);
    l->fd = l->stage_lock = -1;
    l->archive = true;
    l->limits = oci_limits_resolve(o->limits);
    l->events = o->events;
    r = oci_wrap(err, oci_open_host_dir(AT_FDCWD, o->tmpdir, &l->fd, err), "directory for temporary files '%s'",
                 o->tmpdir);
    if (r == 0)
        r = oci_export_named(oci_steal(&owned), o->name, &owned, err);
    if (r == 0)
        r = new_store(oci_steal(&owned), o, l->fd, &l->store, err);
    if (r == 0)
        r = oci_index_parse(oci_new_index, strlen(oci_new_index), &l->limits, &l->index, err);
    if (r == 0)
        *layout = oci_steal(&l);
    return r;
}

int oci_layout_end_archive(oci_layout *l, const oci_index *index, oci_error *err)
{
    struct archive_store *s = (struct archive_store *)l->store;
    OCI_AUTO_BUF oci_buf json = OCI_BUF_INIT;
    oci_docker_list list = { 0 };
    oci_index named = *index;
    int r = check_usable(s, err);

    if (r == 0 && s->notes != NULL)
        r = oci_docker_list_begin(&list, err);
    if (r == 0 && s->notes != NULL)
        r = oci_docker_notes_list(s->notes, index, &list, err);
    if (r == 0 && s->notes != NULL)
        r = oci_docker_notes_name(s->notes, index, &named, err);
    if (r == 0)
        r = oci_index_print(&named, &json, err);
    if (r == 0)
        r = oci_export_file(s->tar, "index.json", json.data, json.len, s->mtime, err);
    if (r == 0 && s->notes != NULL)
        r = oci_docker_list_write(&list, s->tar, s->mtime, err);
    oci_docker_list_end(&list);
    if (r == 0)
        r = oci_tar_writer_finish(s->tar, err);
    if (r == 0)
        r = oci_writer_finish(s->out, err);
    s->ended = r == 0;
    return r;
}
