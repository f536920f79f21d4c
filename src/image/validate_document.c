/* SPDX-License-Identifier: Apache-2.0 */
/* The text of a document and its field table: the parser that unpacking uses, telling everything it minds. */
#include "validation.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/text.h"

const oci_type *oci_type_of_document(oci_document_kind kind)
{
    switch (kind) {
    case OCI_DOCUMENT_LAYOUT:
        return &oci_layout_file_type;
    case OCI_DOCUMENT_INDEX:
        return &oci_index_type;
    case OCI_DOCUMENT_MANIFEST:
        return &oci_manifest_type;
    case OCI_DOCUMENT_CONFIG:
        return &oci_config_type;
    case OCI_DOCUMENT_DESCRIPTOR:
        break;
    }
    return &oci_descriptor_type;
}

/* ---- telling ---- */

void oci_tell(oci_node *n, const char *rule, oci_told told, const char *pointer, const char *fmt, ...)
{
    oci_finding f = n->place;
    char text[1024];
    va_list args;
    int r;

    if (told != OCI_TOLD_REFUSED && pointer != NULL && n->refused != NULL &&
        oci_map_get(n->refused, pointer, strlen(pointer), NULL))
        return;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    f.pointer = pointer;
    r = oci_report_add(n->report, rule, told, &f, n->order, "%s", text);
    if (r < 0 && n->failed == 0)
        n->failed = r;
}

void oci_tell_later(oci_node *n, oci_spec_version since, const char *pointer, const char *what)
{
    if (!oci_report_is_spec(n->report, since))
        oci_tell(n, "spec.later-member", OCI_TOLD_RULE, pointer, "%s came with image-spec %s", what,
                 since == OCI_SPEC_HEAD ? "after 1.1.1" : "1.1");
}

size_t oci_pointer_add(oci_pointer *p, const char *name, size_t index)
{
    size_t before = p->len;
    int n = snprintf(p->text + p->len, sizeof p->text - p->len, index == OCI_NO_INDEX ? "/%s" : "/%s/%zu", name, index);

    p->len += n > 0 && (size_t)n < sizeof p->text - p->len ? (size_t)n : 0;
    p->text[p->len] = '\0';
    return before;
}

void oci_pointer_cut(oci_pointer *p, size_t len)
{
    p->len = len;
    p->text[len] = '\0';
}

int oci_pointer_of_key(oci_buf *out, const char *prefix, const char *key)
{
    int r = oci_buf_printf(out, NULL, "%s/", prefix);

    for (const char *p = key; r == 0 && *p != '\0'; p++)
        r = *p == '~' || *p == '/' ? oci_buf_puts(out, *p == '~' ? "~0" : "~1", NULL) : oci_buf_putc(out, *p, NULL);
    return r;
}

/* ---- the field table ---- */

#define NUMBER_RANGE "considerations.json.number-range"
#define NEEDS_TYPE   "manifest.artifact-type.required-for-empty-config"

struct sink {
    oci_node *node;
    oci_document_kind kind;
};

/* Whether the problem is one of members that image-spec 1.0 does not know; its readers pass over whatever is in them.
 */
static bool is_later_member(const struct sink *s, const oci_problem *p)
{
    static const char *const of_config[] = { "/os.version", "/os.features", "/variant", "/config/ArgsEscaped" };

    for (size_t i = 0; s->kind == OCI_DOCUMENT_CONFIG && i < sizeof of_config / sizeof *of_config; i++)
        if (oci_starts_with(p->pointer, of_config[i]))
            return true;
    return oci_starts_with(p->pointer, "/subject") || oci_ends_with(p->pointer, "/artifactType") ||
           oci_ends_with(p->pointer, "/data") ||
           (p->rule != NULL && (strcmp(p->rule, "empty.payload") == 0 || strcmp(p->rule, NEEDS_TYPE) == 0));
}

/* A platform with a fault is not missing either. */
static void remember_refused(oci_node *n, const char *pointer)
{
    const char *platform = strstr(pointer, "/platform/");
    size_t len = platform != NULL ? (size_t)(platform - pointer) + strlen("/platform") : strlen(pointer);

    if (n->refused == NULL)
        n->refused = oci_map_new();
    if (n->refused == NULL || oci_map_set(n->refused, pointer, strlen(pointer), NULL) < 0 ||
        oci_map_set(n->refused, pointer, len, NULL) < 0)
        n->failed = OCI_E_NOMEM;
}

