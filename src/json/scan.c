/* SPDX-License-Identifier: Apache-2.0 */
#include "scan.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "base/vec.h"

#include "lexeme.h"
#include "names.h"

enum {
    /* Trees are copied, printed and freed by functions that call themselves, whatever max_depth the caller asks for. */
    DEEPEST = 1000,
    /* json-c spends some 800 bytes on an empty object and 64 on another small value, each of which may take two or
     * three bytes of text. A document with less text than this for each of them on the average is refused at the
     * largest size that is allowed; no real document comes near. */
    BYTES_PER_CONTAINER = 32,
    BYTES_PER_VALUE = 4,
    /* The number of values is not made smaller than this many bytes of text allow. */
    SMALLEST_MAX = 4 << 20
};

/* What may come next. */
enum state {
    VALUE,         /* at the start, after a colon, after a comma in an array */
    ITEM_OR_CLOSE, /* after '[' */
    NAME,          /* after a comma in an object */
    NAME_OR_CLOSE, /* after '{' */
    COMMA_OR_CLOSE,
    END
};

struct container {
    bool is_object;
    size_t first_name;
};

struct oci_json_scanner {
    const char *s;
    size_t n, at;
    enum state state;
    struct {
        struct container *items;
        size_t count, cap;
    } open; /* the containers around the place, outermost first */
    size_t max_depth;
    uint64_t values_left, containers_left;
    oci_json_names names;
    oci_buf scratch;
    const char *broken; /* the row of the requirements that the text breaks, when it is refused */
};

int oci_json_scanner_new(const char *s, size_t n, const oci_limits *limits, oci_json_scanner **out, oci_error *err)
{
    oci_limits l = oci_limits_resolve(limits);
    uint64_t size = l.max_document > SMALLEST_MAX ? l.max_document : SMALLEST_MAX;
    oci_json_scanner *sc;

    if (n > l.max_document)
        return oci_fail(err, OCI_E_LIMIT, "document of %zu bytes, more than the %ju that are allowed", n,
                        (uintmax_t)l.max_document);
    sc = oci_calloc(1, sizeof *sc);
    if (sc == NULL)
        return oci_fail_nomem(err);
    sc->s = s;
    sc->n = n;
    sc->max_depth = l.max_depth < DEEPEST ? l.max_depth : DEEPEST;
    sc->values_left = size / BYTES_PER_VALUE;
    sc->containers_left = size / BYTES_PER_CONTAINER;
    *out = sc;
    return 0;
}

void oci_json_scanner_free(oci_json_scanner *sc)
{
    if (sc == NULL)
        return;
    oci_free(sc->open.items);
    oci_json_names_free(&sc->names);
    oci_buf_free(&sc->scratch);
    oci_free(sc);
}

oci_json_place oci_json_scanner_place(const oci_json_scanner *sc)
{
    oci_json_place place = { .offset = sc->at, .line = 1, .column = 1, .rule = sc->broken };

    for (size_t i = 0; i < sc->at; i++) {
        place.column++;
        if (sc->s[i] == '\n') {
            place.line++;
            place.column = 1;
        }
    }
    return place;
}

#define NOT_JSON "media.json-types"

/* Fails at the place where the scanner stands. rule is what is broken there, or NULL for a limit. */
static int refuse(oci_json_scanner *sc, int code, const char *rule, oci_error *err, const char *fmt, ...)
    OCI_PRINTF(5, 6);

static int refuse(oci_json_scanner *sc, int code, const char *rule, oci_error *err, const char *fmt, ...)
{
    oci_json_place place;
    char text[256];
    va_list args;

    sc->broken = rule;
    if (err == NULL)
        return code;
    place = oci_json_scanner_place(sc);
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return oci_fail(err, code, "line %zu column %zu: %s", place.line, place.column, text);
}

