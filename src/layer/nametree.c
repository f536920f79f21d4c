/* SPDX-License-Identifier: Apache-2.0 */
#include "nametree.h"

#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/fail.h"
#include "base/hash.h"
#include "base/vec.h"
#include "plan.h"

enum { MAX_LINKS = 40 /* the kernel's number */, MAX_NAMES = 8 * 1024 * 1024 };
/* Components on the way of one path, links included: as many as walk.c passes through. */
enum { MAX_STEPS = 8192 };
/* Bytes of links that are gone through, in all and more for each path: an image of a few links and many paths through
 * them would cost more than it weighs. */
#define MAX_FOLLOWED      UINT64_C(0x1000000)
#define MAX_FOLLOWED_EACH UINT64_C(256)
enum { MAX_TEXT = 256 * 1024 * 1024 /* bytes of names and targets of links */ };

/* ---- texts ---- */

/* Copies n bytes into *out. */
static int keep_text(oci_nametree *t, const char *text, size_t n, char **out, oci_error *err)
{
    if (n >= MAX_TEXT - t->text)
        return oci_fail(err, OCI_E_LIMIT, "the names of the layers are larger than %d bytes", MAX_TEXT);
    *out = oci_strndup(text, n);
    if (*out == NULL)
        return oci_fail_nomem(err);
    t->text += n + 1;
    return 0;
}

static void drop_text(oci_nametree *t, char *text)
{
    if (text != NULL)
        t->text -= strlen(text) + 1;
    oci_free(text);
}

/* ---- nodes ---- */

int oci_node_add(oci_nametree *t, oci_tar_type type, const char *link, uint32_t *out, oci_error *err)
{
    oci_node node = { .type = type, .first = OCI_NUMBER_NONE, .name = OCI_NUMBER_NONE };
    int r = 0;

    *out = t->free_node;
    if (*out == OCI_NUMBER_NONE) {
        *out = (uint32_t)t->nodes.count;
        if (!OCI_VEC_PUSH(&t->nodes, node))
            return oci_fail_nomem(err);
    } else {
        t->free_node = oci_node_at(t, *out)->first;
        *oci_node_at(t, *out) = node;
    }
    if (link != NULL)
        r = keep_text(t, link, strlen(link), &oci_node_at(t, *out)->link, err);
    if (r < 0)
        oci_node_drop(t, *out);
    return r;
}

void oci_node_drop(oci_nametree *t, uint32_t i)
{
    oci_node *node = oci_node_at(t, i);

    drop_text(t, node->link);
    *node = (oci_node) { .type = OCI_TAR_UNKNOWN, .first = t->free_node, .name = OCI_NUMBER_NONE };
    t->free_node = i;
}

/* ---- names ---- */

/* The bucket of a name: names know the next one of theirs, so that no text is kept twice. */
static uint32_t *bucket_of(const oci_nametree *t, uint32_t dir, const char *text, size_t n)
{
    const uint64_t seed[2] = { t->seed[0], t->seed[1] ^ dir };

    return &t->buckets[oci_siphash(seed, text, n) & (t->n_buckets - 1)];
}

/* The name of n bytes in dir, or OCI_NUMBER_NONE. */
uint32_t oci_name_find(const oci_nametree *t, uint32_t dir, const char *text, size_t n)
{
    uint32_t i = *bucket_of(t, dir, text, n);

    for (; i != OCI_NUMBER_NONE; i = oci_name_at(t, i)->chain) {
        const oci_name *name = oci_name_at(t, i);

        if (name->dir == dir && strncmp(name->text, text, n) == 0 && name->text[n] == '\0')
            return i;
    }
    return OCI_NUMBER_NONE;
}

static void chain(oci_nametree *t, uint32_t i)
{
    oci_name *name = oci_name_at(t, i);
    uint32_t *bucket = bucket_of(t, name->dir, name->text, strlen(name->text));

    name->chain = *bucket;
    *bucket = i;
}

