/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stage that hashes what passes, to demand its digest at the end. What it has given is hashed when more is asked
 * for, so that meanwhile others may hash it together with what they hash. Either that is the same bytes, in the same
 * thread; or it is something else, perhaps in another thread: then what has been given stays where it is for a while.
 */
#include "stream.h"

#include <pthread.h>

#include "base/fail.h"
#include "base/span.h"
#include "digest/together.h"

/* Bytes that have been given and may wait to be hashed: as many as there are in oci_reader_async. */
enum { BACKLOG = 4 * OCI_STREAM_CHUNK };

struct backlog {
    pthread_mutex_t lock; /* of whoever hashes */
    atomic_uint_least64_t given;
    atomic_uint_least64_t hashed; /* is changed under the lock */
    uint64_t start;               /* what lies at the beginning of the ring; changed when nothing waits */
    unsigned char ring[BACKLOG];
};

struct verify_reader {
    oci_reader r;
    oci_reader *src;
    oci_verifier *verifier;
    oci_span rest;           /* of the last span given: what is not hashed yet */
    struct backlog *backlog; /* or NULL */
};

/* ---- one span at a time ---- */

/* Hashes the next n bytes of what was given, for also (or NULL) too. */
static void hash_rest(struct verify_reader *v, size_t n, oci_digester *also)
{
    if (n == 0)
        return;
    oci_verifier_hash(v->verifier, (oci_span) { v->rest.data, n }, also, (oci_span) { v->rest.data, n });
    v->rest = oci_span_behind(v->rest, n);
}

static int verify_next(oci_reader *r, oci_span *out, oci_error *err)
{
    struct verify_reader *v = (struct verify_reader *)r;
    int result;

    hash_rest(v, v->rest.len, NULL);
    result = oci_reader_next(v->src, out, err);
    if (result < 0)
        return result;
    if (out->len == 0)
        return oci_verifier_finish(v->verifier, err);
    result = oci_verifier_admit(v->verifier, out->len, err);
    if (result == 0)
        v->rest = *out;
    return result;
}

/* Room is the caller's, so it is hashed at once. */
static int verify_fill(oci_reader *r, void *room, size_t n, size_t *got, oci_error *err)
{
    struct verify_reader *v = (struct verify_reader *)r;
    int result;

    hash_rest(v, v->rest.len, NULL);
    result = oci_reader_fill(v->src, room, n, got, err);
    if (result < 0)
        return result;
    return *got > 0 ? oci_verifier_update(v->verifier, room, *got, err) : oci_verifier_finish(v->verifier, err);
}

static void verify_free(oci_reader *r)
{
    struct verify_reader *v = (struct verify_reader *)r;

    oci_verifier_free(v->verifier);
    if (v->backlog != NULL)
        pthread_mutex_destroy(&v->backlog->lock);
    oci_free(v->backlog);
    oci_reader_free(v->src);
}

static const oci_reader_ops verify_ops = { verify_next, verify_free, verify_fill };

int oci_reader_verify(oci_reader *src, const oci_digest *want, uint64_t size, oci_reader **out, oci_error *err)
{
    OCI_AUTO(oci_reader) owned = src;
    OCI_AUTO_MEM struct verify_reader *v = oci_calloc(1, sizeof *v);
    int result;

    if (v == NULL)
        return oci_fail_nomem(err);
    result = oci_verifier_new(want, size, &v->verifier, err);
    if (result < 0)
        return result;
    v->r.ops = &verify_ops;
    v->src = oci_steal(&owned);
    *out = &oci_steal(&v)->r;
    return 0;
}

/* How far p is behind the beginning of span, when all of p[0..n) is in it. */
static bool is_within(oci_span span, const void *p, size_t n, size_t *behind)
{
    const uintptr_t begin = (uintptr_t)span.data, at = (uintptr_t)p;

    *behind = at - begin;
    return at >= begin && *behind <= span.len && n <= span.len - *behind;
}

void oci_reader_hash_too(oci_reader *r, oci_digester *also, const void *p, size_t n)
{
    struct verify_reader *v = (struct verify_reader *)r;
    size_t before;

    if (r == NULL || r->ops != &verify_ops || !is_within(v->rest, p, n, &before)) {
        oci_digester_update(also, p, n);
        return;
    }
    hash_rest(v, before, NULL);
    hash_rest(v, n, also);
}

/* ---- a backlog ---- */

