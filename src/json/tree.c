/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree is json-c's: an oci_value is a struct json_object under another name, and this is the only file that knows.
 *
 * json-c keeps the values; it neither reads nor prints them. Its tokener takes more than JSON even when told to be
 * strict, ends names at a NUL, saturates integers, changes the locale of the thread, and up to 0.16 goes on with less
 * text when memory runs out. Its getters convert: get_int64 turns "12abc" into 12. So the type is asked first, and
 * its functions that assert a type are never reached with another.
 */
#include "tree.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <json-c/json_object.h>
#include <json-c/linkhash.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/num.h"
#include "base/vec.h"

#include "scan.h"

static const char minus_zero[] = "-0";

static struct json_object *inner(const oci_value *v)
{
    return (struct json_object *)(uintptr_t)v; /* json-c has no const */
}

static oci_value *outer(struct json_object *o)
{
    return (oci_value *)o;
}

/* ---- reading ---- */

oci_value_type oci_value_type_of(const oci_value *v)
{
    switch (json_object_get_type(inner(v))) {
    case json_type_null:
        return OCI_VALUE_NULL;
    case json_type_boolean:
        return OCI_VALUE_BOOL;
    case json_type_double:
        return OCI_VALUE_DOUBLE;
    case json_type_int:
        return OCI_VALUE_INT;
    case json_type_object:
        return OCI_VALUE_OBJECT;
    case json_type_array:
        return OCI_VALUE_ARRAY;
    case json_type_string:
        return OCI_VALUE_STRING;
    }
    return OCI_VALUE_NULL;
}

const char *oci_value_type_name(oci_value_type type)
{
    switch (type) {
    case OCI_VALUE_NULL:
        return "null";
    case OCI_VALUE_BOOL:
        return "a boolean";
    case OCI_VALUE_INT:
        return "an integer";
    case OCI_VALUE_DOUBLE:
        return "a number with a fraction or an exponent";
    case OCI_VALUE_STRING:
        return "a string";
    case OCI_VALUE_ARRAY:
        return "an array";
    case OCI_VALUE_OBJECT:
        return "an object";
    }
    return "nothing";
}

bool oci_value_bool(const oci_value *v)
{
    return oci_value_type_of(v) == OCI_VALUE_BOOL && json_object_get_boolean(inner(v));
}

const char *oci_value_string(const oci_value *v, size_t *len)
{
    if (oci_value_type_of(v) != OCI_VALUE_STRING)
        return NULL;
    if (len != NULL)
        *len = (size_t)json_object_get_string_len(inner(v));
    return json_object_get_string(inner(v));
}

const char *oci_value_text(const oci_value *v)
{
    size_t len = 0;
    const char *s = oci_value_string(v, &len);

    return s != NULL && strlen(s) == len ? s : NULL;
}

bool oci_value_int64(const oci_value *v, int64_t *out)
{
    int64_t i;

    if (oci_value_type_of(v) != OCI_VALUE_INT)
        return false;
    /* Above INT64_MAX get_int64 saturates; get_uint64 tells. */
    i = json_object_get_int64(inner(v));
    if (i == INT64_MAX && json_object_get_uint64(inner(v)) != (uint64_t)INT64_MAX)
        return false;
    *out = i;
    return true;
}

bool oci_value_uint64(const oci_value *v, uint64_t *out)
{
    /* Below zero get_uint64 gives 0; get_int64 tells. */
    if (oci_value_type_of(v) != OCI_VALUE_INT || json_object_get_int64(inner(v)) < 0)
        return false;
    *out = json_object_get_uint64(inner(v));
    return true;
}

const char *oci_value_number(const oci_value *v, char space[OCI_VALUE_NUMBER_MAX])
{
    const char *written = json_object_get_userdata(inner(v));
    uint64_t u;

    if (written != NULL)
        return written;
    if (oci_value_uint64(v, &u))
        snprintf(space, OCI_VALUE_NUMBER_MAX, "%" PRIu64, u);
    else
        snprintf(space, OCI_VALUE_NUMBER_MAX, "%" PRId64, json_object_get_int64(inner(v)));
    return space;
}

