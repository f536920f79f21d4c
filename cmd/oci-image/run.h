/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_CMD_RUN_H
#define OCI_CMD_RUN_H
/* The process around a command: standard streams, signals, progress. */
#include "cli.h"

/* Opens what is closed of the standard streams and ignores the signals that errors are better than. */
void cli_process_start(void);
/* The signal that asked to stop, or 0. */
int cli_signal(void);
/* Dies of that signal. */
void cli_die(int signal);

/* Removes the live line, so that something else can be printed. */
void cli_progress_clear(const struct cli *cli);
/* Callbacks of oci_events; ctx is the struct cli. */
void cli_progress_show(void *ctx, const char *what, uint64_t done, uint64_t total);

#endif
