/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything upstream in a thread of its own. Between the two sides are slots that the thread fills to the brim, so
 * that many small spans cost one lock, or has the source fill where it can; nothing else is shared. A slot
 * that was emptied last is filled next: as long as the consumer keeps up, the data stays in the cache, and memory that
 * is not needed is never touched.
 */
#include "stream.h"

#include <stdatomic.h>

#include "base/fail.h"
#include "thread.h"

enum { DEFAULT_BUDGET = 1024 * 1024, USUAL_SLOTS = 4, FIRST_SLOT = 32 * 1024 };

struct slot {
    size_t number;
    size_t len;
};

struct async_reader {
    oci_reader r;
    oci_reader *src; /* the thread's as long as it runs */
    oci_error error; /* the thread's until done */
    pthread_t thread;
    size_t slots;
    size_t slot_size;
    unsigned char *memory;
    atomic_bool cancelled;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t filled;
    pthread_cond_t emptied;
    struct slot *queue; /* those that are full, a ring */
    size_t first;
    size_t ready;
    size_t *unused; /* the numbers of the others, the one emptied last on top */
    size_t n_unused;
    bool held; /* the consumer still looks at the first of the queue */
    bool done; /* the thread has given all it will give */
    int result;
};

/* ---- the thread's side ---- */

/* Waits for a free slot; false when the reader is being freed. */
static bool wait_for_slot(struct async_reader *a, size_t *slot)
{
    pthread_mutex_lock(&a->lock);
    while (a->n_unused == 0 && !atomic_load(&a->cancelled))
        pthread_cond_wait(&a->emptied, &a->lock);
    if (a->n_unused > 0)
        *slot = a->unused[--a->n_unused];
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
    if (len > 0)
        a->queue[(a->first + a->ready++) % a->slots] = (struct slot) { slot, len };
    a->done = result <= 0;
    a->result = result;
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

static int async_next(oci_reader *r, oci_span *out, oci_error *err)
{
    struct async_reader *a = (struct async_reader *)r;
    int result = 0;

    pthread_mutex_lock(&a->lock);
    if (a->held) {
        a->unused[a->n_unused++] = a->queue[a->first].number;
        a->first = (a->first + 1) % a->slots;
        a->ready--;
        a->held = false;
        pthread_cond_signal(&a->emptied);
    }
    while (a->ready == 0 && !a->done)
        pthread_cond_wait(&a->filled, &a->lock);
    a->held = a->ready > 0;
    if (a->held) {
        const struct slot *slot = &a->queue[a->first];

        *out = (oci_span) { a->memory + slot->number * a->slot_size, slot->len };
    } else if (a->result < 0) {
        *err = a->error;
        result = a->result;
    }
    pthread_mutex_unlock(&a->lock);
    return result;
}

static void release(struct async_reader *a)
{
    oci_reader_free(a->src);
    oci_free(a->memory);
    oci_free(a->queue);
    oci_free(a->unused);
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

/* All slots are unused, and the thread runs. */
static int set_up(struct async_reader *a, oci_error *err)
{
    if (a->memory == NULL || a->queue == NULL || a->unused == NULL)
        return oci_fail_nomem(err);
    while (a->n_unused < a->slots) {
        a->unused[a->n_unused] = a->slots - 1 - a->n_unused;
        a->n_unused++;
    }
    return oci_thread_start(&a->thread, run, a, err);
}

static const oci_reader_ops async_ops = { async_next, async_free, NULL };

int oci_reader_async(oci_reader *src, size_t budget, oci_reader **out, oci_error *err)
{
    OCI_AUTO(oci_reader) owned = src;
    struct async_reader *a = oci_calloc(1, sizeof *a);
    int r;

    if (a == NULL)
        return oci_fail_nomem(err);
    if (budget == 0)
        budget = DEFAULT_BUDGET;
    a->slot_size = budget / USUAL_SLOTS;
    if (a->slot_size > OCI_STREAM_CHUNK)
        a->slot_size = OCI_STREAM_CHUNK;
    if (a->slot_size == 0)
        a->slot_size = 1;
    a->slots = budget / a->slot_size;
    a->r.ops = &async_ops;
    a->src = oci_steal(&owned);
    a->memory = oci_realloc_array(NULL, a->slots, a->slot_size);
    a->queue = oci_realloc_array(NULL, a->slots, sizeof *a->queue);
    a->unused = oci_realloc_array(NULL, a->slots, sizeof *a->unused);
    /* With default attributes these cannot fail on Linux. */
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->filled, NULL);
    pthread_cond_init(&a->emptied, NULL);
    r = set_up(a, err);
    if (r < 0) {
        release(a);
        oci_free(a);
        return r;
    }
    *out = &a->r;
    return 0;
}
