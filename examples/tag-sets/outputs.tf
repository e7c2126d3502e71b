output "images" {
  value       = imagesync_repository.app.images
  description = "Each tag => its image pinned by digest."
}

output "newest" {
  value       = imagesync_repository.app.images[imagesync_repository.app.highest]
  description = "The highest version, pinned: what a Deployment runs."
}

output "next_major" {
  value       = data.imagesync_tags.next_major.tags
  description = "Versions that the range leaves out."
}
