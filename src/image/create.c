/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pass over each tar:  input -> sniff -> inflate -> hash (diff_id) -> tee -> tar check
 *                                                                        `-> compress -> ingest (digest, size)
 */
#include <oci-image/create.h>

#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/event.h"
#include "base/fail.h"
#include "base/map.h"
#include "base/text.h"
#include "base/time.h"
#include "base/vec.h"
#include "image.h"
#include "spec/spec.h"
#include "store/store.h"
#include "stream/stream.h"
#include "tar/tar.h"

struct layer {
    oci_descriptor descriptor;
    oci_diff_id diff_id;
    oci_history history;
};

struct oci_create {
    oci_layout *layout;
    oci_create_options o;
    oci_limits limits;
    oci_digest_alg algorithm;
    oci_arena *arena; /* texts of the documents in the making */
    oci_txn *txn;     /* pins what was put until it has a name */
    const char *created;
    struct {
        struct layer *items;
        size_t count, cap;
    } layers;
};

OCI_DEFINE_AUTO(oci_create);

static int now_as_text(oci_create *c, oci_error *err)
{
    char text[OCI_TIME_TEXT];
    int64_t seconds = c->o.epoch != NULL ? *c->o.epoch : (int64_t)time(NULL);

    if (!oci_time_format_rfc3339(seconds, text))
        return oci_fail(err, OCI_E_USAGE, "the time %lld has no year of four digits", (long long)seconds);
    c->created = oci_arena_strndup(c->arena, text, strlen(text));
    return c->created != NULL ? 0 : oci_fail_nomem(err);
}

int oci_create_new(oci_layout *l, const oci_create_options *o, oci_create **out, oci_error *err)
{
    OCI_AUTO(oci_create) c = oci_calloc(1, sizeof *c);
    int r;

    if (c == NULL)
        return oci_fail_nomem(err);
    c->layout = l;
    c->o = o != NULL ? *o : (oci_create_options)OCI_CREATE_OPTIONS_INIT;
    c->limits = oci_limits_resolve(c->o.limits);
    c->algorithm = c->o.algorithm != OCI_DIGEST_NONE ? c->o.algorithm : OCI_DIGEST_SHA256;
    c->arena = oci_arena_new(0);
    if (c->arena == NULL)
        return oci_fail_nomem(err);
    r = now_as_text(c, err);
    if (r == 0)
        r = oci_txn_begin(l, &c->txn, err);
    if (r < 0)
        return r;
    *out = oci_steal(&c);
    return 0;
}

void oci_create_free(oci_create *c)
{
    if (c == NULL)
        return;
    oci_txn_abort(c->txn);
    oci_free(c->layers.items);
    oci_arena_free(c->arena);
    oci_free(c);
}

/* ---- the stages between ---- */

static int ingest_write(void *ctx, const void *p, size_t n, oci_error *err)
{
    return oci_ingest_write(ctx, p, n, err);
}

struct tee {
    oci_reader *source; /* borrowed */
    oci_writer *copy;   /* borrowed */
    const oci_events *events;
};

static int tee_next(void *ctx, oci_span *out, oci_error *err)
{
    struct tee *t = ctx;
    int r = oci_check_cancelled(t->events, err);

    if (r == 0)
        r = oci_reader_next(t->source, out, err);
    return r < 0 || out->len == 0 ? r : oci_writer_write(t->copy, out->data, out->len, err);
}

/* ---- what makes a tar a valid layer ---- */

/* Whether a component of name begins like a whiteout: unpacking would take it for one or refuse it. */
static bool has_whiteout(const char *name)
{
    return oci_starts_with(name, ".wh.") || strstr(name, "/.wh.") != NULL;
}

/* The digests of an image name its bytes, so a tar is taken as it is or not at all. */
static int check_entry(const oci_tar_entry *e, oci_map *names, oci_error *err)
{
    int r;

    if (e->stored_name[0] == '/')
        return oci_fail(err, OCI_E_INVALID, "entry '%s' has an absolute name", e->stored_name);
    if (e->type == OCI_TAR_UNKNOWN)
        return oci_fail(err, OCI_E_INVALID, "entry '%s' is of an unknown type", e->stored_name);
    if (e->name_len == 0 && e->type != OCI_TAR_DIR)
        return oci_fail(err, OCI_E_INVALID, "entry '%s' is the root, which can only be a directory", e->stored_name);
    if (has_whiteout(e->name))
        return oci_fail(err, OCI_E_INVALID, "entry '%s' has a name that is reserved for whiteouts", e->stored_name);
    r = oci_map_set(names, e->name, e->name_len, NULL);
    if (r < 0)
        return oci_fail_nomem(err);
    return r > 0 ? 0 : oci_fail(err, OCI_E_INVALID, "entry '%s' is there twice", e->stored_name);
}

static int check_tar(oci_create *c, oci_reader *tar, oci_error *err)
{
    OCI_AUTO(oci_map) names = oci_map_new();
    OCI_AUTO(oci_tar_reader) reader = NULL;
    const oci_tar_entry *e;
    uint64_t count = 0;
    int r;

    if (names == NULL)
        return oci_fail_nomem(err);
    r = oci_tar_reader_new(tar, c->o.events, &reader, err);
    if (r < 0)
        return r;
    while ((r = oci_tar_reader_next(reader, &e, err)) == 1) {
        if (++count > c->limits.max_entries)
            return oci_fail(err, OCI_E_LIMIT, "more than %llu entries", (unsigned long long)c->limits.max_entries);
        r = check_entry(e, names, err);
        if (r < 0)
            return r;
    }
    return r;
}

/* ---- a layer ---- */

/* Reads tar to its end; the uncompressed bytes go to store through the compressor, and their digest to diff_id. */
static int pass_through(oci_create *c, oci_reader *tar, oci_ingest *ingest, oci_digest *diff_id, oci_error *err)
{
    static const oci_reader_callbacks tee_ops = { tee_next, NULL };
    static const oci_writer_callbacks ingest_ops = { ingest_write, NULL, NULL };
    OCI_AUTO(oci_reader) hashed = NULL;
    OCI_AUTO(oci_reader) teed = NULL;
    OCI_AUTO(oci_writer) writer = NULL;
    struct tee tee;
    int r = oci_writer_to_callbacks(&ingest_ops, ingest, &writer, err);

    if (r == 0)
        r = oci_writer_compress(oci_steal(&writer), c->o.compression, c->o.compress, &writer, err);
    if (r == 0)
        r = oci_reader_hash(tar, c->algorithm, &hashed, err);
    else
        oci_reader_free(tar);
    if (r < 0)
        return r;
    tee = (struct tee) { .source = hashed, .copy = writer, .events = c->o.events };
    r = oci_reader_from_callbacks(&tee_ops, &tee, &teed, err);
    if (r == 0)
        r = check_tar(c, teed, err);
    if (r == 0)
        r = oci_writer_finish(writer, err);
    return r == 0 ? oci_reader_digest(hashed, diff_id, err) : r;
}

/* A reader that borrows another one, for filters that take their source. */
static int borrow_next(void *ctx, oci_span *out, oci_error *err)
{
    return oci_reader_next(ctx, out, err);
}

static int open_input(oci_create *c, oci_reader *tar, oci_reader **out, oci_error *err)
{
    static const oci_reader_callbacks borrow_ops = { borrow_next, NULL };
    oci_reader *r = NULL;
    int result = oci_reader_from_callbacks(&borrow_ops, tar, &r, err);

    return result < 0 ? result : oci_reader_decompress_any(r, c->limits.max_ratio, out, err);
}

static const char *digest_text(oci_create *c, const oci_digest *d)
{
    char text[OCI_DIGEST_MAX_TEXT];
    size_t n = oci_digest_format(d, text, sizeof text);

    return oci_arena_strndup(c->arena, text, n);
}

static int remember_layer(oci_create *c, const oci_digest *digest, uint64_t size, const oci_digest *diff_id,
                          const char *created_by, oci_error *err)
{
    struct layer l = { 0 };

    l.descriptor.media_type = oci_media_type_of_layer(c->o.compression);
    l.descriptor.digest = *digest;
    l.descriptor.digest_text = digest_text(c, digest);
    l.descriptor.size = size;
    l.diff_id.digest = *diff_id;
    l.diff_id.text = digest_text(c, diff_id);
    l.history.created = c->created;
    if (created_by != NULL)
        l.history.created_by = oci_arena_strndup(c->arena, created_by, strlen(created_by));
    if (l.descriptor.digest_text == NULL || l.diff_id.text == NULL ||
        (created_by != NULL && l.history.created_by == NULL) || !OCI_VEC_PUSH(&c->layers, l))
        return oci_fail_nomem(err);
    return 0;
}

int oci_create_add_layer(oci_create *c, oci_reader *tar, const char *created_by, oci_error *err)
{
    OCI_AUTO(oci_ingest) ingest = NULL;
    oci_reader *input = NULL;
    oci_digest digest, diff_id;
    uint64_t size;
    int r = oci_store_begin(oci_layout_store(c->layout), c->algorithm, &ingest, err);

    if (r == 0)
        r = open_input(c, tar, &input, err);
    if (r == 0)
        r = pass_through(c, input, ingest, &diff_id, err);
    if (r == 0)
        r = oci_ingest_commit(oci_steal(&ingest), NULL, &digest, &size, err);
    return r == 0 ? remember_layer(c, &digest, size, &diff_id, created_by, err) : r;
}

/* ---- the documents ---- */

/* Stores a document and describes it. */
static int put_document(oci_create *c, const char *media_type, const oci_buf *json, oci_descriptor *out, oci_error *err)
{
    oci_digest digest;
    int r = oci_store_put(oci_layout_store(c->layout), c->algorithm, json->data, json->len, &digest, err);

    if (r < 0)
        return r;
    *out = (oci_descriptor) { .media_type = media_type, .digest = digest, .size = json->len };
    out->digest_text = digest_text(c, &digest);
    return out->digest_text != NULL ? 0 : oci_fail_nomem(err);
}

/* The host's, but for its variant: a tarball does not tell that its programs need this very processor. */
static oci_platform platform_of(const oci_create *c)
{
    const oci_platform *host = oci_platform_host();

    return c->o.platform != NULL ? *c->o.platform
                                 : (oci_platform) { .architecture = host->architecture, .os = host->os };
}

static int put_config(oci_create *c, oci_descriptor *out, oci_error *err)
{
    size_t n = c->layers.count;
    oci_diff_id *diff_ids = oci_arena_array(c->arena, n, sizeof *diff_ids);
    oci_history *history = oci_arena_array(c->arena, n, sizeof *history);
    oci_config config = c->o.config != NULL ? *c->o.config : (oci_config) { 0 };
    const oci_platform platform = platform_of(c);
    OCI_AUTO_BUF oci_buf json = OCI_BUF_INIT;
    int r;

    if (diff_ids == NULL || history == NULL)
        return oci_fail_nomem(err);
    for (size_t i = 0; i < n; i++) {
        diff_ids[i] = c->layers.items[i].diff_id;
        history[i] = c->layers.items[i].history;
    }
    config.created = c->created;
    config.architecture = platform.architecture;
    config.os = platform.os;
    config.os_version = platform.os_version;
    config.variant = platform.variant;
    config.os_features = platform.os_features;
    config.rootfs_type = "layers";
    config.diff_ids = diff_ids;
    config.n_diff_ids = n;
    config.history = history;
    config.n_history = n;
    r = oci_config_print(&config, &json, err);
    return r < 0 ? r : put_document(c, OCI_MEDIA_TYPE_CONFIG, &json, out, err);
}

static int put_manifest(oci_create *c, const oci_descriptor *config, oci_descriptor *out, oci_error *err)
{
    size_t n = c->layers.count;
    const oci_descriptor **layers = oci_arena_array(c->arena, n, sizeof *layers);
    oci_manifest manifest = { .media_type = OCI_MEDIA_TYPE_MANIFEST, .config = config, .n_layers = n };
    OCI_AUTO_BUF oci_buf json = OCI_BUF_INIT;
    int r;

    if (layers == NULL)
        return oci_fail_nomem(err);
    for (size_t i = 0; i < n; i++)
        layers[i] = &c->layers.items[i].descriptor;
    manifest.layers = layers;
    manifest.annotations = c->o.annotations;
    r = oci_manifest_print(&manifest, &json, err);
    return r < 0 ? r : put_document(c, OCI_MEDIA_TYPE_MANIFEST, &json, out, err);
}

int oci_create_commit(oci_create *c, const char *name, oci_digest *out, oci_error *err)
{
    const oci_platform platform = platform_of(c);
    oci_descriptor config, manifest;
    int r;

    if (c->txn == NULL)
        return oci_fail(err, OCI_E_USAGE, "this image was committed already");
    r = put_config(c, &config, err);
    if (r == 0)
        r = put_manifest(c, &config, &manifest, err);
    if (r < 0)
        return r;
    manifest.platform = &platform;
    r = oci_txn_set_ref(c->txn, name, &manifest, err);
    if (r == 0)
        r = oci_txn_commit(oci_steal(&c->txn), err);
    if (r == 0 && out != NULL)
        *out = manifest.digest;
    return r;
}
