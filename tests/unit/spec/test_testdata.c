/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The documents of testdata/spec; its README.md describes them. One that the parser takes is decoded without a problem
 * and survives being printed and read again. One that it refuses is refused as the part of NAME.expect says that has a
 * text. The other parts are what only a validator tells.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#include "corpus.h"
#include "test.h"

/* The first of count problems. */
struct expect {
    char pointer[256], text[256], rule[128], also[256], code[64];
    size_t count;
};

struct walk {
    const oci_type *type;
    size_t wrong;
};

static void check_valid(void *ctx, const char *path)
{
    const oci_type *type = ((struct walk *)ctx)->type;
    OCI_AUTO_BUF oci_buf json = OCI_BUF_INIT, printed = OCI_BUF_INIT, again = OCI_BUF_INIT;
    oci_error err = OCI_ERROR_INIT;
    struct problems problems;
    void *object = NULL;
    int r;

    read_file(path, &json);
    r = oci_decode_document(type, json.data, json.len, &plain, &object, &err);
    if (r < 0)
        print_error("%s: %s\n", path, err.msg);
    assert_int_equal(r, 0);
    assert_ok(&err, oci_encode_document(type, object, OCI_PRINT_COMPACT, &printed, &err));
    oci_decoded_free(object);

    assert_int_equal(decode_reporting(type, json.data, json.len, &problems), 0);
    assert_int_equal(problems.count, 0);

    assert_ok(&err, oci_decode_document(type, printed.data, printed.len, &plain, &object, &err));
    assert_ok(&err, oci_encode_document(type, object, OCI_PRINT_COMPACT, &again, &err));
    oci_decoded_free(object);
    assert_string_equal(again.data, printed.data);
}

static bool read_key(const char *line, const char *key, char *out, size_t cap)
{
    size_t n = strlen(key);

    if (strncmp(line, key, n) != 0 || line[n] != ':')
        return false;
    snprintf(out, cap, "%s", line + n + (line[n + 1] == ' ' ? 2 : 1));
    return true;
}

/* Reads one part of an expectation, up to an empty line or the end of the file, where it returns false. */
static bool read_part(FILE *f, const char *name, struct expect *out)
{
    char line[1024], other[64];

    *out = (struct expect) { .code = "OCI_E_INVALID" };
    while (fgets(line, sizeof line, f) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '\0')
            return true;
        if (!read_key(line, "pointer", out->pointer, sizeof out->pointer) &&
            !read_key(line, "text", out->text, sizeof out->text) &&
            !read_key(line, "rule", out->rule, sizeof out->rule) &&
            !read_key(line, "code", out->code, sizeof out->code) &&
            !read_key(line, "also", out->also, sizeof out->also) && !read_key(line, "severity", other, sizeof other) &&
            !read_key(line, "spec", other, sizeof other))
            fail_msg("%s: what is '%s'?", name, line);
    }
    return false;
}

/* What the parser is expected to refuse, if anything. */
static void read_expect(const char *path, struct expect *out)
{
    struct expect part;
    size_t count = 0;
    bool more = true;
    char name[4096];
    FILE *f;

    assert_true((size_t)snprintf(name, sizeof name, "%.*s.expect", (int)(strlen(path) - strlen(".json")), path) <
                sizeof name);
    f = fopen(name, "r");
    if (f == NULL)
        print_error("%s is missing\n", name);
    assert_non_null(f);
    while (more) {
        more = read_part(f, name, &part);
        if (part.text[0] != '\0' && count++ == 0)
            *out = part;
    }
    out->count = count;
    fclose(f);
}

static bool has_word(const char *words, const char *word)
{
    size_t n = strlen(word);

    for (const char *at = words; *at != '\0'; at += strspn(at, " ")) {
        size_t len = strcspn(at, " ");

        if (len == n && memcmp(at, word, n) == 0)
            return true;
        at += len;
    }
    return false;
}

