/* SPDX-License-Identifier: Apache-2.0 */
#include "help.h"

#include <string.h>

#include <oci-image/version.h>

#include "parse.h"

enum { WIDTH = 79, OPTION_COLUMN = 26, COMMAND_COLUMN = 18 };

const struct cli_exit_text cli_exit_texts[] = {
    { 0, "done" },
    { 1, "could not be done: I/O, permissions, limits of the system" },
    { 2, "usage" },
    { 3, "the image is invalid, damaged or hostile, or passed a limit" },
    { 4, "not found or ambiguous: a layout, name, platform, path or blob" },
    { 0, NULL },
};

const char cli_image_names[] =
    "An image is named [TRANSPORT:]PATH[:NAME][@DIGEST]. TRANSPORT is oci (an image layout directory), oci-archive (a "
    "tar file of one) or docker-archive (what docker save writes); without it, PATH is looked at, and may be an "
    "ACI of appc too. An archive on "
    "standard input is called -. NAME is the name given in the layout and may hold colons and slashes itself; it may "
    "be left out "
    "where there is only one image. DIGEST is that of a manifest or an index.";

const char *cli_group_title(enum cli_command_group group)
{
    switch (group) {
    case BUNDLE:
        return "From image to bundle and back";
    case IMAGE:
        return "Make and change images";
    case LOOK:
        return "Look and check";
    case LAYOUT:
        return "Keep layouts";
    case OTHER:
    case CLI_COMMAND_GROUPS:
        break;
    }
    return "Other";
}

/* Prints words at column indent, the cursor being at column now. */
static void wrap(FILE *f, const char *text, size_t n, int now, int indent)
{
    const char *end = text + n;
    int column = now;

    while (text < end) {
        const char *space = memchr(text, ' ', (size_t)(end - text));
        int word = (int)((space != NULL ? space : end) - text);

        if (column < indent) {
            fprintf(f, "%*s", indent - column, "");
            column = indent;
        } else if (column > indent && column + 1 + word > WIDTH) {
            fprintf(f, "\n%*s", indent, "");
            column = indent;
        } else if (column > indent) {
            fputc(' ', f);
            column++;
        }
        fwrite(text, 1, (size_t)word, f);
        column += word;
        text += word;
        while (text < end && *text == ' ')
            text++;
    }
    fputc('\n', f);
}

static void wrap_paragraphs(FILE *f, const char *text)
{
    while (*text != '\0') {
        const char *gap = strstr(text, "\n\n");
        size_t n = gap != NULL ? (size_t)(gap - text) : strlen(text);

        wrap(f, text, n, 0, 0);
        text += n;
        if (gap != NULL) {
            fputc('\n', f);
            text += 2;
        }
    }
}

static void print_option(FILE *f, const struct cli_option *o)
{
    char head[80], text[400];
    size_t used;
    int n;

    n = snprintf(head, sizeof head, o->letter != 0 ? "  -%c, --" : "  %*s--", o->letter != 0 ? o->letter : 4, "");
    snprintf(head + n, sizeof head - (size_t)n, "%s%s%s%s", o->kind == CLI_KIND_SWITCH ? "[no-]" : "", o->name,
             o->value != NULL ? " " : "", o->value != NULL ? o->value : "");
    used = (size_t)snprintf(text, sizeof text, "%s", o->help);
    for (int i = 0; o->kind == CLI_KIND_CHOICE && o->choices[i] != NULL && used < sizeof text; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", i == 0 ? ": " : ", ", o->choices[i]);
    if (o->kind == CLI_KIND_LIST && used < sizeof text)
        snprintf(text + used, sizeof text - used, "; repeatable");
    fputs(head, f);
    n = (int)strlen(head);
    if (n + 2 > OPTION_COLUMN) {
        fputc('\n', f);
        n = 0;
    }
    wrap(f, text, strlen(text), n, OPTION_COLUMN);
}

/* Single options first, then the groups under their titles. */
static void print_options(FILE *f, const struct cli_option *table, const char *title)
{
    bool any = false;

    for (const struct cli_option *o = table; o != NULL && o->kind != CLI_KIND_END; o++) {
        if (o->kind == CLI_KIND_GROUP)
            continue;
        if (!any)
            fprintf(f, "\n%s:\n", title);
        any = true;
        print_option(f, o);
    }
    for (const struct cli_option *o = table; o != NULL && o->kind != CLI_KIND_END; o++)
        if (o->kind == CLI_KIND_GROUP)
            print_options(f, o->group, o->name);
}

void cli_help_command(const struct cli_entry *entry, FILE *f)
{
    const struct cli_command *c = entry->command;

    for (size_t i = 0; i < sizeof c->usage / sizeof *c->usage && c->usage[i] != NULL; i++) {
        int n = fprintf(f, "%s oci-image %s ", i == 0 ? "Usage:" : "      ", entry->name);

        wrap(f, c->usage[i], strlen(c->usage[i]), n, n);
    }
    if (c->alias != NULL)
        fprintf(f, "Alias: oci-image %s\n", c->alias);
    fputc('\n', f);
    wrap_paragraphs(f, c->description);
    print_options(f, c->options, "Options");
    print_options(f, cli_common_options, "Common options");
    fputs("\nExamples:\n", f);
    for (const struct cli_example *e = c->examples; e->command != NULL; e++) {
        fprintf(f, "  %s\n      ", e->command);
        wrap(f, e->about, strlen(e->about), 6, 6);
    }
}

void cli_help_overview(FILE *f)
{
    fputs("Usage: oci-image [OPTION]... COMMAND [ARGUMENT]...\n"
          "\n"
          "Make, check, unpack and change OCI images.\n",
          f);
    for (int group = 0; group < CLI_COMMAND_GROUPS; group++) {
        bool any = false;

        for (const struct cli_entry *e = cli_entries; e->name[0] != '\0'; e++) {
            if (e->group != (enum cli_command_group)group)
                continue;
            if (!any)
                fprintf(f, "\n%s:\n", cli_group_title(e->group));
            any = true;
            fprintf(f, "  %s", e->name);
            wrap(f, e->summary, strlen(e->summary), 2 + (int)strlen(e->name), COMMAND_COLUMN);
        }
    }
    print_options(f, cli_common_options, "Options");
    fputs("      --version           show versions\n\n", f);
    wrap_paragraphs(f, cli_image_names);
    fputs("\n"
          "Examples:\n"
          "  oci-image help digest\n"
          "      show what digest does and its options\n"
          "  oci-image digest image.tar\n"
          "      print the SHA-256 digest of a file\n",
          f);
}

void cli_print_version(FILE *f)
{
    fprintf(f,
            "oci-image %s\n"
            "image-spec %s\n"
            "runtime-spec %s\n"
            "built with %s\n",
            oci_image_version(), OCI_IMAGE_SPEC_VERSION, OCI_RUNTIME_SPEC_VERSION, CLI_BUILT_WITH);
}
