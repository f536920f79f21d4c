/* SPDX-License-Identifier: Apache-2.0 */
#include <oci-image/bundle.h>

#include <string.h>

#include "base/event.h"
#include "base/fail.h"
#include "base/utf8.h"
#include "build.h"
#include "files.h"
#include "parts.h"

static int check_text(const char *what, const char *s, oci_error *err)
{
    if (s != NULL && !oci_utf8_is_valid(s, strlen(s)))
        return oci_fail(err, OCI_E_USAGE, "%s '%.100s' is not UTF-8, as JSON has to be", what, s);
    return 0;
}

/* Texts of the image were checked when it was parsed, those of the caller are checked here. */
static int check_options(const oci_bundle_options *o, oci_error *err)
{
    int r = check_text("the root file system", o->rootfs, err);

    if (r == 0)
        r = check_text("the host name", o->hostname, err);
    for (size_t i = 0; r == 0 && o->args != NULL && i < o->n_args; i++)
        r = check_text("the argument", o->args[i], err);
    return r;
}

static int check_os(const oci_config *c, const oci_bundle_options *o, oci_error *err)
{
    const char *os = c->os != NULL ? c->os : "";

    if (os[0] == '\0')
        oci_warn(o->events, "the image does not say which operating system it is for: linux is taken");
    else if (strcmp(os, "linux") != 0)
        return oci_fail(err, OCI_E_UNSUPPORTED,
                        "the image is for the operating system '%.100s', and a config.json is made for linux alone",
                        os);
    return 0;
}

static int apply_template(oci_value *root, const oci_bundle_options *o, oci_error *err)
{
    OCI_AUTO(oci_value) patch = NULL;
    oci_error why = OCI_ERROR_INIT;
    int r;

    if (o->template_json == NULL)
        return 0;
    r = oci_value_parse(o->template_json, o->template_len, NULL, &patch, &why);
    if (r < 0)
        return oci_fail(err, r == OCI_E_INVALID ? OCI_E_USAGE : r, "the template: %s", why.msg);
    if (oci_value_type_of(patch) != OCI_VALUE_OBJECT)
        return oci_fail(err, OCI_E_USAGE, "the template is %s, not %s", oci_value_type_name(oci_value_type_of(patch)),
                        oci_value_type_name(OCI_VALUE_OBJECT));
    return oci_value_merge_patch(root, patch, err);
}

static int apply_image(oci_value *root, const oci_config *c, int rootfd, const oci_bundle_options *o,
                       const oci_userns *u, oci_error *err)
{
    oci_root rootfs = OCI_ROOT_INIT(rootfd);
    const oci_bundle_files of_root = oci_files_of_root(&rootfs);
    int r = oci_bundle_user(root, c, rootfd >= 0 ? &of_root : o->files, o, u, err);

    if (r == 0)
        r = oci_bundle_process(root, c, o, err);
    if (r == 0)
        r = oci_bundle_volumes(root, c, rootfd >= 0 ? &rootfs : NULL, o, u, err);
    if (r == 0)
        r = oci_bundle_annotations(root, c, o->events, err);
    return r;
}

/* Only what was asked for: a default was already written and the template may have changed it. */
static int apply_options(oci_value *root, const oci_bundle_options *o, oci_error *err)
{
    oci_value *process, *root_object;
    int r = oci_build_object(root, "process", &process, err);

    if (r == 0)
        r = oci_build_object(root, "root", &root_object, err);
    if (r == 0 && o->no_terminal)
        r = oci_build_set_bool(process, "terminal", false, err);
    if (r == 0 && o->caps != OCI_CAPS_DEFAULT)
        r = oci_bundle_capabilities(process, o, err);
    /* Where the root file system is, is a fact and no preference. */
    if (r == 0)
        r = oci_build_set_string(root_object, "path", o->rootfs != NULL ? o->rootfs : "rootfs", err);
    if (r == 0 && o->readonly)
        r = oci_build_set_bool(root_object, "readonly", true, err);
    if (r == 0 && o->hostname != NULL)
        r = oci_build_set_string(root, "hostname", o->hostname, err);
    return r;
}

int oci_bundle_config(const oci_config *c, int rootfd, const oci_bundle_options *o, oci_buf *json, oci_error *err)
{
    static const oci_bundle_options no_options = { 0 };
    OCI_AUTO(oci_value) root = NULL;
    oci_userns userns;
    int r;

    if (o == NULL)
        o = &no_options;
    r = check_os(c, o, err);
    if (r == 0)
        r = check_options(o, err);
    if (r == 0)
        r = oci_userns_init(&userns, o, err);
    if (r < 0)
        return r;
    root = oci_value_new_object();
    if (root == NULL)
        return oci_fail_nomem(err);
    r = oci_bundle_defaults(root, o, &userns, err);
    if (r == 0)
        r = apply_template(root, o, err);
    if (r == 0)
        r = apply_image(root, c, rootfd, o, &userns, err);
    if (r == 0)
        r = apply_options(root, o, err);
    if (r == 0)
        r = oci_bundle_check(root, err);
    return r < 0 ? r : oci_value_print(root, OCI_PRINT_PRETTY, json, err);
}
