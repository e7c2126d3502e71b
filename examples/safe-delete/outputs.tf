output "app" {
  value       = imagesync.app.id
  description = "The image that is deleted, pinned."
}

output "neighbour" {
  value       = imagesync.neighbour.id
  description = "The image in the same repository that shares a layer with it, pinned."
}
