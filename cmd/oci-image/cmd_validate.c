/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <oci-image/validate.h>
#include <oci-image/version.h>

#include "open.h"
#include "out.h"
#include "report_format.h"
#include "rules.h"

static const char *const specs[] = { "1.1", "1.0", "head", NULL };
static const oci_spec_version spec_of[] = { OCI_SPEC_1_1, OCI_SPEC_1_0, OCI_SPEC_HEAD };
static const char *const depths[] = { "layers", "blobs", "documents", NULL };
static const oci_validate_depth depth_of[] = { OCI_VALIDATE_LAYERS, OCI_VALIDATE_BLOBS, OCI_VALIDATE_DOCUMENTS };
static const char *const severities[] = { "error", "warning", "info", NULL };
static const oci_severity severity_of[] = { OCI_SEVERITY_ERROR, OCI_SEVERITY_WARNING, OCI_SEVERITY_INFO };
static const char *const profiles[] = { "none", "docker", "containerd", "podman", NULL };
static const unsigned profile_of[] = { 0, OCI_PROFILE_DOCKER, OCI_PROFILE_CONTAINERD, OCI_PROFILE_PODMAN };

enum { TYPE_IMAGE, TYPE_LAYER = 6 };
static const char *const types[] = {
    "image", "oci-layout", "index", "manifest", "config", "descriptor", "layer", NULL
};
static const oci_document_kind kind_of[] = {
    0, OCI_DOCUMENT_LAYOUT, OCI_DOCUMENT_INDEX, OCI_DOCUMENT_MANIFEST, OCI_DOCUMENT_CONFIG, OCI_DOCUMENT_DESCRIPTOR
};

struct options {
    int spec, depth, fail_on, format, type, profile;
    const char *output, *explain;
    bool list_rules, allow_missing;
    struct cli_list ignore, ignore_file, require_platform, require_label, require_path;
    uint64_t threads;
    struct cli_image image;
    struct cli_limits limits;
};

static const struct cli_option options[] = {
    CLI_CHOICE(struct options, format, 'f', "format", "FORMAT", cli_report_format_names, "how findings are printed"),
    CLI_TEXT(struct options, output, 'o', "output", "FILE", "write them to FILE; - is standard output"),
    CLI_CHOICE(struct options, spec, 0, "spec", "VERSION", specs, "the version of image-spec that counts"),
    CLI_CHOICE(struct options, depth, 0, "depth", "DEPTH", depths,
               "check everything, all but what is in layers, or documents alone"),
    CLI_CHOICE(struct options, fail_on, 0, "fail-on", "SEVERITY", severities, "the least that makes the exit status 3"),
    CLI_LIST(struct options, ignore, 0, "ignore", "RULE", "findings of this rule do not count"),
    CLI_LIST(struct options, ignore_file, 0, "ignore-file", "FILE",
             "lines 'RULE [WHERE] # reason' of what does not count"),
    CLI_FLAG(struct options, allow_missing, 0, "allow-missing", "blobs may be left out on purpose"),
    CLI_CHOICE(struct options, type, 't', "type", "TYPE", types, "the operands are such documents, or layers"),
    CLI_LIST(struct options, require_platform, 0, "require-platform", "OS/ARCH[/VARIANT]",
             "there has to be an image for it"),
    CLI_LIST(struct options, require_label, 0, "require-label", "KEY[=VALUE]", "every image has to have the label"),
    CLI_LIST(struct options, require_path, 0, "require-path", "PATH", "every image has to have the path"),
    CLI_CHOICE(struct options, profile, 0, "profile", "CONSUMER", profiles, "whether it will take the image"),
    CLI_NUMBER(struct options, threads, 'j', "jobs", "N", 64, "layers to read at once; default one per processor"),
    CLI_FLAG(struct options, list_rules, 0, "list-rules", "list the rules"),
    CLI_TEXT(struct options, explain, 0, "explain", "RULE", "explain a rule"),
    CLI_GROUP(struct options, image, struct cli_image, CLI_IMAGE_TITLE, cli_image_options),
    CLI_GROUP(struct options, limits, struct cli_limits, CLI_LIMITS_TITLE, cli_limits_options),
    CLI_END,
};