/* The parser names no rule for a text that it cannot read as a whole. */
static bool is_rule(const struct problems *problems, const struct expect *want)
{
    if (problems->rule[0] == '\0')
        return want->rule[0] == '\0' || problems->pointer[0] == '\0';
    return strcmp(problems->rule, want->rule) == 0 || has_word(want->also, problems->rule);
}

/* Whether one decoding that stops at the first problem and one that collects all tell what is expected. */
static bool is_refused_as(const oci_type *type, const oci_buf *json, const struct expect *want)
{
    struct problems problems;
    oci_error err = OCI_ERROR_INIT;
    void *object = NULL;
    int r = oci_decode_document(type, json->data, json->len, &plain, &object, &err);

    if (r == 0)
        oci_decoded_free(object);
    if (r == 0 || strcmp(oci_error_name(r), want->code) != 0 || strstr(err.msg, want->text) == NULL ||
        strstr(err.msg, want->pointer) == NULL) {
        print_error("parse: %s %s\n", r == 0 ? "accepted" : oci_error_name(r), err.msg);
        return false;
    }
    decode_reporting(type, json->data, json->len, &problems);
    if (problems.count != want->count || strcmp(oci_error_name(problems.code), want->code) != 0 ||
        strcmp(problems.pointer, want->pointer) != 0 || !is_rule(&problems, want) ||
        strstr(problems.text, want->text) == NULL) {
        print_error("report: %zu problems, pointer '%s', rule '%s', code %s, text '%s'\n", problems.count,
                    problems.pointer, problems.rule, oci_error_name(problems.code), problems.text);
        return false;
    }
    return true;
}

static void check_invalid(void *ctx, const char *path)
{
    struct walk *walk = ctx;
    OCI_AUTO_BUF oci_buf json = OCI_BUF_INIT;
    struct expect want;

    read_expect(path, &want);
    if (want.count == 0) {
        check_valid(ctx, path);
        return;
    }
    read_file(path, &json);
    if (!is_refused_as(walk->type, &json, &want)) {
        print_error("  %s\n", path);
        walk->wrong++;
    }
}

static void folder_of(char *out, size_t cap, const char *verdict, const char *kind)
{
    snprintf(out, cap, "%s/spec/%s/%s", OCI_TESTDATA, verdict, kind);
}

// proves: annotations.freeform annotations.none-absent-or-empty annotations.unknown-no-error annotations.value-empty-ok
// proves: artifact.allowed config.cpu-shares.reserved config.env.format config.exposed-ports.keys
// proves: config.extra-fields.no-error config.healthcheck.reserved config.history.count config.memory-swap.reserved
// proves: config.memory.reserved config.null-is-absent config.user.forms config.whitespace.optional
// proves: considerations.json.number-range considerations.json.order considerations.unknown-property
// proves: descriptor.artifact-type.iana descriptor.independent descriptor.media-type.length descriptor.size.int64
// proves: descriptor.size.zero-allowed descriptor.urls.http-scheme digest.algorithm.own-restrictions
// proves: digest.algorithm.separator digest.encoded.chars digest.registered.list digest.unrecognized.accept
// proves: embedded.allowed empty.data empty.payload index.artifact-type.iana index.manifests.future-media-types
// proves: index.manifests.may-be-empty index.manifests.unknown-media-type index.media-type.present
// proves: layout.index-json.future-media-types layout.index-json.multiple-descriptors
// proves: layout.index-json.unknown-media-type layout.index-json.usual-media-types layout.oci-layout.extra-fields
// proves: layout.oci-layout.version-value layout.ref-name.no-semantics manifest.artifact-type.iana
// proves: manifest.artifact-type.unknown-no-error manifest.config.other-iana manifest.config.unknown-no-error
// proves: manifest.layers.other-iana manifest.layers.unknown-no-error manifest.media-type.present
// proves: media.compat.backwards-suite media.compat.docker-config media.compat.docker-layer
// proves: media.compat.docker-manifest media.compat.docker-manifest-list nondist.urls platform.features.reserved
// proves: platform.os-features.other-submit platform.os-version.string platform.variant.unlisted-submit
OCI_TEST (testdata, accepts_every_valid_document) {
    struct walk walk = { NULL, 0 };
    size_t count = 0;

    for (size_t i = 0; i < n_kinds; i++) {
        char folder[1024];

        walk.type = kinds[i].type;
        folder_of(folder, sizeof folder, "valid", kinds[i].name);
        count += each_file(folder, ".json", check_valid, &walk);
    }
    assert_true(count >= 220);
}

