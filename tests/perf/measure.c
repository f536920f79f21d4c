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

#include <fcntl.h>
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

static void become(char **words)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(null, STDOUT_FILENO) >= 0)
        execvp(words[0], words);
    perror(words[0]);
    _exit(127);
}

int main(int argc, char **argv)
{
    struct rusage usage;
    double start = now();
    int status;
    pid_t child = argc < 2 ? -1 : fork();

    if (child == 0)
        become(argv + 1);
    if (child < 0 || wait4(child, &status, 0, &usage) < 0) {
        fputs("usage: measure COMMAND [ARG]...\n", stderr);
        return 2;
    }
    printf("%.6f %.6f %ld %d\n", now() - start, seconds(usage.ru_utime) + seconds(usage.ru_stime), usage.ru_maxrss,
           WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    return 0;
}
