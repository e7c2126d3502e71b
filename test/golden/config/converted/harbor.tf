# the secret in "access_secret" stays where it is: put it into the variable DOCKER_IO_ACCESS_SECRET
# the filter by label has no counterpart, as only Harbor knows labels: tags without it are copied too
# the limit is for the whole run, in both directions together; Harbor's is for each transfer
# "trigger" has no counterpart: a run ends; cron or a CronJob starts the next one of "alpine"
# the policy "push" takes repositories by a pattern: name each of them, as registries are not searched
# "trigger" has no counterpart: a run ends; cron or a CronJob starts the next one of "events"
terraform {
  required_providers {
    imagesync = {
      source = "imagesync/imagesync"
    }
  }
}

# export TF_VAR_docker_io_access_secret="$DOCKER_IO_ACCESS_SECRET"
variable "docker_io_access_secret" {
  type      = string
  sensitive = true
}

provider "imagesync" {
  max_bandwidth = "2048KiB"

  registry_auth {
    address  = "docker.io"
    username = "robot"
    password = var.docker_io_access_secret
  }

  registry {
    address    = "registry.example.com:5000"
    plain_http = true
  }
}

resource "imagesync_repository" "alpine_library_alpine" {
  source      = "docker.io/library/alpine"
  destination = "harbor.example.com/mirror/alpine"
  include     = ["3.*.*"]
  exclude     = ["*-rc*"]
}

resource "imagesync_repository" "alpine_library_busybox" {
  source      = "docker.io/library/busybox"
  destination = "harbor.example.com/mirror/busybox"
  include     = ["3.*.*"]
  exclude     = ["*-rc*"]
}

# tags that are gone at the source go at each run, not only when Harbor tells of it
resource "imagesync_repository" "events" {
  source      = "harbor.example.com/team/sub/app"
  destination = "registry.example.com:5000/flat/app"
  on_conflict = "keep"

  deletions {}
}
