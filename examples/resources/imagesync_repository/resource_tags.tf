# Tags by their names: the source is never listed, and one that is missing is an error.
resource "imagesync_repository" "redis" {
  source      = "docker.io/library/redis"
  destination = "registry.example.com/mirror/redis"
  tags        = ["8.2", "8.2-alpine"]
  platforms   = ["linux/amd64"]
}
