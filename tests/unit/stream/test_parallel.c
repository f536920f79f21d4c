/* SPDX-License-Identifier: Apache-2.0 */
/* Decoding in several threads: nothing shows but the time. */
#include "help.h"

#include <dirent.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

static const oci_compression KINDS[] = { OCI_COMPRESSION_GZIP, OCI_COMPRESSION_ZSTD };
enum { MIB = 1 << 20, ENOUGH = 64 * MIB };

static const oci_ahead FOUR = { .threads = 4, .memory = ENOUGH };
static const oci_digest ANY = { .alg = OCI_DIGEST_SHA256, .len = 32 };
static const oci_ahead VERIFYING = { .threads = 1, .verify = &ANY };

/* Units of these sizes, each as large as its writer makes them at most. */
static void put_units(oci_compression kind, const size_t *sizes, size_t n, oci_buf *out)
{
    static char data[MIB];

    for (size_t i = 0; i < n; i++) {
        oci_test_fill(data, sizes[i], (uint32_t)(i * 7 + 1));
        oci_test_compress(kind, 1, data, sizes[i], out);
    }
}

static void put_row(oci_compression kind, size_t n, oci_buf *out)
{
    static const size_t usual[] = { MIB, MIB, MIB, MIB, MIB, MIB, MIB, MIB, MIB, MIB, 70000 };

    assert_true(n <= sizeof usual / sizeof *usual);
    put_units(kind, usual + sizeof usual / sizeof *usual - n, n, out);
}

/* What a reader has given, and how it ended. */
struct outcome {
    oci_buf bytes;
    oci_error err;
    int result;
};

static void outcome_free(struct outcome *o)
{
    oci_buf_free(&o->bytes);
}

static struct outcome outcome_of(oci_reader *r)
{
    struct outcome o = { .bytes = OCI_BUF_INIT, .err = OCI_ERROR_INIT };
    oci_span span;

    do {
        o.result = oci_reader_next(r, &span, &o.err);
        if (o.result == 0) {
            assert_true(span.len <= OCI_STREAM_CHUNK);
            assert_ok(&o.err, oci_buf_append(&o.bytes, span.data, span.len, &o.err));
        }
    } while (o.result == 0 && span.len > 0);
    oci_reader_free(r);
    return o;
}

struct input {
    oci_compression kind;
    const oci_buf *in;
    size_t step;
    int fail;
    uint32_t max_ratio;
};

static oci_reader *source_of(const struct input *i)
{
    return oci_test_reader(
        &(struct oci_test_source) { .data = i->in->data, .len = i->in->len, .step = i->step, .fail = i->fail });
}

static struct outcome serially(const struct input *i)
{
    oci_reader *r = source_of(i);
    oci_error err = OCI_ERROR_INIT;

    assert_ok(&err, oci_reader_decompress(r, i->kind, i->max_ratio, &r, &err));
    return outcome_of(r);
}

static struct outcome at_once(const struct input *i, const oci_ahead *o)
{
    oci_reader *r = source_of(i);
    oci_error err = OCI_ERROR_INIT;

    assert_ok(&err, oci_reader_decompress_ahead(r, i->kind, i->max_ratio, o, &r, &err));
    return outcome_of(r);
}

/* src (taken), whose digest should be want, is verified by whoever waits for it to be decoded. */
static int help_decoding(oci_reader *src, oci_compression kind, uint32_t max_ratio, const oci_digest *want,
                         const oci_ahead *o, oci_reader **out, oci_error *err)
{
    OCI_AUTO(oci_reader) r = src;
    oci_ahead helping = *o;
    int result = oci_reader_verify(oci_steal(&r), want, OCI_SIZE_UNKNOWN, &r, err);

    if (result == 0)
        result = oci_reader_hash_later(r, true, err);
    helping.helped = r;
    return result < 0 ? result : oci_reader_decompress_ahead(oci_steal(&r), kind, max_ratio, &helping, out, err);
}

