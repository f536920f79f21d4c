/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_CMD_RUNTIME_H
#define OCI_CMD_RUNTIME_H
/* What config.json shall say, and whose ids are whose: options of all commands that make one. */
#include <oci-image/bundle.h>

#include "cli.h"

#define CLI_RUNTIME_TITLE "What config.json says"
struct cli_runtime {
    bool rootless, keep_groups, terminal, readonly, shell;
    int volumes, runtime_spec;
    const char *caps, *hostname, *template_file;
    struct cli_list args, uid_maps, gid_maps;
};
extern const struct cli_option cli_runtime_options[];
/* For the defaults of a command. */
#define CLI_RUNTIME_DEFAULTS                                                                                           \
    {                                                                                                                  \
        .terminal = true, .shell = true                                                                                \
    }

/* The options as the library takes them; what they point to lives until cli_runtime_free. */
struct cli_runtime_config {
    oci_bundle_options bundle;
    oci_id_map *uid_maps, *gid_maps; /* those that were given, also for the owners of files */
    size_t n_uid_maps, n_gid_maps;
    oci_rootless_maps *rootless_maps; /* those of the caller, for the container alone; or NULL */
    char *caps;
    const char **cap_list;
    oci_buf template_text;
};
/* Fills *out, to be freed whatever has failed. events is set by the caller. */
int cli_runtime_read(struct cli *cli, const struct cli_runtime *o, struct cli_runtime_config *out);
void cli_runtime_free(struct cli_runtime_config *c);
/* Says what to do when r is an error about what the image runs or as whom. */
void cli_hint_at_runtime(struct cli *cli, int r, const struct cli_runtime *o);

#endif
