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

locals {
  images = yamldecode(file("${path.module}/images.yaml"))
}

resource "imagesync" "library" {
  for_each = local.images

  source      = "${var.registry_a}/library/${each.key}:${each.value}"
  destination = "${var.registry_b}/mirror/${each.key}:${each.value}"
}