static oci_digest digest_of(const oci_buf *b)
{
    oci_error err = OCI_ERROR_INIT;
    oci_digest d;

    assert_ok(&err, oci_digest_of(OCI_DIGEST_SHA256, b->data, b->len, &d, &err));
    return d;
}

static struct outcome with_help(const struct input *i, const oci_ahead *o)
{
    const oci_digest want = digest_of(i->in);
    oci_error err = OCI_ERROR_INIT;
    oci_reader *r = NULL;

    assert_ok(&err, help_decoding(source_of(i), i->kind, i->max_ratio, &want, o, &r, &err));
    return outcome_of(r);
}

/* What an error says, without the numbers of data that has grown too much: they are those of the end of a span. */
static size_t length_of_words(const oci_error *err)
{
    const char *numbers = strstr(err->msg, "-fold: ");

    return numbers != NULL ? (size_t)(numbers - err->msg) : strlen(err->msg);
}

/* The same bytes and the same words, whatever is wrong with the data. */
static int compare(struct outcome one, struct outcome many)
{
    /* How much of a damaged unit comes before the error depends on where spans end. */
    const size_t common = one.bytes.len < many.bytes.len ? one.bytes.len : many.bytes.len;
    const int result = one.result;

    if (many.result != one.result)
        print_error("'%s' is not '%s'\n", many.err.msg, one.err.msg);
    assert_int_equal(many.result, one.result);
    many.err.msg[length_of_words(&many.err)] = one.err.msg[length_of_words(&one.err)] = '\0';
    assert_string_equal(many.err.msg, one.err.msg);
    if (common > 0)
        assert_memory_equal(many.bytes.data, one.bytes.data, common);
    if (result == 0)
        assert_int_equal(many.bytes.len, one.bytes.len);
    else
        assert_true(one.bytes.len - common <= OCI_STREAM_CHUNK && many.bytes.len - common <= OCI_STREAM_CHUNK);
    outcome_free(&one);
    outcome_free(&many);
    return result;
}

static int check_alike(const struct input *i, const oci_ahead *o)
{
    compare(serially(i), with_help(i, o));
    return compare(serially(i), at_once(i, o));
}

// proves: layer.media.gzip layer.media.zstd
OCI_TEST (parallel, gives_what_the_serial_stage_gives) {
    static const size_t steps[] = { 1000, OCI_STREAM_CHUNK, 3 * MIB + 1, 0 };

    for (size_t k = 0; k < 2; k++) {
        OCI_AUTO_BUF oci_buf in = OCI_BUF_INIT;

        put_row(KINDS[k], 6, &in);
        for (size_t s = 0; s < 4; s++) {
            for (unsigned threads = 1; threads <= 16; threads *= 4) {
                const struct input i = { .kind = KINDS[k], .in = &in, .step = steps[s] };
                const oci_ahead o = { .threads = threads, .memory = ENOUGH, .window = 3000000 };

                assert_int_equal(check_alike(&i, &o), 0);
            }
        }
    }
}

static int count_threads(void)
{
    DIR *dir = opendir("/proc/self/task");
    int n = 0;

    assert_non_null(dir);
    for (const struct dirent *e; (e = readdir(dir)) != NULL;)
        n += e->d_name[0] != '.';
    closedir(dir);
    return n;
}

/* Those that have been joined are seen for a moment still. */
static void wait_for_threads(int want)
{
    for (int i = 0; i < 5000 && count_threads() != want; i++)
        usleep(2000);
    assert_int_equal(count_threads(), want);
}

/* How many threads there are when there should be none; a sanitizer may bring its own with the first one. */
static int other_threads(void)
{
    OCI_AUTO(oci_reader) r = NULL;
    oci_error err = OCI_ERROR_INIT;
    int n;

    /* The thread is there as long as the reader: this never ends. */
    r = oci_test_reader(&(struct oci_test_source) { .data = "x", .len = 1, .total = UINT64_MAX });
    assert_ok(&err, oci_reader_async(oci_steal(&r), 0, &r, &err));
    n = count_threads() - 1;
    oci_reader_free(oci_steal(&r));
    wait_for_threads(n);
    return n;
}

