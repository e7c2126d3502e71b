terraform {
  required_providers {
    imagesync = {
      source = "imagesync/imagesync"
    }
  }
}

# The inner side knows its own registry and no other.
provider "imagesync" {
  registry {
    address    = var.registry_b
    plain_http = true
  }
}

# What the stick has brought goes on to where it runs.
resource "imagesync" "app" {
  source      = "${var.registry_b}/mirror/team/app:${var.app_version}"
  destination = "${var.registry_b}/web/app:${var.app_version}"
}
