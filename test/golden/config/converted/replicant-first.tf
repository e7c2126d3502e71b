terraform {
  required_providers {
    imagesync = {
      source = "imagesync/imagesync"
    }
  }
}

provider "imagesync" {}

# same_image = "image-id": Terraform compares digests
resource "imagesync_repository" "nginx" {
  source      = "k8s.gcr.io/ingress-nginx/controller"
  destination = "eu.gcr.io/tammert/ingress-nginx/controller"
  mode        = "higher"
  replace_tag = false
}

# same_image = "image-id": Terraform compares digests
resource "imagesync_repository" "atlantis" {
  source      = "docker.io/runatlantis/atlantis"
  destination = "eu.gcr.io/tammert/runatlantis/atlantis"
  mode        = "all"
  replace_tag = false
}

# same_image = "image-id": Terraform compares digests
resource "imagesync_repository" "external-dns" {
  source      = "k8s.gcr.io/external-dns/external-dns"
  destination = "eu.gcr.io/tammert/external-dns/external-dns"
  mode        = "highest"
  replace_tag = true
}

# same_image = "image-id": Terraform compares digests
resource "imagesync_repository" "velero" {
  source           = "velero/velero"
  destination      = "eu.gcr.io/tammert/velero/velero"
  mode             = "semver"
  allow_prerelease = true
  replace_tag      = false
}