static void unchain(oci_nametree *t, uint32_t i)
{
    const oci_name *name = oci_name_at(t, i);
    uint32_t *at = bucket_of(t, name->dir, name->text, strlen(name->text));

    while (*at != i)
        at = &oci_name_at(t, *at)->chain;
    *at = name->chain;
}

/* Makes room in the buckets, so that there is one for each name. */
static int grow_buckets(oci_nametree *t, oci_error *err)
{
    size_t n = t->n_buckets > 0 ? 2 * t->n_buckets : 64;
    uint32_t *buckets = oci_calloc(n, sizeof *buckets);

    if (buckets == NULL)
        return oci_fail_nomem(err);
    memset(buckets, 0xff, n * sizeof *buckets); /* OCI_NUMBER_NONE */
    oci_free(t->buckets);
    t->buckets = buckets;
    t->n_buckets = n;
    for (size_t i = 0; i < t->names.count; i++)
        if (t->names.items[i].text != NULL)
            chain(t, (uint32_t)i);
    return 0;
}

static int take_name(oci_nametree *t, uint32_t *out, oci_error *err)
{
    *out = t->free_name;
    if (*out != OCI_NUMBER_NONE) {
        t->free_name = oci_name_at(t, *out)->next;
        return 0;
    }
    if (t->names.count == MAX_NAMES)
        return oci_fail(err, OCI_E_LIMIT, "the layers have more than %d names", MAX_NAMES);
    *out = (uint32_t)t->names.count;
    return OCI_VEC_PUSH(&t->names, (oci_name) { 0 }) ? 0 : oci_fail_nomem(err);
}

static void release_name(oci_nametree *t, uint32_t i)
{
    drop_text(t, oci_name_at(t, i)->text);
    *oci_name_at(t, i) = (oci_name) { .next = t->free_name };
    t->free_name = i;
}

/* There must be no such name. */
int oci_name_put(oci_nametree *t, uint32_t dir, const char *text, size_t n, uint32_t node, oci_error *err)
{
    oci_name *name;
    uint32_t i = OCI_NUMBER_NONE;
    int r = 0;

    if (n > OCI_TAR_NAME_MAX)
        return oci_fail(err, OCI_E_INVALID, "a name has more than %d bytes", OCI_TAR_NAME_MAX);
    if (t->n_names == t->n_buckets)
        r = grow_buckets(t, err);
    if (r == 0)
        r = take_name(t, &i, err);
    if (r < 0)
        return r;
    r = keep_text(t, text, n, &oci_name_at(t, i)->text, err);
    if (r < 0) {
        release_name(t, i);
        return r;
    }
    name = oci_name_at(t, i);
    *name = (oci_name) { .text = name->text, .dir = dir, .node = node, .layer = t->layer, .prev = OCI_NUMBER_NONE };
    chain(t, i);
    t->n_names++;
    name->next = oci_node_at(t, dir)->first;
    if (name->next != OCI_NUMBER_NONE)
        oci_name_at(t, name->next)->prev = i;
    oci_node_at(t, dir)->first = i;
    oci_node_at(t, node)->links++;
    if (oci_node_is_dir(t, node))
        oci_node_at(t, node)->name = i;
    return 0;
}

/* Takes away one name that has nothing below it. */
void oci_name_drop(oci_nametree *t, uint32_t i)
{
    oci_name *name = oci_name_at(t, i);
    uint32_t node = name->node;

    unchain(t, i);
    t->n_names--;
    if (name->prev != OCI_NUMBER_NONE)
        oci_name_at(t, name->prev)->next = name->next;
    else
        oci_node_at(t, name->dir)->first = name->next;
    if (name->next != OCI_NUMBER_NONE)
        oci_name_at(t, name->next)->prev = name->prev;
    release_name(t, i);
    if (--oci_node_at(t, node)->links == 0)
        oci_node_drop(t, node);
}

static uint32_t deepest_first(const oci_nametree *t, uint32_t name)
{
    while (oci_node_is_dir(t, oci_name_at(t, name)->node) &&
           oci_node_at(t, oci_name_at(t, name)->node)->first != OCI_NUMBER_NONE)
        name = oci_node_at(t, oci_name_at(t, name)->node)->first;
    return name;
}

