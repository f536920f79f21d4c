/* SPDX-License-Identifier: Apache-2.0 */
/* What makes an archive a valid layer, and writing one anew in the order it has. */
#include "rewrite.h"

#include <string.h>

#include "base/event.h"
#include "base/fail.h"
#include "base/map.h"
#include "base/text.h"
#include "pack.h"
#include "stream/codec.h"
#include "tar/tar.h"
#include "writing.h"

bool oci_pack_rewrites(const oci_pack_options *o)
{
    return o->set_owner || o->latest != NULL || o->sort || o->mend;
}

/* ---- what makes a tar a valid layer ---- */

bool oci_pack_is_reserved(const char *name)
{
    return oci_starts_with(name, ".wh.") || strstr(name, "/.wh.") != NULL;
}

static int could_be_mended(const oci_pack_options *o, int r)
{
    if (o->mendable != NULL)
        *o->mendable = true;
    return r;
}

static const char *fault_of(const oci_tar_entry *e)
{
    if (e->stored_name[0] == '/')
        return "has an absolute name";
    if (e->type == OCI_TAR_UNKNOWN)
        return "is of an unknown type";
    if (e->name_len == 0 && e->type != OCI_TAR_DIR)
        return "is the root, which can only be a directory";
    return oci_pack_is_reserved(e->name) ? "has a name that is reserved for whiteouts" : NULL;
}

/* The digests of an image name its bytes, so a tar is taken as it is or not at all. */
static int check_entry(const oci_tar_entry *e, const oci_pack_options *o, oci_map *names, oci_error *err)
{
    const char *fault = fault_of(e);
    int r;

    if (e->type == OCI_TAR_HARDLINK && e->link[0] == '\0')
        return oci_fail(err, OCI_E_INVALID, "entry '%s' is a hard link to the root", e->stored_name);
    r = fault == NULL ? oci_map_set(names, e->name, e->name_len, NULL) : 0;

    if (r < 0)
        return oci_fail_nomem(err);
    if (r == 0)
        return could_be_mended(
            o, oci_fail(err, OCI_E_INVALID, "entry '%s' %s", e->stored_name, fault != NULL ? fault : "is there twice"));
    return 0;
}

int oci_pack_each(oci_tar_reader *reader, const oci_pack_options *o, oci_pack_use *use, void *ctx, oci_error *err)
{
    OCI_AUTO(oci_map) names = oci_map_new();
    const oci_tar_entry *e;
    uint64_t count = 0;
    int r;

    if (names == NULL)
        return oci_fail_nomem(err);
    while ((r = oci_tar_reader_next(reader, &e, err)) == 1) {
        r = oci_check_cancelled(o->events, err);
        if (r == 0)
            r = oci_pack_count(o, &count, err);
        if (r == 0)
            r = check_entry(e, o, names, err);
        if (r == 0 && use != NULL)
            r = oci_wrap(err, use(ctx, reader, e, err), "entry '%s'", e->stored_name);
        if (r < 0)
            return r;
    }
    return r == OCI_E_UNSAFE ? could_be_mended(o, r) : r;
}

int oci_pack_check(oci_reader *tar, const oci_pack_options *o, oci_error *err)
{
    OCI_AUTO(oci_tar_reader) reader = NULL;
    int r = oci_tar_reader_new(tar, o->events, &reader, err);

    return r < 0 ? r : oci_pack_each(reader, o, NULL, NULL, err);
}

/* ---- in the order it has ---- */

struct rewriting {
    oci_writing w;
    oci_reader *tar; /* borrowed */
};

static int put_zeros(oci_writing *w, uint64_t n, oci_error *err)
{
    static const char zeros[64 * 1024];
    int r = 0;

    while (r == 0 && n > 0) {
        size_t some = n < sizeof zeros ? (size_t)n : sizeof zeros;

        r = oci_check_cancelled(w->o->events, err);
        if (r == 0)
            r = oci_tar_writer_data(w->tar, zeros, some, err);
        n -= some;
    }
    return r;
}

int oci_pack_check_growth(const oci_pack_options *o, const oci_reader *tar, uint64_t bytes, oci_error *err)
{
    return oci_codec_check_ratio("sparse", oci_reader_count(tar), bytes, o->limits.max_ratio, err);
}

/* What is left out of a sparse file are zeros. */
static int copy_data(struct rewriting *t, oci_tar_reader *reader, uint64_t size, oci_error *err)
{
    uint64_t at = 0, offset;
    oci_span span;
    int r;

    do {
        r = oci_tar_reader_data(reader, &span, &offset, err);
        if (r == 0)
            r = put_zeros(&t->w, (span.len > 0 ? offset : size) - at, err);
        if (r == 0 && span.len > 0)
            r = oci_tar_writer_data(t->w.tar, span.data, span.len, err);
        at = offset + span.len;
    } while (r == 0 && span.len > 0);
    return r;
}

static int copy_entry(void *ctx, oci_tar_reader *reader, const oci_tar_entry *e, oci_error *err)
{
    struct rewriting *t = ctx;
    int r = oci_writing_entry(&t->w, e, err);

    if (r == 0 && e->sparse)
        r = oci_pack_check_growth(t->w.o, t->tar, t->w.bytes, err);
    return r == 0 && e->type == OCI_TAR_FILE ? copy_data(t, reader, e->size, err) : r;
}

static int rewrite(oci_reader *tar, const oci_pack_options *o, oci_writer *dst, oci_error *err)
{
    struct rewriting t = { .tar = tar };
    OCI_AUTO(oci_tar_reader) reader = NULL;
    int r = oci_tar_reader_new(tar, o->events, &reader, err);

    if (r == 0)
        r = oci_writing_new(&t.w, o, dst, err);
    if (r == 0)
        r = oci_pack_each(reader, o, copy_entry, &t, err);
    if (r == 0)
        r = oci_writing_finish(&t.w, err);
    oci_writing_free(&t.w);
    return r;
}

int oci_pack_tar(oci_reader *tar, int tmpfd, const oci_pack_options *o, oci_writer *dst, oci_error *err)
{
    return o->sort || o->mend ? oci_pack_gathered(tar, tmpfd, o, dst, err) : rewrite(tar, o, dst, err);
}
