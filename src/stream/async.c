/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything upstream in a thread of its own. Between the two sides are slots that the thread fills to the brim, so
 * that many small spans cost one lock, or has the source fill where it can. Nothing else is shared but the work of
 * hashing: what is in the slots, by the consumer unless the thread would have to wait for it, and what a reader
 * upstream has left to others, by the consumer while it waits.
 *
 * They are filled in turn, and not again as soon as they are empty: then they would still be in the cache of the other
 * processor. But memory that was never touched is dearer still, so a slot more is used only when all others are full,
 * or when a multiple of them has passed. Whoever has had to wait is woken for several slots and not for each.
 */
#include "stream.h"

#include <stdatomic.h>

#include "base/fail.h"
#include "thread.h"

enum { DEFAULT_BUDGET = 2 * 1024 * 1024, USUAL_SLOTS = 4, FIRST_SLOT = 32 * 1024, SPARING = 8, MANY = 8 };

struct async_reader {
    oci_reader r;
    oci_reader *src;        /* the thread's as long as it runs */
    oci_reader *helped;     /* by the consumer, instead of waiting; or NULL */
    oci_verifier *verifier; /* of what is in the slots; or NULL; used by who has set hashing, and at the end */
    oci_error error;        /* the thread's until done */
    pthread_t thread;
    size_t slots;
    size_t slot_size;
    unsigned char *memory;
    atomic_bool cancelled;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t filled;
    pthread_cond_t emptied;
    pthread_cond_t was_hashed;
    size_t *lengths;    /* of what is in each slot */
    size_t *ring;       /* the numbers of those that have been used: */
    size_t first, full; /* the full ones, from the first on, */
    size_t filling;     /* the one that is being filled, if any, */
    size_t empty;       /* and the empty ones, behind each other */
    size_t enough;      /* full ones for the consumer to be woken for */
    size_t hashed;      /* full ones, from the first on, that are hashed */
    bool hashing;       /* somebody is hashing the next one */
    bool held;          /* the consumer still looks at the first */
    bool done;          /* the thread has given all it will give */
    int result;
};

/* ---- on both sides ---- */

static size_t *ring_at(const struct async_reader *a, size_t n)
{
    return &a->ring[(a->first + n) % a->slots];
}

static oci_span slot_at(const struct async_reader *a, size_t n)
{
    const size_t slot = *ring_at(a, n);

    return (oci_span) { a->memory + slot * a->slot_size, a->lengths[slot] };
}

/* Hashes the first slot that is not hashed, without the lock; false when there is none, or somebody is at it. */
static bool hash_one(struct async_reader *a)
{
    oci_span span;

    if (a->verifier == NULL || a->hashing || a->hashed == a->full)
        return false;
    span = slot_at(a, a->hashed);
    a->hashing = true;
    pthread_mutex_unlock(&a->lock);
    /* It cannot be too much: how much there should be is not known. */
    oci_verifier_update(a->verifier, span.data, span.len, NULL);
    pthread_mutex_lock(&a->lock);
    a->hashing = false;
    a->hashed++;
    pthread_cond_signal(&a->was_hashed);
    return true;
}

/* ---- the thread's side ---- */

/* Slots that whoever has had to wait is woken for. */
static size_t some(const struct async_reader *a)
{
    return a->slots < 2 * MANY ? (a->slots + 1) / 2 : MANY;
}

static bool wants_another(const struct async_reader *a)
{
    const size_t used = a->full + a->empty;

    return used < a->slots && (a->empty == 0 || oci_reader_count(a->src) / SPARING >= used * a->slot_size);
}

/* Waits for a slot that can be filled; false when the reader is being freed. */
static bool wait_for_slot(struct async_reader *a, size_t *slot)
{
    pthread_mutex_lock(&a->lock);
    if (wants_another(a)) {
        const size_t number = a->full + a->empty++;

        *ring_at(a, number) = *ring_at(a, a->full);
        *ring_at(a, a->full) = number;
    }
    if (a->empty == 0)
        while (a->empty < some(a) && !atomic_load(&a->cancelled))
            if (!hash_one(a))
                pthread_cond_wait(a->hashing ? &a->was_hashed : &a->emptied, &a->lock);
    if (a->empty > 0) {
        *slot = *ring_at(a, a->full);
        a->empty--;
        a->filling = 1;
    }
    pthread_mutex_unlock(&a->lock);
    return !atomic_load(&a->cancelled);
}

/* How much a slot is to hold. The first ones hold little, so that the consumer of a short stream need not wait for all
 * of it. */
static size_t goal(const struct async_reader *a)
{
    uint64_t n = oci_reader_count(a->src);

    if (n < FIRST_SLOT)
        n = FIRST_SLOT;
    return n < a->slot_size ? (size_t)n : a->slot_size;
}

/* Fills a slot as far as the source goes: 1 when it goes on, 0 at its end, negative when it failed. */
static int fill(struct async_reader *a, unsigned char *slot, size_t *len)
{
    const size_t n = goal(a);

    *len = 0;
    while (*len < n && !atomic_load(&a->cancelled)) {
        size_t got;
        int r = oci_reader_fill(a->src, slot + *len, n - *len, &got, &a->error);

        if (r < 0 || got == 0)
            return r;
        *len += got;
    }
    return 1;
}

static void hand_over(struct async_reader *a, size_t slot, size_t len, int result)
{
    pthread_mutex_lock(&a->lock);
    a->lengths[slot] = len;
    a->filling = 0;
    if (len > 0)
        a->full++;
    else
        a->empty++;
    a->done = result <= 0;
    a->result = result;
    if (a->full >= a->enough || a->done)
        pthread_cond_signal(&a->filled);
    pthread_mutex_unlock(&a->lock);
}

