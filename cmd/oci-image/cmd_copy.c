/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <oci-image/copy.h>

#include "dest.h"

/* As in oci_format. */
static const char *const formats[] = { "keep", "oci", "docker", NULL };

struct options {
    struct cli_image image;
    bool all, merge, referrers, allow_missing, link;
    const char *compress, *dest_blobs;
    uint64_t jobs;
    int format, encoder;
    struct cli_archive archive;
    struct cli_write write;
    struct cli_limits limits;
};

static const struct options defaults = { .link = true };

static const struct cli_option options[] = {
    CLI_FLAG(struct options, all, 'a', "all", "all platforms of an index, which is the default"),
    CLI_TEXT(struct options, compress, 0, "compress", "KIND[:LEVEL]", "layers become gzip, zstd or none"),
    CLI_CHOICE(struct options, encoder, 0, "encoder", "NAME", cli_encoders, "who makes gzip: auto, zlib or libdeflate"),
    CLI_NUMBER(struct options, jobs, 'j', "jobs", "N", 256,
               "threads that compress; default: one a processor, 8 at most"),
    CLI_CHOICE(struct options, format, 0, "format", "FORMAT", formats, "media types of the copy (default keep)"),
    CLI_FLAG(struct options, merge, 0, "merge", "add platforms to what NAME is in DEST already"),
    CLI_FLAG(struct options, referrers, 0, "referrers", "and what has a copied manifest as its subject"),
    CLI_FLAG(struct options, allow_missing, 0, "allow-missing", "warn of what is not there, and go on"),
    CLI_SWITCH(struct options, link, "link", "share the space of blobs with SRC where that is safe"),
    CLI_TEXT(struct options, dest_blobs, 0, "dest-blobs", "DIR", "like --blobs, for DEST"),
    CLI_GROUP(struct options, image, struct cli_image, CLI_IMAGE_TITLE, cli_image_options),
    CLI_GROUP(struct options, archive, struct cli_archive, CLI_ARCHIVE_TITLE, cli_archive_options),
    CLI_GROUP(struct options, write, struct cli_write, CLI_WRITE_TITLE, cli_write_options),
    CLI_GROUP(struct options, limits, struct cli_limits, CLI_LIMITS_TITLE, cli_limits_options),
    CLI_END,
};

/* What the options are turned into. */
struct request {
    oci_limits limits;
    oci_compress_options compress;
    oci_copier_options copier;
    int64_t epoch_seconds;
    const int64_t *epoch; /* SOURCE_DATE_EPOCH or NULL */
    struct cli_source source;
    struct cli_dest dest;
};

static int prepare(struct cli *cli, const struct options *o, struct request *q)
{
    q->limits = cli_limits_of(&o->limits);
    q->compress.threads = (unsigned)o->jobs;
    q->dest.source.blobs = o->dest_blobs;
    q->dest.source.tmpdir = o->image.tmpdir;
    q->dest.source.fsync = (oci_fsync_policy)o->write.fsync;
    q->copier = (oci_copier_options) { .limits = &q->limits,
                                       .events = cli_events(cli),
                                       .referrers = o->referrers,
                                       .allow_missing = o->allow_missing,
                                       .no_sharing = !o->link,
                                       .recompress = o->compress != NULL,
                                       .compress = &q->compress,
                                       .format = (oci_format)o->format,
                                       .joining = o->merge ? OCI_JOIN_MERGE : OCI_JOIN_REPLACE };
    if (o->all && o->image.platform != NULL)
        return cli_fail(cli, OCI_E_USAGE, "--all and --platform exclude each other");
    if (o->referrers && (o->compress != NULL || q->copier.format != OCI_FORMAT_KEEP))
        return cli_fail(cli, OCI_E_USAGE, "--referrers: they refer to a digest that %s changes",
                        o->compress != NULL ? "--compress" : "--format");
    if (o->compress == NULL && o->encoder != 0)
        return cli_fail(cli, OCI_E_USAGE, "--encoder is for --compress gzip");
    if (cli_read_compression(cli, o->compress, o->encoder, &q->copier.compression, &q->compress) < 0)
        return cli->err.code;
    if (q->copier.format == OCI_FORMAT_DOCKER && q->copier.compression == OCI_COMPRESSION_ZSTD)
        return cli_fail(cli, OCI_E_USAGE, "--compress: images in Docker's format have no layers in zstd");
    return cli_read_epoch(cli, &q->epoch_seconds, &q->epoch);
}

