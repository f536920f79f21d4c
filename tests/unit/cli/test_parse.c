/* SPDX-License-Identifier: Apache-2.0 */
#include "parse.h"

#include <string.h>

#include "groups.h"
#include "test.h"

struct inner {
    const char *platform;
    bool json;
};

struct options {
    bool flag, other, wanted;
    unsigned loud;
    const char *text;
    struct cli_list list;
    uint64_t number, size, time;
    int choice;
    struct inner inner;
};

static const char *const colors[] = { "red", "green", NULL };

static const struct cli_option inner_options[] = {
    CLI_TEXT(struct inner, platform, 'p', "platform", "P", "a"),
    CLI_FLAG(struct inner, json, 0, "json", "b"),
    CLI_END,
};

static const struct cli_option table[] = {
    CLI_FLAG(struct options, flag, 'f', "flag", "a"),
    CLI_FLAG(struct options, other, 'o', "other", "b"),
    CLI_SWITCH(struct options, wanted, "wanted", "c"),
    CLI_COUNT(struct options, loud, 'l', "loud", "d"),
    CLI_TEXT(struct options, text, 't', "text", "T", "e"),
    CLI_LIST(struct options, list, 'i', "item", "I", "f"),
    CLI_NUMBER(struct options, number, 'n', "number", "N", 1000, "g"),
    CLI_SIZE(struct options, size, 's', "size", "S", "h"),
    CLI_TIME(struct options, time, 0, "time", "T", "j"),
    CLI_CHOICE(struct options, choice, 'c', "color", "C", colors, "i"),
    CLI_GROUP(struct options, inner, struct inner, "Inner", inner_options),
    CLI_END,
};

enum { MOST = 24 };

/* A command line and what was read from it. */
struct line {
    struct cli cli;
    struct options o;
    char words[MOST][64];
    char *argv[MOST];
    int n; /* operands, or a code */
};

static void parse(struct line *l, bool stop, const char *const *words)
{
    const struct cli_target targets[] = { { table, &l->o }, { cli_common_options, &l->cli.common }, { NULL, NULL } };
    int argc = 0;

    for (; words[argc] != NULL; argc++) {
        snprintf(l->words[argc], sizeof l->words[argc], "%s", words[argc]);
        l->argv[argc] = l->words[argc];
    }
    l->n = cli_parse(&l->cli, targets, argc, l->argv, stop);
}

#define PARSE(l, ...) parse(&(l), false, (const char *const[]) { __VA_ARGS__, NULL })

OCI_TEST (parse, all_kinds) {
    struct line l = { .o = { .wanted = true } };

    PARSE(l, "one", "--flag", "-lll", "--text=a=b", "--item", "x", "-iy", "two", "--number", "1000", "--size=64K",
          "--color", "green", "--no-wanted", "-p", "linux/arm", "--json", "-q");
    assert_int_equal(l.n, 2);
    assert_string_equal(l.argv[0], "one");
    assert_string_equal(l.argv[1], "two");
    assert_true(l.o.flag);
    assert_false(l.o.other);
    assert_false(l.o.wanted);
    assert_int_equal(l.o.loud, 3);
    assert_string_equal(l.o.text, "a=b");
    assert_int_equal(l.o.list.count, 2);
    assert_string_equal(l.o.list.items[0], "x");
    assert_string_equal(l.o.list.items[1], "y");
    assert_int_equal(l.o.number, 1000);
    assert_int_equal(l.o.size, 65536);
    assert_int_equal(l.o.choice, 1);
    assert_string_equal(l.o.inner.platform, "linux/arm");
    assert_true(l.o.inner.json);
    assert_true(l.cli.common.quiet);
    cli_free_lists(table, &l.o);
}

OCI_TEST (parse, bundles_and_values) {
    struct line l = { 0 };

    PARSE(l, "-fotvalue", "-t", "-x", "-", "--", "-f", "--nothing");
    assert_int_equal(l.n, 3);
    assert_string_equal(l.argv[0], "-");
    assert_string_equal(l.argv[1], "-f");
    assert_string_equal(l.argv[2], "--nothing");
    assert_true(l.o.flag && l.o.other);
    assert_string_equal(l.o.text, "-x");
}

OCI_TEST (parse, may_stop_at_the_first_operand) {
    struct line l = { 0 };

    parse(&l, true, (const char *const[]) { "-f", "command", "-o", "--", "--what", NULL });
    assert_int_equal(l.n, 4);
    assert_true(l.o.flag);
    assert_false(l.o.other);
    assert_string_equal(l.argv[0], "command");
    assert_string_equal(l.argv[2], "--");
}

OCI_TEST (parse, many_items) {
    const char *words[] = { "-i1", "-i2", "-i3", "-i4", "-i5", "-i6", "-i7", "-i8", "-i9", "-i10", NULL };
    struct line l = { 0 };

    parse(&l, false, words);
    assert_int_equal(l.n, 0);
    assert_int_equal(l.o.list.count, 10);
    assert_string_equal(l.o.list.items[9], "10");
    cli_free_lists(table, &l.o);
}

