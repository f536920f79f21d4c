/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stage that hashes what passes, to demand its digest at the end. What it has given is hashed when more is asked
 * for, so that meanwhile others may hash it together with what they hash. Either that is the same bytes, in the same
 * thread; or it is something else, perhaps in another thread: then what has been given stays where it is for a while.
 * That other thread may also read ahead, where the one that is given the bytes has more to do with them, and do both
 * where it has nothing else to do.
 */
#include "stream.h"

#include <pthread.h>

#include "base/fail.h"
#include "base/span.h"
#include "digest/together.h"

struct backlog {
    pthread_mutex_t reading;      /* of whoever reads: in the thread that is given the bytes, or ahead of it */
    pthread_mutex_t hashing;      /* of whoever hashes */
    bool reads_ahead;             /* as long as it makes sense; changed while reading */
    bool refused;                 /* there is more than there should be; changed while reading */
    atomic_uint_least64_t read;   /* bytes; changed while reading */
    atomic_uint_least64_t hashed; /* changed while hashing */
    atomic_uint_least64_t passed; /* given, and not looked at any more */
    uint64_t given;
    uint64_t start; /* what lies at the beginning of the ring; changed when nothing waits */
    unsigned char ring[OCI_STREAM_BACKLOG];
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
    if (v->backlog != NULL) {
        pthread_mutex_destroy(&v->backlog->reading);
        pthread_mutex_destroy(&v->backlog->hashing);
    }
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

/* n bytes from the one with this number on, or what of them lies in one piece. */
static oci_span piece_at(const struct backlog *b, uint64_t number, uint64_t n)
{
    const size_t at = (size_t)((number - b->start) % OCI_STREAM_BACKLOG);

    if (n > OCI_STREAM_BACKLOG - at)
        n = OCI_STREAM_BACKLOG - at;
    return (oci_span) { b->ring + at, (size_t)n };
}

/* While hashing: the first bytes that wait for it, up to n. */
static oci_span oldest(const struct backlog *b, size_t n)
{
    const uint64_t hashed = b->hashed, waiting = atomic_load_explicit(&b->read, memory_order_acquire) - hashed;

    if (waiting == 0)
        return (oci_span) { NULL, 0 };
    return piece_at(b, hashed, n < waiting ? n : waiting);
}

/* While hashing: hashes these bytes and as many of also's. */
static void hash_oldest(struct verify_reader *v, oci_span piece, oci_digester *also, const void *with)
{
    oci_verifier_hash(v->verifier, piece, also, (oci_span) { with, piece.len });
    atomic_fetch_add_explicit(&v->backlog->hashed, piece.len, memory_order_release);
}

/* Hashes all but the last bytes, at most so many, of those that have been read; others may be farther by now. */
static void hash_down_to(struct verify_reader *v, uint64_t most)
{
    struct backlog *b = v->backlog;
    const uint64_t read = atomic_load_explicit(&b->read, memory_order_acquire);

    if (atomic_load_explicit(&b->hashed, memory_order_acquire) + most >= read)
        return;
    pthread_mutex_lock(&b->hashing);
    while (b->hashed + most < read)
        hash_oldest(v, oldest(b, OCI_STREAM_CHUNK), NULL, NULL);
    pthread_mutex_unlock(&b->hashing);
}

/* While reading: bytes that there is room for. */
static uint64_t room_left(const struct backlog *b)
{
    const uint64_t hashed = atomic_load_explicit(&b->hashed, memory_order_acquire);
    const uint64_t passed = atomic_load_explicit(&b->passed, memory_order_acquire);

    return OCI_STREAM_BACKLOG - (b->read - (hashed < passed ? hashed : passed));
}

/* While reading: reads some bytes, of which there are none at the end. While others keep up they are put at the
 * beginning of the ring again: memory that is in the cache. */
static int read_some(struct verify_reader *v, oci_error *err)
{
    struct backlog *b = v->backlog;
    const uint64_t left = room_left(b);
    oci_span room;
    size_t got;
    int r;

    if (b->refused)
        return oci_verifier_admit(v->verifier, 0, err);
    if (left == OCI_STREAM_BACKLOG)
        b->start = b->read;
    room = piece_at(b, b->read, left < OCI_STREAM_CHUNK ? left : OCI_STREAM_CHUNK);
    r = oci_reader_fill(v->src, (void *)(uintptr_t)room.data, room.len, &got, err);
    if (r == 0 && got > 0) {
        r = oci_verifier_admit(v->verifier, got, err);
        b->refused = r < 0;
    }
    if (r == 0)
        atomic_fetch_add_explicit(&b->read, got, memory_order_release);
    return r;
}

static int backlog_next(oci_reader *r, oci_span *out, oci_error *err)
{
    struct verify_reader *v = (struct verify_reader *)r;
    struct backlog *b = v->backlog;
    uint64_t ahead;
    int result = 0;

    atomic_store_explicit(&b->passed, b->given, memory_order_release);
    ahead = atomic_load_explicit(&b->read, memory_order_acquire) - b->given;
    if (ahead == 0) {
        hash_down_to(v, OCI_STREAM_BACKLOG - OCI_STREAM_CHUNK);
        pthread_mutex_lock(&b->reading);
        if (b->read == b->given)
            result = read_some(v, err);
        ahead = b->read - b->given;
        pthread_mutex_unlock(&b->reading);
    }
    if (result < 0)
        return result;
    if (ahead == 0) {
        hash_down_to(v, 0);
        return oci_verifier_finish(v->verifier, err);
    }
    *out = piece_at(b, b->given, ahead < OCI_STREAM_CHUNK ? ahead : OCI_STREAM_CHUNK);
    b->given += out->len;
    return 0;
}

static const oci_reader_ops backlog_ops = { backlog_next, verify_free, NULL };

int oci_reader_hash_later(oci_reader *r, bool reads_ahead, oci_error *err)
{
    struct verify_reader *v = (struct verify_reader *)r;
    struct backlog *b;

    if (r->ops != &verify_ops || (!reads_ahead && !oci_verifier_has_gain(v->verifier)))
        return 0;
    b = v->backlog = oci_alloc(sizeof *v->backlog);
    if (b == NULL)
        return oci_fail_nomem(err);
    b->reads_ahead = reads_ahead;
    b->refused = false;
    b->given = b->start = 0;
    atomic_init(&b->read, 0);
    atomic_init(&b->passed, 0);
    atomic_init(&b->hashed, 0);
    /* With default attributes these cannot fail on Linux. */
    pthread_mutex_init(&b->reading, NULL);
    pthread_mutex_init(&b->hashing, NULL);
    r->ops = &backlog_ops;
    return 0;
}

/* Reads some more, unless somebody else does: false when there is no room, or nothing more to be had. What goes wrong
 * here goes wrong again when the reader comes to it. */
static bool read_ahead(struct verify_reader *v)
{
    struct backlog *b = v->backlog;
    bool more;

    if (pthread_mutex_trylock(&b->reading) != 0)
        return false;
    more = b->reads_ahead && room_left(b) >= OCI_STREAM_CHUNK;
    if (more) {
        const uint64_t before = b->read;

        more = b->reads_ahead = read_some(v, NULL) == 0 && b->read > before;
    }
    pthread_mutex_unlock(&b->reading);
    return more;
}

bool oci_reader_catch_up(oci_reader *r)
{
    struct verify_reader *v = (struct verify_reader *)r;
    oci_span piece = { NULL, 0 };

    if (r == NULL || r->ops != &backlog_ops)
        return false;
    if (pthread_mutex_trylock(&v->backlog->hashing) == 0) {
        piece = oldest(v->backlog, OCI_STREAM_CHUNK);
        if (piece.len > 0) /* Otherwise the digest may be finished. */
            hash_oldest(v, piece, NULL, NULL);
        pthread_mutex_unlock(&v->backlog->hashing);
    }
    return piece.len > 0 || read_ahead(v);
}

/* While hashing: as many bytes as there are of either, and passes over those of bytes. */
static void hash_together(struct verify_reader *v, oci_digester *d, oci_span *bytes)
{
    oci_span piece;

    while (bytes->len > 0 && (piece = oldest(v->backlog, bytes->len)).len > 0) {
        hash_oldest(v, piece, d, bytes->data);
        *bytes = oci_span_behind(*bytes, piece.len);
    }
}

void oci_reader_update_beside(oci_reader *r, oci_digester *d, oci_span bytes)
{
    struct verify_reader *v = (struct verify_reader *)r;

    if (r == NULL || r->ops != &backlog_ops) {
        oci_digester_update(d, bytes.data, bytes.len);
        return;
    }
    /* One after the other they would only keep this thread busy. Whoever hashes already goes on, and nobody waits. */
    if (oci_verifier_has_gain(v->verifier) && oci_digester_has_gain(d) &&
        pthread_mutex_trylock(&v->backlog->hashing) == 0) {
        hash_together(v, d, &bytes);
        pthread_mutex_unlock(&v->backlog->hashing);
    }
    oci_digester_update(d, bytes.data, bytes.len);
    while (read_ahead(v))
        ;
}
