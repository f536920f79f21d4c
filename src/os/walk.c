/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk holds one descriptor, of the directory it is in. What it came through is remembered by device and inode
 * only:
 * ".." is opened for real and must then be the directory the walk came from, or somebody moved things and the walk
 * starts again. So it never stands in a directory that it did not reach from the root, however deep and however
 * disturbed.
 */
#include "walk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>

#include "base/fail.h"
#include "base/vec.h"
#include "sys.h"

enum {
    MAX_LINKS = 40,   /* the kernel's number */
    MAX_STEPS = 8192, /* components, of which the kernel allows as many as fit into the links */
    APPARMOR_MAGIC = 0x5a3c69f0
};
/* Bytes of links that are gone through in a root, and more for each path that meets one. A path below lib -> usr/lib
 * needs 8. A component costs microseconds, not nanoseconds as in memory. */
#define MAX_FOLLOWED      UINT64_C(0x100000)
#define MAX_FOLLOWED_EACH UINT64_C(128)

struct walk {
    oci_root *in;
    int root;  /* its descriptor, borrowed */
    int at;    /* the directory the walk is in; owned unless it is the root */
    int flags; /* of the descriptor asked for */
    unsigned links, steps;
    const char *rest; /* what is still to be walked: borrowed from the caller or pointing into text */
    char *text;
    oci_walk_maker *maker;
    struct {
        oci_dir_id *items;
        size_t count, cap;
    } above; /* the directories from the root to the one above the current one */
};

/* The next component of the rest. */
struct component {
    char name[NAME_MAX + 1];
    bool last;      /* nothing but slashes follows */
    bool directory; /* slashes follow */
};

static void leave(struct walk *w)
{
    if (w->at != w->root)
        oci_closep_(&w->at);
    w->at = w->root;
}

/* Takes fd. */
static void enter(struct walk *w, int fd)
{
    leave(w);
    w->at = fd;
}

/* 1, 0 when there is none left, or a negative errno. */
static int next_component(struct walk *w, struct component *c)
{
    const char *start = w->rest + strspn(w->rest, "/");
    size_t n = strcspn(start, "/"), slashes = strspn(start + n, "/");

    if (n == 0)
        return 0;
    if (n > NAME_MAX)
        return -ENAMETOOLONG;
    memcpy(c->name, start, n);
    c->name[n] = '\0';
    c->directory = slashes > 0;
    c->last = start[n + slashes] == '\0';
    w->rest = start + n + slashes;
    return 1;
}

static void go_to_root(struct walk *w)
{
    leave(w);
    w->above.count = 0;
}

static int go_up(struct walk *w)
{
    OCI_AUTO_FD int fd = -1;
    oci_dir_id id;

    if (w->above.count == 0)
        return 0;
    fd = openat(w->at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || oci_dir_id_of(fd, &id) < 0)
        return -errno;
    if (!oci_dir_id_same(&id, &w->above.items[w->above.count - 1]))
        return -EAGAIN;
    w->above.count--;
    if (w->above.count == 0)
        leave(w); /* it is the root, of which the descriptor is at hand */
    else
        enter(w, oci_steal_fd(&fd));
    return 0;
}

/* Takes fd, a directory in the current one. */
static int go_down(struct walk *w, int fd)
{
    oci_dir_id id;

    if (oci_dir_id_of(w->at, &id) < 0) {
        int number = errno;

        oci_closep_(&fd);
        return -number;
    }
    if (!OCI_VEC_PUSH(&w->above, id)) {
        oci_closep_(&fd);
        return -ENOMEM;
    }
    enter(w, fd);
    return 0;
}

/* Links of procfs (and AppArmor's) lead to places that their text does not name. The few of procfs that are honest are
 * refused with them; no image has any. */
static bool may_be_magic(int fd)
{
    struct statfs fs;

    return fstatfs(fd, &fs) < 0 || fs.f_type == PROC_SUPER_MAGIC || fs.f_type == APPARMOR_MAGIC;
}

/* Counts a link of n bytes. Whether the root has so many left. */
static bool afford(struct walk *w, size_t n)
{
    if (w->links == 1)
        w->in->linked++;
    w->in->followed += n + 1;
    return w->in->followed <= MAX_FOLLOWED + w->in->linked * MAX_FOLLOWED_EACH;
}

