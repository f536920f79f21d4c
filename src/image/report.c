/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/fail.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "json/json.h"

enum {
    TEXT_MAX = 1024,
    RAW_MAX = 4096, /* of what is not made printable */
    BEFORE = 40,    /* bytes of the line before the place that an excerpt shows */
    EXCERPT_MAX = 100
};

struct item {
    oci_finding f;
    size_t order, seq;
};

struct oci_report {
    oci_validate_options o;
    oci_arena *arena;
    struct {
        struct item *items;
        size_t count, cap;
    } list;
    size_t counts[OCI_SEVERITY_ERROR + 1];
    size_t ignored, dropped;
    char more[64]; /* the text of the last finding when there are more than fit */
};

int oci_report_new(const oci_validate_options *o, oci_report **out, oci_error *err)
{
    OCI_AUTO(oci_report) r = oci_calloc(1, sizeof *r);

    if (r == NULL)
        return oci_fail_nomem(err);
    r->o = o != NULL ? *o : (oci_validate_options)OCI_VALIDATE_OPTIONS_INIT;
    r->arena = oci_arena_new(0);
    if (r->arena == NULL)
        return oci_fail_nomem(err);
    *out = oci_steal(&r);
    return 0;
}

void oci_report_free(oci_report *r)
{
    if (r == NULL)
        return;
    oci_free(r->list.items);
    oci_arena_free(r->arena);
    oci_free(r);
}

const oci_validate_options *oci_report_options(const oci_report *r)
{
    return &r->o;
}

bool oci_report_is_spec(const oci_report *r, oci_spec_version least)
{
    return r->o.spec >= least;
}

size_t oci_report_count(const oci_report *r)
{
    return r->list.count;
}

const oci_finding *oci_report_finding(const oci_report *r, size_t i)
{
    return &r->list.items[i].f;
}

size_t oci_report_count_of(const oci_report *r, oci_severity severity)
{
    return r->counts[severity];
}

size_t oci_report_ignored(const oci_report *r)
{
    return r->ignored;
}

/* ---- what does not count ---- */

