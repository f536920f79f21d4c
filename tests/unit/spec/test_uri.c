/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/spec.h"

#include "test.h"

// proves: descriptor.urls.rfc3986
OCI_TEST (uri, follows_rfc_3986) {
    static const char *const good[] = {
        "https://x/y",
        "http://x",
        "ftp://x/y",
        "https://user:pw@x.example:8080/a/b;c=d?e=f&g=/?#h",
        "urn:isbn:1",
        "mailto:a@b.example",
        "file:///etc/passwd",
        "http://[::1]:80/x",
        "http://[2001:db8::7]/c=GB?one",
        "http://[v1.fe:d]/",
        "a:",
        "a+b.c-d:x",
        "http://x/%41%2f",
        "http://x:/y",
        "http://x?q",
        "http://x#f",
        "magnet:?xt=urn:sha256:ab",
    };
    static const char *const bad[] = {
        "",
        "value",
        "/x/y",
        "//x/y",
        "x/y:z",
        ":x",
        "1a:b",
        "http://x/a b",
        "http://x/\xc3\xa4",
        "http://x/a\nb",
        "http://x/%4",
        "http://x/%4g",
        "http://x/<a>",
        "http://x/a|b",
        "http://x/[a]",
        "http://[::1",
        "http://[::1]x/",
        "http://[xyz]/",
        "http://[]/",
        "http://x:8o/",
        "http://x#a#b",
        "http://x/\"",
        "http://a b/",
        "http://[v.x]/",
        "http://x/a\\b",
        "http://x/^",
        "http://x/`",
        "http://x/{a}",
        "http://a@b@c/",
        "http://[v1.%41]/",
        "*",
    };

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        if (!oci_uri_is_wellformed(good[i]))
            print_error("refused '%s'\n", good[i]);
        assert_true(oci_uri_is_wellformed(good[i]));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (oci_uri_is_wellformed(bad[i]))
            print_error("accepted '%s'\n", bad[i]);
        assert_false(oci_uri_is_wellformed(bad[i]));
    }
}
