/* SPDX-License-Identifier: Apache-2.0 */
/* SARIF 2.1.0 (OASIS): code scanning on GitHub and elsewhere, viewers in editors. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <oci-image/digest.h>

#include "out.h"
#include "report_format.h"

static const char *level_of(oci_severity s)
{
    return s == OCI_SEVERITY_INFO ? "note" : cli_severity_name(s);
}

struct log {
    struct cli_json j;
    const struct cli_report_view *view;
    int r; /* the first failure */
};

/*
 * An object with one text. Messages have a syntax of their own, and what an image says shall not become a placeholder
 * or a link: braces are doubled, "](" gets a blank.
 */
static void message_n(struct log *log, const char *name, const char *text, size_t n)
{
    char *escaped = malloc(2 * n + 1);
    size_t len = 0;

    if (escaped == NULL) {
        log->r = OCI_E_NOMEM;
        return;
    }
    for (size_t i = 0; i < n; i++) {
        escaped[len++] = text[i];
        if (text[i] == '{' || text[i] == '}')
            escaped[len++] = text[i];
        else if (text[i] == ']' && i + 1 < n && text[i + 1] == '(')
            escaped[len++] = ' ';
    }
    cli_json_object(&log->j, name);
    cli_json_string_n(&log->j, "text", escaped, len);
    cli_json_end(&log->j);
    free(escaped);
}

static void message(struct log *log, const char *name, const char *text)
{
    message_n(log, name, text, strlen(text));
}

/* ---- rules ---- */

/* Where the section is to be read; NULL when it is in no file of image-spec. free it. */
static char *spec_uri(const oci_rule *rule)
{
    const char *tag = strcmp(rule->since, "HEAD") == 0 ? "main" : "v1.1.1";
    const char *end = rule->section + strspn(rule->section, "abcdefghijklmnopqrstuvwxyz0123456789-_/");
    char *uri = NULL;

    if (end == rule->section || rule->section[0] == '/' || (strncmp(end, ".md", 3) != 0 && strcmp(end, ".json") != 0))
        return NULL;
    if (asprintf(&uri, "https://github.com/opencontainers/image-spec/blob/%s/%s", tag, rule->section) < 0)
        return NULL;
    return uri;
}

static void print_rule(struct log *log, const oci_rule *rule)
{
    struct cli_json *j = &log->j;
    const char *about = rule->explanation != NULL ? rule->explanation : rule->text;
    const char *paragraph = strstr(about, "\n\n");
    char *uri = spec_uri(rule);

    cli_json_object(j, NULL);
    cli_json_string(j, "id", rule->id);
    message(log, "shortDescription", rule->text);
    message_n(log, "fullDescription", about, paragraph != NULL ? (size_t)(paragraph - about) : strlen(about));
    message(log, "help", about);
    if (uri != NULL)
        cli_json_string(j, "helpUri", uri);
    cli_json_object(j, "defaultConfiguration");
    cli_json_string(j, "level", level_of(rule->severity));
    cli_json_end(j);
    cli_json_object(j, "properties");
    cli_json_string(j, "section", rule->section);
    cli_json_string(j, "since", rule->since);
    cli_json_end(j);
    cli_json_end(j);
    free(uri);
}

static void print_tool(struct log *log)
{
    struct cli_json *j = &log->j;

    cli_json_object(j, "tool");
    cli_json_object(j, "driver");
    cli_json_string(j, "name", "oci-image");
    cli_json_string(j, "version", log->view->version);
    cli_json_string(j, "semanticVersion", log->view->version);
    cli_json_array(j, "rules");
    for (size_t i = 0; i < log->view->rule_count; i++)
        print_rule(log, &log->view->rules[i]);
    cli_json_end(j);
    cli_json_end(j);
    cli_json_end(j);
}

/* ---- results ---- */

/* A URI reference (RFC 3986) of a path; a colon is escaped, so that no first part looks like a scheme. free it. */
static char *uri_of(const char *path)
{
    char *uri = NULL;
    size_t len;
    FILE *f = open_memstream(&uri, &len);

    if (f == NULL)
        return NULL;
    if (path[0] == '/')
        fputs("file://", f);
    for (; *path != '\0'; path++)
        if (isalnum((unsigned char)*path) || strchr("/-._~!$&'()*+,;=@", *path) != NULL)
            fputc(*path, f);
        else
            fprintf(f, "%%%02X", (unsigned char)*path);
    if (fclose(f) != 0) {
        free(uri);
        return NULL;
    }
    return uri;
}

/* The same finding in another build of the image has the same fingerprint: digests and numbers of lines have no part.
 */
static int fingerprint(const struct cli_report_subject *s, const oci_finding *finding, char out[OCI_DIGEST_MAX_TEXT])
{
    const char *parts[] = { finding->rule->id, s->name, cli_report_place(finding), finding->pointer, finding->entry };
    oci_digester *hash;
    oci_digest digest;
    int r = oci_digester_new(OCI_DIGEST_SHA256, &hash, NULL);

    if (r < 0)
        return r;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        oci_digester_update(hash, parts[i] != NULL ? parts[i] : "", parts[i] != NULL ? strlen(parts[i]) + 1 : 1);
    r = oci_digester_final(hash, &digest, NULL);
    if (r == 0)
        oci_digest_encoded(&digest, out, OCI_DIGEST_MAX_TEXT);
    oci_digester_free(hash);
    return r;
}

