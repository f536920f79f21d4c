/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_CMD_REPORT_FORMAT_H
#define OCI_CMD_REPORT_FORMAT_H
/*
 * The forms in which findings of a validation are printed. A form is a word of CLI_REPORT_FORMATS and a file
 * report_WORD.c with cli_report_WORD; docs/report.md describes what comes out.
 */
#include <stdio.h>

#include <oci-image/validate.h>

/* What was validated in one go: an operand of the command. Everything is borrowed. */
struct cli_report_subject {
    const char *name;      /* as it was typed */
    const char *directory; /* the layout that the files of the findings are in; NULL: these are names of their own */
    const char *error;     /* why there is no verdict, or NULL; findings before that may be there */
    const oci_finding *const *findings;
    size_t count;
    size_t ignored; /* findings that the options say do not count; they are not among the others */
};

struct cli_report_view {
    const struct cli_report_subject *subjects;
    size_t count;
    const oci_rule *rules; /* the table that the rules of all findings are rows of */
    size_t rule_count;
    const char *version;  /* of the program */
    const char *spec;     /* "1.0", "1.1" or "head" */
    oci_severity fail_on; /* what is as severe as this counts */
    bool color, quiet;    /* for people: with colours; errors alone */
};

#define CLI_REPORT_FORMATS(X) X(text) X(json) X(sarif) X(junit) X(github)

#define CLI_REPORT_DECLARE(word) int cli_report_##word(FILE *f, const struct cli_report_view *v);
CLI_REPORT_FORMATS(CLI_REPORT_DECLARE)
#undef CLI_REPORT_DECLARE

/* Results of print: 0 or an OCI_E_...; failed writes are found when the file is closed. */
struct cli_report_format {
    const char *name;
    int (*print)(FILE *f, const struct cli_report_view *v);
};
/* Ends with a NULL name. */
extern const struct cli_report_format cli_report_formats[];
/* The same names for an option of CLI_CHOICE: its value is the index of the format. Ends with NULL. */
extern const char *const cli_report_format_names[];

struct cli;
/* Prints the report into a file, or to standard output when that is NULL or "-"; fails with the error in cli. */
int cli_report_write(struct cli *cli, const char *file, const struct cli_report_format *format,
                     const struct cli_report_view *v);

/* ---- what the forms have in common ---- */

/* "info", "warning" or "error". */
const char *cli_severity_name(oci_severity s);

/* Findings of each severity, and those that do not count. */
struct cli_report_counts {
    size_t of[OCI_SEVERITY_ERROR + 1];
    size_t ignored;
};
struct cli_report_counts cli_report_count(const struct cli_report_view *v);
/* Nothing counts, and there is a verdict about everything. */
bool cli_report_passed(const struct cli_report_view *v);

/* The file of a finding with its directory before it, as somebody beside the layout would type it; free it. What is in
 * no file is in the whole. */
char *cli_report_file(const struct cli_report_subject *s, const oci_finding *finding);

/* A finding and the group it is in. */
struct cli_report_item {
    const oci_finding *finding;
    size_t group; /* number of the first finding of the group */
    size_t order; /* number of this one */
};
enum cli_report_by { CLI_REPORT_BY_FILE, CLI_REPORT_BY_PLACE_AND_RULE };
/*
 * Gives the findings of a subject group by group, groups in the order in which they were met; inside of one the most
 * severe come first, and those of a rule together. A place is the way from index.json down where there is one and the
 * file elsewhere: it stays the same when an image is built anew. out becomes NULL when there are none.
 */
int cli_report_group(const struct cli_report_subject *s, enum cli_report_by by, struct cli_report_item **out);
const char *cli_report_place(const oci_finding *finding); /* "" for the whole */

/* One finding for people, indented, on several lines. heading is the way that stands above it, or NULL. */
void cli_report_print_finding(FILE *f, const oci_finding *finding, const char *heading, bool color);

#endif
