# The same Deployment for those who hand YAML to a cluster: terraform output -raw manifest | kubectl apply -f -
output "manifest" {
  description = "A Deployment as YAML that runs the pinned image."
  value = yamlencode({
    apiVersion = "apps/v1"
    kind       = "Deployment"
    metadata   = { name = "web" }
    spec = {
      replicas = 2
      selector = { matchLabels = { app = "web" } }
      template = {
        metadata = { labels = { app = "web" } }
        spec = {
          containers = [{
            name  = "nginx"
            image = imagesync.web.id
            ports = [{ containerPort = 80 }]
          }]
        }
      }
    }
  })
}
