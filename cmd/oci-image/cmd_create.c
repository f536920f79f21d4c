/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <oci-image/create.h>

#include "open.h"

static const char *const algorithms[] = { "sha256", "sha512", NULL };
static const oci_digest_alg algorithm_of[] = { OCI_DIGEST_SHA256, OCI_DIGEST_SHA512 };

struct options {
    const char *compress, *platform, *user, *workdir, *stop_signal, *author;
    int algorithm;
    struct cli_list entrypoint, cmd, env, labels, volumes, expose, annotations;
    const char *blobs;
    struct cli_write write;
    struct cli_limits limits;
};

static const struct cli_option options[] = {
    CLI_TEXT(struct options, compress, 0, "compress", "KIND[:LEVEL]", "gzip (default), zstd or none"),
    CLI_TEXT(struct options, platform, 0, "platform", "OS/ARCH", "of the image; default: this machine's"),
    CLI_CHOICE(struct options, algorithm, 0, "digest-algorithm", "ALG", algorithms, "sha256 (default) or sha512"),
    CLI_LIST(struct options, entrypoint, 0, "entrypoint", "ARG", "a word of the entrypoint; repeatable"),
    CLI_LIST(struct options, cmd, 0, "cmd", "ARG", "a word of the default command; repeatable"),
    CLI_LIST(struct options, env, 0, "env", "NAME=VALUE", "an environment variable; repeatable"),
    CLI_LIST(struct options, labels, 0, "label", "NAME=VALUE", "a label; repeatable"),
    CLI_LIST(struct options, volumes, 0, "volume", "PATH", "a directory for data; repeatable"),
    CLI_LIST(struct options, expose, 0, "expose", "PORT[/PROTO]", "a port it listens on; repeatable"),
    CLI_TEXT(struct options, user, 0, "user", "USER[:GROUP]", "who runs the command"),
    CLI_TEXT(struct options, workdir, 0, "workdir", "PATH", "where the command runs"),
    CLI_TEXT(struct options, stop_signal, 0, "stop-signal", "SIGNAL", "what asks it to end"),
    CLI_TEXT(struct options, author, 0, "author", "TEXT", "who made the image"),
    CLI_LIST(struct options, annotations, 0, "annotation", "NAME=VALUE", "of the manifest; repeatable"),
    CLI_BLOBS(struct options, blobs),
    CLI_GROUP(struct options, write, struct cli_write, CLI_WRITE_TITLE, cli_write_options),
    CLI_GROUP(struct options, limits, struct cli_limits, CLI_LIMITS_TITLE, cli_limits_options),
    CLI_END,
};

/* What the options are turned into; freed by release. */
struct request {
    oci_create_options create;
    oci_compress_options compress;
    oci_config config;
    oci_annotations labels, annotations;
    oci_platform *platform;
    int64_t epoch;
};

static int choose_compression(struct cli *cli, const char *text, struct request *q)
{
    static const struct {
        const char *name;
        oci_compression kind;
        long max;
    } kinds[] = { { "gzip", OCI_COMPRESSION_GZIP, 9 },
                  { "zstd", OCI_COMPRESSION_ZSTD, 22 },
                  { "none", OCI_COMPRESSION_NONE, 0 } };
    const char *colon = text != NULL ? strchr(text, ':') : NULL;
    size_t n = colon != NULL ? (size_t)(colon - text) : text != NULL ? strlen(text) : 0;

    q->create.compression = OCI_COMPRESSION_GZIP;
    for (size_t i = 0; text != NULL && i < sizeof kinds / sizeof *kinds; i++) {
        int level = 0;

        if (strlen(kinds[i].name) != n || memcmp(text, kinds[i].name, n) != 0)
            continue;
        for (const char *p = colon != NULL ? colon + 1 : ""; *p != '\0'; p++) {
            if (*p < '0' || *p > '9' || level > 99)
                return cli_fail(cli, OCI_E_USAGE, "--compress: '%s' is no level", colon + 1);
            level = 10 * level + (*p - '0');
        }
        if (level > kinds[i].max || (colon != NULL && level == 0))
            return cli_fail(cli, OCI_E_USAGE, "--compress: %s has the levels 1 to %ld", kinds[i].name, kinds[i].max);
        q->create.compression = kinds[i].kind;
        q->compress.level = level;
        return 0;
    }
    return text == NULL ? 0 : cli_fail(cli, OCI_E_USAGE, "--compress: '%s' is not gzip, zstd or none", text);
}

