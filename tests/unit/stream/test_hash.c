/* SPDX-License-Identifier: Apache-2.0 */
#include "help.h"

#include <pthread.h>

#include "digest/digest_auto.h"

static const char TEXT[] = "The end is the proof.";
enum { TEXT_LEN = sizeof TEXT - 1 };

static oci_digest digest_of(const void *p, size_t n)
{
    oci_digest d;
    oci_error err = OCI_ERROR_INIT;

    assert_ok(&err, oci_digest_of(OCI_DIGEST_SHA256, p, n, &d, &err));
    return d;
}

// proves: descriptor.digest.verify digest.calculation safety.11
OCI_TEST (verify, passes_the_right_bytes_however_they_are_cut) {
    oci_digest want = digest_of(TEXT, TEXT_LEN);
    oci_error err = OCI_ERROR_INIT;

    for (size_t step = 1; step <= TEXT_LEN; step++) {
        OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
        oci_reader *r = NULL;

        assert_ok(&err, oci_reader_verify(oci_test_chunks(TEXT, TEXT_LEN, step), &want, TEXT_LEN, &r, &err));
        assert_ok(&err, oci_test_read(r, &out, &err));
        assert_buf_equal(&out, TEXT, TEXT_LEN);
        out.len = 0;
        assert_ok(&err, oci_reader_verify(oci_test_chunks(TEXT, TEXT_LEN, step), &want, OCI_SIZE_UNKNOWN, &r, &err));
        assert_ok(&err, oci_test_read(r, &out, &err));
    }
}

// proves: descriptor.digest.verify safety.11
OCI_TEST (verify, reports_a_wrong_digest_instead_of_the_end) {
    oci_digest want = digest_of(TEXT, TEXT_LEN);
    oci_error err = OCI_ERROR_INIT;

    for (size_t at = 0; at < TEXT_LEN; at++) {
        char damaged[TEXT_LEN], wanted[OCI_DIGEST_MAX_TEXT], found[OCI_DIGEST_MAX_TEXT];
        oci_digest have;
        OCI_AUTO(oci_reader) r = NULL;
        oci_span span;

        memcpy(damaged, TEXT, TEXT_LEN);
        damaged[at] ^= 4;
        have = digest_of(damaged, TEXT_LEN);
        oci_digest_format(&want, wanted, sizeof wanted);
        oci_digest_format(&have, found, sizeof found);
        assert_ok(&err, oci_reader_verify(oci_test_chunks(damaged, TEXT_LEN, 0), &want, TEXT_LEN, &r, &err));
        assert_ok(&err, oci_reader_next(r, &span, &err));
        assert_int_equal(span.len, TEXT_LEN);
        assert_fails(OCI_E_DIGEST, &err, oci_reader_next(r, &span, &err));
        assert_text(&err, wanted);
        assert_text(&err, found);
        assert_fails(OCI_E_DIGEST, &err, oci_reader_next(r, &span, &err));
    }
}

// proves: descriptor.size.mismatch-untrusted descriptor.size.raw-bytes digest.verify.size-first
OCI_TEST (verify, stops_before_the_first_byte_too_many) {
    oci_digest want = digest_of(TEXT, TEXT_LEN);
    oci_error err = OCI_ERROR_INIT;

    for (uint64_t size = 0; size < TEXT_LEN; size++) {
        for (size_t step = 1; step <= TEXT_LEN; step++) {
            OCI_AUTO(oci_reader) r = NULL;

            assert_ok(&err, oci_reader_verify(oci_test_chunks(TEXT, TEXT_LEN, step), &want, size, &r, &err));
            assert_fails(OCI_E_SIZE, &err, oci_reader_drain(r, &err));
            assert_true(oci_reader_count(r) <= size);
        }
    }
}

// proves: descriptor.size.mismatch-untrusted digest.verify.size-first
OCI_TEST (verify, does_not_read_on_behind_the_size) {
    oci_digest want = digest_of("", 0);
    OCI_AUTO(oci_reader) r = NULL;
    oci_error err = OCI_ERROR_INIT;
    atomic_int calls = 0;
    static const char zeros[4096];

    r = oci_test_reader(
        &(struct oci_test_source) { .data = zeros, .len = sizeof zeros, .total = UINT64_C(1) << 40, .calls = &calls });
    assert_ok(&err, oci_reader_verify(oci_steal(&r), &want, 10000, &r, &err));
    assert_fails(OCI_E_SIZE, &err, oci_reader_drain(r, &err));
    assert_fails(OCI_E_SIZE, &err, oci_reader_drain(r, &err));
    assert_int_equal(calls, 3);
}

