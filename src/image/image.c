/* SPDX-License-Identifier: Apache-2.0 */
#include "image.h"

#include <string.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/text.h"
#include "spec/spec.h"
#include "stream/stream.h"

/* A document may repeat its own media type; when it does, it must say what its descriptor says, or two readers could
 * take the same bytes for two different things. */
static int check_own_type(const oci_descriptor *d, const char *own, oci_error *err)
{
    if (own == NULL || oci_equal_nocase(own, d->media_type))
        return 0;
    return oci_fail(err, OCI_E_INVALID, "/mediaType: '%s' contradicts the descriptor, which says '%s'", own,
                    d->media_type);
}

static int read_document(oci_store *s, const oci_descriptor *d, const oci_limits *limits, oci_buf *out, oci_error *err)
{
    oci_limits l = oci_limits_resolve(limits);

    return oci_store_read_blob(s, d, l.max_document, out, err);
}

int oci_read_index(oci_store *s, const oci_descriptor *d, const oci_limits *limits, oci_index **out, oci_error *err)
{
    OCI_AUTO_BUF oci_buf bytes = OCI_BUF_INIT;
    OCI_AUTO(oci_index) index = NULL;
    int r = read_document(s, d, limits, &bytes, err);

    if (r == 0)
        r = oci_index_parse(bytes.data, bytes.len, limits, &index, err);
    if (r == 0)
        r = check_own_type(d, index->media_type, err);
    if (r < 0)
        return oci_wrap(err, r, "index %s", d->digest_text);
    *out = oci_steal(&index);
    return 0;
}

int oci_read_manifest(oci_store *s, const oci_descriptor *d, const oci_limits *limits, oci_buf *bytes,
                      oci_manifest **out, oci_error *err)
{
    OCI_AUTO_BUF oci_buf text = OCI_BUF_INIT;
    OCI_AUTO(oci_manifest) manifest = NULL;
    int r = read_document(s, d, limits, &text, err);

    if (r == 0)
        r = oci_manifest_parse(text.data, text.len, limits, &manifest, err);
    if (r == 0)
        r = check_own_type(d, manifest->media_type, err);
    if (r < 0)
        return oci_wrap(err, r, "manifest %s", d->digest_text);
    if (bytes != NULL) {
        *bytes = text;
        text = (oci_buf)OCI_BUF_INIT;
    }
    *out = oci_steal(&manifest);
    return 0;
}

int oci_read_config(oci_store *s, const oci_descriptor *d, const oci_limits *limits, oci_buf *bytes, oci_config **out,
                    oci_error *err)
{
    OCI_AUTO_BUF oci_buf text = OCI_BUF_INIT;
    OCI_AUTO(oci_config) config = NULL;
    int r = read_document(s, d, limits, &text, err);

    if (r == 0)
        r = oci_config_parse(text.data, text.len, limits, &config, err);
    if (r < 0)
        return oci_wrap(err, r, "configuration %s", d->digest_text);
    if (bytes != NULL) {
        *bytes = text;
        text = (oci_buf)OCI_BUF_INIT;
    }
    *out = oci_steal(&config);
    return 0;
}

static int check_media_types(const oci_manifest *m, oci_error *err)
{
    if (oci_media_type_info(m->config->media_type).kind != OCI_MEDIA_CONFIG)
        return oci_fail(err, OCI_E_UNSUPPORTED, "this is no image to run but an artifact: its configuration is '%s'",
                        m->config->media_type);
    for (size_t i = 0; i < m->n_layers; i++)
        if (oci_media_type_info(m->layers[i]->media_type).kind != OCI_MEDIA_LAYER)
            return oci_fail(err, OCI_E_UNSUPPORTED, "layer %zu: '%s' is no media type of a layer", i + 1,
                            m->layers[i]->media_type);
    return 0;
}

/* What a document promises and the store does not have is damage of the image, not a wrong question. */
static int as_damage(int r, oci_error *err)
{
    if (r != OCI_E_NOT_FOUND)
        return r;
    if (err != NULL)
        err->code = OCI_E_INVALID;
    return OCI_E_INVALID;
}

static int load(oci_image *i, const oci_descriptor *d, oci_error *err)
{
    int r;

    if (oci_media_type_info(d->media_type).kind != OCI_MEDIA_MANIFEST)
        return oci_fail(err, OCI_E_UNSUPPORTED, "%s is '%s', not an image manifest", d->digest_text, d->media_type);
    r = oci_read_manifest(i->store, d, &i->limits, &i->manifest_bytes, &i->manifest, err);
    if (r < 0)
        return r;
    r = check_media_types(i->manifest, err);
    if (r < 0)
        return oci_wrap(err, r, "manifest %s", d->digest_text);
    r = oci_read_config(i->store, i->manifest->config, &i->limits, &i->config_bytes, &i->config, err);
    if (r < 0)
        return r;
    if (i->manifest->n_layers != i->config->n_diff_ids)
        return oci_fail(err, OCI_E_INVALID, "the manifest %s has %zu layers, its configuration %zu diff_ids",
                        d->digest_text, i->manifest->n_layers, i->config->n_diff_ids);
    return 0;
}

