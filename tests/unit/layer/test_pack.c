/* SPDX-License-Identifier: Apache-2.0 */
/* Archives written anew mean what they meant; trees become archives that unpack to the same trees. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fixture.h"

#include "base/fail.h"
#include "layer/pack.h"

static void warn(void *ctx, const char *text)
{
    assert_int_equal(oci_buf_printf(ctx, NULL, "%s\n", text), 0);
}

struct packed {
    oci_buf tar, warnings;
    oci_events events;
    oci_pack_options o;
};

static void packed_new(struct packed *p)
{
    *p = (struct packed) { .events = { .warning = warn } };
    p->events.ctx = &p->warnings;
    p->o = (oci_pack_options) { .limits = oci_limits_resolve(NULL), .events = &p->events };
    assert_int_equal(oci_buf_append(&p->warnings, "", 0, NULL), 0);
}

static void packed_free(struct packed *p)
{
    oci_buf_free(&p->tar);
    oci_buf_free(&p->warnings);
}

static int rewrite(struct packed *p, const oci_buf *in, oci_error *err)
{
    int tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    oci_reader *r = NULL;
    oci_writer *w = NULL;
    int result;

    p->tar.len = p->warnings.len = 0;
    p->warnings.data[0] = '\0';
    result = oci_reader_from_memory(in->data, in->len, &r, err);
    if (result == 0)
        result = oci_writer_to_buf(&p->tar, &w, err);
    if (result == 0)
        result = oci_pack_tar(r, tmp, &p->o, w, err);
    oci_reader_free(r);
    oci_writer_free(w);
    close(tmp);
    return result;
}

static int rewrite_layer(struct packed *p, const struct layer *layer, oci_error *err)
{
    OCI_AUTO_BUF oci_buf in = OCI_BUF_INIT;

    write_layer(&in, layer);
    return rewrite(p, &in, err);
}

static int pack(struct packed *p, int dir, oci_error *err)
{
    oci_writer *w = NULL;
    int r;

    p->tar.len = p->warnings.len = 0;
    p->warnings.data[0] = '\0';
    r = oci_writer_to_buf(&p->tar, &w, err);
    if (r == 0)
        r = oci_pack_tree(dir, &p->o, w, err);
    oci_writer_free(w);
    return r;
}

/* Applies a tar to the empty world; the list is the caller's, NULL when it cannot be applied. */
static char *unpack(struct world *w, const oci_buf *tar)
{
    oci_reader *r = NULL;
    oci_applier *a = NULL;
    oci_error err;
    int result;

    world_reset(w);
    result = oci_reader_from_memory(tar->data, tar->len, &r, &err);
    if (result == 0)
        result = oci_applier_new(w->root, &w->options, &a, &err);
    if (result == 0)
        result = oci_applier_apply(a, r, NULL, &err);
    if (result == 0)
        result = oci_applier_finish(a, &err);
    oci_applier_free(a);
    oci_reader_free(r);
    return result == 0 ? list_tree(w->root, NULL, is_privileged() ? 0 : LIST_NO_OWNER) : NULL;
}

static void check_names(const oci_buf *tar, const char *want)
{
    OCI_AUTO_BUF oci_buf got = OCI_BUF_INIT;
    OCI_AUTO(oci_tar_reader) t = NULL;
    const oci_tar_entry *e;
    oci_reader *r = NULL;

    assert_int_equal(oci_reader_from_memory(tar->data, tar->len, &r, NULL), 0);
    assert_int_equal(oci_tar_reader_new(r, NULL, &t, NULL), 0);
    while (oci_tar_reader_next(t, &e, NULL) == 1)
        assert_int_equal(oci_buf_printf(&got, NULL, "%c%s%s%s ", e->typeflag, e->name,
                                        e->type == OCI_TAR_HARDLINK ? "=" : "",
                                        e->type == OCI_TAR_HARDLINK ? e->link : ""),
                         0);
    assert_string_equal(got.data != NULL ? got.data : "", want);
    oci_reader_free(r);
}

/* ---- archives ---- */

