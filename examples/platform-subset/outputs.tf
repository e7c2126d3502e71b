output "offered" {
  value       = keys(data.imagesync_image.app.platforms)
  description = "The platforms of the source."
}

output "copied" {
  value = {
    app  = keys(imagesync.app.platform_digests)
    both = keys(imagesync.both.platform_digests)
  }
  description = "The platforms at the destinations."
}
