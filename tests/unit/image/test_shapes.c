/* SPDX-License-Identifier: Apache-2.0 */
/* Every shape of an index, and what each question about it has for an answer. */
#include <stdio.h>
#include <unistd.h>

#include "images.h"

#define ATTESTATION                                                                                                    \
    ",\"platform\":{\"os\":\"unknown\",\"architecture\":\"unknown\"},\"annotations\":{\"vnd.docker.reference."         \
    "type\":\"attestation-manifest\"}"
#define CONTAINERD(name) ",\"annotations\":{\"io.containerd.image.name\":\"" name "\"}"
#define BOTH(name, full)                                                                                               \
    ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"" name "\",\"io.containerd.image.name\":\"" full "\"}"
#define ARM(variant)    ",\"platform\":{\"os\":\"linux\",\"architecture\":\"arm\",\"variant\":\"" variant "\"}"
#define DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define DOCKER_LIST     "application/vnd.docker.distribution.manifest.list.v2+json"

/* A question; the answer is the digest of an image, or a code and a part of the text. */
struct row {
    const char *name, *digest, *platform;
    const struct image *image; /* NULL: code */
    int code;
    const char *says;
};

static void check(int dir, const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        oci_error err = OCI_ERROR_INIT;
        OCI_AUTO(oci_layout) l = layout_of(dir);
        OCI_AUTO(oci_platform) platform = NULL;
        OCI_AUTO(oci_path) path = NULL;
        oci_resolve_options o = { .name = rows[i].name, .digest = rows[i].digest };

        if (rows[i].platform != NULL)
            assert_ok(&err, oci_platform_parse(rows[i].platform, &platform, &err));
        o.platform = platform;
        if (rows[i].image == NULL) {
            assert_fails(rows[i].code, &err, oci_resolve(l, &o, &path, &err));
            assert_says(&err, rows[i].says);
            continue;
        }
        assert_ok(&err, oci_resolve(l, &o, &path, &err));
        if (strcmp(oci_path_target(path)->digest_text, rows[i].image->manifest.digest) != 0)
            fail_msg("row %zu leads to another image", i);
    }
}

#define ASKED(dir, ...)                                                                                                \
    do {                                                                                                               \
        const struct row rows_[] = { __VA_ARGS__ };                                                                    \
        check(dir, rows_, sizeof rows_ / sizeof rows_[0]);                                                             \
    } while (0)

// proves: index.select.first-match
OCI_TEST (shape, flat_with_several_platforms) {
    int dir = layout_dir_new();
    struct image s390x = image_put(dir, "linux", "s390x", "s", LINUX("s390x")),
                 arm64 = image_put(dir, "linux", "arm64", "a", LINUX("arm64")),
                 v7 = image_put(dir, "linux", "arm", "v7", ARM("v7")),
                 v6 = image_put(dir, "linux", "arm", "v6", ARM("v6"));

    index_write(dir, "%s,%s,%s,%s", s390x.manifest.json, arm64.manifest.json, v7.manifest.json, v6.manifest.json);
    ASKED(dir, { .platform = "linux/s390x", .image = &s390x }, { .platform = "linux/arm64", .image = &arm64 },
          { .platform = "linux/aarch64", .image = &arm64 },
          /* A machine takes what was built for an older one, and no other. */
          { .platform = "linux/arm/v8", .image = &v7 }, { .platform = "linux/arm/v7", .image = &v7 },
          { .platform = "linux/arm/v6", .image = &v6 },
          { .platform = "linux/arm/v5", .code = OCI_E_NOT_FOUND, .says = v6.manifest.digest },
          { .platform = "windows/amd64", .code = OCI_E_NOT_FOUND, .says = "linux/s390x" },
          { .digest = v6.manifest.digest, .platform = "linux/arm/v6", .image = &v6 });
    scratch_free(dir);
}

