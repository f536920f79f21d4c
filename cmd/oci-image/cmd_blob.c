/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <oci-image/gc.h>

#include "open.h"
#include "out.h"

static const char *const algorithms[] = { "sha256", "sha512", NULL };
static const oci_digest_alg algorithm_of[] = { OCI_DIGEST_SHA256, OCI_DIGEST_SHA512 };

struct options {
    int algorithm;
    const char *expect, *blobs, *tmpdir;
    bool force;
    struct cli_output output;
    struct cli_write write;
    struct cli_limits limits;
};

static const struct cli_option options[] = {
    CLI_CHOICE(struct options, algorithm, 'a', "algorithm", "ALG", algorithms, "put: of the digest"),
    CLI_TEXT(struct options, expect, 0, "expect", "DIGEST", "put: fail unless the content has this digest"),
    CLI_FLAG(struct options, force, 'f', "force", "rm: also what index.json leads to"),
    CLI_BLOBS(struct options, blobs),
    CLI_TMPDIR(struct options, tmpdir),
    CLI_GROUP(struct options, output, struct cli_output, CLI_OUTPUT_TITLE, cli_output_options),
    CLI_GROUP(struct options, write, struct cli_write, CLI_WRITE_TITLE, cli_write_options),
    CLI_GROUP(struct options, limits, struct cli_limits, CLI_LIMITS_TITLE, cli_limits_options),
    CLI_END,
};

/* ---- which blob ---- */

static int add_to_set(void *ctx, const oci_digest *d, uint64_t size, oci_error *err)
{
    (void)size;
    return oci_digest_set_add(ctx, d, err);
}

/* A whole digest, or enough of one that there is. */
static int find_blob(struct cli *cli, oci_store *s, const char *text, oci_digest *out, uint64_t *size)
{
    oci_digest_set *set = NULL;
    int r = oci_digest_parse(text, strlen(text), out, NULL);

    if (r < 0) {
        r = oci_digest_set_new(&set, &cli->err);
        if (r == 0)
            r = oci_store_each(s, add_to_set, set, &cli->err);
        if (r == 0)
            r = oci_digest_set_lookup(set, text, strlen(text), out, &cli->err);
        oci_digest_set_free(set);
    }
    return r == 0 ? oci_store_stat_blob(s, out, size, &cli->err) : r;
}

/* A line, or where j is not NULL an object. */
static void print_blob(struct cli_json *j, const oci_digest *d, uint64_t size)
{
    char digest[OCI_DIGEST_MAX_TEXT];

    oci_digest_format(d, digest, sizeof digest);
    if (j == NULL) {
        printf("%s  %llu\n", digest, (unsigned long long)size);
        return;
    }
    cli_json_object(j, NULL);
    cli_json_string(j, "digest", digest);
    cli_json_number(j, "size", size);
    cli_json_end(j);
}

static void print_result(const struct options *o, const oci_digest *d, uint64_t size)
{
    struct cli_json j = { .file = stdout };

    print_blob(o->output.json ? &j : NULL, d, size);
}

/* ---- get, stat ---- */

static int get(struct cli *cli, const struct options *o, oci_layout *l, size_t n, char *const *names)
{
    char text[OCI_DIGEST_MAX_TEXT];
    oci_descriptor d = { .digest_text = text };
    oci_reader *reader = NULL;
    oci_span span = { NULL, 0 };
    int r = find_blob(cli, oci_layout_store(l), names[0], &d.digest, &d.size);

    (void)o, (void)n;
    oci_digest_format(&d.digest, text, sizeof text);
    if (r == 0)
        r = oci_store_open_blob(oci_layout_store(l), &d, &reader, &cli->err);
    do {
        if (r == 0)
            r = oci_reader_next(reader, &span, &cli->err);
        if (r == 0 && span.len > 0)
            fwrite(span.data, 1, span.len, stdout);
    } while (r == 0 && span.len > 0 && !ferror(stdout));
    oci_reader_free(reader);
    return r;
}

