import {
  to = imagesync.nginx
  id = "registry.example.com/mirror/nginx:1.29,docker.io/library/nginx:1.29"
}

resource "imagesync" "nginx" {
  source      = "docker.io/library/nginx:1.29"
  destination = "registry.example.com/mirror/nginx:1.29"
}
