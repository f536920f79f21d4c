/* SPDX-License-Identifier: Apache-2.0 */
#include "parts.h"

#include "base/fail.h"
#include <oci-image/version.h>

#include "build.h"

/* The first version whose annotations are those of conversion.md. */

enum { OPEN_FILES = 1024 };

/* What the kernel tells everybody and a container should not know. */
static const char *const masked_paths[] = {
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/devices/virtual/powercap",
    "/sys/firmware",
};

static const char *const readonly_paths[] = {
    "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
};

static int add_rlimits(oci_value *process, oci_error *err)
{
    oci_value *rlimits, *limit;
    int r = oci_build_array(process, "rlimits", &rlimits, err);

    if (r == 0)
        r = oci_build_push_object(rlimits, &limit, err);
    if (r == 0)
        r = oci_build_set_string(limit, "type", "RLIMIT_NOFILE", err);
    if (r == 0)
        r = oci_build_set_uint(limit, "hard", OPEN_FILES, err);
    if (r == 0)
        r = oci_build_set_uint(limit, "soft", OPEN_FILES, err);
    return r;
}

/* user, args, env and cwd are filled by the image; here they only get their places. */
static int add_process(oci_value *root, const oci_bundle_options *o, oci_error *err)
{
    oci_value *process, *ignored;
    int r = oci_build_object(root, "process", &process, err);

    if (r == 0)
        r = oci_build_set_bool(process, "terminal", true, err);
    if (r == 0)
        r = oci_build_object(process, "user", &ignored, err);
    if (r == 0)
        r = oci_build_array(process, "args", &ignored, err);
    if (r == 0)
        r = oci_build_array(process, "env", &ignored, err);
    if (r == 0)
        r = oci_build_set_string(process, "cwd", "/", err);
    if (r == 0)
        r = oci_bundle_capabilities(process, o, err);
    if (r == 0)
        r = add_rlimits(process, err);
    if (r == 0)
        r = oci_build_set_bool(process, "noNewPrivileges", true, err);
    return r;
}

static int add_root(oci_value *root, oci_error *err)
{
    oci_value *object;
    int r = oci_build_object(root, "root", &object, err);

    if (r == 0)
        r = oci_build_set_string(object, "path", "rootfs", err);
    if (r == 0)
        r = oci_build_set_bool(object, "readonly", false, err);
    return r;
}

static int add_mappings(oci_value *linux_block, const char *name, const oci_id_maps *maps, oci_error *err)
{
    oci_value *array, *entry;
    int r = oci_build_array(linux_block, name, &array, err);

    for (size_t i = 0; r == 0 && i < maps->count; i++) {
        r = oci_build_push_object(array, &entry, err);
        if (r == 0)
            r = oci_build_set_uint(entry, "containerID", maps->items[i].container, err);
        if (r == 0)
            r = oci_build_set_uint(entry, "hostID", maps->items[i].host, err);
        if (r == 0)
            r = oci_build_set_uint(entry, "size", maps->items[i].size, err);
    }
    return r;
}

/* No device but those that every runtime adds. */
static int add_resources(oci_value *linux_block, oci_error *err)
{
    oci_value *resources, *devices, *rule;
    int r = oci_build_object(linux_block, "resources", &resources, err);

    if (r == 0)
        r = oci_build_array(resources, "devices", &devices, err);
    if (r == 0)
        r = oci_build_push_object(devices, &rule, err);
    if (r == 0)
        r = oci_build_set_bool(rule, "allow", false, err);
    if (r == 0)
        r = oci_build_set_string(rule, "access", "rwm", err);
    return r;
}

static int add_namespace(oci_value *namespaces, const char *type, oci_error *err)
{
    oci_value *entry;
    int r = oci_build_push_object(namespaces, &entry, err);

    return r < 0 ? r : oci_build_set_string(entry, "type", type, err);
}

/* A type that is not in the list is shared with the host, so all are; but without privileges a network of its own would
 * be one that leads nowhere. */
static int add_namespaces(oci_value *linux_block, const oci_bundle_options *o, const oci_userns *u, oci_error *err)
{
    static const char *const always[] = { "ipc", "uts", "mount", "cgroup" };
    oci_value *namespaces;
    int r = oci_build_array(linux_block, "namespaces", &namespaces, err);

    if (r == 0 && u->wanted)
        r = add_namespace(namespaces, "user", err);
    if (r == 0)
        r = add_namespace(namespaces, "pid", err);
    if (r == 0 && !o->rootless)
        r = add_namespace(namespaces, "network", err);
    for (size_t i = 0; r == 0 && i < sizeof always / sizeof *always; i++)
        r = add_namespace(namespaces, always[i], err);
    return r;
}

static int add_linux(oci_value *root, const oci_bundle_options *o, const oci_userns *u, oci_error *err)
{
    oci_value *linux_block;
    int r = oci_build_object(root, "linux", &linux_block, err);

    if (r == 0 && u->wanted)
        r = add_mappings(linux_block, "uidMappings", &u->uids, err);
    if (r == 0 && u->wanted)
        r = add_mappings(linux_block, "gidMappings", &u->gids, err);
    /* Without privileges there is no cgroup to write to. */
    if (r == 0 && !o->rootless)
        r = add_resources(linux_block, err);
    if (r == 0)
        r = add_namespaces(linux_block, o, u, err);
    if (r == 0)
        r = oci_build_set_strings(linux_block, "maskedPaths", OCI_STRINGS_OF(masked_paths), err);
    if (r == 0)
        r = oci_build_set_strings(linux_block, "readonlyPaths", OCI_STRINGS_OF(readonly_paths), err);
    return r;
}

int oci_bundle_defaults(oci_value *root, const oci_bundle_options *o, const oci_userns *u, oci_error *err)
{
    oci_value *annotations;
    const char *version = o->runtime_spec != NULL ? o->runtime_spec : OCI_RUNTIME_SPEC_VERSION;
    int r = oci_build_set_string(root, "ociVersion", version, err);

    if (r == 0)
        r = add_process(root, o, err);
    if (r == 0)
        r = add_root(root, err);
    if (r == 0 && o->hostname != NULL)
        r = oci_build_set_string(root, "hostname", o->hostname, err);
    if (r == 0)
        r = oci_bundle_default_mounts(root, o, u, err);
    if (r == 0)
        r = oci_build_object(root, "annotations", &annotations, err);
    if (r == 0)
        r = add_linux(root, o, u, err);
    return r;
}
