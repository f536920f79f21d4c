/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/volumes.h"

#include <string.h>

#include "base/alloc.h"
#include "run.h"

#define BIND(destination, n)                                                                                           \
    "{\"destination\":\"" destination "\",\"type\":\"bind\",\"source\":\"volumes/" n "\","                             \
    "\"options\":[\"bind\",\"rw\",\"nosuid\",\"nodev\"]}"

/* The default mounts are seven: volumes come after them. */
static const run_row rows[] = {
    { .id = "bind", .config = { .volumes = LIST("/data") }, .pointer = "/mounts/7", .expect = BIND("/data", "0") },
    { .id = "tmpfs",
      .config = { .volumes = LIST("/data") },
      .options = { .volumes = OCI_VOLUMES_TMPFS },
      .pointer = "/mounts/7",
      .expect = "{\"destination\":\"/data\",\"type\":\"tmpfs\",\"source\":\"tmpfs\","
                "\"options\":[\"rw\",\"nosuid\",\"nodev\"]}" },
    { .id = "none",
      .config = { .volumes = LIST("/data") },
      .options = { .volumes = OCI_VOLUMES_NONE },
      .pointer = "/mounts/7",
      .expect = "absent" },
    { .id = "no volumes", .pointer = "/mounts/7", .expect = "absent" },
    { .id = "the last of the defaults before",
      .config = { .volumes = LIST("/data") },
      .pointer = "/mounts/6/destination",
      .expect = "\"/sys/fs/cgroup\"" },
    { .id = "none warns of nothing",
      .config = { .volumes = LIST("data") },
      .options = { .volumes = OCI_VOLUMES_NONE },
      .pointer = "/mounts/7",
      .expect = "absent" },
    { .id = "parent first",
      .config = { .volumes = LIST("/a/b", "/a") },
      .pointer = "/mounts/7",
      .expect = BIND("/a", "0") },
    { .id = "child second",
      .config = { .volumes = LIST("/a/b", "/a") },
      .pointer = "/mounts/8",
      .expect = BIND("/a/b", "1") },
    { .id = "parent before its brother's like",
      .config = { .volumes = LIST("/a/b", "/a-b", "/a") },
      .pointer = "/mounts/9/destination",
      .expect = "\"/a/b\"" },
    { .id = "clean",
      .config = { .volumes = LIST("//a/./b//../c/") },
      .pointer = "/mounts/7",
      .expect = BIND("/a/c", "0") },
    { .id = "above the root",
      .config = { .volumes = LIST("/../../a") },
      .pointer = "/mounts/7",
      .expect = BIND("/a", "0") },
    { .id = "dots that are names",
      .config = { .volumes = LIST("/.../..a/.b") },
      .pointer = "/mounts/7",
      .expect = BIND("/.../..a/.b", "0") },
    { .id = "twice",
      .config = { .volumes = LIST("/a", "/a/", "/b/../a") },
      .pointer = "/mounts/8",
      .expect = "absent" },
    { .id = "over a default",
      .config = { .volumes = LIST("/dev/shm") },
      .pointer = "/mounts/7",
      .expect = BIND("/dev/shm", "0") },
    { .id = "relative",
      .config = { .volumes = LIST("data", "/x") },
      .pointer = "/mounts/7",
      .expect = BIND("/x", "0"),
      .warning = "volume 'data' is left out: it is not absolute" },
    { .id = "relative with dots",
      .config = { .volumes = LIST("../../etc") },
      .pointer = "/mounts/7",
      .expect = "absent",
      .warning = "volume '../../etc' is left out: it is not absolute" },
    { .id = "without a name",
      .config = { .volumes = LIST("") },
      .pointer = "/mounts/7",
      .expect = "absent",
      .warning = "volume '' is left out: it is not absolute" },
    { .id = "the root",
      .config = { .volumes = LIST("/") },
      .pointer = "/mounts/7",
      .expect = "absent",
      .warning = "volume '/' is left out: it is the root" },
    { .id = "the root in disguise",
      .config = { .volumes = LIST("/a/..//.") },
      .pointer = "/mounts/7",
      .expect = "absent",
      .warning = "is left out: it is the root" },
    { .id = "proc",
      .config = { .volumes = LIST("/proc") },
      .pointer = "/mounts/7",
      .expect = "absent",
      .warning = "volume '/proc' is left out: it is in a file system of the kernel" },
    { .id = "in proc",
      .config = { .volumes = LIST("/a/../proc/self/attr") },
      .pointer = "/mounts/7",
      .expect = "absent",
      .warning = "it is in a file system of the kernel" },
    { .id = "in sys",
      .config = { .volumes = LIST("/sys/kernel") },
      .pointer = "/mounts/7",
      .expect = "absent",
      .warning = "it is in a file system of the kernel" },
    { .id = "like proc",
      .config = { .volumes = LIST("/process") },
      .pointer = "/mounts/7",
      .expect = BIND("/process", "0") },
};

// proves: conversion.volumes.way conversion.volumes.mounts conversion.volumes.destination
// proves: conversion.volumes.other-fields conversion.volumes.no-mounts-needed runtime.mounts.order
// proves: runtime.mounts.destination-absolute runtime.mounts.destination-required safety.17
OCI_TEST (volumes, become_mounts) {
    RUN_ROWS(rows);
}

// proves: runtime.mounts.order
OCI_TEST (volumes, are_listed_for_the_unpacker) {
    const oci_config config = { .volumes = LIST("/b", "/a/x", "rel", "/a") };
    oci_error err = OCI_ERROR_INIT;
    OCI_AUTO(oci_volume_list) list = NULL;

    assert_ok(&err, oci_volume_list_new(&config, NULL, &list, &err));
    assert_int_equal(list->count, 3);
    assert_string_equal(list->items[0].destination, "/a");
    assert_string_equal(list->items[1].destination, "/a/x");
    assert_string_equal(list->items[1].source, "volumes/1");
    assert_string_equal(list->items[2].destination, "/b");
    assert_string_equal(list->items[2].source, "volumes/2");
}

OCI_TEST (volumes, survive_lack_of_memory) {
    const oci_config config = { .volumes = LIST("/b", "/a/x", "/a", "/b") };

    for (unsigned long n = 1;; n++) {
        oci_error err = OCI_ERROR_INIT;
        oci_volume_list *list = NULL;
        int r;

        oci_alloc_fail_at(n);
        r = oci_volume_list_new(&config, NULL, &list, &err);
        oci_alloc_fail_at(0);
        if (r == 0) {
            assert_true(n > 5);
            oci_volume_list_free(list);
            break;
        }
        assert_int_equal(r, OCI_E_NOMEM);
        assert_null(list);
    }
}
