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

# The three highest versions of 1.x from 1.2 on. What drops out of them is removed at the destination.
resource "imagesync_repository" "app" {
  source      = "${var.registry_a}/team/app"
  destination = "${var.registry_b}/mirror/app"

  mode        = "semver"
  range       = ">=1.2 <2"
  keep_latest = 3

  deletions {
    protect = ["*.0"]
  }
}

# The same rule asked of the source, for what there would be beyond it.
data "imagesync_tags" "next_major" {
  repository       = "${var.registry_a}/team/app"
  mode             = "semver"
  range            = ">=2"
  allow_prerelease = true
}
