/* SPDX-License-Identifier: Apache-2.0 */
#include "parse.h"

#include <stdlib.h>
#include <string.h>

/* Where an option that was found puts its value. */
struct found {
    const struct cli_option *option;
    char *field;
    bool negated; /* --no-NAME of a switch */
};

bool cli_takes_value(const struct cli_option *o)
{
    switch (o->kind) {
    case CLI_KIND_TEXT:
    case CLI_KIND_LIST:
    case CLI_KIND_NUMBER:
    case CLI_KIND_SIZE:
    case CLI_KIND_TIME:
    case CLI_KIND_CHOICE:
        return true;
    case CLI_KIND_END:
    case CLI_KIND_FLAG:
    case CLI_KIND_SWITCH:
    case CLI_KIND_COUNT:
    case CLI_KIND_GROUP:
        break;
    }
    return false;
}

void cli_each_option(const struct cli_option *table, void (*visit)(void *ctx, const struct cli_option *o), void *ctx)
{
    for (const struct cli_option *o = table; o != NULL && o->kind != CLI_KIND_END; o++) {
        visit(ctx, o);
        if (o->kind == CLI_KIND_GROUP)
            cli_each_option(o->group, visit, ctx);
    }
}

static bool names(const struct cli_option *o, const char *name, size_t n, bool *negated)
{
    static const char no[] = "no-";
    size_t skip = sizeof no - 1;

    *negated = false;
    if (strlen(o->name) == n && memcmp(o->name, name, n) == 0)
        return true;
    *negated = o->kind == CLI_KIND_SWITCH && n > skip && memcmp(name, no, skip) == 0 && strlen(o->name) == n - skip &&
               memcmp(o->name, name + skip, n - skip) == 0;
    return *negated;
}

/* Looks for --name[0..n), or for -letter when name is NULL. */
static bool find_in(const struct cli_option *table, char *base, const char *name, size_t n, char letter,
                    struct found *out)
{
    for (const struct cli_option *o = table; o != NULL && o->kind != CLI_KIND_END; o++) {
        bool negated = false;

        if (o->kind == CLI_KIND_GROUP) {
            if (find_in(o->group, base + o->offset, name, n, letter, out))
                return true;
        } else if (name != NULL ? names(o, name, n, &negated) : o->letter == letter) {
            *out = (struct found) { .option = o, .field = base + o->offset, .negated = negated };
            return true;
        }
    }
    return false;
}

static bool find(const struct cli_target *targets, const char *name, size_t n, char letter, struct found *out)
{
    for (; targets->table != NULL; targets++)
        if (find_in(targets->table, targets->base, name, n, letter, out))
            return true;
    return false;
}

static bool parse_digits(const char **s, uint64_t *out)
{
    uint64_t value = 0;
    const char *p = *s;

    if (*p < '0' || *p > '9')
        return false;
    for (; *p >= '0' && *p <= '9'; p++)
        if (__builtin_mul_overflow(value, (uint64_t)10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*p - '0'), &value))
            return false;
    *s = p;
    *out = value;
    return true;
}

/* "4096", "64K", "64KiB"; not "64KB", which is 1000 for some and 1024 for others. */
static bool parse_size(const char *s, uint64_t *out)
{
    static const char units[] = "KMGTP";
    const char *unit;
    uint64_t value;

    if (!parse_digits(&s, &value))
        return false;
    if (*s != '\0') {
        unit = strchr(units, *s++);
        if (unit == NULL || __builtin_mul_overflow(value, UINT64_C(1) << (10 * (unit - units + 1)), &value))
            return false;
        if (strcmp(s, "iB") != 0 && *s != '\0')
            return false;
    }
    *out = value;
    return true;
}

/* "90", "90s", "15m", "2h", "7d". */
static bool parse_time(const char *s, uint64_t *out)
{
    static const struct {
        char unit;
        uint64_t seconds;
    } units[] = { { '\0', 1 }, { 's', 1 }, { 'm', 60 }, { 'h', 60 * 60 }, { 'd', 24 * 60 * 60 } };
    uint64_t value;

    if (!parse_digits(&s, &value))
        return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (*s == units[i].unit && (*s == '\0' || s[1] == '\0'))
            return !__builtin_mul_overflow(value, units[i].seconds, out);
    return false;
}

