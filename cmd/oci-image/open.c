/* SPDX-License-Identifier: Apache-2.0 */
#include "open.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool exists(void *ctx, const char *path)
{
    (void)ctx;
    return access(path, F_OK) == 0;
}

static int replace(struct cli *cli, char **part, const char *option, const char *value)
{
    char *copy;

    if (value == NULL)
        return 0;
    if (*part != NULL && strcmp(*part, value) != 0)
        return cli_fail(cli, OCI_E_USAGE, "the image is called '%s', and %s says '%s'", *part, option, value);
    copy = strdup(value);
    if (copy == NULL)
        return cli_fail(cli, OCI_E_NOMEM, "out of memory");
    free(*part);
    *part = copy;
    return 0;
}

/* Of algorithms that are not known the digest may be: it is compared, not computed. */
static int check_digest(struct cli *cli, const char *digest)
{
    int r = digest != NULL ? oci_digest_validate(digest, strlen(digest), &cli->err) : 0;

    if (r == 0 || r == OCI_E_UNSUPPORTED) {
        cli->err = (oci_error)OCI_ERROR_INIT;
        return 0;
    }
    return cli_wrap(cli, OCI_E_USAGE, "--digest");
}

int cli_source_parse(struct cli *cli, const char *text, const struct cli_image *o, struct cli_source *s)
{
    int r = oci_reference_parse(text, exists, NULL, &s->reference, &cli->err);

    if (o != NULL) {
        s->blobs = o->blobs;
        s->tmpdir = o->tmpdir;
    }
    if (r == 0 && o != NULL)
        r = replace(cli, &s->reference->name, "--ref", o->ref);
    if (r == 0 && o != NULL)
        r = check_digest(cli, o->digest);
    if (r == 0 && o != NULL)
        r = replace(cli, &s->reference->digest, "--digest", o->digest);
    return r;
}

int cli_source_parse_layout(struct cli *cli, const char *text, struct cli_source *s)
{
    int r = cli_source_parse(cli, text, NULL, s);

    if (r == 0 && (s->reference->name != NULL || s->reference->digest != NULL))
        return cli_fail(cli, OCI_E_USAGE, "'%s' names an image; %s takes a layout", text, cli->entry->name);
    return r;
}

/* What to do about an archive that could not be opened. */
static void hint_at_archive(struct cli *cli, int r)
{
    if (r == OCI_E_PERM && cli->err.sys_errno == 0)
        cli_hint(cli, "copy it to a layout first, and work there");
    else if (r == OCI_E_IO && cli->err.sys_errno == ENOSPC)
        cli_hint(cli, "--tmpdir names another directory for it");
}

bool cli_is_stdin(const char *path)
{
    return strcmp(path, "-") == 0;
}

int cli_open(struct cli *cli, const char *path, int standard, int flags)
{
    const oci_events *events = cli_events(cli);
    int fd;

    do
        fd = strcmp(path, "-") == 0 ? fcntl(standard, F_DUPFD_CLOEXEC, 3) : open(path, flags | O_CLOEXEC | O_NOCTTY);
    while (fd < 0 && errno == EINTR && !events->cancelled(events->ctx));
    return fd;
}

int cli_open_input(struct cli *cli, const char *name, int *fd)
{
    *fd = cli_open(cli, name, STDIN_FILENO, O_RDONLY);
    return *fd < 0 ? cli_fail_errno(cli, "open") : 0;
}

const char *cli_tmpdir(const char *option)
{
    const char *text = option != NULL ? option : getenv("TMPDIR");

    return text != NULL && text[0] != '\0' ? text : NULL;
}

