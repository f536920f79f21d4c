/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_STREAM_STREAM_H
#define OCI_STREAM_STREAM_H
/*
 * Inside of the streams: what a stage looks like. A stage is one file with a constructor and these operations; the
 * common part (reader.c, writer.c) counts, and remembers the end and the first failure, so that a stage need not.
 */
#include <stdatomic.h>

#include <oci-image/stream.h>

#include "base/cleanup.h"

OCI_DEFINE_AUTO(oci_reader);
OCI_DEFINE_AUTO(oci_writer);

typedef struct oci_reader_ops {
    /* Sets out to at least one byte, or to len 0 at the end. Never called again after the end or a failure. */
    int (*next)(oci_reader *r, oci_span *out, oci_error *err);
    /* Frees what the stage has besides the memory of r itself, its source included. */
    void (*free)(oci_reader *r);
    /* Like next, but puts up to n bytes into room. NULL for stages that cannot save a copy by that. */
    int (*fill)(oci_reader *r, void *room, size_t n, size_t *got, oci_error *err);
} oci_reader_ops;

/* First member of every stage. */
struct oci_reader {
    const oci_reader_ops *ops;
    uint64_t count;
    bool ended;
    oci_error failure; /* the first one; code 0 until then */
    oci_span rest;     /* of a span that oci_reader_fill has not copied yet */
};

typedef struct oci_writer_ops {
    int (*write)(oci_writer *w, const void *p, size_t n, oci_error *err); /* n is never 0 */
    int (*finish)(oci_writer *w, oci_error *err);
    void (*free)(oci_writer *w);
} oci_writer_ops;

struct oci_writer {
    const oci_writer_ops *ops;
    uint64_t count;
    bool finished;
    oci_error failure; /* the first one; code 0 until then */
};

enum {
    OCI_STREAM_CHUNK = 128 * 1024,
    /* What oci_reader_hash_later keeps: as much as could become what oci_reader_async lets wait in its turn. */
    OCI_STREAM_BACKLOG = 8 * OCI_STREAM_CHUNK
};

/* Like oci_reader_next, into room of n bytes. */
int oci_reader_fill(oci_reader *r, void *room, size_t n, size_t *got, oci_error *err);

/* size bytes of the file fd from offset on. fd is borrowed as long as the reader lives (of nothing, size 0, it may be
 * -1), and its own position plays no part, so that any number of threads may read it at the same time. OCI_E_INVALID
 * when the file ends before. */
int oci_reader_from_range(int fd, uint64_t offset, uint64_t size, oci_reader **out, oci_error *err);
/* Passes over up to n bytes that need not be read and returns how many; 0 for all readers but those of a range. */
uint64_t oci_reader_skip(oci_reader *r, uint64_t n);

/* Passes on what src gives, which is borrowed, until cancelled (borrowed, or NULL) is set: OCI_E_CANCELLED. */
int oci_reader_borrow(oci_reader *src, atomic_bool *cancelled, oci_reader **out, oci_error *err);

/* Hashes p[0..n) with also. When r verifies, and these bytes are of the last span it gave, behind all that were hashed
 * like this before, it is done together with its own hashing of them. r may be NULL. */
void oci_reader_hash_too(oci_reader *r, oci_digester *also, const void *p, size_t n);

/* Lets r, which verifies and has not been read, leave its hashing as long as possible to the two that follow; and its
 * reading too when these read ahead, being called in another thread than r is read in. Does nothing where there is
 * neither such a thread nor a gain in hashing two things at the same time. OCI_E_NOMEM. */
int oci_reader_hash_later(oci_reader *r, bool reads_ahead, oci_error *err);
/* Hashes bytes with d, together with as many that r still has to hash where that gains something, and reads ahead. r
 * may be NULL, or any reader. */
void oci_reader_update_beside(oci_reader *r, oci_digester *d, oci_span bytes);
/* For whoever would wait otherwise: hashes up to OCI_STREAM_CHUNK bytes of what r has read, or else reads as many
 * ahead; false when there is nothing to do now, or somebody else is at it. r may be NULL, or any reader. */
bool oci_reader_catch_up(oci_reader *r);
/* oci_reader_hash that hashes like this beside another reader (borrowed, or NULL). */
int oci_reader_hash_beside(oci_reader *src, oci_digest_alg alg, oci_reader *beside, oci_reader **out, oci_error *err);

/* Reads the first n bytes of src, or all there are, into memory: *head, borrowed until they are read from the reader
 * given back, which begins with them. whole: src has ended within them, and is freed. A failure of src waits until the
 * reader comes to it. */
int oci_reader_peek(oci_reader *src, size_t n, oci_span *head, bool *whole, oci_reader **out, oci_error *err);

typedef struct oci_ahead {
    unsigned threads;         /* that decode, if there is something for several */
    size_t memory;            /* bytes that may wait between those */
    size_t window;            /* bytes that may wait behind a single one; 0: as oci_reader_async has it */
    oci_reader *helped;       /* borrowed: what the source reads from; caught up with instead of waiting; or NULL */
    const oci_digest *verify; /* to be demanded of what is read, hashed in the thread where that would wait; or NULL */
} oci_ahead;

/* oci_reader_async with all that o says but threads and memory. */
int oci_reader_run_ahead(oci_reader *src, const oci_ahead *o, oci_reader **out, oci_error *err);
/* What oci_reader_decompress and oci_reader_async do together. What is compressed as oci_writer_compress does it, in
 * units that say how large they are, is decoded by several threads at the same time; bytes and errors are the same. */
int oci_reader_decompress_ahead(oci_reader *src, oci_compression kind, uint32_t max_ratio, const oci_ahead *o,
                                oci_reader **out, oci_error *err);

#endif
