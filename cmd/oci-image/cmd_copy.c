/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <oci-image/copy.h>

#include "dest.h"

/* As in oci_format. */
static const char *const formats[] = { "keep", "oci", "docker", NULL };

struct options {
    struct cli_image image;
    bool all, referrers, allow_missing, link;
    const char *compress;
    uint64_t jobs;
    int format;
    struct cli_write write;
    struct cli_limits limits;
};

static const struct options defaults = { .link = true };

static const struct cli_option options[] = {
    CLI_FLAG(struct options, all, 'a', "all", "all platforms of an index, which is the default"),
    CLI_TEXT(struct options, compress, 0, "compress", "KIND[:LEVEL]", "layers become gzip, zstd or none"),
    CLI_NUMBER(struct options, jobs, 'j', "jobs", "N", 256,
               "threads that compress; default: one a processor, 8 at most"),
    CLI_CHOICE(struct options, format, 0, "format", "FORMAT", formats, "media types of the copy (default keep)"),
    CLI_FLAG(struct options, referrers, 0, "referrers", "and what has a copied manifest as its subject"),
    CLI_FLAG(struct options, allow_missing, 0, "allow-missing", "warn of what is not there, and go on"),
    CLI_SWITCH(struct options, link, "link", "share the space of blobs with SRC where that is safe"),
    CLI_GROUP(struct options, image, struct cli_image, CLI_IMAGE_TITLE, cli_image_options),
    CLI_GROUP(struct options, write, struct cli_write, CLI_WRITE_TITLE, cli_write_options),
    CLI_GROUP(struct options, limits, struct cli_limits, CLI_LIMITS_TITLE, cli_limits_options),
    CLI_END,
};

/* What the options are turned into. */
struct request {
    oci_limits limits;
    oci_compress_options compress;
    oci_copier_options copier;
    struct cli_source source, dest;
};

static int prepare(struct cli *cli, const struct options *o, struct request *q)
{
    q->limits = cli_limits_of(&o->limits);
    q->compress.threads = (unsigned)o->jobs;
    q->dest.fsync = (oci_fsync_policy)o->write.fsync;
    q->copier = (oci_copier_options) { .limits = &q->limits,
                                       .events = cli_events(cli),
                                       .referrers = o->referrers,
                                       .allow_missing = o->allow_missing,
                                       .no_sharing = !o->link,
                                       .recompress = o->compress != NULL,
                                       .compress = &q->compress,
                                       .format = (oci_format)o->format };
    if (o->all && o->image.platform != NULL)
        return cli_fail(cli, OCI_E_USAGE, "--all and --platform exclude each other");
    if (o->referrers && (o->compress != NULL || q->copier.format != OCI_FORMAT_KEEP))
        return cli_fail(cli, OCI_E_USAGE, "--referrers: they refer to a digest that %s changes",
                        o->compress != NULL ? "--compress" : "--format");
    if (cli_read_compression(cli, o->compress, &q->copier.compression, &q->compress.level) < 0)
        return cli->err.code;
    if (q->copier.format == OCI_FORMAT_DOCKER && q->copier.compression == OCI_COMPRESSION_ZSTD)
        return cli_fail(cli, OCI_E_USAGE, "--compress: images in Docker's format have no layers in zstd");
    return 0;
}

/* One descriptor that a digest or a platform has chosen. */
static int copy_one(struct cli *cli, const struct options *o, struct request *q, oci_copier *c)
{
    const char *name = q->dest.reference->name;
    int r = cli_source_find(cli, o->image.platform, &q->limits, &q->source);

    if (r < 0)
        return r;
    if (name == NULL)
        name = q->source.reference->name;
    if (name == NULL && (o->image.platform != NULL || q->source.path->n_steps == 1))
        name = oci_annotations_get(q->source.path->steps[0]->annotations, OCI_ANNOTATION_REF_NAME);
    return oci_copier_add(c, q->source.layout, oci_path_target(q->source.path), name, &cli->err);
}

static int copy(struct cli *cli, const struct options *o, struct request *q, oci_copier *c)
{
    const oci_reference *from = q->source.reference;
    int r;

    if (from->digest != NULL || o->image.platform != NULL)
        r = copy_one(cli, o, q, c);
    else
        r = cli_wrap(cli, oci_copier_add_entries(c, q->source.layout, from->name, q->dest.reference->name, &cli->err),
                     "'%s'", from->path);
    if (r == OCI_E_USAGE)
        cli_hint(cli, "leave the name out, and each image keeps its own");
    else if (r == OCI_E_NOT_FOUND)
        cli_hint(cli, "'oci-image list %s' shows what is there", from->path);
    if (r < 0 && oci_copier_misses(c))
        cli_hint(cli, "--allow-missing copies what is there");
    return r;
}

static int run(struct cli *cli, const void *opts, size_t n, char *const *operands)
{
    const struct options *o = opts;
    struct request q = { 0 };
    oci_copier *copier = NULL;
    int r = prepare(cli, o, &q);

    (void)n;
    if (r == 0)
        r = cli_source_parse(cli, operands[0], &o->image, &q.source);
    if (r == 0)
        r = cli_dest_parse(cli, operands[1], &q.dest);
    if (r == 0)
        r = cli_source_open_layout(cli, &q.limits, true, &q.source);
    if (r == 0)
        r = cli_dest_open(cli, &q.limits, &q.dest);
    if (r == 0)
        r = oci_copier_new(q.dest.layout, &q.copier, &copier, &cli->err);
    if (r == 0)
        r = copy(cli, o, &q, copier);
    if (r == 0)
        r = oci_copier_commit(copier, &cli->err);
    oci_copier_free(copier);
    cli_source_close(&q.source);
    cli_source_close(&q.dest);
    return r;
}

static const struct cli_example examples[] = {
    { "oci-image copy layout:app other", "one image, all its platforms, under its name" },
    { "oci-image copy layout:app other:stable --platform linux/arm64", "for one platform, under another name" },
    { "oci-image copy layout other", "everything that is in the layout" },
    { "oci-image copy layout:app other --compress zstd", "with layers in another compression" },
    { NULL, NULL },
};

const struct cli_command cmd_copy = {
    .alias = "cp",
    .usage = { "[OPTION]... SRC[:NAME][@DIGEST] DEST[:NAME]" },
    .description =
        "Copies an image with everything below it to another layout, which is made when it is not there. Without NAME "
        "and DIGEST, everything in SRC is copied. Images keep their names unless DEST says another one; what is called "
        "so there gives way. Documents and blobs are copied byte for byte, so that digests stay as they are. Blobs "
        "that DEST has are not written again. Every blob is read and verified, also one that is linked. All is there "
        "at the end, or nothing.\n\n"
        "--compress and --format change what they say, and with it the digests of manifests and indexes above. The "
        "content of layers is verified and stays the same, and so does the configuration. Layers that are of that "
        "kind already are kept, unless a LEVEL is given.\n\n"
        "What an index or a manifest refers to and SRC does not have is an error, unless --allow-missing is given; the "
        "copy then lacks it too. Layers that may not be distributed are left out where they are not there.",
    .options = options,
    .options_size = sizeof(struct options),
    .defaults = &defaults,
    .examples = examples,
    .min_operands = 2,
    .max_operands = 2,
    .run = run,
};