/* "*" stands for any run of characters. */
static bool fits(const char *pattern, const char *text)
{
    const char *star = NULL, *mark = NULL;

    while (*text != '\0') {
        if (*pattern == '*') {
            star = pattern++;
            mark = text;
        } else if (*pattern == *text) {
            pattern++;
            text++;
        } else if (star != NULL) {
            pattern = star + 1;
            text = ++mark;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

static bool is_there(const oci_finding *f, const char *where)
{
    const char *const places[] = { f->file, f->digest, f->path, f->pointer, f->entry };

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (places[i] != NULL && fits(where, places[i]))
            return true;
    return false;
}

static bool is_ignored(const oci_report *r, const char *id, const oci_finding *f)
{
    for (size_t i = 0; i < r->o.n_ignores; i++) {
        const oci_ignore *ignore = &r->o.ignores[i];

        if (fits(ignore->rule, id) && (ignore->where == NULL || is_there(f, ignore->where)))
            return true;
    }
    return false;
}

/* ---- adding ---- */

static oci_spec_version version_of(const oci_rule *rule)
{
    if (strcmp(rule->since, "HEAD") == 0)
        return OCI_SPEC_HEAD;
    return strcmp(rule->since, "1.1") == 0 ? OCI_SPEC_1_1 : OCI_SPEC_1_0;
}

static oci_severity severity_of(const oci_report *r, const oci_rule *rule, oci_told told)
{
    oci_severity most = rule->severity;

    switch (told) {
    case OCI_TOLD_REFUSED:
        return OCI_SEVERITY_ERROR;
    case OCI_TOLD_WARNING:
        most = OCI_SEVERITY_WARNING;
        break;
    case OCI_TOLD_INFO:
        most = OCI_SEVERITY_INFO;
        break;
    case OCI_TOLD_RULE:
        break;
    }
    if (version_of(rule) > r->o.spec)
        most = OCI_SEVERITY_INFO;
    return rule->severity < most ? rule->severity : most;
}

static bool copy(oci_report *r, const char **text, size_t max)
{
    size_t n = *text != NULL ? strlen(*text) : 0;

    if (*text == NULL)
        return true;
    *text = oci_arena_strndup(r->arena, *text, n < max ? n : max);
    return *text != NULL;
}

static bool copy_printable(oci_report *r, const char **text)
{
    char printable[TEXT_MAX];
    const char *shown = printable;

    if (*text == NULL)
        return true;
    oci_utf8_escape(*text, strlen(*text), printable, sizeof printable);
    if (!copy(r, &shown, sizeof printable))
        return false;
    *text = shown;
    return true;
}

static bool copy_texts(oci_report *r, oci_finding *f)
{
    return copy_printable(r, &f->text) && copy_printable(r, &f->layout) && copy_printable(r, &f->file) &&
           copy_printable(r, &f->digest) && copy_printable(r, &f->path) && copy(r, &f->pointer, RAW_MAX) &&
           copy(r, &f->entry, RAW_MAX) && copy(r, &f->excerpt, RAW_MAX);
}

/* The report is full: its last finding says how much more there is, and how bad it is. */
static void drop(oci_report *r, oci_severity severity, size_t n)
{
    oci_finding *last = &r->list.items[OCI_REPORT_MAX].f;

    r->dropped += n;
    snprintf(r->more, sizeof r->more, "%zu more findings are not shown", r->dropped);
    if (severity > last->severity) {
        r->counts[last->severity]--;
        r->counts[severity]++;
        last->severity = severity;
    }
}

static int put(oci_report *r, const oci_finding *f, size_t order)
{
    oci_finding own = *f;

    if (r->list.count > OCI_REPORT_MAX) {
        drop(r, f->severity, 1);
        return 0;
    }
    if (r->list.count == OCI_REPORT_MAX) {
        own = (oci_finding) { .rule = oci_rule_find("report.more"), .text = r->more, .severity = f->severity };
        order = SIZE_MAX;
    } else if (!copy_texts(r, &own)) {
        return OCI_E_NOMEM;
    }
    if (!OCI_VEC_PUSH(&r->list, (struct item) { own, order, r->list.count }))
        return OCI_E_NOMEM;
    r->counts[own.severity]++;
    if (order == SIZE_MAX)
        drop(r, f->severity, 1);
    return 0;
}

int oci_report_add(oci_report *r, const char *id, oci_told told, const oci_finding *f, size_t order, const char *fmt,
                   ...)
{
    const oci_rule *rule = oci_rule_find(id);
    oci_finding own = *f;
    char text[TEXT_MAX];
    va_list args;

    if (rule == NULL)
        return OCI_E_INTERNAL;
    if (is_ignored(r, id, f)) {
        r->ignored++;
        return 0;
    }
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    own.rule = rule;
    own.severity = severity_of(r, rule, told);
    own.text = text;
    return put(r, &own, order);
}

int oci_report_append(oci_report *r, const oci_report *other)
{
    int result = 0;

    for (size_t i = 0; result == 0 && i < other->list.count && i < OCI_REPORT_MAX; i++)
        result = put(r, &other->list.items[i].f, other->list.items[i].order);
    r->ignored += other->ignored;
    if (result < 0 || other->dropped == 0)
        return result;
    /* What did not fit there does not fit here either, were it only for its texts. */
    result = put(r, &other->list.items[OCI_REPORT_MAX].f, SIZE_MAX);
    if (result == 0 && r->list.count > OCI_REPORT_MAX)
        drop(r, OCI_SEVERITY_INFO, other->dropped - 1);
    return result;
}

static int compare(const void *a, const void *b)
{
    const struct item *x = a, *y = b;

    if (x->order != y->order)
        return x->order < y->order ? -1 : 1;
    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

void oci_report_sort(oci_report *r, size_t first)
{
    if (r->list.count > first)
        qsort(r->list.items + first, r->list.count - first, sizeof *r->list.items, compare);
}

/* ---- places ---- */

/* Text and caret of the place: its line, or as much around it as fits. */
static int make_excerpt(oci_report *r, oci_finding *f, const char *s, size_t n, size_t line, size_t offset)
{
    char shown[4 * EXCERPT_MAX + 1], before[4 * BEFORE + 1];
    size_t start = offset - line > BEFORE ? offset - BEFORE : line, end = offset;

    /* Not in the middle of a character. */
    while (start < offset && ((unsigned char)s[start] & 0xc0) == 0x80)
        start++;
    while (end < n && end - start < EXCERPT_MAX && s[end] != '\n' && s[end] != '\r')
        end++;
    while (end < n && end > offset && ((unsigned char)s[end] & 0xc0) == 0x80)
        end--;
    oci_utf8_escape(s + start, end - start, shown, sizeof shown);
    f->caret = oci_utf8_escape(s + start, offset - start, before, sizeof before);
    f->excerpt = oci_arena_strndup(r->arena, shown, strlen(shown));
    return f->excerpt != NULL ? 0 : OCI_E_NOMEM;
}

struct place {
    size_t offset;
    oci_finding *f;
};

static int by_offset(const void *a, const void *b)
{
    const struct place *x = a, *y = b;

    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* Lines are counted once, from the first place to the last. */
static int fill_in(oci_report *r, struct place *places, size_t count, const char *s, size_t n)
{
    size_t line = 1, begin = 0, at = 0, tails = 0; /* bytes in this line that begin no character */
    int result = 0;

    qsort(places, count, sizeof *places, by_offset);
    for (size_t i = 0; result == 0 && i < count; i++) {
        oci_finding *f = places[i].f;

        for (; at < places[i].offset; at++) {
            tails += ((unsigned char)s[at] & 0xc0) == 0x80;
            if (s[at] == '\n') {
                line++;
                begin = at + 1;
                tails = 0;
            }
        }
        f->line = line;
        f->column = places[i].offset - begin + 1;
        f->character = f->column - tails;
        result = make_excerpt(r, f, s, n, begin, places[i].offset);
    }
    return result;
}

/* Whether the finding is one of the document that is to be located. */
static bool is_of(const struct item *item, size_t order)
{
    return item->order == order && item->f.pointer != NULL && item->f.line == 0;
}

int oci_report_locate(oci_report *r, size_t first, size_t order, const char *text, size_t n)
{
    OCI_AUTO_MEM const char **pointers = NULL;
    OCI_AUTO_MEM size_t *offsets = NULL;
    OCI_AUTO_MEM struct place *places = NULL;
    size_t room = 0, count = 0;
    int result;

    for (size_t i = first; i < r->list.count; i++)
        room += is_of(&r->list.items[i], order);
    if (room == 0)
        return 0;
    pointers = oci_realloc_array(NULL, room, sizeof *pointers);
    offsets = oci_realloc_array(NULL, room, sizeof *offsets);
    places = oci_realloc_array(NULL, room, sizeof *places);
    if (pointers == NULL || offsets == NULL || places == NULL)
        return OCI_E_NOMEM;
    for (size_t i = first; i < r->list.count; i++)
        if (is_of(&r->list.items[i], order)) {
            pointers[count] = r->list.items[i].f.pointer;
            places[count++].f = &r->list.items[i].f;
        }
    result = oci_json_locate(text, n, pointers, count, offsets, NULL);
    for (size_t i = 0; i < count; i++)
        places[i].offset = offsets[i];
    return result < 0 ? result : fill_in(r, places, count, text, n);
}

int oci_report_place(oci_report *r, size_t i, const char *text, size_t n, size_t offset)
{
    struct place place = { offset, &r->list.items[i].f };

    return i < OCI_REPORT_MAX && i < r->list.count ? fill_in(r, &place, 1, text, n) : 0;
}
