/* SPDX-License-Identifier: Apache-2.0 */
/* Progress on standard error: a live line on a terminal, lines or JSON lines where they are asked for. */
#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "out.h"
#include "run.h"

enum { FIRST_MS = 500, EVERY_MS = 100, PLAIN_MS = 5000 };

static struct {
    int64_t started, shown; /* ms; 0: never */
    bool live;              /* the cursor stands in a line of ours */
} state;

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void cli_progress_clear(const struct cli *cli)
{
    (void)cli;
    if (state.live)
        fputs("\r\x1b[K", stderr);
    state.live = false;
}

static void show_text(const char *what, uint64_t done, uint64_t total)
{
    char have[CLI_SIZE_TEXT], all[CLI_SIZE_TEXT];

    cli_format_size(done, have);
    cli_format_size(total, all);
    cli_out_text(stderr, what, strlen(what));
    if (total > 0)
        fprintf(stderr, "  %s of %s (%u %%)", have, all,
                (unsigned)(done < total ? (double)done / (double)total * 100 : 100));
    else
        fprintf(stderr, "  %s", have);
}

static void show_json(const char *what, uint64_t done, uint64_t total)
{
    fputs("{\"progress\":", stderr);
    cli_out_json_string(stderr, what, strlen(what));
    fprintf(stderr, ",\"done\":%" PRIu64 ",\"total\":%" PRIu64 "}\n", done, total);
}

void cli_progress_show(void *ctx, const char *what, uint64_t done, uint64_t total)
{
    const struct cli *cli = ctx;
    enum cli_progress how = (enum cli_progress)cli->common.progress;
    bool last = total > 0 && done >= total;
    int64_t now;

    if (cli->common.quiet || how == CLI_PROGRESS_NONE || (how == CLI_PROGRESS_AUTO && !isatty(STDERR_FILENO)))
        return;
    now = now_ms();
    if (state.started == 0)
        state.started = now;
    switch (how) {
    case CLI_PROGRESS_AUTO:
        if (now - state.started < FIRST_MS || now - state.shown < EVERY_MS)
            return;
        fputs("\r", stderr);
        show_text(what, done, total);
        fputs("\x1b[K", stderr);
        fflush(stderr);
        state.live = true;
        break;
    case CLI_PROGRESS_PLAIN:
        if (!last && now - state.shown < PLAIN_MS)
            return;
        show_text(what, done, total);
        fputs("\n", stderr);
        break;
    case CLI_PROGRESS_JSON:
        if (!last && now - state.shown < EVERY_MS)
            return;
        show_json(what, done, total);
        break;
    case CLI_PROGRESS_NONE:
        return;
    }
    state.shown = now;
}
