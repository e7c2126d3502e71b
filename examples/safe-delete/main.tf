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

# Three tags of one repository, whose images share a layer.
resource "imagesync" "app" {
  source        = "${var.registry_a}/team/app:1"
  destination   = "${var.registry_b}/mirror/app:1"
  keep_previous = 1
}

resource "imagesync" "neighbour" {
  source      = "${var.registry_a}/team/app:2"
  destination = "${var.registry_b}/mirror/app:2"
}

# Another name of the first image, which a destroy leaves where it is.
resource "imagesync" "archived" {
  source          = "${var.registry_a}/team/app:1"
  destination     = "${var.registry_b}/archive/app:1"
  deletion_policy = "retain"
}
