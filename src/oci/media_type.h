/* Names of media types, and questions about them that only readers and writers of manifests ask; the rest is in oci.h. */
#ifndef LAZARET_OCI_MEDIA_TYPE_H
#define LAZARET_OCI_MEDIA_TYPE_H

#include "oci/oci.h"

#define MEDIA_OCI_INDEX "application/vnd.oci.image.index.v1+json"
#define MEDIA_OCI_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define MEDIA_OCI_CONFIG "application/vnd.oci.image.config.v1+json"
#define MEDIA_OCI_EMPTY "application/vnd.oci.empty.v1+json"
/* The digest of "{}", the empty configuration. */
#define OCI_EMPTY_DIGEST "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
#define MEDIA_DOCKER_LIST "application/vnd.docker.distribution.manifest.list.v2+json"
#define MEDIA_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define MEDIA_DOCKER_CONFIG "application/vnd.docker.container.image.v1+json"
#define MEDIA_DOCKER_LAYER "application/vnd.docker.image.rootfs.diff.tar"

/* Without parameters and white space around it. */
struct str media_type_bare(struct str t);
bool media_type_is_schema1(struct str t);
/* An image configuration; anything else in its place makes the manifest an artifact. */
bool media_type_is_config(struct str t);
/* Empty, or one of the general types that servers send for any file. */
bool media_type_says_nothing(struct str t);
bool media_type_is_foreign(struct str t);

#endif
