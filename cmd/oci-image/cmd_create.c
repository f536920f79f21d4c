/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <oci-image/create.h>

#include "dest.h"
#include "edits.h"
#include "open.h"

static const char created_by[] = "oci-image create";
static const char *const algorithms[] = { "sha256", "sha512", NULL };
static const oci_digest_alg algorithm_of[] = { OCI_DIGEST_SHA256, OCI_DIGEST_SHA512 };

struct options {
    const char *compress, *platform, *from, *owner;
    int algorithm, encoder;
    uint64_t jobs;
    bool clamp_mtime, sort, fix, reproducible, merge;
    const char *blobs, *tmpdir;
    struct cli_edits edits;
    struct cli_archive archive;
    struct cli_write write;
    struct cli_limits limits;
};

static const struct cli_option options[] = {
    CLI_TEXT(struct options, from, 0, "from", "IMAGE", "stand on another image: its layers and its configuration"),
    CLI_TEXT(struct options, compress, 0, "compress", "KIND[:LEVEL]", "gzip (default), zstd or none"),
    CLI_CHOICE(struct options, encoder, 0, "encoder", "NAME", cli_encoders,
               "for gzip (default auto: the fastest there is)"),
    CLI_NUMBER(struct options, jobs, 'j', "jobs", "N", 256,
               "threads that compress; default: one a processor, 8 at most"),
    CLI_TEXT(struct options, platform, 0, "platform", "OS/ARCH",
             "of the image (default: this machine's), or which one of --from"),
    CLI_FLAG(struct options, merge, 0, "merge", "NAME becomes an index with the image for its platform"),
    CLI_CHOICE(struct options, algorithm, 0, "digest-algorithm", "ALG", algorithms, "for digests (default sha256)"),
    CLI_TEXT(struct options, owner, 0, "owner", "UID:GID", "everything belongs to them"),
    CLI_FLAG(struct options, clamp_mtime, 0, "clamp-mtime", "no file is younger than SOURCE_DATE_EPOCH"),
    CLI_FLAG(struct options, sort, 0, "sort", "write entries in the order of their names"),
    CLI_FLAG(struct options, reproducible, 0, "reproducible", "--owner 0:0 --clamp-mtime --sort"),
    CLI_FLAG(struct options, fix, 0, "fix", "mend what makes a tar no valid layer, or leave it out"),
    CLI_BLOBS(struct options, blobs),
    CLI_TMPDIR(struct options, tmpdir),
    CLI_GROUP(struct options, edits, struct cli_edits, CLI_EDITS_TITLE, cli_edits_options),
    CLI_GROUP(struct options, archive, struct cli_archive, CLI_ARCHIVE_TITLE, cli_archive_options),
    CLI_GROUP(struct options, write, struct cli_write, CLI_WRITE_TITLE, cli_write_options),
    CLI_GROUP(struct options, limits, struct cli_limits, CLI_LIMITS_TITLE, cli_limits_options),
    CLI_END,
};

/* What the options are turned into; freed by release. */
struct request {
    oci_create_options create;
    oci_compress_options compress;
    oci_limits limits;
    struct cli_source from;
    oci_editor *editor;
    int64_t epoch;
};

static void release(struct request *q)
{
    oci_editor_free(q->editor);
    cli_source_close(&q->from);
}

static bool read_id(const char *text, size_t n, uint32_t *out)
{
    uint64_t id = 0;

    if (n == 0 || n > 10)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        id = 10 * id + (uint64_t)(text[i] - '0');
    }
    *out = (uint32_t)id;
    return id < UINT32_MAX;
}

static int read_owner(struct cli *cli, const char *text, struct request *q)
{
    const char *colon = text != NULL ? strchr(text, ':') : NULL;

    if (text == NULL)
        return 0;
    q->create.set_owner = true;
    if (colon != NULL && read_id(text, (size_t)(colon - text), &q->create.uid) &&
        read_id(colon + 1, strlen(colon + 1), &q->create.gid))
        return 0;
    return cli_fail(cli, OCI_E_USAGE, "--owner: '%s' is not UID:GID", text);
}

/* How tars are written anew. */
static int choose_form(struct cli *cli, const struct options *o, struct request *q)
{
    const char *option = o->clamp_mtime ? "clamp-mtime" : o->reproducible ? "reproducible" : NULL;

    q->create.fix = o->fix;
    q->create.sort = o->sort || o->reproducible;
    q->create.set_owner = o->reproducible;
    q->create.clamp_mtime = option != NULL;
    if (option != NULL && q->create.epoch == NULL) {
        cli_fail(cli, OCI_E_USAGE, "--%s: SOURCE_DATE_EPOCH is not set", option);
        cli_hint(cli, "set it to the seconds since 1970 that no file shall be younger than");
        return OCI_E_USAGE;
    }
    return read_owner(cli, o->owner, q);
}

