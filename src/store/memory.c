/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs in memory: what is made on the way, and tests. */
#include "base/alloc.h"
#include "base/buf.h"
#include "base/fail.h"
#include "base/map.h"
#include "store.h"
#include "stream/stream.h"

struct blob {
    oci_digest digest;
    oci_buf bytes;
};

struct memory_store {
    oci_store base;
    oci_map *blobs; /* struct blob, by the texts of their digests */
};

struct memory_ingest {
    oci_ingest base;
    struct memory_store *store;
    oci_buf bytes;
};

static void free_blob(struct blob *b)
{
    oci_buf_free(&b->bytes);
    oci_free(b);
}

static struct blob *find(const struct memory_store *s, const oci_digest *d)
{
    char text[OCI_DIGEST_MAX_TEXT];
    size_t n = oci_digest_format(d, text, sizeof text);
    void *found = NULL;

    return oci_map_get(s->blobs, text, n, &found) ? found : NULL;
}

static int fail_absent(const oci_digest *d, oci_error *err)
{
    char text[OCI_DIGEST_MAX_TEXT];

    oci_digest_format(d, text, sizeof text);
    return oci_fail(err, OCI_E_NOT_FOUND, "blob %s is not in the layout", text);
}

static int memory_open(oci_store *base, const oci_digest *d, oci_reader **out, uint64_t *size, oci_error *err)
{
    const struct blob *b = find((struct memory_store *)base, d);

    if (b == NULL)
        return fail_absent(d, err);
    *size = b->bytes.len;
    return oci_reader_from_memory(b->bytes.data, b->bytes.len, out, err);
}

static int memory_stat(oci_store *base, const oci_digest *d, uint64_t *size, oci_error *err)
{
    const struct blob *b = find((struct memory_store *)base, d);

    if (b == NULL)
        return fail_absent(d, err);
    *size = b->bytes.len;
    return 0;
}

static int memory_each(oci_store *base, oci_each_blob *each, void *ctx, oci_error *err)
{
    struct memory_store *s = (struct memory_store *)base;
    oci_blob_list list = { 0 };
    size_t at = 0;
    void *blob;
    int r = 0;

    while (r == 0 && oci_map_next(s->blobs, &at, NULL, NULL, &blob))
        r = oci_blob_list_add(&list, &((struct blob *)blob)->digest, ((struct blob *)blob)->bytes.len, err);
    return r == 0 ? oci_blob_list_each(&list, each, ctx, err) : (oci_free(list.items), r);
}

static int memory_ingest_write(oci_ingest *base, const void *p, size_t n, oci_error *err)
{
    return oci_buf_append(&((struct memory_ingest *)base)->bytes, p, n, err);
}

static int memory_ingest_publish(oci_ingest *base, const oci_digest *d, oci_error *err)
{
    struct memory_ingest *i = (struct memory_ingest *)base;
    char text[OCI_DIGEST_MAX_TEXT];
    size_t n = oci_digest_format(d, text, sizeof text);
    struct blob *b;

    if (find(i->store, d) != NULL)
        return 0;
    b = oci_calloc(1, sizeof *b);
    if (b == NULL || oci_map_set(i->store->blobs, text, n, b) < 0) {
        oci_free(b);
        return oci_fail_nomem(err);
    }
    b->digest = *d;
    b->bytes = i->bytes;
    i->bytes = (oci_buf)OCI_BUF_INIT;
    return 0;
}

static void memory_ingest_free(oci_ingest *base)
{
    oci_buf_free(&((struct memory_ingest *)base)->bytes);
}

static int memory_begin(oci_store *base, oci_digest_alg alg, oci_ingest **out, oci_error *err)
{
    static const oci_ingest_ops ops = { memory_ingest_write, memory_ingest_publish, memory_ingest_free };
    struct memory_ingest *i = oci_calloc(1, sizeof *i);

    (void)alg;
    if (i == NULL)
        return oci_fail_nomem(err);
    i->base.ops = &ops;
    i->store = (struct memory_store *)base;
    *out = &i->base;
    return 0;
}

static int memory_delete_blob(oci_store *base, const oci_digest *d, oci_error *err)
{
    struct memory_store *s = (struct memory_store *)base;
    char text[OCI_DIGEST_MAX_TEXT];
    size_t n = oci_digest_format(d, text, sizeof text);
    struct blob *b = find(s, d);

    (void)err;
    if (b != NULL) {
        oci_map_remove(s->blobs, text, n);
        free_blob(b);
    }
    return 0;
}

static void memory_free(oci_store *base)
{
    struct memory_store *s = (struct memory_store *)base;
    size_t at = 0;
    void *b;

    while (oci_map_next(s->blobs, &at, NULL, NULL, &b))
        free_blob(b);
    oci_map_free(s->blobs);
}

int oci_store_new_memory(oci_store **out, oci_error *err)
{
    static const oci_store_ops ops = { .open = memory_open,
                                       .stat = memory_stat,
                                       .each = memory_each,
                                       .begin = memory_begin,
                                       .delete_blob = memory_delete_blob,
                                       .free = memory_free };
    struct memory_store *s = oci_calloc(1, sizeof *s);

    if (s == NULL)
        return oci_fail_nomem(err);
    s->base.ops = &ops;
    s->blobs = oci_map_new();
    if (s->blobs == NULL) {
        oci_free(s);
        return oci_fail_nomem(err);
    }
    *out = &s->base;
    return 0;
}
