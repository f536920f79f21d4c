/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "run.h"

#define KEY "org.opencontainers.image."
#define LABELS(...)                                                                                                    \
    &(const oci_annotations)                                                                                           \
    {                                                                                                                  \
        (const oci_pair[]) { __VA_ARGS__ }, sizeof((const oci_pair[]) { __VA_ARGS__ }) / sizeof(oci_pair)              \
    }
#define LABEL(key_, value_)                                                                                            \
    {                                                                                                                  \
        key_, value_, sizeof(key_) - 1, sizeof(value_) - 1                                                             \
    }
#define LINUX_AMD64 "\"" KEY "os\":\"linux\",\"" KEY "architecture\":\"amd64\""

#define ONE(id_, key_, expect_, ...)                                                                                   \
    {                                                                                                                  \
        .id = id_, .config = { __VA_ARGS__ }, .pointer = "/annotations/" key_, .expect = expect_                       \
    }

static const run_row implicit[] = {
    ONE("os", KEY "os", "\"linux\"", .os = "linux"),
    ONE("architecture", KEY "architecture", "\"arm64\"", .architecture = "arm64"),
    ONE("variant", KEY "variant", "\"v8\"", .variant = "v8"),
    ONE("os.version", KEY "os.version", "\"10.0.14393.1066\"", .os_version = "10.0.14393.1066"),
    ONE("os.features, one", KEY "os.features", "\"win32k\"", .os_features = LIST("win32k")),
    ONE("os.features, in their order", KEY "os.features", "\"x,a,x\"", .os_features = LIST("x", "a", "x")),
    ONE("author", KEY "author", "\"A. <a@example.com>\"", .author = "A. <a@example.com>"),
    ONE("created", KEY "created", "\"2015-10-31T22:22:56.015925234Z\"", .created = "2015-10-31T22:22:56.015925234Z"),
    ONE("created with an offset", KEY "created", "\"2015-10-31t22:22:56.10+01:30\"",
        .created = "2015-10-31t22:22:56.10+01:30"),
    ONE("stopSignal", KEY "stopSignal", "\"SIGRTMIN+3\"", .stop_signal = "SIGRTMIN+3"),
    ONE("stopSignal without SIG", KEY "stopSignal", "\"TERM\"", .stop_signal = "TERM"),
    ONE("stopSignal as a number", KEY "stopSignal", "\"9\"", .stop_signal = "9"),
    ONE("exposedPorts, sorted", KEY "exposedPorts", "\"53/udp,8080/tcp\"", .exposed_ports = LIST("8080/tcp", "53/udp")),
    ONE("exposedPorts, without protocol", KEY "exposedPorts", "\"8080\"", .exposed_ports = LIST("8080")),
    { .id = "absent fields", .pointer = "/annotations", .expect = "{" LINUX_AMD64 "}" },
    { .id = "empty fields",
      .config = { .variant = "", .os_version = "", .author = "", .created = "", .stop_signal = "" },
      .pointer = "/annotations",
      .expect = "{" LINUX_AMD64 "}" },
    ONE("not authors", KEY "authors", "absent", .author = "A"),
};

// proves: conversion.annot.os conversion.annot.architecture conversion.annot.variant conversion.annot.os-version
// proves: conversion.annot.os-features conversion.annot.author conversion.annot.created conversion.annot.stop-signal
// proves: conversion.exposed-ports.way conversion.exposed-ports.annotation config.exposed-ports.default-tcp
// proves: config.variant.understand runtime.annotations.org-opencontainers runtime.annotations.only-by-conversion
// proves: runtime.annotations.reserved conversion.annotations.not-from-manifest
OCI_TEST (annotations, say_what_the_image_says) {
    RUN_ROWS(implicit);
}

static const run_row labels[] = {
    ONE("label", "com.example.k", "\"v\"", .labels = LABELS(LABEL("com.example.k", "v"))),
    ONE("label without a value", "k", "\"\"", .labels = LABELS(LABEL("k", ""))),
    ONE("label with odd bytes", "k", "\" a\\n\xc3\xa4<&>\\u0001 \"",
        .labels = LABELS(LABEL("k", " a\n\xc3\xa4<&>\x01 "))),
    ONE("label with NUL bytes", "k", "\"a\\u0000b\\u0000\"", .labels = LABELS(LABEL("k", "a\0b\0"))),
    ONE("label over os", KEY "os", "\"foo\"", .labels = LABELS(LABEL(KEY "os", "foo"))),
    ONE("label over architecture", KEY "architecture", "\"\"", .labels = LABELS(LABEL(KEY "architecture", ""))),
    ONE("label over variant", KEY "variant", "\"x\"", .variant = "v8", .labels = LABELS(LABEL(KEY "variant", "x"))),
    ONE("label over os.version", KEY "os.version", "\"x\"", .os_version = "1",
        .labels = LABELS(LABEL(KEY "os.version", "x"))),
    ONE("label over os.features", KEY "os.features", "\"x\"", .os_features = LIST("a"),
        .labels = LABELS(LABEL(KEY "os.features", "x"))),
    ONE("label over author", KEY "author", "\"x\"", .author = "a", .labels = LABELS(LABEL(KEY "author", "x"))),
    ONE("label over created", KEY "created", "\"x\"", .created = "2015-10-31T22:22:56Z",
        .labels = LABELS(LABEL(KEY "created", "x"))),
    ONE("label over stopSignal", KEY "stopSignal", "\"x\"", .stop_signal = "SIGKILL",
        .labels = LABELS(LABEL(KEY "stopSignal", "x"))),
    ONE("label over exposedPorts", KEY "exposedPorts", "\"x\"", .exposed_ports = LIST("80"),
        .labels = LABELS(LABEL(KEY "exposedPorts", "x"))),
    { .id = "labels and nothing twice",
      .config = { .labels = LABELS(LABEL("b", "1"), LABEL(KEY "os", "foo"), LABEL("a", "2")) },
      .pointer = "/annotations",
      .expect = "{\"" KEY "os\":\"foo\",\"" KEY "architecture\":\"amd64\",\"b\":\"1\",\"a\":\"2\"}" },
    { .id = "label without a name",
      .config = { .labels = LABELS(LABEL("a", "b"), LABEL("", "x"), LABEL("c", "d")) },
      .pointer = "/annotations",
      .expect = "{" LINUX_AMD64 ",\"a\":\"b\",\"c\":\"d\"}",
      .warning = "a label without a name is left out" },
};

// proves: conversion.annot.labels conversion.annot.labels-precedence conversion.annotations.labels-win
// proves: conversion.annotations.no-modify runtime.json.no-duplicates runtime.annotations.map
// proves: runtime.annotations.key-nonempty safety.12
OCI_TEST (annotations, let_labels_win) {
    RUN_ROWS(labels);
}
