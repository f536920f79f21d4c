/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <oci-image/unpack.h>

#include "open.h"
#include "runtime.h"
#include "userns.h"

static const char *const owners[] = { "auto", "keep", "map", "squash", "record", NULL };
static const oci_owner_policy owner_of[] = { OCI_OWNER_AUTO, OCI_OWNER_KEEP, OCI_OWNER_MAP, OCI_OWNER_SQUASH,
                                             OCI_OWNER_RECORD };

struct options {
    struct cli_image image;
    struct cli_limits limits;
    struct cli_runtime runtime;
    bool rootfs_only, verify_first, keep_dirlinks, xattrs, mtree, shadow_filter;
    int owner;
    uint64_t jobs;
};

static const struct cli_option options[] = {
    CLI_FLAG(struct options, rootfs_only, 0, "rootfs-only", "BUNDLE becomes the root file system itself"),
    CLI_FLAG(struct options, verify_first, 0, "verify-first", "check every layer before anything is written"),
    CLI_CHOICE(struct options, owner, 0, "owner", "POLICY", owners, "who owns the files, see above"),
    CLI_SWITCH(struct options, xattrs, "xattrs", "extended attributes of the image (default)"),
    CLI_SWITCH(struct options, mtree, "mtree", "write BUNDLE/bundle.mtree (default)"),
    CLI_FLAG(struct options, keep_dirlinks, 0, "keep-dirlinks", "a directory does not replace a link to a directory"),
    CLI_SWITCH(struct options, shadow_filter, "shadow-filter",
               "do not write files that a layer above replaces or hides (default)"),
    CLI_NUMBER(struct options, jobs, 'j', "jobs", "N", 64, "layers to read ahead; default one per processor"),
    CLI_GROUP(struct options, runtime, struct cli_runtime, CLI_RUNTIME_TITLE, cli_runtime_options),
    CLI_GROUP(struct options, image, struct cli_image, CLI_IMAGE_TITLE, cli_image_options),
    CLI_GROUP(struct options, limits, struct cli_limits, CLI_LIMITS_TITLE, cli_limits_options),
    CLI_END,
};

static const struct options defaults = {
    .xattrs = true, .mtree = true, .shadow_filter = true, .runtime = CLI_RUNTIME_DEFAULTS
};

/* An ordinary user can have files with the owners of the image where the system has set ids aside: the process becomes
 * root of a user namespace, and its ids are then the container's. The maps are the container's still. */
static int prepare_owners(struct cli *cli, const struct options *o, struct cli_runtime_config *config,
                          oci_unpack_options *u)
{
    int r;

    if (owner_of[o->owner] != OCI_OWNER_MAP || geteuid() == 0)
        return 0;
    if (config->bundle.n_uid_maps == 0 || !cli_userns_is_possible()) {
        cli_warn(cli, "all files become yours: the system has set no ids aside for you, or has no newuidmap");
        u->apply.owner = OCI_OWNER_SQUASH;
        return 0;
    }
    r = cli_userns_enter(cli, &config->bundle);
    if (r < 0)
        return r;
    u->rootless = u->bundle.inside = true;
    u->apply.owner = OCI_OWNER_KEEP;
    u->apply.n_uid_maps = u->apply.n_gid_maps = 0;
    return 0;
}

static int unpack_platforms(struct cli *cli, const oci_limits *limits, const struct cli_source *source,
                            const char *bundle, const oci_unpack_options *u)
{
    const oci_resolve_options wanted = cli_wanted(cli, limits, source);
    int r = oci_unpack_platforms(source->layout, &wanted, AT_FDCWD, bundle, u, &cli->err);

    cli_hint_at_image(cli, r, source);
    return r == OCI_E_EXISTS ? r : cli_wrap(cli, r, "'%s'", source->reference->path);
}

