/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The compressing stage. The data is cut into blocks of a fixed size, each encoded apart, so the output depends neither
 * on the sizes of the caller's writes nor on how many threads there are.
 *
 * Blocks are in the ring of a crew. The writing thread fills one, hands it over and writes the oldest out when the ring
 * is full. Without other threads it encodes each block itself.
 */
#include "codec.h"

#include <string.h>

#include "base/fail.h"
#include "crew.h"

struct job {
    unsigned char *in;
    size_t in_len;
    unsigned char *out;
    size_t out_len;
    int result;
    oci_error error;
};

struct encode_writer {
    oci_writer w;
    oci_writer *dst;
    oci_encode_options o;
    struct job *jobs;
    size_t n_jobs;
    size_t oldest;  /* the first that is not written out */
    size_t pending; /* handed over and not written out; behind them is the one that is filled */
    void **states;  /* one for each thread; the first is there from the start */
    oci_crew *crew; /* or NULL: nobody else encodes */
    bool tried;     /* to have one */
};

/* ---- encoding ---- */

static size_t room_of(const struct encode_writer *e)
{
    return e->o.encoder->bound(e->o.block_size);
}

/* A failure is told where the block would be written. */
static bool encode_job(void *ctx, size_t job, unsigned who)
{
    struct encode_writer *e = ctx;
    struct job *j = &e->jobs[job];
    const oci_span block = { j->in, j->in_len };

    j->result = e->o.encoder->encode(e->states[who], block, j->out, room_of(e), &j->out_len, &j->error);
    return j->result >= 0;
}

/* Fewer threads than wanted, or none, make the same bytes. */
static int start_threads(struct encode_writer *e, oci_error *err)
{
    const oci_crew_work work = { e, NULL, encode_job };

    e->tried = true;
    if (e->o.threads < 2)
        return 0;
    for (unsigned i = 1; i < e->o.threads; i++) {
        int r = e->o.encoder->make(e->o.level, &e->states[i], err);

        if (r < 0)
            return r;
    }
    return oci_crew_new(&work, e->n_jobs, e->o.threads, &e->crew, err);
}

/* ---- the ring ---- */

static size_t number_filled(const struct encode_writer *e)
{
    return (e->oldest + e->pending) % e->n_jobs;
}

static struct job *filled(const struct encode_writer *e)
{
    return &e->jobs[number_filled(e)];
}

static int write_oldest(struct encode_writer *e, oci_error *err)
{
    struct job *j = &e->jobs[e->oldest];

    if (e->crew != NULL)
        oci_crew_wait(e->crew, e->oldest);
    e->oldest = (e->oldest + 1) % e->n_jobs;
    e->pending--;
    if (j->result < 0) {
        *err = j->error;
        return j->result;
    }
    return oci_writer_write(e->dst, j->out, j->out_len, err);
}

/* Makes the next block ready to be filled. */
static int begin_block(struct encode_writer *e, oci_error *err)
{
    struct job *j = filled(e);

    j->in_len = 0;
    if (j->in == NULL)
        j->in = oci_alloc(e->o.block_size);
    if (j->out == NULL)
        j->out = oci_alloc(room_of(e));
    return j->in != NULL && j->out != NULL ? 0 : oci_fail_nomem(err);
}

/* Gives the block that was filled to whoever encodes it. */
static int hand_over(struct encode_writer *e, bool last, oci_error *err)
{
    const size_t job = number_filled(e);
    int r = last || e->tried ? 0 : start_threads(e, err);

    if (r < 0)
        return r;
    e->pending++;
    if (e->crew != NULL) {
        oci_crew_open(e->crew);
        return 0;
    }
    encode_job(e, job, 0);
    return write_oldest(e, err);
}

static int next_block(struct encode_writer *e, oci_error *err)
{
    int r = hand_over(e, false, err);

    if (r == 0 && e->pending == e->n_jobs)
        r = write_oldest(e, err);
    return r < 0 ? r : begin_block(e, err);
}

/* ---- the stage ---- */

static int encode_write(oci_writer *w, const void *p, size_t n, oci_error *err)
{
    struct encode_writer *e = (struct encode_writer *)w;
    const unsigned char *bytes = p;

    while (n > 0) {
        struct job *j = filled(e);
        size_t take = e->o.block_size - j->in_len;

        if (take == 0) {
            int r = next_block(e, err);

            if (r < 0)
                return r;
            continue;
        }
        if (take > n)
            take = n;
        memcpy(j->in + j->in_len, bytes, take);
        j->in_len += take;
        bytes += take;
        n -= take;
    }
    return 0;
}

static int encode_finish(oci_writer *w, oci_error *err)
{
    struct encode_writer *e = (struct encode_writer *)w;
    int r = hand_over(e, true, err);

    while (r == 0 && e->pending > 0)
        r = write_oldest(e, err);
    return r < 0 ? r : oci_writer_finish(e->dst, err);
}

static void encode_free(oci_writer *w)
{
    struct encode_writer *e = (struct encode_writer *)w;

    oci_crew_free(e->crew);
    for (size_t i = 0; e->jobs != NULL && i < e->n_jobs; i++) {
        oci_free(e->jobs[i].in);
        oci_free(e->jobs[i].out);
    }
    for (unsigned i = 0; e->states != NULL && i < e->o.threads; i++)
        if (e->states[i] != NULL)
            e->o.encoder->free(e->states[i]);
    oci_free(e->jobs);
    oci_free(e->states);
    oci_writer_free(e->dst);
}

static const oci_writer_ops encode_ops = { encode_write, encode_finish, encode_free };

int oci_writer_encode(oci_writer *dst, const oci_encode_options *o, oci_writer **out, oci_error *err)
{
    OCI_AUTO(oci_writer) owned = dst;
    OCI_AUTO(oci_writer) w = NULL;
    struct encode_writer *e = oci_calloc(1, sizeof *e);
    int r;

    if (e == NULL)
        return oci_fail_nomem(err);
    w = &e->w;
    e->w.ops = &encode_ops;
    e->dst = oci_steal(&owned);
    e->o = *o;
    /* One to fill, one to write out, and one for each thread. */
    e->n_jobs = o->threads > 1 ? (size_t)o->threads + 2 : 1;
    e->jobs = oci_calloc(e->n_jobs, sizeof *e->jobs);
    e->states = oci_calloc(o->threads, sizeof *e->states);
    if (e->jobs == NULL || e->states == NULL)
        return oci_fail_nomem(err);
    r = o->encoder->make(o->level, &e->states[0], err);
    if (r == 0)
        r = begin_block(e, err);
    if (r < 0)
        return r;
    *out = oci_steal(&w);
    return 0;
}
