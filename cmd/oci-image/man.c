/* SPDX-License-Identifier: Apache-2.0 */
/* Man pages in the form that scdoc(1) reads. */
#include <string.h>

#include <oci-image/version.h>

#include "help.h"

/* Text in which nothing is markup. */
static void plain_n(FILE *f, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (strchr("\\*_", s[i]) != NULL || (i == 0 && strchr("#-.[|]", s[i]) != NULL))
            fputc('\\', f);
        fputc(s[i], f);
    }
}

static void plain(FILE *f, const char *s)
{
    plain_n(f, s, strlen(s));
}

static void paragraphs(FILE *f, const char *text)
{
    while (*text != '\0') {
        const char *gap = strstr(text, "\n\n");
        size_t n = gap != NULL ? (size_t)(gap - text) : strlen(text);

        plain_n(f, text, n);
        fputs("\n\n", f);
        text += n;
        if (gap != NULL)
            text += 2;
    }
}

static void option(FILE *f, const struct cli_option *o)
{
    if (o->letter != 0)
        fprintf(f, "*-%c*, ", o->letter);
    if (o->kind == CLI_KIND_SWITCH)
        fprintf(f, "*--%s*, *--no-%s*", o->name, o->name);
    else
        fprintf(f, "*--%s*", o->name);
    if (o->value != NULL) {
        fputs(" ", f);
        plain(f, o->value);
    }
    fputs("\n\t", f);
    plain(f, o->help);
    if (o->kind == CLI_KIND_LIST)
        fputs("; repeatable", f);
    for (int i = 0; o->kind == CLI_KIND_CHOICE && o->choices[i] != NULL; i++)
        fprintf(f, "%s*%s*", i == 0 ? ": " : ", ", o->choices[i]);
    fputs("\n\n", f);
}

static void options(FILE *f, const struct cli_option *table)
{
    for (const struct cli_option *o = table; o != NULL && o->kind != CLI_KIND_END; o++)
        if (o->kind != CLI_KIND_GROUP)
            option(f, o);
    for (const struct cli_option *o = table; o != NULL && o->kind != CLI_KIND_END; o++) {
        if (o->kind == CLI_KIND_GROUP) {
            fprintf(f, "## %s\n\n", o->name);
            options(f, o->group);
        }
    }
}

static void title(FILE *f, const char *page, const char *summary)
{
    fprintf(f, "%s(1) \"oci-image %s\" \"OCI images\"\n\n# NAME\n\n%s - %s\n\n# SYNOPSIS\n\n", page, OCI_IMAGE_VERSION,
            page, summary);
}

static void exit_status(FILE *f)
{
    fputs("# EXIT STATUS\n\n", f);
    for (const struct cli_exit_text *t = cli_exit_texts; t->text != NULL; t++)
        fprintf(f, "*%d*\n\t%s\n\n", t->status, t->text);
}

static void man_of_command(const struct cli_entry *entry, FILE *f)
{
    const struct cli_command *c = entry->command;
    char page[64];

    snprintf(page, sizeof page, "oci-image-%s", entry->name);
    title(f, page, entry->summary);
    for (size_t i = 0; i < sizeof c->usage / sizeof *c->usage && c->usage[i] != NULL; i++) {
        fprintf(f, "*oci-image %s* ", entry->name);
        plain(f, c->usage[i]);
        fputs("\n\n", f);
    }
    fputs("# DESCRIPTION\n\n", f);
    paragraphs(f, c->description);
    if (c->alias != NULL)
        fprintf(f, "*oci-image %s* is the same.\n\n", c->alias);
    fputs("# OPTIONS\n\n", f);
    options(f, c->options);
    fputs("## Common options\n\n", f);
    options(f, cli_common_options);
    exit_status(f);
    fputs("# EXAMPLES\n\n", f);
    for (const struct cli_example *e = c->examples; e->command != NULL; e++) {
        fputs("*", f);
        plain(f, e->command);
        fputs("*\n\t", f);
        plain(f, e->about);
        fputs("\n\n", f);
    }
    fputs("# SEE ALSO\n\n*oci-image*(1)\n", f);
}

static void man_of_program(FILE *f)
{
    title(f, "oci-image", "make, check, unpack and change OCI images");
    fputs("*oci-image* [OPTION]... COMMAND [ARGUMENT]...\n\n"
          "# DESCRIPTION\n\n"
          "Works on images as the OCI image specification describes them, in layout directories and in archives, "
          "without a "
          "daemon and without a registry.\n\n",
          f);
    paragraphs(f, cli_image_names);
    for (int group = 0; group < CLI_COMMAND_GROUPS; group++) {
        bool any = false;

        for (const struct cli_entry *e = cli_entries; e->name[0] != '\0'; e++) {
            if (e->group != (enum cli_command_group)group)
                continue;
            if (!any)
                fprintf(f, "# %s\n\n", cli_group_title(e->group));
            any = true;
            fprintf(f, "*oci-image-%s*(1)\n\t%s\n\n", e->name, e->summary);
        }
    }
    fputs("# OPTIONS\n\n", f);
    options(f, cli_common_options);
    fputs("*--version*\n\tshow versions\n\n", f);
    exit_status(f);
    fputs("An error is one line on standard error; where something can be done about it, a second line begins with "
          "_hint:_.\n\n"
          "# ENVIRONMENT\n\n"
          "*SOURCE\\_DATE\\_EPOCH*\n\tThe time, in seconds since 1970, for everything that writes times.\n\n"
          "*TMPDIR*\n\tWhere archives go that are compressed or come through a pipe; otherwise */var/tmp*.\n\n"
          "*NO\\_COLOR*\n\tSwitches colours off unless *--color* asks for them.\n\n"
          "# SEE ALSO\n\n"
          "The OCI image specification: https://github.com/opencontainers/image-spec\n",
          f);
}

void cli_man(const struct cli_entry *entry, FILE *f)
{
    if (entry != NULL)
        man_of_command(entry, f);
    else
        man_of_program(f);
}
