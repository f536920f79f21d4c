/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_CMD_CLI_H
#define OCI_CMD_CLI_H
/*
 * The frame of the commands. A command is a file cmd_NAME.c and a row of commands.def; it holds
 *
 *     struct options { bool check; const char *alg; };
 *     static const struct cli_option options[] = {
 *         CLI_TEXT(struct options, alg, 'a', "algorithm", "ALG", "..."),
 *         CLI_END,
 *     };
 *     static int run(struct cli *cli, const void *opts, size_t n, char *const *operands) { ... }
 *     const struct cli_command cmd_NAME = { ... };
 *
 * and everything else - parsing, help, man page, completions, errors, exit status - follows from the tables.
 */
#include <stdio.h>

#include <oci-image/common.h>
#include <oci-image/error.h>

/* ---- option tables ---- */

enum cli_kind {
    CLI_KIND_END,
    CLI_KIND_FLAG,   /* bool: true when given */
    CLI_KIND_SWITCH, /* bool: --name and --no-name */
    CLI_KIND_COUNT,  /* unsigned: how often it was given */
    CLI_KIND_TEXT,   /* const char * */
    CLI_KIND_LIST,   /* struct cli_list: repeatable */
    CLI_KIND_NUMBER, /* uint64_t, decimal, at most max */
    CLI_KIND_SIZE,   /* uint64_t, with K, M, G, T for powers of 1024 */
    CLI_KIND_TIME,   /* uint64_t, seconds, with s, m, h, d */
    CLI_KIND_CHOICE, /* int: the index of one of choices */
    CLI_KIND_GROUP   /* a struct with a table of its own */
};

struct cli_option {
    enum cli_kind kind;
    char letter;                    /* or 0 */
    const char *name;               /* long, without "--"; of a group, its title */
    const char *value;              /* what the value is called, or NULL */
    const char *help;               /* one phrase, no full stop */
    size_t offset;                  /* of the field in the options struct */
    const char *const *choices;     /* CHOICE: ends with NULL */
    const struct cli_option *group; /* GROUP */
    uint64_t max;                   /* NUMBER */
};

struct cli_list {
    const char **items; /* borrowed from argv */
    size_t count, cap;
};

/* The offset of a field, with a warning from the compiler when the field is not of this type. */
#define CLI_OFFSET(T, field, type) (offsetof(T, field) + 0 * sizeof(*(1 ? &((T *)0)->field : (type *)0)))

#define CLI_FLAG(T, field, ch, text, about)                                                                            \
    {                                                                                                                  \
        .kind = CLI_KIND_FLAG, .letter = ch, .name = text, .help = about, .offset = CLI_OFFSET(T, field, bool)         \
    }
#define CLI_SWITCH(T, field, text, about)                                                                              \
    {                                                                                                                  \
        .kind = CLI_KIND_SWITCH, .name = text, .help = about, .offset = CLI_OFFSET(T, field, bool)                     \
    }
#define CLI_COUNT(T, field, ch, text, about)                                                                           \
    {                                                                                                                  \
        .kind = CLI_KIND_COUNT, .letter = ch, .name = text, .help = about, .offset = CLI_OFFSET(T, field, unsigned)    \
    }
#define CLI_TEXT(T, field, ch, text, val, about)                                                                       \
    {                                                                                                                  \
        .kind = CLI_KIND_TEXT, .letter = ch, .name = text, .value = val, .help = about,                                \
        .offset = CLI_OFFSET(T, field, const char *)                                                                   \
    }
#define CLI_LIST(T, field, ch, text, val, about)                                                                       \
    {                                                                                                                  \
        .kind = CLI_KIND_LIST, .letter = ch, .name = text, .value = val, .help = about,                                \
        .offset = CLI_OFFSET(T, field, struct cli_list)                                                                \
    }
#define CLI_NUMBER(T, field, ch, text, val, most, about)                                                               \
    {                                                                                                                  \
        .kind = CLI_KIND_NUMBER, .letter = ch, .name = text, .value = val, .help = about,                              \
        .offset = CLI_OFFSET(T, field, uint64_t), .max = most                                                          \
    }
#define CLI_SIZE(T, field, ch, text, val, about)                                                                       \
    {                                                                                                                  \
        .kind = CLI_KIND_SIZE, .letter = ch, .name = text, .value = val, .help = about,                                \
        .offset = CLI_OFFSET(T, field, uint64_t)                                                                       \
    }
#define CLI_TIME(T, field, ch, text, val, about)                                                                       \
    {                                                                                                                  \
        .kind = CLI_KIND_TIME, .letter = ch, .name = text, .value = val, .help = about,                                \
        .offset = CLI_OFFSET(T, field, uint64_t)                                                                       \
    }
