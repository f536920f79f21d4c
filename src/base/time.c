/* SPDX-License-Identifier: Apache-2.0 */
#include "time.h"

#include <stdio.h>

/* Days since 1970-01-01 of a day of the proleptic Gregorian calendar. The year starts in March here, so that the leap
 * day is its last. */
static int64_t days_from_civil(int64_t y, unsigned m, unsigned d)
{
    int64_t era;
    unsigned yoe, doy, doe;

    y -= m <= 2;
    era = (y >= 0 ? y : y - 399) / 400;
    yoe = (unsigned)(y - era * 400);
    doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
    doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + (int64_t)doe - 719468;
}

static void civil_from_days(int64_t z, int64_t *y, unsigned *m, unsigned *d)
{
    int64_t era;
    unsigned doe, yoe, doy, mp;

    z += 719468;
    era = (z >= 0 ? z : z - 146096) / 146097;
    doe = (unsigned)(z - era * 146097);
    yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    mp = (5 * doy + 2) / 153;
    *d = doy - (153 * mp + 2) / 5 + 1;
    *m = mp < 10 ? mp + 3 : mp - 9;
    *y = (int64_t)yoe + era * 400 + (*m <= 2);
}

struct cursor {
    const char *p, *end;
};

static bool take_digits(struct cursor *c, int count, unsigned *out)
{
    unsigned value = 0;

    for (int i = 0; i < count; i++, c->p++) {
        if (c->p == c->end || *c->p < '0' || *c->p > '9')
            return false;
        value = value * 10 + (unsigned)(*c->p - '0');
    }
    *out = value;
    return true;
}

static bool take(struct cursor *c, char a, char b)
{
    if (c->p == c->end || (*c->p != a && *c->p != b))
        return false;
    c->p++;
    return true;
}

static unsigned days_in_month(unsigned y, unsigned m)
{
    static const unsigned char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;

    return m == 2 && leap ? 29 : days[m - 1];
}

static bool take_fraction(struct cursor *c, uint32_t *nsec)
{
    uint32_t unit = 100000000;

    *nsec = 0;
    if (!take(c, '.', '.'))
        return true;
    if (c->p == c->end || *c->p < '0' || *c->p > '9')
        return false;
    for (; c->p < c->end && *c->p >= '0' && *c->p <= '9'; c->p++, unit /= 10)
        *nsec += unit * (uint32_t)(*c->p - '0');
    return true;
}

static bool take_zone(struct cursor *c, int64_t *offset)
{
    unsigned hours, minutes;
    bool minus;

    *offset = 0;
    if (take(c, 'Z', 'z'))
        return true;
    minus = c->p < c->end && *c->p == '-';
    if (!take(c, '+', '-') || !take_digits(c, 2, &hours) || !take(c, ':', ':') || !take_digits(c, 2, &minutes))
        return false;
    if (hours > 23 || minutes > 59)
        return false;
    *offset = (int64_t)(hours * 60 + minutes) * (minus ? -60 : 60);
    return true;
}

bool oci_time_parse_rfc3339(const char *s, size_t n, int64_t *sec, uint32_t *nsec)
{
    struct cursor c = { s, s + n };
    unsigned year, month, day, hour, minute, second;
    int64_t offset;
    uint32_t fraction;

    if (!take_digits(&c, 4, &year) || !take(&c, '-', '-') || !take_digits(&c, 2, &month) || !take(&c, '-', '-') ||
        !take_digits(&c, 2, &day) || !take(&c, 'T', 't') || !take_digits(&c, 2, &hour) || !take(&c, ':', ':') ||
        !take_digits(&c, 2, &minute) || !take(&c, ':', ':') || !take_digits(&c, 2, &second) ||
        !take_fraction(&c, &fraction) || !take_zone(&c, &offset) || c.p != c.end)
        return false;
    if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) || hour > 23 || minute > 59 ||
        second > 60)
        return false;
    if (sec != NULL)
        *sec = days_from_civil(year, month, day) * 86400 + (int64_t)(hour * 3600 + minute * 60 + second) - offset;
    if (nsec != NULL)
        *nsec = fraction;
    return true;
}

bool oci_time_format_rfc3339(int64_t sec, char out[OCI_TIME_TEXT])
{
    int64_t days = sec / 86400 - (sec % 86400 < 0), year;
    unsigned rest = (unsigned)((sec % 86400 + 86400) % 86400), month, day;

    civil_from_days(days, &year, &month, &day);
    if (year < 0 || year > 9999)
        return false;
    snprintf(out, OCI_TIME_TEXT, "%04u-%02u-%02uT%02u:%02u:%02uZ", (unsigned)year, month, day, rest / 3600,
             rest / 60 % 60, rest % 60);
    return true;
}
