/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_SPEC_SPEC_H
#define OCI_SPEC_SPEC_H
/*
 * The documents of image-spec for the rest of the library: the field tables behind the public functions, for those who
 * want every problem of a document (oci_decode_options.report) or the descriptors in it (oci_visit).
 *
 * A document that these tables accept is what image-spec 1.1.1 calls valid, but for what needs another document to be
 * seen and for what is only recommended. Each problem names its row of the requirements.
 */
#include <oci-image/descriptor.h>
#include <oci-image/document.h>
#include <oci-image/mediatype.h>
#include <oci-image/reference.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "json/codec.h"

OCI_DEFINE_AUTO(oci_platform);
OCI_DEFINE_AUTO(oci_reference);
OCI_DEFINE_AUTO(oci_layout_file);
OCI_DEFINE_AUTO(oci_index);
OCI_DEFINE_AUTO(oci_manifest);
OCI_DEFINE_AUTO(oci_config);

extern const oci_type oci_platform_type;
extern const oci_type oci_descriptor_type;
extern const oci_type oci_index_type;
extern const oci_type oci_manifest_type;
extern const oci_type oci_config_type;
extern const oci_type oci_layout_file_type;

/* The first pair whose key is these n bytes, whatever NUL bytes keys and values have; NULL when there is none. */
const oci_pair *oci_annotations_find(const oci_annotations *a, const char *key, size_t n);

/* Whether name is a well-known name of an architecture that is not Go's; sets Go's and the variant that goes with it
 * (or NULL), both static. */
bool oci_platform_alias(const char *name, const char **architecture, const char **variant);
/* The platform of a Linux machine by the name that uname gives it; static, of architecture "unknown" for an unknown
 * one. */
const oci_platform *oci_platform_of_machine(const char *machine);

/* What tells p from other platforms, into out (emptied before): the same bytes for two that each run where the other
 * does and are of one os.version; what differs in writing alone (arm64 and arm64/v8) is the same. Nothing for one that
 * is unknown, which is like no other. */
int oci_platform_key(const oci_platform *p, oci_buf *out, oci_error *err);

/* Whether two names mean the same where Docker's rules count: "busybox" is "docker.io/library/busybox:latest". */
bool oci_is_same_docker_name(const char *a, const char *b);

/* Whether s is a URI by RFC 3986 section 3: a scheme and no character that would need escaping. */
bool oci_uri_is_wellformed(const char *s);

#endif