/* That so many threads read a row, besides the one that asks. */
static void check_threads(int want, oci_compression kind, const oci_buf *in, const oci_ahead *o)
{
    const struct input i = { .kind = kind, .in = in, .step = OCI_STREAM_CHUNK };
    oci_reader *r = source_of(&i);
    oci_error err = OCI_ERROR_INIT;
    const int others = other_threads();
    oci_span span;

    assert_ok(&err, oci_reader_decompress_ahead(r, kind, 0, o, &r, &err));
    assert_ok(&err, oci_reader_next(r, &span, &err));
    wait_for_threads(others + want);
    oci_reader_free(r);
    wait_for_threads(others);
}

OCI_TEST (parallel, has_threads_where_there_is_work_for_them) {
    for (size_t k = 0; k < 2; k++) {
        OCI_AUTO_BUF oci_buf in = OCI_BUF_INIT;
        OCI_AUTO_BUF oci_buf one = OCI_BUF_INIT;
        const size_t unit = k == 0 ? MIB : 4 * MIB;

        /* More units than jobs in the ring, so that no thread has come to the end. */
        for (int i = 0; i < 2; i++)
            put_row(KINDS[k], 11, &in);
        put_row(KINDS[k], 1, &one);
        check_threads(4, KINDS[k], &in, &FOUR);
        check_threads(2, KINDS[k], &in, &(oci_ahead) { .threads = 2, .memory = ENOUGH });
        /* No more than can be used, and than there is memory for. */
        check_threads(6, KINDS[k], &in, &(oci_ahead) { .threads = 6, .memory = SIZE_MAX });
        check_threads(8, KINDS[k], &in, &(oci_ahead) { .threads = 1000, .memory = SIZE_MAX });
        check_threads(2, KINDS[k], &in, &(oci_ahead) { .threads = 4, .memory = 7 * unit });
        /* Nothing for several: as many as ever. */
        check_threads(1, KINDS[k], &in, &(oci_ahead) { .threads = 4, .memory = 4 * unit });
        check_threads(1, KINDS[k], &in, &(oci_ahead) { .threads = 4 });
        check_threads(1, KINDS[k], &in, &(oci_ahead) { .threads = 1, .memory = ENOUGH });
        check_threads(0, KINDS[k], &one, &FOUR);
    }
}

/* One bit, one byte, a piece that is not there or there twice, the end: anywhere, and often in a header or a trailer.
 */
static void damage(oci_buf *in, unsigned *seed)
{
    const size_t at = (size_t)((double)rand_r(seed) / ((double)RAND_MAX + 1) * (double)in->len);
    const size_t n = (size_t)rand_r(seed) % 1000 + 1;

    switch (rand_r(seed) % 5) {
    case 0:
        in->data[at] ^= (char)(1 << rand_r(seed) % 8);
        break;
    case 1:
        in->data[at] = (char)rand_r(seed);
        break;
    case 2:
        if (at + n < in->len)
            memmove(in->data + at, in->data + at + n, in->len - at - n);
        in->len -= at + n < in->len ? n : 0;
        break;
    case 3:
        if (at + n < in->len)
            memmove(in->data + at + n, in->data + at, in->len - at - n);
        break;
    default:
        in->len = at;
    }
}

// proves: layer.media.gzip layer.media.zstd safety.14
OCI_TEST (parallel, says_of_damage_what_the_serial_stage_says) {
    enum { ROUNDS = 40 };
    static const size_t sizes[] = { MIB, 200000, 140000, 300000, MIB, 131072, 150000, 131071 };
    unsigned seed = 42;
    int failures = 0;

    for (size_t k = 0; k < 2; k++) {
        OCI_AUTO_BUF oci_buf good = OCI_BUF_INIT;

        put_units(KINDS[k], sizes, sizeof sizes / sizeof *sizes, &good);
        for (int i = 0; i < ROUNDS; i++) {
            OCI_AUTO_BUF oci_buf bad = OCI_BUF_INIT;
            oci_error err = OCI_ERROR_INIT;
            const size_t step = i % 3 == 0 ? 5000 : OCI_STREAM_CHUNK;

            assert_ok(&err, oci_buf_append(&bad, good.data, good.len, &err));
            damage(&bad, &seed);
            failures += check_alike(&(struct input) { .kind = KINDS[k], .in = &bad, .step = step }, &FOUR) < 0;
        }
    }
    assert_true(failures > ROUNDS);
}

