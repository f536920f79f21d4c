/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <oci-image/copy.h>
#include <oci-image/edit.h>

#include "dest.h"

struct options {
    const char *platform, *tmpdir;
    struct cli_list annotations;
    bool allow_missing, link;
    struct cli_archive archive;
    struct cli_write write;
    struct cli_limits limits;
};

static const struct options defaults = { .link = true };

static const struct cli_option options[] = {
    CLI_TEXT(struct options, platform, 0, "platform", "OS/ARCH[/VARIANT]", "take one platform of each IMAGE"),
    CLI_LIST(struct options, annotations, 0, "annotation", "NAME=VALUE", "of the index"),
    CLI_FLAG(struct options, allow_missing, 0, "allow-missing", "warn of what is not there, and go on"),
    CLI_SWITCH(struct options, link, "link", "share the space of blobs with IMAGE where that is safe"),
    CLI_TMPDIR(struct options, tmpdir),
    CLI_GROUP(struct options, archive, struct cli_archive, CLI_ARCHIVE_TITLE, cli_archive_options),
    CLI_GROUP(struct options, write, struct cli_write, CLI_WRITE_TITLE, cli_write_options),
    CLI_GROUP(struct options, limits, struct cli_limits, CLI_LIMITS_TITLE, cli_limits_options),
    CLI_END,
};

static const struct action {
    const char *name;
    bool anew, removes;
} actions[] = { { "create", true, false }, { "add", false, false }, { "remove", false, true } };
static const char *const words[] = { "create", "add", "remove", NULL };

static int choose(struct cli *cli, const char *word, const struct action **out)
{
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
        *out = &actions[i];
        if (strcmp(word, actions[i].name) == 0)
            return 0;
    }
    cli_fail(cli, OCI_E_USAGE, "there is no '%s' for indexes", word);
    cli_hint(cli, "choose one of create, add, remove");
    return OCI_E_USAGE;
}

static int add(struct cli *cli, const struct options *o, const oci_limits *limits, oci_copier *c, const char *name,
               const char *image)
{
    struct cli_source source = { .tmpdir = o->tmpdir };
    int r = cli_source_parse(cli, image, NULL, &source);

    if (r == 0)
        r = cli_source_open_layout(cli, limits, true, &source);
    if (r == 0)
        r = cli_source_find(cli, o->platform, limits, &source);
    if (r == 0)
        r = cli_wrap(cli, oci_copier_add(c, source.layout, oci_path_target(source.path), name, &cli->err), "'%s'",
                     image);
    if (r < 0 && oci_copier_misses(c))
        cli_hint(cli, "--allow-missing copies what is there");
    cli_source_close(&source);
    return r;
}

/* What is no platform is a digest. */
static int take_out(struct cli *cli, oci_copier *c, const char *name, const char *text)
{
    oci_platform *p = NULL;
    int r;

    if (strchr(text, ':') != NULL)
        return oci_copier_remove(c, name, NULL, text, &cli->err);
    r = oci_platform_parse(text, &p, &cli->err);
    if (r == 0)
        r = oci_copier_remove(c, name, p, NULL, &cli->err);
    else if (r != OCI_E_NOMEM)
        r = cli_wrap(cli, OCI_E_USAGE, "'%s'", text);
    oci_platform_free(p);
    return r;
}

static int set_annotations(struct cli *cli, const struct options *o, oci_editor *e)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < o->annotations.count; i++)
        r = cli_wrap(cli, oci_editor_set(e, "annotation", o->annotations.items[i], &cli->err), "--annotation");
    return r;
}

static int change(struct cli *cli, const struct options *o, const struct action *action, const oci_limits *limits,
                  struct cli_dest *dest, oci_editor *e, size_t n, char *const *operands)
{
    const char *name = dest->source.reference->name;
    const oci_copier_options copy = { .limits = limits,
                                      .events = cli_events(cli),
                                      .allow_missing = o->allow_missing,
                                      .no_sharing = !o->link,
                                      .joining = action->anew ? OCI_JOIN_ANEW : OCI_JOIN_MERGE,
                                      .annotations = oci_editor_annotations(e) };
    oci_copier *c = NULL;
    int r = oci_copier_new(dest->source.layout, &copy, &c, &cli->err);