/* The first bytes that wait to be hashed, up to n and as far as they lie in one piece. */
static oci_span oldest(const struct backlog *b, size_t n)
{
    const uint64_t hashed = atomic_load_explicit(&b->hashed, memory_order_relaxed);
    const uint64_t waiting = atomic_load_explicit(&b->given, memory_order_acquire) - hashed;
    size_t at;

    if (waiting == 0)
        return (oci_span) { NULL, 0 };
    at = (hashed - b->start) % BACKLOG;
    if (n > waiting)
        n = (size_t)waiting;
    if (n > BACKLOG - at)
        n = BACKLOG - at;
    return (oci_span) { b->ring + at, n };
}

/* With the lock: hashes these bytes and as many of also's. */
static void hash_oldest(struct verify_reader *v, oci_span piece, oci_digester *also, const void *with)
{
    oci_verifier_hash(v->verifier, piece, also, (oci_span) { with, piece.len });
    atomic_fetch_add_explicit(&v->backlog->hashed, piece.len, memory_order_release);
}

/* Leaves at most so many bytes waiting. */
static void hash_down_to(struct verify_reader *v, uint64_t most)
{
    struct backlog *b = v->backlog;
    const uint64_t given = atomic_load_explicit(&b->given, memory_order_relaxed);

    if (given - atomic_load_explicit(&b->hashed, memory_order_acquire) <= most)
        return;
    pthread_mutex_lock(&b->lock);
    while (given - atomic_load_explicit(&b->hashed, memory_order_relaxed) > most)
        hash_oldest(v, oldest(b, OCI_STREAM_CHUNK), NULL, NULL);
    pthread_mutex_unlock(&b->lock);
}

/* Where the next bytes go. While others keep up that is the beginning again: memory that is in the cache. */
static size_t next_place(struct backlog *b)
{
    const uint64_t given = atomic_load_explicit(&b->given, memory_order_relaxed);

    if (atomic_load_explicit(&b->hashed, memory_order_acquire) == given)
        b->start = given;
    return (given - b->start) % BACKLOG;
}

static int backlog_next(oci_reader *r, oci_span *out, oci_error *err)
{
    struct verify_reader *v = (struct verify_reader *)r;
    struct backlog *b = v->backlog;
    const size_t at = next_place(b), room = BACKLOG - at < OCI_STREAM_CHUNK ? BACKLOG - at : OCI_STREAM_CHUNK;
    int result;

    hash_down_to(v, BACKLOG - room);
    out->data = b->ring + at;
    result = oci_reader_fill(v->src, b->ring + at, room, &out->len, err);
    if (result == 0 && out->len == 0) {
        hash_down_to(v, 0);
        return oci_verifier_finish(v->verifier, err);
    }
    if (result == 0)
        result = oci_verifier_admit(v->verifier, out->len, err);
    if (result == 0)
        atomic_fetch_add_explicit(&b->given, out->len, memory_order_release);
    return result;
}

static const oci_reader_ops backlog_ops = { backlog_next, verify_free, NULL };

int oci_reader_hash_later(oci_reader *r, oci_error *err)
{
    struct verify_reader *v = (struct verify_reader *)r;

    if (r->ops != &verify_ops || !oci_verifier_has_gain(v->verifier))
        return 0;
    v->backlog = oci_alloc(sizeof *v->backlog);
    if (v->backlog == NULL)
        return oci_fail_nomem(err);
    atomic_init(&v->backlog->given, 0);
    atomic_init(&v->backlog->hashed, 0);
    v->backlog->start = 0;
    /* With default attributes it cannot fail on Linux. */
    pthread_mutex_init(&v->backlog->lock, NULL);
    r->ops = &backlog_ops;
    return 0;
}

void oci_reader_update_beside(oci_reader *r, oci_digester *d, oci_span bytes)
{
    struct verify_reader *v = (struct verify_reader *)r;

    /* Whoever hashes already goes on, and nobody waits. */
    if (r != NULL && r->ops == &backlog_ops && pthread_mutex_trylock(&v->backlog->lock) == 0) {
        oci_span piece;

        while (bytes.len > 0 && (piece = oldest(v->backlog, bytes.len)).len > 0) {
            hash_oldest(v, piece, d, bytes.data);
            bytes = oci_span_behind(bytes, piece.len);
        }
        pthread_mutex_unlock(&v->backlog->lock);
    }
    oci_digester_update(d, bytes.data, bytes.len);
}
