/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_IMAGE_STREAM_H
#define OCI_IMAGE_STREAM_H
/*
 * Streams: bytes on the move.
 *
 * A reader has one important function, "give me the next span". Readers are chained: every filter takes its source,
 * whether its construction succeeds or not, so a chain is a straight list of calls with one cleanup:
 *
 *     OCI_AUTO(oci_reader) *r = NULL;
 *     oci_reader_from_fd(fd, &r, err)  ->  oci_reader_verify(oci_steal(r), &digest, size, &r, err)  ->  ...
 *
 * The end is the proof: a wrong digest, a wrong size or a bad checksum is reported by the call that would have returned
 * the end, so consumers always read to the end (oci_reader_drain). A reader that failed fails the same way for ever,
 * one that ended stays at its end. A stream belongs to one thread at a time.
 */
#include <oci-image/common.h>
#include <oci-image/digest.h>
#include <oci-image/error.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct oci_reader oci_reader;
typedef struct oci_writer oci_writer;

typedef enum oci_compression { OCI_COMPRESSION_NONE, OCI_COMPRESSION_GZIP, OCI_COMPRESSION_ZSTD } oci_compression;

/* "none", "gzip", "zstd". */
OCI_API const char *oci_compression_name(oci_compression kind);

/* ---- readers ---- */

/* The next span, borrowed until the next call on this reader. len 0 is the end, and the end has been verified. */
OCI_API int oci_reader_next(oci_reader *r, oci_span *out, oci_error *err);
/* Reads to the end and throws away what comes. */
OCI_API int oci_reader_drain(oci_reader *r, oci_error *err);
/* Appends everything to out; OCI_E_LIMIT past limit bytes (0: only out's own limit). */
OCI_API int oci_reader_read_all(oci_reader *r, size_t limit, oci_buf *out, oci_error *err);
/* Reads to the end into w, which is not finished. */
OCI_API int oci_reader_pump(oci_reader *r, oci_writer *w, oci_error *err);
OCI_API void oci_reader_free(oci_reader *r);

/* A reader of the caller's own making. next works like oci_reader_next; free (may be NULL) ends ctx. */
typedef struct oci_reader_callbacks {
    int (*next)(void *ctx, oci_span *out, oci_error *err);
    void (*free)(void *ctx);
} oci_reader_callbacks;

OCI_API int oci_reader_from_callbacks(const oci_reader_callbacks *cb /* copied */, void *ctx /* takes */,
                                      oci_reader **out, oci_error *err);
/* From the current position of fd to its end, in spans of up to 256 KiB. Takes fd. */
OCI_API int oci_reader_from_fd(int fd, oci_reader **out, oci_error *err);
/* The same for what may keep its reader waiting, a pipe or a terminal: events (borrowed as long as the reader lives,
 * may be NULL) are asked whether to go on while nothing comes. OCI_E_CANCELLED. */
OCI_API int oci_reader_from_pipe(int fd, const oci_events *events, oci_reader **out, oci_error *err);
/* One span; p is borrowed as long as the reader lives. */
OCI_API int oci_reader_from_memory(const void *p, size_t n, oci_reader **out, oci_error *err);

/* Passes src on while demanding its digest and, unless OCI_SIZE_UNKNOWN, its size. A longer source fails before its
 * first extra byte is passed on. */
OCI_API int oci_reader_verify(oci_reader *src, const oci_digest *want, uint64_t size, oci_reader **out, oci_error *err);
/* Passes src on and hashes it; oci_reader_digest and oci_reader_count answer after the end. */
OCI_API int oci_reader_hash(oci_reader *src, oci_digest_alg alg, oci_reader **out, oci_error *err);
/* Passes src on; OCI_E_LIMIT past limit bytes, the text naming what. what is borrowed as long as the reader lives. */
OCI_API int oci_reader_limit(oci_reader *src, uint64_t limit, const char *what, oci_reader **out, oci_error *err);
/* What a hash reader has seen: OCI_E_USAGE before the end and for other readers. */
OCI_API int oci_reader_digest(const oci_reader *r, oci_digest *out, oci_error *err);
/* Bytes that this reader has given so far. */
OCI_API uint64_t oci_reader_count(const oci_reader *r);

/* Decompression. All members (gzip) and frames (zstd, skippable ones included) are read; checksums and lengths are
 * checked; nothing may follow, except for zero bytes behind gzip. Content whose first bytes show another kind than
 * promised is refused with a text that names both. max_ratio (0: default of oci_limits) bounds output to input past the
 * first 64 MiB. */
OCI_API int oci_reader_decompress(oci_reader *src, oci_compression kind, uint32_t max_ratio, oci_reader **out,
                                  oci_error *err);
