/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_CMD_DEST_H
#define OCI_CMD_DEST_H
/* Where images are put, and what commands that put some have in common. */
#include <oci-image/export.h>
#include <oci-image/stream.h>

#include "open.h"

enum cli_dest_kind { CLI_DEST_LAYOUT, CLI_DEST_OCI_ARCHIVE, CLI_DEST_DOCKER_ARCHIVE };

#define CLI_ARCHIVE_TITLE "Archives"
struct cli_archive {
    bool docker_load;
};
extern const struct cli_option cli_archive_options[];

/* Zero-initialise it; fsync, blobs and tmpdir of source are set before it is opened. */
struct cli_dest {
    struct cli_source source; /* reference and layout */
    enum cli_dest_kind kind;
    oci_export_options archive;
    oci_docker_archive *docker; /* of a docker-archive, instead of source.layout */
    char *above;                /* the directory of a file */
};

/* Reads "[TRANSPORT:]PATH[:NAME]" of something that may not be there yet: a layout, an archive (FILE.tar is an
 * oci-archive) or "-", standard output. Fills dest->source.reference and dest->kind; cli_dest_close frees what is
 * there, whatever has failed. */
int cli_dest_parse(struct cli *cli, const char *text, struct cli_dest *dest);
/* Opens it: a layout that is there; a new one that gets its name with the first commit; an archive, which replaces a
 * file of that name at its end. epoch is SOURCE_DATE_EPOCH or NULL. */
int cli_dest_open(struct cli *cli, const struct cli_archive *o, const oci_limits *limits, const int64_t *epoch,
                  struct cli_dest *dest);
void cli_dest_close(struct cli_dest *dest);

/* The words of --encoder. */
extern const char *const cli_encoders[];
/* What --compress, "KIND[:LEVEL]", and --encoder (its place among the words) say, if this build can do it. Kind and
 * level stay as they are when text is NULL. */
int cli_read_compression(struct cli *cli, const char *text, int encoder, oci_compression *kind,
                         oci_compress_options *out);
/* SOURCE_DATE_EPOCH; *out becomes epoch when it is set. */
int cli_read_epoch(struct cli *cli, int64_t *epoch, const int64_t **out);

#endif