// proves: annotations.keys-unique annotations.map annotations.none-absent-or-empty annotations.value-present
// proves: annotations.values-strings artifact.empty-config-needs-type config.architecture.required
// proves: config.args-escaped.boolean config.author.string config.cmd.array config.config.object config.created.rfc3339
// proves: config.entrypoint.array config.env.array config.env.format config.exposed-ports.object config.history.array
// proves: config.history.created config.history.empty-layer config.history.strings config.labels.rules
// proves: config.os-features.array config.os-version.string config.os.required config.rootfs.diff-ids.digest
// proves: config.rootfs.diff-ids.required config.rootfs.required config.rootfs.type.layers config.rootfs.type.required
// proves: config.rootfs.type.unknown-error config.stop-signal.string config.user.forms config.user.string
// proves: config.variant.string config.volumes.object config.working-dir.string considerations.ebnf.full-match
// proves: considerations.json.i-json considerations.json.no-duplicates considerations.json.no-surrogates
// proves: considerations.json.utf8 descriptor.annotations.rules descriptor.artifact-type.rfc6838 descriptor.data.base64
// proves: descriptor.data.identical descriptor.data.verify descriptor.digest.conforms descriptor.digest.required
// proves: descriptor.media-type.length descriptor.media-type.no-parameters descriptor.media-type.required
// proves: descriptor.media-type.rfc6838 descriptor.media-type.string descriptor.size.int64 descriptor.size.non-negative
// proves: descriptor.size.required descriptor.urls.array descriptor.urls.rfc3986 digest.algorithm.chars
// proves: digest.algorithm.separator digest.encoded.chars digest.grammar digest.sha256.encoded
// proves: digest.sha256.no-uppercase digest.sha512.encoded digest.sha512.no-uppercase empty.data empty.media-type
// proves: empty.payload index.annotations.rules index.artifact-type.rfc6838 index.manifests.item-descriptor
// proves: index.manifests.required index.media-type.compatible index.media-type.value index.schema-version.may-vanish
// proves: index.schema-version.required index.schema-version.value index.subject.descriptor
// proves: layout.index-json.is-image-index layout.oci-layout.json-object layout.oci-layout.version-present
// proves: layout.oci-layout.version-string layout.oci-layout.version-value manifest.annotations.rules
// proves: manifest.artifact-type.required-for-empty-config manifest.artifact-type.rfc6838 manifest.config.descriptor
// proves: manifest.config.exactly-one manifest.config.other-rfc6838 manifest.config.required
// proves: manifest.layers.item-descriptor manifest.layers.other-rfc6838 manifest.layers.required
// proves: manifest.media-type.compatible manifest.media-type.value manifest.schema-version.may-vanish
// proves: manifest.schema-version.required manifest.schema-version.value manifest.subject.descriptor media.json-types
// proves: platform.architecture.required platform.os-features.array platform.os-version.string platform.os.required
// proves: safety.12 safety.13
OCI_TEST (testdata, refuses_every_invalid_document_for_its_reason) {
    struct walk walk = { NULL, 0 };
    size_t count = 0;

    for (size_t i = 0; i < n_kinds; i++) {
        char folder[1024];

        walk.type = kinds[i].type;
        folder_of(folder, sizeof folder, "invalid", kinds[i].name);
        count += each_file(folder, ".json", check_invalid, &walk);
    }
    assert_true(count >= 490);
    assert_int_equal(walk.wrong, 0);
}
