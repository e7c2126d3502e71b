output "image" {
  value       = imagesync.app.id
  description = "The image pinned by its digest: what a Deployment runs."
}
