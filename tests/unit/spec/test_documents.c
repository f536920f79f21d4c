/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"

#include "corpus.h"
#include "test.h"

#define HEX          "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
#define EMPTY_DIGEST "sha256:" HEX

/* Every known member in the order that print uses, and unknown ones after them. */
static const char descriptor_text[] =
    "{\"mediaType\":\"a/b\",\"digest\":\"" EMPTY_DIGEST "\",\"size\":2,\"urls\":[\"https://x/y\"],"
    "\"annotations\":{\"k\":\"v\\u0000w\"},\"data\":\"e30=\","
    "\"platform\":{\"architecture\":\"arm64\",\"os\":\"linux\",\"os.version\":\"1\",\"os.features\":[\"f\"],"
    "\"variant\":\"v8\",\"features\":[\"g\"],\"p\":[1.50]},\"artifactType\":\"c/d\",\"Size\":\"3\",\"u\":null}";

#define SMALL "{\"mediaType\":\"a/b\",\"digest\":\"blake9:x\",\"size\":9007199254740993}"

static const char index_text[] =
    "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"artifactType\":\"a/b\","
    "\"manifests\":[" SMALL "," SMALL "],\"subject\":" SMALL ",\"annotations\":{\"a\":\"\"},\"x\":{\"y\":[1e3]}}";

static const char manifest_text[] =
    "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"artifactType\":\"a/b\","
    "\"config\":" SMALL ",\"layers\":[" SMALL "," SMALL "],\"subject\":" SMALL ",\"annotations\":{\"a\":\"b\"},"
    "\"x\":18446744073709551615}";

static const char config_text[] =
    "{\"created\":\"2015-10-31T22:22:56.015925234Z\",\"author\":\"A\",\"architecture\":\"arm\",\"os\":\"linux\","
    "\"os.version\":\"1\",\"os.features\":[\"f\"],\"variant\":\"v7\","
    "\"config\":{\"User\":\"a:b\",\"ExposedPorts\":{\"80/tcp\":{},\"9\":{}},\"Env\":[\"A=b\",\"A=\\n\"],"
    "\"Entrypoint\":[\"e\"],\"Cmd\":[\"c\",\"\"],\"Volumes\":{\"/v\":{}},\"WorkingDir\":\"/w\","
    "\"Labels\":{\"l\":\"m\"},\"StopSignal\":\"SIGINT\",\"ArgsEscaped\":true,\"Healthcheck\":{\"Test\":[\"x\"]}},"
    "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" EMPTY_DIGEST "\",\"blake9:x\"],\"base_layer\":\"z\"},"
    "\"history\":[{\"created\":\"2015-10-31T22:22:56Z\",\"created_by\":\"c\",\"author\":\"a\",\"comment\":\"o\","
    "\"empty_layer\":true,\"h\":1},{}],\"docker_version\":\"19\"}";

static const struct {
    const oci_type *type;
    const char *text;
} documents[] = {
    { &oci_descriptor_type, descriptor_text },
    { &oci_index_type, index_text },
    { &oci_manifest_type, manifest_text },
    { &oci_config_type, config_text },
};

// proves: considerations.unknown-property config.extra-fields.no-error considerations.json.number-range
OCI_TEST (documents, print_what_they_were_parsed_from) {
    for (size_t i = 0; i < sizeof documents / sizeof documents[0]; i++) {
        OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
        oci_error err = OCI_ERROR_INIT;
        const char *text = documents[i].text;
        void *object = NULL;

        assert_ok(&err, oci_decode_document(documents[i].type, text, strlen(text), &plain, &object, &err));
        assert_ok(&err, oci_encode_document(documents[i].type, object, OCI_PRINT_COMPACT, &out, &err));
        oci_decoded_free(object);
        assert_string_equal(out.data, text);
    }
}