static void put_le32(char *p, size_t value)
{
    for (size_t i = 0; i < 4; i++)
        p[i] = (char)(value >> 8 * i);
}

/* The sizes in headers are hints, and their writer an enemy. */
// proves: layer.media.gzip safety.14
OCI_TEST (parallel, believes_no_size) {
    enum { SIZE = 200000, MEMBERS = 3 };
    OCI_AUTO_BUF oci_buf in = OCI_BUF_INIT;
    const struct input i = { .kind = OCI_COMPRESSION_GZIP, .in = &in, .step = OCI_STREAM_CHUNK };
    size_t starts[MEMBERS + 1] = { 0 };

    for (size_t m = 1; m <= MEMBERS; m++) {
        put_units(i.kind, &(size_t) { SIZE }, 1, &in);
        starts[m] = in.len;
    }
    for (size_t m = 0; m < MEMBERS; m++) {
        const size_t right = starts[m + 1] - starts[m];
        const size_t wrong[] = { 0, 20, 28, 29, right - 1, right + 1, right - 9, 2 * right, 0x7fffffff, 0xffffffff };
        char *length = in.data + starts[m] + 16, *size = in.data + starts[m + 1] - 4;

        for (size_t w = 0; w < sizeof wrong / sizeof *wrong; w++) {
            put_le32(length, wrong[w]);
            assert_int_equal(check_alike(&i, &FOUR), 0);
            put_le32(length, right);
            put_le32(size, wrong[w]);
            assert_int_equal(check_alike(&i, &FOUR), OCI_E_INVALID);
            put_le32(size, SIZE);
        }
    }
    assert_int_equal(check_alike(&i, &FOUR), 0);
}

/* A size that takes in the next member too, which would be right if nobody looked where the first one ends. */
// proves: layer.media.gzip
OCI_TEST (parallel, takes_two_members_for_none) {
    OCI_AUTO_BUF oci_buf in = OCI_BUF_INIT;

    put_units(OCI_COMPRESSION_GZIP, (size_t[]) { 200000, 200000, 200000 }, 3, &in);
    put_le32(in.data + 16, in.len * 2 / 3);
    assert_int_equal(
        check_alike(&(struct input) { .kind = OCI_COMPRESSION_GZIP, .in = &in, .step = OCI_STREAM_CHUNK }, &FOUR), 0);
}

