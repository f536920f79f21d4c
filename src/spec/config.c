/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "check.h"
#include "spec.h"

/* "Any OPTIONAL field MAY also be set to null" (config.md), so all that is optional here is nullable. */

/* ---- rootfs ---- */

static int check_rootfs_type(oci_decode *d, const void *field)
{
    const char *type = *(const char *const *)field;

    if (strcmp(type, "layers") == 0)
        return 0;
    return oci_decode_problem(d, OCI_E_INVALID, "config.rootfs.type.layers", "the type is '%s', not 'layers'", type);
}

static int diff_id_from_string(oci_decode *d, void *object, const char *s, size_t n)
{
    oci_diff_id *id = object;
    char *text = oci_arena_strndup(oci_decode_arena(d), s, n);

    if (text == NULL)
        return OCI_E_NOMEM;
    id->text = text;
    return oci_check_digest(d, s, n, &id->digest);
}

/* A diff_id is nothing but a string. */
static int check_diff_id(oci_decode *d, void *object)
{
    if (((const oci_diff_id *)object)->text != NULL)
        return 0;
    return oci_decode_problem(d, OCI_E_INVALID, "config.rootfs.diff-ids.required",
                              "expected a string, found an object");
}

static const char *diff_id_to_string(const void *object)
{
    return ((const oci_diff_id *)object)->text;
}

static const oci_type diff_id_type = {
    .what = "diff_id",
    .size = sizeof(oci_diff_id),
    .unknown_offset = SIZE_MAX,
    .check = check_diff_id,
    .from_string = diff_id_from_string,
    .to_string = diff_id_to_string,
};

static const oci_field rootfs_fields[] = {
    OCI_FIELD_WITH(oci_config, "type", rootfs_type, OCI_FIELD_STRING, OCI_REQUIRED, .check = check_rootfs_type,
                   .required_rule = "config.rootfs.type.required", .type_rule = "config.rootfs.type.layers"),
    OCI_FIELD_WITH(oci_config, "diff_ids", diff_ids, OCI_FIELD_VALUES, OCI_REQUIRED,
                   .count_offset = offsetof(oci_config, n_diff_ids), .sub = &diff_id_type,
                   .required_rule = "config.rootfs.diff-ids.required", .type_rule = "config.rootfs.diff-ids.required",
                   .null_rule = "config.rootfs.diff-ids.required"),
};

static const oci_type rootfs_type = {
    .what = "rootfs",
    .size = sizeof(oci_config),
    .fields = rootfs_fields,
    .n_fields = sizeof rootfs_fields / sizeof rootfs_fields[0],
    .unknown_offset = offsetof(oci_config, rootfs_unknown),
};

/* ---- history ---- */

static int check_history_created(oci_decode *d, const void *field)
{
    return oci_check_time(d, *(const char *const *)field, "config.history.created");
}

static const oci_field history_fields[] = {
    OCI_FIELD_WITH(oci_history, "created", created, OCI_FIELD_STRING, OCI_NULLABLE, .check = check_history_created,
                   .type_rule = "config.history.created"),
    OCI_FIELD_WITH(oci_history, "created_by", created_by, OCI_FIELD_STRING, OCI_NULLABLE,
                   .type_rule = "config.history.strings"),
    OCI_FIELD_WITH(oci_history, "author", author, OCI_FIELD_STRING, OCI_NULLABLE,
                   .type_rule = "config.history.strings"),
    OCI_FIELD_WITH(oci_history, "comment", comment, OCI_FIELD_STRING, OCI_NULLABLE,
                   .type_rule = "config.history.strings"),
    OCI_FIELD_WITH(oci_history, "empty_layer", empty_layer, OCI_FIELD_BOOL, OCI_NULLABLE,
                   .type_rule = "config.history.empty-layer"),
};

static const oci_type history_type = {
    .what = "history entry",
    .size = sizeof(oci_history),
    .fields = history_fields,
    .n_fields = sizeof history_fields / sizeof history_fields[0],
    .unknown_offset = offsetof(oci_history, unknown),
};

/* ---- config ---- */

/* USER, UID or either with ":" and a group. Who that is, only the root file system can tell. */
static int check_user(oci_decode *d, const void *field)
{
    const char *user = *(const char *const *)field, *colon = strchr(user, ':');

    if (colon == NULL || (colon > user && colon[1] != '\0' && strchr(colon + 1, ':') == NULL))
        return 0;
    return oci_decode_problem(d, OCI_E_INVALID, "config.user.forms", "'%s' is neither USER nor USER:GROUP", user);
}

static int check_env(oci_decode *d, const void *field)
{
    const oci_strings *env = field;

    for (size_t i = 0; i < env->count; i++) {
        const char *equals = strchr(env->items[i], '=');
        int r;

        if (equals != NULL && equals > env->items[i])
            continue;
        r = oci_decode_problem_at(d, NULL, i, OCI_E_INVALID, "config.env.format", "'%s' is not NAME=VALUE",
                                  env->items[i]);
        if (r < 0)
            return r;
    }
    return 0;
}

