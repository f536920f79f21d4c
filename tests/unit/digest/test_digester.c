/* SPDX-License-Identifier: Apache-2.0 */
#include "digest/digest_auto.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "test.h"

struct vector {
    oci_digest_alg alg;
    const char *message;
    const char *digest;
};

#define BLOCK448 "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"
#define BLOCK896                                                                                                       \
    "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu"

/* The examples of FIPS 180, and "{}". */
static const struct vector vectors[] = {
    { OCI_DIGEST_SHA256, "", "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
    { OCI_DIGEST_SHA256, "abc", "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
    { OCI_DIGEST_SHA256, BLOCK448, "sha256:248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
    { OCI_DIGEST_SHA256, "{}", "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a" },
    { OCI_DIGEST_SHA384, "abc",
      "sha384:cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7" },
    { OCI_DIGEST_SHA384, BLOCK896,
      "sha384:09330c33f71147e83d192fc782cd1b4753111b173b3b05d22fa08086e3b0f712fcc7c71a557e2db966c3e9fa91746039" },
    { OCI_DIGEST_SHA512, "abc",
      "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd"
      "454d4423643ce80e2a9ac94fa54ca49f" },
    { OCI_DIGEST_SHA512, BLOCK896,
      "sha512:8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018501d289e4900f7e4331b99dec4b5433a"
      "c7d329eeb6dd26545e96e55b874be909" },
};

static void assert_text(const oci_digest *d, const char *want)
{
    char text[OCI_DIGEST_MAX_TEXT];

    assert_int_equal(oci_digest_format(d, text, sizeof text), strlen(want));
    assert_string_equal(text, want);
}

// proves: digest.sha256.implement digest.sha512.implement digest.calculation empty.payload
OCI_TEST (digester, computes_the_published_vectors) {
    oci_error err = OCI_ERROR_INIT;

    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        oci_digest d;

        assert_ok(&err, oci_digest_of(vectors[i].alg, vectors[i].message, strlen(vectors[i].message), &d, &err));
        assert_text(&d, vectors[i].digest);
    }
}

OCI_TEST (digester, pieces_make_no_difference) {
    oci_error err = OCI_ERROR_INIT;

    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        OCI_AUTO(oci_digester) digester = NULL;
        oci_digest d;

        assert_ok(&err, oci_digester_new(vectors[i].alg, &digester, &err));
        for (const char *p = vectors[i].message; *p != '\0'; p++)
            oci_digester_update(digester, p, 1);
        oci_digester_update(digester, NULL, 0);
        assert_ok(&err, oci_digester_final(digester, &d, &err));
        assert_text(&d, vectors[i].digest);
    }
}

OCI_TEST (digester, a_million_a) {
    oci_error err = OCI_ERROR_INIT;
    OCI_AUTO(oci_digester) digester = NULL;
    char block[1000];
    oci_digest d;

    memset(block, 'a', sizeof block);
    assert_ok(&err, oci_digester_new(OCI_DIGEST_SHA256, &digester, &err));
    for (int i = 0; i < 1000; i++)
        oci_digester_update(digester, block, sizeof block);
    assert_ok(&err, oci_digester_final(digester, &d, &err));
    assert_text(&d, "sha256:cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

OCI_TEST (digester, starts_anew_after_final_and_reset) {
    oci_error err = OCI_ERROR_INIT;
    OCI_AUTO(oci_digester) digester = NULL;
    oci_digest first, second, third;

    assert_ok(&err, oci_digester_new(OCI_DIGEST_SHA512, &digester, &err));
    oci_digester_update(digester, "abc", 3);
    assert_ok(&err, oci_digester_final(digester, &first, &err));
    oci_digester_update(digester, "abc", 3);
    assert_ok(&err, oci_digester_final(digester, &second, &err));
    assert_true(oci_digest_equal(&first, &second));
    oci_digester_update(digester, "something else", 14);
    oci_digester_reset(digester);
    oci_digester_update(digester, "abc", 3);
    assert_ok(&err, oci_digester_final(digester, &third, &err));
    assert_true(oci_digest_equal(&first, &third));
}

OCI_TEST (digester, unknown_algorithms_are_refused) {
    oci_error err = OCI_ERROR_INIT;
    oci_digester *digester = NULL;
    oci_digest d;

    assert_fails(OCI_E_UNSUPPORTED, &err, oci_digester_new(OCI_DIGEST_NONE, &digester, &err));
    assert_fails(OCI_E_UNSUPPORTED, &err, oci_digester_new(255, &digester, &err));
    assert_fails(OCI_E_UNSUPPORTED, &err, oci_digest_of(200, "", 0, &d, &err));
    assert_null(digester);
    oci_digester_free(NULL);
}

OCI_TEST (digester, reads_files_from_where_they_are) {
    oci_error err = OCI_ERROR_INIT;
    OCI_AUTO_FD int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    oci_digest d;
    uint64_t size = 99;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, "xyzabc", 6), 6);
    assert_int_equal(lseek(fd, 3, SEEK_SET), 3);
    assert_ok(&err, oci_digest_of_fd(OCI_DIGEST_SHA256, fd, &d, &size, &err));
    assert_text(&d, vectors[1].digest);
    assert_int_equal(size, 3);
    assert_ok(&err, oci_digest_of_fd(OCI_DIGEST_SHA256, fd, &d, NULL, &err));
    assert_text(&d, vectors[0].digest);
}

OCI_TEST (digester, reads_more_than_one_chunk) {
    oci_error err = OCI_ERROR_INIT;
    OCI_AUTO_FD int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    static char bytes[700001];
    oci_digest from_fd, from_memory;
    uint64_t size;

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 31 >> 3);
    assert_int_equal(write(fd, bytes, sizeof bytes), sizeof bytes);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    assert_ok(&err, oci_digest_of_fd(OCI_DIGEST_SHA384, fd, &from_fd, &size, &err));
    assert_ok(&err, oci_digest_of(OCI_DIGEST_SHA384, bytes, sizeof bytes, &from_memory, &err));
    assert_true(oci_digest_equal(&from_fd, &from_memory));
    assert_int_equal(size, sizeof bytes);
}

OCI_TEST (digester, unreadable_descriptors_are_errors) {
    oci_error err = OCI_ERROR_INIT;
    OCI_AUTO_FD int directory = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    oci_digest d;

    assert_fails(OCI_E_IO, &err, oci_digest_of_fd(OCI_DIGEST_SHA256, -1, &d, NULL, &err));
    assert_int_equal(err.sys_errno, EBADF);
    assert_fails(OCI_E_IO, &err, oci_digest_of_fd(OCI_DIGEST_SHA256, directory, &d, NULL, &err));
    assert_int_equal(err.sys_errno, EISDIR);
}

OCI_TEST (digester, every_allocation_may_fail) {
    OCI_AUTO_FD int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    oci_error err = OCI_ERROR_INIT;
    oci_digest d;
    unsigned long n = 0;
    int r;

    do {
        oci_alloc_fail_at(++n);
        r = oci_digest_of_fd(OCI_DIGEST_SHA256, fd, &d, NULL, &err);
        if (oci_alloc_failed())
            assert_int_equal(r, OCI_E_NOMEM);
    } while (oci_alloc_failed());
    oci_alloc_fail_at(0);
    assert_int_equal(r, 0);
    assert_true(n >= 3);
}