OCI_TEST (documents, survive_the_lack_of_memory) {
    for (size_t i = 0; i < sizeof documents / sizeof documents[0]; i++) {
        const char *text = documents[i].text;
        unsigned long n = 1;

        for (;; n++) {
            OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
            oci_error err = OCI_ERROR_INIT;
            void *object = NULL;
            int r;

            oci_alloc_fail_at(n);
            r = oci_decode_document(documents[i].type, text, strlen(text), &plain, &object, &err);
            if (r == 0) {
                r = oci_encode_document(documents[i].type, object, OCI_PRINT_COMPACT, &out, &err);
                oci_decoded_free(object);
            }
            if (!oci_alloc_failed())
                break;
            oci_alloc_fail_at(0);
            assert_int_equal(r, OCI_E_NOMEM);
            assert_true(err.msg[0] != '\0');
        }
        oci_alloc_fail_at(0);
        assert_true(n > 3);
    }
}

// proves: descriptor.data.base64 platform.os-features.array platform.features.reserved
OCI_TEST (documents, descriptor_has_its_fields) {
    oci_error err = OCI_ERROR_INIT;
    void *object = NULL;
    const oci_descriptor *d;

    assert_ok(&err, oci_decode_document(&oci_descriptor_type, descriptor_text, strlen(descriptor_text), &plain, &object,
                                        &err));
    d = object;
    assert_string_equal(d->media_type, "a/b");
    assert_string_equal(d->digest_text, EMPTY_DIGEST);
    assert_int_equal(d->digest.alg, OCI_DIGEST_SHA256);
    assert_int_equal(d->digest.len, 32);
    assert_int_equal(d->size, 2);
    assert_int_equal(d->urls.count, 1);
    assert_string_equal(d->urls.items[0], "https://x/y");
    assert_non_null(d->annotations);
    assert_string_equal(oci_annotations_get(d->annotations, "k"), "v");
    assert_int_equal(d->annotations->items[0].value_len, 3);
    assert_memory_equal(d->annotations->items[0].value, "v\0w", 4);
    assert_true(d->has_data);
    assert_int_equal(d->data.len, 2);
    assert_memory_equal(d->data.data, "{}", 2);
    assert_string_equal(d->artifact_type, "c/d");
    assert_string_equal(d->platform->os_version, "1");
    assert_string_equal(d->platform->variant, "v8");
    assert_string_equal(d->platform->os_features.items[0], "f");
    assert_string_equal(d->platform->features.items[0], "g");
    oci_decoded_free(object);
}

OCI_TEST (documents, index_has_its_fields) {
    OCI_AUTO(oci_index) d = NULL;
    oci_error err = OCI_ERROR_INIT;

    assert_ok(&err, oci_index_parse(index_text, strlen(index_text), NULL, &d, &err));
    assert_string_equal(d->media_type, OCI_MEDIA_TYPE_INDEX);
    assert_string_equal(d->artifact_type, "a/b");
    assert_int_equal(d->n_manifests, 2);
    assert_int_equal(d->manifests[1]->size, UINT64_C(9007199254740993));
    assert_int_equal(d->manifests[1]->digest.alg, OCI_DIGEST_NONE);
    assert_string_equal(d->manifests[1]->digest_text, "blake9:x");
    assert_null(d->manifests[1]->platform);
    assert_null(d->manifests[1]->annotations);
    assert_false(d->manifests[1]->has_data);
    assert_string_equal(d->subject->media_type, "a/b");
    assert_string_equal(oci_annotations_get(d->annotations, "a"), "");
}

OCI_TEST (documents, manifest_has_its_fields) {
    OCI_AUTO(oci_manifest) d = NULL;
    oci_error err = OCI_ERROR_INIT;

    assert_ok(&err, oci_manifest_parse(manifest_text, strlen(manifest_text), NULL, &d, &err));
    assert_string_equal(d->media_type, OCI_MEDIA_TYPE_MANIFEST);
    assert_string_equal(d->config->digest_text, "blake9:x");
    assert_int_equal(d->n_layers, 2);
    assert_string_equal(d->layers[0]->media_type, "a/b");
    assert_non_null(d->subject);
}

