# the secret in "password" stays where it is: put it into the variable REGISTRY_EXAMPLE_COM_PASSWORD
# "cert-dir" has no counterpart: name its files in ca_certificate_file, client_certificate_file and client_key_file
# skopeo takes one platform unless it is told --all; here images are copied whole
terraform {
  required_providers {
    imagesync = {
      source = "imagesync/imagesync"
    }
  }
}

# export TF_VAR_registry_example_com_password="$REGISTRY_EXAMPLE_COM_PASSWORD"
variable "registry_example_com_password" {
  type      = string
  sensitive = true
}

provider "imagesync" {
  registry_auth {
    address  = "registry.example.com"
    username = "john"
    password = var.registry_example_com_password
  }

  # skopeo also spoke HTTP without encryption; that is plain_http here
  registry {
    address              = "quay.io"
    insecure_skip_verify = true
  }
}

# an image that is named by its digest gets a tag here, which keeps registries from collecting it
resource "imagesync" "redis_digest-000000000000" {
  source      = "registry.example.com/redis@sha256:0000000000000000000000000000000011111111111111111111111111111111"
  destination = "my-registry.local.lan/repo/redis:digest-000000000000"
}

resource "imagesync_repository" "busybox" {
  source      = "registry.example.com/busybox"
  destination = "my-registry.local.lan/repo/busybox"
}

resource "imagesync_repository" "redis" {
  source      = "registry.example.com/redis"
  destination = "my-registry.local.lan/repo/redis"
  tags        = ["1.0", "2.0"]
}

resource "imagesync_repository" "nginx" {
  source        = "registry.example.com/nginx"
  destination   = "my-registry.local.lan/repo/nginx"
  include_regex = ["1\\.13\\.[12]-alpine-perl"]
}

resource "imagesync_repository" "app" {
  source        = "registry.example.com/team/app"
  destination   = "my-registry.local.lan/repo/app"
  include_regex = [".*(?:rc).*"]
}

resource "imagesync_repository" "alpine" {
  source      = "registry.example.com/alpine"
  destination = "my-registry.local.lan/repo/alpine"
  mode        = "semver"
  range       = ">= 3.12.0"
}

resource "imagesync_repository" "etcd" {
  source      = "quay.io/coreos/etcd"
  destination = "my-registry.local.lan/repo/etcd"
  tags        = ["latest"]
}