size_t oci_value_count(const oci_value *v)
{
    oci_value_type type = oci_value_type_of(v);

    if (type == OCI_VALUE_ARRAY)
        return json_object_array_length(inner(v));
    return type == OCI_VALUE_OBJECT ? (size_t)json_object_object_length(inner(v)) : 0;
}

oci_value *oci_value_item_rw(oci_value *v, size_t i)
{
    if (oci_value_type_of(v) != OCI_VALUE_ARRAY || i >= json_object_array_length(inner(v)))
        return NULL;
    return outer(json_object_array_get_idx(inner(v), i));
}

const oci_value *oci_value_item(const oci_value *v, size_t i)
{
    return oci_value_item_rw(outer(inner(v)), i);
}

bool oci_value_get(const oci_value *v, const char *name, const oci_value **out)
{
    struct json_object *found;

    if (oci_value_type_of(v) != OCI_VALUE_OBJECT || !json_object_object_get_ex(inner(v), name, &found))
        return false;
    if (out != NULL)
        *out = outer(found);
    return true;
}

oci_value *oci_value_get_rw(oci_value *v, const char *name)
{
    const oci_value *found;

    return oci_value_get(v, name, &found) ? outer(inner(found)) : NULL;
}

bool oci_value_next(const oci_value *v, oci_value_cursor *c, const char **name, const oci_value **value)
{
    const struct lh_entry *entry = c->at;

    if (oci_value_type_of(v) != OCI_VALUE_OBJECT)
        return false;
    entry = entry != NULL ? lh_entry_next(entry) : lh_table_head(json_object_get_object(inner(v)));
    if (entry == NULL)
        return false;
    c->at = entry;
    if (name != NULL)
        *name = lh_entry_k(entry);
    if (value != NULL)
        *value = outer(lh_entry_v(entry));
    return true;
}

/* ---- building ---- */

void oci_value_free(oci_value *v)
{
    json_object_put(inner(v));
}

oci_value *oci_value_new_object(void)
{
    return outer(json_object_new_object());
}

oci_value *oci_value_new_array(void)
{
    /* json-c's own choice of 32 items is too much for the many short arrays of a hostile document. */
    return outer(json_object_new_array_ext(2));
}

oci_value *oci_value_new_string(const char *s)
{
    return oci_value_new_string_n(s, strlen(s));
}

oci_value *oci_value_new_string_n(const char *s, size_t n)
{
    return n <= INT_MAX ? outer(json_object_new_string_len(n > 0 ? s : "", (int)n)) : NULL;
}

oci_value *oci_value_new_int(int64_t i)
{
    return outer(json_object_new_int64(i));
}

oci_value *oci_value_new_uint(uint64_t i)
{
    return outer(json_object_new_uint64(i));
}

oci_value *oci_value_new_bool(bool b)
{
    return outer(json_object_new_boolean(b));
}

/* Takes the value, where NULL is a JSON null. */
static int set(struct json_object *object, const char *name, struct json_object *value, unsigned flags, oci_error *err)
{
    if (json_object_object_add_ex(object, name, value, flags) == 0)
        return 0;
    json_object_put(value);
    return oci_fail_nomem(err);
}

static int push(struct json_object *array, struct json_object *value, oci_error *err)
{
    if (json_object_array_add(array, value) == 0)
        return 0;
    json_object_put(value);
    return oci_fail_nomem(err);
}

int oci_value_set(oci_value *object, const char *name, oci_value *value, oci_error *err)
{
    if (value == NULL)
        return oci_fail_nomem(err);
    if (oci_value_type_of(object) == OCI_VALUE_OBJECT)
        return set(inner(object), name, inner(value), 0, err);
    oci_value_free(value);
    return oci_fail(err, OCI_E_INTERNAL, "member \"%s\" set in %s", name,
                    oci_value_type_name(oci_value_type_of(object)));
}