static void logical_location(struct cli_json *j, const char *kind, const char *name)
{
    if (name == NULL || name[0] == '\0')
        return;
    cli_json_object(j, NULL);
    cli_json_string(j, "fullyQualifiedName", name);
    cli_json_string(j, "kind", kind);
    cli_json_end(j);
}

static void print_location(struct cli_json *j, const oci_finding *finding, const char *uri)
{
    char layer[32] = "";

    if (finding->layer > 0)
        snprintf(layer, sizeof layer, "layer %zu", finding->layer);
    cli_json_array(j, "locations");
    cli_json_object(j, NULL);
    cli_json_object(j, "physicalLocation");
    cli_json_object(j, "artifactLocation");
    cli_json_string(j, "uri", uri);
    cli_json_end(j);
    if (finding->line > 0) {
        cli_json_object(j, "region");
        cli_json_number(j, "startLine", finding->line);
        if (finding->character > 0)
            cli_json_number(j, "startColumn", finding->character);
        cli_json_end(j);
    }
    cli_json_end(j);
    cli_json_array(j, "logicalLocations");
    logical_location(j, "descriptor", finding->path);
    logical_location(j, "value", finding->pointer);
    logical_location(j, "layer", layer);
    logical_location(j, "entry", finding->entry);
    cli_json_end(j);
    cli_json_end(j);
    cli_json_end(j);
}

static void print_properties(struct cli_json *j, const oci_finding *finding)
{
    if (finding->digest == NULL && finding->excerpt == NULL)
        return;
    cli_json_object(j, "properties");
    if (finding->digest != NULL)
        cli_json_string(j, "digest", finding->digest);
    if (finding->excerpt != NULL)
        cli_json_string(j, "excerpt", finding->excerpt);
    cli_json_end(j);
}

static int print_result(struct log *log, const struct cli_report_subject *s, const oci_finding *finding)
{
    struct cli_json *j = &log->j;
    char print[OCI_DIGEST_MAX_TEXT], *file, *uri;
    int r = fingerprint(s, finding, print);

    if (r < 0)
        return r;
    file = cli_report_file(s, finding);
    uri = file != NULL ? uri_of(file) : NULL;
    free(file);
    if (uri == NULL)
        return OCI_E_NOMEM;
    cli_json_object(j, NULL);
    cli_json_string(j, "ruleId", finding->rule->id);
    cli_json_number(j, "ruleIndex", (uint64_t)(finding->rule - log->view->rules));
    cli_json_string(j, "level", level_of(finding->severity));
    message(log, "message", finding->text);
    print_location(j, finding, uri);
    cli_json_object(j, "partialFingerprints");
    cli_json_string(j, "finding/v1", print);
    /* The only one that code scanning on GitHub reads. Its own is made of the line, and most documents are one line. */
    cli_json_string(j, "primaryLocationLineHash", print);
    cli_json_end(j);
    print_properties(j, finding);
    cli_json_end(j);
    free(uri);
    return log->r;
}

/* Whether everything could be looked at. */
static void print_invocation(struct log *log)
{
    struct cli_json *j = &log->j;
    bool complete = true;

    for (size_t i = 0; i < log->view->count; i++)
        complete = complete && log->view->subjects[i].error == NULL;
    cli_json_array(j, "invocations");
    cli_json_object(j, NULL);
    cli_json_bool(j, "executionSuccessful", complete);
    cli_json_array(j, "toolExecutionNotifications");
    for (size_t i = 0; i < log->view->count; i++) {
        if (log->view->subjects[i].error == NULL)
            continue;
        cli_json_object(j, NULL);
        cli_json_string(j, "level", "error");
        message(log, "message", log->view->subjects[i].error);
        cli_json_end(j);
    }
    cli_json_end(j);
    cli_json_end(j);
    cli_json_end(j);
}

int cli_report_sarif(FILE *f, const struct cli_report_view *v)
{
    static const char schema[] =
        "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
    struct log log = { .j = { .file = f }, .view = v };

    cli_json_object(&log.j, NULL);
    cli_json_string(&log.j, "$schema", schema);
    cli_json_string(&log.j, "version", "2.1.0");
    cli_json_array(&log.j, "runs");
    cli_json_object(&log.j, NULL);
    print_tool(&log);
    print_invocation(&log);
    cli_json_string(&log.j, "columnKind", "unicodeCodePoints");
    cli_json_array(&log.j, "results");
    for (size_t i = 0; i < v->count; i++)
        for (size_t k = 0; log.r == 0 && k < v->subjects[i].count; k++)
            log.r = print_result(&log, &v->subjects[i], v->subjects[i].findings[k]);
    while (log.j.depth > 0)
        cli_json_end(&log.j);
    return log.r;
}
