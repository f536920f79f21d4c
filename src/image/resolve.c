/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what a user asked for to one manifest. Three steps: the entries of index.json that the name means; the manifests
 * below them, in document order, nested indexes opened; the first of them that runs on the platform.
 *
 * Entries of one name (and all entries without a name together) are a group, as a flat index of several platforms is
 * written. Without a name every group is asked, and if they disagree the question was ambiguous.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/event.h"
#include "base/fail.h"
#include "base/map.h"
#include "base/vec.h"
#include "image.h"
#include "spec/spec.h"
#include "store/entries.h"
#include "store/layout.h"

struct candidate {
    const oci_descriptor *descriptor;
    const oci_descriptor *steps[OCI_MAX_NESTING + 1];
    size_t n_steps;
    const char *group;            /* the name of its entry in index.json, "" for none */
    const oci_platform *platform; /* or NULL: unknown */
};

struct candidates {
    struct candidate *items;
    size_t count, cap;
};

struct indexes {
    oci_index **items;
    size_t count, cap;
};

enum known_kind { KNOWN_MANIFEST, KNOWN_CONFIG };

struct search {
    oci_layout *layout;
    const oci_resolve_options *o;
    bool entry;          /* what name and digest mean is wanted itself, not a manifest below it */
    oci_map *visited[2]; /* digests of indexes that were opened; [1]: at or below the digest that was asked for */
    oci_map *known[2];   /* by known_kind: digests, and the platforms (or NULL) that those documents tell */
    oci_arena *arena;    /* those platforms */
    struct indexes indexes;
    struct candidates found;
    const oci_descriptor *steps[OCI_MAX_NESTING + 1];
    size_t depth;
    oci_error missing; /* the first child that could not be read because it is not there */
};

struct path {
    oci_path base;
    struct indexes indexes;
    const oci_descriptor *steps[OCI_MAX_NESTING + 1];
    oci_index *top; /* a copy of index.json's entry, so that the path outlives the next commit */
};

static void free_indexes(struct indexes *list)
{
    for (size_t i = 0; i < list->count; i++)
        oci_index_free(list->items[i]);
    oci_free(list->items);
    *list = (struct indexes) { 0 };
}

static int begin_search(struct search *s, oci_error *err)
{
    bool ok = true;

    for (size_t i = 0; i < 2; i++) {
        s->visited[i] = oci_map_new();
        s->known[i] = oci_map_new();
        ok = ok && s->visited[i] != NULL && s->known[i] != NULL;
    }
    s->arena = oci_arena_new(0);
    return ok && s->arena != NULL ? 0 : oci_fail_nomem(err);
}

static void end_search(struct search *s)
{
    oci_free(s->found.items);
    free_indexes(&s->indexes);
    for (size_t i = 0; i < 2; i++) {
        oci_map_free(s->visited[i]);
        oci_map_free(s->known[i]);
    }
    oci_arena_free(s->arena);
}

static const char *name_of(const oci_descriptor *d, const char *key)
{
    return oci_annotations_get(d->annotations, key);
}

bool oci_is_attestation(const oci_descriptor *d)
{
    return name_of(d, OCI_ANNOTATION_ATTESTATION) != NULL && d->platform != NULL &&
           strcmp(d->platform->os, "unknown") == 0;
}

/* Copies text (or NULL) to the arena; false when there is no memory. */
static bool copy_text(struct search *s, const char *text, const char **out)
{
    *out = text != NULL ? oci_arena_strndup(s->arena, text, strlen(text)) : NULL;
    return text == NULL || *out != NULL;
}

static bool copy_strings(struct search *s, oci_strings in, oci_strings *out)
{
    const char **items = oci_arena_array(s->arena, in.count, sizeof *items);

    for (size_t i = 0; items != NULL && i < in.count; i++)
        if (!copy_text(s, in.items[i], &items[i]))
            return false;
    *out = (oci_strings) { items, in.count };
    return items != NULL;
}