// proves: config.rootfs.diff-ids.order config.cmd.array config.entrypoint.array config.volumes.object
OCI_TEST (documents, config_has_its_fields) {
    OCI_AUTO(oci_config) d = NULL;
    oci_error err = OCI_ERROR_INIT;

    assert_ok(&err, oci_config_parse(config_text, strlen(config_text), NULL, &d, &err));
    assert_string_equal(d->created, "2015-10-31T22:22:56.015925234Z");
    assert_string_equal(d->author, "A");
    assert_string_equal(d->architecture, "arm");
    assert_string_equal(d->os, "linux");
    assert_string_equal(d->variant, "v7");
    assert_string_equal(d->user, "a:b");
    assert_int_equal(d->exposed_ports.count, 2);
    assert_string_equal(d->exposed_ports.items[0], "80/tcp");
    assert_string_equal(d->exposed_ports.items[1], "9");
    assert_int_equal(d->env.count, 2);
    assert_string_equal(d->env.items[1], "A=\n");
    assert_string_equal(d->entrypoint.items[0], "e");
    assert_int_equal(d->cmd.count, 2);
    assert_string_equal(d->volumes.items[0], "/v");
    assert_string_equal(d->working_dir, "/w");
    assert_string_equal(oci_annotations_get(d->labels, "l"), "m");
    assert_string_equal(d->stop_signal, "SIGINT");
    assert_true(d->args_escaped);
    assert_string_equal(d->rootfs_type, "layers");
    assert_int_equal(d->n_diff_ids, 2);
    assert_string_equal(d->diff_ids[0].text, EMPTY_DIGEST);
    assert_int_equal(d->diff_ids[0].digest.alg, OCI_DIGEST_SHA256);
    assert_int_equal(d->diff_ids[1].digest.alg, OCI_DIGEST_NONE);
    assert_int_equal(d->n_history, 2);
    assert_string_equal(d->history[0].created_by, "c");
    assert_true(d->history[0].empty_layer);
    assert_false(d->history[1].empty_layer);
    assert_null(d->history[1].created);
}

// proves: config.null-is-absent config.config.omitted
OCI_TEST (documents, config_takes_absent_null_and_empty_alike) {
    static const char *const texts[] = {
        "null",
        "{}",
        "{\"User\":null,\"Env\":null,\"Cmd\":null,\"WorkingDir\":null,\"StopSignal\":null,\"Volumes\":null}",
        "{\"User\":\"\",\"Env\":[],\"Cmd\":[],\"WorkingDir\":\"\",\"StopSignal\":\"\",\"Volumes\":{}}",
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        OCI_AUTO(oci_config) d = NULL;
        oci_error err = OCI_ERROR_INIT;
        char json[512];

        snprintf(json, sizeof json,
                 "{\"architecture\":\"a\",\"os\":\"o\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]},\"config\":%s}",
                 texts[i]);
        assert_ok(&err, oci_config_parse(json, strlen(json), NULL, &d, &err));
        assert_null(d->user);
        assert_null(d->working_dir);
        assert_null(d->stop_signal);
        assert_int_equal(d->env.count, 0);
        assert_int_equal(d->cmd.count, 0);
        assert_int_equal(d->volumes.count, 0);
    }
}

OCI_TEST (documents, layout_file_has_its_version) {
    static const char text[] = "{\"imageLayoutVersion\":\"1.0.0\"}";
    OCI_AUTO(oci_layout_file) d = NULL;
    oci_error err = OCI_ERROR_INIT;

    assert_ok(&err, oci_layout_file_parse(text, strlen(text), NULL, &d, &err));
    assert_string_equal(d->version, "1.0.0");
}