OCI_TEST (pack, gives_all_to_one_owner_and_no_time_after_another) {
    static const int64_t latest = 500;
    const struct layer layer = LAYER(A_FILE("b", "x", .uid = 7, .gid = 8, .mtime = 1000), A_DIR("a", .mtime = 100),
                                     A_FILE("c", "", .mtime_text = "500.5"), A_HARDLINK("d", "b", .mtime = 600));
    OCI_AUTO(oci_tar_reader) t = NULL;
    const int64_t times[] = { 500, 100, 500, 500 };
    const oci_tar_entry *e;
    oci_reader *r = NULL;
    struct packed p;
    oci_error err;

    packed_new(&p);
    p.o.set_owner = true;
    p.o.uid = 3000000;
    p.o.gid = 4;
    p.o.latest = &latest;
    assert_ok(&err, rewrite_layer(&p, &layer, &err));
    check_names(&p.tar, "0b 5a 0c 1d=b ");
    assert_ok(&err, oci_reader_from_memory(p.tar.data, p.tar.len, &r, &err));
    assert_ok(&err, oci_tar_reader_new(r, NULL, &t, &err));
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(oci_tar_reader_next(t, &e, &err), 1);
        assert_int_equal(e->uid, 3000000);
        assert_int_equal(e->gid, 4);
        assert_int_equal(e->mtime, times[i]);
        assert_int_equal(e->mtime_nsec, 0);
    }
    oci_reader_free(r);
    packed_free(&p);
}

OCI_TEST (pack, sorts) {
    const struct layer layer = LAYER(A_FILE("b-c", ""), A_FILE("b/z", "z"), A_HARDLINK("a", "b/z"), A_DIR("./"),
                                     A_DIR("b"), A_FILE("b/a", "a"), A_FILE("B", ""));
    struct packed p;
    oci_error err;

    packed_new(&p);
    p.o.sort = true;
    assert_ok(&err, rewrite_layer(&p, &layer, &err));
    /* A link that comes before its file becomes the file. */
    check_names(&p.tar, "5 0B 0a 5b 0b/a 1b/z=a 0b-c ");
    packed_free(&p);
}

// proves: whiteout.reserved-names
OCI_TEST (pack, refuses_what_it_is_not_told_to_mend) {
    static const struct {
        const char *name;
        int code;
        const char *says;
    } rows[] = { { "/a", OCI_E_INVALID, "entry '/a' has an absolute name" },
                 { "x/../a", OCI_E_UNSAFE, "x/../a" },
                 { "x/.wh.a", OCI_E_INVALID, "entry 'x/.wh.a' has a name that is reserved" },
                 { "first", OCI_E_INVALID, "entry 'first' is there twice" },
                 { ".", OCI_E_INVALID, "root" } };
    static const int64_t latest = 5;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (int sort = 0; sort < 2; sort++) {
            const struct layer layer = LAYER(A_FILE("first", ""), A_FILE(rows[i].name, ""));
            struct packed p;
            oci_error err;

            packed_new(&p);
            p.o.sort = sort;
            p.o.latest = &latest;
            assert_fails(rows[i].code, &err, rewrite_layer(&p, &layer, &err));
            assert_non_null(strstr(err.msg, rows[i].says));
            packed_free(&p);
        }
    }
}

OCI_TEST (pack, mends_and_tells) {
    const struct layer layer =
        LAYER(A_FILE("/abs", "1"), A_FILE("/abs2", "1"), A_FILE("a/../../up", "2"), A_FILE("twice", "3"),
              A_HARDLINK("kept", "twice"), A_FILE(".wh.gone", ""), A_DIR("d/.wh.dir"), A_FILE("d/.wh.dir/x", ""),
              A_HARDLINK("h", ".wh.gone"), A_NODE('Q', "odd"), A_NODE('6', "./"), A_FILE("twice", "4"),
              A_HARDLINK("up2", "/x/../abs"));
    struct world w;
    struct packed p;
    oci_error err;
    char *list;

    packed_new(&p);
    p.o.mend = true;
    assert_ok(&err, rewrite_layer(&p, &layer, &err));
    check_names(&p.tar, "0abs 0abs2 0up 0kept 0twice 1up2=abs ");
    assert_string_equal(p.warnings.data, "'.wh.gone' and 3 more: names that are reserved for whiteouts are left out\n"
                                         "'odd': entries of unknown types are left out\n"
                                         "'./': entries for the root that are no directories are left out\n"
                                         "'twice': entries that others replace are left out\n"
                                         "'/abs' and 1 more: absolute names are made relative\n"
                                         "'a/../../up': names with '..' are resolved\n");
    world_new(&w);
    list = unpack(&w, &p.tar);
    assert_non_null(list);
    free(list);
    assert_string_equal(content_of(&w, "kept"), "3");
    assert_string_equal(content_of(&w, "twice"), "4");
    world_free(&w);
    packed_free(&p);
}

