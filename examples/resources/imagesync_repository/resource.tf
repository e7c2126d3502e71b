# The five highest versions from 1.27 on, without variants such as 1.27.1-alpine.
resource "imagesync_repository" "nginx" {
  source      = "docker.io/library/nginx"
  destination = "registry.example.com/mirror/nginx"

  mode          = "semver"
  range         = ">=1.27"
  compatibility = ""
  keep_latest   = 5
}

# Each tag by its digest, and the highest of them.
output "images" {
  value = imagesync_repository.nginx.images
}

output "newest" {
  value = imagesync_repository.nginx.images[imagesync_repository.nginx.highest]
}
