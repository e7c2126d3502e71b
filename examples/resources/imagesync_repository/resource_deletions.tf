# A whole repository, whose tags also go when the source removes them.
resource "imagesync_repository" "app" {
  source      = "ghcr.io/acme/app"
  destination = "registry.example.com/mirror/app"
  exclude     = ["pr-*", "*-debug"]

  deletions {
    max_share = 0.2
    protect   = ["v1.*"]
  }
}
