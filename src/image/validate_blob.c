/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Content: each blob is read once, in threads, and what it is asked about is found on the way:
 *
 *     blob ► verify ► inflate ► hash (diff_ids) ► tar ► plan
 *
 * When something fails the rest is read nevertheless, so that it is known whether the blob is to blame (it does not
 * have its digest), its compression, or the archive in it.
 */
#include "validation.h"

#include <stdatomic.h>
#include <string.h>

#include "base/alloc.h"
#include "base/event.h"
#include "base/fail.h"
#include "os/pool.h"
#include "store/store.h"
#include "stream/stream.h"

/* Bytes for what is kept of all layers, unless somebody asks for paths, and for what threads have decoded of them. */
enum { ROOM = 32 * 1024 * 1024, AHEAD = 64 * 1024 * 1024 };
enum { WORTH_A_THREAD = 1536 * 1024 /* bytes of a blob */ };

struct job {
    oci_content *content;
    oci_report *found;
    oci_error err;
    int r;
};

struct jobs {
    oci_validation *v;
    struct job *items;
    atomic_bool cancelled;
    atomic_size_t room; /* for the names of layers that are kept */
    bool is_ahead;      /* there are processors to spare: layers are inflated in other threads */
    oci_ahead ahead;
};

static int open_blob(const oci_validation *v, const oci_content *c, oci_reader **out, oci_error *err)
{
    const oci_descriptor plain = oci_content_descriptor(c);

    return oci_store_open_blob(v->store, &plain, out, err);
}

static oci_node node_of_job(const oci_validation *v, const oci_content *c, oci_report *found)
{
    return (oci_node) {
        .report = found,
        .place = { .layout = v->name, .file = c->file, .digest = c->digest_text, .path = c->path },
        .order = c->order,
    };
}

/* What a failed reading of the blob means: a finding (0), or that nobody can know. */
static int judge_blob(oci_node *n, oci_content *c, int r, const oci_error *why, oci_error *err)
{
    if (r == OCI_E_DIGEST || r == OCI_E_SIZE) {
        c->is_damaged = true;
        oci_tell(n, "layout.blobs.content-matches-digest", OCI_TOLD_RULE, NULL, "%s", why->msg);
        return 0;
    }
    *err = *why;
    return r;
}

/* ---- layers ---- */

static const char *rule_of_compression(oci_compression kind)
{
    switch (kind) {
    case OCI_COMPRESSION_GZIP:
        return "layer.media.gzip";
    case OCI_COMPRESSION_ZSTD:
        return "layer.media.zstd-form";
    case OCI_COMPRESSION_NONE:
        break;
    }
    return "layer.media.tar";
}

/* What a failed reading of the archive means, when its blob and its compression are right. */
static const char *rule_of_archive(const oci_error *why)
{
    if (why->code == OCI_E_UNSAFE)
        return "layer.name.dotdot";
    if (why->code != OCI_E_LIMIT)
        return "layer.tar.format";
    return strstr(why->msg, "bytes") != NULL ? "limits.size" : "limits.entries";
}

/* blob (borrowed) ► inflate ► hash for each algorithm. hashes[alg] is the stage of that algorithm. When it is worth
 * while, inflating has a thread, or several. Both digests are computed behind it, together where that gains something,
 * otherwise that of the blob while there is nothing else to do. */
static int make_chain(oci_reader *blob, struct jobs *jobs, const oci_content *c, oci_compression kind,
                      oci_reader *hashes[UINT8_MAX + 1], oci_reader **out, oci_error *err)
{
    const oci_layer_use *uses = c->uses[kind];
    OCI_AUTO(oci_reader) r = NULL;
    const bool is_ahead = jobs->is_ahead && c->size >= WORTH_A_THREAD;
    oci_ahead ahead = jobs->ahead;
    int result = oci_reader_hash_later(blob, is_ahead, err);

    ahead.helped = blob;
    if (result == 0)
        result = oci_reader_borrow(blob, &jobs->cancelled, &r, err);
    if (result == 0 && is_ahead)
        result = oci_reader_decompress_ahead(oci_steal(&r), kind, jobs->v->limits.max_ratio, &ahead, &r, err);
    else if (result == 0)
        result = oci_reader_decompress(oci_steal(&r), kind, jobs->v->limits.max_ratio, &r, err);
    for (; result == 0 && uses != NULL; uses = uses->next) {
        oci_digest_alg alg = uses->diff_id.alg;

        if (alg == OCI_DIGEST_NONE || hashes[alg] != NULL)
            continue;
        result = oci_reader_hash_beside(oci_steal(&r), alg, blob, &r, err);
        hashes[alg] = r;
    }
    if (result == 0)
        *out = oci_steal(&r);
    return result;
}

