terraform {
  required_providers {
    imagesync = {
      source = "imagesync/imagesync"
    }
  }
}

provider "imagesync" {
  # For every resource that does not say otherwise.
  default_platforms = ["linux/amd64"]

  registry {
    address    = var.registry_a
    plain_http = true
  }
  registry {
    address    = var.registry_b
    plain_http = true
  }
}

data "imagesync_image" "app" {
  source = "${var.registry_a}/team/app:1"
}

resource "imagesync" "app" {
  source      = "${var.registry_a}/team/app:1"
  destination = "${var.registry_b}/mirror/app:1"
}

resource "imagesync" "both" {
  source             = "${var.registry_a}/team/app:1"
  destination        = "${var.registry_b}/both/app:1"
  platforms          = ["linux/amd64", "linux/arm64"]
  required_platforms = var.required_platforms
}