static int stat_blob(struct cli *cli, const struct options *o, oci_layout *l, size_t n, char *const *names)
{
    oci_digest d;
    uint64_t size;
    int r = find_blob(cli, oci_layout_store(l), names[0], &d, &size);

    (void)n;
    if (r == 0)
        print_result(o, &d, size);
    return r;
}

/* ---- put ---- */

static int read_some(struct cli *cli, int fd, void *p, size_t size)
{
    const oci_events *events = cli_events(cli);
    ssize_t n = -1;

    while (n < 0) {
        if (events->cancelled(events->ctx))
            return cli_fail(cli, OCI_E_CANCELLED, "cancelled");
        n = read(fd, p, size);
        if (n < 0 && errno != EINTR)
            return cli_fail_errno(cli, "read");
    }
    return (int)n;
}

static int copy(struct cli *cli, int fd, oci_ingest *ingest)
{
    enum { CHUNK = 256 * 1024 };
    char *p = malloc(CHUNK);
    int n, r = p != NULL ? 0 : cli_fail(cli, OCI_E_NOMEM, "out of memory");

    while (r == 0 && (n = read_some(cli, fd, p, CHUNK)) != 0)
        r = n < 0 ? n : oci_ingest_write(ingest, p, (size_t)n, &cli->err);
    free(p);
    return r;
}

static int put(struct cli *cli, const struct options *o, oci_layout *l, size_t n, char *const *names)
{
    const char *name = n > 0 ? names[0] : "-";
    const int fd = strcmp(name, "-") == 0 ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    oci_digest digest, expect;
    oci_ingest *ingest = NULL;
    oci_txn *pin = NULL;
    uint64_t size;
    int r = fd >= 0 ? 0 : cli_fail_errno(cli, "open");

    if (r == 0 && o->expect != NULL && oci_digest_parse(o->expect, strlen(o->expect), &expect, &cli->err) < 0)
        r = cli_wrap(cli, OCI_E_USAGE, "--expect");
    if (r == 0)
        r = oci_txn_begin(l, &pin, &cli->err);
    if (r == 0)
        r = oci_store_begin(oci_layout_store(l), o->expect != NULL ? expect.alg : algorithm_of[o->algorithm], &ingest,
                            &cli->err);
    if (r == 0)
        r = copy(cli, fd, ingest);
    if (r == 0) {
        r = oci_ingest_commit(ingest, o->expect != NULL ? &expect : NULL, &digest, &size, &cli->err);
        ingest = NULL;
    }
    oci_ingest_abort(ingest);
    oci_txn_abort(pin);
    if (fd > STDIN_FILENO)
        close(fd);
    if (r == 0)
        print_result(o, &digest, size);
    return cli_wrap(cli, r, "'%s'", name);
}

/* ---- list, rm ---- */

static int list_one(void *ctx, const oci_digest *d, uint64_t size, oci_error *err)
{
    (void)err;
    print_blob(ctx, d, size);
    return 0;
}

static int list(struct cli *cli, const struct options *o, oci_layout *l, size_t n, char *const *names)
{
    struct cli_json j = { .file = stdout };
    int r;

    (void)n, (void)names;
    if (o->output.json)
        cli_json_array(&j, NULL);
    r = oci_store_each(oci_layout_store(l), list_one, o->output.json ? &j : NULL, &cli->err);
    if (o->output.json)
        cli_json_end(&j);
    return r;
}