// proves: manifest.artifact-type.required-for-empty-config empty.payload
OCI_TEST (documents, print_what_was_made_by_hand) {
    const oci_descriptor config = { .media_type = OCI_MEDIA_TYPE_EMPTY,
                                    .digest_text = EMPTY_DIGEST,
                                    .size = 2,
                                    .has_data = true,
                                    .data = { "{}", 2 } };
    const oci_descriptor *const layers[] = { &config };
    oci_manifest m = { .media_type = OCI_MEDIA_TYPE_MANIFEST,
                       .artifact_type = "a/b",
                       .config = &config,
                       .layers = layers,
                       .n_layers = 1 };
    OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
    OCI_AUTO(oci_manifest) again = NULL;
    oci_error err = OCI_ERROR_INIT;

    assert_ok(&err, oci_manifest_print(&m, &out, &err));
#define EMPTY_TEXT                                                                                                     \
    "{\"mediaType\":\"application/vnd.oci.empty.v1+json\",\"digest\":\"" EMPTY_DIGEST "\",\"size\":2,\"data\":\"e30="  \
    "\"}"
    assert_string_equal(out.data, "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\","
                                  "\"artifactType\":\"a/b\",\"config\":" EMPTY_TEXT ",\"layers\":[" EMPTY_TEXT "]}");
    assert_ok(&err, oci_manifest_parse(out.data, out.len, NULL, &again, &err));
    assert_memory_equal(again->config->data.data, "{}", 2);
}

OCI_TEST (documents, print_empty_ones_made_by_hand) {
    const oci_index index = { 0 };
    const oci_config config = { .architecture = "a", .os = "o", .rootfs_type = "layers" };
    OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT, out2 = OCI_BUF_INIT;
    oci_error err = OCI_ERROR_INIT;

    assert_ok(&err, oci_index_print(&index, &out, &err));
    assert_string_equal(out.data, "{\"schemaVersion\":2,\"manifests\":[]}");
    assert_ok(&err, oci_config_print(&config, &out2, &err));
    assert_string_equal(out2.data,
                        "{\"architecture\":\"a\",\"os\":\"o\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}");
}

static int count_one(void *ctx, const void *found)
{
    const oci_descriptor *d = found;

    assert_string_equal(d->media_type, "a/b");
    ++*(size_t *)ctx;
    return 0;
}

OCI_TEST (documents, are_searched_for_descriptors) {
    OCI_AUTO(oci_manifest) m = NULL;
    OCI_AUTO(oci_index) x = NULL;
    oci_error err = OCI_ERROR_INIT;
    size_t count = 0;

    assert_ok(&err, oci_manifest_parse(manifest_text, strlen(manifest_text), NULL, &m, &err));
    assert_int_equal(oci_visit(&oci_manifest_type, m, &oci_descriptor_type, count_one, &count), 0);
    assert_int_equal(count, 4);
    assert_ok(&err, oci_index_parse(index_text, strlen(index_text), NULL, &x, &err));
    assert_int_equal(oci_visit(&oci_index_type, x, &oci_descriptor_type, count_one, &count), 0);
    assert_int_equal(count, 7);
}

OCI_TEST (documents, report_every_problem) {
    static const char text[] =
        "{\"schemaVersion\":1,\"config\":{\"mediaType\":\"x\",\"size\":-1},\"manifests\":[],"
        "\"layers\":[1,{\"mediaType\":\"a/b\",\"digest\":\"sha256:x\",\"size\":1,\"urls\":[\"\"]}]}";
    struct problems problems;

    assert_int_equal(decode_reporting(&oci_manifest_type, text, strlen(text), &problems), OCI_E_INVALID);
    /* schemaVersion, three of config, manifests, layers 0 and two of layers 1. */
    assert_int_equal(problems.count, 8);
}

OCI_TEST (documents, keep_to_the_limits) {
    const oci_limits small = { .max_document = 64 }, flat = { .max_depth = 2 };
    oci_index *d = NULL;
    oci_error err = OCI_ERROR_INIT;

    assert_fails(OCI_E_LIMIT, &err, oci_index_parse(index_text, strlen(index_text), &small, &d, &err));
    assert_fails(OCI_E_LIMIT, &err, oci_index_parse(index_text, strlen(index_text), &flat, &d, &err));
    assert_null(d);
}

OCI_TEST (documents, are_freed_when_there_are_none) {
    oci_index_free(NULL);
    oci_manifest_free(NULL);
    oci_config_free(NULL);
    oci_layout_file_free(NULL);
}
