/* SPDX-License-Identifier: Apache-2.0 */
#include <oci-image/edit.h>

#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/fail.h"
#include "base/num.h"
#include "base/time.h"
#include "base/vec.h"
#include "image.h"
#include "json/json.h"

struct words {
    const char **items;
    size_t count, cap;
    bool begun; /* a word was set, so that further ones are added */
};

struct pairs {
    oci_pair *items;
    size_t count, cap;
    oci_annotations shown;
};

struct oci_editor {
    oci_arena *arena; /* texts */
    oci_config config;
    struct words env, entrypoint, cmd, volumes, expose;
    struct pairs labels, annotations;
};

/* ---- fields ---- */

enum kind { TEXT, WORDS, VARIABLES, SET, MAP };

struct field {
    const char *name;
    enum kind kind;
    size_t at; /* of a text in the configuration, of everything else in the editor */
    bool (*is_good)(const char *value);
    const char *form; /* what a good value is */
};

static bool is_time(const char *value)
{
    return oci_time_parse_rfc3339(value, strlen(value), NULL, NULL);
}

static bool is_word(const char *value)
{
    return value[0] != '\0';
}

static bool is_variable(const char *value)
{
    return value[0] != '=' && strchr(value, '=') != NULL;
}

/* PORT[/PROTOCOL] */
static bool is_port(const char *value)
{
    size_t digits = strcspn(value, "/");
    const char *protocol = value + digits + (value[digits] == '/');
    uint64_t port;

    return oci_parse_u64(value, digits, UINT16_MAX, &port) && (value[digits] == '\0' || protocol[0] != '\0') &&
           protocol[strspn(protocol, "abcdefghijklmnopqrstuvwxyz")] == '\0';
}

static const struct field fields[] = {
    { "user", TEXT, offsetof(oci_config, user), is_word, "USER or USER:GROUP" },
    { "env", VARIABLES, offsetof(oci_editor, env), is_variable, "NAME=VALUE" },
    { "entrypoint", WORDS, offsetof(oci_editor, entrypoint), NULL, NULL },
    { "cmd", WORDS, offsetof(oci_editor, cmd), NULL, NULL },
    { "workdir", TEXT, offsetof(oci_config, working_dir), is_word, "a directory" },
    { "label", MAP, offsetof(oci_editor, labels), is_variable, "NAME=VALUE" },
    { "volume", SET, offsetof(oci_editor, volumes), is_word, "a directory" },
    { "expose", SET, offsetof(oci_editor, expose), is_port, "PORT or PORT/PROTOCOL" },
    { "stop-signal", TEXT, offsetof(oci_config, stop_signal), is_word, "a signal" },
    { "author", TEXT, offsetof(oci_config, author), NULL, NULL },
    { "created", TEXT, offsetof(oci_config, created), is_time, "a time like 2024-01-31T12:00:00Z" },
    { "os", TEXT, offsetof(oci_config, os), is_word, "an operating system" },
    { "architecture", TEXT, offsetof(oci_config, architecture), is_word, "an architecture" },
    { "variant", TEXT, offsetof(oci_config, variant), is_word, "a variant" },
    { "annotation", MAP, offsetof(oci_editor, annotations), is_variable, "NAME=VALUE" },
};

enum { N_FIELDS = sizeof fields / sizeof *fields };

const char *oci_editor_field(size_t i)
{
    return i < N_FIELDS ? fields[i].name : NULL;
}

static int find(const char *name, const struct field **out, oci_error *err)
{
    for (size_t i = 0; i < N_FIELDS; i++) {
        if (strcmp(fields[i].name, name) == 0) {
            *out = &fields[i];
            return 0;
        }
    }
    return oci_fail(err, OCI_E_USAGE, "there is no field '%s'", name);
}

static int check(const struct field *f, const char *value, oci_error *err)
{
    if (f->is_good == NULL || f->is_good(value))
        return 0;
    return oci_fail(err, OCI_E_USAGE, "'%s' is not %s", value, f->form);
}

static const char **text_of(oci_editor *e, const struct field *f)
{
    return (const char **)(void *)((char *)&e->config + f->at);
}

static void *part_of(oci_editor *e, const struct field *f)
{
    return (char *)e + f->at;
}

/* ---- lists ---- */