OCI_TEST (parse, sizes) {
    static const struct {
        const char *text;
        uint64_t size;
    } good[] = {
        { "0", 0 },
        { "4096", 4096 },
        { "1K", 1024 },
        { "1KiB", 1024 },
        { "3M", 3145728 },
        { "2G", UINT64_C(2147483648) },
        { "1T", UINT64_C(1) << 40 },
        { "16383P", UINT64_C(16383) << 50 },
        { "18446744073709551615", UINT64_MAX },
    };
    static const char *const bad[] = {
        "", "K", "1KB", "1k", "1.5K", "-1", "+1", " 1", "1 ", "1Kx", "1KiBx", "16384P", "18446744073709551616", "0x10"
    };

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct line l = { 0 };

        PARSE(l, "--size", good[i].text);
        assert_int_equal(l.n, 0);
        assert_true(l.o.size == good[i].size);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct line l = { .o = { .size = 5 } };

        PARSE(l, "--size", bad[i]);
        assert_int_equal(l.n, OCI_E_USAGE);
        assert_non_null(strstr(l.cli.err.msg, "is not a size"));
        assert_int_equal(l.o.size, 5);
    }
}

OCI_TEST (parse, times) {
    static const struct {
        const char *text;
        uint64_t seconds;
    } good[] = { { "0", 0 },
                 { "90", 90 },
                 { "90s", 90 },
                 { "15m", 900 },
                 { "2h", 7200 },
                 { "7d", 604800 },
                 { "18446744073709551615", UINT64_MAX } };
    static const char *const bad[] = { "", "h", "1w", "1.5h", "-1", "1 h", "1hh", "1h30m", "213503982334602d" };

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct line l = { 0 };

        PARSE(l, "--time", good[i].text);
        assert_int_equal(l.n, 0);
        assert_true(l.o.time == good[i].seconds);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct line l = { .o = { .time = 5 } };

        PARSE(l, "--time", bad[i]);
        assert_int_equal(l.n, OCI_E_USAGE);
        assert_non_null(strstr(l.cli.err.msg, "is not a time"));
        assert_int_equal(l.o.time, 5);
    }
}

OCI_TEST (parse, says_what_is_wrong) {
    static const struct {
        const char *words[3];
        const char *says, *hint;
    } cases[] = {
        { { "--number", "x" }, "--number: 'x' is not a number", "" },
        { { "--number=", NULL }, "--number: '' is not a number", "" },
        { { "-n1001", NULL }, "-n: 1001 is more than 1000", "" },
        { { "--number", NULL }, "option '--number' needs a value: N", "" },
        { { "-fn", NULL }, "option '-n' needs a value: N", "" },
        { { "--flag=1", NULL }, "option '--flag' takes no value", "" },
        { { "--no-wanted=1", NULL }, "option '--no-wanted' takes no value", "" },
        { { "--no-flag", NULL }, "unknown option '--no-flag'", "'oci-image help' lists the options" },
        { { "--color", "blue" }, "--color: there is no 'blue'", "choose one of red, green" },
        { { "--no-wantde", NULL }, "unknown option '--no-wantde'", "did you mean '--no-wanted'?" },
        { { "--platfrom=x", NULL }, "unknown option '--platfrom'", "did you mean '--platform'?" },
        { { "--qiuet", NULL }, "unknown option '--qiuet'", "did you mean '--quiet'?" },
        { { "--tex", NULL }, "unknown option '--tex'", "did you mean '--text'?" },
        { { "-fZ", NULL }, "unknown option '-Z'", "'oci-image help' lists the options" },
        { { "---", NULL }, "unknown option '---'", "'oci-image help' lists the options" },
        { { "--=x", NULL }, "unknown option '--'", "'oci-image help' lists the options" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct line l = { 0 };

        parse(&l, false, cases[i].words);
        assert_int_equal(l.n, OCI_E_USAGE);
        assert_string_equal(l.cli.err.msg, cases[i].says);
        assert_string_equal(l.cli.hint, cases[i].hint);
    }
}

OCI_TEST (parse, nearest_words) {
    static const char *const words[] = { "unpack", "validate", "create", "inspect", "init", "gc", NULL };
    static const struct {
        const char *typed, *best;
    } cases[] = {
        { "unpakc", "unpack" },
        { "upack", "unpack" },
        { "valid", "validate" },
        { "craete", "create" },
        { "insepct", "inspect" },
        { "ini", "init" },
        { "gx", "gc" },
        { "zzzzzz", NULL },
        { "", NULL },
        { "x", NULL },
        { "a-word-that-is-longer-than-anything-that-there-is", NULL },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cli_nearest n = { .typed = cases[i].typed };

        for (size_t k = 0; words[k] != NULL; k++)
            cli_nearest_try(&n, words[k]);
        if (cases[i].best == NULL)
            assert_null(n.best);
        else
            assert_string_equal(n.best, cases[i].best);
    }
}

OCI_TEST (groups, limits_become_limits) {
    struct cli_limits in = { .max_size = 1, .max_entries = 2, .max_ratio = 3, .max_document = 4, .max_depth = 5 };
    oci_limits out = cli_limits_of(&in);

    assert_int_equal(out.max_size, 1);
    assert_int_equal(out.max_entries, 2);
    assert_int_equal(out.max_ratio, 3);
    assert_int_equal(out.max_document, 4);
    assert_int_equal(out.max_depth, 5);
}
