/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A row of units that say how large they are, decoded by several threads.
 *
 * Each job of the ring is one unit. A thread gathers its compressed bytes from the source, one after another, and
 * decodes them into memory that the consumer is given without a copy. A unit counts when its own decoder has found
 * that it is whole and right and as large as it said. Whatever else is met (another writer's data, a size that is not
 * true, damage, the end of the source, a lack of memory) is left to the serial stage: it is given the compressed bytes
 * from the first unit on that was not given out, as if nobody had read them, and says what it would have said alone.
 */
#include "codec.h"

#include <stdatomic.h>
#include <string.h>

#include "base/fail.h"
#include "base/span.h"
#include "crew.h"

enum {
    MAX_THREADS = 8,    /* more of them than anybody could keep up with */
    SMALL = 128 * 1024, /* units that are not worth a thread */
    HEADROOM = 512      /* behind the room for a unit, for decoders that are faster far from its end */
};

struct job {
    unsigned char *in;
    size_t in_len;
    unsigned char *out;
    size_t size;
    bool whole;
};

/* How far the serial stage has read what is in jobs. */
struct replay {
    oci_span left; /* of a job */
    uint64_t next; /* behind that job */
};

struct parallel_reader {
    oci_reader r;
    const oci_codec *codec;
    const oci_decoder *decoder;
    uint32_t max_ratio;
    oci_ahead o;

    /* Of whoever begins a job. */
    oci_reader *src;
    oci_span rest; /* what is left of its last span */
    size_t taken;  /* bytes of that span that the job which is begun has */
    uint64_t begun;
    atomic_bool hurry; /* somebody waits for the threads to end */

    struct job *jobs;
    size_t n_jobs;
    unsigned threads;
    void **states;   /* one for each thread */
    oci_crew *crew;  /* NULL: all that is left is for serial */
    uint64_t oldest; /* the first job that is not given out */
    size_t given;    /* bytes of it */
    oci_row row;     /* what is given out, that job included once it is begun */
    oci_reader *serial;
    struct replay replay;
};

static struct job *job_at(const struct parallel_reader *p, uint64_t n)
{
    return &p->jobs[n % p->n_jobs];
}

/* ---- gathering ---- */

static size_t max_packed(const oci_codec *codec)
{
    return codec->block_size + codec->block_size / 16;
}

static oci_span first_of(oci_span *span, size_t n)
{
    const oci_span first = { span->data, n < span->len ? n : span->len };

    *span = oci_span_behind(*span, first.len);
    return first;
}

/* Whether there is more. What the source says otherwise it says again to the serial stage. */
static bool has_more(struct parallel_reader *p)
{
    if (p->rest.len > 0)
        return true;
    p->taken = 0;
    return oci_reader_next(p->src, &p->rest, NULL) == 0 && p->rest.len > 0;
}

/* Appends to what a job has until it is need bytes; false when there is less, or no time for more. */
static bool gather_bytes(struct parallel_reader *p, struct job *j, size_t need)
{
    while (j->in_len < need) {
        oci_span piece;

        if (atomic_load_explicit(&p->hurry, memory_order_relaxed) || !has_more(p))
            return false;
        piece = first_of(&p->rest, need - j->in_len);
        memcpy(j->in + j->in_len, piece.data, piece.len);
        j->in_len += piece.len;
        p->taken += piece.len;
    }
    return true;
}

static bool gather_unit(struct parallel_reader *p, struct job *j)
{
    bool last = false;
    uint64_t size;

    if (j->in == NULL)
        j->in = oci_alloc(max_packed(p->codec));
    if (j->in == NULL)
        return false;
    while (!last) {
        size_t need;

        if (!p->codec->outline->extend((oci_span) { j->in, j->in_len }, &need, &last) || need > max_packed(p->codec) ||
            !gather_bytes(p, j, need))
            return false;
    }
    size = p->codec->outline->size((oci_span) { j->in, j->in_len });
    j->size = (size_t)size;
    return size >= SMALL && size <= p->codec->block_size;
}

/* Whether there is a whole unit that is worth a thread. If not, what comes of the span at hand goes back to it, so that
 * the serial stage reads no other spans than it would have: some of its messages tell where one begins. */
static bool gather(struct parallel_reader *p, struct job *j)
{
    j->in_len = p->taken = 0;
    j->whole = false;
    if (gather_unit(p, j))
        return true;
    if (p->taken > 0) {
        j->in_len -= p->taken;
        p->rest = (oci_span) { (const char *)p->rest.data - p->taken, p->rest.len + p->taken };
    }
    return false;
}

static bool begin_job(void *ctx, size_t job)
{
    struct parallel_reader *p = ctx;

    /* The first one has been gathered to see whether there is work for threads. */
    return p->begun++ == 0 || gather(p, &p->jobs[job]);
}