// proves: descriptor.size.mismatch-untrusted
OCI_TEST (verify, reports_missing_bytes_as_a_size) {
    oci_digest want = digest_of(TEXT, TEXT_LEN);
    OCI_AUTO(oci_reader) r = NULL;
    oci_error err = OCI_ERROR_INIT;

    assert_ok(&err, oci_reader_verify(oci_test_chunks(TEXT, TEXT_LEN - 1, 4), &want, TEXT_LEN, &r, &err));
    assert_fails(OCI_E_SIZE, &err, oci_reader_drain(r, &err));
    assert_text(&err, "21");
    assert_text(&err, "20");
}

// proves: descriptor.size.zero-allowed
OCI_TEST (verify, accepts_nothing_where_nothing_is_promised) {
    oci_digest want = digest_of("", 0);
    OCI_AUTO(oci_reader) r = NULL;
    oci_error err = OCI_ERROR_INIT;

    assert_ok(&err, oci_reader_verify(oci_test_chunks("", 0, 1), &want, 0, &r, &err));
    assert_ok(&err, oci_reader_drain(r, &err));
}

OCI_TEST (verify, passes_on_a_failure_of_its_source) {
    oci_digest want = digest_of(TEXT, TEXT_LEN);
    OCI_AUTO(oci_reader) r = NULL;
    oci_error err = OCI_ERROR_INIT;

    r = oci_test_reader(&(struct oci_test_source) { .data = TEXT, .len = 5, .fail = OCI_E_IO });
    assert_ok(&err, oci_reader_verify(oci_steal(&r), &want, TEXT_LEN, &r, &err));
    assert_fails(OCI_E_IO, &err, oci_reader_drain(r, &err));
}

/* Reads n bytes in spans of step and hashes what is at begin to end besides, in pieces. */
static int read_and_hash(const char *data, size_t n, size_t step, const oci_digest *want, size_t begin, size_t end,
                         oci_digest *part, oci_error *err)
{
    OCI_AUTO(oci_digester) also = NULL;
    OCI_AUTO(oci_reader) r = NULL;
    oci_span span;
    size_t at = 0;

    assert_ok(err, oci_digester_new(OCI_DIGEST_SHA256, &also, err));
    assert_ok(err, oci_reader_verify(oci_test_chunks(data, n, step), want, OCI_SIZE_UNKNOWN, &r, err));
    for (;;) {
        int result = oci_reader_next(r, &span, err);

        if (result < 0)
            return result;
        if (span.len == 0)
            break;
        for (size_t i = 0; i < span.len; i += 100) {
            size_t m = span.len - i < 100 ? span.len - i : 100;

            if (at + i >= begin && at + i + m <= end)
                oci_reader_hash_too(r, also, (const char *)span.data + i, m);
        }
        at += span.len;
    }
    return oci_digester_final(also, part, err);
}

// proves: descriptor.digest.verify digest.calculation
OCI_TEST (verify, hashes_together_with_others) {
    enum { N = 6400 };
    oci_error err = OCI_ERROR_INIT;
    oci_digest whole, part, got;
    char data[N];

    oci_test_fill(data, N, 7);
    assert_ok(&err, oci_digest_of(OCI_DIGEST_SHA256, data, N, &whole, &err));
    for (size_t begin = 0; begin <= N; begin += 1600)
        for (size_t end = begin; end <= N; end += 800)
            for (size_t step = 100; step <= N; step *= 2) {
                assert_ok(&err, oci_digest_of(OCI_DIGEST_SHA256, data + begin, end - begin, &part, &err));
                assert_ok(&err, read_and_hash(data, N, step, &whole, begin, end, &got, &err));
                assert_true(oci_digest_equal(&got, &part));
                assert_fails(OCI_E_DIGEST, &err, read_and_hash(data, N - 1, step, &whole, begin, end, &got, &err));
            }
}

