/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "stream/stream.h"

/* ---- writing tar, whatever the names are ---- */

static void append(oci_buf *out, const void *p, size_t n)
{
    assert_int_equal(oci_buf_append(out, p, n, NULL), 0);
}

static void pad(oci_buf *out)
{
    static const char zeros[512];

    append(out, zeros, (512 - out->len % 512) % 512);
}

static void header(oci_buf *out, char type, const char *name, const char *link, const struct item *i, size_t size)
{
    char h[512] = { 0 };
    unsigned sum = 0;
    unsigned mode = i->mode != 0 ? i->mode & 07777 : type == '5' ? 0755 : 0644;

    memcpy(h, name, strnlen(name, 100));
    snprintf(h + 100, 8, "%07o", mode);
    snprintf(h + 108, 8, "%07o", i->uid);
    snprintf(h + 116, 8, "%07o", i->gid);
    snprintf(h + 124, 12, "%011zo", size);
    snprintf(h + 136, 12, "%011llo", i->mtime);
    memset(h + 148, ' ', 8);
    h[156] = type;
    memcpy(h + 157, link, strnlen(link, 100));
    memcpy(h + 257, "ustar\00000", 8);
    snprintf(h + 329, 8, "%07o", i->major);
    snprintf(h + 337, 8, "%07o", i->minor);
    for (size_t at = 0; at < sizeof h; at++)
        sum += (unsigned char)h[at];
    snprintf(h + 148, 8, "%06o", sum);
    append(out, h, sizeof h);
}

static void long_text(oci_buf *out, char type, const char *text)
{
    const struct item plain = { 0 };

    if (strlen(text) < 100)
        return;
    header(out, type, "././@LongLink", "", &plain, strlen(text) + 1);
    append(out, text, strlen(text) + 1);
    pad(out);
}

static void record(oci_buf *out, const char *key, size_t key_len, const char *value, size_t value_len)
{
    size_t body = key_len + value_len + 3, digits = 1;

    while ((size_t)snprintf(NULL, 0, "%zu", body + digits) != digits)
        digits++;
    assert_int_equal(
        oci_buf_printf(out, NULL, "%zu %.*s=%.*s\n", body + digits, (int)key_len, key, (int)value_len, value), 0);
}

static void records_of(oci_buf *out, const char *prefix, const char *list)
{
    for (const char *at = list; at != NULL && *at != '\0'; at += strcspn(at, ";"), at += *at == ';') {
        char key[300];
        size_t name = strcspn(at, "="), value = strcspn(at + name + 1, ";");

        format(key, sizeof key, "%s%.*s", prefix, (int)name, at);
        record(out, key, strlen(key), at + name + 1, value);
        at += name + 1;
    }
}

static void pax_header(oci_buf *out, const struct item *i)
{
    const struct item plain = { 0 };
    oci_buf records = OCI_BUF_INIT;

    if (i->mtime_text != NULL)
        record(&records, "mtime", 5, i->mtime_text, strlen(i->mtime_text));
    records_of(&records, "SCHILY.xattr.", i->xattrs);
    records_of(&records, "", i->pax);
    if (records.len > 0) {
        header(out, 'x', "pax", "", &plain, records.len);
        append(out, records.data, records.len);
        pad(out);
    }
    oci_buf_free(&records);
}

void write_layer(oci_buf *out, const struct layer *layer)
{
    static const char zeros[1024];

    for (size_t n = 0; n < layer->count; n++) {
        const struct item *i = &layer->items[n];
        const char *text = i->text != NULL ? i->text : "";
        bool is_link = i->type == '1' || i->type == '2';

        pax_header(out, i);
        long_text(out, 'L', i->name);
        if (is_link)
            long_text(out, 'K', text);
        header(out, i->type, i->name, is_link ? text : "", i, is_link ? 0 : strlen(text));
        if (!is_link)
            append(out, text, strlen(text));
        pad(out);
    }
    append(out, zeros, sizeof zeros);
}

/* ---- listing ---- */

struct listing {
    oci_buf text;
    unsigned flags;
    struct {
        dev_t dev;
        ino_t ino;
    } linked[256];
    size_t n_linked;
};

