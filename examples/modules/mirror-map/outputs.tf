output "images" {
  value       = { for name, mirror in imagesync.mirror : name => mirror.id }
  description = "Each image by its name, pinned by its digest: what a Deployment runs."
}

output "digests" {
  value       = { for name, mirror in imagesync.mirror : name => mirror.source_digest }
  description = "The digest that each image has at its source."
}
