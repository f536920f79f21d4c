/* SPDX-License-Identifier: Apache-2.0 */
#include "help.h"
#include "parse.h"

struct options {
    bool scdoc;
};

static const struct cli_option options[] = {
    CLI_FLAG(struct options, scdoc, 0, "scdoc", "print the source of the man page for scdoc(1)"),
    CLI_END,
};

static int run(struct cli *cli, const void *opts, size_t n, char *const *operands)
{
    const struct options *o = opts;
    const struct cli_entry *entry = NULL;

    if (n > 0) {
        entry = cli_find(operands[0]);
        if (entry == NULL)
            return cli_fail_command(cli, operands[0]);
    }
    if (o->scdoc)
        cli_man(entry, stdout);
    else if (entry != NULL)
        cli_help_command(entry, stdout);
    else
        cli_help_overview(stdout);
    return 0;
}

static const struct cli_example examples[] = {
    { "oci-image help", "list the commands" },
    { "oci-image help digest", "show what digest does and its options" },
    { "oci-image help --scdoc digest | scdoc > oci-image-digest.1", "make the man page" },
    { NULL, NULL },
};

const struct cli_command cmd_help = {
    .usage = { "[OPTION]... [COMMAND]" },
    .description = "Shows what a command does, its options and examples; without COMMAND, lists the commands.",
    .options = options,
    .options_size = sizeof(struct options),
    .examples = examples,
    .max_operands = 1,
    .run = run,
};