static size_t group_of(struct listing *l, const struct stat *st)
{
    for (size_t i = 0; i < l->n_linked; i++)
        if (l->linked[i].dev == st->st_dev && l->linked[i].ino == st->st_ino)
            return i + 1;
    if (l->n_linked == sizeof l->linked / sizeof *l->linked)
        return 0;
    l->linked[l->n_linked].dev = st->st_dev;
    l->linked[l->n_linked].ino = st->st_ino;
    return ++l->n_linked;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void list_xattrs(struct listing *l, int dirfd, const char *name)
{
    char path[300], names[4096], value[1024];
    const char *sorted[64];
    size_t count = 0;
    ssize_t n, len;

    snprintf(path, sizeof path, "/proc/self/fd/%d/%s", dirfd, name);
    n = llistxattr(path, names, sizeof names);
    for (const char *at = names; n > 0 && at < names + n && count < 64; at += strlen(at) + 1)
        if (strcmp(at, "security.selinux") != 0)
            sorted[count++] = at;
    qsort(sorted, count, sizeof *sorted, by_bytes);
    for (size_t i = 0; i < count; i++) {
        len = lgetxattr(path, sorted[i], value, sizeof value);
        oci_buf_printf(&l->text, NULL, " {%s=%.*s}", sorted[i], len > 0 ? (int)len : 0, value);
    }
}

static void list_content(struct listing *l, int dirfd, const char *name, const struct stat *st)
{
    char text[PATH_MAX];
    ssize_t n = 0;

    if (S_ISLNK(st->st_mode))
        n = readlinkat(dirfd, name, text, sizeof text);
    if (S_ISREG(st->st_mode)) {
        int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

        n = fd >= 0 ? read(fd, text, 64) : -1;
        if (fd >= 0)
            close(fd);
    }
    if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode))
        n = snprintf(text, sizeof text, "%u:%u", major(st->st_rdev), minor(st->st_rdev));
    oci_buf_printf(&l->text, NULL, " %.*s", n > 0 ? (int)n : 0, text);
}

static void list_entry(struct listing *l, int dirfd, const char *name, const char *path, const struct stat *st)
{
    static const char types[] = "?pc?d?b?-?l?s???";
    char type = types[(st->st_mode & S_IFMT) >> 12];

    oci_buf_printf(&l->text, NULL, "%s %c", path, type);
    if (type != 'l')
        oci_buf_printf(&l->text, NULL, " %04o", (unsigned)st->st_mode & 07777);
    if ((l->flags & LIST_NO_OWNER) == 0)
        oci_buf_printf(&l->text, NULL, " %u:%u", st->st_uid, st->st_gid);
    oci_buf_printf(&l->text, NULL, " %lld", (long long)st->st_mtim.tv_sec);
    if (st->st_mtim.tv_nsec != 0)
        oci_buf_printf(&l->text, NULL, ".%09ld", st->st_mtim.tv_nsec);
    if ((l->flags & LIST_CTIME) != 0)
        oci_buf_printf(&l->text, NULL, " c%lld.%ld", (long long)st->st_ctim.tv_sec, st->st_ctim.tv_nsec);
    if (type != 'd' && st->st_nlink > 1)
        oci_buf_printf(&l->text, NULL, " =%zu", group_of(l, st));
    list_content(l, dirfd, name, st);
    list_xattrs(l, dirfd, name);
    oci_buf_putc(&l->text, '\n', NULL);
}

