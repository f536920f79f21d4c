/* SPDX-License-Identifier: Apache-2.0 */
#include "stacks.h"

#include <stdlib.h>
#include <string.h>

static void random_path(char out[64], unsigned deep)
{
    static const char *const names[] = { "a", "b", "c", "l" };

    out[0] = '\0';
    for (unsigned n = 1 + pick(deep); n > 0; n--) {
        strcat(out, names[pick(4)]);
        if (n > 1)
            strcat(out, "/");
    }
}

static void random_whiteout(char out[64])
{
    char path[64];
    char *slash;

    random_path(path, 3);
    slash = strrchr(path, '/');
    if (pick(3) == 0)
        format(out, 64, "%.*s.wh..wh..opq", slash != NULL ? (int)(slash - path) + 1 : 0, path);
    else
        format(out, 64, "%.*s.wh.%s", slash != NULL ? (int)(slash - path) + 1 : 0, path,
               slash != NULL ? slash + 1 : path);
}

static void random_item(struct item *i, char texts[2][64], bool links)
{
    static const char *const targets[] = { "a", "b", "/", "..", "/b", "../a", "a/b", "l", "/c/a", "." };
    static const unsigned modes[] = { 0, 0700, 01777, 0750 };
    unsigned kind = pick(20);

    *i = (struct item) { .type = '0', .name = texts[0], .text = texts[1] };
    texts[1][0] = '\0';
    random_path(texts[0], 3);
    i->mtime = pick(5) * 100;
    i->mode = modes[pick(4)];
    if (is_privileged())
        i->uid = pick(3);
    if (kind < 6) {
        i->type = '5';
    } else if (kind < 10) {
        format(texts[1], 64, "%u", pick(1000));
    } else if (kind < 12) {
        i->type = links ? '2' : '6';
        format(texts[1], 64, "%s", links ? targets[pick(10)] : "");
    } else if (kind < 14 && links) {
        i->type = '1';
        random_path(texts[1], 2);
    } else if (kind < 15) {
        i->type = '6';
    } else {
        random_whiteout(texts[0]);
    }
    if (i->type == '2')
        i->mode = 0777;
}

void random_stack(struct stack *s, uint64_t seed, bool links)
{
    random_seed(seed);
    s->count = 1 + pick(MAX_LAYERS);
    for (size_t l = 0; l < s->count; l++) {
        s->layers[l] = (struct layer) { s->items[l], 1 + pick(MAX_ITEMS) };
        for (size_t i = 0; i < s->layers[l].count; i++)
            random_item(&s->items[l][i], s->texts[l][i], links);
    }
}

void stack_print(const struct stack *s)
{
    for (size_t l = 0; l < s->count; l++)
        for (size_t i = 0; i < s->layers[l].count; i++)
            print_error("%zu: %c %s %s mode=%o mtime=%lld\n", l, s->items[l][i].type, s->items[l][i].name,
                        s->items[l][i].text, s->items[l][i].mode, s->items[l][i].mtime);
}

bool stack_to_model(const struct stack *s, bool keep_dirlinks, char **list)
{
    model *m = model_new(keep_dirlinks);
    bool can = true;

    for (size_t i = 0; can && i < s->count; i++)
        can = model_apply(m, &s->layers[i]);
    *list = can ? model_list(m, is_privileged() ? 0 : LIST_NO_OWNER) : NULL;
    model_free(m);
    return can;
}

void stack_make_possible(struct stack *s, bool keep_dirlinks)
{
    char *list = NULL;

    while (!stack_to_model(s, keep_dirlinks, &list)) {
        unsigned layer = pick((unsigned)s->count);
        struct item *items = s->items[layer];
        size_t at, n = s->layers[layer].count;

        if (n == 0)
            continue;
        at = pick((unsigned)n);
        s->layers[layer].count--;
        memmove(items + at, items + at + 1, (n - at - 1) * sizeof *items);
    }
    free(list);
}
