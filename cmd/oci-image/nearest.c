/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "parse.h"

enum { LONGEST = 40 };

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* How many characters must be put in, left out, replaced or exchanged with their neighbour to make b of a. */
static size_t distance(const char *a, size_t n, const char *b, size_t m)
{
    size_t d[LONGEST + 1][LONGEST + 1];

    for (size_t i = 0; i <= n; i++)
        d[i][0] = i;
    for (size_t k = 0; k <= m; k++)
        d[0][k] = k;
    for (size_t i = 1; i <= n; i++) {
        for (size_t k = 1; k <= m; k++) {
            size_t replaced = d[i - 1][k - 1] + (a[i - 1] != b[k - 1]);

            d[i][k] = smaller(replaced, smaller(d[i - 1][k], d[i][k - 1]) + 1);
            if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1])
                d[i][k] = smaller(d[i][k], d[i - 2][k - 2] + 1);
        }
    }
    return d[n][m];
}

void cli_nearest_try(struct cli_nearest *n, const char *word)
{
    size_t typed = strlen(n->typed), len = strlen(word), d;

    if (typed == 0 || typed > LONGEST || len > LONGEST)
        return;
    /* A word that was begun is as good as one with a single slip. */
    d = typed >= 3 && strncmp(n->typed, word, typed) == 0 ? 1 : distance(n->typed, typed, word, len);
    if (d > (len + 2) / 4 + 1 || d >= len)
        return;
    if (n->best == NULL || d < n->distance) {
        n->best = word;
        n->distance = d;
    }
}