OCI_TEST (pack, says_what_cannot_be_put_in_order) {
    const struct layer rows[] = {
        LAYER(A_DIR("usr"), A_SYMLINK("lib", "usr"), A_FILE("lib/x", "")),
        LAYER(A_FILE("f", ""), A_FILE("f/x", "")),
        LAYER(A_FILE("usr/f", ""), A_SYMLINK("lib", "usr"), A_HARDLINK("h", "lib/f")),
        LAYER(A_HARDLINK("a", "b"), A_HARDLINK("b", "a")),
        LAYER(A_HARDLINK("a", "a")),
        LAYER(A_DIR("d"), A_HARDLINK("a", "d")),
        LAYER(A_HARDLINK("a", "./")),
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct packed p;
        oci_error err;

        packed_new(&p);
        p.o.sort = true;
        assert_fails(OCI_E_INVALID, &err, rewrite_layer(&p, &rows[i], &err));
        packed_free(&p);
    }
}

OCI_TEST (pack, keeps_links_to_lower_layers) {
    const struct layer layer = LAYER(A_HARDLINK("b", "below"), A_HARDLINK("a", "b"));
    struct packed p;
    oci_error err;

    packed_new(&p);
    p.o.sort = true;
    assert_ok(&err, rewrite_layer(&p, &layer, &err));
    check_names(&p.tar, "1a=below 1b=below ");
    packed_free(&p);
}

OCI_TEST (pack, writes_sparse_files_out) {
    const struct layer layers[] = {
        LAYER(A_FILE("s", "abcd",
                     .pax = "GNU.sparse.major=0;GNU.sparse.minor=1;GNU.sparse.name=s;GNU.sparse.size=100000;"
                            "GNU.sparse.numblocks=2;GNU.sparse.map=10,2,90000,2")),
        LAYER(A_FILE("s", "",
                     .pax = "GNU.sparse.major=0;GNU.sparse.minor=1;GNU.sparse.name=s;GNU.sparse.size=100000;"
                            "GNU.sparse.numblocks=0;GNU.sparse.map=")),
    };
    static const int64_t latest = 5;

    for (size_t i = 0; i < 2; i++) {
        for (int sort = 0; sort < 2; sort++) {
            struct packed p;
            oci_error err;
            char want[100000] = { 0 };

            if (i == 0) {
                memcpy(want + 10, "ab", 2);
                memcpy(want + 90000, "cd", 2);
            }
            packed_new(&p);
            p.o.sort = sort;
            p.o.latest = &latest;
            if (i == 1 && rewrite_layer(&p, &layers[i], &err) == OCI_E_INVALID) {
                packed_free(&p);
                continue; /* a map of nothing is not read */
            }
            assert_ok(&err, rewrite_layer(&p, &layers[i], &err));
            check_names(&p.tar, "0s ");
            assert_true(p.tar.len >= 512 + sizeof want);
            assert_memory_equal(p.tar.data + 512, want, sizeof want);
            packed_free(&p);
        }
    }
}

// proves: safety.14
OCI_TEST (pack, bounds_what_holes_become) {
    const struct layer layer =
        LAYER(A_FILE("s", "",
                     .pax = "GNU.sparse.major=0;GNU.sparse.minor=1;GNU.sparse.name=s;GNU.sparse.size=500000000000;"
                            "GNU.sparse.numblocks=1;GNU.sparse.map=500000000000,0"));

    for (int sort = 0; sort < 2; sort++) {
        struct packed p;
        oci_error err;

        packed_new(&p);
        p.o.set_owner = true;
        p.o.sort = sort;
        assert_fails(OCI_E_LIMIT, &err, rewrite_layer(&p, &layer, &err));
        packed_free(&p);
    }
}

