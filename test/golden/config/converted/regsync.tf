# the secret in "pass" stays where it is: put it into the variable QUAY_IO_PASS
# "backup" has no counterpart: earlier digests are remembered by lock_file, and kept by the Terraform resource's keep_previous
# "interval" has no counterpart: a run ends; cron or a CronJob starts the next one
# "ratelimit" has no counterpart: what registries answer about their limits is always honoured
# "parallel" has no counterpart: images share one pool of transfers, limits.max_parallel_transfers
# every repository of "registry.example.com" is left out: name each repository to copy
terraform {
  required_providers {
    imagesync = {
      source = "imagesync/imagesync"
    }
  }
}

# export TF_VAR_hub_user="$HUB_USER"
variable "hub_user" {
  type      = string
  sensitive = true
}

# export TF_VAR_quay_io_pass="$QUAY_IO_PASS"
variable "quay_io_pass" {
  type      = string
  sensitive = true
}

provider "imagesync" {
  registry {
    address    = "registry:5000"
    plain_http = true
  }

  registry_auth {
    address  = "docker.io"
    username = var.hub_user
    password = chomp(file("/home/appuser/.docker/hub_token"))
  }

  registry {
    address             = "quay.io"
    mirrors             = ["mirror.example.com/quay"]
    requests_per_second = 20
  }

  registry_auth {
    address  = "quay.io"
    username = "robot"
    password = var.quay_io_pass
  }

  registry_auth {
    address           = "ecr.example.com"
    credential_helper = "ecr-login"
  }
}

resource "imagesync" "busybox_latest" {
  source      = "busybox:latest"
  destination = "registry:5000/library/busybox:latest"
}

# layouts are for the command line:
# resource "imagesync" "app_latest" {
#   source      = "oci:/media/usb/app:1"
#   destination = "registry:5000/app:latest"
# }

resource "imagesync_repository" "alpine" {
  source        = "alpine"
  destination   = "registry:5000/library/alpine"
  include_regex = ["latest", "3", "3.\\d+"]
}

# "hooks" has no counterpart: nothing else is started
resource "imagesync_repository" "debian" {
  source        = "debian"
  destination   = "registry:5000/library/debian"
  include       = ["stable", "testing"]
  exclude_regex = [".*-slim"]
  platforms     = ["linux/amd64", "linux/arm64"]
}

# artifact_types: referrers of all types are copied
resource "imagesync_repository" "app" {
  source      = "ghcr.io/acme/app"
  destination = "registry:5000/acme/app"
  mode        = "semver"
  range       = ">=1.0.0 <2.0.0 || >=4.0.0"
}