/* What others write, at the beginning, in the middle and at the end. */
// proves: layer.media.gzip layer.media.zstd
OCI_TEST (parallel, reads_what_is_mixed) {
    /* Members and frames that say nothing of their size. */
    static const char gzip[] = "\x1f\x8b\x08\0\0\0\0\0\0\3\1\1\0\xfe\xffx\x83\x16\xdc\x8c\1\0\0\0";
    static const char zstd[] = "\x28\xb5\x2f\xfd\0\x58\x09\0\0x";
    static const char skippable[] = "\x50\x2a\x4d\x18\3\0\0\0abc";
    const struct {
        oci_compression kind;
        const char *data;
        size_t len;
        int result;
    } foreign[] = {
        { OCI_COMPRESSION_GZIP, gzip, sizeof gzip - 1, 0 },
        { OCI_COMPRESSION_ZSTD, zstd, sizeof zstd - 1, 0 },
        { OCI_COMPRESSION_ZSTD, skippable, sizeof skippable - 1, 0 },
        { OCI_COMPRESSION_GZIP, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 24, OCI_E_INVALID },
        { OCI_COMPRESSION_GZIP, "neither", 7, OCI_E_INVALID },
        { OCI_COMPRESSION_ZSTD, "neither", 7, OCI_E_INVALID },
        { OCI_COMPRESSION_ZSTD, gzip, sizeof gzip - 1, OCI_E_INVALID },
        { OCI_COMPRESSION_GZIP, "", 0, 0 },
    };

    for (size_t f = 0; f < sizeof foreign / sizeof *foreign; f++) {
        for (size_t at = 0; at <= 4; at++) {
            OCI_AUTO_BUF oci_buf in = OCI_BUF_INIT;
            oci_error err = OCI_ERROR_INIT;
            int result;

            for (size_t i = 0; i < at; i++)
                put_units(foreign[f].kind, &(size_t) { 150000 }, 1, &in);
            assert_ok(&err, oci_buf_append(&in, foreign[f].data, foreign[f].len, &err));
            result =
                check_alike(&(struct input) { .kind = foreign[f].kind, .in = &in, .step = OCI_STREAM_CHUNK }, &FOUR);
            if (foreign[f].result == 0 && in.len > 0)
                assert_int_equal(result, 0);
            put_units(foreign[f].kind, &(size_t) { 150000 }, 1, &in);
            result =
                check_alike(&(struct input) { .kind = foreign[f].kind, .in = &in, .step = OCI_STREAM_CHUNK }, &FOUR);
            assert_int_equal(result, foreign[f].result);
        }
    }
}

/* A frame of two blocks of one byte each, which asks for a window. */
static void put_frame(unsigned window, oci_buf *out)
{
    const unsigned char frame[] = {
        0x28, 0xb5, 0x2f, 0xfd, 0x80, (unsigned char)window, 0xf0, 0x49, 2, 0, /* 150,000 bytes */
        0x02, 0x35, 0x0c, 'x',                                                 /* 100,000 of them */
        0x83, 0x1a, 0x06, 'y',                                                 /* the others */
    };
    oci_error err = OCI_ERROR_INIT;

    assert_ok(&err, oci_buf_append(out, frame, sizeof frame, &err));
}

OCI_TEST (parallel, reads_frames_with_any_window) {
    int read = 0;

    for (unsigned window = 0; window < 256; window += 3) {
        OCI_AUTO_BUF oci_buf in = OCI_BUF_INIT;
        const struct input i = { .kind = OCI_COMPRESSION_ZSTD, .in = &in, .step = OCI_STREAM_CHUNK };

        for (int n = 0; n < 4; n++)
            put_frame(window, &in);
        /* Whether too large a window is seen depends on the room that libzstd is given, so the room has to be the same.
         */
        read += compare(at_once(&i, &(oci_ahead) { .threads = 1 }), at_once(&i, &FOUR)) == 0;
    }
    assert_in_range(read, 20, 40);
}

/* Without anything in them, blocks could be told apart for ever. */
// proves: safety.14
OCI_TEST (parallel, reads_frames_of_many_blocks) {
    enum { BLOCKS = 2100000 };
    static char blocks[3 * BLOCKS];
    OCI_AUTO_BUF oci_buf in = OCI_BUF_INIT;
    oci_error err = OCI_ERROR_INIT;
    const struct input i = { .kind = OCI_COMPRESSION_ZSTD, .in = &in, .step = OCI_STREAM_CHUNK };

    for (size_t n = 0; n < 3; n++) {
        put_frame(0x58, &in);
        in.data[in.len - 4] &= (char)~1;
        assert_ok(&err, oci_buf_append(&in, blocks, n == 2 ? sizeof blocks : sizeof blocks / 3, &err));
        assert_ok(&err, oci_buf_append(&in, "\1\0\0", 3, &err));
    }
    assert_int_equal(check_alike(&i, &FOUR), 0);
    in.len -= 3;
    assert_int_equal(check_alike(&i, &FOUR), OCI_E_INVALID);
}

