terraform {
  required_providers {
    imagesync = {
      source = "imagesync/imagesync"
    }
  }
}

provider "imagesync" {}

resource "imagesync" "keycloak-gatekeeper_9_0_3" {
  source      = "bitnami/keycloak-gatekeeper:9.0.3"
  destination = "europe-docker.pkg.dev/kyma-project/prod/external/bitnami/keycloak-gatekeeper:9.0.3"
  on_conflict = "fail"
}

resource "imagesync" "busybox_1_32_0-v1" {
  source      = "busybox@sha256:31a54a0cf86d7354788a8265f60ae6acb4b348a67efbcf7c1007dd3cf7af05ab"
  destination = "europe-docker.pkg.dev/kyma-project/prod/external/library/busybox:1.32.0-v1"
  on_conflict = "fail"
}

resource "imagesync" "postgres-exporter_0_11_1-debian-11-r69" {
  source      = "bitnami/postgres-exporter:0.11.1-debian-11-r69"
  destination = "europe-docker.pkg.dev/kyma-project/prod/external/bitnami/postgres-exporter:0.11.1-debian-11-r69"
  on_conflict = "fail"
}
