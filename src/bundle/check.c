/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What runtime-spec says of single values, as a table: a pattern of places and what each value there has to be. "*" is
 * any item or member. Runtimes fail on these, often with texts that do not name the place.
 */
#include "parts.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/fail.h"

struct rule {
    const char *pattern;
    /* NULL when the value is right, else what it should be. */
    const char *(*check)(const oci_value *v);
};

static const char *text_of(const oci_value *v)
{
    return oci_value_type_of(v) == OCI_VALUE_STRING ? oci_value_string(v, NULL) : NULL;
}

static const char *is_text(const oci_value *v)
{
    return text_of(v) != NULL ? NULL : "a string";
}

static const char *is_absolute(const oci_value *v)
{
    const char *text = text_of(v);

    return text != NULL && text[0] == '/' ? NULL : "an absolute path";
}

static const char *is_flag(const oci_value *v)
{
    return oci_value_type_of(v) == OCI_VALUE_BOOL ? NULL : "true or false";
}

static const char *is_list(const oci_value *v)
{
    return oci_value_type_of(v) == OCI_VALUE_ARRAY ? NULL : "a list";
}

static const char *is_object(const oci_value *v)
{
    return oci_value_type_of(v) == OCI_VALUE_OBJECT ? NULL : "an object";
}

static const char *is_hook(const oci_value *v)
{
    return oci_value_get(v, "path", NULL) ? NULL : "an object with a path";
}

static const char *is_id(const oci_value *v)
{
    uint64_t n;

    return oci_value_uint64(v, &n) && n <= UINT32_MAX ? NULL : "a number from 0 to 4294967295";
}

static const char *is_positive(const oci_value *v)
{
    int64_t n;

    return oci_value_int64(v, &n) && n > 0 ? NULL : "a number above 0";
}

static const char *is_size(const oci_value *v)
{
    return is_id(v) == NULL && is_positive(v) == NULL ? NULL : "a number from 1 to 4294967295";
}

static const char *is_file_mode(const oci_value *v)
{
    uint64_t n;

    return oci_value_uint64(v, &n) && n <= 0777 ? NULL : "a mode from 0 to 511 (0777), in decimal";
}

static const char *is_environment(const oci_value *v)
{
    const char *text = text_of(v);

    return text != NULL && text[0] != '=' && strchr(text, '=') != NULL ? NULL : "NAME=VALUE";
}

static bool is_one_of(const oci_value *v, const char *const *words, size_t n)
{
    const char *text = text_of(v);

    for (size_t i = 0; text != NULL && i < n; i++)
        if (strcmp(text, words[i]) == 0)
            return true;
    return false;
}

static const char *is_namespace(const oci_value *v)
{
    static const char *const words[] = { "pid", "network", "mount", "ipc", "uts", "user", "cgroup", "time" };

    return is_one_of(v, words, sizeof words / sizeof *words)
               ? NULL
               : "one of pid, network, mount, ipc, uts, user, cgroup and time";
}

static const char *is_propagation(const oci_value *v)
{
    static const char *const words[] = { "shared", "slave", "private", "unbindable" };

    return is_one_of(v, words, sizeof words / sizeof *words) ? NULL : "one of shared, slave, private and unbindable";
}

static const char *is_capability(const oci_value *v)
{
    const char *text = text_of(v);

    return text != NULL && oci_capability_is_known(text) ? NULL : "the name of a capability";
}

static const char *is_device(const oci_value *v)
{
    static const char *const words[] = { "c", "b", "u", "p" };
    const oci_value *type = NULL;

    oci_value_get(v, "type", &type);
    if (!is_one_of(type, words, sizeof words / sizeof *words))
        return "a device of type c, b, u or p";
    if (strcmp(text_of(type), "p") != 0 && (!oci_value_get(v, "major", NULL) || !oci_value_get(v, "minor", NULL)))
        return "a device with major and minor";
    return oci_value_get(v, "path", NULL) ? NULL : "a device with a path";
}

/* Versions 2.0.0 of SemVer, as far as runtimes look: three numbers and what may follow them. */
static const char *is_version(const oci_value *v)
{
    const char *text = text_of(v);
    size_t n;

    for (int part = 0; text != NULL && part < 3; part++) {
        n = strspn(text, "0123456789");
        if (n == 0 || (n > 1 && text[0] == '0') || (part < 2 && text[n] != '.'))
            return "a version such as 1.0.2";
        text += part < 2 ? n + 1 : n;
    }
    return text != NULL && (*text == '\0' || *text == '-' || *text == '+') ? NULL : "a version such as 1.0.2";
}

/* Each item of the array has another "type". */
static const char *has_unique_types(const oci_value *v)
{
    for (size_t i = 0; i < oci_value_count(v); i++) {
        const oci_value *a = NULL, *b = NULL;

        if (!oci_value_get(oci_value_item(v, i), "type", &a) || text_of(a) == NULL)
            return "a list of objects with a type";
        for (size_t k = 0; k < i && k < 64; k++) {
            oci_value_get(oci_value_item(v, k), "type", &b);
            if (strcmp(text_of(a), text_of(b)) == 0)
                return "a list without a type that is there twice";
        }
    }
    return is_list(v);
}