#define CLI_CHOICE(T, field, ch, text, val, list, about)                                                               \
    {                                                                                                                  \
        .kind = CLI_KIND_CHOICE, .letter = ch, .name = text, .value = val, .help = about,                              \
        .offset = CLI_OFFSET(T, field, int), .choices = list                                                           \
    }
#define CLI_GROUP(T, field, type, title, table)                                                                        \
    {                                                                                                                  \
        .kind = CLI_KIND_GROUP, .name = title, .offset = CLI_OFFSET(T, field, type), .group = table                    \
    }
#define CLI_END                                                                                                        \
    {                                                                                                                  \
        .kind = CLI_KIND_END                                                                                           \
    }

/* ---- commands ---- */

enum cli_command_group { BUNDLE, IMAGE, LOOK, LAYOUT, OTHER, CLI_COMMAND_GROUPS };

struct cli;

struct cli_example {
    const char *command; /* what is typed */
    const char *about;   /* what it does; a phrase */
};

#define CLI_MANY ((size_t)-1)

struct cli_command {
    const char *alias;                  /* another name, or NULL */
    const char *usage[6];               /* what follows the name, one per form: "[OPTION]... IMAGE BUNDLE" */
    const char *description;            /* paragraphs, separated by an empty line; not wrapped */
    const struct cli_option *options;   /* ends with CLI_END; NULL when there are none */
    size_t options_size;                /* of the options struct */
    const void *defaults;               /* an options struct to start from; NULL: all zero */
    const struct cli_example *examples; /* ends with a NULL command */
    const char *const *operand_words;   /* for completions: what the first operand may be; NULL: files */
    size_t min_operands, max_operands;
    /* Results: 0, a negative OCI_E_... with the text in cli->err, or a positive exit status for what was said already.
     */
    int (*run)(struct cli *cli, const void *options, size_t n, char *const *operands);
};

struct cli_entry {
    char name[24]; /* as users type it */
    enum cli_command_group group;
    const char *summary;
    const struct cli_command *command;
};

/* The commands of commands.def; ends with an empty name. */
extern struct cli_entry cli_entries[];
const struct cli_entry *cli_find(const char *name); /* NULL when there is none */
/* Fails for a command that there is not, with the nearest as the hint. */
int cli_fail_command(struct cli *cli, const char *typed);

/* ---- what a command is given ---- */

enum cli_when { CLI_AUTO, CLI_ALWAYS, CLI_NEVER };
enum cli_progress { CLI_PROGRESS_AUTO, CLI_PROGRESS_PLAIN, CLI_PROGRESS_JSON, CLI_PROGRESS_NONE };

/* Options that every command has. */
struct cli_common {
    bool help;
    bool quiet;
    unsigned verbose;
    int color;    /* enum cli_when */
    int progress; /* enum cli_progress */
};
extern const struct cli_option cli_common_options[];

struct cli {
    const struct cli_entry *entry; /* NULL while there is no command */
    struct cli_common common;
    oci_error err;
    char hint[512]; /* a second line for the error, or "" */
};

/* Warnings, progress and cancellation for the library. Signals are caught from the first call on, so only what passes
 * the events on and tidies up after OCI_E_CANCELLED asks for them. */
const oci_events *cli_events(struct cli *cli);

/* ---- errors ---- */

/* Sets the error of the command and forgets the hint; returns code. */
int cli_fail(struct cli *cli, int code, const char *fmt, ...) OCI_PRINTF(3, 4);
/* The same from errno: OCI_E_NOT_FOUND for ENOENT and ENOTDIR, OCI_E_PERM, OCI_E_CANCELLED for a wait that a signal has
 * ended, or OCI_E_IO; ": " and the system's text follow. */
int cli_fail_errno(struct cli *cli, const char *fmt, ...) OCI_PRINTF(2, 3);
/* Puts "context: " before the text of the error; returns r. */
int cli_wrap(struct cli *cli, int r, const char *fmt, ...) OCI_PRINTF(3, 4);
/* What the user can do about the error. */
void cli_hint(struct cli *cli, const char *fmt, ...) OCI_PRINTF(2, 3);
/* Prints the error and the hint and forgets them; returns the exit status for r. For commands that go on. */
int cli_report(struct cli *cli, int r);
/* A line on standard error: warnings unless --quiet, notes from the first --verbose on. */
void cli_warn(const struct cli *cli, const char *fmt, ...) OCI_PRINTF(2, 3);
void cli_note(const struct cli *cli, const char *fmt, ...) OCI_PRINTF(2, 3);
/* Whether what is printed to f (standard output or error) is for people who want colours. */
bool cli_use_color(const struct cli *cli, FILE *f);
/* The exit status for a result: 0, 1 could not be done, 2 usage, 3 the image is bad, 4 not found or ambiguous. */
int cli_exit_status(int r);

#endif
