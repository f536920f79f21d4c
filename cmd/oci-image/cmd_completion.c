/* SPDX-License-Identifier: Apache-2.0 */
/* Completions, made of the same tables as the help. */
#include <string.h>

#include "help.h"
#include "parse.h"

static const char *const shells[] = { "bash", "zsh", "fish", NULL };

/* The operand words of a command; help's are the commands. */
static void print_operand_words(FILE *f, const struct cli_command *c)
{
    if (c == cli_find("help")->command)
        for (const struct cli_entry *e = cli_entries; e->name[0] != '\0'; e++)
            fprintf(f, " %s", e->name);
    for (size_t i = 0; c->operand_words != NULL && c->operand_words[i] != NULL; i++)
        fprintf(f, " %s", c->operand_words[i]);
}

static bool has_operand_words(const struct cli_command *c)
{
    return c->operand_words != NULL || c == cli_find("help")->command;
}

/* Text inside '...', in which all three shells know nothing special but the quote; characters of special are escaped
 * for whoever reads the string then. */
static void print_quoted(FILE *f, const char *s, const char *special)
{
    for (; *s != '\0'; s++) {
        if (*s == '\'')
            fputs("'\\'", f);
        else if (strchr(special, *s) != NULL)
            fputc('\\', f);
        fputc(*s, f);
    }
}

static void print_choices(FILE *f, const struct cli_option *o)
{
    for (size_t i = 0; o->choices[i] != NULL; i++)
        fprintf(f, "%s%s", i > 0 ? " " : "", o->choices[i]);
}

/* ---- bash ---- */

static void bash_word(void *ctx, const struct cli_option *o)
{
    if (o->kind == CLI_KIND_GROUP)
        return;
    if (o->letter != 0)
        fprintf(ctx, " -%c", o->letter);
    fprintf(ctx, " --%s", o->name);
    if (o->kind == CLI_KIND_SWITCH)
        fprintf(ctx, " --no-%s", o->name);
}

struct bash_values {
    FILE *f;
    const char *command;
};

/* What may follow an option. */
static void bash_value(void *ctx, const struct cli_option *o)
{
    const struct bash_values *b = ctx;

    if (o->kind == CLI_KIND_GROUP || !cli_takes_value(o))
        return;
    fprintf(b->f, "    '%s --%s'", b->command, o->name);
    if (o->letter != 0)
        fprintf(b->f, " | '%s -%c'", b->command, o->letter);
    fputs(") words='", b->f);
    if (o->kind == CLI_KIND_CHOICE)
        print_choices(b->f, o);
    fputs("' value=1 ;;\n", b->f);
}

static void bash(FILE *f)
{
    fputs("# bash completion for oci-image\n"
          "_oci_image()\n"
          "{\n"
          "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
          "    local command='' words='' value='' i\n"
          "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
          "        if [[ ${COMP_WORDS[i]} != -* ]]; then\n"
          "            command=${COMP_WORDS[i]}\n"
          "            break\n"
          "        fi\n"
          "    done\n"
          "    if [[ $cur == '=' ]]; then\n"
          "        cur=\n"
          "    elif [[ $prev == '=' ]]; then\n"
          "        prev=${COMP_WORDS[COMP_CWORD-2]}\n"
          "    fi\n"
          "    COMPREPLY=()\n"
          "    case \"$command $prev\" in\n",
          f);
    for (const struct cli_entry *e = cli_entries; e->name[0] != '\0'; e++) {
        struct bash_values b = { f, e->name };

        cli_each_option(e->command->options, bash_value, &b);
        cli_each_option(cli_common_options, bash_value, &b);
    }
    fputs("    esac\n"
          "    if [[ -z $value ]]; then\n"
          "        case \"$command\" in\n"
          "        '') words='",
          f);
    for (const struct cli_entry *e = cli_entries; e->name[0] != '\0'; e++)
        fprintf(f, "%s ", e->name);
    fputs("--version", f);
    cli_each_option(cli_common_options, bash_word, f);
    fputs("' ;;\n", f);
    for (const struct cli_entry *e = cli_entries; e->name[0] != '\0'; e++) {
        fprintf(f, "        %s) [[ $cur == -* ]] && words='", e->name);
        cli_each_option(e->command->options, bash_word, f);
        cli_each_option(cli_common_options, bash_word, f);
        fputs("'", f);
        if (has_operand_words(e->command)) {
            fputs(" || words='", f);
            print_operand_words(f, e->command);
            fputs("'", f);
        }
        fputs(" ;;\n", f);
    }
    fputs("        esac\n"
          "    fi\n"
          "    if [[ -n $words ]]; then\n"
          "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
          "    fi\n"
          "}\n"
          "complete -o default -F _oci_image oci-image\n",
          f);
}

/* ---- zsh ---- */

static void zsh_spec(FILE *f, const struct cli_option *o, const char *no)
{
    bool value = cli_takes_value(o);

    fputs(" \\\n            ", f);
    if (o->kind == CLI_KIND_LIST || o->kind == CLI_KIND_COUNT)
        fputs("\\*", f);
    if (o->letter != 0)
        fprintf(f, "{-%c%s,--%s%s}", o->letter, value ? "+" : "", o->name, value ? "=" : "");
    else
        fprintf(f, "--%s%s%s", no, o->name, value ? "=" : "");
    fputs("'[", f);
    print_quoted(f, o->help, "[]\\");
    fputs("]", f);
    if (value) {
        fputs(":value:", f);
        if (o->kind == CLI_KIND_CHOICE) {
            fputs("(", f);
            print_choices(f, o);
            fputs(")", f);
        } else {
            fputs("_files", f);
        }
    }
    fputs("'", f);
}

