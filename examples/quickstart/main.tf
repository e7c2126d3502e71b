terraform {
  required_providers {
    imagesync = {
      source = "imagesync/imagesync"
    }
  }
}

# Both registries speak HTTP without encryption, which is never tried unless asked for.
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

resource "imagesync" "app" {
  source      = "${var.registry_a}/team/app:1"
  destination = "${var.registry_b}/mirror/app:1"
}