OCI_TEST (verify, hashes_for_others_what_is_not_its_own) {
    static const char text[] = "somewhere else";
    oci_error err = OCI_ERROR_INIT;
    OCI_AUTO(oci_digester) also = NULL;
    OCI_AUTO(oci_reader) r = NULL;
    oci_digest want, got;
    oci_span span;

    assert_ok(&err, oci_digester_new(OCI_DIGEST_SHA256, &also, &err));
    assert_ok(&err, oci_digest_of(OCI_DIGEST_SHA256, "abc", 3, &want, &err));
    assert_ok(&err, oci_reader_verify(oci_test_chunks("abc", 3, 3), &want, 3, &r, &err));
    assert_ok(&err, oci_reader_next(r, &span, &err));
    oci_reader_hash_too(r, also, text, 4);
    oci_reader_hash_too(NULL, also, text + 4, sizeof text - 1 - 4);
    assert_ok(&err, oci_digester_final(also, &got, &err));
    assert_ok(&err, oci_reader_drain(r, &err));
    assert_ok(&err, oci_digest_of(OCI_DIGEST_SHA256, text, sizeof text - 1, &want, &err));
    assert_true(oci_digest_equal(&got, &want));
}

enum beside { NOBODY, IN_TURN, /* and in another thread: */ WHILE_IT_READS, INSTEAD_OF_WAITING };

/* Reads n bytes, which should have the digest want, in spans of step, while other bytes are hashed beside, or none. */
static int read_beside(const char *data, size_t n, size_t step, const oci_digest *want, enum beside how, oci_error *err)
{
    static const char other[4321] = "something else";
    OCI_AUTO(oci_reader) blob = NULL;
    OCI_AUTO(oci_reader) r = NULL;
    OCI_AUTO(oci_digester) also = NULL;
    OCI_AUTO(oci_digester) alone = NULL;
    oci_digest got, expected;
    oci_span span = { NULL, 1 };
    oci_ahead ahead = { 0 };
    int result;

    assert_ok(err, oci_digester_new(OCI_DIGEST_SHA256, &also, err));
    assert_ok(err, oci_digester_new(OCI_DIGEST_SHA256, &alone, err));
    assert_ok(err, oci_reader_verify(oci_test_chunks(data, n, step), want, OCI_SIZE_UNKNOWN, &blob, err));
    ahead.helped = how == INSTEAD_OF_WAITING ? blob : NULL;
    assert_ok(err, oci_reader_hash_later(blob, how >= WHILE_IT_READS, err));
    assert_ok(err, oci_reader_borrow(blob, NULL, &r, err));
    if (how >= WHILE_IT_READS)
        assert_ok(err, oci_reader_run_ahead(oci_steal(&r), &ahead, &r, err));
    while ((result = oci_reader_next(r, &span, err)) == 0 && span.len > 0) {
        assert_memory_equal(span.data, data + oci_reader_count(r) - span.len, span.len);
        if (how == NOBODY || how == INSTEAD_OF_WAITING)
            continue;
        oci_reader_update_beside(blob, also, (oci_span) { other, sizeof other });
        oci_digester_update(alone, other, sizeof other);
        oci_reader_update_beside(blob, also, span);
        oci_digester_update(alone, span.data, span.len);
    }
    assert_int_equal(oci_digester_final(also, &got, NULL), 0);
    assert_int_equal(oci_digester_final(alone, &expected, NULL), 0);
    assert_true(oci_digest_equal(&got, &expected));
    return result;
}

// proves: descriptor.digest.verify digest.calculation
OCI_TEST (verify, hashes_beside_others) {
    enum { N = 3000000 };
    oci_error err = OCI_ERROR_INIT;
    OCI_AUTO_MEM char *data = oci_alloc(N);
    oci_digest want;

    assert_non_null(data);
    oci_test_fill(data, N, 8);
    assert_ok(&err, oci_digest_of(OCI_DIGEST_SHA256, data, N, &want, &err));
    for (enum beside how = NOBODY; how <= INSTEAD_OF_WAITING; how++)
        for (size_t step = 1000; step < 4 * (size_t)N; step *= 17) {
            assert_ok(&err, read_beside(data, N, step, &want, how, &err));
            assert_fails(OCI_E_DIGEST, &err, read_beside(data, N - 1, step, &want, how, &err));
        }
}

struct other_thread {
    oci_reader *blob;
    oci_digester *also;
    atomic_bool over;
};

