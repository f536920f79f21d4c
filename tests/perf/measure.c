/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a command costs. usage: measure COMMAND [ARG]...
 *
 * Prints wall seconds, processor seconds, the peak of resident memory of its largest process in KiB, and its exit
 * status. All of it with the command's children that it waits for. What a process had before it became another program
 * counts as its peak, so this has to be a small program.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Without a copy of this process, which would cost more than many a command does. */
static int start(pid_t *child, char **words)
{
    posix_spawn_file_actions_t streams;
    int r = posix_spawn_file_actions_init(&streams);

    if (r != 0)
        return r;
    r = posix_spawn_file_actions_addopen(&streams, STDIN_FILENO, "/dev/null", O_RDWR, 0);
    if (r == 0)
        r = posix_spawn_file_actions_adddup2(&streams, STDIN_FILENO, STDOUT_FILENO);
    if (r == 0)
        r = posix_spawnp(child, words[0], &streams, NULL, words, environ);
    posix_spawn_file_actions_destroy(&streams);
    return r;
}

int main(int argc, char **argv)
{
    struct rusage usage;
    double begin = now();
    int status;
    pid_t child;

    if (argc < 2) {
        fputs("usage: measure COMMAND [ARG]...\n", stderr);
        return 2;
    }
    errno = start(&child, argv + 1);
    if (errno != 0 || wait4(child, &status, 0, &usage) < 0) {
        perror(argv[1]);
        return 2;
    }
    printf("%.6f %.6f %ld %d\n", now() - begin, seconds(usage.ru_utime) + seconds(usage.ru_stime), usage.ru_maxrss,
           WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    return 0;
}
