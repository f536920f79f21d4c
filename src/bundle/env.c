/* SPDX-License-Identifier: Apache-2.0 */
#include "parts.h"

#include <string.h>

#include "base/fail.h"
#include "base/map.h"
#include "base/text.h"
#include "build.h"

/* For an image that says nothing: where programs usually are. */
#define DEFAULT_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* The length of the name in "name=value". */
static size_t name_length(const char *entry)
{
    return strcspn(entry, "=");
}

/* The image's entries as they are, in their order and with their doubles. */
static int push_image_env(oci_value *env, const oci_config *c, oci_map *names, oci_error *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < c->env.count; i++) {
        const char *entry = c->env.items[i];
        size_t n = name_length(entry);

        /* A runtime might complete a name alone from its own environment. */
        if (n == 0 || entry[n] != '=')
            return oci_fail(err, OCI_E_INVALID, "config.Env '%.100s' is not NAME=VALUE", entry);
        if (oci_map_set(names, entry, n, NULL) < 0)
            return oci_fail_nomem(err);
        r = oci_value_push(env, oci_value_new_string(entry), err);
    }
    return r;
}

/* The template's entries whose names the image does not have. */
static int push_template_env(oci_value *env, const oci_value *given, const oci_map *names, oci_error *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < oci_value_count(given); i++) {
        const oci_value *item = oci_value_item(given, i);
        const char *entry;

        if (oci_value_type_of(item) != OCI_VALUE_STRING)
            return oci_fail(err, OCI_E_USAGE, "the template's 'env' holds %s",
                            oci_value_type_name(oci_value_type_of(item)));
        entry = oci_value_string(item, NULL);
        if (!oci_map_get(names, entry, name_length(entry), NULL))
            r = oci_value_push(env, oci_value_copy(item), err);
    }
    return r;
}

static bool has_path(const oci_value *env)
{
    for (size_t i = 0; i < oci_value_count(env); i++)
        if (oci_starts_with(oci_value_string(oci_value_item(env, i), NULL), "PATH="))
            return true;
    return false;
}

static int fill_env(oci_value *env, const oci_value *given, const oci_config *c, oci_error *err)
{
    OCI_AUTO(oci_map) names = oci_map_new();
    int r;

    if (names == NULL)
        return oci_fail_nomem(err);
    r = push_image_env(env, c, names, err);
    if (r == 0)
        r = push_template_env(env, given, names, err);
    if (r == 0 && !has_path(env))
        r = oci_value_push(env, oci_value_new_string(DEFAULT_PATH), err);
    return r;
}

int oci_bundle_env(oci_value *process, const oci_config *c, oci_error *err)
{
    OCI_AUTO(oci_value) env = oci_value_new_array();
    oci_value *given;
    int r;

    if (env == NULL)
        return oci_fail_nomem(err);
    r = oci_build_array(process, "env", &given, err);
    if (r == 0)
        r = fill_env(env, given, c, err);
    return r < 0 ? r : oci_value_set(process, "env", oci_steal(&env), err);
}