static void list_dir(struct listing *l, int dirfd, const char *prefix, const char *but)
{
    oci_names names = { 0 };
    oci_error err = OCI_ERROR_INIT;

    assert_ok(&err, oci_dir_names(dirfd, true, &names, &err));
    for (size_t i = 0; i < names.count; i++) {
        char *path = NULL;
        struct stat st;
        int fd;

        if (but != NULL && strcmp(names.items[i].text, but) == 0)
            continue;
        assert_true(asprintf(&path, "%s%s", prefix, names.items[i].text) > 0);
        assert_int_equal(fstatat(dirfd, names.items[i].text, &st, AT_SYMLINK_NOFOLLOW), 0);
        list_entry(l, dirfd, names.items[i].text, path, &st);
        if (S_ISDIR(st.st_mode)) {
            fd = openat(dirfd, names.items[i].text, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            strcat(path = realloc(path, strlen(path) + 2), "/");
            if (fd >= 0)
                list_dir(l, fd, path, NULL);
            if (fd >= 0)
                close(fd);
        }
        free(path);
    }
    oci_names_free(&names);
}

char *list_tree(int dirfd, const char *but, unsigned flags)
{
    struct listing *l = calloc(1, sizeof *l);
    char *text;

    assert_non_null(l);
    l->flags = flags;
    append(&l->text, "", 0);
    list_dir(l, dirfd, "", but);
    text = strdup(l->text.data);
    oci_buf_free(&l->text);
    free(l);
    return text;
}

void assert_tree(char *got, const char *want)
{
    if (strcmp(got, want) != 0)
        print_error("---- got\n%s---- want\n%s----\n", got, want);
    assert_true(strcmp(got, want) == 0);
    free(got);
}

/* ---- the world ---- */

static void put_file(int dirfd, const char *path, const char *text)
{
    int fd = openat(dirfd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

void world_new(struct world *w)
{
    const char *base = access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp";

    *w = (struct world) { .root = -1 };
    snprintf(w->path, sizeof w->path, "%s/oci-layer-XXXXXX", base);
    assert_non_null(mkdtemp(w->path));
    w->top = open(w->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(w->top >= 0);
    assert_int_equal(mkdirat(w->top, "canary", 0755), 0);
    assert_int_equal(mkdirat(w->top, "canary/dir", 0755), 0);
    put_file(w->top, "canary/file", "precious");
    put_file(w->top, "canary/dir/file", "more");
    put_file(w->top, "secret", "secret");
    assert_int_equal(mkdirat(w->top, "root", 0755), 0);
    w->root = openat(w->top, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(w->root >= 0);
    w->canary = list_tree(w->top, "root", LIST_CTIME);
}

void world_check_canary(struct world *w)
{
    assert_tree(list_tree(w->top, "root", LIST_CTIME), w->canary);
}

void world_reset(struct world *w)
{
    const struct timespec times[2] = { { .tv_sec = 0 }, { .tv_sec = 0 } };
    oci_error err = OCI_ERROR_INIT;

    assert_ok(&err, oci_dir_clear(w->root, NULL, NULL, NULL, &err));
    assert_int_equal(fchmod(w->root, 0755), 0);
    assert_int_equal(futimens(w->root, times), 0);
}

void world_free(struct world *w)
{
    oci_error err = OCI_ERROR_INIT;

    world_check_canary(w);
    assert_ok(&err, oci_dir_clear(w->top, NULL, NULL, NULL, &err));
    close(w->root);
    close(w->top);
    assert_int_equal(rmdir(w->path), 0);
    free(w->canary);
}

static void note_warning(void *ctx, const char *text)
{
    struct world *w = ctx;

    strncat(w->warnings, text, sizeof w->warnings - strlen(w->warnings) - 2);
    strcat(w->warnings, "\n");
}

static int apply_one(oci_applier *a, const struct layer *layer, oci_apply_stats *sum, oci_error *err)
{
    oci_apply_stats stats = { 0 };
    int result;
    OCI_AUTO_BUF oci_buf tar = OCI_BUF_INIT;
    OCI_AUTO(oci_reader) r = NULL;

    write_layer(&tar, layer);
    assert_int_equal(oci_reader_from_memory(tar.data, tar.len, &r, NULL), 0);
    result = oci_applier_apply(a, r, &stats, err);
    sum->entries += stats.entries;
    sum->bytes += stats.bytes;
    sum->removed += stats.removed;
    sum->shadowed += stats.shadowed;
    return result;
}

int world_apply(struct world *w, const struct layer *layers, size_t count, oci_applier **keep, oci_error *err)
{
    OCI_AUTO(oci_applier) a = NULL;
    oci_apply_options options = w->options;
    int r;

    w->warnings[0] = '\0';
    w->stats = (oci_apply_stats) { 0 };
    w->events = (oci_events) { .ctx = w, .warning = note_warning };
    if (options.events == NULL)
        options.events = &w->events;
    r = oci_applier_new(w->root, &options, &a, err);
    if (r < 0)
        return r;
    a->root.walk = w->walk;
    oci_applier_foresee(a, w->shadow);
    for (size_t i = 0; r == 0 && i < count; i++)
        r = apply_one(a, &layers[i], &w->stats, err);
    if (r == 0)
        r = oci_applier_finish(a, err);
    if (keep != NULL)
        *keep = oci_steal(&a);
    return r;
}

bool there(const struct world *w, const char *path)
{
    struct stat st;

    return fstatat(w->root, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

struct stat stat_of(const struct world *w, const char *path)
{
    struct stat st;

    if (fstatat(w->root, path, &st, AT_SYMLINK_NOFOLLOW | (path[0] == '\0' ? AT_EMPTY_PATH : 0)) < 0)
        fail_msg("'%s' is not there", path);
    return st;
}

const char *content_of(const struct world *w, const char *path)
{
    static char text[PATH_MAX];
    struct stat st = stat_of(w, path);
    ssize_t n;
    int fd;

    if (S_ISLNK(st.st_mode)) {
        n = readlinkat(w->root, path, text, sizeof text - 1);
    } else {
        fd = openat(w->root, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        assert_true(fd >= 0);
        n = read(fd, text, sizeof text - 1);
        close(fd);
    }
    assert_true(n >= 0);
    text[n] = '\0';
    return text;
}

void format(char *out, size_t cap, const char *fmt, ...)
{
    va_list args;
    int n;

    va_start(args, fmt);
    n = vsnprintf(out, cap, fmt, args);
    va_end(args);
    assert_true(n >= 0 && (size_t)n < cap);
}

bool is_privileged(void)
{
    return geteuid() == 0;
}

bool as_ordinary_user(int (*f)(void *ctx), void *ctx)
{
    pid_t pid = fork();
    int status = -1;

    assert_true(pid >= 0);
    if (pid == 0) {
        if (geteuid() == 0 && (setgroups(0, NULL) < 0 || setresgid(65534, 65534, 65534) < 0 ||
                               setresuid(65534, 65534, 65534) < 0 || prctl(PR_SET_DUMPABLE, 1) < 0))
            _exit(77);
        _exit(f(ctx));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        return false;
    assert_int_equal(WEXITSTATUS(status), 0);
    return true;
}
