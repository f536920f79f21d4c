/* SPDX-License-Identifier: Apache-2.0 */
/* A layout in a tar archive: blobs/ALGORITHM/ENCODED are members like oci-layout and index.json. */
#include <string.h>

#include "archive.h"
#include "base/alloc.h"
#include "base/buf.h"
#include "base/fail.h"
#include "store.h"

struct archived_store {
    oci_store base;
    oci_archive *archive;
};

static const char blobs[] = "blobs";

static int find(oci_store *base, const oci_digest *d, const oci_member **out, oci_error *err)
{
    char path[OCI_BLOB_PATH_MAX], text[OCI_DIGEST_MAX_TEXT];
    int r;

    oci_blob_path(d, path);
    r = oci_archive_find(((struct archived_store *)base)->archive, path, out, err);
    oci_digest_format(d, text, sizeof text);
    if (r == OCI_E_NOT_FOUND)
        return oci_fail(err, r, "blob %s is not in the layout", text);
    return oci_wrap(err, r, "blob %s", text);
}

static int archived_open(oci_store *base, const oci_digest *d, oci_reader **out, uint64_t *size, oci_error *err)
{
    const oci_member *m = NULL;
    int r = find(base, d, &m, err);

    if (r < 0)
        return r;
    *size = m->size;
    return oci_archive_read(((struct archived_store *)base)->archive, m, out, err);
}

static int archived_stat(oci_store *base, const oci_digest *d, uint64_t *size, oci_error *err)
{
    const oci_member *m = NULL;
    int r = find(base, d, &m, err);

    if (r == 0)
        *size = m->size;
    return r;
}

/* Whether the member is called like a blob; what is deeper or no digest is none. */
static bool is_blob(const char *name, oci_digest *out, oci_error *err, int *result)
{
    OCI_AUTO_BUF oci_buf text = OCI_BUF_INIT;
    const char *algorithm = name + sizeof blobs, *slash = strchr(algorithm, '/');

    if (slash == NULL)
        return false;
    *result = oci_buf_printf(&text, err, "%.*s:%s", (int)(slash - algorithm), algorithm, slash + 1);
    return *result == 0 && oci_digest_parse(text.data, text.len, out, NULL) == 0;
}

static int archived_each(oci_store *base, oci_each_blob *each, void *ctx, oci_error *err)
{
    const oci_archive *a = ((struct archived_store *)base)->archive;
    int r = 0;

    for (size_t i = oci_archive_below(a, blobs); r == 0 && i < oci_archive_count(a); i++) {
        const oci_member *m = oci_archive_member(a, i);
        oci_digest d;

        if (strcmp(m->name, blobs) == 0)
            continue;
        if (strncmp(m->name, "blobs/", sizeof blobs) != 0)
            break;
        /* What leads nowhere is no blob, as in a directory. */
        if (is_blob(m->name, &d, err, &r) && oci_archive_find(a, m->name, &m, NULL) == 0)
            r = each(ctx, &d, m->size, err);
    }
    return r;
}

static int archived_read_file(oci_store *base, const char *name, uint64_t limit, oci_buf *out, oci_error *err)
{
    return oci_archive_read_file(((struct archived_store *)base)->archive, name, limit, out, err);
}

/* The length of the first n components of name, all of it when there are not so many. */
static size_t cut(const char *name, size_t n)
{
    size_t len = 0;

    for (;;) {
        len += strcspn(name + len, "/");
        if (--n == 0 || name[len] == '\0')
            return len;
        len++;
    }
}

static oci_tree_type type_of(const oci_member *m)
{
    switch (m->type) {
    case OCI_TAR_DIR:
        return OCI_TREE_DIR;
    case OCI_TAR_HARDLINK:
    case OCI_TAR_SYMLINK:
        return OCI_TREE_LINK;
    case OCI_TAR_FILE:
        return OCI_TREE_FILE;
    case OCI_TAR_CHAR:
    case OCI_TAR_BLOCK:
    case OCI_TAR_FIFO:
    case OCI_TAR_UNKNOWN:
        break;
    }
    return OCI_TREE_OTHER;
}

/* Shows the member and the directories above it that the one before was not in: they need not be members. */
static int show(const oci_member *m, const char *before, oci_each_name *each, void *ctx, oci_error *err)
{
    size_t depth = strncmp(m->name, "blobs/", sizeof blobs) == 0 ? 3 : 1, last = 0;
    int r = 0;

    for (size_t n = 1; r == 0 && n <= depth; n++) {
        OCI_AUTO_BUF oci_buf path = OCI_BUF_INIT;
        size_t len = cut(m->name, n);

        if (len == last)
            break;
        last = len;
        if (strncmp(before, m->name, len) == 0 && (before[len] == '/' || before[len] == '\0'))
            continue;
        r = oci_buf_append(&path, m->name, len, err);
        if (r == 0)
            r = each(ctx, path.data, m->name[len] == '/' ? OCI_TREE_DIR : type_of(m), err);
    }
    return r;
}

static int archived_each_name(oci_store *base, oci_each_name *each, void *ctx, oci_error *err)
{
    const oci_archive *a = ((struct archived_store *)base)->archive;
    const char *before = "";
    int r = 0;

    for (size_t i = 0; r == 0 && i < oci_archive_count(a); i++) {
        r = show(oci_archive_member(a, i), before, each, ctx, err);
        before = oci_archive_member(a, i)->name;
    }
    return r;
}

static void archived_free(oci_store *base)
{
    oci_archive_free(((struct archived_store *)base)->archive);
}

int oci_store_new_archive(oci_archive *taken, oci_store **out, oci_error *err)
{
    static const oci_store_ops ops = { .open = archived_open,
                                       .stat = archived_stat,
                                       .each = archived_each,
                                       .read_file = archived_read_file,
                                       .each_name = archived_each_name,
                                       .free = archived_free };
    OCI_AUTO(oci_archive) archive = taken;
    struct archived_store *s = oci_calloc(1, sizeof *s);

    if (s == NULL)
        return oci_fail_nomem(err);
    s->base.ops = &ops;
    s->archive = oci_steal(&archive);
    *out = &s->base;
    return 0;
}
