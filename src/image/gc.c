/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Garbage collection: list the blobs, mark what index.json leads to (mark.c), remove the rest.
 */
#include <oci-image/gc.h>

#include <string.h>
#include <time.h>

#include "base/event.h"
#include "base/fail.h"
#include "mark.h"

static oci_gc_options options_of(const oci_gc_options *o)
{
    return o != NULL ? *o : (oci_gc_options) { 0 };
}

/* Locks the layout and lists its blobs. */
static int begin(oci_layout *l, bool exclusive, const oci_gc_options *o, int *lock, oci_marking **out, oci_error *err)
{
    const oci_mark_options mark = { .limits = o->limits,
                                    .events = o->events,
                                    .ignore_damaged = o->ignore_damaged,
                                    /* With no grace at all not even a clock that goes wrong makes a blob young. */
                                    .before = o->grace > 0 ? (int64_t)time(NULL) - (int64_t)o->grace : INT64_MAX };
    int r;

    if (exclusive && l->read_only)
        return oci_fail(err, OCI_E_PERM, "the layout was opened for reading only");
    if (o->grace > INT32_MAX)
        return oci_fail(err, OCI_E_USAGE, "a time of %llu seconds is too long", (unsigned long long)o->grace);
    r = oci_layout_lock(l, exclusive, lock, err);
    return r == 0 ? oci_marking_new(l, &mark, out, err) : r;
}

static void add(oci_gc_sum *sum, uint64_t bytes)
{
    sum->count++;
    sum->bytes += bytes;
}

/* Removes, or only counts, what is not marked. */
static int sweep(oci_layout *l, oci_marking *m, const oci_gc_options *o, oci_gc_result *sum, oci_error *err)
{
    for (size_t i = 0; i < m->blobs.count; i++) {
        const oci_marked_blob *b = &m->blobs.items[i];
        int r = oci_check_cancelled(o->events, err);

        if (r < 0)
            return r;
        if (b->marked) {
            add(&sum->kept, b->size);
            continue;
        }
        if (b->changed > m->o.before) {
            add(&sum->young, b->size);
            continue;
        }
        if (o->removing != NULL)
            o->removing(o->ctx, &b->digest, b->size);
        r = o->dry_run ? 0 : oci_store_delete_blob(l->store, &b->digest, err);
        if (r < 0)
            return r;
        add(&sum->removed, b->size);
    }
    return 0;
}

int oci_layout_gc(oci_layout *l, const oci_gc_options *options, oci_gc_result *out, oci_error *err)
{
    const oci_gc_options o = options_of(options);
    OCI_AUTO(oci_marking) m = NULL;
    OCI_AUTO_FD int lock = -1;
    oci_gc_result sum = { 0 };
    oci_swept swept = { 0 };
    int r;

    if (l->shares_blobs)
        return oci_fail(err, OCI_E_USAGE, "blobs that other layouts may share are not removed");
    r = begin(l, !o.dry_run, &o, &lock, &m, err);
    if (r == 0)
        r = oci_marking_follow(m, err);
    if (r == 0)
        r = oci_marking_follow_unnamed(m, err);
    /* What an index.json that is lost again would refer to must not be gone already. */
    if (r == 0 && !o.dry_run)
        r = oci_layout_sync_index(l, err);
    if (r == 0)
        r = sweep(l, m, &o, &sum, err);
    if (r == 0)
        r = oci_layout_sweep_tmp(l, m->o.before, o.dry_run, &swept, err);
    if (r < 0)
        return r;
    sum.temporary = (oci_gc_sum) { swept.count, swept.bytes };
    if (out != NULL)
        *out = sum;
    return 0;
}

/* Whether the blob may go. */
static int check_removable(const oci_marking *m, const oci_digest *d, bool force, oci_error *err)
{
    char text[OCI_DIGEST_MAX_TEXT];
    const oci_marked_blob *b;

    oci_digest_format(d, text, sizeof text);
    b = oci_marking_find(m, text, strlen(text));
    if (b == NULL)
        return oci_fail(err, OCI_E_NOT_FOUND, "blob %s is not in the layout", text);
    if (b->marked && !force)
        return oci_fail(err, OCI_E_CONFLICT, "blob %s is part of what index.json leads to", text);
    return 0;
}

int oci_layout_remove_blobs(oci_layout *l, const oci_digest *digests, size_t n, bool force,
                            const oci_gc_options *options, oci_error *err)
{
    const oci_gc_options o = options_of(options);
    OCI_AUTO(oci_marking) m = NULL;
    OCI_AUTO_FD int lock = -1;
    int r;

    if (l->shares_blobs)
        return oci_fail(err, OCI_E_USAGE, "blobs that other layouts may share are not removed");
    r = begin(l, true, &o, &lock, &m, err);
    if (r == 0 && !force)
        r = oci_marking_follow(m, err);
    for (size_t i = 0; r == 0 && i < n; i++)
        r = check_removable(m, &digests[i], force, err);
    if (r == 0 && !force)
        r = oci_layout_sync_index(l, err);
    for (size_t i = 0; r == 0 && i < n; i++)
        r = oci_store_delete_blob(l->store, &digests[i], err);
    return r;
}
