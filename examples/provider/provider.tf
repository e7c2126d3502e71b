terraform {
  required_providers {
    imagesync = {
      source = "imagesync/imagesync"
    }
  }
}

# With no settings at all the logins of docker and podman count.
provider "imagesync" {
  registry_auth {
    address  = "registry.example.com"
    username = "robot"
    password = var.registry_password
  }
}

variable "registry_password" {
  type      = string
  sensitive = true
}

resource "imagesync" "nginx" {
  source      = "docker.io/library/nginx:1.29"
  destination = "registry.example.com/mirror/nginx:1.29"
}

# registry.example.com/mirror/nginx@sha256:…: what a Deployment runs.
output "image" {
  value = imagesync.nginx.id
}