// proves: safety.14
OCI_TEST (parallel, bounds_how_much_data_may_grow) {
    static char zeros[MIB];

    for (size_t k = 0; k < 2; k++) {
        OCI_AUTO_BUF oci_buf in = OCI_BUF_INIT;

        for (int i = 0; i < 70; i++)
            oci_test_compress(KINDS[k], 1, zeros, sizeof zeros, &in);
        assert_int_equal(
            check_alike(&(struct input) { .kind = KINDS[k], .in = &in, .step = OCI_STREAM_CHUNK, .max_ratio = 10 },
                        &FOUR),
            OCI_E_LIMIT);
        assert_int_equal(
            check_alike(
                &(struct input) { .kind = KINDS[k], .in = &in, .step = OCI_STREAM_CHUNK, .max_ratio = UINT32_MAX },
                &FOUR),
            0);
    }
}

OCI_TEST (parallel, gives_what_came_before_a_failure_and_then_the_failure) {
    for (size_t k = 0; k < 2; k++) {
        OCI_AUTO_BUF oci_buf in = OCI_BUF_INIT;

        put_row(KINDS[k], 6, &in);
        for (int cut = 0; cut < 3; cut++) {
            assert_int_equal(
                check_alike(
                    &(struct input) { .kind = KINDS[k], .in = &in, .step = OCI_STREAM_CHUNK, .fail = OCI_E_DIGEST },
                    &FOUR),
                OCI_E_DIGEST);
            in.len -= 30000;
        }
        in.len = 0;
        assert_int_equal(
            check_alike(&(struct input) { .kind = KINDS[k], .in = &in, .step = 0, .fail = OCI_E_IO }, &FOUR), OCI_E_IO);
    }
}

OCI_TEST (parallel, ends_and_fails_for_ever) {
    OCI_AUTO_BUF oci_buf in = OCI_BUF_INIT;
    OCI_AUTO(oci_reader) r = NULL;
    oci_error err = OCI_ERROR_INIT;
    oci_span span;

    put_row(OCI_COMPRESSION_GZIP, 4, &in);
    assert_ok(&err, oci_reader_decompress_ahead(oci_test_chunks(in.data, in.len, 7000), OCI_COMPRESSION_GZIP, 0, &FOUR,
                                                &r, &err));
    assert_ok(&err, oci_reader_drain(r, &err));
    assert_int_equal(oci_reader_count(r), 3 * MIB + 70000);
    assert_ok(&err, oci_reader_next(r, &span, &err));
    assert_int_equal(span.len, 0);
    oci_reader_free(oci_steal(&r));
    in.data[in.len - 70000] ^= 1;
    assert_ok(&err, oci_reader_decompress_ahead(oci_test_chunks(in.data, in.len, 7000), OCI_COMPRESSION_GZIP, 0, &FOUR,
                                                &r, &err));
    assert_fails(OCI_E_INVALID, &err, oci_reader_drain(r, &err));
    assert_fails(OCI_E_INVALID, &err, oci_reader_drain(r, &err));
}

OCI_TEST (parallel, refuses_other_kinds_with_the_same_words) {
    static const char *const data[] = { "", "x", "BZh9", "\x1f\x8b", "\x28\xb5\x2f\xfd" };

    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; i < sizeof data / sizeof *data; i++) {
            OCI_AUTO_BUF oci_buf in = OCI_BUF_INIT;
            oci_error err = OCI_ERROR_INIT;

            assert_ok(&err, oci_buf_append(&in, data[i], strlen(data[i]), &err));
            assert_int_equal(check_alike(&(struct input) { .kind = KINDS[k], .in = &in, .step = 1 }, &FOUR),
                             OCI_E_INVALID);
        }
    }
}

/* A source that counts how often the thread of the test reads it. */
struct watched {
    const oci_buf *in;
    size_t at;
    pthread_t thread;
    int calls;
};