static const char *rule_of(const struct sink *s, const oci_problem *p)
{
    if (p->rule == NULL && s->kind == OCI_DOCUMENT_LAYOUT)
        return "layout.oci-layout.json-object";
    if (p->rule == NULL)
        return s->node->is_index_json ? "layout.index-json.is-image-index" : "document.object";
    /* Before there was a rule of its own, a negative size could not be the number of bytes either. */
    if (strcmp(p->rule, "descriptor.size.non-negative") == 0 && !oci_report_is_spec(s->node->report, OCI_SPEC_HEAD))
        return "descriptor.size.raw-bytes";
    return p->rule;
}

static void take_problem(void *ctx, const oci_problem *p)
{
    const struct sink *s = ctx;
    oci_told told = p->code == 0 ? OCI_TOLD_WARNING : OCI_TOLD_REFUSED;

    if (!oci_report_is_spec(s->node->report, OCI_SPEC_1_1) && is_later_member(s, p))
        told = OCI_TOLD_INFO;
    /* All numbers are looked at when that rule counts. */
    if (p->code == 0 && p->rule != NULL && strcmp(p->rule, NUMBER_RANGE) == 0 &&
        oci_report_is_spec(s->node->report, OCI_SPEC_HEAD))
        return;
    oci_tell(s->node, rule_of(s, p), told, p->pointer, "%s", p->text);
    if (p->code < 0)
        remember_refused(s->node, p->pointer);
}

/* The first thing in the text that is no JSON. Everything behind it is unknown. */
static void tell_refused(oci_node *n, oci_document_kind kind, const oci_json_place *place, const oci_error *why)
{
    const char *rule = place->rule != NULL ? place->rule : "limits.document";
    size_t i = oci_report_count(n->report);

    if (kind == OCI_DOCUMENT_LAYOUT && strcmp(rule, "media.json-types") == 0)
        rule = "layout.oci-layout.json-object";
    oci_tell(n, rule, OCI_TOLD_REFUSED, "", "%s", why->msg);
    if (n->failed == 0 && oci_report_count(n->report) > i)
        n->failed = oci_report_place(n->report, i, n->text, n->len, place->offset);
}

/* ---- what the field tables do not see ---- */

/* A value on the way down. */
struct step {
    const struct step *up;
    const char *name; /* NULL: an item */
    size_t index;
};

static int append_steps(oci_buf *out, const struct step *s)
{
    int r = s->up != NULL ? append_steps(out, s->up) : 0;

    if (r == 0 && s->name == NULL)
        return oci_buf_printf(out, NULL, "/%zu", s->index);
    return r < 0 ? r : oci_pointer_of_key(out, "", s->name);
}

static void check_number(oci_node *n, const oci_value *v, const struct step *here)
{
    static const int64_t exact = INT64_C(1) << 53;
    OCI_AUTO_BUF oci_buf pointer = OCI_BUF_INIT;
    int64_t i = INT64_MAX;
    int r;

    if (oci_value_type_of(v) != OCI_VALUE_INT || (oci_value_int64(v, &i) && i >= -exact && i <= exact))
        return;
    r = oci_buf_puts(&pointer, "", NULL);
    if (r == 0 && here != NULL)
        r = append_steps(&pointer, here);
    if (r == 0)
        oci_tell(n, NUMBER_RANGE, OCI_TOLD_RULE, pointer.data, "the number is no exact double");
    else
        n->failed = r;
}

/* Not deeper than the limit of the strict pass. */
static void check_numbers(oci_node *n, const oci_value *v, const struct step *here)
{
    oci_value_cursor c = { NULL };
    struct step below = { .up = here };
    const oci_value *value;

    check_number(n, v, here);
    if (oci_value_type_of(v) == OCI_VALUE_ARRAY)
        for (; below.index < oci_value_count(v) && n->failed == 0; below.index++)
            check_numbers(n, oci_value_item(v, below.index), &below);
    if (oci_value_type_of(v) == OCI_VALUE_OBJECT)
        while (n->failed == 0 && oci_value_next(v, &c, &below.name, &value))
            check_numbers(n, value, &below);
}

