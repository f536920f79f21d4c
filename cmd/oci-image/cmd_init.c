/* SPDX-License-Identifier: Apache-2.0 */
#include "open.h"

#include <fcntl.h>

static int run(struct cli *cli, const void *opts, size_t n, char *const *operands)
{
    oci_layout_options o = { .events = cli_events(cli) };
    oci_layout *layout = NULL;
    int r = oci_layout_init(AT_FDCWD, operands[0], &o, &layout, &cli->err);

    (void)opts, (void)n;
    cli_hint_at_destination(cli, r, operands[0]);
    oci_layout_free(layout);
    return r;
}

static const struct cli_example examples[] = {
    { "oci-image init layout", "make a layout without images" },
    { NULL, NULL },
};

const struct cli_command cmd_init = {
    .usage = { "LAYOUT" },
    .description =
        "Makes an empty image layout: the directory LAYOUT with oci-layout, index.json and blobs. LAYOUT must "
        "not exist or be an empty directory.",
    .examples = examples,
    .min_operands = 1,
    .max_operands = 1,
    .run = run,
};