/* The byte at the place cannot be what comes next. */
static int refuse_byte(oci_json_scanner *sc, const char *expected, oci_error *err)
{
    unsigned char c;

    if (sc->at == sc->n)
        return refuse(sc, OCI_E_INVALID, NOT_JSON, err, "the text ends where %s was expected", expected);
    c = (unsigned char)sc->s[sc->at];
    if (c > 0x20 && c < 0x7f)
        return refuse(sc, OCI_E_INVALID, NOT_JSON, err, "expected %s, found '%c'", expected, c);
    if (sc->n - sc->at >= 3 && memcmp(sc->s + sc->at, "\xef\xbb\xbf", 3) == 0)
        return refuse(sc, OCI_E_INVALID, "considerations.json.utf8", err, "expected %s, found a byte order mark",
                      expected);
    return refuse(sc, OCI_E_INVALID, NOT_JSON, err, "expected %s, found the byte 0x%02x", expected, c);
}

static void skip_blanks(oci_json_scanner *sc)
{
    while (sc->at < sc->n) {
        char c = sc->s[sc->at];

        if (c != ' ' && c != '\t' && c != '\n' && c != '\r')
            return;
        sc->at++;
    }
}

static void after_value(oci_json_scanner *sc)
{
    sc->state = sc->open.count > 0 ? COMMA_OR_CLOSE : END;
}

static int open_container(oci_json_scanner *sc, bool is_object, oci_json_token *token, oci_error *err)
{
    if (sc->open.count >= sc->max_depth)
        return refuse(sc, OCI_E_LIMIT, NULL, err, "objects and arrays nested deeper than %zu", sc->max_depth);
    if (sc->containers_left-- == 0)
        return refuse(sc, OCI_E_LIMIT, NULL, err, "too many objects and arrays");
    if (!OCI_VEC_PUSH(&sc->open, (struct container) { is_object, sc->names.count }))
        return oci_fail_nomem(err);
    sc->at++;
    sc->state = is_object ? NAME_OR_CLOSE : ITEM_OR_CLOSE;
    *token = (oci_json_token) { .type = is_object ? OCI_JSON_OBJECT : OCI_JSON_ARRAY };
    return 1;
}

static bool closes(const oci_json_scanner *sc)
{
    const struct container *c = &sc->open.items[sc->open.count - 1];

    return sc->at < sc->n && sc->s[sc->at] == (c->is_object ? '}' : ']');
}

static int close_container(oci_json_scanner *sc, oci_json_token *token, oci_error *err)
{
    const struct container *c = &sc->open.items[--sc->open.count];
    oci_json_name twice;

    if (c->is_object && !oci_json_names_close(&sc->names, c->first_name, &twice)) {
        sc->at = twice.offset;
        return refuse(sc, OCI_E_INVALID, "considerations.json.no-duplicates", err,
                      "name \"%.*s\" occurs twice in its object", (int)(twice.len < 100 ? twice.len : 100), twice.text);
    }
    sc->at++;
    after_value(sc);
    *token = (oci_json_token) { .type = OCI_JSON_CLOSE };
    return 1;
}

static const char *rule_of(const oci_json_lexeme *refused)
{
    return refused->rule != NULL ? refused->rule : NOT_JSON;
}

static int read_string(oci_json_scanner *sc, oci_json_lexeme *out, oci_error *err)
{
    int r = oci_json_read_string(sc->s, sc->n, &sc->at, &sc->scratch, out);

    if (r == OCI_E_NOMEM)
        return oci_fail_nomem(err);
    return r < 0 ? refuse(sc, r, rule_of(out), err, "%s", out->problem) : 0;
}

static int read_name(oci_json_scanner *sc, oci_json_token *token, oci_error *err)
{
    oci_json_name name = { .offset = sc->at };
    oci_json_lexeme lexeme = { 0 };
    int r;

    if (sc->at == sc->n || sc->s[sc->at] != '"')
        return refuse_byte(sc, sc->state == NAME ? "a name" : "a name or '}'", err);
    r = read_string(sc, &lexeme, err);
    if (r < 0)
        return r;
    if (memchr(lexeme.text, '\0', lexeme.len) != NULL) {
        sc->at = name.offset;
        return refuse(sc, OCI_E_INVALID, "considerations.json.i-json", err, "NUL character in a name");
    }
    name.text = lexeme.text;
    name.len = lexeme.len;
    *token = (oci_json_token) { .type = OCI_JSON_NAME, .len = lexeme.len };
    r = oci_json_names_add(&sc->names, &name, lexeme.text != sc->scratch.data, &token->text);
    if (r < 0)
        return oci_fail_nomem(err);
    skip_blanks(sc);
    if (sc->at == sc->n || sc->s[sc->at] != ':')
        return refuse_byte(sc, "':'", err);
    sc->at++;
    sc->state = VALUE;
    return 1;
}

