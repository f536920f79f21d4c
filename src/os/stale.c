/* SPDX-License-Identifier: Apache-2.0 */
/* What processes that were killed have left behind: the temporary names of tmpfile.c and tmpdir.c. */
#include "os.h"

#include <string.h>
#include <sys/file.h>

#include "base/fail.h"
#include "base/text.h"
#include "sys.h"

enum { ENDING = sizeof OCI_TMP_PREFIX - 1 + OCI_RANDOM_TEXT - 1 };

/* Whether name ends in what tells a temporary name; *head is the length of what is before that. */
static bool is_temporary(const char *name, size_t *head)
{
    size_t n = strlen(name);
    const char *ending = name + n - ENDING;
    uint8_t random[(OCI_RANDOM_TEXT - 1) / 2];

    if (n < ENDING || !oci_starts_with(ending, OCI_TMP_PREFIX))
        return false;
    *head = n - ENDING;
    return oci_hex_decode(ending + sizeof OCI_TMP_PREFIX - 1, OCI_RANDOM_TEXT - 1, random, sizeof random);
}

int64_t oci_last_change(const struct stat *st)
{
    return st->st_mtime > st->st_ctime ? st->st_mtime : st->st_ctime;
}

static int sweep_file(int dirfd, const char *name, int64_t before, bool dry_run, oci_swept *sum, oci_error *err)
{
    struct stat st;
    size_t head;
    int r = is_temporary(name, &head) && head == 0 ? oci_entry_stat(dirfd, name, &st, err) : 0;

    if (r <= 0 || !S_ISREG(st.st_mode) || oci_last_change(&st) > before)
        return r < 0 ? r : 0;
    sum->count++;
    sum->bytes += (uint64_t)st.st_size;
    return dry_run ? 0 : oci_entry_remove(dirfd, name, err);
}

int oci_sweep_tmp_files(int dirfd, int64_t before, bool dry_run, oci_swept *sum, oci_error *err)
{
    oci_names names = { 0 };
    int r = oci_dir_names(dirfd, false, &names, err);

    for (size_t i = 0; r == 0 && i < names.count; i++)
        r = sweep_file(dirfd, names.items[i].text, before, dry_run, sum, err);
    oci_names_free(&names);
    return r;
}

/* Whether name is a directory in the making whose goal is the directory st, and old: 1 or 0. */
static int was_to_be(int parent, const char *name, const struct stat *st, int64_t before, oci_error *err)
{
    OCI_AUTO_MEM char *goal_name = NULL;
    struct stat goal, made;
    size_t head;

    if (!is_temporary(name, &head) || head < 2 || name[0] != '.')
        return 0;
    goal_name = oci_strndup(name + 1, head - 1);
    if (goal_name == NULL)
        return oci_fail_nomem(err);
    return oci_entry_stat(parent, goal_name, &goal, NULL) > 0 && oci_is_same_file(&goal, st) &&
           oci_entry_stat(parent, name, &made, NULL) > 0 && S_ISDIR(made.st_mode) && oci_last_change(&made) <= before;
}

static int sweep_dir(int parent, const char *name, bool dry_run, oci_swept *sum, oci_error *err)
{
    OCI_AUTO_FD int fd = -1;

    /* Whoever still works in it holds it locked. */
    if (oci_entry_open_dir(parent, name, &fd, NULL) < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
        return 0;
    sum->count++;
    return dry_run ? 0 : oci_entry_remove(parent, name, err);
}

int oci_sweep_tmp_dirs(int fd, int64_t before, bool dry_run, oci_swept *sum, oci_error *err)
{
    OCI_AUTO_FD int parent = -1;
    oci_names names = { 0 };
    struct stat st;
    int r;

    if (fstat(fd, &st) < 0)
        return oci_fail_errno(err, "look at a directory");
    /* The directory above may be closed to us: then nothing of ours was made there. */
    if (oci_dir_open_up(fd, &parent, NULL) < 0)
        return 0;
    r = oci_dir_names(parent, false, &names, err);
    for (size_t i = 0; r >= 0 && i < names.count; i++) {
        r = was_to_be(parent, names.items[i].text, &st, before, err);
        if (r > 0)
            r = sweep_dir(parent, names.items[i].text, dry_run, sum, err);
    }
    oci_names_free(&names);
    return r;
}
