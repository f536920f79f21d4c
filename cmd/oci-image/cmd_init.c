/* SPDX-License-Identifier: Apache-2.0 */
#include "open.h"

#include <fcntl.h>

struct options {
    struct cli_write write;
};

static const struct cli_option options[] = {
    CLI_GROUP(struct options, write, struct cli_write, CLI_WRITE_TITLE, cli_write_options),
    CLI_END,
};

static int run(struct cli *cli, const void *opts, size_t n, char *const *operands)
{
    const struct options *o = opts;
    oci_layout_options how = { .events = cli_events(cli), .fsync = (oci_fsync_policy)o->write.fsync };
    oci_layout *layout = NULL;
    int r = oci_layout_init(AT_FDCWD, operands[0], &how, &layout, &cli->err);

    (void)n;
    cli_hint_at_destination(cli, r, operands[0]);
    oci_layout_free(layout);
    return r;
}

static const struct cli_example examples[] = {
    { "oci-image init layout", "make a layout without images" },
    { NULL, NULL },
};

const struct cli_command cmd_init = {
    .usage = { "[OPTION]... LAYOUT" },
    .description =
        "Makes an empty image layout: the directory LAYOUT with oci-layout, index.json and blobs. LAYOUT must "
        "not exist or be an empty directory.",
    .options = options,
    .options_size = sizeof(struct options),
    .examples = examples,
    .min_operands = 1,
    .max_operands = 1,
    .run = run,
};