/* What a configuration says, in memory that does not grow with the rest of it. */
static int platform_of_config(struct search *s, const oci_descriptor *d, oci_platform **out, oci_error *err)
{
    OCI_AUTO(oci_config) c = NULL;
    oci_platform *p;
    int r = oci_read_config(oci_layout_store(s->layout), d, s->o->limits, NULL, &c, err);

    if (r < 0)
        return r;
    /* Builders that do not know leave both empty. */
    if (c->os[0] == '\0' && c->architecture[0] == '\0')
        return 0;
    p = oci_arena_alloc(s->arena, sizeof *p);
    if (p == NULL || !copy_text(s, c->architecture, &p->architecture) || !copy_text(s, c->os, &p->os) ||
        !copy_text(s, c->os_version, &p->os_version) || !copy_text(s, c->variant, &p->variant) ||
        !copy_strings(s, c->os_features, &p->os_features))
        return oci_fail_nomem(err);
    *out = p;
    return 0;
}

static int look_up(struct search *s, enum known_kind kind, const oci_descriptor *d, oci_platform **out, oci_error *err);

static int platform_of_manifest(struct search *s, const oci_descriptor *d, oci_platform **out, oci_error *err)
{
    OCI_AUTO(oci_manifest) manifest = NULL;
    int r = oci_read_manifest(oci_layout_store(s->layout), d, s->o->limits, NULL, &manifest, err);

    if (r < 0 || oci_media_type_info(manifest->config->media_type).kind != OCI_MEDIA_CONFIG)
        return r;
    return look_up(s, KNOWN_CONFIG, manifest->config, out, err);
}

/* The platform that a document tells, NULL when it tells none, is no image's or cannot be read. Each document is read
 * once, however often indexes name it. */
static int look_up(struct search *s, enum known_kind kind, const oci_descriptor *d, oci_platform **out, oci_error *err)
{
    oci_platform *found = NULL;
    void *known = NULL;
    int r;

    if (!oci_map_get(s->known[kind], d->digest_text, strlen(d->digest_text), &known)) {
        r = kind == KNOWN_MANIFEST ? platform_of_manifest(s, d, &found, NULL) : platform_of_config(s, d, &found, NULL);
        if (r == OCI_E_NOMEM)
            return oci_fail_nomem(err);
        known = found;
        if (oci_map_set(s->known[kind], d->digest_text, strlen(d->digest_text), known) < 0)
            return oci_fail_nomem(err);
    }
    *out = known;
    return 0;
}

static int add_candidate(struct search *s, const oci_descriptor *d, const char *group, oci_error *err)
{
    struct candidate c = { .descriptor = d, .group = group, .n_steps = s->depth + 1, .platform = d->platform };

    memcpy(c.steps, s->steps, s->depth * sizeof *c.steps);
    c.steps[s->depth] = d;
    if (c.platform == NULL && !s->entry) {
        oci_platform *known = NULL;
        int r = look_up(s, KNOWN_MANIFEST, d, &known, err);

        if (r < 0)
            return r;
        c.platform = known;
    }
    return OCI_VEC_PUSH(&s->found, c) ? 0 : oci_fail_nomem(err);
}

static bool digest_fits(const struct search *s, const oci_descriptor *d)
{
    return s->o->digest == NULL || strcmp(s->o->digest, d->digest_text) == 0;
}

/* Whether d is what was asked for or, on the way that led here, below it. */
static bool counts(const struct search *s, const oci_descriptor *d)
{
    bool fits = digest_fits(s, d);

    for (size_t i = 0; i < s->depth && !fits; i++)
        fits = digest_fits(s, s->steps[i]);
    return fits;
}

static int collect(struct search *s, const oci_descriptor *d, const char *group, oci_error *err);

