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
resource "imagesync_repository" "docker" {
  source        = "docker.io/docker"
  destination   = "eu.gcr.io/tammert/docker"
  mode          = "higher"
  compatibility = "dind"
  replace_tag   = false
}

# same_image = "image-id": Terraform compares digests
resource "imagesync_repository" "google-cloud-sdk" {
  source        = "google/cloud-sdk"
  destination   = "eu.gcr.io/tammert/google/cloud-sdk"
  mode          = "highest"
  compatibility = "alpine"
  replace_tag   = false
}

# same_image = "image-id": Terraform compares digests
resource "imagesync_repository" "redis" {
  source       = "redis"
  destination  = "eu.gcr.io/tammert/redis"
  mode         = "higher"
  pinned_major = 6
  replace_tag  = false
}