// proves: index.manifests.support-nested-index
OCI_TEST (shape, nested_two_deep) {
    int dir = layout_dir_new();
    struct image a = image_put_host(dir, "a", ""), b = image_put(dir, "linux", "s390x", "b", LINUX("s390x"));
    struct blob inner = index_put(dir, "", "%s,%s", a.manifest.json, b.manifest.json),
                outer = index_put(dir, NAMED("v1"), "%s", inner.json);

    index_write(dir, "%s", outer.json);
    ASKED(dir, { .image = &a }, { .name = "v1", .image = &a }, { .platform = "linux/s390x", .image = &b },
          { .name = "v1", .digest = inner.digest, .platform = "linux/s390x", .image = &b },
          { .digest = a.manifest.digest, .image = &a }, { .digest = outer.digest, .image = &a },
          { .name = "v2", .code = OCI_E_NOT_FOUND, .says = "v1" });
    scratch_free(dir);
}

OCI_TEST (shape, without_names) {
    int dir = layout_dir_new();
    struct image a = image_put_host(dir, "a", ""), b = image_put_host(dir, "b", "");

    index_write(dir, "%s", a.manifest.json);
    ASKED(dir, { .image = &a }, { .digest = a.manifest.digest, .image = &a },
          { .name = "x", .code = OCI_E_NOT_FOUND, .says = a.manifest.digest });
    /* Entries without a name are one group, as an index of several platforms is written. */
    index_write(dir, "%s,%s", a.manifest.json, b.manifest.json);
    ASKED(dir, { .image = &a }, { .digest = b.manifest.digest, .image = &b });
    index_write(dir, "%s", "");
    ASKED(dir, { .code = OCI_E_NOT_FOUND, .says = "no image" });
    scratch_free(dir);
}

OCI_TEST (shape, of_the_same_name_twice) {
    int dir = layout_dir_new();
    struct image a = image_put_host(dir, "a", NAMED("v1")), b = image_put_host(dir, "b", NAMED("v1")),
                 c = image_put_host(dir, "c", NAMED("v2"));

    index_write(dir, "%s,%s,%s", a.manifest.json, b.manifest.json, c.manifest.json);
    ASKED(dir, { .name = "v1", .image = &a }, { .name = "v1", .digest = b.manifest.digest, .image = &b },
          { .name = "v2", .digest = b.manifest.digest, .code = OCI_E_NOT_FOUND, .says = b.manifest.digest },
          { .code = OCI_E_AMBIGUOUS, .says = c.manifest.digest }, { .code = OCI_E_AMBIGUOUS, .says = "v1" });
    scratch_free(dir);
}

OCI_TEST (shape, with_attestations) {
    int dir = layout_dir_new();
    struct image a = image_put_host(dir, "a", ""), statement = image_put(dir, "unknown", "unknown", "s", ATTESTATION);
    struct blob index = index_put(dir, NAMED("v1"), "%s,%s", statement.manifest.json, a.manifest.json);

    index_write(dir, "%s", index.json);
    ASKED(dir, { .name = "v1", .image = &a }, { .image = &a },
          { .platform = "unknown/unknown", .code = OCI_E_NOT_FOUND, .says = a.manifest.digest },
          { .digest = statement.manifest.digest, .image = &statement });
    index_write(dir, "%s", statement.manifest.json);
    ASKED(dir, { .code = OCI_E_NOT_FOUND, .says = "no image" });
    scratch_free(dir);
}

OCI_TEST (shape, with_children_missing) {
    int dir = layout_dir_new();
    struct image a = image_put_host(dir, "a", ""), gone = image_put(dir, "linux", "s390x", "b", LINUX("s390x")),
                 bare = image_put_host(dir, "c", "");
    struct blob hole = index_put(dir, "", "%s", gone.manifest.json),
                index = index_put(dir, NAMED("v1"), "%s,%s,%s", hole.json, gone.manifest.json, a.manifest.json);

    index_write(dir, "%s", index.json);
    assert_int_equal(unlinkat(dir, gone.manifest.path, 0), 0);
    assert_int_equal(unlinkat(dir, hole.path, 0), 0);
    /* A manifest that is not needed need not be there; one that is chosen is found missing when it is opened. */
    ASKED(dir, { .image = &a }, { .name = "v1", .image = &a }, { .platform = "linux/s390x", .image = &gone },
          { .digest = hole.digest, .code = OCI_E_NOT_FOUND, .says = hole.digest });
    /* A manifest without a platform that is not there could be anything. */
    index_write(dir, "%s", bare.manifest.json);
    assert_int_equal(unlinkat(dir, bare.manifest.path, 0), 0);
    ASKED(dir, { .image = &bare });
    scratch_free(dir);
}