int oci_value_push(oci_value *array, oci_value *value, oci_error *err)
{
    if (value == NULL)
        return oci_fail_nomem(err);
    if (oci_value_type_of(array) == OCI_VALUE_ARRAY)
        return push(inner(array), inner(value), err);
    oci_value_free(value);
    return oci_fail(err, OCI_E_INTERNAL, "item pushed to %s", oci_value_type_name(oci_value_type_of(array)));
}

void oci_value_remove(oci_value *object, const char *name)
{
    if (oci_value_type_of(object) == OCI_VALUE_OBJECT)
        json_object_object_del(inner(object), name);
}

/* text is the number as an integer, with a '-' only when it is below zero or is "-0". */
static struct json_object *new_integer(const char *text, size_t n)
{
    struct json_object *o = NULL;
    int64_t i;
    uint64_t u;

    if (oci_parse_i64(text, n, &i))
        o = json_object_new_int64(i);
    else if (oci_parse_u64(text, n, UINT64_MAX, &u))
        o = json_object_new_uint64(u);
    /* The only integer that is not printed as it was written. */
    if (o != NULL && n == 2 && memcmp(text, minus_zero, 2) == 0)
        json_object_set_userdata(o, (void *)(uintptr_t)minus_zero, NULL);
    return o;
}

/* Nobody asks a double for its value, so only the text is kept. */
static struct json_object *new_double(const char *text)
{
    return json_object_new_double_s(0, text);
}

/* ---- deep copy ---- */

static int copy(const oci_value *v, struct json_object **out);

static int copy_array(const oci_value *v, struct json_object *to)
{
    size_t n = oci_value_count(v);

    for (size_t i = 0; i < n; i++) {
        struct json_object *item;
        int r = copy(oci_value_item(v, i), &item);

        if (r == 0)
            r = push(to, item, NULL);
        if (r < 0)
            return r;
    }
    return 0;
}

static int copy_object(const oci_value *v, struct json_object *to)
{
    oci_value_cursor c = { NULL };
    const oci_value *value;
    const char *name;

    while (oci_value_next(v, &c, &name, &value)) {
        struct json_object *member;
        int r = copy(value, &member);

        if (r == 0)
            r = set(to, name, member, JSON_C_OBJECT_ADD_KEY_IS_NEW, NULL);
        if (r < 0)
            return r;
    }
    return 0;
}

/* json-c's deep copy refuses what it calls unknown serializer data and does not look whether its strdup succeeds. */
static int copy(const oci_value *v, struct json_object **out)
{
    char space[OCI_VALUE_NUMBER_MAX];
    OCI_AUTO(oci_value) made = NULL;
    const char *text;
    size_t len = 0;
    int r = 0;

    switch (oci_value_type_of(v)) {
    case OCI_VALUE_NULL:
        *out = NULL;
        return 0;
    case OCI_VALUE_BOOL:
        made = oci_value_new_bool(oci_value_bool(v));
        break;
    case OCI_VALUE_INT:
        text = oci_value_number(v, space);
        made = outer(new_integer(text, strlen(text)));
        break;
    case OCI_VALUE_DOUBLE:
        made = outer(new_double(oci_value_number(v, space)));
        break;
    case OCI_VALUE_STRING:
        text = oci_value_string(v, &len);
        made = oci_value_new_string_n(text, len);
        break;
    case OCI_VALUE_ARRAY:
        made = oci_value_new_array();
        r = made != NULL ? copy_array(v, inner(made)) : OCI_E_NOMEM;
        break;
    case OCI_VALUE_OBJECT:
        made = oci_value_new_object();
        r = made != NULL ? copy_object(v, inner(made)) : OCI_E_NOMEM;
        break;
    }
    if (made == NULL || r < 0)
        return OCI_E_NOMEM;
    *out = inner(oci_steal(&made));
    return 0;
}