static int watched_next(void *ctx, oci_span *out, oci_error *err)
{
    struct watched *w = ctx;
    const size_t left = w->in->len - w->at;

    (void)err;
    if (pthread_equal(w->thread, pthread_self()))
        w->calls++;
    *out = (oci_span) { w->in->data + w->at, left < 20000 ? left : 20000 };
    w->at += out->len;
    return 0;
}

/* Whoever waits for one thread or for several reads meanwhile. It may come too late at times, but not always. */
OCI_TEST (parallel, is_helped_by_whoever_waits) {
    static const oci_reader_callbacks ops = { watched_next, NULL };
    OCI_AUTO_BUF oci_buf in = OCI_BUF_INIT;
    oci_error err = OCI_ERROR_INIT;

    put_row(OCI_COMPRESSION_GZIP, 11, &in);
    for (unsigned threads = 1; threads <= 4; threads += 3) {
        const oci_ahead o = { .threads = threads, .memory = ENOUGH };
        const oci_digest want = digest_of(&in);
        int calls = 0;

        for (int round = 0; round < 100 && calls == 0; round++) {
            struct watched w = { .in = &in, .thread = pthread_self() };
            oci_reader *r = NULL;

            assert_ok(&err, oci_reader_from_callbacks(&ops, &w, &r, &err));
            assert_ok(&err, help_decoding(r, OCI_COMPRESSION_GZIP, 0, &want, &o, &r, &err));
            w.calls = 0; /* The first unit is read by whoever begins. */
            assert_ok(&err, oci_reader_drain(r, &err));
            oci_reader_free(r);
            calls = w.calls;
        }
        assert_true(calls > 0);
    }
}

/* Hashed by whoever has time, in units and behind them. */
// proves: diffid.uncompressed descriptor.digest.verify
OCI_TEST (parallel, demands_what_the_data_should_be) {
    for (size_t k = 0; k < 2; k++) {
        OCI_AUTO_BUF oci_buf in = OCI_BUF_INIT;

        put_row(KINDS[k], 6, &in);
        for (int form = 0; form < 3; form++) {
            const struct input i = { .kind = KINDS[k], .in = &in, .step = 50000 };
            struct outcome whole = serially(&i);
            oci_digest want = digest_of(&whole.bytes);

            for (unsigned threads = 1; threads <= 4; threads += 3) {
                const oci_ahead o = { .threads = threads, .memory = ENOUGH, .verify = &want };

                assert_int_equal(compare(serially(&i), with_help(&i, &o)), 0);
                want.bytes[0] ^= 1;
                for (int helped = 0; helped < 2; helped++) {
                    struct outcome other = helped ? with_help(&i, &o) : at_once(&i, &o);

                    assert_int_equal(other.result, OCI_E_DIGEST);
                    assert_buf_equal(&other.bytes, whole.bytes.data, whole.bytes.len);
                    outcome_free(&other);
                }
                want.bytes[0] ^= 1;
            }
            outcome_free(&whole);
            /* First with something that is no unit behind the units, and then that alone. */
            if (form == 1)
                in.len = 0;
            put_units(KINDS[k], (size_t[]) { 1000, 1000 }, 2, &in);
        }
    }
}

/* However slow the source is, and wherever the threads are. */
// proves: safety.14
OCI_TEST (parallel, can_be_freed_at_any_time) {
    for (size_t k = 0; k < 2; k++) {
        OCI_AUTO_BUF oci_buf in = OCI_BUF_INIT;
        oci_error err = OCI_ERROR_INIT;

        put_units(KINDS[k], (size_t[]) { 150000, 150000, 150000 }, 3, &in);
        for (int spans = 0; spans < 24; spans++) {
            atomic_int freed = 0;
            oci_reader *r = oci_test_reader(&(struct oci_test_source) {
                .data = in.data, .len = in.len, .total = spans % 2 ? UINT64_MAX : in.len * 5, .freed = &freed });
            oci_span span;

            if (spans % 4 < 2)
                assert_ok(&err, oci_reader_decompress_ahead(r, KINDS[k], 0, &FOUR, &r, &err));
            else
                assert_ok(&err, help_decoding(r, KINDS[k], 0, &ANY, spans % 4 == 2 ? &FOUR : &VERIFYING, &r, &err));
            for (int i = 0; i < spans; i++)
                assert_ok(&err, oci_reader_next(r, &span, &err));
            if (spans % 3 == 0)
                usleep(300);
            oci_reader_free(r);
            assert_int_equal(freed, 1);
        }
    }
}

