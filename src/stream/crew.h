/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_STREAM_CREW_H
#define OCI_STREAM_CREW_H
/*
 * Threads that do the jobs of a ring. Jobs are opened one after another, begun in that order by whoever has nothing
 * else to do, and done at the same time; the one who opens them waits for each in the same order.
 */
#include <stdbool.h>
#include <stddef.h>

#include <oci-image/error.h>

#include "base/cleanup.h"

typedef struct oci_crew_work {
    void *ctx;
    /* Makes a job ready: one after another, in their order. May be NULL. */
    bool (*begin)(void *ctx, size_t job);
    /* Does it. who is the number of the thread. */
    bool (*work)(void *ctx, size_t job, unsigned who);
} oci_crew_work; /* a false from either ends what is not begun yet; that job counts as done */

typedef struct oci_crew oci_crew;

/* A ring of n_jobs jobs, none of them open, and up to threads threads; *out stays NULL where none can be started.
 * work is copied. */
int oci_crew_new(const oci_crew_work *work, size_t n_jobs, unsigned threads, oci_crew **out, oci_error *err);
/* Opens the next job of the ring, which is not open or has been waited for. */
void oci_crew_open(oci_crew *c);
/* Whether oci_crew_wait would not wait for that job. */
bool oci_crew_has_done(oci_crew *c, size_t job);
/* Waits until that job, the oldest one that is open, is done. Not behind one that has ended everything. */
void oci_crew_wait(oci_crew *c, size_t job);
/* Waits for what has been begun, begins nothing more, and frees. */
void oci_crew_free(oci_crew *c);
OCI_DEFINE_AUTO(oci_crew);

#endif