OCI_TEST (pack, counts_entries_and_bytes) {
    const struct layer layer = LAYER(A_FILE("a", "123"), A_FILE("b", "45"));

    for (int sort = 0; sort < 2; sort++) {
        struct packed p;
        oci_error err;

        packed_new(&p);
        p.o.set_owner = true;
        p.o.sort = sort;
        p.o.limits.max_size = 5;
        p.o.limits.max_entries = 2;
        assert_ok(&err, rewrite_layer(&p, &layer, &err));
        p.o.limits.max_size = 4;
        assert_fails(OCI_E_LIMIT, &err, rewrite_layer(&p, &layer, &err));
        p.o.limits.max_size = 5;
        p.o.limits.max_entries = 1;
        assert_fails(OCI_E_LIMIT, &err, rewrite_layer(&p, &layer, &err));
        packed_free(&p);
    }
}

OCI_TEST (pack, survives_every_failed_allocation) {
    const struct layer layer = LAYER(A_FILE("b", "x", .xattrs = "user.a=b"), A_HARDLINK("a", "b"), A_DIR("/c/../d"),
                                     A_FILE("b", "y"), A_HARDLINK("e", "below"));
    OCI_AUTO_BUF oci_buf in = OCI_BUF_INIT;
    int failed = 1;

    write_layer(&in, &layer);
    for (unsigned long n = 1; failed; n++) {
        struct packed p;
        oci_error err = OCI_ERROR_INIT;
        int r;

        packed_new(&p);
        p.events.warning = NULL;
        p.o.mend = p.o.sort = true;
        oci_alloc_fail_at(n);
        r = rewrite(&p, &in, &err);
        failed = oci_alloc_failed();
        oci_alloc_fail_at(0);
        assert_int_equal(r, failed ? OCI_E_NOMEM : 0);
        packed_free(&p);
    }
}

/* ---- any archive ---- */

static void random_name(char out[64], bool wild)
{
    static const char *const names[] = { "a", "b", "c", "a", "b", "." };
    size_t used = 0;

    if (wild && pick(8) == 0)
        out[used++] = '/';
    for (unsigned n = 1 + pick(3); n > 0; n--)
        used += (size_t)snprintf(out + used, 64 - used, "%s%s", names[pick(wild ? 6 : 5)], n > 1 ? "/" : "");
    out[used] = '\0';
}

enum { ITEMS = 12 };

static void random_layer(struct item items[ITEMS], char texts[ITEMS][2][64])
{
    for (size_t i = 0; i < ITEMS; i++) {
        static const char kinds[] = "0000055551116622";
        struct item *item = &items[i];

        *item =
            (struct item) { .type = kinds[pick(14 + 2 * (pick(4) == 0))], .name = texts[i][0], .text = texts[i][1] };
        random_name(texts[i][0], true);
        texts[i][1][0] = '\0';
        if (item->type == '0')
            format(texts[i][1], 64, "%u", pick(100000));
        else if (item->type == '1')
            random_name(texts[i][1], false);
        else if (item->type == '2')
            format(texts[i][1], 64, "%s", pick(2) == 0 ? "a" : "nowhere");
        item->mtime = 100 * pick(5);
        item->mode = item->type == '2' ? 0777 : pick(2) == 0 ? 0700 : 0;
        item->xattrs = item->type == '0' && pick(4) == 0 ? "user.x=y" : NULL;
    }
}

static void print_layer(const struct layer *layer, unsigned seed, int sort)
{
    print_error("seed %u, sort %d\n", seed, sort);
    for (size_t i = 0; i < layer->count; i++)
        print_error("%c %s %s\n", layer->items[i].type, layer->items[i].name, layer->items[i].text);
}

