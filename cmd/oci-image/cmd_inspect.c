/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <oci-image/mediatype.h>

#include "open.h"
#include "out.h"

struct options {
    bool raw, config;
    struct cli_output output;
    struct cli_image image;
    struct cli_limits limits;
};

static const struct cli_option options[] = {
    CLI_FLAG(struct options, raw, 0, "raw", "print the manifest as it is stored"),
    CLI_FLAG(struct options, config, 0, "config", "print the configuration as it is stored"),
    CLI_GROUP(struct options, output, struct cli_output, CLI_OUTPUT_TITLE, cli_output_options),
    CLI_GROUP(struct options, image, struct cli_image, CLI_IMAGE_TITLE, cli_image_options),
    CLI_GROUP(struct options, limits, struct cli_limits, CLI_LIMITS_TITLE, cli_limits_options),
    CLI_END,
};

static void line(const char *what, const char *value)
{
    if (value == NULL)
        return;
    printf("%-14s", what);
    cli_out_text(stdout, value, strlen(value));
    putchar('\n');
}

static void lines(const char *what, oci_strings values)
{
    for (size_t i = 0; i < values.count; i++)
        line(i == 0 ? what : "", values.items[i]);
}

static void format_platform(const oci_config *c, char *out, size_t cap)
{
    oci_platform p = { .architecture = c->architecture, .os = c->os, .variant = c->variant };

    oci_platform_format(&p, out, cap);
}

static int print_text(struct cli *cli, const struct cli_source *s)
{
    const oci_manifest *m = oci_image_manifest(s->image);
    const oci_config *c = oci_image_config(s->image);
    struct cli_table table = { .columns = 4, .right = 1 << 0 | 1 << 2 };
    char platform[128];

    format_platform(c, platform, sizeof platform);
    line("Manifest:", oci_path_target(s->path)->digest_text);
    line("Config:", m->config->digest_text);
    line("Platform:", platform);
    line("Created:", c->created);
    line("Author:", c->author);
    line("User:", c->user);
    line("WorkingDir:", c->working_dir);
    lines("Entrypoint:", c->entrypoint);
    lines("Cmd:", c->cmd);
    lines("Env:", c->env);
    lines("Volumes:", c->volumes);
    lines("ExposedPorts:", c->exposed_ports);
    line("StopSignal:", c->stop_signal);
    printf("Layers:\n");
    for (size_t i = 0; i < m->n_layers; i++) {
        char size[CLI_SIZE_TEXT];

        cli_format_size(m->layers[i]->size, size);
        cli_table_cell(&table, "  %zu", i + 1);
        cli_table_cell(&table, "%s", m->layers[i]->digest_text);
        cli_table_cell(&table, "%s", size);
        cli_table_cell(&table, "%s", oci_compression_name(oci_media_type_info(m->layers[i]->media_type).compression));
    }
    return cli_table_print(cli, &table, stdout);
}

static void strings_member(struct cli_json *j, const char *name, oci_strings values)
{
    cli_json_array(j, name);
    for (size_t i = 0; i < values.count; i++)
        cli_json_string(j, NULL, values.items[i]);
    cli_json_end(j);
}

static void map_member(struct cli_json *j, const char *name, const oci_annotations *a)
{
    cli_json_object(j, name);
    for (size_t i = 0; a != NULL && i < a->count; i++)
        cli_json_string_n(j, a->items[i].key, a->items[i].value, a->items[i].value_len);
    cli_json_end(j);
}

