terraform {
  required_providers {
    imagesync = {
      source = "imagesync/imagesync"
    }
  }
}

provider "imagesync" {}

resource "imagesync" "kube-rbac-proxy_v1_0" {
  source      = "quay.io/coreos/kube-rbac-proxy:v1.0"
  destination = "quay.io/ruohe/kube-rbac-proxy:v1.0"
}

resource "imagesync" "kube-rbac-proxy1_v1_1" {
  source      = "quay.io/coreos/kube-rbac-proxy:v1.1"
  destination = "quay.io/ruohe/kube-rbac-proxy1:v1.1"
}

resource "imagesync" "kube-rbac-proxy2_v1_1" {
  source      = "quay.io/coreos/kube-rbac-proxy:v1.1"
  destination = "quay.io/ruohe/kube-rbac-proxy2:v1.1"
}

resource "imagesync_repository" "expression" {
  source        = "quay.io/coreos/kube-rbac-proxy"
  destination   = "quay.io/ruohe/expression"
  include_regex = [".*(?:a+).*"]
}
