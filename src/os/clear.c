/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Removing trees. One descriptor is held, of the directory that is being worked on; the way back is ".." and is
 * believed only when it leads to the directory the work came from. A directory is read once: what can be removed is
 * removed at once, subdirectories that are not empty are noted and entered afterwards. The notes of all directories on
 * the way share one buffer, in which those of the deepest come last; memory grows with the names on the way, not with
 * the tree.
 */
#include "os.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/vec.h"
#include "sys.h"

/* A directory on the way down. */
struct frame {
    oci_dir_id id;
    mode_t mode;      /* as it was found */
    bool opened_up;   /* the mode was changed to get on */
    bool stays;       /* it is wanted itself, or something below it is */
    uint64_t removed; /* below it */
    size_t notes;     /* where its part of the notes begins */
};

struct clearing {
    oci_keep *keep;
    void *ctx;
    int top; /* the first directory, borrowed */
    int at;  /* the directory of the last frame; owned unless it is top */
    struct {
        struct frame *items;
        size_t count, cap;
    } frames;
    oci_buf notes; /* each: 'k' (wanted) or 'r', the name, a NUL */
    oci_error *err;
};

static struct frame *last_frame(struct clearing *c)
{
    return &c->frames.items[c->frames.count - 1];
}

static void leave(struct clearing *c)
{
    if (c->at != c->top)
        oci_closep_(&c->at);
    c->at = c->top;
}

/* The last note, or NULL when the last frame has none left. */
static char *last_note(struct clearing *c)
{
    size_t start = c->notes.len;

    if (start == last_frame(c)->notes)
        return NULL;
    for (start--; start > last_frame(c)->notes && c->notes.data[start - 1] != '\0'; start--)
        ;
    return c->notes.data + start;
}

static void drop_note(struct clearing *c, const char *note)
{
    c->notes.len = (size_t)(note - c->notes.data);
}

static int add_note(struct clearing *c, bool wanted, const char *name)
{
    int r = oci_buf_reserve(&c->notes, strlen(name) + 2, c->err);

    if (r == 0)
        r = oci_buf_putc(&c->notes, wanted ? 'k' : 'r', c->err);
    return r < 0 ? r : oci_buf_append(&c->notes, name, strlen(name) + 1, c->err);
}

/* Removes name, or notes it when it is a directory that has to be entered first. */
static int consider(struct clearing *c, const struct stat *dir, const char *name, unsigned char type)
{
    bool wanted = c->keep != NULL && c->keep(c->ctx, dir, name);
    struct frame *frame = last_frame(c);
    struct stat st;

    if (type == DT_UNKNOWN) {
        if (fstatat(c->at, name, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) < 0)
            return errno == ENOENT ? 0 : oci_fail_entry(c->err, "look at", name);
        type = S_ISDIR(st.st_mode) ? DT_DIR : DT_REG;
    }
    if (wanted) {
        frame->stays = true;
        return type == DT_DIR ? add_note(c, true, name) : 0;
    }
    if (unlinkat(c->at, name, type == DT_DIR ? AT_REMOVEDIR : 0) == 0)
        frame->removed++;
    else if (type == DT_DIR && (errno == ENOTEMPTY || errno == EEXIST))
        return add_note(c, false, name);
    else if (errno != ENOENT)
        return oci_fail_entry(c->err, "remove", name);
    return 0;
}

static int scan_stream(struct clearing *c, DIR *stream)
{
    const struct dirent *entry;
    struct stat st;
    int more, r;

    if (fstat(c->at, &st) < 0)
        return oci_fail_errno(c->err, "read a directory");
    while ((more = oci_dir_stream_next(stream, &entry)) > 0) {
        r = consider(c, &st, entry->d_name, entry->d_type);
        if (r < 0)
            return r;
    }
    return more < 0 ? oci_fail_errno(c->err, "read a directory") : 0;
}

/* Reads the directory of the last frame. */
static int scan(struct clearing *c)
{
    DIR *stream = oci_dir_stream(c->at);
    int r;

    if (stream == NULL)
        return oci_fail_errno(c->err, "read a directory");
    r = scan_stream(c, stream);
    closedir(stream);
    return r;
}

/* Adds a frame for the directory fd. Where its owner may not read, write or search it, he may now. */
static int add_frame(struct clearing *c, int fd, bool open_up)
{
    struct frame frame = { .notes = c->notes.len };
    struct stat st;

    if (fstat(fd, &st) < 0 || oci_dir_id_of(fd, &frame.id) < 0)
        return oci_fail_errno(c->err, "look at a directory");
    frame.mode = st.st_mode & 07777;
    /* Who cannot change the mode may still be allowed what follows. */
    if (open_up && (frame.mode & 0700) != 0700)
        frame.opened_up = oci_sys_chmod_path_fd(fd, frame.mode | 0700) == 0;
    return OCI_VEC_PUSH(&c->frames, frame) ? 0 : oci_fail_nomem(c->err);
}

