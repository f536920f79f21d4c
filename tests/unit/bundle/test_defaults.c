/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "run.h"

static const char *const sh[] = { "sh" };
static const oci_config plain = { .os = "linux", .architecture = "amd64", .cmd = { sh, 1 } };

static const char whole[] =
    "{\"ociVersion\":\"1.2.0\",\"process\":{\"terminal\":true,\"user\":{\"uid\":0,\"gid\":0},\"args\":[\"sh\"],"
    "\"env\":[\"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\"],\"cwd\":\"/\",\"capabilities\":{"
    "\"bounding\":[\"CAP_AUDIT_WRITE\",\"CAP_KILL\",\"CAP_NET_BIND_SERVICE\"],"
    "\"effective\":[\"CAP_AUDIT_WRITE\",\"CAP_KILL\",\"CAP_NET_BIND_SERVICE\"],"
    "\"permitted\":[\"CAP_AUDIT_WRITE\",\"CAP_KILL\",\"CAP_NET_BIND_SERVICE\"]},"
    "\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"hard\":1024,\"soft\":1024}],\"noNewPrivileges\":true},"
    "\"root\":{\"path\":\"rootfs\",\"readonly\":false},\"mounts\":["
    "{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"},"
    "{\"destination\":\"/dev\",\"type\":\"tmpfs\",\"source\":\"tmpfs\","
    "\"options\":[\"nosuid\",\"strictatime\",\"mode=755\",\"size=65536k\"]},"
    "{\"destination\":\"/dev/pts\",\"type\":\"devpts\",\"source\":\"devpts\","
    "\"options\":[\"nosuid\",\"noexec\",\"newinstance\",\"ptmxmode=0666\",\"mode=0620\",\"gid=5\"]},"
    "{\"destination\":\"/dev/shm\",\"type\":\"tmpfs\",\"source\":\"shm\","
    "\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"mode=1777\",\"size=65536k\"]},"
    "{\"destination\":\"/dev/mqueue\",\"type\":\"mqueue\",\"source\":\"mqueue\","
    "\"options\":[\"nosuid\",\"noexec\",\"nodev\"]},"
    "{\"destination\":\"/sys\",\"type\":\"sysfs\",\"source\":\"sysfs\","
    "\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"ro\"]},"
    "{\"destination\":\"/sys/fs/cgroup\",\"type\":\"cgroup\",\"source\":\"cgroup\","
    "\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"relatime\",\"ro\"]}],"
    "\"annotations\":{\"org.opencontainers.image.os\":\"linux\",\"org.opencontainers.image.architecture\":\"amd64\"},"
    "\"linux\":{\"resources\":{\"devices\":[{\"allow\":false,\"access\":\"rwm\"}]},"
    "\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"network\"},{\"type\":\"ipc\"},{\"type\":\"uts\"},"
    "{\"type\":\"mount\"},{\"type\":\"cgroup\"}],"
    "\"maskedPaths\":[\"/proc/acpi\",\"/proc/asound\",\"/proc/interrupts\",\"/proc/kcore\",\"/proc/keys\","
    "\"/proc/latency_stats\",\"/proc/sched_debug\",\"/proc/scsi\",\"/proc/timer_list\",\"/proc/timer_stats\","
    "\"/sys/devices/virtual/powercap\",\"/sys/firmware\"],"
    "\"readonlyPaths\":[\"/proc/bus\",\"/proc/fs\",\"/proc/irq\",\"/proc/sys\",\"/proc/sysrq-trigger\"]}}";

