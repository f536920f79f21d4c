/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "open.h"
#include "out.h"

struct options {
    const char *ref, *digest;
    struct cli_output output;
    struct cli_write write;
    struct cli_limits limits;
};

static const struct cli_option options[] = {
    CLI_TEXT(struct options, ref, 0, "ref", "NAME", "the name, whatever characters it holds"),
    CLI_TEXT(struct options, digest, 0, "digest", "DIGEST", "only entries of this digest"),
    CLI_GROUP(struct options, output, struct cli_output, CLI_OUTPUT_TITLE, cli_output_options),
    CLI_GROUP(struct options, write, struct cli_write, CLI_WRITE_TITLE, cli_write_options),
    CLI_GROUP(struct options, limits, struct cli_limits, CLI_LIMITS_TITLE, cli_limits_options),
    CLI_END,
};

static int ask(struct cli *cli, const struct cli_source *s, oci_txn *t)
{
    const oci_reference *ref = s->reference;

    return ref->digest != NULL ? oci_txn_delete_entry(t, ref->name, ref->digest, &cli->err)
                               : oci_txn_delete_ref(t, ref->name, &cli->err);
}

static int remove_entries(struct cli *cli, const struct cli_source *s)
{
    oci_txn *t = NULL;
    int r = oci_txn_begin(s->layout, &t, &cli->err);

    if (r == 0)
        r = ask(cli, s, t);
    if (r == 0) {
        r = oci_txn_commit(t, &cli->err);
        t = NULL;
    }
    oci_txn_abort(t);
    if (r == OCI_E_NOT_FOUND)
        cli_hint(cli, "'oci-image list %s' shows what is there", s->reference->path);
    return r;
}

static int run(struct cli *cli, const void *opts, size_t n, char *const *operands)
{
    const struct options *o = opts;
    const struct cli_image image = { .ref = o->ref, .digest = o->digest };
    oci_limits limits = cli_limits_of(&o->limits);
    struct cli_source source = { .fsync = (oci_fsync_policy)o->write.fsync };
    int r = cli_source_parse(cli, operands[0], &image, &source);

    (void)n;
    if (r == 0 && source.reference->name == NULL && source.reference->digest == NULL) {
        r = cli_fail(cli, OCI_E_USAGE, "'%s' does not say which name", operands[0]);
        cli_hint(cli, "say '%s:NAME', or '%s@DIGEST' for an entry without a name", operands[0], operands[0]);
    }
    if (r == 0)
        r = cli_source_open_layout(cli, &limits, false, &source);
    if (r == 0)
        r = remove_entries(cli, &source);
    if (r == 0 && o->output.json) {
        struct cli_json j = { .file = stdout };

        cli_json_object(&j, NULL);
        cli_json_string(&j, "name", source.reference->name);
        cli_json_string(&j, "digest", source.reference->digest);
        cli_json_number(&j, "left", oci_layout_index(source.layout)->n_manifests);
        cli_json_end(&j);
    }
    cli_source_close(&source);
    return r;
}

static const struct cli_example examples[] = {
    { "oci-image untag layout:app", "the image is not called app any more" },
    { "oci-image untag layout:app && oci-image gc layout", "and its blobs go, once they are old enough" },
    { NULL, NULL },
};

const struct cli_command cmd_untag = {
    .usage = { "[OPTION]... LAYOUT:NAME[@DIGEST]", "[OPTION]... LAYOUT@DIGEST" },
    .description =
        "Removes the entries called NAME from a layout's index.json, with DIGEST only those of that digest. "
        "Without NAME the entry of that digest that has no name is removed. Blobs stay; gc removes those that "
        "nothing refers to.",
    .options = options,
    .options_size = sizeof(struct options),
    .examples = examples,
    .min_operands = 1,
    .max_operands = 1,
    .run = run,
};
