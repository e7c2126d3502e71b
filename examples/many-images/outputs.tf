output "images" {
  value       = { for name, image in imagesync.library : name => image.id }
  description = "Each image by its name, pinned by its digest."
}
