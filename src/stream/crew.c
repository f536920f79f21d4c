/* SPDX-License-Identifier: Apache-2.0 */
#include "crew.h"

#include "base/alloc.h"
#include "base/fail.h"
#include "thread.h"

struct oci_crew {
    oci_crew_work work;
    size_t n_jobs;
    pthread_t *ids;
    unsigned started;

    pthread_mutex_t lock;           /* guards what follows */
    pthread_cond_t opened, awaited; /* something may be begun; what somebody waits for is done */
    size_t next, waiting;           /* the first job that nobody has begun, and how many are open from there on */
    size_t wanted;                  /* the job that somebody waits for, or n_jobs */
    unsigned arrived;               /* threads that have their number */
    bool beginning, stop;
    bool *done;
};

/* ---- the threads' side, under the lock ---- */

static void stop(oci_crew *c)
{
    c->stop = true;
    pthread_cond_broadcast(&c->opened);
}

/* The next job that is open; false when there will be no more. */
static bool take(oci_crew *c, size_t *job)
{
    while (!c->stop && (c->waiting == 0 || c->beginning))
        pthread_cond_wait(&c->opened, &c->lock);
    if (c->stop)
        return false;
    *job = c->next;
    c->next = (c->next + 1) % c->n_jobs;
    c->waiting--;
    return true;
}

static bool begin(oci_crew *c, size_t job)
{
    bool go_on;

    if (c->work.begin == NULL)
        return true;
    c->beginning = true;
    pthread_mutex_unlock(&c->lock);
    go_on = c->work.begin(c->work.ctx, job);
    pthread_mutex_lock(&c->lock);
    c->beginning = false;
    if (go_on && c->waiting > 0)
        pthread_cond_signal(&c->opened);
    return go_on;
}

static bool work(oci_crew *c, size_t job, unsigned who)
{
    bool go_on;

    pthread_mutex_unlock(&c->lock);
    go_on = c->work.work(c->work.ctx, job, who);
    pthread_mutex_lock(&c->lock);
    return go_on;
}

static void *run(void *arg)
{
    oci_crew *c = arg;
    unsigned who;
    size_t job;

    pthread_mutex_lock(&c->lock);
    who = c->arrived++;
    while (take(c, &job)) {
        if (!begin(c, job) || !work(c, job, who))
            stop(c);
        c->done[job] = true;
        if (job == c->wanted)
            pthread_cond_signal(&c->awaited);
    }
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

/* ---- the other side ---- */

int oci_crew_new(const oci_crew_work *work, size_t n_jobs, unsigned threads, oci_crew **out, oci_error *err)
{
    OCI_AUTO(oci_crew) c = oci_calloc(1, sizeof *c);

    *out = NULL;
    if (c == NULL)
        return oci_fail_nomem(err);
    c->work = *work;
    c->n_jobs = c->wanted = n_jobs;
    /* With default attributes these cannot fail on Linux. */
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->opened, NULL);
    pthread_cond_init(&c->awaited, NULL);
    c->done = oci_calloc(n_jobs, sizeof *c->done);
    c->ids = oci_calloc(threads, sizeof *c->ids);
    if (c->done == NULL || c->ids == NULL)
        return oci_fail_nomem(err);
    while (c->started < threads && oci_thread_start(&c->ids[c->started], run, c, NULL) == 0)
        c->started++;
    if (c->started > 0)
        *out = oci_steal(&c);
    return 0;
}

void oci_crew_open(oci_crew *c)
{
    pthread_mutex_lock(&c->lock);
    c->waiting++;
    if (!c->beginning)
        pthread_cond_signal(&c->opened);
    pthread_mutex_unlock(&c->lock);
}

bool oci_crew_has_done(oci_crew *c, size_t job)
{
    bool done;

    pthread_mutex_lock(&c->lock);
    done = c->done[job];
    pthread_mutex_unlock(&c->lock);
    return done;
}

void oci_crew_wait(oci_crew *c, size_t job)
{
    pthread_mutex_lock(&c->lock);
    c->wanted = job;
    while (!c->done[job])
        pthread_cond_wait(&c->awaited, &c->lock);
    c->wanted = c->n_jobs;
    c->done[job] = false;
    pthread_mutex_unlock(&c->lock);
}

void oci_crew_free(oci_crew *c)
{
    if (c == NULL)
        return;
    pthread_mutex_lock(&c->lock);
    stop(c);
    pthread_mutex_unlock(&c->lock);
    for (unsigned i = 0; i < c->started; i++)
        pthread_join(c->ids[i], NULL);
    pthread_cond_destroy(&c->awaited);
    pthread_cond_destroy(&c->opened);
    pthread_mutex_destroy(&c->lock);
    oci_free(c->done);
    oci_free(c->ids);
    oci_free(c);
}
