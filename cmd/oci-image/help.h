/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_CMD_HELP_H
#define OCI_CMD_HELP_H
/* Help and man pages, made of the tables. */
#include "cli.h"

void cli_help_overview(FILE *f);
void cli_help_command(const struct cli_entry *entry, FILE *f);
void cli_print_version(FILE *f);

/* The source of a man page for scdoc(1): of a command, or of the program when entry is NULL. */
void cli_man(const struct cli_entry *entry, FILE *f);

/* The heading of a group of commands. */
const char *cli_group_title(enum cli_command_group group);

struct cli_exit_text {
    int status;
    const char *text;
};
/* Ends with a NULL text. */
extern const struct cli_exit_text cli_exit_texts[];
/* How an image is named on the command line; paragraphs. */
extern const char cli_image_names[];

#endif
