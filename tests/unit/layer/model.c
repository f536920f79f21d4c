/* SPDX-License-Identifier: Apache-2.0 */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What names lead to. All are kept in one list and freed together. */
struct inode {
    char type; /* of tar; '0', '2', '5', '6' */
    char *text;
    unsigned mode, uid, gid;
    long long mtime;
    unsigned links, group;
    int dressed; /* the layer that gave a directory its attributes */
    struct name *names;
    struct inode *above; /* of a directory */
    struct inode *next_of_all;
};

struct name {
    char text[64];
    int layer; /* that put it there */
    struct inode *inode;
    struct name *next; /* in order of bytes */
};

struct late {
    char name[256], target[256];
    struct late *next;
};

struct model {
    struct inode *root, *all;
    bool keep_dirlinks;
    int layer;
    struct late *late;
};

enum outcome { FOUND, ABSENT, NOT_A_DIRECTORY, LOOP };

static struct inode *new_inode(model *m, char type, const char *text)
{
    struct inode *i = calloc(1, sizeof *i);

    i->type = type;
    i->text = strdup(text != NULL ? text : "");
    i->next_of_all = m->all;
    m->all = i;
    return i;
}

/* ---- names ---- */

static struct name *find(struct inode *dir, const char *text)
{
    struct name *n = dir->names;

    while (n != NULL && strcmp(n->text, text) != 0)
        n = n->next;
    return n;
}

static void put(model *m, struct inode *dir, const char *text, struct inode *i)
{
    struct name **at = &dir->names, *n = calloc(1, sizeof *n);

    format(n->text, sizeof n->text, "%s", text);
    n->layer = m->layer;
    n->inode = i;
    i->links++;
    if (i->type == '5')
        i->above = dir;
    while (*at != NULL && strcmp((*at)->text, text) < 0)
        at = &(*at)->next;
    n->next = *at;
    *at = n;
}

static void take_away(struct inode *dir, const char *text)
{
    struct name **at = &dir->names, *gone;

    while (*at != NULL && strcmp((*at)->text, text) != 0)
        at = &(*at)->next;
    if (*at == NULL)
        return;
    gone = *at;
    *at = gone->next;
    while (gone->inode->type == '5' && gone->inode->names != NULL)
        take_away(gone->inode, gone->inode->names->text);
    gone->inode->links--;
    free(gone);
}

/* ---- paths ---- */

static struct inode *make_parent(model *m, struct inode *dir, const char *text)
{
    struct inode *i = new_inode(m, '5', NULL);

    i->mode = 0755;
    i->dressed = m->layer;
    put(m, dir, text, i);
    return i;
}

/* Follows path from the root, links included, making directories when asked to. */
static enum outcome walk(model *m, const char *path, bool make, struct inode **out)
{
    struct inode *at = m->root;
    char rest[4096], tail[4096], component[64];
    int links = 0;

    format(rest, sizeof rest, "%s", path);
    while (rest[0] != '\0') {
        size_t n = strcspn(rest, "/");
        struct name *name;

        format(component, sizeof component, "%.*s", (int)n, rest);
        format(tail, sizeof tail, "%s", rest + n + strspn(rest + n, "/"));
        strcpy(rest, tail);
        if (component[0] == '\0' || strcmp(component, ".") == 0)
            continue;
        if (strcmp(component, "..") == 0) {
            at = at == m->root ? at : at->above;
            continue;
        }
        name = find(at, component);
        if (name == NULL && !make)
            return ABSENT;
        if (name == NULL) {
            at = make_parent(m, at, component);
        } else if (name->inode->type == '2') {
            if (++links > 40)
                return LOOP;
            format(rest, sizeof rest, "%s/%s", name->inode->text, tail);
            at = name->inode->text[0] == '/' ? m->root : at;
        } else if (name->inode->type != '5') {
            return NOT_A_DIRECTORY;
        } else {
            at = name->inode;
        }
    }
    *out = at;
    return FOUND;
}

static enum outcome parent_of(model *m, const char *path, bool make, struct inode **dir, const char **base)
{
    const char *slash = strrchr(path, '/');
    char parent[4096];

    *base = slash != NULL ? slash + 1 : path;
    format(parent, sizeof parent, "%.*s", slash != NULL ? (int)(slash - path) : 0, path);
    return walk(m, parent, make, dir);
}

/* ---- whiteouts ---- */

static bool hide(model *m, struct inode *dir, struct name *n);

