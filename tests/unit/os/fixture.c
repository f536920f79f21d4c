/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *scratch_base(void)
{
    const char *base = getenv("TMPDIR");

    return base != NULL ? base : "/tmp";
}

int scratch_new(void)
{
    char path[256];
    int fd;

    snprintf(path, sizeof path, "%s/oci-image-test-XXXXXX", scratch_base());
    assert_non_null(mkdtemp(path));
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    /* Children that are nobody work here as well. */
    assert_int_equal(fchmod(fd, 0777), 0);
    return fd;
}

void scratch_free(int fd)
{
    char link[64], path[256], command[600];
    ssize_t n;

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    n = readlink(link, path, sizeof path - 1);
    assert_true(n > 0);
    path[n] = '\0';
    assert_non_null(strstr(path, "/oci-image-test-"));
    close(fd);
    snprintf(command, sizeof command, "chmod -R u+rwx '%s' 2>/dev/null; rm -rf '%s'", path, path);
    assert_int_equal(system(command), 0);
}

static void make_parents(int dirfd, const char *path)
{
    char part[4096];

    for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
        if (mkdirat(dirfd, part, 0755) < 0)
            assert_int_equal(errno, EEXIST);
    }
}

void make_dir(int dirfd, const char *path)
{
    make_parents(dirfd, path);
    assert_int_equal(mkdirat(dirfd, path, 0755), 0);
}

void make_file(int dirfd, const char *path, const char *content)
{
    int fd;

    make_parents(dirfd, path);
    fd = openat(dirfd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), strlen(content));
    close(fd);
}

void make_link(int dirfd, const char *path, const char *target)
{
    make_parents(dirfd, path);
    assert_int_equal(symlinkat(target, dirfd, path), 0);
}

bool exists(int dirfd, const char *path)
{
    struct stat st;

    return fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

bool same_inode(int fd, int dirfd, const char *path)
{
    struct stat a, b;

    return fstat(fd, &a) == 0 && fstatat(dirfd, path, &b, AT_SYMLINK_NOFOLLOW) == 0 && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino;
}

int count_entries(int dirfd)
{
    int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), n = -2;
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

    if (dir == NULL)
        return -1;
    while (readdir(dir) != NULL)
        n++;
    closedir(dir);
    return n;
}

int count_fds(void)
{
    int n = 0;

    for (int fd = 0; fd < 1024; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

bool in_child(int (*f)(void *ctx), void *ctx)
{
    pid_t pid = fork();
    int status = -1;

    assert_true(pid >= 0);
    if (pid == 0)
        _exit(f(ctx));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == CANNOT)
        return false;
    assert_int_equal(WEXITSTATUS(status), 0);
    return true;
}

bool become_nobody(void)
{
    if (geteuid() != 0)
        return true;
    /* A process that changed its user keeps reading its own /proc only when it is dumpable again. */
    return setgroups(0, NULL) == 0 && setresgid(65534, 65534, 65534) == 0 && setresuid(65534, 65534, 65534) == 0 &&
           prctl(PR_SET_DUMPABLE, 1) == 0;
}

static bool install_filter(const struct sock_filter *code, size_t n)
{
    struct sock_filter copy[8];
    struct sock_fprog program = { (unsigned short)n, copy };

    memcpy(copy, code, n * sizeof *code);
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

bool forbid_syscall(long number, int with_errno)
{
    const struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)with_errno),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };

    return install_filter(code, sizeof code / sizeof *code);
}

bool forbid_flags(long number, unsigned arg, uint32_t mask, int with_errno)
{
    const bool big = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
    const struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 4),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(offsetof(struct seccomp_data, args) + 8 * arg + (big ? 4 : 0))),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, mask),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, mask, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)with_errno),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };

    return install_filter(code, sizeof code / sizeof *code);
}

bool hide_proc(void)
{
    if (unshare(CLONE_NEWNS | (geteuid() == 0 ? 0 : CLONE_NEWUSER)) < 0)
        return false;
    return mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 && mount("none", "/proc", "tmpfs", 0, NULL) == 0;
}
