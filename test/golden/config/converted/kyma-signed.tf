terraform {
  required_providers {
    imagesync = {
      source = "imagesync/imagesync"
    }
  }
}

provider "imagesync" {}

# same_image = "image-id": Terraform compares digests
resource "imagesync" "keycloak-gatekeeper_9_0_3" {
  source      = "bitnami/keycloak-gatekeeper:9.0.3"
  destination = "eu.gcr.io/kyma-project/external/bitnami/keycloak-gatekeeper:9.0.3"
  on_conflict = "fail"
}

# images are not signed here: sign them with cosign
# same_image = "image-id": Terraform compares digests
resource "imagesync" "postgres-exporter_0_8_0-debian-10-r28" {
  source      = "bitnami/postgres-exporter:0.8.0-debian-10-r28"
  destination = "eu.gcr.io/kyma-project/external/bitnami/postgres-exporter:0.8.0-debian-10-r28"
  on_conflict = "fail"
}

# images are not signed here: sign them with cosign
# same_image = "image-id": Terraform compares digests
resource "imagesync" "busybox_1_32_0-v1" {
  source      = "busybox@sha256:31a54a0cf86d7354788a8265f60ae6acb4b348a67efbcf7c1007dd3cf7af05ab"
  destination = "eu.gcr.io/kyma-project/external/busybox:1.32.0-v1"
  on_conflict = "fail"
}
