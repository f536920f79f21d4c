/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "run.h"

static volatile sig_atomic_t caught;
/* The events are asked for once per process, by the one command that runs. */
static oci_events events;

/* A call that waits, for a pipe to open or for a lock, is ended by a signal only if it has begun. What came just before
 * it is said again until it is heard. */
static void remind(int signal)
{
    (void)signal;
    alarm(1);
}

/* What is printed from now on is for nobody: a reader that has stalled must not keep us. */
static void note_signal(int signal)
{
    static const struct sigaction again = { .sa_handler = remind };
    int saved = errno, null = open("/dev/null", O_WRONLY | O_CLOEXEC);

    if (null >= 0)
        dup2(null, STDOUT_FILENO);
    if (null > STDERR_FILENO)
        close(null);
    caught = signal;
    if (sigaction(SIGALRM, &again, NULL) == 0)
        alarm(1);
    errno = saved;
}

/*
 * A file opened in the place of a closed standard stream would get our messages. What replaces it is opened the wrong
 * way round, so that reading or writing what nobody gave us is an error and not the end of file or a silent loss.
 */
static void open_standard_streams(void)
{
    static const int modes[] = { O_WRONLY, O_RDONLY, O_RDWR };

    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", modes[fd]) != fd)
            abort();
}

static void ignore(int signal)
{
    struct sigaction action = { .sa_handler = SIG_IGN };

    sigaction(signal, &action, NULL);
}

void cli_process_start(void)
{
    open_standard_streams();
    ignore(SIGPIPE);
    ignore(SIGXFSZ);
}

/* The second signal of a kind kills, for whatever does not look. What was ignored stays so (nohup). */
static void catch_signal(int signal)
{
    struct sigaction action = { .sa_handler = note_signal, .sa_flags = (int)SA_RESETHAND }, old;

    sigemptyset(&action.sa_mask);
    if (sigaction(signal, NULL, &old) == 0 && old.sa_handler != SIG_IGN)
        sigaction(signal, &action, NULL);
}

static bool is_cancelled(void *ctx)
{
    (void)ctx;
    if (caught == 0)
        return false;
    if (gettid() == getpid())
        alarm(0); /* the command knows, and nothing shall interrupt its clearing up */
    return true;
}

static void show_warning(void *ctx, const char *text)
{
    cli_warn(ctx, "%s", text);
}

const oci_events *cli_events(struct cli *cli)
{
    if (events.ctx == NULL) {
        catch_signal(SIGINT);
        catch_signal(SIGTERM);
        catch_signal(SIGHUP);
    }
    events =
        (oci_events) { .ctx = cli, .warning = show_warning, .progress = cli_progress_show, .cancelled = is_cancelled };
    return &events;
}

int cli_signal(void)
{
    return caught;
}

void cli_die(int number)
{
    struct sigaction action = { .sa_handler = SIG_DFL };
    sigset_t mask;

    sigaction(number, &action, NULL);
    sigemptyset(&mask);
    sigaddset(&mask, number);
    sigprocmask(SIG_UNBLOCK, &mask, NULL);
    raise(number);
}
