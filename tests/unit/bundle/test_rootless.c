/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "run.h"

static const oci_id_map subordinate[] = { { 0, 1000, 1 }, { 1, 100000, 65535 } };
static const oci_id_map only_low[] = { { 0, 100000, 5 } };

#define MAPS   .uid_maps = subordinate, .n_uid_maps = 2, .gid_maps = subordinate, .n_gid_maps = 2
#define MAPPED "[{\"containerID\":0,\"hostID\":1000,\"size\":1},{\"containerID\":1,\"hostID\":100000,\"size\":65535}]"
#define PASSWD "a:x:5:6::/:\nhigh:x:70000:6::/:\n"
#define GROUP  "g:x:7:a\nh:x:70000:a\ni:x:8:a\n"

static const run_row rows[] = {
    { .id = "namespaces",
      .options = { .rootless = true },
      .pointer = "/linux/namespaces",
      .expect = "[{\"type\":\"user\"},{\"type\":\"pid\"},{\"type\":\"ipc\"},{\"type\":\"uts\"},{\"type\":\"mount\"},"
                "{\"type\":\"cgroup\"}]" },
    { .id = "no resources", .options = { .rootless = true }, .pointer = "/linux/resources", .expect = "absent" },
    { .id = "sys",
      .options = { .rootless = true },
      .pointer = "/mounts/5",
      .expect = "{\"destination\":\"/sys\",\"type\":\"none\",\"source\":\"/sys\","
                "\"options\":[\"rbind\",\"nosuid\",\"noexec\",\"nodev\",\"ro\"]}" },
    { .id = "resolv.conf",
      .options = { .rootless = true },
      .pointer = "/mounts/7",
      .expect = "{\"destination\":\"/etc/resolv.conf\",\"type\":\"none\",\"source\":\"/etc/resolv.conf\","
                "\"options\":[\"bind\",\"nosuid\",\"noexec\",\"nodev\",\"ro\"]}" },
    { .id = "pts",
      .options = { .rootless = true },
      .pointer = "/mounts/2/options",
      .expect = "[\"nosuid\",\"noexec\",\"newinstance\",\"ptmxmode=0666\",\"mode=0620\"]" },
    { .id = "pts with maps",
      .options = { .rootless = true, MAPS },
      .pointer = "/mounts/2/options",
      .expect = "[\"nosuid\",\"noexec\",\"newinstance\",\"ptmxmode=0666\",\"mode=0620\"]" },
    { .id = "volumes last",
      .config = { .volumes = LIST("/v") },
      .options = { .rootless = true },
      .pointer = "/mounts/8/destination",
      .expect = "\"/v\"" },
    { .id = "maps of users", .options = { .rootless = true, MAPS }, .pointer = "/linux/uidMappings", .expect = MAPPED },
    { .id = "maps of groups",
      .options = { .rootless = true, MAPS },
      .pointer = "/linux/gidMappings",
      .expect = MAPPED },
    { .id = "no maps without rootless", .pointer = "/linux/uidMappings", .expect = "absent" },
    { .id = "maps without rootless", .options = { MAPS }, .pointer = "/linux/uidMappings", .expect = MAPPED },
    { .id = "namespaces of maps without rootless",
      .options = { MAPS },
      .pointer = "/linux/namespaces",
      .expect = "[{\"type\":\"user\"},{\"type\":\"pid\"},{\"type\":\"network\"},{\"type\":\"ipc\"},{\"type\":\"uts\"},"
                "{\"type\":\"mount\"},{\"type\":\"cgroup\"}]" },
    { .id = "pts of maps without rootless",
      .options = { MAPS },
      .pointer = "/mounts/2/options/5",
      .expect = "\"gid=5\"" },
    { .id = "pts of maps that leave out its group",
      .options = { .uid_maps = only_low, .n_uid_maps = 1, .gid_maps = only_low, .n_gid_maps = 1 },
      .pointer = "/mounts/2/options/5",
      .expect = "absent" },
    { .id = "maps of one kind",
      .options = { .uid_maps = subordinate, .n_uid_maps = 2 },
      .result = OCI_E_USAGE,
      .expect = "needed together" },
    { .id = "maps of the other kind",
      .options = { .gid_maps = subordinate, .n_gid_maps = 2 },
      .result = OCI_E_USAGE,
      .expect = "needed together" },
    { .id = "empty map",
      .options = { .rootless = true, .uid_maps = (const oci_id_map[]) { { 0, 1, 0 } }, .n_uid_maps = 1 },
      .result = OCI_E_USAGE,
      .expect = "user map 0:1:0 is empty or goes beyond the last id" },
    { .id = "map that ends above",
      .options = { .rootless = true, .gid_maps = (const oci_id_map[]) { { 0, 4294967295, 1 } }, .n_gid_maps = 1 },
      .result = OCI_E_USAGE,
      .expect = "group map 0:4294967295:1 is empty or goes beyond the last id" },
    { .id = "map of everything",
      .options = { .rootless = true, .uid_maps = (const oci_id_map[]) { { 0, 0, 4294967295 } }, .n_uid_maps = 1 },
      .pointer = "/linux/uidMappings",
      .expect = "[{\"containerID\":0,\"hostID\":0,\"size\":4294967295}]" },
    { .id = "user outside",
      .config = { .user = "1000:0" },
      .options = { .rootless = true },
      .pointer = "/process/user",
      .expect = "{\"uid\":1000,\"gid\":0}",
      .warning = "user 1000 is not mapped" },
    { .id = "group outside",
      .config = { .user = "0:1000" },
      .options = { .rootless = true },
      .pointer = "/process/user",
      .expect = "{\"uid\":0,\"gid\":1000}",
      .warning = "group 1000 is not mapped" },
    { .id = "user inside",
      .config = { .user = "1000:1000" },
      .options = { .rootless = true, MAPS },
      .pointer = "/process/user",
      .expect = "{\"uid\":1000,\"gid\":1000}" },
    { .id = "last user inside",
      .config = { .user = "65535:65535" },
      .options = { .rootless = true, MAPS },
      .pointer = "/process/user",
      .expect = "{\"uid\":65535,\"gid\":65535}" },
    { .id = "first user outside",
      .config = { .user = "65536:0" },
      .options = { .rootless = true, MAPS },
      .pointer = "/process/user",
      .expect = "{\"uid\":65536,\"gid\":0}",
      .warning = "user 65536 is not mapped" },
    { .id = "named user outside",
      .config = { .user = "high" },
      .passwd = PASSWD,
      .options = { .rootless = true, MAPS },
      .pointer = "/process/user/uid",
      .expect = "70000",
      .warning = "user 70000 is not mapped" },
    { .id = "groups that runc could not set",
      .config = { .user = "a" },
      .passwd = PASSWD,
      .group = GROUP,
      .options = { .rootless = true, MAPS },
      .pointer = "/process/user",
      .expect = "{\"uid\":5,\"gid\":6}",
      .warning = "3 of the user's 3 supplementary groups are left out: not every runtime can set them" },
    { .id = "groups outside are dropped",
      .config = { .user = "a" },
      .passwd = PASSWD,
      .group = GROUP,
      .options = { .rootless = true, .keep_groups = true, MAPS },
      .pointer = "/process/user",
      .expect = "{\"uid\":5,\"gid\":6,\"additionalGids\":[7,8]}",
      .warning = "1 of the user's 3 supplementary groups are left out" },
    { .id = "all groups are dropped",
      .config = { .user = "a" },
      .passwd = PASSWD,
      .group = GROUP,
      .options = { .rootless = true },
      .pointer = "/process/user",
      .expect = "{\"uid\":5,\"gid\":6}",
      .warning = "3 of the user's 3 supplementary groups are left out" },
};

// proves: runtime.linux.id-mappings runtime.linux.namespaces-inherit runtime.linux.namespaces-unique
// proves: runtime.linux.fs-sys conversion.user.additional-gids
OCI_TEST (rootless, has_another_shape) {
    RUN_ROWS(rows);
}

// proves: runtime.linux.id-mappings
OCI_TEST (rootless, maps_the_caller_to_root) {
    static const char *const sh[] = { "sh" };
    const oci_config config = { .os = "linux", .architecture = "amd64", .cmd = { sh, 1 } };
    const oci_bundle_options options = { .rootless = true };
    char expect[128];
    conversion run;

    oci_run_convert(&run, &config, -1, &options);
    snprintf(expect, sizeof expect, "[{\"containerID\":0,\"hostID\":%u,\"size\":1}]", (unsigned)geteuid());
    assert_string_equal(oci_run_at(&run, "/linux/uidMappings"), expect);
    snprintf(expect, sizeof expect, "[{\"containerID\":0,\"hostID\":%u,\"size\":1}]", (unsigned)getegid());
    assert_string_equal(oci_run_at(&run, "/linux/gidMappings"), expect);
    assert_int_equal(run.warnings.len, 0);
    oci_run_free(&run);
}