static int compare_diff_ids(oci_node *n, const oci_layer_use *uses, oci_reader *const hashes[UINT8_MAX + 1],
                            oci_error *err)
{
    for (; uses != NULL; uses = uses->next) {
        char text[OCI_DIGEST_MAX_TEXT], want[OCI_DIGEST_MAX_TEXT];
        oci_digest digest;
        int r;

        if (uses->diff_id.alg == OCI_DIGEST_NONE || hashes[uses->diff_id.alg] == NULL)
            continue;
        r = oci_reader_digest(hashes[uses->diff_id.alg], &digest, err);
        if (r < 0)
            return r;
        if (oci_digest_equal(&digest, &uses->diff_id))
            continue;
        oci_digest_format(&digest, text, sizeof text);
        oci_digest_format(&uses->diff_id, want, sizeof want);
        n->place.path = uses->path;
        n->place.layer = uses->number;
        oci_tell(n, "config.rootfs.diff-ids.match-layers", OCI_TOLD_RULE, NULL,
                 "the uncompressed layer is %s, its diff_id is %s", text, want);
    }
    return 0;
}

/* One layer in one compression. */
static int check_layer(struct jobs *jobs, oci_node *n, oci_content *c, oci_compression kind, oci_error *err)
{
    const oci_validation *v = jobs->v;
    const oci_layer_use *uses = c->uses[kind];
    OCI_AUTO(oci_reader) blob = NULL;
    OCI_AUTO(oci_reader) tar = NULL;
    oci_reader *hashes[UINT8_MAX + 1] = { NULL };
    oci_error why = OCI_ERROR_INIT, stream = OCI_ERROR_INIT;
    bool is_base = false;
    int r = open_blob(v, c, &blob, err), of_archive, of_stream;

    if (r == 0)
        r = make_chain(blob, jobs, c, kind, hashes, &tar, err);
    if (r < 0)
        return r;
    for (const oci_layer_use *u = uses; u != NULL; u = u->next)
        is_base = is_base || u->is_base;
    n->place.path = uses->path;
    n->place.layer = uses->number;
    oci_layer_facts_free(&c->layer);
    of_archive = oci_check_layer(n, tar, &v->limits, is_base, &jobs->room, &c->layer, &why);
    if (of_archive == OCI_E_NOMEM)
        return oci_fail_nomem(err);
    of_stream = oci_reader_drain(tar, &stream);
    if (of_stream == 0)
        r = compare_diff_ids(n, uses, hashes, err);
    /* Whatever reads the blob in a thread has to be gone. */
    oci_reader_free(oci_steal(&tar));
    if (r < 0)
        return r;
    n->place.path = uses->path;
    n->place.layer = uses->number;
    if (of_stream == OCI_E_CANCELLED)
        return oci_fail(err, of_stream, "cancelled");
    if (oci_reader_drain(blob, err) < 0)
        return err->code;
    if (of_stream < 0)
        c->layer.is_kept = c->layer.no_room = false;
    if (of_stream == OCI_E_LIMIT)
        oci_tell(n, "limits.ratio", OCI_TOLD_RULE, NULL, "%s", stream.msg);
    else if (of_stream < 0)
        oci_tell(n, rule_of_compression(kind), OCI_TOLD_REFUSED, NULL, "%s", stream.msg);
    else if (of_archive < 0)
        oci_tell(n, rule_of_archive(&why), OCI_TOLD_REFUSED, NULL, "%s", why.msg);
    return 0;
}

static bool is_layer(const oci_content *c)
{
    for (size_t i = 0; i < sizeof c->uses / sizeof c->uses[0]; i++)
        if (c->uses[i] != NULL)
            return true;
    return false;
}

static int verify(struct jobs *jobs, const oci_content *c, oci_error *err)
{
    OCI_AUTO(oci_reader) blob = NULL;
    OCI_AUTO(oci_reader) stoppable = NULL;
    int r = open_blob(jobs->v, c, &blob, err);

    if (r == 0)
        r = oci_reader_borrow(blob, &jobs->cancelled, &stoppable, err);
    return r < 0 ? r : oci_reader_drain(stoppable, err);
}

/* What is told of the entries of a damaged layer is worth nothing: it is told once more that it is damaged, alone. */
static int run_job(void *ctx, size_t i)
{
    struct jobs *jobs = ctx;
    struct job *job = &jobs->items[i];
    oci_content *c = job->content;
    oci_error why = OCI_ERROR_INIT;
    oci_node n;
    int r = oci_report_new(jobs->v->o, &job->found, &job->err);

    if (r < 0)
        return job->r = r;
    n = node_of_job(jobs->v, c, job->found);
    if (!is_layer(c) || jobs->v->o->depth != OCI_VALIDATE_LAYERS)
        r = verify(jobs, c, &why);
    for (size_t kind = 0; r == 0 && is_layer(c) && kind < sizeof c->uses / sizeof c->uses[0]; kind++)
        if (c->uses[kind] != NULL && jobs->v->o->depth == OCI_VALIDATE_LAYERS)
            r = check_layer(jobs, &n, c, (oci_compression)kind, &why);
    if (r < 0) {
        oci_layer_facts_free(&c->layer);
        oci_report_free(oci_steal(&job->found));
        r = oci_report_new(jobs->v->o, &job->found, &job->err);
        n = node_of_job(jobs->v, c, job->found);
        if (r == 0)
            r = judge_blob(&n, c, why.code, &why, &job->err);
    }
    if (r == 0 && n.failed < 0)
        r = oci_fail_nomem(&job->err);
    return job->r = r;
}

