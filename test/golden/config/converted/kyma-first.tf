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

# same_image = "image-id": Terraform compares digests
resource "imagesync" "busybox_1_31_1" {
  source      = "busybox:1.31.1"
  destination = "eu.gcr.io/kyma-project/external/busybox:1.31.1"
  on_conflict = "fail"
}