static int collect_children(struct search *s, const oci_descriptor *d, const char *group, oci_error *err)
{
    oci_index *index = NULL;
    int r;

    if (s->depth + 1 > OCI_MAX_NESTING)
        return oci_fail(err, OCI_E_LIMIT, "index %s: indexes are nested more than %d deep", d->digest_text,
                        OCI_MAX_NESTING);
    r = oci_map_set(s->visited[counts(s, d)], d->digest_text, strlen(d->digest_text), NULL);
    if (r < 0)
        return oci_fail_nomem(err);
    if (r == 0)
        return 0;
    r = oci_read_index(oci_layout_store(s->layout), d, s->o->limits, &index, err);
    if (r == OCI_E_NOT_FOUND) {
        /* Children may be left out on purpose; it matters only if nothing else is found. */
        if (s->missing.code == 0)
            oci_fail(&s->missing, OCI_E_NOT_FOUND, "index %s is not in the layout", d->digest_text);
        return 0;
    }
    if (r < 0)
        return r;
    if (!OCI_VEC_PUSH(&s->indexes, index)) {
        oci_index_free(index);
        return oci_fail_nomem(err);
    }
    s->steps[s->depth++] = d;
    for (size_t i = 0; r == 0 && i < index->n_manifests; i++)
        r = collect(s, index->manifests[i], group, err);
    s->depth--;
    return r;
}

/* Adds the manifests at and below d. Below the descriptor that was asked for by digest, everything counts. */
static int collect(struct search *s, const oci_descriptor *d, const char *group, oci_error *err)
{
    oci_media_info info = oci_media_type_info(d->media_type);

    if (s->entry && digest_fits(s, d))
        return add_candidate(s, d, group, err);
    switch (info.kind) {
    case OCI_MEDIA_MANIFEST:
        if (oci_is_attestation(d) && (s->o->digest == NULL || !digest_fits(s, d)))
            return 0;
        return counts(s, d) ? add_candidate(s, d, group, err) : 0;
    case OCI_MEDIA_INDEX:
        return collect_children(s, d, group, err);
    case OCI_MEDIA_OTHER:
    case OCI_MEDIA_DESCRIPTOR:
    case OCI_MEDIA_LAYOUT:
    case OCI_MEDIA_CONFIG:
    case OCI_MEDIA_EMPTY:
    case OCI_MEDIA_LAYER:
        break; /* unknown types are passed over (image-index.md) */
    }
    return 0;
}

static int list_names(struct search *s, oci_buf *out, oci_error *err)
{
    const oci_index *top = oci_layout_index(s->layout);
    int r = 0;

    for (size_t i = 0; r == 0 && i < top->n_manifests && out->len < 600; i++) {
        const char *own = name_of(top->manifests[i], OCI_ANNOTATION_REF_NAME);

        r = oci_buf_printf(out, err, "%s%s%s", out->len > 0 ? ", " : "", own != NULL ? own : "@",
                           own != NULL ? "" : top->manifests[i]->digest_text);
    }
    return r == 0 && out->len == 0 ? oci_buf_puts(out, "nothing", err) : r;
}

static int list_candidates(const struct search *s, oci_buf *out, oci_error *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < s->found.count && out->len < 600; i++) {
        const struct candidate *c = &s->found.items[i];
        char platform[128] = "unknown platform";

        if (c->platform != NULL)
            oci_platform_format(c->platform, platform, sizeof platform);
        r = oci_buf_printf(out, err, "%s%s%s%s (%s)", out->len > 0 ? ", " : "", c->group,
                           c->group[0] != '\0' ? " " : "", c->descriptor->digest_text, platform);
    }
    return r;
}

static int fail_with_candidates(const struct search *s, int code, const char *what, oci_error *err)
{
    OCI_AUTO_BUF oci_buf list = OCI_BUF_INIT;
    int r = list_candidates(s, &list, err);

    return r < 0 ? r : oci_fail(err, code, "%s; there is: %s", what, list.data);
}

