/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the manifest of an ACI to the configuration of an image.
 *
 * exec becomes the entrypoint: like Docker's, it is what arguments given at the start are added to.
 */
#include <inttypes.h>
#include <string.h>

#include "aci.h"
#include "base/buf.h"
#include "base/event.h"
#include "base/fail.h"
#include "spec/spec.h"

enum { MAX_PORTS = 1 << 16 };

static const char oci_prefix[] = "org.opencontainers.image.";

struct conversion {
    const oci_value *app; /* or NULL: the image has nothing to run */
    const oci_archive *archive;
    const oci_events *events;
    oci_aci_image *out;
    oci_value *process; /* member "config" of the configuration */
};

/* ---- reading ---- */

static int fail_type(oci_error *err, const char *where, const char *expected, const oci_value *found)
{
    return oci_fail(err, OCI_E_INVALID, "%s: expected %s, found %s", where, expected,
                    oci_value_type_name(oci_value_type_of(found)));
}

/* The last part of a JSON pointer, which is the member of the object that the rest leads to. */
static const oci_value *member(const oci_value *object, const char *where)
{
    const oci_value *v = NULL;

    oci_value_get(object, strrchr(where, '/') + 1, &v);
    return v;
}

/* A list that need not be there. */
static int read_list(const oci_value *object, const char *where, const oci_value **out, oci_error *err)
{
    const oci_value *v = member(object, where);

    if (v != NULL && oci_value_type_of(v) != OCI_VALUE_ARRAY)
        return fail_type(err, where, "an array", v);
    *out = v;
    return 0;
}

static int read_text(const oci_value *object, const char *where, const char **out, oci_error *err)
{
    const oci_value *v = member(object, where);

    *out = oci_value_text(v);
    return *out != NULL && **out != '\0' ? 0 : fail_type(err, where, "a string that is not empty", v);
}

static int set_text(oci_value *object, const char *name, const char *text, oci_error *err)
{
    return oci_value_set(object, name, oci_value_new_string(text), err);
}

/* A list of objects with name and value as one object; lists like that name nothing twice. Gives. */
static int read_pairs(const oci_value *object, const char *where, oci_value **out, oci_error *err)
{
    OCI_AUTO(oci_value) pairs = oci_value_new_object();
    const oci_value *list = NULL;
    int r = read_list(object, where, &list, err);

    if (r == 0 && pairs == NULL)
        return oci_fail_nomem(err);
    for (size_t i = 0; r == 0 && i < oci_value_count(list); i++) {
        const oci_value *item = oci_value_item(list, i);
        const char *name = oci_value_text(member(item, "/name")), *value = oci_value_text(member(item, "/value"));

        if (name == NULL || name[0] == '\0' || value == NULL)
            return oci_fail(err, OCI_E_INVALID, "%s/%zu: expected the strings name and value", where, i);
        if (oci_value_get(pairs, name, NULL))
            return oci_fail(err, OCI_E_INVALID, "%s/%zu: '%s' is there twice", where, i, name);
        r = set_text(pairs, name, value, err);
    }
    if (r == 0)
        *out = oci_steal(&pairs);
    return r;
}

int oci_aci_check(const oci_value *manifest, oci_error *err)
{
    const oci_value *dependencies = NULL, *paths = NULL;
    const char *kind = NULL, *text = NULL;
    int r = read_text(manifest, "/acKind", &kind, err);

    if (r == 0 && strcmp(kind, "ImageManifest") != 0)
        return oci_fail(err, OCI_E_INVALID, "/acKind: '%s' is no ImageManifest", kind);
    if (r == 0)
        r = read_text(manifest, "/acVersion", &text, err);
    if (r == 0)
        r = read_list(manifest, "/pathWhitelist", &paths, err);
    if (r == 0)
        r = read_list(manifest, "/dependencies", &dependencies, err);
    if (r < 0 || oci_value_count(dependencies) == 0)
        return r;
    text = oci_value_text(member(oci_value_item(dependencies, 0), "/imageName"));
    return oci_fail(err, OCI_E_UNSUPPORTED,
                    "/dependencies: the image is one part of a file system; the others, like '%s', are not in it",
                    text != NULL ? text : "?");
}

/* ---- what is to be run ---- */