static bool is_cancelled(void *ctx)
{
    struct jobs *jobs = ctx;
    bool now = oci_check_cancelled(jobs->v->o->events, NULL) < 0;

    if (now)
        atomic_store_explicit(&jobs->cancelled, true, memory_order_relaxed);
    return now;
}

/* Puts together what the jobs have found. */
static int collect(struct jobs *jobs, int r, oci_error *err)
{
    for (size_t i = 0; i < jobs->v->jobs.count; i++) {
        struct job *job = &jobs->items[i];

        if (r < 0 && job->r == r && err != NULL && err->code == 0)
            *err = job->err;
        if (r == 0 && job->found != NULL && oci_report_append(jobs->v->report, job->found) < 0)
            r = oci_fail_nomem(err);
        oci_report_free(job->found);
    }
    return r;
}

/* Whether there are more threads than blobs, and how many of them each layer has. */
static void plan_ahead(struct jobs *jobs, unsigned threads)
{
    unsigned layers = 0;

    for (size_t i = 0; i < jobs->v->jobs.count; i++)
        layers += is_layer(jobs->items[i].content);
    jobs->is_ahead = jobs->v->jobs.count < threads;
    if (layers == 0)
        return;
    jobs->ahead = (oci_ahead) { .threads = threads / layers, .memory = AHEAD / layers };
    jobs->is_ahead = jobs->is_ahead || jobs->ahead.threads > 1;
}

int oci_validate_blobs(oci_validation *v, oci_error *err)
{
    struct jobs jobs = { .v = v, .room = v->o->require_paths.count > 0 ? SIZE_MAX : ROOM };
    const oci_pool_work work = { &jobs, run_job, is_cancelled };
    unsigned threads = v->o->threads > 0 ? v->o->threads : oci_pool_processors();
    int r;

    if (v->o->depth == OCI_VALIDATE_DOCUMENTS || v->jobs.count == 0)
        return 0;
    jobs.items = oci_calloc(v->jobs.count, sizeof *jobs.items);
    if (jobs.items == NULL)
        return oci_fail_nomem(err);
    for (size_t i = 0; i < v->jobs.count; i++)
        jobs.items[i].content = v->jobs.items[i];
    plan_ahead(&jobs, threads);
    if (err != NULL)
        *err = (oci_error)OCI_ERROR_INIT;
    r = oci_pool_run(threads, v->jobs.count, &work);
    if (r == 0)
        r = oci_check_cancelled(v->o->events, err);
    r = collect(&jobs, r, err);
    oci_free(jobs.items);
    return r;
}

/* ---- one layer alone ---- */

int oci_validate_layer(oci_report *report, const char *file, oci_reader *layer, oci_error *err)
{
    const oci_validate_options *o = oci_report_options(report);
    const oci_limits limits = oci_limits_resolve(o->limits);
    oci_node n = { .report = report, .place = { .file = file }, .first = oci_report_count(report) };
    OCI_AUTO(oci_reader) r = NULL;
    oci_error why = OCI_ERROR_INIT, stream = OCI_ERROR_INIT;
    oci_compression kind = OCI_COMPRESSION_NONE;
    oci_layer_facts facts;
    int result = oci_reader_borrow(layer, NULL, &r, err), of_archive;

    if (result == 0)
        result = oci_reader_sniff(oci_steal(&r), &kind, &r, err);
    if (result == 0)
        result = oci_reader_decompress(oci_steal(&r), kind, limits.max_ratio, &r, err);
    if (result < 0)
        return result;
    of_archive = oci_check_layer(&n, r, &limits, false, NULL, &facts, &why);
    oci_layer_facts_free(&facts);
    result = oci_reader_drain(r, &stream);
    if (of_archive == OCI_E_NOMEM || result == OCI_E_NOMEM)
        return oci_fail_nomem(err);
    if (result == OCI_E_IO || result == OCI_E_PERM) {
        if (err != NULL)
            *err = stream;
        return oci_wrap(err, result, "'%s'", file);
    }
    if (result == OCI_E_LIMIT)
        oci_tell(&n, "limits.ratio", OCI_TOLD_RULE, NULL, "%s", stream.msg);
    else if (result < 0)
        oci_tell(&n, rule_of_compression(kind), OCI_TOLD_REFUSED, NULL, "%s", stream.msg);
    else if (of_archive < 0)
        oci_tell(&n, rule_of_archive(&why), OCI_TOLD_REFUSED, NULL, "%s", why.msg);
    return n.failed < 0 ? oci_fail_nomem(err) : 0;
}
