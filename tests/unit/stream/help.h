/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_TESTS_UNIT_STREAM_HELP_H
#define OCI_TESTS_UNIT_STREAM_HELP_H
/* Sources and destinations that behave badly, and a few words for building data. */
#include <stdatomic.h>
#include <string.h>

#include "test.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/fail.h"
#include "stream/stream.h"

/* What a test may do with a source. Every span is memory of its own that ends with the next call. */
struct oci_test_source {
    const void *data; /* repeated until total */
    size_t len;
    uint64_t total;    /* bytes to give; 0: len */
    size_t step;       /* bytes of a span; 0: all of data */
    int fail;          /* the code at the end instead of the end */
    useconds_t delay;  /* before every span */
    atomic_int *freed; /* counted up, may be NULL */
    atomic_int *calls; /* counted up, may be NULL */
};
oci_reader *oci_test_reader(const struct oci_test_source *s);
/* The usual case. */
oci_reader *oci_test_chunks(const void *p, size_t n, size_t step);

/* A destination that fails with code once more than room bytes came; its finish counts. */
struct oci_test_sink {
    uint64_t room;
    int code;
    int finish_code;
    int finished;
    int freed;
    uint64_t got;
};
oci_writer *oci_test_writer(struct oci_test_sink *sink);

/* Reads r to its end into out and frees it. */
int oci_test_read(oci_reader *r, oci_buf *out, oci_error *err);
/* Compresses p, appending to out. */
void oci_test_compress(oci_compression kind, int level, const void *p, size_t n, oci_buf *out);
/* Decompresses p from spans of step bytes; out may be NULL. */
int oci_test_decompress(oci_compression kind, const void *p, size_t n, size_t step, oci_buf *out, oci_error *err);

/* Bytes that compress somewhat, the same for the same seed. */
void oci_test_fill(void *p, size_t n, uint32_t seed);

#define assert_buf_equal(buf, p, n)                                                                                    \
    do {                                                                                                               \
        assert_int_equal((buf)->len, (n));                                                                             \
        if ((n) > 0)                                                                                                   \
            assert_memory_equal((buf)->data, (p), (n));                                                                \
    } while (0)

#define assert_text(err, part)                                                                                         \
    do {                                                                                                               \
        if (strstr((err)->msg, (part)) == NULL)                                                                        \
            fail_msg("'%s' does not say '%s'", (err)->msg, (part));                                                    \
    } while (0)

#endif
