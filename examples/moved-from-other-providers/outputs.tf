output "images" {
  value       = { for image in [imagesync.nginx, imagesync.redis, imagesync.busybox] : image.destination => image.id }
  description = "Each image pinned by its digest."
}
