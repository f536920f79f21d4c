/* SPDX-License-Identifier: Apache-2.0 */
#include "help.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static const size_t BUDGETS[] = { 1, 2, 3, 5, 64, 1000, 0 };
enum { N_BUDGETS = sizeof BUDGETS / sizeof *BUDGETS };

static oci_reader *async_of(oci_reader *src, size_t budget)
{
    oci_error err = OCI_ERROR_INIT;
    oci_reader *r = NULL;

    assert_ok(&err, oci_reader_async(src, budget, &r, &err));
    return r;
}

OCI_TEST (async, passes_on_every_byte_in_order) {
    enum { N = 5000 };
    oci_error err = OCI_ERROR_INIT;
    char data[N];

    oci_test_fill(data, N, 19);
    for (size_t i = 0; i < N_BUDGETS; i++) {
        for (size_t step = 1; step <= N; step *= 7) {
            OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;

            assert_ok(&err, oci_test_read(async_of(oci_test_chunks(data, N, step), BUDGETS[i]), &out, &err));
            assert_buf_equal(&out, data, N);
        }
    }
}

/* Slots are filled in turn, and more of them the longer it goes on, whoever has to wait for whom. */
OCI_TEST (async, passes_on_a_long_stream_at_any_pace) {
    enum { N = 4000000 };
    static const size_t budgets[] = { 1000, 7 * OCI_STREAM_CHUNK, 0 };
    oci_error err = OCI_ERROR_INIT;
    OCI_AUTO_MEM char *data = oci_alloc(N);

    assert_non_null(data);
    oci_test_fill(data, N, 23);
    for (size_t i = 0; i < 3; i++)
        for (unsigned pace = 0; pace < 3; pace++) {
            OCI_AUTO(oci_reader) r = async_of(oci_test_chunks(data, N, 50000), budgets[i]);
            size_t at = 0;
            oci_span span;

            while (oci_reader_next(r, &span, &err) == 0 && span.len > 0) {
                assert_true(span.len <= N - at);
                assert_memory_equal(span.data, data + at, span.len);
                at += span.len;
                /* Always ahead, always behind, sometimes both. */
                if (pace > 0 && budgets[i] != 1000 && (pace == 1 || at % 7 == 0))
                    usleep(2000);
            }
            assert_int_equal(at, N);
        }
}

/* Reads n bytes, which should have the digest want, at any pace: the result at their end. */
static int read_verified(const char *data, size_t n, size_t budget, unsigned pace, const oci_digest *want)
{
    const oci_ahead o = { .window = budget, .verify = want };
    OCI_AUTO(oci_reader) r = NULL;
    oci_error err = OCI_ERROR_INIT;
    size_t at = 0;
    oci_span span = { NULL, 1 };
    int result;

    assert_ok(&err, oci_reader_run_ahead(oci_test_chunks(data, n, n / 80 + 1), &o, &r, &err));
    while ((result = oci_reader_next(r, &span, &err)) == 0 && span.len > 0) {
        assert_true(span.len <= n - at);
        assert_memory_equal(span.data, data + at, span.len);
        at += span.len;
        if (pace > 0 && (pace == 1 || at % 3 == 0))
            usleep(500);
    }
    assert_int_equal(at, n);
    /* The verdict stays. */
    assert_int_equal(oci_reader_next(r, &span, NULL), result);
    return result;
}

/* Whoever is faster hashes, and none of it is hashed twice or not. */
// proves: descriptor.digest.verify
OCI_TEST (async, verifies_at_any_pace) {
    enum { N = 2000000 };
    static const size_t budgets[] = { 30000, 7 * OCI_STREAM_CHUNK, 0 }, lengths[] = { 0, 1, 100, 40000, N };
    oci_error err = OCI_ERROR_INIT;
    OCI_AUTO_MEM char *data = oci_alloc(N);
    oci_digest want, other;

    assert_non_null(data);
    oci_test_fill(data, N, 37);
    for (size_t n = 0; n < sizeof lengths / sizeof *lengths; n++) {
        assert_ok(&err, oci_digest_of(OCI_DIGEST_SHA256, data, lengths[n], &want, &err));
        assert_ok(&err, oci_digest_of(OCI_DIGEST_SHA256, "other", 5, &other, &err));
        for (size_t b = 0; b < sizeof budgets / sizeof *budgets; b++)
            for (unsigned pace = 0; pace < 3; pace++) {
                assert_int_equal(read_verified(data, lengths[n], budgets[b], pace, &want), 0);
                assert_int_equal(read_verified(data, lengths[n], budgets[b], pace, &other), OCI_E_DIGEST);
            }
    }
}