/* Takes away a name with all that is below it. */
void oci_name_remove(oci_nametree *t, uint32_t name)
{
    uint32_t at;

    do {
        at = deepest_first(t, name);
        oci_name_drop(t, at);
    } while (at != name);
}

/* ---- paths ---- */

static int make_dir(oci_nametree *t, uint32_t dir, const char *text, size_t n, uint32_t *out, oci_error *err)
{
    int r;

    if (oci_whiteout_of(text, n) != OCI_WHITEOUT_NONE)
        return oci_fail(err, OCI_E_INVALID, "a symbolic link leads to '%.*s', which is the name of a whiteout", (int)n,
                        text);
    t->made++;
    r = oci_node_add(t, OCI_TAR_DIR, NULL, out, err);
    return r < 0 ? r : oci_name_put(t, dir, text, n, *out, err);
}

/* What is left of a path, or of the target of a link on it. */
struct text {
    const char *at, *end;
    bool directory; /* it has to end at one: slashes follow on it */
};

/* A path that is being followed. The text on top goes first; where a link is met, its target is put there. */
struct walk {
    struct text texts[MAX_LINKS + 1];
    size_t depth;
    unsigned links, steps;
    bool make;    /* make directories that are missing */
    bool to_file; /* the path may end at something that is no directory: */
    uint32_t at;  /* where the walk is: a directory, or that end */
};

static int follow(oci_nametree *t, struct walk *w, const char *target, bool directory, oci_error *err)
{
    const size_t n = strlen(target);

    if (w->links++ >= MAX_LINKS)
        return oci_fail(err, OCI_E_UNSAFE, "more than %d symbolic links", MAX_LINKS);
    t->followed += n + 1;
    if (t->followed > MAX_FOLLOWED + t->lookups * MAX_FOLLOWED_EACH)
        return oci_fail(err, OCI_E_LIMIT,
                        "the paths of the layers go through symbolic links of more than %" PRIu64 " bytes",
                        MAX_FOLLOWED + t->lookups * MAX_FOLLOWED_EACH);
    if (target[0] == '/')
        w->at = OCI_NODE_ROOT;
    w->texts[w->depth++] = (struct text) { target, target + n, directory };
    return 0;
}

/* Goes on with a component of n bytes, which has to be a directory when slashes follow. */
static int step(oci_nametree *t, struct walk *w, const char *text, size_t n, bool directory, oci_error *err)
{
    uint32_t name = oci_name_find(t, w->at, text, n), node;

    if (name == OCI_NUMBER_NONE && !w->make)
        return oci_fail(err, OCI_E_NOT_FOUND, "'%.*s' is not there", (int)n, text);
    if (name == OCI_NUMBER_NONE)
        return make_dir(t, w->at, text, n, &w->at, err);
    node = oci_name_at(t, name)->node;
    if (oci_node_at(t, node)->type == OCI_TAR_SYMLINK)
        return follow(t, w, oci_node_at(t, node)->link, directory, err);
    if (!oci_node_is_dir(t, node) && (directory || !w->to_file))
        return oci_fail(err, OCI_E_INVALID, "'%.*s' is not a directory", (int)n, text);
    w->at = node;
    return 0;
}

static uint32_t above(const oci_nametree *t, uint32_t dir)
{
    return dir == OCI_NODE_ROOT ? OCI_NODE_ROOT : oci_name_at(t, oci_node_at(t, dir)->name)->dir;
}

static const char *skip_slashes(const struct text *text)
{
    const char *p = text->at;

    while (p < text->end && *p == '/')
        p++;
    return p;
}

