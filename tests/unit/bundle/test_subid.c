/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle/subid.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "test.h"

/* "container:host:size" of each map. */
static void expect(const char *text, const char *user, const char *want)
{
    oci_error err = OCI_ERROR_INIT;
    oci_id_map *maps;
    char got[512] = "";
    size_t n, used = 0;

    assert_ok(&err, oci_subid_maps((oci_span) { text, strlen(text) }, 1000, user, 1000, &maps, &n, &err));
    for (size_t i = 0; i < n; i++)
        used += (size_t)snprintf(got + used, sizeof got - used, "%s%u:%u:%u", i > 0 ? " " : "", maps[i].container,
                                 maps[i].host, maps[i].size);
    assert_string_equal(got, want);
    oci_free(maps);
}

// proves: runtime.linux.id-mappings
OCI_TEST (subid, ranges_follow_the_own_id) {
    expect("me:100000:65536\n", "me", "0:1000:1 1:100000:65536");
    expect("1000:100000:65536", "me", "0:1000:1 1:100000:65536");
    expect("1000:100000:65536", NULL, "0:1000:1 1:100000:65536");
    expect("other:1:2\nme:10:5\nme:20:3\n1000:30:1\n", "me", "0:1000:1 1:10:5 6:20:3 9:30:1");
}

OCI_TEST (subid, what_is_none_counts_for_nothing) {
    static const char *const nothing[] = {
        "",
        "\n\n",
        "me",
        "me:1",
        "me:1:",
        "me::1",
        "me:1:0",
        "me:-1:5",
        "me:1:5:7",
        "me:1: 5",
        "me:0x10:5",
        "me:4294967295:1",
        "me:4294967290:10",
        "me:1:4294967295",
        "meme:1:5",
        "m:1:5",
        "10000:1:5",
        ":1:5",
        "#me:1:5",
    };

    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++)
        expect(nothing[i], "me", "");
    expect("me:1:5", "", "");
    expect("me:1:5", NULL, "");
    /* Damage on one line does not spoil the others; what overlaps could not be mapped. */
    expect("me:x:5\nme:10:5\nme:12:5\nme:1000:1\nme:15:1\n", "me", "0:1000:1 1:10:5 6:15:1");
}

OCI_TEST (subid, stops_at_what_the_kernel_takes) {
    oci_error err = OCI_ERROR_INIT;
    oci_id_map *maps;
    char text[16384];
    size_t n, used = 0;

    for (unsigned i = 0; i < 500; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "me:%u:1\n", 100000 + 2 * i);
    assert_ok(&err, oci_subid_maps((oci_span) { text, used }, 1000, "me", 1000, &maps, &n, &err));
    assert_int_equal(n, 340);
    assert_int_equal(maps[339].container, 339);
    oci_free(maps);
}

/* Far more lines than fit into memory at once, with the owner's where pieces meet, and one that has no end. */
OCI_TEST (subid, reads_files_of_any_size) {
    char dir[] = "/tmp/oci-subid-XXXXXX";
    oci_error err = OCI_ERROR_INIT;
    oci_id_map *maps;
    size_t n, ours = 0;
    int etc;
    FILE *f;

    assert_non_null(mkdtemp(dir));
    etc = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(etc >= 0);
    f = fdopen(openat(etc, "subuid", O_WRONLY | O_CREAT | O_EXCL, 0600), "w");
    assert_non_null(f);
    for (unsigned i = 0; i < 100000; i++) {
        fprintf(f, "user%u:%u:7\n", i, 1000000 + 10 * i);
        if (i % 1000 == 0)
            ours += fprintf(f, "me:%u:5\n", 100000000 + 10 * i) > 0;
    }
    for (unsigned i = 0; i < 100000; i++)
        fputc('x', f);
    fputs("me:1:5\nme:5:2", f);
    assert_int_equal(fclose(f), 0);
    assert_ok(&err, oci_subid_read(etc, "subuid", 77, "me", 1000, &maps, &n, &err));
    assert_int_equal(n, ours + 2);
    for (size_t i = 1; i <= ours; i++) {
        assert_int_equal(maps[i].host, 100000000 + 10000 * (i - 1));
        assert_int_equal(maps[i].container, 1 + 5 * (i - 1));
    }
    assert_int_equal(maps[n - 1].host, 5);
    oci_free(maps);
    assert_ok(&err, oci_subid_read(etc, "subgid", 77, "me", 1000, &maps, &n, &err));
    assert_int_equal(n, 0);
    oci_free(maps);
    assert_int_equal(unlinkat(etc, "subuid", 0), 0);
    close(etc);
    assert_int_equal(rmdir(dir), 0);
}

/* What is long is no line, and what follows it is not lost with it. */
OCI_TEST (subid, goes_on_behind_a_long_line) {
    char dir[] = "/tmp/oci-subid-XXXXXX";
    oci_error err = OCI_ERROR_INIT;
    oci_id_map *maps;
    int etc;
    size_t n;

    assert_non_null(mkdtemp(dir));
    etc = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(etc >= 0);
    for (size_t length = 16 * 1024 - 2; length < 20000; length += length < 16 * 1024 + 2 ? 1 : 1500) {
        FILE *f = fdopen(openat(etc, "subuid", O_WRONLY | O_CREAT | O_TRUNC, 0600), "w");

        assert_non_null(f);
        for (size_t i = 0; i < length; i++)
            fputc('#', f);
        fputs("\nme:100000:65536\nother:1:5\nme:300000:2\n", f);
        assert_int_equal(fclose(f), 0);
        assert_ok(&err, oci_subid_read(etc, "subuid", 77, "me", 1000, &maps, &n, &err));
        assert_int_equal(n, 3);
        assert_int_equal(maps[1].host, 100000);
        assert_int_equal(maps[2].host, 300000);
        oci_free(maps);
    }
    assert_int_equal(unlinkat(etc, "subuid", 0), 0);
    close(etc);
    assert_int_equal(rmdir(dir), 0);
}

/* Nobody has anything at the address 0. */
OCI_TEST (subid, takes_no_damage_for_the_end) {
    int self = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    oci_error err = OCI_ERROR_INIT;
    oci_id_map *maps = NULL;
    size_t n;

    assert_true(self >= 0);
    assert_fails(OCI_E_IO, &err, oci_subid_read(self, "mem", 77, "me", 1000, &maps, &n, &err));
    oci_free(maps);
    close(self);
}

OCI_TEST (subid, reads_the_files_of_the_system) {
    oci_error err = OCI_ERROR_INIT;
    oci_rootless_maps *m;

    assert_ok(&err, oci_rootless_maps_new("nobody has this name:", &m, &err));
    assert_int_equal(m->n_uid_maps == 0, m->n_gid_maps == 0);
    oci_rootless_maps_free(m);
    oci_rootless_maps_free(NULL);
}
