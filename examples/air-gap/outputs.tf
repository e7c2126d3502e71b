output "image" {
  value       = imagesync.app.id
  description = "What runs on the inner side, pinned by the digest that it has on the outer one."
}
