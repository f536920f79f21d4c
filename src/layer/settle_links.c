/* SPDX-License-Identifier: Apache-2.0 */
/* What hard links of an archive lead to, whatever comes before or after what. */
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/vec.h"
#include "gather.h"

/* The first entry, in the order of names, that does not come before (name, number). */
static size_t lower_bound(const oci_gather *g, const char *name, int64_t number)
{
    size_t low = 0, high = g->entries.count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = oci_gather_compare(g->sorted[middle]->name, name);

        if (order < 0 || (order == 0 && oci_gather_number(g, g->sorted[middle]) < number))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_called(const oci_gather *g, size_t at, const char *name)
{
    return at < g->entries.count && strcmp(g->sorted[at]->name, name) == 0;
}

/* What the name was when the link was made, or else what it is in the end. */
static int find_target(const oci_gather *g, oci_gathered *link, oci_error *err)
{
    const bool to_root = link->link[0] == '\0';
    const int64_t made = oci_gather_number(g, link);
    size_t at = lower_bound(g, link->link, made);
    oci_gathered *before = at > 0 && is_called(g, at - 1, link->link) ? g->sorted[at - 1] : NULL;

    if (before != NULL && before->cleared > oci_gather_number(g, before) && before->cleared < made)
        before = NULL; /* it was gone by then */
    if (before == NULL)
        at = lower_bound(g, link->link, INT64_MAX); /* behind the last of that name */
    /* It would be made at the end, when its place is another one. */
    if (before == NULL && !link->live && !to_root)
        return oci_fail(err, OCI_E_INVALID,
                        "entry '%s' is a hard link to '%s', which comes later, and its own name is taken away",
                        link->name, link->link);
    if (before != NULL)
        link->target = before;
    else if (at > 0 && is_called(g, at - 1, link->link) && g->sorted[at - 1]->live)
        link->target = g->sorted[at - 1];
    if (to_root || link->target == link || (link->target != NULL && link->target->type == OCI_TAR_DIR))
        return oci_fail(err, OCI_E_INVALID, "entry '%s' is a hard link to %s", link->name,
                        link->target == link ? "itself" : "a directory");
    return 0;
}

/* Makes every link lead to the end of its row at once, so that long rows are gone through once. */
static int shorten(oci_gather *g, oci_gathered *link, oci_error *err)
{
    oci_gathered *end = link, *next;
    size_t steps = 0;

    for (; end->type == OCI_TAR_HARDLINK && end->target != NULL; end = end->target)
        if (++steps > g->entries.count)
            return oci_fail(err, OCI_E_INVALID, "entry '%s' is a hard link that leads in a circle", link->name);
    for (; link != end; link = next) {
        next = link->target;
        link->target = end;
    }
    return 0;
}

/* ---- targets that no entry has ---- */

static int compare_targets(const void *a, const void *b)
{
    return oci_gather_compare((*(oci_gathered *const *)a)->link, (*(oci_gathered *const *)b)->link);
}

/* The names above the current one. */
struct above {
    const oci_gathered **items;
    size_t count, cap;
};

static const oci_gathered *top_of(const struct above *above)
{
    return above->count > 0 ? above->items[above->count - 1] : NULL;
}

static void pop_to(struct above *above, const char *name)
{
    while (above->count > 0 && !oci_gather_is_below(name, top_of(above)->name, top_of(above)->name_len))
        above->count--;
}

/* links are in the order of their targets, so that both are gone through once. */
static int check_outside(const oci_gather *g, oci_gathered *const *links, size_t n, struct above *above, oci_error *err)
{
    size_t at = 0;

    for (size_t i = 0; i < n; i++) {
        const char *target = links[i]->link;

        for (; at < g->entries.count && oci_gather_compare(g->sorted[at]->name, target) < 0; at++) {
            const oci_gathered *item = g->sorted[at];

            pop_to(above, item->name);
            if (!OCI_VEC_PUSH(above, item))
                return oci_fail_nomem(err);
        }
        pop_to(above, target);
        if (above->count > 0 && top_of(above)->in_the_way)
            return oci_fail(err, OCI_E_INVALID,
                            "entry '%s' is a hard link to '%s', which is below something that is no directory",
                            links[i]->name, target);
    }
    return 0;
}

/* A target that is reached through a symbolic link of the archive may be another one after the order has changed. */
static int settle_outside(oci_gather *g, oci_error *err)
{
    OCI_AUTO_MEM oci_gathered **links = oci_realloc_array(NULL, g->entries.count, sizeof *links);
    struct above above = { 0 };
    size_t n = 0;
    int r;

    if (links == NULL)
        return oci_fail_nomem(err);
    for (size_t i = 0; i < g->entries.count; i++)
        if (g->entries.items[i].type == OCI_TAR_HARDLINK && g->entries.items[i].target == NULL)
            links[n++] = &g->entries.items[i];
    if (n > 1)
        qsort(links, n, sizeof *links, compare_targets);
    r = check_outside(g, links, n, &above, err);
    oci_free(above.items);
    return r;
}

int oci_gather_settle_links(oci_gather *g, oci_error *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < g->entries.count; i++)
        if (g->entries.items[i].type == OCI_TAR_HARDLINK)
            r = find_target(g, &g->entries.items[i], err);
    for (size_t i = 0; r == 0 && i < g->entries.count; i++)
        if (g->entries.items[i].type == OCI_TAR_HARDLINK)
            r = shorten(g, &g->entries.items[i], err);
    return r == 0 ? settle_outside(g, err) : r;
}