/* Puts the target of the link, an O_PATH descriptor, before the rest. */
static int follow(struct walk *w, int link, bool directory)
{
    char target[PATH_MAX];
    ssize_t n;
    size_t rest = strlen(w->rest);
    char *text;

    if (w->links++ >= MAX_LINKS || may_be_magic(link))
        return -ELOOP;
    n = readlinkat(link, "", target, sizeof target);
    if (n < 0)
        return -errno;
    if (n == 0)
        return -ENOENT;
    if ((size_t)n >= sizeof target)
        return -ENAMETOOLONG;
    if (!afford(w, (size_t)n))
        return -OCI_WALK_TOO_FAR;
    text = oci_alloc((size_t)n + rest + 2);
    if (text == NULL)
        return -ENOMEM;
    memcpy(text, target, (size_t)n);
    n += directory ? 1 : 0;
    if (directory)
        text[n - 1] = '/';
    memcpy(text + n, w->rest, rest + 1);
    oci_free(w->text);
    w->text = text;
    w->rest = text;
    if (target[0] == '/')
        go_to_root(w);
    return 0;
}

/* Makes the directory and opens it for the caller; mode 0755 whatever the umask. A descriptor or a negative errno. */
static int make_directory(struct walk *w, const char *name)
{
    const oci_make_parents *make = w->maker->make;
    OCI_AUTO_FD int fd = -1;

    if (make->before != NULL) {
        w->maker->refused = make->before(make->ctx, w->at, w->maker->err);
        if (w->maker->refused < 0)
            return -ECANCELED;
    }
    if (mkdirat(w->at, name, 0700) < 0)
        return errno == EEXIST ? -EAGAIN : -errno;
    fd = openat(w->at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || (fchmod(fd, 0755) < 0 && !oci_means_unsupported(errno)))
        return -errno;
    if (make->made != NULL) {
        w->maker->refused = make->made(make->ctx, w->at, name, fd, w->maker->err);
        if (w->maker->refused < 0)
            return -ECANCELED;
    }
    return oci_steal_fd(&fd);
}

/* Opens the last component, which is not a link that has to be followed. looked is its O_PATH descriptor, taken. */
static int open_last(struct walk *w, const struct component *c, int looked, const struct stat *st)
{
    OCI_AUTO_FD int fd = looked;
    int flags = w->flags | O_NOFOLLOW | (c->directory ? O_DIRECTORY : 0);

    if ((flags & O_DIRECTORY) != 0 && !S_ISDIR(st->st_mode))
        return -ENOTDIR;
    if ((flags & O_PATH) != 0)
        return oci_steal_fd(&fd);
    fd = openat(w->at, c->name, flags);
    oci_closep_(&looked);
    if (fd >= 0)
        return oci_steal_fd(&fd);
    /* A link took the place of what was looked at. */
    return errno == ELOOP && !S_ISLNK(st->st_mode) ? -EAGAIN : -errno;
}

/* Goes into a named component, or opens it when it is the last: a descriptor, -EINPROGRESS when there is more to walk,
 * or another negative errno. */
static int step(struct walk *w, const struct component *c)
{
    OCI_AUTO_FD int fd = openat(w->at, c->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;
    int r;

    if (fd < 0 && errno == ENOENT && w->maker != NULL)
        fd = make_directory(w, c->name);
    else if (fd < 0)
        fd = -errno;
    if (fd < 0)
        return fd;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (S_ISLNK(st.st_mode) && (!c->last || c->directory || (w->flags & O_NOFOLLOW) == 0))
        r = follow(w, fd, c->directory);
    else if (c->last)
        return open_last(w, c, oci_steal_fd(&fd), &st);
    else
        r = S_ISDIR(st.st_mode) ? go_down(w, oci_steal_fd(&fd)) : -ENOTDIR;
    return r < 0 ? r : -EINPROGRESS;
}

static int walk(struct walk *w)
{
    struct component c;
    int r;

    while ((r = next_component(w, &c)) > 0) {
        if (w->steps++ >= MAX_STEPS)
            return -ELOOP;
        if (strcmp(c.name, ".") == 0)
            continue;
        if (strcmp(c.name, "..") == 0) {
            r = go_up(w);
            if (r < 0)
                return r;
            continue;
        }
        r = step(w, &c);
        if (r != -EINPROGRESS)
            return r;
    }
    if (r < 0)
        return r;
    /* The path ended with a directory that the walk is already in. */
    r = openat(w->at, ".", w->flags);
    return r < 0 ? -errno : r;
}

int oci_walk_open(oci_root *root, const char *path, int flags, oci_walk_maker *maker)
{
    struct walk w = { .in = root, .root = root->fd, .at = root->fd, .flags = flags, .rest = path, .maker = maker };
    int fd;

    if (strlen(path) >= PATH_MAX)
        return -ENAMETOOLONG;
    fd = walk(&w);
    leave(&w);
    oci_free(w.text);
    oci_free(w.above.items);
    return fd;
}
