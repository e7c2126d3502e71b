# = "registry.example.com/mirror/library/nginx:1.29"
output "mirrored" {
  value = provider::imagesync::rewrite("nginx:1.29", "registry.example.com/mirror")
}

# Kept apart by the registry that they come from.
locals {
  image = "ghcr.io/acme/app:1.2"
  from  = provider::imagesync::parse_reference(local.image).registry
}

# = "registry.example.com/mirror/ghcr.io/acme/app:1.2"
output "apart" {
  value = provider::imagesync::rewrite(local.image, "registry.example.com/mirror/${local.from}")
}
