/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_IMAGE_COMMON_H
#define OCI_IMAGE_COMMON_H
/*
 * What every header of the library needs: attributes, spans of bytes, growing buffers, limits and the event callbacks.
 *
 * Words used by all doc comments about ownership:
 *   borrows  the callee uses the argument until it returns (or, where said, as long as the object made from it lives)
 *   takes    the callee owns the argument from now on, also when the call fails
 *   gives    the caller owns the result and frees it with the named function
 *
 * Results are int: 0 done (iterators: 1 one more, 0 the end), negative an OCI_E_... code of error.h. Outputs are
 * written on success only. The last parameter of whatever can fail is an oci_error pointer, which may be NULL.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define OCI_API               __attribute__((visibility("default")))
#define OCI_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define OCI_MUST_CHECK        __attribute__((warn_unused_result))
#else
#define OCI_API
#define OCI_PRINTF(fmt, args)
#define OCI_MUST_CHECK
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes that belong to somebody else. data may be NULL only when len is 0. */
typedef struct oci_span {
    const void *data;
    size_t len;
} oci_span;

/* Growing bytes. Zero-initialise with OCI_BUF_INIT; data is always followed by a NUL that len does not count once
 * anything was appended. limit is the ceiling in bytes, 0 for none: passing it is OCI_E_LIMIT. */
typedef struct oci_buf {
    char *data;
    size_t len;
    size_t cap;
    size_t limit;
} oci_buf;

#define OCI_BUF_INIT                                                                                                   \
    {                                                                                                                  \
        NULL, 0, 0, 0                                                                                                  \
    }

/* Frees what the buffer holds and makes it empty again; keeps the limit. */
OCI_API void oci_buf_free(oci_buf *buf);

/* Ceilings against hostile images; real images stay far below. A field that is 0 means its default. */
typedef struct oci_limits {
    uint64_t max_size;     /* bytes of all regular files of an unpacked image together; default 1 TiB */
    uint64_t max_entries;  /* tar entries of an image, and directories made on the way to them; default 10,000,000 */
    uint32_t max_ratio;    /* decompressed to compressed bytes of one layer past its first 64 MiB; default 2,048 */
    uint32_t max_depth;    /* nesting of a JSON document; default 64 */
    uint64_t max_document; /* bytes of one JSON document; default 4 MiB */
} oci_limits;

/* Fills every field of in that is 0 with its default; in may be NULL. */
OCI_API oci_limits oci_limits_resolve(const oci_limits *in);

/* How a long operation talks to its caller. Every member may be NULL; the callbacks run on the thread that called. */
typedef struct oci_events {
    void *ctx;
    /* Something was tolerated or left out. text is one line of UTF-8 without an end of line, borrowed. */
    void (*warning)(void *ctx, const char *text);
    /* what names the step ("layer 2"), borrowed; done and total count bytes, total is 0 when unknown. */
    void (*progress)(void *ctx, const char *what, uint64_t done, uint64_t total);
    /* Asked often; true makes the operation undo its work and return OCI_E_CANCELLED. While it waits for a lock, or for
     * the other end of a pipe to be opened, it is asked only when a signal interrupts the wait. A program that cancels
     * by signals needs a handler without SA_RESTART, and has to repeat the signal (alarm) until this has been asked:
     * one that comes just before the wait interrupts nothing. */
    bool (*cancelled)(void *ctx);
} oci_events;

#ifdef __cplusplus
}
#endif
#endif
