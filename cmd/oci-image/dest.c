/* SPDX-License-Identifier: Apache-2.0 */
#include "dest.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

int cli_dest_parse(struct cli *cli, const char *text, struct cli_source *dest)
{
    int r = cli_source_parse(cli, text, NULL, dest);

    if (r == 0 && dest->reference->digest != NULL)
        r = cli_fail(cli, OCI_E_USAGE, "'%s': a new image cannot be called by a digest", text);
    if (r == 0 && dest->reference->name != NULL)
        r = cli_check_name(cli, dest->reference->name);
    return r;
}

int cli_dest_open(struct cli *cli, const oci_limits *limits, struct cli_source *dest)
{
    oci_layout_options o = { .limits = limits, .events = cli_events(cli), .fsync = dest->fsync, .blobs = dest->blobs };
    int r = cli_source_open_layout(cli, limits, false, dest);

    if (r != OCI_E_NOT_FOUND)
        return r;
    return oci_layout_stage(AT_FDCWD, dest->reference->path, &o, &dest->layout, &cli->err);
}

int cli_read_compression(struct cli *cli, const char *text, oci_compression *kind, int *level)
{
    static const struct {
        const char *name;
        oci_compression kind;
        int max;
    } kinds[] = { { "gzip", OCI_COMPRESSION_GZIP, 9 },
                  { "zstd", OCI_COMPRESSION_ZSTD, 19 },
                  { "none", OCI_COMPRESSION_NONE, 0 } };
    const char *colon = text != NULL ? strchr(text, ':') : NULL;
    size_t n = colon != NULL ? (size_t)(colon - text) : text != NULL ? strlen(text) : 0;

    for (size_t i = 0; text != NULL && i < sizeof kinds / sizeof *kinds; i++) {
        int number = 0;

        if (strlen(kinds[i].name) != n || memcmp(text, kinds[i].name, n) != 0)
            continue;
        for (const char *p = colon != NULL ? colon + 1 : ""; *p != '\0'; p++) {
            if (*p < '0' || *p > '9' || number > 99)
                return cli_fail(cli, OCI_E_USAGE, "--compress: '%s' is no level", colon + 1);
            number = 10 * number + (*p - '0');
        }
        if (number > kinds[i].max || (colon != NULL && number == 0))
            return cli_fail(cli, OCI_E_USAGE, "--compress: %s has the levels 1 to %d", kinds[i].name, kinds[i].max);
        *kind = kinds[i].kind;
        *level = number;
        return 0;
    }
    return text == NULL ? 0 : cli_fail(cli, OCI_E_USAGE, "--compress: '%s' is not gzip, zstd or none", text);
}

int cli_read_epoch(struct cli *cli, int64_t *epoch, const int64_t **out)
{
    const char *text = getenv("SOURCE_DATE_EPOCH");
    char *end;

    if (text == NULL || *text == '\0')
        return 0;
    errno = 0;
    *epoch = strtoimax(text, &end, 10);
    if (errno != 0 || *end != '\0')
        return cli_fail(cli, OCI_E_USAGE, "SOURCE_DATE_EPOCH: '%s' is no number of seconds", text);
    *out = epoch;
    return 0;
}