/* One descriptor that a digest or a platform has chosen. */
static int copy_one(struct cli *cli, const struct options *o, struct request *q, oci_copier *c)
{
    const char *name = q->dest.source.reference->name;
    int r = cli_source_find(cli, o->image.platform, &q->limits, &q->source);

    if (r < 0)
        return r;
    if (name == NULL)
        name = q->source.reference->name;
    if (name == NULL && (o->image.platform != NULL || q->source.path->n_steps == 1))
        name = oci_annotations_get(q->source.path->steps[0]->annotations, OCI_ANNOTATION_REF_NAME);
    if (name != NULL && !oci_ref_name_is_wellformed(name))
        return cli_fail(cli, OCI_E_INVALID, "'%s': the image is called '%s', which is no name",
                        q->source.reference->path, name);
    return oci_copier_add(c, q->source.layout, oci_path_target(q->source.path), name, &cli->err);
}

static int copy(struct cli *cli, const struct options *o, struct request *q, oci_copier *c)
{
    const oci_reference *from = q->source.reference;
    int r;

    if (from->digest != NULL || o->image.platform != NULL)
        return copy_one(cli, o, q, c);
    r = cli_wrap(cli,
                 oci_copier_add_entries(c, q->source.layout, from->name, q->dest.source.reference->name, &cli->err),
                 "'%s'", from->path);
    if (r == OCI_E_USAGE)
        cli_hint(cli, "leave the name out, and each image keeps its own");
    else if (r == OCI_E_NOT_FOUND)
        cli_hint(cli, "'oci-image list %s' shows what is there", from->path);
    return r;
}

static int copy_to_layout(struct cli *cli, const struct options *o, struct request *q)
{
    oci_copier *copier = NULL;
    int r = oci_copier_new(q->dest.source.layout, &q->copier, &copier, &cli->err);

    if (r < 0)
        return r;
    r = copy(cli, o, q, copier);
    if (r < 0 && oci_copier_misses(copier))
        cli_hint(cli, "--allow-missing copies what is there");
    if (r == 0)
        r = oci_copier_commit(copier, &cli->err);
    oci_copier_free(copier);
    return r;
}

/* ---- the old form of Docker, which has neither indexes nor manifests ---- */

/* The image of that name (NULL: the only one) for the platform. */
static int export_one(struct cli *cli, struct request *q, const char *wanted, const char *name)
{
    const oci_resolve_options o = { .name = wanted,
                                    .digest = q->source.reference->digest,
                                    .platform = q->source.platform,
                                    .limits = &q->limits,
                                    .events = cli_events(cli) };
    oci_path *path = NULL;
    int r = oci_resolve(q->source.layout, &o, &path, &cli->err);

    if (r == 0 && name == NULL)
        name = oci_annotations_get(path->steps[0]->annotations, OCI_ANNOTATION_REF_NAME);
    if (r == 0)
        r = oci_docker_archive_add(q->dest.docker, q->source.layout, oci_path_target(path), name, &cli->err);
    oci_path_free(path);
    return cli_wrap(cli, r, "'%s'", q->source.reference->path);
}

static int export_named(void *ctx, const char *name, const oci_descriptor *manifest, oci_error *err)
{
    struct request *q = ctx;

    return oci_docker_archive_add(q->dest.docker, q->source.layout, manifest, name, err);
}

/* The image of each name. */
static int export_all(struct cli *cli, struct request *q)
{
    const oci_resolve_options o = { .platform = q->source.platform, .limits = &q->limits, .events = cli_events(cli) };

    return cli_wrap(cli, oci_resolve_names(q->source.layout, &o, export_named, q, &cli->err), "'%s'",
                    q->source.reference->path);
}

static int export_images(struct cli *cli, struct request *q)
{
    const oci_index *top = oci_layout_index(q->source.layout);
    const oci_reference *from = q->source.reference;
    const char *wanted = q->dest.source.reference->name, *first = NULL;
    bool several = false;
    size_t nameless = 0;

    for (size_t i = 0; i < top->n_manifests; i++) {
        const char *name = oci_annotations_get(top->manifests[i]->annotations, OCI_ANNOTATION_REF_NAME);

        nameless += name == NULL;
        several = several || (name != NULL && first != NULL && strcmp(name, first) != 0);
        first = first != NULL ? first : name;
    }
    if (from->name != NULL || from->digest != NULL || wanted != NULL || !several)
        return export_one(cli, q, from->name, wanted != NULL ? wanted : from->name);
    if (nameless > 0)
        cli_warn(cli, "entries without a name are left out: %zu", nameless);
    return export_all(cli, q);
}