/* A user or group; of a path, the one that the file there belongs to. */
static int read_owner(const struct conversion *c, const char *where, bool group, oci_buf *out, oci_error *err)
{
    OCI_AUTO_BUF oci_buf name = OCI_BUF_INIT;
    char normal[OCI_TAR_PATH_MAX + 1];
    const oci_member *m;
    const char *text;
    size_t len;
    int r = read_text(c->app, where, &text, err);

    if (r < 0)
        return r;
    if (strchr(text, ':') != NULL || strlen(text) > OCI_TAR_PATH_MAX)
        return oci_fail(err, OCI_E_INVALID, "%s: '%s' cannot be the name of a user or group", where, text);
    if (text[0] != '/')
        return oci_buf_puts(out, text, err);
    r = oci_wrap(err, oci_tar_name_normalise(text, strlen(text), normal, &len, err), "%s", where);
    if (r == 0)
        r = oci_buf_printf(&name, err, "%s/%s", oci_aci_rootfs, normal);
    if (r < 0)
        return r;
    m = oci_archive_get(c->archive, name.data);
    if (m == NULL)
        return oci_fail(err, OCI_E_INVALID, "%s: '%s' is not in rootfs", where, text);
    return oci_buf_printf(out, err, "%" PRIu32, group ? m->facts->gid : m->facts->uid);
}

static int convert_user(struct conversion *c, oci_error *err)
{
    OCI_AUTO_BUF oci_buf text = OCI_BUF_INIT;
    int r = read_owner(c, "/app/user", false, &text, err);

    if (r == 0)
        r = oci_buf_putc(&text, ':', err);
    if (r == 0)
        r = read_owner(c, "/app/group", true, &text, err);
    return r < 0 ? r : set_text(c->process, "User", text.data, err);
}

static int convert_environment(struct conversion *c, oci_error *err)
{
    OCI_AUTO(oci_value) pairs = NULL;
    OCI_AUTO(oci_value) env = oci_value_new_array();
    const oci_value *value;
    oci_value_cursor at = { 0 };
    const char *name;
    int r = env != NULL ? read_pairs(c->app, "/app/environment", &pairs, err) : oci_fail_nomem(err);

    while (r == 0 && oci_value_next(pairs, &at, &name, &value)) {
        OCI_AUTO_BUF oci_buf text = OCI_BUF_INIT;

        if (strchr(name, '=') != NULL)
            return oci_fail(err, OCI_E_INVALID, "/app/environment: '%s' cannot be the name of a variable", name);
        r = oci_buf_puts(&text, name, err);
        if (r == 0)
            r = oci_buf_putc(&text, '=', err);
        if (r == 0)
            r = oci_buf_puts(&text, oci_value_text(value), err);
        if (r == 0)
            r = oci_value_push(env, oci_value_new_string(text.data), err);
    }
    return r < 0 || oci_value_count(env) == 0 ? r : oci_value_set(c->process, "Env", oci_steal(&env), err);
}

static int convert_exec(struct conversion *c, oci_error *err)
{
    const oci_value *exec = NULL;
    int r = read_list(c->app, "/app/exec", &exec, err);

    if (r < 0 || oci_value_count(exec) == 0)
        return r;
    for (size_t i = 0; i < oci_value_count(exec); i++)
        if (oci_value_text(oci_value_item(exec, i)) == NULL)
            return oci_fail(err, OCI_E_INVALID, "/app/exec/%zu: expected a string", i);
    return oci_value_set(c->process, "Entrypoint", oci_value_copy(exec), err);
}

