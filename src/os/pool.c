/* SPDX-License-Identifier: Apache-2.0 */
#include "pool.h"

#include <pthread.h>
#include <sched.h>
#include <time.h>

enum { MAX_THREADS = 64, ASK_EVERY = 100 * 1000 * 1000 /* nanoseconds */ };

struct pool {
    const oci_pool_work *work;
    size_t n;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t left;  /* a thread has no more to do */
    size_t next;
    unsigned running;
    bool stopped;
    int result;
};

unsigned oci_pool_processors(void)
{
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof set, &set) < 0)
        return 1;
    return CPU_COUNT(&set) > 0 ? (unsigned)CPU_COUNT(&set) : 1;
}

/* Takes the next piece; false when there is none to begin. */
static bool take(struct pool *p, size_t *i)
{
    bool more;

    pthread_mutex_lock(&p->lock);
    more = !p->stopped && p->next < p->n;
    if (more)
        *i = p->next++;
    pthread_mutex_unlock(&p->lock);
    return more;
}

static void done(struct pool *p, int r)
{
    if (r >= 0)
        return;
    pthread_mutex_lock(&p->lock);
    if (p->result == 0)
        p->result = r;
    p->stopped = true;
    pthread_mutex_unlock(&p->lock);
}

static void *work(void *arg)
{
    struct pool *p = arg;
    size_t i;

    while (take(p, &i))
        done(p, p->work->run(p->work->ctx, i));
    pthread_mutex_lock(&p->lock);
    p->running--;
    pthread_cond_signal(&p->left);
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

static void stop(struct pool *p)
{
    pthread_mutex_lock(&p->lock);
    p->stopped = true;
    pthread_mutex_unlock(&p->lock);
}

/* Waits until all threads have left, or for a moment; whether all have. */
static bool wait_for_a_moment(struct pool *p)
{
    struct timespec until;
    bool all;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += ASK_EVERY;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&p->lock);
    if (p->running > 0)
        pthread_cond_timedwait(&p->left, &p->lock, &until);
    all = p->running == 0;
    pthread_mutex_unlock(&p->lock);
    return all;
}

static void run_alone(struct pool *p)
{
    size_t i;

    while (take(p, &i)) {
        done(p, p->work->run(p->work->ctx, i));
        if (p->work->stop != NULL && p->work->stop(p->work->ctx))
            stop(p);
    }
}

int oci_pool_run(unsigned threads, size_t n, const oci_pool_work *w)
{
    struct pool p = { .work = w, .n = n, .lock = PTHREAD_MUTEX_INITIALIZER, .left = PTHREAD_COND_INITIALIZER };
    pthread_t ids[MAX_THREADS];
    unsigned made = 0;

    if (threads == 0)
        threads = oci_pool_processors();
    if (threads > MAX_THREADS)
        threads = MAX_THREADS;
    for (; threads > 1 && made < threads && made < n; made++) {
        pthread_mutex_lock(&p.lock);
        p.running++;
        pthread_mutex_unlock(&p.lock);
        if (pthread_create(&ids[made], NULL, work, &p) != 0) {
            pthread_mutex_lock(&p.lock);
            p.running--;
            pthread_mutex_unlock(&p.lock);
            break;
        }
    }
    if (made == 0)
        run_alone(&p);
    while (!wait_for_a_moment(&p))
        if (w->stop != NULL && w->stop(w->ctx))
            stop(&p);
    for (unsigned i = 0; i < made; i++)
        pthread_join(ids[i], NULL);
    pthread_cond_destroy(&p.left);
    pthread_mutex_destroy(&p.lock);
    return p.result;
}
