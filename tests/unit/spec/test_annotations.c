/* SPDX-License-Identifier: Apache-2.0 */
#include <oci-image/descriptor.h>

#include "test.h"

OCI_TEST (annotations, are_found_by_their_whole_key) {
    static const oci_pair items[] = {
        { "a", "1", 1, 1 },
        { "ab", "2", 2, 1 },
        { "", "3", 0, 1 },
        { OCI_ANNOTATION_REF_NAME, "", 33, 0 },
    };
    const oci_annotations a = { items, 4 };

    assert_string_equal(oci_annotations_get(&a, "a"), "1");
    assert_string_equal(oci_annotations_get(&a, "ab"), "2");
    assert_string_equal(oci_annotations_get(&a, ""), "3");
    assert_string_equal(oci_annotations_get(&a, "org.opencontainers.image.ref.name"), "");
    assert_null(oci_annotations_get(&a, "abc"));
    assert_null(oci_annotations_get(NULL, "a"));
}
