/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From JSON pointers to places in the text. The pointers become a tree of names that the scanner walks along, so that
 * a pass costs what the text and the pointers are long, however many there are of them.
 */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/fail.h"
#include "base/map.h"
#include "base/vec.h"

#include "scan.h"

enum { DOCUMENT = 0 };
#define NO_NODE SIZE_MAX

struct node {
    size_t up;
    size_t offset;
    bool found;
};

/* A container that is open around the place. */
struct frame {
    size_t node; /* NO_NODE: nothing in it is wanted */
    size_t index;
    bool is_array;
};

struct locate {
    oci_map *children; /* the number of the node above and a name: the number of the node */
    oci_buf key;
    struct {
        struct node *items;
        size_t count, cap;
    } nodes;
    struct {
        struct frame *items;
        size_t count, cap;
    } open;
    size_t *ends; /* the node of each pointer */
    size_t next;  /* the node of the value behind the name that was read last */
};

static int set_key(struct locate *l, size_t node, const char *name, size_t n)
{
    int r;

    l->key.len = 0;
    r = oci_buf_append(&l->key, &node, sizeof node, NULL);
    return r < 0 ? r : oci_buf_append(&l->key, name, n, NULL);
}

/* 1 and the child, 0 when it is none that is wanted. */
static int find_child(struct locate *l, size_t node, const char *name, size_t n, size_t *out)
{
    void *value;
    int r;

    *out = NO_NODE;
    if (node == NO_NODE)
        return 0;
    r = set_key(l, node, name, n);
    if (r < 0 || !oci_map_get(l->children, l->key.data, l->key.len, &value))
        return r;
    *out = (uintptr_t)value;
    return 1;
}

static int add_child(struct locate *l, size_t node, const char *name, size_t n, size_t *out)
{
    int r = find_child(l, node, name, n, out);

    if (r != 0)
        return r;
    *out = l->nodes.count;
    if (!OCI_VEC_PUSH(&l->nodes, (struct node) { .up = node }))
        return OCI_E_NOMEM;
    return oci_map_set(l->children, l->key.data, l->key.len, (void *)(uintptr_t)*out);
}

/* One name of a pointer, unescaped (RFC 6901 section 4). */
static int read_name(oci_buf *out, const char *s, size_t n)
{
    int r = 0;

    out->len = 0;
    for (size_t i = 0; r == 0 && i < n; i++) {
        bool escape = s[i] == '~' && i + 1 < n && (s[i + 1] == '0' || s[i + 1] == '1');

        r = oci_buf_putc(out, escape ? (s[i + 1] == '0' ? '~' : '/') : s[i], NULL);
        i += escape;
    }
    return r;
}

static int add_pointer(struct locate *l, const char *pointer, size_t *end)
{
    OCI_AUTO_BUF oci_buf name = OCI_BUF_INIT;
    size_t node = DOCUMENT;
    int r = oci_buf_puts(&name, "", NULL);

    while (r >= 0 && *pointer == '/') {
        size_t n = strcspn(++pointer, "/");

        r = read_name(&name, pointer, n);
        if (r == 0)
            r = add_child(l, node, name.data, name.len, &node);
        pointer += n;
    }
    *end = node;
    return r < 0 ? r : 0;
}

/* The node of the value that comes now. */
static int node_of_value(struct locate *l, size_t *out)
{
    struct frame *top = l->open.count > 0 ? &l->open.items[l->open.count - 1] : NULL;
    char index[24];

    *out = DOCUMENT;
    if (top == NULL)
        return 0;
    *out = l->next;
    if (!top->is_array)
        return 0;
    return find_child(l, top->node, index, (size_t)snprintf(index, sizeof index, "%zu", top->index++), out);
}

static int take_token(struct locate *l, const oci_json_token *token)
{
    size_t node;
    int r;

    if (token->type == OCI_JSON_CLOSE) {
        l->open.count--;
        return 0;
    }
    if (token->type == OCI_JSON_NAME) {
        r = find_child(l, l->open.items[l->open.count - 1].node, token->text, token->len, &l->next);
        return r < 0 ? r : 0;
    }
    r = node_of_value(l, &node);
    if (r < 0)
        return r;
    if (node != NO_NODE) {
        l->nodes.items[node].found = true;
        l->nodes.items[node].offset = token->offset;
    }
    if (token->type != OCI_JSON_OBJECT && token->type != OCI_JSON_ARRAY)
        return 0;
    return OCI_VEC_PUSH(&l->open, (struct frame) { node, 0, token->type == OCI_JSON_ARRAY }) ? 0 : OCI_E_NOMEM;
}

static int scan(struct locate *l, const char *s, size_t n, oci_error *err)
{
    static const oci_limits none = { .max_document = SIZE_MAX, .max_depth = UINT32_MAX };
    OCI_AUTO(oci_json_scanner) scanner = NULL;
    oci_json_token token;
    int r = oci_json_scanner_new(s, n, &none, &scanner, err);

    while (r >= 0 && (r = oci_json_scanner_next(scanner, &token, err)) > 0)
        if (take_token(l, &token) < 0)
            return oci_fail_nomem(err);
    return r;
}

static int begin(struct locate *l, const char *const *pointers, size_t count)
{
    int r = 0;

    l->children = oci_map_new();
    l->ends = oci_realloc_array(NULL, count + 1, sizeof *l->ends);
    if (l->children == NULL || l->ends == NULL || !OCI_VEC_PUSH(&l->nodes, (struct node) { .up = DOCUMENT }))
        return OCI_E_NOMEM;
    for (size_t i = 0; r == 0 && i < count; i++)
        r = add_pointer(l, pointers[i], &l->ends[i]);
    return r;
}

int oci_json_locate(const char *s, size_t n, const char *const *pointers, size_t count, size_t *offsets, oci_error *err)
{
    struct locate l = { .next = NO_NODE };
    int r = begin(&l, pointers, count);

    r = r < 0 ? oci_fail_nomem(err) : scan(&l, s, n, err);
    for (size_t i = 0; r == 0 && i < count; i++) {
        size_t node = l.ends[i];

        while (!l.nodes.items[node].found)
            node = l.nodes.items[node].up;
        offsets[i] = l.nodes.items[node].offset;
    }
    oci_map_free(l.children);
    oci_buf_free(&l.key);
    oci_free(l.nodes.items);
    oci_free(l.open.items);
    oci_free(l.ends);
    return r;
}