/* What the library is asked, and what has to be freed afterwards. */
struct question {
    oci_validate_options o;
    oci_limits limits;
    oci_platform *platform;
    oci_platform **platforms;
    size_t n_platforms;
    struct cli_ignores ignores;
};

static int read_ignores(struct cli *cli, const struct options *o, struct question *q)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < o->ignore.count; i++)
        r = cli_ignores_add(cli, &q->ignores, o->ignore.items[i], NULL);
    for (size_t i = 0; r == 0 && i < o->ignore_file.count; i++)
        r = cli_ignores_read(cli, &q->ignores, o->ignore_file.items[i]);
    q->o.ignores = q->ignores.items;
    q->o.n_ignores = q->ignores.count;
    return r;
}

static int read_platforms(struct cli *cli, const struct options *o, struct question *q)
{
    int r = cli_parse_platform(cli, o->image.platform, &q->platform);

    q->platforms = calloc(o->require_platform.count + 1, sizeof *q->platforms);
    if (r == 0 && q->platforms == NULL)
        r = cli_fail(cli, OCI_E_NOMEM, "out of memory");
    for (size_t i = 0; r == 0 && i < o->require_platform.count; i++) {
        r = oci_platform_parse(o->require_platform.items[i], &q->platforms[i], &cli->err);
        q->n_platforms += r == 0;
        if (r < 0)
            r = cli_wrap(cli, r == OCI_E_NOMEM ? r : OCI_E_USAGE, "--require-platform");
    }
    q->o.platform = q->platform;
    q->o.require_platforms = (const oci_platform *const *)q->platforms;
    q->o.n_require_platforms = q->n_platforms;
    return r;
}

static int make_question(struct cli *cli, const struct options *o, struct question *q)
{
    int r;

    q->limits = cli_limits_of(&o->limits);
    q->o.spec = spec_of[o->spec];
    q->o.depth = depth_of[o->depth];
    q->o.allow_missing = o->allow_missing;
    q->o.require_labels = (oci_strings) { o->require_label.items, o->require_label.count };
    q->o.require_paths = (oci_strings) { o->require_path.items, o->require_path.count };
    q->o.profiles = profile_of[o->profile];
    q->o.threads = (unsigned)o->threads;
    q->o.limits = &q->limits;
    q->o.events = cli_events(cli);
    r = read_ignores(cli, o, q);
    return r == 0 ? read_platforms(cli, o, q) : r;
}

static void free_question(struct question *q)
{
    oci_platform_free(q->platform);
    for (size_t i = 0; i < q->n_platforms; i++)
        oci_platform_free(q->platforms[i]);
    free(q->platforms);
    cli_ignores_free(&q->ignores);
}

/* ---- operands ---- */

static int open_operand(struct cli *cli, const char *name, oci_reader **out)
{
    int fd = -1, r = cli_open_input(cli, name, &fd);

    if (r == 0)
        r = oci_reader_from_pipe(fd, cli_events(cli), out, &cli->err);
    return cli_wrap(cli, r, "'%s'", name);
}

/* More than the limit is read to find out that it is passed, but not all of it. */
static int check_document(struct cli *cli, oci_report *report, const struct question *q, oci_document_kind kind,
                          const char *name, oci_reader *reader)
{
    size_t limit = (size_t)oci_limits_resolve(&q->limits).max_document + 1;
    oci_buf text = OCI_BUF_INIT;
    oci_span span;
    int r;

    while ((r = oci_reader_next(reader, &span, &cli->err)) == 0 && span.len > 0 && text.len < limit) {
        char *bigger = realloc(text.data, text.len + span.len + 1);

        if (bigger == NULL) {
            r = cli_fail(cli, OCI_E_NOMEM, "out of memory");
            break;
        }
        text.data = bigger;
        memcpy(text.data + text.len, span.data, span.len);
        text.len += span.len;
    }
    if (r < 0)
        r = cli_wrap(cli, r, "'%s'", name);
    else
        r = oci_validate_document(report, kind, name, text.data != NULL ? text.data : "", text.len, &cli->err);
    free(text.data);
    return r;
}

