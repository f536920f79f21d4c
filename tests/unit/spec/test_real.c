/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents of real images, when they are there: below the folder that OCI_CORPUS names, or shared/corpus beside the
 * source tree. Every file that holds a JSON object and looks like an index, manifest or configuration has to be read;
 * those that are broken on purpose have to be refused.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

#include "corpus.h"
#include "test.h"

/* Files that break the specification, by the end of their path, and a part of what is said about them. */
static const struct {
    const char *path, *text;
} broken[] = {
    { "containers+oci-spec-rs/test/data/oci-layout", "/imageLayoutVersion: layout version 'lorem ipsum'" },
    { "fixtures/name_lookups/index.json", "/manifests/4/mediaType: 'x-completely-unknown' is no media type" },
    { "testdata/ociv1.artifact.json", "/config/digest: '' is not a digest" },
    { "testdata/ociv1nomime.artifact.json", "/config/digest: '' is not a digest" },
    { "testdata/oci1.index.everything.json", "/manifests/0/data: embedded content does not have the digest" },
    { "sha256/25cb16f769a2248cde5556529b88e3cdff322dbe5c71e40cfb24030221e88b06", "/config: missing, but required" },
    { "sha256/11a1bc9fb43d6791f7f881a0375f88e83b10ea1c040a8d6d986cf799bb56e981", "/config: missing, but required" },
    { "json/v22manifest_optional_properties.json", "/mediaType: 'type' is not the media type" },
};

static const oci_type *guess_type(const oci_value *v)
{
    const oci_value *version = NULL;
    int64_t number = 0;

    if (oci_value_type_of(v) != OCI_VALUE_OBJECT)
        return NULL;
    if (oci_value_get(v, "imageLayoutVersion", NULL))
        return &oci_layout_file_type;
    if (oci_value_get(v, "rootfs", NULL) && oci_value_get(v, "architecture", NULL))
        return &oci_config_type;
    oci_value_get(v, "schemaVersion", &version);
    if (!oci_value_int64(version, &number) || number != 2)
        return NULL;
    if (oci_value_get(v, "manifests", NULL))
        return &oci_index_type;
    return oci_value_get(v, "layers", NULL) ? &oci_manifest_type : NULL;
}

struct tally {
    size_t read, refused, wrong;
};

static void check_file(void *ctx, const char *path)
{
    struct tally *tally = ctx;
    OCI_AUTO_BUF oci_buf json = OCI_BUF_INIT, printed = OCI_BUF_INIT;
    OCI_AUTO(oci_value) tree = NULL;
    oci_error err = OCI_ERROR_INIT;
    const oci_type *type;
    void *object = NULL;
    int r;

    read_file(path, &json);
    if (json.len == 0 || json.len > 1 << 20 || oci_value_parse(json.data, json.len, NULL, &tree, NULL) < 0)
        return;
    type = guess_type(tree);
    if (type == NULL)
        return;
    r = oci_decode_document(type, json.data, json.len, &plain, &object, &err);
    if (r == 0) {
        assert_ok(&err, oci_encode_document(type, object, OCI_PRINT_PRETTY, &printed, &err));
        oci_decoded_free(object);
        assert_ok(&err, oci_decode_document(type, printed.data, printed.len, &plain, &object, &err));
        oci_decoded_free(object);
        tally->read++;
        return;
    }
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
        if (oci_ends_with(path, broken[i].path) && strstr(err.msg, broken[i].text) != NULL) {
            tally->refused++;
            return;
        }
    print_error("%s: %s\n", path, err.msg);
    tally->wrong++;
}

static const char *corpus_folder(void)
{
    static const char *const places[] = { OCI_TESTDATA "/../../shared/corpus", OCI_TESTDATA "/../../../shared/corpus" };
    const char *told = getenv("OCI_CORPUS");

    if (told != NULL)
        return told;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (access(places[i], R_OK) == 0)
            return places[i];
    return NULL;
}

// proves: media.compat.docker-manifest media.compat.docker-manifest-list media.compat.docker-config
OCI_TEST (real, documents_are_read) {
    const char *folder = corpus_folder();
    struct tally tally = { 0, 0, 0 };

    if (folder == NULL) {
        print_message("no corpus of real images\n");
        skip();
    }
    each_file(folder, "", check_file, &tally);
    print_message("%zu read, %zu refused\n", tally.read, tally.refused);
    assert_int_equal(tally.wrong, 0);
    assert_true(tally.read > 0);
}
