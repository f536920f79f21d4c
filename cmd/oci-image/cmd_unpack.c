/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <string.h>

#include <oci-image/unpack.h>

#include "open.h"

static const char *const caps[] = { "default", "docker", "none", NULL };
static const oci_caps caps_of[] = { OCI_CAPS_DEFAULT, OCI_CAPS_DOCKER, OCI_CAPS_NONE };
static const char *const volumes[] = { "tmpfs", "none", NULL };
static const oci_volumes volumes_of[] = { OCI_VOLUMES_TMPFS, OCI_VOLUMES_NONE };
static const char *const owners[] = { "auto", "keep", "map", "squash", "record", NULL };
static const oci_owner_policy owner_of[] = { OCI_OWNER_AUTO, OCI_OWNER_KEEP, OCI_OWNER_MAP, OCI_OWNER_SQUASH,
                                             OCI_OWNER_RECORD };

static const char *const specs[] = { "1.2", "1.1", "1.0", NULL };
static const char *const version_of[] = { "1.2.0", "1.1.0", "1.0.2" };

struct options {
    struct cli_image image;
    struct cli_limits limits;
    bool rootfs_only, verify_first, rootless, keep_dirlinks, xattrs, terminal, readonly;
    int owner, caps, volumes, runtime_spec;
    const char *hostname;
    struct cli_list args;
};

static const struct cli_option options[] = {
    CLI_FLAG(struct options, rootfs_only, 0, "rootfs-only", "BUNDLE becomes the root file system itself"),
    CLI_FLAG(struct options, verify_first, 0, "verify-first", "check every layer before anything is written"),
    CLI_FLAG(struct options, rootless, 0, "rootless", "for a container without root (default unless root)"),
    CLI_CHOICE(struct options, owner, 0, "owner", "POLICY", owners, "who owns the files: auto, keep, squash, record"),
    CLI_SWITCH(struct options, xattrs, "xattrs", "extended attributes of the image"),
    CLI_FLAG(struct options, keep_dirlinks, 0, "keep-dirlinks", "a directory does not replace a link to a directory"),
    CLI_LIST(struct options, args, 0, "arg", "ARG", "run this instead of what the image says; repeatable"),
    CLI_CHOICE(struct options, caps, 0, "caps", "SET", caps, "capabilities: default, docker or none"),
    CLI_CHOICE(struct options, volumes, 0, "volumes", "KIND", volumes, "mounts for the image's volumes"),
    CLI_CHOICE(struct options, runtime_spec, 0, "runtime-spec", "VERSION", specs,
               "what config.json says it is of: 1.2, 1.1 or 1.0 (for old runtimes)"),
    CLI_TEXT(struct options, hostname, 0, "hostname", "NAME", "of the container"),
    CLI_SWITCH(struct options, terminal, "terminal", "the process gets a terminal (default)"),
    CLI_FLAG(struct options, readonly, 0, "readonly", "the root file system is read-only for the container"),
    CLI_GROUP(struct options, image, struct cli_image, CLI_IMAGE_TITLE, cli_image_options),
    CLI_GROUP(struct options, limits, struct cli_limits, CLI_LIMITS_TITLE, cli_limits_options),
    CLI_END,
};

static const struct options defaults = { .xattrs = true, .terminal = true };

static int unpack(struct cli *cli, oci_image *image, const char *bundle, const oci_unpack_options *u)
{
    int r = oci_unpack(image, AT_FDCWD, bundle, u, &cli->err);

    cli_hint_at_destination(cli, r, bundle);
    return r;
}

static int run(struct cli *cli, const void *opts, size_t n, char *const *operands)
{
    const struct options *o = opts;
    oci_limits limits = cli_limits_of(&o->limits);
    struct cli_source source = { 0 };
    oci_unpack_options u = { .limits = &limits, .rootfs_only = o->rootfs_only, .verify_first = o->verify_first };
    int r = cli_source_open_image(cli, operands[0], &o->image, &limits, &source);

    (void)n;
    u.events = u.apply.events = u.bundle.events = cli_events(cli);
    u.apply.limits = &limits;
    u.apply.owner = owner_of[o->owner];
    u.rootless = o->rootless;
    u.apply.no_xattrs = !o->xattrs;
    u.apply.keep_dirlinks = o->keep_dirlinks;
    u.bundle.hostname = o->hostname;
    u.bundle.runtime_spec = version_of[o->runtime_spec];
    u.bundle.no_terminal = !o->terminal;
    u.bundle.readonly = o->readonly;
    u.bundle.caps = caps_of[o->caps];
    u.bundle.volumes = volumes_of[o->volumes];
    u.bundle.args = o->args.items;
    u.bundle.n_args = o->args.count;
    if (r == 0)
        r = unpack(cli, source.image, operands[1], &u);
    cli_source_close(&source);
    return r;
}

static const struct cli_example examples[] = {
    { "oci-image unpack layout:app bundle", "make bundle/rootfs and bundle/config.json" },
    { "oci-image unpack --rootfs-only layout:app rootfs", "only the files" },
    { "oci-image unpack --platform linux/arm64 layout:app bundle", "for another machine" },
    { NULL, NULL },
};

const struct cli_command cmd_unpack = {
    .usage = { "[OPTION]... IMAGE BUNDLE" },
    .description =
        "Unpacks an image into a runtime bundle that runc and crun start: BUNDLE/rootfs holds the layers, "
        "BUNDLE/config.json what the image's configuration says. BUNDLE must not exist or be an empty directory.\n\n"
        "IMAGE is PATH[:NAME][@DIGEST], where PATH is an image layout. Without NAME and DIGEST the layout must hold "
        "just "
        "one image for the platform.\n\n"
        "Every blob is checked against its size and digest, every layer against its diff_id. BUNDLE is made beside its "
        "place and renamed when all is well; when anything fails it is not there, or as it was before. It belongs to "
        "its "
        "owner alone (mode 0700), because set-id programs of the image lie below it.",
    .options = options,
    .options_size = sizeof(struct options),
    .defaults = &defaults,
    .examples = examples,
    .min_operands = 2,
    .max_operands = 2,
    .run = run,
};