static int set_number(struct cli *cli, const struct found *f, const char *shown, const char *value)
{
    uint64_t number;
    const char *p = value;

    if (f->option->kind == CLI_KIND_SIZE) {
        if (!parse_size(value, &number))
            return cli_fail(cli, OCI_E_USAGE, "%s: '%s' is not a size like 4096, 64K or 2G", shown, value);
    } else if (f->option->kind == CLI_KIND_TIME) {
        if (!parse_time(value, &number))
            return cli_fail(cli, OCI_E_USAGE, "%s: '%s' is not a time like 90s, 15m, 2h or 7d", shown, value);
    } else {
        if (!parse_digits(&p, &number) || *p != '\0')
            return cli_fail(cli, OCI_E_USAGE, "%s: '%s' is not a number", shown, value);
        if (number > f->option->max)
            return cli_fail(cli, OCI_E_USAGE, "%s: %s is more than %llu", shown, value,
                            (unsigned long long)f->option->max);
    }
    memcpy(f->field, &number, sizeof number);
    return 0;
}

static int set_choice(struct cli *cli, const struct found *f, const char *shown, const char *value)
{
    char list[200] = "";

    for (int i = 0; f->option->choices[i] != NULL; i++) {
        size_t used = strlen(list);

        if (strcmp(f->option->choices[i], value) == 0) {
            memcpy(f->field, &i, sizeof i);
            return 0;
        }
        snprintf(list + used, sizeof list - used, "%s%s", i > 0 ? ", " : "", f->option->choices[i]);
    }
    cli_fail(cli, OCI_E_USAGE, "%s: there is no '%s'", shown, value);
    cli_hint(cli, "choose one of %s", list);
    return OCI_E_USAGE;
}

static int append(struct cli *cli, struct cli_list *list, const char *value)
{
    if (list->count == list->cap) {
        size_t cap = list->cap + list->cap / 2 + 8;
        const char **items = realloc(list->items, cap * sizeof *items);

        if (items == NULL)
            return cli_fail(cli, OCI_E_NOMEM, "out of memory");
        list->items = items;
        list->cap = cap;
    }
    list->items[list->count++] = value;
    return 0;
}

/* shown is the option as typed. */
static int set(struct cli *cli, const struct found *f, const char *shown, const char *value)
{
    switch (f->option->kind) {
    case CLI_KIND_FLAG:
    case CLI_KIND_SWITCH:
        *(bool *)f->field = !f->negated;
        return 0;
    case CLI_KIND_COUNT:
        ++*(unsigned *)(void *)f->field;
        return 0;
    case CLI_KIND_TEXT:
        memcpy(f->field, &value, sizeof value);
        return 0;
    case CLI_KIND_LIST:
        return append(cli, (struct cli_list *)(void *)f->field, value);
    case CLI_KIND_NUMBER:
    case CLI_KIND_SIZE:
    case CLI_KIND_TIME:
        return set_number(cli, f, shown, value);
    case CLI_KIND_CHOICE:
        return set_choice(cli, f, shown, value);
    case CLI_KIND_END:
    case CLI_KIND_GROUP:
        break;
    }
    return cli_fail(cli, OCI_E_INTERNAL, "%s: a table is wrong", shown);
}

struct near_option {
    struct cli_nearest nearest;
    bool negated;
};

static void try_option(void *ctx, const struct cli_option *o)
{
    struct near_option *n = ctx;
    size_t before = n->nearest.best != NULL ? n->nearest.distance : SIZE_MAX;
    char no[64];

    if (o->kind == CLI_KIND_GROUP)
        return;
    cli_nearest_try(&n->nearest, o->name);
    if (n->nearest.best != NULL && n->nearest.distance < before)
        n->negated = false;
    if (o->kind != CLI_KIND_SWITCH)
        return;
    snprintf(no, sizeof no, "no-%s", o->name);
    cli_nearest_try(&n->nearest, no);
    if (n->nearest.best == no) {
        n->nearest.best = o->name;
        n->negated = true;
    }
}

