/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "help.h"
#include "parse.h"
#include "run.h"

#define CMD(name, group, summary) extern const struct cli_command cmd_##name;
#include "commands.def"
#undef CMD

#define CMD(name, group, summary) { #name, group, summary, &cmd_##name },
struct cli_entry cli_entries[] = {
#include "commands.def"
    { "", OTHER, NULL, NULL },
};
#undef CMD

struct start {
    bool version;
};

static const struct cli_option start_options[] = {
    CLI_FLAG(struct start, version, 0, "version", "show versions"),
    CLI_END,
};

/* C has '_' where users type '-'. */
static void make_names(void)
{
    for (struct cli_entry *e = cli_entries; e->name[0] != '\0'; e++)
        for (char *p = e->name; *p != '\0'; p++)
            if (*p == '_')
                *p = '-';
}

const struct cli_entry *cli_find(const char *name)
{
    for (const struct cli_entry *e = cli_entries; e->name[0] != '\0'; e++)
        if (strcmp(e->name, name) == 0 || (e->command->alias != NULL && strcmp(e->command->alias, name) == 0))
            return e;
    return NULL;
}

int cli_fail_command(struct cli *cli, const char *typed)
{
    struct cli_nearest nearest = { .typed = typed };

    cli_fail(cli, OCI_E_USAGE, "there is no command '%s'", typed);
    for (const struct cli_entry *e = cli_entries; e->name[0] != '\0'; e++)
        cli_nearest_try(&nearest, e->name);
    if (nearest.best != NULL)
        cli_hint(cli, "did you mean '%s'?", nearest.best);
    else
        cli_hint(cli, "'oci-image help' lists the commands");
    return OCI_E_USAGE;
}

static int check_operands(struct cli *cli, size_t n, char *const *operands)
{
    const struct cli_command *c = cli->entry->command;

    if (n < c->min_operands)
        cli_fail(cli, OCI_E_USAGE, n == 0 ? "an argument is missing" : "an argument is missing after '%s'",
                 n == 0 ? "" : operands[n - 1]);
    else if (n > c->max_operands)
        cli_fail(cli, OCI_E_USAGE, "unexpected argument '%s'", operands[c->max_operands]);
    else
        return 0;
    cli_hint(cli, "usage: oci-image %s %s", cli->entry->name, c->usage[0]);
    return OCI_E_USAGE;
}

static int run_command(struct cli *cli, int argc, char **argv)
{
    const struct cli_command *c = cli->entry->command;
    void *options = calloc(1, c->options_size > 0 ? c->options_size : 1);
    const struct cli_target targets[] = {
        { cli_common_options, &cli->common },
        { c->options, options },
        { NULL, NULL },
    };
    int r;

    if (options == NULL)
        return cli_fail(cli, OCI_E_NOMEM, "out of memory");
    if (c->defaults != NULL)
        memcpy(options, c->defaults, c->options_size);
    r = cli_parse(cli, targets, argc, argv, false);
    if (r >= 0 && cli->common.help) {
        cli_help_command(cli->entry, stdout);
        r = 0;
    } else if (r >= 0) {
        size_t n = (size_t)r;

        r = check_operands(cli, n, argv);
        if (r == 0)
            r = c->run(cli, options, n, argv);
    }
    cli_free_lists(c->options, options);
    free(options);
    return r;
}

static int dispatch(struct cli *cli, int argc, char **argv)
{
    struct start start = { 0 };
    const struct cli_target targets[] = {
        { cli_common_options, &cli->common },
        { start_options, &start },
        { NULL, NULL },
    };
    int n = cli_parse(cli, targets, argc, argv, true);

    if (n < 0)
        return n;
    if (start.version) {
        cli_print_version(stdout);
        return 0;
    }
    if (n == 0) {
        cli_help_overview(cli->common.help ? stdout : stderr);
        return cli->common.help ? 0 : 2;
    }
    cli->entry = cli_find(argv[0]);
    if (cli->entry == NULL)
        return cli_fail_command(cli, argv[0]);
    return run_command(cli, n - 1, argv + 1);
}

/* A result that could not be written is no result. A reader that went away has seen enough and is told nothing. */
static int close_stdout(struct cli *cli, int status)
{
    bool failed = ferror(stdout) != 0;

    errno = 0;
    if (fclose(stdout) == 0 && !failed)
        return status;
    if (errno != EPIPE) {
        if (errno != 0)
            cli_fail_errno(cli, "write standard output");
        else
            cli_fail(cli, OCI_E_IO, "standard output could not be written");
        cli_report(cli, OCI_E_IO);
    }
    return status != 0 ? status : 1;
}

int main(int argc, char **argv)
{
    struct cli cli = { 0 };
    int r, status;

    cli_process_start();
    make_names();
    r = dispatch(&cli, argc > 0 ? argc - 1 : 0, argv + (argc > 0));
    cli_progress_clear(&cli);
    status = r == OCI_E_CANCELLED && cli_signal() != 0 ? 1 : cli_report(&cli, r);
    status = close_stdout(&cli, status);
    if (cli_signal() != 0)
        cli_die(cli_signal());
    return status;
}
