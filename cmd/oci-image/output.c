/* SPDX-License-Identifier: Apache-2.0 */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_replaced(const char *name)
{
    struct stat st;

    return lstat(name, &st) < 0 ? errno == ENOENT : S_ISREG(st.st_mode);
}

/* With the mode that a file made the usual way has. NULL and errno. */
static FILE *open_temporary(char *name)
{
    int fd = mkostemp(name, O_CLOEXEC);
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

int cli_output_open(struct cli *cli, const char *name, struct cli_output_file *out)
{
    *out = (struct cli_output_file) { .f = stdout };
    if (name == NULL || strcmp(name, "-") == 0)
        return 0;
    out->name = name;
    if (!is_replaced(name)) {
        out->f = fopen(name, "we");
    } else if (asprintf(&out->temporary, "%s.XXXXXX", name) < 0) {
        out->temporary = NULL;
        return cli_fail(cli, OCI_E_NOMEM, "out of memory");
    } else {
        out->f = open_temporary(out->temporary);
    }
    if (out->f != NULL)
        return 0;
    cli_fail_errno(cli, "'%s'", name);
    free(out->temporary);
    return cli->err.code;
}

int cli_output_close(struct cli *cli, struct cli_output_file *out, int r)
{
    bool failed;

    /* Standard output is closed, and looked at, by main. */
    if (out->name == NULL)
        return r;
    failed = ferror(out->f) != 0;
    /* What an earlier write has failed with is not known any more. */
    errno = EIO;
    if ((fclose(out->f) != 0 || failed) && r == 0)
        r = cli_fail_errno(cli, "write '%s'", out->name);
    if (r == 0 && out->temporary != NULL && rename(out->temporary, out->name) < 0)
        r = cli_fail_errno(cli, "'%s'", out->name);
    if (r < 0 && out->temporary != NULL)
        unlink(out->temporary);
    free(out->temporary);
    return r;
}
