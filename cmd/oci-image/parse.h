/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_CMD_PARSE_H
#define OCI_CMD_PARSE_H
/* Reading the command line by option tables. */
#include "cli.h"

/* A table and the struct its offsets point into. */
struct cli_target {
    const struct cli_option *table;
    void *base;
};

/* Reads argv[0..argc) against the targets (ending with a NULL table; earlier ones win) and moves the operands, in
 * order, to the front of argv. stop_at_operand leaves everything from the first operand on alone. Returns how many
 * there are, or OCI_E_USAGE or OCI_E_NOMEM. Values are borrowed from argv. */
int cli_parse(struct cli *cli, const struct cli_target *targets, int argc, char **argv, bool stop_at_operand);
/* Frees the lists of an options struct. */
void cli_free_lists(const struct cli_option *table, void *base);
/* Calls visit for every option of a table, groups included (visit is called for the group first). */
void cli_each_option(const struct cli_option *table, void (*visit)(void *ctx, const struct cli_option *o), void *ctx);
/* Whether the option is followed by a value. */
bool cli_takes_value(const struct cli_option *o);

/* The best of the words that a mistyped one may have meant; start with { .typed = word }. */
struct cli_nearest {
    const char *typed;
    const char *best; /* NULL: nothing is near; borrowed */
    size_t distance;
};
void cli_nearest_try(struct cli_nearest *n, const char *word);

#endif
