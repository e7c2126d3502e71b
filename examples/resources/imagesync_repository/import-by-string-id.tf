import {
  to = imagesync_repository.app
  id = "registry.example.com/mirror/app,ghcr.io/acme/app"
}

resource "imagesync_repository" "app" {
  source      = "ghcr.io/acme/app"
  destination = "registry.example.com/mirror/app"
}