static int read_word(oci_json_scanner *sc, const char *word, oci_json_token_type type, oci_json_token *token,
                     oci_error *err)
{
    size_t len = strlen(word);

    if (sc->n - sc->at < len || memcmp(sc->s + sc->at, word, len) != 0)
        return refuse(sc, OCI_E_INVALID, NOT_JSON, err, "expected a value");
    sc->at += len;
    *token = (oci_json_token) { .type = type };
    return 1;
}

static int read_scalar(oci_json_scanner *sc, oci_json_token *token, oci_error *err)
{
    oci_json_lexeme lexeme = { 0 };
    int r;

    switch (sc->s[sc->at]) {
    case '"':
        r = read_string(sc, &lexeme, err);
        if (r < 0)
            return r;
        *token = (oci_json_token) { .type = OCI_JSON_STRING, .text = lexeme.text, .len = lexeme.len };
        return 1;
    case 't':
        return read_word(sc, "true", OCI_JSON_TRUE, token, err);
    case 'f':
        return read_word(sc, "false", OCI_JSON_FALSE, token, err);
    case 'n':
        return read_word(sc, "null", OCI_JSON_NULL, token, err);
    default:
        break;
    }
    if (sc->s[sc->at] != '-' && (sc->s[sc->at] < '0' || sc->s[sc->at] > '9'))
        return refuse_byte(sc, sc->state == VALUE ? "a value" : "a value or ']'", err);
    r = oci_json_read_number(sc->s, sc->n, &sc->at, &lexeme);
    if (r < 0)
        return refuse(sc, r, rule_of(&lexeme), err, "%s", lexeme.problem);
    *token = (oci_json_token) { .type = lexeme.is_integer ? OCI_JSON_INT : OCI_JSON_DOUBLE,
                                .text = lexeme.text,
                                .len = lexeme.len };
    return 1;
}

static int read_value(oci_json_scanner *sc, oci_json_token *token, oci_error *err)
{
    int r;

    if (sc->at == sc->n)
        return refuse_byte(sc, sc->state == VALUE ? "a value" : "a value or ']'", err);
    if (sc->values_left-- == 0)
        return refuse(sc, OCI_E_LIMIT, NULL, err, "too many values");
    if (sc->s[sc->at] == '{' || sc->s[sc->at] == '[')
        return open_container(sc, sc->s[sc->at] == '{', token, err);
    r = read_scalar(sc, token, err);
    if (r > 0)
        after_value(sc);
    return r;
}

/* Goes to where the next token begins. */
static int go_on(oci_json_scanner *sc, oci_error *err)
{
    skip_blanks(sc);
    if (sc->state == COMMA_OR_CLOSE && !closes(sc)) {
        bool in_object = sc->open.items[sc->open.count - 1].is_object;

        if (sc->at == sc->n || sc->s[sc->at] != ',')
            return refuse_byte(sc, in_object ? "',' or '}'" : "',' or ']'", err);
        sc->at++;
        sc->state = in_object ? NAME : VALUE;
        skip_blanks(sc);
    }
    return 0;
}

static int read_token(oci_json_scanner *sc, oci_json_token *token, oci_error *err)
{
    switch (sc->state) {
    case NAME_OR_CLOSE:
        if (closes(sc))
            return close_container(sc, token, err);
        return read_name(sc, token, err);
    case NAME:
        return read_name(sc, token, err);
    case ITEM_OR_CLOSE:
        if (closes(sc))
            return close_container(sc, token, err);
        return read_value(sc, token, err);
    case VALUE:
        return read_value(sc, token, err);
    case COMMA_OR_CLOSE:
        return close_container(sc, token, err);
    case END:
        break;
    }
    return sc->at == sc->n ? 0 : refuse_byte(sc, "the end of the text", err);
}

int oci_json_scanner_next(oci_json_scanner *sc, oci_json_token *token, oci_error *err)
{
    size_t offset;
    int r = go_on(sc, err);

    if (r < 0)
        return r;
    offset = sc->at;
    r = read_token(sc, token, err);
    if (r > 0)
        token->offset = offset;
    return r;
}