static oci_strings strings_of(const struct cli_list *l)
{
    return (oci_strings) { l->items, l->count };
}

/* NAME=VALUE words as a map; the last of a name counts. */
static int make_map(struct cli *cli, const char *option, const struct cli_list *l, oci_annotations *out)
{
    oci_pair *pairs = calloc(l->count > 0 ? l->count : 1, sizeof *pairs);

    out->items = pairs;
    if (pairs == NULL)
        return cli_fail(cli, OCI_E_NOMEM, "out of memory");
    for (size_t i = 0; i < l->count; i++) {
        const char *equals = strchr(l->items[i], '=');
        oci_pair p = { .key_len = equals != NULL ? (size_t)(equals - l->items[i]) : 0 };
        size_t at = 0;

        if (p.key_len == 0)
            return cli_fail(cli, OCI_E_USAGE, "%s: '%s' is not NAME=VALUE", option, l->items[i]);
        p.key = strndup(l->items[i], p.key_len);
        if (p.key == NULL)
            return cli_fail(cli, OCI_E_NOMEM, "out of memory");
        p.value = equals + 1;
        p.value_len = strlen(p.value);
        while (at < out->count && strcmp(pairs[at].key, p.key) != 0)
            at++;
        if (at < out->count)
            free((char *)(uintptr_t)pairs[at].key);
        else
            out->count++;
        pairs[at] = p;
    }
    return 0;
}

static void free_map(oci_annotations *map)
{
    for (size_t i = 0; i < map->count; i++)
        free((char *)(uintptr_t)map->items[i].key);
    free((oci_pair *)(uintptr_t)map->items);
}

static void release(struct request *q)
{
    free_map(&q->labels);
    free_map(&q->annotations);
    oci_platform_free(q->platform);
}

static int read_epoch(struct cli *cli, struct request *q)
{
    const char *text = getenv("SOURCE_DATE_EPOCH");
    char *end;

    if (text == NULL || *text == '\0')
        return 0;
    errno = 0;
    q->epoch = strtoimax(text, &end, 10);
    if (errno != 0 || *end != '\0')
        return cli_fail(cli, OCI_E_USAGE, "SOURCE_DATE_EPOCH: '%s' is no number of seconds", text);
    q->create.epoch = &q->epoch;
    return 0;
}

static int check_env(struct cli *cli, const struct cli_list *l)
{
    for (size_t i = 0; i < l->count; i++)
        if (l->items[i][0] == '=' || strchr(l->items[i], '=') == NULL)
            return cli_fail(cli, OCI_E_USAGE, "--env: '%s' is not NAME=VALUE", l->items[i]);
    return 0;
}

static int prepare(struct cli *cli, const struct options *o, struct request *q)
{
    int r = choose_compression(cli, o->compress, q);

    if (r == 0)
        r = cli_parse_platform(cli, o->platform, &q->platform);
    if (r == 0)
        r = check_env(cli, &o->env);
    if (r == 0)
        r = make_map(cli, "--label", &o->labels, &q->labels);
    if (r == 0)
        r = make_map(cli, "--annotation", &o->annotations, &q->annotations);
    if (r == 0)
        r = read_epoch(cli, q);
    q->create.compress = &q->compress;
    q->create.platform = q->platform;
    q->create.algorithm = algorithm_of[o->algorithm];
    q->create.annotations = q->annotations.count > 0 ? &q->annotations : NULL;
    q->create.config = &q->config;
    q->config.author = o->author;
    q->config.user = o->user;
    q->config.working_dir = o->workdir;
    q->config.stop_signal = o->stop_signal;
    q->config.entrypoint = strings_of(&o->entrypoint);
    q->config.cmd = strings_of(&o->cmd);
    q->config.env = strings_of(&o->env);
    q->config.volumes = strings_of(&o->volumes);
    q->config.exposed_ports = strings_of(&o->expose);
    q->config.labels = q->labels.count > 0 ? &q->labels : NULL;
    return r;
}

/* The layout; when nothing is there, a new one that gets its name when the image does. */
static int open_destination(struct cli *cli, const oci_limits *limits, struct cli_source *s)
{
    oci_layout_options o = { .limits = limits, .events = cli_events(cli), .fsync = s->fsync, .blobs = s->blobs };
    int r = cli_source_open_layout(cli, limits, false, s);

    if (r != OCI_E_NOT_FOUND)
        return r;
    return oci_layout_stage(AT_FDCWD, s->reference->path, &o, &s->layout, &cli->err);
}