static void zsh_option(void *ctx, const struct cli_option *o)
{
    if (o->kind == CLI_KIND_GROUP)
        return;
    zsh_spec(ctx, o, "");
    if (o->kind == CLI_KIND_SWITCH)
        zsh_spec(ctx, o, "no-");
}

static void zsh(FILE *f)
{
    fputs("#compdef oci-image\n"
          "_oci_image() {\n"
          "    local -a commands\n"
          "    commands=(\n",
          f);
    for (const struct cli_entry *e = cli_entries; e->name[0] != '\0'; e++) {
        fprintf(f, "        '%s:", e->name);
        print_quoted(f, e->summary, "\\:");
        fputs("'\n", f);
    }
    fputs("    )\n"
          "    if (( CURRENT == 2 )); then\n"
          "        _describe command commands\n"
          "        return\n"
          "    fi\n"
          "    shift words\n"
          "    (( CURRENT-- ))\n"
          "    case $words[1] in\n",
          f);
    for (const struct cli_entry *e = cli_entries; e->name[0] != '\0'; e++) {
        fprintf(f, "    %s)\n        _arguments -s -S", e->name);
        cli_each_option(e->command->options, zsh_option, f);
        cli_each_option(cli_common_options, zsh_option, f);
        fputs(" \\\n            '*:argument:", f);
        if (has_operand_words(e->command)) {
            fputs("(", f);
            print_operand_words(f, e->command);
            fputs(")", f);
        } else {
            fputs("_files", f);
        }
        fputs("' ;;\n", f);
    }
    fputs("    esac\n"
          "}\n"
          "_oci_image \"$@\"\n",
          f);
}

/* ---- fish ---- */

struct fish_command {
    FILE *f;
    const char *name; /* NULL: for all commands */
};

static void fish_line(const struct fish_command *c, const struct cli_option *o, const char *no)
{
    fputs("complete -c oci-image", c->f);
    if (c->name != NULL)
        fprintf(c->f, " -n '__fish_seen_subcommand_from %s'", c->name);
    if (o->letter != 0)
        fprintf(c->f, " -s %c", o->letter);
    fprintf(c->f, " -l %s%s", no, o->name);
    if (o->kind == CLI_KIND_CHOICE) {
        fputs(" -x -a '", c->f);
        print_choices(c->f, o);
        fputs("'", c->f);
    } else if (cli_takes_value(o)) {
        fputs(" -r", c->f);
    }
    fputs(" -d '", c->f);
    print_quoted(c->f, o->help, "\\");
    fputs("'\n", c->f);
}

static void fish_option(void *ctx, const struct cli_option *o)
{
    if (o->kind == CLI_KIND_GROUP)
        return;
    fish_line(ctx, o, "");
    if (o->kind == CLI_KIND_SWITCH)
        fish_line(ctx, o, "no-");
}

static void fish(FILE *f)
{
    struct fish_command all = { f, NULL };

    fputs("# fish completion for oci-image\n", f);
    for (const struct cli_entry *e = cli_entries; e->name[0] != '\0'; e++) {
        fprintf(f, "complete -c oci-image -f -n __fish_use_subcommand -a %s -d '", e->name);
        print_quoted(f, e->summary, "\\");
        fputs("'\n", f);
    }
    fputs("complete -c oci-image -n __fish_use_subcommand -l version -d 'show versions'\n", f);
    cli_each_option(cli_common_options, fish_option, &all);
    for (const struct cli_entry *e = cli_entries; e->name[0] != '\0'; e++) {
        struct fish_command one = { f, e->name };

        cli_each_option(e->command->options, fish_option, &one);
        if (has_operand_words(e->command)) {
            fprintf(f, "complete -c oci-image -f -n '__fish_seen_subcommand_from %s' -a '", e->name);
            print_operand_words(f, e->command);
            fputs("'\n", f);
        }
    }
}

static int run(struct cli *cli, const void *opts, size_t n, char *const *operands)
{
    static void (*const print[])(FILE * f) = { bash, zsh, fish };

    (void)opts, (void)n;
    for (size_t i = 0; shells[i] != NULL; i++) {
        if (strcmp(shells[i], operands[0]) == 0) {
            print[i](stdout);
            return 0;
        }
    }
    cli_fail(cli, OCI_E_USAGE, "no completions for '%s'", operands[0]);
    cli_hint(cli, "choose one of bash, zsh, fish");
    return OCI_E_USAGE;
}

static const struct cli_example examples[] = {
    { "source <(oci-image completion bash)", "complete in this bash" },
    { "oci-image completion fish > ~/.config/fish/completions/oci-image.fish", "complete in every fish" },
    { NULL, NULL },
};

const struct cli_command cmd_completion = {
    .usage = { "[OPTION]... bash|zsh|fish" },
    .description = "Prints a script that makes a shell complete commands, options and their values.",
    .examples = examples,
    .operand_words = shells,
    .min_operands = 1,
    .max_operands = 1,
    .run = run,
};
