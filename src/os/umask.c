/* SPDX-License-Identifier: Apache-2.0 */
/* umask(2) can only be read by changing it, which other threads would notice. */
#include "os.h"

#include <fcntl.h>
#include <string.h>

#include "sys.h"

/* From "Umask:" in /proc/self/status, octal. */
static bool umask_of_status(mode_t *mask)
{
    OCI_AUTO_FD int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    char text[4096];
    ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
    const char *digits;
    mode_t value = 0;

    if (n <= 0)
        return false;
    text[n] = '\0';
    digits = strstr(text, "\nUmask:");
    if (digits == NULL)
        return false;
    digits += strlen("\nUmask:");
    digits += strspn(digits, " \t");
    if (*digits < '0' || *digits > '7')
        return false;
    for (; *digits >= '0' && *digits <= '7'; digits++)
        value = (value << 3 | (mode_t)(*digits - '0')) & 0777;
    *mask = value;
    return true;
}

/* From the mode that a nameless file gets. */
static bool umask_of_file(mode_t *mask)
{
    static const char *const places[] = { "/tmp", "/dev/shm", "." };

    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        OCI_AUTO_FD int fd = open(places[i], O_TMPFILE | O_WRONLY | O_CLOEXEC, 0777);
        struct stat st;

        if (fd >= 0 && fstat(fd, &st) == 0) {
            *mask = ~st.st_mode & 0777;
            return true;
        }
    }
    return false;
}

mode_t oci_apply_umask(mode_t mode)
{
    mode_t mask;

    if (!umask_of_status(&mask) && !umask_of_file(&mask))
        mask = 0077; /* too little access can be mended later */
    return mode & ~mask;
}
