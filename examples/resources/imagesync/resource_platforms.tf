# Two platforms of many, kept by digest for rollbacks, and left in place when the resource goes.
resource "imagesync" "redis" {
  source      = "docker.io/library/redis:8.2"
  destination = "registry.example.com/mirror/redis:8.2"

  platforms          = ["linux/amd64", "linux/arm64"]
  required_platforms = ["linux/amd64"]
  additional_tags    = ["8", "latest"]

  keep_previous   = 3
  deletion_policy = "retain"
  integrity_check = "blobs"

  timeouts {
    create = "1h"
    update = "1h"
  }
}