static void *hash_beside(void *arg)
{
    static const char other[50000];
    struct other_thread *b = arg;

    while (!atomic_load(&b->over))
        oci_reader_update_beside(b->blob, b->also, (oci_span) { other, sizeof other });
    return NULL;
}

/* Two threads read and hash, and each is at times far behind the other. */
OCI_TEST (verify, is_read_while_others_read_ahead) {
    enum { N = 1000000, TOTAL = 100 * N };
    oci_error err = OCI_ERROR_INIT;
    OCI_AUTO_MEM char *data = oci_alloc(N);
    OCI_AUTO(oci_digester) whole = NULL;
    oci_digest want;

    assert_non_null(data);
    oci_test_fill(data, N, 11);
    assert_ok(&err, oci_digester_new(OCI_DIGEST_SHA256, &whole, &err));
    for (uint64_t n = 0; n < TOTAL; n += N)
        oci_digester_update(whole, data, N);
    assert_ok(&err, oci_digester_final(whole, &want, &err));
    for (size_t step = 60000; step < N; step *= 4) {
        const struct oci_test_source source = { data, N, .total = TOTAL, .step = step };
        OCI_AUTO(oci_reader) blob = NULL;
        OCI_AUTO(oci_digester) also = NULL;
        struct other_thread b = { 0 };
        pthread_t thread;

        assert_ok(&err, oci_digester_new(OCI_DIGEST_SHA256, &also, &err));
        assert_ok(&err, oci_reader_verify(oci_test_reader(&source), &want, TOTAL, &blob, &err));
        assert_ok(&err, oci_reader_hash_later(blob, true, &err));
        b.blob = blob;
        b.also = also;
        assert_int_equal(pthread_create(&thread, NULL, hash_beside, &b), 0);
        assert_ok(&err, oci_reader_drain(blob, &err));
        atomic_store(&b.over, true);
        pthread_join(thread, NULL);
    }
}

/* A layer whose archive is wrong is read to its end nevertheless, by whoever opened it. */
OCI_TEST (verify, hashes_the_rest_itself) {
    enum { N = 1500000 };
    oci_error err = OCI_ERROR_INIT;
    OCI_AUTO_MEM char *data = oci_alloc(N);
    OCI_AUTO(oci_reader) blob = NULL;
    OCI_AUTO(oci_reader) r = NULL;
    oci_digest want;
    oci_span span;

    assert_non_null(data);
    oci_test_fill(data, N, 9);
    assert_ok(&err, oci_digest_of(OCI_DIGEST_SHA256, data, N, &want, &err));
    assert_ok(&err, oci_reader_verify(oci_test_chunks(data, N, 70000), &want, N, &blob, &err));
    assert_ok(&err, oci_reader_hash_later(blob, true, &err));
    assert_ok(&err, oci_reader_borrow(blob, NULL, &r, &err));
    assert_ok(&err, oci_reader_async(oci_steal(&r), 0, &r, &err));
    assert_ok(&err, oci_reader_next(r, &span, &err));
    oci_reader_free(oci_steal(&r));
    assert_ok(&err, oci_reader_drain(blob, &err));
}

/* Whoever hashes beside reads ahead; what goes wrong then is told where it belongs. */
// proves: descriptor.size.mismatch-untrusted
OCI_TEST (verify, reads_ahead) {
    enum { STEP = 100000, N = 5 * STEP, LESS = N - STEP / 2 };
    static const struct {
        uint64_t size;
        int fail, expected;
        size_t given; /* bytes, until there is an end or a failure */
    } cases[] = {
        { N, 0, 0, N },
        { N, OCI_E_IO, OCI_E_IO, N },
        { LESS, 0, OCI_E_SIZE, N - STEP },
        { LESS, OCI_E_IO, OCI_E_SIZE, N - STEP },
        { N + 1, 0, OCI_E_SIZE, N },
    };
    oci_error err = OCI_ERROR_INIT;
    OCI_AUTO_MEM char *data = oci_alloc(N);
    oci_digest want;

    assert_non_null(data);
    oci_test_fill(data, N, 10);
    assert_ok(&err, oci_digest_of(OCI_DIGEST_SHA256, data, N, &want, &err));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        atomic_int calls = 0;
        struct oci_test_source source = { data, N, .step = STEP, .fail = cases[i].fail, .calls = &calls };
        OCI_AUTO(oci_reader) blob = NULL;
        OCI_AUTO(oci_digester) also = NULL;
        oci_span span = { NULL, 1 };
        int r;

        assert_ok(&err, oci_digester_new(OCI_DIGEST_SHA256, &also, &err));
        assert_ok(&err, oci_reader_verify(oci_test_reader(&source), &want, cases[i].size, &blob, &err));
        assert_ok(&err, oci_reader_hash_later(blob, true, &err));
        while ((r = oci_reader_next(blob, &span, &err)) == 0 && span.len > 0) {
            assert_memory_equal(span.data, data + oci_reader_count(blob) - span.len, span.len);
            oci_reader_update_beside(blob, also, (oci_span) { "x", 1 });
            assert_true(atomic_load(&calls) >= N / STEP);
        }
        assert_int_equal(r, cases[i].expected);
        assert_int_equal(oci_reader_count(blob), cases[i].given);
    }
}