static int fail_unknown_name(struct search *s, oci_error *err)
{
    OCI_AUTO_BUF oci_buf list = OCI_BUF_INIT;
    int r = list_names(s, &list, err);

    return r < 0 ? r : oci_fail(err, OCI_E_NOT_FOUND, "no image is named '%s'; there is: %s", s->o->name, list.data);
}

/* Collects below the entries of the name that was asked for; below all when none was. */
static int collect_named(struct search *s, oci_error *err)
{
    const oci_index *top = oci_layout_index(s->layout);
    oci_naming how = s->o->name != NULL ? oci_naming_of(top, s->o->name) : OCI_NAMED_NOT;
    int r = 0;

    if (s->o->name != NULL && how == OCI_NAMED_NOT)
        return fail_unknown_name(s, err);
    for (size_t i = 0; r == 0 && i < top->n_manifests; i++) {
        const oci_descriptor *d = top->manifests[i];
        const char *own = name_of(d, OCI_ANNOTATION_REF_NAME);

        if (s->o->name == NULL || oci_is_named(d, how, s->o->name))
            r = collect(s, d, own != NULL ? own : "", err);
    }
    return r;
}

static bool same_image(const struct candidate *a, const struct candidate *b)
{
    return strcmp(a->descriptor->digest_text, b->descriptor->digest_text) == 0;
}

/* Artifacts and what cannot be read have no platform; they stand back behind images. */
static bool any_platform(const struct search *s)
{
    for (size_t i = 0; i < s->found.count; i++)
        if (s->found.items[i].platform != NULL)
            return true;
    return false;
}

/* The first match of each group; *ambiguous is set when two groups lead to different images. want NULL: whatever
 * there is, one image in all. NULL: no match. */
static const struct candidate *choose(const struct search *s, const oci_platform *want, bool *ambiguous)
{
    const struct candidate *chosen = NULL;
    bool need_platform = any_platform(s);

    *ambiguous = false;
    for (size_t i = 0; i < s->found.count; i++) {
        const struct candidate *c = &s->found.items[i];

        if (want != NULL ? !oci_platform_matches(c->platform, want) : need_platform && c->platform == NULL)
            continue;
        if (chosen == NULL)
            chosen = c;
        else if ((want == NULL || strcmp(c->group, chosen->group) != 0) && !same_image(c, chosen))
            *ambiguous = true;
    }
    return chosen;
}

static void warn_of_platform(const struct search *s, const struct candidate *c)
{
    char have[128], host[128];

    if (c->platform == NULL)
        return;
    oci_platform_format(c->platform, have, sizeof have);
    oci_platform_format(oci_platform_host(), host, sizeof host);
    oci_warn(s->o->events, "the image is for %s, this machine is %s", have, host);
}

static int fail_empty(const struct search *s, oci_error *err)
{
    if (s->missing.code != 0)
        return oci_fail(err, OCI_E_NOT_FOUND, "%s", s->missing.msg);
    if (s->o->digest != NULL)
        return oci_fail(err, OCI_E_NOT_FOUND, "no manifest %s is reachable from index.json", s->o->digest);
    return oci_fail(err, OCI_E_NOT_FOUND, "there is no image manifest%s%s", s->o->name != NULL ? " below " : "",
                    s->o->name != NULL ? s->o->name : "");
}

static int decide_entry(const struct search *s, const struct candidate **out, oci_error *err)
{
    for (size_t i = 1; i < s->found.count; i++)
        if (!same_image(&s->found.items[0], &s->found.items[i]))
            return fail_with_candidates(s, OCI_E_AMBIGUOUS, "more than one entry fits, name one", err);
    *out = &s->found.items[0];
    return 0;
}

