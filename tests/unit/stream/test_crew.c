/* SPDX-License-Identifier: Apache-2.0 */
#include "help.h"

#include <stdlib.h>
#include <unistd.h>

#include "stream/crew.h"

enum { JOBS = 5, THREADS = 3, ROUNDS = 400 };

struct work {
    size_t begun[ROUNDS + JOBS], n_begun;
    int results[JOBS];
    atomic_int inside_begin, inside_work, most;
    size_t last;      /* of those that begin lets pass */
    int bad;          /* the job whose work fails, or -1 */
    useconds_t delay; /* of every other job */
};

static bool begin(void *ctx, size_t job)
{
    struct work *w = ctx;

    assert_int_equal(atomic_fetch_add(&w->inside_begin, 1), 0);
    w->begun[w->n_begun++] = job;
    w->results[job] = (int)w->n_begun;
    atomic_fetch_sub(&w->inside_begin, 1);
    return w->n_begun <= w->last;
}

static bool work(void *ctx, size_t job, unsigned who)
{
    struct work *w = ctx;
    int inside = atomic_fetch_add(&w->inside_work, 1) + 1;

    assert_true(who < THREADS);
    if (inside > atomic_load(&w->most))
        atomic_store(&w->most, inside);
    if (w->delay > 0 && w->results[job] % 2 == 0)
        usleep(w->delay);
    w->results[job] *= 10;
    atomic_fetch_sub(&w->inside_work, 1);
    return w->results[job] != w->bad;
}

static oci_crew *crew_of(struct work *w)
{
    oci_error err = OCI_ERROR_INIT;
    oci_crew *c = NULL;

    assert_ok(&err, oci_crew_new(&(oci_crew_work) { w, begin, work }, JOBS, THREADS, &c, &err));
    assert_non_null(c);
    return c;
}

OCI_TEST (crew, begins_in_order_and_does_at_the_same_time) {
    struct work w = { .last = SIZE_MAX, .bad = -1, .delay = 500 };
    oci_crew *c = crew_of(&w);

    assert_false(oci_crew_has_done(c, 0));
    for (int i = 0; i < JOBS; i++)
        oci_crew_open(c);
    for (int i = 0; i < ROUNDS - JOBS; i++) {
        /* Waited for at once, or asked for first. */
        while (i % 2 && !oci_crew_has_done(c, (size_t)i % JOBS))
            usleep(10);
        oci_crew_wait(c, (size_t)i % JOBS);
        assert_int_equal(w.results[i % JOBS], 10 * (i + 1));
        oci_crew_open(c);
    }
    oci_crew_free(c);
    for (size_t i = 0; i < w.n_begun; i++)
        assert_int_equal(w.begun[i], i % JOBS);
    assert_in_range(w.most, 2, THREADS);
}

OCI_TEST (crew, ends_with_the_job_that_cannot_begin) {
    for (size_t last = 0; last < 12; last++) {
        struct work w = { .last = last, .bad = -1 };
        oci_crew *c = crew_of(&w);

        for (int i = 0; i < JOBS; i++)
            oci_crew_open(c);
        for (size_t i = 0; i <= last; i++) {
            oci_crew_wait(c, i % JOBS);
            assert_int_equal(w.results[i % JOBS], i < last ? 10 * (i + 1) : i + 1);
            oci_crew_open(c);
        }
        oci_crew_free(c);
        assert_int_equal(w.n_begun, last + 1);
    }
}

OCI_TEST (crew, ends_with_the_job_that_fails) {
    for (int bad = 1; bad < 12; bad++) {
        struct work w = { .last = SIZE_MAX, .bad = 10 * bad, .delay = 100 };
        oci_crew *c = crew_of(&w);

        for (int i = 0; i < JOBS; i++)
            oci_crew_open(c);
        for (int i = 0; i < bad; i++) {
            oci_crew_wait(c, (size_t)i % JOBS);
            assert_int_equal(w.results[i % JOBS], 10 * (i + 1));
            oci_crew_open(c);
        }
        oci_crew_free(c);
        /* Those of the other threads, and no more than are open. */
        assert_in_range(w.n_begun, bad, bad + JOBS);
    }
}

OCI_TEST (crew, can_be_freed_at_any_time) {
    for (int open = 0; open <= JOBS; open++) {
        for (int waited = 0; waited <= open; waited++) {
            struct work w = { .last = SIZE_MAX, .bad = -1, .delay = 50 };
            oci_crew *c = crew_of(&w);

            for (int i = 0; i < open; i++)
                oci_crew_open(c);
            for (int i = 0; i < waited; i++)
                oci_crew_wait(c, (size_t)i);
            oci_crew_free(c);
            assert_in_range(w.n_begun, waited, open);
            assert_int_equal(w.inside_work, 0);
        }
    }
}
