/* SPDX-License-Identifier: Apache-2.0 */
/* What a template may not say. */
#include "run.h"

#define T(text) .template_json = text, .template_len = sizeof(text) - 1

/* The place in the error text is where the value is. */
#define WRONG(text, error)                                                                                             \
    {                                                                                                                  \
        .id = text, .options = { T(text) }, .result = OCI_E_USAGE, .expect = error                                     \
    }
#define RIGHT(text, where, value)                                                                                      \
    {                                                                                                                  \
        .id = text, .options = { T(text) }, .pointer = where, .expect = value                                          \
    }

static const run_row wrong[] = {
    WRONG("{\"ociVersion\":\"1.2\"}", "/ociVersion has to be a version"),
    WRONG("{\"ociVersion\":\"01.2.3\"}", "/ociVersion has to be a version"),
    WRONG("{\"ociVersion\":\"1.2.3x\"}", "/ociVersion has to be a version"),
    WRONG("{\"ociVersion\":3}", "/ociVersion has to be a version"),
    WRONG("{\"mounts\":[{\"source\":\"/x\"}]}", "/mounts/0 has to be a mount with a destination"),
    WRONG("{\"mounts\":[{\"destination\":\"x\"}]}", "/mounts/0/destination has to be an absolute path"),
    WRONG("{\"mounts\":[{\"destination\":\"/x\",\"options\":[1]}]}", "/mounts/0/options/0 has to be a string"),
    WRONG("{\"mounts\":[{\"destination\":\"/x\",\"uidMappings\":[]}]}", "both uidMappings and gidMappings"),
    WRONG("{\"mounts\":[{\"destination\":\"/x\",\"uidMappings\":[],\"gidMappings\":[],\"options\":[\"bind\"]}]}",
          "the option idmap or ridmap"),
    WRONG("{\"process\":{\"user\":{\"uid\":4294967296}}}", "/process/user/uid has to be a number from 0 to 4294967295"),
    WRONG("{\"process\":{\"user\":{\"gid\":-1}}}", "/process/user/gid has to be"),
    WRONG("{\"process\":{\"user\":{\"additionalGids\":[\"staff\"]}}}", "/process/user/additionalGids/0 has to be"),
    WRONG("{\"process\":{\"env\":[\"=x\"]}}", "/process/env/0 has to be NAME=VALUE"),
    WRONG("{\"process\":{\"env\":[\"HOME\"]}}", "/process/env/0 has to be NAME=VALUE"),
    WRONG("{\"process\":{\"rlimits\":[{\"type\":\"RLIMIT_CORE\"},{\"type\":\"RLIMIT_CORE\"}]}}",
          "/process/rlimits has to be a list without a type that is there twice"),
    WRONG("{\"process\":{\"capabilities\":{\"ambient\":[\"CAP_NOT\"]}}}",
          "/process/capabilities/ambient/0 has to be the name of a capability"),
    WRONG("{\"hooks\":{\"prestart\":[{\"path\":\"bin/x\"}]}}", "/hooks/prestart/0/path has to be an absolute path"),
    WRONG("{\"hooks\":{\"prestart\":[{\"path\":\"/x\",\"timeout\":0}]}}",
          "/hooks/prestart/0/timeout has to be a number above"),
    WRONG("{\"hooks\":{\"prestart\":[1]}}", "/hooks/prestart/0 has to be an object with a path"),
    WRONG("{\"hooks\":{\"prestart\":[{\"args\":[]}]}}", "/hooks/prestart/0 has to be an object with a path"),
    WRONG("{\"hooks\":{\"prestart\":{}}}", "/hooks/prestart has to be a list"),
    WRONG("{\"hooks\":[]}", "/hooks has to be an object"),
    WRONG("{\"mounts\":{}}", "'mounts' is an object, not an array"),
    WRONG("{\"root\":{\"readonly\":0}}", "/root/readonly has to be true or false"),
    WRONG("{\"process\":{\"noNewPrivileges\":\"yes\"}}", "/process/noNewPrivileges has to be true or false"),
    WRONG("{\"process\":{\"capabilities\":{\"bounding\":\"CAP_KILL\"}}}",
          "/process/capabilities/bounding has to be a list"),
    WRONG("{\"process\":{\"rlimits\":[{\"soft\":1}]}}", "/process/rlimits has to be a list of objects with a type"),
    WRONG("{\"linux\":{\"namespaces\":[{}]}}", "/linux/namespaces has to be a list of objects with a type"),
    WRONG("{\"linux\":{\"devices\":{}}}", "/linux/devices has to be a list"),
    WRONG("{\"linux\":[]}", "/linux has to be an object"),
    WRONG("{\"annotations\":{\"a\":1}}", "/annotations/a has to be a string"),
    WRONG("{\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"pid\"}]}}",
          "/linux/namespaces has to be a list without a type that is there twice"),
    WRONG("{\"linux\":{\"namespaces\":[{\"type\":\"disk\"}]}}", "/linux/namespaces/0/type has to be one of"),
    WRONG("{\"linux\":{\"namespaces\":[{\"type\":\"pid\",\"path\":\"proc/1/ns/pid\"}]}}",
          "/linux/namespaces/0/path has to be an absolute path"),
    WRONG("{\"linux\":{\"uidMappings\":[{\"containerID\":0,\"hostID\":0,\"size\":0}]}}",
          "/linux/uidMappings/0/size has to be a number from 1"),
    WRONG("{\"linux\":{\"devices\":[{\"path\":\"/dev/x\",\"type\":\"x\"}]}}",
          "/linux/devices/0 has to be a device of type"),
    WRONG("{\"linux\":{\"devices\":[{\"path\":\"/dev/x\",\"type\":\"c\"}]}}",
          "/linux/devices/0 has to be a device with major and minor"),
    WRONG("{\"linux\":{\"devices\":[{\"type\":\"p\"}]}}", "/linux/devices/0 has to be a device with a path"),
    WRONG("{\"linux\":{\"devices\":[{\"path\":\"/x\",\"type\":\"p\",\"fileMode\":666}]}}",
          "/linux/devices/0/fileMode has to be a mode from 0 to 511"),
    WRONG("{\"linux\":{\"maskedPaths\":[\"proc\"]}}", "/linux/maskedPaths/0 has to be an absolute path"),
    WRONG("{\"linux\":{\"readonlyPaths\":[\"proc\"]}}", "/linux/readonlyPaths/0 has to be an absolute path"),
    WRONG("{\"linux\":{\"rootfsPropagation\":\"none\"}}", "/linux/rootfsPropagation has to be one of"),
};