static void hide_below(model *m, struct inode *dir)
{
    struct name *n = dir->names, *next;

    for (; n != NULL; n = next) {
        next = n->next;
        hide(m, dir, n);
    }
}

/* Whether the name is gone. */
static bool hide(model *m, struct inode *dir, struct name *n)
{
    struct inode *i = n->inode;

    if (i->type == '5')
        hide_below(m, i);
    if (n->layer != m->layer && (i->type != '5' || i->names == NULL)) {
        take_away(dir, n->text);
        return true;
    }
    if (i->type == '5' && i->dressed != m->layer) {
        i->mode = 0755;
        i->uid = i->gid = 0;
        i->mtime = 0;
        i->dressed = m->layer;
    }
    return false;
}

static bool whiteout(model *m, const char *path)
{
    char target[4096], directory[4096];
    const char *base;
    struct inode *dir;
    struct name *n;
    enum outcome o;
    const char *slash = strrchr(path, '/');

    format(directory, sizeof directory, "%.*s", slash != NULL ? (int)(slash - path) : 0, path);
    base = slash != NULL ? slash + 1 : path;
    if (strcmp(base, ".wh..wh..opq") == 0) {
        o = walk(m, directory, false, &dir);
        if (o == FOUND)
            hide_below(m, dir);
        return o != LOOP;
    }
    format(target, sizeof target, "%s/%s", directory, base + 4);
    o = parent_of(m, target, false, &dir, &base);
    n = o == FOUND ? find(dir, base) : NULL;
    if (n != NULL)
        hide(m, dir, n);
    return o != LOOP;
}

/* ---- entries ---- */

static void dress(model *m, struct inode *i, const struct item *e)
{
    i->mode = e->mode != 0 ? e->mode & 07777 : e->type == '5' ? 0755 : 0644;
    i->uid = e->uid;
    i->gid = e->gid;
    i->mtime = e->mtime;
    i->dressed = m->layer;
}

static bool apply_directory(model *m, struct inode *dir, const char *base, const struct item *e)
{
    struct name *n = find(dir, base);
    struct inode *linked = NULL;

    if (n != NULL && n->inode->type == '2' && m->keep_dirlinks && walk(m, e->name, false, &linked) == FOUND) {
        n->layer = m->layer;
        dress(m, linked, e);
        return true;
    }
    if (n != NULL && n->inode->type == '5') {
        n->layer = m->layer;
        dress(m, n->inode, e);
        return true;
    }
    take_away(dir, base);
    linked = new_inode(m, '5', NULL);
    put(m, dir, base, linked);
    dress(m, linked, e);
    return true;
}

/* The link can be made now: 1, 0 when the target is not there, -1 when it never can. */
static int apply_link(model *m, struct inode *dir, const char *base, const char *target)
{
    struct inode *from;
    const char *name;
    struct name *n;
    enum outcome o = parent_of(m, target, false, &from, &name);

    if (o == LOOP)
        return -1;
    n = o == FOUND ? find(from, name) : NULL;
    if (n == NULL)
        return 0;
    if (n->inode->type == '5' || (from == dir && strcmp(base, name) == 0))
        return -1;
    /* Removing a directory may remove the target with it. */
    if (find(dir, base) != NULL && find(dir, base)->inode->type == '5')
        for (struct inode *up = from; up != NULL && up != m->root; up = up->above)
            if (up == find(dir, base)->inode)
                return -1;
    struct inode *i = n->inode;
    take_away(dir, base);
    put(m, dir, base, i);
    return 1;
}

static void postpone(model *m, const struct item *e)
{
    struct late **at = &m->late, *l;

    while (*at != NULL && strcmp((*at)->name, e->name) != 0)
        at = &(*at)->next;
    if (*at != NULL) {
        l = *at;
        *at = l->next;
        free(l);
    }
    for (at = &m->late; *at != NULL; at = &(*at)->next)
        ;
    *at = l = calloc(1, sizeof *l);
    format(l->name, sizeof l->name, "%s", e->name);
    format(l->target, sizeof l->target, "%s", e->text);
}

