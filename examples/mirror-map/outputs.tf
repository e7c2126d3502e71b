output "images" {
  value       = merge(module.images.images, module.tools.images)
  description = "Each image pinned by its digest."
}
