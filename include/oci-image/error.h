/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_IMAGE_ERROR_H
#define OCI_IMAGE_ERROR_H
/*
 * Errors are values: a negative code is returned, and the text, when somebody wants it, is written to an oci_error that
 * the caller owns. Nothing is allocated, printed or kept in the library, and a failing call always fills msg.
 *
 *     oci_error err = OCI_ERROR_INIT;
 *     if (oci_digest_parse(text, len, &digest, &err) < 0)
 *         fprintf(stderr, "%s\n", err.msg);
 */
#include <oci-image/common.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    OCI_E_NOMEM = -1,        /* memory could not be had */
    OCI_E_IO = -2,           /* a system call failed; sys_errno says how */
    OCI_E_PERM = -3,         /* the system does not allow it; sys_errno is EPERM, EACCES or EROFS */
    OCI_E_NOT_FOUND = -4,    /* a layout, name, platform, blob or path that was asked for is not there */
    OCI_E_EXISTS = -5,       /* the destination is already there */
    OCI_E_AMBIGUOUS = -6,    /* more than one thing fits what was asked for */
    OCI_E_BUSY = -7,         /* somebody else holds the lock */
    OCI_E_CANCELLED = -8,    /* the caller's events said so */
    OCI_E_USAGE = -9,        /* the caller asked for something that makes no sense */
    OCI_E_INVALID = -10,     /* a document, archive or stream breaks a rule of its specification */
    OCI_E_UNSUPPORTED = -11, /* well-formed, but nothing this library can work with */
    OCI_E_DIGEST = -12,      /* content does not have the digest it was promised to have */
    OCI_E_SIZE = -13,        /* content does not have the size it was promised to have */
    OCI_E_LIMIT = -14,       /* a ceiling of oci_limits was passed */
    OCI_E_UNSAFE = -15,      /* an image tried to leave its root */
    OCI_E_CONFLICT = -16,    /* somebody else changed what this was based on */
    OCI_E_INTERNAL = -17     /* a bug of the library */
};

/* The size and the members are fixed for ever; copy it with =. */
typedef struct oci_error {
    int32_t code;      /* OCI_E_..., or 0 */
    int32_t sys_errno; /* the errno behind OCI_E_IO and OCI_E_PERM, or 0 */
    char msg[1016];    /* one line of UTF-8, outermost context first; cut with "..." when too long */
} oci_error;

#define OCI_ERROR_INIT                                                                                                 \
    {                                                                                                                  \
        0, 0,                                                                                                          \
        {                                                                                                              \
            0                                                                                                          \
        }                                                                                                              \
    }

/* The name of a code ("OCI_E_INVALID"), static; "OCI_E_UNKNOWN" for anything else. */
OCI_API const char *oci_error_name(int code);

#ifdef __cplusplus
}
#endif
#endif