static int push(oci_editor *e, struct words *w, const char *text, oci_error *err)
{
    const char *copy = oci_arena_strndup(e->arena, text, strlen(text));

    return copy != NULL && OCI_VEC_PUSH(w, copy) ? 0 : oci_fail_nomem(err);
}

/* The length of what an item is called by. */
static size_t key_length(const struct field *f, const char *item)
{
    return f->kind == VARIABLES ? strcspn(item, "=") : strlen(item);
}

/* The first from start on, or the count. */
static size_t find_word(const struct field *f, const struct words *w, size_t start, const char *key, size_t n)
{
    size_t i = start;

    while (i < w->count && !(key_length(f, w->items[i]) == n && memcmp(w->items[i], key, n) == 0))
        i++;
    return i;
}

static void remove_words(const struct field *f, struct words *w, size_t start, const char *key, size_t n)
{
    for (size_t i; (i = find_word(f, w, start, key, n)) < w->count; w->count--)
        memmove(w->items + i, w->items + i + 1, (w->count - i - 1) * sizeof *w->items);
}

static int add_word(oci_editor *e, const struct field *f, const char *value, oci_error *err)
{
    struct words *w = part_of(e, f);
    size_t i = f->kind == WORDS ? w->count : find_word(f, w, 0, value, key_length(f, value));
    int r = check(f, value, err);

    if (r < 0)
        return r;
    if (f->kind == WORDS && !w->begun)
        i = w->count = 0;
    w->begun = true;
    r = push(e, w, value, err);
    if (r < 0 || i + 1 == w->count)
        return r;
    w->items[i] = w->items[--w->count];
    remove_words(f, w, i + 1, value, key_length(f, value));
    return 0;
}

static int set_words(oci_editor *e, const struct field *f, const char *json, oci_error *err)
{
    OCI_AUTO(oci_value) array = NULL;
    struct words *w = part_of(e, f);
    int r = oci_value_parse(json, strlen(json), NULL, &array, err);

    if (r < 0)
        return oci_wrap(
            err,
            r == OCI_E_NOMEM
                ? r
                : oci_fail(err, OCI_E_USAGE, "what begins with '[' sets a whole list and has to be a JSON array"),
            "'%s'", json);
    w->count = 0;
    w->begun = true;
    for (size_t i = 0; r == 0 && i < oci_value_count(array); i++) {
        size_t n = 0;
        const char *text = oci_value_string(oci_value_item(array, i), &n);

        r = text != NULL && strlen(text) == n ? add_word(e, f, text, err)
                                              : oci_fail(err, OCI_E_USAGE, "'%s': an item is no text", json);
    }
    return r;
}

/* ---- maps ---- */

static size_t find_pair(const struct pairs *p, const char *key, size_t n)
{
    size_t i = 0;

    while (i < p->count && !(p->items[i].key_len == n && memcmp(p->items[i].key, key, n) == 0))
        i++;
    return i;
}

static void remove_pair(struct pairs *p, const char *key, size_t n)
{
    size_t i = find_pair(p, key, n);

    if (i == p->count)
        return;
    memmove(p->items + i, p->items + i + 1, (p->count - i - 1) * sizeof *p->items);
    p->count--;
}

static int set_pair(oci_editor *e, const struct field *f, const char *value, oci_error *err)
{
    struct pairs *p = part_of(e, f);
    oci_pair pair;
    size_t i, n;
    int r = check(f, value, err);

    if (r < 0)
        return r;
    n = strcspn(value, "=");
    pair = (oci_pair) { .key = oci_arena_strndup(e->arena, value, n),
                        .key_len = n,
                        .value = oci_arena_strndup(e->arena, value + n + 1, strlen(value + n + 1)),
                        .value_len = strlen(value + n + 1) };
    if (pair.key == NULL || pair.value == NULL)
        return oci_fail_nomem(err);
    i = find_pair(p, value, n);
    if (i < p->count)
        p->items[i] = pair;
    else if (!OCI_VEC_PUSH(p, pair))
        return oci_fail_nomem(err);
    return 0;
}

/* ---- the editor ---- */

static int set_text(oci_editor *e, const struct field *f, const char *value, oci_error *err)
{
    int r = check(f, value, err);
    const char *copy = r == 0 ? oci_arena_strndup(e->arena, value, strlen(value)) : NULL;

    if (r == 0 && copy == NULL)
        r = oci_fail_nomem(err);
    if (r == 0)
        *text_of(e, f) = copy;
    return r;
}