OCI_TEST (pack, keeps_the_meaning_of_any_archive) {
    enum { RUNS = 500 };
    unsigned compared = 0, refused = 0;
    struct world w;

    world_new(&w);
    for (unsigned seed = 1; seed <= RUNS; seed++) {
        struct item items[ITEMS];
        char texts[ITEMS][2][64];
        OCI_AUTO_BUF oci_buf in = OCI_BUF_INIT;
        struct layer layer;
        char *before, *after;

        random_seed(seed);
        random_layer(items, texts);
        layer = (struct layer) { items, 1 + pick(ITEMS) };
        write_layer(&in, &layer);
        before = unpack(&w, &in);
        for (int sort = 0; before != NULL && sort < 2; sort++) {
            struct packed p;
            oci_buf once;
            oci_error err;
            int r;

            packed_new(&p);
            p.o.mend = true;
            p.o.sort = sort;
            r = rewrite(&p, &in, &err);
            if (r == 0) {
                after = unpack(&w, &p.tar);
                if (after == NULL || strcmp(before, after) != 0)
                    print_layer(&layer, seed, sort);
                assert_non_null(after);
                assert_tree(after, before);
                /* Once more changes nothing. */
                once = p.tar;
                p.tar = (oci_buf)OCI_BUF_INIT;
                assert_ok(&err, rewrite(&p, &once, &err));
                assert_int_equal(p.tar.len, once.len);
                assert_memory_equal(p.tar.data, once.data, once.len);
                oci_buf_free(&once);
                compared++;
            } else {
                assert_int_equal(r, OCI_E_INVALID);
                refused++;
            }
            packed_free(&p);
        }
        free(before);
    }
    print_message("%u compared, %u refused\n", compared, refused);
    assert_true(compared > RUNS / 4 && refused < compared / 3);
    world_free(&w);
}

/* ---- trees ---- */

/* A tree of everything that needs no privilege. */
static void make_tree(struct world *w)
{
    const struct layer layer =
        LAYER(A_DIR("d", .mtime = 10, .mode = 0750), A_FILE("d/f", "content", .mtime_text = "20.25", .mode = 04755),
              A_HARDLINK("d/g", "d/f"), A_HARDLINK("a", "d/f"), A_SYMLINK("link", "d/f", .mtime = 30, .mode = 0777),
              A_NODE('6', "pipe", .mtime = 40), A_FILE("empty", "", .mtime = -50, .xattrs = "user.k=v;user.a=b"),
              A_DIR("e", .mtime = 60), A_DIR("./", .mtime = 70), A_FILE("d-", "", .mtime = 80));
    OCI_AUTO_BUF oci_buf in = OCI_BUF_INIT;
    char *list;

    write_layer(&in, &layer);
    list = unpack(w, &in);
    assert_non_null(list);
    free(list);
}

// proves: layer.attr.xattrs layer.attr.mtime layer.attr.mode layer.change.add-modify-same diffid.reproducible
OCI_TEST (pack, makes_archives_that_unpack_to_the_same_tree) {
    struct packed p, again;
    struct world w;
    oci_error err;
    char *before, *after;

    world_new(&w);
    packed_new(&p);
    packed_new(&again);
    make_tree(&w);
    before = list_tree(w.root, NULL, 0);
    assert_ok(&err, pack(&p, w.root, &err));
    assert_string_equal(p.warnings.data, "");
    check_names(&p.tar, "5 0a 5d 1d/f=a 1d/g=a 0d- 5e 0empty 2link 6pipe ");
    free(before);
    make_tree(&w);
    before = list_tree(w.root, NULL, is_privileged() ? 0 : LIST_NO_OWNER);
    assert_ok(&err, pack(&again, w.root, &err));
    /* Inodes, access times and the order in a directory are other ones now. */
    assert_int_equal(p.tar.len, again.tar.len);
    assert_memory_equal(p.tar.data, again.tar.data, p.tar.len);
    after = unpack(&w, &p.tar);
    assert_non_null(after);
    assert_tree(after, before);
    free(before);
    packed_free(&p);
    packed_free(&again);
    world_free(&w);
}

OCI_TEST (pack, leaves_sockets_out_and_says_so) {
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct packed p;
    struct world w;
    oci_error err;

    world_new(&w);
    packed_new(&p);
    assert_int_equal(mkdirat(w.root, "run", 0755), 0);
    format(address.sun_path, sizeof address.sun_path, "%s/root/run/s", w.path);
    if (s < 0 || bind(s, (struct sockaddr *)&address, sizeof address) < 0)
        skip();
    assert_ok(&err, pack(&p, w.root, &err));
    check_names(&p.tar, "5 5run ");
    assert_string_equal(p.warnings.data, "'run/s': sockets are left out\n");
    close(s);
    packed_free(&p);
    world_free(&w);
}

