/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_CMD_OUTPUT_H
#define OCI_CMD_OUTPUT_H
/*
 * A result as a file: what --output says. A file is made beside its place, so that a reader sees the old one or the
 * whole new one; devices, pipes and what a link leads to are written to and not replaced.
 *
 *     struct cli_output_file out;
 *     int r = cli_output_open(cli, name, &out);
 *     if (r == 0)
 *         r = cli_output_close(cli, &out, print(out.f));
 */
#include "cli.h"

struct cli_output_file {
    FILE *f;
    const char *name; /* NULL: standard output */
    char *temporary;  /* the name it has until it is closed, or NULL */
};

/* name is borrowed until the file is closed; NULL and "-" are standard output. */
int cli_output_open(struct cli *cli, const char *name, struct cli_output_file *out);
/* r is what has become of the content: with an error the file is as it was before. Returns r, or what has failed now.
 */
int cli_output_close(struct cli *cli, struct cli_output_file *out, int r);

#endif
