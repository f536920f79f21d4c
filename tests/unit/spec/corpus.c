/* SPDX-License-Identifier: Apache-2.0 */
#include "corpus.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/text.h"

#include "test.h"

const struct kind kinds[] = {
    { "descriptor", &oci_descriptor_type }, { "layout", &oci_layout_file_type }, { "index", &oci_index_type },
    { "manifest", &oci_manifest_type },     { "config", &oci_config_type },
};
const size_t n_kinds = sizeof kinds / sizeof kinds[0];

const oci_decode_options plain = { .report = NULL };

static void note(void *ctx, const oci_problem *p)
{
    struct problems *all = ctx;

    if (p->code == 0 || all->count++ > 0)
        return;
    all->code = p->code;
    snprintf(all->rule, sizeof all->rule, "%s", p->rule != NULL ? p->rule : "");
    snprintf(all->pointer, sizeof all->pointer, "%s", p->pointer);
    snprintf(all->text, sizeof all->text, "%s", p->text);
}

int decode_reporting(const oci_type *type, const char *json, size_t n, struct problems *out)
{
    const oci_report_sink sink = { out, note };
    const oci_decode_options options = { .report = &sink };
    void *object = NULL;
    int r;

    *out = (struct problems) { 0 };
    r = oci_decode_document(type, json, n, &options, &object, NULL);
    if (r == 0)
        oci_decoded_free(object);
    return r;
}

void read_file(const char *path, oci_buf *buf)
{
    FILE *f = fopen(path, "rb");
    oci_error err = OCI_ERROR_INIT;
    char chunk[4096];
    size_t n;

    if (f == NULL)
        print_error("cannot open %s\n", path);
    assert_non_null(f);
    buf->len = 0;
    assert_ok(&err, oci_buf_append(buf, "", 0, &err));
    while ((n = fread(chunk, 1, sizeof chunk, f)) > 0)
        assert_ok(&err, oci_buf_append(buf, chunk, n, &err));
    assert_false(ferror(f));
    fclose(f);
}

size_t each_file(const char *folder, const char *suffix, void (*each)(void *ctx, const char *path), void *ctx)
{
    DIR *dir = opendir(folder);
    size_t count = 0;

    if (dir == NULL)
        return 0;
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        char path[4096];
        struct stat st;

        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        assert_true((size_t)snprintf(path, sizeof path, "%s/%s", folder, e->d_name) < sizeof path);
        if (lstat(path, &st) < 0)
            continue;
        if (S_ISDIR(st.st_mode)) {
            count += each_file(path, suffix, each, ctx);
        } else if (S_ISREG(st.st_mode) && oci_ends_with(e->d_name, suffix)) {
            each(ctx, path);
            count++;
        }
    }
    closedir(dir);
    return count;
}
