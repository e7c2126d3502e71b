output "image" {
  value       = imagesync.release.id
  description = "The release pinned by its digest."
}