/* Mappings come in pairs, and say how they are to be used. */
static const char *is_mount(const oci_value *v)
{
    static const char *const words[] = { "idmap", "ridmap" };
    const oci_value *options = NULL;
    bool uids = oci_value_get(v, "uidMappings", NULL), gids = oci_value_get(v, "gidMappings", NULL);

    if (!oci_value_get(v, "destination", NULL))
        return "a mount with a destination";
    if (uids != gids)
        return "a mount with both uidMappings and gidMappings, or none of them";
    if (!uids)
        return NULL;
    oci_value_get(v, "options", &options);
    for (size_t i = 0; i < oci_value_count(options); i++)
        if (is_one_of(oci_value_item(options, i), words, 2))
            return NULL;
    return "a mount with the option idmap or ridmap, since it has mappings";
}

static const struct rule rules[] = {
    { "ociVersion", is_version },
    { "root/path", is_text },
    { "root/readonly", is_flag },
    { "hostname", is_text },
    { "mounts", is_list },
    { "mounts/*", is_mount },
    { "mounts/*/destination", is_absolute },
    { "mounts/*/options", is_list },
    { "mounts/*/options/*", is_text },
    { "process/terminal", is_flag },
    { "process/noNewPrivileges", is_flag },
    { "process/cwd", is_absolute },
    { "process/args/*", is_text },
    { "process/env/*", is_environment },
    { "process/user/uid", is_id },
    { "process/user/gid", is_id },
    { "process/user/additionalGids", is_list },
    { "process/user/additionalGids/*", is_id },
    { "process/rlimits", has_unique_types },
    { "process/capabilities", is_object },
    { "process/capabilities/*", is_list },
    { "process/capabilities/*/*", is_capability },
    { "hooks", is_object },
    { "hooks/*", is_list },
    { "hooks/*/*", is_hook },
    { "hooks/*/*/path", is_absolute },
    { "hooks/*/*/timeout", is_positive },
    { "annotations/*", is_text },
    { "linux", is_object },
    { "linux/namespaces", has_unique_types },
    { "linux/namespaces/*/type", is_namespace },
    { "linux/namespaces/*/path", is_absolute },
    { "linux/uidMappings", is_list },
    { "linux/uidMappings/*/containerID", is_id },
    { "linux/uidMappings/*/hostID", is_id },
    { "linux/uidMappings/*/size", is_size },
    { "linux/gidMappings", is_list },
    { "linux/gidMappings/*/containerID", is_id },
    { "linux/gidMappings/*/hostID", is_id },
    { "linux/gidMappings/*/size", is_size },
    { "linux/devices", is_list },
    { "linux/devices/*", is_device },
    { "linux/devices/*/path", is_absolute },
    { "linux/devices/*/fileMode", is_file_mode },
    { "linux/maskedPaths", is_list },
    { "linux/maskedPaths/*", is_absolute },
    { "linux/readonlyPaths", is_list },
    { "linux/readonlyPaths/*", is_absolute },
    { "linux/rootfsPropagation", is_propagation },
};

/* The way from the root to the value that is looked at. */
struct way {
    const struct way *up;
    const char *name; /* NULL: an item */
    size_t index;
};

static int append_way(oci_buf *out, const struct way *w, oci_error *err)
{
    int r = w->up != NULL ? append_way(out, w->up, err) : 0;

    if (r == 0 && w->name != NULL)
        return oci_buf_printf(out, err, "/%.100s", w->name);
    return r < 0 ? r : oci_buf_printf(out, err, "/%zu", w->index);
}

static int fail_at(const struct way *w, const char *wanted, oci_error *err)
{
    OCI_AUTO_BUF oci_buf place = OCI_BUF_INIT;
    int r = append_way(&place, w, err);

    return r < 0 ? r : oci_fail(err, OCI_E_USAGE, "the template: %s has to be %s", place.data, wanted);
}

static int check_below(const oci_value *v, const char *pattern, const struct rule *rule, const struct way *up,
                       oci_error *err);

static int check_at(const oci_value *v, const char *rest, const struct rule *rule, const struct way *w, oci_error *err)
{
    const char *wanted;

    if (*rest == '/')
        return check_below(v, rest + 1, rule, w, err);
    wanted = rule->check(v);
    return wanted == NULL ? 0 : fail_at(w, wanted, err);
}

/* Checks what the pattern, of at most a handful of components, means below v. */
static int check_below(const oci_value *v, const char *pattern, const struct rule *rule, const struct way *up,
                       oci_error *err)
{
    size_t n = strcspn(pattern, "/");
    oci_value_cursor cursor = { NULL };
    const oci_value *member;
    const char *name;
    char wanted[32];
    int r = 0;

    if (pattern[0] != '*') {
        snprintf(wanted, sizeof wanted, "%.*s", (int)n, pattern);
        if (!oci_value_get(v, wanted, &member))
            return 0;
        return check_at(member, pattern + n, rule, &(struct way) { .up = up, .name = wanted }, err);
    }
    if (oci_value_type_of(v) == OCI_VALUE_ARRAY) {
        for (size_t i = 0; r == 0 && i < oci_value_count(v); i++)
            r = check_at(oci_value_item(v, i), pattern + n, rule, &(struct way) { .up = up, .index = i }, err);
        return r;
    }
    while (r == 0 && oci_value_next(v, &cursor, &name, &member))
        r = check_at(member, pattern + n, rule, &(struct way) { .up = up, .name = name }, err);
    return r;
}

int oci_bundle_check(const oci_value *root, oci_error *err)
{
    int r = 0;

    if (!oci_value_get(root, "ociVersion", NULL))
        return oci_fail(err, OCI_E_USAGE, "the template takes ociVersion away");
    for (size_t i = 0; r == 0 && i < sizeof rules / sizeof *rules; i++)
        r = check_below(root, rules[i].pattern, &rules[i], NULL, err);
    return r;
}
