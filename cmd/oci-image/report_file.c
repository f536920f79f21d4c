/* SPDX-License-Identifier: Apache-2.0 */
/* Where a report goes: to standard output or into a file, which is whole or not there. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "report_format.h"

/* Devices, pipes and what a link leads to are written to and not replaced. */
static bool is_replaced(const char *file)
{
    struct stat st;

    return lstat(file, &st) < 0 ? errno == ENOENT : S_ISREG(st.st_mode);
}

/* Prints and closes f; file is how to call it. */
static int print_and_close(struct cli *cli, FILE *f, const char *file, const struct cli_report_format *format,
                           const struct cli_report_view *v)
{
    int r = format->print(f, v);
    bool failed = ferror(f) != 0;

    if (r < 0)
        cli_fail(cli, r, "out of memory");
    if ((fclose(f) != 0 || failed) && r == 0)
        r = cli_fail_errno(cli, "write '%s'", file);
    return r;
}

static int write_in_place(struct cli *cli, const char *file, const struct cli_report_format *format,
                          const struct cli_report_view *v)
{
    FILE *f = fopen(file, "we");

    return f != NULL ? print_and_close(cli, f, file, format, v) : cli_fail_errno(cli, "'%s'", file);
}

/* With the mode that a file made the usual way has. */
static FILE *open_temporary(char *name)
{
    int fd = mkstemp(name);
    mode_t mask = umask(0);
    FILE *f;

    umask(mask);
    if (fd < 0)
        return NULL;
    f = fchmod(fd, 0666 & ~mask) == 0 ? fdopen(fd, "w") : NULL;
    if (f == NULL) {
        int saved = errno;

        close(fd);
        unlink(name);
        errno = saved;
    }
    return f;
}

static int write_beside(struct cli *cli, const char *file, const struct cli_report_format *format,
                        const struct cli_report_view *v)
{
    char *temporary = NULL;
    FILE *f;
    int r;

    if (asprintf(&temporary, "%s.XXXXXX", file) < 0)
        return cli_fail(cli, OCI_E_NOMEM, "out of memory");
    f = open_temporary(temporary);
    if (f == NULL) {
        r = cli_fail_errno(cli, "'%s'", file);
    } else {
        r = print_and_close(cli, f, file, format, v);
        if (r == 0 && rename(temporary, file) < 0)
            r = cli_fail_errno(cli, "'%s'", file);
        if (r < 0)
            unlink(temporary);
    }
    free(temporary);
    return r;
}

int cli_report_write(struct cli *cli, const char *file, const struct cli_report_format *format,
                     const struct cli_report_view *v)
{
    if (file != NULL && strcmp(file, "-") != 0)
        return is_replaced(file) ? write_beside(cli, file, format, v) : write_in_place(cli, file, format, v);
    return format->print(stdout, v) < 0 ? cli_fail(cli, OCI_E_NOMEM, "out of memory") : 0;
}
