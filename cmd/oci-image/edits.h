/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_CMD_EDITS_H
#define OCI_CMD_EDITS_H
/* The options that say what a configuration, its annotations and its history shall be. */
#include <oci-image/edit.h>

#include "cli.h"

#define CLI_EDITS_TITLE "Configuration"
struct cli_edits {
    const char *user, *workdir, *stop_signal, *author, *created, *os, *architecture, *variant, *comment;
    struct cli_list entrypoint, cmd, env, unset_env, labels, unset_labels, volumes, unset_volumes, expose, unset_expose,
        annotations, unset_annotations, clear;
    bool no_history;
};
extern const struct cli_option cli_edits_options[];

/* Makes the changes: what is cleared first, then what is taken out, then what is set. */
int cli_apply_edits(struct cli *cli, const struct cli_edits *o, oci_editor *e);

#endif