// proves: conversion.from-image-config conversion.override.own-defaults conversion.unspecified
// proves: runtime.oci-version.required runtime.root.required runtime.root.path-conventional runtime.root.readonly
// proves: runtime.process.required-for-start runtime.process.terminal runtime.process.rlimits-unique
// proves: runtime.process.user-umask runtime.mounts.options-known runtime.platform.linux-block runtime.linux.fs-proc
// proves: runtime.linux.fs-sys runtime.linux.fs-devpts runtime.linux.fs-devshm runtime.linux.namespaces-type
// proves: runtime.linux.namespaces-unique runtime.linux.namespaces-inherit runtime.linux.devices
// proves: runtime.linux.masked-paths runtime.linux.readonly-paths runtime.linux.rootfs-propagation
// proves: runtime.linux.cgroups-path runtime.linux.seccomp-names runtime.mounts.idmap-pair bundle.single-directory
// runtime.linux.resources-when-needed proves: runtime.annotations.reverse-domain
OCI_TEST (defaults, are_these) {
    const oci_bundle_options options = { 0 };
    conversion run;

    oci_run_convert(&run, &plain, -1, &options);
    assert_int_equal(run.result, 0);
    assert_string_equal(oci_run_at(&run, ""), whole);
    assert_int_equal(run.warnings.len, 0);
    oci_run_free(&run);
}

OCI_TEST (defaults, need_no_options) {
    static const char start[] = "before{\n  \"ociVersion\": \"1.2.0\",\n";
    oci_error err = OCI_ERROR_INIT;
    oci_buf json = OCI_BUF_INIT;

    /* The buffer is appended to. */
    assert_ok(&err, oci_buf_puts(&json, "before", &err));
    assert_ok(&err, oci_bundle_config(&plain, -1, NULL, &json, &err));
    assert_int_equal(strncmp(json.data, start, sizeof start - 1), 0);
    assert_string_equal(json.data + json.len - 3, "\n}\n");
    oci_buf_free(&json);
}

#define FEW "[\"CAP_AUDIT_WRITE\",\"CAP_KILL\",\"CAP_NET_BIND_SERVICE\"]"
#define FOURTEEN                                                                                                       \
    "[\"CAP_CHOWN\",\"CAP_DAC_OVERRIDE\",\"CAP_FSETID\",\"CAP_FOWNER\",\"CAP_MKNOD\",\"CAP_NET_RAW\",\"CAP_SETGID\","  \
    "\"CAP_SETUID\",\"CAP_SETFCAP\",\"CAP_SETPCAP\",\"CAP_NET_BIND_SERVICE\",\"CAP_SYS_CHROOT\",\"CAP_KILL\","         \
    "\"CAP_AUDIT_WRITE\"]"
#define THREE(set) "{\"bounding\":" set ",\"effective\":" set ",\"permitted\":" set "}"

static const run_row options[] = {
    { .id = "no terminal", .options = { .no_terminal = true }, .pointer = "/process/terminal", .expect = "false" },
    { .id = "read-only",
      .options = { .readonly = true },
      .pointer = "/root",
      .expect = "{\"path\":\"rootfs\",\"readonly\":true}" },
    { .id = "another root", .options = { .rootfs = "/srv/r" }, .pointer = "/root/path", .expect = "\"/srv/r\"" },
    { .id = "host name", .options = { .hostname = "box" }, .pointer = "/hostname", .expect = "\"box\"" },
    { .id = "no host name", .pointer = "/hostname", .expect = "absent" },
    { .id = "host name that is no UTF-8",
      .options = { .hostname = "\x80" },
      .result = OCI_E_USAGE,
      .expect = "not UTF-8" },
    { .id = "root that is no UTF-8",
      .options = { .rootfs = "\xc0\x80" },
      .result = OCI_E_USAGE,
      .expect = "not UTF-8" },
    { .id = "few capabilities", .pointer = "/process/capabilities", .expect = THREE(FEW) },
    { .id = "capabilities of Docker",
      .options = { .caps = OCI_CAPS_DOCKER },
      .pointer = "/process/capabilities",
      .expect = THREE(FOURTEEN) },
    { .id = "no capabilities",
      .options = { .caps = OCI_CAPS_NONE },
      .pointer = "/process/capabilities",
      .expect = THREE("[]") },
    { .id = "listed capabilities",
      .options = { .caps = OCI_CAPS_LIST,
                   .cap_list = (const char *const[]) { "CAP_BPF", "CAP_CHOWN" },
                   .n_cap_list = 2 },
      .pointer = "/process/capabilities",
      .expect = THREE("[\"CAP_BPF\",\"CAP_CHOWN\"]") },
    { .id = "empty list",
      .options = { .caps = OCI_CAPS_LIST },
      .pointer = "/process/capabilities",
      .expect = THREE("[]") },
    { .id = "unknown capability",
      .options = { .caps = OCI_CAPS_LIST,
                   .cap_list = (const char *const[]) { "CAP_KILL", "CAP_ALL" },
                   .n_cap_list = 2 },
      .result = OCI_E_USAGE,
      .expect = "there is no capability 'CAP_ALL'" },
    { .id = "capability without CAP_",
      .options = { .caps = OCI_CAPS_LIST, .cap_list = (const char *const[]) { "KILL" }, .n_cap_list = 1 },
      .result = OCI_E_USAGE,
      .expect = "there is no capability 'KILL'" },
    { .id = "no such set",
      .options = { .caps = (oci_caps)9 },
      .result = OCI_E_USAGE,
      .expect = "no set of capabilities" },
};

