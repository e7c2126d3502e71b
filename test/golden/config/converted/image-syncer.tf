# the secret in "password" stays where it is: put it into the variable QUAY_IO_PASSWORD
# the secret in "password" stays where it is: put it into the variable QUAY_IO_COREOS_PASSWORD
# "quay.io/ruohe/kube-rbac-proxy:v1.0" is written by an earlier rule; it stands there once
terraform {
  required_providers {
    imagesync = {
      source = "imagesync/imagesync"
    }
  }
}

# export TF_VAR_quay_io_password="$QUAY_IO_PASSWORD"
variable "quay_io_password" {
  type      = string
  sensitive = true
}

# export TF_VAR_hub_user="$HUB_USER"
variable "hub_user" {
  type      = string
  sensitive = true
}

# export TF_VAR_hub_password="$HUB_PASSWORD"
variable "hub_password" {
  type      = string
  sensitive = true
}

# export TF_VAR_quay_io_coreos_password="$QUAY_IO_COREOS_PASSWORD"
variable "quay_io_coreos_password" {
  type      = string
  sensitive = true
}

provider "imagesync" {
  registry {
    address    = "quay.io"
    plain_http = true
  }

  registry_auth {
    address  = "quay.io"
    username = "xxx"
    password = var.quay_io_password
  }

  registry_auth {
    address  = "docker.io"
    username = var.hub_user
    password = var.hub_password
  }

  registry_auth {
    address  = "quay.io/coreos"
    username = "abc"
    password = var.quay_io_coreos_password
  }
}

resource "imagesync" "kube-rbac-proxy_v1_0" {
  source      = "quay.io/coreos/kube-rbac-proxy:v1.0"
  destination = "quay.io/ruohe/kube-rbac-proxy:v1.0"
}

resource "imagesync" "kube-rbac-proxy_v2_0" {
  source      = "quay.io/coreos/kube-rbac-proxy:v2.0"
  destination = "quay.io/ruohe/kube-rbac-proxy:v2.0"
}

resource "imagesync" "etcd_a" {
  source      = "quay.io/coreos/etcd:v1"
  destination = "quay.io/ruohe/etcd:a"
}

resource "imagesync" "etcd_b" {
  source      = "quay.io/coreos/etcd:v2"
  destination = "quay.io/ruohe/etcd:b"
}

# an image that is named by its digest gets a tag here, which keeps registries from collecting it
resource "imagesync" "pinned_digest-14b267eb38aa" {
  source      = "quay.io/coreos/kube-rbac-proxy@sha256:14b267eb38aa85fd12d0e168fffa2d8a6187ac53a14a0212b0d4fce8d729598c"
  destination = "quay.io/ruohe/pinned:digest-14b267eb38aa"
}

resource "imagesync" "kube-rbac-proxy1_v1_1" {
  source      = "quay.io/coreos/kube-rbac-proxy:v1.1"
  destination = "quay.io/ruohe/kube-rbac-proxy1:v1.1"
}

resource "imagesync" "kube-rbac-proxy2_v1_1" {
  source      = "quay.io/coreos/kube-rbac-proxy:v1.1"
  destination = "quay.io/ruohe/kube-rbac-proxy2:v1.1"
}

resource "imagesync_repository" "kube-rbac-proxy" {
  source      = "quay.io/coreos/kube-rbac-proxy"
  destination = "quay.io/ruohe/kube-rbac-proxy"
}

resource "imagesync_repository" "etcd" {
  source      = "quay.io/coreos/etcd"
  destination = "quay.io/ruohe/etcd"
  tags        = ["v1", "v2", "v3"]
}

resource "imagesync_repository" "other" {
  source        = "quay.io/coreos/other"
  destination   = "quay.io/ruohe/other"
  include_regex = [".*(?:a+).*"]
}
