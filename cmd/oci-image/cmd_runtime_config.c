/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <unistd.h>

#include <oci-image/unpack.h>

#include "open.h"
#include "output.h"
#include "runtime.h"

struct options {
    struct cli_image image;
    struct cli_limits limits;
    struct cli_runtime runtime;
    const char *output, *rootfs;
};

static const struct cli_option options[] = {
    CLI_TEXT(struct options, output, 'o', "output", "FILE", "write there instead of to standard output"),
    CLI_TEXT(struct options, rootfs, 0, "rootfs", "DIR", "look names up in this root file system"),
    CLI_GROUP(struct options, runtime, struct cli_runtime, CLI_RUNTIME_TITLE, cli_runtime_options),
    CLI_GROUP(struct options, image, struct cli_image, CLI_IMAGE_TITLE, cli_image_options),
    CLI_GROUP(struct options, limits, struct cli_limits, CLI_LIMITS_TITLE, cli_limits_options),
    CLI_END,
};

static const struct options defaults = { .runtime = CLI_RUNTIME_DEFAULTS };

static int open_rootfs(struct cli *cli, const char *name, int *fd)
{
    *fd = -1;
    if (name == NULL)
        return 0;
    *fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *fd >= 0 ? 0 : cli_fail_errno(cli, "--rootfs: open '%s'", name);
}

static int make_config(struct cli *cli, const struct options *o, oci_image *image, oci_buf *json)
{
    struct cli_runtime_config config = { 0 };
    int rootfs = -1, r = cli_runtime_read(cli, &o->runtime, &config);

    config.bundle.events = cli_events(cli);
    if (r == 0)
        r = open_rootfs(cli, o->rootfs, &rootfs);
    if (r == 0)
        r = oci_runtime_config(image, rootfs, &config.bundle, json, &cli->err);
    cli_hint_at_runtime(cli, r, &o->runtime);
    if (rootfs >= 0)
        close(rootfs);
    cli_runtime_free(&config);
    return r;
}

static int write_config(struct cli *cli, const char *name, const oci_buf *json)
{
    struct cli_output_file out;
    int r = cli_output_open(cli, name, &out);

    if (r < 0)
        return r;
    fwrite(json->data, 1, json->len, out.f);
    return cli_output_close(cli, &out, 0);
}

static int run(struct cli *cli, const void *opts, size_t n, char *const *operands)
{
    const struct options *o = opts;
    oci_limits limits = cli_limits_of(&o->limits);
    struct cli_source source = { 0 };
    oci_buf json = OCI_BUF_INIT;
    int r = cli_source_open_image(cli, operands[0], &o->image, &limits, &source);

    (void)n;
    if (r == 0)
        r = make_config(cli, o, source.image, &json);
    if (r == 0)
        r = write_config(cli, o->output, &json);
    oci_buf_free(&json);
    cli_source_close(&source);
    return r;
}

static const struct cli_example examples[] = {
    { "oci-image runtime-config layout:app", "print the config.json that unpack would write" },
    { "oci-image runtime-config app --rootfs b/rootfs -o b/config.json", "for a bundle that is there" },
    { "oci-image runtime-config --template mine.json --caps docker layout:app", "with something of one's own" },
    { NULL, NULL },
};

const struct cli_command cmd_runtime_config = {
    .usage = { "[OPTION]... IMAGE" },
    .description =
        "Makes the config.json of a runtime bundle from the configuration of an image, without unpacking it.\n\n"
        "When the image's user is a name, it is looked up in /etc/passwd and /etc/group of the root file system DIR. "
        "Without --rootfs the files are taken from the layers, which are read for it. The files of this machine are "
        "never "
        "looked at.\n\n"
        "What the image says wins over the template, an option over both. Where the image says nothing, the template "
        "stays. Of env, mounts and annotations, which are lists of both, the image's entries win over the template's "
        "of the "
        "same name.\n\n"
        "An ordinary user gets a config.json for a user namespace: own ids are the container's root, and when "
        "newuidmap(1) "
        "is installed the ranges of /etc/subuid and /etc/subgid follow.\n\n"
        "With --volumes=bind the directories volumes/0, volumes/1... of the bundle are mounted, which unpack makes.",
    .options = options,
    .options_size = sizeof(struct options),
    .defaults = &defaults,
    .examples = examples,
    .min_operands = 1,
    .max_operands = 1,
    .run = run,
};
