/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <oci-image/mediatype.h>

#include "test.h"

#define OCI    "application/vnd.oci."
#define DOCKER "application/vnd.docker."

static const struct row {
    const char *type;
    oci_media_kind kind;
    oci_compression compression;
    bool docker, nondistributable;
} rows[] = {
    { OCI "descriptor.v1+json", OCI_MEDIA_DESCRIPTOR, OCI_COMPRESSION_NONE, false, false },
    { OCI "layout.header.v1+json", OCI_MEDIA_LAYOUT, OCI_COMPRESSION_NONE, false, false },
    { OCI "image.index.v1+json", OCI_MEDIA_INDEX, OCI_COMPRESSION_NONE, false, false },
    { OCI "image.manifest.v1+json", OCI_MEDIA_MANIFEST, OCI_COMPRESSION_NONE, false, false },
    { OCI "image.config.v1+json", OCI_MEDIA_CONFIG, OCI_COMPRESSION_NONE, false, false },
    { OCI "empty.v1+json", OCI_MEDIA_EMPTY, OCI_COMPRESSION_NONE, false, false },
    { OCI "image.layer.v1.tar", OCI_MEDIA_LAYER, OCI_COMPRESSION_NONE, false, false },
    { OCI "image.layer.v1.tar+gzip", OCI_MEDIA_LAYER, OCI_COMPRESSION_GZIP, false, false },
    { OCI "image.layer.v1.tar+zstd", OCI_MEDIA_LAYER, OCI_COMPRESSION_ZSTD, false, false },
    { OCI "image.layer.nondistributable.v1.tar", OCI_MEDIA_LAYER, OCI_COMPRESSION_NONE, false, true },
    { OCI "image.layer.nondistributable.v1.tar+gzip", OCI_MEDIA_LAYER, OCI_COMPRESSION_GZIP, false, true },
    { OCI "image.layer.nondistributable.v1.tar+zstd", OCI_MEDIA_LAYER, OCI_COMPRESSION_ZSTD, false, true },
    { DOCKER "distribution.manifest.list.v2+json", OCI_MEDIA_INDEX, OCI_COMPRESSION_NONE, true, false },
    { DOCKER "distribution.manifest.v2+json", OCI_MEDIA_MANIFEST, OCI_COMPRESSION_NONE, true, false },
    { DOCKER "container.image.v1+json", OCI_MEDIA_CONFIG, OCI_COMPRESSION_NONE, true, false },
    { DOCKER "image.rootfs.diff.tar", OCI_MEDIA_LAYER, OCI_COMPRESSION_NONE, true, false },
    { DOCKER "image.rootfs.diff.tar.gzip", OCI_MEDIA_LAYER, OCI_COMPRESSION_GZIP, true, false },
    { DOCKER "image.rootfs.diff.tar.zstd", OCI_MEDIA_LAYER, OCI_COMPRESSION_ZSTD, true, false },
    { DOCKER "image.rootfs.foreign.diff.tar", OCI_MEDIA_LAYER, OCI_COMPRESSION_NONE, true, true },
    { DOCKER "image.rootfs.foreign.diff.tar.gzip", OCI_MEDIA_LAYER, OCI_COMPRESSION_GZIP, true, true },
    { DOCKER "image.rootfs.foreign.diff.tar.zstd", OCI_MEDIA_LAYER, OCI_COMPRESSION_ZSTD, true, true },
};

static void assert_info(const char *type, const struct row *row)
{
    oci_media_info info = oci_media_type_info(type);

    assert_int_equal(info.kind, row->kind);
    assert_int_equal(info.compression, row->compression);
    assert_int_equal(info.docker, row->docker);
    assert_int_equal(info.nondistributable, row->nondistributable);
}

// proves: media.known-types media.compat.docker-layer media.compat.docker-manifest media.compat.docker-manifest-list
// proves: media.compat.docker-config
OCI_TEST (mediatype, knows_the_types_of_the_specification_and_their_twins) {
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_info(rows[i].type, &rows[i]);
        assert_true(oci_media_type_is_wellformed(rows[i].type));
    }
}

OCI_TEST (mediatype, compares_without_regard_to_case) {
    assert_info("Application/VND.oci.image.manifest.v1+JSON", &rows[3]);
}

