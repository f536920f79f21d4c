/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each entry is in two chains, of those of its name and of those that have its digest besides. Entries that went stay
 * in their chains, as nothing, until the chain is begun anew. The chains are in the order of the index, since what
 * takes a place from another is either alone in its chain or was in the same ones.
 */
#include "entries.h"

#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "base/table.h"
#include "base/vec.h"
#include "spec/spec.h"

enum { BY_NAME, BY_BOTH, N_CHAINS };

/* Slots are numbered from 1, and so are chains. */
struct slot {
    const oci_descriptor *entry; /* NULL: it went */
    size_t place;                /* in the order of the index */
    size_t next[N_CHAINS];       /* or 0 */
};

struct chain {
    size_t first, last; /* 0: nothing */
};

struct oci_entries {
    struct {
        struct slot *items;
        size_t count, cap;
    } slots;
    struct {
        struct chain *items;
        size_t count, cap;
    } chains;
    oci_table numbers; /* of chains */
    size_t places;
};

struct keys {
    oci_key of[N_CHAINS];
};

/* name is n bytes, or NULL. */
static struct keys keys_of(const oci_entries *e, const char *name, size_t n, const char *digest)
{
    struct keys k;

    k.of[BY_NAME] = oci_table_key(&e->numbers, name != NULL, 0, name != NULL ? name : "", n);
    k.of[BY_BOTH] = k.of[BY_NAME];
    if (digest != NULL)
        k.of[BY_BOTH] = oci_table_key(&e->numbers, k.of[BY_NAME].place, k.of[BY_NAME].rest, digest, strlen(digest));
    return k;
}

static struct keys keys_of_text(const oci_entries *e, const char *name, const char *digest)
{
    return keys_of(e, name, name != NULL ? strlen(name) : 0, digest);
}

static struct slot *slot_of(const oci_entries *e, size_t number)
{
    return &e->slots.items[number - 1];
}

/* NULL when there is none. */
static struct chain *find_chain(const oci_entries *e, oci_key key)
{
    uint32_t number = oci_table_get(&e->numbers, key);

    return number != 0 ? &e->chains.items[number - 1] : NULL;
}

/* Appends the slot to the chain under the key. */
static int enchain(oci_entries *e, oci_key key, int which, size_t number, oci_error *err)
{
    struct chain *c = find_chain(e, key);

    if (c == NULL) {
        if (!OCI_VEC_PUSH(&e->chains, (struct chain) { 0 }) || e->chains.count > UINT32_MAX ||
            oci_table_set(&e->numbers, key, (uint32_t)e->chains.count) < 0)
            return oci_fail_nomem(err);
        c = &e->chains.items[e->chains.count - 1];
    }
    if (c->first == 0)
        c->first = number;
    else
        slot_of(e, c->last)->next[which] = number;
    c->last = number;
    return 0;
}

static int add(oci_entries *e, const oci_descriptor *d, size_t place, const struct keys *k, oci_error *err)
{
    int r = 0;

    if (!OCI_VEC_PUSH(&e->slots, (struct slot) { .entry = d, .place = place }))
        return oci_fail_nomem(err);
    for (int which = 0; r == 0 && which < N_CHAINS; which++)
        r = enchain(e, k->of[which], which, e->slots.count, err);
    return r;
}

int oci_entries_new(const oci_index *index, oci_entries **out, oci_error *err)
{
    OCI_AUTO(oci_entries) e = oci_calloc(1, sizeof *e);
    int r = 0;

    if (e == NULL)
        return oci_fail_nomem(err);
    oci_table_init(&e->numbers);
    for (size_t i = 0; r == 0 && i < index->n_manifests; i++) {
        const oci_descriptor *d = index->manifests[i];
        const oci_pair *name =
            oci_annotations_find(d->annotations, OCI_ANNOTATION_REF_NAME, sizeof OCI_ANNOTATION_REF_NAME - 1);
        const struct keys k =
            keys_of(e, name != NULL ? name->value : NULL, name != NULL ? name->value_len : 0, d->digest_text);

        r = add(e, d, e->places++, &k, err);
    }
    if (r == 0)
        *out = oci_steal(&e);
    return r;
}

void oci_entries_free(oci_entries *e)
{
    if (e == NULL)
        return;
    oci_table_free(&e->numbers);
    oci_free(e->slots.items);
    oci_free(e->chains.items);
    oci_free(e);
}

const oci_descriptor *oci_entries_next(const oci_entries *e, const char *name, size_t *at)
{
    const struct keys k = keys_of_text(e, name, NULL);
    const struct chain *c = *at == 0 ? find_chain(e, k.of[BY_NAME]) : NULL;
    size_t i = *at != 0 ? slot_of(e, *at)->next[BY_NAME] : c != NULL ? c->first : 0;

    while (i != 0 && slot_of(e, i)->entry == NULL)
        i = slot_of(e, i)->next[BY_NAME];
    *at = i;
    return i != 0 ? slot_of(e, i)->entry : NULL;
}

/* Takes out all that is in the chain under the key and begins it anew. The number of the first slot, 0 for nothing. */
static size_t take_out(oci_entries *e, oci_key key, int which)
{
    struct chain *c = find_chain(e, key);
    size_t first = 0;

    for (size_t i = c != NULL ? c->first : 0; i != 0; i = slot_of(e, i)->next[which]) {
        if (slot_of(e, i)->entry != NULL && first == 0)
            first = i;
        slot_of(e, i)->entry = NULL;
    }
    if (c != NULL)
        *c = (struct chain) { 0 };
    return first;
}

int oci_entries_set(oci_entries *e, const char *name, const oci_descriptor *d, bool beside, oci_error *err)
{
    const struct keys k = keys_of_text(e, name, d->digest_text);
    const int which = beside || name == NULL ? BY_BOTH : BY_NAME;
    const size_t first = take_out(e, k.of[which], which);

    if (first == 0)
        return add(e, d, e->places++, &k, err);
    if (which == BY_NAME)
        return add(e, d, slot_of(e, first)->place, &k, err);
    /* It is still where it was in the chain of the name. */
    slot_of(e, first)->entry = d;
    slot_of(e, first)->next[BY_BOTH] = 0;
    return enchain(e, k.of[BY_BOTH], BY_BOTH, first, err);
}

bool oci_entries_delete(oci_entries *e, const char *name, const char *digest)
{
    const struct keys k = keys_of_text(e, name, digest);
    const int which = digest != NULL ? BY_BOTH : BY_NAME;

    return take_out(e, k.of[which], which) != 0;
}

int oci_entries_list(const oci_entries *e, const oci_descriptor ***list, size_t *count, oci_error *err)
{
    const oci_descriptor **items = oci_calloc(e->places + 1, sizeof *items);
    size_t n = 0;

    if (items == NULL)
        return oci_fail_nomem(err);
    for (size_t i = 0; i < e->slots.count; i++)
        if (e->slots.items[i].entry != NULL)
            items[e->slots.items[i].place] = e->slots.items[i].entry;
    for (size_t i = 0; i < e->places; i++)
        if (items[i] != NULL)
            items[n++] = items[i];
    *list = items;
    *count = n;
    return 0;
}
