/* SPDX-License-Identifier: Apache-2.0 */
#include "parts.h"

#include <string.h>

#include "base/fail.h"
#include "build.h"

/* capabilities(7), in the order of their numbers. */
static const char *const known[] = {
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
};

/* What "runc spec" gives. */
static const char *const few[] = { "CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE" };

/* What Docker, containerd and Podman give, more or less. */
static const char *const docker[] = {
    "CAP_CHOWN",   "CAP_DAC_OVERRIDE", "CAP_FSETID",           "CAP_FOWNER",
    "CAP_MKNOD",   "CAP_NET_RAW",      "CAP_SETGID",           "CAP_SETUID",
    "CAP_SETFCAP", "CAP_SETPCAP",      "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT",
    "CAP_KILL",    "CAP_AUDIT_WRITE",
};

bool oci_capability_is_known(const char *name)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i], name) == 0)
            return true;
    return false;
}

static int choose(const oci_bundle_options *o, oci_strings *out, oci_error *err)
{
    switch (o->caps) {
    case OCI_CAPS_DEFAULT:
        *out = OCI_STRINGS_OF(few);
        return 0;
    case OCI_CAPS_DOCKER:
        *out = OCI_STRINGS_OF(docker);
        return 0;
    case OCI_CAPS_NONE:
        *out = (oci_strings) { 0 };
        return 0;
    case OCI_CAPS_LIST:
        for (size_t i = 0; i < o->n_cap_list; i++)
            if (!oci_capability_is_known(o->cap_list[i]))
                return oci_fail(err, OCI_E_USAGE, "there is no capability '%s'", o->cap_list[i]);
        *out = (oci_strings) { o->cap_list, o->n_cap_list };
        return 0;
    }
    return oci_fail(err, OCI_E_USAGE, "there is no set of capabilities %d", (int)o->caps);
}

int oci_bundle_capabilities(oci_value *process, const oci_bundle_options *o, oci_error *err)
{
    static const char *const sets[] = { "bounding", "effective", "permitted" };
    oci_value *capabilities;
    oci_strings names;
    int r = choose(o, &names, err);

    if (r == 0)
        r = oci_value_set(process, "capabilities", oci_value_new_object(), err);
    if (r == 0)
        r = oci_build_object(process, "capabilities", &capabilities, err);
    /* An empty set is written as well: a runtime is free to grant what is not said. */
    for (size_t i = 0; r == 0 && i < sizeof sets / sizeof *sets; i++)
        r = oci_build_set_strings(capabilities, sets[i], names, err);
    return r;
}