// proves: runtime.hooks.path-absolute runtime.hooks.timeout-positive runtime.linux.namespaces-path
// proves: runtime.linux.namespaces-type runtime.linux.namespaces-unique runtime.linux.device-mode-decimal
// proves: runtime.linux.devices runtime.mounts.idmap-pair runtime.mounts.idmap-option runtime.oci-version.required
// proves: runtime.process.rlimits-unique runtime.process.capabilities-names runtime.linux.masked-paths
// proves: runtime.linux.readonly-paths runtime.linux.rootfs-propagation runtime.mounts.destination-required
// proves: runtime.annotations.map runtime.process.user-range runtime.linux.id-mappings runtime.values.valid
OCI_TEST (check, names_the_place_that_is_wrong) {
    RUN_ROWS(wrong);
}

static const run_row right[] = {
    RIGHT("{\"ociVersion\":\"1.2.0-rc.1+x\"}", "/ociVersion", "\"1.2.0-rc.1+x\""),
    RIGHT("{\"hooks\":{\"prestart\":[{\"path\":\"/x\",\"timeout\":1}]}}", "/hooks/prestart/0/timeout", "1"),
    RIGHT("{\"linux\":{\"namespaces\":[{\"type\":\"pid\",\"path\":\"/proc/1/ns/pid\"},{\"type\":\"cgroup\"}]}}",
          "/linux/namespaces/1/type", "\"cgroup\""),
    RIGHT("{\"linux\":{\"devices\":[{\"path\":\"/dev/x\",\"type\":\"c\",\"major\":1,\"minor\":3,\"fileMode\":438}]}}",
          "/linux/devices/0/fileMode", "438"),
    RIGHT("{\"linux\":{\"devices\":[{\"path\":\"/x\",\"type\":\"p\"}]}}", "/linux/devices/0/type", "\"p\""),
    RIGHT("{\"linux\":{\"rootfsPropagation\":\"slave\"}}", "/linux/rootfsPropagation", "\"slave\""),
    RIGHT("{\"mounts\":[{\"destination\":\"/x\",\"uidMappings\":[],\"gidMappings\":[],\"options\":[\"ridmap\"]}]}",
          "/mounts/0/options", "[\"ridmap\"]"),
    RIGHT("{\"annotations\":{}}", "/annotations/x", "absent"),
};

// proves: runtime.linux.device-mode-decimal runtime.hooks.timeout-positive runtime.linux.namespaces-path
// proves: runtime.annotations.none runtime.extensibility
OCI_TEST (check, lets_pass_what_is_right) {
    RUN_ROWS(right);
}
