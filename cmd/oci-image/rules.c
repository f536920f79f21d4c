/* SPDX-License-Identifier: Apache-2.0 */
#include "rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "out.h"
#include "report_format.h"

/* ---- showing ---- */

static void list_json(const oci_rule *rules, size_t n)
{
    struct cli_json j = { .file = stdout };

    cli_json_array(&j, NULL);
    for (size_t i = 0; i < n; i++) {
        cli_json_object(&j, NULL);
        cli_json_string(&j, "id", rules[i].id);
        cli_json_string(&j, "severity", cli_severity_name(rules[i].severity));
        cli_json_string(&j, "section", rules[i].section);
        cli_json_string(&j, "since", rules[i].since);
        cli_json_string(&j, "text", rules[i].text);
        cli_json_string(&j, "explanation", rules[i].explanation);
        cli_json_end(&j);
    }
    cli_json_end(&j);
}

int cli_rules_list(struct cli *cli, bool as_json)
{
    struct cli_table table = { .columns = 3 };
    size_t n;
    const oci_rule *rules = oci_rules(&n);

    if (as_json) {
        list_json(rules, n);
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        cli_table_cell(&table, "%s", rules[i].id);
        cli_table_cell(&table, "%s", cli_severity_name(rules[i].severity));
        cli_table_cell(&table, "%s", rules[i].text);
    }
    return cli_table_print(cli, &table, stdout);
}

/* Prints text in lines of at most 80 columns. */
static void print_wrapped(const char *text)
{
    size_t column = 0;

    for (const char *word = text; *word != '\0';) {
        size_t len = strcspn(word, " \n");

        if (column > 0 && column + 1 + len > 80) {
            putchar('\n');
            column = 0;
        } else if (column > 0) {
            putchar(' ');
            column++;
        }
        printf("%.*s", (int)len, word);
        column += len;
        word += len;
        if (strncmp(word, "\n\n", 2) == 0) {
            fputs("\n\n", stdout);
            column = 0;
        }
        word += strspn(word, " \n");
    }
    putchar('\n');
}

int cli_rules_explain(struct cli *cli, const char *id)
{
    const oci_rule *rule = oci_rule_find(id);

    if (rule == NULL) {
        cli_fail(cli, OCI_E_USAGE, "there is no rule '%s'", id);
        cli_hint(cli, "'oci-image validate --list-rules' lists them");
        return OCI_E_USAGE;
    }
    printf("%s: %s\n", rule->id, rule->text);
    printf("severity: %s\n", cli_severity_name(rule->severity));
    if (rule->section[0] != '\0')
        printf("image-spec: %s, since %s\n", rule->section, rule->since);
    putchar('\n');
    print_wrapped(rule->explanation);
    return 0;
}

/* ---- ignoring ---- */

/* "*" stands for any run of characters. */
static bool fits(const char *pattern, const char *text)
{
    size_t n = strcspn(pattern, "*");

    if (strncmp(pattern, text, n) != 0)
        return false;
    if (pattern[n] == '\0')
        return text[n] == '\0';
    for (text += n;; text++) {
        if (fits(pattern + n + 1, text))
            return true;
        if (*text == '\0')
            return false;
    }
}

static bool is_rule(const char *pattern)
{
    size_t n;
    const oci_rule *rules = oci_rules(&n);

    for (size_t i = 0; i < n; i++)
        if (fits(pattern, rules[i].id))
            return true;
    return false;
}

int cli_ignores_add(struct cli *cli, struct cli_ignores *list, const char *rule, const char *where)
{
    if (!is_rule(rule)) {
        cli_fail(cli, OCI_E_USAGE, "there is no rule '%s'", rule);
        cli_hint(cli, "'oci-image validate --list-rules' lists them");
        return OCI_E_USAGE;
    }
    if (list->count == list->cap) {
        size_t cap = list->cap * 2 + 8;
        oci_ignore *items = realloc(list->items, cap * sizeof *items);

        if (items == NULL)
            return cli_fail(cli, OCI_E_NOMEM, "out of memory");
        list->items = items;
        list->cap = cap;
    }
    list->items[list->count++] = (oci_ignore) { .rule = rule, .where = where };
    return 0;
}

/* Cuts off what follows the blanks at the end. */
static char *trim(char *s)
{
    size_t n;

    s += strspn(s, " \t");
    n = strlen(s);
    while (n > 0 && strchr(" \t\r", s[n - 1]) != NULL)
        s[--n] = '\0';
    return s;
}

/* "RULE [WHERE] # reason" */
static int read_line(struct cli *cli, struct cli_ignores *list, char *line)
{
    char *hash = strstr(line, " #"), *rule = trim(line), *where;

    if (rule[0] == '\0' || rule[0] == '#')
        return 0;
    if (hash == NULL || trim(hash + 2)[0] == '\0')
        return cli_fail(cli, OCI_E_USAGE, "'%s' gives no reason behind '#'", rule);
    *hash = '\0';
    rule = trim(rule);
    where = strpbrk(rule, " \t");
    if (where != NULL) {
        *where = '\0';
        where = trim(where + 1);
    }
    return cli_ignores_add(cli, list, rule, where);
}

static int read_text(struct cli *cli, FILE *f, char **out)
{
    size_t used = 0, room = 0;
    char *text = NULL;

    for (;;) {
        if (room - used < 2) {
            char *bigger = realloc(text, room * 2 + 4096);

            if (bigger == NULL) {
                free(text);
                return cli_fail(cli, OCI_E_NOMEM, "out of memory");
            }
            text = bigger;
            room = room * 2 + 4096;
        }
        used += fread(text + used, 1, room - used - 1, f);
        if (feof(f) || ferror(f))
            break;
    }
    text[used] = '\0';
    *out = text;
    return 0;
}

static int read_file(struct cli *cli, const char *file, char **out)
{
    FILE *f = fopen(file, "re");
    int r;

    if (f == NULL)
        return cli_fail_errno(cli, "'%s'", file);
    errno = 0;
    r = read_text(cli, f, out);
    if (r == 0 && ferror(f)) {
        free(*out);
        r = cli_fail_errno(cli, "read '%s'", file);
    }
    fclose(f);
    return r;
}

int cli_ignores_read(struct cli *cli, struct cli_ignores *list, const char *file)
{
    char **texts = realloc(list->texts, (list->n_texts + 1) * sizeof *texts), *text = NULL, *line, *next;
    size_t number = 0;
    int r;

    if (texts == NULL)
        return cli_fail(cli, OCI_E_NOMEM, "out of memory");
    list->texts = texts;
    r = read_file(cli, file, &text);
    if (r < 0)
        return r;
    list->texts[list->n_texts++] = text;
    for (line = text; r == 0 && line != NULL; line = next) {
        next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        number++;
        r = cli_wrap(cli, read_line(cli, list, line), "'%s' line %zu", file, number);
    }
    return r;
}

void cli_ignores_free(struct cli_ignores *list)
{
    for (size_t i = 0; i < list->n_texts; i++)
        free(list->texts[i]);
    free(list->texts);
    free(list->items);
    *list = (struct cli_ignores) { 0 };
}
