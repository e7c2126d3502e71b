terraform {
  # The first version that calls functions of providers.
  required_version = ">= 1.8"
  required_providers {
    imagesync = {
      source = "imagesync/imagesync"
    }
  }
}

locals {
  # docker.io/library/nginx:1.29 => PREFIX/docker.io/library/nginx:1.29: images of two registries never meet.
  destinations = {
    for name, source in var.images :
    name => provider::imagesync::rewrite(
      source, "${trimsuffix(var.prefix, "/")}/${replace(provider::imagesync::parse_reference(source).registry, ":", "-")}"
    )
  }
}

resource "imagesync" "mirror" {
  for_each = var.images

  source      = each.value
  destination = local.destinations[each.key]
  platforms   = var.platforms
}
