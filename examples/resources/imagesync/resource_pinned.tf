# The digest is read while planning and is a part of the plan: what was reviewed is what is copied.
data "imagesync_image" "app" {
  source = "ghcr.io/acme/app:1.4.2"
}

resource "imagesync" "app" {
  source        = data.imagesync_image.app.source
  source_digest = data.imagesync_image.app.digest
  destination   = "registry.example.com/release/app:1.4.2"

  # Nobody may have put anything else there.
  on_conflict = "fail"
}
