/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_TESTS_UNIT_LAYER_FIXTURE_H
#define OCI_TESTS_UNIT_LAYER_FIXTURE_H
/*
 * Layers from rows, a place to apply them in, and a way to write down what a tree looks like.
 *
 * The place is TOP/root in a scratch directory; beside it lies TOP/canary, which nothing may ever touch.
 */
#include <stdbool.h>

#include "test.h"

#include "base/buf.h"
#include "layer/applier.h"

/* An entry. type is a letter of tar: '0' file, '1' hard link, '2' symbolic link, '3' and '4' devices, '5' directory,
 * '6' pipe. name is written as it is. */
struct item {
    char type;
    const char *name;
    const char *text; /* the content, or where a link leads */
    unsigned mode;    /* 0: 0644, of directories 0755; MODE(0) for none at all */
    unsigned uid, gid;
    long long mtime;
    const char *mtime_text; /* instead of mtime, in a pax record */
    unsigned major, minor;
    const char *xattrs; /* "name=value;name=value" */
    const char *pax;    /* other records, alike */
};
#define MODE(bits) (0x10000u | (bits))

/* Rows for a layer; what follows are more members, with their names. */
#define A_FILE(n, content, ...)                                                                                        \
    {                                                                                                                  \
        .type = '0', .name = (n), .text = (content), __VA_ARGS__                                                       \
    }
#define A_DIR(n, ...)                                                                                                  \
    {                                                                                                                  \
        .type = '5', .name = (n), __VA_ARGS__                                                                          \
    }
#define A_SYMLINK(n, target, ...)                                                                                      \
    {                                                                                                                  \
        .type = '2', .name = (n), .text = (target), __VA_ARGS__                                                        \
    }
#define A_HARDLINK(n, target, ...)                                                                                     \
    {                                                                                                                  \
        .type = '1', .name = (n), .text = (target), __VA_ARGS__                                                        \
    }
#define A_NODE(t, n, ...)                                                                                              \
    {                                                                                                                  \
        .type = (t), .name = (n), __VA_ARGS__                                                                          \
    }
#define A_WHITEOUT(n)                                                                                                  \
    {                                                                                                                  \
        .type = '0', .name = (n)                                                                                       \
    }

struct layer {
    const struct item *items;
    size_t count;
};
#define LAYER(...)                                                                                                     \
    {                                                                                                                  \
        (const struct item[]) { __VA_ARGS__ }, sizeof((const struct item[]) { __VA_ARGS__ }) / sizeof(struct item)     \
    }

/* Writes the layer as a tar archive. */
void write_layer(oci_buf *out, const struct layer *layer);

struct world {
    char path[64];
    int top, root;
    oci_apply_options options;
    oci_events events;        /* of options that have none */
    bool walk;                /* without openat2 */
    const oci_shadow *shadow; /* what is foreseen; or NULL */
    char warnings[2048];      /* of the last apply, joined */
    oci_apply_stats stats;    /* of the last apply, all layers together */
    char *canary;             /* what it looked like */
};

void world_new(struct world *w);
void world_free(struct world *w);
/* Empties the root. */
void world_reset(struct world *w);
/* Applies the layers and finishes. */
int world_apply(struct world *w, const struct layer *layers, size_t count, oci_applier **keep, oci_error *err);
/* Fails the test when anything beside the root has changed. */
void world_check_canary(struct world *w);

/* What is below dirfd, sorted, one line each: "PATH TYPE MODE UID:GID MTIME #LINKS CONTENT {XATTRS}". Files with
 * several names have "=N" with the same N. NULL for dirfd that cannot be read. The caller frees it. */
enum { LIST_CTIME = 1, LIST_NO_OWNER = 2 };
char *list_tree(int dirfd, const char *but, unsigned flags);
/* Fails with both texts unless they are equal; frees got. */
void assert_tree(char *got, const char *want);

bool there(const struct world *w, const char *path); /* in the root, not followed */
struct stat stat_of(const struct world *w, const char *path);
/* The content of a file or link, static. */
const char *content_of(const struct world *w, const char *path);

/* snprintf of what must fit. */
void format(char *out, size_t cap, const char *fmt, ...) OCI_PRINTF(3, 4);

/* Whether this user may make devices and give files away. */
bool is_privileged(void);
/* Runs f in a child that is an ordinary user; false when that cannot be. f returns 0 when all is well. */
bool as_ordinary_user(int (*f)(void *ctx), void *ctx);

#endif
