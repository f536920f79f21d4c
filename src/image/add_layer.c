/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pass over each input:
 *
 *     tar kept      input -> decompress -> tee -> tar check
 *                                           `--.
 *     tar anew      input -> decompress -> tar -> tar -.
 *     tree          walk -----------------------> tar --> feed (diff_id) -> compress -> ingest (digest, size)
 *
 * What is not compressed has one digest, the ingest's. Otherwise both are computed together, as far as they can.
 */
#include <stdio.h>
#include <string.h>

#include "base/event.h"
#include "base/fail.h"
#include "base/vec.h"
#include "create.h"
#include "image.h"
#include "layer/pack.h"
#include "store/layout.h"
#include "store/store.h"
#include "stream/stream.h"

/* ---- the way down ---- */

/* Asks whether to go on, hashes for the diff_id, and shows the way. */
struct feed {
    oci_ingest *ingest;     /* borrowed: what is behind dst */
    oci_writer *dst;        /* owned */
    oci_digester *digester; /* owned; NULL: the diff_id is the digest */
    oci_digest diff_id;     /* set when finished, if there is a digester */
    const oci_events *events;
    char what[32];
    uint64_t done;
};

static int feed_write(void *ctx, const void *p, size_t n, oci_error *err)
{
    struct feed *f = ctx;
    int r = oci_check_cancelled(f->events, err);

    if (r < 0)
        return r;
    if (f->digester != NULL)
        oci_ingest_update_beside(f->ingest, f->digester, (oci_span) { p, n });
    r = oci_writer_write(f->dst, p, n, err);
    if (r < 0)
        return r;
    f->done += n;
    oci_progress(f->events, f->what, f->done, 0);
    return 0;
}

static int feed_finish(void *ctx, oci_error *err)
{
    struct feed *f = ctx;
    int r = f->digester != NULL ? oci_digester_final(f->digester, &f->diff_id, err) : 0;

    return r < 0 ? r : oci_writer_finish(f->dst, err);
}

static void feed_free(struct feed *f)
{
    oci_digester_free(f->digester);
    oci_writer_free(f->dst);
}

static int open_output(oci_create *c, oci_ingest *ingest, struct feed *f, oci_writer **out, oci_error *err)
{
    static const oci_writer_callbacks feed_ops = { feed_write, feed_finish, NULL };
    OCI_AUTO(oci_writer) w = NULL;
    int r = oci_writer_to_ingest(ingest, &w, err);

    if (r == 0)
        r = oci_writer_compress(oci_steal(&w), c->o.compression, c->o.compress, &f->dst, err);
    if (r == 0 && c->o.compression != OCI_COMPRESSION_NONE)
        r = oci_digester_new(c->algorithm, &f->digester, err);
    if (r == 0 && f->digester != NULL)
        r = oci_ingest_hash_later(ingest, err);
    if (r < 0)
        return r;
    f->ingest = ingest;
    f->events = c->o.events;
    snprintf(f->what, sizeof f->what, "layer %zu", c->layers.count + 1);
    return oci_writer_to_callbacks(&feed_ops, f, out, err);
}

/* ---- the inputs ---- */

static oci_pack_options pack_options(oci_create *c)
{
    oci_pack_options p = { .limits = c->limits,
                           .events = c->o.events,
                           .set_owner = c->o.set_owner,
                           .uid = c->o.uid,
                           .gid = c->o.gid,
                           .sort = c->o.sort,
                           .mend = c->o.fix,
                           .mendable = &c->fix_helps };

    if (c->o.clamp_mtime)
        p.latest = c->o.epoch;
    return p;
}

struct tee {
    oci_reader *source; /* borrowed */
    oci_writer *copy;   /* borrowed */
};

static int tee_next(void *ctx, oci_span *out, oci_error *err)
{
    struct tee *t = ctx;
    int r = oci_reader_next(t->source, out, err);

    return r < 0 || out->len == 0 ? r : oci_writer_write(t->copy, out->data, out->len, err);
}

static int keep_bytes(oci_reader *tar, const oci_pack_options *o, oci_writer *w, oci_error *err)
{
    static const oci_reader_callbacks tee_ops = { tee_next, NULL };
    OCI_AUTO(oci_reader) teed = NULL;
    struct tee tee = { tar, w };
    int r = oci_reader_from_callbacks(&tee_ops, &tee, &teed, err);

    return r < 0 ? r : oci_pack_check(teed, o, err);
}

static int open_tar(const oci_create *c, oci_reader *tar, oci_reader **out, oci_error *err)
{
    oci_reader *r = NULL;
    int result = oci_reader_borrow(tar, NULL, &r, err);

    return result < 0 ? result : oci_reader_decompress_any(r, c->limits.max_ratio, out, err);
}

static int write_tar(oci_create *c, oci_reader *given, oci_writer *w, oci_error *err)
{
    const oci_pack_options o = pack_options(c);
    OCI_AUTO(oci_reader) tar = NULL;
    int r = open_tar(c, given, &tar, err);

    if (r < 0)
        return r;
    return oci_pack_rewrites(&o) ? oci_pack_tar(tar, c->layout->fd, &o, w, err) : keep_bytes(tar, &o, w, err);
}

static int write_dir(oci_create *c, int fd, oci_writer *w, oci_error *err)
{
    oci_pack_options o = pack_options(c);

    o.latest = c->o.epoch;
    return oci_pack_tree(fd, &o, w, err);
}

/* ---- a layer ---- */

static int add_history(oci_create *c, const char *created_by, oci_error *err)
{
    oci_history h = { .created = c->created, .comment = c->o.comment };

    if (c->o.no_history)
        return 0;
    if (created_by != NULL)
        h.created_by = oci_arena_strndup(c->arena, created_by, strlen(created_by));
    if ((created_by != NULL && h.created_by == NULL) || !OCI_VEC_PUSH(&c->history, h))
        return oci_fail_nomem(err);
    return 0;
}

static int remember_layer(oci_create *c, const oci_digest *digest, uint64_t size, const oci_digest *diff_id,
                          oci_error *err)
{
    struct oci_new_layer l = { 0 };

    l.descriptor.media_type = oci_media_type_of_layer(c->o.compression);
    l.descriptor.digest = *digest;
    l.descriptor.digest_text = oci_create_digest_text(c, digest);
    l.descriptor.size = size;
    l.diff_id.digest = *diff_id;
    l.diff_id.text = oci_create_digest_text(c, diff_id);
    if (l.descriptor.digest_text == NULL || l.diff_id.text == NULL || !OCI_VEC_PUSH(&c->layers, l))
        return oci_fail_nomem(err);
    return 0;
}

/* tar is NULL for the directory fd. */
static int add_layer(oci_create *c, oci_reader *tar, int fd, const char *created_by, oci_error *err)
{
    OCI_AUTO(oci_ingest) ingest = NULL;
    OCI_AUTO(oci_writer) w = NULL;
    struct feed feed = { 0 };
    oci_digest digest;
    uint64_t size;
    int r = oci_store_begin(oci_layout_store(c->layout), c->algorithm, &ingest, err);

    if (r == 0)
        r = open_output(c, ingest, &feed, &w, err);
    if (r == 0)
        r = tar != NULL ? write_tar(c, tar, w, err) : write_dir(c, fd, w, err);
    if (r == 0)
        r = oci_writer_finish(w, err);
    if (r == 0)
        r = oci_ingest_commit(oci_steal(&ingest), NULL, &digest, &size, err);
    if (r == 0)
        r = remember_layer(c, &digest, size, feed.digester != NULL ? &feed.diff_id : &digest, err);
    feed_free(&feed);
    return r == 0 ? add_history(c, created_by, err) : r;
}

int oci_create_add_layer(oci_create *c, oci_reader *tar, const char *created_by, oci_error *err)
{
    return add_layer(c, tar, -1, created_by, err);
}

int oci_create_add_dir(oci_create *c, int fd, const char *created_by, oci_error *err)
{
    return add_layer(c, NULL, fd, created_by, err);
}

bool oci_create_fix_helps(const oci_create *c)
{
    return c->fix_helps;
}
