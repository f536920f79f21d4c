/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_CMD_OPEN_H
#define OCI_CMD_OPEN_H
/* From what a user typed to a layout and an image of it. */
#include <oci-image/image.h>
#include <oci-image/layout.h>
#include <oci-image/reference.h>

#include "groups.h"

struct cli_source {
    const char *blobs;      /* what --blobs says, or NULL; set before the layout is opened, like the next two */
    const char *tmpdir;     /* the same of --tmpdir */
    oci_fsync_policy fsync; /* of a layout that is opened for writing */
    oci_reference *reference;
    oci_layout *layout;
    oci_platform *platform;
    oci_path *path;
    oci_image *image;
};

/* Reads "[TRANSPORT:]PATH[:NAME][@DIGEST]", with what the options (may be NULL) say of name and digest. Fills
 * s->reference; cli_source_close frees it, whatever has failed. */
int cli_source_parse(struct cli *cli, const char *text, const struct cli_image *o, struct cli_source *s);
/* The same for a command that takes a layout and not an image of it. */
int cli_source_parse_layout(struct cli *cli, const char *text, struct cli_source *s);
/* Opens what the user names, "-" is the standard stream. -1 with errno: EINTR when a signal has ended that, as it may
 * where the other end of a pipe is waited for. */
int cli_open(struct cli *cli, const char *path, int standard, int flags);
/* Opens a file that the user names, "-" is standard input, for reading. Whoever waits for the other end of a pipe can
 * be interrupted: OCI_E_CANCELLED. */
int cli_open_input(struct cli *cli, const char *name, int *fd);
/* Whether the path means standard input. */
bool cli_is_stdin(const char *path);
/* Where archives go meanwhile: what --tmpdir says (or NULL), TMPDIR, or NULL for the library's own choice. */
const char *cli_tmpdir(const char *option);
/* Opens the layout of s->reference, a directory, an archive or standard input. limits may be NULL. */
int cli_source_open_layout(struct cli *cli, const oci_limits *limits, bool read_only, struct cli_source *s);
/* Finds what s->reference means in s->layout, and sets s->path: an entry, whatever it is, or with a platform the
 * manifest for that. */
int cli_source_find(struct cli *cli, const char *platform, const oci_limits *limits, struct cli_source *s);
/* All of it: the layout, and one image of it. */
int cli_source_open_image(struct cli *cli, const char *text, const struct cli_image *o, const oci_limits *limits,
                          struct cli_source *s);
/* What s->reference and s->platform mean in s->layout; limits and s are borrowed. */
oci_resolve_options cli_wanted(struct cli *cli, const oci_limits *limits, const struct cli_source *s);
/* Says how to ask for an image when r is that none or several were found. */
void cli_hint_at_image(struct cli *cli, int r, const struct cli_source *s);
/* OCI_E_USAGE unless name can be the name of an image. */
int cli_check_name(struct cli *cli, const char *name);
/* Says what to do when r is that a directory to be made is there already. */
void cli_hint_at_destination(struct cli *cli, int r, const char *path);
void cli_source_close(struct cli_source *s);
/* Reads a platform; OCI_E_USAGE when it is none. *out stays NULL when text is NULL. */
int cli_parse_platform(struct cli *cli, const char *text, oci_platform **out);

#endif
