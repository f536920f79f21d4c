/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of config.md that need no other document. */
#include "validation.h"

#include <string.h>

#include "base/num.h"
#include "base/text.h"

/* Ids are at most this; the next number means nobody. */
#define MOST_ID UINT64_C(4294967294)

static bool is_number(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (s[i] < '0' || s[i] > '9')
            return false;
    return n > 0;
}

/* A part made of digits is a number, and has to be one that the kernel takes. */
static void check_user(oci_node *n, const char *user)
{
    for (const char *part = user; part != NULL;) {
        const char *colon = strchr(part, ':');
        size_t len = colon != NULL ? (size_t)(colon - part) : strlen(part);
        uint64_t id;

        if (is_number(part, len) && !oci_parse_u64(part, len, MOST_ID, &id) && part[0] != '0')
            oci_tell(n, "config.user.forms", OCI_TOLD_REFUSED, "/config/User", "the number in '%s' is too large", user);
        part = colon != NULL ? colon + 1 : NULL;
    }
}

/* PORT, PORT/tcp, PORT/udp; sctp is used as well. */
static bool is_port(const char *key)
{
    size_t n = strcspn(key, "/");
    uint64_t port;

    if (!oci_parse_u64(key, n, 65535, &port) || port == 0)
        return false;
    return key[n] == '\0' || strcmp(key + n, "/tcp") == 0 || strcmp(key + n, "/udp") == 0 ||
           strcmp(key + n, "/sctp") == 0;
}

static void check_stop_signal(oci_node *n, const char *signal)
{
    static const char *const names[] = { "HUP",   "INT",  "QUIT", "ILL",  "TRAP", "ABRT",  "BUS",    "FPE",    "KILL",
                                         "USR1",  "SEGV", "USR2", "PIPE", "ALRM", "TERM",  "STKFLT", "CHLD",   "CONT",
                                         "STOP",  "TSTP", "TTIN", "TTOU", "URG",  "XCPU",  "XFSZ",   "VTALRM", "PROF",
                                         "WINCH", "IO",   "POLL", "PWR",  "SYS",  "RTMIN", "RTMAX",  "IOT",    "CLD" };
    const char *name = oci_starts_with(signal, "SIG") ? signal + 3 : signal;
    size_t len = strcspn(name, "+-");
    bool known = false;
    uint64_t number;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        known = known || (strlen(names[i]) == len && memcmp(names[i], name, len) == 0);
    known = known && (name[len] == '\0' || (oci_starts_with(name, "RTM") &&
                                            oci_parse_u64(name + len + 1, strlen(name + len + 1), 64, &number)));
    if (oci_parse_u64(signal, strlen(signal), 64, &number) && number > 0)
        oci_tell(n, "config.stop-signal.format", OCI_TOLD_INFO, "/config/StopSignal", "'%s' is a number, not a name",
                 signal);
    else if (!known || name == signal)
        oci_tell(n, "config.stop-signal.format", OCI_TOLD_RULE, "/config/StopSignal", "'%s' is no name like SIGTERM",
                 signal);
}

static void tell_key(oci_node *n, const char *rule, oci_told told, const char *member, const char *key,
                     const char *what)
{
    OCI_AUTO_BUF oci_buf pointer = OCI_BUF_INIT;
    int r = oci_pointer_of_key(&pointer, member, key);

    if (r == 0)
        oci_tell(n, rule, told, pointer.data, "'%s' %s", key, what);
    else if (n->failed == 0)
        n->failed = r;
}

static void check_volumes(oci_node *n, const oci_strings *volumes)
{
    for (size_t i = 0; i < volumes->count; i++)
        if (volumes->items[i][0] != '/')
            tell_key(n, "config.volumes.object", OCI_TOLD_WARNING, "/config/Volumes", volumes->items[i],
                     "is no absolute path");
        else if (strspn(volumes->items[i], "/") == strlen(volumes->items[i]))
            tell_key(n, "config.volumes.object", OCI_TOLD_WARNING, "/config/Volumes", volumes->items[i],
                     "is the root itself");
}

/* Members that old images have and that have no effect. */
static void check_reserved(oci_node *n, const oci_config *c)
{
    static const struct {
        const char *name, *pointer, *rule;
    } reserved[] = {
        { "Memory", "/config/Memory", "config.memory.reserved" },
        { "MemorySwap", "/config/MemorySwap", "config.memory-swap.reserved" },
        { "CpuShares", "/config/CpuShares", "config.cpu-shares.reserved" },
        { "Healthcheck", "/config/Healthcheck", "config.healthcheck.reserved" },
    };

    for (size_t i = 0; c->config_unknown != NULL && i < sizeof reserved / sizeof *reserved; i++)
        if (oci_value_get(c->config_unknown, reserved[i].name, NULL))
            oci_tell(n, reserved[i].rule, OCI_TOLD_RULE, reserved[i].pointer, "%s has no effect", reserved[i].name);
    if (c->args_escaped)
        oci_tell(n, "config.args-escaped.deprecated", OCI_TOLD_RULE, "/config/ArgsEscaped",
                 "ArgsEscaped is deprecated");
}

static void check_history(oci_node *n, const oci_config *c)
{
    size_t layers = 0;

    for (size_t i = 0; i < c->n_history; i++)
        layers += !c->history[i].empty_layer;
    if (c->n_history > 0 && layers != c->n_diff_ids)
        oci_tell(n, "config.history.count", OCI_TOLD_RULE, "/history",
                 "the history has %zu steps that made a layer, and there are %zu diff_ids", layers, c->n_diff_ids);
}

static void check_diff_ids(oci_node *n, const oci_config *c)
{
    for (size_t i = 0; i < c->n_diff_ids; i++) {
        oci_pointer at = { .len = 0 };

        oci_pointer_add(&at, "rootfs/diff_ids", i);
        oci_check_digest_rules(n, &at, c->diff_ids[i].text, &c->diff_ids[i].digest);
    }
}

void oci_check_config_rules(oci_node *n, const oci_config *c)
{
    static const oci_platform_rules rules = { "config.architecture.goarch-produce", "config.os.goos-produce",
                                              "config.variant.produce", "config.os-features.windows-produce" };
    const oci_platform p = {
        .architecture = c->architecture, .os = c->os, .variant = c->variant, .os_features = c->os_features
    };
    oci_pointer at = { .len = 0 };

    oci_check_platform_values(n, &at, &p, &rules);
    if (c->user != NULL)
        check_user(n, c->user);
    for (size_t i = 0; i < c->exposed_ports.count; i++)
        if (!is_port(c->exposed_ports.items[i]))
            tell_key(n, "config.exposed-ports.keys", OCI_TOLD_RULE, "/config/ExposedPorts", c->exposed_ports.items[i],
                     "is no port");
    check_volumes(n, &c->volumes);
    if (c->working_dir != NULL && c->working_dir[0] != '/')
        oci_tell(n, "config.working-dir.string", OCI_TOLD_WARNING, "/config/WorkingDir", "'%s' is no absolute path",
                 c->working_dir);
    if (c->stop_signal != NULL)
        check_stop_signal(n, c->stop_signal);
    oci_check_label_rules(n, c->labels);
    check_reserved(n, c);
    check_history(n, c);
    check_diff_ids(n, c);
}