static int decide(const struct search *s, const struct candidate **out, oci_error *err)
{
    bool ambiguous;

    if (s->found.count == 0)
        return fail_empty(s, err);
    if (s->entry)
        return decide_entry(s, out, err);
    *out = choose(s, s->o->platform != NULL ? s->o->platform : oci_platform_host(), &ambiguous);
    if (ambiguous)
        return fail_with_candidates(s, OCI_E_AMBIGUOUS, "more than one image fits, name one", err);
    if (*out != NULL)
        return 0;
    if (s->o->platform != NULL)
        return fail_with_candidates(s, OCI_E_NOT_FOUND, "no image is for that platform", err);
    *out = choose(s, NULL, &ambiguous);
    if (ambiguous)
        return fail_with_candidates(s, OCI_E_NOT_FOUND, "no image is for this machine's platform, name another", err);
    warn_of_platform(s, *out);
    return 0;
}

/* The path keeps the nested indexes alive and a copy of the entry of index.json. */
static int make_path(struct search *s, const struct candidate *c, oci_path **out, oci_error *err)
{
    struct path *p = oci_calloc(1, sizeof *p);
    OCI_AUTO_BUF oci_buf json = OCI_BUF_INIT;
    const oci_descriptor *list[] = { c->steps[0] };
    oci_index one = { .manifests = list, .n_manifests = 1 };
    OCI_AUTO(oci_path) guard = p != NULL ? &p->base : NULL;
    int r;

    if (p == NULL)
        return oci_fail_nomem(err);
    r = oci_index_print(&one, &json, err);
    if (r == 0)
        r = oci_index_parse(json.data, json.len, s->o->limits, &p->top, err);
    if (r < 0)
        return r;
    memcpy(p->steps, c->steps, c->n_steps * sizeof *p->steps);
    p->steps[0] = p->top->manifests[0];
    p->indexes = s->indexes;
    s->indexes = (struct indexes) { 0 };
    p->base.steps = p->steps;
    p->base.n_steps = c->n_steps;
    *out = oci_steal(&guard);
    return 0;
}

static int resolve(oci_layout *l, const oci_resolve_options *o, bool entry, oci_path **out, oci_error *err)
{
    struct search s = { .layout = l, .o = o, .entry = entry };
    const struct candidate *chosen = NULL;
    int r = begin_search(&s, err);

    if (r == 0)
        r = collect_named(&s, err);
    if (r == 0)
        r = decide(&s, &chosen, err);
    if (r == 0)
        r = make_path(&s, chosen, out, err);
    end_search(&s);
    return r;
}

int oci_resolve(oci_layout *l, const oci_resolve_options *o, oci_path **out, oci_error *err)
{
    return resolve(l, o, false, out, err);
}

int oci_resolve_entry(oci_layout *l, const oci_resolve_options *o, oci_path **out, oci_error *err)
{
    return resolve(l, o, true, out, err);
}

/* ---- all platforms ---- */

enum { MAX_PLATFORMS = 64 };

struct each {
    int (*call)(void *ctx, const oci_platform *platform, const oci_descriptor *manifest, oci_error *err);
    void *ctx;
};

/* Whether every candidate with a platform is in the group of the first. */
static bool is_one_group(const struct search *s)
{
    const struct candidate *first = NULL;

    for (size_t i = 0; i < s->found.count; i++) {
        const struct candidate *c = &s->found.items[i];

        if (first == NULL && c->platform != NULL)
            first = c;
        if (c->platform != NULL && strcmp(c->group, first->group) != 0 && !same_image(c, first))
            return false;
    }
    return true;
}

static int call_each(const struct search *s, oci_map *platforms, const struct each *each, oci_error *err)
{
    for (size_t i = 0; i < s->found.count; i++) {
        const struct candidate *c = &s->found.items[i];
        char text[256];
        int r;

        if (c->platform == NULL)
            continue;
        r = oci_map_set(platforms, text, oci_platform_format(c->platform, text, sizeof text), NULL);
        if (r < 0)
            return oci_fail_nomem(err);
        if (r == 0)
            continue;
        if (oci_map_count(platforms) > MAX_PLATFORMS)
            return oci_fail(err, OCI_E_LIMIT, "the image is for more than %d platforms", MAX_PLATFORMS);
        r = each->call(each->ctx, c->platform, c->descriptor, err);
        if (r != 0)
            return r;
    }
    return 0;
}