    for (size_t i = 0; r == 0 && i < n; i++)
        r = action->removes ? take_out(cli, c, name, operands[i]) : add(cli, o, limits, c, name, operands[i]);
    if (r == 0)
        r = oci_copier_commit(c, &cli->err);
    oci_copier_free(c);
    return r;
}

static int check_dest(struct cli *cli, const struct action *action, const char *text, struct cli_dest *dest)
{
    int r = cli_dest_parse(cli, text, dest);

    if (r < 0)
        return r;
    if (dest->source.reference->name == NULL)
        return cli_fail(cli, OCI_E_USAGE, "'%s': an index needs a name, as in '%s:NAME'", text, text);
    if (dest->kind == CLI_DEST_DOCKER_ARCHIVE || (dest->kind != CLI_DEST_LAYOUT && !action->anew))
        return cli_fail(cli, OCI_E_USAGE, "'%s': %s", text,
                        action->anew ? "a docker-archive has no indexes" : "an archive cannot be changed");
    return 0;
}

static int run(struct cli *cli, const void *opts, size_t n, char *const *operands)
{
    const struct options *o = opts;
    oci_limits limits = cli_limits_of(&o->limits);
    struct cli_dest dest = { .source = { .tmpdir = o->tmpdir, .fsync = (oci_fsync_policy)o->write.fsync } };
    const struct action *action = NULL;
    oci_editor *annotations = NULL;
    int64_t seconds;
    const int64_t *epoch = NULL;
    int r = choose(cli, operands[0], &action);

    if (r == 0)
        r = cli_read_epoch(cli, &seconds, &epoch);
    if (r == 0)
        r = oci_editor_new(NULL, NULL, &annotations, &cli->err);
    if (r == 0)
        r = set_annotations(cli, o, annotations);
    if (r == 0)
        r = check_dest(cli, action, operands[1], &dest);
    if (r == 0)
        r = action->removes ? cli_source_open_layout(cli, &limits, false, &dest.source)
                            : cli_dest_open(cli, &o->archive, &limits, epoch, &dest);
    if (r == 0)
        r = change(cli, o, action, &limits, &dest, annotations, n - 2, operands + 2);
    oci_editor_free(annotations);
    cli_dest_close(&dest);
    return r;
}

static const struct cli_example examples[] = {
    { "oci-image index create layout:app amd64:app arm64:app", "one name for two images" },
    { "oci-image index add layout:app riscv64:app", "one platform more, or a newer image for it" },
    { "oci-image index remove layout:app linux/arm64", "one less" },
    { NULL, NULL },
};

const struct cli_command cmd_index = {
    .usage = { "create [OPTION]... DEST:NAME IMAGE...", "add [OPTION]... LAYOUT:NAME IMAGE...",
               "remove [OPTION]... LAYOUT:NAME PLATFORM|DIGEST..." },
    .description =
        "Makes and changes indexes of several platforms. create makes NAME an index of images, from this or other "
        "layouts, with all that is below them; of an IMAGE that is an index itself, the manifests in it are taken. "
        "Each is for the platform that its configuration tells. add does the same to what NAME is already, an index or "
        "a single image: what is for the same platform gives way, together with its attestations. remove takes "
        "manifests out; their blobs stay until gc.\n\n"
        "NAME means the new index in the end. If somebody has changed it meanwhile, add joins that; remove does "
        "nothing, with exit status 1.",
    .options = options,
    .options_size = sizeof(struct options),
    .defaults = &defaults,
    .examples = examples,
    .operand_words = words,
    .min_operands = 3,
    .max_operands = CLI_MANY,
    .run = run,
};