static int unpack(struct cli *cli, const struct options *o, const struct cli_source *source, char *const *operands)
{
    struct cli_runtime_config config = { 0 };
    oci_limits limits = cli_limits_of(&o->limits);
    int r = cli_runtime_read(cli, &o->runtime, &config);
    oci_unpack_options u = {
        .events = cli_events(cli),
        .limits = &limits,
        .jobs = (unsigned)o->jobs,
        .rootless = o->runtime.rootless,
        .rootfs_only = o->rootfs_only,
        .verify_first = o->verify_first,
        .no_mtree = !o->mtree,
        .no_shadow_filter = !o->shadow_filter,
        .image_name = operands[0],
        .apply = {
            .owner = owner_of[o->owner],
            .uid_maps = config.uid_maps,
            .n_uid_maps = config.n_uid_maps,
            .gid_maps = config.gid_maps,
            .n_gid_maps = config.n_gid_maps,
            .no_xattrs = !o->xattrs,
            .keep_dirlinks = o->keep_dirlinks,
        },
        .bundle = config.bundle,
    };

    if (r == 0)
        r = prepare_owners(cli, o, &config, &u);
    if (r == 0 && source->image != NULL)
        r = oci_unpack(source->image, AT_FDCWD, operands[1], &u, &cli->err);
    else if (r == 0)
        r = unpack_platforms(cli, &limits, source, operands[1], &u);
    cli_hint_at_destination(cli, r, operands[1]);
    cli_hint_at_runtime(cli, r, &o->runtime);
    cli_runtime_free(&config);
    return r;
}

static int run(struct cli *cli, const void *opts, size_t n, char *const *operands)
{
    const struct options *o = opts;
    oci_limits limits = cli_limits_of(&o->limits);
    struct cli_source source = { 0 };
    int r;

    (void)n;
    if (o->image.platform != NULL && strcmp(o->image.platform, "all") == 0) {
        r = cli_source_parse(cli, operands[0], &o->image, &source);
        if (r == 0)
            r = cli_source_open_layout(cli, &limits, true, &source);
    } else {
        r = cli_source_open_image(cli, operands[0], &o->image, &limits, &source);
    }
    if (r == 0)
        r = unpack(cli, o, &source, operands);
    cli_source_close(&source);
    return r;
}

static const struct cli_example examples[] = {
    { "oci-image unpack layout:app bundle", "make bundle/rootfs and bundle/config.json" },
    { "oci-image unpack --rootfs-only layout:app rootfs", "only the files" },
    { "oci-image unpack --platform linux/arm64 layout:app bundle", "for another machine" },
    { "oci-image unpack --platform all layout:app bundles", "make bundles/linux-amd64, bundles/linux-arm64-v8..." },
    { NULL, NULL },
};

const struct cli_command cmd_unpack = {
    .usage = { "[OPTION]... IMAGE BUNDLE" },
    .description =
        "Unpacks an image into a runtime bundle that runc and crun start. BUNDLE/rootfs holds the layers, "
        "BUNDLE/config.json what the image's configuration says, BUNDLE/volumes a directory for each of its volumes, "
        "filled with what the image has there. BUNDLE/bundle.mtree and BUNDLE/oci-image.json tell what was unpacked. "
        "BUNDLE "
        "must not exist or be an empty directory.\n\n"
        "IMAGE is PATH[:NAME][@DIGEST], where PATH is an image layout, an archive of one, what docker save writes, or "
        "an "
        "ACI of appc; "
        "- is standard input. Without NAME and DIGEST the layout must hold "
        "just one image for the platform.\n\n"
        "With --platform all, BUNDLE becomes a directory of bundles called OS-ARCH or OS-ARCH-VARIANT, one for each "
        "platform of the image; all of them or nothing.\n\n"
        "Every blob is checked against its size and digest, every layer against its diff_id. BUNDLE is made beside its "
        "place and renamed when all is well; when anything fails it is not there, or as it was before. It belongs to "
        "its owner alone (mode 0700), because set-id programs of the image lie below it.\n\n"
        "Owners: keep gives files the ids of the image, through --uid-map and --gid-map when there are some; map does "
        "the "
        "same and gives the caller what the maps leave out; squash gives all to the caller; record does so too and "
        "notes "
        "the ids of the image in the attribute user.rootlesscontainers. auto is keep for root and squash for all "
        "others.\n\n"
        "An ordinary user unpacks for a container without root: devices become empty files, and what else needs "
        "privilege "
        "is left out, each kind with one warning. Everything belongs to that user then, who can remove it after 'chmod "
        "-R "
        "u+rwX BUNDLE'. With --owner=map files get the owners of the image, out of the ids that /etc/subuid and "
        "/etc/subgid set aside for the user; newuidmap(1) is needed, and such a bundle is removed with 'unshare "
        "--map-auto "
        "--map-root-user rm -rf BUNDLE'.",
    .options = options,
    .options_size = sizeof(struct options),
    .defaults = &defaults,
    .examples = examples,
    .min_operands = 2,
    .max_operands = 2,
    .run = run,
};