/* For input that has no media type: decompresses what the first bytes of src show, besides gzip and zstd also bzip2, xz
 * and lz4, which no layer may be in. Anything else is passed on. */
OCI_API int oci_reader_decompress_any(oci_reader *src, uint32_t max_ratio, oci_reader **out, oci_error *err);
/* Looks at the first bytes of src without losing them and says what they are: gzip, zstd or anything else (NONE). The
 * reader given back passes on everything. */
OCI_API int oci_reader_sniff(oci_reader *src, oci_compression *kind, oci_reader **out, oci_error *err);

/* Runs everything upstream in a thread of its own, with a ring of spans of at most budget bytes together (0: 2 MiB)
 * between. Freeing the reader ends the thread, whatever it waits for in this library. */
OCI_API int oci_reader_async(oci_reader *src, size_t budget, oci_reader **out, oci_error *err);

/* ---- writers ---- */

/* Writes all of p[0..n). */
OCI_API int oci_writer_write(oci_writer *w, const void *p, size_t n, oci_error *err);
/* Flushes the whole chain; nothing may be written afterwards. A writer freed without it has written nothing whole. */
OCI_API int oci_writer_finish(oci_writer *w, oci_error *err);
OCI_API void oci_writer_free(oci_writer *w);
/* Bytes that this writer has been given so far. */
OCI_API uint64_t oci_writer_count(const oci_writer *w);

typedef struct oci_writer_callbacks {
    int (*write)(void *ctx, const void *p, size_t n, oci_error *err);
    int (*finish)(void *ctx, oci_error *err); /* may be NULL */
    void (*free)(void *ctx);                  /* may be NULL */
} oci_writer_callbacks;

OCI_API int oci_writer_to_callbacks(const oci_writer_callbacks *cb /* copied */, void *ctx /* takes */,
                                    oci_writer **out, oci_error *err);
/* Takes fd. */
OCI_API int oci_writer_to_fd(int fd, oci_writer **out, oci_error *err);
/* The same for what may keep its writer waiting, a pipe that nobody reads: events (borrowed as long as the writer
 * lives, may be NULL) are asked whether to go on while it takes nothing. OCI_E_CANCELLED. */
OCI_API int oci_writer_to_pipe(int fd, const oci_events *events, oci_writer **out, oci_error *err);
/* Appends to buf, which is borrowed as long as the writer lives. */
OCI_API int oci_writer_to_buf(oci_buf *buf, oci_writer **out, oci_error *err);
/* Throws everything away. */
OCI_API int oci_writer_to_null(oci_writer **out, oci_error *err);

/* Filters take dst, also on failure, finish it when they are finished and free it when they are freed. */
OCI_API int oci_writer_hash(oci_writer *dst, oci_digest_alg alg, oci_writer **out, oci_error *err);
/* What a hash writer has seen: OCI_E_USAGE before it is finished and for other writers. */
OCI_API int oci_writer_digest(const oci_writer *w, oci_digest *out, oci_error *err);

/* Who makes gzip. Each makes bytes of its own, so to have the same ones from other builds, choose. */
typedef enum oci_gzip_encoder {
    OCI_GZIP_ENCODER_DEFAULT,   /* libdeflate where it was built in and OCI_IMAGE_ACCEL=none is not set, else zlib */
    OCI_GZIP_ENCODER_ZLIB,      /* in every build */
    OCI_GZIP_ENCODER_LIBDEFLATE /* three to four times as fast */
} oci_gzip_encoder;

typedef struct oci_compress_options {
    int level;        /* gzip 1 to 9, zstd 1 to 19; 0: 6 of zlib, 1 or 2 of libdeflate by the block, 3 of zstd */
    unsigned threads; /* that compress, besides the one that writes; 1: none, that one; 0: one for each processor */
    oci_gzip_encoder encoder; /* for gzip alone */
} oci_compress_options;

/* Whether there can be such a writer, before there is one. OCI_E_USAGE for a level or a number of threads that is none,
 * for an encoder that was not built in, and for one that is chosen with another kind. o may be NULL. */
OCI_API int oci_compress_check(oci_compression kind, const oci_compress_options *o, oci_error *err);
/* The bytes written depend on the data, the kind, the encoder, the level and the version of the library behind it
 * alone, not on the number of threads: gzip is members of up to 1 MiB of data, without name and time, OS byte 255, that
 * tell their length in an extra field; zstd is frames with checksum and content size. o may be NULL. */
OCI_API int oci_writer_compress(oci_writer *dst, oci_compression kind, const oci_compress_options *o, oci_writer **out,
                                oci_error *err);

#ifdef __cplusplus
}
#endif
#endif