void oci_tell_no_media_type(oci_node *n, const char *rule)
{
    oci_tell(n, rule, OCI_TOLD_RULE, "/mediaType", "the document has no mediaType");
}

/* is_broken: there is no struct to look for a mediaType in. */
static int check_tree(oci_node *n, oci_document_kind kind, const oci_limits *limits, bool is_broken)
{
    OCI_AUTO(oci_value) tree = NULL;
    int r = oci_value_parse(n->text, n->len, limits, &tree, NULL);

    if (r < 0)
        return r;
    if (oci_report_is_spec(n->report, OCI_SPEC_HEAD))
        check_numbers(n, tree, NULL);
    if (is_broken && oci_value_type_of(tree) == OCI_VALUE_OBJECT && !oci_value_get(tree, "mediaType", NULL)) {
        if (kind == OCI_DOCUMENT_INDEX)
            oci_tell_no_media_type(n, "index.media-type.present");
        if (kind == OCI_DOCUMENT_MANIFEST)
            oci_tell_no_media_type(n, "manifest.media-type.present");
    }
    return 0;
}

int oci_node_decode(oci_node *n, oci_document_kind kind, const oci_limits *limits, void **out)
{
    struct sink s = { n, kind };
    const oci_report_sink sink = { &s, take_problem };
    const oci_decode_options options = { .limits = limits, .report = &sink };
    oci_json_place place = { .line = 1, .column = 1 };
    oci_error why = OCI_ERROR_INIT;
    int r;

    *out = NULL;
    r = oci_json_lint(n->text, n->len, limits, &place, &why);
    if (r == OCI_E_NOMEM)
        return r;
    if (r < 0) {
        tell_refused(n, kind, &place, &why);
        return n->failed;
    }
    r = oci_decode_document(oci_type_of_document(kind), n->text, n->len, &options, out, NULL);
    if (r != OCI_E_NOMEM && (*out == NULL || oci_report_is_spec(n->report, OCI_SPEC_HEAD)))
        r = check_tree(n, kind, limits, *out == NULL);
    return r == OCI_E_NOMEM ? r : n->failed;
}

int oci_node_finish(oci_node *n)
{
    int r = n->failed;

    oci_map_free(n->refused);
    n->refused = NULL;
    return r < 0 ? r : oci_report_locate(n->report, n->first, n->order, n->text, n->len);
}

/* ---- one document alone ---- */

static void check_rules(oci_node *n, oci_document_kind kind, const void *object)
{
    oci_pointer at = { .len = 0 };

    switch (kind) {
    case OCI_DOCUMENT_LAYOUT:
        oci_check_layout_file_rules(n, object);
        break;
    case OCI_DOCUMENT_INDEX:
        oci_check_index_rules(n, object);
        break;
    case OCI_DOCUMENT_MANIFEST:
        oci_check_manifest_rules(n, object);
        break;
    case OCI_DOCUMENT_CONFIG:
        oci_check_config_rules(n, object);
        break;
    case OCI_DOCUMENT_DESCRIPTOR:
        oci_check_descriptor_rules(n, &at, object);
        oci_check_has_platform(n, &at, object, "descriptor.platform.recommended");
        break;
    }
}

int oci_validate_document(oci_report *r, oci_document_kind kind, const char *file, const void *p, size_t n,
                          oci_error *err)
{
    const oci_limits limits = oci_limits_resolve(oci_report_options(r)->limits);
    oci_node node = { .report = r, .place = { .file = file }, .first = oci_report_count(r), .text = p, .len = n };
    void *object;
    int result = oci_node_decode(&node, kind, &limits, &object), finished;

    if (object != NULL)
        check_rules(&node, kind, object);
    oci_decoded_free(object);
    finished = oci_node_finish(&node);
    result = result < 0 ? result : finished;
    return result < 0 ? oci_wrap(err, oci_fail(err, result, "out of memory"), "'%s'", file) : 0;
}