/* One port or a range of them. */
static int add_ports(oci_value *ports, const oci_value *item, size_t *total, oci_error *err)
{
    const char *protocol = oci_value_text(member(item, "/protocol"));
    const oci_value *more = member(item, "/count");
    uint64_t first = 0, count = 1;
    int r = 0;

    if (protocol == NULL || protocol[0] == '\0' || strchr(protocol, '/') != NULL ||
        !oci_value_uint64(member(item, "/port"), &first) || first < 1 || first > UINT16_MAX)
        return oci_fail(err, OCI_E_INVALID, "expected port, from 1 to 65535, and protocol");
    if ((more != NULL && !oci_value_uint64(more, &count)) || count < 1 || count > UINT16_MAX + 1 - first)
        return oci_fail(err, OCI_E_INVALID, "count is no number of ports");
    *total += count;
    if (*total > MAX_PORTS)
        return oci_fail(err, OCI_E_LIMIT, "there are more than %d ports together", MAX_PORTS);
    for (uint64_t port = first; r == 0 && port < first + count; port++) {
        OCI_AUTO_BUF oci_buf text = OCI_BUF_INIT;

        r = oci_buf_printf(&text, err, "%" PRIu64 "/%s", port, protocol);
        if (r == 0)
            r = oci_value_set(ports, text.data, oci_value_new_object(), err);
    }
    return r;
}

static int convert_ports(struct conversion *c, oci_error *err)
{
    OCI_AUTO(oci_value) ports = oci_value_new_object();
    const oci_value *list = NULL;
    size_t total = 0;
    int r = ports != NULL ? read_list(c->app, "/app/ports", &list, err) : oci_fail_nomem(err);

    for (size_t i = 0; r == 0 && i < oci_value_count(list); i++)
        r = oci_wrap(err, add_ports(ports, oci_value_item(list, i), &total, err), "/app/ports/%zu", i);
    return r < 0 || total == 0 ? r : oci_value_set(c->process, "ExposedPorts", oci_steal(&ports), err);
}

static int convert_mount_points(struct conversion *c, oci_error *err)
{
    OCI_AUTO(oci_value) volumes = oci_value_new_object();
    const oci_value *list = NULL;
    int r = volumes != NULL ? read_list(c->app, "/app/mountPoints", &list, err) : oci_fail_nomem(err);

    for (size_t i = 0; r == 0 && i < oci_value_count(list); i++) {
        const char *path = oci_value_text(member(oci_value_item(list, i), "/path"));

        if (path == NULL || path[0] != '/')
            return oci_fail(err, OCI_E_INVALID, "/app/mountPoints/%zu: expected path, an absolute one", i);
        r = oci_value_set(volumes, path, oci_value_new_object(), err);
    }
    return r < 0 || oci_value_count(list) == 0 ? r : oci_value_set(c->process, "Volumes", oci_steal(&volumes), err);
}

static int convert_working_directory(struct conversion *c, oci_error *err)
{
    const char *text;
    int r;

    if (member(c->app, "/app/workingDirectory") == NULL)
        return 0;
    r = read_text(c->app, "/app/workingDirectory", &text, err);
    return r < 0 ? r : set_text(c->process, "WorkingDir", text, err);
}

static void warn_of_rest(const struct conversion *c)
{
    static const char *const names[] = { "/app/eventHandlers", "/app/isolators", "/app/supplementaryGIDs" };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (oci_value_count(member(c->app, names[i])) > 0)
            oci_warn(c->events, "%s: %s is left out: an image of OCI has no place for it", oci_aci_manifest, names[i]);
}

static int convert_app(struct conversion *c, oci_error *err)
{
    static int (*const parts[])(struct conversion *, oci_error *) = { convert_user,         convert_ports,
                                                                      convert_environment,  convert_exec,
                                                                      convert_mount_points, convert_working_directory };
    int r = 0;

    if (c->app == NULL)
        return 0;
    if (oci_value_type_of(c->app) != OCI_VALUE_OBJECT)
        return fail_type(err, "/app", "an object", c->app);
    for (size_t i = 0; r == 0 && i < sizeof parts / sizeof parts[0]; i++)
        r = parts[i](c, err);
    if (r == 0)
        warn_of_rest(c);
    return r;
}

/* ---- what it is ---- */

/* Without os and arch it is for any; a configuration has to name some. */
static int convert_platform(struct conversion *c, const oci_value *labels, oci_error *err)
{
    const char *os = oci_value_text(member(labels, "/os")), *arch = oci_value_text(member(labels, "/arch"));
    const char *variant = NULL;
    int r;

    c->out->has_platform = arch != NULL;
    if (arch != NULL)
        oci_platform_alias(arch, &arch, &variant);
    r = set_text(c->out->config, "architecture", arch != NULL ? arch : "unknown", err);
    if (r == 0 && variant != NULL)
        r = set_text(c->out->config, "variant", variant, err);
    return r < 0 ? r : set_text(c->out->config, "os", os != NULL ? os : "linux", err);
}

