/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_CMD_RULES_H
#define OCI_CMD_RULES_H
/* The rules of validation for people, and which of them do not count. */
#include <oci-image/validate.h>

#include "cli.h"

/* One line for each rule; everything about each as JSON. */
int cli_rules_list(struct cli *cli, bool as_json);
/* What one rule is about; OCI_E_USAGE when there is none of that name. */
int cli_rules_explain(struct cli *cli, const char *id);

/* What --ignore and --ignore-file say. Zero-initialise; free with cli_ignores_free. */
struct cli_ignores {
    oci_ignore *items;
    size_t count, cap;
    char **texts; /* the files, which the items point into */
    size_t n_texts;
};
/* A rule, or several with "*". OCI_E_USAGE when there is none. */
int cli_ignores_add(struct cli *cli, struct cli_ignores *list, const char *rule, const char *where);
/* Lines "RULE [WHERE] # reason"; empty ones and those that begin with "#" say nothing. */
int cli_ignores_read(struct cli *cli, struct cli_ignores *list, const char *file);
void cli_ignores_free(struct cli_ignores *list);

#endif