OCI_TEST (async, verifies_with_any_number_of_slots) {
    enum { N = 3000 };
    oci_error err = OCI_ERROR_INIT;
    oci_digest want, other;
    char data[N];

    oci_test_fill(data, N, 41);
    assert_ok(&err, oci_digest_of(OCI_DIGEST_SHA256, data, N, &want, &err));
    assert_ok(&err, oci_digest_of(OCI_DIGEST_SHA256, "other", 5, &other, &err));
    for (size_t b = 0; b < N_BUDGETS; b++) {
        assert_int_equal(read_verified(data, N, BUDGETS[b], 0, &want), 0);
        assert_int_equal(read_verified(data, N, BUDGETS[b], 0, &other), OCI_E_DIGEST);
    }
}

/* What came before is given, and nothing is said of its digest. */
OCI_TEST (async, tells_a_failure_and_not_the_digest) {
    static const oci_digest other = { .alg = OCI_DIGEST_SHA256, .len = 32 };
    oci_error err = OCI_ERROR_INIT;

    for (size_t b = 0; b < N_BUDGETS; b++) {
        OCI_AUTO(oci_reader)
        r = oci_test_reader(&(struct oci_test_source) { .data = "0123456", .len = 7, .step = 2, .fail = OCI_E_IO });

        assert_ok(&err, oci_reader_run_ahead(oci_steal(&r), &(oci_ahead) { .window = BUDGETS[b], .verify = &other }, &r,
                                             &err));
        assert_fails(OCI_E_IO, &err, oci_reader_drain(r, &err));
        assert_string_equal(err.msg, "planned failure");
        assert_int_equal(oci_reader_count(r), 7);
    }
}

OCI_TEST (async, ends_for_ever) {
    OCI_AUTO(oci_reader) r = async_of(oci_test_chunks("ab", 2, 1), 0);
    oci_error err = OCI_ERROR_INIT;
    oci_span span;

    assert_ok(&err, oci_reader_drain(r, &err));
    assert_ok(&err, oci_reader_next(r, &span, &err));
    assert_int_equal(span.len, 0);
    assert_int_equal(oci_reader_count(r), 2);
}

/* The first ones are small, so that nobody waits for long. */
OCI_TEST (async, makes_big_spans_of_small_ones) {
    enum { TOTAL = 2000000 };
    OCI_AUTO(oci_reader) r = NULL;
    oci_error err = OCI_ERROR_INIT;
    static const char zeros[4096];
    size_t before = 0, whole = 0;
    oci_span span;

    r = async_of(oci_test_reader(&(struct oci_test_source) { .data = zeros, .len = sizeof zeros, .total = TOTAL }), 0);
    do {
        assert_ok(&err, oci_reader_next(r, &span, &err));
        assert_true(before > 0 || span.len < OCI_STREAM_CHUNK / 2);
        assert_true(span.len >= before || oci_reader_count(r) == TOTAL);
        whole += span.len == OCI_STREAM_CHUNK;
        before = span.len;
    } while (span.len > 0);
    assert_int_equal(oci_reader_count(r), TOTAL);
    assert_true(whole >= TOTAL / OCI_STREAM_CHUNK - 2);
}

OCI_TEST (async, gives_what_came_before_a_failure_and_then_the_failure) {
    oci_error err = OCI_ERROR_INIT;

    for (size_t i = 0; i < N_BUDGETS; i++) {
        OCI_AUTO(oci_reader)
        r = async_of(
            oci_test_reader(&(struct oci_test_source) { .data = "0123456", .len = 7, .step = 2, .fail = OCI_E_DIGEST }),
            BUDGETS[i]);

        assert_fails(OCI_E_DIGEST, &err, oci_reader_drain(r, &err));
        assert_string_equal(err.msg, "planned failure");
        assert_int_equal(oci_reader_count(r), 7);
        assert_fails(OCI_E_DIGEST, &err, oci_reader_drain(r, &err));
    }
}

/* The budget is a bound: the source is not asked for more than fits, plus the span in its hand. */
OCI_TEST (async, runs_ahead_no_further_than_its_budget) {
    static const char zeros[1000];
    atomic_int calls = 0;
    OCI_AUTO(oci_reader) r = NULL;
    oci_error err = OCI_ERROR_INIT;
    oci_span span;

    r = async_of(oci_test_reader(&(struct oci_test_source) {
                     .data = zeros, .len = sizeof zeros, .total = 1000000, .calls = &calls }),
                 10000);
    assert_ok(&err, oci_reader_next(r, &span, &err));
    for (int i = 0; i < 100 && calls < 10; i++)
        usleep(1000);
    usleep(5000);
    assert_in_range(calls, 1, 11);
}

