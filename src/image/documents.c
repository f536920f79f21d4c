/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration and manifest of a new image. */
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/time.h"
#include "base/vec.h"
#include "copy.h"
#include "create.h"
#include "image.h"
#include "spec/spec.h"

static int now_as_text(oci_create *c, oci_error *err)
{
    char text[OCI_TIME_TEXT];
    int64_t seconds = c->o.epoch != NULL ? *c->o.epoch : (int64_t)time(NULL);

    if (!oci_time_format_rfc3339(seconds, text))
        return oci_fail(err, OCI_E_USAGE, "the time %lld has no year of four digits", (long long)seconds);
    c->created = oci_arena_strndup(c->arena, text, strlen(text));
    return c->created != NULL ? 0 : oci_fail_nomem(err);
}

/* The host's platform is meant but for its variant: a tarball does not tell that its programs need this processor. */
static oci_platform choose_platform(const oci_create *c)
{
    const oci_platform *host = oci_platform_host();
    oci_platform p = { .architecture = c->config.architecture,
                       .os = c->config.os,
                       .os_version = c->config.os_version,
                       .variant = c->config.variant,
                       .os_features = c->config.os_features };

    if (c->o.platform != NULL)
        return *c->o.platform;
    if (p.architecture == NULL)
        p.architecture = host->architecture;
    if (p.os == NULL)
        p.os = host->os;
    return p;
}

static void forget_layers(oci_config *config)
{
    config->diff_ids = NULL;
    config->n_diff_ids = 0;
    config->history = NULL;
    config->n_history = 0;
    config->rootfs_type = "layers";
}

/* What could not be read again must not be written. */
static int check_config(const oci_create *c, oci_error *err)
{
    OCI_AUTO_BUF oci_buf json = OCI_BUF_INIT;
    OCI_AUTO(oci_config) again = NULL;
    int r = oci_config_print(&c->config, &json, err);

    if (r == 0)
        r = oci_config_parse(json.data, json.len, &c->limits, &again, err);
    if (r == 0 || r == OCI_E_NOMEM)
        return r;
    /* Whoever made it is asked, not an image. */
    if (err != NULL)
        err->code = OCI_E_USAGE;
    return oci_wrap(err, OCI_E_USAGE, "the configuration");
}

int oci_create_choose_config(oci_create *c, oci_error *err)
{
    int r = now_as_text(c, err);

    if (r < 0)
        return r;
    if (c->o.config != NULL)
        c->config = *c->o.config;
    else if (c->o.from != NULL)
        c->config = *oci_image_config(c->o.from);
    if (c->o.config != NULL && c->config.created != NULL)
        c->created = c->config.created;
    c->platform = choose_platform(c);
    c->config.created = c->created;
    c->config.architecture = c->platform.architecture;
    c->config.os = c->platform.os;
    c->config.os_version = c->platform.os_version;
    c->config.variant = c->platform.variant;
    c->config.os_features = c->platform.os_features;
    forget_layers(&c->config);
    return check_config(c, err);
}

/* Stores a document and describes it. */
static int put_document(oci_create *c, const char *media_type, const oci_buf *json, oci_descriptor *out, oci_error *err)
{
    oci_digest digest;
    int r = oci_put_document(oci_layout_store(c->layout), c->algorithm, media_type, json, &digest, err);

    if (r < 0)
        return r;
    *out = (oci_descriptor) { .media_type = media_type, .digest = digest, .size = json->len };
    out->digest_text = oci_create_digest_text(c, &digest);
    return out->digest_text != NULL ? 0 : oci_fail_nomem(err);
}

/* A change of the configuration alone is told when there is something to tell. */
static int tell_comment(oci_create *c, oci_error *err)
{
    const size_t below = c->o.from != NULL ? oci_image_manifest(c->o.from)->n_layers : 0;
    const oci_history h = { .created = c->created, .comment = c->o.comment, .empty_layer = true };

    if (c->told || c->o.comment == NULL || c->o.no_history || c->layers.count > below)
        return 0;
    c->told = OCI_VEC_PUSH(&c->history, h);
    return c->told ? 0 : oci_fail_nomem(err);
}

static int put_config(oci_create *c, oci_descriptor *out, oci_error *err)
{
    size_t n = c->layers.count;
    oci_diff_id *diff_ids = oci_arena_array(c->arena, n, sizeof *diff_ids);
    OCI_AUTO_BUF oci_buf json = OCI_BUF_INIT;
    oci_config config = c->config;
    int r;

    if (diff_ids == NULL)
        return oci_fail_nomem(err);
    for (size_t i = 0; i < n; i++)
        diff_ids[i] = c->layers.items[i].diff_id;
    config.diff_ids = diff_ids;
    config.n_diff_ids = n;
    config.history = c->history.items;
    config.n_history = c->history.count;
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

int oci_create_put_documents(oci_create *c, oci_descriptor *manifest, oci_error *err)
{
    oci_descriptor *config = oci_arena_alloc(c->arena, sizeof *config);
    int r = config != NULL ? tell_comment(c, err) : oci_fail_nomem(err);

    if (r == 0)
        r = put_config(c, config, err);
    return r < 0 ? r : put_manifest(c, config, manifest, err);
}