oci_value *oci_value_copy(const oci_value *v)
{
    struct json_object *made;

    return copy(v, &made) == 0 ? outer(made) : NULL;
}

/* ---- parsing ---- */

struct builder {
    oci_value *root;
    struct {
        struct json_object **items;
        size_t count, cap;
    } open;       /* the containers around the place, outermost first; they belong to root */
    oci_buf name; /* of the member whose value comes next */
    oci_buf text; /* json-c wants an end after a number */
};

/* Takes the value. */
static int attach(struct builder *b, struct json_object *value, oci_error *err)
{
    struct json_object *parent;

    if (b->open.count == 0) {
        b->root = outer(value);
        return 0;
    }
    parent = b->open.items[b->open.count - 1];
    if (json_object_is_type(parent, json_type_array))
        return push(parent, value, err);
    /* A name that is there already costs the whole document later on. */
    return set(parent, b->name.data, value, JSON_C_OBJECT_ADD_KEY_IS_NEW, err);
}

static int replace_text(oci_buf *buf, const oci_json_token *token, oci_error *err)
{
    buf->len = 0;
    return oci_buf_append(buf, token->text, token->len, err);
}

static int add_scalar(struct builder *b, const oci_json_token *token, struct json_object *value, oci_error *err)
{
    if (value == NULL && token->type != OCI_JSON_NULL)
        return oci_fail_nomem(err);
    return attach(b, value, err);
}

static int add_container(struct builder *b, oci_value *made, oci_error *err)
{
    int r;

    if (made == NULL)
        return oci_fail_nomem(err);
    r = attach(b, inner(made), err);
    if (r < 0)
        return r;
    return OCI_VEC_PUSH(&b->open, inner(made)) ? 0 : oci_fail_nomem(err);
}

static int take(struct builder *b, const oci_json_token *token, oci_error *err)
{
    int r;

    switch (token->type) {
    case OCI_JSON_OBJECT:
        return add_container(b, oci_value_new_object(), err);
    case OCI_JSON_ARRAY:
        return add_container(b, oci_value_new_array(), err);
    case OCI_JSON_CLOSE:
        b->open.count--;
        return 0;
    case OCI_JSON_NAME:
        return replace_text(&b->name, token, err);
    case OCI_JSON_STRING:
        return add_scalar(b, token, inner(oci_value_new_string_n(token->text, token->len)), err);
    case OCI_JSON_INT:
        return add_scalar(b, token, new_integer(token->text, token->len), err);
    case OCI_JSON_DOUBLE:
        r = replace_text(&b->text, token, err);
        return r < 0 ? r : add_scalar(b, token, new_double(b->text.data), err);
    case OCI_JSON_TRUE:
        return add_scalar(b, token, json_object_new_boolean(true), err);
    case OCI_JSON_FALSE:
        return add_scalar(b, token, json_object_new_boolean(false), err);
    case OCI_JSON_NULL:
        return add_scalar(b, token, NULL, err);
    }
    return oci_fail(err, OCI_E_INTERNAL, "token of an unknown kind");
}

int oci_value_parse(const char *s, size_t n, const oci_limits *limits, oci_value **out, oci_error *err)
{
    OCI_AUTO(oci_json_scanner) sc = NULL;
    struct builder b = { 0 };
    oci_json_token token;
    int r = oci_json_scanner_new(s, n, limits, &sc, err);

    if (r < 0)
        return r;
    while ((r = oci_json_scanner_next(sc, &token, err)) > 0) {
        r = take(&b, &token, err);
        if (r < 0)
            break;
    }
    oci_free(b.open.items);
    oci_buf_free(&b.name);
    oci_buf_free(&b.text);
    if (r < 0) {
        oci_value_free(b.root);
        return r;
    }
    *out = b.root;
    return 0;
}
