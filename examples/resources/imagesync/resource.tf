resource "imagesync" "nginx" {
  source      = "docker.io/library/nginx:1.29"
  destination = "registry.example.com/mirror/nginx:1.29"
}

# The image by its digest, for what runs it; known in the plan.
output "nginx" {
  value = imagesync.nginx.id
}
