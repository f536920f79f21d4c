/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an archive comes to: of entries with one name the last counts, and whatever is no directory takes away what was
 * below its name before. That is how unpacking goes, so the new archive means the same as the old one.
 *
 * One pass over the sorted entries, with the names above the current one on a stack. Of each only two numbers matter:
 * the last time something else than a directory was there, and the first time after that a directory was.
 */
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/vec.h"
#include "gather.h"

/* A name above; the numbers are those of all names above it and its own. */
struct above {
    const char *name;
    size_t len;
    int64_t barred;  /* the first time that one was no directory, or INT64_MAX */
    int64_t cleared; /* OCI_GATHER_NEVER, or when all below went */
    int64_t ready;   /* from when on something can be below again */
};

struct settling {
    oci_gather *g;
    oci_writing *w;
    struct {
        struct above *items;
        size_t count, cap;
    } stack;
};

static const struct above nothing_above = { .barred = INT64_MAX,
                                            .cleared = OCI_GATHER_NEVER,
                                            .ready = OCI_GATHER_NEVER };

static const struct above *top_of(const struct settling *s)
{
    return s->stack.count > 0 ? &s->stack.items[s->stack.count - 1] : &nothing_above;
}

/* ---- order ---- */

static int rank(unsigned char c)
{
    return c == '\0' ? 0 : c == '/' ? 1 : 2 + c;
}

int oci_gather_compare(const char *a, const char *b)
{
    for (; *a == *b && *a != '\0'; a++, b++)
        ;
    return rank((unsigned char)*a) - rank((unsigned char)*b);
}

static int compare(const void *a, const void *b)
{
    const oci_gathered *x = *(oci_gathered *const *)a, *y = *(oci_gathered *const *)b;
    int r = oci_gather_compare(x->name, y->name);

    return r != 0 ? r : x < y ? -1 : x > y;
}

/* ---- one name ---- */

static int conflict(const oci_gathered *item, oci_error *err)
{
    return oci_fail(err, OCI_E_INVALID,
                    "entry '%s' is below something that is no directory, so that the archive cannot be put in order",
                    item->name);
}

static int leave_out(struct settling *s, const oci_gathered *item, oci_error *err)
{
    return oci_writing_leave_out(s->w, OCI_LEFT_TWICE, item->name, err);
}

/* One of the entries that have the name of own; last is the last of them, top what is above. */
static int settle_item(struct settling *s, oci_gathered *item, oci_gathered *last, const struct above *top,
                       struct above *own, oci_error *err)
{
    int64_t at = oci_gather_number(s->g, item);

    item->cleared = top->cleared;
    if (item->type != OCI_TAR_DIR && at < own->barred)
        own->barred = at;
    /* Between the two times it may have gone another way, through a link. */
    if (at > top->cleared ? at < top->ready : at > top->barred)
        return conflict(item, err);
    if (at < top->cleared)
        return leave_out(s, item, err);
    if (item->type != OCI_TAR_DIR) {
        own->cleared = at;
        own->ready = INT64_MAX;
    } else if (own->ready == INT64_MAX || own->ready == OCI_GATHER_NEVER) {
        own->ready = at;
        last->position = (uint64_t)at;
    }
    item->live = item == last;
    return item->live ? 0 : leave_out(s, item, err);
}

/* The n entries of one name. */
static int settle_name(struct settling *s, oci_gathered **items, size_t n, const struct above *top, oci_error *err)
{
    oci_gathered *last = items[n - 1];
    struct above own = nothing_above;
    int r = 0;

    own.name = last->name;
    own.len = last->name_len;
    for (size_t i = 0; r == 0 && i < n; i++)
        r = settle_item(s, items[i], last, top, &own, err);
    if (r < 0)
        return r;
    if (last->type != OCI_TAR_DIR)
        last->position = (uint64_t)oci_gather_number(s->g, last);
    if (own.cleared == OCI_GATHER_NEVER)
        own.ready = OCI_GATHER_NEVER; /* directories all along keep nothing away */
    if (own.barred > top->barred)
        own.barred = top->barred;
    if (own.cleared < top->cleared)
        own.cleared = top->cleared;
    if (own.ready < top->ready)
        own.ready = top->ready;
    last->in_the_way = own.cleared != OCI_GATHER_NEVER;
    return OCI_VEC_PUSH(&s->stack, own) ? 0 : oci_fail_nomem(err);
}

static int settle_all(struct settling *s, oci_error *err)
{
    oci_gathered **sorted = s->g->sorted;
    int r = 0;

    for (size_t at = 0, n; r == 0 && at < s->g->entries.count; at += n) {
        for (n = 1; at + n < s->g->entries.count && strcmp(sorted[at]->name, sorted[at + n]->name) == 0; n++)
            ;
        while (s->stack.count > 0 && !oci_gather_is_below(sorted[at]->name, top_of(s)->name, top_of(s)->len))
            s->stack.count--;
        r = settle_name(s, sorted + at, n, top_of(s), err);
    }
    return r;
}

int oci_gather_settle(oci_gather *g, oci_writing *w, oci_error *err)
{
    struct settling s = { .g = g, .w = w };
    int r;

    g->sorted = oci_realloc_array(NULL, g->entries.count, sizeof *g->sorted);
    if (g->sorted == NULL)
        return oci_fail_nomem(err);
    for (size_t i = 0; i < g->entries.count; i++)
        g->sorted[i] = &g->entries.items[i];
    if (g->entries.count > 1)
        qsort(g->sorted, g->entries.count, sizeof *g->sorted, compare);
    r = settle_all(&s, err);
    oci_free(s.stack.items);
    return r == 0 ? oci_gather_settle_links(g, err) : r;
}