// proves: runtime.process.capabilities-names runtime.root.readonly runtime.process.terminal runtime.hostname.string
// proves: conversion.override.inputs runtime.values.valid runtime.json.utf8
OCI_TEST (defaults, give_way_to_options) {
    RUN_ROWS(options);
}

static const run_row systems[] = {
    { .id = "windows",
      .config = { .os = "windows" },
      .result = OCI_E_UNSUPPORTED,
      .expect = "operating system 'windows'" },
    { .id = "freebsd",
      .config = { .os = "freebsd" },
      .result = OCI_E_UNSUPPORTED,
      .expect = "operating system 'freebsd'" },
    { .id = "none",
      .config = { .os = "", .cmd = LIST("c") },
      .pointer = "/linux/rootfsPropagation",
      .expect = "absent",
      .warning = "linux is taken" },
    { .id = "in capitals",
      .config = { .os = "Linux" },
      .result = OCI_E_UNSUPPORTED,
      .expect = "operating system 'Linux'" },
};

// proves: config.os.goos-understand runtime.platform.windows-block runtime.process.command-line
// proves: runtime.mounts.destination-absolute-other
static const run_row versions[] = {
    { .id = "the newest", .config = { .cmd = LIST("c") }, .pointer = "/ociVersion", .expect = "\"1.2.0\"" },
    { .id = "an older one",
      .config = { .cmd = LIST("c") },
      .options = { .runtime_spec = "1.0.2" },
      .pointer = "/ociVersion",
      .expect = "\"1.0.2\"" },
};

// proves: runtime.oci-version.required
OCI_TEST (defaults, can_say_an_older_version) {
    RUN_ROWS(versions);
}

OCI_TEST (defaults, are_for_linux_alone) {
    RUN_ROWS(systems);
}

OCI_TEST (defaults, survive_lack_of_memory) {
    static const char template_json[] =
        "{\"process\":{\"env\":[\"T=1\"],\"oomScoreAdj\":5},\"annotations\":{\"t\":\"1\"}}";
    static const oci_pair label = { "a", "b", 1, 1 };
    const oci_annotations labels = { &label, 1 };
    const oci_bundle_options o = {
        .hostname = "h", .rootless = true, .template_json = template_json, .template_len = sizeof template_json - 1
    };
    oci_config config = plain;
    unsigned long n;

    config.env = (oci_strings)LIST("A=1");
    config.volumes = (oci_strings)LIST("/v");
    config.exposed_ports = (oci_strings)LIST("80");
    config.working_dir = "w";
    config.user = "5:6";
    config.labels = &labels;
    for (n = 1;; n++) {
        oci_error err = OCI_ERROR_INIT;
        oci_buf json = OCI_BUF_INIT;
        int r;

        oci_alloc_fail_at(n);
        r = oci_bundle_config(&config, -1, &o, &json, &err);
        oci_alloc_fail_at(0);
        if (r == 0) {
            oci_buf_free(&json);
            break;
        }
        assert_int_equal(r, OCI_E_NOMEM);
        assert_string_not_equal(err.msg, "");
        assert_int_equal(json.len, 0);
        oci_buf_free(&json);
    }
    assert_true(n > 5);
}
