/* SPDX-License-Identifier: Apache-2.0 */
#include "reports.h"

#include <stdlib.h>
#include <string.h>

#include <oci-image/text.h>

#include "test.h"

static const oci_rule rules[] = {
    { "descriptor.size.non-negative", OCI_SEVERITY_ERROR, "descriptor.md#properties", "1.0", "size is not negative",
      "A size counts bytes.\n\nCompute the descriptor anew." },
    { "config.history.count", OCI_SEVERITY_WARNING, "config.md#properties", "1.0",
      "history has one entry for each layer", NULL },
    { "layer.entry.unique", OCI_SEVERITY_ERROR, "layer.md#creating", "1.1", "no two entries of a layer have one name",
      "Unpackers take the last one.\n\nMost of them, that is." },
    { "layer.setuid", OCI_SEVERITY_INFO, "nowhere", "1.0", "files that run as their owner are known", "Look at them." },
};

#define DIGEST "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define BLOB   "blobs/sha256/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static const oci_finding size = {
    .rule = &rules[0],
    .severity = OCI_SEVERITY_ERROR,
    .text = "size is -1",
    .file = "index.json",
    .path = "",
    .pointer = "/manifests/0/size",
    .line = 3,
    .column = 7,
    .character = 7,
    .excerpt = "      \"size\": -1,",
    .caret = 6,
};

static const oci_finding history = {
    .rule = &rules[1],
    .severity = OCI_SEVERITY_WARNING,
    .text = "1 entry of history makes a layer, there are 2 layers",
    .file = BLOB,
    .digest = DIGEST,
    .path = "manifests[0] > config",
    .pointer = "/history",
    .line = 1,
    .column = 90,
    .character = 89,
    .excerpt = "...caf\xc3\xa9\",\"history\":[]}",
    .caret = 10,
};

static const oci_finding twice = {
    .rule = &rules[2],
    .severity = OCI_SEVERITY_ERROR,
    .text = "'etc/passwd' was there before",
    .file = BLOB,
    .digest = DIGEST,
    .path = "manifests[0] > layers[1]",
    .layer = 2,
    .entry = "etc/passwd",
};

static const oci_finding again = {
    .rule = &rules[2],
    .severity = OCI_SEVERITY_ERROR,
    .text = "'etc/group' was there before",
    .file = BLOB,
    .digest = DIGEST,
    .path = "manifests[0] > layers[1]",
    .layer = 2,
    .entry = "./etc/group",
};

static const oci_finding setuid = {
    .rule = &rules[3],
    .severity = OCI_SEVERITY_INFO,
    .text = "'bin/su' runs as user 0",
    .file = "blobs/sha256/ff",
    .digest = DIGEST,
    .path = "manifests[0] > layers[0]",
    .layer = 1,
    .entry = "bin/su",
};

static const oci_finding alone = {
    .rule = &rules[1],
    .severity = OCI_SEVERITY_WARNING,
    .text = "there is no history",
    .file = "my config.json",
    .pointer = "",
    .line = 1,
    .column = 1,
    .character = 1,
};

/* In no file. */
static const oci_finding more = { .rule = &rules[3], .severity = OCI_SEVERITY_ERROR, .text = "7 more" };

/* What a line of a log, an attribute, a property and a string could end with, and characters that move the cursor. */
#define EVIL "a\nb\r\x1b[2J%0A:,]]><![CDATA[&\"'\\ \xff\xc3 \xe2\x80\xae \xef\xbf\xbe ::stop-commands::x ##[error]y"

static const oci_finding evil = {
    .rule = &rules[0],
    .severity = OCI_SEVERITY_ERROR,
    .text = EVIL,
    .file = EVIL,
    .digest = EVIL,
    .path = EVIL,
    .pointer = EVIL,
    .line = SIZE_MAX,
    .column = SIZE_MAX,
    .character = SIZE_MAX,
    .excerpt = "::error::" EVIL,
    .caret = 10,
    .layer = 1,
    .entry = "\n::error::" EVIL,
};

static const oci_finding far = {
    .rule = &rules[0],
    .severity = OCI_SEVERITY_ERROR,
    .text = "",
    .file = "",
    .path = "",
    .excerpt = "",
    .caret = 1000,
    .entry = "",
};

static const oci_finding *const of_layout[] = { &size, &history, &setuid, &twice, &again };
static const oci_finding *const of_document[] = { &alone };
static const oci_finding *const of_whole[] = { &more };
static const oci_finding *const of_enemy[] = { &evil, &far };

static const struct cli_report_subject clean[] = {
    { .name = "layout", .directory = "layout", .ignored = 1 },
};
static const struct cli_report_subject mixed[] = {
    { "./layout:app", "./layout", NULL, of_layout, sizeof of_layout / sizeof *of_layout, 2 },
    { "my config.json", NULL, NULL, of_document, 1, 0 },
    { "gone", "gone", "'gone' is not there", NULL, 0, 0 },
    { "full", "full", "there are {too} many", of_whole, 1, 0 },
};
static const struct cli_report_subject hostile[] = {
    { EVIL, "/" EVIL, EVIL, of_enemy, sizeof of_enemy / sizeof *of_enemy, 0 },
};

#define VIEW(list)                                                                                                     \
    {                                                                                                                  \
        .subjects = list, .count = sizeof list / sizeof *list, .rules = rules,                                         \
        .rule_count = sizeof rules / sizeof *rules, .version = "1.2.3", .spec = "1.1", .fail_on = OCI_SEVERITY_ERROR   \
    }

const struct sample samples[SAMPLES] = {
    { "clean", VIEW(clean) },
    { "mixed", VIEW(mixed) },
    { "hostile", VIEW(hostile) },
};

char *printed(const char *form, const struct cli_report_view *v)
{
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);

    assert_non_null(f);
    for (size_t i = 0; cli_report_formats[i].name != NULL; i++)
        if (strcmp(cli_report_formats[i].name, form) == 0)
            assert_int_equal(cli_report_formats[i].print(f, v), 0);
    fclose(f);
    assert_int_equal(strlen(text), len);
    return text;
}

static void compare_with_file(const char *path, const char *text)
{
    bool update = getenv("OCI_TEST_UPDATE") != NULL;
    char *want = calloc(1, 65536);
    FILE *f = fopen(path, update ? "w" : "r");

    assert_non_null(want);
    if (f == NULL)
        fail_msg("%s cannot be opened", path);
    if (update)
        fputs(text, f);
    else
        want[fread(want, 1, 65535, f)] = '\0';
    fclose(f);
    if (!update)
        assert_string_equal(text, want);
    free(want);
}

void assert_form_prints(const char *form, const char *extension)
{
    for (size_t i = 0; i < SAMPLES; i++) {
        char *text = printed(form, &samples[i].view);
        char path[512];

        snprintf(path, sizeof path, OCI_TESTDATA "/report/%s.%s", samples[i].name, extension);
        compare_with_file(path, text);
        assert_harmless(text);
        free(text);
    }
}

void assert_harmless(const char *text)
{
    for (const char *line = text; *line != '\0';) {
        size_t n = strcspn(line, "\n");
        char *shown = malloc(4 * n + 1);

        assert_non_null(shown);
        assert_int_equal(oci_utf8_escape(line, n, shown, 4 * n + 1), n);
        free(shown);
        line += n + (line[n] == '\n');
    }
}
