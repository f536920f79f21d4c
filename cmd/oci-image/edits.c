/* SPDX-License-Identifier: Apache-2.0 */
#include "edits.h"

const struct cli_option cli_edits_options[] = {
    CLI_LIST(struct cli_edits, entrypoint, 0, "entrypoint", "ARG", "a word of the entrypoint"),
    CLI_LIST(struct cli_edits, cmd, 0, "cmd", "ARG", "a word of the default command"),
    CLI_LIST(struct cli_edits, env, 0, "env", "NAME=VALUE", "an environment variable"),
    CLI_LIST(struct cli_edits, unset_env, 0, "unset-env", "NAME", "take a variable out"),
    CLI_TEXT(struct cli_edits, user, 0, "user", "USER[:GROUP]", "who runs the command"),
    CLI_TEXT(struct cli_edits, workdir, 0, "workdir", "PATH", "where the command runs"),
    CLI_LIST(struct cli_edits, labels, 0, "label", "NAME=VALUE", "a label"),
    CLI_LIST(struct cli_edits, unset_labels, 0, "unset-label", "NAME", "take a label out"),
    CLI_LIST(struct cli_edits, volumes, 0, "volume", "PATH", "a directory for data"),
    CLI_LIST(struct cli_edits, unset_volumes, 0, "unset-volume", "PATH", "take a volume out"),
    CLI_LIST(struct cli_edits, expose, 0, "expose", "PORT[/PROTO]", "a port it listens on"),
    CLI_LIST(struct cli_edits, unset_expose, 0, "unset-expose", "PORT[/PROTO]", "take a port out"),
    CLI_TEXT(struct cli_edits, stop_signal, 0, "stop-signal", "SIGNAL", "what asks it to end"),
    CLI_TEXT(struct cli_edits, author, 0, "author", "TEXT", "who made the image"),
    CLI_TEXT(struct cli_edits, created, 0, "created", "TIME", "when it was made, like 2024-01-31T12:00:00Z"),
    CLI_TEXT(struct cli_edits, os, 0, "os", "OS", "the operating system it is for"),
    CLI_TEXT(struct cli_edits, architecture, 0, "architecture", "ARCH", "the processor it is for"),
    CLI_TEXT(struct cli_edits, variant, 0, "variant", "VARIANT", "of the processor"),
    CLI_LIST(struct cli_edits, annotations, 0, "annotation", "NAME=VALUE", "of the manifest"),
    CLI_LIST(struct cli_edits, unset_annotations, 0, "unset-annotation", "NAME", "take an annotation out"),
    CLI_TEXT(struct cli_edits, comment, 0, "history-comment", "TEXT", "what the history says"),
    CLI_FLAG(struct cli_edits, no_history, 0, "no-history", "tell no history"),
    CLI_LIST(struct cli_edits, clear, 0, "clear", "FIELD", "begin without what a field has"),
    CLI_END,
};

#define AT(field) offsetof(struct cli_edits, field)

static const struct text {
    const char *field; /* of the configuration, and the option */
    size_t at;
} texts[] = {
    { "user", AT(user) },
    { "workdir", AT(workdir) },
    { "stop-signal", AT(stop_signal) },
    { "author", AT(author) },
    { "created", AT(created) },
    { "os", AT(os) },
    { "architecture", AT(architecture) },
    { "variant", AT(variant) },
};

static const struct list {
    const char *field;
    size_t set, unset; /* unset SIZE_MAX: there is no such option */
} lists[] = {
    { "entrypoint", AT(entrypoint), SIZE_MAX },
    { "cmd", AT(cmd), SIZE_MAX },
    { "env", AT(env), AT(unset_env) },
    { "label", AT(labels), AT(unset_labels) },
    { "volume", AT(volumes), AT(unset_volumes) },
    { "expose", AT(expose), AT(unset_expose) },
    { "annotation", AT(annotations), AT(unset_annotations) },
};

enum { N_LISTS = sizeof lists / sizeof *lists, N_TEXTS = sizeof texts / sizeof *texts };

static const struct cli_list *list_at(const struct cli_edits *o, size_t at)
{
    return (const struct cli_list *)(const void *)((const char *)o + at);
}

static int clear(struct cli *cli, const struct cli_edits *o, oci_editor *e)
{
    for (size_t i = 0; i < o->clear.count; i++) {
        char known[200] = "";
        int r = oci_editor_clear(e, o->clear.items[i], &cli->err);

        if (r == 0)
            continue;
        for (size_t k = 0, used = 0; oci_editor_field(k) != NULL && used < sizeof known; k++)
            used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", k > 0 ? ", " : "", oci_editor_field(k));
        cli_wrap(cli, r, "--clear");
        cli_hint(cli, "choose one of %s", known);
        return r;
    }
    return 0;
}

static int unset(struct cli *cli, const struct cli_edits *o, oci_editor *e)
{
    int r = 0;

    for (size_t i = 0; i < N_LISTS; i++) {
        if (lists[i].unset == SIZE_MAX)
            continue;
        for (size_t k = 0; r == 0 && k < list_at(o, lists[i].unset)->count; k++)
            r = oci_editor_unset(e, lists[i].field, list_at(o, lists[i].unset)->items[k], &cli->err);
    }
    return r;
}

static int set_texts(struct cli *cli, const struct cli_edits *o, oci_editor *e)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < N_TEXTS; i++) {
        const char *const *value = (const char *const *)(const void *)((const char *)o + texts[i].at);

        if (*value != NULL)
            r = cli_wrap(cli, oci_editor_set(e, texts[i].field, *value, &cli->err), "--%s", texts[i].field);
    }
    return r;
}

static int set_lists(struct cli *cli, const struct cli_edits *o, oci_editor *e)
{
    int r = 0;

    for (size_t i = 0; i < N_LISTS; i++) {
        const struct cli_list *values = list_at(o, lists[i].set);

        for (size_t k = 0; r == 0 && k < values->count; k++)
            r = cli_wrap(cli, oci_editor_set(e, lists[i].field, values->items[k], &cli->err), "--%s", lists[i].field);
    }
    return r;
}

int cli_apply_edits(struct cli *cli, const struct cli_edits *o, oci_editor *e)
{
    int r = clear(cli, o, e);

    if (r == 0)
        r = unset(cli, o, e);
    if (r == 0)
        r = set_texts(cli, o, e);
    return r == 0 ? set_lists(cli, o, e) : r;
}
