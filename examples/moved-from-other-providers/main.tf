terraform {
  required_providers {
    imagesync = {
      source = "imagesync/imagesync"
    }
  }
}

provider "imagesync" {
  registry {
    address    = var.registry_a
    plain_http = true
  }
  registry {
    address    = var.registry_b
    plain_http = true
  }
}

# What was a skopeo2_copy.
resource "imagesync" "nginx" {
  source      = "${var.registry_a}/library/nginx:1.27"
  destination = "${var.registry_b}/mirror/nginx:1.27"
}

# What was a crane_image, which never removed anything: that stays so.
resource "imagesync" "redis" {
  source          = "${var.registry_a}/library/redis:8.0"
  destination     = "${var.registry_b}/mirror/redis:8.0"
  deletion_policy = "retain"
}

# What was a docker_image and a docker_registry_image. That provider knew no source: the plan shows that it gets one.
resource "imagesync" "busybox" {
  source          = "${var.registry_a}/library/busybox:1.37"
  destination     = "${var.registry_b}/mirror/busybox:1.37"
  deletion_policy = "retain"
}