/* Whoever has nothing else to do reads all there is room for, and hashes it, piece by piece in turn. */
// proves: descriptor.digest.verify
OCI_TEST (verify, is_caught_up_with) {
    enum { STEP = 100000, N = 20 * STEP, FIT = (OCI_STREAM_BACKLOG - OCI_STREAM_CHUNK) / STEP + 1 };
    static const struct {
        size_t n, wrong; /* bytes, and those less that have the digest */
        int pieces;
    } cases[] = { { 7 * STEP, 0, 7 }, { 7 * STEP, 1, 7 }, { N, 0, FIT }, { N, 1, FIT } };
    oci_error err = OCI_ERROR_INIT;
    OCI_AUTO_MEM char *data = oci_alloc(N);

    assert_false(oci_reader_catch_up(NULL));
    assert_non_null(data);
    oci_test_fill(data, N, 12);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const size_t n = cases[i].n;
        atomic_int calls = 0;
        OCI_AUTO(oci_reader) blob = NULL;
        oci_digest want;
        int steps = 0;

        blob = oci_test_reader(&(struct oci_test_source) { .data = data, .len = n, .step = STEP, .calls = &calls });
        assert_ok(&err, oci_digest_of(OCI_DIGEST_SHA256, data, n - cases[i].wrong, &want, &err));
        assert_ok(&err, oci_reader_verify(oci_steal(&blob), &want, n, &blob, &err));
        assert_false(oci_reader_catch_up(blob));
        assert_ok(&err, oci_reader_hash_later(blob, true, &err));
        while (oci_reader_catch_up(blob))
            steps++;
        assert_int_equal(steps, 2 * cases[i].pieces);
        assert_int_equal(atomic_load(&calls), cases[i].pieces + (n < N));
        assert_int_equal(oci_reader_drain(blob, &err), cases[i].wrong > 0 ? OCI_E_DIGEST : 0);
        assert_int_equal(oci_reader_count(blob), n);
        assert_false(oci_reader_catch_up(blob));
    }
}

OCI_TEST (verify, takes_its_source_when_it_cannot_be_made) {
    atomic_int freed = 0;
    oci_reader *r = oci_test_reader(&(struct oci_test_source) { .data = "x", .len = 1, .freed = &freed });
    oci_error err = OCI_ERROR_INIT;
    oci_digest none = { 0 };
    oci_reader *out = NULL;

    assert_true(oci_reader_verify(r, &none, 1, &out, &err) < 0);
    assert_null(out);
    assert_int_equal(freed, 1);
}

// proves: diffid.uncompressed digest.calculation
OCI_TEST (hash, tells_both_digests_of_a_compressed_stream) {
    static const oci_compression kinds[] = { OCI_COMPRESSION_NONE, OCI_COMPRESSION_GZIP, OCI_COMPRESSION_ZSTD };
    oci_digest plain = digest_of(TEXT, TEXT_LEN);

    for (size_t i = 0; i < 3; i++) {
        OCI_AUTO_BUF oci_buf blob = OCI_BUF_INIT;
        oci_error err = OCI_ERROR_INIT;
        OCI_AUTO(oci_reader) r = NULL;
        oci_digest stored, found;

        oci_test_compress(kinds[i], 0, TEXT, TEXT_LEN, &blob);
        stored = digest_of(blob.data, blob.len);
        assert_int_equal(oci_digest_equal(&stored, &plain), kinds[i] == OCI_COMPRESSION_NONE);
        assert_ok(&err, oci_reader_verify(oci_test_chunks(blob.data, blob.len, 7), &stored, blob.len, &r, &err));
        assert_ok(&err, oci_reader_decompress(oci_steal(&r), kinds[i], 0, &r, &err));
        assert_ok(&err, oci_reader_hash(oci_steal(&r), OCI_DIGEST_SHA256, &r, &err));
        assert_ok(&err, oci_reader_drain(r, &err));
        assert_ok(&err, oci_reader_digest(r, &found, &err));
        assert_true(oci_digest_equal(&found, &plain));
        assert_int_equal(oci_reader_count(r), TEXT_LEN);
    }
}