static int open_base(struct cli *cli, const struct options *o, struct request *q)
{
    const struct cli_image image = { .platform = o->platform, .tmpdir = o->tmpdir };

    if (o->from == NULL)
        return 0;
    return cli_wrap(cli, cli_source_open_image(cli, o->from, &image, &q->limits, &q->from), "--from");
}

/* Of an image that stands on another one, the platform has chosen that. */
static int edit_platform(struct cli *cli, const struct options *o, struct request *q)
{
    oci_platform *p = NULL;
    int r = o->from == NULL ? cli_parse_platform(cli, o->platform, &p) : 0;

    if (r == 0 && p != NULL)
        r = oci_editor_set(q->editor, "os", p->os, &cli->err);
    if (r == 0 && p != NULL)
        r = oci_editor_set(q->editor, "architecture", p->architecture, &cli->err);
    if (r == 0 && p != NULL && p->variant != NULL)
        r = oci_editor_set(q->editor, "variant", p->variant, &cli->err);
    oci_platform_free(p);
    return r;
}

static int edit_config(struct cli *cli, const struct options *o, struct request *q)
{
    const oci_config *base = q->from.image != NULL ? oci_image_config(q->from.image) : NULL;
    const oci_manifest *manifest = q->from.image != NULL ? oci_image_manifest(q->from.image) : NULL;
    int r = oci_editor_new(base, manifest != NULL ? manifest->annotations : NULL, &q->editor, &cli->err);

    /* The time of the old image is not that of the new one. */
    if (r == 0)
        r = oci_editor_clear(q->editor, "created", &cli->err);
    if (r == 0)
        r = edit_platform(cli, o, q);
    return r == 0 ? cli_apply_edits(cli, &o->edits, q->editor) : r;
}

static int prepare(struct cli *cli, const struct options *o, struct request *q)
{
    int r;

    q->create.compression = OCI_COMPRESSION_GZIP;
    q->create.compress = &q->compress;
    q->compress.threads = (unsigned)o->jobs;
    r = cli_read_compression(cli, o->compress, o->encoder, &q->create.compression, &q->compress);
    q->limits = cli_limits_of(&o->limits);
    if (r == 0)
        r = cli_read_epoch(cli, &q->epoch, &q->create.epoch);
    if (r == 0)
        r = choose_form(cli, o, q);
    if (r == 0)
        r = open_base(cli, o, q);
    if (r == 0)
        r = edit_config(cli, o, q);
    if (r < 0)
        return r;
    q->create.limits = &q->limits;
    q->create.events = cli_events(cli);
    q->create.algorithm = algorithm_of[o->algorithm];
    q->create.merge = o->merge;
    q->create.from = q->from.image;
    q->create.config = oci_editor_config(q->editor);
    q->create.annotations = oci_editor_annotations(q->editor);
    q->create.no_history = o->edits.no_history;
    q->create.comment = o->edits.comment;
    return 0;
}

/* Takes fd, which may be the end of a pipe: whoever waits for the other end can still interrupt. */
static int add_tar(struct cli *cli, oci_create *c, int fd)
{
    oci_reader *tar = NULL;
    int r = oci_reader_from_pipe(fd, cli_events(cli), &tar, &cli->err);

    if (r == 0)
        r = oci_create_add_layer(c, tar, created_by, &cli->err);
    oci_reader_free(tar);
    return r;
}

static int add_layer(struct cli *cli, oci_create *c, const char *name)
{
    struct stat st;
    int fd = -1, r = cli_open_input(cli, name, &fd);

    if (r < 0)
        return r;
    if (fstat(fd, &st) < 0 || !S_ISDIR(st.st_mode))
        return add_tar(cli, c, fd);
    r = oci_create_add_dir(c, fd, created_by, &cli->err);
    close(fd);
    return r;
}

static int add_layers(struct cli *cli, oci_create *c, size_t n, char *const *names)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < n; i++)
        r = cli_wrap(cli, add_layer(cli, c, names[i]), "'%s'", names[i]);
    if (r < 0 && oci_create_fix_helps(c))
        cli_hint(cli, "--fix makes a valid layer of it");
    return r;
}

static int check_inputs(struct cli *cli, const char *from, size_t n, char *const *names)
{
    struct cli_source base = { 0 };
    int r = from != NULL ? cli_wrap(cli, cli_source_parse(cli, from, NULL, &base), "--from") : 0;
    size_t stdins = r == 0 && from != NULL && cli_is_stdin(base.reference->path);

    cli_source_close(&base);
    if (r < 0)
        return r;
    for (size_t i = 0; i < n; i++)
        stdins += strcmp(names[i], "-") == 0;
    return stdins < 2 ? 0 : cli_fail(cli, OCI_E_USAGE, "standard input can be read once");
}

