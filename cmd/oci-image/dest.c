/* SPDX-License-Identifier: Apache-2.0 */
#include "dest.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const struct cli_option cli_archive_options[] = {
    CLI_FLAG(struct cli_archive, docker_load, 0, "docker-load",
             "an oci-archive that 'docker load' takes too, with manifest.json"),
    CLI_END,
};

static bool is_stdout(const struct cli_dest *dest)
{
    return strcmp(dest->source.reference->path, "-") == 0;
}

static bool is_directory(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static enum cli_dest_kind kind_of(const oci_reference *r)
{
    const char *dot = strrchr(r->path, '.');

    switch (r->transport) {
    case OCI_TRANSPORT_OCI_ARCHIVE:
        return CLI_DEST_OCI_ARCHIVE;
    case OCI_TRANSPORT_DOCKER_ARCHIVE:
        return CLI_DEST_DOCKER_ARCHIVE;
    case OCI_TRANSPORT_OCI:
        return CLI_DEST_LAYOUT;
    case OCI_TRANSPORT_ANY:
        break;
    }
    if (strcmp(r->path, "-") == 0)
        return CLI_DEST_OCI_ARCHIVE;
    return dot != NULL && strcmp(dot, ".tar") == 0 && !is_directory(r->path) ? CLI_DEST_OCI_ARCHIVE : CLI_DEST_LAYOUT;
}

int cli_dest_parse(struct cli *cli, const char *text, struct cli_dest *dest)
{
    int r = cli_source_parse(cli, text, NULL, &dest->source);

    if (r < 0)
        return r;
    if (dest->source.reference->digest != NULL)
        r = cli_fail(cli, OCI_E_USAGE, "'%s': a new image cannot be called by a digest", text);
    if (r == 0 && dest->source.reference->name != NULL)
        r = cli_check_name(cli, dest->source.reference->name);
    if (r == 0 && is_stdout(dest) && dest->source.reference->transport == OCI_TRANSPORT_OCI)
        r = cli_fail(cli, OCI_E_USAGE, "'%s': a layout is a directory and no stream", text);
    dest->kind = kind_of(dest->source.reference);
    return r;
}

static int open_layout(struct cli *cli, const oci_limits *limits, struct cli_source *s)
{
    oci_layout_options o = { .limits = limits, .events = cli_events(cli), .fsync = s->fsync, .blobs = s->blobs };
    int r = cli_source_open_layout(cli, limits, false, s);

    if (r != OCI_E_NOT_FOUND)
        return r;
    return oci_layout_stage(AT_FDCWD, s->reference->path, &o, &s->layout, &cli->err);
}

/* Standard output, and what is there and is no regular file: a pipe, a device. */
static int open_stream(struct cli *cli, struct cli_dest *dest, oci_writer **out)
{
    const char *path = dest->source.reference->path;
    int fd;

    if (is_stdout(dest) && isatty(STDOUT_FILENO)) {
        cli_fail(cli, OCI_E_USAGE, "an archive is not written to a terminal");
        cli_hint(cli, "name a file, or send standard output somewhere");
        return OCI_E_USAGE;
    }
    fd = cli_open(cli, path, STDOUT_FILENO, O_WRONLY);
    if (fd < 0)
        return cli_fail_errno(cli, "open '%s'", path);
    return oci_writer_to_pipe(fd, dest->archive.events, out, &cli->err);
}

/* What is called an archive by its name alone may be an input that stands in the wrong place. */
static int refuse_to_replace(struct cli *cli, const char *path)
{
    cli_fail(cli, OCI_E_EXISTS, "'%s' is there already", path);
    cli_hint(cli, "oci-archive:%s replaces it", path);
    return OCI_E_EXISTS;
}

static int open_writer(struct cli *cli, struct cli_dest *dest, oci_writer **out)
{
    const char *path = dest->source.reference->path;
    struct stat st;

    if (!is_stdout(dest) && dest->source.reference->transport == OCI_TRANSPORT_ANY && lstat(path, &st) == 0)
        return refuse_to_replace(cli, path);
    if (is_stdout(dest) || (stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)))
        return open_stream(cli, dest, out);
    return cli_wrap(cli, oci_writer_to_path(AT_FDCWD, path, dest->source.fsync, out, &cli->err), "'%s'", path);
}