OCI_TEST (hash, has_no_digest_before_the_end_or_after_a_failure) {
    OCI_AUTO(oci_reader) r = NULL;
    OCI_AUTO(oci_reader) plain = oci_test_chunks("x", 1, 1);
    oci_error err = OCI_ERROR_INIT;
    oci_digest d;
    oci_span span;

    r = oci_test_reader(&(struct oci_test_source) { .data = TEXT, .len = 5, .fail = OCI_E_IO });
    assert_ok(&err, oci_reader_hash(oci_steal(&r), OCI_DIGEST_SHA512, &r, &err));
    assert_fails(OCI_E_USAGE, &err, oci_reader_digest(r, &d, &err));
    assert_ok(&err, oci_reader_next(r, &span, &err));
    assert_fails(OCI_E_USAGE, &err, oci_reader_digest(r, &d, &err));
    assert_fails(OCI_E_IO, &err, oci_reader_drain(r, &err));
    assert_fails(OCI_E_USAGE, &err, oci_reader_digest(r, &d, &err));
    assert_fails(OCI_E_USAGE, &err, oci_reader_digest(plain, &d, &err));
}

// proves: diffid.uncompressed
OCI_TEST (hash, tells_both_digests_while_writing) {
    OCI_AUTO_BUF oci_buf blob = OCI_BUF_INIT;
    OCI_AUTO(oci_writer) w = NULL;
    oci_error err = OCI_ERROR_INIT;
    const oci_writer *outer;
    oci_digest plain = digest_of(TEXT, TEXT_LEN), stored, found;

    assert_ok(&err, oci_writer_to_buf(&blob, &w, &err));
    assert_ok(&err, oci_writer_hash(oci_steal(&w), OCI_DIGEST_SHA256, &w, &err));
    outer = w;
    assert_ok(&err, oci_writer_compress(oci_steal(&w), OCI_COMPRESSION_GZIP, NULL, &w, &err));
    assert_ok(&err, oci_writer_hash(oci_steal(&w), OCI_DIGEST_SHA256, &w, &err));
    assert_ok(&err, oci_writer_write(w, TEXT, 4, &err));
    assert_ok(&err, oci_writer_write(w, TEXT + 4, TEXT_LEN - 4, &err));
    assert_fails(OCI_E_USAGE, &err, oci_writer_digest(w, &found, &err));
    assert_ok(&err, oci_writer_finish(w, &err));
    assert_ok(&err, oci_writer_digest(w, &found, &err));
    assert_true(oci_digest_equal(&found, &plain));
    assert_ok(&err, oci_writer_digest(outer, &found, &err));
    stored = digest_of(blob.data, blob.len);
    assert_true(oci_digest_equal(&found, &stored));
    assert_int_equal(oci_writer_count(outer), blob.len);
}

OCI_TEST (hash, has_no_digest_when_the_destination_failed) {
    struct oci_test_sink sink = { .finish_code = OCI_E_IO };
    oci_writer *w = oci_test_writer(&sink);
    OCI_AUTO(oci_writer) null = NULL;
    oci_error err = OCI_ERROR_INIT;
    oci_digest d;

    assert_ok(&err, oci_writer_hash(w, OCI_DIGEST_SHA256, &w, &err));
    assert_ok(&err, oci_writer_write(w, "a", 1, &err));
    assert_fails(OCI_E_IO, &err, oci_writer_finish(w, &err));
    assert_fails(OCI_E_USAGE, &err, oci_writer_digest(w, &d, &err));
    oci_writer_free(w);
    assert_int_equal(sink.freed, 1);
    assert_ok(&err, oci_writer_to_null(&null, &err));
    assert_fails(OCI_E_USAGE, &err, oci_writer_digest(null, &d, &err));
}
