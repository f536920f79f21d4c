/* SPDX-License-Identifier: Apache-2.0 */
#include <oci-image/mediatype.h>

#include "open.h"
#include "out.h"

struct options {
    const char *blobs, *tmpdir;
    struct cli_output output;
    struct cli_limits limits;
};

static const struct cli_option options[] = {
    CLI_BLOBS(struct options, blobs),
    CLI_TMPDIR(struct options, tmpdir),
    CLI_GROUP(struct options, output, struct cli_output, CLI_OUTPUT_TITLE, cli_output_options),
    CLI_GROUP(struct options, limits, struct cli_limits, CLI_LIMITS_TITLE, cli_limits_options),
    CLI_END,
};

/* Where the entries go: a table, or a document. */
struct listing {
    struct cli *cli;
    struct cli_table table;
    struct cli_json json;
    bool as_json;
};

static const char *type_of(const oci_walk_node *node)
{
    switch (oci_media_type_info(node->descriptor->media_type).kind) {
    case OCI_MEDIA_INDEX:
        return "index";
    case OCI_MEDIA_MANIFEST:
        return node->manifest != NULL && node->config == NULL && node->problem == NULL ? "artifact" : "image";
    case OCI_MEDIA_OTHER:
    case OCI_MEDIA_DESCRIPTOR:
    case OCI_MEDIA_LAYOUT:
    case OCI_MEDIA_CONFIG:
    case OCI_MEDIA_EMPTY:
    case OCI_MEDIA_LAYER:
        break;
    }
    return "other";
}

/* The platform of the descriptor or of the configuration; "" when nobody says. */
static void platform_of(const oci_walk_node *node, char *out, size_t cap)
{
    oci_platform own = { 0 };
    const oci_platform *p = node->descriptor->platform;

    out[0] = '\0';
    if (p == NULL && node->config != NULL) {
        own.architecture = node->config->architecture;
        own.os = node->config->os;
        own.variant = node->config->variant;
        p = &own;
    }
    if (p != NULL)
        oci_platform_format(p, out, cap);
}

/* Manifest, configuration and layers together; of anything else its own size. */
static uint64_t size_of(const oci_walk_node *node)
{
    uint64_t sum = node->descriptor->size;

    if (node->manifest == NULL)
        return sum;
    sum += node->manifest->config->size;
    for (size_t i = 0; i < node->manifest->n_layers; i++)
        if (__builtin_add_overflow(sum, node->manifest->layers[i]->size, &sum))
            return UINT64_MAX;
    return sum;
}

static void add_json(struct listing *l, const oci_walk_node *node, const char *name, const char *platform)
{
    struct cli_json *j = &l->json;

    cli_json_object(j, NULL);
    cli_json_string(j, "name", name);
    cli_json_string(j, "digest", node->descriptor->digest_text);
    cli_json_string(j, "mediaType", node->descriptor->media_type);
    cli_json_string(j, "type", type_of(node));
    cli_json_string(j, "platform", platform[0] != '\0' ? platform : NULL);
    cli_json_number(j, "size", size_of(node));
    cli_json_string(j, "created", node->config != NULL ? node->config->created : NULL);
    cli_json_number(j, "depth", node->depth);
    if (node->problem != NULL)
        cli_json_string(j, "problem", node->problem->msg);
    cli_json_end(j);
}

static void add_row(struct listing *l, const oci_walk_node *node, const char *name, const char *platform)
{
    char size[CLI_SIZE_TEXT];

    cli_format_size(size_of(node), size);
    cli_table_cell(&l->table, "%*s%s", (int)(2 * node->depth), "", name != NULL ? name : "-");
    cli_table_cell(&l->table, "%s", node->descriptor->digest_text);
    cli_table_cell(&l->table, "%s", type_of(node));
    cli_table_cell(&l->table, "%s", platform[0] != '\0' ? platform : "-");
    cli_table_cell(&l->table, "%s", size);
    cli_table_cell(&l->table, "%s",
                   node->config != NULL && node->config->created != NULL ? node->config->created : "-");
}

static int visit(void *ctx, const oci_walk_node *node, oci_error *err)
{
    struct listing *l = ctx;
    const char *name = oci_annotations_get(node->descriptor->annotations, OCI_ANNOTATION_REF_NAME);
    char platform[128];

    (void)err;
    /* The annotation is a name in index.json alone. */
    if (node->depth > 0)
        name = NULL;
    platform_of(node, platform, sizeof platform);
    if (l->as_json)
        add_json(l, node, name, platform);
    else
        add_row(l, node, name, platform);
    if (node->problem != NULL)
        cli_warn(l->cli, "%s", node->problem->msg);
    return 0;
}

static int run(struct cli *cli, const void *opts, size_t n, char *const *operands)
{
    static const char *const heading[] = { "NAME", "DIGEST", "TYPE", "PLATFORM", "SIZE", "CREATED" };
    const struct options *o = opts;
    oci_limits limits = cli_limits_of(&o->limits);
    struct cli_source source = { 0 };
    struct listing l = { .cli = cli, .table = { .columns = 6, .right = 1 << 4 }, .json = { .file = stdout } };
    int r = cli_source_parse_layout(cli, operands[0], &source);

    (void)n;
    l.as_json = o->output.json;
    source.blobs = o->blobs;
    source.tmpdir = o->tmpdir;
    if (r == 0)
        r = cli_source_open_layout(cli, &limits, true, &source);
    if (r == 0) {
        if (l.as_json)
            cli_json_array(&l.json, NULL);
        else
            for (size_t i = 0; i < sizeof heading / sizeof *heading; i++)
                cli_table_cell(&l.table, "%s", heading[i]);
        r = oci_walk(source.layout, &limits, visit, &l, &cli->err);
        if (l.as_json)
            cli_json_end(&l.json);
        else
            r = r < 0 ? (cli_table_print(cli, &l.table, stdout), r) : cli_table_print(cli, &l.table, stdout);
    }
    cli_source_close(&source);
    return r;
}

static const struct cli_example examples[] = {
    { "oci-image list layout", "what the layout holds" },
    { "oci-image list --json layout | jq -r '.[].name'", "the names alone" },
    { "oci-image list image.tar", "what \"docker save\" has written" },
    { NULL, NULL },
};

const struct cli_command cmd_list = {
    .alias = "ls",
    .usage = { "[OPTION]... LAYOUT" },
    .description = "Lists every entry of the index.json of a layout or archive and, indented, what is in the indexes "
                   "among them. The size "
                   "of an image is that of its manifest, configuration and layers as they are stored.",
    .options = options,
    .options_size = sizeof(struct options),
    .examples = examples,
    .min_operands = 1,
    .max_operands = 1,
    .run = run,
};