/* An input that may stall: whoever waits for the other end of a pipe can still be interrupted. */
struct input {
    struct cli *cli;
    int fd;
    char bytes[256 * 1024];
};

static int input_next(void *ctx, oci_span *out, oci_error *err)
{
    struct input *in = ctx;
    const oci_events *events = cli_events(in->cli);
    struct pollfd ready = { .fd = in->fd, .events = POLLIN };
    ssize_t n = -1;

    (void)err; /* it is that of the command */
    while (n < 0) {
        if (events->cancelled(events->ctx))
            return cli_fail(in->cli, OCI_E_CANCELLED, "cancelled");
        /* Not for ever: a signal may have come just before. */
        if (poll(&ready, 1, 250) <= 0)
            continue;
        n = read(in->fd, in->bytes, sizeof in->bytes);
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            return cli_fail_errno(in->cli, "read");
    }
    *out = (oci_span) { in->bytes, (size_t)n };
    return 0;
}

static void input_free(void *ctx)
{
    struct input *in = ctx;

    close(in->fd);
    free(in);
}

static int open_tar(struct cli *cli, const char *name, oci_reader **out)
{
    static const oci_reader_callbacks callbacks = { input_next, input_free };
    struct input *in = malloc(sizeof *in);

    if (in == NULL)
        return cli_fail(cli, OCI_E_NOMEM, "out of memory");
    in->cli = cli;
    in->fd =
        strcmp(name, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (in->fd < 0) {
        int r = cli_fail_errno(cli, "open");

        free(in);
        return r;
    }
    return oci_reader_from_callbacks(&callbacks, in, out, &cli->err);
}

static int add_layers(struct cli *cli, oci_create *c, size_t n, char *const *names)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < n; i++) {
        oci_reader *tar = NULL;

        r = open_tar(cli, names[i], &tar);
        if (r == 0)
            r = oci_create_add_layer(c, tar, "oci-image create", &cli->err);
        oci_reader_free(tar);
        r = cli_wrap(cli, r, "'%s'", names[i]);
    }
    return r;
}

static int run(struct cli *cli, const void *opts, size_t n, char *const *operands)
{
    const struct options *o = opts;
    oci_limits limits = cli_limits_of(&o->limits);
    struct cli_source dest = { .blobs = o->blobs, .fsync = (oci_fsync_policy)o->write.fsync };
    struct request q = { 0 };
    oci_create *create = NULL;
    int r = prepare(cli, o, &q);

    q.create.limits = &limits;
    q.create.events = cli_events(cli);
    if (r == 0)
        r = cli_source_parse(cli, operands[0], NULL, &dest);
    if (r == 0 && dest.reference->digest != NULL)
        r = cli_fail(cli, OCI_E_USAGE, "'%s': a new image cannot be called by a digest", operands[0]);
    if (r == 0 && dest.reference->name != NULL)
        r = cli_check_name(cli, dest.reference->name);
    if (r == 0)
        r = open_destination(cli, &limits, &dest);
    if (r == 0)
        r = oci_create_new(dest.layout, &q.create, &create, &cli->err);
    if (r == 0)
        r = add_layers(cli, create, n - 1, operands + 1);
    if (r == 0)
        r = oci_create_commit(create, dest.reference->name, NULL, &cli->err);
    oci_create_free(create);
    cli_source_close(&dest);
    release(&q);
    return r;
}

static const struct cli_example examples[] = {
    { "oci-image create layout:app rootfs.tar.gz --entrypoint /bin/app", "an image of one layer" },
    { "tar -c -C rootfs . | oci-image create --compress zstd layout:app -", "from standard input" },
    { NULL, NULL },
};

const struct cli_command cmd_create = {
    .usage = { "[OPTION]... LAYOUT[:NAME] [TAR]..." },
    .description = "Makes an image and puts it into a layout, which is made when it is not there. Each TAR (plain, "
                   "gzip or zstd; - is "
                   "standard input) becomes a layer, in order. A tar keeps its bytes: the diff_id of the layer is the "
                   "digest of the "
                   "uncompressed tar.\n\n"
                   "An image that is called NAME already gives way to the new one; its blobs stay. Without NAME the "
                   "image has none.\n\n"
                   "SOURCE_DATE_EPOCH sets the time of creation that the image tells.",
    .options = options,
    .options_size = sizeof(struct options),
    .examples = examples,
    .min_operands = 1,
    .max_operands = CLI_MANY,
    .run = run,
};
