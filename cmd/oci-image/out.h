/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_CMD_OUT_H
#define OCI_CMD_OUT_H
/*
 * Results on standard output: text with foreign bytes made harmless, tables for people, JSON for programs. Errors of
 * writing are found when the program closes standard output.
 */
#include "cli.h"

/* Control characters and invalid bytes become \xNN. Returns the columns that were filled, wide characters counted as
 * one.
 */
size_t cli_out_text(FILE *f, const char *s, size_t n);
/* A JSON string with its quotes. Bytes that are no UTF-8 become U+FFFD. */
void cli_out_json_string(FILE *f, const char *s, size_t n);
/* The text of an element or of an attribute in double quotes. Bytes are shown as by cli_out_text, since XML has no way
 * to write most control characters; the two characters that it forbids besides become U+FFFD. */
void cli_out_xml(FILE *f, const char *s, size_t n);

enum { CLI_SIZE_TEXT = 16 };
/* "512 B", "1.5 KiB", ... */
void cli_format_size(uint64_t bytes, char out[CLI_SIZE_TEXT]);

/*
 * A JSON document, indented by two. name is the member's name inside an object and NULL elsewhere.
 *
 *     struct cli_json j = { .file = stdout };
 *     cli_json_object(&j, NULL);
 *     cli_json_string(&j, "digest", text);
 *     cli_json_end(&j);
 */
enum { CLI_JSON_DEPTH = 32 };
struct cli_json {
    FILE *file;
    unsigned depth;
    char closing[CLI_JSON_DEPTH]; /* of what is open, '}' or ']' */
    bool filled[CLI_JSON_DEPTH];  /* something was printed in it */
};

void cli_json_object(struct cli_json *j, const char *name);
void cli_json_array(struct cli_json *j, const char *name);
/* Closes the innermost object or array; the outermost is followed by a newline. */
void cli_json_end(struct cli_json *j);
void cli_json_string(struct cli_json *j, const char *name, const char *value); /* NULL prints null */
void cli_json_string_n(struct cli_json *j, const char *name, const char *value, size_t n);
void cli_json_number(struct cli_json *j, const char *name, uint64_t value);
void cli_json_bool(struct cli_json *j, const char *name, bool value);

/*
 * A table: cells are given row by row, columns become as wide as their widest cell. Zero-initialise with the number of
 * columns; a heading is just the first row.
 *
 *     struct cli_table t = { .columns = 2, .right = 1 << 1 };
 *     cli_table_cell(&t, "%s", name);
 *     cli_table_cell(&t, "%zu", count);
 *     return cli_table_print(cli, &t, stdout);
 */
struct cli_table {
    unsigned columns;
    unsigned right; /* bit i: column i is aligned to the right */
    char **cells;
    size_t count, cap;
    bool failed;
};

void cli_table_cell(struct cli_table *t, const char *fmt, ...) OCI_PRINTF(2, 3);
/* Prints and frees the table; OCI_E_NOMEM when a cell could not be kept. */
int cli_table_print(struct cli *cli, struct cli_table *t, FILE *f);

#endif