OCI_TEST (mediatype, takes_everything_else_for_other) {
    static const struct row other = { NULL, OCI_MEDIA_OTHER, OCI_COMPRESSION_NONE, false, false };
    static const char *const types[] = {
        NULL,
        "",
        "json",
        OCI "image.layer.v1.tar+bzip2",
        OCI "image.manifest.v2+json",
        OCI "image.manifest.v1+json ",
        OCI "image.manifest.v1+jso",
        "application/json",
    };

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        assert_info(types[i], &other);
}

// proves: descriptor.media-type.rfc6838 descriptor.media-type.no-parameters considerations.ebnf.full-match
OCI_TEST (mediatype, follows_the_grammar_of_rfc_6838) {
    static const char *const good[] = { "a/b", "A/B", "9/9", "a!#$&-^_.+/b!#$&-^_.+",
                                        "application/vnd.example.x+type" };
    static const char *const bad[] = {
        "",      "a",        "/",        "a/",         "/b",
        "a/b/c", ".foo/bar", "foo/.bar", "foo/b ar",   "foo /bar",
        " a/b",  "a/b ",     "a/b\n",    "a/b;c=d",    "text/plain; charset=utf-8",
        "+a/b",  "a/+b",     "a/b*",     "a/\xc3\xa4",
    };

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(oci_media_type_is_wellformed(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (oci_media_type_is_wellformed(bad[i]))
            print_error("accepted '%s'\n", bad[i]);
        assert_false(oci_media_type_is_wellformed(bad[i]));
    }
    assert_false(oci_media_type_is_wellformed(NULL));
}

// proves: descriptor.media-type.length
OCI_TEST (mediatype, allows_127_characters_on_each_side) {
    char type[128 + 1 + 128 + 1];

    memset(type, 'x', sizeof type);
    type[127] = '/';
    type[127 + 1 + 127] = '\0';
    assert_true(oci_media_type_is_wellformed(type));
    type[127 + 1 + 127] = 'x';
    type[127 + 1 + 128] = '\0';
    assert_false(oci_media_type_is_wellformed(type));
    memset(type, 'x', sizeof type);
    type[128] = '/';
    type[128 + 1 + 127] = '\0';
    assert_false(oci_media_type_is_wellformed(type));
}

OCI_TEST (mediatype, names_layers_by_their_compression) {
    static const oci_compression kinds[] = { OCI_COMPRESSION_NONE, OCI_COMPRESSION_GZIP, OCI_COMPRESSION_ZSTD };

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        oci_media_info info = oci_media_type_info(oci_media_type_of_layer(kinds[i]));

        assert_int_equal(info.kind, OCI_MEDIA_LAYER);
        assert_int_equal(info.compression, kinds[i]);
        assert_false(info.docker);
        assert_false(info.nondistributable);
    }
}

OCI_TEST (mediatype, is_found_by_what_it_is) {
    static const oci_media_kind kinds[] = { OCI_MEDIA_INDEX, OCI_MEDIA_MANIFEST, OCI_MEDIA_CONFIG, OCI_MEDIA_LAYER };

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        for (int bits = 0; bits < 12; bits++) {
            oci_media_info info = { kinds[i], (oci_compression)(bits % 3), bits / 3 % 2 != 0, bits / 6 != 0 };
            oci_media_info again;
            const char *name;

            if (kinds[i] != OCI_MEDIA_LAYER && (info.compression != OCI_COMPRESSION_NONE || info.nondistributable))
                continue;
            name = oci_media_type_of(&info);
            if (info.docker && info.compression == OCI_COMPRESSION_ZSTD) {
                assert_null(name);
                continue;
            }
            assert_non_null(name);
            again = oci_media_type_info(name);
            assert_true(again.kind == info.kind && again.compression == info.compression &&
                        again.docker == info.docker && again.nondistributable == info.nondistributable);
        }
    assert_null(oci_media_type_of(&(oci_media_info) { .kind = OCI_MEDIA_OTHER }));
    assert_null(oci_media_type_of(&(oci_media_info) { .kind = OCI_MEDIA_EMPTY, .docker = true }));
}
