# The versions 1.28 and later, lowest first.
data "imagesync_tags" "nginx" {
  repository    = "docker.io/library/nginx"
  mode          = "semver"
  range         = ">=1.28"
  compatibility = ""
}

output "tags" {
  value = data.imagesync_tags.nginx.tags
}

# The highest version alone is mirrored; a new one shows in the next plan.
resource "imagesync" "nginx" {
  source      = "docker.io/library/nginx:${data.imagesync_tags.nginx.highest}"
  destination = "registry.example.com/mirror/nginx:current"
}