static int decide_all(const struct search *s, const struct each *each, oci_error *err)
{
    OCI_AUTO(oci_map) platforms = oci_map_new();

    if (platforms == NULL)
        return oci_fail_nomem(err);
    if (!any_platform(s))
        return fail_empty(s, err);
    if (!is_one_group(s))
        return fail_with_candidates(s, OCI_E_AMBIGUOUS, "more than one image fits, name one", err);
    if (s->missing.code != 0)
        return oci_fail(err, OCI_E_INVALID, "the layout does not have all platforms: %s", s->missing.msg);
    return call_each(s, platforms, each, err);
}

int oci_resolve_each(oci_layout *l, const oci_resolve_options *o,
                     int (*call)(void *ctx, const oci_platform *platform, const oci_descriptor *manifest,
                                 oci_error *err),
                     void *ctx, oci_error *err)
{
    const struct each each = { call, ctx };
    struct search s = { .layout = l, .o = o };
    int r = begin_search(&s, err);

    if (r == 0)
        r = collect_named(&s, err);
    if (r == 0)
        r = decide_all(&s, &each, err);
    end_search(&s);
    return r;
}

/* ---- all names ---- */

/* Finds what the entries that are called so lead to. */
static int resolve_name(struct search *s, const oci_entries *entries, const char *name, const struct candidate **out,
                        oci_error *err)
{
    const oci_descriptor *d;
    size_t at = 0;
    int r = 0;

    while (r == 0 && (d = oci_entries_next(entries, name, &at)) != NULL)
        r = collect(s, d, name, err);
    return r == 0 ? decide(s, out, err) : r;
}

/* What is known of documents stays known. */
static void begin_anew(struct search *s)
{
    for (size_t i = 0; i < 2; i++)
        oci_map_clear(s->visited[i]);
    free_indexes(&s->indexes);
    s->found.count = 0;
    s->depth = 0;
    s->missing = (oci_error) { 0 };
}

int oci_resolve_names(oci_layout *l, const oci_resolve_options *o,
                      int (*call)(void *ctx, const char *name, const oci_descriptor *manifest, oci_error *err),
                      void *ctx, oci_error *err)
{
    const oci_index *top = oci_layout_index(l);
    oci_resolve_options named = *o;
    struct search s = { .layout = l, .o = &named };
    OCI_AUTO(oci_entries) entries = NULL;
    int r = begin_search(&s, err);

    if (r == 0)
        r = oci_entries_new(top, &entries, err);
    named.digest = NULL;
    for (size_t i = 0; r == 0 && i < top->n_manifests; i++) {
        const struct candidate *chosen = NULL;
        const oci_descriptor *first;
        size_t at = 0;

        named.name = name_of(top->manifests[i], OCI_ANNOTATION_REF_NAME);
        first = named.name != NULL ? oci_entries_next(entries, named.name, &at) : NULL;
        if (named.name == NULL || (first != NULL && first != top->manifests[i]))
            continue;
        r = first != NULL ? resolve_name(&s, entries, named.name, &chosen, err) : fail_unknown_name(&s, err);
        if (r == 0)
            r = call(ctx, named.name, chosen->descriptor, err);
        begin_anew(&s);
    }
    end_search(&s);
    return r;
}

void oci_path_free(oci_path *base)
{
    struct path *p = (struct path *)base;

    if (p == NULL)
        return;
    free_indexes(&p->indexes);
    oci_index_free(p->top);
    oci_free(p);
}

const oci_descriptor *oci_path_target(const oci_path *p)
{
    return p->steps[p->n_steps - 1];
}