static int copy_to_docker(struct cli *cli, const struct options *o, struct request *q)
{
    int r = cli_parse_platform(cli, o->image.platform, &q->source.platform);

    if (r == 0)
        r = export_images(cli, q);
    return r == 0 ? oci_docker_archive_finish(q->dest.docker, &cli->err) : r;
}

/* A docker-archive has one image a name, uncompressed layers and nothing else. */
static int check_docker(struct cli *cli, const struct options *o)
{
    const char *bad = o->all             ? "--all"
                      : o->merge         ? "--merge"
                      : o->referrers     ? "--referrers"
                      : o->allow_missing ? "--allow-missing"
                      : o->compress      ? "--compress"
                      : o->format != 0   ? "--format"
                                         : NULL;

    return bad == NULL ? 0 : cli_fail(cli, OCI_E_USAGE, "%s makes no sense with a docker-archive", bad);
}

static int run(struct cli *cli, const void *opts, size_t n, char *const *operands)
{
    const struct options *o = opts;
    struct request q = { 0 };
    int r = prepare(cli, o, &q);

    (void)n;
    if (r == 0)
        r = cli_source_parse(cli, operands[0], &o->image, &q.source);
    if (r == 0)
        r = cli_dest_parse(cli, operands[1], &q.dest);
    if (r == 0 && q.dest.kind == CLI_DEST_DOCKER_ARCHIVE)
        r = check_docker(cli, o);
    if (r == 0)
        r = cli_source_open_layout(cli, &q.limits, true, &q.source);
    if (r == 0)
        r = cli_dest_open(cli, &o->archive, &q.limits, q.epoch, &q.dest);
    if (r == 0)
        r = q.dest.kind == CLI_DEST_DOCKER_ARCHIVE ? copy_to_docker(cli, o, &q) : copy_to_layout(cli, o, &q);
    cli_dest_close(&q.dest);
    cli_source_close(&q.source);
    return r;
}

static const struct cli_example examples[] = {
    { "oci-image copy layout:app other", "one image, all its platforms, under its name" },
    { "oci-image copy layout:app other:stable --platform linux/arm64", "for one platform, under another name" },
    { "oci-image copy layout other", "everything that is in the layout" },
    { "oci-image copy layout:app other --compress zstd", "with layers in another compression" },
    { "oci-image copy layout:app app.tar", "as an archive" },
    { "oci-image copy layout:app docker-archive:- | docker load", "for Docker" },
    { "oci-image copy app.aci layout", "an image of appc and rkt, converted" },
    { NULL, NULL },
};

const struct cli_command cmd_copy = {
    .alias = "cp",
    .usage = { "[OPTION]... SRC[:NAME][@DIGEST] DEST[:NAME]" },
    .description =
        "Copies an image with everything below it to another layout, which is made when it is not there, or to a new "
        "archive. DEST is a directory, FILE.tar, oci-archive:FILE, docker-archive:FILE, or - for standard output. A "
        "file that is there gives way to the whole new one, if the kind of archive is told. Without NAME and DIGEST, "
        "everything in SRC is copied. "
        "Images keep their names unless DEST says another one; what is called "
        "so there gives way. Documents and blobs are copied byte for byte, so that digests stay as they are. Blobs "
        "that DEST has are not written again. Every blob is read and verified, also one that is linked. All is there "
        "at the end, or nothing. With --merge, NAME becomes an index in which an image takes the place of the one for "
        "the same platform, and the others stay.\n\n"
        "--compress and --format change what they say, and with it the digests of manifests and indexes above. The "
        "content of layers is verified and stays the same, and so does the configuration. Layers that are of that "
        "kind already are kept, unless a LEVEL is given.\n\n"
        "What an index or a manifest refers to and SRC does not have is an error, unless --allow-missing is given; the "
        "copy then lacks it too. Layers that may not be distributed are left out where they are not there.\n\n"
        "An oci-archive is the same, byte for byte, whenever the same images are copied; SOURCE_DATE_EPOCH, or else "
        "1970, is the time of its members. With --docker-load it has what 'docker load' looks for besides. A "
        "docker-archive holds one image a name, chosen as unpack does, with uncompressed layers; names become full "
        "references, so that 'app' is docker.io/library/app:latest.",
    .options = options,
    .options_size = sizeof(struct options),
    .defaults = &defaults,
    .examples = examples,
    .min_operands = 2,
    .max_operands = 2,
    .run = run,
};