static const oci_field body_fields[] = {
    OCI_FIELD_WITH(oci_config, "User", user, OCI_FIELD_STRING, OCI_NULLABLE, .check = check_user,
                   .type_rule = "config.user.string"),
    OCI_FIELD_WITH(oci_config, "ExposedPorts", exposed_ports, OCI_FIELD_KEYS, OCI_NULLABLE,
                   .type_rule = "config.exposed-ports.object"),
    OCI_FIELD_WITH(oci_config, "Env", env, OCI_FIELD_STRINGS, OCI_NULLABLE, .check = check_env,
                   .type_rule = "config.env.array"),
    OCI_FIELD_WITH(oci_config, "Entrypoint", entrypoint, OCI_FIELD_STRINGS, OCI_NULLABLE,
                   .type_rule = "config.entrypoint.array"),
    OCI_FIELD_WITH(oci_config, "Cmd", cmd, OCI_FIELD_STRINGS, OCI_NULLABLE, .type_rule = "config.cmd.array"),
    OCI_FIELD_WITH(oci_config, "Volumes", volumes, OCI_FIELD_KEYS, OCI_NULLABLE, .type_rule = "config.volumes.object"),
    OCI_FIELD_WITH(oci_config, "WorkingDir", working_dir, OCI_FIELD_STRING, OCI_NULLABLE,
                   .type_rule = "config.working-dir.string"),
    OCI_FIELD_WITH(oci_config, "Labels", labels, OCI_FIELD_STRING_MAP, OCI_NULLABLE,
                   .type_rule = "config.labels.rules"),
    OCI_FIELD_WITH(oci_config, "StopSignal", stop_signal, OCI_FIELD_STRING, OCI_NULLABLE,
                   .type_rule = "config.stop-signal.string"),
    OCI_FIELD_WITH(oci_config, "ArgsEscaped", args_escaped, OCI_FIELD_BOOL, OCI_NULLABLE,
                   .type_rule = "config.args-escaped.boolean"),
};

static const oci_type body_type = {
    .what = "config object",
    .size = sizeof(oci_config),
    .fields = body_fields,
    .n_fields = sizeof body_fields / sizeof body_fields[0],
    .unknown_offset = offsetof(oci_config, config_unknown),
};

/* ---- the document ---- */

static int check_created(oci_decode *d, const void *field)
{
    return oci_check_time(d, *(const char *const *)field, "config.created.rfc3339");
}

static const oci_field fields[] = {
    OCI_FIELD_WITH(oci_config, "created", created, OCI_FIELD_STRING, OCI_NULLABLE, .check = check_created,
                   .type_rule = "config.created.rfc3339"),
    OCI_FIELD_WITH(oci_config, "author", author, OCI_FIELD_STRING, OCI_NULLABLE, .type_rule = "config.author.string"),
    OCI_FIELD_WITH(oci_config, "architecture", architecture, OCI_FIELD_STRING, OCI_REQUIRED,
                   .required_rule = "config.architecture.required", .type_rule = "config.architecture.required"),
    OCI_FIELD_WITH(oci_config, "os", os, OCI_FIELD_STRING, OCI_REQUIRED, .required_rule = "config.os.required",
                   .type_rule = "config.os.required"),
    OCI_FIELD_WITH(oci_config, "os.version", os_version, OCI_FIELD_STRING, OCI_NULLABLE,
                   .type_rule = "config.os-version.string"),
    OCI_FIELD_WITH(oci_config, "os.features", os_features, OCI_FIELD_STRINGS, OCI_NULLABLE,
                   .type_rule = "config.os-features.array"),
    OCI_FIELD_WITH(oci_config, "variant", variant, OCI_FIELD_STRING, OCI_NULLABLE,
                   .type_rule = "config.variant.string"),
    { .name = "config",
      .kind = OCI_FIELD_INLINE,
      .presence = OCI_NULLABLE,
      .sub = &body_type,
      .type_rule = "config.config.object" },
    { .name = "rootfs",
      .kind = OCI_FIELD_INLINE,
      .presence = OCI_REQUIRED,
      .sub = &rootfs_type,
      .required_rule = "config.rootfs.required",
      .type_rule = "config.rootfs.required" },
    OCI_FIELD_WITH(oci_config, "history", history, OCI_FIELD_VALUES, OCI_NULLABLE,
                   .count_offset = offsetof(oci_config, n_history), .sub = &history_type,
                   .type_rule = "config.history.array"),
};

static void empty_is_absent(const char **s)
{
    if (*s != NULL && (*s)[0] == '\0')
        *s = NULL;
}

static int check_config(oci_decode *d, void *object)
{
    oci_config *c = object;

    (void)d;
    empty_is_absent(&c->user);
    empty_is_absent(&c->working_dir);
    empty_is_absent(&c->stop_signal);
    return 0;
}

const oci_type oci_config_type = {
    .what = "image configuration",
    .size = sizeof(oci_config),
    .fields = fields,
    .n_fields = sizeof fields / sizeof fields[0],
    .unknown_offset = offsetof(oci_config, unknown),
    .check = check_config,
};

int oci_config_parse(const void *json, size_t n, const oci_limits *limits, oci_config **out, oci_error *err)
{
    const oci_decode_options options = { .limits = limits };
    void *d;
    int r = oci_decode_document(&oci_config_type, json, n, &options, &d, err);

    if (r < 0)
        return r;
    *out = d;
    return 0;
}

int oci_config_print(const oci_config *d, oci_buf *out, oci_error *err)
{
    return oci_encode_document(&oci_config_type, d, OCI_PRINT_COMPACT, out, err);
}

void oci_config_free(oci_config *d)
{
    oci_decoded_free(d);
}