static int fail_unknown(struct cli *cli, const struct cli_target *targets, const char *typed, size_t n)
{
    char name[64];
    struct near_option near = { .nearest = { .typed = name } };

    cli_fail(cli, OCI_E_USAGE, "unknown option '%.*s'", n < 200 ? (int)n : 200, typed);
    if (n > 2 && n - 2 < sizeof name && typed[1] == '-') {
        memcpy(name, typed + 2, n - 2);
        name[n - 2] = '\0';
        for (; targets->table != NULL; targets++)
            cli_each_option(targets->table, try_option, &near);
    }
    if (near.nearest.best != NULL)
        cli_hint(cli, "did you mean '--%s%s'?", near.negated ? "no-" : "", near.nearest.best);
    else if (cli->entry != NULL)
        cli_hint(cli, "'oci-image help %s' lists the options", cli->entry->name);
    else
        cli_hint(cli, "'oci-image help' lists the options");
    return OCI_E_USAGE;
}

/* The words that are still to be read. */
struct words {
    char **next, **end;
};

static int parse_long(struct cli *cli, const struct cli_target *targets, const char *word, struct words *rest)
{
    const char *equals = strchr(word, '='), *value = equals != NULL ? equals + 1 : NULL;
    size_t n = equals != NULL ? (size_t)(equals - word) : strlen(word);
    char shown[80];
    struct found f;

    if (!find(targets, word + 2, n - 2, '\0', &f))
        return fail_unknown(cli, targets, word, n);
    snprintf(shown, sizeof shown, "%.*s", (int)n, word);
    if (!cli_takes_value(f.option) && value != NULL)
        return cli_fail(cli, OCI_E_USAGE, "option '%s' takes no value", shown);
    if (cli_takes_value(f.option) && value == NULL) {
        if (rest->next == rest->end)
            return cli_fail(cli, OCI_E_USAGE, "option '%s' needs a value: %s", shown, f.option->value);
        value = *rest->next++;
    }
    return set(cli, &f, shown, value);
}

/* A word of short options: flags may be bundled, and the last may have its value in the same word. */
static int parse_short(struct cli *cli, const struct cli_target *targets, const char *word, struct words *rest)
{
    for (const char *p = word + 1; *p != '\0'; p++) {
        const char shown[3] = { '-', *p, '\0' };
        const char *value = NULL;
        struct found f;
        int r;

        if (!find(targets, NULL, 0, *p, &f))
            return fail_unknown(cli, targets, (unsigned char)*p < 0x80 ? shown : word,
                                (unsigned char)*p < 0x80 ? 2 : strlen(word));
        if (cli_takes_value(f.option)) {
            if (p[1] == '\0' && rest->next == rest->end)
                return cli_fail(cli, OCI_E_USAGE, "option '%s' needs a value: %s", shown, f.option->value);
            value = p[1] != '\0' ? p + 1 : *rest->next++;
        }
        r = set(cli, &f, shown, value);
        if (r < 0 || value != NULL)
            return r;
    }
    return 0;
}

/* "-" is standard input, also with the name or digest of an image in it. */
static bool is_operand(const char *word)
{
    return word[0] != '-' || word[1] == '\0' || word[1] == ':' || word[1] == '@';
}

int cli_parse(struct cli *cli, const struct cli_target *targets, int argc, char **argv, bool stop_at_operand)
{
    struct words rest = { argv, argv + argc };
    char **operands = argv;
    bool options_end = false;

    while (rest.next < rest.end) {
        char *word = *rest.next++;
        int r = 0;

        if (options_end || is_operand(word)) {
            *operands++ = word;
            options_end = options_end || stop_at_operand;
        } else if (strcmp(word, "--") == 0) {
            options_end = true;
        } else if (word[1] == '-') {
            r = parse_long(cli, targets, word, &rest);
        } else {
            r = parse_short(cli, targets, word, &rest);
        }
        if (r < 0)
            return r;
    }
    return (int)(operands - argv);
}

void cli_free_lists(const struct cli_option *table, void *base)
{
    for (const struct cli_option *o = table; o != NULL && o->kind != CLI_KIND_END; o++) {
        void *field = (char *)base + o->offset;

        if (o->kind == CLI_KIND_GROUP)
            cli_free_lists(o->group, field);
        else if (o->kind == CLI_KIND_LIST)
            free(((struct cli_list *)field)->items);
    }
}