int oci_image_open(oci_store *s, const oci_descriptor *manifest, const oci_limits *limits, oci_image **out,
                   oci_error *err)
{
    OCI_AUTO(oci_image) image = oci_calloc(1, sizeof *image);
    int r;

    if (image == NULL)
        return oci_fail_nomem(err);
    image->store = s;
    image->limits = oci_limits_resolve(limits);
    image->media_type = oci_strdup(manifest->media_type);
    image->digest_text = oci_strdup(manifest->digest_text);
    if (image->media_type == NULL || image->digest_text == NULL)
        return oci_fail_nomem(err);
    r = as_damage(load(image, manifest, err), err);
    if (r < 0)
        return r;
    *out = oci_steal(&image);
    return 0;
}

void oci_image_free(oci_image *i)
{
    if (i == NULL)
        return;
    oci_manifest_free(i->manifest);
    oci_config_free(i->config);
    oci_free(i->media_type);
    oci_free(i->digest_text);
    oci_buf_free(&i->manifest_bytes);
    oci_buf_free(&i->config_bytes);
    oci_free(i);
}

const oci_manifest *oci_image_manifest(const oci_image *i)
{
    return i->manifest;
}

const oci_config *oci_image_config(const oci_image *i)
{
    return i->config;
}

oci_span oci_image_manifest_bytes(const oci_image *i)
{
    return (oci_span) { i->manifest_bytes.data, i->manifest_bytes.len };
}

oci_span oci_image_config_bytes(const oci_image *i)
{
    return (oci_span) { i->config_bytes.data, i->config_bytes.len };
}

int oci_image_chain_id(const oci_image *i, size_t n, oci_digest *out, oci_error *err)
{
    const char *below;
    char chain[OCI_DIGEST_MAX_TEXT];
    oci_digest digest;
    int r = 0;

    if (n == 0 || n > i->config->n_diff_ids)
        return oci_fail(err, OCI_E_USAGE, "the image has no layer %zu", n);
    below = i->config->diff_ids[0].text;
    if (n == 1)
        return oci_digest_parse(below, strlen(below), out, err);
    for (size_t k = 1; r == 0 && k < n; k++) {
        OCI_AUTO_BUF oci_buf pair = OCI_BUF_INIT;

        r = oci_buf_printf(&pair, err, "%s %s", below, i->config->diff_ids[k].text);
        if (r == 0)
            r = oci_digest_of(OCI_DIGEST_SHA256, pair.data, pair.len, &digest, err);
        if (r == 0)
            oci_digest_format(&digest, chain, sizeof chain);
        below = chain;
    }
    if (r == 0)
        *out = digest;
    return r;
}

/* Takes blob, to become what has the digest want (or NULL). */
static int decode(oci_reader *blob, oci_compression kind, uint32_t max_ratio, const oci_ahead *ahead,
                  const oci_digest *want, oci_reader **out, oci_error *err)
{
    OCI_AUTO(oci_reader) r = blob;
    int result;

    if (ahead != NULL) {
        oci_ahead o = *ahead;

        o.helped = blob;
        o.verify = want;
        result = oci_reader_hash_later(blob, true, err);
        return result < 0 ? result : oci_reader_decompress_ahead(oci_steal(&r), kind, max_ratio, &o, out, err);
    }
    result = oci_reader_decompress(oci_steal(&r), kind, max_ratio, &r, err);
    if (result == 0 && want != NULL)
        result = oci_reader_verify(oci_steal(&r), want, OCI_SIZE_UNKNOWN, &r, err);
    if (result == 0)
        *out = oci_steal(&r);
    return result;
}

int oci_image_decode_layer(oci_image *i, size_t n, const oci_ahead *ahead, oci_reader **out, const oci_digest **left,
                           oci_error *err)
{
    OCI_AUTO(oci_reader) blob = NULL;
    const oci_descriptor *d;
    const oci_diff_id *diff_id;
    const oci_digest *want;
    oci_compression compression;
    int r;

    if (n >= i->manifest->n_layers)
        return oci_fail(err, OCI_E_USAGE, "the image has no layer %zu", n + 1);
    d = i->manifest->layers[n];
    diff_id = &i->config->diff_ids[n];
    if (diff_id->digest.alg == OCI_DIGEST_NONE)
        return oci_fail(err, OCI_E_UNSUPPORTED,
                        "the digest algorithm of diff_id %s is unknown, the layer cannot be verified", diff_id->text);
    r = as_damage(oci_store_open_blob(i->store, d, &blob, err), err);
    if (r < 0)
        return r;
    compression = oci_media_type_info(d->media_type).compression;
    want = &diff_id->digest;
    /* What is not compressed has one digest, and that is demanded already. */
    if (compression == OCI_COMPRESSION_NONE && oci_digest_equal(&d->digest, want))
        want = NULL;
    if (left != NULL) {
        *left = want;
        want = NULL;
    }
    return decode(oci_steal(&blob), compression, i->limits.max_ratio, ahead, want, out, err);
}

int oci_image_open_layer(oci_image *i, size_t n, oci_reader **out, oci_error *err)
{
    return oci_image_decode_layer(i, n, NULL, out, NULL, err);
}