static int rm(struct cli *cli, const struct options *o, oci_layout *l, size_t n, char *const *names)
{
    const oci_limits limits = cli_limits_of(&o->limits);
    const oci_gc_options how = { .limits = &limits, .events = cli_events(cli) };
    oci_digest *digests = calloc(n, sizeof *digests);
    int r = digests != NULL ? 0 : cli_fail(cli, OCI_E_NOMEM, "out of memory");

    for (size_t i = 0; r == 0 && i < n; i++) {
        uint64_t size;

        r = find_blob(cli, oci_layout_store(l), names[i], &digests[i], &size);
    }
    if (r == 0)
        r = oci_layout_remove_blobs(l, digests, n, o->force, &how, &cli->err);
    if (r == OCI_E_CONFLICT)
        cli_hint(cli, "untag the image and let gc remove what is left, or use --force");
    free(digests);
    return r;
}

/* ---- the words ---- */

static const struct action {
    const char *name;
    size_t min, max; /* operands after the layout */
    bool writes;
    int (*run)(struct cli *cli, const struct options *o, oci_layout *l, size_t n, char *const *operands);
} actions[] = {
    { "get", 1, 1, false, get },   { "put", 0, 1, true, put },      { "stat", 1, 1, false, stat_blob },
    { "list", 0, 0, false, list }, { "rm", 1, CLI_MANY, true, rm },
};
static const char *const words[] = { "get", "put", "stat", "list", "rm", NULL };

static int choose(struct cli *cli, const char *word, size_t n, const struct action **out)
{
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
        if (strcmp(word, actions[i].name) != 0)
            continue;
        *out = &actions[i];
        if (n >= actions[i].min && n <= actions[i].max)
            return 0;
        cli_fail(cli, OCI_E_USAGE, n < actions[i].min ? "%s: an argument is missing" : "%s: too many arguments", word);
        cli_hint(cli, "'oci-image help blob' shows what %s takes", word);
        return OCI_E_USAGE;
    }
    cli_fail(cli, OCI_E_USAGE, "there is no '%s' for blobs", word);
    cli_hint(cli, "choose one of get, put, stat, list, rm");
    return OCI_E_USAGE;
}

static int run(struct cli *cli, const void *opts, size_t n, char *const *operands)
{
    const struct options *o = opts;
    oci_limits limits = cli_limits_of(&o->limits);
    struct cli_source source = { .blobs = o->blobs, .tmpdir = o->tmpdir, .fsync = (oci_fsync_policy)o->write.fsync };
    const struct action *action = NULL;
    int r = choose(cli, operands[0], n - 2, &action);

    if (r == 0)
        r = cli_source_parse_layout(cli, operands[1], &source);
    if (r == 0)
        r = cli_source_open_layout(cli, &limits, !action->writes, &source);
    if (r == 0)
        r = action->run(cli, o, source.layout, n - 2, operands + 2);
    cli_source_close(&source);
    return r;
}

static const struct cli_example examples[] = {
    { "oci-image blob get layout sha256:ba78 | tar -tz", "what is in a layer" },
    { "echo '{}' | oci-image blob put layout", "store standard input and print its digest" },
    { NULL, NULL },
};

const struct cli_command cmd_blob = {
    .usage = { "get [OPTION]... LAYOUT DIGEST", "put [OPTION]... LAYOUT [FILE]", "stat [OPTION]... LAYOUT DIGEST",
               "list [OPTION]... LAYOUT", "rm [OPTION]... LAYOUT DIGEST..." },
    .description =
        "Works on single blobs of a layout; get, stat and list of an archive too. get writes one to standard output "
        "and verifies it: with exit status 3 what "
        "was written is not to be trusted. put stores FILE (standard input without it, or for -) and prints its digest "
        "and size. stat prints the size of one, list of all; nothing is read for that. rm removes blobs that "
        "index.json does not lead to.\n\n"
        "DIGEST may be the beginning of one, with or without its algorithm, when it fits a single blob. What put has "
        "stored is removed by gc if nothing refers to it by the end of the time of grace.",
    .options = options,
    .options_size = sizeof(struct options),
    .examples = examples,
    .operand_words = words,
    .min_operands = 2,
    .max_operands = CLI_MANY,
    .run = run,
};