// proves: safety.14
OCI_TEST (async, can_be_freed_at_any_time) {
    static const char zeros[64];
    oci_error err = OCI_ERROR_INIT;

    for (size_t i = 0; i < N_BUDGETS; i++) {
        for (int spans = 0; spans < 20; spans++) {
            atomic_int freed = 0;
            oci_reader *r = async_of(oci_test_reader(&(struct oci_test_source) {
                                         .data = zeros, .len = 64, .total = UINT64_MAX, .freed = &freed }),
                                     BUDGETS[i]);
            oci_span span;

            for (int k = 0; k < spans; k++)
                assert_ok(&err, oci_reader_next(r, &span, &err));
            if (spans % 3 == 0)
                usleep(200);
            oci_reader_free(r);
            assert_int_equal(freed, 1);
        }
    }
}

OCI_TEST (async, can_be_freed_after_its_end_and_its_failure) {
    static const int codes[] = { 0, OCI_E_IO };

    for (size_t i = 0; i < 2; i++) {
        for (int wait = 0; wait < 2; wait++) {
            atomic_int freed = 0;
            oci_reader *r = async_of(oci_test_reader(&(struct oci_test_source) {
                                         .data = "ab", .len = 2, .fail = codes[i], .freed = &freed }),
                                     0);

            if (wait)
                usleep(1000);
            else
                oci_reader_drain(r, NULL);
            oci_reader_free(r);
            assert_int_equal(freed, 1);
        }
    }
}

OCI_TEST (async, stands_slow_producers_and_slow_consumers) {
    oci_error err = OCI_ERROR_INIT;
    char data[200];

    oci_test_fill(data, sizeof data, 23);
    for (int slow = 0; slow < 2; slow++) {
        OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
        OCI_AUTO(oci_reader)
        r = async_of(oci_test_reader(&(struct oci_test_source) {
                         .data = data, .len = sizeof data, .step = 5, .delay = slow ? 0 : 200 }),
                     20);
        oci_span span;

        do {
            assert_ok(&err, oci_reader_next(r, &span, &err));
            assert_ok(&err, oci_buf_append(&out, span.data, span.len, &err));
            if (slow)
                usleep(200);
        } while (span.len > 0);
        assert_buf_equal(&out, data, sizeof data);
    }
}

OCI_TEST (async, ends_while_its_producer_is_slow) {
    atomic_int freed = 0;
    oci_reader *r = async_of(oci_test_reader(&(struct oci_test_source) {
                                 .data = "ab", .len = 2, .step = 1, .total = 1000000, .delay = 2000, .freed = &freed }),
                             0);

    usleep(1000);
    oci_reader_free(r);
    assert_int_equal(freed, 1);
}

OCI_TEST (async, can_be_stacked_and_freed_half_way) {
    static const char zeros[100];
    oci_error err = OCI_ERROR_INIT;

    for (int spans = 0; spans < 30; spans++) {
        atomic_int freed = 0;
        oci_reader *r = oci_test_reader(&(struct oci_test_source) {
            .data = zeros, .len = sizeof zeros, .total = spans % 2 ? UINT64_MAX : 2000, .freed = &freed });
        oci_span span;

        for (int depth = 0; depth < 3; depth++)
            r = async_of(r, 1 + (size_t)(spans * 7) % 300);
        for (int k = 0; k < spans; k++)
            assert_ok(&err, oci_reader_next(r, &span, &err));
        oci_reader_free(r);
        assert_int_equal(freed, 1);
    }
}

