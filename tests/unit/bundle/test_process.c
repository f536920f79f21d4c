/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "run.h"

#define DEFAULT_PATH "\"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\""

static const run_row args[] = {
    { .id = "Entrypoint alone",
      .config = { .entrypoint = LIST("/bin/app"), .cmd = LIST("x") },
      .pointer = "/process/args",
      .expect = "[\"/bin/app\",\"x\"]" },
    { .id = "Cmd alone",
      .config = { .cmd = LIST("sh", "-c", "x") },
      .pointer = "/process/args",
      .expect = "[\"sh\",\"-c\",\"x\"]" },
    { .id = "Entrypoint and Cmd, no shell",
      .config = { .entrypoint = LIST("/e", "-x"), .cmd = LIST("a b") },
      .pointer = "/process/args",
      .expect = "[\"/e\",\"-x\",\"a b\"]" },
    { .id = "empty strings stay",
      .config = { .entrypoint = LIST("/e", ""), .cmd = LIST("", "$HOME") },
      .pointer = "/process/args",
      .expect = "[\"/e\",\"\",\"\",\"$HOME\"]" },
    { .id = "signs and letters stay",
      .config = { .cmd = LIST("/e", "<&>\"\\\n\t\xc3\xa4") },
      .pointer = "/process/args",
      .expect = "[\"/e\",\"<&>\\\"\\\\\\n\\t\xc3\xa4\"]" },
    { .id = "given instead of Entrypoint and Cmd",
      .config = { .entrypoint = LIST("/e"), .cmd = LIST("c") },
      .options = { .args = (const char *const[]) { "own", "words" }, .n_args = 2 },
      .pointer = "/process/args",
      .expect = "[\"own\",\"words\"]" },
    { .id = "given and nothing",
      .options = { .args = (const char *const[]) { NULL }, .n_args = 0 },
      .result = OCI_E_USAGE,
      .expect = "no command to run" },
    { .id = "given and no UTF-8",
      .options = { .args = (const char *const[]) { "a\xff" }, .n_args = 1 },
      .result = OCI_E_USAGE,
      .expect = "is not UTF-8" },
};

// proves: conversion.entrypoint conversion.cmd conversion.entrypoint-plus-cmd conversion.override.inputs
// proves: config.entrypoint.replaceable config.cmd.replaceable config.cmd.no-entrypoint runtime.json.utf8
OCI_TEST (process, takes_its_args) {
    RUN_ROWS(args);
}

// proves: runtime.process.args-nonempty config.config.omitted conversion.entrypoint
OCI_TEST (process, needs_something_to_run) {
    static const char *const entrypoint[] = { "/app" }, *const own[] = { "ls" };
    const oci_config nothing = { .os = "linux", .architecture = "amd64" };
    oci_config config = nothing;
    oci_bundle_options options = { 0 };
    conversion run;

    oci_run_convert(&run, &nothing, -1, &options);
    assert_string_equal(oci_run_at(&run, "/process/args"), "[\"sh\"]");
    assert_non_null(strstr(run.warnings.data, "neither an Entrypoint nor a Cmd"));
    oci_run_free(&run);

    options.args = own;
    options.n_args = 1;
    oci_run_convert(&run, &nothing, -1, &options);
    assert_string_equal(oci_run_at(&run, "/process/args"), "[\"ls\"]");
    oci_run_free(&run);

    options = (oci_bundle_options) { 0 };
    config.entrypoint = (oci_strings) { entrypoint, 1 };
    oci_run_convert(&run, &config, -1, &options);
    assert_string_equal(oci_run_at(&run, "/process/args"), "[\"/app\"]");
    oci_run_free(&run);
}

static const run_row env[] = {
    { .id = "verbatim",
      .config = { .env = LIST("PATH=/x", "A=b=c", "B=", "C= d ", "D=<&>\n") },
      .pointer = "/process/env",
      .expect = "[\"PATH=/x\",\"A=b=c\",\"B=\",\"C= d \",\"D=<&>\\n\"]" },
    { .id = "doubles in their order",
      .config = { .env = LIST("Z=1", "PATH=/a", "Z=2", "PATH=/b", "Z=1") },
      .pointer = "/process/env",
      .expect = "[\"Z=1\",\"PATH=/a\",\"Z=2\",\"PATH=/b\",\"Z=1\"]" },
    { .id = "no PATH",
      .config = { .env = LIST("A=1") },
      .pointer = "/process/env",
      .expect = "[\"A=1\"," DEFAULT_PATH "]" },
    { .id = "no Env", .pointer = "/process/env", .expect = "[" DEFAULT_PATH "]" },
    { .id = "empty PATH", .config = { .env = LIST("PATH=") }, .pointer = "/process/env", .expect = "[\"PATH=\"]" },
    { .id = "a longer name is no PATH",
      .config = { .env = LIST("PATHS=/x", "XPATH=/y", "path=/z") },
      .pointer = "/process/env",
      .expect = "[\"PATHS=/x\",\"XPATH=/y\",\"path=/z\"," DEFAULT_PATH "]" },
    { .id = "HOME stays alone",
      .config = { .env = LIST("HOME=/x", "PATH=/y") },
      .pointer = "/process/env",
      .expect = "[\"HOME=/x\",\"PATH=/y\"]" },
    { .id = "no value",
      .config = { .env = LIST("PATH=/x", "HOME") },
      .result = OCI_E_INVALID,
      .expect = "config.Env 'HOME' is not NAME=VALUE" },
    { .id = "no name", .config = { .env = LIST("=x") }, .result = OCI_E_INVALID, .expect = "is not NAME=VALUE" },
    { .id = "nothing", .config = { .env = LIST("") }, .result = OCI_E_INVALID, .expect = "is not NAME=VALUE" },
};

// proves: conversion.env.verbatim conversion.env.additional conversion.env.no-shadow conversion.env.defaults-keep
// proves: runtime.process.env-form config.env.format safety.16
OCI_TEST (process, takes_its_environment) {
    RUN_ROWS(env);
}

static const run_row cwd[] = {
    { .id = "absolute",
      .config = { .working_dir = "/home/alice" },
      .pointer = "/process/cwd",
      .expect = "\"/home/alice\"" },
    { .id = "verbatim",
      .config = { .working_dir = "/a//b/../c/" },
      .pointer = "/process/cwd",
      .expect = "\"/a//b/../c/\"" },
    { .id = "absent", .pointer = "/process/cwd", .expect = "\"/\"" },
    { .id = "empty", .config = { .working_dir = "" }, .pointer = "/process/cwd", .expect = "\"/\"" },
    { .id = "relative",
      .config = { .working_dir = "app/x" },
      .pointer = "/process/cwd",
      .expect = "\"/app/x\"",
      .warning = "config.WorkingDir 'app/x' is not absolute: '/app/x' is taken" },
    { .id = "dot",
      .config = { .working_dir = "." },
      .pointer = "/process/cwd",
      .expect = "\"/.\"",
      .warning = "is not absolute" },
};

// proves: conversion.working-dir runtime.process.cwd-required runtime.process.cwd-absolute safety.17
OCI_TEST (process, takes_its_directory) {
    RUN_ROWS(cwd);
}