/* Without another wish, what has no size yet is kept where the archive goes. */
static int choose_tmpdir(struct cli *cli, struct cli_dest *dest)
{
    const char *path = dest->source.reference->path, *slash = strrchr(path, '/');

    dest->archive.tmpdir = dest->source.tmpdir;
    if (dest->source.tmpdir == NULL && is_stdout(dest)) {
        dest->archive.tmpdir = cli_tmpdir(NULL);
        if (dest->archive.tmpdir == NULL)
            dest->archive.tmpdir = "/var/tmp";
    }
    if (dest->archive.tmpdir != NULL)
        return 0;
    dest->above = slash != NULL ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    dest->archive.tmpdir = dest->above;
    return dest->above != NULL ? 0 : cli_fail(cli, OCI_E_NOMEM, "out of memory");
}

int cli_dest_open(struct cli *cli, const struct cli_archive *o, const oci_limits *limits, const int64_t *epoch,
                  struct cli_dest *dest)
{
    oci_writer *w = NULL;
    int r;

    if (o->docker_load && dest->kind != CLI_DEST_OCI_ARCHIVE)
        return cli_fail(cli, OCI_E_USAGE, "--docker-load is for an oci-archive");
    if (dest->kind == CLI_DEST_LAYOUT)
        return open_layout(cli, limits, &dest->source);
    dest->archive.limits = limits;
    dest->archive.events = cli_events(cli);
    dest->archive.mtime = epoch != NULL ? *epoch : 0;
    dest->archive.docker_load = o->docker_load;
    dest->archive.name = dest->source.reference->path;
    r = choose_tmpdir(cli, dest);
    if (r == 0)
        r = open_writer(cli, dest, &w);
    if (r < 0)
        return r;
    if (dest->kind == CLI_DEST_DOCKER_ARCHIVE)
        return oci_docker_archive_new(w, &dest->archive, &dest->docker, &cli->err);
    return oci_layout_to_archive(w, &dest->archive, &dest->source.layout, &cli->err);
}

void cli_dest_close(struct cli_dest *dest)
{
    oci_docker_archive_free(dest->docker);
    cli_source_close(&dest->source);
    free(dest->above);
    *dest = (struct cli_dest) { 0 };
}

const char *const cli_encoders[] = { "auto", "zlib", "libdeflate", NULL };

static int read_kind(struct cli *cli, const char *text, oci_compression *kind, int *level)
{
    static const struct {
        const char *name;
        oci_compression kind;
        int max;
    } kinds[] = { { "gzip", OCI_COMPRESSION_GZIP, 9 },
                  { "zstd", OCI_COMPRESSION_ZSTD, 19 },
                  { "none", OCI_COMPRESSION_NONE, 0 } };
    const char *colon = strchr(text, ':');
    size_t n = colon != NULL ? (size_t)(colon - text) : strlen(text);

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
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
    return cli_fail(cli, OCI_E_USAGE, "--compress: '%s' is not gzip, zstd or none", text);
}

int cli_read_compression(struct cli *cli, const char *text, int encoder, oci_compression *kind,
                         oci_compress_options *out)
{
    static const oci_gzip_encoder encoder_of[] = { OCI_GZIP_ENCODER_DEFAULT, OCI_GZIP_ENCODER_ZLIB,
                                                   OCI_GZIP_ENCODER_LIBDEFLATE };
    int r = text != NULL ? read_kind(cli, text, kind, &out->level) : 0;

    if (r < 0)
        return r;
    out->encoder = encoder_of[encoder];
    r = oci_compress_check(*kind, out, &cli->err);
    return cli_wrap(cli, r, "--encoder: %s", cli_encoders[encoder]);
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
