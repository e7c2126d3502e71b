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

module "images" {
  source = "../modules/mirror-map"

  prefix = "${var.registry_b}/mirror"
  images = {
    web   = "${var.registry_a}/library/web:1.29"
    cache = "${var.registry_a}/library/cache:7"
  }
}

# One of them at a place of its own, and for one platform only.
module "tools" {
  source = "../modules/mirror-map"

  prefix    = "${var.registry_b}/tools"
  platforms = ["linux/arm64"]
  images = {
    shell = "${var.registry_a}/library/shell:1"
  }
}