static int layers_member(struct cli *cli, struct cli_json *j, const oci_image *image)
{
    const oci_manifest *m = oci_image_manifest(image);
    const oci_config *c = oci_image_config(image);
    int r = 0;

    cli_json_array(j, "layers");
    for (size_t i = 0; r == 0 && i < m->n_layers; i++) {
        char chain[OCI_DIGEST_MAX_TEXT];
        oci_digest d;

        r = oci_image_chain_id(image, i + 1, &d, &cli->err);
        if (r < 0)
            break;
        oci_digest_format(&d, chain, sizeof chain);
        cli_json_object(j, NULL);
        cli_json_string(j, "mediaType", m->layers[i]->media_type);
        cli_json_string(j, "digest", m->layers[i]->digest_text);
        cli_json_number(j, "size", m->layers[i]->size);
        cli_json_string(j, "diffId", c->diff_ids[i].text);
        cli_json_string(j, "chainId", chain);
        cli_json_end(j);
    }
    cli_json_end(j);
    return r;
}

static int print_json(struct cli *cli, const struct cli_source *s)
{
    const oci_manifest *m = oci_image_manifest(s->image);
    const oci_config *c = oci_image_config(s->image);
    struct cli_json j = { .file = stdout };
    oci_span bytes = oci_image_config_bytes(s->image);
    char platform[128], id[OCI_DIGEST_MAX_TEXT];
    oci_digest digest;
    /* Always sha256 (config.md, "ImageID"), whatever the manifest calls the configuration by. */
    int r = oci_digest_of(OCI_DIGEST_SHA256, bytes.data, bytes.len, &digest, &cli->err);

    if (r < 0)
        return r;
    oci_digest_format(&digest, id, sizeof id);
    format_platform(c, platform, sizeof platform);
    cli_json_object(&j, NULL);
    cli_json_string(&j, "digest", oci_path_target(s->path)->digest_text);
    cli_json_string(&j, "mediaType", oci_path_target(s->path)->media_type);
    cli_json_string(&j, "imageId", id);
    cli_json_string(&j, "platform", platform);
    cli_json_string(&j, "created", c->created);
    cli_json_string(&j, "author", c->author);
    cli_json_string(&j, "user", c->user);
    cli_json_string(&j, "workingDir", c->working_dir);
    strings_member(&j, "entrypoint", c->entrypoint);
    strings_member(&j, "cmd", c->cmd);
    strings_member(&j, "env", c->env);
    strings_member(&j, "volumes", c->volumes);
    strings_member(&j, "exposedPorts", c->exposed_ports);
    cli_json_string(&j, "stopSignal", c->stop_signal);
    map_member(&j, "labels", c->labels);
    map_member(&j, "annotations", m->annotations);
    r = layers_member(cli, &j, s->image);
    cli_json_end(&j);
    return r;
}

static int print(struct cli *cli, const struct options *o, const struct cli_source *s)
{
    if (o->raw || o->config) {
        oci_span bytes = o->raw ? oci_image_manifest_bytes(s->image) : oci_image_config_bytes(s->image);

        /* As they are: a digest can be made of what comes out. */
        fwrite(bytes.data, 1, bytes.len, stdout);
        return 0;
    }
    return o->output.json ? print_json(cli, s) : print_text(cli, s);
}

static int run(struct cli *cli, const void *opts, size_t n, char *const *operands)
{
    const struct options *o = opts;
    oci_limits limits = cli_limits_of(&o->limits);
    struct cli_source source = { 0 };
    int r;

    (void)n;
    if (o->raw + o->config + o->output.json > 1)
        return cli_fail(cli, OCI_E_USAGE, "--raw, --config and --json exclude each other");
    r = cli_source_open_image(cli, operands[0], &o->image, &limits, &source);
    if (r == 0)
        r = print(cli, o, &source);
    cli_source_close(&source);
    return r;
}

static const struct cli_example examples[] = {
    { "oci-image inspect layout:app", "what the image is" },
    { "oci-image inspect --config layout:app | jq .config.Env", "one member of its configuration" },
    { NULL, NULL },
};

const struct cli_command cmd_inspect = {
    .usage = { "[OPTION]... IMAGE" },
    .description = "Prints what an image is: its manifest, configuration and layers. IMAGE is PATH[:NAME][@DIGEST].",
    .options = options,
    .options_size = sizeof(struct options),
    .examples = examples,
    .min_operands = 1,
    .max_operands = 1,
    .run = run,
};
