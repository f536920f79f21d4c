/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two programs have to run outside of the namespace, and the process to be mapped inside: a child is made before,
 * and told when the namespace is there. It starts them with numbers alone, nothing of an image ever reaches them.
 */
#include "userns.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the programs ---- */

/* Writes the path of a program into out. */
static bool find_program(const char *name, char out[PATH_MAX])
{
    const char *path = getenv("PATH");

    for (; path != NULL && *path != '\0'; path += strcspn(path, ":"), path += *path == ':') {
        int n = (int)strcspn(path, ":");

        if (path[0] == '/' && snprintf(out, PATH_MAX, "%.*s/%s", n, path, name) < PATH_MAX && access(out, X_OK) == 0)
            return true;
    }
    return false;
}

bool cli_userns_is_possible(void)
{
    char path[PATH_MAX];

    return find_program("newuidmap", path) && find_program("newgidmap", path);
}

enum { ID_TEXT = sizeof "4294967295" };

/* "newuidmap PID CONTAINER HOST SIZE..." in one allocation with all of its texts; NULL without memory. */
static char **make_arguments(const char *name, pid_t pid, const oci_id_map *maps, size_t n)
{
    size_t count = 2 + 3 * n;
    char **arguments = calloc(1, (count + 1) * sizeof *arguments + count * ID_TEXT);
    char *text = (char *)(arguments != NULL ? arguments + count + 1 : NULL);
    char **at = arguments;

    if (arguments == NULL)
        return NULL;
    memcpy(text, name, strlen(name) + 1);
    for (size_t i = 0; i < count; i++, text += ID_TEXT)
        *at++ = text;
    snprintf(arguments[1], ID_TEXT, "%d", (int)pid);
    for (size_t i = 0; i < n; i++) {
        snprintf(arguments[2 + 3 * i], ID_TEXT, "%" PRIu32, maps[i].container);
        snprintf(arguments[3 + 3 * i], ID_TEXT, "%" PRIu32, maps[i].host);
        snprintf(arguments[4 + 3 * i], ID_TEXT, "%" PRIu32, maps[i].size);
    }
    return arguments;
}

/* The exit status of the program, 127 when it could not be run. */
static int run_program(const char *name, pid_t pid, const oci_id_map *maps, size_t n)
{
    char **arguments = make_arguments(name, pid, maps, n);
    char path[PATH_MAX];
    int status = 127;
    pid_t child;

    if (arguments == NULL || !find_program(name, path))
        return status;
    child = fork();
    if (child == 0) {
        execv(path, arguments);
        _exit(127);
    }
    free(arguments);
    if (child < 0)
        return 127;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 127;
}

/* ---- the child, which stays outside ---- */

static void map_parent(int ready, pid_t pid, const oci_bundle_options *maps)
{
    char byte;
    int status;

    /* The end without a byte is that of a parent that did not get there. */
    if (read(ready, &byte, 1) != 1)
        _exit(1);
    status = run_program("newuidmap", pid, maps->uid_maps, maps->n_uid_maps);
    if (status == 0)
        status = run_program("newgidmap", pid, maps->gid_maps, maps->n_gid_maps);
    _exit(status);
}

static bool has_mapped(pid_t child)
{
    int status = 0;

    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return false;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int cli_userns_enter(struct cli *cli, const oci_bundle_options *maps)
{
    pid_t pid = getpid(), child;
    int ends[2], r = 0;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return cli_fail_errno(cli, "make a pipe");
    /* Where it is ignored, as somebody may have left it, children cannot be waited for. */
    signal(SIGCHLD, SIG_DFL);
    child = fork();
    if (child == 0) {
        close(ends[1]);
        map_parent(ends[0], pid, maps);
    }
    close(ends[0]);
    if (child < 0)
        r = cli_fail_errno(cli, "make a process");
    else if (unshare(CLONE_NEWUSER) != 0)
        r = cli_fail_errno(cli, "make a user namespace");
    else if (write(ends[1], "", 1) != 1)
        r = cli_fail_errno(cli, "tell a process");
    close(ends[1]);
    if (child > 0 && !has_mapped(child) && r == 0)
        r = cli_fail(cli, OCI_E_PERM, "newuidmap or newgidmap does not map the ids");
    if (r == 0 && (setresgid(0, 0, 0) != 0 || setresuid(0, 0, 0) != 0))
        r = cli_fail_errno(cli, "become root of the user namespace");
    return cli_wrap(cli, r, "--owner=map");
}
