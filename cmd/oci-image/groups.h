/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_CMD_GROUPS_H
#define OCI_CMD_GROUPS_H
/*
 * Options that several commands share, so that they mean the same everywhere. A command puts the struct into its own
 * and the group into its table:
 *
 *     struct options { struct cli_image image; bool rootfs_only; };
 *     CLI_GROUP(struct options, image, struct cli_image, CLI_IMAGE_TITLE, cli_image_options),
 */
#include "cli.h"

/* Which image of a layout or an archive. */
#define CLI_IMAGE_TITLE "Choosing an image"
struct cli_image {
    const char *platform; /* or NULL, like all of these */
    const char *ref;
    const char *digest;
    const char *blobs;
    const char *tmpdir;
};
extern const struct cli_option cli_image_options[];

#define CLI_LIMITS_TITLE "Limits"
struct cli_limits {
    uint64_t max_size, max_entries, max_ratio, max_document, max_depth; /* 0: the default */
};
extern const struct cli_option cli_limits_options[];
oci_limits cli_limits_of(const struct cli_limits *l);

/* Where the blobs of a layout are besides in the layout. */
#define CLI_BLOBS(T, field)                                                                                            \
    CLI_TEXT(T, field, 0, "blobs", "DIR",                                                                              \
             "where layouts share blobs, as ALGORITHM/HEX (skopeo's shared blob directory)")

/* Where archives are put meanwhile. */
#define CLI_TMPDIR(T, field)                                                                                           \
    CLI_TEXT(T, field, 0, "tmpdir", "DIR",                                                                             \
             "for parts of archives that cannot be read or written in place; default is TMPDIR or /var/tmp")

#define CLI_WRITE_TITLE "Writing"
struct cli_write {
    int fsync; /* enum oci_fsync_policy */
};
extern const struct cli_option cli_write_options[];

#define CLI_OUTPUT_TITLE "Output"
struct cli_output {
    bool json;
};
extern const struct cli_option cli_output_options[];

#endif
