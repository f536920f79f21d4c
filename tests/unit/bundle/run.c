/* SPDX-License-Identifier: Apache-2.0 */
#include "run.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"

void oci_run_rootfs_make(run_rootfs *rootfs)
{
    strcpy(rootfs->path, "/tmp/oci-bundle-XXXXXX");
    assert_non_null(mkdtemp(rootfs->path));
    rootfs->fd = open(rootfs->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(rootfs->fd >= 0);
    assert_int_equal(mkdirat(rootfs->fd, "etc", 0755), 0);
}

void oci_run_rootfs_write(const run_rootfs *rootfs, const char *name, const char *text)
{
    char path[64];
    int fd;

    if (text == NULL)
        return;
    snprintf(path, sizeof path, "etc/%s", name);
    fd = openat(rootfs->fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

void oci_run_rootfs_remove(run_rootfs *rootfs)
{
    unlinkat(rootfs->fd, "etc/passwd", 0);
    unlinkat(rootfs->fd, "etc/group", 0);
    unlinkat(rootfs->fd, "etc", AT_REMOVEDIR);
    close(rootfs->fd);
    assert_int_equal(rmdir(rootfs->path), 0);
}

static void keep_warning(void *ctx, const char *text)
{
    conversion *run = ctx;

    assert_int_equal(oci_buf_printf(&run->warnings, NULL, "%s\n", text), 0);
}

/* Leaves the text in the directory OCI_TEST_CONFIGS, when there is one, for check_runtime_schema.py. */
static void leave(const oci_buf *json)
{
    static unsigned count;
    const char *dir = getenv("OCI_TEST_CONFIGS");
    char path[PATH_MAX];
    FILE *file;

    if (dir == NULL)
        return;
    snprintf(path, sizeof path, "%s/%04u.json", dir, count++);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(json->data, 1, json->len, file), json->len);
    assert_int_equal(fclose(file), 0);
}

void oci_run_convert(conversion *run, const oci_config *c, int rootfd, const oci_bundle_options *o)
{
    oci_events events = { .ctx = run, .warning = keep_warning };
    oci_bundle_options options = *o;
    oci_buf json = OCI_BUF_INIT;

    *run = (conversion) { .err = OCI_ERROR_INIT, .warnings = OCI_BUF_INIT };
    options.events = &events;
    run->result = oci_bundle_config(c, rootfd, &options, &json, &run->err);
    if (run->result == 0) {
        assert_true(json.len > 0 && json.data[json.len - 1] == '\n');
        leave(&json);
        assert_ok(&run->err, oci_value_parse(json.data, json.len, NULL, &run->root, &run->err));
    } else {
        assert_int_equal(json.len, 0);
    }
    oci_buf_free(&json);
}

void oci_run_free(conversion *run)
{
    oci_value_free(run->root);
    oci_buf_free(&run->warnings);
}

const char *oci_run_at(const conversion *run, const char *pointer)
{
    static char text[8192];
    const oci_value *value = run->root;
    oci_buf out = OCI_BUF_INIT;
    char name[256];

    while (*pointer == '/') {
        size_t n = strcspn(pointer + 1, "/");

        assert_true(n < sizeof name);
        memcpy(name, pointer + 1, n);
        name[n] = '\0';
        pointer += n + 1;
        if (oci_value_type_of(value) == OCI_VALUE_ARRAY) {
            size_t i = strtoul(name, NULL, 10);

            if (i >= oci_value_count(value))
                return "absent";
            value = oci_value_item(value, i);
        } else if (!oci_value_get(value, name, &value)) {
            return "absent";
        }
    }
    assert_int_equal(oci_value_print(value, OCI_PRINT_COMPACT, &out, NULL), 0);
    snprintf(text, sizeof text, "%s", out.data);
    oci_buf_free(&out);
    return text;
}

static bool warned_as_expected(const run_row *row, const conversion *run)
{
    if (row->warning == NULL)
        return run->warnings.len == 0;
    return run->warnings.len > 0 && strstr(run->warnings.data, row->warning) != NULL;
}

static bool came_out_as_expected(const run_row *row, const conversion *run)
{
    if (row->pointer == NULL)
        return run->result == row->result && run->err.code == row->result && strstr(run->err.msg, row->expect) != NULL;
    return run->result == 0 && strcmp(oci_run_at(run, row->pointer), row->expect) == 0;
}

static bool run_one(const run_row *row)
{
    static const char *const sh[] = { "sh" };
    oci_config config = row->config;
    run_rootfs rootfs;
    conversion run;
    bool good;

    if (config.os == NULL)
        config.os = "linux";
    if (config.architecture == NULL)
        config.architecture = "amd64";
    if (config.cmd.count == 0)
        config.cmd = (oci_strings) { sh, 1 };
    oci_run_rootfs_make(&rootfs);
    oci_run_rootfs_write(&rootfs, "passwd", row->passwd);
    oci_run_rootfs_write(&rootfs, "group", row->group);
    oci_run_convert(&run, &config, rootfs.fd, &row->options);
    good = came_out_as_expected(row, &run) && warned_as_expected(row, &run);
    if (!good)
        print_error("%s: result %d (%s), found %s\nwarnings: %s\n", row->id, run.result, run.err.msg,
                    run.result == 0 && row->pointer != NULL ? oci_run_at(&run, row->pointer) : "nothing",
                    run.warnings.len > 0 ? run.warnings.data : "none");
    oci_run_free(&run);
    oci_run_rootfs_remove(&rootfs);
    return good;
}

void oci_run_rows(const run_row *rows, size_t n)
{
    size_t bad = 0;

    for (size_t i = 0; i < n; i++)
        bad += !run_one(&rows[i]);
    assert_int_equal(bad, 0);
}
