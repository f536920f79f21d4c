/* SPDX-License-Identifier: Apache-2.0 */
#include "os/pool.h"

#include <stdatomic.h>

#include "test.h"

enum { PIECES = 500 };

struct work {
    atomic_uint done[PIECES];
    atomic_uint count;
    size_t fails_at;
    unsigned asked, stop_after;
};

static int run(void *ctx, size_t i)
{
    struct work *w = ctx;

    atomic_fetch_add(&w->done[i], 1);
    atomic_fetch_add(&w->count, 1);
    return i == w->fails_at ? -7 : 0;
}

static bool stop(void *ctx)
{
    struct work *w = ctx;

    return w->stop_after > 0 && ++w->asked >= w->stop_after;
}

OCI_TEST (pool, does_each_piece_once) {
    for (unsigned threads = 0; threads <= 100; threads += 20) {
        struct work w = { .fails_at = PIECES };
        const oci_pool_work work = { &w, run, stop };

        assert_int_equal(oci_pool_run(threads, PIECES, &work), 0);
        for (size_t i = 0; i < PIECES; i++)
            assert_int_equal(atomic_load(&w.done[i]), 1);
    }
    assert_true(oci_pool_processors() > 0);
}

OCI_TEST (pool, gives_the_failure_and_begins_nothing_new) {
    for (unsigned threads = 1; threads <= 8; threads++) {
        struct work w = { .fails_at = 3 };
        const oci_pool_work work = { &w, run, NULL };

        assert_int_equal(oci_pool_run(threads, PIECES, &work), -7);
        assert_int_equal(atomic_load(&w.done[3]), 1);
    }
}

OCI_TEST (pool, stops_when_it_is_told) {
    struct work w = { .fails_at = PIECES, .stop_after = 10 };
    const oci_pool_work work = { &w, run, stop };

    assert_int_equal(oci_pool_run(1, PIECES, &work), 0);
    assert_int_equal(atomic_load(&w.count), 10);
    assert_int_equal(oci_pool_run(3, 0, &work), 0);
}
