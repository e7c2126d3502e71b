# Many images, each below one prefix: registry.example.com/mirror/library/nginx:1.29 and so on.
locals {
  images = {
    nginx = "docker.io/library/nginx:1.29"
    redis = "docker.io/library/redis:8.2"
    app   = "ghcr.io/acme/app:1.4.2"
  }
}

resource "imagesync" "mirror" {
  for_each    = local.images
  source      = each.value
  destination = provider::imagesync::rewrite(each.value, "registry.example.com/mirror")
}

output "mirrored" {
  value = { for name, image in imagesync.mirror : name => image.id }
}
