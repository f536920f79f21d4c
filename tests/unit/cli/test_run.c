/* SPDX-License-Identifier: Apache-2.0 */
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dest.h"
#include "test.h"

OCI_TEST (report, every_code_has_a_status) {
    static const struct {
        int code, status;
    } cases[] = {
        { 0, 0 },
        { 7, 7 },
        { OCI_E_NOMEM, 1 },
        { OCI_E_IO, 1 },
        { OCI_E_PERM, 1 },
        { OCI_E_NOT_FOUND, 4 },
        { OCI_E_EXISTS, 1 },
        { OCI_E_AMBIGUOUS, 4 },
        { OCI_E_BUSY, 1 },
        { OCI_E_CANCELLED, 1 },
        { OCI_E_USAGE, 2 },
        { OCI_E_INVALID, 3 },
        { OCI_E_UNSUPPORTED, 3 },
        { OCI_E_DIGEST, 3 },
        { OCI_E_SIZE, 3 },
        { OCI_E_LIMIT, 3 },
        { OCI_E_UNSAFE, 3 },
        { OCI_E_CONFLICT, 1 },
        { OCI_E_INTERNAL, 1 },
        { -1000, 1 },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(cli_exit_status(cases[i].code), cases[i].status);
}

OCI_TEST (report, errors_are_built_like_those_of_the_library) {
    struct cli cli = { .hint = "old" };

    assert_int_equal(cli_fail(&cli, OCI_E_INVALID, "'%s'", "a\nb"), OCI_E_INVALID);
    assert_string_equal(cli.err.msg, "'a\\x0ab'");
    assert_string_equal(cli.hint, "");
    cli_hint(&cli, "try '%s'", "\x1b");
    assert_string_equal(cli.hint, "try '\\x1b'");
    assert_int_equal(cli_wrap(&cli, OCI_E_INVALID, "layer %d", 2), OCI_E_INVALID);
    assert_string_equal(cli.err.msg, "layer 2: 'a\\x0ab'");
    assert_int_equal(cli_wrap(&cli, 0, "layer %d", 3), 0);
    assert_string_equal(cli.err.msg, "layer 2: 'a\\x0ab'");
    errno = ENOENT;
    assert_int_equal(cli_fail_errno(&cli, "'%s'", "f"), OCI_E_NOT_FOUND);
    assert_string_equal(cli.err.msg, "'f': No such file or directory");
    assert_int_equal(cli.err.sys_errno, ENOENT);
    errno = EACCES;
    assert_int_equal(cli_fail_errno(&cli, "f"), OCI_E_PERM);
    errno = EIO;
    assert_int_equal(cli_fail_errno(&cli, "f"), OCI_E_IO);
}

/* Runs child in a process of its own; the status of its end. */
static int in_child(int (*child)(void))
{
    pid_t pid = fork();
    int status = 0;

    assert_true(pid >= 0);
    if (pid == 0)
        _exit(child());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static int cancelled_by_signal(void)
{
    struct cli cli = { 0 };
    const oci_events *events = cli_events(&cli);

    if (events->cancelled(events->ctx) || cli_signal() != 0)
        return 1;
    raise(SIGTERM);
    if (!events->cancelled(events->ctx) || cli_signal() != SIGTERM)
        return 2;
    /* What follows is not interrupted any more. */
    if (alarm(0) != 0)
        return 4;
    cli_die(cli_signal());
    return 3;
}

OCI_TEST (process, a_signal_cancels_and_then_kills) {
    int status = in_child(cancelled_by_signal);

    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGTERM);
}

static int interrupted_twice(void)
{
    struct cli cli = { 0 };

    cli_events(&cli);
    raise(SIGINT);
    if (cli_signal() != SIGINT)
        return 1;
    raise(SIGINT);
    return 2;
}

OCI_TEST (process, the_second_signal_kills_at_once) {
    int status = in_child(interrupted_twice);

    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGINT);
}

static int ignores_what_was_ignored(void)
{
    struct cli cli = { 0 };

    signal(SIGHUP, SIG_IGN);
    cli_events(&cli);
    raise(SIGHUP);
    return cli_signal() == 0 ? 0 : 1;
}