static int enter(struct clearing *c, char *note)
{
    const char *name = note + 1;
    OCI_AUTO_FD int fd = openat(c->at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    oci_dir_id id;
    int r;

    if (fd < 0 && errno == ENOENT) {
        drop_note(c, note);
        return 0;
    }
    if (fd < 0 || oci_dir_id_of(fd, &id) < 0)
        return oci_fail_entry(c->err, "open the directory", name);
    if (!oci_dir_id_same_mount(&last_frame(c)->id, &id)) {
        errno = EBUSY;
        return oci_fail_errno(c->err, "remove the mount point '%s'", name);
    }
    r = add_frame(c, fd, true);
    if (r < 0)
        return r;
    leave(c);
    c->at = oci_steal_fd(&fd);
    return scan(c);
}

/* Opens the directory above the current one: *fd, or -1 when that is the top. */
static int open_above(struct clearing *c, int *fd)
{
    OCI_AUTO_FD int above = -1;
    oci_dir_id id;

    *fd = -1;
    if (c->frames.count == 2)
        return 0;
    above = openat(c->at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (above < 0 || oci_dir_id_of(above, &id) < 0)
        return oci_fail_errno(c->err, "go back to the directory above");
    if (!oci_dir_id_same(&id, &c->frames.items[c->frames.count - 2].id))
        return oci_fail(c->err, OCI_E_CONFLICT, "a directory was moved while it was being removed");
    *fd = oci_steal_fd(&above);
    return 0;
}

/* Leaves the current directory, of which nothing is left to do, and removes it unless it stays. */
static int go_up(struct clearing *c)
{
    struct frame done = *last_frame(c), *frame;
    char *note;
    int above, r = open_above(c, &above);

    if (r < 0)
        return r;
    c->frames.count--;
    frame = last_frame(c);
    note = last_note(c);
    done.stays = done.stays || note[0] == 'k';
    if (done.stays && done.opened_up)
        oci_sys_chmod_path_fd(c->at, done.mode);
    leave(c);
    if (above >= 0)
        c->at = above;
    if (done.stays) {
        frame->stays = true;
        frame->removed += done.removed;
    } else if (unlinkat(c->at, note + 1, AT_REMOVEDIR) == 0) {
        frame->removed++;
    } else if ((errno == ENOTEMPTY || errno == EEXIST) && done.removed > 0) {
        /* Some file systems skip names while others are removed; there was progress, so it is entered again. */
        return 0;
    } else if (errno != ENOENT) {
        return oci_fail_entry(c->err, "remove", note + 1);
    }
    drop_note(c, note);
    return 0;
}

static int work_off_notes(struct clearing *c)
{
    int r = 0;

    while (r == 0) {
        char *note = last_note(c);

        if (note != NULL)
            r = enter(c, note);
        else if (c->frames.count > 1)
            r = go_up(c);
        else
            break;
    }
    return r;
}

static int finish(struct clearing *c, int r, uint64_t *removed)
{
    leave(c);
    if (c->frames.count > 0) {
        struct frame *top = &c->frames.items[0];

        if (top->opened_up)
            oci_sys_chmod_path_fd(c->top, top->mode);
        if (r == 0 && removed != NULL)
            *removed = top->removed;
    }
    oci_free(c->frames.items);
    oci_buf_free(&c->notes);
    return r;
}

int oci_dir_clear(int fd, oci_keep *keep, void *ctx, uint64_t *removed, oci_error *err)
{
    struct clearing c = { .keep = keep, .ctx = ctx, .top = fd, .at = fd, .err = err };
    int r = add_frame(&c, fd, true);

    if (r == 0)
        r = scan(&c);
    if (r == 0)
        r = work_off_notes(&c);
    return finish(&c, r, removed);
}

int oci_entry_remove_unless(int dirfd, const char *base, oci_keep *keep, void *ctx, uint64_t *removed, oci_error *err)
{
    struct clearing c = { .keep = keep, .ctx = ctx, .top = dirfd, .at = dirfd, .err = err };
    struct stat st;
    int r = oci_check_component(base, err);

    if (r < 0)
        return r;
    if (fstat(dirfd, &st) < 0)
        return oci_fail_errno(err, "look at the directory of '%s'", base);
    r = add_frame(&c, dirfd, false);
    if (r == 0)
        r = consider(&c, &st, base, DT_UNKNOWN);
    if (r == 0)
        r = work_off_notes(&c);
    return finish(&c, r, removed);
}

int oci_entry_remove(int dirfd, const char *base, oci_error *err)
{
    return oci_entry_remove_unless(dirfd, base, NULL, NULL, NULL, err);
}