static int check_file(struct cli *cli, oci_report *report, const struct question *q, int type, const char *name)
{
    oci_reader *reader = NULL;
    int r = open_operand(cli, name, &reader);

    if (r < 0)
        return r;
    if (type == TYPE_LAYER)
        r = oci_validate_layer(report, name, reader, &cli->err);
    else
        r = check_document(cli, report, q, kind_of[type], name, reader);
    oci_reader_free(reader);
    return r;
}

/* directory is given when the reference names one. */
static int check_image(struct cli *cli, oci_report *report, const struct cli_image *o, const char *name,
                       char **directory)
{
    oci_layout_options how = { .blobs = o->blobs, .tmpdir = cli_tmpdir(o->tmpdir) };
    struct cli_source s = { 0 };
    int r = cli_source_parse(cli, name, o, &s);
    bool is_stdin = r == 0 && cli_is_stdin(s.reference->path);

    if (r == 0 && (*directory = strdup(s.reference->path)) == NULL)
        r = cli_fail(cli, OCI_E_NOMEM, "out of memory");
    if (r == 0) {
        how.transport = s.reference->transport;
        r = oci_validate_layout(report, is_stdin ? STDIN_FILENO : AT_FDCWD, is_stdin ? "" : s.reference->path, &how,
                                s.reference->name, s.reference->digest, &cli->err);
    }
    cli_source_close(&s);
    return r;
}

/* ---- the result ---- */

/* An operand and what the report has grown by. */
struct checked {
    char *directory, *error;
    size_t count, ignored;
};

/* The last finding of a full report stands for all that had no room. */
static bool is_full(const oci_report *report)
{
    size_t n = oci_report_count(report);

    return n > 0 && strcmp(oci_report_finding(report, n - 1)->rule->id, "report.more") == 0;
}

/* All operands are checked, also when one of them cannot be read; *status is that of the first such. */
static int check_operand(struct cli *cli, oci_report *report, const struct options *o, const struct question *q,
                         const char *name, struct checked *c, int *status)
{
    bool full = is_full(report);
    size_t count = oci_report_count(report), ignored = oci_report_ignored(report);
    int r = o->type == TYPE_IMAGE ? check_image(cli, report, &o->image, name, &c->directory)
                                  : check_file(cli, report, q, o->type, name);

    c->count = oci_report_count(report) - count;
    c->ignored = oci_report_ignored(report) - ignored;
    if (r == OCI_E_CANCELLED || r == OCI_E_NOMEM || (r == 0 && !full))
        return r;
    c->error = strdup(r < 0 ? cli->err.msg : "the report has no room for more findings");
    if (c->error == NULL)
        return cli_fail(cli, OCI_E_NOMEM, "out of memory");
    if (r < 0) {
        int s = cli_report(cli, r);

        *status = *status != 0 ? *status : s;
    }
    return 0;
}

/* The findings of a report, and those of each operand among them. */
struct shown {
    const oci_finding **findings;
    struct cli_report_subject *subjects;
};

static int show(struct cli *cli, const oci_report *report, const struct checked *checked, size_t n,
                char *const *operands, struct shown *shown)
{
    size_t count = oci_report_count(report), first = 0;

    shown->findings = calloc(count + 1, sizeof *shown->findings);
    shown->subjects = calloc(n, sizeof *shown->subjects);
    if (shown->findings == NULL || shown->subjects == NULL)
        return cli_fail(cli, OCI_E_NOMEM, "out of memory");
    for (size_t i = 0; i < count; i++)
        shown->findings[i] = oci_report_finding(report, i);
    for (size_t i = 0; i < n; first += checked[i++].count)
        shown->subjects[i] = (struct cli_report_subject) {
            .name = operands[i],
            .directory = checked[i].directory,
            .error = checked[i].error,
            .findings = shown->findings + first,
            .count = checked[i].count,
            .ignored = checked[i].ignored,
        };
    return 0;
}