static int open_destination(struct cli *cli, const struct options *o, const char *text, const struct request *q,
                            struct cli_dest *dest)
{
    int r = cli_dest_parse(cli, text, dest);

    if (r == 0 && dest->kind == CLI_DEST_DOCKER_ARCHIVE) {
        cli_fail(cli, OCI_E_USAGE, "'%s': a docker-archive is made of an image that is there", text);
        cli_hint(cli, "--docker-load makes an oci-archive that 'docker load' takes; 'copy' makes the other kind");
        return OCI_E_USAGE;
    }
    return r == 0 ? cli_dest_open(cli, &o->archive, &q->limits, q->create.epoch, dest) : r;
}

static int run(struct cli *cli, const void *opts, size_t n, char *const *operands)
{
    const struct options *o = opts;
    struct cli_dest dest = { .source = {
                                 .blobs = o->blobs, .tmpdir = o->tmpdir, .fsync = (oci_fsync_policy)o->write.fsync } };
    struct request q = { 0 };
    oci_create *create = NULL;
    int r = check_inputs(cli, o->from, n - 1, operands + 1);

    if (r == 0)
        r = prepare(cli, o, &q);
    if (r == 0)
        r = open_destination(cli, o, operands[0], &q, &dest);
    if (r == 0)
        r = oci_create_new(dest.source.layout, &q.create, &create, &cli->err);
    if (r == 0)
        r = add_layers(cli, create, n - 1, operands + 1);
    if (r == 0)
        r = oci_create_commit(create, dest.source.reference->name, NULL, &cli->err);
    oci_create_free(create);
    cli_dest_close(&dest);
    release(&q);
    return r;
}

static const struct cli_example examples[] = {
    { "oci-image create layout:app rootfs.tar.gz --entrypoint /bin/app", "an image of one layer" },
    { "oci-image create layout:app rootfs --owner 0:0", "from a directory" },
    { "oci-image create layout:mine --from layout:app more.tar --env A=1", "on top of another image" },
    { "oci-image create --merge --platform linux/arm64 layout:app arm64.tar", "beside the images for others" },
    { "oci-image create app.tar:app rootfs --docker-load", "an archive for 'docker load' and others" },
    { "tar -c -C rootfs . | oci-image create --compress zstd layout:app -", "from standard input" },
    { NULL, NULL },
};

const struct cli_command cmd_create = {
    .usage = { "[OPTION]... DEST[:NAME] [TAR|DIR]..." },
    .description =
        "Makes an image and puts it into a layout, which is made when it is not there, or an oci-archive, which is "
        "new: DEST is a directory, FILE.tar, oci-archive:FILE or - for standard output. Each TAR (as it is or packed "
        "with gzip, zstd, bzip2, xz or lz4; - is standard input) and each DIR becomes a layer, in order. An image that "
        "is called NAME already gives way to the new one, whatever its platform; its blobs stay. With --merge NAME "
        "becomes "
        "an index of several platforms, where only the image for the same platform gives way. Without NAME the image "
        "has none.\n\n"
        "A tar keeps its bytes: the diff_id of the layer is the digest of the uncompressed tar. It is written anew "
        "when "
        "--owner, --clamp-mtime, --sort or --reproducible ask for it. A tar with absolute names, '..', names that are "
        "there twice or begin with '.wh.' is refused; --fix makes a layer of it that means the same.\n\n"
        "A directory is written in the order of its names, with owners as numbers, hard links and extended attributes. "
        "Sockets are left out. Its files may not change meanwhile.\n\n"
        "Of the configuration, what --clear names goes first, then what --unset options name, then the others are set. "
        "A "
        "value of --entrypoint, --cmd, --env, --volume or --expose that begins with '[' is a JSON array, the whole of "
        "the "
        "list.\n\n"
        "SOURCE_DATE_EPOCH sets the time of creation that the image tells, and no file of a directory is younger. With "
        "it, the same input gives the same bytes, whatever the number of threads. Those of compressed layers depend on "
        "who compresses: --encoder zlib is in every build, libdeflate is three to four times as fast, and --version "
        "tells which libraries there are. Levels are the encoder's own; gzip alone means 6 of zlib, and 1 or 2 of "
        "libdeflate, by what is in the data.",
    .options = options,
    .options_size = sizeof(struct options),
    .examples = examples,
    .min_operands = 1,
    .max_operands = CLI_MANY,
    .run = run,
};