OCI_TEST (parallel, ends_while_its_source_is_slow) {
    OCI_AUTO_BUF oci_buf in = OCI_BUF_INIT;
    oci_error err = OCI_ERROR_INIT;
    atomic_int freed = 0;
    oci_reader *r;

    put_units(OCI_COMPRESSION_GZIP, (size_t[]) { 140000, 140000, 140000 }, 3, &in);
    /* A member comes at once, the rest in hours. */
    r = oci_test_reader(&(struct oci_test_source) { .data = in.data,
                                                    .len = in.len,
                                                    .step = in.len / 3 + 100,
                                                    .delay = 20000,
                                                    .total = UINT64_MAX,
                                                    .freed = &freed });
    assert_ok(&err, oci_reader_decompress_ahead(r, OCI_COMPRESSION_GZIP, 0, &FOUR, &r, &err));
    oci_reader_free(r);
    assert_int_equal(freed, 1);
}

/* The ring is a bound: what is not asked for is not read. */
// proves: safety.14
OCI_TEST (parallel, runs_ahead_no_further_than_its_ring) {
    OCI_AUTO_BUF oci_buf in = OCI_BUF_INIT;
    OCI_AUTO(oci_reader) r = NULL;
    oci_error err = OCI_ERROR_INIT;
    atomic_int calls = 0;
    oci_span span;

    put_units(OCI_COMPRESSION_GZIP, &(size_t) { 200000 }, 1, &in);
    r = oci_test_reader(
        &(struct oci_test_source) { .data = in.data, .len = in.len, .total = UINT64_MAX, .calls = &calls });
    assert_ok(&err, oci_reader_decompress_ahead(oci_steal(&r), OCI_COMPRESSION_GZIP, 0, &FOUR, &r, &err));
    assert_ok(&err, oci_reader_next(r, &span, &err));
    for (int i = 0; i < 20000 && calls < 6; i++)
        usleep(1000);
    usleep(20000);
    /* A span is a unit; there are six jobs and one span that only shows that there is more. */
    assert_in_range(calls, 6, 7);
}

OCI_TEST (parallel, survives_every_failed_allocation) {
    for (size_t k = 0; k < 4; k++) {
        OCI_AUTO_BUF oci_buf in = OCI_BUF_INIT, plain = OCI_BUF_INIT;
        oci_error err = OCI_ERROR_INIT;
        oci_digest blob, want;
        const oci_compression kind = KINDS[k % 2];
        const oci_ahead o = { .threads = k < 2 ? 4 : 1, .memory = ENOUGH, .verify = &want };
        bool failed = true;

        put_units(kind, (size_t[]) { 140000, 140000, 140000, 10 }, 4, &in);
        assert_ok(&err, oci_test_decompress(kind, in.data, in.len, 0, &plain, &err));
        blob = digest_of(&in);
        want = digest_of(&plain);
        for (unsigned long n = 1; failed; n++) {
            OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
            atomic_int freed = 0;
            oci_reader *r = oci_test_reader(
                &(struct oci_test_source) { .data = in.data, .len = in.len, .step = 1000, .freed = &freed });
            int result;

            oci_alloc_fail_at(n);
            result = help_decoding(r, kind, 0, &blob, &o, &r, &err);
            if (result == 0)
                result = oci_test_read(r, &out, &err);
            failed = oci_alloc_failed();
            oci_alloc_fail_at(0);
            assert_int_equal(freed, 1);
            if (result < 0)
                assert_int_equal(err.code, OCI_E_NOMEM);
            else
                assert_int_equal(out.len, 3 * 140000 + 10);
            assert_true(failed || n > 8);
        }
    }
}