static int print(struct cli *cli, const struct options *o, const oci_report *report, const struct checked *checked,
                 size_t n, char *const *operands)
{
    struct cli_report_view view = {
        .count = n,
        .version = oci_image_version(),
        .spec = specs[o->spec],
        .fail_on = severity_of[o->fail_on],
        .color = o->output == NULL && cli_use_color(cli, stdout),
        .quiet = cli->common.quiet,
    };
    struct shown shown = { 0 };
    int r = show(cli, report, checked, n, operands, &shown);

    view.subjects = shown.subjects;
    view.rules = oci_rules(&view.rule_count);
    if (r == 0)
        r = cli_report_write(cli, o->output, &cli_report_formats[o->format], &view);
    free(shown.findings);
    free(shown.subjects);
    return r;
}

static bool has_failed(const struct options *o, const oci_report *report)
{
    for (unsigned s = severity_of[o->fail_on]; s <= OCI_SEVERITY_ERROR; s++)
        if (oci_report_count_of(report, s) > 0)
            return true;
    return false;
}

static int check(struct cli *cli, const struct options *o, const struct question *q, size_t n, char *const *operands)
{
    struct checked *checked = calloc(n, sizeof *checked);
    oci_report *report = NULL;
    int status = 0;
    int r = checked != NULL ? oci_report_new(&q->o, &report, &cli->err) : cli_fail(cli, OCI_E_NOMEM, "out of memory");

    for (size_t i = 0; r == 0 && i < n; i++)
        r = check_operand(cli, report, o, q, operands[i], &checked[i], &status);
    if (r == 0)
        r = print(cli, o, report, checked, n, operands);
    if (r == 0 && status == 0 && has_failed(o, report))
        status = cli_exit_status(OCI_E_INVALID);
    for (size_t i = 0; checked != NULL && i < n; i++) {
        free(checked[i].directory);
        free(checked[i].error);
    }
    free(checked);
    oci_report_free(report);
    return r < 0 ? r : status;
}

static int run(struct cli *cli, const void *opts, size_t n, char *const *operands)
{
    const struct options *o = opts;
    struct question q = { .o = OCI_VALIDATE_OPTIONS_INIT };
    int r;

    if (o->list_rules)
        return cli_rules_list(cli, strcmp(cli_report_format_names[o->format], "json") == 0);
    if (o->explain != NULL)
        return cli_rules_explain(cli, o->explain);
    if (n == 0) {
        cli_fail(cli, OCI_E_USAGE, "an argument is missing");
        cli_hint(cli, "usage: oci-image validate [OPTION]... IMAGE...");
        return OCI_E_USAGE;
    }
    r = make_question(cli, o, &q);
    if (r == 0)
        r = check(cli, o, &q, n, operands);
    free_question(&q);
    return r;
}

static const struct cli_example examples[] = {
    { "oci-image validate layout", "check all of a layout" },
    { "oci-image validate --fail-on warning --format json layout:app", "check one image, for a program" },
    { "oci-image validate --format junit -o report.xml layout", "write a report for continuous integration" },
    { "oci-image validate --require-platform linux/arm64 --require-label a layout", "what an image has to have" },
    { "oci-image validate --type config config.json", "check one document" },
    { "oci-image validate --explain descriptor.size.raw-bytes", "what a rule is about" },
    { NULL, NULL },
};

const struct cli_command cmd_validate = {
    .usage = { "[OPTION]... IMAGE...", "--type TYPE [OPTION]... FILE...", "--list-rules", "--explain RULE" },
    .description =
        "Checks images against the OCI image specification and prints everything that is wrong, each with the rule it "
        "breaks and its place. Without NAME and DIGEST in IMAGE the whole layout is checked: its files, index.json, "
        "every document that it leads to, every blob, and every entry of every layer.\n\n"
        "What must be so is an error, what should be so a warning; notes are told as well. The exit status is 3 when "
        "there are findings of the severity that --fail-on names (errors), and 0 otherwise. What unpack refuses is an "
        "error.\n\n"
        "With --type the operands are files with one document or layer each; - is standard input. --depth documents "
        "looks at JSON alone, --depth blobs verifies content without looking into layers.\n\n"
        "A line of an --ignore-file has a rule (with * for any characters), perhaps the file, digest, path, pointer or "
        "entry that is meant, and behind # the reason, which is required.",
    .options = options,
    .options_size = sizeof(struct options),
    .examples = examples,
    .max_operands = CLI_MANY,
    .run = run,
};