int oci_editor_set(oci_editor *e, const char *field, const char *value, oci_error *err)
{
    const struct field *f = NULL;
    int r = find(field, &f, err);

    if (r < 0)
        return r;
    switch (f->kind) {
    case TEXT:
        return set_text(e, f, value, err);
    case MAP:
        return set_pair(e, f, value, err);
    case WORDS:
    case VARIABLES:
    case SET:
        break;
    }
    return value[0] == '[' ? set_words(e, f, value, err) : add_word(e, f, value, err);
}

int oci_editor_unset(oci_editor *e, const char *field, const char *name, oci_error *err)
{
    const struct field *f = NULL;
    int r = find(field, &f, err);

    if (r < 0)
        return r;
    switch (f->kind) {
    case MAP:
        remove_pair(part_of(e, f), name, strlen(name));
        return 0;
    case VARIABLES:
    case SET:
        remove_words(f, part_of(e, f), 0, name, strlen(name));
        return 0;
    case TEXT:
    case WORDS:
        break;
    }
    return oci_fail(err, OCI_E_USAGE, "'%s' has no items with names", field);
}

int oci_editor_clear(oci_editor *e, const char *field, oci_error *err)
{
    const struct field *f = NULL;
    int r = find(field, &f, err);

    if (r < 0)
        return r;
    switch (f->kind) {
    case TEXT:
        *text_of(e, f) = NULL;
        break;
    case MAP:
        ((struct pairs *)part_of(e, f))->count = 0;
        break;
    case WORDS:
    case VARIABLES:
    case SET:
        ((struct words *)part_of(e, f))->count = 0;
        break;
    }
    return 0;
}

static bool copy_words(struct words *w, const oci_strings *from)
{
    for (size_t i = 0; i < from->count; i++)
        if (!OCI_VEC_PUSH(w, from->items[i]))
            return false;
    return true;
}

static bool copy_pairs(struct pairs *p, const oci_annotations *from)
{
    for (size_t i = 0; from != NULL && i < from->count; i++)
        if (!OCI_VEC_PUSH(p, from->items[i]))
            return false;
    return true;
}

int oci_editor_new(const oci_config *base, const oci_annotations *annotations, oci_editor **out, oci_error *err)
{
    OCI_AUTO(oci_editor) e = oci_calloc(1, sizeof *e);

    if (e == NULL)
        return oci_fail_nomem(err);
    if (base != NULL)
        e->config = *base;
    e->arena = oci_arena_new(0);
    if (e->arena == NULL || !copy_words(&e->env, &e->config.env) ||
        !copy_words(&e->entrypoint, &e->config.entrypoint) || !copy_words(&e->cmd, &e->config.cmd) ||
        !copy_words(&e->volumes, &e->config.volumes) || !copy_words(&e->expose, &e->config.exposed_ports) ||
        !copy_pairs(&e->labels, e->config.labels) || !copy_pairs(&e->annotations, annotations))
        return oci_fail_nomem(err);
    *out = oci_steal(&e);
    return 0;
}

static oci_strings strings_of(const struct words *w)
{
    return (oci_strings) { w->count > 0 ? w->items : NULL, w->count };
}

static const oci_annotations *show(struct pairs *p)
{
    p->shown = (oci_annotations) { p->items, p->count };
    return p->count > 0 ? &p->shown : NULL;
}

const oci_config *oci_editor_config(oci_editor *e)
{
    e->config.env = strings_of(&e->env);
    e->config.entrypoint = strings_of(&e->entrypoint);
    e->config.cmd = strings_of(&e->cmd);
    e->config.volumes = strings_of(&e->volumes);
    e->config.exposed_ports = strings_of(&e->expose);
    e->config.labels = show(&e->labels);
    return &e->config;
}

const oci_annotations *oci_editor_annotations(oci_editor *e)
{
    return show(&e->annotations);
}

void oci_editor_free(oci_editor *e)
{
    if (e == NULL)
        return;
    oci_free(e->env.items);
    oci_free(e->entrypoint.items);
    oci_free(e->cmd.items);
    oci_free(e->volumes.items);
    oci_free(e->expose.items);
    oci_free(e->labels.items);
    oci_free(e->annotations.items);
    oci_arena_free(e->arena);
    oci_free(e);
}