/* NAME:VERSION where that can be a name, otherwise NAME, otherwise none. */
static int convert_name(struct conversion *c, const char *name, const char *version, oci_error *err)
{
    oci_buf *out = &c->out->name;
    int r = version != NULL ? oci_buf_printf(out, err, "%s:%s", name, version) : oci_buf_puts(out, name, err);

    if (r == 0 && version != NULL && !oci_ref_name_is_wellformed(out->data)) {
        out->len = 0;
        r = oci_buf_puts(out, name, err);
    }
    if (r == 0 && !oci_ref_name_is_wellformed(out->data))
        out->len = 0;
    return r;
}

static int annotate(struct conversion *c, const char *name, const char *value, oci_error *err)
{
    OCI_AUTO_BUF oci_buf key = OCI_BUF_INIT;
    int r = oci_buf_printf(&key, err, "%s%s", oci_prefix, name);

    return r < 0 ? r : set_text(c->out->annotations, key.data, value, err);
}

/* What both sides have gets OCI's name, the rest keeps its own. */
static int convert_annotation(struct conversion *c, const char *name, const char *value, oci_error *err)
{
    static const struct {
        const char *name, *to, *field;
    } known[] = {
        { "created", "created", "created" },
        { "authors", "authors", "author" },
        { "homepage", "url", NULL },
        { "documentation", "documentation", NULL },
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        int r;

        if (strcmp(name, known[i].name) != 0)
            continue;
        r = annotate(c, known[i].to, value, err);
        return r < 0 || known[i].field == NULL ? r : set_text(c->out->config, known[i].field, value, err);
    }
    return set_text(c->out->annotations, name, value, err);
}

static int convert_annotations(struct conversion *c, const oci_value *manifest, oci_error *err)
{
    OCI_AUTO(oci_value) pairs = NULL;
    oci_value_cursor at = { 0 };
    const oci_value *value;
    const char *name;
    int r = read_pairs(manifest, "/annotations", &pairs, err);

    while (r == 0 && oci_value_next(pairs, &at, &name, &value))
        r = convert_annotation(c, name, oci_value_text(value), err);
    return r;
}

/* Those that nothing else says become labels here too. */
static int convert_labels(struct conversion *c, const oci_value *manifest, oci_error *err)
{
    static const char *const said[] = { "version", "os", "arch" };
    OCI_AUTO(oci_value) labels = NULL;
    const char *name, *version = NULL;
    int r = read_text(manifest, "/name", &name, err);

    if (r == 0)
        r = annotate(c, "title", name, err);
    if (r == 0)
        r = read_pairs(manifest, "/labels", &labels, err);
    if (r < 0)
        return r;
    version = oci_value_text(member(labels, "/version"));
    r = convert_name(c, name, version, err);
    if (r == 0 && version != NULL)
        r = annotate(c, "version", version, err);
    if (r == 0)
        r = convert_platform(c, labels, err);
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++)
        oci_value_remove(labels, said[i]);
    return r < 0 || oci_value_count(labels) == 0 ? r : oci_value_set(c->process, "Labels", oci_steal(&labels), err);
}

int oci_aci_convert(const oci_value *manifest, const oci_archive *a, const oci_events *events, oci_aci_image *out,
                    oci_error *err)
{
    struct conversion c = { .app = member(manifest, "/app"), .archive = a, .events = events, .out = out };
    OCI_AUTO(oci_value) process = oci_value_new_object();
    int r;

    out->config = oci_value_new_object();
    out->annotations = oci_value_new_object();
    if (process == NULL || out->config == NULL || out->annotations == NULL)
        return oci_fail_nomem(err);
    c.process = process;
    r = convert_annotations(&c, manifest, err);
    if (r == 0)
        r = convert_labels(&c, manifest, err);
    if (r == 0)
        r = convert_app(&c, err);
    return r < 0 ? r : oci_value_set(out->config, "config", oci_steal(&process), err);
}

void oci_aci_image_free(oci_aci_image *image)
{
    oci_value_free(image->config);
    oci_value_free(image->annotations);
    oci_buf_free(&image->name);
}
