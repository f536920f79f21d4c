/* SPDX-License-Identifier: Apache-2.0 */
#include "parts.h"

#include "base/buf.h"
#include "base/event.h"
#include "base/fail.h"
#include "build.h"

#define DEFAULT_COMMAND "sh"

static int set_args(oci_value *process, const oci_config *c, const oci_bundle_options *o, oci_error *err)
{
    oci_value *args;
    int r = 0;

    if (o->args != NULL)
        r = oci_build_set_strings(process, "args", (oci_strings) { o->args, o->n_args }, err);
    else if (c->entrypoint.count > 0 || c->cmd.count > 0)
        r = oci_build_set_strings(process, "args", c->entrypoint, err);
    if (r == 0)
        r = oci_build_array(process, "args", &args, err);
    if (r == 0 && o->args == NULL)
        r = oci_build_push_strings(args, c->cmd, err);
    if (r < 0 || oci_value_count(args) > 0)
        return r;
    if (o->args != NULL)
        return oci_fail(err, OCI_E_USAGE, "there is no command to run");
    if (o->no_shell)
        return oci_fail(err, OCI_E_INVALID, "the image names no command: it has neither an Entrypoint nor a Cmd");
    /* runtime-spec wants a command; a shell is what people look around with. */
    oci_warn(o->events, "the image has neither an Entrypoint nor a Cmd: '%s' is taken", DEFAULT_COMMAND);
    return oci_build_push_strings(args, (oci_strings) { (const char *const[]) { DEFAULT_COMMAND }, 1 }, err);
}

static int set_relative_cwd(oci_value *process, const char *dir, const oci_events *events, oci_error *err)
{
    OCI_AUTO_BUF oci_buf absolute = OCI_BUF_INIT;
    int r = oci_buf_printf(&absolute, err, "/%s", dir);

    if (r < 0)
        return r;
    oci_warn(events, "config.WorkingDir '%s' is not absolute: '%s' is taken", dir, absolute.data);
    return oci_build_set_string(process, "cwd", absolute.data, err);
}

static int set_cwd(oci_value *process, const oci_config *c, const oci_events *events, oci_error *err)
{
    const char *dir = c->working_dir;
    const oci_value *given;

    if (dir != NULL && dir[0] == '/')
        return oci_build_set_string(process, "cwd", dir, err);
    if (dir != NULL && dir[0] != '\0')
        return set_relative_cwd(process, dir, events, err);
    if (!oci_value_get(process, "cwd", &given) || given == NULL)
        return oci_build_set_string(process, "cwd", "/", err);
    if (oci_value_type_of(given) != OCI_VALUE_STRING || oci_value_string(given, NULL)[0] != '/')
        return oci_fail(err, OCI_E_USAGE, "the template's 'cwd' is not an absolute path");
    return 0;
}

int oci_bundle_process(oci_value *root, const oci_config *c, const oci_bundle_options *o, oci_error *err)
{
    oci_value *process;
    int r = oci_build_object(root, "process", &process, err);

    if (r == 0)
        r = set_args(process, c, o, err);
    if (r == 0)
        r = oci_bundle_env(process, c, err);
    if (r == 0)
        r = set_cwd(process, c, o->events, err);
    return r;
}