OCI_TEST (shape, with_types_of_docker) {
    int dir = layout_dir_new();
    struct image a = image_put_host(dir, "a", ""), b = image_put(dir, "linux", "s390x", "b", "");
    struct blob one = blob_with(&b.manifest, MANIFEST_TYPE, LINUX("s390x"));
    struct blob list = blob_put(dir, DOCKER_LIST, NAMED("v1"),
                                "{\"schemaVersion\":2,\"mediaType\":\"" DOCKER_LIST "\",\"manifests\":[%s,%s]}",
                                a.manifest.json, one.json);

    index_write(dir, "%s", list.json);
    ASKED(dir, { .image = &a }, { .name = "v1", .platform = "linux/s390x", .image = &b },
          { .digest = b.manifest.digest, .platform = "linux/s390x", .image = &b });
    /* Unknown types beside it are no candidates. */
    one = blob_put(dir, "text/plain", "", "nothing");
    index_write(dir, "%s,%s", one.json, list.json);
    ASKED(dir, { .image = &a });
    scratch_free(dir);
}

OCI_TEST (shape, mixed) {
    int dir = layout_dir_new();
    struct image a = image_put_host(dir, "a", NAMED("v1")), b = image_put(dir, "linux", "s390x", "b", ""),
                 c = image_put_host(dir, "c", "");
    struct blob artifact = blob_put(dir, MANIFEST_TYPE, ",\"artifactType\":\"a/b\"",
                                    "{\"schemaVersion\":2,\"artifactType\":\"a/b\",\"config\":%s,\"layers\":[%s]}",
                                    blob_put(dir, EMPTY_TYPE, "", "{}").json, blob_put(dir, "a/c", "", "x").json),
                inner = index_put(dir, NAMED("v2"), "%s,%s,%s", artifact.json, b.manifest.json, c.manifest.json);

    index_write(dir, "%s,%s,%s", artifact.json, a.manifest.json, inner.json);
    ASKED(dir, { .name = "v1", .image = &a }, { .name = "v2", .image = &c },
          { .name = "v2", .platform = "linux/s390x", .image = &b }, { .platform = "linux/s390x", .image = &b },
          { .code = OCI_E_AMBIGUOUS, .says = "v2" }, { .code = OCI_E_AMBIGUOUS, .says = a.manifest.digest });
    scratch_free(dir);
}

// proves: annotations.ref-name.index-json-only
OCI_TEST (shape, with_names_in_full) {
    int dir = layout_dir_new();
    struct image a = image_put_host(dir, "a", BOTH("1.36", "docker.io/library/busybox:1.36")),
                 b = image_put_host(dir, "b", CONTAINERD("ghcr.io/a/b:v1")), c = image_put_host(dir, "c", NAMED("app"));

    index_write(dir, "%s,%s,%s", a.manifest.json, b.manifest.json, c.manifest.json);
    ASKED(dir, { .name = "1.36", .image = &a }, { .name = "docker.io/library/busybox:1.36", .image = &a },
          { .name = "busybox:1.36", .image = &a }, { .name = "library/busybox:1.36", .image = &a },
          { .name = "index.docker.io/library/busybox:1.36", .image = &a },
          { .name = "docker.io/busybox:1.36", .image = &a },
          { .name = "busybox", .code = OCI_E_NOT_FOUND, .says = "1.36" },
          { .name = "quay.io/library/busybox:1.36", .code = OCI_E_NOT_FOUND, .says = "1.36" },
          { .name = "a/b:v1", .code = OCI_E_NOT_FOUND, .says = "app" }, { .name = "ghcr.io/a/b:v1", .image = &b },
          { .name = "app:latest", .image = &c }, { .name = "docker.io/library/app:latest", .image = &c },
          { .name = "app:1.36", .code = OCI_E_NOT_FOUND, .says = "app" });
    /* What is written exactly so wins. */
    c = image_put_host(dir, "c", NAMED("busybox:1.36"));
    index_write(dir, "%s,%s", a.manifest.json, c.manifest.json);
    ASKED(dir, { .name = "busybox:1.36", .image = &c }, { .name = "docker.io/library/busybox:1.36", .image = &a });
    scratch_free(dir);
}
