/* SPDX-License-Identifier: Apache-2.0 */
#include "groups.h"

static const char *const when_words[] = { "auto", "always", "never", NULL };
static const char *const progress_words[] = { "auto", "plain", "json", "none", NULL };
/* As in enum oci_fsync_policy. */
static const char *const fsync_words[] = { "default", "none", NULL };

const struct cli_option cli_common_options[] = {
    CLI_FLAG(struct cli_common, quiet, 'q', "quiet", "print no warnings and no progress"),
    CLI_COUNT(struct cli_common, verbose, 'v', "verbose", "say more; repeatable"),
    CLI_CHOICE(struct cli_common, color, 0, "color", "WHEN", when_words, "colour messages"),
    CLI_CHOICE(struct cli_common, progress, 0, "progress", "HOW", progress_words, "show progress"),
    CLI_FLAG(struct cli_common, help, 'h', "help", "show this help"),
    CLI_END,
};

const struct cli_option cli_image_options[] = {
    CLI_TEXT(struct cli_image, platform, 0, "platform", "OS/ARCH[/VARIANT]",
             "the platform to choose; default is that of this machine"),
    CLI_TEXT(struct cli_image, ref, 0, "ref", "NAME", "the name of the image, whatever characters it holds"),
    CLI_TEXT(struct cli_image, digest, 0, "digest", "DIGEST", "the digest of its manifest or index"),
    CLI_BLOBS(struct cli_image, blobs),
    CLI_TMPDIR(struct cli_image, tmpdir),
    CLI_END,
};

const struct cli_option cli_limits_options[] = {
    CLI_SIZE(struct cli_limits, max_size, 0, "max-size", "BYTES", "unpacked bytes of an image; default 1T"),
    CLI_NUMBER(struct cli_limits, max_entries, 0, "max-entries", "N", UINT64_MAX,
               "entries of all layers, and directories made for them; default 10000000"),
    CLI_NUMBER(struct cli_limits, max_ratio, 0, "max-ratio", "N", UINT32_MAX,
               "decompressed to compressed bytes of a layer past its first 64 MiB; default 2048"),
    CLI_SIZE(struct cli_limits, max_document, 0, "max-document", "BYTES", "bytes of one JSON document; default 4M"),
    CLI_NUMBER(struct cli_limits, max_depth, 0, "max-depth", "N", UINT32_MAX, "nesting of a JSON document; default 64"),
    CLI_END,
};

oci_limits cli_limits_of(const struct cli_limits *l)
{
    return (oci_limits) { .max_size = l->max_size,
                          .max_entries = l->max_entries,
                          .max_ratio = (uint32_t)l->max_ratio,
                          .max_depth = (uint32_t)l->max_depth,
                          .max_document = l->max_document };
}

const struct cli_option cli_write_options[] = {
    CLI_CHOICE(struct cli_write, fsync, 0, "fsync", "HOW", fsync_words,
               "see to it that nothing is lost with the power before the command ends, or do not"),
    CLI_END,
};

const struct cli_option cli_output_options[] = {
    CLI_FLAG(struct cli_output, json, 0, "json", "print one JSON document"),
    CLI_END,
};