static void make_file(int dir, const char *name, const char *text)
{
    int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

// proves: whiteout.reserved-names
OCI_TEST (pack, refuses_names_of_whiteouts_in_trees) {
    struct packed p;
    struct world w;
    oci_error err;

    world_new(&w);
    packed_new(&p);
    assert_int_equal(mkdirat(w.root, "d", 0755), 0);
    assert_int_equal(mkdirat(w.root, "d/.wh.x", 0755), 0);
    make_file(w.root, "d/.wh.x/inner", "");
    make_file(w.root, "d/z", "");
    assert_fails(OCI_E_INVALID, &err, pack(&p, w.root, &err));
    assert_non_null(strstr(err.msg, "'d/.wh.x'"));
    p.o.mend = true;
    assert_ok(&err, pack(&p, w.root, &err));
    check_names(&p.tar, "5 5d 0d/z ");
    assert_string_equal(p.warnings.data, "'d/.wh.x': names that are reserved for whiteouts are left out\n");
    packed_free(&p);
    world_free(&w);
}

/* Does something to the file "f" after so many questions whether to stop. */
struct disturb {
    int dir, calls, at;
    void (*what)(int dir);
};

static bool disturb(void *ctx)
{
    struct disturb *d = ctx;

    if (d->calls++ == d->at)
        d->what(d->dir);
    return false;
}

static void shrink(int dir)
{
    int fd = openat(dir, "f", O_WRONLY | O_TRUNC | O_CLOEXEC);

    close(fd);
}

static void grow(int dir)
{
    int fd = openat(dir, "f", O_WRONLY | O_APPEND | O_CLOEXEC);

    assert_int_equal(write(fd, "more", 4), 4);
    close(fd);
}

static void touch(int dir)
{
    const struct timespec times[2] = { { .tv_sec = 12345 }, { .tv_sec = 12345 } };

    assert_int_equal(utimensat(dir, "f", times, 0), 0);
}

OCI_TEST (pack, believes_no_file_that_changes) {
    void (*const what[])(int) = { shrink, grow, touch };
    struct world w;
    oci_error err;

    world_new(&w);
    for (size_t i = 0; i < 3; i++) {
        struct packed p;
        struct disturb d = { .dir = w.root, .at = 2, .what = what[i] };
        int found = 0;

        for (d.at = 0; d.at < 4; d.at++) {
            int fd, r;

            world_reset(&w);
            make_file(w.root, "f", "x");
            fd = openat(w.root, "f", O_WRONLY | O_CLOEXEC);
            assert_int_equal(ftruncate(fd, 600000), 0);
            close(fd);
            packed_new(&p);
            p.events = (oci_events) { .ctx = &d, .cancelled = disturb };
            d.calls = 0;
            r = pack(&p, w.root, &err);
            assert_true(r == 0 || r == OCI_E_CONFLICT);
            if (r != 0)
                assert_string_equal(err.msg, "'f': it was changed while it was read");
            found += r != 0;
            packed_free(&p);
        }
        assert_true(found > 0);
    }
    world_free(&w);
}

static bool always(void *ctx)
{
    (void)ctx;
    return true;
}

OCI_TEST (pack, stops_when_it_is_cancelled) {
    const struct layer layer = LAYER(A_FILE("a", "b"));
    const oci_events events = { .cancelled = always };
    struct packed p;
    struct world w;
    oci_error err;

    world_new(&w);
    packed_new(&p);
    p.o.events = &events;
    assert_fails(OCI_E_CANCELLED, &err, pack(&p, w.root, &err));
    for (int i = 0; i < 3; i++) {
        p.o.set_owner = i == 0;
        p.o.sort = i == 1;
        p.o.mend = i == 2;
        assert_fails(OCI_E_CANCELLED, &err, rewrite_layer(&p, &layer, &err));
    }
    packed_free(&p);
    world_free(&w);
}

OCI_TEST (pack, of_trees_survives_every_failed_allocation) {
    struct world w;
    int failed = 1;

    world_new(&w);
    make_tree(&w);
    for (unsigned long n = 1; failed; n++) {
        struct packed p;
        oci_error err = OCI_ERROR_INIT;
        int r;

        packed_new(&p);
        oci_alloc_fail_at(n);
        r = pack(&p, w.root, &err);
        failed = oci_alloc_failed();
        oci_alloc_fail_at(0);
        assert_int_equal(r, failed ? OCI_E_NOMEM : 0);
        packed_free(&p);
    }
    world_free(&w);
}
