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

resource "imagesync" "web" {
  source             = "${var.registry_a}/library/nginx:1.29"
  destination        = "${var.registry_b}/mirror/nginx:1.29"
  required_platforms = ["linux/amd64", "linux/arm64"]
}
