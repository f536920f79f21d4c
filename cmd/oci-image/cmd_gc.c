/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include <oci-image/gc.h>

#include "open.h"
#include "out.h"

struct options {
    bool dry_run, ignore_damaged;
    uint64_t grace;
    struct cli_output output;
    struct cli_write write;
    struct cli_limits limits;
};

static const struct options defaults = { .grace = 60 * 60 };

static const struct cli_option options[] = {
    CLI_FLAG(struct options, dry_run, 'n', "dry-run", "remove nothing, print what would be removed"),
    CLI_TIME(struct options, grace, 0, "grace", "DURATION",
             "spare what was written in that time (90s, 15m, 2h, 7d); default 1h"),
    CLI_FLAG(struct options, ignore_damaged, 0, "ignore-damaged",
             "go on when a document cannot be read; what only it refers to is removed"),
    CLI_GROUP(struct options, output, struct cli_output, CLI_OUTPUT_TITLE, cli_output_options),
    CLI_GROUP(struct options, write, struct cli_write, CLI_WRITE_TITLE, cli_write_options),
    CLI_GROUP(struct options, limits, struct cli_limits, CLI_LIMITS_TITLE, cli_limits_options),
    CLI_END,
};

/* Prints each blob as it goes. */
struct printing {
    bool as_json;
    struct cli_json json;
};

static void removing(void *ctx, const oci_digest *d, uint64_t size)
{
    struct printing *p = ctx;
    char digest[OCI_DIGEST_MAX_TEXT], text[CLI_SIZE_TEXT];

    oci_digest_format(d, digest, sizeof digest);
    if (!p->as_json) {
        cli_format_size(size, text);
        printf("%s  %s\n", digest, text);
        return;
    }
    cli_json_object(&p->json, NULL);
    cli_json_string(&p->json, "digest", digest);
    cli_json_number(&p->json, "size", size);
    cli_json_end(&p->json);
}

static void sum_member(struct cli_json *j, const char *name, const oci_gc_sum *sum)
{
    cli_json_object(j, name);
    cli_json_number(j, "count", sum->count);
    cli_json_number(j, "size", sum->bytes);
    cli_json_end(j);
}

static void print_sum(const oci_gc_sum *sum, const char *what, const char *fate)
{
    char size[CLI_SIZE_TEXT];

    cli_format_size(sum->bytes, size);
    printf("%" PRIu64 " %s%s %s, %s\n", sum->count, what, sum->count == 1 ? "" : "s", fate, size);
}

static void print_text(const oci_gc_result *sum, bool dry_run)
{
    const char *fate = dry_run ? "would be removed" : "removed";

    print_sum(&sum->removed, "blob", fate);
    if (sum->temporary.count > 0)
        print_sum(&sum->temporary, "temporary file", fate);
    if (sum->young.count > 0)
        print_sum(&sum->young, "young blob", "spared (--grace)");
    print_sum(&sum->kept, "blob", "kept");
}

static void finish(struct printing *p, const oci_gc_result *sum, bool dry_run, bool done)
{
    if (!p->as_json) {
        if (done)
            print_text(sum, dry_run);
        return;
    }
    cli_json_end(&p->json);
    if (done) {
        cli_json_bool(&p->json, "dryRun", dry_run);
        cli_json_number(&p->json, "removedSize", sum->removed.bytes);
        sum_member(&p->json, "temporary", &sum->temporary);
        sum_member(&p->json, "young", &sum->young);
        sum_member(&p->json, "kept", &sum->kept);
    }
    cli_json_end(&p->json);
}

static int collect(struct cli *cli, const struct options *o, const oci_limits *limits, oci_layout *layout)
{
    struct printing p = { .as_json = o->output.json, .json = { .file = stdout } };
    const oci_gc_options how = { .limits = limits,
                                 .events = cli_events(cli),
                                 .grace = o->grace,
                                 .dry_run = o->dry_run,
                                 .ignore_damaged = o->ignore_damaged,
                                 .removing = removing,
                                 .ctx = &p };
    oci_gc_result sum;
    int r;

    if (p.as_json) {
        cli_json_object(&p.json, NULL);
        cli_json_array(&p.json, "removed");
    }
    r = oci_layout_gc(layout, &how, &sum, &cli->err);
    finish(&p, &sum, o->dry_run, r == 0);
    return r;
}

static int run(struct cli *cli, const void *opts, size_t n, char *const *operands)
{
    const struct options *o = opts;
    oci_limits limits = cli_limits_of(&o->limits);
    struct cli_source source = { .fsync = (oci_fsync_policy)o->write.fsync };
    int r = cli_source_parse_layout(cli, operands[0], &source);

    (void)n;
    if (r == 0)
        r = cli_source_open_layout(cli, &limits, o->dry_run, &source);
    if (r == 0)
        r = cli_wrap(cli, collect(cli, o, &limits, source.layout), "'%s'", source.reference->path);
    if (cli_exit_status(r) == 3)
        cli_hint(cli, "nothing was removed; --ignore-damaged goes on without the document");
    cli_source_close(&source);
    return r;
}

static const struct cli_example examples[] = {
    { "oci-image gc layout", "remove what nothing refers to, if it is older than an hour" },
    { "oci-image gc --dry-run --grace 0 layout", "what could go at once" },
    { NULL, NULL },
};

const struct cli_command cmd_gc = {
    .usage = { "[OPTION]... LAYOUT" },
    .description =
        "Removes the blobs that nothing in a layout refers to, and what commands that were killed have left behind. "
        "Everything that index.json leads to stays: nested indexes, manifests, configurations, layers, subjects. So "
        "does a manifest whose subject stays (a referrer), whether index.json names it or not, and what is young with "
        "all it refers to. Removed blobs are printed with their sizes.\n\n"
        "It waits until nobody of this program writes to the layout; writers wait for it. Other tools do not know of "
        "that: --grace spares what they may be about to name. With --grace 0 everything goes that has no reference "
        "now.\n\n"
        "A document that is there but cannot be read stops it before anything is removed. One that is not there does "
        "not.",
    .options = options,
    .options_size = sizeof(struct options),
    .defaults = &defaults,
    .examples = examples,
    .min_operands = 1,
    .max_operands = 1,
    .run = run,
};
