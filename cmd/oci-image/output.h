/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_CMD_OUTPUT_H
#define OCI_CMD_OUTPUT_H
/* A result as a file: what --output says. */
#include "cli.h"

/* Writes all of p to the file name, whole or not at all; NULL is standard output. */
int cli_write_output(struct cli *cli, const char *name, const void *p, size_t n);

#endif