static bool apply_item(model *m, const struct item *e)
{
    struct inode *dir, *i;
    const char *base;
    int r;

    if (strncmp(strrchr(e->name, '/') != NULL ? strrchr(e->name, '/') + 1 : e->name, ".wh.", 4) == 0)
        return whiteout(m, e->name);
    if (e->type == '1') {
        struct inode *ignored;

        /* A target that can never be is refused before anything is made. */
        if (parent_of(m, e->text, false, &ignored, &base) == LOOP)
            return false;
        if (walk(m, "", false, &ignored) == FOUND && parent_of(m, e->text, false, &ignored, &base) == FOUND &&
            find(ignored, base) != NULL && find(ignored, base)->inode->type == '5')
            return false;
    }
    bool target_there = false;
    if (e->type == '1' && parent_of(m, e->text, false, &dir, &base) == FOUND)
        target_there = find(dir, base) != NULL;
    if (parent_of(m, e->name, true, &dir, &base) != FOUND)
        return false;
    if (e->type == '5')
        return apply_directory(m, dir, base, e);
    if (e->type == '1') {
        r = target_there ? apply_link(m, dir, base, e->text) : 0;
        if (r == 0) {
            take_away(dir, base);
            postpone(m, e);
        }
        return r >= 0;
    }
    take_away(dir, base);
    i = new_inode(m, e->type, e->text);
    put(m, dir, base, i);
    dress(m, i, e);
    return true;
}

/* The links whose target was missing, until no more can be made. */
static bool apply_late(model *m)
{
    bool progress = true;

    while (m->late != NULL && progress) {
        struct late **at = &m->late;

        progress = false;
        while (*at != NULL) {
            struct late *l = *at;
            struct inode *dir;
            const char *base;
            int r = -1;

            if (parent_of(m, l->name, true, &dir, &base) == FOUND) {
                struct name *n = find(dir, base);

                r = n != NULL && n->layer == m->layer ? 1 : apply_link(m, dir, base, l->target);
            }
            if (r < 0)
                return false;
            if (r == 0) {
                at = &l->next;
                continue;
            }
            *at = l->next;
            free(l);
            progress = true;
        }
    }
    return m->late == NULL;
}

bool model_apply(model *m, const struct layer *layer)
{
    m->layer++;
    for (size_t i = 0; i < layer->count; i++)
        if (!apply_item(m, &layer->items[i]))
            return false;
    return apply_late(m);
}

/* ---- listing ---- */

static void list(struct inode *dir, const char *prefix, unsigned flags, unsigned *groups, oci_buf *out)
{
    for (struct name *n = dir->names; n != NULL; n = n->next) {
        struct inode *i = n->inode;
        char path[4096];

        format(path, sizeof path, "%s%s", prefix, n->text);
        oci_buf_printf(out, NULL, "%s %c", path,
                       i->type == '0'   ? '-'
                       : i->type == '2' ? 'l'
                       : i->type == '5' ? 'd'
                                        : 'p');
        if (i->type != '2')
            oci_buf_printf(out, NULL, " %04o", i->mode);
        if ((flags & LIST_NO_OWNER) == 0)
            oci_buf_printf(out, NULL, " %u:%u", i->uid, i->gid);
        oci_buf_printf(out, NULL, " %lld", i->mtime);
        if (i->type != '5' && i->links > 1) {
            if (i->group == 0)
                i->group = ++*groups;
            oci_buf_printf(out, NULL, " =%u", i->group);
        }
        oci_buf_printf(out, NULL, " %s\n", i->text);
        strcat(path, "/");
        if (i->type == '5')
            list(i, path, flags, groups, out);
    }
}

char *model_list(model *m, unsigned flags)
{
    oci_buf out = OCI_BUF_INIT;
    unsigned groups = 0;
    char *text;

    for (struct inode *i = m->all; i != NULL; i = i->next_of_all)
        i->group = 0;
    oci_buf_puts(&out, "", NULL);
    list(m->root, "", flags, &groups, &out);
    text = strdup(out.data);
    oci_buf_free(&out);
    return text;
}

model *model_new(bool keep_dirlinks)
{
    model *m = calloc(1, sizeof *m);

    m->keep_dirlinks = keep_dirlinks;
    m->root = new_inode(m, '5', NULL);
    return m;
}

void model_free(model *m)
{
    for (struct inode *i = m->all, *next; i != NULL; i = next) {
        next = i->next_of_all;
        for (struct name *n = i->names, *after; n != NULL; n = after) {
            after = n->next;
            free(n);
        }
        free(i->text);
        free(i);
    }
    for (struct late *l = m->late, *next; l != NULL; l = next) {
        next = l->next;
        free(l);
    }
    free(m);
}
