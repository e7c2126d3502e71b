# Terraform takes it from hashicorp/kubernetes: that is what "kubernetes" means where required_providers says nothing.
provider "kubernetes" {
  config_path = "~/.kube/config"
}

resource "kubernetes_deployment_v1" "web" {
  metadata {
    name = "web"
  }

  spec {
    replicas = 2

    selector {
      match_labels = {
        app = "web"
      }
    }

    template {
      metadata {
        labels = {
          app = "web"
        }
      }

      spec {
        container {
          name = "nginx"
          # Pinned by digest: when the tag moves, the next plan shows the roll-out.
          image = imagesync.web.id

          port {
            container_port = 80
          }
        }
      }
    }
  }
}
