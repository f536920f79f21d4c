/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_CMD_DEST_H
#define OCI_CMD_DEST_H
/* Where images are put, and what commands that put some have in common. */
#include <oci-image/stream.h>

#include "open.h"

/* Reads "[TRANSPORT:]PATH[:NAME]" of something that may not be there yet. Fills dest->reference. */
int cli_dest_parse(struct cli *cli, const char *text, struct cli_source *dest);
/* Opens the layout of dest->reference; when nothing is there, a new one that gets its name with the first commit. */
int cli_dest_open(struct cli *cli, const oci_limits *limits, struct cli_source *dest);

/* What --compress says, "KIND[:LEVEL]"; nothing is changed when text is NULL. */
int cli_read_compression(struct cli *cli, const char *text, oci_compression *kind, int *level);
/* SOURCE_DATE_EPOCH; *out becomes epoch when it is set. */
int cli_read_epoch(struct cli *cli, int64_t *epoch, const int64_t **out);

#endif
