/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_IMAGE_OCI_IMAGE_H
#define OCI_IMAGE_OCI_IMAGE_H
/* Everything at once. */
#include <oci-image/bundle.h>
#include <oci-image/common.h>
#include <oci-image/copy.h>
#include <oci-image/create.h>
#include <oci-image/descriptor.h>
#include <oci-image/digest.h>
#include <oci-image/document.h>
#include <oci-image/edit.h>
#include <oci-image/error.h>
#include <oci-image/export.h>
#include <oci-image/gc.h>
#include <oci-image/image.h>
#include <oci-image/layer.h>
#include <oci-image/layout.h>
#include <oci-image/mediatype.h>
#include <oci-image/reference.h>
#include <oci-image/store.h>
#include <oci-image/stream.h>
#include <oci-image/text.h>
#include <oci-image/unpack.h>
#include <oci-image/validate.h>
#include <oci-image/version.h>
#endif
