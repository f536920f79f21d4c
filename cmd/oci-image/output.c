/* SPDX-License-Identifier: Apache-2.0 */
#include "output.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The file is made beside its place: a reader sees the old one or the whole new one. */
static int write_file(struct cli *cli, const char *name, const void *p, size_t len)
{
    size_t n = strlen(name) + sizeof ".XXXXXX";
    char *temporary = malloc(n);
    mode_t mask = umask(0);
    FILE *f = NULL;
    int fd = -1, r = 0;

    umask(mask);
    if (temporary == NULL)
        return cli_fail(cli, OCI_E_NOMEM, "out of memory");
    snprintf(temporary, n, "%s.XXXXXX", name);
    fd = mkostemp(temporary, O_CLOEXEC);
    f = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (f == NULL)
        r = cli_fail_errno(cli, "make '%s'", name);
    else if (fwrite(p, 1, len, f) != len || fflush(f) != 0 || fchmod(fd, 0666 & ~mask) != 0)
        r = cli_fail_errno(cli, "write '%s'", name);
    if (f != NULL && fclose(f) != 0 && r == 0)
        r = cli_fail_errno(cli, "write '%s'", name);
    if (r == 0 && rename(temporary, name) != 0)
        r = cli_fail_errno(cli, "put '%s' in place", name);
    if (r < 0 && fd >= 0)
        unlink(temporary);
    free(temporary);
    return r;
}

/* A place that is no regular file (a pipe, a device, a link to whatever) is written to, not replaced. */
int cli_write_output(struct cli *cli, const char *name, const void *p, size_t n)
{
    struct stat st;
    FILE *f = stdout;
    int r = 0;

    if (name != NULL && (lstat(name, &st) != 0 || S_ISREG(st.st_mode)))
        return write_file(cli, name, p, n);
    if (name != NULL && (f = fopen(name, "we")) == NULL)
        return cli_fail_errno(cli, "open '%s'", name);
    if (fwrite(p, 1, n, f) != n && f != stdout)
        r = cli_fail_errno(cli, "write '%s'", name);
    if (f != stdout && fclose(f) != 0 && r == 0)
        r = cli_fail_errno(cli, "write '%s'", name);
    return r;
}
