# lock_file: the state remembers digests, and an apply goes on where one image fails
# on_retag: the state remembers digests, and an apply goes on where one image fails
# fail_fast: the state remembers digests, and an apply goes on where one image fails
terraform {
  required_providers {
    imagesync = {
      source = "imagesync/imagesync"
    }
  }
}

# export TF_VAR_header="$HEADER"
variable "header" {
  type      = string
  sensitive = true
}

# export TF_VAR_proxy="$PROXY"
variable "proxy" {
  type      = string
  sensitive = true
}

# export TF_VAR_token="$TOKEN"
variable "token" {
  type      = string
  sensitive = true
}

provider "imagesync" {
  max_parallel_transfers = 6
  max_bandwidth          = "50MiB"

  registry {
    address             = "registry.example.com"
    plain_http          = false
    mirrors             = ["mirror.example.com/x"]
    headers             = { "X-Team" = "a \"b\" $${c} %%{d}", "Authorization" = var.header }
    proxy_url           = var.proxy
    requests_per_second = 2.5
    vendor              = "harbor"
  }

  registry_auth {
    address  = "registry.example.com"
    username = "robot"
    password = var.token
  }

  registry_auth {
    address        = "registry.example.com/team"
    registry_token = chomp(file("/run/secrets/token"))
  }

  registry_auth {
    address        = "quay.io"
    identity_token = var.token
  }

  registry_auth {
    address           = "ecr.example.com"
    credential_helper = "ecr-login"
  }

  registry_auth {
    address       = "open.example.com"
    auth_disabled = true
  }
}

# replace_tag = false: set source_digest to stay at one image while the source's tag moves
resource "imagesync" "web_server" {
  source             = "docker.io/library/nginx:1.10"
  destination        = "registry.example.com/mirror/nginx:1.10"
  additional_tags    = ["1", "stable"]
  platforms          = ["linux/amd64", "linux/arm64"]
  required_platforms = ["linux/amd64"]
  integrity_check    = "blobs"
  on_conflict        = "keep"
  create_repository  = false
}

resource "imagesync" "nginx_2" {
  source             = "docker.io/library/nginx:2"
  destination        = "registry.example.com/mirror/nginx:2"
  required_platforms = ["linux/amd64"]
  on_conflict        = "keep"
  referrers          = false
}

# same_image = "image-id": Terraform compares digests
# artifact_types: referrers of all types are copied
resource "imagesync" "nginx_2_2" {
  source             = "docker.io/library/nginx:2"
  destination        = "registry.example.com/other/nginx:2"
  required_platforms = ["linux/amd64"]
  on_conflict        = "keep"
}

resource "imagesync_repository" "prometheus" {
  source             = "quay.io/prometheus/prometheus"
  destination        = "registry.example.com/mirror/prometheus"
  mode               = "semver"
  range              = ">=2.50"
  higher_on_empty    = "all"
  allow_prerelease   = true
  pinned_major       = 2
  keep_latest        = 3
  include            = ["v*", "{a,b}"]
  exclude            = ["*-rc?"]
  include_regex      = ["v\\d+\\.\\d+"]
  exclude_regex      = ["$${x}"]
  required_platforms = ["linux/amd64"]
  on_conflict        = "keep"

  deletions {
    max_share          = 0.2
    protect            = ["v1.*"]
    allow_empty_source = false
  }
}

resource "imagesync_repository" "node-exporter" {
  source             = "quay.io/prometheus/node-exporter"
  destination        = "registry.example.com/mirror/node-exporter"
  tags               = ["1.10", "no", "2026-01-01"]
  compatibility      = ""
  required_platforms = ["linux/amd64"]
  on_conflict        = "overwrite"

  deletions {}
}