/* ---- decoding ---- */

/* Whether a unit becomes what it says, and nothing is left of it. */
static bool decode(const struct parallel_reader *p, void *state, const struct job *j)
{
    oci_step step = { j->in, j->in_len, j->out, j->size + HEADROOM };
    bool end = false, moved = true;

    while (!end && moved) {
        const oci_step before = step;

        if (p->decoder->decode(state, &step, &end, NULL) < 0)
            return false;
        moved = step.in_len != before.in_len || step.out_len != before.out_len;
    }
    return end && step.in_len == 0 && step.out_len == HEADROOM;
}

/* A state that has failed is not used again, as its thread begins nothing more. */
static bool decode_job(void *ctx, size_t job, unsigned who)
{
    struct parallel_reader *p = ctx;
    struct job *j = &p->jobs[job];

    if (j->out == NULL)
        j->out = oci_alloc(p->codec->block_size + HEADROOM);
    j->whole = j->out != NULL && decode(p, p->states[who], j);
    return j->whole;
}

/* ---- going on alone ---- */

/* What was read and not given out, and then the source. */
struct replay_reader {
    oci_reader r;
    struct parallel_reader *p;
};

/* Whether there is something left of what was read. */
static bool has_read(struct parallel_reader *p)
{
    struct replay *replay = &p->replay;

    while (replay->left.len == 0 && replay->next < p->begun) {
        const struct job *j = job_at(p, replay->next++);

        replay->left = (oci_span) { j->in, j->in_len };
    }
    if (replay->left.len == 0) {
        replay->left = p->rest;
        p->rest.len = 0;
    }
    return replay->left.len > 0;
}

static int replay_next(oci_reader *r, oci_span *out, oci_error *err)
{
    struct parallel_reader *p = ((struct replay_reader *)r)->p;

    if (!has_read(p))
        return oci_reader_next(p->src, out, err);
    *out = first_of(&p->replay.left, p->replay.left.len);
    return 0;
}

static int replay_fill(oci_reader *r, void *room, size_t n, size_t *got, oci_error *err)
{
    struct parallel_reader *p = ((struct replay_reader *)r)->p;
    oci_span piece;

    if (!has_read(p))
        return oci_reader_fill(p->src, room, n, got, err);
    piece = first_of(&p->replay.left, n);
    memcpy(room, piece.data, piece.len);
    *got = piece.len;
    return 0;
}

static const oci_reader_ops replay_ops = { replay_next, NULL, replay_fill };

static int replay_new(struct parallel_reader *p, oci_reader **out, oci_error *err)
{
    struct replay_reader *r = oci_calloc(1, sizeof *r);

    if (r == NULL)
        return oci_fail_nomem(err);
    r->r.ops = &replay_ops;
    r->p = p;
    *out = &r->r;
    return 0;
}

static void end_threads(struct parallel_reader *p)
{
    atomic_store_explicit(&p->hurry, true, memory_order_relaxed);
    oci_crew_free(oci_steal(&p->crew));
}

/* What is left is decoded by the serial stage, which has a thread unless all of it is at hand. verify, a digest, where
 * this is everything. */
static int go_on_alone(struct parallel_reader *p, const oci_digest *verify, oci_error *err)
{
    const oci_ahead o = { .window = p->o.window, .helped = p->o.helped, .verify = verify };
    OCI_AUTO(oci_reader) r = NULL;
    bool more;
    int result;

    end_threads(p);
    for (size_t i = 0; i < p->n_jobs; i++)
        oci_free(oci_steal(&p->jobs[i].out));
    more = has_more(p);
    p->replay = (struct replay) { .next = p->oldest };
    result = replay_new(p, &r, err);
    if (result == 0)
        result = oci_reader_decode(oci_steal(&r), p->codec, p->max_ratio, p->row, &r, err);
    if (result == 0 && more)
        result = oci_reader_run_ahead(oci_steal(&r), &o, &r, err);
    else if (result == 0 && verify != NULL)
        result = oci_reader_verify(oci_steal(&r), verify, OCI_SIZE_UNKNOWN, &r, err);
    p->serial = oci_steal(&r);
    return result;
}

/* ---- the stage ---- */

/* Whether the job may be given out: its data may not grow too much even at the place where it has grown most. */
static bool is_good(const struct parallel_reader *p, const struct job *j)
{
    return j->whole &&
           oci_codec_check_ratio(p->codec->name, p->row.consumed, p->row.produced + j->size, p->max_ratio, NULL) == 0;
}

static void wait_for_oldest(struct parallel_reader *p)
{
    const size_t job = p->oldest % p->n_jobs;
    bool busy = true;

    while (busy && !oci_crew_has_done(p->crew, job))
        busy = oci_reader_catch_up(p->o.helped);
    oci_crew_wait(p->crew, job);
}

