data "imagesync_image" "nginx" {
  source = "docker.io/library/nginx:1.29"
}

output "digest" {
  value = data.imagesync_image.nginx.digest
}

# One platform's image, by its digest.
output "arm64" {
  value = provider::imagesync::pin(
    data.imagesync_image.nginx.source,
    data.imagesync_image.nginx.platforms["linux/arm64"],
  )
}