int cli_source_open_layout(struct cli *cli, const oci_limits *limits, bool read_only, struct cli_source *s)
{
    const char *path = s->reference->path;
    const oci_layout_options o = { .limits = limits,
                                   .events = cli_events(cli),
                                   .fsync = s->fsync,
                                   .read_only = read_only,
                                   .blobs = s->blobs,
                                   .transport = s->reference->transport,
                                   .tmpdir = cli_tmpdir(s->tmpdir) };
    int r = cli_is_stdin(path) ? oci_layout_open(STDIN_FILENO, "", &o, &s->layout, &cli->err)
                               : oci_layout_open(AT_FDCWD, path, &o, &s->layout, &cli->err);

    hint_at_archive(cli, r);
    return r;
}

/* The library's message names the candidates; this says how to ask for one. */
void cli_hint_at_image(struct cli *cli, int r, const struct cli_source *s)
{
    const char *path = s->reference->path;

    if (r == OCI_E_AMBIGUOUS)
        cli_hint(cli, "say which: '%s:NAME' or '%s@DIGEST'", path, path);
    else if (r == OCI_E_NOT_FOUND)
        cli_hint(cli, "'oci-image list %s' shows what is there", path);
}

int cli_check_name(struct cli *cli, const char *name)
{
    if (oci_ref_name_is_wellformed(name))
        return 0;
    cli_fail(cli, OCI_E_USAGE, "'%s' cannot be the name of an image", name);
    cli_hint(cli, "names are made of letters, digits and single -._:@+/ between them");
    return OCI_E_USAGE;
}

void cli_hint_at_destination(struct cli *cli, int r, const char *path)
{
    if (r == OCI_E_EXISTS)
        cli_hint(cli, "name a new directory or an empty one, or remove '%s' first", path);
}

oci_resolve_options cli_wanted(struct cli *cli, const oci_limits *limits, const struct cli_source *s)
{
    return (oci_resolve_options) { .name = s->reference->name,
                                   .digest = s->reference->digest,
                                   .platform = s->platform,
                                   .limits = limits,
                                   .events = cli_events(cli) };
}

int cli_source_find(struct cli *cli, const char *platform, const oci_limits *limits, struct cli_source *s)
{
    oci_resolve_options wanted;
    int r = cli_parse_platform(cli, platform, &s->platform);

    if (r < 0)
        return r;
    wanted = cli_wanted(cli, limits, s);
    r = platform != NULL ? oci_resolve(s->layout, &wanted, &s->path, &cli->err)
                         : oci_resolve_entry(s->layout, &wanted, &s->path, &cli->err);
    cli_hint_at_image(cli, r, s);
    return cli_wrap(cli, r, "'%s'", s->reference->path);
}

int cli_source_open_image(struct cli *cli, const char *text, const struct cli_image *o, const oci_limits *limits,
                          struct cli_source *s)
{
    oci_resolve_options wanted;
    int r = cli_source_parse(cli, text, o, s);

    if (r == 0 && o != NULL)
        r = cli_parse_platform(cli, o->platform, &s->platform);
    if (r == 0)
        r = cli_source_open_layout(cli, limits, true, s);
    if (r < 0)
        return r;
    wanted = cli_wanted(cli, limits, s);
    r = oci_resolve(s->layout, &wanted, &s->path, &cli->err);
    if (r < 0)
        cli_hint_at_image(cli, r, s);
    else
        r = oci_image_open(oci_layout_store(s->layout), oci_path_target(s->path), limits, &s->image, &cli->err);
    return cli_wrap(cli, r, "'%s'", s->reference->path);
}

void cli_source_close(struct cli_source *s)
{
    oci_image_free(s->image);
    oci_path_free(s->path);
    oci_platform_free(s->platform);
    oci_layout_free(s->layout);
    oci_reference_free(s->reference);
    *s = (struct cli_source) { 0 };
}

int cli_parse_platform(struct cli *cli, const char *text, oci_platform **out)
{
    int r = text != NULL ? oci_platform_parse(text, out, &cli->err) : 0;

    return r < 0 ? cli_wrap(cli, r == OCI_E_NOMEM ? r : OCI_E_USAGE, "--platform") : 0;
}
