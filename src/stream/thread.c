/* SPDX-License-Identifier: Apache-2.0 */
#include "thread.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>

#include "base/fail.h"

int oci_thread_start(pthread_t *thread, void *(*run)(void *), void *arg, oci_error *err)
{
    sigset_t all, before;
    int r;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    r = pthread_create(thread, NULL, run, arg);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (r == 0)
        return 0;
    errno = r;
    return oci_fail_errno(err, "start a thread");
}

unsigned oci_thread_count(unsigned max)
{
    cpu_set_t set;
    unsigned n = 1;

    if (sched_getaffinity(0, sizeof set, &set) == 0)
        n = (unsigned)CPU_COUNT(&set);
    return n < max ? n : max;
}