// proves: descriptor.digest.verify layer.media.gzip
OCI_TEST (async, carries_a_whole_chain) {
    enum { N = 3000000 };
    OCI_AUTO_BUF oci_buf blob = OCI_BUF_INIT;
    OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
    oci_error err = OCI_ERROR_INIT;
    oci_digest stored, plain, found;
    oci_reader *r, *hash;
    char *data = malloc(N);

    assert_non_null(data);
    oci_test_fill(data, N, 29);
    oci_test_compress(OCI_COMPRESSION_GZIP, 1, data, N, &blob);
    assert_ok(&err, oci_digest_of(OCI_DIGEST_SHA256, blob.data, blob.len, &stored, &err));
    assert_ok(&err, oci_digest_of(OCI_DIGEST_SHA256, data, N, &plain, &err));
    r = oci_test_chunks(blob.data, blob.len, 10000);
    assert_ok(&err, oci_reader_verify(r, &stored, blob.len, &r, &err));
    r = async_of(r, 0);
    assert_ok(&err, oci_reader_decompress(r, OCI_COMPRESSION_GZIP, 0, &r, &err));
    assert_ok(&err, oci_reader_hash(r, OCI_DIGEST_SHA256, &r, &err));
    hash = r;
    r = async_of(r, 0);
    assert_ok(&err, oci_reader_read_all(r, 0, &out, &err));
    assert_buf_equal(&out, data, N);
    /* The thread has handed over its end, so what it has seen may be looked at. */
    assert_ok(&err, oci_reader_digest(hash, &found, &err));
    assert_true(oci_digest_equal(&found, &plain));
    oci_reader_free(r);
    free(data);
}

/* Gives nothing before another source was read so often. */
struct gate {
    atomic_int calls;
    int wanted;
};

static int gate_next(void *ctx, oci_span *out, oci_error *err)
{
    struct gate *g = ctx;

    for (int i = 0; atomic_load(&g->calls) < g->wanted; i++) {
        if (i == 100000)
            return oci_fail(err, OCI_E_IO, "nobody helps");
        usleep(100);
    }
    *out = (oci_span) { NULL, 0 };
    return 0;
}

/* The reader that waits does what it can for the one it waits for. */
OCI_TEST (async, helps_instead_of_waiting) {
    enum { N = 500000, STEP = 100000 };
    static char data[N];
    OCI_AUTO(oci_reader) blob = NULL;
    OCI_AUTO(oci_reader) r = NULL;
    oci_error err = OCI_ERROR_INIT;
    struct gate gate = { .wanted = N / STEP };
    oci_digest want;

    oci_test_fill(data, N, 31);
    assert_ok(&err, oci_digest_of(OCI_DIGEST_SHA256, data, N, &want, &err));
    blob = oci_test_reader(&(struct oci_test_source) { .data = data, .len = N, .step = STEP, .calls = &gate.calls });
    assert_ok(&err, oci_reader_verify(oci_steal(&blob), &want, N, &blob, &err));
    assert_ok(&err, oci_reader_hash_later(blob, true, &err));
    assert_ok(&err, oci_reader_from_callbacks(&(oci_reader_callbacks) { gate_next, NULL }, &gate, &r, &err));
    assert_ok(&err, oci_reader_run_ahead(oci_steal(&r), &(oci_ahead) { .helped = blob }, &r, &err));
    assert_ok(&err, oci_reader_drain(r, &err));
    assert_ok(&err, oci_reader_drain(blob, &err));
}

static pthread_t source_thread;

static int note_thread(void *ctx, oci_span *out, oci_error *err)
{
    sigset_t *mask = ctx;

    (void)err;
    source_thread = pthread_self();
    pthread_sigmask(SIG_SETMASK, NULL, mask);
    *out = (oci_span) { NULL, 0 };
    return 0;
}

OCI_TEST (async, takes_no_signals_and_leaves_the_callers_mask_alone) {
    sigset_t inside, before, after;
    oci_error err = OCI_ERROR_INIT;
    oci_reader *r = NULL;

    pthread_sigmask(SIG_SETMASK, NULL, &before);
    assert_ok(&err, oci_reader_from_callbacks(&(oci_reader_callbacks) { note_thread, NULL }, &inside, &r, &err));
    r = async_of(r, 0);
    assert_ok(&err, oci_reader_drain(r, &err));
    oci_reader_free(r);
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    assert_false(pthread_equal(source_thread, pthread_self()));
    for (int s = 1; s < 32; s++) {
        assert_int_equal(sigismember(&before, s), sigismember(&after, s));
        if (s != SIGKILL && s != SIGSTOP)
            assert_int_equal(sigismember(&inside, s), 1);
    }
}

OCI_TEST (async, refuses_a_budget_beyond_memory) {
    atomic_int freed = 0;
    oci_reader *r = oci_test_reader(&(struct oci_test_source) { .data = "a", .len = 1, .freed = &freed });
    oci_error err = OCI_ERROR_INIT;
    oci_reader *out = NULL;

    oci_alloc_fail_at(2);
    assert_fails(OCI_E_NOMEM, &err, oci_reader_async(r, 1 << 20, &out, &err));
    oci_alloc_fail_at(0);
    assert_null(out);
    assert_int_equal(freed, 1);
}
