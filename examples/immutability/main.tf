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

# What the tag means is decided once, here, and not by whoever moves it at the source. A tag of the destination that
# somebody else has moved is not taken back silently: the plan fails.
resource "imagesync" "release" {
  source        = "${var.registry_a}/team/app:1.0"
  destination   = "${var.registry_b}/release/app:1.0"
  source_digest = var.release_digest
  on_conflict   = "fail"

  lifecycle {
    precondition {
      condition     = startswith(var.release_digest, "sha256:")
      error_message = "A release is named by its digest, not by a tag."
    }
  }
}

data "imagesync_image" "upstream" {
  source = "${var.registry_a}/team/app:1.0"
}

# The release goes on, and every plan says that the source has changed its mind.
check "upstream_has_not_moved" {
  assert {
    condition     = data.imagesync_image.upstream.digest == var.release_digest
    error_message = "${data.imagesync_image.upstream.source} was moved to ${data.imagesync_image.upstream.digest}."
  }
}
