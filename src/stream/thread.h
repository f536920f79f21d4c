/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_STREAM_THREAD_H
#define OCI_STREAM_THREAD_H
/* Threads of this module. */
#include <pthread.h>

#include <oci-image/error.h>

/* Starts a thread that takes no signals: they are for the threads of the program. */
int oci_thread_start(pthread_t *thread, void *(*run)(void *), void *arg, oci_error *err);
/* How many threads find a processor, at most max. */
unsigned oci_thread_count(unsigned max);

#endif
