/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "open.h"
#include "out.h"

struct options {
    const char *expect;
    struct cli_output output;
    struct cli_image image;
    struct cli_write write;
    struct cli_limits limits;
};

static const struct cli_option options[] = {
    CLI_TEXT(struct options, expect, 0, "expect", "DIGEST",
             "fail unless every NAME means DIGEST (none: nothing) at that time"),
    CLI_GROUP(struct options, output, struct cli_output, CLI_OUTPUT_TITLE, cli_output_options),
    CLI_GROUP(struct options, image, struct cli_image, CLI_IMAGE_TITLE, cli_image_options),
    CLI_GROUP(struct options, write, struct cli_write, CLI_WRITE_TITLE, cli_write_options),
    CLI_GROUP(struct options, limits, struct cli_limits, CLI_LIMITS_TITLE, cli_limits_options),
    CLI_END,
};

/* What --expect says; *out stays NULL for "none". */
static int read_expectation(struct cli *cli, const char *text, oci_digest *digest, const oci_digest **out)
{
    int r;

    if (text == NULL || strcmp(text, "none") == 0)
        return 0;
    r = oci_digest_parse(text, strlen(text), digest, &cli->err);
    if (r < 0)
        return cli_wrap(cli, OCI_E_USAGE, "--expect");
    *out = digest;
    return 0;
}

static int set_names(struct cli *cli, oci_txn *t, const struct options *o, const oci_descriptor *d, size_t n,
                     char *const *names)
{
    const oci_digest *old = NULL;
    oci_digest digest;
    int r = read_expectation(cli, o->expect, &digest, &old);

    for (size_t i = 0; r == 0 && i < n; i++) {
        if (o->expect != NULL)
            r = oci_txn_expect(t, names[i], old, &cli->err);
        if (r == 0)
            r = oci_txn_set_ref(t, names[i], d, &cli->err);
    }
    return r;
}

static void print(const oci_descriptor *d, size_t n, char *const *names)
{
    struct cli_json j = { .file = stdout };

    cli_json_object(&j, NULL);
    cli_json_string(&j, "digest", d->digest_text);
    cli_json_string(&j, "mediaType", d->media_type);
    cli_json_number(&j, "size", d->size);
    cli_json_array(&j, "names");
    for (size_t i = 0; i < n; i++)
        cli_json_string(&j, NULL, names[i]);
    cli_json_end(&j);
    cli_json_end(&j);
}

static int run(struct cli *cli, const void *opts, size_t n, char *const *operands)
{
    const struct options *o = opts;
    oci_limits limits = cli_limits_of(&o->limits);
    struct cli_source source = { .fsync = (oci_fsync_policy)o->write.fsync };
    oci_txn *t = NULL;
    int r = cli_source_parse(cli, operands[0], &o->image, &source);

    for (size_t i = 1; r == 0 && i < n; i++)
        r = cli_check_name(cli, operands[i]);
    if (r == 0)
        r = cli_source_open_layout(cli, &limits, false, &source);
    /* From here on nobody removes what is found. */
    if (r == 0)
        r = oci_txn_begin(source.layout, &t, &cli->err);
    if (r == 0)
        r = cli_source_find(cli, o->image.platform, &limits, &source);
    if (r == 0)
        r = set_names(cli, t, o, oci_path_target(source.path), n - 1, operands + 1);
    if (r == 0) {
        r = oci_txn_commit(t, &cli->err);
        t = NULL;
    }
    if (r == 0 && o->output.json)
        print(oci_path_target(source.path), n - 1, operands + 1);
    oci_txn_abort(t);
    cli_source_close(&source);
    return r;
}

static const struct cli_example examples[] = {
    { "oci-image tag layout:app stable", "the image has both names" },
    { "oci-image tag layout@sha256:ba78...15ad app", "by its digest" },
    { "oci-image tag --expect sha256:0c1f...77ab layout:new latest", "unless somebody has moved latest meanwhile" },
    { NULL, NULL },
};

const struct cli_command cmd_tag = {
    .usage = { "[OPTION]... IMAGE NAME..." },
    .description =
        "Gives an image of a layout more names. IMAGE is PATH[:NAME][@DIGEST]; an index of several platforms is "
        "named as a whole, unless --platform chooses an image of it. A NAME that is taken moves. Its old name the "
        "image keeps. No blob is written.\n\n"
        "All names are set at once or none is. With --expect, nothing is changed when a NAME means something else "
        "than DIGEST; the exit status is 1 then.",
    .options = options,
    .options_size = sizeof(struct options),
    .examples = examples,
    .min_operands = 2,
    .max_operands = CLI_MANY,
    .run = run,
};