/* Begins to give out the oldest job; false when it is none that may be given out. */
static bool begin_oldest(struct parallel_reader *p)
{
    const struct job *j = job_at(p, p->oldest);

    wait_for_oldest(p);
    if (!is_good(p, j))
        return false;
    p->row.units++;
    p->row.consumed += j->in_len;
    p->row.produced += j->size;
    return true;
}

static int parallel_next(oci_reader *r, oci_span *out, oci_error *err)
{
    struct parallel_reader *p = (struct parallel_reader *)r;
    const struct job *j = job_at(p, p->oldest);

    if (p->serial != NULL)
        return oci_reader_next(p->serial, out, err);
    if (p->given > 0 && p->given == j->size) {
        oci_crew_open(p->crew);
        j = job_at(p, ++p->oldest);
        p->given = 0;
    }
    if (p->given == 0 && !begin_oldest(p)) {
        int result = go_on_alone(p, NULL, err);

        return result < 0 ? result : oci_reader_next(p->serial, out, err);
    }
    *out = (oci_span) { j->out + p->given, j->size - p->given };
    if (out->len > OCI_STREAM_CHUNK)
        out->len = OCI_STREAM_CHUNK;
    p->given += out->len;
    return 0;
}

static void parallel_free(oci_reader *r)
{
    struct parallel_reader *p = (struct parallel_reader *)r;

    end_threads(p);
    oci_reader_free(p->serial);
    for (size_t i = 0; p->jobs != NULL && i < p->n_jobs; i++) {
        oci_free(p->jobs[i].in);
        oci_free(p->jobs[i].out);
    }
    for (unsigned i = 0; p->states != NULL && i < p->threads; i++)
        if (p->states[i] != NULL)
            p->decoder->free(p->states[i]);
    oci_free(p->jobs);
    oci_free(p->states);
    oci_reader_free(p->src);
}

static const oci_reader_ops parallel_ops = { parallel_next, parallel_free, NULL };

static int start_threads(struct parallel_reader *p, oci_error *err)
{
    const oci_crew_work work = { p, begin_job, decode_job };
    int r = 0;

    p->states = oci_calloc(p->threads, sizeof *p->states);
    if (p->states == NULL)
        return oci_fail_nomem(err);
    for (unsigned i = 0; r == 0 && i < p->threads; i++)
        r = p->decoder->make(&p->states[i], err);
    if (r == 0)
        r = oci_crew_new(&work, p->n_jobs, p->threads, &p->crew, err);
    for (size_t i = 0; p->crew != NULL && i < p->n_jobs; i++)
        oci_crew_open(p->crew);
    return r;
}

/* One job is given out while each thread has one and one is done; less, when there is no memory for so many. */
static void plan(struct parallel_reader *p)
{
    const size_t most = p->o.memory / (p->codec->block_size + HEADROOM + max_packed(p->codec));

    p->threads = p->o.threads < MAX_THREADS ? p->o.threads : MAX_THREADS;
    p->n_jobs = p->threads + 2 < most ? p->threads + 2 : most;
    if (p->threads >= p->n_jobs)
        p->threads = p->n_jobs > 0 ? (unsigned)p->n_jobs - 1 : 0;
    if (p->n_jobs == 0)
        p->n_jobs = 1;
}

int oci_reader_decode_ahead(oci_reader *src, const oci_codec *codec, uint32_t max_ratio, const oci_ahead *o,
                            oci_reader **out, oci_error *err)
{
    OCI_AUTO(oci_reader) owned = src;
    OCI_AUTO(oci_reader) r = NULL;
    struct parallel_reader *p = oci_calloc(1, sizeof *p);
    int result = 0;

    if (p == NULL)
        return oci_fail_nomem(err);
    r = &p->r;
    p->r.ops = &parallel_ops;
    p->codec = codec;
    p->decoder = oci_codec_decoder(codec);
    p->max_ratio = max_ratio;
    p->o = *o;
    p->src = oci_steal(&owned);
    plan(p);
    p->jobs = oci_calloc(p->n_jobs, sizeof *p->jobs);
    if (p->jobs == NULL)
        return oci_fail_nomem(err);
    if (p->threads > 1 && gather(p, &p->jobs[0]) && has_more(p))
        result = start_threads(p, err);
    if (result == 0 && p->crew == NULL) {
        p->begun = 1;
        result = go_on_alone(p, o->verify, err);
    }
    /* The units and what may follow them have one digest. */
    if (result == 0 && p->crew != NULL && o->verify != NULL)
        result = oci_reader_verify(oci_steal(&r), o->verify, OCI_SIZE_UNKNOWN, &r, err);
    if (result == 0)
        *out = oci_steal(&r);
    return result;
}