static void *run(void *arg)
{
    struct async_reader *a = arg;
    size_t slot = 0;
    int result = 1;

    while (result > 0 && wait_for_slot(a, &slot)) {
        size_t len;

        result = fill(a, a->memory + slot * a->slot_size, &len);
        hand_over(a, slot, len, result);
    }
    return NULL;
}

/* ---- the consumer's side ---- */

/* Does what others may do of the thread's work, as long as there is nothing to give. */
static void help(struct async_reader *a)
{
    bool busy = a->helped != NULL;

    while (busy && a->full == 0 && !a->done) {
        pthread_mutex_unlock(&a->lock);
        busy = oci_reader_catch_up(a->helped);
        pthread_mutex_lock(&a->lock);
    }
}

/* Sees to it that the slot that was given out is hashed. */
static void hash_held(struct async_reader *a)
{
    while (a->hashed == 0)
        if (!hash_one(a))
            pthread_cond_wait(&a->was_hashed, &a->lock);
    a->hashed--;
}

/* The slot that was given out is empty. */
static void give_back(struct async_reader *a)
{
    if (a->verifier != NULL)
        hash_held(a);
    *ring_at(a, a->full + a->filling + a->empty++) = *ring_at(a, 0);
    a->first = (a->first + 1) % a->slots;
    a->full--;
    a->held = false;
    if (a->empty >= some(a))
        pthread_cond_signal(&a->emptied);
}

static int async_next(oci_reader *r, oci_span *out, oci_error *err)
{
    struct async_reader *a = (struct async_reader *)r;
    int result = 0;

    pthread_mutex_lock(&a->lock);
    if (a->held)
        give_back(a);
    /* At the beginning there is little in a slot, and little else to do. */
    a->enough = oci_reader_count(r) < a->slots * a->slot_size ? 1 : some(a);
    help(a);
    if (a->full == 0)
        while (a->full < a->enough && !a->done)
            pthread_cond_wait(&a->filled, &a->lock);
    a->held = a->full > 0;
    if (a->held) {
        *out = slot_at(a, 0);
    } else if (a->result < 0) {
        *err = a->error;
        result = a->result;
    } else if (a->verifier != NULL) {
        result = oci_verifier_finish(a->verifier, err);
    }
    pthread_mutex_unlock(&a->lock);
    return result;
}

static void release(struct async_reader *a)
{
    oci_reader_free(a->src);
    oci_free(a->memory);
    oci_free(a->lengths);
    oci_free(a->ring);
    oci_verifier_free(a->verifier);
    pthread_cond_destroy(&a->was_hashed);
    pthread_cond_destroy(&a->emptied);
    pthread_cond_destroy(&a->filled);
    pthread_mutex_destroy(&a->lock);
}

static void async_free(oci_reader *r)
{
    struct async_reader *a = (struct async_reader *)r;

    pthread_mutex_lock(&a->lock);
    atomic_store(&a->cancelled, true);
    pthread_cond_signal(&a->emptied);
    pthread_mutex_unlock(&a->lock);
    pthread_join(a->thread, NULL);
    release(a);
}

static const oci_reader_ops async_ops = { async_next, async_free, NULL };

int oci_reader_async(oci_reader *src, size_t budget, oci_reader **out, oci_error *err)
{
    return oci_reader_run_ahead(src, &(oci_ahead) { .window = budget }, out, err);
}

static void plan_slots(struct async_reader *a, size_t budget)
{
    if (budget == 0)
        budget = DEFAULT_BUDGET;
    a->slot_size = budget / USUAL_SLOTS;
    if (a->slot_size > OCI_STREAM_CHUNK)
        a->slot_size = OCI_STREAM_CHUNK;
    if (a->slot_size == 0)
        a->slot_size = 1;
    a->slots = budget / a->slot_size;
}

static int start(struct async_reader *a, const oci_digest *want, oci_error *err)
{
    int r = 0;

    a->memory = oci_alloc_sparse(a->slots * a->slot_size);
    a->lengths = oci_realloc_array(NULL, a->slots, sizeof *a->lengths);
    a->ring = oci_realloc_array(NULL, a->slots, sizeof *a->ring);
    if (a->memory == NULL || a->lengths == NULL || a->ring == NULL)
        return oci_fail_nomem(err);
    if (want != NULL)
        r = oci_verifier_new(want, OCI_SIZE_UNKNOWN, &a->verifier, err);
    return r < 0 ? r : oci_thread_start(&a->thread, run, a, err);
}

int oci_reader_run_ahead(oci_reader *src, const oci_ahead *o, oci_reader **out, oci_error *err)
{
    OCI_AUTO(oci_reader) owned = src;
    struct async_reader *a = oci_calloc(1, sizeof *a);
    int r;

    if (a == NULL)
        return oci_fail_nomem(err);
    plan_slots(a, o->window);
    a->enough = 1;
    a->r.ops = &async_ops;
    a->src = oci_steal(&owned);
    a->helped = o->helped;
    /* With default attributes these cannot fail on Linux. */
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->filled, NULL);
    pthread_cond_init(&a->emptied, NULL);
    pthread_cond_init(&a->was_hashed, NULL);
    r = start(a, o->verify, err);
    if (r < 0) {
        release(a);
        oci_free(a);
        return r;
    }
    *out = &a->r;
    return 0;
}
