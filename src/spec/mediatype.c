/* SPDX-License-Identifier: Apache-2.0 */
#include <oci-image/mediatype.h>

#include "base/text.h"

/* The subtype of RFC 6838 section 4.2 and its type have the same grammar and length. */
enum { NAME_MAX_LENGTH = 127 };

#define LAYER_NONDISTRIBUTABLE "application/vnd.oci.image.layer.nondistributable.v1.tar"
#define DOCKER_LAYER           "application/vnd.docker.image.rootfs.diff.tar"
#define DOCKER_FOREIGN_LAYER   "application/vnd.docker.image.rootfs.foreign.diff.tar"

static const struct {
    const char *type;
    oci_media_info info;
} known[] = {
    { OCI_MEDIA_TYPE_DESCRIPTOR, { .kind = OCI_MEDIA_DESCRIPTOR } },
    { OCI_MEDIA_TYPE_LAYOUT, { .kind = OCI_MEDIA_LAYOUT } },
    { OCI_MEDIA_TYPE_INDEX, { .kind = OCI_MEDIA_INDEX } },
    { OCI_MEDIA_TYPE_MANIFEST, { .kind = OCI_MEDIA_MANIFEST } },
    { OCI_MEDIA_TYPE_CONFIG, { .kind = OCI_MEDIA_CONFIG } },
    { OCI_MEDIA_TYPE_EMPTY, { .kind = OCI_MEDIA_EMPTY } },
    { OCI_MEDIA_TYPE_LAYER, { OCI_MEDIA_LAYER, OCI_COMPRESSION_NONE, false, false } },
    { OCI_MEDIA_TYPE_LAYER_GZIP, { OCI_MEDIA_LAYER, OCI_COMPRESSION_GZIP, false, false } },
    { OCI_MEDIA_TYPE_LAYER_ZSTD, { OCI_MEDIA_LAYER, OCI_COMPRESSION_ZSTD, false, false } },
    { LAYER_NONDISTRIBUTABLE, { OCI_MEDIA_LAYER, OCI_COMPRESSION_NONE, false, true } },
    { LAYER_NONDISTRIBUTABLE "+gzip", { OCI_MEDIA_LAYER, OCI_COMPRESSION_GZIP, false, true } },
    { LAYER_NONDISTRIBUTABLE "+zstd", { OCI_MEDIA_LAYER, OCI_COMPRESSION_ZSTD, false, true } },

    { "application/vnd.docker.distribution.manifest.list.v2+json", { .kind = OCI_MEDIA_INDEX, .docker = true } },
    { "application/vnd.docker.distribution.manifest.v2+json", { .kind = OCI_MEDIA_MANIFEST, .docker = true } },
    { "application/vnd.docker.container.image.v1+json", { .kind = OCI_MEDIA_CONFIG, .docker = true } },
    { DOCKER_LAYER, { OCI_MEDIA_LAYER, OCI_COMPRESSION_NONE, true, false } },
    { DOCKER_LAYER ".gzip", { OCI_MEDIA_LAYER, OCI_COMPRESSION_GZIP, true, false } },
    { DOCKER_LAYER ".zstd", { OCI_MEDIA_LAYER, OCI_COMPRESSION_ZSTD, true, false } },
    { DOCKER_FOREIGN_LAYER, { OCI_MEDIA_LAYER, OCI_COMPRESSION_NONE, true, true } },
    { DOCKER_FOREIGN_LAYER ".gzip", { OCI_MEDIA_LAYER, OCI_COMPRESSION_GZIP, true, true } },
    { DOCKER_FOREIGN_LAYER ".zstd", { OCI_MEDIA_LAYER, OCI_COMPRESSION_ZSTD, true, true } },
};

oci_media_info oci_media_type_info(const char *type)
{
    for (size_t i = 0; type != NULL && i < sizeof known / sizeof known[0]; i++)
        if (oci_equal_nocase(type, known[i].type))
            return known[i].info;
    return (oci_media_info) { .kind = OCI_MEDIA_OTHER };
}

const char *oci_media_type_of(const oci_media_info *info)
{
    if (info->docker && info->compression == OCI_COMPRESSION_ZSTD)
        return NULL;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        const oci_media_info *k = &known[i].info;

        if (k->kind == info->kind && k->compression == info->compression && k->docker == info->docker &&
            k->nondistributable == info->nondistributable)
            return known[i].type;
    }
    return NULL;
}

static bool is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_name_char(char c)
{
    switch (c) {
    case '!':
    case '#':
    case '$':
    case '&':
    case '-':
    case '^':
    case '_':
    case '.':
    case '+':
        return true;
    default:
        return is_letter_or_digit(c);
    }
}

/* The length of the restricted-name at s, 0 when there is none. */
static size_t name_length(const char *s)
{
    size_t n = 0;

    if (!is_letter_or_digit(s[0]))
        return 0;
    while (is_name_char(s[n]))
        n++;
    return n <= NAME_MAX_LENGTH ? n : 0;
}

bool oci_media_type_is_wellformed(const char *type)
{
    size_t n = type != NULL ? name_length(type) : 0;

    if (n == 0 || type[n] != '/')
        return false;
    type += n + 1;
    n = name_length(type);
    return n > 0 && type[n] == '\0';
}

const char *oci_media_type_of_layer(oci_compression compression)
{
    switch (compression) {
    case OCI_COMPRESSION_GZIP:
        return OCI_MEDIA_TYPE_LAYER_GZIP;
    case OCI_COMPRESSION_ZSTD:
        return OCI_MEDIA_TYPE_LAYER_ZSTD;
    case OCI_COMPRESSION_NONE:
        break;
    }
    return OCI_MEDIA_TYPE_LAYER;
}
