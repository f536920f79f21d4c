/* SPDX-License-Identifier: Apache-2.0 */
/* What goes to standard error, and the exit status. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <oci-image/text.h>

#include "cli.h"
#include "run.h"

/* Formats into out so that it is one printable line. */
OCI_PRINTF(3, 0) static void format_line(char *out, size_t cap, const char *fmt, va_list args)
{
    char raw[2048];
    int n = vsnprintf(raw, sizeof raw, fmt, args);

    if (n < 0)
        n = 0;
    oci_utf8_escape(raw, (size_t)n < sizeof raw ? (size_t)n : sizeof raw - 1, out, cap);
}

int cli_fail(struct cli *cli, int code, const char *fmt, ...)
{
    va_list args;

    cli->err = (oci_error) { .code = code };
    cli->hint[0] = '\0';
    va_start(args, fmt);
    format_line(cli->err.msg, sizeof cli->err.msg, fmt, args);
    va_end(args);
    return code;
}

static int code_of_errno(int e)
{
    switch (e) {
    case ENOENT:
    case ENOTDIR:
        return OCI_E_NOT_FOUND;
    case EPERM:
    case EACCES:
    case EROFS:
        return OCI_E_PERM;
    case ENOMEM:
        return OCI_E_NOMEM;
    case EINTR:
        return cli_signal() != 0 ? OCI_E_CANCELLED : OCI_E_IO;
    default:
        return OCI_E_IO;
    }
}

int cli_fail_errno(struct cli *cli, const char *fmt, ...)
{
    char text[sizeof cli->err.msg];
    int saved = errno;
    va_list args;

    va_start(args, fmt);
    format_line(text, sizeof text, fmt, args);
    va_end(args);
    cli_fail(cli, code_of_errno(saved), "%s: %s", text, strerror(saved));
    cli->err.sys_errno = saved;
    return cli->err.code;
}

int cli_wrap(struct cli *cli, int r, const char *fmt, ...)
{
    char context[sizeof cli->err.msg], inner[sizeof cli->err.msg];
    va_list args;

    if (r >= 0)
        return r;
    memcpy(inner, cli->err.msg, sizeof inner);
    va_start(args, fmt);
    format_line(context, sizeof context, fmt, args);
    va_end(args);
    snprintf(context + strlen(context), sizeof context - strlen(context), ": ");
    snprintf(cli->err.msg, sizeof cli->err.msg, "%.500s%.510s", context, inner);
    return r;
}

void cli_hint(struct cli *cli, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    format_line(cli->hint, sizeof cli->hint, fmt, args);
    va_end(args);
}

bool cli_use_color(const struct cli *cli, FILE *f)
{
    const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");

    if (cli->common.color != CLI_AUTO)
        return cli->common.color == CLI_ALWAYS;
    return (no_color == NULL || no_color[0] == '\0') && term != NULL && strcmp(term, "dumb") != 0 && isatty(fileno(f));
}

/* One write for the line, so that lines of processes side by side do not mix. */
static void print_line(const struct cli *cli, const char *color, const char *kind, const char *text)
{
    bool colored = color[0] != '\0' && cli_use_color(cli, stderr);
    char line[2600];

    cli_progress_clear(cli);
    snprintf(line, sizeof line, "oci-image: %s%s%s%s%s%s\n", cli->entry != NULL ? cli->entry->name : "",
             cli->entry != NULL ? ": " : "", colored ? color : "", kind, colored ? "\x1b[0m" : "", text);
    fputs(line, stderr);
}

int cli_report(struct cli *cli, int r)
{
    if (r < 0) {
        print_line(cli, "", "", cli->err.msg[0] != '\0' ? cli->err.msg : oci_error_name(r));
        if (cli->hint[0] != '\0')
            fprintf(stderr, "%shint:%s %s\n", cli_use_color(cli, stderr) ? "\x1b[36m" : "",
                    cli_use_color(cli, stderr) ? "\x1b[0m" : "", cli->hint);
    }
    cli->err = (oci_error)OCI_ERROR_INIT;
    cli->hint[0] = '\0';
    return cli_exit_status(r);
}

void cli_warn(const struct cli *cli, const char *fmt, ...)
{
    char text[2048];
    va_list args;

    if (cli->common.quiet)
        return;
    va_start(args, fmt);
    format_line(text, sizeof text, fmt, args);
    va_end(args);
    print_line(cli, "\x1b[33m", "warning: ", text);
}

void cli_note(const struct cli *cli, const char *fmt, ...)
{
    char text[2048];
    va_list args;

    if (cli->common.quiet || cli->common.verbose == 0)
        return;
    va_start(args, fmt);
    format_line(text, sizeof text, fmt, args);
    va_end(args);
    print_line(cli, "", "", text);
}

int cli_exit_status(int r)
{
    if (r >= 0)
        return r;
    switch (r) {
    case OCI_E_USAGE:
        return 2;
    case OCI_E_INVALID:
    case OCI_E_UNSUPPORTED: /* what comes from an image; what the user asks for is usage */
    case OCI_E_DIGEST:
    case OCI_E_SIZE:
    case OCI_E_LIMIT:
    case OCI_E_UNSAFE:
        return 3;
    case OCI_E_NOT_FOUND:
    case OCI_E_AMBIGUOUS:
        return 4;
    default: /* no memory, I/O, permission, exists, busy, cancelled, conflict, internal */
        return 1;
    }
}