OCI_TEST (process, what_was_ignored_stays_ignored) {
    int status = in_child(ignores_what_was_ignored);

    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* A pipe that nobody opens for writing, one that nobody reads, a lock that another one holds: the signal comes before
 * the call. */
static char fifo[] = "oci-archive:/tmp/oci-image-run-XXXXXX";
static const char *const path = fifo + sizeof "oci-archive:" - 1;

static int waits_for_a_writer(void)
{
    struct cli cli = { 0 };
    int fd;

    cli_events(&cli);
    raise(SIGINT);
    return cli_open_input(&cli, path, &fd) == OCI_E_CANCELLED ? 0 : 1;
}

static int waits_for_a_reader(void)
{
    const struct cli_archive options = { 0 };
    struct cli cli = { 0 };
    struct cli_dest dest = { 0 };

    if (cli_dest_parse(&cli, fifo, &dest) < 0)
        return 1;
    cli_events(&cli);
    raise(SIGHUP);
    return cli_dest_open(&cli, &options, NULL, NULL, &dest) == OCI_E_CANCELLED ? 0 : 2;
}

/* As the library does that, which asks whether it is cancelled when it is interrupted. */
static int waits_for_a_lock(void)
{
    struct cli cli = { 0 };
    const int held = open(path, O_RDWR | O_CLOEXEC), fd = open(path, O_RDWR | O_CLOEXEC);

    if (flock(held, LOCK_EX) < 0)
        return 1;
    cli_events(&cli);
    raise(SIGTERM);
    return flock(fd, LOCK_EX) < 0 && errno == EINTR ? 0 : 2;
}

OCI_TEST (process, a_signal_before_a_call_that_waits_ends_it) {
    int (*const children[])(void) = { waits_for_a_writer, waits_for_a_reader, waits_for_a_lock };

    close(mkstemp(fifo + (path - fifo)));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    for (size_t i = 0; i < sizeof children / sizeof *children; i++) {
        int status = in_child(children[i]);

        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
    assert_int_equal(unlink(path), 0);
}

/* What cli says and shows on standard error, read back through a pipe. */
static void capture(struct cli *cli, void (*talk)(struct cli *cli), char *out, size_t cap)
{
    int pipes[2], saved = dup(STDERR_FILENO);
    ssize_t n;

    assert_int_equal(pipe(pipes), 0);
    fflush(stderr);
    assert_true(dup2(pipes[1], STDERR_FILENO) >= 0);
    talk(cli);
    fflush(stderr);
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    close(pipes[1]);
    close(saved);
    n = read(pipes[0], out, cap - 1);
    close(pipes[0]);
    assert_true(n >= 0);
    out[n] = '\0';
}

static void warn_and_note(struct cli *cli)
{
    cli_warn(cli, "%s", "odd\n");
    cli_note(cli, "fine");
}

OCI_TEST (report, quiet_and_verbose) {
    static const struct cli_entry entry = { "unpack", BUNDLE, NULL, NULL };
    struct cli cli = { .entry = &entry };
    char said[256];

    capture(&cli, warn_and_note, said, sizeof said);
    assert_string_equal(said, "oci-image: unpack: warning: odd\\x0a\n");
    cli.common.verbose = 1;
    capture(&cli, warn_and_note, said, sizeof said);
    assert_string_equal(said, "oci-image: unpack: warning: odd\\x0a\noci-image: unpack: fine\n");
    cli.common.quiet = true;
    capture(&cli, warn_and_note, said, sizeof said);
    assert_string_equal(said, "");
}

static void progress(struct cli *cli)
{
    cli_progress_show(cli, "layer 1", 2048, 2048);
}

OCI_TEST (progress, takes_the_form_asked_for) {
    struct cli cli = { 0 };
    char said[256];

    /* A pipe is no terminal. */
    cli.common.progress = CLI_PROGRESS_AUTO;
    capture(&cli, progress, said, sizeof said);
    assert_string_equal(said, "");
    cli.common.progress = CLI_PROGRESS_NONE;
    capture(&cli, progress, said, sizeof said);
    assert_string_equal(said, "");
    cli.common.progress = CLI_PROGRESS_PLAIN;
    capture(&cli, progress, said, sizeof said);
    assert_string_equal(said, "layer 1  2.0 KiB of 2.0 KiB (100 %)\n");
    cli.common.progress = CLI_PROGRESS_JSON;
    capture(&cli, progress, said, sizeof said);
    assert_string_equal(said, "{\"progress\":\"layer 1\",\"done\":2048,\"total\":2048}\n");
    cli.common.quiet = true;
    capture(&cli, progress, said, sizeof said);
    assert_string_equal(said, "");
}
