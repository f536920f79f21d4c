/* SPDX-License-Identifier: Apache-2.0 */
#include "base/time.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "test.h"

OCI_TEST (time, reads_rfc_3339) {
    static const struct {
        const char *text;
        int64_t sec;
        uint32_t nsec;
    } cases[] = {
        { "1970-01-01T00:00:00Z", 0, 0 },
        { "1969-12-31T23:59:59Z", -1, 0 },
        { "1985-04-12T23:20:50.52Z", 482196050, 520000000 },
        { "1996-12-19T16:39:57-08:00", 851042397, 0 },
        { "1990-12-31T23:59:60Z", 662688000, 0 },
        { "1990-12-31T15:59:60-08:00", 662688000, 0 },
        { "1937-01-01T12:00:27.87+00:20", -1041337173, 870000000 },
        { "2015-10-31t22:22:56.015925234z", 1446330176, 15925234 },
        { "2000-02-29T00:00:00Z", 951782400, 0 },
        { "2024-02-29T12:00:00+23:59", 1709121660, 0 },
        { "2038-01-19T03:14:08Z", INT64_C(2147483648), 0 },
        { "0000-01-01T00:00:00Z", INT64_C(-62167219200), 0 },
        { "9999-12-31T23:59:59.999999999999Z", INT64_C(253402300799), 999999999 },
        { "0001-01-01T00:00:00-00:00", INT64_C(-62135596800), 0 },
        { "2020-01-01T00:00:00.0000000019Z", 1577836800, 1 },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t sec = 0;
        uint32_t nsec = 0;

        if (!oci_time_parse_rfc3339(cases[i].text, strlen(cases[i].text), &sec, &nsec))
            fail_msg("%s", cases[i].text);
        assert_true(sec == cases[i].sec);
        assert_int_equal(nsec, cases[i].nsec);
        assert_true(oci_time_parse_rfc3339(cases[i].text, strlen(cases[i].text), NULL, NULL));
    }
}

// proves: config.created.rfc3339
OCI_TEST (time, refuses_what_is_near) {
    static const char *const bad[] = {
        "",
        "yesterday",
        "2015-10-31",
        "2015-10-31 22:22:56Z",
        "2015-10-31T22:22:56",
        "2015-10-31T22:22Z",
        "2015-10-31T22:22:56.Z",
        "2015-10-31T22:22:56,5Z",
        "2015-10-31T22:22:56Z ",
        " 2015-10-31T22:22:56Z",
        "2015-10-31T22:22:56+0100",
        "2015-10-31T22:22:56+01",
        "2015-10-31T22:22:56+24:00",
        "2015-10-31T22:22:56+01:60",
        "2015-10-31T22:22:56UTC",
        "2015-10-31T24:00:00Z",
        "2015-10-31T22:60:00Z",
        "2015-10-31T22:22:61Z",
        "2015-00-31T22:22:56Z",
        "2015-13-31T22:22:56Z",
        "2015-10-00T22:22:56Z",
        "2015-04-31T22:22:56Z",
        "2015-02-29T22:22:56Z",
        "1900-02-29T22:22:56Z",
        "2024-02-30T22:22:56Z",
        "15-10-31T22:22:56Z",
        "12015-10-31T22:22:56Z",
        "-015-10-31T22:22:56Z",
        "2015-1-31T22:22:56Z",
        "2015/10/31T22:22:56Z",
        "20151031T222256Z",
    };
    int64_t sec = 42;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (oci_time_parse_rfc3339(bad[i], strlen(bad[i]), &sec, NULL))
            fail_msg("%s", bad[i]);
    assert_false(oci_time_parse_rfc3339("2015-10-31T22:22:56Z\0", 21, &sec, NULL));
    assert_int_equal(sec, 42);
}

OCI_TEST (time, writes_years_0_to_9999) {
    static const struct {
        int64_t sec;
        const char *text;
    } cases[] = {
        { 0, "1970-01-01T00:00:00Z" },
        { -1, "1969-12-31T23:59:59Z" },
        { 951782399, "2000-02-28T23:59:59Z" },
        { 951782400, "2000-02-29T00:00:00Z" },
        { INT64_C(-62167219200), "0000-01-01T00:00:00Z" },
        { INT64_C(253402300799), "9999-12-31T23:59:59Z" },
    };
    char out[OCI_TIME_TEXT];

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(oci_time_format_rfc3339(cases[i].sec, out));
        assert_string_equal(out, cases[i].text);
    }
    assert_false(oci_time_format_rfc3339(INT64_C(-62167219201), out));
    assert_false(oci_time_format_rfc3339(INT64_C(253402300800), out));
    assert_false(oci_time_format_rfc3339(INT64_MAX, out));
    assert_false(oci_time_format_rfc3339(INT64_MIN, out));
}

/* A day of every week of ten thousand years, against the C library and back. */
OCI_TEST (time, agrees_with_the_c_library) {
    for (int64_t sec = INT64_C(-62167219200); sec <= INT64_C(253402300799); sec += 7 * 86400 + 3661) {
        char ours[OCI_TIME_TEXT], theirs[OCI_TIME_TEXT];
        time_t t = (time_t)sec;
        struct tm tm;
        int64_t back;

        assert_non_null(gmtime_r(&t, &tm));
        snprintf(theirs, sizeof theirs, "%04d-%02d-%02dT%02d:%02d:%02dZ", (tm.tm_year + 1900) % 10000,
                 (tm.tm_mon + 1) % 100, tm.tm_mday % 100, tm.tm_hour % 100, tm.tm_min % 100, tm.tm_sec % 100);
        if (!oci_time_format_rfc3339(sec, ours) || strcmp(ours, theirs) != 0 ||
            !oci_time_parse_rfc3339(ours, strlen(ours), &back, NULL) || back != sec)
            fail_msg("%s, not %s", ours, theirs);
    }
}