/* Cuts the next component off what is left; its length, 0 at the end. What is at its end makes room. */
static size_t next_component(struct walk *w, const char **start, bool *directory)
{
    while (w->depth > 0) {
        struct text *top = &w->texts[w->depth - 1];
        const char *slash, *at = skip_slashes(top);

        slash = at < top->end ? memchr(at, '/', (size_t)(top->end - at)) : NULL;
        top->at = slash != NULL ? slash : top->end;
        *start = at;
        *directory = slash != NULL || top->directory;
        if (skip_slashes(top) == top->end)
            w->depth--;
        if (top->at > at)
            return (size_t)(top->at - at);
    }
    return 0;
}

/* Follows the n bytes of path, links included. */
static int walk(oci_nametree *t, const char *path, size_t n, struct walk *w, oci_error *err)
{
    const char *text;
    bool directory;
    size_t length;
    int r = 0;

    t->lookups++;
    w->texts[w->depth++] = (struct text) { path, path + n, false };
    w->at = OCI_NODE_ROOT;
    while (r == 0 && (length = next_component(w, &text, &directory)) > 0) {
        if (w->steps++ >= MAX_STEPS)
            return oci_fail(err, OCI_E_UNSAFE, "a path of more than %d components", MAX_STEPS);
        if (length == 1 && text[0] == '.')
            continue;
        if (length == 2 && text[0] == '.' && text[1] == '.')
            w->at = above(t, w->at);
        else
            r = step(t, w, text, length, directory, err);
    }
    return r;
}

int oci_nametree_find_dir(oci_nametree *t, const char *path, size_t n, bool make, uint32_t *out, oci_error *err)
{
    struct walk w = { .make = make };
    int r = walk(t, path, n, &w, err);

    if (r == 0)
        *out = w.at;
    return r;
}

/* The directory above the last component. */
int oci_nametree_find_parent(oci_nametree *t, const char *path, bool make, uint32_t *out, const char **base,
                             oci_error *err)
{
    const char *slash = strrchr(path, '/');

    *base = slash != NULL ? slash + 1 : path;
    return oci_nametree_find_dir(t, path, slash != NULL ? (size_t)(slash - path) : 0, make, out, err);
}

/* Puts the path of the name in front of what is there. */
int oci_name_path(const oci_nametree *t, uint32_t name, oci_buf *out, oci_error *err)
{
    size_t length = 0;
    uint32_t at = name;
    int r;

    for (uint32_t n = name; n != OCI_NUMBER_NONE; n = oci_node_at(t, oci_name_at(t, n)->dir)->name)
        length += strlen(oci_name_at(t, n)->text) + 1;
    out->len = 0;
    r = oci_buf_reserve(out, length, err);
    if (r < 0)
        return r;
    out->len = length - 1;
    out->data[length - 1] = '\0';
    for (size_t end = length - 1;; end--) {
        size_t n = strlen(oci_name_at(t, at)->text);

        end -= n;
        memcpy(out->data + end, oci_name_at(t, at)->text, n);
        if (end == 0)
            return 0;
        out->data[end - 1] = '/';
        at = oci_node_at(t, oci_name_at(t, at)->dir)->name;
    }
}

int oci_nametree_find_end(oci_nametree *t, const char *path, uint32_t *node, oci_error *err)
{
    struct walk w = { .to_file = true };
    int r = walk(t, path, strlen(path), &w, err);

    if (r == 0)
        *node = w.at;
    return r;
}

/* ---- beginning and end ---- */

int oci_nametree_init(oci_nametree *t, oci_error *err)
{
    uint32_t root;
    int r;

    *t = (oci_nametree) { .free_name = OCI_NUMBER_NONE, .free_node = OCI_NUMBER_NONE };
    oci_hash_seed(t->seed);
    r = grow_buckets(t, err);
    return r < 0 ? r : oci_node_add(t, OCI_TAR_DIR, NULL, &root, err);
}

void oci_nametree_clear(oci_nametree *t)
{
    for (size_t i = 0; i < t->names.count; i++)
        oci_free(t->names.items[i].text);
    for (size_t i = 0; i < t->nodes.count; i++)
        oci_free(t->nodes.items[i].link);
    oci_free(t->names.items);
    oci_free(t->nodes.items);
    oci_free(t->buckets);
    *t = (oci_nametree) { 0 };
}
