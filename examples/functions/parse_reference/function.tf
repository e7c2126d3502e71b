# = {
#     canonical  = "docker.io/library/nginx:1.29"
#     digest     = null
#     name       = "nginx"
#     registry   = "docker.io"
#     repository = "library/nginx"
#     tag        = "1.29"
#   }
output "parts" {
  value = provider::imagesync::parse_reference("nginx:1.29")
}
