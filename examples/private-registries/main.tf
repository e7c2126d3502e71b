terraform {
  # The first version with ephemeral variables: their values are in no plan and no state.
  required_version = ">= 1.10"
  required_providers {
    imagesync = {
      source = "imagesync/imagesync"
    }
  }
}

# The login for registry a is that of docker: "docker login" has written it to a file.
provider "imagesync" {
  registry_auth {
    address  = var.registry_b
    username = "robot"
    password = var.password_b
  }

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
